/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of what may be shared: a recipient with a key made for the moment, and two people who both may read the product's data. One may
 * share it with the recipient, and what he is given has to open for that key, with the signature of this unit; the other may not, nor may the
 * first share other data, or with a recipient who is not listed.
 */
#include "formats/export.h"
#include "tool/files.h"
#include "tool/probes/people.h"

#define RECIPIENT_MAX 40

struct cast {
	struct tw_person may, other;
	tw_key *key;
	char name[RECIPIENT_MAX], unlisted[RECIPIENT_MAX], certificate[2048];
};

static tw_err somebody(struct tw_probe_context *c, struct tw_person *p)
{
	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_role(c, p, "telemetry.read"));
	TW_TRY(tw_person_give(c, p, p->role));
	return tw_person_comes(c, p);
}

static tw_err make_recipient(struct tw_probe_context *c, struct cast *k)
{
	const struct tw_cert_want want = { .common_name = "made by a probe", .not_before_ms = tw_now_ms(c->sys) - 24 * 60 * 60 * 1000LL };
	TW_CLEANUP(tw_cert_freep) tw_cert *certificate = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, c->sys, sizeof k->certificate - 1);
	TW_TRY(tw_key_generate(c->sys, &k->key));
	TW_TRY(tw_cert_make(c->sys, &want, k->key, NULL, k->key, &certificate));
	TW_TRY(tw_cert_pem(certificate, &pem));
	(void)snprintf(k->certificate, sizeof k->certificate, "%s", tw_buf_cstr(&pem));
	return TW_OK;
}

static tw_err list_recipient(struct tw_probe_context *c, struct cast *k)
{
	char path[96];

	(void)snprintf(k->name, sizeof k->name, "probe-%s", k->may.name + strlen("probe "));
	(void)snprintf(k->unlisted, sizeof k->unlisted, "probe-%s", k->other.name + strlen("probe "));
	(void)snprintf(path, sizeof path, "/api/v1/recipients/%s", k->name);
	return tw_order_with(c, "PUT", path,
		json_pack("{s:s, s:s, s:s}", "purpose", "made by a probe", "certificate", k->certificate, "telemetry", k->may.role), NULL);
}

static tw_err share(struct tw_probe_context *c, const struct tw_person *p, const char *recipient, const char *data, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s}", "data", data);
	char path[96];

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	(void)snprintf(path, sizeof path, "/api/v1/recipients/%s", recipient);
	const struct tw_call call = { .method = "POST", .path = path, .body = body };
	return tw_person_call(c, p->token, &call, ret);
}

/* Does it open for the recipient, and is it this unit's, about this, given by him? false: the reason is tw_err_detail's. */
static bool opens(struct tw_probe_context *c, const struct cast *k, const struct tw_answer *given)
{
	const struct tw_export_expect expect = { .own = k->key, .anchor = c->target[0].anchor, .now_ms = tw_now_ms(c->sys) };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;

	return given->status == 200 && given->body &&
		!tw_failed(tw_export_open(c->sys, tw_slice_of(tw_json_text(given->body, "sealed")), &expect, &e, &content)) &&
		!strcmp(e.identifier, c->target[0].session.device.identifier) && !strcmp(e.recipient, k->name) &&
		!strcmp(e.data, "telemetry") && !strcmp(e.by, k->may.id) && json_is_array(json_object_get(content, "events"));
}

static tw_err try_all(struct tw_probe_context *c, const struct cast *k, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer given = { 0 }, role = { 0 }, data = { 0 }, unlisted = { 0 };

	TW_TRY(share(c, &k->may, k->name, "telemetry", &given));
	TW_TRY(share(c, &k->other, k->name, "telemetry", &role));
	TW_TRY(share(c, &k->may, k->name, "identity", &data));
	TW_TRY(share(c, &k->may, k->unlisted, "telemetry", &unlisted));
	if (role.status != 403 || data.status != 403 || unlisted.status != 403)
		return tw_found(f, TW_VERDICT_FAIL,
			"To share data was answered with %ld for a role that may not share it, %ld for other data, and %ld for a recipient who is not listed.",
			role.status, data.status, unlisted.status);
	if (!opens(c, k, &given))
		return tw_found(f, TW_VERDICT_FAIL,
			"Whoever may share the product's data was answered with %ld, and with nothing that the recipient can open and know as this unit's.",
			given.status);
	return tw_found(f, TW_VERDICT_PASS,
		"One role was given the product's data for a listed recipient, sealed for his key and signed by this unit; another role, other data and a "
		"recipient who is not listed were refused.");
}

/* --- When --- */

#define MODE "logical-access.mode"

