/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events as a device sends them. The first byte chooses the size of the pieces and the allocation that fails (0: none).
 *
 * Whole and in pieces the same events come out, by whichever fault they end. Ids are numbers that rise, data lies within its limit
 * and has no line end but the one between two lines, and after a fault nothing is given any more.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "tool/events.h"

#include <errno.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t last;
	bool numbered;
	unsigned count;
	uint8_t chain[32]; /* of all that was given */
};

static tw_err note(void *user, const char *id, struct tw_slice data)
{
	struct seen *s = user;
	uint64_t now = 0;
	uint8_t both[64];

	CHECK(data.size > 0 && data.size <= TW_EVENT_LINE_MAX && strlen(id) <= TW_EVENT_ID_MAX);
	CHECK(!memchr(data.at, '\r', data.size));
	if (*id) {
		CHECK(!tw_failed(tw_parse_u64(tw_slice_of(id), INT64_MAX, &now)));
		CHECK(!s->numbered || now >= s->last); /* an event without an id of its own has the one before */
		s->last = now;
		s->numbered = true;
	}
	s->count++;
	memcpy(both, s->chain, 32);
	CHECK(!tw_failed(tw_sha256(data.at, data.size, both + 32)));
	CHECK(!tw_failed(tw_sha256(both, sizeof both, s->chain)));
	return TW_OK;
}

static tw_err feed(const struct tw_sys *sys, const uint8_t *data, size_t size, size_t step, struct seen *s)
{
	struct tw_events e;
	tw_err r = TW_OK;

	*s = (struct seen){ 0 };
	tw_events_init(&e, sys, note, s);
	for (size_t at = 0; at < size && !tw_failed(r); at += step)
		r = tw_events_feed(&e, (struct tw_slice){ (const char *)data + at, size - at < step ? size - at : step });
	CHECK(e.line.size <= TW_EVENT_LINE_MAX && e.data.size <= TW_EVENT_LINE_MAX);
	tw_events_done(&e);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, pieces;

	if (size < 1)
		return 0;
	size_t step = 1 + data[0] % 16;
	tw_err a = feed(tw_sys_real(), data + 1, size - 1, size, &whole);
	tw_err b = feed(tw_sys_real(), data + 1, size - 1, step, &pieces);
	CHECK(a.code == b.code && whole.count == pieces.count && memcmp(whole.chain, pieces.chain, 32) == 0);
	CHECK(!tw_failed(a) || tw_is(a, TW_CODE_SYNTAX) || tw_is(a, TW_CODE_LIMIT));
	if (data[0] / 16) {
		tw_fake *f = tw_fake_new();
		tw_fake_fail(f, data[0] / 16, ENOMEM, false);
		b = feed(tw_fake_sys(f), data + 1, size - 1, step, &pieces);
		CHECK(tw_is(b, TW_CODE_NOMEM) || b.code == a.code);
		CHECK(pieces.count <= whole.count);
		(void)tw_fake_free(f);
	}
	return 0;
}
