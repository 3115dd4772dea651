/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of roles: that they are ranked as published, that the organization's own count, that an account may do what its roles say and
 * nothing else, and that each request is judged anew. Whoever comes is made up (people.h), and what is asked is walked (matrix.h).
 */
#include "tool/probes/matrix.h"

static const char *const ranks[] = { "guest", "user", "operator", "admin", "owner" };
static const char *const assigned[] = { "guest", "user", "operator", "admin", "auditor", "emergency", "supporting-party" };

static tw_err tell_count(struct tw_finding *f, const char *key, size_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%zu", n);
	return tw_saw(f, key, text);
}

/* One role, every operation; then it is taken away again. */
static tw_err walk_as(struct tw_probe_context *c, const struct tw_matrix *m, struct tw_person *p, struct tw_walk *w, struct tw_finding *f)
{
	char assignment[64];

	TW_TRY(tw_person_give(c, p, w->role));
	TW_TRY(tw_person_comes(c, p));
	w->token = p->token;
	w->who = w->role;
	TW_TRY(tw_matrix_walk(c, m, w, f));
	(void)snprintf(assignment, sizeof assignment, "%s.%s", p->id, w->role);
	return tw_probe_at(c, "DELETE", "role-assignments", assignment);
}

static tw_err check_ranks(const struct tw_matrix *m, struct tw_finding *f, bool *ret_good)
{
	for (size_t i = 0; i + 1 < TW_COUNT(ranks); i++) {
		*ret_good = tw_matrix_role(m, ranks[i]) && tw_matrix_covers(m, ranks[i + 1], ranks[i]);
		if (!*ret_good)
			return tw_found(f, TW_VERDICT_FAIL, "By what the device publishes, %s may not do all that %s may.",
				ranks[i + 1], ranks[i]);
	}
	*ret_good = !tw_matrix_covers(m, "guest", "operator") && !tw_matrix_covers(m, "operator", "admin") &&
		!tw_matrix_covers(m, "admin", "owner");
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "By what the device publishes, guest, operator, admin and owner are not different.");
}

/* All that was asked was right, and the rest nobody knows. */
static tw_err undecided(const struct tw_walk *w, const char *element, struct tw_finding *f)
{
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"Drawn by chance: %zu of %zu pairs of role and operation, each answered as published; without --draw, `thingward assess --element %s` "
		"asks them all.",
		w->asked, w->pairs, element);
}

/* @nist LA.RSM.4: every operation, as every role, answers as the published matrix says */
static tw_err ranked(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_matrix_done) struct tw_matrix m = { .roles = { .status = 0 } };
	struct tw_walk w = { .who = "owner", .role = "owner" };

	TW_TRY(tw_matrix_read(c, &m));
	TW_TRY(check_ranks(&m, f, &w.good));
	TW_TRY(tw_matrix_draw(c, &w, f));
	if (w.good)
		TW_TRY(tw_matrix_walk(c, &m, &w, f));
	if (!w.good)
		return TW_OK;
	TW_TRY(tw_person_make(c, "person", 0, p));
	for (size_t i = 0; w.good && i < TW_COUNT(assigned); i++) {
		w.role = assigned[i];
		TW_TRY(walk_as(c, &m, p, &w, f));
	}
	TW_TRY(tell_count(f, "asked", w.asked));
	TW_TRY(tell_count(f, "let pass", w.let_pass));
	if (w.good && *w.draw)
		return undecided(&w, "LA.RSM.4", f);
	return w.good ? tw_found(f, TW_VERDICT_PASS,
				"Each operation was asked as owner and as %zu other roles, %zu requests: %zu passed the gate and the others did not, as "
				"published; each rank may do what the one below may.",
				TW_COUNT(assigned), w.asked, w.let_pass)
		      : TW_OK;
}

/* @nist LA.RSM.4.1: nothing without a role, exactly its actions with one */
static tw_err drawn_from_roles(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_matrix_done) struct tw_matrix m = { .roles = { .status = 0 } };
	struct tw_walk without = { .who = "an account without a role" },
		       with = { .who = "an account with one role", .permission = "settings.read" };

	TW_TRY(tw_matrix_read(c, &m));
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	without.token = p->token;
	TW_TRY(tw_matrix_walk(c, &m, &without, f));
	if (!without.good)
		return TW_OK;
	TW_TRY(tw_person_role(c, p, with.permission));
	TW_TRY(tw_person_give(c, p, p->role));
	with.token = p->token;
	TW_TRY(tw_matrix_walk(c, &m, &with, f));
	TW_TRY(tell_count(f, "without a role", without.let_pass));
	TW_TRY(tell_count(f, "with one", with.let_pass));
	return with.good ? tw_found(f, TW_VERDICT_PASS,
				   "Without a role an account passed the gate at %zu operations that are for everybody logged in; a role that holds one "
				   "permission added the %zu that need it, and nothing else.",
				   without.let_pass, with.let_pass - without.let_pass)
			 : TW_OK;
}

