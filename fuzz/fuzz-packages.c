/* SPDX-License-Identifier: Apache-2.0 */
/* Package databases; the first byte chooses whose. What is accepted is sorted, whole and of its form, and so is what needs what. */
#include "base/text.h"
#include "formats/packages.h"
#include "signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct tw_package_system *system, const struct tw_packages *all, size_t i)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
	const struct tw_package *p = &all->of[i], *needed;
	size_t at = 0;

	fuzz_must(p->name.size && p->version.size && p->architecture.size && p->name.size <= TW_PACKAGE_NAME_MAX);
	fuzz_must(i == 0 || tw_package_compare(p - 1, p) < 0);
	tw_buf_init(&purl, tw_sys_real(), 2048);
	fuzz_must(!tw_failed(tw_package_purl(system, p, &purl)));
	fuzz_must(tw_text_printable(tw_buf_slice(&purl)) && !memchr(purl.data, ' ', purl.size));
	while ((needed = tw_packages_needs(all, p, &at)))
		fuzz_must(needed != p && needed >= all->of && needed < all->of + all->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "debian", "ubuntu", "opkg", "alpine" };
	TW_CLEANUP(tw_packages_done) struct tw_packages all = { 0 };

	if (size < 1)
		return 0;
	const struct tw_package_system *system = tw_package_system(words[data[0] % TW_COUNT(words)]);
	if (tw_failed(tw_packages_read(tw_sys_real(), system, (struct tw_slice){ (const char *)data + 1, size - 1 }, &all)))
		return 0;
	for (size_t i = 0; i < all.count; i++)
		look_at(system, &all, i);
	return 0;
}
