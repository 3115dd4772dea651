/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change that waits lies among the settings, under a name that no setting has, so that a store of every format can hold it and
 * it goes when settings go.
 */
#include "service/path/change-inside.h"

#include "base/text.h"
#include "service/sql-service.h"

#define HELD_KEY "change.held"
#define HELD_MAX 4096 /* two values of 511 bytes, each written with escapes at worst, and names */
#define AGAIN_MS 2000 /* a store that could not be written is tried again */

static const struct tw_shape held_shape[] = {
	{ "id", TW_JSON_TEXT, true, 32, 32 },
	{ "key", TW_JSON_TEXT, true, 1, 127 },
	{ "before", TW_JSON_TEXT, true, 0, 511 },
	{ "value", TW_JSON_TEXT, true, 0, 511 },
	{ "by", TW_JSON_TEXT, true, 0, 63 },
	{ "made", TW_JSON_INT, true, 0, INT64_MAX },
	{ "until", TW_JSON_INT, true, 0, INT64_MAX },
	{ .key = NULL },
};

static tw_err write_held(tw_store *s, void *user)
{
	const struct tw_slice *text = user;
	const struct tw_value v[] = { TW_V_TEXT(HELD_KEY), TW_V_SLICE(*text), TW_V_INT(1), TW_V_INT(0), TW_V_TEXT("") };

	return tw_store_run(s, tw_sql_settings_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_change_forget(tw_store *s)
{
	const struct tw_value v[] = { TW_V_TEXT(HELD_KEY) };

	return tw_store_run(s, tw_sql_settings_held_drop, v, TW_COUNT(v), NULL, NULL);
}

void tw_change_drop(struct tw_context *c)
{
	if (c->changes)
		c->changes->held = (struct tw_held){ 0 };
}

/* In the transaction that brings the old value back. Where it is gone, ownership has ended meanwhile, and the setting with it. */
static tw_err drop_held(tw_store *s, void *user)
{
	TW_TRY(tw_change_forget(s));
	return tw_store_changes(s) ? TW_OK : TW_RAISE(NOTFOUND, "no change waits any more");
}

/* As front writes a peer's address: one of IPv4 as such, also where the socket is of IPv6. Rules of a packet filter let the loopback pass. */
bool tw_change_at_device(const struct tw_subject *by)
{
	return by->door != TW_DOOR_HTTPS || strncmp(by->source, "127.", 4) == 0 || strcmp(by->source, "::1") == 0;
}

tw_err tw_change_random(struct tw_context *c, char ret[TW_CHANGE_WORD])
{
	uint8_t bytes[(TW_CHANGE_WORD - 1) / 2];

	if (c->sys->random(c->sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("random bytes");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return TW_OK;
}

static tw_err describe(const struct tw_held *h, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id", h->id, "key", h->row->key, "before", h->before, "value",
		h->value, "by", h->by, "made", (json_int_t)h->made_ms, "until", (json_int_t)h->until_ms);

	return j ? tw_json_write(j, ret) : TW_RAISE(NOMEM, "a change");
}

static tw_err say(struct tw_context *c, const char *event, const struct tw_held *h, const char *why)
{
	json_t *fields = json_pack("{s:s, s:s, s:s, s:s*}", "change", h->id, "setting", h->row->key, "by", h->by, "why", why);

	TW_TRY(tw_event(c, event, fields));
	return tw_audit_commit(c->audit);
}

tw_err tw_change_begin(
	struct tw_context *c, const struct tw_setting_row *row, const char *value, int64_t version, const struct tw_subject *by)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_changes *ch = c->changes;
	struct tw_setting_state now;
	struct tw_held h = { .row = row, .local = tw_change_at_device(by), .made_ms = tw_time_wall_ms(c->time) };
	int64_t within_s;

	TW_TRY(tw_setting_check(row, value)); /* before it is given a place */
	TW_TRY(tw_setting_state(c, row, &now));
	if (ch->held.row)
		return TW_RAISE(DENIED, "a change of %s has to be confirmed or taken back first", ch->held.row->key);
	TW_TRY(tw_change_random(c, h.id));
	within_s = ch->side.within_s(c);
	h.until_ms = tw_time_boot_ms(c->time) + within_s * 1000;
	(void)snprintf(h.before, sizeof h.before, "%s", now.value);
	(void)snprintf(h.value, sizeof h.value, "%s", value);
	(void)snprintf(h.by, sizeof h.by, "%s", by->name);
	tw_buf_init(&text, c->sys, HELD_MAX);
	TW_TRY(describe(&h, &text));
	struct tw_slice slice = tw_buf_slice(&text);
	/* From here on a start takes it back. The device does not live by it yet: that begins behind the commit, outside of this. */
	TW_TRY(tw_setting_write(c, &(struct tw_setting_write){ row, value, version, by->name, write_held, &slice }));
	ch->held = h;
	return say(c, "change.held", &h, NULL);
}

tw_err tw_change_setting(
	struct tw_context *c, const struct tw_setting_row *row, const char *value, int64_t version, const struct tw_subject *by)
{
	if (row->confirm && c->changes)
		return tw_change_begin(c, row, value, version, by);
	return tw_setting_set(c, row, value, version, by->name);
}

tw_err tw_change_decide_besides(struct tw_context *c, const struct tw_subject *s, const struct tw_setting_row *row, struct tw_decision *ret)
{
	const char *permission = NULL;

	*ret = (struct tw_decision){ .verdict = TW_ALLOW };
	if (c->besides)
		TW_TRY(c->besides(c, row, &permission));
	return permission ? tw_path_decide(c, s, permission, TW_WHEN_ALWAYS, ret) : TW_OK;
}

tw_err tw_change_decide(struct tw_context *c, const struct tw_subject *s, const struct tw_setting_row *row, struct tw_decision *ret)
{
	TW_TRY(tw_path_decide(c, s, row->permission, TW_WHEN_ALWAYS, ret));
	return ret->verdict == TW_ALLOW ? tw_change_decide_besides(c, s, row, ret) : TW_OK;
}

bool tw_change_waits(const struct tw_context *c, const char *key, int64_t *ret_left_s)
{
	const struct tw_held *h = c->changes ? &c->changes->held : NULL;

	if (!h || !h->row || h->owed || strcmp(h->row->key, key) != 0)
		return false;
	int64_t left = h->until_ms - tw_time_boot_ms(c->time);
	*ret_left_s = left > 0 ? (left + 999) / 1000 : 0;
	return true;
}

static tw_err drop_alone(tw_store *s, void *user)
{
	return drop_held(s, user);
}

tw_err tw_change_keep(struct tw_context *c)
{
	struct tw_held h = c->changes->held;
	tw_err e = tw_store_transaction(c->store, drop_alone, NULL);

	if (!tw_failed(e) || tw_is(e, TW_CODE_NOTFOUND))
		c->changes->held = (struct tw_held){ 0 };
	TW_TRY(e);
	return say(c, "change.confirmed", &h, NULL);
}

/* What the next release no longer takes counts as its row's baseline, as everywhere: it would else wait for ever, and nothing be changed again. */
static const char *former(const struct tw_held *h)
{
	return tw_failed(tw_setting_check(h->row, h->before)) ? h->row->baseline : h->before;
}

/* The row's apply is not asked whether it likes the value it had: one that refuses would leave the device cut off. */
static tw_err write_back(struct tw_context *c, const struct tw_held *h)
{
	struct tw_setting_row row = *h->row;

	row.apply = NULL;
	return tw_setting_write(c, &(struct tw_setting_write){ &row, former(h), -1, "device", drop_held, NULL });
}

tw_err tw_change_back(struct tw_context *c, const char *why)
{
	struct tw_held *h = &c->changes->held, was = *h;
	tw_err e = write_back(c, h);

	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND)) {
		tw_ignore(tw_setting_live(c, h->row, former(h)));
		h->owed = true;
		c->changes->again_ms = tw_time_boot_ms(c->time) + AGAIN_MS;
		return e;
	}
	*h = (struct tw_held){ 0 };
	TW_TRY(e);
	return say(c, "change.reverted", &was, was.owed ? "the store could not be written before" : why);
}

