/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/text.h"
#include "service/keys/keys.h"
#include "service/sql-service.h"
#include "support/advisories/advisories.h"
#include "support/advisories/search.h"
#include "support/advisories/signing.h"
#include "support/cases/cases.h"
#include "support/grants.h"
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/query-reception/reception.h"
#include "support/rows-advisories.h"
#include "support/desk/desk.h"
#include "support/rows-cases.h"
#include "support/rows-components.h"
#include "support/rows-intake.h"
#include "support/rows-outbox.h"
#include "support/rows-desk.h"
#include "support/rows-platform.h"
#include "support/rows-query-reception.h"
#include "support/rows-customers.h"
#include "support/rows-questions.h"
#include "support/rows-staff.h"
#include "support/rows-subscriptions.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "support/staff/staff.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define SEGMENT_SIZE (1024 * 1024)
#define STORE_FD (TW_FD_OWN + 0)
#define LOG_FD (TW_FD_OWN + 1)

/* Every format of the store there ever was. */
static const struct tw_store_step steps[] = {
	{ 1, tw_sql_settings_format_1 },
	{ 1, tw_sql_access_format_1 },
	{ 1, tw_sql_support_format_1 },
	{ 1, tw_sql_reception_format_1 },
	{ 1, tw_sql_cases_format_1 },
	{ 1, tw_sql_alarms_format_1 },
	{ 1, tw_sql_advisories_format_1 },
	{ 1, tw_sql_triage_format_1 },
	{ 1, tw_sql_components_format_1 },
	{ 1, tw_sql_questions_format_1 },
	{ 1, tw_sql_customers_format_1 },
	{ 1, tw_sql_attachments_format_1 },
	{ 1, tw_sql_outbox_format_1 },
	{ 1, tw_sql_subscriptions_format_1 },
	{ 1, tw_sql_intake_format_1 },
	{ 1, tw_sql_staff_format_1 },
	{ 0, NULL },
};
static const struct tw_store_formats formats = { steps, 1, 1 };

/* What this service can do: the one explicit list. */
static const struct tw_capability *const capabilities[] = { &tw_capability_platform, &tw_capability_query_reception,
	&tw_capability_cases, &tw_capability_advisories, &tw_capability_staff, &tw_capability_subscriptions, &tw_capability_triage,
	&tw_capability_components, &tw_capability_questions, &tw_capability_customers, &tw_capability_outbox, &tw_capability_intake,
	&tw_capability_desk, NULL };

/* The gate's question of devices; this service always has somebody whose it is. */
static tw_err owned(struct tw_context *c, bool *ret)
{
	*ret = true;
	return TW_OK;
}

static tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	return tw_keys_client_epoch(user, epoch, ret);
}

static tw_err old_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	return tw_keys_client_old_epoch(user, epoch, ret);
}

static tw_err sign_checkpoint(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_CHECKPOINT, message, ret);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(uint64_t *)user = (uint64_t)tw_row_int(row, 0);
	return TW_OK;
}

static tw_err open_log(struct tw_app *a, const char *boot, uint64_t boots)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const struct tw_audit_keys keys = { epoch_key, sign_checkpoint, a->context.keys, old_key };
	struct tw_audit_options o = {
		.dir = LOG_FD, .segment_size = SEGMENT_SIZE, .boot_count = boots, .keys = &keys, .time = &a->time, .later = true
	};

	TW_TRY(tw_parse_hex(tw_slice_of(boot), o.boot_id, sizeof o.boot_id));
	memcpy(a->boot_id, o.boot_id, sizeof a->boot_id);
	TW_TRY(tw_keys_client_identity(a->context.keys, &a->identity));
	TW_TRY(tw_cert_fingerprint(a->identity, o.device));
	TW_TRY(tw_cert_key(a->identity, &key));
	o.device_key = key;
	return tw_audit_open(a->sys, &o, &a->context.audit);
}

/* A tree that cannot be written now keeps nobody from reporting: what waits is published by the next start, or by whoever publishes it again. */
void tw_app_settle_tree(struct tw_app *a)
{
	tw_err e = tw_advisories_settle(&a->context);

	a->tree_waits = false;
	if (tw_failed(e))
		tw_log_err(e, "bringing the tree of advisories to what the store says");
}

/* Each advisory is read for it: while nothing is on its way, that comes after those who waited for the start. */
static void settle_advisories(struct tw_app *a)
{
	bool now = false;
	tw_err e = tw_signing_renew(a);

	if (tw_failed(e))
		tw_log_err(e, "the key of the advisories' signatures");
	a->tree_waits = !tw_failed(tw_advisories_press(&a->context, &now)) && !now;
	if (!a->tree_waits)
		tw_app_settle_tree(a);
}

/* Who asked with a browser reads why in a page: each part knows its own. */
static tw_err problem_page(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	if (tw_staff_refused_here(rq, rp))
		return tw_staff_problem(c, rq, rp, reference, body);
	if (tw_desk_refused_here(rq, rp))
		return tw_desk_problem(c, rq, rp, reference, body);
	return tw_reception_problem(c, rq, rp, reference, body);
}

tw_err tw_app_open(struct tw_app *a, const struct tw_role_start *start)
{
	struct tw_context *c = &a->context;
	const char *boot = tw_role_word(start, "boot_id");
	uint64_t boots = 0;

	if (!boot)
		return TW_RAISE(STATE, "the parent gave no boot id");
	*c = (struct tw_context){
		.sys = a->sys, .time = &a->time, .capabilities = capabilities, .owned = owned, .problem_page = problem_page, .side = a
	};
	tw_time_init(&a->time, a->sys, 0);
	a->started_ms = tw_time_wall_ms(&a->time);
	a->dir = STORE_FD;
	a->log_dir = LOG_FD;
	TW_TRY(tw_admission_begin(a->sys, &a->admission));
	TW_TRY(tw_desk_read(a->sys, STORE_FD, &a->desk));
	TW_TRY(tw_products_read(a->sys, STORE_FD, &a->products));
	TW_TRY(tw_keys_client_new(a->sys, TW_FD_PEER2, &c->keys));
	const struct tw_store_place place = { STORE_FD, TW_APP_STORE, tw_role_word(start, TW_APP_STORE_WORD) };
	TW_TRY(tw_store_open_at(a->sys, &place, &formats, &c->store));
	TW_TRY(tw_cases_settle(c->store));
	TW_TRY(tw_advisories_prepare(c));
	TW_TRY(tw_store_run(c->store, tw_sql_support_boots, &TW_V_TEXT(boot), 1, take_number, &boots));
	TW_TRY(open_log(a, boot, boots));
	TW_TRY(tw_gate_compile(a->sys, &(struct tw_gate_source){ .roles = tw_built_in_roles, .grants = tw_grants }, &c->gate));
	TW_TRY(tw_settings_load(c));
	TW_TRY(tw_staff_start(a, STORE_FD));
	settle_advisories(a);
	a->listener_generation = 1;
	return tw_keys_client_listener_chain(c->keys, false, &a->listener);
}

void tw_app_close(struct tw_app *a)
{
	tw_settings_free(&a->context);
	tw_jsonp(&a->products);
	(void)tw_gate_free(a->context.gate);
	(void)tw_audit_free(a->context.audit);
	a->backup = tw_store_copy_free(a->backup);
	(void)tw_store_free(a->context.store);
	(void)tw_keys_client_free(a->context.keys);
	(void)tw_cert_free(a->identity);
	tw_site_chain_done(&a->listener);
}
