/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the rules of access over the network and at the device. Each says a policy, looks what becomes of requests while it waits to be
 * confirmed, and takes it back; nothing is ever confirmed, so a device that a probe leaves comes back to its own rules by itself.
 */
#include "tool/probes/actors.h"
#include "tool/probes/people.h"

#include "base/text.h"

#include <time.h>

#define POLICY "/api/v1/remote-access"
#define CHANGE "/api/v1/change"
#define WANTED "/api/v1/settings?limit=1" /* what an operator may */
#define OTHER "/api/v1/inventory?limit=1" /* and what he may besides */
#define WITHIN "change.within"
#define WITHIN_S "5" /* the least that there is */
#define BACK_MS 15000

/* The four kinds; each text is the rows of one, "" of none. Owners come as they like, so that the probe can take it back. */
struct policy {
	const char *who, *session, *connection, *product;
};

static tw_err compose(struct tw_probe_context *c, const struct policy *p, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, 4096);
	TW_TRY(tw_buf_format(&text,
		"{\"policy\":{\"who\":[{\"name\":\"owners\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"owner\"]}%s%s],"
		"\"session\":[%s],\"connection\":[%s],\"product\":[%s]}}",
		p->who[0] ? "," : "", p->who, p->session, p->connection, p->product));
	return tw_json_parse(tw_buf_slice(&text), 4096, ret);
}

static tw_err say(struct tw_probe_context *c, const struct policy *p)
{
	json_t *body = NULL;

	TW_TRY(compose(c, p, &body));
	return tw_order_with(c, "PUT", POLICY, body, NULL);
}

static void take_back(struct tw_probe_context *c, struct tw_finding *f)
{
	if (tw_failed(tw_order(c, "DELETE", CHANGE, NULL)))
		tw_found_left(f, "The policy that was tried could not be taken back; it goes by itself when its time is over.");
}

/* As the owner, by his own connection. */
static tw_err owner_asks(struct tw_probe_context *c, const char *path, long *ret, char rule[64])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", path, &answer));
	*ret = answer.status;
	(void)snprintf(rule, 64, "%s", tw_json_text(answer.body, "rule"));
	return TW_OK;
}

static tw_err person_asks(struct tw_probe_context *c, const struct tw_person *p, const char *path, long *ret, char rule[64])
{
	const struct tw_call call = { .method = "GET", .path = path };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_person_call(c, p->token, &call, &answer));
	*ret = answer.status;
	(void)snprintf(rule, 64, "%s", tw_json_text(answer.body, "rule"));
	return TW_OK;
}

/* --- One policy --- */

/* @nist LA.IC.1: with all four kinds it is taken, without one of them it is not */
static tw_err all_kinds(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const kinds[] = { "who", "session", "connection", "product" };
	static const struct policy plain = { "", "", "", "" };

	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		json_t *body = NULL;

		TW_TRY(compose(c, &plain, &body));
		(void)json_object_del(json_object_get(body, "policy"), kinds[i]);
		TW_TRY(tw_ask_with(c, "PUT", POLICY, body, &answer));
		if (answer.status == 200)
			take_back(c, f);
		if (answer.status != 400)
			return tw_found(f, TW_VERDICT_FAIL, "A policy without the kind '%s' was answered with %ld.", kinds[i],
				answer.status);
	}
	TW_CLEANUP(tw_answer_done) struct tw_answer kept = { 0 };
	TW_TRY(say(c, &plain));
	tw_err e = tw_order(c, "GET", POLICY, &kept);
	take_back(c, f);
	TW_TRY(e);
	const json_t *policy = json_object_get(kept.body, "policy");
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!json_is_array(json_object_get(policy, kinds[i])) || !tw_json_bool(kept.body, "waits"))
			return tw_found(f, TW_VERDICT_FAIL,
				"A policy of all four kinds does not read back, or does not wait to be confirmed.");
	return tw_found(f, TW_VERDICT_PASS,
		"A policy with who, session, connection and product was taken, read back and waited to be confirmed; without any one of them it was "
		"refused.");
}

static tw_err ask_all_kinds(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = all_kinds(c, f);

	return tw_failed(e) ? tw_found_trouble(f, "A policy of access", e) : TW_OK;
}

/* --- Who, when and for what --- */

