/* SPDX-License-Identifier: Apache-2.0 */
/* Which states there are, each once. */
#include "model.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS_MAX 20000 /* of drawn states at each point */
#define ROUNDS_IDLE 40   /* without one new state among them: there are no more */
#define STALE 20         /* the same of one point: it is asked rarely from there on */
#define RARELY 32
#define EXACT_ROUNDS (2U + (1U << TW_FAKE_EXACT))

struct seen_set {
	size_t mask;
	_Atomic uint64_t at[];
};

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

struct seen_set *seen_new(size_t expected)
{
	struct seen_set *s;
	size_t places = 1024;

	while (places < expected * 3)
		places *= 2;
	s = shared(sizeof *s + places * sizeof *s->at);
	s->mask = places - 1;
	return s;
}

bool seen_add(struct seen_set *s, uint64_t hash)
{
	uint64_t want = hash ? hash : 1;

	for (size_t i = want & s->mask;; i = (i + 1) & s->mask) {
		uint64_t there = 0;

		if (atomic_compare_exchange_strong(&s->at[i], &there, want))
			return true;
		if (there == want)
			return false;
	}
}

struct list {
	const struct recording *r;
	tw_state *state;
	struct candidate *of;
	size_t count, room;
	uint32_t *places; /* by hash: index + 1 */
	size_t mask;
	uint8_t *stale; /* of each point: how many states in a row were there already */
};

static void add(struct list *l, uint32_t point, uint32_t variant, uint64_t moment)
{
	uint64_t hash;
	size_t i;

	tw_state_make(l->state, point, variant);
	hash = tw_state_hash(l->state);
	for (i = hash & l->mask; l->places[i] && l->of[l->places[i] - 1].hash != hash; i = (i + 1) & l->mask)
		;
	if (!l->places[i]) {
		if (l->count == l->room)
			return;
		l->of[l->count] = (struct candidate){ .hash = hash, .point = point, .variant = variant };
		l->places[i] = (uint32_t)++l->count;
		l->stale[point] = 0;
	} else if (l->stale[point] < STALE) {
		l->stale[point]++;
	}
	if (moment)
		l->of[l->places[i] - 1].promises[(moment - 1) / 64] |= UINT64_C(1) << (moment - 1) % 64;
}

/* Once along the story: each point's state of this round. */
static void one_round(struct list *l, unsigned round, unsigned seed)
{
	size_t points = tw_fake_points(l->r->fake), first = round < EXACT_ROUNDS ? 0 : (seed * 7919U + round * 104729U) % points;
	unsigned variant = round < EXACT_ROUNDS ? round : round + seed * ROUNDS_MAX;

	for (size_t n = 0; n < points && l->count < l->room; n++) {
		size_t point = (first + n) % points, pending = tw_fake_pending(l->r->fake, point);

		if (round > 0 && pending == 0)
			continue; /* nothing can be lost */
		if (round >= EXACT_ROUNDS && l->stale[point] == STALE && (round + point) % RARELY != 0)
			continue;
		if (round >= 2 && round < EXACT_ROUNDS && (pending > TW_FAKE_EXACT || round - 2 >= 1U << pending))
			continue;
		add(l, (uint32_t)point, variant, tw_fake_acked(l->r->fake, point));
	}
}

static int by_point(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->point < y->point ? -1 : x->point > y->point;
}

struct candidate *model_enumerate(const struct recording *r, const struct plan *p, size_t *ret_count)
{
	struct list l = { .r = r, .state = tw_state_new(r->fake), .room = p->states, .mask = 1023 };
	size_t before = 0;

	while (l.mask < p->states * 3)
		l.mask = l.mask * 2 + 1;
	l.of = shared((p->states + 1) * sizeof *l.of);
	l.places = calloc(l.mask + 1, sizeof *l.places);
	l.stale = calloc(tw_fake_points(r->fake), 1);
	if (!l.places || !l.stale)
		abort();
	for (unsigned round = 0, idle = 0; l.count < l.room && round < ROUNDS_MAX && idle < ROUNDS_IDLE; round++) {
		one_round(&l, round, p->seed);
		idle = l.count == before && round >= EXACT_ROUNDS ? idle + 1 : 0;
		before = l.count;
	}
	free(l.places);
	free(l.stale);
	(void)tw_state_free(l.state);
	qsort(l.of, l.count, sizeof *l.of, by_point);
	*ret_count = l.count;
	return l.of;
}
