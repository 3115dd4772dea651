/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of Device Identification.
 *
 * The identifier is judged from three sides: a stranger must learn nothing of it, an authorized client must read it, and it
 * must be this unit's alone and for good. The last cannot be seen on one device in one moment: it takes a second device or the
 * provisioning registry, and evidence from before a restart or update. Without them the probe says so.
 */
#include "tool/probes/probe.h"
#include "tool/units.h"

#include "base/text.h"
#include "formats/labelcode.h"
#include "tool/files.h"

#include <inttypes.h>

#define NONCE_SIZE 32

static const struct tw_target *first(const struct tw_probe_context *c)
{
	return &c->target[0];
}

static const char *identifier_of(const struct tw_target *t)
{
	return t->has_identity ? tw_json_text(t->identity.body, "identifier") : "";
}

/* The certificate that goes with the identifier, checked against the manufacturer's. */
static tw_err load_certificate(struct tw_probe_context *c, const struct tw_target *t, tw_cert **ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, c->sys, 512);
	TW_TRY(tw_cert_load(c->sys, tw_slice_of(tw_json_text(t->identity.body, "certificate")), &cert));
	TW_TRY(tw_cert_verify(cert, t->anchor, tw_now_ms(c->sys)));
	TW_TRY(tw_cert_uri(cert, &uri));
	if (strcmp(tw_buf_cstr(&uri), identifier_of(t)) != 0)
		return TW_RAISE(UNTRUSTED, "the certificate names %.100s, the device says %.100s", tw_buf_cstr(&uri), identifier_of(t));
	*ret = TW_STEAL(cert);
	return TW_OK;
}

/* @nist DI.IMS.1: an authorized client reads it, with the certificate that vouches for it. */
static tw_err authorized_read(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const struct tw_target *t = first(c);

	if (!t->has_identity) {
		tw_err refused = tw_answer_check(&t->identity, c->tool->hint, sizeof(c->tool->hint));

		if (!t->identity.status)
			return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device gave no answer. Assess again when it is reachable.");
		return tw_failed(refused) ? tw_found_trouble(f, "Reading the identifier as the owner", refused)
					  : tw_found(f, TW_VERDICT_FAIL, "The answer to the owner holds no identifier.");
	}
	TW_TRY(tw_saw(f, "identifier", identifier_of(t)));
	tw_err e = load_certificate(c, t, &cert);
	if (tw_failed(e))
		return tw_found_trouble(f, "The certificate of the identifier", e);
	if (strcmp(t->session.device.identifier, identifier_of(t)) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The device says %s; when it was taken over, its label said %s.",
			identifier_of(t), t->session.device.identifier);
	return tw_found(f, TW_VERDICT_PASS,
		"The owner reads %s. The manufacturer's certificate and the label taken at take-over say the same.", identifier_of(t));
}

tw_err tw_secrets_gather(struct tw_probe_context *c, const struct tw_target *t, struct tw_secrets *ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const char *identifier = t->session.device.identifier, *dash = strchr(identifier, '-');

	*ret = (struct tw_secrets){ .has_point = false };
	(void)snprintf(ret->text[0], sizeof(ret->text[0]), "%s", identifier);
	(void)snprintf(ret->text[1], sizeof(ret->text[1]), "%s", dash ? dash + 1 : identifier);
	if (!t->has_identity || tw_failed(load_certificate(c, t, &cert)))
		return TW_OK;
	TW_TRY(tw_cert_key(cert, &key));
	TW_TRY(tw_key_point(key, ret->point));
	ret->has_point = true;
	return TW_OK;
}

bool tw_secrets_show(const struct tw_buf *b, const struct tw_secrets *s)
{
	for (size_t i = 0; i < TW_COUNT(s->text); i++)
		if (b->size && memmem(b->data, b->size, s->text[i], strlen(s->text[i])))
			return true;
	/* The X coordinate alone would give the key away. */
	return b->size && s->has_point && memmem(b->data, b->size, s->point + 1, 32);
}

