/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of who may: what the device says of a subject and what it then does, the same request from two doors, the settings that govern
 * rights, and the log: who may read it and how it names who did. Whoever comes is made up (people.h).
 */
#include "tool/probes/people.h"

#define LOG "/api/v1/log?limit=1"

/* --- What the device would say --- */

static tw_err verdict(struct tw_probe_context *c, const char *operation, const char *key, const char *value, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char path[160];

	(void)snprintf(path, sizeof path, "/api/v1/access?operation=%s&%s=%s", operation, key, value);
	TW_TRY(tw_order(c, "GET", path, &answer));
	const json_t *allowed = json_object_get(answer.body, "allowed");
	*ret = json_is_true(allowed);
	return json_is_boolean(allowed) ? TW_OK : TW_RAISE(SYNTAX, "the device gave no verdict about %s %s", key, value);
}

static const struct known {
	const char *operation, *key, *value;
	bool allowed;
} known[] = {
	{ "application.event", "kind", "application", true },
	{ "settings.read", "kind", "application", false },
	{ "settings.read", "kind", "local", true },
	{ "settings.change", "kind", "local", false },
	{ "commissioning.read", "kind", "anyone", true },
	{ "settings.read", "kind", "anyone", false },
	{ "settings.read", "account", "a999999999", false },
	{ "commissioning.read", "account", "a999999999", false },
};

/* @nist LA.AZ.1: known subjects get the expected verdict, unknown ones deny; and what was said is what is done */
static tw_err verdicts(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	bool said[2], is = false;
	long done[2];

	for (size_t i = 0; i < TW_COUNT(known); i++) {
		TW_TRY(verdict(c, known[i].operation, known[i].key, known[i].value, &is));
		if (is != known[i].allowed)
			return tw_found(f, TW_VERDICT_FAIL, "Of %s %s and %s the device says that it is %s.", known[i].key,
				known[i].value, known[i].operation, is ? "allowed" : "refused");
	}
	TW_TRY(tw_person_make(c, "person", 0, p));
	for (int i = 0; i < 2; i++) {
		if (i)
			TW_TRY(tw_person_give(c, p, "operator"));
		TW_TRY(tw_person_comes(c, p));
		TW_TRY(verdict(c, "settings.list", "account", p->id, &said[i]));
		TW_TRY(tw_person_look(c, p, f, i ? "as operator" : "without a role", &done[i]));
	}
	if (said[0] || !said[1] || done[0] != 403 || done[1] != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"Without a role the device said '%s' and answered with %ld, as operator '%s' and %ld; it should have been refused, then allowed.",
			said[0] ? "allowed" : "refused", done[0], said[1] ? "allowed" : "refused", done[1]);
	return tw_found(f, TW_VERDICT_PASS,
		"Asked who may what, the device gave the expected verdict about %zu subjects, users and processes, refused unknown ones, and did of "
		"an account what it had said.",
		TW_COUNT(known));
}

/* --- At the device and over the network --- */

/* @nist LA.AZ.2: the same request at the device and over the network, with rights and without */
static tw_err both_doors(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	long with[2], without[2];

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes a look from inside too: run this on the device as root, with --local.");
	TW_TRY(tw_ask(c, &tw_asker_local, "GET", "/api/v1/settings?limit=1", &answer));
	with[0] = answer.status;
	tw_err e = tw_person_stranger_asks(c, "/api/v1/settings?limit=1", &without[0]);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It could not be tried as somebody else: %s. Run this as root.",
			tw_err_detail());
	TW_TRY(e);
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "over the network, without rights", &without[1]));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_look(c, p, f, "over the network, with rights", &with[1]));
	if (with[0] != 200 || with[1] != 200 || (without[0] != 401 && without[0] != 403) || without[1] != 403)
		return tw_found(f, TW_VERDICT_FAIL,
			"With rights the answers were %ld at the device and %ld over the network, without rights %ld and %ld.",
			with[0], with[1], without[0], without[1]);
	return tw_found(f, TW_VERDICT_PASS,
		"One request, at the device and over the network, with rights and without: the two with rights were answered, the others refused.");
}

/* --- The log --- */

struct wanted {
	const char *key, *value; /* a member of the record; one that ends with a colon is how the member begins */
	const char *operation;
	bool refused;
};

static bool is_or_begins(const char *text, const char *wanted)
{
	size_t size = strlen(wanted);

	return size && wanted[size - 1] == ':' ? !strncmp(text, wanted, size) : !strcmp(text, wanted);
}

/* Among the newest records. Refused: one that tells of a refusal; else of a reading that was answered. */
static tw_err in_log(struct tw_probe_context *c, const struct wanted *w, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *r;

	*ret = false;
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=50", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r)
		*ret |= !strcmp(tw_json_text(r, "operation"), w->operation) && is_or_begins(tw_json_text(r, w->key), w->value) &&
			(w->refused ? !strcmp(tw_json_text(r, "event"), "request.refused")
				    : !strcmp(tw_json_text(r, "type"), "read") && tw_json_int(r, "status") == 200);
	return TW_OK;
}

