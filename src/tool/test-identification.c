/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1 @nist DI.IMS.2: the probes fail when they must. A probe that cannot fail would be worth nothing, so each of
 * these is fed a device on which something is wrong; the story with real devices stands in test/run.
 */
#include "tool/probes/probe.h"

#include "check.h"
#include "sys/real.h"

static const struct tw_probe *probe(const char *element, const char *name)
{
	for (const struct tw_probe *p = tw_probes_identification; p->element; p++)
		if (!strcmp(p->element, element) && !strcmp(p->name, name))
			return p;
	fail_msg("there is no probe %s", name);
	return NULL;
}

struct world {
	struct tw_tool tool;
	struct tw_probe_context c;
	tw_key *ca_key;
	tw_cert *ca;
	json_t *before, *registry;
};

static void world_done(struct world *w)
{
	for (size_t i = 0; i < w->c.target_count; i++) {
		tw_answer_done(&w->c.target[i].identity);
		tw_cert_free(w->c.target[i].anchor);
	}
	tw_cert_free(w->ca);
	tw_key_free(w->ca_key);
	json_decref(w->before);
	json_decref(w->registry);
}

static void world_make(struct world *w)
{
	struct tw_cert_want want = { .common_name = "Device CA", .is_ca = true };

	*w = (struct world){ .tool = { .sys = tw_sys_real() } };
	w->c.tool = &w->tool;
	w->c.sys = tw_sys_real();
	CHECK_OK(tw_key_generate(w->c.sys, &w->ca_key));
	CHECK_OK(tw_cert_make(w->c.sys, &want, w->ca_key, NULL, w->ca_key, &w->ca));
}

/* A device as identity.read shows it: what it says, what its certificate says, what its label said. */
static void add_device(struct world *w, const char *says, const char *certified, const char *label)
{
	struct tw_target *t = &w->c.target[w->c.target_count++];
	struct tw_cert_want want = { .common_name = "unit", .uri = certified, .is_client = true };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, w->c.sys, 16384);
	tw_answer_init(&t->identity, w->c.sys);
	CHECK_OK(tw_key_generate(w->c.sys, &key));
	CHECK_OK(tw_cert_make(w->c.sys, &want, key, w->ca, w->ca_key, &cert));
	CHECK_OK(tw_cert_pem(cert, &pem));
	t->identity.status = 200;
	t->identity.body = json_pack("{s:s, s:s}", "identifier", says, "certificate", tw_buf_cstr(&pem));
	t->has_identity = true;
	(void)snprintf(t->session.device.identifier, sizeof(t->session.device.identifier), "%s", label);
	(void)snprintf(t->session.device.name, sizeof(t->session.device.name), "d%zu", w->c.target_count);
	pem.size = 0;
	CHECK_OK(tw_cert_pem(w->ca, &pem));
	CHECK_OK(tw_cert_load(w->c.sys, tw_buf_slice(&pem), &t->anchor));
}

static enum tw_verdict run(struct world *w, const char *element, const char *name)
{
	struct tw_finding f = { .verdict = TW_VERDICT_INCONCLUSIVE };

	CHECK_OK(probe(element, name)->run(&w->c, &f));
	CHECK(*f.reason);
	json_decref(f.seen);
	return f.verdict;
}

#define A "urn:dev:ops:32473-thermostat-A"
#define B "urn:dev:ops:32473-thermostat-B"

static const struct {
	const char *says, *certified, *label;
	enum tw_verdict wanted;
} reads[] = {
	{ A, A, A, TW_VERDICT_PASS }, { A, B, A, TW_VERDICT_FAIL }, /* the certificate is another unit's */
	{ A, A, B, TW_VERDICT_FAIL },                               /* the label is another unit's */
};

static void test_authorized_read(void **state)
{
	for (size_t i = 0; i < TW_COUNT(reads); i++) {
		TW_CLEANUP(world_done) struct world w;

		world_make(&w);
		add_device(&w, reads[i].says, reads[i].certified, reads[i].label);
		CHECK_INT(run(&w, "DI.IMS.1", "authorized-read"), reads[i].wanted);
	}
}

static void test_foreign_authority(void **state)
{
	TW_CLEANUP(world_done) struct world w, other;

	world_make(&w);
	world_make(&other);
	add_device(&w, A, A, A);
	tw_cert_free(w.c.target[0].anchor);
	w.c.target[0].anchor = other.ca;
	other.ca = NULL;
	CHECK_INT(run(&w, "DI.IMS.1", "authorized-read"), TW_VERDICT_FAIL);
}

