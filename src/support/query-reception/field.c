/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/field.h"

#include "base/text.h"

#include <string.h>

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) == 0x80 ? 0u : (unsigned char)*text >= 0xf0 ? 2u : 1u;
	return n;
}

static bool offered(const struct tw_choice *choices, const char *value)
{
	while (choices->value && strcmp(choices->value, value) != 0)
		choices++;
	return choices->value != NULL;
}

enum tw_word tw_field_fault(const struct tw_field *f, const char *value)
{
	if (f->needed && value[strspn(value, " \t\n")] == '\0')
		return TW_W_NEEDED;
	if (f->choices)
		return *value == '\0' || offered(f->choices, value) ? TW_WORDS : TW_W_NOT_OFFERED;
	if (characters(value) > f->most)
		return TW_W_TOO_LONG;
	return !f->rows && strchr(value, '\n') ? TW_W_ONE_LINE : TW_WORDS;
}

static void attr(struct tw_html *h, enum tw_html_attribute a, const char *before, const char *value)
{
	char text[96];

	(void)snprintf(text, sizeof text, "%s%s", before, value);
	tw_html_attr(h, a, tw_slice_of(text));
}

static void say(struct tw_html *h, struct tw_look look, const char *key, const char *class, enum tw_word w)
{
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, tw_slice_of(class));
	attr(h, TW_AT_ID, *class == 'e' ? "error-" : "hint-", key);
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
}

/* What every control has. */
static void control(struct tw_html *h, const struct tw_field *f, enum tw_word fault)
{
	char described[160];

	(void)snprintf(described, sizeof described, "%s%s%s%s%s", fault != TW_WORDS ? "error-" : "",
		fault != TW_WORDS ? f->key : "", fault != TW_WORDS && f->hint != TW_WORDS ? " " : "",
		f->hint != TW_WORDS ? "hint-" : "", f->hint != TW_WORDS ? f->key : "");
	attr(h, TW_AT_ID, "field-", f->key);
	tw_html_attr(h, TW_AT_NAME, tw_slice_of(f->key));
	if (*described)
		tw_html_attr(h, TW_AT_DESCRIBEDBY, tw_slice_of(described));
	if (fault != TW_WORDS)
		tw_html_attr(h, TW_AT_INVALID, TW_SLICE("true"));
	if (f->needed)
		tw_html_attr(h, TW_AT_REQUIRED, TW_SLICE(""));
}

static void most(struct tw_html *h, const struct tw_field *f)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%zu", f->most);
	if (f->most)
		tw_html_attr(h, TW_AT_MAXLENGTH, tw_slice_of(text));
	if (f->plain || f->remember)
		tw_html_attr(h, TW_AT_AUTOCOMPLETE, tw_slice_of(f->remember ? f->remember : "off"));
}

/* A browser drops the first line end of a box. */
static void box(struct tw_html *h, const struct tw_field *f, const char *value, enum tw_word fault)
{
	char rows[12];

	(void)snprintf(rows, sizeof rows, "%u", f->rows);
	tw_html_open(h, TW_E_TEXTAREA);
	control(h, f, fault);
	most(h, f);
	tw_html_attr(h, TW_AT_ROWS, tw_slice_of(rows));
	tw_html_text(h, tw_slice_of(*value == '\n' ? "\n" : ""));
	tw_html_text(h, tw_slice_of(value));
	tw_html_close(h);
}

static void line(struct tw_html *h, const struct tw_field *f, const char *value, enum tw_word fault)
{
	tw_html_open(h, TW_E_INPUT);
	tw_html_attr(h, TW_AT_TYPE, tw_slice_of(f->type ? f->type : "text"));
	control(h, f, fault);
	most(h, f);
	if (f->type && strcmp(f->type, "file") == 0)
		tw_html_attr(h, TW_AT_MULTIPLE, TW_SLICE(""));
	else if (*value || !f->type)
		tw_html_attr(h, TW_AT_VALUE, tw_slice_of(value));
	tw_html_close(h);
}

