/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of product.yaml version 1, and the rules that rows cannot express. */
#include "product/product.h"

#include "base/text.h"
#include "formats/catalog.h"
#include "formats/manifest.h"
#include "product/identify.h"
#include "product/surface.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 80
#define PROSE_MAX 4000

static const struct tw_field organization_fields[] = {
	{ "name", TW_FIELD_TEXT, true, 1, 64, NULL, NULL, "the manufacturer's name, as customers know it (name: Example Ltd)" },
	{ "pen", TW_FIELD_INT, true, 1, 4294967295, NULL, NULL, "the Private Enterprise Number that IANA gave you (pen: 32473)" },
	{},
};

static const struct tw_field product_fields[] = {
	{ "name", TW_FIELD_TEXT, true, 1, 64, NULL, NULL, "the product's name on the box (name: Example Thermostat)" },
	{ "code", TW_FIELD_WORD, true, 1, 32, ".", NULL, "short name in every unit's identifier, letters, digits and dots (code: thermostat)" },
	{ "page", TW_FIELD_WORD, false, 1, 60, "-", NULL, "its name in addresses of your server, the code when left out (page: thermostat)" },
	{ "summary", TW_FIELD_PROSE, true, 1, PROSE_MAX, NULL, NULL, "what it is and for whom, in a few plain sentences" },
	{ "intended-use", TW_FIELD_PROSE, false, 1, PROSE_MAX, NULL, NULL, "where and by whom it is meant to be used" },
	{ "identifiers", TW_FIELD_MAP, false, 0, 0, NULL, tw_identify_product_fields,
		"by what others know it: cpe and purl without a version, sbom-urls, uris" },
	{},
};

static const struct tw_field model_fields[] = {
	{ "model", TW_FIELD_WORD, true, 1, 32, "-._", NULL, "the model number on the label (model: TH-100)" },
	{ "name", TW_FIELD_TEXT, false, 1, NAME_MAX_BYTES, NULL, NULL, "what sets this model apart" },
	{ "hardware", TW_FIELD_WORDS, true, 1, 32, "-._", NULL, "its hardware revisions (hardware: [A, B2])" },
	{ "skus", TW_FIELD_WORDS, false, 1, 64, TW_IDENTIFY_NUMBERS_ALSO, NULL, "its article numbers, as it is ordered by (skus: [EX-4711])" },
	{ "serial-numbers", TW_FIELD_WORDS, false, 1, 64, TW_IDENTIFY_NUMBERS_ALSO, NULL,
		"its serial numbers, or how these begin (serial-numbers: [TH100-])" },
	{},
};

static const struct tw_field software_fields[] = {
	{ "version", TW_FIELD_WORD, true, 1, 32, "-._+", NULL, "the version shown to customers (version: 1.0.0)" },
	{ "released", TW_FIELD_DATE, true, 0, 0, NULL, NULL, "the day it was released (released: 2026-11-02)" },
	{ "supported-until", TW_FIELD_DATE, false, 0, 0, NULL, NULL, "the last day of support of this version, where it has one of its own" },
	{ "notes", TW_FIELD_PROSE, false, 1, PROSE_MAX, NULL, NULL, "what changed for the customer" },
	{ "identifiers", TW_FIELD_MAP, false, 0, 0, NULL, tw_identify_version_fields,
		"by what others know this version, beside the product's: hashes, sbom-urls, uris, cpe, purl" },
	{},
};

static const struct tw_field component_fields[] = {
	{ "name", TW_FIELD_TEXT, true, 1, NAME_MAX_BYTES, NULL, NULL, "the part's name (name: openssl)" },
	{ "kind", TW_FIELD_CHOICE, true, 0, 0, "hardware|firmware|operating-system|library|application|service", NULL,
		"what sort of part it is (kind: library)" },
	{ "version", TW_FIELD_WORD, false, 1, 48, "-._+~:", NULL, "its version or revision (version: 3.0.15)" },
	{ "supplier", TW_FIELD_TEXT, false, 1, NAME_MAX_BYTES, NULL, NULL, "who makes it" },
	{ "purpose", TW_FIELD_TEXT, false, 1, 200, NULL, NULL, "what the product needs it for" },
	{},
};

