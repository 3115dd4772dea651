/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of certificates: an authority made for the moment, and five certificates of which one is good. The device gets all of it
 * in its questions and keeps nothing. It must call the good one good, and refuse each other one by the rule that was broken and no
 * other: a device that only says yes, or only no, cannot pass.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "crypto/crl.h"
#include "tool/files.h"

#define CHECK_PATH "/api/v1/certificates/check"
#define NAME "assessment.example"
#define HOUR_MS (3600 * INT64_C(1000))

struct papers {
	tw_key *key; /* of the authority, and of all it makes: what is judged is the paper */
	tw_cert *authority;
	struct tw_buf anchor, crl, pem;
};

static void papers_done(struct papers *p)
{
	(void)tw_key_free(p->key);
	(void)tw_cert_free(p->authority);
	tw_buf_done(&p->anchor);
	tw_buf_done(&p->crl);
	tw_buf_done(&p->pem);
}

struct question {
	const char *what, *rule; /* "": it must pass */
	const char *dns;
	int64_t until_ms; /* from now */
	bool stranger, revoked;
};
static const struct question questions[] = {
	{ "good", "", NAME, HOUR_MS, false, false },
	{ "expired", "chain.dates", NAME, -HOUR_MS, false, false },
	{ "wrong-name", "chain.name", "other." NAME, HOUR_MS, false, false },
	{ "untrusted", "chain.anchor", NAME, HOUR_MS, true, false },
	{ "revoked", "chain.revoked", NAME, HOUR_MS, false, true },
};

static tw_err make_authority(struct tw_probe_context *c, tw_key **ret_key, tw_cert **ret)
{
	const struct tw_cert_want want = { .common_name = "assessment",
		.is_ca = true,
		.not_before_ms = tw_now_ms(c->sys) - 3 * HOUR_MS,
		.not_after_ms = tw_now_ms(c->sys) + 3 * HOUR_MS };

	TW_TRY(tw_key_generate(c->sys, ret_key));
	return tw_cert_make(c->sys, &want, *ret_key, NULL, *ret_key, ret);
}

static tw_err prepare(struct tw_probe_context *c, struct papers *p)
{
	tw_buf_init(&p->anchor, c->sys, 4096);
	tw_buf_init(&p->crl, c->sys, 4096);
	tw_buf_init(&p->pem, c->sys, 4096);
	TW_TRY(make_authority(c, &p->key, &p->authority));
	return tw_cert_pem(p->authority, &p->anchor);
}

/* A list of the authority's with this certificate on it, or with none. */
static tw_err list(struct tw_probe_context *c, struct papers *p, const tw_cert *revoked)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf serial = { 0 };
	uint8_t bytes[20];
	const int64_t now = tw_now_ms(c->sys);
	struct tw_crl_entry entry = { .serial = bytes, .since_ms = now - 2 * HOUR_MS };

	if (revoked) {
		tw_buf_init(&serial, c->sys, 2 * sizeof bytes);
		TW_TRY(tw_cert_serial(revoked, &serial));
		entry.serial_size = serial.size / 2;
		TW_TRY(tw_parse_hex(tw_buf_slice(&serial), bytes, entry.serial_size));
	}
	const struct tw_crl_want want = { &entry, revoked ? 1 : 0, 1, now - HOUR_MS, now + HOUR_MS };
	TW_TRY(tw_crl_make(c->sys, &want, p->authority, p->key, &crl));
	tw_buf_clear(&p->crl);
	return tw_crl_pem(crl, &p->crl);
}

static tw_err write_papers(struct tw_probe_context *c, struct papers *p, const struct question *q)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL, *stranger = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;
	const struct tw_cert_want want = { .common_name = "server",
		.dns = q->dns,
		.is_server = true,
		.not_before_ms = tw_now_ms(c->sys) - 2 * HOUR_MS,
		.not_after_ms = tw_now_ms(c->sys) + q->until_ms };

	if (q->stranger)
		TW_TRY(make_authority(c, &other, &stranger));
	TW_TRY(tw_cert_make(c->sys, &want, p->key, stranger ? stranger : p->authority, other ? other : p->key, &cert));
	tw_buf_clear(&p->pem);
	TW_TRY(tw_cert_pem(cert, &p->pem));
	return list(c, p, q->revoked ? cert : NULL);
}

static tw_err put(struct tw_probe_context *c, struct papers *p, const struct question *q, struct tw_finding *f, bool *ret_right)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	*ret_right = false;
	TW_TRY(write_papers(c, p, q));
	tw_err e = tw_order_with(c, "POST", CHECK_PATH,
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "chain", tw_buf_cstr(&p->pem), "purpose", "server", "name", NAME, "anchors",
			tw_buf_cstr(&p->anchor), "crl", tw_buf_cstr(&p->crl)),
		&answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Checking a certificate", e);
	const char *result = tw_json_text(answer.body, "result"), *rule = tw_json_text(answer.body, "rule");
	*ret_right = !strcmp(result, *q->rule ? "refused" : "good") && !strcmp(rule, q->rule);
	return *ret_right
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "Of the %s certificate the device says '%.20s' by rule '%.40s'.", q->what, result, rule);
}

/* @nist DP.CCS.2: good, expired, wrong-name, untrusted and revoked: only the good one passes. */
static tw_err only_good_passes(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(papers_done) struct papers p = { .key = NULL };
	bool right = true;

	TW_TRY(prepare(c, &p));
	for (size_t i = 0; i < TW_COUNT(questions) && right; i++)
		TW_TRY(put(c, &p, &questions[i], f, &right));
	if (!right)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"Of five certificates made just now the device takes the good one and refuses the others, each by its rule: "
		"expired, wrong name, untrusted, revoked.");
}

const struct tw_probe tw_probes_certificates[] = {
	{ "DP.CCS.2", "only-good-passes", TW_SOURCE_INSIDE, "Does the device take good certificates only?", only_good_passes },
	{},
};
