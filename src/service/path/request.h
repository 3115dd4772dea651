/* SPDX-License-Identifier: Apache-2.0 */
/* What walks the one path: a request with its subject, and the reply that comes back. */
#ifndef TW_SERVICE_REQUEST_H
#define TW_SERVICE_REQUEST_H
#include "base/buf.h"
#include "service/http/cookie.h"
#include "service/path/tables.h"

#include <string.h>
#include <sys/types.h>

/* Where the bytes came in. A door says who may stand behind it; only core's own doors can produce LOCAL, CONSOLE, APPLICATION, PROVIDER, BUTTON. */
enum tw_door { TW_DOOR_HTTPS, TW_DOOR_LOCAL, TW_DOOR_CONSOLE, TW_DOOR_EVENT, TW_DOOR_INTERNAL, TW_DOOR_BUTTON };
enum tw_subject_kind {
	TW_SUBJECT_ANYONE,      /* nothing proven */
	TW_SUBJECT_OWNER,       /* client certificate or session of an enrolled owner */
	TW_SUBJECT_LOCAL,       /* uid 0, or a uid named by policy, on the local socket */
	TW_SUBJECT_CONSOLE,     /* a person at the device's own console */
	TW_SUBJECT_APPLICATION, /* the product's application, by uid from the product manifest */
	TW_SUBJECT_DEVICE,      /* the daemon itself (jobs, self-test) */
	TW_SUBJECT_PEER,     /* another device, whose claim to its identifier was checked; what it may do, rules of the owner say */
	TW_SUBJECT_ACCOUNT,  /* a person, service or party that has an account here; what it may do, its roles say */
	TW_SUBJECT_PROVIDER, /* a reader, a method or a display of the manufacturer's, by uid from the product manifest */
	TW_SUBJECT_BUTTON,   /* whoever pressed the device's own button, as the program says that the manifest names for it */
	TW_SUBJECT_KINDS,
};
struct tw_subject {
	enum tw_door door;
	enum tw_subject_kind kind;
	char name[64];            /* "owner:alice", "uid:0", "console", "anyone" */
	char account[24];         /* the id of an account, which stays when its name changes: "a17"; "" of whoever has none */
	char member[24];          /* of a shared account: the id of the account of whoever uses it */
	char session[20];         /* the id of the session that he came by; "": by none */
	char source[64];          /* peer address, "pid 812", or "" */
	char how[24];             /* "client-certificate", "session", "peer-credentials", "console", "device-certificate", "" */
	unsigned methods;         /* how he proved who he is: bits of 1 << enum tw_method; 0: not, or not known */
	int factors;              /* that were proven */
	struct tw_role_set roles; /* of an account or owner: those assigned to it that count now (gate.h); of others it does not count */
	struct tw_role_set given; /* and all that are assigned to it: whom a rule concerns does not get rid of it by a condition */
};
/* By what somebody is told from others: an account's id, which stays when it is renamed; else the name that the door gave. */
static inline const char *tw_subject_key(const struct tw_subject *s)
{
	return s->account[0] ? s->account : s->name;
}
static inline bool tw_subject_same(const struct tw_subject *a, const struct tw_subject *b)
{
	return a->kind == b->kind && !strcmp(tw_subject_key(a), tw_subject_key(b));
}

typedef struct tw_later tw_later; /* path.h */

