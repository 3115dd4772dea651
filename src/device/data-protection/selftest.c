/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the approved algorithms give what their standards say, each in the role that uses it, and how fast they are here, held
 * against what the product's manifest declares.
 *
 * A start has no time for it: the job's first round only begins its period. From then on it tries all of them every six hours, which
 * takes a few milliseconds; who asks has them tried and measured at once, within 20 on the slowest hardware that reaches the example's
 * floors. One that fails is recorded once, until it has passed again.
 */
#include "device/data-protection/selftest.h"

#include "crypto/selftest.h"
#include "device/rows-data-protection.h"

#include <string.h>

#define FRESH_MS 60000 /* so long a status goes by what was tried last */

struct tw_selftest {
	int64_t tried_ms; /* boot clock; 0: not yet */
	bool measured;
	const struct tw_algorithm *failed, *recorded; /* the first one that failed, and of which a record was made; or NULL */
	char why[160];
	uint64_t rate[TW_ALGORITHMS];
};

void tw_selftest_stop(struct tw_device *d)
{
	free(d->selftest);
	d->selftest = NULL;
}

static int64_t floor_of(struct tw_context *c, const struct tw_algorithm *row)
{
	const struct tw_manifest_floors *f = &tw_device_of(c)->manifest->floors;
	const int64_t floors[TW_ALGORITHM_KINDS] = {
		[TW_ALGORITHM_HASH] = f->hash,
		[TW_ALGORITHM_SEAL] = f->seal,
		[TW_ALGORITHM_SIGN] = f->sign,
		[TW_ALGORITHM_VERIFY] = f->verify,
	};

	return floors[row->kind];
}

static const char *unit_of(const struct tw_algorithm *row)
{
	return row->kind == TW_ALGORITHM_HASH || row->kind == TW_ALGORITHM_SEAL ? "KiB/s" : "1/s";
}

static bool slow(struct tw_context *c, const struct tw_algorithm *row, uint64_t rate)
{
	return rate < (uint64_t)floor_of(c, row);
}

/* @nist DP.CCS.1: the published example, by the code and in the role that is used */
static tw_err try_one(struct tw_context *c, const struct tw_algorithm *row, bool measure, uint64_t *ret_rate)
{
	if (row->in_keys)
		return tw_keys_client_try(c->keys, row->name, measure, ret_rate);
	TW_TRY(tw_algorithm_try(c->sys, row));
	return measure ? tw_algorithm_rate(c->sys, row, ret_rate) : TW_OK;
}

static tw_err state_of(struct tw_context *c, struct tw_selftest **ret)
{
	struct tw_device *d = tw_device_of(c);

	if (!d->selftest)
		d->selftest = TW_NEW(c->sys, struct tw_selftest);
	*ret = d->selftest;
	return *ret ? TW_OK : TW_RAISE(NOMEM, "the self-test");
}

/* What failed for lack of memory was not tried: only that is an error. */
static tw_err try_all(struct tw_context *c, bool measure, struct tw_selftest *s)
{
	s->failed = NULL;
	for (size_t i = 0; i < TW_ALGORITHMS; i++) {
		tw_err e = try_one(c, &tw_algorithms[i], measure, &s->rate[i]);

		if (tw_is(e, TW_CODE_NOMEM))
			return e;
		if (!tw_failed(e) || s->failed)
			continue;
		s->failed = &tw_algorithms[i];
		(void)snprintf(s->why, sizeof s->why, "%s", tw_err_detail());
	}
	s->tried_ms = tw_time_boot_ms(&tw_device_of(c)->time);
	s->measured |= measure;
	return TW_OK;
}

