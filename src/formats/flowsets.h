/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What declared flows take of the packet filter. A set of the kernel's takes no two elements that overlap: which of them each element goes
 * into is found here, by the same code at the desk, where a manifest is read, and where rules are made of it. Pure.
 */
#ifndef TW_FORMATS_FLOWSETS_H
#define TW_FORMATS_FLOWSETS_H
#include "formats/manifest.h"

#define TW_FLOW_ELEMENTS \
	2048             /* one network and one range of ports of a flow each, for each direction, out of all that are declared */
#define TW_FLOW_LINKS 16 /* patterns of links that flows go by */
#define TW_FLOW_SETS 64  /* that they take, above all those that overlap one another */

struct tw_flow {
	bool out, udp;
	uint8_t link; /* its place among the patterns */
	struct tw_manifest_ports ports;
	struct tw_network network;
};
size_t tw_flow_spread(const struct tw_manifest_flow *f, uint8_t link, bool out, struct tw_flow *ret); /* so many: its ports by its networks */

/* Elements of one direction, link and family, that overlap none of it, are a set. */
struct tw_flow_sets {
	const struct tw_flow *flows;
	size_t flow_count;
	uint8_t *set; /* of each; TW_FLOW_NO_SET: another allows all of it */
	struct {
		bool out;
		uint8_t link, family;
	} of[TW_FLOW_SETS];
	size_t count;
};
#define TW_FLOW_NO_SET UINT8_MAX
/* LIMIT, NOMEM; set is the caller's, also then. */
tw_err tw_flow_sets_make(struct tw_flow_sets *s, const struct tw_sys *sys);

/* Do they all fit, in both directions? LIMIT says of what there is too much. What fits can still not fit without some of its flows: then what
   these allowed is in sets of its own. */
tw_err tw_flows_fit(const struct tw_sys *sys, const struct tw_manifest_interface *interfaces, const struct tw_manifest_flow *flows,
	size_t flow_count);
#endif
