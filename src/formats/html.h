/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing HTML that cannot be anything else: escaping is not something a page remembers to do, there is no way around it.
 *
 * - Names of elements and attributes are values of two lists, never text. The lists hold no script, style, object or event handler, so
 *   none can be written, by whomever. A script is named by tw_html_script alone, which takes a file of ours and no text.
 * - Text and values of attributes pass through the escape and nothing else; there is no call that takes markup.
 * - An address goes through tw_html_link alone, which takes one of this site ("/report", "#main") or of https:, mailto: and tel:, and nothing that runs
 *   ("javascript:") or leaves the site unseen ("//host"). The list of attributes has no address among them.
 * - Control characters and bytes that are no valid UTF-8 are shown as U+FFFD: what was stored by mistake still cannot break out of its character.
 * - Elements are closed in the order they were opened; the writer knows which is open. tw_html_finish refuses a page with one open.
 *
 * The first failure stays, and everything after it does nothing: a page is written straight through, and asked once at its end.
 */
#ifndef TW_FORMATS_HTML_H
#define TW_FORMATS_HTML_H
#include "base/buf.h"

/* clang-format off */
#define TW_HTML_ELEMENTS(X)                                                                                                     \
	X(HTML, "html")                                                                                                         \
	X(HEAD, "head")                                                                                                         \
	X(TITLE, "title") X(META, "meta") X(LINK, "link") X(BODY, "body") X(HEADER, "header") X(NAV, "nav") X(MAIN, "main")     \
		X(FOOTER, "footer") X(SECTION, "section") X(H1, "h1") X(H2, "h2") X(H3, "h3") X(P, "p") X(A, "a") X(UL, "ul") X(OL, "ol")   \
			X(LI, "li") X(DL, "dl") X(DT, "dt") X(DD, "dd") X(STRONG, "strong") X(CODE, "code") X(PRE, "pre")       \
				X(TIME, "time") X(TABLE, "table") X(CAPTION, "caption") X(THEAD, "thead") X(TBODY, "tbody")     \
					X(TR, "tr") X(TH, "th") X(TD, "td") X(FORM, "form") X(LABEL, "label") X(INPUT, "input") \
						X(TEXTAREA, "textarea") X(BUTTON, "button") X(SELECT, "select") X(OPTION, "option") \
						X(FIELDSET, "fieldset") X(LEGEND, "legend") X(SPAN, "span") X(METER, "meter") \
						X(DETAILS, "details") X(SUMMARY, "summary")
#define TW_HTML_ATTRIBUTES(X)                                                                                           \
	X(LANG, "lang")                                                                                                 \
	X(CHARSET, "charset")                                                                                           \
	X(NAME, "name") X(CONTENT, "content") X(REL, "rel") X(ID, "id") X(CLASS, "class") X(FOR, "for") X(TYPE, "type") \
		X(VALUE, "value") X(MAXLENGTH, "maxlength") X(ROWS, "rows") X(REQUIRED, "required")                     \
			X(AUTOCOMPLETE, "autocomplete") X(DESCRIBEDBY, "aria-describedby") X(INVALID, "aria-invalid")   \
				X(SCOPE, "scope") X(DATETIME, "datetime") X(METHOD, "method") X(ROLE, "role") \
				X(SELECTED, "selected") X(HREFLANG, "hreflang") X(CHECKED, "checked") X(ARIA_LABEL, "aria-label") \
				X(CURRENT, "aria-current") X(SORT, "aria-sort") X(INPUTMODE, "inputmode") X(MIN, "min") X(MAX, "max") \
				X(LOW, "low") X(HIGH, "high") X(OPTIMUM, "optimum") X(TABINDEX, "tabindex") \
				X(ENCTYPE, "enctype") X(MULTIPLE, "multiple") \
				X(HIDDEN, "hidden") X(ACCESSKEY, "accesskey") X(READONLY, "readonly") X(DOWNLOAD, "download") X(OPEN, "open")
/* clang-format on */
enum tw_html_element {
#define X(name, text) TW_E_##name,
	TW_HTML_ELEMENTS(X)
#undef X
		TW_HTML_ELEMENT_COUNT
};
enum tw_html_attribute {
#define X(name, text) TW_AT_##name,
	TW_HTML_ATTRIBUTES(X)
#undef X
		TW_HTML_ATTRIBUTE_COUNT
};
#define TW_HTML_DEPTH 24 /* more than any page of ours nests */

struct tw_html {
	struct tw_buf *out; /* its max bounds the page */
	tw_err failed;
	enum tw_html_element open[TW_HTML_DEPTH];
	size_t depth;
	bool in_tag; /* attributes may still be added */
};
void tw_html_begin(struct tw_html *h, struct tw_buf *out); /* writes the doctype */
void tw_html_open(struct tw_html *h, enum tw_html_element e);
void tw_html_attr(struct tw_html *h, enum tw_html_attribute a, struct tw_slice value); /* right behind open, or another attribute */
/* href of a and link, action of form. Refused (DENIED): any other element, and an address that is not as said above. */
void tw_html_link(struct tw_html *h, struct tw_slice address);
bool tw_html_may_link(struct tw_slice address); /* of an a: what tw_html_link would take */
void tw_html_text(struct tw_html *h, struct tw_slice text);
void tw_html_close(struct tw_html *h); /* the last that is open; of an element that holds nothing, only its tag ends */
tw_err tw_html_finish(struct tw_html *h);

/*
 * A script of the program's own, the only thing here that runs: by its address alone, "/name.js", never as text. Where the answer does not say that its page
 * may run one (tw_reply's script), no browser does. DENIED: any other address.
 */
void tw_html_script(struct tw_html *h, struct tw_slice address);

/* The name of the window: no more of it, as it is written, than windows and lists of results show, whatever a case or an advisory is called. */
void tw_html_title(struct tw_html *h, struct tw_slice title);
#define TW_HTML_TITLE_MAX 70

/* An element with nothing but text in it. */
void tw_html_put(struct tw_html *h, enum tw_html_element e, const char *text);
#endif
