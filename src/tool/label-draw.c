/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QR codes by libqrencode, PNG by libpng. The code is as high as the label: error correction M, which a scratch may cost 15 % of
 * its area, and a quiet zone of four modules on every side, which scanners need as much as the code itself.
 */
#include "tool/label-draw.h"

#include "base/mem.h"

#include <png.h>
#include <qrencode.h>

#define QUIET 4
#define MODULE_MIN_MM 0.25 /* what a hand-held scanner and a label printer of 203 dpi can do */
#define LETTER_MIN_MM 1.1
#define LETTER_WIDTH 0.62 /* of a monospaced letter, in its height */
#define PIXELS_MAX 8192

static void qr_freep(QRcode **q)
{
	if (*q && (*q)->data)
		tw_wipe((*q)->data, (size_t)(*q)->width * (size_t)(*q)->width);
	QRcode_free(*q);
}

static tw_err encode(const struct tw_label_drawing *d, QRcode **ret, double *ret_module_mm)
{
	TW_CLEANUP(qr_freep) QRcode *q = QRcode_encodeString8bit(d->code, 0, QR_ECLEVEL_M);

	if (!q)
		return TW_RAISE_ERRNO("the QR code");
	*ret_module_mm = d->height_mm / (q->width + 2 * QUIET);
	if (*ret_module_mm < MODULE_MIN_MM)
		return TW_RAISE(LIMIT, "a label %.0f mm high makes modules of %.2f mm; scanners need %.2f: at least %.0f mm",
			d->height_mm, *ret_module_mm, MODULE_MIN_MM, MODULE_MIN_MM * (q->width + 2 * QUIET) + 0.5);
	*ret = TW_STEAL(q);
	return TW_OK;
}

static bool dark(const QRcode *q, int x, int y)
{
	return q->data[y * q->width + x] & 1;
}

/* One path; each run of dark modules is a bar. */
static tw_err draw_code(const QRcode *q, double module, struct tw_buf *b)
{
	TW_TRY(tw_buf_format(b, "<path transform=\"scale(%.5f) translate(%d %d)\" fill=\"black\" shape-rendering=\"crispEdges\" d=\"",
		module, QUIET, QUIET));
	for (int y = 0; y < q->width; y++)
		for (int x = 0, run; x < q->width; x += run) {
			for (run = 1; x + run < q->width && dark(q, x + run, y) == dark(q, x, y);)
				run++;
			if (dark(q, x, y))
				TW_TRY(tw_buf_format(b, "M%d %dh%dv1h-%dz", x, y, run, run));
		}
	return tw_buf_text(b, "\"/>\n");
}

static tw_err draw_lines(const struct tw_label_drawing *d, struct tw_buf *b)
{
	double left = d->height_mm, room = d->width_mm - d->height_mm - 1;
	size_t count = 0;

	while (count < TW_LABEL_LINES_MAX && d->line[count][0])
		count++;
	double step = d->height_mm / (double)(count + 1);
	for (size_t i = 0; i < count; i++) {
		double size = step * 0.8, fits = room / (LETTER_WIDTH * (double)strlen(d->line[i]));

		size = size < fits ? size : fits;
		if (size < LETTER_MIN_MM)
			return TW_RAISE(LIMIT, "on a label of %.0f x %.0f mm the letters would be %.1f mm high; people need %.1f",
				d->width_mm, d->height_mm, size, LETTER_MIN_MM);
		TW_TRY(tw_buf_format(b, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\">", left, step * (double)(i + 1) + size * 0.35, size));
		TW_TRY(tw_buf_html(b, tw_slice_of(d->line[i])));
		TW_TRY(tw_buf_text(b, "</text>\n"));
	}
	return TW_OK;
}

