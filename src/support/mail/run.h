/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of work by libcurl, inside of the role: what mail, webhooks and the visit of the form have alike. */
#ifndef TW_SUPPORT_MAIL_RUN_H
#define TW_SUPPORT_MAIL_RUN_H
#include "support/mail/deliver.h"

#include <curl/curl.h>

#define TW_MAIL_HOST_SIZE 256
struct tw_mail_run {
	struct tw_delivery *d;
	CURL *curl;
	struct curl_slist *headers, *addresses, *recipients;
	struct tw_buf message;
	size_t sent, answered;
	char host[TW_MAIL_HOST_SIZE], url[TW_MAIL_URL_MAX + TW_MAIL_HOST_SIZE], command[8];
	char reply[TW_MAIL_WORDS_MAX + 1], trouble[CURL_ERROR_SIZE];
	unsigned port;
	long status;    /* of the last reply */
	bool leaving;   /* QUIT was sent: what is answered to that says nothing of the message */
	bool forbidden; /* an address that is not to be connected to */
};

/* What came of it; words are cut and mended to one printable line. */
void tw_mail_conclude(struct tw_delivery *d, enum tw_mail_end end, long code, const char *words);
/* Each of these: false when it is no https address, or when it is concluded. */
bool tw_mail_run_url(struct tw_mail_run *r); /* takes job.to apart */
bool tw_mail_run_host(struct tw_mail_run *r, enum tw_mail_end unresolved);
void tw_mail_run_private(const struct tw_mail_run *r, enum tw_mail_end for_now);
CURLcode tw_mail_run_set(struct tw_mail_run *r, long connect_s, long deadline_s);
bool tw_mail_run_add(struct curl_slist **list, const char *line);
#endif
