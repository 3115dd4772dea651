/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/names.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "device/rows-logical-access.h"

#define KEPT TW_KEPT_OF_OWNER "names"
#define PEM_MAX (TW_WIRE_NAMED_MAX * 2) /* four characters for three bytes, line ends, two lines of words */

static bool is_ours(const struct tw_device *d, const tw_cert *c)
{
	uint8_t key[32];

	return !tw_failed(tw_cert_fingerprint(c, key)) && memcmp(key, d->listener_key, sizeof key) == 0;
}

tw_err tw_names_load(struct tw_device *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	struct tw_dns_names names;

	tw_buf_init(&pem, d->context.sys, PEM_MAX);
	tw_err e = tw_device_kept(d, KEPT, &pem);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	e = tw_cert_load(d->context.sys, tw_buf_slice(&pem), &c);
	if (!tw_failed(e))
		e = tw_cert_dns_names(c, &names);
	if (!tw_failed(e) && is_ours(d, c))
		tw_device_named(d, TW_STEAL(c), &names);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_NOTFOUND)) {
		tw_log_err(e, "the certificate of the device's names is left out"); /* another release took it */
		return TW_OK;
	}
	return e;
}

static tw_err add_pem(struct tw_context *c, const char *key, const tw_cert *certificate, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, c->sys, PEM_MAX);
	TW_TRY(tw_cert_pem(certificate, &pem));
	return tw_json_set(rp->body, key, json_string(tw_buf_cstr(&pem)));
}

tw_err tw_access_names(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_device *d = tw_device_of(c);
	char until[TW_TIME_TEXT_MAX];

	rp->body = json_pack("{s:[]}", "names"); /* without one, whatever is to stand in it fails for lack of memory */
	json_t *names = tw_json_get(rp->body, "names");
	for (size_t i = 0; i < d->names.count; i++)
		TW_TRY(tw_json_append(names, json_string(d->names.of[i])));
	TW_TRY(add_pem(c, "listener", d->listener, rp));
	if (!d->named)
		return TW_OK;
	tw_time_text(tw_cert_not_after_ms(d->named), until);
	TW_TRY(tw_json_set(rp->body, "until", json_string(until)));
	return add_pem(c, "certificate", d->named, rp);
}

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *next, const char *why)
{
	return tw_reply_problem(rp, 400, "input", rule, "This certificate cannot stand for the device's names", next, "%s", why);
}

static tw_err judge(struct tw_device *d, const tw_cert *cert, struct tw_reply *rp, struct tw_dns_names *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };

	if (!is_ours(d, cert))
		return refuse(rp, "names.key",
			"Have the certificate made over the public key of the certificate that names.read shows as listener.",
			"It is over another key than the listener's.");
	if (tw_cert_is_ca(cert) || !tw_cert_for_server(cert))
		return refuse(rp, "names.purpose", "Have a certificate made for a TLS server.",
			"It is an authority's, or not for TLS servers.");
	tw_buf_init(&der, d->context.sys, TW_WIRE_NAMED_MAX);
	tw_err e = tw_cert_der(cert, &der);
	if (tw_is(e, TW_CODE_LIMIT))
		return refuse(rp, "names.size", "Have a smaller certificate made.", "It has more bytes than the device keeps.");
	TW_TRY(e);
	e = tw_time_trusted(&d->time) ? tw_cert_in_time(cert, tw_time_wall_ms(&d->time)) : TW_OK;
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return refuse(rp, "names.dates", "Look at its dates, and at the device's clock.", tw_err_detail());
	TW_TRY(e);
	e = tw_cert_dns_names(cert, ret);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_SYNTAX))
		return refuse(rp, "names.name", "Have a certificate made with one to eight whole DNS names.", tw_err_detail());
	return e;
}

/* Kept first: what a power cut leaves is either of the two. */
tw_err tw_access_names_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	struct tw_device *d = tw_device_of(c);
	struct tw_dns_names names;

	tw_err e = tw_cert_load(c->sys, tw_slice_of(tw_json_text(rq->input, "certificate")), &cert);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED))
		return refuse(rp, "names.certificate", "Send one certificate in PEM.", tw_err_detail());
	TW_TRY(e);
	TW_TRY(judge(d, cert, rp, &names));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&pem, c->sys, PEM_MAX);
	TW_TRY(tw_cert_pem(cert, &pem));
	TW_TRY(tw_device_keep(d, KEPT, tw_buf_cstr(&pem)));
	(void)snprintf(rp->note, sizeof rp->note, "%.180s", names.of[0]);
	tw_device_named(d, TW_STEAL(cert), &names);
	return TW_OK;
}

tw_err tw_access_names_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_device_forget(tw_device_of(c), KEPT));
	tw_device_named(tw_device_of(c), NULL, NULL);
	return TW_OK;
}
