/* SPDX-License-Identifier: Apache-2.0 */
/* Components across releases: a search by how a name, a package URL or a CPE name begins; without one, the releases there are. */
#include "base/mem.h"
#include "base/text.h"
#include "support/components/pages.h"
#include "support/rows-components.h"

#include <string.h>

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	struct tw_component_search q;
	char release[24];
	int64_t last;
	size_t rows;
	bool more;
};

static void write_columns(struct list *l, enum tw_word name, const enum tw_word *columns, size_t count)
{
	tw_desk_table(&l->h, l->look, name, false);
	for (size_t i = 0; i < count; i++)
		tw_desk_head(&l->h, l->look, columns[i]);
	tw_desk_rows(&l->h);
}

static void write_cell(struct list *l, enum tw_word column, struct tw_slice text)
{
	tw_desk_cell(&l->h, l->look, column);
	tw_html_text(&l->h, text);
	tw_html_close(&l->h);
}

/* --- The search --- */

static void write_line(struct list *l, const char *key, enum tw_word label, size_t most, const char *value)
{
	const struct tw_field field = { .key = key, .label = label, .hint = TW_WORDS, .most = most, .plain = true };

	tw_field_write(&l->h, l->look, &field, value, TW_WORDS);
}

static tw_err write_form(struct list *l)
{
	static const struct {
		const char *value;
		enum tw_word word;
	} by[] = { { "name", TW_W_COMPONENTS_BY_NAME }, { "purl", TW_W_COMPONENTS_BY_PURL }, { "cpe", TW_W_COMPONENTS_BY_CPE } };
	static const struct tw_field field = { .key = "by", .label = TW_W_COMPONENTS_BY, .hint = TW_WORDS, .plain = true };

	tw_page_put(&l->h, l->look, TW_E_P, TW_W_COMPONENTS_LEAD);
	tw_parts_form(&l->h, l->look, TW_DESK_COMPONENTS);
	tw_field_choose(&l->h, l->look, &field);
	for (size_t i = 0; i < TW_COUNT(by); i++)
		tw_field_option(&l->h, by[i].value, tw_word(by[i].word, l->look.language), !strcmp(by[i].value, l->q.by));
	tw_html_close(&l->h);
	write_line(l, "text", TW_W_COMPONENTS_TEXT, TW_PART_NAME_MAX, l->q.text);
	write_line(l, "version", TW_W_VERSION_OF, TW_PART_VERSION_MAX, l->q.version);
	TW_TRY(tw_parts_choose_release(l->c, &l->h, l->look, l->q.release));
	tw_parts_button(&l->h, l->look, TW_W_FILTER);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_component(void *user, const struct tw_component_found *f)
{
	static const enum tw_word columns[] = { TW_W_COMPONENT, TW_W_VERSION_OF, TW_W_RELEASE, TW_W_COMPONENTS_BY_PURL,
		TW_W_COMPONENTS_BY_CPE, TW_W_COMPONENTS_SUPPLIER };
	struct list *l = user;
	char release[200];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->rows++ == 0)
		write_columns(l, TW_W_COMPONENTS, columns, TW_COUNT(columns));
	l->last = f->id;
	(void)snprintf(release, sizeof release, TW_SLICE_FMT " " TW_SLICE_FMT, TW_SLICE_ARG(f->product), TW_SLICE_ARG(f->release_version));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, f->name);
	tw_html_close(&l->h);
	write_cell(l, TW_W_VERSION_OF, f->version);
	write_cell(l, TW_W_RELEASE, tw_slice_of(release));
	write_cell(l, TW_W_COMPONENTS_BY_PURL, f->purl);
	write_cell(l, TW_W_COMPONENTS_BY_CPE, f->cpe);
	write_cell(l, TW_W_COMPONENTS_SUPPLIER, f->supplier);
	tw_html_close(&l->h);
	return TW_OK;
}

/* A form in place of a link: what was typed may be longer than an address of ours. */
static void write_next(struct list *l)
{
	char after[24];

	if (!l->more)
		return;
	(void)snprintf(after, sizeof after, "%lld", (long long)l->last);
	tw_parts_form(&l->h, l->look, TW_DESK_COMPONENTS);
	tw_form_hidden(&l->h, "by", l->q.by);
	tw_form_hidden(&l->h, "text", l->q.text);
	tw_form_hidden(&l->h, "version", l->q.version);
	tw_form_hidden(&l->h, "release", l->release);
	tw_form_hidden(&l->h, "after", after);
	tw_parts_button(&l->h, l->look, TW_W_PAGE_BEHIND);
	tw_html_close(&l->h);
}

