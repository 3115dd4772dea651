/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A local identity (IEEE 802.1AR "LDevID"): a key made here for this owner, and a certificate of the owner's own authority over it, had by
 * EST. With it this unit proves to others on the owner's network that it belongs there, without showing who made it.
 *
 * The key lives in one of two slots of the keystore and a renewal fills the other, so that what is kept in the store (certificate and
 * the slot it belongs to) changes in one write; cut before it, the old identity stands, and after it the new one. A certificate counts only
 * while its key is there: keys destroys that with the ownership. What the server answers is judged before it is kept: our key,
 * our name, a chain to the owner's anchors, dates, purpose.
 *
 * The first certificate is had for a secret, or for the unit's own certificate from its manufacturer (RFC 7030 section 3.3.2). That one tells
 * the server which unit this is, so it is shown only when the owner said so, only in the question that asks for a certificate, and
 * only to whom his anchors vouch for: TLS 1.3 sends it behind the server's proof, and encrypted.
 */
#include "device/identification/local.h"

#include "base/text.h"
#include "device/identification/identity.h"
#include "device/identification/local-inside.h"
#include "device/platform/fetch.h"
#include "device/rows-identification.h"
#include "formats/est.h"
#include "formats/labelcode.h"
#include "service/task/task.h"

#define KEPT_LOCAL TW_KEPT_OF_OWNER "local-identity"
#define KEPT_WANTED TW_KEPT_OF_OWNER "local-identity.wanted"
#define KEPT_MAX (64 * 1024)
#define WHOSE "local-identity"
#define DEADLINE_S 30
#define BUSY_MS 1000 /* something else is being fetched */
#define CHAIN_PEM_MAX TW_FETCH_CERTIFICATE_MAX
#define AS_UNIT "*" /* in the place of a secret; no base64url, and no NAME:PASSWORD */

static const char *const slots[] = { TW_KEYS_LOCAL "a", TW_KEYS_LOCAL "b" };

/* --- What is kept --- */

static const struct tw_shape kept_shape[] = {
	{ "url", TW_JSON_TEXT, true, 1, TW_EST_URL_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{ "slot", TW_JSON_TEXT, true, 1, TW_KEYS_SLOT_NAME_MAX },
	{ "certificate", TW_JSON_TEXT, true, 1, CHAIN_PEM_MAX },
	{ "since", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX },
	{},
};
static const struct tw_shape wanted_shape[] = {
	{ "url", TW_JSON_TEXT, true, 1, TW_EST_URL_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{ "slot", TW_JSON_TEXT, true, 1, TW_KEYS_SLOT_NAME_MAX },
	{ "secret", TW_JSON_TEXT, true, 0, 1024 }, /* sealed, base64url; AS_UNIT: the unit's own certificate asks; empty: the present identity does */
	{},
};

static tw_err has_key_of(struct tw_device *d, const char *slot, const tw_cert *cert, bool *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t ours[TW_POINT_SIZE], theirs[TW_POINT_SIZE];
	tw_err e = tw_keys_client_slot_point(d->context.keys, slot, ours);

	*ret = false;
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_cert_key(cert, &key));
	TW_TRY(tw_key_point(key, theirs));
	*ret = memcmp(ours, theirs, sizeof ours) == 0;
	return TW_OK;
}

tw_err tw_local_stored(struct tw_device *d, json_t **ret, struct tw_certs *ret_chain)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_device_kept_json(d, KEPT_LOCAL, kept_shape, &j));
	TW_TRY(tw_certs_read(d->context.sys, tw_slice_of(tw_json_text(j, "certificate")), TW_CHAIN_MAX, ret_chain));
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* NOTFOUND: there is no local identity, or its key is not there any more. */
static tw_err local_now(struct tw_device *d, json_t **ret, struct tw_certs *ret_chain)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	bool ours = false;

	TW_TRY(tw_local_stored(d, &j, &chain));
	TW_TRY(has_key_of(d, tw_json_text(j, "slot"), chain.of[0], &ours));
	if (!ours)
		return TW_RAISE(NOTFOUND, "the key of the local identity is not there any more");
	*ret = TW_STEAL(j);
	*ret_chain = chain;
	chain.count = 0;
	return TW_OK;
}