static const struct tw_field interface_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "a short name that flows refer to (name: management)" },
	{ "kind", TW_FIELD_CHOICE, true, 0, 0,
		"ethernet|wifi|bluetooth|zigbee|thread|cellular|usb|serial|camera|microphone|input|storage|service|local|sensor|actuator|display|button",
		NULL, "what sort of interface it is (kind: ethernet)" },
	{ "protocol", TW_FIELD_TEXT, false, 1, NAME_MAX_BYTES, NULL, NULL, "what is spoken there (protocol: HTTPS, TLS 1.3)" },
	{ "port", TW_FIELD_INT, false, 1, 65535, NULL, NULL, "the TCP or UDP port, when it listens (port: 8443)" },
	{ "purpose", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it is for" },
	{ "kernel", TW_FIELD_WORD, false, 1, TW_MANIFEST_KERNEL_MAX, "-_.:*", NULL,
		"its name in the kernel, with a star at the end for whatever follows (kernel: eth*): what the device has and no entry names is reported" },
	{ "transport", TW_FIELD_CHOICE, false, 0, 0, "tcp|udp", NULL, "of a service: by what its port is reached (transport: tcp)" },
	{ "default", TW_FIELD_CHOICE, false, 0, 0, "on|off", NULL, "whether it is switched on as delivered, on when left out (default: off)" },
	{},
};

static const struct tw_field flow_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "a short name (name: readings)" },
	{ "interface", TW_FIELD_WORD, true, 1, 32, "-", NULL, "the interface it crosses, by its name" },
	{ "direction", TW_FIELD_CHOICE, true, 0, 0, "in|out|both", NULL, "seen from the device (direction: out)" },
	{ "peer", TW_FIELD_TEXT, true, 1, NAME_MAX_BYTES, NULL, NULL, "who is at the other end (peer: the owner's tools)" },
	{ "data", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what is carried (data: temperature readings)" },
	{ "personal", TW_FIELD_YES, true, 0, 0, NULL, NULL, "whether it says something about a person (personal: no)" },
	{ "protection", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "how it is protected on the way, or 'none' and why" },
	{ "protocol", TW_FIELD_CHOICE, false, 0, 0, "tcp|udp", NULL, "when the packet filter is to know it: its protocol (protocol: tcp)" },
	{ "ports", TW_FIELD_WORDS, false, 1, 11, "-", NULL, "with protocol: ports and ranges of whoever is asked (ports: [443, 5000-5010])" },
	{ "networks", TW_FIELD_WORDS, false, 2, TW_NETWORK_TEXT_MAX - 1, ".:/", NULL,
		"with protocol: where the peer is (networks: [192.0.2.0/24, 'fd00::/8'])" },
	{ "optional", TW_FIELD_YES, false, 0, 0, NULL, NULL,
		"with protocol: whether the owner may switch it off, no when left out (optional: yes)" },
	{},
};

static const struct tw_field support_fields[] = {
	{ "start", TW_FIELD_DATE, true, 0, 0, NULL, NULL, "the day support begins (start: 2026-11-01)" },
	{ "end", TW_FIELD_DATE, true, 0, 0, NULL, NULL, "the day support ends (end: 2033-11-01)" },
	{ "security-updates-until", TW_FIELD_DATE, true, 0, 0, NULL, NULL, "the last day of security updates, between start and end" },
	{ "terms", TW_FIELD_PROSE, false, 1, PROSE_MAX, NULL, NULL, "what support includes" },
	{ "tell-before-days", TW_FIELD_INT, false, 1, 1000, NULL, NULL,
		"so many days before a date your server tells whoever subscribed, 90 when left out (tell-before-days: 180)" },
	{},
};

