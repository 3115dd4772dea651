/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that calls shows a certificate, and TLS has proven that it holds the key in it. That the certificate may name the device
 * it names is judged here, in core, before anything of the request is looked at: by the owner's pin of exactly that key, or by one
 * of his anchors, then by revocation, dates and purpose.
 *
 * A certificate that names no device (urn:dev:) claims nothing and changes nothing: its holder is whoever else it can prove to be.
 * One that names a device and does not hold is refused whatever it asks for, even what anyone may read; the record names both the
 * claim and the rule. Nothing is remembered between two requests: what the owner takes back ends with the next one.
 */
#include "device/identification/peers.h"

#include "base/text.h"
#include "device/identification/identity.h"
#include "device/rows-identification.h"
#include "formats/identifier.h"
#include "service/path/condition.h"

#define SETTING "identification.peers"
#define CLAIM "urn:dev:" /* RFC 9039 */

static const char *const lists[] = { "anchors", "peers", "revoked", "policies" };

tw_err tw_peers_load(struct tw_context *c, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_trust_document(c, &j));
	for (size_t i = 0; i < TW_COUNT(lists); i++)
		if (!json_is_array(json_object_get(j, lists[i])))
			TW_TRY(tw_json_set(j, lists[i], json_array()));
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_peers_save(struct tw_context *c, const json_t *document)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, TW_PEERS_DOCUMENT_MAX);
	TW_TRY(tw_json_write(document, &text));
	return tw_device_keep(tw_device_of(c), TW_KEPT_PEERS, tw_buf_cstr(&text));
}

struct claim {
	struct tw_context *c;
	const struct tw_request *rq;
	tw_cert *certificate;
	char identifier[256];
	json_t *known;
	const char *anchor; /* the name of the one that vouches; NULL: the owner's pin does */
};

/* The owner's pin of this identifier; NULL when there is none. */
static const char *pin_of(const struct claim *m)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(m->known, "peers"), i, one)
		if (!strcmp(tw_json_text(one, "identifier"), m->identifier))
			return tw_json_text(one, "key");
	return NULL;
}

static bool key_fits(const struct claim *m, const char *pin)
{
	uint8_t key[32];

	return !pin ||
		(!tw_failed(tw_parse_hex(tw_slice_of(pin), key, sizeof key)) && tw_equal_secret(key, m->rq->client_key, sizeof key));
}

/* What this door calls the rules of a chain; whatever else is wrong with one, no authority here vouches for it. */
static const char *peer_rule(const char *rule)
{
	static const char *const rules[][2] = {
		{ "chain.dates", "peer.dates" },
		{ "chain.purpose", "peer.purpose" },
		{ "chain.usage", "peer.purpose" },
		{ "chain.revoked", "peer.revoked" },
		{ "crl.issuer", "peer.list" },
		{ "crl.signature", "peer.list" },
		{ "crl.dates", "peer.list" },
	};

	for (size_t i = 0; rule && i < TW_COUNT(rules); i++)
		if (!strcmp(rules[i][0], rule))
			return rules[i][1];
	return rule ? "peer.anchor" : NULL;
}

/* @nist LA.AC.2: a system of others is who an authority says that an owner trusts, and nobody by any other.
   While the clock is not trusted it stands at the latest time known to have passed: never earlier, so that nothing ended revives. */
static tw_err ask_anchors(struct claim *m, const char **ret_rule)
{
	TW_CLEANUP(tw_trust_done) struct tw_trust t = { .anchors.count = 0 };
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };
	const struct tw_certs chain = { { m->certificate }, 1 };
	struct tw_chain_verdict verdict;

	TW_TRY(tw_trust_anchors(m->c, m->known, &t));
	TW_TRY(tw_trust_lists(m->c, &l));
	const struct tw_chain_ask ask = { .chain = &chain,
		.anchors = &t.anchors,
		.purpose = TW_CHAIN_DEVICE,
		.uri = m->identifier,
		.now_ms = tw_time_wall_ms(&tw_device_of(m->c)->time),
		.crls = (const tw_crl *const *)l.of,
		.crl_count = l.count };
	TW_TRY(tw_chain_check(m->c->sys, &ask, &verdict));
	*ret_rule = peer_rule(verdict.rule);
	if (!verdict.rule)
		m->anchor = t.names[verdict.anchor];
	return TW_OK;
}

