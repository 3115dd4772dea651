/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the device report: that it holds, that it says what the device's other answers say, and that it is worth nothing for
 * another nonce, on another connection, or with a bit changed. The report itself stays in the evidence, with its nonce: whoever has
 * the manufacturer's certificate judges it again by `thingward device report verify`.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "formats/report.h"
#include "tool/files.h"

#define REPORT "/api/v1/identity/report"
#define NONCE_SIZE 32
#define FLIPS 16 /* places in it that are tried: each takes two signatures to judge, and every run tries others */

static const struct {
	const char *name;
	enum tw_report_format format;
} forms[] = { { "cwt", TW_REPORT_CWT }, { "jwt", TW_REPORT_JWT } };

/* A report as it came, and what it has to answer. */
struct asked {
	uint8_t nonce[NONCE_SIZE];
	bool has_exporter;
	uint8_t exporter[32];
	struct tw_buf text, bytes; /* in the answer's spelling, and as it was signed */
	struct tw_report report;
};

static void asked_done(struct asked *a)
{
	tw_buf_done(&a->text);
	tw_buf_done(&a->bytes);
	tw_report_done(&a->report);
}

static tw_err call(struct tw_probe_context *c, size_t form, struct asked *a, struct tw_answer *answer)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf nonce = { 0 };

	if (c->sys->random(c->sys, a->nonce, sizeof a->nonce))
		return TW_RAISE_ERRNO("randomness");
	tw_buf_init(&nonce, c->sys, 128);
	TW_TRY(tw_buf_base64url(&nonce, a->nonce, sizeof a->nonce));
	return tw_order_with(c, "POST", REPORT, json_pack("{s:s, s:s}", "nonce", tw_buf_cstr(&nonce), "format", forms[form].name), answer);
}

static tw_err unwrap(struct tw_probe_context *c, size_t form, const char *text, struct asked *a)
{
	const size_t length = strlen(text);
	size_t size = 0;

	TW_TRY(tw_buf_add(&a->text, text, length));
	if (forms[form].format == TW_REPORT_JWT)
		return tw_buf_add(&a->bytes, text, length);
	TW_TRY(tw_buf_reserve(&a->bytes, length + 1));
	TW_TRY(tw_parse_base64url(tw_slice_of(text), length, a->bytes.data, &size));
	a->bytes.size = size;
	return TW_OK;
}

static tw_err judge(struct tw_probe_context *c, struct asked *a, const uint8_t *nonce, const uint8_t *exporter, struct tw_report *ret)
{
	const struct tw_report_expect expect = {
		.anchor = c->target[0].anchor, .now_ms = tw_now_ms(c->sys), .nonce = { (const char *)nonce, NONCE_SIZE }, .exporter = exporter
	};

	return tw_report_verify(c->sys, tw_buf_slice(&a->bytes), &expect, ret);
}

/* Asked for, and judged for our nonce on our connection. */
static tw_err ask(struct tw_probe_context *c, size_t form, struct asked *a)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	tw_buf_init(&a->text, c->sys, 2 * TW_REPORT_MAX);
	tw_buf_init(&a->bytes, c->sys, 2 * TW_REPORT_MAX);
	TW_TRY(call(c, form, a, &answer));
	if (!answer.has_exporter)
		return TW_RAISE(STATE, "this connection has no exporter to compare with");
	a->has_exporter = true;
	memcpy(a->exporter, answer.exporter, sizeof a->exporter);
	tw_err e = unwrap(c, form, tw_json_text(answer.body, "report"), a);
	if (!tw_failed(e))
		e = judge(c, a, a->nonce, a->exporter, &a->report);
	return tw_is(e, TW_CODE_LIMIT) ? TW_RAISE(SYNTAX, "no report has so many bytes, or so few") : e;
}

static const char *word_of(int64_t status)
{
	static const char *const words[] = { "provided", "off by policy", "needs a part", "not provided" };

	return status >= 0 && status < (int64_t)TW_COUNT(words) ? words[status] : "";
}

/* ret_other: an element of which the report says something else than capabilities.read, or NULL. */
static const char *other_element(const struct tw_report *r, const json_t *elements)
{
	size_t i;
	json_t *row;

	json_array_foreach(elements, i, row) {
		const json_t *status = json_object_get(r->elements, tw_json_text(row, "id"));

		if (!status || strcmp(word_of(json_integer_value(status)), tw_json_text(row, "status")) != 0)
			return tw_json_text(row, "id");
	}
	return json_array_size(elements) == json_object_size(r->elements) ? NULL : "an element of its own";
}

