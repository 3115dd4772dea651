/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.IC.1: the rules of access are said as one policy of four kinds, read back, and wait to be confirmed
 *
 * The policy is kept first and named by the setting behind it: cut in between, it lies there and counts for nothing.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/accounts.h"
#include "device/logical-access/remote.h"
#include "device/rows-logical-access.h"
#include "service/path/change.h"

/* Each word of a row's is a role that there is, or a permission: one that is none would say less than its author meant. */
static tw_err check_row(const struct tw_context *c, const struct tw_remote_row *r)
{
	for (size_t i = 0; i < r->role_count; i++)
		if (tw_gate_role(c->gate, r->roles[i]) < 0)
			return TW_RAISE(DENIED, "who, '%s': there is no role %s", r->name, r->roles[i]);
	for (size_t i = 0; i < r->permission_count; i++) {
		const char *name = NULL;
		size_t k = 0;

		while ((name = tw_gate_permission_name(c->gate, k)) && strcmp(name, r->permissions[i]) != 0)
			k++;
		if (!name)
			return TW_RAISE(DENIED, "who, '%s': there is no permission %s", r->name, r->permissions[i]);
	}
	return TW_OK;
}

static tw_err check_optional(const struct tw_device *d, const char *name)
{
	for (size_t i = 0; i < json_array_size(d->manifest->remote); i++) {
		const json_t *row = json_array_get(d->manifest->remote, i);

		if (tw_json_bool(row, "optional") && !strcmp(tw_json_text(row, "name"), name))
			return TW_OK;
	}
	return TW_RAISE(DENIED, "product: '%s' is no optional rule of the product's", name);
}

/* Where the manufacturer's rules let nobody say a policy, those that would count with this one among them. */
static unsigned closed_doors(struct tw_device *d, const tw_remote *p)
{
	const struct tw_remote_rows *rows = &d->remote->product;
	const char *permission = tw_setting_find(&d->context, TW_REMOTE_KEY)->permission;
	unsigned doors = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (tw_remote_counts(d, p, i) && tw_remote_forbids(&rows->of[i], permission))
			doors |= rows->of[i].doors;
	return doors;
}

/* Who comes at any time and for anything brings a clock back, and takes back what was said wrongly. */
tw_err tw_remote_check(struct tw_device *d, const json_t *policy, tw_remote **ret)
{
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

	TW_TRY(tw_remote_read(d->context.sys, policy, &p));
	for (size_t i = 0; i < p->kinds[TW_REMOTE_WHO].count; i++)
		TW_TRY(check_row(&d->context, &p->kinds[TW_REMOTE_WHO].of[i]));
	for (size_t i = 0; i < p->optional_count; i++)
		TW_TRY(check_optional(d, p->optional[i]));
	unsigned doors = tw_remote_leaves(p, TW_ROLE_OWNER);
	if (!doors)
		return TW_RAISE(DENIED,
			"who: no row lets owners come by management or elsewhere at any time and for anything, so nobody could take this back");
	if (!(doors & ~closed_doors(d, p)))
		return TW_RAISE(DENIED,
			"product: where owners come in at any time, the manufacturer's rules let nobody change this, so nobody could take it back");
	*ret = TW_STEAL(p);
	return TW_OK;
}

/* Judged once more by what is kept, whoever changes the setting. */
tw_err tw_access_apply_remote(struct tw_context *c, const char *value)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

	if (!strcmp(value, TW_REMOTE_OFF))
		return TW_OK;
	TW_TRY(tw_remote_kept(d, &kept));
	if (!json_object_get(kept, value))
		return TW_RAISE(DENIED, "no policy of this digest is kept here: say it by remote-access.set");
	return tw_remote_check(d, json_object_get(kept, value), &p);
}

