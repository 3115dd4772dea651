/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's door. Who connects is asked once, by the kernel's word; from then on each event is its own record.
 *
 * What has come in one turn of the loop is written and synced together, and acknowledged only then, so that many small events
 * cost one sync. A bound on the turn keeps a busy application from starving the other doors, and a budget of records keeps a mad
 * one from filling the log: what is beyond is refused, which its sender is told, and counted in a record. The budget is the
 * application's, not a connection's: connecting again earns nothing.
 *
 * Providers (provider.h) come by it too, each as the user that the manifest names; they may do what a provider may, and the application nothing of that.
 * So does what speaks for the device's button (presence.h): of it, door and subject are the button's. A display (display.h) is a provider,
 * and so are what drives a link (link.h) and what speaks to the service manager, whose words a capability hears (device.h, services).
 */
#include "device/platform/core.h"

#include "base/log.h"
#include "device/platform/app-authorize.h"
#include "device/platform/app-hash.h"
#include "device/platform/budget.h"
#include "device/platform/display.h"
#include "device/platform/link.h"
#include "device/platform/presence.h"
#include "service/door/listener.h"
#include "sys/application.h"

#define CONNECTIONS_MAX 4 /* of one user: an application, perhaps with helpers; each costs a channel's buffers */
#define REFUSALS_MS 60000 /* of providers: a record at most so often, so that nobody fills the log by trying */
#define BATCHES 4         /* of TW_CHANNEL_BATCH messages in a turn */
#define BATCH_MAX (BATCHES * TW_CHANNEL_BATCH)
#define BEYOND "application.budget"

struct connection {
	struct tw_door_event *door;
	struct connection *next;
	tw_channel *channel;
	struct event *readable;
	struct tw_subject subject;
	uid_t uid;
	uint32_t acks[BATCH_MAX]; /* tags that wait for the commit */
	size_t ack_count;
	struct tw_app_hash hash;
};
struct tw_door_event {
	struct tw_core *core;
	struct tw_listener listener;
	struct event *seal; /* while something is counted */
	struct tw_budget budget;
	struct tw_app_told told;
	struct connection *first;
	struct {
		int64_t next_ms; /* when the next may be recorded */
		int64_t count;   /* not recorded yet */
	} refusals;
};

static void leave(struct connection *c)
{
	struct connection **at = &c->door->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	tw_provider_leave(&c->door->core->device, c->channel);
	if (c->readable)
		event_free(c->readable);
	tw_app_hash_done(&c->hash);
	(void)tw_channel_free(c->channel);
	tw_listener_resume(&c->door->listener);
	free(c);
}

static int64_t now_ms(const tw_door_event *d)
{
	return tw_time_boot_ms(&d->core->device.time);
}

static void seal(tw_door_event *d, bool all)
{
	uint64_t count = tw_budget_due(&d->budget, now_ms(d), all);
	struct timeval t;

	if (count > 0 &&
		tw_failed(tw_event(&d->core->device.context, "application.suppressed", json_pack("{s:I}", "count", (json_int_t)count))))
		tw_budget_put(&d->budget, now_ms(d), count); /* with the next one */
	if (d->budget.seal_ms == 0 || event_pending(d->seal, EV_TIMEOUT, NULL))
		return;
	t = tw_core_ms(d->budget.seal_ms - now_ms(d));
	(void)event_add(d->seal, &t);
}

static void on_seal(int fd, short what, void *user)
{
	tw_door_event *d = user;

	seal(d, false);
	tw_core_settle(d->core);
}

void tw_door_event_seal(tw_door_event *d)
{
	if (d)
		seal(d, true);
}

/* Whether one more record may be made; what is refused is counted. */
static bool affords(tw_door_event *d)
{
	bool yes = tw_budget_take(&d->budget, now_ms(d));

	if (!yes)
		seal(d, false);
	return yes;
}

static tw_err refuse(struct connection *c, uint32_t tag, const char *rule, const char *detail)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, c->door->core->sys, 4 + TW_APP_NAME_MAX + TW_DETAIL_MAX);
	TW_TRY(tw_buf_block16(&b, rule, strlen(rule)));
	TW_TRY(tw_buf_block16(&b, detail, strlen(detail)));
	return tw_channel_send(c->channel, TW_APP_REFUSED, tag, b.data, b.size, NULL, 0);
}

