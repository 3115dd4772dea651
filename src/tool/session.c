/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with a device, statements, labels: what several commands need. */
#include "tool/session.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/labelcode.h"
#include "tool/files.h"
#include "tool/kept-login.h"
#include "tool/login.h"
#include "tool/notice.h"
#include "tool/terminal.h"

#define NONCE_SIZE 32
#define LABEL_MAX 32768

void tw_session_done(struct tw_session *s)
{
	tw_client_free(s->client);
	tw_device_done(&s->device);
	tw_owner_free(s->owner);
	*s = (struct tw_session){ 0 };
}

/* A session shows no certificate: a device that knows it would take its holder for whoever the certificate says. */
static tw_err open_as(struct tw_tool *t, const char *owner_dir, const char *device, bool by_login, struct tw_session *ret)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	struct tw_place place = { .has_pin = true };

	TW_TRY(tw_owner_open(t, owner_dir, &s.owner));
	TW_TRY(tw_owner_device(t, s.owner, device, &s.device));
	if (by_login)
		TW_TRY(tw_kept_login_read(s.owner, s.device.name, &kept));
	place.address = s.device.address;
	memcpy(place.pin, s.device.listener, sizeof(place.pin));
	if (kept && *tw_json_text(kept, "token"))
		place.token = tw_json_text(kept, "token");
	else
		tw_owner_place(s.owner, &place);
	if (!place.token && !place.certificate)
		return tw_fail(t, TW_EXIT_FAILED, "thingward device login --device NAME --owner DIR",
			TW_RAISE(NOTFOUND, "%.200s holds no certificate of yours%s", owner_dir,
				by_login ? ", and you are not logged in" : ""));
	TW_TRY(tw_client_new(t->sys, &place, &s.client));
	s.by_login = place.token != NULL;
	*ret = s;
	memset(&s, 0, sizeof(s)); /* handed over: the cleanup finds nothing */
	if (ret->by_login)
		tw_client_keep(ret->client, ret);
	return TW_OK;
}

tw_err tw_session_owner(struct tw_tool *t, const char *owner_dir, const char *device, struct tw_session *ret)
{
	return open_as(t, owner_dir, device, false, ret);
}

tw_err tw_session_with(struct tw_tool *t, const char *owner_dir, const char *device, struct tw_session *ret)
{
	return open_as(t, owner_dir, device, true, ret);
}

const char *tw_session_kept(const struct tw_session *s)
{
	return s->local ? TW_KEPT_LOCAL : s->device.name;
}

static tw_err read_kept(struct tw_tool *t, const char *owner_dir, struct tw_session *s, json_t **ret)
{
	TW_TRY(tw_owner_open(t, owner_dir, &s->owner));
	TW_TRY(tw_kept_login_read(s->owner, TW_KEPT_LOCAL, ret));
	return *tw_json_text(*ret, "token") ? TW_OK
					    : tw_fail(t, TW_EXIT_FAILED, "thingward device login --local SOCKET --owner DIR",
						      TW_RAISE(NOTFOUND, "you are not logged in at the local socket"));
}

/* At the device itself: as the user who runs this, or, with a directory, by the login at this socket that is kept there. */
static tw_err open_local(struct tw_tool *t, const char *path, const char *owner_dir, struct tw_session *ret)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { .local = path };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	struct tw_place place = { .socket = path };

	if (owner_dir) {
		TW_TRY(read_kept(t, owner_dir, &s, &kept));
		place.token = tw_json_text(kept, "token");
	}
	TW_TRY(tw_client_new(t->sys, &place, &s.client));
	s.by_login = place.token != NULL;
	*ret = s;
	memset(&s, 0, sizeof(s)); /* handed over: the cleanup finds nothing */
	if (ret->by_login)
		tw_client_keep(ret->client, ret);
	return TW_OK;
}

tw_err tw_session_open(struct tw_tool *t, const struct tw_args *a, struct tw_session *ret)
{
	const char *local = tw_arg(a, "local"), *device = tw_arg(a, "device"), *owner = tw_arg(a, "owner");

	if (local)
		return open_local(t, local, owner, ret);
	if (!device || !owner)
		return tw_fail(t, TW_EXIT_USAGE, "--device NAME --owner DIR, or on the device itself --local /run/thingward/admin.sock",
			TW_RAISE(SYNTAX, "which device, and whose?"));
	return tw_session_with(t, owner, device, ret);
}

