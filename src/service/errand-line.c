/* SPDX-License-Identifier: Apache-2.0 */
#include "service/errand-line.h"

#include "base/log.h"
#include "base/text.h"

#define AGAIN_MS 100 /* the one before has not quite ended */
#define AGAIN_MAX 20

enum state { NONE, ASKED, HERE };
struct one {
	tw_errands *all;
	enum tw_errand which;
	enum state state;
	unsigned tries; /* while one before it is still ending */
	bool used;      /* user counts */
	bool unwanted;  /* ASKED: hands has been told to end what it starts for the question that is under way */
	struct tw_errand_user user;
	const struct tw_channel_row *rows;
	tw_channel *line;
	struct event *readable, *timer; /* timer: tells a user what must not be told at once, or asks hands again */
	bool listed;
};
struct tw_errands {
	struct tw_errands_side side;
	struct one of[TW_ERRANDS];
};

struct timeval tw_errand_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

static void settle(tw_errands *e)
{
	e->side.settle(e->side.user);
}

static void hang_up(struct one *o)
{
	if (o->readable)
		event_free(o->readable);
	o->readable = NULL;
	o->line = tw_channel_free(o->line);
	o->state = NONE;
}

static void tell_gone(struct one *o, const char *why)
{
	struct tw_errand_user user = o->user;

	hang_up(o);
	(void)event_del(o->timer);
	if (!o->used)
		return;
	o->used = false;
	user.gone(user.user, why);
	settle(o->all);
}

static void say(struct one *o, uint16_t type)
{
	const uint8_t which = (uint8_t)o->which;

	/* When the parent does not hear it, there is nobody left to start or end anything, and we end too. */
	tw_ignore(tw_channel_send(o->all->side.hands, type, 0, &which, 1, NULL, 0));
}

static void ask(struct one *o)
{
	o->unwanted = false;
	say(o, TW_WIRE_HANDS_ERRAND);
}

static void ask_again(struct one *o)
{
	struct timeval t = tw_errand_ms(AGAIN_MS);

	(void)event_add(o->timer, &t);
}

static void on_timer(int fd, short what, void *user)
{
	struct one *o = user;

	if (o->state == ASKED && !o->used)
		o->state = NONE;
	else if (o->state == ASKED)
		ask(o);
	else if (o->state == HERE && o->used)
		o->user.here(o->user.user, o->line);
	settle(o->all);
}

static void broke_rules(struct one *o)
{
	tw_err e = tw_event(o->all->side.context, "role.broke-rules",
		json_pack("{s:s, s:s}", "role", tw_errand_names[o->which], "what", tw_err_detail()));

	if (tw_failed(e))
		tw_log_err(e, "recording role.broke-rules");
	say(o, TW_WIRE_HANDS_ERRAND_END);
	tell_gone(o, "It broke the rules of its channel and was ended.");
	settle(o->all);
}

/* One message at a time: a user that finishes in it has said all it wants to hear. */
static void on_line(int fd, short what, void *user)
{
	struct one *o = user;
	struct tw_message m;
	tw_err e;

	while (o->state == HERE && !tw_failed(e = tw_channel_receive(o->line, &m))) {
		if (o->used)
			o->user.heard(o->user.user, o->line, &m);
		tw_message_drop(o->all->side.sys, &m);
	}
	if (o->state == HERE && tw_is(e, TW_CODE_CLOSED))
		tell_gone(o, "It ended before it was done.");
	else if (o->state == HERE && !tw_is(e, TW_CODE_TIMEOUT))
		broke_rules(o);
	settle(o->all);
}

static tw_err open_line(struct one *o, int fd)
{
	TW_TRY(tw_channel_new(o->all->side.sys, fd, o->rows, &o->line));
	o->readable = event_new(o->all->side.loop, fd, EV_READ | EV_PERSIST, on_line, o);
	if (!o->readable || event_add(o->readable, NULL))
		return TW_RAISE(NOMEM, "event loop");
	return TW_OK;
}

