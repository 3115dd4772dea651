/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/report.h"

#include "base/mem.h"
#include "check.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define CALLS_MAX 3000

static const struct tw_store_step steps[] = { { 1, tw_sql_reception_format_1 }, { 0, NULL } };
static const struct tw_store_formats formats = { steps, 1, 1 };
static const struct tw_report report = { .received_ms = 5,
	.language = "de",
	.kind = "flaw",
	.description = "it breaks",
	.product = "'; DROP TABLE report; --",
	.version = "1",
	.flaw = "leak",
	.traits = "",
	.fix = "",
	.contact = "me@example.com",
	.credit = "Ann" };

static struct test_dir dir;
static tw_store *store;

static void reopen(const struct tw_sys *sys)
{
	store = tw_store_free(store);
	CHECK_OK(tw_store_open(sys, dir.fd, "t.db", &formats, &store));
}

static int set_up(void **state)
{
	dir = test_dir_new();
	reopen(tw_sys_real());
	return 0;
}

static int tear_down(void **state)
{
	store = tw_store_free(store);
	test_dir_done(&dir);
	return 0;
}

static struct tw_receipt receipt(void)
{
	struct tw_receipt r;

	CHECK_OK(tw_receipt_make(tw_sys_real(), &r));
	return r;
}

struct seen {
	int64_t id;
	unsigned count;
	char text[200];
	bool published;
};

static tw_err see(void *user, const struct tw_report *r)
{
	struct seen *s = user;

	s->id = r->id;
	s->count++;
	s->published = r->published_ms != 0;
	(void)snprintf(s->text, sizeof s->text, "%s|%s|%s", r->description, r->product, r->flaw);
	return TW_OK;
}

static tw_err see_message(void *user, const struct tw_report_message *m)
{
	struct seen *s = user;
	size_t used = strlen(s->text);

	s->count++;
	(void)snprintf(s->text + used, sizeof s->text - used, "%s" TW_SLICE_FMT ";", m->ours ? "us:" : "you:", TW_SLICE_ARG(m->text));
	return TW_OK;
}

