/* SPDX-License-Identifier: Apache-2.0 */
/* What the inputs of the staff's forms let one choose. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/customers/desk.h"
#include "support/desk/forms.h"
#include "support/query-reception/field.h"
#include "support/platform/app.h"
#include "support/questions/pages.h"
#include "support/staff/staff.h"
#include "support/subscriptions/desk.h"

#include <string.h>

#define PEOPLE_MAX 500 /* in a list to choose from; who comes behind it is named by a program */

static void option(const struct tw_form_choosing *g, const char *value, const char *text)
{
	tw_field_option(g->h, value, text, strcmp(value, g->value) == 0);
}

static tw_err write_moves(struct tw_form_choosing *g, const struct tw_form *f)
{
	enum tw_case_state from = TW_CASE_STATES;

	(void)tw_case_state_find(tw_slice_of(tw_json_text(g->doc, "state")), &from);
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		if (m->from == from)
			option(g, tw_case_states[m->to], tw_word(tw_desk_state_word(tw_case_states[m->to]), g->look.language));
	return TW_OK;
}

static tw_err write_account(void *user, const struct tw_account *a)
{
	const struct tw_form_choosing *g = user;
	char id[TW_ACCOUNT_ID_MAX + 2], text[TW_DESK_NAME_MAX];

	if (a->state != TW_ACCOUNT_ACTIVE || tw_account_has(a->roles, TW_ROLE_ADMINISTRATOR))
		return TW_OK;
	tw_account_id(a->id, id);
	(void)snprintf(text, sizeof text, "%s (%s)", a->name, id);
	option(g, id, text);
	return TW_OK;
}

static tw_err write_people(struct tw_form_choosing *g, const char *none, enum tw_word word)
{
	option(g, none, tw_word(word, g->look.language));
	return tw_account_each(g->c, 0, PEOPLE_MAX, write_account, g);
}

/* Those who work on questions. */
static tw_err write_answerer(void *user, const struct tw_account *a)
{
	return tw_account_has(a->roles, "analyst") || tw_account_has(a->roles, "manager") ? write_account(user, a) : TW_OK;
}

static tw_err write_answerers(struct tw_form_choosing *g, const struct tw_form *f)
{
	option(g, "-", tw_word(TW_W_WHOSE_NOBODY, g->look.language));
	return tw_account_each(g->c, 0, PEOPLE_MAX, write_answerer, g);
}

static tw_err write_product(struct tw_form_choosing *g, const struct tw_form *f)
{
	const json_t *products = tw_app_of(g->c) ? tw_app_of(g->c)->products : NULL, *one;
	size_t i;

	json_array_foreach(products, i, one)
		option(g, tw_json_text(one, "name"), tw_json_text(one, "title"));
	return TW_OK;
}

static tw_err write_products(struct tw_form_choosing *g, const struct tw_form *f)
{
	option(g, "", tw_word(TW_W_PRODUCT_ANY, g->look.language));
	return write_product(g, f);
}

static tw_err write_sorts(struct tw_form_choosing *g, const struct tw_form *f)
{
	option(g, "", tw_word(TW_W_ANSWER_FOR_ALL, g->look.language));
	for (const struct tw_choice *one = tw_question_words; one->value; one++)
		option(g, one->value, tw_word(one->word, g->look.language));
	return TW_OK;
}

static tw_err write_assignable(struct tw_form_choosing *g, const struct tw_form *f)
{
	return write_people(g, "-", TW_W_WHOSE_NOBODY);
}

static tw_err write_who(struct tw_form_choosing *g, const struct tw_form *f)
{
	return write_people(g, "", TW_W_FIELD_MYSELF);
}

/* Of a form about a clock: those that somebody has started. */
static tw_err write_kinds(struct tw_form_choosing *g, const struct tw_form *f)
{
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		if (!f->clocks || tw_case_a14_of(g->doc, k))
			option(g, tw_a14_kinds[k], tw_word(tw_desk_kind_word(k), g->look.language));
	return TW_OK;
}

static tw_err write_roles(struct tw_form_choosing *g, const struct tw_form *f)
{
	static const char *const roles[] = { "analyst", "manager", "publisher", TW_ROLE_ADMINISTRATOR };

	for (size_t i = 0; i < TW_COUNT(roles); i++)
		option(g, roles[i], tw_staff_role_word(roles[i], g->look));
	return TW_OK;
}

