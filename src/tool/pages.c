/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/pages.h"

#include "tool/session.h"

#define PATH_SIZE 512

tw_err tw_pages_path(const struct tw_pages *p, int64_t have, const char *cursor, char *ret, size_t size)
{
	int64_t left = p->most > have ? p->most - have : 0;
	int64_t limit = left && (!p->page || left < p->page) ? left : p->page;
	const char *between = strchr(p->path, '?') ? "&" : "?";
	char number[40] = "";

	if (limit)
		(void)snprintf(number, sizeof(number), "%slimit=%lld", between, (long long)limit);
	int n = snprintf(ret, size, "%s%s%s%s%s", p->path, number, *cursor ? limit ? "&" : between : "", *cursor ? "cursor=" : "", cursor);
	return n > 0 && (size_t)n < size ? TW_OK : TW_RAISE(LIMIT, "the query is too long");
}

static tw_err take_page(const struct tw_pages *p, const struct tw_answer *page, json_t *body, const char *cursor)
{
	json_t *list = json_object_get(body, p->list), *more = json_object_get(page->body, p->list);
	const char *next = tw_json_text(page->body, "next");

	if (!json_is_array(more) || !strcmp(next, cursor))
		return TW_RAISE(SYNTAX, "the device's pages do not follow one another");
	if (json_array_extend(list, more))
		return TW_RAISE(NOMEM, "a list in pages");
	if (json_array_size(list) > TW_PAGES_ENTRIES_MAX)
		return TW_RAISE(LIMIT, "more than %d entries; --limit or --cursor reads a part", TW_PAGES_ENTRIES_MAX);
	(void)json_object_del(body, "next");
	return *next ? tw_json_set(body, "next", json_string(next)) : TW_OK;
}

tw_err tw_pages_rest(struct tw_tool *t, tw_client *c, const struct tw_pages *p, struct tw_answer *answer)
{
	char cursor[TW_PAGES_CURSOR_MAX + 1], path[PATH_SIZE];
	int empty = 0;

	for (;;) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
		struct tw_call call = { .method = p->method, .path = path };
		const json_t *list = json_object_get(answer->body, p->list);
		int64_t have = (int64_t)json_array_size(list);
		const char *next = tw_json_text(answer->body, "next");

		if (!*next || !json_is_array(list) || (p->most && have >= p->most))
			return TW_OK;
		if (strlen(next) > TW_PAGES_CURSOR_MAX ||
			strspn(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(next))
			return TW_RAISE(SYNTAX, "the device's cursor is none");
		(void)snprintf(cursor, sizeof(cursor), "%s", next);
		TW_TRY(tw_pages_path(p, have, cursor, path, sizeof(path)));
		tw_answer_init(&page, t->sys);
		TW_TRY(tw_session_call(t, c, &call, &page));
		TW_TRY(take_page(p, &page, answer->body, cursor));
		empty = json_array_size(list) == (size_t)have ? empty + 1 : 0;
		if (empty > 100)
			return TW_RAISE(SYNTAX, "the device sends empty pages without end");
	}
}
