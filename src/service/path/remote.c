/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of access, read strictly, so that none says less than its author meant, and judged from what is given alone. See remote.h. */
#include "service/path/remote.h"

#include "base/mem.h"
#include "base/text.h"

const char *const tw_remote_doors[TW_REMOTE_DOORS] = { "management", "elsewhere", "local", "console", "application" };
const char *const tw_remote_kinds[TW_REMOTE_KINDS] = { "who", "session", "connection", "product" };

struct number {
	const char *word;
	uint16_t number; /* IANA's */
};
static const struct number suites[] = { { "TLS_AES_128_GCM_SHA256", 0x1301 }, { "TLS_AES_256_GCM_SHA384", 0x1302 },
	{ "TLS_CHACHA20_POLY1305_SHA256", 0x1303 } };
static const struct number groups[] = { { "P-256", 0x0017 }, { "X25519", 0x001d } };

/* --- Reading --- */

#define COMMON                                                 \
	{ "name", TW_JSON_TEXT, true, 1, TW_REMOTE_NAME_MAX }, \
	{                                                      \
		"doors", TW_JSON_ARRAY, true, 0, 0             \
	}

static const struct tw_shape who_shape[] = { COMMON, { "roles", TW_JSON_ARRAY }, { "permissions", TW_JSON_ARRAY },
	{ "modes", TW_JSON_ARRAY }, { "days", TW_JSON_ARRAY }, { "hours", TW_JSON_ARRAY }, { "zone", TW_JSON_TEXT },
	{ "from", TW_JSON_TEXT }, { "until", TW_JSON_TEXT }, { "places", TW_JSON_ARRAY }, { .key = NULL } };
static const struct tw_shape session_shape[] = { COMMON, { "suites", TW_JSON_ARRAY }, { "groups", TW_JSON_ARRAY },
	{ "certificate", TW_JSON_BOOL }, { "methods", TW_JSON_ARRAY }, { "factors", TW_JSON_INT, false, 1, 3 }, { .key = NULL } };
static const struct tw_shape connection_shape[] = { COMMON, { "networks", TW_JSON_ARRAY }, { "hosts", TW_JSON_ARRAY }, { .key = NULL } };
static const struct tw_shape product_shape[] = { COMMON, { "permissions", TW_JSON_ARRAY }, { "certificate", TW_JSON_BOOL },
	{ "networks", TW_JSON_ARRAY }, { .key = NULL } };
static const struct tw_shape *const shapes[TW_REMOTE_KINDS] = { who_shape, session_shape, connection_shape, product_shape };

static const char *const conditions[] = { "modes", "days", "hours", "zone", "from", "until", "networks", "places", "methods", "factors" };

/* An empty list would say that nothing will do. */
static tw_err list_of(const json_t *row, const char *key, size_t most, const json_t **ret)
{
	const json_t *list = json_object_get(row, key);

	*ret = list;
	if (!list)
		return TW_OK;
	if (json_array_size(list) == 0)
		return TW_RAISE(SYNTAX, "'%s' is empty", key);
	return json_array_size(list) <= most ? TW_OK : TW_RAISE(LIMIT, "'%s' has more than %zu entries", key, most);
}

static bool is_word(const char *text)
{
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return *text;
}

static tw_err read_texts(const json_t *row, const char *key, size_t size, void *ret, size_t most, uint8_t *ret_count)
{
	const json_t *list;

	TW_TRY(list_of(row, key, most, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !is_word(text) || strlen(text) >= size)
			return TW_RAISE(SYNTAX, "'%s': entry %zu is no word of 1 to %zu bytes", key, i + 1, size - 1);
		memcpy((char *)ret + i * size, text, strlen(text) + 1);
	}
	*ret_count = (uint8_t)json_array_size(list);
	return TW_OK;
}

