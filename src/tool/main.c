/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward: one table of commands. A failure ends with what to try next; the exit code says what kind of failure it was.
 */
#include "base/log.h"
#include "base/release.h"
#include "crypto/hash.h"
#include "product/supported.h"
#include "sys/real.h"
#include "tool/commands.h"

#include <signal.h>

static const struct tw_option no_options[] = { {} };

static const struct tw_command commands[] = {
	{ "product init", "DIR", 1, 1, tw_options_product_init, tw_cmd_product_init, "write a product.yaml to fill in",
		"thingward product init ./product --example" },
	{ "product check", "DIR", 1, 1, no_options, tw_cmd_product_check, "name every mistake in product.yaml, with its place" },
	{ "product compile", "DIR", 1, 1, tw_options_product_compile, tw_cmd_product_compile,
		"make the signed manifest that the device reads", "thingward product compile ./product --ca ./ca --out product.manifest" },
	{ "product export-support", "DIR...", 1, TW_SUPPORTED_PRODUCTS_MAX, tw_options_product_export, tw_cmd_product_export,
		"write what your server says of products, and when it tells that support ends",
		"thingward product export-support ./thermostat ./lamp --out /var/lib/thingward-support/app/products.json" },
	{ "product inventory", "ROOT", 1, 1, tw_options_product_inventory, tw_cmd_product_inventory,
		"list what an image holds, each file with its SHA-256, for the devices that run it",
		"thingward product inventory ./rootfs --out ./inventory --packages debian:./rootfs/var/lib/dpkg/status" },
	{ "ca init", "DIR", 1, 1, tw_options_ca_init, tw_cmd_ca_init, "make the manufacturer's offline certificate authority" },
	{ "ca protect", "DIR", 1, 1, tw_options_ca_protect, tw_cmd_ca_protect, "encrypt its keys, or give them another passphrase" },
	{ "ca revoke", "DIR UNIT", 2, 2, tw_options_ca_revoke, tw_cmd_ca_revoke, "take a unit's certificate back, for good",
		"thingward ca revoke ./ca T-0001 --reason keyCompromise" },
	{ "ca crl", "DIR", 1, 1, tw_options_ca_crl, tw_cmd_ca_crl, "write the next signed list of revoked certificates",
		"thingward ca crl ./ca --out revoked.crl" },
	{ "provision request", "", 0, 0, tw_options_provision_request, tw_cmd_provision_request,
		"on a unit: make its key there, and ask for a certificate",
		"thingward provision request --serial 0001 --state /var/lib/thingward --config /etc/thingward --out 0001.csr" },
	{ "provision sign", "REQUEST", 1, 1, tw_options_provision_sign, tw_cmd_provision_sign, "at the desk: answer a unit's request",
		"thingward provision sign 0001.csr --serial 0001 --ca ./ca --product ./product --out answer" },
	{ "provision install", "DIR", 1, 1, tw_options_provision_install, tw_cmd_provision_install, "on a unit: take the answer",
		"thingward provision install answer --state /var/lib/thingward --config /etc/thingward --label label.json" },
	{ "provision batch", "", 0, 0, tw_options_provision_batch, tw_cmd_provision_batch,
		"make thousands of units: archives, label files and signed records; goes on after a cut",
		"thingward provision batch --ca ./ca --product ./product --first T-0001 --count 1000 --roles roles.tab --out ./units" },
	{ "provision verify", "RECORD...", 1, 100000, tw_options_provision_verify, tw_cmd_provision_verify,
		"check signed provisioning records", "thingward provision verify units/*.record.json --anchor ca.crt" },
	{ "provision", "", 0, 0, tw_options_provision, tw_cmd_provision, "give one unit its identity, keys and label",
		"thingward provision --ca ./ca --product ./product --serial 0001 --state /var/lib/thingward --config /etc/thingward --label label.json" },
	{ "label", "", 0, 0, tw_options_label, tw_cmd_label, "draw the labels for units' housings: code and text, one by one or on sheets",
		"thingward label --ca ./ca --out ./labels --sheet a4" },
	{ "assess compare", "BEFORE AFTER", 2, 2, tw_options_assess_compare, tw_cmd_assess_compare,
		"say what got better, worse, new or is gone between two runs",
		"thingward assess compare old.json new.json --gate policy.yaml --signer owner.crt" },
	{ "assess gate", "EVIDENCE", 1, 1, tw_options_assess_gate, tw_cmd_assess_gate,
		"hold evidence against a policy, and name each rule that an element breaks",
		"thingward assess gate evidence.json --policy policy.yaml --signer owner.crt" },
	{ "assess outside", "ADDRESS", 1, 1, tw_options_assess_outside, tw_cmd_assess_outside,
		"look at a device from outside, whatever it runs: ports, TLS, known passwords, what it tells strangers",
		"thingward assess outside 192.0.2.7 --owner ./owner --declared 443 --own 4F2A-0017 --out outside.json" },
	{ "assess support", "https://HOST", 1, 1, tw_options_assess_support, tw_cmd_assess_support,
		"check what a manufacturer's server says that it provides, and write signed evidence",
		"thingward assess support https://security.example.com --owner ./owner --out support.json" },
	{ "assess", "", 0, 0, tw_options_assess, tw_cmd_assess, "check the claims on running devices and write signed evidence",
		"thingward assess --device hall --owner ./owner --product ./product --out evidence.json" },
	{ "evidence verify", "FILE", 1, 1, tw_options_evidence_verify, tw_cmd_evidence_verify, "check form and signature of an evidence file" },
	{ "report", "EVIDENCE", 1, 1, tw_options_report, tw_cmd_report, "write evidence as a page for people and paper, or for other programs",
		"thingward report evidence.json --html report.html" },
	{ "docs", "PRODUCTDIR", 1, 1, tw_options_docs, tw_cmd_docs, "write the customer's pages of a product",
		"thingward docs ./product --out ./pages" },
	{ "log verify", "DIR", 1, 1, tw_options_log_verify, tw_cmd_log_verify, "verify an audit log: chain, seals, signatures" },
	{ "export open", "FILE", 1, 1, tw_options_export_open, tw_cmd_export_open,
		"open what a device shared with you, and check that it is the device's",
		"thingward export open shared.json --key recipient.key --anchor manufacturer.crt" },
	{ "csaf validate", "FILE...", 1, 100000, tw_options_csaf_validate, tw_cmd_csaf_validate,
		"check security advisories: schema and mandatory tests of CSAF 2.0; exit code 2: one cannot be read",
		"thingward csaf validate advisory.json" },
	{ "triage import", "PRODUCTDIR", 1, 1, tw_options_triage, tw_cmd_triage_import,
		"hold a release against feeds of vulnerabilities: what people have to look at, and what is new since the last import",
		"thingward triage import ./product --release image.cdx.json --feeds ./feeds --kernel-config .config --kernel-source linux" },
	{ "triage check", "PRODUCTDIR", 1, 1, tw_options_triage, tw_cmd_triage_check,
		"the same for CI: writes nothing; exit code 1: something new waits for people (with --all: anything), or a feed was not read",
		"thingward triage check ./product --release image.cdx.json --feeds ./feeds" },
	{ "triage decide", "PRODUCTDIR VULNERABILITY COMPONENT", 3, 3, tw_options_triage_decide, tw_cmd_triage_decide,
		"record what you decided of an item of the last import, on its facts",
		"thingward triage decide ./product CVE-2026-1 zlib --status affected --action 'Update to 1.2.' --by Jane --reason 'Reachable'" },
	{ "triage vex", "PRODUCTDIR", 1, 1, tw_options_triage_vex, tw_cmd_triage_vex,
		"say to customers how the release stands to known vulnerabilities: CSAF 2.0 (csaf_vex) or OpenVEX 0.2",
		"thingward triage vex ./product --out vex.json" },
	{ "csaf new", "DIR", 1, 1, tw_options_csaf_new, tw_cmd_csaf_new,
		"begin an advisory: a valid draft with what the registry knows of the product",
		"thingward csaf new ./drafts --product ./product --profile csaf_security_advisory --title 'Heat' --cve CVE-2026-0001" },
	{ "csaf publish", "TREE [FILE...]", 1, 20000, tw_options_csaf_publish, tw_cmd_csaf_publish,
		"publish advisories in the tree of a CSAF provider: all of them at once, or none",
		"thingward csaf publish /srv/csaf advisory.json --key 0123456789ABCDEF0123456789ABCDEF01234567" },
	{ "csaf withdraw", "TREE ID", 2, 2, tw_options_csaf_withdraw, tw_cmd_csaf_withdraw,
		"publish that an advisory no longer holds, at its own address",
		"thingward csaf withdraw /srv/csaf LAMPS-1 --reason 'The product was not affected.'" },
	{ "csaf tree check", "TREE", 1, 1, tw_options_csaf_tree_check, tw_cmd_csaf_tree_check,
		"check every list, hash, page and signature of a provider's tree against its documents",
		"thingward csaf tree check /srv/csaf" },
	{ "units", "", 0, 0, tw_options_units, tw_cmd_units, "list your devices: which unit each is, and whom it is assigned to",
		"thingward units --owner ./owner --csv units.csv" },
	{ "cvss", "VECTOR...", 1, 10000, no_options, tw_cmd_cvss, "read CVSS vectors (2.0 to 4.0): score, severity, and each metric in words",
		"thingward cvss CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" },
	{ "device", "WORDS...", 0, 0, no_options, NULL, "administer a device; thingward device --help lists the words" },
	{ "desk", "WORDS...", 0, 0, no_options, NULL, "work at the manufacturer's server; thingward desk --help lists the words" },
	{},
};

