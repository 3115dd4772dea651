/* SPDX-License-Identifier: Apache-2.0 */
/* product.yaml: the example is right, the template is complete, and every mistake is named with its place. */
#include "product/product.h"

#include "sys/fake.h"
#include "check.h"

static const struct tw_sys *sys;
TW_DEFINE_FREEP(tw_fake, tw_fake_free)

/* The problems as text; the object, when there were none. */
static void read_text(const char *text, struct tw_buf *ret, json_t **ret_product)
{
	struct tw_problems p;
	json_t *product = NULL;

	CHECK_OK(tw_problems_init(&p, "p.yaml"));
	CHECK_OK(tw_product_read(sys, tw_slice_of(text), &p, &product));
	CHECK_OK(tw_problems_text(&p, ret));
	tw_problems_done(&p);
	if (ret_product)
		*ret_product = product;
	else
		json_decref(product);
}

static void test_example_is_right(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;

	tw_buf_init(&b, sys, 65536);
	read_text(tw_product_example, &b, &product);
	CHECK_TEXT(tw_buf_cstr(&b), "");
	CHECK_TEXT(tw_product_version(product), "1.0.0");
	CHECK(json_array_size(json_object_get(product, "claims")) > 1);
	CHECK(tw_product_model(product, "TH-110") != NULL);
	CHECK(tw_product_model(product, "TH-1") == NULL);
}

static void test_template_needs_filling_in(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	read_text(tw_product_template, &b, NULL);
	CHECK(strstr(tw_buf_cstr(&b), "p.yaml:9:9: 'name' must have 1 to 64 bytes"));
	CHECK(!strstr(tw_buf_cstr(&b), "unknown key"));
	CHECK(!strstr(tw_buf_cstr(&b), "is missing"));
}

/* A good file in the fewest lines; the rows below replace one line of it, counted from 1. */
static const char *const good[] = {
	"format: 1",
	"organization: {name: A, pen: 32473}",
	"product: {name: B, code: b, summary: c}",
	"models: [{model: M, hardware: [A]}]",
	"software: [{version: 1.0, released: 2026-01-01}]",
	"interfaces: [{name: lan, kind: ethernet, purpose: all}]",
	"support: {start: 2026-01-01, end: 2030-01-01, security-updates-until: 2029-12-31}",
	"contacts: {security-email: a@example.com, policy-url: https://example.com/p}",
	"claims: [DI.IMS.1]",
};