static const struct tw_field cryptography_fields[] = {
	{ "hash-kib-per-second", TW_FIELD_INT, true, 1, 1000000000, NULL, NULL,
		"how much is hashed in a second, at least (hash-kib-per-second: 4096)" },
	{ "seal-kib-per-second", TW_FIELD_INT, true, 1, 1000000000, NULL, NULL, "how much is encrypted in a second, at least" },
	{ "signatures-per-second", TW_FIELD_INT, true, 1, 1000000000, NULL, NULL, "how often it signs in a second, at least" },
	{ "verifications-per-second", TW_FIELD_INT, true, 1, 1000000000, NULL, NULL, "how often it verifies a signature in a second, at least" },
	{},
};

static const struct tw_field contact_fields[] = {
	{ "security-email", TW_FIELD_EMAIL, true, 0, 0, NULL, NULL, "where weaknesses are reported (security-email: security@example.com)" },
	{ "security-url", TW_FIELD_URL, false, 0, 0, NULL, NULL, "the page for reporters (security-url: https://example.com/security)" },
	{ "policy-url", TW_FIELD_URL, true, 0, 0, NULL, NULL, "the disclosure policy (policy-url: https://example.com/policy)" },
	{ "support-email", TW_FIELD_EMAIL, false, 0, 0, NULL, NULL, "where customers get help" },
	{ "support-url", TW_FIELD_URL, false, 0, 0, NULL, NULL, "the page where customers get help" },
	{},
};

static const struct tw_field document_fields[] = {
	{ "kind", TW_FIELD_CHOICE, true, 0, 0, "settings|manual|service|security|other", NULL, "what it explains (kind: manual)" },
	{ "title", TW_FIELD_TEXT, true, 1, 100, NULL, NULL, "what it is called" },
	{ "url", TW_FIELD_URL, true, 0, 0, NULL, NULL, "where it is (url: https://example.com/manual)" },
	{},
};

static const struct tw_field event_value_fields[] = {
	{ "key", TW_FIELD_WORD, true, 1, 32, "-_", NULL, "the value's name (key: celsius)" },
	{ "kind", TW_FIELD_CHOICE, true, 0, 0, "text|int|bool", NULL, "its kind (kind: text)" },
	{ "required", TW_FIELD_YES, true, 0, 0, NULL, NULL, "whether every such event has it (required: yes)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it means" },
	{},
};

static const struct tw_field event_fields[] = {
	{ "id", TW_FIELD_WORD, true, 3, 64, "-.", NULL, "stable id (id: application.heating-started)" },
	{ "severity", TW_FIELD_CHOICE, true, 0, 0, "debug|info|notice|warning|error|critical", NULL, "how urgent (severity: info)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "when it is logged" },
	{ "fields", TW_FIELD_LIST, false, 0, 16, NULL, event_value_fields, "the values it carries, at most 16" },
	{},
};

static const struct tw_field setting_fields[] = {
	{ "key", TW_FIELD_WORD, true, 3, 64, "-.", NULL, "stable key (key: application.target)" },
	{ "type", TW_FIELD_CHOICE, true, 0, 0, "bool|int|text|choice", NULL, "its type (type: int)" },
	{ "unit", TW_FIELD_TEXT, false, 1, 16, NULL, NULL, "the unit of a number" },
	{ "min", TW_FIELD_INT, false, INT32_MIN, INT32_MAX, NULL, NULL, "smallest number, or shortest text in bytes" },
	{ "max", TW_FIELD_INT, false, INT32_MIN, INT32_MAX, NULL, NULL, "largest number, or longest text in bytes" },
	{ "choices", TW_FIELD_WORDS, false, 1, 32, "-_.", NULL, "the values of a choice (choices: [off, eco, comfort])" },
	{ "default", TW_FIELD_TEXT, true, 0, 256, NULL, NULL, "the value at delivery" },
	{ "baseline", TW_FIELD_TEXT, true, 0, 256, NULL, NULL, "the secure value" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it does, for the customer" },
	{},
};

static const struct tw_field health_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "what the application reports on (name: sensor)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what good health means here" },
	{},
};

