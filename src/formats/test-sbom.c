/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of a unit: what it states, and that nothing of it can be changed, exchanged or shown for another unit. */
#include "formats/sbom.h"

#include "crypto/hash.h"
#include "formats/test-maker.h"

#define DATABASE                                                                                                    \
	"Package: curl\nStatus: install ok installed\nMaintainer: A B <a@b>\nArchitecture: arm64\nVersion: 8.0-1\n" \
	"Depends: libc6 (>= 2), libc6 (<< 3), zlib1g\n\n"                                                           \
	"Package: libc6\nStatus: install ok installed\nArchitecture: arm64\nVersion: 2.36\nLicense: LGPL-2.1\n\n"   \
	"Package: zlib1g\nStatus: install ok installed\nArchitecture: arm64\nVersion: 1:1.2\n\n"

/* Of a supplier, a licence, a dependency and none of them, in the words of each database. */
static const struct {
	const char *system, *text;
} databases[] = {
	{ "debian", DATABASE },
	{ "ubuntu", DATABASE },
	{ "opkg",
		"Package: busybox\nVersion: 1.36.1-r0\nDepends: libc6 (>= 2.38), none\nStatus: install user installed\nArchitecture: arm\n\n"
		"Package: libc6\nVersion: 2.38-r0\nStatus: install ok installed\nLicense: LGPL-2.1-only\nArchitecture: arm\n\n" },
	{ "alpine",
		"C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:aarch64\nL:MIT\nm:Timo <timo@example.org>\n\n"
		"P:busybox\nV:1.36.1-r5\nA:aarch64\nL:GPL-2.0-only\nD:musl so:libc.musl.so.1\n\n" },
	{ "image",
		"Package: lamp\nVersion: 2.1\nArchitecture: armv7\nMaintainer: Lamps Inc\nLicense: MIT\nPurl: pkg:github/lamps/lamp@2.1\n\n"
		"Package: musl\nVersion: 1\nArchitecture: armv7\n\n" },
	{ "image", "" },
};
static const struct tw_sbom_files findings = { .checked_ms = NOW, .checked = UINT64_MAX, .changed = 1 };

static tw_cert *other;
static struct tw_packages packages;
static struct tw_sbom sbom;

static int set_up(void **state)
{
	make_maker();
	other = make_cert(ID "9");
	CHECK_OK(tw_packages_read(sys, tw_package_system("debian"), TW_SLICE(DATABASE), &packages));
	sbom = (struct tw_sbom){ .identifier = ID,
		.organization = "Maker",
		.product = "Thing \"one\"",
		.model = "M",
		.version = "1.0",
		.software = "0.1",
		.serial = { 1, 2, 3 },
		.made_ms = NOW,
		.system = tw_package_system("debian"),
		.packages = &packages };
	return 0;
}

static int tear_down(void **state)
{
	tw_packages_done(&packages);
	other = tw_cert_free(other);
	maker_done();
	return 0;
}

static void make(const tw_cert *by, struct tw_buf *text, struct tw_buf *jws)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	tw_buf_init(text, sys, TW_SBOM_MAX);
	tw_buf_init(jws, sys, TW_JWS_MAX);
	CHECK_OK(tw_sbom_write(sys, &sbom, &document));
	CHECK_OK(tw_json_write(document, text));
	CHECK_OK(tw_sbom_sign(sys, &sbom, tw_buf_slice(text), by, &signer, jws));
}

static tw_err verify(const struct tw_buf *text, const struct tw_buf *jws)
{
	struct tw_sbom_seen seen;

	return tw_sbom_verify(sys, tw_buf_slice(text), tw_buf_slice(jws), ca, NOW, &seen);
}

static void test_what_it_states(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	CHECK_OK(tw_sbom_write(sys, &sbom, &o));
	CHECK_TEXT(tw_json_text(o, "specVersion"), "1.6");
	CHECK_TEXT(tw_json_text(o, "serialNumber"), "urn:uuid:01020300-0000-4000-8000-000000000000");
	const json_t *list = tw_json_get(o, "components"), *curl = json_array_get(list, 0), *libc = json_array_get(list, 1);
	CHECK_INT(json_array_size(list), 3);
	CHECK_TEXT(tw_json_text(curl, "purl"), "pkg:deb/debian/curl@8.0-1?arch=arm64");
	CHECK_TEXT(tw_json_text(tw_json_get(curl, "supplier"), "name"), "A B");
	CHECK(tw_json_get(libc, "supplier") == NULL && tw_json_get(curl, "licenses") == NULL);
	CHECK_INT(json_array_size(tw_json_get(libc, "licenses")), 1);
	const json_t *needs = tw_json_get(json_array_get(tw_json_get(o, "dependencies"), 0), "dependsOn");
	CHECK_INT(json_array_size(tw_json_get(o, "dependencies")), 1);
	CHECK_INT(json_array_size(needs), 2); /* each once */
	CHECK_TEXT(json_string_value(json_array_get(needs, 1)), "zlib1g:arm64");
}