/* As CSAF 2.0 spells them, and what that is in words; the usual one first. */
static const struct tw_choice profiles[] = { { "csaf_security_advisory", TW_W_PROFILE_ADVISORY },
	{ "csaf_security_incident_response", TW_W_PROFILE_INCIDENT }, { "csaf_informational_advisory", TW_W_PROFILE_INFORMATIONAL },
	{ "csaf_vex", TW_W_PROFILE_VEX }, { "csaf_base", TW_W_PROFILE_BASE }, { NULL, TW_WORDS } };
static const struct tw_choice remedies[] = { { "vendor_fix", TW_W_REMEDY_FIX }, { "workaround", TW_W_REMEDY_WORKAROUND },
	{ "mitigation", TW_W_REMEDY_MITIGATION }, { "no_fix_planned", TW_W_REMEDY_NOT_PLANNED },
	{ "none_available", TW_W_REMEDY_NONE }, { NULL, TW_WORDS } };
static const struct tw_choice statuses[] = { { "final", TW_W_STATUS_FINAL }, { "interim", TW_W_STATUS_INTERIM }, { NULL, TW_WORDS } };

static const struct tw_choice yes_or_no[] = { { "no", TW_W_NO }, { "yes", TW_W_YES }, { NULL, TW_WORDS } };
static const struct tw_choice results[] = { { "failed", TW_W_QUESTION_CHECK_FAILED_IT },
	{ "passed", TW_W_QUESTION_CHECK_PASSED_IT }, { NULL, TW_WORDS } };
/* Nothing first: what is gone is gone, so somebody has to choose. */
static const struct tw_choice parts[] = { { "", TW_W_ERASE_NONE }, { "contact", TW_W_ERASE_CONTACT }, { "all", TW_W_ERASE_ALL },
	{ NULL, TW_WORDS } };
/* Nothing first: a document that says none gets none that nobody chose. */
static const struct tw_choice labels[] = { { "", TW_W_LABEL_NONE }, { "WHITE", TW_WORDS }, { "GREEN", TW_WORDS },
	{ "AMBER", TW_WORDS }, { "RED", TW_WORDS }, { NULL, TW_WORDS } };
/* Of a decision in triage, as VEX has them. */
static const struct tw_choice decisions[] = { { "not_affected", TW_W_DECISION_NOT_AFFECTED }, { "affected", TW_W_DECISION_AFFECTED },
	{ "fixed", TW_W_DECISION_FIXED }, { "under_investigation", TW_W_DECISION_INVESTIGATED }, { NULL, TW_WORDS } };
static const struct tw_choice justifications[] = { { "", TW_W_DECISION_LABEL_NONE },
	{ "component_not_present", TW_W_DECISION_NOT_PRESENT }, { "vulnerable_code_not_present", TW_W_DECISION_NO_CODE },
	{ "vulnerable_code_not_in_execute_path", TW_W_DECISION_NOT_REACHED },
	{ "vulnerable_code_cannot_be_controlled_by_adversary", TW_W_DECISION_NOT_CONTROLLED },
	{ "inline_mitigations_already_exist", TW_W_DECISION_MITIGATED }, { NULL, TW_WORDS } };

/* Those that are the same for whatever a form is about; false: it is none of them. */
static bool write_named(const struct tw_form_choosing *g, enum tw_form_control control)
{
	const struct tw_choice *choices = control == TW_FORM_PROFILES ? profiles
		: control == TW_FORM_REMEDIES                         ? remedies
		: control == TW_FORM_STATUSES                         ? statuses
		: control == TW_FORM_YES_NO                           ? yes_or_no
		: control == TW_FORM_LABELS                           ? labels
		: control == TW_FORM_DECISIONS                        ? decisions
		: control == TW_FORM_JUSTIFICATIONS                   ? justifications
		: control == TW_FORM_VIAS                             ? tw_question_vias
		: control == TW_FORM_SORTS                            ? tw_question_words
		: control == TW_FORM_NOTICES                          ? tw_notice_words
		: control == TW_FORM_SEVERITIES                       ? tw_notice_severities
		: control == TW_FORM_VERDICTS                         ? tw_device_verdicts
		: control == TW_FORM_RESULTS                          ? results
		: control == TW_FORM_PARTS                            ? parts
								      : NULL;

	for (const struct tw_choice *one = choices; one && one->value; one++)
		option(g, one->value, one->word == TW_WORDS ? one->value : tw_word(one->word, g->look.language));
	return choices != NULL;
}