static tw_err revoked(const struct claim *m, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf serial = { 0 };
	size_t i;
	json_t *one;

	*ret = false;
	tw_buf_init(&serial, m->c->sys, 40);
	TW_TRY(tw_cert_serial(m->certificate, &serial));
	json_array_foreach(json_object_get(m->known, "revoked"), i, one)
		*ret |= m->anchor && !strcmp(tw_json_text(one, "anchor"), m->anchor) &&
			!strcmp(tw_json_text(one, "serial"), tw_buf_cstr(&serial));
	return TW_OK;
}

/* What needs no list of the owner's. NULL: nothing stands against it. */
static const char *judge_form(const struct claim *m)
{
	struct tw_identifier parts;
	uint8_t key[32];

	if (!tw_setting_is(m->c, SETTING, "on"))
		return "peer.off";
	if (strlen(m->identifier) > TW_PEER_NAME_MAX || tw_failed(tw_identifier_read(tw_slice_of(m->identifier), &parts)))
		return "peer.name";
	if (!m->rq->has_client_key || tw_failed(tw_cert_fingerprint(m->certificate, key)) || memcmp(key, m->rq->client_key, sizeof key) != 0)
		return "peer.key";
	if (!strcmp(m->identifier, tw_identity_own(tw_device_of(m->c))))
		return "peer.self";
	return NULL;
}

/* @nist DI.DAS.2: name and key, then the chain with its purpose, dates and lists, then what the owner revoked; what fails first is the rule.
   A device that the owner knows by its key needs no chain. */
static tw_err judge(struct claim *m, const char **ret_rule)
{
	bool is_revoked = false;
	int64_t now = tw_time_wall_ms(&tw_device_of(m->c)->time);

	*ret_rule = judge_form(m);
	if (*ret_rule)
		return TW_OK;
	TW_TRY(tw_peers_load(m->c, &m->known));
	const char *pin = pin_of(m);
	if (!key_fits(m, pin))
		*ret_rule = "peer.key";
	else if (!pin)
		TW_TRY(ask_anchors(m, ret_rule));
	if (!*ret_rule)
		TW_TRY(revoked(m, &is_revoked)); /* @nist LA.AC.3: asked at each request */
	if (*ret_rule)
		return TW_OK;
	if (is_revoked)
		*ret_rule = "peer.revoked";
	else if (tw_failed(tw_cert_in_time(m->certificate, now)))
		*ret_rule = "peer.dates";
	else if (!tw_cert_for_client(m->certificate))
		*ret_rule = "peer.purpose";
	return TW_OK;
}

/* Which device the certificate names; false: none, so nothing is claimed. */
static tw_err read_claim(struct claim *m, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	*ret = false;
	tw_err e = tw_cert_load(m->c->sys, m->rq->certificate, &m->certificate);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return TW_OK; /* of no form that could name a device here */
	TW_TRY(e);
	tw_buf_init(&uri, m->c->sys, sizeof m->identifier - 1);
	e = tw_cert_uri(m->certificate, &uri);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return TW_OK;
	TW_TRY(e);
	*ret = strncmp(tw_buf_cstr(&uri), CLAIM, strlen(CLAIM)) == 0;
	(void)snprintf(m->identifier, sizeof m->identifier, "%s", tw_buf_cstr(&uri));
	return TW_OK;
}

static tw_err conclude(struct claim *m, struct tw_request *rq)
{
	const char *rule = NULL;
	bool claimed = false;

	TW_TRY(read_claim(m, &claimed));
	if (!claimed)
		return TW_OK;
	(void)snprintf(rq->subject.name, sizeof rq->subject.name, "peer:%.*s", TW_PEER_NAME_MAX, m->identifier);
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "claimed");
	TW_TRY(judge(m, &rule));
	if (rule) {
		rq->refused_rule = rule;
		return TW_RAISE(UNTRUSTED, "%s", rule);
	}
	rq->subject.kind = TW_SUBJECT_PEER;
	rq->subject.methods = 1U << TW_METHOD_CERTIFICATE;
	rq->subject.factors = 1;
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "device-certificate");
	return tw_peers_heard(tw_device_of(m->c), rq, m->identifier);
}

