/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interfaces are to be off: the mode's list, of which each role is told its own words (switch.c), links of links and radios, parts of what
 * is plugged in or built in, and the process of the product's that speaks to the service manager of services (services.c). Links of the
 * manufacturer's own are told by own.c.
 */
#include "device/interfaces/switch.h"

#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/firewall/links-wire.h"
#include "service/firewall/parts-wire.h"
#include "sys/application.h"

#define MODE TW_CONTROL_MODE
#define OFF_IN TW_CONTROL_OFF_IN

/* --- The roles --- */

/* What the product declares of USB, whose driver may be taken away, and whether what is in use has to be spared. */
static tw_err more_for_parts(struct tw_control *f, struct tw_buf *b)
{
	const struct tw_device *d = tw_device_of(f->context);
	TW_CLEANUP(tw_buf_done) struct tw_buf stays = { 0 };

	tw_buf_init(&stays, f->context->sys, TW_PARTS_STAYS_MAX);
	for (size_t i = 0; d->manifest && i < d->manifest->interface_count; i++)
		if (d->manifest->interfaces[i].kind == TW_MANIFEST_USB)
			TW_TRY(tw_buf_format(&stays, "%s%s", stays.size ? " " : "", d->manifest->interfaces[i].kernel));
	TW_TRY(tw_buf_block16(b, stays.data, stays.size));
	TW_TRY(tw_buf_block16(b, f->taken.data, f->taken.size));
	return tw_buf_u8(b, tw_switch_may_go_back(f));
}

static const struct tw_control_role roles[TW_CONTROLS] = {
	[TW_CONTROL_LINKS] = { TW_ERRAND_LINKS, tw_rows_core_from_links, TW_OFF_LINK, TW_OFF_RADIO, "interfaces.off", NULL,
		TW_LINKS_PUT, TW_LINKS_HOLDS, TW_LINKS_FAILED, TW_LINKS_HELD, 0, 0, "firewall", NULL },
	[TW_CONTROL_PARTS] = { TW_ERRAND_PARTS, tw_rows_core_from_parts, TW_OFF_USB, TW_OFF_COMPONENT, "interfaces.off-parts",
		"interfaces.taken", TW_PARTS_PUT, TW_PARTS_HOLDS, TW_PARTS_FAILED, TW_PARTS_HELD, TW_PARTS_TAKES, TW_PARTS_GONE,
		"parts", more_for_parts },
	[TW_CONTROL_SERVICES] = { .first = TW_OFF_SERVICE,
		.last = TW_OFF_SERVICE,
		.kept = "interfaces.off-services",
		.put = TW_APP_OFF,
		.holds = TW_APP_HOLDS,
		.failed = TW_APP_FAILED,
		.held = TW_APP_HELD,
		.is_provider = true },
};

void tw_control_start(struct tw_device *d)
{
	for (size_t i = 0; i < TW_CONTROLS; i++) {
		struct tw_control *f = &d->interfaces->control[i];

		f->context = &d->context;
		f->role = &roles[i];
		tw_buf_init(&f->taken, d->context.sys, TW_PARTS_TAKEN_MAX);
	}
}

void tw_control_stop(struct tw_device *d)
{
	for (size_t i = 0; i < TW_CONTROLS; i++)
		tw_buf_done(&d->interfaces->control[i].taken);
}

static struct tw_control *of(struct tw_context *c, size_t i)
{
	return &tw_device_of(c)->interfaces->control[i];
}

/* --- Settings --- */

static tw_err cannot_be_off(const struct tw_control_role *r, enum tw_off_kind kind)
{
	if (r->is_provider)
		return TW_RAISE(DENIED,
			"interfaces.service-provider: the product has no provider of kind services, so nobody could switch %s: off",
			tw_off_kinds[kind]);
	return TW_RAISE(DENIED, "roles.tab has no line for %s, so nobody could switch %s: off", r->line, tw_off_kinds[kind]);
}

static bool has_name(const char *names, struct tw_slice name)
{
	for (const char *at = names; *at; at += strspn(at, " ")) {
		const struct tw_slice one = { at, strcspn(at, " ") };

		if (one.size == name.size && memcmp(one.at, name.at, name.size) == 0)
			return true;
		at += one.size;
	}
	return false;
}

/* What the product says that it cannot do without, signed by its maker. */
static tw_err spare_services(struct tw_context *c, const struct tw_off *off)
{
	const struct tw_manifest *m = tw_device_of(c)->manifest;

	for (size_t i = 0; m && i < off->count; i++)
		for (size_t n = 0; off->words[i].kind == TW_OFF_SERVICE && n < m->provider_count; n++)
			if (m->providers[n].kind == TW_MANIFEST_SERVICES && has_name(m->providers[n].keeps, off->words[i].name))
				return TW_RAISE(DENIED, "interfaces.service-needed: the product needs " TW_SLICE_FMT ", which is never off",
					TW_SLICE_ARG(off->words[i].name));
	return TW_OK;
}

tw_err tw_control_apply_off(struct tw_context *c, const char *value)
{
	struct tw_off off;

	TW_TRY(tw_off_read(tw_slice_of(value), &off));
	if (off.count > TW_OFF_SETTING_MAX)
		return TW_RAISE(LIMIT, "more than %d interfaces", TW_OFF_SETTING_MAX);
	for (size_t i = 0; i < TW_CONTROLS; i++)
		for (enum tw_off_kind k = roles[i].first; k <= roles[i].last; k++)
			if (tw_off_has_kind(&off, k) && !tw_switch_is_listed(of(c, i)))
				return cannot_be_off(&roles[i], k);
	return spare_services(c, &off);
}

