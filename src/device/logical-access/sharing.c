/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.8: who may share what with whom, by his roles and by the kind of his account; nothing with anybody who is not listed
 *
 * See sharing.h. What is shared is the answer of an operation that reads, asked with the rights of whoever shares it. It leaves sealed, in the answer,
 * and the log says who gave what to whom.
 */
#include "device/logical-access/sharing.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/rights-edit.h"
#include "device/logical-access/state.h"
#include "device/platform/outputs.h"
#include "device/rows-logical-access.h"
#include "formats/export.h"
#include "service/path/path-match.h"

const struct tw_shared_kind tw_shared_kinds[TW_SHARED_KINDS] = {
	{ "telemetry", "telemetry.read" },
	{ "log", "log.read" },
	{ "identity", "identity.read" },
};

bool tw_shared_permission(size_t kind, const char *recipient, char ret[TW_PERMISSION_NAME_MAX + 1])
{
	int n = snprintf(ret, TW_PERMISSION_NAME_MAX + 1, "share.%s.%s", tw_shared_kinds[kind].word, recipient);

	return n > 0 && n <= TW_PERMISSION_NAME_MAX;
}

/* --- Whom the organization lists --- */

static tw_err bad(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "This can be no recipient", "See /api/v1/openapi.json for the form.", "%s", detail);
}

static bool are_kinds(const char *words)
{
	char copy[TW_ACCOUNT_WORDS_MAX], *rest = NULL;

	(void)snprintf(copy, sizeof copy, "%s", words);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		size_t i = 0;

		while (i < TW_ACCOUNT_KINDS && strcmp(tw_account_kinds[i], word) != 0)
			i++;
		if (i == TW_ACCOUNT_KINDS)
			return false;
	}
	return true;
}

/* A name that the gate would not take where a recipient is given nothing, and so has no permission. */
static bool is_name(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' && name[0] >= 'a' && name[strlen(name) - 1] != '-';
}

/* Whose key it is, whatever certificate holds it. */
static tw_err key_of(const struct tw_sys *sys, const tw_cert *certificate, char ret[2 * TW_SHA256_SIZE + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t key[TW_SHA256_SIZE];

	tw_buf_init(&hex, sys, 2 * sizeof key);
	TW_TRY(tw_cert_fingerprint(certificate, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof key));
	(void)snprintf(ret, 2 * TW_SHA256_SIZE + 1, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err check(struct tw_context *c, struct tw_rights_edit *e)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *certificate = NULL;

	if (!is_name(e->name))
		return bad(e->rp, "rights.form", "A name has small letters, digits and hyphens, and begins with a letter.");
	tw_err failed = tw_cert_load(c->sys, tw_slice_of(tw_json_text(e->rq->input, "certificate")), &certificate);
	if (tw_is(failed, TW_CODE_SYNTAX) || tw_is(failed, TW_CODE_UNSUPPORTED) || tw_is(failed, TW_CODE_LIMIT))
		return bad(e->rp, "sharing.certificate", "The recipient's certificate is none in PEM with a P-256 key.");
	TW_TRY(failed);
	TW_TRY(key_of(c->sys, certificate, e->key));
	if (!are_kinds(tw_json_text(e->rq->input, "kinds")))
		return bad(e->rp, "sharing.kind", "A kind of account is person, service, shared, temporary, emergency or supporting.");
	if (tw_rights_at(e) || tw_rights_count(e) < TW_RECIPIENTS_MAX)
		return TW_OK;
	return tw_reply_problem(e->rp, 409, "full", "rights.limit", "There is no room for more",
		"Remove a recipient that is not needed.", "There are %d at most.", TW_RECIPIENTS_MAX);
}

tw_err tw_access_recipient_put(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const char *const keys[] = { "purpose", "certificate", "kinds" };
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "recipients" };
	TW_CLEANUP(tw_jsonp) json_t *entry = json_object();

	TW_TRY(tw_rights_begin(&e));
	if (!rp->problem[0])
		TW_TRY(tw_rights_check_owners(&e));
	if (!rp->problem[0])
		TW_TRY(check(c, &e));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(entry, "name", json_string(e.name)));
	TW_TRY(tw_json_set(entry, "owners", json_boolean(rq->subject.kind == TW_SUBJECT_OWNER)));
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		TW_TRY(tw_json_set(entry, keys[i], json_string(tw_json_text(rq->input, keys[i]))));
	for (size_t i = 0; i < TW_SHARED_KINDS; i++)
		TW_TRY(tw_json_set(entry, tw_shared_kinds[i].word, json_string(tw_json_text(rq->input, tw_shared_kinds[i].word))));
	return tw_rights_put(&e, TW_STEAL(entry), NULL);
}