tw_err tw_session_move(struct tw_tool *t, struct tw_session *s, const char *address)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	struct tw_place place = { .address = address, .has_pin = true };
	tw_client *client = NULL;

	memcpy(place.pin, s->device.listener, sizeof place.pin);
	if (s->by_login) {
		TW_TRY(tw_kept_login_read(s->owner, s->device.name, &kept));
		place.token = tw_json_text(kept, "token");
	} else {
		tw_owner_place(s->owner, &place);
	}
	TW_TRY(tw_client_new(t->sys, &place, &client));
	if (s->by_login)
		tw_client_keep(client, s);
	(void)tw_client_free(s->client);
	s->client = client;
	(void)snprintf(s->device.address, sizeof s->device.address, "%s", address);
	return TW_OK;
}

static bool wants_step_up(const struct tw_answer *a)
{
	return a->status == 403 && a->body && !strcmp(tw_json_text(a->body, "rule"), "step-up");
}

/* What the device is to be told of the call: the SHA-256 of method, path and body as they are sent. */
static tw_err ask_step_up(struct tw_tool *t, tw_client *c, const struct tw_call *what, struct tw_answer *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	uint8_t digest[32];

	tw_buf_init(&text, t->sys, TW_ANSWER_MAX);
	tw_buf_init(&hex, t->sys, 2 * sizeof digest);
	TW_TRY(tw_buf_format(&text, "%s %s\n", what->method, what->path));
	if (what->body)
		TW_TRY(tw_json_write(what->body, &text));
	TW_TRY(tw_sha256(text.data, text.size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	body = json_pack("{s:s}", "digest", tw_buf_cstr(&hex));
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	const struct tw_call call = { .method = "POST", .path = "/api/v1/step-ups", .body = body, .token = what->token };
	return tw_client_call(c, &call, ret);
}

static bool wants_login(const struct tw_answer *a)
{
	return a->status == 403 && a->body && !strcmp(tw_json_text(a->body, "rule"), "step-up.login");
}

static tw_err refused(struct tw_tool *t, const struct tw_answer *proof)
{
	t->exit = TW_EXIT_REFUSED;
	TW_TRY(tw_answer_check(proof, t->hint, sizeof t->hint));
	return TW_RAISE(SYNTAX, "the device was asked for a step-up and answered something else");
}

static void hint_login(struct tw_tool *t, const struct tw_session *s)
{
	(void)snprintf(t->hint, sizeof t->hint, "thingward device login --%s %s --owner DIR, and then this once more, within some minutes",
		s->local ? "local" : "device", s->local ? s->local : s->device.name);
}

/* By whoever sits at the terminal; where there is none the device's refusal stands, and what to do. Whatever else goes wrong is told as it is. */
static tw_err log_in(struct tw_tool *t, const struct tw_session *s, const struct tw_answer *proof)
{
	if (tw_terminal_there(t->sys))
		return tw_login_again(t, s);
	tw_err e = refused(t, proof);
	hint_login(t, s);
	return e;
}

/* A session whose login was a moment ago proves itself anew, and the call is made once more. For an older one whoever sits at the terminal logs in
   again; without one he is told to. */
static tw_err call_again(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer proof = { 0 };
	struct tw_call again = *call;
	const struct tw_session *s = call->token ? NULL : tw_client_kept(c);

	tw_answer_init(&proof, t->sys);
	TW_TRY(ask_step_up(t, c, call, &proof));
	if (wants_login(&proof) && s) {
		TW_TRY(log_in(t, s, &proof));
		tw_answer_done(&proof);
		tw_answer_init(&proof, t->sys);
		TW_TRY(ask_step_up(t, c, call, &proof));
	}
	if (proof.status != 201 || !proof.body)
		return refused(t, &proof);
	again.step_up = tw_json_text(proof.body, "token");
	tw_answer_done(ret);
	tw_answer_init(ret, t->sys);
	return tw_client_call(c, &again, ret);
}

tw_err tw_session_fresh(struct tw_tool *t, tw_client *c)
{
	static const struct tw_call switched = { .method = "GET", .path = "/api/v1/settings/logical-access.step-up" },
				    any = { .method = "PUT", .path = "/api/v1/settings" }; /* the answer goes by the session's age alone */
	TW_CLEANUP(tw_answer_done) struct tw_answer is = { 0 }, proof = { 0 };
	const struct tw_session *s = tw_client_kept(c);

	if (!s)
		return TW_OK;
	tw_answer_init(&is, t->sys);
	tw_answer_init(&proof, t->sys);
	TW_TRY(tw_client_call(c, &switched, &is));
	if (is.body && !strcmp(tw_json_text(is.body, "value"), "off"))
		return TW_OK;
	TW_TRY(ask_step_up(t, c, &any, &proof));
	return wants_login(&proof) ? log_in(t, s, &proof) : TW_OK;
}

static tw_err reach(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	tw_err e = tw_client_call(c, call, ret);

	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(t, TW_EXIT_UNREACHABLE, "is the device on, and the address (or socket) right?", e);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return tw_fail(t, TW_EXIT_UNREACHABLE,
			"somebody else may own it now, or stands between: look at its label and console before you go on", e);
	return e;
}

static tw_err checked(struct tw_tool *t, const struct tw_answer *ret)
{
	tw_err e = tw_answer_check(ret, t->hint, sizeof(t->hint));

	if (tw_failed(e))
		t->exit = TW_EXIT_REFUSED;
	return e;
}

tw_err tw_session_call_once(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	TW_TRY(reach(t, c, call, ret));
	return checked(t, ret);
}

/* Once more, when the device's use notice has been accepted: with what opens a session, or before all else. */
static tw_err call_agreed(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_copy((json_t *)(uintptr_t)call->body);
	struct tw_call next = *call;

	tw_answer_done(ret);
	tw_answer_init(ret, t->sys);
	if (!tw_notice_in_body(call)) {
		TW_TRY(tw_notice_accept(t, c));
		return tw_session_call_once(t, c, call, ret);
	}
	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_notice_agree_in(t, c, body));
	next.body = body;
	return tw_session_call_once(t, c, &next, ret);
}

tw_err tw_session_prove(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	return wants_step_up(ret) ? call_again(t, c, call, ret) : TW_OK;
}

tw_err tw_session_call(struct tw_tool *t, tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	TW_TRY(reach(t, c, call, ret));
	if (tw_notice_stops(ret))
		return call_agreed(t, c, call, ret);
	TW_TRY(tw_session_prove(t, c, call, ret));
	return checked(t, ret);
}

static tw_err ask_statement(struct tw_tool *t, tw_client *c, const uint8_t nonce[NONCE_SIZE], struct tw_answer *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();

	if (!body)
		return TW_RAISE(NOMEM, "request");
	tw_buf_init(&text, t->sys, 128);
	TW_TRY(tw_buf_base64url(&text, nonce, NONCE_SIZE));
	TW_TRY(tw_json_set(body, "nonce", json_string(tw_buf_cstr(&text))));
	struct tw_call call = { .method = "POST", .path = "/api/v1/identity/statement", .body = body };
	return tw_session_call(t, c, &call, ret);
}

void tw_stated_done(struct tw_stated *s)
{
	json_decref(s->text);
	s->text = NULL;
}

static tw_err listener_of(struct tw_tool *t, const struct tw_answer *answer, uint8_t ret[32])
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	memset(ret, 0, 32);
	if (!answer->has_exporter)
		return TW_OK;
	TW_TRY(tw_cert_load(t->sys, tw_buf_slice(&answer->certificate), &cert));
	return tw_cert_fingerprint(cert, ret);
}

