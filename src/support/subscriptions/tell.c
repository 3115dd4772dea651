/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/range.h"
#include "support/sql-support.h"
#include "support/subscriptions/subscription.h"

#include <string.h>

static const char *const kinds[] = { "advisory", "update", "maintenance", "end-of-support", "change" };
static const char *const severities[] = { "", "low", "medium", "high", "critical" };

const char *tw_notice_kind_name(enum tw_notice_kind k)
{
	return kinds[k];
}

const char *tw_notice_severity_name(enum tw_notice_severity s)
{
	return severities[s];
}

bool tw_notice_kind_find(const char *name, enum tw_notice_kind *ret)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strcmp(kinds[i], name)) {
			*ret = (enum tw_notice_kind)i;
			return true;
		}
	return false;
}

bool tw_notice_severity_find(const char *name, enum tw_notice_severity *ret)
{
	for (size_t i = 0; i < TW_COUNT(severities); i++)
		if (!strcmp(severities[i], name)) {
			*ret = (enum tw_notice_severity)i;
			return true;
		}
	return false;
}

/* --- What is told --- */

static bool lines(const char *text)
{
	for (const char *c = text; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
			return false;
	return tw_utf8_valid(tw_slice_of(text));
}

static bool fits(const char *text, size_t most)
{
	return strlen(text) <= most && tw_text_printable(tw_slice_of(text));
}

static tw_err check(const struct tw_notice *n)
{
	const char *text = n->text ? n->text : "", *link = n->link ? n->link : "";

	if (!*n->id || !fits(n->id, TW_NOTICE_ID_MAX))
		return TW_RAISE(SYNTAX, "notice: its id is one line of 1 to %d bytes", TW_NOTICE_ID_MAX);
	if (!*n->title || !fits(n->title, TW_NOTICE_TITLE_MAX))
		return TW_RAISE(SYNTAX, "notice: its title is one line of 1 to %d bytes", TW_NOTICE_TITLE_MAX);
	if (strlen(text) > TW_NOTICE_TEXT_MAX || !lines(text))
		return TW_RAISE(SYNTAX, "notice: its text is UTF-8 of at most %d bytes", TW_NOTICE_TEXT_MAX);
	if (*link && (strlen(link) > TW_NOTICE_LINK_MAX || !tw_outbox_url_valid(tw_slice_of(link))))
		return TW_RAISE(SYNTAX, "notice: its link is no https address");
	if (n->product_count > TW_NOTICE_PRODUCTS_MAX)
		return TW_RAISE(SYNTAX, "notice: more than %d products", TW_NOTICE_PRODUCTS_MAX);
	for (size_t i = 0; i < n->product_count; i++)
		if (!fits(n->products[i].name, TW_NOTICE_ID_MAX) ||
			!fits(n->products[i].versions ? n->products[i].versions : "", TW_NOTICE_VERSIONS_MAX))
			return TW_RAISE(SYNTAX, "notice: product %zu is no name with a range of versions", i + 1);
	return TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err add_product(struct tw_store *s, int64_t notice, const struct tw_notice_product *p)
{
	const struct tw_value v[] = { TW_V_INT(notice), TW_V_TEXT(p->name), TW_V_TEXT(p->versions ? p->versions : "") };

	return tw_store_run(s, tw_sql_notice_product_add, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_subscriptions_tell(struct tw_store *s, const struct tw_notice *n, int64_t now_ms)
{
	static const struct tw_notice_product all = { "", "" };
	int64_t number = 0;

	TW_TRY(check(n));
	const struct tw_value v[] = { TW_V_TEXT(n->id), TW_V_INT(n->kind), TW_V_INT(n->severity), TW_V_TEXT(n->title),
		TW_V_TEXT(n->text ? n->text : ""), TW_V_TEXT(n->link ? n->link : ""), TW_V_INT(now_ms) };
	TW_TRY(tw_store_run(s, tw_sql_notice_add, v, TW_COUNT(v), take_number, &number));
	if (!number)
		return TW_OK; /* it is told already */
	if (!n->product_count)
		return add_product(s, number, &all);
	for (size_t i = 0; i < n->product_count; i++)
		TW_TRY(add_product(s, number, &n->products[i]));
	return TW_OK;
}

/* --- Whom it concerns --- */

/* Of versions with blanks between: is one of them in the range? */
static enum tw_concern version_in(const struct tw_sys *sys, const char *range, const char *versions)
{
	enum tw_concern said = TW_CONCERNS_NOT;
	char version[64];

	if (!strcmp(range, TW_NOTICE_VERSIONS_NONE))
		return TW_CONCERNS_NOT;
	for (const char *at = versions + strspn(versions, " "); *at; at += strspn(at, " ")) {
		size_t size = strcspn(at, " ");
		bool in = false;

		(void)snprintf(version, sizeof version, "%.*s", (int)size, at);
		if (size >= sizeof version || tw_failed(tw_range_vers(sys, tw_slice_of(range), version, &in)))
			said = TW_CONCERN_UNDECIDED;
		else if (in)
			return TW_CONCERNS;
		at += size;
	}
	return said;
}

/* An advisory of no product by name may be one of his; a notice that the staff writes of none is for all. */
static enum tw_concern product_concerns(
	const struct tw_sys *sys, const struct tw_notice *n, const struct tw_notice_product *p, const struct tw_subscription *s)
{
	if (*p->name && *s->product && strcmp(p->name, s->product) != 0)
		return TW_CONCERNS_NOT;
	if (!*s->versions)
		return TW_CONCERNS;
	if (*p->versions)
		return version_in(sys, p->versions, s->versions);
	return *p->name || n->kind != TW_NOTICE_ADVISORY ? TW_CONCERNS : TW_CONCERN_UNDECIDED;
}

static bool rated_enough(const struct tw_notice *n, const struct tw_subscription *s)
{
	return n->kind > TW_NOTICE_UPDATE || n->severity == TW_NOTICE_UNRATED || n->severity >= s->lowest;
}

enum tw_concern tw_notice_concerns(const struct tw_sys *sys, const struct tw_notice *n, const struct tw_subscription *s)
{
	const enum tw_notice_kind chosen = n->kind == TW_NOTICE_CHANGE ? TW_NOTICE_MAINTENANCE : n->kind;
	enum tw_concern said = TW_CONCERNS_NOT;

	if (!(s->kinds & 1u << chosen) || !rated_enough(n, s))
		return TW_CONCERNS_NOT;
	for (size_t i = 0; i < n->product_count && said != TW_CONCERNS; i++) {
		const enum tw_concern one = product_concerns(sys, n, &n->products[i], s);

		said = one == TW_CONCERNS_NOT ? said : one;
	}
	return said;
}

/* --- Slices --- */

struct slice {
	const struct tw_subscriptions *of;
	struct tw_notice notice;
	struct tw_notice_product products[TW_NOTICE_PRODUCTS_MAX];
	int64_t number, at_ms, after, until, waiting;
	bool full;    /* the outbox takes no more; any other limit is a fault, and nothing to wait for */
	int64_t next; /* the subscription that is looked at; 0: there is none */
	struct tw_buf texts, message;
	struct tw_buf one; /* a subscriber's texts */
	struct timespec end;
	enum tw_telling done;
};

/* A copy in b that stays where it is: b has been reserved. */
static tw_err keep(struct tw_buf *b, const tw_row *row, int column, const char **ret)
{
	struct tw_slice s = tw_row_bytes(row, column);
	size_t at = b->size;

	TW_TRY(tw_buf_add(b, s.at ? s.at : "", s.size));
	TW_TRY(tw_buf_u8(b, 0));
	*ret = b->data + at;
	return TW_OK;
}

static tw_err take_notice(void *user, const tw_row *row)
{
	struct slice *w = user;
	struct tw_notice *n = &w->notice;

	w->number = tw_row_int(row, 0);
	TW_TRY(keep(&w->texts, row, 1, &n->id));
	n->kind = (enum tw_notice_kind)tw_row_int(row, 2);
	n->severity = (enum tw_notice_severity)tw_row_int(row, 3);
	TW_TRY(keep(&w->texts, row, 4, &n->title));
	TW_TRY(keep(&w->texts, row, 5, &n->text));
	TW_TRY(keep(&w->texts, row, 6, &n->link));
	w->at_ms = tw_row_int(row, 7);
	w->after = tw_row_int(row, 8);
	w->until = tw_row_int(row, 9);
	return TW_OK;
}

static tw_err take_product(void *user, const tw_row *row)
{
	struct slice *w = user;
	struct tw_notice_product *p = &w->products[w->notice.product_count];

	if (w->notice.product_count == TW_NOTICE_PRODUCTS_MAX)
		return TW_RAISE(INTERNAL, "a notice with more products than one may have");
	TW_TRY(keep(&w->texts, row, 0, &p->name));
	TW_TRY(keep(&w->texts, row, 1, &p->versions));
	w->notice.product_count++;
	return TW_OK;
}

static tw_err send_to(struct slice *w, const struct tw_subscription *s, enum tw_concern how)
{
	char key[64], leave[TW_LEAVE_TEXT_MAX], address[TW_OUTBOX_TO_MAX], subject[TW_OUTBOX_SUBJECT_MAX + 1];
	struct tw_outbox_message m = { s->channel, s->recipient, subject, NULL, key, NULL, s->secret, TW_OUTBOX_NOTICE };

	TW_TRY(tw_subscription_leave_text(w->of, s->id, leave));
	(void)snprintf(address, sizeof address, "%s/subscriptions/leave/%s", w->of->site, leave);
	(void)snprintf(key, sizeof key, "notice-%lld-%lld", (long long)w->number, (long long)s->id);
	if (s->channel == TW_OUTBOX_MAIL) {
		m.unsubscribe = address;
		(void)snprintf(subject, sizeof subject, "%s: %s",
			tw_word((enum tw_word)(TW_W_NOTICE_ADVISORY + (int)w->notice.kind), s->language), w->notice.title);
	} else {
		(void)snprintf(subject, sizeof subject, "notice.%s", tw_notice_kind_name(w->notice.kind));
	}
	const struct tw_notice_sent sent = { &w->notice, w->at_ms, address, how == TW_CONCERN_UNDECIDED };
	TW_TRY(tw_notice_text(w->of, s, &sent, &w->message));
	m.text = tw_buf_cstr(&w->message);
	const tw_err e = tw_outbox_add(w->of->store, &m, w->of->now_ms);
	w->full = tw_is(e, TW_CODE_LIMIT);
	return e;
}

static tw_err take_subscription(void *user, const tw_row *row)
{
	struct slice *w = user;
	struct tw_subscription s = { .id = tw_row_int(row, 0), .channel = (enum tw_outbox_kind)tw_row_int(row, 1) };
	const char *language;

	tw_buf_clear(&w->one);
	TW_TRY(keep(&w->one, row, 2, &s.recipient));
	TW_TRY(keep(&w->one, row, 4, &language));
	TW_TRY(keep(&w->one, row, 5, &s.product));
	TW_TRY(keep(&w->one, row, 6, &s.versions));
	s.secret = tw_row_bytes(row, 3);
	s.lowest = (enum tw_notice_severity)tw_row_int(row, 7);
	s.kinds = (unsigned)tw_row_int(row, 8);
	(void)tw_language_find(tw_slice_of(language), &s.language);
	w->next = s.id;
	const enum tw_concern how = tw_notice_concerns(w->of->sys, &w->notice, &s);
	return how == TW_CONCERNS_NOT ? TW_OK : send_to(w, &s, how);
}

static bool over(const struct slice *w)
{
	struct timespec now;

	if (w->of->sys->clock(w->of->sys, CLOCK_MONOTONIC, &now))
		return true;
	return now.tv_sec > w->end.tv_sec || (now.tv_sec == w->end.tv_sec && now.tv_nsec >= w->end.tv_nsec);
}

static tw_err tell_some(struct slice *w)
{
	do {
		const struct tw_value v[] = { TW_V_INT(w->after), TW_V_INT(w->until) };

		w->next = 0;
		tw_err e = tw_store_run(w->of->store, tw_sql_subscription_next, v, TW_COUNT(v), take_subscription, w);
		if (w->full && tw_store_fault(w->of->store) == TW_STORE_WELL) {
			w->done = TW_TOLD_WAIT; /* the outbox takes no more: this one is next */
			return TW_OK;
		}
		TW_TRY(e);
		if (!w->next) {
			w->after = -1;
			return TW_OK;
		}
		w->after = w->next;
	} while (!over(w));
	return TW_OK;
}

static tw_err slice_body(tw_store *store, void *user)
{
	struct slice *w = user;

	w->done = TW_TOLD_ALL;
	TW_TRY(tw_store_run(store, tw_sql_notice_untold, NULL, 0, take_notice, w));
	if (!w->number)
		return TW_OK;
	w->done = TW_TOLD_WAIT;
	TW_TRY(tw_store_run(store, tw_sql_outbox_waiting, NULL, 0, take_number, &w->waiting));
	if (w->waiting >= TW_SLICE_WAITING_MAX || !*w->of->site)
		return TW_OK;
	w->done = TW_TOLD_SOME;
	w->notice.products = w->products;
	TW_TRY(tw_store_run(store, tw_sql_notice_products, (struct tw_value[]){ TW_V_INT(w->number) }, 1, take_product, w));
	TW_TRY(tell_some(w));
	const struct tw_value told[] = { TW_V_INT(w->number), { .kind = w->after < 0 ? TW_VALUE_NULL : TW_VALUE_INT, .integer = w->after } };
	return tw_store_run(store, tw_sql_notice_told, told, TW_COUNT(told), NULL, NULL);
}

#define TEXTS_MAX                                                                               \
	(TW_NOTICE_ID_MAX + TW_NOTICE_TITLE_MAX + TW_NOTICE_TEXT_MAX + TW_NOTICE_LINK_MAX + 8 + \
		TW_NOTICE_PRODUCTS_MAX * (TW_NOTICE_ID_MAX + TW_NOTICE_VERSIONS_MAX + 2))
#define ONE_MAX 2048 /* a recipient, a product and versions: see op-subscribe.c */

static tw_err there(void *user, const tw_row *row)
{
	*(bool *)user = true;
	return TW_OK;
}

tw_err tw_subscriptions_slice(const struct tw_subscriptions *of, enum tw_telling *ret)
{
	struct slice w = { .of = of };
	bool any = false;
	tw_err e = tw_store_run(of->store, tw_sql_notice_due, NULL, 0, there, &any);

	*ret = TW_TOLD_ALL;
	if (tw_failed(e) || !any)
		return e;
	tw_buf_init(&w.texts, of->sys, TEXTS_MAX);
	tw_buf_init(&w.one, of->sys, ONE_MAX);
	tw_buf_init(&w.message, of->sys, TW_OUTBOX_TEXT_MAX);
	if (of->sys->clock(of->sys, CLOCK_MONOTONIC, &w.end))
		e = TW_RAISE(IO, "the clock");
	w.end.tv_nsec += TW_SLICE_MS * 1000000L;
	w.end.tv_sec += w.end.tv_nsec / 1000000000L;
	w.end.tv_nsec %= 1000000000L;
	if (!tw_failed(e))
		e = tw_buf_reserve(&w.texts, TEXTS_MAX);
	if (!tw_failed(e))
		e = tw_buf_reserve(&w.one, ONE_MAX);
	if (!tw_failed(e))
		e = tw_store_transaction(of->store, slice_body, &w);
	tw_buf_done(&w.texts);
	tw_buf_done(&w.one);
	tw_buf_done(&w.message);
	if (!tw_failed(e))
		*ret = w.done;
	return e;
}

tw_err tw_subscriptions_due(struct tw_store *s, bool *ret)
{
	*ret = false;
	TW_TRY(tw_store_run(s, tw_sql_notice_due, NULL, 0, there, ret));
	return *ret ? TW_OK : tw_store_run(s, tw_sql_subscription_account_due, NULL, 0, there, ret);
}

/* --- What was told --- */

struct listing {
	tw_err (*visit)(void *user, const struct tw_notice_kept *n);
	void *user;
};

static const char *text(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column); /* SQLite ends each text with a NUL, and none of ours holds one */

	return s.size ? s.at : "";
}

static tw_err list_one(void *user, const tw_row *row)
{
	const struct listing *l = user;
	const struct tw_notice_kept n = { .number = tw_row_int(row, 0),
		.notice = { .id = text(row, 1),
			.kind = (enum tw_notice_kind)tw_row_int(row, 2),
			.severity = (enum tw_notice_severity)tw_row_int(row, 3),
			.title = text(row, 4),
			.text = text(row, 5),
			.link = text(row, 6) },
		.at_ms = tw_row_int(row, 7),
		.told = tw_row_int(row, 8) != 0,
		.withdrawn_ms = tw_row_int(row, 9),
		.withdrawn_why = text(row, 10) };

	return l->visit(l->user, &n);
}

tw_err tw_notice_find(struct tw_store *s, const char *id, tw_err (*visit)(void *user, const struct tw_notice_kept *n), void *user)
{
	struct listing l = { visit, user };

	return tw_store_run(s, tw_sql_notice_by_id, (struct tw_value[]){ TW_V_TEXT(id) }, 1, list_one, &l);
}

tw_err tw_notices(struct tw_store *s, const char *product, int64_t before, int64_t most,
	tw_err (*visit)(void *user, const struct tw_notice_kept *n), void *user)
{
	struct listing l = { visit, user };
	const struct tw_value v[] = { product ? TW_V_TEXT(product) : TW_V_INT(before), TW_V_INT(most) };

	return tw_store_run(s, product ? tw_sql_notice_of_product : tw_sql_notice_list, v, TW_COUNT(v), list_one, &l);
}
