/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/provider.h"

#include "base/log.h"
#include "device/platform/device.h"
#include "device/platform/link.h"
#include "device/rows-platform.h"
#include "service/path/path-match.h"

#define ANSWER_MAX 4096

static struct tw_provider_seat *seat(struct tw_device *d, size_t at)
{
	return &d->providers.of[at];
}

static const struct tw_manifest_provider *row(const struct tw_device *d, size_t at)
{
	return &d->manifest->providers[at];
}

bool tw_provider_judges(const struct tw_manifest_provider *p)
{
	return p->kind == TW_MANIFEST_BIOMETRIC || p->kind == TW_MANIFEST_AUTH_PLUGIN;
}

int tw_provider_named(const struct tw_device *d, struct tw_slice name)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (tw_slice_is(name, row(d, i)->name))
			return (int)i;
	return -1;
}

const struct tw_manifest_provider *tw_provider_of_user(const struct tw_device *d, uid_t uid)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (row(d, i)->uid == uid)
			return row(d, i);
	return NULL;
}

bool tw_provider_of_services(const struct tw_device *d, const tw_channel *line)
{
	for (size_t i = 0; line && i < d->manifest->provider_count; i++)
		if (row(d, i)->kind == TW_MANIFEST_SERVICES && d->providers.of[i].line == line)
			return true;
	return false;
}

bool tw_provider_busy(const struct tw_device *d, size_t at)
{
	return d->providers.of[at].asked.ended != NULL;
}

/* --- Questions --- */

/* Whoever is told may ask anew. */
static void end(struct tw_provider_seat *s, enum tw_provider_end how)
{
	const struct tw_provider_question asked = s->asked;

	s->asked = (struct tw_provider_question){ .ended = NULL };
	if (asked.ended)
		asked.ended(asked.user, how);
}

/* What cannot be told to a provider that does not read is no harm: its verdict under this id is refused. */
static void say_over(const struct tw_provider_seat *s)
{
	if (s->line)
		tw_ignore(tw_channel_send(s->line, TW_APP_OVER, 0, s->challenge, sizeof s->challenge, NULL, 0));
}

static tw_err send_question(struct tw_device *d, const struct tw_provider_seat *s, int64_t account)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char id[TW_APP_ACCOUNT_MAX + 1];

	(void)snprintf(id, sizeof id, "a%lld", (long long)account);
	tw_buf_init(&b, d->context.sys, TW_APP_CHALLENGE + 2 + TW_APP_ACCOUNT_MAX);
	TW_TRY(tw_buf_add(&b, s->challenge, sizeof s->challenge));
	TW_TRY(tw_buf_block16(&b, id, strlen(id)));
	return tw_channel_send(s->line, TW_APP_ASKED, 0, b.data, b.size, NULL, 0);
}

tw_err tw_provider_ask(struct tw_device *d, size_t at, const struct tw_provider_question *q)
{
	struct tw_provider_seat *s = seat(d, at);

	if (!s->line)
		return TW_RAISE(NOTFOUND, "provider %s is not connected", row(d, at)->name);
	if (s->asked.ended)
		return TW_RAISE(STATE, "provider %s is asked something already", row(d, at)->name);
	if (d->context.sys->random(d->context.sys, s->challenge, sizeof s->challenge))
		return TW_RAISE_ERRNO("randomness");
	tw_err e = send_question(d, s, q->account);
	if (tw_is(e, TW_CODE_TIMEOUT) || tw_is(e, TW_CODE_CLOSED))
		return TW_RAISE(NOTFOUND, "provider %s does not read", row(d, at)->name);
	TW_TRY(e);
	s->asked = *q;
	s->contested = false;
	s->until_ms = tw_time_boot_ms(&d->time) + q->wait_ms;
	return TW_OK;
}

void tw_provider_contest(struct tw_device *d, size_t at)
{
	struct tw_provider_seat *s = seat(d, at);

	if (!s->asked.ended || s->contested)
		return;
	s->contested = true;
	s->until_ms = tw_time_boot_ms(&d->time);
	say_over(s);
}

void tw_provider_cancel(struct tw_device *d, const void *user)
{
	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++)
		if (seat(d, i)->asked.ended && seat(d, i)->asked.user == user) {
			seat(d, i)->asked = (struct tw_provider_question){ .ended = NULL };
			say_over(seat(d, i));
		}
}

int64_t tw_provider_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const int64_t now = tw_time_boot_ms(&d->time);
	int64_t least = -1;

	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++) {
		const int64_t left = seat(d, i)->until_ms > now ? seat(d, i)->until_ms - now : 0;

		if (seat(d, i)->asked.ended && (least < 0 || left < least))
			least = left;
	}
	return least;
}

/* @nist LA.AS.2.1.6: silence is no verdict */
tw_err tw_provider_job_late(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++)
		if (seat(d, i)->asked.ended && seat(d, i)->until_ms <= tw_time_boot_ms(&d->time)) {
			if (!seat(d, i)->contested)
				say_over(seat(d, i));
			end(seat(d, i), seat(d, i)->contested ? TW_PROVIDER_CONTESTED : TW_PROVIDER_LATE);
		}
	return TW_OK;
}

/* --- Who is there --- */

static tw_err tell(struct tw_device *d, const char *event, size_t at, bool simulated)
{
	return tw_event(&d->context, event, json_pack("{s:s, s:b}", "name", row(d, at)->name, "simulated", simulated));
}

