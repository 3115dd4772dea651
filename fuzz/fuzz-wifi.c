/* SPDX-License-Identifier: Apache-2.0 */
/* What wpa_supplicant says, events and answers, and both directions of the wifi role's wire: the first byte chooses. What is accepted is printable. */
#include "base/text.h"
#include "device/wifi/wpa.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_plain(const char *text, size_t max)
{
	if (strnlen(text, max + 1) > max || !tw_text_printable(tw_slice_of(text)))
		abort();
}

static void want_state(const struct tw_wifi_state *s)
{
	struct tw_wifi_state again;
	struct tw_buf b;

	want_plain(s->state, sizeof s->state - 1);
	want_plain(s->bssid, sizeof s->bssid - 1);
	want_plain(s->authentication, sizeof s->authentication - 1);
	want_plain(s->cipher, sizeof s->cipher - 1);
	tw_buf_init(&b, tw_sys_real(), 256);
	if (tw_failed(tw_wifi_state_write(s, &b)) || tw_failed(tw_wifi_state_read(tw_buf_slice(&b), &again)) ||
		memcmp(s, &again, sizeof again) != 0)
		abort();
	tw_buf_done(&b);
}

/* No command has a line end in it, whatever the network. */
static void want_commands(const struct tw_wifi_network *n)
{
	struct tw_buf b;
	bool any = true;

	for (size_t place = 0; any; place++) {
		tw_buf_init(&b, tw_sys_real(), TW_WPA_MAX);
		if (tw_failed(tw_wpa_command(n, 0, place, &b, &any)))
			abort();
		for (size_t i = 0; i < b.size; i++)
			if (b.data[i] < ' ' || b.data[i] > '~')
				abort();
		tw_buf_done(&b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice s = { (const char *)data + 1, size ? size - 1 : 0 };
	static const struct tw_wpa_ours ours = { TW_WIFI_SAE, "0123456789abcdef" };
	struct tw_wpa_event event;
	struct tw_wifi_state state;
	struct tw_wifi_network network;
	int16_t dbm = 0;
	unsigned id = 0;

	if (size == 0)
		return 0;
	switch (data[0] % 6) {
	case 0:
		if (!tw_failed(tw_wpa_event_read(s, &event)))
			want_plain(event.words, TW_WIFI_WORDS_MAX);
		break;
	case 1:
		if (!tw_failed(tw_wpa_status_read(s, &ours, &state)))
			want_state(&state);
		if (!tw_failed(tw_wpa_status_read(s, &ours, &state)) && state.joined && strcmp(state.authentication, "SAE") != 0)
			abort();
		break;
	case 2:
		if (!tw_failed(tw_wpa_signal_read(s, &dbm)) && dbm > 0)
			abort();
		break;
	case 3:
		if (!tw_failed(tw_wpa_id_read(s, &id)) && id > 9999)
			abort();
		break;
	case 4:
		if (!tw_failed(tw_wifi_state_read(s, &state)))
			want_state(&state);
		break;
	default:
		if (!tw_failed(tw_wifi_network_read(s, &network)))
			want_commands(&network);
	}
	return 0;
}
