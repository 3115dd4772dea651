/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts as rows of the store, and as JSON. */
#include "base/text.h"
#include "service/access/guard.h"
#include "service/sql-service.h"

#include <inttypes.h>

const char *const tw_account_kinds[TW_ACCOUNT_KINDS] = { "person", "service", "shared", "temporary", "emergency", "supporting" };
static const char *const states[] = { "active", "suspended", "disabled", "expired" };

void tw_account_id(int64_t id, char ret[TW_ACCOUNT_ID_MAX + 2])
{
	(void)snprintf(ret, TW_ACCOUNT_ID_MAX + 2, "a%" PRId64, id);
}

bool tw_account_id_read(struct tw_slice text, int64_t *ret)
{
	uint64_t id = 0;

	if (text.size < 2 || text.at[0] != 'a' || text.at[1] == '0' ||
		tw_failed(tw_parse_u64((struct tw_slice){ text.at + 1, text.size - 1 }, INT64_MAX, &id)))
		return false;
	*ret = (int64_t)id;
	return true;
}

bool tw_account_has(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; size > 0 && (at = strstr(at, word)) != NULL; at += size)
		if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
			return true;
	return false;
}

static void copy(char *to, size_t size, struct tw_slice from)
{
	(void)snprintf(to, size, TW_SLICE_FMT, TW_SLICE_ARG(from));
}

static size_t find(const char *const *words, size_t count, struct tw_slice word)
{
	size_t i = 0;

	while (i < count && !tw_slice_is(word, words[i]))
		i++;
	return i;
}

struct reading {
	struct tw_context *c;
	tw_err (*visit)(void *user, const struct tw_account *a);
	void *user;
};

static void judge_end(struct tw_context *c, const tw_row *row, struct tw_account *a)
{
	struct tw_ending e = tw_ending_read(c, row, 6);

	a->ends_ms = e.ends_ms;
	a->over = tw_ending_over(c, &e);
	if (tw_ending_counts(c, &e))
		a->state = TW_ACCOUNT_EXPIRED;
}

/* @nist LA.RSM.6.1: the session of the last login is the last; with its end the account has ended */
static void judge_uses(struct tw_context *c, const tw_row *row, struct tw_account *a)
{
	a->counts_uses = !tw_row_null(row, 15);
	a->uses_left = tw_row_int(row, 15);
	if (!a->counts_uses || a->uses_left > 0 || tw_access_has_session(c, a->id))
		return;
	a->over = true;
	a->state = TW_ACCOUNT_EXPIRED;
}

/* Whom the side spares (owners): nobody could let the last one in again, and which one is the last changes. And accounts that end by themselves: a
   clock that is set is not to end them sooner. */
static void judge_use(struct tw_context *c, struct tw_account *a)
{
	int64_t most = c->guard->inactive_ms;

	if (a->state == TW_ACCOUNT_ACTIVE && most > 0 && !a->ends_ms && tw_time_trusted(c->time) &&
		tw_time_wall_ms(c->time) - a->active_ms >= most && !c->guard->side->spared(a))
		a->state = TW_ACCOUNT_DISABLED;
}

static tw_err take_account(void *user, const tw_row *row)
{
	const struct reading *r = user;
	size_t kind = find(tw_account_kinds, TW_ACCOUNT_KINDS, tw_row_bytes(row, 2));
	size_t state = find(states, TW_ACCOUNT_EXPIRED, tw_row_bytes(row, 3));
	struct tw_account a = { .id = tw_row_int(row, 0), .kind = (enum tw_account_kind)kind, .state = (enum tw_account_state)state };

	if (kind == TW_ACCOUNT_KINDS || state == TW_ACCOUNT_EXPIRED)
		return TW_RAISE(UNTRUSTED, "account %" PRId64 " is of no known kind or state", a.id);
	copy(a.name, sizeof a.name, tw_row_bytes(row, 1));
	a.made_ms = tw_row_int(row, 4);
	copy(a.made_by, sizeof a.made_by, tw_row_bytes(row, 5));
	a.stored = a.state;
	a.active_ms = tw_row_int(row, 9);
	a.login_ms = tw_row_int(row, 10);
	copy(a.login_how, sizeof a.login_how, tw_row_bytes(row, 11));
	copy(a.login_from, sizeof a.login_from, tw_row_bytes(row, 12));
	copy(a.roles, sizeof a.roles, tw_row_bytes(row, 13));
	copy(a.groups, sizeof a.groups, tw_row_bytes(row, 14));
	judge_end(r->c, row, &a);
	judge_uses(r->c, row, &a);
	judge_use(r->c, &a);
	return r->visit(r->user, &a);
}

static tw_err keep(void *user, const struct tw_account *a)
{
	*(struct tw_account *)user = *a;
	return TW_OK;
}

