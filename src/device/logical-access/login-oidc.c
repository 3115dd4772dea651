/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A login that goes by the organization's provider: begun here, judged there, and finished by the one way that every login goes.
 *
 * What has to be asked of the provider is asked by the role that connects to others, one question after another, for the login whose turn it is; the
 * answers to all of them come later. Its places and keys are kept for a while, so that a login needs one question as a rule, and one that did not
 * answer is left in peace for a moment: strangers can begin logins.
 */
#include "device/logical-access/oidc.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

#define BUSY_MS 250 /* how often a role that does something else is asked again */

static int64_t now_of(const struct tw_device *d)
{
	return tw_time_boot_ms(&d->time);
}

static struct tw_oidc_state *state_of(const struct tw_device *d)
{
	return &d->access->oidc;
}

static struct tw_oidc_client client_of(const struct tw_oidc_config *o)
{
	return (struct tw_oidc_client){ o->issuer, o->client, o->back };
}

/* --- Refused --- */

enum lack { OFF, SILENT, UNTRUSTED, STRANGE, CLIENT, CODE, NOBODY };
static const struct {
	int status;
	const char *rule, *next, *detail;
} lacks[] = {
	[OFF] = { 503, "oidc.off", "Come in by another way, and tell whoever looks after this device.",
		"No provider is named any more, or another one than this login began with." },
	[SILENT] = { 503, "oidc.silent", "Try again in a while, or come in by another way.",
		"The organization's provider did not answer in time." },
	[UNTRUSTED] = { 503, "oidc.untrusted", "Come in by another way, and tell whoever looks after this device.",
		"What answered is not the provider that the owner named, by its certificate or by what it says of itself." },
	[STRANGE] = { 503, "oidc.provider", "Try again in a while, or come in by another way.",
		"The organization's provider answered in a way that makes no sense." },
	[CLIENT] = { 503, "oidc.client", "Come in by another way, and tell whoever looks after this device.",
		"The provider does not know this device, or not by the secret that it was given." },
	[CODE] = { 403, "oidc.code", "Begin again.",
		"The provider does not take back what your browser brought: it is used, too old or not for this login." },
	[NOBODY] = { 403, "oidc.stranger", "Ask whoever gives accounts on this device.",
		"The provider says who you are, and no account here that is active belongs to you." },
};

/* For whoever reads the log. subject: only of somebody whom no account here belongs to, so that one can be given to him. */
static tw_err tell(struct tw_login_work *w, const char *verdict, const char *rule, const char *subject)
{
	json_t *fields = json_pack("{s:s, s:s}", "verdict", verdict, "rule", rule);
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(w->account, id);
	tw_err e = w->account ? tw_json_set(fields, "account", json_string(id)) : TW_OK;
	if (!tw_failed(e) && *subject)
		e = tw_json_set(fields, "subject", json_string(subject));
	if (tw_failed(e)) {
		json_decref(fields);
		return e;
	}
	return tw_event(&w->d->context, "login.outside", fields);
}

static void refuse_as(struct tw_login_work *w, int status, const char *rule, const char *subject, const char *next, const char *detail)
{
	struct tw_reply rp = { .status = 200 };
	tw_err e = tell(w, status == 403 ? "no" : "none", rule, subject);

	if (status == 403)
		tw_login_failed(&w->d->context, &w->who);
	if (!tw_failed(e))
		e = tw_reply_problem(&rp, status, status == 403 ? "login" : "verifier", rule, "The provider's word opens nothing",
			next, "%s", detail);
	tw_login_finish(w, &rp, e);
}

static void refuse(struct tw_login_work *w, enum lack why, const char *subject)
{
	refuse_as(w, lacks[why].status, lacks[why].rule, subject, lacks[why].next, lacks[why].detail);
}

/* The provider's fault and nobody's here: it is not asked again at once. */
static void refuse_down(struct tw_login_work *w, enum lack why)
{
	struct tw_oidc_state *s = state_of(w->d);

	s->down_ms = now_of(w->d) + TW_OIDC_DOWN_MS;
	s->down = (int)why;
	refuse(w, why, "");
}

