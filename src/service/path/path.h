/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one path: authenticate, gate, validate, handler, audit, reply. Doors call tw_path_walk and nothing else.
 */
#ifndef TW_SERVICE_PATH_H
#define TW_SERVICE_PATH_H
#include "service/audit/audit.h"
#include "service/path/gate.h"
#include "service/store/store.h"
#include "service/path/tables.h"

/* What a rule of the owner's said of a peer's request. */
struct tw_policy_verdict {
	bool allowed;
	char rule[64]; /* "policy:NAME", or "policy.default" */
};
/* What handlers may reach. One per process; the first argument everywhere. */
struct tw_context {
	const struct tw_sys *sys;
	struct tw_time *time;
	tw_store *store;
	tw_audit *audit;
	const struct tw_capability *const *capabilities; /* ends with NULL */
	tw_gate *gate;                                   /* owned by the side that made it */
	struct tw_keys_client *keys;                     /* service/keys/keys.h */
	/* Turns credentials in the request into a subject (session token, client key). Given by the side that knows accounts. */
	tw_err (*authenticate)(struct tw_context *c, struct tw_request *rq);
	/* Asked when a client showed a certificate and is nobody yet: does it claim to be a device, and does the claim hold? One that
	   does not: UNTRUSTED, with rq->refused_rule. May be NULL. */
	tw_err (*recognize)(struct tw_context *c, struct tw_request *rq);
	/* What the owner's rules say of a peer's operation; ret_rule is the log's and the answer's. NULL: peers may nothing. */
	tw_err (*policy)(struct tw_context *c, const struct tw_request *rq, struct tw_policy_verdict *ret);
	/* Told of every operation that a peer was admitted to, before the answer. May be NULL. */
	tw_err (*watched)(struct tw_context *c, const struct tw_request *rq, int status);
	/* Rules of access of the side's: may refuse what the gate allows, by whom, from where and when he asks; and a request by the connection
	   it came over, with a problem, before the gate is asked. NULL: there are none. */
	tw_err (*within)(struct tw_context *c, const struct tw_subject *s, const char *permission, struct tw_decision *ret);
	tw_err (*comes)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	/* What a change of this setting asks for now besides its row's permission; ret NULL: nothing. NULL: none ever does. */
	tw_err (*besides)(struct tw_context *c, const struct tw_setting_row *row, const char **ret);
	/* Asked of whoever the gate lets pass, before anything else of the request is looked at: has he agreed to what he has to agree to?
	   Answers with a problem when not. May be NULL. */
	tw_err (*agreed)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	tw_err (*owned)(struct tw_context *c, bool *ret);
	/* A change by somebody who has proven nothing: admit is asked before it leaves its durable intent, and may answer with a
	   problem (too many tries); refused is told when the handler refused it. Each may be NULL. */
	tw_err (*admit)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	void (*refused)(struct tw_context *c, const struct tw_request *rq);
	/* Asked before an operation that its row calls dangerous: may answer with a problem, or uses up the proof that came with it. May be NULL. */
	tw_err (*step_up)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	/* What the organization withholds from whoever asks. withholds: may answer with a problem, before anything is done: what cannot be given
	   without it. narrow: an answer to him without it, in place of *body, which is owned and may be what it was. Each may be NULL. */
	tw_err (*withholds)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	tw_err (*narrow)(struct tw_context *c, const struct tw_subject *s, const struct tw_operation_row *o, json_t **body);
	/* Is this reading one that leaves no record? NULL: none is. */
	bool (*unrecorded)(struct tw_context *c, const struct tw_request *rq);
	size_t list_max;              /* of entries in one answer of a list, whatever is asked for; 0: as many as its row says */
	struct tw_settings *settings; /* the cache; tw_settings_load */
	struct tw_changes *changes;   /* change.h; NULL: this side has none that have to be confirmed */
	struct tw_tasks *tasks;       /* service/task/task.h; NULL while none runs */
	struct tw_streams *streams;   /* of the log (service/door/stream.h); NULL where no door carries them */
	/* Is whoever this was still known here (an owner that is one)? Asked for what goes on after its request; NULL: always. An account's
	   roles are set anew, as they are now. */
	bool (*known)(struct tw_context *c, struct tw_subject *s);
	/* Writes a refusal as a page (text/html), for paths outside /api/: who asked there reads it with a browser. NULL: all are JSON. rq has its
	   operation and input, as far as the walk came, so that a form can come back with what was typed. */
	tw_err (*problem_page)(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference,
		struct tw_buf *body);
	struct tw_guard *guard; /* service/access/guard.h; NULL: nobody comes in here */
	void *side;             /* struct tw_device, or the support service's own */
};
/* body_type: media type out, "application/json" or "application/problem+json". The reply body is appended to body. Never fails
   towards the door: a failure of ours is a 500 problem with a reference into the log. */
struct tw_path_reply {
	int status;
	const char *type;
	char etag[72], location[128];
	char session[TW_COOKIE_TEXT + 1], client[TW_COOKIE_TEXT + 1]; /* as the reply's */
	bool script;                                                  /* likewise */
	char allow[32];                                               /* of a 405: what the path takes */
	int retry_after_s;
	bool close, close_connections;
	bool has_file; /* the body is file_size bytes of file, which is the door's to close; only for a request that takes_file */
	int file;
	uint64_t file_size;
	char file_name[TW_FILE_NAME_MAX]; /* as the reply's */
	bool stream; /* the door goes on with the log behind record stream_after; only for a request that takes_stream */
	uint64_t stream_after;
	tw_later *later; /* there is no answer yet: the door binds it, or drops it; only for a request that takes_later */
};
void tw_path_walk(struct tw_context *c, struct tw_request *rq, struct tw_buf *body, struct tw_path_reply *ret);

