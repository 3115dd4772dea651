/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of actions that the organization names: for their roles only, there and gone without a restart, judged with the rules before them; and of a
 * request that is refused when the device's state gets worse. Whoever comes is made up, and what is put for a moment is taken back.
 */
#include "tool/probes/people.h"

#define KEY "logical-access.attempts-wait-most"
#define MODE "logical-access.mode"

struct action {
	char name[40];
};

static tw_err put_action(struct tw_probe_context *c, const struct tw_person *p, const char *role, const char *value, struct action *a)
{
	char path[96];

	(void)snprintf(a->name, sizeof a->name, "probe-%s", p->name + strlen("probe "));
	(void)snprintf(path, sizeof path, "/api/v1/actions/%s", a->name);
	return tw_order_with(c, "PUT", path,
		json_pack("{s:s, s:s, s:s, s:s}", "purpose", "made by a probe", "roles", role, "setting", *value ? KEY : "", "value", value),
		NULL);
}

static tw_err call(struct tw_probe_context *c, const struct tw_person *p, const struct action *a, long *ret)
{
	char path[96];

	(void)snprintf(path, sizeof path, "/api/v1/actions/%s", a->name);
	return tw_person_asks(c, p, "POST", path, ret);
}

static tw_err with_role(struct tw_probe_context *c, struct tw_person *p)
{
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_role(c, p, "settings.read"));
	TW_TRY(tw_person_give(c, p, p->role));
	return tw_person_comes(c, p);
}

/* --- For their roles only --- */

static tw_err cross(struct tw_probe_context *c, const struct tw_person people[2], const struct action actions[2], struct tw_finding *f)
{
	struct tw_probe_setting now;
	long got[2][2] = { { 0 } };

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			TW_TRY(call(c, &people[i], &actions[k], &got[i][k]));
	TW_TRY(tw_probe_setting_read(c, KEY, &now));
	if (got[0][0] != 200 || got[1][1] != 200 || got[0][1] != 403 || got[1][0] != 403 || strcmp(now.value, "901") != 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"Two actions of two roles were answered with %ld and %ld by whoever has the role, with %ld and %ld by whoever has the other; and what "
			"one sets reads %s.",
			got[0][0], got[1][1], got[0][1], got[1][0], now.value);
	return tw_found(f, TW_VERDICT_PASS,
		"Two actions were named, one of which changes a setting: each was done for whoever has its role and refused to whoever has the other's.");
}

static tw_err named_roles(struct tw_probe_context *c, struct tw_person people[2], struct action actions[2], struct tw_finding *f)
{
	TW_TRY(with_role(c, &people[0]));
	TW_TRY(tw_person_make(c, "person", 0, &people[1]));
	TW_TRY(tw_person_give(c, &people[1], "operator"));
	TW_TRY(tw_person_comes(c, &people[1]));
	TW_TRY(put_action(c, &people[0], people[0].role, "901", &actions[0]));
	TW_TRY(put_action(c, &people[1], "operator", "", &actions[1]));
	return cross(c, people, actions, f);
}

/* @nist LA.RSM.6 */
static tw_err ask_named_roles(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_person people[2] = { { .id = "" } };
	struct action actions[2] = { { .name = "" } };
	struct tw_probe_setting before = { .value = "" };

	tw_err e = tw_probe_setting_read(c, KEY, &before);
	if (!tw_failed(e))
		e = named_roles(c, people, actions, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of actions", e);
	for (size_t i = 0; i < 2; i++) {
		tw_probe_take_back(c, f, "actions", actions[i].name);
		tw_probe_take_back(c, f, "accounts", people[i].id);
		tw_probe_take_back(c, f, "roles", people[i].role);
	}
	tw_probe_set_back(c, KEY, before.value, f);
	tw_wipe(people, sizeof people);
	return e;
}

/* --- There and gone --- */

static tw_err come_and_go(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct action a;
	long there = 0, gone = 0, again = 0;

	TW_TRY(with_role(c, p));
	TW_TRY(put_action(c, p, p->role, "", &a));
	TW_TRY(call(c, p, &a, &there));
	TW_TRY(tw_probe_at(c, "DELETE", "actions", a.name));
	TW_TRY(call(c, p, &a, &gone));
	TW_TRY(put_action(c, p, p->role, "", &a));
	TW_TRY(call(c, p, &a, &again));
	tw_probe_take_back(c, f, "actions", a.name);
	if (there != 200 || gone != 404 || again != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"An action that was added, removed and added again was answered with %ld, %ld and %ld; it should have been 200, 404, 200.",
			there, gone, again);
	return tw_found(f, TW_VERDICT_PASS,
		"An action was there with the next request after it was added, gone after it was removed, and there again.");
}

/* --- With a rule --- */

static tw_err put_rule(struct tw_probe_context *c, struct tw_person *p, const char *permission, const char *fact, const char *value)
{
	char path[96];

	(void)snprintf(p->rule, sizeof p->rule, "probe-%s", p->name + strlen("probe "));
	(void)snprintf(path, sizeof path, "/api/v1/rules/%s", p->rule);
	return tw_order_with(c, "PUT", path,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "effect", "deny", "permission", permission, "role", p->role, "fact",
			fact, "is", "equal", "value", value),
		NULL);
}

