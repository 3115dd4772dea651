/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules by which bytes are refused: status, code and words of each, and the classes of bytes they speak of.
 *
 * Where we are stricter than a MUST or SHOULD of the RFCs, the row says "we": absolute-form, HTTP/1.0, chunk extensions.
 */
#include "service/http/http-inside.h"

#include "base/mem.h"

struct rule_row {
	int status;
	enum tw_code code;
	const char *rule;
};

static const struct rule_row rules[] = {
#define RULE_ROW(name, status, code, rule) { status, TW_CODE_##code, rule },
	TW_HTTP_RULES(RULE_ROW)
#undef RULE_ROW
};

tw_err tw_http_fault_at(struct tw_http_fault *ret, enum tw_http_rule rule, size_t offset)
{
	const struct rule_row *row = &rules[rule];

	*ret = (struct tw_http_fault){ .status = row->status, .rule = row->rule, .offset = offset };
	return tw_raise(row->code, __func__, __LINE__, "byte %zu: %s", offset, row->rule);
}

tw_err tw_http_refuse(const struct tw_http_reading *r, enum tw_http_rule rule, const char *at)
{
	return tw_http_fault_at(r->fault, rule, (size_t)(at - r->bytes.at));
}

const uint8_t tw_http_class[256] = {
	['\t'] = TW_BYTE_VALUE,
	[' '] = TW_BYTE_VALUE,
	['!'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['"'] = TW_BYTE_VALUE,
	['#'] = TW_BYTE_TOKEN | TW_BYTE_VALUE,
	['$'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['%'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['&'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['\''] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['('] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	[')'] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['*'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['+'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	[','] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['-'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	['.'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	['/'] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['0' ... '9'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	[':'] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	[';'] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['<'] = TW_BYTE_VALUE,
	['='] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['>'] = TW_BYTE_VALUE,
	['?'] = TW_BYTE_VALUE,
	['@'] = TW_BYTE_PCHAR | TW_BYTE_VALUE,
	['A' ... 'Z'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	['['] = TW_BYTE_VALUE,
	['\\'] = TW_BYTE_VALUE,
	[']'] = TW_BYTE_VALUE,
	['^'] = TW_BYTE_TOKEN | TW_BYTE_VALUE,
	['_'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	['`'] = TW_BYTE_TOKEN | TW_BYTE_VALUE,
	['a' ... 'z'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE | TW_BYTE_HOST,
	['{'] = TW_BYTE_VALUE,
	['|'] = TW_BYTE_TOKEN | TW_BYTE_VALUE,
	['}'] = TW_BYTE_VALUE,
	['~'] = TW_BYTE_TOKEN | TW_BYTE_PCHAR | TW_BYTE_VALUE,
	[0x80 ... 0xff] = TW_BYTE_VALUE,
};

const char *tw_http_outside(struct tw_slice s, uint8_t class)
{
	for (size_t i = 0; i < s.size; i++)
		if (!(tw_http_class[(uint8_t)s.at[i]] & class))
			return s.at + i;
	return NULL;
}

bool tw_http_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *tw_http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Unknown";
}
