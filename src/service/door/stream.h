/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of the log: server-sent events (WHATWG HTML, 9.2), each a cursor into the log and nothing else.
 *
 * A stream is given only as much as its client's door says has been taken, so that a client who reads slowly costs no memory and
 * misses nothing: what he has not heard is still in the log. Whether he may hear it is asked again before each piece.
 */
#ifndef TW_SERVICE_DOOR_STREAM_H
#define TW_SERVICE_DOOR_STREAM_H
#include "service/path/path.h"

struct event_base;

#define TW_STREAMS_MAX 16
#define TW_STREAMS_PER_SUBJECT 4
#define TW_STREAM_BEAT_MS 20000 /* a comment, so that both sides notice when the other has gone; and the gate is asked again */

struct tw_stream_sink {
	/* One piece, at most what is left of the window. Fails: the stream is gone. */
	tw_err (*put)(void *user, uint32_t id, struct tw_slice piece);
	void (*end)(void *user, uint32_t id); /* orderly: the client may come again */
	void *user;
};
typedef struct tw_streams tw_streams;
tw_err tw_streams_new(struct tw_context *c, struct event_base *loop, const struct tw_stream_sink *sink, tw_streams **ret);
tw_streams *tw_streams_free(tw_streams *s);

/* What is left of the limits for this subject; a problem when nothing is. */
tw_err tw_streams_room(const tw_streams *s, const char *subject, struct tw_reply *rp);
/* For the request that the path has let through; window: how much may be on its way. */
tw_err tw_streams_open(tw_streams *s, uint32_t id, const struct tw_request *rq, uint64_t after, size_t window);
bool tw_streams_drained(tw_streams *s, uint32_t id, size_t size); /* false: more than was on its way */
void tw_streams_close(tw_streams *s, uint32_t id);                /* the client has gone */
void tw_streams_wake(tw_streams *s);                              /* the log may have grown */
#endif