static tw_err run(struct tw_context *c, bool measure, struct tw_selftest **ret)
{
	struct tw_selftest *s = NULL;

	TW_TRY(state_of(c, &s));
	TW_TRY(try_all(c, measure, s));
	if (s->failed && s->failed != s->recorded)
		TW_TRY(tw_event(c, "crypto.self-test-failed", json_pack("{s:s, s:s}", "algorithm", s->failed->name, "why", s->why)));
	s->recorded = s->failed;
	*ret = s;
	return TW_OK;
}

tw_err tw_crypto_job_selftest(struct tw_context *c)
{
	struct tw_selftest *s = NULL;

	return tw_device_of(c)->selftest ? run(c, false, &s) : state_of(c, &s);
}

static json_t *describe(struct tw_context *c, const struct tw_algorithm *row, bool passed, uint64_t rate)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:I}", "name", row->name, "standard", row->standard, "role",
		row->in_keys ? "keys" : "core", "passed", passed, "rate", (json_int_t)rate, "unit", unit_of(row), "floor",
		(json_int_t)floor_of(c, row));
}

/* One algorithm, or all of them. */
static tw_err answer(struct tw_context *c, const struct tw_algorithm *only, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	bool all_passed = true, any_slow = false;

	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		uint64_t rate = 0;

		if (only && only != row)
			continue;
		tw_err e = try_one(c, row, true, &rate);
		if (tw_is(e, TW_CODE_NOMEM))
			return e;
		all_passed &= !tw_failed(e);
		any_slow |= !tw_failed(e) && slow(c, row, rate);
		TW_TRY(tw_json_append(list, describe(c, row, !tw_failed(e), rate)));
	}
	rp->body = json_pack("{s:b, s:b}", "passed", all_passed, "fast_enough", all_passed && !any_slow);
	return tw_json_set(rp->body, "algorithms", TW_STEAL(list));
}

/* @nist DP.CCS.1: an algorithm that is not approved is refused by name of the rule */
tw_err tw_crypto_selftest(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *name = tw_json_text(rq->input, "algorithm");
	const struct tw_algorithm *only = NULL;

	if (*name && tw_failed(tw_algorithm_find(tw_slice_of(name), &only)))
		return tw_reply_problem(rp, 400, "algorithm", "crypto.approved", "This is not an approved algorithm",
			"Leave the name out to see which there are.", "The device does not use it, and so does not try it.");
	return answer(c, only, rp);
}

static const struct tw_algorithm *slowest(struct tw_context *c, const struct tw_selftest *s)
{
	for (size_t i = 0; i < TW_ALGORITHMS; i++)
		if (slow(c, &tw_algorithms[i], s->rate[i]))
			return &tw_algorithms[i];
	return NULL;
}

static void say(struct tw_context *c, const struct tw_selftest *s, struct tw_element_status *ret)
{
	const struct tw_algorithm *late = slowest(c, s);

	ret->status = TW_STATUS_NOT_PROVIDED;
	if (s->failed) {
		(void)snprintf(ret->reason, sizeof ret->reason, "A known answer does not come out: %s.", s->why);
	} else if (!tw_device_of(c)->manifest->floors.hash) {
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The known answers of %d algorithms come out, but the product declares no speed that would be enough ('cryptography' "
			"in product.yaml).",
			TW_ALGORITHMS);
	} else if (late) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s does %llu %s here, and the product declares at least %lld.",
			late->name, (unsigned long long)s->rate[late - tw_algorithms], unit_of(late), (long long)floor_of(c, late));
	} else {
		ret->status = TW_STATUS_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The known answers of %d approved algorithms come out, and each is as fast as the product declares or faster.",
			TW_ALGORITHMS);
	}
}

/* @nist DP.CCS.1 */
tw_err tw_protection_status_algorithms(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_selftest *s = NULL;

	TW_TRY(state_of(c, &s));
	if (!s->measured || tw_time_boot_ms(&tw_device_of(c)->time) - s->tried_ms > FRESH_MS)
		TW_TRY(run(c, !s->measured || slowest(c, s), &s));
	say(c, s, ret);
	return TW_OK;
}
