/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of what customers are told by hand: the page that says how, when and from whom, and what a notice must hold. A publisher tries to announce
 * something about a product that there is not, which is refused whatever else is right with it, so that nobody is told anything.
 */
#include "tool/probes/portal.h"
#include "tool/probes/talk.h"

#include "base/text.h"

#include <string.h>

#define NEWS "/news?lang=en"
#define NOTICES "/api/v1/notices"
#define WORDS_MIN 10 /* bytes of what is said: less is no sentence */

/* --- The page --- */

static tw_err says(struct tw_probe_context *c, const struct tw_answer *page, const char *id, const char *what, struct tw_finding *f,
	bool *ret_good)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char begin[128];

	TW_TRY(tw_portal_by_id(c, page, id, &text));
	*ret_good = text.size >= WORDS_MIN;
	(void)snprintf(begin, sizeof begin, "%.100s", tw_buf_cstr(&text));
	if (tw_utf8_valid(tw_slice_of(begin)))
		TW_TRY(tw_saw(f, id, begin));
	return *ret_good ? TW_OK : tw_found(f, TW_VERDICT_FAIL, "The page /news does not say %s.", what);
}

static tw_err one_text(struct tw_probe_context *c, const char *id, const char *what, const char *pass, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	bool good;

	TW_TRY(tw_portal_open(c, NEWS, &page, f, &good));
	if (good)
		TW_TRY(says(c, &page, id, what, f, &good));
	return good ? tw_found(f, TW_VERDICT_PASS, "%s", pass) : TW_OK;
}

/* @nist IN.1.a.2.1: the fix's effects and side effects */
static tw_err fix_tests_named(struct tw_probe_context *c, struct tw_finding *f)
{
	return one_text(c, "update-fix-tests", "which tests of a fix should precede its installation",
		"The page says which tests of a fix should precede its installation. Whether they are the right ones was not judged.", f);
}

/* @nist IN.1.a.2.2: security and privacy */
static tw_err security_tests_named(struct tw_probe_context *c, struct tw_finding *f)
{
	return one_text(c, "update-security-tests", "which tests of security and privacy should precede an installation",
		"The page says which tests of security and privacy should precede an installation. Whether they are the right ones was not judged.",
		f);
}

/* @nist IN.1.d.1.1: when, and from whom; how is the page itself */
static tw_err news_explained(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	bool good;

	TW_TRY(tw_portal_open(c, NEWS, &page, f, &good));
	if (good)
		TW_TRY(says(c, &page, "news-when", "when customers hear of security", f, &good));
	if (good)
		TW_TRY(says(c, &page, "news-from", "from whom customers hear of security", f, &good));
	return good ? tw_found(f, TW_VERDICT_PASS, "The page says how, when and from whom customers hear of security.") : TW_OK;
}

/* --- What is demanded of a notice --- */

static const char *const of_update[][2] = { { "data", "TEST, none" }, { "severity", "low" }, { "install_by", "2099-12-31" },
	{ "needs", "TEST, nothing" }, { "review", "TEST, nothing" } };
#define WHOLE TW_COUNT(of_update)

/* Of a product that there is not. */
static json_t *notice(const char *kind)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "TEST", "kind", kind, "product", "test-there-is-none", "title", "TEST",
		"text", TW_TALK_TEST);
}

/* Whole but for what stands at that place. */
static json_t *update_but(size_t place)
{
	json_t *j = notice("update");

	for (size_t i = 0; j && i < WHOLE; i++)
		if (i != place && json_object_set_new(j, of_update[i][0], json_string(of_update[i][1]))) {
			json_decref(j);
			j = NULL;
		}
	return j;
}

static tw_err demanded(struct tw_talk *d, size_t place, const char *rule)
{
	char what[96];

	(void)snprintf(what, sizeof what, "An update may be announced without %s", of_update[place][0]);
	return tw_talk_refused(d, "POST", NOTICES, update_but(place), rule, what);
}

static tw_err demanded_from(struct tw_probe_context *c, struct tw_finding *f, size_t first, size_t last, const char *rule, const char *pass)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_PUBLISHER, f));
	for (size_t place = first; place <= last; place++)
		TW_TRY(demanded(&d, place, rule));
	/* with all of it, the product alone is wrong */
	TW_TRY(tw_talk_refused(
		&d, "POST", NOTICES, update_but(WHOLE), "notices.product", "A whole notice was not refused for its product alone"));
	return d.goes_on ? tw_found(f, TW_VERDICT_PASS, "%s", pass) : TW_OK;
}

/* @nist IN.1.a.1.3: what an update does to data */
static tw_err data_demanded(struct tw_probe_context *c, struct tw_finding *f)
{
	return demanded_from(c, f, 0, 0, "IN.1.a.1.3", "No update is announced without what it does to data on the device.");
}

/* @nist IN.1.a.2.3: severity, deadline and what it depends on */
static tw_err deadline_demanded(struct tw_probe_context *c, struct tw_finding *f)
{
	return demanded_from(c, f, 1, 3, "IN.1.a.2.3",
		"No update is announced without its severity, the day by which it should be installed and what it needs before.");
}

tw_err tw_probe_review_demanded(struct tw_probe_context *c, struct tw_finding *f)
{
	return demanded_from(c, f, 4, 4, "IN.1.c.1.2", "No update is announced without what customers should review.");
}

