/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/receipt.h"

#include "crypto/hash.h"

#include <string.h>

#define RANDOM 26
#define GROUP 4
#define PURPOSE "thingward receipt 1"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* 0..31; -1: no letter of the alphabet. */
static int value_of(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		return 1;
	if (c == 'O')
		return 0;
	at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

/* The hash of the random letters is what is stored; of another hash come the two that check. */
static tw_err finish(char letters[TW_RECEIPT_LETTERS], struct tw_receipt *ret)
{
	struct tw_slice parts[] = { TW_SLICE(PURPOSE), { letters, RANDOM } };
	uint8_t check[TW_SHA256_SIZE];
	size_t n = 0;

	TW_TRY(tw_sha256_of(parts, 2, ret->hash));
	TW_TRY(tw_sha256(letters, RANDOM, check));
	letters[RANDOM] = alphabet[check[0] & 31];
	letters[RANDOM + 1] = alphabet[check[1] & 31];
	for (size_t i = 0; i < TW_RECEIPT_LETTERS; i++) {
		if (i && i % GROUP == 0)
			ret->text[n++] = '-';
		ret->text[n++] = letters[i];
	}
	ret->text[n] = '\0';
	return TW_OK;
}

/* One byte a letter: its upper three bits are not used. */
tw_err tw_receipt_make(const struct tw_sys *sys, struct tw_receipt *ret)
{
	uint8_t bytes[RANDOM];
	char letters[TW_RECEIPT_LETTERS];

	if (sys->random(sys, bytes, sizeof bytes) < 0)
		return TW_RAISE(IO, "no random numbers");
	for (size_t i = 0; i < RANDOM; i++)
		letters[i] = alphabet[bytes[i] & 31];
	return finish(letters, ret);
}

tw_err tw_receipt_parse(struct tw_slice text, struct tw_receipt *ret)
{
	char letters[TW_RECEIPT_LETTERS], check[2];
	size_t n = 0;

	for (size_t i = 0; i < text.size; i++) {
		int value = value_of(text.at[i]);

		if (text.at[i] == '-' || text.at[i] == ' ')
			continue;
		if (value < 0 || n == TW_RECEIPT_LETTERS)
			return TW_RAISE(SYNTAX, "no receipt");
		letters[n++] = alphabet[value];
	}
	if (n != TW_RECEIPT_LETTERS)
		return TW_RAISE(SYNTAX, "a receipt has %d letters, not %zu", TW_RECEIPT_LETTERS, n);
	memcpy(check, letters + RANDOM, sizeof check);
	TW_TRY(finish(letters, ret));
	if (memcmp(check, letters + RANDOM, sizeof check) != 0) /* anybody can compute it: no secret */
		return TW_RAISE(SYNTAX, "the receipt's check does not fit");
	return TW_OK;
}
