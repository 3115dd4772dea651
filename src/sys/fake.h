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
tw_fake *tw_fake_new(void); /* a test that cannot have one aborts */
tw_fake *tw_fake_free(tw_fake *f);
const struct tw_sys *tw_fake_sys(tw_fake *f);
/* nth counted from 1 from now on; 0: never. Allocations fail with ENOMEM whatever the number; EINTR is never sticky, since
   everybody tries again. A failed close has closed. */
void tw_fake_fail(tw_fake *f, long nth, int error_number, bool sticky);
void tw_fake_short(tw_fake *f, long nth); /* the nth read or write (those alone counted) moves one byte less than asked (at least one) */
long tw_fake_calls(const tw_fake *f); /* calls since the last fail/short/reset */
bool tw_fake_fired(const tw_fake *f);
const char *tw_fake_name(const tw_fake *f, long nth); /* of the nth call: "fdatasync" */
/* Replaces both clocks: frozen they stand there, else they run on from there. */
void tw_fake_clock(tw_fake *f, bool frozen, int64_t wall_ms, int64_t boot_ms);

/*
 * Power cuts. From tw_fake_record on, everything that goes through the seam and touches what is beneath the directory is kept.
 * A point is a place between two operations: 0 is before the first. What may be there after a cut at a point is:
 *
 *  - every operation that a later sync before the point covers: fsync or fdatasync of the file for its bytes and size, fsync
 *    of the *directory* for a name that came, went or moved in it;
 *  - of all the others any subset, a write perhaps torn (any subset of its 512-byte sectors) or only its length.
 *
 * Variant 0 has all of the others, variant 1 none. With few others (TW_FAKE_EXACT) the next ones are all their subsets, untorn;
 * every higher one is drawn, and the same for the same point and variant.
 */
#define TW_FAKE_EXACT 6
void tw_fake_record(tw_fake *f, const char *directory);
void tw_fake_mark(tw_fake *f, uint64_t acknowledged); /* from here on the test counts on this */
size_t tw_fake_points(const tw_fake *f);
uint64_t tw_fake_acked(const tw_fake *f, size_t point); /* the last mark before it */
size_t tw_fake_pending(const tw_fake *f, size_t point); /* operations that nothing had covered yet */
/* Makes `directory` (which it empties first) the state. IO. */
tw_err tw_fake_rebuild(const tw_fake *f, size_t point, unsigned variant, const char *directory);

/* The same for many states of one journal: what they share is made once, as long as points rise. */
typedef struct tw_state tw_state;
tw_state *tw_state_new(const tw_fake *f);
tw_state *tw_state_free(tw_state *s);
void tw_state_make(tw_state *s, size_t point, unsigned variant);
uint64_t tw_state_hash(tw_state *s); /* of names and content: equal for equal states, also of different points */
tw_err tw_state_write(const tw_state *s, const char *directory);

/*
 * Planted faults, in the journal alone. What the operation before a point is, is its kind: "fsync keys", "fdatasync log/N.twlog",
 * "rename log/spare"; "" for all others. A spoilt journal is one of a program that never called the syncs of this kind, or that
 * called each rename of this kind before the sync of what it renames; "" makes it whole again. Returns how many were spoilt.
 */
const char *tw_fake_kind(const tw_fake *f, size_t point);
size_t tw_fake_spoil(tw_fake *f, const char *kind);
#endif
