/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of device identities: this tool comes as another device would, with a key and a certificate it makes for the moment.
 *
 * To be refused proves little while nobody could be admitted, so the owner whose tool this is makes the device known for a few
 * requests and takes that back. What was added carries names with fresh randomness, is removed whatever happened, and stands in the
 * device's log. A device that cannot be reached in between keeps an entry that names nobody; the finding says which.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "tool/files.h"

#define RANDOM_SIZE 6
#define DAY_MS (86400 * INT64_C(1000))

/* One made-up device: its identifier, key, and certificate, as files that only this process has. */
struct actor {
	const struct tw_sys *sys;
	char identifier[64], print[65], serial[48];
	tw_key *key;
	tw_cert *cert;
	int cert_fd, key_fd;
	char cert_path[32], key_path[32];
};

static void actor_done(struct actor *a)
{
	if (a->cert_fd > 0)
		(void)a->sys->close(a->sys, a->cert_fd);
	if (a->key_fd > 0)
		(void)a->sys->close(a->sys, a->key_fd);
	(void)tw_cert_free(a->cert);
	(void)tw_key_free(a->key);
}

/* libcurl wants paths; memory has one, and nothing is left on a disk. */
static tw_err as_path(const struct tw_sys *sys, const struct tw_buf *pem, int *ret_fd, char ret_path[32])
{
	*ret_fd = sys->memfd(sys, "probe", pem->data, pem->size);
	if (*ret_fd < 0)
		return TW_RAISE_ERRNO("memory for a certificate");
	(void)snprintf(ret_path, 32, "/proc/self/fd/%d", *ret_fd);
	return TW_OK;
}

