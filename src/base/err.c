/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last raise of each thread: code, place and one line of detail. Nothing here allocates, so that raising NOMEM cannot fail.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PLACE_MAX 96 /* a function's name and a line number */

static _Thread_local char last_detail[TW_DETAIL_MAX];
static _Thread_local char last_place[PLACE_MAX];

static const char *const names[] = { [TW_CODE_OK] = "OK",
#define NAME(name, text) [TW_CODE_##name] = #name,
	TW_ERROR_LIST(NAME)
#undef NAME
};

static const char *const texts[] = { [TW_CODE_OK] = "no error",
#define TEXT(name, text) [TW_CODE_##name] = text,
	TW_ERROR_LIST(TEXT)
#undef TEXT
};

static void __attribute__((format(printf, 3, 0))) remember(const char *function, int line, const char *format, va_list args)
{
	/* A detail may quote the one before it, so it is made aside. */
	char text[TW_DETAIL_MAX];

	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	memcpy(last_detail, text, sizeof last_detail);
	(void)snprintf(last_place, sizeof last_place, "%s:%d", function, line);
}

tw_err(tw_raise)(enum tw_code code, const char *function, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	remember(function, line, format, args);
	va_end(args);
	return (tw_err){ code };
}

static enum tw_code code_of(int number)
{
	switch (number) {
	case ENOMEM:
		return TW_CODE_NOMEM;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
		return TW_CODE_LIMIT;
	default:
		return TW_CODE_IO;
	}
}

tw_err tw_raise_errno(const char *function, int line, const char *format, ...)
{
	int number = errno;
	va_list args;
	size_t used;

	va_start(args, format);
	remember(function, line, format, args);
	va_end(args);
	used = strlen(last_detail);
	(void)snprintf(last_detail + used, sizeof last_detail - used, ": %s", strerror(number));
	return (tw_err){ code_of(number) };
}

tw_err tw_err_named(const char *what, tw_err e)
{
	char why[TW_DETAIL_MAX];

	if (!tw_failed(e))
		return e;
	(void)snprintf(why, sizeof why, "%s", last_detail);
	return tw_raise(e.code, __func__, __LINE__, "%s: %s", what, why);
}

static bool known(enum tw_code code)
{
	return (size_t)code < sizeof names / sizeof *names;
}

const char *tw_code_name(enum tw_code code)
{
	return known(code) ? names[code] : "INTERNAL";
}

const char *tw_code_text(enum tw_code code)
{
	return known(code) ? texts[code] : texts[TW_CODE_INTERNAL];
}

const char *tw_err_detail(void)
{
	return last_detail;
}

const char *tw_err_place(void)
{
	return last_place;
}
