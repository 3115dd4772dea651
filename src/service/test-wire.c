/* SPDX-License-Identifier: Apache-2.0 */
/* REQUEST and REPLY: what is written is read back; what is cut, longer, or would break a header line is refused. */
#include "service/wire.h"
#include "sys/fake.h"

#include "check.h"

static struct tw_fake *fake;
static struct tw_buf buf;

static int setup(void **state)
{
	fake = tw_fake_new();
	tw_buf_init(&buf, tw_fake_sys(fake), TW_CHANNEL_MAX);
	return fake ? 0 : -1;
}

static int teardown(void **state)
{
	tw_buf_done(&buf);
	tw_fake_free(fake);
	return 0;
}

static const struct tw_wire_request request = {
	.connection = 0x01020304,
	.source = "192.0.2.7",
	.has_exporter = true,
	.has_client_key = true,
	.exporter = { 1, 2, 3 },
	.client_key = { 4, 5, 6 },
	.certificate = { "0\x82", 2 },
	.suite = 0x1301,
	.group = TW_TLS_X25519,
	.head = { "GET / HTTP/1.1\r\n\r\n", 18 },
	.body = { "{}", 2 },
};
static const struct tw_wire_reply reply = {
	.connection = 7,
	.status = 201,
	.close = true,
	.known = true,
	.type = { "application/json", 16 },
	.etag = { "\"3\"", 3 },
	.location = { "/api/v1/x", 9 },
	.allow = { "GET, PUT", 8 },
	.retry_after_s = 9,
	.body = { "{\"a\":1}", 7 },
};

static void test_request(void **state)
{
	struct tw_wire_request r;

	CHECK_OK(tw_wire_request_write(&request, &buf));
	CHECK_OK(tw_wire_request_read(tw_buf_slice(&buf), &r));
	CHECK_INT(r.connection, request.connection);
	CHECK_TEXT(r.source, "192.0.2.7");
	CHECK(r.has_exporter && r.has_client_key);
	CHECK_BYTES(r.exporter, request.exporter, 32);
	CHECK_BYTES(r.client_key, request.client_key, 32);
	CHECK(tw_slice_is(r.head, request.head.at));
	CHECK(tw_slice_is(r.body, "{}"));
	CHECK(tw_slice_is(r.certificate, request.certificate.at));
	CHECK_INT(r.suite, 0x1301);
	CHECK_INT(r.group, TW_TLS_X25519);
}

static void test_reply(void **state)
{
	struct tw_wire_reply r;

	CHECK_OK(tw_wire_reply_write(&reply, &buf));
	CHECK_OK(tw_wire_reply_read(tw_buf_slice(&buf), &r));
	CHECK_INT(r.connection, 7);
	CHECK_INT(r.status, 201);
	CHECK(r.close && r.known);
	CHECK_INT(r.retry_after_s, 9);
	CHECK(tw_slice_is(r.type, "application/json"));
	CHECK(tw_slice_is(r.etag, "\"3\""));
	CHECK(tw_slice_is(r.location, "/api/v1/x"));
	CHECK(tw_slice_is(r.allow, "GET, PUT"));
	CHECK(tw_slice_is(r.body, "{\"a\":1}"));
}

static void test_reply_with_cookies(void **state)
{
	static const char value[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_", longer[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_1";
	static const char *const bad[] = { "short", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO\r\n" };
	struct tw_wire_reply given = reply, r;

	given.script = true;
	given.cookies = (struct tw_cookies){ tw_slice_of(value), tw_slice_of("") };
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_OK(tw_wire_reply_read(tw_buf_slice(&buf), &r));
	CHECK(r.script && tw_slice_is(r.cookies.session, value) && r.cookies.client.size == 0);
	given.script = false;
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_reply_read((struct tw_slice){ buf.data, n }, &r), SYNTAX);
	given.cookies = (struct tw_cookies){ tw_slice_of(TW_COOKIE_END), tw_slice_of(value) };
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_OK(tw_wire_reply_read(tw_buf_slice(&buf), &r));
	CHECK(tw_slice_is(r.cookies.session, TW_COOKIE_END) && tw_slice_is(r.cookies.client, value));
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		given.cookies = (struct tw_cookies){ tw_slice_of(bad[i]), tw_slice_of("") };
		tw_buf_clear(&buf);
		CHECK_OK(tw_wire_reply_write(&given, &buf));
		CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX);
	}
	given.cookies = (struct tw_cookies){ tw_slice_of(""), tw_slice_of(longer) };
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), LIMIT);
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&reply, &buf));
	buf.data[6] |= 16; /* said to have some, and has none */
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX);
}

