/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-role keys: three channels and a poll that only they can end. No timer, so an idle device wakes nobody here.
 *
 * A peer that breaks the rules ends the role, and with it, by hands, all of them: what has been taken over is not served on.
 */
#include "base/log.h"
#include "crypto/hash.h"
#include "service/keys/keys.h"
#include "crypto/token.h"

#include <errno.h>
#include <poll.h>

#define ROOT_FD (TW_FD_OWN + 1)
#define ROOT_MIN 16
#define ROOT_MAX 4096 /* an eFuse bank or a credential */
enum { HANDS, CORE, FRONT, CHANNELS };
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_ATTACK = 70 };

struct role {
	const struct tw_sys *sys;
	tw_secret *root;
	tw_token *token;
	struct tw_role_start start; /* hands', and the way to the token */
	tw_keys *keys;
	tw_channel *channels[CHANNELS]; /* NULL: the peer has gone */
	bool draining;
};

static tw_err serve_hands(struct role *r, const struct tw_message *m)
{
	r->draining = true; /* DRAIN is all that hands may say; nothing here is ever half done */
	return TW_OK;
}

static tw_err serve_core(struct role *r, const struct tw_message *m)
{
	return tw_keys_serve_core(r->keys, r->channels[CORE], m);
}

static tw_err serve_front(struct role *r, const struct tw_message *m)
{
	return tw_keys_serve_front(r->keys, r->channels[FRONT], m);
}

static const struct {
	const char *name;
	int fd;
	const struct tw_channel_row *rows;
	tw_err (*serve)(struct role *r, const struct tw_message *m);
} peers[CHANNELS] = {
	[HANDS] = { "hands", TW_FD_HANDS, tw_rows_role_from_hands, serve_hands },
	[CORE] = { "core", TW_FD_PEER1, tw_rows_keys_from_core, serve_core },
	[FRONT] = { "front", TW_FD_PEER2, tw_rows_keys_from_front, serve_front },
};

static void role_done(struct role *r)
{
	for (int i = 0; i < CHANNELS; i++)
		(void)tw_channel_free(r->channels[i]);
	(void)tw_keys_free(r->keys);
	(void)tw_token_free(r->token);
	(void)tw_secret_free(r->root);
}

/* One message of one peer. A peer that does not take its answer, or has gone, is its own loss. */
static tw_err serve(struct role *r, int i)
{
	struct tw_message m;
	tw_err e = tw_channel_receive(r->channels[i], &m);
	if (!tw_failed(e))
		e = peers[i].serve(r, &m);
	if (tw_is(e, TW_CODE_CLOSED))
		r->channels[i] = tw_channel_free(r->channels[i]);
	return tw_is(e, TW_CODE_CLOSED) || tw_is(e, TW_CODE_TIMEOUT) ? TW_OK : e;
}

static tw_err wait_and_serve(struct role *r)
{
	struct pollfd p[CHANNELS + 1];
	for (int i = 0; i < CHANNELS; i++)
		p[i] = (struct pollfd){ .fd = r->channels[i] ? tw_channel_fd(r->channels[i]) : -1, .events = POLLIN };
	p[CHANNELS] = (struct pollfd){ .fd = r->token ? tw_token_fd(r->token) : -1 };
	if (r->sys->poll(r->sys, p, CHANNELS + 1, -1) < 0)
		return errno == EINTR ? TW_OK : TW_RAISE_ERRNO("waiting for a question");
	if (p[CHANNELS].revents & POLLHUP) { /* only before the sandbox stands another one can be started */
		tw_error("the process that speaks to the token has ended, so keys ends and begins anew");
		return TW_RAISE(CLOSED, "the token");
	}
	for (int i = 0; i < CHANNELS; i++) {
		if (!p[i].revents)
			continue;
		tw_err e = serve(r, i);
		if (tw_is(e, TW_CODE_UNTRUSTED))
			tw_log_err(e, "%s broke the rules, so keys ends", peers[i].name);
		TW_TRY(e);
	}
	return TW_OK;
}

