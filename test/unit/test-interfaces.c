/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at interfaces, taken one after another into a real device: what is listed, what is recorded, what is refused, and where memory ends. */
#include "lacking.h"

#include "device/interfaces/interfaces.h"
#include "device/platform/firewall-inside.h"

static struct tw_buf seen;

static int begin(void **state)
{
	tw_buf_init(&seen, tw_sys_real(), 1 + TW_WATCH_SEEN_MAX);
	if (world_make(&w))
		return -1;
	world_start_owned(&w);
	return 0;
}

static int end(void **state)
{
	tw_buf_done(&seen);
	return world_end(&w);
}

static void look(enum tw_watch_missed missed)
{
	tw_buf_clear(&seen);
	CHECK_OK(tw_buf_u8(&seen, (uint8_t)missed));
}

static void has(enum tw_watch_kind kind, const char *name, const char *state)
{
	const struct tw_watch_item i = { .kind = kind, .name = tw_slice_of(name), .what = TW_SLICE("ethernet"), .state = tw_slice_of(state) };

	CHECK_OK(tw_watch_item_write(&i, &seen));
}

static tw_err take_look(void)
{
	return tw_interfaces_take(device(), tw_buf_slice(&seen));
}

static json_t *answer(const char *path)
{
	json_t *j = NULL;

	CHECK_INT(tw_unit_request(w.unit, "GET", path, NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &j));
	return j;
}

/* "left up; right gone": those of the list, in its order. */
static void check_listed(const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer("/api/v1/interfaces?limit=300");
	char got[512] = "";
	size_t i;
	json_t *one;

	json_array_foreach(tw_json_get(j, "interfaces"), i, one)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %s", i ? "; " : "", tw_json_text(one, "name"),
			tw_json_bool(one, "present") ? tw_json_text(one, "state") : "gone");
	CHECK_TEXT(got, want);
}

static json_int_t count_events(const char *id)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer("/api/v1/log?limit=200");
	json_int_t count = 0;
	size_t i;
	json_t *one;

	json_array_foreach(tw_json_get(j, "records"), i, one)
		count += !strcmp(tw_json_text(one, "event"), id);
	return count;
}

static void test_looks(void **state)
{
	look(0);
	has(TW_WATCH_LINK, "left", "up");
	has(TW_WATCH_SOCKET, "left", "listening"); /* another kind: another interface */
	has(TW_WATCH_SOCKET, "left", "listening"); /* shared: the same */
	CHECK_OK(take_look());
	check_listed("left up; left listening");
	CHECK_INT(count_events("interface.appeared"), 0); /* what is there at the start */
	look(0);
	has(TW_WATCH_LINK, "left", "off");
	has(TW_WATCH_USB, "1-1", "authorized");
	CHECK_OK(take_look());
	check_listed("left off; left gone; 1-1 authorized");
	CHECK_INT(count_events("interface.appeared"), 1);
	CHECK_INT(count_events("interface.changed"), 1);
	CHECK_INT(count_events("interface.gone"), 1);
	look(0);
	has(TW_WATCH_LINK, "left", "off");
	has(TW_WATCH_SOCKET, "left", "listening");
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.appeared"), 2);
	CHECK_INT(count_events("interface.gone"), 2);
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.appeared") + count_events("interface.gone") + count_events("interface.changed"), 5);
}

/* What a source did not tell of has not gone. */
static void test_missed(void **state)
{
	look(0);
	has(TW_WATCH_LINK, "left", "up");
	has(TW_WATCH_SOCKET, "tcp", "listening");
	has(TW_WATCH_USB, "1-1", "authorized");
	CHECK_OK(take_look());
	look(TW_WATCH_NO_LINKS);
	CHECK_OK(take_look());
	check_listed("left up; tcp gone; 1-1 gone");
	look(TW_WATCH_NO_LINKS | TW_WATCH_FULL);
	has(TW_WATCH_SOCKET, "tcp", "listening");
	CHECK_OK(take_look());
	look(TW_WATCH_FULL | TW_WATCH_NO_SOCKETS); /* so many that there is no room: of the rest all is said */
	CHECK_OK(take_look());
	check_listed("left gone; tcp listening; 1-1 gone");
	look(TW_WATCH_FULL);
	has(TW_WATCH_LINK, "left", "up");
	has(TW_WATCH_SOCKET, "tcp", "listening");
	CHECK_OK(take_look());
	TW_CLEANUP(tw_jsonp) json_t *j = answer("/api/v1/interfaces");
	CHECK_TEXT(tw_json_text(j, "missed"), "what is beyond the longest list");
	CHECK(!tw_json_bool(j, "watched") && tw_json_text(j, "why")[0]); /* nobody watches in this harness */
}

