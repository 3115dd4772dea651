/* SPDX-License-Identifier: Apache-2.0 */
/* Links of the manufacturer's own: what the program of one says, what it is told, and what is made of one that lies, hangs, floods or ends. */
#include "lacking.h"
#include "one-line.h"
#include "one-world.h"

#include "device/interfaces/interfaces.h"
#include "device/platform/link.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define SONAR 64024
#define LIST "/api/v1/interfaces?limit=300"

static struct tw_manifest manifest;
static struct tw_manifest_provider providers[4];
static int64_t now;
static struct tw_errands_side side;
static int hands = -1;

static struct tw_context *context(void)
{
	return &device()->context;
}

static void pass(int64_t ms)
{
	now += ms;
	world_at(&w, WORLD_WALL + now, now);
}

static void settle(void *user)
{
}

/* A device whose roles.tab has a line for links: without it no list may name one. That role is not begun here. */
static void give_roles(void)
{
	static const struct tw_channel_row none[] = { { 0 } };
	int pair[2];

	side = (struct tw_errands_side){ .sys = tw_sys_real(), .loop = event_base_new(), .settle = settle, .context = context() };
	CHECK(side.loop);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	hands = pair[1];
	CHECK_OK(tw_channel_new(side.sys, pair[0], none, &side.hands));
	CHECK_OK(tw_errands_new(&side, "links,parts,", &device()->errands));
	device()->own_uid = 4711;
}

/* The harness's product, with the program of a link in the place of its badge reader. */
static int set_up(void **state)
{
	if (set_up_owned(state))
		return -1;
	manifest = *device()->manifest;
	memcpy(providers, manifest.providers, sizeof providers);
	providers[2] = (struct tw_manifest_provider){ "sonar", "The acoustic modem.", TW_MANIFEST_LINK, SONAR };
	manifest.providers = providers;
	device()->manifest = &manifest;
	now = WORLD_BOOT + 60 * MINUTE;
	pass(0);
	give_roles();
	return 0;
}

static int end(void **state)
{
	hang_up();
	device()->errands = tw_errands_free(device()->errands);
	side.hands = tw_channel_free(side.hands);
	event_base_free(side.loop);
	(void)close(hands);
	return tear_down(state);
}

static void come(void)
{
	if (join(SONAR, "sonar", false))
		fail_msg("the program of the link was not let in");
}

/* Why it was refused, "" when it was taken, or the error that ends its connection. */
static const char *says_as(enum tw_app_link_state state, const char *technology, const char *driver)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *rule = NULL;

	tw_buf_init(&b, tw_sys_real(), 200);
	CHECK_OK(tw_buf_u8(&b, (uint8_t)state));
	CHECK_OK(tw_buf_block16(&b, technology, strlen(technology)));
	CHECK_OK(tw_buf_block16(&b, driver, strlen(driver)));
	tw_err e = tw_link_says(device(), line.here, tw_buf_slice(&b), &rule);
	return tw_failed(e) ? tw_code_name(e.code) : rule ? rule : "";
}

static const char *says(enum tw_app_link_state state)
{
	return says_as(state, "acoustic modem", "sonar 1.2");
}

static void set(const char *key, const char *value)
{
	CHECK_OK(tw_setting_set(context(), tw_setting_find(context(), key), value, -1, "test"));
}

static void job(void)
{
	CHECK_OK(tw_own_job(context()));
}

/* What it was told since: a digit each. */
static const char *told(void)
{
	static char all[16];
	struct tw_message m;
	size_t n = 0;

	while (n + 1 < sizeof all && !tw_failed(tw_channel_receive(line.there, &m))) {
		CHECK_INT(m.type, TW_APP_LINK_MAY);
		all[n++] = m.payload.at[0] ? '1' : '0';
	}
	all[n] = '\0';
	return all;
}

static void check_listed(const char *state, const char *off)
{
	char want[200];

	(void)snprintf(want, sizeof want,
		"\"name\":\"sonar\",\"off\":%s,\"present\":true,\"state\":\"%s\",\"what\":\"acoustic modem\"", off, state);
	check_as(NULL, "GET", LIST, NULL, 200, want);
	check_as(NULL, "GET", LIST, NULL, 200, "\"declared\":\"sonar\",\"driver\":\"sonar 1.2\"");
}

static void check_unsettled(const char *words)
{
	const char *why = tw_own_unsettled(context());

	if (words ? !why || !strstr(why, words) : why != NULL)
		fail_msg("unsettled: %s, wanted %s", why ? why : "no", words ? words : "no");
}

/* How many records of an event have these words in their fields. */
static size_t events(const char *id, const char *words)
{
	json_t *j = NULL, *one;
	size_t i, count = 0;

	check_as(NULL, "GET", "/api/v1/log?limit=200", NULL, 200, NULL);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &j));
	json_array_foreach(tw_json_get(j, "records"), i, one) {
		char *fields = json_dumps(tw_json_get(one, "fields"), JSON_COMPACT | JSON_SORT_KEYS);

		count += !strcmp(tw_json_text(one, "event"), id) && fields && strstr(fields, words);
		free(fields);
	}
	json_decref(j);
	return count;
}

