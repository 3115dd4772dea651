/* SPDX-License-Identifier: Apache-2.0 */
/* Documents for customers: what is said of each kind of item; our own validator and our own reader take them; a document is carried on. */
#include "product/vex.h"

#include "check.h"
#include "formats/vexread.h"
#include "oom.h"

#define FACTS "\"facts\":\"00112233445566778899aabbccddeeff\""
#define ITEM(id, more)                                                                                                                        \
	"\"" id " k\":{\"vulnerability\":\"" id                                                                                               \
	"\",\"component\":\"pkg:deb/debian/curl\",\"name\":\"curl\",\"version\":\"8.0-1\",\"purl\":\"pkg:deb/debian/curl@8.0-1\"," FACTS more \
	"}"
#define RULED(rule) ",\"state\":\"ruled\",\"rule\":\"" rule "\",\"because\":\"it is so\",\"evidence\":[\"seen\"]"

static const char items[] = "{" ITEM("CVE-2026-0001", ",\"state\":\"open\",\"summary\":\"S\"") "," ITEM(
	"CVE-2026-0002", RULED("not-compiled")) "," ITEM("CVE-2026-0003", RULED("corrected")) "," ITEM("CVE-2026-0004",
	RULED("outside-range")) "," ITEM("CVE-2026-0005", ",\"state\":\"open\"") "," ITEM("CVE-2026-0006",
	",\"state\":\"open\"") "," ITEM("GHSA-1", RULED("not-present")) "," ITEM("CVE-2026-0007",
	RULED("stated") ",\"statements\":[{\"status\":\"not_affected\",\"justification\":\"inline_mitigations_already_exist\"}]") "," ITEM("CVE-2026-0008",
	RULED("stated") ",\"statements\":[{\"status\":\"fixed\"}]") ",\"o\":{\"vulnerability\":\"CVE-2026-0001\",\"component\":\"odd one\",\"name\":\"odd one\",\"version\":\"\","
								    "\"purl\":\"no purl\",\"state\":\"again\"," FACTS "}}";
static const char decisions[] =
	"{\"CVE-2026-0005\":[{\"component\":\"curl\",\"status\":\"affected\",\"action\":\"Update.\"," FACTS "}],"
	"\"CVE-2026-0006\":[{\"component\":\"curl\",\"status\":\"not_affected\",\"impact\":\"None.\"," FACTS "}],"
	"\"CVE-2026-0001\":[{\"component\":\"curl\",\"status\":\"fixed\",\"facts\":\"ff112233445566778899aabbccddeeff\"}]}";
static const char product[] = "{\"organization\":{\"name\":\"Example Ltd\"},\"product\":{\"name\":\"Lamp\",\"code\":\"lamp\"},"
			      "\"contacts\":{\"policy-url\":\"https://lamps.example/policy\"}}";

static json_t *parsed(const char *text)
{
	json_t *o = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(text), 65536, &o));
	return o;
}

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	return tw_buf_format(user, "%s %s %s %s\n", s->vulnerability, s->purl, tw_vex_status_name(s->status), s->justification);
}

/* Of the components; the order is that of the items in OpenVEX. */
static const char openvex_told[] = "CVE-2026-0001 pkg:deb/debian/curl@8.0-1 under_investigation \n"
				   "CVE-2026-0002 pkg:deb/debian/curl@8.0-1 not_affected vulnerable_code_not_present\n"
				   "CVE-2026-0003 pkg:deb/debian/curl@8.0-1 fixed \n"
				   "CVE-2026-0005 pkg:deb/debian/curl@8.0-1 affected \n"
				   "CVE-2026-0006 pkg:deb/debian/curl@8.0-1 not_affected \n"
				   "GHSA-1 pkg:deb/debian/curl@8.0-1 not_affected component_not_present\n"
				   "CVE-2026-0007 pkg:deb/debian/curl@8.0-1 not_affected inline_mitigations_already_exist\n"
				   "CVE-2026-0008 pkg:deb/debian/curl@8.0-1 fixed \n"
				   "CVE-2026-0001 pkg:generic/odd%20one under_investigation \n";
