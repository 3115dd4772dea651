/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/start.h"

#include "base/log.h"
#include "base/release.h"
#include "base/text.h"
#include "device/sql-device.h"
#include "device/grants.h"
#include "device/platform/application.h"
#include "device/platform/firewall.h"
#include "device/platform/listening.h"
#include "service/path/change.h"
#include "service/sql-service.h"
#include "service/task/task.h"
#include "sys/durable.h"

#include <unistd.h>

#define SEGMENT_SIZE (1024 * 1024) /* about a week of a quiet device; a small flash keeps several */
#define KEPT_TIME "time.floor"
#define KEPT_BOOT "boot.id"
#define KEPT_BOOT_COUNT "boot.count"

#define KEPT_FORMAT "store.format"

/* Every format of the store there ever was. To add one: its steps here, and the number in meson_options.txt. */
static const struct tw_store_step steps[] = {
	{ 1, tw_sql_settings_format_1 },
	{ 1, tw_sql_access_format_1 },
	{ 1, tw_sql_device_format_1 },
	{ 2, tw_sql_task_format_2 },
	{ 0, NULL },
};
static const struct tw_store_formats formats = { steps, TW_STORE_FORMAT > 1 ? TW_STORE_FORMAT - 1 : 1, TW_STORE_FORMAT };

static tw_err read_words(struct tw_device *d, const struct tw_role_start *start)
{
	const char *boot = tw_role_word(start, "boot_id"), *application = tw_role_word(start, "app_uid");
	uint64_t uid = 0;

	if (!boot || !application)
		return TW_RAISE(STATE, "hands gave no boot id or application id");
	TW_TRY(tw_parse_hex(tw_slice_of(boot), d->boot_id, sizeof d->boot_id));
	TW_TRY(tw_parse_u64(tw_slice_of(application), UINT32_MAX, &uid));
	d->application_uid = (uid_t)uid;
	uid = 0;
	if (tw_role_word(start, "fetch_uid"))
		TW_TRY(tw_parse_u64(tw_slice_of(tw_role_word(start, "fetch_uid")), UINT32_MAX, &uid));
	d->fetch_uid = (uid_t)uid;
	d->packages = tw_role_word(start, "packages");
	d->own_uid = getuid();
	return TW_OK;
}

static tw_err kept_number(struct tw_device *d, const char *name, uint64_t *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, 64);
	tw_err e = tw_device_kept(d, name, &text);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = 0;
		return TW_OK;
	}
	TW_TRY(e);
	return tw_parse_u64(tw_buf_slice(&text), INT64_MAX, ret);
}

static tw_err keep_number(struct tw_device *d, const char *name, uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return tw_device_keep(d, name, text);
}

/* Counts boots, not starts: the same boot id again is the same boot. */
static tw_err count_boot(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 }, now = { 0 };

	tw_buf_init(&kept, d->context.sys, 64);
	tw_buf_init(&now, d->context.sys, 64);
	TW_TRY(tw_buf_hex(&now, d->boot_id, sizeof d->boot_id));
	TW_TRY(kept_number(d, KEPT_BOOT_COUNT, &d->boot_count));
	tw_err e = tw_device_kept(d, KEPT_BOOT, &kept);
	if (!tw_failed(e) && tw_slice_is(tw_buf_slice(&kept), tw_buf_cstr(&now)))
		return TW_OK;
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	d->boot_count++;
	TW_TRY(keep_number(d, KEPT_BOOT_COUNT, d->boot_count));
	return tw_device_keep(d, KEPT_BOOT, tw_buf_cstr(&now));
}

static tw_err open_store(struct tw_device *d, const struct tw_sys *sys)
{
	uint64_t floor_ms = 0;

	TW_TRY(tw_store_open(sys, TW_FD_OWN + 0, "store.db", &formats, &d->context.store));
	TW_TRY(kept_number(d, KEPT_TIME, &floor_ms));
	tw_time_init(&d->time, sys, (int64_t)floor_ms);
	d->context.time = &d->time;
	return count_boot(d);
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

/* A product with little flash may have smaller segments. */
static tw_err segment_size(const struct tw_role_start *start, uint32_t *ret)
{
	const char *word = tw_role_word(start, "log_segment");
	uint64_t size = SEGMENT_SIZE;

	if (word)
		TW_TRY(tw_parse_u64(tw_slice_of(word), TW_AUDIT_SEGMENT_MAX, &size));
	if (size < TW_AUDIT_SEGMENT_MIN)
		return TW_RAISE(LIMIT, "log segments of %llu bytes", (unsigned long long)size);
	*ret = (uint32_t)size;
	return TW_OK;
}

static tw_err open_log(struct tw_device *d, const struct tw_sys *sys, const struct tw_role_start *start)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const struct tw_audit_keys keys = { epoch_key, sign_checkpoint, d->context.keys, old_key };
	struct tw_audit_options o = { .dir = TW_FD_OWN + 1, .boot_count = d->boot_count, .keys = &keys, .time = &d->time };

	o.keeps = tw_tasks_keep;
	o.keeps_user = &d->context;
	memcpy(o.boot_id, d->boot_id, sizeof o.boot_id);
	TW_TRY(segment_size(start, &o.segment_size));
	TW_TRY(tw_keys_client_identity(d->context.keys, &d->certificate));
	TW_TRY(tw_cert_fingerprint(d->certificate, o.device));
	TW_TRY(tw_cert_key(d->certificate, &key));
	o.device_key = key;
	return tw_audit_open(sys, &o, &d->context.audit);
}

