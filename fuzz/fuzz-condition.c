/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of roles and accounts. The first 16 bytes are a moment (time, trust, address, door, login), the rest is the condition's JSON.
 * Held: what is refused sets nothing; a condition is judged the same way twice; one that needs the time does not hold without a
 * trusted clock; and a network has its own first address.
 */
#include "base/json.h"
#include "service/path/condition.h"

#include <string.h>

#define MOMENT 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		__builtin_trap();
}

static void check_networks(const struct tw_condition *c)
{
	for (size_t i = 0; i < c->network_count; i++)
		must(c->networks[i].bits <= 128 && tw_net_has(&c->networks[i], &c->networks[i]));
}

static void judge(const struct tw_condition *c, const uint8_t *bytes)
{
	struct tw_moment m = { .time_trusted = bytes[0] & 1,
		.door = (enum tw_door)(bytes[1] % 5),
		.mode = bytes[0] & 2 ? "normal" : NULL,
		.place = bytes[0] & 4 ? "hall 3" : NULL,
		.methods = bytes[2],
		.factors = bytes[3] % 4,
		.sessions = bytes[4],
		.source = { .bits = bytes[0] & 8 ? 128 : 0 } };

	memcpy(&m.wall_ms, bytes + 8, sizeof m.wall_ms);
	m.wall_ms %= INT64_C(253402300799999);
	memcpy(m.source.at, bytes, MOMENT);
	const char *first = tw_condition_fails(c, &m), *again = tw_condition_fails(c, &m);
	must(first == again && (!first || !strncmp(first, "condition.", 10)));
	m.time_trusted = false;
	if (c->days || c->hour_count || c->from_ms || c->until_ms)
		must(tw_condition_fails(c, &m) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_condition c;
	struct tw_net n;
	json_t *j = NULL;
	char text[64];

	if (size < MOMENT)
		return 0;
	const struct tw_slice rest = { (const char *)data + MOMENT, size - MOMENT };
	(void)snprintf(text, sizeof text, "%.*s", (int)(rest.size < sizeof text ? rest.size : sizeof text - 1), rest.at);
	if (!tw_failed(tw_net_read(text, &n)))
		must(n.bits <= 128 && tw_net_has(&n, &n));
	if (tw_failed(tw_json_parse(rest, 4096, &j)))
		return 0;
	memset(&c, 0x5a, sizeof c);
	if (tw_failed(tw_condition_read(j, &c))) {
		for (size_t i = 0; i < sizeof c; i++)
			must(((const uint8_t *)&c)[i] == 0x5a);
	} else {
		check_networks(&c);
		judge(&c, data);
	}
	json_decref(j);
	return 0;
}
