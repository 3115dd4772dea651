/* SPDX-License-Identifier: Apache-2.0 */
/* The one world's device asked by its owner (token NULL) and by accounts with sessions, each question with the answer it must have. */
#ifndef TW_TEST_UNIT_AS_H
#define TW_TEST_UNIT_AS_H
#include "lacking.h"

#define ROLES "/api/v1/role-assignments"
#define CODES "/api/v1/session-codes"

static inline void give_as(const char *token, const char *id, const char *role, const char *conditions, int want, const char *says)
{
	char body[320];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"%s\"%s%s}", id, role,
		conditions ? ",\"conditions\":" : "", conditions ? conditions : "");
	check_as(token, "POST", ROLES, body, want, says);
}

static inline void give(const char *id, const char *role)
{
	give_as(NULL, id, role, NULL, 201, NULL);
}

/* Accounts a2, a3 and so on. */
static inline void make(const char *name, const char *role)
{
	char body[96], id[16];

	(void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"person\"}", name);
	check_as(NULL, "POST", "/api/v1/accounts", body, 201, NULL);
	world_text(&w, "account", id, sizeof id);
	if (role)
		give(id, role);
}

static inline void code_as(const char *token, const char *id, char ret_body[64])
{
	char body[64], code[16];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\"}", id ? id : "");
	check_as(token, "POST", CODES, id ? body : NULL, 201, NULL);
	world_text(&w, "code", code, sizeof code);
	(void)snprintf(ret_body, 64, "{\"code\":\"%s\"}", code);
}

/* A session of that account, by a code that another, or nobody but the owner, asks for. */
static inline void open_as(const char *token, const char *id, char ret_token[64])
{
	char body[64];

	code_as(token, id, body);
	CHECK_INT(world_open(&w, body), 201);
	world_text(&w, "token", ret_token, 64);
}
#endif
