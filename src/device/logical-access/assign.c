/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles and groups of accounts. Nobody gives what he does not hold, nobody but an owner gives himself anything, and the role owner is an
 * owner's to give: to a person, and without conditions, so that the last owner is never one who cannot come in.
 */
#include "base/text.h"
#include "device/logical-access/role-end.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"
#include "service/path/condition.h"

static size_t count_words(const char *words)
{
	size_t n = *words != '\0';

	for (; *words; words++)
		n += *words == ' ';
	return n;
}

/* --- Roles --- */

static tw_err refuse_role(struct tw_reply *rp, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", "account.role", "This role cannot be given so",
		"List the roles to see what there is.", "%s", detail);
}

static tw_err check_owner_role(const struct tw_account_work *w, struct tw_reply *rp)
{
	if (w->rq->subject.kind != TW_SUBJECT_OWNER)
		return tw_reply_problem(
			rp, 403, "forbidden", "account.owner", "Not permitted", "Ask an owner.", "Only an owner makes an owner.");
	if (w->account.kind != TW_ACCOUNT_PERSON || w->account.state != TW_ACCOUNT_ACTIVE)
		return refuse_role(rp, "An owner is a person, whose account is active.");
	return w->text ? refuse_role(rp, "The role owner has no conditions.") : TW_OK;
}

/* May this subject give this role to this account? */
static tw_err check_giver(const struct tw_account_work *w, struct tw_reply *rp)
{
	const struct tw_gate *g = w->c->gate;
	const struct tw_subject *s = &w->rq->subject;
	int role = tw_gate_role(g, w->word);
	bool covered = false;
	char id[TW_ACCOUNT_ID_MAX + 2];

	if (!tw_gate_assignable(g, role))
		return refuse_role(rp, "There is no such role, or it is none for accounts.");
	if (!strcmp(w->word, TW_ROLE_OWNER))
		return check_owner_role(w, rp);
	if (!strcmp(w->word, TW_ROLE_SUPPORTING) && s->kind != TW_SUBJECT_OWNER)
		return tw_reply_problem(rp, 403, "forbidden", "account.supporting", "Not permitted", "Ask an owner.",
			"Only an owner lets a supporting party in.");
	if (tw_account_owns(&w->account))
		return refuse_role(rp, "An owner holds every role; another takes the role owner away first.");
	tw_account_id(w->account.id, id);
	if (s->kind != TW_SUBJECT_OWNER && !strcmp(s->account, id))
		return tw_reply_problem(rp, 403, "forbidden", "account.self", "Not permitted",
			"Ask somebody else who may give roles.", "Nobody gives a role to himself.");
	if (!tw_account_covered(w->c, s, w->word))
		return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
			"Nobody gives a role that may do more than he may himself.");
	TW_TRY(tw_placed_covers(w->c, s, w->word, &w->condition, &covered));
	if (!covered)
		return tw_reply_problem(rp, 403, "forbidden", "account.conditions", "Not permitted",
			"Give it under the conditions that you have it under, or narrower ones.",
			"You may do this under conditions, and nobody gives a role with less of them.");
	return TW_OK;
}

static tw_err read_conditions(struct tw_account_work *w, struct tw_buf *text, struct tw_reply *rp)
{
	const json_t *conditions = json_object_get(w->rq->input, "conditions");

	if (!conditions || json_object_size(conditions) == 0)
		return TW_OK;
	tw_err e = tw_condition_read(conditions, &w->condition);
	if (!tw_failed(e))
		e = tw_json_write(conditions, text);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return refuse_role(rp, tw_err_detail());
	w->text = tw_buf_cstr(text);
	return e;
}