static const char *const exits[] = {
	[TW_EXIT_OK] = "done",
	[TW_EXIT_FAILED] = "failed, or the answer is no",
	[TW_EXIT_USAGE] = "wrong usage",
	[TW_EXIT_REFUSED] = "the device refused",
	[TW_EXIT_UNREACHABLE] = "the device cannot be reached",
};

/* Every command with every option, those of a device among them: what the man page and the completions are made from. */
static tw_err help_json(struct tw_tool *t)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	TW_CLEANUP(tw_jsonp) json_t *codes = json_array();

	if (!list || !codes)
		return TW_RAISE(NOMEM, "help");
	for (const struct tw_command *c = commands; c->words; c++)
		TW_TRY(c->run ? tw_help_row(c, list) : tw_help_rows(t, c->words, list));
	for (size_t i = 0; i < TW_COUNT(exits); i++)
		TW_TRY(tw_json_append(codes, json_string(exits[i])));
	TW_CLEANUP(tw_jsonp) json_t *all = json_pack("{s:s, s:O, s:O}", "version", TW_VERSION, "commands", list, "exits", codes);
	return all ? tw_print_value(t, all) : TW_RAISE(NOMEM, "help");
}

static bool begins(const struct tw_command *c, const char *word)
{
	size_t size = strlen(word);

	return size == 0 || (!strncmp(c->words, word, size) && c->words[size] == ' ');
}

