/* SPDX-License-Identifier: Apache-2.0 */
/* Mail of strangers: whatever it is, it is read, and what comes of it is UTF-8 without control characters, one line where one is wanted, and no address
   that is none. Read a second time it is the same. */
#include "base/text.h"
#include "formats/mailread.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void look(const struct tw_mailread *m)
{
	const struct tw_slice text = tw_buf_slice(&m->text), from = tw_slice_of(m->from);

	must(text.size <= TW_MAILREAD_TEXT_MAX && tw_utf8_valid(text));
	for (size_t i = 0; i < text.size; i++)
		must((unsigned char)text.at[i] >= ' ' || text.at[i] == '\n' || text.at[i] == '\t');
	must(m->subject[0] == '\0' || tw_text_printable(tw_slice_of(m->subject)));
	must(m->id[0] == '\0' || tw_text_printable(tw_slice_of(m->id)));
	must(from.size == 0 || tw_mail_address_valid(from));
	must(m->kind < TW_MAILREAD_KINDS && (!m->sealed || text.size == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice in = { (const char *)data, size };
	struct tw_mailread one, two;

	must(!tw_failed(tw_mailread(tw_sys_real(), in, &one)));
	must(!tw_failed(tw_mailread(tw_sys_real(), in, &two)));
	look(&one);
	must(one.kind == two.kind && one.sealed == two.sealed && !strcmp(one.from, two.from) && !strcmp(one.subject, two.subject));
	must(one.text.size == two.text.size && (one.text.size == 0 || !memcmp(one.text.data, two.text.data, one.text.size)));
	tw_mailread_done(&one);
	tw_mailread_done(&two);
	return 0;
}
