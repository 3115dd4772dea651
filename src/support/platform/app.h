/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The app role: the one process that owns the database and the log. One loop, which sleeps until something is there.
 *
 * It has no network and no private key. Requests come framed by front through the door of src/service; the path walks them, and nothing
 * is acknowledged before it is on the disk.
 */
#ifndef TW_SUPPORT_PLATFORM_APP_H
#define TW_SUPPORT_PLATFORM_APP_H
#include "crypto/sitechain.h"
#include "service/door/door-front.h"
#include "service/door/door-local.h"
#include "service/hash/hashing.h"
#include "service/role.h"
#include "service/wire.h"
#include "support/platform/admission.h"
#include "support/platform/desk.h"

#include <event2/event.h>

#define TW_APP_STORE "support.db"
#define TW_APP_BACKUP "support.backup" /* the copy of it that a backup takes away */
#define TW_APP_STORE_WORD "store"      /* the parent's: where PostgreSQL is, when the store is there */
#define TW_APP_COMMIT_MS 200           /* a read's record may be lost with this much of the last moment before a power cut */
#define TW_APP_CHECKPOINT_MS 60000

struct tw_app {
	const struct tw_sys *sys;
	struct tw_context context;
	struct tw_time time;
	tw_cert *identity;
	struct tw_site_chain listener;
	uint32_t listener_generation;
	int64_t started_ms; /* wall time */
	uint8_t boot_id[16];
	int dir, log_dir;       /* its own, with the database, and the log's */
	struct tw_staff *staff; /* who comes in (support/staff) */
	tw_store_copy *backup;  /* being made; NULL: none is */
	tw_errands *errands;    /* roles on demand */
	tw_hashing *hashing;
	struct tw_sender *sender;         /* what goes out (support/outbox); NULL: nothing does yet */
	struct tw_collector *collector;   /* mail that comes in (support/intake) */
	struct tw_stranger *stranger;     /* reports of our own by the form (support/intake) */
	struct tw_signing *signing;       /* signatures of advisories (support/advisories); NULL: nothing signs yet */
	void (*errand_settle)(void *app); /* after a timer of its parts */
	struct event_base *loop;
	tw_channel *hands;
	tw_door_front *front;
	tw_door_local *local;
	struct event *line_timer; /* NULL: there is no line to a store of the network */
	struct event *hands_event, *commit_timer, *checkpoint_timer, *refusal_timer, *throttle_timer, *mend_timer, *alarm_timer,
		*tell_timer, *days_timer, *listener_timer, *look_timer, *plan_timer, *rest_timer;
	int64_t mend_ms;     /* how long the mend timer waits the next time */
	uint64_t signed_seq; /* the log is signed up to here */
	struct tw_admission admission;
	struct tw_desk desk;
	bool alarms_failed, alarms_unsure,
		alarms_left; /* unsure: an event may be in the log and its alarm not say so; left: some are not in it yet */
	json_t *products;    /* support/subscriptions/products.h */
	bool said_ready, draining;
	bool plans_failed;                /* what is to be published at a set time is looked at when a minute is over */
	bool tree_waits;                  /* the tree of advisories was not looked through at the start */
	bool files_changed;               /* files of reports came or went: their room is looked at */
	bool reports_changed;             /* as with files */
	bool sends_used_up, sends_looked; /* what strangers may send together was, when it was looked at last; it was looked at */
	bool tell_waits;                  /* it was said that telling subscribers stands still */
	int status;                       /* of the process */
};
static inline struct tw_app *tw_app_of(struct tw_context *c)
{
	return c->side;
}
int tw_app_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run */
void tw_app_settle(struct tw_app *a); /* arms the timers of whatever is due: after anything was done */

/* Opens what the app stands on, in the order in which each needs the one before: keys, store, log, gate. */
tw_err tw_app_open(struct tw_app *a, const struct tw_role_start *start);
void tw_app_close(struct tw_app *a);
void tw_app_settle_tree(struct tw_app *a); /* brings the tree of advisories to what the store says */

/* The role that holds the line to a store of the network: there as long as we are. */
#define TW_APP_LINE_MS 2000
tw_err tw_app_line_new(struct tw_app *a, const char *address);

/* Telling subscribers, in slices between everybody else's requests, and what dates tell by themselves. */
#define TW_APP_TELL_WAIT_MS 10000 /* while the outbox is full */
#define TW_APP_DAYS_MS 3600000    /* dates are looked at, and what is out of date is forgotten, each hour */
#define TW_APP_STEP_MS 1000       /* between two steps of forgetting */
tw_err tw_app_tell_new(struct tw_app *a);
void tw_app_days_begin(struct tw_app *a); /* once all is open */
void tw_app_tell_due(struct tw_app *a);   /* after whatever may have published something */

/* When whoever waited for the start has been answered: looks through an audit log and a database that were closed whole and therefore opened at once, and
   through the tree of advisories; and through segments of the log once they have ended. Damage ends the loop with status 1, and the next start looks first:
   it sets such a log aside, and takes no such database. */
#define TW_APP_LOOK_MS 1000
#define TW_APP_LOOK_SLICE_MS 8
tw_err tw_app_look_new(struct tw_app *a);
void tw_app_look_due(struct tw_app *a); /* after whatever may have ended a segment of the log */

/* Gives memory back that was freed, once nobody has wanted anything for a moment. */
#define TW_APP_REST_MS 500
tw_err tw_app_rest_new(struct tw_app *a);
void tw_app_rest_due(struct tw_app *a); /* after anything was done */

/* When a failed sync has made the log or the store refuse changes: tries the disk, and ends the loop with status 1 when it takes writes again. */
#define TW_APP_MEND_MS 2000 /* doubling, to TW_APP_MEND_MAX_MS */
#define TW_APP_MEND_MAX_MS 60000
tw_err tw_app_mend_new(struct tw_app *a);
void tw_app_mend_due(struct tw_app *a); /* after whatever may have failed */

/* Raises what is due of the clocks of Article 14 (cases/alarms.h). */
#define TW_APP_ALARM_LOOK_MS 600000
#define TW_APP_ALARM_AGAIN_MS 60000
struct tw_alarm;
tw_err tw_app_alarm_mail(struct tw_context *c, const struct tw_alarm *n, void *user); /* to those whom desk.json names, in the alarm's transaction */
tw_err tw_app_alarms_new(struct tw_app *a);
void tw_app_alarms_due(struct tw_app *a); /* after whatever may have changed a case */

/* Publishes at a set time (advisories/plan.h). */
tw_err tw_app_plans_new(struct tw_app *a);
void tw_app_plans_due(struct tw_app *a); /* after whatever may have planned something, or have ended what kept it back */

/* The listener's certificate: looked at each day when it has an end, for whoever has to renew it. */
tw_err tw_app_listener_new(struct tw_app *a);
void tw_app_listener_due(struct tw_app *a); /* there is one, or another one */
#endif
