/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/loop.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/parent/os.h"
#include "sys/clock.h"
#include "sys/durable.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define END_MS 5000        /* a role finishing what it has, when the device stops */
#define RESTART_END_MS 700 /* the same when another has died: back in service within two seconds */
#define STEADY_MS 10000    /* a start that held this long was a good one */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define MOVE_WORDS_MAX 200
#define HARDWARE_PERIOD_MS 10000 /* drivers default to 30 s and more */

enum phase { RUNNING, ENDING, WAITING };
struct state {
	const struct tw_loop *l;
	enum phase phase;
	bool stopping; /* ENDING ends in exit, not in a new start */
	bool said_ready, marked;
	int ending;       /* the role being ended */
	int64_t deadline; /* of the phase */
	int64_t started, backoff;
	int64_t ask_at, ask_every; /* every 0: no watchdog */
};

/*
 * Asks the next living role to end; when none lives, the crew is at rest. Roles on demand end behind core: it would take the end of
 * one that works for it for the failure of that work, which is to go on with the next start.
 */
static void end_next(struct state *s)
{
	struct tw_crew *c = s->l->crew;

	while (s->ending < TW_CREW_SIZE && !c->of[s->ending].pid)
		s->ending++;
	if (s->ending > TW_CREW_CORE)
		tw_errands_end_all(s->l->errands);
	if (s->ending == TW_CREW_SIZE) {
		s->phase = WAITING;
		s->deadline = tw_boot_ms(s->l->sys) + s->backoff;
		return;
	}
	s->deadline = tw_boot_ms(s->l->sys) + (s->stopping ? END_MS : RESTART_END_MS);
	if (!tw_crew_say(c, s->ending, TW_WIRE_HANDS_DRAIN, NULL, 0))
		tw_os_kill(c->of[s->ending].pid);
}

static void begin_end(struct state *s)
{
	if (s->phase != RUNNING)
		return;
	s->phase = ENDING;
	s->ending = 0;
	end_next(s);
}

static void stop(struct state *s)
{
	if (s->stopping)
		return;
	tw_info("stopping");
	tw_notify_say(s->l->notify, "STOPPING=1\n");
	s->stopping = true;
	s->backoff = 0;
	begin_end(s);
}

static void note_death(struct state *s, int role, int status)
{
	struct tw_crew *c = s->l->crew;
	const char *name = c->plan[role].name;
	int64_t lived = tw_boot_ms(s->l->sys) - s->started;

	if (WIFSIGNALED(status))
		tw_error("%s was ended by signal %d; all roles start again", name, WTERMSIG(status));
	else
		tw_error("%s ended with status %d; all roles start again", name, WEXITSTATUS(status));
	s->backoff = lived >= STEADY_MS ? 0 : s->backoff * 2;
	if (lived < STEADY_MS && s->backoff < BACKOFF_MIN_MS)
		s->backoff = BACKOFF_MIN_MS;
	if (s->backoff > BACKOFF_MAX_MS)
		s->backoff = BACKOFF_MAX_MS;
	/* Core records it at once; core's own death is told to the core that comes after it. */
	if (role == TW_CREW_CORE || !tw_crew_say(c, TW_CREW_CORE, TW_WIRE_HANDS_ROLE_DIED, name, strlen(name)))
		(void)snprintf(c->died, sizeof c->died, "%s", name);
	begin_end(s);
}

/*
 * Nobody else is hurt by it. Core mourns what was under way when it sees the channel close. Who waits for one that core itself had
 * ended waits for the next one by now.
 */
static void errand_ended(struct state *s, unsigned which, int status)
{
	const char *name = tw_errand_names[which];
	const uint8_t not [] = { (uint8_t)which, s->l->errands->of[which].unwanted ? TW_ERRAND_RUNS : TW_ERRAND_FAILED };

	if (tw_errands_gone(s->l->errands, which))
		(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_ERRAND_NOT, not, sizeof not );
	if (s->phase != RUNNING || status == 0 || s->l->errands->of[which].unwanted)
		return;
	if (WIFSIGNALED(status))
		tw_warn("%s was ended by signal %d", name, WTERMSIG(status));
	else
		tw_warn("%s ended with status %d", name, WEXITSTATUS(status));
	(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_ROLE_DIED, name, strlen(name));
}

