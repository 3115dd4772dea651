/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of others, checked for the owner by the verdict that the device itself goes by: chain, dates, name, revocation.
 *
 * A certificate that does not hold is an answer, not an error: the verdict names the rule. What the owner's authorities have taken
 * back he hands over as their own signed lists; a list is replaced by one with a higher number only, so that nobody who holds an
 * old one can give a revoked certificate its credit back. Only the owner can, who removes a list: its number and whose it was stay
 * in the log.
 */
#include "base/text.h"
#include "crypto/chain.h"
#include "crypto/ocsp.h"
#include "device/platform/trust.h"
#include "device/rows-data-protection.h"

static bool of_no_form(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT);
}

static tw_err bad(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "The request is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", detail);
}

/* --- Lists of revoked certificates --- */

static tw_err describe(struct tw_context *c, const tw_crl *list, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf issuer = { 0 }, hex = { 0 };
	char from[TW_TIME_TEXT_MAX], to[TW_TIME_TEXT_MAX];
	uint8_t fingerprint[32];

	tw_buf_init(&issuer, c->sys, TW_CRL_NAME_MAX + 1);
	tw_buf_init(&hex, c->sys, 2 * sizeof fingerprint);
	TW_TRY(tw_crl_issuer(list, &issuer));
	TW_TRY(tw_crl_fingerprint(list, fingerprint));
	TW_TRY(tw_buf_hex(&hex, fingerprint, sizeof fingerprint));
	tw_time_text(tw_crl_this_update_ms(list), from);
	tw_time_text(tw_crl_next_update_ms(list), to);
	*ret = json_pack("{s:s, s:I, s:I, s:s, s:s, s:b, s:s}", "issuer", tw_buf_cstr(&issuer), "number",
		(json_int_t)tw_crl_number(list), "entries", (json_int_t)tw_crl_entries(list), "this_update", from, "next_update",
		to, "over", tw_crl_is_over(list, tw_time_wall_ms(&tw_device_of(c)->time)), "fingerprint", tw_buf_cstr(&hex));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a list's description");
}

tw_err tw_certificates_lists(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };
	TW_CLEANUP(tw_jsonp) json_t *all = json_array();

	TW_TRY(tw_trust_lists(c, &l));
	for (size_t i = 0; i < l.count; i++) {
		json_t *one = NULL;

		TW_TRY(describe(c, l.of[i], &one));
		TW_TRY(tw_json_append(all, one));
	}
	rp->body = json_object();
	return tw_json_set(rp->body, "lists", TW_STEAL(all));
}

/* Whom a list is judged by: those that the owner trusts for other devices, and the one that he names with it. */
struct judges {
	struct tw_trust trusted;
	struct tw_certs named;
	json_t *document;
	const tw_cert *issuer; /* who signed the list */
	bool is_trusted;
};

static void judges_done(struct judges *j)
{
	tw_trust_done(&j->trusted);
	tw_certs_done(&j->named);
	json_decref(j->document);
}

/* Signed by this one, and it counts now. *ret_rule stays as it was when the list is another issuer's. */
static tw_err try_issuer(struct tw_context *c, const tw_crl *list, const tw_cert *issuer, struct judges *j, const char **ret_rule)
{
	if (!*ret_rule || !tw_crl_is_of(list, issuer))
		return TW_OK;
	TW_TRY(tw_crl_check(list, issuer, tw_time_wall_ms(&tw_device_of(c)->time), ret_rule));
	if (!*ret_rule)
		j->issuer = issuer;
	return TW_OK;
}

static tw_err try_trusted(struct tw_context *c, const tw_crl *list, struct judges *j, const char **ret_rule)
{
	const tw_cert *manufacturer = tw_device_of(c)->manufacturer;

	TW_TRY(tw_trust_document(c, &j->document));
	TW_TRY(tw_trust_anchors(c, j->document, &j->trusted));
	j->is_trusted = tw_crl_is_of(list, manufacturer);
	for (size_t i = 0; i < j->trusted.anchors.count; i++) {
		j->is_trusted |= tw_crl_is_of(list, j->trusted.anchors.of[i]);
		TW_TRY(try_issuer(c, list, j->trusted.anchors.of[i], j, ret_rule));
	}
	return try_issuer(c, list, manufacturer, j, ret_rule);
}

