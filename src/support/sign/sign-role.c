/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-sign: OpenPGP signatures over advisories, in a process of its own that lives only while there is one to make or to check.
 *
 * Its directory is gpg's home, and nobody else of the service may enter that. It signs what app hands it: that two persons approved it is
 * app's to keep. What it made it checks by the registered public key, as it checks what somebody else signed; only then is it an answer.
 */
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/errand.h"
#include "support/sign/gpg.h"
#include "support/sign/sign-row.h"
#include "support/sign/sign-wire.h"
#include "sys/parcel.h"

#include <stdio.h>

enum { HOME_FD = TW_FD_OWN };

#define DOCUMENT_MAX (16u * 1024 * 1024)

struct answer {
	struct tw_buf signature;
	enum tw_sign_end end;
	char words[TW_SIGN_WORDS_MAX + 1];
};

static int64_t now_s(const struct tw_sys *sys)
{
	struct timespec t = { 0 };

	(void)sys->clock(sys, CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec;
}

static tw_err work_on(const struct tw_gpg *g, const struct tw_sign_job *j, struct tw_slice text, struct tw_buf *signature)
{
	if (j->kind == TW_SIGN_MAKE)
		TW_TRY(tw_gpg_sign(g, j->fingerprint, text, signature));
	else
		TW_TRY(tw_buf_add(signature, j->signature.at, j->signature.size));
	TW_TRY(tw_gpg_check(g, j->fingerprint, j->key, text, tw_buf_slice(signature), now_s(g->sys)));
	return tw_signature_armored(tw_buf_slice(signature)) ? TW_OK : TW_RAISE(CRYPTO, "gpg wrote something else than a signature");
}

static void work(const struct tw_sys *sys, const struct tw_sign_job *j, struct tw_slice text, struct answer *a)
{
	const struct tw_gpg g = { sys, HOME_FD, TW_GPG_PROGRAM, TW_GPG_AGENT_PROGRAM, tw_gpg_now_ms(sys) + TW_GPG_MS };
	tw_err e = work_on(&g, j, text, &a->signature);

	a->end = !tw_failed(e)                                            ? TW_SIGN_GOOD
		: j->kind == TW_SIGN_CHECK && tw_is(e, TW_CODE_UNTRUSTED) ? TW_SIGN_REFUSED
									  : TW_SIGN_UNABLE;
	if (!tw_failed(e))
		return;
	(void)snprintf(a->words, sizeof a->words, "%.*s", TW_SIGN_WORDS_MAX, tw_err_detail());
	tw_utf8_mend(a->words);
	if (!tw_text_printable(tw_slice_of(a->words)))
		a->words[0] = '\0';
	tw_buf_clear(&a->signature);
}

static void answer_done(struct answer *a)
{
	tw_buf_done(&a->signature);
}

static tw_err serve_job(const struct tw_sys *sys, tw_channel *app, const struct tw_sign_job *j, uint32_t tag, struct tw_slice text)
{
	TW_CLEANUP(answer_done) struct answer a = { .end = TW_SIGN_UNABLE };
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };

	tw_buf_init(&a.signature, sys, TW_SIGNATURE_MAX);
	tw_buf_init(&out, sys, 3 + TW_SIGNATURE_MAX + TW_SIGN_WORDS_MAX);
	work(sys, j, text, &a);
	TW_TRY(tw_sign_done_write(&(struct tw_sign_done){ a.end, tw_buf_slice(&a.signature), tw_slice_of(a.words) }, &out));
	return tw_channel_send(app, TW_SIGN_DONE, tag, out.data, out.size, NULL, 0);
}

static tw_err serve(void *user, tw_channel *app, const struct tw_message *m)
{
	const struct tw_sys *sys = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	TW_CLEANUP(tw_closep) int fd = m->fd_count ? m->fds[0] : -1;
	struct tw_sign_job j;
	struct tw_slice text;

	tw_buf_init(&kept, sys, TW_CHANNEL_MAX);
	TW_TRY(tw_buf_add(&kept, m->payload.at, m->payload.size));
	if (fd < 0 || tw_failed(tw_sign_job_read(tw_buf_slice(&kept), &j)) || j.size > DOCUMENT_MAX)
		return TW_RAISE(UNTRUSTED, "app sends a job that is none");
	TW_TRY(tw_parcel_open(sys, tw_take_fd(&fd), j.size, &text));
	tw_err e = serve_job(sys, app, &j, m->tag, text);
	tw_parcel_close(sys, text);
	return e;
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	const struct tw_errand_work w = { .rows = tw_rows_sign_from_app, .serve = serve, .user = (void *)(uintptr_t)sys };

	return tw_errand_run(sys, &w);
}

static const struct tw_role_row rows[] = {
	{ TW_SIGN_ROLE_ROW, run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}
