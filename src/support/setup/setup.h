/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-support-setup: what whoever runs the service does before it starts, and with its certificate. Started by thingward-support for
 * its words init, check and certificate.
 *
 * What it writes into a role's folder it writes as that role's user, so that nothing in there is another's; what it reads of the
 * operator's it reads as who started it.
 */
#ifndef TW_SUPPORT_SETUP_H
#define TW_SUPPORT_SETUP_H
#include "crypto/sitechain.h"
#include "support/parent/places.h"
#include "support/platform/desk.h"

struct tw_setup {
	const struct tw_sys *sys;
	struct tw_support_options options;    /* dir, roles, role_program */
	const char *from, *chain, *key, *out; /* files of the operator's; NULL: not given */
	const char *store;                    /* of init: the address of PostgreSQL; NULL: a file in DIR */
	struct tw_support_places places;
	int64_t now_ms;
	int in; /* where answers come from */
};
/* SYNTAX: what is wrong with the command line; ret_run: what it asks for. */
typedef tw_err tw_setup_run(struct tw_setup *s);
tw_err tw_setup_parse(int argc, char *const *argv, struct tw_setup *ret, tw_setup_run **ret_run);
tw_setup_run tw_setup_init, tw_setup_check, tw_setup_import, tw_setup_show, tw_setup_reload, tw_setup_backup;

/* The same bytes or none: as the user to whom the folder belongs. */
tw_err tw_setup_write(const struct tw_setup *s, int dir, const char *name, const struct tw_buf *content);
tw_err tw_setup_read(const struct tw_sys *sys, const char *path, size_t max, struct tw_buf *ret); /* links are followed. NOTFOUND */
#define TW_SETUP_HOST_MAX 201
void tw_setup_host(const char *site, char ret[TW_SETUP_HOST_MAX]); /* of "https://HOST:PORT" */
bool tw_setup_is_name(const char *host);                           /* no address and not localhost */
/* The listener's file. NOTFOUND: there is none yet. */
tw_err tw_setup_listener(const struct tw_setup *s, tw_key **ret_key, struct tw_site_chain *ret);
tw_err tw_setup_make_listener(const struct tw_setup *s, const char *host); /* self-signed, when there is none */
tw_err tw_setup_tell(const struct tw_setup *s, const tw_cert *c);          /* names, fingerprint and end, for a person */
/* Asks a running service over DIR/desk.sock. CLOSED: none runs. STATE: it refused, and says why. */
tw_err tw_setup_ask(const struct tw_setup *s, const char *method, const char *path, struct tw_buf *ret_body);
tw_err tw_setup_post(const struct tw_setup *s, const char *path, const char *json, struct tw_buf *ret_body); /* the same, with a body */
tw_err tw_setup_answer(struct tw_slice reply, struct tw_buf *ret_body); /* of its bytes, whole. Pure, but for memory */
#endif
