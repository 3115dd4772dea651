/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/totp.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/otp.h"
#include "service/keys/keys.h"
#include "service/sql-service.h"

#include <string.h>

#define SEALED_MAX 256
#define DATA_MAX 512
#define WHOSE_MAX 32

static void digits_of(uint32_t code, char ret[TW_TOTP_DIGITS])
{
	for (size_t i = TW_TOTP_DIGITS; i-- > 0; code /= 10)
		ret[i] = (char)('0' + code % 10);
}

/* Each step is computed and compared, whichever it is, and of two that fit the later counts. */
tw_err tw_totp_match(const uint8_t secret[TW_TOTP_SECRET], int64_t now_ms, int64_t used, struct tw_slice code, int64_t *ret_step)
{
	const int64_t now = now_ms / TW_TOTP_STEP_MS;
	int64_t found = -1;

	if (code.size != TW_TOTP_DIGITS || now < 1)
		return TW_RAISE(DENIED, "not a code of six digits");
	for (int64_t step = now - 1; step <= now + 1; step++) {
		char digits[TW_TOTP_DIGITS];
		uint32_t number = 0;

		TW_TRY(tw_otp(secret, TW_TOTP_SECRET, (uint64_t)step, TW_TOTP_DIGITS, &number));
		digits_of(number, digits);
		if (tw_equal_secret(digits, code.at, sizeof digits) && step > used)
			found = step;
		tw_wipe(digits, sizeof digits);
	}
	if (found < 0)
		return TW_RAISE(DENIED, "not the code of now, or one that was used");
	*ret_step = found;
	return TW_OK;
}

static tw_err add_base32(struct tw_buf *b, const uint8_t secret[TW_TOTP_SECRET])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (size_t i = 0; i < TW_TOTP_SECRET; i += 5) {
		uint64_t five = 0;

		for (size_t k = 0; k < 5; k++)
			five = five << 8 | secret[i + k];
		for (int shift = 35; shift >= 0; shift -= 5)
			TW_TRY(tw_buf_u8(b, (uint8_t)letters[five >> shift & 31]));
	}
	return TW_OK;
}

tw_err tw_totp_uri(const uint8_t secret[TW_TOTP_SECRET], const char *issuer, const char *account, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "otpauth://totp/"));
	TW_TRY(tw_buf_percent(ret, tw_slice_of(issuer)));
	TW_TRY(tw_buf_text(ret, ":"));
	TW_TRY(tw_buf_percent(ret, tw_slice_of(account)));
	TW_TRY(tw_buf_text(ret, "?secret="));
	TW_TRY(add_base32(ret, secret));
	TW_TRY(tw_buf_text(ret, "&issuer="));
	TW_TRY(tw_buf_percent(ret, tw_slice_of(issuer)));
	return tw_buf_text(ret, "&algorithm=SHA1&digits=6&period=30");
}

/* In the store: the last step that was used, 0 while there is none, a blank, and the sealed secret in base64url. */
struct kept {
	int64_t id, used;
	char data[DATA_MAX];
	struct tw_slice sealed;
};

static tw_err take_kept(void *user, const tw_row *row)
{
	struct kept *k = user;
	struct tw_slice data = tw_row_bytes(row, 1);
	const char *blank = memchr(data.at, ' ', data.size);
	uint64_t used = 0;

	if (!blank || data.size >= sizeof k->data ||
		tw_failed(tw_parse_u64((struct tw_slice){ data.at, (size_t)(blank - data.at) }, INT64_MAX, &used)))
		return TW_RAISE(SYNTAX, "the secret of an authenticator is not of its form");
	memcpy(k->data, data.at, data.size);
	k->data[data.size] = '\0';
	k->id = tw_row_int(row, 0);
	k->used = (int64_t)used;
	k->sealed = tw_slice_of(strchr(k->data, ' ') + 1);
	return TW_OK;
}

#define CONFIRMED "totp"
#define FRESH "totp-new"

static tw_err find(struct tw_context *c, int64_t account, const char *kind, struct kept *ret)
{
	const struct tw_value v[] = { TW_V_INT(account), TW_V_TEXT(kind) };

	ret->id = 0;
	return tw_store_run(c->store, tw_sql_totp_of, v, TW_COUNT(v), take_kept, ret);
}

static void whose(int64_t account, char ret[WHOSE_MAX])
{
	(void)snprintf(ret, WHOSE_MAX, "totp:%lld", (long long)account);
}

static tw_err unseal(struct tw_context *c, int64_t account, const struct kept *k, uint8_t ret[TW_TOTP_SECRET])
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	uint8_t sealed[SEALED_MAX];
	char name[WHOSE_MAX];
	size_t size = 0;

	whose(account, name);
	tw_buf_init(&plain, c->sys, SEALED_MAX);
	TW_TRY(tw_buf_reserve(&plain, SEALED_MAX));
	TW_TRY(tw_parse_base64url(k->sealed, sizeof sealed, sealed, &size));
	TW_TRY(tw_keys_client_unseal(c->keys, name, (struct tw_slice){ (const char *)sealed, size }, &plain));
	if (plain.size != TW_TOTP_SECRET)
		return TW_RAISE(SYNTAX, "the secret of an authenticator has %zu bytes", plain.size);
	memcpy(ret, plain.data, TW_TOTP_SECRET);
	return TW_OK;
}