static tw_err judge(struct tw_device *d, const struct tw_certs *chain, const char *anchors_pem, const char **ret_rule)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };
	struct tw_chain_verdict v;

	TW_TRY(tw_certs_read(d->context.sys, tw_slice_of(anchors_pem), TW_ANCHORS_MAX, &anchors));
	const struct tw_chain_ask ask = {
		.chain = chain, .anchors = &anchors, .purpose = TW_CHAIN_DEVICE, .uri = tw_identity_own(d), .now_ms = tw_time_wall_ms(&d->time)
	};
	TW_TRY(tw_chain_check(d->context.sys, &ask, &v));
	*ret_rule = v.rule;
	return TW_OK;
}

/* --- Reading and removing --- */

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

tw_err tw_local_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };

	TW_TRY(tw_identity_refuse(c, rq, rp)); /* the certificate names the unit */
	if (rp->problem[0])
		return TW_OK;
	tw_err e = local_now(tw_device_of(c), &j, &chain);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "enrolled", json_boolean(j != NULL)));
	if (!j)
		return TW_OK;
	for (const char *const *key = (const char *const[]){ "url", "anchors", "certificate", "since", NULL }; *key; key++)
		TW_TRY(tw_json_set(rp->body, *key, json_incref(tw_json_get(j, *key))));
	return set_time(rp->body, "not_after", tw_cert_not_after_ms(chain.of[0]));
}

static tw_err no_identity(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "local.none", "There is no local identity", "Enrol this unit first.",
		"This unit has no certificate of an authority of yours.");
}

static tw_err drop_slot(struct tw_device *d, const char *slot)
{
	tw_err e = tw_keys_client_slot_remove(d->context.keys, slot);

	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

/* Also one that nobody can read any more. */
static tw_err is_kept(struct tw_device *d, const char *name, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, KEPT_MAX);
	tw_err e = tw_device_kept(d, name, &text);
	*ret = !tw_failed(e);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

/* The keys first: what says that there is something to remove stays until they are gone, so that it can be asked for again. */
tw_err tw_local_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	bool has = false, wants = false;

	TW_TRY(is_kept(d, KEPT_LOCAL, &has));
	TW_TRY(is_kept(d, KEPT_WANTED, &wants));
	if (!has && !wants)
		return no_identity(rp);
	for (size_t i = 0; i < TW_COUNT(slots); i++)
		TW_TRY(drop_slot(d, slots[i]));
	TW_TRY(tw_device_forget(d, KEPT_WANTED));
	TW_TRY(tw_device_forget(d, TW_LOCAL_KEPT_TRIES));
	TW_TRY(tw_device_forget(d, KEPT_LOCAL));
	tw_local_changed(d);
	return tw_event(c, "identity.local-removed", json_object());
}

/* --- Starting --- */

static tw_err seal(struct tw_device *d, struct tw_slice secret, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };

	tw_buf_init(&sealed, d->context.sys, 1024);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, secret, &sealed));
	return tw_buf_base64url(ret, sealed.data, sealed.size);
}

static bool is_slot_of(const json_t *identity, const char *slot)
{
	return strcmp(tw_json_text(identity, "slot"), slot) == 0;
}

/* The one that holds no key in use. */
static const char *free_slot(const json_t *present)
{
	return present && is_slot_of(present, slots[0]) ? slots[1] : slots[0];
}

/* Kept before the task begins, so that a restart finds what was wanted. secret: as it is kept. */
static tw_err want(struct tw_context *c, struct tw_reply *rp, const json_t *present, const char *url, const char *anchors, const char *secret)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *wanted = json_object();
	const char *slot = free_slot(present), *missing = tw_fetch_missing(d);

	if (missing)
		return tw_reply_problem(rp, 409, "state", "local.fetch", "This device cannot connect to others",
			"Install what is missing.", "%s", missing);
	TW_TRY(tw_json_set(wanted, "url", json_string(url)));
	TW_TRY(tw_json_set(wanted, "anchors", json_string(anchors)));
	TW_TRY(tw_json_set(wanted, "slot", json_string(slot)));
	TW_TRY(tw_json_set(wanted, "secret", json_string(secret)));
	TW_TRY(drop_slot(d, slot));
	return tw_device_keep_json(d, KEPT_WANTED, wanted);
}

