/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: the rows say what may be stored, the store keeps what was changed and everything it was before, and a copy in
 * memory answers reads, because status and handlers ask on every request.
 *
 * A stored value that its row no longer allows (an older release wrote it) counts as the row's secure baseline.
 */
#include "service/path/change.h"

#include "base/text.h"
#include "service/sql-service.h"

#define VALUE_MAX 511 /* struct tw_setting_state */

struct entry {
	const struct tw_setting_row *row;
	struct tw_setting_state state;
};
struct tw_settings {
	size_t count;
	struct entry entries[];
};

static bool one_of(const char *choices, const char *value)
{
	size_t length = strlen(value);
	for (const char *at = choices; at;) {
		const char *end = strchr(at, '|');
		size_t n = end ? (size_t)(end - at) : strlen(at);
		if (n == length && memcmp(at, value, n) == 0)
			return true;
		at = end ? end + 1 : NULL;
	}
	return false;
}

/* Plain decimal, one way to write each number. */
static tw_err check_int(const struct tw_setting_row *row, const char *value)
{
	bool negative = value[0] == '-';
	struct tw_slice digits = tw_slice_of(value + negative);
	uint64_t n = 0;
	if (tw_failed(tw_parse_u64(digits, INT64_MAX, &n)) || (negative && n == 0))
		return TW_RAISE(SYNTAX, "%s wants a whole number", row->key);
	int64_t v = negative ? -(int64_t)n : (int64_t)n;
	if (v < row->min || v > row->max)
		return TW_RAISE(LIMIT, "%s is %lld to %lld%s%s", row->key, (long long)row->min, (long long)row->max,
			row->unit ? " " : "", row->unit ? row->unit : "");
	return TW_OK;
}

static tw_err check_text(const struct tw_setting_row *row, const char *value)
{
	int64_t size = (int64_t)strlen(value);
	if (!tw_text_printable(tw_slice_of(value)))
		return TW_RAISE(SYNTAX, "%s wants text without control characters", row->key);
	if (size < row->min || size > row->max || size > VALUE_MAX)
		return TW_RAISE(LIMIT, "%s is %lld to %lld bytes long", row->key, (long long)row->min,
			(long long)(row->max < VALUE_MAX ? row->max : VALUE_MAX));
	return TW_OK;
}

tw_err tw_setting_check(const struct tw_setting_row *row, const char *value)
{
	switch (row->type) {
	case TW_SETTING_BOOL:
		return one_of("on|off", value) ? TW_OK : TW_RAISE(SYNTAX, "%s is on or off", row->key);
	case TW_SETTING_INT:
		return check_int(row, value);
	case TW_SETTING_TEXT:
		return check_text(row, value);
	case TW_SETTING_CHOICE:
		return one_of(row->choices, value) ? TW_OK : TW_RAISE(SYNTAX, "%s is one of %s", row->key, row->choices);
	}
	return TW_RAISE(INTERNAL, "%s has no type", row->key);
}

static void copy(char *to, size_t size, struct tw_slice from)
{
	size_t n = from.size < size ? from.size : size - 1;
	memcpy(to, from.at, n);
	to[n] = '\0';
}

static struct entry *find(const struct tw_context *c, const char *key)
{
	for (size_t i = 0; c->settings && i < c->settings->count; i++) {
		if (strcmp(c->settings->entries[i].row->key, key) == 0)
			return &c->settings->entries[i];
	}
	return NULL;
}

static tw_err take(void *user, const tw_row *row)
{
	const struct tw_context *c = user;
	char key[128];
	copy(key, sizeof key, tw_row_bytes(row, 0));
	struct entry *e = find(c, key);
	if (!e)
		return TW_OK; /* of a release that had this setting: kept, not used */
	copy(e->state.value, sizeof e->state.value, tw_row_bytes(row, 1));
	e->state.version = tw_row_int(row, 2);
	e->state.changed_ms = tw_row_int(row, 3);
	copy(e->state.changed_by, sizeof e->state.changed_by, tw_row_bytes(row, 4));
	if (tw_failed(tw_setting_check(e->row, e->state.value)))
		copy(e->state.value, sizeof e->state.value, tw_slice_of(e->row->baseline));
	return TW_OK;
}

static void defaults(struct tw_settings *s, const struct tw_context *c)
{
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_setting_row *r = (*p)->settings; r && r->key; r++) {
			struct entry *e = &s->entries[s->count++];
			e->row = r;
			copy(e->state.value, sizeof e->state.value, tw_slice_of(r->default_value));
		}
	}
}

tw_err tw_settings_load(struct tw_context *c)
{
	size_t count = 0;
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_setting_row *r = (*p)->settings; r && r->key; r++)
			count++;
	}
	struct tw_settings *before = c->settings;
	c->settings = c->sys->alloc(c->sys, sizeof *c->settings + count * sizeof(struct entry));
	if (!c->settings) {
		c->settings = before;
		return TW_RAISE(NOMEM, "settings");
	}
	defaults(c->settings, c);
	tw_err e = tw_store_run(c->store, tw_sql_settings_all, NULL, 0, take, c);
	if (tw_failed(e)) {
		free(c->settings);
		c->settings = before;
		return e;
	}
	free(before);
	return TW_OK;
}

