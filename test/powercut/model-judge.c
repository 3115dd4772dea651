/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging in several processes. One that dies, or takes too long over a state, has found something: the next one goes on behind it.
 */
#include "model.h"
#include "oracle.h"
#include "unit.h"

#include "sys/real.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_MAX_S 60 /* it takes milliseconds */
#define AGAIN 4        /* states of each second cut */
#define PRINTED 20     /* complaints of a process */
#define NEWS 5000      /* states between two lines that say how far it is */

struct share { /* of one process; in shared memory */
	size_t at;
	struct tally tally;
};

struct judge {
	const struct recording *r;
	const struct plan *plan;
	const struct candidate *of;
	size_t count;
	struct seen_set *seen;
	struct share *share;
	char directory[100];
};

static size_t promises_of(const struct recording *r, const struct candidate *c, struct promise *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < r->promise_count && n < PROMISES_MAX; i++)
		if (c->promises[i / 64] >> i % 64 & 1)
			ret[n++] = r->promises[i];
	return n;
}

const char *model_judge_one(const struct recording *r, tw_state *s, const struct candidate *c, const char *directory)
{
	static struct promise promises[PROMISES_MAX];
	size_t count = promises_of(r, c, promises);

	tw_state_make(s, c->point, c->variant);
	if (tw_failed(tw_state_write(s, directory)))
		return tw_err_detail();
	return oracle_judge(directory, promises, count);
}

static void complain(struct judge *j, const struct candidate *c, const char *where, const char *what)
{
	if (j->share->tally.bad++ < PRINTED)
		printf("BAD point %u variant %u (after %s)%s: %s\n", c->point, c->variant, tw_fake_kind(j->r->fake, c->point), where, what);
}

static void epoch_again(void *user, uint64_t epoch)
{
	tw_fake_mark(user, epoch);
}

/* The start after the first cut, recorded; it is cut in turn. */
static tw_fake *record_start(struct judge *j, const struct candidate *c, tw_state *s)
{
	tw_fake *f = tw_fake_new();
	tw_unit *u = NULL;

	tw_state_make(s, c->point, c->variant);
	if (tw_failed(tw_state_write(s, j->directory)))
		return tw_fake_free(f);
	tw_fake_record(f, j->directory);
	tw_unit_on_epoch(epoch_again, f);
	tw_unit_boot(900);
	if (tw_failed(tw_unit_start(tw_fake_sys(f), j->directory, &u)))
		f = tw_fake_free(f);
	(void)tw_unit_stop(u);
	tw_unit_on_epoch(NULL, NULL);
	return f;
}

static void cut_again(struct judge *j, const struct candidate *c, tw_state *first)
{
	static struct promise promises[PROMISES_MAX];
	size_t count = promises_of(j->r, c, promises);
	tw_fake *f = count && promises[0].provisioned ? record_start(j, c, first) : NULL;
	tw_state *s = f ? tw_state_new(f) : NULL;

	for (unsigned i = 0; s && i < AGAIN; i++) {
		size_t point = (size_t)((c->hash >> 8 * i) % tw_fake_points(f));
		uint64_t epoch = tw_fake_acked(f, point);
		char where[64];
		const char *bad;

		tw_state_make(s, point, i < 2 ? i : (unsigned)(2 + TW_FAKE_EXACT + (c->hash >> 40) % 1000));
		if (!seen_add(j->seen, tw_state_hash(s)))
			continue;
		for (size_t k = 0; k < count; k++)
			promises[k].epoch = epoch > promises[k].epoch ? epoch : promises[k].epoch;
		j->share->tally.twice++;
		bad = tw_failed(tw_state_write(s, j->directory)) ? tw_err_detail() : oracle_judge(j->directory, promises, count);
		(void)snprintf(where, sizeof where, " and again at %zu (after %s)", point, tw_fake_kind(f, point));
		if (bad)
			complain(j, c, where, bad);
		(void)promises_of(j->r, c, promises);
	}
	(void)tw_state_free(s);
	(void)tw_fake_free(f);
}

static void work(struct judge *j, size_t step)
{
	tw_state *s = tw_state_new(j->r->fake);

	for (; j->share->at < j->count; j->share->at += step) {
		const struct candidate *c = &j->of[j->share->at];
		const char *bad;

		(void)alarm(STATE_MAX_S);
		if (++j->share->tally.states % NEWS == 0)
			printf("place %zu of %zu\n", j->share->at, j->count);
		bad = model_judge_one(j->r, s, c, j->directory);
		if (bad)
			complain(j, c, "", bad);
		if (j->plan->doubles && c->hash / 16 % j->plan->doubles == 0)
			cut_again(j, c, s);
	}
	(void)tw_state_free(s);
}

static pid_t start_worker(struct judge *j, unsigned job)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	(void)snprintf(j->directory, sizeof j->directory, "%s/job-%u", j->plan->directory, job);
	(void)mkdir(j->directory, 0700);
	tw_unit_use(tw_sys_real());
	work(j, j->plan->jobs);
	(void)fflush(stdout);
	_exit(0);
}

static void supervise(struct judge *j, struct share *shares, pid_t *pids)
{
	for (unsigned left = j->plan->jobs; left > 0;) {
		int status = 0;
		pid_t pid = wait(&status);

		if (pid < 0)
			abort();
		for (unsigned job = 0; job < j->plan->jobs; job++) {
			if (pids[job] != pid)
				continue;
			left--;
			if (status == 0)
				continue;
			j->share = &shares[job];
			complain(j, &j->of[shares[job].at], "", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the judge ended");
			shares[job].at += j->plan->jobs;
			pids[job] = start_worker(j, job);
			left++;
		}
	}
}

struct tally model_judge(const struct recording *r, const struct plan *p, const struct candidate *c, size_t count)
{
	struct judge j = { .r = r, .plan = p, .of = c, .count = count, .seen = seen_new(count * 2) };
	size_t size = p->jobs * sizeof *j.share;
	struct share *shares = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t *pids = calloc(p->jobs, sizeof *pids);
	struct tally total = { 0 };

	if (shares == MAP_FAILED || !pids)
		abort();
	for (size_t i = 0; i < count; i++)
		(void)seen_add(j.seen, c[i].hash);
	for (unsigned job = 0; job < p->jobs; job++) {
		j.share = &shares[job];
		shares[job].at = job;
		pids[job] = start_worker(&j, job);
	}
	supervise(&j, shares, pids);
	for (unsigned job = 0; job < p->jobs; job++) {
		total.states += shares[job].tally.states;
		total.twice += shares[job].tally.twice;
		total.bad += shares[job].tally.bad;
	}
	free(pids);
	return total;
}
