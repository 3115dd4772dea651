/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's ways in and out and what may come and go by them, as the manifest has them: names that the kernel gives, numbers of ports,
 * networks. A flow names a link that is declared; so what is not declared can be in no flow.
 */
#include "base/text.h"
#include "formats/flowsets.h"
#include "formats/manifest-inside.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX 512 /* networks or ports of one flow, as text */

const char *const tw_manifest_interface_kinds[TW_MANIFEST_INTERFACE_KINDS] = {
	[TW_MANIFEST_ETHERNET] = "ethernet",
	[TW_MANIFEST_WIFI] = "wifi",
	[TW_MANIFEST_CELLULAR] = "cellular",
	[TW_MANIFEST_ZIGBEE] = "zigbee",
	[TW_MANIFEST_THREAD] = "thread",
	[TW_MANIFEST_BLUETOOTH] = "bluetooth",
	[TW_MANIFEST_USB] = "usb",
	[TW_MANIFEST_SERIAL] = "serial",
	[TW_MANIFEST_CAMERA] = "camera",
	[TW_MANIFEST_MICROPHONE] = "microphone",
	[TW_MANIFEST_INPUT] = "input",
	[TW_MANIFEST_STORAGE] = "storage",
	[TW_MANIFEST_SERVICE] = "service",
};

static tw_err room_for(const struct tw_sys *sys, const json_t *list, const char *what, size_t most, size_t size, void *ret)
{
	const size_t count = json_array_size(list);
	void *rows = NULL;

	if (count > most)
		return TW_RAISE(LIMIT, "%zu %s, limit %zu", count, what, most);
	if (list && !count)
		return TW_RAISE(SYNTAX, "no %s at all: a product that declares none has no such member", what);
	if (count && !(rows = tw_alloc_array(sys, count, size)))
		return TW_RAISE(NOMEM, "%s of the manifest", what);
	memcpy(ret, &rows, sizeof rows);
	return TW_OK;
}

static bool is_name(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

/* --- Interfaces --- */

/* "eth0", "eth*": a star stands for whatever follows, at the end only. */
static bool is_pattern(const char *text)
{
	const size_t size = strlen(text), plain = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

	return size && (plain == size || (plain + 1 == size && text[plain] == '*'));
}

/* "tcp 8443" */
static bool is_service(const char *text)
{
	uint64_t port = 0;

	return (strncmp(text, "tcp ", 4) == 0 || strncmp(text, "udp ", 4) == 0) &&
		!tw_failed(tw_parse_u64(tw_slice_of(text + 4), 65535, &port)) && port;
}

static tw_err kind_read(const char *word, enum tw_manifest_interface_kind *ret)
{
	for (size_t i = 0; i < TW_MANIFEST_INTERFACE_KINDS; i++) {
		if (strcmp(word, tw_manifest_interface_kinds[i]) == 0) {
			*ret = (enum tw_manifest_interface_kind)i;
			return TW_OK;
		}
	}
	return TW_RAISE(SYNTAX, "'%s' is no kind of interface that a device can see", word);
}

static tw_err head_read(const json_t *o, const char **ret_name, const char **ret_purpose)
{
	*ret_name = tw_json_text(o, "name");
	*ret_purpose = tw_json_text(o, "purpose");
	if (!is_name(*ret_name))
		return TW_RAISE(SYNTAX, "'%s' is not a name of an interface or a flow: letters, digits and hyphens", *ret_name);
	if (!tw_text_printable(tw_slice_of(*ret_purpose)))
		return TW_RAISE(SYNTAX, "%s: its purpose has characters that cannot be printed", *ret_name);
	return TW_OK;
}

static tw_err interface_read(const json_t *o, struct tw_manifest_interface *i)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_SURFACE_NAME_MAX },
		{ "kind", TW_JSON_TEXT, true, 1, 16 }, { "kernel", TW_JSON_TEXT, true, 1, TW_MANIFEST_KERNEL_MAX },
		{ "purpose", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX }, { "on", TW_JSON_BOOL, true, 0, 0 }, { 0 } };

	TW_TRY(tw_json_check(o, shape));
	TW_TRY(head_read(o, &i->name, &i->purpose));
	TW_TRY(kind_read(tw_json_text(o, "kind"), &i->kind));
	i->kernel = tw_json_text(o, "kernel");
	i->on = tw_json_bool(o, "on");
	if (i->kind == TW_MANIFEST_SERVICE ? !is_service(i->kernel) : !is_pattern(i->kernel))
		return TW_RAISE(SYNTAX, "%s: '%s' is nothing the kernel names so, as eth0, eth* or, of a service, tcp 8443",
			i->name, i->kernel);
	return TW_OK;
}

