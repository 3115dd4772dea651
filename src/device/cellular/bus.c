/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cellular/bus.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "org.freedesktop.ModemManager1"
#define ROOT "/org/freedesktop/ModemManager1"
#define MODEM SERVICE ".Modem"
#define GPP MODEM ".Modem3gpp"
#define LOOK_US (10 * UINT64_C(1000000))
#define STEP_US (30 * UINT64_C(1000000)) /* a modem may take that long to come up */
#define LOCK_PIN 2

static tw_err failed(int r, const char *what)
{
	if (r == -ENOMEM)
		return TW_RAISE(NOMEM, "%s", what);
	return TW_RAISE(CLOSED, "%s: %s", what, strerror(-r));
}

#define BUS_TRY(call, what)                           \
	do {                                          \
		const int bus_try = (call);           \
		if (bus_try < 0)                      \
			return failed(bus_try, what); \
	} while (0)

/* --- Opening --- */

static tw_err connect_as(sd_bus *bus, const char *address)
{
	const char *name = NULL;

	BUS_TRY(sd_bus_set_address(bus, address), "the bus's address");
	BUS_TRY(sd_bus_set_bus_client(bus, 1), "being the bus's client");
	BUS_TRY(sd_bus_start(bus), "the system's bus does not answer");
	BUS_TRY(sd_bus_get_unique_name(bus, &name), "the system's bus does not take this role");
	return TW_OK;
}

/* The user at the other end's eyes is whoever connects. */
tw_err tw_modem_bus_open(const char *address, uid_t uid, int first, sd_bus **ret)
{
	TW_CLEANUP(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	const uid_t own = geteuid();

	BUS_TRY(sd_bus_new(&bus), "a line to the system's bus");
	if (uid != own && seteuid(uid))
		return TW_RAISE_ERRNO("the role's own id");
	tw_err e = connect_as(bus, address);
	if (uid != own && seteuid(own))
		return TW_RAISE_ERRNO("going back to root's id");
	TW_TRY(e);
	if (sd_bus_get_fd(bus) != first)
		return TW_RAISE(STATE, "the bus's descriptor is %d, not %d", sd_bus_get_fd(bus), first);
	*ret = TW_STEAL(bus);
	return TW_OK;
}

static int on_signal(sd_bus_message *m, void *user, sd_bus_error *e)
{
	*(bool *)user = true;
	return 0;
}

tw_err tw_modem_bus_watch(sd_bus *bus, bool *owed)
{
	BUS_TRY(sd_bus_match_signal(bus, NULL, SERVICE, NULL, NULL, NULL, on_signal, owed), "listening to ModemManager");
	BUS_TRY(sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			"NameOwnerChanged", on_signal, owed),
		"listening to the bus");
	return TW_OK;
}

tw_err tw_modem_bus_hear(sd_bus *bus)
{
	int r;

	while ((r = sd_bus_process(bus, NULL)) > 0)
		;
	return r < 0 ? failed(r, "the system's bus has gone") : TW_OK;
}

/* --- Looking --- */

struct property {
	const char *interface, *name, *type;
	size_t at;
};
#define AT(field) offsetof(struct tw_modem_seen, field)
static const struct property properties[] = {
	{ MODEM, "State", "i", AT(state) },
	{ MODEM, "StateFailedReason", "u", AT(failed) },
	{ MODEM, "UnlockRequired", "u", AT(lock) },
	{ MODEM, "PowerState", "u", AT(power) },
	{ MODEM, "AccessTechnologies", "u", AT(access) },
	{ MODEM, "Sim", "o", AT(sim) },
	{ MODEM, "Manufacturer", "s", AT(maker) },
	{ MODEM, "Model", "s", AT(model) },
	{ MODEM, "Revision", "s", AT(revision) },
	{ GPP, "RegistrationState", "u", AT(registration) },
	{ GPP, "OperatorName", "s", AT(network) },
	{ GPP, "OperatorCode", "s", AT(code) },
};

static int read_basic(sd_bus_message *m, const struct property *p, struct tw_modem_seen *s)
{
	char *at = (char *)s + p->at;
	const char *text = NULL;
	int r;

	if (*p->type == 'i' || *p->type == 'u')
		return sd_bus_message_read_basic(m, *p->type, at); /* four bytes both */
	r = sd_bus_message_read_basic(m, *p->type, &text);
	if (r > 0)
		(void)snprintf(at, TW_MODEM_TEXT_MAX, "%s", text);
	return r;
}

