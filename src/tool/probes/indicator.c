/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of the security state: who is given the role that may see it sees it, and nobody else; and what everybody is told says nothing
 * of it.
 */
#include "tool/probes/people.h"

#define STATE "/api/v1/capabilities?limit=1"

/* What tells how the device stands. */
static const char *const kept[] = { STATE, "/api/v1/inventory/findings?limit=1", "/api/v1/firewall", "/api/v1/log?limit=1" };
/* What everybody may ask, and words that an element's state is told by. */
static const char *const open_to_all[] = { "/api/v1/health", "/api/v1/commissioning", "/api/v1/notice" };
static const char *const states[] = { "\"provided\"", "off by policy", "needs a part", "not provided", "\"elements\"" };

static tw_err strangers(struct tw_probe_context *c, struct tw_finding *f, bool *ret_good)
{
	*ret_good = false;
	for (size_t i = 0; i < TW_COUNT(kept); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

		TW_TRY(tw_ask(c, &tw_asker_stranger, "GET", kept[i], &answer));
		if (answer.status != 401 && answer.status != 403)
			return tw_found(f, TW_VERDICT_FAIL, "%s was answered with %ld for whoever had not logged in.", kept[i],
				answer.status);
	}
	for (size_t i = 0; i < TW_COUNT(open_to_all); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

		TW_TRY(tw_ask(c, &tw_asker_stranger, "GET", open_to_all[i], &answer));
		for (size_t j = 0; j < TW_COUNT(states); j++)
			if (strstr(tw_buf_cstr(&answer.raw), states[j]))
				return tw_found(f, TW_VERDICT_FAIL, "%s tells everybody of the state of the device: %s.",
					open_to_all[i], states[j]);
	}
	*ret_good = true;
	return TW_OK;
}

/* @nist LA.IC.5: the role that may see it is told, an account without one is not, and neither is anybody */
static tw_err shown_to_few(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	const struct tw_call call = { .method = "GET", .path = STATE };
	TW_CLEANUP(tw_answer_done) struct tw_answer seen = { 0 };
	long without = 0;
	bool good = false;

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_asks(c, p, "GET", STATE, &without));
	TW_TRY(tw_person_give(c, p, "guest"));
	TW_TRY(tw_person_call(c, p->token, &call, &seen));
	if (without != 403 || seen.status != 200 || !json_array_size(json_object_get(seen.body, "elements")))
		return tw_found(f, TW_VERDICT_FAIL,
			"The state of the elements was answered with %ld for an account without a role, and with %ld for a guest, who %s.",
			without, seen.status, json_array_size(json_object_get(seen.body, "elements")) ? "was shown it" : "was shown none");
	TW_TRY(strangers(c, f, &good));
	if (!good)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS,
		"A guest of the device's was shown how its elements stand; an account without a role and whoever had not logged in were refused, %zu "
		"ways to ask, and what everybody may read says nothing of it.",
		TW_COUNT(kept));
}

static tw_err ask_shown_to_few(struct tw_probe_context *c, struct tw_finding *f)
{
	return tw_person_with(c, f, shown_to_few);
}

const struct tw_probe tw_probes_indicator[] = {
	{ "LA.IC.5", "shown-to-few", TW_SOURCE_OUTSIDE, "Is the security state shown to none but who may see it?", ask_shown_to_few, true },
	{ .element = NULL },
};
