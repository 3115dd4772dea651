/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every capability of the device may reach beside the context: the product, the device's certificates, the listener's
 * present key, and how the roles are confined. One per core, the context's side.
 *
 * What two capabilities need of one another is a fact or an operation; this holds only what belongs to none of them.
 */
#ifndef TW_DEVICE_PLATFORM_DEVICE_H
#define TW_DEVICE_PLATFORM_DEVICE_H
#include "crypto/dnsnames.h"
#include "device/platform/provider.h"
#include "formats/manifest.h"
#include "service/keys/keys.h"
#include "service/path/path.h"
#include "service/path/withheld.h"
#include "service/wire.h"

#define TW_DEVICE_ROLES 3
#define TW_DEVICE_CAPABILITIES_MAX 12
#define TW_HOME_WITNESS_MAX 160

struct tw_boxed_role {
	char role[TW_WIRE_ROLE_NAME_MAX + 1]; /* "" until it has said so */
	struct tw_sandbox_state box;
};
/* Systems outside that did not meet what is demanded of them (outside.h), since the start. */
struct tw_outside_seen {
	unsigned count;
	int64_t last_ms;
	char place[262], rule[24];
};
/* What was withheld (outputs.h) since the start, or since the setting was last changed: of each of its words in their order. */
struct tw_outputs_seen {
	char words[512];
	struct tw_outputs_count {
		unsigned narrowed, refused;
		int64_t last_ms;
	} of[TW_WITHHELD_MAX];
};
/* Whether this is home, whose systems the owner has named (home.h). */
#define TW_HOME_WHY_MAX 200
struct tw_home {
	enum tw_home_at { TW_HOME_UNKNOWN, TW_HOME_ABROAD, TW_HOME_HERE } at;
	bool asking, said, said_here;     /* what the log has last */
	bool shaken;                      /* something is other with the link, and it was not asked since */
	char why[TW_HOME_WHY_MAX + 1];    /* a sentence */
	char by[TW_HOME_WITNESS_MAX + 1]; /* the setting that at is about */
	int64_t since_ms;                 /* wall clock */
	int64_t next_ms, pause_ms;        /* boot clock: when it is asked again, and after how long then */
	int64_t asked_ms;                 /* boot clock: last */
	int64_t until_ms;                 /* boot clock: here, for so long without an answer */
};
struct tw_device {
	struct tw_context context;
	struct tw_time time;
	const struct tw_capability *capabilities[TW_DEVICE_CAPABILITIES_MAX + 1];
	tw_manifest_doc *manifest_doc;
	const struct tw_manifest *manifest;  /* in manifest_doc */
	tw_cert *manufacturer, *certificate; /* the CA; this unit's own, NULL when it has none */
	tw_cert *listener;                   /* what the label's or the owner's pin must match */
	uint8_t listener_key[32];            /* SHA-256 of its SubjectPublicKeyInfo */
	uint32_t listener_generation;        /* changes with it */
	tw_cert *named;                      /* the owner's over the same key, for browsers; NULL: none */
	struct tw_dns_names names;           /* whom it names: the device answers to them */
	uint32_t named_generation;           /* changes with it */
	uint8_t boot_id[16];
	uint64_t boot_count;
	bool boot_confirmed; /* the mark of this boot is durable */
	uid_t own_uid, application_uid;
	uid_t fetch_uid;      /* 0: not known */
	const char *packages; /* whose database TW_FD_PACKAGES is, as hands was told; NULL: it is none */
	struct tw_boxed_role boxed[TW_DEVICE_ROLES];
	char console_notice[256]; /* a line for the person at the console, "" when there is none; wiped when it was shown */
	bool console_there;       /* somebody at a console would see it */
	struct tw_application_rows *application;
	bool listener_owed;             /* a new owner, and not yet a new listener key */
	struct tw_errands *errands;     /* roles on demand; NULL where nobody could start them */
	struct tw_fetch *fetch;         /* likewise */
	struct tw_hashing *hashing;     /* likewise */
	struct tw_asking *asking;       /* likewise */
	struct tw_firewall *firewall;   /* likewise */
	struct tw_listening *listening; /* likewise */
	struct tw_outside_seen outside;
	struct tw_outputs_seen outputs;
	struct tw_home home;
	struct tw_providers providers;
	/* A capability's word on a setting of its own that waits to be confirmed: NULL or why the device does not live by it yet. */
	const char *(*unsettled)(struct tw_context *c, const char *key);
	/* A capability's, which what drives a link of the product's has said how it is, or has gone; NULL: none. */
	void (*link_told)(struct tw_device *d, size_t provider);
	/* A capability's ear for what speaks to the service manager: m NULL: it is there, or, with line NULL too, has gone. */
	tw_err (*services)(struct tw_device *d, tw_channel *line, const struct tw_message *m);
	struct tw_display_notice display; /* what displays of the product's have to show */
	/* The state of capabilities, each its own folder's business. */
	struct tw_access *access;
	struct tw_remote_state *remote; /* logical-access/remote.h */
	struct tw_identity *identity;
	struct tw_peer_watch *peer_watch; /* NULL until another device was heard */
	struct tw_inventory *inventory;
	struct tw_interfaces *interfaces;
	struct tw_shares *shares;     /* outgoing/shares.h; NULL until the first job */
	struct tw_local *local;       /* NULL until the first job */
	struct tw_selftest *selftest; /* NULL until the first job or status */
};
static inline struct tw_device *tw_device_of(struct tw_context *c)
{
	return c->side;
}

/* A capability of this device: its rows, and what its state needs at start and end. start runs when store, log, keys and
   manifest are open. */
struct tw_part {
	const struct tw_capability *capability; /* NULL ends the list */
	tw_err (*start)(struct tw_device *d);
	void (*stop)(struct tw_device *d);
	tw_err (*mend)(struct tw_device *d); /* what the disk kept from being finished, once more; nothing owed: OK */
	void (*forget)(struct tw_device *d); /* what memory holds of an owner who has gone; cannot fail */
};
extern const struct tw_part tw_parts[]; /* the explicit list, in capabilities.c */

/* Facts kept by name across starts. NOTFOUND when there is none. */
tw_err tw_device_keep(struct tw_device *d, const char *name, const char *value);
tw_err tw_device_kept(struct tw_device *d, const char *name, struct tw_buf *ret);
/* The same for a document, of 64 KiB at most as text; SYNTAX: what is kept is not of this shape. */
tw_err tw_device_keep_json(struct tw_device *d, const char *name, const json_t *j);
tw_err tw_device_kept_json(struct tw_device *d, const char *name, const struct tw_shape *shape, json_t **ret);
tw_err tw_device_forget(struct tw_device *d, const char *name);
/* What is kept under a name that begins so belongs to the owner, and goes with him. */
#define TW_KEPT_OF_OWNER "owner."
tw_err tw_device_forget_owner(struct tw_device *d);

/* Reads the listener's certificate from keys; replace: a new key is made first, and front learns of it after the reply. */
tw_err tw_device_listener(struct tw_device *d, bool replace);
void tw_device_named(struct tw_device *d, tw_cert *certificate, const struct tw_dns_names *names); /* takes it over; NULL: none. Cannot fail */
#endif
