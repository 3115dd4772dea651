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

#define STATUS_PROBE "live-status"

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
	{ "outside-from", "ADDRESS", false,
		"an address of this machine in no network that may manage the device: from there its port must not answer" },
	{ "ca", "DIR", false, "the manufacturer's directory, for its provisioning registry" },
	{ "element", "ID[/CHECK]", false, "try only this element, or one check of it, as the evidence names them; again for more" },
	TW_OPTION_ACCEPT_NOTICE,
	{ "into", "EVIDENCE", false, "an earlier run of yours: what --element names is tried again, all else is taken over from it" },
	{ "resume", NULL, false, "go on with the run that was cut off while it wrote to --out" },
	{ "not-intrusive", NULL, false, "leave out the checks that change something on the device for a moment" },
	{ "no-waiting", NULL, false, "leave out the checks that wait for time to go by, such as the end of a lockout" },
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

static const struct tw_probe *const tables[] = { tw_probes_participant, tw_probes_peers, tw_probes_outside, tw_probes_rights,
	tw_probes_concealment, tw_probes_identification, tw_probes_inventory, tw_probes_data_protection, tw_probes_cryptography,
	tw_probes_algorithms, tw_probes_certificates, tw_probes_accounts, tw_probes_roles, tw_probes_limits, tw_probes_processes,
	tw_probes_administration, tw_probes_shared, tw_probes_step_up, tw_probes_actions, tw_probes_sharing, tw_probes_auditing,
	tw_probes_notice, tw_probes_logins, tw_probes_lockout, tw_probes_strangers, tw_probes_server, tw_probes_factors,
	tw_probes_passkeys, tw_probes_interfaces, tw_probes_reach, NULL };

static void target_done(struct tw_target *g)
{
	tw_answer_done(&g->identity);
	tw_answer_done(&g->capabilities);
	tw_stated_done(&g->stated);
	tw_cert_free(g->anchor);
	tw_session_done(&g->session);
}

void tw_assess_done(struct assessment *a)
{
	for (size_t i = 0; i < a->c.target_count; i++)
		target_done(&a->c.target[i]);
	tw_client_free(a->c.local);
	json_decref(a->product);
	json_decref(a->before);
	json_decref(a->results);
	json_decref(a->into);
	json_decref(a->about);
	tw_transcript_done(&a->transcript);
	tw_buf_done(&a->earlier_lines);
	if (a->scan.data)
		tw_buf_wipe(&a->scan); /* of a sealed label it holds the secret */
	tw_registry_free(a->registry);
	tw_rows_free(a->rows);
}

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
	a->c.packages = tw_arg(a->args, "packages");
	a->c.link = tw_arg(a->args, "link");
	a->c.outside = tw_arg(a->args, "outside-from");
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

static const json_t *live_status(const struct assessment *a, const char *element)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(a->c.target[0].capabilities.body, "elements"), i, row)
		if (!strcmp(tw_json_text(row, "id"), element))
			return row;
	return NULL;
}

tw_err tw_assess_result(
	struct assessment *a, const char *element, const char *probe, const char *title, bool intrusive, struct tw_finding *f)
{
	const json_t *status = live_status(a, element);
	char now[TW_TIME_TEXT_MAX];
	TW_CLEANUP(tw_jsonp) json_t *r = json_object();

	if (!r)
		return TW_RAISE(NOMEM, "result");
	tw_time_text(tw_now_ms(a->sys), now);
	TW_TRY(tw_json_set(r, "element", json_string(element)));
	TW_TRY(tw_json_set(r, "probe", json_string(probe)));
	TW_TRY(tw_json_set(r, "title", json_string(title)));
	TW_TRY(tw_json_set(r, "claimed", json_boolean(tw_product_claims(a->product, element))));
	if (status)
		TW_TRY(tw_json_set(r, "status", json_string(tw_json_text(status, "status"))));
	TW_TRY(tw_json_set(r, "verdict", json_string(tw_verdict_words[f->verdict])));
	TW_TRY(tw_json_set(r, "source", json_string(tw_source_words[f->source])));
	TW_TRY(tw_json_set(r, "reason", json_string_nocheck(f->reason)));
	TW_TRY(tw_json_set(r, "time", json_string(now)));
	if (f->seen)
		TW_TRY(tw_json_set(r, "seen", json_incref(f->seen)));
	TW_TRY(tw_json_set(r, "intrusive", json_boolean(intrusive)));
	TW_TRY(tw_transcript_end(&a->transcript, r));
	tw_progress(a->t, "  %-9s %-24s %s", element, probe, tw_verdict_words[f->verdict]);
	TW_TRY(tw_json_append(a->results, TW_STEAL(r)));
	return tw_assess_part(a);
}

