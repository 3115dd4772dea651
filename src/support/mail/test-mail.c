/* SPDX-License-Identifier: Apache-2.0 */
/* What the mail role is told and says, what is configured, which addresses are nobody's business, and what an answer means. */
#include "support/mail/deliver.h"
#include "support/mail/public.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <arpa/inet.h>

#define SERVER "'server':'mail.lamps.example','port':465,'tls':'implicit','from':'psirt@lamps.example'"

/* With ' for " */
static struct tw_slice json(const char *text)
{
	static char made[4096];

	(void)snprintf(made, sizeof made, "%s", text);
	for (char *c = made; *c; c++)
		if (*c == '\'')
			*c = '"';
	return tw_slice_of(made);
}

static void test_config(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: it is right */
	} rows[] = {
		{ "", NULL },
		{ "{}", NULL },
		{ "{" SERVER "}", NULL },
		{ "{" SERVER ",'user':'desk','name':'L\xc3\xa4mpchen'}", NULL },
		{ "{'server':'127.0.0.1','port':25,'tls':'none','from':'a@b.example'}", NULL },
		{ "{'server':'::1','port':25,'tls':'none','from':'a@b.example'}", NULL },
		{ "{'webhook_networks':['10.0.0.0/8','2001:db8::/32']}", NULL },
		{ "{'server':'mail.lamps.example'}", "all there" },
		{ "{'port':25,'tls':'none','from':'a@b.example'}", "all there" },
		{ "{'user':'desk'}", "without a server" },
		{ "{'server':'127.0.0.2','port':25,'tls':'none','from':'a@b.example'}", "only when" },
		{ "{'server':'localhost.lamps.example','port':25,'tls':'none','from':'a@b.example'}", "only when" },
		{ "{'server':'a','port':25,'tls':'TLS','from':'a@b.example'}", "implicit" },
		{ "{'server':'a/b','port':25,'tls':'starttls','from':'a@b.example'}", "host" },
		{ "{'server':'a@b','port':25,'tls':'starttls','from':'a@b.example'}", "host" },
		{ "{'server':'-a','port':25,'tls':'starttls','from':'a@b.example'}", "host" },
		{ "{'server':'a','port':0,'tls':'starttls','from':'a@b.example'}", "port" },
		{ "{'server':'a','port':65536,'tls':'starttls','from':'a@b.example'}", "port" },
		{ "{'server':'a','port':25,'tls':'starttls','from':'a'}", "from" },
		{ "{" SERVER ",'name':'a\\nb'}", "one line" },
		{ "{" SERVER ",'user':'a\\u0001'}", "one line" },
		{ "{" SERVER ",'password':'x'}", "password" },
		{ "{'webhook_networks':['10.0.0.1/8']}", "network" },
		{ "{'webhook_networks':[1]}", "texts" },
		{ "{'webhook_networks':'10.0.0.0/8'}", "webhook_networks" },
		{ "{'webhook_networks':['1.0.0.0/8','2.0.0.0/8','3.0.0.0/8','4.0.0.0/8','5.0.0.0/8','6.0.0.0/8','7.0.0.0/8','8.0.0.0/8','9.0.0.0/8',"
		  "'11.0.0.0/8','12.0.0.0/8','13.0.0.0/8','14.0.0.0/8','15.0.0.0/8','16.0.0.0/8','17.0.0.0/8','18.0.0.0/8']}",
			"more than" },
		{ "[]", "" },
		{ "{", "" },
	};
	struct tw_mail_config c;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_mail_config_parse(json(rows[i].text), &c);

		if (tw_failed(e) != (rows[i].why != NULL) || (rows[i].why && !strstr(tw_err_detail(), rows[i].why)))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "it was taken");
	}
	CHECK_OK(tw_mail_config_parse(json("{" SERVER ",'user':'desk','webhook_networks':['10.0.0.0/8']}"), &c));
	CHECK_TEXT(c.server, "mail.lamps.example");
	CHECK(c.port == 465 && c.tls == TW_MAIL_TLS_IMPLICIT && c.network_count == 1 && c.networks[0].bits == 8);
	CHECK_TEXT(c.user, "desk");
	CHECK_TEXT(c.from, "psirt@lamps.example");
}

static tw_err parse_config(const struct tw_sys *sys, void *user)
{
	struct tw_mail_config c;

	return tw_mail_config_parse(*(struct tw_slice *)user, &c);
}