/* A window of an hour that begins so many hours from now, where the device says that its clock is to be trusted. */
static tw_err window(struct tw_probe_context *c, unsigned hours, char ret[12], bool *ret_trusted)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	int64_t now = 0;

	TW_TRY(tw_order(c, "GET", "/api/v1/capabilities?limit=1", &answer));
	const json_t *time = json_object_get(answer.body, "time");
	*ret_trusted = tw_json_bool(time, "trusted");
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(time, "now")), &now));
	const unsigned from = ((unsigned)(now / 3600000 % 24) + hours) % 24;
	(void)snprintf(ret, 12, "%02u:00-%02u:00", from, (from + 2) % 24);
	return TW_OK;
}

static tw_err operator(struct tw_probe_context *c, struct tw_person *p)
{
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "operator"));
	return tw_person_comes(c, p);
}

/* What he is answered under a policy, twice; it is taken back whatever happened. */
static tw_err under(struct tw_probe_context *c, const struct tw_person *p, const struct policy *policy, struct tw_finding *f,
	long ret[2], char rule[2][64])
{
	static const char *const paths[] = { WANTED, OTHER };
	tw_err e = say(c, policy);

	if (tw_failed(e))
		return e;
	for (size_t i = 0; !tw_failed(e) && i < 2; i++)
		e = person_asks(c, p, paths[i], &ret[i], rule[i]);
	take_back(c, f);
	return e;
}

/* @nist LA.IC.1.1: outside his hours, and for what is not his, he is refused; within both he is answered */
static tw_err who_when_what(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const char row[] = "{\"name\":\"probe\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"operator\"],"
				  "\"permissions\":[\"settings.read\"],\"hours\":[\"%s\"]}";
	char inside[256], outside[256], hours[12], rule[2][2][64] = { { "" } };
	long got[2][2] = { { 0 } };
	bool trusted = false;

	TW_TRY(window(c, 0, hours, &trusted));
	(void)snprintf(inside, sizeof inside, row, hours);
	TW_TRY(window(c, 6, hours, &trusted));
	(void)snprintf(outside, sizeof outside, row, hours);
	if (!trusted)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device does not trust its clock, so no hours can be tried.");
	TW_TRY(operator(c, p));
	TW_TRY(under(c, p, &(struct policy){ outside, "", "", "" }, f, got[0], rule[0]));
	TW_TRY(under(c, p, &(struct policy){ inside, "", "", "" }, f, got[1], rule[1]));
	if (got[0][0] != 403 || strcmp(rule[0][0], "remote.who") != 0 || got[1][0] != 200 || got[1][1] != 403)
		return tw_found(f, TW_VERDICT_FAIL,
			"Outside his hours somebody was answered with %ld (%s), within them with %ld, and with %ld for what his row does not name.",
			got[0][0], rule[0][0], got[1][0], got[1][1]);
	return tw_found(f, TW_VERDICT_PASS,
		"Somebody was answered within his hours for what his row names; outside them, and for anything else, he was refused by %s.",
		rule[0][0]);
}

/* --- What a session is --- */

/* By his session, on a connection that shows a certificate which nobody has said is his. */
static tw_err person_with_any_key(struct tw_probe_context *c, const struct tw_person *p, long *ret, char rule[64])
{
	TW_CLEANUP(tw_actor_done) struct tw_actor any = { .sys = c->sys };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_actor_make(c, "https://probe.invalid", NULL, &any)); /* no name of a device, so it claims to be none */
	TW_TRY(tw_ask(c, &(struct tw_asker){ TW_ASKER_ANEW, any.cert_path, any.key_path, p->token }, "GET", WANTED, &answer));
	*ret = answer.status;
	(void)snprintf(rule, 64, "%s", tw_json_text(answer.body, "rule"));
	return TW_OK;
}

/* @nist LA.IC.1.2: who does not come as sessions have to be is refused, a certificate that is nobody's helps him nothing; who does is answered */
static tw_err session_made(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const struct policy key = { "{\"name\":\"probe\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"operator\"]}",
		"{\"name\":\"probe\",\"doors\":[\"management\",\"elsewhere\"],\"certificate\":true}", "", "" };
	char rule[3][64] = { "" };
	long with = 0, without = 0, any = 0;

	TW_TRY(operator(c, p));
	TW_TRY(say(c, &key));
	tw_err e = person_asks(c, p, WANTED, &without, rule[0]);
	if (!tw_failed(e) && without == 403)
		e = person_with_any_key(c, p, &any, rule[2]);
	if (!tw_failed(e))
		e = owner_asks(c, WANTED, &with, rule[1]);
	if (with == 403)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"You come without a certificate of your own, so you are refused as well (%s) until the device takes the policy back. Assess "
			"again with the directory that the device was taken over with, which holds owner.crt and owner.key, and without --by-login.",
			rule[1]);
	take_back(c, f);
	TW_TRY(e);
	if (without != 403 || strcmp(rule[0], "remote.session:probe") != 0 || with != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"Where a session needs a certificate, one without was answered with %ld (%s), and one with it with %ld.",
			without, rule[0], with);
	if (any != 403 || strcmp(rule[2], "remote.session:probe") != 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"Where a session needs a certificate, one with a certificate made just now, which nobody knows, was answered with %ld (%s).",
			any, rule[2]);
	return tw_found(f, TW_VERDICT_PASS,
		"Where the policy asks for a client certificate, a session without one, and one with a certificate made just now, were refused by "
		"%s; one with its own was answered.",
		rule[0]);
}