static const struct tw_field limit_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "what the application calls it (name: heating)" },
	{ "type", TW_FIELD_CHOICE, true, 0, 0, "bool|int", NULL, "its type (type: int)" },
	{ "unit", TW_FIELD_TEXT, false, 1, 16, NULL, NULL, "the unit of a number" },
	{ "min", TW_FIELD_INT, false, INT32_MIN, INT32_MAX, NULL, NULL, "the least it may be, of a number" },
	{ "max", TW_FIELD_INT, false, INT32_MIN, INT32_MAX, NULL, NULL, "the greatest it may be, of a number" },
	{ "per-minute", TW_FIELD_INT, true, 1, 60000, NULL, NULL, "how often in a minute at most (per-minute: 60)" },
	{ "help", TW_FIELD_TEXT, true, 1, 120, NULL, NULL, "what it is, for the customer" },
	{},
};

static const struct tw_field permission_fields[] = {
	{ "name", TW_FIELD_WORD, true, 3, 64, "-.", NULL,
		"what the application asks about, two words at least (name: application.setpoint.change)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it permits, for the customer" },
	{ "roles", TW_FIELD_WORDS, true, 1, 40, "-.", NULL,
		"who holds it beside owners: roles of the product or the device, anyone, or account for whoever is logged in" },
	{},
};

static const struct tw_field role_fields[] = {
	{ "name", TW_FIELD_WORD, true, 3, 40, "-.", NULL, "the role's name (name: application.resident)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "who that is, for the customer" },
	{ "inherits", TW_FIELD_WORDS, false, 1, 40, "-.", NULL,
		"roles whose permissions it holds too: guest, user, operator, or others of the product" },
	{},
};

static const struct tw_field provider_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "what it calls itself (name: reader)" },
	{ "kind", TW_FIELD_CHOICE, true, 0, 0, "biometric|auth-plugin|button|display|link|services", NULL,
		"what it judges by (kind: biometric), button: it says that somebody stands at the device and pressed it, "
		"display: it shows the use notice, link: it drives a link of the product's own, or services: it speaks to the service manager" },
	{ "uid", TW_FIELD_INT, true, 1, UINT32_MAX - 1, NULL, NULL, "the user id it runs as on the device, and nothing else does (uid: 64020)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it is, for the customer" },
	{ "keeps", TW_FIELD_TEXT, false, 1, TW_MANIFEST_KEEPS_MAX, NULL, NULL,
		"of kind services: the services that the product needs and nobody may switch off, with a blank between (keeps: chrony modem)" },
	{},
};

