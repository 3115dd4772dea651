/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what names browsers reach the device: those of a certificate that an authority of the organization's has made over the listener's key, and
 * that an owner puts here. Without it the device answers to its addresses alone, so that a name which somebody else points at it (DNS rebinding)
 * finds nothing. The key stays the listener's: whoever has pinned it goes on, and both end with it.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_NAMES_H
#define TW_DEVICE_LOGICAL_ACCESS_NAMES_H
#include "device/platform/device.h"

tw_err tw_names_load(struct tw_device *d); /* one that is of another key by now counts for nothing */
#endif