/* --- How it is made --- */

static tw_err wait_until_back(struct tw_probe_context *c, long *ret, char rule[64])
{
	const int64_t until = tw_probe_now_us(c->sys) + BACK_MS * INT64_C(1000);
	const struct timespec pause = { 0, 300000000 };

	do {
		(void)nanosleep(&pause, NULL);
		TW_TRY(owner_asks(c, WANTED, ret, rule));
	} while (*ret != 200 && tw_probe_now_us(c->sys) < until);
	return TW_OK;
}

static tw_err from_nowhere(struct tw_probe_context *c, struct tw_finding *f)
{
	static const struct policy nowhere = { "", "",
		"{\"name\":\"probe\",\"doors\":[\"management\",\"elsewhere\"],\"networks\":[\"192.0.2.0/24\"],\"hosts\":[\"probe.invalid:1\"]}",
		"" };
	char rule[64] = "", later[64] = "";
	long then = 0, behind = 0;

	TW_TRY(say(c, &nowhere));
	TW_TRY(owner_asks(c, WANTED, &then, rule));
	if (then == 200)
		take_back(c, f);
	TW_TRY(wait_until_back(c, &behind, later));
	if (behind != 200)
		tw_found_left(f, "The policy that was tried was not taken back in %d s.", BACK_MS / 1000);
	if (then != 403 || strcmp(rule, "remote.connection:probe") != 0 || behind != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"From a network and under a name that the policy does not let in, the answer was %ld (%s); unconfirmed, it was %ld afterwards.",
			then, rule, behind);
	return tw_found(f, TW_VERDICT_PASS,
		"From a network and under a name and port that the policy does not name, even you were refused by %s; it was not confirmed, so the "
		"device took it back by itself.",
		rule);
}

/* @nist LA.IC.1.3: the wrong network, name and port are refused */
static tw_err connection_made(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_probe_setting within = { .value = "" };
	tw_err e = tw_probe_setting_read(c, WITHIN, &within);

	if (!tw_failed(e))
		e = tw_probe_set(c, WITHIN, WITHIN_S);
	if (!tw_failed(e))
		e = from_nowhere(c, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "A policy of access", e);
	tw_probe_set_back(c, WITHIN, within.value, f);
	return e;
}

/* --- The manufacturer's --- */

/* What can be asked for by a permission, without changing anything. */
static const struct {
	const char *permission, *path;
} askable[] = { { "settings.read", WANTED }, { "inventory.read", OTHER }, { "log.read", "/api/v1/log?limit=1" },
	{ "log.keys", "/api/v1/log/keys" }, { "keys.read", "/api/v1/keys?limit=1" }, { "accounts.read", "/api/v1/accounts?limit=1" },
	{ "telemetry.read", "/api/v1/telemetry" }, { "identity.read", "/api/v1/identity" } };

static bool has(const json_t *list, const char *word)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), word))
			return true;
	return false;
}

static const char *path_of(const json_t *rule)
{
	for (size_t i = 0; i < TW_COUNT(askable); i++)
		if (has(json_object_get(rule, "permissions"), askable[i].permission))
			return askable[i].path;
	return NULL;
}

/* One that never lets anybody over the network, and that this tool can run against. */
static const json_t *rule_to_try(const json_t *rules)
{
	size_t i;
	json_t *one;

	json_array_foreach(rules, i, one) {
		const json_t *doors = json_object_get(one, "doors");

		if (path_of(one) && has(doors, "elsewhere") && has(doors, "management") && !tw_json_bool(one, "certificate") &&
			!json_object_get(one, "networks"))
			return one;
	}
	return NULL;
}

