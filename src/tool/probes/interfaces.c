/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of interfaces. Whether what a device says of its links follows them is only seen by one that somebody there takes down and
 * up again, and names; without that these probes say that it watches, and not that it sees.
 */
#include "tool/probes/probe.h"

#define LIST "/api/v1/interfaces?limit=300"
#define LOG "/api/v1/log?limit=200"

static const json_t *link_of(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (!strcmp(tw_json_text(one, "kind"), "link") && !strcmp(tw_json_text(one, "name"), name))
			return one;
	return NULL;
}

/* Is this record that the link came to a state, or left it? */
static bool is_change(const json_t *record, const char *link, const char *key)
{
	const json_t *fields = json_object_get(record, "fields");

	return !strcmp(tw_json_text(record, "event"), "interface.changed") && !strcmp(tw_json_text(fields, "kind"), "link") &&
		!strcmp(tw_json_text(fields, "name"), link) && !strcmp(tw_json_text(fields, "what"), "state") &&
		!strcmp(tw_json_text(fields, key), "up");
}

/* The newest first: it came up, and before that it had gone down. */
static bool went_and_came(const json_t *records, const char *link)
{
	bool came = false;
	size_t i;
	json_t *one;

	json_array_foreach(records, i, one) {
		if (!came && is_change(one, link, "from"))
			return false;
		if (came && is_change(one, link, "from"))
			return true;
		came = came || is_change(one, link, "to");
	}
	return false;
}

static tw_err judge(struct tw_probe_context *c, const json_t *list, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer log = { 0 };
	const json_t *link = link_of(list, c->link);

	if (!link || !tw_json_bool(link, "present"))
		return tw_found(f, TW_VERDICT_FAIL, "%.40s was named as a link of the device, which does not list it.", c->link);
	TW_TRY(tw_saw(f, "what", tw_json_text(link, "what")));
	TW_TRY(tw_saw(f, "driver", tw_json_text(link, "driver")));
	TW_TRY(tw_saw(f, "state", tw_json_text(link, "state")));
	if (strcmp(tw_json_text(link, "what"), "ethernet") != 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device says that %.40s is no Ethernet link. Name one that is.", c->link);
	if (!tw_json_text(link, "driver")[0] || strcmp(tw_json_text(link, "state"), "up") != 0)
		return tw_found(f, TW_VERDICT_FAIL, "%.40s is up again, and the device says '%.40s', by the driver '%.40s'.",
			c->link, tw_json_text(link, "state"), tw_json_text(link, "driver"));
	tw_err e = tw_order(c, "GET", LOG, &log);
	if (tw_failed(e))
		return tw_found_trouble(f, "The log", e);
	if (!went_and_came(json_object_get(log.body, "records"), c->link))
		return tw_found(f, TW_VERDICT_FAIL, "The last records of the device do not tell that %.40s went down and came up.", c->link);
	return tw_found(f, TW_VERDICT_PASS,
		"The device lists %.40s as an Ethernet link with its driver, tells that it went down and came up, and says that it is up.",
		c->link);
}

/* @nist LA.IC.14.3: state and events follow the link */
static tw_err follows_a_link(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e = tw_order_all(c, LIST, "interfaces", &answer);

	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!tw_json_bool(answer.body, "watched"))
		return tw_found(f, TW_VERDICT_FAIL, "The device does not watch its interfaces: %.200s", tw_json_text(answer.body, "why"));
	if (!c->link)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device lists its interfaces. Whether that follows them is seen by one: "
			"take an Ethernet link of its down and up, and name it with --link NAME.");
	return judge(c, json_object_get(answer.body, "interfaces"), f);
}

/* The first link that lacks its technology, driver or state; NULL: each has them. */
static const json_t *first_bare(const json_t *list, size_t *ret_links)
{
	static const char *const keys[] = { "what", "driver", "state" };
	size_t i;
	json_t *one;

	*ret_links = 0;
	json_array_foreach(list, i, one) {
		if (strcmp(tw_json_text(one, "kind"), "link") != 0 || !tw_json_bool(one, "present") ||
			!strcmp(tw_json_text(one, "what"), "loopback"))
			continue;
		++*ret_links;
		for (size_t k = 0; k < TW_COUNT(keys); k++)
			if (!tw_json_text(one, keys[k])[0])
				return one;
	}
	return NULL;
}

