/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger with a clock learns: whether an identifier that he guesses is this device's.
 *
 * He asks in pairs, the right guess and a wrong one of the same length, on one connection and in changing order, so that what
 * slows the machine slows both. A comparison that costs as little as the clock shows moves most pairs to one side; load moves
 * them to either. Only what shows in two rounds, to the same side, and by more than SHOWS_US, is told.
 */
#include "tool/probes/probe.h"

#include "base/text.h"

#include <stdlib.h>

#define PAIRS 64
#define ASTRAY 20 /* so many pairs more than half lie on one side by chance in one of a million rounds */
#define SHOWS_US 50

/* Where a stranger may put a guess. */
static const struct guess_place {
	const char *name, *method, *path;
	bool in_body;
} places[] = {
	{ "path", "GET", "/api/v1/peers/%s", false },
	{ "query", "GET", "/api/v1/identity?identifier=%s", false },
	{ "body", "POST", "/api/v1/peers", true },
};

struct guesser {
	struct tw_probe_context *c;
	tw_client *client;
	const char *right;
	char wrong[256];
};

static tw_err ask_once(struct guesser *g, const struct guess_place *p, const char *guess, int64_t *ret_us)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = p->in_body ? json_pack("{s:s}", "identifier", guess) : NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf path = { 0 };

	if (p->in_body && !body)
		return TW_RAISE(NOMEM, "a guess");
	tw_buf_init(&path, g->c->sys, 512);
	TW_TRY(p->in_body ? tw_buf_text(&path, p->path)
			  : tw_buf_format(&path, "%.*s%s", (int)(strchr(p->path, '%') - p->path), p->path, guess));
	const struct tw_call call = { .method = p->method, .path = tw_buf_cstr(&path), .body = body };
	int64_t begin = tw_probe_now_us(g->c->sys);
	TW_TRY(tw_client_call(g->client, &call, &answer));
	*ret_us = tw_probe_now_us(g->c->sys) - begin;
	return TW_OK;
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* By how much right guesses are slower than wrong ones, or quicker when it is below 0; 0: it does not show. */
static tw_err measure(struct guesser *g, const struct guess_place *p, int64_t *ret_us)
{
	int64_t more[PAIRS], first, second;
	int slower = 0, quicker = 0;

	for (int i = 0; i < PAIRS; i++) {
		const bool right_first = i % 2 == 0;

		TW_TRY(ask_once(g, p, right_first ? g->right : g->wrong, &first));
		TW_TRY(ask_once(g, p, right_first ? g->wrong : g->right, &second));
		more[i] = right_first ? first - second : second - first;
		slower += more[i] > 0;
		quicker += more[i] < 0;
	}
	qsort(more, PAIRS, sizeof more[0], by_size);
	const int64_t median = more[PAIRS / 2];
	const bool shows = median > 0 ? slower > PAIRS / 2 + ASTRAY : quicker > PAIRS / 2 + ASTRAY;
	*ret_us = shows && (median > SHOWS_US || median < -SHOWS_US) ? median : 0;
	return TW_OK;
}

static tw_err judge_place(struct guesser *g, const struct guess_place *p, struct tw_finding *f, bool *ret_good)
{
	int64_t once, again = 0;
	tw_err e = measure(g, p, &once);

	if (!tw_failed(e) && once)
		e = measure(g, p, &again);
	*ret_good = false;
	if (tw_failed(e))
		return tw_found_trouble(f, "Guessing the identifier", e);
	if (once && again && (once > 0) == (again > 0))
		return tw_found(f, TW_VERDICT_FAIL,
			"Guessed in the %s, the right identifier is answered %lld microseconds %s than a wrong one of the same length, in two rounds of "
			"%d pairs.",
			p->name, (long long)(again > 0 ? again : -again), again > 0 ? "later" : "earlier", PAIRS);
	*ret_good = true;
	return TW_OK;
}

/* As long as the right one and of the same form; from behind its last colon on no letter and no digit is the same. */
static void spoil(const char *right, char ret[256])
{
	const char *tail = strrchr(right, ':');
	size_t from = tail ? (size_t)(tail - right) + 1 : 0;

	(void)snprintf(ret, 256, "%s", right);
	for (char *at = ret + from; *at; at++)
		if (*at != '-' && *at != '.' && *at != '_' && *at != '%')
			*at = *at == '0' ? '1' : '0';
}

/* @nist DI.ABI.1.1: nor do the times of its answers tell a stranger whether he guessed right. */
tw_err tw_probe_times_tell_nothing(struct tw_probe_context *c, struct tw_finding *f)
{
	const struct tw_target *t = &c->target[0];
	struct tw_place place = { .address = t->session.device.address, .has_pin = true };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;
	struct guesser g = { .c = c, .right = t->session.device.identifier };
	bool good = true;

	if (!*g.right || strlen(g.right) >= sizeof g.wrong)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It is not known what there is to guess.");
	memcpy(place.pin, t->session.device.listener, sizeof place.pin);
	TW_TRY(tw_client_new(c->sys, &place, &client));
	g.client = client;
	spoil(g.right, g.wrong);
	for (size_t i = 0; i < TW_COUNT(places) && good; i++)
		TW_TRY(judge_place(&g, &places[i], f, &good));
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"A stranger's right guess of the identifier, in path, query or body, takes as long to refuse as a wrong one: of %d pairs each, "
		"neither is later by more than %d microseconds again and again.",
		PAIRS, SHOWS_US);
}
