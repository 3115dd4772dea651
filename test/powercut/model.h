/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the model share: the recorded story, and a set of hashes that several processes fill. */
#ifndef TW_TEST_MODEL_H
#define TW_TEST_MODEL_H
#include "story.h"

#include "sys/fake.h"

#define PROMISES_MAX 256
#define PLACES_MAX 8

struct recording {
	tw_fake *fake;
	struct promise promises[PROMISES_MAX];
	size_t promise_count;
};

/* Several states at once, each with the moments it may be left at. */
struct candidate {
	uint64_t hash;
	uint32_t point, variant;
	uint64_t promises[PROMISES_MAX / 64]; /* bits */
};

struct plan {
	const char *directory;        /* for everything, in memory if there is such a place */
	unsigned jobs, seed, doubles; /* doubles: of how many states one is cut twice */
	size_t states;
};

struct tally {
	size_t states, twice, bad;
};

/* Shared by all processes that are forked after it. */
struct seen_set;
struct seen_set *seen_new(size_t expected);
bool seen_add(struct seen_set *s, uint64_t hash); /* false: it was there */

/* The candidates, at least as many as wanted unless there are no more; rising by point. Sets *ret_count; of shared memory. */
struct candidate *model_enumerate(const struct recording *r, const struct plan *p, size_t *ret_count);
struct tally model_judge(const struct recording *r, const struct plan *p, const struct candidate *c, size_t count);
/* Forgets each kind of sync, and the order of each kind of rename; true: every one is found out that has to be. */
struct tally model_plant(struct recording *r, const struct plan *p);
/* Judges one state in directory; complaint as oracle_judge. */
const char *model_judge_one(const struct recording *r, tw_state *s, const struct candidate *c, const char *directory);
#endif
