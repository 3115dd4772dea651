/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/visit-page.h"

#include "formats/htmlscan.h"

#include <string.h>

static bool attribute_is(const struct tw_htmltag *t, const char *name, const char *value)
{
	struct tw_slice s;

	return tw_htmltag_attribute(t, name, &s) && tw_slice_is_nocase(s, value);
}

static bool is_form(const struct tw_htmltag *t)
{
	return !t->end && tw_htmltag_is(t, "form") && attribute_is(t, "action", "/report") && attribute_is(t, "method", "post") &&
		attribute_is(t, "enctype", "multipart/form-data");
}

/* It goes into a body that we write: nothing but what receipts are made of. */
static bool is_receipt(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (!((s.at[i] >= 'A' && s.at[i] <= 'Z') || (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '-'))
			return false;
	return s.size > 0 && s.size <= TW_VISIT_RECEIPT_MAX;
}

static bool is_ended(const struct tw_htmltag *t, const char *name)
{
	return t->end && tw_htmltag_is(t, name);
}

tw_err tw_visit_form(struct tw_slice page, struct tw_slice *ret_receipt)
{
	struct tw_htmlscan s = tw_htmlscan_of(page);
	struct tw_slice receipt = { NULL, 0 };
	bool inside = false, seen = false, text = false, has = false;
	struct tw_htmltag t;

	while (tw_htmlscan_next(&s, &t) && !(inside && is_ended(&t, "form"))) {
		inside = inside || is_form(&t);
		seen = seen || inside;
		if (!inside || t.end)
			continue;
		text = text || (tw_htmltag_is(&t, "textarea") && attribute_is(&t, "name", "description"));
		if (!has && tw_htmltag_is(&t, "input") && attribute_is(&t, "name", "receipt"))
			has = tw_htmltag_attribute(&t, "value", &receipt) && is_receipt(receipt);
	}
	if (!seen)
		return TW_RAISE(NOTFOUND, "the page has no form for reports");
	if (!text)
		return TW_RAISE(NOTFOUND, "the form has no field for what happens");
	if (!has)
		return TW_RAISE(NOTFOUND, "the form brings no receipt");
	*ret_receipt = receipt;
	return TW_OK;
}

bool tw_visit_shows(struct tw_slice page, struct tw_slice receipt)
{
	struct tw_htmlscan s = tw_htmlscan_of(page);
	bool inside = false, shown = false;
	struct tw_htmltag t;

	while (!shown && tw_htmlscan_next(&s, &t)) {
		shown = inside && is_ended(&t, "code") && t.before.size == receipt.size &&
			memcmp(t.before.at, receipt.at, receipt.size) == 0;
		inside = !t.end && tw_htmltag_is(&t, "code");
	}
	return shown;
}
