/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manufacturer's server asked from inside, with a session of its staff. One probe is a row of requests: the first that is not answered as it should be
 * decides, and none is sent behind it but what puts things away.
 */
#ifndef TW_TOOL_PROBES_TALK_H
#define TW_TOOL_PROBES_TALK_H
#include "tool/probes/probe.h"

#define TW_TALK_TEST "TEST, made by thingward assess to see how questions are kept. Nobody asks, and nobody has to answer."
#define TW_TALK_ANALYST "analyst"
#define TW_TALK_MANAGER "manager"
#define TW_TALK_PUBLISHER "publisher"

struct tw_talk {
	struct tw_probe_context *c;
	struct tw_finding *f;
	const char *token;       /* NULL: nobody of that role is there */
	bool goes_on;            /* nothing was wrong so far */
	struct tw_answer answer; /* to the last request */
	char id[32];             /* of what was made last by tw_talk_made */
};
/* Without a session of that role the finding says so, and nothing goes on. */
tw_err tw_talk_begin(struct tw_talk *d, struct tw_probe_context *c, const char *role, struct tw_finding *f);
void tw_talk_done(struct tw_talk *d);
/* body is consumed; NULL after a failed json_pack is NOMEM, so a request without one takes tw_talk_get. Anything but 2xx ends it with a verdict. */
tw_err tw_talk_post(struct tw_talk *d, const char *path, json_t *body);
tw_err tw_talk_send(struct tw_talk *d, const char *method, const char *path, json_t *body);
tw_err tw_talk_get(struct tw_talk *d, const char *path);
/* A list in all its pages, as one answer. What is longer than TW_TALK_PAGES_MAX pages of 100 is no finding. */
#define TW_TALK_PAGES_MAX 200
tw_err tw_talk_all(struct tw_talk *d, const char *path, const char *list);
/* As tw_talk_post; the answer's id is kept. */
tw_err tw_talk_made(struct tw_talk *d, const char *path, json_t *body);
/* It has to be refused by this rule. */
tw_err tw_talk_refused(struct tw_talk *d, const char *method, const char *path, json_t *body, const char *rule, const char *else_what);
/* The text at that place of the answer ("answers.0.text"); "" is not there. */
const char *tw_talk_text(const struct tw_talk *d, const char *place);
/* It has to be that text, or any (NULL); otherwise the verdict says which is missing. */
tw_err tw_talk_wants(struct tw_talk *d, const char *place, const char *text);
/* Sent whatever went wrong before, as long as there is something to put away: what comes of it is nobody's finding, unless all was well. */
tw_err tw_talk_put_away(struct tw_talk *d, const char *path, json_t *body);
/* The path with the id behind it. */
const char *tw_talk_path(const struct tw_talk *d, const char *base, char ret[96]);
#endif
