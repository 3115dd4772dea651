/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what core stands on, in the order in which each needs the one before: store, time, keys, log, manifest, capabilities.
 *
 * Nothing here is optional: a device whose log does not verify still starts and says so, but one whose store or manifest cannot
 * be trusted has no policy to act by and does not open its doors.
 */
#ifndef TW_DEVICE_PLATFORM_START_H
#define TW_DEVICE_PLATFORM_START_H
#include "device/platform/device.h"
#include "service/role.h"

tw_err tw_start(struct tw_device *d, const struct tw_sys *sys, const struct tw_role_start *start);
void tw_start_done(struct tw_device *d);
/* The store to this release's own format, and an event; see tw_store_migrate. Only once the boot's mark is durable. */
tw_err tw_start_migrate(struct tw_device *d);
/* The device's keys go from plain files into the keystore; likewise only when the boot is confirmed. */
tw_err tw_start_adopt(struct tw_device *d);
/* Before an end that was asked for. What was acknowledged is durable already: this adds the reads of the last moment and the counts of
   refusals, and signs the head. What fails is logged and stops nothing of the rest. */
void tw_start_settle(struct tw_device *d);
tw_err tw_start_try_disk(const struct tw_sys *sys); /* whether core's two directories take a small file, durably; nothing stays */
tw_err tw_start_keep_time(struct tw_device *d);     /* the floor of time, and an event when the clock is behind it */
json_t *tw_start_record(const struct tw_device *d); /* the fields of device.started */
#endif
