/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is, held against what the product declares to have. The loopback, what listens on it alone, and the device's own HTTPS are the
 * device's: no product has to declare them.
 */
#include "device/interfaces/interfaces.h"

#include "base/text.h"
#include "device/platform/firewall.h"

#include <string.h>

/* Which kinds of the kernel's a declared kind may be; of a link and of a radio also what it is, NULL: whatever no other kind is. */
static const struct row {
	enum tw_manifest_interface_kind kind;
	enum tw_watch_kind seen;
	const char *what;
} rows[] = {
	{ TW_MANIFEST_ETHERNET, TW_WATCH_LINK, "ethernet" },
	{ TW_MANIFEST_ETHERNET, TW_WATCH_LINK, "usb" }, /* Ethernet's frames over a USB gadget */
	{ TW_MANIFEST_USB, TW_WATCH_LINK, "usb" },
	{ TW_MANIFEST_WIFI, TW_WATCH_LINK, "wireless" },
	{ TW_MANIFEST_WIFI, TW_WATCH_RADIO, "wlan" },
	{ TW_MANIFEST_CELLULAR, TW_WATCH_LINK, NULL },
	{ TW_MANIFEST_CELLULAR, TW_WATCH_RADIO, "wwan" },
	{ TW_MANIFEST_ZIGBEE, TW_WATCH_LINK, NULL },
	{ TW_MANIFEST_THREAD, TW_WATCH_LINK, NULL },
	{ TW_MANIFEST_BLUETOOTH, TW_WATCH_BLUETOOTH, NULL },
	{ TW_MANIFEST_BLUETOOTH, TW_WATCH_LINK, "bluetooth" },
	{ TW_MANIFEST_BLUETOOTH, TW_WATCH_RADIO, "bluetooth" },
	{ TW_MANIFEST_USB, TW_WATCH_USB, NULL },
	{ TW_MANIFEST_SERIAL, TW_WATCH_SERIAL, NULL },
	{ TW_MANIFEST_CAMERA, TW_WATCH_CAMERA, NULL },
	{ TW_MANIFEST_MICROPHONE, TW_WATCH_MICROPHONE, NULL },
	{ TW_MANIFEST_INPUT, TW_WATCH_INPUT, NULL },
	{ TW_MANIFEST_STORAGE, TW_WATCH_STORAGE, NULL },
	{ TW_MANIFEST_SERVICE, TW_WATCH_SOCKET, NULL },
};

static bool is_like(const char *pattern, const char *name)
{
	const size_t size = strlen(pattern);

	if (pattern[size - 1] == '*')
		return strncmp(pattern, name, size - 1) == 0;
	return strcmp(pattern, name) == 0;
}

/* "tcp 8443" and "tcp 0.0.0.0:8443" */
static bool is_at(const char *service, const char *socket)
{
	const char *port = strrchr(socket, ':');

	return port && strncmp(service, socket, 4) == 0 && strcmp(service + 4, port + 1) == 0;
}

static bool is_kind(const struct row *r, const struct tw_interface *i)
{
	if (r->seen != i->kind)
		return false;
	if (r->what)
		return strcmp(r->what, i->what) == 0;
	return i->kind != TW_WATCH_LINK || (strcmp(i->what, "ethernet") != 0 && strcmp(i->what, "wireless") != 0);
}

static bool is_it(const struct tw_manifest_interface *m, const struct tw_interface *i)
{
	if (!(m->kind == TW_MANIFEST_SERVICE ? is_at(m->kernel, i->name) : is_like(m->kernel, i->name)))
		return false;
	for (size_t n = 0; n < TW_COUNT(rows); n++)
		if (rows[n].kind == m->kind && is_kind(&rows[n], i))
			return true;
	return false;
}

/* "tcp 127.0.0.1:53", "udp [::1]:53" */
static bool is_loopback(const char *socket)
{
	const char *address = strchr(socket, ' ');

	return address && (strncmp(address + 1, "127.", 4) == 0 || strncmp(address + 1, "[::1]:", 6) == 0);
}

/* "user 0, system.slice": hands opens our ports, as root, or, where it is not, with the one id that all roles have then. */
static bool is_own_user(const struct tw_device *d, const char *what)
{
	uint64_t user = 0;

	return strncmp(what, "user ", 5) == 0 &&
		!tw_failed(tw_parse_u64((struct tw_slice){ what + 5, strcspn(what + 5, ",") }, UINT32_MAX, &user)) &&
		(user == 0 || user == d->own_uid);
}

static bool is_own_port(const struct tw_device *d, const struct tw_interface *i)
{
	const char *port = strrchr(i->name, ':');
	uint64_t number = 0;

	return strncmp(i->name, "tcp ", 4) == 0 && port && !tw_failed(tw_parse_u64(tw_slice_of(port + 1), 65535, &number)) &&
		tw_firewall_offers(d, (uint16_t)number) && is_own_user(d, i->what);
}

static bool is_own(const struct tw_device *d, const struct tw_interface *i)
{
	if (i->kind == TW_WATCH_LINK)
		return strcmp(i->what, "loopback") == 0;
	if (i->kind == TW_WATCH_SERVICE) /* it is no way in: the sockets that it has are judged */
		return true;
	return i->kind == TW_WATCH_SOCKET && (is_loopback(i->name) || is_own_port(d, i));
}

bool tw_interfaces_declared(const struct tw_device *d)
{
	return d->manifest && d->manifest->interface_count;
}

bool tw_interfaces_judge(const struct tw_device *d, struct tw_interface *i)
{
	i->declared = NULL;
	i->known = !tw_interfaces_declared(d) || i->own || is_own(d, i);
	for (size_t n = 0; tw_interfaces_declared(d) && !i->own && !i->declared && n < d->manifest->interface_count; n++)
		if (is_it(&d->manifest->interfaces[n], i))
			i->declared = &d->manifest->interfaces[n];
	i->known = i->known || i->declared;
	return i->known;
}

bool tw_interfaces_absent(const struct tw_device *d, const struct tw_manifest_interface *m)
{
	for (size_t n = 0; n < d->interfaces->count; n++)
		if (d->interfaces->of[n]->present && is_it(m, d->interfaces->of[n]))
			return false;
	return m->on;
}

size_t tw_interfaces_undeclared(const struct tw_device *d)
{
	size_t count = 0;

	for (size_t n = 0; n < d->interfaces->count; n++)
		count += d->interfaces->of[n]->present && !d->interfaces->of[n]->known;
	return count;
}
