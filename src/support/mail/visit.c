/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/visit.h"

#include "base/mem.h"
#include "base/release.h"
#include "base/text.h"
#include "support/mail/visit-page.h"

#include <stdio.h>
#include <string.h>

struct visit {
	struct tw_mail_run *r;
	struct tw_buf page;
	curl_mime *form;
	char address[TW_MAIL_URL_MAX + 32], origin[TW_MAIL_URL_MAX + 16], receipt[TW_VISIT_RECEIPT_MAX + 1];
};

static void visit_done(struct visit *v)
{
	tw_buf_done(&v->page);
	curl_mime_free(v->form);
}

static size_t on_page(char *data, size_t one, size_t size, void *user)
{
	struct visit *v = user;

	return tw_failed(tw_buf_add(&v->page, data, one * size)) ? 0 : one * size;
}

static bool set(struct visit *v)
{
	CURL *c = v->r->curl;

	return tw_mail_run_set(v->r, TW_MAIL_HOOK_DEADLINE_S, TW_MAIL_HOOK_DEADLINE_S) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_URL, v->address) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_USERAGENT, "thingward/" TW_VERSION) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_page) == CURLE_OK && curl_easy_setopt(c, CURLOPT_WRITEDATA, v) == CURLE_OK;
}

/* False: it is concluded. */
static bool get(struct visit *v, const char *what)
{
	struct tw_mail_run *r = v->r;
	char words[TW_MAIL_WORDS_MAX + 1];
	long status = 0;

	tw_buf_clear(&v->page);
	r->forbidden = false;
	r->trouble[0] = '\0';
	const CURLcode code = curl_easy_perform(r->curl);
	(void)curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200)
		return true;
	if (r->forbidden && code == CURLE_COULDNT_CONNECT) {
		tw_mail_run_private(r, TW_MAIL_LATER);
		return false;
	}
	if (code == CURLE_OK)
		(void)snprintf(words, sizeof words, "%s: HTTP status %ld%s", what, status,
			status >= 300 && status <= 399 ? "; redirects are not followed" : "");
	else
		(void)snprintf(words, sizeof words, "%s: %.150s", what, *r->trouble ? r->trouble : curl_easy_strerror(code));
	tw_mail_conclude(r->d, TW_MAIL_LATER, status, words);
	return false;
}

static bool part(struct visit *v, const char *name, struct tw_slice value)
{
	curl_mimepart *p = curl_mime_addpart(v->form);

	return p && curl_mime_name(p, name) == CURLE_OK && curl_mime_data(p, value.at, value.size) == CURLE_OK;
}

/* What a browser sends: every field, the empty ones too, and from which site the form was. */
static bool fill(struct visit *v)
{
	static const char *const empty[] = { "product", "version", "flaw", "traits", "fix", "contact", "credit" };
	struct tw_mail_run *r = v->r;

	v->form = curl_mime_init(r->curl);
	bool good = v->form && part(v, "lang", TW_SLICE("en")) && part(v, "receipt", tw_slice_of(v->receipt)) &&
		part(v, "kind", TW_SLICE("flaw")) && part(v, "description", r->d->job.text);
	for (size_t i = 0; good && i < TW_COUNT(empty); i++)
		good = part(v, empty[i], TW_SLICE(""));
	(void)snprintf(v->origin, sizeof v->origin, "Origin: " TW_SLICE_FMT, TW_SLICE_ARG(r->d->job.to));
	return good && tw_mail_run_add(&r->headers, v->origin) && tw_mail_run_add(&r->headers, "Expect:") &&
		curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK &&
		curl_easy_setopt(r->curl, CURLOPT_MIMEPOST, v->form) == CURLE_OK;
}

void tw_visit(struct tw_mail_run *r)
{
	TW_CLEANUP(visit_done) struct visit v = { .r = r };
	struct tw_delivery *d = r->d;
	struct tw_slice receipt;

	tw_buf_init(&v.page, d->sys, TW_VISIT_PAGE_MAX);
	if (!tw_mail_run_url(r)) {
		tw_mail_conclude(d, TW_MAIL_REFUSED, 0, "The site's address is not https with a host.");
		return;
	}
	(void)snprintf(v.address, sizeof v.address, TW_SLICE_FMT "/report?lang=en", TW_SLICE_ARG(d->job.to));
	tw_mail_conclude(d, TW_MAIL_LATER, 0, "no memory");
	if (!tw_mail_run_host(r, TW_MAIL_LATER) || !set(&v) || !get(&v, "Asking for the form"))
		return;
	if (tw_failed(tw_visit_form(tw_buf_slice(&v.page), &receipt))) {
		tw_mail_conclude(d, TW_MAIL_LATER, 200, tw_err_detail());
		return;
	}
	(void)snprintf(v.receipt, sizeof v.receipt, TW_SLICE_FMT, TW_SLICE_ARG(receipt));
	(void)snprintf(v.address, sizeof v.address, TW_SLICE_FMT "/report", TW_SLICE_ARG(d->job.to));
	if (!set(&v) || !fill(&v) || !get(&v, "Sending the form"))
		return;
	if (tw_visit_shows(tw_buf_slice(&v.page), tw_slice_of(v.receipt)))
		tw_mail_conclude(d, TW_MAIL_SENT, 200, "The form was taken, and its receipt shown.");
	else
		tw_mail_conclude(d, TW_MAIL_LATER, 200, "The form was answered without its receipt.");
}
