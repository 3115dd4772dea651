/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canary through the form: at its times the role `canary` asks for the report page at the site's public name and sends it, as any stranger does, and the
 * report has to come in through front, the gate and all that the form does. There it is known by its code, goes the whole way of a report into the store, and
 * is taken back within the same transaction: what stays is that it came.
 */
#ifndef TW_SUPPORT_INTAKE_STRANGER_H
#define TW_SUPPORT_INTAKE_STRANGER_H
#include "support/intake/canary.h"
#include "support/platform/app.h"

#define TW_STRANGER_LOOK_MS 600000 /* at most, since the wall clock may be set anew */
#define TW_STRANGER_DEADLINE_MS 70000

struct tw_stranger;
tw_err tw_stranger_new(struct tw_app *a);
struct tw_stranger *tw_stranger_free(struct tw_stranger *k);
void tw_stranger_due(struct tw_app *a);
const char *tw_stranger_missing(const struct tw_app *a); /* why none is sent, as a phrase; NULL: they are */
struct tw_canary_plan tw_stranger_plan(const struct tw_app *a);
#endif
