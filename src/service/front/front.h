/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front role: inbound TLS and HTTP, no files, no secrets.
 *
 * It accepts, shakes hands (TLS 1.3 only; the listener key stays in keys), frames requests with the strict parser, answers the
 * embedded pages itself and passes everything else on to core, with what the connection proves: the peer's address, the TLS
 * exporter (RFC 9266), and the key of the client certificate, which only says that the client holds that key.
 *
 * What one unknown peer may cost is bounded by the limits below, each with its reason; what all may cost, by their product and
 * the allocator's holes.
 */
#ifndef TW_SERVICE_FRONT_H
#define TW_SERVICE_FRONT_H
#include "service/role.h"
#include "service/wire.h"

/* A page built into the program. The table ends with path NULL; the program that has a front role defines it. */
struct tw_asset {
	const char *path, *type, *etag; /* etag quoted */
	const uint8_t *data;
	size_t size;
	bool gzip; /* data is gzip (RFC 1952), and sent as it is: who takes none is refused */
};
extern const struct tw_asset tw_assets[];

struct tw_front_limits {
	unsigned connections; /* of all peers */
	unsigned unknown;     /* of peers that core does not know as somebody: at most 40 KiB and unknown_body each */
	unsigned per_source;  /* of these, from one IPv4 address or one IPv6 /64 */
	unsigned long_bodies; /* being collected at a time: each is up to 1 MiB of sealed memory, or upload; of strangers uploads alone */
	size_t upload;        /* of a form with files (multipart/form-data with its length), from anybody; 0: as any other body */
	unsigned uploads;    /* of strangers among the long bodies, and 2 of one party; the rest is left to those core knows */
	size_t unknown_body; /* head and body of an unknown peer together: at least a head, at most TW_BODY_MAX */
	int head_ms;         /* from the first byte (or from accepting) to the end of the head, handshake included */
	int body_ms;         /* for a whole body, and for taking a whole answer */
	int upload_ms;       /* for one of those */
	int idle_ms;         /* between two requests of an unknown peer */
	int known_ms;        /* between two requests of a known one: a person reading a page */
	int linger_ms;       /* reading on after a fatal answer, so that a reset does not overtake it (RFC 9112 9.6) */
};
/* What a device takes from somebody unknown: a take-over has under 3 KiB. */
#define TW_FRONT_LIMITS                                                                                                         \
	{                                                                                                                       \
		.connections = 256, .unknown = 128, .per_source = 32, .long_bodies = 8, .unknown_body = 8192, .head_ms = 10000, \
		.body_ms = 30000, .idle_ms = 15000, .known_ms = 60000, .linger_ms = 2000,                                       \
	}

/* Writes the page for people of a refusal; it knows neither who asks nor in which language. */
typedef tw_err tw_front_page(int status, const char *rule, struct tw_buf *out);

struct tw_front_options {
	const struct tw_sys *sys;
	int hands, core, keys; /* channels; hands -1: none */
	const int *listeners;
	size_t listener_count;
	const struct tw_asset *assets;
	bool portal;         /* core has pages too: whatever is no asset goes there, and not only what is under /api/ */
	tw_front_page *page; /* of what front itself refuses to a browser, outside of /api/; NULL: everybody gets a document for programs */
	struct tw_front_limits limits;
};

typedef struct tw_front tw_front;
tw_err tw_front_new(const struct tw_front_options *o, tw_front **ret); /* owns the channels from then on; listeners stay the caller's */
tw_front *tw_front_free(tw_front *f);
TW_DEFINE_FREEP(tw_front, tw_front_free)
tw_err tw_front_serve(tw_front *f); /* until drained (OK), or until hands has gone or core broke the rules */

/* The row's run, for a side whose core answers under /api/ alone, and for one whose core has pages. The second takes forms of 64 KiB from strangers. */
int tw_front_role_run(const struct tw_sys *sys, const struct tw_role_start *start);
int tw_front_portal_run(const struct tw_sys *sys, const struct tw_role_start *start, tw_front_page *page);
#endif