tw_err tw_control_wanted(struct tw_context *c, char ret[TW_CONTROL_OFF_MAX + 1])
{
	struct tw_setting_state mode, off;
	char key[64];

	TW_TRY(tw_setting_state(c, tw_setting_find(c, MODE), &mode));
	(void)snprintf(key, sizeof key, OFF_IN "%.32s", mode.value);
	TW_TRY(tw_setting_state(c, tw_setting_find(c, key), &off));
	(void)snprintf(ret, TW_CONTROL_OFF_MAX + 1, "%s", off.value);
	return TW_OK;
}

/* --- The job --- */

int64_t tw_control_due_ms(struct tw_context *c)
{
	int64_t first = tw_own_due_ms(c);

	for (size_t i = 0; i < TW_CONTROLS; i++) {
		const int64_t due = tw_switch_due_ms(of(c, i));

		if (due >= 0 && (first < 0 || due < first))
			first = due;
	}
	return first;
}

tw_err tw_control_job(struct tw_context *c)
{
	for (size_t i = 0; i < TW_CONTROLS; i++)
		TW_TRY(tw_switch_job(of(c, i)));
	return tw_own_job(c);
}

/* --- For others --- */

const char *tw_control_unsettled_role(struct tw_context *c, enum tw_control_of which)
{
	return tw_switch_unsettled(of(c, which));
}

bool tw_control_is_listed(struct tw_context *c, enum tw_control_of which)
{
	return tw_switch_is_listed(of(c, which));
}

const char *tw_control_unsettled(struct tw_context *c, const char *key)
{
	const char *why = NULL;

	if (strcmp(key, MODE) != 0 && strncmp(key, OFF_IN, strlen(OFF_IN)) != 0)
		return NULL;
	for (size_t i = 0; i < TW_CONTROLS && !why; i++)
		why = tw_switch_unsettled(of(c, i));
	return why ? why : tw_own_unsettled(c);
}

bool tw_control_holds(struct tw_context *c)
{
	return tw_control_unsettled(c, MODE) == NULL;
}

/* What core can know of it: which interfaces of a class it has, and a serial number, only the kernel's tree says. */
static bool has_usb_off(const struct tw_off *off, const struct tw_interface *i)
{
	char model[10];

	for (size_t n = 0; n < off->count; n++) {
		const struct tw_off_word *w = &off->words[n];

		if (w->kind != TW_OFF_USB)
			continue;
		(void)snprintf(model, sizeof model, "%04x:%04x", w->vendor, w->product);
		if (w->any ? !i->declared
			   : w->is_model && strcmp(model, i->address) == 0 && (!w->serial.size || strcmp(i->state, "authorized") != 0))
			return true;
	}
	return false;
}

bool tw_control_has_off(struct tw_context *c, const struct tw_interface *i)
{
	static const struct {
		enum tw_watch_kind seen;
		enum tw_off_kind kind;
	} rows[] = { { TW_WATCH_LINK, TW_OFF_LINK }, { TW_WATCH_SERIAL, TW_OFF_SERIAL }, { TW_WATCH_CAMERA, TW_OFF_CAMERA },
		{ TW_WATCH_MICROPHONE, TW_OFF_MICROPHONE }, { TW_WATCH_SERVICE, TW_OFF_SERVICE } };
	char wanted[TW_CONTROL_OFF_MAX + 1];
	struct tw_off off;

	if (tw_failed(tw_control_wanted(c, wanted)) || tw_failed(tw_off_read(tw_slice_of(wanted), &off)))
		return false;
	if (i->kind == TW_WATCH_LINK && strcmp(i->what, "loopback") == 0)
		return false;
	for (size_t n = 0; n < TW_COUNT(rows); n++)
		if (rows[n].seen == i->kind)
			return tw_off_has(&off, rows[n].kind, i->name);
	if (i->kind == TW_WATCH_USB)
		return has_usb_off(&off, i);
	return i->kind == TW_WATCH_RADIO && tw_off_has(&off, TW_OFF_RADIO, i->what);
}

static tw_err say_taken(struct tw_context *c, json_t *o)
{
	TW_CLEANUP(tw_jsonp) json_t *taken = json_array();

	for (const char *at = tw_buf_cstr(&of(c, TW_CONTROL_PARTS)->taken); *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");

		TW_TRY(tw_json_append(taken, json_stringn(at, size)));
		at += size;
	}
	return tw_json_set(o, "taken", TW_STEAL(taken));
}

tw_err tw_control_say(struct tw_context *c, json_t *o)
{
	struct tw_setting_state mode;
	char wanted[TW_CONTROL_OFF_MAX + 1];
	const char *why = tw_control_unsettled(c, MODE);

	TW_TRY(tw_setting_state(c, tw_setting_find(c, MODE), &mode));
	TW_TRY(tw_control_wanted(c, wanted));
	TW_TRY(tw_json_set(o, "mode", json_string(mode.value)));
	TW_TRY(tw_json_set(o, "policy", json_string(wanted)));
	TW_TRY(tw_json_set(o, "held", json_boolean(!why)));
	TW_TRY(say_taken(c, o));
	return why ? tw_json_set(o, "unheld", json_string(why)) : TW_OK;
}