/*
 * Where an authority that is trusted has the list's name, that one alone judges: whoever else is named with the list could have made an
 * authority of that name himself, and a list of his would stand where the trusted one's has to.
 */
static tw_err judge_list(struct tw_context *c, const struct tw_request *rq, const tw_crl *list, struct judges *j, const char **ret_rule)
{
	const struct tw_slice named = tw_slice_of(tw_json_text(rq->input, "issuer"));

	*ret_rule = "crl.issuer";
	TW_TRY(try_trusted(c, list, j, ret_rule));
	if (j->is_trusted || !named.size)
		return TW_OK;
	tw_err e = tw_certs_read(c->sys, named, 1, &j->named);
	if (of_no_form(e))
		return TW_OK;
	TW_TRY(e);
	return try_issuer(c, list, j->named.of[0], j, ret_rule);
}

static tw_err refuse_list(struct tw_reply *rp, const char *rule)
{
	return tw_reply_problem(rp, 422, "list", rule, "The list is not taken", "Fetch the latest list from the authority itself.",
		"%s", tw_chain_text(rule));
}

static tw_err keep_list(struct tw_context *c, const tw_crl *list, const struct judges *j, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *described = NULL;

	TW_TRY(describe(c, list, &described)); /* before it is kept: what cannot be shown afterwards is not taken */
	tw_err e = tw_trust_list_keep(c, list, j->issuer, j->is_trusted);
	if (tw_is(e, TW_CODE_EXISTS))
		return tw_reply_problem(rp, 409, "exists", "crl.older", "There is a newer list of this authority, or this one",
			"Fetch the authority's latest list.", "%s.", tw_err_detail());
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return refuse_list(rp, "crl.issuer");
	if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(c->store) == TW_STORE_WELL)
		return tw_reply_problem(rp, 409, "full", "crl.room", "There is no place for another authority's list",
			"Remove one that is not needed any more.", "Lists of %d authorities are kept.", TW_TRUST_LISTS_MAX);
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, "list %llu with %zu entries", (unsigned long long)tw_crl_number(list),
		tw_crl_entries(list));
	rp->status = 201;
	rp->body = TW_STEAL(described);
	return TW_OK;
}

tw_err tw_certificates_crl(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *list = NULL;
	TW_CLEANUP(judges_done) struct judges j = { .issuer = NULL };
	const char *rule = NULL;
	tw_err e = tw_crl_load(c->sys, tw_slice_of(tw_json_text(rq->input, "crl")), &list);

	if (of_no_form(e))
		return bad(rp, "crl.form", tw_err_detail());
	TW_TRY(e);
	TW_TRY(judge_list(c, rq, list, &j, &rule));
	return rule ? refuse_list(rp, rule) : keep_list(c, list, &j, rp);
}

/* Whose it was stays in the record: what it took back is not revoked by it any more. */
static void note_removed(const tw_crl *list, const struct tw_buf *issuer, struct tw_reply *rp)
{
	(void)snprintf(rp->note, sizeof rp->note, "removed list %llu with %zu entries of %.100s", (unsigned long long)tw_crl_number(list),
		tw_crl_entries(list), issuer->size ? tw_buf_cstr(issuer) : "a nameless authority");
	tw_utf8_mend(rp->note);
}

/* l->count: none of them has it. */
static tw_err find_list(const struct tw_lists *l, struct tw_slice fingerprint, size_t *ret)
{
	uint8_t wanted[32], is[32];

	*ret = l->count;
	if (tw_failed(tw_parse_hex(fingerprint, wanted, sizeof wanted)))
		return TW_OK;
	for (size_t i = 0; i < l->count; i++) {
		TW_TRY(tw_crl_fingerprint(l->of[i], is));
		if (memcmp(is, wanted, sizeof is) == 0)
			*ret = i;
	}
	return TW_OK;
}

