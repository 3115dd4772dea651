/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward ca revoke` and `ca crl`: which units' certificates the manufacturer takes back, and the signed list of them for everybody.
 *
 * The registry keeps both: a line "revoked" for each unit, for good (there is no hold that could be lifted), and a line for each list's
 * number, durable before the list is there, so that no two lists ever have one number.
 */
#include "crypto/crl.h"
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"

#include "base/text.h"

#define LIST "crl" /* in the place of an identifier, which it cannot be */
#define DAY_MS INT64_C(86400000)
#define DAYS 30
#define DAYS_MAX 3650

/* RFC 5280 section 5.3.1. Not here: hold, and what only authorities can suffer. */
static const struct {
	const char *name;
	int code;
} reasons[] = {
	{ "unspecified", 0 },
	{ "keyCompromise", 1 },
	{ "affiliationChanged", 3 },
	{ "superseded", 4 },
	{ "cessationOfOperation", 5 },
	{ "privilegeWithdrawn", 9 },
};

const struct tw_option tw_options_ca_revoke[] = {
	{ "reason", "REASON", true, "keyCompromise, superseded, cessationOfOperation, affiliationChanged, privilegeWithdrawn or unspecified" },
	{ "certificate", "FILE", false, "the unit's certificate, where the registry does not know its number" },
	{},
};
const struct tw_option tw_options_ca_crl[] = {
	TW_OPTION_PASSPHRASE,
	TW_OPTION_PIN,
	{ "out", "FILE", true, "where the list goes, in PEM" },
	{ "days", "N", false, "until the next one: 1 to 3650 (30)" },
	{},
};

static int reason_code(const char *name)
{
	for (size_t i = 0; i < TW_COUNT(reasons); i++)
		if (!strcmp(reasons[i].name, name))
			return reasons[i].code;
	return -1;
}

static bool is(const json_t *line, const char *key, const char *value)
{
	return !strcmp(tw_json_text(line, key), value);
}

/* The unit's last line that says what it is: by its identifier, or by its serial number where that names one unit only. */
static tw_err find_unit(struct tw_tool *t, const tw_registry *r, const char *name, const json_t **ret)
{
	const json_t *found = NULL;
	size_t i;
	json_t *line;

	json_array_foreach(tw_registry_lines(r), i, line) {
		if (!is(line, "identifier", name) && !is(line, "serial", name))
			continue;
		if (found && !is(found, "identifier", tw_json_text(line, "identifier")))
			return tw_fail(t, TW_EXIT_USAGE, "its identifier, urn:dev:ops:...",
				TW_RAISE(SYNTAX, "several products have a unit %.80s", name));
		if (!found || is(line, "state", "complete"))
			found = line;
	}
	if (!found)
		return tw_fail(t, TW_EXIT_FAILED, "a serial number or identifier that stands in units.jsonl",
			TW_RAISE(NOTFOUND, "the registry has no unit %.200s", name));
	*ret = found;
	return TW_OK;
}

/* A certificate given in a file is of this authority, and of this unit. */
static tw_err number_of_file(struct tw_tool *t, int ca, const json_t *unit, const char *path, struct tw_buf *ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL, *anchor = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, t->sys, 300);
	TW_TRY(tw_file_cert(t->sys, path, &cert));
	TW_TRY(tw_cert_fetch(t->sys, ca, TW_CA_CERT, &anchor));
	TW_TRY(tw_cert_verify(cert, anchor, tw_now_ms(t->sys)));
	TW_TRY(tw_cert_uri(cert, &uri));
	if (!is(unit, "identifier", tw_buf_cstr(&uri)))
		return TW_RAISE(UNTRUSTED, "%s is the certificate of %s", path, tw_buf_cstr(&uri));
	return tw_cert_serial(cert, ret);
}

static tw_err number_of(struct tw_tool *t, int ca, const json_t *unit, const char *file, struct tw_buf *ret)
{
	const char *known = tw_json_text(unit, "certificate");

	if (file)
		return number_of_file(t, ca, unit, file, ret);
	if (*known)
		return tw_buf_text(ret, known);
	return tw_fail(t, TW_EXIT_USAGE, "--certificate FILE, with the unit's own (`thingward device identity read` shows it)",
		TW_RAISE(NOTFOUND, "the registry does not know the number of this unit's certificate"));
}

/* A unit that was signed for twice, as a cut makes needed, has two certificates: each is taken back by itself. */
static tw_err not_yet(struct tw_tool *t, const tw_registry *r, const json_t *unit, const char *number)
{
	size_t i;
	json_t *line;

	json_array_foreach(tw_registry_lines(r), i, line)
		if (is(line, "state", "revoked") && is(line, "identifier", tw_json_text(unit, "identifier")) &&
			is(line, "certificate", number))
			return tw_fail(t, TW_EXIT_FAILED, "thingward ca crl, for the list that says so",
				TW_RAISE(EXISTS, "certificate %.64s of %.80s was revoked on %s", number,
					tw_json_text(unit, "identifier"), tw_json_text(line, "time")));
	return TW_OK;
}

tw_err tw_cmd_ca_revoke(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_closep) int ca = -1;
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf number = { 0 };
	const json_t *unit = NULL;
	const char *reason = tw_arg(a, "reason");
	char now[TW_TIME_TEXT_MAX];

	if (reason_code(reason) < 0)
		return tw_fail(t, TW_EXIT_USAGE, "thingward ca revoke --help",
			TW_RAISE(SYNTAX, "--reason: '%.40s' is none of RFC 5280's that fit a unit", reason));
	tw_buf_init(&number, t->sys, 64);
	TW_TRY(tw_ca_open(t, a->rest[0], &ca));
	TW_TRY(tw_registry_open(t->sys, ca, &r));
	TW_TRY(find_unit(t, r, a->rest[1], &unit));
	TW_TRY(number_of(t, ca, unit, tw_arg(a, "certificate"), &number));
	TW_TRY(not_yet(t, r, unit, tw_buf_cstr(&number)));
	tw_time_text(tw_now_ms(t->sys), now);
	TW_CLEANUP(tw_jsonp)
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "state", "revoked", "time", now, "identifier",
		tw_json_text(unit, "identifier"), "serial", tw_json_text(unit, "serial"), "certificate", tw_buf_cstr(&number),
		"reason", reason);
	if (!line)
		return TW_RAISE(NOMEM, "registry line");
	TW_TRY(tw_registry_append(r, line));
	if (t->json)
		return tw_print_value(t, line);
	return tw_print(t, "Revoked %s (certificate %s). Nobody knows before `thingward ca crl` has made the next list.\n",
		tw_json_text(line, "identifier"), tw_buf_cstr(&number));
}

struct entries {
	struct tw_crl_entry *row;
	uint8_t (*serial)[20];
	size_t count;
};

static void entries_done(struct entries *e)
{
	free(e->row);
	free(e->serial);
}

/* Line i of the registry; what is wrong in it is named by its number. */
static tw_err add_entry(struct entries *e, const json_t *line, size_t i)
{
	const char *number = tw_json_text(line, "certificate");
	size_t size = strlen(number) / 2;
	struct tw_crl_entry *row = &e->row[e->count];

	row->serial = e->serial[e->count];
	row->serial_size = size;
	row->reason = reason_code(tw_json_text(line, "reason"));
	if (size < 1 || size > sizeof(e->serial[0]) || tw_failed(tw_parse_hex(tw_slice_of(number), e->serial[e->count], size)))
		return TW_RAISE(SYNTAX, "units.jsonl line %zu: 'certificate' is no number in hex", i + 1);
	if (row->reason < 0)
		return TW_RAISE(SYNTAX, "units.jsonl line %zu: 'reason' is none", i + 1);
	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(line, "time")), &row->since_ms)))
		return TW_RAISE(SYNTAX, "units.jsonl line %zu: 'time' is none", i + 1);
	e->count++;
	return TW_OK;
}

static tw_err gather(const struct tw_sys *sys, const tw_registry *r, struct entries *e)
{
	size_t i, revoked = 0;
	json_t *line;

	json_array_foreach(tw_registry_lines(r), i, line)
		revoked += is(line, "state", "revoked");
	if (revoked > TW_CRL_ENTRIES_MAX)
		return TW_RAISE(LIMIT, "%zu units are revoked; a list that devices take holds %d", revoked, TW_CRL_ENTRIES_MAX);
	e->row = tw_alloc_array(sys, revoked, sizeof(*e->row));
	e->serial = tw_alloc_array(sys, revoked, sizeof(*e->serial));
	if (!e->row || !e->serial)
		return TW_RAISE(NOMEM, "a list");
	json_array_foreach(tw_registry_lines(r), i, line)
		if (is(line, "state", "revoked"))
			TW_TRY(add_entry(e, line, i));
	return TW_OK;
}

static tw_err take_number(struct tw_tool *t, tw_registry *r, struct tw_crl_want *w)
{
	const json_t *last = tw_registry_find(r, LIST);
	char now[TW_TIME_TEXT_MAX], next[TW_TIME_TEXT_MAX];

	if (last && (!json_is_integer(tw_json_get(last, "number")) || tw_json_int(last, "number") < 1))
		return TW_RAISE(SYNTAX, "units.jsonl: 'number' of the last list is none");
	w->number = last ? (uint64_t)tw_json_int(last, "number") + 1 : 1;
	tw_time_text(w->this_update_ms, now);
	tw_time_text(w->next_update_ms, next);
	TW_CLEANUP(tw_jsonp)
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "state", LIST, "identifier", LIST, "time", now, "next", next,
		"number", (json_int_t)w->number, "revoked", (json_int_t)w->count);
	return line ? tw_registry_append(r, line) : TW_RAISE(NOMEM, "registry line");
}

static tw_err read_days(struct tw_tool *t, const char *text, struct tw_crl_want *w)
{
	uint64_t days = DAYS;

	if (text && (tw_failed(tw_parse_u64(tw_slice_of(text), DAYS_MAX, &days)) || !days))
		return tw_fail(t, TW_EXIT_USAGE, "--days 30", TW_RAISE(SYNTAX, "--days: '%.32s' is not 1 to %d", text, DAYS_MAX));
	w->this_update_ms = tw_now_ms(t->sys) / 1000 * 1000;
	w->next_update_ms = w->this_update_ms + (int64_t)days * DAY_MS;
	return TW_OK;
}

static tw_err tell(struct tw_tool *t, const struct tw_crl_want *w, const char *path)
{
	if (t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:I, s:I}", "wrote", path, "number", (json_int_t)w->number, "revoked", (json_int_t)w->count);
		return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(t, "%s: list %llu, %zu revoked. Give it out before the last one ends.\n", path,
		(unsigned long long)w->number, w->count);
}

tw_err tw_cmd_ca_crl(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_closep) int ca = -1;
	TW_CLEANUP(tw_registry_freep) tw_registry *r = NULL;
	TW_CLEANUP(tw_ca_keys_freep) tw_ca_keys *keys = NULL;
	TW_CLEANUP(entries_done) struct entries e = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	struct tw_crl_want want = { .number = 0 };
	const tw_key *key;
	const tw_cert *cert;

	tw_buf_init(&pem, t->sys, 2 * TW_CRL_MAX);
	TW_TRY(read_days(t, tw_arg(a, "days"), &want));
	TW_TRY(tw_ca_open(t, a->rest[0], &ca));
	TW_TRY(tw_registry_open(t->sys, ca, &r));
	TW_TRY(gather(t->sys, r, &e));
	want.entries = e.row;
	want.count = e.count;
	TW_TRY(tw_ca_keys_new(t, a, ca, a->rest[0], &keys));
	TW_TRY(tw_ca_keys_root(keys, &key, &cert));
	TW_TRY(take_number(t, r, &want));
	TW_TRY(tw_crl_make(t->sys, &want, cert, key, &crl));
	TW_TRY(tw_crl_pem(crl, &pem));
	TW_TRY(tw_file_write(t->sys, tw_arg(a, "out"), pem.data, pem.size, 0644));
	return tell(t, &want, tw_arg(a, "out"));
}