tw_err tw_session_statement(struct tw_tool *t, tw_client *c, const tw_cert *anchor, struct tw_stated *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t nonce[NONCE_SIZE];

	tw_answer_init(&answer, t->sys);
	tw_buf_init(&text, t->sys, TW_JWS_MAX);
	if (t->sys->random(t->sys, nonce, sizeof(nonce)) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(ask_statement(t, c, nonce, &answer));
	json_t *statement = json_object_get(answer.body, "statement");
	if (!json_is_object(statement))
		return TW_RAISE(SYNTAX, "the device's answer holds no statement");
	TW_TRY(tw_json_write(statement, &text));
	TW_TRY(tw_statement_verify(t->sys, tw_buf_slice(&text), anchor, tw_now_ms(t->sys), nonce, sizeof(nonce),
		answer.has_exporter ? answer.exporter : NULL, &ret->statement));
	TW_TRY(listener_of(t, &answer, ret->listener));
	ret->text = json_incref(statement);
	return TW_OK;
}

void tw_label_done(struct tw_label *l)
{
	tw_secret_free(l->secret);
	tw_cert_free(l->anchor);
	l->secret = NULL;
	l->anchor = NULL;
}

static const struct tw_shape label_shape[] = {
	{ "format", TW_JSON_INT, true, 1, 1 },
	{ "identifier", TW_JSON_TEXT, true, 1, 255 },
	{ "model", TW_JSON_TEXT, true, 1, 63 },
	{ "serial", TW_JSON_TEXT, true, 1, 64 },
	{ "secret", TW_JSON_TEXT, true, 32, 32 },
	{ "listener_sha256", TW_JSON_TEXT, true, 64, 64 },
	{ "address", TW_JSON_TEXT, false, 3, 300 },
	{ "anchor", TW_JSON_TEXT, false, 1, 16384 },
	{},
};

static tw_err label_fill(const struct tw_sys *sys, const json_t *data, struct tw_label *l)
{
	uint8_t secret[16];

	TW_TRY(tw_json_check(data, label_shape));
	(void)snprintf(l->identifier, sizeof(l->identifier), "%s", tw_json_text(data, "identifier"));
	(void)snprintf(l->model, sizeof(l->model), "%s", tw_json_text(data, "model"));
	(void)snprintf(l->serial, sizeof(l->serial), "%s", tw_json_text(data, "serial"));
	(void)snprintf(l->address, sizeof(l->address), "%s", tw_json_text(data, "address"));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(data, "listener_sha256")), l->listener, sizeof(l->listener)));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(data, "secret")), secret, sizeof(secret)));
	tw_err e = tw_secret_new(sys, secret, sizeof(secret), &l->secret);
	tw_wipe(secret, sizeof(secret));
	TW_TRY(e);
	if (!*tw_json_text(data, "anchor"))
		return TW_OK;
	return tw_cert_load(sys, tw_slice_of(tw_json_text(data, "anchor")), &l->anchor);
}

