/* SPDX-License-Identifier: Apache-2.0 */
/* The words of verdicts, and what every probe says in the same way. */
#include "tool/probes/probe.h"

#include <stdarg.h>

const char *const tw_verdict_words[TW_VERDICTS] = {
	[TW_VERDICT_PASS] = "pass",
	[TW_VERDICT_FAIL] = "fail",
	[TW_VERDICT_INCONCLUSIVE] = "inconclusive",
	[TW_VERDICT_NOT_APPLICABLE] = "not applicable",
};
const char *const tw_source_words[TW_SOURCES] = {
	[TW_SOURCE_OUTSIDE] = "observed outside",
	[TW_SOURCE_INSIDE] = "observed inside",
	[TW_SOURCE_DEVICE] = "stated by device",
	[TW_SOURCE_PERSON] = "stated by person",
};

tw_err tw_found(struct tw_finding *f, enum tw_verdict verdict, const char *format, ...)
{
	va_list list;

	f->verdict = verdict;
	va_start(list, format);
	(void)vsnprintf(f->reason, sizeof(f->reason), format, list);
	va_end(list);
	return TW_OK;
}

tw_err tw_saw(struct tw_finding *f, const char *key, const char *value)
{
	if (!f->seen)
		f->seen = json_object();
	if (!f->seen)
		return TW_RAISE(NOMEM, "what was seen");
	return tw_json_set(f->seen, key, json_string(value));
}

tw_err tw_found_trouble(struct tw_finding *f, const char *what, tw_err e)
{
	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_INTERNAL))
		return e;
	if (tw_is(e, TW_CODE_DENIED))
		return tw_found(f, TW_VERDICT_FAIL, "%s was refused: %s.", what, tw_err_detail());
	if (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX))
		return tw_found(f, TW_VERDICT_FAIL, "%s does not hold: %s.", what, tw_err_detail());
	return tw_found(f, TW_VERDICT_INCONCLUSIVE, "%s could not be asked: %s. Assess again when the device answers.", what,
		tw_err_detail());
}

int64_t tw_probe_now_us(const struct tw_sys *sys)
{
	struct timespec t = { 0 };

	(void)sys->clock(sys, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
