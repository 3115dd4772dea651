/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What touches secrets, run under valgrind with the secrets marked undefined: a branch or an address that depends on one is
 * reported (the ctgrind method). `ct WHAT` does one thing, `ct` names them; "leaky" is a comparison as one should not write it, to show
 * that the method sees it. The code around each comparison is the device's own, so that a shortcut before or after it is seen too.
 *
 * The verdict of a comparison is no secret: whoever asked sees it. The linker puts __wrap_tw_equal_secret in front of it, which
 * says so to valgrind. Which comparison each case is for stands in comparisons.tsv.
 *
 * The device of these cases has no store and so no settings; what they say of failed attempts, __wrap_tw_access_throttle says in their place.
 */
#include "base/cursor.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/md5.h"
#include "device/logical-access/state.h"
#include "service/access/totp.h"
#include "device/platform/app-hash.h"
#include "device/rows-logical-access.h"
#include "formats/auditlog.h"
#include "formats/radius.h"
#include "formats/takeover.h"
#include "service/hash/phc.h"
#include "sys/real.h"

#include <valgrind/memcheck.h>

bool __real_tw_equal_secret(const void *a, const void *b, size_t size);
bool __wrap_tw_equal_secret(const void *a, const void *b, size_t size);

bool __wrap_tw_equal_secret(const void *a, const void *b, size_t size)
{
	bool verdict = __real_tw_equal_secret(a, b, size);

	(void)VALGRIND_MAKE_MEM_DEFINED(&verdict, sizeof verdict);
	return verdict;
}

struct tw_throttle *__wrap_tw_access_throttle(struct tw_device *d);

struct tw_throttle *__wrap_tw_access_throttle(struct tw_device *d)
{
	d->access->guard.throttle.limit = 5;
	d->access->guard.throttle.first_ms = d->access->guard.throttle.most_ms = 60000;
	return &d->access->guard.throttle;
}

static void secret(const void *at, size_t size)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(at, size);
}

static bool equal(bool same)
{
	for (size_t size = 1; size <= 64; size++) {
		uint8_t a[64] = { 1 }, b[64] = { 1 };

		b[size - 1] = (uint8_t)(a[size - 1] ^ (same ? 0 : 0x80));
		secret(a, sizeof a);
		if (tw_equal_secret(a, b, size) != same)
			return false;
	}
	return true;
}

