/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a token, and the two processes in front of it: with a token that answers as the test wants. */
#include "crypto/token.h"

#include "sys/real.h"
#include "check.h"

static void test_words(void **state)
{
	static const struct {
		const char *words;
		bool good;
	} rows[] = {
		{ "tpm:device:/dev/tpmrm0", true },
		{ "tpm:swtpm:path=/run/tpm.sock", true },
		{ "pkcs11:module=/m.so;token=A", true },
		{ "pkcs11:module=/m.so;serial=1;token=A;files=/var/t;reads=/etc/t;env=A=B=C", true },
		{ "pkcs11:module=/m.so;token=A;", true },
		{ "", false },
		{ "file", false },
		{ "tpm:", false },
		{ "tpm:device:", false },
		{ "tpm:device:tpmrm0", false },
		{ "tpm:swtpm:path=x", false },
		{ "tpm:swtpm:port=1", false },
		{ "pkcs11:", false },
		{ "pkcs11:module=/m.so", false },
		{ "pkcs11:token=A", false },
		{ "pkcs11:module=m.so;token=A", false },
		{ "pkcs11:module=/m.so;token=", false },
		{ "pkcs11:module=/m.so;token=A;token=B", false },
		{ "pkcs11:module=/m.so;token=A;pin=1234", false },
		{ "pkcs11:module=/m.so;token=A;;", false },
		{ "pkcs11:module=/m.so;token", false },
		{ "pkcs11:module=/m.so;token=A;env=B", false },
		{ "pkcs11:module=/m.so;token=A;env==B", false },
		{ "pkcs11:module=/m.so;token=\tA", false },
		{ "pkcs11:module=/m.so;token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "pkcs11:module=/m.so;serial=12345678901234567", false },
	};
	char longest[TW_TOKEN_WORDS_MAX + 2] = "tpm:device:/";
	struct tw_token_plan p;
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_token_parse(rows[i].words, &p);
		if (tw_failed(e) == rows[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("'%s': %s", rows[i].words, tw_code_name(e.code));
	}
	memset(longest + strlen(longest), 'x', sizeof longest - 1 - strlen(longest));
	CHECK_ERR(tw_token_parse(longest, &p), SYNTAX);
	longest[sizeof "tpm:device:" - 1 + TW_TOKEN_PATH_MAX] = '\0';
	CHECK_OK(tw_token_parse(longest, &p));
	CHECK_OK(tw_token_parse("pkcs11:module=/m.so;token=A B;serial=07;files=/t;reads=/r;env=X=/y", &p));
	CHECK(p.kind == TW_TOKEN_PKCS11 && !p.is_socket && p.fd == -1 && !p.refused);
	CHECK_TEXT(p.path, "/m.so");
	CHECK_TEXT(p.label, "A B");
	CHECK_TEXT(p.serial, "07");
	CHECK_TEXT(p.files, "/t");
	CHECK_TEXT(p.reads, "/r");
	CHECK_TEXT(p.env, "X=/y");
	CHECK_OK(tw_token_parse("tpm:swtpm:path=/s", &p));
	CHECK(p.kind == TW_TOKEN_TPM && p.is_socket);
	CHECK_TEXT(p.path, "/s");
}

CHECK_MAIN(cmocka_unit_test(test_words))
