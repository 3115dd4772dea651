/* SPDX-License-Identifier: Apache-2.0 */
/* What devices tell an assessor from outside; the first byte chooses: 'm' a DNS answer, 's' one of SSDP, all else the first words of a port. */
#include "sys/real.h"
#include "tool/outside/logins.h"
#include "tool/outside/told.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_datagram(char kind, struct tw_slice message)
{
	static struct tw_services next;
	struct tw_buf told, question;

	tw_buf_init(&told, tw_sys_real(), 4096);
	tw_buf_init(&question, tw_sys_real(), 512);
	next.count = 0;
	if (kind == 's')
		tw_ignore(tw_ssdp_read(message, &told));
	else
		tw_ignore(tw_mdns_read(message, &told, &next));
	for (size_t i = 0; i < next.count; i++)
		if (strlen(next.name[i]) >= TW_DNS_NAME_MAX ||
			(!tw_failed(tw_mdns_question(next.name[i], &question)) && question.size < 17))
			abort();
	tw_buf_done(&told);
	tw_buf_done(&question);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice said = { (const char *)data + 1, size - 1 };
	struct tw_port_seen p = { .number = 80 };

	if (!size)
		return 0;
	if (*data == 'm' || *data == 's') {
		read_datagram((char)*data, said);
		return 0;
	}
	if (tw_speech_of(said) == TW_SPEECH_HTTP)
		tw_http_read(said, &p);
	if (p.basic && p.status != 401)
		abort();
	if (tw_door_of(said) == TW_DOOR_OPEN && !said.size)
		abort();
	return 0;
}
