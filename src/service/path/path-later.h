/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a request whose answer comes later; for the path alone. */
#ifndef TW_SERVICE_PATH_LATER_H
#define TW_SERVICE_PATH_LATER_H
#include "service/path/path-match.h"

struct tw_later {
	struct tw_context *c;
	struct tw_request rq;
	char parameter[TW_PARAMETER_MAX + 1];
	struct tw_later_door door;
};
#endif
