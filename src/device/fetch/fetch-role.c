/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-fetch: everything outbound, in a process of its own that lives only while there is something to fetch.
 *
 * One job at a time. It blocks while a job runs; core, which set the deadline, has it ended when it does not keep it.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/fetch/ask-role.h"
#include "device/fetch/fetch-row.h"
#include "device/fetch/transfer.h"
#include "service/errand.h"

#include <curl/curl.h>
#include <poll.h>
#include <string.h>

#define CONFIG_FD TW_FD_OWN
#define SIGN_MS 3000 /* core asks keys, which blocks for two seconds at most */
#define SEND_MS 5000

struct role {
	const struct tw_sys *sys;
	struct tw_name_servers servers;
	struct tw_buf job_bytes, body; /* copies: the channel's buffer is used again while a job runs */
	struct tw_fetch_job job;
	bool wants_body;
	uint32_t tag;
	tw_channel *core;
};

static tw_err say(struct role *r, uint16_t type, const void *payload, size_t size)
{
	struct pollfd p = { .fd = tw_channel_fd(r->core), .events = POLLOUT };
	tw_err e = tw_channel_send(r->core, type, r->tag, payload, size, NULL, 0);

	for (int tries = 0; tw_is(e, TW_CODE_TIMEOUT) && tries < 10; tries++) {
		(void)r->sys->poll(r->sys, &p, 1, SEND_MS / 10);
		e = tw_channel_send(r->core, type, r->tag, payload, size, NULL, 0);
	}
	return e;
}

/* core asks keys, if this job was granted a key at all. */
static tw_err sign(void *user, struct tw_slice text, uint8_t *ret, size_t max, size_t *ret_size)
{
	struct role *r = user;
	struct tw_message m;

	if (!tw_fetch_sign_valid(text))
		return TW_RAISE(UNSUPPORTED, "not what a TLS 1.3 client signs");
	TW_TRY(tw_channel_call(r->core, TW_FETCH_SIGN, text.at, text.size, TW_FETCH_SIGNED, SIGN_MS, &m));
	if (m.payload.size == 0 || m.payload.size > max)
		return TW_RAISE(DENIED, "core does not have it signed");
	memcpy(ret, m.payload.at, m.payload.size);
	*ret_size = m.payload.size;
	return TW_OK;
}

static tw_err send_answer(struct role *r, const struct tw_transfer *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_fetch_head h = { t->status, t->retry_after_s, (uint32_t)t->answer.size, tw_buf_slice(&t->type) };

	tw_buf_init(&b, r->sys, 1024);
	TW_TRY(tw_fetch_head_write(&h, &b));
	TW_TRY(say(r, TW_FETCH_HEAD, b.data, b.size));
	for (size_t at = 0; at < t->answer.size; at += TW_FETCH_PIECE_MAX) {
		size_t left = t->answer.size - at;

		TW_TRY(say(r, TW_FETCH_PIECE, t->answer.data + at, left < TW_FETCH_PIECE_MAX ? left : TW_FETCH_PIECE_MAX));
	}
	return TW_OK;
}

static tw_err send_failure(struct role *r, enum tw_fetch_failure what, const char *words)
{
	char text[1 + TW_FETCH_WORDS_MAX];
	size_t size = strnlen(words, TW_FETCH_WORDS_MAX);

	text[0] = (char)what;
	memcpy(text + 1, words, size);
	return say(r, TW_FETCH_FAILED, text, 1 + size);
}

static tw_err work(struct role *r)
{
	TW_CLEANUP(tw_transfer_done) struct tw_transfer t;

	tw_transfer_init(&t, r->sys);
	t.servers = &r->servers;
	t.job = r->job;
	t.body = tw_buf_slice(&r->body);
	t.remote = (struct tw_remote){ .user = r, .sign_text = sign };
	enum tw_fetch_failure f = tw_transfer_run(&t);
	tw_err e = f ? send_failure(r, f, t.words) : send_answer(r, &t);
	tw_buf_wipe(&r->job_bytes);
	tw_buf_wipe(&r->body);
	return e;
}

static tw_err take_job(struct role *r, const struct tw_message *m)
{
	tw_buf_init(&r->job_bytes, r->sys, TW_CHANNEL_MAX);
	tw_buf_init(&r->body, r->sys, TW_FETCH_BODY_MAX);
	TW_TRY(tw_buf_reserve(&r->job_bytes, m->payload.size));
	TW_TRY(tw_buf_add(&r->job_bytes, m->payload.at, m->payload.size));
	if (tw_failed(tw_fetch_job_read(tw_buf_slice(&r->job_bytes), &r->job)))
		return TW_RAISE(UNTRUSTED, "core sends a job that is none: %s", tw_err_detail());
	r->tag = m->tag;
	r->wants_body = r->job.body_size > 0;
	return r->wants_body ? TW_OK : work(r);
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	struct role *r = user;

	r->core = core;
	if (m->type == TW_FETCH_SIGNED)
		return TW_OK; /* a late answer to a handshake that has failed */
	if ((m->type == TW_FETCH_BODY) != r->wants_body)
		return TW_RAISE(UNTRUSTED, "core sends a job or a body out of turn");
	if (m->type == TW_FETCH_JOB)
		return take_job(r, m);
	r->wants_body = false;
	if (m->payload.size != r->job.body_size)
		return TW_RAISE(UNTRUSTED, "core sends a body of another size than it said");
	TW_TRY(tw_buf_add(&r->body, m->payload.at, m->payload.size));
	return work(r);
}

static void read_servers(struct role *r)
{
	char text[TW_RESOLVE_CONFIG_MAX];
	ssize_t size = r->sys->pread(r->sys, CONFIG_FD, text, sizeof text, 0);

	tw_name_servers_parse((struct tw_slice){ text, size > 0 ? (size_t)size : 0 }, &r->servers);
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys };
	const struct tw_errand_work w = { tw_rows_fetch_from_core, serve, &r };

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		tw_error("libcurl does not start");
		return 1;
	}
	read_servers(&r);
	int status = tw_errand_run(sys, &w);
	tw_buf_wipe(&r.job_bytes);
	tw_buf_wipe(&r.body);
	curl_global_cleanup();
	return status;
}

static const struct tw_role_row rows[] = {
	{ TW_FETCH_ROLE_ROW, run },
	{ TW_ASK_ROLE_ROW, tw_ask_run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}
