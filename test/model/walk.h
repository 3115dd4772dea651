/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a device through every state that some events lead to, and prints each transition once, to be held against a model in doc/model:
 *
 *   STATE | EVENT | STATUS | STATE | WHAT
 *
 * A state is come to by the shortest way from the first, or as the walk itself brings it back.
 */
#ifndef TW_TEST_MODEL_WALK_H
#define TW_TEST_MODEL_WALK_H
#include "one-world.h"

#define WALK_STATES 256
#define WALK_LONGEST 24
#define WALK_TEXT 48

struct walk_event {
	const char *name;
	int (*happens)(void);            /* returns the status of the answer; 0: there is none */
	bool (*when)(const char *state); /* NULL: always */
};
struct walk {
	const struct walk_event *events;
	size_t count;
	void (*begin)(void); /* a device in the first state */
	void (*observe)(char ret[WALK_TEXT]);
	const char *(*what)(void);    /* what the event that has just happened did beside the state */
	void (*keep)(size_t state);   /* NULL; or the device is in that state for the first time, */
	void (*recall)(size_t state); /* and shall be in it again */
};
static bool walk_broken; /* something that a transition does not say went wrong */

struct walk_way {
	char to[WALK_TEXT];
	size_t length;
	uint8_t steps[WALK_LONGEST];
};

static inline bool walk_to(const struct walk *k, const struct walk_way *way, size_t state)
{
	char at[WALK_TEXT];

	if (k->recall)
		k->recall(state);
	else
		k->begin();
	for (size_t i = 0; i < way->length && !k->recall; i++)
		(void)k->events[way->steps[i]].happens();
	k->observe(at);
	return strcmp(at, way->to) == 0;
}

static inline void walk_step(const struct walk *k, const struct walk_way *way, size_t state, uint8_t event, char ret[WALK_TEXT])
{
	if (!walk_to(k, way, state))
		walk_broken = true;
	int status = k->events[event].happens();
	k->observe(ret);
	printf("%s | %s | %d | %s | %s\n", way->to, k->events[event].name, status, ret, k->what());
}

static inline bool walk_known(const struct walk_way *ways, size_t count, const char *state)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ways[i].to, state) == 0)
			return true;
	return false;
}

/* false: the device did not come again to where it had been, or there are too many states. */
static inline bool walk_all(const struct walk *k)
{
	static struct walk_way ways[WALK_STATES];
	size_t count = 1;
	char to[WALK_TEXT];

	k->begin();
	k->observe(ways[0].to);
	if (k->keep)
		k->keep(0);
	for (size_t i = 0; i < count; i++) {
		for (size_t e = 0; e < k->count; e++) {
			if (k->events[e].when && !k->events[e].when(ways[i].to))
				continue;
			walk_step(k, &ways[i], i, (uint8_t)e, to);
			if (walk_known(ways, count, to))
				continue;
			if (count == WALK_STATES || ways[i].length == WALK_LONGEST)
				return false;
			ways[count] = ways[i];
			(void)snprintf(ways[count].to, sizeof ways[count].to, "%s", to);
			ways[count].steps[ways[count].length++] = (uint8_t)e;
			if (k->keep)
				k->keep(count);
			count++;
		}
	}
	return !walk_broken;
}

static inline int walk_main(const struct walk *k, void (*set_up)(void))
{
	if (world_make(&w))
		return 2;
	world_start_owned(&w);
	set_up();
	bool well = walk_all(k);
	(void)world_end(&w);
	if (!well)
		(void)fprintf(stderr, "walk: the device did not come again to where it had been, or there are too many states\n");
	return well ? 0 : 1;
}
#endif
