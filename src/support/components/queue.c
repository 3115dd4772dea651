/* SPDX-License-Identifier: Apache-2.0 */
/* Reading by the indexes: the queue of findings, and components. Each page costs the same, wherever in the list it is. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/components/components.h"
#include "support/sql-support.h"

#include <string.h>

#define BEHIND_ALL "\xF4\x8F\xBF\xBF" /* U+10FFFF: behind every text that goes on from a prefix */
#define SCORE_MAX 100

/* --- The queue --- */

struct reading {
	const struct tw_queue_reader *to;
	int waits;
};

static tw_err take_queued(void *user, const tw_row *row)
{
	const struct reading *r = user;
	const struct tw_queued q = { .urgency = tw_row_int(row, 0),
		.id = tw_row_int(row, 1),
		.product = tw_row_bytes(row, 2),
		.release_version = tw_row_bytes(row, 3),
		.vulnerability = tw_row_bytes(row, 4),
		.component = tw_row_bytes(row, 5),
		.version = tw_row_bytes(row, 6),
		.since = tw_row_int(row, 7),
		.score = tw_row_int(row, 8),
		.exploited = tw_row_int(row, 9) != 0,
		.rule = tw_row_bytes(row, 10),
		.entry = tw_row_bytes(row, 11),
		.state = tw_finding_state(r->waits, tw_row_int(row, 12), !tw_row_null(row, 13) && tw_row_int(row, 13)) };

	return r->to->take(r->to->user, &q);
}

tw_err tw_queue_read(struct tw_context *c, const struct tw_queue *q, const struct tw_queue_reader *to)
{
	struct reading r = { to, q->waits };
	const struct tw_value waits = TW_V_INT(q->waits), urgency = TW_V_INT(q->after_urgency), after = TW_V_INT(q->after),
			      since = TW_V_INT(q->since), least = TW_V_INT(q->least), most = TW_V_INT(q->most),
			      exploited = TW_V_INT(q->exploited), limit = TW_V_INT((int64_t)q->limit);
	const struct tw_value all[] = { waits, urgency, after, since, TW_V_TEXT(q->product), least, most, exploited, limit };
	const struct tw_value one[] = { TW_V_INT(q->release), waits, urgency, after, since, least, most, exploited,
		TW_V_TEXT(q->rule), limit };

	if (q->release)
		return tw_store_run(c->store, tw_sql_finding_queue_of, one, TW_COUNT(one), take_queued, &r);
	return tw_store_run(c->store, tw_sql_finding_queue, all, TW_COUNT(all), take_queued, &r);
}

const char *const tw_queue_views[] = { "new", "waiting", "decided", "ruled", NULL };
const char *const tw_queue_severities[] = { "critical", "high", "medium", "low", "unrated", NULL };
const char *const tw_queue_rules[] = { "not-present", "outside-range", "corrected", "stated", "not-compiled", NULL };

static bool among(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strcmp(*list, text))
			return true;
	return false;
}