static tw_err write_data(struct tw_context *c, int64_t used, struct tw_slice sealed, struct tw_buf *ret)
{
	tw_buf_init(ret, c->sys, DATA_MAX - 1);
	return tw_buf_format(ret, "%lld " TW_SLICE_FMT, (long long)used, TW_SLICE_ARG(sealed));
}

struct change {
	struct tw_context *c;
	int64_t account;
	const struct kept *before;
	const char *data;
	bool confirms; /* the one that was there before goes, and this one counts from now on */
};

static tw_err drop_kind(struct tw_context *c, int64_t account, const char *kind)
{
	const struct tw_value v[] = { TW_V_INT(account), TW_V_TEXT(kind) };

	return tw_store_run(c->store, tw_sql_totp_drop_kind, v, TW_COUNT(v), NULL, NULL);
}

/* One use of it at a time: what was read is still there, or another has used it meanwhile. */
static tw_err do_use(tw_store *s, void *user)
{
	struct change *g = user;
	const struct tw_value v[] = { TW_V_INT(g->before->id), TW_V_TEXT(g->data), TW_V_TEXT(g->before->data) };

	if (g->confirms)
		TW_TRY(drop_kind(g->c, g->account, CONFIRMED));
	TW_TRY(tw_store_run(s, g->confirms ? tw_sql_totp_confirm : tw_sql_credential_data, v, TW_COUNT(v), NULL, NULL));
	return tw_store_changes(s) == 1 ? TW_OK : TW_RAISE(DENIED, "another has used a code meanwhile");
}

static tw_err use(struct tw_context *c, int64_t account, const char *kind, struct tw_slice code)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };
	struct kept k = { 0 };
	struct change g = { c, account, &k, NULL, !strcmp(kind, FRESH) };
	uint8_t secret[TW_TOTP_SECRET];
	int64_t step = 0;

	if (!tw_time_trusted(c->time))
		return TW_RAISE(STATE, "no code is good while the clock cannot be trusted");
	TW_TRY(find(c, account, kind, &k));
	if (k.id == 0)
		return TW_RAISE(NOTFOUND, "the account has no authenticator");
	TW_TRY(unseal(c, account, &k, secret));
	tw_err e = tw_totp_match(secret, tw_time_wall_ms(c->time), k.used, code, &step);
	tw_wipe(secret, sizeof secret);
	TW_TRY(e);
	TW_TRY(write_data(c, step, k.sealed, &data));
	g.data = tw_buf_cstr(&data);
	return tw_store_transaction(c->store, do_use, &g);
}

tw_err tw_totp_use(struct tw_context *c, int64_t account, struct tw_slice code)
{
	return use(c, account, CONFIRMED, code);
}

tw_err tw_totp_confirm(struct tw_context *c, int64_t account, struct tw_slice code)
{
	return use(c, account, FRESH, code);
}

tw_err tw_totp_wanted(struct tw_context *c, int64_t account, bool *ret)
{
	struct kept k = { 0 };

	TW_TRY(find(c, account, CONFIRMED, &k));
	*ret = k.id != 0;
	return TW_OK;
}

tw_err tw_totp_remove(struct tw_context *c, int64_t account)
{
	const struct tw_value v[] = { TW_V_INT(account) };

	return tw_store_run(c->store, tw_sql_totp_drop, v, TW_COUNT(v), NULL, NULL);
}

static tw_err do_enrol(tw_store *s, void *user)
{
	struct change *g = user;
	const struct tw_value v[] = { TW_V_INT(g->account), TW_V_TEXT(FRESH), TW_V_TEXT("authenticator"), { .kind = TW_VALUE_NULL },
		TW_V_TEXT(g->data), TW_V_INT(tw_time_wall_ms(g->c->time)) };

	TW_TRY(drop_kind(g->c, g->account, FRESH));
	return tw_store_run(s, tw_sql_credential_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err seal(struct tw_context *c, int64_t account, const uint8_t secret[TW_TOTP_SECRET], struct tw_buf *ret_data)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, text = { 0 };
	char name[WHOSE_MAX];

	whose(account, name);
	tw_buf_init(&sealed, c->sys, SEALED_MAX);
	tw_buf_init(&text, c->sys, DATA_MAX);
	TW_TRY(tw_keys_client_seal(c->keys, name, (struct tw_slice){ (const char *)secret, TW_TOTP_SECRET }, &sealed));
	TW_TRY(tw_buf_base64url(&text, sealed.data, sealed.size));
	return write_data(c, 0, tw_buf_slice(&text), ret_data);
}

tw_err tw_totp_enrol(struct tw_context *c, int64_t account, const char *issuer, const char *name, struct tw_buf *ret_uri)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *secret = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };
	struct change g = { c, account, NULL, NULL, false };

	TW_TRY(tw_secret_random(c->sys, TW_TOTP_SECRET, &secret));
	TW_TRY(seal(c, account, tw_secret_bytes(secret), &data));
	TW_TRY(tw_buf_reserve(ret_uri, TW_TOTP_URI_MAX)); /* one that grows leaves copies of what is in it */
	TW_TRY(tw_totp_uri(tw_secret_bytes(secret), issuer, name, ret_uri));
	g.data = tw_buf_cstr(&data);
	return tw_store_transaction(c->store, do_enrol, &g);
}
