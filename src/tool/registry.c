/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist DI.IMS.1: no two units get the same identifier, because every one is entered here, durably, before it is given out.
 *
 * The file only grows. A line that a power cut left without its end was never acknowledged and is cut off on the next open.
 */
#include "tool/ca.h"

#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>

#define NAME "units.jsonl"
#define MAX (64 * 1024 * 1024) /* a quarter of a million units; a larger maker keeps one directory per line of products */
#define LINE_MAX_BYTES 4096

struct tw_registry {
	const struct tw_sys *sys;
	int fd, dir;
	off_t end;
	json_t *lines;
	json_t *last; /* identifier -> its last line */
};

tw_registry *tw_registry_free(tw_registry *r)
{
	if (!r)
		return NULL;
	if (r->fd >= 0)
		r->sys->close(r->sys, r->fd);
	json_decref(r->lines);
	json_decref(r->last);
	free(r);
	return NULL;
}

static const struct tw_shape line_shape[] = {
	{ "identifier", TW_JSON_TEXT, true, 1, 255 },
	{ "state", TW_JSON_TEXT, true, 1, 16 },
	{ "*", TW_JSON_ANY },
	{},
};

static tw_err keep(tw_registry *r, json_t *line)
{
	TW_TRY(tw_json_append(r->lines, json_incref(line)));
	return tw_json_set(r->last, tw_json_text(line, "identifier"), json_incref(line));
}

static tw_err read_lines(tw_registry *r, struct tw_slice text)
{
	size_t number = 1;

	for (size_t at = 0; at < text.size; number++) {
		const char *end = memchr(text.at + at, '\n', text.size - at);
		TW_CLEANUP(tw_jsonp) json_t *line = NULL;

		if (!end)
			break;
		size_t size = (size_t)(end - (text.at + at));
		if (tw_failed(tw_json_parse((struct tw_slice){ text.at + at, size }, LINE_MAX_BYTES, &line)) ||
			tw_failed(tw_json_check(line, line_shape)))
			return TW_RAISE(SYNTAX, "%s line %zu is damaged; take it from your copy, do not go on without it", NAME, number);
		TW_TRY(keep(r, line));
		at += size + 1;
		r->end = (off_t)at;
	}
	return TW_OK;
}

static tw_err read_all(tw_registry *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, r->sys, MAX);
	TW_TRY(tw_durable_read(r->sys, r->dir, NAME, MAX, &text));
	TW_TRY(read_lines(r, tw_buf_slice(&text)));
	if (r->fd >= 0 && (size_t)r->end < text.size && r->sys->ftruncate(r->sys, r->fd, r->end) != 0)
		return TW_RAISE_ERRNO("cutting off an unfinished line of %s", NAME);
	return TW_OK;
}

static tw_err registry_new(const struct tw_sys *sys, int ca, tw_registry **ret)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = TW_NEW(sys, tw_registry);

	if (!r)
		return TW_RAISE(NOMEM, "registry");
	*r = (tw_registry){ .sys = sys, .dir = ca, .fd = -1, .lines = json_array(), .last = json_object() };
	if (!r->lines || !r->last)
		return TW_RAISE(NOMEM, "registry");
	*ret = TW_STEAL(r);
	return TW_OK;
}

tw_err tw_registry_read(const struct tw_sys *sys, int ca, tw_registry **ret)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;

	TW_TRY(registry_new(sys, ca, &r));
	TW_TRY(read_all(r));
	*ret = TW_STEAL(r);
	return TW_OK;
}

tw_err tw_registry_open(const struct tw_sys *sys, int ca, tw_registry **ret)
{
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;

	TW_TRY(registry_new(sys, ca, &r));
	r->fd = sys->open_beneath(sys, ca, NAME, O_RDWR | O_CREAT, 0600);
	if (r->fd < 0)
		return TW_RAISE_ERRNO("opening %s", NAME);
	if (sys->lock(sys, r->fd) != 0)
		return errno == EWOULDBLOCK ? TW_RAISE(STATE, "another run is provisioning with this certificate authority")
					    : TW_RAISE_ERRNO("locking %s", NAME);
	TW_TRY(tw_durable_sync_dir(sys, ca));
	TW_TRY(read_all(r));
	*ret = TW_STEAL(r);
	return TW_OK;
}

const json_t *tw_registry_find(const tw_registry *r, const char *identifier)
{
	return json_object_get(r->last, identifier);
}

const json_t *tw_registry_lines(const tw_registry *r)
{
	return r->lines;
}

tw_err tw_registry_add(tw_registry *r, const json_t *line)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, r->sys, LINE_MAX_BYTES);
	TW_TRY(tw_json_write(line, &text));
	TW_TRY(tw_buf_text(&text, "\n"));
	TW_TRY(tw_durable_write_at(r->sys, r->fd, text.data, text.size, r->end));
	r->end += (off_t)text.size;
	TW_CLEANUP(tw_jsonp) json_t *copy = json_deep_copy(line);
	if (!copy)
		return TW_RAISE(NOMEM, "registry line");
	return keep(r, copy);
}

tw_err tw_registry_sync(tw_registry *r)
{
	return tw_durable_sync(r->sys, r->fd);
}

tw_err tw_registry_append(tw_registry *r, const json_t *line)
{
	TW_TRY(tw_registry_add(r, line));
	return tw_registry_sync(r);
}
