/* SPDX-License-Identifier: Apache-2.0 */
#include "device/parts/usb.h"

#include "base/mem.h"

#include <string.h>

#define DEVICES "bus/usb/devices"
#define PASSES 4 /* what is authorized has interfaces, and a hub what is behind it */

/* One attribute, and what it is to be. */
struct attribute {
	const char *name, *file; /* "1-1", "authorized" */
	char wanted;             /* '\0': none of ours */
	bool is_thing;           /* that can be off, and not what a bus has by default */
};
struct walk {
	const struct tw_usb *u;
	bool writes, changed;
	uint32_t *count; /* NULL: nobody asks */
};

static void text(const struct tw_usb *u, const char *name, const char *file, char ret[TW_WATCH_TEXT])
{
	tw_watch_text(u->tree, ret, DEVICES "/%s/%s", name, file);
}

static bool has_class(const struct tw_off *o, int usb_class)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->words[i].kind == TW_OFF_USB && (usb_class < 0 ? o->words[i].usb_class >= 0 : o->words[i].usb_class == usb_class))
			return true;
	return false;
}

/* The kernel writes numbers in small letters and of fixed length. */
static int number(const struct tw_usb *u, const char *name, const char *file)
{
	char said[TW_WATCH_TEXT];
	int n = 0;

	text(u, name, file, said);
	for (const char *c = said; *c; c++) {
		const int d = *c >= '0' && *c <= '9' ? *c - '0' : *c >= 'a' && *c <= 'f' ? *c - 'a' + 10 : -1;

		if (d < 0 || c - said >= 4)
			return -1;
		n = n * 16 + d;
	}
	return said[0] ? n : -1;
}

/* Declared, or a hub that what is declared is behind. */
static bool stays(const struct tw_usb *u, const char *name)
{
	const size_t length = strlen(name);

	for (const char *at = u->stays; *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");
		const bool any = size && at[size - 1] == '*', is_before = size > length && memcmp(at, name, length) == 0;

		if (any ? length >= size - 1 && memcmp(at, name, size - 1) == 0 : size == length && memcmp(at, name, size) == 0)
			return true;
		if (is_before && at[length] == '.')
			return true;
		at += size;
	}
	return false;
}

/* A device of whose serial number nothing is known is one that could have it. */
static bool is_model(const struct tw_usb *u, const struct tw_off_word *w, const char *name)
{
	char serial[TW_WATCH_TEXT];

	if (!w->is_model || number(u, name, "idVendor") != w->vendor || number(u, name, "idProduct") != w->product)
		return false;
	text(u, name, "serial", serial);
	return !w->serial.size || !serial[0] || tw_slice_is(w->serial, serial);
}

static bool is_off(const struct tw_usb *u, const struct tw_off *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->words[i].kind == TW_OFF_USB && ((o->words[i].any && !stays(u, name)) || is_model(u, &o->words[i], name)))
			return true;
	return false;
}

/* What a bus does with what is new when no list of ours says anything: as the system was told at its start. */
static char system_default(const struct tw_usb *u)
{
	char said[TW_WATCH_TEXT];

	tw_watch_text(u->tree, said, "module/usbcore/parameters/authorized_default");
	return said[0] == '0' || said[0] == '2' ? said[0] : '1';
}

static char on_or_not(bool is_to_be)
{
	return is_to_be ? '1' : '\0';
}

/* --- What each is to be --- */

static void judge_bus(const struct tw_usb *u, const char *name, struct attribute ret[2])
{
	const bool stands = tw_off_has_kind(u->off, TW_OFF_USB), stood = tw_off_has_kind(u->was, TW_OFF_USB);

	ret[0] = (struct attribute){ name, "authorized_default", stands ? '0' : stood ? system_default(u) : '\0', false };
	ret[1] = (struct attribute){ name, "interface_authorized_default",
		has_class(u->off, -1) ? '0' : on_or_not(has_class(u->was, -1)), false };
}

static void judge_device(const struct tw_usb *u, const char *name, struct attribute *ret)
{
	const bool ours = system_default(u) == '1' && (tw_off_has_kind(u->off, TW_OFF_USB) || tw_off_has_kind(u->was, TW_OFF_USB));

	*ret = (struct attribute){ name, "authorized", '0', true };
	if (!is_off(u, u->off, name))
		ret->wanted = on_or_not(ours || is_off(u, u->was, name));
}

static void judge_interface(const struct tw_usb *u, const char *name, struct attribute *ret)
{
	const int usb_class = number(u, name, "bInterfaceClass");

	*ret = (struct attribute){ name, "authorized", '0', true };
	if (usb_class < 0 || !has_class(u->off, usb_class))
		ret->wanted = on_or_not(has_class(u->off, -1) || has_class(u->was, -1));
}

/* --- Putting and reading back --- */

