/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom this unit is assigned to: a person or a process that its owner names, and everybody named before.
 *
 * It is kept as one value, so that the record and its history change together, and dropped with everything else of an owner
 * when ownership ends. Software that knew nothing of it may have ended an ownership in between, so the value also says to
 * which ownership it belongs, and counts in no other. The log outlives owners: its records say that somebody was named, not who.
 */
#include "device/identification/assignment.h"

#include "base/text.h"
#include "device/identification/identity.h"
#include "device/rows-identification.h"

#define KEPT_ASSIGNMENT TW_KEPT_OF_OWNER "assignment"
#define HISTORY_MAX 16       /* as many as a unit that goes from hand to hand has in its life, and an answer carries */
#define KEPT_MAX (32 * 1024) /* 16 records of 384 bytes, each byte escaped, and their keys */
#define NOBODY "nobody"

static const struct tw_shape kept_shape[] = {
	{ "ownership", TW_JSON_INT, true, 0, INT64_MAX },
	{ "history", TW_JSON_ARRAY, true },
	{},
};
static const struct tw_shape entry_shape[] = {
	{ "kind", TW_JSON_TEXT, true, 1, 16 },
	{ "name", TW_JSON_TEXT, true, 0, 64 },
	{ "contact", TW_JSON_TEXT, true, 0, 128 },
	{ "reference", TW_JSON_TEXT, true, 0, 128 },
	{ "since", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX },
	{ "by", TW_JSON_TEXT, true, 1, 64 },
	{},
};

static tw_err check_kept(const json_t *kept)
{
	TW_TRY(tw_json_check(kept, kept_shape));
	return tw_json_check_each(tw_json_get(kept, "history"), entry_shape, HISTORY_MAX);
}

/* Oldest first; empty when nobody was ever named in this ownership. */
static tw_err history(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	int64_t since;

	tw_buf_init(&text, d->context.sys, KEPT_MAX);
	tw_err e = tw_device_kept(d, KEPT_ASSIGNMENT, &text);
	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		TW_TRY(tw_json_parse(tw_buf_slice(&text), KEPT_MAX, &kept));
		TW_TRY(check_kept(kept));
		TW_TRY(tw_fact_int(&d->context, "owner.since", &since));
	}
	*ret = kept && tw_json_int(kept, "ownership") == since ? json_incref(tw_json_get(kept, "history")) : json_array();
	return *ret ? TW_OK : TW_RAISE(NOMEM, "the assignment");
}

static tw_err keep(struct tw_device *d, json_t *history)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = json_object();
	int64_t since;

	tw_buf_init(&text, d->context.sys, KEPT_MAX);
	TW_TRY(tw_fact_int(&d->context, "owner.since", &since));
	TW_TRY(tw_json_set(kept, "ownership", json_integer(since)));
	TW_TRY(tw_json_set(kept, "history", json_incref(history)));
	TW_TRY(tw_json_write(kept, &text));
	return tw_device_keep(d, KEPT_ASSIGNMENT, tw_buf_cstr(&text));
}

static json_t *newest(const json_t *history)
{
	size_t count = json_array_size(history);

	return count ? json_array_get(history, count - 1) : NULL;
}

static bool names_somebody(const json_t *entry)
{
	return entry && strcmp(tw_json_text(entry, "kind"), NOBODY) != 0;
}

tw_err tw_assignment_now(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *all = NULL;

	TW_TRY(history(d, &all));
	*ret = names_somebody(newest(all)) ? json_incref(newest(all)) : NULL;
	return TW_OK;
}

/* @nist DI.IMS.3: whoever asks whom the device is assigned to gets its identifier with the answer */
static tw_err show(struct tw_device *d, const json_t *all, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *latest_first = json_array();
	bool assigned = names_somebody(newest(all));

	for (size_t i = json_array_size(all); i > 0; i--)
		TW_TRY(tw_json_append(latest_first, json_incref(json_array_get(all, i - 1))));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "identifier", json_string(tw_identity_identifier(d))));
	TW_TRY(tw_json_set(rp->body, "assigned", json_boolean(assigned)));
	if (assigned)
		TW_TRY(tw_json_set(rp->body, "assigned_to", json_incref(newest(all))));
	return tw_json_set(rp->body, "history", TW_STEAL(latest_first));
}

tw_err tw_assignment_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *all = NULL;

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(history(d, &all));
	return show(d, all, rp);
}

static tw_err make(struct tw_device *d, const struct tw_request *rq, const char *kind, json_t **ret)
{
	char now[TW_TIME_TEXT_MAX];

	tw_time_text(tw_time_wall_ms(&d->time), now);
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", kind, "name", tw_json_text(rq->input, "name"), "contact",
		tw_json_text(rq->input, "contact"), "reference", tw_json_text(rq->input, "reference"), "since", now, "by",
		rq->subject.name);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "the assignment");
}

static bool same(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "kind", "name", "contact", "reference" };
	bool equal = a && b;

	for (size_t i = 0; equal && i < TW_COUNT(keys); i++)
		equal = !strcmp(tw_json_text(a, keys[i]), tw_json_text(b, keys[i]));
	return equal;
}

/* Saying once more what is so already changes nothing, least of all since when. */
static tw_err assign(struct tw_context *c, const struct tw_request *rq, const char *kind, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *all = NULL, *entry = NULL;

	TW_TRY(history(d, &all));
	TW_TRY(make(d, rq, kind, &entry));
	if (same(newest(all), entry) || (!newest(all) && !names_somebody(entry)))
		return show(d, all, rp);
	if (json_array_size(all) == HISTORY_MAX && json_array_remove(all, 0))
		return TW_RAISE(INTERNAL, "the oldest assignment");
	TW_TRY(tw_json_append(all, json_incref(entry)));
	TW_TRY(keep(d, all));
	(void)snprintf(rp->note, sizeof rp->note, "assigned to: %s", kind);
	TW_TRY(tw_event(c, "identity.assigned", json_pack("{s:s}", "kind", kind)));
	return show(d, all, rp);
}

static bool good_text(const struct tw_request *rq, const char *key)
{
	return tw_text_printable(tw_slice_of(tw_json_text(rq->input, key)));
}

tw_err tw_assignment_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *kind = tw_json_text(rq->input, "kind");

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	if (strcmp(kind, "person") != 0 && strcmp(kind, "process") != 0)
		return tw_reply_problem(rp, 400, "input", "assignment.kind", "A device is assigned to a person or a process",
			"Send kind person or process; to name nobody, clear the assignment.", "kind is person or process.");
	if (!good_text(rq, "name") || !good_text(rq, "contact") || !good_text(rq, "reference"))
		return tw_reply_problem(rp, 400, "input", "assignment.text", "The assignment has a character it must not have",
			"Leave out line breaks and other control characters.", "Name, contact and reference are one line each.");
	return assign(c, rq, kind, rp);
}

tw_err tw_assignment_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_identity_refuse(c, rq, rp));
	return rp->problem[0] ? TW_OK : assign(c, rq, NOBODY, rp);
}

/* @nist DI.IMS.3 */
tw_err tw_assignment_status(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *now = NULL;
	char words[160];

	TW_TRY(tw_assignment_now(tw_device_of(c), &now));
	if (now)
		(void)snprintf(words, sizeof words, "The identifier is returned with whom the device is assigned to, a %.16s since %.31s.",
			tw_json_text(now, "kind"), tw_json_text(now, "since"));
	else
		(void)snprintf(words, sizeof words, "The owner can say whom the device is assigned to; nobody is named now.");
	return tw_identity_status(c, words, ret);
}
