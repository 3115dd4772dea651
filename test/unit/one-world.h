/* SPDX-License-Identifier: Apache-2.0 */
/* The one world of a test program, made anew for each of its tests, and the ways to what a device can be in. */
#ifndef TW_TEST_UNIT_ONE_WORLD_H
#define TW_TEST_UNIT_ONE_WORLD_H
#include "world.h"

#define MINUTE 60000LL

static struct world w;
static struct tw_unit_offer offer; /* the last that was made */

static inline struct tw_device *device(void)
{
	return tw_unit_device(w.unit);
}

static inline int set_up_unowned(void **state)
{
	if (world_make(&w))
		return -1;
	world_start(&w);
	return 0;
}

static inline int set_up_owned(void **state)
{
	if (world_make(&w))
		return -1;
	world_start_owned(&w);
	return 0;
}

static inline int tear_down(void **state)
{
	return world_end(&w);
}

static inline void later(int64_t ms)
{
	world_at(&w, WORLD_WALL, WORLD_BOOT + ms);
}

/* Asked by the owner (token NULL) or in a session, with the answer it must have. */
static inline void check_as(const char *token, const char *method, const char *target, const char *body, int want, const char *says)
{
	int status = token ? tw_unit_request_as(w.unit, token, method, target, body) : tw_unit_request(w.unit, method, target, NULL, body);

	if (status != want || (says && !strstr(tw_unit_body(w.unit), says)))
		fail_msg("%s %s %s: %d, %s", method, target, body ? body : "", status, tw_unit_body(w.unit));
}

/* Somebody comes in by a code that the owner asked for; the status, and the token of a session that was opened. */
static inline int open_for(const char *id, char token[64])
{
	char body[64], code[16];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\"}", id);
	check_as(NULL, "POST", "/api/v1/session-codes", body, 201, NULL);
	world_text(&w, "code", code, sizeof code);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	int status = world_open(&w, body);
	if (status == 201)
		world_text(&w, "token", token, 64);
	return status;
}

static inline void make_owned(void)
{
	if (!tw_unit_owned(w.unit))
		CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
}

static inline void make_unowned(void)
{
	uint8_t secret[16];

	if (tw_unit_owned(w.unit))
		CHECK_INT(tw_unit_recover(w.unit, secret), 200);
}

static inline void make_offer(void)
{
	make_unowned();
	CHECK_INT(tw_unit_offer(w.unit, &offer), 200);
}

/* A browser that waits for its code to be typed. */
static inline void make_browser(void)
{
	make_offer();
	CHECK_INT(tw_unit_browser(w.unit, &offer, "alice"), 202);
}

static inline void make_confirmed(void)
{
	make_browser();
	CHECK_INT(tw_unit_confirm(w.unit, &offer), 200);
}

static inline void make_collected(void)
{
	make_confirmed();
	CHECK_INT(tw_unit_claim(w.unit, &offer), 201);
}

/* --- Questions, each with its status --- */

static inline int ask_for_a_code(void)
{
	return tw_unit_request(w.unit, "POST", "/api/v1/session-codes", NULL, NULL);
}

static inline int take(void)
{
	return tw_unit_take(w.unit, &offer, "alice");
}

static inline int begin_browser(void)
{
	return tw_unit_browser(w.unit, &offer, "alice");
}

static inline int confirm(void)
{
	return tw_unit_confirm(w.unit, &offer);
}

static inline int claim(void)
{
	return tw_unit_claim(w.unit, &offer);
}

static inline int recover(void)
{
	uint8_t secret[16];

	return tw_unit_recover(w.unit, secret);
}
#endif
