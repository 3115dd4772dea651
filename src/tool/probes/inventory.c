/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the software inventory.
 *
 * What a device says of its packages is worth what it can be compared with: the database itself, which somebody on the device, or
 * whoever made its image, can hand to the tool. Without it these probes say that the device speaks under its own signature and not
 * that it speaks the truth.
 */
#include "tool/probes/probe.h"

#include "formats/sbom.h"
#include "tool/files.h"

static const struct tw_target *first(const struct tw_probe_context *c)
{
	return &c->target[0];
}

static tw_err ask(struct tw_probe_context *c, const char *path, struct tw_answer *ret)
{
	const struct tw_call call = { .method = "GET", .path = path };

	TW_TRY(tw_client_call(first(c)->session.client, &call, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}

/* The document as the owner gets it, verified; ret borrows from answer. */
static tw_err fetch(struct tw_probe_context *c, struct tw_answer *answer, struct tw_sbom_seen *seen, const json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf document = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

	TW_TRY(ask(c, "/api/v1/inventory/sbom", answer));
	const json_t *sbom = json_object_get(answer->body, "sbom"), *signature = json_object_get(answer->body, "signature");
	if (!json_is_object(sbom) || !json_is_object(signature))
		return TW_RAISE(SYNTAX, "the answer holds no document with its signature");
	tw_buf_init(&document, c->sys, TW_SBOM_MAX);
	tw_buf_init(&jws, c->sys, TW_JWS_MAX);
	TW_TRY(tw_json_write(sbom, &document));
	TW_TRY(tw_json_write(signature, &jws));
	TW_TRY(tw_sbom_verify(c->sys, tw_buf_slice(&document), tw_buf_slice(&jws), first(c)->anchor, tw_now_ms(c->sys), seen));
	*ret = sbom;
	return TW_OK;
}

/* @nist DI.ABI.3: keyed to the identity that the unit can prove. */
static tw_err signed_by_unit(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_sbom_seen seen;
	const json_t *document = NULL;
	const char *known = first(c)->session.device.identifier;

	tw_answer_init(&answer, c->sys);
	tw_err e = fetch(c, &answer, &seen, &document);
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

		tw_answer_init(&page, c->sys);
		TW_TRY(ask(c, path, &page));
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
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_sbom_seen seen;
	const json_t *sbom = NULL;

	tw_answer_init(&answer, c->sys);
	TW_TRY(fetch(c, &answer, &seen, &sbom));
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

const struct tw_probe tw_probes_inventory[] = {
	{ "DI.ABI.3", "signed-by-unit", TW_SOURCE_INSIDE, "Does the unit state what is installed, under its own signature?", signed_by_unit },
	{ "DI.ABI.3", "equals-database", TW_SOURCE_INSIDE, "Do names and versions equal the package database?", equals_database },
	{},
};
