/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to questions for services, read: DNS messages (RFC 1035, 6762, 6763) and SSDP's. Pure; bytes of strangers. */
#ifndef TW_TOOL_OUTSIDE_TOLD_H
#define TW_TOOL_OUTSIDE_TOLD_H
#include "base/buf.h"

#define TW_SERVICES_MAX 32
#define TW_DNS_NAME_MAX 1025 /* as text, escaped */
struct tw_services {
	char name[TW_SERVICES_MAX][TW_DNS_NAME_MAX];
	size_t count;
};
/* The question for pointers at a kind of service, such as "_http._tcp.local"; for all there is of any other name. SYNTAX: no name. */
tw_err tw_mdns_question(const char *name, struct tw_buf *ret);
/* Adds a line "NAME TYPE VALUE" to told for each record, and the targets of pointers to next, without doubles. SYNTAX: no answer. */
tw_err tw_mdns_read(struct tw_slice message, struct tw_buf *told, struct tw_services *next);
/* Adds the lines of a response to a search; SYNTAX: it is none. */
tw_err tw_ssdp_read(struct tw_slice message, struct tw_buf *told);
#endif