/* Whatever a unit writes, of any database, with findings and without. */
static void test_each_database(void **state)
{
	for (size_t i = 0; i < 2 * TW_COUNT(databases); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

		tw_packages_done(&packages);
		sbom.system = tw_package_system(databases[i / 2].system);
		sbom.files = i % 2 ? &findings : NULL;
		CHECK_OK(tw_packages_read(sys, sbom.system, tw_slice_of(databases[i / 2].text), &packages));
		make(cert, &text, &jws);
		CHECK_OK(verify(&text, &jws));
	}
}

static void test_every_byte_counts(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

	make(cert, &text, &jws);
	CHECK_OK(verify(&text, &jws));
	for (size_t i = 0; i < text.size; i++) {
		text.data[i] = (char)(text.data[i] ^ 1);
		CHECK_ERR(verify(&text, &jws), UNTRUSTED);
		text.data[i] = (char)(text.data[i] ^ 1);
	}
	for (size_t i = 0; i < jws.size; i++) {
		jws.data[i] = (char)(jws.data[i] ^ 1);
		if (!tw_failed(verify(&text, &jws)))
			fail_msg("byte %zu of the signature may be changed", i);
		jws.data[i] = (char)(jws.data[i] ^ 1);
	}
	text.size--;
	CHECK_ERR(verify(&text, &jws), UNTRUSTED);
}

static void test_of_another(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf later = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf unused = { 0 };

	make(other, &text, &jws); /* a unit that speaks for another one */
	CHECK_ERR(verify(&text, &jws), UNTRUSTED);
	tw_buf_done(&jws);
	tw_buf_done(&text);
	make(cert, &text, &jws);
	sbom.serial[0]++;
	make(cert, &later, &unused);
	sbom.serial[0]--;
	CHECK_ERR(verify(&later, &jws), UNTRUSTED); /* an older word for a newer document */
	struct tw_sbom_seen seen;
	CHECK_ERR(tw_sbom_verify(sys, tw_buf_slice(&text), tw_buf_slice(&jws), cert, NOW, &seen), UNTRUSTED); /* no CA */
	CHECK_ERR(tw_sbom_verify(sys, tw_buf_slice(&text), tw_buf_slice(&jws), ca, 1, &seen), UNTRUSTED);     /* not yet */
}

