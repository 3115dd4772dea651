/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-firewall: the one role that may change the kernel's packet filter. The capability that takes, CAP_NET_ADMIN, is the only one it
 * has, and is wider than that: by netlink, links, addresses and routes could be changed too. It has no file of the device's and no socket
 * to a network, and starts one program.
 *
 * While a table of ours stands it stays, and hears from the kernel of every change of any table; it looks then, and once a minute, and
 * tells core when ours is not what it was.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/firewall/firewall-row.h"
#include "device/firewall/links-row.h"
#include "device/firewall/nft.h"
#include "service/errand.h"
#include "service/firewall/firewall-wire.h"
#include "sys/clock.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>

#define LOOK_S 60    /* unless core says otherwise */
#define QUIET_MS 200 /* a flood of changes is looked at so often at most */

struct role {
	const struct tw_sys *sys;
	struct tw_ruleset stands;      /* enforce: it did when last looked at */
	struct tw_ruleset_counts told; /* of what it has counted since it was put */
	int changes;                   /* of the kernel's tables, -1: it does not tell */
	int64_t looked_ms;
	bool owed; /* something changed since */
};

/* Without it changes are found once a minute. */
static void listen_for_changes(struct role *r)
{
	const struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };

	r->changes = r->sys->socket(r->sys, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (r->changes >= 0 && r->sys->bind(r->sys, r->changes, (const struct sockaddr *)&a, sizeof a) == 0)
		return;
	tw_warn("the kernel does not tell of changes of its tables (%s); they are looked at once a minute", strerror(errno));
	tw_closep(&r->changes);
}

/* What they say is not read: that there were any is all. A queue that ran over says the same. */
static bool drain(struct role *r)
{
	bool any = false;
	char bytes[8192];

	for (int i = 0; r->changes >= 0 && i < 64; i++) {
		struct iovec part = { bytes, sizeof bytes };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

		if (r->sys->recvmsg(r->sys, r->changes, &m, 0) < 0 && errno != ENOBUFS)
			break;
		any = true;
	}
	return any;
}

static tw_err say(tw_channel *core, uint16_t type, uint32_t tag, const char *words)
{
	return tw_channel_send(core, type, tag, words, words ? strnlen(words, TW_FIREWALL_WORDS_MAX) : 0, NULL, 0);
}

static int64_t look_ms(const struct role *r)
{
	return (r->stands.look_s ? r->stands.look_s : LOOK_S) * INT64_C(1000);
}

static tw_err put(struct role *r, const struct tw_ruleset *rules)
{
	struct tw_ruleset_counts counts;
	bool holds = false;

	TW_TRY(tw_nft_apply(r->sys, rules));
	(void)drain(r); /* our own */
	TW_TRY(tw_nft_check(r->sys, rules, &counts, &holds));
	return holds ? TW_OK : TW_RAISE(STATE, "the kernel has other rules than were put");
}

/* rules: taken. */
static tw_err serve_rules(struct role *r, tw_channel *core, uint32_t tag, struct tw_ruleset *rules)
{
	tw_err e = put(r, rules);

	tw_ruleset_done(&r->stands);
	r->told = (struct tw_ruleset_counts){ 0 };
	r->looked_ms = tw_boot_ms(r->sys);
	r->owed = false;
	if (tw_failed(e))
		return say(core, TW_FIREWALL_FAILED, tag, tw_err_detail());
	r->stands = *rules;
	*rules = (struct tw_ruleset){ 0 };
	return say(core, TW_FIREWALL_HOLDS, tag, NULL);
}

/* What stood no more when core said so is put by core, which hears of it here. */
static tw_err serve_renewal(struct role *r, tw_channel *core)
{
	if (!r->stands.home.open)
		return TW_OK;
	tw_err e = tw_nft_renew(r->sys, &r->stands);
	if (!tw_failed(e))
		return TW_OK;
	tw_log_err(e, "renewing that this is home");
	tw_ruleset_done(&r->stands);
	return say(core, TW_FIREWALL_LOST, 0, NULL);
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset rules = { 0 };
	struct role *r = user;

	if (m->type == TW_FIREWALL_RENEW)
		return serve_renewal(r, core);
	tw_err e = tw_ruleset_read(r->sys, m->payload, &rules);

	if (tw_is(e, TW_CODE_NOMEM))
		return say(core, TW_FIREWALL_FAILED, m->tag, "no memory for the rules");
	if (tw_failed(e))
		return TW_RAISE(UNTRUSTED, "core sends rules that are none: %s", tw_err_detail());
	return serve_rules(r, core, m->tag, &rules);
}

static void number(uint64_t v, uint8_t ret[8])
{
	for (size_t i = 0; i < 8; i++)
		ret[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* Somebody who set the counters back is told as nothing more. */
static uint64_t more(uint64_t now, uint64_t told)
{
	return now > told ? now - told : 0;
}

static tw_err say_counts(struct role *r, tw_channel *core, const struct tw_ruleset_counts *now)
{
	uint8_t said[TW_FIREWALL_COUNTS];
	uint64_t any = 0;

	for (size_t i = 0; i < 2 + TW_RATES_MAX; i++) {
		const uint64_t is = i == 0 ? now->in : i == 1 ? now->out : now->rates[i - 2];
		const uint64_t was = i == 0 ? r->told.in : i == 1 ? r->told.out : r->told.rates[i - 2];

		number(more(is, was), said + 8 * i);
		any |= more(is, was);
	}
	r->told = *now;
	return any ? tw_channel_send(core, TW_FIREWALL_COUNTED, 0, said, sizeof said, NULL, 0) : TW_OK;
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	struct role *r = user;

	if (!r->stands.enforce)
		return 0;
	ret[0] = (struct pollfd){ .fd = r->changes, .events = POLLIN };
	const int64_t left = r->looked_ms + look_ms(r) - tw_boot_ms(r->sys);
	*ret_ms = r->owed ? QUIET_MS : left > 0 ? (int)left : 0;
	return 1;
}

static tw_err turn(void *user, tw_channel *core)
{
	struct role *r = user;
	struct tw_ruleset_counts counts;
	bool holds = false;

	if (!r->stands.enforce)
		return TW_OK;
	r->owed = drain(r) || r->owed;
	const int64_t since = tw_boot_ms(r->sys) - r->looked_ms;

	if (since < QUIET_MS || (!r->owed && since < look_ms(r)))
		return TW_OK;
	r->owed = false;
	r->looked_ms = tw_boot_ms(r->sys);
	tw_err e = tw_nft_check(r->sys, &r->stands, &counts, &holds);

	if (tw_failed(e))
		tw_log_err(e, "looking at the rules");
	if (!tw_failed(e) && holds)
		return say_counts(r, core, &counts);
	tw_ruleset_done(&r->stands);
	return say(core, TW_FIREWALL_LOST, 0, NULL);
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys, .changes = -1 };
	const struct tw_errand_work w = { .rows = tw_rows_firewall_from_core, .serve = serve, .user = &r, .waits = waits, .turn = turn };

	listen_for_changes(&r);
	const int status = tw_errand_run(sys, &w);

	tw_closep(&r.changes);
	tw_ruleset_done(&r.stands);
	return status;
}

static const struct tw_role_row rows[] = {
	{ TW_FIREWALL_ROLE_ROW, run },
	{ .name = NULL },
};

/* Two roles of one user and one capability, each with its own sandbox. */
int main(int argc, char **argv)
{
	const struct tw_role_row both[] = { rows[0], tw_links_role, { .name = NULL } };

	return tw_role_main(both, argc, argv);
}
