/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can reach this device: everybody who has access to it or control over it, by an account or by what it is built to trust, the
 * manufacturer included. What nobody thinks of as an account stands here too, so that the page is the whole answer.
 */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/platform/trust.h"
#include "device/rows-logical-access.h"
#include "service/path/page.h"

struct listing {
	struct tw_context *c;
	struct tw_page page;
	size_t at; /* entries so far that are no accounts */
};

/* A place is "0NN" for what is no account, and "1" with the account's number behind it. */
static tw_err add(struct listing *l, const char *place, const char *kind, const char *who, const char *how, const char *may)
{
	if (!tw_page_takes(&l->page))
		return TW_OK;
	return tw_page_add(&l->page, place, json_pack("{s:s, s:s, s:s, s:s}", "kind", kind, "who", who, "how", how, "may", may));
}

static tw_err add_fixed(struct listing *l, const char *kind, const char *who, const char *how, const char *may)
{
	char place[8];

	(void)snprintf(place, sizeof place, "0%02zu", l->at++);
	return strcmp(place, l->page.after) <= 0 ? TW_OK : add(l, place, kind, who, how, may);
}

/* What a door, or a proof, makes of somebody holds what the gate says that it holds. */
static tw_err add_kind(struct listing *l, enum tw_subject_kind kind, const char *word, const char *who, const char *how)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf may = { 0 };
	const char *permission;

	tw_buf_init(&may, l->c->sys, TW_GATE_PERMISSIONS_MAX * (TW_PERMISSION_NAME_MAX + 2) + 8);
	for (size_t i = 0; (permission = tw_gate_permission_name(l->c->gate, i)); i++)
		if (tw_gate_role_may(l->c->gate, (int)kind, permission))
			TW_TRY(tw_buf_format(&may, "%s%s", may.size ? ", " : "holds ", permission));
	return add_fixed(l, word, who, how, tw_buf_cstr(&may));
}

/* At the local door core's own user counts like root: where all roles share one, that is who set the device up. */
static tw_err add_local(struct listing *l)
{
	const unsigned own = (unsigned)tw_device_of(l->c)->own_uid;
	char who[80];

	(void)snprintf(who, sizeof who, own ? "root on the device, and user %u, which core runs as" : "root on the device", own);
	return add_kind(l, TW_SUBJECT_LOCAL, "local", who, "the local socket; whoever is root holds the disk");
}

/* What the device is built to trust, whoever owns it. */
/* Whoever holds such a program decides at the logins that it judges. */
static tw_err add_providers(struct listing *l)
{
	const struct tw_manifest *m = tw_device_of(l->c)->manifest;
	char how[96];

	for (size_t i = 0; i < m->provider_count; i++) {
		(void)snprintf(how, sizeof how, "a program of the product's, by its user id %u", m->providers[i].uid);
		if (m->providers[i].kind == TW_MANIFEST_BUTTON) {
			TW_TRY(add_kind(l, TW_SUBJECT_BUTTON, "button", m->providers[i].name, how));
			continue;
		}
		TW_TRY(add_fixed(l, "provider", m->providers[i].name, how,
			m->providers[i].kind == TW_MANIFEST_DISPLAY ? "nothing itself; it is told the use notice, and lets nobody in"
				: m->providers[i].kind == TW_MANIFEST_LINK
				? "nothing itself; it drives a link of the product's and is told whether that may be on, and lets nobody in"
				: m->providers[i].kind == TW_MANIFEST_SERVICES
				? "nothing itself; it is told which services are to be off, says which there are, and lets nobody in"
				: "nothing itself; beside the password, it lets into each account whose logins it judges"));
	}
	return TW_OK;
}

