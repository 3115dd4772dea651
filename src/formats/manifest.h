/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product manifest: what a device must know of its own product, compiled from product.yaml and signed by the manufacturer.
 *
 * The tool builds the payload (JSON, doc/spec/manifest.md) and signs it as a JWS of type TW_JWS_MANIFEST; the device verifies
 * it against the manufacturer's CA before reading a word. Pure, and closed: an unknown member is an error, since what the
 * device does not understand it must not half obey.
 */
#ifndef TW_FORMATS_MANIFEST_H
#define TW_FORMATS_MANIFEST_H
#include "formats/jws.h"
#include "formats/network.h"

#define TW_MANIFEST_FORMAT 1
#define TW_MANIFEST_MAX (256 * 1024) /* the signed text */
#define TW_MANIFEST_ROWS 128         /* settings, events, health names: each table; a product with more wants a design review */
#define TW_MANIFEST_FIELDS 16        /* of one event */
#define TW_MANIFEST_PERMISSIONS 64   /* of the product; the gate has room for them beside the device's own */
#define TW_MANIFEST_ROLES 32         /* of the product; the organization needs room for its own */
#define TW_MANIFEST_PROVIDERS 4      /* more than a product has readers */
#define TW_MANIFEST_PROVIDER_NAME_MAX 32
#define TW_MANIFEST_KEEPS_MAX 500 /* names of services */
#define TW_MANIFEST_REMOTE 16     /* rules of access; as many as a person still reads */
#define TW_MANIFEST_NAMES 8       /* roles that one role inherits, or that hold one permission */
#define TW_MANIFEST_ROLE_NAME_MAX 40
#define TW_MANIFEST_PERMISSION_NAME_MAX 64
#define TW_MANIFEST_INTERFACES 64   /* product.yaml has as many */
#define TW_MANIFEST_FLOWS 1024      /* more than one device talks to; what they may take together: flowsets.h */
#define TW_MANIFEST_FLOW_PORTS 8    /* ranges of one flow; what has more is several flows */
#define TW_MANIFEST_FLOW_NETWORKS 8 /* likewise */
#define TW_MANIFEST_SURFACE_NAME_MAX 32
#define TW_MANIFEST_KERNEL_MAX 63
#define TW_MANIFEST_LINK_MAX 15 /* the kernel's own, IFNAMSIZ */

enum tw_manifest_type { TW_MANIFEST_BOOL, TW_MANIFEST_INT, TW_MANIFEST_TEXT, TW_MANIFEST_CHOICE };
/* A setting of the application: the same columns as struct tw_setting_row. All texts borrow from the manifest. */
struct tw_manifest_setting {
	const char *key; /* "application.target-temperature": always begins with "application." */
	enum tw_manifest_type type;
	const char *unit;          /* of an integer, "" when none */
	int64_t min, max;          /* of an integer, or of the length of a text in bytes */
	const char *choices;       /* "a|b|c", "" unless CHOICE */
	const char *default_value; /* as text; a BOOL is "on" or "off" */
	const char *baseline;      /* the secure value */
	const char *help;
};
struct tw_manifest_field {
	const char *key;
	enum tw_json_kind kind; /* TEXT, INT or BOOL */
	bool required;
};
struct tw_manifest_event {
	const char *id;       /* "application.sensor-fault" */
	const char *severity; /* "debug" "info" "notice" "warning" "error" "critical" */
	const char *help;
	struct tw_manifest_field fields[TW_MANIFEST_FIELDS];
	size_t field_count;
};
/* What the application asks about before it acts for somebody. Owners hold all of them. */
struct tw_manifest_permission {
	const char *name; /* "application.setpoint.change": two words at least, which the device's own never have */
	const char *help; /* what it permits, for people */
	const char *roles[TW_MANIFEST_NAMES]; /* of the device or the product; "anyone": everybody, "account": whoever is logged in */
	size_t role_count;
};
struct tw_manifest_role {
	const char *name;                        /* "application.resident" */
	const char *help;                        /* who that is */
	const char *inherits[TW_MANIFEST_NAMES]; /* guest, user, operator, and the product's own; in no ring */
	size_t inherit_count;
};
/*
 * A program of the product's beside its application (platform/provider.h): one that judges who somebody is at a login, one that says that the
 * device's button was pressed (platform/presence.h), one that shows the use notice on the product's own display (platform/display.h), one that
 * drives a link of the manufacturer's own (platform/link.h), or one that speaks to the system's service manager (device/services).
 */
enum tw_manifest_provider_kind {
	TW_MANIFEST_BIOMETRIC,
	TW_MANIFEST_AUTH_PLUGIN,
	TW_MANIFEST_BUTTON,
	TW_MANIFEST_DISPLAY,
	TW_MANIFEST_LINK,
	TW_MANIFEST_SERVICES,
	TW_MANIFEST_PROVIDER_KINDS
};
extern const char *const tw_manifest_provider_kinds[TW_MANIFEST_PROVIDER_KINDS]; /* "biometric" and so on */
struct tw_manifest_provider {
	const char *name; /* "reader" */
	const char *help; /* what it is, for people */
	enum tw_manifest_provider_kind kind;
	uint32_t uid;      /* as whom it runs on the device; never root */
	const char *keeps; /* of services: those that the product needs and that are never off, as words; "": none */
};
/*
 * Ways in and out that the product has, as the kernel names them: what is not among them should not be there (device/interfaces), and what
 * no flow allows should not come or go (service/firewall/flows.h).
 */