static tw_err judge_inventory(struct tw_probe_context *c, const json_t *list, struct tw_finding *f)
{
	size_t links = 0;
	const json_t *bare = first_bare(list, &links), *named = c->link ? link_of(list, c->link) : NULL;

	if (bare)
		return tw_found(f, TW_VERDICT_FAIL, "The link %.40s is listed without its technology, its driver or its state.",
			tw_json_text(bare, "name"));
	if (!c->link)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device lists %zu links, each with technology, driver and state. "
			"Whether these are so is seen by one: name a link that the device has with --link NAME.",
			links);
	if (!tw_json_bool(named, "present"))
		return tw_found(f, TW_VERDICT_FAIL, "%.40s was named as a link of the device, which does not list it.", c->link);
	TW_TRY(tw_saw(f, "what", tw_json_text(named, "what")));
	TW_TRY(tw_saw(f, "driver", tw_json_text(named, "driver")));
	TW_TRY(tw_saw(f, "state", tw_json_text(named, "state")));
	return tw_found(f, TW_VERDICT_PASS,
		"The device lists %.40s (%.40s, by the driver %.40s, %.20s), and %zu links in all, each with technology, driver and state.",
		c->link, tw_json_text(named, "what"), tw_json_text(named, "driver"), tw_json_text(named, "state"), links);
}

/* @nist LA.IC.14: each link with technology, state and driver */
static tw_err lists_links(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e = tw_order_all(c, LIST, "interfaces", &answer);

	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!tw_json_bool(answer.body, "watched") || strstr(tw_json_text(answer.body, "missed"), "links"))
		return tw_found(f, TW_VERDICT_FAIL, "The device does not see all its links: %.200s",
			tw_json_bool(answer.body, "watched") ? "it says itself that some are missing" : tw_json_text(answer.body, "why"));
	return judge_inventory(c, json_object_get(answer.body, "interfaces"), f);
}

/* --- What the list of the mode has off: one that somebody there names --- */

/* A radio is named by its type, any other by its name. */
static const json_t *named(const json_t *list, const char *kind, const char *name)
{
	const char *key = strcmp(kind, "radio") == 0 ? "what" : "name";
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (tw_json_bool(one, "present") && !strcmp(tw_json_text(one, "kind"), kind) && !strcmp(tw_json_text(one, key), name))
			return one;
	return NULL;
}

static bool is_state_of(const json_t *record, const json_t *one)
{
	const json_t *fields = json_object_get(record, "fields");

	return !strcmp(tw_json_text(record, "event"), "interface.changed") && !strcmp(tw_json_text(fields, "what"), "state") &&
		!strcmp(tw_json_text(fields, "kind"), tw_json_text(one, "kind")) &&
		!strcmp(tw_json_text(fields, "name"), tw_json_text(one, "name"));
}

/* The newest that its state came to, of all that is recorded, was this; a record of the list being in force is there as well. */
static bool is_told_off(const json_t *records, const json_t *one, const char *off)
{
	bool in_force = false;
	const char *newest = NULL;
	size_t i;
	json_t *r;

	json_array_foreach(records, i, r) {
		in_force = in_force || !strcmp(tw_json_text(r, "event"), "interface.policy");
		if (!newest && is_state_of(r, one))
			newest = tw_json_text(json_object_get(r, "fields"), "to");
	}
	return in_force && newest && !strcmp(newest, off);
}

struct off {
	const char *kind, *state; /* what it is, and is said to be while it is off */
};

