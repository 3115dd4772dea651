/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a look into what is known, and records what is other. An entry is one piece of memory with its texts behind it, replaced
 * when they change; a device has a dozen.
 */
#include "device/interfaces/interfaces.h"
#include "device/platform/home.h"

#include "base/text.h"

#include <string.h>

#define MINUTE_MS 60000
#define TEXTS 5
#define UNWATCHED "unwatched" /* whoever says it has gone: it needs no memory */

static struct tw_slice texts_of(const struct tw_watch_item *i, size_t n)
{
	const struct tw_slice all[TEXTS] = { i->name, i->what, i->driver, i->address, i->state };

	return all[n];
}

static tw_err make(const struct tw_sys *sys, const struct tw_watch_item *i, struct tw_interface **ret)
{
	size_t size = sizeof **ret;

	for (size_t n = 0; n < TEXTS; n++)
		size += texts_of(i, n).size + 1;
	struct tw_interface *one = sys->alloc(sys, size);
	if (!one)
		return TW_RAISE(NOMEM, "an interface");
	const char **const to[TEXTS] = { &one->name, &one->what, &one->driver, &one->address, &one->state };
	char *at = (char *)(one + 1);
	for (size_t n = 0; n < TEXTS; n++) {
		const struct tw_slice s = texts_of(i, n);

		if (s.size)
			memcpy(at, s.at, s.size);
		*to[n] = at;
		at += s.size + 1;
	}
	one->kind = i->kind;
	*ret = one;
	return TW_OK;
}

tw_err tw_interfaces_tell(struct tw_device *d, const char *id, json_t *fields)
{
	struct tw_interfaces *f = d->interfaces;
	const int64_t now = tw_time_boot_ms(&d->time);

	if (now - f->minute_ms >= MINUTE_MS) {
		tw_err e = tw_interfaces_tell_more(d); /* the job alone would wait for the end of a flood */

		if (tw_failed(e)) {
			json_decref(fields);
			f->untold++;
			return e;
		}
		f->minute_ms = now;
		f->told = f->told_undeclared = 0;
	}
	unsigned *const told = strcmp(id, "interface.undeclared") == 0 ? &f->told_undeclared : &f->told;
	if (*told < TW_INTERFACES_TOLD_MAX) {
		(*told)++;
		return tw_event(&d->context, id, fields);
	}
	json_decref(fields);
	f->untold++;
	return TW_OK;
}

tw_err tw_interfaces_tell_more(struct tw_device *d)
{
	struct tw_interfaces *f = d->interfaces;

	if (f->untold == 0 || tw_time_boot_ms(&d->time) - f->minute_ms < MINUTE_MS)
		return TW_OK;
	TW_TRY(tw_event(&d->context, "interface.more", json_pack("{s:I}", "count", (json_int_t)f->untold)));
	f->untold = 0;
	return TW_OK;
}

static tw_err tell_appeared(struct tw_device *d, const struct tw_interface *i)
{
	return tw_interfaces_tell(d, "interface.appeared",
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", tw_watch_kinds[i->kind], "name", i->name, "what", i->what,
			"driver", i->driver, "address", i->address, "state", i->state));
}

static tw_err tell_changed(struct tw_device *d, const struct tw_interface *was, const struct tw_interface *is)
{
	const struct {
		const char *what, *from, *to;
	} rows[] = { { "what", was->what, is->what }, { "driver", was->driver, is->driver },
		{ "address", was->address, is->address }, { "state", was->state, is->state } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(rows[i].from, rows[i].to) != 0)
			TW_TRY(tw_interfaces_tell(d, "interface.changed",
				json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", tw_watch_kinds[is->kind], "name", is->name, "what",
					rows[i].what, "from", rows[i].from, "to", rows[i].to)));
	return TW_OK;
}

/* Once for each appearance: it stays undeclared as long as it is there. */
static tw_err tell_undeclared(struct tw_device *d, const struct tw_interface *i)
{
	return tw_interfaces_tell(d, "interface.undeclared",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", tw_watch_kinds[i->kind], "name", i->name, "what", i->what, "driver",
			i->driver, "address", i->address));
}

static bool same(const struct tw_interface *one, const struct tw_watch_item *i)
{
	return tw_slice_is(i->what, one->what) && tw_slice_is(i->driver, one->driver) && tw_slice_is(i->address, one->address) &&
		tw_slice_is(i->state, one->state);
}

