/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the software inventory.
 *
 * What a device says of its packages is worth what it can be compared with: the database itself, which somebody on the device, or
 * whoever made its image, can hand to the tool. Without it these probes say that the device speaks under its own signature and not
 * that it speaks the truth. Likewise a file is planted or changed on the device by whoever can, and named, to see whether it tells of it.
 */
#include "tool/probes/probe.h"

#include "formats/sbom.h"
#include "tool/files.h"
#include "tool/wait.h"

#define PAGES_MAX 100 /* of findings, of 300 each; a device keeps far fewer */

static const struct tw_target *first(const struct tw_probe_context *c)
{
	return &c->target[0];
}

/* The document and its signature, as texts: the answer they came in is gone then, as there is no need for it thrice in memory. */
static tw_err fetch_texts(struct tw_probe_context *c, struct tw_buf *document, struct tw_buf *jws)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_order(c, "GET", "/api/v1/inventory/sbom", &answer));
	tw_buf_done(&answer.raw);
	const json_t *sbom = json_object_get(answer.body, "sbom"), *signature = json_object_get(answer.body, "signature");
	if (!json_is_object(sbom) || !json_is_object(signature))
		return TW_RAISE(SYNTAX, "the answer holds no document with its signature");
	TW_TRY(tw_json_write(sbom, document));
	return tw_json_write(signature, jws);
}

/* The document as the owner gets it, verified. */
static tw_err fetch(struct tw_probe_context *c, struct tw_sbom_seen *seen, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf document = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

	tw_buf_init(&document, c->sys, TW_SBOM_MAX);
	tw_buf_init(&jws, c->sys, TW_JWS_MAX);
	TW_TRY(fetch_texts(c, &document, &jws));
	const struct tw_sbom_signed it = { tw_buf_slice(&document), tw_buf_slice(&jws) };
	return tw_sbom_open(c->sys, &it, first(c)->anchor, tw_now_ms(c->sys), seen, ret);
}

/* @nist DI.ABI.3: keyed to the identity that the unit can prove. */
static tw_err signed_by_unit(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_sbom_seen seen;
	const char *known = first(c)->session.device.identifier;

	tw_err e = fetch(c, &seen, &document);
	if (tw_failed(e))
		return tw_found_trouble(f, "The signed inventory", e);
	TW_TRY(tw_saw(f, "identifier", seen.identifier));
	if (strcmp(seen.identifier, known) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The inventory is of %s; when it was taken over, the device's label said %s.",
			seen.identifier, known);
	return tw_found(f, TW_VERDICT_PASS,
		"The owner gets a CycloneDX document of %zu packages. The device signed it, and document and signature name %s.",
		json_array_size(json_object_get(document, "components")), seen.identifier);
}

/* "name architecture version", one a line, of whatever has these; in the order of tw_package_compare. */
static tw_err add_line(struct tw_buf *b, struct tw_slice name, struct tw_slice architecture, struct tw_slice version)
{
	return tw_buf_format(b, TW_SLICE_FMT " " TW_SLICE_FMT " " TW_SLICE_FMT "\n", TW_SLICE_ARG(name), TW_SLICE_ARG(architecture),
		TW_SLICE_ARG(version));
}

static tw_err lines_of_database(struct tw_probe_context *c, const char *kind, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_packages_done) struct tw_packages list = { 0 };
	const struct tw_package_system *system = tw_package_system(kind);

	if (!system)
		return TW_RAISE(UNSUPPORTED, "a package database of the kind '%.20s' is not read", kind);
	tw_buf_init(&text, c->sys, TW_PACKAGES_TEXT_MAX);
	TW_TRY(tw_file_read(c->sys, c->packages, text.max, &text));
	TW_TRY(tw_packages_read(c->sys, system, tw_buf_slice(&text), &list));
	for (size_t i = 0; i < list.count; i++)
		TW_TRY(add_line(ret, list.of[i].name, list.of[i].architecture, list.of[i].version));
	return TW_OK;
}

static tw_err lines_of_document(const json_t *document, struct tw_buf *ret)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(document, "components"), i, one) {
		const char *ref = tw_json_text(one, "bom-ref"), *colon = strchr(ref, ':');

		TW_TRY(add_line(ret, tw_slice_of(tw_json_text(one, "name")), tw_slice_of(colon ? colon + 1 : ""),
			tw_slice_of(tw_json_text(one, "version"))));
	}
	return TW_OK;
}

