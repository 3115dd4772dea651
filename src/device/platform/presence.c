/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/presence.h"

/* The seat of a button that has said on this connection which one it is; NULL: none has. */
static struct tw_provider_seat *seat_on(struct tw_device *d, const tw_channel *line, const char **ret_name)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (d->manifest->providers[i].kind == TW_MANIFEST_BUTTON && line && d->providers.of[i].line == line) {
			*ret_name = d->manifest->providers[i].name;
			return &d->providers.of[i];
		}
	return NULL;
}

bool tw_presence_there(const struct tw_device *d)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (d->manifest->providers[i].kind == TW_MANIFEST_BUTTON && d->providers.of[i].line)
			return true;
	return false;
}

/* Who pressed too soon, or not long enough, wants what waits. */
static bool is_clumsy(const char *rule)
{
	return !strcmp(rule, "presence.hold") || !strcmp(rule, "presence.before");
}

/* A child at the button leaves a record a minute. After as long without a press it is somebody else. */
static void count(struct tw_provider_seat *s, int64_t now_ms, const char *rule)
{
	const int64_t last_ms = s->next_press_ms - s->press_wait_ms;
	const int64_t before = now_ms - last_ms > TW_PRESENCE_WAIT_MOST_MS ? 0 : s->press_wait_ms;
	int64_t wait = before && !is_clumsy(rule) ? 2 * before : before;

	if (wait < TW_PRESENCE_WAIT_MS)
		wait = TW_PRESENCE_WAIT_MS;
	s->press_wait_ms = !*rule ? 0 : wait < TW_PRESENCE_WAIT_MOST_MS ? wait : TW_PRESENCE_WAIT_MOST_MS;
	s->next_press_ms = now_ms + s->press_wait_ms;
}

tw_err tw_presence_report(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE])
{
	struct tw_subject who = { .door = TW_DOOR_BUTTON, .kind = TW_SUBJECT_BUTTON, .name = "button" };
	const int64_t now = tw_time_boot_ms(&d->time);
	struct tw_app_present p;
	const char *name = NULL;
	struct tw_provider_seat *s = seat_on(d, line, &name);

	TW_TRY(tw_app_read_present(payload, &p));
	(void)snprintf(ret_rule, TW_PROVIDER_RULE, "%s", s ? "presence.often" : "presence.user");
	if (!s || now < s->next_press_ms)
		return TW_OK;
	(void)snprintf(who.source, sizeof who.source, "%s", name);
	(void)snprintf(who.how, sizeof who.how, "%s", s->simulated ? "simulated" : "peer-credentials");
	TW_TRY(tw_provider_walk(d, &who, "presence.confirm",
		json_pack("{s:I, s:I}", "down_ms", (json_int_t)p.down_ms, "held_ms", (json_int_t)p.held_ms), ret_rule));
	count(s, now, ret_rule);
	return TW_OK;
}
