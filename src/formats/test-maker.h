/* SPDX-License-Identifier: Apache-2.0 */
/* A maker with its certificate authority and one unit of it, for the tests of what a unit signs. */
#ifndef TW_FORMATS_TEST_MAKER_H
#define TW_FORMATS_TEST_MAKER_H
#include "formats/jws.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define NOW 1790000000000
#define LONG_AGO 1700000000000
#define ID "urn:dev:ops:32473-T.1-0001"

static const struct tw_sys *sys;
static tw_key *ca_key, *key;
static tw_cert *ca, *cert;
static struct tw_signer signer; /* the unit's */

static inline tw_cert *make_cert(const char *uri)
{
	const struct tw_cert_want want = { .common_name = "T-1", .uri = uri, .is_client = true, .not_before_ms = LONG_AGO };
	tw_cert *made = NULL;

	CHECK_OK(tw_cert_make(sys, &want, key, ca, ca_key, &made));
	return made;
}

static inline void make_maker(void)
{
	const struct tw_cert_want want = { .common_name = "CA", .is_ca = true, .not_before_ms = LONG_AGO };

	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_cert_make(sys, &want, ca_key, NULL, ca_key, &ca));
	cert = make_cert(ID);
	signer = tw_signer_of_key(key);
}

static inline void maker_done(void)
{
	ca = tw_cert_free(ca);
	cert = tw_cert_free(cert);
	ca_key = tw_key_free(ca_key);
	key = tw_key_free(key);
}
#endif
