/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what with the product: its permissions and its roles, as the manifest has them.
 *
 * What the gate would not take is refused here, at the desk, before anything is signed: a product gives away what is its own and nothing
 * of the device's. So a permission has a name that none of the device's can have, a role inherits at most what an operator holds, and
 * who is named is one of the product's roles or one of the device's, of which this knows the list.
 */
#include "base/text.h"
#include "formats/manifest-inside.h"

#include <string.h>

#define PREFIX "application."

/* The device's roles that may hold a permission of the product's; owners hold each. */
static const char *const holders[] = { "anyone", "account", "guest", "user", "operator", "admin", "auditor", "emergency",
	"supporting-party" };
/* And those that one of the product's may inherit: whoever runs a device is for its owner to say. */
static const char *const inherited[] = { "guest", "user", "operator" };

static bool is_word_of(const char *at, size_t size)
{
	return size > 0 && at[0] >= 'a' && at[0] <= 'z' && at[size - 1] != '-' &&
		strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-") >= size;
}

/* "application." and at least so many words with dots between. */
static bool is_name(const char *text, size_t max, size_t least_words)
{
	size_t words = 0;

	if (strlen(text) > max || strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return false;
	for (const char *at = text + strlen(PREFIX);; at++) {
		size_t size = strcspn(at, ".");

		if (!is_word_of(at, size))
			return false;
		words++;
		at += size;
		if (!*at)
			return words >= least_words;
	}
}

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static int role_of(const struct tw_manifest_access *a, const char *name)
{
	for (size_t i = 0; i < a->role_count; i++)
		if (strcmp(a->roles[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* One row's name and help. */
static tw_err head_read(const json_t *o, const char **ret_name, const char **ret_help)
{
	*ret_name = tw_json_text(o, "name");
	*ret_help = tw_json_text(o, "help");
	if (!tw_text_printable(tw_slice_of(*ret_help)))
		return TW_RAISE(SYNTAX, "%.80s: its help has characters that cannot be printed", *ret_name);
	return TW_OK;
}

static tw_err names_read(const char *of, const json_t *list, const char **ret, size_t *ret_count)
{
	if (json_array_size(list) > TW_MANIFEST_NAMES)
		return TW_RAISE(LIMIT, "%s names more than %d roles", of, TW_MANIFEST_NAMES);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name)
			return TW_RAISE(SYNTAX, "%s: role %zu is no name", of, i + 1);
		if (is_one_of(name, ret, i))
			return TW_RAISE(SYNTAX, "%s names '%s' twice", of, name);
		ret[i] = name;
	}
	*ret_count = json_array_size(list);
	return TW_OK;
}

static tw_err role_read(const json_t *o, struct tw_manifest_role *r)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_ROLE_NAME_MAX },
		{ "help", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX }, { "inherits", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };

	TW_TRY(tw_json_check(o, shape));
	TW_TRY(head_read(o, &r->name, &r->help));
	if (!is_name(r->name, TW_MANIFEST_ROLE_NAME_MAX, 1))
		return TW_RAISE(SYNTAX, "'%s' is not a name of a role: \"" PREFIX "\" and lower case words", r->name);
	return names_read(r->name, tw_json_get(o, "inherits"), r->inherits, &r->inherit_count);
}

static tw_err permission_read(const json_t *o, const struct tw_manifest_access *a, struct tw_manifest_permission *p)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_PERMISSION_NAME_MAX },
		{ "help", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX }, { "roles", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };

	TW_TRY(tw_json_check(o, shape));
	TW_TRY(head_read(o, &p->name, &p->help));
	if (!is_name(p->name, TW_MANIFEST_PERMISSION_NAME_MAX, 2))
		return TW_RAISE(SYNTAX, "'%s' is not a name of a permission: as in \"" PREFIX "setpoint.change\"", p->name);
	TW_TRY(names_read(p->name, tw_json_get(o, "roles"), p->roles, &p->role_count));
	for (size_t i = 0; i < p->role_count; i++)
		if (!is_one_of(p->roles[i], holders, TW_COUNT(holders)) && role_of(a, p->roles[i]) < 0)
			return TW_RAISE(SYNTAX,
				"%s is for '%.40s', which is no role of the product, nor one of the device's that may hold it",
				p->name, p->roles[i]);
	return TW_OK;
}

