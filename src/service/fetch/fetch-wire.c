/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch/fetch-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define JOB_FIXED (1 + 1 + 4 + 4 + 8 + 1 + 2 + 1 + 1)
#define TEXTS 12
#define JOB_MAX                                                                                                                 \
	(JOB_FIXED + TEXTS * 2 + TW_FETCH_URL_MAX + 2 * TW_FETCH_TYPE_MAX + TW_FETCH_AUTHORIZATION_MAX + TW_FETCH_ANCHORS_MAX + \
		TW_FETCH_CERTIFICATE_MAX + TW_DEMAND_KEYS_MAX * TW_DEMAND_KEY_SIZE + TW_DEMAND_PATH_MAX +                       \
		TW_DEMAND_ATTESTER_SIZE + TW_DEMAND_CLAIMS_MAX + TW_FETCH_LINK_MAX + TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE)
#define HEAD_FIXED (2 + 4 + 4)
#define SIGNATURE_DER_MAX 72
#define RETRY_MAX_S (7 * 24 * 3600)

const struct tw_channel_row tw_rows_fetch_from_core[] = {
	{ TW_FETCH_JOB, 0, JOB_FIXED + TEXTS * 2, JOB_MAX, "job" },
	{ TW_FETCH_BODY, 0, 1, TW_FETCH_BODY_MAX, "body" },
	{ TW_FETCH_SIGNED, 0, 0, SIGNATURE_DER_MAX, "signed" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_fetch[] = {
	{ TW_FETCH_SIGN, 0, TW_FETCH_SIGN_MIN, TW_FETCH_SIGN_MAX, "sign" },
	{ TW_FETCH_HEAD, 0, HEAD_FIXED + 2, HEAD_FIXED + 2 + TW_FETCH_TYPE_MAX, "head" },
	{ TW_FETCH_PIECE, 0, 1, TW_FETCH_PIECE_MAX, "piece" },
	{ TW_FETCH_FAILED, 0, 1, 1 + TW_FETCH_WORDS_MAX, "failed" },
	{ 0 },
};

const char *const tw_fetch_failure_names[TW_FETCH_FAILURES] = {
	[TW_FETCH_NO_FAILURE] = "none",
	[TW_FETCH_URL] = "url",
	[TW_FETCH_UNRESOLVED] = "unresolved",
	[TW_FETCH_UNREACHABLE] = "unreachable",
	[TW_FETCH_TIMEOUT] = "timeout",
	[TW_FETCH_UNTRUSTED] = "untrusted",
	[TW_FETCH_TLS] = "tls",
	[TW_FETCH_TOO_LARGE] = "too-large",
	[TW_FETCH_BAD_ANSWER] = "bad-answer",
	[TW_FETCH_REDIRECTED] = "redirected",
	[TW_FETCH_VERSION] = "version",
	[TW_FETCH_SUITE] = "suite",
	[TW_FETCH_KEY] = "key",
	[TW_FETCH_POSTURE] = "posture",
	[TW_FETCH_HOME] = "home",
	[TW_FETCH_INTERNAL] = "internal",
	[TW_FETCH_ENDED] = "ended",
	[TW_FETCH_UNAVAILABLE] = "unavailable",
};

/* u8 method, u8 deadline, u32 answer max, u32 body size, u64 now, u8 tls, u16 suites, u8 groups, u8 by key, then the texts as block16. */
tw_err tw_fetch_job_write(const struct tw_fetch_job *j, struct tw_buf *b)
{
	const struct tw_slice *const texts[TEXTS] = { &j->url, &j->type, &j->accept, &j->authorization, &j->anchors, &j->certificate,
		&j->demand.keys, &j->demand.posture, &j->demand.attester, &j->demand.claims, &j->demand.home, &j->link };

	TW_TRY(tw_buf_u8(b, (uint8_t)j->method));
	TW_TRY(tw_buf_u8(b, (uint8_t)j->deadline_s));
	TW_TRY(tw_buf_u32(b, j->answer_max));
	TW_TRY(tw_buf_u32(b, j->body_size));
	TW_TRY(tw_buf_u64(b, (uint64_t)j->now_ms));
	TW_TRY(tw_buf_u8(b, j->demand.tls));
	TW_TRY(tw_buf_u16(b, j->demand.suites));
	TW_TRY(tw_buf_u8(b, j->demand.groups));
	TW_TRY(tw_buf_u8(b, j->by_key));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		TW_TRY(tw_buf_block16(b, texts[i]->at, texts[i]->size));
	return TW_OK;
}

/* What becomes part of a line of a request must not end it. */
static bool one_line(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return true;
}

static tw_err read_line(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, max, ret));
	return one_line(*ret) ? TW_OK : TW_RAISE(SYNTAX, "a text that would break its line");
}

static tw_err read_numbers(struct tw_cursor *c, struct tw_fetch_job *j)
{
	uint8_t method, deadline;
	uint64_t now;

	TW_TRY(tw_cursor_u8(c, &method));
	TW_TRY(tw_cursor_u8(c, &deadline));
	TW_TRY(tw_cursor_u32(c, &j->answer_max));
	TW_TRY(tw_cursor_u32(c, &j->body_size));
	TW_TRY(tw_cursor_u64(c, &now));
	if (method != TW_FETCH_GET && method != TW_FETCH_POST)
		return TW_RAISE(SYNTAX, "method %u", method);
	if (deadline < 1 || deadline > TW_FETCH_DEADLINE_MAX_S || j->answer_max < 1 || j->answer_max > TW_FETCH_ANSWER_MAX ||
		j->body_size > TW_FETCH_BODY_MAX || now > INT64_MAX)
		return TW_RAISE(SYNTAX, "a number of the job is out of its bounds");
	if (j->body_size && method == TW_FETCH_GET)
		return TW_RAISE(SYNTAX, "GET with a body");
	j->method = method;
	j->deadline_s = deadline;
	j->now_ms = (int64_t)now;
	return TW_OK;
}

