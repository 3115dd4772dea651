/* SPDX-License-Identifier: Apache-2.0 */
/* Who put a way into an account there, and whether he may still be trusted with it. See placed.h. */
#include "device/logical-access/placed.h"

#include "base/text.h"
#include "device/logical-access/role-end.h"
#include "device/logical-access/state.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

#include <inttypes.h>

#define PAIRS_MAX (1024 * 1024) /* bytes: every account with several */

/* --- Who --- */

static void word_of(int64_t account, char ret[24])
{
	(void)snprintf(ret, 24, "%" PRId64, account);
}

static tw_err take_hands(void *user, const tw_row *row)
{
	struct tw_placer *p = user;
	struct tw_slice hands = tw_row_bytes(row, 0);

	(void)snprintf(p->hands, sizeof p->hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	return TW_OK;
}

static tw_err add_hand(struct tw_placer *p, int64_t account, struct tw_reply *rp)
{
	char word[24];
	size_t size = strlen(p->hands);

	word_of(account, word);
	if (tw_account_has(p->hands, word))
		return TW_OK;
	if (size + strlen(word) + 2 > sizeof p->hands)
		return tw_reply_problem(rp, 409, "hands", "access.hands", "This has gone through too many hands",
			"Come in by a key of your own.", "Each session since was opened by a code that the one before it asked for.");
	(void)snprintf(p->hands + size, sizeof p->hands - size, "%s%s", size ? " " : "", word);
	return TW_OK;
}

/* For itself a session gives what ends with it; for one of the hands it came by, what ends with the first; another begins anew. */
static int64_t end_for(const struct tw_session *s, int64_t account)
{
	int64_t first = s->by.ends_ms ? s->by.ends_ms : s->expires_ms;

	return account == s->account || s->expires_ms < first ? s->expires_ms : first;
}

tw_err tw_placed_by(struct tw_device *d, const struct tw_request *rq, int64_t account, struct tw_reply *rp, struct tw_placer *ret)
{
	bool by_session = !strcmp(rq->subject.how, "session");
	const struct tw_session *s = by_session ? tw_access_session_of(&d->context, tw_access_bearer(rq)) : NULL;
	const struct tw_value v[] = { TW_V_BLOB(rq->client_key, sizeof rq->client_key) };
	int64_t own = 0;

	*ret = (struct tw_placer){ .ends_ms = 0 };
	if (s) {
		*ret = s->by;
		ret->ends_ms = end_for(s, account);
	} else if (rq->has_client_key) {
		TW_TRY(tw_store_run(d->context.store, tw_sql_credential_placed_by, v, TW_COUNT(v), take_hands, ret));
	}
	return tw_account_id_read(tw_slice_of(rq->subject.account), &own) ? add_hand(ret, own, rp) : TW_OK;
}

/* --- What he may --- */

struct having {
	const struct tw_device *device;
	const tw_gate *gate;
	const struct tw_condition *whenever;
	struct tw_role_set roles;
};

static tw_err take_role(void *user, const tw_row *row)
{
	struct having *h = user;
	struct tw_slice role = tw_row_bytes(row, 0);
	struct tw_condition own;
	char name[TW_ROLE_NAME_MAX + 1];

	tw_err e = tw_role_conditions(h->device, row, &own);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e) || role.size > TW_ROLE_NAME_MAX || !tw_condition_within(h->whenever, &own))
		return TW_OK;
	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(role));
	tw_role_set_add(&h->roles, tw_gate_role(h->gate, name));
	return TW_OK;
}

tw_err tw_placed_roles(struct tw_device *d, const tw_gate *g, int64_t account, const struct tw_condition *whenever, struct tw_role_set *ret)
{
	struct having h = { .device = d, .gate = g, .whenever = whenever };
	const struct tw_value v[] = { TW_V_INT(account) };
	struct tw_account a = { .state = TW_ACCOUNT_ACTIVE };

	*ret = h.roles;
	tw_err e = tw_account_get(&d->context, account, &a);
	if (tw_is(e, TW_CODE_NOTFOUND) || (!tw_failed(e) && a.state != TW_ACCOUNT_ACTIVE))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_store_run(d->context.store, tw_sql_role_of, v, TW_COUNT(v), take_role, &h));
	*ret = h.roles;
	tw_role_set_add(ret, TW_SUBJECT_ACCOUNT);
	return TW_OK;
}

