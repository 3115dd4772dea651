/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash role, played: questions wait until they are answered, one by one and preferred ones first, by a hash that costs nothing. Linked with
 * --wrap=tw_hash_verify,--wrap=tw_hash_make,--wrap=tw_hash_cancel,--wrap=tw_hash_prefer.
 */
#ifndef TW_TEST_UNIT_PLAYED_HASH_H
#define TW_TEST_UNIT_PLAYED_HASH_H
#include "check.h"
#include "crypto/hash.h"
#include "service/hash/hashing.h"
#include "sys/real.h"

struct played_question {
	bool make, used, first;
	struct tw_phc hash;
	char password[TW_HASH_PASSWORD_MAX + 1];
	tw_hash_done *done;
	void *user;
};
static struct {
	struct played_question of[TW_HASH_WAITING + 2];
	unsigned verified, made, cancelled;
	bool missing, refuses, full;
	bool agrees;        /* every password is the right one */
	struct tw_phc last; /* that was verified against */
} played;

static inline void played_tag(struct tw_phc *h, const char *password)
{
	char text[TW_HASH_SALT_SIZE + TW_HASH_PASSWORD_MAX];
	size_t size = strlen(password);

	memcpy(text, h->salt, sizeof h->salt);
	memcpy(text + sizeof h->salt, password, size);
	CHECK_OK(tw_sha256(text, sizeof h->salt + size, h->tag));
	tw_wipe(text, sizeof text);
}

static inline tw_err played_ask(const struct played_question *q, struct tw_slice password)
{
	if (played.missing)
		return TW_RAISE(STATE, "no role");
	for (size_t i = 0; i < TW_COUNT(played.of) && !played.full; i++)
		if (!played.of[i].used) {
			played.of[i] = *q;
			played.of[i].used = true;
			(void)snprintf(played.of[i].password, sizeof played.of[i].password, "%.*s", (int)password.size, password.at);
			return TW_OK;
		}
	return TW_RAISE(LIMIT, "too many");
}

tw_err __wrap_tw_hash_verify(tw_hashing *h, const struct tw_phc *hash, struct tw_slice password, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_verify(tw_hashing *h, const struct tw_phc *hash, struct tw_slice password, tw_hash_done *done, void *user)
{
	return played_ask(&(struct played_question){ .hash = *hash, .done = done, .user = user }, password);
}

tw_err __wrap_tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_make(tw_hashing *h, struct tw_hash_cost cost, struct tw_slice password, tw_hash_done *done, void *user)
{
	return played_ask(
		&(struct played_question){
			.make = true, .hash = { .cost = cost, .salt = { (uint8_t)++played.made } }, .done = done, .user = user },
		password);
}

void __wrap_tw_hash_cancel(tw_hashing *h, const void *user);
void __wrap_tw_hash_cancel(tw_hashing *h, const void *user)
{
	for (size_t i = 0; i < TW_COUNT(played.of); i++)
		if (played.of[i].used && played.of[i].user == user) {
			played.of[i].done = NULL;
			played.cancelled++;
		}
}

void __wrap_tw_hash_prefer(tw_hashing *h, const void *user);
void __wrap_tw_hash_prefer(tw_hashing *h, const void *user)
{
	for (size_t i = 0; i < TW_COUNT(played.of); i++)
		if (played.of[i].used && played.of[i].user == user)
			played.of[i].first = true;
}

static inline struct played_question *played_next(void)
{
	struct played_question *next = NULL;

	for (size_t i = 0; i < TW_COUNT(played.of); i++)
		if (played.of[i].used && (!next || (played.of[i].first && !next->first)))
			next = &played.of[i];
	return next;
}

/* One question is answered; false: there was none. */
static inline bool played_step(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_hash_answer a = { .outcome = TW_HASH_YES };
	struct played_question *next = played_next(), q;

	if (!next)
		return false;
	q = *next;
	tw_wipe(next, sizeof *next);
	tw_buf_init(&text, tw_sys_real(), TW_PHC_MAX);
	struct tw_phc h = q.hash;
	played_tag(&h, q.password);
	if (q.make) {
		CHECK_OK(tw_phc_write(&h, &text));
		a.phc = tw_buf_slice(&text);
	} else {
		played.verified++;
		played.last = q.hash;
		a.outcome = played.agrees || tw_phc_same(&h, &q.hash) ? TW_HASH_YES : TW_HASH_NO;
	}
	if (played.refuses)
		a = (struct tw_hash_answer){ .why = "The role that hashes has died." };
	tw_wipe(q.password, sizeof q.password);
	if (q.done)
		q.done(q.user, &a);
	return true;
}
#endif