static tw_err recognize(struct tw_context *c, struct tw_request *rq)
{
	struct claim m = { .c = c, .rq = rq };
	tw_err e = conclude(&m, rq);

	(void)tw_cert_free(m.certificate);
	json_decref(m.known);
	return e;
}

static size_t rules_of(const json_t *known, struct tw_policy_rule ret[TW_POLICIES_MAX])
{
	size_t i, n = 0;
	json_t *one;

	json_array_foreach(json_object_get(known, "policies"), i, one)
		if (n < TW_POLICIES_MAX)
			ret[n++] = (struct tw_policy_rule){ tw_json_text(one, "name"), tw_json_text(one, "subject"),
				tw_json_text(one, "target"), tw_json_text(one, "operation"), tw_json_bool(one, "allow") };
	return n;
}

/* @nist DI.ABI.1: the rules are read, the gate judges, and the one that decided is named */
static tw_err policy(struct tw_context *c, const struct tw_request *rq, struct tw_policy_verdict *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	struct tw_policy_rule rules[TW_POLICIES_MAX];

	*ret = (struct tw_policy_verdict){ .rule = "policy.default" };
	TW_TRY(tw_peers_load(c, &known));
	size_t n = rules_of(known, rules);
	int decided = tw_gate_policy(rules, n, rq->subject.name + strlen("peer:"), tw_identity_own(tw_device_of(c)), rq->operation->name);
	if (decided < 0)
		return TW_OK;
	ret->allowed = rules[decided].allow;
	(void)snprintf(ret->rule, sizeof ret->rule, "policy:%s", rules[decided].name);
	return TW_OK;
}

tw_err tw_peers_start(struct tw_device *d)
{
	d->context.recognize = recognize;
	d->context.policy = policy;
	d->context.watched = tw_peers_watched;
	return TW_OK;
}

/* Two lists and the words around their sizes. */
struct sizes {
	const char *list[2], *words[3];
};

static tw_err status(struct tw_context *c, const struct sizes *sizes, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	struct tw_setting_state setting;

	(void)snprintf(ret->setting, sizeof ret->setting, "%s", SETTING);
	TW_TRY(tw_setting_state(c, tw_setting_find(c, SETTING), &setting));
	bool on = strcmp(setting.value, "on") == 0;
	ret->status = on ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	ret->since_ms = setting.version ? setting.changed_ms : 0;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", setting.version ? setting.changed_by : "");
	if (!on) {
		(void)snprintf(ret->reason, sizeof ret->reason, "Other devices are switched off: each that names itself is refused.");
		return TW_OK;
	}
	TW_TRY(tw_peers_load(c, &known)); /* what cannot be read is not provided, and the caller says so */
	(void)snprintf(ret->reason, sizeof ret->reason, "%s%zu%s%zu%s", sizes->words[0],
		json_array_size(json_object_get(known, sizes->list[0])), sizes->words[1],
		json_array_size(json_object_get(known, sizes->list[1])), sizes->words[2]);
	return TW_OK;
}

/* @nist DI.DAS.2 */
tw_err tw_peers_status_checked(struct tw_context *c, struct tw_element_status *ret)
{
	static const struct sizes sizes = { { "peers", "anchors" },
		{ "Devices known by their key: ", "; authorities: ", ". The claim of any other device is refused and recorded." } };

	return status(c, &sizes, ret);
}

/* @nist DI.ABI.1 */
tw_err tw_peers_status_rules(struct tw_context *c, struct tw_element_status *ret)
{
	static const struct sizes sizes = { { "policies", "peers" },
		{ "Rules by device identity: ", "; devices known by their key: ", ". What no rule admits is refused and recorded." } };

	return status(c, &sizes, ret);
}

/* @nist DI.ABI.1.2: told apart at each request, from what the request itself proves; nothing is carried over from the one before */
tw_err tw_peers_status_remote(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *owner = NULL;

	TW_TRY(tw_fact(c, "owner.present", &owner));
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		json_is_true(owner)
			? "Each request is judged by its own client certificate or session: sessions end after 30 minutes, "
			  "certificates of devices at their date."
			: "Nobody is permitted yet: without an owner the network reaches the take-over and the health word, and nothing else.");
	return TW_OK;
}
