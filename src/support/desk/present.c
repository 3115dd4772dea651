/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a form before anybody has typed, and whether somebody else has changed it meanwhile. */
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "support/desk/forms.h"
#include "support/questions/pages.h"

#include <string.h>

#define KEY_SIZE 16

bool tw_form_is_member(const char *name)
{
	for (size_t i = 0; tw_desk_members[i]; i++)
		if (strcmp(tw_desk_members[i], name) == 0)
			return true;
	return false;
}

const char *tw_form_member(const struct tw_form *f, const json_t *input)
{
	if (f->about == TW_ABOUT_QUESTION)
		return "answers";
	return f->inputs[0].control == TW_FORM_MEMBERS ? tw_json_text(input, "member") : "embargo";
}

static tw_err present_embargo(struct tw_context *c, const json_t *doc, json_t *to)
{
	const json_t *embargo = tw_json_get(doc, "embargo"), *one;
	TW_CLEANUP(tw_buf_done) struct tw_buf list = { 0 };
	int64_t until = 0;
	size_t i;

	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(embargo, "until")), &until)) || until <= tw_time_wall_ms(c->time))
		return TW_OK;
	tw_buf_init(&list, c->sys, TW_CASE_DOC_MAX);
	json_array_foreach(tw_json_get(embargo, "access"), i, one) {
		TW_TRY(tw_buf_text(&list, i ? ", " : ""));
		TW_TRY(tw_buf_text(&list, json_is_string(one) ? json_string_value(one) : ""));
	}
	TW_TRY(tw_json_set(to, "access", json_string(tw_buf_cstr(&list))));
	return tw_json_set(to, "until", json_stringn(tw_json_text(embargo, "until"), TW_FORM_MOMENT));
}

/* The text of the answer of the library that it is to begin with. */
static tw_err present_kept(struct tw_context *c, const json_t *input, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	TW_TRY(tw_answer_current(c, tw_json_text(input, "based_on"), &kept));
	if (!kept)
		return TW_OK;
	TW_TRY(tw_json_set(to, "based_on", json_string(tw_json_text(kept, "id"))));
	return tw_json_set(to, "text", json_string(tw_json_text(kept, "text")));
}

/* As the form's choices spell it. */
static tw_err present_texts(const struct tw_form *f, const json_t *doc, json_t *to)
{
	for (const struct tw_form_input *in = f->inputs; in->key; in++) {
		const json_t *now = json_object_get(doc, in->key);

		if (f->about == TW_ABOUT_ADVISORY && !f->whole && in->control != TW_FORM_HIDDEN)
			continue;
		if (json_is_boolean(now))
			TW_TRY(tw_json_set(to, in->key, json_string(json_is_true(now) ? "yes" : "no")));
		else if (json_is_string(now))
			TW_TRY(tw_json_set(to, in->key, json_string(json_string_value(now))));
		else if (json_is_integer(now))
			TW_TRY(tw_json_set(to, in->key, json_sprintf("%lld", (long long)json_integer_value(now))));
	}
	return TW_OK;
}

tw_err tw_form_present(struct tw_context *c, const struct tw_form *f, const json_t *doc, const json_t *input, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();
	const char *member = tw_form_member(f, input);

	if (!to)
		return TW_RAISE(NOMEM, "a form");
	if (f->library) {
		TW_TRY(present_kept(c, input, to));
	} else if (f->about == TW_ABOUT_ACCOUNT || f->about == TW_ABOUT_SELF || f->about == TW_ABOUT_ADVISORY ||
		f->about == TW_ABOUT_ANSWER || f->about == TW_ABOUT_NOTICE) {
		TW_TRY(present_texts(f, doc, to));
	} else if (f->about == TW_ABOUT_ADVISORIES) {
		TW_TRY(tw_json_set(to, "case", json_string(tw_json_text(input, "case")))); /* whose page led here */
	} else if (f->keeps && f->inputs[0].control != TW_FORM_MEMBERS) {
		TW_TRY(present_embargo(c, doc, to));
	} else if (f->keeps) {
		TW_TRY(tw_json_set(to, "member", json_string(member)));
		TW_TRY(tw_json_set(to, "text", json_string(tw_form_is_member(member) ? tw_json_text(doc, member) : "")));
	}
	*ret = TW_STEAL(to);
	return TW_OK;
}

static tw_err hash_of(struct tw_context *c, const json_t *of, struct tw_buf *hex)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t hash[TW_SHA256_SIZE];

	tw_buf_init(&text, c->sys, 4 * (size_t)TW_BODY_MAX);
	tw_buf_init(hex, c->sys, 2 * sizeof hash);
	TW_TRY(tw_json_write(of, &text));
	TW_TRY(tw_sha256(text.data, text.size, hash));
	return tw_buf_hex(hex, hash, sizeof hash);
}

tw_err tw_form_digest(struct tw_context *c, const json_t *doc, const char *member, struct tw_buf *hex)
{
	TW_CLEANUP(tw_jsonp) json_t *of = json_object();

	if (!of)
		return TW_RAISE(NOMEM, "a form");
	if (json_object_get(doc, member))
		TW_TRY(tw_json_set(of, member, json_incref(json_object_get(doc, member))));
	return hash_of(c, of, hex);
}

tw_err tw_form_check_seen(struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, const json_t *doc, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf now = { 0 };
	const char *seen = tw_json_text(rq->input, "seen");

	if (!f->keeps || !*seen)
		return TW_OK;
	TW_TRY(tw_form_digest(c, doc, tw_form_member(f, rq->input), &now));
	if (strcmp(seen, tw_buf_cstr(&now)) == 0)
		return TW_OK;
	return tw_reply_problem(rp, 409, "desk", TW_FORM_CHANGED, "Somebody else changed it meanwhile",
		"Look at what it says now, and send yours once more if it is to take its place.", "It is not what this form began with.");
}

tw_err tw_form_new_key(struct tw_context *c, struct tw_buf *hex)
{
	uint8_t key[KEY_SIZE];

	tw_buf_init(hex, c->sys, 2 * sizeof key);
	if (c->sys->random(c->sys, key, sizeof key) < 0)
		return TW_RAISE_ERRNO("random bytes");
	return tw_buf_hex(hex, key, sizeof key);
}

tw_err tw_form_once(struct tw_context *c, const struct tw_form *f, const json_t *input, struct tw_buf *hex)
{
	return tw_form_does_once(f) && *tw_json_text(input, "once") ? hash_of(c, input, hex) : TW_OK;
}
