/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's metadata and everything that is made of the list of advisories. */
#include "formats/csaf-site.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"
#include "formats/securitytxt.h"

#include <string.h>
#include <strings.h>

#define FEED "csaf-feed-tlp-white"
#define SCHEMA "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json"

void tw_csaf_site_done(struct tw_csaf_site *s)
{
	tw_jsonp(&s->publisher);
	tw_jsonp(&s->entries);
}

/* An address of https that needs no escape anywhere: not in JSON, not in a line of text, not in a page. */
tw_err tw_csaf_site_url(struct tw_csaf_site *s, const char *url)
{
	size_t size = strlen(url);

	while (size && url[size - 1] == '/')
		size--;
	if (size >= sizeof(s->url) || strncmp(url, "https://", 8) != 0 || size <= 8 || url[8] == '/' || !tw_csaf_is_uri(url))
		return TW_RAISE(SYNTAX, "'%s' is no https address of a site", url);
	for (size_t i = 0; i < size; i++)
		if (strchr("?#'&\"<>\\ ", url[i]))
			return TW_RAISE(SYNTAX, "'%s': a site's address has no '%c'", url, url[i]);
	(void)snprintf(s->url, sizeof(s->url), "%.*s", (int)size, url);
	return TW_OK;
}

bool tw_csaf_fingerprint(struct tw_slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (tw_hex_value(text.at[i]) < 0)
			return false;
	return text.size == 40 || text.size == 64;
}

/* --- Reading what stands there --- */

static tw_err read_keys(const json_t *list, struct tw_csaf_site *s)
{
	const json_t *key;
	size_t i;

	if (json_array_size(list) > TW_CSAF_KEYS_MAX)
		return TW_RAISE(LIMIT, "more than %d keys", TW_CSAF_KEYS_MAX);
	json_array_foreach(list, i, key) {
		const char *text = tw_csaf_text(key, "fingerprint");

		if (!text || !tw_csaf_fingerprint(tw_slice_of(text)))
			return TW_RAISE(SYNTAX, "/public_openpgp_keys/%zu/fingerprint is none", i);
		(void)snprintf(s->keys.of[s->keys.count++], sizeof(s->keys.of[0]), "%s", text);
	}
	return TW_OK;
}

tw_err tw_csaf_provider_read(const struct tw_sys *sys, struct tw_slice text, struct tw_csaf_site *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	char url[TW_CSAF_URL_MAX + sizeof("/" TW_CSAF_PROVIDER)];

	TW_TRY(tw_json_parse(text, TW_CSAF_LIST_MAX, &o));
	const char *canonical = tw_csaf_text(o, "canonical_url"), *updated = tw_csaf_text(o, "last_updated");
	size_t size = canonical ? strlen(canonical) : 0, tail = strlen("/" TW_CSAF_PROVIDER);
	if (size <= tail || size >= sizeof(url) || strcmp(canonical + size - tail, "/" TW_CSAF_PROVIDER) != 0)
		return TW_RAISE(SYNTAX, "/canonical_url is none of a provider");
	if (!updated || strlen(updated) >= sizeof(ret->updated) || !tw_csaf_is_time(updated))
		return TW_RAISE(SYNTAX, "/last_updated is no time");
	if (!json_is_object(tw_json_get(o, "publisher")))
		return TW_RAISE(SYNTAX, "there is no /publisher");
	(void)snprintf(url, sizeof(url), "%.*s", (int)(size - tail), canonical);
	TW_TRY(tw_csaf_site_url(ret, url));
	(void)snprintf(ret->updated, sizeof(ret->updated), "%s", updated);
	ret->listed = tw_json_bool(o, "list_on_CSAF_aggregators");
	ret->mirrored = tw_json_bool(o, "mirror_on_CSAF_aggregators");
	ret->publisher = json_incref(tw_json_get(o, "publisher"));
	return read_keys(tw_json_get(o, "public_openpgp_keys"), ret);
}

/* The first field of a name, up to its line's end. */
static bool field(struct tw_slice text, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);

	while (text.size > length) {
		const char *end = memchr(text.at, '\n', text.size);
		size_t line = end ? (size_t)(end - text.at) : text.size;

		if (line > length && !strncmp(text.at, name, length)) {
			size_t n = line - length - (text.at[line - 1] == '\r');

			if (n >= size || memchr(text.at + length, '\0', n))
				return false;
			(void)snprintf(ret, size, "%.*s", (int)n, text.at + length);
			return true;
		}
		if (!end)
			return false;
		text = (struct tw_slice){ end + 1, text.size - line - 1 };
	}
	return false;
}