static const struct {
	const char *method, *path;
	bool must_refuse;
} strangers[] = {
	{ "GET", "/api/v1/identity", true },
	{ "POST", "/api/v1/identity/statement", true },
	{ "GET", "/api/v1/inventory", true },
	{ "GET", "/api/v1/inventory/sbom", true },
	{ "GET", "/api/v1/capabilities", true },
	{ "GET", "/api/v1/settings", true },
	{ "GET", "/api/v1/log", true },
	{ "GET", "/api/v1/health", false },
	{ "GET", "/api/v1/commissioning", false },
	{ "GET", "/api/v1/openapi.json", false },
	{ "GET", "/", false },
	{ "GET", "/api/v1/no-such-thing", false },
	{ "PATCH", "/api/v1/identity", false },
};

static tw_err ask_as_stranger(struct tw_probe_context *c, const struct tw_secrets *s, size_t row, struct tw_finding *f, bool *ret_bad)
{
	const char *method = strangers[row].method, *path = strangers[row].path;
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e = tw_ask(c, &tw_asker_stranger, method, path, &answer);

	*ret_bad = true;
	if (tw_failed(e))
		return tw_found_trouble(f, "What a stranger sees", e);
	if (strangers[row].must_refuse && answer.status < 400)
		return tw_found(f, TW_VERDICT_FAIL, "%s %s answers a stranger with %ld.", method, path, answer.status);
	if (tw_secrets_show(&answer.raw, s) || tw_secrets_show(&answer.head, s) || tw_secrets_show(&answer.certificate, s))
		return tw_found(f, TW_VERDICT_FAIL,
			"The identity shows to a stranger in the answer to %s %s, or in the listener's certificate.", method, path);
	*ret_bad = false;
	return TW_OK;
}

/* @nist DI.IMS.1: only the authorized: neither certificate, banner, page nor error tells a stranger which unit this is. */
static tw_err stranger_learns_nothing(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_secrets s;
	bool bad = false;

	TW_TRY(tw_secrets_gather(c, first(c), &s));
	for (size_t i = 0; i < TW_COUNT(strangers) && !bad; i++)
		TW_TRY(ask_as_stranger(c, &s, i, f, &bad));
	if (bad)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"%zu requests without credentials: reading is refused, and neither listener certificate, headers, pages nor errors show the identifier%s.",
		TW_COUNT(strangers), s.has_point ? " or the device's key" : "");
}

static tw_err compare_devices(struct tw_probe_context *c, struct tw_finding *f)
{
	const char *mine = identifier_of(first(c));

	f->source = TW_SOURCE_INSIDE;
	for (size_t i = 1; i < c->target_count; i++) {
		const char *other = identifier_of(&c->target[i]);
		char key[32];

		(void)snprintf(key, sizeof(key), "device %zu", i + 1);
		TW_TRY(tw_saw(f, key, other));
		if (!*other)
			return tw_found(f, TW_VERDICT_INCONCLUSIVE, "Device %s did not give its identifier.",
				c->target[i].session.device.name);
		if (!strcmp(mine, other))
			return tw_found(f, TW_VERDICT_FAIL, "%s and %s both say that they are %s.", first(c)->session.device.name,
				c->target[i].session.device.name, mine);
	}
	return tw_found(f, TW_VERDICT_PASS, "%zu devices were asked, and no two identifiers are alike.", c->target_count);
}

/* Counts the units that carry this identifier, and the identifiers that this unit's key carries. */
static void count_lines(const json_t *registry, const char *identifier, const char *key_hex, size_t *ret_units, size_t *ret_others)
{
	size_t i;
	json_t *line;

	*ret_units = *ret_others = 0;
	json_array_foreach(registry, i, line) {
		if (strcmp(tw_json_text(line, "state"), "complete") != 0)
			continue;
		bool same = !strcmp(tw_json_text(line, "identifier"), identifier);

		*ret_units += same;
		*ret_others += !same && !strcmp(tw_json_text(line, "device_key_sha256"), key_hex);
	}
}