static tw_err read_doors(const json_t *row, unsigned *ret)
{
	const json_t *list;

	TW_TRY(list_of(row, "doors", TW_REMOTE_DOORS, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		size_t w = 0;

		while (text && w < TW_REMOTE_DOORS && strcmp(text, tw_remote_doors[w]) != 0)
			w++;
		if (!text || w == TW_REMOTE_DOORS || *ret & 1u << w)
			return TW_RAISE(SYNTAX, "'doors': '%.40s' is no door, or there twice", text ? text : "");
		*ret |= 1u << w;
	}
	return TW_OK;
}

static tw_err read_numbers(const json_t *row, const char *key, const struct number *of, size_t count, unsigned *ret)
{
	const json_t *list;

	TW_TRY(list_of(row, key, count, &list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		size_t w = 0;

		while (text && w < count && strcmp(text, of[w].word) != 0)
			w++;
		if (!text || w == count || *ret & 1u << w)
			return TW_RAISE(SYNTAX, "'%s': '%.40s' is none that this device offers, or there twice", key, text ? text : "");
		*ret |= 1u << w;
	}
	return TW_OK;
}

static tw_err read_condition(const json_t *row, struct tw_condition *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	if (!j)
		return TW_RAISE(NOMEM, "a condition");
	for (size_t i = 0; i < TW_COUNT(conditions); i++) {
		json_t *value = json_object_get(row, conditions[i]);

		if (value)
			TW_TRY(tw_json_set(j, conditions[i], json_incref(value)));
	}
	return tw_condition_read(j, ret);
}

/* What only a network connection has. */
static bool is_of_network(const struct tw_remote_row *r)
{
	return r->suites || r->groups || r->certificate || r->host_count || r->when.network_count || r->when.methods || r->when.factors;
}

static tw_err check_row(enum tw_remote_kind kind, const struct tw_remote_row *r)
{
	if (is_of_network(r) && r->doors & ~TW_REMOTE_NETWORK)
		return TW_RAISE(SYNTAX, "'%s' asks for what only the doors management and elsewhere can show", r->name);
	if ((kind == TW_REMOTE_SESSION || kind == TW_REMOTE_CONNECTION) && !is_of_network(r))
		return TW_RAISE(SYNTAX, "'%s' asks for nothing", r->name);
	return TW_OK;
}

static tw_err read_row(enum tw_remote_kind kind, const json_t *row, struct tw_remote_row *r)
{
	TW_TRY(tw_json_check(row, shapes[kind]));
	(void)snprintf(r->name, sizeof r->name, "%s", tw_json_text(row, "name"));
	if (!is_word(r->name))
		return TW_RAISE(SYNTAX, "'name' is no word");
	TW_TRY(read_doors(row, &r->doors));
	TW_TRY(read_texts(row, "roles", sizeof r->roles[0], r->roles, TW_REMOTE_ROLES, &r->role_count));
	TW_TRY(read_texts(row, "permissions", sizeof r->permissions[0], r->permissions, TW_REMOTE_PERMISSIONS, &r->permission_count));
	TW_TRY(read_texts(row, "hosts", sizeof r->hosts[0], r->hosts, TW_REMOTE_HOSTS, &r->host_count));
	TW_TRY(read_numbers(row, "suites", suites, TW_COUNT(suites), &r->suites));
	TW_TRY(read_numbers(row, "groups", groups, TW_COUNT(groups), &r->groups));
	r->certificate = tw_json_bool(row, "certificate");
	TW_TRY(read_condition(row, &r->when));
	return check_row(kind, r);
}

/* With what was wrong, where it was. */
static tw_err at_row(enum tw_remote_kind kind, size_t i, tw_err e)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	if (tw_is(e, TW_CODE_LIMIT))
		return TW_RAISE(LIMIT, "%s, row %zu: %.200s", tw_remote_kinds[kind], i + 1, why);
	return tw_is(e, TW_CODE_SYNTAX) ? TW_RAISE(SYNTAX, "%s, row %zu: %.200s", tw_remote_kinds[kind], i + 1, why) : e;
}

void tw_remote_rows_done(struct tw_remote_rows *rows)
{
	free(rows->of);
	*rows = (struct tw_remote_rows){ .count = 0 };
}

tw_err tw_remote_read_rows(const struct tw_sys *sys, enum tw_remote_kind kind, const json_t *list, struct tw_remote_rows *ret)
{
	if (json_array_size(list) > TW_REMOTE_ROWS)
		return TW_RAISE(LIMIT, "%s: %zu rows, limit %d", tw_remote_kinds[kind], json_array_size(list), TW_REMOTE_ROWS);
	ret->of = tw_alloc_array(sys, json_array_size(list) + 1, sizeof *ret->of);
	if (!ret->of)
		return TW_RAISE(NOMEM, "rules of access");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct tw_remote_row *r = &ret->of[i];

		*r = (struct tw_remote_row){ .doors = 0 };
		tw_err e = read_row(kind, json_array_get(list, i), r);
		if (tw_failed(e))
			return at_row(kind, i, e);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(ret->of[k].name, r->name))
				return TW_RAISE(SYNTAX, "%s: '%s' is there twice", tw_remote_kinds[kind], r->name);
	}
	ret->count = json_array_size(list);
	return TW_OK;
}

