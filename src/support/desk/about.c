/* SPDX-License-Identifier: Apache-2.0 */
/* What the forms of the desk are about, and where each leads back to and on. */
#include "base/mem.h"
#include "base/text.h"
#include "support/advisories/advisories.h"
#include "support/cases/alarms.h"
#include "support/components/pages.h"
#include "support/customers/desk.h"
#include "support/desk/forms.h"
#include "support/questions/pages.h"
#include "support/questions/questions.h"
#include "support/rows-staff.h"
#include "support/staff/staff.h"
#include "support/subscriptions/desk.h"
#include "support/triage/desk-report.h"

#include <string.h>

/* Where such a thing is shown: on a page of its own, by its id, or in a list. */
static const struct place {
	const char *path, *title; /* title: the member that names it; NULL: it has no page of its own */
	enum tw_word word;
} places[] = {
	[TW_ABOUT_CASE] = { TW_DESK_BOARD, "title", TW_W_BOARD },
	[TW_ABOUT_NOTHING] = { TW_DESK_BOARD, NULL, TW_W_BOARD },
	[TW_ABOUT_REPORT] = { TW_DESK_REPORTS, "product", TW_W_REPORTS },
	[TW_ABOUT_REPORTS] = { TW_DESK_REPORTS, NULL, TW_W_REPORTS },
	[TW_ABOUT_ALARM] = { TW_DESK_ALARMS, NULL, TW_W_ALARMS },
	[TW_ABOUT_FINDING] = { TW_DESK_TRIAGE, "vulnerability", TW_W_TRIAGE },
	[TW_ABOUT_FINDINGS] = { TW_DESK_TRIAGE, NULL, TW_W_TRIAGE },
	[TW_ABOUT_ACCOUNT] = { TW_DESK_PEOPLE, "name", TW_W_PEOPLE },
	[TW_ABOUT_PEOPLE] = { TW_DESK_PEOPLE, NULL, TW_W_PEOPLE },
	[TW_ABOUT_SELF] = { TW_DESK_ME, NULL, TW_W_ME },
	[TW_ABOUT_ADVISORY] = { TW_DESK_ADVISORIES, "title", TW_W_ADVISORIES },
	[TW_ABOUT_ADVISORIES] = { TW_DESK_ADVISORIES, NULL, TW_W_ADVISORIES },
	[TW_ABOUT_QUESTION] = { TW_DESK_QUESTIONS, "product", TW_W_QUESTIONS },
	[TW_ABOUT_QUESTIONS] = { TW_DESK_QUESTIONS, NULL, TW_W_QUESTIONS },
	[TW_ABOUT_ANSWER] = { TW_DESK_ANSWERS, "title", TW_W_ANSWERS },
	[TW_ABOUT_DEVICE] = { TW_DESK_CUSTOMERS, NULL, TW_W_CUSTOMERS },
	[TW_ABOUT_INCIDENTS] = { TW_DESK_INCIDENTS, NULL, TW_W_INCIDENTS },
	[TW_ABOUT_NOTICE] = { TW_DESK_NOTICES, "title", TW_W_NOTICES },
	[TW_ABOUT_NOTICES] = { TW_DESK_NOTICES, NULL, TW_W_NOTICES },
	[TW_ABOUT_TOLD] = { TW_DESK_NOTICES, NULL, TW_W_NOTICES },
	[TW_ABOUT_ANSWERS] = { TW_DESK_ANSWERS, NULL, TW_W_ANSWERS },
};

static tw_err account_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_account a;

	TW_TRY(tw_staff_wanted(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_account_json(&a, &j));
	TW_TRY(tw_json_set(j, "id", json_string(tw_json_text(j, "account"))));
	TW_TRY(tw_json_set(j, "role", json_string(a.roles))); /* one each: what the form of its change begins with */
	*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err mail_of(struct tw_context *c, const struct tw_request *rq, json_t **ret)
{
	struct tw_reply answer = { .status = 200 };
	tw_err e = tw_staff_mail_read(c, rq, &answer);

	*ret = answer.body;
	answer.body = NULL;
	tw_reply_done(&answer);
	return e;
}

static tw_err finding_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_finding_done) struct tw_finding f = { .id = 0 };

	TW_TRY(tw_finding_load(c, rq, rp, &f));
	return f.id ? tw_finding_shown(c, rq, &f, ret) : TW_OK;
}

static tw_err alarm_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	int64_t id = 0;

	TW_TRY(tw_alarm_load(c, rq, rp, &id, ret));
	return *ret ? tw_json_set(*ret, "id", json_sprintf("%lld", (long long)id)) : TW_OK;
}

/* For a form whose texts are those of the document: with them. */
static tw_err advisory_for(struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, struct tw_reply *rp, json_t **ret)
{
	TW_TRY(tw_desk_advisory_of(c, rq, rp, ret));
	if (rp->problem[0] || strcmp(f->does, "advisory.describe") != 0)
		return TW_OK;
	const json_t *described = tw_json_get(*ret, "described");
	if (!described)
		return tw_advisory_refuse(rp, 409, "advisory.shape", "It says more than this form can",
			"Change the document itself.", tw_json_text(*ret, "more"));
	return json_object_update(*ret, (json_t *)(uintptr_t)described) ? TW_RAISE(NOMEM, "an advisory") : TW_OK;
}

