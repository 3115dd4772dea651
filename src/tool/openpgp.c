/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/openpgp.h"

#include "base/mem.h"
#include "formats/csaf-site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ENV_MAX 16
#define REFUSED 3 /* the program's word for a signature that is not good */

extern char **environ;

/* What gpg, its agent and whoever asks for the passphrase go by; nothing else of ours. */
static void environment(char *ret[ENV_MAX + 1])
{
	static const char *const names[] = { "PATH=", "HOME=", "GNUPGHOME=", "GPG_TTY=", "TERM=", "LANG=", "LC_ALL=", "DISPLAY=",
		"WAYLAND_DISPLAY=", "XAUTHORITY=", "XDG_RUNTIME_DIR=", "DBUS_SESSION_BUS_ADDRESS=", "USER=", "LOGNAME=" };
	size_t count = 0;

	for (char **e = environ; e && *e; e++)
		for (size_t i = 0; i < TW_COUNT(names); i++)
			if (count < ENV_MAX && !strncmp(*e, names[i], strlen(names[i])))
				ret[count++] = *e;
	ret[count] = NULL;
}

static tw_err wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TW_RAISE_ERRNO("waiting for thingward-openpgp");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return TW_OK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		return TW_RAISE(UNTRUSTED, "the signature is not good");
	return TW_RAISE(CRYPTO, "thingward-openpgp failed; what it said stands above");
}

static tw_err take(const struct tw_sys *sys, int fd, struct tw_buf *ret)
{
	char piece[4096];
	ssize_t n;

	for (off_t at = 0;; at += n) {
		n = sys->pread(sys, fd, piece, sizeof(piece), at);
		if (n < 0)
			return TW_RAISE_ERRNO("reading what thingward-openpgp wrote");
		if (n == 0)
			return TW_OK;
		TW_TRY(tw_buf_add(ret, piece, (size_t)n));
	}
}

static tw_err give(const struct tw_sys *sys, struct tw_slice bytes, int *ret)
{
	*ret = sys->memfd(sys, "openpgp", bytes.size ? bytes.at : "", bytes.size);
	return *ret < 0 ? TW_RAISE_ERRNO("memory for thingward-openpgp") : TW_OK;
}

/* in: standard input, and what stands on the descriptors 3 and 4. */
static tw_err run(const struct tw_openpgp *o, const char *word, const char *argument, const struct tw_slice in[3], struct tw_buf *ret)
{
	const struct tw_sys *sys = o->sys;
	TW_CLEANUP(tw_closep) int text = -1, signature = -1, keys = -1, out = -1;
	char *env[ENV_MAX + 1], *argv[] = { (char *)"thingward-openpgp", (char *)word, (char *)argument, NULL };
	pid_t pid;

	TW_TRY(give(sys, in[0], &text));
	TW_TRY(give(sys, in[1], &signature));
	TW_TRY(give(sys, in[2], &keys));
	out = sys->spool(sys, "openpgp");
	if (out < 0)
		return TW_RAISE_ERRNO("memory for thingward-openpgp");
	environment(env);
	const int fds[] = { text, out, STDERR_FILENO, signature, keys };
	const struct tw_spawn what = { o->program ? o->program : TW_OPENPGP_PROGRAM, argv, env, fds, TW_COUNT(fds) };
	if (sys->spawn(sys, &what, &pid) != 0)
		return TW_RAISE_ERRNO("starting %s", what.program);
	TW_TRY(wait_for(pid));
	return take(sys, out, ret);
}

tw_err tw_openpgp_sign(const struct tw_openpgp *o, const char *fingerprint, struct tw_slice text, struct tw_buf *ret)
{
	TW_TRY(run(o, "sign", fingerprint, (const struct tw_slice[3]){ text }, ret));
	return ret->size ? TW_OK : TW_RAISE(CRYPTO, "thingward-openpgp made no signature");
}

tw_err tw_openpgp_export(const struct tw_openpgp *o, const char *fingerprint, struct tw_buf *ret)
{
	TW_TRY(run(o, "export", fingerprint, (const struct tw_slice[3]){ { "", 0 } }, ret));
	return ret->size ? TW_OK : TW_RAISE(CRYPTO, "thingward-openpgp exported no key");
}

tw_err tw_openpgp_verify(
	const struct tw_openpgp *o, struct tw_slice text, struct tw_slice signature, struct tw_slice keys, char ret_fingerprint[65])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };

	tw_buf_init(&out, o->sys, 256);
	TW_TRY(run(o, "verify", NULL, (const struct tw_slice[3]){ text, signature, keys }, &out));
	struct tw_slice line = tw_buf_slice(&out);
	if (!line.size || line.at[--line.size] != '\n' || !tw_csaf_fingerprint(line))
		return TW_RAISE(CRYPTO, "thingward-openpgp named no key");
	(void)snprintf(ret_fingerprint, 65, TW_SLICE_FMT, TW_SLICE_ARG(line));
	return TW_OK;
}
