/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keystore is and what that means for a customer: the statuses are made of what keys and hands say at the time they are asked.
 *
 * That nobody else can read the keys takes two things: no other part of the software shares the keys role's user, and a copy of
 * the disk opens nothing. Where one of them is missing the status says which, and what to do.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/data-protection/unwell.h"
#include "device/platform/device.h"
#include "device/rows-data-protection.h"

#include <stdio.h>
#include <string.h>

/* What a person has to do, by whose fault it is and what is the matter; the detail, which names files and tokens, stays in the log. */
static const struct {
	enum tw_keys_fault fault;
	enum tw_code code;
	const char *what, *remedy;
} unwell[] = {
	{ TW_KEYS_FAULT_ROLE, TW_CODE_CLOSED, "The part of the device's software that holds the keys has ended.",
		"It starts again by itself: try again in a few seconds. If it stays so, the device's own log has the cause." },
	{ TW_KEYS_FAULT_ROLE, TW_CODE_TIMEOUT, "The part of the device's software that holds the keys does not answer in time.",
		"Try again in a few seconds. If it stays so, the device's own log has the cause." },
	{ TW_KEYS_FAULT_STORE, TW_CODE_STATE, "The keystore in files does not open, or the key was replaced meanwhile.",
		"Look into the device's own log for which of these it is: another root secret, or damaged files." },
	{ TW_KEYS_FAULT_LONG, TW_CODE_TIMEOUT, "The token that holds the keys is slow, and is not done yet.",
		"Try again: it goes on where it was." },
	{ TW_KEYS_FAULT_TOKEN, TW_CODE_CLOSED, "The token that holds the keys is not there.",
		"Put the token in, or connect it again; then try again." },
	{ TW_KEYS_FAULT_TOKEN, TW_CODE_DENIED, "The token refused its PIN, and it is not tried again.",
		"On the device, write the right PIN into the file named by --keystore-pin, then start its software again." },
	{ TW_KEYS_FAULT_TOKEN, TW_CODE_STATE, "The token that holds the keys is locked, not made ready, or another one.",
		"Look into the device's own log for which of these it is, and mend it with the token's tools." },
	{ TW_KEYS_FAULT_TOKEN, TW_CODE_TIMEOUT, "The token that holds the keys does not answer in time.",
		"Try again; if it stays so, take the token out and put it in again." },
};

tw_err tw_keystore_unwell(struct tw_context *c, struct tw_reply *rp, tw_err e)
{
	for (size_t i = 0; i < TW_COUNT(unwell); i++) {
		if (!tw_is(e, unwell[i].code) || tw_keys_client_fault(c->keys) != unwell[i].fault)
			continue;
		tw_log_err(e, "the keystore");
		return tw_reply_problem(
			rp, 503, "keystore", "keys.keystore", "The keystore does not work", unwell[i].remedy, "%s", unwell[i].what);
	}
	return e;
}

tw_err tw_keystore_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_keys_state s;
	tw_err e = tw_keys_client_state(c->keys, &s);

	if (tw_failed(e))
		return tw_keystore_unwell(c, rp, e);
	rp->body = json_pack("{s:s, s:b, s:b, s:b, s:I, s:I, s:s}", "kind", s.kind, "hardware", s.hardware, "outside", s.outside,
		"taken_over", !s.plain, "generation", (json_int_t)s.generation, "oldest", (json_int_t)s.oldest, "detail", s.detail);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DP.CKM.3: the storage key too */
tw_err tw_keystore_renew(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_keys_state s;

	tw_err e = tw_keys_client_store_rotate(c->keys);
	if (!tw_failed(e))
		e = tw_keys_client_state(c->keys, &s);
	if (tw_failed(e))
		return tw_keystore_unwell(c, rp, e);
	(void)snprintf(rp->note, sizeof rp->note, "storage key of generation %u, none older", s.generation);
	rp->body = json_pack("{s:I}", "generation", (json_int_t)s.generation);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* False when the status has been said already: the keystore does not answer. */
static tw_err ask(struct tw_context *c, struct tw_keys_state *s, struct tw_element_status *ret, bool *ret_answers)
{
	tw_err e = tw_keys_client_state(c->keys, s);

	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	*ret_answers = !tw_failed(e);
	ret->status = tw_failed(e) ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (tw_failed(e))
		(void)snprintf(ret->reason, sizeof ret->reason, "The keystore does not answer: %.180s.", tw_err_detail());
	return TW_OK;
}

/* @nist DP.CKM.1 */
tw_err tw_protection_status_keys(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_keys_state s;
	bool answers;

	TW_TRY(ask(c, &s, ret, &answers));
	if (answers)
		(void)snprintf(ret->reason, sizeof ret->reason, "Key pairs are made in the keystore, of the kind '%s'%s.", s.kind,
			s.hardware ? ", inside hardware" : "");
	return TW_OK;
}

static bool confined(struct tw_context *c)
{
	TW_CLEANUP(tw_jsonp) json_t *is = NULL;

	return !tw_failed(tw_fact(c, "roles.confined", &is)) && json_is_true(is);
}

static void say(struct tw_element_status *ret, enum tw_status status, const char *reason)
{
	ret->status = status;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
}

/* @nist DP.CKM.2 */
tw_err tw_protection_status_secrecy(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_keys_state s;
	bool answers;

	TW_TRY(ask(c, &s, ret, &answers));
	if (!answers)
		return TW_OK;
	if (s.plain)
		say(ret, TW_STATUS_NOT_PROVIDED, "The device's own keys lie in plain files until a boot of this release is confirmed.");
	else if (!confined(c))
		say(ret, TW_STATUS_NOT_PROVIDED, "The parts of the software share one user here, so another part could read the keys.");
	else if (!s.outside && !s.hardware && strcmp(s.kind, "file") != 0)
		say(ret, TW_STATUS_NEEDS_PART,
			"The token that holds the keys is software, which keeps them in files of its own. Use one that is hardware.");
	else if (!s.outside && !s.hardware)
		say(ret, TW_STATUS_NEEDS_PART,
			"What opens the keystore lies beside it: a copy of the disk has both. Start thingward-device with --root-secret FILE, "
			"a fuse, a cell or a credential that is not on this disk.");
	else
		say(ret, TW_STATUS_PROVIDED,
			s.hardware ? "Keys stay inside hardware, and only the keys role may ask it."
				   : "Keys are sealed under a secret from outside this disk, in files and a process of a user of their own.");
	return TW_OK;
}

/* @nist DP.CKM.3 */
tw_err tw_protection_status_rotation(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_keys_state s;
	bool answers;

	TW_TRY(ask(c, &s, ret, &answers));
	if (answers)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Keys of the owner and the storage key are replaced in one step each; the storage key is of generation %u.",
			s.generation);
	return TW_OK;
}
