/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six tables. A capability is rows and handlers, nothing else; the rows come from its capability.yaml by
 * tools/gen-catalog.py, the handlers are C. One explicit list (src/device/platform/capabilities.c) names the capabilities.
 */
#ifndef TW_SERVICE_TABLES_H
#define TW_SERVICE_TABLES_H
#include "base/err.h"
#include "base/json.h"

struct tw_context;
struct tw_request;
struct tw_reply;
struct tw_task_kind;

enum tw_setting_type { TW_SETTING_BOOL, TW_SETTING_INT, TW_SETTING_TEXT, TW_SETTING_CHOICE };
struct tw_setting_row {
	const char *key; /* "identification.statement" */
	enum tw_setting_type type;
	const char *unit;          /* of an integer: "s", "ms", "bytes"; else NULL */
	int64_t min, max;          /* of an integer, or of the length of a text in bytes */
	const char *choices;       /* "a|b|c", else NULL */
	const char *default_value; /* as text; a BOOL is "on" or "off" */
	const char *baseline;      /* the secure value */
	const char *permission;    /* to change it */
	/* Makes it so; may refuse with DENIED, and then nothing has changed. Called when the value is written and not yet committed;
	   if the commit fails it is called again with the former value. NULL: read where used. */
	tw_err (*apply)(struct tw_context *c, const char *value);
	const char *help;
	const char *element; /* catalog id it switches, or NULL */
	/* A change of it could cut off whoever makes it: it is made so only after it is durable that it will be taken back, and stays only
	   when it is confirmed (change.h). Its apply judges, and changes nothing. */
	bool confirm;
};

enum tw_audit_class {
	TW_AUDIT_NONE,   /* leaves no record: only for what says nothing about this unit */
	TW_AUDIT_READ,   /* one record, group-committed; the reply does not wait */
	TW_AUDIT_CHANGE, /* durable intent before, durable outcome after, then the reply */
};
enum tw_when { TW_WHEN_OWNED, TW_WHEN_UNOWNED, TW_WHEN_ALWAYS };
struct tw_operation_row {
	const char *name; /* "identity.statement": stable, also the audit record's "operation" */
	const char *method;
	const char *path; /* "/api/v1/settings/{key}"; at most one {parameter}, as the last segment; {parameter*}: all segments left */
	const char *permission;
	enum tw_when when;
	enum tw_audit_class audit;
	const struct tw_shape *input; /* of the JSON body; NULL: no body allowed */
	tw_err (*handler)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	const char *help;
	const char *elements;            /* catalog ids, blank between; may be "" */
	const struct tw_shape *query;    /* of the query string, texts and integers only; NULL: none allowed */
	const char *list;                /* the array of its answer that comes in pages (service/path/page.h); NULL: none does */
	int64_t page;                    /* entries of a page when no limit is asked for */
	const struct tw_task_kind *task; /* service/task/task.h: it only begins here, and goes on behind its answer; NULL: no task */
	size_t body_max;    /* of its body, in bytes; 0: TW_BODY_MAX; at most TW_LONG_BODY_MAX, with files TW_UPLOAD_MAX */
	bool step_up;       /* dangerous: whoever comes by a session proves himself anew */
	bool form;          /* its body is a form (service/path/form.h) in place of JSON */
	const char *files;  /* of a form: the field with files, which makes it multipart/form-data as well; NULL: it takes none */
	bool any_body;      /* whatever comes as its body is not looked at (RFC 8058: a form of either kind) */
	const char *fields; /* the names of its answer's members, at whatever depth, blank between; may be "" */
	const char *carries; /* operations of which its answer holds answers in one piece (signed, or a file), blank between; NULL: none */
};

enum tw_severity {
	TW_SEVERITY_DEBUG,
	TW_SEVERITY_INFO,
	TW_SEVERITY_NOTICE,
	TW_SEVERITY_WARNING,
	TW_SEVERITY_ERROR,
	TW_SEVERITY_CRITICAL
};
struct tw_event_row {
	const char *id; /* "ownership.taken" */
	enum tw_severity severity;
	const struct tw_shape *fields;
	const char *element; /* may be NULL */
	const char *help;
};

enum tw_status { TW_STATUS_PROVIDED, TW_STATUS_OFF, TW_STATUS_NEEDS_PART, TW_STATUS_NOT_PROVIDED };
#define TW_STATUS_WORDS                                                     \
	{                                                                   \
		"provided", "off by policy", "needs a part", "not provided" \
	}
struct tw_element_status {
	enum tw_status status;
	char reason[TW_DETAIL_MAX]; /* why it is so, in plain words; always filled */
	int64_t since_ms;           /* wall time of the last change, 0 when unknown */
	char changed_by[64];        /* who, when it was a person or a process */
	char setting[64];           /* the setting that switches it, "" when none does */
};
struct tw_element_row {
	const char *id;
	tw_err (*status)(struct tw_context *c, struct tw_element_status *ret);
	const char *provider; /* part needed, or NULL */
};

enum tw_fact_type { TW_FACT_BOOL, TW_FACT_INT, TW_FACT_TEXT };
struct tw_fact_row {
	const char *name; /* "owner.present" */
	enum tw_fact_type type;
	const char *unit;
	tw_err (*read)(struct tw_context *c, json_t **ret); /* its one owner */
	const char *help;
};

struct tw_job_row {
	const char *name;
	int64_t period_ms;   /* it runs at the start, and then this often; never 0 */
	const char *watches; /* in words, for documents */
	tw_err (*run)(struct tw_context *c);
	/* NULL, or in how many ms it has to run though its period is not over; -1: it has not. Asked after everything that happens, so
	   it must be cheap, and may not go on saying 0 after the run. */
	int64_t (*due)(struct tw_context *c);
};

struct tw_capability {
	const char *code, *name, *folder;
	const struct tw_setting_row *settings; /* each table ends with a row whose first field is NULL */
	const struct tw_operation_row *operations;
	const struct tw_event_row *events;
	const struct tw_element_row *elements;
	const struct tw_fact_row *facts;
	const struct tw_job_row *jobs;
};

/* Roles as bits, by their numbers (gate.h). */
#define TW_ROLES_MAX 128 /* built in, the product's and the organization's together */
struct tw_role_set {
	uint64_t bits[TW_ROLES_MAX / 64];
};
/* The roles there always are. The first are the kinds of subjects in their order; accounts are assigned the others, and owner. */
struct tw_built_in_role {
	const char *name;
	unsigned inherits; /* bits of 1u << number: whatever these hold, it holds */
	bool assignable;   /* to an account */
	const char *help;
};
/* Which built-in role holds which permission; those that inherit it hold it too. Names only, no wildcards. Ends with permission NULL. */
struct tw_grant_row {
	const char *permission;
	unsigned roles; /* bits of 1u << number; of a kind of subject, its number */
	bool unruled;   /* no rule of the organization can stand before it */
	bool free;      /* the organization may permit it without login, or not */
};
#endif
