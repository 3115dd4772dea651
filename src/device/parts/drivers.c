/* SPDX-License-Identifier: Apache-2.0 */
#include "device/parts/drivers.h"

#include "base/mem.h"

#include <string.h>

/* Lists of the kernel's tree, one for each depth: not on the stack, which would stay as large. */
static struct tw_tree_names buses, devices, ports, entries, streams;

struct device {
	const char *bus, *name;
	char driver[TW_WATCH_TEXT];
};
/* What has to be done with one that is to be off. */
typedef tw_err each_found(void *user, enum tw_off_kind kind, const char *name, const struct device *at);
struct search {
	const struct tw_drivers *d;
	each_found *each;
	void *user;
	struct tw_tree_first first;
};

static const struct class
{
	enum tw_off_kind kind;
	const char *folder; /* beneath a device, and in the tree's list of classes */
} classes[] = { { TW_OFF_SERIAL, "tty" }, { TW_OFF_CAMERA, "video4linux" }, { TW_OFF_MICROPHONE, "sound" } };

/* A stream that records: "pcmC0D0c". */
static bool is_capture(const char *name)
{
	const size_t size = strlen(name);

	return size > 4 && strncmp(name, "pcmC", 4) == 0 && name[size - 1] == 'c';
}

/* Of what video4linux has, radios and the like apart. */
static bool is_video(const char *name)
{
	return strncmp(name, "video", 5) == 0 && name[5] >= '0' && name[5] <= '9';
}

static bool is_named(const struct tw_drivers *d, enum tw_off_kind kind, const char *name)
{
	if ((kind == TW_OFF_MICROPHONE && !is_capture(name)) || (kind == TW_OFF_CAMERA && !is_video(name)))
		return false;
	return tw_off_has(d->off, kind, name);
}

/* Lines that the kernel keeps ready have no chip behind them, and say so; those of USB do not say. */
static bool is_wired(const struct tw_drivers *d, const char *folder, const char *name)
{
	char type[TW_WATCH_TEXT];

	tw_watch_text(d->tree, type, "%s/%s/type", folder, name);
	return strcmp(type, "0") != 0;
}

/* --- Finding them beneath the devices of all buses --- */

/* Each goes on behind what fails: one name that nothing can be done with keeps no other device from going off. */
static void search_names(struct search *s, enum tw_off_kind kind, const char *folder, const struct device *at)
{
	tw_tree_note(&s->first, tw_tree_list(s->d->tree, &entries, "%s", folder));
	for (size_t i = 0; i < entries.count; i++)
		if (is_named(s->d, kind, entries.of[i]) && (kind != TW_OFF_SERIAL || is_wired(s->d, folder, entries.of[i])))
			tw_tree_note(&s->first, s->each(s->user, kind, entries.of[i], at));
}

/* Streams are beneath their card: "pci/devices/0000:00:1b.0/sound/card0". */
static void search_cards(struct search *s, const struct device *at)
{
	char folder[5 * (TW_TREE_NAME_MAX + 1)];

	tw_tree_note(&s->first, tw_tree_list(s->d->tree, &streams, "bus/%s/devices/%s/sound", at->bus, at->name));
	for (size_t i = 0; i < streams.count; i++) {
		(void)snprintf(folder, sizeof folder, "bus/%s/devices/%s/sound/%s", at->bus, at->name, streams.of[i]);
		search_names(s, TW_OFF_MICROPHONE, folder, at);
	}
}

/* Kernels from 6.5 on put two devices of their own between a line and the one that has the driver: "00:05:0/00:05:0.1". */
static void search_ports(struct search *s, const struct device *at)
{
	char folder[6 * (TW_TREE_NAME_MAX + 1)];

	tw_tree_note(&s->first, tw_tree_list(s->d->tree, &ports, "bus/%s/devices/%s/%s:0", at->bus, at->name, at->name));
	for (size_t i = 0; i < ports.count; i++) {
		if (strncmp(ports.of[i], at->name, strlen(at->name)) != 0)
			continue;
		(void)snprintf(folder, sizeof folder, "bus/%s/devices/%s/%s:0/%s/tty", at->bus, at->name, at->name, ports.of[i]);
		search_names(s, TW_OFF_SERIAL, folder, at);
	}
}

