/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/app-authorize.h"

#include "service/path/path-record.h"

/* How the records call it; no door has it, and no handler does it. */
static const struct tw_operation_row operation = { .name = "application.authorize" };

static const struct {
	enum tw_verdict verdict;
	const char *why;
} words[] = {
	{ TW_DENY_ANONYMOUS, "this is not for anyone: who is it?" },
	{ TW_DENY_PERMISSION, "no role of this account holds the permission" },
	{ TW_DENY_RULE, "a rule of the organization does not permit this now" },
};

static tw_err deny(struct tw_context *c, struct tw_request *rq, const char *rule, const char *by, struct tw_app_answer *ret)
{
	struct tw_reply rp = { .status = 403 };

	ret->rule = rule;
	(void)snprintf(rp.rule, sizeof rp.rule, "%s", rule);
	(void)snprintf(rp.note, sizeof rp.note, "%s", by ? by : "");
	tw_ignore(tw_record_refused(c, rq, &rp)); /* it holds whether or not the log can take it */
	return TW_OK;
}

static const struct tw_manifest_permission *of_product(const struct tw_manifest *m, struct tw_slice name, size_t *ret_at)
{
	for (size_t i = 0; i < m->permission_count; i++)
		if (tw_slice_is(name, m->permissions[i].name)) {
			*ret_at = i;
			return &m->permissions[i];
		}
	return NULL;
}

static bool was_told(const struct tw_app_told *t, const char *account, size_t permission, int64_t now)
{
	for (size_t i = 0; i < TW_APP_TOLD; i++)
		if (t->of[i].until_ms > now && t->of[i].permission == permission && strcmp(t->of[i].account, account) == 0)
			return true;
	return false;
}

/* What cannot be recorded is not permitted. */
static tw_err tell(struct tw_context *c, const struct tw_app_asking *a, struct tw_request *rq, size_t permission, struct tw_app_answer *ret)
{
	int64_t now = tw_time_boot_ms(c->time);
	struct tw_app_told *t = a->told;

	if (rq->subject.account[0] == '\0' || was_told(t, rq->subject.account, permission, now))
		return TW_OK;
	ret->allowed = false;
	ret->rule = "application.budget";
	ret->why = "too many records at once, or more than ten a second";
	if (!a->affords(a->user))
		return TW_OK;
	ret->rule = "audit.space";
	ret->why = "it cannot be recorded";
	if (tw_failed(tw_record_read(c, rq, 200)))
		return TW_OK;
	t->of[t->next].until_ms = now + TW_APP_TOLD_MS;
	t->of[t->next].permission = permission;
	(void)snprintf(t->of[t->next].account, sizeof t->of[t->next].account, "%s", rq->subject.account);
	t->next = (t->next + 1) % TW_APP_TOLD;
	ret->allowed = true;
	return TW_OK;
}

static tw_err decide(struct tw_context *c, const struct tw_app_asking *a, struct tw_request *rq, struct tw_app_answer *ret)
{
	size_t at = 0;
	const struct tw_manifest_permission *p = of_product(tw_device_of(c)->manifest, a->permission, &at);
	struct tw_decision d;

	TW_TRY(tw_path_decide(c, &rq->subject, p->name, TW_WHEN_ALWAYS, &d));
	ret->allowed = d.verdict == TW_ALLOW;
	if (ret->allowed) {
		TW_TRY(tell(c, a, rq, at, ret));
		(void)snprintf(ret->account, sizeof ret->account, "%s", ret->allowed ? rq->subject.account : "");
		return TW_OK;
	}
	ret->why = "not permitted";
	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (words[i].verdict == d.verdict)
			ret->why = words[i].why;
	return deny(c, rq, d.rule, d.by, ret);
}

tw_err tw_app_authorize(struct tw_context *c, const struct tw_app_asking *a, struct tw_app_answer *ret)
{
	struct tw_request rq = { .operation = &operation,
		.subject = { .door = TW_DOOR_EVENT, .name = "anyone", .source = "application" },
		.parameter = a->permission,
		.pass = a->pass };
	size_t at = 0;

	*ret = (struct tw_app_answer){ .allowed = false };
	if (!of_product(tw_device_of(c)->manifest, a->permission, &at)) {
		ret->rule = "application.permission-unknown";
		ret->why = "the product manifest declares no such permission";
		return TW_OK;
	}
	tw_err e = c->authenticate(c, &rq);
	if (tw_is(e, TW_CODE_DENIED)) {
		ret->why = "the pass is not known here, or no longer: ask for a new one";
		return deny(c, &rq, rq.refused_rule ? rq.refused_rule : "access.pass", NULL, ret);
	}
	TW_TRY(e);
	return decide(c, a, &rq, ret);
}
