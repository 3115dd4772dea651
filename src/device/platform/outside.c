/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/outside.h"

#include "base/text.h"
#include "crypto/verify.h"
#include "device/platform/home.h"
#include "formats/posture.h"

#define KEPT TW_KEPT_OF_OWNER "outside"

static const struct tw_shape kept_shape[] = { { "systems", TW_JSON_ARRAY, true, 0, 0 }, {} };
static const struct tw_shape system_shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, TW_OUTSIDE_NAME_MAX },
	{ "place", TW_JSON_TEXT, true, 1, TW_DEMAND_PLACE_MAX },
	{ "tls", TW_JSON_TEXT, true, 3, 3 },
	{ "suites", TW_JSON_TEXT, true, 0, 511 },
	{ "groups", TW_JSON_TEXT, true, 0, 63 },
	{ "keys", TW_JSON_TEXT, true, 0, TW_OUTSIDE_KEYS_TEXT },
	{ "posture", TW_JSON_TEXT, true, 0, TW_DEMAND_PATH_MAX },
	{ "attester", TW_JSON_TEXT, true, 0, TW_OUTSIDE_ATTESTER_MAX },
	{ "claims", TW_JSON_TEXT, true, 0, TW_DEMAND_CLAIMS_MAX },
	{},
};

tw_err tw_outside_read(struct tw_device *d, json_t **ret)
{
	tw_err e = tw_device_kept_json(d, KEPT, kept_shape, ret);

	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		return tw_json_check_each(tw_json_get(*ret, "systems"), system_shape, TW_OUTSIDE_MAX);
	}
	*ret = json_pack("{s:[]}", "systems");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "systems outside");
}

tw_err tw_outside_write(struct tw_device *d, const json_t *document)
{
	return tw_device_keep_json(d, KEPT, document);
}

static uint8_t tls_of(const char *word)
{
	return strcmp(word, "1.3") == 0 ? TW_DEMAND_TLS_1_3 : TW_DEMAND_TLS_1_2;
}

static tw_err setting_text(struct tw_context *c, const char *key, struct tw_buf *ret)
{
	tw_buf_init(ret, c->sys, 512);
	return tw_setting_get(c, key, ret);
}

tw_err tw_outside_least(struct tw_context *c, struct tw_fetch_demand *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf tls = { 0 }, suites = { 0 }, groups = { 0 };

	*ret = (struct tw_fetch_demand)TW_FETCH_DEMAND_LEAST;
	TW_TRY(setting_text(c, "outside.tls", &tls));
	TW_TRY(setting_text(c, "outside.suites", &suites));
	TW_TRY(setting_text(c, "outside.groups", &groups));
	ret->tls = tls_of(tw_buf_cstr(&tls));
	TW_TRY(tw_demand_suites_read(tw_buf_cstr(&suites), &ret->suites));
	return tw_demand_groups_read(tw_buf_cstr(&groups), &ret->groups);
}

/* --- One system's own --- */

static tw_err take_keys(const char *words, struct tw_outside *ret)
{
	size_t count = 0;

	for (const char *at = words; *at; at += *at == ' ') {
		const struct tw_slice one = { at, strcspn(at, " ") };

		if (count == TW_DEMAND_KEYS_MAX)
			return TW_RAISE(SYNTAX, "more than %d keys", TW_DEMAND_KEYS_MAX);
		if (one.size != (size_t)2 * TW_DEMAND_KEY_SIZE ||
			tw_failed(tw_parse_hex(one, ret->keys + count * TW_DEMAND_KEY_SIZE, TW_DEMAND_KEY_SIZE)))
			return TW_RAISE(SYNTAX, "a key is named by 64 hexadecimal digits, the SHA-256 of its SubjectPublicKeyInfo");
		count++;
		at += one.size;
	}
	ret->demand.keys = (struct tw_slice){ ret->keys, count * TW_DEMAND_KEY_SIZE };
	return TW_OK;
}

