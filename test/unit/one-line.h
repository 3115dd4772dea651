/* SPDX-License-Identifier: Apache-2.0 */
/* For a test of one provider: both ends of its line to the device. */
#ifndef TW_TEST_ONE_LINE_H
#define TW_TEST_ONE_LINE_H

#include "one-world.h"

#include "base/text.h"
#include "device/platform/provider.h"
#include "device/rows-platform.h"

#include <sys/socket.h>

static struct {
	tw_channel *here, *there;
} line;

static void hang_up(void)
{
	if (line.here && w.unit)
		tw_provider_leave(device(), line.here);
	line.here = tw_channel_free(line.here);
	line.there = tw_channel_free(line.there);
}

/* NULL: it was taken. */
static const char *join(uid_t uid, const char *name, bool simulated)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf payload = { 0 };
	const char *rule = "nothing";
	int ends[2];

	hang_up();
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	CHECK_OK(tw_channel_new(tw_sys_real(), ends[0], tw_rows_device_from_app, &line.here));
	CHECK_OK(tw_channel_new(tw_sys_real(), ends[1], tw_rows_app_from_device, &line.there));
	tw_buf_init(&payload, tw_sys_real(), 64);
	CHECK_OK(tw_buf_u8(&payload, simulated));
	CHECK_OK(tw_buf_block16(&payload, name, strlen(name)));
	CHECK_OK(tw_provider_join(device(), line.here, uid, tw_buf_slice(&payload), &rule));
	return rule;
}

#endif
