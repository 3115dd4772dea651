/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSCAL 1.2.1 assessment results: an observation for each check, a finding for each element that was decided or left open.
 *
 * OSCAL knows satisfied and not satisfied. What could not be decided is not satisfied with the reason `other` and says so; what is not
 * applicable gets observations and no finding.
 */
#include "tool/forms.h"

#include "base/release.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/catalog.h"

#include <ctype.h>

#define OSCAL_VERSION "1.2.1"
#define SPACE "urn:thingward:oscal:1"

struct form {
	const struct tw_evidence_file *file;
	const json_t *payload;
	char device[TW_UUID_TEXT], source[TW_UUID_TEXT];
};

tw_err tw_form_uuid(const json_t *payload, const char *kind, const char *name, char ret[TW_UUID_TEXT])
{
	const struct tw_slice parts[] = { tw_slice_of(tw_json_text(payload, "nonce")), { "", 1 }, tw_slice_of(kind), { "", 1 },
		tw_slice_of(name) };
	uint8_t d[TW_SHA256_SIZE];

	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), d));
	d[6] = (uint8_t)((d[6] & 0x0f) | 0x40);
	d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
	(void)snprintf(ret, TW_UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2],
		d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
	return TW_OK;
}

/* A value of one line without blanks around it; evidence may come from anybody. */
static bool plain(const char *text)
{
	size_t size = strlen(text);

	return size && !isspace((unsigned char)text[0]) && !isspace((unsigned char)text[size - 1]) && !strpbrk(text, "\r\n");
}

static tw_err property(json_t *list, const char *name, const char *value)
{
	if (!plain(value))
		return TW_OK;
	return tw_json_append(list, json_pack("{s:s, s:s, s:s}", "name", name, "ns", SPACE, "value", value));
}

static tw_err put_properties(json_t *o, json_t *list)
{
	if (!list)
		return TW_RAISE(NOMEM, "properties");
	return json_array_size(list) ? tw_json_set(o, "props", json_incref(list)) : TW_OK;
}

/* Ids of the catalog are tokens; another's are made ones. */
static void token(const char *id, char ret[80])
{
	size_t n = 0;

	if (!isalpha((unsigned char)*id))
		ret[n++] = '_';
	for (; *id && n < 79; id++)
		ret[n++] = (char)(isalnum((unsigned char)*id) || strchr("._-", *id) ? *id : '_');
	ret[n] = '\0';
}

static tw_err observation_name(const struct form *f, const json_t *result, char ret[TW_UUID_TEXT])
{
	char name[256];

	(void)snprintf(name, sizeof name, "%.64s/%.128s", tw_json_text(result, "element"), tw_json_text(result, "probe"));
	return tw_form_uuid(f->payload, "observation", name, ret);
}

static const char *method_of(const char *source)
{
	if (!strncmp(source, "observed", 8))
		return "TEST";
	if (!strcmp(source, "stated by person"))
		return "INTERVIEW";
	return strncmp(source, "stated by ", 10) ? "UNKNOWN" : "EXAMINE";
}