static __attribute__((noinline)) bool leaky_equal(const volatile uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool leaky(bool same)
{
	uint8_t a[32] = { 1 }, b[32] = { 1 };

	secret(a, sizeof a);
	return leaky_equal(a, b, sizeof a) || !same;
}

/* As the keys role and core do it between them: the proof under the label's secret, and its comparison. */
static bool takeover(bool right)
{
	struct tw_takeover t = { .challenge = { 7 } };
	uint8_t label[TW_TAKEOVER_SECRET] = { 3 }, want[32], sent[32];

	if (tw_failed(tw_takeover_proof(&t, label, sent)))
		return false;
	sent[0] = (uint8_t)(sent[0] ^ (right ? 0 : 1));
	secret(label, sizeof label);
	return !tw_failed(tw_takeover_proof(&t, label, want)) && tw_equal_secret(want, sent, sizeof want) == right;
}

/* A device whose owners, sessions and take-overs are these, and nothing else. */
static struct tw_access access_state;
static struct tw_device device;

static struct tw_device *with_access(void)
{
	const struct tw_sys *sys = tw_sys_real();

	memset(&access_state, 0, sizeof access_state);
	access_state.guard.idle_ms = INT64_MAX;
	device = (struct tw_device){ .access = &access_state,
		.context = { .sys = sys, .time = &device.time, .guard = &access_state.guard } };
	device.context.side = &device;
	tw_time_init(&device.time, sys, 0);
	return &device;
}

/* A token in a request against the sessions that are open. */
static bool session(bool right)
{
	struct tw_device *d = with_access();
	struct tw_session *s = &d->access->guard.sessions[3];
	char token[TW_TOKEN_TEXT];

	memset(token, 'x', sizeof token);
	s->used = true;
	s->expires_ms = INT64_MAX;
	if (tw_failed(tw_sha256(token, sizeof token, s->hash)))
		return false;
	token[7] = right ? 'x' : 'y';
	secret(s->hash, sizeof s->hash);
	secret(token, sizeof token);
	return (tw_access_session_of(&d->context, (struct tw_slice){ token, sizeof token }) == s) == right;
}

/* What the application was shown, against the passes that are good: the one it is hangs on a session that is over. */
static bool pass(bool right)
{
	struct tw_device *d = with_access();
	struct tw_pass *p = &d->access->passes[3];
	char token[TW_TOKEN_TEXT];
	struct tw_request rq = { .pass = { token, sizeof token } };

	memset(token, 'x', sizeof token);
	p->expires_ms = INT64_MAX;
	p->of_session = true;
	if (tw_failed(tw_sha256(token, sizeof token, p->hash)))
		return false;
	token[7] = right ? 'x' : 'y';
	secret(p->hash, sizeof p->hash);
	secret(token, sizeof token);
	return tw_failed(tw_access_by_pass(d, &rq)) && (strstr(tw_err_detail(), "session") != NULL) == right;
}

/* Ends the session that a hash names, and forgets the take-over it came from: another's hash stays a secret. */
static bool session_end(bool right)
{
	struct tw_device *d = with_access();
	uint8_t hash[32] = { 9 };

	d->access->guard.sessions[0].used = true;
	memset(d->access->guard.sessions[0].hash, 5, 32);
	secret(d->access->guard.sessions[0].hash, 32);
	return !right || !tw_failed(tw_access_session_end(&d->context, hash));
}

/* The token of a step-up against those that are good. */
static bool step_up(bool right)
{
	struct tw_device *d = with_access();
	struct tw_step_up *u = &d->access->step_ups[3], *found = NULL;
	char token[TW_TOKEN_TEXT];

	memset(token, 'x', sizeof token);
	u->expires_ms = INT64_MAX;
	if (tw_failed(tw_sha256(token, sizeof token, u->hash)))
		return false;
	token[7] = right ? 'x' : 'y';
	secret(u->hash, sizeof u->hash);
	secret(token, sizeof token);
	return !tw_failed(tw_step_up_find(d, (struct tw_slice){ token, sizeof token }, &found)) && (found == u) == right;
}

/* The handle of a login against those that go on. */
static bool login_step(bool right)
{
	struct tw_device *d = with_access();
	struct tw_login_step *s = &d->access->steps[3], *found = NULL;
	char handle[TW_TOKEN_TEXT];

	memset(handle, 'x', sizeof handle);
	s->expires_ms = INT64_MAX;
	if (tw_failed(tw_sha256(handle, sizeof handle, s->hash)))
		return false;
	handle[7] = right ? 'x' : 'y';
	secret(s->hash, sizeof s->hash);
	secret(handle, sizeof handle);
	return !tw_failed(tw_login_step_find(d, (struct tw_slice){ handle, sizeof handle }, &found)) && (found == s) == right;
}

/* The handle of a login by the organization's provider. */
static bool login_outside(bool right)
{
	struct tw_device *d = with_access();
	struct tw_oidc_begun *b = &d->access->oidc.begun[3];
	char handle[TW_TOKEN_TEXT];

	memset(handle, 'x', sizeof handle);
	b->expires_ms = INT64_MAX;
	if (tw_failed(tw_sha256(handle, sizeof handle, b->hash)))
		return false;
	handle[7] = right ? 'x' : 'y';
	secret(b->hash, sizeof b->hash);
	secret(handle, sizeof handle);
	return tw_oidc_is_begun(d, (struct tw_slice){ handle, sizeof handle }) == right;
}

typedef tw_err handler(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);

static bool answers(struct tw_device *d, handler *run, json_t *input, int status)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = input;
	struct tw_request rq = { .input = owned };
	struct tw_reply rp = { .status = 200 };
	bool as_wanted = !tw_failed(run(&d->context, &rq, &rp)) && rp.status == status;

	json_decref(rp.body);
	return as_wanted;
}

