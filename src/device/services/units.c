/* SPDX-License-Identifier: Apache-2.0 */
#include "device/services/units.h"

#include "base/mem.h"
#include "sys/application.h"

#include <string.h>

const char *const tw_service_states[TW_SERVICE_STATES] = { "stopped", "running", "off" };

struct unit {
	struct tw_slice id, load, active;
};

static struct tw_slice next_line(struct tw_slice *text)
{
	const char *end = memchr(text->at, '\n', text->size);
	const struct tw_slice line = { text->at, end ? (size_t)(end - text->at) : text->size };

	*text = (struct tw_slice){ text->at + line.size + (end != NULL), text->size - line.size - (end != NULL) };
	return line;
}

const struct tw_service *tw_services_find(const struct tw_services *s, struct tw_slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->of[i].name.size == name.size && memcmp(s->of[i].name.at, name.at, name.size) == 0)
			return &s->of[i];
	return NULL;
}

/* NULL: there is no room. */
static struct tw_service *place(struct tw_services *s, struct tw_slice name)
{
	const struct tw_service *there = tw_services_find(s, name);

	if (there)
		return &s->of[there - s->of];
	if (s->count == TW_SERVICES_MAX) {
		s->more = true;
		return NULL;
	}
	s->of[s->count] = (struct tw_service){ .name = name };
	return &s->of[s->count++];
}

static bool cut_end(struct tw_slice *name, const char *end)
{
	const size_t size = strlen(end);

	if (name->size <= size || memcmp(name->at + name->size - size, end, size) != 0)
		return false;
	name->size -= size;
	return true;
}

static tw_err take_unit(const struct unit *u, struct tw_services *ret)
{
	struct tw_slice name = u->id;
	const bool is_socket = cut_end(&name, ".socket");

	if ((!is_socket && !cut_end(&name, ".service")) || !tw_app_is_service(name)) {
		ret->more = true; /* strangers make such: sshd@ with two long addresses; no list can name it, and all others go on */
		return TW_OK;
	}
	if (!u->load.size || !u->active.size)
		return TW_RAISE(SYNTAX, TW_SLICE_FMT " has no state", TW_SLICE_ARG(u->id));
	const bool masked = tw_slice_is(u->load, "masked"),
		   stands = !tw_slice_is(u->active, "inactive") && !tw_slice_is(u->active, "failed");

	if (!masked && !stands && tw_slice_is(u->load, "not-found"))
		return TW_OK;
	struct tw_service *s = place(ret, name);

	if (!s)
		return TW_OK;
	if (stands)
		s->state = TW_SERVICE_RUNNING;
	if (is_socket)
		s->listens = !masked;
	else
		s->masked = masked;
	return TW_OK;
}

/* A socket whose service is not there at all is no service. */
static void finish(struct tw_services *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->of[i].state != TW_SERVICE_RUNNING && s->of[i].masked && !s->of[i].listens)
			s->of[i].state = TW_SERVICE_OFF;
}

tw_err tw_units_read(struct tw_slice text, struct tw_services *ret)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = { { "Id=", offsetof(struct unit, id) }, { "LoadState=", offsetof(struct unit, load) },
		{ "ActiveState=", offsetof(struct unit, active) } };
	struct unit u = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	*ret = (struct tw_services){ .count = 0 };
	while (text.size) {
		const struct tw_slice line = next_line(&text);

		for (size_t i = 0; i < TW_COUNT(keys); i++) {
			const size_t size = strlen(keys[i].key);

			if (line.size >= size && memcmp(line.at, keys[i].key, size) == 0)
				*(struct tw_slice *)(void *)((char *)&u + keys[i].at) = (struct tw_slice){ line.at + size, line.size - size };
		}
		if ((line.size && text.size) || !u.id.size)
			continue;
		TW_TRY(take_unit(&u, ret));
		u = (struct unit){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	}
	finish(ret);
	return TW_OK;
}

/* An alias that is masked leaves what it stands for running, and nothing that guards names has seen that one's. */
tw_err tw_units_real(struct tw_slice text, struct tw_slice name)
{
	static const char *const ends[] = { ".service", ".socket" };
	size_t found = 0;

	while (text.size) {
		struct tw_slice line = next_line(&text);

		if (line.size <= 3 || memcmp(line.at, "Id=", 3) != 0)
			continue;
		line = (struct tw_slice){ line.at + 3, line.size - 3 };
		struct tw_slice real = line;
		if (found == TW_COUNT(ends) || !cut_end(&real, ends[found]) || real.size != name.size ||
			memcmp(real.at, name.at, name.size) != 0)
			return TW_RAISE(DENIED, TW_SLICE_FMT "%s is another name of '%.*s', which is to be named instead",
				TW_SLICE_ARG(name), ends[found % TW_COUNT(ends)], (int)(line.size < 80 ? line.size : 80), line.at);
		found++;
	}
	return found == TW_COUNT(ends)
		? TW_OK
		: TW_RAISE(SYNTAX, "whether " TW_SLICE_FMT " is another unit's name is not said", TW_SLICE_ARG(name));
}

tw_err tw_services_read(struct tw_slice text, struct tw_services *ret)
{
	*ret = (struct tw_services){ .count = 0 };
	while (text.size) {
		const struct tw_slice line = next_line(&text);
		const char *blank = memchr(line.at, ' ', line.size);
		const struct tw_slice name = { line.at, blank ? (size_t)(blank - line.at) : line.size };
		const struct tw_slice state = { name.at + name.size + (blank != NULL), line.size - name.size - (blank != NULL) };
		size_t k = 0;

		while (k < TW_SERVICE_STATES && !tw_slice_is(state, tw_service_states[k]))
			k++;
		if (k < TW_SERVICE_STATES && name.size > TW_APP_SERVICE_MAX) {
			ret->more = true;
			continue;
		}
		if (!tw_app_is_service(name) || k == TW_SERVICE_STATES)
			return TW_RAISE(SYNTAX, "'%.*s' is no service and its state", (int)(line.size < 80 ? line.size : 80), line.at);
		struct tw_service *s = place(ret, name);

		if (s)
			s->state = (enum tw_service_state)k;
	}
	return TW_OK;
}
