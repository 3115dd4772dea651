/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What roles say to one another: the rows of every channel, and the typed payloads. Integers big-endian, blocks length-prefixed.
 *
 * core  -> front  STREAM: more of an answer that a REPLY began, never more than TW_WIRE_STREAM_WINDOW on its way.
 * front -> core   DRAINED: so much of it the peer has taken. REQUEST: one parsed request, with one descriptor when its body is
 *                 long. GONE: the connection has closed (never an offence, whenever it comes). FRONT_READY, once.
 * core  -> front  REPLY, with one descriptor when the body is longer than a message. LISTENER: the public half of a new listener
 *                 key; connections made before it are closed. NAMED: the owner's certificate over the same key, for its names; LISTENER ends it.
 * front -> keys   TLS_SIGN / SIGNED: a digest for the listener key. Nothing else passes on that channel.
 * core  -> keys   the rows KEYS_*.
 * every role -> hands  BOXED, once: its sandbox stands and was proven.
 * core  -> hands  READY, CONFIRM (each once), PING. hands -> core: CONFIRMED, once; ROLE_IS, ROLE_DIED, ASK. hands -> all: DRAIN.
 * core  -> hands  ERRAND, ERRAND_END; ERRAND_IS or ERRAND_NOT comes back. LISTEN; LISTENS comes back, after DOORS to front.
 * The rows of hands' channels stand in wire-hands.c, which hands links and which needs nothing but the channel.
 */
#ifndef TW_SERVICE_WIRE_H
#define TW_SERVICE_WIRE_H
#include "base/buf.h"
#include "service/path/request.h"
#include "sys/channel.h"

