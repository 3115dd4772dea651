/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The organization's rules of access at the device and from afar. One document with four kinds, each of which has to be there:
 *
 *     who         who may come by which door, when and for what: at a network door at least one row has to admit whoever has proven who he
 *                 is; a local door that no row names stays as it was
 *     session     what a session there has to be: suites and groups of TLS, a client certificate, how somebody logged in
 *     connection  how it has to be made: from which networks, and under which name and port it was asked
 *     product     which of the manufacturer's optional rules count; those that are not optional always do
 *
 * Every row of the last three that names the door has to hold. Reading and judging are pure; what is not known does not hold. No row
 * grants anything: the gate has said yes before, or says no behind it.
 */
#ifndef TW_SERVICE_REMOTE_H
#define TW_SERVICE_REMOTE_H
#include "service/path/condition.h"
#include "service/path/gate.h"

#define TW_REMOTE_ROWS 16 /* of each kind: a list that a person still reads */
#define TW_REMOTE_NAME_MAX 32
#define TW_REMOTE_ROLES 8
#define TW_REMOTE_PERMISSIONS 24
#define TW_REMOTE_HOSTS 4
#define TW_REMOTE_HOST_MAX 100

/* Where somebody comes in. The network is two: the networks of the management, and everywhere else. */
enum tw_remote_door {
	TW_REMOTE_MANAGEMENT,
	TW_REMOTE_ELSEWHERE,
	TW_REMOTE_LOCAL,
	TW_REMOTE_CONSOLE,
	TW_REMOTE_APPLICATION,
	TW_REMOTE_DOORS,
};
#define TW_REMOTE_NETWORK (1u << TW_REMOTE_MANAGEMENT | 1u << TW_REMOTE_ELSEWHERE)
extern const char *const tw_remote_doors[TW_REMOTE_DOORS];

enum tw_remote_kind { TW_REMOTE_WHO, TW_REMOTE_SESSION, TW_REMOTE_CONNECTION, TW_REMOTE_PRODUCT, TW_REMOTE_KINDS };
extern const char *const tw_remote_kinds[TW_REMOTE_KINDS];

struct tw_remote_row {
	char name[TW_REMOTE_NAME_MAX + 1];
	unsigned doors; /* bits of 1 << enum tw_remote_door */
	char roles[TW_REMOTE_ROLES][TW_ROLE_NAME_MAX + 1];
	char permissions[TW_REMOTE_PERMISSIONS][TW_PERMISSION_NAME_MAX + 1];
	char hosts[TW_REMOTE_HOSTS][TW_REMOTE_HOST_MAX + 1];
	uint8_t role_count, permission_count, host_count;
	unsigned suites, groups; /* bits, by their place in the words; 0: any */
	bool certificate;
	struct tw_condition when; /* the rest of what has to be so */
};
struct tw_remote_rows {
	size_t count;
	struct tw_remote_row *of; /* owned */
};
typedef struct tw_remote {
	struct tw_remote_rows kinds[TW_REMOTE_KINDS]; /* of PRODUCT: rows that tw_remote_read_rows read; a policy has names instead */
	char optional[TW_REMOTE_ROWS][TW_REMOTE_NAME_MAX + 1];
	size_t optional_count;
} tw_remote;

/* A policy of the organization's, all four kinds. SYNTAX and LIMIT say where and what. */
tw_err tw_remote_read(const struct tw_sys *sys, const json_t *policy, tw_remote **ret);
/* ret is zeros before; what was read is there also when it fails, to be freed. */
tw_err tw_remote_read_rows(const struct tw_sys *sys, enum tw_remote_kind kind, const json_t *list, struct tw_remote_rows *ret);
void tw_remote_rows_done(struct tw_remote_rows *rows);
tw_remote *tw_remote_free(tw_remote *p);
TW_DEFINE_FREEP(tw_remote, tw_remote_free)

struct tw_remote_ask {
	enum tw_remote_door door;
	const tw_gate *gate;
	const struct tw_role_set *roles; /* what he holds now, his kind's role among them */
	bool proven;                     /* he has said who he is, and it was so */
	const char *permission;          /* what he wants; NULL: nothing now, his session is looked at */
	const struct tw_moment *moment;
	bool certificate; /* he came by one that is his here, with its key; who has proven nothing yet: he showed one */
	bool connected;   /* what follows is known */
	uint16_t suite, group;
	struct tw_slice host;
};
struct tw_remote_verdict {
	char rule[64];   /* "remote.who", "remote.connection:office" */
	const char *why; /* what of it does not hold: "condition.hours", "suite" */
};
/* Is he among those who may, there and then and for that? True of whoever has proven nothing: the other rows are for him. */
bool tw_remote_admits(const struct tw_remote *p, const struct tw_remote_ask *a, struct tw_remote_verdict *ret);
/* Do the rows of this kind hold that name his door, and of the product's his permission? */
bool tw_remote_holds(
	const struct tw_remote_rows *rows, enum tw_remote_kind kind, const struct tw_remote_ask *a, struct tw_remote_verdict *ret);
/* Of the manufacturer's: whoever it is, and however he came, this permission is not had at its doors. */
bool tw_remote_forbids(const struct tw_remote_row *r, const char *permission);
/* The network's doors by which somebody with this role comes in at any time and for anything, as far as `who` is asked: bits. */
unsigned tw_remote_leaves(const struct tw_remote *p, const char *role);
#endif