static tw_err deny_in_maintenance(struct tw_probe_context *c, struct cast *k)
{
	char path[96], permission[96];

	(void)snprintf(k->may.rule, sizeof k->may.rule, "probe-%s", k->may.name + strlen("probe "));
	(void)snprintf(path, sizeof path, "/api/v1/rules/%s", k->may.rule);
	(void)snprintf(permission, sizeof permission, "share.telemetry.%s", k->name);
	return tw_order_with(c, "PUT", path,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "effect", "deny", "permission", permission, "role", k->may.role, "fact",
			MODE, "is", "equal", "value", "maintenance"),
		NULL);
}

/* Does the log tell that he was refused, and that he was not? */
static tw_err is_logged(struct tw_probe_context *c, const struct cast *k, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	bool refused = false, given = false;
	size_t i;
	json_t *r;

	TW_TRY(tw_order(c, "GET", "/api/v1/log?limit=100", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r) {
		if (strcmp(tw_json_text(r, "account"), k->may.id) != 0)
			continue;
		refused |= !strcmp(tw_json_text(r, "result"), "refused") && !strcmp(tw_json_text(r, "rule"), "gate.rule");
		given |= !strcmp(tw_json_text(r, "result"), "done");
	}
	*ret = refused && given;
	return TW_OK;
}

/* @nist LA.EC.2: a rule about the device's state is said, and what leaves the device follows the state; the log tells both */
static tw_err shared_when(struct tw_probe_context *c, struct cast *k, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 }, during = { 0 }, after = { 0 };
	struct tw_probe_setting mode;
	bool logged = false;

	TW_TRY(tw_probe_setting_read(c, MODE, &mode));
	if (!strcmp(mode.value, "maintenance"))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device is in maintenance. Assess again when it is not.");
	TW_TRY(make_recipient(c, k));
	TW_TRY(somebody(c, &k->may));
	(void)snprintf(k->other.name, sizeof k->other.name, "probe nobody");
	TW_TRY(list_recipient(c, k));
	TW_TRY(deny_in_maintenance(c, k));
	TW_TRY(share(c, &k->may, k->name, "telemetry", &before));
	TW_TRY(tw_probe_set(c, MODE, "maintenance"));
	tw_err e = share(c, &k->may, k->name, "telemetry", &during);
	tw_probe_set_back(c, MODE, mode.value, f);
	TW_TRY(e);
	TW_TRY(share(c, &k->may, k->name, "telemetry", &after));
	if (before.status != 200 || during.status != 403 || after.status != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"To share the product's data was answered with %ld, with %ld while the device was in a state in which a rule forbids it, and "
			"with %ld afterwards.",
			before.status, during.status, after.status);
	TW_TRY(is_logged(c, k, &logged));
	if (!logged)
		return tw_found(f, TW_VERDICT_FAIL, "The newest records of the log do not tell of what was shared and of what was refused.");
	return tw_found(f, TW_VERDICT_PASS,
		"The product's data was shared with a listed recipient, refused while the device was in a state in which a rule forbids it, and shared "
		"again; the log tells of both.");
}

static tw_err play(struct tw_probe_context *c, struct cast *k, struct tw_finding *f)
{
	TW_TRY(make_recipient(c, k));
	TW_TRY(somebody(c, &k->may));
	TW_TRY(somebody(c, &k->other));
	TW_TRY(list_recipient(c, k));
	return try_all(c, k, f);
}

static tw_err with_cast(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct cast *k, struct tw_finding *f))
{
	struct cast k = { .key = NULL };
	struct tw_person *const people[] = { &k.may, &k.other };

	tw_err e = ask(c, &k, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of sharing", e);
	tw_probe_take_back(c, f, "rules", k.may.rule); /* before what it is about */
	tw_probe_take_back(c, f, "recipients", k.name);
	for (size_t i = 0; i < TW_COUNT(people); i++) {
		tw_probe_take_back(c, f, "accounts", people[i]->id);
		tw_probe_take_back(c, f, "roles", people[i]->role);
	}
	(void)tw_key_free(k.key);
	tw_wipe(&k, sizeof k);
	return e;
}

/* @nist LA.RSM.8 */
static tw_err ask_sharing(struct tw_probe_context *c, struct tw_finding *f)
{
	return c->target[0].anchor
		? with_cast(c, f, play)
		: tw_found(f, TW_VERDICT_INCONCLUSIVE, "Whose unit it is cannot be known without the manufacturer's certificate.");
}

static tw_err ask_shared_when(struct tw_probe_context *c, struct tw_finding *f)
{
	return with_cast(c, f, shared_when);
}

const struct tw_probe tw_probes_sharing[] = {
	{ "LA.EC.2", "shared-when", TW_SOURCE_OUTSIDE, "Does what is shared follow the owner's rule about when?", ask_shared_when, true },
	{ "LA.RSM.8", "sharing", TW_SOURCE_OUTSIDE,
		"Is data shared by the right role, with a listed recipient, and by nobody else?", ask_sharing, true },
	{ .element = NULL },
};