/* What the device says of itself stands beside what was seen, never instead of it. */
static tw_err judge_status(struct assessment *a, const char *element)
{
	const json_t *row = live_status(a, element);
	struct tw_finding f = { .source = TW_SOURCE_DEVICE };

	if (!row)
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "The device says nothing about this element."));
	else
		TW_TRY(tw_found(&f, strcmp(tw_json_text(row, "status"), "provided") ? TW_VERDICT_FAIL : TW_VERDICT_PASS,
			"It says \xe2\x80\x9c%s\xe2\x80\x9d: %s%s%s%s%s%s", tw_json_text(row, "status"), tw_json_text(row, "reason"),
			*tw_json_text(row, "changed_by") ? " Changed by " : "", tw_json_text(row, "changed_by"),
			*tw_json_text(row, "changed_by") && *tw_json_text(row, "setting") ? ", by the setting " : "",
			*tw_json_text(row, "changed_by") ? tw_json_text(row, "setting") : "", *tw_json_text(row, "changed_by") ? "." : ""));
	return tw_assess_result(a, element, STATUS_PROBE, "What does the device say of itself?", false, &f);
}

static void finding_done(struct tw_finding *f)
{
	json_decref(f->seen);
}

static tw_err run_probe(struct assessment *a, const struct tw_probe *p)
{
	TW_CLEANUP(finding_done) struct tw_finding f = { .verdict = TW_VERDICT_INCONCLUSIVE, .source = p->source };

	if (p->intrusive && tw_arg(a->args, "not-intrusive")) {
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE,
			"Not tried: it changes something on the device for a moment. Without --not-intrusive it is."));
		return tw_assess_result(a, p->element, p->name, p->title, false, &f);
	}
	if (p->waits && tw_arg(a->args, "no-waiting")) {
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "Not tried: time has to go by for it. Without --no-waiting it is."));
		return tw_assess_result(a, p->element, p->name, p->title, false, &f);
	}
	TW_TRY(tw_transcript_begin(&a->transcript));
	TW_TRY(p->run(&a->c, &f));
	tw_found_end(&f);
	return tw_assess_result(a, p->element, p->name, p->title, p->intrusive, &f);
}

static bool has_probe(const char *element)
{
	for (size_t i = 0; tables[i]; i++)
		for (const struct tw_probe *p = tables[i]; p->element; p++)
			if (!strcmp(p->element, element))
				return true;
	return false;
}

/* What `--element` names: ID, or ID/CHECK. */
static bool names(const char *word, const char *element, const char *probe)
{
	size_t size = strlen(element);

	return !strncmp(word, element, size) && (!word[size] || (word[size] == '/' && !strcmp(word + size + 1, probe)));
}

static bool wanted(const struct assessment *a, const char *element, const char *probe)
{
	const char *word;

	if (tw_arg(a->args, "resume") && tw_assess_kept(a, element, probe))
		return false;
	if (!tw_arg(a->args, "element"))
		return true;
	for (size_t i = 0; (word = tw_arg_nth(a->args, "element", i)); i++)
		if (names(word, element, probe))
			return true;
	return false;
}

/* A word that nothing is tried for would make evidence of nothing: it is refused before the device is asked. */
static tw_err check_wanted(struct assessment *a)
{
	const char *word;

	for (size_t i = 0; (word = tw_arg_nth(a->args, "element", i)); i++) {
		bool known = false;

		for (size_t k = 0; tables[k]; k++)
			for (const struct tw_probe *p = tables[k]; p->element; p++)
				known |= names(word, p->element, p->name) || names(word, p->element, STATUS_PROBE);
		if (!known)
			return tw_fail(a->t, TW_EXIT_USAGE,
				"an element that this tool has a check for, as a run without --element names them",
				TW_RAISE(NOTFOUND, "no check is %s", word));
	}
	return TW_OK;
}

/* A claim without a probe is not passed over in silence. */
static tw_err claims_without_probe(struct assessment *a)
{
	size_t i;
	json_t *id;

	json_array_foreach(tw_json_get(a->product, "claims"), i, id) {
		struct tw_finding f = { .source = TW_SOURCE_PERSON };

		if (has_probe(json_string_value(id)))
			continue;
		if (!wanted(a, json_string_value(id), "none")) {
			if (tw_assess_kept(a, json_string_value(id), "none"))
				TW_TRY(tw_assess_keep(a, tw_assess_kept(a, json_string_value(id), "none")));
			continue;
		}
		TW_TRY(tw_found(&f, TW_VERDICT_INCONCLUSIVE, "This tool has no probe for it; a person has to look."));
		TW_TRY(tw_assess_result(a, json_string_value(id), "none", "Is the claim true?", false, &f));
	}
	return TW_OK;
}

