/* SPDX-License-Identifier: Apache-2.0 */
#include "ways.h"

#include "authenticator.h"
#include "played-hash.h"

#include "base/json.h"
#include "base/text.h"
#include "device/logical-access/passkey.h"
#include "service/access/password.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
#include "service/access/totp.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SITE "pump.example"
#define HOST SITE ":8443"
#define ID "one token, and one key of it"
#define LOGINS "/api/v1/logins"
#define PRESENT 0x01
#define MADE 0x40

/* --- The clock --- */

static int64_t ahead_ms;

static int clock_ahead(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	int r = clock_gettime(id, ret);

	if (id == CLOCK_REALTIME)
		ret->tv_sec += (time_t)(ahead_ms / 1000);
	return r;
}

const struct tw_sys *ways_clock(int64_t wall_ms)
{
	static struct tw_sys sys;
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	ahead_ms = wall_ms - (int64_t)now.tv_sec * 1000;
	sys = *tw_sys_real();
	sys.clock = clock_ahead;
	return &sys;
}

/* --- Passkeys, taken for signed --- */

static struct {
	bool enrols;
	tw_hash_done *done; /* NULL: nobody asks */
	void *user;
} passkey;

tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_enrol(tw_hashing *h, const struct tw_passkey_enrol *q, tw_hash_done *done, void *user)
{
	passkey.enrols = true;
	passkey.done = done;
	passkey.user = user;
	return TW_OK;
}

tw_err __wrap_tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user);
tw_err __wrap_tw_hash_assert(tw_hashing *h, const struct tw_passkey_assert *q, tw_hash_done *done, void *user)
{
	passkey.enrols = false;
	passkey.done = done;
	passkey.user = user;
	return TW_OK;
}

static bool passkey_step(void)
{
	static const uint8_t key[TW_PASSKEY_KEY_MAX] = { 4 };
	struct tw_hash_answer yes = { .outcome = TW_HASH_YES };
	tw_hash_done *done = passkey.done;

	if (!done)
		return false;
	passkey.done = NULL;
	if (passkey.enrols)
		yes.enrolled = (struct tw_passkey_enrolled){ TW_PASSKEY_ES256, { (const char *)key, sizeof key }, TW_SLICE(ID) };
	done(passkey.user, &yes);
	return true;
}

/* --- Requests --- */

/* The answer, also when it comes later. */
static int settle(tw_unit *u, int status)
{
	while (played_step() || passkey_step())
		;
	return status ? status : tw_unit_later(u);
}

int ways_ask(tw_unit *u, const char *method, const char *target, const char *body)
{
	return settle(u, tw_unit_request(u, method, target, NULL, body));
}

static void text_of(tw_unit *u, const char *outer, const char *key, char *ret, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	ret[0] = '\0';
	if (!tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		(void)snprintf(ret, size, "%s", tw_json_text(outer ? tw_json_get(j, outer) : j, key));
}

static int ask_from(tw_unit *u, const char *from, const char *target, const char *body)
{
	tw_unit_from(u, from);
	tw_unit_under(u, HOST);
	int status = settle(u, tw_unit_request_as(u, NULL, "POST", target, body));
	tw_unit_from(u, NULL);
	tw_unit_under(u, NULL);
	return status;
}

static int step(tw_unit *u, struct ways_login *l, const char *body)
{
	int status = ask_from(u, l->from, LOGINS, body);

	text_of(u, NULL, "client", l->fresh, sizeof l->fresh);
	return status;
}

int ways_begin(tw_unit *u, struct ways_login *l)
{
	bool known = l->client && *l->client;
	char body[256];

	(void)snprintf(body, sizeof body, "{\"account\":\"" WAYS_NAME "\",\"password\":\"%s\"%s%s%s}", l->password,
		known ? ",\"client\":\"" : "", known ? l->client : "", known ? "\"" : "");
	int status = step(u, l, body);
	text_of(u, NULL, "login", l->handle, sizeof l->handle);
	return status;
}

const char *ways_code_text(const uint8_t secret[WAYS_SECRET], int64_t at)
{
	return code_at(secret, at);
}

int ways_code(tw_unit *u, struct ways_login *l, const uint8_t secret[WAYS_SECRET], int64_t at)
{
	char body[160];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"factor\":\"totp\",\"code\":\"%s\"}", l->handle, code_at(secret, at));
	return step(u, l, body);
}

static void encode(const void *data, size_t size, char *ret, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), max - 1);
	CHECK_OK(tw_buf_base64url(&b, data, size));
	(void)snprintf(ret, max, "%s", tw_buf_cstr(&b));
}