static void test_refused(void **state)
{
	look(0);
	has(TW_WATCH_LINK, "left", "up");
	CHECK_OK(take_look());
	look(0);
	has(TW_WATCH_LINK, "right", "up");
	CHECK_OK(tw_buf_u8(&seen, 99));
	CHECK_ERR(take_look(), UNTRUSTED);
	check_listed("left up"); /* and nothing of it was taken */
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/interfaces/1", NULL, NULL), 200);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/interfaces/2", NULL, NULL), 404);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/interfaces/left", NULL, NULL), 404);
}

static void fill(enum tw_watch_kind kind, const char *word, int count)
{
	char name[32];

	look(0);
	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "%s%d", word, i);
		has(kind, name, "listening");
	}
	CHECK_OK(take_look());
}

/* What has gone makes room; what is there stays, and what finds no room is said to be missing. Events have a budget, and the rest is counted. */
static void test_bounds(void **state)
{
	struct tw_interfaces *f = device()->interfaces;

	fill(TW_WATCH_USB, "a", TW_INTERFACES_MAX);
	CHECK_INT(f->count, TW_INTERFACES_MAX);
	fill(TW_WATCH_USB, "a", TW_INTERFACES_MAX - 2);
	CHECK(!f->full);
	fill(TW_WATCH_USB, "b", 3);
	CHECK_INT(f->count, TW_INTERFACES_MAX);
	CHECK_INT(f->told, TW_INTERFACES_TOLD_MAX);
	CHECK_INT(f->untold, 2 + TW_INTERFACES_MAX - 2 + 3 - TW_INTERFACES_TOLD_MAX);
	CHECK_INT(count_events("interface.appeared") + count_events("interface.gone"), TW_INTERFACES_TOLD_MAX);
	CHECK_OK(tw_interfaces_tell_more(device()));
	CHECK_INT(count_events("interface.more"), 0); /* its minute is not over */
	f->minute_ms -= 60000;
	CHECK_OK(tw_interfaces_tell_more(device()));
	CHECK_INT(count_events("interface.more"), 1);
	CHECK_INT(f->untold, 0);
	fill(TW_WATCH_USB, "c", TW_INTERFACES_MAX + 1);
	CHECK(f->full);
	CHECK(f->untold > 0);
	f->minute_ms -= 60000;
	fill(TW_WATCH_USB, "d", 1); /* a flood that goes on is counted by the minute all the same */
	CHECK_INT(count_events("interface.more"), 2);
}

/* Whoever opens sockets without end leaves room for everything else, whichever came first and come back. */
static void test_sockets_have_their_half(void **state)
{
	struct tw_interfaces *f = device()->interfaces;

	fill(TW_WATCH_SOCKET, "a", TW_INTERFACES_SOCKETS);
	CHECK(!f->full);
	fill(TW_WATCH_SOCKET, "b", TW_INTERFACES_SOCKETS + 1);
	CHECK(f->full);
	look(0);
	for (int i = 0; i < 2 * TW_INTERFACES_SOCKETS; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "%c%d", i % 2 ? 'a' : 'b', i / 2);
		has(TW_WATCH_SOCKET, name, "listening");
	}
	for (int i = 0; i < 10; i++)
		has(TW_WATCH_USB, (char[]){ (char)('0' + i), '\0' }, "authorized");
	CHECK_OK(take_look());
	size_t sockets = 0, others = 0;
	for (size_t n = 0; n < f->count; n++) {
		sockets += f->of[n]->present && f->of[n]->kind == TW_WATCH_SOCKET;
		others += f->of[n]->present && f->of[n]->kind == TW_WATCH_USB;
	}
	CHECK_INT(sockets, TW_INTERFACES_SOCKETS);
	CHECK_INT(others, 10);
}

static unsigned halves; /* looks that were not taken whole, and are not known */

static int take_lacking(const void *what)
{
	tw_err e = tw_interfaces_take(device(), tw_buf_slice(&seen));

	CHECK(!tw_failed(e) || tw_is(e, TW_CODE_NOMEM));
	CHECK(tw_failed(e) || device()->interfaces->known);
	halves += !device()->interfaces->known;
	return tw_failed(e) ? 503 : 200;
}

