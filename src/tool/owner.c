/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's directory on disk. */
#include "tool/owner.h"

#include "base/text.h"
#include "sys/durable.h"
#include "tool/files.h"

#include <fcntl.h>

#define DEVICES "devices"
#define PATH_SIZE 1024
#define DEVICE_MAX 32768

struct tw_owner {
	const struct tw_sys *sys;
	int dir;
	char cert_path[PATH_SIZE], key_path[PATH_SIZE];
	tw_key *key;
	tw_cert *cert;
};

tw_owner *tw_owner_free(tw_owner *o)
{
	if (!o)
		return NULL;
	tw_closep(&o->dir);
	tw_key_free(o->key);
	tw_cert_free(o->cert);
	free(o);
	return NULL;
}

const tw_cert *tw_owner_cert(const tw_owner *o)
{
	return o->cert;
}

const tw_key *tw_owner_key(const tw_owner *o)
{
	return o->key;
}

const struct tw_sys *tw_owner_sys(const tw_owner *o)
{
	return o->sys;
}

int tw_owner_dir(const tw_owner *o)
{
	return o->dir;
}

bool tw_owner_has_key(const tw_owner *o)
{
	return o->key != NULL;
}

void tw_owner_place(const tw_owner *o, struct tw_place *ret)
{
	if (!o->key)
		return;
	ret->certificate = o->cert_path;
	ret->key = o->key_path;
}

static tw_err make(tw_owner *o, const char *name)
{
	struct tw_cert_want want = { .common_name = name, .is_client = true, .not_before_ms = tw_now_ms(o->sys) };

	TW_TRY(tw_key_generate(o->sys, &o->key));
	TW_TRY(tw_cert_make(o->sys, &want, o->key, NULL, o->key, &o->cert));
	TW_TRY(tw_key_store(o->sys, o->dir, TW_OWNER_KEY, o->key));
	return tw_cert_store(o->sys, o->dir, TW_OWNER_CERT, o->cert, 0644); /* last: without it, the key is made anew */
}

static tw_err load(tw_owner *o)
{
	tw_err cert = tw_cert_fetch(o->sys, o->dir, TW_OWNER_CERT, &o->cert);

	if (tw_failed(cert) && !tw_is(cert, TW_CODE_NOTFOUND))
		return cert;
	tw_err key = tw_key_fetch(o->sys, o->dir, TW_OWNER_KEY, &o->key);
	if (tw_is(cert, TW_CODE_NOTFOUND) && tw_is(key, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(key);
	return cert;
}

/* makes: the directory, when there is none; name: and a key with a certificate for it. */
static tw_err open_with(struct tw_tool *t, const char *path, bool makes, const char *name, tw_owner **ret)
{
	TW_CLEANUP(tw_owner_freep) tw_owner *o = TW_NEW(t->sys, tw_owner);

	if (!o)
		return TW_RAISE(NOMEM, "owner");
	o->sys = t->sys;
	o->dir = -1;
	if (strlen(path) > PATH_SIZE - 16)
		return TW_RAISE(LIMIT, "the owner's path is too long");
	(void)snprintf(o->cert_path, sizeof(o->cert_path), "%s/%s", path, TW_OWNER_CERT);
	(void)snprintf(o->key_path, sizeof(o->key_path), "%s/%s", path, TW_OWNER_KEY);
	if (makes)
		TW_TRY(tw_dir_make(t->sys, path, 0700, &o->dir));
	else
		TW_TRY(tw_dir_open(t->sys, path, &o->dir));
	if (name && !tw_file_exists(t->sys, o->dir, TW_OWNER_CERT))
		TW_TRY(make(o, name));
	else
		TW_TRY(load(o));
	*ret = TW_STEAL(o);
	return TW_OK;
}

tw_err tw_owner_open(struct tw_tool *t, const char *path, tw_owner **ret)
{
	tw_err e = open_with(t, path, false, NULL, ret);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(t, TW_EXIT_FAILED, "thingward device takeover --device HOST:PORT --label FILE --owner DIR", e);
	return e;
}

tw_err tw_owner_make(struct tw_tool *t, const char *path, const char *name, tw_owner **ret)
{
	return open_with(t, path, true, name, ret);
}

tw_err tw_owner_enter(struct tw_tool *t, const char *path, tw_owner **ret)
{
	return open_with(t, path, true, NULL, ret);
}

bool tw_device_name_valid(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > TW_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("._-", *c)))
			return false;
	return true;
}

void tw_device_done(struct tw_device *d)
{
	json_decref(d->data);
	d->data = NULL;
}

static const struct tw_shape device_shape[] = {
	{ "address", TW_JSON_TEXT, true, 3, 300 },
	{ "listener_sha256", TW_JSON_TEXT, true, 64, 64 },
	{ "identifier", TW_JSON_TEXT, true, 1, 255 },
	{ "anchor", TW_JSON_TEXT, true, 1, 16384 },
	{ "*", TW_JSON_ANY },
	{},
};

