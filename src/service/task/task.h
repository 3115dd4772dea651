/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: operations that take longer than a caller waits. The path answers 202 and an id; the work is done in slices from the loop
 * between other requests, and whoever started it (or an owner) reads how far it is, what came of it, or ends it.
 *
 * A task is a row of the store from before its answer until some time after its end, so that a restart finds it. Its start is a
 * change whose intent stays open in the log until the end records the outcome; of the two places the store is written first, and
 * what a cut leaves between them is put right by the next start:
 *
 *     log: intent    no row            the start was never answered: the log closes the intent as unknown
 *     log: intent    row goes on       resumable: it goes on from where it was saved; else it ends as aborted by restart
 *     log: intent    row has ended     the outcome is recorded now
 *     log: closed    row has ended     nothing is left to do
 *
 * Who started it is asked for again by the gate before every slice: a task whose starter lost the right to it is cancelled.
 */
#ifndef TW_SERVICE_TASK_H
#define TW_SERVICE_TASK_H
#include "service/path/path.h"

#define TW_TASK_ID_SIZE 32     /* 128 random bits in hex: nobody finds another's by guessing */
#define TW_TASKS_MAX 8         /* at once, of all kinds: each holds what its work needs in memory */
#define TW_TASKS_PER_SUBJECT 4 /* at once */
#define TW_TASKS_KEPT 64       /* ended ones whose result can be read */
#define TW_TASKS_KEPT_MS (7LL * 24 * 3600 * 1000)
#define TW_TASK_SLICE_MS 8 /* a request waits at most this and one step longer */
#define TW_TASK_PAUSE_MAX_MS 60000
#define TW_TASK_SAVED_MAX (64 * 1024)
#define TW_TASK_RESULT_MAX (8 * 1024)

enum tw_task_state {
	TW_TASK_WAITING,
	TW_TASK_RUNNING,
	TW_TASK_DONE,
	TW_TASK_FAILED,
	TW_TASK_CANCELLED,
	TW_TASK_ABORTED,
	TW_TASK_STATES
};
struct tw_task {
	struct tw_task *next;
	char id[TW_TASK_ID_SIZE + 1], operation[64];
	const struct tw_operation_row *row;
	struct tw_subject subject;
	enum tw_task_state state;
	uint64_t intent;
	int64_t started_ms, ended_ms; /* ended_ms 0: it goes on */
	/* For the kind to fill. */
	uint64_t done, total; /* total 0: not known yet */
	char words[160];
	char why[160];       /* before an error: what to say of it; "": that it is the device's own failure, and no more */
	json_t *result;      /* owned */
	struct tw_buf saved; /* where to go on; the step replaces it and sets moved */
	bool moved;
	bool failed; /* with its last step: it came to no good end; words and result say why */
	int64_t not_before_ms; /* since boot: nothing to do until then, or until tw_tasks_wake; 0: at once. TW_TASK_PAUSE_MAX_MS ahead at most,
	                          since the gate is asked before each slice */
	void *work;            /* the kind's own, from begin to end */
	/* The engine's own. */
	bool begun, looked_at; /* by tw_tasks_start */
	int64_t saved_at_ms;
};
/* What an operation row says of its task. All are called from the loop; nothing here may wait. */
struct tw_task_kind {
	bool resumable;
	size_t at_once; /* of all rows with the same begin */
	/* NULL, or what is done with the request itself: a problem in rp and none begins; what the work will need is kept here. */
	tw_err (*prepare)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	tw_err (*begin)(struct tw_context *c, struct tw_task *t); /* makes work; saved is not empty when it is taken up again */
	tw_err (*step)(struct tw_context *c, struct tw_task *t, bool *ret_finished); /* a piece of a few ms at most */
	void (*end)(struct tw_context *c, struct tw_task *t); /* frees work, also after a begin that failed; however it ended */
	/* NULL, or takes back what prepare kept: it will not go on, begun or not; state says how it ended. What fails is done again, and
	   the task has not ended before. Not called when the ownership ends, with which everything goes that was kept for the owner. */
	tw_err (*ended)(struct tw_context *c, struct tw_task *t);
};

bool tw_task_busy(const struct tw_context *c, const struct tw_operation_row *row); /* as many of its work go on as may at once */
bool tw_task_storable(const struct tw_context *c); /* else none can begin: the store goes over to the format that has them when a start is confirmed */

/* For start and loop. */
bool tw_tasks_keep(void *context, uint64_t intent);  /* tw_audit_options.keeps: the store has a task of that intent */
tw_err tw_tasks_start(struct tw_context *c);         /* when log and capabilities are open: takes up, aborts, closes */
int64_t tw_tasks_due_ms(const struct tw_context *c); /* when the next slice may run, from now; -1: there is none */
void tw_tasks_slice(struct tw_context *c);
void tw_tasks_wake(struct tw_context *c); /* what a task waited for may have come: all that have not ended look */
void tw_tasks_free(struct tw_context *c); /* without ending any: the next start takes them up */
/* Ownership has ended: what was started under it ends, and no result of it stays. purge inside the transaction that ends it,
   drop after it. */
tw_err tw_tasks_purge(struct tw_context *c);
void tw_tasks_drop(struct tw_context *c, const char *why);

/* Handlers and job of the rows. */
tw_err tw_op_task_start(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* of every row that has a task */
tw_err tw_op_tasks_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_tasks_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_tasks_cancel(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_tasks_job_prune(struct tw_context *c);
#endif