/* Without memory nothing seems to have gone, and the next look has it all. */
static const struct tw_manifest_interface declared[] = {
	{ "lan", TW_MANIFEST_ETHERNET, "eth*", "The network.", true },
	{ "stick", TW_MANIFEST_USB, "1-1", "Backups.", true },
	{ "maintenance", TW_MANIFEST_SERIAL, "ttyS0", "Repair.", false },
	{ "names", TW_MANIFEST_SERVICE, "udp 5353", "Names.", true },
};
static struct tw_manifest with_declared;

static void declare(size_t count)
{
	with_declared = *device()->manifest;
	with_declared.interfaces = declared;
	with_declared.interface_count = count;
	device()->manifest = &with_declared;
}

/* "eth0 lan; ttyUSB0 no": as what each is declared. */
static void check_declared(const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer("/api/v1/interfaces?limit=300");
	char got[512] = "";
	size_t i;
	json_t *one;

	json_array_foreach(tw_json_get(j, "interfaces"), i, one)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %s", i ? "; " : "", tw_json_text(one, "name"),
			tw_json_text(one, "declared"));
	CHECK_TEXT(got, want);
}

static void test_what_is_not_declared(void **state)
{
	declare(TW_COUNT(declared));
	look(0);
	has(TW_WATCH_LINK, "eth0", "up");
	has(TW_WATCH_LINK, "wan0", "up");
	has(TW_WATCH_USB, "1-1", "authorized");
	has(TW_WATCH_USB, "1-1.2", "authorized");
	has(TW_WATCH_STORAGE, "eth1", "present"); /* the name is, of another kind */
	has(TW_WATCH_SOCKET, "udp 0.0.0.0:5353", "listening");
	has(TW_WATCH_SOCKET, "udp [::]:5353", "listening");
	has(TW_WATCH_SOCKET, "tcp 0.0.0.0:5353", "listening");
	has(TW_WATCH_SOCKET, "tcp 127.0.0.1:23", "listening");
	has(TW_WATCH_SOCKET, "udp [::1]:53", "listening");
	CHECK_OK(take_look());
	check_declared("eth0 lan; wan0 no; 1-1 stick; 1-1.2 no; eth1 no; udp 0.0.0.0:5353 names; udp [::]:5353 names; "
		       "tcp 0.0.0.0:5353 no; tcp 127.0.0.1:23 its own; udp [::1]:53 its own");
	CHECK_INT(count_events("interface.undeclared"), 4);
	CHECK_INT(count_events("interface.appeared"), 0);
}

static void has_listener(const char *name, const char *user)
{
	const struct tw_watch_item i = {
		.kind = TW_WATCH_SOCKET, .name = tw_slice_of(name), .what = tw_slice_of(user), .state = TW_SLICE("listening")
	};

	CHECK_OK(tw_watch_item_write(&i, &seen));
}

/* Whoever listens with the number of our port, and is not who opens ours, is not the device. */
static void test_only_our_own_port_is_ours(void **state)
{
	static struct tw_firewall firewall = { .listeners = { .ports = { 8443 }, .port_count = 1 } };
	char own[32];

	(void)snprintf(own, sizeof own, "user %u, ours", device()->own_uid);
	declare(1);
	look(0);
	has_listener("tcp 192.0.2.1:8443", "user 0, system.slice");
	has_listener("tcp 192.0.2.2:8443", own);
	has_listener("tcp 192.0.2.3:8443", "user 64999");
	has_listener("tcp 192.0.2.4:8443", "user 0x");
	has_listener("tcp 192.0.2.5:8443", "");
	has_listener("tcp 192.0.2.6:8444", "user 0");
	device()->firewall = &firewall;
	const tw_err e = take_look();
	device()->firewall = NULL;
	CHECK_OK(e);
	check_declared("tcp 192.0.2.1:8443 its own; tcp 192.0.2.2:8443 its own; tcp 192.0.2.3:8443 no; tcp 192.0.2.4:8443 no; tcp 192.0.2.5:8443 no; "
		       "tcp 192.0.2.6:8444 no");
}

/* Once for each time it appears: what becomes of it meanwhile is no news of that kind. */
static void test_undeclared_is_told_once(void **state)
{
	declare(1);
	for (int i = 0; i < 3; i++) {
		look(0);
		has(TW_WATCH_LINK, "eth0", "up");
		has(TW_WATCH_LINK, "wan0", i % 2 ? "up" : "off");
		CHECK_OK(take_look());
		CHECK_INT(count_events("interface.undeclared"), 1);
	}
	look(0);
	has(TW_WATCH_LINK, "eth0", "up");
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.undeclared"), 1);
	has(TW_WATCH_LINK, "wan0", "up");
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.undeclared"), 2);
	declare(TW_COUNT(declared));
	fill(TW_WATCH_USB, "b", TW_INTERFACES_MAX - 2); /* a flood of each has its budget */
	CHECK_INT(device()->interfaces->told, TW_INTERFACES_TOLD_MAX);
	CHECK_INT(device()->interfaces->told_undeclared, TW_INTERFACES_TOLD_MAX);
}

