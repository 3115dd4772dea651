/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/network.h"

#include <arpa/inet.h>
#include <string.h>

size_t tw_network_size(const struct tw_network *n)
{
	return n->family == 4 ? 4 : 16;
}

/* Bits of an address behind its prefix. */
static bool has_more(const struct tw_network *n)
{
	for (size_t i = 0; i < tw_network_size(n) * 8; i++)
		if (i >= n->bits && n->address[i / 8] & (0x80u >> (i % 8)))
			return true;
	return false;
}

bool tw_network_inside(const struct tw_network *inner, const struct tw_network *outer)
{
	if (inner->family != outer->family || inner->bits < outer->bits)
		return false;
	for (size_t i = 0; i < outer->bits; i++)
		if ((inner->address[i / 8] ^ outer->address[i / 8]) & (0x80u >> (i % 8)))
			return false;
	return true;
}

bool tw_network_valid(const struct tw_network *n)
{
	return (n->family == 4 || n->family == 6) && n->bits <= tw_network_size(n) * 8 && !has_more(n);
}

static bool read_bits(const char *text, size_t most, uint8_t *ret)
{
	unsigned n = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
	}
	*ret = (uint8_t)n;
	return n <= most;
}

tw_err tw_network_read(const char *text, struct tw_network *ret)
{
	struct tw_network n = { .family = strchr(text, ':') ? 6 : 4 };
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	const size_t size = slash ? (size_t)(slash - text) : strlen(text);

	if (size >= sizeof address)
		return TW_RAISE(SYNTAX, "'%.60s' is no network", text);
	memcpy(address, text, size);
	address[size] = '\0';
	n.bits = (uint8_t)(tw_network_size(&n) * 8);
	if (inet_pton(n.family == 4 ? AF_INET : AF_INET6, address, n.address) != 1 || (slash && !read_bits(slash + 1, n.bits, &n.bits)))
		return TW_RAISE(SYNTAX, "'%.60s' is no network, as 192.0.2.0/24 or 2001:db8::/32 are", text);
	if (has_more(&n))
		return TW_RAISE(SYNTAX, "'%.60s' names a host and not a network: behind the prefix everything is 0", text);
	*ret = n;
	return TW_OK;
}
