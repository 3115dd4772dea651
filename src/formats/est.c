/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/est.h"

#include "base/text.h"

#include <string.h>

#define WELL_KNOWN "/.well-known/est"
#define CERTS_MAX 4 /* of an authority and those above it */

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(".-:[]", c);
}

static bool label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

/* Cuts what has such characters off the front. */
static size_t cut(struct tw_slice *s, bool (*is)(char))
{
	size_t n = 0;

	while (n < s->size && s->at[n] != '\0' && is(s->at[n]))
		n++;
	s->at += n;
	s->size -= n;
	return n;
}

static bool cut_text(struct tw_slice *s, const char *text)
{
	size_t n = strlen(text);

	if (s->size < n || memcmp(s->at, text, n) != 0)
		return false;
	s->at += n;
	s->size -= n;
	return true;
}

bool tw_est_url_valid(struct tw_slice url)
{
	if (url.size > TW_EST_URL_MAX || !cut_text(&url, "https://") || cut(&url, host_char) == 0)
		return false;
	if (url.size == 0)
		return true;
	return cut_text(&url, WELL_KNOWN) && (url.size == 0 || (cut_text(&url, "/") && cut(&url, label_char) > 0 && url.size == 0));
}

tw_err tw_est_place(struct tw_slice url, const struct tw_est *e, struct tw_buf *ret)
{
	bool has_path = memmem(url.at, url.size, WELL_KNOWN, sizeof WELL_KNOWN - 1) != NULL;

	return tw_buf_format(ret, TW_SLICE_FMT "%s/%s", TW_SLICE_ARG(url), has_path ? "" : WELL_KNOWN,
		e->stage == TW_EST_CACERTS ? "cacerts"
			: e->again         ? "simplereenroll"
					   : "simpleenroll");
}

tw_err tw_est_request(const struct tw_sys *sys, const struct tw_csr_names *names, const uint8_t point[TW_POINT_SIZE],
	const struct tw_digest_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };

	tw_buf_init(&der, sys, TW_CSR_MAX);
	TW_TRY(tw_key_of_point(sys, point, &key));
	TW_TRY(tw_csr_make(sys, names, key, signer, &der));
	return tw_buf_base64(ret, der.data, der.size);
}

tw_err tw_est_basic(struct tw_slice secret, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "Basic "));
	return tw_buf_base64(ret, secret.at, secret.size);
}

static tw_err refuse(struct tw_est *e, const char *rule, const char *words)
{
	e->stage = TW_EST_REFUSED;
	e->rule = rule;
	(void)snprintf(e->words, sizeof e->words, "%s", words);
	return TW_OK;
}

/* Base64 with line ends (RFC 8951 section 3.2.1); no other character is passed over. */
static tw_err read_bag(const struct tw_sys *sys, struct tw_slice text, size_t most, struct tw_certs *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf lines = { 0 }, der = { 0 };
	size_t size = 0;

	if (text.size > (size_t)2 * TW_BAG_MAX)
		return TW_RAISE(LIMIT, "%zu bytes of text", text.size);
	tw_buf_init(&lines, sys, text.size + 1);
	tw_buf_init(&der, sys, text.size + 1);
	TW_TRY(tw_buf_reserve(&lines, text.size + 1));
	TW_TRY(tw_buf_reserve(&der, text.size + 1));
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] != '\r' && text.at[i] != '\n')
			lines.data[lines.size++] = text.at[i];
	TW_TRY(tw_parse_base64(tw_buf_slice(&lines), text.size, der.data, &size));
	der.size = size;
	return tw_bag_read(sys, tw_buf_slice(&der), most, ret);
}

static bool is_type(struct tw_slice type, const char *want)
{
	size_t size = strlen(want);

	return type.size >= size && tw_slice_is_nocase((struct tw_slice){ type.at, size }, want) &&
		(type.size == size || type.at[size] == ';' || type.at[size] == ' ');
}

static tw_err take_certificates(const struct tw_sys *sys, struct tw_est *e, const struct tw_est_answer *a)
{
	bool enrol = e->stage == TW_EST_ENROL;
	tw_err failed = is_type(a->type, "application/pkcs7-mime")
		? read_bag(sys, a->body, enrol ? 1 : CERTS_MAX, enrol ? &e->issued : &e->authorities)
		: TW_RAISE(SYNTAX, "its type is not application/pkcs7-mime");

	if (tw_is(failed, TW_CODE_NOMEM))
		return failed;
	if (tw_failed(failed))
		return refuse(e, "est.answer", "What the server sent are not the certificates that were asked for.");
	e->stage = enrol ? TW_EST_HAS : TW_EST_ENROL;
	return TW_OK;
}

static tw_err take_later(struct tw_est *e, const struct tw_est_answer *a)
{
	if (++e->tries > TW_EST_TRIES_MAX)
		return refuse(e, "est.later", "The server has said too often that it will decide later.");
	e->wait_s = a->retry_after_s < TW_EST_WAIT_MIN_S ? TW_EST_WAIT_MIN_S
		: a->retry_after_s > TW_EST_WAIT_MAX_S   ? TW_EST_WAIT_MAX_S
							 : a->retry_after_s;
	return TW_OK;
}

tw_err tw_est_take(const struct tw_sys *sys, struct tw_est *e, const struct tw_est_answer *a)
{
	char words[80];

	e->wait_s = 0;
	if (a->status == 200)
		return take_certificates(sys, e, a);
	if (e->stage == TW_EST_ENROL && a->status == 202)
		return take_later(e, a);
	if (a->status == 401)
		return refuse(e, "est.credentials", "The server does not take the secret or certificate that was shown.");
	(void)snprintf(words, sizeof words, "The server answered %u.", a->status);
	return refuse(e, "est.refused", words);
}

void tw_est_done(struct tw_est *e)
{
	tw_certs_done(&e->authorities);
	tw_certs_done(&e->issued);
}