tw_err tw_csaf_securitytxt_read(struct tw_slice text, struct tw_csaf_site *ret)
{
	if (!field(text, "Contact: ", ret->contact, sizeof(ret->contact)) || !field(text, "Expires: ", ret->expires, sizeof(ret->expires)))
		return TW_RAISE(SYNTAX, TW_CSAF_SECURITYTXT ": it has no Contact or no Expires");
	return TW_OK;
}

/* --- The provider's metadata and ROLIE --- */

static const char *name_of(const struct tw_csaf_site *s)
{
	const char *name = tw_csaf_text(s->publisher, "name");

	return name ? name : s->url;
}

static tw_err written(json_t *made, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *o = made;

	return o ? tw_json_pretty(o, b) : TW_RAISE(NOMEM, "a provider's file");
}

/* Of the newest document; a list without any is as old as the provider. */
static const char *newest(const struct tw_csaf_site *s)
{
	const json_t *entry = json_array_get(s->entries, 0);

	return entry ? tw_json_text(entry, "updated") : s->updated;
}

static tw_err key_list(const struct tw_csaf_site *s, json_t *o)
{
	json_t *list = json_array();

	TW_TRY(tw_json_set(o, "public_openpgp_keys", list));
	for (size_t i = 0; i < s->keys.count; i++)
		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:o}", "fingerprint", s->keys.of[i], "url",
				json_sprintf("%s/openpgp/%s.asc", s->url, s->keys.of[i]))));
	return TW_OK;
}

tw_err tw_csaf_provider(const struct tw_csaf_site *s, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:o, s:s, s:s, s:b, s:b, s:O, s:s, s:[{s:o}, {s:{s:[{s:s, s:s, s:o}], s:[o]}}]}", "canonical_url",
		json_sprintf("%s/" TW_CSAF_PROVIDER, s->url), "last_updated", s->updated, "metadata_version", "2.0",
		"list_on_CSAF_aggregators", s->listed, "mirror_on_CSAF_aggregators", s->mirrored, "publisher", s->publisher, "role",
		s->keys.count ? "csaf_trusted_provider" : "csaf_provider", "distributions", "directory_url",
		json_sprintf("%s/" TW_CSAF_FOLDER "/", s->url), "rolie", "feeds", "summary", "All advisories, TLP:WHITE",
		"tlp_label", "WHITE", "url", json_sprintf("%s/" TW_CSAF_FOLDER "/" FEED ".json", s->url), "services",
		json_sprintf("%s/service.json", s->url));

	if (!o)
		return TW_RAISE(NOMEM, "a provider's metadata");
	if (s->keys.count)
		TW_TRY(key_list(s, o));
	return tw_json_pretty(o, b);
}

static json_t *document_url(const struct tw_csaf_site *s, const json_t *entry, const char *suffix)
{
	return json_sprintf("%s/" TW_CSAF_FOLDER "/%s%s", s->url, tw_json_text(entry, "file"), suffix);
}

static tw_err entry_links(const struct tw_csaf_site *s, const json_t *entry, json_t *row)
{
	json_t *links = json_array();

	TW_TRY(tw_json_set(row, "link", links));
	TW_TRY(tw_json_append(links, json_pack("{s:s, s:o}", "rel", "self", "href", document_url(s, entry, ""))));
	TW_TRY(tw_json_append(links, json_pack("{s:s, s:o}", "rel", "hash", "href", document_url(s, entry, ".sha256"))));
	TW_TRY(tw_json_append(links, json_pack("{s:s, s:o}", "rel", "hash", "href", document_url(s, entry, ".sha512"))));
	return s->keys.count
		? tw_json_append(links, json_pack("{s:s, s:o}", "rel", "signature", "href", document_url(s, entry, ".asc")))
		: TW_OK;
}

