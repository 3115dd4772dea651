/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator does with networks: makes them known, forgets them, and sees which is joined. */
#include "device/interfaces/wifi.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/csr.h"
#include "device/rows-interfaces.h"
#include "service/path/change.h"

#define TEXT_MAX 4096

/* --- Seeing --- */

static tw_err describe(const json_t *one, json_t **ret)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", tw_json_text(one, "name"), "kind",
		tw_json_text(one, "kind"), "ssid_hex", tw_json_text(one, "ssid"), "identity", tw_json_text(one, "identity"),
		"domain", tw_json_text(one, "domain"), "whole", tw_wifi_is_whole(one));
	char ssid[TW_WIFI_SSID_MAX + 1] = "";
	const struct tw_slice hex = tw_slice_of(tw_json_text(one, "ssid"));

	if (!o)
		return TW_RAISE(NOMEM, "a network");
	if (hex.size <= 2 * TW_WIFI_SSID_MAX && !tw_failed(tw_parse_hex(hex, ssid, hex.size / 2)) &&
		tw_text_printable((struct tw_slice){ ssid, hex.size / 2 }))
		TW_TRY(tw_json_set(o, "ssid", json_string(ssid)));
	if (tw_json_text(one, "request")[0])
		TW_TRY(tw_json_set(o, "request", json_string(tw_json_text(one, "request"))));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err say_state(struct tw_context *c, json_t *o)
{
	struct tw_setting_state link;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_LINK_SETTING), &link));
	const struct tw_wifi_state *s = tw_wifi_joined(c, link.value);
	const char *why = tw_wifi_unsettled(c, TW_WIFI_SETTING);

	TW_TRY(tw_json_set(o, "link", json_string(link.value)));
	TW_TRY(tw_json_set(o, "joined", json_boolean(s != NULL)));
	if (why)
		TW_TRY(tw_json_set(o, "why", json_string(why)));
	if (!s)
		return TW_OK;
	TW_TRY(tw_json_set(o, "bssid", json_string(s->bssid)));
	TW_TRY(tw_json_set(o, "authentication", json_string(s->authentication)));
	TW_TRY(tw_json_set(o, "cipher", json_string(s->cipher)));
	TW_TRY(tw_json_set(o, "management_frames", json_string(s->protects ? "protected" : "not protected")));
	TW_TRY(tw_json_set(o, "frequency", json_integer(s->mhz)));
	return s->dbm ? tw_json_set(o, "signal", json_integer(s->dbm)) : TW_OK;
}

tw_err tw_wifi_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *networks = NULL, *all = json_array();
	struct tw_setting_state name;
	size_t i;
	json_t *one;

	TW_TRY(tw_wifi_kept(tw_device_of(c), &networks));
	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_SETTING), &name));
	json_array_foreach(networks, i, one) {
		json_t *said = NULL;

		TW_TRY(describe(one, &said));
		TW_TRY(tw_json_append(all, said));
	}
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "network", json_string(name.value)));
	TW_TRY(say_state(c, rp->body));
	return tw_json_set(rp->body, "networks", TW_STEAL(all));
}

/* --- Making one known --- */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *next, const char *why)
{
	return tw_reply_problem(rp, 400, "input", rule, "This is no network that could be joined", next, "%s", why);
}

static bool is_name(const char *text)
{
	const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return size && !text[size] && size <= TW_WIFI_NAME_MAX && text[0] != '-';
}

/* As text, or as hex where it is none. */
static tw_err take_ssid(const struct tw_request *rq, struct tw_buf *ret_hex, bool *ret)
{
	const char *text = tw_json_text(rq->input, "ssid"), *hex = tw_json_text(rq->input, "ssid_hex");
	uint8_t octets[TW_WIFI_SSID_MAX];
	const size_t size = strlen(hex) / 2;

	*ret = false;
	if (!*text == !*hex || strlen(text) > TW_WIFI_SSID_MAX || size > sizeof octets)
		return TW_OK;
	if (*hex && tw_failed(tw_parse_hex(tw_slice_of(hex), octets, size)))
		return TW_OK;
	*ret = true;
	return *text ? tw_buf_hex(ret_hex, text, strlen(text)) : tw_buf_hex(ret_hex, octets, size);
}

static tw_err new_mark(struct tw_context *c, struct tw_buf *ret)
{
	uint8_t random[TW_WIFI_MARK_SIZE / 2];

	if (c->sys->random(c->sys, random, sizeof random))
		return TW_RAISE_ERRNO("a mark for a network");
	return tw_buf_hex(ret, random, sizeof random);
}

struct work {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	json_t *networks; /* as they will be */
	const char *kind;
	struct tw_buf ssid, mark, secret, key, request; /* as they are kept */
};

static void work_done(struct work *w)
{
	json_decref(w->networks);
	tw_buf_done(&w->ssid);
	tw_buf_done(&w->mark);
	tw_buf_done(&w->secret);
	tw_buf_done(&w->key);
	tw_buf_done(&w->request);
}

