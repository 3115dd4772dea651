/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device tells whoever asks, whatever it runs: what its ports say, how they speak TLS, and what it answers to questions for services.
 *
 * Facts only; what they mean for an element is judge.h's. Everything in here came from outside and is bounded.
 */
#ifndef TW_TOOL_OUTSIDE_LOOK_H
#define TW_TOOL_OUTSIDE_LOOK_H
#include "base/json.h"
#include "tool/outside/scan.h"

#define TW_LOOKED_MAX 64 /* ports that are spoken to; more open ones are only counted */
#define TW_SAID_MAX (20 * 1024)
#define TW_SHOWN_MAX 4096 /* of it in the transcript */
#define TW_TOLD_MAX (64 * 1024)
#define TW_TLS_VERSIONS 4
extern const char *const tw_tls_words[TW_TLS_VERSIONS]; /* "TLS 1.0" first */

enum tw_speech { TW_SPEECH_NONE, TW_SPEECH_HTTP, TW_SPEECH_SSH, TW_SPEECH_TELNET, TW_SPEECH_FTP, TW_SPEECH_OTHER };
struct tw_tls_seen {
	bool spoken;
	bool accepts[TW_TLS_VERSIONS];
	bool unknown[TW_TLS_VERSIONS];         /* whether it accepts it was not to be seen */
	char weak[64];                         /* a suite it agreed to that protects nothing, or no longer; "" none */
	char certificate[4096], signature[32]; /* all of it as text */
	int strength;                          /* bits of security of its key; 0: no certificate was shown */
	int64_t not_before_s, not_after_s;
};
struct tw_port_seen {
	uint16_t number;
	enum tw_speech speech;
	struct tw_tls_seen tls;
	bool gone;          /* it took a connection once, and none after that: nothing of it is known */
	bool cut;           /* it said more than there was room for */
	long status;        /* of HTTP */
	bool basic, form;   /* it asks for name and password: by HTTP, by a page */
	bool other_login;   /* by another scheme of HTTP */
	bool goes_to_https; /* all that plain HTTP does is to send its visitor on */
	char said[TW_SAID_MAX];
	size_t said_size;
};
struct tw_seen {
	struct tw_host host;
	struct tw_scan scan;
	struct tw_port_seen *port; /* of port_count, owned */
	size_t port_count;
	struct tw_buf told; /* lines: what mDNS and SSDP told */
	bool told_cut;      /* and there was more */
	json_t *log;        /* what was sent and what came, for the transcript: array of {about, by, method, path, sent, got} */
};
void tw_seen_init(struct tw_seen *s, const struct tw_sys *sys);
void tw_seen_done(struct tw_seen *s);
/* Speaks to each open port of s->scan. told: how many of a hundred are done. */
tw_err tw_look_at_ports(const struct tw_sys *sys, struct tw_seen *s, void (*told)(void *user, int percent), void *user);
/* Asks by DNS-SD (RFC 6763, sent to the device alone) and by SSDP which services it has. Silence is an answer. */
tw_err tw_ask_services(const struct tw_sys *sys, struct tw_seen *s);

/* One line for the transcript; sent may be NULL. */
tw_err tw_seen_log(struct tw_seen *s, const char *about, const char *method, unsigned port, const char *sent, struct tw_slice got);
/* The best offer that a port was seen to accept. */
struct tw_offer tw_offer_of(const struct tw_port_seen *p);

/* Pure; of what a port said first, or answered to a request. */
enum tw_speech tw_speech_of(struct tw_slice said);
void tw_http_read(struct tw_slice said, struct tw_port_seen *ret);
#endif