static tw_err digest_of(struct tw_context *c, const json_t *policy, char ret[TW_REMOTE_DIGEST + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t hash[32];

	tw_buf_init(&text, c->sys, TW_REMOTE_POLICY_MAX);
	tw_err e = tw_json_write(policy, &text);
	if (tw_is(e, TW_CODE_LIMIT))
		return TW_RAISE(LIMIT, "the policy is longer than %d bytes", TW_REMOTE_POLICY_MAX);
	TW_TRY(e);
	TW_TRY(tw_sha256(text.data, text.size, hash));
	for (size_t i = 0; i < TW_REMOTE_DIGEST / 2; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return TW_OK;
}

/* Beside the one that counts now, which a change that is not confirmed comes back to. */
static tw_err keep(struct tw_device *d, const char *now, const char *digest, json_t *policy)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL, *next = json_object();

	TW_TRY(tw_remote_kept(d, &kept));
	if (json_object_get(kept, now))
		TW_TRY(tw_json_set(next, now, json_incref(json_object_get(kept, now))));
	TW_TRY(tw_json_set(next, digest, json_incref(policy)));
	return tw_device_keep_json(d, TW_KEPT_REMOTE, next);
}

/* --- Reading --- */

static tw_err product_rules(struct tw_device *d, const tw_remote *p, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; list && i < json_array_size(d->manifest->remote); i++) {
		TW_CLEANUP(tw_jsonp) json_t *row = json_copy(json_array_get(d->manifest->remote, i));

		TW_TRY(tw_json_set(row, "counts", json_boolean(tw_remote_counts(d, p, i))));
		TW_TRY(tw_json_append(list, TW_STEAL(row)));
	}
	*ret = TW_STEAL(list);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "rules of the product");
}

static tw_err show(struct tw_context *c, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL, *rules = NULL;
	struct tw_setting_state now;
	const tw_remote *p = NULL;
	bool lost = false;
	int64_t left = 0;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_REMOTE_KEY), &now));
	TW_TRY(tw_remote_policy(d, &p, &lost));
	TW_TRY(tw_remote_kept(d, &kept));
	TW_TRY(product_rules(d, p, &rules));
	rp->body = json_pack("{s:b, s:s, s:b, s:O}", "counts", p != NULL, "digest", now.value, "waits",
		tw_change_waits(c, TW_REMOTE_KEY, &left), "product_rules", rules);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	if (tw_change_waits(c, TW_REMOTE_KEY, &left))
		TW_TRY(tw_json_set(rp->body, "seconds_left", json_integer(left)));
	if (json_object_get(kept, now.value))
		TW_TRY(tw_json_set(rp->body, "policy", json_incref(json_object_get(kept, now.value))));
	return TW_OK;
}

tw_err tw_access_remote(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return show(c, rp);
}

/* --- Saying --- */

static tw_err refuse(struct tw_reply *rp, tw_err e)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 400, "input", "remote.policy", "This is no policy of access",
			"It has the four kinds who, session, connection and product; see the document of logical access.", "%s", why);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_reply_problem(
			rp, 409, "refused", "remote.apply", "The device cannot take this policy now", "See the detail.", "%s", why);
	return e;
}

tw_err tw_access_remote_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_setting_row *row = tw_setting_find(c, TW_REMOTE_KEY);
	struct tw_device *d = tw_device_of(c);
	json_t *policy = json_object_get(rq->input, "policy");
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;
	char digest[TW_REMOTE_DIGEST + 1];
	struct tw_setting_state now;

	tw_err e = tw_remote_check(d, policy, &p);
	if (!tw_failed(e))
		e = digest_of(c, policy, digest);
	if (tw_failed(e))
		return refuse(rp, e);
	TW_TRY(tw_setting_state(c, row, &now));
	int64_t left = 0;
	if (tw_change_waits(c, TW_REMOTE_KEY, &left)) /* what is kept beside is what it would come back to */
		return tw_reply_problem(rp, 409, "refused", "change.waits", "Another policy waits to be confirmed",
			"Confirm it or take it back (change.confirm, change.revert).", "It has %lld s left.", (long long)left);
	TW_TRY(keep(d, now.value, digest, policy));
	e = tw_change_setting(c, row, digest, -1, &rq->subject);
	if (tw_failed(e))
		return refuse(rp, e);
	(void)snprintf(rp->note, sizeof rp->note, "rules of access: %s, was %.40s", digest, now.value);
	return show(c, rp);
}
