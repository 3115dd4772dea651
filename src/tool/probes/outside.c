/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of outsiders: systems of a partner, known by the authority that certified them, and people of another organization, who have an
 * account for a time. Both are made up (actors.h, people.h) and removed again.
 */
#include "tool/probes/actors.h"
#include "tool/probes/people.h"

#include "base/fd.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>

#define ADMITTED "/api/v1/settings" /* what other devices hold and nobody else who is not known, once a rule names the device */

struct outside {
	struct tw_actor trusted, unknown; /* two authorities */
	struct tw_actor partner, other;   /* a system of each */
	bool is_trusted, is_admitted;
};

static void outside_done(struct outside *o)
{
	tw_actor_done(&o->partner);
	tw_actor_done(&o->other);
	tw_actor_done(&o->trusted);
	tw_actor_done(&o->unknown);
}

static const char *rule_of(const struct outside *o)
{
	return strrchr(o->partner.identifier, '-') + 1;
}

static tw_err outside_make(struct tw_probe_context *c, struct outside *o)
{
	TW_TRY(tw_actor_authority(c, &o->trusted));
	TW_TRY(tw_actor_authority(c, &o->unknown));
	TW_TRY(tw_actor_make(c, "", &o->trusted, &o->partner));
	TW_TRY(tw_actor_make(c, "", &o->unknown, &o->other));
	TW_TRY(tw_actor_trust(c, &o->trusted));
	o->is_trusted = true;
	TW_TRY(tw_order_with(c, "POST", "/api/v1/policies",
		json_pack("{s:s, s:s, s:s, s:s}", "name", rule_of(o), "subject", o->partner.identifier, "operation",
			"settings.list", "effect", "allow"),
		NULL));
	o->is_admitted = true;
	return TW_OK;
}

/* Somebody of another organization, for a minute. */
static tw_err helper_comes(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f, bool *ret_good)
{
	long status = 0;

	TW_TRY(tw_person_make(c, "supporting", 60, p));
	TW_TRY(tw_person_give(c, p, "supporting-party"));
	TW_TRY(tw_person_comes(c, p));
	TW_TRY(tw_person_look(c, p, f, "a person of another organization", &status));
	*ret_good = status == 200;
	return *ret_good
		? TW_OK
		: tw_found(f, TW_VERDICT_FAIL, "Somebody of another organization who has an account here was answered with %ld.", status);
}