static const struct {
	unsigned line;
	const char *replaced, *wanted; /* wanted: the start of the one problem; "" none */
} rows[] = {
	{ 1, "format: 1", "" },
	{ 1, "format: 2", "p.yaml:1:9: 'format' is out of range ('2'); the version of this file's format" },
	{ 1, "format: one", "p.yaml:1:9: 'format' must be a whole number ('one');" },
	{ 1, "format: [1]", "p.yaml:1:9: 'format' must be a number;" },
	{ 1, "color: red", "p.yaml:1:1: unknown key 'color'; known keys are format, organization," },
	{ 2, "organization: {name: A}", "p.yaml:2:15: 'pen' is missing; the Private Enterprise Number" },
	{ 2, "organization: {name: A, pen: 0}", "p.yaml:2:30: 'pen' is out of range ('0');" },
	{ 2, "organization: {name: A, pen: 4294967296}", "p.yaml:2:30: 'pen' is out of range" },
	{ 2, "organization: {name: \"A\\tB\", pen: 1}", "p.yaml:2:22: 'name' must be one line without control characters" },
	{ 2, "organization: A", "p.yaml:2:15: 'organization' must be a map (key: value);" },
	{ 3, "product: {name: B, code: a-b, summary: c}", "p.yaml:3:26: 'code' has a character that is not allowed here ('a-b');" },
	{ 3, "product: {name: B, code: '', summary: c}", "p.yaml:3:26: 'code' must have 1 to 32 characters;" },
	{ 3, "product: {name: B, code: b, code: b, summary: c}", "p.yaml:3:29: " },
	{ 4, "models: []", "p.yaml:4:9: 'models' must have 1 to 100 entries;" },
	{ 4, "models: [M]", "p.yaml:4:10: each entry of 'models' must be a map (key: value);" },
	{ 4, "models: [{model: M, hardware: [A]}, {model: M, hardware: [B]}]", "p.yaml:4:45: model 'M' stands already in line 4;" },
	{ 4, "models: [{model: M, hardware: [[A]]}]", "p.yaml:4:32: each entry of 'hardware' must be one word;" },
	{ 5, "software: [{version: 1.0, released: 2026-02-29}]",
		"p.yaml:5:37: 'released' must be a day of the calendar as YYYY-MM-DD ('2026-02-29');" },
	{ 5, "software: [{version: 1.0, released: 2028-02-29}]", "" },
/* Identifiers. */
#define PRODUCT(more) "product: {name: B, code: b, summary: c, identifiers: {" more "}}"
#define VERSION(more) "software: [{version: 1.0, released: 2026-01-01, identifiers: {" more "}}]"
	{ 3, PRODUCT("cpe: 'cpe:2.3:o:example:b:*:*:*:*:*:*:*:*', purl: pkg:generic/b, sbom-urls: ['https://example.com/s'], uris: [{namespace: 'urn:a', uri: 'urn:a:b'}]"),
		"" },
	{ 3, PRODUCT(""), "p.yaml:3:54: 'identifiers' says nothing; leave 'identifiers' out" },
	{ 3, PRODUCT("cpe: b"), "p.yaml:3:60: 'cpe' is no CPE name: " },
	{ 3, PRODUCT("cpe: 'cpe:2.3:o:example:b:1:*:*:*:*:*:*:*'"), "p.yaml:3:60: the product's 'cpe' names a version;" },
	{ 3, PRODUCT("purl: b"), "p.yaml:3:61: 'purl' is no package URL: " },
	{ 3, PRODUCT("purl: pkg:oci/a/b"), "p.yaml:3:61: 'purl' is no package URL: a package of type 'oci' has no namespace;" },
	{ 3, PRODUCT("purl: pkg:generic/b@1"), "p.yaml:3:61: the product's 'purl' names a version;" },
	{ 3, PRODUCT("hashes: []"), "p.yaml:3:55: unknown key 'hashes'; known keys are cpe, purl, sbom-urls, uris" },
	{ 3, PRODUCT("sbom-urls: [sbom.json]"), "p.yaml:3:67: 'sbom-urls' is no URI;" },
	{ 3, PRODUCT("sbom-urls: ['urn:1','urn:2','urn:3','urn:4','urn:5','urn:6','urn:7','urn:8','urn:9']"),
		"p.yaml:3:66: 'sbom-urls' must have 1 to 8 entries;" },
	{ 3, PRODUCT("uris: [{namespace: a, uri: 'urn:b'}]"), "p.yaml:3:74: 'namespace' is no URI;" },
	{ 3, PRODUCT("uris: [{namespace: 'urn:b'}]"), "p.yaml:3:62: 'uri' is missing;" },
	{ 4, "models: [{model: M, hardware: [A], skus: [EX-1 a], serial-numbers: [M100-]}]", "" },
	{ 4, "models: [{model: M, hardware: [A], skus: []}]", "p.yaml:4:42: 'skus' must have 1 to 16 entries;" },
	{ 4, "models: [{model: M, hardware: [A], skus: ['a*']}]", "p.yaml:4:43: 'skus' has a character that is not allowed here" },
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH(algorithm, value) "{file: f, algorithm: " algorithm ", value: " value "}"
	{ 5, VERSION("hashes: [" HASH("sha256", SHA256) ", " HASH("sha3-256", SHA256) "], purl: pkg:generic/b@1.0, cpe: 'cpe:2.3:o:example:b:1.0:*:*:*:*:*:*:*'"),
		"" },
	{ 5, VERSION("hashes: [" HASH("sha512", SHA256) "]"), "p.yaml:5:108: a hash by sha512 has 128 hexadecimal digits;" },
	{ 5, VERSION("hashes: [" HASH("md5", SHA256) "]"), "p.yaml:5:93: 'algorithm' must be one of sha256|" },
	{ 5, VERSION("hashes: [" HASH("sha256", SHA256) ", " HASH("sha256", SHA256) "]"),
		"p.yaml:5:175: this file has a hash by sha256 already;" },
	{ 5, VERSION("purl: pkg:generic/b"), "p.yaml:5:69: 'purl' of a version names none;" },
	{ 5, VERSION("cpe: 'cpe:2.3:o:example:b:*:*:*:*:*:*:*:*'"), "p.yaml:5:68: 'cpe' of a version names none;" },
	{ 5, "software: [{version: [1], released: 2026-01-01, identifiers: [cpe]}]", "p.yaml:5:22: 'version' must be one word;" },
	{ 6, "interfaces: [{name: lan, kind: telepathy, purpose: all}]", "p.yaml:6:32: 'kind' must be one of ethernet|wifi|" },
	{ 6, "interfaces: [{name: lan, kind: wifi, port: 65536, purpose: all}]", "p.yaml:6:44: 'port' is out of range ('65536');" },
	{ 6, "interfaces: [{name: lan, kind: wifi, purpose: all}]\nflows: [{name: f, interface: wan, direction: in, peer: p, data: d, personal: no, protection: none}]",
		"p.yaml:7:30: no interface is named 'wan'; name one of the entries of 'interfaces'" },
	{ 6, "interfaces: [{name: lan, kind: wifi, purpose: all}]\nflows: [{name: f, interface: lan, direction: in, peer: p, data: d, personal: maybe, protection: none}]",
		"p.yaml:7:78: 'personal' must be yes or no ('maybe');" },
#define FILTERED(more)                                                                                                             \
	"interfaces: [{name: lan, kind: ethernet, kernel: eth*, purpose: all}]\nflows: [{name: f, interface: lan, direction: in, " \
	"peer: p, data: d, personal: no, protection: none, " more "}]"
	{ 6, FILTERED("protocol: tcp, ports: [443, 5000-5010], networks: [10.0.0.0/8, 'fd00::/8'], optional: yes"), "" },
	{ 6, FILTERED("protocol: icmp, ports: [443], networks: [10.0.0.0/8]"), "p.yaml:7:110: 'protocol' must be one of tcp|udp" },
	{ 6, FILTERED("protocol: tcp, networks: [10.0.0.0/8]"), "p.yaml:7:9: a flow with 'protocol' needs 'ports';" },
	{ 6, FILTERED("protocol: tcp, ports: [443]"), "p.yaml:7:9: a flow with 'protocol' needs 'networks';" },
	{ 6, FILTERED("protocol: tcp, ports: [], networks: [10.0.0.0/8]"), "p.yaml:7:122: 'ports' must have 1 to 8 entries;" },
	{ 6, FILTERED("protocol: tcp, ports: [1,2,3,4,5,6,7,8,9], networks: [10.0.0.0/8]"), "p.yaml:7:122: 'ports' must have 1 to 8 entries;" },
	{ 6, FILTERED("protocol: tcp, ports: [443, 0], networks: [10.0.0.0/8]"), "p.yaml:7:128: '0' is no port;" },
	{ 6, FILTERED("protocol: tcp, ports: [20-10], networks: [10.0.0.0/8]"), "p.yaml:7:123: '20-10' is no port;" },
	{ 6, FILTERED("protocol: tcp, ports: [443], networks: [10.0.0.1/8]"), "p.yaml:7:140: '10.0.0.1/8' is no network;" },
	{ 6, FILTERED("ports: [443]"), "p.yaml:7:107: 'ports' without 'protocol' is for nothing;" },
	{ 6, FILTERED("optional: yes"), "p.yaml:7:110: 'optional' without 'protocol' is for nothing;" },
	{ 6,
		"interfaces: [{name: lan, kind: wifi, purpose: all}]\nflows: [{name: f, interface: lan, direction: in, peer: p, data: d, personal: no, protection: none, "
		"protocol: tcp, ports: [443], networks: [10.0.0.0/8]}]",
		"p.yaml:7:30: a flow with 'protocol' goes by a link that the kernel names;" },
	{ 6, "interfaces: [{name: lan, kind: wifi, kernel: w*n, purpose: all}]", "p.yaml:6:46: 'w*n' has a star before its end;" },
	{ 6, "interfaces: [{name: lan, kind: wifi, kernel: anamewith16bytes, purpose: all}]", "p.yaml:6:46: 'anamewith16bytes' can be no link;" },
	{ 6, "interfaces: [{name: s, kind: sensor, kernel: s, purpose: all}]", "p.yaml:6:46: no device sees a sensor by its name;" },
	{ 6, "interfaces: [{name: s, kind: service, port: 53, purpose: all}]", "p.yaml:6:14: a service needs 'transport';" },
	{ 6, "interfaces: [{name: s, kind: service, transport: udp, purpose: all}]", "p.yaml:6:14: a service needs 'port';" },
	{ 6, "interfaces: [{name: s, kind: service, port: 53, transport: udp, kernel: s, purpose: all}]",
		"p.yaml:6:73: a service has no name in the kernel;" },
	{ 6, "interfaces: [{name: s, kind: service, port: 53, transport: udp, purpose: all}]", "" },
	{ 7, "support: {start: 2026-01-01, end: 2025-01-01, security-updates-until: 2024-12-31}",
		"p.yaml:7:35: end 2025-01-01 is not after start 2026-01-01;" },
	{ 7, "support: {start: 2026-01-01, end: 2030-01-01, security-updates-until: 2030-01-02}",
		"p.yaml:7:71: security-updates-until 2030-01-02 is after the end of support 2030-01-01;" },
	{ 8, "contacts: {security-email: example.com, policy-url: https://example.com/p}",
		"p.yaml:8:28: 'security-email' must be a mail address ('example.com');" },
	{ 8, "contacts: {security-email: a@example.com, policy-url: http://example.com/p}",
		"p.yaml:8:55: 'policy-url' must be an https:// address" },
	{ 8, "contacts: {security-email: a@example.com, policy-url: \"https://e/<script>\"}",
		"p.yaml:8:55: 'policy-url' must be an https:// address" },
	{ 9, "claims: [DI.IMS.1, XX.1]", "p.yaml:9:20: 'XX.1' is not in the catalog;" },
	{ 9, "support-claims: [QR.1.a.1.2, DI.IMS.1]", "p.yaml:9:30: 'DI.IMS.1' is not in the catalog;" },
	{ 9, "support-claims: [QR.1.a.1.2, QR.1.a.1.2]", "p.yaml:9:30: 'QR.1.a.1.2' is claimed already;" },
	{ 9, "claims: [QR.1.a.1.2]", "p.yaml:9:10: 'QR.1.a.1.2' is not in the catalog;" },
	{ 9, "claims: [DI.IMS.1, DI.IMS.1]", "p.yaml:9:20: 'DI.IMS.1' is claimed already;" },
	{ 9, "claims: DI.IMS.1", "p.yaml:9:9: 'claims' must be a list (- entry or [a, b]);" },
	{ 9, "application: {events: [{id: door.open, severity: info, help: h}]}",
		"p.yaml:9:29: id 'door.open' could be taken for one of the device's own;" },
	{ 9, "application: {settings: [{key: application.a, type: bool, default: 'yes', baseline: on, help: h}]}",
		"p.yaml:9:68: 'default' does not fit the type and range" },
	{ 9, "application: {settings: [{key: application.a, type: int, min: -5, max: 5, default: '-5', baseline: '6', help: h}]}",
		"p.yaml:9:100: 'baseline' does not fit" },
	{ 9, "application: {settings: [{key: application.a, type: choice, default: a, baseline: a, help: h}]}",
		"p.yaml:9:26: a setting of type choice needs 'choices';" },
	{ 9, "application: {settings: [{key: application.a, type: choice, choices: [a, b], default: a, baseline: b, help: h}]}", "" },
	{ 9, "application: {inputs: [{name: a, type: int, min: -5, max: 5, per-minute: 1, help: h}], outputs: [{name: a, type: bool, per-minute: 60000, help: h}]}",
		"" },
	{ 9, "application: {inputs: [{name: a, type: int, min: 0, per-minute: 1, help: h}]}", "p.yaml:9:24: a number needs 'min' and 'max';" },
	{ 9, "application: {inputs: [{name: a, type: int, max: 0, per-minute: 1, help: h}]}", "p.yaml:9:24: a number needs 'min' and 'max';" },
	{ 9, "application: {outputs: [{name: a, type: bool, max: 1, per-minute: 1, help: h}]}",
		"p.yaml:9:52: a bool has neither 'min' nor 'max';" },
	{ 9, "application: {inputs: [{name: a, type: int, min: 6, max: -5, per-minute: 1, help: h}]}", "p.yaml:9:58: 'max' is below 'min';" },
	{ 9, "application: {inputs: [{name: a, type: int, min: 6, max: 6, per-minute: 0, help: h}]}",
		"p.yaml:9:73: 'per-minute' is out of range ('0');" },
	{ 9, "application: {inputs: [{name: a, type: text, per-minute: 1, help: h}]}", "p.yaml:9:40: 'type' must be one of bool|int" },
	{ 9, "application: {inputs: [{name: a, type: bool, help: h}]}", "p.yaml:9:24: 'per-minute' is missing;" },
	{ 9, "application: {inputs: [{name: a.b, type: bool, per-minute: 1, help: h}]}", "p.yaml:9:31: 'name'" },
	{ 9, "application: {outputs: [{name: a, type: bool, per-minute: 1, help: h}, {name: a, type: bool, per-minute: 1, help: h}]}",
		"p.yaml:9:79: name 'a' stands already" },
	{ 9, "application: {permissions: [{name: application.a.b, help: h, roles: [anyone]}], roles: [{name: application.r, help: h, inherits: [user]}]}",
		"" },
	{ 9, "application: {permissions: [{name: door.open, help: h, roles: [anyone]}]}",
		"p.yaml:9:36: name 'door.open' could be taken for one of the device's own;" },
	{ 9, "application: {permissions: [{name: application.a.b, roles: [anyone]}]}", "p.yaml:9:29: 'help' is missing;" },
	{ 9, "application: {permissions: [{name: application.a.b, help: h}]}", "p.yaml:9:29: 'roles' is missing;" },
	{ 9, "application: {permissions: [{name: application.a.b, help: h, roles: []}, {name: application.a.b, help: h, roles: []}]}",
		"p.yaml:9:81: name 'application.a.b' stands already in line 9;" },
	{ 9, "application: {roles: [{name: resident, help: h}]}", "p.yaml:9:30: name 'resident' could be taken for one of the device's own;" },
	{ 9, "application: {roles: [{name: application.r, help: h}, {name: application.r, help: h}]}",
		"p.yaml:9:62: name 'application.r' stands already in line 9;" },
	{ 9, "application: {roles: [{name: application.r, help: h, inherits: user}]}", "p.yaml:9:64: 'inherits' must be a list" },
	{ 9, "application: {providers: [{name: reader, kind: biometric, uid: 64020, help: h}, {name: key, kind: auth-plugin, uid: 4294967294, help: h}]}",
		"" },
	{ 9, "application: {providers: [{name: front, kind: button, uid: 64020, help: h}, {name: lcd, kind: display, uid: 64021, help: h}]}",
		"" },
	{ 9, "application: {providers: [{name: sonar, kind: link, uid: 64020, help: h}]}", "" },
	{ 9, "application: {providers: [{name: units, kind: services, uid: 64020, help: h, keeps: chrony modem@1}]}", "" },
	{ 9, "application: {providers: [{name: reader, kind: biometric, uid: 0, help: h}]}", "p.yaml:9:64: 'uid' is out of range ('0');" },
	{ 9, "application: {providers: [{name: reader, kind: telepathy, uid: 1, help: h}]}", "p.yaml:9:48: 'kind' must be one of biometric|" },
	{ 9, "application: {providers: [{name: a, kind: biometric, uid: 1, help: h}, {name: a, kind: biometric, uid: 2, help: h}]}",
		"p.yaml:9:79: name 'a' stands already in line 9;" },
	{ 9, "application: {remote-access: [{name: near, help: h, doors: [elsewhere], permissions: [log.read], certificate: yes, networks: [192.0.2.0/24]}]}",
		"" },
	{ 9, "application: {remote-access: [{name: near, help: h, permissions: [log.read]}]}", "p.yaml:9:31: 'doors' is missing;" },
	{ 9, "application: {remote-access: [{name: a, help: h, doors: [local], permissions: [log.read]}, {name: a, help: h, doors: [local], permissions: [log.read]}]}",
		"p.yaml:9:99: name 'a' stands already in line 9;" },
	{ 9, "claims: &a [DI.IMS.1]", "p.yaml:9:9: " },
	{ 9, "claims: [DI.IMS.1", "p.yaml:" },
};

