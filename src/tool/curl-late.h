/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when a device is first spoken to. It brings thirty libraries along, which take longer to load and more memory than most commands
 * of the tool need to run; those that speak to nobody do without.
 */
#ifndef TW_TOOL_CURL_LATE_H
#define TW_TOOL_CURL_LATE_H

#include "base/err.h"

#include <curl/curl.h>

/* By the names that libcurl gives them, without "curl_". */
#define TW_CURL_LIST(X)  \
	X(easy_init)     \
	X(easy_setopt)   \
	X(easy_getinfo)  \
	X(easy_perform)  \
	X(easy_strerror) \
	X(easy_cleanup)  \
	X(slist_append)  \
	X(slist_free_all)

struct tw_curl {
#define TW_CURL_MEMBER(name) __typeof__(curl_##name) *name;
	TW_CURL_LIST(TW_CURL_MEMBER)
#undef TW_CURL_MEMBER
};

/* UNSUPPORTED: it is not on this machine. Once loaded it stays. */
tw_err tw_curl_load(void);
const struct tw_curl *tw_curl(void); /* after tw_curl_load */

#endif
