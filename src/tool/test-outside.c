/* SPDX-License-Identifier: Apache-2.0 */
/* What a device tells strangers is read, whatever it is; and each verdict of an assessment from outside turns with the one thing it is about. */
#include "tool/outside/judge.h"
#include "tool/outside/told.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

static void test_ports(void **state)
{
	static const char *const bad[] = { "", "0", "65536", "5-4", "1-", "-5", "1,,2", "http", "80 ", "1-2-3", NULL };
	struct tw_port_set s;

	CHECK_OK(tw_ports_parse("22,80,8000-8002", &s));
	CHECK_INT(tw_ports_count(&s), 5);
	CHECK(tw_port_has(&s, 8002) && !tw_port_has(&s, 8003) && !tw_port_has(&s, 0));
	CHECK_OK(tw_ports_parse("all", &s));
	CHECK_INT(tw_ports_count(&s), 65535);
	for (size_t i = 0; bad[i]; i++)
		CHECK_ERR(tw_ports_parse(bad[i], &s), SYNTAX);
}

static void test_hosts(void **state)
{
	static const char *const bad[] = { "", "host.example", "192.0.2.256", "::1%no-such-link", "192.0.2.1:80", NULL };
	struct tw_host h;

	CHECK_OK(tw_host_parse("192.0.2.7", &h));
	CHECK_INT(tw_host_at(&h, 443).at.v4.sin_port, htons(443));
	CHECK_OK(tw_host_parse("2001:db8::7", &h));
	CHECK_INT(tw_host_at(&h, 443).at.v6.sin6_port, htons(443));
	for (size_t i = 0; bad[i]; i++)
		CHECK_ERR(tw_host_parse(bad[i], &h), SYNTAX);
}

static void test_speech(void **state)
{
	static const struct {
		const char *said;
		enum tw_speech speech;
	} rows[] = { { "", TW_SPEECH_NONE }, { "HTTP/1.0 200 OK\r\n", TW_SPEECH_HTTP }, { "SSH-2.0-dropbear\r\n", TW_SPEECH_SSH },
		{ "SSH-1.5-x\r\n", TW_SPEECH_OTHER }, { "\xff\xfd\x01", TW_SPEECH_TELNET }, { "box Login: ", TW_SPEECH_TELNET },
		{ "220 FTP server\r\n", TW_SPEECH_FTP }, { "220 mail.example ESMTP\r\n", TW_SPEECH_OTHER }, { "x", TW_SPEECH_OTHER } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_speech_of(tw_slice_of(rows[i].said)), rows[i].speech);
}

static void test_http(void **state)
{
	struct tw_port_seen p = { 0 };

	tw_http_read(TW_SLICE("HTTP/1.1 401 No\r\nwww-authenticate: BASIC realm=x\r\n\r\n"), &p);
	CHECK(p.status == 401 && p.basic && !p.form);
	tw_http_read(TW_SLICE("HTTP/1.1 200 OK\r\n\r\nWWW-Authenticate: Basic <input type=\"password\">"), &p);
	CHECK(p.status == 200 && !p.basic && p.form);
	tw_http_read(TW_SLICE("HTTP/1.1 301 Go\r\nLocation: https://x/\r\n\r\n"), &p);
	CHECK(p.goes_to_https && !p.form);
	tw_http_read(TW_SLICE("HTTP/1.1 301 Go\r\nLocation: http://x/?to=\r\n\r\n https://"), &p);
	CHECK(!p.goes_to_https);
	tw_http_read(TW_SLICE("HTTP/1.1 "), &p);
	CHECK(!p.goes_to_https && !p.basic);
}

static void test_doors(void **state)
{
	static const struct {
		const char *said;
		enum tw_door door;
	} rows[] = { { "", TW_DOOR_UNSURE }, { "Welcome\r\nlogin: ", TW_DOOR_NAME }, { "User:", TW_DOOR_NAME },
		{ "Password: ", TW_DOOR_PASSWORD }, { "BusyBox\r\n# ", TW_DOOR_OPEN }, { "user@box:~$ ", TW_DOOR_OPEN },
		{ "Login incorrect\r\nlogin: ", TW_DOOR_NAME }, { "Access denied.\r\n> ", TW_DOOR_UNSURE },
		{ "0 failed logins\r\n# ", TW_DOOR_UNSURE }, { "Password incorrect.\r\n", TW_DOOR_SHUT },
		{ "Hello.\r\n", TW_DOOR_UNSURE } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_door_of(tw_slice_of(rows[i].said)), rows[i].door);
	CHECK_INT(tw_known_pairs_count, 62);
}

