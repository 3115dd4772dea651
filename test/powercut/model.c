/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts without a disk: a story is recorded once through the seam, and what a cut at any place may leave of it is built in
 * memory and judged, tens of states a second and processor.
 *
 *   powercut-model [-n STATES] [-d DOUBLES] [-j JOBS] [-s SEED] [-p POINT -v VARIANT] [-x]
 *
 * States are told apart by the hash of all names and bytes: each is judged and counted once, for all the moments it may be left at.
 * Every point has its "all kept" and "all lost", then all untorn subsets of what a sync had not covered where these are few, then
 * drawn ones. One of DOUBLES states (8; 0: none) is cut again during the start that follows. -x plants faults instead; -p and -v
 * judge one state aloud. Points are those of this recording: keys and salts differ in each, so a number may mean another state.
 */
#include "model.h"
#include "unit.h"

#include "base/log.h"
#include "sys/real.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define TMPFS 0x01021994

static void fail(const char *what)
{
	(void)fprintf(stderr, "powercut-model: ");
	perror(what);
	exit(2);
}

static void mark(struct story *s)
{
	struct recording *r = s->user;

	if (r->promise_count == PROMISES_MAX)
		fail("more promises than there are places for");
	r->promises[r->promise_count] = s->now;
	tw_fake_mark(r->fake, ++r->promise_count);
}

static void ahead(struct story *s, int64_t ms)
{
	struct recording *r = s->user;
	struct timespec wall, boot;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	tw_fake_clock(r->fake, false, (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 + ms,
		(int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000 + ms);
}

static void record_story(struct recording *r, const char *directory)
{
	struct story s = { .mark = mark, .ahead = ahead, .user = r };

	if (mkdir(directory, 0700) != 0)
		fail(directory);
	tw_unit_use(tw_sys_real());
	if (tw_failed(tw_unit_provision(directory))) {
		(void)fprintf(stderr, "powercut-model: provisioning: %s\n", tw_err_detail());
		exit(2);
	}
	r->fake = tw_fake_new();
	tw_fake_record(r->fake, directory);
	story_run(&s, tw_fake_sys(r->fake), directory);
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

/* In memory, so that a sync costs nothing: what it would do is the journal's business. */
static void make_place(char ret[64])
{
	struct statfs fs;
	bool in_memory = statfs("/dev/shm", &fs) == 0 && fs.f_type == TMPFS && access("/dev/shm", W_OK) == 0;

	(void)snprintf(ret, 64, "%s/tw-model-XXXXXX", in_memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(ret))
		fail(ret);
}

static unsigned long number(const char *text)
{
	unsigned long n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (unsigned long)(*text - '0');
	return n;
}

struct options {
	struct plan plan;
	bool plants, one;
	uint32_t point, variant;
};

static bool parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "n:d:j:s:p:v:x")) != -1) {
		unsigned long n = optarg ? number(optarg) : 0;

		if (c == 'n')
			o->plan.states = n;
		else if (c == 'd')
			o->plan.doubles = (unsigned)n;
		else if (c == 'j' && n > 0)
			o->plan.jobs = (unsigned)n;
		else if (c == 's')
			o->plan.seed = (unsigned)n;
		else if (c == 'p')
			o->one = true, o->point = (uint32_t)n;
		else if (c == 'v')
			o->variant = (uint32_t)n;
		else if (c == 'x')
			o->plants = true;
		else
			return false;
	}
	return optind == argc;
}

static struct tally one(const struct recording *r, const struct options *o)
{
	struct candidate c = { .point = o->point, .variant = o->variant };
	uint64_t mark_of = tw_fake_acked(r->fake, o->point);
	tw_state *s = tw_state_new(r->fake);
	char directory[100];
	const char *bad;

	if (mark_of)
		c.promises[(mark_of - 1) / 64] |= UINT64_C(1) << (mark_of - 1) % 64;
	(void)snprintf(directory, sizeof directory, "%s/one", o->plan.directory);
	(void)mkdir(directory, 0700);
	bad = model_judge_one(r, s, &c, directory);
	printf("point %u (%s), variant %u: %s\n", o->point, tw_fake_kind(r->fake, o->point), o->variant, bad ? bad : "ok");
	(void)tw_state_free(s);
	return (struct tally){ .states = 1, .bad = bad != NULL };
}

static struct tally many(const struct recording *r, const struct options *o)
{
	size_t count;
	const struct candidate *c = model_enumerate(r, &o->plan, &count);

	printf("%zu different states to judge\n", count);
	return model_judge(r, &o->plan, c, count);
}

static double seconds_since(const struct timespec *from)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	static struct recording r;
	struct options o = { .plan = { .jobs = 2, .doubles = 8, .states = 2000 } };
	struct timespec from;
	struct tally t;
	char place[64], story[80];
	double seconds;

	if (!parse(argc, argv, &o))
		return 2;
	tw_log_setup("powercut-model", o.one ? TW_LEVEL_INFO : TW_LEVEL_ERROR);
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* whole lines, though several processes write */
	make_place(place);
	o.plan.directory = place;
	(void)snprintf(story, sizeof story, "%s/story", place);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	record_story(&r, story);
	if (!o.one && !freopen("/dev/null", "w", stderr))
		return 2;
	t = o.plants ? model_plant(&r, &o.plan) : o.one ? one(&r, &o) : many(&r, &o);
	seconds = seconds_since(&from);
	(void)nftw(place, drop, 8, FTW_DEPTH | FTW_PHYS);
	if (o.plants)
		printf("%zu faults planted, %zu not found out, %.1f s\n", t.states, t.bad, seconds);
	else
		printf("%zu points, %zu states, %zu of them cut twice, %zu bad, %.1f s, %.0f states/s\n", tw_fake_points(r.fake),
			t.states + t.twice, t.twice, t.bad, seconds, (double)(t.states + t.twice) / seconds);
	return t.bad > 0;
}