/* @nist DI.IMS.2: held against identity.read and capabilities.read; false: f has been told. */
static tw_err agrees(struct tw_probe_context *c, const struct tw_report *r, struct tw_finding *f, bool *ret_good)
{
	const struct tw_target *t = &c->target[0];
	const json_t *elements = json_object_get(t->capabilities.body, "elements"), *identity = t->identity.body;
	const char *other = other_element(r, elements);

	*ret_good = false;
	if (!t->has_identity || !json_is_array(elements))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device's other answers are missing, so there is nothing to compare with.");
	if (strcmp(r->identifier, tw_json_text(identity, "identifier")) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The report says %.128s, identity.read says %.128s.", r->identifier,
			tw_json_text(identity, "identifier"));
	if (strcmp(r->model, tw_json_text(identity, "model")) != 0 ||
		strcmp(r->product_version, tw_json_text(identity, "product_version")) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The report says model %s with %s, identity.read says %.64s with %.64s.",
			r->model, r->product_version, tw_json_text(identity, "model"), tw_json_text(identity, "product_version"));
	if (other)
		return tw_found(f, TW_VERDICT_FAIL, "Of %.32s the report says something else than capabilities.read.", other);
	*ret_good = true;
	return TW_OK;
}

static tw_err keep(struct tw_probe_context *c, size_t form, const struct asked *a, struct tw_finding *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf nonce = { 0 };
	char key[16];

	tw_buf_init(&nonce, c->sys, 128);
	TW_TRY(tw_buf_base64url(&nonce, a->nonce, sizeof a->nonce));
	(void)snprintf(key, sizeof key, "%s nonce", forms[form].name);
	TW_TRY(tw_saw(f, key, tw_buf_cstr(&nonce)));
	return tw_saw(f, forms[form].name, tw_buf_cstr(&a->text));
}

/* @nist DI.IMS.2: in both spellings. */
tw_err tw_probe_report_holds(struct tw_probe_context *c, struct tw_finding *f)
{
	bool good = true;

	if (!c->target[0].session.client)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no device to ask.");
	for (size_t i = 0; i < TW_COUNT(forms) && good; i++) {
		TW_CLEANUP(asked_done) struct asked a = { .has_exporter = false };
		tw_err e = ask(c, i, &a);

		if (tw_failed(e))
			return tw_found_trouble(f, "The device report", e);
		TW_TRY(keep(c, i, &a, f));
		TW_TRY(agrees(c, &a.report, f, &good));
	}
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"As CWT and as JWT the report is signed by the device's certified key, over our nonce and this connection, and says of unit, "
		"model, version and each element what the device's other answers say.");
}

/* ret_bit: one that may be changed without being noticed, or -1. */
static tw_err flip_some(struct tw_probe_context *c, struct asked *a, long *ret_bit)
{
	*ret_bit = -1;
	for (int i = 0; i < FLIPS; i++) {
		TW_CLEANUP(tw_report_done) struct tw_report r = { 0 };
		uint32_t at = 0;

		if (c->sys->random(c->sys, &at, sizeof at))
			return TW_RAISE_ERRNO("randomness");
		const size_t bit = at % (8 * a->bytes.size);
		a->bytes.data[bit / 8] = (char)(a->bytes.data[bit / 8] ^ (1 << bit % 8));
		tw_err e = judge(c, a, a->nonce, a->exporter, &r);
		a->bytes.data[bit / 8] = (char)(a->bytes.data[bit / 8] ^ (1 << bit % 8));
		if (tw_is(e, TW_CODE_NOMEM))
			return e;
		if (!tw_failed(e))
			*ret_bit = (long)bit;
	}
	return TW_OK;
}

/* The recorded report for another nonce and on another connection; false: f has been told. */
static tw_err replayed(struct tw_probe_context *c, struct asked *a, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_report_done) struct tw_report first = { 0 }, second = { 0 };
	uint8_t nonce[NONCE_SIZE], exporter[32];

	*ret_good = false;
	if (c->sys->random(c->sys, nonce, sizeof nonce) || c->sys->random(c->sys, exporter, sizeof exporter))
		return TW_RAISE_ERRNO("randomness");
	if (!tw_failed(judge(c, a, nonce, a->exporter, &first)))
		return tw_found(f, TW_VERDICT_FAIL, "The recorded report verifies for another nonce.");
	if (!tw_failed(judge(c, a, a->nonce, exporter, &second)))
		return tw_found(f, TW_VERDICT_FAIL, "The recorded report verifies on another connection.");
	*ret_good = true;
	return TW_OK;
}

/* @nist DI.IMS.2: recorded, passed on or changed, it is worth nothing. */
tw_err tw_probe_report_is_bound(struct tw_probe_context *c, struct tw_finding *f)
{
	bool good = true;

	if (!c->target[0].session.client)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no device to ask.");
	for (size_t i = 0; i < TW_COUNT(forms) && good; i++) {
		TW_CLEANUP(asked_done) struct asked a = { .has_exporter = false };
		long bit = -1;
		tw_err e = ask(c, i, &a);

		if (tw_failed(e))
			return tw_found_trouble(f, "The device report", e);
		TW_TRY(replayed(c, &a, f, &good));
		if (good)
			TW_TRY(flip_some(c, &a, &bit));
		if (bit >= 0)
			return tw_found(f, TW_VERDICT_FAIL, "As %s the report verifies with bit %ld changed.", forms[i].name, bit);
	}
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"The recorded report is refused for another nonce, for another connection, and with a bit changed at each of %d places.",
		FLIPS);
}
