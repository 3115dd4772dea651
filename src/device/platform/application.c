/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/application.h"

#include <string.h>

enum report { UNREPORTED, WELL, UNWELL };
struct tw_application_rows {
	struct tw_capability capability;
	struct tw_setting_row *settings;
	struct tw_event_row *events;
	struct tw_shape *shapes; /* of the events: TW_MANIFEST_FIELDS + 1 each */
	size_t setting_count, event_count, health_count;
	const char *const *health;
	enum report *reports;
};

static const struct tw_operation_row no_operations[] = { { .name = NULL } };
static const struct tw_element_row no_elements[] = { { .id = NULL } };
static const struct tw_fact_row no_facts[] = { { .name = NULL } };
static const struct tw_job_row no_jobs[] = { { .name = NULL } };

static const struct {
	const char *word;
	enum tw_severity severity;
} severities[] = {
	{ "debug", TW_SEVERITY_DEBUG },
	{ "info", TW_SEVERITY_INFO },
	{ "notice", TW_SEVERITY_NOTICE },
	{ "warning", TW_SEVERITY_WARNING },
	{ "error", TW_SEVERITY_ERROR },
	{ "critical", TW_SEVERITY_CRITICAL },
};

static enum tw_severity severity_of(const char *word)
{
	for (size_t i = 0; i < TW_COUNT(severities); i++)
		if (strcmp(word, severities[i].word) == 0)
			return severities[i].severity;
	return TW_SEVERITY_ERROR; /* the manifest reader knows these words only */
}

static void fill_setting(const struct tw_manifest_setting *m, struct tw_setting_row *row)
{
	static const enum tw_setting_type types[] = {
		[TW_MANIFEST_BOOL] = TW_SETTING_BOOL,
		[TW_MANIFEST_INT] = TW_SETTING_INT,
		[TW_MANIFEST_TEXT] = TW_SETTING_TEXT,
		[TW_MANIFEST_CHOICE] = TW_SETTING_CHOICE,
	};

	*row = (struct tw_setting_row){
		.key = m->key,
		.type = types[m->type],
		.unit = *m->unit ? m->unit : NULL,
		.min = m->min,
		.max = m->max,
		.choices = *m->choices ? m->choices : NULL,
		.default_value = m->default_value,
		.baseline = m->baseline,
		.permission = "settings.change",
		.help = m->help,
	};
}

static void fill_event(const struct tw_manifest_event *m, struct tw_shape *shape, struct tw_event_row *row)
{
	for (size_t i = 0; i < m->field_count; i++)
		shape[i] = (struct tw_shape){ m->fields[i].key, m->fields[i].kind, m->fields[i].required, 0, 0 };
	*row = (struct tw_event_row){ m->id, severity_of(m->severity), shape, NULL, m->help };
}

tw_err tw_application_new(const struct tw_sys *sys, const struct tw_manifest *m, tw_application_rows **ret)
{
	TW_CLEANUP(tw_application_freep) tw_application_rows *a = TW_NEW(sys, tw_application_rows);
	const size_t fields = TW_MANIFEST_FIELDS + 1;

	if (!a)
		return TW_RAISE(NOMEM, "rows of the application");
	/* One more of each ends the table: it stays zero. */
	a->settings = tw_alloc_array(sys, m->setting_count + 1, sizeof *a->settings);
	a->events = tw_alloc_array(sys, m->event_count + 1, sizeof *a->events);
	a->shapes = tw_alloc_array(sys, (m->event_count + 1) * fields, sizeof *a->shapes);
	a->reports = tw_alloc_array(sys, m->health_count + 1, sizeof *a->reports);
	if (!a->settings || !a->events || !a->shapes || !a->reports)
		return TW_RAISE(NOMEM, "rows of the application");
	for (size_t i = 0; i < m->setting_count; i++)
		fill_setting(&m->settings[i], &a->settings[i]);
	for (size_t i = 0; i < m->event_count; i++)
		fill_event(&m->events[i], a->shapes + i * fields, &a->events[i]);
	a->setting_count = m->setting_count;
	a->event_count = m->event_count;
	a->health = m->health;
	a->health_count = m->health_count;
	a->capability = (struct tw_capability){ "APPLICATION", "Application", "application", a->settings, no_operations, a->events,
		no_elements, no_facts, no_jobs };
	*ret = TW_STEAL(a);
	return TW_OK;
}

tw_application_rows *tw_application_free(tw_application_rows *a)
{
	if (a) {
		free(a->settings);
		free(a->events);
		free(a->shapes);
		free(a->reports);
	}
	free(a);
	return NULL;
}

const struct tw_capability *tw_application_capability(const tw_application_rows *a)
{
	return &a->capability;
}

const struct tw_event_row *tw_application_event(const tw_application_rows *a, struct tw_slice id)
{
	for (size_t i = 0; i < a->event_count; i++)
		if (tw_slice_is(id, a->events[i].id))
			return &a->events[i];
	return NULL;
}

const struct tw_setting_row *tw_application_setting(const tw_application_rows *a, struct tw_slice key)
{
	for (size_t i = 0; i < a->setting_count; i++)
		if (tw_slice_is(key, a->settings[i].key))
			return &a->settings[i];
	return NULL;
}

tw_err tw_application_report(tw_application_rows *a, struct tw_slice name, bool well, bool *ret_changed)
{
	enum report now = well ? WELL : UNWELL;

	for (size_t i = 0; i < a->health_count; i++) {
		if (!tw_slice_is(name, a->health[i]))
			continue;
		*ret_changed = a->reports[i] != now;
		a->reports[i] = now;
		return TW_OK;
	}
	return TW_RAISE(NOTFOUND, "the manifest asks for no health of that name");
}

void tw_application_forget(tw_application_rows *a, struct tw_slice name)
{
	for (size_t i = 0; i < a->health_count; i++) {
		if (tw_slice_is(name, a->health[i]))
			a->reports[i] = UNREPORTED;
	}
}

bool tw_application_missing(const tw_application_rows *a, char *ret, size_t size)
{
	size_t at = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < a->health_count; i++) {
		if (a->reports[i] == WELL)
			continue;
		int n = snprintf(ret + at, size - at, "%s%s", at ? " " : "", a->health[i]);
		if (n > 0 && (size_t)n < size - at)
			at += (size_t)n;
		else
			ret[at] = '\0'; /* a name is shown whole or not at all */
	}
	return at > 0;
}

const char *tw_application_health(const tw_application_rows *a, size_t i, const char **ret_state)
{
	static const char *const words[] = { [UNREPORTED] = "unreported", [WELL] = "well", [UNWELL] = "unwell" };

	if (i >= a->health_count)
		return NULL;
	*ret_state = words[a->reports[i]];
	return a->health[i];
}