static void end_table(struct list *l, enum tw_word none)
{
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, none);
	}
}

static tw_err write_found(struct list *l, uint64_t after)
{
	const struct tw_component_reader to = { take_component, l };

	l->q.limit = TW_DESK_PAGE + 1;
	TW_TRY(tw_component_search_after(l->c, after, &l->q, &to));
	end_table(l, TW_W_COMPONENTS_NONE);
	write_next(l);
	return TW_OK;
}

/* --- Releases --- */

static void write_count(struct list *l, enum tw_word column, int64_t count, const char *path)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lld", (long long)count);
	tw_desk_cell(&l->h, l->look, column);
	if (count && path)
		tw_page_link_text(&l->h, l->look, path, text);
	else
		tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

static void write_vex(struct list *l, const struct tw_release_shown *r)
{
	char path[TW_DESK_PATH_MAX];

	tw_desk_cell(&l->h, l->look, TW_W_VEX);
	if (r->findings_ms) {
		(void)snprintf(path, sizeof path, "/desk/vex/v%lld?format=csaf", (long long)r->id);
		tw_page_link(&l->h, l->look, path, TW_W_VEX_CSAF);
		tw_html_text(&l->h, TW_SLICE(" "));
		(void)snprintf(path, sizeof path, "/desk/vex/v%lld?format=openvex", (long long)r->id);
		tw_page_link(&l->h, l->look, path, TW_W_VEX_OPENVEX);
	}
	tw_html_close(&l->h);
}

static tw_err take_release(void *user, const struct tw_release_shown *r)
{
	static const enum tw_word columns[] = { TW_W_RELEASE, TW_W_COMPONENTS_COUNT, TW_W_RELEASE_WAITING, TW_W_VEX, TW_W_UPDATED };
	struct list *l = user;
	char path[TW_DESK_PATH_MAX], name[200];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->rows++ == 0)
		write_columns(l, TW_W_RELEASES, columns, TW_COUNT(columns));
	l->last = r->id;
	(void)snprintf(name, sizeof name, TW_SLICE_FMT " " TW_SLICE_FMT, TW_SLICE_ARG(r->product), TW_SLICE_ARG(r->version));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, tw_slice_of(name));
	tw_html_close(&l->h);
	(void)snprintf(path, sizeof path, TW_DESK_COMPONENTS "?release=v%lld", (long long)r->id);
	write_count(l, TW_W_COMPONENTS_COUNT, r->components, path);
	(void)snprintf(path, sizeof path, TW_DESK_TRIAGE "?release=v%lld&view=waiting", (long long)r->id);
	write_count(l, TW_W_RELEASE_WAITING, r->waiting, path);
	write_vex(l, r);
	tw_desk_cell(&l->h, l->look, TW_W_UPDATED);
	tw_page_time(&l->h, r->components_ms > r->findings_ms ? r->components_ms : r->findings_ms);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_releases(struct list *l, uint64_t after)
{
	const struct tw_release_reader to = { take_release, l };
	char path[TW_DESK_PATH_MAX];

	tw_page_put(&l->h, l->look, TW_E_H2, TW_W_RELEASES);
	TW_TRY(tw_releases_read(l->c, (int64_t)after, TW_DESK_PAGE + 1, &to));
	end_table(l, TW_W_RELEASES_NONE);
	if (!l->more)
		return TW_OK;
	(void)snprintf(path, sizeof path, TW_DESK_COMPONENTS "?after=%lld", (long long)l->last);
	tw_page_class(&l->h, TW_E_P, "pages");
	tw_page_link(&l->h, l->look, path, TW_W_PAGE_BEHIND);
	tw_html_close(&l->h);
	return TW_OK;
}

tw_err tw_desk_components(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .look = tw_look_of(rq) };
	uint64_t after = 0;

	TW_TRY(tw_component_search_of(c, rq->input, rp, &l.q));
	if (rp->problem[0])
		return TW_OK;
	if (tw_failed(tw_parse_u64(tw_slice_of(tw_json_text(rq->input, "after")), INT64_MAX, &after)))
		after = 0; /* what is no place begins anew */
	if (l.q.release)
		tw_components_id('v', l.q.release, l.release);
	const struct tw_staff_frame f = { c, rq, TW_DESK_COMPONENTS, tw_word(TW_W_COMPONENTS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	TW_TRY(write_form(&l));
	if (*l.q.text || l.q.release)
		TW_TRY(write_found(&l, after));
	else
		TW_TRY(write_releases(&l, after));
	return tw_page_close(&l.h);
}