static tw_err take_posture(const struct tw_sys *sys, const json_t *entry, struct tw_outside *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const char *path = tw_json_text(entry, "posture"), *claims = tw_json_text(entry, "claims");
	uint8_t point[TW_POINT_SIZE];

	_Static_assert(sizeof point == TW_DEMAND_ATTESTER_SIZE, "a point of P-256");
	if (!*path)
		return *claims || *tw_json_text(entry, "attester")
			? TW_RAISE(SYNTAX, "who attests its state, and what that has to be, says nothing without the path where it says so")
			: TW_OK;
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("?#\"<>\\", *c))
			return TW_RAISE(SYNTAX, "the path where it says its state is none");
	if (*path != '/')
		return TW_RAISE(SYNTAX, "the path where it says its state begins with a slash");
	if (!tw_posture_claims_valid(tw_slice_of(claims)))
		return TW_RAISE(SYNTAX, "what it has to say of its state is name=value, with one blank between each");
	TW_TRY(tw_verify_key(sys, tw_slice_of(tw_json_text(entry, "attester")), &key));
	TW_TRY(tw_key_point(key, point));
	memcpy(ret->attester, point, sizeof point);
	(void)snprintf(ret->posture, sizeof ret->posture, "%s", path);
	(void)snprintf(ret->claims, sizeof ret->claims, "%s", claims);
	ret->demand.posture = tw_slice_of(ret->posture);
	ret->demand.attester = (struct tw_slice){ ret->attester, sizeof ret->attester };
	ret->demand.claims = tw_slice_of(ret->claims);
	return TW_OK;
}

tw_err tw_outside_add(struct tw_device *d, const json_t *entry, struct tw_outside *ret)
{
	const uint8_t tls = tls_of(tw_json_text(entry, "tls"));
	uint16_t suites = 0;
	uint8_t groups = 0;

	if (strcmp(tw_json_text(entry, "tls"), "1.2") != 0 && tls != TW_DEMAND_TLS_1_3)
		return TW_RAISE(SYNTAX, "the oldest version of TLS is 1.2 or 1.3");
	TW_TRY(tw_demand_suites_read(tw_json_text(entry, "suites"), &suites));
	TW_TRY(tw_demand_groups_read(tw_json_text(entry, "groups"), &groups));
	ret->demand.tls = tls > ret->demand.tls ? tls : ret->demand.tls;
	ret->demand.suites &= suites;
	ret->demand.groups &= groups;
	TW_TRY(take_keys(tw_json_text(entry, "keys"), ret));
	return take_posture(d->context.sys, entry, ret);
}

/* @nist LA.EC.4: by the policy of now, for each connection anew */
tw_err tw_outside_at(struct tw_device *d, const char *place, struct tw_outside *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	const json_t *one;
	size_t i;

	memset(ret, 0, sizeof *ret);
	TW_TRY(tw_outside_least(&d->context, &ret->demand));
	TW_TRY(tw_home_demand(&d->context, ret->home, &ret->demand.home));
	TW_TRY(tw_outside_read(d, &document));
	json_array_foreach(tw_json_get(document, "systems"), i, one)
		if (strcmp(tw_json_text(one, "place"), place) == 0)
			return tw_outside_add(d, one, ret);
	return TW_OK;
}

tw_err tw_outside_refused(struct tw_device *d, const char *place, const char *rule, const char *why, unsigned count)
{
	struct tw_outside_seen *s = &d->outside;

	s->count++;
	s->last_ms = tw_time_wall_ms(&d->time);
	(void)snprintf(s->place, sizeof s->place, "%s", place);
	(void)snprintf(s->rule, sizeof s->rule, "%s", rule);
	if (!count)
		return TW_OK;
	return tw_event(&d->context, "outside.refused",
		json_pack("{s:s, s:s, s:s, s:I}", "place", place, "rule", rule, "why", why, "count", (json_int_t)count));
}
