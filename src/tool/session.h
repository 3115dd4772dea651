/* SPDX-License-Identifier: Apache-2.0 */
/* From --device, --owner, --local and --label to a client, and one operation over it. */
#ifndef TW_TOOL_SESSION_H
#define TW_TOOL_SESSION_H
#include "formats/statement.h"
#include "tool/client.h"
#include "tool/owner.h"
#include "tool/tool.h"

struct tw_session {
	tw_owner *owner;         /* NULL on the local socket without a login */
	struct tw_device device; /* empty on the local socket */
	const char *local;       /* the local socket, the caller's; NULL: HTTPS */
	tw_client *client;
	bool by_login; /* by a kept login, and not by a certificate */
};
void tw_session_done(struct tw_session *s);
const char *tw_session_kept(const struct tw_session *s); /* the name that its login is kept under */
/* By the login that is kept for the device, if there is one; otherwise by the certificate. */
tw_err tw_session_open(struct tw_tool *t, const struct tw_args *a, struct tw_session *ret);
/* The same of one named device. */
tw_err tw_session_with(struct tw_tool *t, const char *owner_dir, const char *device, struct tw_session *ret);
/* The same session at another address of the same device; what was open before is closed. */
tw_err tw_session_move(struct tw_tool *t, struct tw_session *s, const char *address);
/* By the certificate alone. */
tw_err tw_session_owner(struct tw_tool *t, const char *owner_dir, const char *device, struct tw_session *ret);
/* One call whose refusal and unreachability become the right exit code and hint. Where the device's use notice has to be accepted first it is
   shown and asked for; once: not so. */
tw_err tw_session_call_once(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret);
tw_err tw_session_call(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret);
/* Where ret is the refusal of a call for want of a fresh proof: proves it, and makes the call once more. */
tw_err tw_session_prove(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret);
/* Before what no question may come into: where the client's session is by now too old for such a proof, asks for a login now. */
tw_err tw_session_fresh(struct tw_tool *t, tw_client *c);
/* A statement over a fresh nonce, verified: nonce, exporter (over TLS), chain to the anchor. */
struct tw_stated {
	struct tw_statement statement;
	json_t *text;         /* the JWS; owned */
	uint8_t listener[32]; /* of the connection that the statement is bound to; zero on the local socket */
};
void tw_stated_done(struct tw_stated *s);
tw_err tw_session_statement(struct tw_tool *t, tw_client *c, const tw_cert *anchor, struct tw_stated *ret);

/* The label of a unit. */
struct tw_label {
	char identifier[256], model[64], serial[65], address[320];
	uint8_t listener[32];
	tw_secret *secret;
	bool scanned;    /* read off the housing, and not from a file of the manufacturer */
	tw_cert *anchor; /* NULL when the label does not carry it */
};
void tw_label_done(struct tw_label *l);
tw_err tw_label_read(const struct tw_sys *sys, const char *path, struct tw_label *ret);
/* What a scanner read: the text itself, or a file that holds it, of one line; - is standard input. Whoever asks wipes it. */
tw_err tw_scan_read(const struct tw_sys *sys, const char *text_or_path, struct tw_buf *ret);
#endif
