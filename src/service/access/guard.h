/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gate holds in memory, whoever's it is: sessions, who has to wait, and what settings say of both. One a process; the context's.
 *
 * The files of this folder need nothing else of a side than the context, this, and the few questions of struct tw_guard_side.
 */
#ifndef TW_SERVICE_ACCESS_GUARD_H
#define TW_SERVICE_ACCESS_GUARD_H
#include "service/access/session.h"
#include "service/access/throttle.h"

/* What each side answers. */
struct tw_guard_side {
	bool (*spared)(const struct tw_account *a); /* it is not disabled for want of use */
	/* Of a session that is to be opened; each may be NULL. */
	bool (*given)(struct tw_context *c, const struct tw_request *rq); /* whoever asks has agreed to what he has to agree to */
	tw_err (*judge)(struct tw_context *c, struct tw_session *s);      /* before there is room for it */
	tw_err (*begins)(struct tw_context *c, int64_t account, const char *how); /* in the transaction, before its row */
	tw_err (*began)(struct tw_context *c, const struct tw_session *s);        /* in the transaction, behind its row */
};
struct tw_guard {
	const struct tw_guard_side *side;
	uint8_t boot_id[16];
	const char *product, *maker; /* no password is made of their names */
	struct tw_session sessions[TW_SESSIONS_MAX];
	int64_t idle_ms, limit_ms, inactive_ms; /* what the settings say; inactive_ms 0: never */
	size_t list_max;                        /* likewise, for the context; used while it is read alone */
	struct tw_throttle throttle;
	int64_t throttle_written_ms; /* when the store last got what had changed in it */
};
#endif
