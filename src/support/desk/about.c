/* SPDX-License-Identifier: Apache-2.0 */
/* What the forms of the desk are about, and where each leads back to and on. */
#include "base/text.h"
#include "support/cases/alarms.h"
#include "support/desk/forms.h"
#include "support/rows-staff.h"
#include "support/staff/staff.h"
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
	[TW_ABOUT_ACCOUNT] = { TW_DESK_PEOPLE, "name", TW_W_PEOPLE },
	[TW_ABOUT_PEOPLE] = { TW_DESK_PEOPLE, NULL, TW_W_PEOPLE },
	[TW_ABOUT_SELF] = { TW_DESK_ME, NULL, TW_W_ME },
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

static tw_err alarm_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	int64_t id = 0;

	TW_TRY(tw_alarm_load(c, rq, rp, &id, ret));
	return *ret ? tw_json_set(*ret, "id", json_sprintf("%lld", (long long)id)) : TW_OK;
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
	case TW_ABOUT_ACCOUNT:
		return account_of(c, rq, rp, ret);
	case TW_ABOUT_SELF:
		return strcmp(f->does, "staff.mail") == 0 ? mail_of(c, rq, ret) : TW_OK;
	case TW_ABOUT_NOTHING:
	case TW_ABOUT_REPORTS:
	case TW_ABOUT_PEOPLE:
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
		(void)snprintf(path, sizeof path, "%s/%.24s", p->path, tw_json_text(doc, "id"));
		(void)snprintf(text, sizeof text, "%s: %s", tw_json_text(doc, "id"), tw_json_text(doc, p->title));
		tw_utf8_mend(text);
		tw_page_link_text(h, look, path, text);
	}
	tw_html_close(h);
}

void tw_form_next(const struct tw_form *f, const struct tw_request *rq, const json_t *body, char ret[TW_DESK_PATH_MAX])
{
	const struct tw_slice at = { rq->parameter.at, rq->parameter.size < 24 ? rq->parameter.size : 24 };
	const bool gone = strcmp(f->does, "staff.remove") == 0;
	const char *id = tw_json_text(body, "id");

	if (*id == 'c') /* also one that has just been opened, of a report too */
		(void)snprintf(ret, TW_DESK_PATH_MAX, TW_DESK_CASES "%.24s?done=1", id);
	else if (places[f->about].title && !gone)
		(void)snprintf(ret, TW_DESK_PATH_MAX, "%s/" TW_SLICE_FMT "?done=%d", places[f->about].path, TW_SLICE_ARG(at),
			f->about == TW_ABOUT_ACCOUNT ? 2 : 1);
	else
		(void)snprintf(ret, TW_DESK_PATH_MAX, "%s?done=2", places[f->about].path);
}

/* Of an account what fits depends on whether it is locked; of the rest, whether a clock runs, and whether it is a drill. */
bool tw_form_fits(const struct tw_form *f, enum tw_form_about about, const json_t *doc)
{
	const bool suspended = strcmp(tw_json_text(doc, "state"), "suspended") == 0;

	if (f->about != about)
		return false;
	if (about == TW_ABOUT_ACCOUNT && !strcmp(f->does, suspended ? "staff.lock" : "staff.unlock"))
		return false;
	if (about == TW_ABOUT_ACCOUNT && suspended && !strcmp(f->does, "staff.invite"))
		return false;
	if (f->drill && (!tw_json_bool(doc, "drill") || !strcmp(tw_json_text(doc, "state"), tw_case_states[TW_CASE_CLOSED])))
		return false;
	return !f->clocks || tw_case_a14_of(doc, TW_A14_EXPLOITED) || tw_case_a14_of(doc, TW_A14_INCIDENT);
}

bool tw_form_does_once(const struct tw_form *f)
{
	return f->about == TW_ABOUT_CASE || f->about == TW_ABOUT_NOTHING;
}