static tw_err check_anchors(struct tw_context *c, const char *pem, bool *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };
	tw_err e = tw_certs_read(c->sys, tw_slice_of(pem), TW_ANCHORS_MAX, &anchors);

	*ret = false;
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return TW_OK;
	TW_TRY(e);
	*ret = true;
	for (size_t i = 0; i < anchors.count; i++)
		*ret = *ret && tw_cert_is_ca(anchors.of[i]);
	return TW_OK;
}

static tw_err check_credential(struct tw_context *c, const char *secret, bool as_unit, struct tw_reply *rp)
{
	TW_TRY(tw_identity_missing(tw_device_of(c), rp)); /* a certificate would name nobody */
	if (rp->problem[0])
		return TW_OK;
	if (as_unit && *secret)
		return tw_reply_problem(rp, 400, "input", "local.credential", "There are two things to enrol with",
			"Send one of them.", "A secret, and the unit's own certificate.");
	if (!as_unit && (!strchr(secret, ':') || !tw_text_printable(tw_slice_of(secret))))
		return tw_reply_problem(rp, 400, "input", "local.secret", "This is no secret for EST",
			"Send it as NAME:PASSWORD, or say that the unit's own certificate may be shown.",
			"A name, a colon and a password are wanted.");
	return TW_OK;
}