tw_err tw_access_recipient_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_rights_edit_done) struct tw_rights_edit e = { .c = c, .rq = rq, .rp = rp, .list = "recipients" };

	return tw_rights_remove(&e, tw_rights_check_owners);
}

tw_err tw_access_recipients(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_rights_list(c, rq, rp, "recipients");
}

/* --- Who may --- */

struct sharing {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	const json_t *recipient;
	size_t kind;
	const struct tw_operation_row *operation;
};

static tw_err refuse(struct sharing *s, const char *rule, const char *detail)
{
	return tw_reply_problem(s->rp, 403, "forbidden", rule, "This may not be shared so",
		"Ask whoever says what may be shared with whom.", "%s", detail);
}

static tw_err gate_refuses(struct sharing *s, const struct tw_decision *d, const char *rule, const char *detail)
{
	if (d->verdict == TW_ALLOW)
		return TW_OK;
	return refuse(s, d->verdict == TW_DENY_RULE ? d->rule : rule,
		d->verdict == TW_DENY_RULE ? "A rule of the organization does not permit this now." : detail);
}

/* @nist LA.RSM.8: the role of whoever shares it, as the gate knows it now */
static tw_err ask_role(struct sharing *s)
{
	char permission[TW_PERMISSION_NAME_MAX + 1];
	struct tw_decision d;

	if (!tw_shared_permission(s->kind, tw_json_text(s->recipient, "name"), permission))
		return TW_RAISE(INTERNAL, "a recipient's name");
	TW_TRY(tw_path_decide(s->c, &s->rq->subject, permission, TW_WHEN_ALWAYS, &d));
	return gate_refuses(s, &d, "sharing.role", "Nobody with your roles shares this with this recipient.");
}

/* @nist LA.RSM.8: and the kind of his account; without any said, every kind */
static tw_err ask_kind(struct sharing *s)
{
	const char *kinds = tw_json_text(s->recipient, "kinds");
	struct tw_account a;
	int64_t id = 0;

	if (!*kinds)
		return TW_OK;
	if (!tw_account_id_read(tw_slice_of(s->rq->subject.account), &id))
		return refuse(s, "sharing.kind", "You have no account here.");
	TW_TRY(tw_account_get(s->c, id, &a));
	return tw_account_has(kinds, tw_account_kinds[a.kind])
		? TW_OK
		: refuse(s, "sharing.kind", "This is for other kinds of accounts than yours.");
}

/* Nobody gives away what he may not see: what he is given to share is nothing that he comes to read by it. */
static tw_err ask_own(struct sharing *s)
{
	struct tw_decision d;

	TW_TRY(tw_path_decide(s->c, &s->rq->subject, s->operation->permission, s->operation->when, &d));
	return gate_refuses(s, &d, "sharing.own", "You may not read this yourself.");
}

static tw_err find(struct sharing *s, const json_t *document)
{
	const json_t *list = json_object_get(document, "recipients");
	const char *word = tw_json_text(s->rq->input, "data");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (tw_slice_is(s->rq->parameter, tw_json_text(json_array_get(list, i), "name")))
			s->recipient = json_array_get(list, i);
	if (!s->recipient)
		return refuse(s, "sharing.recipient", "The organization lists no such recipient.");
	while (s->kind < TW_SHARED_KINDS && strcmp(tw_shared_kinds[s->kind].word, word) != 0)
		s->kind++;
	if (s->kind == TW_SHARED_KINDS)
		return bad(s->rp, "sharing.data", "There is telemetry, log and identity to share.");
	s->operation = tw_operation_find(s->c->capabilities, tw_slice_of(tw_shared_kinds[s->kind].operation));
	return s->operation ? TW_OK : TW_RAISE(INTERNAL, "nothing reads %s", word);
}

static tw_err judge(struct sharing *s, const json_t *document)
{
	tw_err (*const steps[])(struct sharing * s) = { ask_role, ask_kind, ask_own };

	TW_TRY(find(s, document));
	for (size_t i = 0; i < TW_COUNT(steps) && !s->rp->problem[0]; i++)
		TW_TRY(steps[i](s));
	return TW_OK;
}

/* --- Sharing it --- */

