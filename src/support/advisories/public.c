/* SPDX-License-Identifier: Apache-2.0 */
/* What is published, for everybody: the files of the tree, the list for people, and the way to one advisory's page. */
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"
#include "support/sql-support.h"
#include "support/subscriptions/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX 50

/* --- Files --- */

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".json", "application/json" },
	{ ".html", TW_PAGE_TYPE },
	{ ".css", "text/css; charset=utf-8" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".csv", "text/csv; charset=utf-8" },
	{ ".xml", "application/atom+xml" },
	{ ".asc", "text/plain; charset=utf-8" },
	{ ".sha256", "text/plain; charset=utf-8" },
	{ ".sha512", "text/plain; charset=utf-8" },
};

static const char *type_of(const char *path)
{
	size_t size = strlen(path);

	for (size_t i = 0; i < TW_COUNT(types); i++) {
		size_t ending = strlen(types[i].ending);

		if (size > ending && !strcmp(path + size - ending, types[i].ending))
			return types[i].type;
	}
	return NULL;
}

/* Names of the tree, and nothing that a file system reads another way: no name begins with a dot, and none is empty. A folder is its list. */
static bool path_of(struct tw_slice asked, char ret[TW_CSAF_PATH_MAX])
{
	bool fresh = true;

	if (!asked.size || asked.size + strlen("index.html") >= TW_CSAF_PATH_MAX)
		return false;
	for (size_t i = 0; i < asked.size; i++) {
		char c = asked.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._+-", c);

		if (!c || (c == '/' ? fresh : !plain) || (fresh && c == '.'))
			return false;
		fresh = c == '/';
	}
	(void)snprintf(ret, TW_CSAF_PATH_MAX, TW_SLICE_FMT "%s", TW_SLICE_ARG(asked), fresh ? "index.html" : "");
	return true;
}

static tw_err no_file(struct tw_reply *rp)
{
	return tw_advisory_refuse(rp, 404, "advisory.file", "There is no such file",
		"See provider-metadata.json for what there is.", "Nothing that is published has this address.");
}

static bool same_etag(const struct tw_request *rq, const char *etag)
{
	const struct tw_http_field *f = rq->head ? tw_http_find(rq->head, "If-None-Match") : NULL;

	return f && f->value.size && memmem(f->value.at, f->value.size, etag, strlen(etag));
}

/* Files of the tree are never written to again: each publishing makes all of them anew, so inode, time and size tell two of them apart. */
static tw_err give(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int *file, const char *type)
{
	struct stat st;

	if (c->sys->fstat(c->sys, *file, &st))
		return TW_RAISE_ERRNO("looking at a published file");
	if (!S_ISREG(st.st_mode))
		return no_file(rp);
	(void)snprintf(rp->etag, sizeof rp->etag, "\"%llx-%llx-%lx-%llx\"", (unsigned long long)st.st_ino,
		(unsigned long long)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec, (unsigned long long)st.st_size);
	if (same_etag(rq, rp->etag)) {
		rp->status = 304;
		return TW_OK;
	}
	rp->file = tw_take_fd(file);
	rp->has_file = true;
	rp->file_size = (uint64_t)st.st_size;
	rp->file_type = type;
	return TW_OK;
}

