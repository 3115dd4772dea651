/* SPDX-License-Identifier: Apache-2.0 */
/* Binding what the roles only accept on: TCP listeners and the two local sockets. */
#ifndef TW_SERVICE_PARENT_DOORS_H
#define TW_SERVICE_PARENT_DOORS_H
#include "base/buf.h"
#include "base/err.h"

#include <sys/socket.h>

/* "192.0.2.1:8443", "[::]:8443": numbers only, no names are looked up. SYNTAX. */
tw_err tw_listen_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size);
#define TW_DOOR_BACKLOG 128 /* the kernel's own default maximum for years; front bounds what it accepts */
tw_err tw_listen_text(const struct sockaddr_storage *a, struct tw_buf *ret); /* the same form back */
/* shut: until tw_os_shut says otherwise, from its first moment on */
tw_err tw_door_tcp(const struct tw_sys *sys, const char *address, bool shut, int *ret_fd);
/* A socket left behind by an earlier run is replaced; anything else of that name is an error. Everybody may connect: core
   reads who it is, and decides. */
tw_err tw_door_local(const struct tw_sys *sys, int run_dir, const char *run_path, const char *name, int type, int *ret_fd);
#endif
