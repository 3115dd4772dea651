/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of Data Protection.
 *
 * They use the device as its owner would: keys of their own are made, used, replaced and destroyed again, and what was left by
 * an assessment that was cut short is destroyed first. What a probe concludes it concludes from signatures that it verified, not from
 * what the device says of itself.
 */
#include "tool/probes/probe.h"

#include "base/text.h"
#include "formats/keyproof.h"
#include "sys/stranger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define ONE "assess-one"
#define OTHER "assess-other"
#define NONCE_SIZE 32
#define PATH_SIZE 128

/* A public half as the device shows it. */
struct shown {
	tw_key *key;
	char fingerprint[65];
};

static void shown_done(struct shown *s)
{
	(void)tw_key_free(s->key);
}

/* Exactly a public half: what is longer, or has another field, could carry more. */
static tw_err read_shown(struct tw_probe_context *c, const json_t *said, struct shown *ret)
{
	TW_CLEANUP(shown_done) struct shown s = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t spki[128], fingerprint[32];
	size_t size = 0;

	tw_buf_init(&hex, c->sys, 64);
	if (json_object_size(said) != 3)
		return TW_RAISE(UNTRUSTED, "the answer has %zu fields and not the three that a public half needs", json_object_size(said));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(said, "public")), sizeof spki, spki, &size));
	TW_TRY(tw_key_load_public(c->sys, (struct tw_slice){ (char *)spki, size }, &s.key));
	TW_TRY(tw_key_fingerprint(s.key, fingerprint));
	TW_TRY(tw_buf_hex(&hex, fingerprint, sizeof fingerprint));
	if (strcmp(tw_buf_cstr(&hex), tw_json_text(said, "fingerprint")) != 0)
		return TW_RAISE(UNTRUSTED, "the fingerprint is not that of the public half");
	(void)snprintf(ret->fingerprint, sizeof ret->fingerprint, "%s", tw_buf_cstr(&hex));
	ret->key = TW_STEAL(s.key);
	return TW_OK;
}

static void destroy(struct tw_probe_context *c, const char *name)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "/api/v1/keys/%s", name);
	tw_ignore(tw_order(c, "DELETE", path, NULL)); /* there may be none */
}

static tw_err make(struct tw_probe_context *c, const char *name, struct shown *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	destroy(c, name);
	TW_TRY(tw_order_with(c, "POST", "/api/v1/keys", json_pack("{s:s}", "name", name), &answer));
	return read_shown(c, answer.body, ret);
}

/* The key of that name signs a fresh nonce, and the signature verifies under the public half shown. DENIED: the device refused. */
static tw_err prove(struct tw_probe_context *c, const char *name, const struct shown *key)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, message = { 0 };
	uint8_t nonce[NONCE_SIZE], signature[TW_SIGNATURE_SIZE];
	size_t size = 0;

	tw_buf_init(&text, c->sys, 128);
	tw_buf_init(&message, c->sys, 256);
	if (c->sys->random(c->sys, nonce, sizeof nonce) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, nonce, sizeof nonce));
	TW_TRY(tw_order_with(c, "POST", "/api/v1/key-proofs",
		json_pack("{s:s, s:s, s:s}", "name", name, "fingerprint", key->fingerprint, "nonce", tw_buf_cstr(&text)), &answer));
	TW_TRY(tw_key_proof_message(name, nonce, sizeof nonce, &message));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(answer.body, "signature")), sizeof signature, signature, &size));
	if (size != sizeof signature)
		return TW_RAISE(SYNTAX, "a signature of %zu bytes", size);
	const struct tw_slice signed_text = tw_buf_slice(&message);
	return tw_key_verify(key->key, &signed_text, 1, signature);
}

static tw_err make_two(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(shown_done) struct shown one = { 0 };
	TW_CLEANUP(shown_done) struct shown other = { 0 };
	tw_err e = make(c, ONE, &one);

	if (!tw_failed(e))
		e = make(c, OTHER, &other);
	if (tw_failed(e))
		return tw_found_trouble(f, "Making a key pair", e);
	TW_TRY(tw_saw(f, "first key", one.fingerprint));
	TW_TRY(tw_saw(f, "second key", other.fingerprint));
	if (strcmp(one.fingerprint, other.fingerprint) == 0)
		return tw_found(f, TW_VERDICT_FAIL, "Two key pairs were asked for, and both have the same public half.");
	e = prove(c, ONE, &one);
	if (!tw_failed(e))
		e = prove(c, OTHER, &other);
	if (tw_failed(e))
		return tw_found_trouble(f, "The signature of a new key over a fresh nonce", e);
	return tw_found(f, TW_VERDICT_PASS,
		"The device made two key pairs with different public halves, and each signed a fresh nonce that verifies under its own.");
}

