/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The example product's own program: a thermostat on libthingward.
 *
 * Each tick it reads the sensor, decides, and switches the heating. It logs what an owner would want to find in the log later,
 * reports the health of its two parts, and asks for its settings again every few ticks, so that a change takes effect without a
 * restart. When the device software restarts it goes on heating and connects again.
 *
 * What corrects its sensor was measured once, on this unit, and is sealed by the device: the file that holds it opens here only, and one
 * that was changed or copied from another unit is refused and said, rather than believed.
 *
 * People ask it at a panel of its own (panel.h): anyone sees how warm it is, who lives there says how warm it shall be, and who put it
 * up corrects the sensor. Whether somebody may, the device says, each time: he shows a pass that he got from the device, and this program
 * never learns more of him than his account's id, for its events.
 *
 * The sensor is a simulated part: a room that warms while the heating is on and cools while it is off. It says so in its first
 * event and in its health text. There is no relay either; "heating" is a word on the screen.
 */
#include "panel.h"

#include <thingward/thingward.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define VERSION "1.0.0"
#define SETTINGS_EVERY 5 /* ticks */
#define RECONNECT_EVERY 3
#define OVER_MILLIDEGREES 35000 /* nobody wants a room like this: something is wrong */
#define SENSOR_MIN (-40000)     /* what the part can measure; anything else is a fault */
#define SENSOR_MAX 125000
#define SEALED_MORE (THINGWARD_SEALED_MAX - THINGWARD_SEAL_MAX)
#define CORRECTION_MAX 5000 /* a part that is further off is broken */

struct options {
	const char *socket, *calibration; /* calibration: the file with what corrects the sensor, or NULL */
	const char *panel;                /* where people ask, or NULL */
	long tick_ms, start, break_after; /* break_after: ticks until the simulated sensor fails, 0: never */
	long correct_by;                  /* what was measured at the bench, to be kept in the file */
	bool correct;
};
struct thermostat {
	struct options options;
	thingward *device;          /* NULL while there is no connection */
	long tick, raw, correction; /* raw: what the sensor gives */
	long millidegrees;          /* the two together */
	bool calibrated;            /* the file was looked at */
	long target;                /* degrees: as the setting says, or whoever asked last at the panel */
	long setting;               /* as it was when it was read last */
	int panel;                  /* -1: none */
	char mode[THINGWARD_VALUE_MAX];
	bool heating, over, sensor_well, known_sensor_well, told_health, have_target;
};

static void note(const char *what)
{
	(void)fprintf(stderr, "thermostat: %s\n", what);
}

static void lose(struct thermostat *t, const char *what)
{
	(void)fprintf(stderr, "thermostat: %s: %s\n", what, thingward_why(t->device));
	t->device = thingward_close(t->device);
	t->told_health = false;
}

/* A refusal is a mistake in the product manifest: said, and lived with. A lost connection is made again later. */
static bool went_well(struct thermostat *t, int result, const char *what)
{
	if (result == THINGWARD_OK)
		return true;
	if (result == THINGWARD_REFUSED || result == THINGWARD_INVALID)
		(void)fprintf(stderr, "thermostat: %s: %s\n", what, thingward_why(t->device));
	else
		lose(t, what);
	return false;
}

static void event(struct thermostat *t, const char *id, const char *fields)
{
	if (t->device)
		(void)went_well(t, thingward_event(t->device, id, fields), id);
}

static void event_numbers(struct thermostat *t, const char *id)
{
	char fields[96];

	(void)snprintf(fields, sizeof fields, "{\"millidegrees\":%ld,\"target\":%ld}", t->millidegrees, t->target);
	event(t, id, fields);
}

static void connect_again(struct thermostat *t)
{
	if (t->device || t->tick % RECONNECT_EVERY)
		return;
	if (thingward_open(t->options.socket, &t->device) != THINGWARD_OK) {
		t->device = NULL;
		return;
	}
	note("connected to the device");
	event(t, "application.started", "{\"version\":\"" VERSION "\",\"sensor\":\"simulated\"}");
}

