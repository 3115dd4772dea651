/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is installed on this unit: the package manager's own database, read when somebody asks, and kept nowhere.
 *
 * core was born with that one directory, for reading only; every other place on the disk stays closed to it. The directory and not
 * the file, because package managers replace the file and a descriptor of it would go on showing what was installed at the start.
 */
#include "device/identification/files.h"
#include "device/identification/identity.h"

#include "base/release.h"
#include "base/text.h"
#include "device/rows-identification.h"
#include "formats/sbom.h"
#include "service/path/page.h"
#include "service/role.h"
#include "sys/durable.h"

#include <fcntl.h>

struct tw_inventory {
	bool known; /* the rest is of the file as it was then */
	struct stat file;
	tw_err result;
	char why[TW_DETAIL_MAX];
	size_t count;
};
struct loaded {
	const struct tw_package_system *system;
	struct tw_buf text;
	struct tw_packages list;
};

static void loaded_done(struct loaded *l)
{
	tw_packages_done(&l->list);
	tw_buf_done(&l->text);
}

tw_err tw_inventory_start(struct tw_device *d)
{
	d->inventory = TW_NEW(d->context.sys, struct tw_inventory);
	return d->inventory ? TW_OK : TW_RAISE(NOMEM, "the inventory");
}

void tw_inventory_stop(struct tw_device *d)
{
	free(d->inventory);
	d->inventory = NULL;
}

static tw_err system_of(const struct tw_device *d, const struct tw_package_system **ret)
{
	if (!d->packages)
		return TW_RAISE(NOTFOUND, "no package database was given to the device's software");
	*ret = tw_package_system(d->packages);
	return *ret ? TW_OK : TW_RAISE(UNSUPPORTED, "package databases of the kind '%.20s' are not read", d->packages);
}

/* @nist DI.ABI.3: what the package database says, and nothing else */
static tw_err load(struct tw_context *c, struct loaded *ret)
{
	TW_TRY(system_of(tw_device_of(c), &ret->system));
	tw_buf_init(&ret->text, c->sys, TW_PACKAGES_TEXT_MAX);
	TW_TRY(tw_durable_read(c->sys, TW_FD_PACKAGES, ret->system->file, ret->text.max, &ret->text));
	return tw_packages_read(c->sys, ret->system, tw_buf_slice(&ret->text), &ret->list);
}

/* A database that cannot be read is an answer; only the want of memory is a failure. */
static tw_err load_or_say(struct tw_context *c, struct loaded *l, struct tw_reply *rp)
{
	tw_err e = load(c, l);

	if (!tw_failed(e) || tw_is(e, TW_CODE_NOMEM))
		return e;
	return tw_reply_problem(rp, 503, "inventory", "DI.ABI.3", "This device cannot say what is installed",
		"Ask the manufacturer: the package database needs to be mended.", "%s", tw_err_detail());
}

static json_t *text(struct tw_slice s)
{
	return json_stringn(s.at, s.size);
}

static tw_err describe(const struct tw_sys *sys, const struct loaded *l, const struct tw_package *p, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };

	tw_buf_init(&purl, sys, 1024);
	TW_TRY(tw_package_purl(l->system, p, &purl));
	TW_TRY(tw_json_set(o, "name", text(p->name)));
	TW_TRY(tw_json_set(o, "version", text(p->version)));
	TW_TRY(tw_json_set(o, "architecture", text(p->architecture)));
	TW_TRY(tw_json_set(o, "purl", json_string(tw_buf_cstr(&purl))));
	if (p->supplier.size)
		TW_TRY(tw_json_set(o, "supplier", text(p->supplier)));
	if (p->licence.size)
		TW_TRY(tw_json_set(o, "licence", text(p->licence)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* Where a page ended: "name:architecture"; no name has a colon. */
static bool behind(const struct tw_package *p, const char *after)
{
	const char *colon = strchr(after, ':');
	const struct tw_package last = { .name = { after, colon ? (size_t)(colon - after) : strlen(after) },
		.architecture = tw_slice_of(colon ? colon + 1 : "") };

	return !*after || tw_package_compare(p, &last) > 0;
}

static tw_err add_packages(struct tw_context *c, const struct loaded *l, struct tw_page *page)
{
	for (size_t i = 0; i < l->list.count; i++) {
		const struct tw_package *p = &l->list.of[i];
		char at[TW_PAGE_AT_MAX + 1];
		json_t *one = NULL;

		if (!behind(p, page->after))
			continue;
		if (!tw_page_takes(page))
			return TW_OK;
		(void)snprintf(at, sizeof at, TW_SLICE_FMT ":" TW_SLICE_FMT, TW_SLICE_ARG(p->name), TW_SLICE_ARG(p->architecture));
		TW_TRY(describe(c->sys, l, p, &one));
		TW_TRY(tw_page_add(page, at, one));
	}
	return TW_OK;
}

/* @nist DI.ABI.3: the list is keyed to the unit that has it */
tw_err tw_inventory_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(loaded_done) struct loaded l = { 0 };
	const struct tw_device *d = tw_device_of(c);
	struct tw_page page;

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (!rp->problem[0])
		TW_TRY(load_or_say(c, &l, rp));
	if (rp->problem[0])
		return TW_OK;
	rp->body = json_pack("{s:s, s:s, s:s, s:s, s:I}", "identifier", tw_identity_own(d), "product", d->manifest->product,
		"product_version", d->manifest->version, "database", l.system->word, "count", (json_int_t)l.list.count);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(add_packages(c, &l, &page));
	return tw_page_end(&page, rp);
}

static tw_err sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_INVENTORY, signing_input, ret);
}

