/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cellular/modem.h"

#include "base/mem.h"

#include <string.h>

enum { FAILED = -1, LOCKED = 2, DISABLED = 3, DISABLING = 4, ENABLED = 6, REGISTERED = 8, CONNECTING = 10, STATES = 12 };
enum { LOCK_PIN = 2, POWER_ON = 3 };
enum { CS = 1, M2G = 2, M3G = 4, M4G = 8, M5G = 16, ALL = CS | M2G | M3G | M4G | M5G };
#define TRIES_WHOLE 3 /* as a SIM has them after each right PIN */

static const char *const states[STATES] = { "unknown", "initializing", "locked", "disabled", "disabling", "enabling", "enabled",
	"searching", "registered", "disconnecting", "connecting", "connected" };
static const char *const locks[] = { "unknown", "none", "sim-pin", "sim-pin2", "sim-puk", "sim-puk2" };
static const char *const registrations[] = { "idle", "home", "searching", "denied", "unknown", "roaming", "home-sms-only",
	"roaming-sms-only", "emergency-only", "home-no-csfb", "roaming-no-csfb", "attached-rlos" };

static bool roams(const struct tw_modem_seen *s)
{
	return s->registration == 5 || s->registration == 7 || s->registration == 10;
}

/* --- Technologies --- */

static uint32_t banned(enum tw_cellular_technologies t)
{
	return t == TW_CELLULAR_ANY ? 0 : t == TW_CELLULAR_NO_2G ? CS | M2G : CS | M2G | M3G;
}

static int count(uint32_t bits)
{
	return __builtin_popcount(bits & ALL);
}

/* @nist LA.IC.14: of what the modem offers, the most that has nothing banned in it; false: it has none */
static bool choose(const struct tw_modem_seen *s, uint32_t ban, struct tw_modem_modes *ret)
{
	bool any = false;

	for (size_t i = 0; i < s->supported_count; i++) {
		const struct tw_modem_modes *m = &s->supported[i];
		const bool more = !any || count(m->allowed) > count(ret->allowed) ||
			(count(m->allowed) == count(ret->allowed) && !m->preferred);

		if (m->allowed & ban || !(m->allowed & ALL) || !more)
			continue;
		*ret = *m;
		any = true;
	}
	return any;
}

/* --- What is next --- */

static struct tw_modem_next wait_for(const char *why)
{
	return (struct tw_modem_next){ .step = TW_MODEM_NOTHING, .why = why };
}

static struct tw_modem_next take(enum tw_modem_step step, const char *why)
{
	return (struct tw_modem_next){ .step = step, .why = why };
}

/*
 * A wrong PIN is told once: the third one locks the SIM. One that was told before, of which nobody knows what became, is told again only where the SIM
 * itself says that it has all its tries; and the last try stays the owner's own.
 */
static struct tw_modem_next unlock(const struct tw_cellular_wish *w, const struct tw_modem_seen *s)
{
	struct tw_modem_next n = { .step = TW_MODEM_NOTHING };

	if (s->lock != LOCK_PIN) {
		n.why = "The SIM is locked by something else than its PIN; it has to be opened by hand.";
	} else if (!w->pin.size) {
		n.pin = TW_CELLULAR_PIN_MISSING;
		n.why = "The SIM asks for its PIN; cellular.pin takes it.";
	} else if (w->tried && s->tries != TRIES_WHOLE) {
		n.pin = TW_CELLULAR_PIN_REFUSED;
		n.why = "The SIM has refused the PIN, or it is not known whether it took it; give it again by cellular.pin.";
	} else if (s->tries <= 1) {
		n.pin = TW_CELLULAR_PIN_WITHHELD;
		n.why = "The SIM has one try left, which this device does not use; unlock it by hand.";
	} else {
		n.step = TW_MODEM_UNLOCK;
		n.why = "The SIM is being unlocked.";
	}
	return n;
}

static struct tw_modem_next hold_modes(const struct tw_modem_seen *s, uint32_t ban)
{
	struct tw_modem_next n = { .step = TW_MODEM_SET_MODES, .why = "The modem is being told which technologies are allowed." };

	if (choose(s, ban, &n.modes))
		return n;
	return take(s->state > DISABLING ? TW_MODEM_DISABLE : TW_MODEM_NOTHING,
		"The modem cannot be held to the allowed technologies, so it stays off; cellular.technologies says which.");
}

static struct tw_modem_next go_on(const struct tw_cellular_wish *w, const struct tw_modem_seen *s)
{
	const uint32_t ban = banned(w->technologies);