/*
 * An answer that comes later. Core waits for nobody: a handler of a change whose answer another role has to compute makes one, returns, and
 * finishes it when it knows. Intent and gate lie before, outcome and answer behind; a core that ends meanwhile leaves an intent whose outcome is not known,
 * as a power cut does. Whatever may have changed in between, whoever finishes it asks again.
 */
/* In the reply, which is a problem when the door carries none. It remembers of the request who asked, for what and by which connection; no body. */
tw_err tw_path_later(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
struct tw_request *tw_later_request(tw_later *l);
/* As if the handler had returned now with that reply, which is taken, and that error. The door is told and l is gone. */
void tw_path_finish(tw_later *l, struct tw_reply *rp, tw_err e);
tw_later *tw_later_drop(tw_later *l); /* nobody is told; NULL is fine; returns NULL */
struct tw_later_door {
	struct tw_buf *body; /* emptied, then filled with the answer's */
	void (*deliver)(void *user, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply);
	void *user;
	uint32_t connection;
};
void tw_later_bind(tw_later *l, const struct tw_later_door *door); /* before the handler can finish it: right behind the walk */

/* Whether the subject that rq's credentials make may do rq->operation now; rq->subject is what the door knows, and becomes that
   subject. For what goes on after the walk. False also when it cannot be asked. */
bool tw_path_allows(struct tw_context *c, struct tw_request *rq);

/* Asks the gate, with what it needs read: whether there is an owner, and the facts that rules of the organization name. */
tw_err tw_path_decide(struct tw_context *c, const struct tw_subject *s, const char *permission, enum tw_when when, struct tw_decision *ret);

/*
 * Rules of the owner about devices, each naming them by identifier. Also pure. A pattern is a whole identifier, or one up to its
 * product class ("urn:dev:ops:32473-lamp" is every lamp of that maker); "" as target is this device, whichever it is.
 * A rule that forbids wins over every rule that admits; where none fits, the answer is no.
 */
struct tw_policy_rule {
	const char *name, *subject, *target, *operation;
	bool allow;
};
bool tw_policy_fits(const char *pattern, const char *identifier);
/* The rule that decides: its place, or -1 for the default, which is to refuse. */
int tw_gate_policy(const struct tw_policy_rule *rules, size_t count, const char *peer, const char *self, const char *operation);

/* Settings: typed, with history; the row is the only truth about range and default. */
tw_err tw_setting_get(struct tw_context *c, const char *key, struct tw_buf *ret_value); /* stored, else default; NOTFOUND: no such row */
bool tw_setting_is(struct tw_context *c, const char *key, const char *value); /* false also when it cannot be read: fail closed */
struct tw_setting_state {
	char value[512];
	int64_t version; /* 0: default, never changed */
	int64_t changed_ms;
	char changed_by[64];
};
tw_err tw_setting_state(struct tw_context *c, const struct tw_setting_row *row, struct tw_setting_state *ret);
/* Reads all stored values once; from then on reading a setting touches no file. Made again by a second call. */
tw_err tw_settings_load(struct tw_context *c);
void tw_settings_free(struct tw_context *c);
/* Forgets every changed setting and its history; ret_count: how many there were. Inside the caller's transaction or alone; the
   caller calls tw_settings_load after the commit. Apply handlers are not called: the caller restarts or asks them. */
tw_err tw_settings_purge(struct tw_context *c, int64_t *ret_count);
tw_err tw_setting_check(const struct tw_setting_row *row, const char *value); /* SYNTAX, LIMIT */
const struct tw_setting_row *tw_setting_find(struct tw_context *c, const char *key);
tw_err tw_setting_set(struct tw_context *c, const struct tw_setting_row *row, const char *value,
	int64_t expected_version /* -1: any */, const char *by); /* SYNTAX, LIMIT: value; STATE: version differs; DENIED: apply refused */
/* The same, with something beside it in the same transaction, which may refuse. */
struct tw_setting_write {
	const struct tw_setting_row *row;
	const char *value;
	int64_t expected_version;
	const char *by;
	tw_err (*beside)(tw_store *s, void *user); /* NULL: nothing */
	void *user;
};
tw_err tw_setting_write(struct tw_context *c, const struct tw_setting_write *w);
/* The value that is lived by until the store can be written again; the store has another one, and the next start reads that. */
tw_err tw_setting_live(struct tw_context *c, const struct tw_setting_row *row, const char *value);

/* Records an event of a declared row; unknown id or fields not of its shape: INTERNAL. fields is consumed; NULL: there was no memory to
   make them, so none is recorded (NOMEM). */
tw_err tw_event(struct tw_context *c, const char *id, json_t *fields);
tw_err tw_fact(struct tw_context *c, const char *name, json_t **ret);
tw_err tw_fact_int(struct tw_context *c, const char *name, int64_t *ret); /* of a fact that is a number */
#endif