/* What others put on an account that could do little must not open one that can do all: an owner begins with nothing but a new code. */
static tw_err give(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	if (w->to_owner)
		TW_TRY(tw_store_run(w->c->store, tw_sql_credential_drop_of, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_account_role_put(w->c, w->account.id, w->word, w->text, w->rq->subject.name));
	TW_TRY(tw_role_end_put(w));
	TW_TRY(tw_placed_end(tw_device_of(w->c), w->c->gate, w->account.id, w->placed));
	return w->ends_sessions ? TW_OK : tw_access_caps_exceeded(tw_device_of(w->c), w->account.id, &w->ends_sessions);
}

/* To be given only what the account does not have yet, or with other conditions; so that nobody has a great many. */
static tw_err check_count(const char *words, const char *word, size_t most, const char *rule, struct tw_reply *rp)
{
	if (tw_account_has(words, word) || count_words(words) < most)
		return TW_OK;
	return tw_reply_problem(
		rp, 409, "full", rule, "This account has too many", "Take one away first.", "An account has at most %zu.", most);
}

tw_err tw_access_role_give(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_placed_done) struct tw_placed placed = { 0 };
	struct tw_account_work w = {
		.c = c, .rq = rq, .rp = rp, .act = give, .shows = true, .word = tw_json_text(rq->input, "role"), .placed = &placed
	};

	tw_placed_init(&placed, c->sys);
	tw_buf_init(&text, c->sys, TW_CONDITIONS_MAX);
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(tw_json_text(rq->input, "account")), rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(read_conditions(&w, &text, rp));
	if (!rp->problem[0])
		TW_TRY(tw_role_end_read(&w, rp));
	if (!rp->problem[0])
		TW_TRY(check_giver(&w, rp));
	if (!rp->problem[0])
		TW_TRY(tw_role_end_check(&w, rp));
	if (!rp->problem[0])
		TW_TRY(check_count(w.account.roles, w.word, TW_ACCOUNT_ROLES_MAX, "account.roles", rp));
	if (rp->problem[0])
		return TW_OK;
	w.to_owner = !strcmp(w.word, TW_ROLE_OWNER) && !tw_account_owns(&w.account);
	w.ends_sessions = w.to_owner || (!strcmp(w.word, TW_ROLE_SUPPORTING) && !tw_account_has(w.account.roles, w.word)); /* its own begins told */
	(void)snprintf(w.what, sizeof w.what, "given the role %s%s", w.word,
		w.text                  ? ", under conditions"
			: w.end.ends_ms ? ", for a time"
					: "");
	rp->status = 201;
	return tw_account_do(&w);
}

/* "a17.operator" */
static tw_err split(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret, char word[64])
{
	const char *dot = memchr(rq->parameter.at, '.', rq->parameter.size);
	struct tw_slice id = rq->parameter;

	word[0] = '\0';
	if (dot) {
		id.size = (size_t)(dot - id.at);
		(void)snprintf(word, 64, "%.*s", (int)(rq->parameter.size - id.size - 1), dot + 1);
	}
	return tw_account_wanted(c, rq, id, rp, ret);
}

static tw_err not_there(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "account.unknown", "The account does not have this",
		"Read the account to see what it has.", "It has no such role, or is in no such group.");
}

static tw_err take_away(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word) };

	return tw_store_run(w->c->store, tw_sql_role_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_role_take(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = take_away, .ends_sessions = true };
	char role[64];

	TW_TRY(split(c, rq, rp, &w.account, role));
	if (!rp->problem[0] && !tw_account_has(w.account.roles, role))
		return not_there(rp);
	if (!rp->problem[0] && !strcmp(role, TW_ROLE_OWNER))
		TW_TRY(tw_account_last_owner(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	w.word = role;
	(void)snprintf(w.what, sizeof w.what, "lost the role %s", role);
	return tw_account_do(&w);
}

/* --- Groups --- */

static tw_err join(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word) };

	TW_TRY(tw_store_run(w->c->store, tw_sql_group_put, v, TW_COUNT(v), NULL, NULL));
	return tw_access_caps_exceeded(tw_device_of(w->c), w->account.id, &w->ends_sessions);
}

tw_err tw_access_group_join(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = join, .shows = true, .word = tw_json_text(rq->input, "group") };

	if (!tw_account_word_valid(w.word))
		return tw_reply_problem(rp, 400, "input", "account.group", "This is no name of a group", "Choose another.",
			"A group's name has 1 to 32 small letters, digits and hyphens, and begins with a letter.");
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(tw_json_text(rq->input, "account")), rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_count(w.account.groups, w.word, TW_ACCOUNT_GROUPS_MAX, "account.groups", rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(w.what, sizeof w.what, "joined the group %s", w.word);
	rp->status = 201;
	return tw_account_do(&w);
}

static tw_err leave(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word) };

	return tw_store_run(w->c->store, tw_sql_group_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_group_leave(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = leave };
	char group[64];

	TW_TRY(split(c, rq, rp, &w.account, group));
	if (!rp->problem[0] && !tw_account_has(w.account.groups, group))
		return not_there(rp);
	if (rp->problem[0])
		return TW_OK;
	w.word = group;
	(void)snprintf(w.what, sizeof w.what, "left the group %s", group);
	return tw_account_do(&w);
}
