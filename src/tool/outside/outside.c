/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward assess outside`: what anybody on its network can see of a device, whatever it runs. The evidence has the form of every assessment's,
 * so that it is verified, shown, compared and gated in the same way. It is bound to a nonce of ours and to an address alone: what stood there
 * cannot prove which unit it is, and the evidence says so.
 */
#include "tool/assess-inside.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/outside/judge.h"

const struct tw_option tw_options_assess_outside[] = {
	{ "owner", "DIR", true, "your directory; a key to sign with is made there if it has none" },
	{ "out", "FILE", true, "where the evidence goes" },
	{ "ports", "LIST", false, "which TCP ports are asked (22,80,8000-8100); all 65535 otherwise" },
	{ "declared", "LIST", false, "the TCP ports that the product needs, or none" },
	{ "own", "TEXT", false, "what names this unit, such as its serial number: nobody may learn it; again for more" },
	{ "not-intrusive", NULL, false, "try no name and password" },
	{ "sample", "TEXT", false, "which sample this is, as the laboratory names it" },
	{ "hardware", "TEXT", false, "its hardware revision" },
	{ "firmware", "SHA256", false, "the digest of the image that it runs" },
	{ "setup", "TEXT", false, "how it was set up" },
	{},
};

struct running {
	struct assessment a;
	struct tw_outside o;
	const char *words; /* what is done now */
};

static void running_done(struct running *r)
{
	tw_seen_done(&r->o.seen);
	tw_assess_done(&r->a);
}

static void told(void *user, int percent)
{
	struct running *r = user;

	(void)tw_progress_bar(r->a.t, percent, r->words);
}

static void begin(struct running *r, const char *words)
{
	r->words = words;
	tw_progress(r->a.t, "%s", words);
}

static tw_err read_wishes(struct running *r, struct tw_port_set *ret_ports)
{
	const char *ports = tw_arg(r->a.args, "ports"), *declared = tw_arg(r->a.args, "declared"), *own;

	TW_TRY(tw_ports_parse(ports ? ports : "all", ret_ports));
	r->o.has_declared = declared != NULL;
	if (declared && strcmp(declared, "none") != 0)
		TW_TRY(tw_ports_parse(declared, &r->o.declared));
	for (size_t i = 0; (own = tw_arg_nth(r->a.args, "own", i)); i++) {
		if (i == TW_OWN_MAX || strlen(own) < 4)
			return TW_RAISE(SYNTAX, "--own wants up to %d texts of four characters or more", TW_OWN_MAX);
		r->o.own[r->o.own_count++] = own;
	}
	return TW_OK;
}

static tw_err scan(struct running *r, const struct tw_port_set *ports)
{
	const struct tw_sys *sys = r->a.sys;
	struct tw_scan *s = &r->o.seen.scan;
	char words[128];

	begin(r, "asking its TCP ports");
	TW_TRY(tw_scan_ports(sys, &r->o.seen.host, ports, told, r, s));
	tw_progress_bar_end(r->a.t);
	(void)snprintf(words, sizeof words, "%zu of %zu take a connection, %zu refuse, %zu are silent", s->opened, s->asked,
		s->closed, s->silent);
	return tw_seen_log(&r->o.seen, "ports", "TCP", 0, NULL, tw_slice_of(words));
}

static tw_err look(struct running *r, const struct tw_port_set *ports)
{
	const struct tw_sys *sys = r->a.sys;

	TW_TRY(scan(r, ports));
	begin(r, "speaking to the open ones");
	TW_TRY(tw_look_at_ports(sys, &r->o.seen, told, r));
	begin(r, "asking for its services by mDNS and SSDP");
	TW_TRY(tw_ask_services(sys, &r->o.seen));
	if (tw_arg(r->a.args, "not-intrusive"))
		return TW_OK;
	begin(r, "trying names and passwords that everybody knows");
	TW_TRY(tw_try_logins(sys, &r->o.seen, told, r, &r->o.logins));
	tw_progress_bar_end(r->a.t);
	return TW_OK;
}

static tw_err judge(struct running *r, const struct tw_outside_check *c)
{
	struct tw_finding f = { .verdict = TW_VERDICT_INCONCLUSIVE, .source = TW_SOURCE_OUTSIDE };
	size_t i;
	json_t *line;

	TW_TRY(tw_transcript_begin(&r->a.transcript));
	json_array_foreach(r->o.seen.log, i, line)
		if (!c->about || !strcmp(tw_json_text(line, "about"), c->about))
			TW_TRY(tw_transcript_add(&r->a.transcript, line));
	tw_err e = c->judge(&r->o, &f);
	if (!tw_failed(e))
		e = tw_assess_result(&r->a, c->element, c->name, c->title, c->intrusive && r->o.logins.tried, &f);
	json_decref(f.seen);
	return e;
}

tw_err tw_cmd_assess_outside(struct tw_tool *t, const struct tw_args *args)
{
	TW_CLEANUP(running_done) struct running r = { .words = "" };
	TW_CLEANUP(tw_jsonp) json_t *evidence = NULL;
	struct tw_target *g = &r.a.c.target[0];
	struct tw_port_set ports;

	TW_TRY(tw_assess_begin(t, args, &r.a));
	tw_seen_init(&r.o.seen, t->sys);
	r.o.now_s = tw_now_ms(t->sys) / 1000;
	tw_err e = tw_host_parse(args->rest[0], &r.o.seen.host);
	if (!tw_failed(e))
		e = read_wishes(&r, &ports);
	if (tw_failed(e))
		return tw_fail(t, TW_EXIT_USAGE, "thingward assess outside --help", e);
	TW_TRY(tw_owner_make(t, tw_arg(args, "owner"), "assessor", &g->session.owner));
	r.a.c.target_count = 1;
	(void)snprintf(g->session.device.address, sizeof g->session.device.address, "%s", r.o.seen.host.text);
	e = look(&r, &ports);
	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(t, TW_EXIT_UNREACHABLE, "is the address right, and this machine on that network?", e);
	TW_TRY(e);
	for (const struct tw_outside_check *c = tw_outside_checks; c->element; c++)
		TW_TRY(judge(&r, c));
	TW_TRY(tw_assess_finish(&r.a, &evidence));
	return tw_assess_tell(&r.a, evidence);
}