tw_err tw_probe_changes_announced(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_PUBLISHER, f));
	TW_TRY(tw_talk_refused(&d, "POST", NOTICES, notice("change"), "notices.product", "A change was not refused for its product alone"));
	TW_TRY(tw_talk_refused(&d, "POST", NOTICES, notice("test"), "notices.kind", "A notice of no kind was not refused for that"));
	return d.goes_on ? tw_found(f, TW_VERDICT_PASS, "Changes of supplier, plans and services are announced by notices of their own.")
			 : TW_OK;
}

/* --- Incidents --- */

#define KIND "severe-incident"
#define WARNING_MS (INT64_C(24) * 3600000)

static const json_t *clock_of(const struct tw_talk *d, const char *step)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(d->answer.body, "clocks"), i, one)
		if (!strcmp(tw_json_text(one, "kind"), KIND) && !strcmp(tw_json_text(one, "step"), step))
			return one;
	return NULL;
}

/* 24 hours from when the case was opened, which a drill is at once: a minute is the request's own time. */
static tw_err deadline_is(struct tw_talk *d, int64_t opened)
{
	const json_t *clock = clock_of(d, "early-warning");
	int64_t due = 0;

	if (!d->goes_on)
		return TW_OK;
	TW_TRY(tw_saw(d->f, "deadline", tw_json_text(clock, "due")));
	d->goes_on = !tw_failed(tw_parse_time(tw_slice_of(tw_json_text(clock, "due")), &due)) &&
		due >= opened + WARNING_MS - 60000 && due <= opened + WARNING_MS + 60000;
	return d->goes_on ? TW_OK
			  : tw_found(d->f, TW_VERDICT_FAIL, "The early warning of an incident is not due 24 hours after it was known.");
}

static tw_err read_clocks(struct tw_talk *d, int64_t opened)
{
	char path[96];

	TW_TRY(tw_talk_get(d, tw_talk_path(d, "/api/v1/article14", path)));
	TW_TRY(deadline_is(d, opened));
	TW_TRY(tw_talk_post(d, tw_talk_path(d, "/api/v1/article14-submissions", path),
		json_pack("{s:s, s:s, s:s}", "step", "early-warning", "kind", KIND, "reference", "TEST")));
	TW_TRY(tw_talk_wants(d, "article14." KIND ".submitted.early-warning.at", NULL));
	TW_TRY(tw_talk_get(d, tw_talk_path(d, "/api/v1/article14", path)));
	const char *state = tw_json_text(clock_of(d, "early-warning"), "state");
	if (d->goes_on && strcmp(state, "met") != 0) {
		d->goes_on = false;
		return tw_found(d->f, TW_VERDICT_FAIL, "The early warning was sent, and its clock says: %s.", state);
	}
	return TW_OK;
}

/* Neither clock goes on, and the case is closed. */
static tw_err end_drill(struct tw_talk *d)
{
	static const char *const kinds[] = { KIND, "exploited-vulnerability" };
	char path[96];

	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		TW_TRY(tw_talk_put_away(d, tw_talk_path(d, "/api/v1/article14-refusals", path),
			json_pack("{s:s, s:s}", "kind", kinds[i], "reason", "it was a test of thingward assess")));
	return tw_talk_put_away(d, tw_talk_path(d, "/api/v1/case-moves", path),
		json_pack("{s:s, s:s}", "to", "closed", "reason", "it was a test of thingward assess"));
}

/* @nist IN.2.b.1.1: a deadline, and when it was sent */
static tw_err deadlines_run(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	int64_t opened = 0;

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_MANAGER, f));
	TW_TRY(tw_talk_made(&d, "/api/v1/article14-drills", json_object()));
	if (d.goes_on && tw_failed(tw_parse_time(tw_slice_of(tw_talk_text(&d, "created")), &opened))) { /* the drill is ended all the same */
		d.goes_on = false;
		TW_TRY(tw_found(f, TW_VERDICT_FAIL, "The case of the drill does not say when it was opened."));
	}
	TW_TRY(read_clocks(&d, opened));
	if (d.goes_on)
		TW_TRY(tw_found(f, TW_VERDICT_PASS,
			"The case of an incident, a drill, had its early warning due after 24 hours, and kept when it was sent."));
	return end_drill(&d);
}

const struct tw_probe tw_probes_news[] = {
	{ "IN.1.a.1.3", "data-demanded", TW_SOURCE_INSIDE, "Is no update announced without what it does to data?", data_demanded, true },
	{ "IN.1.a.2.1", "fix-tests-named", TW_SOURCE_OUTSIDE, "Is it said which tests of a fix should precede its installation?",
		fix_tests_named, false },
	{ "IN.1.a.2.2", "security-tests-named", TW_SOURCE_OUTSIDE,
		"Is it said which tests of security and privacy should precede an installation?", security_tests_named, false },
	{ "IN.1.a.2.3", "deadline-demanded", TW_SOURCE_INSIDE,
		"Is no update announced without severity, deadline and what it needs?", deadline_demanded, true },
	{ "IN.1.d.1.1", "news-explained", TW_SOURCE_OUTSIDE, "Is it said how, when and from whom customers hear of security?",
		news_explained, false },
	{ "IN.2.b.1.1", "deadlines-run", TW_SOURCE_INSIDE, "Has an incident a deadline, and is it kept when it was told?",
		deadlines_run, true },
	{ .element = NULL },
};
