/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "unit-files.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/identification/peers.h"
#include "device/logical-access/state.h"
#include "device/logical-access/takeover.h"
#include "device/platform/start.h"
#include "service/path/path-match.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEYS_END 9 /* keys' side of core's channel */
#define BODY_MAX (512 * 1024)
#define SEGMENTS_MAX 64
#define NAME_SIZE 40

struct tw_unit {
	const struct tw_sys *under; /* the harness's */
	struct tw_sys sys;          /* the same, but waiting lets keys work */
	struct tw_device device;
	tw_keys *keys;
	tw_channel *keys_end;
	int keys_dir;
	struct tw_buf body;
	const char *source;            /* NULL: 192.0.2.7 */
	const char *host;              /* NULL: an address */
	const struct tw_unit_way *way; /* NULL: as at first */
	int later;                     /* status of the last answer that came later */
	uint8_t owner_key[32];
	struct tw_buf owner_cert;
};
TW_DEFINE_FREEP(tw_unit, tw_unit_stop) /* tw_unit_stopp */

static struct {
	unsigned boot;
	void (*epoch)(void *user, uint64_t epoch);
	void *user;
} harness;

static tw_unit *waiting; /* whose keys are served while somebody waits; one unit per process */

void tw_unit_boot(unsigned boot)
{
	harness.boot = boot;
}

void tw_unit_on_epoch(void (*told)(void *user, uint64_t epoch), void *user)
{
	harness.epoch = told;
	harness.user = user;
}

void tw_unit_use(const struct tw_sys *sys)
{
	tw_crypto_use(sys);
	tw_json_use(sys);
}

static void serve(tw_unit *u, const struct tw_message *m)
{
	uint64_t epoch = 0;

	for (size_t i = 0; m->type == TW_WIRE_KEYS_EPOCH && i < m->payload.size; i++)
		epoch = epoch << 8 | (uint8_t)m->payload.at[i];
	if (tw_is(tw_keys_serve_core(u->keys, u->keys_end, m), TW_CODE_UNTRUSTED))
		u->keys_end = tw_channel_free(u->keys_end);
	else if (epoch && harness.epoch)
		harness.epoch(harness.user, epoch);
}

/* Answers all that core has asked. What breaks the rules ends the channel, as hands would end the role. */
static void serve_keys(tw_unit *u)
{
	struct tw_message m;

	while (u->keys_end && !tw_failed(tw_channel_receive(u->keys_end, &m)))
		serve(u, &m);
}

/* Nobody else works, so what is not there after keys had its turn will never come: no wait. */
static int poll_and_serve(const struct tw_sys *s, struct pollfd *p, size_t n, int timeout_ms)
{
	if (waiting)
		serve_keys(waiting);
	return waiting ? waiting->under->poll(waiting->under, p, n, 0) : s->poll(s, p, n, timeout_ms);
}

static tw_err open_as(const struct tw_sys *sys, int top, const char *name, int fd)
{
	int got = sys->open_beneath(sys, top, name, O_RDONLY | O_DIRECTORY, 0);

	if (got < 0)
		return TW_RAISE_ERRNO("opening %s", name);
	if (got != fd && (dup2(got, fd) != fd || close(got) != 0))
		return TW_RAISE_ERRNO("placing %s", name);
	return TW_OK;
}

/* By the real system: a role finds these there when it is born. */
static tw_err place_fds(tw_unit *u, const char *directory)
{
	const struct tw_sys *sys = tw_sys_real();
	TW_CLEANUP(tw_closep) int top = -1;
	int pair[2], moved;

	for (int fd = 3; fd <= KEYS_END; fd++)
		if (fcntl(fd, F_GETFD) < 0 && dup2(0, fd) != fd)
			return TW_RAISE_ERRNO("holding a place");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return TW_RAISE_ERRNO("channel to keys");
	if (dup2(pair[0], TW_FD_PEER2) < 0 || dup2(pair[1], KEYS_END) < 0 || close(pair[0]) || close(pair[1]))
		return TW_RAISE_ERRNO("placing the channel to keys");
	top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return TW_RAISE_ERRNO("opening %s", directory);
	TW_TRY(open_as(sys, top, "core", TW_FD_OWN + 0));
	TW_TRY(open_as(sys, top, "log", TW_FD_OWN + 1));
	TW_TRY(open_as(sys, top, "config", TW_FD_OWN + 2));
	moved = sys->open_beneath(sys, top, "keys", O_RDONLY | O_DIRECTORY, 0);
	if (moved < 0)
		return TW_RAISE_ERRNO("opening keys");
	u->keys_dir = moved;
	return TW_OK;
}

