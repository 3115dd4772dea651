/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept-Encoding (RFC 9110 12.5.3): whether gzip is among what a client takes.
 *
 * What names gzip counts before "*", and of two that name it the one that takes it. An element that is not of the form (a coding, and at most one
 * weight) says nothing: whoever means something else by it is told 406 rather than sent what he may not be able to read.
 */
#include "service/http/http-inside.h"

#include "base/mem.h"

#include <string.h>

/* 12.4.2: "0" or "1" and at most three decimals, all of them 0 behind "1". */
static bool weight_valid(struct tw_slice q)
{
	if (q.size == 0 || q.size > 5 || (q.at[0] != '0' && q.at[0] != '1') || (q.size > 1 && q.at[1] != '.'))
		return false;
	for (size_t i = 2; i < q.size; i++)
		if (!tw_http_digit(q.at[i]) || (q.at[0] == '1' && q.at[i] != '0'))
			return false;
	return true;
}

static bool is_zero(struct tw_slice q)
{
	for (size_t i = 0; i < q.size; i++)
		if (q.at[i] != '0' && q.at[i] != '.')
			return false;
	return true;
}

/* One element: its coding, and whether its weight is above 0. False: not of the form. */
static bool read_coding(struct tw_slice element, struct tw_slice *ret_coding, bool *ret_taken)
{
	const char *semicolon = element.size ? memchr(element.at, ';', element.size) : NULL;

	*ret_coding = element;
	*ret_taken = true;
	if (!semicolon)
		return true;
	size_t size = (size_t)(semicolon - element.at);
	struct tw_slice weight = tw_http_trim((struct tw_slice){ semicolon + 1, element.size - size - 1 });
	if (weight.size < 3 || (weight.at[0] != 'q' && weight.at[0] != 'Q') || weight.at[1] != '=')
		return false;
	weight = (struct tw_slice){ weight.at + 2, weight.size - 2 };
	*ret_coding = tw_http_trim((struct tw_slice){ element.at, size });
	*ret_taken = !is_zero(weight);
	return weight_valid(weight);
}

bool tw_http_takes_gzip(const struct tw_http_head *h)
{
	bool asked = false, named = false, gzip = false, any = false, taken;
	struct tw_slice rest, element, coding;

	for (size_t i = 0; i < h->field_count; i++) {
		if (!tw_slice_is_nocase(h->fields[i].name, "accept-encoding"))
			continue;
		asked = true;
		rest = h->fields[i].value;
		while (tw_http_next_element(&rest, &element)) {
			if (!read_coding(element, &coding, &taken))
				continue;
			bool is_gzip = tw_slice_is_nocase(coding, "gzip") || tw_slice_is_nocase(coding, "x-gzip"); /* 8.4.1.3 */
			named |= is_gzip;
			gzip |= is_gzip && taken;
			any |= tw_slice_is(coding, "*") && taken;
		}
	}
	return !asked || (named ? gzip : any);
}
