/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The organization's use notice: what everybody reads and accepts before he is let in.
 *
 * It is named by the SHA-256 of its text, and what somebody accepts is that digest, so nobody accepts what he did not see: a notice that
 * changes is accepted anew. Every session is opened with it. Whoever comes by client certificate, where no session is, accepts once for
 * his account; until then he is answered what anyone is answered, and may accept. Nothing can stand between anybody and these two, an
 * owner least of all.
 *
 * The text in force stands in memory: no request reads the store to know whether there is one.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_NOTICE_H
#define TW_DEVICE_LOGICAL_ACCESS_NOTICE_H
#include "device/platform/device.h"

/* The smallest display that shows it whole is a console of 80 columns and 24 lines, two of which it needs for what it asks. */
#define TW_NOTICE_COLUMNS 80
#define TW_NOTICE_LINES 22
#define TW_NOTICE_MAX (TW_NOTICE_COLUMNS * TW_NOTICE_LINES) /* bytes */
#define TW_NOTICE_KEPT 50                                   /* former ones in the history, each that long */
#define TW_ACCEPTED_MAX 16                                  /* acceptances of accounts in memory; the others are read */

struct tw_notice {
	char text[TW_NOTICE_MAX + 1]; /* "": there is none */
	uint8_t digest[32];
};
struct tw_accepted {
	int64_t account; /* 0: free */
	uint8_t digest[32];
};

/* NULL: it can be shown. Else why not, in words. Pure. */
const char *tw_notice_wrong(struct tw_slice text);
/* As many lines as a display of TW_NOTICE_COLUMNS needs for it; of text that can be shown. */
size_t tw_notice_lines(struct tw_slice text);

void tw_notice_display(struct tw_device *d); /* the one that counts now, to the product's displays */
tw_err tw_notice_load(struct tw_device *d, struct tw_notice *ret);
/* Whether rq accepts the notice that counts now, or there is none. */
bool tw_notice_given(struct tw_device *d, const struct tw_request *rq);
void tw_notice_keep(const struct tw_request *rq, struct tw_request *later); /* behind tw_path_later: the input is gone when a session opens */
tw_err tw_notice_wanted(struct tw_device *d, const struct tw_request *rq, struct tw_reply *rp); /* a problem when it does not */
/* An event, when there is a notice; how: by what he came. account 0: the console. */
tw_err tw_notice_tell_accepted(struct tw_device *d, int64_t account, const char *how);
tw_err tw_notice_agreed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* the path's */
#endif
