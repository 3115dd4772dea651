/* SPDX-License-Identifier: Apache-2.0 */
#include "product/surface.h"

#include "formats/manifest.h"

#include <string.h>

static const tw_yaml *list_in(const tw_yaml *n)
{
	return n && tw_yaml_kind(n) == TW_YAML_LIST ? n : NULL;
}

static const char *text_of(const tw_yaml *row, const char *key)
{
	const tw_yaml *n = tw_yaml_find(row, key);

	return n ? tw_yaml_text(n) : NULL;
}

/* One that the device can see. */
static bool is_seen(const char *kind)
{
	for (size_t i = 0; i < TW_MANIFEST_INTERFACE_KINDS; i++)
		if (strcmp(kind, tw_manifest_interface_kinds[i]) == 0)
			return true;
	return false;
}

static bool is_link(const char *kind)
{
	for (size_t i = 0; i <= TW_MANIFEST_THREAD; i++)
		if (strcmp(kind, tw_manifest_interface_kinds[i]) == 0)
			return true;
	return false;
}

/* --- Interfaces --- */

static tw_err check_service(const tw_yaml *row, struct tw_problems *p)
{
	static const char *const keys[] = { "port", "transport" };

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (!tw_yaml_find(row, keys[i]))
			TW_TRY(tw_problem(p, row, "say where it listens (port: 5353, transport: udp)", "a service needs '%s'", keys[i]));
	if (tw_yaml_find(row, "kernel"))
		TW_TRY(tw_problem(p, tw_yaml_find(row, "kernel"), "leave it out: port and transport say it",
			"a service has no name in the kernel"));
	return TW_OK;
}

static tw_err check_kernel(const tw_yaml *row, const char *kind, struct tw_problems *p)
{
	const tw_yaml *n = tw_yaml_find(row, "kernel");
	const char *text = n ? tw_yaml_text(n) : NULL, *star = text ? strchr(text, '*') : NULL;

	if (text && !is_seen(kind))
		TW_TRY(tw_problem(p, n, "leave 'kernel' out, or say what the kernel takes it for", "no device sees a %s by its name", kind));
	if (star && star[1])
		TW_TRY(tw_problem(p, n, "put the star at the end (kernel: eth*)", "'%.64s' has a star before its end", text));
	if (text && is_link(kind) && strlen(text) > TW_MANIFEST_LINK_MAX)
		TW_TRY(tw_problem(p, n, "the kernel's names of links have 15 characters at most", "'%.64s' can be no link", text));
	return TW_OK;
}

static tw_err check_interfaces(const tw_yaml *list, struct tw_problems *p)
{
	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *row = tw_yaml_item(list, i);
		const char *kind = text_of(row, "kind");

		if (!kind)
			continue;
		if (strcmp(kind, "service") == 0)
			TW_TRY(check_service(row, p));
		else
			TW_TRY(check_kernel(row, kind, p));
	}
	return TW_OK;
}

/* --- Flows --- */

static const tw_yaml *interface_named(const tw_yaml *interfaces, const char *name)
{
	for (size_t i = 0; interfaces && i < tw_yaml_count(interfaces); i++) {
		const char *one = text_of(tw_yaml_item(interfaces, i), "name");

		if (one && !strcmp(one, name))
			return tw_yaml_item(interfaces, i);
	}
	return NULL;
}

static tw_err check_port(const tw_yaml *n, const char *word, struct tw_problems *p)
{
	struct tw_manifest_ports ports;

	if (!tw_failed(tw_manifest_ports_read(word, &ports)))
		return TW_OK;
	return tw_problem(p, n, "a port is 1 to 65535, a range goes up (ports: [443, 5000-5010])", "'%.20s' is no port", word);
}

static tw_err check_network(const tw_yaml *n, const char *word, struct tw_problems *p)
{
	struct tw_network network;

	if (!tw_failed(tw_network_read(word, &network)))
		return TW_OK;
	return tw_problem(p, n, "as 192.0.2.0/24 or 'fd00::/8', with nothing but 0 behind the prefix; 0.0.0.0/0 and '::/0' are everywhere",
		"'%.64s' is no network", word);
}

static tw_err check_words(const tw_yaml *row, const char *key, size_t most,
	tw_err (*check)(const tw_yaml *, const char *, struct tw_problems *), struct tw_problems *p)
{
	const tw_yaml *list = tw_yaml_find(row, key);

	if (!list || !list_in(list))
		return list ? TW_OK
			    : tw_problem(p, row, "say all of it, or leave 'protocol' out: the packet filter does not know the flow then",
				      "a flow with 'protocol' needs '%s'", key);
	if (tw_yaml_count(list) < 1 || tw_yaml_count(list) > most)
		TW_TRY(tw_problem(p, list, "make several flows of it", "'%s' must have 1 to %zu entries", key, most));
	for (size_t i = 0; i < tw_yaml_count(list); i++)
		if (tw_yaml_text(tw_yaml_item(list, i)))
			TW_TRY(check(tw_yaml_item(list, i), tw_yaml_text(tw_yaml_item(list, i)), p));
	return TW_OK;
}

/* One that the packet filter is to know. */
static tw_err check_filtered(const tw_yaml *row, const tw_yaml *interface, struct tw_problems *p)
{
	const char *kind = interface ? text_of(interface, "kind") : NULL;

	if (kind && (!is_link(kind) || !tw_yaml_find(interface, "kernel")))
		TW_TRY(tw_problem(p, tw_yaml_find(row, "interface"), "let it go by an interface of a network that has 'kernel'",
			"a flow with 'protocol' goes by a link that the kernel names"));
	TW_TRY(check_words(row, "ports", TW_MANIFEST_FLOW_PORTS, check_port, p));
	return check_words(row, "networks", TW_MANIFEST_FLOW_NETWORKS, check_network, p);
}

static tw_err check_flows(const tw_yaml *list, const tw_yaml *interfaces, struct tw_problems *p)
{
	static const char *const keys[] = { "ports", "networks", "optional" };

	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *row = tw_yaml_item(list, i);
		const char *name = text_of(row, "interface");
		const tw_yaml *interface = name ? interface_named(interfaces, name) : NULL;

		if (name && !interface)
			TW_TRY(tw_problem(p, tw_yaml_find(row, "interface"),
				"name one of the entries of 'interfaces', or add it there", "no interface is named '%.64s'", name));
		if (tw_yaml_find(row, "protocol")) {
			TW_TRY(check_filtered(row, interface, p));
			continue;
		}
		for (size_t k = 0; k < TW_COUNT(keys); k++)
			if (tw_yaml_find(row, keys[k]))
				TW_TRY(tw_problem(p, tw_yaml_find(row, keys[k]), "say 'protocol', too",
					"'%s' without 'protocol' is for nothing", keys[k]));
	}
	return TW_OK;
}

tw_err tw_product_surface(const tw_yaml *root, struct tw_problems *p)
{
	const tw_yaml *interfaces = list_in(tw_yaml_find(root, "interfaces"));

	TW_TRY(check_interfaces(interfaces, p));
	return check_flows(list_in(tw_yaml_find(root, "flows")), interfaces, p);
}
