/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of access at the device and from afar (service/path/remote.h), as this device keeps and obeys them. The setting names the
 * policy that counts by its digest, so that a new one waits to be confirmed as every change that could cut somebody off; what it says is
 * kept beside, together with that before it. Asked of every request, also of what goes on behind one.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_REMOTE_H
#define TW_DEVICE_LOGICAL_ACCESS_REMOTE_H
#include "device/platform/device.h"
#include "service/path/remote.h"

#define TW_REMOTE_KEY "logical-access.remote-access"
#define TW_REMOTE_OFF "off"
#define TW_KEPT_REMOTE TW_KEPT_OF_OWNER "remote-access"
#define TW_REMOTE_POLICY_MAX 20480 /* as text: two of them fit into what is kept under one name */
#define TW_REMOTE_DIGEST 32        /* hex digits of a policy's SHA-256 */

struct tw_remote_state {
	char id[512]; /* the setting's value that the policy was read by */
	tw_remote *policy;
	bool lost;                     /* the setting names a policy that cannot be read: nobody comes in over the network */
	struct tw_remote_rows product; /* the manufacturer's, as its manifest has them */
	struct tw_remote_verdict said; /* the last refusal: what a decision borrows */
	char ended[512];               /* the setting's value by which sessions were last looked at */
};

tw_err tw_remote_start(struct tw_device *d); /* hangs it into the path */
void tw_remote_stop(struct tw_device *d);
/* The policy that counts now; NULL: none does. lost: as the state's. */
tw_err tw_remote_policy(struct tw_device *d, const tw_remote **ret, bool *ret_lost);
bool tw_remote_counts(const struct tw_device *d, const tw_remote *p, size_t i); /* the i-th of them: it is not optional, or the policy names it */
enum tw_remote_door tw_remote_door_of(struct tw_device *d, const struct tw_subject *s);

/* What is kept: an object of policies by their digests. */
tw_err tw_remote_kept(struct tw_device *d, json_t **ret);
tw_err tw_remote_check(struct tw_device *d, const json_t *policy, tw_remote **ret); /* SYNTAX, LIMIT: no policy; DENIED: not here */
#endif
