/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's management of Bluetooth says, and both directions of the bluetooth role's wire: the first byte chooses. What is accepted is in bounds. */
#include "device/bluetooth/mgmt.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool good)
{
	if (!good)
		abort();
}

/* Whatever is told core is what core takes. */
static void want_said(const struct tw_mgmt_said *said)
{
	struct tw_bt_event event;
	struct tw_bt_peer peer;
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 256);
	if (said->kind == TW_MGMT_EVENT) {
		want(!tw_failed(tw_bt_event_write(&said->event, &b)) && !tw_failed(tw_bt_event_read(tw_buf_slice(&b), &event)));
		want(event.number == said->event.number && tw_bt_same(&event.address, &said->event.address));
	} else if (said->kind == TW_MGMT_KEY) {
		want(!tw_failed(tw_bt_peer_write(&said->peer, &b)) && !tw_failed(tw_bt_peer_read(tw_buf_slice(&b), &peer)));
		want(memcmp(&peer, &said->peer, sizeof peer) == 0);
	}
	tw_buf_done(&b);
}

static void want_order(struct tw_slice s)
{
	struct tw_bt_order o;
	struct tw_buf b;

	if (tw_failed(tw_bt_order_read(s, &o)))
		return;
	tw_buf_init(&b, tw_sys_real(), TW_MGMT_MAX);
	want(!tw_failed(tw_bt_order_write(&o, &b)) && b.size == s.size && memcmp(b.data, s.at, s.size) == 0);
	tw_buf_clear(&b);
	want(!tw_failed(tw_mgmt_ltks(&o, &b)));
	tw_buf_clear(&b);
	want(!tw_failed(tw_mgmt_irks(&o, &b)));
	tw_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice s = { (const char *)data + 1, size ? size - 1 : 0 };
	uint16_t list[TW_MGMT_CONTROLLERS_MAX];
	struct tw_mgmt_said said;
	struct tw_mgmt_info info;
	struct tw_bt_event event;
	struct tw_bt_state state;
	size_t count = 0;

	if (size == 0)
		return 0;
	switch (data[0] % 6) {
	case 0:
		if (!tw_failed(tw_mgmt_read(s, &said)))
			want_said(&said);
		break;
	case 1:
		if (!tw_failed(tw_mgmt_list_read(s, list, &count)))
			want(count <= TW_MGMT_CONTROLLERS_MAX);
		break;
	case 2:
		want(tw_failed(tw_mgmt_info_read(s, &info)) == (s.size < 17));
		break;
	case 3:
		want_order(s);
		break;
	case 4:
		if (!tw_failed(tw_bt_event_read(s, &event)))
			want(tw_bt_why(event.number) && event.event < TW_BT_EVENTS);
		break;
	default:
		if (!tw_failed(tw_bt_state_read(s, &state)))
			want(state.window <= 1);
	}
	return 0;
}