static const struct tw_field remote_fields[] = {
	{ "name", TW_FIELD_WORD, true, 1, 32, "-", NULL, "what refusals call it (name: calibrate-here)" },
	{ "help", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what it keeps from happening, for the customer" },
	{ "doors", TW_FIELD_WORDS, true, 4, 16, "", NULL,
		"where it counts: management, elsewhere (the network), local, console, application (doors: [elsewhere])" },
	{ "permissions", TW_FIELD_WORDS, true, 3, 64, "-.", NULL, "what it stands before (permissions: [application.sensor.calibrate])" },
	{ "certificate", TW_FIELD_YES, false, 0, 0, NULL, NULL,
		"whether it is done there with a client certificate; without this and networks it is never done there (certificate: yes)" },
	{ "networks", TW_FIELD_WORDS, false, 2, TW_NETWORK_TEXT_MAX - 1, ".:/", NULL, "from where it is done there (networks: [192.0.2.0/24])" },
	{ "optional", TW_FIELD_YES, false, 0, 0, NULL, NULL,
		"whether it counts only where the owner's policy names it, no when left out (optional: yes)" },
	{},
};

static const struct tw_field application_fields[] = {
	{ "events", TW_FIELD_LIST, false, 0, 128, NULL, event_fields, "the events that the application may log" },
	{ "settings", TW_FIELD_LIST, false, 0, 128, NULL, setting_fields, "the application's settings" },
	{ "health", TW_FIELD_LIST, false, 0, 32, NULL, health_fields, "the health reports without which an update is not confirmed" },
	{ "inputs", TW_FIELD_LIST, false, 0, 16, NULL, limit_fields,
		"what comes into the application, with its range and rate, which owners may narrow" },
	{ "outputs", TW_FIELD_LIST, false, 0, 16, NULL, limit_fields, "likewise what it gives out" },
	{ "permissions", TW_FIELD_LIST, false, 0, 64, NULL, permission_fields, "what the application asks about before it acts for somebody" },
	{ "roles", TW_FIELD_LIST, false, 0, 32, NULL, role_fields, "the product's roles, which owners give to accounts" },
	{ "providers", TW_FIELD_LIST, false, 0, 4, NULL, provider_fields,
		"programs that judge who somebody is at a login, say that the device's button was pressed, or show the use notice" },
	{ "remote-access", TW_FIELD_LIST, false, 0, TW_MANIFEST_REMOTE, NULL, remote_fields,
		"rules of yours about what is done over the network and at the device" },
	{},
};

const struct tw_field tw_product_fields[] = {
	{ "format", TW_FIELD_INT, true, 1, 1, NULL, NULL, "the version of this file's format (format: 1)" },
	{ "organization", TW_FIELD_MAP, true, 0, 0, NULL, organization_fields, "who makes the product: name and pen" },
	{ "product", TW_FIELD_MAP, true, 0, 0, NULL, product_fields, "the product: name, code, summary" },
	{ "models", TW_FIELD_LIST, true, 1, 100, NULL, model_fields, "at least one model with its hardware revisions" },
	{ "software", TW_FIELD_LIST, true, 1, 500, NULL, software_fields, "at least one software version" },
	{ "components", TW_FIELD_LIST, false, 0, 1000, NULL, component_fields, "the parts it is made of" },
	{ "interfaces", TW_FIELD_LIST, true, 1, TW_MANIFEST_INTERFACES, NULL, interface_fields, "every way in or out of the product" },
	{ "flows", TW_FIELD_LIST, false, 0, TW_MANIFEST_FLOWS, NULL, flow_fields, "what is carried over the interfaces" },
	{ "support", TW_FIELD_MAP, true, 0, 0, NULL, support_fields,
		"until when the product is looked after: start, end, security-updates-until" },
	{ "contacts", TW_FIELD_MAP, true, 0, 0, NULL, contact_fields, "how to reach you: security-email and policy-url at least" },
	{ "documents", TW_FIELD_LIST, false, 0, 20, NULL, document_fields, "what customers can read about it, for your server's page" },
	{ "cryptography", TW_FIELD_MAP, false, 0, 0, NULL, cryptography_fields,
		"how fast its cryptography is at least, on the slowest hardware you sell; the device measures itself against it" },
	{ "application", TW_FIELD_MAP, false, 0, 0, NULL, application_fields,
		"what the product's own application adds: events, settings, health, inputs, outputs, permissions, roles, providers, remote-access" },
	{ "claims", TW_FIELD_WORDS, false, 3, 32, ".", NULL, "ids of the catalog elements that you say the product has (claims: [DI.IMS.1])" },
	{ "support-claims", TW_FIELD_WORDS, false, 3, 32, ".", NULL,
		"ids of the supporting details that you say your own server provides for it (support-claims: [QR.1.a.1.2])" },
	{},
};

/* One list in which a key's value must not come twice. */
static tw_err check_unique(const tw_yaml *list, const char *key, struct tw_problems *p)
{
	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *n = tw_yaml_find(tw_yaml_item(list, i), key);
		const char *value = n ? tw_yaml_text(n) : NULL;

		for (size_t j = 0; value && j < i; j++) {
			const tw_yaml *m = tw_yaml_find(tw_yaml_item(list, j), key);

			if (!m || !tw_yaml_text(m) || strcmp(tw_yaml_text(m), value) != 0)
				continue;
			TW_TRY(tw_problem(p, n, "give each entry a value of its own", "%s '%.64s' stands already in line %u", key,
				value, tw_yaml_line(m)));
			break;
		}
	}
	return TW_OK;
}

