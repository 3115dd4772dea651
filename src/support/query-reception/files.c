/* SPDX-License-Identifier: Apache-2.0 */
/* Files that reporters send with a report or add to it, and what they see of them: that they arrived. Nobody gets one back by a receipt. */
#include "base/mem.h"
#include "support/attachments/attachments.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/reception.h"

static enum tw_word word_of(enum tw_attached said)
{
	static const enum tw_word words[] = {
		[TW_ATTACHED] = TW_WORDS, [TW_ATTACHED_MANY] = TW_W_FILES_MANY, [TW_ATTACHED_LARGE] = TW_W_FILES_LARGE, [TW_ATTACHED_FULL] = TW_W_FILES_FULL
	};

	return words[said];
}

enum tw_word tw_reception_files_fault(const struct tw_request *rq)
{
	return rq->files_over ? TW_W_FILES_MANY : TW_WORDS;
}

static void take(const struct tw_request *rq, struct tw_attachment ret[TW_UPLOADS_MAX])
{
	for (size_t i = 0; i < rq->file_count; i++)
		ret[i] = (struct tw_attachment){ rq->files[i].name, rq->files[i].type, rq->files[i].bytes };
}

tw_err tw_reception_files_add(struct tw_context *c, const struct tw_request *rq, int64_t report, enum tw_word *ret_fault)
{
	const struct tw_attachments a = tw_attachments_of(c);
	struct tw_attachment files[TW_UPLOADS_MAX];
	enum tw_attached said;

	*ret_fault = tw_reception_files_fault(rq);
	if (*ret_fault != TW_WORDS)
		return TW_OK;
	take(rq, files);
	TW_TRY(tw_attachments_add(&a, report, files, rq->file_count, tw_time_wall_ms(c->time), &said));
	*ret_fault = word_of(said);
	tw_app_of(c)->files_changed = true;
	return TW_OK;
}

tw_err tw_reception_files_beside(tw_store *s, void *user, int64_t report)
{
	struct tw_reception_files *f = user;
	const struct tw_attachments a = tw_attachments_of(f->c);
	struct tw_attachment files[TW_UPLOADS_MAX];
	enum tw_attached said;

	take(f->rq, files);
	TW_TRY(tw_attachments_put(&a, report, files, f->rq->file_count, tw_time_wall_ms(f->c->time), &said));
	f->fault = word_of(said);
	tw_app_of(f->c)->files_changed = tw_app_of(f->c)->files_changed || f->rq->file_count > 0;
	return said == TW_ATTACHED ? TW_OK : TW_RAISE(STATE, "the report takes no such files");
}

/* --- What arrived --- */

struct list {
	struct tw_html *h;
	struct tw_look look;
	size_t count;
};

static tw_err show(void *user, const struct tw_attachment_about *about)
{
	struct list *l = user;
	char size[40];

	if (l->count++ == 0) {
		tw_page_put(l->h, l->look, TW_E_H2, TW_W_FILES);
		tw_page_put(l->h, l->look, TW_E_P, TW_W_FILES_ARRIVED);
		tw_html_open(l->h, TW_E_UL);
	}
	(void)snprintf(size, sizeof size, ", %llu Byte, ", (unsigned long long)about->size);
	tw_html_open(l->h, TW_E_LI);
	tw_html_put(l->h, TW_E_STRONG, about->name);
	tw_html_text(l->h, tw_slice_of(size));
	tw_html_put(l->h, TW_E_CODE, about->sha256);
	tw_html_close(l->h);
	return TW_OK;
}

tw_err tw_reception_files_list(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t report)
{
	const struct tw_attachments a = tw_attachments_of(c);
	struct list l = { h, look, 0 };

	TW_TRY(tw_attachments_list(&a, report, show, &l));
	if (l.count)
		tw_html_close(h);
	return TW_OK;
}
