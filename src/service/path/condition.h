/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: when, from where and how somebody may be who he is. One shape of JSON, for a role's assignment and for an account:
 *
 *     { "modes": ["normal"], "days": ["mon", "fri"], "hours": ["08:00-17:30", "22:00-06:00"], "zone": "+01:00",
 *       "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "networks": ["192.0.2.0/24", "2001:db8::/32"],
 *       "places": ["hall 3"], "doors": ["https"], "methods": ["password", "passkey"], "factors": 2, "sessions": 3 }
 *
 * Every key may be missing and then says nothing; what is there must hold, all of it. An unknown key is refused. Reading and judging
 * are pure. What needs the time does not hold while the clock is not trusted.
 */
#ifndef TW_SERVICE_CONDITION_H
#define TW_SERVICE_CONDITION_H
#include "service/path/request.h"

#define TW_CONDITION_WORDS 4 /* modes, places, windows of hours: each */
#define TW_CONDITION_NETWORKS 8
#define TW_MODE_MAX 32
#define TW_PLACE_MAX 48
#define TW_CONDITION_SESSIONS_MAX 1000

/* How somebody proved who it is. An account's second factor is a method of its own. */
#define TW_METHOD_LIST(X)                                                             \
	X(CERTIFICATE, "client-certificate")                                          \
	X(PASSWORD, "password")                                                       \
	X(TOTP, "totp")                                                               \
	X(PASSKEY, "passkey")                                                         \
	X(CODE, "code")           /* of one use */                                    \
	X(OUTSIDE, "outside")     /* a third party said so: RADIUS, OpenID Connect */ \
	X(PROVIDER, "provider")   /* a method plugged in by the manufacturer */       \
	X(MESSAGE, "message")     /* a code that was sent */                          \
	X(BIOMETRIC, "biometric") /* a reader of the product's said so */
enum tw_method {
#define TW_METHOD_ENUM(name, word) TW_METHOD_##name,
	TW_METHOD_LIST(TW_METHOD_ENUM)
#undef TW_METHOD_ENUM
		TW_METHODS
};

/* An address of either family: IPv4 as ::ffff:a.b.c.d. */
struct tw_net {
	uint8_t at[16];
	uint8_t bits; /* how many of them count; 128 of an address */
};
tw_err tw_net_read(const char *text, struct tw_net *ret); /* "192.0.2.7", "192.0.2.0/24"; bits beyond the length must be 0. SYNTAX */
bool tw_net_has(const struct tw_net *n, const struct tw_net *address);

struct tw_condition {
	uint8_t days; /* bit 0: Monday; 0: any day */
	struct {
		uint16_t from, until; /* minutes; until below from: over midnight, and the day is that of the beginning */
	} hours[TW_CONDITION_WORDS];
	uint8_t hour_count, network_count, mode_count, place_count;
	int16_t zone;              /* minutes east of UTC */
	int64_t from_ms, until_ms; /* since 1970; 0: none */
	struct tw_net networks[TW_CONDITION_NETWORKS];
	char modes[TW_CONDITION_WORDS][TW_MODE_MAX + 1];
	char places[TW_CONDITION_WORDS][TW_PLACE_MAX + 1];
	unsigned doors;   /* bits of 1 << enum tw_door; 0: any */
	unsigned methods; /* bits of 1 << enum tw_method, one of which was used; 0: any */
	int factors;      /* that were proven, at least */
	int sessions;     /* of this account at a time, at most; 0: no limit of its own */
};
/* What is so when somebody asks. Everything unknown is 0, NULL or "". */
struct tw_moment {
	int64_t wall_ms;
	bool time_trusted;
	enum tw_door door;
	struct tw_net source; /* bits 0: no address */
	const char *mode;     /* the device's, as the organization set it */
	const char *place;    /* where the device is, likewise */
	unsigned methods;     /* that this login used */
	int factors;
	int sessions; /* that the account has, this one among them */
};

tw_err tw_condition_read(const json_t *j, struct tw_condition *ret); /* NULL: none, which always holds. SYNTAX and LIMIT name the key */
/* NULL: it holds. Else what does not: "condition.hours". */
const char *tw_condition_fails(const struct tw_condition *c, const struct tw_moment *m);
/* Does `wide` hold whenever `narrow` does, for anybody? False also where it cannot be told: so that nobody hands on more than he has. */
bool tw_condition_within(const struct tw_condition *narrow, const struct tw_condition *wide);
/* Until when at most, ms since 1970; 0: without an end. For removing what has ended. */
static inline int64_t tw_condition_until(const struct tw_condition *c)
{
	return c->until_ms;
}
#endif
