/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate requests, and DER alone. What is read as a request is DER, has names that it could have been made with, and a key;
 * asked again it says the same.
 */
#include "crypto/csr.h"
#include "crypto/der.h"
#include "crypto/hash.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void bounded(const char *name)
{
	must(!name || (*name && strlen(name) <= TW_CSR_NAME_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_sys *sys = tw_sys_real();
	const struct tw_slice in = { (const char *)data, size };
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	TW_CLEANUP(tw_csr_freep) tw_csr *again = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	static bool ready;
	if (!ready)
		tw_crypto_use(sys);
	ready = true;
	bool der = !tw_failed(tw_der_exact(in));
	if (tw_failed(tw_csr_load(sys, in, &c)))
		return 0;
	must(der || data[0] != 0x30);
	struct tw_csr_names n = tw_csr_get_names(c);
	bounded(n.common_name);
	bounded(n.organization);
	bounded(n.serial_number);
	bounded(n.uri);
	bounded(n.dns);
	must(n.common_name || n.organization || n.serial_number || n.uri || n.dns);
	must(!tw_failed(tw_csr_key(c, &key)));
	must(!tw_failed(tw_csr_load(sys, in, &again)));
	return 0;
}