static void test_switched_off(void **state)
{
	TW_CLEANUP(world_done) struct world w;

	world_make(&w);
	add_device(&w, A, A, A);
	w.c.target[0].has_identity = false;
	w.c.target[0].identity.status = 403;
	CHECK_INT(run(&w, "DI.IMS.1", "authorized-read"), TW_VERDICT_FAIL);
	(void)snprintf(w.c.target[0].statement_trouble, sizeof(w.c.target[0].statement_trouble), "refused");
	w.c.target[0].session.client = (tw_client *)&w; /* never called: there is no statement to ask about */
	CHECK_INT(run(&w, "DI.IMS.2", "statement-holds"), TW_VERDICT_FAIL);
	CHECK_INT(run(&w, "DI.IMS.2", "same-as-local"), TW_VERDICT_INCONCLUSIVE);
	CHECK_INT(run(&w, "DI.IMS.2", "replay-is-refused"), TW_VERDICT_INCONCLUSIVE);
	w.c.target[0].session.client = NULL;
}

static void test_two_devices(void **state)
{
	TW_CLEANUP(world_done) struct world same, differ, alone;

	world_make(&same);
	add_device(&same, A, A, A);
	add_device(&same, A, A, A);
	CHECK_INT(run(&same, "DI.IMS.1", "unlike-others"), TW_VERDICT_FAIL);
	world_make(&differ);
	add_device(&differ, A, A, A);
	add_device(&differ, B, B, B);
	CHECK_INT(run(&differ, "DI.IMS.1", "unlike-others"), TW_VERDICT_PASS);
	world_make(&alone);
	add_device(&alone, A, A, A);
	CHECK_INT(run(&alone, "DI.IMS.1", "unlike-others"), TW_VERDICT_INCONCLUSIVE);
}

static void key_hex(const struct world *w, struct tw_buf *ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	uint8_t key[32];

	CHECK_OK(tw_cert_load(w->c.sys, tw_slice_of(tw_json_text(w->c.target[0].identity.body, "certificate")), &cert));
	CHECK_OK(tw_cert_fingerprint(cert, key));
	CHECK_OK(tw_buf_hex(ret, key, sizeof(key)));
}

static json_t *line(const char *state, const char *identifier, const char *key)
{
	return json_pack("{s:s, s:s, s:s}", "state", state, "identifier", identifier, "device_key_sha256", key);
}

static void test_registry(void **state)
{
	TW_CLEANUP(world_done) struct world w;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	world_make(&w);
	add_device(&w, A, A, A);
	tw_buf_init(&hex, w.c.sys, 64);
	key_hex(&w, &hex);
	w.registry = json_array();
	w.c.registry = w.registry;
	CHECK_OK(tw_json_append(w.registry, line("begun", A, "")));
	CHECK_INT(run(&w, "DI.IMS.1", "unlike-others"), TW_VERDICT_FAIL); /* unknown there */
	CHECK_OK(tw_json_append(w.registry, line("complete", A, tw_buf_cstr(&hex))));
	CHECK_OK(tw_json_append(w.registry, line("complete", B, "other")));
	CHECK_INT(run(&w, "DI.IMS.1", "unlike-others"), TW_VERDICT_PASS);
	CHECK_OK(tw_json_append(w.registry, line("complete", B, tw_buf_cstr(&hex))));
	CHECK_INT(run(&w, "DI.IMS.1", "unlike-others"), TW_VERDICT_FAIL); /* one key under two identifiers */
	CHECK_OK(json_array_remove(w.registry, 3) ? TW_RAISE(INTERNAL, "row 3") : TW_OK);
	CHECK_OK(tw_json_append(w.registry, line("complete", A, tw_buf_cstr(&hex))));
	CHECK_INT(run(&w, "DI.IMS.1", "unlike-others"), TW_VERDICT_FAIL); /* given out twice */
}

static void test_before(void **state)
{
	TW_CLEANUP(world_done) struct world w;

	world_make(&w);
	add_device(&w, A, A, A);
	CHECK_INT(run(&w, "DI.IMS.1", "survives"), TW_VERDICT_INCONCLUSIVE);
	w.before = json_pack("{s:s, s:{s:s, s:s, s:s}}", "created", "2026-01-01T00:00:00.000Z", "device", "identifier", B,
		"software", "0.1.0", "product_version", "1.0.0");
	w.c.before = w.before;
	CHECK_INT(run(&w, "DI.IMS.1", "survives"), TW_VERDICT_FAIL); /* it was another one before */
}

CHECK_MAIN(cmocka_unit_test(test_authorized_read), cmocka_unit_test(test_foreign_authority), cmocka_unit_test(test_switched_off),
	cmocka_unit_test(test_two_devices), cmocka_unit_test(test_registry), cmocka_unit_test(test_before))