tw_err tw_change_job(struct tw_context *c)
{
	struct tw_changes *ch = c->changes;

	if (!ch || !ch->held.row || tw_change_due_ms(c) > 0)
		return TW_OK;
	tw_err e = tw_change_back(c, "it was not confirmed in time");
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

int64_t tw_change_due_ms(struct tw_context *c)
{
	const struct tw_changes *ch = c->changes;
	int64_t at;

	if (!ch || !ch->held.row)
		return -1;
	at = (ch->held.owed ? ch->again_ms : ch->held.until_ms) - tw_time_boot_ms(c->time);
	return at > 0 ? at : 0;
}

static tw_err take_text(void *user, const tw_row *row)
{
	struct tw_slice s = tw_row_bytes(row, 0);

	return tw_buf_add(user, s.at, s.size);
}

static tw_err parse_held(struct tw_context *c, struct tw_slice text, struct tw_held *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, HELD_MAX, &j));
	TW_TRY(tw_json_check(j, held_shape));
	ret->row = tw_setting_find(c, tw_json_text(j, "key"));
	(void)snprintf(ret->id, sizeof ret->id, "%s", tw_json_text(j, "id"));
	(void)snprintf(ret->before, sizeof ret->before, "%s", tw_json_text(j, "before"));
	(void)snprintf(ret->value, sizeof ret->value, "%s", tw_json_text(j, "value"));
	(void)snprintf(ret->by, sizeof ret->by, "%s", tw_json_text(j, "by"));
	ret->made_ms = tw_json_int(j, "made");
	return TW_OK;
}

/* The boot clock of an earlier boot says nothing, and in this boot somebody has died meanwhile: whichever it was, the old value is safe. */
static tw_err take_back_old(struct tw_context *c)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct tw_value v[] = { TW_V_TEXT(HELD_KEY) };
	struct tw_held *h = &c->changes->held;

	tw_buf_init(&text, c->sys, HELD_MAX);
	TW_TRY(tw_store_run(c->store, tw_sql_settings_held, v, TW_COUNT(v), take_text, &text));
	if (!text.size)
		return TW_OK;
	TW_TRY(parse_held(c, tw_buf_slice(&text), h));
	if (!h->row) /* of another release, which had such a setting: nothing lives by it here */
		return tw_store_transaction(c->store, drop_alone, NULL);
	tw_err e = tw_change_back(c, "all roles started again before it was confirmed");
	return h->owed ? TW_OK : e;
}

tw_err tw_changes_start(struct tw_context *c, const struct tw_changes_side *side)
{
	c->changes = TW_NEW(c->sys, struct tw_changes);
	if (!c->changes)
		return TW_RAISE(NOMEM, "changes");
	c->changes->side = *side;
	return take_back_old(c);
}

void tw_changes_free(struct tw_context *c)
{
	free(c->changes);
	c->changes = NULL;
}