/* What is no role is refused and leaves none behind. */
static tw_err malformed(struct tw_probe_context *c, const struct tw_person *p, struct tw_finding *f, bool *ret_good)
{
	static const char *const wrong[] = { "settings.read everything", "keys.change", "*" };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_matrix_done) struct tw_matrix m = { .roles = { .status = 0 } };
	char path[96], name[40];

	(void)snprintf(name, sizeof name, "%s-x", p->role);
	(void)snprintf(path, sizeof path, "/api/v1/roles/%s", name);
	for (size_t i = 0; *ret_good && i < TW_COUNT(wrong); i++) {
		TW_TRY(tw_ask_with(c, "PUT", path, json_pack("{s:s}", "permissions", wrong[i]), &answer));
		*ret_good = answer.status >= 400 && answer.status < 500;
		if (*ret_good)
			continue;
		tw_probe_take_back(c, f, "roles", name);
		return tw_found(f, TW_VERDICT_FAIL, "A role with the permissions '%s' was answered with %ld.", wrong[i], answer.status);
	}
	TW_TRY(tw_matrix_read(c, &m));
	*ret_good = !tw_matrix_role(&m, name);
	return *ret_good ? TW_OK : tw_found(f, TW_VERDICT_FAIL, "A role that was refused is in the list of roles.");
}

/* @nist LA.RSM.4.3: a role of the organization decides what its account may do; one that is malformed is rejected */
static tw_err own_roles(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_matrix_done) struct tw_matrix m = { .roles = { .status = 0 } };
	struct tw_walk w = { .who = "a role of the organization", .role = p->role };

	w.good = true;
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_role(c, p, "identity.read inventory.read log.read"));
	TW_TRY(malformed(c, p, f, &w.good));
	if (!w.good)
		return TW_OK;
	TW_TRY(tw_matrix_read(c, &m));
	if (!tw_matrix_role(&m, p->role) || !tw_matrix_holds(&m, p->role, "log.read"))
		return tw_found(f, TW_VERDICT_FAIL, "The list of roles does not hold the role that was just made.");
	TW_TRY(tw_person_give(c, p, p->role));
	TW_TRY(tw_person_comes(c, p));
	w.token = p->token;
	TW_TRY(tw_matrix_draw(c, &w, f));
	TW_TRY(tw_matrix_walk(c, &m, &w, f));
	if (w.good && *w.draw)
		return undecided(&w, "LA.RSM.4.3", f);
	return w.good ? tw_found(f, TW_VERDICT_PASS,
				"A role of three permissions that the organization made let its account do what they allow and nothing else, at each of "
				"%zu operations; three that were malformed, or held what nobody may give, were rejected.",
				w.asked)
		      : TW_OK;
}

/* @nist LA.RSM.5.1: a service with a role for its one task: that works there, other tasks fail there */
static tw_err narrow_service(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const char *const others[] = { "/api/v1/settings?limit=1", "/api/v1/log?limit=1", "/api/v1/accounts?limit=1",
		"/api/v1/keys?limit=1" };
	long status = 0;

	TW_TRY(tw_person_make(c, "service", 0, p));
	TW_TRY(tw_person_role(c, p, "inventory.read"));
	TW_TRY(tw_person_give(c, p, p->role));
	TW_TRY(tw_person_comes(c, p));
	for (size_t i = 0; i < TW_COUNT(others); i++) {
		TW_TRY(tw_person_asks(c, p, "GET", others[i], &status));
		if (status != 403)
			return tw_found(f, TW_VERDICT_FAIL, "A service that may only read the inventory was answered %s with %ld.",
				others[i], status);
	}
	TW_TRY(tw_person_asks(c, p, "GET", "/api/v1/inventory?limit=1", &status));
	if (status != 200)
		return tw_found(f, TW_VERDICT_FAIL, "A service that may read the inventory was answered with %ld.", status);
	return tw_found(f, TW_VERDICT_PASS,
		"A service account was made with a role of its own for one task: that was done, and %zu others were refused.",
		TW_COUNT(others));
}

/* @nist LA.RSM.7.1: what a role loses is refused at the next request of a session that was open before */
static tw_err judged_anew(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	long with = 0, without = 0, again = 0;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_role(c, p, "settings.read"));
	TW_TRY(tw_person_give(c, p, p->role));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "with the privilege", &with));
	TW_TRY(tw_person_role(c, p, "identity.read"));
	TW_TRY(tw_person_look(c, p, f, "without it", &without));
	TW_TRY(tw_person_role(c, p, "settings.read"));
	TW_TRY(tw_person_look(c, p, f, "with it again", &again));
	if (with != 200 || without != 403 || again != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"In one session, with a privilege, without it and with it again, the answers were %ld, %ld and %ld; they should have been "
			"200, 403, 200.",
			with, without, again);
	return tw_found(f, TW_VERDICT_PASS,
		"In one session, a request was answered, refused once its role had lost the privilege, and answered when it had it again.");
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
ASK(ranked)
ASK(drawn_from_roles)
ASK(own_roles)
ASK(narrow_service)
ASK(judged_anew)

const struct tw_probe tw_probes_roles[] = {
	{ "LA.RSM.4", "as-published", TW_SOURCE_OUTSIDE, "Does every role get from every operation what is published?", ask_ranked, true },
	{ "LA.RSM.4.1", "drawn-from-roles", TW_SOURCE_OUTSIDE, "May an account do what its role says, and nothing else?",
		ask_drawn_from_roles, true },
	{ "LA.RSM.4.3", "own-roles", TW_SOURCE_OUTSIDE, "Does a role of the organization count, and is a malformed one rejected?",
		ask_own_roles, true },
	{ "LA.RSM.5.1", "narrow-service", TW_SOURCE_OUTSIDE, "Can a service get a role for its one task alone?", ask_narrow_service, true },
	{ "LA.RSM.7.1", "judged-anew", TW_SOURCE_OUTSIDE, "Is a lost privilege refused at the next request?", ask_judged_anew, true },
	{ .element = NULL },
};