static void test_config_without_memory(void **state)
{
	struct tw_slice text = json("{" SERVER ",'user':'desk','webhook_networks':['10.0.0.0/8']}");

	oom_sweep(parse_config, &text);
}

static void test_password(void **state)
{
	static char longest[TW_MAIL_PASSWORD_MAX + 2];
	struct tw_slice p;

	CHECK_OK(tw_mail_password_parse(TW_SLICE("a b\n"), &p));
	CHECK(tw_slice_is(p, "a b"));
	CHECK_OK(tw_mail_password_parse(TW_SLICE("a"), &p));
	CHECK_ERR(tw_mail_password_parse(TW_SLICE(""), &p), SYNTAX);
	CHECK_ERR(tw_mail_password_parse(TW_SLICE("\n"), &p), SYNTAX);
	CHECK_ERR(tw_mail_password_parse(TW_SLICE("a\nb\n"), &p), SYNTAX);
	CHECK_ERR(tw_mail_password_parse(TW_SLICE("a\r\n"), &p), SYNTAX);
	CHECK_ERR(tw_mail_password_parse(TW_SLICE("a\0b"), &p), SYNTAX);
	memset(longest, 'p', TW_MAIL_PASSWORD_MAX);
	CHECK_OK(tw_mail_password_parse(tw_slice_of(longest), &p));
	longest[TW_MAIL_PASSWORD_MAX] = 'p';
	CHECK_ERR(tw_mail_password_parse(tw_slice_of(longest), &p), SYNTAX);
}

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage s = { .ss_family = AF_INET6 };

	if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&s)->sin6_addr) != 1) {
		s.ss_family = AF_INET;
		CHECK_INT(inet_pton(AF_INET, text, &((struct sockaddr_in *)&s)->sin_addr), 1);
	}
	return s;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool open;
	} rows[] = {
		{ "0.0.0.0", false },
		{ "9.255.255.255", true },
		{ "10.0.0.0", false },
		{ "10.255.255.255", false },
		{ "11.0.0.0", true },
		{ "100.63.255.255", true },
		{ "100.64.0.1", false },
		{ "100.127.255.255", false },
		{ "100.128.0.0", true },
		{ "127.0.0.1", false },
		{ "127.255.255.254", false },
		{ "169.254.169.254", false },
		{ "172.15.255.255", true },
		{ "172.16.0.1", false },
		{ "172.31.255.255", false },
		{ "172.32.0.0", true },
		{ "192.0.0.1", false },
		{ "192.0.2.1", false },
		{ "192.168.0.1", false },
		{ "192.169.0.1", true },
		{ "198.17.255.255", true },
		{ "198.18.0.1", false },
		{ "198.19.255.255", false },
		{ "198.20.0.0", true },
		{ "198.51.100.7", false },
		{ "203.0.113.7", false },
		{ "223.255.255.255", true },
		{ "224.0.0.1", false },
		{ "239.255.255.250", false },
		{ "240.0.0.1", false },
		{ "255.255.255.255", false },
		{ "8.8.8.8", true },
		{ "::", false },
		{ "::1", false },
		{ "::ffff:127.0.0.1", false },
		{ "::ffff:10.0.0.1", false },
		{ "::ffff:8.8.8.8", true },
		{ "::7f00:1", false },
		{ "64:ff9b::7f00:1", false },
		{ "64:ff9b:1::a00:1", false },
		{ "100::1", false },
		{ "1fff::1", false },
		{ "2000::1", true },
		{ "2001::1", false },
		{ "2001:1ff::1", false },
		{ "2001:200::1", true },
		{ "2001:db8::1", false },
		{ "2002:7f00:1::", false },
		{ "2600::1", true },
		{ "3fff::1", false },
		{ "4000::1", false },
		{ "fc00::1", false },
		{ "fd00::1", false },
		{ "fe80::1", false },
		{ "fec0::1", false },
		{ "ff02::1", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct sockaddr_storage s = address(rows[i].address);

		if (tw_address_public((const struct sockaddr *)&s) != rows[i].open)
			fail_msg("%s", rows[i].address);
	}
	const struct sockaddr local = { .sa_family = AF_UNIX };
	CHECK(!tw_address_public(&local) && !tw_address_loopback(&local));
}

