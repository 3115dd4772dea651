/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the manufacturer's server: how anybody learns where to report, what he is asked, and whether what he sends arrives. Each asks as a stranger
 * without an account. What sends a report says in it that it is a test, and is left out by --not-intrusive.
 */
#include "tool/files.h"
#include "tool/probes/portal.h"

#include "base/text.h"

#include <string.h>

#define REPORT "/report?lang=en"
#define POLICY "/policy?lang=en"
#define SECURITY_TXT "/.well-known/security.txt"
#define YEAR_MS (INT64_C(366) * 86400000)

/* --- What reporters are asked --- */

/* The fields that the catalog wants to be offered, and none of them demanded. */
static const char *const offered[] = { "flaw", "traits", "version", "fix" };

/* @nist QR.1.a.1.1: type, traits and a fix are asked for, the description alone is needed */
static tw_err form_asks(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	bool there;

	TW_TRY(tw_portal_open(c, REPORT, &page, f, &there));
	if (!there)
		return TW_OK;
	const struct tw_portal_field description = tw_portal_field(&page, "description");
	TW_TRY(tw_saw(f, "description", !description.asked ? "not asked for" : description.required ? "needed" : "asked for"));
	if (!description.asked || !description.required)
		return tw_found(f, TW_VERDICT_FAIL, "The report page has no field that asks for a description and needs one.");
	for (size_t i = 0; i < TW_COUNT(offered); i++) {
		const struct tw_portal_field one = tw_portal_field(&page, offered[i]);

		TW_TRY(tw_saw(f, offered[i], !one.asked ? "not asked for" : one.required ? "needed" : "asked for"));
		if (!one.asked || one.required)
			return tw_found(f, TW_VERDICT_FAIL, "The report page %s: %s.",
				one.asked ? "takes no report without one of what may be left out" : "does not ask for one of what is wanted",
				offered[i]);
	}
	return tw_found(f, TW_VERDICT_PASS,
		"The report page asks for the type of the flaw, what it takes and gains, the version and an idea for a fix, and needs the description only.");
}

/* Whether the page shows what stands behind each of these words. */
static tw_err shows(struct tw_probe_context *c, const struct tw_answer *page, const struct tw_test_report *r, const char **ret_missing)
{
	static const char *const keys[] = { "product", "version", "traits", "fix" };
	char wanted[64];
	bool there = false;

	*ret_missing = "description";
	TW_TRY(tw_portal_says(c, page, "TEST REPORT", &there));
	for (size_t i = 0; r->whole && there && i < TW_COUNT(keys); i++) {
		(void)snprintf(wanted, sizeof wanted, "test, %s %s", keys[i], r->mark);
		*ret_missing = keys[i];
		TW_TRY(tw_portal_says(c, page, wanted, &there));
	}
	if (there) {
		*ret_missing = "mark";
		TW_TRY(tw_portal_says(c, page, r->mark, &there));
	}
	*ret_missing = there ? NULL : *ret_missing;
	return TW_OK;
}

/* Sends it, and reads it again by its receipt. good: the finding says nothing yet. */
static tw_err send_and_read(struct tw_probe_context *c, struct tw_test_report *r, struct tw_answer *page, struct tw_finding *f, bool *good)
{
	const char *missing = NULL;
	char status[16];

	*good = false;
	TW_TRY(tw_test_report_send(c, r));
	(void)snprintf(status, sizeof status, "%ld", r->status);
	TW_TRY(tw_saw(f, "mark", r->mark));
	TW_TRY(tw_saw(f, "answer", status));
	if (!r->receipt[0])
		return tw_test_report_refused(r, f);
	TW_TRY(tw_test_report_follow(c, r, page));
	if (page->status != 200)
		return tw_found(f, TW_VERDICT_FAIL, "Whoever asked with the receipt was answered with %ld.", page->status);
	TW_TRY(shows(c, page, r, &missing));
	if (missing)
		return tw_found(f, TW_VERDICT_FAIL,
			"Whoever asked with the receipt was not shown what had been sent: its %s is missing.", missing);
	*good = true;
	return TW_OK;
}

static tw_err report_arrives(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	struct tw_test_report r = { .kind = "flaw", .flaw = "other", .whole = true };
	bool good = false;
	tw_err e = send_and_read(c, &r, &page, f, &good);

	if (tw_failed(e))
		return tw_found_trouble(f, "What the probe sent", e);
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "A report with type, traits, version and an idea for a fix was taken without an account, and shown again, whole, to whoever "
			      "had its receipt.")
		    : TW_OK;
}

