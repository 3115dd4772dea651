/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that are built with this store: one in a folder, whose address lies beside it. No program has this, since whoever has the folder would
   choose where the store is. */
#include "base/mem.h"
#include "service/store/postgresql/where.h"
#include "service/store/store.h"
#include "sys/durable.h"

tw_err tw_store_open(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, TW_PG_WHERE_MAX + 2);
	TW_TRY(tw_durable_read(sys, dir, TW_PG_WHERE_FILE, TW_PG_WHERE_MAX + 1, &text));
	return tw_store_open_at(sys, &(struct tw_store_place){ dir, name, tw_buf_cstr(&text) }, formats, ret);
}

tw_err tw_store_open_closed(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret)
{
	return tw_store_open(sys, dir, name, formats, ret);
}