tw_err tw_form_subject(struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	int64_t id = 0;

	*ret = NULL;
	switch (f->about) {
	case TW_ABOUT_CASE:
		return tw_case_load(c, rq, rp, &id, ret);
	case TW_ABOUT_REPORT:
		TW_TRY(tw_desk_report_load(c, rq, rp, &r));
		*ret = TW_STEAL(r.shown);
		return TW_OK;
	case TW_ABOUT_ALARM:
		return alarm_of(c, rq, rp, ret);
	case TW_ABOUT_FINDING:
		return finding_of(c, rq, rp, ret);
	case TW_ABOUT_ACCOUNT:
		return account_of(c, rq, rp, ret);
	case TW_ABOUT_SELF:
		return strcmp(f->does, "staff.mail") == 0 ? mail_of(c, rq, ret) : TW_OK;
	case TW_ABOUT_ADVISORY:
		return advisory_for(c, rq, f, rp, ret);
	case TW_ABOUT_QUESTION:
		return tw_question_load(c, rq, rp, &tw_question_kept, ret);
	case TW_ABOUT_ANSWER:
		return tw_question_load(c, rq, rp, &tw_answer_kept, ret);
	case TW_ABOUT_NOTICE:
		return tw_notice_drafted(c, rq, rp, ret);
	case TW_ABOUT_DEVICE:
		return tw_customer_device_shown(c, rq, rp, ret);
	case TW_ABOUT_TOLD:
		return tw_notice_told(c, rq, rp, ret);
	case TW_ABOUT_NOTHING:
	case TW_ABOUT_REPORTS:
	case TW_ABOUT_FINDINGS:
	case TW_ABOUT_PEOPLE:
	case TW_ABOUT_ADVISORIES:
	case TW_ABOUT_QUESTIONS:
	case TW_ABOUT_ANSWERS:
	case TW_ABOUT_NOTICES:
	case TW_ABOUT_INCIDENTS:
		break;
	}
	return TW_OK;
}

void tw_form_back(struct tw_html *h, struct tw_look look, const struct tw_form *f, const json_t *doc)
{
	const struct place *p = &places[f->about];
	const char *of = f->about == TW_ABOUT_ALARM ? tw_json_text(doc, "case") : "";
	char path[TW_DESK_PATH_MAX], text[240];

	tw_desk_drill(h, look, doc);
	tw_html_open(h, TW_E_P);
	if (!doc || !p->title) {
		(void)snprintf(path, sizeof path, "%s%.24s", *of ? TW_DESK_CASES : p->path, of);
		tw_page_link_text(h, look, path, *of ? of : tw_word(p->word, look.language));
	} else {
		(void)snprintf(path, sizeof path, "%s/%.47s", p->path, tw_json_text(doc, "id"));
		(void)snprintf(text, sizeof text, "%s: %s", tw_json_text(doc, "id"), tw_json_text(doc, p->title));
		tw_utf8_mend(text);
		tw_page_link_text(h, look, path, text);
	}
	tw_html_close(h);
}

void tw_form_next(const struct tw_form *f, const struct tw_request *rq, const json_t *body, char ret[TW_DESK_PATH_MAX])
{
	const struct tw_slice at = { rq->parameter.at,
		rq->parameter.size < TW_ADVISORY_NAME_MAX ? rq->parameter.size : TW_ADVISORY_NAME_MAX - 1 };
	const bool gone = strcmp(f->does, "staff.remove") == 0,
		   begins = f->about == TW_ABOUT_QUESTIONS || f->about == TW_ABOUT_ANSWERS || f->about == TW_ABOUT_NOTICES;
	const char *id = tw_json_text(body, "id");

	if (*id == 'c') /* also one that has just been opened, of a report too */
		(void)snprintf(ret, TW_DESK_PATH_MAX, TW_DESK_CASES "%.24s?done=1", id);
	else if (f->about == TW_ABOUT_INCIDENTS)
		(void)snprintf(ret, TW_DESK_PATH_MAX, TW_DESK_INCIDENTS "/%lld?done=2", (long long)tw_json_int(body, "incident"));
	else if (begins)
		(void)snprintf(ret, TW_DESK_PATH_MAX, "%s/%.24s?done=1", places[f->about].path, id);
	else if (f->about == TW_ABOUT_ADVISORY || f->about == TW_ABOUT_ADVISORIES) /* also one that has just been begun */
		(void)snprintf(ret, TW_DESK_PATH_MAX, TW_DESK_ADVISORIES "/%.47s?done=2", id);
	else if (places[f->about].title && !gone)
		(void)snprintf(ret, TW_DESK_PATH_MAX, "%s/" TW_SLICE_FMT "?done=%d", places[f->about].path, TW_SLICE_ARG(at),
			f->about == TW_ABOUT_ACCOUNT ? 2 : 1);
	else
		(void)snprintf(ret, TW_DESK_PATH_MAX, "%s?done=2", places[f->about].path);
}

