/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/manifest.h"

#include "sys/real.h"
#include "check.h"
#include "oom.h"

#define NOW 1790000000000

static const struct tw_sys *sys;

static const char GOOD[] =
	"{\"format\":1,\"organization\":{\"name\":\"Example\",\"pen\":32473},\"product\":{\"name\":\"Thermostat\",\"class\":\"thermostat\","
	"\"model\":\"TH-100\",\"hardware\":\"A, B\",\"version\":\"1.0.0\"},\"support\":{\"start\":\"2026-11-02\",\"end\":\"2033-11-02\"},"
	"\"contacts\":[{\"kind\":\"security\",\"address\":\"mailto:security@example.com\"}],"
	"\"cryptography\":{\"hash\":4096,\"seal\":2048,\"sign\":50,\"verify\":25},\"application\":{\"settings\":["
	"{\"key\":\"application.target\",\"type\":\"int\",\"unit\":\"\xc2\xb0"
	"C\",\"min\":5,\"max\":30,\"choices\":\"\",\"default\":\"20\","
	"\"baseline\":\"20\",\"help\":\"The wanted temperature.\"},{\"key\":\"application.mode\",\"type\":\"choice\",\"unit\":\"\",\"min\":0,"
	"\"max\":0,\"choices\":\"comfort|eco\",\"default\":\"comfort\",\"baseline\":\"eco\",\"help\":\"How eagerly.\"}],\"events\":["
	"{\"id\":\"application.sensor-fault\",\"severity\":\"error\",\"help\":\"No value.\",\"fields\":[{\"key\":\"what\",\"kind\":\"text\","
	"\"required\":true}]}],\"health\":[\"sensor\",\"control\"],\"access\":{\"permissions\":[{\"name\":\"application.temperature.read\","
	"\"help\":\"See it.\",\"roles\":[\"anyone\"]},{\"name\":\"application.sensor.calibrate\",\"help\":\"Correct it.\",\"roles\":["
	"\"application.installer\",\"admin\"]}],\"roles\":[{\"name\":\"application.installer\",\"help\":\"Put it up.\",\"inherits\":["
	"\"application.resident\"]},{\"name\":\"application.resident\",\"help\":\"Lives there.\",\"inherits\":[\"user\"]}]},"
	"\"providers\":[{\"name\":\"reader\",\"help\":\"Reads fingers.\",\"kind\":\"biometric\",\"uid\":64020},{\"name\":\"key-2\",\"help\":\"A key.\","
	"\"kind\":\"auth-plugin\",\"uid\":64021}]},"
	"\"claims\":[\"DI.IMS.1\",\"DI.IMS.2\"]}";

/* Beside the rest of it, in place of nothing. */
#define SURFACE                                                                                                                             \
	"\"interfaces\":[{\"name\":\"lan\",\"kind\":\"ethernet\",\"kernel\":\"eth*\",\"purpose\":\"All of it.\",\"on\":true},"              \
	"{\"name\":\"dns\",\"kind\":\"service\",\"kernel\":\"udp 5353\",\"purpose\":\"Names.\",\"on\":false}],"                             \
	"\"flows\":[{\"name\":\"readings\",\"purpose\":\"Readings.\",\"interface\":\"lan\",\"in\":false,\"out\":true,\"protocol\":\"tcp\"," \
	"\"ports\":\"443 5000-5010\",\"networks\":\"10.0.0.0/8 2001:db8::1\",\"optional\":true}],"

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	return 0;
}

static tw_err read_text(const struct tw_sys *s, const char *text, tw_manifest_doc **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_TRY(tw_json_parse(tw_slice_of(text), TW_MANIFEST_MAX, &j));
	return tw_manifest_read(s, j, ret);
}

static void test_read_and_write(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	TW_CLEANUP(tw_jsonp) json_t *want = NULL;
	CHECK_OK(read_text(sys, GOOD, &d));
	const struct tw_manifest *m = tw_manifest_of(d);
	CHECK_INT(m->pen, 32473);
	CHECK_TEXT(m->product_class, "thermostat");
	CHECK_INT(m->floors.hash, 4096);
	CHECK_INT(m->floors.seal, 2048);
	CHECK_INT(m->floors.sign, 50);
	CHECK_INT(m->floors.verify, 25);
	CHECK_INT(m->setting_count, 2);
	CHECK_TEXT(m->settings[1].choices, "comfort|eco");
	CHECK_INT(m->settings[0].max, 30);
	CHECK_INT(m->provider_count, 2);
	CHECK_TEXT(m->providers[0].name, "reader");
	CHECK_TEXT(m->providers[0].help, "Reads fingers.");
	CHECK(m->providers[0].kind == TW_MANIFEST_BIOMETRIC && m->providers[0].uid == 64020);
	CHECK(m->providers[1].kind == TW_MANIFEST_AUTH_PLUGIN && m->providers[1].uid == 64021);
	CHECK_INT(m->event_count, 1);
	CHECK(m->events[0].fields[0].required && m->events[0].fields[0].kind == TW_JSON_TEXT);
	CHECK_INT(m->health_count, 2);
	CHECK_TEXT(m->claims[1], "DI.IMS.2");
	CHECK_TEXT(m->contacts[0].address, "mailto:security@example.com");
	CHECK_INT(m->permission_count, 2);
	CHECK_TEXT(m->permissions[1].name, "application.sensor.calibrate");
	CHECK_TEXT(m->permissions[1].help, "Correct it.");
	CHECK_INT(m->permissions[1].role_count, 2);
	CHECK_TEXT(m->permissions[1].roles[1], "admin");
	CHECK_INT(m->role_count, 2);
	CHECK_TEXT(m->roles[0].name, "application.installer");
	CHECK_TEXT(m->roles[0].help, "Put it up.");
	CHECK_INT(m->roles[0].inherit_count, 1);
	CHECK_TEXT(m->roles[0].inherits[0], "application.resident");
	CHECK_OK(tw_manifest_write(m, &again));
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &want));
	CHECK(json_equal(again, want));
}

