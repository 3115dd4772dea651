/* SPDX-License-Identifier: Apache-2.0 */
/* Mail of strangers: whatever it is, it is read, and what comes of it is UTF-8 without control characters, one line where one is wanted, and no address
   that is none. Read a second time it is the same, and what the role that takes mail says of it, app reads as it was said. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/mailread.h"
#include "support/mail/collect-wire.h"
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

static bool same(struct tw_slice a, struct tw_slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* As mail-role.c says it, and app hears it. */
static void cross(const struct tw_mailread *m, uint32_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_collected said = { .end = TW_COLLECT_MESSAGE,
		.validity = 1,
		.uid = 2,
		.kind = m->kind,
		.flags = (m->sealed ? TW_COLLECT_SEALED : 0u) | (m->cut ? TW_COLLECT_CUT : 0u) | (m->lossy ? TW_COLLECT_LOSSY : 0u),
		.files = m->files,
		.size = size,
		.words = TW_SLICE(""),
		.address = TW_SLICE("psirt@example.com"),
		.from = tw_slice_of(m->from),
		.id = tw_slice_of(m->id),
		.subject = tw_slice_of(m->subject),
		.text = tw_buf_slice(&m->text) };
	struct tw_collected heard;

	tw_buf_init(&b, tw_sys_real(), TW_COLLECTED_MAX);
	must(!tw_failed(tw_collected_write(&said, &b)) && !tw_failed(tw_collected_read(tw_buf_slice(&b), &heard)));
	must(heard.end == said.end && heard.kind == said.kind && heard.flags == said.flags && heard.files == said.files &&
		heard.size == said.size);
	must(same(heard.from, said.from) && same(heard.id, said.id) && same(heard.subject, said.subject) && same(heard.text, said.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice in = { (const char *)data, size };
	struct tw_mailread one, two;

	must(!tw_failed(tw_mailread(tw_sys_real(), in, &one)));
	must(!tw_failed(tw_mailread(tw_sys_real(), in, &two)));
	look(&one);
	if (size)
		cross(&one, (uint32_t)size);
	must(one.kind == two.kind && one.sealed == two.sealed && !strcmp(one.from, two.from) && !strcmp(one.subject, two.subject));
	must(one.text.size == two.text.size && (one.text.size == 0 || !memcmp(one.text.data, two.text.data, one.text.size)));
	tw_mailread_done(&one);
	tw_mailread_done(&two);
	return 0;
}
