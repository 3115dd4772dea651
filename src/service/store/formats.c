/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/formats.h"
#include "base/release.h"

#include "base/release.h"

tw_err tw_store_judge_format(const struct tw_store_formats *f, const char *name, int format)
{
	if (format > f->newest)
		return TW_RAISE(STATE,
			"store: %s has format %d, of a newer release; this one (" TW_VERSION ") reads %d to %d and has changed nothing: "
			"install a release that reads format %d",
			name, format, f->oldest, f->newest, format);
	if (format && format < f->oldest)
		return TW_RAISE(STATE,
			"store: %s has format %d, of an older release; this one (" TW_VERSION ") reads %d to %d and has changed nothing: "
			"install a release in between first",
			name, format, f->oldest, f->newest);
	return TW_OK;
}