/* The good manifest with the first `from` replaced. */
static tw_err read_changed(const char *from, const char *to, tw_manifest_doc **ret)
{
	char text[sizeof GOOD + 400];
	const char *at = strstr(GOOD, from);
	CHECK(at != NULL);
	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
	return read_text(sys, text, ret);
}

#define S16 "ABCDEFGHIJKLMNOP"
#define S64 S16 S16 S16 S16
#define L16 "abcdefghijklmnop"
#define SETTING "{\"key\":\"application.mode\",\"type\":\"choice\","
#define ONE_SETTING(type, min, max, usual, secure)                                                               \
	"{\"key\":\"application.more\",\"type\":\"" type "\",\"min\":" min ",\"max\":" max ",\"default\":" usual \
	",\"baseline\":" secure ",\"help\":\"More.\"}," SETTING
#define TEXT_SETTING(min, max, usual, secure) ONE_SETTING("text", min, max, usual, secure)
#define INT_SETTING(min, max, usual, secure) ONE_SETTING("int", min, max, usual, secure)
#define BOOL_SETTING(usual, secure) ONE_SETTING("bool", "0", "0", usual, secure)

#define RESIDENT "{\"name\":\"application.resident\""
#define INHERITS "\"inherits\":[\"application.resident\"]"
#define READ "application.temperature.read"

#define A_PROVIDER(name) "{\"name\":\"" name "\",\"help\":\"x\",\"kind\":\"biometric\",\"uid\":1},"
#define MORE_PROVIDERS A_PROVIDER("x") A_PROVIDER("y")
#define PROVIDER(more) "\"providers\":[" more
#define READER_AND(first, second, uid) \
	"\"kind\":\"" first "\",\"uid\":64020},{\"name\":\"key-2\",\"help\":\"A key.\",\"kind\":\"" second "\",\"uid\":" uid
#define READER_AND_KEY READER_AND("biometric", "auth-plugin", "64021")

/* What is right at a bound is taken. */
static void test_taken(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "\"DI.IMS.2\"", "\"" S64 "\"" },
		{ "\"DI.IMS.2\"", "\"A\"" },
		{ "mailto:security@example.com", "https://example.com/" },
		{ "mailto:security@example.com", "tel:+49301234567" },
		{ "2026-11-02", "" },
		{ "\"default\":\"20\"", "\"default\":\"5\"" },
		{ "\"default\":\"20\"", "\"default\":\"30\"" },
		{ "\"min\":5,", "\"min\":-5," },
		{ "\"choices\":\"comfort|eco\",\"default\":\"comfort\",\"baseline\":\"eco\"",
			"\"choices\":\"a|b\",\"default\":\"a\",\"baseline\":\"b\"" },
		{ "\"application.target\"", "\"application." L16 L16 L16 L16 L16 L16 L16 "abcd\"" }, /* 128 */
		{ "[\"sensor\",\"control\"]", "[]" },
		{ SETTING, TEXT_SETTING("1", "3", "\"a\"", "\"abc\"") },
		{ SETTING, TEXT_SETTING("0", "3", "\"\"", "\"abc\"") },
		{ SETTING, BOOL_SETTING("\"on\"", "\"off\"") },
		{ SETTING, BOOL_SETTING("\"off\"", "\"on\"") },
		{ SETTING, INT_SETTING("0", "3", "\"0\"", "\"3\"") },
		{ "[\"sensor\",\"control\"]", "[\"" L16 L16 L16 L16 L16 L16 L16 L16 "\"]" }, /* 128 */
		{ READ, "application.a.b" },
		{ READ, "application.a-1.b2.c" },
		{ READ, "application." L16 L16 "." L16 "abc" },                                                          /* 64 */
		{ RESIDENT, "{\"name\":\"application." L16 "abcdefghijkl\",\"help\":\"x\",\"inherits\":[]}," RESIDENT }, /* 40 */
		{ "\"roles\":[\"anyone\"]", "\"roles\":[]" },
		{ "\"roles\":[\"anyone\"]",
			"\"roles\":[\"account\",\"guest\",\"user\",\"operator\",\"admin\",\"auditor\",\"emergency\",\"supporting-party\"]" },
		{ "\"reader\"", "\"a\"" },
		{ "\"reader\"", "\"" L16 L16 "\"" }, /* 32 */
		{ "\"uid\":64020", "\"uid\":1" },
		{ "\"uid\":64020", "\"uid\":4294967294" },
		{ PROVIDER(""), PROVIDER(MORE_PROVIDERS) }, /* four */
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"button\",\"uid\":64021" },
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"display\",\"uid\":64021" },
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"link\",\"uid\":64021" },
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"services\",\"uid\":64021" },
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"services\",\"keeps\":\"ssh getty@tty1\",\"uid\":64021" },
		{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"auth-plugin\",\"uid\":64020" }, /* one reads both */
		{ READER_AND_KEY, READER_AND("button", "button", "64020") },                            /* of two buttons as well */
		{ INHERITS, "\"inherits\":[]" },
		{ INHERITS, "\"inherits\":[\"guest\",\"user\",\"operator\",\"application.resident\"]" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
		tw_err e = read_changed(rows[i].from, rows[i].to, &d);
		if (tw_failed(e))
			fail_msg("%s -> %s: %s", rows[i].from, rows[i].to, tw_err_detail());
	}
}

