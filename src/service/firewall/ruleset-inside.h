/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write the table share. What is NULL, for want of memory, is seen by whoever puts it into a list. */
#ifndef TW_SERVICE_RULESET_INSIDE_H
#define TW_SERVICE_RULESET_INSIDE_H
#include "base/cursor.h"
#include "service/firewall/ruleset.h"

#define TW_RULES_FAMILY "inet"
#define TW_RULES_TABLE "thingward"

json_t *tw_rules_network(const struct tw_network *n); /* an element of a set */
json_t *tw_rules_match(json_t *left, json_t *right);
json_t *tw_rules_field(const char *protocol, const char *name);
json_t *tw_rules_counter(void);
/* expr: what is matched, then the verdict; it is taken. NULL: there was no memory for it. */
tw_err tw_rules_add(json_t *list, const char *chain, json_t *expr);

bool tw_rules_is_link(const char *text); /* as the manifest has them: no other byte gets into a rule */
tw_err tw_rules_write_network(const struct tw_network *n, struct tw_buf *b);
tw_err tw_rules_read_network(struct tw_cursor *c, struct tw_network *ret);

/* flows.c; of: the sets are those of its flows. */
struct tw_rules_groups {
	const struct tw_ruleset *of;
	struct tw_flow_sets sets;
};
tw_err tw_rules_sets(const struct tw_rules_groups *g, json_t *list);
tw_err tw_rules_flows(const struct tw_rules_groups *g, bool out, json_t *list); /* behind the rules of the management */
json_t *tw_rules_ports(const struct tw_manifest_ports *p);

/* home-rules.c */
tw_err tw_rules_write_home(const struct tw_ruleset *r, struct tw_buf *b);
tw_err tw_rules_read_home(struct tw_cursor *c, struct tw_ruleset *r);
tw_err tw_rules_home_sets(const struct tw_ruleset *r, json_t *list);
tw_err tw_rules_home_chain(const struct tw_ruleset *r, json_t *list);
tw_err tw_rules_home(const struct tw_ruleset *r, const char *chain, json_t *list); /* what is sent to that chain */
tw_err tw_rules_home_ends(const struct tw_ruleset *r, json_t *list);               /* what becomes of it there */
bool tw_rules_is_home(const char *chain);
/* Of the set that ends by itself: how much time is left, and that it has ended, is no difference. */
void tw_rules_settle_lease(json_t *want, json_t *got);

/* rates-rules.c */
tw_err tw_rules_write_rates(const struct tw_ruleset *r, struct tw_buf *b);
tw_err tw_rules_read_rates(struct tw_cursor *c, struct tw_ruleset *r);
bool tw_rules_limits(const struct tw_ruleset *r, bool out); /* any, of that direction */
tw_err tw_rules_rate_chains(const struct tw_ruleset *r, json_t *list);
tw_err tw_rules_rates(const struct tw_ruleset *r, bool out, json_t *list); /* which packets are sent to the chains */
tw_err tw_rules_rate_ends(const struct tw_ruleset *r, json_t *list);       /* what becomes of them there */
bool tw_rules_is_rate(const char *chain, size_t *ret);                     /* whose chain it is */
#endif
