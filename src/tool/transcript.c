/* SPDX-License-Identifier: Apache-2.0 */
/* The lines are written sorted and compact, so that a line's digest is that of its JSON, and a changed byte is found. */
#include "tool/transcript.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "tool/client.h"

#include <string.h>

#define CALLS_MAX 256  /* of one check: guessing makes more, and they are alike */
#define SHOWN_MAX 4096 /* bytes of an answer */
#define WITHHELD "(left out)"
#define LONG_TEXT 2048 /* of what was sent; no certificate is so long, only what is meant to be too long */
#define LONG_SHOWN 64

/* The members of requests and answers that open something. */
static const char *const secrets[] = { "password", "new_password", "old_password", "current", "secret", "token", "code", "uri",
	"proof", "session", "keep", "answer", NULL };

static bool is_secret(const char *key)
{
	for (size_t i = 0; secrets[i]; i++)
		if (!strcmp(key, secrets[i]))
			return true;
	return false;
}

/* The reader bounds how deep a document is. What could not be left out must not be kept: the error is the caller's. */
static tw_err withhold(json_t *value) // NOLINT(misc-no-recursion)
{
	const char *key;
	json_t *member;
	size_t i;
	void *next;

	json_object_foreach_safe(value, next, key, member)
		if (is_secret(key) && json_is_string(member))
			TW_TRY(tw_json_set(value, key, json_string(WITHHELD)));
		else
			TW_TRY(withhold(member));
	json_array_foreach(value, i, member)
		TW_TRY(withhold(member));
	return TW_OK;
}