enum tw_wire {
	TW_WIRE_REQUEST = 0x0101,
	TW_WIRE_GONE,
	TW_WIRE_FRONT_READY, /* front has answered a TLS request of its own, all the way through core: once per start of front */
	TW_WIRE_DRAINED,     /* u32 connection, u32 bytes of STREAM that the peer has taken */
	TW_WIRE_REPLY = 0x0201,
	TW_WIRE_LISTENER,          /* certificate DER, and of a server DER of what vouches for it; tag counts generations */
	TW_WIRE_NAMED,             /* certificate DER of the present listener's key; empty: none any more */
	TW_WIRE_STREAM,            /* u32 connection, u8 1 when it ends, then bytes */
	TW_WIRE_TLS_SIGN = 0x0301, /* 32 bytes to sign, and 32 of the fingerprint of the key that is meant; without it, the present one */
	TW_WIRE_TLS_SIGNED,        /* DER signature, empty when refused */
	TW_WIRE_KEYS_SIGN = 0x0401, /* u8 purpose, then the bytes to sign; each purpose demands its own prefix of the bytes */
	TW_WIRE_KEYS_SIGNED,        /* 64 bytes, or u8 code of tw_err */
	TW_WIRE_KEYS_EPOCH,         /* u64 epoch wanted: must be above every earlier one; durable before it answers */
	TW_WIRE_KEYS_EPOCH_KEY,     /* 32 bytes */
	TW_WIRE_KEYS_OLD_EPOCH, /* u64 of a closed epoch (below the current one): its first key, for verification by the owner */
	TW_WIRE_KEYS_LISTENER, /* empty: the present listener certificate; u8 1: replace key and certificate first; u8 2: read them again */
	TW_WIRE_KEYS_LISTENER_CERT, /* DER */
	TW_WIRE_KEYS_SECRET_MAC, /* bytes: HMAC-SHA256 under the commissioning secret; the bytes must begin with "thingward-takeover-1" NUL */
	TW_WIRE_KEYS_SECRET_MAC_IS, /* 32 bytes */
	TW_WIRE_KEYS_SECRET_NEW,    /* empty: makes and returns a fresh secret (recovery); 16 bytes come back in KEYS_SECRET_IS */
	TW_WIRE_KEYS_SECRET_IS,
	TW_WIRE_KEYS_IDENTITY,      /* empty: the device certificate */
	TW_WIRE_KEYS_IDENTITY_CERT, /* DER */
	TW_WIRE_KEYS_FAILED,        /* u8 code and TW_KEYS_OF_TOKEN, text: any KEYS_ request that failed */
	TW_WIRE_KEYS_SLOT_NEW,      /* slot's name: makes a key pair in the keystore */
	TW_WIRE_KEYS_SLOT_ROTATE,   /* slot's name: a new pair under the old name */
	TW_WIRE_KEYS_SLOT_POINT,    /* slot's name */
	TW_WIRE_KEYS_SLOT_REMOVE,   /* slot's name */
	TW_WIRE_KEYS_SLOT_SIGN,     /* the public point that is meant, 32 bytes of digest, slot's name; KEYS_SIGNED comes back */
	TW_WIRE_KEYS_SLOTS,         /* a prefix: which there are */
	TW_WIRE_KEYS_SLOTS_ARE,     /* of each: block16 name, its public point */
	TW_WIRE_KEYS_POINT_IS,      /* a public point, uncompressed */
	TW_WIRE_KEYS_DONE,          /* empty */
	TW_WIRE_KEYS_STATE,         /* empty: of the keystore */
	TW_WIRE_KEYS_STATE_IS,      /* u8 enum tw_wire_keystore, u32 generation, u32 oldest, block16 kind, block16 detail */
	TW_WIRE_KEYS_STORE_ROTATE,  /* empty: a new storage key, and no old one */
	TW_WIRE_KEYS_ADOPT,         /* empty: the plain files go into the keystore; the boot is confirmed */
	TW_WIRE_KEYS_PURGE,         /* empty: ownership ends, and with it every key made under it */
	TW_WIRE_KEYS_SEAL,          /* block16 whose, the text */
	TW_WIRE_KEYS_SEALED,        /* bytes */
	TW_WIRE_KEYS_UNSEAL,        /* block16 whose, the sealed text */
	TW_WIRE_KEYS_UNSEALED,      /* the text */
	TW_WIRE_KEYS_TRY,           /* u8 1: measure it too; an algorithm's name: does it give what its standard says? */
	TW_WIRE_KEYS_TRIED,         /* u64 its rate, 0 when it was not measured */
	TW_WIRE_KEYS_MORE,          /* empty: the token is slow, and there is more to do when GO_ON comes */
	TW_WIRE_KEYS_GO_ON,         /* empty: with what MORE was said of. Any other question gives it up */
	TW_WIRE_HANDS_CONFIRM = 0x0501, /* u8 1: healthy; text for the service manager */
	TW_WIRE_HANDS_PING,             /* answer to hands' question */
	TW_WIRE_HANDS_ASK,              /* hands -> core: are you alive? */
	TW_WIRE_HANDS_ROLE_DIED,        /* hands -> core: role name; never "core": its own death ends and restarts all */
	TW_WIRE_HANDS_DRAIN,            /* hands -> all: finish what you have and exit 0 */
	TW_WIRE_HANDS_READY,            /* core -> hands: the doors answer; text for the service manager */
	TW_WIRE_HANDS_BOXED,            /* role -> hands: u8 Landlock ABI, u8 enum tw_wire_boxed */
	TW_WIRE_HANDS_ROLE_IS,          /* hands -> core: the same two bytes, then the role's name */
	TW_WIRE_HANDS_CONFIRMED,        /* hands -> core: the mark of this boot is durable: nobody goes back behind it */
	TW_WIRE_HANDS_ERRAND,           /* core -> hands: u8 enum tw_errand, to be started */
	TW_WIRE_HANDS_ERRAND_END,       /* core -> hands: u8 enum tw_errand, to be ended now; one that does not run is no offence */
	TW_WIRE_HANDS_ERRAND_IS,        /* hands -> core: u8 which, then as BOXED; its channel is beside it */
	TW_WIRE_HANDS_ERRAND_NOT,       /* hands -> core: u8 which, u8 enum tw_errand_not */
	TW_WIRE_HANDS_LISTEN, /* core -> hands: u16 port, where HTTPS is to be offered at the addresses of the command line; 0: at theirs */
	TW_WIRE_HANDS_LISTENS, /* hands -> core: u16 port, text: why not; none: it is so, and nowhere else */
	TW_WIRE_HANDS_DOORS,   /* hands -> front: the listeners beside it take the place of those it has */
};
enum tw_sign_purpose {
	TW_SIGN_STATEMENT = 1,  /* prefix: the base64url of a JWS header whose typ is TW_JWS_STATEMENT */
	TW_SIGN_CHECKPOINT = 2, /* prefix: "thingward-checkpoint-1" NUL */
	TW_SIGN_INVENTORY = 3,  /* prefix: as of a statement, with the typ TW_JWS_INVENTORY */
	TW_SIGN_REPORT = 4,     /* prefix: a JWS header of typ TW_REPORT_JWT_TYP, or a Sig_structure of typ TW_REPORT_CWT_TYP */
	TW_SIGN_TLS_CLIENT = 5, /* the whole of it is what a TLS 1.3 client signs (tw_fetch_sign_valid) */
	TW_SIGN_EXPORT = 6,     /* prefix: as of a statement, with the typ TW_JWS_EXPORT */
	TW_SIGN_JOURNAL = 7,    /* the whole of it is the head of a journal of cases (tw_journal_message_parse) */
};
#define TW_KEYS_OF_TOKEN 0x80u /* added to the code of what failed: a token holds the keys */
enum tw_wire_keystore { TW_KEYSTORE_HARDWARE = 1, TW_KEYSTORE_OUTSIDE = 2, TW_KEYSTORE_SINGLE = 4, TW_KEYSTORE_PLAIN = 8 };
/* Roles that run only while they have something to do, and watch, which always has: at most one of each, started by hands when core says so. */
enum tw_errand {
	TW_ERRAND_FETCH,
	TW_ERRAND_SCAN,
	TW_ERRAND_HASH,
	TW_ERRAND_HASH_2,
	TW_ERRAND_ASK,
	TW_ERRAND_WATCH,
	TW_ERRAND_FIREWALL,
	TW_ERRAND_MAIL,
	TW_ERRAND_LINKS,
	TW_ERRAND_MAIL_IN,
	TW_ERRAND_SIGN,
	TW_ERRAND_CANARY,
	TW_ERRAND_STORE,
	TW_ERRAND_PARTS,
	TW_ERRAND_WIFI,
	TW_ERRAND_CELLULAR,
	TW_ERRAND_BLUETOOTH,
	TW_ERRANDS
};
extern const char *const tw_errand_names[TW_ERRANDS];
enum tw_errand_not {
	TW_ERRAND_NO_LINE = 1, /* roles.tab has none for it */
	TW_ERRAND_RUNS,        /* one runs, or has not quite ended */
	TW_ERRAND_BUDGET,      /* it was started TW_ERRAND_BUDGET_MAX times in the last minute */
	TW_ERRAND_FAILED,      /* it could not be started, or ended before its sandbox stood */
};
#define TW_ERRAND_BUDGET_MAX 12
enum tw_wire_boxed { TW_BOXED_SECCOMP = 1, TW_BOXED_IDS_DROPPED = 2, TW_BOXED_NOT_DUMPABLE = 4 };
#define TW_WIRE_ROLE_NAME_MAX 16
extern const struct tw_channel_row tw_rows_core_from_front[], tw_rows_front_from_core[], tw_rows_keys_from_front[],
	tw_rows_front_from_keys[], tw_rows_keys_from_core[], tw_rows_core_from_keys[], tw_rows_hands_from_core[],
	tw_rows_core_from_hands[], tw_rows_role_from_hands[], tw_rows_front_from_hands[], tw_rows_hands_from_role[];