/* What the owner's client knows; by the real system. */
static tw_err read_owner(tw_unit *u)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	tw_buf_init(&u->owner_cert, tw_sys_real(), 8192);
	TW_TRY(tw_durable_read(tw_sys_real(), TW_FD_OWN + 2, TW_UNIT_OWNER_CERT, 8192, &u->owner_cert));
	TW_TRY(tw_cert_load(tw_sys_real(), tw_buf_slice(&u->owner_cert), &cert));
	return tw_cert_fingerprint(cert, u->owner_key);
}

static tw_err start(tw_unit *u)
{
	char boot[48], *words[] = { boot, (char[]){ "app_uid=0" }, (char[]){ "log_segment=262144" } };
	struct tw_role_start s = { .fd_count = 9, .word_count = 3, .words = words };

	(void)snprintf(boot, sizeof boot, "boot_id=%032x", harness.boot ? harness.boot : (unsigned)getpid());
	TW_TRY(tw_keys_open(u->under, u->keys_dir, NULL, NULL, &u->keys));
	TW_TRY(tw_channel_new(u->under, KEYS_END, tw_rows_keys_from_core, &u->keys_end));
	return tw_start(&u->device, &u->sys, &s);
}

tw_err tw_unit_start(const struct tw_sys *sys, const char *directory, tw_unit **ret)
{
	TW_CLEANUP(tw_unit_stopp) tw_unit *u = calloc(1, sizeof *u);

	if (!u)
		return TW_RAISE(NOMEM, "unit");
	u->under = sys;
	u->sys = *sys;
	u->sys.poll = poll_and_serve;
	u->keys_dir = -1;
	tw_buf_init(&u->body, tw_sys_real(), BODY_MAX);
	TW_TRY(place_fds(u, directory));
	TW_TRY(read_owner(u));
	waiting = u;
	TW_TRY(start(u));
	*ret = TW_STEAL(u);
	return TW_OK;
}

tw_unit *tw_unit_stop(tw_unit *u)
{
	if (!u)
		return NULL;
	tw_start_done(&u->device);
	waiting = NULL;
	(void)tw_channel_free(u->keys_end);
	(void)tw_keys_free(u->keys);
	tw_closep(&u->keys_dir);
	for (int fd = 3; fd <= KEYS_END; fd++)
		(void)close(fd);
	tw_buf_done(&u->body);
	tw_buf_done(&u->owner_cert);
	free(u);
	return NULL;
}

static tw_err write_head(const tw_unit *u, struct tw_buf *b, const char *method, const char *target, const char *if_match, const char *body)
{
	TW_TRY(tw_buf_format(b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, u->host ? u->host : "[::1]"));
	if (if_match)
		TW_TRY(tw_buf_format(b, "If-Match: %s\r\n", if_match));
	if (body)
		TW_TRY(tw_buf_format(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body)));
	return TW_OK;
}

static void deliver(void *user, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply)
{
	((tw_unit *)user)->later = reply->status;
}

/* Walks with the head in text, which lacks its blank line. */
static int walk(tw_unit *u, struct tw_request *rq, struct tw_buf *text, const char *body)
{
	struct tw_http_head head;
	struct tw_http_fault fault;
	struct tw_path_reply reply = { 0 };

	rq->subject = (struct tw_subject){ .door = rq->subject.door, .source = "192.0.2.7" };
	if (u->source)
		(void)snprintf(rq->subject.source, sizeof rq->subject.source, "%s", u->source);
	rq->body = tw_slice_of(body);
	rq->head = &head;
	rq->takes_later = true;
	if (tw_failed(tw_buf_text(text, "\r\n")) || tw_failed(tw_http_parse(tw_buf_slice(text), &head, &fault)))
		return 0;
	tw_buf_clear(&u->body);
	tw_path_walk(&u->device.context, rq, &u->body, &reply);
	u->later = 0;
	if (reply.later)
		tw_later_bind(reply.later, &(struct tw_later_door){ &u->body, deliver, u, 0 });
	return reply.status;
}

