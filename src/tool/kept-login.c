/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/kept-login.h"

#include "sys/durable.h"
#include "tool/files.h"

#include <errno.h>
#include <fcntl.h>

#define LOGINS "logins"
#define KEPT_MAX 16384
#define BEFORE_MAX 8   /* sessions that newer ones took the place of; an older one is ended then */
#define CLIENTS_MAX 32 /* accounts on one device whose logins are remembered at one desk */

static const struct tw_shape kept_shape[] = {
	{ "account", TW_JSON_TEXT, false, 1, 48 },
	{ "token", TW_JSON_TEXT, false, 1, 100 },
	{ "before", TW_JSON_ANY },
	{ "clients", TW_JSON_ANY },
	{},
};

static void file_of(const char *device, char ret[TW_NAME_MAX + 8])
{
	(void)snprintf(ret, TW_NAME_MAX + 8, "%s.json", device);
}

static tw_err read_file(const tw_owner *o, const char *device, struct tw_buf *text)
{
	const struct tw_sys *sys = tw_owner_sys(o);
	char file[TW_NAME_MAX + 8];

	file_of(device, file);
	tw_buf_init(text, sys, KEPT_MAX);
	TW_TRY(tw_buf_reserve(text, KEPT_MAX));
	TW_CLEANUP(tw_closep) int dir = sys->open_beneath(sys, tw_owner_dir(o), LOGINS, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "there was no login");
	return dir < 0 ? TW_RAISE_ERRNO("opening %s", LOGINS) : tw_durable_read(sys, dir, file, KEPT_MAX, text);
}

tw_err tw_kept_login_read(const tw_owner *o, const char *device, json_t **ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	tw_err e = read_file(o, device, &text);

	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = json_object();
		return *ret ? TW_OK : TW_RAISE(NOMEM, "a login");
	}
	TW_TRY(e);
	TW_TRY(tw_file_named(LOGINS, tw_json_parse(tw_buf_slice(&text), KEPT_MAX, &kept)));
	TW_TRY(tw_file_named(LOGINS, tw_json_check(kept, kept_shape)));
	*ret = TW_STEAL(kept);
	return TW_OK;
}

tw_err tw_kept_login_write(const tw_owner *o, const char *device, const json_t *kept)
{
	const struct tw_sys *sys = tw_owner_sys(o);
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_closep) int dir = -1;
	char file[TW_NAME_MAX + 8];

	file_of(device, file);
	tw_buf_init(&text, sys, KEPT_MAX);
	TW_TRY(tw_buf_reserve(&text, KEPT_MAX));
	TW_TRY(tw_json_pretty(kept, &text));
	TW_TRY(tw_dir_beneath(sys, tw_owner_dir(o), LOGINS, 0700, &dir));
	return tw_file_text(sys, dir, file, tw_buf_cstr(&text), 0600);
}

/* A device knows names whatever the case of their letters; for others than ASCII that is the device's to say, and costs no more than being unknown. */
static const char *key_of(const json_t *kept, const char *account)
{
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(kept, "clients"), key, v)
		if (json_is_string(v) && tw_slice_is_nocase(tw_slice_of(key), account))
			return key;
	return NULL;
}

const char *tw_kept_login_client(const json_t *kept, const char *account)
{
	const char *key = key_of(kept, account);

	return key ? tw_json_text(json_object_get(kept, "clients"), key) : NULL;
}

static tw_err take_client(json_t *kept, const char *account, const char *client)
{
	json_t *clients = json_object_get(kept, "clients");
	const char *old = key_of(kept, account);

	if (!json_is_object(clients)) {
		TW_TRY(tw_json_set(kept, "clients", json_object()));
		clients = json_object_get(kept, "clients");
	}
	if (old)
		(void)json_object_del(clients, old);
	else if (json_object_size(clients) >= CLIENTS_MAX)
		(void)json_object_del(clients, json_object_iter_key(json_object_iter(clients)));
	return tw_json_set(clients, account, json_string(client));
}

tw_err tw_kept_login_take(json_t *kept, const json_t *answer)
{
	const char *account = tw_json_text(answer, "name"), *client = tw_json_text(answer, "client");

	TW_TRY(tw_json_set(kept, "account", json_string(account)));
	TW_TRY(tw_json_set(kept, "token", json_string(tw_json_text(answer, "token"))));
	return *client ? take_client(kept, account, client) : TW_OK;
}

tw_err tw_kept_login_renew(json_t *kept, const json_t *answer, json_t **ret_out)
{
	json_t *before = json_object_get(kept, "before");

	if (!json_is_array(before)) {
		TW_TRY(tw_json_set(kept, "before", json_array()));
		before = json_object_get(kept, "before");
	}
	*ret_out = NULL;
	if (json_array_size(before) >= BEFORE_MAX) {
		*ret_out = json_incref(json_array_get(before, 0));
		(void)json_array_remove(before, 0);
	}
	TW_TRY(tw_json_append(before, json_string(tw_json_text(kept, "token"))));
	return tw_kept_login_take(kept, answer);
}

void tw_kept_login_forget(json_t *kept)
{
	(void)json_object_del(kept, "before");
	(void)json_object_del(kept, "account");
	(void)json_object_del(kept, "token");
}
