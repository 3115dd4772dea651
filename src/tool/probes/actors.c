/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/actors.h"

#include "base/text.h"
#include "tool/files.h"

#define RANDOM_SIZE 6
#define DAY_MS (86400 * INT64_C(1000))

void tw_actor_done(struct tw_actor *a)
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

tw_err tw_actor_files(struct tw_actor *a)
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

tw_err tw_actor_make(struct tw_probe_context *c, const char *identifier, const struct tw_actor *issuer, struct tw_actor *ret)
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
	return tw_actor_files(ret);
}

tw_err tw_actor_authority(struct tw_probe_context *c, struct tw_actor *ret)
{
	struct tw_cert_want want = { .common_name = ret->identifier, .is_ca = true, .not_before_ms = tw_now_ms(c->sys) - DAY_MS };
	char name[2 * RANDOM_SIZE + 1];

	ret->sys = c->sys;
	TW_TRY(random_name(c->sys, name));
	(void)snprintf(ret->identifier, sizeof ret->identifier, "probe-%s", name);
	TW_TRY(tw_key_generate(c->sys, &ret->key));
	TW_TRY(tw_cert_make(c->sys, &want, ret->key, NULL, ret->key, &ret->cert));
	return tw_actor_files(ret);
}

tw_err tw_actor_asks(struct tw_probe_context *c, const struct tw_actor *a, const char *path, long *ret_status, char ret_rule[64])
{
	const struct tw_asker it = { TW_ASKER_ANEW, a->cert_path, a->key_path };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(tw_ask(c, a->cert_path[0] ? &it : &tw_asker_stranger, "GET", path, &answer));
	*ret_status = answer.status;
	(void)snprintf(ret_rule, 64, "%s", answer.status >= 400 && answer.body ? tw_json_text(answer.body, "rule") : "");
	return TW_OK;
}

tw_err tw_actor_pin(struct tw_probe_context *c, const struct tw_actor *a)
{
	return tw_order_with(c, "POST", "/api/v1/peers", json_pack("{s:s, s:s}", "identifier", a->identifier, "key", a->print), NULL);
}

tw_err tw_actor_trust(struct tw_probe_context *c, const struct tw_actor *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, c->sys, 4096);
	TW_TRY(tw_cert_pem(a->cert, &pem));
	return tw_order_with(c, "POST", "/api/v1/peer-anchors",
		json_pack("{s:s, s:s}", "name", a->identifier, "certificate", tw_buf_cstr(&pem)), NULL);
}

/* Whether the newest records hold a refusal that names this device and this rule. */
static tw_err recorded(struct tw_probe_context *c, const struct tw_actor *a, const char *rule, bool *ret)
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

tw_err tw_actor_expect(struct tw_probe_context *c, const struct tw_actor *a, const char *path, const char *rule,
	struct tw_finding *f, bool *ret_good)
{
	long status = 0;
	char got[64];
	bool is_recorded = true;

	if (!*ret_good)
		return TW_OK;
	*ret_good = false;
	tw_err e = tw_actor_asks(c, a, path, &status, got);
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
