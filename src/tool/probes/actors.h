/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and authorities that a probe makes up: keys and certificates of the moment, in memory, with fresh names. */
#ifndef TW_TOOL_PROBES_ACTORS_H
#define TW_TOOL_PROBES_ACTORS_H
#include "tool/probes/probe.h"

/* One made-up device: its identifier, key, and certificate, as files that only this process has. */
struct tw_actor {
	const struct tw_sys *sys;
	char identifier[64], print[65], serial[48];
	tw_key *key;
	tw_cert *cert;
	int cert_fd, key_fd;
	char cert_path[32], key_path[32];
};
void tw_actor_done(struct tw_actor *a);
/* issuer NULL: it vouches for itself. identifier "": a fresh one. */
tw_err tw_actor_make(struct tw_probe_context *c, const char *identifier, const struct tw_actor *issuer, struct tw_actor *ret);
tw_err tw_actor_authority(struct tw_probe_context *c, struct tw_actor *ret);
tw_err tw_actor_files(struct tw_actor *a); /* of a key and a certificate that somebody else made */
/* One request as this device; ret_rule "" when it was answered. A connection of its own, as the device closes false ones. */
tw_err tw_actor_asks(struct tw_probe_context *c, const struct tw_actor *a, const char *path, long *ret_status, char ret_rule[64]);
tw_err tw_actor_pin(struct tw_probe_context *c, const struct tw_actor *a);   /* the owner makes it known, by its key */
tw_err tw_actor_trust(struct tw_probe_context *c, const struct tw_actor *a); /* the owner trusts this authority */
/* Asks, expects this rule ("" for an answer), and, of a refusal, its record. False, and a finding, when it is otherwise. */
tw_err tw_actor_expect(struct tw_probe_context *c, const struct tw_actor *a, const char *path, const char *rule,
	struct tw_finding *f, bool *ret_good);
#endif