static tw_err read_optional(const json_t *list, tw_remote *p)
{
	if (json_array_size(list) > TW_REMOTE_ROWS)
		return TW_RAISE(LIMIT, "product: %zu names, limit %d", json_array_size(list), TW_REMOTE_ROWS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !is_word(text) || strlen(text) > TW_REMOTE_NAME_MAX)
			return TW_RAISE(SYNTAX, "product: entry %zu is no name of a rule", i + 1);
		(void)snprintf(p->optional[i], sizeof p->optional[i], "%s", text);
	}
	p->optional_count = json_array_size(list);
	return TW_OK;
}

/* @nist LA.IC.1: all four kinds are there, or it is no policy */
tw_err tw_remote_read(const struct tw_sys *sys, const json_t *policy, tw_remote **ret)
{
	static const struct tw_shape shape[] = { { "who", TW_JSON_ARRAY, true, 0, 0 }, { "session", TW_JSON_ARRAY, true, 0, 0 },
		{ "connection", TW_JSON_ARRAY, true, 0, 0 }, { "product", TW_JSON_ARRAY, true, 0, 0 }, { .key = NULL } };
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

	TW_TRY(tw_json_check(policy, shape));
	p = TW_NEW(sys, tw_remote);
	if (!p)
		return TW_RAISE(NOMEM, "rules of access");
	for (int kind = TW_REMOTE_WHO; kind <= TW_REMOTE_CONNECTION; kind++)
		TW_TRY(tw_remote_read_rows(sys, (enum tw_remote_kind)kind, json_object_get(policy, tw_remote_kinds[kind]), &p->kinds[kind]));
	TW_TRY(read_optional(json_object_get(policy, "product"), p));
	*ret = TW_STEAL(p);
	return TW_OK;
}

tw_remote *tw_remote_free(tw_remote *p)
{
	for (int kind = 0; p && kind < TW_REMOTE_KINDS; kind++)
		tw_remote_rows_done(&p->kinds[kind]);
	free(p);
	return NULL;
}

/* --- Judging --- */

static bool holds_role(const struct tw_remote_row *r, const struct tw_remote_ask *a)
{
	for (size_t i = 0; i < r->role_count; i++)
		if (tw_role_set_has(a->roles, tw_gate_role(a->gate, r->roles[i])))
			return true;
	return r->role_count == 0;
}

static bool is_permitted(const struct tw_remote_row *r, const char *permission)
{
	for (size_t i = 0; permission && i < r->permission_count; i++)
		if (!strcmp(r->permissions[i], permission))
			return true;
	return !permission || r->permission_count == 0;
}

