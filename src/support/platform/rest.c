/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a look through a large store, a long list or an import took is freed, and stays with the process all the same: the allocator gives back by itself
 * only what lies at the end of its heap. Once nobody has wanted anything for a moment, it gives back the rest: one wakeup after the last request, and none
 * while nothing happens.
 */
#include "support/platform/app.h"

#include <malloc.h>

static void on_rest(int fd, short event, void *user)
{
	(void)malloc_trim(0);
}

tw_err tw_app_rest_new(struct tw_app *a)
{
	a->rest_timer = event_new(a->loop, -1, 0, on_rest, a);
	return a->rest_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_app_rest_due(struct tw_app *a)
{
	const struct timeval t = { .tv_sec = TW_APP_REST_MS / 1000, .tv_usec = TW_APP_REST_MS % 1000 * 1000 };

	(void)event_add(a->rest_timer, &t); /* one that waits begins anew */
}