static const tw_yaml *find2(const tw_yaml *root, const char *first, const char *second)
{
	const tw_yaml *n = tw_yaml_find(root, first);

	return n && tw_yaml_kind(n) == TW_YAML_MAP ? tw_yaml_find(n, second) : NULL;
}

static const tw_yaml *list_in(const tw_yaml *n)
{
	return n && tw_yaml_kind(n) == TW_YAML_LIST ? n : NULL;
}

static tw_err check_names(const tw_yaml *root, struct tw_problems *p)
{
	static const struct {
		const char *map, *list, *key;
	} rows[] = {
		{ NULL, "models", "model" },
		{ NULL, "software", "version" },
		{ NULL, "components", "name" },
		{ NULL, "interfaces", "name" },
		{ NULL, "flows", "name" },
		{ "application", "events", "id" },
		{ "application", "settings", "key" },
		{ "application", "health", "name" },
		{ "application", "inputs", "name" },
		{ "application", "outputs", "name" },
		{ "application", "permissions", "name" },
		{ "application", "roles", "name" },
		{ "application", "providers", "name" },
		{ "application", "remote-access", "name" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const tw_yaml *list = rows[i].map ? find2(root, rows[i].map, rows[i].list) : tw_yaml_find(root, rows[i].list);

		TW_TRY(check_unique(list_in(list), rows[i].key, p));
	}
	return TW_OK;
}

static const char *date_of(const tw_yaml *root, const char *key, const tw_yaml **ret_node)
{
	const tw_yaml *n = find2(root, "support", key);
	const char *text = n ? tw_yaml_text(n) : NULL;

	*ret_node = n;
	return text && tw_date_valid(tw_slice_of(text)) ? text : NULL;
}

/* Dates of one form sort as text. */
static tw_err check_dates(const tw_yaml *root, struct tw_problems *p)
{
	const tw_yaml *n_start, *n_end, *n_until;
	const char *start = date_of(root, "start", &n_start), *end = date_of(root, "end", &n_end);
	const char *until = date_of(root, "security-updates-until", &n_until);

	if (start && end && strcmp(end, start) <= 0)
		TW_TRY(tw_problem(p, n_end, "support must end after it starts", "end %s is not after start %s", end, start));
	if (start && until && strcmp(until, start) <= 0)
		TW_TRY(tw_problem(p, n_until, "security updates must last beyond the start of support",
			"security-updates-until %s is not after start %s", until, start));
	if (end && until && strcmp(until, end) > 0)
		TW_TRY(tw_problem(p, n_until, "move end to this day or later, or promise less",
			"security-updates-until %s is after the end of support %s", until, end));
	return TW_OK;
}

/* find: of the catalog whose ids that list holds. */
static tw_err check_claims(
	const tw_yaml *claims, const struct tw_catalog_row *(*find)(const char *id), const char *hint, struct tw_problems *p)
{
	for (size_t i = 0; claims && i < tw_yaml_count(claims); i++) {
		const tw_yaml *n = tw_yaml_item(claims, i);
		const char *id = tw_yaml_text(n);

		if (id && !find(id))
			TW_TRY(tw_problem(p, n, hint, "'%.64s' is not in the catalog", id));
		for (size_t j = 0; id && j < i; j++)
			if (tw_yaml_text(tw_yaml_item(claims, j)) && !strcmp(tw_yaml_text(tw_yaml_item(claims, j)), id))
				TW_TRY(tw_problem(p, n, "claim each element once", "'%.64s' is claimed already", id));
	}
	return TW_OK;
}

static bool number_at(const tw_yaml *n, int64_t *ret)
{
	const char *text = n ? tw_yaml_text(n) : NULL;
	const bool negative = text && text[0] == '-';
	uint64_t v = 0;

	if (!text || tw_failed(tw_parse_u64(tw_slice_of(text + negative), UINT32_MAX, &v)))
		return false;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool setting_value_fits(const json_t *s, const char *value)
{
	const char *type = tw_json_text(s, "type");
	int64_t min = json_object_get(s, "min") ? tw_json_int(s, "min") : INT32_MIN;
	int64_t max = json_object_get(s, "max") ? tw_json_int(s, "max") : INT32_MAX;
	size_t i;
	json_t *choice;

	if (!strcmp(type, "bool"))
		return !strcmp(value, "on") || !strcmp(value, "off");
	if (!strcmp(type, "text"))
		return (int64_t)strlen(value) >= min && (int64_t)strlen(value) <= max;
	if (!strcmp(type, "choice")) {
		json_array_foreach(json_object_get(s, "choices"), i, choice)
			if (!strcmp(json_string_value(choice), value))
				return true;
		return false;
	}
	bool negative = value[0] == '-';
	uint64_t v = 0;
	if (tw_failed(tw_parse_u64(tw_slice_of(value + negative), INT32_MAX, &v)))
		return false;
	return (negative ? -(int64_t)v : (int64_t)v) >= min && (negative ? -(int64_t)v : (int64_t)v) <= max;
}

static tw_err check_settings(const tw_yaml *root, const json_t *product, struct tw_problems *p)
{
	const tw_yaml *list = list_in(find2(root, "application", "settings"));
	const json_t *rows = json_object_get(json_object_get(product, "application"), "settings");
	static const char *const values[] = { "default", "baseline" };

	/* The two run side by side only while every entry was readable. */
	for (size_t i = 0; list && i < tw_yaml_count(list) && json_array_size(rows) == tw_yaml_count(list); i++) {
		const json_t *s = json_array_get(rows, i);
		const tw_yaml *n = tw_yaml_item(list, i);

		if (!strcmp(tw_json_text(s, "type"), "choice") && !json_object_get(s, "choices"))
			TW_TRY(tw_problem(p, n, "list its values (choices: [a, b])", "a setting of type choice needs 'choices'"));
		for (size_t v = 0; v < TW_COUNT(values); v++) {
			const tw_yaml *at = tw_yaml_find(n, values[v]);

			if (at && *tw_json_text(s, "type") && json_object_get(s, values[v]) &&
				!setting_value_fits(s, tw_json_text(s, values[v])))
				TW_TRY(tw_problem(p, at,
					"a bool is on or off; a number or text lies between min and max; a choice is one of choices",
					"'%s' does not fit the type and range of this setting", values[v]));
		}
	}
	return TW_OK;
}

/* A number has both ends, in order; a bool has neither. */
static tw_err check_limits(const tw_yaml *list, struct tw_problems *p)
{
	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *n = tw_yaml_item(list, i), *type = tw_yaml_find(n, "type"), *min = tw_yaml_find(n, "min"),
			      *max = tw_yaml_find(n, "max");
		const char *word = type ? tw_yaml_text(type) : NULL;
		int64_t least = 0, greatest = 0;

		if (word && !strcmp(word, "int") && (!min || !max))
			TW_TRY(tw_problem(p, n, "say from where to where (min: 0, max: 100)", "a number needs 'min' and 'max'"));
		if (word && !strcmp(word, "bool") && (min || max))
			TW_TRY(tw_problem(p, min ? min : max, "leave it out", "a bool has neither 'min' nor 'max'"));
		if (number_at(min, &least) && number_at(max, &greatest) && least > greatest)
			TW_TRY(tw_problem(p, max, "make it no less than 'min'", "'max' is below 'min'"));
	}
	return TW_OK;
}

/* Rows of the application live beside the device's own, in one table: the prefix keeps them apart. */
static tw_err check_prefix(const tw_yaml *list, const char *key, struct tw_problems *p)
{
	static const char prefix[] = "application.";

	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *n = tw_yaml_find(tw_yaml_item(list, i), key);
		const char *text = n ? tw_yaml_text(n) : NULL;

		if (text && (strncmp(text, prefix, sizeof(prefix) - 1) != 0 || !text[sizeof(prefix) - 1]))
			TW_TRY(tw_problem(p, n, "begin it with 'application.', as application.heating-started",
				"%s '%.48s' could be taken for one of the device's own", key, text));
	}
	return TW_OK;
}