static tw_err observation(const struct form *f, const json_t *r, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	TW_CLEANUP(tw_jsonp) json_t *props = json_array();
	char id[TW_UUID_TEXT];

	TW_TRY(observation_name(f, r, id));
	o = json_pack("{s:s, s:s, s:[s], s:s, s:[{s:s, s:s}], s:[{s:o, s:s}]}", "uuid", id, "description",
		tw_json_text(r, "reason"), "methods", method_of(tw_json_text(r, "source")), "collected", tw_json_text(r, "time"),
		"subjects", "subject-uuid", f->device, "type", "inventory-item", "relevant-evidence", "href",
		json_sprintf("#%s", f->source), "description", "The result of this check in the signed evidence.");
	if (!o)
		return TW_RAISE(NOMEM, "observation");
	if (plain(tw_json_text(r, "title")))
		TW_TRY(tw_json_set(o, "title", json_string(tw_json_text(r, "title"))));
	TW_TRY(property(props, "element", tw_json_text(r, "element")));
	TW_TRY(property(props, "check", tw_json_text(r, "probe")));
	TW_TRY(property(props, "verdict", tw_json_text(r, "verdict")));
	TW_TRY(property(props, "source", tw_json_text(r, "source")));
	TW_TRY(property(props, "transcript-sha256", tw_json_text(r, "transcript")));
	TW_TRY(property(props, "earlier-run", tw_json_text(r, "run")));
	TW_TRY(put_properties(o, props));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err target(const json_t *e, json_t **ret)
{
	const char *verdict = tw_json_text(e, "verdict");
	bool pass = !strcmp(verdict, "pass"), open = !strcmp(verdict, "inconclusive");
	TW_CLEANUP(tw_jsonp) json_t *status = NULL;
	char id[80];

	token(tw_json_text(e, "element"), id);
	status = json_pack("{s:s, s:s}", "state", pass ? "satisfied" : "not-satisfied", "reason",
		pass           ? "pass"
			: open ? "other"
			       : "fail");
	if (open && status)
		TW_TRY(tw_json_set(status, "remarks", json_string("It could not be decided. That is no evidence against it.")));
	*ret = json_pack("{s:s, s:s, s:O}", "type", "objective-id", "target-id", id, "status", status);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "finding");
}

static tw_err finding(const struct form *f, const json_t *e, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL, *to = NULL, *seen = json_array();
	TW_CLEANUP(tw_jsonp) json_t *props = json_array();
	json_t *r;
	char id[TW_UUID_TEXT];
	size_t i;

	json_array_foreach(tw_json_get(e, "results"), i, r) {
		TW_TRY(observation_name(f, r, id));
		TW_TRY(tw_json_append(seen, json_pack("{s:s}", "observation-uuid", id)));
	}
	TW_TRY(tw_form_uuid(f->payload, "finding", tw_json_text(e, "element"), id));
	TW_TRY(target(e, &to));
	TW_TRY(property(props, "verdict", tw_json_text(e, "verdict")));
	TW_TRY(property(props, "claim", tw_json_text(e, "claim")));
	o = json_pack("{s:s, s:s, s:s, s:O, s:O}", "uuid", id, "title",
		plain(tw_json_text(e, "text")) ? tw_json_text(e, "text") : tw_json_text(e, "verdict"), "description",
		tw_json_text(e, "reason"), "target", to, "related-observations", seen);
	TW_TRY(o ? put_properties(o, props) : TW_RAISE(NOMEM, "finding"));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err reviewed(const json_t *elements, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *ids = json_array();
	char id[80];
	size_t i;
	json_t *e;

	json_array_foreach(elements, i, e) {
		token(tw_json_text(e, "element"), id);
		TW_TRY(tw_json_append(ids, json_pack("{s:s}", "control-id", id)));
	}
	*ret = json_pack("{s:[{s:O}]}", "control-selections", "include-controls", ids);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "controls");
}

static tw_err device_item(const struct form *f, json_t **ret)
{
	const json_t *device = tw_json_get(f->payload, "device"), *setup = tw_json_get(f->payload, "setup");
	const char *what = strcmp(tw_evidence_thing(f->payload), "service") ? "The device that was assessed."
									    : "The manufacturer's server that was assessed.";
	TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s, s:s}", "uuid", f->device, "description", what);
	TW_CLEANUP(tw_jsonp) json_t *props = json_array();

	TW_TRY(property(props, "identifier", tw_json_text(device, "identifier")));
	TW_TRY(property(props, "model", tw_json_text(device, "model")));
	TW_TRY(property(props, "software", tw_json_text(device, "software")));
	TW_TRY(property(props, "product-version", tw_json_text(device, "product_version")));
	if (setup) {
		TW_TRY(property(props, "sample", tw_json_text(setup, "sample")));
		TW_TRY(property(props, "hardware", tw_json_text(setup, "hardware")));
		TW_TRY(property(props, "firmware-sha256", tw_json_text(setup, "firmware_sha256")));
	}
	TW_TRY(o ? put_properties(o, props) : TW_RAISE(NOMEM, "device"));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err lists(const struct form *f, const json_t *elements, json_t *result)
{
	TW_CLEANUP(tw_jsonp) json_t *observations = json_array(), *findings = json_array();
	size_t i;
	json_t *row;

	json_array_foreach(tw_json_get(f->payload, "results"), i, row)
		TW_TRY(observation(f, row, observations));
	json_array_foreach(elements, i, row)
		if (strcmp(tw_json_text(row, "verdict"), "not applicable") != 0)
			TW_TRY(finding(f, row, findings));
	TW_TRY(tw_json_set(result, "observations", json_incref(observations)));
	return json_array_size(findings) ? tw_json_set(result, "findings", json_incref(findings)) : TW_OK;
}

