/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/trust.h"

#include "base/text.h"

#define KEPT_LIST TW_KEPT_OF_OWNER "crl."
#define LIST_TEXT_MAX (2 * TW_CRL_MAX) /* in PEM */

tw_err tw_trust_document(struct tw_context *c, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, TW_PEERS_DOCUMENT_MAX);
	tw_err e = tw_device_kept(tw_device_of(c), TW_KEPT_PEERS, &text);
	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		return tw_json_parse(tw_buf_slice(&text), TW_PEERS_DOCUMENT_MAX, ret);
	}
	*ret = json_object();
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a document");
}

tw_err tw_trust_anchors(struct tw_context *c, const json_t *document, struct tw_trust *ret)
{
	TW_CLEANUP(tw_trust_done) struct tw_trust t = { .anchors.count = 0 };
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(document, "anchors"), i, one) {
		if (t.anchors.count == TW_ANCHORS_MAX)
			break;
		tw_err e = tw_cert_load(c->sys, tw_slice_of(tw_json_text(one, "certificate")), &t.anchors.of[t.anchors.count]);
		if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
			continue;
		TW_TRY(e);
		t.names[t.anchors.count++] = tw_json_text(one, "name");
	}
	*ret = t;
	t.anchors.count = 0;
	return TW_OK;
}

static void name_of(size_t place, char ret[32])
{
	(void)snprintf(ret, 32, KEPT_LIST "%zu", place);
}

/* The list in this place; NULL when it is free. */
static tw_err read_place(struct tw_context *c, size_t place, tw_crl **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char name[32];

	*ret = NULL;
	name_of(place, name);
	tw_buf_init(&text, c->sys, LIST_TEXT_MAX);
	tw_err e = tw_device_kept(tw_device_of(c), name, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	return tw_crl_load(c->sys, tw_buf_slice(&text), ret);
}

void tw_lists_done(struct tw_lists *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->of[i] = tw_crl_free(l->of[i]);
	l->count = 0;
}

tw_err tw_trust_lists(struct tw_context *c, struct tw_lists *ret)
{
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };

	for (size_t place = 0; place < TW_TRUST_LISTS_MAX; place++) {
		TW_TRY(read_place(c, place, &l.of[l.count]));
		l.place[l.count] = place;
		l.count += l.of[l.count] != NULL;
	}
	*ret = l;
	l.count = 0;
	return TW_OK;
}

static tw_err write_place(struct tw_context *c, size_t place, const tw_crl *list)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char name[32];

	name_of(place, name);
	tw_buf_init(&pem, c->sys, LIST_TEXT_MAX);
	TW_TRY(tw_crl_pem(list, &pem));
	return tw_device_keep(tw_device_of(c), name, tw_buf_cstr(&pem));
}

/* May list take the place of the one that is kept? The name says nothing: anybody can make an authority of any name and key id. */
static tw_err may_replace(const tw_crl *kept, const tw_crl *list, const tw_cert *issuer, bool trusted)
{
	const char *rule = NULL;

	TW_TRY(tw_crl_check(kept, issuer, tw_crl_this_update_ms(kept), &rule)); /* at a time when it counts: only who signed it is asked */
	if (rule)
		return trusted ? TW_OK : TW_RAISE(UNTRUSTED, "the list that is kept under this name is another authority's");
	if (tw_crl_number(kept) >= tw_crl_number(list))
		return TW_RAISE(EXISTS, "the list that is kept has number %llu", (unsigned long long)tw_crl_number(kept));
	return TW_OK;
}

/* The first one; as many as there are places when there is none. */
static size_t free_place(const struct tw_lists *l)
{
	size_t place = 0;

	while (place < l->count && l->place[place] == place)
		place++;
	return place;
}

tw_err tw_trust_list_keep(struct tw_context *c, const tw_crl *list, const tw_cert *issuer, bool trusted)
{
	TW_CLEANUP(tw_lists_done) struct tw_lists l = { .count = 0 };
	size_t i = 0;

	TW_TRY(tw_trust_lists(c, &l));
	while (i < l.count && !tw_crl_same_issuer(l.of[i], list))
		i++;
	if (i < l.count) {
		TW_TRY(may_replace(l.of[i], list, issuer, trusted));
		return write_place(c, l.place[i], list);
	}
	if (l.count == TW_TRUST_LISTS_MAX)
		return TW_RAISE(LIMIT, "%d lists are kept", TW_TRUST_LISTS_MAX);
	return write_place(c, free_place(&l), list);
}

tw_err tw_trust_list_remove(struct tw_context *c, const struct tw_lists *l, size_t i)
{
	char name[32];

	name_of(l->place[i], name);
	return tw_device_forget(tw_device_of(c), name);
}
