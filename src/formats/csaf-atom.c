/* SPDX-License-Identifier: Apache-2.0 */
/* The Atom feed (RFC 4287), for readers that know nothing of CSAF. Text is escaped here and nowhere else; XML 1.0 has no place for most control characters. */
#include "formats/csaf-site.h"

#include "base/text.h"
#include "formats/csaf-inside.h"

#include <stdio.h>
#include <string.h>

/* U+FFFE and U+FFFF are no characters of XML either. */
static bool is_xml(struct tw_slice c)
{
	if (c.size == 1)
		return (unsigned char)*c.at >= ' ' || *c.at == '\n' || *c.at == '\t';
	return c.size != 3 || memcmp(c.at, "\xef\xbf\xbe", 2) != 0 || (unsigned char)c.at[2] < 0xbe;
}

static tw_err text(struct tw_buf *b, const char *s)
{
	struct tw_slice rest = tw_slice_of(s);

	while (rest.size) {
		size_t n = tw_utf8_size(rest);
		struct tw_slice c = { rest.at, n ? n : 1 };

		TW_TRY(n && is_xml(c) ? tw_buf_html(b, c) : tw_buf_text(b, "\xef\xbf\xbd"));
		rest = (struct tw_slice){ rest.at + c.size, rest.size - c.size };
	}
	return TW_OK;
}

static tw_err element(struct tw_buf *b, const char *name, const char *s)
{
	TW_TRY(tw_buf_format(b, "<%s>", name));
	TW_TRY(text(b, s));
	return tw_buf_format(b, "</%s>\n", name);
}

/* In the one form that XML Schema and all readers take. */
static tw_err time_element(struct tw_buf *b, const char *name, const char *s)
{
	char form[TW_TIME_TEXT_MAX];
	int64_t ms;

	TW_TRY(tw_parse_time(tw_slice_of(s), &ms));
	tw_time_text(ms, form);
	return tw_buf_format(b, "<%s>%s</%s>\n", name, form, name);
}

static tw_err link_to(struct tw_buf *b, const char *rel, const char *type, const char *url, const char *path)
{
	TW_TRY(tw_buf_format(b, "<link rel=\"%s\" type=\"%s\" href=\"", rel, type));
	TW_TRY(text(b, url));
	TW_TRY(text(b, path));
	return tw_buf_text(b, "\"/>\n");
}

static tw_err entry_of(const struct tw_csaf_site *s, const json_t *entry, struct tw_buf *b)
{
	const char *file = tw_json_text(entry, "file");
	char path[TW_CSAF_PATH_MAX];

	TW_TRY(tw_buf_text(b, "<entry>\n<id>"));
	TW_TRY(text(b, s->url));
	TW_TRY(tw_buf_format(b, "/" TW_CSAF_FOLDER "/%s</id>\n", file));
	TW_TRY(element(b, "title", tw_json_text(entry, "title")));
	if (*tw_json_text(entry, "published"))
		TW_TRY(time_element(b, "published", tw_json_text(entry, "published")));
	TW_TRY(time_element(b, "updated", tw_json_text(entry, "updated")));
	(void)snprintf(path, sizeof(path), "/" TW_CSAF_FOLDER "/%.*s.html", (int)(strlen(file) - strlen(".json")), file);
	TW_TRY(link_to(b, "alternate", "text/html", s->url, path));
	(void)snprintf(path, sizeof(path), "/" TW_CSAF_FOLDER "/%s", file);
	TW_TRY(link_to(b, "related", "application/json", s->url, path));
	if (*tw_json_text(entry, "summary"))
		TW_TRY(element(b, "summary", tw_json_text(entry, "summary")));
	return tw_buf_text(b, "</entry>\n");
}

tw_err tw_csaf_atom_of(const struct tw_csaf_site *s, const struct tw_csaf_feed *f, struct tw_buf *b)
{
	const json_t *entry, *first = json_array_get(f->entries, 0);
	const char *name = tw_csaf_text(s->publisher, "name");
	size_t i;

	TW_TRY(tw_buf_text(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n"));
	TW_TRY(element(b, "id", f->self));
	TW_TRY(tw_buf_text(b, "<title>"));
	TW_TRY(text(b, name ? name : s->url));
	TW_TRY(text(b, f->title));
	TW_TRY(tw_buf_text(b, "</title>\n<author>\n"));
	TW_TRY(element(b, "name", name ? name : s->url));
	TW_TRY(tw_buf_text(b, "</author>\n"));
	TW_TRY(time_element(b, "updated", first ? tw_json_text(first, "updated") : s->updated));
	TW_TRY(link_to(b, "self", "application/atom+xml", f->self, ""));
	TW_TRY(link_to(b, "alternate", "text/html", f->page, ""));
	json_array_foreach(f->entries, i, entry)
		TW_TRY(entry_of(s, entry, b));
	return tw_buf_text(b, "</feed>\n");
}

tw_err tw_csaf_atom(const struct tw_csaf_site *s, struct tw_buf *b)
{
	char self[TW_CSAF_URL_MAX + 32], page[TW_CSAF_URL_MAX + 32];

	(void)snprintf(self, sizeof(self), "%s/" TW_CSAF_FOLDER "/atom.xml", s->url);
	(void)snprintf(page, sizeof(page), "%s/" TW_CSAF_FOLDER "/index.html", s->url);
	return tw_csaf_atom_of(s, &(const struct tw_csaf_feed){ self, page, ": security advisories", s->entries }, b);
}