/* By the list itself and not by its authority's name, so that nobody removes a newer list than the one he saw. */
tw_err tw_certificates_crl_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf issuer = { 0 };
	size_t i = 0;

	tw_buf_init(&issuer, c->sys, TW_CRL_NAME_MAX + 1);
	TW_TRY(tw_trust_lists(c, &l));
	TW_TRY(find_list(&l, rq->parameter, &i));
	if (i == l.count)
		return tw_reply_problem(rp, 404, "not-found", "crl.unknown", "There is no such list",
			"List them to see what there is; it may have been replaced.", "No list that is kept has this fingerprint.");
	TW_TRY(tw_crl_issuer(l.of[i], &issuer));
	TW_TRY(tw_trust_list_remove(c, &l, i));
	note_removed(l.of[i], &issuer, rp);
	rp->status = 204;
	return TW_OK;
}

/* --- Checking --- */

struct check {
	struct tw_certs chain;
	struct tw_trust trust;
	struct tw_lists kept;
	tw_crl *brought;
	json_t *document;
	const tw_crl *lists[TW_TRUST_LISTS_MAX + 1];
	uint8_t answer[TW_OCSP_MAX];
	struct tw_chain_ask ask;
	struct tw_chain_verdict verdict;
};

static void check_free(struct check *k)
{
	if (!k)
		return;
	tw_certs_done(&k->chain);
	tw_trust_done(&k->trust);
	tw_lists_done(&k->kept);
	(void)tw_crl_free(k->brought);
	json_decref(k->document);
	free(k);
}
TW_DEFINE_FREEP(struct check, check_free)

static tw_err read_anchors(struct tw_context *c, const struct tw_request *rq, struct check *k, struct tw_reply *rp)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, "anchors"));

	if (!text.size) {
		TW_TRY(tw_trust_document(c, &k->document));
		return tw_trust_anchors(c, k->document, &k->trust);
	}
	tw_err e = tw_certs_read(c->sys, text, TW_ANCHORS_MAX, &k->trust.anchors);
	return of_no_form(e) ? bad(rp, "certificates.anchors", "The anchors are certificates in PEM with P-256 keys, at most 8.") : e;
}

/* The lists that are kept, and one that the request brings; each counts only if its issuer signed it. */
static tw_err read_lists(struct tw_context *c, const struct tw_request *rq, struct check *k, struct tw_reply *rp)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, "crl"));

	TW_TRY(tw_trust_lists(c, &k->kept));
	for (size_t i = 0; i < k->kept.count; i++)
		k->lists[k->ask.crl_count++] = k->kept.of[i];
	if (!text.size)
		return TW_OK;
	tw_err e = tw_crl_load_long(c->sys, text, &k->brought);
	if (of_no_form(e))
		return bad(rp, "crl.form", tw_err_detail());
	TW_TRY(e);
	k->lists[k->ask.crl_count++] = k->brought;
	return TW_OK;
}

static tw_err read_answer(const struct tw_request *rq, struct check *k, struct tw_reply *rp)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, "ocsp"));
	size_t size = 0;

	if (text.size && tw_failed(tw_parse_base64url(text, sizeof k->answer, k->answer, &size)))
		return bad(rp, "ocsp.form", "The stapled answer is base64url without padding, of at most 4096 bytes.");
	k->ask.ocsp = (struct tw_slice){ (const char *)k->answer, size };
	return TW_OK;
}

static tw_err read_question(struct tw_context *c, const struct tw_request *rq, struct check *k, struct tw_reply *rp)
{
	static const struct {
		const char *word;
		enum tw_chain_purpose purpose;
	} purposes[] = { { "server", TW_CHAIN_SERVER }, { "client", TW_CHAIN_CLIENT }, { "device", TW_CHAIN_DEVICE },
		{ "authority", TW_CHAIN_AUTHORITY } };
	const char *purpose = tw_json_text(rq->input, "purpose"), *name = tw_json_text(rq->input, "name");
	size_t i = 0;

	while (i < TW_COUNT(purposes) && strcmp(purposes[i].word, purpose) != 0)
		i++;
	if (i == TW_COUNT(purposes))
		return bad(rp, "certificates.purpose", "The purpose is server, client, device or authority.");
	k->ask.purpose = purposes[i].purpose;
	*(strchr(name, ':') ? &k->ask.uri : &k->ask.dns) = *name ? name : NULL;
	k->ask.must_be_unrevoked = tw_json_bool(rq->input, "unrevoked");
	k->ask.now_ms = tw_time_wall_ms(&tw_device_of(c)->time);
	k->ask.chain = &k->chain;
	k->ask.anchors = &k->trust.anchors;
	k->ask.crls = k->lists;
	TW_TRY(read_anchors(c, rq, k, rp));
	if (!rp->problem[0])
		TW_TRY(read_lists(c, rq, k, rp));
	return rp->problem[0] ? TW_OK : read_answer(rq, k, rp);
}

