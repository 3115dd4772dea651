/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of front, and the state that front's files share.
 *
 * A connection costs this struct and nothing else until its first byte. Then OpenSSL's object comes, then buffers, each only
 * while it holds something. A connection always waits for exactly one thing; every kind of waiting has one fixed patience, so
 * that connections in one kind stand in the order of their deadlines and a single timer serves them all.
 */
#ifndef TW_SERVICE_FRONT_CONN_H
#define TW_SERVICE_FRONT_CONN_H
#include "service/front/front.h"
#include "sys/parcel.h"
#include "service/front/front-tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#define TW_FRONT_SOURCE 46 /* INET6_ADDRSTRLEN */
#define TW_FRONT_LISTENERS_MAX 16
#define TW_FRONT_SLOT_BITS 10
#define TW_FRONT_SLOTS (1u << TW_FRONT_SLOT_BITS)
/*
 * A turn: what one connection may have done before the others get theirs. Small, because all of them may want all of it: 256 such
 * turns are under 250 ms.
 */
#define TW_FRONT_TURN_BYTES 4096
#define TW_FRONT_TURN_REQUESTS 4
#define TW_FRONT_REKEYS 16 /* of one connection; TLS libraries ask for one in 2^24 records */
#define TW_FRONT_PARTY 4   /* requests of one party at core at a time; core answers in the order they come */

enum tw_front_wait {
	TW_WAIT_HEAD, /* for the rest of a head, or of the handshake */
	TW_WAIT_BODY,
	TW_WAIT_UPLOAD, /* for a body with files, which takes longer */
	TW_WAIT_CORE,   /* no deadline here: core answers, or is restarted together with us */
	TW_WAIT_STREAM, /* nor here: for core to go on with a stream, of which the peer has taken all there is */
	TW_WAIT_WRITE,  /* for the peer to take its answer */
	TW_WAIT_IDLE,
	TW_WAIT_KNOWN,
	TW_WAIT_LINGER,
	TW_WAITS,
};

struct tw_conn {
	TAILQ_ENTRY(tw_conn) link; /* in front->waiting[wait], or in front->ended */
	struct tw_front *front;
	struct event readable, writable;
	SSL *ssl;                 /* NULL before the first byte */
	struct tw_front_tls *tls; /* what ssl was made with */
	int fd;                   /* -1: the self-request */
	struct tw_front_line line;
	uint32_t id;
	enum tw_front_wait wait;
	int64_t accepted_ms, deadline_ms;
	uint8_t source[16]; /* IPv6, or IPv4 mapped */
	char source_text[TW_FRONT_SOURCE];
	bool self, ended, asked, reading, shaken, known, old, head_only, closing, faulted, asked_exporter, has_client_key, want_body;
	bool half;       /* the peer has said close_notify: what it asked before is still answered */
	bool browses;    /* the request under way is a browser's, for a page: a refusal is one too */
	unsigned served; /* requests of this turn */
	uint8_t exporter[32], client_key[32];
	struct tw_buf in;         /* bytes not understood yet, or waiting behind a request */
	struct tw_buf head, body; /* of the request whose body is still coming */
	struct tw_parcel spool;   /* what of the body did not stay in memory of ours */
	bool is_long;             /* counted in front->long_bodies */
	bool is_upload;
	struct tw_buf unsent;        /* the message that core's channel has no room for yet */
	int unsent_file;             /* goes with it; -1: none */
	struct tw_http_head *parsed; /* of head; NULL when no body is awaited */
	struct tw_http_chunks chunks;
	struct tw_buf out; /* what the peer has not taken yet, from out_at on; then rest */
	size_t out_at;
	struct tw_slice rest; /* of an asset: not ours to free */
	int file;             /* after rest: what is left of core's descriptor, read as the peer takes it; -1: none */
	uint64_t file_at, file_end;
	bool streaming, drain_owed; /* an answer that core goes on with; core's channel had no room to be told of what was taken */
	uint32_t on_its_way;        /* of the stream: told to us, not yet taken */
};
TAILQ_HEAD(tw_conn_list, tw_conn);

