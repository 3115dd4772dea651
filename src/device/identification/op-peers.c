/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's hand on the list of other devices: anchors, single devices, what is revoked, and the rules. */
#include "base/text.h"
#include "device/identification/peers.h"
#include "device/rows-identification.h"
#include "formats/identifier.h"
#include "service/path/path-match.h"

#define NAME_MAX_SIZE 32

/* Letters, digits, hyphens: what a path, a record and a terminal show unchanged. */
static bool name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= NAME_MAX_SIZE && name[n] == '\0';
}

static tw_err bad(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "The request is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", detail);
}

/* The numbers of certificates are each authority's own; entries of the other lists have no anchor. */
static bool same_entry(const json_t *a, const json_t *b, const char *key)
{
	return !strcmp(tw_json_text(a, key), tw_json_text(b, key)) && !strcmp(tw_json_text(a, "anchor"), tw_json_text(b, "anchor"));
}

static tw_err add_to(struct tw_context *c, const char *list, size_t most, const char *key, json_t *entry, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	TW_CLEANUP(tw_jsonp) json_t *one = entry;
	size_t i;
	json_t *other;

	if (!one)
		return TW_RAISE(NOMEM, "an entry");
	TW_TRY(tw_peers_load(c, &known));
	json_t *all = json_object_get(known, list);
	json_array_foreach(all, i, other)
		if (same_entry(other, one, key))
			return tw_reply_problem(rp, 409, "exists", "peer.exists", "There is one already", "Remove it first.",
				"An entry of this name stands in the list.");
	if (json_array_size(all) >= most)
		return tw_reply_problem(rp, 409, "full", "peer.limit", "The list is full",
			"Remove one that is not needed any more.", "It takes %zu entries.", most);
	TW_TRY(tw_json_append(all, json_incref(one)));
	tw_err e = tw_peers_save(c, known);
	if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(c->store) == TW_STORE_WELL)
		return tw_reply_problem(rp, 409, "full", "peer.limit", "The list is full",
			"Remove an anchor or an entry that is not needed any more.", "All lists together take %d bytes.",
			TW_PEERS_DOCUMENT_MAX);
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, "%s: %.150s", list, tw_json_text(one, key));
	rp->status = 201;
	rp->body = TW_STEAL(one);
	return TW_OK;
}

/* Takes the entries away whose key is the path's parameter. */
static tw_err remove_from(struct tw_context *c, const char *list, const char *key, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;

	TW_TRY(tw_peers_load(c, &known));
	json_t *all = json_object_get(known, list);
	size_t before = json_array_size(all);
	for (size_t i = before; i-- > 0;)
		if (tw_slice_is(rq->parameter, tw_json_text(json_array_get(all, i), key)))
			(void)json_array_remove(all, i);
	if (json_array_size(all) == before)
		return tw_reply_problem(rp, 404, "not-found", "peer.unknown", "There is no such entry",
			"List them to see what there is.", "Nothing in the list has this name.");
	TW_TRY(tw_peers_save(c, known));
	rp->status = 204;
	return TW_OK;
}

/* Anchors without their certificates: those are the owner's own, and long. */
static tw_err list_anchors(struct tw_context *c, const json_t *known, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(known, "anchors"), i, one) {
		TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
		char until[TW_TIME_TEXT_MAX];

		TW_TRY(tw_cert_load(c->sys, tw_slice_of(tw_json_text(one, "certificate")), &cert));
		tw_time_text(tw_cert_not_after_ms(cert), until);
		TW_TRY(tw_json_append(list, json_pack("{s:s, s:s}", "name", tw_json_text(one, "name"), "not_after", until)));
	}
	return tw_json_set(to, "anchors", TW_STEAL(list));
}

tw_err tw_peers_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL, *suspected = NULL;
	bool full = false;

	TW_TRY(tw_peers_load(c, &known));
	TW_TRY(tw_suspects(tw_device_of(c), &suspected, &full));
	rp->body = json_object();
	TW_TRY(list_anchors(c, known, rp->body));
	TW_TRY(tw_json_set(rp->body, "suspected", json_incref(suspected)));
	TW_TRY(tw_json_set(rp->body, "peers", json_incref(json_object_get(known, "peers"))));
	return tw_json_set(rp->body, "revoked", json_incref(json_object_get(known, "revoked")));
}

tw_err tw_peers_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *identifier = tw_json_text(rq->input, "identifier"), *key = tw_json_text(rq->input, "key");
	struct tw_identifier parts;
	uint8_t bytes[32];

	if (strlen(identifier) > TW_PEER_NAME_MAX || tw_failed(tw_identifier_read(tw_slice_of(identifier), &parts)))
		return bad(rp, "peer.name", "The identifier must be urn:dev:ops:NUMBER-CLASS-SERIAL of at most 58 characters.");
	if (tw_failed(tw_parse_hex(tw_slice_of(key), bytes, sizeof bytes)))
		return bad(rp, "peer.key", "The key is the SHA-256 of its SubjectPublicKeyInfo, 64 hexadecimal digits.");
	return add_to(c, "peers", TW_PEER_KEYS_MAX, "identifier", json_pack("{s:s, s:s}", "identifier", identifier, "key", key), rp);
}

tw_err tw_peers_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return remove_from(c, "peers", "identifier", rq, rp);
}

