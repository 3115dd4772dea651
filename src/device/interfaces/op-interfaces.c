/* SPDX-License-Identifier: Apache-2.0 */
/* What interfaces there are, for whoever may know. */
#include "device/interfaces/wifi.h"

#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/path/page.h"

static tw_err set_time(json_t *o, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(o, key, json_string(text));
}

static tw_err say_wifi(struct tw_context *c, const struct tw_interface *i, json_t *o)
{
	const struct tw_wifi_state *s = i->kind == TW_WATCH_LINK && i->present ? tw_wifi_joined(c, i->name) : NULL;

	if (!s)
		return TW_OK;
	TW_TRY(tw_json_set(o, "network", json_string(tw_wifi_name(c))));
	TW_TRY(tw_json_set(o, "bssid", json_string(s->bssid)));
	TW_TRY(tw_json_set(o, "authentication", json_string(s->authentication)));
	TW_TRY(tw_json_set(o, "cipher", json_string(s->cipher)));
	return s->dbm ? tw_json_set(o, "signal", json_integer(s->dbm)) : TW_OK;
}

static tw_err describe(struct tw_context *c, const struct tw_interface *i, json_t **ret)
{
	char id[24];

	(void)snprintf(id, sizeof id, "%llu", (unsigned long long)i->id);
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id", id, "kind", tw_watch_kinds[i->kind], "name",
		i->name, "what", i->what, "driver", i->driver, "address", i->address, "state", i->state, "present", i->present);
	if (!o)
		return TW_RAISE(NOMEM, "an interface");
	TW_TRY(tw_json_set(o, "off", json_boolean(tw_control_has_off(c, i))));
	if (i->own)
		TW_TRY(tw_json_set(o, "declared", json_string(tw_device_of(c)->manifest->providers[i->own - 1].name)));
	else if (i->kind != TW_WATCH_SERVICE && tw_interfaces_declared(tw_device_of(c)))
		TW_TRY(tw_json_set(o, "declared", json_string(i->declared ? i->declared->name : i->known ? "its own" : "no")));
	TW_TRY(say_wifi(c, i, o));
	TW_TRY(set_time(o, "first", i->first_ms));
	TW_TRY(set_time(o, "last", i->last_ms));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err add_all(struct tw_context *c, struct tw_page *page, struct tw_reply *rp)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	uint64_t after = 0;

	TW_TRY(tw_page_after(page, rp, &after));
	for (size_t n = 0; !rp->problem[0] && n < f->count; n++) {
		json_t *one = NULL;

		if (f->of[n]->id <= after)
			continue;
		if (!tw_page_takes(page))
			return TW_OK;
		TW_TRY(describe(c, f->of[n], &one));
		TW_TRY(tw_page_add_at(page, f->of[n]->id, one));
	}
	return TW_OK;
}

static tw_err say_missed(const struct tw_interfaces *f, json_t *o)
{
	char words[128];

	(void)snprintf(words, sizeof words, "%s%s%s%s%s", f->missed & TW_WATCH_NO_LINKS ? "links, " : "",
		f->missed & TW_WATCH_NO_SOCKETS ? "sockets, " : "", f->missed & TW_WATCH_NO_DEVICES ? "devices, " : "",
		f->services_full ? "some services, " : "",
		f->full || f->missed & TW_WATCH_FULL ? "what is beyond the longest list, " : "");
	const size_t size = strlen(words);
	return size ? tw_json_set(o, "missed", json_stringn(words, size - 2)) : TW_OK;
}

/* What the product has and the device has not, as far as that can be seen now. */
static tw_err say_absent(const struct tw_device *d, json_t *o)
{
	TW_CLEANUP(tw_jsonp) json_t *absent = json_array();

	TW_TRY(tw_json_set(o, "declares", json_boolean(tw_interfaces_declared(d))));
	if (!tw_interfaces_declared(d))
		return TW_OK;
	TW_TRY(tw_json_set(o, "undeclared", json_integer((json_int_t)tw_interfaces_undeclared(d))));
	for (size_t n = 0; tw_interfaces_watched(d) && n < d->manifest->interface_count; n++)
		if (tw_interfaces_absent(d, &d->manifest->interfaces[n]))
			TW_TRY(tw_json_append(absent, json_string(d->manifest->interfaces[n].name)));
	return tw_json_set(o, "absent", TW_STEAL(absent));
}

static tw_err say_how(struct tw_context *c, struct tw_reply *rp)
{
	const struct tw_device *d = tw_device_of(c);
	const struct tw_interfaces *f = d->interfaces;
	struct tw_element_status s = { 0 };
	json_int_t count = 0;

	for (size_t n = 0; n < f->count; n++)
		count += f->of[n]->present;
	rp->body = json_pack("{s:b, s:I}", "watched", tw_interfaces_watched(d), "count", count);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	if (f->ever)
		TW_TRY(set_time(rp->body, "seen", f->seen_ms));
	if (!tw_interfaces_watched(d)) {
		TW_TRY(tw_interfaces_status_ethernet(c, &s));
		TW_TRY(tw_json_set(rp->body, "why", json_string(s.reason)));
	}
	TW_TRY(tw_control_say(c, rp->body));
	TW_TRY(say_absent(d, rp->body));
	return say_missed(f, rp->body);
}

/* @nist LA.IC.14.3: each link with its technology, its driver and its state */
tw_err tw_interfaces_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page page;

	TW_TRY(say_how(c, rp));
	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(add_all(c, &page, rp));
	return rp->problem[0] ? TW_OK : tw_page_end(&page, rp);
}

tw_err tw_interfaces_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	uint64_t id = 0;

	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX, &id)))
		for (size_t n = 0; n < f->count; n++)
			if (f->of[n]->id == id)
				return describe(c, f->of[n], &rp->body);
	return tw_reply_problem(rp, 404, "not-found", "interfaces.unknown", "There is no such interface",
		"List them to see what there is.", "No interface has this number since the start of the device's software.");
}