static tw_err sign_document(struct tw_device *d, const struct tw_sbom *s, const json_t *document, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	const struct tw_signer signer = { sign, d->context.keys };

	tw_buf_init(&bytes, d->context.sys, TW_SBOM_MAX);
	tw_buf_init(&jws, d->context.sys, 16 * 1024);
	TW_TRY(tw_json_write(document, &bytes));
	TW_TRY(tw_sbom_sign(d->context.sys, s, tw_buf_slice(&bytes), d->certificate, &signer, &jws));
	return tw_json_parse(tw_buf_slice(&jws), jws.max, ret);
}

static tw_err make_document(struct tw_device *d, const struct loaded *l, struct tw_reply *rp)
{
	json_t *document = NULL, *signature = NULL;
	struct tw_sbom_files files;
	tw_err e = tw_files_summary(d, &files);

	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	struct tw_sbom s = { .identifier = tw_identity_own(d),
		.organization = d->manifest->organization,
		.product = d->manifest->product,
		.model = d->manifest->model,
		.version = d->manifest->version,
		.software = TW_VERSION,
		.made_ms = tw_time_wall_ms(&d->time),
		.time_trusted = tw_time_trusted(&d->time),
		.system = l->system,
		.packages = &l->list,
		.files = tw_failed(e) ? NULL : &files };

	if (d->context.sys->random(d->context.sys, s.serial, sizeof s.serial))
		return TW_RAISE_ERRNO("randomness");
	rp->body = json_object();
	TW_TRY(tw_sbom_write(d->context.sys, &s, &document));
	TW_TRY(tw_json_set(rp->body, "sbom", document));
	TW_TRY(sign_document(d, &s, document, &signature));
	return tw_json_set(rp->body, "signature", signature);
}

/* @nist DI.ABI.3: as a document for other tools, under the device's own signature */
tw_err tw_inventory_sbom(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(loaded_done) struct loaded l = { 0 };

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (!rp->problem[0])
		TW_TRY(load_or_say(c, &l, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = make_document(tw_device_of(c), &l, rp);
	if (!tw_is(e, TW_CODE_LIMIT))
		return e;
	json_decref(rp->body);
	rp->body = NULL;
	return tw_reply_problem(rp, 503, "inventory", "inventory.size", "The document would be too long", "Read the list in pages.",
		"%zu packages make a longer document than one answer carries.", l.list.count);
}

/* The file is read again only when it is another one than last time: status is asked often, packages change rarely. */
static tw_err look(struct tw_context *c)
{
	struct tw_inventory *i = tw_device_of(c)->inventory;
	TW_CLEANUP(loaded_done) struct loaded l = { 0 };
	TW_CLEANUP(tw_closep) int fd = -1;
	const struct tw_package_system *system = NULL;
	struct stat now = { 0 };

	tw_err e = system_of(tw_device_of(c), &system);
	if (!tw_failed(e)) {
		fd = c->sys->open_beneath(c->sys, TW_FD_PACKAGES, system->file, O_RDONLY | O_CLOEXEC, 0);
		if (fd >= 0 && c->sys->fstat(c->sys, fd, &now) == 0 && i->known && now.st_ino == i->file.st_ino &&
			now.st_size == i->file.st_size && now.st_mtim.tv_sec == i->file.st_mtim.tv_sec &&
			now.st_mtim.tv_nsec == i->file.st_mtim.tv_nsec)
			return i->result;
		e = load(c, &l);
	}
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	*i = (struct tw_inventory){ .known = fd >= 0, .file = now, .result = e, .count = l.list.count };
	(void)snprintf(i->why, sizeof i->why, "%s", tw_failed(e) ? tw_err_detail() : "");
	return e;
}

static tw_err provided(struct tw_device *d, size_t count, struct tw_element_status *ret)
{
	char files[TW_DETAIL_MAX], when[TW_TIME_TEXT_MAX];
	struct tw_sbom_files f;
	tw_err e = tw_files_summary(d, &f);

	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	if (tw_failed(e)) {
		const char *not = tw_files_unavailable(d);

		(void)snprintf(files, sizeof files, "%s", *not ? not : "Files were not held against it yet.");
	} else {
		tw_time_text(f.checked_ms, when);
		(void)snprintf(files, sizeof files, "The files, at %.19sZ: %llu of %llu changed, %llu missing, %llu unknown executables%s.",
			when, (unsigned long long)f.changed, (unsigned long long)f.checked, (unsigned long long)f.missing,
			(unsigned long long)f.unknown, f.broken ? "; part of the disk cannot be read" : "");
	}
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The package database (%s) is read when asked; it names %zu installed packages. %.150s", d->packages, count, files);
	return TW_OK;
}

/* @nist DI.ABI.3 */
tw_err tw_inventory_status(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_inventory *i = tw_device_of(c)->inventory;

	TW_TRY(tw_identity_status_identifier(c, ret));
	if (ret->status != TW_STATUS_PROVIDED)
		return TW_OK;
	tw_err e = look(c);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e)) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "What is installed cannot be said: %.200s.", i->why);
		return TW_OK;
	}
	return provided(tw_device_of(c), i->count, ret);
}
