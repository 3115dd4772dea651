/* SPDX-License-Identifier: Apache-2.0 */
/* When whom it is time to send something, one transfer after another; and what became of it. */
#include "base/log.h"
#include "base/text.h"
#include "device/outgoing/shares.h"
#include "device/platform/fetch.h"
#include "device/platform/home.h"
#include "device/platform/outputs.h"
#include "device/rows-outgoing.h"
#include "formats/export.h"
#include "service/path/gate.h"
#include "service/path/path-match.h"

#define DEADLINE_S 8         /* there is one role that fetches, and logins need it */
#define AGAIN_MS 30000       /* after one that did not reach it; twice as long after each more, */
#define AGAIN_MAX_MS 3600000 /* and so at most */
#define PAUSE_MS 2000        /* between two transfers: whoever waits for the role asks for it more often */
#define BUSY_MS 500
#define RECORDS 20 /* of the log in one transfer: what is sealed has to fit into what fetch sends */

static const struct {
	const char *data, *operation;
} kinds[] = { { "telemetry", "telemetry.read" }, { "log", "log.read" }, { "identity", "identity.read" } };

const char *tw_share_operation(const char *data)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (strcmp(kinds[i].data, data) == 0)
			return kinds[i].operation;
	return NULL;
}

static int64_t now_of(const struct tw_device *d)
{
	return tw_time_boot_ms(&d->time);
}

/* --- What became of the last transfer of each --- */

static struct tw_share_last *last_of(struct tw_shares *s, const char *name)
{
	for (size_t i = 0; i < TW_SHARES_MAX; i++)
		if (strcmp(s->last[i].name, name) == 0)
			return &s->last[i];
	return NULL;
}

const char *tw_share_waits(const struct tw_device *d, const char *name)
{
	const struct tw_share_last *last = d->shares ? last_of(d->shares, name) : NULL;

	return last ? last->rule : "";
}

/* There are as many places as parties. By the boot clock, since the other may stand still for want of a time that can be believed. */
static tw_err note_last(struct tw_shares *s, const char *name, const char *rule, unsigned tries, int64_t until_ms)
{
	struct tw_share_last *last = last_of(s, name);

	if (!last)
		last = last_of(s, "");
	if (!last)
		return TW_RAISE(INTERNAL, "more parties than there may be");
	(void)snprintf(last->name, sizeof last->name, "%s", name);
	(void)snprintf(last->rule, sizeof last->rule, "%s", rule);
	last->tries = tries;
	last->until_ms = until_ms;
	return TW_OK;
}

static int64_t again_ms(unsigned failures)
{
	int64_t ms = AGAIN_MS;

	while (failures-- && ms < AGAIN_MAX_MS)
		ms *= 2;
	return ms < AGAIN_MAX_MS ? ms : AGAIN_MAX_MS;
}

static tw_err failed(struct tw_device *d, const char *name, int64_t sequence, const char *rule)
{
	const struct tw_share_last *last = last_of(d->shares, name);
	const unsigned tries = last ? last->tries : 0;
	const bool is_new = strcmp(tw_share_waits(d, name), rule) != 0;

	TW_TRY(note_last(d->shares, name, rule, tries + 1, now_of(d) + again_ms(tries)));
	return is_new
		? tw_event(&d->context, "share.failed", json_pack("{s:s, s:I, s:s}", "party", name, "sequence", sequence, "rule", rule))
		: TW_OK;
}

void tw_shares_look(struct tw_device *d)
{
	if (d->shares)
		d->shares->next_ms = now_of(d);
}

void tw_share_forget(struct tw_device *d, const char *name)
{
	if (!d->shares)
		return;
	struct tw_share_last *last = last_of(d->shares, name);

	if (last)
		memset(last, 0, sizeof *last);
	if (strcmp(d->shares->sending, name) != 0)
		return;
	tw_fetch_end(d);
	d->shares->sending[0] = '\0';
	tw_shares_look(d);
}

/* --- What is sent --- */

/* @nist LA.IC.12: without what is withheld from this party */
static tw_err read_content(struct tw_context *c, const char *party, const char *data, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:i}", "limit", RECORDS);
	TW_CLEANUP(tw_reply_done) struct tw_reply answer = { .status = 200 };
	const char *operation = tw_share_operation(data);
	const struct tw_operation_row *row = operation ? tw_operation_find(c->capabilities, tw_slice_of(operation)) : NULL;

	if (!row)
		return TW_RAISE(INTERNAL, "nothing reads %s", data);
	if (!input)
		return TW_RAISE(NOMEM, "a request");
	const struct tw_request rq = { .subject = { .door = TW_DOOR_INTERNAL, .kind = TW_SUBJECT_DEVICE, .name = "device" },
		.operation = row,
		.input = input };
	TW_TRY(row->handler(c, &rq, &answer));
	if (answer.problem[0])
		return TW_RAISE(DENIED, "%s", answer.rule);
	if (!answer.body)
		return TW_RAISE(INTERNAL, "%s answers without a body", row->name);
	TW_TRY(tw_outputs_for_party(c, NULL, party, row, &answer.body));
	*ret = TW_STEAL(answer.body);
	return TW_OK;
}