static const char csaf_told[] = "CVE-2026-0001 pkg:deb/debian/curl@8.0-1 under_investigation \n"
				"CVE-2026-0001 pkg:generic/odd%20one under_investigation \n"
				"CVE-2026-0002 pkg:deb/debian/curl@8.0-1 not_affected vulnerable_code_not_present\n"
				"CVE-2026-0003 pkg:deb/debian/curl@8.0-1 fixed \n"
				"CVE-2026-0005 pkg:deb/debian/curl@8.0-1 affected \n"
				"CVE-2026-0006 pkg:deb/debian/curl@8.0-1 not_affected \n"
				"CVE-2026-0007 pkg:deb/debian/curl@8.0-1 not_affected inline_mitigations_already_exist\n"
				"CVE-2026-0008 pkg:deb/debian/curl@8.0-1 fixed \n";

static struct tw_vex_from from_all(void)
{
	return (struct tw_vex_from){ parsed(product), "1.0", parsed(items), parsed(decisions), NULL, "2026-01-02T03:04:05Z" };
}

static void from_done(struct tw_vex_from *f)
{
	json_decref((json_t *)(uintptr_t)f->product);
	json_decref((json_t *)(uintptr_t)f->items);
	json_decref((json_t *)(uintptr_t)f->decisions);
}

static void check_told(const json_t *document, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_vex_read(document, on_statement, &b));
	CHECK_TEXT(tw_buf_cstr(&b), want);
}

static void test_csaf(void **state)
{
	struct tw_vex_from f = from_all();
	TW_CLEANUP(tw_jsonp) json_t *first = NULL, *second = NULL, *third = NULL;

	CHECK_OK(tw_vex_csaf(tw_sys_real(), &f, &first)); /* which is valid, or it would not come */
	check_told(first, csaf_told);
	f.previous = first;
	f.now = "2026-02-02T03:04:05Z";
	CHECK_OK(tw_vex_csaf(tw_sys_real(), &f, &second));
	const json_t *tracking = json_object_get(json_object_get(second, "document"), "tracking");
	CHECK_TEXT(tw_json_text(tracking, "version"), "2");
	CHECK_TEXT(tw_json_text(tracking, "initial_release_date"), "2026-01-02T03:04:05Z");
	CHECK_TEXT(tw_json_text(tracking, "current_release_date"), "2026-02-02T03:04:05Z");
	f.version = "1.1";
	CHECK_ERR(tw_vex_csaf(tw_sys_real(), &f, &third), UNTRUSTED);
	f.version = "1.0";
	f.now = "2025-02-02T03:04:05Z"; /* a clock that went back */
	CHECK_ERR(tw_vex_csaf(tw_sys_real(), &f, &third), STATE);
	CHECK(!third);
	from_done(&f);
}

static void test_openvex(void **state)
{
	struct tw_vex_from f = from_all();
	TW_CLEANUP(tw_jsonp) json_t *first = NULL, *second = NULL, *third = NULL;

	CHECK_OK(tw_vex_openvex(tw_sys_real(), &f, &first));
	check_told(first, openvex_told);
	CHECK_TEXT(tw_json_text(first, "@id"), "https://lamps.example/policy/vex/lamp-1.0");
	f.previous = first;
	CHECK_OK(tw_vex_openvex(tw_sys_real(), &f, &second));
	CHECK_INT(tw_json_int(second, "version"), 2);
	f.version = "1.1";
	CHECK_ERR(tw_vex_openvex(tw_sys_real(), &f, &third), UNTRUSTED);
	from_done(&f);
}

static void test_nothing_to_say(void **state)
{
	struct tw_vex_from f = from_all();
	TW_CLEANUP(tw_jsonp) json_t *none = json_object(), *ret = NULL;
	const json_t *all = f.items, *whose = f.product;

	f.items = none;
	CHECK_ERR(tw_vex_csaf(tw_sys_real(), &f, &ret), STATE);
	CHECK_ERR(tw_vex_openvex(tw_sys_real(), &f, &ret), STATE);
	f.items = all;
	f.product = none;
	CHECK_ERR(tw_vex_csaf(tw_sys_real(), &f, &ret), STATE);
	CHECK_ERR(tw_vex_openvex(tw_sys_real(), &f, &ret), STATE);
	CHECK(!ret);
	f.product = whose;
	from_done(&f);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *csaf = NULL, *openvex = NULL;

	TW_TRY(tw_vex_openvex(sys, user, &openvex));
	return tw_vex_csaf(sys, user, &csaf);
}

static void test_out_of_memory(void **state)
{
	struct tw_vex_from f = from_all();

	(void)told_sweep(ENOMEM, sweep, &f, "");
	from_done(&f);
}

CHECK_MAIN(cmocka_unit_test(test_csaf), cmocka_unit_test(test_openvex), cmocka_unit_test(test_nothing_to_say),
	cmocka_unit_test(test_out_of_memory))