static tw_err prepare_enrol(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *present = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	const char *url = tw_json_text(rq->input, "url"), *anchors = tw_json_text(rq->input, "anchors"),
		   *secret = tw_json_text(rq->input, "secret");
	bool good = false, as_unit = tw_json_bool(rq->input, "unit");

	if (!tw_est_url_valid(tw_slice_of(url)))
		return tw_reply_problem(rp, 400, "input", "local.url", "This is no address of an EST server",
			"Use https://HOST, https://HOST:PORT or one of them with /.well-known/est/LABEL.",
			"The address is of another form.");
	TW_TRY(check_anchors(c, anchors, &good));
	if (!good)
		return tw_reply_problem(rp, 400, "input", "local.anchors", "These are no authorities",
			"Send certificates of authorities in PEM, P-256, nothing between them.", "At most %d are taken.", TW_ANCHORS_MAX);
	TW_TRY(check_credential(c, secret, as_unit, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = local_now(d, &present, &chain);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	tw_buf_init(&kept, c->sys, 2048);
	TW_TRY(as_unit ? tw_buf_text(&kept, AS_UNIT) : seal(d, tw_slice_of(secret), &kept));
	return want(c, rp, present, url, anchors, tw_buf_cstr(&kept));
}

static tw_err prepare_renew(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *present = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	tw_err e = local_now(tw_device_of(c), &present, &chain);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return no_identity(rp);
	TW_TRY(e);
	return want(c, rp, present, tw_json_text(present, "url"), tw_json_text(present, "anchors"), "");
}

/* --- The task --- */

struct enrolment {
	struct tw_context *c;
	json_t *wanted, *present; /* present: what a renewal shows as TLS client */
	struct tw_est est;
	struct tw_buf secret, unit; /* unit: its own certificate, when that asks */
	uint8_t point[TW_POINT_SIZE];
	bool committed; /* before a restart */
	bool fetching;
	int64_t wait_until_ms;
};

static struct enrolment *free_enrolment(struct enrolment *w)
{
	if (w) {
		if (w->fetching)
			tw_fetch_end(tw_device_of(w->c));
		json_decref(w->wanted);
		json_decref(w->present);
		tw_est_done(&w->est);
		tw_buf_wipe(&w->secret);
		tw_buf_done(&w->unit);
	}
	free(w);
	return NULL;
}
TW_DEFINE_FREEP(struct enrolment, free_enrolment)

static tw_err unseal(struct enrolment *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	struct tw_slice text = tw_slice_of(tw_json_text(w->wanted, "secret"));
	size_t size = 0;

	if (!text.size)
		return TW_OK;
	if (tw_slice_is(text, AS_UNIT))
		return tw_cert_pem(tw_device_of(w->c)->certificate, &w->unit);
	tw_buf_init(&sealed, w->c->sys, text.size + 1);
	TW_TRY(tw_buf_reserve(&sealed, text.size + 1));
	TW_TRY(tw_parse_base64url(text, text.size, sealed.data, &size));
	sealed.size = size;
	return tw_keys_client_unseal(w->c->keys, WHOSE, tw_buf_slice(&sealed), &w->secret);
}

/* A key that an earlier start made for it is used: nobody has a certificate over it yet. */
static tw_err make_key(struct enrolment *w)
{
	const char *slot = tw_json_text(w->wanted, "slot");
	tw_err e = tw_keys_client_slot_new(w->c->keys, slot, w->point);

	return tw_is(e, TW_CODE_EXISTS) ? tw_keys_client_slot_point(w->c->keys, slot, w->point) : e;
}

static tw_err begin_asking(struct enrolment *w)
{
	TW_TRY(unseal(w));
	w->est.again = !w->secret.size && !w->unit.size;
	if (w->est.again && !w->present)
		return TW_RAISE(NOTFOUND, "there is no local identity any more that could be renewed");
	return make_key(w);
}

static tw_err begin(struct tw_context *c, struct tw_task *t)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(free_enrolmentp) struct enrolment *w = TW_NEW(c->sys, struct enrolment);
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };

	if (!w)
		return TW_RAISE(NOMEM, "enrolling");
	w->c = c;
	tw_buf_init(&w->secret, c->sys, TW_KEYS_SEAL_MAX + 1);
	tw_buf_init(&w->unit, c->sys, CHAIN_PEM_MAX);
	tw_err e = tw_device_kept_json(d, KEPT_WANTED, wanted_shape, &w->wanted);
	if (tw_is(e, TW_CODE_NOTFOUND))
		(void)snprintf(t->why, sizeof t->why, "It had ended, or the local identity was removed: read it to see what came of it.");
	TW_TRY(e);
	e = local_now(d, &w->present, &chain);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	w->committed = w->present && is_slot_of(w->present, tw_json_text(w->wanted, "slot"));
	if (!w->committed)
		TW_TRY(begin_asking(w));
	t->total = 3;
	t->work = TW_STEAL(w);
	return TW_OK;
}

static void end(struct tw_context *c, struct tw_task *t)
{
	(void)free_enrolment(t->work);
}

static tw_err sign(void *user, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	struct enrolment *w = user;

	return tw_keys_client_slot_sign(w->c->keys, tw_json_text(w->wanted, "slot"), w->point, digest, ret);
}

static tw_err make_request(struct enrolment *w, struct tw_buf *ret)
{
	const char *own = tw_identity_own(tw_device_of(w->c));
	char id[TW_PHYSICAL_ID_MAX + 1];
	const struct tw_csr_names names = { .common_name = id, .uri = own };
	const struct tw_digest_signer signer = { sign, w };

	TW_TRY(tw_physical_id(own, id));
	return tw_est_request(w->c->sys, &names, w->point, &signer, ret);
}

/* The present identity, the unit's own certificate, or a name and password. */
static tw_err show_credential(struct enrolment *w, struct tw_fetch_want *want, struct tw_buf *basic)
{
	if (w->est.again) {
		want->job.certificate = tw_slice_of(tw_json_text(w->present, "certificate"));
		want->slot = tw_json_text(w->present, "slot");
		return TW_OK;
	}
	if (w->unit.size) {
		want->job.certificate = tw_buf_slice(&w->unit);
		want->as_unit = true;
		return TW_OK;
	}
	TW_TRY(tw_buf_reserve(basic, TW_FETCH_AUTHORIZATION_MAX));
	TW_TRY(tw_est_basic(tw_buf_slice(&w->secret), basic));
	want->job.authorization = tw_buf_slice(basic);
	return TW_OK;
}

