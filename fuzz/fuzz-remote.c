/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of access. The first 16 bytes are a moment and a connection, the rest is a policy's JSON. Held: what is refused gives no policy; a policy is
 * judged the same way twice; whoever has proven nothing is not asked who he is; a refusal names its kind; and nobody comes by a network door
 * whom no row of `who` names.
 */
#include "base/json.h"
#include "service/path/remote.h"
#include "sys/real.h"

#include <string.h>

#define MOMENT 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		__builtin_trap();
}

static bool passes(const tw_remote *p, const struct tw_remote_ask *a)
{
	struct tw_remote_verdict v = { .why = NULL };
	bool passes = tw_remote_admits(p, a, &v);

	for (int kind = TW_REMOTE_SESSION; passes && kind <= TW_REMOTE_CONNECTION; kind++)
		passes = tw_remote_holds(&p->kinds[kind], (enum tw_remote_kind)kind, a, &v);
	must(passes || (!strncmp(v.rule, "remote.", 7) && v.why));
	return passes;
}

static void judge(const tw_remote *p, const uint8_t *bytes)
{
	static const struct tw_grant_row grants[] = { { .permission = NULL } };
	struct tw_role_set roles = { { bytes[4] } };
	struct tw_moment m = { .time_trusted = bytes[0] & 1, .methods = bytes[2], .factors = bytes[3] % 4, .source = { .bits = 128 } };
	struct tw_remote_ask a = { .door = (enum tw_remote_door)(bytes[1] % TW_REMOTE_DOORS),
		.roles = &roles,
		.moment = &m,
		.proven = bytes[0] & 2,
		.permission = bytes[0] & 4 ? "settings.read" : NULL,
		.connected = bytes[0] & 8,
		.suite = (uint16_t)(0x1300 + bytes[5] % 4),
		.group = bytes[6],
		.certificate = bytes[0] & 16,
		.host = { "a.example:8443", 14 } };
	tw_gate *g = NULL;

	memcpy(&m.wall_ms, bytes + 8, sizeof m.wall_ms);
	m.wall_ms %= INT64_C(253402300799999);
	if (tw_failed(tw_gate_compile(tw_sys_real(), &(struct tw_gate_source){ .grants = grants }, &g)))
		return;
	a.gate = g;
	const bool first = passes(p, &a);
	must(first == passes(p, &a));
	must(!first || !a.proven || !(1u << a.door & TW_REMOTE_NETWORK) || p->kinds[TW_REMOTE_WHO].count);
	(void)tw_remote_leaves(p, "owner");
	(void)tw_gate_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tw_remote *p = NULL;
	json_t *j = NULL;

	if (size < MOMENT || tw_failed(tw_json_parse((struct tw_slice){ (const char *)data + MOMENT, size - MOMENT }, 8192, &j)))
		return 0;
	if (tw_failed(tw_remote_read(tw_sys_real(), j, &p)))
		must(!p);
	else
		judge(p, data);
	(void)tw_remote_free(p);
	json_decref(j);
	return 0;
}
