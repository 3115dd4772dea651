/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash role's judgement of passkeys, by the code that it runs, when the test says so. Linked with --wrap=tw_hash_enrol,--wrap=tw_hash_assert.
 */
#ifndef TW_TEST_UNIT_PLAYED_PASSKEY_H
#define TW_TEST_UNIT_PLAYED_PASSKEY_H
#include "device/hash/passkey.h"
#include "played-hash.h"

static struct {
	bool used, enrols, dies, full;
	struct tw_buf question;
	tw_hash_done *done;
	void *user;
	unsigned asked;
} passkey_is;

static inline tw_err passkey_take(bool enrols, tw_hash_done *done, void *user)
{
	if (passkey_is.full)
		return TW_RAISE(LIMIT, "too many");
	CHECK(!passkey_is.used);
	passkey_is.used = true;
	passkey_is.enrols = enrols;
	passkey_is.done = done;
	passkey_is.user = user;
	passkey_is.asked++;
	tw_buf_init(&passkey_is.question, tw_sys_real(), TW_PASSKEY_QUESTION_MAX);
	return TW_OK;
}

tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user)
{
	TW_TRY(passkey_take(true, done, user));
	return tw_passkey_enrol_write(q, &passkey_is.question);
}

tw_err __wrap_tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user)
{
	TW_TRY(passkey_take(false, done, user));
	return tw_passkey_assert_write(q, &passkey_is.question);
}

static inline void passkey_enrols(struct tw_hash_answer *a, struct tw_buf *said)
{
	struct tw_passkey_enrol q;

	CHECK_OK(tw_passkey_enrol_read(tw_buf_slice(&passkey_is.question), &q));
	a->outcome = tw_failed(tw_passkey_enrol(&q, said)) ? TW_HASH_NO : TW_HASH_YES;
	if (a->outcome == TW_HASH_YES)
		CHECK_OK(tw_passkey_enrolled_read(tw_buf_slice(said), &a->enrolled));
}

/* The question is answered; false: there was none. */
static inline bool passkey_step(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	struct tw_hash_answer a = { .outcome = TW_HASH_REFUSED, .why = "The role that hashes has died." };
	struct tw_passkey_assert q;

	if (!passkey_is.used)
		return false;
	tw_buf_init(&said, tw_sys_real(), TW_PASSKEY_ENROLLED_MAX);
	if (!passkey_is.dies && passkey_is.enrols)
		passkey_enrols(&a, &said);
	if (!passkey_is.dies && !passkey_is.enrols) {
		CHECK_OK(tw_passkey_assert_read(tw_buf_slice(&passkey_is.question), &q));
		a.outcome = tw_failed(tw_passkey_assert(&q)) ? TW_HASH_NO : TW_HASH_YES;
	}
	tw_buf_done(&passkey_is.question);
	passkey_is.used = false;
	passkey_is.done(passkey_is.user, &a);
	return true;
}
#endif
