/* SPDX-License-Identifier: Apache-2.0 */
/* Probe of who controls auditing: an auditor who is made up changes a rule of the log, and the log follows; an admin cannot. It is set back as it was. */
#include "tool/probes/people.h"

#define RULES "/api/v1/audit-rules"
#define SETTING "/api/v1/settings/logical-access.unrecorded-reads"

static tw_err rule_of(struct tw_probe_context *c, char ret[512])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_order(c, "GET", RULES, &answer));
	(void)snprintf(ret, 512, "%s", tw_json_text(answer.body, "unrecorded"));
	return TW_OK;
}

static tw_err change(struct tw_probe_context *c, const struct tw_person *p, const char *path, const char *key, const char *value, long *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", key, value);
	const struct tw_call call = { .method = "PUT", .path = path, .body = body, .if_match = "\"0\"" };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_person_call(c, p->token, &call, &answer));
	*ret = answer.status;
	return TW_OK;
}

/* Does the log tell that he read the settings? */
static tw_err tells(struct tw_probe_context *c, const struct tw_person *p, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer log = { 0 };
	size_t i;
	json_t *one;
	long status = 0;

	TW_TRY(tw_person_asks(c, p, "GET", "/api/v1/settings?limit=1", &status));
	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=10", &log));
	*ret = false;
	json_array_foreach(json_object_get(log.body, "records"), i, one)
		*ret |= !strcmp(tw_json_text(one, "account"), p->id) && !strcmp(tw_json_text(one, "operation"), "settings.list") &&
			!strcmp(tw_json_text(one, "type"), "read");
	return TW_OK;
}

static tw_err come_as(struct tw_probe_context *c, struct tw_person *p, const char *role)
{
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_give(c, p, role));
	return tw_person_comes(c, p);
}

static tw_err control(struct tw_probe_context *c, struct tw_person people[4], const char *before, struct tw_finding *f)
{
	long by_auditor = 0, by_admin = 0, by_setting = 0, back = 0;
	bool without = true, with = false;
	char now[512];

	for (size_t i = 0; i < 4; i++)
		TW_TRY(come_as(c, &people[i], i == 1 ? "admin" : i == 0 ? "auditor" : "operator"));
	TW_TRY(change(c, &people[1], RULES, "unrecorded", "settings.list", &by_admin));
	TW_TRY(change(c, &people[1], SETTING, "value", "settings.list", &by_setting));
	TW_TRY(change(c, &people[0], RULES, "unrecorded", "settings.list", &by_auditor));
	TW_TRY(tells(c, &people[2], &without));
	TW_TRY(change(c, &people[0], RULES, "unrecorded", before, &back));
	TW_TRY(rule_of(c, now));
	if (!strstr(before, "settings.list"))
		TW_TRY(tells(c, &people[3], &with));
	if (by_auditor != 200 || back != 200 || by_admin != 403 || by_setting != 403 || strcmp(now, before) != 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"A rule of the log was changed by an auditor with %ld and %ld, and by an admin with %ld, as a setting with %ld; it should have been "
			"200, 200, 403, 403.",
			by_auditor, back, by_admin, by_setting);
	if (without || (!with && !strstr(before, "settings.list")))
		return tw_found(f, TW_VERDICT_FAIL, "An auditor changed what the log records of reading, and the log did not follow.");
	return tw_found(f, TW_VERDICT_PASS,
		"An auditor said that reading the settings leaves no record, and it left none; an admin could not, neither as a rule nor as a setting.");
}

/* @nist LA.RSM.6.3.1 */
static tw_err controlled(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_person people[4] = { { .id = "" } };
	char before[512] = "", now[512] = "";

	tw_err e = rule_of(c, before);
	if (!tw_failed(e))
		e = control(c, people, before, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of accounts", e);
	if (tw_failed(rule_of(c, now)) ||
		(strcmp(now, before) != 0 && tw_failed(tw_order_with(c, "PUT", RULES, json_pack("{s:s}", "unrecorded", before), NULL))))
		tw_found_left(f, "what the log records of reading could not be set back to '%.100s'", before);
	for (size_t i = 0; i < 4; i++)
		tw_probe_take_back(c, f, "accounts", people[i].id);
	tw_wipe(people, sizeof people);
	return e;
}

const struct tw_probe tw_probes_auditing[] = {
	{ "LA.RSM.6.3.1", "controlled-by-auditor", TW_SOURCE_OUTSIDE, "Does an auditor control what is recorded, and an admin not?",
		controlled, true },
	{ .element = NULL },
};