static tw_err sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_EXPORT, signing_input, ret);
}

static tw_err seal(struct tw_device *d, const json_t *share, struct tw_buf *ret)
{
	const struct tw_signer signer = { sign, d->context.keys };
	TW_CLEANUP(tw_cert_freep) tw_cert *recipient = NULL;
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };
	struct tw_export e = { .made_ms = tw_time_wall_ms(&d->time), .time_trusted = tw_time_trusted(&d->time) };

	TW_TRY(tw_cert_load(d->context.sys, tw_slice_of(tw_json_text(share, "certificate")), &recipient));
	TW_TRY(tw_cert_in_time(recipient, e.made_ms));
	TW_TRY(read_content(&d->context, tw_json_text(share, "name"), tw_json_text(share, "data"), &content));
	tw_buf_init(&uri, d->context.sys, TW_IDENTIFIER_MAX);
	TW_TRY(tw_cert_uri(d->certificate, &uri));
	(void)snprintf(e.identifier, sizeof e.identifier, "%s", tw_buf_cstr(&uri));
	(void)snprintf(e.recipient, sizeof e.recipient, "%s", tw_json_text(share, "name"));
	(void)snprintf(e.data, sizeof e.data, "%s", tw_json_text(share, "data"));
	(void)snprintf(e.by, sizeof e.by, "%s", tw_json_text(share, "by"));
	const struct tw_export_parties parties = { d->certificate, &signer, recipient };
	return tw_export_seal(d->context.sys, &e, content, &parties, ret);
}

/* LIMIT: it is more than can be sent. */
static tw_err write_body(struct tw_device *d, const json_t *share, int64_t sequence, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;

	tw_buf_init(&sealed, d->context.sys, TW_FETCH_BODY_MAX);
	TW_TRY(seal(d, share, &sealed));
	body = json_pack("{s:s, s:I, s:s, s:s}", "party", tw_json_text(share, "name"), "sequence", sequence, "data",
		tw_json_text(share, "data"), "sealed", tw_buf_cstr(&sealed));
	return body ? tw_json_write(body, ret) : TW_RAISE(NOMEM, "a transfer");
}

/*
 * Where a recipient of this name is listed, whom people give this by hand (LA.RSM.8), a rule of the organization that would now refuse any of them, whatever
 * his role, holds back what goes by itself too (LA.EC.2). Asked is the gate, as of somebody who has every role there is but an owner's.
 */
static tw_err is_forbidden(struct tw_device *d, const json_t *share, char ret_rule[TW_SHARE_RULE_MAX + 1])
{
	struct tw_subject anybody = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT };
	char permission[TW_PERMISSION_NAME_MAX + 1];
	struct tw_decision decision;

	memset(&anybody.roles, 0xff, sizeof anybody.roles);
	anybody.roles.bits[0] &= ~((UINT64_C(1) << TW_SUBJECT_KINDS) - 1);
	(void)snprintf(permission, sizeof permission, "share.%s.%s", tw_json_text(share, "data"), tw_json_text(share, "name"));
	TW_TRY(tw_path_decide(&d->context, &anybody, permission, TW_WHEN_OWNED, &decision));
	ret_rule[0] = '\0';
	if (decision.verdict == TW_DENY_RULE || decision.verdict == TW_DENY_UNOWNED)
		(void)snprintf(ret_rule, TW_SHARE_RULE_MAX + 1, "%s", decision.rule);
	return TW_OK;
}

static tw_err begin(struct tw_device *d, const json_t *share, int64_t sequence)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	struct tw_fetch_want want = { .yields = true,
		.job = { .method = TW_FETCH_POST,
			.deadline_s = DEADLINE_S,
			.answer_max = TW_FETCH_PIECE_MAX,
			.url = tw_slice_of(tw_json_text(share, "url")),
			.type = TW_SLICE("application/json"),
			.anchors = tw_slice_of(tw_json_text(share, "anchors")) } };

	tw_buf_init(&body, d->context.sys, TW_FETCH_BODY_MAX);
	TW_TRY(write_body(d, share, sequence, &body));
	want.body = tw_buf_slice(&body);
	return tw_fetch_begin(d, &want);
}

static tw_err send_share(struct tw_device *d, const json_t *share)
{
	const char *name = tw_json_text(share, "name");
	const int64_t sequence = tw_json_int(share, "acknowledged") + 1;
	char rule[TW_SHARE_RULE_MAX + 1];

	TW_TRY(is_forbidden(d, share, rule));
	if (*rule)
		return failed(d, name, sequence, rule);
	tw_err e = begin(d, share, sequence);
	if (tw_is(e, TW_CODE_STATE)) {
		d->shares->next_ms = now_of(d) + BUSY_MS;
		return TW_OK;
	}
	if (tw_is(e, TW_CODE_LIMIT))
		return failed(d, name, sequence, "share.size");
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return failed(d, name, sequence, "share.certificate");
	if (tw_failed(e)) {
		tw_log_err(e, "sending %s what it is to have", name);
		return failed(d, name, sequence, "share.internal");
	}
	d->shares->sequence = sequence;
	(void)snprintf(d->shares->sending, sizeof d->shares->sending, "%s", name);
	return TW_OK;
}

