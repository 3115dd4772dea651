/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a presence provider: it tells the device that its button was pressed, and for how long.
 *
 *     button --name button --event /dev/input/event0 --key 256 [--socket PATH]
 *     button --name button --fifo FILE [--socket PATH]
 *
 * --event: a key of a Linux input device (evdev), as gpio-keys give it; 256 is BTN_0. Which key, whoever builds the device says: never one that
 * people hold for something else, as they do the power button. A press is said when it is let go, or when it has been held for THINGWARD_HOLD_MS,
 * whichever comes first. When it happened the kernel says, by a clock that the device reads too. A press of which events were lost is none.
 *
 * --fifo: for demonstration, where there is no such device. Each line is a press, which was held for as many milliseconds as it says. Anybody who
 * may write to the file then stands at the device, so it says of itself that it is simulated, and the device's records do. Never ship it.
 *
 * In product.yaml it is declared with the user that it alone runs as:
 *
 *     application:
 *       providers:
 *         - {name: button, kind: button, uid: 64021, help: "the button on its front"}
 */
#include <thingward/thingward.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS 200 /* until the device is called again */
#define LINE_MAX_BYTES 16

struct button {
	const char *socket, *name, *event, *fifo;
	int64_t key;
	int fd;
	clockid_t clock; /* of the kernel's stamps */
	bool down, said;
	int64_t down_ms; /* the kernel's clock: when it went down */
	char line[LINE_MAX_BYTES];
	size_t size;
};

/* -1: it is no number of milliseconds, or of a key. */
static int64_t number_of(const char *digits)
{
	int64_t n = *digits ? 0 : -1;

	for (; *digits && n >= 0; digits++)
		n = *digits >= '0' && *digits <= '9' && n <= UINT32_MAX ? 10 * n + (*digits - '0') : -1;
	return n <= UINT32_MAX ? n : -1;
}

