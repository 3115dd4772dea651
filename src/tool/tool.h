/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of the command line: commands and options are rows, and --help, parsing and errors come from them.
 *
 * A command returns an error or not; what kind of failure it was for the caller's script (the exit code) and what a person
 * could try next are set beside it. Everything that came from outside passes tw_buf_terminal before it reaches a terminal.
 */
#ifndef TW_TOOL_TOOL_H
#define TW_TOOL_TOOL_H

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>

struct tw_args;

enum tw_exit {
	TW_EXIT_OK = 0,
	TW_EXIT_FAILED = 1, /* not done, or the answer to the question asked is no */
	TW_EXIT_USAGE = 2,
	TW_EXIT_REFUSED = 3, /* the device answered, and refused */
	TW_EXIT_UNREACHABLE = 4,
};

struct tw_tool {
	const struct tw_sys *sys;
	FILE *out;
	bool json;
	bool answered;             /* JSON was printed; a failure adds no second document */
	enum tw_exit exit;         /* for a failure; FAILED unless set */
	const char *accept_notice; /* the digest that --accept-notice names; NULL: ask */
	char hint[256];            /* the last line of a failure: what to try */
};

struct tw_option {
	const char *name;     /* NULL ends the table */
	const char *argument; /* "DIR"; NULL: a switch */
	bool required;
	const char *help;
};
struct tw_command {
	const char *words;      /* "product init" */
	const char *positional; /* "DIR", or "" */
	int min, max;           /* how many positional arguments */
	const struct tw_option *options;
	tw_err (*run)(struct tw_tool *t, const struct tw_args *a);
	const char *help;
	const char *example; /* a whole line, or NULL */
	const void *user;
};

#define TW_GIVEN_MAX 96 /* options on one command line: an assessment may name all elements of a capability */
struct tw_args {
	const struct tw_command *command;
	struct {
		const char *name, *value;
	} given[TW_GIVEN_MAX];
	size_t given_count;
	char **rest;
	int rest_count;
};
const char *tw_arg(const struct tw_args *a, const char *name); /* the last one given; NULL; "" for a switch */
/* The i-th of a repeated option, NULL past the last. */
const char *tw_arg_nth(const struct tw_args *a, const char *name, size_t i);

/* argv[0] is skipped; the words of c are expected at argv[1..]. STATE: help was asked for and shown. SYNTAX: usage. */
tw_err tw_args_parse(struct tw_tool *t, const struct tw_command *c, int argc, char **argv, struct tw_args *ret);
tw_err tw_help_command(const struct tw_tool *t, const struct tw_command *c);
/* The same as JSON, for what is made from the rows (man pages, completions): appended to list. */
tw_err tw_help_row(const struct tw_command *c, json_t *list);

/* Sets exit code and hint, and passes the error through: return tw_fail(t, TW_EXIT_REFUSED, "ask the owner", error). */
tw_err tw_fail(struct tw_tool *t, enum tw_exit exit, const char *hint, tw_err e);

/* Output for people; with --json these print nothing. All of it is escaped for the terminal, line breaks apart. */
tw_err tw_print(const struct tw_tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* heads: ends with NULL, or NULL; rows: array of arrays of text. */
tw_err tw_print_table(const struct tw_tool *t, const char *const *heads, const json_t *rows);
/* Any JSON: pretty-printed with --json, otherwise as aligned "name  value" lines and tables. */
tw_err tw_print_value(struct tw_tool *t, const json_t *value);
tw_err tw_print_text(const struct tw_tool *t, const char *text); /* also with --json: for errors and answers */
/* The end of a command that wrote something: a sentence, or {"wrote": path}. */
tw_err tw_print_done(struct tw_tool *t, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A bar on a terminal, in place of itself; false, and nothing is shown, where there is none. end: what comes next begins a line. */
bool tw_progress_bar(const struct tw_tool *t, int percent, const char *words);
void tw_progress_bar_end(const struct tw_tool *t);
void tw_progress(const struct tw_tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
tw_err tw_show(const struct tw_tool *t, const char *text); /* what has to be read, however long: on the standard error, also beside JSON */

#endif
