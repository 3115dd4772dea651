/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward device WORDS` and `thingward desk WORDS`: the operation rows of a device, or of the manufacturer's server, as subcommands.
 * `settings.change` is `settings change KEY VALUE`: first the parameter of the path, then the input fields, as positions, as name=value or as
 * --name value. A document may stand in a file: @FILE.
 */
#include "tool/commands.h"
#include "tool/confirm.h"
#include "tool/files.h"
#include "tool/notice.h"
#include "tool/pages.h"
#include "tool/passphrase.h"
#include "tool/rows.h"
#include "tool/session.h"
#include "tool/wait.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <ctype.h>

#define PATH_SIZE 512
#define WORDS_MAX 64
#define KEY_SIZE 40       /* of an option that a field gives */
#define DOCUMENT_MIN 4096 /* a text that may be so long is a document, and may stand in a file */
#define OBJECT_MAX 65536  /* as text: the most that an operation takes */

static const struct tw_option places[] = {
	{ "device", "NAME|HOST:PORT", false, "the device, as you named it at take-over, or by its address" },
	{ "owner", "DIR", false, "your directory" },
	{ "local", "SOCKET", false, "on the device itself: its local socket; with --owner by your login there" },
	TW_OPTION_ACCEPT_NOTICE,
	{},
};

static const struct tw_option desk_places[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{},
};

/* Of an operation that is a task. */
static const struct tw_option waits[] = {
	{ "no-wait", NULL, false, "only begin it; `thingward device tasks read ID` says how far it is" },
	{ "quiet", NULL, false, "show no progress" },
	{},
};

/* Parts of protocols that this tool speaks elsewhere, or that belong to browsers; secrets would stand on the command line. */
static bool for_others(const char *name)
{
	static const char *const names[] = { "commissioning.take", "commissioning.browser", "commissioning.claim", "recovery.ask",
		"recovery.state", "session.open", "session.close", "log.segment", "log.stream", "login.open", "password.change",
		"passwords.set", "radius.secret", "totp.enrol", "totp.confirm", "totp.remove", "passkeys.begin", "passkeys.add",
		"portal.home", "desk.file" };

	for (size_t i = 0; i < TW_COUNT(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* A page is for people with a browser, and no command; nor is a file that it leads to. */
static bool offered(const json_t *operation)
{
	const char *path = tw_json_text(operation, "path");

	return *path && strncmp(path, "/desk/", 6) != 0 && strcmp(tw_json_text(operation, "media"), "text/html") != 0 &&
		!for_others(tw_json_text(operation, "name"));
}

static void words_of(const json_t *operation, char ret[WORDS_MAX])
{
	(void)snprintf(ret, WORDS_MAX, "%s", tw_json_text(operation, "name"));
	for (char *c = ret; *c; c++)
		*c = *c == '.' ? ' ' : *c;
}

/* Whether the operation's name begins with this word; every name does with "". */
static bool begins(const json_t *operation, const char *word)
{
	const char *name = tw_json_text(operation, "name");
	size_t size = strlen(word);

	return offered(operation) && (size == 0 || (!strncmp(name, word, size) && name[size] == '.'));
}

static const struct tw_command takeover = {
	"device takeover",
	"",
	0,
	0,
	tw_options_takeover,
	tw_cmd_takeover,
	"take a device over with its label",
	"thingward device takeover --device 192.0.2.7:8443 --label label.json --owner ./owner",
};
static const struct tw_command no_commands[] = { {} };

/* Whose rows they are. */
#define TABLES_MAX 5
static const struct side {
	const char *word, *is, *each; /* "device"; what a sentence calls it; what its commands take */
	const struct tw_option *places;
	const struct tw_command *takeover;           /* NULL: there is none */
	const struct tw_command *tables[TABLES_MAX]; /* commands that are no operation's row */
	tw_err (*rows)(const struct tw_sys *sys, tw_rows **ret);
} sides[] = {
	{ "device", "a device", "--device NAME --owner DIR, or --local SOCKET, with --owner DIR by your login there", places, &takeover,
		{ tw_commands_device_login, tw_commands_device_password, tw_commands_device_totp, tw_commands_device_log,
			tw_commands_device_report },
		tw_rows_new },
	{ "desk", "the server", "--local SOCKET", desk_places, NULL,
		{ tw_commands_desk_journal, tw_commands_desk_file, tw_commands_desk_import, no_commands, no_commands }, tw_rows_support },
};

static const struct side *side_of(const char *word)
{
	for (size_t i = 0; i < TW_COUNT(sides); i++)
		if (!strcmp(word, sides[i].word))
			return &sides[i];
	return NULL;
}

/* The commands below its word that are no operation's row; NULL past the last. */
static const struct tw_command *own(const struct side *s, size_t i)
{
	for (size_t t = 0; t < TABLES_MAX; t++)
		for (const struct tw_command *c = s->tables[t]; c->words; c++)
			if (i-- == 0)
				return c;
	return NULL;
}

static const char *behind(const struct side *s, const struct tw_command *c)
{
	return c->words + strlen(s->word) + 1;
}

/* Whether the first word after "device" is this one. */
static bool own_begins(const struct side *s, const struct tw_command *c, const char *word)
{
	const char *first = behind(s, c);
	size_t size = strlen(word);

	return size == 0 || (!strncmp(first, word, size) && first[size] == ' ');
}

static bool any_begins(const struct side *s, const tw_rows *rows, const char *word)
{
	size_t i, k;
	json_t *capability, *operation;
	const struct tw_command *c;

	for (i = 0; (c = own(s, i)); i++)
		if (own_begins(s, c, word))
			return true;
	json_array_foreach(tw_rows_capabilities(rows), i, capability)
		json_array_foreach(json_object_get(capability, "operations"), k, operation)
			if (begins(operation, word))
				return true;
	return false;
}

/* All words, or those that begin with one. */
static tw_err list_help(const struct tw_tool *t, const struct side *s, const tw_rows *rows, const char *word)
{
	const struct tw_tool people = { .sys = t->sys, .out = t->out };
	TW_CLEANUP(tw_jsonp)
	json_t *list = *word || !s->takeover ? json_array() : json_pack("[[s, s]]", "  takeover", "Takes a device over with its label.");
	size_t i, k;
	json_t *capability, *operation;
	char words[WORDS_MAX];

	if (!list)
		return TW_RAISE(NOMEM, "help");
	const struct tw_command *c;
	for (i = 0; (c = own(s, i)); i++)
		if (own_begins(s, c, word))
			TW_TRY(tw_json_append(list, json_pack("[o, s]", json_sprintf("  %s", behind(s, c)), c->help)));
	json_array_foreach(tw_rows_capabilities(rows), i, capability)
		json_array_foreach(json_object_get(capability, "operations"), k, operation)
			if (begins(operation, word)) {
				words_of(operation, words);
				TW_TRY(tw_json_append(
					list, json_pack("[o, s]", json_sprintf("  %s", words), tw_json_text(operation, "help"))));
			}
	TW_TRY(tw_print(&people, "thingward %s WORDS [options]\n\n", s->word));
	TW_TRY(tw_print_table(&people, NULL, list));
	return tw_print(&people, "\nEach: %s; --json; --help.\n", s->each);
}

/* "settings.change" at argv[2] "settings", argv[3] "change". */
static bool operation_matches(const json_t *operation, int argc, char **argv)
{
	const char *name = tw_json_text(operation, "name"), *dot = strchr(name, '.');

	return argc >= 4 && dot && strlen(argv[2]) == (size_t)(dot - name) && !memcmp(argv[2], name, (size_t)(dot - name)) &&
		!strcmp(argv[3], dot + 1);
}

static const json_t *find_operation(const tw_rows *rows, int argc, char **argv)
{
	size_t i, k;
	json_t *capability, *operation;

	json_array_foreach(tw_rows_capabilities(rows), i, capability)
		json_array_foreach(json_object_get(capability, "operations"), k, operation)
			if (offered(operation) && operation_matches(operation, argc, argv))
				return operation;
	return NULL;
}

/* Never an argument: everybody on the machine can read those. */
static bool is_secret(const json_t *field)
{
	return !strcmp(tw_json_text(field, "secret"), "yes");
}

static void secret_option(const json_t *field, char ret[KEY_SIZE])
{
	(void)snprintf(ret, KEY_SIZE, "%.32s-file", tw_json_text(field, "key"));
}

static int count_plain(const json_t *fields)
{
	size_t i;
	json_t *field;
	int n = 0;

	json_array_foreach(fields, i, field)
		n += !is_secret(field);
	return n;
}

/* A command made from the row: its options are the places and the fields. */
struct made {
	struct tw_command command;
	struct tw_option options[TW_GIVEN_MAX];
	size_t count;
	char words[WORDS_MAX + 8], positional[128];
	char secret[KEY_SIZE]; /* the option of the field that is one; a row has one at most */
};

/* How long this text may be; 0: it is no document. */
static size_t document_max(const json_t *field)
{
	uint64_t max = 0;

	if (!strcmp(tw_json_text(field, "kind"), "text") &&
		!tw_failed(tw_parse_u64(tw_slice_of(tw_json_text(field, "max")), SIZE_MAX, &max)))
		return max >= DOCUMENT_MIN ? max : 0;
	return 0;
}

static void made_fields(struct made *m, const json_t *fields)
{
	size_t i;
	json_t *field;

	json_array_foreach(fields, i, field)
		if (m->count < TW_COUNT(m->options) - 1 && is_secret(field)) {
			secret_option(field, m->secret);
			m->options[m->count++] = (struct tw_option){ m->secret, "FILE", false,
				"its only line is the secret; without this the terminal is asked" };
		} else if (m->count < TW_COUNT(m->options) - 1)
			m->options[m->count++] = (struct tw_option){ tw_json_text(field, "key"),
				document_max(field) ? "VALUE|@FILE" : "VALUE", false, tw_json_text(field, "help") };
}

/* "KEY VALUE [MORE]": what may be left out stands in brackets; what there is no room for stands among the options alone. */
static void made_positional(struct made *m, const json_t *input)
{
	size_t i, used = strlen(m->positional);
	json_t *field;

	json_array_foreach(input, i, field) {
		bool needed = !strcmp(tw_json_text(field, "required"), "yes");
		if (is_secret(field))
			continue;
		int n = snprintf(m->positional + used, sizeof(m->positional) - used, "%s%s%s%s", used ? " " : "", needed ? "" : "[",
			tw_json_text(field, "key"), needed ? "" : "]");

		if (n < 0 || used + (size_t)n >= sizeof(m->positional)) {
			m->positional[used] = '\0';
			break;
		}
		used += (size_t)n;
	}
	for (char *c = m->positional; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

/* A list with a natural end is shown whole, one without it a page at a time. */
static bool is_whole(const json_t *operation)
{
	return strcmp(tw_json_text(operation, "whole"), "no") != 0;
}

static const json_t *field_named(const json_t *fields, const char *key, size_t size)
{
	size_t i;
	json_t *field;

	json_array_foreach(fields, i, field)
		if (strlen(tw_json_text(field, "key")) == size && !memcmp(tw_json_text(field, "key"), key, size))
			return field;
	return NULL;
}

/* Its answer may say that the change is taken back unless it is confirmed. */
static bool may_wait(const json_t *operation)
{
	return !strcmp(tw_json_text(operation, "audit"), "change") &&
		field_named(json_object_get(operation, "output"), "confirm_within", strlen("confirm_within"));
}

static void make_command(const struct side *s, const json_t *operation, struct made *m)
{
	const char *brace = strchr(tw_json_text(operation, "path"), '{');
	const json_t *input = json_object_get(operation, "input");
	char words[WORDS_MAX];

	*m = (struct made){ .count = 0 };
	words_of(operation, words);
	(void)snprintf(m->words, sizeof(m->words), "%s %s", s->word, words);
	for (const struct tw_option *o = s->places; o->name; o++)
		m->options[m->count++] = *o;
	made_fields(m, input);
	made_fields(m, json_object_get(operation, "query"));
	if (*tw_json_text(operation, "list") && m->count < TW_COUNT(m->options) - 1)
		m->options[m->count++] = (struct tw_option){ "all", NULL, false,
			is_whole(operation) ? "to the end, as without --limit" : "to the end, and not only the first page" };
	for (const struct tw_option *o = waits; *tw_json_text(operation, "task") && o->name && m->count < TW_COUNT(m->options) - 1; o++)
		m->options[m->count++] = *o;
	for (const struct tw_option *o = tw_confirm_options; may_wait(operation) && o->name && m->count < TW_COUNT(m->options) - 1; o++)
		m->options[m->count++] = *o;
	if (brace)
		(void)snprintf(m->positional, sizeof(m->positional), "%.*s", (int)strcspn(brace + 1, "*}"), brace + 1);
	made_positional(m, input);
	m->command = (struct tw_command){
		.words = m->words,
		.positional = m->positional,
		.min = brace != NULL,
		.max = (brace != NULL) + count_plain(input),
		.options = m->options,
		.help = tw_json_text(operation, "help"),
		.user = operation,
	};
}

/* A document is too long for an argument, or stands in a file already. */
static tw_err read_document(struct tw_tool *t, const json_t *field, const char *path, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	size_t max = document_max(field);

	tw_buf_init(&text, t->sys, max);
	tw_err e = strcmp(path, "-") ? tw_file_named(path, tw_file_read(t->sys, path, max, &text)) : tw_input_read(t->sys, max, &text);
	if (tw_failed(e))
		return tw_fail(t, TW_EXIT_USAGE, "@FILE, or @- for the standard input", e);
	if (!tw_utf8_valid(tw_buf_slice(&text)))
		return tw_fail(t, TW_EXIT_USAGE, tw_json_text(field, "help"), TW_RAISE(SYNTAX, "what stands in %s is no text", path));
	*ret = json_stringn(text.size ? text.data : "", text.size);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "field");
}

/* An object is typed as the JSON that it is; what is wrong in it is said with its line and column. */
static tw_err typed_object(struct tw_tool *t, const json_t *field, const char *text, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_json_parse(tw_slice_of(text), OBJECT_MAX, &j);

	if (!tw_failed(e) && !json_is_object(j))
		e = TW_RAISE(SYNTAX, "%s is no JSON object", tw_json_text(field, "key"));
	if (tw_failed(e))
		return tw_fail(t, TW_EXIT_USAGE, tw_json_text(field, "help"), e);
	*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err typed(struct tw_tool *t, const json_t *field, const char *text, json_t **ret)
{
	if (*text == '@' && document_max(field))
		return read_document(t, field, text + 1, ret);
	const char *kind = tw_json_text(field, "kind");
	uint64_t number;

	if (!strcmp(kind, "object"))
		return typed_object(t, field, text, ret);
	if (!strcmp(kind, "int") && !tw_failed(tw_parse_u64(tw_slice_of(text), INT64_MAX, &number)))
		*ret = json_integer((json_int_t)number);
	else if (!strcmp(kind, "bool") && (!strcmp(text, "yes") || !strcmp(text, "no")))
		*ret = json_boolean(!strcmp(text, "yes"));
	else if (!strcmp(kind, "text") && tw_utf8_valid(tw_slice_of(text)))
		*ret = json_string(text);
	else
		return tw_fail(t, TW_EXIT_USAGE, tw_json_text(field, "help"),
			TW_RAISE(SYNTAX, "'%.64s' does not fit %s, which is %s", text, tw_json_text(field, "key"), kind));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "field");
}

/* A positional word: "name=value" for a field of that name, otherwise the next field that has no value yet. */
static tw_err place_word(struct tw_tool *t, const json_t *fields, const char *word, json_t *body)
{
	const char *equals = strchr(word, '=');
	const json_t *field = equals ? field_named(fields, word, (size_t)(equals - word)) : NULL;
	field = field && is_secret(field) ? NULL : field;
	const char *value = field ? equals + 1 : word;
	json_t *v = NULL;

	for (size_t i = 0; !field && i < json_array_size(fields); i++)
		if (!is_secret(json_array_get(fields, i)) && !json_object_get(body, tw_json_text(json_array_get(fields, i), "key")))
			field = json_array_get(fields, i);
	if (!field)
		return tw_fail(t, TW_EXIT_USAGE, "the command with --help", TW_RAISE(SYNTAX, "'%.64s' is too much", word));
	TW_TRY(typed(t, field, value, &v));
	return tw_json_set(body, tw_json_text(field, "key"), v);
}

static tw_err read_secret(struct tw_tool *t, const struct tw_args *a, const json_t *field, json_t *body)
{
	char option[KEY_SIZE], shown[KEY_SIZE + 2], prompt[128];

	secret_option(field, option);
	(void)snprintf(shown, sizeof(shown), "--%s", option);
	(void)snprintf(prompt, sizeof(prompt), "%.120s", tw_json_text(field, "help"));
	const struct tw_passphrase_ask ask = { .file = tw_arg(a, option), .prompt = prompt, .option = shown };
	return tw_passphrase_put(t, &ask, body, tw_json_text(field, "key"));
}

/* Nor does it ask for one in whose place something else was given; a file that was named is read, and the device says that it is too much. */
static bool is_wanted(const struct tw_args *a, const json_t *field, const json_t *body)
{
	char option[KEY_SIZE];

	secret_option(field, option);
	return tw_arg(a, option) || !tw_json_bool(body, tw_json_text(field, "unless"));
}

/* Asked for last: nobody types a secret for a command that is not carried out. */
static tw_err read_secrets(struct tw_tool *t, const struct tw_args *a, const json_t *fields, json_t *body)
{
	size_t i;
	json_t *field;

	json_array_foreach(fields, i, field)
		if (is_secret(field) && is_wanted(a, field, body))
			TW_TRY(read_secret(t, a, field, body));
	return TW_OK;
}

static tw_err make_body(struct tw_tool *t, const struct tw_args *a, const json_t *fields, int skip, json_t *body)
{
	size_t i;
	json_t *field, *v = NULL;

	json_array_foreach(fields, i, field) {
		const char *value = is_secret(field) ? NULL : tw_arg(a, tw_json_text(field, "key"));

		if (!value)
			continue;
		TW_TRY(typed(t, field, value, &v));
		TW_TRY(tw_json_set(body, tw_json_text(field, "key"), v));
	}
	for (int k = skip; k < a->rest_count; k++)
		TW_TRY(place_word(t, fields, a->rest[k], body));
	json_array_foreach(fields, i, field)
		if (!is_secret(field) && !strcmp(tw_json_text(field, "required"), "yes") &&
			!json_object_get(body, tw_json_text(field, "key")))
			return tw_fail(t, TW_EXIT_USAGE, "the command with --help",
				TW_RAISE(SYNTAX, "%s is missing: %s", tw_json_text(field, "key"), tw_json_text(field, "help")));
	return read_secrets(t, a, fields, body);
}

/* What stands in a path as it is (RFC 3986 section 3.3): identifiers have colons. */
static bool segment_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~:", c);
}

static tw_err add_parameter(struct tw_tool *t, const struct tw_args *a, struct tw_buf *b)
{
	const char *c = a->rest[0];

	while (*c && segment_character(*c))
		c++;
	if (*c)
		return tw_fail(t, TW_EXIT_USAGE, "a name of letters, digits, '.', '-', ':'",
			TW_RAISE(SYNTAX, "'%.64s' is no name", a->rest[0]));
	return tw_buf_text(b, a->rest[0]);
}

/* What is asked of a list is what people called things, with blanks and umlauts. */
static tw_err add_query(struct tw_tool *t, const struct tw_args *a, const json_t *operation, struct tw_buf *b)
{
	const bool list = *tw_json_text(operation, "list");
	char between = '?';
	size_t i;
	json_t *field, *v = NULL;

	json_array_foreach(json_object_get(operation, "query"), i, field) {
		const char *key = tw_json_text(field, "key"), *value = tw_arg(a, key);

		if (!value || (list && (!strcmp(key, "limit") || !strcmp(key, "cursor"))))
			continue; /* of the pages: list_pages */
		TW_TRY(typed(t, field, value, &v));
		json_decref(v);
		TW_TRY(tw_buf_format(b, "%c%s=", between, key));
		TW_TRY(tw_buf_percent(b, tw_slice_of(value)));
		between = '&';
	}
	return TW_OK;
}

static tw_err make_path(struct tw_tool *t, const struct tw_args *a, const json_t *operation, char ret[PATH_SIZE])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *path = tw_json_text(operation, "path"), *brace = strchr(path, '{');

	tw_buf_init(&b, t->sys, PATH_SIZE - 1);
	TW_TRY(tw_buf_add(&b, path, brace ? (size_t)(brace - path) : strlen(path)));
	tw_err e = brace ? add_parameter(t, a, &b) : TW_OK;
	if (!tw_failed(e))
		e = add_query(t, a, operation, &b);
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_fail(t, TW_EXIT_USAGE, "the command with --help", TW_RAISE(LIMIT, "the values are too long"));
	TW_TRY(e);
	(void)snprintf(ret, PATH_SIZE, "%s", tw_buf_cstr(&b));
	return TW_OK;
}

/* What changes something that has a version is first read, so that nobody's newer change is overwritten unseen. */
static tw_err read_version(struct tw_tool *t, tw_client *c, const char *path, char ret_etag[80])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	struct tw_call call = { .method = "GET", .path = path };

	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_call(t, c, &call, &answer));
	(void)snprintf(ret_etag, 80, "%s", answer.etag);
	return TW_OK;
}

/*
 * A code for a browser is of use only with the address to type it at, and safe only with what its certificate must be: that of
 * the connection the code came by, whose key was pinned. Some browsers show the key's fingerprint, all show the certificate's.
 */
static tw_err print_code(struct tw_tool *t, const struct tw_session *s, const struct tw_answer *answer)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf certificate = { 0 }, key = { 0 };
	uint8_t digest[TW_SHA256_SIZE];

	tw_buf_init(&certificate, t->sys, 2 * sizeof(digest));
	tw_buf_init(&key, t->sys, 2 * sizeof(digest));
	TW_TRY(tw_sha256(answer->certificate.data, answer->certificate.size, digest));
	TW_TRY(tw_buf_hex(&certificate, digest, sizeof(digest)));
	TW_TRY(tw_buf_hex(&key, s->device.listener, sizeof(s->device.listener)));
	TW_TRY(tw_print(t, "Open  https://%s/\nCode  ", s->device.address));
	TW_TRY(tw_print_value(t, json_object_get(answer->body, "code")));
	return tw_print(t,
		"\nIt is good once, for %lld minutes. The browser warns of an unknown certificate: look\n"
		"at it, and go on only when its SHA-256 fingerprints are these.\n\n"
		"Certificate  %s\nPublic key   %s\n",
		(long long)(tw_json_int(answer->body, "expires_in_s") / 60), tw_buf_cstr(&certificate), tw_buf_cstr(&key));
}

/* One object: members in the order of the row, which begins with what matters most; then those the row does not know. */
static tw_err object_in_order(const json_t *fields, json_t *answer, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	size_t i;
	json_t *field, *v;
	const char *key;

	if (!o)
		return TW_RAISE(NOMEM, "answer");
	json_array_foreach(fields, i, field) {
		v = json_object_get(answer, tw_json_text(field, "key"));
		if (v)
			TW_TRY(tw_json_set(o, tw_json_text(field, "key"), json_incref(v)));
	}
	json_object_foreach(answer, key, v)
		TW_TRY(tw_json_set(o, key, json_incref(v)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err list_in_order(const json_t *fields, const json_t *list, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = json_array();
	size_t i;
	json_t *item, *o = NULL;

	json_array_foreach(list, i, item) {
		if (json_is_object(item))
			TW_TRY(object_in_order(fields, item, &o));
		else
			o = json_incref(item);
		TW_TRY(tw_json_append(copy, o));
	}
	*ret = TW_STEAL(copy);
	return TW_OK;
}

static tw_err in_order(const json_t *operation, json_t *answer, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	size_t i;
	json_t *field, *list = NULL;

	if (!json_is_object(answer)) {
		*ret = json_incref(answer);
		return TW_OK;
	}
	TW_TRY(object_in_order(json_object_get(operation, "output"), answer, &o));
	json_array_foreach(json_object_get(operation, "output"), i, field) {
		const char *key = tw_json_text(field, "key");

		if (!json_object_get(field, "items") || !json_is_array(json_object_get(o, key)))
			continue;
		TW_TRY(list_in_order(json_object_get(field, "items"), json_object_get(o, key), &list));
		TW_TRY(tw_json_set(o, key, list));
	}
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err print_answer(struct tw_tool *t, const struct tw_session *s, const json_t *operation, const struct tw_answer *answer)
{
	if (answer->status == 204 || (!answer->body && !answer->raw.size))
		return tw_print(t, "Done.\n");
	if (!answer->body)
		return TW_RAISE(SYNTAX, "the device's answer is not JSON");
	if (!strcmp(tw_json_text(operation, "name"), "session.code") && !t->json && s->owner)
		return print_code(t, s, answer);
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	TW_TRY(in_order(operation, answer->body, &body));
	return tw_print_value(t, body);
}

/* What --limit, --cursor and --all say: how many in all, where to begin, how far to go. */
static tw_err list_pages(struct tw_tool *t, const struct tw_args *a, const json_t *operation, struct tw_pages *p, bool *ret_follow)
{
	const char *limit = tw_arg(a, "limit"), *cursor = tw_arg(a, "cursor"), *most = tw_json_text(operation, "page_max");
	uint64_t number = 0, page = 0;

	p->list = tw_json_text(operation, "list");
	TW_TRY(tw_parse_u64(tw_slice_of(most), TW_PAGES_ENTRIES_MAX, &page));
	if (limit && (tw_failed(tw_parse_u64(tw_slice_of(limit), TW_PAGES_ENTRIES_MAX, &number)) || !number))
		return tw_fail(t, TW_EXIT_USAGE, "a whole number, 1 or more", TW_RAISE(SYNTAX, "'%.64s' is no limit", limit));
	if (limit && tw_arg(a, "all"))
		return tw_fail(t, TW_EXIT_USAGE, "one of the two", TW_RAISE(SYNTAX, "--limit and --all contradict each other"));
	for (const char *c = cursor ? cursor : ""; *c; c++)
		if (!segment_character(*c))
			return tw_fail(t, TW_EXIT_USAGE, "what `next` or the last line said",
				TW_RAISE(SYNTAX, "'%.64s' is no cursor", cursor));
	*ret_follow = limit || tw_arg(a, "all") || is_whole(operation);
	p->most = (int64_t)number;
	p->page = *ret_follow ? (int64_t)page : 0;
	return TW_OK;
}

/* For people the cursor is no line of the table; in JSON it stays where the device has it. */
static tw_err say_more(const struct tw_tool *t, json_t *body)
{
	if (t->json || !*tw_json_text(body, "next"))
		return TW_OK;
	tw_progress(t, "There is more: --all shows it, --cursor %s goes on from here.", tw_json_text(body, "next"));
	(void)json_object_del(body, "next");
	return TW_OK;
}

static tw_err run_list(struct tw_tool *t, const struct tw_args *a)
{
	const json_t *operation = a->command->user;
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char base[PATH_SIZE], path[PATH_SIZE];
	struct tw_call call = { .method = tw_json_text(operation, "method"), .path = path };
	struct tw_pages pages = { .method = call.method, .path = base };
	bool follow = false;

	tw_answer_init(&answer, t->sys);
	TW_TRY(make_path(t, a, operation, base));
	TW_TRY(list_pages(t, a, operation, &pages, &follow));
	TW_TRY(tw_pages_path(&pages, 0, tw_arg(a, "cursor") ? tw_arg(a, "cursor") : "", path, sizeof(path)));
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	if (follow)
		TW_TRY(tw_pages_rest(t, s.client, &pages, &answer));
	TW_TRY(say_more(t, answer.body));
	return print_answer(t, &s, operation, &answer);
}

/* The last segment of the path is the task's id; what came of it is the answer, and whether it is good the exit code. */
static tw_err show_task(struct tw_tool *t, const json_t *operation, const json_t *task)
{
	const json_t *result = json_object_get(task, "result");
	TW_CLEANUP(tw_jsonp) json_t *ordered = NULL;

	if (t->json || !result)
		TW_TRY(tw_print_value(t, task));
	else {
		TW_TRY(object_in_order(json_object_get(operation, "result"), (json_t *)(uintptr_t)result, &ordered));
		TW_TRY(tw_print_value(t, ordered));
	}
	if (strcmp(tw_json_text(task, "state"), "done") != 0)
		return tw_fail(t, TW_EXIT_FAILED, "the device's log has its outcome: thingward device log read",
			TW_RAISE(STATE, "the task is %s: %s", tw_json_text(task, "state"), tw_json_text(task, "words")));
	if (!strcmp(tw_json_text(result, "verdict"), "broken"))
		return tw_fail(t, TW_EXIT_FAILED, "keep a copy of the log as it is, and ask who had hands on the device",
			TW_RAISE(UNTRUSTED, "%s", tw_json_text(task, "words")));
	return TW_OK;
}

static tw_err follow_task(struct tw_tool *t, const struct tw_args *a, const struct tw_session *s, const json_t *operation,
	const struct tw_answer *began)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char id[40];

	(void)snprintf(id, sizeof(id), "%s", tw_json_text(began->body, "task"));
	if (!*id || strspn(id, "0123456789abcdef") != strlen(id))
		return TW_RAISE(SYNTAX, "the device's answer names no task");
	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_task_wait(t, s->client, id, tw_arg(a, "quiet") != NULL, &answer));
	return show_task(t, operation, answer.body);
}

static tw_err run_operation(struct tw_tool *t, const struct tw_args *a)
{
	const json_t *operation = a->command->user, *fields = json_object_get(operation, "input");
	bool has_parameter = strchr(tw_json_text(operation, "path"), '{') != NULL;
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	char path[PATH_SIZE], etag[80] = "";
	struct tw_call call = { .method = tw_json_text(operation, "method"), .path = path };

	tw_answer_init(&answer, t->sys);
	if (!body)
		return TW_RAISE(NOMEM, "request");
	TW_TRY(make_path(t, a, operation, path));
	TW_TRY(make_body(t, a, fields, has_parameter, body));
	call.body = json_array_size(fields) ? body : NULL;
	TW_TRY(tw_session_open(t, a, &s));
	if (!strcmp(tw_json_text(operation, "if_match"), "yes")) {
		TW_TRY(read_version(t, s.client, path, etag));
		call.if_match = etag;
	}
	bool follow = *tw_json_text(operation, "task") && !tw_arg(a, "no-wait");
	if (follow)
		tw_task_wait_prepare();
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	if (follow)
		return follow_task(t, a, &s, operation, &answer);
	TW_TRY(print_answer(t, &s, operation, &answer));
	return may_wait(operation) ? tw_confirm(t, a, answer.body) : TW_OK;
}

/* Those that are more than one operation: "device login", "device log follow". NULL: an operation's row has to do. */
static const struct tw_command *own_command(const struct side *s, int argc, char **argv)
{
	char one[WORDS_MAX], two[WORDS_MAX];

	if (s->takeover && !strcmp(argv[2], "takeover"))
		return s->takeover;
	(void)snprintf(one, sizeof(one), "%s %.40s", s->word, argv[2]);
	(void)snprintf(two, sizeof(two), "%s %.20s %.20s", s->word, argv[2], argc > 3 ? argv[3] : "");
	const struct tw_command *c;
	for (size_t i = 0; (c = own(s, i)); i++)
		if (!strcmp(c->words, one) || !strcmp(c->words, two))
			return c;
	return NULL;
}

static tw_err run_own(struct tw_tool *t, const struct tw_command *c, int argc, char **argv)
{
	struct tw_args a;

	TW_TRY(tw_args_parse(t, c, argc, argv, &a));
	return c->run(t, &a);
}

tw_err tw_help_rows(struct tw_tool *t, const char *word, json_t *list)
{
	const struct side *s = side_of(word);
	TW_CLEANUP(tw_rows_freep) tw_rows *rows = NULL;
	struct made made;
	size_t i, k;
	json_t *capability, *operation;

	TW_TRY(s->rows(t->sys, &rows));
	if (s->takeover)
		TW_TRY(tw_help_row(s->takeover, list));
	const struct tw_command *c;
	for (i = 0; (c = own(s, i)); i++)
		TW_TRY(tw_help_row(c, list));
	json_array_foreach(tw_rows_capabilities(rows), i, capability)
		json_array_foreach(json_object_get(capability, "operations"), k, operation)
			if (offered(operation)) {
				make_command(s, operation, &made);
				TW_TRY(tw_help_row(&made.command, list));
			}
	return TW_OK;
}

static tw_err unknown(struct tw_tool *t, const struct side *s, const tw_rows *rows, int argc, char **argv)
{
	bool more = argc > 3 && *argv[3] != '-';
	char hint[96];

	(void)snprintf(hint, sizeof(hint), "thingward %s %.40s%s--help", s->word, any_begins(s, rows, argv[2]) ? argv[2] : "",
		any_begins(s, rows, argv[2]) ? " " : "");
	return tw_fail(t, TW_EXIT_USAGE, hint,
		TW_RAISE(SYNTAX, "%s has no '%.40s%s%.40s'", s->is, argv[2], more ? " " : "", more ? argv[3] : ""));
}

tw_err tw_cmd_rows(struct tw_tool *t, int argc, char **argv)
{
	const struct side *s = side_of(argv[1]);
	TW_CLEANUP(tw_rows_freep) tw_rows *rows = NULL;
	struct made made;
	struct tw_args a;

	TW_TRY(s->rows(t->sys, &rows));
	if (argc < 3 || !strcmp(argv[2], "--help"))
		return list_help(t, s, rows, "");
	const struct tw_command *own = own_command(s, argc, argv);
	if (own)
		return run_own(t, own, argc, argv);
	const json_t *operation = find_operation(rows, argc, argv);
	if (!operation && argc > 3 && !strcmp(argv[3], "--help") && any_begins(s, rows, argv[2]))
		return list_help(t, s, rows, argv[2]);
	if (!operation)
		return unknown(t, s, rows, argc, argv);
	make_command(s, operation, &made);
	TW_TRY(tw_args_parse(t, &made.command, argc, argv, &a));
	return *tw_json_text(operation, "list") ? run_list(t, &a) : run_operation(t, &a);
}

bool tw_is_rows(const char *word)
{
	return side_of(word) != NULL;
}
