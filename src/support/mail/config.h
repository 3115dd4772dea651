/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.json: by which server mail is sent, and as whom. Whoever runs the service writes it; only the mail role reads it, beside the password,
 * so that nobody who took app over could have the password sent elsewhere.
 */
#ifndef TW_SUPPORT_MAIL_CONFIG_H
#define TW_SUPPORT_MAIL_CONFIG_H
#include "base/buf.h"
#include "base/err.h"
#include "service/firewall/ruleset.h"
#include "support/mail/files.h"

#define TW_MAIL_CONFIG_MAX 8192
#define TW_MAIL_PASSWORD_MAX 256
#define TW_MAIL_NETWORKS_MAX 16

enum tw_mail_tls {
	TW_MAIL_TLS_IMPLICIT, /* RFC 8314: TLS from the first byte, usually on 465 */
	TW_MAIL_TLS_STARTTLS, /* usually on 587; a server that does not offer it gets nothing */
	TW_MAIL_TLS_NONE      /* only to this machine itself */
};
struct tw_mail_config {
	char server[254]; /* "": none is named */
	unsigned port;
	enum tw_mail_tls tls;
	char user[201]; /* "": no login */
	char from[255], name[101];
	struct tw_network networks[TW_MAIL_NETWORKS_MAX]; /* private ones that a webhook may lie in all the same */
	size_t network_count;
};
/* Empty text: nothing is configured, which is right. SYNTAX, LIMIT say what is wrong. Pure, but for memory. */
tw_err tw_mail_config_parse(struct tw_slice text, struct tw_mail_config *ret);
/* inmail.json: where mail of reporters is taken from. */
#define TW_INMAIL_EVERY_MIN_S 5
#define TW_INMAIL_EVERY_MAX_S 3600
#define TW_INMAIL_CANARY_MAX_H 168
struct tw_inmail_config {
	char server[254];                 /* "": none is named */
	unsigned port, every_s, canary_h; /* canary_h 0: none */
	enum tw_mail_tls tls;
	char user[201], mailbox[201];
	char address[255]; /* that reporters write to */
};
tw_err tw_inmail_config_parse(struct tw_slice text, struct tw_inmail_config *ret); /* as tw_mail_config_parse */
/* The first line of the password's file, borrowed. SYNTAX: it is none. */
tw_err tw_mail_password_parse(struct tw_slice text, struct tw_slice *ret);
#endif