static tw_err hex_of(const struct tw_sys *sys, const void *bytes, size_t size, char *ret, size_t ret_size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	tw_buf_init(&hex, sys, 2 * size);
	TW_TRY(tw_buf_hex(&hex, bytes, size));
	(void)snprintf(ret, ret_size, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err random_name(const struct tw_sys *sys, char ret[2 * RANDOM_SIZE + 1])
{
	uint8_t bytes[RANDOM_SIZE];

	if (sys->random(sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	return hex_of(sys, bytes, sizeof bytes, ret, 2 * RANDOM_SIZE + 1);
}

static tw_err write_files(struct actor *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf secret = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf serial = { 0 };
	uint8_t print[32];

	tw_buf_init(&pem, a->sys, 8192);
	tw_buf_init(&secret, a->sys, 4096);
	tw_buf_init(&serial, a->sys, sizeof a->serial - 1);
	TW_TRY(tw_cert_pem(a->cert, &pem));
	TW_TRY(tw_buf_reserve(&secret, 4096));
	TW_TRY(tw_key_save(a->key, &secret));
	TW_TRY(as_path(a->sys, &pem, &a->cert_fd, a->cert_path));
	TW_TRY(as_path(a->sys, &secret, &a->key_fd, a->key_path));
	TW_TRY(tw_cert_serial(a->cert, &serial));
	(void)snprintf(a->serial, sizeof a->serial, "%s", tw_buf_cstr(&serial));
	TW_TRY(tw_cert_fingerprint(a->cert, print));
	return hex_of(a->sys, print, sizeof print, a->print, sizeof a->print);
}

/* issuer NULL: it vouches for itself. identifier "": a fresh one. */
static tw_err actor_make(struct tw_probe_context *c, const char *identifier, const struct actor *issuer, struct actor *ret)
{
	char name[2 * RANDOM_SIZE + 1];
	struct tw_cert_want want = {
		.common_name = "probe", .uri = ret->identifier, .is_client = true, .not_before_ms = tw_now_ms(c->sys) - DAY_MS
	};

	ret->sys = c->sys;
	TW_TRY(random_name(c->sys, name));
	if (*identifier)
		(void)snprintf(ret->identifier, sizeof ret->identifier, "%s", identifier);
	else
		(void)snprintf(ret->identifier, sizeof ret->identifier, "urn:dev:ops:32473-probe-%s", name);
	want.not_after_ms = tw_now_ms(c->sys) + DAY_MS;
	TW_TRY(tw_key_generate(c->sys, &ret->key));
	TW_TRY(tw_cert_make(c->sys, &want, ret->key, issuer ? issuer->cert : NULL, issuer ? issuer->key : ret->key, &ret->cert));
	return write_files(ret);
}

static tw_err authority_make(struct tw_probe_context *c, struct actor *ret)
{
	struct tw_cert_want want = { .common_name = ret->identifier, .is_ca = true, .not_before_ms = tw_now_ms(c->sys) - DAY_MS };
	char name[2 * RANDOM_SIZE + 1];

	ret->sys = c->sys;
	TW_TRY(random_name(c->sys, name));
	(void)snprintf(ret->identifier, sizeof ret->identifier, "probe-%s", name);
	TW_TRY(tw_key_generate(c->sys, &ret->key));
	TW_TRY(tw_cert_make(c->sys, &want, ret->key, NULL, ret->key, &ret->cert));
	return write_files(ret);
}

/* One request as this device; ret_rule "" when it was answered. A connection of its own, as the device closes false ones. */
static tw_err ask(struct tw_probe_context *c, const struct actor *a, const char *path, long *ret_status, char ret_rule[64])
{
	const struct tw_asker it = { TW_ASKER_ANEW, a->cert_path, a->key_path };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_ask(c, a->cert_path[0] ? &it : &tw_asker_stranger, "GET", path, &answer));
	*ret_status = answer.status;
	(void)snprintf(ret_rule, 64, "%s", answer.status >= 400 && answer.body ? tw_json_text(answer.body, "rule") : "");
	return TW_OK;
}

static tw_err pin(struct tw_probe_context *c, const struct actor *a)
{
	return tw_order_with(c, "POST", "/api/v1/peers", json_pack("{s:s, s:s}", "identifier", a->identifier, "key", a->print), NULL);
}

static void take_back(struct tw_probe_context *c, struct tw_finding *f, const char *list, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/%s/%s", list, name);
	if (tw_failed(tw_order(c, "DELETE", path, NULL)) && f->verdict == TW_VERDICT_PASS)
		tw_ignore(tw_found(f, TW_VERDICT_INCONCLUSIVE, "All was as it should be, but %s could not be removed again: %s.",
			path, tw_err_detail()));
}

/* Whether the newest records hold a refusal that names this device and this rule. */
static tw_err recorded(struct tw_probe_context *c, const struct actor *a, const char *rule, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char subject[80];
	size_t i;
	json_t *r;

	*ret = false;
	(void)snprintf(subject, sizeof subject, "peer:%s", a->identifier);
	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", "/api/v1/log?limit=50", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, r)
		*ret |= !strcmp(tw_json_text(r, "subject"), subject) && !strcmp(tw_json_text(r, "rule"), rule);
	return TW_OK;
}

/* Asks, expects this rule ("" for an answer), and, of a refusal, its record. False, and a finding, when it is otherwise. */
static tw_err expect(
	struct tw_probe_context *c, const struct actor *a, const char *path, const char *rule, struct tw_finding *f, bool *ret_good)
{
	long status = 0;
	char got[64];
	bool is_recorded = true;

	if (!*ret_good)
		return TW_OK;
	*ret_good = false;
	tw_err e = ask(c, a, path, &status, got);
	if (tw_failed(e))
		return tw_found_trouble(f, "A request as another device", e);
	TW_TRY(tw_saw(f, *rule ? rule : "admitted", *got ? got : status < 300 ? "answered" : "refused without a rule"));
	if (*rule && status < 400)
		return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld; it should have been refused by %s.", path, status, rule);
	if (strcmp(got, rule) != 0 || (!*rule && status >= 300))
		return tw_found(f, TW_VERDICT_FAIL, "%s was refused with %ld by the rule '%s'; wanted was %s.", path, status, got,
			*rule ? rule : "an answer");
	if (*rule)
		TW_TRY(recorded(c, a, rule, &is_recorded));
	if (!is_recorded)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It was refused by %s, but the newest records do not show it. The device records ten refusals a minute of one address: "
			"assess again in a minute.",
			rule);
	*ret_good = true;
	return TW_OK;
}

/* @nist DI.DAS.2: a certificate nobody vouches for, and one whose key is not the one that the owner named, are refused and logged. */
static tw_err wrong_key(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(actor_done) struct actor right = { 0 }, wrong = { 0 };
	bool good = true;

	TW_TRY(actor_make(c, "", NULL, &right));
	TW_TRY(actor_make(c, right.identifier, NULL, &wrong));
	TW_TRY(expect(c, &wrong, "/api/v1/health", "peer.anchor", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = pin(c, &right);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a device known", e);
	e = expect(c, &wrong, "/api/v1/health", "peer.key", f, &good);
	if (!tw_failed(e))
		e = expect(c, &right, "/api/v1/health", "", f, &good);
	if (good)
		tw_ignore(tw_found(f, TW_VERDICT_PASS,
			"A device that vouched for itself, and one with another key than the owner had named, were refused and recorded; "
			"the one with the right key was heard."));
	take_back(c, f, "peers", right.identifier);
	return e;
}

static tw_err revoke_and_ask(struct tw_probe_context *c, const struct actor *ca, const struct actor *a, struct tw_finding *f)
{
	bool good = true;

	TW_TRY(expect(c, a, "/api/v1/health", "", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_order_with(c, "POST", "/api/v1/peer-revocations",
		json_pack("{s:s, s:s}", "anchor", ca->identifier, "serial", a->serial), NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Revoking a certificate", e);
	TW_TRY(expect(c, a, "/api/v1/health", "peer.revoked", f, &good));
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "A certificate of an authority that the owner trusts was heard, and refused and recorded once its number was revoked.")
		    : TW_OK;
}

/* @nist DI.DAS.2: the same certificate before and after its number was revoked. */
static tw_err revoked_serial(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(actor_done) struct actor ca = { 0 }, a = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, c->sys, 4096);
	TW_TRY(authority_make(c, &ca));
	TW_TRY(actor_make(c, "", &ca, &a));
	TW_TRY(tw_cert_pem(ca.cert, &pem));
	tw_err e = tw_order_with(c, "POST", "/api/v1/peer-anchors",
		json_pack("{s:s, s:s}", "name", ca.identifier, "certificate", tw_buf_cstr(&pem)), NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Trusting an authority", e);
	e = revoke_and_ask(c, &ca, &a, f);
	take_back(c, f, "peer-anchors", ca.identifier);
	return e;
}

static tw_err admit_one(struct tw_probe_context *c, const struct actor *a, const struct actor *b, struct tw_finding *f)
{
	const char *name = strrchr(a->identifier, '-') + 1;
	bool good = true;

	TW_TRY(expect(c, a, "/api/v1/settings", "policy.default", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = tw_order_with(c, "POST", "/api/v1/policies",
		json_pack("{s:s, s:s, s:s, s:s}", "name", name, "subject", a->identifier, "operation", "settings.list", "effect", "allow"),
		NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Adding a rule", e);
	e = expect(c, a, "/api/v1/settings", "", f, &good);
	if (!tw_failed(e))
		e = expect(c, b, "/api/v1/settings", "policy.default", f, &good);
	if (good)
		tw_ignore(tw_found(f, TW_VERDICT_PASS,
			"Two known devices: the one that a rule names was answered, the other refused, with a record of its identity "
			"and the rule."));
	take_back(c, f, "policies", name);
	return e;
}

/* @nist DI.ABI.1: a rule admitting A only: A succeeds, B is refused with a record. */
static tw_err rule_admits_one(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(actor_done) struct actor a = { 0 }, b = { 0 };

	TW_TRY(actor_make(c, "", NULL, &a));
	TW_TRY(actor_make(c, "", NULL, &b));
	tw_err e = pin(c, &a);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a device known", e);
	e = pin(c, &b);
	if (!tw_failed(e))
		e = admit_one(c, &a, &b, f);
	else
		e = tw_found_trouble(f, "Making a second device known", e);
	take_back(c, f, "peers", a.identifier);
	take_back(c, f, "peers", b.identifier);
	return e;
}

/* The same device with the same key, and a certificate whose time is over. */
static tw_err actor_ended(struct tw_probe_context *c, const struct actor *of, struct actor *ret)
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
	return write_files(ret);
}

static const struct actor nobody = { .identifier = "" };

static tw_err ask_three(struct tw_probe_context *c, const struct actor *valid, const struct actor *ended, struct tw_finding *f)
{
	char got[64];
	long status = 0;
	bool good = true;

	TW_TRY(expect(c, valid, "/api/v1/settings", "", f, &good));
	TW_TRY(expect(c, ended, "/api/v1/settings", "peer.dates", f, &good));
	if (!good)
		return TW_OK;
	tw_err e = ask(c, &nobody, "/api/v1/settings", &status, got);
	if (tw_failed(e))
		return tw_found_trouble(f, "A request without a credential", e);
	TW_TRY(tw_saw(f, "without a credential", got));
	if (status != 401)
		return tw_found(f, TW_VERDICT_FAIL, "The request without a credential was answered with %ld.", status);
	return tw_found(f, TW_VERDICT_PASS,
		"One request, three times: served with a valid certificate, refused with one whose time is over, refused without any.");
}

static tw_err with_rule(struct tw_probe_context *c, const struct actor *a, const char *operation, struct tw_finding *f, bool *ret_good)
{
	const char *name = strrchr(a->identifier, '-') + 1;
	tw_err e = pin(c, a);

	if (!tw_failed(e))
		e = tw_order_with(c, "POST", "/api/v1/policies",
			json_pack("{s:s, s:s, s:s, s:s}", "name", name, "subject", a->identifier, "operation", operation, "effect", "allow"),
			NULL);
	*ret_good = !tw_failed(e);
	return *ret_good ? TW_OK : tw_found_trouble(f, "Making a device known and admitting it", e);
}

static void forget(struct tw_probe_context *c, const struct actor *a, struct tw_finding *f)
{
	if (!a->identifier[0])
		return;
	take_back(c, f, "policies", strrchr(a->identifier, '-') + 1);
	take_back(c, f, "peers", a->identifier);
}

/* @nist DI.ABI.1.2: one remote request with a valid, an ended and no credential. */
static tw_err only_the_valid(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(actor_done) struct actor valid = { 0 }, ended = { 0 };
	bool good = false;

	TW_TRY(actor_make(c, "", NULL, &valid));
	TW_TRY(actor_ended(c, &valid, &ended));
	TW_TRY(with_rule(c, &valid, "settings.list", f, &good));
	tw_err e = good ? ask_three(c, &valid, &ended, f) : TW_OK;
	forget(c, &valid, f);
	return e;
}

/* Whether the newest records hold the event that names this device. */
static tw_err watched(struct tw_probe_context *c, const struct actor *a, bool *ret)
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

static tw_err do_watched(struct tw_probe_context *c, const struct actor *a, struct tw_finding *f, bool *ret_good)
{
	char got[64];
	long status = 0;
	bool seen = false;

	if (!*ret_good)
		return TW_OK;
	*ret_good = false;
	tw_err e = ask(c, a, "/api/v1/identity", &status, got);
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
	TW_CLEANUP(actor_done) struct actor a = { 0 }, b = { 0 };
	bool good = false;

	TW_TRY(actor_make(c, "", NULL, &a));
	TW_TRY(actor_make(c, "", NULL, &b));
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
	{ "DI.DAS.2", "wrong-key", TW_SOURCE_OUTSIDE, "Is a device with a wrong key refused?", wrong_key },
	{ "DI.DAS.2", "revoked-serial", TW_SOURCE_OUTSIDE, "Is a device whose certificate was revoked refused?", revoked_serial },
	{ "DI.ABI.1", "rule-admits-one", TW_SOURCE_OUTSIDE, "Does a rule admit the device it names, and no other?", rule_admits_one },
	{ "DI.ABI.1.2", "only-the-valid", TW_SOURCE_OUTSIDE, "Is only a valid credential served?", only_the_valid },
	{ "DI.ABI.2", "each-by-its-name", TW_SOURCE_OUTSIDE, "Does the log name each device that did a watched thing?", each_by_its_name },
	{},
};