static tw_err add_built_in(struct listing *l)
{
	const struct tw_manifest *m = tw_device_of(l->c)->manifest;

	TW_TRY(add_fixed(l, "manufacturer", m->organization, "signed the software, its manifest and the certificate of this unit",
		"has no account, no session and no way in over the network; comes in only through an account that somebody here makes"));
	TW_TRY(add_fixed(l, "label", "whoever holds the sealed label's secret", "takes the device over while it has no owner",
		"nothing while it has one"));
	TW_TRY(add_kind(l, TW_SUBJECT_CONSOLE, "console", "whoever stands at the device's own console", "physical presence"));
	TW_TRY(add_local(l));
	TW_TRY(add_kind(l, TW_SUBJECT_APPLICATION, "application", m->product, "the product's own program, by its user id"));
	return add_providers(l);
}

/* Devices and authorities that an owner has named. */
static tw_err add_peers(struct listing *l)
{
	TW_CLEANUP(tw_jsonp) json_t *known = NULL;
	size_t i;
	json_t *one;

	TW_TRY(tw_trust_document(l->c, &known));
	json_array_foreach(json_object_get(known, "peers"), i, one)
		TW_TRY(add_fixed(l, "device", tw_json_text(one, "identifier"), "its key, which an owner named",
			"what rules of the owner admit it to"));
	json_array_foreach(json_object_get(known, "anchors"), i, one)
		TW_TRY(add_fixed(l, "authority", tw_json_text(one, "name"), "certifies devices, which an owner trusts",
			"nothing itself; the devices it names, what rules of the owner admit them to"));
	return TW_OK;
}

/* Whoever holds that server decides who comes in to the accounts that were given to it. */
static tw_err add_server(struct listing *l)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf server = { 0 };

	tw_buf_init(&server, l->c->sys, 512);
	TW_TRY(tw_setting_get(l->c, "logical-access.radius-server", &server));
	return server.size ? add_fixed(l, "authority", tw_buf_cstr(&server), "the RADIUS server that the owner named",
				     "nothing itself; it lets into each account whose password it judges")
			   : TW_OK;
}

static tw_err add_provider(struct listing *l)
{
	char name[TW_OIDC_NAME_MAX + 1];

	TW_TRY(tw_oidc_name(tw_device_of(l->c), name));
	return *name ? add_fixed(l, "authority", name, "the OpenID Connect provider that the owner named",
			       "nothing itself; it lets into each account that belongs to somebody there")
		     : TW_OK;
}

static tw_err add_account(void *user, const struct tw_account *a)
{
	struct listing *l = user;
	char place[TW_ACCOUNT_ID_MAX + 4], how[96], may[TW_ACCOUNT_WORDS_MAX + 32];
	size_t sessions = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &tw_device_of(l->c)->access->guard.sessions[i];

		sessions += s->used && s->account == a->id && tw_access_session_lives(l->c, s);
	}
	(void)snprintf(place, sizeof place, "1%lld", (long long)a->id);
	(void)snprintf(how, sizeof how, "account a%lld, %s, %s; sessions open: %zu", (long long)a->id, tw_account_kinds[a->kind],
		a->state == TW_ACCOUNT_ACTIVE ? "active" : "not active", sessions);
	(void)snprintf(may, sizeof may, "%s%s", *a->roles ? "by its roles: " : "nothing: it has no role", a->roles);
	return add(l, place, "account", a->name, how, may);
}

tw_err tw_access_reach(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct listing l = { .c = c };
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &l.page));
	if (rp->problem[0])
		return TW_OK;
	if (l.page.after[0] == '1' && tw_failed(tw_parse_u64(tw_slice_of(l.page.after + 1), INT64_MAX, &after)))
		return tw_page_refuse(rp);
	TW_TRY(add_built_in(&l));
	TW_TRY(add_peers(&l));
	TW_TRY(add_server(&l));
	TW_TRY(add_provider(&l));
	TW_TRY(tw_account_each(c, (int64_t)after, (int64_t)l.page.limit + 1, add_account, &l));
	return tw_page_end(&l.page, rp);
}