/* What somebody brought may have made the provider answer so: it counts against him, and others are not kept waiting for it. Silence is nobody's fault. */
static void refuse_brought(struct tw_login_work *w, enum lack why)
{
	if (why == STRANGE)
		tw_login_failed(&w->d->context, &w->who);
	refuse(w, why, "");
}

/* --- Begun --- */

static tw_err holder_of(const char *source, int64_t *ret)
{
	uint8_t hash[32];

	TW_TRY(tw_sha256(source, strlen(source), hash));
	memcpy(ret, hash, sizeof *ret);
	return TW_OK;
}

/* A source has its share, so that nobody's logins push out all others. */
static tw_err place_for(struct tw_device *d, const char *source, struct tw_oidc_begun **ret, int64_t *ret_holder)
{
	struct tw_oidc_state *s = state_of(d);
	struct tw_places places = { .most = TW_OIDC_BEGUN_OWN };

	for (size_t i = 0; i < TW_PLACES_MAX; i++) {
		places.of[i].account = s->begun[i].holder;
		places.of[i].expires_ms = s->begun[i].expires_ms;
	}
	TW_TRY(holder_of(source, ret_holder));
	*ret = &s->begun[tw_places_pick(&places, *ret_holder, now_of(d))];
	return TW_OK;
}

static tw_err draw(const struct tw_sys *sys, char ret[TW_OIDC_WORD + 1])
{
	TW_CLEANUP(tw_token_done) struct tw_token t = { .text = "" };

	TW_TRY(tw_token_make(sys, &t));
	memcpy(ret, t.text, TW_OIDC_WORD + 1);
	return TW_OK;
}

static tw_err draw_words(const struct tw_sys *sys, struct tw_oidc_words *ret)
{
	TW_TRY(draw(sys, ret->state));
	TW_TRY(draw(sys, ret->nonce));
	return draw(sys, ret->verifier);
}

static tw_err begin_at(struct tw_login_work *w, const struct tw_oidc_config *o, struct tw_oidc_begun *b, struct tw_reply *rp)
{
	TW_CLEANUP(tw_token_done) struct tw_token handle = { .text = "" };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf location = { 0 };
	const struct tw_oidc_client client = client_of(o);
	struct tw_device *d = w->d;

	TW_TRY(tw_token_make(d->context.sys, &handle));
	TW_TRY(draw_words(d->context.sys, &b->words));
	memcpy(b->hash, handle.hash, sizeof b->hash);
	b->expires_ms = now_of(d) + TW_LOGIN_STEP_MS;
	b->since_s = tw_time_wall_ms(&d->time) / 1000;
	tw_buf_init(&location, d->context.sys, TW_OIDC_LOCATION_MAX);
	TW_TRY(tw_oidc_location(&state_of(d)->places, &client, &b->words, &location));
	rp->body = json_pack("{s:[s], s:s, s:s, s:i}", "needed", "outside", "login", handle.text, "location",
		tw_buf_cstr(&location), "expires_in_s", TW_LOGIN_STEP_MS / 1000);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static void answer_begin(struct tw_login_work *w, const struct tw_oidc_config *o)
{
	struct tw_oidc_begun fresh = { .expires_ms = 0 }, *place = NULL;
	struct tw_reply rp = { .status = 200 };

	tw_err e = place_for(w->d, w->who.source, &place, &fresh.holder);
	if (!tw_failed(e))
		e = begin_at(w, o, &fresh, &rp);
	if (!tw_failed(e))
		*place = fresh;
	tw_wipe(&fresh, sizeof fresh);
	tw_login_finish(w, &rp, e);
}

/* --- What is asked of the provider --- */

static tw_err begin_fetch(struct tw_device *d, const struct tw_oidc_config *o, enum tw_oidc_question what, struct tw_fetch_want *want)
{
	struct tw_oidc_state *s = state_of(d);

	want->job.deadline_s = TW_OIDC_QUESTION_S;
	want->job.answer_max = TW_OIDC_ANSWER_MAX;
	want->job.accept = TW_SLICE("application/json");
	want->job.anchors = tw_buf_slice(&o->anchors);
	tw_err e = tw_fetch_begin(d, want);
	if (tw_is(e, TW_CODE_STATE)) {
		s->again_ms = now_of(d) + BUSY_MS;
		return TW_OK;
	}
	TW_TRY(e);
	s->asked = what;
	return TW_OK;
}

static tw_err ask_places(struct tw_device *d, const struct tw_oidc_config *o)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf url = { 0 };
	struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET } };

	tw_buf_init(&url, d->context.sys, TW_FETCH_URL_MAX);
	TW_TRY(tw_oidc_discovery(o->issuer, &url));
	want.job.url = tw_buf_slice(&url);
	return begin_fetch(d, o, TW_OIDC_PLACES, &want);
}

