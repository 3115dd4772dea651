/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe asks one question about one element and answers with a verdict, its reason, and where it was seen.
 *
 * A probe never calls something good because it could not look: what it cannot decide is inconclusive, and says what would
 * decide it. One that cannot fail is worth nothing: each has a test in which the feature is off.
 */
#ifndef TW_TOOL_PROBES_PROBE_H
#define TW_TOOL_PROBES_PROBE_H
#include "tool/known.h"
#include "tool/session.h"

enum tw_verdict { TW_VERDICT_PASS, TW_VERDICT_FAIL, TW_VERDICT_INCONCLUSIVE, TW_VERDICT_NOT_APPLICABLE, TW_VERDICTS };
enum tw_source { TW_SOURCE_OUTSIDE, TW_SOURCE_INSIDE, TW_SOURCE_DEVICE, TW_SOURCE_PERSON, TW_SOURCE_SERVICE, TW_SOURCES };
extern const char *const tw_verdict_words[TW_VERDICTS]; /* as formats/evidence.h has them */
extern const char *const tw_source_words[TW_SOURCES];

#define TW_TARGETS_MAX 8
#define TW_STAFF_MAX 4 /* one session for each role of the staff */
/* One device under assessment, reached as its owner. */
struct tw_target {
	struct tw_session session;
	tw_cert *anchor;
	bool has_identity; /* identity.read was answered */
	struct tw_answer identity;
	bool has_statement;
	struct tw_stated stated; /* its JWS is kept in the evidence */
	char statement_trouble[TW_DETAIL_MAX];
	struct tw_answer capabilities;
};
struct tw_probe_context {
	struct tw_tool *tool;
	const struct tw_sys *sys;
	struct tw_target target[TW_TARGETS_MAX]; /* the first is the one assessed, the others are compared with it */
	size_t target_count;
	const json_t *product;  /* product.yaml as it was read, or NULL */
	const json_t *before;   /* payload of earlier evidence of the same device, or NULL */
	const json_t *registry; /* lines of the provisioning registry, or NULL */
	const char *packages;   /* the package manager's own database of the first device, or NULL */
	const char *planted[8]; /* files that were planted on the first device, to see whether it tells of them */
	size_t planted_count;
	const char *off;     /* an interface that the list of the mode has off, "link:eth1", or NULL */
	const char *link;    /* a network link of the first device's that was taken down and up again, or NULL */
	const char *home;    /* an address of this machine that may be a home system of the first device's for a moment, or NULL */
	const char *move;    /* a port that the first device may be moved to for a moment, or NULL */
	const char *outside; /* an address of this machine in no network that may manage the device, or NULL */
	const char *local_path; /* of the next, or NULL */
	const char *messages;   /* the file in which the organization's gateway writes down what it is sent, or NULL */
	const char *verdicts;   /* the file in which a provider on trial reads what to say, or NULL */
	bool draw;              /* of the pairs of role and operation only a sample is asked; nothing passes by it */
	const char *scan;       /* what was scanned off the first device's label, or NULL */
	tw_client *local;       /* the first device's local socket, or NULL */
	tw_client *stranger; /* whom the first device knows nothing of, and whose connection never shows it anything; NULL: not yet */
	struct tw_known operations; /* the description of all operations, 300 KB that many probes read */
	tw_client *people;          /* of people without a certificate, each call with its own session; NULL: not yet */
	struct {
		char role[24], token[160];
	} staff[TW_STAFF_MAX]; /* sessions of the manufacturer's own people, for what his server shows inside alone */
	size_t staff_count;
};
struct tw_finding {
	enum tw_verdict verdict;
	enum tw_source source;
	char reason[1024];
	json_t *seen;   /* object with the values that decided, or NULL; owned */
	char left[512]; /* what a probe had to leave changed on the device, or "" */
};
struct tw_probe {
	const char *element, *name;
	enum tw_source source; /* unless the probe says otherwise */
	const char *title;     /* the question, for people */
	tw_err (*run)(struct tw_probe_context *c, struct tw_finding *ret);
	bool intrusive; /* it changes something on the device, if only for a moment; a test holds that against what it sends */
	bool waits;     /* for time to go by on the device: a second or more */
};
extern const struct tw_probe tw_probes_accounts[], tw_probes_algorithms[], tw_probes_certificates[], tw_probes_cryptography[],
	tw_probes_data_protection[], tw_probes_identification[], tw_probes_concealment[], tw_probes_inventory[], tw_probes_peers[],
	tw_probes_participant[], tw_probes_demands[], tw_probes_shares[], tw_probes_roles[], tw_probes_rights[], tw_probes_limits[],
	tw_probes_outside[], tw_probes_processes[], tw_probes_administration[], tw_probes_shared[], tw_probes_step_up[],
	tw_probes_actions[], tw_probes_auditing[], tw_probes_notice[], tw_probes_logins[], tw_probes_server[], tw_probes_factors[],
	tw_probes_strangers[], tw_probes_sharing[], tw_probes_indicator[], tw_probes_inputs[], tw_probes_remote[],
	tw_probes_lockout[], tw_probes_passkeys[], tw_probes_interfaces[], tw_probes_control[], tw_probes_home[], tw_probes_move[],
	tw_probes_sends[], tw_probes_wifi[], tw_probes_bluetooth[], tw_probes_reception[], tw_probes_reach[], tw_probes_questions[],
	tw_probes_customers[], tw_probes_bulletins[], tw_probes_remedies[], tw_probes_news[]; /* end with element NULL */