#define TW_BODY_MAX (64 * 1024)
#define TW_LONG_BODY_MAX (1024 * 1024) /* of a body that crosses as sealed memory; a row says how much of it an operation takes */
#define TW_UPLOAD_MAX (8 * 1024 * 1024 + 128 * 1024) /* of a form with files (multipart/form-data): 8 MiB of them, and its texts */
#define TW_UPLOADS_MAX 8                             /* files of one form */
#define TW_FILE_NAME_MAX 400                         /* of a file that is handed out: 120 bytes, each as %XX */
#define TW_REPLY_MAX (1024 * 1024)                   /* of an answer made in memory; a file may be longer */
/* A file of a form, as its sender says it is called and is. Slices of the body. */
struct tw_upload {
	struct tw_slice name, type, bytes;
};
/* A door that speaks HTTP fills head and body. One that does not (the console) leaves head NULL and names operation and input. */
struct tw_request {
	struct tw_subject subject;
	const struct tw_operation_row *operation; /* set by the path when there is a head */
	const struct tw_http_head *head;          /* method, target, headers as parsed */
	struct tw_slice body;                     /* raw */
	const json_t *input;                      /* checked against operation->input or ->query; NULL when it takes neither */
	const struct tw_upload *files;            /* of a form whose row takes files; valid during the handler */
	size_t file_count;
	bool files_over;           /* more than TW_UPLOADS_MAX came, and files holds the first of them */
	struct tw_slice parameter; /* the {parameter} of the path, decoded */
	bool has_exporter;
	uint8_t exporter[32]; /* tls-exporter of the connection (RFC 9266) */
	bool has_client_key;
	uint8_t client_key[32];      /* SHA-256 of the SPKI the TLS client proved it holds */
	uint16_t suite, group;       /* of the TLS connection, as IANA numbers them; 0: none, or not known */
	struct tw_slice certificate; /* DER of what it showed with that key; who vouches for it is not settled. Empty: none */
	struct tw_slice pass;        /* at the application's door: what somebody has shown to it. Empty: nothing */
	const char *refused_rule;    /* of credentials that are refused: which rule; NULL: path.credentials */
	char terms[65];              /* of an answer that comes later: what its input agreed to, by a digest; "" */
	const char *once;            /* a key of whoever asks: what he does by it is done once; NULL or "": none */
	uint64_t intent;             /* audit sequence number of the intent, for CHANGE */
	bool takes_file;             /* the door can hand on a body that is a descriptor */
	bool takes_stream;           /* the door can go on answering */
	bool takes_later;            /* the door can answer when something else has been computed */
	bool goes_on;                /* asked once more for what goes on by itself: nobody has done anything */
};
struct tw_reply {
	int status;    /* 200 unless the handler says otherwise */
	json_t *body;  /* owned; NULL for 204 */
	char etag[72]; /* quoted, or "" */
	char location[128];
	/* Of a page: whose session the browser has from now on, TW_COOKIE_END: none; and what the browser is known by. "": as it was. */
	char session[TW_COOKIE_TEXT + 1], client[TW_COOKIE_TEXT + 1];
	bool script; /* a page that may run a script of the program's own, which none else may */
	int retry_after_s;
	/* A refusal: RFC 9457. kind is the tail of urn:thingward:problem:KIND, rule names what refused ("LA.RSM.4", "gate.permission"). */
	char problem[48], title[96], rule[64], detail[TW_DETAIL_MAX], next[160]; /* next: what to do now */
	char see[48];   /* with a refusal: the path that says more; "" when none does. Set after tw_reply_problem */
	char note[192]; /* what the outcome's record should say of a change, in words; never a secret */
	/* In place of body: what the handler has written, of this media type; text_type NULL: nothing. Owned, set up by tw_reply_text. */
	struct tw_buf text;
	const char *text_type;
	/* In place of body: so many bytes from the start of a descriptor that nobody can change them through, of this media type. */
	bool has_file;
	int file; /* owned by the path as soon as it is set */
	uint64_t file_size;
	const char *file_type;
	char file_name[TW_FILE_NAME_MAX]; /* not "": kept by whoever asks and never shown (Content-Disposition: attachment); by tw_buf_percent */
	/* In place of body: records of the log from then on, as text/event-stream; the door opens the stream. */
	bool stream;
	uint64_t stream_after;
	/* In place of all of it: the answer comes later (tw_path_later). Owned by the path as soon as it is set. */
	tw_later *later;
	/* After the reply is on its way: the listener key was replaced, connections should be closed and made anew. */
	bool close_connections;
	bool close; /* only the one it goes to */
};
/* Fills a problem reply and returns OK: a refusal is an answer, not a failure. */
tw_err tw_reply_problem(struct tw_reply *rp, int status, const char *kind, const char *rule, const char *title, const char *next,
	const char *format, ...) __attribute__((format(printf, 7, 8)));
/* A handler writes its answer there, in place of a JSON body. type: a literal. */
struct tw_buf *tw_reply_text(struct tw_reply *rp, const struct tw_sys *sys, const char *type);
void tw_reply_done(struct tw_reply *rp);
#endif