static tw_err ask(struct enrolment *w, struct tw_task *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 }, body = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf basic = { 0 };
	bool enrol = w->est.stage == TW_EST_ENROL;
	struct tw_fetch_want want = { .job = { .method = enrol ? TW_FETCH_POST : TW_FETCH_GET,
					      .deadline_s = DEADLINE_S,
					      .answer_max = 2 * TW_BAG_MAX,
					      .anchors = tw_slice_of(tw_json_text(w->wanted, "anchors")) } };

	tw_buf_init(&place, w->c->sys, TW_FETCH_URL_MAX);
	tw_buf_init(&body, w->c->sys, TW_FETCH_BODY_MAX);
	tw_buf_init(&basic, w->c->sys, TW_FETCH_AUTHORIZATION_MAX);
	TW_TRY(tw_est_place(tw_slice_of(tw_json_text(w->wanted, "url")), &w->est, &place));
	want.job.url = tw_buf_slice(&place);
	if (enrol) {
		TW_TRY(make_request(w, &body));
		want.body = tw_buf_slice(&body);
		want.job.type = TW_SLICE("application/pkcs10");
		want.job.accept = TW_SLICE("application/pkcs7-mime");
		TW_TRY(show_credential(w, &want, &basic));
	}
	tw_err e = tw_fetch_begin(tw_device_of(w->c), &want);
	w->fetching = !tw_failed(e);
	t->not_before_ms = tw_time_boot_ms(w->c->time) + (w->fetching ? TW_TASK_PAUSE_MAX_MS : BUSY_MS);
	return tw_is(e, TW_CODE_STATE) ? TW_OK : e;
}

static tw_err finish(struct tw_task *t, const char *rule, const char *words)
{
	t->failed = rule != NULL;
	(void)snprintf(t->words, sizeof t->words, "%.159s", words);
	t->result = json_pack("{s:s}", "verdict", rule ? rule : "enrolled");
	return t->result ? TW_OK : TW_RAISE(NOMEM, "a verdict");
}

static tw_err drop_others(struct tw_device *d, const json_t *present)
{
	for (size_t i = 0; i < TW_COUNT(slots); i++)
		if (!present || !is_slot_of(present, slots[i]))
			TW_TRY(drop_slot(d, slots[i]));
	return TW_OK;
}

static const char *rule_of_end(const struct tw_task *t)
{
	const char *verdict = t->result ? tw_json_text(t->result, "verdict") : "";

	if (t->state == TW_TASK_FAILED)
		return *verdict ? verdict : "task.failed";
	return t->state == TW_TASK_CANCELLED ? "task.cancelled" : "task.aborted";
}

static tw_err note_failure(struct tw_device *d, const struct tw_task *t)
{
	TW_CLEANUP(tw_jsonp) json_t *present = NULL;
	tw_err e = tw_device_kept_json(d, KEPT_LOCAL, kept_shape, &present);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	return tw_local_renewal_failed(d, tw_json_text(present, "since"), rule_of_end(t), t->ended_ms, t->id);
}

static tw_err note_enrolled(struct tw_device *d, const struct tw_task *t, const tw_cert *cert)
{
	char until[TW_TIME_TEXT_MAX];

	tw_time_text(tw_cert_not_after_ms(cert), until);
	return tw_local_tell(d, t->id, "identity.local-enrolled", json_pack("{s:s}", "not_after", until));
}

/*
 * However it ended: neither the sealed secret nor a key that came to nothing stays. Whether it came to something says what is kept, and not
 * the task, which may have failed behind the write that counts. What was wanted is forgotten last, so that all of this is done until
 * it is done; what is cut in between is told twice, and what fails in between once.
 */
static tw_err ended(struct tw_context *c, struct tw_task *t)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *wanted = NULL, *present = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	tw_err e = tw_device_kept_json(d, KEPT_WANTED, wanted_shape, &wanted);

	tw_local_changed(d);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	e = local_now(d, &present, &chain);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_TRY(drop_others(d, present));
	if (present && is_slot_of(present, tw_json_text(wanted, "slot")))
		TW_TRY(note_enrolled(d, t, chain.of[0]));
	else if (t->state != TW_TASK_DONE && !*tw_json_text(wanted, "secret"))
		TW_TRY(note_failure(d, t));
	return tw_device_forget(d, KEPT_WANTED);
}

