/* SPDX-License-Identifier: Apache-2.0 */
/* The page of what front refuses before app has read it: it says everything in each language, because front reads nothing of who asks. */
#ifndef TW_SUPPORT_PAGE_REFUSAL_H
#define TW_SUPPORT_PAGE_REFUSAL_H
#include "base/buf.h"

tw_err tw_page_refusal(int status, const char *rule, struct tw_buf *out); /* a tw_front_page */
#endif