/* A maker need not say how fast a unit is. */
static void test_without_floors(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	CHECK_OK(read_changed("\"cryptography\":{\"hash\":4096,\"seal\":2048,\"sign\":50,\"verify\":25},", "", &d));
	CHECK_INT(tw_manifest_of(d)->floors.hash, 0);
	CHECK_OK(tw_manifest_write(tw_manifest_of(d), &again));
	CHECK(!tw_json_get(again, "cryptography"));
}

/* Nor who may do what: then the payload is one that releases before roles of products read. */
static void test_without_access(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
	CHECK_INT(json_object_del(json_object_get(j, "application"), "access"), 0);
	CHECK_OK(tw_manifest_read(sys, j, &d));
	CHECK(!tw_manifest_of(d)->permissions && !tw_manifest_of(d)->roles && !tw_manifest_of(d)->permission_count);
	CHECK_OK(tw_manifest_write(tw_manifest_of(d), &again));
	CHECK(json_equal(j, again));
}

/* And one without providers is one that releases before them read. */
static void test_without_providers(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
	CHECK_INT(json_object_del(json_object_get(j, "application"), "providers"), 0);
	CHECK_OK(tw_manifest_read(sys, j, &d));
	CHECK_INT(tw_manifest_of(d)->provider_count, 0);
	CHECK_OK(tw_manifest_write(tw_manifest_of(d), &again));
	CHECK(json_equal(j, again));
}

#define RULE(more) "{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"elsewhere\"],\"permissions\":[\"application.a.b\"]" more "}"
#define ON_SITE(more) "{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"local\"],\"permissions\":[\"log.read\"]" more "}"

/* @nist LA.IC.1.4: rules of access, a row for each way to write one and to refuse one; what is taken is written back as it was */
static void test_rules_of_access(void **state)
{
	static const struct {
		const char *list;
		enum tw_code code;
	} rows[] = {
		{ "[" RULE("") "]", TW_CODE_OK },
		{ "[" RULE(",\"certificate\":true,\"networks\":[\"192.0.2.0/24\",\"2001:db8::/32\"],\"optional\":true") "]", TW_CODE_OK },
		{ "[" ON_SITE(",\"certificate\":false") "]", TW_CODE_OK },
		{ "[" RULE("") "," RULE("") "]", TW_CODE_SYNTAX },
		{ "[7]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"roles\":[]") "]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"networks\":[]") "]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"networks\":[\"192.0.2.1/24\"]") "]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"networks\":[7]") "]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"networks\":[\"192.0.2.1\",\"192.0.2.1\"]") "]", TW_CODE_SYNTAX },
		{ "[" RULE(",\"certificate\":1") "]", TW_CODE_SYNTAX },
		{ "[" ON_SITE(",\"certificate\":true") "]", TW_CODE_SYNTAX },
		{ "[" ON_SITE(",\"networks\":[\"192.0.2.1\"]") "]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"Near\",\"help\":\"x\",\"doors\":[\"local\"],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near-\",\"help\":\"x\",\"doors\":[\"local\"],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"\\u0007\",\"doors\":[\"local\"],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"x\",\"doors\":[],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"window\"],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"local\"],\"permissions\":[]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"local\"],\"permissions\":[\"*\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"help\":\"x\",\"doors\":[\"local\"]}]", TW_CODE_SYNTAX },
		{ "[{\"name\":\"near\",\"doors\":[\"local\"],\"permissions\":[\"log.read\"]}]", TW_CODE_SYNTAX },
		{ "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", TW_CODE_LIMIT },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
		TW_CLEANUP(tw_jsonp) json_t *j = NULL, *list = NULL, *again = NULL;

		CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
		CHECK_OK(tw_json_parse(tw_slice_of(rows[i].list), 4096, &list));
		CHECK_OK(tw_json_set(json_object_get(j, "application"), "remote-access", json_incref(list)));
		tw_err e = tw_manifest_read(sys, j, &d);
		if (e.code != rows[i].code)
			fail_msg("%s: %s", rows[i].list, tw_failed(e) ? tw_err_detail() : "taken");
		if (tw_failed(e))
			continue;
		CHECK_OK(tw_manifest_write(tw_manifest_of(d), &again));
		CHECK(json_equal(j, again));
	}
}

/* What a product has of the two is written, also when it has none of the other. */
static void test_half_an_access(void **state)
{
	static const char *const kept[] = { "permissions", "roles" };
	for (size_t i = 0; i < TW_COUNT(kept); i++) {
		TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		TW_CLEANUP(tw_jsonp) json_t *again = NULL;
		CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
		json_t *access = json_object_get(json_object_get(j, "application"), "access");
		CHECK_INT(json_array_remove(json_object_get(access, "permissions"), 1), 0); /* which names a role of the product */
		CHECK_INT(json_array_clear(json_object_get(access, kept[!i])), 0);
		CHECK_OK(tw_manifest_read(sys, j, &d));
		CHECK(!tw_manifest_of(d)->permissions == (i == 1) && !tw_manifest_of(d)->roles == (i == 0));
		CHECK_OK(tw_manifest_write(tw_manifest_of(d), &again));
		CHECK(json_equal(j, again));
	}
}

static void test_no_rows_no_array(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	CHECK_OK(read_changed("[\"sensor\",\"control\"]", "[]", &d));
	CHECK(tw_manifest_of(d)->health == NULL && tw_manifest_of(d)->health_count == 0);
}

