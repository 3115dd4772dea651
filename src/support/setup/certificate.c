/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward-support certificate ...`: the certificate under which the site is known. */
#include "support/setup/setup.h"

#include "base/text.h"
#include "crypto/dnsnames.h"
#include "crypto/hash.h"
#include "formats/keydir.h"

#include <string.h>

static const char RELOADS[] = "/api/v1/listener-reloads";

static tw_err put_fingerprint(const struct tw_setup *s, const tw_cert *c)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	uint8_t digest[32];

	tw_buf_init(&der, s->sys, TW_SITE_DER_MAX);
	TW_TRY(tw_cert_der(c, &der));
	TW_TRY(tw_sha256(der.data, der.size, digest));
	(void)printf("  fingerprint  SHA-256 ");
	for (size_t i = 0; i < sizeof digest; i++)
		(void)printf("%s%02X", i ? ":" : "", digest[i]);
	(void)printf("\n");
	return TW_OK;
}

tw_err tw_setup_tell(const struct tw_setup *s, const tw_cert *c)
{
	struct tw_dns_names names = { .count = 0 };
	char until[TW_TIME_TEXT_MAX];

	if (tw_failed(tw_cert_dns_names(c, &names)))
		names.count = 0;
	for (size_t i = 0; i < names.count; i++)
		(void)printf("  for          %s\n", names.of[i]);
	TW_TRY(put_fingerprint(s, c));
	tw_time_text(tw_cert_not_after_ms(c), until);
	(void)printf("  until        %.10s\n", until);
	if (tw_cert_self_signed(c))
		(void)printf("  self-signed: a browser says that it does not know it; compare the fingerprint\n");
	return TW_OK;
}

static tw_err take_key(const struct tw_setup *s, tw_key **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, s->sys, TW_SITE_PEM_MAX + 1);
	TW_TRY(tw_setup_read(s->sys, s->key, TW_SITE_PEM_MAX, &text));
	tw_err e = tw_key_load(s->sys, tw_buf_slice(&text), ret);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOMEM))
		return TW_RAISE(UNTRUSTED,
			"listener.key: %s is no P-256 key in PKCS#8 without a passphrase; of an older form: openssl pkcs8 -topk8 "
			"-nocrypt -in FILE; of RSA: have a certificate made for a key of P-256 (certbot: --key-type ecdsa)",
			s->key);
	return e;
}

static tw_err take_chain(const struct tw_setup *s, struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, s->sys, TW_SITE_PEM_MAX + 1);
	TW_TRY(tw_setup_read(s->sys, s->chain, TW_SITE_PEM_MAX, &text));
	return tw_site_chain_read(s->sys, tw_buf_slice(&text), ret);
}

static tw_err reload(const struct tw_setup *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };

	tw_buf_init(&body, s->sys, 65536);
	return tw_setup_ask(s, "POST", RELOADS, &body);
}

tw_err tw_setup_import(struct tw_setup *s)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	char host[TW_SETUP_HOST_MAX];
	struct tw_desk desk;

	TW_TRY(tw_support_places_dirs(s->sys, &s->options, &s->places));
	TW_TRY(tw_desk_read(s->sys, s->places.app, &desk));
	if (!desk.contact_count)
		return TW_RAISE(STATE, "there is no app/%s yet, so nobody knows the site's name; first: thingward-support init --dir %s",
			TW_DESK_FILE, s->options.dir);
	tw_setup_host(desk.site, host);
	TW_TRY(take_key(s, &key));
	TW_TRY(take_chain(s, &chain));
	TW_TRY(tw_site_chain_check(&chain, key, host, s->now_ms));
	tw_buf_init(&b, s->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_write_chain(key, &chain, &b));
	TW_TRY(tw_setup_write(s, s->places.keys, TW_KEYS_LISTENER, &b));
	tw_err e = reload(s);
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED))
		return e;
	(void)printf("Taken%s:\n",
		tw_failed(e) ? ", for the next start" : "; the running service goes on with it, and no connection was cut");
	return tw_setup_tell(s, chain.leaf);
}

tw_err tw_setup_show(struct tw_setup *s)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };

	TW_TRY(tw_support_places_dirs(s->sys, &s->options, &s->places));
	tw_err e = tw_setup_listener(s, &key, &chain);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_RAISE(NOTFOUND, "there is none yet; the first start makes one, or: thingward-support init");
	TW_TRY(e);
	return tw_setup_tell(s, chain.leaf);
}

tw_err tw_setup_reload(struct tw_setup *s)
{
	TW_TRY(tw_support_places_dirs(s->sys, &s->options, &s->places));
	return reload(s);
}
