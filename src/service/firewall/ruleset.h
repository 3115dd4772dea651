/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may reach the device's management, as one table of the kernel's packet filter: `table inet thingward`, which is ours alone.
 *
 * Core makes a ruleset of settings that it has judged; it crosses to the role that may change the filter as numbers, and only there becomes
 * the JSON that nft reads. So nothing that somebody wrote ever becomes a word of a rule, and no ruleset can name another table. What nft
 * lists afterwards is held against the same objects. Pure.
 */
#ifndef TW_SERVICE_RULESET_H
#define TW_SERVICE_RULESET_H
#include "base/buf.h"
#include "base/json.h"

#define TW_RULESET_PORTS 8         /* as many as there may be listeners */
#define TW_RULESET_NETWORKS 64     /* a setting that names more is refused */
#define TW_RULESET_MAX (64 * 1024) /* of the JSON, ours or nft's listing */

struct tw_network {
	uint8_t family;      /* 4 or 6 */
	uint8_t bits;        /* of the prefix */
	uint8_t address[16]; /* behind the prefix all 0; of IPv4 the first 4 */
};
struct tw_ruleset {
	bool enforce; /* false: no table at all, and the rest is empty */
	uint16_t ports[TW_RULESET_PORTS];
	size_t port_count;
	struct tw_network networks[TW_RULESET_NETWORKS];
	size_t network_count;
};
/* "192.0.2.0/24", "2001:db8::1": a network has no bits behind its prefix, so that nobody means another one than he writes. SYNTAX */
tw_err tw_network_read(const char *text, struct tw_network *ret);
/* Blanks between; one inside another is left out, since the kernel takes none twice. SYNTAX, LIMIT */
tw_err tw_networks_read(const char *text, struct tw_ruleset *ret);

/* Between core and the role. Both read what the other writes as if it were hostile. */
tw_err tw_ruleset_write(const struct tw_ruleset *r, struct tw_buf *b);
tw_err tw_ruleset_read(struct tw_slice payload, struct tw_ruleset *ret); /* SYNTAX, LIMIT */

tw_err tw_ruleset_commands(const struct tw_ruleset *r, struct tw_buf *b); /* one transaction for `nft -j -f -` */
/* Is that what `nft -j list table inet thingward` says of it? Its version and the handles do not count; all else does. SYNTAX: it is no listing. */
tw_err tw_ruleset_holds(const struct tw_ruleset *r, struct tw_slice listing, bool *ret);
#endif