struct tw_front {
	const struct tw_sys *sys;
	struct tw_front_limits limits;
	const struct tw_asset *assets;
	struct event_base *base;
	struct event *on_hands, *on_core, *on_core_room, *timer, *on_listener[TW_FRONT_LISTENERS_MAX];
	size_t listener_count;
	tw_channel *hands, *core, *keys;
	struct tw_front_tls *tls; /* NULL until core has sent a listener certificate */
	struct tw_conn **slots;   /* by the low bits of the id */
	unsigned connections, unknown, long_bodies;
	uint32_t serial;
	struct tw_conn_list waiting[TW_WAITS], ended;
	struct tw_self *self; /* while the self-request runs */
	int64_t timer_ms;     /* when the timer fires; 0: it does not */
	bool accepting, draining, core_gone, ready, portal;
	tw_front_page *page;
	tw_err outcome;
	int64_t date_s;
	char date[40];
	struct tw_buf message, reply; /* scratch for one message, one answer */
	char scratch[TW_HTTP_HEAD_MAX];
};

/* fd -1: a connection without a socket, for the self-request; its SSL object is set by the caller. */
tw_err tw_conn_new(struct tw_front *f, int fd, const uint8_t source[16], struct tw_conn **ret);
void tw_conn_end(struct tw_conn *c);  /* closes; memory goes at the next tw_front_reap */
void tw_conn_free(struct tw_conn *c); /* of an ended one */
void tw_conn_read(struct tw_conn *c); /* reads and handles a turn's share of what there is */
void tw_conn_wait(struct tw_conn *c, enum tw_front_wait what);
/* Sends what front->reply holds, then rest. */
void tw_conn_answer(struct tw_conn *c, struct tw_slice rest);
void tw_conn_problem(struct tw_conn *c, int status, const char *rule);
void tw_conn_fault(struct tw_conn *c, int status, const char *rule); /* the same, and nothing that follows is looked at */
bool tw_conn_last(const struct tw_conn *c);                          /* the connection ends with the answer under way */
size_t tw_conn_handle(struct tw_conn *c, struct tw_slice bytes);     /* as much of bytes as can be handled now; returns how much */
void tw_conn_reply(struct tw_conn *c, const struct tw_wire_reply *r, int file); /* owns file; -1: none */
void tw_conn_stream(struct tw_conn *c, const struct tw_wire_stream *s);
void tw_conn_drained(struct tw_conn *c);        /* tells core what the peer has taken */
void tw_conn_drop_body(struct tw_conn *c);      /* whatever of a long one is left */
tw_err tw_conn_send_waiting(struct tw_conn *c); /* TIMEOUT: still no room. Waits on while its party has its share at core */
void tw_conn_next_of(const struct tw_conn *c);  /* one request of c's party less is at core: the next may go */
/* Whether both are one as far as shares go: the same known key, else the same source. */
bool tw_conn_same_party(const struct tw_conn *a, const struct tw_conn *b);
void tw_conn_retire(struct tw_conn *c); /* ends it now when idle, else after its answer */
void tw_front_reap(struct tw_front *f); /* frees ended connections; at the end of every callback */
struct tw_conn *tw_front_find(struct tw_front *f, uint32_t id);
int64_t tw_front_now_ms(const struct tw_front *f);
tw_err tw_front_listen(struct tw_front *f, const int *listeners, size_t count);
tw_err tw_front_move(struct tw_front *f, const int *listeners, size_t count); /* in place of those before, which are closed; all are front's */
void tw_front_accepting(struct tw_front *f, bool on);
void tw_front_on_timer(evutil_socket_t fd, short what, void *front);
void tw_front_timer(struct tw_front *f); /* sets the timer for the earliest deadline */
#endif
