/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds what a power cut left to what was promised before it.
 *
 * The unit starts; its log verifies, misses no durable record and has no intent open; owner and setting are as acknowledged, or as
 * the step under way would have left them, whole; the epoch is one whose key was never given out; keys, secret and listener are
 * those that somebody was told of; sessions are over. A second start finds the same, and the device still takes a change.
 */
#ifndef TW_TEST_ORACLE_H
#define TW_TEST_ORACLE_H
#include "story.h"

/* One state may be left at several moments: it is held to each of their promises. NULL, or what is broken, until the next call. */
const char *oracle_judge(const char *directory, const struct promise *p, size_t count);
#endif
