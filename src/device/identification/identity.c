/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this unit has an identity is not assumed but tried, once per start: the key role signs a statement over a fresh
 * nonce, and that statement is verified as a stranger would verify it, against the manufacturer's certificate. So the key, its
 * certificate and the chain agree; then the identifier is compared with the product's and with the one of earlier starts.
 *
 * If any of this fails the device goes on, since an owner must be able to see why, but the identifier is no longer given out.
 * A disk or keys that failed meanwhile say nothing about the identity: then it is tried again, after a second and then after
 * pauses that double up to five minutes, until there is a verdict.
 */
#include "device/identification/identity.h"

#include "base/log.h"
#include "base/release.h"
#include "base/text.h"
#include "device/identification/assignment.h"
#include "device/identification/peers.h"
#include "device/rows-identification.h"
#include "formats/identifier.h"
#include "formats/labelcode.h"
#include "formats/statement.h"

#define KEPT_IDENTITY "identity"
#define REMOTE_READ "identification.remote-read"
#define NONCE_SIZE 32
#define AGAIN_MS 1000
#define AGAIN_MOST_MS 300000

struct tw_identity {
	bool consistent;
	bool undecided; /* something else failed */
	bool settled;   /* nothing is to be tried or told any more; until then again at again_ms of the boot clock */
	int64_t again_ms, pause_ms;
	const char *told;        /* the event that says so, once it is told */
	char why[TW_DETAIL_MAX]; /* not, in words */
	char identifier[TW_IDENTIFIER_MAX + 1];
	struct tw_buf pem; /* the certificate, once it was asked for: as long as we run it is the same */
};

static tw_err sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_STATEMENT, signing_input, ret);
}

static tw_err state_identity(struct tw_device *d, const void *nonce, size_t nonce_size, const uint8_t *exporter, struct tw_buf *ret)
{
	const struct tw_signer signer = { sign, d->context.keys };
	struct tw_statement s = { .nonce_size = nonce_size, .has_exporter = exporter != NULL };

	memcpy(s.nonce, nonce, nonce_size);
	if (exporter)
		memcpy(s.exporter, exporter, sizeof s.exporter);
	s.issued_ms = tw_time_wall_ms(&d->time);
	s.time_trusted = tw_time_trusted(&d->time);
	(void)snprintf(s.identifier, sizeof s.identifier, "%s", d->identity->identifier);
	(void)snprintf(s.software, sizeof s.software, "%s", TW_VERSION);
	(void)snprintf(s.model, sizeof s.model, "%s", d->manifest->model);
	(void)snprintf(s.product_version, sizeof s.product_version, "%s", d->manifest->version);
	return tw_statement_sign(d->context.sys, &s, d->certificate, &signer, ret);
}

/* The unit is of the product that the manifest describes: same maker, same class. */
static tw_err compare_product(const struct tw_device *d)
{
	struct tw_identifier id;

	TW_TRY(tw_identifier_read(tw_slice_of(d->identity->identifier), &id));
	if (id.pen != d->manifest->pen || !tw_slice_is(id.product_class, d->manifest->product_class))
		return TW_RAISE(UNTRUSTED, "the identifier is of %u-" TW_SLICE_FMT ", the product manifest of %u-%s", id.pen,
			TW_SLICE_ARG(id.product_class), d->manifest->pen, d->manifest->product_class);
	return TW_OK;
}

/* What the unit says of itself, as a stranger would read it. */
static tw_err verify(struct tw_device *d, const uint8_t nonce[NONCE_SIZE], const struct tw_buf *text)
{
	struct tw_statement seen;

	return tw_statement_verify(
		d->context.sys, tw_buf_slice(text), d->manufacturer, tw_time_wall_ms(&d->time), nonce, NONCE_SIZE, NULL, &seen);
}

/* The identifier of the first start, which this one may be. */
static tw_err read_kept(struct tw_device *d, struct tw_buf *ret)
{
	tw_err e = tw_device_kept(d, KEPT_IDENTITY, ret);

	if (!tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_TRY(tw_device_keep(d, KEPT_IDENTITY, d->identity->identifier));
	return tw_buf_add(ret, d->identity->identifier, strlen(d->identity->identifier));
}

/*
 * @nist DI.IMS.1: one identifier, and it is this unit's
 * ret_finding: a failure is of the identity. Keys that do not sign and a store that does not answer are none: that may pass.
 */
static tw_err prove(struct tw_device *d, bool *ret_finding)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 }, text = { 0 }, kept = { 0 };
	uint8_t nonce[NONCE_SIZE];

	tw_buf_init(&uri, d->context.sys, TW_IDENTIFIER_MAX);
	tw_buf_init(&text, d->context.sys, 16 * 1024);
	tw_buf_init(&kept, d->context.sys, TW_IDENTIFIER_MAX);
	*ret_finding = true;
	TW_TRY(tw_cert_uri(d->certificate, &uri));
	(void)snprintf(d->identity->identifier, sizeof d->identity->identifier, "%s", tw_buf_cstr(&uri));
	TW_TRY(compare_product(d));
	*ret_finding = false;
	if (d->context.sys->random(d->context.sys, nonce, sizeof nonce))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(state_identity(d, nonce, sizeof nonce, NULL, &text));
	*ret_finding = true;
	TW_TRY(verify(d, nonce, &text));
	*ret_finding = false;
	TW_TRY(read_kept(d, &kept));
	*ret_finding = true;
	if (!tw_slice_is(tw_buf_slice(&kept), d->identity->identifier)) /* it lasts as long as the unit, so keys were exchanged */
		return TW_RAISE(UNTRUSTED, "the certificate names another identifier than at earlier starts");
	return TW_OK;
}