static void take_line(struct one *o, struct tw_message *m)
{
	int fd = m->fd_count ? m->fds[0] : -1;

	if (o->state != ASKED || fd < 0)
		return;
	if (o->unwanted) { /* it came up just before hands heard that it shall end */
		ask_again(o);
		return;
	}
	m->fd_count = 0;
	tw_err e = open_line(o, fd);
	if (tw_failed(e)) {
		if (!o->line)
			(void)o->all->side.sys->close(o->all->side.sys, fd);
		say(o, TW_WIRE_HANDS_ERRAND_END);
		tell_gone(o, "There is no memory for it.");
		return;
	}
	o->state = HERE;
	if (o->used)
		o->user.here(o->user.user, o->line);
}

static void take_refusal(struct one *o, uint8_t why)
{
	static const char *const words[] = {
		[TW_ERRAND_NO_LINE] = "roles.tab has no line for it.",
		[TW_ERRAND_RUNS] = "The one before it does not end.",
		[TW_ERRAND_BUDGET] = "It was started too often within a minute.",
		[TW_ERRAND_FAILED] = "It could not be started; is its program installed?",
	};
	if (o->state != ASKED)
		return;
	if (o->used && why == TW_ERRAND_RUNS && o->tries++ < AGAIN_MAX) {
		ask_again(o);
		return;
	}
	tell_gone(o, why < TW_COUNT(words) && words[why] ? words[why] : "It could not be started.");
}

void tw_errands_from_hands(tw_errands *e, struct tw_message *m)
{
	unsigned which = (uint8_t)m->payload.at[0];

	if (which < TW_ERRANDS && m->type == TW_WIRE_HANDS_ERRAND_IS)
		take_line(&e->of[which], m);
	else if (which < TW_ERRANDS && m->type == TW_WIRE_HANDS_ERRAND_NOT)
		take_refusal(&e->of[which], (uint8_t)m->payload.at[1]);
	tw_message_drop(e->side.sys, m);
}

tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *user)
{
	struct one *o = &e->of[which];
	struct timeval soon = { 0 };

	if (o->used)
		return TW_RAISE(STATE, "%s is at work already", tw_errand_names[which]);
	o->used = true;
	o->user = *user;
	o->rows = rows;
	o->tries = 0;
	if (o->state == NONE)
		o->state = ASKED;
	else if (o->state == ASKED)
		return TW_OK; /* hands' answer is on its way, for a user that has finished meanwhile */
	(void)event_add(o->timer, &soon);
	return TW_OK;
}

void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once)
{
	struct one *o = &e->of[which];

	if (!o->used)
		return;
	o->used = false;
	if (at_once && o->state == HERE)
		hang_up(o);
	if (at_once && o->state == ASKED)
		o->unwanted = true;
	if (at_once)
		say(o, TW_WIRE_HANDS_ERRAND_END);
}

bool tw_errand_listed(const tw_errands *e, enum tw_errand which)
{
	return e->of[which].listed;
}

/* listed: names, each with a comma behind it. */
static bool has_name(const char *listed, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = listed; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, name, size) == 0 && at[size] == ',')
			return true;
	return false;
}

tw_err tw_errands_new(const struct tw_errands_side *side, const char *listed, tw_errands **ret)
{
	tw_errands *e = TW_NEW(side->sys, tw_errands);

	if (!e)
		return TW_RAISE(NOMEM, "roles on demand");
	e->side = *side;
	*ret = e;
	for (unsigned i = 0; i < TW_ERRANDS; i++) {
		e->of[i] = (struct one){ .all = e, .which = (enum tw_errand)i, .listed = listed && has_name(listed, tw_errand_names[i]) };
		e->of[i].timer = event_new(side->loop, -1, 0, on_timer, &e->of[i]);
		if (!e->of[i].timer)
			return TW_RAISE(NOMEM, "roles on demand");
	}
	return TW_OK;
}

tw_errands *tw_errands_free(tw_errands *e)
{
	for (unsigned i = 0; e && i < TW_ERRANDS; i++) {
		hang_up(&e->of[i]);
		if (e->of[i].timer)
			event_free(e->of[i].timer);
	}
	free(e);
	return NULL;
}
