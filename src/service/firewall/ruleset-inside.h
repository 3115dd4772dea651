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

/* flows.c; of: the sets are those of its flows. */
struct tw_rules_groups {
	const struct tw_ruleset *of;
	struct tw_flow_sets sets;
};
tw_err tw_rules_sets(const struct tw_rules_groups *g, json_t *list);
tw_err tw_rules_flows(const struct tw_rules_groups *g, json_t *list); /* the rules of both directions, behind those of the management */
#endif
