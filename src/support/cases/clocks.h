/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of Article 14 of Regulation (EU) 2024/2847. Pure: what is known of a case and the time in, deadlines out.
 *
 * All run from the moment somebody became aware. 24 and 72 hours are elapsed hours, whatever clocks on walls do. The 14 days and the month are counted
 * by the calendar both in UTC and in the named zone, and the earlier end counts, so that by neither reading one is late. Regulation
 * 1182/71 would let some periods end later (at the end of an hour, behind a weekend); that is nothing to plan with, and no use is made of it.
 */
#ifndef TW_SUPPORT_CASES_CLOCKS_H
#define TW_SUPPORT_CASES_CLOCKS_H
#include "support/cases/zone.h"

enum tw_a14_kind {
	TW_A14_EXPLOITED, /* 14(1): an actively exploited vulnerability */
	TW_A14_INCIDENT,  /* 14(3): a severe incident with an impact on the security of the product */
	TW_A14_KINDS,
};
enum tw_a14_step { TW_A14_WARNING, TW_A14_NOTIFICATION, TW_A14_FINAL, TW_A14_STEPS };
extern const char *const tw_a14_kinds[TW_A14_KINDS]; /* "exploited-vulnerability" */
extern const char *const tw_a14_steps[TW_A14_STEPS]; /* "early-warning" */
bool tw_a14_kind_find(struct tw_slice name, enum tw_a14_kind *ret);
bool tw_a14_step_find(struct tw_slice name, enum tw_a14_step *ret);

#define TW_A14_NEVER INT64_MIN
struct tw_a14 {
	enum tw_a14_kind kind;
	int64_t aware_ms;
	const struct tw_zone *zone;
	int64_t measure_ms;                 /* a corrective or mitigating measure is available; TW_A14_NEVER: none yet */
	int64_t submitted_ms[TW_A14_STEPS]; /* TW_A14_NEVER: not yet */
	int64_t not_reportable_ms;          /* somebody found that it need not be reported; TW_A14_NEVER: nobody did */
};
void tw_a14_init(struct tw_a14 *a, enum tw_a14_kind kind, int64_t aware_ms, const struct tw_zone *zone);

enum tw_clock_state {
	TW_CLOCK_RUNNING,
	TW_CLOCK_WAITING, /* for what starts it: a measure, or the notification */
	TW_CLOCK_MET,
	TW_CLOCK_MET_LATE, /* submitted, after its deadline */
	TW_CLOCK_LATE,     /* not submitted, and its deadline is over */
	TW_CLOCK_OFF,      /* found not reportable */
};
extern const char *const tw_clock_states[]; /* "met-late" */
struct tw_clock {
	enum tw_a14_step step;
	enum tw_clock_state state;
	const char *rule;        /* "Art. 14(2)(a)" */
	int64_t from_ms, due_ms; /* TW_A14_NEVER while it waits */
	unsigned escalation;     /* how many of its points are over; 0: none, or it does not run */
	int64_t escalates_ms;    /* the next point; TW_A14_NEVER: none is left, or it does not run */
};
void tw_a14_clocks(const struct tw_a14 *a, int64_t now_ms, struct tw_clock ret[TW_A14_STEPS]);
/* When its points of escalation are, in their order; the last is the deadline itself. False: it does not run, and is not late. */
#define TW_A14_POINTS 4
bool tw_a14_points(enum tw_a14_kind kind, const struct tw_clock *c, int64_t ret[TW_A14_POINTS]);
/* By which cases are sorted: the next deadline that is not met, one that is over too. TW_A14_NEVER: none. */
int64_t tw_a14_next(const struct tw_clock clocks[TW_A14_STEPS]);
/* "3 h 20 min left", "2 d 4 h late" */
void tw_clock_words(const struct tw_clock *c, int64_t now_ms, char ret[64]);

/* Article 16(2): on what grounds the dissemination of what is notified may be delayed, if the manufacturer says so and the CSIRT agrees. */
struct tw_a14_ground {
	const char *name; /* NULL ends the list */
	const char *words;
	unsigned kinds; /* bits of 1u << kind: which it may be claimed for */
	unsigned steps; /* bits of 1u << step: where it has to be said */
};
extern const struct tw_a14_ground tw_a14_grounds[];
const struct tw_a14_ground *tw_a14_ground_find(struct tw_slice name);
#endif