/* @nist LA.IC.14.4: it is in the list with technology, driver and state, is told that it has to be off, and that it may be on again */
static void test_it_is_listed_and_obeys(void **state)
{
	CHECK_INT(tw_own_due_ms(context()), -1);
	come();
	CHECK_INT(tw_own_due_ms(context()), -1); /* it has not said what it is */
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	CHECK_INT(tw_own_due_ms(context()), 0);
	job();
	CHECK_TEXT(told(), "1");
	CHECK_INT(tw_own_due_ms(context()), -1);
	check_listed("up", "false");
	CHECK_TEXT(says(TW_APP_LINK_DOWN), "");
	check_listed("down", "false");
	CHECK_INT(events("interface.changed", "\"from\":\"up\",\"kind\":\"link\",\"name\":\"sonar\",\"to\":\"down\""), 1);

	set("interfaces.off-normal", "link:so*");
	CHECK_INT(tw_own_due_ms(context()), 0);
	job();
	CHECK_TEXT(told(), "0");
	check_unsettled("is being switched off");
	CHECK(strstr(tw_control_unsettled(context(), "interfaces.mode"), "switched"));
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	check_unsettled(NULL);
	check_listed("off", "true");
	job();
	CHECK_TEXT(told(), "");
	CHECK_INT(tw_own_due_ms(context()), -1);

	/* Somebody switches it on: that is told, and it is told anew. */
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	CHECK_INT(events("interface.held", "\"kind\":\"link\",\"name\":\"sonar\""), 1);
	CHECK_INT(tw_own_due_ms(context()), 0);
	job();
	CHECK_TEXT(told(), "0");
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	CHECK_INT(events("interface.held", ""), 1); /* it was not off in between */
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");

	set("interfaces.off-normal", "link:son");
	job();
	CHECK_TEXT(told(), "1");
	check_unsettled(NULL);
	check_listed("off", "false"); /* whether it is on is its own */
	set("interfaces.off-lockdown", "link:sonar radio:*");
	set("interfaces.mode", "lockdown");
	job();
	CHECK_TEXT(told(), "0");
}

/* Silent: it is told again, the list is not in force, and that is recorded once. */
static void test_one_that_does_not_obey(void **state)
{
	come();
	set("interfaces.off-normal", "link:sonar");
	check_unsettled("is not here"); /* of what has said nothing */
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	job();
	CHECK_TEXT(told(), "0");
	CHECK_INT(tw_own_due_ms(context()), 5000);
	pass(4999);
	job();
	CHECK_TEXT(told(), "");
	CHECK_INT(events("interface.unheld", ""), 0);
	pass(1);
	job();
	CHECK_TEXT(told(), "0");
	check_unsettled("does not switch it off");
	CHECK_INT(events("interface.unheld", "does not switch it off"), 1);
	for (int i = 0; i < 3; i++) {
		pass(5000);
		job();
		CHECK_TEXT(told(), "0");
	}
	CHECK_INT(events("interface.unheld", ""), 1);
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	CHECK_INT(tw_own_due_ms(context()), 0); /* that it is well again */
	job();
	CHECK_INT(tw_own_due_ms(context()), -1);
	check_as(NULL, "GET", "/api/v1/capabilities?limit=300", NULL, 200, "\"LA.IC.14.4\"");
}

/* Gone: the link is listed as one that nobody watches, and is not held to be off; it comes, and is told anew. */
static void test_one_that_ends(void **state)
{
	come();
	set("interfaces.off-normal", "link:sonar");
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	job();
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	job();
	check_unsettled(NULL);
	hang_up();
	CHECK_INT(events("provider.gone", "sonar"), 1);
	CHECK_INT(events("interface.changed", "\"from\":\"off\",\"kind\":\"link\",\"name\":\"sonar\",\"to\":\"unwatched\""), 1);
	check_listed("unwatched", "true");
	check_unsettled("is not here");
	job();
	pass(5000);
	CHECK_INT(tw_own_due_ms(context()), 0);
	job();
	CHECK_INT(events("interface.unheld", "is not here"), 1);
	CHECK_INT(tw_own_due_ms(context()), -1);
	come();
	check_listed("unwatched", "true"); /* until it says */
	hang_up();
	CHECK_INT(events("interface.changed", "unwatched"), 1);
	come();
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	CHECK_INT(tw_own_due_ms(context()), 0);
	job();
	CHECK_TEXT(told(), "0"); /* though it is off: it may not know why */
	check_unsettled(NULL);
}

