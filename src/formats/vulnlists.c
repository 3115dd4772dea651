/* SPDX-License-Identifier: Apache-2.0 */
/* KEV and EPSS: lists of CVE ids with what is known of each. See vulnfeed.h. */
#include "base/text.h"
#include "formats/vulnfeed.h"

/* --- KEV --- */

static tw_err check_date(size_t i, const char *key, const char *text)
{
	char time[TW_TIME_TEXT_MAX];
	int64_t ms;

	(void)snprintf(time, sizeof time, "%.10sT00:00:00Z", text);
	if (strlen(text) != 10 || tw_failed(tw_parse_time(tw_slice_of(time), &ms)))
		return TW_RAISE(SYNTAX, "/vulnerabilities/%zu/%s: is no date", i, key);
	return TW_OK;
}

static tw_err read_row(const json_t *row, size_t i, struct tw_kev *ret)
{
	static const struct tw_shape shape[] = { { "cveID", TW_JSON_TEXT, true, 1, TW_CVE_ID_MAX },
		{ "vendorProject", TW_JSON_TEXT, true, 0, 1024 }, { "product", TW_JSON_TEXT, true, 0, 1024 },
		{ "dateAdded", TW_JSON_TEXT, true, 10, 10 }, { "dueDate", TW_JSON_TEXT, true, 10, 10 },
		{ "knownRansomwareCampaignUse", TW_JSON_TEXT, false, 0, 64 }, { "*", TW_JSON_ANY }, { 0 } };
	tw_err e = tw_json_check(row, shape);
	char detail[TW_DETAIL_MAX];

	if (tw_failed(e)) {
		(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
		return TW_RAISE(SYNTAX, "/vulnerabilities/%zu: %s", i, detail);
	}
	*ret = (struct tw_kev){ tw_json_text(row, "cveID"), tw_json_text(row, "vendorProject"), tw_json_text(row, "product"),
		tw_json_text(row, "dateAdded"), tw_json_text(row, "dueDate"),
		!strcmp(tw_json_text(row, "knownRansomwareCampaignUse"), "Known") };
	if (!tw_cve_id(tw_slice_of(ret->cve)))
		return TW_RAISE(SYNTAX, "/vulnerabilities/%zu/cveID: is no id of a CVE", i);
	TW_TRY(check_date(i, "dateAdded", ret->added));
	return check_date(i, "dueDate", ret->due);
}

tw_err tw_kev_read(struct tw_slice text, tw_kev_visit visit, void *user)
{
	static const struct tw_shape shape[] = { { "catalogVersion", TW_JSON_TEXT, true, 1, 64 },
		{ "count", TW_JSON_INT, true, 0, 0 }, { "vulnerabilities", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	const json_t *row, *list;
	struct tw_kev one;
	size_t i;

	TW_TRY(tw_json_parse(text, TW_KEV_MAX, &o));
	TW_TRY(tw_json_check(o, shape));
	list = json_object_get(o, "vulnerabilities");
	if (tw_json_int(o, "count") != (int64_t)json_array_size(list))
		return TW_RAISE(SYNTAX, "/count: %lld, and there are %zu", (long long)tw_json_int(o, "count"), json_array_size(list));
	json_array_foreach(list, i, row) {
		TW_TRY(read_row(row, i, &one));
		TW_TRY(visit(user, &one));
	}
	return TW_OK;
}

/* --- EPSS --- */

static struct tw_slice before(struct tw_slice *s, char sign)
{
	const char *found = s->size ? memchr(s->at, sign, s->size) : NULL;
	struct tw_slice first = { s->at, found ? (size_t)(found - s->at) : s->size };

	*s = found ? (struct tw_slice){ found + 1, s->size - first.size - 1 } : (struct tw_slice){ s->at + first.size, 0 };
	return first;
}

static struct tw_slice next_line(struct tw_slice *s)
{
	struct tw_slice line = before(s, '\n');

	line.size -= line.size && line.at[line.size - 1] == '\r';
	return line;
}

/* "-05" */
static bool read_exponent(struct tw_slice text, uint64_t *ret)
{
	size_t skip = text.size > 2 && text.at[1] == '0' ? 2 : 1;

	return text.size > skip && *text.at == '-' &&
		!tw_failed(tw_parse_u64((struct tw_slice){ text.at + skip, text.size - skip }, 99, ret));
}

/* From 0 to 1, as "0.00043", "1" or "9e-05", in millionths. */
static bool read_share(struct tw_slice text, uint32_t *ret)
{
	struct tw_slice rest = text, number = before(&rest, 'e'), fraction = number, whole = before(&fraction, '.');
	uint64_t down = 0, value = 0;

	if (whole.size != 1 || (*whole.at != '0' && *whole.at != '1' && number.size == text.size))
		return false;
	if (number.size < text.size && !read_exponent(rest, &down))
		return false;
	if (tw_failed(tw_parse_u64(whole, 9, &value)) || (whole.size < number.size && !fraction.size))
		return false;
	for (size_t i = 0; i < fraction.size; i++)
		if (fraction.at[i] < '0' || fraction.at[i] > '9')
			return false;
	for (size_t i = 0; i < 6; i++)
		value = value * 10 + (i < fraction.size ? (uint64_t)(fraction.at[i] - '0') : 0);
	for (; down && value; down--)
		value /= 10;
	*ret = (uint32_t)value;
	return value <= 1000000;
}

static tw_err read_epss_row(struct tw_slice line, size_t number, struct tw_epss *ret)
{
	struct tw_slice rest = line, cve = before(&rest, ','), probability = before(&rest, ',');

	if (!tw_cve_id(cve))
		return TW_RAISE(SYNTAX, "line %zu: the first value is no id of a CVE", number);
	ret->cve = cve;
	if (!read_share(probability, &ret->probability) || !read_share(rest, &ret->percentile))
		return TW_RAISE(SYNTAX, "line %zu: want a probability and a percentile from 0 to 1 behind the id", number);
	return TW_OK;
}

tw_err tw_epss_read(struct tw_slice text, tw_epss_visit visit, void *user)
{
	struct tw_slice rest = text;
	struct tw_epss one;
	size_t number = 1;

	if (text.size > TW_EPSS_MAX)
		return TW_RAISE(LIMIT, "a file of %zu bytes, at most %d are read", text.size, TW_EPSS_MAX);
	struct tw_slice line = next_line(&rest);
	if (line.size && *line.at == '#') {
		line = next_line(&rest);
		number++;
	}
	if (!tw_slice_is(line, "cve,epss,percentile"))
		return TW_RAISE(SYNTAX, "line %zu: want the head cve,epss,percentile", number);
	while (rest.size) {
		line = next_line(&rest);
		TW_TRY(read_epss_row(line, ++number, &one));
		TW_TRY(visit(user, &one));
	}
	return TW_OK;
}
