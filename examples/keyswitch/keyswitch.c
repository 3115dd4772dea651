/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a provider, a method of the manufacturer's own: a key switch in the product's housing. Who logs in has to have turned the key.
 *
 *     keyswitch --name keyswitch --position FILE [--socket PATH] [--simulated]
 *
 * The kernel shows the switch's position as a file (/sys/class/gpio/.../value, say). At each question its first word is read: "on" is a yes, "off" a
 * no, "wait" leaves the question open until the word is another one or the device gives up, and anything else is an error: it could not
 * be found out. "leave" ends the connection without a verdict and opens a new one, which is what the device sees of a crash.
 *
 * In product.yaml it is declared with the user that it alone runs as:
 *
 *     application:
 *       providers:
 *         - {name: keyswitch, kind: auth-plugin, uid: 64020, help: "the key switch beside the door"}
 *
 * --simulated: it says of itself that it only pretends, as a reader of biometrics in a test does.
 */
#include <thingward/thingward.h>

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MS 200 /* until the switch is looked at again, or the device called again */

struct keyswitch {
	const char *socket, *name, *position;
	bool simulated;
	bool asked; /* there is a question */
	uint8_t challenge[THINGWARD_CHALLENGE_SIZE];
};

static void on_question(void *user, const uint8_t challenge[THINGWARD_CHALLENGE_SIZE], const char *account)
{
	struct keyswitch *k = user;

	k->asked = account != NULL;
	memcpy(k->challenge, challenge, sizeof k->challenge);
	(void)fprintf(stderr, "keyswitch: %s %s\n", account ? "asked for" : "over", account ? account : "");
}

/* "": it cannot be read. */
static void read_position(const struct keyswitch *k, char ret[16])
{
	int fd = open(k->position, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, 15);

	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, " \n")] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* Whether to go on with this connection. */
static bool answer(struct keyswitch *k, thingward *t)
{
	enum thingward_verdict verdict = THINGWARD_CANNOT;
	char word[16];

	read_position(k, word);
	if (strcmp(word, "wait") == 0)
		return true;
	k->asked = false;
	if (strcmp(word, "leave") == 0)
		return false;
	if (strcmp(word, "on") == 0)
		verdict = THINGWARD_YES;
	else if (strcmp(word, "off") == 0)
		verdict = THINGWARD_NO;
	int result = thingward_verdict(t, k->challenge, verdict);
	return result == THINGWARD_OK || result == THINGWARD_REFUSED; /* refused: nobody waits any more */
}

static void serve(struct keyswitch *k, thingward *t)
{
	int result = thingward_provide(t, k->name, k->simulated, on_question, k);

	if (result != THINGWARD_OK)
		(void)fprintf(stderr, "keyswitch: %s\n", thingward_why(t));
	while (result == THINGWARD_OK) {
		struct pollfd p = { .fd = thingward_fd(t), .events = POLLIN };

		(void)poll(&p, 1, k->asked ? AGAIN_MS : -1);
		result = thingward_dispatch(t);
		if (result == THINGWARD_OK && k->asked && !answer(k, t))
			result = THINGWARD_GONE;
	}
	k->asked = false;
}

static bool read_options(int argc, char **argv, struct keyswitch *k)
{
	for (int i = 1; i < argc; i++) {
		const char **text = strcmp(argv[i], "--socket") == 0 ? &k->socket
			: strcmp(argv[i], "--name") == 0             ? &k->name
			: strcmp(argv[i], "--position") == 0         ? &k->position
								     : NULL;

		if (strcmp(argv[i], "--simulated") == 0)
			k->simulated = true;
		else if (text && i + 1 < argc)
			*text = argv[++i];
		else
			return false;
	}
	return k->name && k->position;
}

int main(int argc, char **argv)
{
	struct keyswitch k = { .socket = THINGWARD_SOCKET };

	if (!read_options(argc, argv, &k)) {
		(void)fprintf(stderr, "usage: keyswitch --name NAME --position FILE [--socket PATH] [--simulated]\n");
		return 2;
	}
	for (;;) {
		thingward *t = NULL;

		if (thingward_open(k.socket, &t) == THINGWARD_OK) {
			serve(&k, t);
			(void)thingward_close(t);
		}
		(void)poll(NULL, 0, AGAIN_MS); /* the device starts, or starts again */
	}
}
