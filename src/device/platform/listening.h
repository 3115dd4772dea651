/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of where HTTPS is offered: the port of interfaces.https-port, which hands opens and closes.
 *
 * A change waits to be confirmed, and front is told its key only when the port that was confirmed has been tried: what was moved is reached at its new
 * place alone, also after a start.
 */
#ifndef TW_DEVICE_PLATFORM_LISTENING_H
#define TW_DEVICE_PLATFORM_LISTENING_H
#include "device/platform/device.h"

#define TW_LISTENING_PORT "interfaces.https-port"

struct tw_core;
typedef struct tw_listening tw_listening;
tw_err tw_listening_new(struct tw_core *c, tw_listening **ret);
tw_listening *tw_listening_free(tw_listening *l);
tw_err tw_listening_heard(tw_listening *l, const struct tw_message *m); /* hands' LISTENS */
tw_err tw_listening_apply(struct tw_context *c, const char *value);     /* of the setting's row: judges */
bool tw_listening_ready(const struct tw_device *d);                     /* front may be told its key */
/* Does the device live by this setting? NULL: yes, or it is none of ours; else why not yet. */
const char *tw_listening_unsettled(struct tw_context *c, const char *key);
/* HTTPS is offered where the setting says: at this port, 0: that of the command line. False: it is not, and why. */
bool tw_listening_at(struct tw_context *c, uint16_t *ret_port, const char **ret_why);
#endif
