/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links of the manufacturer's own: what the program of each says of it goes into the list, and what the list of the mode says goes to the program.
 *
 * The program is told at first and whenever that changes whether its link may be on; one that has to be off is told again until it says that it is. Nothing is
 * kept across starts: it is told anew. That such a link is off, only its program can say, so one whose program is not here is not held to be.
 */
#include "device/interfaces/switch.h"

#include "base/log.h"
#include "device/platform/link.h"

#define ANSWER_MS 5000 /* THINGWARD_LINK_WAIT_MS */
#define LIST_MS 1000   /* until what there was no memory for is tried again */

static bool has_any(const struct tw_device *d)
{
	for (size_t i = 0; d->manifest && i < d->manifest->provider_count; i++)
		if (tw_link_is(d, i))
			return true;
	return false;
}

/* What the list of the mode says; false: it cannot be read. */
static bool read_wanted(struct tw_context *c, char words[TW_CONTROL_OFF_MAX + 1], struct tw_off *ret)
{
	return !tw_failed(tw_control_wanted(c, words)) && !tw_failed(tw_off_read(tw_slice_of(words), ret));
}

static const char *name_of(const struct tw_device *d, size_t at)
{
	return d->manifest->providers[at].name;
}

bool tw_own_has_off(struct tw_context *c, size_t at)
{
	char words[TW_CONTROL_OFF_MAX + 1];
	struct tw_off off;

	/* Of a list that cannot be read nobody knows that it may be on. */
	return !read_wanted(c, words, &off) || tw_off_has(&off, TW_OFF_LINK, name_of(tw_device_of(c), at));
}

static bool is_off(const struct tw_device *d, size_t at)
{
	return strcmp(tw_link_state(d, at), "off") == 0;
}

/* --- What it says --- */

static tw_err into_list(struct tw_device *d, size_t at)
{
	const struct tw_link_seat *l = &d->providers.of[at].link;
	const struct tw_watch_item i = { TW_WATCH_LINK, tw_slice_of(name_of(d, at)), tw_slice_of(l->technology),
		tw_slice_of(l->driver), tw_slice_of(""), tw_slice_of(tw_link_state(d, at)) };

	/* Of one that has not said on this connection what it is, there is nothing new to list. */
	tw_err e = *l->technology ? tw_interfaces_take_own(d, at, &i) : TW_OK;
	d->interfaces->own.list_ms[at] = tw_is(e, TW_CODE_NOMEM) ? tw_time_boot_ms(&d->time) + LIST_MS : 0;
	return e;
}

/* Off as it had to be, and on again: its program, or whoever it serves, has switched it on. */
static tw_err was_on(struct tw_device *d, size_t at)
{
	struct tw_own_link *o = &d->interfaces->own.of[at];

	o->was_off = false;
	o->again_ms = 0;
	return tw_interfaces_tell(d, "interface.held", json_pack("{s:s, s:s}", "kind", "link", "name", name_of(d, at)));
}

void tw_own_told(struct tw_device *d, size_t at)
{
	struct tw_own_link *o = &d->interfaces->own.of[at];
	tw_err e = into_list(d, at);

	if (!tw_link_here(d, at))
		*o = (struct tw_own_link){ .told = false };
	else if (o->told && !o->may && is_off(d, at))
		o->was_off = true;
	else if (o->told && !o->may && o->was_off && !d->providers.of[at].link.unsure && !tw_failed(e))
		e = was_on(d, at);
	if (tw_failed(e))
		tw_log_err(e, "recording what a link of the manufacturer's own is");
}

/* --- What it is told --- */

/* How long until it has to be told; -1: it need not. */
static int64_t tell_due_ms(const struct tw_device *d, size_t at, bool may)
{
	const struct tw_own_link *o = &d->interfaces->own.of[at];
	const int64_t left = o->again_ms - tw_time_boot_ms(&d->time);

	if (!tw_link_here(d, at))
		return -1;
	if (!o->told || o->may != may)
		return 0;
	if (!o->owed && (may || is_off(d, at)))
		return -1;
	return left > 0 ? left : 0;
}