/* The certificate alone, or with the one authority of cacerts that stands between it and an anchor. */
static tw_err find_chain(struct enrolment *w, struct tw_certs *ret, const char **ret_rule)
{
	struct tw_certs chain = { .of = { w->est.issued.of[0] }, .count = 1 };
	const char *anchors = tw_json_text(w->wanted, "anchors"), *rule;

	TW_TRY(judge(tw_device_of(w->c), &chain, anchors, ret_rule));
	*ret = chain;
	for (size_t i = 0; *ret_rule && strcmp(*ret_rule, "chain.anchor") == 0 && i < w->est.authorities.count; i++) {
		chain.of[1] = w->est.authorities.of[i];
		chain.count = 2;
		TW_TRY(judge(tw_device_of(w->c), &chain, anchors, &rule));
		if (!rule || strcmp(rule, "chain.anchor") != 0) {
			*ret_rule = rule;
			*ret = chain;
		}
	}
	return TW_OK;
}

static tw_err commit(struct enrolment *w, const struct tw_certs *chain)
{
	struct tw_device *d = tw_device_of(w->c);
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	tw_buf_init(&pem, d->context.sys, CHAIN_PEM_MAX);
	for (size_t i = 0; i < chain->count; i++)
		TW_TRY(tw_cert_pem(chain->of[i], &pem));
	TW_TRY(tw_json_set(j, "url", json_incref(tw_json_get(w->wanted, "url"))));
	TW_TRY(tw_json_set(j, "anchors", json_incref(tw_json_get(w->wanted, "anchors"))));
	TW_TRY(tw_json_set(j, "slot", json_incref(tw_json_get(w->wanted, "slot"))));
	TW_TRY(tw_json_set(j, "certificate", json_string(tw_buf_cstr(&pem))));
	TW_TRY(set_time(j, "since", tw_time_wall_ms(&d->time)));
	return tw_device_keep_json(d, KEPT_LOCAL, j);
}

static tw_err finish_well(struct tw_task *t)
{
	t->done = t->total;
	return finish(t, NULL, "This unit has a local identity.");
}

static tw_err take_certificate(struct enrolment *w, struct tw_task *t)
{
	TW_CLEANUP(tw_jsonp) json_t *wanted = NULL;
	struct tw_certs chain = { 0 }; /* borrowed */
	const char *rule = NULL;
	bool ours = false;

	tw_err e = tw_device_kept_json(tw_device_of(w->c), KEPT_WANTED, wanted_shape, &wanted);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return finish(t, "local.removed", "The local identity was removed meanwhile.");
	TW_TRY(e);
	TW_TRY(has_key_of(tw_device_of(w->c), tw_json_text(w->wanted, "slot"), w->est.issued.of[0], &ours));
	if (!ours)
		return finish(t, "est.key", "The server's certificate is over another key than the one that was made here.");
	TW_TRY(find_chain(w, &chain, &rule));
	if (rule)
		return finish(t, rule, tw_chain_text(rule));
	TW_TRY(commit(w, &chain));
	return finish_well(t);
}

