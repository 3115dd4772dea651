/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff's pages of customers and incidents share with the forms that they lead to. */
#ifndef TW_SUPPORT_CUSTOMERS_DESK_H
#define TW_SUPPORT_CUSTOMERS_DESK_H
#include "support/desk/desk.h"

#define TW_DESK_CUSTOMERS "/desk/customers"
#define TW_DESK_INCIDENTS "/desk/incidents"

extern const struct tw_choice tw_device_verdicts[]; /* that the staff gives; ends with value NULL */
/* A device that a customer says is his, by its number; a problem when there is none. */
tw_err tw_customer_device_shown(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret);
#endif
