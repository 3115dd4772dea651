/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CycloneDX 1.6 declarations (an attestation): the catalog's elements as requirements, a claim for each, what speaks for it as evidence
 * and what speaks against it as counter-evidence; signed as the JSON Signature Format wants it.
 *
 * What could not be decided has no score: a half would say what nobody measured.
 */
#include "tool/forms.h"

#include "base/release.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/jws.h"

#define DOCUMENT_MAX (8 * 1024 * 1024)

static json_t *requirement_of(const json_t *e)
{
	const char *id = tw_json_text(e, "element"), *text = tw_json_text(e, "text");

	return json_pack("{s:o, s:s, s:s}", "bom-ref", json_sprintf("requirement:%s", id), "identifier", id, "text", *text ? text : id);
}

static tw_err evidence_of(const struct tw_sys *sys, const json_t *r, json_t *list)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, DOCUMENT_MAX);
	TW_TRY(tw_json_write(r, &text));
	return tw_json_append(list,
		json_pack("{s:o, s:o, s:s, s:s, s:[{s:s, s:{s:{s:s, s:s}}}]}", "bom-ref",
			json_sprintf("evidence:%s:%s", tw_json_text(r, "element"), tw_json_text(r, "probe")), "propertyName",
			json_sprintf("thingward:verdict:%s", tw_json_text(r, "verdict")), "description", tw_json_text(r, "reason"),
			"created", tw_json_text(r, "time"), "data", "name", "the result as it stands in the signed evidence",
			"contents", "attachment", "contentType", "application/json", "content", tw_buf_cstr(&text)));
}

/* For: what passed. Against: what failed. What is open is neither, and stands as evidence that it was looked at. */
static tw_err references(const json_t *e, bool against, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i;
	json_t *r;

	if (!list)
		return TW_RAISE(NOMEM, "references");
	json_array_foreach(tw_json_get(e, "results"), i, r)
		if (!strcmp(tw_json_text(r, "verdict"), "fail") == against)
			TW_TRY(tw_json_append(list, json_sprintf("evidence:%s:%s", tw_json_text(r, "element"), tw_json_text(r, "probe"))));
	*ret = TW_STEAL(list);
	return TW_OK;
}

static tw_err claim_of(const json_t *e, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL, *with = NULL, *against = NULL;
	const char *text = tw_json_text(e, "text");

	TW_TRY(references(e, false, &with));
	TW_TRY(references(e, true, &against));
	o = json_pack("{s:o, s:s, s:s, s:s}", "bom-ref", json_sprintf("claim:%s", tw_json_text(e, "element")), "target", "device",
		"predicate", *text ? text : tw_json_text(e, "element"), "reasoning", tw_json_text(e, "reason"));
	if (!o)
		return TW_RAISE(NOMEM, "claim");
	if (json_array_size(with))
		TW_TRY(tw_json_set(o, "evidence", json_incref(with)));
	if (json_array_size(against))
		TW_TRY(tw_json_set(o, "counterEvidence", json_incref(against)));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err map_of(const json_t *e, json_t *list)
{
	const char *verdict = tw_json_text(e, "verdict"), *id = tw_json_text(e, "element");
	bool pass = !strcmp(verdict, "pass"), fail = !strcmp(verdict, "fail");
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:o, s:[o], s:{s:o}}", "requirement", json_sprintf("requirement:%s", id), "claims",
		json_sprintf("claim:%s", id), "conformance", "rationale",
		json_sprintf("%s (the manufacturer's claim: %s)", verdict, tw_json_text(e, "claim")));

	if (!o)
		return TW_RAISE(NOMEM, "map");
	if (pass || fail)
		TW_TRY(tw_json_set(tw_json_get(o, "conformance"), "score", json_integer(pass)));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err device_of(const json_t *payload, json_t **ret)
{
	const json_t *device = tw_json_get(payload, "device");
	TW_CLEANUP(tw_jsonp) json_t *props = json_array();
	const json_t *setup = tw_json_get(payload, "setup");
	static const char *const members[] = { "sample", "hardware", "firmware_sha256", "words" };
	const char *model = tw_json_text(device, "model"), *version = tw_json_text(device, "product_version");

	TW_TRY(tw_json_append(props, json_pack("{s:s, s:s}", "name", "thingward:identifier", "value", tw_json_text(device, "identifier"))));
	for (size_t i = 0; setup && i < TW_COUNT(members); i++)
		if (tw_json_get(setup, members[i]))
			TW_TRY(tw_json_append(props,
				json_pack("{s:o, s:s}", "name", json_sprintf("thingward:%s", members[i]), "value",
					tw_json_text(setup, members[i]))));
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:O}", "type", strcmp(tw_evidence_thing(payload), "service") ? "device" : "application",
		"bom-ref", "device", "name", *model ? model : "device", "version", version, "properties", props);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "device");
}

