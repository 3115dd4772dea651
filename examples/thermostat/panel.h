/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thermostat's panel: a local socket where a screen or a page of the product's asks for the people in front of it. One packet is
 * a question in words, "target 22 PASS", one is the answer; then the connection ends. Who it is, and what he may do, is not decided here.
 */
#ifndef THERMOSTAT_PANEL_H
#define THERMOSTAT_PANEL_H

#include <stdbool.h>

struct question {
	int connection;
	char what[16];
	bool has_number;
	long number;
	char pass[80]; /* "": nobody has shown one */
};
/* Its descriptor, to be polled for reading; -1 when it cannot be made. What was at path before is replaced. */
int panel_open(const char *path);
/* One question, from whoever waits. False: nobody does, or what came is none. */
bool panel_take(int panel, struct question *ret);
/* Ends the question. */
void panel_answer(const struct question *q, const char *text);
bool read_number(const char *text, long *ret);

#endif