static tw_err ask_keys(struct tw_login_work *w, const struct tw_oidc_config *o)
{
	struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET, .url = tw_slice_of(state_of(w->d)->places.keys) } };

	return begin_fetch(w->d, o, TW_OIDC_KEYS, &want);
}

static tw_err ask_token(struct tw_login_work *w, const struct tw_oidc_config *o)
{
	const size_t most = (size_t)3 * (TW_OIDC_CODE_MAX + TW_OIDC_URL_MAX + TW_OIDC_CLIENT_MAX) + 256;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf secret = { 0 }, body = { 0 }, basic = { 0 };
	const struct tw_slice code = { (const char *)tw_secret_bytes(w->fresh), tw_secret_size(w->fresh) };
	const struct tw_oidc_client client = client_of(o);
	struct tw_fetch_want want = { .job = { .method = TW_FETCH_POST,
					      .url = tw_slice_of(state_of(w->d)->places.token),
					      .type = TW_SLICE("application/x-www-form-urlencoded") } };

	tw_buf_init(&body, w->d->context.sys, most);
	tw_buf_init(&basic, w->d->context.sys, 4096);
	TW_TRY(tw_buf_reserve(&body, most)); /* one that grows leaves copies of what is in it */
	TW_TRY(tw_buf_reserve(&basic, 4096));
	TW_TRY(tw_oidc_secret(w->d, &secret));
	TW_TRY(tw_oidc_exchange(&client, secret.size > 0, code, w->oidc.words.verifier, &body));
	if (secret.size)
		TW_TRY(tw_oidc_basic(&client, tw_buf_slice(&secret), &basic));
	want.body = tw_buf_slice(&body);
	want.job.authorization = tw_buf_slice(&basic);
	return begin_fetch(w->d, o, TW_OIDC_TOKEN, &want);
}

/* --- The verdict --- */

static tw_err judge_token(
	struct tw_login_work *w, const struct tw_oidc_config *o, enum tw_oidc_fault *ret, char ret_subject[TW_OIDC_SUBJECT_MAX + 1])
{
	const struct tw_oidc_client client = client_of(o);
	const struct tw_oidc_expected x = { .client = &client,
		.keys = &state_of(w->d)->keys,
		.nonce = w->oidc.words.nonce,
		.claim = o->claim,
		.now_s = tw_time_wall_ms(&w->d->time) / 1000,
		.since_s = w->oidc.since_s };

	return tw_oidc_judge(w->d->context.sys, tw_buf_slice(&state_of(w->d)->token), &x, ret, ret_subject);
}

/* From here on it goes the way of every login. */
static tw_err let_go_on(struct tw_login_work *w)
{
	struct tw_password_kept kept;

	TW_TRY(tw_oidc_first(w->d, w->account, &kept));
	w->began = kept.hash;
	return tell(w, "yes", "LA.AS.2.1.2", "");
}

