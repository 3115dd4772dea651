/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories that others wrote: every component has a place and texts, and every statement in it a vulnerability and a place; what is refused
   leaves nothing behind. */
#include "base/json.h"
#include "formats/bom-follow.h"
#include "formats/bom-link.h"
#include "formats/bom.h"
#include "formats/vexread.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	if (!*s->vulnerability || *s->place != '/' || !s->purl || !s->cpe || !s->name || !s->version || !s->justification)
		abort();
	return TW_OK;
}

static tw_err on_link(void *user, const char *place, const char *link)
{
	struct tw_bom_link l;
	char ref[TW_BOM_REF_MAX + 1];

	if (*place != '/' || !tw_bom_is_link(link))
		abort();
	if (!tw_failed(tw_bom_link_parse(link, &l)))
		(void)tw_bom_link_ref(&l, ref);
	return TW_OK;
}

/* Every document that is referred to is the document itself. */
static tw_err on_reference(void *user, const char *name_space, const char *sha1, json_t **ret)
{
	*ret = json_incref(user);
	return TW_OK;
}

static void follow(json_t *document)
{
	json_t *all = NULL;
	struct tw_bom whole;

	if (tw_failed(tw_bom_follow(document, on_reference, document, &all))) {
		if (!*tw_err_detail() || all)
			abort();
		return;
	}
	if (!tw_failed(tw_bom_of(tw_sys_real(), all, &whole)))
		tw_bom_done(&whole);
	json_decref(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_bom i;

	tw_json_use(tw_sys_real());
	if (tw_failed(tw_bom_read(tw_sys_real(), (struct tw_slice){ (const char *)data, size }, &i))) {
		if (!*tw_err_detail() || i.document || i.of)
			abort();
		return 0;
	}
	for (size_t k = 0; k < i.count; k++) {
		struct tw_vuln_subject s;
		struct tw_buf b;

		tw_buf_init(&b, tw_sys_real(), 1024);
		if (tw_failed(tw_bom_place(&i, k, &b)) || b.size < 1 || !i.of[k].c.name || !i.of[k].c.version)
			abort();
		tw_buf_done(&b);
		if (!tw_failed(tw_vuln_subject_init(tw_sys_real(), &i.of[k].c, &s)))
			tw_vuln_subject_done(&s);
	}
	follow(i.document);
	if (tw_failed(tw_vex_bom(&i, NULL, on_statement, NULL)) && !*tw_err_detail())
		abort();
	if (tw_failed(tw_bom_links(tw_sys_real(), &i, on_link, NULL)))
		abort();
	tw_bom_done(&i);
	return 0;
}
