/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's own rows: what the manifest says about the application, turned into the rows the path knows, so that its
 * settings and events are treated like ours. Also what the application has reported about its health.
 */
#ifndef TW_DEVICE_PLATFORM_APPLICATION_H
#define TW_DEVICE_PLATFORM_APPLICATION_H
#include "device/platform/device.h"

typedef struct tw_application_rows tw_application_rows;
tw_err tw_application_new(const struct tw_sys *sys, const struct tw_manifest *m, tw_application_rows **ret);
tw_application_rows *tw_application_free(tw_application_rows *a);
TW_DEFINE_FREEP(tw_application_rows, tw_application_free)
const struct tw_capability *tw_application_capability(const tw_application_rows *a);
/* The row of an event the manifest declares; NULL: it declares none of that name. */
const struct tw_event_row *tw_application_event(const tw_application_rows *a, struct tw_slice id);
const struct tw_setting_row *tw_application_setting(const tw_application_rows *a, struct tw_slice key);
/* NOTFOUND: the manifest asks for no such name. ret_changed: it is another answer than before. */
tw_err tw_application_report(tw_application_rows *a, struct tw_slice name, bool well, bool *ret_changed);
/* As if it had not reported: what could not be recorded is not known, and is recorded when it comes again. */
void tw_application_forget(tw_application_rows *a, struct tw_slice name);
/* The names that are not well or have not reported, with blanks between; false when there is none. */
bool tw_application_missing(const tw_application_rows *a, char *ret, size_t size);
/* The i-th name of its health, and how that is: "well", "unwell" or "unreported". NULL: no more. */
const char *tw_application_health(const tw_application_rows *a, size_t i, const char **ret_state);
#endif