static void bound(struct tw_queue *q, const char *severity)
{
	/* CVSS 3.1 and 4.0, qualitative severity: ten times the score; what has none lies below */
	static const struct {
		const char *word;
		int64_t least, most;
	} rows[] = { { "critical", 90, SCORE_MAX }, { "high", 70, 89 }, { "medium", 40, 69 }, { "low", 0, 39 }, { "unrated", -1, -1 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!strcmp(rows[i].word, severity)) {
			q->least = rows[i].least;
			q->most = rows[i].most;
		}
}

static tw_err wrong(struct tw_reply *rp, const char *rule, const char *title, const char *next)
{
	return tw_reply_problem(rp, 422, "finding", rule, title, next, "There is no such choice.");
}

tw_err tw_queue_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_queue *ret)
{
	const char *view = tw_json_text(rq->input, "view"), *release = tw_json_text(rq->input, "release"),
		   *severity = tw_json_text(rq->input, "severity"), *rule = tw_json_text(rq->input, "rule");

	*ret = (struct tw_queue){ .waits = TW_WAITS_FOR_PEOPLE,
		.least = -1,
		.most = SCORE_MAX,
		.product = tw_json_text(rq->input, "product"),
		.rule = rule,
		.exploited = !strcmp(tw_json_text(rq->input, "exploited"), "yes"),
		.after_urgency = -1 };
	if (*view && !among(tw_queue_views, view))
		return wrong(rp, "finding.view", "There is no such view", "new, waiting, decided or ruled.");
	if (*severity && !among(tw_queue_severities, severity))
		return wrong(rp, "finding.severity", "There is no such severity", "critical, high, medium, low or unrated.");
	if (*rule && !among(tw_queue_rules, rule))
		return wrong(rp, "finding.rule", "There is no such rule", "not-present, outside-range, corrected, stated or not-compiled.");
	if (*release && !tw_components_id_read(tw_slice_of(release), 'v', &ret->release))
		return wrong(rp, "finding.release", "That is no release", "Name it as releases.list does: v1.");
	bound(ret, severity);
	if (!strcmp(view, "decided"))
		ret->waits = TW_WAITS_DECIDED;
	if (!strcmp(view, "ruled") || *rule)
		ret->waits = TW_WAITS_NOT;
	if (ret->waits == TW_WAITS_NOT && !ret->release)
		return wrong(rp, "finding.of", "What rules took is shown of one release", "Name one: release=v1.");
	return !*view || !strcmp(view, "new") ? tw_finding_mark(c, rq, &ret->since) : TW_OK;
}

bool tw_queue_place(const char *text, struct tw_queue *q)
{
	const char *mark = strchr(text, '-');
	uint64_t urgency = 0, id = 0;

	if (!mark || tw_failed(tw_parse_u64((struct tw_slice){ text, (size_t)(mark - text) }, INT64_MAX, &urgency)) ||
		tw_failed(tw_parse_u64(tw_slice_of(mark + 1), INT64_MAX, &id)))
		return false;
	q->after_urgency = (int64_t)urgency;
	q->after = (int64_t)id;
	return true;
}

/* --- What is new to whom --- */

tw_err tw_finding_mark(struct tw_context *c, const struct tw_request *rq, int64_t *ret)
{
	int64_t account = 0;

	*ret = 0;
	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &account))
		return TW_OK;
	return tw_store_run(c->store, tw_sql_finding_mark_get, &TW_V_INT(account), 1, tw_components_number, ret);
}

tw_err tw_finding_count_new(struct tw_context *c, int64_t mark, int64_t *ret_new, int64_t *ret_newest)
{
	int64_t coming = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_finding_new, &TW_V_INT(mark), 1, tw_components_number, ret_new));
	TW_TRY(tw_store_run(c->store, tw_sql_finding_newest, NULL, 0, tw_components_number, ret_newest));
	TW_TRY(tw_store_run(c->store, tw_sql_finding_coming, NULL, 0, tw_components_number, &coming));
	if (coming && coming <= *ret_newest)
		*ret_newest = coming - 1;
	return TW_OK;
}

/* --- Components --- */

struct searching {
	const struct tw_component_reader *to;
};

static tw_err take_component(void *user, const tw_row *row)
{
	const struct searching *s = user;
	const struct tw_component_found f = { .id = tw_row_int(row, 0),
		.key = tw_row_bytes(row, 1),
		.name = tw_row_bytes(row, 2),
		.version = tw_row_bytes(row, 3),
		.purl = tw_row_bytes(row, 4),
		.cpe = tw_row_bytes(row, 5),
		.supplier = tw_row_bytes(row, 6),
		.release = tw_row_int(row, 7),
		.product = tw_row_bytes(row, 8),
		.release_version = tw_row_bytes(row, 9) };

	return s->to->take(s->to->user, &f);
}