static const struct {
	const char *from, *to;
} refused[] = {
	{ "\"format\":1", "\"format\":2" },
	{ "\"format\":1,", "" },
	{ "{\"format\"", "{\"new\":1,\"format\"" },
	{ "\"pen\":32473", "\"pen\":0" },
	{ "\"pen\":32473", "\"pen\":4294967296" },
	{ "\"pen\":32473", "\"pen\":\"32473\"" },
	{ "\"name\":\"Example\"", "\"name\":\"\"" },
	{ "\"name\":\"Example\"", "\"name\":\"a\\u0007\"" },
	{ "\"class\":\"thermostat\"", "\"class\":\"thermo-stat\"" },
	{ "\"class\":\"thermostat\"", "\"class\":\"\"" },
	{ "\"model\":\"TH-100\"", "\"model\":\"\"" },
	{ "\"hardware\":\"A, B\",", "" },
	{ "2026-11-02", "2026-13-02" },
	{ "2026-11-02", "2026-11-2" },
	{ "2033-11-02", "tomorrow" },
	{ "\"kind\":\"security\"", "\"kind\":\"sales\"" },
	{ "mailto:security", "javascript:alert" },
	{ "mailto:security@example.com", "http://example.com" },
	{ "\"hash\":4096,", "" },
	{ "\"hash\":4096", "\"hash\":0" },
	{ "\"seal\":2048", "\"seal\":\"2048\"" },
	{ "\"sign\":50", "\"sign\":1000000001" },
	{ "\"verify\":25", "\"verify\":25,\"more\":1" },
	{ "\"application.target\"", "\"target\"" },
	{ "\"application.target\"", "\"identification.remote-read\"" },
	{ "\"application.target\"", "\"application.\"" },
	{ "\"application.target\"", "\"application.Target\"" },
	{ "\"application.target\"", "\"application.mode\"" },
	{ "\"type\":\"int\"", "\"type\":\"float\"" },
	{ "\"default\":\"20\"", "\"default\":\"4\"" },
	{ "\"default\":\"20\"", "\"default\":\"020\"" },
	{ "\"default\":\"20\"", "\"default\":\"+20\"" },
	{ "\"default\":\"20\"", "\"default\":\"\"" },
	{ "\"default\":\"20\"", "\"default\":20" },
	{ "\"baseline\":\"20\"", "\"baseline\":\"31\"" },
	{ "\"type\":\"int\"", "\"type\":\"bool\"" },
	{ "\"default\":\"comfort\"", "\"default\":\"comf\"" },
	{ "\"default\":\"comfort\"", "\"default\":\"comfort|eco\"" },
	{ "\"default\":\"comfort\"", "\"default\":\"\"" },
	{ "\"help\":\"How eagerly.\"", "\"help\":\"\"" },
	{ "\"help\":\"How eagerly.\"", "\"x\":1" },
	{ "\"application.sensor-fault\"", "\"ownership.taken\"" },
	{ "\"severity\":\"error\"", "\"severity\":\"fatal\"" },
	{ "\"kind\":\"text\"", "\"kind\":\"object\"" },
	{ "\"required\":true", "\"required\":\"yes\"" },
	{ "[\"sensor\",\"control\"]", "[\"sensor\",\"sensor\"]" },
	{ "[\"sensor\",\"control\"]", "[\"Sensor\"]" },
	{ "[\"sensor\",\"control\"]", "[1]" },
	{ "\"DI.IMS.2\"", "\"DI.IMS.1\"" },
	{ "\"DI.IMS.2\"", "\"di ims\"" },
	{ "\"DI.IMS.2\"", "\"*\"" },
	{ "\"claims\":[\"DI.IMS.1\",\"DI.IMS.2\"]", "\"claims\":{}" },
	{ "\"DI.IMS.2\"", "\"\"" },
	{ "\"DI.IMS.2\"", "\"" S64 "A\"" },
	{ "\"name\":\"Thermostat\"", "\"name\":\"a\\u0007\"" },
	{ "\"model\":\"TH-100\"", "\"model\":\"a\\u0007\"" },
	{ "\"hardware\":\"A, B\"", "\"hardware\":\"a\\u0007\"" },
	{ "\"version\":\"1.0.0\"", "\"version\":\"a\\u0007\"" },
	{ "\"unit\":\"\xc2\xb0"
	  "C\"",
		"\"unit\":\"\\u0007\"" },
	{ "\"help\":\"How eagerly.\"", "\"help\":\"\\u0007\"" },
	{ "\"help\":\"No value.\"", "\"help\":\"\\u0007\"" },
	{ "\"help\":\"No value.\"", "\"help\":\"x\",\"new\":1" },
	{ "mailto:security@example.com", "mailto:a\\u0007" },
	{ "mailto:security@example.com", "tel" },
	{ "\"kind\":\"security\"", "\"kind\":\"security\",\"new\":1" },
	{ "\"support\":{", "\"support\":{\"new\":1," },
	{ "\"application\":{", "\"application\":{\"new\":1," },
	{ "2026-11-02", "2026-11-021" },
	{ "\"choices\":\"comfort|eco\",\"default\":\"comfort\",\"baseline\":\"eco\"", "\"choices\":\"\",\"default\":\"\",\"baseline\":\"\"" },
	{ "\"application.target\"", "\"application.target-\"" },
	{ "\"application.target\"", "\"application." S64 S64 "\"" },
	{ "[\"sensor\",\"control\"]", "[\"-sensor\"]" },
	{ "[\"sensor\",\"control\"]", "[\".sensor\"]" },
	{ "[\"sensor\",\"control\"]", "[\"sensor.\"]" },
	{ "[\"sensor\",\"control\"]", "[\"\"]" },
	{ "\"key\":\"what\"", "\"key\":\"What\"" },
	{ "\"key\":\"what\",\"kind\":\"text\",\"required\":true}",
		"\"key\":\"what\",\"kind\":\"text\",\"required\":true},{\"key\":\"what\",\"kind\":\"int\",\"required\":true}" },
	{ SETTING, TEXT_SETTING("1", "3", "\"\"", "\"abc\"") },
	{ SETTING, TEXT_SETTING("1", "3", "\"abc\"", "\"abcd\"") },
	{ SETTING, TEXT_SETTING("1", "3", "\"a\"", "\"\\u0007\"") },
	{ SETTING, BOOL_SETTING("\"on\"", "\"yes\"") },
	{ SETTING, BOOL_SETTING("\"ON\"", "\"off\"") },
	{ SETTING, INT_SETTING("0", "3", "\"x\"", "\"3\"") },
	{ SETTING, INT_SETTING("0", "3", "\"0\"", "\"-\"") },
	{ "[\"sensor\",\"control\"]", "[\"" L16 L16 L16 L16 L16 L16 L16 L16 "a\"]" },
	{ "\"access\":{", "\"access\":{\"new\":1," },
	{ READ, "application.temperature" }, /* one word could be one of the device's own */
	{ READ, "settings.change" },
	{ READ, "application..read" },
	{ READ, "application.temperature." },
	{ READ, "application.temperature.-" },
	{ READ, "application.temperature-.read" },
	{ READ, "application.temperature.7" },
	{ READ, "application.temperature.*" },
	{ READ, "application.Temperature.read" },
	{ READ, "application.temperature.re_ad" },
	{ READ, "application.sensor.calibrate" },
	{ READ, "application." L16 L16 "." L16 "abcd" },
	{ "\"help\":\"See it.\"", "\"help\":\"\"" },
	{ "\"help\":\"See it.\"", "\"help\":\"\\u0007\"" },
	{ "\"help\":\"See it.\"", "\"help\":\"See it.\",\"new\":1" },
	{ "[\"anyone\"]", "[\"owner\"]" }, /* who holds each of them as it is */
	{ "[\"anyone\"]", "[\"console\"]" },
	{ "[\"anyone\"]", "[\"application.nobody\"]" },
	{ "[\"anyone\"]", "[\"anyone\",\"anyone\"]" },
	{ "[\"anyone\"]", "[1]" },
	{ "[\"anyone\"]", "\"anyone\"" },
	{ "\"help\":\"Lives there.\"", "\"help\":\"\\u0007\"" },
	{ "\"help\":\"Lives there.\"", "\"help\":\"x\",\"new\":1" },
	{ RESIDENT, "{\"name\":\"application.installer\"" },
	{ RESIDENT, "{\"name\":\"resident\"" },
	{ RESIDENT, "{\"name\":\"admin\"" },
	{ RESIDENT, "{\"name\":\"resident\",\"help\":\"x\",\"inherits\":[]}," RESIDENT },
	{ RESIDENT, RESIDENT ",\"help\":\"x\",\"inherits\":[]}," RESIDENT },
	{ RESIDENT, "{\"name\":\"application.\"" },
	{ RESIDENT, "{\"name\":\"application." L16 "abcdefghijklm\",\"help\":\"x\",\"inherits\":[]}," RESIDENT },
	{ "\"reader\"", "\"\"" },
	{ "\"reader\"", "\"" L16 L16 "a\"" },
	{ "\"reader\"", "\"Reader\"" },
	{ "\"reader\"", "\"2reader\"" },
	{ "\"reader\"", "\"-\"" },
	{ "\"reader\"", "\"reader-\"" },
	{ "\"reader\"", "\"a.b\"" },
	{ "\"reader\"", "\"key-2\"" },
	{ "\"help\":\"A key.\"", "\"help\":\"\"" },
	{ "\"help\":\"A key.\"", "\"help\":\"\\u0007\"" },
	{ "\"help\":\"A key.\"", "\"help\":\"x\",\"new\":1" },
	{ "\"kind\":\"biometric\"", "\"kind\":\"telepathy\"" },
	{ "\"uid\":64020", "\"uid\":0" },
	{ "\"uid\":64020", "\"uid\":4294967295" },
	{ "\"uid\":64020", "\"uid\":\"64020\"" },
	{ PROVIDER(""), PROVIDER("1,") },
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"button\",\"uid\":64020" },  /* whose word is it? */
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"display\",\"uid\":64020" }, /* a reader with a display: the same */
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"services\",\"uid\":64020" },
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"services\",\"keeps\":\"ssh  cron\",\"uid\":64021" },
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"services\",\"keeps\":\" ssh\",\"uid\":64021" },
	{ "\"kind\":\"auth-plugin\",\"uid\":64021", "\"kind\":\"auth-plugin\",\"keeps\":\"ssh\",\"uid\":64021" },
	{ READER_AND_KEY, READER_AND("services", "services", "64021") },   /* there is one service manager */
	{ READER_AND_KEY, READER_AND("display", "display", "64020") },     /* which of them? */
	{ READER_AND_KEY, READER_AND("display", "auth-plugin", "64020") }, /* also in the other order */
	{ READER_AND_KEY, READER_AND("button", "auth-plugin", "64020") },
	{ READER_AND_KEY, READER_AND("link", "link", "64020") },
	{ READER_AND_KEY, READER_AND("link", "auth-plugin", "64020") },
	{ INHERITS, "\"inherits\":[\"admin\"]" },
	{ INHERITS, "\"inherits\":[\"owner\"]" },
	{ INHERITS, "\"inherits\":[\"anyone\"]" },
	{ INHERITS, "\"inherits\":[\"application.nobody\"]" },
	{ INHERITS, "\"inherits\":[\"application.installer\"]" },
	{ INHERITS, "\"inherits\":[\"user\",\"user\"]" },
	{ "\"inherits\":[\"user\"]", "\"inherits\":[\"application.installer\"]" }, /* round a ring of two */
	{ RESIDENT,
		"{\"name\":\"application.x\",\"help\":\"x\",\"inherits\":[\"application.y\"]},{\"name\":\"application.y\",\"help\":\"x\","
		"\"inherits\":[\"application.z\"]},{\"name\":\"application.z\",\"help\":\"x\",\"inherits\":[\"application.x\"]}," RESIDENT },
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
		tw_err e = read_changed(refused[i].from, refused[i].to, &d);
		if (!tw_is(e, TW_CODE_SYNTAX))
			fail_msg("%s -> %s: %s", refused[i].from, refused[i].to, tw_code_name(e.code));
	}
}

