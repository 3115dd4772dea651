/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Providers: programs of the product's that judge who somebody is, each a process of its own on the application's door; and those that say that its
 * button was pressed (presence.h), show the use notice on its display (display.h) or drive a link of its own (link.h), of whom nothing is asked.
 *
 * Who may be which the signed manifest says, by the user it runs as, which the kernel tells; each is there once. A question has an id that
 * is drawn for it, and a time; what answers it is a verdict under that id on the connection it went out by, once. Whatever else happens
 * is no verdict, and whoever asked is told which it was: an end of the connection, silence, an answer that cannot be read. Nothing here waits.
 */
#ifndef TW_DEVICE_PLATFORM_PROVIDER_H
#define TW_DEVICE_PLATFORM_PROVIDER_H
#include "device/platform/budget.h"
#include "formats/manifest.h"
#include "formats/screen.h"
#include "service/path/path.h"
#include "sys/application.h"

#define TW_PROVIDER_RULE 48

struct tw_device;

/* How a question ended. */
enum tw_provider_end {
	TW_PROVIDER_YES,
	TW_PROVIDER_NO,
	TW_PROVIDER_CANNOT, /* it says that it could not find out */
	TW_PROVIDER_GONE,
	TW_PROVIDER_LATE,
	TW_PROVIDER_MALFORMED,
	TW_PROVIDER_CONTESTED, /* two wanted it for one account: whose login it would answer cannot be known */
	TW_PROVIDER_ENDS,
};
struct tw_provider_question {
	int64_t account;
	int64_t wait_ms;
	/* Once, and not before tw_provider_ask has returned. */
	void (*ended)(void *user, enum tw_provider_end how);
	void *user;
};
/* Of a display. */
struct tw_display_seat {
	struct tw_screen screen; /* columns 0: it has not said */
	size_t pages;            /* of what it was sent last */
	bool says, owed;         /* it has said what it shows; it did not read what it has to show now */
	uint8_t shown[TW_APP_NOTICE_ID];
};
/* Of what drives a link. */
struct tw_link_seat {
	bool says, unsure; /* it has said what it drives; it said more than is heard, so that its state is not known */
	enum tw_app_link_state state;
	char technology[TW_APP_TECHNOLOGY_MAX + 1], driver[TW_APP_DRIVER_MAX + 1];
	int64_t paid_ms; /* boot clock: until when what it said is paid for */
};
/* One for each that the manifest has, in its order. */
struct tw_provider_seat {
	tw_channel *line; /* its connection, which is the door's; NULL: it is not there */
	bool simulated;
	uint8_t challenge[TW_APP_CHALLENGE];
	int64_t until_ms;                  /* boot clock */
	struct tw_provider_question asked; /* ended NULL: nothing is */
	bool contested;                    /* no verdict counts any more */
	struct tw_budget coming;           /* of this one alone, so that no other keeps it away */
	int64_t next_press_ms, press_wait_ms; /* boot clock: when the next press is heard, and what a button waits for after one for nothing */
	struct tw_display_seat display;
	struct tw_link_seat link;
};
#define TW_DISPLAY_TEXT_MAX 1760
struct tw_display_notice {
	char text[TW_DISPLAY_TEXT_MAX + 1]; /* "": there is none */
	uint8_t id[TW_APP_NOTICE_ID];       /* zeros then */
};
struct tw_providers {
	struct tw_provider_seat of[TW_MANIFEST_PROVIDERS];
};

/* It judges logins: its kind is that of a second factor. */
bool tw_provider_judges(const struct tw_manifest_provider *p);
int tw_provider_named(const struct tw_device *d, struct tw_slice name); /* its place; -1: the product has none of that name */
const struct tw_manifest_provider *tw_provider_of_user(const struct tw_device *d, uid_t uid); /* NULL: he is none's */
bool tw_provider_of_services(const struct tw_device *d, const tw_channel *line); /* it speaks to the service manager, and is there by this line */
bool tw_provider_busy(const struct tw_device *d, size_t at);
/* NOTFOUND: it is not there, or its connection is full. STATE: it is asked something already. */
tw_err tw_provider_ask(struct tw_device *d, size_t at, const struct tw_provider_question *q);
/* Whom it is asked for is another login's account too: it ends without a verdict, behind what is done now. */
void tw_provider_contest(struct tw_device *d, size_t at);
void tw_provider_cancel(struct tw_device *d, const void *user); /* his questions: nobody is told any more */

/*
 * For the door. ret_rule: why not, NULL when it was done. An error is the end of the connection.
 */
tw_err tw_provider_join(struct tw_device *d, tw_channel *line, uid_t uid, struct tw_slice payload, const char **ret_rule);
tw_err tw_provider_verdict(struct tw_device *d, const tw_channel *line, struct tw_slice payload, const char **ret_rule);
/* What one of them did, by the one path. Takes input over. ret_rule: why it was refused, "" when it was done. */
tw_err tw_provider_walk(
	struct tw_device *d, const struct tw_subject *who, const char *operation, json_t *input, char ret_rule[TW_PROVIDER_RULE]);
void tw_provider_leave(struct tw_device *d, const tw_channel *line); /* the connection ends; it may be nobody's */
void tw_provider_stop(struct tw_device *d);                          /* the device ends: nobody is told any more */
#endif