void tw_settings_free(struct tw_context *c)
{
	free(c->settings);
	c->settings = NULL;
}

static tw_err loaded(struct tw_context *c)
{
	return c->settings ? TW_OK : tw_settings_load(c);
}

const struct tw_setting_row *tw_setting_find(struct tw_context *c, const char *key)
{
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_setting_row *r = (*p)->settings; r && r->key; r++) {
			if (strcmp(r->key, key) == 0)
				return r;
		}
	}
	return NULL;
}

static tw_err entry_of(struct tw_context *c, const char *key, struct entry **ret)
{
	TW_TRY(loaded(c));
	struct entry *e = find(c, key);
	if (!e)
		return TW_RAISE(NOTFOUND, "there is no setting %.100s", key);
	*ret = e;
	return TW_OK;
}

tw_err tw_setting_get(struct tw_context *c, const char *key, struct tw_buf *ret_value)
{
	struct entry *e = NULL;
	TW_TRY(entry_of(c, key, &e));
	return tw_buf_text(ret_value, e->state.value);
}

bool tw_setting_is(struct tw_context *c, const char *key, const char *value)
{
	struct entry *e = NULL;
	return !tw_failed(entry_of(c, key, &e)) && strcmp(e->state.value, value) == 0;
}

tw_err tw_setting_state(struct tw_context *c, const struct tw_setting_row *row, struct tw_setting_state *ret)
{
	struct entry *e = NULL;
	TW_TRY(entry_of(c, row->key, &e));
	*ret = e->state;
	return TW_OK;
}

struct change {
	struct tw_context *c;
	const struct tw_setting_write *w;
	struct tw_setting_state state;
	bool applied;
};

static tw_err write_change(tw_store *s, void *user)
{
	struct change *ch = user;
	const struct tw_setting_row *row = ch->w->row;
	const struct tw_value v[] = { TW_V_TEXT(row->key), TW_V_TEXT(ch->state.value), TW_V_INT(ch->state.version),
		TW_V_INT(ch->state.changed_ms), TW_V_TEXT(ch->state.changed_by) };
	if (ch->w->beside)
		TW_TRY(ch->w->beside(s, ch->w->user));
	TW_TRY(tw_store_run(s, tw_sql_settings_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_settings_remember, v, TW_COUNT(v), NULL, NULL));
	if (!row->apply)
		return TW_OK;
	ch->applied = true; /* also when it fails half way: the former value is then applied again */
	return row->apply(ch->c, ch->state.value);
}

tw_err tw_setting_write(struct tw_context *c, const struct tw_setting_write *w)
{
	const struct tw_setting_row *row = w->row;
	struct entry *e = NULL;
	TW_TRY(tw_setting_check(row, w->value));
	TW_TRY(entry_of(c, row->key, &e));
	if (w->expected_version >= 0 && w->expected_version != e->state.version)
		return TW_RAISE(STATE, "%s is at version %lld, not %lld", row->key, (long long)e->state.version,
			(long long)w->expected_version);
	struct change ch = { .c = c, .w = w, .state = { .version = e->state.version + 1, .changed_ms = tw_time_wall_ms(c->time) } };
	copy(ch.state.value, sizeof ch.state.value, tw_slice_of(w->value));
	copy(ch.state.changed_by, sizeof ch.state.changed_by, tw_slice_of(w->by));
	tw_err result = tw_store_transaction(c->store, write_change, &ch);
	if (tw_failed(result)) {
		if (ch.applied)
			tw_ignore(row->apply(c, e->state.value)); /* the failure above is the one to report */
		return result;
	}
	e->state = ch.state;
	return TW_OK;
}

tw_err tw_setting_set(struct tw_context *c, const struct tw_setting_row *row, const char *value, int64_t expected_version, const char *by)
{
	return tw_setting_write(c, &(struct tw_setting_write){ row, value, expected_version, by });
}

tw_err tw_setting_live(struct tw_context *c, const struct tw_setting_row *row, const char *value)
{
	struct entry *e = NULL;
	TW_TRY(entry_of(c, row->key, &e));
	copy(e->state.value, sizeof e->state.value, tw_slice_of(value));
	return TW_OK;
}

tw_err tw_settings_purge(struct tw_context *c, int64_t *ret_count)
{
	TW_TRY(tw_change_forget(c->store)); /* which is no setting, and is not counted */
	TW_TRY(tw_store_run(c->store, tw_sql_settings_purge, NULL, 0, NULL, NULL));
	*ret_count = tw_store_changes(c->store);
	return tw_store_run(c->store, tw_sql_settings_purge_history, NULL, 0, NULL, NULL);
}