void tw_field_option(struct tw_html *h, const char *value, const char *text, bool chosen)
{
	tw_html_open(h, TW_E_OPTION);
	tw_html_attr(h, TW_AT_VALUE, tw_slice_of(value));
	if (chosen)
		tw_html_attr(h, TW_AT_SELECTED, TW_SLICE(""));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

static void choice(struct tw_html *h, struct tw_look look, const struct tw_field *f, const char *value, enum tw_word fault)
{
	tw_html_open(h, TW_E_SELECT);
	control(h, f, fault);
	for (const struct tw_choice *c = f->choices; c->value; c++)
		tw_field_option(h, c->value, tw_word(c->word, look.language), strcmp(c->value, value) == 0);
	tw_html_close(h);
}

static void label(struct tw_html *h, struct tw_look look, const struct tw_field *f)
{
	tw_html_open(h, TW_E_LABEL);
	attr(h, TW_AT_FOR, "field-", f->key);
	tw_html_text(h, tw_slice_of(tw_word(f->label, look.language)));
	tw_html_close(h);
	if (f->hint != TW_WORDS)
		say(h, look, f->key, "hint", f->hint);
}

void tw_field_choose(struct tw_html *h, struct tw_look look, const struct tw_field *f)
{
	label(h, look, f);
	tw_html_open(h, TW_E_SELECT);
	control(h, f, TW_WORDS);
}

void tw_field_write(struct tw_html *h, struct tw_look look, const struct tw_field *f, const char *value, enum tw_word fault)
{
	label(h, look, f);
	if (fault != TW_WORDS)
		say(h, look, f->key, "error", fault);
	if (f->choices)
		choice(h, look, f, value, fault);
	else if (f->rows)
		box(h, f, value, fault);
	else
		line(h, f, value, fault);
}

static void fault_at(struct tw_html *h, struct tw_look look, const struct tw_field *f, enum tw_word fault)
{
	char at[96];

	(void)snprintf(at, sizeof at, "#field-%s", f->key);
	tw_html_open(h, TW_E_LI);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(at));
	tw_html_text(h, tw_slice_of(tw_word(f->label, look.language)));
	tw_html_close(h);
	tw_html_text(h, TW_SLICE(": "));
	tw_html_text(h, tw_slice_of(tw_word(fault, look.language)));
	tw_html_close(h);
}

void tw_field_summary(struct tw_html *h, struct tw_look look, const struct tw_field *fields, const enum tw_word *faults, size_t count)
{
	size_t first = 0;

	while (first < count && faults[first] == TW_WORDS)
		first++;
	if (first == count)
		return;
	tw_html_open(h, TW_E_SECTION);
	tw_html_attr(h, TW_AT_ROLE, TW_SLICE("alert"));
	tw_page_put(h, look, TW_E_H2, TW_W_REFUSED);
	tw_html_open(h, TW_E_UL);
	for (size_t i = first; i < count; i++)
		if (faults[i] != TW_WORDS)
			fault_at(h, look, &fields[i], faults[i]);
	tw_html_close(h);
	tw_html_close(h);
}

void tw_form_hidden(struct tw_html *h, const char *name, const char *value)
{
	tw_html_open(h, TW_E_INPUT);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("hidden"));
	tw_html_attr(h, TW_AT_NAME, tw_slice_of(name));
	tw_html_attr(h, TW_AT_VALUE, tw_slice_of(value));
	tw_html_close(h);
}

static void open_form(struct tw_html *h, struct tw_look look, const char *action, const char *coding)
{
	tw_html_open(h, TW_E_FORM);
	tw_html_attr(h, TW_AT_METHOD, TW_SLICE("post"));
	if (*coding)
		tw_html_attr(h, TW_AT_ENCTYPE, tw_slice_of(coding));
	tw_html_link(h, tw_slice_of(action));
	tw_form_hidden(h, "lang", look.chosen ? tw_language_tag(look.language) : "");
}

void tw_form_open(struct tw_html *h, struct tw_look look, const char *action)
{
	open_form(h, look, action, "");
}

void tw_form_open_files(struct tw_html *h, struct tw_look look, const char *action)
{
	open_form(h, look, action, "multipart/form-data");
}

void tw_form_close(struct tw_html *h, struct tw_look look, enum tw_word button)
{
	tw_html_open(h, TW_E_BUTTON);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(h, tw_slice_of(tw_word(button, look.language)));
	tw_html_close(h);
	tw_html_close(h);
}