/* @nist DP.CKM.1: two pairs are asked for, differ, and are held by the device. */
static tw_err pairs_differ(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = make_two(c, f);

	destroy(c, ONE);
	destroy(c, OTHER);
	return e;
}

static const char *const ways[] = { "PRIVATE KEY", "private", "\"d\"", "scalar" };

static tw_err look_for_private(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(shown_done) struct shown made = { 0 };
	size_t i;
	json_t *one;
	tw_err e = make(c, ONE, &made);

	if (tw_failed(e))
		return tw_found_trouble(f, "The answer to making a key pair", e);
	e = tw_order(c, "GET", "/api/v1/keys", &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Listing the keys", e);
	json_array_foreach(json_object_get(answer.body, "keys"), i, one) {
		TW_CLEANUP(shown_done) struct shown s = { 0 };

		e = read_shown(c, one, &s);
		if (tw_failed(e))
			return tw_found_trouble(f, "An entry of the list of keys", e);
	}
	for (size_t k = 0; k < TW_COUNT(ways); k++)
		if (answer.raw.size && memmem(answer.raw.data, answer.raw.size, ways[k], strlen(ways[k])))
			return tw_found(f, TW_VERDICT_FAIL, "The list of keys speaks of %s.", ways[k]);
	return tw_found(f, TW_VERDICT_PASS,
		"Making a key and listing all %zu answers with exactly a name, a P-256 public half and its fingerprint each: "
		"there is no room for a private half.",
		i);
}

/* @nist DP.CKM.1: no call returns a private half. */
static tw_err nothing_private(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = look_for_private(c, f);

	destroy(c, ONE);
	return e;
}

/* --- DP.CKM.3 --- */

static tw_err refuses(struct tw_probe_context *c, const char *name, const struct shown *key, bool *ret)
{
	tw_err e = prove(c, name, key);

	*ret = tw_failed(e);
	return tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_CLOSED) ? e : TW_OK;
}

static tw_err replace_key(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(shown_done) struct shown old = { 0 };
	TW_CLEANUP(shown_done) struct shown next = { 0 };
	bool refused = false;
	tw_err e = make(c, ONE, &old);

	if (!tw_failed(e))
		e = prove(c, ONE, &old);
	if (!tw_failed(e))
		e = tw_order(c, "POST", "/api/v1/keys/" ONE, &answer);
	if (!tw_failed(e))
		e = read_shown(c, answer.body, &next);
	if (tw_failed(e))
		return tw_found_trouble(f, "Replacing a key", e);
	TW_TRY(tw_saw(f, "old key", old.fingerprint));
	TW_TRY(tw_saw(f, "new key", next.fingerprint));
	if (strcmp(old.fingerprint, next.fingerprint) == 0)
		return tw_found(f, TW_VERDICT_FAIL, "After the rotation the key is the same as before.");
	e = refuses(c, ONE, &old, &refused);
	if (tw_failed(e))
		return tw_found_trouble(f, "Asking for the old key", e);
	if (!refused)
		return tw_found(f, TW_VERDICT_FAIL, "The old key still signs after the rotation.");
	e = prove(c, ONE, &next);
	if (tw_failed(e))
		return tw_found_trouble(f, "The signature of the new key over a fresh nonce", e);
	return tw_found(f, TW_VERDICT_PASS,
		"After the rotation the old key is refused, and the new one signed a fresh nonce. What a power cut in between leaves cannot be seen over the "
		"network; it is tried at every write when the software is built.");
}

/* @nist DP.CKM.3: the old key is refused, the new one works. */
static tw_err old_key_refused(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = replace_key(c, f);

	destroy(c, ONE);
	return e;
}

