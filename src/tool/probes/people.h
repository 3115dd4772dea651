/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People whom a probe makes up: the owner whose tool this is makes accounts with fresh names, comes as them, and removes them whatever
 * happened. What was made stands in the device's log; the finding says what could not be removed again.
 */
#ifndef TW_TOOL_PROBES_PEOPLE_H
#define TW_TOOL_PROBES_PEOPLE_H
#include "tool/probes/probe.h"

#define TW_PERSON_TOKEN_MAX 64

struct tw_person {
	char id[24], name[32], token[TW_PERSON_TOKEN_MAX];
	char role[32], rule[32]; /* of the organization, made for this person and removed behind him; "": none */
};

tw_err tw_person_name(const struct tw_sys *sys, char ret[32]); /* a fresh one: "probe ", and twelve hex digits */
/* lifetime 0: none. A name that is "" becomes a fresh one. */
tw_err tw_person_make(struct tw_probe_context *c, const char *kind, int lifetime, struct tw_person *ret);
tw_err tw_person_give(struct tw_probe_context *c, const struct tw_person *p, const char *role);
/* A role of his own with these permissions, or others for it; he is not given it yet. */
tw_err tw_person_role(struct tw_probe_context *c, struct tw_person *p, const char *permissions);
/* A session by a code that the owner asked for. What the device said to it is ret; comes: a refusal is an error. */
tw_err tw_person_enter(struct tw_probe_context *c, struct tw_person *p, struct tw_answer *ret);
tw_err tw_person_comes(struct tw_probe_context *c, struct tw_person *p);
tw_err tw_person_comes_here(struct tw_probe_context *c, struct tw_person *p); /* at the local socket, which the context has; it is good there alone */
tw_err tw_person_client(struct tw_probe_context *c, tw_client **ret); /* a connection to the device, without a credential */
/* By this session, or none; on a connection of its own. Any status is an answer. */
tw_err tw_person_call(struct tw_probe_context *c, const char *token, const struct tw_call *what, struct tw_answer *ret);
/* What this person is answered: the status. */
tw_err tw_person_asks(struct tw_probe_context *c, const struct tw_person *p, const char *method, const char *path, long *ret);
/* What a process of nobody is answered at the local socket. DENIED: this is not root, so it cannot be tried. */
tw_err tw_person_stranger_asks(struct tw_probe_context *c, const char *path, long *ret);
/* Asks for what an operator reads and an account without a role does not; the finding keeps the answer. */
tw_err tw_person_look(struct tw_probe_context *c, const struct tw_person *p, struct tw_finding *f, const char *when, long *ret);
/* With somebody made up, who is removed again whatever happened. */
tw_err tw_person_with(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f));

/* The owner's order about one entry of a list, "accounts" and "a17"; a refusal is an error. */
tw_err tw_probe_at(struct tw_probe_context *c, const char *method, const char *list, const char *name);
/* A setting for a moment, as the owner; it is as it was, or the finding says that it could not be set back. value "": nothing was read. */
struct tw_probe_setting {
	char path[80], value[32], etag[80];
};
tw_err tw_probe_setting_read(struct tw_probe_context *c, const char *key, struct tw_probe_setting *ret);
tw_err tw_probe_set(struct tw_probe_context *c, const char *key, const char *value); /* whatever it is now */
void tw_probe_set_back(struct tw_probe_context *c, const char *key, const char *value, struct tw_finding *f);
/* Removes it; the finding tells when it could not be. name "": there is nothing. */
void tw_probe_take_back(struct tw_probe_context *c, struct tw_finding *f, const char *list, const char *name);
#endif
