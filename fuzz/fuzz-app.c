/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: which payload of the application's door. What is accepted lies inside the input and within its limits. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/screen.h"
#include "sys/application.h"
#include "sys/real.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct tw_slice whole, struct tw_slice part, size_t max)
{
	if (part.size > max || (part.size && (part.at < whole.at || part.at + part.size > whole.at + whole.size)))
		abort();
}

/* Displays and links. On the smallest screen a notice as long as may be fits the message, whatever it says. */
static void of_displays(char which, struct tw_slice all)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_screen screen = { TW_APP_COLUMNS_LEAST, TW_APP_LINES_LEAST };
	struct tw_app_screen size;
	struct tw_app_shows s;
	struct tw_app_link l;
	size_t pages = 0;

	if (which == 'm' && !tw_failed(tw_app_read_screen(all, &size)) && all.size != 4)
		abort();
	if (which == 'n' && !tw_failed(tw_app_read_shows(all, &s)))
		inside(all, s.notice, TW_APP_NOTICE_ID);
	if (which == 'l' && !tw_failed(tw_app_read_link(all, &l))) {
		inside(all, l.technology, TW_APP_TECHNOLOGY_MAX);
		inside(all, l.driver, TW_APP_DRIVER_MAX);
		if (l.state >= TW_APP_LINK_STATES)
			abort();
	}
	if (which != 'w' || all.size > 1760 || memchr(all.at, 0, all.size))
		return;
	tw_buf_init(&b, tw_sys_real(), TW_APP_NOTICE_MAX);
	tw_err e = tw_screen_wrap(all, &screen, &b, &pages);
	if (tw_failed(e) == tw_utf8_valid(all))
		abort();
}

/* Each word that is taken lies inside, and moves on. */
static void of_services(struct tw_slice all)
{
	struct tw_app_service s;
	struct tw_app_part part;
	struct tw_slice rest;

	if (tw_failed(tw_app_read_services(all, &part)))
		return;
	rest = part.words;
	while (rest.size) {
		const size_t before = rest.size;

		if (tw_failed(tw_app_next_service(&rest, &s)))
			return;
		inside(all, s.name, TW_APP_SERVICE_MAX);
		inside(all, s.state, 7);
		if (rest.size >= before)
			abort();
	}
}

/* What a program says that is none of the application's: a provider, or the device's button. */
static void of_providers(char which, struct tw_slice all)
{
	struct tw_app_provide p;
	struct tw_app_present press;
	enum tw_app_verdict verdict;
	struct tw_slice challenge;

	if (which == 'p' && !tw_failed(tw_app_read_provide(all, &p))) {
		inside(all, p.name, TW_APP_PROVIDER_MAX);
	} else if (which == 'j' && !tw_failed(tw_app_read_verdict(all, &challenge, &verdict))) {
		inside(all, challenge, TW_APP_CHALLENGE);
		if (verdict >= TW_APP_VERDICTS)
			abort();
	} else if (which == 'b' && !tw_failed(tw_app_read_present(all, &press))) {
		if (press.down_ms < 0 || press.held_ms < 0 || press.down_ms > INT64_MAX - press.held_ms)
			abort();
	} else if (which == 'l') {
		of_services(all);
	} else {
		of_displays(which, all);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice all;
	struct tw_app_event e;
	struct tw_app_health h;
	struct tw_slice key, signature;
	struct tw_app_key k;
	enum tw_app_scope scope;

	if (size < 1)
		return 0;
	all = (struct tw_slice){ (const char *)data + 1, size - 1 };
	if (data[0] == 'e' && !tw_failed(tw_app_read_event(all, &e))) {
		inside(all, e.id, TW_APP_NAME_MAX);
		inside(all, e.fields, TW_APP_FIELDS_MAX);
	} else if (data[0] == 'h' && !tw_failed(tw_app_read_health(all, &h))) {
		inside(all, h.name, TW_APP_NAME_MAX);
		inside(all, h.text, TW_APP_TEXT_MAX);
	} else if (data[0] == 's' && !tw_failed(tw_app_read_setting(all, &key))) {
		inside(all, key, TW_APP_NAME_MAX);
	} else if (data[0] == 'f' && !tw_failed(tw_app_read_hash(all, &key))) {
		inside(all, key, TW_APP_FUNCTION_MAX);
	} else if (data[0] == 'v' && !tw_failed(tw_app_read_verify(all, &key, &signature))) {
		inside(all, key, TW_APP_KEY_MAX);
		inside(all, signature, TW_APP_SIGNATURE_MAX);
	} else if ((data[0] == 'k' || data[0] == 'd') && !tw_failed(tw_app_read_key(all, data[0] == 'd', &k))) {
		inside(all, k.name, TW_APP_KEY_NAME_MAX);
		inside(all, k.digest, TW_APP_SIGN_DIGEST);
	} else if (data[0] == 'a' && !tw_failed(tw_app_read_authorize(all, &key, &signature))) {
		inside(all, key, TW_APP_NAME_MAX);
		inside(all, signature, TW_APP_PASS_MAX);
	} else if (data[0] == 'c' && !tw_failed(tw_app_read_sealing(all, &scope, &key))) {
		inside(all, key, all.size);
		if (scope >= TW_APP_SCOPES)
			abort();
	} else {
		of_providers((char)data[0], all);
	}
	return 0;
}
