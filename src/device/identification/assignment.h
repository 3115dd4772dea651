/* SPDX-License-Identifier: Apache-2.0 */
/* The person or process that the owner has assigned this unit to. */
#ifndef TW_DEVICE_IDENTIFICATION_ASSIGNMENT_H
#define TW_DEVICE_IDENTIFICATION_ASSIGNMENT_H
#include "device/platform/device.h"

/* kind, name, contact, reference, since, by; NULL when nobody is named. The caller owns it. */
tw_err tw_assignment_now(struct tw_device *d, json_t **ret);
#endif
