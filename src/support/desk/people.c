/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the staff, for whoever may know; what is done with accounts is an administrator's, who is shown the forms. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/desk/desk.h"
#include "support/rows-desk.h"

#include <string.h>

#define SHOWN 500

struct list {
	struct tw_html h;
	struct tw_look look;
	size_t rows;
};

static tw_err write_account(void *user, const struct tw_account *a)
{
	struct list *l = user;
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(a->id, id);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, tw_slice_of(a->name));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_ID);
	tw_html_text(&l->h, tw_slice_of(id));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_ROLE);
	tw_html_text(&l->h, tw_slice_of(tw_staff_role_word(a->roles, l->look)));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	if (a->state == TW_ACCOUNT_ACTIVE)
		tw_desk_mark(&l->h, "done", tw_word(TW_W_ACCOUNT_ACTIVE, l->look.language));
	else
		tw_desk_mark(&l->h, "over", tw_word(TW_W_ACCOUNT_DISABLED, l->look.language));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_LOGIN);
	if (a->login_ms)
		tw_page_time(&l->h, a->login_ms);
	else
		tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_NEVER, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	return TW_OK;
}

tw_err tw_desk_people(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NAME, TW_W_COLUMN_ID, TW_W_COLUMN_ROLE, TW_W_STATE, TW_W_COLUMN_LOGIN };
	struct list l = { .look = tw_look_of(rq) };
	const struct tw_staff_frame f = { c, rq, TW_DESK_PEOPLE, tw_word(TW_W_PEOPLE, l.look.language) };

	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_table(&l.h, l.look, TW_W_PEOPLE, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&l.h, l.look, columns[i]);
	tw_desk_rows(&l.h);
	TW_TRY(tw_account_each(c, 0, SHOWN, write_account, &l));
	tw_html_close(&l.h);
	tw_html_close(&l.h);
	return tw_page_close(&l.h);
}