/* account: who asked for it at the panel; "": it is the setting. */
static void take_target(struct thermostat *t, long target, const char *account)
{
	char fields[96], by[48] = "";

	if (*account)
		(void)snprintf(by, sizeof by, ",\"by\":\"%s\"", account);
	if (t->have_target && target != t->target) {
		(void)snprintf(fields, sizeof fields, "{\"from\":%ld,\"to\":%ld%s}", t->target, target, by);
		event(t, "application.target-changed", fields);
	}
	t->target = target;
}

static void read_settings(struct thermostat *t)
{
	char value[THINGWARD_VALUE_MAX];
	long target;

	if (!t->device || (t->have_target && t->tick % SETTINGS_EVERY))
		return;
	if (!went_well(t, thingward_setting(t->device, "application.target", value, sizeof value), "application.target") ||
		!read_number(value, &target))
		return;
	if (!t->have_target || target != t->setting)
		take_target(t, target, "");
	t->setting = target;
	t->have_target = true;
	if (t->device)
		(void)went_well(t, thingward_setting(t->device, "application.mode", t->mode, sizeof t->mode), "application.mode");
}

/* Replaces the file in one step: after a power cut there is the old one or the new one. */
static bool write_file(const char *path, const unsigned char *bytes, size_t size)
{
	char fresh[512];
	int n = snprintf(fresh, sizeof fresh, "%s.new", path);
	int fd = n > 0 && (size_t)n < sizeof fresh ? open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	bool good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fsync(fd) == 0;

	if (fd >= 0)
		good &= close(fd) == 0;
	return good && rename(fresh, path) == 0;
}

static void keep_correction(struct thermostat *t)
{
	unsigned char sealed[THINGWARD_SEALED_MAX];
	char text[16];
	int n = snprintf(text, sizeof text, "%ld", t->options.correct_by);

	if (!went_well(t, thingward_seal(t->device, THINGWARD_UNIT, text, (size_t)n, sealed), "sealing the calibration"))
		return;
	t->correction = t->options.correct_by;
	t->calibrated = true;
	if (write_file(t->options.calibration, sealed, (size_t)n + SEALED_MORE))
		event(t, "application.calibrated", "{\"kept\":true}");
	else
		note("the calibration is used, but cannot be kept");
}

/* No file is a part that needs no correction. One that does not open is nobody's to believe. */
static void read_correction(struct thermostat *t)
{
	unsigned char sealed[THINGWARD_SEALED_MAX + 1];
	char text[THINGWARD_SEAL_MAX + 1];
	long value = 0;
	int fd = open(t->options.calibration, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, sealed, sizeof sealed);

	if (fd >= 0)
		(void)close(fd);
	t->calibrated = true;
	if (n < 0)
		return;
	int result = thingward_unseal(t->device, THINGWARD_UNIT, sealed, (size_t)n, text);
	if (result == THINGWARD_OK)
		text[n - SEALED_MORE] = '\0';
	if (result == THINGWARD_OK && read_number(text, &value) && value >= -CORRECTION_MAX && value <= CORRECTION_MAX) {
		t->correction = value;
		event(t, "application.calibrated", "{\"kept\":false}");
	} else if (result == THINGWARD_OK || result == THINGWARD_REFUSED || result == THINGWARD_INVALID) {
		event(t, "application.calibration-refused", "{}");
	} else {
		t->calibrated = false;
		lose(t, "opening the calibration");
	}
}

static void calibrate(struct thermostat *t)
{
	if (!t->device || t->calibrated || !t->options.calibration)
		return;
	if (t->options.correct)
		keep_correction(t);
	else
		read_correction(t);
}

/* The simulated part: half a degree an hour of nature, hurried up so that something can be seen. */
static bool read_sensor(struct thermostat *t)
{
	t->raw += t->heating ? 120 : -60;
	if (t->options.break_after && t->tick >= t->options.break_after)
		t->raw = SENSOR_MAX + 1;
	t->millidegrees = t->raw + t->correction;
	return t->raw >= SENSOR_MIN && t->raw <= SENSOR_MAX;
}

