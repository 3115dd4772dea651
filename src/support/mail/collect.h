/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next message of a mailbox. libcurl connects, proves whose server it is and logs in; what is said then is ours (imap.h), since libcurl's own way to
 * fetch a message marks it as seen, and searches the message's text for the server's answers.
 *
 * Nothing is taken out of the mailbox, and a message is marked as seen only when app says that it has it.
 */
#ifndef TW_SUPPORT_MAIL_COLLECT_H
#define TW_SUPPORT_MAIL_COLLECT_H
#include "service/fetch/resolve.h"
#include "support/mail/collect-wire.h"
#include "support/mail/config.h"

struct tw_collection {
	const struct tw_sys *sys;
	const struct tw_name_servers *servers;
	const struct tw_inmail_config *config;
	struct tw_slice password; /* NUL-terminated */
	struct tw_slice anchors;  /* PEM; nobody else is trusted */
	struct tw_collect_job job;
	/* What came of it: MESSAGE, NOTHING or SERVER. */
	enum tw_collect_end end;
	uint32_t validity, uid;
	bool large;
	struct tw_buf message; /* as it came */
	char words[TW_COLLECT_WORDS_MAX + 1];
};
void tw_collect(struct tw_collection *c);
#endif
