/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the owner's certificate: which of them front answers to, whom it shows the certificate, and what it takes from core. */
#include "service/front/test-front.h"

#include "crypto/dnsnames.h"

#define UNDER(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define SERVED "HTTP/1.1 200 "
#define MISDIRECTED "HTTP/1.1 421 "

/* The status of a request under that name, on a connection of its own that asks for the name `asked` (NULL: none). */
static bool answers(struct run *r, const char *asked, const char *request, const char *want)
{
	struct client c;

	client_open(&c);
	if (asked)
		CHECK_INT(SSL_set_tlsext_host_name(c.ssl, asked), 1);
	bool ok = exchange(r, &c, request, want);
	client_close(&c);
	step(r);
	return ok;
}

static bool shows(struct run *r, const char *asked, const struct tw_buf *der)
{
	struct client c;
	unsigned char *at = NULL;

	client_open(&c);
	if (asked)
		CHECK_INT(SSL_set_tlsext_host_name(c.ssl, asked), 1);
	CHECK(exchange(r, &c, UNDER("127.0.0.1"), SERVED));
	X509 *x = SSL_get0_peer_certificate(c.ssl);
	int size = x ? i2d_X509(x, &at) : 0;
	bool same = size > 0 && (size_t)size == der->size && memcmp(at, der->data, der->size) == 0;
	OPENSSL_free(at);
	client_close(&c);
	step(r);
	return same;
}

static void test_names(void **state)
{
	static const char *const foreign[] = { UNDER("other.example"), UNDER("x." NAME), UNDER(NAME ".other"), UNDER("ump.example"),
		UNDER("pump"), UNDER(NAME ".") };
	struct run r = { 0 };

	begin_story(&r);
	CHECK(answers(&r, NULL, UNDER(NAME), MISDIRECTED));
	say_named(&r, world.named.data, world.named.size);
	step(&r);
	CHECK(answers(&r, NULL, UNDER(NAME), SERVED) && answers(&r, NAME, UNDER("PUMP.Example:8443"), SERVED));
	CHECK(answers(&r, NULL, UNDER("127.0.0.1"), SERVED) && answers(&r, NULL, UNDER("localhost"), SERVED));
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		CHECK(answers(&r, NAME, foreign[i], MISDIRECTED));
	say_named(&r, "", 0);
	step(&r);
	CHECK(answers(&r, NAME, UNDER(NAME), MISDIRECTED));
	finish(&r);
}

/* A name counts from the next request on, and for connections that were there before. */
static void test_names_end_for_connections_that_are_there(void **state)
{
	struct run r = { 0 };
	struct client c;

	begin_story(&r);
	say_named(&r, world.named.data, world.named.size);
	step(&r);
	client_open(&c);
	CHECK(exchange(&r, &c, UNDER(NAME), SERVED));
	say_named(&r, "", 0);
	step(&r);
	CHECK(exchange(&r, &c, UNDER(NAME), MISDIRECTED));
	client_close(&c);
	say_named(&r, world.named.data, world.named.size);
	say_listener(&r); /* a new listener has no names yet */
	step(&r);
	CHECK(answers(&r, NAME, UNDER(NAME), MISDIRECTED));
	finish(&r);
}

static void test_who_asks_by_the_name_is_shown_it(void **state)
{
	struct run r = { 0 };

	begin_story(&r);
	CHECK(shows(&r, NAME, &world.certificate));
	say_named(&r, world.named.data, world.named.size);
	step(&r);
	CHECK(shows(&r, NAME, &world.named) && shows(&r, "Pump.EXAMPLE", &world.named));
	CHECK(shows(&r, NULL, &world.certificate) && shows(&r, "other.example", &world.certificate));
	finish(&r);
}

static void test_only_the_names_own_page_asks(void **state)
{
	struct run r = { 0 };

	begin_story(&r);
	say_named(&r, world.named.data, world.named.size);
	step(&r);
	CHECK(answers(&r, NAME, "GET /api/v1/x HTTP/1.1\r\nHost: " NAME "\r\nOrigin: https://" NAME "\r\n\r\n", SERVED));
	CHECK(answers(&r, NAME, "GET /api/v1/x HTTP/1.1\r\nHost: " NAME "\r\nOrigin: https://other.example\r\n\r\n", "HTTP/1.1 403 "));
	CHECK(answers(&r, NAME, "GET /api/v1/x HTTP/1.1\r\nHost: " NAME "\r\nOrigin: https://127.0.0.1\r\n\r\n", "HTTP/1.1 403 "));
	finish(&r);
}

/* Core is believed no more than front is. */
static void test_what_is_no_certificate_of_the_listeners(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *other = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const struct tw_cert_want want = { .common_name = "pump", .is_server = true, .dns = NAME };
	const struct {
		const void *data;
		size_t size;
	} bad[] = { { "nonsense", 8 }, { world.certificate.data, world.certificate.size } /* no name in it */, { NULL, 0 } };

	CHECK_OK(tw_key_generate(world.sys, &key));
	CHECK_OK(tw_cert_make(world.sys, &want, key, NULL, key, &other));
	tw_buf_init(&der, world.sys, 4096);
	CHECK_OK(tw_cert_der(other, &der));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct run r = { 0 };

		begin_story(&r);
		say_named(&r, bad[i].data ? bad[i].data : der.data, bad[i].data ? bad[i].size : der.size);
		step(&r);
		CHECK(r.ended && tw_failed(r.outcome));
		finish(&r);
	}
	struct run r = { 0 };
	CHECK_OK(start(&r));
	say_named(&r, world.named.data, world.named.size); /* before any listener */
	step(&r);
	CHECK(r.ended && tw_is(r.outcome, TW_CODE_UNTRUSTED));
	finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_end_for_connections_that_are_there),
		cmocka_unit_test(test_who_asks_by_the_name_is_shown_it),
		cmocka_unit_test(test_only_the_names_own_page_asks),
		cmocka_unit_test(test_what_is_no_certificate_of_the_listeners),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
