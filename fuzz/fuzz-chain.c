/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which reader. Lists of revoked certificates, stapled answers, and certificates one after another. What is read as a
 * list is written again and is the same; nothing of it may make an untrusted chain hold.
 */
#include "crypto/chain.h"
#include "crypto/ocsp.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_list(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *l = NULL;
	TW_CLEANUP(tw_crl_freep) tw_crl *again = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	const char *rule = NULL;

	if (tw_failed(tw_crl_load(sys, in, &l)))
		return;
	tw_buf_init(&pem, sys, SIZE_MAX);
	fuzz_must(!tw_failed(tw_crl_pem(l, &pem)) && !tw_failed(tw_crl_load(sys, tw_buf_slice(&pem), &again)));
	fuzz_must(tw_crl_number(l) == tw_crl_number(again) && tw_crl_entries(l) == tw_crl_entries(again) && tw_crl_same_issuer(l, again));
	fuzz_must(tw_crl_this_update_ms(l) < tw_crl_next_update_ms(l) && tw_crl_entries(l) <= TW_CRL_ENTRIES_MAX);
	tw_ignore(tw_crl_check(l, fuzz_ca, 1790000000000, &rule));
	(void)tw_crl_lists(l, fuzz_cert);
}

static void try_answer(const struct tw_sys *sys, struct tw_slice in)
{
	const char *rule = NULL;

	fuzz_must(tw_failed(tw_ocsp_check(sys, in, fuzz_cert, fuzz_ca, 1790000000000, &rule)) || rule);
}

static void try_chain(const struct tw_sys *sys, struct tw_slice in)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	const struct tw_certs anchors = { { fuzz_ca }, 1 };
	struct tw_chain_verdict verdict;

	if (tw_failed(tw_certs_read(sys, in, TW_CHAIN_MAX, &chain)))
		return;
	const struct tw_chain_ask ask = {
		.chain = &chain, .anchors = &anchors, .purpose = TW_CHAIN_SERVER, .dns = "x.example", .now_ms = 1790000000000
	};
	fuzz_must(tw_failed(tw_chain_check(sys, &ask, &verdict)) || verdict.rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const struct tw_sys *sys, struct tw_slice in) = { try_list, try_answer, try_chain };

	fuzz_begin();
	if (size > 0)
		readers[data[0] % TW_COUNT(readers)](tw_sys_real(), (struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
