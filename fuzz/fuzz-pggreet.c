/* SPDX-License-Identifier: Apache-2.0 */
/* What a PostgreSQL of the network says before it has let us in, message by message, and what SCRAM makes of it. The first byte chooses who speaks. */
#include "base/mem.h"
#include "support/line/greet.h"
#include "support/line/scram.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Nobody proves anything to us without the password: a server's last word holds for none that was not computed here. */
static void answer(struct tw_slice said)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_scram s = { .sys = tw_sys_real(), .header = TW_SCRAM_BINDING, .nonce = "abcdefghijkl" };

	tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
	must(tw_failed(tw_scram_judge(&s, said)));
	if (!tw_failed(tw_scram_answer(&s, said, TW_SLICE("p"), TW_SLICE("b"), &b)))
		must(b.size > 0 && tw_failed(tw_scram_judge(&s, said)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice rest = { (const char *)data + 1, size ? size - 1 : 0 };
	struct tw_greet g;
	size_t whole = 0;

	if (!size)
		return 0;
	if (data[0] == 'c') {
		if (!tw_failed(tw_greet_client(rest, &whole)))
			must(whole <= rest.size);
		return 0;
	}
	while (!tw_failed(tw_greet_read(rest, &g, &whole)) && whole) {
		must(whole <= rest.size && (!g.data.size || (g.data.at >= rest.at && g.data.at + g.data.size <= rest.at + whole)));
		if (g.kind == TW_GREET_CHALLENGE || g.kind == TW_GREET_FINAL)
			answer(g.data);
		rest = (struct tw_slice){ rest.at + whole, rest.size - whole };
	}
	return 0;
}