/* --- When --- */

/* By the boot clock. What is known from an earlier start is so by the wall clock; a delivery that lies ahead of it is none to wait for. */
static int64_t time_of(const struct tw_device *d, const json_t *share)
{
	const int64_t since = tw_time_wall_ms(&d->time) - tw_json_int(share, "delivered"), every = tw_json_int(share, "every") * 1000;
	const struct tw_share_last *last = last_of(d->shares, tw_json_text(share, "name"));

	if (last)
		return last->until_ms;
	return now_of(d) + (tw_json_int(share, "delivered") && since >= 0 && since < every ? every - since : 0);
}

/* Whose time is first. */
static const json_t *first_of(const struct tw_device *d, const json_t *document, int64_t *ret_ms)
{
	const json_t *first = NULL, *one;
	size_t i;

	*ret_ms = -1;
	json_array_foreach(tw_json_get(document, "shares"), i, one) {
		const int64_t at = time_of(d, one);

		if (!first || at < *ret_ms) {
			first = one;
			*ret_ms = at;
		}
	}
	return first;
}

/* @nist LA.EC.3: what is approved now is sent when it is time, and nothing else ever */
static tw_err look(struct tw_device *d)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_shares_read(d, &document));
	const json_t *share = first_of(d, document, &d->shares->next_ms);
	return share && d->shares->next_ms <= now_of(d) ? send_share(d, share) : TW_OK;
}

/* Acknowledged is what was answered with success, and only once that is written down. */
static tw_err take(struct tw_device *d, const char *name, int64_t sequence, const struct tw_fetch_answer *a)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	char rule[TW_SHARE_RULE_MAX + 1];

	if (a->gave_way)
		return TW_OK;
	TW_TRY(tw_shares_read(d, &document));
	json_t *share = tw_shares_find(document, name);
	if (!share)
		return TW_OK;
	if (a->failure || a->status < 200 || a->status > 299) {
		if (a->failure)
			(void)snprintf(rule, sizeof rule, "fetch.%s", tw_fetch_failure_names[a->failure]);
		else
			(void)snprintf(rule, sizeof rule, "share.%u", a->status);
		return failed(d, name, sequence, rule);
	}
	TW_TRY(tw_json_set(share, "acknowledged", json_integer(sequence)));
	TW_TRY(tw_json_set(share, "delivered", json_integer(tw_time_wall_ms(&d->time))));
	TW_TRY(tw_shares_write(d, document));
	TW_TRY(note_last(d->shares, name, "", 0, now_of(d) + tw_json_int(share, "every") * 1000));
	return tw_event(&d->context, "share.delivered",
		json_pack("{s:s, s:s, s:I}", "party", name, "data", tw_json_text(share, "data"), "sequence", sequence));
}

int64_t tw_outgoing_shares_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_shares *s = d->shares;
	struct tw_fetch_answer a;

	if (!s)
		return -1;
	if (s->sending[0])
		return tw_fetch_ended(d, &a) ? 0 : -1; /* the role's answer, or its deadline, is an event of the loop */
	return s->next_ms < 0 ? -1 : s->next_ms > now_of(d) ? s->next_ms - now_of(d) : 0;
}

tw_err tw_outgoing_job_shares(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_fetch_answer a;

	if (!d->shares && !(d->shares = TW_NEW(c->sys, struct tw_shares)))
		return TW_RAISE(NOMEM, "shares");
	struct tw_shares *s = d->shares;
	s->next_ms = now_of(d) + AGAIN_MS; /* unless all goes well: what failed here is tried again */
	if (s->sending[0]) {
		if (!tw_fetch_ended(d, &a))
			return TW_OK;
		tw_err e = take(d, s->sending, s->sequence, &a);
		tw_fetch_end(d);
		s->sending[0] = '\0';
		if (!tw_failed(e))
			s->next_ms = now_of(d) + PAUSE_MS;
		return e;
	}
	return tw_fetch_missing(d) ? TW_OK : look(d);
}

void tw_outgoing_stop(struct tw_device *d)
{
	if (d->shares && d->shares->sending[0])
		tw_fetch_end(d);
	free(d->shares);
	d->shares = NULL;
}

/* What is under way for whomever is his too: his job has gone already. */
void tw_outgoing_forget(struct tw_device *d)
{
	tw_fetch_end(d);
	if (d->shares)
		memset(d->shares, 0, sizeof *d->shares); /* the job looks at once, and finds nobody */
	memset(&d->outside, 0, sizeof d->outside);
	tw_home_forget(d);
	memset(&d->outputs, 0, sizeof d->outputs);
}