/* Whoever has the provider's word guesses what else is wanted no faster than anybody: from here on his failures count against the account as well. */
static tw_err count_against(struct tw_login_work *w, const struct tw_account *a, struct tw_reply *rp)
{
	tw_account_name_fold(a->name, w->who.name);
	int wait = tw_login_wait_s(&w->d->context, &w->who);

	return wait ? tw_access_wait(tw_later_request(w->later), wait, rp) : TW_OK;
}

static void identified(struct tw_login_work *w, const struct tw_oidc_config *o, const char *subject)
{
	struct tw_reply rp = { .status = 200 };
	struct tw_account a = { .state = TW_ACCOUNT_SUSPENDED };
	tw_err e = tw_oidc_account(w->d, o, subject, &w->account);

	if (!tw_failed(e) && w->account)
		e = tw_account_get(&w->d->context, w->account, &a);
	if (!tw_failed(e) && a.state != TW_ACCOUNT_ACTIVE) {
		refuse(w, NOBODY, subject);
		return;
	}
	if (!tw_failed(e))
		e = count_against(w, &a, &rp);
	if (!tw_failed(e) && !rp.problem[0])
		e = let_go_on(w);
	if (tw_failed(e) || rp.problem[0])
		tw_login_finish(w, &rp, e); /* what cannot be told is not done */
	else
		tw_login_judged(w, true);
}

/* @nist LA.AS.2.1.2: only a token by the provider's key, for this device and this login, lets anybody in, and only whose an account is */
static void judge(struct tw_login_work *w, const struct tw_oidc_config *o)
{
	struct tw_oidc_state *s = state_of(w->d);
	struct tw_reply rp = { .status = 200 };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";
	enum tw_oidc_fault fault = TW_OIDC_FORM;
	tw_err e = judge_token(w, o, &fault, subject);

	if (!tw_failed(e) && fault == TW_OIDC_KEY && !w->oidc.has_keys) {
		s->keys_ms = 0; /* it may have new ones */
		return;
	}
	if (tw_failed(e))
		tw_login_finish(w, &rp, e);
	else if (fault)
		refuse_as(w, 403, tw_oidc_faults[fault], "", "Begin again; when it stays so, tell whoever looks after this device.",
			"What the provider says is not by it, or not about this login.");
	else
		identified(w, o, subject);
}

/* --- Its answers --- */

static void take_places(struct tw_login_work *w, const struct tw_oidc_config *o, struct tw_slice body)
{
	struct tw_oidc_state *s = state_of(w->d);
	struct tw_reply rp = { .status = 200 };
	tw_err e = tw_oidc_places_read(body, o->issuer, &s->places);

	if (tw_is(e, TW_CODE_NOMEM))
		tw_login_finish(w, &rp, e);
	else if (tw_failed(e))
		refuse_down(w, tw_is(e, TW_CODE_UNTRUSTED) ? UNTRUSTED : STRANGE);
	else
		s->places_ms = now_of(w->d) + TW_OIDC_BELIEVED_MS;
}

static void take_keys(struct tw_login_work *w, struct tw_slice body)
{
	struct tw_oidc_state *s = state_of(w->d);
	struct tw_reply rp = { .status = 200 };
	tw_err e = tw_oidc_keys_read(body, &s->keys);

	if (tw_is(e, TW_CODE_NOMEM)) {
		tw_login_finish(w, &rp, e);
	} else if (tw_failed(e)) {
		refuse_down(w, STRANGE);
	} else {
		s->keys_ms = now_of(w->d) + TW_OIDC_BELIEVED_MS;
		w->oidc.has_keys = true;
	}
}

static void take_token(struct tw_login_work *w, struct tw_slice body)
{
	struct tw_oidc_state *s = state_of(w->d);
	struct tw_reply rp = { .status = 200 };

	tw_buf_wipe(&s->token);
	tw_buf_init(&s->token, w->d->context.sys, TW_OIDC_TOKEN_MAX + 1);
	tw_err e = tw_buf_reserve(&s->token, TW_OIDC_TOKEN_MAX);
	if (!tw_failed(e))
		e = tw_oidc_answer_read(body, &s->token);
	if (tw_is(e, TW_CODE_NOMEM))
		tw_login_finish(w, &rp, e);
	else if (tw_failed(e))
		refuse_brought(w, STRANGE);
	else
		w->oidc.has_token = true;
}

