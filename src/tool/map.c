/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-sized: 320 units wide, so that on a phone one unit is about one pixel. */
#include "tool/map.h"

#include "formats/catalog.h"
#include "tool/verdict.h"

#include <string.h>

#define WIDTH 320
#define CELL 11
#define STEP 14
#define PER_LINE (WIDTH / STEP)
#define LABEL 16
#define GAP 10

struct capability {
	const char *code, *name;
};
static const struct capability of_device[] = {
	{ "DI", "Device identification" },
	{ "DC", "Device configuration" },
	{ "DP", "Data protection" },
	{ "LA", "Who may do what" },
	{ "SU", "Software update" },
	{ "SA", "State awareness" },
	{ "DS", "Security of the device" },
	{ NULL, NULL },
};
static const struct capability of_support[] = {
	{ "DO", "Documentation" },
	{ "QR", "Questions and reports" },
	{ "IN", "What customers are told" },
	{ "ED", "Education" },
	{ NULL, NULL },
};
/* What is drawn: a catalog by its capabilities, and what was found of it. */
struct map {
	const struct tw_catalog_row *rows;
	const struct capability *capabilities;
	const json_t *elements;
};

static size_t cells_of(const struct map *m, const char *code)
{
	size_t n = 0;

	for (const struct tw_catalog_row *row = m->rows; row->id; row++)
		n += !strcmp(row->capability, code);
	return n;
}

static tw_err shape(struct tw_buf *b, const char *verdict, size_t x, size_t y)
{
	if (!strcmp(verdict, "pass"))
		return tw_buf_format(b, "<path class=\"pass\" d=\"M%zu %zul3 4 5 -8\"/>", x + 2, y + 5);
	if (!strcmp(verdict, "fail"))
		return tw_buf_format(b, "<path class=\"fail\" d=\"M%zu %zul7 7m0 -7l-7 7\"/>", x + 2, y + 2);
	if (!strcmp(verdict, "inconclusive"))
		return tw_buf_format(b,
			"<path class=\"inconclusive\" d=\"M%zu %zuq0 -2 2.500 -2t2.500 2q0 1.500 -2.500 2.500v1m0 1.500v1.200\"/>",
			x + 3, y + 4);
	return tw_buf_format(b, "<path class=\"na\" d=\"M%zu %zuh7\"/>", x + 2, y + 5);
}

static const char *style_of(const char *verdict)
{
	if (!strcmp(verdict, "pass"))
		return " is-pass";
	if (!strcmp(verdict, "fail"))
		return " is-fail";
	return strcmp(verdict, "inconclusive") ? " is-na" : " is-open";
}

static tw_err cell(struct tw_buf *b, const struct tw_catalog_row *row, const json_t *elements, size_t x, size_t y)
{
	const json_t *e = tw_verdict_of(elements, row->id);

	TW_TRY(tw_buf_text(b, "<g><title>"));
	TW_TRY(tw_buf_html(b, tw_slice_of(row->id)));
	TW_TRY(tw_buf_text(b, ": "));
	TW_TRY(tw_buf_html(b, tw_slice_of(e ? tw_json_text(e, "verdict") : "not assessed")));
	TW_TRY(tw_buf_format(b, "</title><rect class=\"cell%s\" x=\"%zu.5\" y=\"%zu.5\" width=\"%d\" height=\"%d\"/>",
		e ? style_of(tw_json_text(e, "verdict")) : "", x, y, CELL, CELL));
	if (e)
		TW_TRY(shape(b, tw_json_text(e, "verdict"), x, y));
	return tw_buf_text(b, "</g>");
}

/* How many of a capability have each verdict, as "12 pass, 1 fail"; nothing where none was assessed. */
static tw_err counts(struct tw_buf *b, const struct map *m, const char *capability)
{
	static const char *const verdicts[][2] = { { "pass", "\xe2\x9c\x93" }, { "fail", "\xe2\x9c\x97" }, { "inconclusive", "?" },
		{ "not applicable", "\xe2\x80\x93" } };

	for (size_t v = 0; v < TW_COUNT(verdicts); v++) {
		size_t n = 0;

		for (const struct tw_catalog_row *row = m->rows; row->id; row++)
			n += !strcmp(row->capability, capability) &&
				!strcmp(tw_json_text(tw_verdict_of(m->elements, row->id), "verdict"), verdicts[v][0]);
		if (n)
			TW_TRY(tw_buf_format(b, " %s %zu", verdicts[v][1], n));
	}
	return TW_OK;
}

static tw_err row_of(struct tw_buf *b, const struct map *m, const struct capability *c, size_t *y)
{
	size_t n = 0, count = cells_of(m, c->code);

	TW_TRY(tw_buf_format(b, "<text x=\"0\" y=\"%zu\">%s, %zu abilities", *y + LABEL - 5, c->name, count));
	TW_TRY(tw_buf_format(b, "</text><text class=\"count\" x=\"%d\" y=\"%zu\">", PER_LINE * STEP - STEP + CELL + 1, *y + LABEL - 5));
	TW_TRY(counts(b, m, c->code));
	TW_TRY(tw_buf_text(b, "</text>\n"));
	*y += LABEL;
	for (const struct tw_catalog_row *row = m->rows; row->id; row++) {
		if (strcmp(row->capability, c->code) != 0)
			continue;
		TW_TRY(cell(b, row, m->elements, n % PER_LINE * STEP, *y + n / PER_LINE * STEP));
		n++;
	}
	*y += (count + PER_LINE - 1) / PER_LINE * STEP + GAP;
	return tw_buf_text(b, "\n");
}

tw_err tw_map_svg(struct tw_buf *b, bool support, const json_t *elements)
{
	const struct map m = { support ? tw_supporting : tw_catalog, support ? of_support : of_device, elements };
	size_t height = 0, y = 0;

	for (const struct capability *c = m.capabilities; c->code; c++)
		height += LABEL + (cells_of(&m, c->code) + PER_LINE - 1) / PER_LINE * STEP + GAP;
	TW_TRY(tw_buf_format(b,
		"<svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-labelledby=\"map-title\">\n"
		"<title id=\"map-title\">Map of the catalog: %zu of %zu abilities were assessed; the table below says which</title>\n",
		WIDTH, height, json_array_size(elements), support ? tw_supporting_count : tw_catalog_count));
	for (const struct capability *c = m.capabilities; c->code; c++)
		TW_TRY(row_of(b, &m, c, &y));
	return tw_buf_text(b, "</svg>\n");
}
