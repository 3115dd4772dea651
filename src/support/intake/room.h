/* SPDX-License-Identifier: Apache-2.0 */
/* The room that files of reports may take, of which each way has a share: an alarm before it is used up, while there is time to destroy what nobody needs. */
#ifndef TW_SUPPORT_INTAKE_ROOM_H
#define TW_SUPPORT_INTAKE_ROOM_H
#include "support/intake/ways.h"

#define TW_ROOM_ALARM 80 /* percent of a share */
#define TW_ROOM_AGAIN 70 /* and less: the alarm is over */

tw_err tw_room_look(struct tw_context *c, const struct tw_way_receivers *to, int64_t now_ms);
#endif
