/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cellular role's line to ModemManager: the system's D-Bus, by sd-bus, opened before the sandbox as the role's own user. What that user may say
 * there is the bus's policy and polkit's rule (packaging/polkit), not ours.
 */
#ifndef TW_DEVICE_CELLULAR_BUS_H
#define TW_DEVICE_CELLULAR_BUS_H
#include "device/cellular/modem.h"

#include <systemd/sd-bus.h>

#define TW_MODEM_BUS "unix:path=/run/dbus/system_bus_socket"

/* Its descriptor is `first`. CLOSED: nobody is there. */
tw_err tw_modem_bus_open(const char *address, uid_t uid, int first, sd_bus **ret);
/* Signals of ModemManager from now on: *owed is set when one was heard. */
tw_err tw_modem_bus_watch(sd_bus *bus, bool *owed);
tw_err tw_modem_bus_hear(sd_bus *bus);
tw_err tw_modem_bus_look(sd_bus *bus, struct tw_modem_seen *ret); /* no ModemManager: no modem. CLOSED: the bus has gone */
/* DENIED, with ModemManager's words; NOTFOUND: of UNLOCK, the SIM says that the PIN is wrong. */
tw_err tw_modem_bus_step(sd_bus *bus, const struct tw_modem_seen *s, const struct tw_modem_next *n, struct tw_slice pin);
/* What an answer to GetManagedObjects says: bounded. */
tw_err tw_modem_bus_read(sd_bus_message *m, struct tw_modem_seen *ret);
#endif
