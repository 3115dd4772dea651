/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories that a person named on the command line. */
#ifndef TW_TOOL_FILES_H
#define TW_TOOL_FILES_H
#include "base/buf.h"
#include "base/json.h"
#include "crypto/cert.h"

#define TW_FILE_MAX (16 * 1024 * 1024)
tw_err tw_dir_open(const struct tw_sys *sys, const char *path, int *ret_fd);              /* NOTFOUND */
tw_err tw_dir_make(const struct tw_sys *sys, const char *path, mode_t mode, int *ret_fd); /* one level; fine when it is there */
tw_err tw_dir_beneath(const struct tw_sys *sys, int dir, const char *name, mode_t mode, int *ret_fd);
tw_err tw_file_read(const struct tw_sys *sys, const char *path, size_t max, struct tw_buf *ret);
tw_err tw_input_read(const struct tw_sys *sys, size_t max, struct tw_buf *ret); /* standard input, to its end */
tw_err tw_file_write(const struct tw_sys *sys, const char *path, const void *data, size_t size, mode_t mode); /* whole or not at all */
tw_err tw_file_remove(const struct tw_sys *sys, const char *path); /* OK when it is not there */
tw_err tw_file_text(const struct tw_sys *sys, int dir, const char *name, const char *text, mode_t mode);
tw_err tw_file_json(const struct tw_sys *sys, const char *path, json_t **ret);
tw_err tw_file_cert(const struct tw_sys *sys, const char *path, tw_cert **ret);
/* The same failure, with the file named before its words. */
tw_err tw_file_named(const char *path, tw_err e);
bool tw_file_exists(const struct tw_sys *sys, int dir, const char *name);
/* Key and certificate as PEM files of a directory. */
tw_err tw_key_store(const struct tw_sys *sys, int dir, const char *name, const tw_key *k); /* 0600 */
tw_err tw_key_fetch(const struct tw_sys *sys, int dir, const char *name, tw_key **ret);
tw_err tw_cert_store(const struct tw_sys *sys, int dir, const char *name, const tw_cert *c, mode_t mode);
tw_err tw_cert_fetch(const struct tw_sys *sys, int dir, const char *name, tw_cert **ret);
int64_t tw_now_ms(const struct tw_sys *sys);
#endif
