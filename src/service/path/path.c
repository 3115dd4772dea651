/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path a request walks, as a list of steps. Each either lets it pass, or answers it with a problem (and the walk ends), or
 * fails, which is our fault and becomes a 500 that names a record in the log and nothing else.
 *
 * The order is the promise: nothing of a request is looked at beyond its path before its sender is known and allowed; nothing
 * is done before the intent is on disk; nothing is answered before the outcome is.
 */
#include "service/path/path.h"

#include "service/path/form.h"
#include "service/path/path-later.h"
#include "service/path/path-match.h"
#include "service/path/path-record.h"
#include "service/path/reply.h"

struct walk {
	struct tw_context *c;
	struct tw_request *rq;
	struct tw_reply rp;
	struct tw_match match;
	json_t *input; /* owned */
	struct tw_upload files[TW_UPLOADS_MAX];
	uint64_t reference; /* record of a failure */
	bool late;          /* the answer came later */
};

static tw_err find(struct walk *w)
{
	struct tw_request *rq = w->rq;
	if (!rq->head && rq->operation)
		return TW_OK;
	if (!rq->head)
		return TW_RAISE(INTERNAL, "a request without a head names no operation");
	rq->operation = NULL;
	tw_match_operation(w->c, rq->head, &w->match);
	rq->operation = w->match.operation;
	rq->parameter = tw_slice_of(w->match.parameter);
	if (rq->operation)
		return TW_OK;
	if (w->match.allow[0])
		return tw_reply_problem(&w->rp, 405, "method", "path.method", "Not by this method",
			"Use one of the methods in Allow.", "This path takes %s.", w->match.allow);
	return tw_reply_problem(&w->rp, 404, "not-found", "path.unknown", "There is nothing at this path",
		"See /api/v1/openapi.json for what there is.", "No operation has this path.");
}

/* A refusal changes nothing, so it holds whether or not the log can take it. */
static tw_err refused(struct walk *w)
{
	tw_ignore(tw_record_refused(w->c, w->rq, &w->rp));
	return TW_OK;
}

