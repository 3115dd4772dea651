/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings say what is to be, the role says what is. A job that is due whenever the two differ sends the one to the other, so that a
 * change, its taking back, a role that died and a table that somebody emptied are all mended by one and the same way.
 */
#include "device/platform/firewall-inside.h"

#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "device/platform/core.h"
#include "device/platform/home.h"
#include "device/platform/listening.h"
#include "device/rows-platform.h"
#include "service/errand-line.h"

#define MODE "firewall.mode"
#define NETWORKS "firewall.management"
#define KEPT "firewall.table" /* a table of ours may stand: a start that wants none looks */
#define ANSWER_MS 15000       /* two runs of nft, and a slow machine */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000
#define RULES_MAX TW_RULESET_WIRE_MAX
#define DROPS_MAX (UINT64_C(1) << 48) /* a look: more is a word of a role that somebody has taken over */
#define DROPS_PAUSE_MAX_MS 3600000
#define TOLD_MS 60000 /* a disturbance is recorded so often at most; others within that are counted */

static const char *const keys[TW_FIREWALL_KEYS] = {
	[TW_FIREWALL_MODE] = MODE,
	[TW_FIREWALL_MANAGEMENT] = NETWORKS,
	[TW_FIREWALL_INGRESS] = "firewall.ingress",
	[TW_FIREWALL_EGRESS] = "firewall.egress",
	[TW_FIREWALL_DECLINED] = "firewall.declined",
	[TW_FIREWALL_PERIOD] = "firewall.period",
	[TW_FIREWALL_INTERFACES_MODE] = "interfaces.mode",
	[TW_FIREWALL_RATES_NORMAL] = "firewall.rates-normal",
	[TW_FIREWALL_RATES_MAINTENANCE] = "firewall.rates-maintenance",
	[TW_FIREWALL_RATES_LOCKDOWN] = "firewall.rates-lockdown",
	[TW_FIREWALL_HTTPS_PORT] = TW_LISTENING_PORT,
	[TW_FIREWALL_HOME_SYSTEMS] = TW_HOME_SYSTEMS,
	[TW_FIREWALL_HOME_TUNNEL] = TW_HOME_TUNNEL,
	[TW_FIREWALL_HOME_WITNESS] = TW_HOME_WITNESS,
};

static tw_firewall *of(struct tw_context *c)
{
	return tw_device_of(c)->firewall;
}

static int64_t now_ms(const tw_firewall *f)
{
	return tw_time_boot_ms(&f->core->device.time);
}

static bool is_wanted(const tw_firewall *f)
{
	return tw_setting_is(&f->core->device.context, MODE, "enforce");
}

/* Nothing is to stand, and nothing of ours can. */
static bool at_rest(tw_firewall *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	if (is_wanted(f))
		return false;
	if (!f->looked) {
		tw_buf_init(&kept, f->core->sys, 16);
		f->may_stand = !tw_is(tw_device_kept(&f->core->device, KEPT, &kept), TW_CODE_NOTFOUND);
		f->looked = true;
	}
	return !f->may_stand;
}

/* The role has been told what the settings say now. Asked after everything that happens. */
static bool is_told(const tw_firewall *f)
{
	for (size_t i = 0; i < TW_FIREWALL_KEYS; i++)
		if (!tw_setting_is(&f->core->device.context, keys[i], f->by[i].value))
			return false;
	return f->told && f->home_told == tw_home_is_here(&f->core->device);
}

static void let_go(tw_firewall *f, bool at_once)
{
	if (f->begun)
		tw_errand_finish(f->core->device.errands, TW_ERRAND_FIREWALL, at_once);
	f->begun = f->asked = false;
	f->line = NULL;
	(void)event_del(f->late);
}

static void failed(tw_firewall *f, const char *why)
{
	(void)snprintf(f->why, sizeof f->why, "%s", why);
	f->holds = f->asked = f->told = false;
	(void)event_del(f->late);
	f->again_ms = f->again_ms ? f->again_ms * 2 : AGAIN_MIN_MS;
	if (f->again_ms > AGAIN_MAX_MS)
		f->again_ms = AGAIN_MAX_MS;
	f->again_at_ms = now_ms(f) + f->again_ms;
	tw_error("the rules of the packet filter do not stand: %s; they are put again in %lld ms", f->why, (long long)f->again_ms);
}

