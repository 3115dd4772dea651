/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads "DIRECTORY ACKED" lines; says "ok", or what is broken of what was promised. Each state is judged in a process of its own,
 * so that nothing stays open on it: the unit starts, its log verifies and holds every acknowledged outcome, owner and setting
 * are there and are one of the versions that were written, keys still sign, and a second start changes none of this.
 */
#include "promises.h"
#include "unit.h"

#include "base/json.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
	bool owned;
	int64_t version;
	struct tw_unit_log log;
};

static bool complain(const char *what, const char *detail)
{
	printf("%s%s%.300s\n", what, *detail ? ": " : "", detail);
	return false;
}

/* An owner may always read settings; without one there is nobody to ask, and nothing was ever changed. */
static bool read_version(tw_unit *u, int64_t *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	bool off;

	if (tw_unit_request(u, "GET", SETTING, NULL, NULL) != 200)
		return complain("the setting cannot be read", tw_unit_body(u));
	if (tw_failed(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j)))
		return complain("the setting's form", tw_err_detail());
	*ret = tw_json_int(j, "version");
	off = strcmp(tw_json_text(j, "value"), "off") == 0;
	return off == (*ret % 2 == 1) || complain("the setting is not what its version was", tw_unit_body(u));
}

static bool look(tw_unit *u, struct seen *ret)
{
	if (*tw_unit_log_fault(u))
		return complain("the log was set aside", tw_unit_log_fault(u));
	if (tw_failed(tw_unit_verify_log(u, &ret->log)))
		return complain("the log does not verify", tw_err_detail());
	if (ret->log.open_intents)
		return complain("an intent stays open", "");
	ret->owned = tw_unit_owned(u);
	if (ret->owned && !read_version(u, &ret->version))
		return false;
	if (ret->owned && ret->version % 2 == 0 &&
		tw_unit_request(u, "POST", "/api/v1/identity/statement", NULL,
			"{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}") != 200)
		return complain("keys do not sign", tw_unit_body(u));
	return true;
}

static bool start_and_look(const char *path, struct seen *ret)
{
	tw_unit *u = NULL;
	bool good;

	if (tw_failed(tw_unit_start(tw_sys_real(), path, &u)))
		return complain("does not start", tw_err_detail());
	good = look(u, ret);
	(void)tw_unit_stop(u);
	return good;
}

static bool judge(const char *directory, unsigned long acked)
{
	struct seen first = { 0 }, second = { 0 };
	char path[600];

	if (acked < PROVISIONED)
		return true;
	(void)snprintf(path, sizeof path, "%s/" UNIT, directory);
	if (!start_and_look(path, &first))
		return false;
	if (acked >= OWNED && !first.owned)
		return complain("the owner is gone", "");
	if (acked > OWNED && first.version < (int64_t)(acked - OWNED))
		return complain("an acknowledged change is gone", "");
	if (first.log.done + 1 < acked)
		return complain("an acknowledged outcome is not in the log", "");
	if (!start_and_look(path, &second))
		return false;
	if (second.owned != first.owned || second.version != first.version || second.log.done < first.log.done)
		return complain("a second start finds it otherwise", "");
	return true;
}

static void answer(const char *directory, unsigned long acked)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (judge(directory, acked))
			printf("ok\n");
		(void)fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		printf("the judge itself ended with %d\n", status);
	(void)fflush(stdout);
}

int main(void)
{
	char line[512];

	tw_unit_use(tw_sys_real());
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		char *space = strchr(line, ' ');
		unsigned long acked = 0;

		if (!space)
			return 1;
		*space = '\0';
		for (const char *c = space + 1; *c >= '0' && *c <= '9'; c++)
			acked = acked * 10 + (unsigned long)(*c - '0');
		answer(line, acked);
	}
	return 0;
}
