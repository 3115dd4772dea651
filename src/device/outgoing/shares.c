/* SPDX-License-Identifier: Apache-2.0 */
#include "device/outgoing/shares.h"

#include "base/text.h"
#include "crypto/chain.h"
#include "crypto/hash.h"
#include "device/platform/fetch.h"
#include "device/rows-outgoing.h"
#include "service/path/page.h"

#define KEPT TW_KEPT_OF_OWNER "shares"
#define ANCHORS_MAX 4

static const struct tw_shape kept_shape[] = { { "shares", TW_JSON_ARRAY, true, 0, 0 }, {} };
static const struct tw_shape share_shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, TW_SHARE_NAME_MAX },
	{ "url", TW_JSON_TEXT, true, 1, 512 },
	{ "anchors", TW_JSON_TEXT, true, 1, 4096 },
	{ "certificate", TW_JSON_TEXT, true, 1, 2048 },
	{ "data", TW_JSON_TEXT, true, 1, 9 },
	{ "every", TW_JSON_INT, true, 60, 2678400 },
	{ "by", TW_JSON_TEXT, true, 1, 64 },
	{ "key", TW_JSON_TEXT, true, 64, 64 },
	{ "approved", TW_JSON_INT, true, 0, INT64_MAX },
	{ "acknowledged", TW_JSON_INT, true, 0, INT64_MAX },
	{ "delivered", TW_JSON_INT, true, 0, INT64_MAX }, /* 0: never */
	{},
};

tw_err tw_shares_read(struct tw_device *d, json_t **ret)
{
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, ret);

	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		return tw_json_check_each(tw_json_get(*ret, "shares"), share_shape, TW_SHARES_MAX);
	}
	*ret = json_pack("{s:[]}", "shares");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "shares");
}

tw_err tw_shares_write(struct tw_device *d, const json_t *document)
{
	return tw_device_keep_json(d, KEPT, document);
}

json_t *tw_shares_find(const json_t *document, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(document, "shares"), i, one)
		if (strcmp(tw_json_text(one, "name"), name) == 0)
			return one;
	return NULL;
}

/* --- Reading --- */

static tw_err add_time(json_t *j, const char *key, int64_t ms)
{
	char when[TW_TIME_TEXT_MAX];

	tw_time_text(ms, when);
	return tw_json_set(j, key, json_string(when));
}

static tw_err describe(const struct tw_device *d, const json_t *share, json_t **ret)
{
	static const char *const same[] = { "name", "url", "data", "every", "by", "key", "acknowledged" };
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	const char *waits = tw_share_waits(d, tw_json_text(share, "name"));

	for (size_t i = 0; i < TW_COUNT(same); i++)
		TW_TRY(tw_json_set(j, same[i], json_incref(tw_json_get(share, same[i]))));
	TW_TRY(add_time(j, "approved", tw_json_int(share, "approved")));
	if (tw_json_int(share, "delivered"))
		TW_TRY(add_time(j, "delivered", tw_json_int(share, "delivered")));
	if (*waits)
		TW_TRY(tw_json_set(j, "waits", json_string(waits)));
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_outgoing_shares(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_page page;
	json_t *one, *told;
	size_t i;

	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_shares_read(tw_device_of(c), &document));
	json_array_foreach(tw_json_get(document, "shares"), i, one) {
		if (strcmp(tw_json_text(one, "name"), page.after) <= 0)
			continue;
		if (!tw_page_takes(&page))
			break;
		TW_TRY(describe(tw_device_of(c), one, &told));
		TW_TRY(tw_page_add(&page, tw_json_text(one, "name"), told));
	}
	return tw_page_end(&page, rp);
}

/* --- Approving --- */

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *next, const char *why)
{
	return tw_reply_problem(rp, status,
		status == 400           ? "input"
			: status == 404 ? "unknown"
					: "full",
		rule, "This party cannot be approved so", next, "%s", why);
}

static bool take_name(struct tw_slice s, char ret[TW_SHARE_NAME_MAX + 1])
{
	if (s.size == 0 || s.size > TW_SHARE_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (i && ((s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '-'))))
			return false;
	(void)snprintf(ret, TW_SHARE_NAME_MAX + 1, TW_SLICE_FMT, TW_SLICE_ARG(s));
	return true;
}

static bool is_none(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNTRUSTED);
}

