/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device sends out. A field that is withheld from somebody is not in what he is answered, nor does he get what is signed and holds it, while its owner
 * does. And the device is told to connect to this machine at a port that no flow of its product lists: nothing may arrive here, and that it is the device
 * that keeps it back is known by what it counts.
 */
#include "tool/probes/door.h"
#include "tool/probes/moment.h"
#include "tool/probes/people.h"

#include "base/text.h"
#include "formats/network.h"
#include "tool/files.h"

#include <arpa/inet.h>
#include <poll.h>

#define WITHHELD "outputs.withheld"
#define FIELD "physical_id"
#define IDENTITY "/api/v1/identity"
#define FILTER "/api/v1/firewall"
#define FLOWS FILTER "/flows?limit=100"
#define TRIES 100
#define FIRST_PORT 20000
#define PORT_RANGE 40000
#define COME_MS 1500 /* a device that may come does so at once, but the role that connects has to be started */
#define TURN_MS 200

/* --- Fields --- */

struct asked {
	long identity, statement;
	bool has_field, is_told;
};

static tw_err ask_as(struct tw_probe_context *c, const struct tw_person *p, struct asked *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer identity = { 0 }, statement = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *nonce = json_pack("{s:s}", "nonce", "AAAAAAAAAAAAAAAAAAAAAA");

	if (!nonce)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_person_call(c, p->token, &(struct tw_call){ .method = "GET", .path = IDENTITY }, &identity));
	TW_TRY(tw_person_call(c, p->token, &(struct tw_call){ .method = "POST", .path = IDENTITY "/statement", .body = nonce }, &statement));
	ret->identity = identity.status;
	ret->statement = statement.status;
	ret->has_field = json_object_get(identity.body, FIELD) != NULL;
	ret->is_told = strcmp(json_string_value(json_array_get(json_object_get(identity.body, "withheld"), 0)) ?: "", FIELD) == 0;
	return TW_OK;
}

static tw_err judge_fields(const struct asked *a, bool owner_has, struct tw_finding *f)
{
	if (a->identity != 200)
		return tw_found(f, TW_VERDICT_FAIL,
			"Once a field was withheld from him somebody was answered %ld in place of the rest.", a->identity);
	if (a->has_field)
		return tw_found(f, TW_VERDICT_FAIL, FIELD " was withheld from a role, and whoever has that role was given it all the same.");
	if (a->statement < 400)
		return tw_found(f, TW_VERDICT_FAIL, FIELD " was withheld from somebody, who was given a signed statement that holds it.");
	if (!a->is_told)
		return tw_found(f, TW_VERDICT_FAIL, "Nobody told whoever asked that something is withheld from him.");
	if (!owner_has)
		return tw_found(f, TW_VERDICT_FAIL, "What was withheld from another is withheld from the owner.");
	return tw_found(f, TW_VERDICT_PASS,
		"A field that was withheld from a role was not in what somebody with that role was answered, who was told so and refused what is signed and "
		"holds it; the owner was given it.");
}

static tw_err try_fields(struct tw_moment *m, const struct tw_person *p)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer owners = { 0 };
	char before[TW_MOMENT_VALUE], words[TW_MOMENT_VALUE];
	struct asked first = { 0 }, then = { 0 };

	TW_TRY(ask_as(m->c, p, &first));
	if (first.identity != 200 || !first.has_field)
		return tw_found(m->f, TW_VERDICT_INCONCLUSIVE,
			"Somebody who may read " FIELD " was not given it before it was withheld (%ld).", first.identity);
	TW_TRY(tw_moment_read(m, WITHHELD, before));
	if (snprintf(words, sizeof words, "%s%s%s:identity.read:" FIELD, before, *before ? " " : "", p->role) >= (int)sizeof words)
		return tw_found(m->f, TW_VERDICT_INCONCLUSIVE, WITHHELD " is so long already that nothing can be added for a moment.");
	TW_TRY(tw_moment_set(m, WITHHELD, words));
	TW_TRY(ask_as(m->c, p, &then));
	TW_TRY(tw_order(m->c, "GET", IDENTITY, &owners));
	return judge_fields(&then, json_object_get(owners.body, FIELD) != NULL, m->f);
}

static tw_err with_reader(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct tw_moment m = { 0 };

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_role(c, p, "identity.read"));
	TW_TRY(tw_person_give(c, p, p->role));
	TW_TRY(tw_person_comes(c, p));
	tw_err e = tw_moment_begin(&m, c, f);
	if (!tw_failed(e))
		e = try_fields(&m, p);
	tw_moment_back(&m);
	tw_moment_end(&m);
	return e;
}

