/* SPDX-License-Identifier: Apache-2.0 */
#include "device/services/manager.h"

#include "base/mem.h"
#include "sys/application.h"
#include "sys/program.h"

#include <string.h>

#define SYSTEMCTL "/usr/bin/systemctl"
#define WAIT_MS 6000 /* core waits 10 s for all of it, and puts it again */
#define WORDS_MAX (4 * TW_OFF_MAX + 8)
#define UNIT_MAX (TW_APP_SERVICE_MAX + 16)
#define SAID_MAX 160

/* Its exit status, 0: done. DENIED with its first line is whoever asks' to say. */
static tw_err run(const struct tw_manager *m, char *const *argv, struct tw_buf *said, int *ret_status)
{
	char *envp[] = { (char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)(uintptr_t) "LC_ALL=C", NULL };
	const struct tw_program p = { m->program ? m->program : SYSTEMCTL, argv, envp, -1, WAIT_MS };
	const uid_t own = geteuid();

	if (m->as_root && seteuid(0))
		return TW_RAISE_ERRNO("root's id for %s", p.path);
	tw_err e = tw_program_run(m->sys, &p, said, ret_status);

	if (m->as_root && seteuid(own))
		return TW_RAISE_ERRNO("giving root's id up");
	return e;
}

static tw_err refused(const struct tw_buf *said, const char *what)
{
	char line[SAID_MAX];
	const size_t size = strcspn(tw_buf_cstr(said), "\n");

	(void)snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), tw_buf_cstr(said));
	tw_utf8_mend(line);
	return TW_RAISE(DENIED, "%s: %s", what, line[0] ? line : "the service manager does not say why");
}

/* One that has to be done. */
static tw_err must(const struct tw_manager *m, char *const *argv)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	int status = 0;

	tw_buf_init(&said, m->sys, TW_MANAGER_SAID_MAX);
	TW_TRY(run(m, argv, &said, &status));
	return status ? refused(&said, argv[1]) : TW_OK;
}

/* One that may be for nothing, as stopping what does not run: what came of it the next list says. */
static tw_err may(const struct tw_manager *m, char *const *argv, int *ret_status)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };

	tw_buf_init(&said, m->sys, TW_MANAGER_SAID_MAX);
	return run(m, argv, &said, ret_status);
}

struct words {
	char service[UNIT_MAX], socket[UNIT_MAX], name[UNIT_MAX];
};

struct all {
	struct words of[2 * TW_OFF_MAX];
};

static void name_units(struct tw_slice name, struct words *w)
{
	(void)snprintf(w->name, sizeof w->name, TW_SLICE_FMT, TW_SLICE_ARG(name));
	(void)snprintf(w->service, sizeof w->service, TW_SLICE_FMT ".service", TW_SLICE_ARG(name));
	(void)snprintf(w->socket, sizeof w->socket, TW_SLICE_FMT ".socket", TW_SLICE_ARG(name));
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

#define SYSTEMCTL_DO(...)                                                                           \
	(char *const[])                                                                             \
	{                                                                                           \
		word("systemctl"), __VA_ARGS__, word("--no-ask-password"), word("--no-pager"), NULL \
	}

static tw_err is_real(const struct tw_manager *m, struct tw_slice name, const struct words *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	int status = 0;

	tw_buf_init(&said, m->sys, TW_MANAGER_SAID_MAX);
	TW_TRY(run(m, SYSTEMCTL_DO(word("show"), word("--property=Id"), word(w->service), word(w->socket)), &said, &status));
	return status ? refused(&said, "asking for a unit's name") : tw_units_real(tw_buf_slice(&said), name);
}

/*
 * @nist LA.IC.6: masked, so that nothing starts it again, now or after a reboot, and stopped, its socket first: what listens would start it.
 * The mask is one of /etc, which holds before anything of the device's runs.
 */
tw_err tw_manager_off(const struct tw_manager *m, struct tw_slice name)
{
	struct words w;
	int status = 0;

	name_units(name, &w);
	if (m->program)
		return must(m, (char *const[]){ word(m->program), word("off"), w.name, NULL });
	TW_TRY(is_real(m, name, &w));
	TW_TRY(must(m, SYSTEMCTL_DO(word("mask"), w.service, w.socket)));
	TW_TRY(may(m, SYSTEMCTL_DO(word("stop"), word("--no-block"), w.socket), &status));
	return may(m, SYSTEMCTL_DO(word("stop"), word("--no-block"), w.service), &status);
}

/* What listens for it, where that is how it is started; else itself. */
tw_err tw_manager_on(const struct tw_manager *m, struct tw_slice name)
{
	struct words w;
	int status = 0;

	name_units(name, &w);
	if (m->program)
		return must(m, (char *const[]){ word(m->program), word("on"), w.name, NULL });
	TW_TRY(must(m, SYSTEMCTL_DO(word("unmask"), w.service, w.socket)));
	TW_TRY(may(m, SYSTEMCTL_DO(word("is-enabled"), word("--quiet"), w.socket), &status));
	if (status == 0)
		return must(m, SYSTEMCTL_DO(word("start"), word("--no-block"), w.socket));
	return may(m, SYSTEMCTL_DO(word("start"), word("--no-block"), w.service), &status); /* it may have been removed meanwhile */
}

static tw_err list_units(const struct tw_manager *m, const struct tw_manager_ask *ask, struct tw_buf *said)
{
	TW_CLEANUP(tw_freep) struct all *w = TW_NEW(m->sys, struct all);
	char *argv[WORDS_MAX] = { word("systemctl"), word("show"), word("--no-ask-password"), word("--no-pager"),
		word("--property=Id,LoadState,ActiveState"), word("*.service"), word("*.socket") };
	size_t at = 7;
	int status = 0;

	if (!w)
		return TW_RAISE(NOMEM, "names of services");
	for (size_t i = 0; i < ask->off->count + ask->was->count && at + 3 < TW_COUNT(argv); i++) {
		name_units(i < ask->off->count ? ask->off->words[i].name : ask->was->words[i - ask->off->count].name, &w->of[i]);
		argv[at++] = w->of[i].service;
		argv[at++] = w->of[i].socket;
	}
	TW_TRY(run(m, argv, said, &status));
	return status ? refused(said, "listing services") : TW_OK;
}

tw_err tw_manager_list(const struct tw_manager *m, const struct tw_manager_ask *ask, struct tw_buf *said, struct tw_services *ret)
{
	int status = 0;

	if (!m->program) {
		TW_TRY(list_units(m, ask, said));
		return tw_units_read(tw_buf_slice(said), ret);
	}
	TW_TRY(run(m, (char *const[]){ word(m->program), word("list"), NULL }, said, &status));
	if (status)
		return refused(said, "listing services");
	return tw_services_read(tw_buf_slice(said), ret);
}
