/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console door: a person at the device's own terminal. What is typed here cannot have come over a network, which is why a
 * browser's take-over is confirmed here and lost ownership recovered here.
 *
 * Lines in, lines out. A command is an operation of the rows like any other and walks the same path, as the subject "console".
 */
#include "device/platform/core.h"

#include "base/log.h"
#include "base/text.h"
#include "service/path/path-match.h"

#include <errno.h>

#define LINE_MAX_BYTES 128
#define OUT_MAX 8192
#define QUIET_MS 1800000 /* whoever types after half an hour of quiet may be somebody else */
#define DIGEST_TEXT 64
#define CURSOR_SIZE 161 /* of a row that is a list: tools/gen/rows.py */

struct tw_door_console {
	struct tw_core *core;
	int fd;
	struct event *readable;
	char line[LINE_MAX_BYTES];
	size_t size;
	bool too_long;
	int64_t typed_ms;               /* boot clock: when the last line came */
	char shown[DIGEST_TEXT + 1];    /* the use notice that stands on the screen and waits; "" when none does */
	char accepted[DIGEST_TEXT + 1]; /* the one that was accepted here last */
	char recover_code[7];           /* what must be typed next to recover; "" when nothing was asked */
	bool browsers;                  /* it is the code of a browser's request */
};

/* A terminal that cannot take a line loses it: nothing waits for a console. */
static void say(tw_door_console *d, struct tw_slice text)
{
	(void)!d->core->sys->write(d->core->sys, d->fd, text.at, text.size);
}

static void say_text(tw_door_console *d, const char *text)
{
	say(d, tw_slice_of(text));
}

/* Walks the path; ret_answer is the reply's JSON, an empty object when it has none. False: refused, and said so. */
static bool walk(tw_door_console *d, const char *operation, const json_t *input, json_t **ret_answer)
{
	struct tw_context *c = &d->core->device.context;
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;
	struct tw_request rq = {
		.subject = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE, .name = "console", .source = "console", .how = "console" },
		.operation = tw_operation_find(c->capabilities, tw_slice_of(operation)),
		.input = input,
	};
	struct tw_path_reply reply = { 0 };

	tw_buf_init(&body, c->sys, 256 * 1024);
	tw_path_walk(c, &rq, &body, &reply);
	if (body.size == 0 || tw_failed(tw_json_parse(tw_buf_slice(&body), body.max, &answer)))
		answer = json_object();
	tw_wipe(body.data, body.size);
	if (reply.status >= 300) {
		say_text(d, tw_json_text(answer, "title"));
		say_text(d, ".\n");
		say_text(d, tw_json_text(answer, "next"));
		say_text(d, "\n");
		return false;
	}
	*ret_answer = TW_STEAL(answer);
	return *ret_answer != NULL;
}

static void show_notice(tw_door_console *d, const json_t *notice)
{
	say_text(d, tw_json_text(notice, "text"));
	say_text(d, "\n\nType accept to go on.\n");
	(void)snprintf(d->shown, sizeof d->shown, "%s", tw_json_text(notice, "notice"));
}

static void accept_notice(tw_door_console *d)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "notice", d->shown), *answer = NULL;

	if (!input || !walk(d, "notice.accept", input, &answer))
		return;
	memcpy(d->accepted, d->shown, sizeof d->accepted);
	d->shown[0] = '\0';
	say_text(d, "Accepted.\n");
}

/* @nist LA.SUN.1 LA.SUN.3: whoever stands here sees the organization's notice before anything else, and nothing is done until he accepts it */
static bool held(tw_door_console *d)
{
	struct tw_context *c = &d->core->device.context;
	int64_t now = tw_time_boot_ms(&d->core->device.time), before = d->typed_ms;
	TW_CLEANUP(tw_jsonp) json_t *notice = NULL;
	bool owned = false;

	d->typed_ms = now;
	if (tw_failed(c->owned(c, &owned)) || !owned)
		return false;
	if (!walk(d, "notice.read", NULL, &notice))
		return true;
	const char *digest = tw_json_text(notice, "notice");
	if (!*digest || (now - before < QUIET_MS && !strcmp(d->accepted, digest)))
		return false;
	d->accepted[0] = '\0';
	if (strcmp(d->line, "accept") != 0 || strcmp(d->shown, digest) != 0)
		show_notice(d, notice);
	else
		accept_notice(d);
	return true;
}