static tw_err ruled(struct tw_probe_context *c, struct tw_person *p, const struct action *a, struct tw_finding *f)
{
	char permission[64];
	long before = 0, with = 0, after = 0;

	(void)snprintf(permission, sizeof permission, "action.%s", a->name);
	TW_TRY(call(c, p, a, &before));
	TW_TRY(put_rule(c, p, permission, "owner.present", "on"));
	TW_TRY(call(c, p, a, &with));
	TW_TRY(tw_probe_at(c, "DELETE", "rules", p->rule));
	p->rule[0] = '\0';
	TW_TRY(call(c, p, a, &after));
	if (before != 200 || with != 403 || after != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"An action was answered with %ld, with %ld under a rule that denies it, and with %ld without it again.",
			before, with, after);
	return tw_found(f, TW_VERDICT_PASS,
		"An action that the organization added was done, refused once a rule of the organization stood before it, and done again without the rule.");
}

static tw_err action_rule(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct action a;

	TW_TRY(with_role(c, p));
	TW_TRY(put_action(c, p, p->role, "", &a));
	tw_err e = ruled(c, p, &a, f);
	tw_probe_take_back(c, f, "rules", p->rule);
	p->rule[0] = '\0';
	tw_probe_take_back(c, f, "actions", a.name);
	return e;
}

/* --- The device's state --- */

/* @nist LA.RSM.7: the same request of the same session, when the device is put into maintenance and out of it again */
static tw_err state_flips(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct tw_probe_setting mode;
	long well = 0, worse = 0, again = 0;

	TW_TRY(tw_probe_setting_read(c, MODE, &mode));
	if (!strcmp(mode.value, "maintenance"))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device is in maintenance. Assess again when it is not.");
	TW_TRY(with_role(c, p));
	TW_TRY(put_rule(c, p, "settings.read", MODE, "maintenance"));
	TW_TRY(tw_person_look(c, p, f, "as it was", &well));
	TW_TRY(tw_probe_set(c, MODE, "maintenance"));
	tw_err e = tw_person_look(c, p, f, "in maintenance", &worse);
	tw_probe_set_back(c, MODE, mode.value, f);
	TW_TRY(e);
	TW_TRY(tw_person_look(c, p, f, "as it was, again", &again));
	if (well != 200 || worse != 403 || again != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"One request of one session was answered with %ld, with %ld when the device was in maintenance, and with %ld when it was not again.",
			well, worse, again);
	return tw_found(f, TW_VERDICT_PASS,
		"One request of one session was answered, refused while the device was in a worse state that a rule names, and answered again.");
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
/* @nist LA.RSM.6.2 */
ASK(come_and_go)
/* @nist LA.RSM.7.2 */
ASK(action_rule)
ASK(state_flips)

const struct tw_probe tw_probes_actions[] = {
	{ "LA.RSM.6", "actions-for-roles", TW_SOURCE_OUTSIDE, "Is each action of the organization done for its role only?",
		ask_named_roles, true },
	{ "LA.RSM.6.2", "actions-come-and-go", TW_SOURCE_OUTSIDE,
		"Is an action there once it is added, and gone once it is removed?", ask_come_and_go, true },
	{ "LA.RSM.7", "state-flips", TW_SOURCE_OUTSIDE, "Is a request refused when the device's state gets worse?", ask_state_flips, true },
	{ "LA.RSM.7.2", "action-ruled", TW_SOURCE_OUTSIDE, "Does a rule stand before an action that was added?", ask_action_rule, true },
	{ .element = NULL },
};
