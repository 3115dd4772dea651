/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a program that drives a link of the manufacturer's own, one that the kernel knows nothing of.
 *
 *     link --name sonar --switch FILE [--technology TEXT] [--driver TEXT] [--socket PATH]
 *
 * FILE stands for the hardware: its content "up" or "down" says whether somebody is at the other end, and this program alone writes "off" into it, or
 * "down" when the link is switched on. It is looked at twice a second. A program for real hardware replaces look() and put(), and waits for its descriptor
 * instead.
 *
 * In product.yaml it is declared with the user that it alone runs as; the name is the link's, in the list of interfaces and in interfaces.off-normal
 * ("link:sonar"):
 *
 *     application:
 *       providers:
 *         - {name: sonar, kind: link, uid: 64024, help: "the acoustic modem"}
 */
#include <thingward/thingward.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 500
#define AGAIN_MS 200  /* until the device is called again */
#define OFTEN_MS 5000 /* until it hears again what was too much */

struct modem {
	const char *socket, *name, *technology, *driver, *file;
	bool may, told; /* what the device has said; told: and that was not put yet */
};

/* The hardware's state. What cannot be read is off to nobody's knowledge: then it is not this program that knows, and it ends its connection. */
static bool look(const struct modem *m, enum thingward_link_state *ret)
{
	char word[8] = "";
	FILE *f = fopen(m->file, "r");

	if (!f)
		return false;
	const bool read = fgets(word, sizeof word, f);
	(void)fclose(f);
	*ret = strncmp(word, "up", 2) == 0      ? THINGWARD_LINK_UP
		: strncmp(word, "down", 4) == 0 ? THINGWARD_LINK_DOWN
						: THINGWARD_LINK_OFF;
	return read;
}

static bool put(const struct modem *m, bool on)
{
	FILE *f = fopen(m->file, "w");

	return f && fputs(on ? "down\n" : "off\n", f) >= 0 && fclose(f) == 0;
}

static void on_may(void *user, int may)
{
	struct modem *m = user;

	m->may = may;
	m->told = true;
}

/* As it may be. Also when it was told again: then the device has heard that it is on. */
static bool obey(struct modem *m)
{
	enum thingward_link_state state;

	m->told = false;
	if (!look(m, &state))
		return false;
	return m->may == (state != THINGWARD_LINK_OFF) || put(m, m->may);
}

/* Until the connection ends, or the hardware does not answer. */
static void serve(struct modem *m, thingward *t)
{
	enum thingward_link_state state = THINGWARD_LINK_OFF, said = THINGWARD_LINK_OFF;
	bool first = true;

	while (look(m, &state)) {
		struct pollfd p = { .fd = thingward_fd(t), .events = POLLIN };
		int wait_ms = LOOK_MS, result = THINGWARD_OK;

		if (first || state != said)
			result = thingward_link(t, m->technology, m->driver, state);
		if (result == THINGWARD_OK)
			said = state;
		else if (result == THINGWARD_REFUSED && strncmp(thingward_why(t), "link.often:", 11) == 0)
			wait_ms = OFTEN_MS;
		else
			break;
		first = first && wait_ms == OFTEN_MS;
		if (!m->told && poll(&p, 1, wait_ms) > 0 && thingward_dispatch(t) != THINGWARD_OK)
			break;
		if (m->told && !obey(m))
			break;
	}
	(void)fprintf(stderr, "link: %s\n", *thingward_why(t) ? thingward_why(t) : "its hardware does not answer");
}

static bool read_options(int argc, char **argv, struct modem *m)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char **text = strcmp(argv[i], "--socket") == 0 ? &m->socket
			: strcmp(argv[i], "--name") == 0             ? &m->name
			: strcmp(argv[i], "--technology") == 0       ? &m->technology
			: strcmp(argv[i], "--driver") == 0           ? &m->driver
			: strcmp(argv[i], "--switch") == 0           ? &m->file
								     : NULL;

		if (!text)
			return false;
		*text = argv[i + 1];
	}
	return argc % 2 == 1 && m->name && m->file;
}

int main(int argc, char **argv)
{
	struct modem m = { .socket = THINGWARD_SOCKET, .technology = "acoustic modem", .driver = "link example" };

	if (!read_options(argc, argv, &m)) {
		(void)fprintf(stderr, "usage: link --name NAME --switch FILE [--technology TEXT] [--driver TEXT] [--socket PATH]\n");
		return 2;
	}
	for (;;) {
		thingward *t = NULL;

		if (thingward_open(m.socket, &t) == THINGWARD_OK) {
			thingward_on_link_may(t, on_may, &m);
			if (thingward_provide(t, m.name, 0, NULL, NULL) == THINGWARD_OK)
				serve(&m, t);
			else
				(void)fprintf(stderr, "link: %s\n", thingward_why(t));
			(void)thingward_close(t);
		}
		m.told = false;
		(void)poll(NULL, 0, AGAIN_MS); /* the device starts, or starts again */
	}
}