static void record(tw_firewall *f, const char *id, json_t *fields)
{
	struct tw_context *c = &f->core->device.context;
	tw_err e = tw_event(c, id, fields);

	if (!tw_failed(e))
		e = tw_audit_commit(c->audit);
	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

/* Somebody who changes them without end fills the log with nothing else: a record a minute says how often. */
static int64_t tell_due_ms(const tw_firewall *f)
{
	const int64_t left = f->lost_ms ? f->lost_ms + TOLD_MS - now_ms(f) : 0;

	if (!f->lost)
		return -1;
	return left > 0 ? left : 0;
}

static void tell_lost(tw_firewall *f)
{
	if (tell_due_ms(f) != 0)
		return;
	record(f, "firewall.disturbed", json_pack("{s:I}", "count", (json_int_t)f->lost));
	f->lost = 0;
	f->lost_ms = now_ms(f);
}

static void they_are_lost(tw_firewall *f)
{
	const bool again = f->disturbed && !f->untold; /* and that was recorded, so that its end will be */

	f->holds = f->told = false;
	f->disturbed = true;
	f->lost++;
	tell_lost(f);
	f->untold = f->lost > 0 && !again;
}

static void tell_failed(tw_firewall *f)
{
	if (strcmp(f->said, f->why) == 0)
		return;
	memcpy(f->said, f->why, sizeof f->said);
	f->said_ms = now_ms(f);
	record(f, "firewall.failed", json_pack("{s:s}", "why", f->why));
}

static void tell_left(tw_firewall *f)
{
	if (strcmp(f->said_left, f->left) == 0)
		return;
	memcpy(f->said_left, f->left, sizeof f->said_left);
	if (f->left[0])
		record(f, "firewall.unjudged", json_pack("{s:s}", "why", f->left));
}

static void they_hold(tw_firewall *f)
{
	f->asked = false;
	f->holds = is_told(f);
	f->again_ms = f->again_at_ms = 0;
	f->why[0] = '\0';
	if (now_ms(f) - f->said_ms >= TOLD_MS)
		f->said[0] = '\0';
	(void)event_del(f->late);
	if (!f->holds)
		return; /* the settings have become others meanwhile: what it answers is not what they say, and the job puts that now */
	if (is_wanted(f)) {
		f->stood = true;
		if (!f->untold)
			record(f, f->disturbed ? "firewall.restored" : "firewall.applied", json_object());
		f->disturbed = f->untold = false;
		tell_left(f);
		return;
	}
	tw_err e = tw_device_forget(&f->core->device, KEPT);
	if (tw_failed(e))
		tw_log_err(e, "remembering that no table stands; the next start looks");
	f->may_stand = tw_failed(e);
	f->disturbed = f->untold = false;
	record(f, "firewall.removed", json_object());
	let_go(f, false);
}

/* Whoever sends without end fills the log with nothing else, likewise; and what every network says to all, day and night, is no news of a
   minute: the pauses double. */
static int64_t drops_due_ms(const tw_firewall *f)
{
	const int64_t left = f->dropped_ms ? f->dropped_ms + f->drops_pause_ms - now_ms(f) : 0;

	if (!f->untold_drops.in && !f->untold_drops.out)
		return -1;
	return left > 0 ? left : 0;
}

/* A pause, and as much again, in which nothing was dropped: what comes then is news. */
int64_t tw_firewall_next_pause(int64_t pause_ms, int64_t since_ms)
{
	if (!pause_ms || since_ms >= 2 * pause_ms)
		return TOLD_MS;
	return pause_ms * 2 < DROPS_PAUSE_MAX_MS ? pause_ms * 2 : DROPS_PAUSE_MAX_MS;
}

static void tell_drops(tw_firewall *f)
{
	if (drops_due_ms(f) != 0)
		return;
	record(f, "firewall.dropped",
		json_pack("{s:I, s:I}", "in", (json_int_t)f->untold_drops.in, "out", (json_int_t)f->untold_drops.out));
	f->untold_drops.in = f->untold_drops.out = 0;
	f->drops_pause_ms = tw_firewall_next_pause(f->drops_pause_ms, f->dropped_ms ? now_ms(f) - f->dropped_ms : INT64_MAX);
	f->dropped_ms = now_ms(f);
}

static int64_t over_due_ms(const tw_firewall *f)
{
	const int64_t left = f->over_ms ? f->over_ms + f->over_pause_ms - now_ms(f) : 0;
	uint64_t any = 0;

	for (size_t i = 0; i < TW_RATES_MAX; i++)
		any |= f->untold_drops.rates[i];
	if (!any)
		return -1;
	return left > 0 ? left : 0;
}

/* Told before the list becomes another one: a place in it means another limit then. */
static void tell_over_now(tw_firewall *f)
{
	if (over_due_ms(f) < 0)
		return;
	tw_err e = tw_firewall_tell_rates(f, f->untold_drops.rates);
	if (tw_failed(e))
		tw_log_err(e, "recording what was over a limit of rate");
	memset(f->untold_drops.rates, 0, sizeof f->untold_drops.rates);
	f->over_pause_ms = tw_firewall_next_pause(f->over_pause_ms, f->over_ms ? now_ms(f) - f->over_ms : INT64_MAX);
	f->over_ms = now_ms(f);
}

static void tell_over(tw_firewall *f)
{
	if (over_due_ms(f) == 0)
		tell_over_now(f);
}

static void they_counted(tw_firewall *f, struct tw_slice said)
{
	struct tw_cursor c = tw_cursor_of(said.at, said.size);
	uint64_t in = 0, out = 0;

	if (tw_failed(tw_cursor_u64(&c, &in)) || tw_failed(tw_cursor_u64(&c, &out)) || in > DROPS_MAX || out > DROPS_MAX)
		return;
	f->dropped.in += in;
	f->dropped.out += out;
	f->untold_drops.in += in;
	f->untold_drops.out += out;
	for (size_t i = 0; !f->asked && i < TW_RATES_MAX; i++) { /* asked: it may still be of the list before */
		uint64_t over = 0;

		if (tw_failed(tw_cursor_u64(&c, &over)) || over > DROPS_MAX)
			break;
		f->dropped.rates[i] += over;
		f->untold_drops.rates[i] += over;
	}
	tell_drops(f);
	tell_over(f);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	tw_firewall *f = user;
	char words[TW_FIREWALL_WORDS_MAX + 1] = "";

	if (m->type == TW_FIREWALL_LOST) {
		they_are_lost(f);
	} else if (m->type == TW_FIREWALL_COUNTED) {
		they_counted(f, m->payload);
	} else if (m->tag != f->tag || !f->asked) {
		return; /* to what was given up */
	} else if (m->type == TW_FIREWALL_HOLDS) {
		they_hold(f);
	} else {
		memcpy(words, m->payload.at, m->payload.size < sizeof words ? m->payload.size : sizeof words - 1);
		failed(f, words);
		tell_failed(f);
	}
}

static tw_err tell(tw_firewall *f)
{
	struct tw_context *c = &f->core->device.context;
	TW_CLEANUP(tw_buf_done) struct tw_buf rules = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { 0 };
	char limits[sizeof f->by[0].value];

	tw_buf_init(&rules, c->sys, RULES_MAX);
	tell_over_now(f);
	(void)snprintf(limits, sizeof limits, "%s", tw_firewall_rates_now(f));
	for (size_t i = 0; i < TW_FIREWALL_KEYS; i++)
		TW_TRY(tw_setting_state(c, tw_setting_find(c, keys[i]), &f->by[i]));
	f->home_told = tw_home_is_here(&f->core->device);
	if (strcmp(limits, tw_firewall_rates_now(f)) != 0)
		memset(f->dropped.rates, 0, sizeof f->dropped.rates);
	TW_TRY(tw_firewall_rules(f, &r, f->left));
	TW_TRY(tw_ruleset_write(&r, &rules));
	return tw_channel_send(f->line, TW_FIREWALL_APPLY, f->tag, rules.data, rules.size, NULL, 0);
}

static void put(tw_firewall *f)
{
	struct timeval t = tw_core_ms(ANSWER_MS);

	f->holds = false; /* what was read back last is of other rules: nobody confirms these by it */
	f->asked = f->told = true;
	f->tag++;
	tw_err e = tell(f);
	if (tw_failed(e))
		failed(f, tw_err_detail());
	else
		(void)event_add(f->late, &t);
}

static void on_here(void *user, tw_channel *line)
{
	tw_firewall *f = user;

	f->line = line;
	put(f);
}

static void on_gone(void *user, const char *why)
{
	tw_firewall *f = user;

	f->begun = false;
	f->line = NULL;
	failed(f, why);
}

static void on_late(int fd, short what, void *user)
{
	tw_firewall *f = user;

	let_go(f, true);
	failed(f, "The role that puts them did not answer in time.");
	tw_core_settle(f->core);
}

/* Before a table can stand it is remembered that one may: a start without the wish for one would else never look. */
static tw_err begin(tw_firewall *f)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, f };

	if (is_wanted(f) && !(f->looked && f->may_stand))
		TW_TRY(tw_device_keep(&f->core->device, KEPT, "yes"));
	if (is_wanted(f))
		f->looked = f->may_stand = true;
	if (f->line) {
		put(f);
		return TW_OK;
	}
	TW_TRY(tw_errand_begin(f->core->device.errands, TW_ERRAND_FIREWALL, tw_rows_core_from_firewall, &user));
	f->begun = f->asked = true;
	return TW_OK;
}