/* What each role inherits, and what that does; none comes back to itself. */
static tw_err check_rings(const struct tw_manifest_access *a)
{
	uint32_t within[TW_MANIFEST_ROLES] = { 0 };

	_Static_assert(TW_MANIFEST_ROLES <= 32, "a bit for each");
	for (size_t i = 0; i < a->role_count; i++) {
		const struct tw_manifest_role *r = &a->roles[i];

		for (size_t k = 0; k < r->inherit_count; k++) {
			int other = role_of(a, r->inherits[k]);

			if (other < 0 && !is_one_of(r->inherits[k], inherited, TW_COUNT(inherited)))
				return TW_RAISE(SYNTAX,
					"%s inherits '%.40s': a role of the product inherits guest, user, operator or another of the product's",
					r->name, r->inherits[k]);
			if (other >= 0)
				within[i] |= UINT32_C(1) << other;
		}
	}
	for (size_t k = 0; k < a->role_count; k++)
		for (size_t i = 0; i < a->role_count; i++)
			if (within[i] >> k & 1)
				within[i] |= within[k];
	for (size_t i = 0; i < a->role_count; i++)
		if (within[i] >> i & 1)
			return TW_RAISE(SYNTAX, "%s inherits itself", a->roles[i].name);
	return TW_OK;
}

static tw_err room_for(const struct tw_sys *sys, const json_t *list, const char *what, size_t most, size_t size, void *ret)
{
	size_t count = json_array_size(list);
	void *rows = NULL;

	if (count > most)
		return TW_RAISE(LIMIT, "%zu %s of the product, limit %zu", count, what, most);
	if (count && !(rows = tw_alloc_array(sys, count, size)))
		return TW_RAISE(NOMEM, "%s of the manifest", what);
	memcpy(ret, &rows, sizeof rows);
	return TW_OK;
}

static tw_err roles_read(const struct tw_sys *sys, const json_t *list, struct tw_manifest_access *a)
{
	TW_TRY(room_for(sys, list, "roles", TW_MANIFEST_ROLES, sizeof *a->roles, &a->roles));
	for (size_t i = 0; i < json_array_size(list); i++) {
		TW_TRY(role_read(json_array_get(list, i), &a->roles[i]));
		if (role_of(a, a->roles[i].name) >= 0)
			return TW_RAISE(SYNTAX, "role %s is there twice", a->roles[i].name);
		a->role_count++;
	}
	return check_rings(a);
}

static tw_err permissions_read(const struct tw_sys *sys, const json_t *list, struct tw_manifest_access *a)
{
	TW_TRY(room_for(sys, list, "permissions", TW_MANIFEST_PERMISSIONS, sizeof *a->permissions, &a->permissions));
	for (size_t i = 0; i < json_array_size(list); i++) {
		TW_TRY(permission_read(json_array_get(list, i), a, &a->permissions[i]));
		for (size_t j = 0; j < i; j++)
			if (strcmp(a->permissions[i].name, a->permissions[j].name) == 0)
				return TW_RAISE(SYNTAX, "permission %s is there twice", a->permissions[i].name);
		a->permission_count++;
	}
	return TW_OK;
}

tw_err tw_manifest_access_read(const struct tw_sys *sys, const json_t *access, struct tw_manifest_access *ret)
{
	static const struct tw_shape shape[] = { { "permissions", TW_JSON_ARRAY, true, 0, 0 },
		{ "roles", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };

	if (!access)
		return TW_OK;
	TW_TRY(tw_json_check(access, shape));
	TW_TRY(roles_read(sys, tw_json_get(access, "roles"), ret));
	return permissions_read(sys, tw_json_get(access, "permissions"), ret);
}