static void watch_sensor(struct thermostat *t)
{
	bool over;

	t->sensor_well = read_sensor(t);
	if (!t->sensor_well && (t->known_sensor_well || t->tick == 0))
		event(t, "application.sensor-fault", "{\"what\":\"the reading is outside what the part can measure\"}");
	over = t->sensor_well && t->millidegrees > OVER_MILLIDEGREES;
	if (over && !t->over)
		event_numbers(t, "application.over-temperature");
	t->over = over;
}

/*
 * The owner may have it that the heating is not switched on, or not so often: asked before it is, and again while it is on. Off does no harm, so it
 * is switched off without asking. Without a device it goes on as before: a cold room does harm, too.
 */
static bool may_heat(struct thermostat *t)
{
	int result;

	if (!t->device || (t->heating && t->tick % SETTINGS_EVERY))
		return true;
	result = thingward_output(t->device, "heating", 1);
	if (result == THINGWARD_REFUSED)
		return t->heating && strncmp(thingward_why(t->device), "output.rate", 11) == 0; /* it is on already */
	return went_well(t, result, "heating") || !t->device;
}

/* Two points with a gap between them, so that the relay does not flutter; eco and frost aim lower. */
static void control(struct thermostat *t)
{
	long aim = strcmp(t->mode, "frost") == 0 ? 7 : strcmp(t->mode, "eco") == 0 ? t->target - 3 : t->target;
	bool heat = t->heating ? t->millidegrees < aim * 1000 + 300 : t->millidegrees < aim * 1000 - 300;

	if (!t->sensor_well || t->over)
		heat = false;
	if (heat && !may_heat(t))
		heat = false;
	if (heat != t->heating) {
		t->heating = heat;
		event_numbers(t, heat ? "application.heating-on" : "application.heating-off");
	}
}

static void report_health(struct thermostat *t)
{
	if (!t->device || (t->told_health && t->sensor_well == t->known_sensor_well))
		return;
	if (!went_well(t,
		    thingward_health(t->device, "sensor", t->sensor_well,
			    t->sensor_well ? "a simulated sensor reads plausibly" : "the simulated sensor gives no usable value"),
		    "sensor"))
		return;
	t->told_health = went_well(t, thingward_health(t->device, "control", 1, "the control loop runs"), "control");
}

/* --- The panel --- */

static void tell(struct thermostat *t, const struct question *q, const char *account)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%s%ld.%ld", t->millidegrees < 0 ? "-" : "", labs(t->millidegrees) / 1000,
		labs(t->millidegrees) % 1000 / 100);
	panel_answer(q, text);
}

/* Its range and rate are in product.yaml, and narrower where the owner wants that. */
static void want(struct thermostat *t, const struct question *q, const char *account)
{
	char text[320];
	int result = q->has_number ? thingward_input(t->device, "wish", q->number) : THINGWARD_INVALID;

	if (result == THINGWARD_OK) {
		take_target(t, q->number, account);
		panel_answer(q, "done");
		return;
	}
	(void)snprintf(text, sizeof text, "no: %s", result == THINGWARD_INVALID ? "say how many degrees" : thingward_why(t->device));
	panel_answer(q, text);
	if (result != THINGWARD_REFUSED && result != THINGWARD_INVALID)
		lose(t, "wish");
}

static void correct(struct thermostat *t, const struct question *q, const char *account)
{
	if (!t->options.calibration || !q->has_number || q->number < -CORRECTION_MAX || q->number > CORRECTION_MAX) {
		panel_answer(q, "no: there is no file for it, or the sensor is broken");
		return;
	}
	t->options.correct_by = q->number;
	keep_correction(t);
	panel_answer(q, t->correction == q->number ? "done" : "no: it could not be sealed");
}

static const struct request {
	const char *what, *permission;
	void (*act)(struct thermostat *t, const struct question *q, const char *account);
} requests[] = {
	{ "temperature", "application.temperature.read", tell },
	{ "target", "application.target.change", want },
	{ "calibrate", "application.sensor.calibrate", correct },
};