tw_err tw_device_check(const json_t *data)
{
	return tw_json_check(data, device_shape);
}

static tw_err read_device(const tw_owner *o, int dir, const char *file, struct tw_device *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *data = NULL;
	struct tw_device d = { 0 };

	tw_buf_init(&text, o->sys, DEVICE_MAX);
	TW_TRY(tw_durable_read(o->sys, dir, file, DEVICE_MAX, &text));
	TW_TRY(tw_json_parse(tw_buf_slice(&text), DEVICE_MAX, &data));
	TW_TRY(tw_device_check(data));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(data, "listener_sha256")), d.listener, sizeof(d.listener)));
	(void)snprintf(d.name, sizeof(d.name), "%.*s", (int)(strlen(file) - strlen(".json")), file);
	(void)snprintf(d.address, sizeof(d.address), "%s", tw_json_text(data, "address"));
	(void)snprintf(d.identifier, sizeof(d.identifier), "%s", tw_json_text(data, "identifier"));
	d.data = TW_STEAL(data);
	*ret = d;
	return TW_OK;
}

struct search {
	const tw_owner *o;
	int dir;
	const char *address;
	struct tw_device *ret;
	bool found;
};

static bool visit(void *user, const char *file)
{
	struct search *s = user;
	size_t size = strlen(file);

	if (size <= 5 || strcmp(file + size - 5, ".json") != 0 || tw_failed(read_device(s->o, s->dir, file, s->ret)))
		return true;
	s->found = !strcmp(s->ret->address, s->address);
	if (!s->found)
		tw_device_done(s->ret);
	return !s->found;
}

tw_err tw_owner_device(struct tw_tool *t, const tw_owner *o, const char *name, struct tw_device *ret)
{
	TW_CLEANUP(tw_closep) int dir = o->sys->open_beneath(o->sys, o->dir, DEVICES, O_RDONLY | O_DIRECTORY, 0);
	struct search s = { .o = o, .dir = dir, .address = name, .ret = ret };
	char file[TW_NAME_MAX + 8];

	if (dir >= 0 && tw_device_name_valid(name)) {
		(void)snprintf(file, sizeof(file), "%s.json", name);
		tw_err e = read_device(o, dir, file, ret);
		if (!tw_is(e, TW_CODE_NOTFOUND))
			return e;
	}
	if (dir >= 0 && o->sys->list(o->sys, dir, visit, &s) != 0)
		return TW_RAISE_ERRNO("reading the list of devices");
	if (s.found)
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, "thingward device takeover --device HOST:PORT --label FILE --owner DIR",
		TW_RAISE(NOTFOUND, "you own no device '%.80s'", name));
}

static bool add_name(void *user, const char *file)
{
	json_t *names = user;
	char name[TW_NAME_MAX + 1];
	size_t size = strlen(file), at = 0;

	if (size <= 5 || size - 5 > TW_NAME_MAX || strcmp(file + size - 5, ".json") != 0)
		return true;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(size - 5), file);
	if (!tw_device_name_valid(name))
		return true;
	while (at < json_array_size(names) && strcmp(json_string_value(json_array_get(names, at)), name) < 0)
		at++;
	return json_array_insert_new(names, at, json_string(name)) == 0;
}

tw_err tw_owner_names(const tw_owner *o, json_t **ret)
{
	TW_CLEANUP(tw_closep) int dir = o->sys->open_beneath(o->sys, o->dir, DEVICES, O_RDONLY | O_DIRECTORY, 0);
	TW_CLEANUP(tw_jsonp) json_t *names = json_array();

	if (!names)
		return TW_RAISE(NOMEM, "names");
	if (dir >= 0 && o->sys->list(o->sys, dir, add_name, names) != 0)
		return TW_RAISE_ERRNO("reading the list of devices");
	*ret = TW_STEAL(names);
	return TW_OK;
}

tw_err tw_owner_keep(const tw_owner *o, const char *name, const json_t *data)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char file[TW_NAME_MAX + 8];

	if (!tw_device_name_valid(name))
		return TW_RAISE(SYNTAX, "'%.64s' is no name for a device; letters, digits, '.', '_', '-'", name);
	(void)snprintf(file, sizeof(file), "%s.json", name);
	tw_buf_init(&text, o->sys, DEVICE_MAX);
	TW_TRY(tw_json_pretty(data, &text));
	TW_TRY(tw_buf_text(&text, "\n"));
	TW_TRY(tw_dir_beneath(o->sys, o->dir, DEVICES, 0700, &dir));
	return tw_file_text(o->sys, dir, file, tw_buf_cstr(&text), 0600);
}
