/* SPDX-License-Identifier: Apache-2.0 */
/* The ways that reports come by: which does not work, since when, what was seen of it, and what ended it. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/intake/collector.h"
#include "support/intake/stranger.h"
#include "support/platform/app.h"
#include "support/query-reception/report.h"

#include <stdio.h>
#include <string.h>

struct ways {
	struct tw_html *h;
	struct tw_look look;
	size_t rows;
	bool open;
};

static enum tw_word way_word(const char *channel)
{
	if (!strcmp(channel, TW_WAY_BOTH))
		return TW_W_WAY_BOTH;
	return strcmp(channel, TW_WAY_MAIL) ? TW_W_WAY_FORM : TW_W_WAY_MAIL;
}

static enum tw_word what_word(const char *what)
{
	static const struct {
		const char *what;
		enum tw_word word;
	} rows[] = { { TW_WAY_ROOM, TW_W_WAY_ROOM }, { TW_WAY_REPORTS, TW_W_WAY_REPORTS }, { TW_WAY_BUSY, TW_W_WAY_BUSY } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!strcmp(rows[i].what, what))
			return rows[i].word;
	return TW_W_WAY_CANARY;
}

static void cell(struct ways *w, enum tw_word head, const char *text)
{
	tw_desk_cell(w->h, w->look, head);
	tw_html_text(w->h, tw_slice_of(text));
	tw_html_close(w->h);
}

static void begin(struct ways *w)
{
	static const enum tw_word heads[] = { TW_W_WAY_WHAT, TW_W_WAY_SINCE, TW_W_STATE, TW_W_WAY_SAW };

	tw_desk_table(w->h, w->look, TW_W_WAYS, false);
	tw_desk_head(w->h, w->look, TW_W_WAY);
	for (size_t i = 0; i < TW_COUNT(heads); i++)
		tw_desk_head(w->h, w->look, heads[i]);
	tw_desk_rows(w->h);
}

static void write_state(struct ways *w, const struct tw_way_alarm *a)
{
	tw_desk_cell(w->h, w->look, TW_W_STATE);
	tw_desk_mark(w->h, a->over_ms ? "done" : "late", tw_word(a->over_ms ? TW_W_WAY_ENDED : TW_W_WAY_OPEN, w->look.language));
	if (a->over_ms) {
		tw_html_text(w->h, TW_SLICE(" "));
		tw_page_time(w->h, a->over_ms);
	}
	tw_html_close(w->h);
}

/* What was seen comes from the programs that saw it, and is English. */
static void write_seen(struct ways *w, const struct tw_way_alarm *a)
{
	tw_desk_cell(w->h, w->look, TW_W_WAY_SAW);
	tw_html_open(w->h, TW_E_SPAN);
	tw_html_attr(w->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_text(w->h, tw_slice_of(a->seen));
	if (*a->late) {
		tw_html_text(w->h, TW_SLICE(" "));
		tw_html_text(w->h, tw_slice_of(a->late));
	}
	tw_html_close(w->h);
	tw_html_close(w->h);
}

static tw_err write_row(void *user, const struct tw_way_alarm *a)
{
	struct ways *w = user;

	if (w->rows++ == 0)
		begin(w);
	w->open = w->open || !a->over_ms;
	tw_html_open(w->h, TW_E_TR);
	tw_html_open(w->h, TW_E_TH);
	tw_html_attr(w->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(w->h, tw_slice_of(tw_word(way_word(a->channel), w->look.language)));
	tw_html_close(w->h);
	cell(w, TW_W_WAY_WHAT, tw_word(what_word(a->what), w->look.language));
	tw_desk_cell(w->h, w->look, TW_W_WAY_SINCE);
	tw_page_time(w->h, a->since_ms);
	tw_html_close(w->h);
	write_state(w, a);
	write_seen(w, a);
	tw_html_close(w->h);
	return TW_OK;
}

static tw_err write_came(struct tw_context *c, struct ways *w, const char *channel)
{
	struct tw_canary k;

	TW_TRY(tw_canary_read(c->store, channel, &k));
	if (!k.came_ms)
		return TW_OK;
	tw_page_class(w->h, TW_E_P, "quiet");
	tw_html_text(w->h, tw_slice_of(tw_word(TW_W_WAY_CAME, w->look.language)));
	tw_html_text(w->h, tw_slice_of(tw_word(way_word(channel), w->look.language)));
	tw_html_text(w->h, TW_SLICE(", "));
	tw_page_time(w->h, k.came_ms);
	tw_html_close(w->h);
	return TW_OK;
}

static tw_err write_left(struct tw_context *c, const struct ways *w)
{
	char text[40];
	int64_t kept = 0;

	TW_TRY(tw_report_count(c->store, &kept));
	(void)snprintf(text, sizeof text, "%lld", (long long)(kept < TW_REPORTS_MAX ? TW_REPORTS_MAX - kept : 0));
	tw_page_class(w->h, TW_E_P, "quiet");
	tw_html_text(w->h, tw_slice_of(tw_word(TW_W_WAY_LEFT, w->look.language)));
	tw_html_text(w->h, tw_slice_of(text));
	tw_html_close(w->h);
	return TW_OK;
}

tw_err tw_desk_ways(struct tw_context *c, struct tw_html *h, struct tw_look look)
{
	struct ways w = { .h = h, .look = look };
	const bool off = tw_stranger_missing(tw_app_of(c)) && !tw_collector_canary(tw_app_of(c));

	tw_page_put(h, look, TW_E_H2, TW_W_WAYS);
	TW_TRY(tw_way_list(c->store, TW_WAY_ALARMS_SHOWN, write_row, &w));
	if (w.rows) {
		tw_html_close(h);
		tw_html_close(h);
	}
	if (!w.open)
		tw_page_put(h, look, TW_E_P, off ? TW_W_WAYS_OFF : TW_W_WAYS_WELL);
	TW_TRY(write_came(c, &w, TW_WAY_MAIL));
	TW_TRY(write_came(c, &w, TW_WAY_FORM));
	return write_left(c, &w);
}
