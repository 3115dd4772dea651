/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logical access: who the device's owner is, how somebody becomes it, and sessions.
 *
 * The state here is small and all of it in memory beside the store, so that authenticating a request on a kept connection
 * touches no database and computes no more than one SHA-256.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_ACCESS_H
#define TW_DEVICE_LOGICAL_ACCESS_ACCESS_H
#include "device/platform/device.h"

tw_err tw_access_start(struct tw_device *d);
void tw_access_stop(struct tw_device *d);
tw_err tw_access_mend(struct tw_device *d); /* a listener key that is still owed */
#endif