static bool covers(const tw_gate *g, const struct tw_role_set *held, int role)
{
	return tw_role_set_has(held, TW_SUBJECT_OWNER) || tw_gate_covers(g, held, role);
}

tw_err tw_placed_covers(struct tw_context *c, const struct tw_subject *s, const char *role, const struct tw_condition *whenever, bool *ret)
{
	struct tw_role_set held = tw_subject_roles(s), firm = held;
	int64_t id = 0;

	if (s->kind == TW_SUBJECT_ACCOUNT && tw_account_id_read(tw_slice_of(s->account), &id))
		TW_TRY(tw_placed_roles(tw_device_of(c), c->gate, id, whenever, &firm));
	for (size_t i = 0; i < TW_COUNT(held.bits); i++)
		held.bits[i] &= firm.bits[i];
	*ret = covers(c->gate, &held, tw_gate_role(c->gate, role));
	return TW_OK;
}

struct assigned {
	struct {
		char role[TW_ROLE_NAME_MAX + 1];
		struct tw_condition condition;
	} of[TW_ACCOUNT_ROLES_MAX];
	size_t count;
	const struct tw_device *device;
	bool odd; /* there is what cannot be read */
};

static tw_err take_assigned(void *user, const tw_row *row)
{
	struct assigned *all = user;
	struct tw_slice role = tw_row_bytes(row, 0);

	all->odd |= all->count == TW_COUNT(all->of) || role.size > TW_ROLE_NAME_MAX;
	if (all->odd)
		return TW_OK;
	tw_err e = tw_role_conditions(all->device, row, &all->of[all->count].condition);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	all->odd |= tw_failed(e);
	(void)snprintf(all->of[all->count++].role, sizeof all->of[0].role, TW_SLICE_FMT, TW_SLICE_ARG(role));
	return TW_OK;
}

tw_err tw_placed_reaches(struct tw_context *c, const struct tw_subject *s, int64_t account, bool *ret)
{
	TW_CLEANUP(tw_freep) struct assigned *all = TW_NEW(c->sys, struct assigned);
	const struct tw_value v[] = { TW_V_INT(account) };
	bool covered = true;

	if (!all)
		return TW_RAISE(NOMEM, "roles");
	all->device = tw_device_of(c);
	TW_TRY(tw_store_run(c->store, tw_sql_role_of, v, TW_COUNT(v), take_assigned, all));
	for (size_t i = 0; i < all->count && covered; i++)
		TW_TRY(tw_placed_covers(c, s, all->of[i].role, &all->of[i].condition, &covered));
	*ret = s->kind == TW_SUBJECT_OWNER || (covered && !all->odd);
	return TW_OK;
}

/* --- What ends --- */

struct pair {
	int64_t account;
	char hands[TW_HANDS_MAX];
};

void tw_placed_init(struct tw_placed *p, const struct tw_sys *sys)
{
	tw_buf_init(&p->pairs, sys, PAIRS_MAX);
}

void tw_placed_done(struct tw_placed *p)
{
	tw_buf_done(&p->pairs);
}

static size_t pair_count(const struct tw_placed *p)
{
	return p->pairs.size / sizeof(struct pair);
}

static struct pair pair_at(const struct tw_placed *p, size_t i)
{
	struct pair one;

	memcpy(&one, (const char *)p->pairs.data + i * sizeof one, sizeof one);
	return one;
}