static tw_err replace_storage_key(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer rotated = { 0 }, before = { 0 }, after = { 0 };
	TW_CLEANUP(shown_done) struct shown key = { 0 };
	tw_err e = make(c, ONE, &key);

	if (!tw_failed(e))
		e = tw_order(c, "GET", "/api/v1/keystore", &before);
	if (!tw_failed(e))
		e = tw_order(c, "POST", "/api/v1/keystore/rotation", &rotated);
	if (!tw_failed(e))
		e = tw_order(c, "GET", "/api/v1/keystore", &after);
	if (tw_failed(e))
		return tw_found_trouble(f, "Replacing the storage key", e);
	json_int_t was = json_integer_value(json_object_get(before.body, "generation")),
		   is = json_integer_value(json_object_get(after.body, "generation")),
		   oldest = json_integer_value(json_object_get(after.body, "oldest"));
	if (is <= was || oldest != is)
		return tw_found(f, TW_VERDICT_FAIL,
			"After the rotation the storage key is of generation %lld, and %lld still opens; before it was %lld.",
			(long long)is, (long long)oldest, (long long)was);
	e = prove(c, ONE, &key);
	if (tw_failed(e))
		return tw_found_trouble(f, "A key under the new storage key", e);
	return tw_found(f, TW_VERDICT_PASS,
		"The storage key is of generation %lld now, none older opens anything, and keys sign on.", (long long)is);
}

/* @nist DP.CKM.3: what protects the keys is replaced without a break. */
static tw_err storage_key(struct tw_probe_context *c, struct tw_finding *f)
{
	tw_err e = replace_storage_key(c, f);

	destroy(c, ONE);
	return e;
}

/* --- DP.CKM.2, on the device itself --- */

#define PEEKS_MAX 64
#define COMMAND_MAX 512
/* What a stranger tries of one keys role, gathered by root: its directory, the files in it, its memory. */
struct peek {
	const struct tw_sys *sys;
	char pid[16];
	int dir; /* opened by root */
	char names[PEEKS_MAX][64];
	size_t count;
	char got[128]; /* what a stranger could read; "" when nothing */
};

static bool is_keys_role(const struct tw_sys *sys, const char *pid)
{
	char path[64], command[COMMAND_MAX];
	ssize_t size;

	(void)snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, path, O_RDONLY | O_CLOEXEC, 0);
	size = fd < 0 ? -1 : sys->read(sys, fd, command, sizeof command - 1);
	if (size <= 0)
		return false;
	command[size] = '\0';
	size_t program = strlen(command);
	return program >= 14 && strcmp(command + program - 14, "thingward-role") == 0 && program + 1 < (size_t)size &&
		strcmp(command + program + 1, "keys") == 0;
}

static bool note_name(void *user, const char *name)
{
	struct peek *p = user;

	if (p->count < PEEKS_MAX && strlen(name) < sizeof p->names[0] && name[0] != '.')
		(void)snprintf(p->names[p->count++], sizeof p->names[0], "%s", name);
	return true;
}

static void note_if_open(struct peek *p, int fd, const char *what)
{
	char byte;

	if (fd >= 0 && p->sys->pread(p->sys, fd, &byte, 1, 0) >= 0)
		(void)snprintf(p->got, sizeof p->got, "%s of process %s", what, p->pid);
	tw_closep(&fd);
}

/* Runs as nobody. */
static tw_err try_all(void *user)
{
	static const char *const of_process[] = { "mem", "maps", "environ", "fd/6", "auxv" };
	struct peek *p = user;
	char path[64];

	for (size_t i = 0; i < p->count; i++)
		note_if_open(p, p->sys->open_beneath(p->sys, p->dir, p->names[i], O_RDONLY | O_CLOEXEC, 0), p->names[i]);
	for (size_t i = 0; i < TW_COUNT(of_process); i++) {
		(void)snprintf(path, sizeof path, "/proc/%s/%s", p->pid, of_process[i]);
		int fd = p->sys->open_path(p->sys, path, O_RDONLY | O_CLOEXEC, 0);

		if (fd >= 0)
			(void)snprintf(p->got, sizeof p->got, "%s of process %s", of_process[i], p->pid);
		tw_closep(&fd);
	}
	return TW_OK;
}