static void test_reply_with_a_file(void **state)
{
	struct tw_wire_reply given = reply, r;

	given.body = TW_SLICE("");
	given.file = 5000000000ull;
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX); /* beyond the limit */
	tw_buf_clear(&buf);
	given.file = 123456;
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_OK(tw_wire_reply_read(tw_buf_slice(&buf), &r));
	CHECK_INT(r.file, 123456);
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_reply_read((struct tw_slice){ buf.data, n }, &r), SYNTAX);
	given.body = TW_SLICE("both");
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX);
	given.body = TW_SLICE("");
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&given, &buf));
	memset(buf.data + 11, 0, 8); /* a file of no bytes is no file */
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX);
}

static void test_request_with_a_file(void **state)
{
	struct tw_wire_request given = request, r;

	given.file = 100000;
	CHECK_OK(tw_wire_request_write(&given, &buf));
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &r), SYNTAX); /* and a body */
	given.body = TW_SLICE("");
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_request_write(&given, &buf));
	CHECK_OK(tw_wire_request_read(tw_buf_slice(&buf), &r));
	CHECK_INT(r.file, 100000);
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_request_read((struct tw_slice){ buf.data, n }, &r), SYNTAX);
	memset(buf.data + 5, 0, 8);
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &r), SYNTAX);
	given.file = TW_UPLOAD_MAX + 1;
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_request_write(&given, &buf));
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &r), SYNTAX);
}

static void test_stream_and_drained(void **state)
{
	const struct tw_wire_stream piece = { .connection = 7, .bytes = TW_SLICE("id: 1\n\n") }, last = { .connection = 8, .end = true };
	const struct tw_wire_drained given = { 9, 1000 };
	struct tw_wire_reply begun = reply, r;
	struct tw_wire_stream s;
	struct tw_wire_drained d;

	CHECK_OK(tw_wire_stream_write(&piece, &buf));
	CHECK_OK(tw_wire_stream_read(tw_buf_slice(&buf), &s));
	CHECK(s.connection == 7 && !s.end && tw_slice_is(s.bytes, "id: 1\n\n"));
	CHECK_ERR(tw_wire_stream_read((struct tw_slice){ buf.data, 5 }, &s), SYNTAX); /* nothing, and no end */
	CHECK_ERR(tw_wire_stream_read((struct tw_slice){ buf.data, 4 }, &s), SYNTAX);
	buf.data[4] = 2;
	CHECK_ERR(tw_wire_stream_read(tw_buf_slice(&buf), &s), SYNTAX);
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_stream_write(&last, &buf));
	CHECK_OK(tw_wire_stream_read(tw_buf_slice(&buf), &s));
	CHECK(s.connection == 8 && s.end && s.bytes.size == 0);
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_drained_write(&given, &buf));
	CHECK_OK(tw_wire_drained_read(tw_buf_slice(&buf), &d));
	CHECK(d.connection == 9 && d.bytes == 1000);
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_drained_read((struct tw_slice){ buf.data, n }, &d), SYNTAX);
	memset(buf.data + 4, 0, 4);
	CHECK_ERR(tw_wire_drained_read(tw_buf_slice(&buf), &d), SYNTAX);
	memset(buf.data + 4, 0xff, 4);
	CHECK_ERR(tw_wire_drained_read(tw_buf_slice(&buf), &d), SYNTAX);
	tw_buf_clear(&buf);
	begun.stream = true;
	CHECK_OK(tw_wire_reply_write(&begun, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &r), SYNTAX); /* with a body */
	tw_buf_clear(&buf);
	begun.body = TW_SLICE("");
	CHECK_OK(tw_wire_reply_write(&begun, &buf));
	CHECK_OK(tw_wire_reply_read(tw_buf_slice(&buf), &r));
	CHECK(r.stream && !r.file);
}