static tw_err judge_off(struct tw_probe_context *c, const struct off *off, const json_t *body, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer log = { 0 };
	const char *name = c->off + strlen(off->kind) + 1;
	const json_t *one = named(json_object_get(body, "interfaces"), off->kind, name);

	if (!one)
		return tw_found(f, TW_VERDICT_FAIL, "The device lists no %s %.40s.", off->kind, name);
	TW_TRY(tw_saw(f, "what", tw_json_text(one, "what")));
	TW_TRY(tw_saw(f, "driver", tw_json_text(one, "driver")));
	TW_TRY(tw_saw(f, "state", tw_json_text(one, "state")));
	TW_TRY(tw_saw(f, "declared", tw_json_text(one, "declared")));
	if (!strcmp(off->kind, "link") &&
		(!tw_json_text(one, "driver")[0] || !tw_json_text(one, "declared")[0] ||
			!strcmp(tw_json_text(one, "declared"), "no") || !strcmp(tw_json_text(one, "declared"), "its own")))
		return tw_found(f, TW_VERDICT_FAIL, "%.40s is listed without a driver, or is no link that the product declares.", name);
	if (!tw_json_bool(one, "off") || !tw_json_bool(body, "held"))
		return tw_found(f, TW_VERDICT_FAIL, "The list of the device's mode does not have %.40s off, or is not in force: %.120s",
			name, tw_json_text(body, "unheld"));
	if (strcmp(tw_json_text(one, "state"), off->state) != 0)
		return tw_found(f, TW_VERDICT_FAIL, "%.40s is to be off, and is '%.40s'.", name, tw_json_text(one, "state"));
	tw_err e = tw_order(c, "GET", LOG, &log);
	if (tw_failed(e))
		return tw_found_trouble(f, "The log", e);
	if (!is_told_off(json_object_get(log.body, "records"), one, off->state))
		return tw_found(f, TW_VERDICT_FAIL,
			"The last records of the device do not tell that its list is in force and %.40s went off.", name);
	return tw_found(f, TW_VERDICT_PASS,
		"%.40s is listed with its technology and driver, its list has it off, and its state and the log say that it went off.",
		name);
}

static tw_err obeys(struct tw_probe_context *c, const struct off *off, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const size_t size = strlen(off->kind);
	tw_err e = tw_order_all(c, LIST, "interfaces", &answer);

	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!tw_json_bool(answer.body, "watched"))
		return tw_found(f, TW_VERDICT_FAIL, "The device does not watch its interfaces: %.200s", tw_json_text(answer.body, "why"));
	if (!c->off || strncmp(c->off, off->kind, size) != 0 || c->off[size] != ':')
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Whether one goes off is seen by one: switch a %s off by the list of the mode (interfaces.off-normal), and name it with --off %s:NAME.",
			off->kind, off->kind);
	return judge_off(c, off, answer.body, f);
}

/* @nist LA.IC.13: a radio is listed with its type, and is off when the list says so */
static tw_err radio_obeys(struct tw_probe_context *c, struct tw_finding *f)
{
	return obeys(c, &(struct off){ "radio", "blocked" }, f);
}

/* @nist LA.IC.14.4: a link that the product declares is listed with its driver, and is off when the list says so */
static tw_err link_obeys(struct tw_probe_context *c, struct tw_finding *f)
{
	return obeys(c, &(struct off){ "link", "off" }, f);
}

static bool is_of_unit(char c)
{
	return c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@", c);
}

/* Is it said there, from border to border? "anacron.service" is not cron's. */
static bool names_unit(const char *what, const char *name, const char *end)
{
	const size_t size = strlen(name);

	for (const char *at = strstr(what, name); at && *at; at = strstr(at + 1, name))
		if ((at == what || !is_of_unit(at[-1])) && strncmp(at + size, end, strlen(end)) == 0 &&
			!is_of_unit(at[size + strlen(end)]))
			return true;
	return false;
}

/* Which socket still listens that the kernel made for its unit; NULL: none. */
static const char *socket_of(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one) {
		const char *what = tw_json_text(one, "what");

		if (tw_json_bool(one, "present") && !strcmp(tw_json_text(one, "kind"), "socket") &&
			(names_unit(what, name, ".service") || names_unit(what, name, ".socket")))
			return tw_json_text(one, "name");
	}
	return NULL;
}