static void test_networks(void **state)
{
	static const struct {
		const char *address;
		bool within, here;
	} rows[] = {
		{ "10.1.2.3", true, false }, { "10.2.0.0", false, false }, { "::ffff:10.1.0.1", true, false },
		{ "fd00:1::1", true, false }, { "fd00:2::1", false, false }, { "127.9.9.9", false, true },
		{ "::ffff:127.0.0.1", false, true }, { "::1", false, true }, { "a01::", false, false }, /* the same bytes in the other family */
	};
	struct tw_network n[2];

	CHECK_OK(tw_network_read("10.1.0.0/16", &n[0]));
	CHECK_OK(tw_network_read("fd00:1::/32", &n[1]));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct sockaddr_storage s = address(rows[i].address);

		if (tw_address_within((const struct sockaddr *)&s, n, 2) != rows[i].within ||
			tw_address_loopback((const struct sockaddr *)&s) != rows[i].here)
			fail_msg("%s", rows[i].address);
	}
}

static void test_what_an_answer_means(void **state)
{
	static const struct {
		const char *command;
		long code;
		enum tw_mail_end end;
	} rows[] = {
		{ "", 0, TW_MAIL_SERVER },
		{ "", 454, TW_MAIL_SERVER },
		{ "", 535, TW_MAIL_SERVER },
		{ "", 554, TW_MAIL_SERVER },
		{ "MAIL", 452, TW_MAIL_SERVER },
		{ "MAIL", 550, TW_MAIL_SERVER },
		{ "MAIL", 530, TW_MAIL_SERVER },
		{ "RCPT", 421, TW_MAIL_SERVER },
		{ "RCPT", 450, TW_MAIL_LATER },
		{ "RCPT", 550, TW_MAIL_REFUSED },
		{ "RCPT", 530, TW_MAIL_SERVER },
		{ "DATA", 451, TW_MAIL_LATER },
		{ "DATA", 554, TW_MAIL_REFUSED },
		{ "body", 452, TW_MAIL_LATER },
		{ "body", 552, TW_MAIL_REFUSED },
		{ "body", 354, TW_MAIL_SERVER },
		{ "body", 600, TW_MAIL_SERVER },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_deliver_judge_smtp(rows[i].command, rows[i].code) != rows[i].end)
			fail_msg("%s %ld", rows[i].command, rows[i].code);
	CHECK_INT(tw_deliver_judge_http(200), TW_MAIL_SENT);
	CHECK_INT(tw_deliver_judge_http(299), TW_MAIL_SENT);
	CHECK_INT(tw_deliver_judge_http(199), TW_MAIL_LATER);
	CHECK_INT(tw_deliver_judge_http(302), TW_MAIL_LATER);
	CHECK_INT(tw_deliver_judge_http(404), TW_MAIL_LATER);
	CHECK_INT(tw_deliver_judge_http(410), TW_MAIL_REFUSED);
	CHECK_INT(tw_deliver_judge_http(500), TW_MAIL_LATER);
}

static struct tw_mail_job hook(void)
{
	return (struct tw_mail_job){ .kind = TW_MAIL_HOOK,
		.now_ms = 1790000000000,
		.to = TW_SLICE("https://lamps.example/"),
		.id = TW_SLICE("k"),
		.signature = TW_SLICE("v1,x"),
		.text = TW_SLICE("{}") };
}

static tw_err there_and_back(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_mail_job back;

	tw_buf_init(&b, sys, TW_CHANNEL_MAX);
	TW_TRY(tw_mail_job_write(user, &b));
	return tw_mail_job_read(tw_buf_slice(&b), &back);
}

static void test_jobs(void **state)
{
	const struct tw_mail_job check = { .kind = TW_MAIL_CHECK };
	struct tw_mail_job bad[10];
	size_t n = 0;

#define BAD(field, value)               \
	do {                            \
		bad[n] = hook();        \
		bad[n++].field = value; \
	} while (0)
	BAD(kind, TW_MAIL_KINDS);
	BAD(kind, TW_MAIL_LETTER); /* with a signature */
	BAD(kind, TW_MAIL_CHECK);  /* with texts */
	BAD(to, TW_SLICE(""));
	BAD(to, TW_SLICE("https://lamps.example/\r\nX: y"));
	BAD(id, TW_SLICE(""));
	BAD(signature, TW_SLICE(""));
	BAD(signature, TW_SLICE("v1,x\n"));
	BAD(text, TW_SLICE(""));
	BAD(now_ms, -1);
#undef BAD
	struct tw_mail_job good = hook();
	CHECK_OK(there_and_back(tw_sys_real(), &good));
	CHECK_OK(there_and_back(tw_sys_real(), (void *)(uintptr_t)&check));
	for (size_t i = 0; i < n; i++)
		if (!tw_failed(there_and_back(tw_sys_real(), &bad[i])))
			fail_msg("row %zu was taken", i);
	sweep_is_strict = true;
	oom_sweep(there_and_back, &good);
}