/* Several may have ended since we looked: one that was killed is the cause, one that merely left may be a consequence. */
static void reap(struct state *s)
{
	int dead = -1, dead_status = 0, status = 0;
	pid_t pid;

	while (tw_os_reap(&pid, &status)) {
		int role = tw_crew_find(s->l->crew, pid), errand = tw_errands_find(s->l->errands, pid);

		if (errand >= 0)
			errand_ended(s, (unsigned)errand, status);
		if (role < 0)
			continue;
		if (s->phase != RUNNING && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			tw_warn("%s was ended by signal %d as it ended", s->l->crew->plan[role].name, WTERMSIG(status));
		tw_crew_gone(s->l->crew, role);
		if (dead < 0 || (WIFSIGNALED(status) && !WIFSIGNALED(dead_status))) {
			dead = role;
			dead_status = status;
		}
	}
	if (dead < 0)
		return;
	if (s->phase == RUNNING)
		note_death(s, dead, dead_status);
	else if (s->phase == ENDING && !s->l->crew->of[s->ending].pid)
		end_next(s); /* another's death hurries nobody: who is ending has been asked, and may be asked only once */
}

static void start(struct state *s)
{
	tw_err e = tw_crew_start(s->l->crew);

	s->phase = RUNNING;
	s->started = tw_boot_ms(s->l->sys);
	if (!tw_failed(e))
		return;
	tw_log_err(e, "starting the roles");
	s->backoff = s->backoff ? s->backoff * 2 : BACKOFF_MIN_MS;
	if (s->backoff > BACKOFF_MAX_MS)
		s->backoff = BACKOFF_MAX_MS;
	for (int r = 0; r < TW_CREW_SIZE; r++)
		if (!s->l->crew->of[r].pid)
			tw_crew_gone(s->l->crew, r);
	begin_end(s);
}

static void feed(struct state *s)
{
	tw_notify_say(s->l->notify, "WATCHDOG=1\n");
	if (s->l->watchdog >= 0)
		(void)s->l->sys->write(s->l->sys, s->l->watchdog, "", 1);
}

static void open_listeners(const struct tw_loop *l)
{
	for (size_t i = 0; i < l->shut_count; i++) {
		tw_err e = tw_os_shut(l->shut[i], false);

		if (tw_failed(e))
			tw_log_err(e, "it stays shut until the device is started again");
	}
}

static void ready(struct state *s, struct tw_slice text)
{
	if (s->said_ready)
		return;
	open_listeners(s->l);
	s->said_ready = true;
	tw_notify_ready(s->l->notify, text);
	if (s->l->ready_fd >= 0)
		(void)s->l->sys->write(s->l->sys, s->l->ready_fd, "r", 1);
}

/* Durable, and once: a bootloader's try counter is cleared by what reads this. */
static void confirm(struct state *s, struct tw_slice payload)
{
	const struct tw_crew *c = s->l->crew;

	if (payload.at[0] != 1)
		return;
	if (!s->marked) {
		tw_err e = tw_durable_replace(s->l->sys, s->l->boot, "confirmed", c->boot_id, strlen(c->boot_id), 0644);

		s->marked = !tw_failed(e);
		if (tw_failed(e))
			tw_log_err(e, "the boot mark; this boot stays unconfirmed");
	}
	if (s->marked) /* core may have started anew since */
		(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_CONFIRMED, NULL, 0);
}

/* Core learns that another role is boxed from that role itself, by way of us: it has no other way to know. */
static void boxed(struct state *s, int role, struct tw_slice payload)
{
	char text[2 + TW_WIRE_ROLE_NAME_MAX];
	size_t size = strlen(s->l->crew->plan[role].name);

	memcpy(text, payload.at, 2);
	memcpy(text + 2, s->l->crew->plan[role].name, size);
	(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_ROLE_IS, text, 2 + size);
}

/* A number, and nothing else, is taken from core; one that no row has breaks the rules. */
static void errand(struct state *s, const struct tw_message *m)
{
	unsigned which = (uint8_t)m->payload.at[0];
	enum tw_errand_not why;

	if (which >= TW_ERRANDS) {
		tw_error("core asks for a role that is not there and is ended");
		tw_os_kill(s->l->crew->of[TW_CREW_CORE].pid);
		return;
	}
	if (m->type == TW_WIRE_HANDS_ERRAND_END) {
		s->l->errands->of[which].unwanted = true;
		tw_errands_end(s->l->errands, which);
		return;
	}
	if (s->phase != RUNNING) /* core is about to end, and asks again when it is back */
		return;
	tw_errands_start(s->l->errands, which, tw_boot_ms(s->l->sys), &why);
	if (why)
		(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_ERRAND_NOT, (uint8_t[]){ (uint8_t)which, (uint8_t)why }, 2);
}

/* Front goes over to them before core is told. A front that cannot be reached has ended, and its next start has them at birth. */
static tw_err move_to(struct state *s, uint16_t port)
{
	const struct tw_crew *c = s->l->crew;
	const struct tw_crew_plan *front = &c->plan[TW_CREW_FRONT];
	struct tw_mover *m = s->l->mover;

	if (!m)
		return TW_RAISE(UNSUPPORTED, "nothing is moved here");
	if (port == m->port)
		return TW_OK;
	TW_TRY(m->to(m, port));
	m->port = port;
	if (c->of[TW_CREW_FRONT].channel &&
		tw_failed(tw_channel_send(c->of[TW_CREW_FRONT].channel, TW_WIRE_HANDS_DOORS, 0, NULL, 0, front->own, front->own_count)))
		tw_os_kill(c->of[TW_CREW_FRONT].pid);
	return TW_OK;
}

/* A port, and nothing else, is taken from core. */
static void listen_at(struct state *s, struct tw_slice payload)
{
	char text[2 + MOVE_WORDS_MAX] = { payload.at[0], payload.at[1] };
	const uint16_t port = (uint16_t)((uint8_t)payload.at[0] << 8 | (uint8_t)payload.at[1]);

	if (s->phase != RUNNING) /* core is about to end, and asks again when it is back */
		return;
	tw_err e = move_to(s, port);
	if (tw_failed(e))
		(void)snprintf(text + 2, sizeof text - 2, "%s", tw_err_detail());
	(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_LISTENS, text, 2 + strlen(text + 2));
}

static void errand_boxed(struct state *s, unsigned which, struct tw_slice payload)
{
	const uint8_t text[] = { (uint8_t)which, (uint8_t)payload.at[0], (uint8_t)payload.at[1] };
	TW_CLEANUP(tw_closep) int fd = tw_errands_boxed(s->l->errands, which);
	tw_channel *core = s->l->crew->of[TW_CREW_CORE].channel;

	if (fd < 0 || !core || tw_failed(tw_channel_send(core, TW_WIRE_HANDS_ERRAND_IS, 0, text, sizeof text, &fd, 1)))
		tw_errands_end(s->l->errands, which);
}

static void take(struct state *s, int role, const struct tw_message *m)
{
	if (m->type == TW_WIRE_HANDS_BOXED && role != TW_CREW_CORE)
		boxed(s, role, m->payload);
	else if (m->type == TW_WIRE_HANDS_READY)
		ready(s, m->payload);
	else if (m->type == TW_WIRE_HANDS_CONFIRM)
		confirm(s, m->payload);
	else if (m->type == TW_WIRE_HANDS_PING)
		feed(s);
	else if (m->type == TW_WIRE_HANDS_ERRAND || m->type == TW_WIRE_HANDS_ERRAND_END)
		errand(s, m);
	else if (m->type == TW_WIRE_HANDS_LISTEN)
		listen_at(s, m->payload);
}

static void listen_to(struct state *s, int role)
{
	struct tw_crew_member *member = &s->l->crew->of[role];

	while (member->channel) {
		struct tw_message m;
		tw_err e = tw_channel_receive(member->channel, &m);

		if (tw_is(e, TW_CODE_TIMEOUT))
			return;
		if (!tw_failed(e)) {
			take(s, role, &m);
			continue;
		}
		/* Closed: its death will be reaped. Anything else broke the rules of the channel. */
		if (!tw_is(e, TW_CODE_CLOSED)) {
			tw_log_err(e, "%s broke the rules of its channel and is ended", s->l->crew->plan[role].name);
			tw_os_kill(member->pid);
		}
		member->channel = tw_channel_free(member->channel);
	}
}

static void listen_to_errand(struct state *s, unsigned which)
{
	struct tw_errand_run *r = &s->l->errands->of[which];
	struct tw_message m;
	tw_err e;

	while (r->channel && !tw_failed(e = tw_channel_receive(r->channel, &m)))
		errand_boxed(s, which, m.payload); /* the one message that its rows permit */
	if (!r->channel || tw_is(e, TW_CODE_TIMEOUT))
		return;
	if (!tw_is(e, TW_CODE_CLOSED)) {
		tw_log_err(e, "%s broke the rules of its channel and is ended", tw_errand_names[which]);
		tw_errands_end(s->l->errands, which);
	}
	r->channel = tw_channel_free(r->channel);
}

static void take_signals(struct state *s)
{
	for (int n = tw_os_signal_next(s->l->signals); n; n = tw_os_signal_next(s->l->signals)) {
		if (n == SIGTERM || n == SIGINT)
			stop(s);
		else if (n == SIGCHLD)
			reap(s);
	}
}

static void take_deadlines(struct state *s)
{
	int64_t now = tw_boot_ms(s->l->sys);

	if (s->phase == ENDING && now >= s->deadline) {
		tw_warn("%s did not end in time and is killed", s->l->crew->plan[s->ending].name);
		tw_os_kill(s->l->crew->of[s->ending].pid);
		s->deadline = now + END_MS;
	} else if (s->phase == WAITING && !s->stopping && now >= s->deadline) {
		start(s);
	}
	if (s->ask_every && now >= s->ask_at) {
		(void)tw_crew_say(s->l->crew, TW_CREW_CORE, TW_WIRE_HANDS_ASK, NULL, 0);
		s->ask_at = now + s->ask_every;
	}
}

static int next_timeout(const struct state *s)
{
	int64_t at = s->phase == RUNNING ? INT64_MAX : s->deadline, late = tw_errands_late(s->l->errands, tw_boot_ms(s->l->sys));

	if (late < at)
		at = late;
	if (s->ask_every && s->ask_at < at)
		at = s->ask_at;
	if (at == INT64_MAX)
		return -1;
	at -= tw_boot_ms(s->l->sys);
	return at < 0 ? 0 : at > 3600 * 1000 ? 3600 * 1000 : (int)at;
}

static tw_err turn(struct state *s)
{
	struct pollfd p[1 + TW_CREW_SIZE + TW_ERRANDS] = { { .fd = s->l->signals, .events = POLLIN } };

	for (int r = 0; r < TW_CREW_SIZE; r++) {
		const tw_channel *channel = s->l->crew->of[r].channel;

		p[1 + r] = (struct pollfd){ .fd = channel ? tw_channel_fd(channel) : -1, .events = POLLIN };
	}
	for (unsigned i = 0; i < TW_ERRANDS; i++) {
		const tw_channel *channel = s->l->errands->of[i].channel;

		p[1 + TW_CREW_SIZE + i] = (struct pollfd){ .fd = channel ? tw_channel_fd(channel) : -1, .events = POLLIN };
	}
	if (s->l->sys->poll(s->l->sys, p, TW_COUNT(p), next_timeout(s)) < 0 && errno != EINTR)
		return TW_RAISE_ERRNO("poll");
	for (int r = 0; r < TW_CREW_SIZE; r++)
		if (p[1 + r].revents)
			listen_to(s, r);
	for (unsigned i = 0; i < TW_ERRANDS; i++)
		if (p[1 + TW_CREW_SIZE + i].revents)
			listen_to_errand(s, i);
	take_signals(s);
	take_deadlines(s);
	return TW_OK;
}

tw_err tw_loop_run(const struct tw_loop *l)
{
	struct state s = { .l = l };
	int64_t period = l->notify->watchdog_ms;

	if (l->watchdog >= 0 && (period == 0 || period > HARDWARE_PERIOD_MS))
		period = HARDWARE_PERIOD_MS;
	s.ask_every = period / 2;
	s.ask_at = tw_boot_ms(l->sys) + s.ask_every;
	start(&s);
	while (!s.stopping || s.phase != WAITING)
		TW_TRY(turn(&s));
	if (l->watchdog >= 0) /* the driver's word for "stopped on purpose" */
		(void)l->sys->write(l->sys, l->watchdog, "V", 1);
	return TW_OK;
}