static void test_limits(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	CHECK_ERR(read_changed(PROVIDER(""), PROVIDER(MORE_PROVIDERS A_PROVIDER("z")), &d), LIMIT);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
	json_t *health = json_object_get(json_object_get(j, "application"), "health");
	for (int i = 0; i < TW_MANIFEST_ROWS; i++)
		CHECK_INT(json_array_append_new(health, json_sprintf("h%d", i)), 0);
	CHECK_ERR(tw_manifest_read(sys, j, &d), LIMIT);
	while (json_array_size(health) > TW_MANIFEST_ROWS)
		CHECK_INT(json_array_remove(health, 0), 0);
	CHECK_OK(tw_manifest_read(sys, j, &d));
	d = tw_manifest_free(d);
	json_t *contacts = json_object_get(j, "contacts"), *events = json_object_get(json_object_get(j, "application"), "events");
	json_t *fields = json_object_get(json_array_get(events, 0), "fields");
	for (int i = 1; i < TW_MANIFEST_FIELDS; i++)
		CHECK_INT(json_array_append_new(fields,
				  json_pack("{s:o, s:s, s:b}", "key", json_sprintf("f%d", i), "kind", "int", "required", 0)),
			0);
	CHECK_OK(tw_manifest_read(sys, j, &d));
	d = tw_manifest_free(d);
	CHECK_INT(json_array_append_new(fields, json_pack("{s:s, s:s, s:b}", "key", "one", "kind", "int", "required", 0)), 0);
	CHECK_ERR(tw_manifest_read(sys, j, &d), LIMIT);
	json_array_clear(fields);
	while (json_array_size(contacts) < TW_COUNT(((struct tw_manifest *)NULL)->contacts))
		CHECK_INT(json_array_append(contacts, json_array_get(contacts, 0)), 0);
	CHECK_OK(tw_manifest_read(sys, j, &d));
	d = tw_manifest_free(d);
	CHECK_INT(json_array_append(contacts, json_array_get(contacts, 0)), 0);
	CHECK_ERR(tw_manifest_read(sys, j, &d), LIMIT);
	json_array_clear(contacts);
	CHECK_INT(json_array_append_new(events, json_deep_copy(json_array_get(events, 0))), 0);
	CHECK_ERR(tw_manifest_read(sys, j, &d), SYNTAX); /* an event twice */
}

