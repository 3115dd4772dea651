/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning record: the manufacturer's signed word of what one unit left the workshop with. doc/spec/provisioning-record.md is the page.
 *
 * Signed by the desk key that also signs product manifests, so that the CA's own key signs certificates and revocations only; typ keeps the
 * two uses apart. It holds nothing secret.
 */
#ifndef TW_FORMATS_PROVISIONING_H
#define TW_FORMATS_PROVISIONING_H
#include "formats/identifier.h"
#include "formats/jws.h"
#include "formats/labelcode.h"

#define TW_PROVISIONING_FORMAT 1
#define TW_PROVISIONING_MAX 16384
#define TW_CERT_NUMBER_MAX 40 /* hex digits of a certificate's serial number (RFC 5280 section 4.1.2.2: 20 octets) */

struct tw_provisioning {
	char identifier[TW_IDENTIFIER_MAX + 1], model[64], serial[TW_SERIAL_MAX + 1], physical_id[TW_PHYSICAL_ID_MAX + 1];
	char certificate[TW_CERT_NUMBER_MAX + 1]; /* its serial number: what a revocation list names */
	uint8_t device_key[32], ca[32];           /* SHA-256 of the SubjectPublicKeyInfo */
	bool has_listener;                        /* not where the unit made its keys itself */
	uint8_t listener[32];
	int64_t time_ms;
	char tool[64]; /* "thingward 0.1.0" */
};
tw_err tw_provisioning_sign(const struct tw_sys *sys, const struct tw_provisioning *p, const tw_cert *desk,
	const struct tw_signer *signer, struct tw_buf *ret);
/* Form, signature, that anchor has issued the signer's certificate to a desk and not to a unit, and that the record's parts agree.
   SYNTAX names the member; UNTRUSTED. */
tw_err tw_provisioning_verify(
	const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, struct tw_provisioning *ret);
tw_err tw_provisioning_read(const json_t *payload, struct tw_provisioning *ret); /* the form alone */
#endif
