/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials hang on accounts and go with them. So far: client certificates, each found by the fingerprint of its key, so that one key is
 * one account's and the certificate around it may be renewed.
 */
#include "base/text.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"
#include "service/path/page.h"

#include <inttypes.h>

#define PER_ACCOUNT_MAX 8 /* a person's machines */

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_credential_put(struct tw_device *d, const struct tw_new_credential *n, int64_t *ret_id)
{
	const struct tw_value v[] = { TW_V_INT(n->account), TW_V_TEXT("certificate"), TW_V_TEXT(n->label), TW_V_BLOB(n->key, 32),
		TW_V_TEXT(n->certificate), TW_V_INT(tw_time_wall_ms(&d->time)) };

	TW_TRY(tw_store_run(d->context.store, tw_sql_credential_put, v, TW_COUNT(v), take_int, ret_id));
	const struct tw_value placed[] = { TW_V_INT(*ret_id), TW_V_TEXT(n->hands ? n->hands : "") };
	return tw_store_run(d->context.store, tw_sql_credential_placed, placed, TW_COUNT(placed), NULL, NULL);
}

/* --- Reading --- */

static tw_err add(void *user, const tw_row *row)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf key = { 0 };
	struct tw_page *p = user;
	struct tw_slice kind = tw_row_bytes(row, 2), label = tw_row_bytes(row, 3), lookup = tw_row_bytes(row, 4),
			name = tw_row_bytes(row, 6);
	char id[TW_ACCOUNT_ID_MAX + 2], account[TW_ACCOUNT_ID_MAX + 2], made[TW_TIME_TEXT_MAX];

	if (!tw_page_takes(p))
		return TW_OK;
	(void)snprintf(id, sizeof id, "c%" PRId64, tw_row_int(row, 0));
	tw_account_id(tw_row_int(row, 1), account);
	tw_time_text(tw_row_int(row, 5), made);
	tw_buf_init(&key, p->c->sys, 64);
	TW_TRY(tw_buf_hex(&key, lookup.at, lookup.size < 32 ? lookup.size : 32));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0),
		json_pack("{s:s, s:s, s:s%, s:s%, s:s%, s:s, s:s}", "credential", id, "account", account, "name", name.at, name.size,
			"kind", kind.at, kind.size, "label", label.at, label.size, "key", tw_buf_cstr(&key), "made", made));
}

/* Words of the list, with a blank between two: one that it does not know would find nothing, and seem to say that there are none. */
static bool kinds_known(const char *words)
{
	static const char *const kinds[] = { "certificate", "password", "server", "oidc", "totp", "totp-new", "message", "passkey",
		"biometric", "auth-plugin" };

	for (;;) {
		const size_t size = strcspn(words, " ");
		size_t i = 0;

		while (i < TW_COUNT(kinds) && !tw_slice_is((struct tw_slice){ words, size }, kinds[i]))
			i++;
		if (i == TW_COUNT(kinds))
			return false;
		if (!words[size])
			return true;
		words += size + 1;
	}
}

static tw_err bad_question(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "The question is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", detail);
}

tw_err tw_access_credentials(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const char *whose = tw_json_text(rq->input, "account");
	int64_t account = 0;
	const char *kinds = tw_json_text(rq->input, "kind");
	if (*whose && !tw_account_id_read(tw_slice_of(whose), &account))
		return bad_question(rp, "credential.account", "account is the id of one, as accounts.list says it: a1.");
	if (*kinds && !kinds_known(kinds))
		return bad_question(rp, "credential.kind",
			"kind is certificate, password, server, oidc, totp, totp-new, message, passkey, biometric or auth-plugin, or several "
			"with a blank between two.");
	const struct tw_value v[] = { TW_V_INT((int64_t)after), TW_V_INT((int64_t)p.limit + 1), TW_V_TEXT(kinds), TW_V_INT(account) };
	TW_TRY(tw_store_run(c->store, *whose ? tw_sql_credential_page_of : tw_sql_credential_page, v, TW_COUNT(v) - !*whose, add, &p));
	return tw_page_end(&p, rp);
}

/* --- Enrolling --- */

static tw_err key_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, uint8_t ret[32])
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	tw_err e = tw_cert_load(c->sys, tw_slice_of(tw_json_text(rq->input, "certificate")), &cert);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		return tw_reply_problem(rp, 400, "input", "credential.certificate", "The certificate cannot be read",
			"Send one PEM certificate with a P-256 key.", "%s", tw_err_detail());
	return tw_cert_fingerprint(cert, ret);
}

