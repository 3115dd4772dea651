/* SPDX-License-Identifier: Apache-2.0 */
/* Who tells the story: what its parts share. */
#ifndef TW_TEST_TELLER_H
#define TW_TEST_TELLER_H
#include "lists.h"
#include "story.h"

struct teller {
	struct story *story;
	const struct tw_sys *sys;
	const char *directory;
	struct tw_unit *unit;
	unsigned boot;
	struct tw_unit_authority authority;
	tw_cert *server[STORY_SERVERS];
	char list[sizeof STORY_LISTS + 65]; /* path of the one that is kept */
	char account[24];                   /* id of the one that is not the owner's */
	int64_t ahead_ms;                   /* of the real clocks */
};
void teller_must(bool good, const char *what, struct tw_unit *u); /* or the process ends */
/* A step is under way, which leads to next; and is acknowledged. */
void teller_begin(struct teller *t, const char *step, struct side next);
void teller_end(struct teller *t);
void teller_text(struct teller *t, const char *key, char *ret, size_t size); /* of the last answer */

void teller_later(struct teller *t, int64_t ms); /* both clocks */
/* The owner's ways in beside his certificate: given, used, changed, guessed at. */
void teller_ways(struct teller *t);
#endif
