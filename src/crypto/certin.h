/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a certificate, for the two files that read and make them. */
#ifndef TW_CRYPTO_CERTIN_H
#define TW_CRYPTO_CERTIN_H
#include "crypto/cert.h"
#include "crypto/internal.h"

#include <openssl/x509.h>

struct tw_cert {
	const struct tw_sys *sys;
	X509 *x509;
};
tw_err tw_cert_adopt(const struct tw_sys *sys, X509 *x, tw_cert **ret); /* takes x over, also on failure */
#endif
