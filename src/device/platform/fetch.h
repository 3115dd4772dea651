/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the fetch role: one job, and what came of it. Whoever has a job polls it, or is woken: the tasks are.
 *
 * A job that names a key is granted that key: core has signatures for the TLS client made with it while the job runs, over what only
 * a TLS 1.3 client signs, and never hands out more than that. It may be the unit's own; keys looks at what is signed there once more.
 */
#ifndef TW_DEVICE_PLATFORM_FETCH_H
#define TW_DEVICE_PLATFORM_FETCH_H
#include "device/platform/device.h"
#include "service/fetch/fetch-wire.h"

struct tw_core;
typedef struct tw_fetch tw_fetch;
struct tw_fetch_want {
	struct tw_fetch_job job; /* body_size, now_ms and demand are filled in */
	struct tw_slice body;
	const char *slot;         /* whose key the client's certificate has; NULL: it shows none, or */
	bool as_unit;             /* the certificate is the unit's own, from its manufacturer */
	struct tw_slice home_key; /* of a job that is trusted by key: SHA-256 of that; an owner's demands of that place add no other */
	bool yields;              /* nobody waits for it: it is given up as soon as something else is to be fetched */
};
struct tw_fetch_answer {
	enum tw_fetch_failure failure;
	char words[TW_FETCH_WORDS_MAX + 1]; /* of a failure */
	bool gave_way;                      /* the failure is nobody's: something else is to be fetched */
	unsigned status;
	uint32_t retry_after_s;
	char type[TW_FETCH_TYPE_MAX + 1];
	bool signed_with_key; /* the other side asked for a certificate, and was shown the one that was wanted */
	struct tw_slice body; /* until the next job, or tw_fetch_end */
};
tw_err tw_fetch_new(struct tw_core *c, tw_fetch **ret);
tw_fetch *tw_fetch_free(tw_fetch *f);
/* NULL: it could be started; else why not, as a sentence for a status. */
const char *tw_fetch_missing(const struct tw_device *d);
/* STATE: another job runs, or its answer is not taken. One that yields does so then, and who asks again finds nothing before him. */
tw_err tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *w);
bool tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret); /* false: it runs still */
void tw_fetch_drop_plain(struct tw_device *d); /* this is not home any more: a job that is not held to mutual TLS with home systems fails */
void tw_fetch_end(struct tw_device *d); /* the answer is not needed any more; a job that runs is given up */
#endif
