/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of the cellular role's wire: the first byte chooses. What is accepted is printable, and is written as it came. */
#include "base/text.h"
#include "service/firewall/cellular-wire.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_plain(const char *text, size_t max)
{
	if (strnlen(text, max + 1) > max || !tw_text_printable(tw_slice_of(text)))
		abort();
}

static void want_state(const struct tw_cellular_state *s, struct tw_slice came)
{
	struct tw_buf b;

	want_plain(s->state, sizeof s->state - 1);
	want_plain(s->network, sizeof s->network - 1);
	want_plain(s->code, sizeof s->code - 1);
	want_plain(s->why, sizeof s->why - 1);
	tw_buf_init(&b, tw_sys_real(), 1024);
	if (tw_failed(tw_cellular_state_write(s, &b)) || b.size != came.size || memcmp(b.data, came.at, b.size) != 0)
		abort();
	tw_buf_done(&b);
}

static void want_wish(const struct tw_cellular_wish *w, struct tw_slice came)
{
	struct tw_buf b;

	if (w->pin.size && tw_failed(tw_cellular_pin_check(w->pin)))
		abort();
	tw_buf_init(&b, tw_sys_real(), 64);
	if (tw_failed(tw_cellular_wish_write(w, &b)) || b.size != came.size || memcmp(b.data, came.at, b.size) != 0)
		abort();
	tw_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_cellular_state state;
	struct tw_cellular_wish wish;

	if (!size)
		return 0;
	const struct tw_slice s = { (const char *)data + 1, size - 1 };
	if (data[0] == 's' && !tw_failed(tw_cellular_state_read(s, &state)))
		want_state(&state, s);
	if (data[0] == 'w' && !tw_failed(tw_cellular_wish_read(s, &wish)))
		want_wish(&wish, s);
	return 0;
}
