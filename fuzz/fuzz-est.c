/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of an EST server: the first byte chooses stage and status, the rest is the body. What is kept is one certificate, or none. */
#include "formats/est.h"

#include "crypto/hash.h"
#include "sys/real.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = { 200, 202, 401, 500 };
	struct tw_est e = { 0 };

	if (size == 0)
		return 0;
	tw_crypto_use(tw_sys_real());
	const struct tw_slice body = { (const char *)data + 1, size - 1 };
	const struct tw_est_answer a = { statuses[data[0] >> 1 & 3], data[0] >> 3, TW_SLICE("application/pkcs7-mime"), body };
	e.stage = data[0] & 1 ? TW_EST_ENROL : TW_EST_CACERTS;
	if (tw_failed(tw_est_take(tw_sys_real(), &e, &a)))
		abort();
	if ((e.stage == TW_EST_HAS) != (e.issued.count == 1) || (e.stage == TW_EST_REFUSED && !e.rule))
		abort();
	if (tw_est_url_valid(body) && (body.size > TW_EST_URL_MAX || body.size < 9))
		abort();
	tw_est_done(&e);
	return 0;
}
