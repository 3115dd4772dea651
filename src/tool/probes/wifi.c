/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of Wi-Fi: by the network that the device has joined. Without a radio, or where none was ever to be joined, they do not say that it is good. */
#include "tool/probes/probe.h"

#define WIFI "/api/v1/wifi"
#define LIST "/api/v1/interfaces?limit=300"
#define LOG "/api/v1/log?limit=200"
#define LOG_PAGES 20 /* back from now */

static bool needs_part(const struct tw_probe_context *c, const char *element)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(c->target[0].capabilities.body, "elements"), i, one)
		if (strcmp(tw_json_text(one, "id"), element) == 0)
			return strcmp(tw_json_text(one, "status"), "needs a part") == 0;
	return false;
}

/* By one of the ways in which this device joins networks: WPA2 and WPA3. */
static bool is_closed(const char *authentication)
{
	return strcmp(authentication, "SAE") == 0 || strncmp(authentication, "WPA2", 4) == 0;
}

/* A pass so far where it is joined: f has no verdict then. */
static tw_err judge_joined(struct tw_probe_context *c, const char *element, const json_t *wifi, bool *ret, struct tw_finding *f)
{
	*ret = false;
	if (needs_part(c, element))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device says that it has no such link. Attach a radio with its driver, and join a network: wifi.add, wifi.network.");
	if (!tw_json_text(wifi, "network")[0])
		return tw_found(f, TW_VERDICT_FAIL, "The device has joined no network, and is told to join none (wifi.network).");
	if (!tw_json_bool(wifi, "joined"))
		return tw_found(f, TW_VERDICT_FAIL, "The device has not joined %.40s: %.200s", tw_json_text(wifi, "network"),
			tw_json_text(wifi, "why"));
	if (!is_closed(tw_json_text(wifi, "authentication")) || strcmp(tw_json_text(wifi, "cipher"), "NONE") == 0)
		return tw_found(f, TW_VERDICT_FAIL,
			"The device has joined %.40s without authentication or encryption: '%.30s', cipher '%.20s'.",
			tw_json_text(wifi, "network"), tw_json_text(wifi, "authentication"), tw_json_text(wifi, "cipher"));
	TW_TRY(tw_saw(f, "network", tw_json_text(wifi, "network")));
	TW_TRY(tw_saw(f, "authentication", tw_json_text(wifi, "authentication")));
	TW_TRY(tw_saw(f, "cipher", tw_json_text(wifi, "cipher")));
	*ret = true;
	return TW_OK;
}

static bool is_listed(const json_t *list, const json_t *wifi)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (!strcmp(tw_json_text(one, "kind"), "link") && !strcmp(tw_json_text(one, "name"), tw_json_text(wifi, "link")))
			return tw_json_bool(one, "present") && !strcmp(tw_json_text(one, "what"), "wireless") &&
				tw_json_text(one, "driver")[0] && !strcmp(tw_json_text(one, "network"), tw_json_text(wifi, "network")) &&
				!strcmp(tw_json_text(one, "bssid"), tw_json_text(wifi, "bssid"));
	return false;
}

enum told { TOLD_NOTHING, TOLD_JOINED, TOLD_LOST };

/* The newest that these tell of it. */
static enum told told_by(const json_t *records, const char *network)
{
	size_t i;
	json_t *r;

	json_array_foreach(records, i, r) {
		const char *event = tw_json_text(r, "event");

		if (strcmp(tw_json_text(json_object_get(r, "fields"), "network"), network) != 0)
			continue;
		if (!strcmp(event, "wifi.joined"))
			return TOLD_JOINED;
		if (!strcmp(event, "wifi.lost"))
			return TOLD_LOST;
	}
	return TOLD_NOTHING;
}

/* Back through the log, to what it tells of this network last; whole: to its first record. */
static tw_err search_log(struct tw_probe_context *c, const char *network, enum told *ret, bool *ret_whole)
{
	char path[256] = LOG;

	*ret = TOLD_NOTHING;
	*ret_whole = false;
	for (int n = 0; n < LOG_PAGES && *path && *ret == TOLD_NOTHING; n++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };

		TW_TRY(tw_order(c, "GET", path, &page));
		const json_t *records = json_object_get(page.body, "records");
		const char *next = tw_json_text(page.body, "next");
		const size_t count = json_array_size(records);

		*ret = told_by(records, network);
		if (count)
			*ret_whole = json_integer_value(json_object_get(json_array_get(records, count - 1), "seq")) <= 1;
		path[0] = '\0';
		if (*next)
			(void)snprintf(path, sizeof path, LOG "&cursor=%.160s", next);
	}
	return TW_OK;
}