	if (s->state == LOCKED)
		return unlock(w, s);
	if (!w->roaming && roams(s) && s->state >= CONNECTING)
		return take(TW_MODEM_DISCONNECT, "The modem roams, which cellular.roaming does not allow; its connection is ended.");
	if (s->modes.allowed & ban && (s->state == DISABLED || s->state >= ENABLED))
		return hold_modes(s, ban);
	if (s->state == DISABLED)
		return take(TW_MODEM_ENABLE, "The modem is being enabled.");
	if (s->state < ENABLED)
		return wait_for("The modem is on its way to another state.");
	if (s->state < REGISTERED)
		return wait_for(s->registration == 3 ? "The network refuses this device." : "The modem looks for a network.");
	return wait_for(NULL); /* one that may not be used where it roams is as it is to be while it has no connection */
}

static struct tw_modem_next go_off(const struct tw_modem_seen *s)
{
	if (s->state > DISABLING)
		return take(TW_MODEM_DISABLE, "The modem is being switched off.");
	if (s->state == DISABLED && s->power == POWER_ON)
		return take(TW_MODEM_POWER_DOWN, "The modem is being switched off.");
	return wait_for(s->state == DISABLED || s->state == LOCKED ? NULL : "The modem is on its way to another state.");
}

struct tw_modem_next tw_modem_next(const struct tw_cellular_wish *w, const struct tw_modem_seen *s)
{
	if (w->use == TW_CELLULAR_LEFT)
		return wait_for(NULL);
	if (!s->modems)
		return wait_for("ModemManager has no modem.");
	if (s->modems > 1)
		return wait_for("ModemManager has more than one modem; this device governs one.");
	if (s->state == FAILED)
		return wait_for(s->failed == 2 ? "The modem has no SIM." : "ModemManager says that the modem has failed.");
	return w->use == TW_CELLULAR_ON ? go_on(w, s) : go_off(s);
}

/* --- In words --- */

static void put(char *to, size_t size, const char *word)
{
	(void)snprintf(to, size, "%s", word);
}

#define PUT(to, word) put((to), sizeof(to), (word))

static void plain(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; from[n] && n + 1 < size; n++)
		to[n] = (char)(from[n] >= ' ' && from[n] <= '~' ? from[n] : '?');
	to[n] = '\0';
}

#define PLAIN(to, from) plain((to), sizeof(to), (from))

static const char *word_of(const char *const *words, size_t size, uint32_t n)
{
	return n < size ? words[n] : "other";
}

static void add(char *to, size_t size, const char *word)
{
	const size_t at = strlen(to);

	(void)snprintf(to + at, size - at, "%s%s", at ? " " : "", word);
}

static void say_modes(uint32_t bits, char *to, size_t size)
{
	static const char *const words[] = { NULL, "2g", "3g", "4g", "5g" };

	to[0] = '\0';
	for (size_t i = 1; i < TW_COUNT(words); i++)
		if (bits & 1U << i)
			add(to, size, words[i]);
}

/* Of access technologies: GSM to EDGE (and POTS) are 2G, UMTS to EVDO 3G, LTE and its narrow kinds 4G, NR 5G. */
static uint32_t generation(uint32_t access)
{
	uint32_t ret = 0;

	if (access & 0x1eU)
		ret |= M2G;
	if (access & 0x3fe0U)
		ret |= M3G;
	if (access & (1U << 14 | 1U << 16 | 1U << 17))
		ret |= M4G;
	if (access & 1U << 15)
		ret |= M5G;
	return ret;
}

void tw_modem_tell(const struct tw_modem_seen *s, const struct tw_modem_next *n, struct tw_cellular_state *ret)
{
	*ret = (struct tw_cellular_state){
		.present = s->modems > 0, .settled = !n->why, .pin = n->pin, .signal = TW_CELLULAR_UNKNOWN, .tries = TW_CELLULAR_UNKNOWN
	};
	if (n->why)
		PUT(ret->why, n->why);
	if (!s->modems)
		return;
	ret->roams = roams(s);
	if (s->signal_known && s->signal <= 100)
		ret->signal = (uint8_t)s->signal;
	if (s->tries < TW_CELLULAR_UNKNOWN)
		ret->tries = (uint8_t)s->tries;
	PUT(ret->state, s->state == FAILED ? "failed" : s->state >= 0 && s->state < STATES ? states[s->state] : "other");
	PUT(ret->lock, word_of(locks, TW_COUNT(locks), s->lock));
	PUT(ret->registration, s->state >= ENABLED ? word_of(registrations, TW_COUNT(registrations), s->registration) : "");
	say_modes(s->state >= REGISTERED ? generation(s->access) : 0, ret->technology, sizeof ret->technology);
	say_modes(s->modes.allowed, ret->allowed, sizeof ret->allowed);
	PLAIN(ret->maker, s->maker);
	PLAIN(ret->model, s->model);
	PLAIN(ret->revision, s->revision);
	PLAIN(ret->network, s->state >= REGISTERED ? s->network : "");
	PLAIN(ret->code, s->state >= REGISTERED ? s->code : "");
}

const char *tw_modem_step_word(enum tw_modem_step step)
{
	static const char *const words[] = { "nothing", "unlocking the SIM", "setting technologies", "enabling", "disconnecting",
		"disabling", "powering down" };

	return words[step];
}
