/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the staff, for whoever may know: all of them, sorted and filtered by the address, and one. What is done with accounts is an administrator's,
   who is shown the forms. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/desk/desk.h"
#include "support/rows-desk.h"
#include "support/staff/passkeys.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 500

struct list {
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	struct person {
		struct tw_account account;
		struct tw_staff_factors factors;
	} * people; /* SHOWN */
	size_t count;
};
enum { ROLE, SORT };

static void list_done(struct list *l)
{
	free(l->people);
}

static const char *listed(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

static void read_query(struct list *l, const json_t *in)
{
	static const char *const roles[] = { "analyst", "manager", "publisher", TW_ROLE_ADMINISTRATOR, NULL },
				 *const sorts[] = { "name", "-name", "account", "-account", "login", "-login", NULL };

	l->q = (struct tw_desk_query){ TW_DESK_PEOPLE,
		{ [ROLE] = { "role", listed(tw_json_text(in, "role"), roles) }, [SORT] = { "sort", listed(tw_json_text(in, "sort"), sorts) } } };
}

static tw_err take(void *user, const struct tw_account *a)
{
	struct list *l = user;
	const char *role = l->q.pairs[ROLE].value;

	if (l->count < SHOWN && (!*role || tw_account_has(a->roles, role)))
		l->people[l->count++] = (struct person){ .account = *a };
	return TW_OK;
}

static int by_id(const void *a, const void *b)
{
	const int64_t one = ((const struct person *)a)->account.id, two = ((const struct person *)b)->account.id;

	return one < two ? -1 : one > two;
}

/* Accounts come by their ids, as they were taken. */
static tw_err take_factors(void *user, const struct tw_staff_factors *f)
{
	struct list *l = user;
	struct person *p = bsearch(&(struct person){ .account.id = f->account }, l->people, l->count, sizeof *l->people, by_id);

	if (p)
		p->factors = *f;
	return TW_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct person *)a)->account.name, ((const struct person *)b)->account.name);
}

static int by_login(const void *a, const void *b)
{
	const int64_t one = ((const struct person *)a)->account.login_ms, two = ((const struct person *)b)->account.login_ms;

	return one < two ? -1 : one > two ? 1 : by_id(a, b);
}

static void sort(struct list *l)
{
	const char *by = l->q.pairs[SORT].value;
	const bool down = *by == '-';

	by += down;
	qsort(l->people, l->count, sizeof *l->people, !strcmp(by, "name") ? by_name : !strcmp(by, "login") ? by_login : by_id);
	for (size_t i = 0; down && i < l->count / 2; i++) {
		const struct person other = l->people[i];

		l->people[i] = l->people[l->count - 1 - i];
		l->people[l->count - 1 - i] = other;
	}
}

static void write_state(struct tw_html *h, struct tw_look look, enum tw_account_state state)
{
	if (state == TW_ACCOUNT_ACTIVE)
		tw_desk_mark(h, "done", tw_word(TW_W_ACCOUNT_ACTIVE, look.language));
	else if (state == TW_ACCOUNT_SUSPENDED)
		tw_desk_mark(h, "late", tw_word(TW_W_ACCOUNT_LOCKED, look.language));
	else
		tw_desk_mark(h, "over", tw_word(TW_W_ACCOUNT_DISABLED, look.language));
}

static void write_login(struct tw_html *h, struct tw_look look, int64_t ms)
{
	if (ms)
		tw_page_time(h, ms);
	else
		tw_html_text(h, tw_slice_of(tw_word(TW_W_NEVER, look.language)));
}

/* By what somebody comes in: an authenticator's code beside the password, and passkeys. */
static void write_factors(struct tw_html *h, struct tw_look look, const struct tw_staff_factors *f)
{
	char text[80];

	if (!f->codes && !f->passkeys)
		tw_html_text(h, tw_slice_of(tw_word(TW_W_FACTOR_NONE, look.language)));
	if (f->codes)
		tw_html_text(h, tw_slice_of(tw_word(TW_W_FACTOR_CODES, look.language)));
	if (f->codes && f->passkeys)
		tw_html_text(h, TW_SLICE(", "));
	if (!f->passkeys)
		return;
	tw_page_counted(tw_word(TW_W_FACTOR_PASSKEYS, look.language), f->passkeys, text, sizeof text);
	tw_html_text(h, tw_slice_of(text));
}