/* Every page of the list. A device that never ends it is stopped by the buffer's size. */
static tw_err lines_of_list(struct tw_probe_context *c, char kind[16], struct tw_buf *ret)
{
	char path[256] = "/api/v1/inventory?limit=300";

	while (*path) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
		size_t i;
		json_t *one;

		TW_TRY(tw_order(c, "GET", path, &page));
		(void)snprintf(kind, 16, "%s", tw_json_text(page.body, "database"));
		json_array_foreach(json_object_get(page.body, "packages"), i, one)
			TW_TRY(add_line(ret, tw_slice_of(tw_json_text(one, "name")), tw_slice_of(tw_json_text(one, "architecture")),
				tw_slice_of(tw_json_text(one, "version"))));
		const char *next = tw_json_text(page.body, "next");
		if (*next && i == 0)
			return TW_RAISE(SYNTAX, "a page of the list is empty and not the last");
		path[0] = '\0';
		if (*next)
			(void)snprintf(path, sizeof path, "/api/v1/inventory?limit=300&cursor=%.160s", next);
	}
	return TW_OK;
}

/* The first line in which two lists differ, as words; "nothing" at an end. */
static void difference(const struct tw_buf *a, const struct tw_buf *b, char ret_a[200], char ret_b[200])
{
	size_t at = 0, start = 0;

	while (at < a->size && at < b->size && a->data[at] == b->data[at])
		if (a->data[at++] == '\n')
			start = at;
	(void)snprintf(ret_a, 200, "%.*s", start < a->size ? (int)strcspn(a->data + start, "\n") : 7,
		start < a->size ? a->data + start : "nothing");
	(void)snprintf(ret_b, 200, "%.*s", start < b->size ? (int)strcspn(b->data + start, "\n") : 7,
		start < b->size ? b->data + start : "nothing");
}

static bool same(const struct tw_buf *a, const struct tw_buf *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static tw_err gather(struct tw_probe_context *c, struct tw_buf *list, struct tw_buf *document, char kind[16])
{
	TW_CLEANUP(tw_jsonp) json_t *sbom = NULL;
	struct tw_sbom_seen seen;

	TW_TRY(fetch(c, &seen, &sbom));
	TW_TRY(lines_of_document(sbom, document));
	return lines_of_list(c, kind, list);
}

static tw_err compare(struct tw_finding *f, const struct tw_buf *said, const struct tw_buf *wanted, const char *what)
{
	char one[200], other[200];

	difference(said, wanted, one, other);
	TW_TRY(tw_saw(f, "device", one));
	TW_TRY(tw_saw(f, "compared", other));
	return tw_found(f, TW_VERDICT_FAIL, "The device's list is not the same as %s: '%s' there, '%s' here.", what, one, other);
}

/* @nist DI.ABI.3: names and versions equal the package database. */
static tw_err equals_database(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf list = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf document = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf database = { 0 };
	char kind[16] = "";
	size_t count = 0;

	tw_buf_init(&list, c->sys, TW_PACKAGES_TEXT_MAX);
	tw_buf_init(&document, c->sys, TW_PACKAGES_TEXT_MAX);
	tw_buf_init(&database, c->sys, TW_PACKAGES_TEXT_MAX);
	tw_err e = gather(c, &list, &document, kind);
	if (tw_failed(e))
		return tw_found_trouble(f, "The inventory", e);
	if (!same(&list, &document))
		return compare(f, &list, &document, "its own signed document");
	if (!c->packages)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"List and signed document say the same, but what is compared with is missing: on the device or from its image, "
			"--packages FILE names the package manager's own database.");
	e = lines_of_database(c, kind, &database);
	if (tw_failed(e))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The package database could not be read: %s.", tw_err_detail());
	if (!same(&list, &database))
		return compare(f, &list, &database, "the package database");
	for (size_t i = 0; i < list.size; i++)
		count += list.data[i] == '\n';
	return tw_found(f, TW_VERDICT_PASS, "Names and versions of all %zu installed packages equal the package database (%s).",
		count, kind);
}

/* --- The files that are there --- */

/* Which of the planted paths are among the findings, to their end. *ret_why: why others may be there that are not told, "" for no reason. */
static tw_err look_for(struct tw_probe_context *c, bool seen[], const char **ret_why)
{
	char path[256] = "/api/v1/inventory/findings?limit=300";

	for (unsigned pages = 0; *path; pages++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
		size_t i;
		json_t *one;

		if (pages == PAGES_MAX)
			return TW_RAISE(LIMIT, "the findings do not end");
		TW_TRY(tw_order(c, "GET", path, &page));
		*ret_why = tw_json_int(page.body, "broken") ? "; part of its disk could not be read" : "";
		if (tw_json_int(page.body, "changed") + tw_json_int(page.body, "missing") + tw_json_int(page.body, "unknown") >
			tw_json_int(page.body, "listed"))
			*ret_why = " among those it lists; it counts more";
		json_array_foreach(json_object_get(page.body, "findings"), i, one)
			for (size_t k = 0; k < c->planted_count; k++)
				seen[k] |= strcmp(tw_json_text(one, "path"), c->planted[k]) == 0;
		const char *next = tw_json_text(page.body, "next");
		if (*next && i == 0)
			return TW_RAISE(SYNTAX, "a page of the findings is empty and not the last");
		path[0] = '\0';
		if (*next)
			(void)snprintf(path, sizeof path, "/api/v1/inventory/findings?limit=300&cursor=%.160s", next);
	}
	return TW_OK;
}

