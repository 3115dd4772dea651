/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/desk.h"

#include "base/json.h"
#include "base/text.h"
#include "formats/mailmessage.h"
#include "sys/durable.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX 4096

static const struct tw_shape shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, 100 },
	{ "site", TW_JSON_TEXT, true, 9, 200 },
	{ "contacts", TW_JSON_ARRAY, true, 0, 0 },
	{ "expires", TW_JSON_TEXT, true, 1, 40 },
	{ "alarms", TW_JSON_ARRAY, false, 0, 0 },
	{ "prefix", TW_JSON_TEXT, false, 1, 20 },
	{ .key = NULL },
};

/* What may stand in a line of security.txt and behind a link: nothing but printable ASCII, after one of three schemes. */
static bool is_uri(const char *text, bool site)
{
	size_t size = strlen(text);

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
			return false;
	if (strncmp(text, "https://", 8) == 0)
		return size > 8 && text[8] != '/' && (!site || !strchr(text + 8, '/'));
	return !site && size > 7 && strncmp(text, "mailto:", 7) == 0;
}

static tw_err take_contact(const json_t *one, struct tw_desk *d)
{
	const char *text = json_string_value(one);

	if (d->contact_count == TW_DESK_CONTACTS)
		return TW_RAISE(LIMIT, "%s: more than %d contacts", TW_DESK_FILE, TW_DESK_CONTACTS);
	if (!text || strlen(text) >= sizeof d->contacts[0] || !is_uri(text, false))
		return TW_RAISE(SYNTAX, "%s: a contact is https:// or mailto:, of at most 200 bytes", TW_DESK_FILE);
	(void)snprintf(d->contacts[d->contact_count++], sizeof d->contacts[0], "%s", text);
	return TW_OK;
}

static tw_err take_alarm(const json_t *one, struct tw_desk *d)
{
	static const char scheme[] = "mailto:";
	const char *text = json_string_value(one);

	if (d->alarm_count == TW_DESK_CONTACTS)
		return TW_RAISE(LIMIT, "%s: more than %d addresses for alarms", TW_DESK_FILE, TW_DESK_CONTACTS);
	if (!text || strncmp(text, scheme, sizeof scheme - 1) != 0 ||
		!tw_mail_address_valid(tw_slice_of(text + sizeof scheme - 1)) || strlen(text) >= sizeof d->alarms[0])
		return TW_RAISE(SYNTAX, "%s: alarms go to mailto: and an address, of at most 200 bytes", TW_DESK_FILE);
	(void)snprintf(d->alarms[d->alarm_count++], sizeof d->alarms[0], "%s", text + sizeof scheme - 1);
	return TW_OK;
}

/* Ids of advisories begin with it, and name files: nothing that a file's name would lose. */
static tw_err take_prefix(const char *text, struct tw_desk *d)
{
	if (*text && (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(text) || *text == '-'))
		return TW_RAISE(SYNTAX, "%s: prefix is of capitals, digits and hyphens", TW_DESK_FILE);
	(void)snprintf(d->prefix, sizeof d->prefix, "%s", *text ? text : TW_DESK_PREFIX);
	return TW_OK;
}

tw_err tw_desk_parse(struct tw_slice text, struct tw_desk *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_desk d = { .contact_count = 0 };
	const json_t *one;
	size_t i;

	TW_TRY(tw_json_parse(text, FILE_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	if (!tw_text_printable(tw_slice_of(tw_json_text(j, "name"))))
		return TW_RAISE(SYNTAX, "%s: the name is one line of text", TW_DESK_FILE);
	if (!is_uri(tw_json_text(j, "site"), true))
		return TW_RAISE(SYNTAX, "%s: site is https:// and a host, and nothing behind it", TW_DESK_FILE);
	(void)snprintf(d.name, sizeof d.name, "%s", tw_json_text(j, "name"));
	(void)snprintf(d.site, sizeof d.site, "%s", tw_json_text(j, "site"));
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(j, "expires")), &d.expires_ms));
	json_array_foreach(tw_json_get(j, "contacts"), i, one)
		TW_TRY(take_contact(one, &d));
	json_array_foreach(tw_json_get(j, "alarms"), i, one)
		TW_TRY(take_alarm(one, &d));
	if (!d.contact_count)
		return TW_RAISE(SYNTAX, "%s: no contact", TW_DESK_FILE);
	TW_TRY(take_prefix(tw_json_text(j, "prefix"), &d));
	*ret = d;
	return TW_OK;
}

tw_err tw_desk_read(const struct tw_sys *sys, int dir, struct tw_desk *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	*ret = (struct tw_desk){ .contact_count = 0 };
	tw_buf_init(&b, sys, FILE_MAX);
	tw_err e = tw_durable_read(sys, dir, TW_DESK_FILE, FILE_MAX, &b);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	return tw_desk_parse(tw_buf_slice(&b), ret);
}