static tw_err missing(struct tw_finding *f, const char *what)
{
	return tw_found(f, TW_VERDICT_FAIL,
		"The newest records of the log do not tell of %s. The device records ten refusals a minute of one "
		"account and sixty of all: if it was assessed just before, assess again in a minute.",
		what);
}

/* @nist LA.RSM.6.3.2: an operator is refused the log, an auditor gets it, and both stand in it */
static tw_err log_readers(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	long operator= 0, auditor = 0;
	bool refused = false, read = false;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_asks(c, p, "GET", LOG, &operator));
	TW_TRY(in_log(c, &(struct wanted){ "account", p->id, .operation = "log.read", .refused = true }, &refused));
	TW_TRY(tw_person_give(c, p, "auditor"));
	TW_TRY(tw_person_asks(c, p, "GET", LOG, &auditor));
	TW_TRY(in_log(c, &(struct wanted){ "account", p->id, .operation = "log.read" }, &read));
	if (operator!= 403 || auditor != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"The log was asked for as operator and as auditor: %ld and %ld; it should have been 403 and 200.", operator,
			auditor);
	if (!refused || !read)
		return missing(f, refused ? "the auditor's reading" : "the operator's attempt");
	return tw_found(f, TW_VERDICT_PASS, "An operator was refused the log and an auditor read it; both attempts stand in it.");
}

/* @nist LA.RSM.6.3.3: each reading of the log names who asked, and what he is */
static tw_err log_names(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	static const char *const reads[][2] = { { LOG, "log.read" }, { "/api/v1/log/segments?limit=1", "log.segments" } };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	long status = 0;
	bool is = false;

	TW_TRY(tw_person_make(c, "service", 0, p));
	TW_TRY(tw_person_give(c, p, "auditor"));
	TW_TRY(tw_person_comes(c, p));
	for (size_t i = 0; i < TW_COUNT(reads); i++) {
		TW_TRY(tw_person_asks(c, p, "GET", reads[i][0], &status));
		TW_TRY(in_log(c, &(struct wanted){ "account", p->id, .operation = reads[i][1] }, &is));
		if (status != 200 || !is)
			return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld, and %s record names the account that asked.",
				reads[i][1], status, is ? "a" : "no");
		TW_TRY(tw_order(c, "GET", reads[i][0], NULL));
		TW_TRY(in_log(c, &(struct wanted){ "subject", "owner:", .operation = reads[i][1] }, &is));
		if (!is)
			return tw_found(f, TW_VERDICT_FAIL, "%s was answered, and no record names the owner who asked.", reads[i][1]);
	}
	if (c->local) {
		TW_TRY(tw_ask(c, &tw_asker_local, "GET", LOG, &answer));
		TW_TRY(in_log(c, &(struct wanted){ "subject", "uid:", .operation = "log.read" }, &is));
		if (answer.status == 200 && !is)
			return tw_found(f, TW_VERDICT_FAIL,
				"The log was read at the device, and no record names the user of the process that asked.");
	}
	return tw_found(f, TW_VERDICT_PASS,
		"Each reading of the log, by a service, by the owner%s, left a record that names who asked and what he is.",
		c->local ? " and by a process on the device" : "");
}

/* --- Settings that govern rights --- */

static const struct governing {
	const char *method, *path, *operation;
} governing[] = {
	{ "GET", "/api/v1/roles?limit=1", "roles.list" },
	{ "GET", "/api/v1/rules?limit=1", "rules.list" },
	{ "GET", "/api/v1/policies?limit=1", "policies.list" },
	{ "PUT", "/api/v1/roles/probe?probe=1", "roles.put" },
	{ "PUT", "/api/v1/rules/probe?probe=1", "rules.put" },
	{ "POST", "/api/v1/policies?probe=1", "policies.add" },
	{ "PUT", "/api/v1/settings/logical-access.mode?probe=1", "settings.change" },
};

static tw_err ask_as(struct tw_probe_context *c, const void *person, const char *path, struct tw_answer *ret)
{
	const struct tw_call call = { .method = "GET", .path = path };
	const struct tw_person *p = person;

	TW_TRY(tw_person_call(c, p->token, &call, ret));
	return tw_answer_check(ret, c->tool->hint, sizeof c->tool->hint);
}

static tw_err settings_shown(struct tw_probe_context *c, const struct tw_person *p, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *one;

	*ret = false;
	TW_TRY(tw_pages_all(c, ask_as, p, "/api/v1/settings", "settings", &answer));
	json_array_foreach(json_object_get(answer.body, "settings"), i, one)
		*ret |= !strncmp(tw_json_text(one, "key"), "logical-access.", 15);
	return TW_OK;
}