/* Begins a check and waits for its end. SYNTAX: the device does not answer as it should, STATE: the check failed. */
static tw_err have_checked(struct tw_probe_context *c)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer begun = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer ended = { 0 };
	char id[64];

	tw_answer_init(&ended, c->sys);
	TW_TRY(tw_order(c, "POST", "/api/v1/inventory/check", &begun));
	(void)snprintf(id, sizeof id, "%s", tw_json_text(begun.body, "task"));
	if (!*id)
		return TW_RAISE(SYNTAX, "the answer names no task");
	TW_TRY(tw_task_wait(c->tool, first(c)->session.client, id, true, &ended));
	if (strcmp(tw_json_text(ended.body, "state"), "done") != 0)
		return TW_RAISE(STATE, "the check ended as '%.20s': %.150s", tw_json_text(ended.body, "state"),
			tw_json_text(ended.body, "words"));
	return TW_OK;
}

static const char *property(const json_t *document, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(document, "metadata"), "properties"), i, one)
		if (strcmp(tw_json_text(one, "name"), name) == 0)
			return tw_json_text(one, "value");
	return "";
}

/* The signed document and the list of findings are two ways to say one thing. */
static tw_err same_summary(struct tw_probe_context *c, struct tw_finding *f, bool *ret_same, bool *ret_ever)
{
	static const char *const names[][2] = { { "thingward:files-changed", "changed" }, { "thingward:files-missing", "missing" },
		{ "thingward:unknown-executables", "unknown" }, { "thingward:files-broken", "broken" } };
	TW_CLEANUP(tw_answer_done) struct tw_answer findings = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_sbom_seen seen;

	TW_TRY(fetch(c, &seen, &document));
	TW_TRY(tw_order(c, "GET", "/api/v1/inventory/findings?limit=1", &findings));
	*ret_ever = tw_json_bool(findings.body, "checked_before");
	*ret_same = strcmp(property(document, "thingward:files-checked-at"),
			    *ret_ever ? tw_json_text(findings.body, "ended") : "never") == 0;
	for (size_t i = 0; *ret_ever && i < TW_COUNT(names); i++) {
		char number[24];

		(void)snprintf(number, sizeof number, "%lld", (long long)tw_json_int(findings.body, names[i][1]));
		TW_TRY(tw_saw(f, names[i][1], number));
		*ret_same = *ret_same && strcmp(property(document, names[i][0]), number) == 0;
	}
	return TW_OK;
}

static tw_err judge_planted(struct tw_probe_context *c, struct tw_finding *f)
{
	bool seen[TW_COUNT(c->planted)] = { false };
	const char *why = "";
	tw_err e = have_checked(c);

	if (!tw_failed(e))
		e = look_for(c, seen, &why);
	if (tw_failed(e))
		return tw_found_trouble(f, "A check of the files", e);
	for (size_t i = 0; i < c->planted_count; i++)
		if (!seen[i])
			return tw_found(f, *why ? TW_VERDICT_INCONCLUSIVE : TW_VERDICT_FAIL,
				"%.200s was planted, and the device does not tell of it%s.", c->planted[i], why);
	return tw_found(f, TW_VERDICT_PASS, "The device told of every file that was planted: %zu.", c->planted_count);
}

/* @nist DI.ABI.3: what is there is held against what is installed */
static tw_err tells_planted(struct tw_probe_context *c, struct tw_finding *f)
{
	bool same = false, ever = false;

	if (c->planted_count) {
		TW_TRY(judge_planted(c, f));
		if (f->verdict != TW_VERDICT_PASS)
			return TW_OK;
	}
	tw_err e = same_summary(c, f, &same, &ever);
	if (tw_failed(e))
		return tw_found_trouble(f, "The findings", e);
	if (!same)
		return tw_found(f, TW_VERDICT_FAIL, "What the findings say and what the device has signed differ.");
	if (c->planted_count)
		return TW_OK;
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"%s Whether it would tell of a change is only seen by one: change or plant a file on the device, and name it with --planted PATH.",
		ever ? "The findings of its last check are those it has signed." : "The device has not checked its files yet.");
}

const struct tw_probe tw_probes_inventory[] = {
	{ "DI.ABI.3", "signed-by-unit", TW_SOURCE_INSIDE, "Does the unit state what is installed, under its own signature?", signed_by_unit },
	{ "DI.ABI.3", "equals-database", TW_SOURCE_INSIDE, "Do names and versions equal the package database?", equals_database },
	{ "DI.ABI.3", "tells-planted", TW_SOURCE_INSIDE, "Does the unit tell of a changed file and of a program of no package?", tells_planted },
	{},
};