static int64_t now_ms(const struct button *b)
{
	struct timespec at = { 0 };

	(void)clock_gettime(b->clock, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* Whether to go on with this connection. */
static bool press(thingward *t, int64_t held_ms, int64_t ago_ms)
{
	int result = thingward_present(t, held_ms > 0 ? (uint32_t)held_ms : 0, ago_ms > 0 ? (uint32_t)ago_ms : 0);

	(void)fprintf(stderr, "button: held for %lld ms: %s\n", (long long)held_ms,
		result == THINGWARD_OK ? "confirmed" : thingward_why(t));
	return result == THINGWARD_OK || result == THINGWARD_REFUSED;
}

/* Its stamps are of CLOCK_BOOTTIME where the kernel has it for input devices, else of CLOCK_MONOTONIC: the same while nothing sleeps. */
static bool open_event(struct button *b)
{
	static const int clocks[] = { CLOCK_BOOTTIME, CLOCK_MONOTONIC };

	b->fd = open(b->event, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (size_t i = 0; b->fd >= 0 && i < sizeof clocks / sizeof clocks[0]; i++)
		if (ioctl(b->fd, EVIOCSCLOCKID, &clocks[i]) == 0) {
			b->clock = clocks[i];
			return true;
		}
	return false; /* by wall time nobody knows how long it was held */
}

/* For writing, too, so that it does not end with whoever wrote last. */
static bool open_fifo(struct button *b)
{
	b->fd = open(b->fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return b->fd >= 0;
}

static bool take_key(struct button *b, thingward *t, const struct input_event *e)
{
	const int64_t at = (int64_t)e->input_event_sec * 1000 + e->input_event_usec / 1000;

	if (e->type == EV_SYN && e->code == SYN_DROPPED)
		b->down = false;
	if (e->type != EV_KEY || e->code != b->key || e->value > 1) /* 2: it repeats itself */
		return true;
	if (e->value == 1) {
		b->down = true;
		b->said = false;
		b->down_ms = at;
		return true;
	}
	const bool tell = b->down && !b->said;
	b->down = false;
	return !tell || press(t, at - b->down_ms, now_ms(b) - at);
}

/* The button is gone: whoever starts this program starts it again when it is back. */
static void end_if_gone(const struct button *b, ssize_t got)
{
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	(void)fprintf(stderr, "button: %s: %s\n", b->fifo ? b->fifo : b->event, got ? strerror(errno) : "it has ended");
	exit(1);
}

static bool read_event(struct button *b, thingward *t)
{
	struct input_event e;
	bool good = true;
	ssize_t got = 1;

	while (good && (got = read(b->fd, &e, sizeof e)) == (ssize_t)sizeof e)
		good = take_key(b, t, &e);
	end_if_gone(b, got);
	return good;
}

static bool read_fifo(struct button *b, thingward *t)
{
	bool good = true;
	ssize_t got = 1;
	char byte;

	while (good && (got = read(b->fd, &byte, 1)) == 1) {
		if (byte != '\n') {
			if (b->size + 1 < sizeof b->line)
				b->line[b->size++] = byte;
			continue;
		}
		b->line[b->size] = '\0';
		b->size = 0;
		if (number_of(b->line) >= 0)
			good = press(t, number_of(b->line), 0);
		else
			(void)fprintf(stderr, "button: a line is a number of milliseconds\n");
	}
	end_if_gone(b, got);
	return good;
}

/* Until it has been held for long enough; -1: it is not held. */
static int wait_ms(const struct button *b)
{
	const int64_t left = b->down_ms + THINGWARD_HOLD_MS - now_ms(b);

	return !b->down || b->said ? -1 : left > 0 ? (int)left : 0;
}

static void serve(struct button *b, thingward *t)
{
	bool good = thingward_provide(t, b->name, b->fifo != NULL, NULL, NULL) == THINGWARD_OK;

	(void)fprintf(stderr, "button: %s\n", good ? "connected" : thingward_why(t));
	while (good) {
		struct pollfd p[] = { { .fd = thingward_fd(t), .events = POLLIN }, { .fd = b->fd, .events = POLLIN } };

		(void)poll(p, 2, wait_ms(b));
		if (p[0].revents && thingward_dispatch(t) != THINGWARD_OK)
			return;
		if (p[1].revents)
			good = b->fifo ? read_fifo(b, t) : read_event(b, t);
		if (good && wait_ms(b) == 0) {
			b->said = true;
			good = press(t, now_ms(b) - b->down_ms, 0);
		}
	}
}

static bool read_options(int argc, char **argv, struct button *b)
{
	const char *key = NULL;

	for (int i = 1; i < argc; i++) {
		const char **text = strcmp(argv[i], "--socket") == 0 ? &b->socket
			: strcmp(argv[i], "--name") == 0             ? &b->name
			: strcmp(argv[i], "--event") == 0            ? &b->event
			: strcmp(argv[i], "--fifo") == 0             ? &b->fifo
			: strcmp(argv[i], "--key") == 0              ? &key
								     : NULL;

		if (!text || i + 1 == argc)
			return false;
		*text = argv[++i];
	}
	b->key = key ? number_of(key) : -1;
	return b->name && !b->event != !b->fifo && !b->event == (b->key < 0);
}

int main(int argc, char **argv)
{
	struct button b = { .socket = THINGWARD_SOCKET, .fd = -1, .clock = CLOCK_BOOTTIME };

	if (!read_options(argc, argv, &b)) {
		(void)fprintf(stderr, "usage: button --name NAME --event DEVICE --key CODE | --fifo FILE [--socket PATH]\n");
		return 2;
	}
	if (!(b.fifo ? open_fifo(&b) : open_event(&b))) {
		(void)fprintf(stderr, "button: %s: %s\n", b.fifo ? b.fifo : b.event, strerror(errno));
		return 1;
	}
	for (;;) {
		thingward *t = NULL;

		if (thingward_open(b.socket, &t) == THINGWARD_OK) {
			serve(&b, t);
			(void)thingward_close(t);
		}
		(void)poll(NULL, 0, AGAIN_MS); /* the device starts, or starts again */
	}
}
