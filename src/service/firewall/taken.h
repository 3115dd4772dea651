/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose driver is taken away, as words with one blank between: "camera:video0=platform/vivid/vivid.0", which is what it is off as, bus, driver
 * and device. Between core and the parts role, each of which reads what the other writes as if it were hostile. Pure.
 */
#ifndef TW_SERVICE_TAKEN_H
#define TW_SERVICE_TAKEN_H
#include "service/firewall/off.h"

#define TW_TAKEN_MAX 32
#define TW_TAKEN_WORD_MAX 287
#define TW_TAKEN_NAME_MAX 63

struct tw_taken_word {
	struct tw_slice text; /* all of it */
	enum tw_off_kind kind;
	char name[TW_TAKEN_NAME_MAX + 1]; /* "video0"; of a component "platform/vivid.0" */
	char bus[TW_TAKEN_NAME_MAX + 1], driver[TW_TAKEN_NAME_MAX + 1], device[TW_TAKEN_NAME_MAX + 1];
	/* The parts role's own: its last search came upon the device by this very word; that driver does not want what is there now. */
	bool found, refused;
};
struct tw_taken {
	size_t count;
	struct tw_taken_word words[TW_TAKEN_MAX];
};
/* "": none. SYNTAX, LIMIT */
tw_err tw_taken_read(struct tw_slice text, struct tw_taken *ret);
const struct tw_taken_word *tw_taken_find(const struct tw_taken *t, struct tw_slice text);
void tw_taken_drop(struct tw_taken *t, size_t i);
bool tw_taken_is_name(const char *name, size_t size); /* one that a path can be made of */
#endif
