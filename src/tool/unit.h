/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making one unit, for all commands that do: the desk (authority, product, registry) and what the unit gets. Everything is made in memory
 * here; where it goes, and when the registry is told, is the command's.
 */
#ifndef TW_TOOL_UNIT_H
#define TW_TOOL_UNIT_H
#include "formats/provisioning.h"
#include "tool/ca.h"
#include "tool/roles.h"

/* Rows that every such command has. */
#define TW_OPTIONS_DESK                                                                                          \
	{ "ca", "DIR", true, "the directory made by `thingward ca init`" }, TW_OPTION_PASSPHRASE, TW_OPTION_PIN, \
		{ "product", "DIR", true, "the directory with product.yaml" },                                   \
	{                                                                                                        \
		"model", "MODEL", false, "its model; the first one unless given"                                 \
	}

struct tw_desk {
	struct tw_tool *t;
	const struct tw_sys *sys;
	int ca;
	tw_ca_keys *keys;
	json_t *product;
	tw_registry *registry;
	tw_cert *anchor;
	struct tw_buf manifest; /* signed: the same for all units of the model */
	const char *model;
};
/* Reads the product, opens the authority and locks its registry. The options are those of TW_OPTIONS_DESK. */
tw_err tw_desk_open(struct tw_tool *t, const struct tw_args *a, struct tw_desk *ret);
void tw_desk_done(struct tw_desk *d);

enum tw_unit_is { TW_UNIT_NEW, TW_UNIT_BEGUN, TW_UNIT_COMPLETE };
struct tw_unit {
	struct tw_provisioning record; /* the tool's word about it; whole after tw_unit_certify */
	const char *serial;
	enum tw_unit_is is;
	bool knows_key;             /* record.device_key, before there is a certificate: the unit brought it */
	tw_secret *secret, *master; /* for taking over; of the log */
	struct tw_buf listener, key, cert;
};
void tw_unit_init(const struct tw_sys *sys, struct tw_unit *u);
void tw_unit_done(struct tw_unit *u);
/* Its identifier, and what the registry knows of it. SYNTAX: this is no serial number. */
tw_err tw_unit_name(const struct tw_desk *d, const char *serial, struct tw_unit *u);
tw_err tw_unit_refuse_complete(const struct tw_desk *d, const struct tw_unit *u); /* EXISTS */
/* Secret, seed and listener. */
tw_err tw_unit_secrets(const struct tw_sys *sys, struct tw_unit *u);
/* The certificate over a key of the unit's; tw_unit_identity makes the key too. */
tw_err tw_unit_certify(const struct tw_desk *d, struct tw_unit *u, const tw_key *key);
tw_err tw_unit_identity(const struct tw_desk *d, struct tw_unit *u);
/* The label file, with the secret; ret is the caller's to wipe, with room enough. address may be NULL. */
tw_err tw_unit_label(const struct tw_unit *u, const tw_cert *anchor, const char *address, struct tw_buf *ret);
#define TW_UNIT_LABEL_MAX 8192
/* A label is the only copy of its unit's secret: whose one may be replaced by a new one. */
struct tw_label_claim {
	const char *identifier; /* of the unit that a run before was cut off at; NULL: nobody's */
	const tw_cert *anchor;  /* another authority's unit of this identifier is another unit; NULL: not looked at */
	bool torn;              /* one that cannot be read is what the cut left of this unit's */
};
tw_err tw_unit_label_check(struct tw_tool *t, const char *path, const struct tw_label_claim *claim); /* EXISTS: that one stays */
/* The signed record, and a line for the registry, which is durable after tw_registry_sync. */
tw_err tw_unit_record(const struct tw_desk *d, const struct tw_unit *u, struct tw_buf *ret);
tw_err tw_unit_note(const struct tw_desk *d, const struct tw_unit *u, const char *state);

/* Roles of the device: --roles FILE, or roles.tab in its configuration directory (config -1: none), or on a developer's desk one for all. */
tw_err tw_unit_roles(struct tw_tool *t, const struct tw_args *a, int config, struct tw_roles *ret);
#endif
