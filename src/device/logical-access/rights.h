/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product and the organization add to the gate. The product's permissions and roles come with its manifest and stay. The
 * organization's roles and rules stand in one document that goes with the owner; the gate is compiled anew after each change of it,
 * and a change that does not compile is refused as a whole.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_RIGHTS_H
#define TW_DEVICE_LOGICAL_ACCESS_RIGHTS_H
#include "device/platform/device.h"

#define TW_KEPT_RIGHTS TW_KEPT_OF_OWNER "rights"
#define TW_RIGHTS_MAX (128 * 1024) /* of the document: sixty roles with every permission there is, or all rules and plain roles */

/* The gate, as product and organization want it now. What no longer fits (a product's role that is gone) is left out, with an event. */
tw_err tw_rights_load(struct tw_device *d);
/* What of the product's compiles with this release's own roles is in force from then on; the rest is left out, with an event. Before load. */
tw_err tw_rights_fit_product(struct tw_device *d);
tw_err tw_rights_plain(struct tw_device *d, tw_gate **ret); /* the gate of a device that nobody owns */
void tw_rights_use(struct tw_device *d, tw_gate **gate);    /* taken; cannot fail */
tw_err tw_rights_read(struct tw_device *d, json_t **ret); /* {"roles": [...], "actions": [...], "recipients": [...], "rules": [...]} */
tw_err tw_action_check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* a problem: it may not be put */
tw_err tw_rights_compile(struct tw_device *d, const json_t *document, tw_gate **ret);
/* Writes the document and the event in one transaction; then the gate (taken) is the device's. LIMIT with a store that is well: too long. */
tw_err tw_rights_change(struct tw_device *d, const json_t *document, json_t *fields, tw_gate **gate);
#endif
