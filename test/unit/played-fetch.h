/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role that connects to others, played: it takes one job and keeps what it was given until it is told how that ended. Linked with
 * --wrap=tw_fetch_missing,--wrap=tw_fetch_begin,--wrap=tw_fetch_ended,--wrap=tw_fetch_end.
 */
#ifndef TW_TEST_UNIT_PLAYED_FETCH_H
#define TW_TEST_UNIT_PLAYED_FETCH_H
#include "check.h"
#include "device/platform/fetch.h"

static struct {
	bool missing, running, over;
	enum tw_code refuses; /* OK: it takes the job */
	unsigned begun, ended;
	enum tw_fetch_method method;
	char type[TW_FETCH_TYPE_MAX + 1];
	char url[TW_FETCH_URL_MAX + 1], body[2048], authorization[TW_FETCH_AUTHORIZATION_MAX + 1], anchors[4096];
	struct tw_fetch_answer answer;
} fetched;

static inline void fetched_take(struct tw_slice from, char *to, size_t size)
{
	assert_true(from.size < size);
	(void)snprintf(to, size, TW_SLICE_FMT, TW_SLICE_ARG(from));
}

const char *__wrap_tw_fetch_missing(const struct tw_device *d);
const char *__wrap_tw_fetch_missing(const struct tw_device *d)
{
	return fetched.missing ? "It is not there." : NULL;
}

tw_err __wrap_tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *want);
tw_err __wrap_tw_fetch_begin(struct tw_device *d, const struct tw_fetch_want *want)
{
	if (fetched.running || fetched.refuses == TW_CODE_STATE)
		return TW_RAISE(STATE, "something else is being fetched");
	if (fetched.refuses == TW_CODE_LIMIT)
		return TW_RAISE(LIMIT, "too large");
	fetched.running = true;
	fetched.over = false;
	fetched.begun++;
	fetched.method = want->job.method;
	fetched_take(want->job.type, fetched.type, sizeof fetched.type);
	fetched_take(want->job.url, fetched.url, sizeof fetched.url);
	fetched_take(want->body, fetched.body, sizeof fetched.body);
	fetched_take(want->job.authorization, fetched.authorization, sizeof fetched.authorization);
	fetched_take(want->job.anchors, fetched.anchors, sizeof fetched.anchors);
	return TW_OK;
}

bool __wrap_tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret);
bool __wrap_tw_fetch_ended(struct tw_device *d, struct tw_fetch_answer *ret)
{
	*ret = fetched.answer;
	return fetched.over;
}

void __wrap_tw_fetch_end(struct tw_device *d);
void __wrap_tw_fetch_end(struct tw_device *d)
{
	fetched.ended++;
	fetched.running = fetched.over = false;
}

static inline void fetched_answers(enum tw_fetch_failure failure, unsigned status)
{
	fetched.answer = (struct tw_fetch_answer){ .failure = failure, .status = status };
	fetched.over = true;
}
#endif