static tw_err rolie_entry(const struct tw_csaf_site *s, const json_t *entry, json_t *list)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:o}, s:{s:s, s:s}}", "id", tw_json_text(entry, "id"), "title",
		tw_json_text(entry, "title"), "published", tw_json_text(entry, "published"), "updated", tw_json_text(entry, "updated"),
		"content", "type", "application/json", "src", document_url(s, entry, ""), "format", "schema", SCHEMA, "version", "2.0");

	TW_TRY(tw_json_append(list, row));
	TW_TRY(entry_links(s, entry, row));
	if (!*tw_json_text(entry, "summary"))
		return TW_OK;
	return tw_json_set(row, "summary", json_pack("{s:s}", "content", tw_json_text(entry, "summary")));
}

tw_err tw_csaf_rolie(const struct tw_csaf_site *s, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *entry;
	size_t i;

	if (!list)
		return TW_RAISE(NOMEM, "a feed");
	json_array_foreach(s->entries, i, entry)
		TW_TRY(rolie_entry(s, entry, list));
	return written(json_pack("{s:{s:s, s:o, s:[{s:s, s:o}, {s:s, s:o}], s:[{s:s, s:s}], s:s, s:O}}", "feed", "id", FEED,
			       "title", json_sprintf("%s: advisories (TLP:WHITE)", name_of(s)), "link", "rel", "self", "href",
			       json_sprintf("%s/" TW_CSAF_FOLDER "/" FEED ".json", s->url), "rel", "service", "href",
			       json_sprintf("%s/service.json", s->url), "category", "scheme",
			       "urn:ietf:params:rolie:category:information-type", "term", "csaf", "updated", newest(s), "entry", list),
		b);
}

tw_err tw_csaf_service(const struct tw_csaf_site *s, struct tw_buf *b)
{
	return written(json_pack("{s:{s:[{s:s, s:[{s:o, s:o, s:{s:[{s:s, s:s}]}}]}]}}", "service", "workspace", "title",
			       "Public CSAF feed", "collection", "title", json_sprintf("%s: advisories (TLP:WHITE)", name_of(s)),
			       "href", json_sprintf("%s/" TW_CSAF_FOLDER "/" FEED ".json", s->url), "categories", "category",
			       "scheme", "urn:ietf:params:rolie:category:information-type", "term", "csaf"),
		b);
}

/* --- The directory's lists, section 7.1.12 and 7.1.13 --- */

tw_err tw_csaf_index(const struct tw_csaf_site *s, struct tw_buf *b)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(s->entries, i, entry)
		TW_TRY(tw_buf_format(b, "%s\n", tw_json_text(entry, "file")));
	return TW_OK;
}

/* Names of files and dates have no quotation marks: neither needs an escape. */
tw_err tw_csaf_changes(const struct tw_csaf_site *s, struct tw_buf *b)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(s->entries, i, entry)
		TW_TRY(tw_buf_format(b, "\"%s\",\"%s\"\n", tw_json_text(entry, "file"), tw_json_text(entry, "updated")));
	return TW_OK;
}

/* Section 7.1.18: as sha256sum writes and checks it. */
tw_err tw_csaf_hash(const struct tw_sys *sys, const char *algorithm, const char *file, struct tw_slice text, struct tw_buf *b)
{
	uint8_t digest[TW_DIGEST_MAX];
	size_t size;

	TW_TRY(tw_digest_of(sys, tw_slice_of(algorithm), text, digest, &size));
	TW_TRY(tw_buf_hex(b, digest, size));
	return tw_buf_format(b, "  %s\n", file);
}

static tw_err securitytxt(const struct tw_csaf_site *s, struct tw_buf *b)
{
	char csaf[TW_CSAF_URL_MAX + 64], key[TW_CSAF_URL_MAX + 128];
	const char *const contacts[] = { s->contact, NULL }, *const providers[] = { csaf, NULL }, *const keys[] = { key, NULL };
	struct tw_securitytxt t = { .contacts = contacts, .csaf = providers, .encryption = s->keys.count ? keys : NULL };

	TW_TRY(tw_parse_time(tw_slice_of(s->expires), &t.expires_ms));
	(void)snprintf(csaf, sizeof(csaf), "%s/" TW_CSAF_PROVIDER, s->url);
	(void)snprintf(key, sizeof(key), "%s/openpgp/%s.asc", s->url, s->keys.of[0]);
	return tw_securitytxt_write(&t, t.expires_ms - 1, b); /* whether it is still good is asked by whoever reads it */
}

/* --- All of it --- */

struct writing {
	const struct tw_csaf_site *s;
	tw_csaf_put put;
	void *user;
	struct tw_buf b;
};

