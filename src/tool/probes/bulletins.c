/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of what the manufacturer publishes for programs: provider's metadata, the feed and the advisories in it, read as any aggregator does; and, from
 * inside, that each made a notice for whoever subscribed. Nothing is sent.
 */
#include "tool/files.h"
#include "tool/probes/portal.h"
#include "tool/probes/talk.h"

#include "base/text.h"

#include <string.h>

#define TREE "/.well-known/csaf/"
#define PROVIDER TREE "provider-metadata.json"
#define READ_MAX 20 /* advisories that are looked at, the first of the feed; evidence and verdict say of how many */
#define SITE_SIZE 300
#define DAY_MS INT64_C(86400000)

/* Where an address of the site lies on the server, or "". */
static const char *path_of(const char *url)
{
	const char *host = strncmp(url, "https://", 8) ? NULL : url + 8, *path = host ? strchr(host, '/') : NULL;

	return path ? path : "";
}

/* Only this server is asked, which the metadata call by the name of the site: what lies at another name was not seen. */
static bool same_site(const char *a, const char *b)
{
	const size_t size = (size_t)(path_of(a) - a);

	return *path_of(a) && *path_of(b) && size == (size_t)(path_of(b) - b) && !strncasecmp(a, b, size);
}

static tw_err is_elsewhere(struct tw_finding *f, const char *what, const char *url)
{
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"%s lies at %.150s, another server than that of the metadata, which was not asked.", what, url);
}

/* A JSON document of the site, or a verdict. */
static tw_err read_json(struct tw_probe_context *c, const char *path, struct tw_answer *ret, struct tw_finding *f, bool *ret_there)
{
	TW_TRY(tw_portal_open(c, path, ret, f, ret_there));
	if (*ret_there && !json_is_object(ret->body)) {
		const bool begins = ret->raw.size && ret->raw.data[0] == '{'; /* it may be one that is too deep for this tool */

		*ret_there = false;
		return tw_found(f, begins ? TW_VERDICT_INCONCLUSIVE : TW_VERDICT_FAIL, "%s is no JSON object that can be read here.", path);
	}
	return TW_OK;
}

/* The first feed that the metadata names, borrowed; "": none. */
static const char *feed_of(const json_t *provider)
{
	const json_t *one, *feed;
	size_t i, k;

	json_array_foreach(tw_json_get(provider, "distributions"), i, one)
		json_array_foreach(tw_json_get(tw_json_get(one, "rolie"), "feeds"), k, feed)
			return tw_json_text(feed, "url");
	return "";
}

/* What the metadata call this server by, and where the feed is. */
static tw_err see_site(struct tw_finding *f, const char *own, const char *feed)
{
	char site[200];

	(void)snprintf(site, sizeof site, "%.*s", (int)(path_of(own) - own), own);
	TW_TRY(tw_saw(f, "site", site));
	return tw_saw(f, "feed", path_of(feed));
}

/* From the metadata to the feed, as programs go. */
static tw_err read_feed(struct tw_probe_context *c, struct tw_answer *ret, char ret_site[SITE_SIZE], struct tw_finding *f, bool *ret_there)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer provider = { 0 };

	TW_TRY(read_json(c, PROVIDER, &provider, f, ret_there));
	if (!*ret_there)
		return TW_OK;
	const char *url = feed_of(provider.body), *path = path_of(url), *own = tw_json_text(provider.body, "canonical_url");
	*ret_there = *path && !strcmp(path_of(own), PROVIDER);
	if (!*ret_there)
		return tw_found(f, TW_VERDICT_FAIL, "The provider's metadata %s.",
			*path ? "gives another address as its own" : "names no feed");
	*ret_there = same_site(own, url);
	if (!*ret_there)
		return is_elsewhere(f, "The feed", url);
	TW_TRY(see_site(f, own, url));
	(void)snprintf(ret_site, SITE_SIZE, "%.*s/", (int)(path - url), url);
	TW_TRY(read_json(c, path, ret, f, ret_there));
	if (*ret_there && !json_array_size(tw_json_get(tw_json_get(ret->body, "feed"), "entry"))) {
		*ret_there = false;
		return tw_found(f, TW_VERDICT_FAIL, "The feed at %s has no entry.", path);
	}
	return TW_OK;
}

