/* SPDX-License-Identifier: Apache-2.0 */
#include "service/fetch/demand.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

const struct tw_demand_suite tw_demand_suites[TW_DEMAND_SUITES] = {
	{ "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", TW_DEMAND_TLS_1_3 },
	{ "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", TW_DEMAND_TLS_1_3 },
	{ "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", TW_DEMAND_TLS_1_3 },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", TW_DEMAND_TLS_1_2 },
	{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", TW_DEMAND_TLS_1_2 },
	{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", TW_DEMAND_TLS_1_2 },
	{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", TW_DEMAND_TLS_1_2 },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", TW_DEMAND_TLS_1_2 },
	{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", TW_DEMAND_TLS_1_2 },
};
const char *const tw_demand_groups[TW_DEMAND_GROUPS] = { "X25519", "P-256", "P-384", "P-521" };

static const char *suite_word(size_t i)
{
	return i < TW_DEMAND_SUITES ? tw_demand_suites[i].name : NULL;
}

static const char *group_word(size_t i)
{
	return i < TW_DEMAND_GROUPS ? tw_demand_groups[i] : NULL;
}

static tw_err read_words(const char *words, const char *(*word)(size_t i), unsigned all, unsigned *ret)
{
	unsigned found = 0;

	for (const char *at = words; *at;) {
		const struct tw_slice one = { at, strcspn(at, " ") };
		size_t i = 0;

		while (word(i) && !tw_slice_is(one, word(i)))
			i++;
		if (!word(i))
			return TW_RAISE(SYNTAX, "'%.*s' is none that this device speaks", one.size < 60 ? (int)one.size : 60, one.at);
		found |= 1u << i;
		at += one.size;
		if (at[0] == ' ' && at[1] == '\0')
			return TW_RAISE(SYNTAX, "a blank at the end");
		at += *at == ' ';
	}
	*ret = *words ? found : all;
	return TW_OK;
}

tw_err tw_demand_suites_read(const char *words, uint16_t *ret)
{
	unsigned found = 0;

	TW_TRY(read_words(words, suite_word, TW_DEMAND_ALL_SUITES, &found));
	*ret = (uint16_t)found;
	return TW_OK;
}

tw_err tw_demand_groups_read(const char *words, uint8_t *ret)
{
	unsigned found = 0;

	TW_TRY(read_words(words, group_word, TW_DEMAND_ALL_GROUPS, &found));
	*ret = (uint8_t)found;
	return TW_OK;
}

/* The end of the host within "host:port", brackets of an address with colons among it. */
static size_t host_size(struct tw_slice s)
{
	size_t n = 0;

	if (s.size && s.at[0] == '[') {
		const char *end = memchr(s.at, ']', s.size);

		return end ? (size_t)(end - s.at) + 1 : 0;
	}
	while (n < s.size && s.at[n] != ':')
		n++;
	return n;
}

bool tw_demand_place(struct tw_slice url, char ret[TW_DEMAND_PLACE_MAX + 1])
{
	static const char scheme[] = "https://";
	struct tw_slice s = url;
	uint64_t port = 443;

	if (s.size < strlen(scheme) || !tw_slice_is_nocase((struct tw_slice){ s.at, strlen(scheme) }, scheme))
		return false;
	s.at += strlen(scheme);
	s.size -= strlen(scheme);
	for (size_t n = 0; n < s.size; n++) {
		if (strchr("/?#", s.at[n]))
			s.size = n;
		else if (s.at[n] <= ' ' || s.at[n] > '~' || strchr("@%\\", s.at[n]))
			return false;
	}
	const size_t host = host_size(s);
	if (host == 0 || host > TW_DEMAND_PLACE_MAX - 8 ||
		(host < s.size &&
			(s.at[host] != ':' ||
				tw_failed(tw_parse_u64((struct tw_slice){ s.at + host + 1, s.size - host - 1 }, 65535, &port)))))
		return false;
	const size_t plain = host > 1 && s.at[host - 1] == '.' ? host - 1 : host; /* the root's dot says nothing */
	for (size_t n = 0; n < plain; n++)
		ret[n] = (char)(s.at[n] >= 'A' && s.at[n] <= 'Z' ? s.at[n] + ('a' - 'A') : s.at[n]);
	(void)snprintf(ret + plain, TW_DEMAND_PLACE_MAX + 1 - plain, ":%u", (unsigned)port);
	return true;
}

/* --- Home systems --- */

tw_err tw_demand_home_add(struct tw_slice *home, char *room, const struct tw_network *n)
{
	const size_t count = home->size / TW_DEMAND_HOME_SIZE;
	char *at = room + count * TW_DEMAND_HOME_SIZE;

	if (count == TW_DEMAND_HOME_MAX)
		return TW_RAISE(LIMIT, "more than %d networks of home systems", TW_DEMAND_HOME_MAX);
	at[0] = (char)n->family;
	at[1] = (char)n->bits;
	memcpy(at + 2, n->address, sizeof n->address);
	*home = (struct tw_slice){ room, (count + 1) * TW_DEMAND_HOME_SIZE };
	return TW_OK;
}

static struct tw_network home_at(struct tw_slice home, size_t at)
{
	struct tw_network n = { .family = (uint8_t)home.at[at], .bits = (uint8_t)home.at[at + 1] };

	memcpy(n.address, home.at + at + 2, sizeof n.address);
	return n;
}

bool tw_demand_home_valid(struct tw_slice home)
{
	if (home.size % TW_DEMAND_HOME_SIZE || home.size > (size_t)TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE)
		return false;
	for (size_t at = 0; at < home.size; at += TW_DEMAND_HOME_SIZE) {
		const struct tw_network n = home_at(home, at);

		if ((n.family != 4 && n.family != 6) || !tw_network_valid(&n))
			return false;
	}
	return true;
}

bool tw_demand_is_home(struct tw_slice home, const struct tw_network *host)
{
	for (size_t at = 0; at < home.size; at += TW_DEMAND_HOME_SIZE) {
		const struct tw_network n = home_at(home, at);

		if (tw_network_inside(host, &n))
			return true;
	}
	return false;
}