static tw_err write_steps(struct tw_form_choosing *g, const struct tw_form *f)
{
	for (enum tw_a14_step step = TW_A14_WARNING; step < TW_A14_STEPS; step++)
		option(g, tw_a14_steps[step], tw_word(tw_desk_step_word(step), g->look.language));
	return TW_OK;
}

static tw_err write_zones(struct tw_form_choosing *g, const struct tw_form *f)
{
	for (const struct tw_zone *z = tw_zones; z->name; z++)
		option(g, z->name, z->name);
	return TW_OK;
}

static tw_err write_grounds(struct tw_form_choosing *g, const struct tw_form *f)
{
	for (const struct tw_a14_ground *ground = tw_a14_grounds; ground->name; ground++)
		option(g, ground->name, ground->words);
	return TW_OK;
}

/* Each by its own name, which the link to it has in the other. */
static tw_err write_languages(struct tw_form_choosing *g, const struct tw_form *f)
{
	option(g, tw_language_tag(TW_ENGLISH), tw_word(TW_W_OTHER_LANGUAGE, TW_GERMAN));
	option(g, tw_language_tag(TW_GERMAN), tw_word(TW_W_OTHER_LANGUAGE, TW_ENGLISH));
	return TW_OK;
}

/* What depends on what the form is about, or on who is there. */
static tw_err write_options(struct tw_form_choosing *g, const struct tw_form *f, enum tw_form_control control)
{
	static tw_err (*const writers[])(struct tw_form_choosing *, const struct tw_form *) = { [TW_FORM_MOVES] = write_moves,
		[TW_FORM_PEOPLE] = write_assignable,
		[TW_FORM_WHO] = write_who,
		[TW_FORM_KINDS] = write_kinds,
		[TW_FORM_STEPS] = write_steps,
		[TW_FORM_ZONES] = write_zones,
		[TW_FORM_GROUNDS] = write_grounds,
		[TW_FORM_ROLES] = write_roles,
		[TW_FORM_LANGUAGES] = write_languages,
		[TW_FORM_PRODUCT] = write_product,
		[TW_FORM_PRODUCTS] = write_products,
		[TW_FORM_SORTS_OR_ALL] = write_sorts,
		[TW_FORM_ANSWERERS] = write_answerers };

	return (size_t)control < TW_COUNT(writers) && writers[control] ? writers[control](g, f) : TW_OK;
}

tw_err tw_form_input_write(struct tw_form_choosing *g, const struct tw_form *f, const struct tw_form_input *in)
{
	const bool box = in->control == TW_FORM_BOX || in->control == TW_FORM_MEMBER_BOX || in->control == TW_FORM_DOCUMENT;
	const struct tw_field field = { .key = in->key,
		.label = in->control == TW_FORM_MEMBER_BOX ? tw_desk_member_word(g->member) : in->label,
		.hint = in->hint,
		.most = in->most,
		.rows = in->control == TW_FORM_DOCUMENT ? 30
			: box                           ? 5
							: 0,
		.needed = in->needed,
		.plain = true,
		.type = in->control == TW_FORM_MOMENT_OF ? "datetime-local" : NULL };

	if (in->control == TW_FORM_MEMBERS || in->control == TW_FORM_HIDDEN || in->control == TW_FORM_NUMBER) {
		const bool began = (f->about == TW_ABOUT_FINDING || f->about == TW_ABOUT_NOTICE) &&
			!*g->value; /* what was sent is what it began with */

		tw_form_hidden(g->h, in->key, began ? tw_json_text(g->doc, in->key) : g->value);
		return TW_OK;
	}
	if (box || in->control == TW_FORM_LINE || in->control == TW_FORM_MOMENT_OF) {
		tw_field_write(g->h, g->look, &field, g->value, TW_WORDS);
		return TW_OK;
	}
	tw_field_choose(g->h, g->look, &field);
	if (!write_named(g, in->control))
		TW_TRY(write_options(g, f, in->control));
	tw_html_close(g->h);
	return TW_OK;
}
