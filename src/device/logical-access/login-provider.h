/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second factor that a program of the product's judges (platform/provider.h): a reader of biometrics, or a method that the manufacturer plugged in.
 *
 * An account uses the provider that somebody said for it, one of each kind. At a login it is asked when the step names it, and the step is answered when
 * it has answered or its time is over. A yes goes on like a right code, a no is told and counts like a wrong one; anything else lets nobody in, and
 * says which it was. Silence and an error count like a no, so that nobody keeps it asked at no cost; an end of the provider and nonsense
 * count against nobody. Of two logins of one account that want it at once neither goes on. A provider that is not there any more, or that the
 * product has no more, makes no password enough.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_LOGIN_PROVIDER_H
#define TW_DEVICE_LOGICAL_ACCESS_LOGIN_PROVIDER_H
#include "device/logical-access/login-factor.h"

tw_err tw_login_biometric_wanted(struct tw_device *d, int64_t account, bool *ret);
tw_err tw_login_plugin_wanted(struct tw_device *d, int64_t account, bool *ret);
bool tw_login_asks_provider(const struct tw_login_work *w);   /* and computes nothing */
tw_err tw_login_provider_ask(const struct tw_factor_step *t); /* of the step's kind */
#endif