static void do_help(tw_door_console *d, const char *rest)
{
	say_text(d,
		"status        what this device is and can do now\n"
		"confirm CODE  let the browser that shows this code take the device over\n"
		"recover       end ownership when every credential is lost\n");
}

/* One page of them; cursor is where it begins, and then where the next does, "" behind the last. */
static bool say_elements(tw_door_console *d, char cursor[CURSOR_SIZE])
{
	TW_CLEANUP(tw_jsonp) json_t *input = *cursor ? json_pack("{s:s}", "cursor", cursor) : json_object(), *answer = NULL;
	json_t *element;
	size_t i;

	if (!input || !walk(d, "capabilities.read", input, &answer))
		return false;
	json_array_foreach(tw_json_get(answer, "elements"), i, element) {
		TW_CLEANUP(tw_buf_done) struct tw_buf line = { 0 };

		tw_buf_init(&line, d->core->sys, 1024);
		tw_ignore(tw_buf_format(&line, "%-10s %-14s %s\n", tw_json_text(element, "id"), tw_json_text(element, "status"),
			tw_json_text(element, "reason")));
		say(d, tw_buf_slice(&line));
	}
	(void)snprintf(cursor, CURSOR_SIZE, "%s", tw_json_text(answer, "next"));
	return true;
}

static void do_status(tw_door_console *d, const char *rest)
{
	const struct tw_manifest *m = d->core->device.manifest;
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };
	char cursor[CURSOR_SIZE] = "";
	bool owned = false;

	tw_buf_init(&out, d->core->sys, OUT_MAX);
	tw_ignore(d->core->device.context.owned(&d->core->device.context, &owned));
	tw_ignore(tw_buf_format(&out, "%s %s, %s\n", m->product, m->model, owned ? "has an owner" : "has no owner yet"));
	say(d, tw_buf_slice(&out));
	while (owned && say_elements(d, cursor) && *cursor)
		;
}

static void do_confirm(tw_door_console *d, const char *code)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", code), *answer = NULL;

	if (!walk(d, "commissioning.confirm", input, &answer))
		return;
	say_text(d, "Confirmed. ");
	say_text(d, tw_json_text(answer, "owner_name"));
	say_text(d, " becomes the owner when the browser asks again.\n");
}

/* What a browser asked for has a code of its own, which the person compares; "" when none has asked. False: it cannot be known. */
static bool browser_code(tw_door_console *d, char ret_who[256])
{
	TW_CLEANUP(tw_jsonp) json_t *waits = NULL;

	ret_who[0] = '\0';
	if (!walk(d, "recovery.waiting", NULL, &waits))
		return false;
	(void)snprintf(d->recover_code, sizeof d->recover_code, "%s", tw_json_text(waits, "code"));
	d->browsers = d->recover_code[0] != '\0';
	if (d->browsers)
		(void)snprintf(ret_who, 256,
			"The browser at %s shows the code %s. If yours shows another, somebody else has asked: it is the same recovery.\n",
			tw_json_text(waits, "source"), d->recover_code);
	return true;
}

static void do_recover(tw_door_console *d, const char *rest)
{
	const struct tw_sys *sys = d->core->sys;
	char line[700], who[256];
	uint16_t number = 0;

	if (!browser_code(d, who) || sys->random(sys, &number, sizeof number))
		return;
	if (!d->recover_code[0])
		(void)snprintf(d->recover_code, sizeof d->recover_code, "%04u", number % 10000U);
	(void)snprintf(line, sizeof line,
		"This ends ownership. Gone will be: every owner and session, every changed setting.\n"
		"Kept: the audit log, this device's identity. The secret on the label stops working; a new one is shown here.\n"
		"%sType %s to go on, anything else to leave all as it is.\n",
		who, d->recover_code);
	say_text(d, line);
}

