/* SPDX-License-Identifier: Apache-2.0 */
/* The main of roles that have OpenSSL and Jansson in them; apart from role.c, so that one that has neither need not link them. */
#include "service/role.h"

#include "base/json.h"
#include "crypto/hash.h"

/* For every role, here: one that forgot would read OpenSSL's configuration and seed its hash tables by the time of day. */
static void prepare(const struct tw_sys *sys)
{
	tw_crypto_use(sys);
	tw_json_use(sys);
}

int tw_role_main(const struct tw_role_row *rows, int argc, char **argv)
{
	return tw_role_bare(rows, prepare, argc, argv);
}