static tw_err digest_of(struct tw_slice s, const struct tw_sys *sys, char ret[65])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t digest[TW_SHA256_SIZE];

	tw_buf_init(&hex, sys, 64);
	TW_TRY(tw_sha256(s.at, s.size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	(void)snprintf(ret, 65, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

/* Its beginning, and what it was is known by its digest. */
static json_t *shortened(const struct tw_sys *sys, const json_t *text)
{
	const struct tw_slice all = { json_string_value(text), json_string_length(text) };
	char digest[65];
	size_t shown = LONG_SHOWN;

	while (shown > 0 && ((unsigned char)((const char *)all.at)[shown] & 0xC0) == 0x80)
		shown--;
	return tw_failed(digest_of(all, sys, digest))
		? NULL
		: json_sprintf("%.*s (%zu bytes, SHA-256 %s)", (int)shown, (const char *)all.at, all.size, digest);
}

static bool is_long(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) > LONG_TEXT;
}

static tw_err shorten(const struct tw_sys *sys, json_t *value) // NOLINT(misc-no-recursion)
{
	const char *key;
	json_t *member;
	size_t i;
	void *next;

	json_object_foreach_safe(value, next, key, member)
		TW_TRY(is_long(member) ? tw_json_set(value, key, shortened(sys, member)) : shorten(sys, member));
	json_array_foreach(value, i, member)
		if (is_long(member)) {
			if (json_array_set_new(value, i, shortened(sys, member)))
				return TW_RAISE(NOMEM, "transcript");
		} else {
			TW_TRY(shorten(sys, member));
		}
	return TW_OK;
}

/* sys NULL: it is short already. */
static tw_err put_body(const struct tw_sys *sys, json_t *o, const char *key, const json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = NULL;

	if (!body)
		return TW_OK;
	copy = json_deep_copy(body);
	if (copy)
		TW_TRY(withhold(copy));
	if (copy && sys)
		TW_TRY(shorten(sys, copy));
	return tw_json_set(o, key, TW_STEAL(copy));
}

/* A receipt of the manufacturer's server opens the report it is of: seven groups of four capitals or digits, wherever it stands in a text. */
#define RECEIPT_GROUP 4
#define RECEIPT_SIZE (7 * RECEIPT_GROUP + 6)

static bool is_receipt(struct tw_slice s)
{
	if (s.size < RECEIPT_SIZE)
		return false;
	for (size_t i = 0; i < RECEIPT_SIZE; i++)
		if (i % (RECEIPT_GROUP + 1) == RECEIPT_GROUP
				? s.at[i] != '-'
				: !((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'A' && s.at[i] <= 'Z')))
			return false;
	return true;
}

/* At most max bytes of it, without what opens something: also where the cut would go through that. */
static tw_err put_text(const struct tw_transcript *t, json_t *o, const char *key, struct tw_slice raw, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	size_t from = 0, at = 0;

	tw_buf_init(&text, t->sys, max * 4 + sizeof WITHHELD);
	for (; at < raw.size && at < max; at++) {
		if (!is_receipt((struct tw_slice){ raw.at + at, raw.size - at }))
			continue;
		TW_TRY(tw_buf_terminal(&text, (struct tw_slice){ raw.at + from, at - from }));
		TW_TRY(tw_buf_text(&text, WITHHELD));
		at += RECEIPT_SIZE - 1;
		from = at + 1;
	}
	if (from < at)
		TW_TRY(tw_buf_terminal(&text, (struct tw_slice){ raw.at + from, at - from }));
	return tw_json_set(o, key, json_string(tw_buf_cstr(&text)));
}

/* What is no JSON stands as text, cut where it is long; its whole is known by its digest. */
static tw_err put_raw(const struct tw_transcript *t, json_t *o, const struct tw_answer *a)
{
	const struct tw_slice raw = tw_buf_slice(&a->raw);
	char digest[65];

	if (!raw.size)
		return TW_OK;
	TW_TRY(digest_of(raw, t->sys, digest));
	TW_TRY(tw_json_set(o, "got_sha256", json_string(digest)));
	TW_TRY(tw_json_set(o, "got_size", json_integer((json_int_t)raw.size)));
	if (a->body && raw.size <= SHOWN_MAX)
		return put_body(NULL, o, "got", a->body);
	if (a->body)
		return TW_OK; /* cut JSON could show half a secret */
	return put_text(t, o, "got", raw, SHOWN_MAX);
}

static tw_err write_call(struct tw_transcript *t, const struct tw_heard *h)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	if (!o)
		return TW_RAISE(NOMEM, "transcript");
	TW_TRY(tw_json_set(o, "by", json_string(h->local ? "local socket" : h->known ? "with a credential" : "as a stranger")));
	TW_TRY(tw_json_set(o, "method", json_string(h->call->method)));
	TW_TRY(tw_json_set(o, "path", json_string(h->call->path)));
	TW_TRY(put_body(t->sys, o, "sent", h->call->body));
	if (h->call->form)
		TW_TRY(put_text(t, o, "sent", tw_slice_of(h->call->form), SHOWN_MAX));
	if (tw_failed(h->result))
		TW_TRY(tw_json_set(o, "failed", json_string(tw_err_detail())));
	else
		TW_TRY(tw_json_set(o, "status", json_integer(h->answer->status)));
	TW_TRY(put_raw(t, o, h->answer));
	return tw_json_append(t->calls, TW_STEAL(o));
}

/* What is said of the call afterwards is its own error's words: they are put back. */
static void hear(void *user, const struct tw_heard *h)
{
	struct tw_transcript *t = user;

	if (!t->calls || tw_failed(t->failed))
		return;
	if (json_array_size(t->calls) == CALLS_MAX) {
		t->left_out++;
		return;
	}
	t->failed = write_call(t, h);
}

void tw_transcript_init(struct tw_transcript *t, const struct tw_sys *sys)
{
	*t = (struct tw_transcript){ .sys = sys };
	tw_buf_init(&t->lines, sys, TW_TRANSCRIPT_MAX);
	tw_client_hear(hear, t);
}

void tw_transcript_done(struct tw_transcript *t)
{
	tw_client_hear(NULL, NULL);
	json_decref(t->calls);
	tw_buf_done(&t->lines);
}

tw_err tw_transcript_begin(struct tw_transcript *t)
{
	json_decref(t->calls);
	t->calls = json_array();
	t->left_out = 0;
	return t->calls ? TW_OK : TW_RAISE(NOMEM, "transcript");
}

tw_err tw_transcript_add(struct tw_transcript *t, json_t *call)
{
	if (json_array_size(t->calls) < CALLS_MAX)
		return tw_json_append(t->calls, json_incref(call));
	t->left_out++;
	return TW_OK;
}

static tw_err line_of(const struct tw_transcript *t, const json_t *calls, const json_t *result, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:O, s:i}", "element", tw_json_text(result, "element"), "probe",
		tw_json_text(result, "probe"), "time", tw_json_text(result, "time"), "calls", calls, "left_out", (int)t->left_out);

	return o ? tw_json_write(o, ret) : TW_RAISE(NOMEM, "transcript");
}

