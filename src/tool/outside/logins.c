/* SPDX-License-Identifier: Apache-2.0 */
/* Each pair has a connection of its own, because doors that count within one would hide what they let in. */
#include "tool/outside/logins.h"

#include "base/mem.h"
#include "base/release.h"

#include <string.h>
#include <strings.h>

#define OPEN_MS 3000
#define STEP_MS 150
#define QUIET_MS 1500
#define DOOR_MS 4000 /* a login program may wait after a wrong one */
#define ANSWER_MAX 4096
#define ALL_MS (5 * 60 * 1000) /* for all pairs at one door */
#define IAC 0xff

const struct tw_pair tw_known_pairs[] = {
#define TW_PAIR(user, password) { user, password },
#include "formats/mirai-pairs.def"
#undef TW_PAIR
};
const size_t tw_known_pairs_count = TW_COUNT(tw_known_pairs);

static bool ends_with(struct tw_slice s, const char *word)
{
	size_t size = strlen(word);

	while (s.size && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\r' || s.at[s.size - 1] == '\n'))
		s.size--;
	return s.size >= size && !strncasecmp(s.at + s.size - size, word, size);
}

static bool has(struct tw_slice s, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= s.size; i++)
		if (!strncasecmp(s.at + i, word, size))
			return true;
	return false;
}

static struct tw_slice last_line(struct tw_slice s)
{
	size_t at = s.size;

	while (at && (s.at[at - 1] == '\n' || s.at[at - 1] == '\r' || s.at[at - 1] == ' '))
		at--;
	while (at && s.at[at - 1] != '\n' && s.at[at - 1] != '\r')
		at--;
	return (struct tw_slice){ s.at + at, s.size - at };
}

enum tw_door tw_door_of(struct tw_slice said)
{
	struct tw_slice last = last_line(said);
	bool denied = has(said, "incorrect") || has(said, "invalid") || has(said, "failed") || has(said, "denied") || has(said, "failure");

	if (ends_with(last, "login:") || ends_with(last, "username:") || ends_with(last, "user:"))
		return TW_DOOR_NAME;
	if (ends_with(last, "password:"))
		return TW_DOOR_PASSWORD;
	if (ends_with(last, "#") || ends_with(last, "$") || ends_with(last, ">") || ends_with(last, "%"))
		return denied ? TW_DOOR_UNSURE : TW_DOOR_OPEN; /* a menu may come after a refusal, and a greeting may count failures */
	return denied ? TW_DOOR_SHUT : TW_DOOR_UNSURE;
}

/* Refuses every option that the door proposes (RFC 854, RFC 1143), and leaves the text alone. */
static tw_err plain_text(tw_line *l, struct tw_buf *b)
{
	char answer[3 * 64];
	size_t kept = 0, size = 0;
	uint8_t *at = (uint8_t *)b->data;

	for (size_t i = 0; i < b->size; i++) {
		if (at[i] != IAC) {
			at[kept++] = at[i];
			continue;
		}
		if (i + 2 < b->size && at[i + 1] >= 251 && size + 3 <= sizeof answer) { /* the four that propose or answer */
			answer[size++] = (char)IAC;
			answer[size++] = (char)(at[i + 1] <= 252 ? 254 : 252);
			answer[size++] = (char)at[i + 2];
		}
		i += 2;
	}
	b->size = kept;
	return tw_line_send(l, (struct tw_slice){ answer, size });
}

/* What the door says next, its options answered; it may think for within_ms. Whoever hangs up has shut it. */
static tw_err hear_door(tw_line *l, const struct tw_sys *sys, int64_t within_ms, struct tw_buf *b, enum tw_door *ret)
{
	int64_t end = tw_mono_ms(sys) + within_ms;
	bool ended = false;

	tw_buf_clear(b);
	*ret = TW_DOOR_UNSURE;
	while (*ret == TW_DOOR_UNSURE && !ended && b->size < b->max && tw_mono_ms(sys) < end) {
		size_t before = b->size;
		TW_TRY(tw_line_hear(l, STEP_MS, end - tw_mono_ms(sys), b, &ended));
		if (b->size > before)
			TW_TRY(plain_text(l, b));
		*ret = tw_door_of(tw_buf_slice(b));
	}
	if (ended && *ret == TW_DOOR_UNSURE)
		*ret = TW_DOOR_SHUT;
	return TW_OK;
}

static tw_err say(tw_line *l, const char *words)
{
	TW_TRY(tw_line_send(l, tw_slice_of(words)));
	return tw_line_send(l, TW_SLICE("\r\n"));
}

/* One pair; SHUT also where the door had enough of us. */
static tw_err try_telnet(const struct tw_sys *sys, const struct tw_seen *s, uint16_t port, const struct tw_pair *pair, enum tw_door *ret)
{
	static const struct tw_offer plain = { .version = 0 };
	TW_CLEANUP(tw_line_freep) tw_line *l = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, ANSWER_MAX);
	TW_TRY(tw_line_open(sys, &s->host, port, &plain, OPEN_MS, &l));
	TW_TRY(hear_door(l, sys, QUIET_MS, &b, ret));
	if (*ret == TW_DOOR_NAME) {
		TW_TRY(say(l, pair->user));
		TW_TRY(hear_door(l, sys, QUIET_MS, &b, ret));
	}
	if (*ret != TW_DOOR_PASSWORD)
		return TW_OK;
	TW_TRY(say(l, pair->password));
	TW_TRY(hear_door(l, sys, DOOR_MS, &b, ret));
	if (*ret == TW_DOOR_NAME || *ret == TW_DOOR_PASSWORD)
		*ret = TW_DOOR_SHUT; /* it asks again */
	return TW_OK;
}

