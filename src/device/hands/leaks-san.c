/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of builds with sanitizers only: a boxed process may not trace itself, which is how leaks are looked for at the end. The unit
 * tests and the fault sweep, which run the same code unboxed, look for them.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
