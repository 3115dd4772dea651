/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/plan.h"

#include "base/mem.h"
#include "service/parent/os.h"

#include <netinet/in.h>

#include <string.h>

static const struct {
	enum tw_tab_name tab;
	bool disk;   /* it reads the inventory's root and the package database */
	bool writes; /* the file is what it changes things by */
	const char *program, *file;
} errands[TW_ERRANDS] = {
	[TW_ERRAND_FETCH] = { TW_TAB_FETCH, false, false, "thingward-fetch", "/etc/resolv.conf" },
	[TW_ERRAND_SCAN] = { TW_TAB_SCAN, true, false, NULL, NULL },
	[TW_ERRAND_HASH] = { TW_TAB_HASH, false, false, "thingward-hash", NULL },
	[TW_ERRAND_HASH_2] = { TW_TAB_HASH, false, false, "thingward-hash", NULL },
	[TW_ERRAND_FIREWALL] = { TW_TAB_FIREWALL, false, false, "thingward-firewall", NULL },
	[TW_ERRAND_LINKS] = { TW_TAB_FIREWALL, false, true, "thingward-firewall", "/dev/rfkill" },
	[TW_ERRAND_ASK] = { TW_TAB_FETCH, false, false, "thingward-fetch", NULL },
	[TW_ERRAND_WATCH] = { TW_TAB_WATCH, false, false, "thingward-watch", NULL },
	[TW_ERRAND_PARTS] = { TW_TAB_PARTS, false, false, "thingward-parts", NULL },
	[TW_ERRAND_BLUETOOTH] = { TW_TAB_BLUETOOTH, false, false, "thingward-bluetooth", NULL },
	[TW_ERRAND_WIFI] = { TW_TAB_WIFI, false, false, "thingward-wifi", NULL },
	[TW_ERRAND_CELLULAR] = { TW_TAB_CELLULAR, false, false, "thingward-cellular", NULL },
};

static void give(struct tw_crew_plan *p, int fd)
{
	p->own[p->own_count++] = fd;
}

static void say(struct tw_crew_plan *p, const char *word)
{
	p->words[p->word_count++] = word;
}

static void begin(const struct tw_places *at, const char *name, enum tw_tab_name of, struct tw_crew_plan *p)
{
	p->name = name;
	p->uid = at->tab.of[of].uid;
	p->gid = at->tab.of[of].gid;
}

static void plan_core(const struct tw_places *at, struct tw_plan *plan)
{
	struct tw_crew_plan *p = &plan->crew[TW_CREW_CORE];
	const int own[] = { at->core, at->log, at->config, at->packages < 0 ? at->config : at->packages, at->admin, at->events, at->console };

	begin(at, "core", TW_TAB_CORE, p);
	for (size_t i = 0; i < TW_COUNT(own); i++)
		give(p, own[i]);
	(void)snprintf(plan->application, sizeof plan->application, "app_uid=%u", at->tab.of[TW_TAB_APPLICATION].uid);
	(void)snprintf(plan->fetch, sizeof plan->fetch, "fetch_uid=%u", at->tab.of[TW_TAB_FETCH].uid); /* whom the packet filter lets out */
	(void)snprintf(plan->packages, sizeof plan->packages, "%s=%s", at->packages < 0 ? "no-packages" : "packages", at->packages_kind);
	say(p, plan->application);
	say(p, plan->fetch);
	say(p, plan->packages);
	say(p, plan->errand_names);
	say(p, plan->ports);
	if (at->has_console)
		say(p, "console=yes");
}

static void plan_keys(const struct tw_places *at, struct tw_plan *plan)
{
	struct tw_crew_plan *p = &plan->crew[TW_CREW_KEYS];
	const size_t size = sizeof plan->keystore;

	begin(at, "keys", TW_TAB_KEYS, p);
	give(p, at->keys);
	give(p, at->root);
	give(p, at->token);
	if (at->keystore && snprintf(plan->keystore, size, "keystore=%s", at->keystore) < (int)size)
		say(p, plan->keystore);
	if (at->has_root)
		say(p, "root=yes");
}

/* Core is told which of them roles.tab has a line for, so that it can say so without having to start one. */
static void plan_errands(const struct tw_places *at, struct tw_plan *plan)
{
	const size_t size = sizeof plan->errand_names;
	size_t n = (size_t)snprintf(plan->errand_names, size, "errands=");

	for (unsigned i = 0; i < TW_ERRANDS; i++) {
		if (errands[i].tab < TW_TAB_NEEDED) /* none of the device's: the row is empty */
			continue;
		uid_t uid = at->tab.of[errands[i].tab].uid;

		if (uid && n < size)
			n += (size_t)snprintf(plan->errand_names + n, size - n, "%s,", tw_errand_names[i]);
		plan->errands[i] = (struct tw_errand_row){ errands[i].disk && at->packages < 0 ? 0 : uid,
			at->tab.of[errands[i].tab].gid, errands[i].program, errands[i].file, { at->inventory, at->packages },
			errands[i].disk ? 2 : 0, .writes = errands[i].writes };
	}
	/* Of the kernel's own trees nothing but this one. What of it is for parts, which reads as root, its sandbox names. */
	plan->errands[TW_ERRAND_WATCH].dirs[0] = at->kernel;
	plan->errands[TW_ERRAND_WATCH].dir_count = 1;
}

/* Where the device's management is offered: what may reach it is core's to say. */
static void plan_ports(const struct tw_places *at, struct tw_plan *plan)
{
	const size_t size = sizeof plan->ports;
	size_t n = (size_t)snprintf(plan->ports, size, "ports=");

	for (size_t i = 0; i < at->tcp_count && n < size; i++) {
		struct sockaddr_storage a;

		if (tw_failed(tw_os_port(at->tcp[i], &a)))
			continue;
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;

		n += (size_t)snprintf(plan->ports + n, size - n, "%u,", ntohs(a.ss_family == AF_INET ? v4->sin_port : v6->sin6_port));
	}
}

void tw_plan_make(const struct tw_places *at, struct tw_plan *ret)
{
	memset(ret, 0, sizeof *ret);
	begin(at, "front", TW_TAB_FRONT, &ret->crew[TW_CREW_FRONT]);
	for (size_t i = 0; i < at->tcp_count; i++)
		give(&ret->crew[TW_CREW_FRONT], at->tcp[i]);
	plan_errands(at, ret);
	plan_ports(at, ret);
	plan_core(at, ret);
	plan_keys(at, ret);
}
