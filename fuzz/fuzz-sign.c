/* SPDX-License-Identifier: Apache-2.0 */
/* What app and the sign role say to one another, armor and gpg's status lines; the first byte chooses. What is read is written the same again; no line of
   gpg's makes a good signature of one that it does not name by its key. */
#include "base/mem.h"
#include "support/sign/gpg-status.h"
#include "support/sign/sign-wire.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY "38C906FE614D37714AF90DC74A6B5C18599214A2"
#define NOW 1795433952
#define MOST (16 + TW_SIGN_KEY_MAX + TW_SIGNATURE_MAX + TW_SIGN_WORDS_MAX + TW_SIGN_FINGERPRINT_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void same(struct tw_slice in, const struct tw_buf *b)
{
	must(b->size == in.size && memcmp(b->data, in.at, in.size) == 0);
}

static void job(struct tw_slice in, struct tw_buf *b)
{
	struct tw_sign_job j;

	if (tw_failed(tw_sign_job_read(in, &j)))
		return;
	must(j.kind < TW_SIGN_KINDS && tw_sign_fingerprint(j.fingerprint) && (j.kind == TW_SIGN_CHECK || j.signature.size == 0));
	must(!tw_failed(tw_sign_job_write(&j, b)));
	same(in, b);
}

static void done(struct tw_slice in, struct tw_buf *b)
{
	struct tw_sign_done d;

	if (tw_failed(tw_sign_done_read(in, &d)))
		return;
	must(d.end < TW_SIGN_ENDS && d.words.size <= TW_SIGN_WORDS_MAX && (d.end == TW_SIGN_GOOD || d.signature.size == 0));
	must(!tw_failed(tw_sign_done_write(&d, b)));
	same(in, b);
}

static bool says(struct tw_slice in, const char *word)
{
	return memmem(in.at, in.size, word, strlen(word)) != NULL;
}

/* Good is only what says so of this key, and of nothing else besides. */
static void status(struct tw_slice in)
{
	const bool good = !tw_failed(tw_gpg_status_check(in, TW_SLICE(KEY), NOW));

	must(!good || (says(in, "[GNUPG:] NEWSIG") && says(in, "[GNUPG:] GOODSIG ") && says(in, "[GNUPG:] VALIDSIG ") && says(in, KEY)));
	must(!good || !(says(in, "\n[GNUPG:] BADSIG ") || says(in, "\n[GNUPG:] REVKEYSIG ") || says(in, "\n[GNUPG:] EXPKEYSIG ")));
	must(!tw_gpg_status_made(in) || says(in, "[GNUPG:] SIG_CREATED"));
}

static void armor(struct tw_slice in)
{
	const bool signature = tw_signature_armored(in), key = tw_public_key_armored(in);

	must(!(signature && key) && (!signature || in.size <= TW_SIGNATURE_MAX));
	for (size_t i = 0; (signature || key) && i < in.size; i++)
		must(in.at[i] == '\n' || in.at[i] == '\r' || (in.at[i] >= ' ' && in.at[i] <= '~'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (!size)
		return 0;
	const struct tw_slice in = { (const char *)data + 1, size - 1 };
	tw_buf_init(&b, tw_sys_real(), MOST);
	if (*data == 'j')
		job(in, &b);
	else if (*data == 'd')
		done(in, &b);
	else if (*data == 's')
		status(in);
	else
		armor(in);
	return 0;
}
