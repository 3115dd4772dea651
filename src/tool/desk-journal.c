/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward desk journal verify`: reads the whole journal of cases from the server and believes none of it: each entry becomes a leaf, the leaves a
 * root, and the root has to be the one that the service's identity has signed. --since has a head that was kept earlier, and the journal has
 * to go on from there; --keep keeps this one for the next time. --identity says whose signature it has to be, from another way.
 */
#include "formats/journal.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/session.h"

#include "base/text.h"

#include <inttypes.h>

#define PATH_SIZE 256

static const struct tw_option options[] = {
	{ "local", "SOCKET", true, "the server's socket: desk.sock in its directory" },
	{ "identity", "FILE", false,
		"certificate of the service's identity (keys/identity.crt in its directory); without it, the one that the server names" },
	{ "since", "FILE", false, "a head that --keep wrote earlier: the journal has to go on from there" },
	{ "keep", "FILE", false, "where to keep the head" },
	{},
};

/* The tree as it grows. Of each level the last left node and the last right one are all that a root, or a new leaf, ever asks for. */
#define LEVELS 48
struct growing {
	struct {
		bool there;
		uint64_t place;
		uint8_t hash[TW_MERKLE_HASH];
	} last[LEVELS][2];
};

static tw_err get(void *user, unsigned level, uint64_t index, uint8_t ret[TW_MERKLE_HASH])
{
	const struct growing *g = user;

	if (level >= LEVELS || !g->last[level][index & 1].there || g->last[level][index & 1].place != index)
		return TW_RAISE(INTERNAL, "a node that was let go");
	memcpy(ret, g->last[level][index & 1].hash, TW_MERKLE_HASH);
	return TW_OK;
}

static tw_err put(void *user, unsigned level, uint64_t index, const uint8_t hash[TW_MERKLE_HASH])
{
	struct growing *g = user;

	if (level >= LEVELS)
		return TW_RAISE(LIMIT, "a journal of more entries than any of ours");
	g->last[level][index & 1].there = true;
	g->last[level][index & 1].place = index;
	memcpy(g->last[level][index & 1].hash, hash, TW_MERKLE_HASH);
	return TW_OK;
}

struct run {
	struct tw_tool *t;
	struct tw_session *s;
	struct growing tree;
	uint64_t size; /* entries that were read */
	json_t *cases; /* the hash of each case as the last entry left it */
	bool has_since;
	struct tw_merkle_head since, reached; /* reached: the tree when it had as many entries as since */
};

static tw_err wrong(struct run *r, tw_err e)
{
	return tw_fail(r->t, TW_EXIT_FAILED, "keep a copy of the server's directory as it is, and ask who had hands on it", e);
}

/* What an entry says was there before is what the entry before of that case left. */
static tw_err follows(struct run *r, const json_t *entry)
{
	const char *name = tw_json_text(entry, "case"), *before = tw_json_text(r->cases, name);

	if (strcmp(before, tw_json_text(entry, "before")) != 0)
		return wrong(r, TW_RAISE(UNTRUSTED, "entry %" PRIu64 " does not go on from what %.24s was before", r->size, name));
	return tw_json_set(r->cases, name, json_string(tw_json_text(entry, "after")));
}

static tw_err take_entry(struct run *r, const json_t *row)
{
	const struct tw_merkle_nodes nodes = { get, &r->tree };
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;
	struct tw_slice text = tw_slice_of(tw_json_text(row, "text"));
	uint8_t leaf[TW_MERKLE_HASH];

	tw_err e = tw_journal_entry_read(text, r->size, &entry);
	if (tw_failed(e))
		return wrong(r, e);
	TW_TRY(follows(r, entry));
	TW_TRY(tw_merkle_leaf(text, leaf));
	TW_TRY(tw_merkle_add(&nodes, r->size, leaf, put, &r->tree));
	r->size++;
	if (!r->has_since || r->size != r->since.size)
		return TW_OK;
	r->reached.size = r->size;
	return tw_merkle_root(&nodes, r->size, r->reached.root);
}

static tw_err read_entries(struct run *r, uint64_t until)
{
	char path[PATH_SIZE] = "/api/v1/case-journal?limit=400";

	while (r->size < until) {
		TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
		const struct tw_call call = { .method = "GET", .path = path };
		size_t i;
		json_t *row;

		tw_answer_init(&answer, r->t->sys);
		TW_TRY(tw_session_call(r->t, r->s->client, &call, &answer));
		json_array_foreach(tw_json_get(answer.body, "entries"), i, row)
			if (r->size < until)
				TW_TRY(take_entry(r, row));
		if (r->size < until && !*tw_json_text(answer.body, "next"))
			return wrong(r, TW_RAISE(UNTRUSTED, "the journal ends after %" PRIu64 " of %" PRIu64 " entries", r->size, until));
		(void)snprintf(path, sizeof(path), "/api/v1/case-journal?limit=400&cursor=%.200s", tw_json_text(answer.body, "next"));
	}
	return TW_OK;
}

static tw_err read_cert(struct run *r, const struct tw_args *a, const json_t *answer, tw_cert **ret)
{
	const char *path = tw_arg(a, "identity");

	if (!path)
		return tw_cert_load(r->t->sys, tw_slice_of(tw_json_text(answer, "certificate")), ret);
	tw_err e = tw_file_cert(r->t->sys, path, ret);
	return tw_failed(e) ? tw_fail(r->t, TW_EXIT_USAGE, "a certificate in PEM", e) : TW_OK;
}

static tw_err read_since(struct run *r, const struct tw_args *a, const tw_cert *cert)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_journal_head h;

	if (!tw_arg(a, "since"))
		return TW_OK;
	tw_err e = tw_file_json(r->t->sys, tw_arg(a, "since"), &j);
	if (tw_failed(e))
		return tw_fail(r->t, TW_EXIT_USAGE, "a file that --keep wrote", e);
	e = tw_journal_head_check(r->t->sys, j, cert, &h);
	if (tw_failed(e))
		return wrong(r, e);
	r->has_since = h.size > 0;
	r->since.size = h.size;
	memcpy(r->since.root, h.root, sizeof(h.root));
	return TW_OK;
}

static tw_err compare(struct run *r, const struct tw_journal_head *h)
{
	const struct tw_merkle_nodes nodes = { get, &r->tree };
	uint8_t root[TW_MERKLE_HASH];

	TW_TRY(tw_merkle_root(&nodes, r->size, root));
	if (memcmp(root, h->root, sizeof(root)) != 0)
		return wrong(r, TW_RAISE(UNTRUSTED, "the entries are not those whose head is signed"));
	if (r->has_since && (r->reached.size != r->since.size || memcmp(r->reached.root, r->since.root, sizeof(root)) != 0))
		return wrong(r,
			TW_RAISE(UNTRUSTED, "the journal does not go on from the head that was kept: it has lost or changed entries"));
	return TW_OK;
}

static tw_err keep(struct run *r, const struct tw_args *a, const json_t *head)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (!tw_arg(a, "keep"))
		return TW_OK;
	tw_buf_init(&text, r->t->sys, TW_JOURNAL_ENTRY_MAX);
	TW_TRY(tw_json_write(head, &text));
	return tw_file_write(r->t->sys, tw_arg(a, "keep"), text.data, text.size, 0644);
}

static tw_err check(struct run *r, const struct tw_args *a, const json_t *answer)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const json_t *head = tw_json_get(answer, "head");
	struct tw_journal_head h;

	TW_TRY(read_cert(r, a, answer, &cert));
	tw_err e = tw_journal_head_check(r->t->sys, head, cert, &h);
	if (tw_failed(e))
		return wrong(r, e);
	TW_TRY(read_since(r, a, cert));
	TW_TRY(read_entries(r, h.size));
	TW_TRY(compare(r, &h));
	TW_TRY(keep(r, a, head));
	TW_CLEANUP(tw_jsonp)
	json_t *said = json_pack("{s:I, s:s, s:b, s:b}", "entries", (json_int_t)h.size, "root", tw_json_text(head, "root"),
		"identity_given", tw_arg(a, "identity") != NULL, "continues", r->has_since);
	return said ? tw_print_value(r->t, said) : TW_RAISE(NOMEM, "what was found");
}

static tw_err verify(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_session_done) struct tw_session s = { 0 };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *cases = json_object();
	const struct tw_call call = { .method = "GET", .path = "/api/v1/case-journal-head" };
	struct run r = { .t = t, .s = &s, .cases = cases };

	if (!cases)
		return TW_RAISE(NOMEM, "cases");
	tw_answer_init(&answer, t->sys);
	TW_TRY(tw_session_open(t, a, &s));
	TW_TRY(tw_session_call(t, s.client, &call, &answer));
	return check(&r, a, answer.body);
}

const struct tw_command tw_commands_desk_journal[] = {
	{ "desk journal verify", "", 0, 0, options, verify, "verify the journal of cases: each entry, the signed head, and that it goes on",
		"thingward desk journal verify --local ./desk/desk.sock --since head.json --keep head.json" },
	{},
};
