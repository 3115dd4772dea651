/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate as a JSON text has it: the manufacturer's is as good an anchor as any. */
#ifndef TW_TEST_UNIT_ANCHORS_H
#define TW_TEST_UNIT_ANCHORS_H
#include "one-world.h"

#include "device/platform/device.h"

static char anchors[4096];

static inline void find_anchors(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	size_t n = 0;

	tw_buf_init(&pem, tw_sys_real(), sizeof anchors / 2);
	CHECK_OK(tw_cert_pem(device()->manufacturer, &pem));
	for (const char *at = tw_buf_cstr(&pem); *at; at++) {
		if (*at == '\n')
			anchors[n++] = '\\';
		anchors[n++] = (char)(*at == '\n' ? 'n' : *at);
	}
	anchors[n] = '\0';
}
#endif
