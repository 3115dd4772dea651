/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward log verify`: what anybody can say about a copy of a device's audit log.
 *
 * Without anything else the chain is checked. With the device's certificate the signed checkpoints are, and everything up to the
 * last one is proven. With the keys of closed epochs (`thingward device log keys --json`) every single record's seal is too.
 */
#include "base/text.h"
#include "formats/auditlog.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"

#include <inttypes.h>

#define SUFFIX ".twlog"
#define SEGMENT_MAX (64 * 1024 * 1024)
#define SEGMENTS_MAX 65536

const struct tw_option tw_options_log_verify[] = {
	{ "device-cert", "FILE", false, "the device's certificate: proves the signed checkpoints" },
	{ "anchor", "FILE", false, "the manufacturer's certificate, which must have issued the device's" },
	{ "keys", "FILE", false, "epoch keys, as `thingward device log keys --json` prints them" },
	{},
};

struct run {
	struct tw_tool *t;
	const struct tw_sys *sys;
	int dir;
	json_t *names, *keys; /* keys: the answer's "epochs" */
	tw_key *device;
	int64_t unproven_ms; /* of the first record after the last checkpoint; 0: none */
	tw_err listing;
};

static void run_done(struct run *r)
{
	tw_closep(&r->dir);
	json_decref(r->names);
	json_decref(r->keys);
	tw_key_free(r->device);
}

static bool visit(void *user, const char *name)
{
	struct run *r = user;
	size_t size = strlen(name);

	if (size <= sizeof(SUFFIX) - 1 || strcmp(name + size - (sizeof(SUFFIX) - 1), SUFFIX) != 0)
		return true;
	if (json_array_size(r->names) >= SEGMENTS_MAX)
		r->listing = TW_RAISE(LIMIT, "more than %d segments", SEGMENTS_MAX);
	else
		r->listing = tw_json_append(r->names, json_string(name));
	return !tw_failed(r->listing);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* Names are numbers of one width, so that their order is the order of writing. */
static tw_err sorted(const struct run *r, json_t ***ret)
{
	size_t count = json_array_size(r->names);
	json_t **list = count ? tw_alloc_array(r->sys, count, sizeof(json_t *)) : NULL;

	if (!list)
		return TW_RAISE(NOMEM, "list of segments");
	for (size_t i = 0; i < count; i++)
		list[i] = json_array_get(r->names, i);
	qsort(list, count, sizeof(*list), by_name);
	*ret = list;
	return TW_OK;
}

static tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	const struct run *r = user;
	size_t i;
	json_t *row;

	json_array_foreach(r->keys, i, row)
		if (tw_json_int(row, "epoch") == (int64_t)epoch)
			return tw_parse_hex(tw_slice_of(tw_json_text(row, "key")), ret, 32);
	return TW_RAISE(NOTFOUND, "no key of epoch %" PRIu64, epoch);
}

static void on_record(void *user, const struct tw_log_header *h, const struct tw_log_record *record)
{
	struct run *r = user;

	if (record->type == TW_LOG_CHECKPOINT)
		r->unproven_ms = 0;
	else if (!r->unproven_ms)
		r->unproven_ms = record->wall_ms;
}

static tw_err read_device(struct run *r, const char *path, const char *anchor_path)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL, *anchor = NULL;

	if (!path)
		return TW_OK;
	TW_TRY(tw_file_cert(r->sys, path, &cert));
	if (anchor_path) {
		TW_TRY(tw_file_cert(r->sys, anchor_path, &anchor));
		TW_TRY(tw_cert_verify(cert, anchor, tw_now_ms(r->sys)));
	}
	return tw_cert_key(cert, &r->device);
}

static tw_err read_keys(struct run *r, const char *path)
{
	TW_CLEANUP(tw_jsonp) json_t *file = NULL;

	if (!path)
		return TW_OK;
	TW_TRY(tw_file_json(r->sys, path, &file));
	r->keys = json_incref(tw_json_get(file, "epochs"));
	if (!json_is_array(r->keys))
		return TW_RAISE(SYNTAX, "%s holds no epoch keys; `thingward device log keys --json` prints them", path);
	return TW_OK;
}

static tw_err prepare(struct run *r, const struct tw_args *a)
{
	TW_TRY(tw_dir_open(r->sys, a->rest[0], &r->dir));
	TW_TRY(read_device(r, tw_arg(a, "device-cert"), tw_arg(a, "anchor")));
	TW_TRY(read_keys(r, tw_arg(a, "keys")));
	r->names = json_array();
	if (!r->names)
		return TW_RAISE(NOMEM, "list of segments");
	if (r->sys->list(r->sys, r->dir, visit, r) != 0)
		return TW_RAISE_ERRNO("reading the directory %s", a->rest[0]);
	TW_TRY(r->listing);
	if (!json_array_size(r->names))
		return tw_fail(r->t, TW_EXIT_FAILED, "the directory with the *.twlog files (STATE/log)",
			TW_RAISE(NOTFOUND, "there is no log in %s", a->rest[0]));
	return TW_OK;
}

static tw_err verify_one(struct run *r, tw_log_verifier *v, const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	char path[300];

	tw_buf_init(&bytes, r->sys, SEGMENT_MAX);
	(void)snprintf(path, sizeof(path), "%s", name);
	TW_TRY(tw_durable_read(r->sys, r->dir, path, SEGMENT_MAX, &bytes));
	return tw_log_verifier_segment(v, tw_buf_slice(&bytes), name);
}

static tw_err verify_all(struct run *r, tw_log_verifier *v)
{
	TW_CLEANUP(tw_freep) json_t **list = NULL;
	size_t count = json_array_size(r->names);

	TW_TRY(sorted(r, &list));
	for (size_t i = 0; i < count; i++) {
		if (count > 8)
			tw_progress(r->t, "%s (%zu of %zu)", json_string_value(list[i]), i + 1, count);
		TW_TRY(verify_one(r, v, json_string_value(list[i])));
	}
	return tw_log_verifier_end(v);
}

static tw_err set_count(json_t *o, const char *key, uint64_t n)
{
	return tw_json_set(o, key, json_integer((json_int_t)n));
}

static tw_err answer(const struct run *r, const struct tw_log_report *report, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	char since[TW_TIME_TEXT_MAX] = "";

	if (!o)
		return TW_RAISE(NOMEM, "answer");
	if (r->unproven_ms)
		tw_time_text(r->unproven_ms, since);
	TW_TRY(tw_json_set(o, "verdict", json_string(*report->fault ? "broken" : "whole")));
	TW_TRY(tw_json_set(o, "fault", json_string_nocheck(report->fault)));
	TW_TRY(set_count(o, "segments", report->segments));
	TW_TRY(set_count(o, "records", report->records));
	TW_TRY(set_count(o, "first", report->first_seq));
	TW_TRY(set_count(o, "last", report->last_seq));
	TW_TRY(set_count(o, "checkpoints", report->checkpoints));
	TW_TRY(set_count(o, "proven_to", report->proven_seq));
	TW_TRY(tw_json_set(o, "unproven_since", json_string(since)));
	TW_TRY(set_count(o, "open_intents", report->open_intents));
	TW_TRY(tw_json_set(o, "seals_checked", json_boolean(report->keys_used)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err explain(const struct run *r, const struct tw_log_report *report)
{
	char since[TW_TIME_TEXT_MAX] = "";

	if (r->unproven_ms)
		tw_time_text(r->unproven_ms, since);
	if (*report->fault)
		return tw_print(r->t,
			"\nBefore that place, records %" PRIu64 " to %" PRIu64 " verified; of what comes after nothing can be said.\n",
			report->first_seq, report->last_seq);
	if (!r->device)
		TW_TRY(tw_print(r->t, "\nNo signature was checked: --device-cert FILE proves the checkpoints.\n"));
	else if (r->unproven_ms)
		TW_TRY(tw_print(r->t, "\nProven by the device's signature up to record %" PRIu64 "; unproven since %s.\n",
			report->proven_seq, since));
	else
		TW_TRY(tw_print(r->t, "\nProven by the device's signature to the last record.\n"));
	if (!report->keys_used)
		TW_TRY(tw_print(r->t, "The records' own seals were not all checked: --keys FILE, from `thingward device log keys --json`.\n"));
	return TW_OK;
}

tw_err tw_cmd_log_verify(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run r = { .t = t, .sys = t->sys, .dir = -1, .listing = TW_OK };
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	struct tw_log_report report;

	TW_TRY(prepare(&r, a));
	struct tw_log_verify how = { .device = r.device, .epoch_key = r.keys ? epoch_key : NULL, .record = on_record, .user = &r };
	TW_TRY(tw_log_verifier_new(t->sys, &how, &v));
	tw_err e = verify_all(&r, v);
	if (tw_failed(e) && !tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	tw_log_verifier_report(v, &report);
	bool broken = tw_failed(e);
	TW_TRY(answer(&r, &report, &o));
	TW_TRY(tw_print_value(t, o));
	TW_TRY(explain(&r, &report));
	if (!broken)
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, "keep this copy as it is; everything before the named record verified",
		TW_RAISE(UNTRUSTED, "the log does not verify: %s", report.fault));
}