static void test_mistakes(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, problems = { 0 };

		tw_buf_init(&text, sys, 65536);
		tw_buf_init(&problems, sys, 65536);
		for (unsigned line = 1; line <= TW_COUNT(good); line++)
			CHECK_OK(tw_buf_format(&text, "%s\n", line == rows[i].line ? rows[i].replaced : good[line - 1]));
		read_text(tw_buf_cstr(&text), &problems, NULL);
		if (*rows[i].wanted ? strncmp(tw_buf_cstr(&problems), rows[i].wanted, strlen(rows[i].wanted)) != 0 : problems.size != 0)
			fail_msg("row %zu (%s): got \"%s\", want \"%s\"", i, rows[i].replaced, tw_buf_cstr(&problems), rows[i].wanted);
	}
}

static void test_all_mistakes_are_kept(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	read_text("format: 3\ncolor: red\nsupport: {start: x}\n", &b, NULL);
	CHECK(strstr(tw_buf_cstr(&b), "p.yaml:1:9: "));
	CHECK(strstr(tw_buf_cstr(&b), "p.yaml:2:1: "));
	CHECK(strstr(tw_buf_cstr(&b), "p.yaml:3:18: "));
	CHECK(strstr(tw_buf_cstr(&b), "'contacts' is missing"));
}

