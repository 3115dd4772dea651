/* SPDX-License-Identifier: Apache-2.0 */
/* A unit in a directory of its own over a seam of its own, for tests: both clocks in hand, a code or a session in one line. */
#ifndef TW_TEST_UNIT_WORLD_H
#define TW_TEST_UNIT_WORLD_H
#include "unit.h"

#include "base/json.h"
#include "check.h"
#include "device/logical-access/state.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORLD_WALL 1900000000000LL /* 2030: after any build of ours */
#define WORLD_BOOT 1000000LL

struct world {
	char directory[40];
	tw_fake *fake;
	tw_unit *unit;
};

static inline void world_at(struct world *w, int64_t wall, int64_t boot)
{
	tw_fake_clock(w->fake, true, wall, boot);
}

/* Provisioned and not started. Nonzero: it cannot be had. */
static inline int world_make(struct world *w)
{
	*w = (struct world){ .fake = tw_fake_new() };
	(void)snprintf(w->directory, sizeof w->directory, "%s/tw-world-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(w->directory))
		return -1;
	tw_unit_use(tw_sys_real());
	world_at(w, WORLD_WALL, WORLD_BOOT);
	return tw_failed(tw_unit_provision(w->directory)) ? -1 : 0;
}

static inline int world_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static inline int world_end(struct world *w)
{
	w->unit = tw_unit_stop(w->unit);
	w->fake = tw_fake_free(w->fake);
	return nftw(w->directory, world_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Also again: as after a kill. */
static inline void world_start(struct world *w)
{
	w->unit = tw_unit_stop(w->unit);
	CHECK_OK(tw_unit_start(tw_fake_sys(w->fake), w->directory, &w->unit));
	CHECK_TEXT(tw_unit_log_fault(w->unit), "");
}

static inline void world_start_owned(struct world *w)
{
	world_start(w);
	CHECK_INT(tw_unit_takeover(w->unit, "alice"), 201);
}

/* A member of the last answer. */
static inline void world_text(const struct world *w, const char *key, char *ret, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w->unit)), 65536, &j));
	(void)snprintf(ret, size, "%s", tw_json_text(j, key));
}

/* What opens a session. */
static inline void world_code(struct world *w, char ret_body[64])
{
	char code[16];

	CHECK_INT(tw_unit_request(w->unit, "POST", "/api/v1/session-codes", NULL, NULL), 201);
	world_text(w, "code", code, sizeof code);
	(void)snprintf(ret_body, 64, "{\"code\":\"%s\"}", code);
}

static inline int world_open(struct world *w, const char *body)
{
	return tw_unit_request_as(w->unit, NULL, "POST", "/api/v1/sessions", body);
}

static inline void world_session(struct world *w, char token[64])
{
	char body[64];

	world_code(w, body);
	CHECK_INT(world_open(w, body), 201);
	world_text(w, "token", token, 64);
}

static inline int world_reads(struct world *w, const char *token)
{
	return tw_unit_request_as(w->unit, token, "GET", "/api/v1/identity", NULL);
}

static inline bool world_log_says(struct world *w, const char *what)
{
	CHECK_INT(tw_unit_request(w->unit, "GET", "/api/v1/log?limit=100", NULL, NULL), 200);
	return strstr(tw_unit_body(w->unit), what) != NULL;
}

/* A session of the first owner's, as somebody opens one over HTTPS; without a request. */
static inline tw_err world_opens(struct world *w, char token[TW_TOKEN_TEXT + 1])
{
	struct tw_device *d = tw_unit_device(w->unit);
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1" } };
	const struct tw_opening o = { .account = d->access->owners.of[0].id, .how = "code", .rq = &rq };

	return tw_access_session(&d->context, &o, token);
}
#endif
