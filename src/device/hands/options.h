/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of thingward-device, as rows; --help prints from the same rows. */
#ifndef TW_DEVICE_HANDS_OPTIONS_H
#define TW_DEVICE_HANDS_OPTIONS_H
#include "base/buf.h"
#include "base/err.h"

#define TW_LISTEN_MAX 8 /* more addresses than a device has interfaces to offer */

struct tw_hands_options {
	bool foreground, check, help;
	const char *state, *run, *config, *roles; /* roles NULL: CONFIG/roles.tab */
	const char *console, *role_program, *watchdog, *keystore, *keystore_pin, *root_secret, *packages, *inventory_root;
	const char *listen[TW_LISTEN_MAX];
	size_t listen_count;
};
/* SYNTAX names the option. The texts stay the caller's. */
tw_err tw_hands_options_parse(int argc, char *const *argv, struct tw_hands_options *ret);
tw_err tw_hands_options_help(struct tw_buf *ret);
#endif