/* All commands, or those of one word: `thingward product --help`. */
static tw_err help_of(const struct tw_tool *t, const char *word)
{
	const struct tw_tool people = { .sys = t->sys, .out = t->out };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();

	if (!rows)
		return TW_RAISE(NOMEM, "help");
	for (const struct tw_command *c = commands; c->words; c++)
		if (begins(c, word))
			TW_TRY(tw_json_append(rows, json_pack("[o, s]", json_sprintf("  %s", c->words), c->help)));
	TW_TRY(tw_print(&people, "thingward COMMAND [options]\n\n"));
	TW_TRY(tw_print_table(&people, NULL, rows));
	TW_TRY(tw_print(&people, "\nEvery command: --help, --json. thingward --json --help: all of them with their options.\nExit codes:\n"));
	for (size_t i = 0; i < TW_COUNT(exits); i++)
		TW_TRY(tw_print(&people, "  %zu  %s\n", i, exits[i]));
	return TW_OK;
}

static bool words_match(const char *words, int argc, char **argv)
{
	for (int i = 1; *words; i++) {
		size_t size = strcspn(words, " ");

		if (i >= argc || strlen(argv[i]) != size || memcmp(argv[i], words, size) != 0)
			return false;
		words += size + (words[size] == ' ');
	}
	return true;
}

