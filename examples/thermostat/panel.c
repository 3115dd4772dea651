/* SPDX-License-Identifier: Apache-2.0 */
#include "panel.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 200 /* whoever connects has his question ready */

bool read_number(const char *text, long *ret)
{
	bool negative = *text == '-';
	long value = 0;

	text += negative;
	if (!*text || strlen(text) > 9)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (*text - '0');
	}
	*ret = negative ? -value : value;
	return true;
}

/* Anybody on the machine may ask: the device says who may do what. */
int panel_open(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (strlen(path) < sizeof at.sun_path) {
		(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
		(void)unlink(path);
		if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && chmod(path, 0666) == 0 && listen(fd, 4) == 0)
			return fd;
	}
	(void)close(fd);
	return -1;
}

/* WHAT [NUMBER] [PASS], with one blank between. */
static bool read_question(char *text, struct question *ret)
{
	char *rest = NULL, *word = strtok_r(text, " ", &rest);

	if (!word || strlen(word) >= sizeof ret->what)
		return false;
	(void)snprintf(ret->what, sizeof ret->what, "%s", word);
	word = strtok_r(NULL, " ", &rest);
	if (word && read_number(word, &ret->number)) {
		ret->has_number = true;
		word = strtok_r(NULL, " ", &rest);
	}
	if (word && strlen(word) >= sizeof ret->pass)
		return false;
	(void)snprintf(ret->pass, sizeof ret->pass, "%s", word ? word : "");
	return !strtok_r(NULL, " ", &rest);
}

bool panel_take(int panel, struct question *ret)
{
	struct question q = { .connection = accept4(panel, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) };
	struct pollfd p = { .fd = q.connection, .events = POLLIN };
	char text[160];

	if (q.connection < 0)
		return false;
	ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 ? recv(q.connection, text, sizeof text - 1, 0) : -1;
	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && strlen(text) == (size_t)n && read_question(text, &q)) {
		*ret = q;
		return true;
	}
	panel_answer(&q, "no: ask WHAT [NUMBER] [PASS]");
	return false;
}

void panel_answer(const struct question *q, const char *text)
{
	(void)send(q->connection, text, strlen(text), MSG_NOSIGNAL);
	(void)close(q->connection);
}
