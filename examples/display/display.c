/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a display provider: it shows the organization's use notice to whoever stands at the device, and holds it until somebody accepts it.
 *
 *     display --name panel [--columns 20] [--lines 4] [--socket PATH] [--simulated]
 *
 * Standard output stands for the screen: each picture of it is a line of hyphens and then the lines of the page. Standard input stands for two keys: a line
 * "n" turns the page, a line "a" accepts. Without a key the page turns by itself every few seconds, so that a product without keys shows all of it. Accepting
 * counts when the last page has been shown. Then the product's own screen is there for whoever accepted it, until the notice is for the next one again.
 *
 * In product.yaml it is declared with the user that it alone runs as:
 *
 *     application:
 *       providers:
 *         - {name: panel, kind: display, uid: 64022, help: "the display on its front"}
 *
 * --simulated: it says of itself that it only pretends to show anything, as in a test.
 */
#include <thingward/thingward.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS 200  /* until the device is called again */
#define TURN_MS 4000  /* a page is read in */
#define OWN_MS 10000  /* the product's own screen is there for */
#define MOST 1000     /* columns, or lines */
#define TEXT_MAX 4096 /* more than the device sends */

struct display {
	const char *socket, *name;
	unsigned columns, lines;
	bool simulated, keys;
	bool fresh; /* the device has said another one, which is not on the screen yet */
	struct {
		uint8_t notice[THINGWARD_NOTICE_ID];
		char text[TEXT_MAX];
	} came, on; /* as the device said it last; as it is on the screen, which alone somebody can accept */
	const char *page;
	bool last_seen, own; /* the product's own screen is there */
	int64_t until_ms;    /* what is there stays; the clock that never goes back */
};

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_notice(void *user, const uint8_t notice[THINGWARD_NOTICE_ID], const char *text)
{
	struct display *d = user;

	memcpy(d->came.notice, notice, sizeof d->came.notice);
	(void)snprintf(d->came.text, sizeof d->came.text, "%s", text);
	d->fresh = true;
}

/* What was pressed before a picture was there is not meant for it. */
static void drop_keys(struct display *d)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char keys[64];

	for (int i = 0; d->keys && i < 1000 && poll(&p, 1, 0) > 0; i++)
		d->keys = read(STDIN_FILENO, keys, sizeof keys) > 0;
}

/* A picture of the screen, which the driver of a real one would put there. */
static void put(struct display *d, const char *text, size_t size, int stays_ms)
{
	drop_keys(d);
	d->until_ms = now_ms() + stays_ms;
	(void)printf("----\n%.*s\n", (int)size, text);
	(void)fflush(stdout);
}

static void put_own(struct display *d)
{
	d->own = true;
	put(d, "Ready.", 6, OWN_MS);
}

static void put_page(struct display *d, const char *page)
{
	const size_t size = strcspn(page, "\f");

	d->own = false;
	d->page = page;
	d->last_seen |= page[size] == '\0';
	put(d, page, size, TURN_MS);
}

/* From the first page on; with no notice, the product's own screen. */
static void begin(struct display *d)
{
	d->last_seen = false;
	if (*d->on.text)
		put_page(d, d->on.text);
	else
		put_own(d);
}

static void turn(struct display *d)
{
	const char *next = d->page ? d->page + strcspn(d->page, "\f") : "";

	put_page(d, *next ? next + 1 : d->on.text);
}

/* Whether to go on with this connection: what is refused another notice follows, or the person does again. */
static bool tell(struct display *d, thingward *t, bool accepted)
{
	int result = thingward_shows(t, d->on.notice, accepted);

	(void)fprintf(stderr, "display: %s: %s\n", accepted ? "accepted" : "shown", result == THINGWARD_OK ? "taken" : thingward_why(t));
	if (result == THINGWARD_OK && accepted && !d->fresh)
		put_own(d);
	return result == THINGWARD_OK || result == THINGWARD_REFUSED;
}

/* One that does something is the last: those behind it were pressed for a picture that has gone. */
static bool read_keys(struct display *d, thingward *t)
{
	char keys[64];
	ssize_t got = read(STDIN_FILENO, keys, sizeof keys);

	d->keys = got > 0;
	for (ssize_t i = 0; !d->own && i < got; i++) {
		if (keys[i] == 'a' && d->last_seen)
			return tell(d, t, true);
		if (keys[i] != 'n')
			continue;
		turn(d);
		break;
	}
	return true;
}

