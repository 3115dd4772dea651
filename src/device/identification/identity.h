/* SPDX-License-Identifier: Apache-2.0 */
/* Device identification: the one logical identifier of this unit, read by the authorized, stated under the device's signature. */
#ifndef TW_DEVICE_IDENTIFICATION_IDENTITY_H
#define TW_DEVICE_IDENTIFICATION_IDENTITY_H
#include "device/platform/device.h"

tw_err tw_identity_start(struct tw_device *d);
void tw_identity_stop(struct tw_device *d);
#endif