void tw_unit_from(tw_unit *u, const char *source)
{
	u->source = source;
}

void tw_unit_by(tw_unit *u, const struct tw_unit_way *way)
{
	u->way = way;
}

void tw_unit_under(tw_unit *u, const char *host)
{
	u->host = host;
}

int tw_unit_later(const tw_unit *u)
{
	return u->later;
}

int tw_unit_request(tw_unit *u, const char *method, const char *target, const char *if_match, const char *body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_request rq = { .has_client_key = true, .has_exporter = true };

	memcpy(rq.client_key, u->owner_key, sizeof rq.client_key);
	tw_buf_init(&text, tw_sys_real(), 4096);
	if (tw_failed(write_head(u, &text, method, target, if_match, body)))
		return 0;
	return walk(u, &rq, &text, body);
}

int tw_unit_request_as(tw_unit *u, const char *token, const char *method, const char *target, const char *body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_request rq = { .has_exporter = true };

	if (u->way) {
		rq.subject.door = u->way->local ? TW_DOOR_LOCAL : TW_DOOR_HTTPS;
		rq.has_client_key = u->way->has_key;
		memcpy(rq.client_key, u->way->key, sizeof rq.client_key);
		rq.suite = u->way->suite;
		rq.group = u->way->group;
	}
	tw_buf_init(&text, tw_sys_real(), 4096);
	if (tw_failed(write_head(u, &text, method, target, NULL, body)) ||
		(token && tw_failed(tw_buf_format(&text, "Authorization: Bearer %s\r\n", token))))
		return 0;
	return walk(u, &rq, &text, body);
}

tw_err tw_unit_suspect(tw_unit *u, const char *identifier)
{
	for (uint8_t i = 0; i < 3; i++) {
		const struct tw_request rq = { .subject = { .source = "192.0.2.9" }, .has_client_key = true, .client_key = { i % 2 } };

		TW_TRY(tw_peers_heard(&u->device, &rq, identifier));
	}
	return TW_OK;
}

struct tw_device *tw_unit_device(tw_unit *u)
{
	return &u->device;
}

const char *tw_unit_body(const tw_unit *u)
{
	return tw_buf_cstr(&u->body);
}