static tw_err conclude(struct tw_context *c, const struct check *k, struct tw_reply *rp)
{
	const char *rule = k->verdict.rule;

	rp->body = json_pack("{s:s, s:s, s:s, s:I, s:b, s:b}", "result", rule ? "refused" : "good", "rule", rule ? rule : "",
		"reason", rule ? tw_chain_text(rule) : "It holds.", "at", (json_int_t)k->verdict.at, "unrevoked",
		k->verdict.unrevoked && !rule, "time_trusted", tw_time_trusted(&tw_device_of(c)->time));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DP.CCS.2: chain, dates, name and revocation, and the rule that fails */
tw_err tw_certificates_check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(check_freep) struct check *k = TW_NEW(c->sys, struct check);

	if (!k)
		return TW_RAISE(NOMEM, "checking a certificate");
	TW_TRY(read_question(c, rq, k, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_certs_read(c->sys, tw_slice_of(tw_json_text(rq->input, "chain")), TW_CHAIN_MAX, &k->chain);
	if (of_no_form(e))
		k->verdict.rule = "chain.form";
	else if (tw_failed(e))
		return e;
	else
		TW_TRY(tw_chain_check(c->sys, &k->ask, &k->verdict));
	return conclude(c, k, rp);
}

/* --- The status --- */

/* This unit's own certificate under its maker's authority, by its own name and by another one. */
static tw_err try_own(struct tw_context *c, const char **ret_own, const char **ret_other)
{
	const struct tw_device *d = tw_device_of(c);
	const struct tw_certs chain = { { d->certificate }, 1 }, anchors = { { d->manufacturer }, 1 };
	struct tw_chain_ask ask = { .chain = &chain, .anchors = &anchors, .purpose = TW_CHAIN_DEVICE, .now_ms = tw_time_wall_ms(&d->time) };
	struct tw_chain_verdict verdict;

	TW_TRY(tw_chain_check(c->sys, &ask, &verdict));
	*ret_own = verdict.rule;
	ask.uri = "urn:dev:ops:0-nobody-0";
	TW_TRY(tw_chain_check(c->sys, &ask, &verdict));
	*ret_other = verdict.rule;
	return TW_OK;
}

/* @nist DP.CCS.2 */
tw_err tw_protection_status_certificates(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };
	const char *own = NULL, *other = "chain.name";
	size_t over = 0;
	int64_t now = tw_time_wall_ms(&tw_device_of(c)->time);

	TW_TRY(tw_trust_lists(c, &l)); /* what cannot be read is not provided, and the caller says so */
	for (size_t i = 0; i < l.count; i++)
		over += tw_crl_is_over(l.of[i], now);
	if (tw_device_of(c)->certificate)
		TW_TRY(try_own(c, &own, &other));
	bool sound = !own && other && strcmp(other, "chain.name") == 0;
	ret->status = sound ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	if (!sound)
		(void)snprintf(ret->reason, sizeof ret->reason, "This unit's own certificate is not judged as it should be: %s.",
			own ? own : "it holds under another's name");
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Chain, dates, name and revocation are checked%s. Lists of revoked certificates: %zu, of which %zu are over; "
			"what an authority vouches for whose list is over is refused.",
			tw_device_of(c)->certificate ? "; this unit's own was just now, and refused under another's name" : "",
			l.count, over);
	return TW_OK;
}
