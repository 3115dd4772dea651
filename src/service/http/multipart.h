/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a multipart/form-data body (RFC 7578, as browsers write it), one after another: slices into it, no copy, no memory.
 *
 * Strict about what a browser and curl never send: something before the first delimiter or behind the last, other than one line end; a part without its name,
 * or with two; a header that is folded, too long or no text; a coding of the bytes. The delimiter is found wherever it stands, as everybody else finds it.
 */
#ifndef TW_SERVICE_MULTIPART_H
#define TW_SERVICE_MULTIPART_H
#include "base/buf.h"
#include "base/err.h"

#define TW_MULTIPART_BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define TW_MULTIPART_PARTS_MAX 64    /* no form here has half as many fields */
#define TW_MULTIPART_HEAD_MAX 2048   /* of a part: a file's name of 255 characters, each as several bytes, fits */

struct tw_multipart_part {
	struct tw_slice name; /* as it stands between its quotes */
	bool is_file;
	struct tw_slice file, type; /* of a file: its name and what it is said to be, as sent; may be empty */
	struct tw_slice bytes;
};
struct tw_multipart {
	struct tw_slice body;
	size_t at; /* behind the last delimiter that was read */
	char delimiter[4 + TW_MULTIPART_BOUNDARY_MAX];
	size_t delimiter_size;
	unsigned parts;
	bool ended;
};
/* content_type: the header's value. UNSUPPORTED: another type. SYNTAX: no boundary, or one that cannot be. */
tw_err tw_multipart_begin(struct tw_slice content_type, struct tw_slice body, struct tw_multipart *ret);
/* NOTFOUND: there are no more, and the body ended as it should. SYNTAX, LIMIT: what is wrong, and at which byte. */
tw_err tw_multipart_next(struct tw_multipart *m, struct tw_multipart_part *ret);
#endif