static void search_device(struct search *s, const struct device *at)
{
	char path[3 * (TW_TREE_NAME_MAX + 1) + 16];

	(void)snprintf(path, sizeof path, "%s/%s", at->bus, at->name);
	if (tw_off_has(s->d->off, TW_OFF_COMPONENT, path))
		tw_tree_note(&s->first, s->each(s->user, TW_OFF_COMPONENT, path, at));
	for (size_t i = 0; i < TW_COUNT(classes); i++) {
		if (!tw_off_has_kind(s->d->off, classes[i].kind))
			continue;
		(void)snprintf(path, sizeof path, "bus/%s/devices/%s/%s", at->bus, at->name, classes[i].folder);
		if (classes[i].kind == TW_OFF_MICROPHONE)
			search_cards(s, at);
		else
			search_names(s, classes[i].kind, path, at);
		if (classes[i].kind == TW_OFF_SERIAL)
			search_ports(s, at);
	}
}

static bool is_asked(const struct tw_drivers *d)
{
	for (enum tw_off_kind k = TW_OFF_SERIAL; k <= TW_OFF_COMPONENT; k++)
		if (tw_off_has_kind(d->off, k))
			return true;
	return false;
}

static void search_bus(struct search *s, const char *bus)
{
	tw_tree_note(&s->first, tw_tree_list(s->d->tree, &devices, "bus/%s/devices", bus));
	for (size_t n = 0; n < devices.count; n++) {
		struct device at = { .bus = bus, .name = devices.of[n] };

		tw_watch_value(s->d->tree, "DRIVER", at.driver, "bus/%s/devices/%s/uevent", at.bus, at.name);
		if (at.driver[0])
			search_device(s, &at);
	}
}

/* Without a driver there is nothing to take away. serial-base has what stands in between, and no line goes with its drivers. */
static tw_err search(struct search *s)
{
	if (!is_asked(s->d))
		return TW_OK;
	tw_tree_note(&s->first, tw_tree_list(s->d->tree, &buses, "bus"));
	for (size_t i = 0; i < buses.count; i++)
		if (strcmp(buses.of[i], "serial-base") != 0)
			search_bus(s, buses.of[i]);
	return tw_tree_raise(&s->first);
}

/* --- Taking away and giving back --- */

struct taking {
	const struct tw_drivers *d;
	struct tw_buf *takes;
};

static tw_err take(const struct tw_drivers *d, enum tw_off_kind kind, const char *name, const struct device *at)
{
	tw_err e = tw_tree_write(d->tree, at->name, "bus/%s/drivers/%s/unbind", at->bus, at->driver);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK; /* whether it has gone, or its driver lets nobody do that, is seen when it is read back */
	TW_TRY(e);
	return d->to.held ? d->to.held(d->to.user, tw_off_kinds[kind], name) : TW_OK;
}

/* A device with two lines is said once for each; its driver goes but once. */
static tw_err found(void *user, enum tw_off_kind kind, const char *name, const struct device *at)
{
	const struct taking *t = user;
	char word[TW_TAKEN_WORD_MAX + 1];

	if (!tw_taken_is_name(at->driver, strlen(at->driver)))
		return TW_RAISE(STATE, "%s %s: its driver has a name that nothing is done with", tw_off_kinds[kind], name);
	const int n = snprintf(word, sizeof word, "%s:%s=%s/%s/%s", tw_off_kinds[kind], name, at->bus, at->driver, at->name);

	if (n < 0 || (size_t)n >= sizeof word)
		return TW_RAISE(LIMIT, "%s %s: its names are too long", tw_off_kinds[kind], name);
	if (t->d->in_use)
		TW_TRY(tw_in_use(t->d->in_use, at->bus, at->name));
	const struct tw_taken_word *kept = tw_taken_find(t->d->taken, tw_slice_of(word));

	if (!kept)
		return tw_buf_format(t->takes, "%s%s", t->takes->size ? " " : "", word);
	t->d->taken->words[kept - t->d->taken->words].found = true;
	return take(t->d, kind, name, at);
}

static bool has_driver(const struct tw_drivers *d, const struct tw_taken_word *w)
{
	char driver[TW_WATCH_TEXT];

	tw_watch_value(d->tree, "DRIVER", driver, "bus/%s/devices/%s/uevent", w->bus, w->device);
	return driver[0] != '\0';
}

/* Another word may have it off still: two lines of one device. */
static bool is_to_be_off(const struct tw_drivers *d, const struct tw_taken_word *w)
{
	for (size_t i = 0; i < d->taken->count; i++) {
		const struct tw_taken_word *o = &d->taken->words[i];

		if (strcmp(o->bus, w->bus) == 0 && strcmp(o->device, w->device) == 0 && tw_off_has(d->off, o->kind, o->name))
			return true;
	}
	return false;
}

