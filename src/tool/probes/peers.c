/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of device identities: this tool comes as another device would, with a key and a certificate it makes for the moment.
 *
 * To be refused proves little while nobody could be admitted, so the owner whose tool this is makes the device known for a few
 * requests and takes that back. What was added carries names with fresh randomness, is removed whatever happened, and stands in the
 * device's log. A device that cannot be reached in between keeps an entry that names nobody; the finding says which.
 */
#include "tool/probes/actors.h"
#include "tool/probes/people.h"

#include "base/text.h"
#include "tool/files.h"

#define DAY_MS (86400 * INT64_C(1000))

/* @nist DI.DAS.2: a certificate nobody vouches for, and one whose key is not the one that the owner named, are refused and logged. */
static tw_err wrong_key(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_actor_done) struct tw_actor right = { 0 }, wrong = { 0 };
	bool good = true;

	TW_TRY(tw_actor_make(c, "", NULL, &right));
	TW_TRY(tw_actor_make(c, right.identifier, NULL, &wrong));
	TW_TRY(tw_actor_expect(c, &wrong, "/api/v1/health", "peer.anchor", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_actor_pin(c, &right);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a device known", e);
	e = tw_actor_expect(c, &wrong, "/api/v1/health", "peer.key", f, &good);
	if (!tw_failed(e))
		e = tw_actor_expect(c, &right, "/api/v1/health", "", f, &good);
	if (good)
		tw_ignore(tw_found(f, TW_VERDICT_PASS,
			"A device that vouched for itself, and one with another key than the owner had named, were refused and recorded; "
			"the one with the right key was heard."));
	tw_probe_take_back(c, f, "peers", right.identifier);
	return e;
}

static tw_err revoke_and_ask(struct tw_probe_context *c, const struct tw_actor *ca, const struct tw_actor *a, struct tw_finding *f)
{
	bool good = true;

	TW_TRY(tw_actor_expect(c, a, "/api/v1/health", "", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_order_with(c, "POST", "/api/v1/peer-revocations",
		json_pack("{s:s, s:s}", "anchor", ca->identifier, "serial", a->serial), NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Revoking a certificate", e);
	TW_TRY(tw_actor_expect(c, a, "/api/v1/health", "peer.revoked", f, &good));
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "A certificate of an authority that the owner trusts was heard, and refused and recorded once its number was revoked.")
		    : TW_OK;
}

/* @nist DI.DAS.2: the same certificate before and after its number was revoked. */
static tw_err revoked_serial(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_actor_done) struct tw_actor ca = { 0 }, a = { 0 };

	TW_TRY(tw_actor_authority(c, &ca));
	TW_TRY(tw_actor_make(c, "", &ca, &a));
	tw_err e = tw_actor_trust(c, &ca);
	if (tw_failed(e))
		return tw_found_trouble(f, "Trusting an authority", e);
	e = revoke_and_ask(c, &ca, &a, f);
	tw_probe_take_back(c, f, "peer-anchors", ca.identifier);
	return e;
}

static tw_err admit_one(struct tw_probe_context *c, const struct tw_actor *a, const struct tw_actor *b, struct tw_finding *f)
{
	const char *name = strrchr(a->identifier, '-') + 1;
	bool good = true;

	TW_TRY(tw_actor_expect(c, a, "/api/v1/settings", "policy.default", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_order_with(c, "POST", "/api/v1/policies",
		json_pack("{s:s, s:s, s:s, s:s}", "name", name, "subject", a->identifier, "operation", "settings.list", "effect", "allow"),
		NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Adding a rule", e);
	e = tw_actor_expect(c, a, "/api/v1/settings", "", f, &good);
	if (!tw_failed(e))
		e = tw_actor_expect(c, b, "/api/v1/settings", "policy.default", f, &good);
	if (good)
		tw_ignore(tw_found(f, TW_VERDICT_PASS,
			"Two known devices: the one that a rule names was answered, the other refused, with a record of its identity "
			"and the rule."));
	tw_probe_take_back(c, f, "policies", name);
	return e;
}

/* @nist DI.ABI.1: a rule admitting A only: A succeeds, B is refused with a record. */
static tw_err rule_admits_one(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_actor_done) struct tw_actor a = { 0 }, b = { 0 };

	TW_TRY(tw_actor_make(c, "", NULL, &a));
	TW_TRY(tw_actor_make(c, "", NULL, &b));
	tw_err e = tw_actor_pin(c, &a);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a device known", e);
	e = tw_actor_pin(c, &b);
	if (!tw_failed(e))
		e = admit_one(c, &a, &b, f);
	else
		e = tw_found_trouble(f, "Making a second device known", e);
	tw_probe_take_back(c, f, "peers", a.identifier);
	tw_probe_take_back(c, f, "peers", b.identifier);
	return e;
}

/* The same device with the same key, and a certificate whose time is over. */
static tw_err actor_ended(struct tw_probe_context *c, const struct tw_actor *of, struct tw_actor *ret)
{
	struct tw_cert_want want = { .common_name = "probe", .uri = of->identifier, .is_client = true };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf der = { 0 };

	ret->sys = c->sys;
	want.not_before_ms = tw_now_ms(c->sys) - 3 * DAY_MS;
	want.not_after_ms = tw_now_ms(c->sys) - 2 * DAY_MS;
	(void)snprintf(ret->identifier, sizeof ret->identifier, "%s", of->identifier);
	tw_buf_init(&der, c->sys, 4096);
	TW_TRY(tw_buf_reserve(&der, 4096));
	TW_TRY(tw_key_save(of->key, &der));
	TW_TRY(tw_key_load(c->sys, tw_buf_slice(&der), &ret->key));
	TW_TRY(tw_cert_make(c->sys, &want, ret->key, NULL, ret->key, &ret->cert));
	return tw_actor_files(ret);
}

static const struct tw_actor nobody = { .identifier = "" };

static tw_err ask_three(struct tw_probe_context *c, const struct tw_actor *valid, const struct tw_actor *ended, struct tw_finding *f)
{
	char got[64];
	long status = 0;
	bool good = true;

	TW_TRY(tw_actor_expect(c, valid, "/api/v1/settings", "", f, &good));
	TW_TRY(tw_actor_expect(c, ended, "/api/v1/settings", "peer.dates", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_actor_asks(c, &nobody, "/api/v1/settings", &status, got);
	if (tw_failed(e))
		return tw_found_trouble(f, "A request without a credential", e);
	TW_TRY(tw_saw(f, "without a credential", got));
	if (status != 401)
		return tw_found(f, TW_VERDICT_FAIL, "The request without a credential was answered with %ld.", status);
	return tw_found(f, TW_VERDICT_PASS,
		"One request, three times: served with a valid certificate, refused with one whose time is over, refused without any.");
}

static tw_err with_rule(struct tw_probe_context *c, const struct tw_actor *a, const char *operation, struct tw_finding *f, bool *ret_good)
{
	const char *name = strrchr(a->identifier, '-') + 1;
	tw_err e = tw_actor_pin(c, a);

	if (!tw_failed(e))
		e = tw_order_with(c, "POST", "/api/v1/policies",
			json_pack("{s:s, s:s, s:s, s:s}", "name", name, "subject", a->identifier, "operation", operation, "effect", "allow"),
			NULL);
	*ret_good = !tw_failed(e);
	return *ret_good ? TW_OK : tw_found_trouble(f, "Making a device known and admitting it", e);
}

static void forget(struct tw_probe_context *c, const struct tw_actor *a, struct tw_finding *f)
{
	if (!a->identifier[0])
		return;
	tw_probe_take_back(c, f, "policies", strrchr(a->identifier, '-') + 1);
	tw_probe_take_back(c, f, "peers", a->identifier);
}

/* @nist DI.ABI.1.2: one remote request with a valid, an ended and no credential. */
static tw_err only_the_valid(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_actor_done) struct tw_actor valid = { 0 }, ended = { 0 };
	bool good = false;

	TW_TRY(tw_actor_make(c, "", NULL, &valid));
	TW_TRY(actor_ended(c, &valid, &ended));
	TW_TRY(with_rule(c, &valid, "settings.list", f, &good));
	tw_err e = good ? ask_three(c, &valid, &ended, f) : TW_OK;
	forget(c, &valid, f);
	return e;
}

/* Whether the newest records hold the event that names this device. */
static tw_err watched(struct tw_probe_context *c, const struct tw_actor *a, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *r;

	*ret = false;
	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", "/api/v1/log?limit=50", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r) {
		const json_t *fields = json_object_get(r, "fields");
		*ret |= fields && !strcmp(tw_json_text(r, "event"), "peer.watched") &&
			!strcmp(tw_json_text(fields, "identifier"), a->identifier);
	}
	return TW_OK;
}

static tw_err do_watched(struct tw_probe_context *c, const struct tw_actor *a, struct tw_finding *f, bool *ret_good)
{
	char got[64];
	long status = 0;
	bool seen = false;

	if (!*ret_good)
		return TW_OK;
	*ret_good = false;
	tw_err e = tw_actor_asks(c, a, "/api/v1/identity", &status, got);
	if (tw_failed(e))
		return tw_found_trouble(f, "A request as another device", e);
	TW_TRY(watched(c, a, &seen));
	if (!seen)
		return tw_found(f, TW_VERDICT_FAIL,
			"A known device asked for the identifier (%ld), and no event names it. Is identity.read watched?", status);
	*ret_good = true;
	return TW_OK;
}

/* @nist DI.ABI.2: a watched action from two devices, each recorded by its own identifier. */
static tw_err each_by_its_name(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_actor_done) struct tw_actor a = { 0 }, b = { 0 };
	bool good = false;

	TW_TRY(tw_actor_make(c, "", NULL, &a));
	TW_TRY(tw_actor_make(c, "", NULL, &b));
	TW_TRY(with_rule(c, &a, "identity.read", f, &good));
	if (good)
		TW_TRY(with_rule(c, &b, "identity.read", f, &good));
	tw_err e = do_watched(c, &a, f, &good);
	if (!tw_failed(e))
		e = do_watched(c, &b, f, &good);
	if (good)
		tw_ignore(tw_found(f, TW_VERDICT_PASS,
			"Two devices asked for the identifier; the log has an event for each, with the identifier of the one that asked."));
	forget(c, &a, f);
	forget(c, &b, f);
	return e;
}

const struct tw_probe tw_probes_peers[] = {
	{ "DI.DAS.2", "wrong-key", TW_SOURCE_OUTSIDE, "Is a device with a wrong key refused?", wrong_key, true },
	{ "DI.DAS.2", "revoked-serial", TW_SOURCE_OUTSIDE, "Is a device whose certificate was revoked refused?", revoked_serial, true },
	{ "DI.ABI.1", "rule-admits-one", TW_SOURCE_OUTSIDE, "Does a rule admit the device it names, and no other?", rule_admits_one, true },
	{ "DI.ABI.1.2", "only-the-valid", TW_SOURCE_OUTSIDE, "Is only a valid credential served?", only_the_valid, true },
	{ "DI.ABI.2", "each-by-its-name", TW_SOURCE_OUTSIDE, "Does the log name each device that did a watched thing?",
		each_by_its_name, true },
	{},
};
