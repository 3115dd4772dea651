/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks of a unit's local identity; its operations are in the capability's rows. */
#ifndef TW_DEVICE_IDENTIFICATION_LOCAL_H
#define TW_DEVICE_IDENTIFICATION_LOCAL_H
#include "device/platform/device.h"

extern const struct tw_task_kind tw_task_local_enrol, tw_task_local_renew, tw_task_local_present;
#endif
