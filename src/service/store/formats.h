/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the formats of a store wherever it is kept. */
#ifndef TW_SERVICE_STORE_FORMATS_H
#define TW_SERVICE_STORE_FORMATS_H
#include "service/store/store.h"

/* STATE: this release does not read that format. 0: an empty store. */
tw_err tw_store_judge_format(const struct tw_store_formats *f, const char *name, int format);
#endif
