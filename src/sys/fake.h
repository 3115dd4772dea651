/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam's test instance: the real one, with a hand on every call. Linked into tests only.
 *
 * It counts calls, fails the chosen one (once, or from there on), cuts reads and writes short, steers the clocks, and can
 * keep a journal of what reached the disk and what was still only promised, from which every state that a power cut may
 * leave behind is rebuilt. See test/README.md.
 */
#ifndef TW_SYS_FAKE_H
#define TW_SYS_FAKE_H
#include "base/err.h"
#include "base/sys.h"

typedef struct tw_fake tw_fake;
enum tw_fault { TW_FAULT_NONE, TW_FAULT_ERRNO, TW_FAULT_SHORT };
tw_fake *tw_fake_new(void);
tw_fake *tw_fake_free(tw_fake *f);
const struct tw_sys *tw_fake_sys(tw_fake *f);
void tw_fake_fail(tw_fake *f, long nth, int error_number, bool sticky); /* nth counted from 1 from now on; 0: never */
void tw_fake_short(tw_fake *f, long nth);  /* the nth read or write moves one byte less than asked (at least one) */
long tw_fake_calls(const tw_fake *f);      /* calls since the last fail/short/reset */
bool tw_fake_fired(const tw_fake *f);
const char *tw_fake_name(const tw_fake *f, long nth); /* of the nth call: "fdatasync" */
void tw_fake_clock(tw_fake *f, bool frozen, int64_t wall_ms, int64_t boot_ms); /* replaces both clocks */
#endif
