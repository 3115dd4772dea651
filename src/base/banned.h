/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Force-included before every file: calls that have hurt others do not compile here, and the error names what to use instead.
 *
 * The headers come first, because a macro would also hit their declarations. Calls that only src/sys may make (rename, fsync,
 * write, ...) share names with members of struct tw_sys, so tools/lint looks for those instead.
 */
#ifndef TW_BASE_BANNED_H
#define TW_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef atoi
#undef atol
#undef atoll
#define strcpy(...) banned_strcpy_use_tw_buf()
#define strcat(...) banned_strcat_use_tw_buf()
#define strncpy(...) banned_strncpy_use_tw_buf()
#define strncat(...) banned_strncat_use_tw_buf()
#define stpcpy(...) banned_stpcpy_use_tw_buf()
#define sprintf(...) banned_sprintf_use_tw_buf_format_or_snprintf()
#define vsprintf(...) banned_vsprintf_use_tw_buf_format_or_vsnprintf()
#define gets(...) banned_gets_use_tw_cursor()
#define scanf(...) banned_scanf_use_tw_cursor()
#define sscanf(...) banned_sscanf_use_tw_cursor()
#define fscanf(...) banned_fscanf_use_tw_cursor()
#define strtok(...) banned_strtok_use_tw_cursor()
#define atoi(...) banned_atoi_use_tw_parse_u64()
#define atol(...) banned_atol_use_tw_parse_u64()
#define atoll(...) banned_atoll_use_tw_parse_u64()
#define atof(...) banned_atof_there_is_no_floating_point_here()
#define strtol(...) banned_strtol_use_tw_parse_u64()
#define strtoul(...) banned_strtoul_use_tw_parse_u64()
#define strtoll(...) banned_strtoll_use_tw_parse_u64()
#define strtoull(...) banned_strtoull_use_tw_parse_u64()
#define gmtime(...) banned_gmtime_use_tw_time_text()
#define localtime(...) banned_localtime_use_tw_time_text()
#define ctime(...) banned_ctime_use_tw_time_text()
#define asctime(...) banned_asctime_use_tw_time_text()
#define system(...) banned_system_there_are_no_shells_here()
#define popen(...) banned_popen_there_are_no_shells_here()
#define mktemp(...) banned_mktemp_use_tw_durable_replace()
#define tmpnam(...) banned_tmpnam_use_tw_durable_replace()
#define tempnam(...) banned_tempnam_use_tw_durable_replace()
#undef alloca
#define alloca(...) banned_alloca_use_sys_alloc()

#endif