/* One answer: _http._tcp.local PTR Cam._http._tcp.local, with compression, and its TXT. */
static const uint8_t answer[] = { 0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5, '_', 'h', 't', 't', 'p', 4, '_', 't', 'c', 'p', 5, 'l',
	'o', 'c', 'a', 'l', 0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 6, 3, 'C', 'a', 'm', 0xc0, 12, 0xc0, 40, 0, 16, 0, 1, 0, 0, 0, 9, 0, 10,
	9, 's', 'n', '=', '4', 'F', '2', 'A', '-', '1' };

static void test_mdns(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf told = { 0 }, question = { 0 };
	static struct tw_services next;

	tw_buf_init(&told, tw_sys_real(), TW_TOLD_MAX);
	tw_buf_init(&question, tw_sys_real(), 512);
	CHECK_OK(tw_mdns_read((struct tw_slice){ (const char *)answer, sizeof answer }, &told, &next));
	CHECK(strstr(tw_buf_cstr(&told), "_http._tcp.local PTR Cam._http._tcp.local\n"));
	CHECK(strstr(tw_buf_cstr(&told), "TXT sn=4F2A-1\n"));
	CHECK_INT(next.count, 1);
	CHECK_OK(tw_mdns_question(next.name[0], &question));
	CHECK_ERR(tw_mdns_read(tw_buf_slice(&question), &told, &next), SYNTAX);
	for (size_t size = 0; size < sizeof answer; size++) /* every cut is refused, or told as far as it went */
		CHECK_ERR(tw_mdns_read((struct tw_slice){ (const char *)answer, size }, &told, &next), SYNTAX);
	tw_buf_clear(&told);
	CHECK_OK(tw_ssdp_read(TW_SLICE("HTTP/1.1 200 OK\r\nUSN: uuid:1\r\n\r\n"), &told));
	CHECK_TEXT(tw_buf_cstr(&told), "SSDP HTTP/1.1 200 OK\nSSDP USN: uuid:1\n");
	CHECK_ERR(tw_ssdp_read(TW_SLICE("NOTIFY * HTTP/1.1\r\n"), &told), SYNTAX);
}

/* A device in which all is well, and what is wrong with it in each row. */
static enum tw_verdict verdict_of(const struct tw_outside *o, const char *name)
{
	struct tw_finding f = { .verdict = TW_VERDICTS };
	const struct tw_outside_check *c = tw_outside_checks;

	while (strcmp(c->name, name) != 0)
		c++;
	CHECK_OK(c->judge(o, &f));
	json_decref(f.seen);
	return f.verdict;
}

static void good(struct tw_outside *o, struct tw_port_seen *p)
{
	*p = (struct tw_port_seen){ .number = 443,
		.speech = TW_SPEECH_HTTP,
		.basic = true,
		.status = 401,
		.tls = { .spoken = true,
			.accepts = { false, false, true, true },
			.strength = 128,
			.signature = "ecdsa-with-SHA256",
			.certificate = "CN = device",
			.not_before_s = 10,
			.not_after_s = 1000 } };
	p->said_size = (size_t)snprintf(p->said, sizeof p->said, "HTTP/1.1 401 No");
	*o = (struct tw_outside){
		.logins = { .tried = true, .doors = 1, .refused = 1 }, .has_declared = true, .own = { "4f2a-0017" }, .own_count = 1, .now_s = 500
	};
	tw_seen_init(&o->seen, tw_sys_real());
	o->seen.port = p;
	o->seen.port_count = 1;
	o->seen.scan = (struct tw_scan){ .asked = 65535, .opened = 1, .closed = 65534 };
	tw_port_add(&o->seen.scan.open, 443);
	tw_port_add(&o->declared, 443);
}

static void bad_identity(struct tw_outside *o)
{
	(void)snprintf(o->seen.port[0].tls.certificate, sizeof o->seen.port[0].tls.certificate, "DNS:cam-4f:2a:00:17.local");
}

static void bad_mac(struct tw_outside *o)
{
	CHECK_OK(tw_buf_text(&o->seen.told, "x TXT mac=02:42:ac:11:00:02\n"));
}

static void bad_key(struct tw_outside *o)
{
	o->seen.port[0].tls.strength = 80;
}

static void bad_signature(struct tw_outside *o)
{
	(void)snprintf(o->seen.port[0].tls.signature, sizeof o->seen.port[0].tls.signature, "RSA-SHA1");
}

static void bad_time(struct tw_outside *o)
{
	o->now_s = 1001;
}

static void bad_version(struct tw_outside *o)
{
	o->seen.port[0].tls.accepts[1] = true;
}

static void bad_suite(struct tw_outside *o)
{
	(void)snprintf(o->seen.port[0].tls.weak, sizeof o->seen.port[0].tls.weak, "NULL-SHA256");
}

