/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan role: an errand that may read the disk as anybody may, and has no network, no key and no other file open. What it reads was
 * written by whoever could write there, so it is the one that may be fooled by it, and it holds nothing worth taking.
 */
#include "base/log.h"
#include "service/errand.h"
#include "service/scan/scan-wire.h"
#include "sys/clock.h"

#include <string.h>

#define PIECE_MS 40      /* of work: how soon core's end, or hands', is heard */
#define ONE_FINDING 2100 /* more than any takes */

struct role {
	const struct tw_sys *sys;
	tw_scan *scan;
	struct tw_buf found;
};

static tw_err keep_finding(void *user, const struct tw_scan_finding *f)
{
	struct role *r = user;

	return tw_scan_finding_write(f, &r->found);
}

static tw_err begin(struct role *r, struct tw_slice payload)
{
	struct tw_scan_order order = { 0 };
	tw_err e = tw_scan_begin_read(payload, &order);

	if (tw_failed(e))
		return TW_RAISE(UNTRUSTED, "core's order is not of its form");
	r->scan = tw_scan_free(r->scan);
	TW_TRY(tw_scan_new(r->sys, TW_FD_OWN, TW_FD_OWN + 1, &order, keep_finding, &r->scan));
	tw_scan_user(r->scan, r);
	return TW_OK;
}

static void count(const struct tw_scan_counts *n, uint64_t ret[TW_SCAN_COUNTS])
{
	const uint64_t all[TW_SCAN_COUNTS] = { n->owned, n->checked, n->executables, n->changed, n->missing, n->unknown, n->unread,
		n->skipped, n->broken };

	memcpy(ret, all, sizeof all);
}

static tw_err piece(struct role *r, tw_channel *core, uint32_t tag)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 }, place = { 0 };
	struct tw_scan_piece p = { .finished = false };
	struct tw_scan_counts counts;
	int64_t until = tw_boot_ms(r->sys) + PIECE_MS;

	tw_buf_init(&message, r->sys, TW_SCAN_PIECE_MAX);
	tw_buf_init(&place, r->sys, TW_SCAN_PLACE_MAX);
	tw_buf_clear(&r->found);
	do
		TW_TRY(tw_scan_step(r->scan, &p.finished));
	while (!p.finished && r->found.size + ONE_FINDING < TW_SCAN_FOUND_MAX && tw_boot_ms(r->sys) < until);
	counts = tw_scan_counts(r->scan);
	count(&counts, p.counts);
	p.total = tw_scan_total(r->scan);
	p.words = tw_slice_of(tw_scan_words(r->scan));
	p.found = tw_buf_slice(&r->found);
	TW_TRY(tw_scan_place(r->scan, &place));
	p.place = tw_buf_slice(&place);
	TW_TRY(tw_scan_piece_write(&p, &message));
	if (p.finished)
		r->scan = tw_scan_free(r->scan);
	return tw_channel_send(core, TW_SCAN_PIECE, tag, message.data, message.size, NULL, 0);
}

/* What went wrong on the disk is an answer; a broken rule of the channel is not. */
static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;
	char why[TW_DETAIL_MAX];
	tw_err e;

	if (m->type == TW_SCAN_BEGIN)
		e = begin(r, m->payload);
	else if (!r->scan)
		return TW_RAISE(UNTRUSTED, "core asks for a piece of nothing");
	else
		e = piece(r, core, m->tag);
	if (!tw_failed(e) || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_CLOSED))
		return e;
	(void)snprintf(why, sizeof why, "%s: %s", tw_code_name(e.code), tw_err_detail());
	return tw_channel_send(core, TW_SCAN_FAILED, m->tag, why, strlen(why), NULL, 0);
}

int tw_scan_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys };
	const struct tw_errand_work work = { .rows = tw_rows_scan_from_core, .serve = serve, .user = &r };

	tw_buf_init(&r.found, sys, TW_SCAN_FOUND_MAX);
	int status = tw_errand_run(sys, &work);
	(void)tw_scan_free(r.scan);
	tw_buf_done(&r.found);
	return status;
}