/* The screen as it has to be now; then what it shows is true. */
static bool refresh(struct display *d, thingward *t)
{
	d->fresh = false;
	d->on = d->came;
	begin(d);
	return tell(d, t, false);
}

/* How long nothing has to be done; -1: until something comes. */
static int wait_ms(const struct display *d)
{
	const int64_t left = d->until_ms - now_ms();

	return !*d->on.text ? -1 : left > 0 ? (int)left : 0;
}

/* Whether the device will say the same however often it is asked: the manifest, or who this program runs as, has to be mended. */
static bool is_lasting(const char *why)
{
	static const char *const rules[] = { "provider.unknown:", "provider.user:", "gate.permission:", "display.user:", "display.size:" };

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strncmp(why, rules[i], strlen(rules[i])) == 0)
			return true;
	return false;
}

/* Whether to come again when it has ended. */
static bool serve(struct display *d, thingward *t)
{
	bool good = thingward_provide(t, d->name, d->simulated, NULL, NULL) == THINGWARD_OK &&
		thingward_display(t, d->columns, d->lines, on_notice, d) == THINGWARD_OK;

	(void)fprintf(stderr, "display: %s\n", good ? "connected" : thingward_why(t));
	if (!good && is_lasting(thingward_why(t)))
		return false;
	while (good) {
		struct pollfd p[] = { { .fd = thingward_fd(t), .events = POLLIN }, { .fd = d->keys ? STDIN_FILENO : -1, .events = POLLIN } };

		if (d->fresh) {
			good = refresh(d, t);
			continue;
		}
		(void)poll(p, 2, wait_ms(d));
		if (p[0].revents && thingward_dispatch(t) != THINGWARD_OK)
			break;
		if (d->fresh) /* no key counts for what is not on the screen */
			continue;
		if (p[1].revents)
			good = read_keys(d, t);
		if (wait_ms(d) == 0 && d->own)
			begin(d);
		else if (wait_ms(d) == 0)
			turn(d);
	}
	return true;
}

/* 0: it is no number of columns or lines. */
static unsigned number_of(const char *digits)
{
	unsigned n = 0;

	for (; *digits >= '0' && *digits <= '9' && n < 10000; digits++)
		n = 10 * n + (unsigned)(*digits - '0');
	return *digits ? 0 : n;
}

static bool read_options(int argc, char **argv, struct display *d)
{
	const char *columns = "20", *lines = "4";

	for (int i = 1; i < argc; i++) {
		const char **text = strcmp(argv[i], "--socket") == 0 ? &d->socket
			: strcmp(argv[i], "--name") == 0             ? &d->name
			: strcmp(argv[i], "--columns") == 0          ? &columns
			: strcmp(argv[i], "--lines") == 0            ? &lines
								     : NULL;

		if (strcmp(argv[i], "--simulated") == 0)
			d->simulated = true;
		else if (text && i + 1 < argc)
			*text = argv[++i];
		else
			return false;
	}
	d->columns = number_of(columns);
	d->lines = number_of(lines);
	return d->name && d->columns >= THINGWARD_COLUMNS_LEAST && d->columns <= MOST && d->lines >= THINGWARD_LINES_LEAST &&
		d->lines <= MOST;
}

int main(int argc, char **argv)
{
	static struct display d = { .socket = THINGWARD_SOCKET, .keys = true };

	if (!read_options(argc, argv, &d)) {
		(void)fprintf(stderr,
			"usage: display --name NAME [--columns N] [--lines N] [--socket PATH] [--simulated]\n"
			"columns: %d to %d; lines: %d to %d\n",
			THINGWARD_COLUMNS_LEAST, MOST, THINGWARD_LINES_LEAST, MOST);
		return 2;
	}
	for (;;) {
		thingward *t = NULL;

		if (thingward_open(d.socket, &t) == THINGWARD_OK) {
			const bool again = serve(&d, t);

			(void)thingward_close(t);
			if (!again)
				return 1;
		}
		(void)poll(NULL, 0, AGAIN_MS); /* the device starts, or starts again */
	}
}
