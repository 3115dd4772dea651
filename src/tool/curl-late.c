/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/curl-late.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4" /* the name of its interface since 2006 */

static struct tw_curl loaded;

/* What cannot be looked up leaves its member NULL. */
static void look_up(void *library, struct tw_curl *ret)
{
#define LOOK_UP(name) *(void **)&ret->name = dlsym(library, "curl_" #name);
	TW_CURL_LIST(LOOK_UP)
#undef LOOK_UP
}

static bool is_whole(const struct tw_curl *c)
{
#define IS_THERE(name) &&c->name
	return true TW_CURL_LIST(IS_THERE);
#undef IS_THERE
}

tw_err tw_curl_load(void)
{
	struct tw_curl found;

	if (is_whole(&loaded))
		return TW_OK;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return TW_RAISE(UNSUPPORTED, "libcurl does not load (%.120s); install the package libcurl4", dlerror());
	look_up(library, &found);
	if (!is_whole(&found))
		return TW_RAISE(UNSUPPORTED, "%s is not as libcurl 7 and 8 are", LIBRARY);
	loaded = found;
	return TW_OK;
}

const struct tw_curl *tw_curl(void)
{
	return &loaded;
}
