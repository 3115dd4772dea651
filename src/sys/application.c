/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/application.h"

const struct tw_channel_row tw_rows_device_from_app[] = {
	{ TW_APP_EVENT, 0, 6, 4 + TW_APP_NAME_MAX + TW_APP_FIELDS_MAX, "event" },
	{ TW_APP_HEALTH, 0, 6, 5 + TW_APP_NAME_MAX + TW_APP_TEXT_MAX, "health" },
	{ TW_APP_SETTING, 0, 3, 2 + TW_APP_NAME_MAX, "setting" },
	{ 0 },
};
const struct tw_channel_row tw_rows_app_from_device[] = {
	{ TW_APP_ACK, 0, 0, 0, "ack" },
	{ TW_APP_SETTING_IS, 0, 2, 2 + TW_APP_VALUE_MAX, "setting is" },
	{ TW_APP_REFUSED, 0, 4, 4 + TW_APP_NAME_MAX + TW_DETAIL_MAX, "refused" },
	{ 0 },
};
