/* SPDX-License-Identifier: Apache-2.0 */
/* Buildroot's legal-info: see bom-manifest.h. Rows are held until all are there, for one of them says for which machine all were built. */
#include "formats/bom-manifest.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/csv.h"

#define NAME_MAX_BYTES 1024 /* as in other inventories (bom.c) */

struct manifest {
	size_t package, version, dependencies; /* columns */
	size_t columns;
	bool host;
	json_t *versions; /* of each package */
};

bool tw_bom_is_manifest(struct tw_slice text)
{
	static const char *const begins[] = { "\"PACKAGE\",", "PACKAGE," };
	const size_t mark = text.size >= 3 && !memcmp(text.at, "\xef\xbb\xbf", 3) ? 3 : 0;

	for (size_t i = 0; i < TW_COUNT(begins); i++)
		if (text.size - mark >= strlen(begins[i]) && !memcmp(text.at + mark, begins[i], strlen(begins[i])))
			return true;
	return false;
}

static tw_err read_head(const struct tw_csv_row *row, struct manifest *m)
{
	const struct {
		const char *name;
		size_t *at;
		bool wanted;
	} columns[] = { { "PACKAGE", &m->package, true }, { "VERSION", &m->version, true },
		{ "DEPENDENCIES WITH LICENSES", &m->dependencies, false } };

	m->columns = row->count;
	for (size_t k = 0; k < TW_COUNT(columns); k++) {
		*columns[k].at = SIZE_MAX;
		for (size_t i = 0; i < row->count; i++) {
			if (strcmp(row->of[i], columns[k].name) != 0)
				continue;
			if (*columns[k].at != SIZE_MAX)
				return TW_RAISE(SYNTAX, "line %zu: two columns %s", row->line, columns[k].name);
			*columns[k].at = i;
		}
		if (columns[k].wanted && *columns[k].at == SIZE_MAX)
			return TW_RAISE(SYNTAX, "line %zu: no column %s", row->line, columns[k].name);
	}
	return TW_OK;
}

/* "host-cmake [BSD-3-Clause] zlib [Zlib]"; a target package's are without the host's. */
static bool names_host(const char *dependencies)
{
	return !strncmp(dependencies, "host-", 5) || strstr(dependencies, "] host-");
}

static tw_err check_text(const struct tw_csv_row *row, const char *text, const char *what)
{
	if (strlen(text) > NAME_MAX_BYTES)
		return TW_RAISE(LIMIT, "line %zu: a %s of more than %d bytes", row->line, what, NAME_MAX_BYTES);
	if (!tw_text_printable(tw_slice_of(text)))
		return TW_RAISE(SYNTAX, "line %zu: a %s with a control character", row->line, what);
	return TW_OK;
}

static tw_err read_row(const struct tw_csv_row *row, struct manifest *m)
{
	if (row->count != m->columns)
		return TW_RAISE(SYNTAX, "line %zu: %zu fields where %zu are named", row->line, row->count, m->columns);
	const char *name = row->of[m->package], *version = row->of[m->version];
	if (!*name)
		return TW_RAISE(SYNTAX, "line %zu: a package without a name", row->line);
	TW_TRY(check_text(row, name, "name"));
	TW_TRY(check_text(row, version, "version"));
	if (json_object_get(m->versions, name))
		return TW_RAISE(SYNTAX, "line %zu: the package %.100s once more", row->line, name);
	if (json_object_size(m->versions) == TW_MANIFEST_ROWS_MAX)
		return TW_RAISE(LIMIT, "line %zu: more than %d packages", row->line, TW_MANIFEST_ROWS_MAX);
	m->host = m->host || !strcmp(name, "buildroot") || (m->dependencies != SIZE_MAX && names_host(row->of[m->dependencies]));
	return tw_json_set(m->versions, name, json_string(version));
}

static tw_err read_rows(struct tw_csv *c, struct manifest *m)
{
	struct tw_csv_row row;

	TW_TRY(tw_csv_next(c, &row));
	TW_TRY(read_head(&row, m));
	for (;;) {
		TW_TRY(tw_csv_next(c, &row));
		if (!row.count)
			return TW_OK;
		TW_TRY(read_row(&row, m));
	}
}

/* By the names that show-info has: "host-cmake" is the package cmake of the machine that builds. */
static tw_err add_packages(const struct tw_sys *sys, const struct manifest *m, json_t *document)
{
	const char *type = m->host ? "host" : "target", *name;
	json_t *version;

	json_object_foreach(m->versions, name, version) {
		TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };

		tw_buf_init(&key, sys, NAME_MAX_BYTES + sizeof "host-");
		TW_TRY(tw_buf_format(&key, "%s%s", m->host ? "host-" : "", name));
		if (json_object_get(document, tw_buf_cstr(&key)))
			return TW_RAISE(SYNTAX, "the package %.100s is in two lists", tw_buf_cstr(&key));
		TW_TRY(tw_json_set(document, tw_buf_cstr(&key),
			json_pack("{s:s, s:b, s:s, s:O}", "type", type, "virtual", 0, "name", name, "version", version)));
	}
	return TW_OK;
}

tw_err tw_bom_manifest(const struct tw_sys *sys, struct tw_slice text, json_t *document)
{
	TW_CLEANUP(tw_csv_done) struct tw_csv c = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *versions = json_object();
	struct manifest m = { .versions = versions };

	if (!versions)
		return TW_RAISE(NOMEM, "packages");
	tw_csv_init(&c, sys, text);
	TW_TRY(read_rows(&c, &m));
	return add_packages(sys, &m, document);
}