static tw_err check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, char ret_key[2 * TW_SHA256_SIZE + 1])
{
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *certificate = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char place[TW_DEMAND_PLACE_MAX + 1];
	uint8_t key[TW_SHA256_SIZE];

	if (!tw_share_operation(tw_json_text(rq->input, "data")))
		return refuse(rp, 400, "share.data", "Say telemetry, log or identity.", "There is nothing else to send.");
	if (!tw_demand_place(tw_slice_of(tw_json_text(rq->input, "url")), place))
		return refuse(rp, 400, "share.url", "Send https://HOST:PORT/PATH.",
			"It is reached by HTTPS alone, without a name or password.");
	tw_err e = tw_certs_read(c->sys, tw_slice_of(tw_json_text(rq->input, "anchors")), ANCHORS_MAX, &anchors);
	if (is_none(e))
		return refuse(rp, 400, "share.anchors", "Send certificates in PEM, P-256.", tw_err_detail());
	TW_TRY(e);
	e = tw_cert_load(c->sys, tw_slice_of(tw_json_text(rq->input, "certificate")), &certificate);
	if (is_none(e))
		return refuse(rp, 400, "share.certificate", "Send one certificate in PEM, P-256.", tw_err_detail());
	TW_TRY(e);
	tw_buf_init(&hex, c->sys, 2 * sizeof key);
	TW_TRY(tw_cert_fingerprint(certificate, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof key));
	(void)snprintf(ret_key, 2 * TW_SHA256_SIZE + 1, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err make(struct tw_context *c, const struct tw_request *rq, const char *name, const char *key, json_t **ret)
{
	static const char *const said[] = { "url", "anchors", "certificate", "data", "every" };
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_json_set(j, "name", json_string(name)));
	for (size_t i = 0; i < TW_COUNT(said); i++)
		TW_TRY(tw_json_set(j, said[i], json_incref(tw_json_get(rq->input, said[i]))));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&rq->subject))));
	TW_TRY(tw_json_set(j, "key", json_string(key)));
	TW_TRY(tw_json_set(j, "approved", json_integer(tw_time_wall_ms(&tw_device_of(c)->time))));
	TW_TRY(tw_json_set(j, "acknowledged", json_integer(0)));
	TW_TRY(tw_json_set(j, "delivered", json_integer(0)));
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* In its place by name; one that is known keeps its count. */
static tw_err put(json_t *document, json_t *share, bool *ret_known)
{
	json_t *list = tw_json_get(document, "shares"), *known = tw_shares_find(document, tw_json_text(share, "name"));
	size_t i = 0;

	*ret_known = known != NULL;
	if (known) {
		TW_TRY(tw_json_set(share, "acknowledged", json_incref(tw_json_get(known, "acknowledged"))));
		return json_object_update(known, share) ? TW_RAISE(NOMEM, "a share") : TW_OK;
	}
	while (i < json_array_size(list) && strcmp(tw_json_text(json_array_get(list, i), "name"), tw_json_text(share, "name")) < 0)
		i++;
	return json_array_insert(list, i, share) ? TW_RAISE(NOMEM, "a share") : TW_OK;
}

/* @nist LA.EC.3: an owner approves a party, once and for what he says; nobody else is sent anything */
tw_err tw_outgoing_share_approve(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *share = NULL;
	struct tw_device *d = tw_device_of(c);
	char name[TW_SHARE_NAME_MAX + 1], key[2 * TW_SHA256_SIZE + 1] = "";
	bool is_known = false;

	if (!take_name(rq->parameter, name))
		return refuse(rp, 400, "share.name", "Begin with a letter.", "A name has small letters, digits and hyphens, 48 at most.");
	TW_TRY(check(c, rq, rp, key));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_shares_read(d, &document));
	if (!tw_shares_find(document, name) && json_array_size(tw_json_get(document, "shares")) >= TW_SHARES_MAX)
		return refuse(rp, 409, "share.full", "Withdraw an approval that is not needed.", "There are 8 at most.");
	TW_TRY(make(c, rq, name, key, &share));
	TW_TRY(put(document, share, &is_known));
	TW_TRY(describe(d, share, &rp->body));
	TW_TRY(tw_shares_write(d, document));
	tw_share_forget(d, name);
	tw_shares_look(d);
	rp->status = is_known ? 200 : 201;
	(void)snprintf(rp->note, sizeof rp->note, "%s every %lld s, for the key %s", tw_json_text(share, "data"),
		(long long)tw_json_int(share, "every"), key);
	return TW_OK;
}

/* @nist LA.EC.3: from the answer on nothing is sent to it, also what was under way */
tw_err tw_outgoing_share_withdraw(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	char name[TW_SHARE_NAME_MAX + 1];

	TW_TRY(tw_shares_read(tw_device_of(c), &document));
	json_t *list = tw_json_get(document, "shares");
	for (size_t i = 0; take_name(rq->parameter, name) && i < json_array_size(list); i++) {
		if (strcmp(tw_json_text(json_array_get(list, i), "name"), name) != 0)
			continue;
		if (json_array_remove(list, i))
			return TW_RAISE(NOMEM, "shares");
		TW_TRY(tw_shares_write(tw_device_of(c), document));
		tw_share_forget(tw_device_of(c), name);
		return TW_OK;
	}
	return refuse(rp, 404, "share.unknown", "See shares.list for those there are.", "There is no approval of this name.");
}

/* --- Status --- */

/* @nist LA.EC.3 */
tw_err tw_outgoing_status_shares(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_device *d = tw_device_of(c);
	const char *missing = tw_fetch_missing(d);
	const json_t *one;
	size_t i, waiting = 0;

	ret->status = missing ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (missing) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s", missing);
		return TW_OK;
	}
	TW_TRY(tw_shares_read(d, &document));
	json_array_foreach(tw_json_get(document, "shares"), i, one)
		waiting += *tw_share_waits(d, tw_json_text(one, "name")) != '\0';
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Data is sent to parties that an owner approved, %zu now, and to nobody else. Of these, not reached the last time: %zu.",
		json_array_size(tw_json_get(document, "shares")), waiting);
	return TW_OK;
}