static json_t *row_of(const char *name, size_t n, const char *list)
{
	return json_pack("{s:o, s:s, s:[]}", "name", json_sprintf("application.%s.n%zu", name, n), "help", "x", list);
}

/* As many as there may be, and one more. */
static void check_most(json_t *payload, json_t *list, json_t *extra, size_t most)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	CHECK_INT(json_array_size(list), most);
	if (tw_failed(tw_manifest_read(sys, payload, &d)))
		fail_msg("%s", tw_err_detail());
	d = tw_manifest_free(d);
	CHECK_INT(json_array_append_new(list, extra), 0);
	CHECK_ERR(tw_manifest_read(sys, payload, &d), LIMIT);
	CHECK_INT(json_array_remove(list, most), 0);
}

static void test_limits_of_access(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
	json_t *access = json_object_get(json_object_get(j, "application"), "access");
	json_t *permissions = json_object_get(access, "permissions"), *roles = json_object_get(access, "roles");
	for (size_t i = 2; i < TW_MANIFEST_PERMISSIONS; i++)
		CHECK_INT(json_array_append_new(permissions, row_of("p", i, "roles")), 0);
	for (size_t i = 2; i < TW_MANIFEST_ROLES; i++)
		CHECK_INT(json_array_append_new(roles, row_of("r", i, "inherits")), 0);
	check_most(j, permissions, row_of("p", 0, "roles"), TW_MANIFEST_PERMISSIONS);
	check_most(j, roles, row_of("r", 0, "inherits"), TW_MANIFEST_ROLES);
	json_t *holders = json_object_get(json_array_get(permissions, 5), "roles");
	json_t *inherits = json_object_get(json_array_get(roles, 5), "inherits");
	for (size_t i = 0; i < TW_MANIFEST_NAMES; i++) {
		CHECK_INT(json_array_append_new(holders, json_sprintf("application.r.n%zu", i + 10)), 0);
		CHECK_INT(json_array_append_new(inherits, json_sprintf("application.r.n%zu", i + 10)), 0);
	}
	check_most(j, holders, json_string("admin"), TW_MANIFEST_NAMES);
	check_most(j, inherits, json_string("user"), TW_MANIFEST_NAMES);
}

static void test_how_long_the_text_may_be(void **state)
{
	static char text[TW_MANIFEST_MAX + 1];
	tw_manifest_doc *d = NULL;
	memset(text, ' ', sizeof text);
	CHECK_ERR(tw_manifest_verify(sys, (struct tw_slice){ text, sizeof text }, NULL, NOW, &d), LIMIT);
	CHECK_ERR(tw_manifest_verify(sys, (struct tw_slice){ text, sizeof text - 1 }, NULL, NOW, &d), SYNTAX);
}