/* @nist IN.1.d.1.2: the metadata leads to a feed with something in it */
static tw_err feed_reached(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 }, feed = { 0 };
	char to[256], site[SITE_SIZE];
	bool there;

	TW_TRY(tw_portal_open(c, "/news?lang=en", &page, f, &there));
	if (there && !tw_portal_links(&page, PROVIDER, to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL,
			"The page that says how customers hear of security does not lead to the provider's metadata.");
	if (there)
		TW_TRY(read_feed(c, &feed, site, f, &there));
	return there ? tw_found(f, TW_VERDICT_PASS, "The page leads to the provider's metadata, and these to a feed with advisories in it.")
		     : TW_OK;
}

/* @nist IN.1.d.1.2: and to the subscription, by mail or by webhook */
static tw_err subscription_offered(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 }, form = { 0 };
	char to[256];
	bool there;

	TW_TRY(tw_portal_open(c, "/news?lang=en", &page, f, &there));
	if (there && !tw_portal_links(&page, "/subscriptions", to, sizeof to))
		return tw_found(f, TW_VERDICT_FAIL, "The page that says how customers hear of security does not lead to the subscription.");
	if (there)
		TW_TRY(tw_portal_open(c, "/subscriptions?lang=en", &form, f, &there));
	if (!there)
		return TW_OK;
	if (!tw_portal_offers(&form, "channel", "mail") || !tw_portal_offers(&form, "channel", "webhook"))
		return tw_found(f, TW_VERDICT_FAIL, "The subscription does not offer both mail and a webhook.");
	return tw_found(f, TW_VERDICT_PASS, "The page leads to the subscription, step by step, which offers mail and a webhook.");
}

/* --- What the advisories say --- */

static bool holds(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), text))
			return true;
	return false;
}

/* As the manufacturer's server judges it too (support/advisories/content.c); read here anew all the same, so that a fault of its judgement is not ours. */
static bool in_groups(const json_t *document, const json_t *ids, const char *product)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(tw_json_get(document, "product_tree"), "product_groups"), i, one)
		if (holds(ids, tw_json_text(one, "group_id")) && holds(tw_json_get(one, "product_ids"), product))
			return true;
	return false;
}

/* A remediation of a category, with words, for that product. */
static bool has_action(const json_t *document, const json_t *v, const char *product)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(v, "remediations"), i, one)
		if (*tw_json_text(one, "category") && *tw_json_text(one, "details") &&
			(holds(tw_json_get(one, "product_ids"), product) || in_groups(document, tw_json_get(one, "group_ids"), product)))
			return true;
	return false;
}

/* Named beneath a branch that is a version or a range of them. No deeper than the reader lets documents be. */
static bool has_version(const json_t *branches, const char *product, bool within)
{
	const json_t *one;
	size_t i;

	json_array_foreach(branches, i, one) {
		const bool version = within || !strncmp(tw_json_text(one, "category"), "product_version", 15);

		if ((version && !strcmp(tw_json_text(tw_json_get(one, "product"), "product_id"), product)) ||
			has_version(tw_json_get(one, "branches"), product, version))
			return true;
	}
	return false;
}

struct looking {
	struct tw_finding *f;
	size_t affected; /* products, over all documents: where there is none, nothing was seen of them */
	bool good;
};
/* What a document has to hold; a verdict otherwise. */
typedef tw_err look_at(const json_t *document, const char *id, struct looking *l);

static tw_err each_action(const json_t *document, const char *id, struct looking *l)
{
	const json_t *v, *product;
	size_t i, k;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, v)
		json_array_foreach(tw_json_get(tw_json_get(v, "product_status"), "known_affected"), k, product) {
			l->affected++;
			l->good = json_is_string(product) && has_action(document, v, json_string_value(product));
			if (!l->good)
				return tw_found(l->f, TW_VERDICT_FAIL,
					"%.64s says of an affected product, %.100s, nothing that is to be done.", id,
					json_is_string(product) ? json_string_value(product) : "?");
		}
	return TW_OK;
}

static bool is_named(const json_t *v)
{
	return *tw_json_text(v, "cve") || *tw_json_text(v, "title") || json_array_size(tw_json_get(v, "ids"));
}

static bool has_status(const json_t *v)
{
	const char *key;
	json_t *list;

	json_object_foreach(tw_json_get(v, "product_status"), key, list)
		if (json_array_size(list))
			return true;
	return false;
}

