/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device report costs beside the arithmetic it cannot do without: signed and verified by our code, and the same bytes signed and
 * verified by OpenSSL alone (SHA-256 and ECDSA on P-256, the key loaded), all in turn. A report of forty elements, as the device writes it.
 * Prints microseconds of real time, the best of all rounds: bare sign, CWT sign, JWT sign, bare verify, CWT verify, JWT verify, reading the certificate, checking it under its authority, and the
 * sizes of CWT and JWT in bytes.
 */
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "formats/report.h"
#include "sys/real.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 15
#define TIMES 40
#define NOW 1790000000000
#define ID "urn:dev:ops:32473-thermostat-BENCH"

static const struct tw_sys *sys;
static tw_key *key, *ca_key;
static tw_cert *cert, *ca;
static struct tw_report report;
static struct tw_buf texts[2], sample; /* sample: bytes as long as a CWT, for OpenSSL alone */
static struct tw_buf der;              /* the unit's certificate */
static uint8_t bare[80];
static size_t bare_size;

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	fprintf(stderr, "%s: %s\n", tw_code_name(e.code), tw_err_detail());
	exit(1);
}

static void make(void)
{
	const struct tw_cert_want authority = { .common_name = "maker", .is_ca = true };
	const struct tw_cert_want unit = { .common_name = "unit", .uri = ID };
	char name[16];

	must(tw_key_generate(sys, &ca_key));
	must(tw_key_generate(sys, &key));
	must(tw_cert_make(sys, &authority, ca_key, NULL, ca_key, &ca));
	must(tw_cert_make(sys, &unit, key, ca, ca_key, &cert));
	report = (struct tw_report){ .identifier = ID,
		.nonce_size = 32,
		.has_exporter = true,
		.issued_ms = NOW,
		.time_trusted = true,
		.model = "TH-100",
		.software_name = "thingward-device",
		.software = TW_VERSION,
		.product_version = "1.0.0",
		.oem_boot = -1,
		.debug_status = -1,
		.has_boot = true,
		.boot_count = 1,
		.boot_seed_size = 16,
		.has_log = true,
		.log_epoch = 1,
		.log_seq = 1,
		.log_checkpoint = 1 };
	report.elements = json_object();
	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "DP.CCS.%d", i);
		must(tw_json_set(report.elements, name, json_integer(i % 4)));
	}
}

static void sign_report(enum tw_report_format format)
{
	const struct tw_signer signer = tw_signer_of_key(key);

	tw_buf_done(&texts[format]);
	tw_buf_init(&texts[format], sys, TW_REPORT_MAX);
	must(tw_report_sign(sys, &report, format, cert, &signer, &texts[format]));
}

static void verify_report(enum tw_report_format format)
{
	const struct tw_report_expect expect = {
		.anchor = ca, .now_ms = NOW, .nonce = { (const char *)report.nonce, 32 }, .exporter = report.exporter
	};
	struct tw_report got = { .elements = NULL };

	must(tw_report_verify(sys, tw_buf_slice(&texts[format]), &expect, &got));
	tw_report_done(&got);
}

static void bare_sign(enum tw_report_format format)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	bare_size = sizeof bare;
	if (EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, tw_key_evp(key)) != 1 ||
		EVP_DigestSign(c, bare, &bare_size, (const uint8_t *)sample.data, sample.size) != 1)
		exit(1);
	EVP_MD_CTX_free(c);
}

static void bare_verify(enum tw_report_format format)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, tw_key_evp(key)) != 1 ||
		EVP_DigestVerify(c, bare, bare_size, (const uint8_t *)sample.data, sample.size) != 1)
		exit(1);
	EVP_MD_CTX_free(c);
}

/* What verifying does beside the report's own signature. */
static void read_certificate(enum tw_report_format format)
{
	tw_cert *read = NULL;

	must(tw_cert_load(sys, tw_buf_slice(&der), &read));
	(void)tw_cert_free(read);
}

static void check_certificate(enum tw_report_format format)
{
	must(tw_cert_verify(cert, ca, NOW));
}

static const struct {
	void (*run)(enum tw_report_format format);
	enum tw_report_format format;
} works[] = {
	{ bare_sign, TW_REPORT_CWT },
	{ sign_report, TW_REPORT_CWT },
	{ sign_report, TW_REPORT_JWT },
	{ bare_verify, TW_REPORT_CWT },
	{ verify_report, TW_REPORT_CWT },
	{ verify_report, TW_REPORT_JWT },
	{ read_certificate, TW_REPORT_CWT },
	{ check_certificate, TW_REPORT_CWT },
};

static double once_us(size_t work)
{
	struct timespec begin, end;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < TIMES; i++)
		works[work].run(works[work].format);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) / 1e3) / TIMES;
}

int main(void)
{
	double best[TW_COUNT(works)];

	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_json_use(sys);
	make();
	sign_report(TW_REPORT_CWT);
	sign_report(TW_REPORT_JWT);
	tw_buf_init(&sample, sys, TW_REPORT_MAX);
	tw_buf_init(&der, sys, 4096);
	must(tw_cert_der(cert, &der));
	must(tw_buf_add(&sample, texts[TW_REPORT_CWT].data, texts[TW_REPORT_CWT].size));
	for (size_t i = 0; i < TW_COUNT(works); i++)
		best[i] = 1e9;
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < TW_COUNT(works); i++) {
			double us = once_us(i);

			best[i] = us < best[i] ? us : best[i];
		}
	}
	for (size_t i = 0; i < TW_COUNT(works); i++)
		printf("%.2f ", best[i]);
	printf("%zu %zu\n", texts[TW_REPORT_CWT].size, texts[TW_REPORT_JWT].size);
	return 0;
}
