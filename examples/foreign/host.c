/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder on a desk: foreign KEY.pem CERTIFICATE.der IDENTIFIER NONCE-HEX [all] writes a report to standard output. Here
 * OpenSSL signs; on a device a secure element or a small library does. "all" fills in every claim there is.
 */
#include "report.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

static bool sign(void *user, const struct foreign_bytes *pieces, size_t count, uint8_t ret_signature[64])
{
	uint8_t der[80];
	const uint8_t *at = der;
	size_t size = sizeof der;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, user) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestSignUpdate(c, pieces[i].at, pieces[i].size) == 1;
	good = good && EVP_DigestSignFinal(c, der, &size) == 1;
	EVP_MD_CTX_free(c);
	ECDSA_SIG *s = good ? d2i_ECDSA_SIG(NULL, &at, (long)size) : NULL;
	good = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), ret_signature, 32) == 32 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(s), ret_signature + 32, 32) == 32;
	ECDSA_SIG_free(s);
	return good;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	if (f)
		(void)fclose(f);
	return key;
}

static size_t read_file(const char *path, uint8_t *ret, size_t max)
{
	FILE *f = fopen(path, "re");
	size_t size = f ? fread(ret, 1, max, f) : 0;
	if (f)
		(void)fclose(f);
	return size;
}

/* urn:dev:ops:PEN-... */
static uint32_t pen_of(const char *identifier)
{
	uint32_t pen = 0;
	for (const char *c = strncmp(identifier, "urn:dev:ops:", 12) == 0 ? identifier + 12 : ""; *c >= '0' && *c <= '9'; c++)
		pen = pen * 10 + (uint32_t)(*c - '0');
	return pen;
}

int main(int argc, char **argv)
{
	static uint8_t out[4096], certificate[2048];
	static const struct foreign_element elements[] = { { "LA.RSM.10", 3 }, { "DI.IMS.2", 2 }, { "DI.IMS.1", 0 }, { "DI.IMS.10", 1 } };
	static const struct foreign_boot boot = { 70000, { (const uint8_t *)"sixteen bytes ok", 16 }, true };
	static const struct foreign_log log = { 2, 4294967296, 24, { 7 } };
	static const uint8_t exporter[32] = { 1 }, debug_status = 2;
	static const bool oem_boot = true;
	uint8_t *nonce;
	long nonce_size = 0;
	if (argc < 5 || !(nonce = OPENSSL_hexstr2buf(argv[4], &nonce_size)))
		return 2;
	EVP_PKEY *key = read_key(argv[1]);
	struct foreign_report r = { .identifier = argv[3],
		.pen = pen_of(argv[3]),
		.nonce = { nonce, (size_t)nonce_size },
		.issued_s = (uint64_t)time(NULL),
		.software_name = "foreign",
		.software = "1.0" };
	if (argc > 5) {
		r.exporter = (struct foreign_bytes){ exporter, sizeof exporter };
		r.time_trusted = true;
		r.model = "hub";
		r.hardware = "C";
		r.product_version = "7";
		r.oem_boot = &oem_boot;
		r.debug_status = &debug_status;
		r.boot = &boot;
		r.log = &log;
		r.elements = elements;
		r.element_count = sizeof elements / sizeof *elements;
	}
	struct foreign_bytes der = { certificate, read_file(argv[2], certificate, sizeof certificate) };
	size_t size = key ? foreign_report_write(&r, der, sign, key, out, sizeof out) : 0;
	/* Every smaller buffer is refused, and not written beyond. */
	for (size_t max = 0; max < size; max++) {
		static uint8_t little[sizeof out + 1];
		little[max] = 0x5a;
		if (foreign_report_write(&r, der, sign, key, little, max) != 0 || little[max] != 0x5a)
			return 3;
	}
	EVP_PKEY_free(key);
	OPENSSL_free(nonce);
	return size > 0 && fwrite(out, 1, size, stdout) == size ? 0 : 1;
}