static tw_err each_vulnerability(const json_t *document, const char *id, struct looking *l)
{
	const json_t *v, *list = tw_json_get(document, "vulnerabilities");
	size_t i;

	l->good = json_array_size(list) != 0;
	if (!l->good)
		return tw_found(l->f, TW_VERDICT_FAIL, "%.64s names no vulnerability.", id);
	json_array_foreach(list, i, v) {
		l->good = is_named(v) && has_status(v);
		if (!l->good)
			return tw_found(l->f, TW_VERDICT_FAIL, "%.64s has a vulnerability that %s.", id,
				is_named(v) ? "says of no product what it is to it" : "has neither id nor title");
	}
	return TW_OK;
}

static tw_err each_version(const json_t *document, const char *id, struct looking *l)
{
	const json_t *v, *product, *branches = tw_json_get(tw_json_get(document, "product_tree"), "branches");
	size_t i, k;

	TW_TRY(each_vulnerability(document, id, l));
	if (!l->good)
		return TW_OK;
	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, v)
		json_array_foreach(tw_json_get(tw_json_get(v, "product_status"), "known_affected"), k, product) {
			l->good = json_is_string(product) && has_version(branches, json_string_value(product), false);
			if (!l->good)
				return tw_found(l->f, TW_VERDICT_FAIL, "%.64s names an affected product without its versions.", id);
		}
	return each_action(document, id, l);
}

/* --- Going through the feed --- */

struct reading {
	struct tw_answer feed;
	char site[SITE_SIZE]; /* "https://security.example.com/" */
	size_t looked, all;
	bool good;
};

static void reading_done(struct reading *r)
{
	tw_answer_done(&r->feed);
}

static tw_err begin_reading(struct tw_probe_context *c, struct reading *r, struct tw_finding *f)
{
	TW_TRY(read_feed(c, &r->feed, r->site, f, &r->good));
	r->all = json_array_size(tw_json_get(tw_json_get(r->feed.body, "feed"), "entry"));
	return TW_OK;
}

/* The next advisory of the feed; *ret NULL: there is no more to look at, or a verdict. */
static tw_err read_next(struct tw_probe_context *c, struct reading *r, struct tw_answer *document, struct tw_finding *f, const json_t **ret)
{
	const json_t *entry = json_array_get(tw_json_get(tw_json_get(r->feed.body, "feed"), "entry"), r->looked);
	const char *url = tw_json_text(tw_json_get(entry, "content"), "src");

	*ret = NULL;
	if (!r->good || !entry || r->looked >= READ_MAX)
		return TW_OK;
	r->good = same_site(url, r->site);
	if (!r->good)
		return *path_of(url)
			? is_elsewhere(f, "An advisory of the feed", url)
			: tw_found(f, TW_VERDICT_FAIL, "The feed does not say where %.64s lies.", tw_json_text(entry, "id"));
	TW_TRY(read_json(c, path_of(url), document, f, &r->good));
	r->looked += r->good;
	*ret = r->good ? entry : NULL;
	return TW_OK;
}

/* What was seen, and of how many. */
static tw_err passes(const struct reading *r, const char *pass, struct tw_finding *f)
{
	char sample[64];

	if (!r->good)
		return TW_OK;
	(void)snprintf(sample, sizeof sample, "%zu of %zu", r->looked, r->all);
	TW_TRY(tw_saw(f, "advisories looked at", sample));
	if (r->looked == r->all)
		return tw_found(f, TW_VERDICT_PASS, "Each advisory in the feed (%zu) %s", r->all, pass);
	return tw_found(f, TW_VERDICT_PASS,
		"Each of the first %zu advisories in the feed, of %zu, %s The others were not looked at.", r->looked, r->all, pass);
}

static tw_err look_at_each(struct tw_probe_context *c, look_at *look, const char *pass, struct tw_finding *f)
{
	TW_CLEANUP(reading_done) struct reading r = { .good = false };
	TW_CLEANUP(tw_answer_done) struct tw_answer document = { 0 };
	struct looking l = { .f = f, .good = true };
	const json_t *entry;

	TW_TRY(begin_reading(c, &r, f));
	for (;;) {
		TW_TRY(read_next(c, &r, &document, f, &entry));
		if (!entry)
			break;
		TW_TRY(look(document.body, tw_json_text(entry, "id"), &l));
		r.good = l.good;
	}
	if (r.good && !l.affected)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"No advisory of the feed that was read (%zu of %zu) names an affected product.", r.looked, r.all);
	return passes(&r, pass, f);
}

