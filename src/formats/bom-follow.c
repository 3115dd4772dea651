/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX 2 in many documents: see bom-follow.h. One of them is in memory at a time, besides the image's and a package's. */
#include "formats/bom-follow.h"

#include "base/mem.h"
#include "formats/bom.h"

#define REFERENCE "DocumentRef-"

struct following {
	tw_bom_fetch fetch;
	void *user;
	json_t *packages; /* of what comes out */
	json_t *seen;     /* namespace and id of recipes -> true */
};

static bool is_relationship(const json_t *r, const char *type)
{
	return !strcmp(tw_json_text(r, "relationshipType"), type) &&
		!strncmp(tw_json_text(r, "relatedSpdxElement"), REFERENCE, sizeof REFERENCE - 1) &&
		strchr(tw_json_text(r, "relatedSpdxElement"), ':');
}

bool tw_bom_refers(const json_t *document)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(document, "relationships"), i, one)
		if (is_relationship(one, "CONTAINS"))
			return true;
	return false;
}

static const char *name_of(const json_t *document)
{
	const char *name = tw_json_text(document, "name");

	return *name ? name : "a document without a name";
}

/* What "DocumentRef-curl:SPDXRef-Package-curl" names, among the references of the document that says it. */
struct element {
	const json_t *reference;
	const char *id;
};

/* externalDocumentId -> reference: an image has thousands. */
static tw_err map_references(const json_t *document, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *map = json_object();
	json_t *one;
	size_t i;

	if (!map)
		return TW_RAISE(NOMEM, "references");
	json_array_foreach(json_object_get(document, "externalDocumentRefs"), i, one)
		if (*tw_json_text(one, "externalDocumentId"))
			TW_TRY(tw_json_set(map, tw_json_text(one, "externalDocumentId"), json_incref(one)));
	*ret = TW_STEAL(map);
	return TW_OK;
}

static tw_err resolve(const json_t *document, const json_t *references, const char *text, struct element *ret)
{
	char id[1024];
	size_t size = strcspn(text, ":");

	(void)snprintf(id, sizeof id, "%.*s", (int)(size < sizeof id ? size : sizeof id), text);
	*ret = (struct element){ json_object_get(references, id), text + size + 1 };
	return ret->reference ? TW_OK : TW_RAISE(SYNTAX, "%.80s: '%.100s' is none of its externalDocumentRefs", name_of(document), id);
}

static const char *sha1_of(const json_t *reference)
{
	const json_t *checksum = json_object_get(reference, "checksum");

	return !strcmp(tw_json_text(checksum, "algorithm"), "SHA1") ? tw_json_text(checksum, "checksumValue") : "";
}

static tw_err get_document(const struct following *f, const json_t *from, const struct element *e, json_t **ret)
{
	const char *name_space = tw_json_text(e->reference, "spdxDocument");
	char why[TW_DETAIL_MAX];
	tw_err err = f->fetch(f->user, name_space, sha1_of(e->reference), ret);

	if (!tw_is(err, TW_CODE_NOTFOUND))
		return err;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return TW_RAISE(NOTFOUND, "%.80s refers to %.100s (%.160s): %s", name_of(from),
		tw_json_text(e->reference, "externalDocumentId"), name_space, why);
}

static tw_err find_package(const json_t *document, const char *id, const json_t **ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(document, "packages"), i, one)
		if (!strcmp(tw_json_text(one, "SPDXID"), id)) {
			*ret = one;
			return TW_OK;
		}
	return TW_RAISE(SYNTAX, "%.80s: has no package '%.120s'", name_of(document), id);
}

/* Not its files, of which it may have thousands. */
static tw_err add_package(struct following *f, const json_t *package)
{
	static const char *const keys[] = { "SPDXID", "name", "versionInfo", "externalRefs", "sourceInfo", "primaryPackagePurpose" };
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	if (!o)
		return TW_RAISE(NOMEM, "a package");
	if (json_array_size(f->packages) == TW_BOM_PARTS_MAX)
		return TW_RAISE(LIMIT, "an image of more than %d packages", TW_BOM_PARTS_MAX);
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (json_object_get(package, keys[i]))
			TW_TRY(tw_json_set(o, keys[i], json_incref(json_object_get(package, keys[i]))));
	return tw_json_append(f->packages, json_incref(o));
}

static tw_err add_recipe(struct following *f, const json_t *document, const struct element *e)
{
	TW_CLEANUP(tw_jsonp) json_t *recipes = NULL, *key = NULL;
	const json_t *recipe = NULL;

	key = json_sprintf("%s#%s", tw_json_text(e->reference, "spdxDocument"), e->id);
	if (!key)
		return TW_RAISE(NOMEM, "a recipe");
	if (json_object_get(f->seen, json_string_value(key)))
		return TW_OK;
	TW_TRY(tw_json_set(f->seen, json_string_value(key), json_true()));
	TW_TRY(get_document(f, document, e, &recipes));
	TW_TRY(find_package(recipes, e->id, &recipe));
	return add_package(f, recipe);
}

/* By what it was made from, else itself. */
static tw_err add_contained(struct following *f, const json_t *image, const struct element *e)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *references = NULL;
	const json_t *package = NULL, *one;
	struct element recipe;
	size_t i;

	TW_TRY(get_document(f, image, e, &document));
	TW_TRY(find_package(document, e->id, &package));
	json_array_foreach(json_object_get(document, "relationships"), i, one) {
		if (!is_relationship(one, "GENERATED_FROM") || strcmp(tw_json_text(one, "spdxElementId"), e->id) != 0)
			continue;
		TW_TRY(map_references(document, &references));
		TW_TRY(resolve(document, references, tw_json_text(one, "relatedSpdxElement"), &recipe));
		return add_recipe(f, document, &recipe);
	}
	return add_package(f, package);
}

static tw_err follow(struct following *f, const json_t *image)
{
	TW_CLEANUP(tw_jsonp) json_t *references = NULL;
	const json_t *one;
	struct element e;
	size_t i;

	TW_TRY(map_references(image, &references));
	json_array_foreach(json_object_get(image, "relationships"), i, one) {
		if (!is_relationship(one, "CONTAINS"))
			continue;
		TW_TRY(resolve(image, references, tw_json_text(one, "relatedSpdxElement"), &e));
		TW_TRY(add_contained(f, image, &e));
	}
	return TW_OK;
}

tw_err tw_bom_follow(const json_t *image, tw_bom_fetch fetch, void *user, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *packages = json_array(), *seen = json_object();
	struct following f = { fetch, user, packages, seen };

	if (!packages || !seen)
		return TW_RAISE(NOMEM, "an image");
	TW_TRY(follow(&f, image));
	*ret = json_pack("{s:s, s:s, s:O}", "spdxVersion", "SPDX-2.2", "documentNamespace",
		tw_json_text(image, "documentNamespace"), "packages", packages);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "an image");
}