tw_err tw_transcript_end(struct tw_transcript *t, json_t *result)
{
	TW_CLEANUP(tw_jsonp) json_t *calls = TW_STEAL(t->calls);
	TW_CLEANUP(tw_buf_done) struct tw_buf line = { 0 };
	char digest[65];

	TW_TRY(t->failed);
	if (!json_array_size(calls))
		return TW_OK;
	tw_buf_init(&line, t->sys, TW_TRANSCRIPT_MAX);
	TW_TRY(line_of(t, calls, result, &line));
	TW_TRY(digest_of(tw_buf_slice(&line), t->sys, digest));
	TW_TRY(tw_json_set(result, "calls", json_integer((json_int_t)(json_array_size(calls) + t->left_out))));
	TW_TRY(tw_json_set(result, "transcript", json_string(digest)));
	TW_TRY(tw_buf_add(&t->lines, line.data, line.size));
	return tw_buf_text(&t->lines, "\n");
}

/* The result whose transcript this digest is; its index, or the count. */
static size_t result_of(const json_t *results, const char *digest)
{
	size_t i;
	json_t *r;

	json_array_foreach(results, i, r)
		if (!strcmp(tw_json_text(r, "transcript"), digest))
			break;
	return i;
}

/* The next line without its end; NULL at: there is none. The last must have its end too. */
static struct tw_slice next_line(struct tw_slice *rest)
{
	const char *end = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;
	struct tw_slice line = { NULL, 0 };

	if (!end)
		return line;
	line = (struct tw_slice){ rest->at, (size_t)(end - (const char *)rest->at) };
	*rest = (struct tw_slice){ end + 1, rest->size - line.size - 1 };
	return line;
}

/* A line that stands twice would fill the place of one that was taken away. */
static tw_err see(json_t *seen, const char *digest, bool *ret_again)
{
	*ret_again = tw_json_get(seen, digest);
	return tw_json_set(seen, digest, json_true());
}

tw_err tw_transcript_keep(struct tw_transcript *t, struct tw_slice earlier, const json_t *results)
{
	TW_CLEANUP(tw_jsonp) json_t *seen = json_object();
	struct tw_slice line;
	char digest[65];
	bool again;

	while ((line = next_line(&earlier)).at) {
		TW_TRY(digest_of(line, t->sys, digest));
		TW_TRY(see(seen, digest, &again));
		if (again || result_of(results, digest) == json_array_size(results))
			continue;
		TW_TRY(tw_buf_add(&t->lines, line.at, line.size));
		TW_TRY(tw_buf_text(&t->lines, "\n"));
	}
	return TW_OK;
}

tw_err tw_transcript_check(const struct tw_sys *sys, struct tw_slice text, const json_t *results)
{
	TW_CLEANUP(tw_jsonp) json_t *seen = json_object();
	size_t lines = 0, wanted = 0, i;
	struct tw_slice line;
	char digest[65];
	bool again;
	json_t *r;

	while ((line = next_line(&text)).at) {
		lines++;
		TW_TRY(digest_of(line, sys, digest));
		if (result_of(results, digest) == json_array_size(results))
			return TW_RAISE(UNTRUSTED, "line %zu of the transcript is of no result, or was changed", lines);
		TW_TRY(see(seen, digest, &again));
		if (again)
			return TW_RAISE(UNTRUSTED, "line %zu of the transcript stands there twice", lines);
	}
	if (text.size)
		return TW_RAISE(UNTRUSTED, "the transcript's last line is not whole");
	json_array_foreach(results, i, r)
		wanted += *tw_json_text(r, "transcript") != '\0';
	if (lines != wanted)
		return TW_RAISE(UNTRUSTED, "the transcript has %zu lines, the results name %zu", lines, wanted);
	return TW_OK;
}

tw_err tw_transcript_read(const struct tw_sys *sys, struct tw_slice text, const json_t *results, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *all = json_object();
	struct tw_slice line;
	char digest[65];

	if (!all)
		return TW_RAISE(NOMEM, "transcript");
	TW_TRY(tw_transcript_check(sys, text, results));
	while ((line = next_line(&text)).at) {
		json_t *o = NULL;

		TW_TRY(digest_of(line, sys, digest));
		TW_TRY(tw_json_parse(line, TW_TRANSCRIPT_MAX, &o));
		TW_TRY(tw_json_set(all, digest, o));
	}
	*ret = TW_STEAL(all);
	return TW_OK;
}
