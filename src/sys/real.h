/* SPDX-License-Identifier: Apache-2.0 */
/* The seam's real instance: the C library and the kernel. */
#ifndef TW_SYS_REAL_H
#define TW_SYS_REAL_H
#include "base/sys.h"
const struct tw_sys *tw_sys_real(void);
#endif