/* Rightly signed, and it says one thing in the document and another in the signature. */
static void test_document_and_signature_disagree(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = { { ID "\"", ID "7\"" }, { "\"version\":\"1.0\"", "\"version\":\"1.1\"" }, { "urn:uuid:01", "urn:uuid:02" },
		{ "thingward:device-identifier", "thingward:device-identifies" }, { "2026-", "2025-" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf wrong = { 0 };

		make(cert, &text, &jws);
		const char *at = strstr(tw_buf_cstr(&text), rows[i].from);
		CHECK(at != NULL);
		tw_buf_init(&wrong, sys, TW_SBOM_MAX);
		CHECK_OK(tw_buf_format(&wrong, "%.*s%s%s", (int)(at - text.data), text.data, rows[i].to, at + strlen(rows[i].from)));
		tw_buf_clear(&jws);
		CHECK_OK(tw_sbom_sign(sys, &sbom, tw_buf_slice(&wrong), cert, &signer, &jws));
		CHECK_ERR(verify(&wrong, &jws), UNTRUSTED);
	}
}

static tw_err verify_signed(const struct tw_buf *text);

static void test_of_another_format(void **state)
{
	static const char *const rows[][2] = { { "\"CycloneDX\"", "\"cycloneDX\"" },
		{ "\"specVersion\":\"1.6\"", "\"specVersion\":\"1.5\"" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, jws = { 0 };

		make(cert, &text, &jws);
		char *at = strstr(tw_buf_cstr(&text), rows[i][0]);
		CHECK(at != NULL);
		memcpy(at, rows[i][1], strlen(rows[i][1]));
		CHECK_ERR(verify_signed(&text), SYNTAX);
		CHECK(strstr(tw_err_detail(), "not a document of CycloneDX 1.6"));
	}
}

/* --- Every field of what is signed, wrong in every way --- */

enum wrong { ABSENT, MISTYPED, OVERSIZED, DOUBLED, WRONGS };
#define DOUBLE "~double" /* written as a member of its own, and renamed in the text */

static json_t *spoilt_value(const json_t *value, enum wrong how)
{
	if (how == OVERSIZED)
		return json_sprintf("%s%05000d", json_string_value(value), 1);
	return json_is_string(value) ? json_pack("[s]", "x") : json_string("1");
}

/* What a member holds in object becomes wrong; ret is the text of all. False when this wrong is none of this field's. */
static bool spoil(json_t *all, json_t *object, const char *member, enum wrong how, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	json_t *value = json_object_get(object, member);
	char *at;

	CHECK(value != NULL);
	if (how == OVERSIZED && !json_is_string(value))
		return false;
	tw_buf_init(&b, sys, TW_JWS_MAX);
	if (how == ABSENT)
		CHECK_INT(json_object_del(object, member), 0);
	else if (how == DOUBLED)
		CHECK_OK(tw_json_set(object, DOUBLE, json_incref(value)));
	else
		CHECK_OK(tw_json_set(object, member, spoilt_value(value, how)));
	CHECK_OK(tw_json_write(all, &b));
	tw_buf_init(ret, sys, TW_JWS_MAX);
	at = strstr(tw_buf_cstr(&b), DOUBLE);
	CHECK_INT(at != NULL, how == DOUBLED);
	if (at)
		CHECK_OK(tw_buf_format(ret, "%.*s%s%s", (int)(at - b.data), b.data, member, at + strlen(DOUBLE)));
	else
		CHECK_OK(tw_buf_add(ret, b.data, b.size));
	return true;
}

static void refused(const char *member, enum wrong how, tw_err e)
{
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_UNTRUSTED) && !tw_is(e, TW_CODE_LIMIT))
		fail_msg("'%s', wrong in way %d: %s", member, (int)how, tw_code_name(e.code));
}

/* Signed as it is, by the unit itself. */
static tw_err verify_signed(const struct tw_buf *text)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

	tw_buf_init(&jws, sys, TW_JWS_MAX);
	CHECK_OK(tw_sbom_sign(sys, &sbom, tw_buf_slice(text), cert, &signer, &jws));
	return verify(text, &jws);
}

/* Everything that a document holds, under the way to it: "/components/0/name". */
struct place {
	char path[128];
	size_t parent, index; /* in what holds it: its index if that is an array, else its member */
	const char *member;
};
#define PLACES_MAX 256

static json_t *at_place(json_t *document, const struct place *all, size_t i)
{
	if (i == 0)
		return document;
	json_t *holder = at_place(document, all, all[i].parent);
	return all[i].member ? json_object_get(holder, all[i].member) : json_array_get(holder, all[i].index);
}

/* The keys stay the document's. */
static size_t all_places(json_t *document, struct place all[PLACES_MAX])
{
	size_t count = 1;

	all[0] = (struct place){ .path = "" };
	for (size_t i = 0; i < count; i++) {
		json_t *here = at_place(document, all, i), *one;
		const char *member;
		size_t k;

		json_array_foreach(here, k, one) {
			CHECK(count < PLACES_MAX);
			all[count] = (struct place){ .parent = i, .index = k };
			(void)snprintf(all[count++].path, sizeof all->path, "%.80s/%zu", all[i].path, k);
		}
		json_object_foreach(here, member, one) {
			CHECK(count < PLACES_MAX);
			all[count] = (struct place){ .parent = i, .member = member };
			(void)snprintf(all[count++].path, sizeof all->path, "%.60s/%.30s", all[i].path, member);
		}
	}
	return count;
}

/* As spoil; how many there are of a list is no member's wrong. */
static bool spoil_place(json_t *document, const struct place *all, size_t i, enum wrong how, struct tw_buf *ret)
{
	json_t *holder = at_place(document, all, all[i].parent), *value = at_place(document, all, i);

	if (all[i].member)
		return spoil(document, holder, all[i].member, how, ret);
	if (how == ABSENT || how == DOUBLED || (how == OVERSIZED && !json_is_string(value)))
		return false;
	CHECK_INT(json_array_set_new(holder, all[i].index, spoilt_value(value, how)), 0);
	tw_buf_init(ret, sys, TW_JWS_MAX);
	CHECK_OK(tw_json_write(document, ret));
	return true;
}

/* What may be otherwise, and why. Nothing else is accepted, and all of this is. */
static const struct {
	const char *path;
	enum wrong how;
	const char *why;
} may_be[] = {
	{ "/components/0/supplier", ABSENT, "a package database need not say who maintains a package" },
	{ "/components/1/licenses", ABSENT, "nor under which licence it stands; dpkg's never does" },
};

