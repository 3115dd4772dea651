/* SPDX-License-Identifier: Apache-2.0 */
/* What subscribers get: mail in their language, and JSON at a webhook. */
#include "base/json.h"
#include "base/text.h"
#include "support/subscriptions/subscription.h"

#include <string.h>

static tw_err put(struct tw_buf *b, const struct tw_subscription *s, enum tw_word w)
{
	return tw_buf_text(b, tw_word(w, s->language));
}

static tw_err pair(struct tw_buf *b, const struct tw_subscription *s, enum tw_word label, const char *value)
{
	TW_TRY(put(b, s, label));
	return tw_buf_format(b, ": %s\n", value);
}

/* One a line, each behind its label: beside one another a stranger's numbers would be a telephone number, and be made a link of. */
static tw_err each_version(struct tw_buf *b, const struct tw_subscription *s)
{
	for (const char *at = s->versions + strspn(s->versions, " "); *at; at += strspn(at, " ")) {
		const int size = (int)strcspn(at, " ");

		TW_TRY(put(b, s, TW_W_VERSION));
		TW_TRY(tw_buf_format(b, ": %.*s\n", size, at));
		at += size;
	}
	return TW_OK;
}

static tw_err wanted(struct tw_buf *b, const struct tw_subscription *s)
{
	if (s->account) {
		TW_TRY(put(b, s, TW_W_CUSTOMER_MAIL_WHAT));
		return tw_buf_text(b, "\n");
	}
	TW_TRY(pair(b, s, TW_W_PRODUCT, *s->product ? s->product : tw_word(TW_W_SUBS_ALL_PRODUCTS, s->language)));
	TW_TRY(each_version(b, s));
	for (enum tw_notice_kind k = TW_NOTICE_ADVISORY; k < TW_NOTICE_CHOICES; k++)
		if (s->kinds & 1u << k)
			TW_TRY(tw_buf_format(b, "- %s\n", tw_word((enum tw_word)(TW_W_NOTICE_ADVISORY + (int)k), s->language)));
	return TW_OK;
}

static tw_err ask_mail(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *token, struct tw_buf *b)
{
	TW_TRY(put(b, s, s->account ? TW_W_CUSTOMER_MAIL_WHO : TW_W_SUBS_ASK_WHO));
	TW_TRY(tw_buf_format(b, " %s\n\n", of->site));
	TW_TRY(wanted(b, s));
	TW_TRY(tw_buf_text(b, "\n"));
	TW_TRY(put(b, s, TW_W_SUBS_ASK_HOW));
	TW_TRY(tw_buf_format(b, "\n\n%s/subscriptions/confirm/%s?lang=%s\n\n", of->site, token, tw_language_tag(s->language)));
	TW_TRY(put(b, s, TW_W_SUBS_ASK_NOT));
	return tw_buf_text(b, "\n");
}

static tw_err ask_hook(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *token, struct tw_buf *b)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char at[TW_TIME_TEXT_MAX];

	tw_buf_init(&text, of->sys, 512);
	TW_TRY(tw_buf_format(&text, "whsec_"));
	TW_TRY(tw_buf_base64(&text, s->secret.at, s->secret.size)); /* as Standard Webhooks writes it */
	tw_time_text(of->now_ms + TW_ASK_LIVES_MS, at);
	const char *secret = tw_buf_cstr(&text);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf address = { 0 };
	tw_buf_init(&address, of->sys, 512);
	TW_TRY(tw_buf_format(&address, "%s/subscriptions/confirm", of->site));
	j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "subscription.confirm", "challenge", token, "confirm",
		tw_buf_cstr(&address), "expires", at, "secret", secret);
	if (!j)
		return TW_RAISE(NOMEM, "message");
	if (*s->product)
		TW_TRY(tw_json_set(j, "product", json_string(s->product)));
	if (*s->versions)
		TW_TRY(tw_json_set(j, "versions", json_string(s->versions)));
	return tw_json_write(j, b);
}

tw_err tw_subscription_ask_text(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *token, struct tw_buf *ret)
{
	return s->channel == TW_OUTBOX_MAIL ? ask_mail(of, s, token, ret) : ask_hook(of, s, token, ret);
}

/* A range without what programs find its order by, as people write it: ">=1.0|<1.2+b". What would be no line of text stays in its code. */
static const char *shown(const char *versions, char into[TW_NOTICE_VERSIONS_MAX + 1])
{
	const char *behind = strncmp(versions, "vers:", 5) ? NULL : strchr(versions, '/');
	size_t size = 0;

	if (!behind || !strcmp(versions, TW_NOTICE_VERSIONS_NONE))
		return behind ? "" : versions;
	for (const char *at = ++behind; *at && size < TW_NOTICE_VERSIONS_MAX; at++) {
		const int high = *at == '%' ? tw_hex_value(at[1]) : -1, low = high < 0 ? -1 : tw_hex_value(at[2]);

		into[size++] = low < 0 ? *at : (char)(high << 4 | low);
		at += low < 0 ? 0 : 2;
	}
	into[size] = '\0';
	return strlen(into) == size && tw_text_printable((struct tw_slice){ into, size }) ? into : behind;
}

/* What of a notice a message holds. */
struct part {
	const struct tw_notice_sent *sent;
	size_t most; /* rows of products; with fewer than there are, those of his product alone */
};

static bool is_cut(const struct part *part)
{
	return part->most < part->sent->notice->product_count;
}

static bool holds(const struct part *part, const struct tw_subscription *s, const struct tw_notice_product *p)
{
	return !is_cut(part) || !*s->product || !*p->name || !strcmp(s->product, p->name);
}