/* What a stranger must not find: the identifier, its product-and-serial part, and the key that the identity stands on. */
struct tw_secrets {
	char text[2][256];
	uint8_t point[TW_POINT_SIZE];
	bool has_point;
};
tw_err tw_secrets_gather(struct tw_probe_context *c, const struct tw_target *t, struct tw_secrets *ret);
bool tw_secrets_show(const struct tw_buf *b, const struct tw_secrets *s);

/* Who asks the device. Somebody anew has a connection of its own, and is known by its certificate if it has one; all strangers have one together. */
enum tw_asker_kind { TW_ASKER_OWNER, TW_ASKER_LOCAL, TW_ASKER_ANEW, TW_ASKER_STRANGER };
struct tw_asker {
	enum tw_asker_kind kind;
	const char *certificate, *key; /* of ANEW: paths; NULL: no credential */
	const char *token;             /* of ANEW: of a session that he shows besides; NULL: none */
};
extern const struct tw_asker tw_asker_owner, tw_asker_local, tw_asker_stranger; /* local: where the context has the local socket */

/* Any status is an answer. ret is begun here; zeroed before its first use. */
tw_err tw_ask(struct tw_probe_context *c, const struct tw_asker *who, const char *method, const char *path, struct tw_answer *ret);
tw_err tw_ask_call(struct tw_probe_context *c, const struct tw_call *call, struct tw_answer *ret); /* the owner's, ret begun; see session.h of step-ups */
/* By a connection that shows no certificate and stays open from one call to the next; ret begun. */
tw_err tw_ask_person(struct tw_probe_context *c, const struct tw_call *call, struct tw_answer *ret);
void tw_probe_forget(struct tw_probe_context *c);  /* frees what is known of documents */
void tw_probe_hang_up(struct tw_probe_context *c); /* closes what the calls of strangers and people left open */
/* The owner asks; body is consumed. NOMEM when it is NULL: it could not be made, and nothing is sent without it. */
tw_err tw_ask_with(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret);
tw_err tw_ask_post(struct tw_probe_context *c, const char *path, json_t *body, struct tw_answer *ret);
/* The owner asks, and a refusal is an error. ret NULL: nobody needs the answer. */
tw_err tw_order(struct tw_probe_context *c, const char *method, const char *path, struct tw_answer *ret);
tw_err tw_order_with(struct tw_probe_context *c, const char *method, const char *path, json_t *body, struct tw_answer *ret); /* as tw_ask_post */
/* Adds to what opens a session that the device's use notice is accepted, where there is one. */
tw_err tw_accept_in(struct tw_probe_context *c, json_t *body);

/* The whole of a list that the device answers in pages, as one answer; a refusal is an error, and so are pages that do not follow one another. */
tw_err tw_order_all(struct tw_probe_context *c, const char *path, const char *list, struct tw_answer *ret);
/* The same with what asks for one page: path may be followed by a cursor. */
typedef tw_err tw_ask_page(struct tw_probe_context *c, const void *user, const char *path, struct tw_answer *ret);
tw_err tw_pages_all(
	struct tw_probe_context *c, tw_ask_page *ask, const void *user, const char *path, const char *list, struct tw_answer *ret);

/* Of an element that has probes elsewhere too: an element's rows stand in one table. */
tw_err tw_probe_report_holds(struct tw_probe_context *c, struct tw_finding *ret);
tw_err tw_probe_report_is_bound(struct tw_probe_context *c, struct tw_finding *ret);
tw_err tw_probe_feed_follows(struct tw_probe_context *c, struct tw_finding *ret);
tw_err tw_probe_review_demanded(struct tw_probe_context *c, struct tw_finding *ret);
tw_err tw_probe_changes_announced(struct tw_probe_context *c, struct tw_finding *ret);
tw_err tw_probe_times_tell_nothing(struct tw_probe_context *c, struct tw_finding *ret);

int64_t tw_probe_now_us(const struct tw_sys *sys); /* to measure with, from no beginning that means anything */

/* Sets verdict and reason; returns OK, so that a probe can end with it. */
tw_err tw_found(struct tw_finding *f, enum tw_verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Something of the device's is not as it was before the probe; told whatever the verdict is, and nothing is good then. */
void tw_found_left(struct tw_finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tw_found_end(struct tw_finding *f); /* when the probe has run: puts that into its reason */
/* Adds one value to what was seen. */
tw_err tw_saw(struct tw_finding *f, const char *key, const char *value);
/* A call that did not go through is a finding too: FAIL when refused, INCONCLUSIVE when unreachable. */
tw_err tw_found_trouble(struct tw_finding *f, const char *what, tw_err e);
#endif