static enum lack lack_of(const struct tw_fetch_answer *a)
{
	if (a->failure == TW_FETCH_UNTRUSTED)
		return UNTRUSTED;
	return !a->failure || a->failure == TW_FETCH_REDIRECTED || a->failure == TW_FETCH_TOO_LARGE || a->failure == TW_FETCH_BAD_ANSWER
		? STRANGE
		: SILENT;
}

/* What came with another status than 200, or not at all. */
static void take_failure(struct tw_login_work *w, enum tw_oidc_question asked, const struct tw_fetch_answer *a)
{
	const bool token = asked == TW_OIDC_TOKEN;

	if (token && !a->failure && a->status == 400)
		refuse(w, CODE, "");
	else if (token && !a->failure && a->status == 401)
		refuse(w, CLIENT, "");
	else if (token && a->failure != TW_FETCH_UNTRUSTED)
		refuse_brought(w, lack_of(a));
	else
		refuse_down(w, a->failure == TW_FETCH_REDIRECTED ? UNTRUSTED : lack_of(a));
}

static void take_answer(struct tw_login_work *w, const struct tw_oidc_config *o, const struct tw_fetch_answer *a)
{
	const enum tw_oidc_question asked = state_of(w->d)->asked;

	if (a->failure || a->status != 200)
		take_failure(w, asked, a);
	else if (asked == TW_OIDC_PLACES)
		take_places(w, o, a->body);
	else if (asked == TW_OIDC_KEYS)
		take_keys(w, a->body);
	else
		take_token(w, a->body);
}

/* --- In turn --- */

static struct tw_login_work *first_of(struct tw_device *d)
{
	struct tw_login_work *first = NULL;

	for (size_t i = 0; i < TW_LOGIN_WORKS; i++) {
		struct tw_login_work *w = &d->access->works[i];

		if (w->later && w->oidc.turn && (!first || w->oidc.turn < first->oidc.turn))
			first = w;
	}
	return first;
}

/* The next thing for it: a question to the provider, or the answer to whoever logs in. */
static tw_err step(struct tw_login_work *w, const struct tw_oidc_config *o)
{
	struct tw_oidc_state *s = state_of(w->d);
	const int64_t now = now_of(w->d);

	if (s->down_ms > now)
		refuse(w, (enum lack)s->down, "");
	else if (s->places_ms <= now)
		return ask_places(w->d, o);
	else if (w->oidc.begins)
		answer_begin(w, o);
	else if (!w->oidc.has_token)
		return ask_token(w, o);
	else if (s->keys_ms <= now)
		return ask_keys(w, o);
	else
		judge(w, o);
	return TW_OK;
}

static void give_up_question(struct tw_device *d)
{
	if (state_of(d)->asked)
		tw_fetch_end(d);
	state_of(d)->asked = TW_OIDC_NOTHING;
}

/* Of the time of a login others may have used some, with what they brought: the provider is down for all only when it kept its places or keys back. */
static void refuse_silent(struct tw_login_work *w)
{
	const enum tw_oidc_question asked = state_of(w->d)->asked;

	give_up_question(w->d);
	if (asked == TW_OIDC_PLACES || asked == TW_OIDC_KEYS)
		refuse_down(w, SILENT);
	else
		refuse(w, SILENT, "");
}