/* One report without anything but its description is taken; one without that is not. */
static tw_err description_alone(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf form = { 0 };
	struct tw_test_report r = { .whole = false };
	bool good = false;
	tw_err e = send_and_read(c, &r, &page, f, &good);

	tw_buf_init(&form, c->sys, 64);
	if (!tw_failed(e) && good)
		e = tw_portal_put(&form, "description", " ");
	if (!tw_failed(e) && good)
		e = tw_portal_send(c, "/report", &form, &page);
	if (tw_failed(e))
		return tw_found_trouble(f, "What the probe sent", e);
	if (good && page.status == 429)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "Too much came from this network a moment ago. Try again in some minutes.");
	if (good && page.status != 422)
		return tw_found(f, TW_VERDICT_FAIL, "A report without a description was answered with %ld, and not sent back.", page.status);
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "A report with nothing but a description was taken, and one without a description was sent back.")
		    : TW_OK;
}

/* --- Where it is published --- */

/* The value of the n-th line of that field; false: there is none. */
static bool field(struct tw_slice text, const char *name, size_t n, struct tw_slice *ret)
{
	const size_t size = strlen(name);

	while (text.size) {
		const char *end = memchr(text.at, '\n', text.size);
		struct tw_slice line = { text.at, end ? (size_t)(end - text.at) : text.size };

		text = (struct tw_slice){ text.at + line.size + (end ? 1 : 0), text.size - line.size - (end ? 1 : 0) };
		while (line.size && strchr("\r \t", line.at[line.size - 1]))
			line.size--;
		if (line.size <= size || line.at[size] != ':' || !tw_slice_is_nocase((struct tw_slice){ line.at, size }, name) || n--)
			continue;
		*ret = (struct tw_slice){ line.at + size + 1, line.size - size - 1 };
		while (ret->size && (*ret->at == ' ' || *ret->at == '\t'))
			*ret = (struct tw_slice){ ret->at + 1, ret->size - 1 };
		return ret->size > 0;
	}
	return false;
}

