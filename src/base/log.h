/* SPDX-License-Identifier: Apache-2.0 */
/* Logs are for people, and only programs write them: what, which, what happens next. Evidence goes to the audit log instead. */
#ifndef TW_BASE_LOG_H
#define TW_BASE_LOG_H

#include "base/err.h"

enum tw_level { TW_LEVEL_ERROR, TW_LEVEL_WARN, TW_LEVEL_INFO, TW_LEVEL_DEBUG };

void tw_log_setup(const char *program, enum tw_level level); /* to stderr; "<4>" prefixes when $JOURNAL_STREAM is set */
void tw_log(enum tw_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tw_log_err(tw_err e, const char *format, ...) __attribute__((format(printf, 2, 3))); /* appends code and detail */

#define tw_error(...) tw_log(TW_LEVEL_ERROR, __VA_ARGS__)
#define tw_warn(...) tw_log(TW_LEVEL_WARN, __VA_ARGS__)
#define tw_info(...) tw_log(TW_LEVEL_INFO, __VA_ARGS__)
#define tw_debug(...) tw_log(TW_LEVEL_DEBUG, __VA_ARGS__)

#endif