/* One thing for the login whose turn it is. */
static void serve(struct tw_login_work *w)
{
	TW_CLEANUP(tw_oidc_config_done) struct tw_oidc_config o = { .issuer = "" };
	struct tw_oidc_state *s = state_of(w->d);
	struct tw_device *d = w->d;
	const uint64_t turn = w->oidc.turn;
	struct tw_reply rp = { .status = 200 };
	struct tw_fetch_answer a;

	tw_err e = tw_oidc_config_read(d, &o);
	if (tw_is(e, TW_CODE_NOTFOUND) || (!tw_failed(e) && w->oidc.epoch != s->epoch)) {
		give_up_question(d);
		refuse(w, OFF, "");
		e = TW_OK; /* which is the answer: its place is free */
	} else if (!tw_failed(e) && w->oidc.until_ms <= now_of(d)) {
		refuse_silent(w);
	} else if (!tw_failed(e) && s->asked && tw_fetch_ended(d, &a)) {
		take_answer(w, &o, &a);
		give_up_question(d);
	} else if (!tw_failed(e) && !s->asked) {
		e = step(w, &o);
	}
	if (tw_failed(e)) {
		give_up_question(d);
		tw_login_finish(w, &rp, e);
	}
	if (w->oidc.turn != turn) /* however it ended, what was said of him goes with it */
		tw_buf_wipe(&s->token);
}

static int64_t due_ms(struct tw_device *d)
{
	const struct tw_oidc_state *s = state_of(d);
	const struct tw_login_work *w = first_of(d);
	const int64_t now = now_of(d);
	struct tw_fetch_answer a;

	if (!w)
		return -1;
	if (w->oidc.epoch != s->epoch || (s->asked ? tw_fetch_ended(d, &a) : s->again_ms <= now))
		return 0;
	const int64_t next = s->asked || w->oidc.until_ms < s->again_ms ? w->oidc.until_ms : s->again_ms;
	return next > now ? next - now : 0;
}

int64_t tw_access_oidc_due_ms(struct tw_context *c)
{
	return due_ms(tw_device_of(c));
}

tw_err tw_access_job_oidc(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	while (due_ms(d) == 0)
		serve(first_of(d));
	return TW_OK;
}

/* --- The two steps, as they are asked for --- */

static struct tw_oidc_begun *begun_of(struct tw_device *d, struct tw_slice handle)
{
	struct tw_oidc_begun *found = NULL;
	uint8_t hash[32];

	if (tw_failed(tw_sha256(handle.at, handle.size, hash)))
		return NULL;
	for (size_t i = 0; i < TW_PLACES_MAX; i++) {
		struct tw_oidc_begun *b = &state_of(d)->begun[i];

		if (b->expires_ms > now_of(d) && tw_equal_secret(b->hash, hash, sizeof hash))
			found = b;
	}
	return found;
}

bool tw_oidc_is_begun(struct tw_device *d, struct tw_slice handle)
{
	return handle.size && begun_of(d, handle);
}

/* What would keep it from being asked at all, as far as that is known beforehand. */
static tw_err check_way(struct tw_device *d, struct tw_reply *rp)
{
	char name[TW_OIDC_NAME_MAX + 1] = "";
	const char *missing = tw_fetch_missing(d);

	TW_TRY(tw_oidc_name(d, name));
	if (!*name)
		return tw_reply_problem(rp, 404, "not-found", "oidc.none", "There is no such login here", "Come in by another way.",
			"The owner has named no provider.");
	if (missing)
		return tw_reply_problem(
			rp, 503, "verifier", "oidc.off", "The provider cannot be asked", "Come in by another way.", "%s", missing);
	if (!tw_time_trusted(&d->time))
		return tw_reply_problem(rp, 503, "clock", "access.clock", "The device's clock cannot be trusted now",
			"Use a client certificate, or wait until the clock is set.", "Without the time no token can be judged.");
	return TW_OK;
}

static tw_err enqueue(struct tw_context *c, const struct tw_request *rq, const struct tw_login_who *who, struct tw_reply *rp,
	struct tw_login_work **ret)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_oidc_state *s = state_of(d);

	TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ who, 0 }, ret));
	if (rp->problem[0])
		return TW_OK;
	(*ret)->outside = true;
	(*ret)->oidc.turn = ++s->last_turn;
	(*ret)->oidc.epoch = s->epoch;
	(*ret)->oidc.until_ms = now_of(d) + TW_OIDC_WAIT_MS;
	return TW_OK;
}

