/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device report (doc/spec/device-report.md) as CWT, from a device without an operating system or from the hub that it hangs
 * on. Freestanding C: the caller's buffer, no allocation, nothing of libc but memcpy. What is not known is left NULL, and is absent.
 */
#ifndef FOREIGN_REPORT_H
#define FOREIGN_REPORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct foreign_bytes {
	const uint8_t *at; /* NULL: absent */
	size_t size;
};
struct foreign_element {
	const char *id; /* "DI.IMS.1"; in any order, none twice */
	uint8_t status; /* 0 provided, 1 off by policy, 2 needs a part, 3 not provided */
};
struct foreign_boot {
	uint64_t count;
	struct foreign_bytes seed; /* 16 to 64 random bytes, others at each boot */
	bool confirmed;
};
struct foreign_log {
	uint64_t epoch, seq, checkpoint;
	uint8_t chain[32];
};
struct foreign_report {
	const char *identifier; /* urn:dev:ops:PEN-PRODUCT-SERIAL, as in the certificate */
	uint32_t pen;
	struct foreign_bytes nonce; /* the asker's, 16 to 64 bytes */
	struct foreign_bytes exporter;
	uint64_t issued_s;
	bool time_trusted;
	const char *model; /* up to 32 bytes */
	const char *hardware;
	const char *software_name, *software; /* must be known */
	const char *product_version;
	const bool *oem_boot;
	const uint8_t *debug_status; /* 0 to 4 */
	const struct foreign_boot *boot;
	const struct foreign_log *log;
	const struct foreign_element *elements;
	size_t element_count;
};

/* ECDSA on P-256 with SHA-256 over the pieces one after another, as r and s of 32 bytes each: a secure element, or a library. */
typedef bool foreign_sign(void *user, const struct foreign_bytes *pieces, size_t count, uint8_t ret_signature[64]);

/* Returns the size of what was written to out; 0: it does not fit, or the signer failed. A size of 2 KiB is plenty for thirty elements. */
size_t foreign_report_write(const struct foreign_report *r, struct foreign_bytes certificate_der, foreign_sign *sign, void *user,
	uint8_t *out, size_t max);
#endif
