/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What interfaces this device has: links, listening sockets, radios, and what is plugged in. The watch role sees them; core keeps them,
 * in memory and bounded, compares each look with the one before, and records what is other.
 *
 * Nothing of it is kept across a start: the first look after one says what there is and is no event.
 */
#ifndef TW_DEVICE_INTERFACES_H
#define TW_DEVICE_INTERFACES_H
#include "device/platform/device.h"
#include "service/watch/watch-wire.h"

#define TW_INTERFACES_MAX 256 /* those that have gone make room first; what finds none is said to be missed */
#define TW_INTERFACES_SOCKETS (TW_INTERFACES_MAX / 2) /* of them: whoever opens many hides nothing else by that */
#define TW_INTERFACES_SERVICES 48                     /* likewise */
#define TW_INTERFACES_TOLD_MAX 60 /* events a minute, and as many of what is not declared; beyond that they are counted */

struct tw_interface {
	uint64_t id;
	enum tw_watch_kind kind;
	bool present, marked;                         /* marked: in the look that is being taken */
	const struct tw_manifest_interface *declared; /* NULL: the product has no such, or declares none */
	bool known;                                   /* declared, or the device's own */
	uint8_t own; /* a link of the manufacturer's own: its place among the manifest's providers, from 1; 0: the watch role's */
	int64_t first_ms, last_ms;                          /* wall clock; last: of a change, while it is present */
	const char *name, *what, *driver, *address, *state; /* behind this, in the same memory */
};
/* Which of them are to be off, and whether they are: control.c. */
#define TW_CONTROL_OFF_MAX 1023
struct tw_control_role;
enum tw_control_of { TW_CONTROL_LINKS, TW_CONTROL_PARTS, TW_CONTROL_SERVICES, TW_CONTROLS };
struct tw_control {
	struct tw_context *context;
	const struct tw_control_role *role; /* switch.h */
	bool begun, asked, told, holds, looked;
	tw_channel *line;
	uint32_t tag, count;                     /* count: how many there are that are off by it */
	int64_t until_ms, again_at_ms, again_ms; /* boot clock: it has to have answered; it is put again, after how long */
	int64_t held_ms;                         /* boot clock: it holds since */
	bool is_recorded;                        /* that this list is in force */
	char off[TW_CONTROL_OFF_MAX + 1];        /* as the role was told last */
	char was[TW_CONTROL_OFF_MAX + 1];        /* what may be off by us, as it is kept across starts */
	struct tw_buf taken; /* whose driver may be taken away by us, kept likewise (service/firewall/taken.h) */
	int64_t written_ms;  /* boot clock: the minute in which the role had that written, */
	unsigned written;    /* and how often */
	char why[TW_DETAIL_MAX], said[TW_DETAIL_MAX]; /* why it is not so; said: as it was recorded */
};
/* What drives a link of the manufacturer's own, as it was told: own.c. */
struct tw_own_link {
	bool told, may; /* it was, on this connection; what */
	bool owed;      /* it did not read it */
	bool was_off, late;
	int64_t again_ms; /* boot clock: it is told again, when it has to be */
};
struct tw_own_links {
	struct tw_own_link of[TW_MANIFEST_PROVIDERS];
	int64_t list_ms[TW_MANIFEST_PROVIDERS]; /* boot clock: its word could not be taken into the list, and is then; 0: it was */
	int64_t amiss_ms;                       /* boot clock: since when not all is off that has to be; 0: it is */
	char why[TW_DETAIL_MAX], said[TW_DETAIL_MAX];
};
struct tw_wifi;      /* wifi.h */
struct tw_cellular;  /* cellular.h */
struct tw_bluetooth; /* bluetooth.h */
struct tw_interfaces {
	struct tw_wifi *wifi;
	struct tw_cellular *cellular;
	struct tw_bluetooth *bluetooth;
	struct tw_control control[TW_CONTROLS];
	struct tw_own_links own;
	enum { TW_INTERFACES_AWAY, TW_INTERFACES_BEGUN, TW_INTERFACES_HERE } role;
	tw_channel *line; /* while HERE */
	bool asked, owed; /* a look that has not come back yet; one that has to be asked for */
	bool known;       /* there was one since the role is here, and it was taken whole */
	bool ever;        /* there was one since the start */
	bool full;
	/* Services: the parts that came of what there are; a look at them was taken; there are more than are listed, or than
	   were said. */
	struct tw_buf services;
	size_t service_parts;
	bool services_ever, services_full, services_more;
	uint8_t missed;          /* enum tw_watch_missed */
	char why[TW_DETAIL_MAX]; /* it is not here; "" when that is nobody's fault */
	int64_t seen_ms;         /* wall clock */
	/* Boot clock: when it is begun or asked again, after how long, since when it is here, and since when events are counted. */
	int64_t again_ms, pause_ms, here_ms, minute_ms;
	unsigned told, told_undeclared; /* whoever makes many events hides by that no interface that should not be there */
	int64_t untold;
	uint64_t last_id;
	size_t count;
	struct tw_interface *of[TW_INTERFACES_MAX]; /* by id */
};
tw_err tw_interfaces_start(struct tw_device *d);
void tw_interfaces_stop(struct tw_device *d);
bool tw_interfaces_watched(const struct tw_device *d); /* what it has is what there is */

