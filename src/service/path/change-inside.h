/* SPDX-License-Identifier: Apache-2.0 */
/* Between the changes that wait and the operations that ask about them. */
#ifndef TW_SERVICE_CHANGE_INSIDE_H
#define TW_SERVICE_CHANGE_INSIDE_H
#include "service/path/change.h"

struct tw_held {
	const struct tw_setting_row *row; /* NULL: nothing is held */
	char id[TW_CHANGE_WORD];          /* names it in the log */
	char word[TW_CHANGE_WORD];        /* that confirms it; "" until it holds */
	char before[512], value[512], by[64];
	int64_t made_ms;  /* wall clock, for people */
	int64_t until_ms; /* boot clock */
	bool local;       /* made at the device itself, also by HTTPS over its loopback */
	bool owed;        /* it is taken back, and the store has yet to say so */
};
struct tw_changes {
	struct tw_changes_side side;
	struct tw_held held;
	int64_t again_ms; /* when what the store owes is tried again */
};
bool tw_change_at_device(const struct tw_subject *by); /* he comes by no network, and would not be the one cut off */
tw_err tw_change_random(struct tw_context *c, char ret[TW_CHANGE_WORD]);
tw_err tw_change_keep(struct tw_context *c);                  /* it stays; NOTFOUND: there is none */
tw_err tw_change_back(struct tw_context *c, const char *why); /* the old value comes back; an error: in memory only, and the job goes on */
#endif
