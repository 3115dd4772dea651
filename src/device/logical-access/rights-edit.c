/* SPDX-License-Identifier: Apache-2.0 */
/* See rights-edit.h. */
#include "device/logical-access/rights-edit.h"

void tw_rights_edit_done(struct tw_rights_edit *e)
{
	json_decref(e->document);
	(void)tw_gate_free(e->gate);
}

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "rights.unknown", "There is no such entry", "List them to see what there is.",
		"The organization has put nothing of this name here.");
}

static json_t *entries(const struct tw_rights_edit *e)
{
	return json_object_get(e->document, e->list);
}

/* Its place in the list; -1: it is not there. */
static long place_of(const struct tw_rights_edit *e)
{
	for (size_t i = 0; i < json_array_size(entries(e)); i++)
		if (!strcmp(tw_json_text(json_array_get(entries(e), i), "name"), e->name))
			return (long)i;
	return -1;
}

json_t *tw_rights_at(const struct tw_rights_edit *e)
{
	long at = place_of(e);

	return at < 0 ? NULL : json_array_get(entries(e), (size_t)at);
}

size_t tw_rights_count(const struct tw_rights_edit *e)
{
	return json_array_size(entries(e));
}

tw_err tw_rights_begin(struct tw_rights_edit *e)
{
	struct tw_slice name = e->rq->parameter;

	if (name.size == 0 || name.size >= sizeof e->name || memchr(name.at, 0, name.size))
		return tw_reply_problem(e->rp, 400, "input", "rights.name", "The request is not of the wanted form",
			"See /api/v1/openapi.json for the form.",
			"A name has 1 to 40 small letters, digits and hyphens; a rule's 32 at most.");
	memcpy(e->name, name.at, name.size);
	return tw_rights_read(tw_device_of(e->c), &e->document);
}

static const struct {
	enum tw_code code;
	int status;
	const char *rule, *title;
} refusals[] = {
	{ TW_CODE_SYNTAX, 400, "rights.form", "This is not of the form of a role or rule" },
	{ TW_CODE_NOTFOUND, 409, "rights.missing", "Something that is named there is not" },
	{ TW_CODE_DENIED, 403, "rights.reserved", "This may not be given away" },
	{ TW_CODE_EXISTS, 409, "rights.exists", "The name is taken" },
	{ TW_CODE_STATE, 409, "rights.ring", "A role cannot inherit itself" },
	{ TW_CODE_LIMIT, 409, "rights.limit", "There is no room for more" },
};

tw_err tw_rights_check_owners(struct tw_rights_edit *e)
{
	const json_t *there = tw_rights_at(e);

	if (!there || e->rq->subject.kind == TW_SUBJECT_OWNER || !json_is_true(json_object_get(there, "owners")))
		return TW_OK;
	return tw_reply_problem(e->rp, 403, "forbidden", "rights.owner", "Not permitted", "Ask an owner.",
		"An owner has put this here; only an owner changes or removes it.");
}

/* What the gate does not take is an answer; anything else is a failure. */
static tw_err compile(struct tw_rights_edit *e)
{
	char why[TW_DETAIL_MAX];
	tw_err failed = tw_rights_compile(tw_device_of(e->c), e->document, &e->gate);

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	for (size_t i = 0; i < TW_COUNT(refusals); i++)
		if (tw_is(failed, refusals[i].code))
			return tw_reply_problem(e->rp, refusals[i].status, "refused", refusals[i].rule, refusals[i].title,
				"Change what the detail names, and try again.", "%s", why);
	return failed;
}

static tw_err finish(struct tw_rights_edit *e, const char *what)
{
	(void)snprintf(e->rp->note, sizeof e->rp->note, "%s %s: %s%s%s", e->list, what, e->name, *e->key ? ", key sha256 " : "", e->key);
	tw_err failed = tw_rights_change(tw_device_of(e->c), e->document,
		json_pack("{s:s, s:s, s:s, s:s}", "list", e->list, "name", e->name, "what", what, "key", e->key), &e->gate);
	if (tw_is(failed, TW_CODE_LIMIT) && tw_store_fault(e->c->store) == TW_STORE_WELL)
		return tw_reply_problem(e->rp, 409, "full", "rights.limit", "There is no room for more",
			"Remove a role or rule that is not needed.", "All roles and rules together take %d bytes.", TW_RIGHTS_MAX);
	return failed;
}

tw_err tw_rights_put(struct tw_rights_edit *e, json_t *entry, tw_rights_check *check)
{
	TW_CLEANUP(tw_jsonp) json_t *one = entry;

	if (!one)
		return TW_RAISE(NOMEM, "an entry");
	long at = place_of(e);
	if (at < 0)
		TW_TRY(tw_json_append(entries(e), json_incref(one)));
	else if (json_array_set(entries(e), (size_t)at, one) != 0)
		return TW_RAISE(NOMEM, "an entry");
	TW_TRY(compile(e));
	if (!e->rp->problem[0] && check)
		TW_TRY(check(e));
	if (!e->rp->problem[0])
		TW_TRY(finish(e, at < 0 ? "added" : "changed"));
	if (e->rp->problem[0])
		return TW_OK;
	e->rp->status = at < 0 ? 201 : 200;
	e->rp->body = TW_STEAL(one);
	return TW_OK;
}

tw_err tw_rights_remove(struct tw_rights_edit *e, tw_rights_check *check)
{
	TW_TRY(tw_rights_begin(e));
	if (e->rp->problem[0])
		return TW_OK;
	long at = place_of(e);
	if (at < 0)
		return unknown(e->rp);
	if (check)
		TW_TRY(check(e));
	if (e->rp->problem[0])
		return TW_OK;
	(void)json_array_remove(entries(e), (size_t)at);
	TW_TRY(compile(e)); /* NOTFOUND: another role inherits it, or a rule names it */
	if (!e->rp->problem[0])
		TW_TRY(finish(e, "removed"));
	if (!e->rp->problem[0])
		e->rp->status = 204;
	return TW_OK;
}

tw_err tw_rights_list_add(struct tw_page *p, const json_t *list)
{
	for (;;) {
		json_t *next = NULL, *one;
		size_t i;

		json_array_foreach(list, i, one)
			if (strcmp(tw_json_text(one, "name"), p->last[0] ? p->last : p->after) > 0 &&
				(!next || strcmp(tw_json_text(one, "name"), tw_json_text(next, "name")) < 0))
				next = one;
		if (!next || !tw_page_takes(p))
			return TW_OK;
		TW_TRY(tw_page_add(p, tw_json_text(next, "name"), json_incref(next)));
		if (p->more)
			return TW_OK;
	}
}

tw_err tw_rights_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *list)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_rights_read(tw_device_of(c), &document));
	TW_TRY(tw_rights_list_add(&p, json_object_get(document, list)));
	return tw_page_end(&p, rp);
}