static tw_err check_meaning(const struct tw_sys *sys, const tw_yaml *root, const json_t *product, struct tw_problems *p)
{
	TW_TRY(check_names(root, p));
	TW_TRY(tw_identify_check(sys, root, p));
	TW_TRY(check_dates(root, p));
	TW_TRY(tw_product_surface(root, p));
	TW_TRY(check_prefix(list_in(find2(root, "application", "events")), "id", p));
	TW_TRY(check_prefix(list_in(find2(root, "application", "settings")), "key", p));
	TW_TRY(check_prefix(list_in(find2(root, "application", "permissions")), "name", p));
	TW_TRY(check_prefix(list_in(find2(root, "application", "roles")), "name", p));
	TW_TRY(check_settings(root, product, p));
	TW_TRY(check_limits(list_in(find2(root, "application", "inputs")), p));
	TW_TRY(check_limits(list_in(find2(root, "application", "outputs")), p));
	TW_TRY(check_claims(
		list_in(tw_yaml_find(root, "claims")), tw_catalog_find, "use the id of an element of the catalog, as DI.IMS.1", p));
	return check_claims(list_in(tw_yaml_find(root, "support-claims")), tw_supporting_find,
		"use the id of a supporting detail of the catalog, as QR.1.a.1.2", p);
}

