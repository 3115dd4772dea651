/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/matrix.h"

#include "crypto/hash.h"

#define DRAW_SIZE 32
#define DRAWN_OF 8 /* one of so many pairs */

void tw_matrix_done(struct tw_matrix *m)
{
	tw_answer_done(&m->operations);
	tw_answer_done(&m->roles);
}

tw_err tw_matrix_read(struct tw_probe_context *c, struct tw_matrix *ret)
{
	TW_TRY(tw_order_all(c, "/api/v1/roles", "roles", &ret->roles));
	return tw_ask(c, &tw_asker_stranger, "GET", "/api/v1/openapi.json", &ret->operations);
}

const json_t *tw_matrix_role(const struct tw_matrix *m, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(m->roles.body, "roles"), i, one)
		if (!strcmp(tw_json_text(one, "name"), name))
			return one;
	return NULL;
}

bool tw_matrix_holds(const struct tw_matrix *m, const char *role, const char *permission)
{
	const json_t *row = tw_matrix_role(m, role);
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(row, "holds"), i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), permission))
			return true;
	return false;
}

bool tw_matrix_covers(const struct tw_matrix *m, const char *role, const char *other)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(tw_matrix_role(m, other), "holds"), i, one)
		if (!tw_matrix_holds(m, role, json_string_value(one)))
			return false;
	return true;
}

bool tw_matrix_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; size && (at = strstr(at, word)) != NULL; at += size)
		if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
			return true;
	return false;
}

static bool expected(const struct tw_matrix *m, const struct tw_walk *w, const char *permission)
{
	if (w->free)
		return tw_matrix_word(w->free, permission);
	return (w->token && tw_matrix_holds(m, "account", permission)) || (w->role && tw_matrix_holds(m, w->role, permission)) ||
		(w->permission && !strcmp(w->permission, permission));
}

/* "/api/v1/settings/{key}" becomes one that is not there, with a question nobody understands. */
static void fill(const char *path, char ret[192])
{
	(void)snprintf(ret, 192, "%.*s%s?probe=1", (int)strcspn(path, "{"), path, strchr(path, '{') ? "nobody" : "");
}

static tw_err judge(const struct tw_walk *w, const char *operation, long status, bool wanted, struct tw_finding *f, bool *ret_good)
{
	*ret_good = wanted ? status == 400 : status == 401 || status == 403;
	if (*ret_good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld as %s; by what the device publishes it should have %s.",
		operation, status, w->who, wanted ? "passed the gate and been refused for its form" : "been refused");
}

static tw_err ask(struct tw_probe_context *c, tw_client *client, const struct tw_walk *w, const char *method, const char *path, long *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call call = { .method = method, .path = path, .token = w->token };

	tw_answer_init(&answer, c->sys);
	TW_TRY(tw_client_call(client, &call, &answer));
	*ret = answer.status;
	return TW_OK;
}

struct path {
	tw_client *client;
	const char *path;
	json_t *methods;
};
/* One operation as it is asked as somebody. */
struct pair {
	tw_client *client;
	const char *method, *path, *operation, *permission;
};

/* NULL: it is none that an owned device has. */
static const char *permission_of(const json_t *row)
{
	const char *permission = tw_json_text(row, "x-thingward-permission");

	return *permission && strcmp(tw_json_text(row, "x-thingward-when"), "unowned") != 0 ? permission : NULL;
}

tw_err tw_matrix_draw(struct tw_probe_context *c, struct tw_walk *w, struct tw_finding *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t bytes[DRAW_SIZE];

	if (!c->draw)
		return TW_OK;
	tw_buf_init(&hex, c->sys, 2 * sizeof bytes);
	if (c->sys->random(c->sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(w->draw, sizeof w->draw, "%s", tw_buf_cstr(&hex));
	return tw_saw(f, "drawn by", w->draw);
}

/* By what is asked, and by nothing that the device says of it. */
static tw_err is_drawn(const struct tw_walk *w, const char *method, const char *path, bool *ret)
{
	const struct tw_slice parts[] = { tw_slice_of(w->draw), TW_SLICE(" "), tw_slice_of(w->who), TW_SLICE(" "),
		tw_slice_of(method), TW_SLICE(" "), tw_slice_of(path) };
	uint8_t lot[TW_SHA256_SIZE] = { 0 };

	if (*w->draw)
		TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), lot));
	*ret = lot[0] < 256 / DRAWN_OF;
	return TW_OK;
}

static tw_err ask_pair(struct tw_probe_context *c, const struct tw_matrix *m, const struct pair *p, struct tw_walk *w, struct tw_finding *f)
{
	bool asked, wanted = expected(m, w, p->permission);
	long status = 0;

	w->pairs++;
	TW_TRY(is_drawn(w, p->method, p->path, &asked));
	if (!asked)
		return TW_OK;
	TW_TRY(ask(c, p->client, w, p->method, p->path, &status));
	w->asked++;
	w->let_pass += wanted;
	return judge(w, p->operation, status, wanted, f, &w->good);
}

static tw_err walk_path(
	struct tw_probe_context *c, const struct tw_matrix *m, const struct path *path, struct tw_walk *w, struct tw_finding *f)
{
	char filled[192], upper[16];
	const char *method;
	json_t *row;

	fill(path->path, filled);
	json_object_foreach(path->methods, method, row) {
		const struct pair p = { .client = path->client,
			.method = upper,
			.path = filled,
			.permission = permission_of(row),
			.operation = tw_json_text(row, "operationId") };

		if (!w->good || !p.permission)
			continue;
		size_t i = 0;
		for (; method[i] && i + 1 < sizeof upper; i++)
			upper[i] = method[i] >= 'a' && method[i] <= 'z' ? (char)(method[i] - 'a' + 'A') : method[i];
		upper[i] = '\0';
		TW_TRY(ask_pair(c, m, &p, w, f));
	}
	return TW_OK;
}

tw_err tw_matrix_walk(struct tw_probe_context *c, const struct tw_matrix *m, struct tw_walk *w, struct tw_finding *f)
{
	TW_CLEANUP(tw_client_freep) tw_client *own = NULL;
	size_t before = w->pairs;
	struct path p;

	w->good = true;
	if (w->token || w->free)
		TW_TRY(tw_person_client(c, &own));
	p.client = own ? own : c->target[0].session.client;
	json_object_foreach(json_object_get(m->operations.body, "paths"), p.path, p.methods)
		TW_TRY(walk_path(c, m, &p, w, f));
	if (w->good && w->pairs == before) {
		w->good = false;
		return tw_found(f, TW_VERDICT_FAIL, "The device publishes no list of what its operations need.");
	}
	return TW_OK;
}