/* @nist LA.IC.12: fields that a role may not see are stripped */
static tw_err withholds_fields(struct tw_probe_context *c, struct tw_finding *f)
{
	return tw_person_with(c, f, with_reader);
}

/* --- Destinations --- */

struct send {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_door door;
	char address[64], task[64]; /* of this machine, as the device sees it; the trial, "": none */
	int64_t dropped;            /* by the device, before */
};

/* "48603-48604", or one alone. */
static bool has_port(struct tw_slice range, unsigned port)
{
	const char *hyphen = memchr(range.at, '-', range.size);
	const size_t size = hyphen ? (size_t)(hyphen - range.at) : range.size;
	uint64_t from = 0, to = 0;

	if (tw_failed(tw_parse_u64((struct tw_slice){ range.at, size }, UINT16_MAX, &from)))
		return false;
	to = from;
	if (hyphen && tw_failed(tw_parse_u64((struct tw_slice){ hyphen + 1, range.size - size - 1 }, UINT16_MAX, &to)))
		return false;
	return from <= port && port <= to;
}

static bool holds(struct tw_slice network, const struct tw_network *here)
{
	char word[TW_NETWORK_TEXT_MAX];
	struct tw_network n;

	(void)snprintf(word, sizeof word, TW_SLICE_FMT, TW_SLICE_ARG(network));
	return !tw_failed(tw_network_read(word, &n)) && tw_network_inside(here, &n);
}

static struct tw_slice next_word(const char **at)
{
	const struct tw_slice word = { *at, strcspn(*at, " ") };

	*at += word.size + strspn(*at + word.size, " ");
	return word;
}

static bool is_listed(const json_t *flow, const struct tw_network *here, unsigned port)
{
	const char *ports = tw_json_text(flow, "ports"), *networks = tw_json_text(flow, "networks");
	bool by_port = false, by_network = false;

	while (*ports)
		by_port |= has_port(next_word(&ports), port);
	while (*networks)
		by_network |= holds(next_word(&networks), here);
	return by_port && by_network && strcmp(tw_json_text(flow, "direction"), "in") != 0 && !tw_json_bool(flow, "declined") &&
		!strcmp(tw_json_text(flow, "protocol"), "tcp");
}

static bool lists(const json_t *flows, const struct tw_network *here, unsigned port)
{
	const json_t *flow;
	size_t i;

	json_array_foreach(flows, i, flow)
		if (is_listed(flow, here, port))
			return true;
	return false;
}

/* A port of this machine to which no flow leads. DENIED: there is none, or the address is not of this machine. */
static tw_err listen_unlisted(struct send *s)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer flows = { 0 };
	const struct tw_sys *sys = s->c->sys;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	const bool four = inet_pton(AF_INET, s->address, &v4.sin_addr) == 1;
	struct tw_network here;
	uint16_t random;

	TW_TRY(tw_order(s->c, "GET", FLOWS, &flows));
	TW_TRY(tw_network_read(s->address, &here));
	if (!four && inet_pton(AF_INET6, s->address, &v6.sin6_addr) != 1)
		return TW_RAISE(SYNTAX, "the device does not say from where it is asked");
	s->door.fd = sys->socket(sys, four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	for (int i = 0; i < TRIES && s->door.fd >= 0; i++) {
		if (sys->random(sys, &random, sizeof random))
			return TW_RAISE_ERRNO("randomness");
		s->door.port = FIRST_PORT + random % PORT_RANGE;
		v4.sin_port = v6.sin6_port = htons((uint16_t)s->door.port);
		if (!lists(tw_json_get(flows.body, "flows"), &here, s->door.port) &&
			!sys->bind(sys, s->door.fd, four ? (const void *)&v4 : (const void *)&v6, four ? sizeof v4 : sizeof v6))
			return sys->listen(sys, s->door.fd, 4) ? TW_RAISE_ERRNO("a door for the device to come to") : TW_OK;
	}
	return TW_RAISE(DENIED, "the device sees this machine at %s, where no port could be had that none of its flows leads to", s->address);
}

static tw_err count_dropped(struct tw_probe_context *c, int64_t *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer filter = { 0 };

	TW_TRY(tw_order(c, "GET", FILTER, &filter));
	*ret = tw_json_int(filter.body, "dropped_out");
	return TW_OK;
}

