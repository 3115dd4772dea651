/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: which allocation fails (0: none). The rest: a file that a person wrote. Every node of what is accepted is visited. */
#include "base/yaml.h"
#include "base/text.h"
#include "sys/fake.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* The tree is at most 32 deep. */
static void visit(const tw_yaml *n)
{
	must(tw_yaml_line(n) > 0 && tw_yaml_column(n) > 0);
	if (tw_yaml_kind(n) == TW_YAML_TEXT)
		must(tw_utf8_valid(tw_slice_of(tw_yaml_text(n))));
	for (size_t i = 0; i < tw_yaml_count(n); i++) {
		must((tw_yaml_key(n, i) != NULL) == (tw_yaml_kind(n) == TW_YAML_MAP));
		if (tw_yaml_key(n, i))
			must(tw_yaml_find(n, tw_yaml_key(n, i)) == tw_yaml_item(n, i)); /* no key twice */
		visit(tw_yaml_item(n, i));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	tw_yaml *y = NULL;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	tw_fake_fail(f, data[0], ENOMEM, false);
	if (!tw_failed(tw_yaml_parse(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 }, 64 * 1024, &y)))
		visit(y);
	(void)tw_yaml_free(y);
	return 0;
}