/* A fuse that nobody has written yet reads as one byte all over. */
static bool is_blank(const tw_secret *s)
{
	const uint8_t *bytes = tw_secret_bytes(s);
	for (size_t i = 1; i < tw_secret_size(s); i++) {
		if (bytes[i] != bytes[0])
			return false;
	}
	return true;
}

static tw_err read_root(const struct tw_sys *sys, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *room = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	TW_TRY(tw_secret_new(sys, NULL, ROOT_MAX + 1, &room));
	ssize_t size = sys->pread(sys, ROOT_FD, tw_secret_mutable(room), ROOT_MAX + 1, 0);
	if (size < 0)
		return TW_RAISE_ERRNO("reading the root secret");
	if (size < ROOT_MIN)
		return TW_RAISE(UNTRUSTED, "the root secret has %zd bytes; at least %d are wanted", size, ROOT_MIN);
	if (size > ROOT_MAX)
		return TW_RAISE(LIMIT, "the root secret has more than %d bytes", ROOT_MAX);
	TW_TRY(tw_secret_new(sys, tw_secret_bytes(room), (size_t)size, &s));
	if (is_blank(s))
		return TW_RAISE(UNTRUSTED, "the root secret is %zd times the same byte: it was never written", size);
	*ret = TW_STEAL(s);
	return TW_OK;
}

/* A file beside the keystore by another name is what it always was. Where that cannot be told, nothing is promised. */
static bool on_one_disk(const struct tw_sys *sys)
{
	struct stat dir, root;
	return sys->fstat(sys, TW_FD_OWN, &dir) != 0 || sys->fstat(sys, ROOT_FD, &root) != 0 || dir.st_dev == root.st_dev;
}

static tw_err begin(struct role *r, const struct tw_role_start *start)
{
	if (!tw_crypto_lock_keys())
		tw_info("private keys may be swapped out: this system locks no memory for keys");
	if (tw_role_word(start, "root"))
		TW_TRY(read_root(r->sys, &r->root));
	r->start = *start;
	if (start->beside_fd > 0)
		TW_TRY(tw_token_new(r->sys, start->beside_fd, &r->token));
	r->start.token = r->token;
	TW_TRY(tw_keys_open(r->sys, TW_FD_OWN, r->root, &r->start, &r->keys));
	if (r->root && on_one_disk(r->sys))
		tw_keys_root_is_near(r->keys);
	for (int i = 0; i < CHANNELS; i++)
		TW_TRY(tw_channel_new(r->sys, peers[i].fd, peers[i].rows, &r->channels[i]));
	return TW_OK;
}

/* @nist DP.CKM.2: a token's software runs beside this role, in a box of its own, and never in the memory that has the keys of the device */
tw_err tw_keys_beside(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid)
{
	const char *words = tw_role_word(start, "keystore");
	struct tw_token_plan plan;
	if (!words || !tw_token_is(words))
		return TW_OK;
	TW_TRY(tw_token_parse(words, &plan));
	plan.fd = TW_FD_TOKEN;
	TW_TRY(tw_token_begin(sys, &plan, uid, gid, &start->beside_fd));
	return start->beside_fd == start->fd_count ? TW_OK : TW_RAISE(INTERNAL, "the way to the token is descriptor %d", start->beside_fd);
}

int tw_keys_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role r = { .sys = sys };
	tw_err e = begin(&r, start);
	if (tw_failed(e))
		tw_log_err(e, "keys cannot begin");
	/* Without hands nobody would ever end this process; without core there is nobody to serve, but hands decides. */
	while (!tw_failed(e) && !r.draining && r.channels[HANDS])
		e = wait_and_serve(&r);
	role_done(&r);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return EXIT_ATTACK;
	return tw_failed(e) || !r.draining ? EXIT_FAILED : EXIT_DONE;
}
