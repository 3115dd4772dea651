/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults planted one by one, each kind of sync forgotten, each kind of rename before its sync. A judge that does not find one says
 * nothing when it finds none.
 */
#include "model.h"
#include "unit.h"

#include "base/mem.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KINDS_MAX 64
#define TRIES 1000 /* states of one fault */
#define NEAR 16    /* operations after the place of a fault: there it shows soonest */

/* Syncs whose loss no cut shows, and why. */
static const struct {
	const char *kind, *why;
} unseen[] = {
	{ "fsync core/store.db.new", "the copy is synced once more, whole, before it gets its name" },
	{ "fdatasync core/store.db.new-wal", "of a copy without its name, which is begun anew" },
	{ "fsync keys/keystore.b.new", "the first copy is down by then, and the next start writes this one again" },
	{ "rename keys/keystore.b.new", "the first copy is down by then, and the next start writes this one again" },
};

struct plant {
	char kind[300];
	size_t places, tried;
	bool found;
	char complaint[300];
};

static const char *why_unseen(const char *kind)
{
	for (size_t i = 0; i < TW_COUNT(unseen); i++)
		if (strcmp(unseen[i].kind, kind) == 0)
			return unseen[i].why;
	return NULL;
}

static size_t list_kinds(const tw_fake *f, struct plant *ret)
{
	size_t n = 0;

	for (size_t point = 1; point < tw_fake_points(f); point++) {
		const char *kind = tw_fake_kind(f, point);
		size_t i = 0;

		while (i < n && strcmp(ret[i].kind, kind) != 0)
			i++;
		if (*kind && i == n && n < KINDS_MAX)
			(void)snprintf(ret[n++].kind, sizeof ret->kind, "%s", kind);
	}
	return n;
}

static bool try_one(const struct recording *r, tw_state *s, size_t point, unsigned variant, const char *directory, struct plant *p)
{
	uint64_t moment = tw_fake_acked(r->fake, point);
	struct candidate c = { .point = (uint32_t)point, .variant = variant };
	const char *bad;

	if (moment)
		c.promises[(moment - 1) / 64] |= UINT64_C(1) << (moment - 1) % 64;
	p->tried++;
	bad = model_judge_one(r, s, &c, directory);
	if (!bad)
		return false;
	p->found = true;
	(void)snprintf(p->complaint, sizeof p->complaint, "%s", bad);
	return true;
}

/* Only where something can now be lost that could not before. */
static void try_fault(struct recording *r, const struct plan *plan, struct plant *p, const char *directory)
{
	size_t points = tw_fake_points(r->fake), *before = calloc(points, sizeof *before), n = 0, last = 0;
	size_t *places = calloc(points, sizeof *places), tries = why_unseen(p->kind) ? TRIES / 8 : TRIES;
	struct seen_set *seen = seen_new(TRIES);
	tw_state *s;

	if (!before || !places)
		abort();
	for (size_t point = 0; point < points; point++)
		before[point] = tw_fake_pending(r->fake, point);
	p->places = tw_fake_spoil(r->fake, p->kind);
	for (size_t point = 0; point < points; point++) {
		if (strcmp(tw_fake_kind(r->fake, point), p->kind) == 0)
			last = point;
		if (last && point - last < NEAR && tw_fake_pending(r->fake, point) != before[point])
			places[n++] = point;
	}
	s = tw_state_new(r->fake);
	for (unsigned round = 1; n && p->places && !p->found && p->tried < tries && round < TRIES; round++)
		for (size_t i = 0; i < n && !p->found && p->tried < tries; i += 1 + n / 60) {
			size_t point = places[(i + round * 13 + plan->seed) % n];

			tw_state_make(s, point, round);
			if (seen_add(seen, tw_state_hash(s)))
				(void)try_one(r, s, point, round, directory, p);
		}
	(void)tw_state_free(s);
	(void)tw_fake_spoil(r->fake, "");
	free(before);
	free(places);
}

static void try_share(struct recording *r, const struct plan *plan, struct plant *of, size_t count, unsigned job)
{
	char directory[100];

	(void)snprintf(directory, sizeof directory, "%s/job-%u", plan->directory, job);
	(void)mkdir(directory, 0700);
	tw_unit_use(tw_sys_real());
	for (size_t i = job; i < count; i += plan->jobs)
		try_fault(r, plan, &of[i], directory);
}

static void report(const struct plant *p)
{
	printf("%s %s (%zu places): %s in %zu states%s%s\n", strncmp(p->kind, "rename ", 7) == 0 ? "before its sync:" : "without",
		p->kind, p->places, p->found ? "found" : "NOT FOUND", p->tried, p->found ? ": " : "", p->complaint);
}

struct tally model_plant(struct recording *r, const struct plan *plan)
{
	struct plant *of = mmap(NULL, KINDS_MAX * sizeof *of, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tally t = { 0 };
	size_t count;

	if (of == MAP_FAILED)
		abort();
	count = list_kinds(r->fake, of);
	(void)fflush(stdout);
	for (unsigned job = 0; job < plan->jobs; job++)
		if (fork() == 0) {
			try_share(r, plan, of, count, job);
			_exit(0);
		}
	for (int status; wait(&status) > 0;)
		t.bad += status != 0; /* a fault that ends the judge itself is not what was looked for */
	for (size_t i = 0; i < count; i++) {
		if (of[i].places == 0)
			continue; /* renames of what was never synced */
		if (!of[i].found && why_unseen(of[i].kind)) {
			printf("without %s: not to be seen: %s\n", of[i].kind, why_unseen(of[i].kind));
			continue;
		}
		t.states++;
		t.bad += !of[i].found;
		report(&of[i]);
	}
	return t;
}