static void test_verify(void **state)
{
	const struct tw_cert_want ca_want = { .common_name = "CA", .is_ca = true, .not_before_ms = NOW };
	const struct tw_cert_want want = { .common_name = "Manifest signer", .not_before_ms = NOW };
	TW_CLEANUP(tw_key_freep) tw_key *ca_key = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *ca = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *stranger = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *unit = NULL;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	tw_buf_init(&b, sys, TW_JWS_MAX);
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_cert_make(sys, &ca_want, ca_key, NULL, ca_key, &ca));
	CHECK_OK(tw_cert_make(sys, &ca_want, key, NULL, key, &stranger));
	CHECK_OK(tw_cert_make(sys, &want, key, ca, ca_key, &cert));
	CHECK_OK(tw_json_parse(TW_SLICE(GOOD), TW_MANIFEST_MAX, &j));
	struct tw_signer signer = tw_signer_of_key(key);
	CHECK_OK(tw_jws_sign(sys, TW_JWS_MANIFEST, cert, j, &signer, &b));
	CHECK_OK(tw_manifest_verify(sys, tw_buf_slice(&b), ca, NOW, &d));
	d = tw_manifest_free(d);
	CHECK_ERR(tw_manifest_verify(sys, tw_buf_slice(&b), stranger, NOW, &d), UNTRUSTED);
	CHECK_ERR(tw_manifest_verify(sys, tw_buf_slice(&b), ca, NOW - 1, &d), UNTRUSTED);
	tw_buf_clear(&b);
	CHECK_OK(tw_jws_sign(sys, TW_JWS_MANIFEST, stranger, j, &signer, &b));
	CHECK_ERR(tw_manifest_verify(sys, tw_buf_slice(&b), ca, NOW, &d), UNTRUSTED);
	tw_buf_clear(&b);
	CHECK_OK(tw_jws_sign(sys, TW_JWS_EVIDENCE, cert, j, &signer, &b));
	CHECK_ERR(tw_manifest_verify(sys, tw_buf_slice(&b), ca, NOW, &d), SYNTAX);
	/* The same CA issues the certificates of units. */
	const struct tw_cert_want unit_want = { .common_name = "Unit", .uri = "urn:dev:ops:32473-thermostat-0001", .not_before_ms = NOW };
	tw_buf_clear(&b);
	CHECK_OK(tw_cert_make(sys, &unit_want, key, ca, ca_key, &unit));
	CHECK_OK(tw_jws_sign(sys, TW_JWS_MANIFEST, unit, j, &signer, &b));
	CHECK_ERR(tw_manifest_verify(sys, tw_buf_slice(&b), ca, NOW, &d), UNTRUSTED);
}

