/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one role has to have off: put by it, read back from the kernel, and put again when that is lost.
 *
 * A change of mode or list waits to be confirmed (service/path/change.h), so that it must be possible to go back after any end of this process:
 * before the role is told to switch something off, what that is is kept in the store. What is kept and is to be off no more is switched on again.
 */
#include "device/interfaces/switch.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/firewall/links-wire.h"
#include "service/firewall/parts-wire.h"
#include "service/firewall/taken.h"
#include "service/path/change.h"

#define ANSWER_MS \
	10000 /* two questions to the kernel and an answer for each link: milliseconds; a driver may take a second to go */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000
#define WRITES_MAX 60   /* a minute, of whose driver is taken away: whoever took the role over does not wear out the disk by that */
#define STEADY_MS 60000 /* it holds, and does not only come and go */

static int64_t now_ms(struct tw_control *f)
{
	return tw_time_boot_ms(&tw_device_of(f->context)->time);
}

/* --- What it is to have off --- */

tw_err tw_switch_wanted(struct tw_control *f, char ret[TW_CONTROL_OFF_MAX + 1])
{
	char all[TW_CONTROL_OFF_MAX + 1];
	struct tw_off off;
	size_t at = 0;

	ret[0] = '\0';
	TW_TRY(tw_control_wanted(f->context, all));
	TW_TRY(tw_off_read(tw_slice_of(all), &off));
	for (size_t i = 0; i < off.count; i++)
		if (off.words[i].kind >= f->role->first && off.words[i].kind <= f->role->last)
			at += (size_t)snprintf(ret + at, TW_CONTROL_OFF_MAX + 1 - at, "%s" TW_SLICE_FMT, at ? " " : "",
				TW_SLICE_ARG(off.words[i].text));
	return TW_OK;
}

/* --- What is kept --- */

static void look_up(struct tw_control *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	if (f->looked)
		return;
	tw_buf_init(&kept, f->context->sys, TW_CONTROL_OFF_MAX);
	tw_err e = tw_device_kept(tw_device_of(f->context), f->role->kept, &kept);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		tw_log_err(e, "what was switched off before");
	f->looked = !tw_failed(e) || tw_is(e, TW_CODE_NOTFOUND);
	(void)snprintf(f->was, sizeof f->was, "%s", tw_failed(e) ? "" : tw_buf_cstr(&kept));
	if (!f->looked || !f->role->kept_taken)
		return;
	tw_buf_clear(&f->taken);
	e = tw_device_kept(tw_device_of(f->context), f->role->kept_taken, &f->taken);
	f->looked = !tw_failed(e) || tw_is(e, TW_CODE_NOTFOUND);
	if (!f->looked)
		tw_log_err(e, "whose drivers were taken away before");
}

/* What is kept is not written over by what was not read. */
static tw_err know_kept(struct tw_control *f)
{
	look_up(f);
	return f->looked ? TW_OK : TW_RAISE(STATE, "what was switched off before could not be read");
}

static tw_err keep(struct tw_control *f, const char *words)
{
	if (strcmp(f->was, words) == 0)
		return TW_OK;
	TW_TRY(words[0] ? tw_device_keep(tw_device_of(f->context), f->role->kept, words)
			: tw_device_forget(tw_device_of(f->context), f->role->kept));
	(void)snprintf(f->was, sizeof f->was, "%s", words);
	return TW_OK;
}

static bool has_word(const char *words, struct tw_slice word)
{
	for (const char *at = words; *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");

		if (word.size == size && memcmp(word.at, at, size) == 0)
			return true;
		at += size;
	}
	return false;
}

/* The list before and the one that is tried fit; a third that comes while the second does not hold may not, and then does not hold either. */
static tw_err keep_both(struct tw_control *f, const char *more)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf both = { 0 };
	struct tw_off off;

	tw_buf_init(&both, f->context->sys, TW_CONTROL_OFF_MAX);
	TW_TRY(tw_buf_text(&both, f->was));
	for (const char *at = more; *at; at += strspn(at, " ")) {
		const struct tw_slice word = { at, strcspn(at, " ") };

		at += word.size;
		if (!has_word(f->was, word))
			TW_TRY(tw_buf_format(&both, "%s" TW_SLICE_FMT, both.size ? " " : "", TW_SLICE_ARG(word)));
	}
	TW_TRY(tw_off_read(tw_buf_slice(&both), &off));
	return keep(f, tw_buf_cstr(&both));
}

