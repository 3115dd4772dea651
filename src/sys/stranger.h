/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For probes that root runs: to try something as a user who may nothing.
 *
 * Within run this process has the effective user and group nobody, no further groups and so no capability in effect. Files opened before stay
 * open, as they would for a program that inherited them. A process that could not become root again ends: it would go on as
 * somebody else than its caller thinks.
 */
#ifndef TW_SYS_STRANGER_H
#define TW_SYS_STRANGER_H
#include "base/err.h"

/* DENIED: not root, so nobody could be told apart. */
tw_err tw_as_stranger(tw_err (*run)(void *user), void *user);
#endif