static bool is_optional(const char *path, enum wrong how)
{
	for (size_t i = 0; i < TW_COUNT(may_be); i++)
		if (strcmp(may_be[i].path, path) == 0 && may_be[i].how == how)
			return true;
	return false;
}

static void test_each_field_of_the_document(void **state)
{
	static struct place all[PLACES_MAX];
	TW_CLEANUP(tw_jsonp) json_t *model = NULL;
	size_t accepted = 0;

	sbom.files = &findings;
	CHECK_OK(tw_sbom_write(sys, &sbom, &model));
	size_t count = all_places(model, all);
	for (size_t i = 1; i < count; i++)
		for (enum wrong how = ABSENT; how < WRONGS; how++) {
			TW_CLEANUP(tw_jsonp) json_t *document = json_deep_copy(model);
			TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

			if (!spoil_place(document, all, i, how, &text))
				continue;
			tw_err e = verify_signed(&text);
			if (!is_optional(all[i].path, how)) {
				refused(all[i].path, how, e);
				continue;
			}
			CHECK_OK(e);
			accepted++;
		}
	CHECK_INT(accepted, TW_COUNT(may_be));
}

/* Rightly written one by one, and wrong together. */
static void test_what_is_there_twice(void **state)
{
	static const char *const lists[] = { "components", "properties" };

	for (size_t i = 0; i <= TW_COUNT(lists); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

		CHECK_OK(tw_sbom_write(sys, &sbom, &document));
		if (i < TW_COUNT(lists)) {
			json_t *list = json_object_get(i == 0 ? document : json_object_get(document, "metadata"), lists[i]);
			CHECK_INT(json_array_append_new(list, json_deep_copy(json_array_get(list, 0))), 0);
		}
		tw_buf_init(&text, sys, TW_SBOM_MAX);
		CHECK_OK(tw_json_write(document, &text));
		if (i < TW_COUNT(lists)) {
			CHECK_ERR(verify_signed(&text), SYNTAX);
			continue;
		}
		CHECK_OK(verify_signed(&text));
		CHECK_OK(tw_buf_text(&text, "{}")); /* and what comes after the end */
		CHECK_ERR(verify_signed(&text), SYNTAX);
	}
}

/* The signature of these claims, whatever they are. */
static void sign_claims(struct tw_slice claims, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf head = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];

	tw_buf_init(&head, sys, TW_JWS_MAX);
	tw_buf_init(&body, sys, TW_JWS_MAX);
	tw_buf_init(ret, sys, TW_JWS_MAX);
	CHECK_OK(tw_jws_protected(sys, TW_JWS_INVENTORY, cert, &head));
	CHECK_OK(tw_buf_base64url(&body, claims.at, claims.size));
	const struct tw_slice input[] = { tw_buf_slice(&head), TW_SLICE("."), tw_buf_slice(&body) };
	CHECK_OK(tw_key_sign(key, input, TW_COUNT(input), signature));
	CHECK_OK(tw_buf_format(ret, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"", tw_buf_cstr(&body), tw_buf_cstr(&head)));
	CHECK_OK(tw_buf_base64url(ret, signature, sizeof signature));
	CHECK_OK(tw_buf_text(ret, "\"}"));
}

static void read_claims(const struct tw_buf *jws, json_t **ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;

	CHECK_OK(tw_jws_verify(sys, TW_JWS_INVENTORY, tw_buf_slice(jws), ret, &by));
}

static void test_each_claim(void **state)
{
	static const char *const claims[] = { "eat_profile", "sub", "iat", "thingward_time_trusted", "thingward_product_version",
		"sbom_serial", "sbom_sha256" };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf good = { 0 };

	make(cert, &text, &good);
	for (size_t i = 0; i < TW_COUNT(claims); i++)
		for (enum wrong how = ABSENT; how < WRONGS; how++) {
			TW_CLEANUP(tw_jsonp) json_t *o = NULL;
			TW_CLEANUP(tw_buf_done) struct tw_buf spoilt = { 0 };
			TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

			read_claims(&good, &o);
			if (!spoil(o, o, claims[i], how, &spoilt))
				continue;
			sign_claims(tw_buf_slice(&spoilt), &jws);
			refused(claims[i], how, verify(&text, &jws));
		}
}