/* control.c: does the device live by what the setting says now? NULL: yes, or it is none of ours; else why not yet. */
const char *tw_control_unsettled(struct tw_context *c, const char *key);
const char *tw_control_unsettled_role(struct tw_context *c, enum tw_control_of which); /* the same of what one role has */
bool tw_control_is_listed(struct tw_context *c, enum tw_control_of which);             /* roles.tab has its line */
void tw_control_start(struct tw_device *d);
void tw_control_stop(struct tw_device *d);
/* The words of the setting for the mode that is on, "" when nothing is to be off. */
tw_err tw_control_wanted(struct tw_context *c, char ret[TW_CONTROL_OFF_MAX + 1]);
bool tw_control_holds(struct tw_context *c);                                 /* what is to be off is, as was last read back */
bool tw_control_has_off(struct tw_context *c, const struct tw_interface *i); /* it is to be */
tw_err tw_control_say(struct tw_context *c, json_t *o);                      /* into the list */

/* own.c: links of the manufacturer's own, each driven by a program of its (platform/link.h). */
void tw_own_told(struct tw_device *d, size_t at); /* it has said how it is, or has gone */
tw_err tw_own_job(struct tw_context *c);
int64_t tw_own_due_ms(struct tw_context *c);
const char *tw_own_unsettled(struct tw_context *c); /* NULL: all that are to be off say that they are */
bool tw_own_has_off(struct tw_context *c, size_t at);

/* seen.c: one of them, as it is now. */
tw_err tw_interfaces_take_own(struct tw_device *d, size_t at, const struct tw_watch_item *i);
/* seen.c: one look, as the role says it. UNTRUSTED: it says what no role of ours says; NOMEM. */
tw_err tw_interfaces_take(struct tw_device *d, struct tw_slice seen);
/* Likewise of services alone: items of that kind, all there are. */
tw_err tw_interfaces_take_services(struct tw_device *d, struct tw_slice items);
/* Whoever says it has gone: it is not known what has become of them, and they are "unwatched" until it is said again. */
tw_err tw_interfaces_leave_services(struct tw_device *d);
/* services.c: what the process says that speaks to the service manager (device.h). */
tw_err tw_services_heard(struct tw_device *d, tw_channel *line, const struct tw_message *m);
/* declared.c: what the product says of it, into i; false: it should not be there. */
bool tw_interfaces_judge(const struct tw_device *d, struct tw_interface *i);
bool tw_interfaces_declared(const struct tw_device *d); /* the product declares its interfaces at all */
/* Declared, switched on as delivered, and not there. */
bool tw_interfaces_absent(const struct tw_device *d, const struct tw_manifest_interface *m);
size_t tw_interfaces_undeclared(const struct tw_device *d); /* how many are there */
/* Records an event within the budget, or counts it. fields is consumed. */
tw_err tw_interfaces_tell(struct tw_device *d, const char *id, json_t *fields);
/* What was counted, when its minute is over. */
tw_err tw_interfaces_tell_more(struct tw_device *d);
#endif
