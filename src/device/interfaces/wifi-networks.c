/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as they are kept: one document of the owner's, gone with him, whose secrets only the keys role opens. */
#include "device/interfaces/wifi.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/der.h"

#define KEPT TW_KEPT_OF_OWNER "wifi"
#define WHOSE "wifi"
#define SEALED_MAX (TW_KEYS_SEAL_MAX + 64)
#define SEALED_TEXT_MAX 1600 /* as base64url */
#define PEM_MAX 4096

static const struct tw_shape kept_shape[] = { { "networks", TW_JSON_ARRAY, true, 0, 0 }, {} };
static const struct tw_shape network_shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, TW_WIFI_NAME_MAX },
	{ "mark", TW_JSON_TEXT, true, TW_WIFI_MARK_SIZE, TW_WIFI_MARK_SIZE },
	{ "kind", TW_JSON_TEXT, true, 1, 16 },
	{ "ssid", TW_JSON_TEXT, true, 2, 2 * TW_WIFI_SSID_MAX }, /* hex */
	{ "secret", TW_JSON_TEXT, true, 0, SEALED_TEXT_MAX },    /* sealed, base64url; "": none */
	{ "identity", TW_JSON_TEXT, true, 0, TW_WIFI_IDENTITY_MAX },
	{ "outer", TW_JSON_TEXT, true, 0, TW_WIFI_IDENTITY_MAX },
	{ "domain", TW_JSON_TEXT, true, 0, TW_WIFI_DOMAIN_MAX },
	{ "authority", TW_JSON_TEXT, true, 0, PEM_MAX },
	{ "key", TW_JSON_TEXT, true, 0, SEALED_TEXT_MAX }, /* sealed likewise, PKCS#8 */
	{ "request", TW_JSON_TEXT, true, 0, PEM_MAX },     /* of a certificate over it */
	{ "certificate", TW_JSON_TEXT, true, 0, PEM_MAX }, /* "": it has not come yet */
	{},
};

tw_err tw_wifi_kept(struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, &j);

	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = json_array();
		return *ret ? TW_OK : TW_RAISE(NOMEM, "networks");
	}
	TW_TRY(e);
	json_t *networks = json_object_get(j, "networks");
	TW_TRY(tw_json_check_each(networks, network_shape, TW_WIFI_NETWORKS_MAX));
	*ret = json_incref(networks);
	return TW_OK;
}

tw_err tw_wifi_keep(struct tw_device *d, json_t *networks)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_json_set(j, "networks", json_incref(networks)));
	return tw_device_keep_json(d, KEPT, j);
}

json_t *tw_wifi_find(const json_t *networks, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(networks, i, one)
		if (strcmp(tw_json_text(one, "name"), name) == 0)
			return one;
	return NULL;
}

bool tw_wifi_is_whole(const json_t *network)
{
	return !tw_json_text(network, "key")[0] || tw_json_text(network, "certificate")[0];
}

/* --- Secrets --- */

tw_err tw_wifi_seal(struct tw_device *d, struct tw_slice plain, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 };

	tw_buf_init(&sealed, d->context.sys, SEALED_MAX);
	TW_TRY(tw_keys_client_seal(d->context.keys, WHOSE, plain, &sealed));
	return tw_buf_base64url(ret, sealed.data, sealed.size);
}

static tw_err unseal(struct tw_device *d, const char *text, struct tw_buf *ret)
{
	uint8_t sealed[SEALED_MAX];
	size_t size = 0;

	if (!*text)
		return TW_OK;
	TW_TRY(tw_buf_reserve(ret, TW_KEYS_SEAL_MAX));
	TW_TRY(tw_parse_base64url(tw_slice_of(text), sizeof sealed, sealed, &size));
	return tw_keys_client_unseal(d->context.keys, WHOSE, (struct tw_slice){ (const char *)sealed, size }, ret);
}

/* --- What wpa_supplicant takes: DER --- */

static bool take_line(struct tw_slice *rest, struct tw_slice *ret)
{
	*ret = (struct tw_slice){ rest->at, 0 };
	while (ret->size < rest->size && ret->at[ret->size] != '\n')
		ret->size++;
	const size_t whole = ret->size + (ret->size < rest->size);
	rest->at += whole;
	rest->size -= whole;
	if (ret->size && ret->at[ret->size - 1] == '\r')
		ret->size--;
	return whole > 0;
}