/* Those of the drivers taken away that the list still has off. */
static tw_err still_taken(struct tw_control *f, struct tw_buf *ret)
{
	TW_CLEANUP(tw_freep) struct tw_taken *t = TW_NEW(f->context->sys, struct tw_taken);
	struct tw_off off;

	if (!t)
		return TW_RAISE(NOMEM, "whose drivers are taken away");
	TW_TRY(tw_taken_read(tw_buf_slice(&f->taken), t));
	TW_TRY(tw_off_read(tw_slice_of(f->off), &off));
	for (size_t i = 0; i < t->count; i++)
		if (tw_off_has(&off, t->words[i].kind, t->words[i].name))
			TW_TRY(tw_buf_format(ret, "%s" TW_SLICE_FMT, ret->size ? " " : "", TW_SLICE_ARG(t->words[i].text)));
	return TW_OK;
}

/* In the store, then here. */
static tw_err keep_taken(struct tw_control *f, struct tw_buf *words)
{
	struct tw_device *d = tw_device_of(f->context);

	if (!f->role->kept_taken || strcmp(tw_buf_cstr(words), tw_buf_cstr(&f->taken)) == 0)
		return TW_OK;
	TW_TRY(words->size ? tw_device_keep(d, f->role->kept_taken, tw_buf_cstr(words)) : tw_device_forget(d, f->role->kept_taken));
	tw_buf_done(&f->taken);
	f->taken = *words;
	tw_buf_init(words, f->context->sys, TW_PARTS_TAKEN_MAX);
	return TW_OK;
}

/* --- The role --- */

static bool at_rest(struct tw_control *f, const char *wanted)
{
	look_up(f);
	return f->looked && !wanted[0] && !f->was[0] && !f->taken.size;
}

static bool is_told(struct tw_control *f)
{
	char wanted[TW_CONTROL_OFF_MAX + 1];

	return !tw_failed(tw_switch_wanted(f, wanted)) && f->told && strcmp(f->off, wanted) == 0;
}

static void let_go(struct tw_control *f, bool at_once)
{
	if (f->role->is_provider) { /* it is not ours to end */
		f->asked = f->told = false;
		return;
	}
	if (f->begun)
		tw_errand_finish(tw_device_of(f->context)->errands, f->role->errand, at_once);
	f->begun = f->asked = f->told = false;
	f->line = NULL;
}

