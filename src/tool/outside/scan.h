/* SPDX-License-Identifier: Apache-2.0 */
/* Which TCP ports of a host take a connection. */
#ifndef TW_TOOL_OUTSIDE_SCAN_H
#define TW_TOOL_OUTSIDE_SCAN_H
#include "tool/outside/line.h"

#define TW_PORTS 65536
struct tw_port_set {
	uint8_t bits[TW_PORTS / 8];
};
bool tw_port_has(const struct tw_port_set *s, uint16_t port);
void tw_port_add(struct tw_port_set *s, uint16_t port);
/* "all", or "22,80,8000-8100": 1 to 65535. SYNTAX. */
tw_err tw_ports_parse(const char *text, struct tw_port_set *ret);
size_t tw_ports_count(const struct tw_port_set *s);

struct tw_scan {
	struct tw_port_set open;
	size_t asked, opened, closed, silent; /* silent: nothing came back in time, twice, as behind a filter */
};
/* Asks each port of wanted, and those that are silent once more where others answered. told: how many of a hundred are done, now and then. */
tw_err tw_scan_ports(const struct tw_sys *sys, const struct tw_host *host, const struct tw_port_set *wanted,
	void (*told)(void *user, int percent), void *user, struct tw_scan *ret);
#endif