static tw_err read_masks(struct tw_cursor *c, struct tw_fetch_demand *d)
{
	TW_TRY(tw_cursor_u8(c, &d->tls));
	TW_TRY(tw_cursor_u16(c, &d->suites));
	TW_TRY(tw_cursor_u8(c, &d->groups));
	if ((d->tls != TW_DEMAND_TLS_1_2 && d->tls != TW_DEMAND_TLS_1_3) || d->suites > TW_DEMAND_ALL_SUITES || d->groups > TW_DEMAND_ALL_GROUPS)
		return TW_RAISE(SYNTAX, "a demand is out of its bounds");
	return TW_OK;
}

static tw_err read_by_key(struct tw_cursor *c, bool *ret)
{
	uint8_t is = 0;

	TW_TRY(tw_cursor_u8(c, &is));
	*ret = is;
	return is <= 1 ? TW_OK : TW_RAISE(SYNTAX, "a job that is trusted by key in %u ways", is);
}

static tw_err read_demand(struct tw_cursor *c, struct tw_fetch_demand *d)
{
	TW_TRY(tw_cursor_block16(c, TW_DEMAND_KEYS_MAX * TW_DEMAND_KEY_SIZE, &d->keys));
	TW_TRY(read_line(c, TW_DEMAND_PATH_MAX, &d->posture));
	TW_TRY(tw_cursor_block16(c, TW_DEMAND_ATTESTER_SIZE, &d->attester));
	TW_TRY(read_line(c, TW_DEMAND_CLAIMS_MAX, &d->claims));
	TW_TRY(tw_cursor_block16(c, TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE, &d->home));
	if (d->keys.size % TW_DEMAND_KEY_SIZE)
		return TW_RAISE(SYNTAX, "a demanded key of another size");
	if (!tw_demand_home_valid(d->home))
		return TW_RAISE(SYNTAX, "networks of home systems that are none");
	if (d->posture.size ? d->posture.at[0] != '/' || d->attester.size != TW_DEMAND_ATTESTER_SIZE : d->attester.size || d->claims.size)
		return TW_RAISE(SYNTAX, "a demanded state without whoever signs it, or without where it is said");
	return TW_OK;
}

tw_err tw_fetch_job_read(struct tw_slice payload, struct tw_fetch_job *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_fetch_job j = { 0 };

	TW_TRY(read_numbers(&c, &j));
	TW_TRY(read_masks(&c, &j.demand));
	TW_TRY(read_by_key(&c, &j.by_key));
	TW_TRY(read_line(&c, TW_FETCH_URL_MAX, &j.url));
	TW_TRY(read_line(&c, TW_FETCH_TYPE_MAX, &j.type));
	TW_TRY(read_line(&c, TW_FETCH_TYPE_MAX, &j.accept));
	TW_TRY(read_line(&c, TW_FETCH_AUTHORIZATION_MAX, &j.authorization));
	TW_TRY(tw_cursor_block16(&c, TW_FETCH_ANCHORS_MAX, &j.anchors));
	TW_TRY(tw_cursor_block16(&c, TW_FETCH_CERTIFICATE_MAX, &j.certificate));
	TW_TRY(read_demand(&c, &j.demand));
	TW_TRY(read_line(&c, TW_FETCH_LINK_MAX, &j.link));
	TW_TRY(tw_cursor_end(&c));
	if (j.url.size == 0 || (j.by_key ? !j.demand.keys.size || j.anchors.size : !j.anchors.size))
		return TW_RAISE(SYNTAX, "a job without an address, or without anybody to trust");
	*ret = j;
	return TW_OK;
}

tw_err tw_fetch_head_write(const struct tw_fetch_head *h, struct tw_buf *b)
{
	TW_TRY(tw_buf_u16(b, (uint16_t)h->status));
	TW_TRY(tw_buf_u32(b, h->retry_after_s < RETRY_MAX_S ? h->retry_after_s : RETRY_MAX_S));
	TW_TRY(tw_buf_u32(b, h->size));
	return tw_buf_block16(b, h->type.at, h->type.size);
}

tw_err tw_fetch_head_read(struct tw_slice payload, struct tw_fetch_head *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_fetch_head h = { 0 };
	uint16_t status;

	TW_TRY(tw_cursor_u16(&c, &status));
	TW_TRY(tw_cursor_u32(&c, &h.retry_after_s));
	TW_TRY(tw_cursor_u32(&c, &h.size));
	TW_TRY(read_line(&c, TW_FETCH_TYPE_MAX, &h.type));
	TW_TRY(tw_cursor_end(&c));
	if (status < 200 || status > 599 || h.retry_after_s > RETRY_MAX_S || h.size > TW_FETCH_ANSWER_MAX)
		return TW_RAISE(SYNTAX, "a number of the answer is out of its bounds");
	h.status = status;
	*ret = h;
	return TW_OK;
}

bool tw_fetch_sign_valid(struct tw_slice text)
{
	static const char context[] = "TLS 1.3, client CertificateVerify"; /* and the NUL behind it */

	if (text.size != TW_FETCH_SIGN_MIN && text.size != TW_FETCH_SIGN_MAX)
		return false;
	for (size_t i = 0; i < 64; i++)
		if (text.at[i] != ' ')
			return false;
	return memcmp(text.at + 64, context, sizeof context) == 0;
}
