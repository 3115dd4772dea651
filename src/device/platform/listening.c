/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The setting says where, hands says where it is. A job that is due whenever the two differ asks hands, so that a change, its taking back and a start
 * are all one. The packet filter's rules know the new port before it is opened.
 */
#include "device/platform/listening.h"

#include "base/log.h"
#include "base/text.h"
#include "device/platform/core.h"
#include "device/platform/firewall.h"
#include "device/rows-platform.h"

#define AGAIN_MS 5000
#define WORDS_MAX 256
#define LOWEST 1024 /* what is below takes a privilege that hands gives up at its start */

struct tw_listening {
	struct tw_core *core;
	bool known, asked, tried; /* port is so; an answer is awaited; one has come */
	uint16_t port;
	uint64_t failed_at; /* the port that why is about */
	int64_t again_at_ms;
	char why[WORDS_MAX];
};

static tw_listening *of(const struct tw_device *d)
{
	return d->listening;
}

static uint16_t wanted(struct tw_context *c)
{
	struct tw_setting_state state;
	uint64_t port = 0;

	if (!tw_failed(tw_setting_state(c, tw_setting_find(c, TW_LISTENING_PORT), &state)))
		tw_ignore(tw_parse_u64(tw_slice_of(state.value), UINT16_MAX, &port));
	return (uint16_t)port;
}

static bool is_so(const tw_listening *l, uint16_t port)
{
	return l->known && l->port == port;
}

tw_err tw_listening_apply(struct tw_context *c, const char *value)
{
	uint64_t port = 0;

	TW_TRY(tw_parse_u64(tw_slice_of(value), UINT16_MAX, &port));
	return port == 0 || port >= LOWEST
		? TW_OK
		: TW_RAISE(DENIED, "a port below %d takes a privilege that this device gives up at its start", LOWEST);
}

static int64_t left_ms(const tw_listening *l)
{
	const int64_t left = l->again_at_ms - tw_time_boot_ms(&l->core->device.time);

	return left > 0 ? left : 0;
}

int64_t tw_listening_due_ms(struct tw_context *c)
{
	const tw_listening *l = of(tw_device_of(c));

	if (!l || l->asked || is_so(l, wanted(c)))
		return -1;
	if (wanted(c) != 0 && tw_firewall_unsettled(c, "firewall.mode")) /* its rules always have where it was at first */
		return -1;
	return l->why[0] && l->failed_at == wanted(c) ? left_ms(l) : 0;
}

tw_err tw_listening_job(struct tw_context *c)
{
	tw_listening *l = of(tw_device_of(c));
	const uint16_t port = wanted(c);
	const uint8_t text[] = { (uint8_t)(port >> 8), (uint8_t)port };

	if (tw_listening_due_ms(c) != 0)
		return TW_OK;
	l->failed_at = port;
	l->asked = true;
	return tw_channel_send(l->core->hands, TW_WIRE_HANDS_LISTEN, 0, text, sizeof text, NULL, 0);
}

static tw_err tell(tw_listening *l, uint16_t port)
{
	struct tw_context *c = &l->core->device.context;

	TW_TRY(tw_event(c, "interface.https-moved", json_pack("{s:i}", "port", port)));
	return tw_audit_commit(c->audit);
}

tw_err tw_listening_heard(tw_listening *l, const struct tw_message *m)
{
	const struct tw_slice why = { m->payload.at + 2, m->payload.size - 2 };
	const uint16_t port = (uint16_t)((uint8_t)m->payload.at[0] << 8 | (uint8_t)m->payload.at[1]);
	const bool moved = l->known ? port != l->port : port != 0;

	l->asked = false;
	l->tried = true;
	(void)snprintf(l->why, sizeof l->why, TW_SLICE_FMT, TW_SLICE_ARG(why));
	l->again_at_ms = tw_time_boot_ms(&l->core->device.time) + AGAIN_MS;
	if (why.size) {
		tw_error("HTTPS is not offered at port %u: %s; it is tried again", port, l->why);
		return TW_OK;
	}
	l->known = true;
	l->port = port;
	return moved ? tell(l, port) : TW_OK;
}

bool tw_listening_ready(const struct tw_device *d)
{
	const tw_listening *l = of(d);

	return !l || l->tried || wanted((struct tw_context *)(uintptr_t)&d->context) == 0;
}

static const char *why_not(const tw_listening *l, uint16_t port)
{
	return l->why[0] && l->failed_at == port ? l->why : "The port is being opened.";
}

const char *tw_listening_unsettled(struct tw_context *c, const char *key)
{
	const tw_listening *l = of(tw_device_of(c));
	const uint16_t port = wanted(c);

	return !l || strcmp(key, TW_LISTENING_PORT) != 0 || is_so(l, port) ? NULL : why_not(l, port);
}

bool tw_listening_at(struct tw_context *c, uint16_t *ret_port, const char **ret_why)
{
	const tw_listening *l = of(tw_device_of(c));
	const uint16_t port = wanted(c);
	const bool so = l && is_so(l, port);

	*ret_why = so ? NULL : l ? why_not(l, port) : "Nobody opens ports here.";
	*ret_port = so ? port : 0;
	return so;
}

tw_err tw_listening_new(struct tw_core *c, tw_listening **ret)
{
	*ret = TW_NEW(c->sys, tw_listening);
	if (!*ret)
		return TW_RAISE(NOMEM, "where HTTPS is offered");
	(*ret)->core = c;
	return TW_OK;
}

tw_listening *tw_listening_free(tw_listening *l)
{
	free(l);
	return NULL;
}
