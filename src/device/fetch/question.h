/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams that ask, and what comes back. Each question has a socket of its own, connected to the one place it goes to: so the kernel
 * passes on nothing that came from elsewhere, and each has a port that nobody knew before. The same packet is sent again while there is no answer.
 */
#ifndef TW_DEVICE_FETCH_QUESTION_H
#define TW_DEVICE_FETCH_QUESTION_H
#include "service/fetch/ask-wire.h"

#include <poll.h>

struct tw_question {
	bool used;
	int fd;
	uint32_t tag;
	int64_t until_ms, next_ms; /* boot clock: when it is over, and when it is sent again */
	int64_t wait_ms;           /* between the last two times, as RFC 5080 has it */
	unsigned answers;
	bool refused; /* the network said so since it was sent last */
	struct tw_buf packet;
};
struct tw_questions {
	const struct tw_sys *sys;
	struct tw_question of[TW_ASK_AT_ONCE];
	/* Where it goes what came; an error of theirs ends the turn. */
	tw_err (*heard)(void *user, uint32_t tag, struct tw_slice datagram);
	tw_err (*ended)(void *user, uint32_t tag, enum tw_ask_end end);
	void *user;
};
void tw_questions_done(struct tw_questions *q);
/* LIMIT: there are as many already. STATE: one with this tag is. What cannot be sent is over, and told so at once. */
tw_err tw_questions_begin(struct tw_questions *q, uint32_t tag, const struct tw_ask_job *a);
void tw_questions_enough(struct tw_questions *q, uint32_t tag);
/* What has to be waited for, and how long at most. 0: nothing. */
size_t tw_questions_wait(struct tw_questions *q, struct pollfd ret[TW_ASK_AT_ONCE], int *ret_ms);
tw_err tw_questions_turn(struct tw_questions *q); /* takes what has come, and does what is due */
#endif