/*
 * A device without a clock that outlives power would find its own certificates not yet valid. But they are signed statements of
 * time: the manufacturer's certificate was there when this unit was made, and the unit's own when it was provisioned, so now is
 * not earlier than either.
 */
static void learn_time(struct tw_device *d)
{
	int64_t made = tw_cert_not_before_ms(d->certificate), now;

	tw_time_raise(&d->time, tw_cert_not_before_ms(d->manufacturer));
	now = tw_time_wall_ms(&d->time);
	if (!tw_failed(tw_cert_verify(d->certificate, d->manufacturer, made > now ? made : now)))
		tw_time_raise(&d->time, made);
}

static tw_err open_manifest(struct tw_device *d, const struct tw_sys *sys)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf ca = { 0 }, manifest = { 0 };

	tw_buf_init(&ca, sys, 16 * 1024);
	tw_buf_init(&manifest, sys, TW_MANIFEST_MAX);
	TW_TRY(tw_durable_read(sys, TW_FD_OWN + 2, "manufacturer.crt", ca.max, &ca));
	TW_TRY(tw_cert_load(sys, tw_buf_slice(&ca), &d->manufacturer));
	learn_time(d);
	TW_TRY(tw_durable_read(sys, TW_FD_OWN + 2, "product.manifest", manifest.max, &manifest));
	TW_TRY(tw_manifest_verify(sys, tw_buf_slice(&manifest), d->manufacturer, tw_time_wall_ms(&d->time), &d->manifest_doc));
	d->manifest = tw_manifest_of(d->manifest_doc);
	return tw_application_new(sys, d->manifest, &d->application);
}

static tw_err list_capabilities(struct tw_device *d)
{
	size_t n = 0;

	for (const struct tw_part *p = tw_parts; p->capability && n < TW_DEVICE_CAPABILITIES_MAX - 1; p++)
		d->capabilities[n++] = p->capability;
	d->capabilities[n++] = tw_application_capability(d->application);
	d->capabilities[n] = NULL;
	d->context.capabilities = d->capabilities;
	return tw_gate_compile(
		d->context.sys, &(struct tw_gate_source){ .roles = tw_built_in_roles, .grants = tw_grants }, &d->context.gate);
}

/*
 * The log says that the store has another format once that is so. What the store remembers of it is written after the record, so a
 * cut between the two leaves a store that the next start finds changed and unrecorded.
 */
static tw_err note_format(struct tw_device *d)
{
	uint64_t noted = 0;
	int format = tw_store_format(d->context.store);

	TW_TRY(kept_number(d, KEPT_FORMAT, &noted));
	if (noted == (uint64_t)format)
		return TW_OK;
	if (noted) {
		TW_TRY(tw_event(&d->context, "store.migrated", json_pack("{s:I, s:i}", "from", (json_int_t)noted, "to", format)));
		TW_TRY(tw_audit_commit(d->context.audit));
	}
	return keep_number(d, KEPT_FORMAT, (uint64_t)format);
}

tw_err tw_start_migrate(struct tw_device *d)
{
	TW_TRY(tw_store_migrate(d->context.store));
	return note_format(d);
}

tw_err tw_start_adopt(struct tw_device *d)
{
	struct tw_keys_state s;

	TW_TRY(tw_keys_client_state(d->context.keys, &s));
	if (!s.plain)
		return TW_OK;
	TW_TRY(tw_keys_client_adopt(d->context.keys));
	TW_TRY(tw_event(&d->context, "keys.taken-over", json_pack("{s:s}", "keystore", s.kind)));
	return tw_audit_commit(d->context.audit);
}