/* What the browser says it asked, and what the token says: relying party, flags, counter. */
struct said {
	char client[500], data[128];
};
static void say(const char *type, const char *challenge, uint8_t flags, uint32_t counter, struct said *ret)
{
	const uint8_t rest[] = { flags, (uint8_t)(counter >> 24), (uint8_t)(counter >> 16), (uint8_t)(counter >> 8), (uint8_t)counter };
	uint8_t data[32 + sizeof rest];
	char text[300];

	(void)snprintf(text, sizeof text, "{\"type\":\"webauthn.%s\",\"challenge\":\"%s\",\"origin\":\"https://" HOST "\"}", type, challenge);
	encode(text, strlen(text), ret->client, sizeof ret->client);
	CHECK_OK(tw_sha256(SITE, sizeof SITE - 1, data));
	memcpy(data + 32, rest, sizeof rest);
	encode(data, sizeof data, ret->data, sizeof ret->data);
}

/* Names are a certificate's, which this story has none of. */
static void name_it(tw_unit *u)
{
	const struct tw_dns_names names = { .count = 1, .of = { SITE } };

	tw_device_named(tw_unit_device(u), NULL, &names);
	tw_unit_under(u, HOST);
}

int ways_enrol(tw_unit *u, uint32_t counter)
{
	char challenge[64], body[900];
	struct said said;

	name_it(u);
	int status = ways_ask(u, "POST", "/api/v1/passkey-challenges", NULL);
	text_of(u, NULL, "challenge", challenge, sizeof challenge);
	say("create", challenge, PRESENT | MADE, counter, &said);
	(void)snprintf(body, sizeof body, "{\"label\":\"a key\",\"client_data\":\"%s\",\"authenticator_data\":\"%s\"}", said.client,
		said.data);
	status = status == 201 ? ways_ask(u, "POST", "/api/v1/passkeys", body) : status;
	tw_unit_under(u, NULL);
	return status;
}

int ways_again(tw_unit *u, struct ways_login *l, const char *shown)
{
	char body[WAYS_SHOWN_MAX + 128];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"factor\":\"passkey\",\"passkey\":%s}", l->handle, shown);
	return step(u, l, body);
}

static int ask_passkey(tw_unit *u, struct ways_login *l)
{
	char body[128];

	name_it(u);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"factor\":\"passkey\"}", l->handle);
	return step(u, l, body);
}

int ways_passkey(tw_unit *u, struct ways_login *l, uint32_t counter, char ret_shown[WAYS_SHOWN_MAX])
{
	char challenge[64], id[64];
	struct said said;
	int status = ask_passkey(u, l);

	if (status != 200)
		return status;
	text_of(u, "passkey", "challenge", challenge, sizeof challenge);
	say("get", challenge, PRESENT, counter, &said);
	encode(ID, sizeof ID - 1, id, sizeof id);
	(void)snprintf(ret_shown, WAYS_SHOWN_MAX,
		"{\"credential\":\"%s\",\"client_data\":\"%s\",\"authenticator_data\":\"%s\",\"signature\":\"c2lnbmVk\"}", id,
		said.client, said.data);
	return ways_again(u, l, ret_shown);
}

int ways_guess(tw_unit *u, const char *from)
{
	return ask_from(u, from, "/api/v1/sessions", "{\"code\":\"00000-00000\"}");
}

int64_t ways_step(tw_unit *u)
{
	return tw_time_wall_ms(&tw_unit_device(u)->time) / TW_TOTP_STEP_MS;
}

void ways_secret(const char *uri, uint8_t ret[WAYS_SECRET])
{
	secret_in(uri, ret);
}

/* --- What is found --- */

bool ways_kept(const struct ways *found, const struct ways *promised)
{
	bool same = found->password == promised->password && (found->known || !promised->known) && found->step == promised->step &&
		found->counter == promised->counter;

	for (size_t i = 0; i < WAYS_WAITS; i++)
		same = same && found->waits[i] == promised->waits[i];
	return same;
}

static bool is_password(const struct tw_password_kept *kept, const char *password)
{
	struct tw_phc h = kept->hash;

	played_tag(&h, password);
	return kept->is && tw_phc_same(&h, &kept->hash);
}

static const char *read_password(struct tw_device *d, struct ways *ret)
{
	struct tw_password_kept kept;

	if (tw_failed(tw_password_of(&d->context, WAYS_OWNER, &kept)))
		return "the password cannot be read";
	ret->password = is_password(&kept, WAYS_FIRST) ? 1 : is_password(&kept, WAYS_SECOND) ? 2 : 0;
	return kept.is && !ret->password ? "a password that nobody gave" : NULL;
}

static tw_err take_step(void *user, const tw_row *row)
{
	uint64_t n = 0;
	struct tw_slice data = tw_row_bytes(row, 0);
	const char *blank = memchr(data.at, ' ', data.size);

	TW_TRY(tw_parse_u64((struct tw_slice){ data.at, blank ? (size_t)(blank - data.at) : 0 }, INT64_MAX, &n));
	*(int64_t *)user = (int64_t)n;
	return TW_OK;
}

static tw_err take_counter(void *user, const struct tw_passkey *p)
{
	*(uint32_t *)user = p->counter;
	return TW_OK;
}