static tw_err peek_at(const struct tw_sys *sys, const char *pid, struct peek *ret)
{
	struct peek p = { .sys = sys };
	char path[64];

	(void)snprintf(p.pid, sizeof p.pid, "%s", pid);
	(void)snprintf(path, sizeof path, "/proc/%s/fd/6", pid); /* its directory: src/service/role.h */
	TW_CLEANUP(tw_closep) int dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0 || sys->list(sys, dir, note_name, &p))
		return TW_RAISE_ERRNO("looking for the files of process %s", pid);
	if (p.count == 0)
		return TW_RAISE(NOTFOUND, "process %s has no files", pid);
	p.dir = dir;
	TW_TRY(tw_as_stranger(try_all, &p));
	*ret = p;
	return TW_OK;
}

struct search {
	const struct tw_sys *sys;
	struct peek last;
	size_t found;
	bool bad;
	tw_err e;
};

static bool look_at_process(void *user, const char *name)
{
	struct search *s = user;

	if (name[0] < '1' || name[0] > '9' || strlen(name) >= sizeof s->last.pid || !is_keys_role(s->sys, name))
		return true;
	s->e = peek_at(s->sys, name, &s->last);
	s->found++;
	s->bad = tw_failed(s->e) || s->last.got[0];
	return !s->bad;
}

/* @nist DP.CKM.2: as an unprivileged process, key files and the keys role's memory. */
static tw_err strangers_denied(struct tw_probe_context *c, struct tw_finding *f)
{
	struct search s = { .sys = c->sys };

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It takes a look from inside: run this on the device as root, with --local.");
	TW_CLEANUP(tw_closep) int proc = c->sys->open_path(c->sys, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (proc < 0 || c->sys->list(c->sys, proc, look_at_process, &s))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The processes of this machine cannot be listed.");
	if (tw_is(s.e, TW_CODE_DENIED) || (s.found && tw_failed(s.e)))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "It could not be tried: %s. Run this as root.", tw_err_detail());
	if (!s.found)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "There is no process that keeps keys here. Run this on the device, as root.");
	if (s.bad)
		return tw_found(f, TW_VERDICT_FAIL, "A user without any right could read %s.", s.last.got);
	return tw_found(f, TW_VERDICT_PASS,
		"As a user without any right, each of %zu key files and the memory of the process that keeps the keys were tried: all were refused.",
		s.last.count);
}

/* @nist DP.CKM.2: no plaintext key in a disk image, as far as the device knows where its root secret lies. */
static tw_err disk_opens_nothing(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	tw_err e = tw_order(c, "GET", "/api/v1/keystore", &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "The state of the keystore", e);
	f->source = TW_SOURCE_DEVICE;
	if (!json_is_true(json_object_get(answer.body, "taken_over")))
		return tw_found(f, TW_VERDICT_FAIL, "The device's own keys lie in plain files.");
	if (!json_is_true(json_object_get(answer.body, "outside")) && !json_is_true(json_object_get(answer.body, "hardware")))
		return tw_found(f, TW_VERDICT_FAIL, "What opens the keystore lies on the same disk: %s",
			tw_json_text(answer.body, "detail"));
	return tw_found(f, TW_VERDICT_PASS, "The device says that its keys are sealed and that what opens them is not on its disk: %s",
		tw_json_text(answer.body, "detail"));
}

const struct tw_probe tw_probes_data_protection[] = {
	{ "DP.CKM.1", "pairs-differ", TW_SOURCE_INSIDE, "Does the device make key pairs that differ, and hold them?", pairs_differ, true },
	{ "DP.CKM.1", "nothing-private", TW_SOURCE_INSIDE, "Does no answer carry a private half?", nothing_private, true },
	{ "DP.CKM.2", "strangers-denied", TW_SOURCE_INSIDE, "Can nobody else read key files or the memory with keys?", strangers_denied },
	{ "DP.CKM.2", "disk-opens-nothing", TW_SOURCE_DEVICE, "Does a copy of the disk open no key?", disk_opens_nothing },
	{ "DP.CKM.3", "old-key-refused", TW_SOURCE_INSIDE, "Is a replaced key refused, and does the new one work?", old_key_refused, true },
	{ "DP.CKM.3", "storage-key", TW_SOURCE_INSIDE, "Can what seals the keys be replaced while they serve?", storage_key, true },
	{},
};
