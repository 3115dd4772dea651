/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of what a device does for whoever has proven nothing. Every operation that it publishes is asked; what may pass is known here, and no
 * list of the device's makes it more: the way in, and of the rest what the organization lists within what can be listed at all.
 */
#include "tool/probes/matrix.h"
#include "tool/probes/moment.h"

#include "base/text.h"

#define KEY "logical-access.without-login"
#define WAY_IN "commissioning.read commissioning.take commissioning.claim session.open notice.read recovery.ask"
#define FREE_AT_MOST "health.read status.read"

/* A word that nobody may list; NULL: there is none. */
static const char *beyond(const char *list, char words[TW_MOMENT_VALUE])
{
	char *save = NULL;

	(void)snprintf(words, TW_MOMENT_VALUE, "%s", list);
	for (const char *at = strtok_r(words, " ", &save); at; at = strtok_r(NULL, " ", &save))
		if (!tw_matrix_word(FREE_AT_MOST, at))
			return at;
	return NULL;
}

/* Every operation, without a credential; free: what the organization lists. */
static tw_err walk(struct tw_probe_context *c, const struct tw_matrix *m, const char *free, struct tw_walk *w, struct tw_finding *f)
{
	char all[TW_MOMENT_VALUE + sizeof WAY_IN + 1], words[TW_MOMENT_VALUE];
	const char *wrong = beyond(free, words);

	w->good = !wrong;
	if (wrong)
		return tw_found(f, TW_VERDICT_FAIL, "The device lists '%s' as permitted without login, which nobody may.", wrong);
	(void)snprintf(all, sizeof all, "%s %s", WAY_IN, free);
	w->who = "a stranger";
	w->free = all;
	TW_TRY(tw_matrix_walk(c, m, w, f));
	w->free = NULL;
	return TW_OK;
}

/* @nist LA.AS.1: each operation refuses but those on the list */
static tw_err demanded(struct tw_moment *m, const struct tw_matrix *matrix)
{
	struct tw_walk w = { .good = true };
	char free[TW_MOMENT_VALUE];

	TW_TRY(tw_moment_read(m, KEY, free));
	TW_TRY(walk(m->c, matrix, free, &w, m->f));
	return w.good
		? tw_found(m->f, TW_VERDICT_PASS,
			  "%zu operations were asked without a credential; %zu that are permitted without login passed the gate, the others refused.",
			  w.asked, w.let_pass)
		: TW_OK;
}

/* What works for a stranger, at its own address. */
static tw_err works(struct tw_moment *m, const char *path, long wanted, bool *good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	if (!*good)
		return TW_OK;
	TW_TRY(tw_ask(m->c, &tw_asker_stranger, "GET", path, &answer));
	*good = answer.status == wanted;
	return *good ? TW_OK
		     : tw_found(m->f, TW_VERDICT_FAIL, "By what is listed %s should be answered with %ld without login, and was with %ld.",
			       path, wanted, answer.status);
}

static tw_err listed(struct tw_moment *m, const struct tw_matrix *matrix, const char *list, bool *good)
{
	struct tw_walk w = { .good = true };

	if (!*good)
		return TW_OK;
	TW_TRY(tw_moment_set(m, KEY, list));
	TW_TRY(walk(m->c, matrix, list, &w, m->f));
	*good = w.good;
	TW_TRY(works(m, "/api/v1/health", tw_matrix_word(list, "health.read") ? 200 : 401, good));
	return works(m, "/api/v1/capabilities?limit=1", tw_matrix_word(list, "status.read") ? 200 : 401, good);
}

/* What may not be listed the device does not take. */
static tw_err refused(struct tw_moment *m, const char *list, bool *good)
{
	if (!*good)
		return TW_OK;
	tw_err e = tw_moment_set(m, KEY, list);
	*good = tw_failed(e);
	return *good ? TW_OK : tw_found(m->f, TW_VERDICT_FAIL, "The device let '%s' be listed as permitted without login.", list);
}

/* @nist LA.AIM.1: with everything that can be listed, with nothing, and never with more */
static tw_err only_listed(struct tw_moment *m, const struct tw_matrix *matrix)
{
	bool good = true;

	TW_TRY(listed(m, matrix, FREE_AT_MOST, &good));
	TW_TRY(listed(m, matrix, "", &good));
	TW_TRY(refused(m, "log.read", &good));
	TW_TRY(refused(m, "health.read settings.change", &good));
	return good
		? tw_found(m->f, TW_VERDICT_PASS,
			  "Without login every operation was asked twice: with health and status listed these worked and with nothing listed they were "
			  "refused; all others were refused, the way in apart. Reading the log and changing settings could not be listed.")
		: TW_OK;
}

static tw_err with_moment(
	struct tw_probe_context *c, struct tw_finding *f, tw_err (*ask)(struct tw_moment *m, const struct tw_matrix *matrix))
{
	TW_CLEANUP(tw_matrix_done) struct tw_matrix matrix = { .operations = { 0 } };
	struct tw_moment m;

	tw_err e = tw_moment_begin(&m, c, f);
	if (!tw_failed(e))
		e = tw_matrix_read(c, &matrix);
	if (!tw_failed(e))
		e = ask(&m, &matrix);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What a stranger is answered", e);
	tw_moment_back(&m);
	tw_moment_end(&m);
	return e;
}

static tw_err ask_demanded(struct tw_probe_context *c, struct tw_finding *ret)
{
	return with_moment(c, ret, demanded);
}

static tw_err ask_only_listed(struct tw_probe_context *c, struct tw_finding *ret)
{
	return with_moment(c, ret, only_listed);
}

const struct tw_probe tw_probes_strangers[] = {
	{ "LA.AS.1", "login-demanded", TW_SOURCE_OUTSIDE,
		"Does every operation refuse who has proven nothing, but those on the list?", ask_demanded, true },
	{ "LA.AIM.1", "without-login", TW_SOURCE_OUTSIDE,
		"Is what the organization lists permitted without login, and nothing else?", ask_only_listed, true },
	{ .element = NULL },
};
