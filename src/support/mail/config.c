/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/config.h"

#include "base/json.h"
#include "base/text.h"
#include "formats/mailmessage.h"

#include <stdio.h>
#include <string.h>

static const struct tw_shape shape[] = {
	{ "server", TW_JSON_TEXT, false, 1, 253 },
	{ "port", TW_JSON_INT, false, 1, 65535 },
	{ "tls", TW_JSON_TEXT, false, 1, 10 },
	{ "user", TW_JSON_TEXT, false, 1, 200 },
	{ "from", TW_JSON_TEXT, false, 1, TW_MAIL_ADDRESS_MAX },
	{ "name", TW_JSON_TEXT, false, 1, TW_MAIL_NAME_MAX },
	{ "webhook_networks", TW_JSON_ARRAY, false, 0, 0 },
	{ .key = NULL },
};

static bool is_host(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-.:", *c)))
			return false;
	return *text != '-' && *text != '.';
}

static bool is_here(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "127.0.0.1") || !strcmp(host, "::1");
}

static tw_err take_tls(const char *text, const char *server, const char *file, enum tw_mail_tls *ret)
{
	static const char *const words[] = { "implicit", "starttls", "none" };

	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (!strcmp(text, words[i])) {
			*ret = (enum tw_mail_tls)i;
			return *ret != TW_MAIL_TLS_NONE || is_here(server)
				? TW_OK
				: TW_RAISE(SYNTAX, "%s: tls may be none only when the server is 127.0.0.1, ::1 or localhost", file);
		}
	return TW_RAISE(SYNTAX, "%s: tls is implicit, starttls or none", file);
}

static tw_err take_server(const json_t *j, struct tw_mail_config *c)
{
	const bool named = tw_json_get(j, "server") != NULL;
	static const char *const with[] = { "port", "tls", "from" };

	for (size_t i = 0; i < TW_COUNT(with); i++)
		if ((tw_json_get(j, with[i]) != NULL) != named)
			return TW_RAISE(SYNTAX, "%s: server, port, tls and from are all there, or none of them", TW_MAIL_CONFIG_FILE);
	if (!named && (tw_json_get(j, "user") || tw_json_get(j, "name")))
		return TW_RAISE(SYNTAX, "%s: a user or a name without a server", TW_MAIL_CONFIG_FILE);
	if (!named)
		return TW_OK;
	(void)snprintf(c->server, sizeof c->server, "%s", tw_json_text(j, "server"));
	(void)snprintf(c->user, sizeof c->user, "%s", tw_json_text(j, "user"));
	(void)snprintf(c->from, sizeof c->from, "%s", tw_json_text(j, "from"));
	(void)snprintf(c->name, sizeof c->name, "%s", tw_json_text(j, "name"));
	c->port = (unsigned)json_integer_value(tw_json_get(j, "port"));
	if (!is_host(c->server))
		return TW_RAISE(SYNTAX, "%s: server is the name or the address of a host", TW_MAIL_CONFIG_FILE);
	if (!tw_mail_address_valid(tw_slice_of(c->from)))
		return TW_RAISE(SYNTAX, "%s: from is a mail address", TW_MAIL_CONFIG_FILE);
	if (!tw_text_printable(tw_slice_of(c->name)) || !tw_text_printable(tw_slice_of(c->user)))
		return TW_RAISE(SYNTAX, "%s: name and user are each one line of text", TW_MAIL_CONFIG_FILE);
	return take_tls(tw_json_text(j, "tls"), c->server, TW_MAIL_CONFIG_FILE, &c->tls);
}

