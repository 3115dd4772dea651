/* SPDX-License-Identifier: Apache-2.0 */
/* What an assessment saw as evidence: its members, the results of earlier runs that stay, its signature, and the transcript beside it. */
#include "formats/evidence.h"
#include "tool/assess-inside.h"
#include "tool/files.h"

#include "base/release.h"
#include "base/text.h"
#include "crypto/checksum.h"
#include "formats/catalog.h"
#include "product/product.h"

#include <fcntl.h>

#define PIECE 16384 /* of this executable, read at a time */
#define PATH_SIZE 4096
#define PART_EACH_MS 3000 /* what a cut may cost */

static tw_err look_at_tool(struct assessment *a, json_t **ret)
{
	TW_CLEANUP(tw_closep) int fd = a->sys->open_path(a->sys, "/proc/self/exe", O_RDONLY, 0);
	TW_CLEANUP(tw_checksum_freep) tw_checksum *sum = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char piece[PIECE];
	uint8_t digest[TW_CHECKSUM_MAX];
	ssize_t n = 0;

	tw_buf_init(&hex, a->sys, 2 * sizeof digest);
	TW_TRY(tw_checksum_new(a->sys, &sum));
	TW_TRY(tw_checksum_begin(sum, TW_CHECKSUM_SHA256));
	while (fd >= 0 && (n = a->sys->read(a->sys, fd, piece, sizeof(piece))) > 0)
		TW_TRY(tw_checksum_add(sum, piece, (size_t)n));
	if (fd < 0 || n < 0)
		return TW_RAISE_ERRNO("reading this executable");
	TW_TRY(tw_checksum_end(sum, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof(digest)));
	*ret = json_pack("{s:s, s:s, s:s}", "name", "thingward", "version", TW_VERSION, "sha256", tw_buf_cstr(&hex));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "tool");
}

static tw_err tool_member(struct assessment *a, json_t **ret)
{
	if (!a->about)
		TW_TRY(look_at_tool(a, &a->about));
	*ret = json_incref(a->about);
	return TW_OK;
}

/* The manufacturer's server signs no statement: it is known by its address, whose certificate was verified or whose key was pinned. */
static tw_err service_member(const struct assessment *a, json_t **ret)
{
	const struct tw_target *g = &a->c.target[0];

	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "service", "identifier", g->session.device.identifier, "model",
		tw_json_text(g->capabilities.body, "service"), "software", tw_json_text(g->capabilities.body, "software"),
		"product_version", "", "address", g->session.device.address);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "service");
}