static void test_cut_and_trailing(void **state)
{
	struct tw_wire_request rq;
	struct tw_wire_reply rp;

	CHECK_OK(tw_wire_request_write(&request, &buf));
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_request_read((struct tw_slice){ buf.data, n }, &rq), SYNTAX);
	CHECK_OK(tw_buf_u8(&buf, 0));
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &rq), SYNTAX);
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&reply, &buf));
	for (size_t n = 0; n < buf.size; n++)
		CHECK_ERR(tw_wire_reply_read((struct tw_slice){ buf.data, n }, &rp), SYNTAX);
	CHECK_OK(tw_buf_u8(&buf, 0));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &rp), SYNTAX);
}

static void test_refused_fields(void **state)
{
	struct tw_wire_reply bad = reply, rp;
	struct tw_wire_request worse = request, rq;

	bad.etag = TW_SLICE("\"3\"\r\nSet-Cookie: a=b");
	CHECK_OK(tw_wire_reply_write(&bad, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &rp), SYNTAX);
	bad = reply;
	bad.status = 199;
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_reply_write(&bad, &buf));
	CHECK_ERR(tw_wire_reply_read(tw_buf_slice(&buf), &rp), SYNTAX);
	memcpy(worse.source, "a\nb", 4);
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_request_write(&worse, &buf));
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &rq), SYNTAX);
	buf.data[4] = 32;
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &rq), SYNTAX);
	memcpy(worse.source, "192.0.2.7", 10); /* a group belongs to a suite */
	worse.certificate = (struct tw_slice){ 0 };
	worse.has_exporter = worse.has_client_key = false;
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_request_write(&worse, &buf));
	CHECK_OK(tw_wire_request_read(tw_buf_slice(&buf), &rq));
	buf.data[16] = buf.data[17] = 0; /* the suite, behind 7 bytes and the source */
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &rq), SYNTAX);
	worse = request; /* a certificate goes with the key it was shown for */
	worse.has_client_key = false;
	tw_buf_clear(&buf);
	CHECK_OK(tw_wire_request_write(&worse, &buf));
	CHECK_ERR(tw_wire_request_read(tw_buf_slice(&buf), &rq), SYNTAX);
}

static void test_without_memory(void **state)
{
	tw_fake_fail(fake, 1, 12, true);
	CHECK_ERR(tw_wire_request_write(&request, &buf), NOMEM);
	CHECK_ERR(tw_wire_reply_write(&reply, &buf), NOMEM);
}

/* Each table ends, and no type stands in it twice. */
static void test_rows(void **state)
{
	const struct tw_channel_row *tables[] = { tw_rows_core_from_front, tw_rows_front_from_core, tw_rows_keys_from_front,
		tw_rows_front_from_keys, tw_rows_keys_from_core, tw_rows_core_from_keys, tw_rows_hands_from_core,
		tw_rows_core_from_hands, tw_rows_role_from_hands, tw_rows_front_from_hands, tw_rows_hands_from_role };

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
		for (const struct tw_channel_row *r = tables[t]; r->type; r++) {
			CHECK(r->min <= r->max && r->max <= TW_CHANNEL_MAX && r->name);
			for (const struct tw_channel_row *other = r + 1; other->type; other++)
				CHECK(other->type != r->type);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
CHECK_MAIN(TEST(test_request), TEST(test_reply), TEST(test_reply_with_cookies), TEST(test_reply_with_a_file),
	TEST(test_stream_and_drained), TEST(test_request_with_a_file), TEST(test_cut_and_trailing), TEST(test_refused_fields),
	TEST(test_without_memory), TEST(test_rows))
