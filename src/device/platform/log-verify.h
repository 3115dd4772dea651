/* SPDX-License-Identifier: Apache-2.0 */
/* The task log.verify: the device goes through its whole log as a stranger with its certificate would. */
#ifndef TW_DEVICE_PLATFORM_LOG_VERIFY_H
#define TW_DEVICE_PLATFORM_LOG_VERIFY_H
#include "service/task/task.h"

extern const struct tw_task_kind tw_task_log_verify;
#endif