static tw_err see_name(void *user, struct tw_slice name, int64_t published_ms)
{
	struct seen *s = user;

	s->count++;
	(void)snprintf(s->text, sizeof s->text, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return TW_OK;
}

static struct seen find(const struct tw_receipt *r)
{
	struct seen s = { 0 };

	CHECK_OK(tw_report_find(store, r->hash, see, &s));
	return s;
}

static void test_kept_once_and_found_by_its_receipt_alone(void **state)
{
	const struct tw_receipt r = receipt(), other = receipt();
	struct tw_report another = report;
	enum tw_kept kept;

	CHECK_OK(tw_report_add(store, &r, &report, &kept));
	CHECK_INT(kept, TW_KEPT);
	CHECK_OK(tw_report_add(store, &r, &report, &kept));
	CHECK_INT(kept, TW_KEPT_BEFORE);
	another.description = "it breaks too";
	CHECK_OK(tw_report_add(store, &r, &another, &kept));
	CHECK_INT(kept, TW_KEPT_OTHER);
	const char **const texts[] = { &another.kind, &another.description, &another.product, &another.version, &another.flaw,
		&another.traits, &another.fix, &another.contact, &another.credit };
	for (size_t i = 0; i < TW_COUNT(texts); i++) { /* what was put right in any field is not the one that is kept */
		another = report;
		*texts[i] = i ? "put right" : "other";
		CHECK_OK(tw_report_add(store, &r, &another, &kept));
		if (kept != TW_KEPT_OTHER)
			fail_msg("text %zu", i);
	}
	reopen(tw_sys_real());
	CHECK_TEXT(find(&r).text, "it breaks|'; DROP TABLE report; --|leak");
	CHECK_INT(find(&other).count, 0);
}

static void test_messages_in_order_and_bounded(void **state)
{
	const struct tw_receipt r = receipt();
	struct seen s = { 0 };
	enum tw_kept kept;
	int64_t id;
	char text[16];

	CHECK_OK(tw_report_add(store, &r, &report, &kept));
	id = find(&r).id;
	CHECK_OK(tw_report_message_add(store, id, &(struct tw_report_message){ 1, false, TW_SLICE("more") }, &kept));
	CHECK_OK(tw_report_message_add(store, id, &(struct tw_report_message){ 2, false, TW_SLICE("more") }, &kept));
	CHECK_INT(kept, TW_KEPT_BEFORE);
	CHECK_OK(tw_report_message_add(store, id, &(struct tw_report_message){ 3, true, TW_SLICE("more") }, &kept));
	CHECK_OK(tw_report_messages(store, id, see_message, &s));
	CHECK_TEXT(s.text, "you:more;us:more;");
	for (int i = 2; i < TW_MESSAGES_MAX; i++) {
		(void)snprintf(text, sizeof text, "%d", i);
		CHECK_OK(tw_report_message_add(store, id, &(struct tw_report_message){ 4, false, tw_slice_of(text) }, &kept));
		CHECK_INT(kept, TW_KEPT);
	}
	CHECK_OK(tw_report_message_add(store, id, &(struct tw_report_message){ 5, false, TW_SLICE("one too many") }, &kept));
	CHECK_INT(kept, TW_KEPT_FULL);
	CHECK_ERR(tw_report_message_add(store, id + 1, &(struct tw_report_message){ 5, false, TW_SLICE("of none") }, &kept), EXISTS);
}

static void test_nothing_said_changes(void **state)
{
	static const char *const tries[] = { "DELETE FROM report", "UPDATE report SET description = 'x'",
		"UPDATE report SET credit = 'x'", "UPDATE report_message SET text = 'x'", "DELETE FROM report_message" };
	const struct tw_receipt r = receipt();
	enum tw_kept kept;

	CHECK_OK(tw_report_add(store, &r, &report, &kept));
	CHECK_OK(tw_report_message_add(store, find(&r).id, &(struct tw_report_message){ 1, false, TW_SLICE("more") }, &kept));
	for (size_t i = 0; i < TW_COUNT(tries); i++)
		if (!tw_failed(tw_store_run(store, tries[i], NULL, 0, NULL, NULL)))
			fail_msg("%s", tries[i]);
}

static void test_thanks_only_whom_it_may(void **state)
{
	const struct tw_receipt r = receipt(), quiet = receipt();
	struct tw_report nameless = report;
	struct seen s = { 0 };
	enum tw_kept kept;

	nameless.credit = "";
	CHECK_OK(tw_report_add(store, &r, &report, &kept));
	CHECK_OK(tw_report_add(store, &quiet, &nameless, &kept));
	CHECK_OK(tw_report_thanks(store, see_name, &s));
	CHECK_INT(s.count, 0);
	CHECK_OK(tw_report_publish(store, find(&r).id, true, 7));
	CHECK_OK(tw_report_publish(store, find(&quiet).id, true, 7));
	CHECK_OK(tw_report_thanks(store, see_name, &s));
	CHECK_INT(s.count, 1);
	CHECK_TEXT(s.text, "Ann");
	CHECK(find(&r).published);
	CHECK_OK(tw_report_publish(store, find(&r).id, false, 9)); /* he took it back */
	s.count = 0;
	CHECK_OK(tw_report_thanks(store, see_name, &s));
	CHECK_INT(s.count, 0);
	CHECK(find(&r).published);
}

/* Each call of the seam fails once, as a bad disk has it and as a full one: what was acknowledged is there, and sending again keeps it once. */
static void test_every_failure_loses_nothing_acknowledged(void **state)
{
	tw_fake *f = tw_fake_new();

	for (int error = 0; error < 2; error++) {
		bool fired = true;

		for (long nth = 1; fired && nth < CALLS_MAX; nth++) {
			const struct tw_receipt r = receipt();
			enum tw_kept kept = TW_KEPT_FULL;

			reopen(tw_fake_sys(f));
			tw_fake_fail(f, nth, error ? ENOSPC : EIO, false);
			tw_err e = tw_report_add(store, &r, &report, &kept);
			fired = tw_fake_fired(f);
			tw_fake_fail(f, 0, 0, false);
			reopen(tw_sys_real());
			if (!tw_failed(e))
				CHECK_INT(find(&r).count, 1);
			CHECK_OK(tw_report_add(store, &r, &report, &kept));
			CHECK_INT(find(&r).count, 1);
			CHECK(tw_failed(e) || kept == TW_KEPT_BEFORE);
		}
		CHECK(!fired);
	}
	store = tw_store_free(store);
	tw_fake_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_kept_once_and_found_by_its_receipt_alone), TEST(test_messages_in_order_and_bounded),
	TEST(test_nothing_said_changes), TEST(test_thanks_only_whom_it_may), TEST(test_every_failure_loses_nothing_acknowledged))