/* @nist LA.AC.2: a partner's system by an issuer that the owner trusts, one by an unknown issuer, and a person */
static tw_err authenticated(struct tw_probe_context *c, struct outside *o, struct tw_person *p, struct tw_finding *f)
{
	struct tw_person nobody = { .token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	bool good = true;
	long status = 0;

	TW_TRY(tw_actor_expect(c, &o->partner, ADMITTED, "", f, &good));
	TW_TRY(tw_actor_expect(c, &o->other, ADMITTED, "peer.anchor", f, &good));
	if (good)
		TW_TRY(helper_comes(c, p, f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_person_look(c, &nobody, f, "a made-up session", &status));
	if (status != 401)
		return tw_found(f, TW_VERDICT_FAIL, "A session that nobody opened was answered with %ld.", status);
	return tw_found(f, TW_VERDICT_PASS,
		"A partner's system was answered what only known devices are, by a certificate of an issuer that the owner trusts, and refused by one of "
		"an unknown issuer; a person of another organization came by an account for a time, and nobody by a made-up session.");
}

/* --- In plain text --- */

#define PLAIN_MS 3000

static tw_err plain_line(struct tw_probe_context *c, int *ret)
{
	const char *address = c->target[0].session.device.address, *end = strrchr(address, ':');
	const size_t size = end ? (size_t)(end - address) : strlen(address);
	const bool bracketed = size > 1 && address[0] == '[' && address[size - 1] == ']';
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *to = NULL;
	char host[256];

	(void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? size - 2 : size), address + bracketed);
	if (getaddrinfo(host, end ? end + 1 : "443", &want, &to) != 0)
		return TW_RAISE(CLOSED, "%.80s has no address", host);
	TW_CLEANUP(tw_closep) int fd = c->sys->socket(c->sys, to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool in = fd >= 0 && c->sys->connect(c->sys, fd, to->ai_addr, to->ai_addrlen) == 0;
	freeaddrinfo(to);
	if (!in)
		return TW_RAISE_ERRNO("a connection without TLS");
	*ret = tw_take_fd(&fd);
	return TW_OK;
}

/* What a request without TLS is answered: its first bytes, "" when the connection ends or nothing comes. */
static tw_err plain_answer(struct tw_probe_context *c, char ret[16])
{
	static const char request[] = "GET /api/v1/health HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
	TW_CLEANUP(tw_closep) int fd = -1;

	ret[0] = '\0';
	TW_TRY(plain_line(c, &fd));
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (c->sys->write(c->sys, fd, request, sizeof request - 1) < 0 || c->sys->poll(c->sys, &p, 1, PLAIN_MS) <= 0)
		return TW_OK;
	const ssize_t got = c->sys->read(c->sys, fd, ret, 15);
	ret[got > 0 ? got : 0] = '\0';
	return TW_OK;
}

/* @nist LA.EC.1: a listed partner over mutual TLS is answered; one that is not listed, and whoever speaks without TLS, is not */
static tw_err protected(struct tw_probe_context *c, struct outside *o, struct tw_person *p, struct tw_finding *f)
{
	bool good = true;
	char plain[16];

	TW_TRY(tw_actor_expect(c, &o->partner, ADMITTED, "", f, &good));
	if (good)
		TW_TRY(tw_actor_expect(c, &o->other, ADMITTED, "peer.anchor", f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(plain_answer(c, plain));
	if (!strncmp(plain, "HTTP/", 5))
		return tw_found(f, TW_VERDICT_FAIL, "A request without TLS was answered: %s", plain);
	return tw_found(f, TW_VERDICT_PASS,
		"A partner's system that the owner has listed was answered over mutual TLS; one that is not listed was refused, and a request without "
		"TLS got no answer.");
}

/* @nist LA.AC.3: the same, and then both are shut out: at the next request, and when they come anew */
static tw_err withdrawn(struct tw_probe_context *c, struct outside *o, struct tw_person *p, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer code = { 0 };
	bool good = true;
	long session = 0;

	TW_TRY(tw_actor_expect(c, &o->partner, ADMITTED, "", f, &good));
	if (good)
		TW_TRY(helper_comes(c, p, f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_order_with(c, "POST", "/api/v1/peer-revocations",
		json_pack("{s:s, s:s}", "anchor", o->trusted.identifier, "serial", o->partner.serial), NULL));
	TW_TRY(tw_probe_at(c, "PUT", "suspensions", p->id));
	TW_TRY(tw_actor_expect(c, &o->partner, ADMITTED, "peer.revoked", f, &good));
	if (!good)
		return TW_OK;
	TW_TRY(tw_person_look(c, p, f, "its session, suspended", &session));
	TW_TRY(tw_ask_post(c, "/api/v1/session-codes", json_pack("{s:s}", "account", p->id), &code));
	if (session != 401 || code.status != 409)
		return tw_found(f, TW_VERDICT_FAIL,
			"Somebody of another organization was suspended: his session was answered with %ld, a new login with %ld.",
			session, code.status);
	return tw_found(f, TW_VERDICT_PASS,
		"A partner's system was refused once its certificate was revoked; a person of another organization lost the session when suspended, and "
		"could not log in again.");
}

static tw_err with_outside(struct tw_probe_context *c, struct tw_finding *f,
	tw_err (*ask)(struct tw_probe_context *c, struct outside *o, struct tw_person *p, struct tw_finding *f))
{
	TW_CLEANUP(outside_done) struct outside o = { .is_trusted = false };
	struct tw_person p = { .id = "" };

	tw_err e = outside_make(c, &o);
	if (!tw_failed(e))
		e = ask(c, &o, &p, f);
	if (tw_failed(e))
		e = tw_found_trouble(f, "What the probe needs of outsiders", e);
	tw_probe_take_back(c, f, "accounts", p.id);
	tw_probe_take_back(c, f, "policies", o.is_admitted ? rule_of(&o) : "");
	tw_probe_take_back(c, f, "peer-anchors", o.is_trusted ? o.trusted.identifier : "");
	tw_wipe(&p, sizeof p);
	return e;
}

static tw_err ask_authenticated(struct tw_probe_context *c, struct tw_finding *ret)
{
	return with_outside(c, ret, authenticated);
}

static tw_err ask_withdrawn(struct tw_probe_context *c, struct tw_finding *ret)
{
	return with_outside(c, ret, withdrawn);
}

static tw_err ask_protected(struct tw_probe_context *c, struct tw_finding *ret)
{
	return with_outside(c, ret, protected);
}

const struct tw_probe tw_probes_outside[] = {
	{ "LA.EC.1", "partner-protected", TW_SOURCE_OUTSIDE, "Are partners' systems dealt with over protected channels alone?",
		ask_protected, true },
	{ "LA.AC.2", "partner-known", TW_SOURCE_OUTSIDE, "Is a partner known by a trusted issuer, and not by another?",
		ask_authenticated, true },
	{ "LA.AC.3", "access-withdrawn", TW_SOURCE_OUTSIDE, "Is outside access withdrawn at the next request?", ask_withdrawn, true },
	{ .element = NULL },
};