/* What an advisory's state does not let anybody do is not offered. */
static bool fits_advisory(const struct tw_form *f, const json_t *doc)
{
	static const struct {
		const char *does;
		enum tw_advisory_move move;
	} moves[] = { { "advisory.describe", TW_ADVISORY_CHANGE }, { "advisory.change", TW_ADVISORY_CHANGE },
		{ "advisory.review", TW_ADVISORY_ASK }, { "advisory.approve", TW_ADVISORY_APPROVE },
		{ "advisory.return", TW_ADVISORY_RETURN }, { "advisory.publish", TW_ADVISORY_PUBLISH },
		{ "advisory.withdraw", TW_ADVISORY_WITHDRAW } };
	enum tw_advisory_state state = TW_ADVISORY_STATES;

	if (!tw_advisory_state_find(tw_slice_of(tw_json_text(doc, "state")), &state))
		return false;
	if (!strcmp(f->does, "advisory.sign") && strcmp(tw_json_text(doc, "signature"), "waits") != 0)
		return false;
	if (!strcmp(f->does, "advisory.plan") && state != TW_ADVISORY_APPROVED)
		return false;
	if (!strcmp(f->does, "advisory.unplan") && !*tw_json_text(doc, "planned"))
		return false;
	if ((!strcmp(f->does, "advisory.describe") && !tw_json_get(doc, "described")) ||
		(!strcmp(f->does, "advisory.withdraw") && !tw_json_bool(doc, "published")))
		return false;
	for (size_t i = 0; i < TW_COUNT(moves); i++)
		if (!strcmp(f->does, moves[i].does))
			return tw_advisory_move(state, moves[i].move, &state);
	return true;
}

/* A closed one stays as it is; what is kept of a customer is for whoever has just been checked. The library's are retired once. */
static bool fits_question(const struct tw_form *f, const json_t *doc)
{
	if (!strcmp(f->does, "question.disclose") || !strcmp(f->does, "question.customer"))
		return tw_json_bool(doc, "identified");
	if (!strcmp(f->does, "answer.retire"))
		return strcmp(tw_json_text(doc, "state"), "current") == 0;
	return strcmp(tw_json_text(doc, "state"), "closed") != 0;
}

/* What was found of a report may be said anew, or not (triage/verdict.c); and files are destroyed where there are some. */
static bool fits_report(const struct tw_form *f, const json_t *doc)
{
	static const struct {
		const char *does;
		enum tw_triage_verdict to;
	} rows[] = { { "report.case", TW_TRIAGE_CASE }, { "report.duplicate", TW_TRIAGE_DUPLICATE },
		{ "report.reject", TW_TRIAGE_NOT_VULNERABILITY } };
	enum tw_triage_verdict from = TW_TRIAGE_NEW;

	if (*tw_json_text(doc, "erased")) /* it stays so */
		return false;
	if (!strcmp(f->does, "report.erase"))
		return strcmp(tw_json_text(doc, "verdict"), tw_triage_verdicts[TW_TRIAGE_NEW]) != 0;
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!strcmp(rows[i].does, f->does))
			return !tw_triage_find(tw_slice_of(tw_json_text(doc, "verdict")), &from) || tw_triage_may(from, rows[i].to);
	return strcmp(f->does, "report.destroy-files") != 0 || !tw_json_bool(doc, "fileless");
}

/* Of an account what fits depends on whether it is locked; of the rest, whether a clock runs, and whether it is a drill. */
bool tw_form_fits(const struct tw_form *f, enum tw_form_about about, const json_t *doc)
{
	const bool suspended = strcmp(tw_json_text(doc, "state"), "suspended") == 0;

	if (f->about != about)
		return false;
	if (about == TW_ABOUT_ADVISORY)
		return fits_advisory(f, doc);
	if (about == TW_ABOUT_REPORT)
		return fits_report(f, doc);
	if (about == TW_ABOUT_NOTICE)
		return strcmp(tw_json_text(doc, "state"), "draft") == 0;
	if (about == TW_ABOUT_QUESTION || about == TW_ABOUT_ANSWER)
		return fits_question(f, doc);
	if (about == TW_ABOUT_ACCOUNT && !strcmp(f->does, suspended ? "staff.lock" : "staff.unlock"))
		return false;
	if (about == TW_ABOUT_ACCOUNT && suspended && !strcmp(f->does, "staff.invite"))
		return false;
	if (about == TW_ABOUT_FINDING && !strcmp(f->does, "finding.case") && *tw_json_text(doc, "case"))
		return false;
	if (f->drill && (!tw_json_bool(doc, "drill") || !strcmp(tw_json_text(doc, "state"), tw_case_states[TW_CASE_CLOSED])))
		return false;
	return !f->clocks || tw_case_a14_of(doc, TW_A14_EXPLOITED) || tw_case_a14_of(doc, TW_A14_INCIDENT);
}

bool tw_form_does_once(const struct tw_form *f)
{
	return f->about == TW_ABOUT_CASE || f->about == TW_ABOUT_NOTHING;
}
