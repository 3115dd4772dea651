/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a corpus through one fuzz target, with any compiler: every seed and every input that once crashed is tried in each
 * `make check`. Each input gets a second; the name of the one that hangs or dies is the last line printed.
 *
 *     replay FILE...
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (1024 * 1024) /* a corpus is read by people and carried by git */
#define HANG_S 10               /* under sanitizers and load; the goal is a second */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *volatile at;

static void died(int number)
{
	const char *name = at;
	(void)!write(STDOUT_FILENO, "DIED ", 5);
	(void)!write(STDOUT_FILENO, name, strlen(name));
	(void)!write(STDOUT_FILENO, "\n", 1);
	signal(number, SIG_DFL);
	raise(number);
}

/* The input lies at the end of an allocation of its own size, so that reading past it is seen by sanitizers and valgrind. */
static int replay(const char *path)
{
	static uint8_t buffer[INPUT_MAX + 1];
	FILE *f = fopen(path, "rb");
	size_t size = f ? fread(buffer, 1, sizeof buffer, f) : 0;
	uint8_t *copy = malloc(size ? size : 1);
	if (f)
		fclose(f);
	if (!f || !copy || size > INPUT_MAX) {
		free(copy);
		printf("UNREADABLE %s\n", path);
		return 1;
	}
	memcpy(copy, buffer, size);
	at = path;
	alarm(HANG_S);
	(void)LLVMFuzzerTestOneInput(copy, size);
	alarm(0);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	int bad = 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		signal(numbers[i], died);
	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	return bad;
}
