/* SPDX-License-Identifier: Apache-2.0 */
/* `csaf ROUNDS PROGRAM [WORD...]`: runs it so often, and prints the median time from start to exit in milliseconds, the most memory in MiB, and the least
   processor time in milliseconds, which depends least on what else runs. Small,
   so that what the system counts of the moment before the program is loaded is less than any program. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS_MAX 1000

extern char **environ;

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double took[ROUNDS_MAX];
	long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0, memory = 0;
	double worked = 1e9;
	posix_spawn_file_actions_t quiet;
	if (rounds < 1 || rounds > ROUNDS_MAX || posix_spawn_file_actions_init(&quiet) ||
		posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0))
		return 2;
	for (long i = 0; i < rounds; i++) {
		double start = now_ms();
		struct rusage used;
		pid_t pid;
		int status;
		if (posix_spawnp(&pid, argv[2], &quiet, NULL, argv + 2, environ) || wait4(pid, &status, 0, &used) != pid || status != 0)
			return 1;
		took[i] = now_ms() - start;
		memory = used.ru_maxrss > memory ? used.ru_maxrss : memory;
		double cpu = ms_of(used.ru_utime) + ms_of(used.ru_stime);
		worked = cpu < worked ? cpu : worked;
	}
	qsort(took, (size_t)rounds, sizeof(*took), by_value);
	printf("%.3f %.3f %.3f\n", took[rounds / 2], (double)memory / 1024, worked);
	return 0;
}