static tw_err check_free(struct tw_context *c, const struct tw_account *a, const uint8_t key[32], struct tw_reply *rp)
{
	const struct tw_value of_key[] = { TW_V_BLOB(key, 32) }, of_account[] = { TW_V_INT(a->id) };
	int64_t other = 0, count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_credential_of_key, of_key, TW_COUNT(of_key), take_int, &other));
	if (other)
		return tw_reply_problem(rp, 409, "exists", "credential.exists", "This key is an account's already",
			"Make another key.", "One key is one account's.");
	TW_TRY(tw_store_run(c->store, tw_sql_credential_count, of_account, TW_COUNT(of_account), take_int, &count));
	if (count >= PER_ACCOUNT_MAX)
		return tw_reply_problem(rp, 409, "full", "credential.limit", "This account has too many credentials",
			"Remove one first.", "An account has at most %d.", PER_ACCOUNT_MAX);
	return TW_OK;
}

/* With a certificate nobody logs in, so nobody could count how often it was used. */
static tw_err check_counted(const struct tw_account *a, struct tw_reply *rp)
{
	if (a->kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	return a->counts_uses
		? tw_reply_problem(rp, 409, "account-state", "account.uses", "This account comes in by sessions only",
			  "Ask for a code for it.", "It may be used so many times, and a certificate is used without a login.")
		: TW_OK;
}

static tw_err enrol(struct tw_account_work *w)
{
	const struct tw_new_credential n = { w->account.id, w->word, w->bytes, w->text, w->hands };

	TW_TRY(tw_credential_put(tw_device_of(w->c), &n, &w->number));
	w->rp->body = json_pack("{s:o, s:s}", "credential", json_sprintf("c%" PRId64, w->number), "name", w->account.name);
	return w->rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* Whoever holds the key may do what the account may: so only who may do that himself enrols it. */
tw_err tw_access_credential_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = enrol, .word = tw_json_text(rq->input, "label") };
	struct tw_placer by;
	uint8_t key[32];
	bool reached = true;

	if (!tw_account_name_valid(w.word))
		return tw_reply_problem(rp, 400, "input", "credential.label", "This is no label", "Choose another.",
			"A label is 1 to 48 printable characters, without blanks at its ends.");
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(tw_json_text(rq->input, "account")), rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(tw_placed_reaches(c, &rq->subject, w.account.id, &reached));
	if (!reached)
		return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
			"This account may do more than you, and whoever holds the key may do what it may.");
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, w.account.id, rp, &by));
	if (!rp->problem[0])
		TW_TRY(check_counted(&w.account, rp));
	if (!rp->problem[0])
		TW_TRY(key_of(c, rq, rp, key));
	if (!rp->problem[0])
		TW_TRY(check_free(c, &w.account, key, rp));
	if (rp->problem[0])
		return TW_OK;
	w.bytes = key;
	w.hands = by.hands;
	w.text = tw_json_text(rq->input, "certificate");
	(void)snprintf(w.what, sizeof w.what, "given the client certificate %s", w.word);
	TW_TRY(tw_account_do(&w));
	rp->status = 201;
	return TW_OK;
}

/* --- Removing --- */

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "credential.unknown", "There is no such credential",
		"List them to see what there is.", "No credential has this id.");
}

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->number) };

	return tw_store_run(w->c->store, tw_sql_credential_drop, v, TW_COUNT(v), NULL, NULL);
}

/* The last credential of those who own it: without it there is the console alone. */
tw_err tw_access_credential_last(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_value v[] = { TW_V_INT(a->id) };
	int64_t count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_credential_count, v, TW_COUNT(v), take_int, &count));
	if (count > 1 || !tw_access_owner(d, a->id) || tw_access_other_owner(d, a->id))
		return TW_OK;
	return tw_reply_problem(rp, 409, "last-owner", "credential.last", "This is the last credential that an owner has",
		"Enrol another one first.",
		"Without it no owner could come in: none of the others, if there are any, has a credential or a session.");
}

tw_err tw_access_credential_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .ends_sessions = true }; /* a lost key has opened some */
	char id[TW_ACCOUNT_ID_MAX + 2];
	uint64_t number = 0;
	int64_t account = 0;

	if (rq->parameter.size < 2 || rq->parameter.at[0] != 'c' ||
		tw_failed(tw_parse_u64((struct tw_slice){ rq->parameter.at + 1, rq->parameter.size - 1 }, INT64_MAX, &number)))
		return unknown(rp);
	w.number = (int64_t)number;
	const struct tw_value v[] = { TW_V_INT(w.number) };
	TW_TRY(tw_store_run(c->store, tw_sql_credential_account, v, TW_COUNT(v), take_int, &account));
	if (!account)
		return unknown(rp);
	tw_account_id(account, id);
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(id), rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(tw_access_credential_last(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(w.what, sizeof w.what, "lost the credential c%" PRId64, w.number);
	return tw_account_do(&w);
}
