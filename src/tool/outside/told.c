/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's own reader of DNS messages does the reading; every length and every pointer of a name is held against the message there. */
#include "tool/outside/told.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#define RECORDS_MAX 256
#define LINES_MAX 64

tw_err tw_mdns_question(const char *name, struct tw_buf *ret)
{
	static const uint8_t head[NS_HFIXEDSZ] = { 'T', 'W', 0, 0, 0, 1 };
	uint8_t labels[NS_MAXCDNAME];

	if (ns_name_pton(name, labels, sizeof labels) < 0)
		return TW_RAISE(SYNTAX, "'%.80s' is no name", name);
	TW_TRY(tw_buf_add(ret, head, sizeof head));
	size_t size = 0;
	while (labels[size])
		size += labels[size] + 1u;
	TW_TRY(tw_buf_add(ret, labels, size + 1));
	TW_TRY(tw_buf_u16(ret, *name == '_' ? ns_t_ptr : ns_t_any));
	return tw_buf_u16(ret, ns_c_in);
}

static void remember(struct tw_services *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->name[i], name))
			return;
	if (s->count < TW_SERVICES_MAX)
		(void)snprintf(s->name[s->count++], TW_DNS_NAME_MAX, "%s", name);
}

/* The strings of a TXT record, each in its own words. */
static tw_err add_text(const ns_rr *r, struct tw_buf *told)
{
	const uint8_t *at = ns_rr_rdata(*r), *end = at + ns_rr_rdlen(*r);

	while (at < end && at + 1 + *at <= end) {
		TW_TRY(tw_buf_format(told, "%s TXT ", ns_rr_name(*r)));
		TW_TRY(tw_buf_add(told, at + 1, *at));
		TW_TRY(tw_buf_text(told, "\n"));
		at += 1 + *at;
	}
	return TW_OK;
}

static tw_err add_record(ns_msg *m, const ns_rr *r, struct tw_buf *told, struct tw_services *next)
{
	size_t skip = ns_rr_type(*r) == ns_t_srv ? 6 : 0; /* priority, weight, port */
	char target[TW_DNS_NAME_MAX];

	if (ns_rr_type(*r) == ns_t_txt)
		return add_text(r, told);
	if ((ns_rr_type(*r) != ns_t_ptr && ns_rr_type(*r) != ns_t_srv) || ns_rr_rdlen(*r) <= skip)
		return tw_buf_format(told, "%s type %u\n", ns_rr_name(*r), ns_rr_type(*r));
	if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), ns_rr_rdata(*r) + skip, target, sizeof target) < 0)
		return TW_RAISE(SYNTAX, "a name of a DNS answer is broken");
	if (!skip)
		remember(next, target);
	return tw_buf_format(told, "%s %s %s\n", ns_rr_name(*r), skip ? "SRV" : "PTR", target);
}

tw_err tw_mdns_read(struct tw_slice message, struct tw_buf *told, struct tw_services *next)
{
	static const ns_sect sections[] = { ns_s_an, ns_s_ar };
	ns_msg m;
	size_t records = 0;

	if (message.size > NS_MAXMSG || ns_initparse((const uint8_t *)message.at, (int)message.size, &m) != 0 || !ns_msg_getflag(m, ns_f_qr))
		return TW_RAISE(SYNTAX, "no DNS answer");
	for (size_t s = 0; s < 2; s++) {
		for (int i = 0; i < ns_msg_count(m, sections[s]) && records < RECORDS_MAX; i++, records++) {
			ns_rr r;
			if (ns_parserr(&m, sections[s], i, &r) != 0)
				return TW_RAISE(SYNTAX, "record %d of a DNS answer is broken", i + 1);
			TW_TRY(add_record(&m, &r, told, next));
		}
	}
	return TW_OK;
}

tw_err tw_ssdp_read(struct tw_slice message, struct tw_buf *told)
{
	size_t lines = 0;

	if (message.size < 8 || memcmp(message.at, "HTTP/1.1", 8) != 0)
		return TW_RAISE(SYNTAX, "no SSDP answer");
	for (size_t at = 0; at < message.size && lines < LINES_MAX; lines++) {
		const char *end = memchr(message.at + at, '\n', message.size - at);
		size_t size = end ? (size_t)(end - message.at) - at : message.size - at, whole = size;

		while (size && message.at[at + size - 1] == '\r')
			size--;
		if (size)
			TW_TRY(tw_buf_format(told, "SSDP %.*s\n", (int)size, message.at + at));
		at += whole + 1;
	}
	return TW_OK;
}
