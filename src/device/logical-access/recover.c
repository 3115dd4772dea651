/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending ownership at the console, when every credential is lost. The log and the device's identity stay; what belonged to the
 * owner goes, and with it everything the former owner could use: secret, listener key, sessions, keys made for owner and application.
 *
 * The secret is replaced first. Cut short after that, the device still has its owner and the person starts again; the other way
 * round there would be a moment in which whoever kept a copy of the label could take the device over.
 */
#include "device/logical-access/rights.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/task/task.h"

struct purge {
	struct tw_device *device;
	int64_t settings;
};

static tw_err purge(tw_store *s, void *user)
{
	struct purge *p = user;

	TW_TRY(tw_access_ownership_end(s)); /* every account, and what hangs on it */
	TW_TRY(tw_device_forget(p->device, TW_KEPT_UNCOLLECTED));
	TW_TRY(tw_device_forget_owner(p->device));
	TW_TRY(tw_settings_purge(&p->device->context, &p->settings));
	TW_TRY(tw_tasks_purge(&p->device->context));
	return tw_device_keep(p->device, TW_KEPT_LISTENER, "owed");
}

static tw_err add_hex(const struct tw_sys *sys, json_t *to, const char *key, const uint8_t *bytes, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 2 * size);
	tw_err e = tw_buf_hex(&text, bytes, size);
	if (!tw_failed(e))
		e = tw_json_set(to, key, json_string(tw_buf_cstr(&text)));
	if (text.data)
		tw_wipe(text.data, text.size);
	return e;
}

/* What memory holds of the owner goes by steps that cannot fail: else a device without memory would go on by what he had set. Settings
   that cannot be read anew now are read by whoever asks next. */
static void forget(struct tw_device *d, tw_gate **plain)
{
	tw_tasks_drop(&d->context, "Ownership has ended.");
	tw_login_stop(d);                                         /* what is computed has nobody to answer */
	const struct tw_product_out out = d->access->product_out; /* which is no owner's */
	tw_wipe(d->access, sizeof *d->access);
	d->access->product_out = out;
	tw_access_limits_default(&d->context, d->access);
	tw_settings_free(&d->context);
	tw_rights_use(d, plain);
	d->listener_owed = true; /* if what follows fails, core makes up for it */
}

tw_err tw_access_recover(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_gate_freep) tw_gate *plain = NULL;
	struct purge p = { .device = d };
	size_t owners = d->access->owners.count;
	uint8_t secret[16];

	rp->body = json_object();
	TW_TRY(tw_keys_client_secret_new(c->keys, secret));
	tw_err e = add_hex(c->sys, rp->body, "secret", secret, sizeof secret);
	tw_wipe(secret, sizeof secret);
	TW_TRY(e);
	TW_TRY(tw_rights_plain(d, &plain));
	TW_TRY(tw_keys_client_purge(c->keys));
	TW_TRY(tw_store_transaction(c->store, purge, &p));
	forget(d, &plain);
	TW_TRY(tw_settings_load(c));
	TW_TRY(tw_event(c, "ownership.ended", json_pack("{s:I, s:I}", "owners", (json_int_t)owners, "settings", (json_int_t)p.settings)));
	TW_TRY(tw_access_listener(d));
	rp->close_connections = true;
	return add_hex(c->sys, rp->body, "listener", d->listener_key, sizeof d->listener_key);
}