static int open_tree(struct tw_context *c)
{
	return c->sys->open_beneath(c->sys, tw_app_of(c)->dir, TW_ADVISORY_TREE, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

bool tw_advisories_there(struct tw_context *c)
{
	TW_CLEANUP(tw_closep) int tree = open_tree(c);

	return tree >= 0;
}

tw_err tw_advisories_file(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_closep) int tree = -1, file = -1;
	char path[TW_CSAF_PATH_MAX];

	if (!path_of(rq->parameter, path) || !type_of(path))
		return no_file(rp);
	tree = open_tree(c);
	if (tree >= 0)
		file = c->sys->open_beneath(c->sys, tree, path, O_RDONLY | O_CLOEXEC, 0);
	if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
		return no_file(rp);
	return file < 0 ? TW_RAISE_ERRNO("opening %s", path) : give(c, rq, rp, &file, type_of(path));
}

/* --- One --- */

static tw_err take_file(void *user, const tw_row *row)
{
	struct tw_slice file = tw_row_bytes(row, 0);

	if (file.size > strlen(".json") && file.size < TW_CSAF_PATH_MAX)
		(void)snprintf(user, TW_CSAF_PATH_MAX, "%.*s", (int)(file.size - strlen(".json")), file.at);
	return TW_OK;
}

/* Its page is one of the tree's, where aggregators and people find the same. */
tw_err tw_advisories_one(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_value v = TW_V_SLICE(rq->parameter);
	char file[TW_CSAF_PATH_MAX] = "";

	TW_TRY(tw_store_run(c->store, tw_sql_advisory_public_file, &v, 1, take_file, file));
	if (!*file)
		return tw_advisory_refuse(rp, 404, "advisory.unknown", "There is no such advisory",
			"See /advisories for those there are.", "No advisory of this id is published.");
	if ((size_t)snprintf(rp->location, sizeof rp->location, "/.well-known/csaf/" TW_CSAF_FOLDER "/%s.html", file) >= sizeof rp->location)
		return TW_RAISE(INTERNAL, "an advisory's address is too long");
	rp->status = 303;
	return TW_OK;
}

/* --- The list --- */

static const struct {
	const char *value;
	enum tw_word word;
} severities[] = {
	{ "", TW_W_RATING_ANY },
	{ "critical", TW_W_RATING_CRITICAL },
	{ "high", TW_W_RATING_HIGH },
	{ "medium", TW_W_RATING_MEDIUM },
	{ "low", TW_W_RATING_LOW },
	{ "none", TW_W_RATING_NONE },
};

struct listing {
	struct tw_html h;
	struct tw_look look;
	size_t count;
	int64_t last;
	bool more;
};

static void label(struct listing *l, const char *id, enum tw_word w)
{
	tw_html_open(&l->h, TW_E_LABEL);
	tw_html_attr(&l->h, TW_AT_FOR, tw_slice_of(id));
	tw_html_text(&l->h, tw_slice_of(tw_word(w, l->look.language)));
	tw_html_close(&l->h);
}

static void product_field(struct listing *l, const char *value)
{
	label(l, "product", TW_W_PRODUCT);
	tw_html_open(&l->h, TW_E_INPUT);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("text"));
	tw_html_attr(&l->h, TW_AT_ID, TW_SLICE("product"));
	tw_html_attr(&l->h, TW_AT_NAME, TW_SLICE("product"));
	tw_html_attr(&l->h, TW_AT_MAXLENGTH, TW_SLICE("100"));
	tw_html_attr(&l->h, TW_AT_VALUE, tw_slice_of(value));
	tw_html_close(&l->h);
}

static void severity_field(struct listing *l, const char *value)
{
	label(l, "severity", TW_W_RATING);
	tw_html_open(&l->h, TW_E_SELECT);
	tw_html_attr(&l->h, TW_AT_ID, TW_SLICE("severity"));
	tw_html_attr(&l->h, TW_AT_NAME, TW_SLICE("severity"));
	for (size_t i = 0; i < TW_COUNT(severities); i++) {
		tw_html_open(&l->h, TW_E_OPTION);
		tw_html_attr(&l->h, TW_AT_VALUE, tw_slice_of(severities[i].value));
		if (!strcmp(value, severities[i].value))
			tw_html_attr(&l->h, TW_AT_SELECTED, TW_SLICE(""));
		tw_html_text(&l->h, tw_slice_of(tw_word(severities[i].word, l->look.language)));
		tw_html_close(&l->h);
	}
	tw_html_close(&l->h);
}

static void form(struct listing *l, const char *product, const char *severity)
{
	tw_html_open(&l->h, TW_E_FORM);
	tw_html_attr(&l->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&l->h, TW_SLICE("/advisories"));
	if (l->look.chosen) {
		tw_html_open(&l->h, TW_E_INPUT);
		tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("hidden"));
		tw_html_attr(&l->h, TW_AT_NAME, TW_SLICE("lang"));
		tw_html_attr(&l->h, TW_AT_VALUE, tw_slice_of(tw_language_tag(l->look.language)));
		tw_html_close(&l->h);
	}
	product_field(l, product);
	severity_field(l, severity);
	tw_html_open(&l->h, TW_E_BUTTON);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_FILTER, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static const enum tw_word columns[] = { TW_W_ADVISORY, TW_W_TITLE, TW_W_RATING, TW_W_VERSION_OF, TW_W_UPDATED };

static void heads(struct listing *l)
{
	tw_page_class(&l->h, TW_E_TABLE, "cards");
	tw_html_open(&l->h, TW_E_THEAD);
	tw_html_open(&l->h, TW_E_TR);
	for (size_t i = 0; i < TW_COUNT(columns); i++) {
		tw_html_open(&l->h, TW_E_TH);
		tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("col"));
		tw_html_text(&l->h, tw_slice_of(tw_word(columns[i], l->look.language)));
		tw_html_close(&l->h);
	}
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	tw_html_open(&l->h, TW_E_TBODY);
}

static enum tw_word severity_word(struct tw_slice value)
{
	for (size_t i = 1; i < TW_COUNT(severities); i++)
		if (tw_slice_is(value, severities[i].value))
			return severities[i].word;
	return TW_W_RATING_UNKNOWN;
}

