/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login asks for beside the password: a table of kinds. An account may have several, and whoever logs in chooses one of them; one is enough.
 * Some are typed as a code; of others a program of the product's is asked (login-provider.h), and the step is answered when it has.
 * What an account has is asked for whether it can be answered now or not: nothing that fails makes the password enough.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_LOGIN_FACTOR_H
#define TW_DEVICE_LOGICAL_ACCESS_LOGIN_FACTOR_H
#include "device/logical-access/login.h"
#include "service/path/condition.h"

/* One step at it. */
struct tw_factor_step {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_login_step *s;
	struct tw_reply *rp;
};
struct tw_login_factor {
	const char *name;        /* in `needed`, and as what was chosen */
	const char *how;         /* what a session is opened by, behind a password */
	const char *how_outside; /* and behind the word of the organization's provider */
	enum tw_method method;
	tw_err (*has)(struct tw_device *d, int64_t account, bool *ret);
	tw_err (*begin)(const struct tw_factor_step *t); /* asks for it; a problem: it cannot be asked for now. NULL: nothing to do */
	tw_err (*verify)(const struct tw_factor_step *t); /* a problem: no. It counts what fails. An answer that comes later: tw_login_passed, if it is good */
	tw_err (*ask)(const struct tw_factor_step *t); /* in place of both: somebody else says it, later; a problem: he cannot be asked */
};

tw_err tw_factors_of(struct tw_device *d, int64_t account, unsigned *ret); /* bits by the table's order; 0: it has none */
tw_err tw_factors_list(unsigned factors, json_t *needed);                  /* appends their names */
const struct tw_login_factor *tw_factor_of_how(const char *how);           /* NULL: what opened it is none */
/* After the password: the only one is asked for at once. */
tw_err tw_factor_begin(const struct tw_factor_step *t);
/* Whoever may say of another's account what its logins ask for: who may do whatever that may. A problem: not he. */
tw_err tw_factor_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret);
/* What was sent is judged, or another kind is chosen. Passed: the step wants none any more and knows by what. Or the answer comes later. */
tw_err tw_factor_answer(const struct tw_factor_step *t);
#endif