tw_err tw_mail_config_parse(struct tw_slice text, struct tw_mail_config *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_mail_config c = { .port = 0 };
	const json_t *one;
	size_t i;

	*ret = c;
	if (text.size == 0)
		return TW_OK;
	TW_TRY(tw_json_parse(text, TW_MAIL_CONFIG_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	TW_TRY(take_server(j, &c));
	json_array_foreach(tw_json_get(j, "webhook_networks"), i, one) {
		if (c.network_count == TW_MAIL_NETWORKS_MAX)
			return TW_RAISE(LIMIT, "%s: more than %d networks", TW_MAIL_CONFIG_FILE, TW_MAIL_NETWORKS_MAX);
		if (!json_is_string(one))
			return TW_RAISE(SYNTAX, "%s: webhook_networks is a list of texts", TW_MAIL_CONFIG_FILE);
		TW_TRY(tw_network_read(json_string_value(one), &c.networks[c.network_count++]));
	}
	*ret = c;
	return TW_OK;
}

static const struct tw_shape inmail_shape[] = {
	{ "server", TW_JSON_TEXT, true, 1, 253 },
	{ "port", TW_JSON_INT, true, 1, 65535 },
	{ "tls", TW_JSON_TEXT, true, 1, 10 },
	{ "user", TW_JSON_TEXT, true, 1, 200 },
	{ "address", TW_JSON_TEXT, true, 1, TW_MAIL_ADDRESS_MAX },
	{ "mailbox", TW_JSON_TEXT, false, 1, 200 },
	{ "every", TW_JSON_INT, false, TW_INMAIL_EVERY_MIN_S, TW_INMAIL_EVERY_MAX_S },
	{ "canary", TW_JSON_INT, false, 1, TW_INMAIL_CANARY_MAX_H },
	{ .key = NULL },
};

/* It goes into a command between quotes. */
static bool is_mailbox(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			return false;
	return true;
}

tw_err tw_inmail_config_parse(struct tw_slice text, struct tw_inmail_config *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_inmail_config c = { .every_s = 60, .mailbox = "INBOX" };

	*ret = (struct tw_inmail_config){ .every_s = 60 };
	if (text.size == 0)
		return TW_OK;
	TW_TRY(tw_json_parse(text, TW_MAIL_CONFIG_MAX, &j));
	TW_TRY(tw_json_check(j, inmail_shape));
	(void)snprintf(c.server, sizeof c.server, "%s", tw_json_text(j, "server"));
	(void)snprintf(c.user, sizeof c.user, "%s", tw_json_text(j, "user"));
	(void)snprintf(c.address, sizeof c.address, "%s", tw_json_text(j, "address"));
	c.port = (unsigned)json_integer_value(tw_json_get(j, "port"));
	if (tw_json_get(j, "mailbox"))
		(void)snprintf(c.mailbox, sizeof c.mailbox, "%s", tw_json_text(j, "mailbox"));
	if (tw_json_get(j, "every"))
		c.every_s = (unsigned)json_integer_value(tw_json_get(j, "every"));
	c.canary_h = (unsigned)json_integer_value(tw_json_get(j, "canary")); /* 0 when it is not there */
	if (!is_host(c.server))
		return TW_RAISE(SYNTAX, "%s: server is the name or the address of a host", TW_INMAIL_CONFIG_FILE);
	if (!tw_mail_address_valid(tw_slice_of(c.address)))
		return TW_RAISE(SYNTAX, "%s: address is a mail address", TW_INMAIL_CONFIG_FILE);
	if (!tw_text_printable(tw_slice_of(c.user)) || !is_mailbox(c.mailbox))
		return TW_RAISE(SYNTAX, "%s: user is one line of text, mailbox one of ASCII without quotes and backslashes",
			TW_INMAIL_CONFIG_FILE);
	TW_TRY(take_tls(tw_json_text(j, "tls"), c.server, TW_INMAIL_CONFIG_FILE, &c.tls));
	*ret = c;
	return TW_OK;
}

tw_err tw_mail_password_parse(struct tw_slice text, struct tw_slice *ret)
{
	const char *end = text.size ? memchr(text.at, '\n', text.size) : NULL;
	const struct tw_slice line = { text.at, end ? (size_t)(end - text.at) : text.size };

	if (line.size == 0 || line.size > TW_MAIL_PASSWORD_MAX || !tw_text_printable(line) || (end && end + 1 != text.at + text.size))
		return TW_RAISE(SYNTAX, "%s: it is one line of 1 to %d bytes", TW_MAIL_PASSWORD_FILE, TW_MAIL_PASSWORD_MAX);
	*ret = line;
	return TW_OK;
}