/* The request that a browser's take-over waits under. */
static bool request(bool right)
{
	struct tw_device *d = with_access();
	struct tw_browser *b = &d->access->browsers[1];

	b->expires_ms = INT64_MAX;
	b->request[0] = right ? 0 : 1;
	secret(b->request, sizeof b->request);
	secret(b->client_nonce, sizeof b->client_nonce);
	return answers(d, tw_access_claim,
		json_pack("{s:s, s:s}", "request", "AAAAAAAAAAAAAAAAAAAAAA", "client_nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		right ? 202 : 404);
}

/* The digits that a person reads off the browser and types at the console. */
static bool code(bool right)
{
	struct tw_device *d = with_access();
	struct tw_browser *b = &d->access->browsers[2];

	b->expires_ms = INT64_MAX;
	(void)snprintf(b->code, sizeof b->code, "123456");
	(void)snprintf(b->owner, sizeof b->owner, "alice");
	secret(b->code, 6);
	return answers(d, tw_access_confirm, json_pack("{s:s}", "code", right ? "123456" : "123457"), right ? 200 : 404);
}

/* Data of the application's or the owner's against a reference. */
static bool digest(bool right)
{
	static const char begin[] = "\0\7sha-256";
	struct tw_app_hash h = { .running = NULL };
	uint8_t data[48] = { 1 }, reference[32];
	bool match = false;

	if (tw_failed(tw_sha256(data, sizeof data, reference)))
		return false;
	reference[31] = (uint8_t)(reference[31] ^ (right ? 0 : 1));
	secret(data, sizeof data);
	bool ok = !tw_failed(tw_app_hash_begin(tw_sys_real(), &h, (struct tw_slice){ begin, 9 })) &&
		!tw_failed(tw_app_hash_add(&h, (struct tw_slice){ (const char *)data, sizeof data })) &&
		!tw_failed(tw_app_hash_check(&h, (struct tw_slice){ (const char *)reference, sizeof reference }, &match));
	tw_app_hash_done(&h);
	return ok && match == right;
}

/* The code of an authenticator, by its secret: the example of RFC 6238 in six digits. */
static bool totp(bool right)
{
	uint8_t key[] = "12345678901234567890";
	int64_t step = 0;

	secret(key, sizeof key);
	return !tw_failed(tw_totp_match(key, 59000, 0, tw_slice_of(right ? "287082" : "287083"), &step)) == right;
}

/* The code that was sent for a login, against what is typed. */
static bool message(bool right)
{
	struct tw_device *d = with_access();
	struct tw_login_step *s = &d->access->steps[2];
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", right ? "13572468" : "13572469");
	const struct tw_request rq = { .input = input };
	struct tw_reply rp = { .status = 200 };

	memcpy(s->code, "13572468", sizeof s->code);
	s->tries = 2;
	secret(s->code, sizeof s->code);
	const struct tw_factor_step t = { &d->context, &rq, s, &rp };
	return input && !tw_failed(tw_message_verify(&t)) && !rp.problem[0] == right;
}

/* A password's hash. How it is computed is Argon2id's affair, whose later half reads where the password says, by design. */
static bool hashed(bool right)
{
	struct tw_phc computed = { .tag = { 1 } }, kept = computed;

	kept.tag[31] = (uint8_t)(kept.tag[31] ^ (right ? 0 : 1));
	secret(computed.tag, sizeof computed.tag);
	secret(kept.tag, sizeof kept.tag);
	return tw_phc_same(&computed, &kept) == right;
}

/* The log's keys: a segment's first, and the one of a record. */
static bool log_keys(bool right)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_log_state writer = { .next_seq = 1 }, reader;
	struct tw_log_header h = { .epoch = 1, .boot_count = 1, .segment_size = 4096 }, read;
	struct tw_log_record r = { .type = TW_LOG_EVENT, .body = TW_SLICE("{}") }, back;
	uint8_t key[32] = { 4 }, bytes[TW_LOG_HEADER_SIZE];

	tw_buf_init(&b, tw_sys_real(), 4096);
	tw_log_epoch_begin(&writer, key);
	if (tw_failed(tw_log_segment_begin(&writer, &h, bytes)) ||
		tw_failed(tw_log_header_read((struct tw_slice){ (const char *)bytes, sizeof bytes }, &read)))
		return false;
	reader = writer;
	if (tw_failed(tw_log_record_write(&writer, &r, &b)))
		return false;
	key[0] = (uint8_t)(key[0] ^ (right ? 0 : 1));
	reader.key[0] = (uint8_t)(reader.key[0] ^ (right ? 0 : 1));
	secret(key, sizeof key);
	secret(reader.key, sizeof reader.key);
	struct tw_cursor c = tw_cursor_of(b.data, b.size);
	return !tw_failed(tw_log_header_check(&read, key)) == right && !tw_failed(tw_log_record_read(&reader, &c, &back)) == right;
}

/* What was sealed: key and text. That OpenSSL ends with a verdict over the tag is in verdict.supp. */
static bool sealed(bool right)
{
	const struct tw_sys *sys = tw_sys_real();
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 256);
	if (tw_failed(tw_secret_random(sys, TW_AEAD_KEY, &key)) ||
		tw_failed(tw_aead_seal(key, TW_SLICE("use"), TW_SLICE("a secret text"), &b)))
		return false;
	b.data[b.size - 1] = (char)(b.data[b.size - 1] ^ (right ? 0 : 1));
	secret(tw_secret_bytes(key), TW_AEAD_KEY);
	return !tw_failed(tw_aead_open(sys, key, TW_SLICE("use"), tw_buf_slice(&b), &plain)) == right;
}

