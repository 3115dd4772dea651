/* SPDX-License-Identifier: Apache-2.0 */
/* What the mail role is told and says, and its file: the first byte says which. What is read is written and read again the same. */
#include "base/text.h"
#include "support/mail/config.h"
#include "support/mail/mail-wire.h"
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

static void try_job(struct tw_slice s)
{
	struct tw_mail_job j;
	struct tw_buf b;

	if (tw_failed(tw_mail_job_read(s, &j)))
		return;
	must(j.kind < TW_MAIL_KINDS && tw_text_printable(j.to) && tw_text_printable(j.subject) && tw_text_printable(j.id) &&
		tw_text_printable(j.unsubscribe) && tw_text_printable(j.signature));
	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	must(!tw_failed(tw_mail_job_write(&j, &b)) && b.size == s.size && memcmp(b.data, s.at, s.size) == 0);
	tw_buf_done(&b);
}

static void try_done(struct tw_slice s)
{
	struct tw_mail_done d;
	struct tw_buf b;

	if (tw_failed(tw_mail_done_read(s, &d)))
		return;
	must(d.end < TW_MAIL_ENDS && tw_text_printable(d.words));
	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	must(!tw_failed(tw_mail_done_write(&d, &b)) && b.size == s.size && memcmp(b.data, s.at, s.size) == 0);
	tw_buf_done(&b);
}

static void try_config(struct tw_slice s)
{
	struct tw_mail_config c;
	struct tw_slice password;

	if (!tw_failed(tw_mail_config_parse(s, &c)) && c.server[0])
		must(c.port > 0 && c.port < 65536 && tw_mail_address_valid(tw_slice_of(c.from)) && tw_text_printable(tw_slice_of(c.name)) &&
			(c.tls != TW_MAIL_TLS_NONE || !strcmp(c.server, "localhost") || !strcmp(c.server, "127.0.0.1") ||
				!strcmp(c.server, "::1")));
	if (!tw_failed(tw_mail_password_parse(s, &password)))
		must(password.size > 0 && tw_text_printable(password));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void (*const tries[])(struct tw_slice s) = { try_job, try_done, try_config };

	if (size)
		tries[data[0] % 3]((struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
