/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What services there are, as the process says that speaks to the system's service manager (device/services). Its words are judged like those of
 * a stranger: a list that is none ends its connection, and the states are shown, and nothing is done by them.
 */
#include "device/interfaces/switch.h"

#include "base/log.h"
#include "sys/application.h"

/* Items for the list of interfaces, of all the parts that came. */
static tw_err items_of(struct tw_interfaces *f, struct tw_buf *ret)
{
	struct tw_slice rest = tw_buf_slice(&f->services);
	size_t count = 0;

	f->services_full = f->services_more;
	while (rest.size) {
		struct tw_watch_item i = { .kind = TW_WATCH_SERVICE, .what = TW_SLICE("service") };
		struct tw_app_service s;

		TW_TRY(tw_app_next_service(&rest, &s));
		if (count++ == TW_INTERFACES_SERVICES) {
			f->services_full = true;
			return TW_OK;
		}
		i.name = s.name;
		i.state = s.state;
		TW_TRY(tw_watch_item_write(&i, ret));
	}
	return TW_OK;
}

static tw_err take(struct tw_device *d, const struct tw_message *m)
{
	struct tw_interfaces *f = d->interfaces;
	TW_CLEANUP(tw_buf_done) struct tw_buf items = { 0 };
	struct tw_app_part part;

	TW_TRY(tw_app_read_services(m->payload, &part));
	if (part.first) {
		tw_buf_clear(&f->services);
		f->service_parts = 0;
	}
	if (++f->service_parts > TW_APP_SERVICES_PARTS)
		return TW_RAISE(LIMIT, "services in more than %d parts", TW_APP_SERVICES_PARTS);
	if (part.words.size && f->services.size)
		TW_TRY(tw_buf_text(&f->services, " "));
	TW_TRY(tw_buf_add(&f->services, part.words.at, part.words.size));
	if (!part.last)
		return TW_OK;
	f->services_more = part.more;
	tw_buf_init(&items, d->context.sys, TW_WATCH_SEEN_MAX);
	TW_TRY(items_of(f, &items));
	tw_err e = tw_interfaces_take_services(d, tw_buf_slice(&items));
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e)) /* the list is taken; only its record is not */
		tw_log_err(e, "recording which services there are");
	return TW_OK;
}

tw_err tw_services_heard(struct tw_device *d, tw_channel *line, const struct tw_message *m)
{
	struct tw_control *f;

	if (!d->interfaces)
		return TW_OK;
	f = &d->interfaces->control[TW_CONTROL_SERVICES];
	if (!m) {
		tw_switch_line(f, line);
		tw_err e = line ? TW_OK : tw_interfaces_leave_services(d);
		if (tw_failed(e))
			tw_log_err(e, "recording that nobody says any more which services run");
	} else if (m->type == TW_APP_SERVICES) {
		return take(d, m);
	} else {
		tw_switch_heard(f, m);
	}
	return TW_OK;
}
