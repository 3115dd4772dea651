/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of somebody who uses devices: owner.key (0600) and owner.crt, unless he only logs in by a password; devices/NAME.json for
 * each device, with its address, the pinned listener key, its identifier and the certificate of the manufacturer that vouches for it;
 * logins/NAME.json (0600), what a login to it left.
 */
#ifndef TW_TOOL_OWNER_H
#define TW_TOOL_OWNER_H
#include "crypto/cert.h"
#include "tool/client.h"
#include "tool/tool.h"

#define TW_OWNER_KEY "owner.key"
#define TW_OWNER_CERT "owner.crt"
#define TW_NAME_MAX 64

typedef struct tw_owner tw_owner;
tw_err tw_owner_open(struct tw_tool *t, const char *path, tw_owner **ret);
/* Opens, and makes the directory when there is none; no key. */
tw_err tw_owner_enter(struct tw_tool *t, const char *path, tw_owner **ret);
/* Opens, and makes key and self-signed certificate when there are none. */
tw_err tw_owner_make(struct tw_tool *t, const char *path, const char *name, tw_owner **ret);
tw_owner *tw_owner_free(tw_owner *o);
TW_DEFINE_FREEP(tw_owner, tw_owner_free)
int tw_owner_dir(const tw_owner *o);
const struct tw_sys *tw_owner_sys(const tw_owner *o);
bool tw_owner_has_key(const tw_owner *o);
const tw_cert *tw_owner_cert(const tw_owner *o); /* NULL without a key, as the next */
const tw_key *tw_owner_key(const tw_owner *o);
void tw_owner_place(const tw_owner *o, struct tw_place *ret); /* fills in certificate and key, if there are any */

/* What is known of one device. */
struct tw_device {
	char name[TW_NAME_MAX + 1];
	char address[320];
	uint8_t listener[32];
	char identifier[256];
	json_t *data; /* owned: as in the file */
};
void tw_device_done(struct tw_device *d);
bool tw_device_name_valid(const char *name);
tw_err tw_device_check(const json_t *data); /* SYNTAX: not what a file of one holds */
/* By name, or by address. NOTFOUND. */
tw_err tw_owner_device(struct tw_tool *t, const tw_owner *o, const char *name_or_address, struct tw_device *ret);
/* The names of all devices that a file of their own is kept of, in order of the alphabet: an array of text. */
tw_err tw_owner_names(const tw_owner *o, json_t **ret);
tw_err tw_owner_keep(const tw_owner *o, const char *name, const json_t *data);
#endif
