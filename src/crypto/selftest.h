/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approved algorithms by name: what each gives for an example that its standard publishes, and how fast it is here.
 *
 * An algorithm is tried by the code that the device uses it through, in the role that uses it: the library's own test at its start
 * would say nothing of what lies between. What is tried costs less than a millisecond; a measurement takes TW_ALGORITHM_WINDOW_NS
 * of the processor's time twice, or two uses where one takes longer, and the better counts: whatever else runs makes an algorithm no slower.
 */
#ifndef TW_CRYPTO_SELFTEST_H
#define TW_CRYPTO_SELFTEST_H
#include "base/buf.h"
#include "base/err.h"

#define TW_ALGORITHM_WINDOW_NS 500000
#define TW_ALGORITHM_NAME_MAX 24
enum tw_algorithm_kind {
	TW_ALGORITHM_HASH,
	TW_ALGORITHM_DERIVE,
	TW_ALGORITHM_SEAL,
	TW_ALGORITHM_SIGN,
	TW_ALGORITHM_VERIFY,
	TW_ALGORITHM_KINDS
};
struct tw_algorithm_vector;
struct tw_algorithm {
	const char *name, *standard;
	enum tw_algorithm_kind kind;
	bool in_keys; /* the keys role uses it, and tries it */
	/* The published example, in hexadecimal digits; "" where the algorithm takes none. wanted: of SIGN the public point of key. */
	const char *key, *nonce, *aad, *data, *wanted;
	tw_err (*work)(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret);
};
extern const struct tw_algorithm tw_algorithms[]; /* ends with name NULL */
#define TW_ALGORITHMS 8

/* UNSUPPORTED: it is not approved. */
tw_err tw_algorithm_find(struct tw_slice name, const struct tw_algorithm **ret);
/* CRYPTO: the example does not come out, or something that differs from it by a bit passes for it. */
tw_err tw_algorithm_try(const struct tw_sys *sys, const struct tw_algorithm *row);
/* KiB a second of HASH and SEAL, uses a second of the others. */
tw_err tw_algorithm_rate(const struct tw_sys *sys, const struct tw_algorithm *row, uint64_t *ret);
#endif
