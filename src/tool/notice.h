/* SPDX-License-Identifier: Apache-2.0 */
/* The organization's use notice, as the tool meets it: a device that wants it accepted first. */
#ifndef TW_TOOL_NOTICE_H
#define TW_TOOL_NOTICE_H
#include "tool/client.h"
#include "tool/tool.h"

#define TW_OPTION_ACCEPT_NOTICE                                                                                            \
	{                                                                                                                  \
		"accept-notice", "DIGEST", false, "accept the device's use notice, if it is still the one of this SHA-256" \
	}

#define TW_NOTICE_DIGEST 64 /* hexadecimal digits of the SHA-256 that a text goes by */
tw_err tw_notice_digest(const struct tw_sys *sys, const char *text, char ret[TW_NOTICE_DIGEST + 1]);
/* Whether this answer refuses because the notice was not accepted. */
bool tw_notice_stops(const struct tw_answer *a);
/* Whether this opens a session, and so takes the acceptance itself. */
bool tw_notice_in_body(const struct tw_call *c);
/* Shows the notice, if there is one, and asks at the terminal unless --accept-notice names it. Its digest goes into what opens a session, as
   "notice". DENIED: it was not accepted. */
tw_err tw_notice_agree_in(struct tw_tool *t, tw_client *c, json_t *body);
/* The same for whoever comes by a client certificate: accepted on the device for his account. */
tw_err tw_notice_accept(struct tw_tool *t, tw_client *c);
#endif