/* Behind the first that names him it says what of that did not hold; before, that none does. */
bool tw_remote_admits(const struct tw_remote *p, const struct tw_remote_ask *a, struct tw_remote_verdict *ret)
{
	const struct tw_remote_rows *rows = &p->kinds[TW_REMOTE_WHO];
	bool asked = 1u << a->door & TW_REMOTE_NETWORK;
	const char *why = "role";

	if (!a->proven)
		return true;
	for (size_t i = 0; i < rows->count; i++) {
		const struct tw_remote_row *r = &rows->of[i];

		if (!(r->doors >> a->door & 1u))
			continue;
		asked = true;
		if (!holds_role(r, a))
			continue;
		const char *fails = tw_condition_fails(&r->when, a->moment);
		if (!fails && is_permitted(r, a->permission))
			return true;
		why = fails ? fails : "permission";
	}
	*ret = (struct tw_remote_verdict){ "remote.who", why };
	return !asked;
}

static bool is_number(unsigned wanted, const struct number *of, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++)
		if (wanted >> i & 1u && of[i].number == number)
			return true;
	return !wanted;
}

static bool is_host(const struct tw_remote_row *r, struct tw_slice host)
{
	for (size_t i = 0; i < r->host_count; i++)
		if (tw_slice_is_nocase(host, r->hosts[i]))
			return true;
	return r->host_count == 0;
}

static const char *connection_fails(const struct tw_remote_row *r, const struct tw_remote_ask *a)
{
	if (!is_number(r->suites, suites, TW_COUNT(suites), a->suite))
		return "suite";
	if (!is_number(r->groups, groups, TW_COUNT(groups), a->group))
		return "group";
	return is_host(r, a->host) ? NULL : "host";
}

/* How somebody logged in is asked once he has. */
static const char *row_fails(const struct tw_remote_row *r, const struct tw_remote_ask *a)
{
	const char *fails = a->connected ? connection_fails(r, a) : NULL;
	struct tw_condition when = r->when;

	if (!a->proven) {
		when.methods = 0;
		when.factors = 0;
	}
	if (!fails && r->certificate && !a->certificate)
		fails = "certificate";
	return fails ? fails : tw_condition_fails(&when, a->moment);
}

/* A rule of the product's that asks for nothing lets nobody do it there. */
static bool is_never(enum tw_remote_kind kind, const struct tw_remote_row *r)
{
	return kind == TW_REMOTE_PRODUCT && !r->certificate && !r->when.network_count;
}

bool tw_remote_holds(
	const struct tw_remote_rows *rows, enum tw_remote_kind kind, const struct tw_remote_ask *a, struct tw_remote_verdict *ret)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct tw_remote_row *r = &rows->of[i];

		if (!(r->doors >> a->door & 1u) || (kind == TW_REMOTE_PRODUCT && (!a->permission || !is_permitted(r, a->permission))))
			continue;
		const char *fails = is_never(kind, r) ? "door" : row_fails(r, a);
		if (!fails)
			continue;
		ret->why = fails;
		(void)snprintf(ret->rule, sizeof ret->rule, "remote.%s:%s", tw_remote_kinds[kind], r->name);
		return false;
	}
	return true;
}

static bool is_free(const struct tw_condition *c)
{
	static const struct tw_condition none = { .days = 0 };

	return tw_condition_within(&none, c);
}

bool tw_remote_forbids(const struct tw_remote_row *r, const char *permission)
{
	return is_never(TW_REMOTE_PRODUCT, r) && is_permitted(r, permission);
}

unsigned tw_remote_leaves(const struct tw_remote *p, const char *role)
{
	const struct tw_remote_rows *rows = &p->kinds[TW_REMOTE_WHO];
	unsigned doors = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct tw_remote_row *r = &rows->of[i];
		bool named = r->role_count == 0;

		for (size_t k = 0; k < r->role_count; k++)
			named |= !strcmp(r->roles[k], role);
		if (named && r->permission_count == 0 && is_free(&r->when))
			doors |= r->doors & TW_REMOTE_NETWORK;
	}
	return doors;
}