/* own 0: of what the watch role sees. A link of the manufacturer's own may have a name that the kernel gives another one. */
static struct tw_interface **find(struct tw_interfaces *f, const struct tw_watch_item *i, uint8_t own)
{
	for (size_t n = 0; n < f->count; n++)
		if (f->of[n]->own == own && f->of[n]->kind == i->kind && tw_slice_is(i->name, f->of[n]->name))
			return &f->of[n];
	return NULL;
}

/* The one that has gone first makes room. */
static bool make_room(struct tw_interfaces *f)
{
	size_t oldest = f->count;

	if (f->count < TW_INTERFACES_MAX)
		return true;
	for (size_t n = 0; n < f->count; n++)
		if (!f->of[n]->present && (oldest == f->count || f->of[n]->last_ms < f->of[oldest]->last_ms))
			oldest = n;
	if (oldest == f->count)
		return false;
	free(f->of[oldest]);
	f->count--;
	memmove(&f->of[oldest], &f->of[oldest + 1], (f->count - oldest) * sizeof f->of[0]);
	return true;
}

/* It may lead elsewhere now (LA.EC.5). */
static void shake(struct tw_device *d, const struct tw_interface *one)
{
	if (one->kind == TW_WATCH_LINK)
		tw_home_shaken(d, one->name);
}

static tw_err add(struct tw_device *d, const struct tw_watch_item *i, uint8_t own, int64_t now)
{
	struct tw_interfaces *f = d->interfaces;
	struct tw_interface *one = NULL;

	if (!make_room(f)) {
		f->full = true;
		return TW_OK;
	}
	TW_TRY(make(d->context.sys, i, &one));
	one->id = ++f->last_id;
	one->first_ms = one->last_ms = now;
	one->own = own;
	one->present = one->marked = true;
	f->of[f->count++] = one;
	shake(d, one);
	if (i->kind == TW_WATCH_SERVICE ? f->services_ever : f->ever)
		TW_TRY(tell_appeared(d, one));
	return tw_interfaces_judge(d, one) ? TW_OK : tell_undeclared(d, one);
}

/* It is another one from here on, whatever recording it comes to: a log that cannot be written is not asked twice. */
static tw_err replace(struct tw_device *d, struct tw_interface **at, const struct tw_watch_item *i, int64_t now)
{
	struct tw_interface *was = *at, *one = NULL;

	TW_TRY(make(d->context.sys, i, &one));
	one->id = was->id;
	one->own = was->own;
	one->first_ms = was->first_ms;
	one->last_ms = now;
	one->present = one->marked = true;
	*at = one;
	shake(d, one);
	const bool is_new = !tw_interfaces_judge(d, one) && (was->known || !was->present);
	tw_err e = was->present ? tell_changed(d, was, one) : tell_appeared(d, one);

	free(was);
	TW_TRY(e);
	return is_new ? tell_undeclared(d, one) : TW_OK;
}

static bool too_many(const struct tw_interfaces *f, enum tw_watch_kind kind)
{
	size_t count = 0;

	for (size_t n = 0; n < f->count; n++)
		count += f->of[n]->present && f->of[n]->kind == TW_WATCH_SOCKET;
	return kind == TW_WATCH_SOCKET && count >= TW_INTERFACES_SOCKETS;
}

static tw_err take(struct tw_device *d, const struct tw_watch_item *i, int64_t now)
{
	struct tw_interface **at = find(d->interfaces, i, 0);

	if ((!at || !(*at)->present) && too_many(d->interfaces, i->kind)) {
		d->interfaces->full = true;
		return TW_OK;
	}
	if (!at)
		return add(d, i, 0, now);
	if ((*at)->marked) /* sockets of one address and port, which processes share: the first stands for them */
		return TW_OK;
	if (!(*at)->present || !same(*at, i))
		return replace(d, at, i, now);
	(*at)->marked = true;
	return TW_OK;
}

/* Whatever the source that it is of could not tell has not gone. */
static bool is_missed(const struct tw_interfaces *f, enum tw_watch_kind kind)
{
	if (kind == TW_WATCH_LINK)
		return f->missed & TW_WATCH_NO_LINKS;
	return f->missed & (kind == TW_WATCH_SOCKET ? TW_WATCH_NO_SOCKETS : TW_WATCH_NO_DEVICES);
}

