/* SPDX-License-Identifier: Apache-2.0 */
#include "lists.h"

#include "base/text.h"

#define HOUR_MS (3600 * INT64_C(1000))
#define YEARS_MS (10 * 365 * 24 * HOUR_MS)

tw_err tw_unit_authority_make(const struct tw_sys *sys, const char *name, int64_t now_ms, struct tw_unit_authority *ret)
{
	const struct tw_cert_want want = {
		.common_name = name, .is_ca = true, .not_before_ms = now_ms - HOUR_MS, .not_after_ms = now_ms + YEARS_MS
	};

	*ret = (struct tw_unit_authority){ .sys = sys, .now_ms = now_ms };
	TW_TRY(tw_key_generate(sys, &ret->key));
	return tw_cert_make(sys, &want, ret->key, NULL, ret->key, &ret->cert);
}

void tw_unit_authority_done(struct tw_unit_authority *a)
{
	a->key = tw_key_free(a->key);
	a->cert = tw_cert_free(a->cert);
}

/* With the authority's own key: what is judged is the certificate. */
tw_err tw_unit_authority_server(const struct tw_unit_authority *a, tw_cert **ret)
{
	const struct tw_cert_want want = { .common_name = "server",
		.dns = "server.example",
		.is_server = true,
		.not_before_ms = a->now_ms - HOUR_MS,
		.not_after_ms = a->now_ms + YEARS_MS };

	return tw_cert_make(a->sys, &want, a->key, a->cert, a->key, ret);
}

/* A member of an object: a text of so many lines. */
static tw_err add_text(struct tw_buf *ret, const char *before, const struct tw_buf *text)
{
	TW_TRY(tw_buf_text(ret, before));
	return tw_buf_json_string(ret, tw_buf_slice(text));
}

static tw_err add_cert(const struct tw_unit_authority *a, struct tw_buf *ret, const char *before, const tw_cert *cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, a->sys, 4096);
	TW_TRY(tw_cert_pem(cert, &pem));
	return add_text(ret, before, &pem);
}

tw_err tw_unit_authority_trust(const struct tw_unit_authority *a, struct tw_buf *ret)
{
	TW_TRY(add_cert(a, ret, "{\"name\":\"authority\",\"certificate\":", a->cert));
	return tw_buf_text(ret, "}");
}

static tw_err make_list(const struct tw_unit_authority *a, uint64_t number, const tw_cert *gone, tw_crl **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf serial = { 0 };
	uint8_t bytes[20];
	struct tw_crl_entry entry = { .serial = bytes, .since_ms = a->now_ms - HOUR_MS };
	const struct tw_crl_want want = { .entries = gone ? &entry : NULL,
		.count = gone != NULL,
		.number = number,
		.this_update_ms = a->now_ms - HOUR_MS,
		.next_update_ms = a->now_ms + YEARS_MS };

	tw_buf_init(&serial, a->sys, 2 * sizeof bytes);
	if (gone) {
		TW_TRY(tw_cert_serial(gone, &serial));
		entry.serial_size = serial.size / 2;
		TW_TRY(tw_parse_hex(tw_buf_slice(&serial), bytes, entry.serial_size));
	}
	return tw_crl_make(a->sys, &want, a->cert, a->key, ret);
}

tw_err tw_unit_authority_list(const struct tw_unit_authority *a, uint64_t number, const tw_cert *gone, struct tw_buf *ret)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, a->sys, 2 * TW_CRL_MAX);
	TW_TRY(make_list(a, number, gone, &crl));
	TW_TRY(tw_crl_pem(crl, &pem));
	TW_TRY(add_text(ret, "{\"crl\":", &pem));
	TW_TRY(add_cert(a, ret, ",\"issuer\":", a->cert));
	return tw_buf_text(ret, "}");
}

tw_err tw_unit_authority_check(const struct tw_unit_authority *a, const tw_cert *server, struct tw_buf *ret)
{
	TW_TRY(add_cert(a, ret, "{\"purpose\":\"server\",\"chain\":", server));
	TW_TRY(add_cert(a, ret, ",\"anchors\":", a->cert));
	return tw_buf_text(ret, "}");
}