/* @nist IN.1.c.1.1: what is to be done, of each affected product, for programs */
static tw_err actions_listed(struct tw_probe_context *c, struct tw_finding *f)
{
	return look_at_each(c, each_action, "says for programs, of each affected product, what is to be done.", f);
}

/* @nist IN.2.a.1.1: vulnerability, affected versions, and what to do */
static tw_err advisories_complete(struct tw_probe_context *c, struct tw_finding *f)
{
	return look_at_each(c, each_version, "names a vulnerability, the affected versions and what is to be done.", f);
}

static tw_err same_time(const json_t *document, const json_t *entry, struct tw_finding *f, bool *ret_good)
{
	const char *changed = tw_json_text(tw_json_get(tw_json_get(document, "document"), "tracking"), "current_release_date");
	int64_t a = 0, b = -1;

	*ret_good = !tw_failed(tw_parse_time(tw_slice_of(changed), &a)) &&
		!tw_failed(tw_parse_time(tw_slice_of(tw_json_text(entry, "updated")), &b)) && a == b;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "The feed does not say of %.64s when it was changed last.", tw_json_text(entry, "id"));
}

/* @nist QR.1.a.1.4: the feed follows each revision of an advisory */
tw_err tw_probe_feed_follows(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(reading_done) struct reading r = { .good = false };
	TW_CLEANUP(tw_answer_done) struct tw_answer document = { 0 };
	const json_t *entry;

	TW_TRY(begin_reading(c, &r, f));
	for (;;) {
		TW_TRY(read_next(c, &r, &document, f, &entry));
		if (!entry)
			break;
		TW_TRY(same_time(document.body, entry, f, &r.good));
	}
	return passes(&r, "has there the time of its last change that it gives itself.", f);
}

/* --- Notices, from inside --- */

/* Of the notice with that id in the list that the server answered last; NULL: there is none. */
static const json_t *notice_of(const struct tw_talk *d, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(d->answer.body, "notices"), i, one)
		if (!strcmp(tw_json_text(one, "id"), id))
			return one;
	return NULL;
}

/* The notice of an advisory as it is in the feed now. */
static tw_err notice_of_entry(struct tw_talk *d, const json_t *entry, const json_t *document, const json_t **ret)
{
	char id[160];

	(void)snprintf(id, sizeof id, "advisory-%.64s-%.32s", tw_json_text(entry, "id"),
		tw_json_text(tw_json_get(tw_json_get(document, "document"), "tracking"), "version"));
	*ret = notice_of(d, id);
	d->goes_on = *ret != NULL;
	return *ret ? TW_OK
		    : tw_found(d->f, TW_VERDICT_FAIL, "Nobody was told of %.64s: there is no notice of it.", tw_json_text(entry, "id"));
}

static tw_err says_review(struct tw_talk *d, const json_t *notice)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };
	char path[64];
	bool there = false;

	(void)snprintf(path, sizeof path, "/notices/%lld?lang=en", (long long)tw_json_int(notice, "number"));
	TW_TRY(tw_portal_open(d->c, path, &page, d->f, &d->goes_on));
	if (!d->goes_on)
		return TW_OK;
	TW_TRY(tw_portal_says(d->c, &page, "To be reviewed: ", &there));
	d->goes_on = there;
	return there ? TW_OK
		     : tw_found(d->f, TW_VERDICT_FAIL, "%s does not say what customers should review.", tw_json_text(notice, "id"));
}

static tw_err is_told(struct tw_talk *d, const json_t *notice)
{
	d->goes_on = tw_json_bool(notice, "told");
	return d->goes_on ? TW_OK
			  : tw_found(d->f, TW_VERDICT_INCONCLUSIVE, "%s is not told to everybody yet. Try again in some minutes.",
				    tw_json_text(notice, "id"));
}

/* Every advisory of the feed that is looked at has its notice, and of each the question is answered. The list, in all its pages, stays the last answer. */
static tw_err each_notice(struct tw_talk *d, struct reading *r, tw_err (*look)(struct tw_talk *d, const json_t *notice))
{
	TW_CLEANUP(tw_answer_done) struct tw_answer document = { 0 };
	const json_t *entry = NULL, *notice = NULL;

	TW_TRY(tw_talk_all(d, "/api/v1/notices", "notices"));
	if (d->goes_on)
		TW_TRY(begin_reading(d->c, r, d->f));
	while (d->goes_on && r->good) {
		TW_TRY(read_next(d->c, r, &document, d->f, &entry));
		if (!entry)
			break;
		TW_TRY(notice_of_entry(d, entry, document.body, &notice));
		if (d->goes_on)
			TW_TRY(look(d, notice));
	}
	d->goes_on = d->goes_on && r->good;
	r->good = d->goes_on;
	return TW_OK;
}

