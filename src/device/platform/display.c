/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/display.h"

#include "base/log.h"

const char *const tw_display_words[TW_DISPLAY_STATES] = {
	[TW_DISPLAY_ABSENT] = "absent", [TW_DISPLAY_SILENT] = "silent", [TW_DISPLAY_FORMER] = "former", [TW_DISPLAY_CURRENT] = "current"
};

bool tw_display_is(const struct tw_device *d, size_t at)
{
	return at < d->manifest->provider_count && d->manifest->providers[at].kind == TW_MANIFEST_DISPLAY;
}

enum tw_display_state tw_display_state(const struct tw_device *d, size_t at)
{
	const struct tw_provider_seat *s = &d->providers.of[at];

	if (!s->line)
		return TW_DISPLAY_ABSENT;
	if (!s->display.says)
		return TW_DISPLAY_SILENT;
	return memcmp(s->display.shown, d->display.id, sizeof d->display.id) == 0 ? TW_DISPLAY_CURRENT : TW_DISPLAY_FORMER;
}

/* The seat of a display that has said on this connection which one it is; NULL: none has. */
static struct tw_provider_seat *seat_on(struct tw_device *d, const tw_channel *line, const char **ret_name)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (tw_display_is(d, i) && line && d->providers.of[i].line == line) {
			*ret_name = d->manifest->providers[i].name;
			return &d->providers.of[i];
		}
	return NULL;
}

/* @nist LA.SUN.2.2: the largest notice goes to the smallest display whole, in pages. One that does not read is owed it. */
static tw_err send_notice(struct tw_device *d, struct tw_provider_seat *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	s->display.owed = true;
	tw_buf_init(&b, d->context.sys, TW_APP_NOTICE_ID + TW_APP_NOTICE_MAX);
	TW_TRY(tw_buf_add(&b, d->display.id, sizeof d->display.id));
	TW_TRY(tw_screen_wrap(tw_slice_of(d->display.text), &s->display.screen, &b, &s->display.pages));
	tw_err e = tw_channel_send(s->line, TW_APP_NOTICE, 0, b.data, b.size, NULL, 0);
	if (tw_is(e, TW_CODE_TIMEOUT)) /* which means to the door that nothing has come; what answers it finds the same */
		return TW_OK;
	s->display.owed = tw_failed(e);
	return e;
}

/* @nist LA.SUN.2.1: an edit reaches the displays at once */
void tw_display_notice(struct tw_device *d, const char *text, const uint8_t digest[TW_APP_NOTICE_ID])
{
	struct tw_display_notice next = { .text = "" };

	(void)snprintf(next.text, sizeof next.text, "%s", text);
	if (*text)
		memcpy(next.id, digest, sizeof next.id);
	if (memcmp(next.id, d->display.id, sizeof next.id) == 0)
		return;
	d->display = next;
	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		struct tw_provider_seat *s = &d->providers.of[i];

		if (!tw_display_is(d, i) || !s->line || !s->display.screen.columns)
			continue;
		tw_err e = send_notice(d, s);
		if (tw_failed(e))
			tw_log_err(e, "sending the use notice to a display");
	}
}

static bool is_size(unsigned n, unsigned least)
{
	return n >= least && n <= TW_APP_SCREEN_MOST;
}

tw_err tw_display_screen(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE])
{
	const char *name = NULL;
	struct tw_provider_seat *s = seat_on(d, line, &name);
	struct tw_app_screen p;

	TW_TRY(tw_app_read_screen(payload, &p));
	(void)snprintf(ret_rule, TW_PROVIDER_RULE, "%s", s ? "display.size" : "display.user");
	if (!s || !is_size(p.columns, TW_APP_COLUMNS_LEAST) || !is_size(p.lines, TW_APP_LINES_LEAST))
		return TW_OK;
	ret_rule[0] = '\0';
	s->display = (struct tw_display_seat){ .screen = { p.columns, p.lines } };
	return send_notice(d, s);
}

/* @nist LA.SUN.3: that somebody accepted it stands in the log, and which display says so */
static tw_err take_accepted(struct tw_device *d, struct tw_provider_seat *s, const char *name, char ret_rule[TW_PROVIDER_RULE])
{
	struct tw_subject who = { .door = TW_DOOR_EVENT, .kind = TW_SUBJECT_PROVIDER, .name = "provider" };
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	const int64_t now = tw_time_boot_ms(&d->time);

	(void)snprintf(ret_rule, TW_PROVIDER_RULE, "display.often");
	if (now < s->next_press_ms)
		return TW_OK;
	s->next_press_ms = now + TW_DISPLAY_PRESS_MS;
	(void)snprintf(who.source, sizeof who.source, "%s", name);
	(void)snprintf(who.how, sizeof who.how, "%s", s->simulated ? "simulated" : "display");
	tw_buf_init(&hex, d->context.sys, 2 * TW_APP_NOTICE_ID);
	TW_TRY(tw_buf_hex(&hex, d->display.id, sizeof d->display.id));
	return tw_provider_walk(d, &who, "notice.accept", json_pack("{s:s}", "notice", tw_buf_cstr(&hex)), ret_rule);
}

tw_err tw_display_shows(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE])
{
	const char *name = NULL;
	struct tw_provider_seat *s = seat_on(d, line, &name);
	struct tw_app_shows p;

	TW_TRY(tw_app_read_shows(payload, &p));
	const bool sized = s && s->display.screen.columns;
	(void)snprintf(ret_rule, TW_PROVIDER_RULE, "%s", sized ? "display.former" : s ? "display.size" : "display.user");
	if (!sized)
		return TW_OK;
	if (memcmp(p.notice.at, d->display.id, sizeof d->display.id) != 0)
		return s->display.owed ? send_notice(d, s) : TW_OK;
	ret_rule[0] = '\0';
	s->display.says = true;
	memcpy(s->display.shown, d->display.id, sizeof s->display.shown);
	if (p.accepted && !*d->display.text) { /* here, for it is no use of anything and leaves no record */
		(void)snprintf(ret_rule, TW_PROVIDER_RULE, "notice.none");
		return TW_OK;
	}
	return p.accepted ? take_accepted(d, s, name, ret_rule) : TW_OK;
}
