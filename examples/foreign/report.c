/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR is written front to back. Two of its byte strings hold what is not yet written when their length is due, so
 * each is written twice: once into nothing, to be measured, and once for good. No second buffer is needed.
 */
#include "report.h"

#include <string.h>

#define PROFILE "urn:thingward:report:1"
#define TYP "application/eat+cwt; eat_profile=\"" PROFILE "\""

enum major { UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

struct out {
	uint8_t *at; /* NULL: only measures */
	size_t size, max;
	bool full;
};

static size_t length(const char *text)
{
	size_t n = 0;
	while (text[n])
		n++;
	return n;
}

static void put(struct out *o, const void *data, size_t size)
{
	if (o->at && size > o->max - o->size) {
		o->full = true;
		return;
	}
	if (o->at && size > 0)
		memcpy(o->at + o->size, data, size);
	o->size += size;
}

static void head(struct out *o, enum major major, uint64_t value)
{
	uint8_t bytes[9];
	unsigned more = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
	unsigned info = more == 0 ? (unsigned)value : more == 1 ? 24 : more == 2 ? 25 : more == 4 ? 26 : 27;
	bytes[0] = (uint8_t)((unsigned)major << 5 | info);
	for (unsigned i = 0; i < more; i++)
		bytes[1 + i] = (uint8_t)(value >> 8 * (more - 1 - i));
	put(o, bytes, 1 + more);
}

static void integer(struct out *o, int64_t value)
{
	head(o, value < 0 ? NEGATIVE : UINT, value < 0 ? (uint64_t)(-1 - value) : (uint64_t)value);
}

static void bytes(struct out *o, struct foreign_bytes b)
{
	head(o, BYTES, b.size);
	put(o, b.at, b.size);
}

static void text(struct out *o, const char *t)
{
	head(o, TEXT, length(t));
	put(o, t, length(t));
}

static void boolean(struct out *o, bool value)
{
	head(o, SIMPLE, value ? 21 : 20);
}

/* A claim is counted when it is written; the map's head comes from the measuring pass. */
struct claims {
	struct out *out;
	size_t count;
};

static struct out *claim(struct claims *c, int64_t label)
{
	c->count++;
	integer(c->out, label);
	return c->out;
}

static void text_claim(struct claims *c, int64_t label, const char *value)
{
	if (value)
		text(claim(c, label), value);
}

static void version_claim(struct claims *c, int64_t label, const char *value)
{
	if (!value)
		return;
	head(claim(c, label), ARRAY, 1);
	text(c->out, value);
}

/* The order of the map: the shorter first, then byte by byte. */
static int order(const char *a, const char *b)
{
	size_t m = length(a), n = length(b), i = 0;
	if (m != n)
		return m < n ? -1 : 1;
	while (i < m && a[i] == b[i])
		i++;
	return i == m ? 0 : (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
}

static void elements_claim(struct claims *c, const struct foreign_report *r)
{
	const struct foreign_element *last = NULL;
	head(claim(c, -70005), MAP, r->element_count);
	for (size_t n = 0; n < r->element_count; n++) {
		const struct foreign_element *next = NULL;
		for (const struct foreign_element *e = r->elements; e < r->elements + r->element_count; e++)
			if ((!last || order(e->id, last->id) > 0) && (!next || order(e->id, next->id) < 0))
				next = e;
		if (!next) { /* one twice */
			c->out->full = true;
			return;
		}
		text(c->out, next->id);
		integer(c->out, next->status);
		last = next;
	}
}

static void hardware_claims(struct claims *c, const struct foreign_report *r)
{
	integer(claim(c, 258), r->pen);
	if (r->model)
		bytes(claim(c, 259), (struct foreign_bytes){ (const uint8_t *)r->model, length(r->model) });
	version_claim(c, 260, r->hardware);
	if (r->oem_boot)
		boolean(claim(c, 262), *r->oem_boot);
	if (r->debug_status)
		integer(claim(c, 263), *r->debug_status);
}

/* In rising order of the encoded labels: 2 to 271, then -70001 downwards. */
static void all_claims(struct claims *c, const struct foreign_report *r)
{
	text_claim(c, 2, r->identifier);
	integer(claim(c, 6), (int64_t)r->issued_s);
	bytes(claim(c, 10), r->nonce);
	hardware_claims(c, r);
	text_claim(c, 265, PROFILE);
	if (r->boot) {
		integer(claim(c, 267), (int64_t)r->boot->count);
		bytes(claim(c, 268), r->boot->seed);
	}
	text_claim(c, 270, r->software_name);
	version_claim(c, 271, r->software);
	boolean(claim(c, -70001), r->time_trusted);
	if (r->exporter.at)
		bytes(claim(c, -70002), r->exporter);
	text_claim(c, -70003, r->product_version);
	if (r->boot)
		boolean(claim(c, -70004), r->boot->confirmed);
	elements_claim(c, r);
	if (!r->log)
		return;
	integer(claim(c, -70006), (int64_t)r->log->epoch);
	integer(claim(c, -70007), (int64_t)r->log->seq);
	bytes(claim(c, -70008), (struct foreign_bytes){ r->log->chain, sizeof r->log->chain });
	integer(claim(c, -70009), (int64_t)r->log->checkpoint);
}

static void payload(struct out *o, const struct foreign_report *r)
{
	struct out nothing = { NULL, 0, 0, false };
	struct claims measured = { &nothing, 0 }, written = { o, 0 };
	all_claims(&measured, r);
	head(o, MAP, measured.count);
	all_claims(&written, r);
	o->full |= nothing.full;
}

static void protected_header(struct out *o, struct foreign_bytes certificate)
{
	head(o, MAP, 3);
	integer(o, 1);
	integer(o, -7);
	integer(o, 16);
	text(o, TYP);
	integer(o, 33);
	bytes(o, certificate);
}

size_t foreign_report_write(const struct foreign_report *r, struct foreign_bytes certificate_der, foreign_sign *sign, void *user,
	uint8_t *out, size_t max)
{
	static const uint8_t context[] = "\x84\x6aSignature1", no_data[] = { 0x40 };
	struct out header = { NULL, 0, 0, false }, claims = { NULL, 0, 0, false }, o = { out, 0, max, false };
	uint8_t signature[64];
	protected_header(&header, certificate_der);
	payload(&claims, r);
	head(&o, TAG, 18);
	head(&o, ARRAY, 4);
	const size_t first = o.size;
	head(&o, BYTES, header.size);
	protected_header(&o, certificate_der);
	const size_t second = o.size;
	head(&o, MAP, 0);
	const size_t third = o.size;
	head(&o, BYTES, claims.size);
	payload(&o, r);
	if (o.full)
		return 0;
	/* RFC 9052 section 4.4: the two strings stand in the message just as they do in what is signed. */
	const struct foreign_bytes pieces[] = { { context, sizeof context - 1 }, { out + first, second - first },
		{ no_data, sizeof no_data }, { out + third, o.size - third } };
	if (!sign(user, pieces, sizeof pieces / sizeof *pieces, signature))
		return 0;
	bytes(&o, (struct foreign_bytes){ signature, sizeof signature });
	return o.full ? 0 : o.size;
}
