/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much strangers may have done here, so that they fill neither disk nor log: each network (an address; of IPv6 its /64) has an allowance that
 * comes back with time, and so have all together. Guesses at receipts have one of their own, for each network.
 *
 * Networks share a fixed number of places by a keyed hash, so nobody can aim at another's, and nothing grows. All times are of the boot clock.
 * What was used up is forgotten when the service starts anew.
 */
#ifndef TW_SUPPORT_PLATFORM_ADMISSION_H
#define TW_SUPPORT_PLATFORM_ADMISSION_H
#include "service/path/path.h"

#define TW_ADMISSION_PLACES 1024
#define TW_ADMISSION_SENDS \
	20 /* at once, of one network: reports, answers, what goes into accounts, and tries that the form sent back */
#define TW_ADMISSION_SEND_MS 60000  /* and one more each minute */
#define TW_ADMISSION_ALL 120        /* at once, of all: at 40 KiB each and two records, under 5 MiB */
#define TW_ADMISSION_ALL_MS 20000   /* and three a minute: 170 MiB a day at the very most, until TW_REPORTS_MAX */
#define TW_ADMISSION_AGAIN 12       /* of all: as many free again, and it is not used up any more */
#define TW_ADMISSION_GUESSES 10     /* wrong receipts, of one network */
#define TW_ADMISSION_GUESS_MS 60000 /* and one more each minute */

struct tw_admission {
	uint8_t key[32];
	/* When each allowance is whole again. */
	int64_t sends_ms[TW_ADMISSION_PLACES], guesses_ms[TW_ADMISSION_PLACES], all_ms;
	int64_t used_up_ms; /* since when somebody was refused since all together had used up theirs, and it did not come back; 0: it is not used up */
};
tw_err tw_admission_begin(const struct tw_sys *sys, struct tw_admission *ret);
/* Gives one that tw_admission_send took back: it was no stranger's. */
tw_err tw_admission_return(struct tw_admission *a, const char *source);
/* Each takes one of the allowance and gives 0, or gives the seconds to wait until there is one, and takes nothing. */
tw_err tw_admission_send(struct tw_admission *a, const char *source, int64_t now_ms, int *ret_wait_s);
/* How long what all may send together has been used up; 0: it is not. */
int64_t tw_admission_used_up_ms(const struct tw_admission *a, int64_t now_ms);
tw_err tw_admission_guess(struct tw_admission *a, const char *source, int64_t now_ms, int *ret_wait_s);

tw_err tw_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* the context's */
tw_err tw_admission_refuse(struct tw_reply *rp, int wait_s);
#endif