static tw_err authenticate(struct walk *w)
{
	tw_err e = w->c->authenticate ? w->c->authenticate(w->c, w->rq) : TW_OK;
	if (!tw_failed(e) && w->rq->subject.kind == TW_SUBJECT_ANYONE && w->rq->certificate.size && w->c->recognize)
		e = w->c->recognize(w->c, w->rq);
	if (!tw_is(e, TW_CODE_DENIED) && !tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	tw_ignore(tw_reply_problem(&w->rp, 401, "unauthenticated", w->rq->refused_rule ? w->rq->refused_rule : "path.credentials",
		"These credentials are not accepted", "Open a new session, or use the owner's client certificate.",
		"The session or certificate shown is not known here, or no longer."));
	w->rp.close = w->rq->refused_rule != NULL; /* a connection that began with a false claim */
	return refused(w);
}

/* What each verdict is told. A stranger learns the same words whatever was asked for. */
static const struct refusal {
	int status;
	const char *kind, *title, *detail, *next;
} refusals[] = {
	[TW_DENY_ANONYMOUS] = { 401, "unauthenticated", "Authentication is needed", "This operation is not for anyone.",
		"Use the owner's client certificate or a session token." },
	[TW_DENY_PERMISSION] = { 403, "forbidden", "Not permitted", "You do not hold the permission this operation needs.",
		"Ask somebody who holds it." },
	[TW_DENY_UNOWNED] = { 403, "not-owned", "The device has no owner yet",
		"Until it is taken over, only commissioning answers.", "Take the device over with the secret from its label." },
	[TW_DENY_OWNED] = { 403, "owned", "The device has an owner", "This is possible only while the device has none.",
		"Ask the owner, or recover ownership at the device's console." },
	[TW_DENY_RULE] = { 403, "forbidden", "Not permitted now", "A rule of the organization does not permit this now.",
		"Ask somebody who may read the organization's rules." },
};

/* Of the facts that rules name. One that cannot be read stays out, and then the rule refuses. */
static tw_err read_facts(struct tw_context *c, const char *permission, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *facts = NULL;
	const char *name;
	for (size_t i = 0; (name = tw_gate_fact(c->gate, permission, i)); i++) {
		json_t *value = NULL;
		if (!facts && !(facts = json_object()))
			return TW_RAISE(NOMEM, "facts");
		if (!json_object_get(facts, name) && !tw_failed(tw_fact(c, name, &value)))
			TW_TRY(tw_json_set(facts, name, value));
	}
	*ret = TW_STEAL(facts);
	return TW_OK;
}

tw_err tw_path_decide(struct tw_context *c, const struct tw_subject *s, const char *permission, enum tw_when when, struct tw_decision *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *facts = NULL;
	struct tw_ask ask = { .subject = s, .permission = permission, .when = when };
	TW_TRY(c->owned(c, &ask.owned));
	TW_TRY(read_facts(c, permission, &facts));
	ask.facts = facts;
	*ret = tw_gate_authorize(c->gate, &ask);
	return ret->verdict == TW_ALLOW && c->within ? c->within(c, s, permission, ret) : TW_OK;
}

static tw_err comes(struct walk *w)
{
	if (!w->c->comes)
		return TW_OK;
	TW_TRY(w->c->comes(w->c, w->rq, &w->rp));
	return tw_reply_refused(&w->rp) ? refused(w) : TW_OK;
}

static bool still_comes(struct tw_context *c, const struct tw_request *rq)
{
	struct tw_reply rp = { 0 };

	if (!c->comes)
		return true;
	bool does = !tw_failed(c->comes(c, rq, &rp)) && !tw_reply_refused(&rp);
	tw_reply_done(&rp);
	return does;
}

static tw_err gate(struct walk *w)
{
	const struct tw_operation_row *o = w->rq->operation;
	struct tw_decision d;
	TW_TRY(tw_path_decide(w->c, &w->rq->subject, o->permission, o->when, &d));
	if (d.verdict == TW_ALLOW)
		return TW_OK;
	const struct refusal *r = &refusals[d.verdict];
	tw_ignore(tw_reply_problem(&w->rp, r->status, r->kind, d.rule, r->title, r->next, "%s", r->detail));
	snprintf(w->rp.note, sizeof w->rp.note, "%s", d.by ? d.by : "");
	return refused(w);
}

bool tw_path_allows(struct tw_context *c, struct tw_request *rq)
{
	const struct tw_operation_row *o = rq->operation;
	struct tw_decision d;
	rq->goes_on = true;
	if (c->authenticate && tw_failed(c->authenticate(c, rq)))
		return false;
	if (!still_comes(c, rq))
		return false;
	return !tw_failed(tw_path_decide(c, &rq->subject, o->permission, o->when, &d)) && d.verdict == TW_ALLOW;
}

/* What anyone may do, a peer may; for the rest the owner has to have admitted it by its identifier. */
static tw_err policy(struct walk *w)
{
	const struct tw_operation_row *o = w->rq->operation;
	struct tw_subject anyone = w->rq->subject;
	struct tw_policy_verdict v = { .rule = "policy.default" };
	struct tw_decision d;
	if (w->rq->subject.kind != TW_SUBJECT_PEER)
		return TW_OK;
	anyone.kind = TW_SUBJECT_ANYONE;
	TW_TRY(tw_path_decide(w->c, &anyone, o->permission, o->when, &d));
	if (d.verdict == TW_ALLOW)
		return TW_OK;
	if (w->c->policy)
		TW_TRY(w->c->policy(w->c, w->rq, &v));
	if (v.allowed)
		return TW_OK;
	tw_ignore(tw_reply_problem(&w->rp, 403, "forbidden", v.rule, "Not permitted", "Ask the owner of this device for a rule that names yours.",
		"No rule admits this device to this operation, or one forbids it."));
	return refused(w);
}

static tw_err agreed(struct walk *w)
{
	if (!w->c->agreed)
		return TW_OK;
	TW_TRY(w->c->agreed(w->c, w->rq, &w->rp));
	return tw_reply_refused(&w->rp) ? refused(w) : TW_OK;
}

static tw_err bad_input(struct walk *w, tw_err e)
{
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	char why[TW_DETAIL_MAX];
	snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_reply_problem(&w->rp, 400, "input", "path.input", "The request is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", why);
}

static const char *body_type(const struct tw_operation_row *o)
{
	return o->form ? "application/x-www-form-urlencoded" : "application/json";
}

/* A form with files is as long as its row says, its texts as long as any other's. */
static tw_err read_parts(struct walk *w)
{
	struct tw_request *rq = w->rq;
	const struct tw_form_parts from = { tw_http_find(rq->head, "Content-Type")->value, rq->body, rq->operation->files, TW_BODY_MAX };
	size_t count = 0;
	tw_err e = tw_form_parse_parts(w->c->sys, &from, rq->operation->input, w->files, &count, &w->input);

	rq->files = w->files;
	rq->file_count = count < TW_UPLOADS_MAX ? count : TW_UPLOADS_MAX;
	rq->files_over = count > TW_UPLOADS_MAX;
	return tw_failed(e) ? bad_input(w, e) : TW_OK;
}

static bool has_parts(const struct tw_request *rq)
{
	static const char type[] = "multipart/form-data";
	const struct tw_http_field *f = tw_http_find(rq->head, "Content-Type");

	return f && f->value.size >= sizeof type - 1 && tw_slice_is_nocase((struct tw_slice){ f->value.at, sizeof type - 1 }, type);
}

static bool is_its_type(const struct tw_request *rq)
{
	return tw_match_is(rq->head, body_type(rq->operation)) || (rq->operation->files && has_parts(rq));
}

static tw_err read_body(struct walk *w)
{
	const struct tw_request *rq = w->rq;
	if (rq->operation->any_body)
		return TW_OK;
	if (!rq->operation->input)
		return rq->body.size ? bad_input(w, TW_RAISE(SYNTAX, "this operation takes no body")) : TW_OK;
	if (rq->body.size && !is_its_type(rq))
		return tw_reply_problem(&w->rp, 415, "media-type", "path.media-type",
			rq->operation->form ? "A body must be a form" : "A body must be JSON",
			rq->operation->form ? "Send it from the page." : "Send Content-Type: application/json.",
			"The body's Content-Type is not %s.", body_type(rq->operation));
	if (rq->body.size == 0) {
		w->input = json_object();
		return w->input ? TW_OK : TW_RAISE(NOMEM, "input");
	}
	size_t most = rq->operation->body_max ? rq->operation->body_max : TW_BODY_MAX;
	if (rq->body.size > most)
		return tw_reply_problem(&w->rp, 413, "too-long", "path.body-max", "The body is too long for this operation",
			"Send less.", "It has %zu bytes, and %zu are the most.", rq->body.size, most);
	if (has_parts(rq))
		return read_parts(w);
	most = rq->operation->files ? TW_BODY_MAX : most;
	tw_err e = rq->operation->form ? tw_form_parse(w->c->sys, rq->body, most, rq->operation->input, &w->input)
				       : tw_json_parse(rq->body, most, &w->input);
	return tw_failed(e) ? bad_input(w, e) : TW_OK;
}

static tw_err read_query(struct walk *w)
{
	const struct tw_request *rq = w->rq;
	if (!rq->operation->query && rq->head->query.size == 0)
		return TW_OK;
	if (!rq->operation->query)
		return bad_input(w, TW_RAISE(SYNTAX, "this operation takes no query"));
	tw_err e = tw_match_query(w->c->sys, rq->head->query, rq->operation->query, &w->input);
	return tw_failed(e) ? bad_input(w, e) : TW_OK;
}

static tw_err validate(struct walk *w)
{
	struct tw_request *rq = w->rq;
	const struct tw_operation_row *o = rq->operation;
	const struct tw_shape *shape = o->input ? o->input : o->query;
	if (rq->head) {
		rq->input = NULL;
		TW_TRY(read_query(w));
		if (!tw_reply_refused(&w->rp))
			TW_TRY(read_body(w));
		rq->input = w->input;
	}
	if (tw_reply_refused(&w->rp) || !shape)
		return TW_OK;
	tw_err e = tw_json_check(rq->input, shape);
	return tw_failed(e) ? bad_input(w, e) : TW_OK;
}

/* The log cannot take what the request would have to leave there. */
static tw_err unrecordable(struct walk *w, tw_err e)
{
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(&w->rp, 503, "log-full", "audit.space", "The audit log has no room",
			"Free space on the device's disk.", "What cannot be recorded is not done.");
	if (tw_audit_broken(w->c->audit)[0])
		return tw_reply_problem(&w->rp, 503, "log-broken", "audit.broken", "The audit log cannot be written",
			"The device tries its storage again by itself; if it stays so, the storage is failing.",
			"What cannot be recorded is not done.");
	return e;
}

/* What the disk did to the store is not the fault of this software, and somebody can do something about it. False: it was not the disk. */
static bool storage_failed(struct walk *w, tw_err e)
{
	enum tw_store_fault fault = w->c->store ? tw_store_fault(w->c->store) : TW_STORE_WELL;
	if (tw_is(e, TW_CODE_LIMIT) && fault == TW_STORE_FULL)
		tw_ignore(tw_reply_problem(&w->rp, 503, "storage-full", "store.space", "The device's storage has no room",
			"Free space on the device's disk.", "What cannot be kept is not done."));
	else if (tw_is(e, TW_CODE_IO) && fault == TW_STORE_FAILED)
		tw_ignore(tw_reply_problem(&w->rp, 503, "storage-broken", "store.broken", "The device's storage cannot be written",
			"The device tries its storage again by itself; if it stays so, the storage is failing.",
			"What cannot be kept is not done."));
	if (tw_reply_refused(&w->rp) && !w->rp.retry_after_s)
		w->rp.retry_after_s = TW_STORE_RETRY_S;
	return tw_reply_refused(&w->rp);
}

/* Root at the local socket is somebody, and when he logs in he has to prove it like anybody. */
static bool unproven_change(const struct walk *w)
{
	const struct tw_operation_row *o = w->rq->operation;
	const bool comes_in = w->rq->subject.kind == TW_SUBJECT_LOCAL && !strcmp(o->permission, "session.open");

	return o->audit == TW_AUDIT_CHANGE && (w->rq->subject.kind == TW_SUBJECT_ANYONE || comes_in);
}

/* Else a stranger could have two records written and synced as often as he likes. */
static tw_err admit(struct walk *w)
{
	if (!unproven_change(w) || !w->c->admit)
		return TW_OK;
	TW_TRY(w->c->admit(w->c, w->rq, &w->rp));
	return tw_reply_refused(&w->rp) ? refused(w) : TW_OK;
}

/* Behind the form, which says what is asked; before anything that could tell by another way what is withheld. */
static tw_err withhold(struct walk *w)
{
	if (!w->c->withholds)
		return TW_OK;
	TW_TRY(w->c->withholds(w->c, w->rq, &w->rp));
	return tw_reply_refused(&w->rp) ? refused(w) : TW_OK;
}

/* Behind the form: a request that would not be done anyway uses up no proof. */
static tw_err step_up(struct walk *w)
{
	if (!w->rq->operation->step_up || !w->c->step_up)
		return TW_OK;
	TW_TRY(w->c->step_up(w->c, w->rq, &w->rp));
	return tw_reply_refused(&w->rp) ? refused(w) : TW_OK;
}

/* What every change leaves behind when its handler is done, now or later. */
static tw_err settle(struct walk *w, tw_err e)
{
	struct tw_request *rq = w->rq;
	if (tw_failed(e)) {
		tw_ignore(tw_record_failure(w->c, rq, e, &w->reference)); /* before anything else is raised */
		w->rp.status = 500;
		(void)storage_failed(w, e);
	}
	if (!tw_failed(e) && tw_reply_refused(&w->rp) && unproven_change(w) && w->c->refused)
		w->c->refused(w->c, rq);
	if (rq->operation->task && w->rp.status == 202)
		return TW_OK; /* it has begun: its end records the outcome */
	tw_err recorded = tw_record_outcome(w->c, rq, &w->rp, tw_failed(e));
	/* It was done, or may have been, but nobody will be able to prove it: not a success. The restart closes the intent as unknown. */
	if (tw_failed(recorded))
		return unrecordable(w, recorded);
	return e;
}

static bool comes_later(const struct walk *w)
{
	return w->rp.later && !tw_reply_refused(&w->rp);
}

static tw_err handle(struct walk *w)
{
	struct tw_request *rq = w->rq;
	if (rq->operation->audit != TW_AUDIT_CHANGE)
		return rq->operation->handler(w->c, rq, &w->rp);
	tw_err e = tw_record_intent(w->c, rq, &rq->intent);
	if (tw_failed(e))
		return unrecordable(w, e);
	e = rq->operation->handler(w->c, rq, &w->rp);
	if (tw_failed(e))
		w->rp.later = tw_later_drop(w->rp.later);
	return comes_later(w) ? TW_OK : settle(w, e);
}

static tw_err record_read(struct walk *w)
{
	if (w->rq->operation->audit != TW_AUDIT_READ)
		return TW_OK;
	if (!tw_reply_refused(&w->rp) && w->c->unrecorded && w->c->unrecorded(w->c, w->rq)) /* a refusal is recorded, whoever refused */
		return TW_OK;
	tw_err e = tw_record_read(w->c, w->rq, w->rp.status);
	return tw_failed(e) ? unrecordable(w, e) : TW_OK;
}

static tw_err (*const steps[])(
	struct walk *w) = { find, authenticate, comes, gate, policy, agreed, validate, withhold, step_up, admit, handle };

static tw_err tell_watcher(struct walk *w)
{
	if (w->rq->subject.kind == TW_SUBJECT_PEER && w->c->watched)
		TW_TRY(w->c->watched(w->c, w->rq, w->rp.status));
	return TW_OK;
}

static tw_err take_steps(struct walk *w)
{
	for (size_t i = 0; i < TW_COUNT(steps); i++) {
		TW_TRY(steps[i](w));
		if (tw_reply_refused(&w->rp) && steps[i] != handle)
			return TW_OK;
	}
	if (comes_later(w))
		return TW_OK;
	TW_TRY(tell_watcher(w));
	return record_read(w);
}

static void fail(struct walk *w, tw_err e)
{
	if (!w->reference)
		tw_ignore(tw_record_failure(w->c, w->rq, e, &w->reference)); /* a broken log leaves the answer without a reference */
	if (storage_failed(w, e))
		return;
	if (tw_is(e, TW_CODE_NOMEM))
		tw_ignore(tw_reply_problem(&w->rp, 503, "busy", "path.memory", "The device is short of memory",
			"Try again in a moment.", "The request was not carried out."));
	else
		tw_ignore(tw_reply_problem(&w->rp, 500, "internal", "path.failure", "The device failed to do this",
			"Give the reference to whoever looks after the device.", "The failure is on the device's side."));
}

/* An answer that comes later has no head any more, but its operation's path. */
static bool wants_page(const struct walk *w)
{
	static const char api[] = "/api/";
	const struct tw_request *rq = w->rq;
	struct tw_slice path = rq->head ? rq->head->path : tw_slice_of(w->late ? rq->operation->path : api);
	return w->c->problem_page && (path.size < sizeof api - 1 || memcmp(path.at, api, sizeof api - 1) != 0);
}

static tw_err write_body(struct walk *w, struct tw_buf *body, struct tw_path_reply *ret)
{
	if (tw_reply_refused(&w->rp) && wants_page(w)) {
		ret->type = "text/html; charset=utf-8";
		return w->c->problem_page(w->c, w->rq, &w->rp, w->reference, body);
	}
	if (tw_reply_refused(&w->rp)) {
		ret->type = "application/problem+json";
		return tw_reply_write_problem(&w->rp, w->reference, body);
	}
	if (ret->has_file || ret->stream) {
		ret->type = ret->stream ? "text/event-stream" : w->rp.file_type;
		return TW_OK;
	}
	if (w->rp.text_type) {
		ret->type = w->rp.text_type;
		return tw_buf_add(body, w->rp.text.data, w->rp.text.size);
	}
	if (!w->rp.body) {
		w->rp.status = w->rp.status == 200 ? 204 : w->rp.status;
		return TW_OK;
	}
	if (w->c->narrow)
		TW_TRY(w->c->narrow(w->c, &w->rq->subject, w->rq->operation, &w->rp.body));
	ret->type = "application/json";
	return tw_json_write(w->rp.body, body);
}

/* What a door cannot hand on, or what is not told after all. */
static void drop_file(struct walk *w)
{
	if (w->rp.has_file)
		(void)w->c->sys->close(w->c->sys, w->rp.file);
	w->rp.has_file = false;
}

static void give_file(struct walk *w, struct tw_path_reply *ret)
{
	if ((w->rp.has_file && !w->rq->takes_file) || (w->rp.stream && !w->rq->takes_stream))
		tw_ignore(tw_reply_problem(&w->rp, 406, "door", "path.door", "Not at this door", "Ask over HTTPS.",
			"This answer is a file or a stream, and this door carries none."));
	if (tw_reply_refused(&w->rp)) {
		drop_file(w);
		return;
	}
	ret->has_file = w->rp.has_file;
	ret->file = w->rp.file;
	ret->file_size = w->rp.file_size;
	memcpy(ret->file_name, w->rp.file_name, sizeof ret->file_name);
	ret->stream = w->rp.stream;
	ret->stream_after = w->rp.stream_after;
}

static void reply(struct walk *w, struct tw_buf *body, struct tw_path_reply *ret)
{
	size_t before = body->size;
	*ret = (struct tw_path_reply){ .type = "" };
	give_file(w, ret);
	tw_err e = write_body(w, body, ret);
	if (tw_failed(e)) {
		body->size = before;
		fail(w, e);
		ret->type = "application/problem+json";
		if (tw_failed(tw_reply_write_problem(&w->rp, w->reference, body))) {
			body->size = before; /* no memory even for the words: the status has to do */
			ret->type = "";
		}
	}
	ret->status = w->rp.status;
	ret->retry_after_s = w->rp.retry_after_s;
	ret->close_connections = w->rp.close_connections;
	ret->close = w->rp.close;
	memcpy(ret->etag, w->rp.etag, sizeof ret->etag);
	memcpy(ret->location, w->rp.location, sizeof ret->location);
	memcpy(ret->session, w->rp.session, sizeof ret->session);
	ret->script = w->rp.script;
	memcpy(ret->client, w->rp.client, sizeof ret->client);
	memcpy(ret->allow, w->match.allow, sizeof ret->allow);
	if (ret->status != 405)
		ret->allow[0] = '\0';
}

void tw_path_walk(struct tw_context *c, struct tw_request *rq, struct tw_buf *body, struct tw_path_reply *ret)
{
	struct walk w = { .c = c, .rq = rq, .rp = { .status = 200 } };
	tw_err e = take_steps(&w);
	if (tw_failed(e))
		fail(&w, e);
	if (comes_later(&w)) {
		*ret = (struct tw_path_reply){ .type = "", .later = TW_STEAL(w.rp.later) };
	} else {
		reply(&w, body, ret);
	}
	tw_reply_done(&w.rp);
	json_decref(w.input);
	/* All pointed into this walk. */
	rq->files = NULL;
	rq->file_count = 0;
	rq->parameter = (struct tw_slice){ "", 0 };
	if (rq->head)
		rq->input = NULL;
}

void tw_path_finish(tw_later *l, struct tw_reply *rp, tw_err e)
{
	struct walk w = { .c = l->c, .rq = &l->rq, .rp = *rp, .late = true };
	struct tw_path_reply ret;
	*rp = (struct tw_reply){ .status = 200 };
	e = settle(&w, e);
	if (!tw_failed(e))
		e = tell_watcher(&w);
	if (tw_failed(e))
		fail(&w, e);
	tw_buf_clear(l->door.body);
	reply(&w, l->door.body, &ret);
	tw_reply_done(&w.rp);
	l->door.deliver(l->door.user, l->door.connection, &l->rq, &ret);
	(void)tw_later_drop(l);
}