tw_err tw_wifi_der(struct tw_slice pem, const char *label, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	char begin[64], end[64];
	struct tw_slice line;
	size_t size = 0;

	(void)snprintf(begin, sizeof begin, "-----BEGIN %s-----", label);
	(void)snprintf(end, sizeof end, "-----END %s-----", label);
	tw_buf_init(&text, ret->sys, PEM_MAX);
	TW_TRY(tw_buf_reserve(&text, PEM_MAX));
	if (!take_line(&pem, &line) || !tw_slice_is(line, begin))
		return TW_RAISE(SYNTAX, "it does not begin with %s", begin);
	while (take_line(&pem, &line) && !tw_slice_is(line, end))
		TW_TRY(tw_buf_add(&text, line.at, line.size));
	if (!tw_slice_is(line, end) || pem.size)
		return TW_RAISE(SYNTAX, "it does not end with %s, or more follows: one is taken", end);
	TW_TRY(tw_buf_reserve(ret, TW_WIFI_DER_MAX));
	TW_TRY(tw_parse_base64(tw_buf_slice(&text), TW_WIFI_DER_MAX, ret->data, &size));
	ret->size = size;
	return tw_der_exact(tw_buf_slice(ret));
}

static tw_err open_der(const char *pem, const char *label, struct tw_buf *ret)
{
	return *pem ? tw_wifi_der(tw_slice_of(pem), label, ret) : TW_OK;
}

/* --- One of them, opened --- */

static enum tw_wifi_kind kind_of(const char *text)
{
	enum tw_wifi_kind k = TW_WIFI_PSK;

	while (k < TW_WIFI_KINDS && strcmp(tw_wifi_kinds[k], text) != 0)
		k++;
	return k;
}

static tw_err open_key(struct tw_device *d, const char *sealed, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, d->context.sys, TW_KEYS_SEAL_MAX);
	TW_TRY(unseal(d, sealed, &pem));
	return pem.size ? tw_wifi_der(tw_buf_slice(&pem), "PRIVATE KEY", ret) : TW_OK;
}

tw_err tw_wifi_open(struct tw_device *d, const char *name, struct tw_wifi_opened *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *networks = NULL;
	struct tw_buf *const all[] = { &ret->ssid, &ret->mark, &ret->secret, &ret->key, &ret->authority, &ret->certificate };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_buf_init(all[i], d->context.sys, 2 * PEM_MAX);
	TW_TRY(tw_wifi_kept(d, &networks));
	json_t *j = tw_wifi_find(networks, name);
	if (!j)
		return TW_RAISE(NOTFOUND, "there is no network of that name");
	ret->json = json_incref(j);
	const struct tw_slice ssid = tw_slice_of(tw_json_text(j, "ssid"));
	TW_TRY(tw_buf_reserve(&ret->ssid, ssid.size / 2));
	TW_TRY(tw_parse_hex(ssid, ret->ssid.data, ssid.size / 2));
	ret->ssid.size = ssid.size / 2;
	TW_TRY(unseal(d, tw_json_text(j, "secret"), &ret->secret));
	TW_TRY(open_key(d, tw_json_text(j, "key"), &ret->key));
	TW_TRY(open_der(tw_json_text(j, "authority"), "CERTIFICATE", &ret->authority));
	TW_TRY(open_der(tw_json_text(j, "certificate"), "CERTIFICATE", &ret->certificate));
	ret->network = (struct tw_wifi_network){ .kind = kind_of(tw_json_text(j, "kind")),
		.mark = tw_slice_of(tw_json_text(j, "mark")),
		.ssid = tw_buf_slice(&ret->ssid),
		.secret = tw_buf_slice(&ret->secret),
		.identity = tw_slice_of(tw_json_text(j, "identity")),
		.outer = tw_slice_of(tw_json_text(j, "outer")),
		.domain = tw_slice_of(tw_json_text(j, "domain")),
		.authority = tw_buf_slice(&ret->authority),
		.certificate = tw_buf_slice(&ret->certificate),
		.key = tw_buf_slice(&ret->key) };
	return tw_wifi_network_check(&ret->network);
}

void tw_wifi_opened_done(struct tw_wifi_opened *o)
{
	struct tw_buf *const all[] = { &o->ssid, &o->mark, &o->secret, &o->key, &o->authority, &o->certificate };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_buf_wipe(all[i]);
	json_decref(o->json);
	o->json = NULL;
}
