/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the local identity share. */
#ifndef TW_DEVICE_IDENTIFICATION_LOCAL_INSIDE_H
#define TW_DEVICE_IDENTIFICATION_LOCAL_INSIDE_H
#include "crypto/chain.h"
#include "device/platform/device.h"

/* The identity as it was kept, whether or not its key is still there. NOTFOUND. */
tw_err tw_local_stored(struct tw_device *d, json_t **ret, struct tw_certs *ret_chain);

#define TW_LOCAL_KEPT_TRIES TW_KEPT_OF_OWNER "local-identity.tries" /* to renew it, that came to nothing; goes with it */

/* Renewing it before it ends (local-renew.c). since: of the identity that was to be renewed. at_ms, wall time, tells one failure from
   another: it counts once, however often it is noted. It is told also when it cannot be counted. task: as below. */
tw_err tw_local_renewal_failed(struct tw_device *d, const char *since, const char *rule, int64_t at_ms, const char *task);
/* An event about the end of this task (its id; NULL: none began), once in a run of the software: an end that does not get through is done
   again every few seconds. Takes fields; NULL: NOMEM. */
tw_err tw_local_tell(struct tw_device *d, const char *task, const char *event, json_t *fields);
void tw_local_changed(struct tw_device *d); /* there is another identity, or none, or a try has ended */
/* When that will be and what came of the last try, as one sentence. NOTFOUND: there is no identity. */
tw_err tw_local_renewal_text(struct tw_device *d, char *ret, size_t size);
#endif