static tw_err round_trip(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_TRY(read_text(s, GOOD, &d));
	return tw_manifest_write(tw_manifest_of(d), &j);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(round_trip, NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
static char *with_surface(const char *surface, char *text, size_t size)
{
	const char *claims = strstr(GOOD, "\"claims\"");

	(void)snprintf(text, size, "%.*s%s%s", (int)(claims - GOOD), GOOD, surface, claims);
	return text;
}

static void test_surface(void **state)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL, *twice = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL, *want = NULL;
	struct tw_manifest_flow_texts t;
	char text[4096];

	CHECK_OK(read_text(sys, with_surface(SURFACE, text, sizeof text), &d));
	const struct tw_manifest *m = tw_manifest_of(d);
	CHECK_INT(m->interface_count, 2);
	CHECK_INT(m->interfaces[1].kind, TW_MANIFEST_SERVICE);
	CHECK(m->interfaces[0].on && !m->interfaces[1].on);
	CHECK_INT(m->flow_count, 1);
	CHECK(m->flows[0].out && !m->flows[0].in && !m->flows[0].udp && m->flows[0].optional);
	CHECK_INT(m->flows[0].ports[1].to, 5010);
	CHECK_INT(m->flows[0].networks[1].bits, 128);
	tw_manifest_flow_texts(&m->flows[0], &t);
	CHECK_TEXT(t.ports, "443 5000-5010");
	CHECK_TEXT(t.networks, "10.0.0.0/8 2001:db8::1");
	CHECK_OK(tw_manifest_write(m, &again));
	CHECK_OK(tw_json_parse(tw_slice_of(text), TW_MANIFEST_MAX, &want));
	CHECK(json_equal(again, want));
	CHECK_OK(read_text(sys, GOOD, &twice));
	CHECK_INT(tw_manifest_of(twice)->interface_count + tw_manifest_of(twice)->flow_count, 0);
}

/* One word of SURFACE replaced by another. */
static void test_surface_refusals(void **state)
{
	static const struct {
		const char *from, *to;
		enum tw_code code;
	} rows[] = {
		{ "eth*", "e*h", TW_CODE_SYNTAX },
		{ "eth*", "eth0;drop", TW_CODE_SYNTAX },
		{ "eth*", "\\\"", TW_CODE_SYNTAX },
		{ "eth*", "*", TW_CODE_OK },
		{ "eth*", "anamewith16bytes", TW_CODE_SYNTAX }, /* a link of a flow */
		{ "\"ethernet\"", "\"sensor\"", TW_CODE_SYNTAX },
		{ "\"ethernet\"", "\"usb\"", TW_CODE_SYNTAX },
		{ "\"ethernet\"", "\"thread\"", TW_CODE_OK },
		{ "udp 5353", "udp 0", TW_CODE_SYNTAX },
		{ "udp 5353", "ip 7", TW_CODE_SYNTAX },
		{ "udp 5353", "udp 65536", TW_CODE_SYNTAX },
		{ "\"dns\"", "\"lan\"", TW_CODE_SYNTAX },
		{ "\"dns\"", "\"d s\"", TW_CODE_SYNTAX },
		{ "Names.", "\\u0007", TW_CODE_SYNTAX },
		{ "\"interface\":\"lan\"", "\"interface\":\"wan\"", TW_CODE_SYNTAX },
		{ "\"interface\":\"lan\"", "\"interface\":\"dns\"", TW_CODE_SYNTAX },
		{ "\"out\":true", "\"out\":false", TW_CODE_SYNTAX },
		{ "\"tcp\"", "\"udp\"", TW_CODE_OK },
		{ "\"tcp\"", "\"any\"", TW_CODE_SYNTAX },
		{ "443 5", "0 5", TW_CODE_SYNTAX },
		{ "443 5", "443  5", TW_CODE_SYNTAX },
		{ "5000-5010", "5010-5000", TW_CODE_SYNTAX },
		{ "5000-5010", "5000-5000", TW_CODE_SYNTAX },
		{ "5000-5010", "5000-", TW_CODE_SYNTAX },
		{ "443 5000-5010", "1 2 3 4 5 6 7 8", TW_CODE_OK },
		{ "443 5000-5010", "1 2 3 4 5 6 7 8 9", TW_CODE_LIMIT },
		{ "10.0.0.0/8", "10.0.0.1/8", TW_CODE_SYNTAX },
		{ "10.0.0.0/8", "example.com", TW_CODE_SYNTAX },
		{ "2001:db8::1", "2001:db8::1 ", TW_CODE_SYNTAX },
		{ "2001:db8::1", "1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4 1.0.0.5 1.0.0.6 1.0.0.7", TW_CODE_OK },
		{ "2001:db8::1", "1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4 1.0.0.5 1.0.0.6 1.0.0.7 ::1", TW_CODE_LIMIT },
		{ "\"optional\":true", "\"optional\":1", TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
		char surface[2048], text[4096];
		const char *at = strstr(SURFACE, rows[i].from);

		CHECK(at);
		(void)snprintf(surface, sizeof surface, "%.*s%s%s", (int)(at - SURFACE), SURFACE, rows[i].to, at + strlen(rows[i].from));
		const tw_err e = read_text(sys, with_surface(surface, text, sizeof text), &d);
		if (e.code != rows[i].code)
			fail_msg("'%s' for '%s': got %d, want %d: %s", rows[i].to, rows[i].from, e.code, rows[i].code, tw_err_detail());
	}
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	char text[4096];
	CHECK_ERR(read_text(sys, with_surface("\"interfaces\":[],", text, sizeof text), &d), SYNTAX);
	CHECK_ERR(read_text(sys, with_surface("\"flows\":[],", text, sizeof text), &d), SYNTAX);
}

/* So many flows over so many interfaces, each of as many elements as one may have; spread: no two overlap. */
static tw_err read_flows(size_t count, size_t links, size_t words, bool spread)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL, *interfaces = json_array(), *flows = json_array();
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	char name[16], kernel[16], ports[64], networks[128];

	CHECK_OK(tw_json_parse(tw_slice_of(GOOD), TW_MANIFEST_MAX, &payload));
	for (size_t i = 0; i < links; i++) {
		(void)snprintf(name, sizeof name, "l%zu", i);
		(void)snprintf(kernel, sizeof kernel, "eth%zu", i);
		CHECK_OK(tw_json_append(interfaces,
			json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", name, "kind", "ethernet", "kernel", kernel, "purpose", "x", "on", 1)));
	}
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "f%zu", i);
		(void)snprintf(kernel, sizeof kernel, "l%zu", i % links);
		(void)snprintf(ports, sizeof ports, words > 1 ? "1 2 3 4 5 6 7 8" : "%zu-%zu", 100 + i, 1000 + i);
		(void)snprintf(networks, sizeof networks,
			words > 1 ? "10.%1$zu.0.1 10.%1$zu.0.2 10.%1$zu.0.3 10.%1$zu.0.4 10.%1$zu.0.5 10.%1$zu.0.6 10.%1$zu.0.7 10.%1$zu.0.8"
				  : "10.%zu.0.1",
			spread ? i : 0);
		CHECK_OK(tw_json_append(flows,
			json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:b}", "name", name, "purpose", "x", "interface", kernel,
				"in", 1, "out", words > 1, "protocol", "tcp", "ports", ports, "networks", networks, "optional", 0)));
	}
	CHECK_OK(tw_json_set(payload, "interfaces", TW_STEAL(interfaces)));
	CHECK_OK(tw_json_set(payload, "flows", TW_STEAL(flows)));
	return tw_manifest_read(sys, payload, &d);
}

/* What no device could make rules of is no manifest, at the desk and where it is read: elements, links, sets. */
static void test_flows_that_no_rules_take(void **state)
{
	CHECK_OK(read_flows(16, 1, 8, true));
	CHECK_ERR(read_flows(17, 1, 8, true), LIMIT);
	CHECK_OK(read_flows(16, 16, 1, true));
	CHECK_ERR(read_flows(17, 17, 1, true), LIMIT);
	CHECK_OK(read_flows(64, 1, 1, false));
	CHECK_ERR(read_flows(65, 1, 1, false), LIMIT);
	CHECK_OK(read_flows(200, 1, 1, true));
}

static tw_err there_and_back(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;

	TW_TRY(read_text(s, user, &d));
	return tw_manifest_write(tw_manifest_of(d), &again);
}

static void test_surface_without_memory(void **state)
{
	char text[4096];

	CHECK(oom_sweep(there_and_back, with_surface(SURFACE, text, sizeof text)) > 100);
}

CHECK_MAIN(TEST(test_surface), TEST(test_surface_refusals), TEST(test_flows_that_no_rules_take), TEST(test_surface_without_memory),
	TEST(test_read_and_write), TEST(test_taken), TEST(test_without_floors), TEST(test_without_access), TEST(test_half_an_access),
	TEST(test_without_providers), TEST(test_rules_of_access), TEST(test_limits_of_access), TEST(test_no_rows_no_array),
	TEST(test_refusals), TEST(test_limits), TEST(test_how_long_the_text_may_be), TEST(test_verify), TEST(test_out_of_memory))
