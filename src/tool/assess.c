/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward assess`: asks the device everything the probes need, lets each probe judge, and signs what was seen.
 *
 * The evidence is bound to a nonce of this run, to the device's own statement over it, to this very executable, and to the
 * time; the owner's key signs it. It is evidence for a claim and says so; nobody is certified here.
 */
#include "tool/assess-inside.h"

#include "formats/evidence.h"
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/notice.h"
#include "tool/pages.h"
#include "tool/rows.h"
#include "tool/transcript.h"
#include "tool/verdict.h"

#include "base/text.h"
#include "product/product.h"

const struct tw_option tw_options_assess[] = {
	{ "device", "NAME|HOST:PORT", true, "the device to assess; again for devices to compare it with" },
	{ "owner", "DIR", true, "your directory" },
	{ "by-login", NULL, false, "go by the login that is kept there (device login), and not by your certificate" },
	{ "product", "DIR", true, "the directory with product.yaml, for its claims" },
	{ "out", "FILE", true, "where the evidence goes" },
	{ "local", "SOCKET", false, "on the device itself: its local socket, to compare from inside" },
	{ "before", "FILE", false, "earlier evidence of the same device, from before a restart or update" },
	{ "packages", "FILE", false, "the device's package database itself (dpkg: status; apk: installed), to compare its inventory with" },
	{ "planted", "PATH", false, "a file that you changed, removed or planted on the device: it must tell of it; again for more" },
	{ "link", "NAME", false, "a network link of the device's that you took down and up again just now: it must tell of it" },
	{ "off", "KIND:NAME", false, "an interface that you switched off by the list of the device's mode: link:eth1, radio:wlan" },
	{ "outside-from", "ADDRESS", false,
		"an address of this machine in no network that may manage the device: from there its port must not answer" },
	{ "home-from", "ADDRESS", false,
		"an IPv4 address of this machine, not the device's, that may count as a home system of the device's for a moment" },
	{ "move-to", "PORT", false, "a port that is free at the device, to which its HTTPS may be moved for a moment" },
	{ "ca", "DIR", false, "the manufacturer's directory, for its provisioning registry" },
	{ "element", "ID[/CHECK]", false, "try only this element, or one check of it, as the evidence names them; again for more" },
	TW_OPTION_ACCEPT_NOTICE,
	{ "into", "EVIDENCE", false, "an earlier run of yours: what --element names is tried again, all else is taken over from it" },
	{ "resume", NULL, false, "go on with the run that was cut off while it wrote to --out" },
	{ "not-intrusive", NULL, false, "leave out the checks that change something on the device for a moment" },
	{ "no-waiting", NULL, false, "leave out the checks that wait for time to go by, such as the end of a lockout" },
	{ "draw", NULL, false,
		"of all pairs of role and operation try one of eight, drawn by chance: that finds faults, and is at most inconclusive" },
	{ "sample", "TEXT", false, "which sample this is, as the laboratory names it" },
	{ "hardware", "TEXT", false, "its hardware revision" },
	{ "firmware", "SHA256", false, "the digest of the image that it runs" },
	{ "setup", "TEXT", false, "how it was set up" },
	{ "label-scan", "TEXT|FILE", false, "what a scanner read off the device's label, TW1:..., or a file that holds it" },
	{ "messages", "FILE", false, "where the gateway that sends codes writes down what it is sent, one JSON object a line" },
	{ "verdicts", "FILE", false,
		"where a reader of biometrics or a method of the manufacturer's, on trial, reads what to say; it is written to: on, off, error, leave" },
	{},
};

static const struct tw_probe *const tables[] = { tw_probes_participant, tw_probes_peers, tw_probes_outside, tw_probes_demands,
	tw_probes_shares, tw_probes_rights, tw_probes_concealment, tw_probes_identification, tw_probes_inventory,
	tw_probes_data_protection, tw_probes_cryptography, tw_probes_algorithms, tw_probes_certificates, tw_probes_accounts,
	tw_probes_roles, tw_probes_limits, tw_probes_processes, tw_probes_administration, tw_probes_shared, tw_probes_step_up,
	tw_probes_actions, tw_probes_sharing, tw_probes_indicator, tw_probes_inputs, tw_probes_remote, tw_probes_auditing,
	tw_probes_notice, tw_probes_logins, tw_probes_lockout, tw_probes_strangers, tw_probes_server, tw_probes_factors,
	tw_probes_passkeys, tw_probes_interfaces, tw_probes_control, tw_probes_home, tw_probes_move, tw_probes_sends,
	tw_probes_wifi, tw_probes_bluetooth, tw_probes_reach, NULL };

static tw_err ask(struct assessment *a, struct tw_target *g, const char *path, struct tw_answer *ret, bool *ret_good)
{
	struct tw_call call = { .method = "GET", .path = path };
	tw_err e = tw_client_call(g->session.client, &call, ret);

	if (!tw_failed(e) && tw_notice_stops(ret)) {
		TW_TRY(tw_notice_accept(a->t, g->session.client));
		tw_answer_done(ret);
		tw_answer_init(ret, a->sys);
		e = tw_client_call(g->session.client, &call, ret);
	}
	*ret_good = !tw_failed(e) && ret->status == 200 && json_is_object(ret->body);
	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(a->t, TW_EXIT_UNREACHABLE, "is the device on, and the address right?", e);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return tw_fail(a->t, TW_EXIT_UNREACHABLE, "its label and console: somebody else may own it now, or stands between", e);
	return e;
}

/* Whether the feature is off or broken is for the probes to say, so a refusal is kept and not an end. */
static tw_err look_at(struct assessment *a, struct tw_target *g)
{
	static const struct tw_pages elements = { .method = "GET", .path = "/api/v1/capabilities", .list = "elements" };
	bool good;

	TW_TRY(ask(a, g, "/api/v1/identity", &g->identity, &g->has_identity));
	g->has_identity = g->has_identity && *tw_json_text(g->identity.body, "identifier");
	TW_TRY(ask(a, g, "/api/v1/capabilities", &g->capabilities, &good));
	if (good)
		TW_TRY(tw_pages_rest(a->t, g->session.client, &elements, &g->capabilities));
	tw_err e = tw_session_statement(a->t, g->session.client, g->anchor, &g->stated);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	g->has_statement = !tw_failed(e);
	if (tw_failed(e))
		(void)snprintf(g->statement_trouble, sizeof(g->statement_trouble), "%s", tw_err_detail());
	a->t->exit = TW_EXIT_FAILED;
	a->t->hint[0] = '\0';
	return TW_OK;
}

/* The evidence is signed: whoever logs in by a password has no key yet, and gets one here that opens nothing. */
static tw_err sign_with(struct assessment *a, struct tw_session *s)
{
	tw_owner *made = NULL;

	if (tw_owner_has_key(s->owner))
		return TW_OK;
	TW_TRY(tw_owner_make(a->t, tw_arg(a->args, "owner"), "assessor", &made));
	tw_owner_free(s->owner);
	s->owner = made;
	return TW_OK;
}

static tw_err open_session(struct assessment *a, const char *name, struct tw_session *ret)
{
	const char *owner = tw_arg(a->args, "owner");

	if (!tw_arg(a->args, "by-login"))
		return tw_session_owner(a->t, owner, name, ret);
	TW_TRY(tw_session_with(a->t, owner, name, ret));
	if (!ret->by_login)
		return tw_fail(a->t, TW_EXIT_FAILED, "thingward device login --device NAME --owner DIR",
			TW_RAISE(STATE, "you are not logged in at %s", ret->device.name));
	return sign_with(a, ret);
}

static tw_err open_target(struct assessment *a, const char *name)
{
	struct tw_target *g = &a->c.target[a->c.target_count];

	tw_answer_init(&g->identity, a->sys);
	tw_answer_init(&g->capabilities, a->sys);
	a->c.target_count++;
	TW_TRY(open_session(a, name, &g->session));
	TW_TRY(tw_cert_load(a->sys, tw_slice_of(tw_json_text(g->session.device.data, "anchor")), &g->anchor));
	for (size_t i = 0; i + 1 < a->c.target_count; i++)
		if (!strcmp(a->c.target[i].session.device.name, g->session.device.name))
			return tw_fail(a->t, TW_EXIT_USAGE, "another device to compare with",
				TW_RAISE(SYNTAX, "device %s is named twice", g->session.device.name));
	tw_progress(a->t, "asking %s at %s", g->session.device.name, g->session.device.address);
	return look_at(a, g);
}

static tw_err read_before(struct assessment *a, const char *path)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *signer = NULL;

	tw_buf_init(&text, a->sys, TW_EVIDENCE_MAX);
	TW_TRY(tw_file_read(a->sys, path, TW_EVIDENCE_MAX, &text));
	while (text.size && text.data[text.size - 1] == '\n')
		text.size--;
	TW_TRY(tw_evidence_verify(a->sys, tw_buf_slice(&text), &a->before, &signer));
	a->c.before = a->before;
	return TW_OK;
}

static tw_err take_planted(struct assessment *a)
{
	const char *path;

	for (size_t i = 0; (path = tw_arg_nth(a->args, "planted", i)); i++) {
		if (i == TW_COUNT(a->c.planted))
			return tw_fail(a->t, TW_EXIT_USAGE, "plant fewer", TW_RAISE(SYNTAX, "--planted may be given %zu times", i));
		a->c.planted[a->c.planted_count++] = path;
	}
	return TW_OK;
}

static tw_err gather(struct assessment *a)
{
	const char *local = tw_arg(a->args, "local"), *before = tw_arg(a->args, "before"), *ca = tw_arg(a->args, "ca");
	struct tw_place place = { .socket = local };

	TW_TRY(tw_rows_new(a->sys, &a->rows));
	TW_TRY(tw_product_load(a->t, tw_arg(a->args, "product"), &a->product));
	a->c.product = a->product;
	a->claims = json_incref(tw_json_get(a->product, "claims"));
	a->c.packages = tw_arg(a->args, "packages");
	a->c.link = tw_arg(a->args, "link");
	a->c.off = tw_arg(a->args, "off");
	a->c.outside = tw_arg(a->args, "outside-from");
	a->c.home = tw_arg(a->args, "home-from");
	a->c.move = tw_arg(a->args, "move-to");
	a->c.draw = tw_arg(a->args, "draw");
	a->c.messages = tw_arg(a->args, "messages");
	a->c.verdicts = tw_arg(a->args, "verdicts");
	TW_TRY(take_planted(a));
	if (before)
		TW_TRY(read_before(a, before));
	if (ca) {
		TW_CLEANUP(tw_closep) int dir = -1;

		TW_TRY(tw_ca_open(a->t, ca, &dir));
		TW_TRY(tw_registry_read(a->sys, dir, &a->registry));
		a->c.registry = tw_registry_lines(a->registry);
	}
	a->c.local_path = local;
	if (tw_arg(a->args, "label-scan")) {
		TW_TRY(tw_scan_read(a->sys, tw_arg(a->args, "label-scan"), &a->scan));
		a->c.scan = tw_buf_cstr(&a->scan);
	}
	if (local)
		TW_TRY(tw_client_new(a->sys, &place, &a->c.local));
	for (size_t i = 0; tw_arg_nth(a->args, "device", i); i++) {
		if (i == TW_TARGETS_MAX)
			return tw_fail(a->t, TW_EXIT_USAGE, "fewer devices at once",
				TW_RAISE(LIMIT, "more than %d devices", TW_TARGETS_MAX));
		TW_TRY(open_target(a, tw_arg_nth(a->args, "device", i)));
	}
	return TW_OK;
}

tw_err tw_cmd_assess(struct tw_tool *t, const struct tw_args *args)
{
	TW_CLEANUP(tw_assess_done) struct assessment a = { .t = NULL };

	TW_TRY(tw_assess_begin(t, args, &a));
	TW_TRY(tw_assess_over(&a, tables));
	TW_TRY(gather(&a));
	return tw_assess_run(&a);
}
