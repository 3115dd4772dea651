/* SPDX-License-Identifier: Apache-2.0 */
/* What the inputs of the staff's forms let one choose. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/desk/forms.h"
#include "support/query-reception/field.h"
#include "support/staff/staff.h"

#include <string.h>

#define PEOPLE_MAX 500 /* in a list to choose from; who comes behind it is named by a program */

static void option(const struct tw_form_choosing *g, const char *value, const char *text)
{
	tw_field_option(g->h, value, text, strcmp(value, g->value) == 0);
}

static void write_moves(const struct tw_form_choosing *g)
{
	enum tw_case_state from = TW_CASE_STATES;

	(void)tw_case_state_find(tw_slice_of(tw_json_text(g->doc, "state")), &from);
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		if (m->from == from)
			option(g, tw_case_states[m->to], tw_word(tw_desk_state_word(tw_case_states[m->to]), g->look.language));
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

/* Of a form about a clock: those that somebody has started. */
static void write_kinds(const struct tw_form_choosing *g, bool clocks)
{
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		if (!clocks || tw_case_a14_of(g->doc, k))
			option(g, tw_a14_kinds[k], tw_word(tw_desk_kind_word(k), g->look.language));
}

static void write_roles(const struct tw_form_choosing *g)
{
	static const char *const roles[] = { "analyst", "manager", "publisher", TW_ROLE_ADMINISTRATOR };

	for (size_t i = 0; i < TW_COUNT(roles); i++)
		option(g, roles[i], tw_staff_role_word(roles[i], g->look));
}

static tw_err write_options(struct tw_form_choosing *g, const struct tw_form *f, enum tw_form_control control)
{
	switch (control) {
	case TW_FORM_MOVES:
		write_moves(g);
		break;
	case TW_FORM_PEOPLE:
		return write_people(g, "-", TW_W_WHOSE_NOBODY);
	case TW_FORM_WHO:
		return write_people(g, "", TW_W_FIELD_MYSELF);
	case TW_FORM_KINDS:
		write_kinds(g, f->clocks);
		break;
	case TW_FORM_STEPS:
		for (enum tw_a14_step s = TW_A14_WARNING; s < TW_A14_STEPS; s++)
			option(g, tw_a14_steps[s], tw_word(tw_desk_step_word(s), g->look.language));
		break;
	case TW_FORM_ZONES:
		for (const struct tw_zone *z = tw_zones; z->name; z++)
			option(g, z->name, z->name);
		break;
	case TW_FORM_GROUNDS:
		for (const struct tw_a14_ground *ground = tw_a14_grounds; ground->name; ground++)
			option(g, ground->name, ground->words);
		break;
	case TW_FORM_ROLES:
		write_roles(g);
		break;
	case TW_FORM_LANGUAGES: /* each by its own name, which the link to it has in the other */
		option(g, tw_language_tag(TW_ENGLISH), tw_word(TW_W_OTHER_LANGUAGE, TW_GERMAN));
		option(g, tw_language_tag(TW_GERMAN), tw_word(TW_W_OTHER_LANGUAGE, TW_ENGLISH));
		break;
	case TW_FORM_YES_NO:
		option(g, "no", tw_word(TW_W_NO, g->look.language));
		option(g, "yes", tw_word(TW_W_YES, g->look.language));
		break;
	case TW_FORM_LINE:
	case TW_FORM_BOX:
	case TW_FORM_MEMBER_BOX:
	case TW_FORM_MOMENT_OF:
	case TW_FORM_MEMBERS:
		break;
	}
	return TW_OK;
}

tw_err tw_form_input_write(struct tw_form_choosing *g, const struct tw_form *f, const struct tw_form_input *in)
{
	const bool box = in->control == TW_FORM_BOX || in->control == TW_FORM_MEMBER_BOX;
	const struct tw_field field = { .key = in->key,
		.label = in->control == TW_FORM_MEMBER_BOX ? tw_desk_member_word(g->member) : in->label,
		.hint = in->hint,
		.most = in->most,
		.rows = box ? 5 : 0,
		.needed = in->needed,
		.plain = true,
		.type = in->control == TW_FORM_MOMENT_OF ? "datetime-local" : NULL };

	if (in->control == TW_FORM_MEMBERS) {
		tw_form_hidden(g->h, in->key, g->value);
		return TW_OK;
	}
	if (box || in->control == TW_FORM_LINE || in->control == TW_FORM_MOMENT_OF) {
		tw_field_write(g->h, g->look, &field, g->value, TW_WORDS);
		return TW_OK;
	}
	tw_field_choose(g->h, g->look, &field);
	TW_TRY(write_options(g, f, in->control));
	tw_html_close(g->h);
	return TW_OK;
}
