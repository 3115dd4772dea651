/* SPDX-License-Identifier: Apache-2.0 */
/* The advisories and how far each is on its way out; above them who signs, and why nobody does now. */
#include "base/mem.h"
#include "base/text.h"
#include "support/advisories/signing.h"
#include "support/desk/advisories-find.h"
#include "support/desk/desk.h"
#include "support/platform/app.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"

#include <string.h>

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	struct tw_advisories_query q;
	size_t rows;
	bool signs; /* somebody is to */
};

static void write_text(struct list *l, enum tw_word w)
{
	tw_html_text(&l->h, tw_slice_of(tw_word(w, l->look.language)));
}

static void write_failed(struct list *l, const char *why)
{
	if (!*why)
		return;
	tw_html_open(&l->h, TW_E_P);
	tw_desk_mark(&l->h, "late", tw_word(TW_W_SIGNING_FAILED, l->look.language));
	tw_html_text(&l->h, tw_slice_of(why));
	tw_html_close(&l->h);
}

static tw_err write_lacking(struct list *l, struct tw_context *c)
{
	int64_t lack = 0;
	char text[240];

	TW_TRY(tw_signing_unsigned(c, &lack));
	if (!lack)
		return TW_OK;
	tw_page_counted(tw_word(TW_W_SIGNING_LACK, l->look.language), (int)lack, text, sizeof text);
	tw_html_open(&l->h, TW_E_P);
	tw_desk_mark(&l->h, "soon", text);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_signer(struct list *l, struct tw_context *c)
{
	const struct tw_app *a = tw_app_of(c);

	if (!a->desk.signing_key[0]) {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_SIGNING_NOBODY);
		return TW_OK;
	}
	tw_html_open(&l->h, TW_E_P);
	write_text(l, a->desk.signed_by_person ? TW_W_SIGNING_PERSON : TW_W_SIGNING_ROLE);
	tw_html_text(&l->h, tw_slice_of(a->desk.signing_key));
	tw_html_close(&l->h);
	write_failed(l, tw_signing_missing(a));
	return write_lacking(l, c);
}

/* What waits is public in a step with its signature: for that, or, when it has it, for the tree to be written. */
static tw_err waits_for(struct list *l, const char *name, enum tw_word *ret)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	const char *state = "";

	TW_TRY(tw_advisory_load_name(l->c, name, &row));
	TW_TRY(tw_signing_state(l->c, &row, &state));
	*ret = strcmp(state, "signed") == 0 ? TW_W_SIGNATURE_SIGNED_WAITS : TW_W_SIGNATURE_WAITS;
	return TW_OK;
}

static tw_err write_signature(struct list *l, const char *waiting, bool is_public, bool has)
{
	enum tw_word why = TW_W_SIGNATURE_WAITS;

	if (*waiting && l->signs)
		TW_TRY(waits_for(l, waiting, &why));
	tw_desk_cell(&l->h, l->look, TW_W_SIGNATURE);
	if (*waiting && l->signs)
		tw_desk_mark(&l->h, "waiting", tw_word(why, l->look.language));
	else if (is_public)
		tw_desk_mark(&l->h, has ? "done" : "over", tw_word(has ? TW_W_SIGNATURE_SIGNED : TW_W_SIGNATURE_LACKS, l->look.language));
	else
		write_text(l, TW_W_SIGNATURE_NONE);
	tw_html_close(&l->h);
	return TW_OK;
}

static void write_severity(struct list *l, struct tw_slice rating)
{
	const size_t n = rating.size == 1 && *rating.at >= '0' && *rating.at <= '5' ? (size_t)(*rating.at - '0') : 0;

	tw_desk_cell(&l->h, l->look, TW_W_RATING);
	write_text(l, tw_advisories_severity(tw_advisories_severities[n]));
	tw_html_close(&l->h);
}

