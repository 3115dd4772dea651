/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/token.h"

#include "base/fd.h"
#include "base/mem.h"
#include "crypto/token-words.h"

#include <fcntl.h>
#include <string.h>
#include <sys/un.h>

static tw_err open_pin(const struct tw_sys *sys, const char *path, int *ret_fd)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, path, O_RDONLY | O_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("opening the file with the token's PIN %s", path);
	if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return TW_RAISE(DENIED, "%s has owner %u and mode %o; only root may read a token's PIN", path, st.st_uid,
			st.st_mode & 07777);
	*ret_fd = tw_take_fd(&fd);
	return TW_OK;
}

static tw_err connect_to(const struct tw_sys *sys, const char *path, int *ret_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	TW_CLEANUP(tw_closep) int fd = -1;

	if (snprintf(at.sun_path, sizeof at.sun_path, "%s", path) >= (int)sizeof at.sun_path)
		return TW_RAISE(LIMIT, "%s is too long for a socket's name", path);
	fd = sys->socket(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sys->connect(sys, fd, (const struct sockaddr *)&at, sizeof at))
		return TW_RAISE_ERRNO("reaching the TPM at %s", path);
	*ret_fd = tw_take_fd(&fd);
	return TW_OK;
}

static tw_err open_device(const struct tw_sys *sys, const char *path, int *ret_fd)
{
	*ret_fd = sys->open_path(sys, path, O_RDWR | O_CLOEXEC | O_NONBLOCK, 0);
	return *ret_fd < 0 ? TW_RAISE_ERRNO("opening the TPM %s", path) : TW_OK;
}

tw_err tw_hands_token_open(const struct tw_sys *sys, const struct tw_hands_options *o, int *ret_fd)
{
	struct tw_token_plan plan;

	if (o->keystore && tw_token_is(o->keystore)) {
		TW_TRY(tw_token_parse(o->keystore, &plan));
		if (plan.kind == TW_TOKEN_TPM)
			return (plan.is_socket ? connect_to : open_device)(sys, plan.path, ret_fd);
		if (!o->keystore_pin)
			return TW_RAISE(SYNTAX, "a PKCS#11 token wants --keystore-pin FILE");
		return open_pin(sys, o->keystore_pin, ret_fd);
	}
	*ret_fd = sys->open_path(sys, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	return *ret_fd < 0 ? TW_RAISE_ERRNO("opening /dev/null") : TW_OK;
}
