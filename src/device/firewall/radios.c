/* SPDX-License-Identifier: Apache-2.0 */
/* An event is eight bytes; a newer kernel has more of it, and gives a reader of eight what he asks for. */
#include "device/firewall/radios.h"

#include "service/firewall/off.h"

#include <errno.h>
#include <linux/rfkill.h>
#include <string.h>

#define EVENTS_MAX 256 /* in one go: others get their turn */

static struct tw_radio *find(struct tw_radios *r, uint32_t index)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->of[i].index == index)
			return &r->of[i];
	return NULL;
}

static tw_err take(struct tw_radios *r, const struct rfkill_event *e)
{
	struct tw_radio *one = find(r, e->idx);

	if (e->op == RFKILL_OP_DEL) {
		if (one)
			*one = r->of[--r->count];
		return TW_OK;
	}
	if (e->op != RFKILL_OP_ADD && e->op != RFKILL_OP_CHANGE)
		return TW_OK;
	if (!one && r->count == TW_RADIOS_MAX)
		return TW_RAISE(LIMIT, "more than %d radios", TW_RADIOS_MAX);
	if (!one)
		one = &r->of[r->count++];
	*one = (struct tw_radio){ e->idx, e->type, e->soft != 0 };
	return TW_OK;
}

tw_err tw_radios_hear(const struct tw_sys *sys, struct tw_radios *r, bool *ret)
{
	*ret = false;
	for (int i = 0; r->there && i < EVENTS_MAX; i++) {
		struct rfkill_event e = { 0 };
		const ssize_t n = sys->read(sys, r->fd, &e, sizeof e);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return TW_OK;
		if (n < 0)
			return TW_RAISE_ERRNO("hearing of radios");
		if (n != (ssize_t)sizeof e) { /* null, or what is no such device */
			r->there = false;
			return TW_OK;
		}
		*ret = true;
		TW_TRY(take(r, &e));
	}
	return TW_OK;
}

tw_err tw_radios_switch(const struct tw_sys *sys, const struct tw_radios *r, const struct tw_radio *one, bool off)
{
	const struct rfkill_event e = { .idx = one->index, .type = one->type, .op = RFKILL_OP_CHANGE, .soft = off };

	if (sys->write(sys, r->fd, &e, sizeof e) != (ssize_t)sizeof e)
		return TW_RAISE_ERRNO("switching radio %u %s", one->index, off ? "off" : "on");
	return TW_OK;
}

const char *tw_radio_name(const struct tw_radio *one)
{
	return one->type < TW_OFF_RADIOS ? tw_off_radios[one->type] : "";
}
