/* SPDX-License-Identifier: Apache-2.0 */
/* Between purl*.c and csaf-purl.c: where one part of a package URL ends and the next begins, and what its type asks for. */
#ifndef TW_FORMATS_PURL_INSIDE_H
#define TW_FORMATS_PURL_INSIDE_H
#include "formats/purl.h"

/* As they stand in the text, without the signs between them. A part that is absent is empty. */
struct tw_purl_parts {
	struct tw_slice type, namespace, name, version, query, subpath;
};
void tw_purl_split(struct tw_slice text, struct tw_purl_parts *ret); /* of what follows "pkg:" */
/* What stands before the sign; *s becomes what follows it, empty where there is no sign. */
struct tw_slice tw_purl_before(struct tw_slice *s, char sign);
bool tw_purl_encoded(struct tw_slice s); /* it begins with '%' and two hexadecimal digits */
/* Its texts as the type wants them, in their place; SYNTAX: what the type asks for is not there. */
tw_err tw_purl_finish(struct tw_purl *p);
#endif