/* Once for each of the two; what could not be told is tried again with the rest. */
static tw_err tell(struct tw_device *d)
{
	struct tw_identity *i = d->identity;
	const char *event = i->undecided ? "identity.untried" : "identity.inconsistent";

	if (i->told == event)
		return TW_OK;
	tw_error("the identity of this device %s: %s; the identifier is not given out",
		i->undecided ? "could not be tried" : "is not consistent", i->why);
	TW_TRY(tw_event(&d->context, event, json_pack("{s:s}", "what", i->why)));
	i->told = event;
	return TW_OK;
}

static tw_err judge(struct tw_device *d)
{
	struct tw_identity *i = d->identity;
	bool finding;
	tw_err e = prove(d, &finding);

	i->again_ms = tw_time_boot_ms(&d->time) + i->pause_ms;
	i->pause_ms = i->pause_ms < AGAIN_MOST_MS / 2 ? i->pause_ms * 2 : AGAIN_MOST_MS;
	i->consistent = i->settled = !tw_failed(e);
	i->undecided = tw_failed(e) && (!finding || tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_IO));
	if (i->consistent) {
		if (i->told)
			tw_warn("the identity of this device has been proven after all");
		return TW_OK;
	}
	(void)snprintf(i->why, sizeof i->why, "%s", tw_err_detail());
	e = tell(d);
	if (!i->undecided) {
		i->settled = !tw_failed(e);
		return e;
	}
	if (tw_failed(e)) /* the same disk: told with a later try */
		tw_log_err(e, "telling that the identity could not be tried");
	return TW_OK;
}

const char *tw_identity_own(const struct tw_device *d)
{
	return d->identity && d->identity->consistent ? d->identity->identifier : "";
}

tw_err tw_identity_start(struct tw_device *d)
{
	TW_TRY(tw_inventory_start(d));
	struct tw_identity *i = TW_NEW(d->context.sys, struct tw_identity);

	if (!i)
		return TW_RAISE(NOMEM, "identification");
	i->pause_ms = AGAIN_MS;
	d->identity = i;
	TW_TRY(tw_peers_start(d));
	return judge(d);
}

int64_t tw_identity_due_ms(struct tw_context *c)
{
	const struct tw_identity *i = tw_device_of(c)->identity;

	if (!i || i->settled)
		return -1;
	int64_t left = i->again_ms - tw_time_boot_ms(c->time);
	return left > 0 ? left : 0;
}

tw_err tw_identity_job_prove(struct tw_context *c)
{
	return tw_identity_due_ms(c) == 0 ? judge(tw_device_of(c)) : TW_OK;
}

void tw_identity_stop(struct tw_device *d)
{
	tw_peers_stop(d);
	tw_inventory_stop(d);
	free(d->local);
	d->local = NULL;
	if (d->identity)
		tw_buf_done(&d->identity->pem);
	free(d->identity);
	d->identity = NULL;
}

tw_err tw_identity_missing(const struct tw_device *d, struct tw_reply *rp)
{
	const struct tw_identity *i = d->identity;

	if (i->undecided)
		return tw_reply_problem(rp, 503, "identity", "identity.untried",
			"Whether this device has its identity could not be tried yet",
			"Ask again: the device tries again by itself, soon at first. If it stays so, see what its log says of its disk and its keys.",
			"%s", i->why);
	if (!i->consistent)
		return tw_reply_problem(rp, 503, "identity", "DI.IMS.1", "This device has no identity that it can prove",
			"Ask the manufacturer: the device needs to be provisioned again.", "%s", i->why);
	return TW_OK;
}

tw_err tw_identity_refuse(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (rq->subject.door == TW_DOOR_HTTPS && !tw_setting_is(c, REMOTE_READ, "on"))
		return tw_reply_problem(rp, 403, "off-by-policy", "DI.IMS.1", "Reading the identity remotely is switched off",
			"The owner can switch it on: thingward device settings change " REMOTE_READ " on.",
			"The setting " REMOTE_READ " is off.");
	return tw_identity_missing(tw_device_of(c), rp);
}