static tw_err device_member(const struct assessment *a, json_t **ret)
{
	const struct tw_target *g = &a->c.target[0];
	const char *identifier = g->has_statement ? g->stated.statement.identifier : g->session.device.identifier;
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	if (!o)
		return TW_RAISE(NOMEM, "device");
	TW_TRY(tw_json_set(o, "identifier", json_string(identifier)));
	TW_TRY(tw_json_set(o, "model",
		json_string(g->has_statement ? g->stated.statement.model : tw_json_text(g->session.device.data, "model"))));
	TW_TRY(tw_json_set(o, "software", json_string(g->has_statement ? g->stated.statement.software : "")));
	TW_TRY(tw_json_set(o, "product_version", json_string(g->has_statement ? g->stated.statement.product_version : "")));
	TW_TRY(tw_json_set(o, "address", json_string(g->session.device.address)));
	if (g->stated.text)
		TW_TRY(tw_json_set(o, "statement", json_incref(g->stated.text)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* An empty list where there is none, and not where there was no room for it: signed, it would say that nothing was. NULL: no room. */
static json_t *copy_of(const json_t *list)
{
	return list ? json_deep_copy(list) : json_array();
}

static tw_err product_member(const struct assessment *a, json_t **ret)
{
	const json_t *product = tw_json_get(a->product, "product"), *support = tw_json_get(a->product, "support");
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	if (!o)
		return TW_RAISE(NOMEM, "product");
	TW_TRY(tw_json_set(o, "name", json_string(tw_json_text(product, "name"))));
	TW_TRY(tw_json_set(o, "organization", json_string(tw_json_text(tw_json_get(a->product, "organization"), "name"))));
	TW_TRY(tw_json_set(o, "version", json_string(tw_product_version(a->product))));
	TW_TRY(tw_json_set(o, "security_updates_until", json_string(tw_json_text(support, "security-updates-until"))));
	TW_TRY(tw_json_set(o, "claims", copy_of(a->claims)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err totals_member(const json_t *results, json_t **ret)
{
	json_int_t count[TW_VERDICTS] = { 0 };
	size_t i;
	json_t *r;
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	json_array_foreach(results, i, r)
		for (size_t v = 0; v < TW_VERDICTS; v++)
			count[v] += !strcmp(tw_json_text(r, "verdict"), tw_verdict_words[v]);
	for (size_t v = 0; v < TW_VERDICTS; v++)
		TW_TRY(tw_json_set(o, tw_verdict_words[v], json_integer(count[v])));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* The nonce the device signed; of a device that signed none, one of ours, so that no two reports are the same. */
static tw_err nonce_member(const struct assessment *a, json_t **ret)
{
	const struct tw_target *g = &a->c.target[0];
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t nonce[32];

	tw_buf_init(&text, a->sys, 128);
	if (!g->has_statement && a->sys->random(a->sys, nonce, sizeof(nonce)) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, g->has_statement ? g->stated.statement.nonce : nonce,
		g->has_statement ? g->stated.statement.nonce_size : sizeof(nonce)));
	*ret = json_string(tw_buf_cstr(&text));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "nonce");
}

#define NOT_INTRUSIVE "Checks that change something on the device for a moment were not allowed."
#define NO_WAITING "Checks that wait for time to go by were left out."
#define NOT_SENT "Checks that send a report, marked as a test, were not allowed."

/* What the run that is gone on with left out stays left out. */
static bool left_out(const struct assessment *a, const char *option, const char *words)
{
	size_t i;
	json_t *note;

	json_array_foreach(tw_json_get(a->into, "notes"), i, note)
		if (tw_arg(a->args, "resume") && !strcmp(json_string_value(note), words))
			return true;
	return tw_arg(a->args, option);
}

/* Evidence of a part says so: who reads it must not take what is missing for what was tried and is well. */
static tw_err notes_member(const struct assessment *a, bool whole, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *notes = json_array();
	const char *word;
	size_t i;
	json_t *note;

	if (tw_arg(a->args, "into"))
		json_array_foreach(tw_json_get(a->into, "notes"), i, note)
			TW_TRY(tw_json_append(notes, json_incref(note)));
	for (i = 0; !tw_arg(a->args, "into") && (word = tw_arg_nth(a->args, "element", i)); i++)
		TW_TRY(tw_json_append(notes, json_sprintf("Only a part was tried: %s.", word)));
	if (left_out(a, "not-intrusive", a->support ? NOT_SENT : NOT_INTRUSIVE))
		TW_TRY(tw_json_append(notes, json_string(a->support ? NOT_SENT : NOT_INTRUSIVE)));
	if (left_out(a, "no-waiting", NO_WAITING))
		TW_TRY(tw_json_append(notes, json_string(NO_WAITING)));
	if (!whole)
		TW_TRY(tw_json_append(notes, json_string("The run was not finished: what is missing was not tried.")));
	*ret = TW_STEAL(notes);
	return TW_OK;
}

/* What no device can say of itself: whoever assesses says it, and it stands as his word. */
static tw_err setup_member(const struct assessment *a, json_t **ret)
{
	static const struct {
		const char *option, *member;
	} rows[] = { { "sample", "sample" }, { "hardware", "hardware" }, { "firmware", "firmware_sha256" }, { "setup", "words" } };
	TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s}", "source", tw_source_words[TW_SOURCE_PERSON]);

	if (!o)
		return TW_RAISE(NOMEM, "set-up");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_arg(a->args, rows[i].option))
			TW_TRY(tw_json_set(o, rows[i].member, json_string(tw_arg(a->args, rows[i].option))));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err put(json_t *o, const char *key, tw_err e, json_t **value)
{
	TW_TRY(e);
	return tw_json_set(o, key, *value);
}

/* The runs whose results stay, each with what binds it to the device: its nonce, and the device's statement over that. */
static tw_err earlier_member(const struct assessment *a, json_t **ret)
{
	const json_t *device = tw_json_get(a->into, "device"), *statement = tw_json_get(device, "statement");
	TW_CLEANUP(tw_jsonp) json_t *list = copy_of(tw_json_get(a->into, "earlier"));
	TW_CLEANUP(tw_jsonp)
	json_t *one = json_pack("{s:s, s:s, s:O}", "nonce", tw_json_text(a->into, "nonce"), "created",
		tw_json_text(a->into, "created"), "tool", tw_json_get(a->into, "tool"));

	if (!list || !one)
		return TW_RAISE(NOMEM, "earlier runs");
	if (statement)
		TW_TRY(tw_json_set(one, "statement", json_incref((json_t *)statement)));
	TW_TRY(tw_json_append(list, TW_STEAL(one)));
	*ret = TW_STEAL(list);
	return TW_OK;
}

static bool has_setup(const struct assessment *a)
{
	return tw_arg(a->args, "sample") || tw_arg(a->args, "hardware") || tw_arg(a->args, "firmware") || tw_arg(a->args, "setup");
}

static tw_err extra_members(struct assessment *a, bool whole, json_t *o)
{
	json_t *v = NULL;

	TW_TRY(put(o, "notes", notes_member(a, whole, &v), &v));
	if (!json_array_size(tw_json_get(o, "notes")))
		(void)json_object_del(o, "notes");
	if (has_setup(a))
		TW_TRY(put(o, "setup", setup_member(a, &v), &v));
	else if (tw_json_get(a->into, "setup"))
		TW_TRY(tw_json_set(o, "setup", json_incref(tw_json_get(a->into, "setup"))));
	if (a->into)
		TW_TRY(put(o, "earlier", earlier_member(a, &v), &v));
	return TW_OK;
}

static tw_err payload(struct assessment *a, bool whole, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };
	json_t *v = NULL;

	tw_buf_init(&name, a->sys, 128);
	TW_TRY(tw_cert_name(tw_owner_cert(a->c.target[0].session.owner), &name));
	TW_TRY(tw_json_set(o, "format", json_integer(TW_EVIDENCE_FORMAT)));
	TW_TRY(tw_json_set(o, "created", json_string(a->created)));
	TW_TRY(put(o, "nonce", nonce_member(a, &v), &v));
	TW_TRY(put(o, "tool", tool_member(a, &v), &v));
	TW_TRY(tw_json_set(o, "catalog",
		json_sprintf("Thingward catalog %s, %zu %s", TW_VERSION, a->support ? tw_supporting_count : tw_catalog_count,
			a->support ? "supporting details" : "elements")));
	TW_TRY(put(o, "device", a->support ? service_member(a, &v) : device_member(a, &v), &v));
	if (!a->support || a->product)
		TW_TRY(put(o, "product", product_member(a, &v), &v));
	TW_TRY(tw_json_set(o, "assessor", json_string(tw_buf_cstr(&name))));
	TW_TRY(tw_json_set(o, "results", json_incref(a->results)));
	TW_TRY(put(o, "totals", totals_member(a->results, &v), &v));
	TW_TRY(extra_members(a, whole, o));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* Beside the evidence, or beside the part of it: the transcript first, so that evidence that names one has it. */
static tw_err sign_and_write(struct assessment *a, const json_t *evidence, const char *suffix)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const tw_owner *owner = a->c.target[0].session.owner;
	struct tw_signer signer = tw_signer_of_key(tw_owner_key(owner));
	char path[2][PATH_SIZE];

	(void)snprintf(path[0], sizeof path[0], "%.4000s%s", tw_arg(a->args, "out"), suffix);
	(void)snprintf(path[1], sizeof path[1], "%.4000s%s%s", tw_arg(a->args, "out"), suffix, TW_TRANSCRIPT_SUFFIX);
	tw_buf_init(&text, a->sys, TW_EVIDENCE_MAX);
	TW_TRY(tw_evidence_sign(a->sys, evidence, tw_owner_cert(owner), &signer, &text));
	TW_TRY(tw_buf_text(&text, "\n"));
	TW_TRY(tw_file_write(a->sys, path[1], a->transcript.lines.data, a->transcript.lines.size, 0600));
	return tw_file_write(a->sys, path[0], text.data, text.size, 0644);
}

tw_err tw_assess_part(struct assessment *a)
{
	TW_CLEANUP(tw_jsonp) json_t *evidence = NULL;
	int64_t now = tw_now_ms(a->sys);

	if (now - a->kept_ms < PART_EACH_MS && now >= a->kept_ms)
		return TW_OK;
	TW_TRY(payload(a, false, &evidence));
	TW_TRY(sign_and_write(a, evidence, ASSESS_PART));
	a->kept_ms = tw_now_ms(a->sys);
	return TW_OK;
}

static tw_err remove_part(struct assessment *a, const char *suffix)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "%.4000s%s%s", tw_arg(a->args, "out"), ASSESS_PART, suffix);
	return tw_file_remove(a->sys, path);
}

tw_err tw_assess_finish(struct assessment *a, json_t **ret_evidence)
{
	TW_TRY(payload(a, true, ret_evidence));
	TW_TRY(sign_and_write(a, *ret_evidence, ""));
	TW_TRY(remove_part(a, ""));
	return remove_part(a, TW_TRANSCRIPT_SUFFIX);
}

static bool same_key(const tw_cert *one, const tw_cert *other)
{
	uint8_t key[2][32];

	return one && other && !tw_failed(tw_cert_fingerprint(one, key[0])) && !tw_failed(tw_cert_fingerprint(other, key[1])) &&
		!memcmp(key[0], key[1], sizeof key[0]);
}

/* What is taken over is signed anew, with this key: so it has to be this key's own, and of this very device. */
static tw_err check_into(const struct assessment *a, const tw_cert *signer)
{
	const struct tw_target *g = &a->c.target[0];
	const char *device = tw_json_text(tw_json_get(a->into, "device"), "identifier");

	if (!same_key(signer, tw_owner_cert(g->session.owner)))
		return TW_RAISE(UNTRUSTED, "that run was signed by another key: its results are not yours to sign");
	if (strcmp(device, g->has_statement ? g->stated.statement.identifier : g->session.device.identifier) != 0)
		return TW_RAISE(UNTRUSTED, "that run is of another device, %.100s", device);
	return TW_OK;
}

/* The results are worth nothing less without it, so one that is gone is not a failure. */
static tw_err keep_transcript(struct assessment *a, const char *path)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char name[PATH_SIZE];

	(void)snprintf(name, sizeof name, "%.4060s%s", path, TW_TRANSCRIPT_SUFFIX);
	tw_buf_init(&text, a->sys, TW_TRANSCRIPT_MAX);
	tw_err e = tw_file_read(a->sys, name, TW_TRANSCRIPT_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	return tw_buf_add(&a->earlier_lines, text.data, text.size);
}

tw_err tw_assess_into(struct assessment *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *signer = NULL;
	const char *path = tw_arg(a->args, "into");
	char part[PATH_SIZE];

	(void)snprintf(part, sizeof part, "%.4000s%s", tw_arg(a->args, "out"), ASSESS_PART);
	if (tw_arg(a->args, "resume"))
		path = part;
	if (!path)
		return TW_OK;
	tw_buf_init(&text, a->sys, TW_EVIDENCE_MAX);
	TW_TRY(tw_file_read(a->sys, path, TW_EVIDENCE_MAX, &text));
	while (text.size && text.data[text.size - 1] == '\n')
		text.size--;
	TW_TRY(tw_evidence_verify(a->sys, tw_buf_slice(&text), &a->into, &signer));
	TW_TRY(check_into(a, signer));
	return keep_transcript(a, path);
}

const json_t *tw_assess_kept(const struct assessment *a, const char *element, const char *probe)
{
	size_t i;
	json_t *r;

	json_array_foreach(tw_json_get(a->into, "results"), i, r)
		if (!strcmp(tw_json_text(r, "element"), element) && !strcmp(tw_json_text(r, "probe"), probe))
			return r;
	return NULL;
}

tw_err tw_assess_keep(struct assessment *a, const json_t *result)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = json_deep_copy(result), *one = json_array();

	if (!copy || !one)
		return TW_RAISE(NOMEM, "result");
	if (!*tw_json_text(copy, "run"))
		TW_TRY(tw_json_set(copy, "run", json_string(tw_json_text(a->into, "nonce"))));
	TW_TRY(tw_json_append(one, json_incref(copy)));
	if (*tw_json_text(copy, "transcript"))
		TW_TRY(tw_transcript_keep(&a->transcript, tw_buf_slice(&a->earlier_lines), one));
	return tw_json_append(a->results, TW_STEAL(copy));
}
