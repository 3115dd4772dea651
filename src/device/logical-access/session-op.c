/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as others see them: who has one, and ending them. How many there may be: caps.c. */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/page.h"

#define ID_SIZE (TW_SESSION_ID / 2)

/* --- Who has one --- */

static tw_err describe(struct tw_device *d, const struct tw_session *s, bool own, json_t **ret)
{
	int64_t now = tw_time_boot_ms(&d->time);
	char id[TW_SESSION_ID + 1], account[TW_ACCOUNT_ID_MAX + 2], opened[TW_TIME_TEXT_MAX];
	struct tw_account a;

	TW_TRY(tw_account_get(&d->context, s->account, &a));
	tw_session_id(s->hash, id);
	tw_account_id(s->account, account);
	tw_time_text(s->opened_ms, opened);
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "session", id, "account", account, "name", a.name, "how",
		s->how, "source", s->source, "opened", opened, "idle_s", (json_int_t)((now - s->used_ms) / 1000), "ends_in_s",
		(json_int_t)((s->expires_ms - now) / 1000), "own", own);
	if (!*ret)
		return TW_RAISE(NOMEM, "a session");
	if (!s->member)
		return TW_OK;
	tw_account_id(s->member, account);
	return tw_json_set(*ret, "member", json_string(account));
}

tw_err tw_access_sessions(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_session *mine = tw_access_session_of(&d->context, tw_access_bearer(rq));
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	for (size_t i = after < TW_SESSIONS_MAX ? (size_t)after : TW_SESSIONS_MAX; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &d->access->guard.sessions[i];
		json_t *j = NULL;

		if (!s->used || !tw_access_session_lives(&d->context, s))
			continue;
		if (!tw_page_takes(&p))
			break;
		TW_TRY(describe(d, s, s == mine, &j));
		TW_TRY(tw_page_add_at(&p, i + 1, j));
	}
	return tw_page_end(&p, rp);
}

/* --- Ending them --- */

static struct tw_session *find(struct tw_device *d, struct tw_slice id)
{
	uint8_t bytes[ID_SIZE] = { 0 };

	if (tw_failed(tw_parse_hex(id, bytes, sizeof bytes)))
		return NULL;
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &d->access->guard.sessions[i];

		if (s->used && memcmp(s->hash, bytes, ID_SIZE) == 0 && tw_access_session_lives(&d->context, s))
			return s;
	}
	return NULL;
}

tw_err tw_access_session_stop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_session *s = find(d, rq->parameter);
	char account[TW_ACCOUNT_ID_MAX + 2];
	struct tw_account a;

	if (!s)
		return tw_reply_problem(rp, 404, "not-found", "session.unknown", "There is no such session",
			"List the sessions to see what there is.", "It is over, or never was.");
	tw_account_id(s->account, account);
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(account), rp, &a));
	if (!rp->problem[0])
		TW_TRY(tw_account_reached(c, rq, &a, rp));
	if (rp->problem[0])
		return TW_OK;
	rp->status = 204;
	return tw_access_session_drop(&d->context, s);
}

static tw_err nothing(struct tw_account_work *w)
{
	return TW_OK;
}

/* And the codes that wait: whoever is to be out is out. */
tw_err tw_access_sessions_stop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = nothing, .what = "all sessions ended", .ends_sessions = true };

	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, &w.account));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}
