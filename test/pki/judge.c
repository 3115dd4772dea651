/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads questions from the standard input and writes a line for each: the rule that refuses it, or "taken". With the name of a file
 * it reads them there, each with the answer that is wanted behind it ("": any rule), and ends with 1 at the first other one.
 *
 * A question is nine fields, each with its length before it (32 bits, big-endian): kind (chain, csr, bag), chain, anchors, purpose, uri,
 * dns, list (DER), stapled answer (DER), time (ms). For a csr or a bag only its DER, in the place of the chain.
 */
#include "base/cursor.h"
#include "base/text.h"
#include "crypto/bag.h"
#include "crypto/chain.h"
#include "crypto/csr.h"
#include "crypto/hash.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>

enum { KIND, CHAIN, ANCHORS, PURPOSE, URI, DNS, LIST, ANSWER, TIME, WANTED, FIELDS };
#define FIELD_MAX (1 << 20)

struct question {
	char *of[FIELDS]; /* each with a NUL behind it */
	size_t size[FIELDS];
};

static bool read_field(FILE *from, char **ret, size_t *ret_size)
{
	uint8_t head[4];

	*ret_size = fread(head, 1, sizeof head, from);
	if (*ret_size != sizeof head)
		return false;
	size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	*ret = size <= FIELD_MAX ? calloc(1, size + 1) : NULL;
	*ret_size = size;
	return *ret && fread(*ret, 1, size, from) == size;
}

static bool read_question(FILE *from, size_t fields, struct question *q)
{
	for (size_t i = 0; i < fields; i++)
		if (!read_field(from, &q->of[i], &q->size[i]))
			return false;
	return true;
}

static struct tw_slice field(const struct question *q, size_t i)
{
	return (struct tw_slice){ q->of[i], q->size[i] };
}

static enum tw_chain_purpose purpose_of(const char *word)
{
	static const char *const words[] = { "server", "client", "device", "authority", "signer" };

	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (!strcmp(words[i], word))
			return (enum tw_chain_purpose)i;
	abort();
}

static const char *judge_csr(const struct question *q)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	tw_err e = tw_csr_load(tw_sys_real(), field(q, CHAIN), &c);

	return tw_failed(e) ? tw_code_name(e.code) : "taken";
}

static const char *judge_bag(const struct question *q)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs all = { 0 };
	tw_err e = tw_bag_read(tw_sys_real(), field(q, CHAIN), TW_ANCHORS_MAX, &all);

	return tw_failed(e) ? tw_code_name(e.code) : "taken";
}

static const char *judge_chain(const struct question *q)
{
	const struct tw_sys *sys = tw_sys_real();
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 }, anchors = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *list = NULL;
	struct tw_chain_verdict verdict;
	uint64_t now = 0;

	if (tw_failed(tw_certs_read(sys, field(q, CHAIN), TW_CHAIN_MAX, &chain)))
		return "chain.form";
	if (tw_failed(tw_certs_read(sys, field(q, ANCHORS), TW_ANCHORS_MAX, &anchors)))
		return "anchors";
	if (q->size[LIST] && tw_failed(tw_crl_load(sys, field(q, LIST), &list)))
		return "crl.form";
	if (tw_failed(tw_parse_u64(field(q, TIME), INT64_MAX, &now)))
		return "time";
	const tw_crl *const lists[] = { list };
	const struct tw_chain_ask ask = { .chain = &chain,
		.anchors = &anchors,
		.purpose = purpose_of(q->of[PURPOSE]),
		.uri = q->size[URI] ? q->of[URI] : NULL,
		.dns = q->size[DNS] ? q->of[DNS] : NULL,
		.now_ms = (int64_t)now,
		.crls = lists,
		.crl_count = list ? 1 : 0,
		.ocsp = field(q, ANSWER),
		.must_be_unrevoked = q->size[LIST] || q->size[ANSWER] };
	tw_err e = tw_chain_check(sys, &ask, &verdict);
	if (tw_failed(e))
		return tw_code_name(e.code);
	return verdict.rule ? verdict.rule : "taken";
}

static const struct {
	const char *kind, *(*judge)(const struct question *q);
} judges[] = {
	{ "chain", judge_chain },
	{ "csr", judge_csr },
	{ "bag", judge_bag },
};

static const char *judge(const struct question *q)
{
	for (size_t i = 0; i < TW_COUNT(judges); i++)
		if (!strcmp(judges[i].kind, q->of[KIND]))
			return judges[i].judge(q);
	abort();
}

/* Whether the answer is the one that is wanted, if any is. */
static bool answered(const struct question *q)
{
	const char *is = judge(q), *wanted = q->of[WANTED];

	(void)printf("%s\n", is);
	return !wanted || (wanted[0] ? !strcmp(is, wanted) : strcmp(is, "taken") != 0);
}

int main(int argc, char **argv)
{
	FILE *from = argc > 1 ? fopen(argv[1], "rbe") : stdin;
	bool more = from, good = from, whole = true;
	size_t asked = 0;

	tw_crypto_use(tw_sys_real());
	while (more && good) {
		struct question q = { 0 };

		more = read_question(from, argc > 1 ? FIELDS : WANTED, &q);
		if (more)
			good = answered(&q);
		asked += more;
		whole = more || (feof(from) && !q.of[0] && q.size[0] == 0); /* the end is one between two questions */
		for (size_t i = 0; i < FIELDS; i++)
			free(q.of[i]);
	}
	if (from)
		(void)fclose(from);
	return good && asked && whole ? 0 : 1;
}