static void test_problems_are_limited(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, problems = { 0 };

	tw_buf_init(&text, sys, 65536);
	tw_buf_init(&problems, sys, 65536);
	for (int i = 0; i < 200; i++)
		CHECK_OK(tw_buf_format(&text, "k%d: 1\n", i));
	read_text(tw_buf_cstr(&text), &problems, NULL);
	CHECK(strstr(tw_buf_cstr(&problems), "and 158 more"));
}

/* No memory at the k-th call: an error or nothing, never a crash; the leak checker sees the rest. */
static void test_out_of_memory(void **state)
{
	tw_fake *f = tw_fake_new();

	for (long k = 1;; k++) {
		struct tw_problems p;
		json_t *product = NULL;

		CHECK_OK(tw_problems_init(&p, "p.yaml"));
		tw_fake_fail(f, k, 12, false);
		tw_err e = tw_product_read(tw_fake_sys(f), tw_slice_of(tw_product_example), &p, &product);
		bool fired = tw_fake_fired(f);

		CHECK(tw_failed(e) == fired);
		json_decref(product);
		tw_problems_done(&p);
		if (!fired)
			break;
	}
	tw_fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_is_right),
		cmocka_unit_test(test_template_needs_filling_in),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_all_mistakes_are_kept),
		cmocka_unit_test(test_problems_are_limited),
		cmocka_unit_test(test_out_of_memory),
	};
	TW_CLEANUP(tw_fake_freep) tw_fake *f = tw_fake_new();

	sys = tw_fake_sys(f);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