static tw_err sweep(struct tw_device *d, int64_t now, bool services)
{
	struct tw_interfaces *f = d->interfaces;
	tw_err first = TW_OK;

	for (size_t n = 0; n < f->count; n++) {
		struct tw_interface *one = f->of[n];

		if (!one->present || one->own || one->marked || (one->kind == TW_WATCH_SERVICE) != services ||
			(!services && is_missed(f, one->kind)))
			continue;
		one->present = false;
		one->last_ms = now;
		shake(d, one);
		tw_err e = tw_interfaces_tell(
			d, "interface.gone", json_pack("{s:s, s:s}", "kind", tw_watch_kinds[one->kind], "name", one->name));
		if (!tw_failed(first))
			first = e;
	}
	return first;
}

static void unmark(struct tw_interfaces *f)
{
	for (size_t n = 0; n < f->count; n++)
		f->of[n]->marked = false;
}

/* What has gone goes first: it makes room. */
static void mark(struct tw_interfaces *f, struct tw_slice items)
{
	struct tw_watch_item i;

	unmark(f);
	while (items.size && !tw_failed(tw_watch_item_read(&items, &i))) {
		struct tw_interface **at = find(f, &i, 0);

		if (at)
			(*at)->marked = true;
	}
}

tw_err tw_interfaces_take_own(struct tw_device *d, size_t at, const struct tw_watch_item *i)
{
	const uint8_t own = (uint8_t)(at + 1);
	const int64_t now = tw_time_wall_ms(&d->time);
	struct tw_interface **known = find(d->interfaces, i, own);

	if (!known)
		return add(d, i, own, now);
	return same(*known, i) ? TW_OK : replace(d, known, i, now);
}

/* Before anything is taken: what is of no form is refused whole. */
static tw_err check(struct tw_slice items)
{
	struct tw_watch_item i;

	while (items.size)
		if (tw_failed(tw_watch_item_read(&items, &i)) || i.kind == TW_WATCH_SERVICE)
			return TW_RAISE(UNTRUSTED, "watch says what is no list of interfaces");
	return TW_OK;
}

static tw_err take_all(struct tw_device *d, struct tw_slice items, int64_t now, bool services)
{
	struct tw_interfaces *f = d->interfaces;
	struct tw_watch_item i;

	mark(f, items);
	tw_err first = sweep(d, now, services);
	unmark(f);
	while (items.size) {
		TW_TRY(tw_watch_item_read(&items, &i));
		tw_err e = take(d, &i, now);
		if (tw_is(e, TW_CODE_NOMEM))
			return e;
		if (!tw_failed(first))
			first = e;
	}
	return first;
}

tw_err tw_interfaces_take_services(struct tw_device *d, struct tw_slice items)
{
	tw_err e = take_all(d, items, tw_time_wall_ms(&d->time), true);

	d->interfaces->services_ever = d->interfaces->services_ever || !tw_failed(e);
	return e;
}

tw_err tw_interfaces_leave_services(struct tw_device *d)
{
	struct tw_interfaces *f = d->interfaces;
	tw_err first = TW_OK;

	for (size_t n = 0; n < f->count; n++) {
		struct tw_interface *one = f->of[n];
		const char *was = one->state;

		if (one->kind != TW_WATCH_SERVICE || !one->present || strcmp(was, UNWATCHED) == 0)
			continue;
		one->state = UNWATCHED;
		one->last_ms = tw_time_wall_ms(&d->time);
		tw_err e = tw_interfaces_tell(d, "interface.changed",
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", tw_watch_kinds[one->kind], "name", one->name, "what",
				"state", "from", was, "to", UNWATCHED));
		if (!tw_failed(first))
			first = e;
	}
	return first;
}

tw_err tw_interfaces_take(struct tw_device *d, struct tw_slice seen)
{
	struct tw_interfaces *f = d->interfaces;
	const int64_t now = tw_time_wall_ms(&d->time);
	const struct tw_slice items = { seen.at + 1, seen.size - 1 };

	TW_TRY(check(items));
	f->known = false; /* until it is taken whole */
	f->missed = (uint8_t)seen.at[0];
	f->full = false;
	tw_err first = take_all(d, items, now, false);
	if (tw_is(first, TW_CODE_NOMEM))
		return first;
	f->seen_ms = now;
	f->ever = f->known = true;
	return first;
}
