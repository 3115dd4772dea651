/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that write into the middle of something. */
#ifndef TW_TEST_LAY_H
#define TW_TEST_LAY_H

/* The bytes of a text over what is at that place, and no NUL behind them. */
static inline void lay_text(void *at, const char *text)
{
	for (char *to = at; *text; text++)
		*to++ = *text;
}

#endif
