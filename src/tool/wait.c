/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/wait.h"

#include "tool/session.h"

#include <signal.h>

#define FIRST_MS 50
#define LONGEST_MS 1000
#define PATIENCE_MS 60000 /* a device that installs or restarts is back by then */
#define LINE_STEP 10      /* percent between two lines, where no bar can be drawn */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = 1;
}

struct waiting {
	struct tw_tool *t;
	const char *id;
	bool quiet;
	int64_t last_percent;
	int pause_ms, unreachable_ms;
};

static int64_t percent_of(const json_t *task)
{
	int64_t total = tw_json_int(task, "total"), done = tw_json_int(task, "done");

	return total > 0 && done >= 0 && done <= total ? (int64_t)((double)done / (double)total * 100) : 0;
}

static void show(struct waiting *w, const json_t *task)
{
	int64_t percent = percent_of(task);

	if (w->quiet || tw_progress_bar(w->t, (int)percent, tw_json_text(task, "words")))
		return;
	if (percent / LINE_STEP == w->last_percent / LINE_STEP && w->last_percent >= 0)
		return;
	w->last_percent = percent;
	tw_progress(w->t, "%lld %%  %s", (long long)percent, tw_json_text(task, "words"));
}

static tw_err stop_waiting(const struct waiting *w)
{
	char hint[128];

	(void)snprintf(hint, sizeof(hint), "thingward device tasks read %.32s; tasks cancel %.32s ends it", w->id, w->id);
	return tw_fail(w->t, TW_EXIT_FAILED, hint, TW_RAISE(STATE, "interrupted; the device goes on with it"));
}

/* True: it has ended, and answer says how. */
static tw_err look(struct waiting *w, tw_client *c, struct tw_answer *answer, bool *ret_ended)
{
	char path[64];
	struct tw_call call = { .method = "GET", .path = path };

	(void)snprintf(path, sizeof(path), "/api/v1/tasks/%.32s", w->id);
	tw_err e = tw_session_call(w->t, c, &call, answer);
	if (tw_is(e, TW_CODE_CLOSED) && w->unreachable_ms < PATIENCE_MS) {
		w->unreachable_ms += w->pause_ms;
		w->t->hint[0] = '\0';
		w->t->exit = TW_EXIT_FAILED;
		return TW_OK;
	}
	TW_TRY(e);
	w->unreachable_ms = 0;
	const char *state = tw_json_text(answer->body, "state");
	*ret_ended = strcmp(state, "waiting") != 0 && strcmp(state, "running") != 0;
	if (!*state)
		return TW_RAISE(SYNTAX, "the device's answer is no task");
	show(w, answer->body);
	return TW_OK;
}

static tw_err wait_for(struct waiting *w, tw_client *c, struct tw_answer *answer)
{
	bool over = false;

	for (;;) {
		if (interrupted)
			return stop_waiting(w);
		TW_TRY(look(w, c, answer, &over));
		if (over)
			return TW_OK;
		(void)w->t->sys->poll(w->t->sys, NULL, 0, w->pause_ms); /* a signal wakes it */
		w->pause_ms = w->pause_ms * 2 < LONGEST_MS ? w->pause_ms * 2 : LONGEST_MS;
	}
}

void tw_task_wait_prepare(void)
{
	const struct sigaction ours = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };

	interrupted = 0;
	(void)sigaction(SIGINT, &ours, NULL);
}

tw_err tw_task_wait(struct tw_tool *t, tw_client *c, const char *id, bool quiet, struct tw_answer *answer)
{
	struct waiting w = { .t = t, .id = id, .quiet = quiet, .last_percent = -1, .pause_ms = FIRST_MS };
	tw_err e = wait_for(&w, c, answer);
	(void)signal(SIGINT, SIG_DFL);
	if (!quiet)
		tw_progress_bar_end(t);
	return e;
}