/* The proof, from the secret on the label; a browser has no certificate. */
static tw_err make_proof(tw_unit *u, const struct tw_unit_offer *o, const char *name, bool browser, struct tw_buf *ret)
{
	struct tw_takeover t = { .client_nonce = { 1, 2, 3 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf secret;
	uint8_t proof[32];
	size_t size;

	tw_buf_init(&secret, tw_sys_real(), 64);
	TW_TRY(tw_durable_read(tw_sys_real(), u->keys_dir, TW_KEYS_SECRET, 64, &secret));
	TW_TRY(tw_parse_base64url(tw_slice_of(o->challenge), 32, t.challenge, &size));
	memcpy(t.listener, u->device.listener_key, 32);
	if (!browser)
		memcpy(t.owner, u->owner_key, 32);
	secret.data[0] ^= (char)o->wrong;
	TW_TRY(tw_takeover_proof(&t, (const uint8_t *)secret.data, proof));
	TW_TRY(tw_buf_format(ret, "{\"challenge\":\"%s\",\"client_nonce\":\"", o->challenge));
	TW_TRY(tw_buf_base64url(ret, t.client_nonce, 32));
	TW_TRY(tw_buf_text(ret, "\",\"proof\":\""));
	TW_TRY(tw_buf_base64url(ret, proof, 32));
	TW_TRY(tw_buf_format(ret, "\",\"owner_name\":\"%s\"", name));
	if (!browser) {
		TW_TRY(tw_buf_text(ret, ",\"certificate\":"));
		TW_TRY(tw_buf_json_string(ret, tw_buf_slice(&u->owner_cert)));
	}
	return tw_buf_text(ret, "}");
}

static bool answer_text(tw_unit *u, const char *key, char *ret, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (tw_failed(tw_json_parse(tw_buf_slice(&u->body), BODY_MAX, &j)))
		return false;
	return (size_t)snprintf(ret, size, "%s", tw_json_text(j, key)) < size;
}

int tw_unit_offer(tw_unit *u, struct tw_unit_offer *ret)
{
	int status = tw_unit_request(u, "GET", "/api/v1/commissioning", NULL, NULL);

	*ret = (struct tw_unit_offer){ "" };
	return status != 200 || answer_text(u, "challenge", ret->challenge, sizeof ret->challenge) ? status : 0;
}

static int prove(tw_unit *u, const struct tw_unit_offer *o, const char *name, bool browser)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;

	tw_buf_init(&body, tw_sys_real(), 16384);
	if (tw_failed(make_proof(u, o, name, browser, &body)))
		return 0;
	return browser ? tw_unit_request_as(u, NULL, "POST", "/api/v1/commissioning/browser", tw_buf_cstr(&body))
		       : tw_unit_request(u, "POST", "/api/v1/commissioning", NULL, tw_buf_cstr(&body));
}

int tw_unit_take(tw_unit *u, const struct tw_unit_offer *o, const char *name)
{
	return prove(u, o, name, false);
}

int tw_unit_takeover(tw_unit *u, const char *name)
{
	struct tw_unit_offer o;
	int status = tw_unit_offer(u, &o);

	return status == 200 ? tw_unit_take(u, &o, name) : status;
}

int tw_unit_browser(tw_unit *u, struct tw_unit_offer *o, const char *name)
{
	int status = prove(u, o, name, true);

	if (status == 202 && !(answer_text(u, "request", o->request, sizeof o->request) && answer_text(u, "code", o->code, sizeof o->code)))
		return 0;
	return status;
}

int tw_unit_claim(tw_unit *u, const struct tw_unit_offer *o)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	const uint8_t nonce[32] = { 1, 2, 3 };

	tw_buf_init(&body, tw_sys_real(), 512);
	if (tw_failed(tw_buf_format(&body, "{\"request\":\"%s\",\"client_nonce\":\"", o->request)) ||
		tw_failed(tw_buf_base64url(&body, nonce, sizeof nonce)) || tw_failed(tw_buf_text(&body, "\"}")))
		return 0;
	return tw_unit_request_as(u, NULL, "POST", "/api/v1/commissioning/claim", tw_buf_cstr(&body));
}

static int at_console(tw_unit *u, const char *operation, const json_t *input)
{
	struct tw_request rq = {
		.subject = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE, .name = "console", .source = "console", .how = "console" },
		.operation = tw_operation_find(u->device.context.capabilities, tw_slice_of(operation)),
		.input = input,
	};
	struct tw_path_reply reply = { 0 };

	tw_buf_clear(&u->body);
	tw_path_walk(&u->device.context, &rq, &u->body, &reply);
	return reply.status;
}

int tw_unit_confirm(tw_unit *u, const struct tw_unit_offer *o)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", o->code);

	return input ? at_console(u, "commissioning.confirm", input) : 0;
}

int tw_unit_ask_recovery(tw_unit *u)
{
	u->device.console_there = true;
	int status = tw_unit_request_as(u, NULL, "POST", "/api/v1/recovery", NULL);
	u->device.access->recovery.began_ms -= 2 * TW_HOLD_MS;
	return status;
}

int tw_unit_press(tw_unit *u, int64_t held_ms)
{
	TW_CLEANUP(tw_jsonp)
	json_t *input = json_pack(
		"{s:I, s:I}", "down_ms", (json_int_t)(tw_time_boot_ms(&u->device.time) - held_ms), "held_ms", (json_int_t)held_ms);
	struct tw_request rq = {
		.subject = { .door = TW_DOOR_BUTTON, .kind = TW_SUBJECT_BUTTON, .name = "button", .source = "button", .how = "peer-credentials" },
		.operation = tw_operation_find(u->device.context.capabilities, TW_SLICE("presence.confirm")),
		.input = input,
	};
	struct tw_path_reply reply = { 0 };

	tw_buf_clear(&u->body);
	if (input)
		tw_path_walk(&u->device.context, &rq, &u->body, &reply);
	return reply.status;
}