tw_err tw_account_get(struct tw_context *c, int64_t id, struct tw_account *ret)
{
	struct reading r = { c, keep, ret };
	const struct tw_value v[] = { TW_V_INT(id) };

	ret->id = 0;
	TW_TRY(tw_store_run(c->store, tw_sql_account_get, v, TW_COUNT(v), take_account, &r));
	return ret->id ? TW_OK : TW_RAISE(NOTFOUND, "no account %" PRId64, id);
}

tw_err tw_account_find(struct tw_context *c, const struct tw_account_search *s,
	tw_err (*visit)(void *user, const struct tw_account *a), void *user)
{
	struct reading r = { c, visit, user };
	char folded[TW_ACCOUNT_NAME_MAX + 1];

	tw_account_name_fold(s->name, folded);
	const struct tw_value v[] = { TW_V_INT(s->after), TW_V_INT(s->most), TW_V_TEXT(folded), TW_V_TEXT(s->kind) };
	return tw_store_run(c->store, tw_sql_account_page, v, TW_COUNT(v), take_account, &r);
}

tw_err tw_account_each(struct tw_context *c, int64_t after, int64_t most, tw_err (*visit)(void *user, const struct tw_account *a), void *user)
{
	return tw_account_find(c, &(struct tw_account_search){ after, most, "", "" }, visit, user);
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_account_named(struct tw_context *c, const char *name, int64_t *ret)
{
	char folded[TW_ACCOUNT_NAME_MAX + 1];

	tw_account_name_fold(name, folded);
	const struct tw_value v[] = { TW_V_TEXT(folded) };
	*ret = 0;
	return tw_store_run(c->store, tw_sql_account_named, v, TW_COUNT(v), take_id, ret);
}

tw_err tw_account_put(struct tw_context *c, const struct tw_new_account *n, int64_t *ret_id)
{
	const struct tw_ending end = tw_ending_in(c, n->lifetime_ms);
	char folded[TW_ACCOUNT_NAME_MAX + 1];
	struct tw_value ends[3];

	tw_ending_values(c, &end, ends);
	tw_account_name_fold(n->name, folded);
	const struct tw_value v[] = { TW_V_TEXT(n->name), TW_V_TEXT(folded), TW_V_TEXT(tw_account_kinds[n->kind]),
		TW_V_INT(n->made_ms), TW_V_TEXT(n->made_by), ends[0], ends[1], ends[2],
		n->uses ? TW_V_INT(n->uses) : (struct tw_value){ .kind = TW_VALUE_NULL } };
	return tw_store_run(c->store, tw_sql_account_put, v, TW_COUNT(v), take_id, ret_id);
}

tw_err tw_account_role_put(struct tw_context *c, int64_t id, const char *role, const char *conditions, const char *by)
{
	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(role),
		conditions ? TW_V_TEXT(conditions) : (struct tw_value){ .kind = TW_VALUE_NULL }, TW_V_INT(tw_time_wall_ms(c->time)),
		TW_V_TEXT(by) };

	return tw_store_run(c->store, tw_sql_role_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	if (ms == 0)
		return TW_OK;
	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

static tw_err set_words(json_t *j, const char *key, const char *words)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	while (*words) {
		size_t size = strcspn(words, " ");

		TW_TRY(tw_json_append(list, json_stringn(words, size)));
		words += size + (words[size] == ' ');
	}
	return tw_json_set(j, key, TW_STEAL(list));
}

tw_err tw_account_json(const struct tw_account *a, json_t **ret)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(a->id, id);
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "account", id, "name", a->name, "kind", tw_account_kinds[a->kind],
		"state", states[a->state], "made_by", a->made_by);
	if (!j)
		return TW_RAISE(NOMEM, "an account");
	TW_TRY(set_words(j, "roles", a->roles));
	TW_TRY(set_words(j, "groups", a->groups));
	TW_TRY(set_time(j, "made", a->made_ms));
	TW_TRY(set_time(j, "ends", a->ends_ms));
	if (a->counts_uses)
		TW_TRY(tw_json_set(j, "uses_left", json_integer((json_int_t)(a->uses_left > 0 ? a->uses_left : 0))));
	TW_TRY(set_time(j, "login", a->login_ms));
	if (a->login_ms) {
		TW_TRY(tw_json_set(j, "login_how", json_string(a->login_how)));
		TW_TRY(tw_json_set(j, "login_from", json_string(a->login_from)));
	}
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_account_note(struct tw_context *c, const struct tw_account_note *n)
{
	const struct tw_value v[] = { TW_V_INT(tw_time_wall_ms(c->time)), TW_V_INT(n->account), TW_V_TEXT(n->name),
		TW_V_TEXT(n->what), TW_V_TEXT(n->who) };
	const struct tw_value most[] = { TW_V_INT(TW_ACCOUNT_CHANGES_MAX) };

	TW_TRY(tw_store_run(c->store, tw_sql_account_change_put, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(c->store, tw_sql_account_change_trim, most, TW_COUNT(most), NULL, NULL);
}
