/* SPDX-License-Identifier: Apache-2.0 */
/* roles.tab: what is accepted has different users for all who have a line, none of them root. */
#include "service/parent/tab.h"

#include <stdint.h>
#include <stdlib.h>

static const char *const words[] = { "core", "front", "keys", "application", "fetch", "scan", "hash", "watch", "firewall", "parts",
	"wifi", "cellular", "bluetooth" };
static const struct tw_tab_names names = { words, sizeof words / sizeof *words, 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_tab tab;

	if (tw_failed(tw_tab_parse((struct tw_slice){ (const char *)data, size }, &names, &tab)))
		return 0;
	for (size_t i = 0; i < names.count; i++) {
		if (i >= names.needed && tab.of[i].uid == 0 && tab.of[i].gid == 0)
			continue;
		if (tab.of[i].uid == 0 || tab.of[i].gid == 0 || tab.of[i].uid == (uid_t)-1 || tab.of[i].gid == (gid_t)-1)
			abort();
		for (size_t j = 0; j < i; j++)
			if (tab.of[i].uid == tab.of[j].uid)
				abort();
	}
	return 0;
}