static int64_t change_within_s(struct tw_context *c)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint64_t s = TW_CHANGE_WITHIN_DEFAULT_S;

	tw_buf_init(&text, c->sys, 16);
	if (!tw_failed(tw_setting_get(c, "change.within", &text)))
		tw_ignore(tw_parse_u64(tw_buf_slice(&text), 3600, &s));
	return (int64_t)s;
}

/* Of the packet filter, of the doors, or of a capability: each knows its own keys. */
static const char *unsettled(struct tw_context *c, const char *key)
{
	const struct tw_device *d = tw_device_of(c);
	const char *why = tw_firewall_unsettled(c, key);

	if (!why)
		why = tw_listening_unsettled(c, key);

	return !why && d->unsettled ? d->unsettled(c, key) : why;
}

static const struct tw_changes_side changes_side = { unsettled, change_within_s };

tw_err tw_start(struct tw_device *d, const struct tw_sys *sys, const struct tw_role_start *start)
{
	d->context.sys = sys;
	d->context.side = d;
	(void)snprintf(d->boxed[0].role, sizeof d->boxed[0].role, "core");
	d->boxed[0].box = start->box;
	TW_TRY(read_words(d, start));
	TW_TRY(tw_keys_client_new(sys, TW_FD_PEER2, &d->context.keys));
	TW_TRY(open_store(d, sys));
	TW_TRY(open_log(d, sys, start));
	TW_TRY(open_manifest(d, sys));
	TW_TRY(list_capabilities(d));
	TW_TRY(tw_settings_load(&d->context));
	TW_TRY(tw_changes_start(&d->context, &changes_side));
	TW_TRY(note_format(d));
	TW_TRY(tw_device_listener(d, false));
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		if (p->start)
			TW_TRY(p->start(d));
	return tw_tasks_start(&d->context);
}

void tw_start_done(struct tw_device *d)
{
	tw_tasks_free(&d->context);
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		if (p->stop)
			p->stop(d);
	tw_changes_free(&d->context);
	tw_settings_free(&d->context);
	d->context.gate = tw_gate_free(d->context.gate);
	(void)tw_application_free(d->application);
	(void)tw_manifest_free(d->manifest_doc);
	(void)tw_cert_free(d->manufacturer);
	(void)tw_cert_free(d->certificate);
	(void)tw_cert_free(d->listener);
	(void)tw_cert_free(d->named);
	(void)tw_audit_free(d->context.audit);
	(void)tw_store_free(d->context.store);
	(void)tw_keys_client_free(d->context.keys);
}

/* What a clock says, however far from any time it is. */
static int64_t said_ms(const struct timespec *t)
{
	int64_t ms;

	if (__builtin_mul_overflow((int64_t)t->tv_sec, 1000, &ms))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ms;
}

tw_err tw_start_keep_time(struct tw_device *d)
{
	int64_t now = tw_time_wall_ms(&d->time);
	char clock_text[TW_TIME_TEXT_MAX], floor_text[TW_TIME_TEXT_MAX];
	struct timespec t = { 0 };

	if (tw_time_trusted(&d->time)) {
		tw_time_raise(&d->time, now);
		return keep_number(d, KEPT_TIME, (uint64_t)now);
	}
	(void)d->context.sys->clock(d->context.sys, CLOCK_REALTIME, &t);
	tw_time_text(said_ms(&t), clock_text);
	tw_time_text(d->time.floor_ms, floor_text);
	return tw_event(&d->context, "time.untrusted", json_pack("{s:s, s:s}", "clock", clock_text, "floor", floor_text));
}

tw_err tw_start_try_disk(const struct tw_sys *sys)
{
	TW_TRY(tw_durable_try(sys, TW_FD_OWN + 0));
	return tw_durable_try(sys, TW_FD_OWN + 1);
}

static void at_the_end(tw_err e, const char *what)
{
	if (tw_failed(e))
		tw_log_err(e, "%s at the end", what);
}

void tw_start_settle(struct tw_device *d)
{
	tw_audit *a = d->context.audit;

	at_the_end(tw_start_keep_time(d), "keeping the time");
	at_the_end(tw_audit_refusals_seal(a, true), "recording how many were refused");
	at_the_end(tw_audit_commit(a), "writing the audit log");
	at_the_end(tw_audit_checkpoint(a), "signing the head of the audit log");
}

json_t *tw_start_record(const struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf boot = { 0 };

	tw_buf_init(&boot, d->context.sys, 64);
	if (tw_failed(tw_buf_hex(&boot, d->boot_id, sizeof d->boot_id)))
		return NULL;
	return json_pack("{s:s, s:s}", "software", TW_VERSION, "boot", tw_buf_cstr(&boot));
}