/* REQUEST: what front knows of a request. Only the head fields the path reads travel. */
struct tw_wire_request {
	uint32_t connection;
	char source[64];
	bool has_exporter, has_client_key;
	uint8_t exporter[32], client_key[32];
	struct tw_slice certificate; /* DER, as the client showed it with that key; empty: none, or no client key */
	uint16_t suite, group;       /* of TLS, as IANA numbers them; suite 0: neither is known */
	struct tw_slice head;        /* the head's bytes, parsed again in core by the same pure parser */
	uint64_t file;               /* not 0: the body is so many bytes of the sealed descriptor beside it, and body is empty */
	struct tw_slice body;        /* de-chunked */
};
/* Groups that front offers, by IANA's numbers. */
#define TW_TLS_P256 0x0017
#define TW_TLS_X25519 0x001d
#define TW_WIRE_CLIENT_CERTIFICATE_MAX 4096 /* front takes no longer chain in the handshake either */
#define TW_WIRE_NAMED_MAX 4096 /* of the owner's for the listener: eight long names, or an authority that signs with RSA */
#define TW_WIRE_REPLY_BODY_MAX (TW_CHANNEL_MAX - 1024) /* what one REPLY carries beside its fields */
#define TW_WIRE_FILE_MAX (1ull << 32)                  /* far above a log segment: a number in a head must not be absurd */
tw_err tw_wire_request_write(const struct tw_wire_request *r, struct tw_buf *b);
tw_err tw_wire_request_read(struct tw_slice payload, struct tw_wire_request *ret);
struct tw_wire_reply {
	uint32_t connection;
	uint16_t status;
	bool close;
	bool known;           /* the subject was more than anyone: front lets the connection idle longer */
	struct tw_slice type; /* media type, "" when there is no body */
	struct tw_slice etag, location, allow;
	uint32_t retry_after_s;
	struct tw_cookies cookies;
	uint64_t file;        /* not 0: so many bytes of the descriptor beside it are the body, and body is empty */
	struct tw_slice name; /* of that file, which is kept and never shown; "": it is an answer as any other */
	bool script;          /* a page that may run a script of ours, which none else may */
	bool stream;          /* body is empty: it comes as STREAM messages */
	struct tw_slice body;
};
#define TW_WIRE_STREAM_WINDOW (16 * 1024) /* what a stream may have on its way: all that it costs front */
struct tw_wire_stream {
	uint32_t connection;
	bool end;
	struct tw_slice bytes;
};
tw_err tw_wire_stream_write(const struct tw_wire_stream *s, struct tw_buf *b);
tw_err tw_wire_stream_read(struct tw_slice payload, struct tw_wire_stream *ret);
struct tw_wire_drained {
	uint32_t connection, bytes;
};
tw_err tw_wire_drained_write(const struct tw_wire_drained *d, struct tw_buf *b);
tw_err tw_wire_drained_read(struct tw_slice payload, struct tw_wire_drained *ret);
tw_err tw_wire_reply_write(const struct tw_wire_reply *r, struct tw_buf *b);
tw_err tw_wire_reply_read(struct tw_slice payload, struct tw_wire_reply *ret);
#endif
