/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet filter: the first byte says what the rest is. Rules from core, which cross again as they were; networks that somebody
 * typed, which cross as rules; limits of rate that somebody typed, likewise; a listing of nft's, held against rules.
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
	TW_CLEANUP(tw_buf_done) struct tw_buf twice = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset again = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_RULESET_WIRE_MAX);
	tw_buf_init(&twice, tw_sys_real(), TW_RULESET_WIRE_MAX);
	if (tw_failed(tw_ruleset_write(r, &b)) || tw_failed(tw_ruleset_read(tw_sys_real(), tw_buf_slice(&b), &again)) ||
		tw_failed(tw_ruleset_write(&again, &twice)) || b.size != twice.size || memcmp(b.data, twice.data, b.size) != 0)
		abort();
	tw_buf_done(&b);
	tw_buf_init(&b, tw_sys_real(), TW_RULESET_MAX);
	const tw_err e = tw_ruleset_commands(r, &b); /* LIMIT: they overlap too much */
	if (tw_failed(e) && !tw_is(e, TW_CODE_LIMIT))
		abort();
}

/* Each word is found in the text, behind the one before, and is what a rule takes. */
static void must_be_limits(struct tw_slice text, struct tw_ruleset *r)
{
	const char *at = text.at;
	struct tw_rates rates;

	if (tw_failed(tw_rates_read(text, &rates)))
		return;
	for (size_t i = 0; i < rates.count; i++) {
		const struct tw_rate_word *w = &rates.words[i];

		if (w->text.at < at || w->text.at + w->text.size > text.at + text.size || !tw_rate_valid(&w->rate))
			abort();
		at = w->text.at + w->text.size;
		if (w->kind != TW_RATE_FLOW && tw_failed(tw_ruleset_limit(r, w, NULL, NULL)))
			abort();
	}
	must_cross(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_ruleset r = { .enforce = true, .ports = { 8443 }, .port_count = 1 };
	char text[512];
	struct tw_ruleset_counts counts;
	bool holds;

	if (!size)
		return 0;
	const struct tw_slice rest = { (const char *)data + 1, size - 1 };
	if (data[0] == 'r') {
		memset(&r, 0, sizeof r);
		if (!tw_failed(tw_ruleset_read(tw_sys_real(), rest, &r)))
			must_cross(&r);
		tw_ruleset_done(&r);
	} else if (data[0] == 'n' && rest.size < sizeof text) {
		memcpy(text, rest.at, rest.size);
		text[rest.size] = '\0';
		if (!tw_failed(tw_networks_read(text, &r)))
			must_cross(&r);
	} else if (data[0] == 'w') {
		must_be_limits(rest, &r);
	} else if (data[0] == 'l') {
		tw_ignore(tw_networks_read("10.0.0.0/8 192.0.2.7 2001:db8::/32", &r));
		tw_ignore(tw_ruleset_holds(&r, tw_sys_real(), rest, &counts, &holds));
	}
	return 0;
}
