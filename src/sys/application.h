/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes on the application's door, a SOCK_SEQPACKET socket of channel messages: known to libthingward at one end and to
 * the device's core at the other, and to nobody else.
 *
 * EVENT and HEALTH are answered by ACK once they are durable, SETTING by SETTING_IS, and any of them by REFUSED. An answer
 * carries its question's tag, and what needs no disk may overtake what does.
 *
 * HASH begins a digest, of which a connection has one at a time, HASH_DATA goes on with it, and neither is answered. What ends it is:
 * HASH_END by DIGEST, HASH_CHECK and HASH_VERIFY (a signature over a SHA-256) by RESULT, or REFUSED when it could not begin.
 *
 * SEAL is answered by SEALED, UNSEAL by UNSEALED, AUTHORIZE by ALLOWED, or REFUSED.
 *
 * A provider (a reader, a method of the manufacturer's) says by PROVIDE which one it is, and from then on is sent ASKED, which it answers by VERDICT; both
 * of its messages are answered by ACK or REFUSED. OVER says that nobody waits for a verdict any more. A button says by PROVIDE which one it is, and
 * then by PRESENT that it was pressed; ACK: that confirmed what waited for it. A display says by PROVIDE which one it is and by SCREEN how large, and from
 * then on is sent NOTICE, at once and whenever the use notice changes; by SHOWS it says that it shows that one, or that somebody accepted it there.
 * What drives a link says by PROVIDE which one it is and by LINK what that is and how it is now, at first and whenever that changes; it is sent LINK_MAY,
 * after the first LINK and whenever that changes, whether the link may be on.
 *
 * What speaks to the system's service manager says by PROVIDE which one it is, and then by SERVICES, in parts, what services there are, at once and when
 * that changes. It is sent OFF, and answers, with its tag, HOLDS or FAILED; FAILED with tag 0: it is so no more. HELD: one that is to be off was on.
 * None of these is answered.
 */
#ifndef TW_SYS_APPLICATION_H
#define TW_SYS_APPLICATION_H
#include "sys/channel.h"

enum tw_application_message {
	TW_APP_EVENT = 0x0601,     /* block16 id, block16 fields as a JSON object */
	TW_APP_HEALTH,             /* block16 name, u8 well, block16 text for people */
	TW_APP_SETTING,            /* block16 key */
	TW_APP_HASH = 0x0610,      /* block16 name of the function */
	TW_APP_HASH_DATA,          /* bytes */
	TW_APP_HASH_END,           /* nothing */
	TW_APP_HASH_CHECK,         /* the digest to compare with */
	TW_APP_HASH_VERIFY,        /* block16 public key or certificate, block16 signature */
	TW_APP_KEY_NEW = 0x0620,   /* block16 name: makes a key pair */
	TW_APP_KEY_PUBLIC,         /* block16 name */
	TW_APP_KEY_SIGN,           /* block16 name, 32 bytes: a digest */
	TW_APP_SEAL = 0x0630,      /* u8 enum tw_app_scope, bytes: at most TW_APP_SEAL_MAX */
	TW_APP_UNSEAL,             /* u8 enum tw_app_scope, what SEALED gave */
	TW_APP_AUTHORIZE = 0x0640, /* block16 permission, block16 pass: empty for anyone */
	TW_APP_PROVIDE = 0x0650,   /* u8 simulated, block16 name */
	TW_APP_VERDICT,            /* TW_APP_CHALLENGE bytes, u8 enum tw_app_verdict */
	TW_APP_PRESENT,            /* u64 when it went down, in milliseconds of the boot clock, u32 for how many it was held */
	TW_APP_SCREEN,             /* u16 columns, u16 lines */
	TW_APP_SHOWS,              /* TW_APP_NOTICE_ID bytes, u8 accepted */
	TW_APP_LINK,               /* u8 enum tw_app_link_state, block16 technology, block16 driver */
	TW_APP_SERVICES = 0x0660, /* u8: 1 the first part, 2 the last one, 4 there are more than are said; words "ssh=running", with a blank between */
	TW_APP_HOLDS,  /* u32 how many are off */
	TW_APP_FAILED, /* words: why not */
	TW_APP_HELD,   /* words: "service ssh" */
	TW_APP_ACK = 0x0681,
	TW_APP_SETTING_IS,       /* block16 value */
	TW_APP_REFUSED,          /* block16 rule, block16 detail */
	TW_APP_DIGEST = 0x0690,  /* bytes */
	TW_APP_RESULT,           /* u8: 1 when it agrees, else 0 */
	TW_APP_KEY_IS = 0x06a0,  /* 65 bytes: the public point */
	TW_APP_SIGNED,           /* 64 bytes: r and s */
	TW_APP_SEALED = 0x06b0,  /* bytes, TW_APP_SEAL_MORE longer */
	TW_APP_UNSEALED,         /* bytes */
	TW_APP_ALLOWED = 0x06c0, /* block16 account: empty for anyone */
	TW_APP_ASKED = 0x06d0,   /* TW_APP_CHALLENGE bytes, block16 account; no tag */
	TW_APP_OVER,             /* TW_APP_CHALLENGE bytes; no tag */
	TW_APP_NOTICE, /* TW_APP_NOTICE_ID bytes, text: lines that fit, a form feed before each next page; none: no notice; no tag */
	TW_APP_LINK_MAY, /* u8: 1 it may be on, 0 it has to be off; no tag */
	TW_APP_OFF, /* block16 which services are to be off, block16 which may be off by an earlier one: words of service/firewall/off.h */
};
#define TW_APP_NAME_MAX 96     /* of an event, a health name, a setting */
#define TW_APP_FIELDS_MAX 2048 /* an event's record must fit the log's record */
#define TW_APP_TEXT_MAX 256
#define TW_APP_VALUE_MAX 512
#define TW_APP_FUNCTION_MAX 32 /* name of a hash function */
#define TW_APP_DATA_MAX \
	TW_APP_FIELDS_MAX /* no longer than an event: the door's buffer has room for sixteen of the longest message */
#define TW_APP_DIGEST_MAX 64
#define TW_APP_KEY_NAME_MAX 32
#define TW_APP_SIGN_DIGEST 32
#define TW_APP_POINT 65
#define TW_APP_SIGNATURE 64
#define TW_APP_SEAL_MAX 1024
#define TW_APP_SEAL_MORE 28                                                     /* nonce and tag */
enum tw_app_scope { TW_APP_SCOPE_UNIT, TW_APP_SCOPE_OWNERSHIP, TW_APP_SCOPES }; /* how long it opens */
#define TW_APP_PASS_MAX 64
#define TW_APP_ACCOUNT_MAX 24
#define TW_APP_PROVIDER_MAX 32 /* of a provider's name */
#define TW_APP_CHALLENGE 16
enum tw_app_verdict { TW_APP_NO, TW_APP_YES, TW_APP_CANNOT, TW_APP_VERDICTS }; /* CANNOT: it could not be found out */
#define TW_APP_NOTICE_ID 32     /* SHA-256 of the notice as it was written, zeros when there is none */
#define TW_APP_NOTICE_MAX 2048  /* the largest notice with the line feeds that the smallest screen needs */
#define TW_APP_COLUMNS_LEAST 16 /* of a screen: fewer show no word whole */
#define TW_APP_LINES_LEAST 2
#define TW_APP_SCREEN_MOST 1000 /* columns, and lines */
#define TW_APP_TECHNOLOGY_MAX 32
#define TW_APP_DRIVER_MAX 64
enum tw_app_link_state {
	TW_APP_LINK_OFF,
	TW_APP_LINK_DOWN,
	TW_APP_LINK_UP,
	TW_APP_LINK_STATES
};                               /* DOWN: on, and nobody at the other end */
#define TW_APP_SERVICES_MAX 2000 /* of a part */
#define TW_APP_SERVICES_PARTS 4
#define TW_APP_SERVICE_MAX 95 /* of a service's name */
#define TW_APP_OFF_MAX 1023   /* two settings' */
#define TW_APP_WHY_MAX 200
#define TW_APP_KEY_MAX 1920
#define TW_APP_SIGNATURE_MAX 72
struct tw_app_event {
	struct tw_slice id, fields;
};
struct tw_app_health {
	struct tw_slice name, text; /* printable */
	bool well;
};
/* The payloads that core receives; slices point into them. SYNTAX, LIMIT. */
tw_err tw_app_read_event(struct tw_slice payload, struct tw_app_event *ret);
tw_err tw_app_read_health(struct tw_slice payload, struct tw_app_health *ret);
tw_err tw_app_read_setting(struct tw_slice payload, struct tw_slice *ret_key);
tw_err tw_app_read_verify(struct tw_slice payload, struct tw_slice *ret_key, struct tw_slice *ret_signature);
struct tw_app_key {
	struct tw_slice name;   /* without a NUL */
	struct tw_slice digest; /* of KEY_SIGN, TW_APP_SIGN_DIGEST bytes; else empty */
};
tw_err tw_app_read_key(struct tw_slice payload, bool signs, struct tw_app_key *ret);
/* ret_bytes: the rest, whatever it holds. SYNTAX: no such scope. */
tw_err tw_app_read_sealing(struct tw_slice payload, enum tw_app_scope *ret_scope, struct tw_slice *ret_bytes);
tw_err tw_app_read_authorize(struct tw_slice payload, struct tw_slice *ret_permission, struct tw_slice *ret_pass); /* both printable */
struct tw_app_provide {
	struct tw_slice name; /* printable, not empty */
	bool simulated;       /* it says of itself that it judges nothing */
};
tw_err tw_app_read_provide(struct tw_slice payload, struct tw_app_provide *ret);
/* ret_challenge: TW_APP_CHALLENGE bytes. SYNTAX: no such verdict. */
tw_err tw_app_read_verdict(struct tw_slice payload, struct tw_slice *ret_challenge, enum tw_app_verdict *ret);
struct tw_app_present {
	int64_t down_ms; /* boot clock */
	int64_t held_ms;
};
tw_err tw_app_read_present(struct tw_slice payload, struct tw_app_present *ret); /* SYNTAX: no clock says that */
struct tw_app_screen {
	uint16_t columns, lines; /* any: whether it is large enough, whoever sends it a notice says */
};
tw_err tw_app_read_screen(struct tw_slice payload, struct tw_app_screen *ret);
struct tw_app_shows {
	struct tw_slice notice; /* TW_APP_NOTICE_ID bytes */
	bool accepted;
};
tw_err tw_app_read_shows(struct tw_slice payload, struct tw_app_shows *ret);
struct tw_app_link {
	enum tw_app_link_state state;
	struct tw_slice technology, driver; /* printable, not empty */
};
tw_err tw_app_read_link(struct tw_slice payload, struct tw_app_link *ret); /* SYNTAX: no such state, or no text; LIMIT */
/* A part of what services there are. words: they are read one by one. SYNTAX. */
struct tw_app_part {
	bool first, last, more; /* more: there are services that none of the parts says */
	struct tw_slice words;
};
tw_err tw_app_read_services(struct tw_slice payload, struct tw_app_part *ret);
struct tw_app_service {
	struct tw_slice name, state; /* "running", "stopped" or "off" */
};
bool tw_app_is_service(struct tw_slice name);                                  /* what a service may be called */
tw_err tw_app_next_service(struct tw_slice *rest, struct tw_app_service *ret); /* SYNTAX: which word is none */
tw_err tw_app_read_hash(struct tw_slice payload, struct tw_slice *ret_function);
extern const struct tw_channel_row tw_rows_device_from_app[], tw_rows_app_from_device[];
#endif