/* Of a value that the signature does not repeat: the digest alone tells. */
static void test_a_document_that_was_changed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, jws = { 0 };

	make(cert, &text, &jws);
	char *at = strstr(tw_buf_cstr(&text), "\"8.0-1\"");
	CHECK(at != NULL);
	at[1] = '9';
	CHECK_ERR(verify(&text, &jws), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "not the one that was signed"));
	CHECK_OK(verify_signed(&text));
}

static void test_claims_of_another_profile(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, good = { 0 }, claims = { 0 }, jws = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	make(cert, &text, &good);
	read_claims(&good, &o);
	CHECK_OK(tw_json_set(o, "eat_profile", json_string("urn:thingward:inventory:2")));
	tw_buf_init(&claims, sys, TW_JWS_MAX);
	CHECK_OK(tw_json_write(o, &claims));
	sign_claims(tw_buf_slice(&claims), &jws);
	CHECK_ERR(verify(&text, &jws), SYNTAX);
	CHECK(strstr(tw_err_detail(), "not an inventory of this profile"));
}

/* As good as the unit's own, then with one claim more, and with bytes behind them. */
static void test_more_than_the_claims(void **state)
{
	static const char *const more[] = { "", ",\"more\":1}", "}{}", "} x" };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf good = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf claims = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	make(cert, &text, &good);
	read_claims(&good, &o);
	tw_buf_init(&claims, sys, TW_JWS_MAX);
	CHECK_OK(tw_json_write(o, &claims));
	for (size_t i = 0; i < TW_COUNT(more); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf longer = { 0 };
		TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

		tw_buf_init(&longer, sys, TW_JWS_MAX);
		CHECK_OK(tw_buf_format(&longer, "%.*s%s", (int)(i == 0 ? claims.size : claims.size - 1), claims.data, more[i]));
		sign_claims(tw_buf_slice(&longer), &jws);
		if (i == 0)
			CHECK_OK(verify(&text, &jws));
		else
			CHECK_ERR(verify(&text, &jws), SYNTAX);
	}
}

static void test_each_member_of_the_signature(void **state)
{
	static const char *const members[] = { "payload", "protected", "signature" };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf good = { 0 };

	make(cert, &text, &good);
	for (size_t i = 0; i < TW_COUNT(members); i++)
		for (enum wrong how = ABSENT; how < WRONGS; how++) {
			TW_CLEANUP(tw_jsonp) json_t *o = NULL;
			TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };

			CHECK_OK(tw_json_parse(tw_buf_slice(&good), TW_JWS_MAX, &o));
			if (spoil(o, o, members[i], how, &jws))
				refused(members[i], how, verify(&text, &jws));
		}
	CHECK_OK(tw_buf_text(&good, " x"));
	CHECK_ERR(verify(&text, &good), SYNTAX);
}

static tw_err sweep(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	struct tw_sbom_seen seen;

	tw_buf_init(&text, s, TW_SBOM_MAX);
	tw_buf_init(&jws, s, TW_JWS_MAX);
	TW_TRY(tw_sbom_write(s, &sbom, &document));
	TW_TRY(tw_json_write(document, &text));
	TW_TRY(tw_sbom_sign(s, &sbom, tw_buf_slice(&text), cert, &signer, &jws));
	return tw_sbom_verify(s, tw_buf_slice(&text), tw_buf_slice(&jws), ca, NOW, &seen);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

static void test_what_can_be_signed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	TW_CLEANUP(tw_freep) char *text = calloc(1, TW_SBOM_MAX + 1);

	assert_non_null(text);
	tw_buf_init(&jws, sys, TW_JWS_MAX);
	CHECK_ERR(tw_sbom_sign(sys, &sbom, (struct tw_slice){ text, 0 }, cert, &signer, &jws), LIMIT);
	CHECK_ERR(tw_sbom_sign(sys, &sbom, (struct tw_slice){ text, TW_SBOM_MAX + 1 }, cert, &signer, &jws), LIMIT);
	CHECK_INT(jws.size, 0);
	CHECK_OK(tw_sbom_sign(sys, &sbom, (struct tw_slice){ text, TW_SBOM_MAX }, cert, &signer, &jws));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_what_can_be_signed), TEST(test_what_it_states), TEST(test_each_database), TEST(test_every_byte_counts),
	TEST(test_of_another), TEST(test_document_and_signature_disagree), TEST(test_each_field_of_the_document),
	TEST(test_what_is_there_twice), TEST(test_of_another_format), TEST(test_each_claim), TEST(test_a_document_that_was_changed),
	TEST(test_claims_of_another_profile), TEST(test_more_than_the_claims), TEST(test_each_member_of_the_signature),
	TEST(test_out_of_memory))