/* Only who began it holds the handle, and what the provider gave his browser comes with the state of this login: neither what somebody else began is
   finished by him, nor can another have him finish his own (RFC 6749 section 10.12). */
static tw_err check_back(struct tw_device *d, const struct tw_request *rq, const struct tw_oidc_words *words, struct tw_reply *rp)
{
	TW_CLEANUP(tw_oidc_config_done) struct tw_oidc_config o = { .issuer = "" };
	const char *said = tw_json_text(rq->input, "issuer"), *back = tw_json_text(rq->input, "state");

	if (strlen(back) != TW_OIDC_WORD || !tw_equal_secret(back, words->state, TW_OIDC_WORD))
		return tw_reply_problem(rp, 403, "login", "oidc.state", "This is not the answer to this login", "Begin again.",
			"What came back from the provider belongs to another login, or was changed.");
	TW_TRY(tw_oidc_config_read(d, &o));
	if (*said && strcmp(said, o.issuer) != 0) /* RFC 9207 */
		return tw_reply_problem(rp, 403, "login", "oidc.issuer", "This is the answer of another provider", "Begin again.",
			"The browser came back from elsewhere than it was sent to.");
	return TW_OK;
}

static tw_err finish(struct tw_context *c, const struct tw_request *rq, const struct tw_login_who *who, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_oidc_begun *b = begun_of(d, tw_slice_of(tw_json_text(rq->input, "login")));
	struct tw_slice answer = tw_slice_of(tw_json_text(rq->input, "answer"));
	struct tw_login_work *w = NULL;
	struct tw_oidc_begun was;

	if (!b || !answer.size)
		return tw_reply_problem(rp, 400, "input", "access.login-form", "The request is not of the wanted form",
			"See /api/v1/openapi.json for the form.", "A login by the provider goes on with login, state and answer.");
	was = *b;
	tw_wipe(b, sizeof *b); /* whatever becomes of it, it was used */
	tw_err e = check_back(d, rq, &was.words, rp);
	if (!tw_failed(e) && rp->problem[0])
		tw_login_failed(&d->context, who);
	if (!tw_failed(e) && !rp->problem[0])
		e = enqueue(c, rq, who, rp, &w);
	if (!tw_failed(e) && w && !rp->problem[0]) {
		w->oidc.words = was.words;
		w->oidc.since_s = was.since_s;
		e = tw_secret_new(c->sys, answer.at, answer.size, &w->fresh);
		if (tw_failed(e))
			e = tw_login_cannot(w, e, rp);
	}
	tw_wipe(&was, sizeof was);
	return e;
}

/* Failures count against the source alone (who): which account it would be, nobody has said yet. */
tw_err tw_oidc_login(struct tw_context *c, const struct tw_request *rq, const struct tw_login_who *who, struct tw_reply *rp)
{
	struct tw_login_work *w = NULL;

	TW_TRY(check_way(tw_device_of(c), rp));
	if (rp->problem[0])
		return TW_OK;
	if (*tw_json_text(rq->input, "login"))
		return finish(c, rq, who, rp);
	TW_TRY(enqueue(c, rq, who, rp, &w));
	if (!rp->problem[0])
		w->oidc.begins = true;
	return TW_OK;
}

/* --- Another provider, or none --- */

/* Who waits is told so by the job, which finds the epoch to be another. */
void tw_oidc_forget(struct tw_device *d)
{
	struct tw_oidc_state *s = state_of(d);

	s->epoch++;
	s->places_ms = s->keys_ms = s->down_ms = 0;
	tw_wipe(s->begun, sizeof s->begun);
	for (size_t i = 0; i < TW_LOGIN_STEPS; i++)
		if (d->access->steps[i].outside)
			tw_wipe(&d->access->steps[i], sizeof d->access->steps[i]);
}

void tw_oidc_stop(struct tw_device *d)
{
	give_up_question(d);
	tw_buf_wipe(&state_of(d)->token);
	tw_wipe(state_of(d), sizeof *state_of(d));
}