static int64_t put_due_ms(tw_firewall *f)
{
	int64_t left;

	if (f->asked || (f->holds && is_told(f)) || at_rest(f))
		return -1;
	left = f->again_at_ms - now_ms(f);
	return left > 0 ? left : 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t tw_firewall_due_ms(struct tw_context *c)
{
	tw_firewall *f = of(c);

	return f ? sooner(sooner(put_due_ms(f), tell_due_ms(f)), sooner(drops_due_ms(f), over_due_ms(f))) : -1;
}

tw_err tw_firewall_job(struct tw_context *c)
{
	tw_firewall *f = of(c);

	if (!f)
		return TW_OK;
	tell_lost(f);
	tell_drops(f);
	tell_over(f);
	if (put_due_ms(f) != 0)
		return TW_OK;
	tw_err e = begin(f);
	if (tw_failed(e))
		failed(f, tw_err_detail());
	return TW_OK;
}

size_t tw_firewall_ports(const tw_firewall *f, const char *moved, uint16_t ret[TW_RULESET_PORTS])
{
	const struct tw_ruleset *r = &f->listeners;
	size_t count = r->port_count;
	uint64_t port = 0;

	memcpy(ret, r->ports, sizeof r->ports);
	tw_ignore(tw_parse_u64(tw_slice_of(moved), UINT16_MAX, &port));
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i] == port)
			return count;
	if (port && count < TW_RULESET_PORTS)
		ret[count++] = (uint16_t)port;
	return count;
}

