/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message by libcurl: mail by submission (RFC 6409, TLS as RFC 8314 has it), a webhook by HTTPS POST. Every connection's address is judged
 * where it is made, nothing is redirected, and no certificate is excused.
 */
#ifndef TW_SUPPORT_MAIL_DELIVER_H
#define TW_SUPPORT_MAIL_DELIVER_H
#include "service/fetch/resolve.h"
#include "support/mail/config.h"
#include "support/mail/mail-wire.h"

struct tw_delivery {
	const struct tw_sys *sys;
	const struct tw_name_servers *servers;
	const struct tw_mail_config *config;
	struct tw_slice password; /* NUL-terminated; empty: none */
	struct tw_slice anchors;  /* PEM; nobody else is trusted */
	struct tw_mail_job job;
	/* What became of it. */
	enum tw_mail_end end;
	unsigned code;
	char words[TW_MAIL_WORDS_MAX + 1];
};
void tw_deliver(struct tw_delivery *d);
/* Of the last command that was sent ("MAIL", "RCPT", "DATA", "body"; "": before these) and what was answered. Pure. */
enum tw_mail_end tw_deliver_judge_smtp(const char *command, long code);
enum tw_mail_end tw_deliver_judge_http(long status);
#endif
