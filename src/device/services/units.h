/* SPDX-License-Identifier: Apache-2.0 */
/* What services there are, as a service manager says it. Pure. */
#ifndef TW_DEVICE_SERVICES_UNITS_H
#define TW_DEVICE_SERVICES_UNITS_H
#include "base/buf.h"
#include "base/text.h"

#define TW_SERVICES_MAX 256

enum tw_service_state { TW_SERVICE_STOPPED, TW_SERVICE_RUNNING, TW_SERVICE_OFF, TW_SERVICE_STATES };
extern const char *const tw_service_states[TW_SERVICE_STATES]; /* "stopped" "running" "off" */
struct tw_service {
	struct tw_slice name; /* of the text that was read */
	enum tw_service_state state;
	bool masked, listens; /* of systemd: its unit is masked; its socket is there, or could be */
};
struct tw_services {
	size_t count;
	bool more; /* there are more than these: beyond the room, or of a name that no list can have */
	struct tw_service of[TW_SERVICES_MAX];
};
/*
 * What `systemctl show --property=Id,LoadState,ActiveState *.service *.socket` says: lines of key and value, an empty one between units. A service
 * is off when it is masked and neither it nor its socket is active, and its socket is masked or none. SYNTAX: no state.
 */
tw_err tw_units_read(struct tw_slice text, struct tw_services *ret);
/*
 * Are NAME.service and NAME.socket, of which text is what `systemctl show --property=Id` says, themselves? DENIED: one is another name of a unit, which
 * is what has to be named, and judged; SYNTAX: it does not say.
 */
tw_err tw_units_real(struct tw_slice text, struct tw_slice name);
/* Lines "ssh running", as a program of the product's says it. SYNTAX. */
tw_err tw_services_read(struct tw_slice text, struct tw_services *ret);
const struct tw_service *tw_services_find(const struct tw_services *s, struct tw_slice name); /* NULL: there is none */
#endif