static tw_err take_answer(struct enrolment *w, struct tw_task *t, const struct tw_fetch_answer *a, bool *ret_finished)
{
	const struct tw_est_answer answer = { a->status, a->retry_after_s, tw_slice_of(a->type), a->body };
	bool shows = w->est.stage == TW_EST_ENROL && !w->secret.size;
	char rule[32];

	w->fetching = false;
	if (a->failure) {
		(void)snprintf(rule, sizeof rule, "fetch.%s", tw_fetch_failure_names[a->failure]);
		*ret_finished = true;
		return finish(t, rule, a->words);
	}
	TW_TRY(tw_est_take(w->c->sys, &w->est, &answer));
	w->wait_until_ms = w->est.wait_s ? tw_time_boot_ms(w->c->time) + (int64_t)w->est.wait_s * 1000 : 0;
	*ret_finished = w->est.stage == TW_EST_HAS || w->est.stage == TW_EST_REFUSED;
	t->done = *ret_finished ? 3 : w->est.stage == TW_EST_ENROL ? 1 : 0;
	if (w->wait_until_ms)
		(void)snprintf(t->words, sizeof t->words, "The server will decide later; it is asked again in %u s.", w->est.wait_s);
	if (w->est.stage == TW_EST_REFUSED && a->status == 401 && shows && !a->signed_with_key)
		return finish(t, "est.not-asked", "The server wants to know who asks, and did not ask for a certificate: it was shown none.");
	if (w->est.stage == TW_EST_REFUSED)
		return finish(t, w->est.rule, w->est.words);
	return w->est.stage == TW_EST_HAS ? take_certificate(w, t) : TW_OK;
}

/* @nist DI.DAS.1: how this unit becomes an authorized participant */
static tw_err step(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	struct enrolment *w = t->work;
	struct tw_fetch_answer a;
	int64_t now = tw_time_boot_ms(c->time);

	if (w->committed) {
		*ret_finished = true;
		return finish_well(t);
	}
	if (w->fetching) {
		if (tw_fetch_ended(tw_device_of(c), &a)) {
			tw_err e = take_answer(w, t, &a, ret_finished);

			tw_fetch_end(tw_device_of(c));
			return e;
		}
		t->not_before_ms = now + TW_TASK_PAUSE_MAX_MS;
		return TW_OK;
	}
	if (now < w->wait_until_ms) {
		t->not_before_ms = w->wait_until_ms - now < TW_TASK_PAUSE_MAX_MS ? w->wait_until_ms : now + TW_TASK_PAUSE_MAX_MS;
		return TW_OK;
	}
	return ask(w, t);
}

#define ENROLMENT(prepares)                                                                                                      \
	{                                                                                                                        \
		.resumable = true, .at_once = 1, .prepare = (prepares), .begin = begin, .step = step, .end = end, .ended = ended \
	}
const struct tw_task_kind tw_task_local_enrol = ENROLMENT(prepare_enrol);
const struct tw_task_kind tw_task_local_renew = ENROLMENT(prepare_renew);

/* --- Presenting it --- */

struct presenting {
	struct tw_context *c;
	bool fetching;
};

static tw_err present_begin(struct tw_context *c, struct tw_task *t)
{
	struct presenting *p = TW_NEW(c->sys, struct presenting);

	if (!p)
		return TW_RAISE(NOMEM, "presenting");
	p->c = c;
	t->work = p;
	t->total = 1;
	return TW_OK;
}

static void present_end(struct tw_context *c, struct tw_task *t)
{
	struct presenting *p = t->work;

	if (p && p->fetching)
		tw_fetch_end(tw_device_of(c));
	free(p);
}

#define KEPT_PEER TW_KEPT_OF_OWNER "local-identity.peer"
static const struct tw_shape peer_shape[] = {
	{ "url", TW_JSON_TEXT, true, 1, TW_FETCH_URL_MAX },
	{ "anchors", TW_JSON_TEXT, true, 1, TW_FETCH_ANCHORS_MAX },
	{},
};

static tw_err present_ask(struct presenting *p, struct tw_task *t)
{
	struct tw_device *d = tw_device_of(p->c);
	TW_CLEANUP(tw_jsonp) json_t *peer = NULL, *j = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };

	TW_TRY(tw_device_kept_json(d, KEPT_PEER, peer_shape, &peer));
	TW_TRY(local_now(d, &j, &chain));
	const struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET,
						    .deadline_s = DEADLINE_S,
						    .answer_max = TW_FETCH_PIECE_MAX,
						    .url = tw_slice_of(tw_json_text(peer, "url")),
						    .anchors = tw_slice_of(tw_json_text(peer, "anchors")),
						    .certificate = tw_slice_of(tw_json_text(j, "certificate")) },
		.slot = tw_json_text(j, "slot") };
	tw_err e = tw_fetch_begin(d, &want);
	p->fetching = !tw_failed(e);
	t->not_before_ms = tw_time_boot_ms(p->c->time) + (p->fetching ? TW_TASK_PAUSE_MAX_MS : BUSY_MS);
	return tw_is(e, TW_CODE_STATE) ? TW_OK : e;
}