static void tell(struct tw_device *d, size_t at, bool may)
{
	struct tw_own_link *o = &d->interfaces->own.of[at];
	const bool again = o->told && o->may == may;
	tw_err e = tw_link_tell(d, at, may);

	*o = (struct tw_own_link){ .told = true,
		.may = may,
		.owed = tw_failed(e),
		.late = again,
		.was_off = again && o->was_off,
		.again_ms = tw_time_boot_ms(&d->time) + ANSWER_MS };
	if (tw_failed(e) && !tw_is(e, TW_CODE_TIMEOUT) && !tw_is(e, TW_CODE_CLOSED))
		tw_log_err(e, "telling the program of a link whether that may be on");
}

const char *tw_own_unsettled(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_own_links *own = &d->interfaces->own;
	char words[TW_CONTROL_OFF_MAX + 1];
	struct tw_off off;

	if (!has_any(d))
		return NULL;
	if (!read_wanted(c, words, &off)) {
		(void)snprintf(own->why, sizeof own->why, "The list of what is to be off cannot be read: %s", tw_err_detail());
		return own->why;
	}
	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		if (!tw_link_is(d, i) || !tw_off_has(&off, TW_OFF_LINK, name_of(d, i)) || is_off(d, i))
			continue;
		(void)snprintf(own->why, sizeof own->why,
			!tw_link_here(d, i) ? "The program that drives the link %s is not here, so whether that is off is not known."
				: own->of[i].late ? "The program that drives the link %s does not switch it off."
						  : "The link %s is being switched off.",
			name_of(d, i));
		return own->why;
	}
	return NULL;
}

/* A program has its time to come and to obey before it is recorded. */
static int64_t record_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_own_links *own = &d->interfaces->own;
	const char *why = tw_own_unsettled(c);

	if (!why)
		return own->amiss_ms ? 0 : -1;
	if (!own->amiss_ms)
		return 0;
	if (strcmp(own->said, why) == 0)
		return -1;
	const int64_t left = own->amiss_ms + ANSWER_MS - tw_time_boot_ms(&d->time);
	return left > 0 ? left : 0;
}

static tw_err record(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_own_links *own = &d->interfaces->own;
	const int64_t now = tw_time_boot_ms(&d->time);
	const char *why = tw_own_unsettled(c);

	if (!why) {
		own->amiss_ms = 0;
		own->said[0] = '\0';
		return TW_OK;
	}
	if (!own->amiss_ms)
		own->amiss_ms = now ? now : 1;
	if (now < own->amiss_ms + ANSWER_MS || strcmp(own->said, why) == 0)
		return TW_OK;
	(void)snprintf(own->said, sizeof own->said, "%s", why); /* whatever recording it comes to: a log that cannot be written is not asked twice */
	return tw_interfaces_tell(d, "interface.unheld", json_pack("{s:s}", "why", why));
}

/* --- The job --- */

static int64_t list_due_ms(const struct tw_device *d, size_t at)
{
	const int64_t when = d->interfaces->own.list_ms[at], left = when - tw_time_boot_ms(&d->time);

	return !when ? -1 : left > 0 ? left : 0;
}

/* -1: never. */
static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t tw_own_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	if (!has_any(d))
		return -1;
	int64_t first = record_due_ms(c);
	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		if (!tw_link_is(d, i))
			continue;
		first = sooner(first, tell_due_ms(d, i, !tw_own_has_off(c, i)));
		first = sooner(first, list_due_ms(d, i));
	}
	return first;
}

static void list_late(struct tw_device *d, size_t at)
{
	tw_err e = list_due_ms(d, at) == 0 ? into_list(d, at) : TW_OK;

	if (tw_failed(e))
		tw_log_err(e, "taking a link of the manufacturer's own into the list");
}

/* @nist LA.IC.14.4: a link of the manufacturer's own goes off by the list of the mode, and on when it may be */
tw_err tw_own_job(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	if (!has_any(d))
		return TW_OK;
	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		if (!tw_link_is(d, i))
			continue;
		const bool may = !tw_own_has_off(c, i);

		if (tell_due_ms(d, i, may) == 0)
			tell(d, i, may);
		list_late(d, i);
	}
	return record(c);
}
