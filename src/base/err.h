/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One type for everything that can fail.
 *
 * A one-field struct, so that `if (f())` does not compile and an error can never be taken for a number or a boolean; it costs
 * what an int costs. A function that fails raises once, at the place that knows why; everybody above passes the error on
 * unchanged with TW_TRY. The place, and one line of detail, are kept per thread: read them at the top, at once.
 *
 * A function's comment names the one to three codes its caller may act on; every other code goes up untouched.
 */
#ifndef TW_BASE_ERR_H
#define TW_BASE_ERR_H

#include <stdbool.h>

/* Code, then the words a person reads when no better detail exists. */
#define TW_ERROR_LIST(X)                                           \
	X(NOMEM, "out of memory")                                  \
	X(IO, "the system refused an input or output operation")   \
	X(SYNTAX, "the input is not well formed")                  \
	X(LIMIT, "a limit was exceeded")                           \
	X(NOTFOUND, "no such thing")                               \
	X(EXISTS, "it exists already")                             \
	X(STATE, "not possible in the present state")              \
	X(DENIED, "not permitted")                                 \
	X(UNTRUSTED, "a signature, seal or chain does not verify") \
	X(CRYPTO, "a cryptographic operation failed")              \
	X(TIMEOUT, "no answer in time")                            \
	X(CLOSED, "the other side has gone")                       \
	X(UNSUPPORTED, "not supported here")                       \
	X(INTERNAL, "a fault of ours")

enum tw_code {
	TW_CODE_OK = 0,
#define TW_CODE_ENUM(name, text) TW_CODE_##name,
	TW_ERROR_LIST(TW_CODE_ENUM)
#undef TW_CODE_ENUM
};

/*
 * Ignoring an error is a compiler's error, with both compilers: clang reads the GNU attribute on a type, gcc only the standard
 * one (which it takes in gnu17 too). On the type, no prototype can forget it. tw_ignore() says that it is meant.
 */
#if defined(__clang__)
#define TW_MUST_USE __attribute__((warn_unused_result))
#else
#define TW_MUST_USE [[nodiscard]]
#endif

typedef struct TW_MUST_USE {
	enum tw_code code;
} tw_err;

#define TW_OK ((tw_err){ TW_CODE_OK })
#define TW_DETAIL_MAX 256 /* one line for a person; longer texts are cut, never allocated */

/* Raises: remembers place and detail for this thread, returns the error. Use TW_RAISE(LIMIT, "manifest has %zu bytes", n). */
#define TW_RAISE(name, ...) tw_raise(TW_CODE_##name, __func__, __LINE__, __VA_ARGS__)
/* The same for a failed system call: code IO (NOMEM for ENOMEM, LIMIT for ENOSPC, EDQUOT, EMFILE, ENFILE), errno's words appended. */
#define TW_RAISE_ERRNO(...) tw_sure(tw_raise_errno(__func__, __LINE__, __VA_ARGS__))

#define TW_TRY(expression)                      \
	do {                                    \
		tw_err tw_try_ = (expression);  \
		if (tw_try_.code != TW_CODE_OK) \
			return tw_try_;         \
	} while (0)

static inline bool tw_failed(tw_err e)
{
	return e.code != TW_CODE_OK;
}

static inline bool tw_is(tw_err e, enum tw_code code)
{
	return e.code == code;
}

/* Tells the compiler that a raise never returns OK; else gcc warns of out-parameters that only a success sets. */
static inline tw_err tw_sure(tw_err e)
{
	if (e.code == TW_CODE_OK)
		__builtin_unreachable();
	return e;
}

/* For a failure that is handled on the spot, or cannot be helped (closing on the way out): says so, and satisfies the compiler. */
static inline void tw_ignore(tw_err e)
{
	(void)e;
}

tw_err tw_raise(enum tw_code code, const char *function, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));
tw_err tw_raise_errno(const char *function, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Whoever calls it directly passes on an error too. */
#define tw_raise(...) tw_sure((tw_raise)(__VA_ARGS__))

/* The same failure, with what it is about before its words: "FILE: why". OK stays OK. */
tw_err tw_err_named(const char *what, tw_err e);

const char *tw_code_name(enum tw_code code); /* "LIMIT" */
const char *tw_code_text(enum tw_code code); /* "a limit was exceeded" */
const char *tw_err_detail(void);             /* of the last raise in this thread; "" if none */
const char *tw_err_place(void);              /* "tw_manifest_parse:41" */

#endif