static tw_err present_take(struct tw_task *t, const struct tw_fetch_answer *a)
{
	const char *words = "The other side answered.";

	t->failed = a->failure || !a->signed_with_key;
	if (a->failure) {
		words = a->words;
		t->result = json_pack("{s:s++}", "verdict", "fetch.", tw_fetch_failure_names[a->failure], "");
	} else if (!a->signed_with_key) {
		words = "The other side answered without asking for a certificate: it was shown nothing.";
		t->result = json_pack("{s:s, s:i}", "verdict", "not-asked", "status", (int)a->status);
	} else {
		t->result = json_pack("{s:s, s:i}", "verdict", "answered", "status", (int)a->status);
	}
	(void)snprintf(t->words, sizeof t->words, "%.150s", words);
	return t->result ? TW_OK : TW_RAISE(NOMEM, "a verdict");
}

/* @nist DI.DAS.1: the certificate is shown and its key proven, in a TLS 1.3 handshake, to whoever the owner names */
static tw_err present_step(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	struct presenting *p = t->work;
	struct tw_fetch_answer a;

	if (!p->fetching)
		return present_ask(p, t);
	if (!tw_fetch_ended(tw_device_of(c), &a)) {
		t->not_before_ms = tw_time_boot_ms(c->time) + TW_TASK_PAUSE_MAX_MS;
		return TW_OK;
	}
	p->fetching = false;
	*ret_finished = true;
	t->done = 1;
	tw_err e = present_take(t, &a);
	tw_fetch_end(tw_device_of(c));
	return e;
}

static tw_err present_ended(struct tw_context *c, struct tw_task *t)
{
	return tw_device_forget(tw_device_of(c), KEPT_PEER);
}

static tw_err present_prepare(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL, *peer = json_object();
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	bool good = false;
	tw_err e = local_now(d, &j, &chain);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return no_identity(rp);
	TW_TRY(e);
	TW_TRY(check_anchors(c, tw_json_text(rq->input, "anchors"), &good));
	if (!good)
		return tw_reply_problem(rp, 400, "input", "local.anchors", "These are no authorities",
			"Send certificates of authorities in PEM, P-256, nothing between them.", "At most %d are taken.", TW_ANCHORS_MAX);
	TW_TRY(tw_json_set(peer, "url", json_incref(tw_json_get(rq->input, "url"))));
	TW_TRY(tw_json_set(peer, "anchors", json_incref(tw_json_get(rq->input, "anchors"))));
	return tw_device_keep_json(d, KEPT_PEER, peer);
}

const struct tw_task_kind tw_task_local_present = {
	.resumable = false, .at_once = 1, .prepare = present_prepare, .begin = present_begin, .step = present_step, .end = present_end, .ended = present_ended
};

/* --- Status --- */

/* @nist DI.DAS.1 */
tw_err tw_local_status(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	const char *rule = NULL, *missing = tw_fetch_missing(d);
	char renewal[160];

	ret->status = TW_STATUS_NEEDS_PART;
	if (missing) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s", missing);
		return TW_OK;
	}
	tw_err e = local_now(d, &j, &chain);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		(void)snprintf(ret->reason, sizeof ret->reason,
			"This unit is not enrolled: it has no certificate of an authority of its owner's.");
		return TW_OK;
	}
	TW_TRY(e);
	TW_TRY(judge(d, &chain, tw_json_text(j, "anchors"), &rule));
	TW_TRY(tw_local_renewal_text(d, renewal, sizeof renewal));
	if (rule) {
		(void)snprintf(ret->reason, sizeof ret->reason, "The local identity does not hold any more: %.70s %.120s",
			tw_chain_text(rule), renewal);
		return TW_OK;
	}
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"It shows a certificate of its owner's authority to other devices, since %.10s. %.150s", tw_json_text(j, "since"),
		renewal);
	return TW_OK;
}
