/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's own displays: programs (providers of the kind display) that show the use notice to whoever stands at the device.
 *
 * Who may be one the signed manifest says, by the user it runs as, which the kernel tells. It says how large it is and is sent the notice, cut to its pages, at
 * once and whenever the notice changes or is taken back. What it says back is believed of the notice in force alone: that it shows this one, and that somebody
 * accepted it there, which walks the one path (notice.accept). It lets nobody in: whoever logs in accepts the notice for himself.
 */
#ifndef TW_DEVICE_PLATFORM_DISPLAY_H
#define TW_DEVICE_PLATFORM_DISPLAY_H
#include "device/platform/device.h"

#define TW_DISPLAY_PRESS_MS 2000 /* between two acceptances: each leaves records */

enum tw_display_state {
	TW_DISPLAY_ABSENT,
	TW_DISPLAY_SILENT, /* it has not said what it shows */
	TW_DISPLAY_FORMER, /* another notice than counts, or none where there is one */
	TW_DISPLAY_CURRENT,
	TW_DISPLAY_STATES
};
extern const char *const tw_display_words[TW_DISPLAY_STATES];

bool tw_display_is(const struct tw_device *d, size_t at); /* whether this provider of the manifest's is one */
enum tw_display_state tw_display_state(const struct tw_device *d, size_t at);
/* What counts now, for all that are there. text: at most TW_DISPLAY_TEXT_MAX bytes, and such as can be shown; "": none. */
void tw_display_notice(struct tw_device *d, const char *text, const uint8_t digest[TW_APP_NOTICE_ID]);
/* For the door. ret_rule: why not, "" when it was taken. An error is the end of the connection. */
tw_err tw_display_screen(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE]);
tw_err tw_display_shows(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE]);
#endif
