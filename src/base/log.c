/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One write per line to stderr, so that lines of several processes do not mix. Control characters are shown, not obeyed: a log
 * line often quotes what came from outside.
 */
#include "base/log.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1024

static struct {
	char program[32];
	enum tw_level level;
	bool journal;
} setup = { .program = "thingward", .level = TW_LEVEL_INFO };

void tw_log_setup(const char *program, enum tw_level level)
{
	(void)snprintf(setup.program, sizeof setup.program, "%s", program);
	setup.level = level;
	setup.journal = getenv("JOURNAL_STREAM") != NULL;
}

/* In place: each byte that is not printable becomes "?". Longer escapes would need room that a log line in trouble may not have. */
static void make_printable(char *text)
{
	for (size_t i = 0, size, length = strlen(text); i < length; i += size) {
		size = tw_utf8_size((struct tw_slice){ text + i, length - i });
		if (size == 0 || !tw_text_printable((struct tw_slice){ text + i, size })) {
			text[i] = '?';
			size = 1;
		}
	}
}

static void print(enum tw_level level, char *text)
{
	/* syslog's numbers: error, warning, informational, debug */
	static const char *const prefixes[] = { "<3>", "<4>", "<6>", "<7>" };

	make_printable(text);
	if (setup.journal)
		(void)fprintf(stderr, "%s%s: %s\n", prefixes[level], setup.program, text);
	else
		(void)fprintf(stderr, "%s: %s\n", setup.program, text);
}

void tw_log(enum tw_level level, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;

	if (level > setup.level)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	print(level, text);
}

void tw_log_err(tw_err e, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;
	size_t used;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	used = strlen(text);
	(void)snprintf(text + used, sizeof text - used, ": %s: %s (%s)", tw_code_name(e.code),
		*tw_err_detail() ? tw_err_detail() : tw_code_text(e.code), tw_err_place());
	print(TW_LEVEL_ERROR, text);
}
