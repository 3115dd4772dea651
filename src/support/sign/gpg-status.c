/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sign/gpg-status.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define FIELDS 10 /* of VALIDSIG, behind the keyword */
enum { SIGNER, DAY, MADE, ENDS, VERSION, RESERVED, ALGORITHM, DIGEST, CLASS, PRIMARY };

struct seen {
	unsigned begun, good, valid, made;
	const char *bad;
	struct tw_slice fields[FIELDS];
};

/* What makes a signature worthless, whatever else is said of it. */
static const struct {
	const char *keyword, *words;
} refusals[] = {
	{ "BADSIG", "it is over another text" },
	{ "ERRSIG", "it is of another key, or cannot be checked" },
	{ "EXPSIG", "it is expired" },
	{ "EXPKEYSIG", "its key is expired" },
	{ "REVKEYSIG", "its key is revoked" },
	{ "KEYREVOKED", "its key is revoked" },
	{ "FAILURE", "gpg failed" },
};

static struct tw_slice cut(struct tw_slice *rest, char end)
{
	const char *at = rest->size ? memchr(rest->at, end, rest->size) : NULL;
	struct tw_slice piece = { rest->at, at ? (size_t)(at - rest->at) : rest->size };

	rest->at += at ? piece.size + 1 : piece.size;
	rest->size -= at ? piece.size + 1 : piece.size;
	return piece;
}

static void take_valid(struct tw_slice rest, struct seen *s)
{
	s->valid++;
	for (size_t i = 0; i < FIELDS; i++)
		s->fields[i] = cut(&rest, ' ');
}

static void take_line(struct tw_slice line, struct seen *s)
{
	if (!tw_slice_is(cut(&line, ' '), "[GNUPG:]"))
		return;
	const struct tw_slice keyword = cut(&line, ' ');

	s->begun += tw_slice_is(keyword, "NEWSIG");
	s->good += tw_slice_is(keyword, "GOODSIG");
	s->made += tw_slice_is(keyword, "SIG_CREATED");
	if (tw_slice_is(keyword, "VALIDSIG"))
		take_valid(line, s);
	for (size_t i = 0; i < TW_COUNT(refusals) && !s->bad; i++)
		if (tw_slice_is(keyword, refusals[i].keyword))
			s->bad = refusals[i].words;
}

static struct seen look(struct tw_slice status)
{
	struct seen s = { .begun = 0 };

	while (status.size)
		take_line(cut(&status, '\n'), &s);
	return s;
}

/* RFC 9580 section 9.5: 1 is MD5, 2 SHA-1, 3 RIPEMD-160; section 5.2.1: 00 and 01 are over documents. */
static tw_err check_valid(const struct seen *s, struct tw_slice fingerprint, int64_t now_s)
{
	uint64_t digest = 0, made = 0;

	TW_TRY(tw_parse_u64(s->fields[DIGEST], 255, &digest));
	TW_TRY(tw_parse_u64(s->fields[MADE], INT64_MAX, &made));
	if (digest <= 3)
		return TW_RAISE(UNTRUSTED, "its digest no longer stands for one text: SHA-256 or longer does");
	if (!tw_slice_is(s->fields[CLASS], "00") && !tw_slice_is(s->fields[CLASS], "01"))
		return TW_RAISE(UNTRUSTED, "it is not over a document");
	if ((int64_t)made > now_s + TW_GPG_SIGNED_EARLY_S)
		return TW_RAISE(UNTRUSTED, "it is of the future");
	if (s->fields[PRIMARY].size != fingerprint.size || memcmp(s->fields[PRIMARY].at, fingerprint.at, fingerprint.size) != 0)
		return TW_RAISE(UNTRUSTED, "it is of another key than the registered one");
	return TW_OK;
}

tw_err tw_gpg_status_check(struct tw_slice status, struct tw_slice fingerprint, int64_t now_s)
{
	const struct seen s = look(status);

	if (s.bad)
		return TW_RAISE(UNTRUSTED, "%s", s.bad);
	if (s.begun != 1 || s.good != 1 || s.valid != 1)
		return TW_RAISE(UNTRUSTED, "there is not one good signature");
	return check_valid(&s, fingerprint, now_s);
}

bool tw_gpg_status_made(struct tw_slice status)
{
	const struct seen s = look(status);

	return s.made == 1 && !s.bad;
}