/* @nist LA.RSM.5.3: who is no admin neither reads nor writes roles, rules and the settings of rights, and the log says that he tried */
static tw_err reserved(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	long status = 0;
	bool shown = false, is = false;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "operator"));
	TW_TRY(tw_person_comes(c, p));
	for (size_t i = 0; i < TW_COUNT(governing); i++) {
		TW_TRY(tw_person_asks(c, p, governing[i].method, governing[i].path, &status));
		if (status != 403)
			return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld as operator.", governing[i].operation, status);
		TW_TRY(in_log(c, &(struct wanted){ "account", p->id, .operation = governing[i].operation, .refused = true }, &is));
		if (!is)
			return missing(f, governing[i].operation);
	}
	TW_TRY(tw_person_asks(c, p, "GET", "/api/v1/settings/logical-access.mode", &status));
	TW_TRY(settings_shown(c, p, &shown));
	if (status != 403 || shown)
		return tw_found(f, TW_VERDICT_FAIL,
			"An operator asked for a setting that governs rights and was answered with %ld; the list of settings %s.",
			status, shown ? "shows them" : "does not show them");
	TW_TRY(tw_order(c, "GET", "/api/v1/settings/logical-access.mode", NULL));
	return tw_found(f, TW_VERDICT_PASS,
		"As operator, reading and writing roles, rules and the settings that govern rights were refused, %zu requests, and each stands in the log.",
		TW_COUNT(governing) + 1);
}

/* --- What is guarded --- */

static const struct guarded {
	const char *what, *path, *right; /* right NULL: the owner alone */
} guarded[] = {
	{ "software", "/api/v1/inventory?limit=1", "supporting-party" },
	{ "data", LOG, "supporting-party" },
	{ "the hardware that keeps keys", "/api/v1/keystore", NULL },
};

static tw_err guard(struct tw_probe_context *c, const struct tw_person *p, const struct guarded *g, bool role, struct tw_finding *f,
	bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer none = { 0 };
	long status = 0;
	bool may = role && g->right;

	TW_TRY(tw_person_asks(c, p, "GET", g->path, &status));
	TW_TRY(tw_ask(c, &tw_asker_stranger, "GET", g->path, &none));
	*ret_good = status == (may ? 200 : 403) && none.status == 401;
	return *ret_good ? TW_OK
			 : tw_found(f, TW_VERDICT_FAIL, "%s: as %s the answer was %ld, without a login %ld.", g->what,
				   role ? "supporting party" : "guest", status, none.status);
}

/* @nist LA.RSM.9: software, hardware and data, by the right role, by a wrong one, and without a login */
static tw_err by_class(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	bool good = true;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, "guest"));
	TW_TRY(tw_person_comes(c, p));
	for (size_t i = 0; good && i < TW_COUNT(guarded); i++)
		TW_TRY(guard(c, p, &guarded[i], false, f, &good));
	if (good) {
		TW_TRY(tw_person_give(c, p, "supporting-party"));
		TW_TRY(tw_person_comes(c, p)); /* anew: what a supporting party does begins with a session of its own */
	}
	for (size_t i = 0; good && i < TW_COUNT(guarded); i++)
		TW_TRY(guard(c, p, &guarded[i], true, f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_order(c, "GET", "/api/v1/keystore", NULL));
	return tw_found(f, TW_VERDICT_PASS,
		"Software, data and the hardware that keeps keys: each was told to the right role, and to neither a wrong one nor to whoever had not "
		"logged in.");
}

#define ASK(name)                                                                    \
	static tw_err ask_##name(struct tw_probe_context *c, struct tw_finding *ret) \
	{                                                                            \
		return tw_person_with(c, ret, name);                                 \
	}
ASK(verdicts)
ASK(both_doors)
ASK(log_readers)
ASK(log_names)
ASK(reserved)
ASK(by_class)

const struct tw_probe tw_probes_rights[] = {
	{ "LA.RSM.6.3.2", "log-readers", TW_SOURCE_OUTSIDE, "May an auditor read the log, and an operator not?", ask_log_readers, true },
	{ "LA.RSM.5.3", "reserved", TW_SOURCE_OUTSIDE, "Is what governs rights kept from who is no admin?", ask_reserved, true },
	{ "LA.RSM.6.3.3", "log-names", TW_SOURCE_OUTSIDE, "Does the log name whoever reads it?", ask_log_names, true },
	{ "LA.RSM.9", "by-class", TW_SOURCE_OUTSIDE, "Are software, hardware and data told to the right role only?", ask_by_class, true },
	{ "LA.AZ.1", "verdicts", TW_SOURCE_OUTSIDE, "Does the device know who may what, and do as it says?", ask_verdicts, true },
	{ "LA.AZ.2", "both-doors", TW_SOURCE_INSIDE, "Are rights told apart at the device and over the network?", ask_both_doors, true },
	{ .element = NULL },
};