static tw_err take_pair(void *user, const tw_row *row)
{
	struct tw_slice hands = tw_row_bytes(row, 1);
	struct pair one;

	memset(&one, 0, sizeof one);
	one.account = tw_row_int(row, 0);
	(void)snprintf(one.hands, sizeof one.hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	return tw_buf_add(&((struct tw_placed *)user)->pairs, &one, sizeof one);
}

static bool holds_more(const tw_gate *now, const tw_gate *then, const char *role)
{
	int before = tw_gate_role(now, role), after = tw_gate_role(then, role);
	const char *permission;

	for (size_t i = 0; (permission = tw_gate_permission_name(then, i)); i++)
		if (tw_gate_role_may(then, after, permission) && !tw_gate_role_may(now, before, permission))
			return true;
	return false;
}

static bool within(const tw_gate *g, const struct tw_role_set *held, const char *roles)
{
	char words[TW_ACCOUNT_WORDS_MAX], *rest = NULL;
	bool all = true;

	(void)snprintf(words, sizeof words, "%s", roles);
	for (char *role = strtok_r(words, " ", &rest); role; role = strtok_r(NULL, " ", &rest))
		all &= covers(g, held, tw_gate_role(g, role));
	return all;
}

/* Does each of the hands hold, without conditions, what the account's roles do? */
static tw_err ask_hands(struct tw_device *d, const tw_gate *g, const struct pair *one, const char *roles, bool *ret)
{
	const struct tw_condition always = { .days = 0 };
	struct pair copy = *one;
	char *rest = NULL;

	*ret = true;
	for (char *hand = strtok_r(copy.hands, " ", &rest); hand && *ret; hand = strtok_r(NULL, " ", &rest)) {
		struct tw_role_set held;
		uint64_t id = 0;

		TW_TRY(tw_parse_u64(tw_slice_of(hand), INT64_MAX, &id));
		if ((int64_t)id == one->account)
			continue;
		TW_TRY(tw_placed_roles(d, g, (int64_t)id, &always, &held));
		*ret = within(g, &held, roles);
	}
	return TW_OK;
}

tw_err tw_placed_within(struct tw_device *d, const struct tw_placer *by, int64_t self, const char *roles, bool *ret)
{
	struct pair one = { .account = self };

	(void)snprintf(one.hands, sizeof one.hands, "%s", by->hands);
	return ask_hands(d, d->context.gate, &one, roles, ret);
}

/* Whoever was one before the change can come to do no more by it, and what he came in by may be the last way that anybody has. */
static bool was_owner(const struct tw_device *d, int64_t account)
{
	const struct tw_owners *all = &d->access->owners;

	for (size_t i = 0; i < all->count; i++)
		if (all->of[i].id == account)
			return true;
	return false;
}

static tw_err judge(struct tw_device *d, const tw_gate *g, bool widened, const struct pair *one, bool *ret)
{
	struct tw_account a;
	char words[TW_ACCOUNT_WORDS_MAX], *rest = NULL;
	bool more = !widened, reached = true;

	*ret = false;
	if (was_owner(d, one->account))
		return TW_OK;
	TW_TRY(tw_account_get(&d->context, one->account, &a));
	(void)snprintf(words, sizeof words, "%s", a.roles);
	for (char *role = strtok_r(words, " ", &rest); role && !more; role = strtok_r(NULL, " ", &rest))
		more = holds_more(d->context.gate, g, role);
	if (more)
		TW_TRY(ask_hands(d, g, one, a.roles, &reached));
	*ret = !reached;
	return TW_OK;
}

static tw_err drop(struct tw_device *d, const struct pair *one)
{
	/* Where codes are sent to is not removed: the account would be left with its password alone. It has to be said anew. */
	static const char *const statements[] = { tw_sql_credential_drop_placed, tw_sql_message_end_placed,
		tw_sql_session_drop_placed, tw_sql_code_drop_placed, tw_sql_shared_drop_placed };
	const struct tw_value v[] = { TW_V_INT(one->account), TW_V_TEXT(one->hands) };

	for (size_t i = 0; i < TW_COUNT(statements); i++)
		TW_TRY(tw_store_run(d->context.store, statements[i], v, TW_COUNT(v), NULL, NULL));
	return TW_OK;
}

tw_err tw_placed_end(struct tw_device *d, const tw_gate *g, int64_t account, struct tw_placed *ret)
{
	const struct tw_value v[] = { TW_V_INT(account) };
	size_t kept = 0;

	tw_buf_clear(&ret->pairs);
	TW_TRY(tw_store_run(d->context.store, tw_sql_placed_all, v, TW_COUNT(v), take_pair, ret));
	for (size_t i = 0; i < pair_count(ret); i++) {
		struct pair one = pair_at(ret, i);
		bool ends = false;

		TW_TRY(judge(d, g, account == 0, &one, &ends));
		if (!ends)
			continue;
		TW_TRY(drop(d, &one));
		memcpy((char *)ret->pairs.data + kept++ * sizeof one, &one, sizeof one);
	}
	ret->pairs.size = kept * sizeof(struct pair);
	return TW_OK;
}

void tw_placed_forget(struct tw_device *d, const struct tw_placed *p)
{
	for (size_t i = 0; i < pair_count(p); i++) {
		struct pair one = pair_at(p, i);

		for (size_t k = 0; k < TW_SESSIONS_MAX; k++) {
			struct tw_session *s = &d->access->guard.sessions[k];

			if (s->used && s->account == one.account && !strcmp(s->by.hands, one.hands))
				tw_wipe(s, sizeof *s);
		}
	}
}