/* From the first check to the evidence: a taken-over result may be older than its run. */
static const char *began(const json_t *payload)
{
	const char *first = tw_json_text(payload, "created");
	size_t i;
	json_t *r;

	json_array_foreach(tw_json_get(payload, "results"), i, r)
		if (strcmp(tw_json_text(r, "time"), first) < 0)
			first = tw_json_text(r, "time");
	return first;
}

static tw_err result_of(const struct form *f, const json_t *elements, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL, *controls = NULL, *item = NULL;
	TW_CLEANUP(tw_jsonp) json_t *props = json_array();
	char id[TW_UUID_TEXT];

	TW_TRY(reviewed(elements, &controls));
	TW_TRY(device_item(f, &item));
	TW_TRY(tw_form_uuid(f->payload, "result", "", id));
	TW_TRY(property(props, "nonce", tw_json_text(f->payload, "nonce")));
	TW_TRY(property(props, "tool-sha256", tw_json_text(tw_json_get(f->payload, "tool"), "sha256")));
	TW_TRY(property(props, "signer-sha256", f->file->signer_sha256));
	o = json_pack("{s:s, s:s, s:s, s:s, s:{s:[O]}, s:O}", "uuid", id, "title", "What the checks saw", "description",
		"Evidence for and against single claims on one device or server at one time; no statement that a product fulfils a law or a standard.",
		"start", began(f->payload), "local-definitions", "inventory-items", item, "reviewed-controls", controls);
	TW_TRY(o ? put_properties(o, props) : TW_RAISE(NOMEM, "result"));
	TW_TRY(lists(f, elements, o));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static json_t *metadata(const json_t *payload)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "title",
		strcmp(tw_evidence_thing(payload), "service") ? "Assessment of a device" : "Assessment of a manufacturer's server",
		"last-modified", tw_json_text(payload, "created"), "version", "1", "oscal-version", OSCAL_VERSION, "remarks",
		json_sprintf("Made by thingward %s from signed evidence. %s; the control ids are its elements.", TW_VERSION,
			tw_json_text(payload, "catalog")));
}

tw_err tw_form_oscal(const struct tw_sys *sys, const struct tw_evidence_file *file, const json_t *elements, json_t **ret)
{
	struct form f = { .file = file, .payload = file->payload };
	TW_CLEANUP(tw_jsonp) json_t *result = NULL;
	char id[TW_UUID_TEXT], plan[TW_UUID_TEXT];

	if (!json_array_size(elements))
		return TW_RAISE(STATE, "the evidence has no results");
	TW_TRY(tw_form_uuid(f.payload, "assessment-results", "", id));
	TW_TRY(tw_form_uuid(f.payload, "plan", "", plan));
	TW_TRY(tw_form_uuid(f.payload, "evidence", "", f.source));
	TW_TRY(tw_form_uuid(f.payload, "device", "", f.device));
	TW_TRY(result_of(&f, elements, &result));
	*ret = json_pack("{s:{s:s, s:o, s:{s:o, s:s}, s:[O], s:{s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}]}}}", "assessment-results",
		"uuid", id, "metadata", metadata(f.payload), "import-ap", "href", json_sprintf("#%s", plan), "remarks",
		"There was no plan as a document: the checks that ran are the plan.", "results", result, "back-matter", "resources",
		"uuid", plan, "title", "The plan", "description",
		"Every check of the tool, or those that the run was told; the observations name them.", "uuid", f.source, "title",
		"The signed evidence", "description", "The file that this document was made of; thingward evidence verify checks it.");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "results");
}
