/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/staff-frame.h"

#include "base/mem.h"
#include "service/access/account.h"

#include <string.h>

/* A new page is a row here, with the permission of its operation, and a digit that no other has, as long as there are any: letters are the
   browsers' and the readers' of pages. */
const struct tw_staff_place tw_staff_places[] = {
	{ "/desk/cases", "cases.read", "1", TW_W_BOARD },
	{ "/desk/alarms", "cases.read", "2", TW_W_ALARMS },
	{ "/desk/reports", "reports.read", "3", TW_W_REPORTS },
	{ "/desk/questions", "questions.read", NULL, TW_W_QUESTIONS },
	{ "/desk/advisories", "advisories.read", "4", TW_W_ADVISORIES },
	{ "/desk/customers", "customers.read", NULL, TW_W_CUSTOMERS },
	{ "/desk/notices", "notices.read", NULL, TW_W_NOTICES },
	{ "/desk/triage", "findings.read", "9", TW_W_TRIAGE },
	{ "/desk/components", "findings.read", "0", TW_W_COMPONENTS },
	{ "/desk/cvss", "cases.read", "5", TW_W_CVSS },
	{ "/desk/people", "staff.read", "6", TW_W_PEOPLE },
	{ "/desk/me", "staff.self", "7", TW_W_ME },
	{ "/desk/help", "staff.self", "8", TW_W_HELP },
	{ .path = NULL },
};
static const struct role {
	const char *name;
	enum tw_word word;
} roles[] = {
	{ "analyst", TW_W_ROLE_ANALYST },
	{ "manager", TW_W_ROLE_MANAGER },
	{ "publisher", TW_W_ROLE_PUBLISHER },
	{ "administrator", TW_W_ROLE_ADMINISTRATOR },
};

bool tw_staff_may(struct tw_context *c, const struct tw_request *rq, const char *permission)
{
	struct tw_decision d;

	return !tw_failed(tw_path_decide(c, &rq->subject, permission, TW_WHEN_ALWAYS, &d)) && d.verdict == TW_ALLOW;
}

const char *tw_staff_role(struct tw_context *c, const struct tw_request *rq, struct tw_look look)
{
	for (size_t i = 0; i < TW_COUNT(roles); i++)
		if (tw_role_set_has(&rq->subject.given, tw_gate_role(c->gate, roles[i].name)))
			return tw_word(roles[i].word, look.language);
	return "";
}

const char *tw_staff_role_word(const char *words, struct tw_look look)
{
	for (size_t i = 0; i < TW_COUNT(roles); i++)
		if (tw_account_has(words, roles[i].name))
			return tw_word(roles[i].word, look.language);
	return words;
}

/* The page that the entry leads to, whatever it is sorted by. */
static bool is_here(const char *here, const char *path)
{
	size_t size = strlen(path);

	return strncmp(here, path, size) == 0 && (here[size] == '\0' || here[size] == '?');
}

static void write_places(const struct tw_staff_frame *f, struct tw_html *h, struct tw_look look)
{
	char address[TW_PAGE_ADDRESS_MAX];

	tw_html_open(h, TW_E_UL);
	for (const struct tw_staff_place *p = tw_staff_places; p->path; p++) {
		if (!tw_staff_may(f->c, f->rq, p->permission))
			continue;
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		if (is_here(f->here, p->path))
			tw_html_attr(h, TW_AT_CURRENT, TW_SLICE("page"));
		if (p->key)
			tw_html_attr(h, TW_AT_ACCESSKEY, tw_slice_of(p->key));
		tw_page_address(look, p->path, address);
		tw_html_link(h, tw_slice_of(address));
		tw_html_text(h, tw_slice_of(tw_word(p->word, look.language)));
		tw_html_close(h);
		tw_html_close(h);
	}
	tw_html_close(h);
}

static void write_person(const struct tw_staff_frame *f, struct tw_html *h, struct tw_look look)
{
	const char *name = strchr(f->rq->subject.name, ':'), *role = tw_staff_role(f->c, f->rq, look);

	tw_page_class(h, TW_E_P, "who");
	tw_html_put(h, TW_E_STRONG, name ? name + 1 : f->rq->subject.name);
	if (*role) {
		tw_html_text(h, TW_SLICE(", "));
		tw_html_text(h, tw_slice_of(role));
	}
	tw_html_close(h);
	tw_html_open(h, TW_E_FORM);
	tw_html_attr(h, TW_AT_METHOD, TW_SLICE("post"));
	tw_html_link(h, TW_SLICE("/logout"));
	tw_html_open(h, TW_E_INPUT);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("hidden"));
	tw_html_attr(h, TW_AT_NAME, TW_SLICE("lang"));
	tw_html_attr(h, TW_AT_VALUE, tw_slice_of(look.chosen ? tw_language_tag(look.language) : ""));
	tw_html_close(h);
	tw_html_open(h, TW_E_BUTTON);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_LOG_OUT, look.language)));
	tw_html_close(h);
	tw_html_close(h);
}

void tw_staff_frame_open(const struct tw_staff_frame *f, struct tw_html *h, struct tw_buf *out)
{
	const struct tw_look look = tw_look_of(f->rq);
	const struct tw_page_head p = { look, f->here, f->title, "desk" };

	tw_page_begin_head(h, out, &p);
	tw_html_open(h, TW_E_NAV);
	tw_html_attr(h, TW_AT_ARIA_LABEL, tw_slice_of(tw_word(TW_W_PLACES, look.language)));
	write_places(f, h, look);
	write_person(f, h, look);
	tw_html_close(h);
	tw_page_begin_main(h, f->title);
}