static void write_released(struct list *l, struct tw_slice when)
{
	int64_t ms = 0;

	tw_desk_cell(&l->h, l->look, TW_W_ADVISORY_PUBLIC);
	if (when.size && !tw_failed(tw_parse_time(when, &ms)))
		tw_page_time(&l->h, ms);
	tw_html_close(&l->h);
}

static tw_err write_row(void *user, const tw_row *row)
{
	struct list *l = user;
	const struct tw_slice name = tw_row_bytes(row, 0);
	char id[TW_ADVISORY_NAME_MAX], path[TW_DESK_PATH_MAX];
	const bool waits = tw_slice_is(tw_row_bytes(row, 2), tw_advisory_states[TW_ADVISORY_PUBLISHING]);

	tw_html_open(&l->h, TW_E_TR);
	tw_page_class(&l->h, TW_E_TH, "id");
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(name));
	(void)snprintf(path, sizeof path, TW_DESK_ADVISORIES "/%s", id);
	tw_page_link_text(&l->h, l->look, path, id);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_CASE_TITLE);
	tw_html_text(&l->h, tw_row_bytes(row, 1));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	tw_desk_advisory_state(&l->h, l->look, tw_row_bytes(row, 2));
	tw_html_close(&l->h);
	write_severity(l, tw_row_bytes(row, 6));
	TW_TRY(write_signature(l, waits ? id : "", tw_row_int(row, 4) != 0, tw_row_int(row, 5) != 0));
	tw_desk_cell(&l->h, l->look, TW_W_CHANGED);
	tw_page_time(&l->h, tw_row_int(row, 3));
	tw_html_close(&l->h);
	write_released(l, tw_row_bytes(row, 7));
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err find_row(void *user, const tw_row *row)
{
	const struct tw_value id = TW_V_INT(tw_row_int(row, 0));
	struct list *l = user;

	if (l->rows++ == TW_DESK_PAGE)
		return TW_OK;
	return tw_store_run(l->c->store, tw_sql_desk_advisory_row, &id, 1, write_row, l);
}

static tw_err write_table(struct list *l, int64_t all)
{
	static const struct {
		const char *by; /* NULL: nothing is sorted by it */
		enum tw_word word;
	} columns[] = { { "advisory", TW_W_ADVISORY }, { "title", TW_W_CASE_TITLE }, { "state", TW_W_STATE }, { "severity", TW_W_RATING },
		{ NULL, TW_W_SIGNATURE }, { "changed", TW_W_CHANGED }, { "released", TW_W_ADVISORY_PUBLIC } };

	tw_desk_table(&l->h, l->look, TW_W_ADVISORIES, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		if (columns[i].by)
			tw_desk_sorted(&l->h, l->look, &l->q.q, columns[i].by, l->q.place.sort, columns[i].word);
		else
			tw_desk_head(&l->h, l->look, columns[i].word);
	tw_desk_rows(&l->h);
	TW_TRY(tw_advisory_search(l->c, &l->q.search, &l->q.place, find_row, l));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	if (!l->rows)
		tw_page_put(&l->h, l->look, TW_E_P, all ? TW_W_ADVISORIES_NONE_HERE : TW_W_ADVISORIES_NONE);
	tw_desk_pages(&l->h, l->look, &l->q.q, l->q.page, l->rows > TW_DESK_PAGE);
	return TW_OK;
}

tw_err tw_desk_advisories(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX];
	int64_t all = 0;

	TW_TRY(tw_advisories_query(c, rq, rp, &l.q));
	if (rp->problem[0])
		return TW_OK;
	tw_desk_address(&l.q.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_ADVISORIES, l.look.language) };
	TW_TRY(tw_signing_needed(c, &l.signs));
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	TW_TRY(write_signer(&l, c));
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_ADVISORIES, NULL);
	TW_TRY(tw_desk_plans(c, rq, &l.h, l.look, false));
	TW_TRY(tw_advisories_states(c, &l.h, l.look, &l.q, &all));
	TW_TRY(tw_advisories_form(c, &l.h, l.look, &l.q));
	TW_TRY(write_table(&l, all));
	return tw_page_close(&l.h);
}
