/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/desk.h"

#include "base/json.h"
#include "base/text.h"
#include "formats/mailmessage.h"
#include "support/sign/sign-wire.h"
#include "sys/durable.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX (16 * 1024)

static const struct tw_shape shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, 100 },
	{ "site", TW_JSON_TEXT, true, 9, 200 },
	{ "contacts", TW_JSON_ARRAY, true, 0, 0 },
	{ "expires", TW_JSON_TEXT, true, 1, 40 },
	{ "alarms", TW_JSON_ARRAY, false, 0, 0 },
	{ "prefix", TW_JSON_TEXT, false, 1, 20 },
	{ "canary", TW_JSON_INT, false, 1, TW_DESK_CANARY_MAX_H },
	{ "passkeys", TW_JSON_ARRAY, false, 0, 0 },
	{ "hours", TW_JSON_TEXT, false, 1, 100 },
	{ "terms", TW_JSON_OBJECT, false, 0, 0 },
	{ "news", TW_JSON_OBJECT, false, 0, 0 },
	{ "updates", TW_JSON_OBJECT, false, 0, 0 },
	{ "signing", TW_JSON_OBJECT, false, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape news_shape[] = {
	{ "when", TW_JSON_TEXT, true, 1, TW_DESK_TEXT_MAX },
	{ "from", TW_JSON_TEXT, true, 1, TW_DESK_TEXT_MAX },
	{ .key = NULL },
};
static const struct tw_shape updates_shape[] = {
	{ "fix-tests", TW_JSON_TEXT, true, 1, TW_DESK_TEXT_MAX },
	{ "security-tests", TW_JSON_TEXT, true, 1, TW_DESK_TEXT_MAX },
	{ .key = NULL },
};

static const struct tw_shape terms_shape[] = {
	{ "answer_days", TW_JSON_INT, true, 1, 365 },
	{ "decide_days", TW_JSON_INT, true, 1, 365 },
	{ "fix_days", TW_JSON_INT, true, 1, 365 },
	{ "status_days", TW_JSON_INT, true, 1, 365 },
	{ .key = NULL },
};

static const struct tw_shape signing_shape[] = {
	{ "key", TW_JSON_TEXT, true, 40, 64 },
	{ "by", TW_JSON_TEXT, true, 4, 6 },
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
	return !site && ((size > 7 && strncmp(text, "mailto:", 7) == 0) || (size > 4 && strncmp(text, "tel:", 4) == 0));
}

/* tel: is followed by what may be dialled. */
static bool is_dialled(const char *text)
{
	return strncmp(text, "tel:", 4) != 0 || text[4 + strspn(text + 4, "+0123456789-.()")] == '\0';
}

static tw_err take_contact(const json_t *one, struct tw_desk *d)
{
	const char *text = json_string_value(one);

	if (d->contact_count == TW_DESK_CONTACTS)
		return TW_RAISE(LIMIT, "%s: more than %d contacts", TW_DESK_FILE, TW_DESK_CONTACTS);
	if (!text || strlen(text) >= sizeof d->contacts[0] || !is_uri(text, false) || !is_dialled(text))
		return TW_RAISE(SYNTAX, "%s: a contact is https://, mailto: or tel:, of at most 200 bytes", TW_DESK_FILE);
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

bool tw_desk_site_name(const char *site, char ret[201])
{
	static const char scheme[] = "https://";
	const char *host = site + sizeof scheme - 1;
	bool letters = false;

	if (strncmp(site, scheme, sizeof scheme - 1) != 0)
		return false;
	const size_t size = strcspn(host, ":");
	if (size == 0 || size > 200)
		return false;
	for (size_t i = 0; i < size; i++) {
		letters = letters || (host[i] >= 'a' && host[i] <= 'z');
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", host[i]))
			return false;
	}
	(void)snprintf(ret, 201, "%.*s", (int)size, host);
	return letters;
}

/* Where a browser has none, whose role wants one would never come in. */
static tw_err check_passkeys(const struct tw_desk *d)
{
	char name[201];

	if (d->passkey_role_count && !tw_desk_site_name(d->site, name))
		return TW_RAISE(SYNTAX,
			"%s: passkeys are of a site with a name in small letters, which https:// and an address is not", TW_DESK_FILE);
	return TW_OK;
}

static tw_err take_passkey_role(const json_t *one, struct tw_desk *d)
{
	static const char *const roles[TW_DESK_ROLES] = { "analyst", "manager", "publisher", "administrator" };
	const char *text = json_string_value(one);
	size_t i = 0;

	while (text && i < TW_DESK_ROLES && strcmp(roles[i], text) != 0)
		i++;
	if (!text || i == TW_DESK_ROLES)
		return TW_RAISE(SYNTAX, "%s: passkeys are wanted of the roles analyst, manager, publisher and administrator", TW_DESK_FILE);
	for (size_t k = 0; k < d->passkey_role_count; k++)
		if (strcmp(d->passkey_roles[k], text) == 0)
			return TW_RAISE(SYNTAX, "%s: passkeys names %s twice", TW_DESK_FILE, text);
	(void)snprintf(d->passkey_roles[d->passkey_role_count++], sizeof d->passkey_roles[0], "%s", text);
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

/* A term that is there binds whoever runs the service, so a half of them is refused and not filled up. */
static tw_err take_terms(const json_t *terms, struct tw_desk *d)
{
	if (!terms)
		return TW_OK;
	TW_TRY(tw_json_check(terms, terms_shape));
	d->terms = (struct tw_desk_terms){ .answer = (int)tw_json_int(terms, "answer_days"),
		.decide = (int)tw_json_int(terms, "decide_days"),
		.fix = (int)tw_json_int(terms, "fix_days"),
		.status = (int)tw_json_int(terms, "status_days") };
	return TW_OK;
}

static tw_err take_text(const json_t *of, const char *key, char ret[TW_DESK_TEXT_MAX + 1])
{
	const char *text = tw_json_text(of, key);
	bool good = text[strspn(text, " \n")] != '\0' && tw_utf8_valid(tw_slice_of(text));

	for (const char *c = text; *c; c++)
		good = good && ((unsigned char)*c >= ' ' || *c == '\n') && *c != 0x7f;
	if (!good)
		return TW_RAISE(SYNTAX, "%s: %s is lines of text", TW_DESK_FILE, key);
	(void)snprintf(ret, TW_DESK_TEXT_MAX + 1, "%s", text);
	return TW_OK;
}

static tw_err take_texts(const json_t *j, struct tw_desk *d)
{
	const json_t *news = tw_json_get(j, "news"), *updates = tw_json_get(j, "updates");

	if (news) {
		TW_TRY(tw_json_check(news, news_shape));
		TW_TRY(take_text(news, "when", d->news.when));
		TW_TRY(take_text(news, "from", d->news.from));
	}
	if (!updates)
		return TW_OK;
	TW_TRY(tw_json_check(updates, updates_shape));
	TW_TRY(take_text(updates, "fix-tests", d->updates.fix_tests));
	return take_text(updates, "security-tests", d->updates.security_tests);
}

static tw_err take_signing(const json_t *signing, struct tw_desk *d)
{
	if (!signing)
		return TW_OK;
	TW_TRY(tw_json_check(signing, signing_shape));
	const char *key = tw_json_text(signing, "key"), *by = tw_json_text(signing, "by");

	if (!tw_sign_fingerprint(tw_slice_of(key)))
		return TW_RAISE(SYNTAX, "%s: signing/key is a whole fingerprint, in capitals: gpg --fingerprint shows it", TW_DESK_FILE);
	if (strcmp(by, "role") != 0 && strcmp(by, "person") != 0)
		return TW_RAISE(SYNTAX, "%s: signing/by is role or person", TW_DESK_FILE);
	(void)snprintf(d->signing_key, sizeof d->signing_key, "%s", key);
	d->signed_by_person = strcmp(by, "person") == 0;
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
	if (!tw_text_printable(tw_slice_of(tw_json_text(j, "hours"))))
		return TW_RAISE(SYNTAX, "%s: the hours are one line of text", TW_DESK_FILE);
	(void)snprintf(d.hours, sizeof d.hours, "%s", tw_json_text(j, "hours"));
	d.canary_h = (unsigned)tw_json_int(j, "canary"); /* 0 when it is not there */
	TW_TRY(take_terms(tw_json_get(j, "terms"), &d));
	TW_TRY(take_texts(j, &d));
	TW_TRY(take_signing(tw_json_get(j, "signing"), &d));
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(j, "expires")), &d.expires_ms));
	json_array_foreach(tw_json_get(j, "contacts"), i, one)
		TW_TRY(take_contact(one, &d));
	json_array_foreach(tw_json_get(j, "passkeys"), i, one)
		TW_TRY(take_passkey_role(one, &d));
	TW_TRY(check_passkeys(&d));
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
