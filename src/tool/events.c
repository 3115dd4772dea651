/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/events.h"

#include "base/text.h"

#include <string.h>

void tw_events_init(struct tw_events *e, const struct tw_sys *sys, tw_err (*event)(void *, const char *, struct tw_slice), void *user)
{
	*e = (struct tw_events){ .event = event, .user = user };
	tw_buf_init(&e->line, sys, TW_EVENT_LINE_MAX);
	tw_buf_init(&e->data, sys, TW_EVENT_LINE_MAX);
}

void tw_events_reset(struct tw_events *e)
{
	tw_buf_clear(&e->line);
	tw_buf_clear(&e->data);
	memcpy(e->next, e->id, sizeof(e->next));
	e->after_cr = false;
}

void tw_events_done(struct tw_events *e)
{
	tw_buf_done(&e->line);
	tw_buf_done(&e->data);
}

/* Records only go forward: a device that sends one twice is not believed. */
static tw_err take_id(struct tw_events *e, struct tw_slice value)
{
	uint64_t now = 0, before = 0;

	if (value.size == 0 || value.size > TW_EVENT_ID_MAX || tw_failed(tw_parse_u64(value, INT64_MAX, &now)))
		return TW_RAISE(SYNTAX, "an event whose id is no number");
	if (*e->id)
		TW_TRY(tw_parse_u64(tw_slice_of(e->id), INT64_MAX, &before));
	if (*e->id && now <= before)
		return TW_RAISE(SYNTAX, "record %llu comes after record %llu", (unsigned long long)now, (unsigned long long)before);
	(void)snprintf(e->next, sizeof(e->next), TW_SLICE_FMT, TW_SLICE_ARG(value));
	return TW_OK;
}

static tw_err dispatch(struct tw_events *e)
{
	tw_err r = e->data.size ? e->event(e->user, e->next, tw_buf_slice(&e->data)) : TW_OK;

	tw_buf_clear(&e->data);
	if (!tw_failed(r))
		memcpy(e->id, e->next, sizeof(e->id));
	return r;
}

static tw_err take_line(struct tw_events *e)
{
	struct tw_slice line = e->line.size ? tw_buf_slice(&e->line) : TW_SLICE("");
	const char *colon = memchr(line.at, ':', line.size);
	struct tw_slice name = { line.at, colon ? (size_t)(colon - line.at) : line.size }, value = TW_SLICE("");

	if (line.size == 0)
		return dispatch(e);
	if (colon) {
		value = (struct tw_slice){ colon + 1, line.size - name.size - 1 };
		if (value.size && *value.at == ' ')
			value = (struct tw_slice){ value.at + 1, value.size - 1 };
	}
	if (tw_slice_is(name, "id"))
		return take_id(e, value);
	if (!tw_slice_is(name, "data"))
		return TW_OK; /* a comment, or a field we need not know */
	if (e->data.size)
		TW_TRY(tw_buf_add(&e->data, "\n", 1));
	return tw_buf_add(&e->data, value.at, value.size);
}

tw_err tw_events_feed(struct tw_events *e, struct tw_slice bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char c = bytes.at[i];
		bool second = c == '\n' && e->after_cr;

		e->after_cr = c == '\r';
		if (second)
			continue;
		if (c != '\r' && c != '\n') {
			TW_TRY(tw_buf_add(&e->line, &c, 1));
			continue;
		}
		tw_err r = take_line(e);
		tw_buf_clear(&e->line);
		TW_TRY(r);
	}
	return TW_OK;
}
