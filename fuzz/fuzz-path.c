/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole requests through the one path, over a real store and log in a temporary directory. First byte: kind of subject, door, owned.
 * The rest: a request head and, behind it, the body. Held: a handler runs only when the gate allows it and its input has the
 * operation's shape; every answer is JSON with its own status in it; a change leaves intent and outcome.
 */
#include "base/mem.h"
#include "formats/auditlog.h"
#include "service/path/page.h"
#include "service/path/test-context.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 2000 /* then a new log, so that a long search fills no disk */

static struct test_context t;
static const struct tw_operation_row *ran;
static char folder[64];
static int dir = -1;

static void must(bool good)
{
	if (!good)
		abort();
}

static tw_err handler(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_shape *shape = rq->operation->input ? rq->operation->input : rq->operation->query;
	ran = rq->operation;
	const struct tw_ask ask = { .subject = &rq->subject, .permission = ran->permission, .when = ran->when, .owned = t.owned };
	must(tw_gate_authorize(c->gate, &ask).verdict == TW_ALLOW);
	must(!shape || !tw_failed(tw_json_check(rq->input, shape)));
	must(ran->audit != TW_AUDIT_CHANGE || (rq->intent == tw_audit_last(c->audit) && !tw_audit_pending(c->audit)));
	rp->body = json_object();
	return rq->input ? tw_json_set(rp->body, "input", json_incref((json_t *)(uintptr_t)rq->input)) : TW_OK;
}

/* A list of ten numbers: a page goes on behind its cursor, or the cursor is refused and nothing is answered. */
static tw_err list_handler(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t after = 0;
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	must(!rp->problem[0] || (rp->status == 400 && !rp->body));
	if (rp->problem[0])
		return TW_OK;
	ran = rq->operation; /* not before: check_answer wants nothing to have run that was refused */
	for (uint64_t i = after + 1; i <= 10 && tw_page_takes(&p); i++)
		TW_TRY(tw_page_add_at(&p, i, json_integer((json_int_t)i)));
	must(p.count <= p.limit && p.limit <= 20);
	return tw_page_end(&p, rp);
}

static const struct tw_shape pages[] = { { "limit", TW_JSON_INT, false, 1, 20 }, { "cursor", TW_JSON_TEXT, false, 1, 160 },
	{ .key = NULL } };
static const struct tw_shape input[] = { { "value", TW_JSON_TEXT, true, 1, 64 }, { "n", TW_JSON_INT, false, 0, 9 }, { .key = NULL } };
static const struct tw_shape query[] = { { "count", TW_JSON_INT, false, 1, 200 }, { "word", TW_JSON_TEXT, false, 0, 9 }, { .key = NULL } };
static const struct tw_operation_row operations[] = {
	{ "open", "GET", "/open", "any", TW_WHEN_ALWAYS, TW_AUDIT_NONE, NULL, handler, "", "", query },
	{ "read", "GET", "/things/{name}", "owner", TW_WHEN_OWNED, TW_AUDIT_READ, NULL, handler, "", "", NULL },
	{ "put", "PUT", "/things/{name}", "owner", TW_WHEN_OWNED, TW_AUDIT_CHANGE, input, handler, "", "", NULL },
	{ "drop", "DELETE", "/things/one", "local", TW_WHEN_OWNED, TW_AUDIT_CHANGE, NULL, handler, "", "", NULL },
	{ "take", "POST", "/take", "any", TW_WHEN_UNOWNED, TW_AUDIT_CHANGE, input, handler, "", "", NULL },
	{ "list", "GET", "/list", "any", TW_WHEN_ALWAYS, TW_AUDIT_NONE, NULL, list_handler, "", "", pages, "entries", 5 },
	{ .name = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .operations = operations };
static const struct tw_capability *const capabilities[] = { &capability, NULL };
static const struct tw_grant_row grants[] = {
	{ "any", 1u << TW_SUBJECT_ANYONE | 1u << TW_SUBJECT_OWNER | 1u << TW_SUBJECT_LOCAL },
	{ "owner", 1u << TW_SUBJECT_OWNER },
	{ "local", 1u << TW_SUBJECT_LOCAL },
	{ .permission = NULL },
};

static void finish(void)
{
	test_context_close(&t);
	DIR *list = folder[0] ? opendir(folder) : NULL;
	for (struct dirent *e = list ? readdir(list) : NULL; e; e = readdir(list))
		(void)unlinkat(dir, e->d_name, 0);
	if (list)
		closedir(list);
}

static void leave(void)
{
	finish();
	(void)rmdir(folder);
	t.key = tw_key_free(t.key);
}

static void begin(const struct tw_sys *sys)
{
	if (dir < 0) {
		snprintf(folder, sizeof folder, "/dev/shm/tw-fuzz-XXXXXX");
		must(mkdtemp(folder) != NULL);
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)atexit(leave);
	}
	must(!tw_failed(test_context_open(&t, sys, dir, capabilities, grants)));
}

static void check_answer(const struct tw_path_reply *r, struct tw_buf *body)
{
	json_t *j = NULL;
	must(r->status == 204 || body->size > 0);
	must(body->size == 0 || !tw_failed(tw_json_parse(tw_buf_slice(body), TW_BODY_MAX * 8, &j)));
	must(r->status < 500); /* nothing failed here */
	must((r->status >= 400) == (strcmp(r->type, "application/problem+json") == 0));
	must(r->status < 400 || tw_json_int(j, "status") == r->status);
	must(r->status < 400 || !ran);
	json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned rounds;
	struct tw_http_head head;
	struct tw_http_fault fault;
	if (size == 0)
		return 0;
	struct tw_slice bytes = { (const char *)data + 1, size - 1 };
	if (tw_failed(tw_http_parse(bytes, &head, &fault)))
		return 0;
	if (rounds++ % ROUNDS == 0) {
		finish();
		begin(tw_sys_real());
	}
	struct tw_path_reply reply;
	struct tw_buf body;
	struct tw_request rq = {
		.subject = { .door = (enum tw_door)(data[0] >> 3 & 7), .kind = (enum tw_subject_kind)(data[0] & 7), .name = "x" },
		.head = &head,
		.body = { bytes.at + head.size, bytes.size - head.size }
	};
	t.owned = data[0] & 0x40;
	ran = NULL;
	if (rq.subject.door > TW_DOOR_INTERNAL)
		return 0; /* the record names doors by number: no door of ours makes another */
	uint64_t before = tw_audit_last(t.c.audit);
	tw_buf_init(&body, tw_sys_real(), TW_BODY_MAX * 8);
	tw_path_walk(&t.c, &rq, &body, &reply);
	check_answer(&reply, &body);
	must(!ran || ran->audit == TW_AUDIT_NONE || tw_audit_last(t.c.audit) > before);
	must(!ran || ran->audit != TW_AUDIT_CHANGE || !tw_audit_pending(t.c.audit));
	tw_buf_done(&body);
	return 0;
}