static int read_modes(sd_bus_message *m, struct tw_modem_seen *s)
{
	struct tw_modem_modes one;
	int r = sd_bus_message_enter_container(m, 'a', "(uu)");

	while (r >= 0 && (r = sd_bus_message_read(m, "(uu)", &one.allowed, &one.preferred)) > 0)
		if (s->supported_count < TW_MODEM_MODES_MAX)
			s->supported[s->supported_count++] = one;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_tries(sd_bus_message *m, struct tw_modem_seen *s)
{
	uint32_t lock, tries;
	int r = sd_bus_message_enter_container(m, 'a', "{uu}");

	while (r >= 0 && (r = sd_bus_message_read(m, "{uu}", &lock, &tries)) > 0)
		if (lock == LOCK_PIN)
			s->tries = tries;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_signal(sd_bus_message *m, struct tw_modem_seen *s)
{
	int recent = 0;

	s->signal_known = true;
	return sd_bus_message_read(m, "(ub)", &s->signal, &recent);
}

static int read_current(sd_bus_message *m, struct tw_modem_seen *s)
{
	return sd_bus_message_read(m, "(uu)", &s->modes.allowed, &s->modes.preferred);
}

static const struct {
	const char *name, *type;
	int (*read)(sd_bus_message *m, struct tw_modem_seen *s);
} composed[] = {
	{ "SupportedModes", "a(uu)", read_modes },
	{ "CurrentModes", "(uu)", read_current },
	{ "UnlockRetries", "a{uu}", read_tries },
	{ "SignalQuality", "(ub)", read_signal },
};

/* One that is of another type than it should be is left out, as one that nobody asks for. */
static int read_value(sd_bus_message *m, const char *interface, const char *name, struct tw_modem_seen *s)
{
	const char *type = NULL;
	char kind = 0;
	int r = sd_bus_message_peek_type(m, &kind, &type);

	if (r <= 0 || kind != 'v')
		return r < 0 ? r : -EBADMSG;
	for (size_t i = 0; i < TW_COUNT(properties) + TW_COUNT(composed); i++) {
		const bool basic = i < TW_COUNT(properties);
		const size_t k = basic ? i : i - TW_COUNT(properties);
		const char *wanted = basic ? properties[k].type : composed[k].type;

		if (strcmp(basic ? properties[k].name : composed[k].name, name) != 0 ||
			strcmp(basic ? properties[k].interface : MODEM, interface) != 0 || strcmp(wanted, type) != 0)
			continue;
		r = sd_bus_message_enter_container(m, 'v', type);
		if (r >= 0)
			r = basic ? read_basic(m, &properties[k], s) : composed[k].read(m, s);
		return r < 0 ? r : sd_bus_message_exit_container(m);
	}
	return sd_bus_message_skip(m, "v");
}

static int read_properties(sd_bus_message *m, const char *interface, struct tw_modem_seen *s)
{
	const char *name = NULL;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &name);
		if (r >= 0)
			r = read_value(m, interface, name, s);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_interfaces(sd_bus_message *m, struct tw_modem_seen *s, bool *ret_modem)
{
	const char *interface = NULL;
	int r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

	*ret_modem = false;
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &interface);
		if (r < 0)
			break;
		*ret_modem = *ret_modem || strcmp(interface, MODEM) == 0;
		r = strcmp(interface, MODEM) == 0 || strcmp(interface, GPP) == 0 ? read_properties(m, interface, s)
										 : sd_bus_message_skip(m, "a{sv}");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_objects(sd_bus_message *m, struct tw_modem_seen *ret)
{
	const char *path = NULL;
	int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
		struct tw_modem_seen s = { .tries = TW_CELLULAR_UNKNOWN };
		bool modem = false;

		r = sd_bus_message_read_basic(m, 'o', &path);
		if (r < 0)
			break;
		(void)snprintf(s.path, sizeof s.path, "%s", path);
		r = read_interfaces(m, &s, &modem);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r < 0 || !modem)
			continue;
		s.modems = ret->modems + 1;
		if (!ret->modems || strcmp(s.path, ret->path) < 0)
			*ret = s;
		ret->modems = s.modems;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

tw_err tw_modem_bus_read(sd_bus_message *m, struct tw_modem_seen *ret)
{
	*ret = (struct tw_modem_seen){ 0 };
	const int r = read_objects(m, ret);

	if (r == -ENOMEM)
		return TW_RAISE(NOMEM, "what ModemManager says");
	return r < 0 ? TW_RAISE(SYNTAX, "ModemManager says what is no list of objects") : TW_OK;
}

static bool is_absent(const sd_bus_error *e)
{
	return sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) || sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static tw_err refused(const sd_bus_error *e, int r, const char *what)
{
	if (!sd_bus_error_is_set(e))
		return failed(r, what);
	return TW_RAISE(DENIED, "%s: %.150s", what, e->message ? e->message : e->name);
}

static tw_err call(sd_bus *bus, sd_bus_message *m, uint64_t us, sd_bus_error *e, sd_bus_message **ret)
{
	const int r = sd_bus_call(bus, m, us, e, ret);

	return r < 0 ? refused(e, r, "ModemManager") : TW_OK;
}

tw_err tw_modem_bus_look(sd_bus *bus, struct tw_modem_seen *ret)
{
	TW_CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL, *answer = NULL;
	TW_CLEANUP(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

	*ret = (struct tw_modem_seen){ 0 };
	BUS_TRY(sd_bus_message_new_method_call(bus, &m, SERVICE, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
		"a question");
	tw_err asked = call(bus, m, LOOK_US, &e, &answer);
	if (is_absent(&e))
		return TW_OK;
	TW_TRY(asked);
	return tw_modem_bus_read(answer, ret);
}

/* --- Doing --- */

static int make(sd_bus *bus, const struct tw_modem_seen *s, const struct tw_modem_next *n, struct tw_slice pin, sd_bus_message **ret)
{
	static const struct {
		const char *interface, *member;
	} of[] = { [TW_MODEM_UNLOCK] = { SERVICE ".Sim", "SendPin" },
		[TW_MODEM_SET_MODES] = { MODEM, "SetCurrentModes" },
		[TW_MODEM_ENABLE] = { MODEM, "Enable" },
		[TW_MODEM_DISCONNECT] = { MODEM ".Simple", "Disconnect" },
		[TW_MODEM_DISABLE] = { MODEM, "Enable" },
		[TW_MODEM_POWER_DOWN] = { MODEM, "SetPowerState" } };
	char digits[TW_CELLULAR_PIN_MAX + 1];
	int r = sd_bus_message_new_method_call(
		bus, ret, SERVICE, n->step == TW_MODEM_UNLOCK ? s->sim : s->path, of[n->step].interface, of[n->step].member);

	if (r < 0)
		return r;
	switch (n->step) {
	case TW_MODEM_UNLOCK:
		(void)snprintf(digits, sizeof digits, TW_SLICE_FMT, TW_SLICE_ARG(pin));
		r = sd_bus_message_sensitive(*ret); /* wiped when it is let go */
		if (r >= 0)
			r = sd_bus_message_append(*ret, "s", digits);
		tw_wipe(digits, sizeof digits);
		return r;
	case TW_MODEM_SET_MODES:
		return sd_bus_message_append(*ret, "(uu)", n->modes.allowed, n->modes.preferred);
	case TW_MODEM_DISCONNECT:
		return sd_bus_message_append(*ret, "o", "/"); /* every bearer */
	case TW_MODEM_POWER_DOWN:
		return sd_bus_message_append(*ret, "u", 2U);
	case TW_MODEM_ENABLE:
	case TW_MODEM_DISABLE:
	case TW_MODEM_NOTHING:
		break;
	}
	return sd_bus_message_append(*ret, "b", n->step == TW_MODEM_ENABLE);
}

tw_err tw_modem_bus_step(sd_bus *bus, const struct tw_modem_seen *s, const struct tw_modem_next *n, struct tw_slice pin)
{
	TW_CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL, *answer = NULL;
	TW_CLEANUP(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

	if (n->step == TW_MODEM_NOTHING)
		return TW_OK;
	BUS_TRY(make(bus, s, n, pin, &m), "an order");
	const int r = sd_bus_call(bus, m, STEP_US, &e, &answer);
	if (r >= 0)
		return TW_OK;
	if (n->step == TW_MODEM_UNLOCK && sd_bus_error_has_name(&e, SERVICE ".Error.MobileEquipment.IncorrectPassword"))
		return TW_RAISE(NOTFOUND, "the SIM refuses the PIN");
	return refused(&e, r, tw_modem_step_word(n->step));
}