static tw_err work_begin(struct work *w)
{
	struct tw_buf *const all[] = { &w->ssid, &w->mark, &w->secret, &w->key, &w->request };
	const char *name = tw_json_text(w->rq->input, "name");
	bool good = false;

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_buf_init(all[i], w->c->sys, TEXT_MAX);
	TW_TRY(tw_wifi_kept(tw_device_of(w->c), &w->networks));
	if (!is_name(name))
		return refuse(w->rp, "wifi.name", "Use small letters, digits and hyphens.",
			"Its name is by what the setting wifi.network chooses it.");
	if (tw_wifi_find(w->networks, name))
		return tw_reply_problem(w->rp, 409, "state", "wifi.exists", "There is a network of this name",
			"Give another name, join that one, and then remove this.",
			"One that is there is never changed: going back to it would not be possible.");
	if (json_array_size(w->networks) >= TW_WIFI_NETWORKS_MAX)
		return tw_reply_problem(w->rp, 409, "state", "wifi.full", "There are as many networks as this device keeps",
			"Remove one.", "It keeps %d.", TW_WIFI_NETWORKS_MAX);
	TW_TRY(take_ssid(w->rq, &w->ssid, &good));
	if (!good)
		return refuse(w->rp, "wifi.ssid", "Send ssid, or ssid_hex where it is no text.",
			"The network's name has 1 to 32 bytes, and is sent once.");
	return new_mark(w->c, &w->mark);
}

/* What is sent has to be what could be joined, before anything of it is kept. A certificate comes later: for the while the authority stands in its place. */
static tw_err judge(struct work *w, struct tw_slice secret, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf authority = { 0 };
	const json_t *in = w->rq->input;
	const bool tls = strcmp(w->kind, tw_wifi_kinds[TW_WIFI_EAP_TLS]) == 0;
	struct tw_wifi_network n = { .kind = TW_WIFI_PSK,
		.mark = tw_buf_slice(&w->mark),
		.ssid = { tw_buf_cstr(&w->ssid), w->ssid.size / 2 },
		.secret = secret,
		.identity = tw_slice_of(tw_json_text(in, "identity")),
		.outer = tw_slice_of(tw_json_text(in, "outer")),
		.domain = tw_slice_of(tw_json_text(in, "domain")) };

	*ret = false;
	while (n.kind < TW_WIFI_KINDS && strcmp(tw_wifi_kinds[n.kind], w->kind) != 0)
		n.kind++;
	tw_buf_init(&authority, w->c->sys, TEXT_MAX);
	if (tw_json_text(in, "authority")[0]) {
		tw_err e = tw_wifi_der(tw_slice_of(tw_json_text(in, "authority")), "CERTIFICATE", &authority);

		if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
			return refuse(w->rp, "wifi.authority",
				"Send the certificate of the server's authority in PEM, one of 2,000 bytes at most.", tw_err_detail());
		TW_TRY(e);
		n.authority = tw_buf_slice(&authority);
	}
	if (tls)
		n.certificate = n.key = n.authority;
	tw_err e = tw_wifi_network_check(&n);
	if (tw_is(e, TW_CODE_SYNTAX))
		return refuse(w->rp, "wifi.field",
			"Send what this kind takes: wpa2-psk and wpa3-sae a secret alone; peap and eap-tls an identity, the server's "
			"authority and its domain besides.",
			tw_err_detail());
	*ret = !tw_failed(e);
	return e;
}

static tw_err keep(struct work *w)
{
	const json_t *in = w->rq->input;
	json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", tw_json_text(in, "name"), "mark",
		tw_buf_cstr(&w->mark), "kind", w->kind, "ssid", tw_buf_cstr(&w->ssid), "secret", tw_buf_cstr(&w->secret), "identity",
		tw_json_text(in, "identity"), "outer", tw_json_text(in, "outer"), "domain", tw_json_text(in, "domain"), "authority",
		tw_json_text(in, "authority"), "key", tw_buf_cstr(&w->key), "request", tw_buf_cstr(&w->request), "certificate", "");

	if (!one)
		return TW_RAISE(NOMEM, "a network");
	TW_TRY(tw_json_append(w->networks, one));
	TW_TRY(tw_wifi_keep(tw_device_of(w->c), w->networks));
	(void)snprintf(w->rp->note, sizeof w->rp->note, "network %s of kind %s was made known", tw_json_text(in, "name"), w->kind);
	w->rp->status = 201;
	return describe(one, &w->rp->body);
}

/* @nist LA.IC.15: with its passphrase, or by PEAP with a password, never without that the server is judged */
tw_err tw_wifi_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .rq = rq, .rp = rp, .kind = tw_json_text(rq->input, "kind") };
	const struct tw_slice secret = tw_slice_of(tw_json_text(rq->input, "secret"));
	bool good = false;

	TW_TRY(work_begin(&w));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(judge(&w, secret, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_wifi_seal(tw_device_of(c), secret, &w.secret));
	return keep(&w);
}

