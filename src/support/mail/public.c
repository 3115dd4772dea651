/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/public.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <string.h>

/* IANA's special-purpose registry, what is not "globally reachable"; and multicast, and what was never given out. */
static const struct {
	uint8_t at[4], bits;
} not_public_4[] = {
	{ { 0 }, 8 },                         /* this network */
	{ { 10 }, 8 }, { { 100, 64 }, 10 },   /* behind a provider's translation */
	{ { 127 }, 8 }, { { 169, 254 }, 16 }, /* link-local, and where clouds tell their secrets */
	{ { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 }, { { 192, 0, 2 }, 24 }, { { 192, 88, 99 }, 24 }, { { 192, 168 }, 16 },
	{ { 198, 18 }, 15 }, { { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 }, { { 224 }, 3 }, /* multicast, and all above it */
};
static const struct {
	uint8_t at[16], bits;
} not_public_6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* Teredo and others of the registry */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4: IPv4 inside */
	{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation */
};

struct plain {
	uint8_t at[16];
	uint8_t family; /* 4, 6; 0: of no kind that is connected to */
};

static struct plain plain_of(const struct sockaddr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct plain p = { .family = 0 };

	if (a->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, a, sizeof v4);
		memcpy(p.at, &v4.sin_addr, 4);
		p.family = 4;
	} else if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, a, sizeof v6);
		memcpy(p.at, &v6.sin6_addr, 16);
		p.family = 6;
		if (memcmp(p.at, mapped, sizeof mapped) == 0) {
			memmove(p.at, p.at + 12, 4);
			p.family = 4;
		}
	}
	return p;
}

static bool inside(const uint8_t *address, const uint8_t *network, unsigned bits)
{
	const unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(address, network, whole) == 0 && (rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0);
}

bool tw_address_public(const struct sockaddr *a)
{
	static const uint8_t global[16] = { 0x20 };
	const struct plain p = plain_of(a);

	for (size_t i = 0; p.family == 4 && i < TW_COUNT(not_public_4); i++)
		if (inside(p.at, not_public_4[i].at, not_public_4[i].bits))
			return false;
	for (size_t i = 0; p.family == 6 && i < TW_COUNT(not_public_6); i++)
		if (inside(p.at, not_public_6[i].at, not_public_6[i].bits))
			return false;
	return p.family == 4 || (p.family == 6 && inside(p.at, global, 3));
}

bool tw_address_loopback(const struct sockaddr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	const struct plain p = plain_of(a);

	return (p.family == 4 && p.at[0] == 127) || (p.family == 6 && memcmp(p.at, one, sizeof one) == 0);
}

bool tw_address_within(const struct sockaddr *a, const struct tw_network *networks, size_t count)
{
	const struct plain p = plain_of(a);

	for (size_t i = 0; i < count; i++)
		if (networks[i].family == p.family && inside(p.at, networks[i].address, networks[i].bits))
			return true;
	return false;
}