static tw_err ask_registry(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	const struct tw_target *t = first(c);
	uint8_t key[32];
	size_t units, others;

	f->source = TW_SOURCE_PERSON;
	tw_buf_init(&hex, c->sys, 64);
	tw_err e = load_certificate(c, t, &cert);
	if (tw_failed(e))
		return tw_found_trouble(f, "The certificate of the identifier", e);
	TW_TRY(tw_cert_fingerprint(cert, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof(key)));
	count_lines(c->registry, identifier_of(t), tw_buf_cstr(&hex), &units, &others);
	if (units == 0)
		return tw_found(f, TW_VERDICT_FAIL, "The manufacturer's provisioning registry does not know %s.", identifier_of(t));
	if (units > 1 || others)
		return tw_found(f, TW_VERDICT_FAIL,
			"The provisioning registry has %zu units with this identifier and %zu others with its key.", units, others);
	return tw_found(f, TW_VERDICT_PASS,
		"Among the %zu lines of the manufacturer's provisioning registry this identifier and its key belong to one unit only. "
		"That is the manufacturer's word; a second device would be an observation.",
		json_array_size(c->registry));
}

/* @nist DI.IMS.1: no other unit shares it. */
static tw_err unlike_others(struct tw_probe_context *c, struct tw_finding *f)
{
	if (!first(c)->has_identity)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no identifier to compare.");
	TW_TRY(tw_saw(f, "device 1", identifier_of(first(c))));
	if (c->target_count > 1)
		return compare_devices(c, f);
	if (c->registry)
		return ask_registry(c, f);
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"One device alone cannot show it. Name a second one (--device again), or the provisioning registry (--ca DIR).");
}

static const json_t *earlier_identity(const json_t *before, const char *identifier)
{
	const json_t *device = json_object_get(before, "device");

	return device && !strcmp(tw_json_text(device, "identifier"), identifier) ? device : NULL;
}

/* The newest start that the device's own log shows, as text that sorts by time; "" when it shows none. */
static tw_err last_start(struct tw_probe_context *c, char ret[TW_TIME_TEXT_MAX])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i;
	json_t *record;

	ret[0] = '\0';
	TW_TRY(tw_ask(c, &tw_asker_owner, "GET", "/api/v1/log?limit=200", &answer));
	json_array_foreach(json_object_get(answer.body, "records"), i, record)
		if (!strcmp(tw_json_text(record, "type"), "open") && strcmp(tw_json_text(record, "time"), ret) > 0)
			(void)snprintf(ret, TW_TIME_TEXT_MAX, "%s", tw_json_text(record, "time"));
	return TW_OK;
}

/* @nist DI.IMS.1: the same after restart and update, which takes evidence from before. */
static tw_err survives(struct tw_probe_context *c, struct tw_finding *f)
{
	const struct tw_target *t = first(c);
	char started[TW_TIME_TEXT_MAX];

	if (!t->has_identity)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no identifier to compare.");
	if (!c->before)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It takes two moments. Restart or update the device, then assess again with --before and this evidence.");
	const json_t *then = earlier_identity(c->before, identifier_of(t));
	TW_TRY(tw_saw(f, "before", tw_json_text(tw_json_get(c->before, "device"), "identifier")));
	TW_TRY(tw_saw(f, "now", identifier_of(t)));
	if (!then)
		return tw_found(f, TW_VERDICT_FAIL, "Before, the device said %s; now it says %s.",
			tw_json_text(tw_json_get(c->before, "device"), "identifier"), identifier_of(t));
	if (tw_failed(last_start(c, started)))
		started[0] = '\0';
	bool restarted = strcmp(started, tw_json_text(c->before, "created")) > 0;
	bool updated = t->has_statement &&
		(strcmp(tw_json_text(then, "software"), t->stated.statement.software) != 0 ||
			strcmp(tw_json_text(then, "product_version"), t->stated.statement.product_version) != 0);
	if (restarted || updated)
		return tw_found(f, TW_VERDICT_PASS, "The identifier is the same as before%s%s%s.", restarted ? " the restart of " : "",
			restarted ? started : "", updated ? restarted ? " and the update" : " the update" : "");
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"The identifier is the same, but the device was neither restarted nor updated since the earlier evidence.");
}

