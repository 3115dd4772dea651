/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-mail: what the support service sends out, mail that it takes, and the report it sends itself by its own form, each in a process of its own that
 * lives only while there is something to do. One never has what the other is given: what reads strangers' mail, or a page, does not know the password that
 * mail is sent with.
 *
 * It alone knows the password, and reads where that goes from the same hand: for each job anew. It wipes its own copy behind the job; libcurl's is freed and
 * not wiped, and goes with the process soon after the last job. One job at a time; it blocks while one runs, and app has it ended when it takes too long.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/errand.h"
#include "support/mail/collect.h"
#include "support/mail/deliver.h"
#include "support/mail/mail-row.h"
#include "sys/parcel.h"

#include <curl/curl.h>
#include <string.h>

enum { RESOLVER_FD = TW_FD_OWN, SYSTEM_TRUST_FD, CONFIG_FD, PASSWORD_FD, TRUST_FD };

#define TRUST_MAX (1024 * 1024) /* the system's bundle has a quarter of it */

struct role {
	const struct tw_sys *sys;
	struct tw_name_servers servers;
	struct tw_mail_config config;
	struct tw_buf trust, password;
	bool visits; /* the form, as the role canary; it sends nothing else, and nobody else does that */
};

static tw_err read_password(struct role *r, const char *user)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_slice line;

	if (!*user)
		return TW_OK;
	TW_TRY(tw_errand_read(r->sys, PASSWORD_FD, TW_MAIL_PASSWORD_MAX + 2, &b));
	TW_TRY(tw_mail_password_parse(tw_buf_slice(&b), &line));
	tw_buf_init(&r->password, r->sys, TW_MAIL_PASSWORD_MAX);
	TW_TRY(tw_buf_reserve(&r->password, line.size));
	return tw_buf_add(&r->password, line.at, line.size);
}

/* The operator's authorities stand in place of the system's, not beside them. */
static tw_err read_trust(struct role *r)
{
	TW_TRY(tw_errand_read(r->sys, TRUST_FD, TRUST_MAX, &r->trust));
	if (r->trust.size)
		return TW_OK;
	tw_buf_done(&r->trust);
	TW_TRY(tw_errand_read(r->sys, SYSTEM_TRUST_FD, TRUST_MAX, &r->trust));
	return r->trust.size ? TW_OK : TW_RAISE(NOTFOUND, "no authority to trust: install ca-certificates, or write " TW_MAIL_TRUST_FILE);
}

static void read_resolver(struct role *r)
{
	char text[TW_RESOLVE_CONFIG_MAX];
	const ssize_t size = r->sys->pread(r->sys, RESOLVER_FD, text, sizeof text, 0);

	tw_name_servers_parse((struct tw_slice){ text, size > 0 ? (size_t)size : 0 }, &r->servers);
}

static tw_err read_config(struct role *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	read_resolver(r);
	TW_TRY(tw_errand_read(r->sys, CONFIG_FD, TW_MAIL_CONFIG_MAX, &b));
	TW_TRY(tw_mail_config_parse(tw_buf_slice(&b), &r->config));
	if (!r->visits)
		TW_TRY(read_password(r, r->config.user));
	return read_trust(r);
}

static void forget(struct role *r)
{
	tw_buf_wipe(&r->password);
	tw_buf_done(&r->trust);
}

static void work(struct role *r, struct tw_delivery *d)
{
	if (tw_failed(read_config(r))) {
		(void)snprintf(d->words, sizeof d->words, "%.*s", TW_MAIL_WORDS_MAX, tw_err_detail());
		(void)tw_text_mend(d->words, strlen(d->words));
	} else {
		d->password = tw_buf_slice(&r->password);
		d->anchors = tw_buf_slice(&r->trust);
		tw_deliver(d);
	}
	forget(r);
}

static tw_err serve(void *user, tw_channel *app, const struct tw_message *m)
{
	struct role *r = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf answer = { 0 };
	struct tw_delivery d = { .sys = r->sys, .servers = &r->servers, .config = &r->config, .end = TW_MAIL_WRONG };

	tw_buf_init(&kept, r->sys, TW_CHANNEL_MAX);
	tw_buf_init(&answer, r->sys, 3 + TW_MAIL_WORDS_MAX);
	TW_TRY(tw_buf_add(&kept, m->payload.at, m->payload.size));
	if (tw_failed(tw_mail_job_read(tw_buf_slice(&kept), &d.job)))
		return TW_RAISE(UNTRUSTED, "app sends a job that is none: %s", tw_err_detail());
	if ((d.job.kind == TW_MAIL_FORM) != r->visits)
		return TW_RAISE(UNTRUSTED, "app sends a job that is another role's");
	work(r, &d);
	TW_TRY(tw_mail_done_write(&(struct tw_mail_done){ d.end, d.code, tw_slice_of(d.words) }, &answer));
	return tw_channel_send(app, TW_MAIL_DONE, m->tag, answer.data, answer.size, NULL, 0);
}

/* --- Mail that comes in --- */

static tw_err read_in_config(struct role *r, struct tw_inmail_config *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	read_resolver(r);
	TW_TRY(tw_errand_read(r->sys, CONFIG_FD, TW_MAIL_CONFIG_MAX, &b));
	TW_TRY(tw_inmail_config_parse(tw_buf_slice(&b), ret));
	if (!ret->server[0])
		return TW_OK;
	TW_TRY(read_password(r, ret->user));
	return read_trust(r);
}

