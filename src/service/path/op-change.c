/* SPDX-License-Identifier: Apache-2.0 */
/* The change that waits to be confirmed, over the API. */
#include "service/path/change-inside.h"

#include "base/text.h"
#include "service/path/reply.h"

static tw_err none(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "change.none", "Nothing waits to be confirmed",
		"Read the setting to see what became of it.", "No change is waiting; it was confirmed, or taken back.");
}

/* Made when the device first lives by the change; whoever reads it has come in by the new rules, or hears it after they stood. */
static tw_err word_of(struct tw_context *c, struct tw_held *h, const char *why)
{
	return why || h->word[0] ? TW_OK : tw_change_random(c, h->word);
}

static tw_err describe(struct tw_context *c, const struct tw_held *h, const char *why, json_t *j)
{
	char made[TW_TIME_TEXT_MAX];
	int64_t left = h->until_ms - tw_time_boot_ms(c->time);

	tw_time_text(h->made_ms, made);
	TW_TRY(tw_json_set(j, "change", json_string(h->id)));
	TW_TRY(tw_json_set(j, "setting", json_string(h->row->key)));
	TW_TRY(tw_json_set(j, "value", json_string(h->value)));
	TW_TRY(tw_json_set(j, "before", json_string(h->before)));
	TW_TRY(tw_json_set(j, "changed_by", json_string(h->by)));
	TW_TRY(tw_json_set(j, "changed", json_string(made)));
	TW_TRY(tw_json_set(j, "seconds_left", json_integer(left > 0 ? (left + 999) / 1000 : 0)));
	TW_TRY(tw_json_set(j, "holds", json_boolean(!why)));
	return why ? tw_json_set(j, "why", json_string(why)) : tw_json_set(j, "word", json_string(h->word));
}

tw_err tw_op_change_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_held *h = c->changes ? &c->changes->held : NULL;
	const bool waits = h && h->row && !h->owed;
	const char *why = waits && c->changes->side.unsettled ? c->changes->side.unsettled(c, h->row->key) : NULL;

	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "waiting", json_boolean(waits)));
	if (!waits)
		return TW_OK;
	TW_TRY(word_of(c, h, why));
	return describe(c, h, why, rp->body);
}

/* Whoever makes it stay, or takes it back, has changed the setting, as much as whoever said it. */
static tw_err may_settle(struct tw_context *c, const struct tw_request *rq, const struct tw_held *h, struct tw_reply *rp)
{
	struct tw_decision d;

	TW_TRY(tw_change_decide(c, &rq->subject, h->row, &d));
	if (d.verdict == TW_ALLOW)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", d.rule, "Not permitted", "Ask somebody who may change this setting.",
		"You may neither confirm nor take back a change of a setting that you may not change.");
}

tw_err tw_op_change_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_held *h = c->changes ? &c->changes->held : NULL;
	const struct tw_slice word = tw_slice_of(tw_json_text(rq->input, "word"));

	if (!h || !h->row || h->owed)
		return none(rp);
	TW_TRY(may_settle(c, rq, h, rp));
	if (tw_reply_refused(rp))
		return TW_OK;
	if (!h->local && tw_change_at_device(&rq->subject))
		return tw_reply_problem(rp, 409, "refused", "change.door", "This door does not show that the change lets you in",
			"Confirm it over the network, from where you made it.", "The change was made over the network.");
	/* Not secret from whoever may confirm: it shows that he has heard from the device since it changed. */
	if (!h->word[0] || !tw_slice_is(word, h->word))
		return tw_reply_problem(rp, 409, "refused", "change.word", "This is not the word of the change that waits",
			"Read the change, and confirm with the word it shows.", "The word is made when the change holds.");
	(void)snprintf(rp->note, sizeof rp->note, "%.60s: %.100s", h->row->key, h->value);
	tw_err e = tw_change_keep(c);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return none(rp);
	TW_TRY(e);
	rp->body = json_object();
	return tw_json_set(rp->body, "waiting", json_false());
}

tw_err tw_op_change_revert(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_held *h = c->changes ? &c->changes->held : NULL;

	if (!h || !h->row || h->owed)
		return none(rp);
	TW_TRY(may_settle(c, rq, h, rp));
	if (tw_reply_refused(rp))
		return TW_OK;
	(void)snprintf(rp->note, sizeof rp->note, "%.60s: %.50s again", h->row->key, h->before);
	tw_err e = tw_change_back(c, "somebody said so");
	if (tw_is(e, TW_CODE_NOTFOUND))
		return none(rp);
	TW_TRY(e);
	rp->body = json_object();
	return tw_json_set(rp->body, "waiting", json_false());
}
