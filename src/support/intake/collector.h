/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App's side of taking mail: asks the role mail-in for the next message, commits what becomes of it, and only then lets the role mark it as seen. One at a
 * time; when there is none, it is looked again after `every` seconds of inmail.json.
 */
#ifndef TW_SUPPORT_INTAKE_COLLECTOR_H
#define TW_SUPPORT_INTAKE_COLLECTOR_H
#include "support/platform/app.h"

#define TW_COLLECTOR_LOOK_MS 300000 /* when nothing is configured, or it is not right */
#define TW_COLLECTOR_FIRST_MS 30000 /* after a fault, doubling, */
#define TW_COLLECTOR_MOST_MS 1800000
#define TW_COLLECTOR_DEATHS 3 /* of the role at one message: it is not read any more, only kept */

struct tw_collector;
tw_err tw_collector_new(struct tw_app *a);
struct tw_collector *tw_collector_free(struct tw_collector *k);
void tw_collector_due(struct tw_app *a);
const char *tw_collector_missing(const struct tw_app *a); /* why no mail is taken, as a phrase; NULL: it is */
const char *tw_collector_address(const struct tw_app *a); /* "": it is not known */
bool tw_collector_canary(const struct tw_app *a);         /* one is sent at its times */
#endif