static bool is_contact(struct tw_slice s)
{
	static const char *const schemes[] = { "https://", "mailto:", "tel:" };

	for (size_t i = 0; i < TW_COUNT(schemes); i++)
		if (s.size > strlen(schemes[i]) && !memcmp(s.at, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static tw_err saw_slice(struct tw_finding *f, const char *key, struct tw_slice s)
{
	char text[256];

	(void)snprintf(text, sizeof text, "%.*s", (int)(s.size < 255 ? s.size : 255), s.at);
	return tw_utf8_valid(tw_slice_of(text)) ? tw_saw(f, key, text) : TW_OK;
}

/* RFC 9116: at least one contact, each of a kind that can be used, and one end that is not over. */
static tw_err judge_txt(struct tw_probe_context *c, struct tw_slice text, struct tw_finding *f)
{
	struct tw_slice value, again;
	int64_t expires = 0, now = tw_now_ms(c->sys);
	size_t n = 0;

	for (; field(text, "Contact", n, &value); n++) {
		TW_TRY(saw_slice(f, n ? "another contact" : "contact", value));
		if (!is_contact(value))
			return tw_found(f, TW_VERDICT_FAIL, "security.txt names a contact that is no https, mailto or tel address.");
	}
	if (!n)
		return tw_found(f, TW_VERDICT_FAIL, "security.txt names no contact.");
	if (!field(text, "Expires", 0, &value) || field(text, "Expires", 1, &again) || tw_failed(tw_parse_time(value, &expires)))
		return tw_found(f, TW_VERDICT_FAIL, "security.txt does not say once until when it holds.");
	TW_TRY(saw_slice(f, "expires", value));
	if (expires <= now)
		return tw_found(f, TW_VERDICT_FAIL, "security.txt is out of date: it held until " TW_SLICE_FMT ".", TW_SLICE_ARG(value));
	if (!field(text, "Policy", 0, &value))
		return tw_found(f, TW_VERDICT_FAIL, "security.txt does not say where the policy stands.");
	TW_TRY(saw_slice(f, "policy", value));
	return tw_found(f, TW_VERDICT_PASS, "security.txt names %zu contact%s and the policy, and holds%s.", n, n == 1 ? "" : "s",
		expires > now + YEAR_MS ? ", for longer than the year that RFC 9116 recommends" : "");
}

/* @nist QR.1.a.1.2: for programs */
static tw_err security_txt(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	bool there;

	TW_TRY(tw_portal_open(c, SECURITY_TXT, &answer, f, &there));
	return there ? judge_txt(c, tw_buf_slice(&answer.raw), f) : TW_OK;
}

/* The page leads to a form on which that kind is chosen. */
static tw_err leads_to(struct tw_probe_context *c, const struct tw_answer *policy, const char *kind, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer form = { 0 };
	char begin[64], to[128], path[128];

	*ret_good = false;
	(void)snprintf(begin, sizeof begin, "/report?kind=%s", kind);
	if (!tw_portal_links(policy, begin, to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL, "The policy page has no link to where this is reported (%s).", begin);
	(void)snprintf(path, sizeof path, "%s&lang=en", begin);
	TW_TRY(tw_portal_get(c, path, &form));
	TW_TRY(tw_saw(f, "link", to));
	if (form.status != 200)
		return tw_found(f, TW_VERDICT_FAIL, "The policy page leads to %s, which was answered with %ld.", begin, form.status);
	if (!tw_portal_offers(&form, "kind", kind) || strcmp(tw_portal_field(&form, "kind").value, kind) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The policy page leads to a form on which '%s' is not chosen.", kind);
	*ret_good = true;
	return TW_OK;
}

static tw_err published(struct tw_probe_context *c, const char *kind, const char *pass, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer policy = { 0 };
	bool good = false;

	TW_TRY(tw_portal_open(c, POLICY, &policy, f, &good));
	if (!good)
		return TW_OK;
	tw_err e = leads_to(c, &policy, kind, f, &good);
	if (tw_failed(e))
		return tw_found_trouble(f, "The form that the policy page leads to", e);
	return good ? tw_found(f, TW_VERDICT_PASS, "%s", pass) : TW_OK;
}

static tw_err policy_page(struct tw_probe_context *c, struct tw_finding *f)
{
	return published(c, "flaw", "The policy page is there for anybody, and leads to the form for flaws.", f);
}

/* @nist QR.1.a.1.5: not only flaws */
static tw_err bugs_published(struct tw_probe_context *c, struct tw_finding *f)
{
	return published(c, "bug",
		"The policy page says where faults that are no security flaw are reported, and leads to the form for them.", f);
}

/* A report or question of that kind is taken, and kept as one: the page calls it so. */
static tw_err kind_arrives(struct tw_probe_context *c, const char *kind, const char *called, const char *pass, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	struct tw_test_report r = { .kind = kind };
	bool good = false, said = false;
	tw_err e = send_and_read(c, &r, &page, f, &good);

	if (!tw_failed(e) && good)
		e = tw_portal_says(c, &page, called, &said);
	if (tw_failed(e))
		return tw_found_trouble(f, "What the probe sent", e);
	if (good && !said)
		return tw_found(f, TW_VERDICT_FAIL, "What was sent as '%s' was taken, and is not kept as one.", kind);
	return good ? tw_found(f, TW_VERDICT_PASS, "%s", pass) : TW_OK;
}

static tw_err bug_arrives(struct tw_probe_context *c, struct tw_finding *f)
{
	return kind_arrives(c, "bug", "Another fault", "A report of a fault that is no security flaw was taken, and is shown as that.", f);
}

/* --- What is promised --- */

/* The number at the front of what stands there; 0: none. */
static tw_err days_at(struct tw_probe_context *c, const struct tw_answer *page, const char *id, uint64_t *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	*ret = 0;
	TW_TRY(tw_portal_by_id(c, page, id, &text));
	const struct tw_slice number = { tw_buf_cstr(&text), strspn(tw_buf_cstr(&text), "0123456789") };
	if (number.size && tw_failed(tw_parse_u64(number, 365, ret)))
		*ret = 0;
	return TW_OK;
}

/* @nist QR.1.a.1.3: each step with its time */
static tw_err terms_named(struct tw_probe_context *c, struct tw_finding *f)
{
	static const struct {
		const char *id, *words;
	} terms[] = { { "term-answer", "an answer" }, { "term-decide", "a decision what is done" }, { "term-fix", "a fix" },
		{ "term-status", "news of its state" } };
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	uint64_t days = 0;
	bool there;

	TW_TRY(tw_portal_open(c, POLICY, &page, f, &there));
	for (size_t i = 0; there && i < TW_COUNT(terms); i++) {
		char seen[32];

		TW_TRY(days_at(c, &page, terms[i].id, &days));
		(void)snprintf(seen, sizeof seen, "%llu days", (unsigned long long)days);
		TW_TRY(tw_saw(f, terms[i].words, days ? seen : "not said"));
		if (!days)
			return tw_found(f, TW_VERDICT_FAIL, "The policy page does not say within how many days there is %s.",
				terms[i].words);
	}
	return there ? tw_found(f, TW_VERDICT_PASS,
			       "The policy page says how reports are handled, and within how many days there is an answer, a decision and a fix, and how "
			       "often there is news.")
		     : TW_OK;
}

/* --- Questions --- */

static tw_err leads_to_both(struct tw_probe_context *c, const struct tw_answer *policy, struct tw_finding *f, bool *ret_good)
{
	TW_TRY(leads_to(c, policy, "event", f, ret_good));
	return *ret_good ? leads_to(c, policy, "rules", f, ret_good) : TW_OK;
}

/* @nist QR.2.a.1.2: by form and by mail */
static tw_err questions_published(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer policy = { 0 };
	bool good = false;
	char to[256];

	TW_TRY(tw_portal_open(c, POLICY, &policy, f, &good));
	if (!good)
		return TW_OK;
	tw_err e = leads_to_both(c, &policy, f, &good);
	if (tw_failed(e))
		return tw_found_trouble(f, "The form that the policy page leads to", e);
	if (good && !tw_portal_links(&policy, "mailto:", to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL, "The policy page names no address for mail.");
	return good ? tw_found(f, TW_VERDICT_PASS,
			      "The policy page leads to the form for questions on security events and on requirements that are not met, and names an address "
			      "for mail.")
		    : TW_OK;
}

static tw_err event_question(struct tw_probe_context *c, struct tw_finding *f)
{
	return kind_arrives(c, "event", "A question about a security event",
		"A question about a security event was taken, and is shown as that.", f);
}

static tw_err rules_question(struct tw_probe_context *c, struct tw_finding *f)
{
	return kind_arrives(
		c, "rules", "A question about a requirement", "A question about a requirement was taken, and is shown as that.", f);
}

/* @nist QR.2.a.4.1: the number, and when somebody is there */
static tw_err phone_published(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf hours = { 0 };
	bool there;
	char to[256];

	TW_TRY(tw_portal_open(c, POLICY, &page, f, &there));
	if (!there)
		return TW_OK;
	TW_TRY(tw_portal_by_id(c, &page, "contact-hours", &hours));
	if (!tw_portal_links(&page, "tel:", to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL, "The policy page names no phone number.");
	TW_TRY(tw_saw(f, "phone", to));
	if (!hours.size)
		return tw_found(f, TW_VERDICT_FAIL, "The policy page does not say when somebody is at the phone.");
	TW_TRY(saw_slice(f, "hours", tw_buf_slice(&hours)));
	return tw_found(f, TW_VERDICT_PASS,
		"The policy page names a phone number, and when somebody is there. Whether somebody answers was not tried.");
}

const struct tw_probe tw_probes_reception[] = {
	{ "QR.1.a.1.1", "form-asks", TW_SOURCE_OUTSIDE,
		"Are reporters asked for type, traits and an idea for a fix, and need a description only?", form_asks, false },
	{ "QR.1.a.1.1", "report-arrives", TW_SOURCE_OUTSIDE,
		"Is a report with all of it taken, and shown to whoever has its receipt?", report_arrives, true },
	{ "QR.1.a.1.1", "description-alone", TW_SOURCE_OUTSIDE,
		"Is a report taken that has nothing but a description, and none without one?", description_alone, true },
	{ "QR.1.a.1.2", "security-txt", TW_SOURCE_OUTSIDE, "Does security.txt say how to report, and is it up to date?", security_txt, false },
	{ "QR.1.a.1.2", "policy-page", TW_SOURCE_OUTSIDE, "Does the policy page say how to report, and lead there?", policy_page, false },
	{ "QR.1.a.1.3", "terms-named", TW_SOURCE_OUTSIDE, "Does the policy page say how reports are handled, and within what time?",
		terms_named, false },
	{ "QR.1.a.1.5", "bugs-published", TW_SOURCE_OUTSIDE,
		"Does the policy page say where other faults are reported, and lead there?", bugs_published, false },
	{ "QR.1.a.1.5", "bug-arrives", TW_SOURCE_OUTSIDE, "Is a report of another fault taken, and kept as one?", bug_arrives, true },
	{ "QR.2.a.1.2", "questions-published", TW_SOURCE_OUTSIDE,
		"Is there a way to ask about security events and requirements, by form and by mail?", questions_published, false },
	{ "QR.2.a.1.2", "event-question", TW_SOURCE_OUTSIDE, "Is a question about a security event taken, and kept as one?",
		event_question, true },
	{ "QR.2.a.1.2", "rules-question", TW_SOURCE_OUTSIDE, "Is a question about a requirement taken, and kept as one?",
		rules_question, true },
	{ "QR.2.a.4.1", "phone-published", TW_SOURCE_OUTSIDE, "Does the policy page say how to call, and when?", phone_published, false },
	{ .element = NULL },
};