static tw_err send_device(struct send *s)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer begun = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char url[96];

	tw_buf_init(&pem, s->c->sys, 8192);
	TW_TRY(tw_cert_pem(s->door.ca, &pem));
	(void)snprintf(url, sizeof url, strchr(s->address, ':') ? "https://[%s]:%u/" : "https://%s:%u/", s->address, s->door.port);
	TW_TRY(tw_order_with(
		s->c, "POST", "/api/v1/outside-trials", json_pack("{s:s, s:s}", "url", url, "anchors", tw_buf_cstr(&pem)), &begun));
	(void)snprintf(s->task, sizeof s->task, "%s", tw_json_text(begun.body, "task"));
	return TW_OK;
}

/* Until it comes, or has counted what it dropped; for a while it is let come though something was counted, which may have been something else. */
static tw_err watch_it(struct send *s, bool *ret_came, bool *ret_counted)
{
	const int64_t begun = tw_now_ms(s->c->sys);
	int64_t now = 0;

	*ret_came = *ret_counted = false;
	do {
		tw_err e = tw_door_take(&s->door, tw_now_ms(s->c->sys) + TURN_MS);
		if (!tw_is(e, TW_CODE_TIMEOUT))
			TW_TRY(e);
		*ret_came = !tw_failed(e);
		TW_TRY(count_dropped(s->c, &now));
		*ret_counted = now > s->dropped;
		now = tw_now_ms(s->c->sys) - begun;
	} while (!*ret_came && now < TW_DOOR_WAIT_MS && !(*ret_counted && now > COME_MS));
	return TW_OK;
}

static tw_err judge_silence(struct send *s, bool counted)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer outputs = { 0 };

	TW_TRY(tw_order(s->c, "GET", "/api/v1/outputs", &outputs));
	if (!tw_json_bool(outputs.body, "destinations"))
		return tw_found(s->f, TW_VERDICT_FAIL, "Nothing arrived here, but it is not the device that sees to it: %.300s",
			tw_json_text(outputs.body, "why"));
	return counted
		? tw_found(s->f, TW_VERDICT_PASS,
			  "The device was told to connect to %.60s at port %u, to which no flow of its product leads: nothing arrived, and it "
			  "counted what it dropped.",
			  s->address, s->door.port)
		: tw_found(s->f, TW_VERDICT_INCONCLUSIVE,
			  "Nothing arrived here, and the device has not counted what it dropped: it may be that it sent nothing. Set "
			  "firewall.period to 1.");
}

static tw_err try_destination(struct send *s)
{
	bool came = false, counted = false;

	TW_TRY(tw_door_make(s->c->sys, &s->door));
	TW_TRY(listen_unlisted(s));
	TW_TRY(count_dropped(s->c, &s->dropped));
	TW_TRY(send_device(s));
	TW_TRY(watch_it(s, &came, &counted));
	return came ? tw_found(s->f, TW_VERDICT_FAIL, "The device came to %.60s at port %u, to which no flow of its product leads.",
			      s->address, s->door.port)
		    : judge_silence(s, counted);
}

static tw_err from_here(struct tw_probe_context *c, struct tw_person *p, struct tw_finding *f)
{
	struct send s = { .c = c, .f = f, .door = { .sys = c->sys, .fd = -1, .guest = -1 } };
	TW_CLEANUP(tw_answer_done) struct tw_answer account = { 0 };
	char path[96];

	TW_TRY(tw_person_make(c, "person", 0, p));
	TW_TRY(tw_person_comes(c, p));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", p->id);
	TW_TRY(tw_order(c, "GET", path, &account));
	(void)snprintf(s.address, sizeof s.address, "%s", tw_json_text(account.body, "login_from"));
	if (!strncmp(s.address, "127.", 4) || !strcmp(s.address, "::1"))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device talks to this machine without a network between them: run the assessment on another one.");
	tw_err e = try_destination(&s);
	tw_door_done(&s.door);
	if (s.task[0])
		tw_ignore(tw_probe_at(c, "DELETE", "tasks", s.task)); /* one that has ended is not there to be ended */
	return e;
}

/* @nist LA.IC.12: what goes to an unlisted destination does not arrive */
static tw_err drops_unlisted(struct tw_probe_context *c, struct tw_finding *f)
{
	return tw_person_with(c, f, from_here);
}

const struct tw_probe tw_probes_sends[] = {
	{ "LA.IC.12", "withholds-fields", TW_SOURCE_INSIDE,
		"Is a field that is withheld from a role left out of what it is answered?", withholds_fields, .intrusive = true },
	{ "LA.IC.12", "drops-unlisted", TW_SOURCE_OUTSIDE, "Does nothing of the device's arrive at a destination that its product does not list?",
		drops_unlisted, .intrusive = true, .waits = true },
	{},
};
