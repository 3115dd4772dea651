/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What known devices do here, as far as the owner wants to see it, and signs that two of them go by one name.
 *
 * A watched operation that was asked for by a device is an event of its own, with that device's identifier; the record that the
 * operation leaves anyway stands beside it. A copy of a device cannot be recognized as such: it holds the same key. What can be
 * seen is that two go by one identity at once: the counter that a device sends (Thingward-Counter, which only ever rises) falls
 * or stands still, or a key that was replaced by another comes back. Either is a suspicion, recorded and no more, because a device
 * restored from a backup looks the same. The suspicion is kept until the owner clears it (suspects.c); what it came from, the counters and
 * keys of eight devices, is of one run of the software.
 */
#include "base/text.h"
#include "device/identification/peers.h"
#include "device/rows-identification.h"
#include "service/path/path-match.h"

#define SETTING "identification.watched"
#define COUNTER "Thingward-Counter"
#define DEVICES_MAX 8
#define AGAIN_MS 60000 /* one suspicion of one device a minute: a copy that goes on must not fill the log */

struct seen {
	char identifier[TW_PEER_NAME_MAX + 1];
	uint8_t key[32], before[32]; /* the key it shows, and the one it showed before that */
	bool has_before, has_counter;
	uint64_t counter;
	int64_t used_ms, told_ms; /* boot clock; told 0: never */
	const char *owed;         /* a suspicion that could not be kept or recorded: its next request tries again */
};
struct tw_peer_watch {
	size_t count;
	struct seen seen[DEVICES_MAX];
};

/* One word of a text of words. */
static bool next_word(const char **at, struct tw_slice *ret)
{
	*at += strspn(*at, " ");
	*ret = (struct tw_slice){ *at, strcspn(*at, " ") };
	*at += ret->size;
	return ret->size > 0;
}

/* A name that is none would watch nothing and look as if it did. */
tw_err tw_peers_watch_apply(struct tw_context *c, const char *value)
{
	struct tw_slice word;

	while (next_word(&value, &word))
		if (!tw_operation_find(c->capabilities, word))
			return TW_RAISE(DENIED, "there is no operation " TW_SLICE_FMT, TW_SLICE_ARG(word));
	return TW_OK;
}

static tw_err is_watched(struct tw_context *c, const char *operation, bool *ret)
{
	struct tw_setting_state state;
	struct tw_slice word;

	*ret = false;
	TW_TRY(tw_setting_state(c, tw_setting_find(c, SETTING), &state));
	for (const char *at = state.value; !*ret && next_word(&at, &word);)
		*ret = tw_slice_is(word, operation);
	return TW_OK;
}

/* @nist DI.ABI.2: which device did which of the watched things, each by its own identifier */
tw_err tw_peers_watched(struct tw_context *c, const struct tw_request *rq, int status)
{
	bool watched = false;

	TW_TRY(is_watched(c, rq->operation->name, &watched));
	if (!watched)
		return TW_OK;
	return tw_event(c, "peer.watched",
		json_pack("{s:s, s:s, s:i, s:s}", "identifier", rq->subject.name + strlen("peer:"), "operation",
			rq->operation->name, "status", status, "source", rq->subject.source));
}

/* Its place: known, new, or that of the one heard longest ago. */
static struct seen *place_of(struct tw_peer_watch *w, const char *identifier, bool *ret_new)
{
	struct seen *oldest = &w->seen[0];

	*ret_new = false;
	for (size_t i = 0; i < w->count; i++) {
		if (!strcmp(w->seen[i].identifier, identifier))
			return &w->seen[i];
		if (w->seen[i].used_ms < oldest->used_ms)
			oldest = &w->seen[i];
	}
	*ret_new = true;
	return w->count < DEVICES_MAX ? &w->seen[w->count++] : oldest;
}

static const char *look_at_key(struct seen *s, const uint8_t key[32])
{
	bool returned = s->has_before && memcmp(s->before, key, sizeof s->before) == 0;

	if (memcmp(s->key, key, sizeof s->key) == 0)
		return NULL;
	memcpy(s->before, s->key, sizeof s->before);
	memcpy(s->key, key, sizeof s->key);
	s->has_before = true;
	return returned ? "a key that another had replaced came back" : NULL;
}