/* Whole or not at all. */
static tw_err certificate_text(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	if (d->identity->pem.size)
		return TW_OK;
	tw_buf_init(&pem, d->context.sys, 16 * 1024);
	TW_TRY(tw_cert_pem(d->certificate, &pem));
	d->identity->pem = pem;
	pem = (struct tw_buf){ 0 };
	return TW_OK;
}

/* @nist DI.IMS.1: returned to authorized clients; the gate has judged the client before we are called */
tw_err tw_identity_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *assigned = NULL;
	char not_after[TW_TIME_TEXT_MAX], physical[TW_PHYSICAL_ID_MAX + 1];

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(certificate_text(d));
	tw_time_text(tw_cert_not_after_ms(d->certificate), not_after);
	TW_TRY(tw_physical_id(d->identity->identifier, physical));
	rp->body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "identifier", d->identity->identifier, "physical_id", physical,
		"model", d->manifest->model, "product_version", d->manifest->version, "certificate", tw_buf_cstr(&d->identity->pem),
		"certificate_not_after", not_after);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	if (rq->subject.kind == TW_SUBJECT_PEER) /* which unit this is concerns another device; whose it is does not */
		return TW_OK;
	TW_TRY(tw_assignment_now(d, &assigned));
	return assigned ? tw_json_set(rp->body, "assigned_to", json_incref(assigned)) : TW_OK;
}

tw_err tw_identity_asked(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, uint8_t *ret_nonce, size_t max, size_t *ret_size)
{
	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	if (tw_failed(tw_parse_base64url(tw_slice_of(tw_json_text(rq->input, "nonce")), max, ret_nonce, ret_size)) ||
		*ret_size < TW_STATEMENT_NONCE_MIN)
		return tw_reply_problem(rp, 400, "input", "identity.nonce", "The nonce is not of the wanted form",
			"Send 16 to 64 random bytes in base64url, without padding.", "It must be base64url of 16 to 64 bytes.");
	if (rq->subject.door == TW_DOOR_HTTPS && !rq->has_exporter)
		return TW_RAISE(INTERNAL, "a network request without the exporter of its connection");
	return TW_OK;
}

/* @nist DI.IMS.2: bound to the caller's nonce and, over the network, to this very connection (RFC 9266) */
tw_err tw_identity_statement(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t nonce[TW_STATEMENT_NONCE_MAX];
	size_t size = 0;
	json_t *statement = NULL;

	TW_TRY(tw_identity_asked(c, rq, rp, nonce, sizeof nonce, &size));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&text, c->sys, 16 * 1024);
	TW_TRY(state_identity(d, nonce, size, rq->has_exporter ? rq->exporter : NULL, &text));
	TW_TRY(tw_json_parse(tw_buf_slice(&text), text.max, &statement));
	rp->body = json_object();
	return tw_json_set(rp->body, "statement", statement);
}

const char *tw_identity_identifier(const struct tw_device *d)
{
	return d->identity->identifier;
}

/* Without a user of its own for each role, another role could read the key: true, but said. */
static void say_confinement(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *confined = NULL;
	size_t used = strlen(ret->reason);

	if (tw_failed(tw_fact(c, "roles.confined", &confined)) || !json_is_true(confined))
		(void)snprintf(ret->reason + used, sizeof ret->reason - used,
			" The parts of the software share one user here, so the key is less protected.");
}

tw_err tw_identity_status(struct tw_context *c, const char *provided, struct tw_element_status *ret)
{
	const struct tw_identity *i = tw_device_of(c)->identity;
	struct tw_setting_state setting;

	(void)snprintf(ret->setting, sizeof ret->setting, "%s", REMOTE_READ);
	if (!i->consistent) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "The identity %s: %.180s.",
			i->undecided ? "could not be tried yet" : "is missing or not consistent", i->why);
		return TW_OK;
	}
	TW_TRY(tw_setting_state(c, tw_setting_find(c, REMOTE_READ), &setting));
	bool on = strcmp(setting.value, "on") == 0;
	ret->status = on ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", on ? provided : "Reading the identity remotely is switched off.");
	ret->since_ms = setting.version ? setting.changed_ms : 0;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", setting.version ? setting.changed_by : "");
	if (on)
		say_confinement(c, ret);
	return TW_OK;
}

/* @nist DI.IMS.1 */
tw_err tw_identity_status_identifier(struct tw_context *c, struct tw_element_status *ret)
{
	return tw_identity_status(c, "Key, certificate and identifier agree; checked at this start.", ret);
}

/* @nist DI.IMS.2 */
tw_err tw_identity_status_statement(struct tw_context *c, struct tw_element_status *ret)
{
	return tw_identity_status(c, "The device key signs statements that verify against the manufacturer; tried at this start.", ret);
}

tw_err tw_identity_fact_known(struct tw_context *c, json_t **ret)
{
	*ret = json_boolean(tw_device_of(c)->identity->consistent);
	return TW_OK;
}