/* With a version it is asked for the whole name: what lies between then is that version alone, however many releases have the component in others. */
static tw_err by_name(struct tw_context *c, const struct tw_component_search *q, struct searching *s)
{
	char key[TW_PART_NAME_MAX + 1], end[TW_PART_NAME_MAX + sizeof BEHIND_ALL], version_end[TW_PART_VERSION_MAX + 2];

	tw_component_key(tw_slice_of(q->text), key);
	(void)snprintf(end, sizeof end, "%s%s", key, *q->version ? "" : BEHIND_ALL);
	(void)snprintf(version_end, sizeof version_end, "%.*s%s", TW_PART_VERSION_MAX, q->version, *q->version ? "\x01" : "");
	const struct tw_value after_key = TW_V_TEXT(*q->after_key || q->after ? q->after_key : key),
			      after_version = TW_V_TEXT(q->after ? q->after_version : q->version), after = TW_V_INT(q->after),
			      limit = TW_V_INT((int64_t)q->limit);
	const struct tw_value all[] = { after_key, after_version, after, TW_V_TEXT(end), TW_V_TEXT(version_end), limit };
	const struct tw_value one[] = { after_key, after_version, after, TW_V_TEXT(end), TW_V_TEXT(version_end),
		TW_V_INT(q->release), limit };

	if (q->release)
		return tw_store_run(c->store, tw_sql_component_in_release, one, TW_COUNT(one), take_component, s);
	return tw_store_run(c->store, tw_sql_component_by_name, all, TW_COUNT(all), take_component, s);
}

tw_err tw_component_search(struct tw_context *c, const struct tw_component_search *q, const struct tw_component_reader *to)
{
	struct searching s = { to };
	char end[TW_PART_PURL_MAX + sizeof BEHIND_ALL];

	if (strcmp(q->by, "purl") != 0 && strcmp(q->by, "cpe") != 0)
		return by_name(c, q, &s);
	(void)snprintf(end, sizeof end, "%.*s" BEHIND_ALL, TW_PART_PURL_MAX, q->text);
	const struct tw_value v[] = { TW_V_TEXT(q->after ? q->after_key : q->text), TW_V_INT(q->after), TW_V_TEXT(end),
		TW_V_INT((int64_t)q->limit) };
	return tw_store_run(c->store, strcmp(q->by, "purl") == 0 ? tw_sql_component_by_purl : tw_sql_component_by_cpe, v,
		TW_COUNT(v), take_component, &s);
}

/* --- Releases --- */

static tw_err take_release(void *user, const tw_row *row)
{
	const struct tw_release_reader *to = user;
	const struct tw_release_shown r = { .id = tw_row_int(row, 0),
		.product = tw_row_bytes(row, 1),
		.version = tw_row_bytes(row, 2),
		.components = tw_row_int(row, 3),
		.components_ms = tw_row_int(row, 4),
		.findings = tw_row_int(row, 5),
		.findings_ms = tw_row_int(row, 6),
		.waiting = tw_row_int(row, 7) };

	return to->take(to->user, &r);
}

tw_err tw_releases_read(struct tw_context *c, int64_t after, size_t limit, const struct tw_release_reader *to)
{
	const struct tw_value v[] = { TW_V_INT(after), TW_V_INT((int64_t)limit) };
	struct tw_release_reader copy = *to;

	return tw_store_run(c->store, tw_sql_release_list, v, TW_COUNT(v), take_release, &copy);
}

static tw_err take_name(void *user, const tw_row *row)
{
	const struct tw_release_reader *to = user;
	const struct tw_release_shown r = { .id = tw_row_int(row, 0), .product = tw_row_bytes(row, 1), .version = tw_row_bytes(row, 2) };

	return to->take(to->user, &r);
}

tw_err tw_release_names(struct tw_context *c, const struct tw_release_reader *to)
{
	struct tw_release_reader copy = *to;

	return tw_store_run(c->store, tw_sql_release_names, NULL, 0, take_name, &copy);
}
