/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a suspicion that two devices go by one identity leaves behind: one entry for each identifier, until the owner clears it or his
 * ownership ends. Neither a restart nor a cut forgets it.
 *
 * It is written when a suspicion is told (watch.c: once a minute for each device at most), before the event. A full list keeps what it has, so
 * that nobody pushes one suspicion out by causing others: what finds no room is in the log alone, and the status says so.
 */
#include "base/text.h"
#include "device/identification/peers.h"
#include "device/rows-identification.h"

#define KEPT_SUSPECTED TW_KEPT_OF_OWNER "peers.suspected"
#define KEPT_MAX (16 * 1024) /* 16 entries of 300 bytes, and escapes */
#define SUSPECTED_MAX 16     /* half of the devices that an owner can name; more is no accident of one of them */

static const struct tw_shape kept_shape[] = {
	{ "full", TW_JSON_BOOL, true },
	{ "suspected", TW_JSON_ARRAY, true },
	{},
};
static const struct tw_shape entry_shape[] = {
	{ "identifier", TW_JSON_TEXT, true, 1, TW_PEER_NAME_MAX },
	{ "why", TW_JSON_TEXT, true, 1, 64 },
	{ "source", TW_JSON_TEXT, true, 0, 63 },
	{ "first", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX },
	{ "last", TW_JSON_TEXT, true, 1, TW_TIME_TEXT_MAX },
	{ "times", TW_JSON_INT, true, 1, INT64_MAX },
	{},
};

static tw_err check(const json_t *kept)
{
	TW_TRY(tw_json_check(kept, kept_shape));
	return tw_json_check_each(tw_json_get(kept, "suspected"), entry_shape, SUSPECTED_MAX);
}

static tw_err load(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	tw_buf_init(&text, d->context.sys, KEPT_MAX);
	tw_err e = tw_device_kept(d, KEPT_SUSPECTED, &text);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = json_pack("{s:b, s:[]}", "full", false, "suspected");
		return *ret ? TW_OK : TW_RAISE(NOMEM, "suspicions");
	}
	TW_TRY(e);
	TW_TRY(tw_json_parse(tw_buf_slice(&text), KEPT_MAX, &kept));
	TW_TRY(check(kept));
	*ret = TW_STEAL(kept);
	return TW_OK;
}

static tw_err save(struct tw_device *d, const json_t *kept)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (!json_array_size(tw_json_get(kept, "suspected")))
		return tw_device_forget(d, KEPT_SUSPECTED);
	tw_buf_init(&text, d->context.sys, KEPT_MAX);
	TW_TRY(tw_json_write(kept, &text));
	return tw_device_keep(d, KEPT_SUSPECTED, tw_buf_cstr(&text));
}

/* Its place in the list; the list's size when it is not there. */
static size_t find(const json_t *list, struct tw_slice identifier)
{
	size_t i;
	json_t *entry;

	json_array_foreach(list, i, entry)
		if (tw_slice_is(identifier, tw_json_text(entry, "identifier")))
			return i;
	return json_array_size(list);
}

static tw_err note(json_t *entry, const struct tw_suspicion *s, const char *now)
{
	int64_t times = tw_json_int(entry, "times");

	TW_TRY(tw_json_set(entry, "why", json_string(s->why)));
	TW_TRY(tw_json_set(entry, "source", json_string(s->source)));
	TW_TRY(tw_json_set(entry, "last", json_string(now)));
	return tw_json_set(entry, "times", json_integer(times < INT64_MAX ? times + 1 : times));
}

static tw_err add(json_t *kept, const struct tw_suspicion *s, const char *now)
{
	json_t *list = tw_json_get(kept, "suspected");

	if (json_array_size(list) >= SUSPECTED_MAX)
		return tw_json_set(kept, "full", json_true());
	return tw_json_append(list,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "identifier", s->identifier, "why", s->why, "source", s->source,
			"first", now, "last", now, "times", 1));
}

/* @nist DI.ABI.2: a device that is suspected stays so until its owner says otherwise */
tw_err tw_suspect(struct tw_device *d, const struct tw_suspicion *s)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	char now[TW_TIME_TEXT_MAX];

	TW_TRY(load(d, &kept));
	tw_time_text(tw_time_wall_ms(&d->time), now);
	json_t *list = tw_json_get(kept, "suspected");
	size_t at = find(list, tw_slice_of(s->identifier));
	TW_TRY(at < json_array_size(list) ? note(json_array_get(list, at), s, now) : add(kept, s, now));
	return save(d, kept);
}

tw_err tw_suspects(struct tw_device *d, json_t **ret, bool *ret_full)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	TW_TRY(load(d, &kept));
	*ret_full = tw_json_bool(kept, "full");
	*ret = json_incref(tw_json_get(kept, "suspected"));
	return TW_OK;
}

/* The owner knows why it was: what comes after is looked at anew, with no memory of what was seen before. */
tw_err tw_peers_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	TW_TRY(load(d, &kept));
	json_t *list = tw_json_get(kept, "suspected");
	size_t at = find(list, rq->parameter);
	if (at == json_array_size(list))
		return tw_reply_problem(rp, 404, "not-found", "peer.unknown", "There is no such entry",
			"List them to see what there is.", "Nobody is suspected to go by this identifier beside its device.");
	const json_t *entry = json_array_get(list, at);
	(void)snprintf(rp->note, sizeof rp->note, "suspected since %.31s, last %.31s", tw_json_text(entry, "first"),
		tw_json_text(entry, "last"));
	(void)json_array_remove(list, at);
	TW_TRY(tw_json_set(kept, "full", json_false()));
	TW_TRY(save(d, kept));
	tw_peers_unhear(d, rq->parameter);
	rp->status = 204;
	return TW_OK;
}
