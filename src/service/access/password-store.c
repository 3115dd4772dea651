/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords as they are kept: one of an account, as the text of its Argon2id hash with a word in front that says whose choice it was. "own" is good as
 * it is; "given" was set by somebody else, who knows it, and opens nothing before it is replaced.
 */
#include "service/access/password-store.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "service/access/guard.h"
#include "service/access/password.h"
#include "service/sql-service.h"

#include <string.h>

#define OWN "own "
#define GIVEN "given "
#define SERVER "server " /* and as whom: the organization's server judges it (radius.h) */
/* Of no password anybody knows: what is computed for an account that has none. */
#define NOBODYS "$argon2id$v=19$m=19456,t=2,p=1$dGhlcmUgaXMgbm8gb25lIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* --- Kept --- */

static bool begins(struct tw_slice text, const char *word)
{
	return text.size > strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

/* Nothing hashes to it, and it is another for another user there: a login ends with what it began with. */
static tw_err take_server(struct tw_password_kept *k, struct tw_slice user, struct tw_slice hands)
{
	if (user.size >= sizeof k->user)
		return TW_RAISE(SYNTAX, "a password that is not of its form");
	(void)snprintf(k->user, sizeof k->user, TW_SLICE_FMT, TW_SLICE_ARG(user));
	(void)snprintf(k->by.hands, sizeof k->by.hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	k->is = true;
	return tw_sha256(user.at, user.size, k->hash.tag);
}

static tw_err take_password(void *user, const tw_row *row)
{
	struct tw_password_kept *k = user;
	struct tw_slice data = tw_row_bytes(row, 0);
	size_t skip = begins(data, OWN) ? strlen(OWN) : begins(data, GIVEN) ? strlen(GIVEN) : 0;

	if (begins(data, SERVER))
		return take_server(k, (struct tw_slice){ data.at + strlen(SERVER), data.size - strlen(SERVER) }, tw_row_bytes(row, 1));
	if (!skip)
		return TW_RAISE(SYNTAX, "a password that is not of its form");
	TW_TRY(tw_phc_read((struct tw_slice){ data.at + skip, data.size - skip }, &k->hash));
	(void)snprintf(k->by.hands, sizeof k->by.hands, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	k->is = true;
	k->must_change = begins(data, GIVEN);
	return TW_OK;
}

tw_err tw_password_of(struct tw_context *c, int64_t account, struct tw_password_kept *ret)
{
	const struct tw_value v[] = { TW_V_INT(account) };

	*ret = (struct tw_password_kept){ .is = false };
	TW_TRY(tw_phc_read(TW_SLICE(NOBODYS), &ret->hash));
	return tw_store_run(c->store, tw_sql_password_of, v, TW_COUNT(v), take_password, ret);
}

tw_err tw_password_drop(struct tw_context *c, int64_t account)
{
	const struct tw_value v[] = { TW_V_INT(account) };

	return tw_store_run(c->store, tw_sql_password_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_password_put(struct tw_context *c, const struct tw_password_new *n)
{
	char data[sizeof GIVEN + TW_PHC_MAX];

	(void)snprintf(data, sizeof data, "%s%s", n->must_change ? GIVEN : OWN, n->phc);
	const struct tw_value v[] = { TW_V_INT(n->account), TW_V_TEXT(data), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(n->hands) };
	TW_TRY(tw_password_drop(c, n->account));
	return tw_store_run(c->store, tw_sql_password_put, v, TW_COUNT(v), NULL, NULL);
}

/* --- Judged --- */

/* By the setting as it is now. One that cannot be read is the default. */
static size_t least(struct tw_context *c)
{
	struct tw_setting_state state = { .version = 0 };
	uint64_t n = 0;

	if (tw_failed(tw_setting_state(c, tw_setting_find(c, "logical-access.password-min"), &state)) ||
		tw_failed(tw_parse_u64(tw_slice_of(state.value), TW_PASSWORD_MAX, &n)))
		return TW_PASSWORD_MIN;
	return (size_t)n;
}

bool tw_password_short(struct tw_context *c, struct tw_slice password)
{
	const struct tw_password_rules r = { .min = least(c) };

	return tw_password_judge(&r, password) == TW_PASSWORD_SHORT;
}

tw_err tw_password_check(struct tw_context *c, const struct tw_account *a, struct tw_slice password, struct tw_reply *rp)
{
	const char *const names[] = { a->name, c->guard->product, c->guard->maker };
	const struct tw_password_rules r = { least(c), names, TW_COUNT(names) };
	enum tw_password_fault fault = tw_password_judge(&r, password);

	if (fault == TW_PASSWORD_GOOD)
		return TW_OK;
	return tw_reply_problem(rp, 400, "input", "password.rules", "This can be no password", "Choose another.",
		"%s At least %zu characters.", tw_password_advice(fault), r.min);
}
