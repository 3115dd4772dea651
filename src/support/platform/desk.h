/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose desk this is and how else he is reached: desk.json, which whoever runs the service writes into DIR/app. Read once, at the start. A file that is not
 * wholly right starts nothing; without one there is a desk that names nobody.
 */
#ifndef TW_SUPPORT_PLATFORM_DESK_H
#define TW_SUPPORT_PLATFORM_DESK_H
#include "base/buf.h"
#include "base/err.h"

#define TW_DESK_FILE "desk.json"
#define TW_DESK_CONTACTS 5
#define TW_DESK_CANARY_MAX_H 168
#define TW_DESK_ROLES 4
#define TW_DESK_SIGNING_KEY_FILE "signing-key.asc"
#define TW_DESK_PREFIX "ADV"  /* where the file names none */
#define TW_DESK_TEXT_MAX 2000 /* bytes of what the manufacturer says in his own words */
struct tw_desk {
	char name[101], site[201]; /* site: "https://security.example.com", without a slash behind it */
	char contacts[TW_DESK_CONTACTS][201];
	size_t contact_count;               /* 0: there is no file */
	char alarms[TW_DESK_CONTACTS][201]; /* mail addresses that alarms go to */
	size_t alarm_count;
	char prefix[21];   /* what ids of advisories begin with: "ACME" */
	unsigned canary_h; /* how often the service sends itself a report by its own form; 0: never */
	/* Who signs what is published: with the key of this fingerprint, which stands in DIR/app/signing-key.asc. "": nobody. */
	char signing_key[65];
	bool signed_by_person; /* elsewhere; else by the sign role */
	/* Whose roles come in by a passkey alone. */
	char passkey_roles[TW_DESK_ROLES][16];
	size_t passkey_role_count;
	int64_t expires_ms;
	char hours[101]; /* when somebody is at the phone, or "" */
	/* What reporters are promised, each in days; 0: nothing is. All or none. */
	struct tw_desk_terms {
		int answer, decide, fix, status;
	} terms;
	/* What customers are told of how they hear of security: when, and from whom. Both or "". */
	struct tw_desk_news {
		char when[TW_DESK_TEXT_MAX + 1], from[TW_DESK_TEXT_MAX + 1];
	} news;
	/* What they should try before an update is installed. Both or "". */
	struct tw_desk_updates {
		char fix_tests[TW_DESK_TEXT_MAX + 1], security_tests[TW_DESK_TEXT_MAX + 1];
	} updates;
};
/* SYNTAX, LIMIT say what is wrong. Pure, but for memory. */
tw_err tw_desk_parse(struct tw_slice text, struct tw_desk *ret);
/* The DNS name of a site, by which browsers have passkeys; ret holds what a site may. False: there is none, it is an address, or it has capitals, which no
   browser says. */
bool tw_desk_site_name(const char *site, char ret[201]);
tw_err tw_desk_read(const struct tw_sys *sys, int dir, struct tw_desk *ret);
#endif