tw_err tw_label_svg_begin(struct tw_buf *ret, double width_mm, double height_mm)
{
	return tw_buf_format(ret,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.2fmm\" height=\"%.2fmm\" viewBox=\"0 0 %.2f %.2f\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		width_mm, height_mm, width_mm, height_mm);
}

tw_err tw_label_svg_end(struct tw_buf *ret)
{
	return tw_buf_text(ret, "</svg>\n");
}

tw_err tw_label_svg(const struct tw_label_drawing *d, struct tw_buf *ret)
{
	TW_CLEANUP(qr_freep) QRcode *q = NULL;
	double module;

	TW_TRY(encode(d, &q, &module));
	TW_TRY(tw_buf_text(ret, "<g fill=\"black\" font-family=\"'DejaVu Sans Mono', 'Liberation Mono', monospace\">\n"));
	TW_TRY(draw_code(q, module, ret));
	TW_TRY(draw_lines(d, ret));
	return tw_buf_text(ret, "</g>\n");
}

static void pixels_of(const QRcode *q, int scale, uint8_t *pixels, int side)
{
	memset(pixels, 255, (size_t)side * (size_t)side);
	for (int y = 0; y < q->width * scale; y++)
		for (int x = 0; x < q->width * scale; x++)
			if (dark(q, x / scale, y / scale))
				pixels[(size_t)(y + QUIET * scale) * (size_t)side + (size_t)(x + QUIET * scale)] = 0;
}

static tw_err write_png(const uint8_t *pixels, int side, struct tw_buf *ret)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)side, .height = (png_uint_32)side, .format = PNG_FORMAT_GRAY };
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);

	TW_TRY(tw_buf_reserve(ret, size));
	if (!png_image_write_to_memory(&image, ret->data, &size, 0, pixels, 0, NULL))
		return TW_RAISE(INTERNAL, "the picture: %s", image.message);
	ret->size = size;
	return TW_OK;
}

tw_err tw_label_png(const struct tw_label_drawing *d, int dpi, struct tw_buf *ret)
{
	TW_CLEANUP(qr_freep) QRcode *q = NULL;
	TW_CLEANUP(tw_freep) uint8_t *pixels = NULL;
	double module;

	TW_TRY(encode(d, &q, &module));
	int scale = (int)(module * dpi / 25.4), side = (q->width + 2 * QUIET) * scale;
	if (scale < 2)
		return TW_RAISE(LIMIT, "%d dots to the inch give a module of %d dots; scanners need two", dpi, scale);
	if (side > PIXELS_MAX)
		return TW_RAISE(LIMIT, "the picture would have %d dots a side, limit %d", side, PIXELS_MAX);
	pixels = ret->sys->alloc(ret->sys, (size_t)side * (size_t)side);
	if (!pixels)
		return TW_RAISE(NOMEM, "the picture");
	pixels_of(q, scale, pixels, side);
	tw_err e = write_png(pixels, side, ret);
	tw_wipe(pixels, (size_t)side * (size_t)side);
	return e;
}

static bool dark_within(const QRcode *q, int x, int y)
{
	return x >= 0 && y >= 0 && x < q->width && y < q->width && dark(q, x, y);
}

/* Black on white whatever the terminal's colours are: a code the other way round many scanners do not read. */
tw_err tw_label_terminal(const char *code, struct tw_buf *ret)
{
	static const char *const halves[2][2] = { { " ", "\xe2\x96\x84" }, { "\xe2\x96\x80", "\xe2\x96\x88" } }; /* upper, lower */
	TW_CLEANUP(qr_freep) QRcode *q = QRcode_encodeString8bit(code, 0, QR_ECLEVEL_L);

	if (!q)
		return TW_RAISE_ERRNO("the QR code");
	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		TW_TRY(tw_buf_text(ret, "\033[30;107m"));
		for (int x = -QUIET; x < q->width + QUIET; x++)
			TW_TRY(tw_buf_text(ret, halves[dark_within(q, x, y)][dark_within(q, x, y + 1)]));
		TW_TRY(tw_buf_text(ret, "\033[0m\n"));
	}
	return TW_OK;
}
