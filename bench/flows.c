/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product's flows cost to put: a ruleset of so many flows, each with a port and a network of its own, becomes JSON, goes to the
 * real nft as one transaction, is listed and compared, and crosses from core to the role. Prints milliseconds, the best of nine rounds:
 * finding the groups and writing the JSON, nft with it, nft listing, the comparison, the wire; then the sum of the first two and of all, and
 * bytes of the JSON. To be run in a network namespace of its own.
 */
#include "base/text.h"
#include "device/firewall/nft.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 9

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	fprintf(stderr, "%s\n", tw_err_detail());
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void make(struct tw_ruleset *r, unsigned count)
{
	*r = (struct tw_ruleset){ .enforce = true, .ports = { 8443 }, .port_count = 1, .in = TW_RULES_ENFORCE, .out = TW_RULES_ENFORCE };
	must(tw_networks_read("10.0.0.0/8 fc00::/7", r));
	for (unsigned i = 0; i < count; i++) {
		struct tw_manifest_flow f = { .in = i % 2, .out = !(i % 2), .udp = i % 3 == 0, .port_count = 1, .network_count = 1 };
		char network[32];

		f.ports[0] = (struct tw_manifest_ports){ (uint16_t)(1024 + i * 5), (uint16_t)(1024 + i * 5 + (i % 7 ? 0 : 3)) };
		(void)snprintf(network, sizeof network, i % 4 ? "10.%u.%u.0/24" : "2001:db8:%u:%u::/64", i / 250, i % 250);
		must(tw_network_read(network, &f.networks[0]));
		must(tw_ruleset_flow(r, tw_sys_real(), &f, i % 5 ? "eth0" : "wlan*"));
	}
}

enum part { WRITE, PUT, LIST, COMPARE, WIRE, PARTS };

static void lap(double *best, double *since)
{
	const double now = now_ms();

	if (*best < 0 || now - *since < *best)
		*best = now - *since;
	*since = now;
}

static size_t round_of(const struct tw_ruleset *r, double best[PARTS])
{
	static const char *const put[] = { "-j", "-f", "-", NULL }, *const list[] = { "-j", "-p", "list", "table", "inet", "thingward", NULL };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, said = { 0 }, wire = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset again = { 0 };
	const struct tw_sys *sys = tw_sys_real();
	struct tw_ruleset_counts counts;
	bool holds = false;
	double since = now_ms();

	tw_buf_init(&text, sys, TW_RULESET_MAX);
	tw_buf_init(&said, sys, TW_RULESET_MAX);
	tw_buf_init(&wire, sys, TW_RULESET_WIRE_MAX);
	must(tw_ruleset_commands(r, &text));
	lap(&best[WRITE], &since);
	must(tw_nft_run(sys, put, tw_buf_slice(&text), &said));
	lap(&best[PUT], &since);
	tw_buf_clear(&said);
	must(tw_nft_run(sys, list, (struct tw_slice){ 0 }, &said));
	lap(&best[LIST], &since);
	must(tw_ruleset_holds(r, sys, tw_buf_slice(&said), &counts, &holds));
	if (!holds) {
		fprintf(stderr, "the kernel has other rules than were put\n%s\n%s\n", tw_buf_cstr(&text), tw_buf_cstr(&said));
		exit(1);
	}
	lap(&best[COMPARE], &since);
	must(tw_ruleset_write(r, &wire));
	must(tw_ruleset_read(sys, tw_buf_slice(&wire), &again));
	lap(&best[WIRE], &since);
	return text.size;
}

int main(int argc, char **argv)
{
	double best[PARTS] = { -1, -1, -1, -1, -1 };
	struct tw_ruleset r;
	uint64_t count = 1000;
	size_t size = 0;

	tw_json_use(tw_sys_real());
	if (argc > 1)
		must(tw_parse_u64(tw_slice_of(argv[1]), TW_MANIFEST_FLOWS, &count));
	make(&r, (unsigned)count);
	for (int i = 0; i < ROUNDS; i++)
		size = round_of(&r, best);
	printf("%.2f %.2f %.2f %.2f %.2f %.2f %.2f %zu\n", best[WRITE], best[PUT], best[LIST], best[COMPARE], best[WIRE],
		best[WRITE] + best[PUT], best[WRITE] + best[PUT] + best[LIST] + best[COMPARE] + best[WIRE], size);
	tw_ruleset_done(&r);
	return 0;
}
