/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which reader (certificate, private key, public key, listener file, identifier). What is accepted must write, read
 * again and be the same; a certificate is also verified against itself, which must never succeed.
 */
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "formats/identifier.h"
#include "formats/keydir.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void same(const struct tw_buf *a, const struct tw_buf *b)
{
	must(a->size == b->size && memcmp(a->data, b->data, a->size) == 0);
}

static void try_cert(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *again = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf der_again = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	if (tw_failed(tw_cert_load(sys, in, &c)))
		return;
	tw_buf_init(&der, sys, SIZE_MAX);
	tw_buf_init(&der_again, sys, SIZE_MAX);
	tw_buf_init(&text, sys, SIZE_MAX);
	must(!tw_failed(tw_cert_der(c, &der)));
	must(!tw_failed(tw_cert_load(sys, tw_buf_slice(&der), &again)));
	must(!tw_failed(tw_cert_der(again, &der_again)));
	same(&der, &der_again);
	tw_ignore(tw_cert_uri(c, &text));
	tw_ignore(tw_cert_name(c, &text));
	tw_ignore(tw_cert_key(c, &key));
	(void)tw_cert_not_after_ms(c);
	must(tw_failed(tw_cert_verify(c, c, 1790000000000)));
}

static void try_key(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *again = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem_again = { 0 };
	if (tw_failed(tw_key_load(sys, in, &k)))
		return;
	tw_buf_init(&pem, sys, SIZE_MAX);
	tw_buf_init(&pem_again, sys, SIZE_MAX);
	must(!tw_failed(tw_key_save(k, &pem)));
	must(!tw_failed(tw_key_load(sys, tw_buf_slice(&pem), &again)));
	must(!tw_failed(tw_key_save(again, &pem_again)));
	same(&pem, &pem_again);
}

static void try_public(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	if (tw_failed(tw_key_load_public(sys, in, &k)))
		return;
	tw_buf_init(&spki, sys, SIZE_MAX);
	must(!tw_failed(tw_key_spki(k, &spki)));
	must(spki.size == in.size && memcmp(spki.data, in.at, in.size) == 0);
}

static void try_listener(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	tw_ignore(tw_listener_read(sys, in, &k, &c));
}

/* What is read as a server's chain is written as it came, and judged without an end of its own. */
static void try_site(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const bool is_der = in.size && in.at[0] == 0x30;
	if (tw_failed(is_der ? tw_site_chain_der(sys, in, &c) : tw_site_chain_read(sys, in, &c)))
		return;
	tw_buf_init(&der, sys, SIZE_MAX);
	must(!tw_failed(tw_site_chain_write(&c, &der)));
	must(!is_der || (der.size == in.size && memcmp(der.data, in.at, in.size) == 0));
	must(!tw_failed(tw_cert_key(c.leaf, &key)));
	tw_ignore(tw_site_chain_check(&c, key, "security.example.com", 1767225600000));
}

static void try_either(const struct tw_sys *sys, struct tw_slice in)
{
	try_cert(sys, in);
	try_site(sys, in);
}

static void try_identifier(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_identifier id;
	char class[TW_PRODUCT_CLASS_MAX + 1], serial[TW_SERIAL_MAX + 1];
	if (tw_failed(tw_identifier_read(in, &id)))
		return;
	(void)snprintf(class, sizeof class, TW_SLICE_FMT, TW_SLICE_ARG(id.product_class));
	(void)snprintf(serial, sizeof serial, TW_SLICE_FMT, TW_SLICE_ARG(id.serial));
	tw_buf_init(&b, sys, TW_IDENTIFIER_MAX);
	must(!tw_failed(tw_identifier_write(id.pen, class, serial, &b)));
	must(b.size == in.size && memcmp(b.data, in.at, in.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(
		const struct tw_sys *sys, struct tw_slice in) = { try_either, try_key, try_public, try_listener, try_identifier };
	static bool ready;
	if (!ready)
		tw_crypto_use(tw_sys_real());
	ready = true;
	if (size > 0)
		readers[data[0] % TW_COUNT(readers)](tw_sys_real(), (struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