/* @nist DI.IMS.2: the verified statement says which unit is at the other end of this connection. */
static tw_err statement_holds(struct tw_probe_context *c, struct tw_finding *f)
{
	const struct tw_target *t = first(c);

	if (!t->has_statement)
		return tw_found(f, t->session.client && *t->statement_trouble ? TW_VERDICT_FAIL : TW_VERDICT_INCONCLUSIVE,
			"The device gave no statement that verifies: %s.", t->statement_trouble);
	TW_TRY(tw_saw(f, "identifier", t->stated.statement.identifier));
	if (t->has_identity && strcmp(t->stated.statement.identifier, identifier_of(t)) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The statement says %s, identity.read says %s.", t->stated.statement.identifier,
			identifier_of(t));
	return tw_found(f, TW_VERDICT_PASS,
		"The device signed our fresh nonce and this TLS connection's exporter with the key that the manufacturer certified for %s.",
		t->stated.statement.identifier);
}

/* @nist DI.IMS.2: what the peer learns is what the device holds. */
static tw_err same_as_local(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_target *t = first(c);

	if (!t->has_statement)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no statement to compare.");
	if (!c->local && !t->has_identity)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device does not say what it holds.");
	if (!c->local)
		return strcmp(identifier_of(t), t->stated.statement.identifier)
			? tw_found(f, TW_VERDICT_FAIL, "The statement says %s, the stored identity %s.",
				  t->stated.statement.identifier, identifier_of(t))
			: tw_found(f, TW_VERDICT_PASS,
				  "The statement carries the identifier that the device holds, as read over the network. "
				  "On the device, --local reads it at the source.");
	tw_err e = tw_ask(c, &tw_asker_local, "GET", "/api/v1/identity", &answer);
	if (!tw_failed(e))
		e = tw_answer_check(&answer, c->tool->hint, sizeof(c->tool->hint));
	if (tw_failed(e))
		return tw_found_trouble(f, "Reading the identifier on the local socket", e);
	TW_TRY(tw_saw(f, "local", tw_json_text(answer.body, "identifier")));
	if (strcmp(tw_json_text(answer.body, "identifier"), t->stated.statement.identifier) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The device holds %s, its statement says %s.",
			tw_json_text(answer.body, "identifier"), t->stated.statement.identifier);
	return tw_found(f, TW_VERDICT_PASS, "The statement carries the identifier that the device holds, as read on its local socket.");
}

/* @nist DI.IMS.2: a recorded statement convinces nobody: not for another nonce, not on another connection; a new nonce gets a new one. */
static tw_err replay_is_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	const struct tw_target *t = first(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_statement s = t->stated.statement, again;
	uint8_t other[NONCE_SIZE], exporter[32];

	if (!t->has_statement)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no statement to replay.");
	tw_buf_init(&text, c->sys, TW_JWS_MAX);
	TW_TRY(tw_json_write(t->stated.text, &text));
	if (c->sys->random(c->sys, other, sizeof(other)) != 0 || c->sys->random(c->sys, exporter, sizeof(exporter)) != 0)
		return TW_RAISE_ERRNO("randomness");
	int64_t now = tw_now_ms(c->sys);
	struct tw_slice jws = tw_buf_slice(&text);
	const uint8_t *bound = s.has_exporter ? s.exporter : NULL;
	if (!tw_failed(tw_statement_verify(c->sys, jws, t->anchor, now, other, sizeof(other), bound, &again)))
		return tw_found(f, TW_VERDICT_FAIL, "The recorded statement verifies for another nonce.");
	if (!tw_failed(tw_statement_verify(c->sys, jws, t->anchor, now, s.nonce, s.nonce_size, exporter, &again)))
		return tw_found(f, TW_VERDICT_FAIL, "The recorded statement verifies on another connection.");
	if (!s.has_exporter)
		return tw_found(f, TW_VERDICT_FAIL,
			"The statement is not bound to the TLS connection; whoever is in between could pass it on.");
	TW_CLEANUP(tw_stated_done) struct tw_stated second = { 0 };
	tw_err e = tw_session_statement(c->tool, t->session.client, t->anchor, &second);
	if (tw_failed(e))
		return tw_found_trouble(f, "A second statement", e);
	return tw_found(f, TW_VERDICT_PASS,
		"The recorded statement is refused for another nonce and for another connection, and the device signs a new one for a new nonce.");
}

