/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration, a Makefile that stands in every folder, and a file to ask about, a NUL between them; then the first as a list of files. */
#include "formats/kbuild.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tw_slice take(struct tw_slice *s)
{
	const char *end = s->size ? memchr(s->at, '\0', s->size) : NULL;
	struct tw_slice one = { s->at, end ? (size_t)(end - s->at) : s->size };

	*s = (struct tw_slice){ s->at + one.size + !!end, s->size - one.size - !!end };
	return one;
}

static tw_err makefile(void *user, const char *dir, struct tw_buf *ret)
{
	const struct tw_slice *text = user;

	return *dir == 'n' ? TW_RAISE(NOTFOUND, "none") : tw_buf_add(ret, text->at, text->size);
}

static void ask(struct tw_built *b, struct tw_slice file)
{
	char name[2000], why[TW_DETAIL_MAX];
	enum tw_compiled got;

	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(file));
	if (!tw_failed(tw_built_ask(tw_sys_real(), b, name, &got, why)) && (got == TW_COMPILED_NOT) != (*why != '\0'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice rest = { (const char *)data, size }, first = take(&rest), text = take(&rest), file = take(&rest);
	struct tw_built b = { .makefile = makefile, .user = &text };

	tw_json_use(tw_sys_real());
	if (!tw_failed(tw_built_config(first, &b)))
		ask(&b, file);
	tw_built_done(&b);
	if (!tw_failed(tw_built_files(first, &b)))
		ask(&b, file);
	tw_built_done(&b);
	return 0;
}