static void record(struct tw_control *f, const char *id, json_t *fields)
{
	tw_err e = tw_event(f->context, id, fields);

	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

static void failed(struct tw_control *f, const char *why)
{
	(void)snprintf(f->why, sizeof f->why, "%s", why);
	tw_utf8_mend(f->why);
	f->holds = f->asked = f->told = false;
	f->again_ms = f->again_ms ? f->again_ms * 2 : AGAIN_MIN_MS;
	if (f->again_ms > AGAIN_MAX_MS)
		f->again_ms = AGAIN_MAX_MS;
	f->again_at_ms = now_ms(f) + f->again_ms;
	if (strcmp(f->said, f->why) == 0)
		return;
	memcpy(f->said, f->why, sizeof f->said);
	/* Within the budget of a minute: a role that somebody took over has a reason for each, and the log is nobody's to fill. */
	tw_err e = tw_interfaces_tell(tw_device_of(f->context), "interface.unheld", json_pack("{s:s}", "why", f->why));
	if (tw_failed(e))
		tw_log_err(e, "recording interface.unheld");
}

/* A change may still go back: that must be possible without a write, so what was off before it stays kept. */
bool tw_switch_may_go_back(struct tw_control *f)
{
	static const char *const keys[] = { TW_CONTROL_MODE, TW_CONTROL_OFF_IN "normal", TW_CONTROL_OFF_IN "maintenance",
		TW_CONTROL_OFF_IN "lockdown" };
	int64_t left;

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (tw_change_waits(f->context, keys[i], &left))
			return true;
	return false;
}

static bool is_all_taken(struct tw_control *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf left = { 0 };

	tw_buf_init(&left, f->context->sys, TW_PARTS_TAKEN_MAX);
	return !f->taken.size || tw_failed(still_taken(f, &left)) || left.size == f->taken.size;
}

/* What is kept is more than what is off, and nothing needs it any more. */
static bool is_to_forget(struct tw_control *f)
{
	return f->holds && (strcmp(f->was, f->off) != 0 || !is_all_taken(f)) && !tw_switch_may_go_back(f);
}

static void forget(struct tw_control *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf left = { 0 };

	tw_buf_init(&left, f->context->sys, TW_PARTS_TAKEN_MAX);
	tw_err e = still_taken(f, &left);
	if (!tw_failed(e))
		e = keep_taken(f, &left);
	if (!tw_failed(e))
		e = keep(f, f->off);
	f->again_at_ms = tw_failed(e) ? now_ms(f) + AGAIN_MAX_MS : 0;
	if (tw_failed(e))
		tw_log_err(e, "remembering what is off; the next start switches it on once more");
}

static void in_force(struct tw_control *f)
{
	struct tw_setting_state mode;

	f->is_recorded = true;
	f->said[0] = '\0';
	tw_err e = tw_setting_state(f->context, tw_setting_find(f->context, TW_CONTROL_MODE), &mode);
	if (!tw_failed(e))
		record(f, "interface.policy",
			json_pack("{s:s, s:s, s:I}", "mode", mode.value, "off", f->off, "count", (json_int_t)f->count));
}

/* It did not hold, which is recorded, and does again: that is recorded when it has held for a minute, and comes and goes no more. */
static bool is_recovering(const struct tw_control *f)
{
	return f->holds && f->is_recorded && f->said[0] && f->off[0];
}

static void they_hold(struct tw_control *f, struct tw_slice count)
{
	f->asked = false;
	f->again_ms = f->again_at_ms = 0;
	f->why[0] = '\0';
	f->count = 0;
	for (size_t i = 0; i < count.size; i++)
		f->count = f->count << 8 | (uint8_t)count.at[i];
	f->holds = is_told(f);
	if (!f->holds)
		return; /* the settings have become others meanwhile, and the job puts these */
	if (is_to_forget(f))
		forget(f);
	f->held_ms = now_ms(f);
	if (!f->is_recorded || !f->off[0])
		in_force(f);
	if (f->off[0])
		return;
	let_go(f, false);
	f->told = true; /* there is nothing to hold, and what it was told is so */
}

/* "link eth1" */
static void was_on(struct tw_control *f, struct tw_slice said)
{
	char words[161];

	(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(said));
	tw_utf8_mend(words);
	char *blank = strchr(words, ' ');
	if (!blank)
		return;
	*blank = '\0';
	tw_err e = tw_interfaces_tell(
		tw_device_of(f->context), "interface.held", json_pack("{s:s, s:s}", "kind", words, "name", blank + 1));
	if (tw_failed(e))
		tw_log_err(e, "recording interface.held");
}

static void put(struct tw_control *f);

static bool may_write(struct tw_control *f)
{
	if (!f->written || now_ms(f) - f->written_ms >= 60000) {
		f->written_ms = now_ms(f);
		f->written = 0;
	}
	return f->written++ < WRITES_MAX;
}

/* What it would take away is kept, and then it is told to. Of what the list has off, and nothing twice, so that this comes to its end. */
static tw_err take(struct tw_control *f, struct tw_slice said)
{
	TW_CLEANUP(tw_freep) struct tw_taken *t = TW_NEW(f->context->sys, struct tw_taken);
	TW_CLEANUP(tw_buf_done) struct tw_buf all = { 0 };
	struct tw_off off;

	if (!t)
		return TW_RAISE(NOMEM, "whose drivers are to be taken away");
	if (!may_write(f))
		return TW_RAISE(LIMIT, "the role names more than %d times a minute whose driver it takes away", WRITES_MAX);
	TW_TRY(know_kept(f));
	TW_TRY(tw_off_read(tw_slice_of(f->off), &off));
	tw_buf_init(&all, f->context->sys, TW_PARTS_TAKEN_MAX);
	TW_TRY(tw_buf_add(&all, f->taken.data, f->taken.size));
	TW_TRY(tw_taken_read(said, t));
	for (size_t i = 0; i < t->count; i++) {
		if (has_word(tw_buf_cstr(&f->taken), t->words[i].text))
			return TW_RAISE(UNTRUSTED, "the role names twice whose driver it takes away");
		if (!tw_off_has(&off, t->words[i].kind, t->words[i].name))
			return TW_RAISE(UNTRUSTED, "the role takes away the driver of what is not to be off");
		TW_TRY(tw_buf_format(&all, "%s" TW_SLICE_FMT, all.size ? " " : "", TW_SLICE_ARG(t->words[i].text)));
	}
	TW_TRY(tw_taken_read(tw_buf_slice(&all), t));
	return keep_taken(f, &all);
}

static void on_takes(struct tw_control *f, struct tw_slice said)
{
	tw_err e = take(f, said);

	if (tw_failed(e))
		failed(f, tw_err_detail());
	else
		put(f);
}

/* Without those: what has gone needs nothing back, and its place is needed. */
static tw_err drop(struct tw_control *f, struct tw_slice said)
{
	TW_CLEANUP(tw_freep) struct tw_taken *gone = TW_NEW(f->context->sys, struct tw_taken);
	TW_CLEANUP(tw_buf_done) struct tw_buf left = { 0 };

	if (!gone)
		return TW_RAISE(NOMEM, "whose drivers are taken away no more");
	tw_buf_init(&left, f->context->sys, TW_PARTS_TAKEN_MAX);
	TW_TRY(know_kept(f));
	TW_TRY(tw_taken_read(said, gone));
	for (const char *at = tw_buf_cstr(&f->taken); *at; at += strspn(at, " ")) {
		const struct tw_slice word = { at, strcspn(at, " ") };

		at += word.size;
		if (!tw_taken_find(gone, word))
			TW_TRY(tw_buf_format(&left, "%s" TW_SLICE_FMT, left.size ? " " : "", TW_SLICE_ARG(word)));
	}
	tw_err e = keep_taken(f, &left);
	if (tw_failed(e))
		tw_log_err(e, "forgetting whose driver was taken away; it stays kept until the role is told again");
	return TW_OK;
}

static void on_words_gone(struct tw_control *f, struct tw_slice said)
{
	tw_err e = may_write(f) ? drop(f, said) : TW_RAISE(LIMIT, "the role names more than %d times a minute what has gone", WRITES_MAX);

	if (tw_failed(e))
		failed(f, tw_err_detail());
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_control *f = user;
	char words[TW_LINKS_WORDS_MAX + 1];

	if (m->type == f->role->held) {
		was_on(f, m->payload);
	} else if (m->type == f->role->holds && f->asked && m->tag == f->tag) {
		they_hold(f, m->payload);
	} else if (m->type == f->role->failed && (f->asked ? m->tag == 0 || m->tag == f->tag : f->holds && m->tag == 0)) {
		(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		failed(f, words);
	} else if (f->role->takes && m->type == f->role->takes && (f->asked ? m->tag == f->tag : m->tag == 0)) {
		on_takes(f, m->payload);
	} else if (f->role->gone && m->type == f->role->gone && (f->asked ? m->tag == f->tag : m->tag == 0)) {
		on_words_gone(f, m->payload);
	}
}

static tw_err tell(struct tw_control *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char before[TW_CONTROL_OFF_MAX + 1];

	TW_TRY(know_kept(f));
	memcpy(before, f->off, sizeof before);
	tw_buf_init(&b, f->context->sys, TW_CHANNEL_MAX);
	TW_TRY(tw_switch_wanted(f, f->off));
	f->is_recorded = f->is_recorded && strcmp(before, f->off) == 0;
	TW_TRY(keep_both(f, f->off));
	TW_TRY(tw_buf_block16(&b, f->off, strlen(f->off)));
	TW_TRY(tw_buf_block16(&b, f->was, strlen(f->was)));
	if (f->role->more)
		TW_TRY(f->role->more(f, &b));
	return tw_channel_send(f->line, f->role->put, f->tag, b.data, b.size, NULL, 0);
}

static void put(struct tw_control *f)
{
	f->holds = false;
	f->asked = f->told = true;
	f->tag++;
	f->tag += f->tag == 0; /* that is what was not asked */
	f->until_ms = now_ms(f) + ANSWER_MS;
	tw_err e = tell(f);
	if (tw_failed(e))
		failed(f, tw_err_detail());
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_control *f = user;

	f->line = line;
	put(f);
}

static void on_gone(void *user, const char *why)
{
	struct tw_control *f = user;

	f->begun = false;
	f->line = NULL;
	failed(f, why);
}

static tw_err begin(struct tw_control *f)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, f };

	if (f->line) {
		put(f);
		return TW_OK;
	}
	if (f->role->is_provider)
		return TW_RAISE(NOTFOUND, "the product's provider of services is not there");
	TW_TRY(tw_errand_begin(tw_device_of(f->context)->errands, f->role->errand, f->role->rows, &user));
	f->begun = f->asked = true;
	f->until_ms = now_ms(f) + ANSWER_MS;
	return TW_OK;
}

