/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet filter: the first byte says what the rest is. Rules from core, which cross again as they were; networks that somebody
 * typed, which cross as rules; a listing of nft's, held against rules.
 */
#include "service/firewall/ruleset.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_cross(const struct tw_ruleset *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_ruleset again;

	tw_buf_init(&b, tw_sys_real(), 4096);
	if (tw_failed(tw_ruleset_write(r, &b)) || tw_failed(tw_ruleset_read(tw_buf_slice(&b), &again)) ||
		memcmp(&again, r, sizeof again) != 0)
		abort();
	tw_buf_done(&b);
	tw_buf_init(&b, tw_sys_real(), TW_RULESET_MAX);
	if (tw_failed(tw_ruleset_commands(r, &b)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_ruleset r = { .enforce = true, .ports = { 8443 }, .port_count = 1 };
	char text[512];
	bool holds;

	if (!size)
		return 0;
	const struct tw_slice rest = { (const char *)data + 1, size - 1 };
	if (data[0] == 'r') {
		memset(&r, 0, sizeof r);
		if (!tw_failed(tw_ruleset_read(rest, &r)))
			must_cross(&r);
	} else if (data[0] == 'n' && rest.size < sizeof text) {
		memcpy(text, rest.at, rest.size);
		text[rest.size] = '\0';
		if (!tw_failed(tw_networks_read(text, &r)))
			must_cross(&r);
	} else if (data[0] == 'l') {
		tw_ignore(tw_networks_read("10.0.0.0/8 192.0.2.7 2001:db8::/32", &r));
		tw_ignore(tw_ruleset_holds(&r, rest, &holds));
	}
	return 0;
}