static tw_err no_command(struct tw_tool *t, int argc, char **argv)
{
	bool more = argc > 2 && *argv[2] != '-', group = false;
	char hint[96];

	for (const struct tw_command *c = commands; c->words; c++)
		group = group || (*argv[1] && begins(c, argv[1]));
	if (group && argc > 2 && !strcmp(argv[2], "--help"))
		return help_of(t, argv[1]);
	(void)snprintf(hint, sizeof(hint), group ? "thingward %.40s --help" : "thingward --help", argv[1]);
	return tw_fail(t, TW_EXIT_USAGE, hint,
		TW_RAISE(SYNTAX, "there is no command '%.64s%s%.64s'", argv[1], more && group ? " " : "", more && group ? argv[2] : ""));
}

static tw_err run(struct tw_tool *t, int argc, char **argv)
{
	struct tw_args a;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return t->json ? help_json(t) : help_of(t, "");
	if (!strcmp(argv[1], "--version"))
		return tw_print(t, "thingward %s\n", TW_VERSION);
	if (tw_is_rows(argv[1]))
		return tw_cmd_rows(t, argc, argv);
	for (const struct tw_command *c = commands; c->words; c++) {
		if (!words_match(c->words, argc, argv))
			continue;
		TW_TRY(tw_args_parse(t, c, argc, argv, &a));
		return c->run(t, &a);
	}
	return no_command(t, argc, argv);
}

static void tell_json(struct tw_tool *t, tw_err e)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:{s:s, s:s, s:s}}", "error", "code", tw_code_name(e.code), "detail", tw_err_detail(), "next", t->hint);

	if (o)
		tw_ignore(tw_print_value(t, o));
}

static int tell(struct tw_tool *t, tw_err e)
{
	if (tw_is(e, TW_CODE_STATE) && t->exit == TW_EXIT_OK)
		return TW_EXIT_OK; /* help was asked for, and shown */
	(void)fflush(stdout);
	const struct tw_tool loud = { .sys = t->sys, .out = stderr };
	tw_ignore(tw_print(&loud, "thingward: %s\n", *tw_err_detail() ? tw_err_detail() : tw_code_text(e.code)));
	if (*t->hint)
		tw_ignore(tw_print(&loud, "Try: %s\n", t->hint));
	if (t->json && !t->answered)
		tell_json(t, e);
	return (int)t->exit;
}

int main(int argc, char **argv)
{
	struct tw_tool t = { .sys = tw_sys_real(), .out = stdout, .exit = TW_EXIT_FAILED };

	/* A pipe that its reader closed is an error of ours to report, not a death. */
	(void)signal(SIGPIPE, SIG_IGN);
	tw_log_setup("thingward", TW_LEVEL_WARN);
	tw_crypto_use(t.sys);
	tw_json_use(t.sys);
	if (argc > 1 && !strcmp(argv[1], "--json")) {
		t.json = true;
		argc--;
		argv++;
	}
	tw_err e = run(&t, argc, argv);
	if (tw_failed(e))
		return tell(&t, e);
	if (fflush(stdout) != 0)
		return TW_EXIT_FAILED;
	return TW_EXIT_OK;
}