static tw_err declarations(const struct tw_sys *sys, const json_t *payload, const json_t *elements, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = json_array(), *evidence = json_array(), *map = json_array(), *device = NULL;
	size_t i;
	json_t *row;

	json_array_foreach(tw_json_get(payload, "results"), i, row)
		TW_TRY(evidence_of(sys, row, evidence));
	json_array_foreach(elements, i, row) {
		TW_TRY(claim_of(row, claims));
		TW_TRY(map_of(row, map));
	}
	TW_TRY(device_of(payload, &device));
	*ret = json_pack("{s:[{s:s, s:{s:s}}], s:[{s:s, s:s, s:O}], s:O, s:O, s:{s:[O]}}", "assessors", "bom-ref", "assessor",
		"organization", "name", tw_json_text(payload, "assessor"), "attestations", "summary",
		"What checks saw on one device or server at one time. It states no conformity with a law or a standard.",
		"assessor", "assessor", "map", map, "claims", claims, "evidence", evidence, "targets", "components", device);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "declarations");
}

static tw_err coordinate(const struct tw_sys *sys, const uint8_t *at, json_t *key, const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 64);
	TW_TRY(tw_buf_base64url(&text, at, 32));
	return tw_json_set(key, name, json_string(tw_buf_cstr(&text)));
}

/* JSON Signature Format: ES256 over the document in the form of RFC 8785, the signature's own members but for its value in it. */
static tw_err sign(const struct tw_sys *sys, const tw_owner *owner, json_t *document)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf input = { 0 }, value = { 0 };
	struct tw_signer signer = tw_signer_of_key(tw_owner_key(owner));
	uint8_t point[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	json_t *o = json_pack("{s:s, s:{s:s, s:s}}", "algorithm", "ES256", "publicKey", "kty", "EC", "crv", "P-256");

	TW_TRY(tw_json_set(document, "signature", o));
	TW_TRY(tw_key_point(tw_owner_key(owner), point));
	TW_TRY(coordinate(sys, point + 1, json_object_get(o, "publicKey"), "x"));
	TW_TRY(coordinate(sys, point + 33, json_object_get(o, "publicKey"), "y"));
	tw_buf_init(&input, sys, DOCUMENT_MAX);
	tw_buf_init(&value, sys, 128);
	TW_TRY(tw_json_write(document, &input));
	TW_TRY(signer.sign(signer.user, tw_buf_slice(&input), signature));
	TW_TRY(tw_buf_base64url(&value, signature, sizeof signature));
	return tw_json_set(o, "value", json_string(tw_buf_cstr(&value)));
}

tw_err tw_form_declarations(
	const struct tw_sys *sys, const struct tw_evidence_file *f, const json_t *elements, const tw_owner *owner, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL, *inside = NULL, *requirements = json_array();
	char id[TW_UUID_TEXT];
	size_t i;
	json_t *e;

	json_array_foreach(elements, i, e)
		TW_TRY(tw_json_append(requirements, requirement_of(e)));
	TW_TRY(declarations(sys, f->payload, elements, &inside));
	TW_TRY(tw_form_uuid(f->payload, "cyclonedx", "", id));
	o = json_pack("{s:s, s:s, s:o, s:i, s:{s:s, s:{s:[{s:s, s:s, s:s, s:[{s:s, s:s}]}]}}, s:{s:[{s:s, s:s, s:s, s:O}]}, s:O}",
		"bomFormat", "CycloneDX", "specVersion", "1.6", "serialNumber", json_sprintf("urn:uuid:%s", id), "version", 1,
		"metadata", "timestamp", tw_json_text(f->payload, "created"), "tools", "components", "type", "application", "name",
		tw_json_text(tw_json_get(f->payload, "tool"), "name"), "version",
		tw_json_text(tw_json_get(f->payload, "tool"), "version"), "hashes", "alg", "SHA-256", "content",
		tw_json_text(tw_json_get(f->payload, "tool"), "sha256"), "definitions", "standards", "bom-ref", "catalog", "name",
		tw_json_text(f->payload, "catalog"), "version", TW_VERSION, "requirements", requirements, "declarations", inside);
	if (!o)
		return TW_RAISE(NOMEM, "declarations");
	if (owner)
		TW_TRY(sign(sys, owner, o));
	*ret = TW_STEAL(o);
	return TW_OK;
}
