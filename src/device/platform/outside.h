/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is demanded of other systems before this device says anything to them: of all by settings (outside.tls, outside.suites, outside.groups), and of
 * some more, by where they are. What a system's own entry says only narrows what holds for all.
 */
#ifndef TW_DEVICE_PLATFORM_OUTSIDE_H
#define TW_DEVICE_PLATFORM_OUTSIDE_H
#include "device/platform/device.h"
#include "service/fetch/fetch-wire.h"

#define TW_OUTSIDE_MAX 16
#define TW_OUTSIDE_NAME_MAX 48
#define TW_OUTSIDE_ATTESTER_MAX 2048 /* PEM: all entries together have to fit into one document */
#define TW_OUTSIDE_KEYS_TEXT (TW_DEMAND_KEYS_MAX * (2 * TW_DEMAND_KEY_SIZE + 1))

struct tw_outside {
	struct tw_fetch_demand demand; /* its slices lie in what follows */
	char keys[TW_DEMAND_KEYS_MAX * TW_DEMAND_KEY_SIZE], attester[TW_DEMAND_ATTESTER_SIZE];
	char home[TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE];
	char posture[TW_DEMAND_PATH_MAX + 1], claims[TW_DEMAND_CLAIMS_MAX + 1];
};
/* Of all; and of whoever is at this place ("host:port") besides. */
tw_err tw_outside_least(struct tw_context *c, struct tw_fetch_demand *ret);
tw_err tw_outside_at(struct tw_device *d, const char *place, struct tw_outside *ret);
/* One entry on top of what ret has. SYNTAX, UNSUPPORTED, UNTRUSTED: it cannot be demanded. */
tw_err tw_outside_add(struct tw_device *d, const json_t *entry, struct tw_outside *ret);
/* A system was refused: the last in outside.list, and an event about so many; count 0: none. */
tw_err tw_outside_refused(struct tw_device *d, const char *place, const char *rule, const char *why, unsigned count);

/* The entries, in one document of the owner's: { "systems": [...] }. Without any, an empty one. */
tw_err tw_outside_read(struct tw_device *d, json_t **ret);
tw_err tw_outside_write(struct tw_device *d, const json_t *document);
#endif
