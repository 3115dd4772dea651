/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a local identity is renewed. Pure: certificate and past tries in, moment out.
 *
 * Two thirds of the certificate's life pass first. Of the last third the first half is for spreading: each certificate has its own
 * share of it, so that units that were enrolled together do not come together. The second half is left for trying again.
 */
#ifndef TW_DEVICE_IDENTIFICATION_RENEWAL_H
#define TW_DEVICE_IDENTIFICATION_RENEWAL_H
#include <stdint.h>

#define TW_RENEWAL_NEVER INT64_MAX
#define TW_RENEWAL_NO_END_MS INT64_C(253402300799000) /* 99991231235959Z: "no end" (RFC 5280 section 4.1.2.5) */

struct tw_renewal {
	int64_t not_before_ms, not_after_ms; /* of the certificate */
	int64_t since_ms;                    /* it came then */
	int64_t now_ms;
	uint16_t share;    /* of 65536, of the time for spreading; the same for as long as the certificate lives */
	unsigned failures; /* tries in a row that came to nothing */
	int64_t failed_ms; /* the last of them */
};
/* Wall time; not later than now_ms: it is due. A pause that the certificate does not outlive is cut to half of what is left. NEVER: it has
   no end, has ended, or is so near to it that the half is shorter than the first pause. */
int64_t tw_renewal_at_ms(const struct tw_renewal *r);
/* An hour, twice as long each time, a day at most; in proportion for a certificate that lives less than a day, 5 s at least. */
int64_t tw_renewal_pause_ms(int64_t lifetime_ms, unsigned failures);
#endif
