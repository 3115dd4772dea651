/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device shared, by the first byte: a text as it came; a protected header under which something is rightly sealed; a text that is rightly sealed;
 * claims that are rightly signed beside a content and sealed. So the search gets behind each check. What opens must name its unit.
 */
#include "crypto/aead.h"
#include "crypto/agree.h"
#include "formats/export.h"
#include "signed.h"

#include <string.h>

#define CONTENT "{}"
#define PARTS 4

static void open_text(struct tw_slice text)
{
	const struct tw_export_expect expect = { .own = fuzz_key, .anchor = fuzz_ca, .now_ms = 2 };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;
	if (tw_failed(tw_export_open(tw_sys_real(), text, &expect, &e, &content)))
		fuzz_must(!content);
	else
		fuzz_must(content && !strcmp(e.identifier, "urn:dev:ops:32473-T-1"));
}

/* By the key agreed on with itself, as the header says or not. */
static void under_header(struct tw_slice header)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf encoded = { 0 }, sealed = { 0 }, text = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	tw_buf_init(&encoded, tw_sys_real(), SIZE_MAX);
	tw_buf_init(&sealed, tw_sys_real(), SIZE_MAX);
	tw_buf_init(&text, tw_sys_real(), SIZE_MAX);
	fuzz_must(!tw_failed(tw_buf_base64url(&encoded, header.at, header.size)) && !tw_failed(tw_key_agree(fuzz_key, fuzz_key, &key)));
	fuzz_must(!tw_failed(tw_aead_seal(key, tw_buf_slice(&encoded), TW_SLICE("{}"), &sealed)));
	fuzz_must(!tw_failed(tw_buf_add(&text, encoded.data, encoded.size)) && !tw_failed(tw_buf_text(&text, "..")));
	fuzz_must(!tw_failed(tw_buf_base64url(&text, sealed.data, TW_AEAD_NONCE)) && !tw_failed(tw_buf_text(&text, ".")));
	fuzz_must(!tw_failed(tw_buf_base64url(&text, sealed.data + TW_AEAD_NONCE, 2)) && !tw_failed(tw_buf_text(&text, ".")));
	fuzz_must(!tw_failed(tw_buf_base64url(&text, sealed.data + TW_AEAD_NONCE + 2, TW_AEAD_TAG)));
	open_text(tw_buf_slice(&text));
}

static void as_plain(struct tw_slice plain)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	tw_buf_init(&text, tw_sys_real(), TW_JWE_MAX);
	if (!tw_failed(tw_jwe_seal(tw_sys_real(), TW_EXPORT_CTY, fuzz_key, plain, &text)))
		open_text(tw_buf_slice(&text));
}

static void as_claims(struct tw_slice text)
{
	const struct tw_signer signer = tw_signer_of_key(fuzz_key);
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 }, plain = { 0 };
	tw_buf_init(&jws, tw_sys_real(), TW_JWS_MAX);
	tw_buf_init(&plain, tw_sys_real(), SIZE_MAX);
	if (tw_failed(tw_json_parse(text, TW_JWS_MAX, &claims)) ||
		tw_failed(tw_jws_sign(tw_sys_real(), TW_JWS_EXPORT, fuzz_cert, claims, &signer, &jws)))
		return;
	fuzz_must(!tw_failed(tw_buf_format(&plain, "{\"content\":\"" CONTENT "\",\"signature\":%s}", tw_buf_cstr(&jws))));
	as_plain(tw_buf_slice(&plain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[PARTS])(struct tw_slice text) = { open_text, under_header, as_plain, as_claims };
	fuzz_begin();
	if (size > 0)
		ways[data[0] % PARTS]((struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