/* Flooding: what is too much is refused, and its state is not known until it is heard again; what it has recorded is bounded. */
static void test_one_that_floods(void **state)
{
	size_t taken = 0, refused = 0;

	come();
	for (int i = 0; i < 1000; i++) {
		const char *rule = says(i % 2 ? TW_APP_LINK_UP : TW_APP_LINK_DOWN);

		taken += !*rule;
		refused += !strcmp(rule, "link.often");
	}
	CHECK_INT(taken, TW_LINK_AT_ONCE);
	CHECK_INT(refused, 1000 - TW_LINK_AT_ONCE);
	check_listed("unknown", "false");
	CHECK_INT(events("interface.changed", "sonar"), TW_LINK_AT_ONCE);
	set("interfaces.off-normal", "link:sonar");
	check_unsettled("");
	hang_up();
	come(); /* coming again earns nothing */
	CHECK_TEXT(says(TW_APP_LINK_OFF), "link.often");
	check_listed("unwatched", "true");
	pass(TW_LINK_EACH_MS);
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	check_listed("off", "true");
	CHECK_TEXT(says(TW_APP_LINK_OFF), "link.often");
	check_listed("unknown", "true");
	CHECK_INT(events("interface.held", ""), 0); /* nobody knows that it is on */
}

/* Lying: a name that is not its own, a word that is none, and who drives no link. */
static void test_one_that_lies(void **state)
{
	CHECK_TEXT(join(SONAR + 1, "sonar", false), "provider.user");
	CHECK_TEXT(says(TW_APP_LINK_UP), "link.user"); /* refused, and so it is none */
	CHECK(!join((uid_t)providers[0].uid, providers[0].name, false));
	CHECK_TEXT(says(TW_APP_LINK_UP), "link.user");
	come();
	CHECK_TEXT(says(TW_APP_LINK_STATES), "SYNTAX");
	CHECK_TEXT(says_as(TW_APP_LINK_UP, "", "d"), "SYNTAX");
	CHECK_TEXT(says_as(TW_APP_LINK_UP, "a\nb", "d"), "SYNTAX");
	check_as(NULL, "GET", LIST, NULL, 200, "\"interfaces\":[]");
	CHECK_TEXT(says(TW_APP_LINK_UP), "");

	/* It has a name that the kernel gives another one: both are there, and the look of the watch role takes none away. */
	TW_CLEANUP(tw_buf_done) struct tw_buf seen = { 0 };
	const struct tw_watch_item i = { TW_WATCH_LINK, tw_slice_of("sonar"), tw_slice_of("ethernet"), tw_slice_of("e1000"),
		tw_slice_of(""), tw_slice_of("up") };
	tw_buf_init(&seen, tw_sys_real(), 512);
	CHECK_OK(tw_buf_u8(&seen, 0));
	CHECK_OK(tw_watch_item_write(&i, &seen));
	CHECK_OK(tw_interfaces_take(device(), tw_buf_slice(&seen)));
	check_as(NULL, "GET", LIST, NULL, 200, "\"count\":2");
	CHECK_TEXT(says_as(TW_APP_LINK_DOWN, "another", "e1000"), "");
	seen.size = 1;
	CHECK_OK(tw_interfaces_take(device(), tw_buf_slice(&seen)));
	check_as(NULL, "GET", LIST, NULL, 200, "\"count\":1");
	check_as(NULL, "GET", LIST, NULL, 200, "\"what\":\"another\"");
	CHECK_INT(events("interface.gone", "sonar"), 1);
}

/* One that does not read what it is told is told again when there is room. */
static void test_one_that_does_not_read(void **state)
{
	come();
	CHECK_TEXT(says(TW_APP_LINK_OFF), "");
	for (int i = 0; i < 10000 && !device()->interfaces->own.of[2].owed; i++) {
		set("interfaces.off-normal", i % 2 ? "" : "link:sonar");
		job();
	}
	CHECK(device()->interfaces->own.of[2].owed);
	CHECK(tw_own_due_ms(context()) == 5000);
	struct tw_message m;
	while (!tw_failed(tw_channel_receive(line.there, &m)))
		;
	pass(5000);
	job();
	CHECK_TEXT(told(), tw_own_has_off(context(), 2) ? "0" : "1");
	CHECK_INT(tw_own_due_ms(context()), -1);
}

/* What there was no memory for is taken later. */
static void test_without_memory(void **state)
{
	come();
	CHECK_TEXT(says(TW_APP_LINK_UP), "");
	memory.own = context()->sys;
	memory.sys = *context()->sys;
	memory.sys.alloc = lacking_alloc;
	memory.until = 1;
	context()->sys = &memory.sys;
	const char *rule = says(TW_APP_LINK_DOWN);
	context()->sys = memory.own;
	CHECK(memory.fired);
	CHECK_TEXT(rule, "");
	check_listed("up", "false");
	job();
	check_listed("up", "false");
	CHECK(tw_own_due_ms(context()) == 1000);
	pass(1000);
	job();
	check_listed("down", "false");
	CHECK_INT(tw_own_due_ms(context()), -1);
	CHECK_INT(events("interface.changed", "\"to\":\"down\""), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, end)

CHECK_MAIN(T(test_it_is_listed_and_obeys), T(test_one_that_does_not_obey), T(test_one_that_ends), T(test_one_that_floods),
	T(test_one_that_lies), T(test_one_that_does_not_read), T(test_without_memory))