static void recover(tw_door_console *d)
{
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;

	if (!walk(d, "ownership.recover", NULL, &answer))
		return;
	say_text(d, "Ownership is ended. New secret, shown only now: ");
	say_text(d, tw_json_text(answer, "secret"));
	say_text(d, "\nNew listener key (SHA-256): ");
	say_text(d, tw_json_text(answer, "listener"));
	say_text(d, "\n");
}

/* Nor may the button end it, then. */
static void decline(tw_door_console *d, const char *code)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", code), *answer = NULL;

	if (!d->browsers || (input && walk(d, "recovery.decline", input, &answer)))
		say_text(d, "Nothing was changed.\n");
}

static const struct {
	const char *word;
	bool argument;
	void (*run)(tw_door_console *d, const char *rest);
} commands[] = {
	{ "help", false, do_help },
	{ "status", false, do_status },
	{ "confirm", true, do_confirm },
	{ "recover", false, do_recover },
};

static void run_line(tw_door_console *d)
{
	char *rest = strchr(d->line, ' '), code[sizeof d->recover_code];
	bool asked = d->recover_code[0] != '\0';
	bool agreed = asked && strcmp(d->line, d->recover_code) == 0;

	if (held(d))
		return;
	memcpy(code, d->recover_code, sizeof code);
	tw_wipe(d->recover_code, sizeof d->recover_code);
	if (agreed) {
		recover(d);
		return;
	}
	if (asked) {
		decline(d, code);
		return;
	}
	if (rest)
		*rest++ = '\0';
	for (size_t i = 0; i < TW_COUNT(commands); i++) {
		if (strcmp(d->line, commands[i].word) == 0 && commands[i].argument == (rest != NULL)) {
			commands[i].run(d, rest);
			return;
		}
	}
	if (d->line[0])
		say_text(d, "Not a command; help lists them.\n");
}

static void take_byte(tw_door_console *d, char byte)
{
	if (byte == '\n' || byte == '\r') {
		d->line[d->size] = '\0';
		if (!d->too_long)
			run_line(d);
		d->size = 0;
		d->too_long = false;
	} else if (byte < ' ' || byte > '~' || d->size + 1 == sizeof d->line) {
		d->too_long = true; /* nothing we know is longer, or has other than plain characters */
	} else {
		d->line[d->size++] = byte;
	}
}

static void on_readable(int fd, short what, void *user)
{
	tw_door_console *d = user;
	char bytes[64];
	ssize_t n = d->core->sys->read(d->core->sys, fd, bytes, sizeof bytes);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tw_warn("the console has gone; nobody can confirm or recover until the next start");
		d->core->device.console_there = false;
		(void)event_del(d->readable);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		take_byte(d, bytes[i]);
	tw_core_settle(d->core);
}

void tw_door_console_notice(tw_door_console *d)
{
	char *notice = d->core->device.console_notice;

	say_text(d, notice);
	say_text(d, "\n");
	tw_wipe(notice, sizeof d->core->device.console_notice);
}

tw_err tw_door_console_new(struct tw_core *c, int fd, tw_door_console **ret)
{
	tw_door_console *d = TW_NEW(c->sys, tw_door_console);

	if (!d)
		return TW_RAISE(NOMEM, "the console's door");
	d->core = c;
	d->fd = fd;
	*ret = d;
	d->readable = tw_core_watch(c, fd, EV_READ | EV_PERSIST, on_readable, d);
	if (!d->readable || event_add(d->readable, NULL))
		return TW_RAISE(STATE, "the console is not a terminal that can be waited for");
	c->device.console_there = true;
	return TW_OK;
}

tw_door_console *tw_door_console_free(tw_door_console *d)
{
	if (!d)
		return NULL;
	d->core->device.console_there = false;
	if (d->readable)
		event_free(d->readable);
	free(d);
	return NULL;
}