static tw_err interfaces_read(const struct tw_sys *sys, const json_t *list, struct tw_manifest_surface *s)
{
	TW_TRY(room_for(sys, list, "interfaces", TW_MANIFEST_INTERFACES, sizeof *s->interfaces, &s->interfaces));
	for (size_t i = 0; i < json_array_size(list); i++) {
		TW_TRY(interface_read(json_array_get(list, i), &s->interfaces[i]));
		for (size_t j = 0; j < i; j++)
			if (strcmp(s->interfaces[i].name, s->interfaces[j].name) == 0)
				return TW_RAISE(SYNTAX, "interface %s is there twice", s->interfaces[i].name);
		s->interface_count++;
	}
	return TW_OK;
}

/* --- Flows --- */

/* The next word of *text, which it moves behind the blank that follows; words have one blank between, and none about them. */
static tw_err take_word(const char **text, const char *what, char word[TW_NETWORK_TEXT_MAX])
{
	const size_t size = strcspn(*text, " ");

	if (!size || size >= TW_NETWORK_TEXT_MAX)
		return TW_RAISE(SYNTAX, "%s, with one blank between each: not '%.60s'", what, *text);
	memcpy(word, *text, size);
	word[size] = '\0';
	*text += size;
	if (**text && !*++*text)
		return TW_RAISE(SYNTAX, "%s, with nothing behind the last", what);
	return TW_OK;
}

static tw_err port_read(struct tw_slice text, uint16_t *ret)
{
	uint64_t v = 0;

	if (tw_failed(tw_parse_u64(text, 65535, &v)) || !v)
		return TW_RAISE(SYNTAX, "'" TW_SLICE_FMT "' is no port", TW_SLICE_ARG(text));
	*ret = (uint16_t)v;
	return TW_OK;
}

tw_err tw_manifest_ports_read(const char *word, struct tw_manifest_ports *ret)
{
	const size_t size = strcspn(word, "-");

	TW_TRY(port_read((struct tw_slice){ word, size }, &ret->from));
	ret->to = ret->from;
	if (word[size])
		TW_TRY(port_read(tw_slice_of(word + size + 1), &ret->to));
	if (word[size] && ret->to <= ret->from)
		return TW_RAISE(SYNTAX, "'%.20s' is no range of ports: its end is not behind its begin", word);
	return TW_OK;
}

static tw_err ports_read(const char *text, struct tw_manifest_flow *f)
{
	char word[TW_NETWORK_TEXT_MAX];

	while (*text) {
		TW_TRY(take_word(&text, "ports", word));
		if (f->port_count == TW_MANIFEST_FLOW_PORTS)
			return TW_RAISE(LIMIT, "flow %s has more than %d ports or ranges", f->name, TW_MANIFEST_FLOW_PORTS);
		TW_TRY(tw_manifest_ports_read(word, &f->ports[f->port_count++]));
	}
	return TW_OK;
}

static tw_err networks_read(const char *text, struct tw_manifest_flow *f)
{
	char word[TW_NETWORK_TEXT_MAX];

	while (*text) {
		TW_TRY(take_word(&text, "networks", word));
		if (f->network_count == TW_MANIFEST_FLOW_NETWORKS)
			return TW_RAISE(LIMIT, "flow %s has more than %d networks", f->name, TW_MANIFEST_FLOW_NETWORKS);
		TW_TRY(tw_network_read(word, &f->networks[f->network_count++]));
	}
	return TW_OK;
}

static tw_err link_read(const struct tw_manifest_surface *s, const char *name, struct tw_manifest_flow *f)
{
	for (size_t i = 0; i < s->interface_count; i++) {
		const struct tw_manifest_interface *one = &s->interfaces[i];

		if (strcmp(one->name, name) != 0)
			continue;
		if (one->kind > TW_MANIFEST_THREAD || strlen(one->kernel) > TW_MANIFEST_LINK_MAX)
			return TW_RAISE(SYNTAX, "flow %s goes by '%s', which is no link of a network", f->name, name);
		f->interface = i;
		return TW_OK;
	}
	return TW_RAISE(SYNTAX, "flow %s goes by '%s', which is not declared", f->name, name);
}