void tw_switch_heard(struct tw_control *f, const struct tw_message *m)
{
	on_heard(f, f->line, m);
}

void tw_switch_line(struct tw_control *f, tw_channel *line)
{
	char wanted[TW_CONTROL_OFF_MAX + 1];

	f->line = line;
	f->asked = f->told = f->holds = false;
	f->again_at_ms = f->again_ms = 0;
	if (!line && !tw_failed(tw_switch_wanted(f, wanted)) && !at_rest(f, wanted))
		failed(f, "the product's provider of services has gone");
}

int64_t tw_switch_due_ms(struct tw_control *f)
{
	char wanted[TW_CONTROL_OFF_MAX + 1];
	int64_t left;

	if ((!f->role->is_provider && !tw_device_of(f->context)->errands) || tw_failed(tw_switch_wanted(f, wanted)) || at_rest(f, wanted))
		return -1;
	if (f->asked)
		left = f->until_ms - now_ms(f);
	else if (f->holds && is_told(f) && !is_to_forget(f) && !is_recovering(f))
		return -1;
	else if (f->holds && is_told(f) && !is_to_forget(f))
		left = f->held_ms + STEADY_MS - now_ms(f);
	else
		left = f->again_at_ms - now_ms(f);
	return left > 0 ? left : 0;
}

