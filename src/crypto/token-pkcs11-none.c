/* SPDX-License-Identifier: Apache-2.0 */
/* In place of token-pkcs11.c, where its headers were missing when this was built, or the option said so. */
#include "crypto/token.h"

static tw_err ask(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	return TW_RAISE(UNSUPPORTED, "this software was built without PKCS#11 (-Dpkcs11)");
}

const struct tw_token_kind_row tw_token_pkcs11 = { "pkcs11", "pkcs11", ask };
