/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of IPv4 and IPv6, as people write them and as rules hold them. Pure. */
#ifndef TW_FORMATS_NETWORK_H
#define TW_FORMATS_NETWORK_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TW_NETWORK_TEXT_MAX 64 /* of one, as it is written */

struct tw_network {
	uint8_t family;      /* 4 or 6 */
	uint8_t bits;        /* of the prefix */
	uint8_t address[16]; /* behind the prefix all 0; of IPv4 the first 4 */
};
/* "192.0.2.0/24", "2001:db8::1": a network has no bits behind its prefix, so that nobody means another one than he writes. SYNTAX */
tw_err tw_network_read(const char *text, struct tw_network *ret);
size_t tw_network_size(const struct tw_network *n); /* bytes of its address */
bool tw_network_valid(const struct tw_network *n);  /* one that came from elsewhere */
bool tw_network_inside(const struct tw_network *inner, const struct tw_network *outer);
#endif
