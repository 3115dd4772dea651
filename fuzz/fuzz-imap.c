/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail server says, response by response; and what the role that takes mail says to app. Each response is whole and within what came, the literal
   has the size that its line says, and what is left is read on. */
#include "support/mail/collect-wire.h"
#include "support/mail/imap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LITERAL_MAX 64

static void must(bool good)
{
	if (!good)
		abort();
}

static bool within(struct tw_slice part, struct tw_slice all)
{
	return part.size == 0 || (part.at >= all.at && part.at + part.size <= all.at + all.size);
}

static void look(const struct tw_imap_response *r, struct tw_slice all)
{
	enum tw_imap_said said;
	uint32_t n = UINT32_MAX;

	must(r->size <= all.size && within(r->line, all) && within(r->literal, all) && within(r->end, all));
	must(r->literal.size <= LITERAL_MAX && r->line.at[r->line.size - 1] == '\n' && all.at[r->size - 1] == '\n');
	tw_ignore(tw_imap_said(r, "t1", &said));
	(void)tw_imap_code(r, "UIDNEXT", &n);
	n = UINT32_MAX;
	must(!tw_imap_found(r, 5, &n) || n > 5);
	(void)tw_imap_fetched(r, 7, &n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice rest = { (const char *)data, size };
	struct tw_imap_response r;
	struct tw_collected d;

	while (!tw_failed(tw_imap_response(rest, LITERAL_MAX, &r)) && r.size) {
		look(&r, rest);
		rest = (struct tw_slice){ rest.at + r.size, rest.size - r.size };
	}
	if (!tw_failed(tw_collected_read((struct tw_slice){ (const char *)data, size }, &d)))
		must(d.flags <= TW_COLLECT_FLAGS && d.text.size <= TW_MAILREAD_TEXT_MAX);
	return 0;
}