/* Once for each check, in the order of the tables: tried, or taken over, or neither. */
static tw_err status_of(struct assessment *a, const char *element)
{
	const json_t *kept = tw_assess_kept(a, element, STATUS_PROBE);

	if (wanted(a, element, STATUS_PROBE))
		return judge_status(a, element);
	return kept ? tw_assess_keep(a, kept) : TW_OK;
}

static tw_err try_check(struct assessment *a, const struct tw_probe *p)
{
	const json_t *kept = tw_assess_kept(a, p->element, p->name);

	if (wanted(a, p->element, p->name))
		return run_probe(a, p);
	return kept ? tw_assess_keep(a, kept) : TW_OK;
}

static tw_err run_all(struct assessment *a)
{
	const char *element = "";

	for (size_t i = 0; tables[i]; i++)
		for (const struct tw_probe *p = tables[i]; p->element; p++) {
			if (strcmp(p->element, element) != 0)
				TW_TRY(status_of(a, p->element));
			element = p->element;
			TW_TRY(try_check(a, p));
		}
	return claims_without_probe(a);
}

tw_err tw_assess_tell(struct assessment *a, const json_t *evidence)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	static const char *const heads[] = { "element", "claim", "verdict", "why", NULL };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	size_t i;
	json_t *c;

	TW_TRY(tw_verdict_elements(evidence, &claims));
	if (a->t->json)
		return tw_print_value(a->t, claims);
	json_array_foreach(claims, i, c)
		TW_TRY(tw_json_append(rows,
			json_pack("[s, s, s, s]", tw_json_text(c, "element"), tw_json_text(c, "claim"), tw_json_text(c, "verdict"),
				tw_json_text(c, "reason"))));
	TW_TRY(tw_print_table(a->t, heads, rows));
	return tw_print(a->t, "\nEvidence: %s. For people: thingward report %s --html report.html\n", tw_arg(a->args, "out"),
		tw_arg(a->args, "out"));
}

/* A script that gates a release wants to know: a claim that was contradicted is a failure, one left open is not. */
static tw_err judge_claims(struct assessment *a, const json_t *evidence)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = NULL;
	size_t i, contradicted = 0;
	json_t *e;

	TW_TRY(tw_verdict_elements(evidence, &elements));
	json_array_foreach(elements, i, e)
		contradicted += !strcmp(tw_json_text(e, "claim"), "contradicted");
	if (!contradicted)
		return TW_OK;
	return tw_fail(a->t, TW_EXIT_FAILED, "the reasons above; what was switched off can be switched on again",
		TW_RAISE(STATE, "%zu of the claims %s contradicted", contradicted, contradicted == 1 ? "is" : "are"));
}

tw_err tw_assess_begin(struct tw_tool *t, const struct tw_args *args, struct assessment *ret)
{
	*ret = (struct assessment){ .t = t, .sys = t->sys, .args = args, .results = json_array() };
	tw_transcript_init(&ret->transcript, t->sys);
	tw_buf_init(&ret->earlier_lines, t->sys, TW_TRANSCRIPT_MAX);
	ret->c.tool = t;
	ret->c.sys = t->sys;
	tw_time_text(tw_now_ms(t->sys), ret->created);
	return ret->results ? TW_OK : TW_RAISE(NOMEM, "results");
}

tw_err tw_cmd_assess(struct tw_tool *t, const struct tw_args *args)
{
	TW_CLEANUP(tw_assess_done) struct assessment a = { .t = NULL };
	TW_CLEANUP(tw_jsonp) json_t *evidence = NULL;

	TW_TRY(tw_assess_begin(t, args, &a));
	TW_TRY(check_wanted(&a));
	if (tw_arg(args, "into") && (!tw_arg(args, "element") || tw_arg(args, "resume")))
		return tw_fail(t, TW_EXIT_USAGE, "--into EVIDENCE --element ID, or --resume alone",
			TW_RAISE(SYNTAX, "--into wants --element, and no --resume"));
	TW_TRY(gather(&a));
	TW_TRY(tw_assess_into(&a));
	TW_TRY(run_all(&a));
	TW_TRY(tw_assess_finish(&a, &evidence));
	TW_TRY(tw_assess_tell(&a, evidence));
	return judge_claims(&a, evidence);
}