int tw_unit_waiting(tw_unit *u)
{
	return at_console(u, "recovery.waiting", NULL);
}

int tw_unit_decline(tw_unit *u, const char *code)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", code);

	return input ? at_console(u, "recovery.decline", input) : 0;
}

int tw_unit_recover(tw_unit *u, uint8_t ret_secret[16])
{
	char secret[40];
	int status = at_console(u, "ownership.recover", NULL);

	if (status == 200 &&
		(!answer_text(u, "secret", secret, sizeof secret) || tw_failed(tw_parse_hex(tw_slice_of(secret), ret_secret, 16))))
		return 0;
	return status;
}

tw_err tw_unit_end(tw_unit *u)
{
	TW_TRY(tw_start_keep_time(&u->device));
	TW_TRY(tw_audit_refusals_seal(u->device.context.audit, true));
	return tw_unit_settle(u);
}

tw_err tw_unit_settle(tw_unit *u)
{
	TW_TRY(tw_audit_commit(u->device.context.audit));
	return tw_audit_checkpoint(u->device.context.audit);
}

bool tw_unit_owned(const tw_unit *u)
{
	bool owned = false;
	struct tw_context *c = (struct tw_context *)(uintptr_t)&u->device.context;

	return !tw_failed(c->owned(c, &owned)) && owned;
}

const char *tw_unit_log_fault(const tw_unit *u)
{
	return tw_audit_fault(u->device.context.audit);
}

/* --- The log, by the verifier that strangers use --- */

struct names {
	char name[SEGMENTS_MAX][NAME_SIZE];
	size_t count;
};

static bool note_name(void *user, const char *name)
{
	struct names *n = user;
	size_t size = strlen(name);

	if (size > 6 && size < NAME_SIZE && strcmp(name + size - 6, ".twlog") == 0 && n->count < SEGMENTS_MAX)
		memcpy(n->name[n->count++], name, size + 1);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct judge {
	tw_unit *unit;
	struct tw_unit_log *log;
};

static tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	const struct judge *j = user;
	tw_err e = tw_keys_client_old_epoch(j->unit->device.context.keys, epoch, ret);

	return tw_is(e, TW_CODE_DENIED) ? TW_RAISE(NOTFOUND, "the key of the present epoch") : e;
}

static void count_done(void *user, const struct tw_log_header *h, const struct tw_log_record *r)
{
	const struct judge *j = user;

	j->log->earlier += h->epoch < tw_audit_epoch(j->unit->device.context.audit);
	if (r->type == TW_LOG_OUTCOME && memmem(r->body.at, r->body.size, "\"result\":\"done\"", 15))
		j->log->done++;
}

static tw_err verify_segment(tw_log_verifier *v, const char *name)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), TW_AUDIT_SEGMENT_MAX);
	TW_TRY(tw_durable_read(tw_sys_real(), TW_FD_OWN + 1, name, TW_AUDIT_SEGMENT_MAX, &b));
	return tw_log_verifier_segment(v, tw_buf_slice(&b), name);
}

tw_err tw_unit_verify_log(tw_unit *u, struct tw_unit_log *ret)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct judge j = { u, ret };
	struct tw_log_verify how = { .epoch_key = epoch_key, .record = count_done, .user = &j };
	struct tw_log_report report;
	struct names n = { .count = 0 };

	*ret = (struct tw_unit_log){ 0 };
	TW_TRY(tw_cert_key(u->device.certificate, &key));
	how.device = key;
	TW_TRY(tw_log_verifier_new(tw_sys_real(), &how, &v));
	if (tw_sys_real()->list(tw_sys_real(), TW_FD_OWN + 1, note_name, &n) != 0)
		return TW_RAISE_ERRNO("listing the log");
	qsort(n.name, n.count, NAME_SIZE, compare_names);
	for (size_t i = 0; i < n.count; i++)
		TW_TRY(verify_segment(v, n.name[i]));
	TW_TRY(tw_log_verifier_end(v));
	tw_log_verifier_report(v, &report);
	ret->records = report.records;
	ret->checkpoints = report.checkpoints;
	ret->open_intents = report.open_intents;
	return TW_OK;
}
