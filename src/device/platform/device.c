/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/device.h"

#include "device/sql-device.h"

tw_err tw_device_keep(struct tw_device *d, const char *name, const char *value)
{
	const struct tw_value v[] = { TW_V_TEXT(name), TW_V_TEXT(value) };

	return tw_store_run(d->context.store, tw_sql_kept_put, v, TW_COUNT(v), NULL, NULL);
}

struct kept {
	struct tw_buf *to;
	bool found;
};

static tw_err take_kept(void *user, const tw_row *row)
{
	struct kept *k = user;
	struct tw_slice value = tw_row_bytes(row, 0);

	k->found = true;
	return tw_buf_add(k->to, value.at, value.size);
}

tw_err tw_device_kept(struct tw_device *d, const char *name, struct tw_buf *ret)
{
	const struct tw_value v[] = { TW_V_TEXT(name) };
	struct kept k = { .to = ret };

	TW_TRY(tw_store_run(d->context.store, tw_sql_kept_get, v, TW_COUNT(v), take_kept, &k));
	return k.found ? TW_OK : TW_RAISE(NOTFOUND, "nothing is kept as %s", name);
}

tw_err tw_device_forget(struct tw_device *d, const char *name)
{
	const struct tw_value v[] = { TW_V_TEXT(name) };

	return tw_store_run(d->context.store, tw_sql_kept_drop, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_device_forget_owner(struct tw_device *d)
{
	return tw_store_run(d->context.store, tw_sql_kept_drop_owner, NULL, 0, NULL, NULL);
}

tw_err tw_device_listener(struct tw_device *d, bool replace)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	uint8_t key[32];

	TW_TRY(tw_keys_client_listener(d->context.keys, replace, &cert));
	TW_TRY(tw_cert_fingerprint(cert, key));
	memcpy(d->listener_key, key, sizeof key);
	(void)tw_cert_free(d->listener);
	d->listener = TW_STEAL(cert);
	d->listener_generation++;
	if (replace)
		tw_device_named(d, NULL, NULL); /* which was of the key before */
	return TW_OK;
}

void tw_device_named(struct tw_device *d, tw_cert *certificate, const struct tw_dns_names *names)
{
	(void)tw_cert_free(d->named);
	d->named = certificate;
	d->names.count = 0;
	if (names)
		d->names = *names;
	d->named_generation++;
}