static tw_err put_one(struct writing *w, const char *path, tw_err (*make)(const struct tw_csaf_site *s, struct tw_buf *b))
{
	tw_buf_clear(&w->b);
	TW_TRY(make(w->s, &w->b));
	return w->put(w->user, path, tw_buf_slice(&w->b));
}

/* Each year once: a bit for each, since lists are long. A time's year has four digits. */
static bool seen_before(uint8_t seen[1250], const char *file)
{
	uint64_t year = 0;
	bool before;

	tw_ignore(tw_parse_u64((struct tw_slice){ file, 4 }, 9999, &year)); /* 0: of what is no year, which no entry has */
	before = seen[year / 8] >> (year % 8) & 1;
	seen[year / 8] = (uint8_t)(seen[year / 8] | 1U << (year % 8));
	return before;
}

static tw_err put_years(struct writing *w)
{
	uint8_t seen[1250] = { 0 };
	const json_t *entry;
	size_t i;

	json_array_foreach(w->s->entries, i, entry) {
		const char *file = tw_json_text(entry, "file");
		char path[TW_CSAF_PATH_MAX], year[5];

		if (seen_before(seen, file))
			continue;
		(void)snprintf(year, sizeof(year), "%.4s", file);
		(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s/index.html", year);
		tw_buf_clear(&w->b);
		TW_TRY(tw_csaf_year_listing(w->s, year, &w->b));
		TW_TRY(w->put(w->user, path, tw_buf_slice(&w->b)));
	}
	return TW_OK;
}

static void writing_done(struct writing *w)
{
	tw_buf_done(&w->b);
}

tw_err tw_csaf_site_write(const struct tw_sys *sys, const struct tw_csaf_site *s, tw_csaf_put put, void *user)
{
	static const struct {
		const char *path;
		tw_err (*make)(const struct tw_csaf_site *s, struct tw_buf *b);
	} rows[] = {
		{ TW_CSAF_PROVIDER, tw_csaf_provider },
		{ "service.json", tw_csaf_service },
		{ TW_CSAF_FOLDER "/" FEED ".json", tw_csaf_rolie },
		{ TW_CSAF_FOLDER "/index.txt", tw_csaf_index },
		{ TW_CSAF_FOLDER "/changes.csv", tw_csaf_changes },
		{ TW_CSAF_FOLDER "/atom.xml", tw_csaf_atom },
		{ TW_CSAF_FOLDER "/index.html", tw_csaf_listing },
	};
	TW_CLEANUP(writing_done) struct writing w = { s, put, user, { 0 } };

	tw_buf_init(&w.b, sys, TW_CSAF_LIST_MAX);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		TW_TRY(put_one(&w, rows[i].path, rows[i].make));
	if (*s->contact)
		TW_TRY(put_one(&w, TW_CSAF_SECURITYTXT, securitytxt));
	TW_TRY(put(user, "advisory.css", tw_slice_of(tw_csaf_css)));
	return put_years(&w);
}

static tw_err put_hash(struct writing *w, const char *algorithm, const char *suffix, const char *file, struct tw_slice text)
{
	char path[TW_CSAF_PATH_MAX];

	tw_buf_clear(&w->b);
	TW_TRY(tw_csaf_hash(w->b.sys, algorithm, strchr(file, '/') + 1, text, &w->b));
	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s.%s", file, suffix);
	return w->put(w->user, path, tw_buf_slice(&w->b));
}

tw_err tw_csaf_beside(const struct tw_sys *sys, const struct tw_csaf_site *s, const struct tw_csaf_published *p, tw_csaf_put put, void *user)
{
	TW_CLEANUP(writing_done) struct writing w = { s, put, user, { 0 } };
	const char *file = tw_json_text(p->entry, "file");
	char path[TW_CSAF_PATH_MAX];

	tw_buf_init(&w.b, sys, 2 * (size_t)TW_CSAF_MAX);
	TW_TRY(put_hash(&w, "sha-256", "sha256", file, p->text));
	TW_TRY(put_hash(&w, "sha-512", "sha512", file, p->text));
	tw_buf_clear(&w.b);
	TW_TRY(tw_csaf_page(sys, s, p->entry, p->document, &w.b));
	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%.*s.html", (int)(strlen(file) - strlen(".json")), file);
	return put(user, path, tw_buf_slice(&w.b));
}
