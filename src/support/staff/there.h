/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is anybody for a piece of work: what of the catalog is work of people is provided by nobody else. */
#ifndef TW_SUPPORT_STAFF_THERE_H
#define TW_SUPPORT_STAFF_THERE_H
#include "service/path/path.h"

/* Provided while an account that is in use has one of the roles (ends with NULL), else not; each with its reason. */
tw_err tw_staff_there(
	struct tw_context *c, const char *const *roles, const char *provided, const char *nobody, struct tw_element_status *ret);
#endif
