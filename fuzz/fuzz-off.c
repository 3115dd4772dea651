/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of interfaces that are to be off: what is read are the words of the text in their order, each found again; the loopback is never named in one. */
#include "service/firewall/off.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void look(struct tw_slice text, const struct tw_off *off)
{
	const char *at = text.at;

	must(off->count <= TW_OFF_MAX);
	for (size_t i = 0; i < off->count; i++) {
		const struct tw_off_word *w = &off->words[i];
		char name[64];

		must(w->kind <= TW_OFF_RADIO && w->name.at >= at && w->name.at + w->name.size <= text.at + text.size);
		at = w->name.at;
		must(w->any || w->kind != TW_OFF_LINK || !tw_slice_is(w->name, "lo"));
		if (w->any || w->name.size == 0 || w->name.size >= sizeof name)
			continue;
		(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(w->name));
		must(tw_off_has(off, w->kind, name));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice text = { (const char *)data, size };
	struct tw_off off;

	if (!tw_failed(tw_off_read(text, &off)))
		look(text, &off);
	return 0;
}