/* f has a verdict, unless it tells that it was joined. */
static tw_err judge_log(struct tw_probe_context *c, const char *network, bool *ret, struct tw_finding *f)
{
	enum told told;
	bool whole;
	tw_err e = search_log(c, network, &told, &whole);

	*ret = !tw_failed(e) && told == TOLD_JOINED;
	if (tw_failed(e))
		return tw_found_trouble(f, "The log", e);
	if (told == TOLD_LOST)
		return tw_found(f, TW_VERDICT_FAIL, "The last that the log tells of %.40s is that it was lost.", network);
	if (told == TOLD_NOTHING && whole)
		return tw_found(f, TW_VERDICT_FAIL, "The log does not tell that %.40s was joined.", network);
	if (told == TOLD_NOTHING)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"%.40s was joined longer ago than the log was searched. Have it joined anew, by another wifi.network and back, and try again.",
			network);
	return TW_OK;
}

/* @nist LA.IC.14.1: what it says of itself, its link and its log agree that a network is joined */
static tw_err joins_a_network(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer wifi = { 0 }, list = { 0 };
	bool joined = false, told = false;
	tw_err e = tw_order(c, "GET", WIFI, &wifi);

	if (tw_failed(e))
		return tw_found_trouble(f, "The state of Wi-Fi", e);
	TW_TRY(judge_joined(c, "LA.IC.14.1", wifi.body, &joined, f));
	if (!joined)
		return TW_OK;
	e = tw_order_all(c, LIST, "interfaces", &list);
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!is_listed(json_object_get(list.body, "interfaces"), wifi.body))
		return tw_found(f, TW_VERDICT_FAIL, "The list of interfaces has no link %.15s with a driver that has joined %.40s.",
			tw_json_text(wifi.body, "link"), tw_json_text(wifi.body, "network"));
	TW_TRY(judge_log(c, tw_json_text(wifi.body, "network"), &told, f));
	if (!told)
		return TW_OK;
	return tw_found(f, TW_VERDICT_PASS, "%.15s has joined %.40s; the device, its list of interfaces and its log say so.",
		tw_json_text(wifi.body, "link"), tw_json_text(wifi.body, "network"));
}

static const json_t *chosen(const json_t *wifi)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(wifi, "networks"), i, one)
		if (!strcmp(tw_json_text(one, "name"), tw_json_text(wifi, "network")))
			return one;
	return NULL;
}

/* @nist LA.IC.15: a network with EAP is joined as it was set, its server is named, and nobody else reads or changes that */
static tw_err is_configured(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer wifi = { 0 }, stranger = { 0 };
	bool joined = false;
	tw_err e = tw_order(c, "GET", WIFI, &wifi);

	if (tw_failed(e))
		return tw_found_trouble(f, "The settings of Wi-Fi", e);
	TW_TRY(judge_joined(c, "LA.IC.15", wifi.body, &joined, f));
	if (!joined)
		return TW_OK;
	const json_t *one = chosen(wifi.body);
	if (!one)
		return tw_found(f, TW_VERDICT_FAIL, "The network that is joined is none that the device was told of.");
	TW_TRY(tw_saw(f, "kind", tw_json_text(one, "kind")));
	e = tw_ask(c, &tw_asker_stranger, "GET", WIFI, &stranger);
	if (tw_failed(e))
		return tw_found_trouble(f, "Asking as a stranger", e);
	if (stranger.status < 400)
		return tw_found(f, TW_VERDICT_FAIL, "A stranger reads how Wi-Fi is set: %ld.", (long)stranger.status);
	if (strcmp(tw_json_text(one, "kind"), "eap-tls") != 0 && strcmp(tw_json_text(one, "kind"), "peap") != 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"A network with a passphrase is joined as it was set. Whether EAP-TLS or PEAP is, is seen by one of that kind: "
			"wifi.enrol or wifi.add.");
	if (!tw_json_text(one, "domain")[0] || !strstr(tw_json_text(wifi.body, "authentication"), "EAP"))
		return tw_found(f, TW_VERDICT_FAIL, "It is set as %.10s, and joined by '%.30s' or without a name of its server.",
			tw_json_text(one, "kind"), tw_json_text(wifi.body, "authentication"));
	return tw_found(f, TW_VERDICT_PASS, "A network is set as %.10s, with the name of its server, and joined so; a stranger is refused.",
		tw_json_text(one, "kind"));
}

const struct tw_probe tw_probes_wifi[] = {
	{ "LA.IC.14.1", "joins-a-network", TW_SOURCE_INSIDE, "Is a Wi-Fi network joined, and told of?", joins_a_network },
	{ "LA.IC.15", "is-configured", TW_SOURCE_INSIDE, "Is a Wi-Fi network with EAP joined as it was set?", is_configured },
	{},
};
