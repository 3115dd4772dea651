/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write the table share. What is NULL, for want of memory, is seen by whoever puts it into a list. */
#ifndef TW_SERVICE_RULESET_INSIDE_H
#define TW_SERVICE_RULESET_INSIDE_H
#include "service/firewall/ruleset.h"

#define TW_RULES_FAMILY "inet"
#define TW_RULES_TABLE "thingward"

json_t *tw_rules_network(const struct tw_network *n); /* an element of a set */
json_t *tw_rules_match(json_t *left, json_t *right);
json_t *tw_rules_field(const char *protocol, const char *name);
json_t *tw_rules_counter(void);
/* expr: what is matched, then the verdict; it is taken. NULL: there was no memory for it. */
tw_err tw_rules_add(json_t *list, const char *chain, json_t *expr);

/*
 * flows.c. A set of the kernel's takes no two elements that overlap: which of them each flow goes into is found here. Flows of one
 * direction, link and family, and that overlap none of it, are a group.
 */
struct tw_rules_groups {
	const struct tw_ruleset *of;
	uint8_t *group; /* of each flow; TW_RULES_NONE: another allows all of it */
	struct {
		bool out;
		uint8_t link, family;
	} groups[TW_RULESET_GROUPS];
	size_t count;
};
#define TW_RULES_NONE UINT8_MAX
/* LIMIT, NOMEM; group is the caller's, also then. */
tw_err tw_rules_group(struct tw_rules_groups *g, const struct tw_sys *sys);
tw_err tw_rules_sets(const struct tw_rules_groups *g, json_t *list);
tw_err tw_rules_flows(const struct tw_rules_groups *g, json_t *list); /* the rules of both directions, behind those of the management */
#endif