static tw_err flow_read(const json_t *o, const struct tw_manifest_surface *s, struct tw_manifest_flow *f)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_SURFACE_NAME_MAX },
		{ "purpose", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX },
		{ "interface", TW_JSON_TEXT, true, 1, TW_MANIFEST_SURFACE_NAME_MAX }, { "in", TW_JSON_BOOL, true, 0, 0 },
		{ "out", TW_JSON_BOOL, true, 0, 0 }, { "protocol", TW_JSON_TEXT, true, 3, 3 }, { "ports", TW_JSON_TEXT, true, 1, LIST_MAX },
		{ "networks", TW_JSON_TEXT, true, 1, LIST_MAX }, { "optional", TW_JSON_BOOL, true, 0, 0 }, { 0 } };

	TW_TRY(tw_json_check(o, shape));
	TW_TRY(head_read(o, &f->name, &f->purpose));
	TW_TRY(link_read(s, tw_json_text(o, "interface"), f));
	f->in = tw_json_bool(o, "in");
	f->out = tw_json_bool(o, "out");
	f->udp = strcmp(tw_json_text(o, "protocol"), "udp") == 0;
	f->optional = tw_json_bool(o, "optional");
	if (!f->in && !f->out)
		return TW_RAISE(SYNTAX, "flow %s goes neither in nor out", f->name);
	if (!f->udp && strcmp(tw_json_text(o, "protocol"), "tcp") != 0)
		return TW_RAISE(SYNTAX, "flow %s is of protocol '%s', neither tcp nor udp", f->name, tw_json_text(o, "protocol"));
	TW_TRY(ports_read(tw_json_text(o, "ports"), f));
	return networks_read(tw_json_text(o, "networks"), f);
}

tw_err tw_manifest_surface_read(const struct tw_sys *sys, const json_t *interfaces, const json_t *flows, struct tw_manifest_surface *ret)
{
	TW_TRY(interfaces_read(sys, interfaces, ret));
	TW_TRY(room_for(sys, flows, "flows", TW_MANIFEST_FLOWS, sizeof *ret->flows, &ret->flows));
	for (size_t i = 0; i < json_array_size(flows); i++) {
		TW_TRY(flow_read(json_array_get(flows, i), ret, &ret->flows[i]));
		for (size_t j = 0; j < i; j++)
			if (strcmp(ret->flows[i].name, ret->flows[j].name) == 0)
				return TW_RAISE(SYNTAX, "flow %s is there twice", ret->flows[i].name);
		ret->flow_count++;
	}
	return tw_flows_fit(sys, ret->interfaces, ret->flows, ret->flow_count);
}

/* --- Writing --- */

/* Both lists are bounded when they are read. */
static void ports_text(const struct tw_manifest_flow *f, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = 0; i < f->port_count; i++) {
		const size_t at = strlen(ret);

		(void)snprintf(ret + at, size - at, f->ports[i].from == f->ports[i].to ? "%s%u" : "%s%u-%u", i ? " " : "",
			f->ports[i].from, f->ports[i].to);
	}
}

static void networks_text(const struct tw_manifest_flow *f, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = 0; i < f->network_count; i++) {
		const struct tw_network *n = &f->networks[i];
		char address[INET6_ADDRSTRLEN] = "";
		const size_t at = strlen(ret);

		(void)inet_ntop(n->family == 4 ? AF_INET : AF_INET6, n->address, address, sizeof address);
		(void)snprintf(ret + at, size - at, n->bits == tw_network_size(n) * 8 ? "%s%s" : "%s%s/%u", i ? " " : "", address, n->bits);
	}
}

void tw_manifest_flow_texts(const struct tw_manifest_flow *f, struct tw_manifest_flow_texts *ret)
{
	ports_text(f, ret->ports, sizeof ret->ports);
	networks_text(f, ret->networks, sizeof ret->networks);
}

static tw_err flows_write(const struct tw_manifest *m, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;

	if (!m->flow_count)
		return TW_OK;
	list = json_array();
	for (size_t i = 0; i < m->flow_count; i++) {
		const struct tw_manifest_flow *f = &m->flows[i];
		struct tw_manifest_flow_texts t;

		tw_manifest_flow_texts(f, &t);
		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:b}", "name", f->name, "purpose", f->purpose,
				"interface", m->interfaces[f->interface].name, "in", f->in, "out", f->out, "protocol",
				f->udp ? "udp" : "tcp", "ports", t.ports, "networks", t.networks, "optional", f->optional)));
	}
	return tw_json_set(payload, "flows", TW_STEAL(list));
}

tw_err tw_manifest_surface_write(const struct tw_manifest *m, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;

	if (!m->interface_count)
		return TW_OK;
	list = json_array();
	for (size_t i = 0; i < m->interface_count; i++) {
		const struct tw_manifest_interface *one = &m->interfaces[i];

		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", one->name, "kind", tw_manifest_interface_kinds[one->kind],
				"kernel", one->kernel, "purpose", one->purpose, "on", one->on)));
	}
	TW_TRY(tw_json_set(payload, "interfaces", TW_STEAL(list)));
	return flows_write(m, payload);
}
