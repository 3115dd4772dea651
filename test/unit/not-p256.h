/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that is well made and not taken here. */
#ifndef TW_TEST_UNIT_NOT_P256_H
#define TW_TEST_UNIT_NOT_P256_H

/* Of another curve, as a JSON text has it. */
static const char not_p256[] = "-----BEGIN CERTIFICATE-----\\n"
			       "MIIBmTCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAMMQowCAYDVQQDDAF4MCAXDTI2\\n"
			       "MTEyMjExMzgxN1oYDzIxMjYxMDI5MTEzODE3WjAMMQowCAYDVQQDDAF4MHYwEAYH\\n"
			       "KoZIzj0CAQYFK4EEACIDYgAEwcU4reWo2bWNLe86Y+vzFKHBUCkYoPOVEE7ydAPC\\n"
			       "HINPbq7W6tbHEkqwcR6Eu440DO8OBAVeoX1AEteoBARjrcXhOVLFfAr3MNsEhJ46\\n"
			       "3Yz1gYwbAVuPoemEdOTDC8f3o1MwUTAdBgNVHQ4EFgQUtfuRyeXeV1VvYiy7Cqmg\\n"
			       "NGIzJnAwHwYDVR0jBBgwFoAUtfuRyeXeV1VvYiy7CqmgNGIzJnAwDwYDVR0TAQH/\\n"
			       "BAUwAwEB/zAKBggqhkjOPQQDAgNoADBlAjEAgWEo191dCu9HvFGsOPBXfhxKhXgm\\n"
			       "7qWTlzvXpgeBEmvr78YocAdz4UNaxPXNhhCVAjBMM+KbihKoKi8yhsNX8HIPWuPH\\n"
			       "VY6t+O4zJxYE/EMWvWAtTSURGvQnAe58SSREKkA=\\n"
			       "-----END CERTIFICATE-----\\n";
#endif