/* That it is there, and later that it has gone: two records. Taken by nobody but the one whose it is. */
static bool affords(struct tw_device *d, size_t at)
{
	const int64_t now = tw_time_boot_ms(&d->time);
	const bool comes = tw_budget_take(&seat(d, at)->coming, now);

	return comes && tw_budget_take(&seat(d, at)->coming, now);
}

/* @nist LA.AS.2.1.6: who it is, the kernel and the signed manifest say */
tw_err tw_provider_join(struct tw_device *d, tw_channel *line, uid_t uid, struct tw_slice payload, const char **ret_rule)
{
	struct tw_app_provide p;

	TW_TRY(tw_app_read_provide(payload, &p));
	const int at = tw_provider_named(d, p.name);
	*ret_rule = "provider.unknown";
	if (at < 0)
		return TW_OK;
	*ret_rule = "provider.user";
	if (row(d, (size_t)at)->uid != uid)
		return TW_OK;
	*ret_rule = "provider.taken";
	if (seat(d, (size_t)at)->line)
		return TW_OK;
	*ret_rule = "provider.budget";
	if (!affords(d, (size_t)at))
		return TW_OK;
	/* Who cannot be recorded as connected is not. */
	*ret_rule = "audit.space";
	if (tw_failed(tell(d, "provider.connected", (size_t)at, p.simulated)))
		return TW_OK;
	const struct tw_provider_seat before = *seat(d, (size_t)at); /* coming again earns nothing */
	*seat(d, (size_t)at) = (struct tw_provider_seat){ .line = line,
		.simulated = p.simulated,
		.coming = before.coming,
		.next_press_ms = before.next_press_ms,
		.press_wait_ms = before.press_wait_ms,
		.link = { .paid_ms = before.link.paid_ms } };
	*ret_rule = NULL;
	return TW_OK;
}

/* One that cannot be read ends what is asked on this connection, and the connection. */
static void end_unreadable(struct tw_device *d, const tw_channel *line)
{
	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++)
		if (seat(d, i)->line == line)
			end(seat(d, i), TW_PROVIDER_MALFORMED);
}

/* @nist LA.AS.2.1.3 LA.AS.2.1.6: to this question, by the one that was asked, once; an id that is over, or another's, is none */
tw_err tw_provider_verdict(struct tw_device *d, const tw_channel *line, struct tw_slice payload, const char **ret_rule)
{
	static const enum tw_provider_end ends[] = {
		[TW_APP_NO] = TW_PROVIDER_NO, [TW_APP_YES] = TW_PROVIDER_YES, [TW_APP_CANNOT] = TW_PROVIDER_CANNOT
	};
	enum tw_app_verdict verdict = TW_APP_CANNOT;
	struct tw_slice challenge;

	tw_err e = tw_app_read_verdict(payload, &challenge, &verdict);
	if (tw_failed(e))
		end_unreadable(d, line);
	TW_TRY(e);
	*ret_rule = "provider.challenge";
	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++) {
		struct tw_provider_seat *s = seat(d, i);

		if (s->line != line || !s->asked.ended || s->contested || memcmp(s->challenge, challenge.at, sizeof s->challenge) != 0)
			continue;
		*ret_rule = NULL;
		end(s, ends[verdict]);
		break;
	}
	return TW_OK;
}

/* --- What one does that is asked nothing --- */

static void read_rule(const struct tw_buf *body, char ret[TW_PROVIDER_RULE])
{
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;

	(void)snprintf(ret, TW_PROVIDER_RULE, "path.failure");
	if (!tw_failed(tw_json_parse(tw_buf_slice(body), body->max, &answer)) && *tw_json_text(answer, "rule"))
		(void)snprintf(ret, TW_PROVIDER_RULE, "%s", tw_json_text(answer, "rule"));
}

tw_err tw_provider_walk(
	struct tw_device *d, const struct tw_subject *who, const char *operation, json_t *input, char ret_rule[TW_PROVIDER_RULE])
{
	TW_CLEANUP(tw_jsonp) json_t *owned = input;
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	struct tw_request rq = {
		.subject = *who,
		.operation = tw_operation_find(d->context.capabilities, tw_slice_of(operation)),
		.input = owned,
	};
	struct tw_path_reply reply = { 0 };

	if (!owned)
		return TW_RAISE(NOMEM, "what a provider did");
	tw_buf_init(&body, d->context.sys, ANSWER_MAX);
	tw_path_walk(&d->context, &rq, &body, &reply);
	ret_rule[0] = '\0';
	if (reply.status >= 300)
		read_rule(&body, ret_rule);
	return TW_OK;
}

void tw_provider_leave(struct tw_device *d, const tw_channel *line)
{
	for (size_t i = 0; i < TW_MANIFEST_PROVIDERS; i++) {
		struct tw_provider_seat *s = seat(d, i);

		if (s->line != line)
			continue;
		if (d->services && tw_provider_of_services(d, line))
			tw_ignore(d->services(d, NULL, NULL));
		s->line = NULL;
		tw_err e = tell(d, "provider.gone", i, s->simulated);
		if (tw_failed(e))
			tw_log_err(e, "recording that a provider has gone");
		end(s, TW_PROVIDER_GONE);
		tw_link_left(d, i);
	}
}

void tw_provider_stop(struct tw_device *d)
{
	d->providers = (struct tw_providers){ .of = { { .line = NULL } } };
}