#define ASSIGNMENT "/api/v1/identity/assignment"

/* What is named already is said once more, which changes nothing; on a device that names nobody a process is named for a moment. */
static tw_err naming(const json_t *before, json_t **ret)
{
	const json_t *to = json_object_get(before, "assigned_to");

	*ret = to ? json_pack("{s:s, s:s, s:s, s:s}", "kind", tw_json_text(to, "kind"), "name", tw_json_text(to, "name"), "contact",
			    tw_json_text(to, "contact"), "reference", tw_json_text(to, "reference"))
		  : json_pack("{s:s, s:s, s:s, s:s}", "kind", "process", "name", "thingward assess", "contact", "", "reference", "");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "assignment");
}

static bool names(const json_t *holder, const char *identifier, const json_t *wanted)
{
	static const char *const keys[] = { "kind", "name", "contact", "reference" };
	const json_t *to = json_object_get(holder, "assigned_to");
	bool same = json_is_object(to) && *identifier && !strcmp(tw_json_text(holder, "identifier"), identifier);

	for (size_t i = 0; same && i < TW_COUNT(keys); i++)
		same = !strcmp(tw_json_text(to, keys[i]), tw_json_text(wanted, keys[i]));
	return same;
}

/* The query, and the line of the owner's list. */
static tw_err compare_named(struct tw_probe_context *c, const json_t *wanted, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer query = { 0 }, identity = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *line = NULL;
	const char *identifier = identifier_of(first(c));

	tw_err e = tw_order(c, "GET", ASSIGNMENT, &query);
	if (!tw_failed(e))
		e = tw_order(c, "GET", "/api/v1/identity", &identity);
	if (tw_failed(e))
		return tw_found_trouble(f, "Reading whom the device is assigned to", e);
	TW_TRY(tw_units_line(&first(c)->session.device, identity.body, &line));
	TW_TRY(tw_saw(f, "identifier", tw_json_text(line, "identifier")));
	TW_TRY(tw_saw(f, "assigned to a", tw_json_text(tw_json_get(line, "assigned_to"), "kind")));
	if (!names(query.body, identifier, wanted))
		return tw_found(f, TW_VERDICT_FAIL,
			"The device was told whom it is assigned to; asked for it, it does not say so beside its identifier.");
	if (!names(line, identifier, wanted))
		return tw_found(f, TW_VERDICT_FAIL,
			"The list of the owner's devices does not have both the identifier and whom it is assigned to.");
	return tw_found(f, TW_VERDICT_PASS,
		"Set over the API, it comes back with the identifier, when asked for and in the owner's list of devices.");
}

static tw_err clear_again(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	tw_err e = tw_order(c, "DELETE", ASSIGNMENT, &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Clearing the assignment that this probe made", e);
	if (tw_json_bool(answer.body, "assigned"))
		return tw_found(f, TW_VERDICT_FAIL, "The assignment was cleared, and the device still names somebody.");
	return TW_OK;
}

/* @nist DI.IMS.3: set by the API, and read back in the query and in the export. */
static tw_err assignment_returned(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *wanted = NULL;

	if (!first(c)->session.client)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no device to ask.");
	tw_err e = tw_order(c, "GET", ASSIGNMENT, &before);
	if (tw_failed(e))
		return tw_found_trouble(f, "Asking whom the device is assigned to", e);
	TW_TRY(naming(before.body, &wanted));
	e = tw_order_with(c, "PUT", ASSIGNMENT, json_incref(wanted), NULL);
	if (tw_failed(e))
		return tw_found_trouble(f, "Assigning the device", e);
	TW_TRY(compare_named(c, wanted, f));
	return tw_json_bool(before.body, "assigned") ? TW_OK : clear_again(c, f);
}

/* The unit's finished line in the manufacturer's registry. */
static const json_t *record_of(const json_t *registry, const char *identifier)
{
	size_t i;
	json_t *line;

	json_array_foreach(registry, i, line)
		if (!strcmp(tw_json_text(line, "state"), "complete") && !strcmp(tw_json_text(line, "identifier"), identifier))
			return line;
	return NULL;
}

static tw_err compare_record(struct tw_probe_context *c, const char *scanned, struct tw_finding *f)
{
	const json_t *record = record_of(c->registry, identifier_of(first(c)));

	if (!c->registry)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The label names %s, as the device says. The provisioning record, which must say so too, was not given (--ca DIR).",
			scanned);
	if (!record)
		return tw_found(
			f, TW_VERDICT_FAIL, "The manufacturer's provisioning registry does not know %s.", identifier_of(first(c)));
	TW_TRY(tw_saw(f, "record", tw_json_text(record, "physical_id")));
	if (strcmp(scanned, tw_json_text(record, "physical_id")) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The label names %s, the provisioning record %s.", scanned,
			tw_json_text(record, "physical_id"));
	return tw_found(f, TW_VERDICT_PASS, "The label, the device and the provisioning record all name %s.", scanned);
}

