/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has to wait, across restarts and power cuts: a table of at most twice TW_THROTTLE_PLACES rows in the store.
 *
 * Written by a job, at most once in TW_THROTTLE_WRITE_MS: somebody who fails from many places must not wear out the flash, nor make core wait for
 * the disk at each guess. A power cut within that time loses its failures, so it buys a few guesses for each start of the device.
 */
#ifndef TW_SERVICE_ACCESS_THROTTLE_STORE_H
#define TW_SERVICE_ACCESS_THROTTLE_STORE_H
#include "service/access/throttle.h"
#include "service/path/path.h"

#define TW_THROTTLE_WRITE_MS 10000

struct tw_throttle *tw_access_throttle(struct tw_context *c); /* as the settings are now */
tw_err tw_throttle_load(struct tw_context *c);                /* what is not of its form is left out */
/* The job that writes, of the shared rows. */
int64_t tw_access_throttle_due_ms(struct tw_context *c);
tw_err tw_access_job_throttle(struct tw_context *c);
#endif
