/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TW_DEVICE_DATA_PROTECTION_SELFTEST_H
#define TW_DEVICE_DATA_PROTECTION_SELFTEST_H
#include "device/platform/device.h"

void tw_selftest_stop(struct tw_device *d); /* frees what is known of the algorithms */
#endif
