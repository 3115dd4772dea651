/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hands itself may ask of the kernel once everything is open. Roles are its children and inherit this filter, so it holds
 * what they ask for plus what starting and boxing a role takes; everything else, for all of us, is refused with EPERM.
 */
#ifndef TW_DEVICE_HANDS_FILTER_H
#define TW_DEVICE_HANDS_FILTER_H
#include "base/err.h"

#include <stddef.h>

tw_err tw_hands_filter(void);
const char *tw_hands_call(size_t i); /* for tests and documents; NULL past the last */
#endif
