/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit costs OpenSSL alone, on one core: two key pairs, two certificates (the unit's by an authority, its listener's by itself) and one
 * signature over a record. `provisioning COUNT`; prints microseconds of processor time for one.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void must(int good)
{
	if (!good)
		exit(1);
}

static X509 *make(EVP_PKEY *subject, EVP_PKEY *issuer)
{
	X509 *x = X509_new();

	must(x && X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x), rand()) &&
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)"unit", -1, -1, 0) &&
		X509_set_issuer_name(x, X509_get_subject_name(x)) && X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
		X509_gmtime_adj(X509_getm_notAfter(x), 86400) && X509_set_pubkey(x, subject) && X509_sign(x, issuer, EVP_sha256()) > 0);
	return x;
}

static void sign(EVP_PKEY *key)
{
	static const unsigned char record[1200];
	unsigned char signature[80];
	size_t size = sizeof signature;
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	must(c && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) && EVP_DigestSign(c, signature, &size, record, sizeof record));
	EVP_MD_CTX_free(c);
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	EVP_PKEY *authority = EVP_EC_gen("P-256");
	struct timespec t;

	must(count > 0 && authority != NULL);
	for (long i = 0; i < count; i++) {
		EVP_PKEY *unit = EVP_EC_gen("P-256"), *listener = EVP_EC_gen("P-256");

		must(unit && listener);
		X509_free(make(unit, authority));
		X509_free(make(listener, listener));
		sign(authority);
		EVP_PKEY_free(unit);
		EVP_PKEY_free(listener);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	printf("%.1f\n", ((double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3) / (double)count);
	EVP_PKEY_free(authority);
	return 0;
}
