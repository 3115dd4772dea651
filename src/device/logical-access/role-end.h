/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles that are given for a time. The end of one is what its giver said (a lifetime, the until of its conditions, or the sooner of both); from
 * then on it counts for nothing, and the job that ends accounts takes it away. The organization says for how long privileged roles may be given.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_ROLE_END_H
#define TW_DEVICE_LOGICAL_ACCESS_ROLE_END_H
#include "device/logical-access/accounts.h"

/* When what work gives ends, from its request and its condition: into both. A problem: that has passed. */
tw_err tw_role_end_read(struct tw_account_work *w, struct tw_reply *rp);
tw_err tw_role_end_check(const struct tw_account_work *w, struct tw_reply *rp); /* a problem: it has to end, or sooner */
/* A problem: the account is another owner's, who stays when rq's subject is none any more: such a one cannot be driven out, nor come in as. */
tw_err tw_role_end_reach(struct tw_context *c, const struct tw_request *rq, int64_t account, struct tw_reply *rp);
tw_err tw_role_end_put(const struct tw_account_work *w); /* behind the role's own row, in the same transaction */
/* Of a row of role_of: under what conditions, the end among them. */
tw_err tw_role_conditions(const struct tw_device *d, const tw_row *row, struct tw_condition *ret);
bool tw_role_ended(const struct tw_device *d, const tw_row *row); /* likewise */
tw_err tw_roles_end(struct tw_context *c);                        /* the job's: takes away those whose time is up */
#endif