bool tw_firewall_offers(const struct tw_device *d, uint16_t port)
{
	uint16_t ports[TW_RULESET_PORTS];
	struct tw_setting_state moved;
	struct tw_context *c = (struct tw_context *)(uintptr_t)&d->context;

	if (!d->firewall || tw_failed(tw_setting_state(c, tw_setting_find(c, TW_LISTENING_PORT), &moved)))
		return false;
	const size_t count = tw_firewall_ports(d->firewall, moved.value, ports);
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

bool tw_firewall_ready(struct tw_device *d)
{
	tw_firewall *f = d->firewall;

	if (f && !is_wanted(f))
		f->stood = true; /* for this start: its doors are open, and later rules need not close them first */
	return !f || f->stood;
}

/* A change of it is to say what becomes of flows: one that is not obeyed cannot be confirmed. */
static bool is_of_flows(struct tw_context *c, const char *key)
{
	const bool is_mode = strcmp(key, keys[TW_FIREWALL_INGRESS]) == 0 || strcmp(key, keys[TW_FIREWALL_EGRESS]) == 0;

	return strcmp(key, keys[TW_FIREWALL_DECLINED]) == 0 || (is_mode && !tw_setting_is(c, key, "off"));
}

const char *tw_firewall_unsettled(struct tw_context *c, const char *key)
{
	tw_firewall *f = of(c);

	const bool is_ours = strncmp(key, "firewall.", strlen("firewall.")) == 0 || strncmp(key, "home.", strlen("home.")) == 0 ||
		strcmp(key, keys[TW_FIREWALL_INTERFACES_MODE]) == 0;

	if (!f || !is_ours || at_rest(f))
		return NULL;
	if (f->holds && is_told(f))
		return f->left[0] && is_of_flows(c, key) ? f->left : NULL;
	return f->why[0] ? f->why : "The rules of the packet filter are being put.";
}

bool tw_firewall_stands(tw_firewall *f)
{
	return is_wanted(f) ? f->holds && is_told(f) : at_rest(f) || f->holds;
}

void tw_firewall_renew_home(struct tw_device *d)
{
	tw_firewall *f = d->firewall;

	if (!f || !f->line || !f->holds || !is_told(f) || !f->home_told)
		return;
	tw_err e = tw_channel_send(f->line, TW_FIREWALL_RENEW, f->tag, NULL, 0, NULL, 0);
	if (tw_failed(e))
		tw_log_err(e, "renewing that this is home; the kernel forgets it in time");
}

/* --- Birth and end --- */

static tw_err read_ports(const char *text, struct tw_ruleset *r)
{
	while (text && *text && r->port_count < TW_RULESET_PORTS) {
		const size_t size = strcspn(text, ",");
		uint64_t port = 0;

		TW_TRY(tw_parse_u64((struct tw_slice){ text, size }, 65535, &port));
		bool known = port == 0;
		for (size_t i = 0; i < r->port_count; i++)
			known = known || r->ports[i] == port;
		if (!known)
			r->ports[r->port_count++] = (uint16_t)port;
		text += size + (text[size] == ',');
	}
	return TW_OK;
}

tw_err tw_firewall_new(struct tw_core *c, const char *ports, tw_firewall **ret)
{
	tw_firewall *f = TW_NEW(c->sys, tw_firewall);

	if (!f)
		return TW_RAISE(NOMEM, "firewall");
	f->core = c;
	*ret = f;
	f->late = tw_core_watch(c, -1, 0, on_late, f);
	if (!f->late)
		return TW_RAISE(NOMEM, "firewall");
	return read_ports(ports, &f->listeners);
}

tw_firewall *tw_firewall_free(tw_firewall *f)
{
	if (f && f->late)
		event_free(f->late);
	free(f);
	return NULL;
}