/* @nist LA.IC.6: a service is off when the list says so, and nothing listens for it */
static tw_err service_obeys(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	TW_TRY(obeys(c, &(struct off){ "service", "off" }, f));
	if (f->verdict != TW_VERDICT_PASS)
		return TW_OK;
	tw_err e = tw_order_all(c, LIST, "interfaces", &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	const char *name = c->off + strlen("service:"), *listens = socket_of(json_object_get(answer.body, "interfaces"), name);

	if (listens)
		return tw_found(f, TW_VERDICT_FAIL, "%.60s is to be off, and %.60s still listens for it.", name, listens);
	return tw_found(f, TW_VERDICT_PASS,
		"%.60s is listed, its list has it off, its state and the log say that it went off, and nothing listens for it.", name);
}

/* --- What is plugged in or built in --- */

static const json_t *any_named(const json_t *list, const char *kind, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (!strcmp(tw_json_text(one, "kind"), kind) && !strcmp(tw_json_text(one, "name"), name))
			return one;
	return NULL;
}

/* "camera:video0=platform/vivid/vivid.0": its driver is taken away, so that nothing has its name any more. */
static bool is_taken(const json_t *body, const char *word)
{
	const size_t size = strlen(word);
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(body, "taken"), i, one) {
		const char *said = json_string_value(one);

		if (said && strncmp(said, word, size) == 0 && said[size] == '=')
			return true;
	}
	return false;
}

/* The newest that is told of it: that it has gone, or is not authorized, as it came or since. */
static bool is_told_away(const json_t *records, const char *kind, const char *name)
{
	size_t i;
	json_t *r;

	json_array_foreach(records, i, r) {
		const json_t *fields = json_object_get(r, "fields");
		const char *event = tw_json_text(r, "event");

		if (strcmp(tw_json_text(fields, "kind"), kind) != 0 || strcmp(tw_json_text(fields, "name"), name) != 0)
			continue;
		if (!strcmp(event, "interface.gone"))
			return strcmp(kind, "usb") != 0;
		if (!strcmp(event, "interface.appeared"))
			return !strcmp(tw_json_text(fields, "state"), "not authorized");
		if (!strcmp(event, "interface.changed") && !strcmp(tw_json_text(fields, "what"), "state"))
			return !strcmp(tw_json_text(fields, "to"), "not authorized");
	}
	return false;
}

static bool is_in_force(const json_t *records)
{
	size_t i;
	json_t *r;

	json_array_foreach(records, i, r)
		if (!strcmp(tw_json_text(r, "event"), "interface.policy"))
			return true;
	return false;
}

static tw_err judge_part(struct tw_probe_context *c, const char *kind, const json_t *body, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer log = { 0 };
	const char *name = c->off + strlen(kind) + 1;
	const json_t *one = any_named(json_object_get(body, "interfaces"), kind, name);
	const bool there = tw_json_bool(one, "present"), is_usb = strcmp(kind, "usb") == 0;

	TW_TRY(tw_saw(f, "state", one ? tw_json_text(one, "state") : ""));
	if (!tw_json_bool(body, "held"))
		return tw_found(f, TW_VERDICT_FAIL, "The list of the device's mode is not in force: %.200s", tw_json_text(body, "unheld"));
	if (is_usb && (!there || !tw_json_bool(one, "off")))
		return tw_found(f, TW_VERDICT_FAIL, "The list of the device's mode does not have usb %.40s off, or it is not there.", name);
	if (is_usb && strcmp(tw_json_text(one, "state"), "not authorized") != 0)
		return tw_found(f, TW_VERDICT_FAIL, "usb %.40s is to be off, and is '%.40s'.", name, tw_json_text(one, "state"));
	if (!is_usb && (there || !is_taken(body, c->off)))
		return tw_found(f, TW_VERDICT_FAIL, "%.60s %s.", c->off,
			there ? "is there" : "is not among those whose driver is taken away");
	tw_err e = tw_order(c, "GET", LOG, &log);
	if (tw_failed(e))
		return tw_found_trouble(f, "The log", e);
	const json_t *records = json_object_get(log.body, "records");
	if (!is_in_force(records) || !is_told_away(records, kind, name))
		return tw_found(f, TW_VERDICT_FAIL,
			"The last records of the device do not tell that its list is in force and %.60s went off.", c->off);
	return tw_found(f, TW_VERDICT_PASS,
		"The list of the device's mode has %.60s off; the kernel says that it is, and the log that it went off.", c->off);
}

