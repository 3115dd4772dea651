/* SPDX-License-Identifier: Apache-2.0 */
/* The listener's key and certificate: see keydir.h. */
#include "formats/keydir.h"

#include <string.h>

#define FILE_USUAL 1200                       /* bytes: key 241, certificate 700 */
#define NAME_RANDOM 4                         /* bytes: the name only has to look like no other, the key is what is pinned */
static const int64_t FROM_MS = 1735689600000; /* 2025-01-01: the same in all, so that it does not tell when the owner came */
static const char CERT_BEGIN[] = "-----BEGIN CERTIFICATE-----";

tw_err tw_listener_make(const struct tw_sys *sys, tw_key **ret_key, tw_cert **ret_cert)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t random[NAME_RANDOM];
	char name[32];
	if (sys->random(sys, random, sizeof random) < 0)
		return TW_RAISE_ERRNO("the name of a listener certificate");
	(void)snprintf(name, sizeof name, "thingward-%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
	struct tw_cert_want want = { .common_name = name, .dns = name, .is_server = true, .not_before_ms = FROM_MS };
	TW_TRY(tw_key_generate(sys, &key));
	TW_TRY(tw_cert_make(sys, &want, key, NULL, key, ret_cert));
	*ret_key = TW_STEAL(key);
	return TW_OK;
}

tw_err tw_listener_write(const tw_key *key, const tw_cert *cert, struct tw_buf *ret)
{
	TW_TRY(tw_buf_reserve(ret, FILE_USUAL));
	TW_TRY(tw_key_save(key, ret));
	return tw_cert_pem(cert, ret);
}

tw_err tw_listener_write_chain(const tw_key *key, const struct tw_site_chain *chain, struct tw_buf *ret)
{
	TW_TRY(tw_buf_reserve(ret, TW_KEYS_FILE_MAX));
	TW_TRY(tw_key_save(key, ret));
	return tw_site_chain_pem(chain, ret);
}

tw_err tw_listener_read_chain(const struct tw_sys *sys, struct tw_slice text, tw_key **ret_key, struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };
	uint8_t of_key[32], of_cert[32];
	const char *at = text.size ? memmem(text.at, text.size, CERT_BEGIN, sizeof CERT_BEGIN - 1) : NULL;
	if (!at)
		return TW_RAISE(SYNTAX, "no certificate in the listener's file");
	size_t key_size = (size_t)(at - text.at);
	TW_TRY(tw_key_load(sys, (struct tw_slice){ text.at, key_size }, &key));
	TW_TRY(tw_site_chain_read(sys, (struct tw_slice){ at, text.size - key_size }, &chain));
	TW_TRY(tw_key_fingerprint(key, of_key));
	TW_TRY(tw_cert_fingerprint(chain.leaf, of_cert));
	if (memcmp(of_key, of_cert, sizeof of_key) != 0)
		return TW_RAISE(UNTRUSTED, "the listener's certificate is not for its key");
	*ret_key = TW_STEAL(key);
	*ret = chain;
	chain = (struct tw_site_chain){ .count = 0 };
	return TW_OK;
}

tw_err tw_listener_read(const struct tw_sys *sys, struct tw_slice text, tw_key **ret_key, tw_cert **ret_cert)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };

	TW_TRY(tw_listener_read_chain(sys, text, &key, &chain));
	if (chain.count > 1)
		return TW_RAISE(SYNTAX, "more than one certificate in the listener's file");
	*ret_key = TW_STEAL(key);
	*ret_cert = TW_STEAL(chain.leaf);
	return TW_OK;
}