static void write_account(struct list *l, const struct person *p)
{
	const struct tw_account *a = &p->account;
	char id[TW_ACCOUNT_ID_MAX + 2], path[TW_DESK_PATH_MAX];

	tw_account_id(a->id, id);
	(void)snprintf(path, sizeof path, TW_DESK_PEOPLE "/%s", id);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, a->name);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_ID);
	tw_html_text(&l->h, tw_slice_of(id));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_ROLE);
	tw_html_text(&l->h, tw_slice_of(tw_staff_role_word(a->roles, l->look)));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	write_state(&l->h, l->look, a->state);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_FACTORS);
	write_factors(&l->h, l->look, &p->factors);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_LOGIN);
	write_login(&l->h, l->look, a->login_ms);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void write_table(struct list *l)
{
	const char *now = *l->q.pairs[SORT].value ? l->q.pairs[SORT].value : "account";

	tw_desk_table(&l->h, l->look, TW_W_PEOPLE, false);
	tw_desk_sorted(&l->h, l->look, &l->q, "name", now, TW_W_COLUMN_NAME);
	tw_desk_sorted(&l->h, l->look, &l->q, "account", now, TW_W_COLUMN_ID);
	tw_desk_head(&l->h, l->look, TW_W_COLUMN_ROLE);
	tw_desk_head(&l->h, l->look, TW_W_STATE);
	tw_desk_head(&l->h, l->look, TW_W_COLUMN_FACTORS);
	tw_desk_sorted(&l->h, l->look, &l->q, "login", now, TW_W_COLUMN_LOGIN);
	tw_desk_rows(&l->h);
	for (size_t i = 0; i < l->count; i++)
		write_account(l, &l->people[i]);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

tw_err tw_desk_people(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice roles[] = { { "", TW_W_ROLE_ANY }, { "analyst", TW_W_ROLE_ANALYST }, { "manager", TW_W_ROLE_MANAGER },
		{ "publisher", TW_W_ROLE_PUBLISHER }, { TW_ROLE_ADMINISTRATOR, TW_W_ROLE_ADMINISTRATOR }, { .value = NULL } };
	TW_CLEANUP(list_done) struct list l = { .look = tw_look_of(rq), .people = c->sys->alloc(c->sys, SHOWN * sizeof *l.people) };
	char here[TW_DESK_PATH_MAX];

	if (!l.people)
		return TW_RAISE(NOMEM, "accounts");
	read_query(&l, rq->input);
	tw_desk_address(&l.q, here);
	TW_TRY(tw_account_each(c, 0, TW_ACCOUNTS_MAX, take, &l));
	TW_TRY(tw_staff_factors(c, 0, take_factors, &l));
	sort(&l);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_PEOPLE, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_PEOPLE, NULL);
	tw_desk_filters(&l.h, l.look, &l.q, ROLE, roles);
	if (l.count)
		write_table(&l);
	else
		tw_page_put(&l.h, l.look, TW_E_P, TW_W_PEOPLE_NONE);
	return tw_page_close(&l.h);
}

/* --- One --- */

static void write_facts(struct tw_html *h, struct tw_look look, const struct tw_account *a, const struct tw_staff_factors *of)
{
	const char *by = strchr(a->made_by, ':');

	tw_page_class(h, TW_E_DL, "facts");
	tw_desk_pair(h, look, TW_W_COLUMN_ROLE, tw_staff_role_word(a->roles, look));
	tw_page_put(h, look, TW_E_DT, TW_W_STATE);
	tw_html_open(h, TW_E_DD);
	write_state(h, look, a->state);
	tw_html_close(h);
	tw_page_put(h, look, TW_E_DT, TW_W_ACCOUNT_MADE);
	tw_html_open(h, TW_E_DD);
	tw_page_time(h, a->made_ms);
	tw_html_text(h, TW_SLICE(", "));
	tw_html_text(h, tw_slice_of(by ? by + 1 : a->made_by));
	tw_html_close(h);
	tw_page_put(h, look, TW_E_DT, TW_W_COLUMN_LOGIN);
	tw_html_open(h, TW_E_DD);
	write_login(h, look, a->login_ms);
	tw_html_close(h);
	tw_page_put(h, look, TW_E_DT, TW_W_COLUMN_FACTORS);
	tw_html_open(h, TW_E_DD);
	write_factors(h, look, of);
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_desk_one_of_people(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char id[TW_ACCOUNT_ID_MAX + 2], here[TW_DESK_PATH_MAX], title[TW_DESK_NAME_MAX];
	struct tw_staff_factors factors;
	struct tw_account a;
	struct tw_html h;

	TW_TRY(tw_staff_wanted(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_staff_factors_of(c, a.id, &factors));
	tw_account_id(a.id, id);
	TW_TRY(tw_account_json(&a, &doc));
	TW_TRY(tw_json_set(doc, "id", json_string(id)));
	(void)snprintf(here, sizeof here, TW_DESK_PEOPLE "/%s", id);
	(void)snprintf(title, sizeof title, "%s (%s)", a.name, id);
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&h, rq, look);
	write_facts(&h, look, &a, &factors);
	tw_desk_actions(c, rq, &h, TW_ABOUT_ACCOUNT, doc);
	return tw_page_close(&h);
}

/* The invitation stands here and nowhere else, and is never shown again. */
tw_err tw_desk_invited(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	const struct tw_staff_frame f = { c, rq, TW_DESK_PEOPLE, tw_word(TW_W_INVITED, look.language) };
	TW_CLEANUP(tw_jsonp) json_t *body = rp->body;
	char path[TW_DESK_PATH_MAX];
	struct tw_html h;

	rp->body = NULL;
	rp->status = 200;
	rp->location[0] = '\0';
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_page_put(&h, look, TW_E_P, TW_W_INVITED_LEAD);
	tw_page_class(&h, TW_E_P, "receipt");
	tw_html_put(&h, TW_E_CODE, tw_json_text(body, "code"));
	tw_html_close(&h);
	tw_page_put(&h, look, TW_E_P, TW_W_INVITED_HOW);
	(void)snprintf(path, sizeof path, TW_DESK_PEOPLE "/%.24s", tw_json_text(body, "account"));
	tw_html_open(&h, TW_E_P);
	tw_page_link_text(&h, look, path, tw_json_text(body, "account"));
	tw_html_close(&h);
	return tw_page_close(&h);
}