static void bad_plain(struct tw_outside *o)
{
	o->seen.port[0].tls.spoken = false;
}

static void bad_login(struct tw_outside *o)
{
	(void)snprintf(o->logins.opened, sizeof o->logins.opened, "port 443 (as admin)");
}

static void bad_port(struct tw_outside *o)
{
	tw_port_add(&o->seen.scan.open, 23);
}

static void dark(struct tw_outside *o)
{
	o->seen.scan = (struct tw_scan){ .asked = 100, .silent = 100 };
	o->seen.port_count = 0;
}

/* It hung up on who came back: nothing of it is known. */
static void gone(struct tw_outside *o)
{
	o->seen.port[0] = (struct tw_port_seen){ .number = 443, .gone = true };
	(void)snprintf(o->logins.unreached, sizeof o->logins.unreached, "port 443");
	o->seen.scan.asked = 10;
}

static void untold(struct tw_outside *o)
{
	o->own_count = 0;
	o->has_declared = false;
	o->logins.tried = false;
	o->seen.scan.opened = 70;
}

static void test_each_verdict_turns(void **state)
{
	static const char *const all[] = { "outside-identity", "outside-certificates", "outside-tls", "outside-plain",
		"outside-logins", "outside-ports" };
	static const struct {
		void (*wrong)(struct tw_outside *o);
		const char *check;
	} rows[] = { { bad_identity, "outside-identity" }, { bad_mac, "outside-identity" }, { bad_key, "outside-certificates" },
		{ bad_signature, "outside-certificates" }, { bad_time, "outside-certificates" }, { bad_version, "outside-tls" },
		{ bad_suite, "outside-tls" }, { bad_plain, "outside-plain" }, { bad_login, "outside-logins" },
		{ bad_port, "outside-ports" } };
	static struct tw_outside o;
	static struct tw_port_seen p;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		good(&o, &p);
		for (size_t k = 0; k < TW_COUNT(all); k++)
			CHECK_INT(verdict_of(&o, all[k]), TW_VERDICT_PASS);
		rows[i].wrong(&o);
		for (size_t k = 0; k < TW_COUNT(all); k++) {
			bool turns = !strcmp(all[k], rows[i].check);
			if (rows[i].wrong == bad_plain && strncmp(all[k], "outside-p", 9) != 0)
				continue; /* without TLS there is nothing of it to judge */
			CHECK_INT(verdict_of(&o, all[k]), turns ? TW_VERDICT_FAIL : TW_VERDICT_PASS);
		}
		o.seen.port = NULL;
		tw_seen_done(&o.seen);
	}
}

/* What was not seen is never called good. */
static void test_nothing_seen_is_nothing_good(void **state)
{
	void (*const ways[])(struct tw_outside *) = { dark, untold, gone };
	static const char *const checks[] = { "outside-identity", "outside-plain", "outside-logins", "outside-ports", "outside-tls",
		"outside-certificates" };
	static struct tw_outside o;
	static struct tw_port_seen p;

	for (size_t i = 0; i < TW_COUNT(ways); i++) {
		good(&o, &p);
		ways[i](&o);
		for (size_t k = 0; k < TW_COUNT(checks); k++)
			CHECK_INT(verdict_of(&o, checks[k]), TW_VERDICT_INCONCLUSIVE);
		o.seen.port = NULL;
		tw_seen_done(&o.seen);
	}
}

/* Each call of the seam fails in turn: an error or a poorer picture, and no descriptor or memory is left. */
static void test_every_call_fails_once(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long n = 1; fired && n < 400; n++) {
		static struct tw_seen s;
		struct tw_port_set ports;

		tw_seen_init(&s, tw_fake_sys(f));
		CHECK_OK(tw_host_parse("127.0.0.1", &s.host));
		CHECK_OK(tw_ports_parse("1-3", &ports));
		tw_fake_fail(f, n, n % 2 ? ENOMEM : EIO, false);
		tw_err e = tw_scan_ports(tw_fake_sys(f), &s.host, &ports, NULL, NULL, &s.scan);
		if (!tw_failed(e))
			e = tw_look_at_ports(tw_fake_sys(f), &s, NULL, NULL);
		if (!tw_failed(e))
			tw_ignore(tw_ask_services(tw_fake_sys(f), &s));
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		tw_seen_done(&s);
	}
	CHECK(!fired);
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_ports), cmocka_unit_test(test_hosts), cmocka_unit_test(test_speech), cmocka_unit_test(test_http),
	cmocka_unit_test(test_doors), cmocka_unit_test(test_mdns), cmocka_unit_test(test_each_verdict_turns),
	cmocka_unit_test(test_nothing_seen_is_nothing_good), cmocka_unit_test(test_every_call_fails_once))
