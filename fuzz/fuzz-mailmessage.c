/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: the input's lines, separated by \x01, are the fields. What is written is ASCII in short lines with the headers it should have and
   no other, and its text read back is the one given. */
#include "formats/mailmessage.h"
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

static struct tw_slice take(struct tw_slice *rest)
{
	const char *end = rest->size ? memchr(rest->at, 1, rest->size) : NULL;
	const struct tw_slice one = { rest->at, end ? (size_t)(end - rest->at) : rest->size };

	rest->at += one.size + (end ? 1 : 0);
	rest->size -= one.size + (end ? 1 : 0);
	return one;
}

/* Every line ends in CRLF, and nothing else is a line break or beyond ASCII. */
static void look_at_lines(struct tw_slice s)
{
	size_t column = 0;

	must(s.size > 2 && s.at[s.size - 1] == '\n');
	for (size_t i = 0; i < s.size; i++) {
		must((s.at[i] >= ' ' && s.at[i] <= '~') || strchr("\r\n\t", s.at[i]));
		must((s.at[i] == '\n') == (i > 0 && s.at[i - 1] == '\r'));
		must(s.at[i] != '.' || column > 0);
		column = s.at[i] == '\n' ? 0 : column + 1;
		must(column < 600);
	}
}

static size_t headers_of(struct tw_slice head)
{
	size_t count = 0;

	for (size_t i = 0; i < head.size; i++)
		count += (i == 0 || head.at[i - 1] == '\n') && head.at[i] != ' ';
	return count;
}

static unsigned hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static void look_at_text(struct tw_slice body, struct tw_slice want)
{
	size_t at = 0;

	for (size_t i = 0; i < body.size; i++) {
		char c = body.at[i];

		if (c == '=' && body.at[i + 1] == '\r') {
			i += 2;
			continue;
		}
		if (c == '=') {
			c = (char)(hex(body.at[i + 1]) << 4 | hex(body.at[i + 2]));
			i += 2;
		} else if (c == '\r') {
			continue;
		}
		must(at < want.size ? want.at[at] == c : c == '\n' && at == want.size && want.at[at - 1] != '\n');
		at++;
	}
	must(at >= want.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice rest = { (const char *)data, size };
	struct tw_mailmessage m = { .date_ms = 1790000000000 };
	struct tw_slice *const fields[] = { &m.from, &m.to, &m.name, &m.subject, &m.id, &m.unsubscribe };
	struct tw_buf b;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		*fields[i] = take(&rest);
	m.text = rest;
	tw_buf_init(&b, tw_sys_real(), TW_MAIL_MAX);
	if (!tw_failed(tw_mailmessage_write(&m, &b))) {
		const char *end = memmem(b.data, b.size, "\r\n\r\n", 4);

		look_at_lines(tw_buf_slice(&b));
		must(end != NULL);
		const struct tw_slice head = { b.data, (size_t)(end - b.data) + 2 }, body = { end + 4, b.size - head.size - 2 };
		must(headers_of(head) == (m.unsubscribe.size ? 11 : 9));
		look_at_text(body, m.text);
	} else {
		must(*tw_err_detail());
	}
	tw_buf_done(&b);
	return 0;
}
