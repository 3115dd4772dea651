/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a press of the device's button confirms: the one thing that waits for somebody to be there, if it waited before the button went down. While the
 * device has no owner that is a browser that takes it over, and while it has one, that a browser asked to end that.
 */
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

tw_err tw_access_present(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const int64_t down = tw_json_int(rq->input, "down_ms"), held = tw_json_int(rq->input, "held_ms");
	const int64_t now = tw_time_boot_ms(&d->time);

	if (down + held > now || now - down - held > TW_PRESENT_MS)
		return tw_reply_problem(rp, 409, "presence", "presence.late", "This press does not count now", "Press it again.",
			"It was not let go within the last %d seconds.", TW_PRESENT_MS / 1000);
	return d->access->owners.count ? tw_recover_by_button(d, down, held, rp) : tw_browser_by_button(d, down, rp);
}
