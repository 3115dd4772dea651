/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of a TCP connection from one address of this machine to a port of the device's. */
#ifndef TW_TOOL_PROBES_REACH_H
#define TW_TOOL_PROBES_REACH_H
#include "tool/probes/probe.h"

#define TW_REACH_CLOSED_PORT "9" /* discard, which nobody has offered for decades */

enum tw_came { TW_CAME_NOTHING, TW_CAME_IN, TW_CAME_REFUSED, TW_CAME_NOWHERE };
tw_err tw_reach_from(const struct tw_sys *sys, const char *from, const char *host, const char *port, enum tw_came *ret);
/* HOST:PORT in two, the host without the brackets of IPv6. */
void tw_reach_parts(const char *address, char host[256], char port[8]);
#endif
