/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share. */
#ifndef TW_SERVICE_TASK_INSIDE_H
#define TW_SERVICE_TASK_INSIDE_H
#include "service/task/task.h"

struct tw_tasks {
	struct tw_task *first; /* those that go on, and those whose end could not be written yet; the one whose turn it is first */
	size_t count;
};
extern const char *const tw_task_states[TW_TASK_STATES];

struct tw_task *tw_task_free(struct tw_task *t);
TW_DEFINE_FREEP(struct tw_task, tw_task_free)
struct tw_task *tw_task_active(const struct tw_context *c, struct tw_slice id); /* NULL: none goes on with that id */
tw_err tw_task_add(struct tw_context *c, struct tw_task *t);                    /* taken on OK */
void tw_task_forget(struct tw_context *c, struct tw_task *t);                   /* out of the list again; not freed */
/* Ends it: work, row, outcome. why is for people; detail, for the log alone, may be NULL. */
void tw_task_finish(struct tw_context *c, struct tw_task *t, enum tw_task_state state, const char *why, const char *detail);

/* The store (task-store.c). Each is OK and does nothing while the store's format has no tasks. */
tw_err tw_task_insert(struct tw_context *c, const struct tw_task *t);
tw_err tw_task_save(struct tw_context *c, const struct tw_task *t);
tw_err tw_task_save_end(struct tw_context *c, const struct tw_task *t);
tw_err tw_task_remove(struct tw_context *c, const char *id);
enum tw_task_query { TW_TASK_ONE, TW_TASK_ACTIVE, TW_TASK_OF_INTENT };
/* The task is lent to visit, which may steal what it holds. value: an id as text, or an intent; ignored by ACTIVE. */
tw_err tw_task_query(struct tw_context *c, enum tw_task_query q, struct tw_value value,
	tw_err (*visit)(void *user, struct tw_task *t), void *user);
/* Newest first, those behind a place; "" from the beginning. SYNTAX: that is no place. */
#define TW_TASK_PLACE_SIZE 64
tw_err tw_task_list(struct tw_context *c, const char *after, tw_err (*visit)(void *user, struct tw_task *t), void *user);
void tw_task_place(const struct tw_task *t, char ret[TW_TASK_PLACE_SIZE]);
#endif