tw_err tw_peers_anchor_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *name = tw_json_text(rq->input, "name"), *text = tw_json_text(rq->input, "certificate");
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	if (!name_valid(name))
		return bad(rp, "peer.name", "A name has 1 to 32 small letters, digits and hyphens.");
	tw_err e = tw_cert_load(c->sys, tw_slice_of(text), &cert);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return bad(rp, "peer.anchor", "This is no certificate in PEM with a P-256 key.");
	TW_TRY(e);
	if (!tw_cert_is_ca(cert))
		return bad(rp, "peer.anchor", "This certificate is a device's or a person's, not an authority's.");
	return add_to(c, "anchors", TW_PEER_ANCHORS_MAX, "name", json_pack("{s:s, s:s}", "name", name, "certificate", text), rp);
}

/* What an anchor revoked goes with it: under another of the same name the numbers mean other certificates. */
tw_err tw_peers_anchor_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;

	TW_TRY(tw_peers_load(c, &known));
	json_t *all = json_object_get(known, "anchors"), *gone = json_object_get(known, "revoked");
	size_t before = json_array_size(all);
	for (size_t i = before; i-- > 0;)
		if (tw_slice_is(rq->parameter, tw_json_text(json_array_get(all, i), "name")))
			(void)json_array_remove(all, i);
	if (json_array_size(all) == before)
		return tw_reply_problem(rp, 404, "not-found", "peer.unknown", "There is no such entry",
			"List them to see what there is.", "Nothing in the list has this name.");
	for (size_t i = json_array_size(gone); i-- > 0;)
		if (tw_slice_is(rq->parameter, tw_json_text(json_array_get(gone, i), "anchor")))
			(void)json_array_remove(gone, i);
	TW_TRY(tw_peers_save(c, known));
	rp->status = 204;
	return TW_OK;
}

static bool stands_in(const json_t *known, const char *list, const char *key, const char *value)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(known, list), i, one)
		if (!strcmp(tw_json_text(one, key), value))
			return true;
	return false;
}

tw_err tw_peers_revoke(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	const char *anchor = tw_json_text(rq->input, "anchor"), *serial = tw_json_text(rq->input, "serial");
	size_t n = strspn(serial, "0123456789abcdef");

	if (n < 2 || n > 40 || n % 2 || serial[n])
		return bad(rp, "peer.serial", "A serial is 2 to 40 digits of lower-case hex, two for each byte.");
	TW_TRY(tw_peers_load(c, &known));
	if (!stands_in(known, "anchors", "name", anchor))
		return bad(rp, "peer.anchor", "No anchor has this name.");
	return add_to(c, "revoked", TW_PEER_REVOKED_MAX, "serial", json_pack("{s:s, s:s}", "anchor", anchor, "serial", serial), rp);
}

tw_err tw_peers_policies(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;

	TW_TRY(tw_peers_load(c, &known));
	rp->body = json_object();
	return tw_json_set(rp->body, "policies", json_incref(json_object_get(known, "policies")));
}

/* "urn:dev:ops:NUMBER-CLASS" or a whole identifier. */
static bool pattern_valid(const char *pattern)
{
	char whole[TW_PEER_NAME_MAX + 3];
	struct tw_identifier parts;

	if (strlen(pattern) > TW_PEER_NAME_MAX)
		return false;
	(void)snprintf(whole, sizeof whole, "%s-0", pattern);
	return !tw_failed(tw_identifier_read(tw_slice_of(pattern), &parts)) || !tw_failed(tw_identifier_read(tw_slice_of(whole), &parts));
}

/* A rule for what no device could ever hold would look as if it did something. */
static bool operation_valid(const struct tw_context *c, const char *name)
{
	const struct tw_subject peer = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_PEER };
	const struct tw_operation_row *o = tw_operation_find(c->capabilities, tw_slice_of(name));

	if (!o)
		return false;
	const struct tw_ask ask = { .subject = &peer, .permission = o->permission, .when = o->when, .owned = true, .could = true };
	return tw_gate_authorize(c->gate, &ask).verdict == TW_ALLOW;
}

tw_err tw_peers_policy_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *name = tw_json_text(rq->input, "name"), *subject = tw_json_text(rq->input, "subject");
	const char *target = tw_json_text(rq->input, "target"), *operation = tw_json_text(rq->input, "operation");
	const char *effect = tw_json_text(rq->input, "effect");

	if (!name_valid(name))
		return bad(rp, "policy.name", "A name has 1 to 32 small letters, digits and hyphens.");
	if (!pattern_valid(subject) || (target[0] && !pattern_valid(target)))
		return bad(rp, "policy.identity", "Subject and target are identifiers, or urn:dev:ops:NUMBER-CLASS for a whole class.");
	if (!operation_valid(c, operation))
		return bad(rp, "policy.operation", "There is no operation of this name that another device could be admitted to.");
	if (strcmp(effect, "allow") != 0 && strcmp(effect, "deny") != 0)
		return bad(rp, "policy.effect", "The effect is allow or deny.");
	return add_to(c, "policies", TW_POLICIES_MAX, "name",
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", name, "subject", subject, "target", target, "operation", operation,
			"allow", !strcmp(effect, "allow")),
		rp);
}

tw_err tw_peers_policy_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return remove_from(c, "policies", "name", rq, rp);
}
