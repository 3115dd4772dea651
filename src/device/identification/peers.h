/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other devices that may talk to this one: whom the owner trusts, and what each may do.
 *
 * All of it is one JSON document among the facts kept by name: it changes as a whole or not at all, both formats of the store have
 * a place for it, and none of it lies in memory while no other device calls.
 *
 *     anchors   [{name, certificate}]     authorities whose certificates name devices
 *     peers     [{identifier, key}]       single devices by the hash of their key; stronger than any anchor
 *     revoked   [{anchor, serial}]        certificates that an anchor made and that count no more
 *     policies  [{name, subject, target, operation, allow}]
 */
#ifndef TW_DEVICE_IDENTIFICATION_PEERS_H
#define TW_DEVICE_IDENTIFICATION_PEERS_H
#include "device/platform/trust.h"

#define TW_PEER_ANCHORS_MAX 4 /* a home has one or two makers with devices that talk to one another */
#define TW_PEER_KEYS_MAX 32
#define TW_PEER_REVOKED_MAX 128 /* more than this is a reason to remove the anchor */
#define TW_POLICIES_MAX 32
#define TW_PEER_NAME_MAX 58 /* of an identifier: a subject's name in the log has 63 bytes, "peer:" among them */

tw_err tw_peers_start(struct tw_device *d);
void tw_peers_stop(struct tw_device *d);
/* Told of each request of a device whose claim held, before it is served. */
tw_err tw_peers_heard(struct tw_device *d, const struct tw_request *rq, const char *identifier);
tw_err tw_peers_watched(struct tw_context *c, const struct tw_request *rq, int status);
void tw_peers_unhear(struct tw_device *d, struct tw_slice identifier); /* what was seen of it counts no more */
/* What two devices that go by one identity leave behind (suspects.c). */
struct tw_suspicion {
	const char *identifier, *why, *source;
};
tw_err tw_suspect(struct tw_device *d, const struct tw_suspicion *s);  /* kept when it returns OK */
tw_err tw_suspects(struct tw_device *d, json_t **ret, bool *ret_full); /* a list; full: there were more than it holds */
/* The document; an empty one when nothing was ever kept. */
tw_err tw_peers_load(struct tw_context *c, json_t **ret);
tw_err tw_peers_save(struct tw_context *c, const json_t *document);
#endif
