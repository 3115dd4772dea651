/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's entries and nodes in the store, and what is asked of it. */
#include "base/text.h"
#include "service/keys/keys.h"
#include "service/path/page.h"
#include "support/cases/cases.h"
#include "support/rows-cases.h"
#include "support/sql-support.h"

#include <string.h>

static tw_err take_hash(void *user, const tw_row *row)
{
	struct tw_slice hash = tw_row_bytes(row, 0);

	if (hash.size != TW_MERKLE_HASH)
		return TW_RAISE(INTERNAL, "a node of the journal has %zu bytes", hash.size);
	memcpy(user, hash.at, TW_MERKLE_HASH);
	return TW_OK;
}

static tw_err get_node(void *user, unsigned level, uint64_t index, uint8_t ret[TW_MERKLE_HASH])
{
	static const uint8_t none[TW_MERKLE_HASH];
	struct tw_context *c = user;
	const struct tw_value v[] = { TW_V_INT((int64_t)level), TW_V_INT((int64_t)index) };

	memset(ret, 0, TW_MERKLE_HASH);
	TW_TRY(tw_store_run(c->store, tw_sql_journal_node_get, v, TW_COUNT(v), take_hash, ret));
	if (!memcmp(ret, none, sizeof none))
		return TW_RAISE(INTERNAL, "the journal's node %u.%llu is missing", level, (unsigned long long)index);
	return TW_OK;
}

static tw_err put_node(void *user, unsigned level, uint64_t index, const uint8_t hash[TW_MERKLE_HASH])
{
	struct tw_context *c = user;
	const struct tw_value v[] = { TW_V_INT((int64_t)level), TW_V_INT((int64_t)index), TW_V_BLOB(hash, TW_MERKLE_HASH) };

	return tw_store_run(c->store, tw_sql_journal_node_put, v, TW_COUNT(v), NULL, NULL);
}

struct tw_merkle_nodes tw_journal_nodes(struct tw_context *c)
{
	return (struct tw_merkle_nodes){ get_node, c };
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(uint64_t *)user = (uint64_t)tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_journal_length(struct tw_context *c, uint64_t *ret)
{
	return tw_store_run(c->store, tw_sql_journal_size, NULL, 0, take_number, ret);
}

tw_err tw_journal_append(struct tw_context *c, json_t *entry)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct tw_merkle_nodes nodes = tw_journal_nodes(c);
	uint8_t leaf[TW_MERKLE_HASH];
	uint64_t number = 0;

	tw_buf_init(&text, c->sys, TW_JOURNAL_ENTRY_MAX);
	TW_TRY(tw_journal_length(c, &number));
	TW_TRY(tw_json_set(entry, "number", json_integer((json_int_t)number)));
	TW_TRY(tw_json_write(entry, &text));
	const struct tw_value v[] = { TW_V_INT((int64_t)number), TW_V_TEXT(tw_json_text(entry, "case")), TW_V_SLICE(tw_buf_slice(&text)) };
	TW_TRY(tw_store_run(c->store, tw_sql_journal_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_merkle_leaf(tw_buf_slice(&text), leaf));
	return tw_merkle_add(&nodes, number, leaf, put_node, c);
}

/* --- Operations --- */

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	struct tw_slice text = tw_row_bytes(row, 1);
	uint64_t number = (uint64_t)tw_row_int(row, 0);

	if (!tw_page_takes(p))
		return TW_OK;
	return tw_page_add_at(p, number + 1, json_pack("{s:I, s:s%}", "number", (json_int_t)number, "text", text.at, text.size));
}

tw_err tw_op_journal_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t from = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &from));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT((int64_t)from), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_journal_from, v, TW_COUNT(v), list_one, &p));
	return tw_page_end(&p, rp);
}

static tw_err sign(struct tw_context *c, struct tw_journal_head *h, uint8_t ret[TW_SIGNATURE_SIZE])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 };
	const struct tw_merkle_nodes nodes = tw_journal_nodes(c);

	memcpy(h->service, tw_audit_device(c->audit), sizeof h->service);
	h->at_ms = tw_time_wall_ms(c->time);
	TW_TRY(tw_journal_length(c, &h->size));
	TW_TRY(tw_merkle_root(&nodes, h->size, h->root));
	tw_buf_init(&message, c->sys, TW_JOURNAL_MESSAGE);
	TW_TRY(tw_journal_message(h, &message));
	return tw_keys_client_sign(c->keys, TW_SIGN_JOURNAL, tw_buf_slice(&message), ret);
}

tw_err tw_op_journal_head(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	struct tw_journal_head h = { 0 };
	json_t *head = NULL;

	TW_TRY(sign(c, &h, signature));
	TW_TRY(tw_keys_client_identity(c->keys, &cert));
	tw_buf_init(&pem, c->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_cert_pem(cert, &pem));
	rp->body = json_object();
	TW_TRY(tw_journal_head_json(c->sys, &h, signature, &head));
	TW_TRY(tw_json_set(rp->body, "head", head));
	return tw_json_set(rp->body, "certificate", json_string(tw_buf_cstr(&pem)));
}

static tw_err beyond(struct tw_reply *rp, tw_err e)
{
	if (!tw_is(e, TW_CODE_LIMIT))
		return e;
	return tw_reply_problem(rp, 404, "not-found", "journal.unknown", "The journal does not reach so far",
		"Ask for its head to see how long it is.", "There is no such entry, or no such smaller journal.");
}

static tw_err show_proof(struct tw_context *c, struct tw_reply *rp, uint64_t size, const struct tw_merkle_proof *p)
{
	json_t *list = NULL;

	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "size", json_integer((json_int_t)size)));
	TW_TRY(tw_journal_proof_json(c->sys, p, &list));
	return tw_json_set(rp->body, "proof", list);
}

static tw_err size_asked(struct tw_context *c, const struct tw_request *rq, uint64_t *ret)
{
	uint64_t asked = (uint64_t)tw_json_int(rq->input, "size");

	TW_TRY(tw_journal_length(c, ret));
	if (asked > *ret)
		return TW_RAISE(LIMIT, "longer than it is");
	*ret = asked ? asked : *ret;
	return TW_OK;
}

tw_err tw_op_journal_inclusion(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_merkle_nodes nodes = tw_journal_nodes(c);
	struct tw_merkle_proof p;
	uint64_t size = 0;
	tw_err e = size_asked(c, rq, &size);

	if (!tw_failed(e))
		e = tw_merkle_inclusion(&nodes, (uint64_t)tw_json_int(rq->input, "entry"), size, &p);
	return tw_failed(e) ? beyond(rp, e) : show_proof(c, rp, size, &p);
}

tw_err tw_op_journal_consistency(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_merkle_nodes nodes = tw_journal_nodes(c);
	struct tw_merkle_proof p;
	uint64_t size = 0;
	tw_err e = size_asked(c, rq, &size);

	if (!tw_failed(e))
		e = tw_merkle_consistency(&nodes, (uint64_t)tw_json_int(rq->input, "before"), size, &p);
	return tw_failed(e) ? beyond(rp, e) : show_proof(c, rp, size, &p);
}