/* Nothing but a yes is a yes: without a device nobody may anything. */
static bool may(struct thermostat *t, const struct question *q, const char *permission, char account[THINGWARD_ACCOUNT_MAX])
{
	char text[320];
	int result = t->device ? thingward_authorize(t->device, *q->pass ? q->pass : NULL, permission, account) : THINGWARD_ABSENT;

	if (result == THINGWARD_OK)
		return true;
	(void)snprintf(text, sizeof text, "no: %s", t->device ? thingward_why(t->device) : "the device does not answer");
	panel_answer(q, text);
	if (t->device && result != THINGWARD_REFUSED && result != THINGWARD_INVALID)
		lose(t, permission);
	return false;
}

static void serve(struct thermostat *t)
{
	char account[THINGWARD_ACCOUNT_MAX];
	const struct request *r = requests;
	struct question q;

	if (!panel_take(t->panel, &q))
		return;
	while (r < requests + sizeof requests / sizeof *requests && strcmp(r->what, q.what) != 0)
		r++;
	if (r == requests + sizeof requests / sizeof *requests)
		panel_answer(&q, "no: ask for temperature, target or calibrate");
	else if (may(t, &q, r->permission, account))
		r->act(t, &q, account);
	explicit_bzero(&q, sizeof q);
}

static long now_ms(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return (long)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* Serves the panel until the next tick. False: it is to stop. */
static bool wait_for_tick(struct thermostat *t, int stop)
{
	struct pollfd p[] = { { .fd = stop, .events = POLLIN }, { .fd = t->panel, .events = POLLIN } };
	long end = now_ms() + t->options.tick_ms, left = t->options.tick_ms;

	while (left > 0) {
		if (poll(p, 2, (int)left) > 0 && p[0].revents)
			return false;
		if (p[1].revents)
			serve(t);
		left = end - now_ms();
	}
	return true;
}

static void tick(struct thermostat *t)
{
	connect_again(t);
	read_settings(t);
	calibrate(t);
	watch_sensor(t);
	control(t);
	report_health(t);
	t->known_sensor_well = t->sensor_well;
	t->tick++;
}

static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		long *number = strcmp(argv[i], "--tick-ms") == 0 ? &o->tick_ms
			: strcmp(argv[i], "--start") == 0        ? &o->start
			: strcmp(argv[i], "--break-after") == 0  ? &o->break_after
			: strcmp(argv[i], "--correct-by") == 0   ? &o->correct_by
								 : NULL;

		const char **text = strcmp(argv[i], "--socket") == 0 ? &o->socket
			: strcmp(argv[i], "--calibration") == 0      ? &o->calibration
			: strcmp(argv[i], "--panel") == 0            ? &o->panel
								     : NULL;

		if (!value || (!number && !text) || (number && !read_number(value, number)))
			return false;
		if (text)
			*text = value;
		o->correct |= number == &o->correct_by;
	}
	return o->tick_ms > 0 && o->correct_by >= -CORRECTION_MAX && o->correct_by <= CORRECTION_MAX && (!o->correct || o->calibration);
}

int main(int argc, char **argv)
{
	struct thermostat t = {
		.options = { .socket = NULL, .tick_ms = 1000, .start = 19000 }, .target = 20, .panel = -1, .known_sensor_well = true
	};
	int stop;

	if (!read_options(argc, argv, &t.options)) {
		(void)fprintf(stderr,
			"usage: thermostat [--socket PATH] [--tick-ms N] [--start MILLIDEGREES] [--break-after TICKS] "
			"[--calibration FILE] [--correct-by MILLIDEGREES] [--panel SOCKET]\n");
		return 2;
	}
	t.raw = t.options.start;
	(void)snprintf(t.mode, sizeof t.mode, "comfort");
	stop = open_signals();
	if (stop < 0)
		return 1;
	if (t.options.panel && (t.panel = panel_open(t.options.panel)) < 0)
		note("no panel can be opened there");
	note("the sensor is simulated");
	do
		tick(&t);
	while (wait_for_tick(&t, stop));
	note("stopped; the heating is off");
	(void)thingward_close(t.device);
	if (t.panel >= 0) {
		(void)unlink(t.options.panel);
		(void)close(t.panel);
	}
	(void)close(stop);
	return 0;
}