static bool take_number(const char **at, const char *word, unsigned *ret)
{
	size_t size = strlen(word), digits;
	uint64_t v = 0;

	if (strncmp(*at, word, size) != 0)
		return false;
	digits = strspn(*at + size, "0123456789");
	if (tw_failed(tw_parse_u64((struct tw_slice){ *at + size, digits }, UINT32_MAX, &v)))
		return false;
	*at += size + digits;
	*ret = (unsigned)v;
	return true;
}

/* base/yaml.h gives the place at the start of its words: "line 3 column 7: ". */
static tw_err not_yaml(struct tw_problems *p)
{
	unsigned line = 1, column = 1;
	const char *words = tw_err_detail(), *at = words;

	if (take_number(&at, "line ", &line) && take_number(&at, " column ", &column) && !strncmp(at, ": ", 2))
		words = at + 2;
	return tw_problem_at(p, line, column, words, "mend this first, the rest cannot be read without it");
}

tw_err tw_product_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *root = NULL;
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;
	tw_err e = tw_yaml_parse(sys, text, TW_PRODUCT_MAX, &root);

	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return not_yaml(p);
	TW_TRY(e);
	if (tw_yaml_kind(root) != TW_YAML_MAP)
		return tw_problem(p, root, "start with 'format: 1'; `thingward product init` writes an example",
			"the file must be a map (key: value)");
	TW_TRY(tw_schema_read(root, tw_product_fields, p, &product));
	TW_TRY(check_meaning(sys, root, product, p));
	*ret = TW_STEAL(product);
	return TW_OK;
}

const char *tw_product_version(const json_t *product)
{
	const char *version = "", *released = "";
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(product, "software"), i, row) {
		if (strcmp(tw_json_text(row, "released"), released) < 0)
			continue;
		version = tw_json_text(row, "version");
		released = tw_json_text(row, "released");
	}
	return version;
}

const json_t *tw_product_model(const json_t *product, const char *model)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(product, "models"), i, row)
		if (!strcmp(tw_json_text(row, "model"), model))
			return row;
	return NULL;
}