static tw_err concerned(const struct tw_subscriptions *of, const struct tw_subscription *s, const struct part *part, struct tw_buf *b)
{
	const struct tw_notice_sent *sent = part->sent;
	size_t rows = 0;

	for (size_t i = 0; i < sent->notice->product_count && rows < part->most; i++) {
		const struct tw_notice_product *p = &sent->notice->products[i];
		char text[TW_NOTICE_VERSIONS_MAX + 1];

		if (!holds(part, s, p))
			continue;
		const char *versions = shown(p->versions, text);
		rows++;
		TW_TRY(put(b, s, TW_W_PRODUCT));
		TW_TRY(tw_buf_format(b, ": %s", *p->name ? p->name : tw_word(TW_W_SUBS_ALL_PRODUCTS, s->language)));
		TW_TRY(tw_buf_format(b, *versions ? " (%s)\n" : "%s\n", versions));
	}
	if (is_cut(part)) {
		TW_TRY(tw_buf_text(b, "\n"));
		TW_TRY(put(b, s, TW_W_SUBS_MORE));
		TW_TRY(tw_buf_format(b, "\n%s%s\n", *sent->notice->link ? sent->notice->link : of->site,
			*sent->notice->link ? "" : "/products"));
	}
	if (!sent->undecided)
		return TW_OK;
	TW_TRY(tw_buf_text(b, "\n"));
	TW_TRY(put(b, s, TW_W_SUBS_UNDECIDED));
	return tw_buf_format(b, " %s\n", s->versions);
}

static tw_err way_out(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *leave, struct tw_buf *b)
{
	TW_TRY(put(b, s, TW_W_SUBS_WHY));
	TW_TRY(tw_buf_format(b, " %s\n", of->site));
	TW_TRY(put(b, s, TW_W_SUBS_LEAVE_HERE));
	return tw_buf_format(b, "\n%s\n", leave);
}

tw_err tw_subscription_account_text(
	const struct tw_subscriptions *of, const struct tw_subscription *s, const char *leave, struct tw_buf *ret)
{
	TW_TRY(put(ret, s, TW_W_CUSTOMER_MAIL_TEXT));
	TW_TRY(tw_buf_format(ret, "\n\n%s/account?lang=%s\n\n", of->site, tw_language_tag(s->language)));
	TW_TRY(put(ret, s, TW_W_CUSTOMER_MAIL_ONCE));
	TW_TRY(tw_buf_text(ret, "\n\n"));
	return way_out(of, s, leave, ret);
}

static tw_err notice_mail(const struct tw_subscriptions *of, const struct tw_subscription *s, const struct part *part, struct tw_buf *b)
{
	const struct tw_notice *n = part->sent->notice;

	TW_TRY(tw_buf_format(b, "%s\n\n", n->title));
	TW_TRY(pair(b, s, TW_W_SUBS_KIND, tw_word((enum tw_word)(TW_W_NOTICE_ADVISORY + (int)n->kind), s->language)));
	if (n->severity != TW_NOTICE_UNRATED)
		TW_TRY(pair(b, s, TW_W_SEVERITY, tw_word((enum tw_word)(TW_W_SEVERITY_ANY + (int)n->severity), s->language)));
	TW_TRY(concerned(of, s, part, b));
	if (*n->text)
		TW_TRY(tw_buf_format(b, "\n%s\n", n->text));
	if (*n->link)
		TW_TRY(tw_buf_format(b, "\n%s\n", n->link));
	TW_TRY(tw_buf_text(b, "\n"));
	return way_out(of, s, part->sent->leave, b);
}

static tw_err notice_hook(const struct tw_subscription *s, const struct part *part, struct tw_buf *b)
{
	const struct tw_notice_sent *sent = part->sent;
	const struct tw_notice *n = sent->notice;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char at[TW_TIME_TEXT_MAX];
	json_t *products = json_array();

	tw_time_text(sent->at_ms, at);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "type", "notice", "id", n->id, "kind", tw_notice_kind_name(n->kind),
		"title", n->title, "text", n->text, "link", n->link, "published", at, "leave", sent->leave, "products", products);
	if (!j)
		return TW_RAISE(NOMEM, "message");
	if (n->severity != TW_NOTICE_UNRATED)
		TW_TRY(tw_json_set(j, "severity", json_string(tw_notice_severity_name(n->severity))));
	if (sent->undecided)
		TW_TRY(tw_json_set(j, "undecided", json_true()));
	if (is_cut(part))
		TW_TRY(tw_json_set(j, "more", json_true()));
	for (size_t i = 0; i < n->product_count && json_array_size(products) < part->most; i++)
		if (holds(part, s, &n->products[i]))
			TW_TRY(tw_json_append(products,
				json_pack("{s:s, s:s}", "name", n->products[i].name, "versions", n->products[i].versions)));
	return tw_json_write(j, b);
}

/* Rows of products alone can be more than a message holds: a notice without them always fits. */
tw_err tw_notice_text(const struct tw_subscriptions *of, const struct tw_subscription *s, const struct tw_notice_sent *n, struct tw_buf *ret)
{
	struct part part = { n, n->notice->product_count };

	for (;; part.most /= 2) {
		tw_buf_clear(ret);
		const tw_err e = s->channel == TW_OUTBOX_MAIL ? notice_mail(of, s, &part, ret) : notice_hook(s, &part, ret);
		if (!tw_is(e, TW_CODE_LIMIT) || !part.most)
			return e;
	}
}
