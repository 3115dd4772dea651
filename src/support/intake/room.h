/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room that files of reports may take, of which each way has a share, and that for reports themselves: an alarm before it is used up, while there is time
 * to destroy or erase what nobody needs. And what strangers may send together: an alarm when it has been used up for an hour.
 */
#ifndef TW_SUPPORT_INTAKE_ROOM_H
#define TW_SUPPORT_INTAKE_ROOM_H
#include "support/intake/ways.h"

#define TW_ROOM_ALARM 80         /* percent of a share */
#define TW_ROOM_AGAIN 70         /* and less: the alarm is over */
#define TW_ROOM_REPORTS_ALARM 90 /* percent of TW_REPORTS_MAX */
#define TW_ROOM_REPORTS_AGAIN 85
#define TW_ROOM_BUSY_MS INT64_C(3600000)

tw_err tw_room_look(struct tw_context *c, const struct tw_way_receivers *to, int64_t now_ms);
tw_err tw_room_look_at_reports(struct tw_context *c, const struct tw_way_receivers *to, int64_t now_ms);
/* used_up_ms: for how long; 0: it is not. */
tw_err tw_room_look_at_sends(struct tw_context *c, const struct tw_way_receivers *to, int64_t used_up_ms, int64_t now_ms);
#endif
