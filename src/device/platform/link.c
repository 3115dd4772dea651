/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/link.h"

#include "base/text.h"

bool tw_link_is(const struct tw_device *d, size_t at)
{
	return d->manifest && at < d->manifest->provider_count && d->manifest->providers[at].kind == TW_MANIFEST_LINK;
}

bool tw_link_here(const struct tw_device *d, size_t at)
{
	return d->providers.of[at].line && d->providers.of[at].link.says;
}

const char *tw_link_state(const struct tw_device *d, size_t at)
{
	static const char *const words[TW_APP_LINK_STATES] = { [TW_APP_LINK_OFF] = "off", [TW_APP_LINK_DOWN] = "down", [TW_APP_LINK_UP] = "up" };
	const struct tw_link_seat *l = &d->providers.of[at].link;

	if (!tw_link_here(d, at))
		return "unwatched";
	return l->unsure ? "unknown" : words[l->state];
}

/* The place of one that has said on this connection which one it is; the manifest's count: none has. */
static size_t seat_on(const struct tw_device *d, const tw_channel *line)
{
	for (size_t i = 0; i < d->manifest->provider_count; i++)
		if (tw_link_is(d, i) && line && d->providers.of[i].line == line)
			return i;
	return d->manifest->provider_count;
}

static bool affords(struct tw_link_seat *l, int64_t now)
{
	const int64_t paid = (l->paid_ms > now ? l->paid_ms : now) + TW_LINK_EACH_MS;

	if (paid - now > (int64_t)TW_LINK_AT_ONCE * TW_LINK_EACH_MS)
		return false;
	l->paid_ms = paid;
	return true;
}

static void heard(struct tw_device *d, size_t at)
{
	if (d->link_told)
		d->link_told(d, at);
}

/* @nist LA.IC.14.4: what it is and how, by the program that the signed manifest names for it. Of one that says too much nothing is known. */
tw_err tw_link_says(struct tw_device *d, const tw_channel *line, struct tw_slice payload, const char **ret_rule)
{
	const size_t at = seat_on(d, line);
	struct tw_app_link said;

	TW_TRY(tw_app_read_link(payload, &said));
	*ret_rule = "link.user";
	if (at == d->manifest->provider_count)
		return TW_OK;
	struct tw_link_seat *l = &d->providers.of[at].link;
	*ret_rule = "link.often";
	if (!affords(l, tw_time_boot_ms(&d->time))) {
		const bool is_new = !l->unsure;

		l->unsure = true;
		if (is_new)
			heard(d, at);
		return TW_OK;
	}
	*ret_rule = NULL;
	l->says = true;
	l->unsure = false;
	l->state = said.state;
	(void)snprintf(l->technology, sizeof l->technology, TW_SLICE_FMT, TW_SLICE_ARG(said.technology));
	(void)snprintf(l->driver, sizeof l->driver, TW_SLICE_FMT, TW_SLICE_ARG(said.driver));
	heard(d, at);
	return TW_OK;
}

void tw_link_left(struct tw_device *d, size_t at)
{
	if (tw_link_is(d, at))
		heard(d, at);
}

tw_err tw_link_tell(struct tw_device *d, size_t at, bool may)
{
	const uint8_t said = may;

	return tw_channel_send(d->providers.of[at].line, TW_APP_LINK_MAY, 0, &said, 1, NULL, 0);
}
