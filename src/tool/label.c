/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward label`: what is stuck on the housing. Two labels for each unit, made for different places:
 *
 *   SERIAL.svg         public, outside: which unit this is. Anybody may read it, and nobody can take the device over with it.
 *   SERIAL-sealed.svg  only with --with-secret: the secret for taking over and the key to expect; inside the box, or under a seal
 *
 * One by one, or on sheets to print and cut. Units come from label files of `thingward provision`, or of a batch, or from the registry, which
 * knows no secrets; a unit of the registry that gets its label here gets a line there that says so.
 */
#include "crypto/hash.h"
#include "formats/labelcode.h"
#include "sys/durable.h"
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/label-draw.h"
#include "tool/session.h"

#include "base/text.h"

#define UNITS_MAX 10000
#define PICTURE_MAX (128 * 1024 * 1024)
#define SHEET_MAX (16 * 1024 * 1024)
#define MARGIN_MM 10.0
#define GAP_MM 2.0

const struct tw_option tw_options_label[] = {
	{ "out", "DIR", true, "where the pictures go" },
	{ "label", "FILE", false, "a label file made by `thingward provision`; again for more" },
	{ "batch", "DIR", false, "in place of label files: all those that `thingward provision batch` left there" },
	{ "ca", "DIR", false, "in place of label files: all units of this registry" },
	{ "serial", "SERIAL", false, "with --ca: only this unit; again for more" },
	{ "size", "WIDTHxHEIGHT", false, "of one label in millimetres (60x25)" },
	{ "sheet", "a4|letter", false, "many on a page, to print and cut" },
	{ "png", "DPI", false, "the code alone as PNG too, for label printers: so many dots to the inch" },
	{ "with-secret", NULL, false, "make the sealed labels too; they hold the secret for taking over" },
	{},
};

struct sheet {
	const char *name; /* "sheet" or "sealed": what the pages are called */
	double width, height;
	int columns, rows, filled, pages;
	struct tw_buf page;
};
struct labels {
	struct tw_tool *t;
	const struct tw_sys *sys;
	const struct tw_args *args;
	int out, dpi;
	size_t count;
	double width, height;
	bool secret, on_sheets;
	struct sheet sheet[2]; /* public, sealed */
	json_t *units;         /* with --json: what each public code says */
};
struct unit {
	struct tw_labelcode code;
	char physical[TW_PHYSICAL_ID_MAX + 1];
	const char *serial, *model;
};

static void labels_done(struct labels *l)
{
	tw_closep(&l->out);
	json_decref(l->units);
	for (size_t i = 0; i < TW_COUNT(l->sheet); i++)
		if (l->sheet[i].page.data)
			tw_buf_wipe(&l->sheet[i].page);
}

static void wipe_done(struct tw_buf *b)
{
	if (b->data)
		tw_buf_wipe(b);
}

static tw_err usage(struct labels *l, const char *hint, const char *what)
{
	return tw_fail(l->t, TW_EXIT_USAGE, hint, TW_RAISE(SYNTAX, "%s", what));
}

static tw_err read_size(struct labels *l)
{
	const char *text = tw_arg(l->args, "size");
	const char *x = text ? strchr(text, 'x') : NULL;
	uint64_t width = 60, height = 25;

	if (text &&
		(!x || tw_failed(tw_parse_u64((struct tw_slice){ text, (size_t)(x - text) }, 200, &width)) ||
			tw_failed(tw_parse_u64(tw_slice_of(x + 1), 200, &height)) || height < 5 || width < height + 10))
		return usage(l, "--size 60x25: whole millimetres, at least 10 wider than high, at most 200", "this is no size for a label");
	l->width = (double)width;
	l->height = (double)height;
	return TW_OK;
}

static tw_err read_sheet(struct labels *l)
{
	const char *text = tw_arg(l->args, "sheet");
	bool a4 = text && !strcmp(text, "a4");

	if (!text)
		return TW_OK;
	if (!a4 && strcmp(text, "letter") != 0)
		return usage(l, "--sheet a4, or --sheet letter", "this is no size for a sheet");
	l->on_sheets = true;
	for (size_t i = 0; i < TW_COUNT(l->sheet); i++) {
		struct sheet *s = &l->sheet[i];

		s->name = i ? "sealed" : "sheet";
		s->width = a4 ? 210 : 215.9;
		s->height = a4 ? 297 : 279.4;
		s->columns = (int)((s->width - 2 * MARGIN_MM + GAP_MM) / (l->width + GAP_MM));
		s->rows = (int)((s->height - 2 * MARGIN_MM + GAP_MM) / (l->height + GAP_MM));
		tw_buf_init(&s->page, l->sys, SHEET_MAX);
		if (s->columns < 1 || s->rows < 1)
			return usage(l, "a smaller --size", "not one label of this size fits the sheet");
	}
	return TW_OK;
}

static tw_err read_options(struct labels *l)
{
	const char *png = tw_arg(l->args, "png");
	uint64_t dpi = 0;

	TW_TRY(read_size(l));
	TW_TRY(read_sheet(l));
	if (png && (tw_failed(tw_parse_u64(tw_slice_of(png), 2400, &dpi)) || dpi < 72))
		return usage(l, "--png 300: 72 to 2400 dots to the inch", "this is no resolution");
	l->dpi = (int)dpi;
	l->secret = tw_arg(l->args, "with-secret") != NULL;
	if (!!tw_arg(l->args, "label") + !!tw_arg(l->args, "ca") + !!tw_arg(l->args, "batch") != 1)
		return usage(l, "--label FILE, or --batch DIR, or --ca DIR", "whose labels?");
	if (l->secret && tw_arg(l->args, "ca"))
		return usage(l, "--label FILE, for each unit its own, or --batch DIR", "the registry knows no secrets");
	return tw_dir_make(l->sys, tw_arg(l->args, "out"), 0755, &l->out);
}

static void group(const uint8_t *bytes, size_t size, char *ret)
{
	for (size_t i = 0; i < size; i++)
		ret += snprintf(ret, 4, i % 2 && i + 1 < size ? "%02x " : "%02x", bytes[i]);
}

static void public_lines(const struct unit *u, struct tw_label_drawing *d)
{
	(void)snprintf(d->line[0], sizeof(d->line[0]), "%.60s", u->model);
	(void)snprintf(d->line[1], sizeof(d->line[1]), "ID %s", u->physical);
	(void)snprintf(d->line[2], sizeof(d->line[2]), "%s", u->code.identifier);
}

static void sealed_lines(const struct unit *u, struct tw_label_drawing *d)
{
	char hex[64];

	(void)snprintf(d->line[0], sizeof(d->line[0]), "%.60s ID %s", u->model, u->physical);
	for (size_t i = 0; i < 2; i++) {
		group(u->code.secret + 8 * i, 8, hex);
		(void)snprintf(d->line[1 + i], sizeof(d->line[0]), "%s %s", i ? "      " : "secret", hex);
	}
	for (size_t i = 0; i < 4; i++) {
		group(u->code.listener + 8 * i, 8, hex);
		(void)snprintf(d->line[3 + i], sizeof(d->line[0]), "%s %s", i ? "      " : "key   ", hex);
	}
	tw_wipe(hex, sizeof(hex));
}

static tw_err end_page(struct labels *l, struct sheet *s)
{
	char name[32];

	if (!s->filled)
		return TW_OK;
	(void)snprintf(name, sizeof(name), "%s-%02d.svg", s->name, ++s->pages);
	TW_TRY(tw_label_svg_end(&s->page));
	TW_TRY(tw_file_text(l->sys, l->out, name, tw_buf_cstr(&s->page), s == &l->sheet[1] ? 0600 : 0644));
	tw_buf_wipe(&s->page);
	s->filled = 0;
	return TW_OK;
}

static tw_err put_on_sheet(struct labels *l, struct sheet *s, const struct tw_label_drawing *d)
{
	int column = s->filled % s->columns, row = s->filled / s->columns;
	double x = MARGIN_MM + column * (l->width + GAP_MM), y = MARGIN_MM + row * (l->height + GAP_MM);

	if (!s->filled) {
		TW_TRY(tw_buf_reserve(&s->page, 64 * 1024 * (size_t)(s->columns * s->rows)));
		TW_TRY(tw_label_svg_begin(&s->page, s->width, s->height));
	}
	TW_TRY(tw_buf_format(&s->page,
		"<g transform=\"translate(%.2f %.2f)\"><rect width=\"%.2f\" height=\"%.2f\" fill=\"none\" stroke=\"darkgray\" stroke-width=\"0.1\"/>\n",
		x, y, l->width, l->height));
	TW_TRY(tw_label_svg(d, &s->page));
	TW_TRY(tw_buf_text(&s->page, "</g>\n"));
	return ++s->filled == s->columns * s->rows ? end_page(l, s) : TW_OK;
}

static tw_err put_alone(struct labels *l, const char *name, const struct tw_label_drawing *d, mode_t mode)
{
	TW_CLEANUP(wipe_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, l->sys, SHEET_MAX);
	TW_TRY(tw_buf_reserve(&b, 128 * 1024));
	TW_TRY(tw_label_svg_begin(&b, l->width, l->height));
	TW_TRY(tw_label_svg(d, &b));
	TW_TRY(tw_label_svg_end(&b));
	return tw_file_text(l->sys, l->out, name, tw_buf_cstr(&b), mode);
}

static tw_err put_png(struct labels *l, const char *name, const struct tw_label_drawing *d, mode_t mode)
{
	TW_CLEANUP(wipe_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, l->sys, PICTURE_MAX);
	TW_TRY(tw_label_png(d, l->dpi, &b));
	return tw_durable_replace(l->sys, l->out, name, b.data, b.size, mode);
}

static tw_err draw(struct labels *l, const struct unit *u, bool sealed)
{
	TW_CLEANUP(wipe_done) struct tw_buf text = { 0 };
	struct tw_labelcode code = u->code;
	struct tw_label_drawing d = { .width_mm = l->width, .height_mm = l->height };
	char name[TW_SERIAL_MAX + 16];
	mode_t mode = sealed ? 0600 : 0644;

	code.has_listener = code.has_secret = sealed;
	tw_buf_init(&text, l->sys, TW_LABELCODE_MAX);
	tw_err e = tw_labelcode_write(&code, &text);
	tw_wipe(&code, sizeof(code));
	TW_TRY(e);
	d.code = tw_buf_cstr(&text);
	(sealed ? sealed_lines : public_lines)(u, &d);
	if (!sealed)
		TW_TRY(tw_json_append(l->units,
			json_pack("{s:s, s:s, s:s}", "identifier", u->code.identifier, "physical_id", u->physical, "code", d.code)));
	(void)snprintf(name, sizeof(name), "%s%s.svg", u->serial, sealed ? "-sealed" : "");
	e = l->on_sheets ? put_on_sheet(l, &l->sheet[sealed], &d) : put_alone(l, name, &d, mode);
	(void)snprintf(name, sizeof(name), "%s%s.png", u->serial, sealed ? "-sealed" : "");
	if (!tw_failed(e) && l->dpi)
		e = put_png(l, name, &d, mode);
	tw_wipe(&d, sizeof(d));
	return e;
}

static tw_err add(struct labels *l, struct unit *u)
{
	TW_TRY(tw_physical_id(u->code.identifier, u->physical));
	if (l->count++ == UNITS_MAX)
		return TW_RAISE(LIMIT, "more than %d labels at once", UNITS_MAX);
	TW_TRY(draw(l, u, false));
	return l->secret ? draw(l, u, true) : TW_OK;
}

static tw_err from_file(struct labels *l, const char *path)
{
	TW_CLEANUP(tw_label_done) struct tw_label label = { .secret = NULL };

	TW_TRY(tw_label_read(l->sys, path, &label));
	struct unit u = { .serial = label.serial, .model = label.model, .code = { .has_listener = true, .has_secret = true } };
	(void)snprintf(u.code.identifier, sizeof(u.code.identifier), "%s", label.identifier);
	memcpy(u.code.listener, label.listener, sizeof(label.listener));
	memcpy(u.code.secret, tw_secret_bytes(label.secret), TW_LABELCODE_SECRET);
	tw_err e = add(l, &u);
	tw_wipe(&u.code, sizeof(u.code));
	return e;
}

static bool wanted(const struct labels *l, const char *serial)
{
	for (size_t i = 0; tw_arg_nth(l->args, "serial", i); i++)
		if (!strcmp(tw_arg_nth(l->args, "serial", i), serial))
			return true;
	return !tw_arg(l->args, "serial");
}

static tw_err note(struct labels *l, tw_registry *r, const struct unit *u)
{
	char now[TW_TIME_TEXT_MAX];

	tw_time_text(tw_now_ms(l->sys), now);
	TW_CLEANUP(tw_jsonp)
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "state", "labelled", "time", now, "identifier", u->code.identifier,
		"serial", u->serial, "physical_id", u->physical);
	return line ? tw_registry_add(r, line) : TW_RAISE(NOMEM, "registry line");
}

/* @nist DI.PI.1: the label is made from the provisioning record, and the record says that it was */
static tw_err from_registry(struct labels *l)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	TW_CLEANUP(tw_closep) int dir = -1;
	size_t i, before;
	json_t *line;

	TW_TRY(tw_ca_open(l->t, tw_arg(l->args, "ca"), &dir));
	TW_TRY(tw_registry_open(l->sys, dir, &r));
	before = json_array_size(tw_registry_lines(r));
	for (i = 0; i < before; i++) {
		line = json_array_get(tw_registry_lines(r), i);
		struct unit u = { .serial = tw_json_text(line, "serial"), .model = tw_json_text(line, "model") };

		if (strcmp(tw_json_text(line, "state"), "complete") != 0 || !wanted(l, u.serial))
			continue;
		(void)snprintf(u.code.identifier, sizeof(u.code.identifier), "%s", tw_json_text(line, "identifier"));
		TW_TRY(add(l, &u));
		TW_TRY(note(l, r, &u));
	}
	if (!l->count)
		return TW_RAISE(NOTFOUND, "the registry has no such unit");
	return tw_registry_sync(r);
}

/* Names of label files, sorted, so that sheets come out the same each time. */
struct names {
	json_t *list;
	bool failed;
};

static bool take_name(void *user, const char *name)
{
	static const char end[] = ".label.json";
	struct names *n = user;
	size_t size = strlen(name);

	if (size > sizeof(end) - 1 && !strcmp(name + size - (sizeof(end) - 1), end))
		n->failed = tw_failed(tw_json_append(n->list, json_string(name)));
	return !n->failed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_err from_names(struct labels *l, const char *dir, const json_t *list)
{
	size_t count = json_array_size(list), i;
	TW_CLEANUP(tw_freep) const char **sorted = tw_alloc_array(l->sys, count, sizeof(*sorted));
	json_t *name;

	if (!sorted)
		return TW_RAISE(NOMEM, "labels");
	json_array_foreach(list, i, name)
		sorted[i] = json_string_value(name);
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (i = 0; i < count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, l->sys, 4096);
		TW_TRY(tw_buf_format(&b, "%s/%s", dir, sorted[i]));
		TW_TRY(from_file(l, tw_buf_cstr(&b)));
	}
	return TW_OK;
}

static tw_err from_batch(struct labels *l, const char *path)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct names n = { .list = list };

	if (!list)
		return TW_RAISE(NOMEM, "labels");
	TW_TRY(tw_dir_open(l->sys, path, &dir));
	if (l->sys->list(l->sys, dir, take_name, &n) != 0)
		return TW_RAISE_ERRNO("reading %s", path);
	if (n.failed)
		return TW_RAISE(NOMEM, "labels");
	if (!json_array_size(list))
		return TW_RAISE(NOTFOUND, "%s holds no label files", path);
	return from_names(l, path, list);
}

static tw_err make_all(struct labels *l)
{
	if (tw_arg(l->args, "batch"))
		TW_TRY(from_batch(l, tw_arg(l->args, "batch")));
	if (tw_arg(l->args, "ca"))
		TW_TRY(from_registry(l));
	for (size_t i = 0; tw_arg_nth(l->args, "label", i); i++)
		TW_TRY(from_file(l, tw_arg_nth(l->args, "label", i)));
	for (size_t i = 0; i < TW_COUNT(l->sheet); i++)
		TW_TRY(end_page(l, &l->sheet[i]));
	return TW_OK;
}

tw_err tw_cmd_label(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(labels_done) struct labels l = { .t = t, .sys = t->sys, .args = a, .out = -1, .units = json_array() };

	if (!l.units)
		return TW_RAISE(NOMEM, "labels");
	TW_TRY(read_options(&l));
	tw_err e = make_all(&l);
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_fail(t, TW_EXIT_FAILED, "a larger --size, or more dots for --png", e);
	TW_TRY(e);
	if (t->json) {
		TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s, s:O}", "wrote", tw_arg(a, "out"), "units", l.units);
		return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(t, "%zu %s: %s.%s\n", l.count, l.count == 1 ? "unit" : "units", tw_arg(a, "out"),
		l.secret ? " The sealed labels hold secrets: print them, then destroy the pictures." : "");
}