/* An answer of a RADIUS server, judged by the secret it shares with the device. It is made by the same code that asks. */
static bool radius(bool right)
{
	char shared[] = "a secret shared with the server";
	struct tw_radius_question q = { .id = 7, .authenticator = { 9 }, .secret = tw_slice_of(shared) };
	uint8_t bytes[TW_RADIUS_HEAD + 18] = { TW_RADIUS_ACCEPT, 7, 0, sizeof bytes, 9, [TW_RADIUS_HEAD] = 80, 18 }, hash[TW_MD5_SIZE];
	const struct tw_slice all = { (const char *)bytes, sizeof bytes };
	struct tw_radius_answer a;

	bytes[4] = q.authenticator[0];
	if (tw_failed(tw_hmac_md5(shared, strlen(shared), all, hash)))
		return false;
	memcpy(bytes + TW_RADIUS_HEAD + 2, hash, sizeof hash);
	if (tw_failed(tw_md5_of((const struct tw_slice[]){ all, q.secret }, 2, hash)))
		return false;
	memcpy(bytes + 4, hash, sizeof hash);
	bytes[4 + (right ? 0 : 1)] ^= right ? 0 : 1;
	secret(shared, sizeof shared - 1);
	return !tw_failed(tw_radius_read(&q, all, &a)) == right;
}

static const struct {
	const char *name;
	bool (*run)(bool right);
} cases[] = {
	{ "equal", equal },
	{ "takeover", takeover },
	{ "session", session },
	{ "pass", pass },
	{ "login_step", login_step },
	{ "login_outside", login_outside },
	{ "step_up", step_up },
	{ "session_end", session_end },
	{ "request", request },
	{ "code", code },
	{ "digest", digest },
	{ "hashed", hashed },
	{ "totp", totp },
	{ "message", message },
	{ "log_keys", log_keys },
	{ "sealed", sealed },
	{ "radius", radius },
	{ "leaky", leaky },
};

int main(int argc, char **argv)
{
	tw_crypto_use(tw_sys_real());
	for (size_t i = 0; i < TW_COUNT(cases); i++) {
		if (argc < 2)
			(void)puts(cases[i].name);
		else if (strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run(true) && cases[i].run(false) ? 0 : 1;
	}
	return argc < 2 ? 0 : 2;
}