/* @nist DI.PI.1: the scanned mark is the physical identifier that the API and the provisioning record have. */
static tw_err label_agrees(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_labelcode code = { 0 };
	char scanned[TW_PHYSICAL_ID_MAX + 1];

	if (!c->scan)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It needs a person: scan the label on the housing, and assess again with --label-scan.");
	if (!first(c)->has_identity)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device does not say which unit it is, so there is nothing to compare the label with.");
	tw_err e = tw_labelcode_read(tw_slice_of(c->scan), &code);
	tw_wipe(code.secret, sizeof(code.secret));
	if (tw_failed(e))
		return tw_found(f, TW_VERDICT_FAIL, "What was scanned is not the code of a label: %s.", tw_err_detail());
	TW_TRY(tw_physical_id(code.identifier, scanned));
	TW_TRY(tw_saw(f, "scanned", scanned));
	TW_TRY(tw_saw(f, "device", tw_json_text(first(c)->identity.body, "physical_id")));
	if (strcmp(code.identifier, identifier_of(first(c))) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The label is of %s, the device says that it is %s.", code.identifier,
			identifier_of(first(c)));
	if (strcmp(scanned, tw_json_text(first(c)->identity.body, "physical_id")) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "The label names %s, the device %.80s.", scanned,
			tw_json_text(first(c)->identity.body, "physical_id"));
	return compare_record(c, scanned, f);
}

const struct tw_probe tw_probes_identification[] = {
	{ "DI.IMS.1", "authorized-read", TW_SOURCE_INSIDE, "Does the owner read the unit's identifier?", authorized_read },
	{ "DI.IMS.1", "stranger-learns-nothing", TW_SOURCE_OUTSIDE, "Does a stranger learn nothing about the identity?",
		stranger_learns_nothing },
	{ "DI.IMS.1", "unlike-others", TW_SOURCE_INSIDE, "Is the identifier this unit's alone?", unlike_others },
	{ "DI.IMS.1", "survives", TW_SOURCE_INSIDE, "Is it the same after a restart or an update?", survives },
	{ "DI.IMS.2", "statement-holds", TW_SOURCE_INSIDE, "Does the device prove over the network which unit it is?", statement_holds },
	{ "DI.IMS.2", "same-as-local", TW_SOURCE_INSIDE, "Is that the identifier the device holds?", same_as_local },
	{ "DI.IMS.2", "replay-is-refused", TW_SOURCE_INSIDE, "Is a recorded or passed-on statement worthless?", replay_is_refused },
	{ "DI.IMS.2", "report-holds", TW_SOURCE_INSIDE, "Does the device report hold, and agree with what else the device says?",
		tw_probe_report_holds },
	{ "DI.IMS.2", "report-is-bound", TW_SOURCE_INSIDE, "Is a recorded, passed-on or changed report worthless?", tw_probe_report_is_bound },
	{ "DI.IMS.3", "assignment-returned", TW_SOURCE_INSIDE, "Is the identifier returned with whom the device is assigned to?",
		assignment_returned, true },
	{ "DI.PI.1", "label-agrees", TW_SOURCE_PERSON, "Does the code on the housing name this unit?", label_agrees },
	{},
};
