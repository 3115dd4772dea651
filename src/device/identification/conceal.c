/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody without a credential gets of this device: in the network nothing that says which one it is, on the device itself
 * the functions of a short list. Both are looked at when the status is asked for, not assumed: the listener's certificate as it is
 * now, and what the gate says now to nobody.
 */
#include "device/identification/identity.h"
#include "device/rows-identification.h"

#define PARTS_MIN 4 /* a model or serial of fewer characters would be found by chance */

static bool holds(const struct tw_buf *der, const char *text)
{
	size_t size = strlen(text);

	return size >= PARTS_MIN && der->size >= size && memmem(der->data, der->size, text, size);
}

/* @nist DI.ABI.1.1: a name by chance, a key of its own, both replaced with the owner; nothing of the unit is in it */
tw_err tw_conceal_status_network(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const char *identifier = tw_identity_own(d), *dash = strchr(identifier, '-'), *serial = dash ? strchr(dash + 1, '-') : NULL;

	tw_buf_init(&der, c->sys, 8192);
	TW_TRY(tw_cert_der(d->listener, &der));
	if (d->named) /* whoever knows the owner's name for it is shown that one too */
		TW_TRY(tw_cert_der(d->named, &der));
	if (holds(&der, identifier) || (serial && holds(&der, serial + 1)) || holds(&der, d->manifest->model)) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "The listener's certificate shows which device this is.");
		return TW_OK;
	}
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The listener's certificate names nobody and is replaced with the owner; strangers are answered in the same words on every "
		"device, and nothing is announced. What else runs on the device is not looked at.");
	return TW_OK;
}

/* Whoever is on the device without being root: who may take it over and how, a session for who has a code, behind the organization's use notice, and
   asking for recovery, which somebody at the device then confirms. What
   the organization may permit without login is not on it: that it is well, and how it is. */
static const char *const open_to_all[] = { "commissioning.read", "commissioning.take", "commissioning.browser",
	"commissioning.claim", "session.open", "login.open", "notice.read", "recovery.ask", "recovery.state" };
/* A person at the console: the same word of health, what the device can do, and the two things that need presence. */
static const char *const open_at_console[] = { "health.read", "commissioning.read", "capabilities.read", "commissioning.confirm",
	"ownership.recover", "recovery.waiting", "recovery.decline", "notice.read", "notice.accept" };

static bool listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* The first operation that the gate lets this subject do, owned or not, and that is not on the list. */
static const struct tw_operation_row *beyond(const struct tw_context *c, const struct tw_subject *s, const char *const *list, size_t count)
{
	for (const struct tw_capability *const *q = c->capabilities; *q; q++)
		for (const struct tw_operation_row *o = (*q)->operations; o && o->name; o++)
			for (int owned = 0; owned < 2; owned++) {
				const struct tw_ask ask = {
					.subject = s, .permission = o->permission, .when = o->when, .owned = owned, .could = true
				};
				if (tw_gate_authorize(c->gate, &ask).verdict == TW_ALLOW && !listed(o->name, list, count) &&
					!tw_gate_may_be_free(c->gate, o->permission))
					return o;
			}
	return NULL;
}

/* @nist DI.ABI.1.3: the kernel says who is at the local socket; the console is presence, and can do no more than its list */
tw_err tw_conceal_status_local(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_subject user = { .door = TW_DOOR_LOCAL, .kind = TW_SUBJECT_ANYONE };
	const struct tw_subject person = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE };
	const struct tw_operation_row *more = beyond(c, &user, open_to_all, TW_COUNT(open_to_all));

	if (!more)
		more = beyond(c, &person, open_at_console, TW_COUNT(open_at_console));
	ret->status = more ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (more)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"%s answers without a credential, and is not on the list of what may.", more->name);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Without a credential the local socket answers %zu operations and what the organization lists, the console %zu, all of them on a "
			"list; the product's other ports and buttons are its own program's.",
			TW_COUNT(open_to_all), TW_COUNT(open_at_console));
	return TW_OK;
}