static const char *read_factors(struct tw_device *d, struct ways *ret)
{
	static const char step[] = "SELECT data FROM credential WHERE kind = 'totp'";

	if (tw_failed(tw_store_run(d->context.store, step, NULL, 0, take_step, &ret->step)))
		return "the authenticator cannot be read";
	return tw_failed(tw_passkey_each(&d->context, WAYS_OWNER, take_counter, &ret->counter)) ? "the passkey cannot be read" : NULL;
}

static void read_waits(struct tw_device *d, int ret[WAYS_WAITS])
{
	static const struct {
		enum tw_throttle_kind kind;
		const char *who;
	} of[WAYS_WAITS] = { { TW_THROTTLE_SOURCE, WAYS_GUESSER }, { TW_THROTTLE_SOURCE, WAYS_OTHER }, { TW_THROTTLE_ACCOUNT, WAYS_NAME } };
	const struct tw_throttle *t = tw_access_throttle(&d->context);

	for (size_t i = 0; i < WAYS_WAITS; i++) {
		const struct tw_throttled *one;

		for (size_t at = 0; (one = tw_throttle_next(t, of[i].kind, &at)) != NULL;)
			if (strcmp(one->who, of[i].who) == 0)
				ret[i] = (int)((one->until_ms - one->last_ms) / 1000);
	}
}

const char *ways_read(tw_unit *u, const struct ways_told *told, struct ways *ret)
{
	struct tw_device *d = tw_unit_device(u);
	struct tw_login_who who;
	const char *bad = read_password(d, ret);

	if (!bad)
		bad = read_factors(d, ret);
	if (!bad && tw_failed(tw_client_known(&d->context, WAYS_OWNER, told->client, &who)))
		bad = "known clients cannot be read";
	ret->known = !bad && who.known;
	read_waits(d, ret->waits);
	return bad;
}

/* --- What is done with it --- */

static const char *password_of(int which)
{
	return which == 1 ? WAYS_FIRST : WAYS_SECOND;
}

/* Begun by the right password, with what is wanted still. */
static bool begun(tw_unit *u, const struct ways_told *told, const struct ways *w, struct ways_login *ret)
{
	*ret = (struct ways_login){ .password = password_of(w->password), .client = w->known ? told->client : NULL };
	return ways_begin(u, ret) == (w->step || w->counter ? 200 : 201);
}

/* Who waits is told so, and who did nothing is not; whoever guesses at the owner's account waits where others have guessed. */
static const char *work_waits(tw_unit *u, const struct ways *w)
{
	struct ways_login stranger = { .password = password_of(3 - w->password), .from = WAYS_STRANGER };

	if (ways_guess(u, WAYS_GUESSER) != (w->waits[WAYS_OF_GUESSER] ? 429 : 403))
		return "who guesses does not wait, or waits for nothing";
	if (ways_guess(u, WAYS_OTHER) != (w->waits[WAYS_OF_OTHER] ? 429 : 403))
		return "another who guesses does not wait, or waits for nothing";
	if (w->password && ways_begin(u, &stranger) != (w->waits[WAYS_OF_ACCOUNT] ? 429 : 403))
		return "strangers at the account do not wait, or wait for nothing";
	return NULL;
}

static const char *work_password(tw_unit *u, const struct ways_told *told, const struct ways *w)
{
	struct ways_login wrong = { .password = password_of(3 - w->password), .client = w->known ? told->client : NULL }, right;

	if (ways_begin(u, &wrong) != 403)
		return "the other password opens";
	return begun(u, told, w, &right) ? NULL : "the owner's password does not let him in";
}

/* The code that was used is none any more, as far as its time has not passed anyway; the next one is good. */
static const char *work_code(tw_unit *u, const struct ways_told *told, const struct ways *w)
{
	const int64_t now = ways_step(u), next = w->step + 1 < now - 1 ? now : w->step + 1;
	struct ways_login l;

	if (w->step > now + 1)
		return "a code was used before its time";
	if (!begun(u, told, w, &l) || ways_code(u, &l, told->secret, w->step) != 403)
		return "a code that was used opens again";
	return ways_code(u, &l, told->secret, next) == 201 ? NULL : "a code that was not used opens nothing";
}

static const char *work_passkey(tw_unit *u, const struct ways_told *told, const struct ways *w)
{
	char shown[WAYS_SHOWN_MAX];
	struct ways_login l;

	if (!begun(u, told, w, &l) || ways_passkey(u, &l, w->counter, shown) != 403)
		return "a counter that does not rise opens";
	if (told->shown[0] && (ask_passkey(u, &l) != 200 || ways_again(u, &l, told->shown) != 403))
		return "what a passkey has signed before opens again";
	return ways_passkey(u, &l, w->counter + 1, shown) == 201 ? NULL : "a counter that rises opens nothing";
}

const char *ways_work(tw_unit *u, const struct ways_told *told, const struct ways *w)
{
	const char *bad = work_waits(u, w);

	if (!bad && w->password)
		bad = work_password(u, told, w);
	if (!bad && w->password && w->step)
		bad = work_code(u, told, w);
	if (!bad && w->password && w->counter)
		bad = work_passkey(u, told, w);
	return bad;
}
