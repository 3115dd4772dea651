/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's rows as the path's rows, and what the application has reported. */
#include "device/platform/application.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>

static const char *const health[] = { "sensor", "control" };
static const struct tw_manifest_setting settings[] = {
	{ "application.target", TW_MANIFEST_INT, "C", 5, 30, "", "20", "19", "wanted" },
	{ "application.mode", TW_MANIFEST_CHOICE, "", 0, 0, "a|b", "a", "b", "how" },
};
static const struct tw_manifest_event events[] = {
	{ .id = "application.hot",
		.severity = "warning",
		.help = "hot",
		.fields = { { "t", TW_JSON_INT, true }, { "why", TW_JSON_TEXT, false } },
		.field_count = 2 },
	{ .id = "application.up", .severity = "info", .help = "up" },
};
static const struct tw_manifest manifest = {
	.settings = settings, .setting_count = 2, .events = events, .event_count = 2, .health = health, .health_count = 2
};

static void test_rows(void **state)
{
	TW_CLEANUP(tw_application_freep) tw_application_rows *a = NULL;
	const struct tw_event_row *e;
	const struct tw_setting_row *s;

	CHECK_OK(tw_application_new(tw_sys_real(), &manifest, &a));
	e = tw_application_event(a, TW_SLICE("application.hot"));
	CHECK_INT(e->severity, TW_SEVERITY_WARNING);
	CHECK_TEXT(e->fields[0].key, "t");
	CHECK_TEXT(e->fields[1].key, "why");
	CHECK(e->fields[2].key == NULL);
	CHECK(tw_application_event(a, TW_SLICE("application.up"))->fields[0].key == NULL);
	CHECK(tw_application_event(a, TW_SLICE("device.started")) == NULL);
	s = tw_application_setting(a, TW_SLICE("application.target"));
	CHECK_INT(s->type, TW_SETTING_INT);
	CHECK_TEXT(s->unit, "C");
	CHECK_INT(s->max, 30);
	CHECK_TEXT(s->baseline, "19");
	CHECK_TEXT(s->permission, "settings.change");
	CHECK(s->choices == NULL && s->apply == NULL);
	CHECK_TEXT(tw_application_setting(a, TW_SLICE("application.mode"))->choices, "a|b");
	CHECK(tw_application_setting(a, TW_SLICE("application.other")) == NULL);
	const struct tw_capability *c = tw_application_capability(a);
	CHECK(c->settings[2].key == NULL && c->events[2].id == NULL && c->operations[0].name == NULL && c->elements[0].id == NULL);
}

static void test_health(void **state)
{
	TW_CLEANUP(tw_application_freep) tw_application_rows *a = NULL;
	char missing[64], little[8];
	const char *state_of = NULL;
	bool changed;

	CHECK_OK(tw_application_new(tw_sys_real(), &manifest, &a));
	CHECK(tw_application_missing(a, missing, sizeof missing));
	CHECK_TEXT(missing, "sensor control");
	CHECK(tw_application_missing(a, little, sizeof little));
	CHECK_TEXT(little, "sensor");
	CHECK_OK(tw_application_report(a, TW_SLICE("sensor"), true, &changed));
	CHECK(changed);
	CHECK_OK(tw_application_report(a, TW_SLICE("sensor"), true, &changed));
	CHECK(!changed);
	CHECK(tw_application_missing(a, missing, sizeof missing));
	CHECK_TEXT(missing, "control");
	CHECK_OK(tw_application_report(a, TW_SLICE("control"), true, &changed));
	CHECK(!tw_application_missing(a, missing, sizeof missing));
	CHECK_OK(tw_application_report(a, TW_SLICE("sensor"), false, &changed));
	CHECK(changed && tw_application_missing(a, missing, sizeof missing));
	tw_application_forget(a, TW_SLICE("sensor"));
	CHECK_OK(tw_application_report(a, TW_SLICE("sensor"), false, &changed));
	CHECK(changed);
	CHECK_TEXT(tw_application_health(a, 0, &state_of), "sensor");
	CHECK_TEXT(state_of, "unwell");
	CHECK_TEXT(tw_application_health(a, 1, &state_of), "control");
	CHECK_TEXT(state_of, "well");
	tw_application_forget(a, TW_SLICE("sensor"));
	CHECK(tw_application_health(a, 0, &state_of) && !strcmp(state_of, "unreported"));
	CHECK(!tw_application_health(a, 2, &state_of));
	CHECK_ERR(tw_application_report(a, TW_SLICE("nobody"), true, &changed), NOTFOUND);
}

static void test_every_allocation_may_fail(void **state)
{
	tw_fake *f = tw_fake_new();

	for (long nth = 1; nth < 20; nth++) {
		tw_application_rows *a = NULL;
		tw_fake_fail(f, nth, ENOMEM, false);
		tw_err e = tw_application_new(tw_fake_sys(f), &manifest, &a);
		if (!tw_fake_fired(f)) {
			CHECK_OK(e);
			(void)tw_application_free(a);
			(void)tw_fake_free(f);
			return;
		}
		CHECK(tw_is(e, TW_CODE_NOMEM));
	}
	fail_msg("more allocations than expected");
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_health), cmocka_unit_test(test_every_allocation_may_fail))
