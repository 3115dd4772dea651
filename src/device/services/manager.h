/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's service manager, asked by a program: systemctl, or the product's own where there is no systemd. Each call is bounded in time and output.
 *
 * The product's program: `PROGRAM list` says lines "ssh running" (or stopped, off); `PROGRAM off ssh` stops it and sees to it that it stays so after a
 * reboot too; `PROGRAM on ssh` takes that back and starts it. 0: done; else its first line says why not. What it starts may keep its
 * output: it has answered when it has ended itself.
 */
#ifndef TW_DEVICE_SERVICES_MANAGER_H
#define TW_DEVICE_SERVICES_MANAGER_H
#include "device/services/units.h"
#include "service/firewall/off.h"

#include <unistd.h>

#define TW_MANAGER_SAID_MAX (256 * 1024)

struct tw_manager {
	const struct tw_sys *sys;
	const char *program; /* NULL: systemctl */
	bool as_root;        /* this process has another id than what it starts is to have: root's is its saved one */
};
/* What there is, those of off and was among it if they are any. said: what ret's names are of. */
struct tw_manager_ask {
	const struct tw_off *off, *was;
};
tw_err tw_manager_list(const struct tw_manager *m, const struct tw_manager_ask *ask, struct tw_buf *said, struct tw_services *ret);
tw_err tw_manager_off(const struct tw_manager *m, struct tw_slice name);
tw_err tw_manager_on(const struct tw_manager *m, struct tw_slice name);
#endif