/* @nist IN.1.c.1.2: an advisory makes a notice that says what to review */
static tw_err advisories_make_reviews(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	TW_CLEANUP(reading_done) struct reading r = { .good = false };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(each_notice(&d, &r, says_review));
	return passes(&r, "made a notice, which says what customers should review.", f);
}

/* A product whose support ends within the days in which that is told. */
static bool ends_soon(const json_t *product, int64_t now)
{
	const json_t *support = tw_json_get(product, "support");
	int64_t end = 0, days = tw_json_int(support, "tell-before-days");
	char text[32];

	(void)snprintf(text, sizeof text, "%.10sT00:00:00Z", tw_json_text(support, "end"));
	return !tw_failed(tw_parse_time(tw_slice_of(text), &end)) && end > now && end - now < (days ? days - 1 : 89) * DAY_MS;
}

static tw_err ends_are_told(struct tw_talk *d)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 };
	const json_t *one, *notice;
	char id[160];
	size_t i;

	TW_TRY(read_json(d->c, "/api/v1/products", &list, d->f, &d->goes_on));
	json_array_foreach(tw_json_get(list.body, "products"), i, one) {
		if (!d->goes_on || !ends_soon(one, tw_now_ms(d->c->sys)))
			continue;
		(void)snprintf(id, sizeof id, "support-end:%.60s:%.10s", tw_json_text(one, "name"),
			tw_json_text(tw_json_get(one, "support"), "end"));
		notice = notice_of(d, id);
		d->goes_on = notice != NULL;
		if (!notice)
			return tw_found(d->f, TW_VERDICT_FAIL, "Support of %.60s ends soon, and nobody was told.",
				tw_json_text(one, "name"));
		TW_TRY(is_told(d, notice));
	}
	return TW_OK;
}

/* @nist IN.1.d.1.3: what matches a product, and the end of its support coming near, is told to whoever subscribed */
static tw_err rules_make_notices(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_talk_done) struct tw_talk d = { .c = c };
	TW_CLEANUP(reading_done) struct reading r = { .good = false };

	TW_TRY(tw_talk_begin(&d, c, TW_TALK_ANALYST, f));
	TW_TRY(each_notice(&d, &r, is_told));
	if (d.goes_on)
		TW_TRY(ends_are_told(&d));
	r.good = d.goes_on;
	return passes(&r, "made a notice, and so did each product whose support ends soon; all whom they concern were told.", f);
}

const struct tw_probe tw_probes_bulletins[] = {
	{ "IN.1.c.1.1", "actions-listed", TW_SOURCE_OUTSIDE,
		"Does the feed say for programs what is to be done, of each affected product?", actions_listed, false },
	{ "IN.1.c.1.2", "advisories-make-reviews", TW_SOURCE_INSIDE, "Does each advisory make a notice that says what to review?",
		advisories_make_reviews, false },
	{ "IN.1.c.1.2", "review-demanded", TW_SOURCE_INSIDE, "Is no update announced without what customers should review?",
		tw_probe_review_demanded, true },
	{ "IN.1.d.1.2", "feed-reached", TW_SOURCE_OUTSIDE, "Do the provider's metadata lead to a feed with advisories?", feed_reached, false },
	{ "IN.1.d.1.2", "subscription-offered", TW_SOURCE_OUTSIDE, "Is it said how to subscribe, and can one?", subscription_offered, false },
	{ "IN.1.d.1.3", "rules-make-notices", TW_SOURCE_INSIDE,
		"Are subscribers told when an advisory matches their product, and when its support ends soon?", rules_make_notices, false },
	{ "IN.2.a.1.1", "advisories-complete", TW_SOURCE_OUTSIDE,
		"Does each advisory name vulnerability, affected versions and action?", advisories_complete, false },
	{ "IN.2.a.1.1", "changes-announced", TW_SOURCE_INSIDE, "Can changes of supplier, plans and services be announced?",
		tw_probe_changes_announced, true },
	{ .element = NULL },
};