static tw_err basic_request(const struct tw_sys *sys, const struct tw_seen *s, const struct tw_pair *pair, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf both = { 0 };

	tw_buf_init(&both, sys, 256);
	TW_TRY(tw_buf_format(&both, "%s:%s", pair->user, pair->password));
	TW_TRY(tw_buf_format(ret,
		"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: thingward/" TW_VERSION "\r\nConnection: close\r\nAuthorization: Basic ",
		s->host.text));
	TW_TRY(tw_buf_base64(ret, both.data, both.size));
	return tw_buf_text(ret, "\r\n\r\n");
}

static tw_err try_basic(const struct tw_sys *sys, const struct tw_seen *s, const struct tw_port_seen *p, const struct tw_pair *pair,
	enum tw_door *ret)
{
	struct tw_offer offer = tw_offer_of(p);
	TW_CLEANUP(tw_line_freep) tw_line *l = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, request = { 0 };
	struct tw_port_seen answer = { .number = p->number };
	bool ended;

	tw_buf_init(&b, sys, ANSWER_MAX);
	tw_buf_init(&request, sys, 1024);
	TW_TRY(basic_request(sys, s, pair, &request));
	TW_TRY(tw_line_open(sys, &s->host, p->number, &offer, OPEN_MS, &l));
	TW_TRY(tw_line_send(l, tw_buf_slice(&request)));
	TW_TRY(tw_line_hear(l, DOOR_MS, 2 * DOOR_MS, &b, &ended));
	if (tw_speech_of(tw_buf_slice(&b)) == TW_SPEECH_HTTP)
		tw_http_read(tw_buf_slice(&b), &answer);
	*ret = answer.status == 401 || answer.status == 403 || answer.status == 429 ? TW_DOOR_SHUT
		: answer.status >= 200 && answer.status < 400                       ? TW_DOOR_OPEN
										    : TW_DOOR_UNSURE;
	return TW_OK;
}

static void add(char *text, size_t size, unsigned port, const char *before, const char *word)
{
	size_t used = strlen(text);

	if (used + 40 < size)
		used += (size_t)snprintf(text + used, size - used, "%s", used ? ", " : "");
	if (used + 40 < size)
		(void)snprintf(text + used, size - used, "port %u (%s%s)", port, before, word);
}

/* All pairs at one door. Whoever no longer answers has shut us out: the rest is unsure. */
static tw_err try_door(const struct tw_sys *sys, struct tw_seen *s, const struct tw_port_seen *p, struct tw_logins *ret)
{
	int64_t end = tw_mono_ms(sys) + ALL_MS;

	ret->doors++;
	for (size_t i = 0; i < tw_known_pairs_count; i++) {
		enum tw_door d = TW_DOOR_UNSURE;
		const struct tw_pair *pair = &tw_known_pairs[i];
		bool telnet = p->speech == TW_SPEECH_TELNET;
		tw_err e = telnet ? try_telnet(sys, s, p->number, pair, &d) : try_basic(sys, s, p, pair, &d);

		if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED) && !tw_is(e, TW_CODE_TIMEOUT))
			return e;
		if (d == TW_DOOR_OPEN)
			add(ret->opened, sizeof ret->opened, p->number, "as ", pair->user);
		if (d == TW_DOOR_OPEN)
			return tw_seen_log(s, "logins", telnet ? "Telnet" : "HTTP Basic", p->number, pair->user, TW_SLICE("let in"));
		if (tw_failed(e) || d != TW_DOOR_SHUT || tw_mono_ms(sys) > end) {
			ret->unsure++;
			return tw_seen_log(
				s, "logins", telnet ? "Telnet" : "HTTP Basic", p->number, pair->user, TW_SLICE("no clear answer"));
		}
	}
	ret->refused++;
	return tw_seen_log(s, "logins", "all pairs", p->number, NULL, TW_SLICE("refused"));
}

/* What this tool does not try there; "" where nothing asks for a name and a password. */
static const char *untried(const struct tw_port_seen *p)
{
	if (p->form)
		return "a form of a page";
	if (p->other_login)
		return "another login of HTTP";
	return p->gone                        ? "it no longer answered"
		: p->speech == TW_SPEECH_SSH  ? "SSH"
		: p->speech == TW_SPEECH_FTP  ? "FTP"
		: p->speech != TW_SPEECH_HTTP ? "not recognized"
					      : "";
}

tw_err tw_try_logins(const struct tw_sys *sys, struct tw_seen *s, void (*told)(void *user, int percent), void *user, struct tw_logins *ret)
{
	*ret = (struct tw_logins){ .tried = true };
	for (size_t i = 0; i < s->port_count; i++) {
		const struct tw_port_seen *p = &s->port[i];
		struct tw_slice said = { p->said, p->said_size };

		if ((p->speech == TW_SPEECH_TELNET || p->speech == TW_SPEECH_OTHER) && tw_door_of(said) == TW_DOOR_OPEN)
			add(ret->opened, sizeof ret->opened, p->number, "", "nothing is asked");
		else if (p->basic || p->speech == TW_SPEECH_TELNET)
			TW_TRY(try_door(sys, s, p, ret));
		else if (*untried(p))
			add(ret->unreached, sizeof ret->unreached, p->number, "", untried(p));
		if (told)
			told(user, (int)((i + 1) * 100 / s->port_count));
	}
	return TW_OK;
}