/* By one of these kinds that somebody there names. */
static tw_err kind_obeys(struct tw_probe_context *c, const char *const kinds[], const char *words, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	size_t i = 0;

	while (kinds[i] && (!c->off || strncmp(c->off, kinds[i], strlen(kinds[i])) != 0 || c->off[strlen(kinds[i])] != ':'))
		i++;
	if (!kinds[i])
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Whether one goes off is seen by one: switch %s off by the list of the mode (interfaces.off-normal), and name it with --off.",
			words);
	if (strcmp(kinds[i], "link") == 0)
		return obeys(c, &(struct off){ "link", "off" }, f);
	tw_err e = tw_order_all(c, LIST, "interfaces", &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!tw_json_bool(answer.body, "watched"))
		return tw_found(f, TW_VERDICT_FAIL, "The device does not watch its interfaces: %.200s", tw_json_text(answer.body, "why"));
	return judge_part(c, kinds[i], answer.body, f);
}

/* @nist LA.IC.2: a part is off when the list says so */
static tw_err part_obeys(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const kinds[] = { "usb", "serial", "camera", "microphone", NULL };

	return kind_obeys(c, kinds, "something on USB (usb:1-1), a camera, a microphone or a serial line", f);
}

/* Whoever is nobody there changes what is off. */
static tw_err stranger_is_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	tw_err e = tw_ask(c, &tw_asker_stranger, "GET", "/api/v1/settings/interfaces.mode", &answer);

	if (tw_failed(e))
		return tw_found_trouble(f, "Asking as a stranger", e);
	if (answer.status < 400)
		return tw_found(f, TW_VERDICT_FAIL, "A stranger reads what is off, where only administrators may change it: %ld.",
			(long)answer.status);
	return TW_OK;
}

/* @nist LA.IC.3: a link, USB or a serial line is off when the list says so, and strangers have no say in it */
static tw_err unneeded_is_off(struct tw_probe_context *c, struct tw_finding *f)
{
	static const char *const kinds[] = { "usb", "serial", NULL };

	TW_TRY(kind_obeys(c, kinds, "something on USB (usb:1-1) or a serial line", f));
	return f->verdict == TW_VERDICT_PASS ? stranger_is_refused(c, f) : TW_OK;
}

const struct tw_probe tw_probes_interfaces[] = {
	{ "LA.IC.2", "part-obeys-off", TW_SOURCE_INSIDE, "Is a part off when it is to be?", part_obeys },
	{ "LA.IC.3", "unneeded-is-off", TW_SOURCE_INSIDE, "Is what is not needed off, and is that for administrators to say?", unneeded_is_off },
	{ "LA.IC.6", "service-obeys-off", TW_SOURCE_INSIDE, "Is a service off when it is to be, and does nothing listen for it?", service_obeys },
	{ "LA.IC.13", "radio-obeys-off", TW_SOURCE_INSIDE, "Is a radio listed with its type, and off when it is to be?", radio_obeys },
	{ "LA.IC.14", "lists-links", TW_SOURCE_INSIDE, "Is each link listed with its technology, driver and state?", lists_links },
	{ "LA.IC.14.3", "follows-a-link", TW_SOURCE_INSIDE, "Do state and events follow an Ethernet link?", follows_a_link },
	{ "LA.IC.14.4", "obeys-off", TW_SOURCE_INSIDE, "Is a link that the product declares listed, and off when it is to be?", link_obeys },
	{},
};