tw_err tw_scan_read(const struct tw_sys *sys, const char *text_or_path, struct tw_buf *ret)
{
	tw_buf_init(ret, sys, TW_LABELCODE_MAX + 2);
	TW_TRY(tw_buf_reserve(ret, TW_LABELCODE_MAX + 2));
	if (!strncmp(text_or_path, TW_LABELCODE_PREFIX, strlen(TW_LABELCODE_PREFIX)))
		return tw_buf_text(ret, text_or_path);
	TW_TRY(!strcmp(text_or_path, "-") ? tw_input_read(sys, TW_LABELCODE_MAX + 2, ret)
					  : tw_file_read(sys, text_or_path, TW_LABELCODE_MAX + 2, ret));
	while (ret->size && (ret->data[ret->size - 1] == '\n' || ret->data[ret->size - 1] == '\r'))
		ret->data[--ret->size] = '\0';
	return TW_OK;
}

/* What a sealed label's code says. The manufacturer's certificate is too much for one, so it has to be given. */
static tw_err label_of_code(const struct tw_sys *sys, struct tw_slice text, struct tw_label *ret)
{
	TW_CLEANUP(tw_label_done) struct tw_label l = { .secret = NULL };
	struct tw_labelcode code = { 0 };
	struct tw_identifier id;

	TW_TRY(tw_labelcode_read(text, &code));
	if (!code.has_secret)
		return TW_RAISE(NOTFOUND, "the public label holds no secret; taking over needs the sealed one");
	tw_err e = tw_secret_new(sys, code.secret, sizeof(code.secret), &l.secret);
	tw_wipe(code.secret, sizeof(code.secret));
	TW_TRY(e);
	TW_TRY(tw_identifier_read(tw_slice_of(code.identifier), &id));
	(void)snprintf(l.identifier, sizeof(l.identifier), "%s", code.identifier);
	(void)snprintf(l.serial, sizeof(l.serial), TW_SLICE_FMT, TW_SLICE_ARG(id.serial));
	memcpy(l.listener, code.listener, sizeof(l.listener));
	l.scanned = true;
	*ret = l;
	memset(&l, 0, sizeof(l)); /* handed over: the cleanup finds nothing */
	return TW_OK;
}

static bool is_code(struct tw_slice text)
{
	size_t size = strlen(TW_LABELCODE_PREFIX);

	return text.size > size && !memcmp(text.at, TW_LABELCODE_PREFIX, size);
}

tw_err tw_label_read(const struct tw_sys *sys, const char *path, struct tw_label *ret)
{
	TW_CLEANUP(tw_label_done) struct tw_label l = { .secret = NULL };
	TW_CLEANUP(tw_jsonp) json_t *data = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (is_code(tw_slice_of(path)))
		return label_of_code(sys, tw_slice_of(path), ret);
	tw_buf_init(&text, sys, LABEL_MAX);
	if (!strcmp(path, "-"))
		TW_TRY(tw_input_read(sys, LABEL_MAX, &text));
	else
		TW_TRY(tw_file_read(sys, path, LABEL_MAX, &text));
	if (is_code(tw_buf_slice(&text))) {
		while (text.size && strchr("\r\n", text.data[text.size - 1]))
			text.size--;
		tw_err taken = label_of_code(sys, tw_buf_slice(&text), ret);
		tw_wipe(text.data, text.size);
		return taken;
	}
	tw_err e = tw_json_parse(tw_buf_slice(&text), LABEL_MAX, &data);
	tw_wipe(text.data, text.size);
	TW_TRY(e);
	TW_TRY(label_fill(sys, data, &l));
	*ret = l;
	memset(&l, 0, sizeof(l)); /* handed over: the cleanup finds nothing */
	return TW_OK;
}
