/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the ask role: questions by datagrams, several at a time, and their answers from the loop. Nothing here waits.
 *
 * The network is not believed: whoever asks judges each datagram that comes, and goes on waiting for a better one until the time is over.
 */
#ifndef TW_DEVICE_PLATFORM_ASK_H
#define TW_DEVICE_PLATFORM_ASK_H
#include "device/platform/device.h"
#include "service/fetch/ask-wire.h"

struct tw_core;
typedef struct tw_asking tw_asking;
struct tw_ask_want {
	struct tw_ask_job ask;
	/* True: that is the answer, and the question is over. False: it is none of this question's, and the next may be. */
	bool (*heard)(void *user, struct tw_slice datagram);
	/* It is over without one. Neither is called before tw_ask_begin has returned, nor after one of them ended the question. */
	void (*ended)(void *user, enum tw_ask_end end);
	void *user;
};
tw_err tw_asking_new(struct tw_core *c, tw_asking **ret);
tw_asking *tw_asking_free(tw_asking *a);               /* nobody is told any more */
const char *tw_ask_missing(const struct tw_device *d); /* NULL: it could be started; else why not, as a sentence for a status */
/* LIMIT: TW_ASK_AT_ONCE are under way. STATE: tw_ask_missing says why. SYNTAX: no question. */
tw_err tw_ask_begin(struct tw_device *d, const struct tw_ask_want *w);
void tw_ask_cancel(struct tw_device *d, const void *user); /* his questions: the answers are not wanted any more */
#endif
