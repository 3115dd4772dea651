/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second factor that a program of the product's judges (platform/provider.h): a reader of biometrics, or a method that the manufacturer plugged in.
 *
 * An account uses the provider that somebody said for it, one of each kind. At a login it is asked when the step names it, and the step is answered when
 * it has answered or its time is over. A yes goes on like a right code, a no is told and counts like a wrong one; anything else lets nobody in, counts against
 * nobody, and says which it was. A provider that is not there any more, or that the product has no more, makes no password enough.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_LOGIN_PROVIDER_H
#define TW_DEVICE_LOGICAL_ACCESS_LOGIN_PROVIDER_H
#include "device/logical-access/login-factor.h"

tw_err tw_login_biometric_wanted(struct tw_device *d, int64_t account, bool *ret);
tw_err tw_login_plugin_wanted(struct tw_device *d, int64_t account, bool *ret);
tw_err tw_login_provider_ask(const struct tw_factor_step *t); /* of the step's kind */
#endif