static tw_err try_rule(struct tw_probe_context *c, const json_t *rule, struct tw_finding *f)
{
	const bool optional = tw_json_bool(rule, "optional");
	char named[48], wanted[64], got[64] = "";
	long status = 0;

	(void)snprintf(named, sizeof named, "\"%.40s\"", tw_json_text(rule, "name"));
	(void)snprintf(wanted, sizeof wanted, "remote.product:%.40s", tw_json_text(rule, "name"));
	if (optional)
		TW_TRY(say(c, &(struct policy){ "", "", "", named }));
	tw_err e = owner_asks(c, path_of(rule), &status, got);
	if (optional)
		take_back(c, f);
	TW_TRY(e);
	if (status != 403 || strcmp(got, wanted) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "What the manufacturer's rule %.40s forbids over the network was answered with %ld (%s).",
			tw_json_text(rule, "name"), status, got);
	return tw_found(f, TW_VERDICT_PASS, "What the manufacturer's rule forbids over the network was refused by %s.", got);
}

/* @nist LA.IC.1.4: a request that violates a rule of the manufacturer's is refused, and the refusal names it */
static tw_err manufacturers(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e = tw_order(c, "GET", POLICY, &answer);

	if (tw_failed(e))
		return tw_found_trouble(f, "The rules of access", e);
	const json_t *rules = json_object_get(answer.body, "product_rules"), *rule = rule_to_try(rules);
	if (!json_array_size(rules))
		return tw_found(f, TW_VERDICT_NOT_APPLICABLE, "The product's signed manifest has no rules of access of the manufacturer's.");
	if (!rule)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"None of the manufacturer's %zu rules of access forbids over the network what this tool could ask for.",
			json_array_size(rules));
	e = try_rule(c, rule, f);
	return tw_failed(e) ? tw_found_trouble(f, "A policy of access", e) : TW_OK;
}

/* --- On both ways --- */

static tw_err local_asks(struct tw_probe_context *c, long *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_ask(c, &tw_asker_local, "GET", WANTED, &answer));
	*ret = answer.status;
	return TW_OK;
}

/* @nist LA.IC.7: each rule, met and missed, at the device and from afar */
static tw_err both_ways(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const struct policy closed = { "{\"name\":\"probe\",\"doors\":[\"local\"],\"roles\":[\"owner\"]}", "", "", "" },
				   open = { "{\"name\":\"probe\",\"doors\":[\"management\",\"elsewhere\"],\"roles\":[\"operator\"]},"
					    "{\"name\":\"probe-local\",\"doors\":[\"local\"],\"roles\":[\"local\"]}",
					   "", "", "" };
	const struct policy *const policies[] = { &closed, &open };
	char rule[64];
	long far[2] = { 0 }, near[2] = { 0 };

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes a look from inside too: run this on the device as root, with --local.");
	TW_TRY(operator(c, p));
	for (size_t i = 0; i < TW_COUNT(policies); i++) {
		TW_TRY(say(c, policies[i]));
		tw_err e = person_asks(c, p, WANTED, &far[i], rule);
		if (!tw_failed(e))
			e = local_asks(c, &near[i]);
		take_back(c, f);
		TW_TRY(e);
	}
	if (far[0] != 403 || near[0] != 403 || far[1] != 200 || near[1] != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"Where the rules let in neither, the answers were %ld over the network and %ld at the device; where both, %ld and %ld.",
			far[0], near[0], far[1], near[1]);
	return tw_found(f, TW_VERDICT_PASS,
		"By the same rules somebody over the network and root at the device were refused, and answered when the rules let both in.");
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
ASK(who_when_what)
ASK(session_made)
ASK(both_ways)

const struct tw_probe tw_probes_remote[] = {
	{ "LA.IC.1", "all-kinds", TW_SOURCE_OUTSIDE, "Is a policy of access taken with all four kinds, and not without one?",
		ask_all_kinds, true },
	{ "LA.IC.1.1", "who-when-what", TW_SOURCE_OUTSIDE, "Is whoever comes outside his hours, or for what is not his, refused?",
		ask_who_when_what, true },
	{ "LA.IC.1.2", "session-made", TW_SOURCE_OUTSIDE, "Is a session refused that is not as it has to be?", ask_session_made, true },
	{ "LA.IC.1.3", "connection-made", TW_SOURCE_OUTSIDE, "Is a connection from the wrong network, name and port refused?",
		connection_made, true, true },
	{ "LA.IC.1.4", "manufacturers", TW_SOURCE_OUTSIDE, "Is what a rule of the manufacturer's forbids refused by its name?",
		manufacturers, true },
	{ "LA.IC.7", "both-ways", TW_SOURCE_INSIDE, "Do the rules hold over the network and at the device?", ask_both_ways, true },
	{ .element = NULL },
};