static const char *look_at_counter(struct seen *s, const struct tw_request *rq)
{
	const struct tw_http_field *f = rq->head ? tw_http_find(rq->head, COUNTER) : NULL;
	uint64_t counter;

	if (!f || tw_failed(tw_parse_u64(f->value, INT64_MAX, &counter)))
		return NULL;
	bool risen = !s->has_counter || counter > s->counter;
	s->counter = risen ? counter : s->counter;
	s->has_counter = true;
	return risen ? NULL : "its counter did not rise";
}

void tw_peers_unhear(struct tw_device *d, struct tw_slice identifier)
{
	struct tw_peer_watch *w = d->peer_watch;

	for (size_t i = 0; w && i < w->count; i++)
		if (tw_slice_is(identifier, w->seen[i].identifier)) {
			w->seen[i] = w->seen[--w->count];
			return;
		}
}

/* Kept before it is told: what the log says of a suspicion is there to be cleared. */
static tw_err tell(struct tw_device *d, const struct tw_request *rq, struct seen *s)
{
	const struct tw_suspicion suspicion = { s->identifier, s->owed, rq->subject.source };

	TW_TRY(tw_suspect(d, &suspicion));
	TW_TRY(tw_event(&d->context, "peer.clone-suspected",
		json_pack("{s:s, s:s, s:s}", "identifier", s->identifier, "why", s->owed, "source", rq->subject.source)));
	s->owed = NULL;
	s->told_ms = tw_time_boot_ms(&d->time);
	return TW_OK;
}

tw_err tw_peers_heard(struct tw_device *d, const struct tw_request *rq, const char *identifier)
{
	int64_t now = tw_time_boot_ms(&d->time);
	bool is_new = false;

	if (!d->peer_watch && !(d->peer_watch = TW_NEW(d->context.sys, struct tw_peer_watch)))
		return TW_RAISE(NOMEM, "what devices were heard");
	struct seen *s = place_of(d->peer_watch, identifier, &is_new);
	if (is_new) {
		*s = (struct seen){ .has_before = false };
		(void)snprintf(s->identifier, sizeof s->identifier, "%s", identifier);
		memcpy(s->key, rq->client_key, sizeof s->key);
	}
	s->used_ms = now;
	const char *key = look_at_key(s, rq->client_key), *counter = look_at_counter(s, rq);
	if ((key || counter) && !(s->told_ms && now - s->told_ms < AGAIN_MS))
		s->owed = key ? key : counter;
	return s->owed ? tell(d, rq, s) : TW_OK;
}

void tw_peers_stop(struct tw_device *d)
{
	free(d->peer_watch);
	d->peer_watch = NULL;
}

/* Behind what the reason says already. */
static tw_err say_suspected(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;
	size_t used = strlen(ret->reason);
	bool full = false;

	TW_TRY(tw_suspects(tw_device_of(c), &list, &full));
	if (json_array_size(list))
		(void)snprintf(ret->reason + used, sizeof ret->reason - used, " Suspected to be two devices: %zu%s.",
			json_array_size(list), full ? ", and more that only the log names" : "");
	return TW_OK;
}

/* @nist DI.ABI.2 */
tw_err tw_peers_status_watch(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_setting_state state;
	struct tw_slice word;

	(void)snprintf(ret->setting, sizeof ret->setting, "%s", SETTING);
	TW_TRY(tw_setting_state(c, tw_setting_find(c, SETTING), &state));
	const char *at = state.value;
	bool any = next_word(&at, &word);
	ret->status = any ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	ret->since_ms = state.version ? state.changed_ms : 0;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.version ? state.changed_by : "");
	(void)snprintf(ret->reason, sizeof ret->reason,
		any ? "Recorded with the device that asked: %.150s." : "No action of other devices is watched%s.", any ? state.value : "");
	return say_suspected(c, ret);
}