static tw_err refuse_beyond(struct connection *c, uint32_t tag)
{
	return refuse(c, tag, BEYOND, "too many records at once, or more than ten a second: this one was not made");
}

static bool may(const struct connection *c, const char *permission)
{
	struct tw_decision d;

	return !tw_failed(tw_path_decide(&c->door->core->device.context, &c->subject, permission, TW_WHEN_ALWAYS, &d)) &&
		d.verdict == TW_ALLOW;
}

static tw_err take_event(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	TW_CLEANUP(tw_jsonp) json_t *fields = NULL;
	struct tw_app_event event;

	TW_TRY(tw_app_read_event(m->payload, &event));
	const struct tw_event_row *row = tw_application_event(core->device.application, event.id);
	if (!row)
		return refuse(c, m->tag, "application.event-unknown", "the product manifest declares no such event");
	tw_err e = tw_json_parse(event.fields, TW_APP_FIELDS_MAX, &fields);
	if (!tw_failed(e))
		e = tw_json_check(fields, row->fields);
	if (tw_failed(e))
		return tw_is(e, TW_CODE_NOMEM) ? e : refuse(c, m->tag, "application.event-fields", tw_err_detail());
	if (!affords(c->door))
		return refuse_beyond(c, m->tag);
	e = tw_event(&core->device.context, row->id, TW_STEAL(fields));
	if (tw_failed(e))
		return refuse(c, m->tag, "audit.space", "the event could not be recorded");
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static tw_err note_health(struct tw_core *core, const struct tw_app_health *h)
{
	json_t *fields = h->well ? json_pack("{s:s%}", "name", h->name.at, h->name.size)
				 : json_pack("{s:s%, s:s%}", "name", h->name.at, h->name.size, "text", h->text.at, h->text.size);

	return tw_event(&core->device.context, h->well ? "application.well" : "application.unwell", fields);
}

static tw_err take_health(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	struct tw_app_health health;
	bool changed = false;

	if (tw_failed(tw_app_read_health(m->payload, &health)))
		return refuse(c, m->tag, "application.health-form", tw_err_detail());
	if (tw_failed(tw_application_report(core->device.application, health.name, health.well, &changed)))
		return refuse(c, m->tag, "application.health-unknown", tw_err_detail());
	if (changed && !affords(c->door)) {
		tw_application_forget(core->device.application, health.name);
		return refuse_beyond(c, m->tag);
	}
	if (changed && tw_failed(note_health(core, &health))) {
		tw_application_forget(core->device.application, health.name);
		return refuse(c, m->tag, "audit.space", "the report could not be recorded");
	}
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static tw_err take_setting(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	TW_CLEANUP(tw_buf_done) struct tw_buf value = { 0 }, reply = { 0 };
	struct tw_slice key;

	tw_buf_init(&value, core->sys, TW_APP_VALUE_MAX);
	tw_buf_init(&reply, core->sys, 2 + TW_APP_VALUE_MAX);
	TW_TRY(tw_app_read_setting(m->payload, &key));
	const struct tw_setting_row *row = tw_application_setting(core->device.application, key);
	if (!row)
		return refuse(c, m->tag, "application.setting-unknown", "the product manifest declares no such setting");
	TW_TRY(tw_setting_get(&core->device.context, row->key, &value));
	TW_TRY(tw_buf_block16(&reply, tw_buf_cstr(&value), value.size));
	return tw_channel_send(c->channel, TW_APP_SETTING_IS, m->tag, reply.data, reply.size, NULL, 0);
}

static tw_err take_hash(struct connection *c, const struct tw_message *m)
{
	return tw_app_hash_begin(c->door->core->sys, &c->hash, m->payload);
}

static tw_err take_hash_data(struct connection *c, const struct tw_message *m)
{
	return tw_app_hash_add(&c->hash, m->payload);
}

static tw_err take_hash_end(struct connection *c, const struct tw_message *m)
{
	uint8_t digest[TW_DIGEST_MAX];
	size_t size = 0;
	tw_err e = tw_app_hash_end(&c->hash, digest, &size);

	if (tw_is(e, TW_CODE_DENIED))
		return refuse(c, m->tag, c->hash.rule, c->hash.why);
	TW_TRY(e);
	return tw_channel_send(c->channel, TW_APP_DIGEST, m->tag, digest, size, NULL, 0);
}

static tw_err take_hash_check(struct connection *c, const struct tw_message *m)
{
	bool match = false;
	tw_err e = tw_app_hash_check(&c->hash, m->payload, &match);

	if (tw_is(e, TW_CODE_DENIED))
		return refuse(c, m->tag, c->hash.rule, c->hash.why);
	TW_TRY(e);
	return tw_channel_send(c->channel, TW_APP_RESULT, m->tag, &(uint8_t){ match }, 1, NULL, 0);
}

static tw_err take_hash_verify(struct connection *c, const struct tw_message *m)
{
	bool verified = false;
	tw_err e = tw_app_hash_verify(c->door->core->sys, &c->hash, m->payload, &verified);

	if (tw_is(e, TW_CODE_DENIED))
		return refuse(c, m->tag, c->hash.rule, c->hash.why);
	TW_TRY(e);
	return tw_channel_send(c->channel, TW_APP_RESULT, m->tag, &(uint8_t){ verified }, 1, NULL, 0);
}

static tw_err refuse_key(struct connection *c, uint32_t tag, tw_err e)
{
	switch ((int)e.code) {
	case TW_CODE_NOMEM:
		return e;
	case TW_CODE_NOTFOUND:
		return refuse(c, tag, "keys.unknown", "there is no key of this name");
	case TW_CODE_EXISTS:
		return refuse(c, tag, "keys.exists", "there is a key of this name");
	case TW_CODE_SYNTAX:
		return refuse(c, tag, "keys.name", "a key's name has a-z, 0-9, '.' and '-' and begins with a letter");
	case TW_CODE_LIMIT:
		return refuse(c, tag, "keys.room", "there is no room for another key");
	default:
		return refuse(c, tag, "keys.keystore", "the keystore does not do it");
	}
}

static tw_err read_key(const struct tw_message *m, char slot[TW_KEYS_SLOT_NAME_MAX + 1], struct tw_app_key *ret)
{
	TW_TRY(tw_app_read_key(m->payload, m->type == TW_APP_KEY_SIGN, ret));
	(void)snprintf(slot, TW_KEYS_SLOT_NAME_MAX + 1, TW_KEYS_APPLICATION TW_SLICE_FMT, TW_SLICE_ARG(ret->name));
	return TW_OK;
}

/* Writes to the disk and leaves a record, so it is within the budget of records. */
static tw_err take_key_new(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	struct tw_app_key k;

	TW_TRY(read_key(m, slot, &k));
	if (!affords(c->door))
		return refuse_beyond(c, m->tag);
	tw_err e = tw_keys_client_slot_new(core->device.context.keys, slot, point);
	if (!tw_failed(e))
		e = tw_event(&core->device.context, "keys.made-for-application", json_pack("{s:s%}", "name", k.name.at, k.name.size));
	return tw_failed(e) ? refuse_key(c, m->tag, e) : tw_channel_send(c->channel, TW_APP_KEY_IS, m->tag, point, sizeof point, NULL, 0);
}

static tw_err take_key_public(struct connection *c, const struct tw_message *m)
{
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
	struct tw_app_key k;

	TW_TRY(read_key(m, slot, &k));
	tw_err e = tw_keys_client_slot_point(c->door->core->device.context.keys, slot, point);
	return tw_failed(e) ? refuse_key(c, m->tag, e) : tw_channel_send(c->channel, TW_APP_KEY_IS, m->tag, point, sizeof point, NULL, 0);
}

static tw_err take_key_sign(struct connection *c, const struct tw_message *m)
{
	tw_keys_client *keys = c->door->core->device.context.keys;
	char slot[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	struct tw_app_key k;

	TW_TRY(read_key(m, slot, &k));
	tw_err e = tw_keys_client_slot_point(keys, slot, point);
	if (!tw_failed(e))
		e = tw_keys_client_slot_sign(keys, slot, point, (const uint8_t *)k.digest.at, signature);
	return tw_failed(e) ? refuse_key(c, m->tag, e)
			    : tw_channel_send(c->channel, TW_APP_SIGNED, m->tag, signature, sizeof signature, NULL, 0);
}

/* For whom: the application's user, which the kernel named, and the ownership when it is to end with that. An owner's begins with a
   number always and goes on with his name, so that neither can be the other's. */
static tw_err app_whose(struct tw_core *core, enum tw_app_scope scope, char ret[TW_KEYS_WHOSE_MAX + 1])
{
	const unsigned uid = core->device.application_uid;
	int64_t since = 0;

	if (scope == TW_APP_SCOPE_OWNERSHIP) {
		TW_TRY(tw_fact_int(&core->device.context, "owner.since", &since));
		(void)snprintf(ret, TW_KEYS_WHOSE_MAX + 1, "%lld application:%u", (long long)since, uid);
	} else {
		(void)snprintf(ret, TW_KEYS_WHOSE_MAX + 1, "application:%u", uid);
	}
	return TW_OK;
}

/* @nist DP.CCS.5: for device code, under a key of its own */
static tw_err take_sealing(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	const bool seals = m->type == TW_APP_SEAL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf out = { 0 };
	char whose[TW_KEYS_WHOSE_MAX + 1];
	enum tw_app_scope scope;
	struct tw_slice bytes;

	tw_buf_init(&out, core->sys, TW_APP_SEAL_MAX + TW_APP_SEAL_MORE + 1);
	TW_TRY(tw_app_read_sealing(m->payload, &scope, &bytes));
	TW_TRY(app_whose(core, scope, whose));
	tw_err e = seals ? tw_keys_client_seal(core->device.context.keys, whose, bytes, &out)
			 : tw_keys_client_unseal(core->device.context.keys, whose, bytes, &out);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return refuse(c, m->tag, "crypto.sealed", "it was changed, or was not sealed by this device for this application");
	if (tw_failed(e))
		return refuse(c, m->tag, "crypto.self-test", "the device cannot seal");
	return tw_channel_send(c->channel, seals ? TW_APP_SEALED : TW_APP_UNSEALED, m->tag, out.data, out.size, NULL, 0);
}

static bool affords_one(void *user)
{
	return affords(user);
}

static tw_err take_authorize(struct connection *c, const struct tw_message *m)
{
	struct tw_core *core = c->door->core;
	TW_CLEANUP(tw_buf_done) struct tw_buf reply = { 0 };
	struct tw_app_asking asking = { .told = &c->door->told, .affords = affords_one, .user = c->door };
	struct tw_app_answer answer;

	TW_TRY(tw_app_read_authorize(m->payload, &asking.permission, &asking.pass));
	tw_err e = tw_app_authorize(&core->device.context, &asking, &answer);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e)) {
		tw_log_err(e, "what the application asked about cannot be known: no");
		return refuse(c, m->tag, "application.unknown", "the device cannot tell now, and so it is not permitted");
	}
	if (!answer.allowed)
		return refuse(c, m->tag, answer.rule, answer.why);
	tw_buf_init(&reply, core->sys, 2 + TW_APP_ACCOUNT_MAX);
	TW_TRY(tw_buf_block16(&reply, answer.account, strlen(answer.account)));
	return tw_channel_send(c->channel, TW_APP_ALLOWED, m->tag, reply.data, reply.size, NULL, 0);
}

/* --- Providers --- */

static tw_err tell_refused(struct tw_door_event *d, uid_t uid, const char *rule)
{
	const int64_t now = now_ms(d);

	d->refusals.count++;
	if (now < d->refusals.next_ms)
		return TW_OK;
	TW_TRY(tw_event(&d->core->device.context, "provider.refused",
		json_pack("{s:I, s:s, s:I}", "uid", (json_int_t)uid, "rule", rule, "count", (json_int_t)d->refusals.count)));
	d->refusals.count = 0;
	d->refusals.next_ms = now + REFUSALS_MS;
	return TW_OK;
}

static tw_err refuse_provider(struct connection *c, uint32_t tag, const char *rule)
{
	tw_err e = tell_refused(c->door, c->uid, rule);

	if (tw_failed(e))
		tw_log_err(e, "recording that a provider was refused"); /* it is, whether or not the log can take it */
	return refuse(c, tag, rule, "the device does not take it");
}

static tw_err tell_services(struct connection *c, tw_channel *line, const struct tw_message *m)
{
	struct tw_device *d = &c->door->core->device;

	return d->services ? d->services(d, line, m) : TW_OK;
}

static tw_err take_provide(struct connection *c, const struct tw_message *m)
{
	const char *rule = NULL;

	TW_TRY(tw_provider_join(&c->door->core->device, c->channel, c->uid, m->payload, &rule));
	if (rule)
		return refuse_provider(c, m->tag, rule);
	c->acks[c->ack_count++] = m->tag;
	return tw_provider_of_services(&c->door->core->device, c->channel) ? tell_services(c, c->channel, NULL) : TW_OK;
}

static tw_err take_services(struct connection *c, const struct tw_message *m)
{
	if (!tw_provider_of_services(&c->door->core->device, c->channel))
		return refuse_provider(c, m->tag, "services.user");
	return tell_services(c, c->channel, m);
}

static tw_err take_verdict(struct connection *c, const struct tw_message *m)
{
	const char *rule = NULL;

	TW_TRY(tw_provider_verdict(&c->door->core->device, c->channel, m->payload, &rule));
	if (rule)
		return refuse_provider(c, m->tag, rule);
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static tw_err take_present(struct connection *c, const struct tw_message *m)
{
	char rule[TW_PROVIDER_RULE];

	TW_TRY(tw_presence_report(&c->door->core->device, c->channel, m->payload, rule));
	if (!strcmp(rule, "presence.user") || !strcmp(rule, "presence.often"))
		return refuse_provider(c, m->tag, rule);
	if (*rule)
		return refuse(c, m->tag, rule, "it confirms nothing");
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static tw_err take_display(struct connection *c, const struct tw_message *m)
{
	struct tw_device *d = &c->door->core->device;
	char rule[TW_PROVIDER_RULE];

	TW_TRY(m->type == TW_APP_SCREEN ? tw_display_screen(d, c->channel, m->payload, rule)
					: tw_display_shows(d, c->channel, m->payload, rule));
	if (!strcmp(rule, "display.user"))
		return refuse_provider(c, m->tag, rule);
	if (*rule)
		return refuse(c, m->tag, rule, "the device does not take it");
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static tw_err take_link(struct connection *c, const struct tw_message *m)
{
	const char *rule = NULL;

	TW_TRY(tw_link_says(&c->door->core->device, c->channel, m->payload, &rule));
	if (rule)
		return refuse_provider(c, m->tag, rule);
	c->acks[c->ack_count++] = m->tag;
	return TW_OK;
}

static const struct {
	uint16_t type;
	const char *permission;
	tw_err (*take)(struct connection *c, const struct tw_message *m);
	const char *rule; /* of who may not, and that is recorded; NULL: gate.permission */
} messages[] = {
	{ TW_APP_EVENT, "application.event", take_event, NULL },
	{ TW_APP_HEALTH, "application.health", take_health, NULL },
	{ TW_APP_SETTING, "application.setting", take_setting, NULL },
	{ TW_APP_HASH, "application.crypto", take_hash, NULL },
	{ TW_APP_HASH_DATA, "application.crypto", take_hash_data, NULL },
	{ TW_APP_HASH_END, "application.crypto", take_hash_end, NULL },
	{ TW_APP_HASH_CHECK, "application.crypto", take_hash_check, NULL },
	{ TW_APP_KEY_NEW, "application.crypto", take_key_new, NULL },
	{ TW_APP_KEY_PUBLIC, "application.crypto", take_key_public, NULL },
	{ TW_APP_KEY_SIGN, "application.crypto", take_key_sign, NULL },
	{ TW_APP_HASH_VERIFY, "application.crypto", take_hash_verify, NULL },
	{ TW_APP_SEAL, "application.crypto", take_sealing, NULL },
	{ TW_APP_UNSEAL, "application.crypto", take_sealing, NULL },
	{ TW_APP_AUTHORIZE, "application.authorize", take_authorize, NULL },
	{ TW_APP_PROVIDE, "provider.join", take_provide, NULL },
	{ TW_APP_VERDICT, "provider.answer", take_verdict, NULL },
	{ TW_APP_PRESENT, "presence.confirm", take_present, "presence.user" },
	{ TW_APP_SCREEN, "provider.show", take_display, "display.user" },
	{ TW_APP_SHOWS, "provider.show", take_display, "display.user" },
	{ TW_APP_LINK, "provider.link", take_link, "link.user" },
	{ TW_APP_SERVICES, "provider.services", take_services, "services.user" },
	{ TW_APP_HOLDS, "provider.services", take_services, "services.user" },
	{ TW_APP_FAILED, "provider.services", take_services, "services.user" },
	{ TW_APP_HELD, "provider.services", take_services, "services.user" },
};

static tw_err take(struct connection *c, const struct tw_message *m)
{
	for (size_t i = 0; i < TW_COUNT(messages); i++) {
		if (messages[i].type != m->type)
			continue;
		if (may(c, messages[i].permission))
			return messages[i].take(c, m);
		return messages[i].rule ? refuse_provider(c, m->tag, messages[i].rule)
					: refuse(c, m->tag, "gate.permission", "not permitted");
	}
	return TW_RAISE(UNTRUSTED, "a message of no known type");
}

/* What came before an error is taken all the same. */
static tw_err take_batch(struct connection *c)
{
	struct tw_message m[TW_CHANNEL_BATCH];
	size_t count = 0;
	tw_err end = tw_channel_receive_batch(c->channel, m, &count);

	for (size_t i = 0; i < count; i++)
		TW_TRY(take(c, &m[i]));
	return end;
}

static tw_err acknowledge(struct connection *c)
{
	size_t count = c->ack_count;

	c->ack_count = 0;
	if (count == 0)
		return TW_OK;
	tw_err e = tw_audit_commit(c->door->core->device.context.audit);
	for (size_t i = 0; i < count; i++) {
		if (tw_failed(e))
			TW_TRY(refuse(c, c->acks[i], "audit.broken", "the record could not be made durable"));
		else
			TW_TRY(tw_channel_send(c->channel, TW_APP_ACK, c->acks[i], NULL, 0, NULL, 0));
	}
	return TW_OK;
}

static void on_readable(int fd, short what, void *user)
{
	struct connection *c = user;
	struct tw_core *core = c->door->core;
	tw_err e = TW_OK, acked;

	for (size_t i = 0; i < BATCHES && !tw_failed(e); i++)
		e = take_batch(c);
	/* What is recorded is acknowledged even when a later message of the batch broke the rules. */
	enum tw_code code = e.code;
	if (tw_failed(e) && code != TW_CODE_TIMEOUT && code != TW_CODE_CLOSED)
		tw_warn("the application's connection is ended: %s", tw_err_detail());
	acked = acknowledge(c);
	/* An application that does not read its answers is cut off rather than waited for. */
	if (tw_failed(acked) || (code != TW_CODE_OK && code != TW_CODE_TIMEOUT))
		leave(c);
	tw_core_check_health(core);
	tw_core_settle(core);
}

/* Which kind of subject, in the order of enum: the application, a provider, or the device's button. */
static void subject_of(const struct tw_manifest_provider *p, struct tw_subject *ret)
{
	const bool button = p && p->kind == TW_MANIFEST_BUTTON;

	*ret = (struct tw_subject){ .door = button ? TW_DOOR_BUTTON : TW_DOOR_EVENT,
		.kind = button ? TW_SUBJECT_BUTTON
			: p    ? TW_SUBJECT_PROVIDER
			       : TW_SUBJECT_APPLICATION,
		.how = "peer-credentials" };
	(void)snprintf(ret->name, sizeof ret->name, "%s", button ? "button" : p ? "provider" : "application");
}

/* Who stands there, by the kernel's word: the application, one of the product's providers, or nobody. */
static tw_err know(struct tw_door_event *d, uid_t uid, pid_t pid, struct tw_subject *ret)
{
	const bool application = uid == d->core->device.application_uid;
	const struct tw_manifest_provider *provider = tw_provider_of_user(&d->core->device, uid);

	if (!application && !provider) {
		tw_err e = tell_refused(d, uid, "provider.user");

		if (tw_failed(e))
			tw_log_err(e, "recording that somebody was refused at the application's door");
		return TW_RAISE(DENIED, "user %u is neither the application nor a provider", uid);
	}
	subject_of(application ? NULL : provider, ret);
	(void)snprintf(ret->source, sizeof ret->source, "pid %d", pid);
	return TW_OK;
}

static bool has_room(const struct tw_door_event *d, uid_t uid)
{
	size_t count = 0;

	for (const struct connection *c = d->first; c; c = c->next)
		count += c->uid == uid;
	return count < CONNECTIONS_MAX;
}

/* Whose records are within the application's budget; of a provider what it says it is will be told. */
static bool told(struct connection *c, pid_t pid)
{
	struct tw_door_event *d = c->door;

	if (c->subject.kind != TW_SUBJECT_APPLICATION || !affords(d))
		return true;
	return !tw_failed(tw_event(&d->core->device.context, "application.connected", json_pack("{s:i}", "pid", (int)pid)));
}

static tw_err welcome(struct tw_door_event *d, int fd)
{
	struct tw_core *core = d->core;
	struct tw_subject subject;
	struct connection *c;
	pid_t pid = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	if (core->sys->peer(core->sys, fd, &pid, &uid, &gid))
		return TW_RAISE_ERRNO("asking who is calling");
	TW_TRY(know(d, uid, pid, &subject));
	if (!has_room(d, uid))
		return TW_RAISE(LIMIT, "user %u has %d connections", uid, CONNECTIONS_MAX);
	c = TW_NEW(core->sys, struct connection);
	if (!c)
		return TW_RAISE(NOMEM, "an application's connection");
	c->door = d;
	c->subject = subject;
	c->uid = uid;
	if (tw_failed(tw_channel_new(core->sys, fd, tw_rows_device_from_app, &c->channel))) {
		free(c);
		return TW_RAISE(NOMEM, "an application's connection");
	}
	c->next = d->first;
	d->first = c;
	c->readable = tw_core_watch(core, fd, EV_READ | EV_PERSIST, on_readable, c);
	/* Who cannot be recorded as connected is not; the descriptor goes with the connection. Beyond the budget it is counted. */
	if (!c->readable || tw_failed(tw_channel_batch(c->channel)) || event_add(c->readable, NULL) || !told(c, pid))
		leave(c);
	return TW_OK;
}

static void on_accepted(void *user, int fd)
{
	tw_door_event *d = user;

	if (tw_failed(welcome(d, fd)))
		(void)d->core->sys->close(d->core->sys, fd);
	tw_core_settle(d->core);
}

tw_err tw_door_event_new(struct tw_core *c, int fd, tw_door_event **ret)
{
	tw_door_event *d = TW_NEW(c->sys, tw_door_event);

	if (!d)
		return TW_RAISE(NOMEM, "the application's door");
	d->core = c;
	d->listener = (struct tw_listener){ .sys = c->sys, .fd = fd, .take = on_accepted, .user = d };
	*ret = d;
	d->seal = tw_core_watch(c, -1, 0, on_seal, d);
	if (!d->seal)
		return TW_RAISE(NOMEM, "the application's door");
	return tw_listener_start(&d->listener, c->loop);
}

tw_door_event *tw_door_event_free(tw_door_event *d)
{
	if (!d)
		return NULL;
	tw_provider_stop(&d->core->device);
	tw_listener_stop(&d->listener);
	if (d->seal)
		event_free(d->seal);
	for (struct connection *c = d->first, *next; c; c = next) {
		next = c->next;
		leave(c);
	}
	free(d);
	return NULL;
}
