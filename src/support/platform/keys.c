/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys role of the service: that of src/service, which at the very first start makes its own keys. No other process ever has those of the identity
 * and of the log; the listener's comes from setup, which makes it for the site's name or takes it with the operator's certificate.
 *
 * identity.key is written last and is what says that all is there. A first start that was cut begins anew, for nobody has had anything
 * from it; one whose key is missing though the log has begun is refused, since a new key could not vouch for the old log.
 */
#include "support/platform/keys.h"

#include "base/log.h"
#include "formats/keydir.h"
#include "service/keys/keys.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FROM_MS 1735689600000 /* 2025-01-01: says nothing about when it was made */

static tw_err there(const struct tw_sys *sys, int dir, const char *name, bool *ret)
{
	int fd = sys->open_beneath(sys, dir, name, O_RDONLY | O_CLOEXEC, 0);

	*ret = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("looking for %s", name);
	(void)sys->close(sys, fd);
	return TW_OK;
}

static tw_err put(const struct tw_sys *sys, int dir, const char *name, const struct tw_buf *b)
{
	return tw_durable_replace(sys, dir, name, b->data, b->size, 0600);
}

static tw_err make_secret(const struct tw_sys *sys, int dir, const char *name, size_t size)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;

	TW_TRY(tw_secret_new(sys, NULL, size, &s));
	if (sys->random(sys, tw_secret_mutable(s), size) < 0)
		return TW_RAISE_ERRNO("random bytes for %s", name);
	return tw_durable_replace(sys, dir, name, tw_secret_bytes(s), size, 0600);
}

static tw_err make_listener(const struct tw_sys *sys, int dir)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	tw_buf_init(&b, sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_make(sys, &key, &cert));
	TW_TRY(tw_listener_write(key, cert, &b));
	return put(sys, dir, TW_KEYS_LISTENER, &b);
}

static tw_err make_identity(const struct tw_sys *sys, int dir)
{
	static const struct tw_cert_want want = { .common_name = "thingward-support", .not_before_ms = FROM_MS };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf secret = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf public = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;

	tw_buf_init(&secret, sys, TW_KEYS_FILE_MAX);
	tw_buf_init(&public, sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_buf_reserve(&secret, TW_KEYS_FILE_MAX));
	TW_TRY(tw_key_generate(sys, &key));
	TW_TRY(tw_cert_make(sys, &want, key, NULL, key, &cert));
	TW_TRY(tw_cert_pem(cert, &public));
	TW_TRY(tw_key_save(key, &secret));
	TW_TRY(put(sys, dir, TW_KEYS_IDENTITY_CERT, &public));
	return put(sys, dir, TW_KEYS_IDENTITY_KEY, &secret);
}

tw_err tw_support_keys_make(const struct tw_sys *sys, int dir)
{
	bool made = false, used = false, listener = false;

	TW_TRY(there(sys, dir, TW_KEYS_IDENTITY_KEY, &made));
	if (made)
		return TW_OK;
	TW_TRY(there(sys, dir, TW_KEYS_EPOCH, &used));
	if (used)
		return TW_RAISE(STATE,
			"keys/%s is missing though the log has begun; put it back from a copy, or move the whole of DIR away to begin anew",
			TW_KEYS_IDENTITY_KEY);
	TW_TRY(make_secret(sys, dir, TW_KEYS_LOG_MASTER, 32));
	TW_TRY(make_secret(sys, dir, TW_KEYS_SECRET, 16)); /* of a device's take-over; the role wants its file, and nothing here asks for it */
	TW_TRY(there(sys, dir, TW_KEYS_LISTENER, &listener));
	if (!listener) /* else the operator has put one there, with the site's name */
		TW_TRY(make_listener(sys, dir));
	return make_identity(sys, dir);
}

int tw_support_keys_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	tw_err e = tw_support_keys_make(sys, TW_FD_OWN);

	if (tw_failed(e)) {
		tw_log_err(e, "keys cannot begin");
		return 1;
	}
	return tw_keys_run(sys, start);
}