static void test_answers(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_mail_done d;

	tw_buf_init(&b, tw_sys_real(), 300);
	CHECK_OK(tw_mail_done_write(&(struct tw_mail_done){ TW_MAIL_LATER, 451, TW_SLICE("busy") }, &b));
	CHECK_OK(tw_mail_done_read(tw_buf_slice(&b), &d));
	CHECK(d.end == TW_MAIL_LATER && d.code == 451 && tw_slice_is(d.words, "busy"));
	CHECK_ERR(tw_mail_done_read(TW_SLICE("\x09\x00\x00"), &d), SYNTAX);
	CHECK_ERR(tw_mail_done_read(TW_SLICE("\x01\xff\x00"), &d), SYNTAX);
	CHECK_ERR(tw_mail_done_read(TW_SLICE("\x01\x00"), &d), SYNTAX);
	CHECK_ERR(tw_mail_done_read(TW_SLICE("\x01\x00\x01"
					     "a\nb"),
			  &d),
		SYNTAX);
}

/* Nothing of it comes to a connection: no server is named, an address is none, a name that no server knows. */
static void test_without_a_network(void **state)
{
	static const struct tw_name_servers nobody;
	static const struct tw_mail_config none;
	struct tw_delivery d = { .sys = tw_sys_real(), .servers = &nobody, .config = &none, .job = hook() };

	d.job.kind = TW_MAIL_LETTER;
	tw_deliver(&d);
	CHECK_INT(d.end, TW_MAIL_UNCONFIGURED);
	CHECK_TEXT(d.words, "no mail server named");
	d.job = hook();
	tw_deliver(&d);
	CHECK_INT(d.end, TW_MAIL_LATER);
	CHECK(strstr(d.words, "names no server") != NULL);
	d.job.to = TW_SLICE("https://user@lamps.example/");
	tw_deliver(&d);
	CHECK_INT(d.end, TW_MAIL_REFUSED);
	d.job.to = TW_SLICE("http://lamps.example/");
	tw_deliver(&d);
	CHECK_INT(d.end, TW_MAIL_REFUSED);
	d.job = (struct tw_mail_job){
		.kind = TW_MAIL_FORM, .to = TW_SLICE("https://localhost:1"), .id = TW_SLICE("k"), .text = TW_SLICE("x")
	};
	tw_deliver(&d); /* the site may be in a private network only when mail.json names it */
	CHECK_INT(d.end, TW_MAIL_LATER);
	CHECK(strstr(d.words, "private") != NULL);
	d.job.to = TW_SLICE("mailto:x@lamps.example");
	tw_deliver(&d);
	CHECK_INT(d.end, TW_MAIL_REFUSED);
	d.job = hook();
	static const char *const private[] = { "https://localhost/", "https://127.0.0.1/", "https://[::1]/",
		"https://[::ffff:10.0.0.1]/", "https://2130706433/", "https://0x7f.1/", "https://0/", "https://169.254.169.254/latest" };
	for (size_t i = 0; i < TW_COUNT(private); i++) {
		d.job.to = tw_slice_of(private[i]);
		tw_deliver(&d);
		/* What a name leads to is one answer, and may be another one tomorrow. */
		if (d.end != (i == 0 ? TW_MAIL_LATER : TW_MAIL_REFUSED) || !strstr(d.words, "private"))
			fail_msg("%s: %d %s", private[i], d.end, d.words);
	}
}

CHECK_MAIN(cmocka_unit_test(test_config), cmocka_unit_test(test_config_without_memory), cmocka_unit_test(test_password),
	cmocka_unit_test(test_addresses), cmocka_unit_test(test_networks), cmocka_unit_test(test_what_an_answer_means),
	cmocka_unit_test(test_jobs), cmocka_unit_test(test_answers), cmocka_unit_test(test_without_a_network))
