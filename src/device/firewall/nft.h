/* SPDX-License-Identifier: Apache-2.0 */
/* nft as a program: our table is put, and read back. */
#ifndef TW_DEVICE_NFT_H
#define TW_DEVICE_NFT_H
#include "service/firewall/ruleset.h"

#define TW_NFT_PROGRAM "/usr/sbin/nft" /* where Debian has it; nobody's search path says so */
#define TW_NFT_MS 5000

/* What it says, on either of its outputs, at most ret->max bytes. DENIED: it ended badly, with its first line; TIMEOUT, LIMIT: it was ended. */
tw_err tw_nft_run(const struct tw_sys *sys, const char *const *words, struct tw_slice input, struct tw_buf *ret);
tw_err tw_nft_apply(const struct tw_sys *sys, const struct tw_ruleset *r); /* one transaction */
tw_err tw_nft_renew(const struct tw_sys *sys, const struct tw_ruleset *r); /* what ends by itself counts for as long again */
/* The kernel's table, as nft lists it, and what it has counted. */
tw_err tw_nft_check(const struct tw_sys *sys, const struct tw_ruleset *r, struct tw_ruleset_counts *ret_counts, bool *ret_holds);
#endif