static tw_err sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_EXPORT, signing_input, ret);
}

/* What the operation answers to whoever shares it, without anything asked of it, and without what is withheld from him or from the recipient. */
static tw_err read_content(struct sharing *s, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *nothing = json_object();
	TW_CLEANUP(tw_reply_done) struct tw_reply answer = { .status = 200 };
	struct tw_request rq = *s->rq;

	if (!nothing)
		return TW_RAISE(NOMEM, "a request");
	rq.operation = s->operation;
	rq.input = nothing;
	rq.parameter = (struct tw_slice){ NULL, 0 };
	rq.takes_file = rq.takes_stream = rq.takes_later = false;
	TW_TRY(s->operation->handler(s->c, &rq, &answer));
	if (answer.problem[0])
		return tw_reply_problem(s->rp, answer.status, answer.problem, answer.rule, answer.title, answer.next, "%s", answer.detail);
	if (!answer.body)
		return TW_RAISE(INTERNAL, "%s answers without a body", s->operation->name);
	TW_TRY(tw_outputs_for_party(s->c, &rq.subject, tw_json_text(s->recipient, "name"), s->operation, &answer.body));
	*ret = TW_STEAL(answer.body);
	return TW_OK;
}

static tw_err describe(struct sharing *s, struct tw_export *ret)
{
	struct tw_device *d = tw_device_of(s->c);
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, s->c->sys, TW_IDENTIFIER_MAX);
	TW_TRY(tw_cert_uri(d->certificate, &uri));
	*ret = (struct tw_export){ .made_ms = tw_time_wall_ms(&d->time), .time_trusted = tw_time_trusted(&d->time) };
	(void)snprintf(ret->identifier, sizeof ret->identifier, "%s", tw_buf_cstr(&uri));
	(void)snprintf(ret->recipient, sizeof ret->recipient, "%s", tw_json_text(s->recipient, "name"));
	(void)snprintf(ret->data, sizeof ret->data, "%s", tw_shared_kinds[s->kind].word);
	(void)snprintf(ret->by, sizeof ret->by, "%s", tw_subject_key(&s->rq->subject));
	return TW_OK;
}

static tw_err answer(struct sharing *s, const struct tw_export *e, const tw_cert *recipient, const struct tw_buf *sealed)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char key[2 * TW_SHA256_SIZE + 1];
	uint8_t digest[TW_SHA256_SIZE];

	TW_TRY(key_of(s->c->sys, recipient, key));
	tw_buf_init(&hex, s->c->sys, 2 * sizeof digest);
	TW_TRY(tw_sha256(sealed->data, sealed->size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	(void)snprintf(s->rp->note, sizeof s->rp->note, "%s for %s, sealed: sha256 %s", e->data, e->recipient, tw_buf_cstr(&hex));
	s->rp->body = json_pack(
		"{s:s, s:s, s:s, s:s}", "recipient", e->recipient, "key", key, "data", e->data, "sealed", tw_buf_cstr(sealed));
	return s->rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err give(struct sharing *s)
{
	struct tw_device *d = tw_device_of(s->c);
	const struct tw_signer signer = { sign, s->c->keys };
	TW_CLEANUP(tw_cert_freep) tw_cert *recipient = NULL;
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };
	struct tw_export_parties parties = { .device = d->certificate, .signer = &signer };
	struct tw_export e;

	tw_buf_init(&sealed, s->c->sys, TW_JWE_MAX);
	TW_TRY(tw_cert_load(s->c->sys, tw_slice_of(tw_json_text(s->recipient, "certificate")), &recipient));
	if (tw_failed(tw_cert_in_time(recipient, tw_time_wall_ms(&d->time))))
		return tw_reply_problem(s->rp, 409, "refused", "sharing.certificate", "The recipient's certificate is over, or not good yet",
			"Put the recipient's present certificate.", "%s", tw_err_detail());
	TW_TRY(read_content(s, &content));
	if (s->rp->problem[0])
		return TW_OK;
	TW_TRY(describe(s, &e));
	parties.recipient = recipient;
	TW_TRY(tw_export_seal(s->c->sys, &e, content, &parties, &sealed));
	return answer(s, &e, recipient, &sealed);
}

tw_err tw_access_share(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct sharing s = { .c = c, .rq = rq, .rp = rp };

	TW_TRY(tw_rights_read(tw_device_of(c), &document));
	TW_TRY(judge(&s, document));
	return rp->problem[0] ? TW_OK : give(&s);
}
