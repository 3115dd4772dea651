/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What touches secrets, run under valgrind with the secrets marked undefined: a branch or an address that depends on one is
 * reported (the ctgrind method). `ct WHAT` does one thing; "leaky" is a comparison as one should not write it, to show that the
 * method sees it.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/takeover.h"
#include "sys/real.h"

#include <valgrind/memcheck.h>

static void secret(void *at, size_t size)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(at, size);
}

/* The answer itself is no secret: whoever asked sees it. */
static bool public(bool answer)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(&answer, sizeof answer);
	return answer;
}

static bool equal(bool same)
{
	uint8_t a[32] = { 1 }, b[32] = { 1 };
	b[31] = same ? 0 : 1;
	secret(a, sizeof a);
	return public(tw_equal_secret(a, b, sizeof a)) == same;
}

static __attribute__((noinline)) bool leaky_equal(const volatile uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool leaky(void)
{
	uint8_t a[32] = { 1 }, b[32] = { 1 };
	secret(a, sizeof a);
	return public(leaky_equal(a, b, sizeof a));
}

/* As the keys role and core do it between them: the proof under the label's secret, and its comparison. */
static bool takeover(bool right)
{
	struct tw_takeover t = { .challenge = { 7 } };
	uint8_t label[TW_TAKEOVER_SECRET] = { 3 }, want[32], sent[32];
	if (tw_failed(tw_takeover_proof(&t, label, sent)))
		return false;
	sent[0] = (uint8_t)(sent[0] ^ (right ? 0 : 1));
	secret(label, sizeof label);
	if (tw_failed(tw_takeover_proof(&t, label, want)))
		return false;
	return public(tw_equal_secret(want, sent, sizeof want)) == right;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool ok = false;
	tw_crypto_use(tw_sys_real());
	if (strcmp(what, "equal") == 0)
		ok = equal(true) && equal(false);
	else if (strcmp(what, "takeover") == 0)
		ok = takeover(true) && takeover(false);
	else if (strcmp(what, "leaky") == 0)
		ok = leaky();
	return ok ? 0 : 1;
}
