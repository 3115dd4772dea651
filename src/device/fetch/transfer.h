/* SPDX-License-Identifier: Apache-2.0 */
/* One job by libcurl: HTTPS only, by the anchors given and nobody else, a bounded answer within a deadline. */
#ifndef TW_DEVICE_FETCH_TRANSFER_H
#define TW_DEVICE_FETCH_TRANSFER_H
#include "crypto/remote.h"
#include "service/fetch/resolve.h"
#include "service/fetch/fetch-wire.h"

struct tw_transfer {
	const struct tw_sys *sys;
	const struct tw_name_servers *servers;
	struct tw_fetch_job job;
	struct tw_slice body;
	struct tw_remote remote; /* signs for the client's certificate, when the job has one */
	/* The answer. */
	struct tw_buf type, answer;
	unsigned status;
	uint32_t retry_after_s;
	char words[TW_FETCH_WORDS_MAX + 1]; /* of a failure */
};
void tw_transfer_init(struct tw_transfer *t, const struct tw_sys *sys);
void tw_transfer_done(struct tw_transfer *t);
enum tw_fetch_failure tw_transfer_run(struct tw_transfer *t);
#endif
