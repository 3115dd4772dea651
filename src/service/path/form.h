/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a page's form (application/x-www-form-urlencoded, as the URL standard has browsers write it) as the object that an operation's
 * shape describes. Pure, but for memory.
 *
 * It is strict about what only a program could have sent: a percent sign without two digits, a key that is unknown or there twice, bytes that
 * are no UTF-8. It is not about what a person typed or pasted, which must be able to come back: line ends become LF, and control characters,
 * which no page can show, become U+FFFD. How long a text may be is the shape's to say; what it has to be, the handler's.
 */
#ifndef TW_SERVICE_FORM_H
#define TW_SERVICE_FORM_H
#include "base/json.h"
#include "service/path/request.h"

#define TW_FORM_KEY_MAX 63
/*
 * A TEXT is there as it came, also when it is empty. An INT that is empty is not there; one that is no whole number is refused. A BOOL is a box: true when its
 * value is "on", and not there else. SYNTAX says what is wrong and at which byte; LIMIT: body is longer than max.
 */
tw_err tw_form_parse(const struct tw_sys *sys, struct tw_slice body, size_t max, const struct tw_shape *shape, json_t **ret);
/*
 * The same of a multipart/form-data body (service/http/multipart.h), in which the field called files carries them: the first TW_UPLOADS_MAX
 * into ret_files, slices of the body; ret_count says how many there are. One without name and bytes is what a browser sends when none was
 * chosen, and is left out. max bounds each text. UNSUPPORTED: of another type.
 */
struct tw_form_parts {
	struct tw_slice content_type, body;
	const char *files;
	size_t max;
};
tw_err tw_form_parse_parts(const struct tw_sys *sys, const struct tw_form_parts *from, const struct tw_shape *shape,
	struct tw_upload ret_files[TW_UPLOADS_MAX], size_t *ret_count, json_t **ret);
#endif