static void describe(const struct tw_collection *c, const struct tw_mailread *m, const struct tw_inmail_config *f, struct tw_collected *ret)
{
	ret->kind = m->kind;
	ret->files = m->files;
	ret->flags = (m->sealed ? TW_COLLECT_SEALED : 0u) | (m->cut ? TW_COLLECT_CUT : 0u) | (m->lossy ? TW_COLLECT_LOSSY : 0u) |
		(c->large ? TW_COLLECT_LARGE : 0u) | (c->job.unread ? TW_COLLECT_UNREAD : 0u) |
		(m->from[0] && tw_slice_is_nocase(tw_slice_of(m->from), f->address) ? TW_COLLECT_OWN : 0u);
	ret->from = tw_slice_of(m->from);
	ret->id = tw_slice_of(m->id);
	ret->subject = tw_slice_of(m->subject);
	ret->text = tw_buf_slice(&m->text);
}

/* The message goes beside what is told of it, as sealed memory. */
static tw_err answer_collected(struct role *r, tw_channel *app, uint32_t tag, const struct tw_collection *c, const struct tw_collected *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_parcel_done) struct tw_parcel parcel = { .fd = -1 };
	TW_CLEANUP(tw_closep) int fd = -1;

	tw_buf_init(&b, r->sys, TW_COLLECTED_MAX);
	tw_parcel_init(&parcel, r->sys, TW_MAILREAD_MAX);
	TW_TRY(tw_collected_write(d, &b));
	if (d->size) {
		TW_TRY(tw_parcel_add(&parcel, c->message.data, c->message.size));
		TW_TRY(tw_parcel_seal(&parcel, &fd));
	}
	return tw_channel_send(app, TW_COLLECTED, tag, b.data, b.size, &fd, d->size ? 1 : 0);
}

static tw_err collect_one(
	struct role *r, struct tw_collection *c, const struct tw_inmail_config *f, struct tw_mailread *m, struct tw_collected *d)
{
	c->password = tw_buf_slice(&r->password);
	c->anchors = tw_buf_slice(&r->trust);
	c->config = f;
	tw_collect(c);
	*d = (struct tw_collected){ .end = c->end,
		.validity = c->validity,
		.uid = c->uid,
		.every_s = f->every_s,
		.canary_h = f->canary_h,
		.words = tw_slice_of(c->words),
		.address = tw_slice_of(f->address) };
	if (c->end != TW_COLLECT_MESSAGE)
		return TW_OK;
	d->size = (uint32_t)c->message.size;
	/* One that ended the role before is brought as it is. */
	TW_TRY(tw_mailread(r->sys, c->job.unread ? TW_SLICE("") : tw_buf_slice(&c->message), m));
	describe(c, m, f, d);
	return TW_OK;
}

static tw_err serve_in(void *user, tw_channel *app, const struct tw_message *m)
{
	struct role *r = user;
	TW_CLEANUP(tw_mailread_done) struct tw_mailread read = { .files = 0 };
	struct tw_collection c = { .sys = r->sys, .servers = &r->servers };
	struct tw_collected d = { .end = TW_COLLECT_WRONG };
	struct tw_inmail_config f;
	char words[TW_COLLECT_WORDS_MAX + 1] = "";

	if (tw_failed(tw_collect_job_read(m->payload, &c.job)))
		return TW_RAISE(UNTRUSTED, "app sends a job that is none: %s", tw_err_detail());
	tw_err e = read_in_config(r, &f);
	if (tw_failed(e)) {
		(void)snprintf(words, sizeof words, "%.*s", TW_COLLECT_WORDS_MAX, tw_err_detail());
		(void)tw_text_mend(words, strlen(words));
		d.words = tw_slice_of(words);
		e = TW_OK;
	} else if (!f.server[0]) {
		d.end = TW_COLLECT_UNCONFIGURED;
		d.words = TW_SLICE("no mailbox named");
	} else {
		e = collect_one(r, &c, &f, &read, &d);
	}
	forget(r);
	if (!tw_failed(e))
		e = answer_collected(r, app, m->tag, &c, &d);
	tw_buf_done(&c.message);
	return e;
}

static int work_on(const struct tw_sys *sys, const struct tw_errand_work *w)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		tw_error("libcurl does not start");
		return 1;
	}
	int status = tw_errand_run(sys, w);
	curl_global_cleanup();
	return status;
}

static int run_in(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys };

	return work_on(sys, &(struct tw_errand_work){ tw_rows_mail_in_from_app, serve_in, &r });
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys };

	return work_on(sys, &(struct tw_errand_work){ tw_rows_mail_from_app, serve, &r });
}

static int run_canary(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys, .visits = true };

	return work_on(sys, &(struct tw_errand_work){ tw_rows_mail_from_app, serve, &r });
}

static const struct tw_role_row rows[] = {
	{ TW_MAIL_ROLE_ROW, run },
	{ TW_MAIL_IN_ROLE_ROW, run_in },
	{ TW_CANARY_ROLE_ROW, run_canary },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}