enum tw_manifest_interface_kind {
	TW_MANIFEST_ETHERNET,
	TW_MANIFEST_WIFI,
	TW_MANIFEST_CELLULAR,
	TW_MANIFEST_ZIGBEE,
	TW_MANIFEST_THREAD, /* up to here: links */
	TW_MANIFEST_BLUETOOTH,
	TW_MANIFEST_USB,
	TW_MANIFEST_SERIAL,
	TW_MANIFEST_CAMERA,
	TW_MANIFEST_MICROPHONE,
	TW_MANIFEST_INPUT,
	TW_MANIFEST_STORAGE,
	TW_MANIFEST_SERVICE, /* a socket that listens */
	TW_MANIFEST_INTERFACE_KINDS
};
extern const char *const tw_manifest_interface_kinds[TW_MANIFEST_INTERFACE_KINDS];
struct tw_manifest_interface {
	const char *name; /* "lan" */
	enum tw_manifest_interface_kind kind;
	const char *kernel; /* "eth0", "eth*"; of a service "tcp 8443" */
	const char *purpose;
	bool on; /* as delivered */
};
struct tw_manifest_ports {
	uint16_t from, to;
};
struct tw_manifest_flow {
	const char *name; /* "readings" */
	const char *purpose;
	size_t interface;                                       /* a link of tw_manifest.interfaces */
	bool in, out;                                           /* who opens it; answers go either way */
	bool udp;                                               /* else TCP */
	struct tw_manifest_ports ports[TW_MANIFEST_FLOW_PORTS]; /* of whoever is asked */
	struct tw_network networks[TW_MANIFEST_FLOW_NETWORKS];  /* where the other side is */
	size_t port_count, network_count;
	bool optional; /* the owner may switch it off */
};
/* As people read them: "443 5000-5010", "10.0.0.0/8 2001:db8::1". */
struct tw_manifest_flow_texts {
	char ports[12 * TW_MANIFEST_FLOW_PORTS], networks[TW_NETWORK_TEXT_MAX * TW_MANIFEST_FLOW_NETWORKS];
};
struct tw_manifest_contact {
	const char *kind;    /* "security" "support" "documents" "privacy" */
	const char *address; /* URI: mailto:, tel: or https: */
};
/* How fast the product promises its cryptography to be; all of it or, when the maker declares nothing, all 0. */
struct tw_manifest_floors {
	int64_t hash, seal;   /* KiB a second */
	int64_t sign, verify; /* a second */
};
struct tw_manifest {
	/* Who made what. */
	const char *organization;  /* name, for people */
	uint32_t pen;              /* IANA Private Enterprise Number */
	const char *product;       /* name, for people */
	const char *product_class; /* of the identifier */
	const char *model;
	const char *hardware; /* revision(s), for people; "" when none are told apart */
	const char *version;  /* of the product's software */
	/* Until when it is cared for: RFC 3339 dates, "" when not stated. */
	const char *support_start, *support_end;
	struct tw_manifest_contact contacts[8];
	size_t contact_count;
	struct tw_manifest_floors floors;
	/* What the application adds to the device's tables. */
	const struct tw_manifest_setting *settings;
	size_t setting_count;
	const struct tw_manifest_event *events;
	size_t event_count;
	const char *const *health; /* names the application must report as healthy before a boot is confirmed */
	size_t health_count;
	const struct tw_manifest_permission *permissions;
	size_t permission_count;
	const struct tw_manifest_role *roles;
	size_t role_count;
	const struct tw_manifest_provider *providers;
	size_t provider_count;
	const json_t *remote; /* its rules of access, in the form of doc/spec/manifest.md; NULL: none */
	const struct tw_manifest_interface *interfaces;
	size_t interface_count; /* 0: the product does not declare them */
	const struct tw_manifest_flow *flows;
	size_t flow_count;         /* likewise */
	const char *const *claims; /* catalog ids that the maker claims for this product */
	size_t claim_count;
};
typedef struct tw_manifest_doc tw_manifest_doc; /* owns everything a tw_manifest points at */
tw_manifest_doc *tw_manifest_free(tw_manifest_doc *d);
TW_DEFINE_FREEP(tw_manifest_doc, tw_manifest_free)
const struct tw_manifest *tw_manifest_of(const tw_manifest_doc *d);

/* The payload alone: form and ranges. SYNTAX names the member. For the compiler in src/product, and as the second half of verify. */
tw_err tw_manifest_read(const struct tw_sys *sys, json_t *payload, tw_manifest_doc **ret);
/* The signed text: signature, signer issued by anchor (the manufacturer's CA) and in time, then tw_manifest_read. UNTRUSTED, SYNTAX. */
tw_err tw_manifest_verify(const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, tw_manifest_doc **ret);
void tw_manifest_flow_texts(const struct tw_manifest_flow *f, struct tw_manifest_flow_texts *ret);
tw_err tw_manifest_ports_read(const char *word, struct tw_manifest_ports *ret); /* "443" or "5000-5010"; SYNTAX */
/* The payload of a manifest, the inverse of tw_manifest_read: what src/product signs. */
tw_err tw_manifest_write(const struct tw_manifest *m, json_t **ret);
#endif