/* It is there, and so is its driver, which does not have it. */
static bool is_to_give_back(const struct tw_drivers *d, const struct tw_taken_word *w)
{
	return !is_to_be_off(d, w) && tw_tree_has(d->tree, "bus/%s/devices/%s", w->bus, w->device) &&
		tw_tree_has(d->tree, "bus/%s/drivers/%s", w->bus, w->driver) && !has_driver(d, w);
}

/* What has come to stand in its place may be none of that driver's (ENODEV): nothing is owed to that. One that fails keeps no other waiting. */
static tw_err give_back(const struct tw_drivers *d)
{
	struct tw_tree_first first = { 0 };

	for (size_t i = 0; i < d->taken->count; i++) {
		struct tw_taken_word *w = &d->taken->words[i];

		w->refused = false;
		if (!is_to_give_back(d, w))
			continue;
		tw_err e = tw_tree_write(d->tree, w->device, "bus/%s/drivers/%s/bind", w->bus, w->driver);
		w->refused = tw_is(e, TW_CODE_NOTFOUND);
		if (!w->refused)
			tw_tree_note(&first, e);
	}
	return tw_tree_raise(&first);
}

tw_err tw_drivers_put(const struct tw_drivers *d, struct tw_buf *takes)
{
	struct taking t = { d, takes };
	struct tw_tree_first first = { 0 };

	for (size_t i = 0; i < d->taken->count; i++)
		d->taken->words[i].found = false;
	tw_tree_note(&first, search(&(struct search){ .d = d, .each = found, .user = &t }));
	tw_tree_note(&first, give_back(d));
	return tw_tree_raise(&first);
}

/* What the list has off no more is kept until core knows that no change goes back to it. */
static bool is_gone(const struct tw_drivers *d, const struct tw_taken_word *w)
{
	if (!tw_off_has(d->off, w->kind, w->name))
		return false;
	return !tw_tree_has(d->tree, "bus/%s/devices/%s", w->bus, w->device) || (has_driver(d, w) && !w->found);
}

tw_err tw_drivers_gone(const struct tw_drivers *d, struct tw_buf *gone)
{
	for (size_t i = 0; i < d->taken->count;) {
		const struct tw_taken_word *w = &d->taken->words[i];

		if (!is_gone(d, w)) {
			i++;
			continue;
		}
		TW_TRY(tw_buf_format(gone, "%s" TW_SLICE_FMT, gone->size ? " " : "", TW_SLICE_ARG(w->text)));
		tw_taken_drop(d->taken, i);
	}
	return TW_OK;
}

/* --- Reading back --- */

static tw_err still_there(void *user, enum tw_off_kind kind, const char *name, const struct device *at)
{
	return TW_RAISE(STATE, "%s %s does not go off: its driver %.40s is not to be taken away on this kernel", tw_off_kinds[kind],
		name, at->driver);
}

/* By the other way in: whatever has the name, and no device with a driver was found for. */
static tw_err check_class(const struct tw_drivers *d, const struct class *c)
{
	if (!tw_off_has_kind(d->off, c->kind))
		return TW_OK;
	char folder[64];

	(void)snprintf(folder, sizeof folder, "class/%s", c->folder);
	TW_TRY(tw_tree_list(d->tree, &entries, "%s", folder));
	for (size_t i = 0; i < entries.count; i++)
		if (is_named(d, c->kind, entries.of[i]) && tw_tree_has(d->tree, "%s/%s/device", folder, entries.of[i]) &&
			(c->kind != TW_OFF_SERIAL || is_wired(d, folder, entries.of[i])))
			return TW_RAISE(STATE, "%s %s cannot be switched off on this kernel: it has no driver that could be taken away",
				tw_off_kinds[c->kind], entries.of[i]);
	return TW_OK;
}

tw_err tw_drivers_check(const struct tw_drivers *d, uint32_t *count)
{
	TW_TRY(search(&(struct search){ .d = d, .each = still_there }));
	for (size_t i = 0; i < TW_COUNT(classes); i++)
		TW_TRY(check_class(d, &classes[i]));
	for (size_t i = 0; i < d->taken->count; i++) {
		const struct tw_taken_word *w = &d->taken->words[i];

		if (is_to_give_back(d, w) && !w->refused)
			return TW_RAISE(STATE, "%s %s does not go on", tw_off_kinds[w->kind], w->name);
		*count += tw_off_has(d->off, w->kind, w->name) && tw_tree_has(d->tree, "bus/%s/devices/%s", w->bus, w->device);
	}
	return TW_OK;
}