static tw_err put(struct walk *w, const struct attribute *a)
{
	const struct tw_usb *u = w->u;
	const char value[2] = { a->wanted, '\0' };

	if (a->is_thing && a->wanted == '0' && u->in_use)
		TW_TRY(tw_in_use(u->in_use, "usb", a->name));
	tw_err e = tw_tree_write(u->tree, value, DEVICES "/%s/%s", a->name, a->file);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	w->changed = true;
	if (a->is_thing && a->wanted == '0' && u->to.held)
		return u->to.held(u->to.user, "usb", a->name);
	return TW_OK;
}

static tw_err one(struct walk *w, const struct attribute *a)
{
	char now[TW_WATCH_TEXT];

	text(w->u, a->name, a->file, now);
	if (w->count && a->is_thing && a->wanted == '0' && now[0] == '0')
		(*w->count)++;
	if (!now[0] && !w->writes && a->is_thing && a->wanted == '0' && tw_tree_has(w->u->tree, DEVICES "/%s", a->name))
		return TW_RAISE(STATE, "the kernel does not say whether usb %s is off", a->name);
	if (!a->wanted || !now[0] || now[0] == a->wanted)
		return TW_OK;
	if (w->writes)
		return put(w, a);
	if (!a->is_thing)
		return TW_RAISE(STATE, "the USB bus %s does not take what it is to do with new devices", a->name);
	return TW_RAISE(STATE, "usb %s does not go %s", a->name, a->wanted == '0' ? "off" : "on");
}

static bool is_bus(const char *name)
{
	return strncmp(name, "usb", 3) == 0;
}

/* "1-1:1.0", and not that of the bus itself, "1-0:1.0": a bus without its driver is none. */
static bool is_interface(const char *name)
{
	const char *colon = strchr(name, ':'), *dash = strchr(name, '-');

	return colon && dash && dash < colon && strncmp(dash, "-0:", 3) != 0;
}

static tw_err visit(struct walk *w, const char *name)
{
	struct attribute a[2] = { { .wanted = '\0' }, { .wanted = '\0' } };

	if (is_bus(name))
		judge_bus(w->u, name, a);
	else if (!strchr(name, ':'))
		judge_device(w->u, name, &a[0]);
	else if (is_interface(name))
		judge_interface(w->u, name, &a[0]);
	for (size_t i = 0; i < TW_COUNT(a); i++)
		if (a[i].name)
			TW_TRY(one(w, &a[i]));
	return TW_OK;
}

/* By drivers.c, which gives it back: asked here, it would be on again for a moment, and perhaps under another name. */
static bool is_taken(const struct tw_usb *u, const char *name)
{
	for (size_t i = 0; u->taken && i < u->taken->count; i++)
		if (strcmp(u->taken->words[i].bus, "usb") == 0 && strcmp(u->taken->words[i].device, name) == 0)
			return true;
	return false;
}

/*
 * Drivers are not asked by the kernel when an interface is authorized. All of them are before any is asked: some drivers want two. What no driver
 * wants is not ours to say.
 */
static void ask_drivers(const struct tw_usb *u, const struct tw_tree_names *names)
{
	char now[TW_WATCH_TEXT], driver[TW_WATCH_TEXT];

	for (size_t i = 0; i < names->count; i++) {
		if (!is_interface(names->of[i]) || is_taken(u, names->of[i]))
			continue;
		text(u, names->of[i], "authorized", now);
		tw_watch_value(u->tree, "DRIVER", driver, DEVICES "/%s/uevent", names->of[i]);
		if (now[0] == '1' && !driver[0])
			(void)tw_tree_write(u->tree, names->of[i], "bus/usb/drivers_probe");
	}
}

/* The buses first: nothing new comes by itself while the rest is put. One that does not go keeps no other from going. */
static tw_err walk(struct walk *w)
{
	static struct tw_tree_names names; /* one at a time; not on the stack, which would stay as large */
	struct tw_tree_first first = { 0 };

	tw_tree_note(&first, tw_tree_list(w->u->tree, &names, DEVICES));
	for (int buses = 1; buses >= 0; buses--)
		for (size_t i = 0; i < names.count; i++)
			if (is_bus(names.of[i]) == buses)
				tw_tree_note(&first, visit(w, names.of[i]));
	if (w->changed && (has_class(w->u->off, -1) || has_class(w->u->was, -1)))
		ask_drivers(w->u, &names);
	return tw_tree_raise(&first);
}

static bool is_asked(const struct tw_usb *u)
{
	return tw_off_has_kind(u->off, TW_OFF_USB) || tw_off_has_kind(u->was, TW_OFF_USB);
}

tw_err tw_usb_put(const struct tw_usb *u)
{
	struct walk w = { .u = u, .writes = true };

	tw_err e = TW_OK; /* of the last pass: what has come by the one before is gone through all the same */

	for (int i = 0; is_asked(u) && i < PASSES; i++) {
		w.changed = false;
		e = walk(&w);
		if (!w.changed)
			break;
	}
	return e; /* what is still changing is seen when it is read back */
}

tw_err tw_usb_check(const struct tw_usb *u, uint32_t *count)
{
	struct walk w = { .u = u, .count = count };

	return is_asked(u) ? walk(&w) : TW_OK;
}