tw_err tw_switch_job(struct tw_control *f)
{
	if (tw_switch_due_ms(f) != 0)
		return TW_OK;
	if (f->asked) {
		let_go(f, true);
		failed(f, "The role that switches interfaces did not answer in time.");
		return TW_OK;
	}
	if (f->holds && is_told(f)) {
		if (is_to_forget(f))
			forget(f);
		else
			in_force(f);
		return TW_OK;
	}
	tw_err e = begin(f);
	if (tw_failed(e))
		failed(f, tw_err_detail());
	return TW_OK;
}

bool tw_switch_is_listed(struct tw_control *f)
{
	const struct tw_device *d = tw_device_of(f->context);

	for (size_t i = 0; f->role->is_provider && d->manifest && i < d->manifest->provider_count; i++)
		if (d->manifest->providers[i].kind == TW_MANIFEST_SERVICES)
			return true;
	return !f->role->is_provider && d->own_uid != 0 && d->errands && tw_errand_listed(d->errands, f->role->errand);
}

const char *tw_switch_unsettled(struct tw_control *f)
{
	char wanted[TW_CONTROL_OFF_MAX + 1];

	if (tw_failed(tw_switch_wanted(f, wanted)))
		return "What is to be off could not be read.";
	if (at_rest(f, wanted) || (f->holds && is_told(f)))
		return NULL;
	return f->why[0] ? f->why : "The interfaces are being switched.";
}
