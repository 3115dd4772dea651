/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the tags of a page that somebody else wrote: where a form leads, what its fields are called, what stands in an element. It is no parser of
 * HTML and mends nothing: whatever opens with < and a letter, or with </ and a letter, is a tag until its >, everything else is text, and what
 * stands in script, style, textarea and title is text until that element ends. Pure: slices of the page come out, nothing is kept.
 */
#ifndef TW_FORMATS_HTMLSCAN_H
#define TW_FORMATS_HTMLSCAN_H
#include "base/buf.h"

struct tw_htmlscan {
	struct tw_slice rest, raw; /* raw: the name of the element whose text holds no tags, or empty */
};
struct tw_htmltag {
	struct tw_slice name, attributes;
	struct tw_slice before; /* the text between the tag before and this one, as it stands there */
	bool end;               /* </name> */
};
struct tw_htmlscan tw_htmlscan_of(struct tw_slice page);
bool tw_htmlscan_next(struct tw_htmlscan *s, struct tw_htmltag *ret); /* false: there is no tag any more */
bool tw_htmltag_is(const struct tw_htmltag *t, const char *name);     /* whatever the case of its letters */
/* The value as it stands there, "" without one; the first of that name. False: it has none. */
bool tw_htmltag_attribute(const struct tw_htmltag *t, const char *name, struct tw_slice *ret);
/* Adds the text with its references (&amp; &#39; &#x2019; and so on) resolved; one that is not known stays as it is. */
tw_err tw_html_resolve(struct tw_slice text, struct tw_buf *ret);
#endif