/* A port that opens and closes without end uses up what is recorded of its kind, and hides no link that should not be there. */
static void test_a_flood_hides_nothing_undeclared(void **state)
{
	declare(TW_COUNT(declared));
	look(0);
	CHECK_OK(take_look());
	for (int i = 0; i < 2 * TW_INTERFACES_TOLD_MAX; i++) {
		look(0);
		if (i % 2)
			has(TW_WATCH_SOCKET, "udp 0.0.0.0:5353", "listening");
		CHECK_OK(take_look());
	}
	CHECK_INT(device()->interfaces->told, TW_INTERFACES_TOLD_MAX);
	CHECK_INT(count_events("interface.undeclared"), 0);
	has(TW_WATCH_LINK, "wan0", "up");
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.undeclared"), 1);
}

/* A link that turns into another kind of thing under its name is not what is declared any more. */
static void test_it_becomes_another(void **state)
{
	const struct tw_watch_item i = {
		.kind = TW_WATCH_LINK, .name = TW_SLICE("eth0"), .what = TW_SLICE("wireless"), .state = TW_SLICE("up")
	};

	declare(1);
	look(0);
	has(TW_WATCH_LINK, "eth0", "up");
	CHECK_OK(take_look());
	CHECK_INT(count_events("interface.undeclared"), 0);
	look(0);
	CHECK_OK(tw_watch_item_write(&i, &seen));
	CHECK_OK(take_look());
	check_declared("eth0 no");
	CHECK_INT(count_events("interface.undeclared"), 1);
}

static void test_what_is_absent(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *without = answer("/api/v1/interfaces");

	CHECK(!tw_json_bool(without, "declares") && !tw_json_get(without, "undeclared") && !tw_json_get(without, "absent"));
	declare(TW_COUNT(declared));
	look(0);
	has(TW_WATCH_LINK, "eth0", "up");
	has(TW_WATCH_LINK, "wan0", "up");
	CHECK_OK(take_look());
	device()->interfaces->role = TW_INTERFACES_HERE; /* only a role that watches knows what is not there */
	TW_CLEANUP(tw_jsonp) json_t *j = answer("/api/v1/interfaces");
	device()->interfaces->role = TW_INTERFACES_AWAY;
	TW_CLEANUP(tw_jsonp) json_t *want = json_pack("[s, s]", "stick", "names"); /* not what is off as delivered */
	CHECK(tw_json_bool(j, "declares") && json_equal(tw_json_get(j, "absent"), want));
	CHECK_INT(tw_json_int(j, "undeclared"), 1);
	TW_CLEANUP(tw_jsonp) json_t *unwatched = answer("/api/v1/interfaces");
	CHECK_INT(json_array_size(tw_json_get(unwatched, "absent")), 0);
}

static void test_no_memory(void **state)
{
	declare(1);
	for (long n = 1;; n++) {
		look(0);
		has(TW_WATCH_LINK, "left", n % 2 ? "up" : "off");
		has(TW_WATCH_USB, n % 2 ? "1-1" : "1-2", "authorized");
		(void)ask_without(take_lacking, NULL, n);
		bool fired = memory.fired;
		CHECK_OK(take_look());
		const struct tw_interfaces *f = device()->interfaces;
		CHECK(f->of[0]->present && !strcmp(f->of[0]->state, n % 2 ? "up" : "off"));
		if (!fired)
			break;
	}
	CHECK(halves > 0);
}

#define ON_A_DEVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)
CHECK_MAIN(ON_A_DEVICE(test_looks), ON_A_DEVICE(test_missed), ON_A_DEVICE(test_refused), ON_A_DEVICE(test_bounds),
	ON_A_DEVICE(test_sockets_have_their_half), ON_A_DEVICE(test_what_is_not_declared), ON_A_DEVICE(test_undeclared_is_told_once),
	ON_A_DEVICE(test_a_flood_hides_nothing_undeclared), ON_A_DEVICE(test_only_our_own_port_is_ours),
	ON_A_DEVICE(test_it_becomes_another), ON_A_DEVICE(test_what_is_absent), ON_A_DEVICE(test_no_memory))
