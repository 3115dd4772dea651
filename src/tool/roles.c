/* SPDX-License-Identifier: Apache-2.0 */
/* roles.tab: `name uid gid` in numbers, one role a line. */
#include "tool/roles.h"

#include "base/text.h"

static const char *const names[TW_ROLE_COUNT] = {
	[TW_ROLE_CORE] = "core",
	[TW_ROLE_FRONT] = "front",
	[TW_ROLE_KEYS] = "keys",
	[TW_ROLE_APPLICATION] = "application",
	[TW_ROLE_FETCH] = "fetch",
	[TW_ROLE_SCAN] = "scan",
	[TW_ROLE_HASH] = "hash",
	[TW_ROLE_WATCH] = "watch",
	[TW_ROLE_FIREWALL] = "firewall",
	[TW_ROLE_PARTS] = "parts",
	[TW_ROLE_WIFI] = "wifi",
	[TW_ROLE_CELLULAR] = "cellular",
	[TW_ROLE_BLUETOOTH] = "bluetooth",
};

void tw_roles_all(struct tw_roles *r, uint32_t uid, uint32_t gid)
{
	for (size_t i = 0; i < TW_ROLE_COUNT; i++)
		r->row[i] = (struct tw_role_ids){ uid, gid, true };
}

static struct tw_slice word(struct tw_slice *line)
{
	struct tw_slice w = { line->at, 0 };

	while (w.size < line->size && line->at[w.size] != ' ')
		w.size++;
	line->at += w.size;
	line->size -= w.size;
	if (line->size) {
		line->at++;
		line->size--;
	}
	return w;
}

static tw_err read_line(struct tw_roles *r, struct tw_slice line, size_t number)
{
	struct tw_slice name = word(&line), uid = word(&line), gid = word(&line);
	uint64_t u, g;

	for (size_t i = 0; i < TW_ROLE_COUNT; i++) {
		if (!tw_slice_is(name, names[i]))
			continue;
		if (line.size || r->row[i].given || tw_failed(tw_parse_u64(uid, UINT32_MAX - 1, &u)) ||
			tw_failed(tw_parse_u64(gid, UINT32_MAX - 1, &g)))
			break;
		r->row[i] = (struct tw_role_ids){ (uint32_t)u, (uint32_t)g, true };
		return TW_OK;
	}
	return TW_RAISE(SYNTAX,
		"roles line %zu must be `name uid gid` in numbers, each of core, front, keys, application, fetch, scan, hash, "
		"watch, firewall, parts, wifi, cellular and bluetooth at most once",
		number);
}

tw_err tw_roles_read(struct tw_slice text, struct tw_roles *ret)
{
	struct tw_roles r = { 0 };
	size_t number = 1;

	for (size_t at = 0; at < text.size; number++) {
		struct tw_slice line = { text.at + at, 0 };

		while (at + line.size < text.size && line.at[line.size] != '\n')
			line.size++;
		at += line.size + 1;
		if (line.size && line.at[0] != '#')
			TW_TRY(read_line(&r, line, number));
	}
	for (size_t i = 0; i < TW_ROLE_NEEDED; i++)
		if (!r.row[i].given)
			return TW_RAISE(SYNTAX, "the roles have no line for %s", names[i]);
	*ret = r;
	return TW_OK;
}

tw_err tw_roles_write(const struct tw_roles *r, struct tw_buf *ret)
{
	for (size_t i = 0; i < TW_ROLE_COUNT; i++)
		if (r->row[i].given)
			TW_TRY(tw_buf_format(ret, "%s %u %u\n", names[i], r->row[i].uid, r->row[i].gid));
	return TW_OK;
}
