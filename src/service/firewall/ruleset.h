/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may reach the device's management, and what may come and go besides, as one table of the kernel's packet filter:
 * `table inet thingward`, which is ours alone.
 *
 * Core makes a ruleset of settings that it has judged; it crosses to the role that may change the filter as numbers, and only there becomes
 * the JSON that nft reads. So nothing that somebody wrote ever becomes a word of a rule, and no ruleset can name another table. What nft
 * lists afterwards is held against the same objects. Pure.
 */
#ifndef TW_SERVICE_RULESET_H
#define TW_SERVICE_RULESET_H
#include "base/buf.h"
#include "base/json.h"
#include "formats/flowsets.h"
#include "service/firewall/rates.h"

#define TW_RULESET_PORTS 9     /* as many as there may be listeners, and one that they were moved to */
#define TW_RULESET_NETWORKS 64 /* a setting that names more is refused */
#define TW_RULESET_FLOWS TW_FLOW_ELEMENTS
#define TW_RULESET_LINKS TW_FLOW_LINKS
#define TW_RULESET_GROUPS TW_FLOW_SETS
#define TW_RULESET_LOOK_MAX 3600
#define TW_RULESET_HOME 16              /* networks of home systems */
#define TW_RULESET_LIMITED 128          /* rules that send to a limit of rate: each packet passes them */
#define TW_RULESET_WIRE_MAX (64 * 1024) /* between core and the role: 2048 of the largest take less */
#define TW_RULESET_MAX (512 * 1024)     /* of the JSON, ours or nft's listing */

/* What becomes of what no flow allows. */
enum tw_rules_mode { TW_RULES_OFF, TW_RULES_REPORT, TW_RULES_ENFORCE };
/* What a limit of rate is about: a link, ports and a network. */
struct tw_limited {
	uint8_t rate;                        /* its place among the limits */
	bool management;                     /* the ports of the device's own, and none of what follows */
	char link[TW_MANIFEST_LINK_MAX + 1]; /* "*": any */
	struct tw_flow flow;                 /* ports.from 0: any of any protocol; network.family 0: any */
};
/*
 * What is sent to home systems: nothing, but by the tunnel, or by the role that connects to others, which is held to mutual TLS; at home also by the
 * link by which that is proven, and for so long as the kernel was told last, whatever becomes of whoever told it.
 */
struct tw_home_rules {
	struct tw_network systems[TW_RULESET_HOME];
	size_t count;                          /* 0: there are none, and the rest is empty */
	char tunnel[TW_MANIFEST_LINK_MAX + 1]; /* "": none */
	char link[TW_MANIFEST_LINK_MAX + 1];   /* by which the witness is asked; "": nobody is */
	struct tw_network witness;             /* one host */
	uint16_t witness_port;
	uint32_t fetch_uid; /* whose connections are held to mutual TLS; 0: nobody's */
	bool open;          /* it is proven */
	uint16_t lease_s;   /* for so long; 0: it is not */
};
struct tw_ruleset {
	bool enforce; /* false: no table at all, and the rest is empty */
	uint16_t ports[TW_RULESET_PORTS];
	size_t port_count;
	struct tw_network networks[TW_RULESET_NETWORKS];
	size_t network_count;
	enum tw_rules_mode in, out;                             /* beside the ports above */
	uint16_t look_s;                                        /* how often the role looks; 0: none was said, a minute */
	char links[TW_RULESET_LINKS][TW_MANIFEST_LINK_MAX + 1]; /* "eth0", "eth*" */
	size_t link_count;
	struct tw_flow *flows; /* its own, of those directions that are not off */
	size_t flow_count;
	struct tw_rate rates[TW_RATES_MAX];
	size_t rate_count;
	struct tw_limited limited[TW_RULESET_LIMITED];
	size_t limited_count;
	struct tw_home_rules home;
};
struct tw_ruleset_counts {
	uint64_t in, out;             /* packets that were dropped, or would be */
	uint64_t rates[TW_RATES_MAX]; /* that were over a limit of rate, and dropped */
};
void tw_ruleset_done(struct tw_ruleset *r);
/* Adds what of f is of a direction that is not off. LIMIT, NOMEM */
tw_err tw_ruleset_flow(struct tw_ruleset *r, const struct tw_sys *sys, const struct tw_manifest_flow *f, const char *link);
/* Adds a limit of rate. f: of a word that names a flow, and its link. LIMIT */
tw_err tw_ruleset_limit(struct tw_ruleset *r, const struct tw_rate_word *w, const struct tw_manifest_flow *f, const char *link);
/* Do its flows go into the sets that there may be? LIMIT, NOMEM */
tw_err tw_ruleset_fits(const struct tw_ruleset *r, const struct tw_sys *sys);
void tw_ruleset_leave_flows(struct tw_ruleset *r); /* the rules of the management alone */
/* Blanks between; one inside another is left out, since the kernel takes none twice. SYNTAX, LIMIT */
tw_err tw_networks_read(const char *text, struct tw_ruleset *ret);
/* Together they leave out no address of IPv4, or none of IPv6, that a host of the internet can have: that keeps nobody out. */
bool tw_networks_everywhere(const struct tw_ruleset *r);

/* Between core and the role. Both read what the other writes as if it were hostile. */
tw_err tw_ruleset_write(const struct tw_ruleset *r, struct tw_buf *b);
/* SYNTAX, LIMIT, NOMEM: ret holds nothing then */
tw_err tw_ruleset_read(const struct tw_sys *sys, struct tw_slice payload, struct tw_ruleset *ret);

tw_err tw_ruleset_commands(const struct tw_ruleset *r, struct tw_buf *b); /* one transaction for `nft -j -f -` */
tw_err tw_ruleset_renewal(const struct tw_ruleset *r, struct tw_buf *b);  /* likewise: it was proven anew that this is home */
/* Is that what `nft -j -p list table inet thingward` says of it? Its version, the handles and what it counted do not count; all else does.
   SYNTAX: it is no listing. */
tw_err tw_ruleset_holds(const struct tw_ruleset *r, const struct tw_sys *sys, struct tw_slice listing,
	struct tw_ruleset_counts *ret_counts, bool *ret);
#endif
