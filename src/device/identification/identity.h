/* SPDX-License-Identifier: Apache-2.0 */
/* Device identification: the one logical identifier of this unit, read by the authorized, stated under the device's signature. */
#ifndef TW_DEVICE_IDENTIFICATION_IDENTITY_H
#define TW_DEVICE_IDENTIFICATION_IDENTITY_H
#include "device/platform/device.h"

tw_err tw_identity_start(struct tw_device *d);
void tw_identity_stop(struct tw_device *d);
const char *tw_identity_identifier(const struct tw_device *d);
/* Answers with the problem when the identifier is not to be given out to this caller now. */
tw_err tw_identity_refuse(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
/* Answers with the problem when there is no identity that holds, or it could not be tried. */
tw_err tw_identity_missing(const struct tw_device *d, struct tw_reply *rp);
/* As tw_identity_refuse, and the nonce of the request, which may be of another form, or a network request without its exporter. */
tw_err tw_identity_asked(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, uint8_t *ret_nonce, size_t max, size_t *ret_size);
/* provided: the reason while the identity is consistent and given out. */
tw_err tw_identity_status(struct tw_context *c, const char *provided, struct tw_element_status *ret);
tw_err tw_inventory_start(struct tw_device *d);
void tw_inventory_stop(struct tw_device *d);
const char *tw_identity_own(const struct tw_device *d); /* this unit's identifier; "" while it has none that holds */
#endif