/* Its column's name is shown where the table has become cards. */
static void cell(struct listing *l, size_t column, struct tw_slice text)
{
	tw_html_open(&l->h, TW_E_TD);
	if (columns[column] == TW_W_UPDATED) /* a day stays in one line */
		tw_html_attr(&l->h, TW_AT_CLASS, TW_SLICE("id"));
	tw_page_class(&l->h, TW_E_SPAN, "label");
	tw_html_text(&l->h, tw_slice_of(tw_word(columns[column], l->look.language)));
	tw_html_text(&l->h, TW_SLICE(": "));
	tw_html_close(&l->h);
	tw_html_text(&l->h, text);
	tw_html_close(&l->h);
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct listing *l = user;
	struct tw_slice name = tw_row_bytes(row, 1), updated = tw_row_bytes(row, 5);
	char address[TW_ADVISORY_NAME_MAX + 16];

	if (l->count == LIST_MAX) {
		l->more = true;
		return TW_OK;
	}
	if (l->count++ == 0)
		heads(l);
	l->last = tw_row_int(row, 0);
	(void)snprintf(address, sizeof address, "/advisories/" TW_SLICE_FMT, TW_SLICE_ARG(name));
	tw_html_open(&l->h, TW_E_TR);
	tw_page_class(&l->h, TW_E_TD, "id");
	tw_html_open(&l->h, TW_E_A);
	tw_html_link(&l->h, tw_slice_of(address));
	tw_html_text(&l->h, name);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	cell(l, 1, tw_row_bytes(row, 2));
	cell(l, 2, tw_slice_of(tw_word(severity_word(tw_row_bytes(row, 3)), l->look.language)));
	cell(l, 3, tw_row_bytes(row, 4));
	cell(l, 4, (struct tw_slice){ updated.at, updated.size < 10 ? updated.size : 10 });
	tw_html_close(&l->h);
	return TW_OK;
}

/* Letters and digits as they are, and everything else as its bytes. */
static void put_query(char *ret, size_t size, const char *text)
{
	size_t at = strlen(ret);

	for (; *text && at + 4 < size; text++) {
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9');

		at += (size_t)snprintf(ret + at, size - at, plain ? "%c" : "%%%02X", plain ? *text : (int)(unsigned char)*text);
	}
}

static void older(struct listing *l, const char *product, const char *severity)
{
	char address[512];

	(void)snprintf(address, sizeof address, "/advisories?before=%lld&lang=%s&severity=", (long long)l->last,
		tw_language_tag(l->look.language));
	put_query(address, sizeof address, severity);
	(void)snprintf(address + strlen(address), sizeof address - strlen(address), "&product=");
	put_query(address, sizeof address, product);
	tw_html_open(&l->h, TW_E_P);
	tw_html_open(&l->h, TW_E_A);
	tw_html_link(&l->h, tw_slice_of(address));
	tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_OLDER, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void link_to(struct listing *l, const char *path, enum tw_word w)
{
	tw_html_open(&l->h, TW_E_LI);
	tw_html_open(&l->h, TW_E_A);
	tw_html_link(&l->h, tw_slice_of(path));
	tw_html_text(&l->h, tw_slice_of(tw_word(w, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void table_end(struct listing *l, const char *product, const char *severity)
{
	if (!l->count) {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_ADVISORIES_NONE);
		return;
	}
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	if (l->more)
		older(l, product, severity);
}

tw_err tw_advisories_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *asked = tw_json_text(rq->input, "product"), *severity = tw_json_text(rq->input, "severity");
	struct listing l = { .look = tw_look_of(rq) };
	int64_t before = tw_json_int(rq->input, "before");
	char product[128];

	(void)snprintf(product, sizeof product, "%s", asked);
	for (char *p = product; *p; p++)
		*p = tw_advisory_letter(*p);
	tw_page_open(&l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), l.look, "/advisories", TW_W_ADVISORIES);
	tw_page_put(&l.h, l.look, TW_E_P, TW_W_ADVISORIES_LEAD);
	form(&l, product, severity);
	const struct tw_value v[] = { TW_V_INT(before ? before : INT64_MAX), TW_V_TEXT(product), TW_V_TEXT(severity),
		TW_V_INT(LIST_MAX + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_public_list, v, TW_COUNT(v), list_one, &l));
	table_end(&l, product, severity);
	if (tw_advisories_there(c)) {
		tw_html_open(&l.h, TW_E_UL);
		link_to(&l, "/.well-known/csaf/" TW_CSAF_FOLDER "/atom.xml", TW_W_ATOM);
		link_to(&l, "/.well-known/csaf/" TW_CSAF_PROVIDER, TW_W_CSAF);
		tw_html_close(&l.h);
	}
	if (tw_app_of(c)->desk.contact_count)
		tw_subs_feeds(&l.h, l.look, tw_app_of(c)->products);
	tw_page_feedback(&l.h, l.look, "/advisories");
	return tw_page_close(&l.h);
}
