/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is installed on one unit, as CycloneDX 1.6 (JSON, keys sorted, without blanks), and the device key's word for it.
 *
 * The word is a JWS beside the document, over the document's SHA-256, and not a signature within it: the key signs in another
 * process, which must see that it signs an inventory and nothing else, and must not parse a document of any size to see it.
 * What is written to a file is what was hashed, byte for byte, so that nobody has to canonicalize anything to verify it.
 */
#ifndef TW_FORMATS_SBOM_H
#define TW_FORMATS_SBOM_H
#include "formats/identifier.h"
#include "formats/jws.h"
#include "formats/packages.h"

#define TW_JWS_INVENTORY "thingward-inventory+jws"
#define TW_SBOM_MAX (960 * 1024) /* the document; with its signature it must fit into one answer */
#define TW_SBOM_SERIAL_MAX 45    /* urn:uuid:... */

/* What a check of the files said last. */
struct tw_sbom_files {
	int64_t checked_ms;
	uint64_t checked, changed, missing, unknown, unread, skipped, broken;
};
struct tw_sbom {
	const char *identifier;                               /* of the unit */
	const char *organization, *product, *model, *version; /* what the signed manifest says it is */
	const char *software;                                 /* version of the device's software, which made the document */
	uint8_t serial[16];                                   /* randomness: no two documents share one */
	int64_t made_ms;
	bool time_trusted;
	const struct tw_package_system *system;
	const struct tw_packages *packages;
	const struct tw_sbom_files *files; /* NULL: they were not checked */
};
tw_err tw_sbom_write(const struct tw_sys *sys, const struct tw_sbom *s, json_t **ret);
/* The device's word for the document: its JWS. text is what tw_json_write makes of it. */
tw_err tw_sbom_sign(const struct tw_sys *sys, const struct tw_sbom *s, struct tw_slice text, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret);

struct tw_sbom_seen {
	char identifier[TW_IDENTIFIER_MAX + 1];
	int64_t made_ms;
	bool time_trusted;
};
/* The whole question: signature, certificate by anchor and in time, of the unit that the document names, over exactly this document. */
tw_err tw_sbom_verify(const struct tw_sys *sys, struct tw_slice text, struct tw_slice jws, const tw_cert *anchor, int64_t now_ms,
	struct tw_sbom_seen *ret);
struct tw_sbom_signed {
	struct tw_slice document, jws;
};
/* The same, and the document that was verified. */
tw_err tw_sbom_open(const struct tw_sys *sys, const struct tw_sbom_signed *it, const tw_cert *anchor, int64_t now_ms,
	struct tw_sbom_seen *ret, json_t **ret_document);
#endif