/* A key of its own, which no other role has to sign with: wpa_supplicant takes it whole. The request names what the server is told. */
static tw_err make_key(struct work *w)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const struct tw_csr_names names = { .common_name = tw_json_text(w->rq->input, "identity") };

	tw_buf_init(&pem, w->c->sys, TW_KEYS_SEAL_MAX);
	tw_buf_init(&der, w->c->sys, TW_CSR_MAX);
	TW_TRY(tw_key_generate(w->c->sys, &key));
	TW_TRY(tw_buf_reserve(&pem, TW_KEYS_SEAL_MAX));
	TW_TRY(tw_key_save(key, &pem));
	TW_TRY(tw_wifi_seal(tw_device_of(w->c), tw_buf_slice(&pem), &w->key));
	const struct tw_digest_signer signer = tw_digest_signer_of_key(key);
	TW_TRY(tw_csr_make(w->c->sys, &names, key, &signer, &der));
	return tw_csr_pem(tw_buf_slice(&der), &w->request);
}

/* @nist LA.IC.15: EAP-TLS by a key that the device makes and keeps */
tw_err tw_wifi_enrol(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .rq = rq, .rp = rp, .kind = tw_wifi_kinds[TW_WIFI_EAP_TLS] };
	bool good = false;

	TW_TRY(work_begin(&w));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(judge(&w, (struct tw_slice){ "", 0 }, &good));
	if (!good)
		return TW_OK;
	tw_err e = make_key(&w);
	if (tw_is(e, TW_CODE_SYNTAX))
		return refuse(rp, "wifi.identity", "Use letters, digits and signs, 64 characters at most.",
			"The identity becomes the common name of the request.");
	TW_TRY(e);
	return keep(&w);
}

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "wifi.unknown", "There is no such network", "List them to see what there is.",
		"No network that this device was told of has this name.");
}

static tw_err name_of(const struct tw_request *rq, char ret[TW_WIFI_NAME_MAX + 1])
{
	if (rq->parameter.size > TW_WIFI_NAME_MAX)
		return TW_RAISE(NOTFOUND, "a longer name");
	(void)snprintf(ret, TW_WIFI_NAME_MAX + 1, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	return TW_OK;
}

/* Of the key in the request: the public halves are compared. */
static tw_err fits(struct tw_context *c, const char *certificate, const char *request, bool *ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_csr_freep) tw_csr *csr = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *wanted = NULL;
	uint8_t a[32], b[32];

	*ret = false;
	tw_err e = tw_cert_load(c->sys, tw_slice_of(certificate), &cert);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_LIMIT))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_csr_load(c->sys, tw_slice_of(request), &csr));
	TW_TRY(tw_csr_key(csr, &wanted));
	TW_TRY(tw_key_fingerprint(wanted, a));
	TW_TRY(tw_cert_fingerprint(cert, b));
	*ret = memcmp(a, b, sizeof a) == 0;
	return TW_OK;
}

tw_err tw_wifi_certify(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *networks = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const char *certificate = tw_json_text(rq->input, "certificate");
	char name[TW_WIFI_NAME_MAX + 1] = "";
	bool good = false;

	tw_ignore(name_of(rq, name));
	TW_TRY(tw_wifi_kept(tw_device_of(c), &networks));
	json_t *one = tw_wifi_find(networks, name);
	if (!one)
		return unknown(rp);
	if (!tw_json_text(one, "request")[0] || tw_json_text(one, "certificate")[0])
		return tw_reply_problem(rp, 409, "state", "wifi.certified", "This network waits for no certificate",
			"For a new one make the network known anew, under another name.", "It has one, or needs none.");
	tw_buf_init(&der, c->sys, TEXT_MAX);
	tw_err e = tw_wifi_der(tw_slice_of(certificate), "CERTIFICATE", &der);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return refuse(rp, "wifi.certificate", "Send the certificate in PEM, that alone.", tw_err_detail());
	TW_TRY(e);
	TW_TRY(fits(c, certificate, tw_json_text(one, "request"), &good));
	if (!good)
		return refuse(rp, "wifi.certificate", "Have the request certified that wifi.enrol answered with.",
			"The certificate is not over the key that this device made for it.");
	TW_TRY(tw_json_set(one, "certificate", json_string(certificate)));
	TW_TRY(tw_wifi_keep(tw_device_of(c), networks));
	return describe(one, &rp->body);
}

tw_err tw_wifi_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *networks = NULL, *left = json_array();
	char name[TW_WIFI_NAME_MAX + 1] = "";
	int64_t waits = 0;
	size_t i;
	json_t *one;

	tw_ignore(name_of(rq, name));
	TW_TRY(tw_wifi_kept(tw_device_of(c), &networks));
	if (!tw_wifi_find(networks, name))
		return unknown(rp);
	if (tw_setting_is(c, TW_WIFI_SETTING, name) || tw_change_waits(c, TW_WIFI_SETTING, &waits))
		return tw_reply_problem(rp, 409, "state", "wifi.used", "This network is in use, or may be gone back to",
			"Set wifi.network to another, confirm that, and then remove this.", "It was not removed.");
	json_array_foreach(networks, i, one)
		if (strcmp(tw_json_text(one, "name"), name) != 0)
			TW_TRY(tw_json_append(left, json_incref(one)));
	TW_TRY(tw_wifi_keep(tw_device_of(c), left));
	rp->status = 204;
	return TW_OK;
}
