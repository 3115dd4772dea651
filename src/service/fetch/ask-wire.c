/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch/ask-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

#define FIXED (16 + 2 + 2 + 2 + 2)

const struct tw_channel_row tw_rows_ask_from_core[] = {
	{ TW_ASK_ASK, 0, FIXED + 1, TW_ASK_MAX, "ask" },
	{ TW_ASK_ENOUGH, 0, 0, 0, "enough" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_ask[] = {
	{ TW_ASK_HEARD, 0, 0, TW_ASK_PACKET_MAX, "heard" },
	{ TW_ASK_ENDED, 0, 1, 1, "ended" },
	{ 0 },
};

/* Of nobody, of many, and of an interface that a number alone does not name. */
static bool is_one_host(const uint8_t address[16])
{
	struct in6_addr a;

	memcpy(&a, address, sizeof a);
	if (IN6_IS_ADDR_V4MAPPED(&a))
		return address[12] > 0 && address[12] < 224;
	return !IN6_IS_ADDR_UNSPECIFIED(&a) && !IN6_IS_ADDR_MULTICAST(&a) && !IN6_IS_ADDR_LINKLOCAL(&a);
}

tw_err tw_place_read(const char *text, struct tw_place *ret)
{
	const char *colon = strrchr(text, ':');
	const size_t size = colon ? (size_t)(colon - text) : 0;
	const bool six = size > 2 && text[0] == '[' && text[size - 1] == ']';
	char host[INET6_ADDRSTRLEN] = "", mapped[sizeof "::ffff:" + INET6_ADDRSTRLEN];
	struct tw_place p;
	uint64_t port = 0;

	if (size - (six ? 2 : 0) >= sizeof host || (!six && memchr(text, ':', size)))
		return TW_RAISE(SYNTAX, "not an address and a port, as 192.0.2.1:1812 or [2001:db8::1]:1812");
	memcpy(host, text + six, size - (six ? 2 : 0));
	(void)snprintf(mapped, sizeof mapped, "%s%s", six ? "" : "::ffff:", host);
	if (inet_pton(AF_INET6, mapped, p.address) != 1 || tw_failed(tw_parse_u64(tw_slice_of(colon + 1), UINT16_MAX, &port)) || port == 0)
		return TW_RAISE(SYNTAX, "not an address and a port, as 192.0.2.1:1812 or [2001:db8::1]:1812");
	if (!is_one_host(p.address))
		return TW_RAISE(SYNTAX, "not the address of one host that can answer");
	p.port = (uint16_t)port;
	*ret = p;
	return TW_OK;
}

tw_err tw_ask_job_write(const struct tw_ask_job *a, struct tw_buf *b)
{
	TW_TRY(tw_buf_add(b, a->to.address, sizeof a->to.address));
	TW_TRY(tw_buf_u16(b, a->to.port));
	TW_TRY(tw_buf_u16(b, a->deadline_ms));
	TW_TRY(tw_buf_u16(b, a->again_ms));
	return tw_buf_block16(b, a->packet.at, a->packet.size);
}

tw_err tw_ask_job_read(struct tw_slice payload, struct tw_ask_job *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_ask_job a;

	TW_TRY(tw_cursor_bytes(&c, a.to.address, sizeof a.to.address));
	TW_TRY(tw_cursor_u16(&c, &a.to.port));
	TW_TRY(tw_cursor_u16(&c, &a.deadline_ms));
	TW_TRY(tw_cursor_u16(&c, &a.again_ms));
	TW_TRY(tw_cursor_block16(&c, TW_ASK_PACKET_MAX, &a.packet));
	TW_TRY(tw_cursor_end(&c));
	if (!is_one_host(a.to.address) || a.to.port == 0 || a.packet.size == 0)
		return TW_RAISE(SYNTAX, "a question to nobody, or of nothing");
	if (a.deadline_ms < 1 || a.deadline_ms > TW_ASK_DEADLINE_MAX_MS || a.again_ms < 1 || a.again_ms > a.deadline_ms)
		return TW_RAISE(SYNTAX, "a time of the question is out of its bounds");
	*ret = a;
	return TW_OK;
}

struct tw_network tw_place_network(const struct tw_place *place)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct tw_network n = { .family = 6, .bits = 128 };

	memcpy(n.address, place->address, sizeof place->address);
	if (memcmp(place->address, mapped, sizeof mapped) != 0)
		return n;
	n = (struct tw_network){ .family = 4, .bits = 32 };
	memcpy(n.address, place->address + sizeof mapped, 4);
	return n;
}
