/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of the seam fails once, in every way that call can fail, while the device starts, is taken over, answers a read,
 * changes a setting, lets somebody in, takes his role, his account or his session away, is told of logging in and logged in to by it (logins.c), is given
 * and loses passwords, authenticators and passkeys (credentials.c), brings the store of the release before to its own format, takes its keys over into the keystore, starts from
 * there, or ends because it was asked to: one process per point, forked from one that stands just before the scenario.
 *
 * After each: no crash, no descriptor and no byte held once the unit is gone, an answer that is true (what was said to be done
 * is done, what was refused is not half done), and a start without faults that finds everything whole: the store passes its
 * check, the log verifies and misses no acknowledged outcome, the change is there or is not.
 *
 * A point whose call was not made this time (a signature may be a byte shorter), or whose read or write moves one byte and cannot
 * be cut, struck nothing: it is counted apart and has not passed, and a scenario with more than a few of them fails.
 *
 * Allocations are the most by far (OpenSSL's and SQLite's are among them), so of these every STEPth is failed, beginning with
 * SEED modulo STEP; -a 1 fails all of them.
 *
 *   sweep [-j JOBS] [-a STEP] [-s SEED] [SCENARIO [CALL KIND]]     the last form runs one point and lets it speak
 */
#include "balance.h"
#include "scenario.h"
#include "tree.h"

#include "base/mem.h"
#include "base/log.h"
#include "base/release.h"
#include "device/logical-access/state.h"
#include "device/platform/device.h"
#include "device/platform/start.h"
#include "device/rows-logical-access.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINT_MAX_S 20 /* a point takes milliseconds: a process still there after this hangs */

/* malloc leaves a remainder below its smallest chunk (32 bytes) with the chunk it came from, so the same object may weigh 16 more
   than before. A block that is lost weighs 32 at least. */
#define SLACK 16
#define REFUSALS 12            /* two more than are recorded one by one */
#define ALLOCATIONS_ENOUGH 150 /* of one scenario in a sampled run */
#define UNSTRUCK_MAX 1         /* percent of a scenario's points */
#define JOBS_MAX 8
#define ABOVE 32

enum { SHORT = -1 };
enum { ALLOCATES = 1, OPENS = 2, WRITES = 4, WAITS = 8, MOVES = 16, ELSE = 32 };

static const struct kind {
	const char *name;
	int number;
	bool sticky;
	unsigned calls; /* those it can happen to */
} kinds[] = {
	{ "ENOMEM", ENOMEM, false, ALLOCATES | OPENS | ELSE },
	{ "EIO", EIO, false, OPENS | WRITES | WAITS | MOVES | ELSE },
	{ "ENOSPC", ENOSPC, false, OPENS | WRITES },
	{ "EINTR", EINTR, false, OPENS | WAITS | MOVES },
	{ "EMFILE", EMFILE, false, OPENS },
	{ "short", SHORT, false, MOVES },
	{ "EIO for good", EIO, true, WRITES },
	{ "ENOSPC for good", ENOSPC, true, OPENS | WRITES },
};

static const struct {
	const char *name;
	unsigned is;
} calls[] = {
	{ "alloc", ALLOCATES },
	{ "resize", ALLOCATES },
	{ "pin", ELSE },
	{ "open_beneath", OPENS },
	{ "open_path", OPENS },
	{ "close", ELSE },
	{ "read", WAITS | MOVES },
	{ "pread", WAITS | MOVES },
	{ "write", WRITES | MOVES },
	{ "pwrite", WRITES | MOVES },
	{ "fsync", WRITES | WAITS },
	{ "fdatasync", WRITES | WAITS },
	{ "ftruncate", WRITES },
	{ "allocate", WRITES },
	{ "rename", WRITES },
	{ "unlink", WRITES },
	{ "mkdir", WRITES },
	{ "memfd", OPENS },
	{ "spool", OPENS },
	{ "sendmsg", WAITS },
	{ "recvmsg", WAITS },
	{ "poll", WAITS },
};

static unsigned what_is(const char *call)
{
	for (size_t i = 0; i < TW_COUNT(calls); i++)
		if (strcmp(calls[i].name, call) == 0)
			return calls[i].is;
	return ELSE;
}

/* --- Scenarios --- */

#define SETTING "/api/v1/settings/identification.remote-read"
#define SUSPECT "urn:dev:ops:32473-LAMP-1"

struct outcome {
	int status; /* of the request; 0: none was made or the unit did not start */
	bool started;
	bool struck; /* the fault has happened */
	bool lame;   /* what must go well without faults did not */
};

static int take(tw_unit *u)
{
	return tw_unit_takeover(u, "alice");
}

static int read_identity(tw_unit *u)
{
	return tw_unit_request(u, "GET", "/api/v1/identity", NULL, NULL);
}

static int change(tw_unit *u)
{
	return tw_unit_request(u, "PUT", SETTING, "\"0\"", "{\"value\":\"off\"}");
}

/* No answer tells of it: what could not be kept and recorded is told to whoever had the device heard. */
static int suspect(tw_unit *u)
{
	return tw_failed(tw_unit_suspect(u, SUSPECT)) ? 500 : 200;
}

/* The boot is confirmed. What fails leaves the store in the one format or the other, whole. */
static int migrate(tw_unit *u)
{
	return tw_failed(tw_start_migrate(tw_unit_device(u))) ? 500 : 200;
}

/* The same of the keys: what fails leaves them in plain files or in the keystore, whole. */
static int adopt(tw_unit *u)
{
	return tw_failed(tw_start_adopt(tw_unit_device(u))) ? 500 : 200;
}

/* Within the same life: the owner is known, unless core would end to let the next start open the store. */
static bool goes_on(tw_unit *u)
{
	return !tw_store_usable(tw_unit_device(u)->context.store) || tw_unit_owned(u);
}

/* Something to be lost: a read whose record nobody waits for, a change, and refusals that are only counted. */
static bool change_and_leave_open(tw_unit *u)
{
	bool good = read_identity(u) == 200 && change(u) == 200;

	for (int i = 0; good && i < REFUSALS; i++)
		good = tw_unit_request_as(u, NULL, "GET", "/api/v1/identity", NULL) == 401;
	return good;
}

/* As core ends when hands asks for it. Nothing of it can be refused. */
static int drain(tw_unit *u)
{
	tw_start_settle(tw_unit_device(u));
	return 200;
}

/* An account that may do something, and a code that it was made. */
static char code[64];

bool make_sue(tw_unit *u)
{
	static const char body[] = "{\"account\":\"a2\",\"role\":\"operator\"}";

	return tw_unit_request(u, "POST", "/api/v1/accounts", NULL, "{\"name\":\"sue\",\"kind\":\"person\"}") == 201 &&
		tw_unit_request(u, "POST", "/api/v1/role-assignments", NULL, body) == 201;
}

bool make_code(tw_unit *u)
{
	const char *at;

	if (!make_sue(u) || tw_unit_request(u, "POST", "/api/v1/session-codes", NULL, "{\"account\":\"a2\"}") != 201)
		return false;
	at = strstr(tw_unit_body(u), "\"code\":\"");
	(void)snprintf(code, sizeof code, "{\"code\":\"%.11s\"}", at ? at + 8 : "");
	return at != NULL;
}

int log_in(tw_unit *u)
{
	return tw_unit_request_as(u, NULL, "POST", "/api/v1/sessions", code);
}

static bool make_session(tw_unit *u)
{
	return make_code(u) && log_in(u) == 201;
}

/* The account remembers it. The session itself has ended at once where the boot clock failed: then there is no telling when it would. */
bool is_logged_in(tw_unit *u)
{
	return tw_unit_request(u, "GET", "/api/v1/accounts/a2", NULL, NULL) == 200 && strstr(tw_unit_body(u), "\"login\":");
}

static bool has_session(tw_unit *u)
{
	const struct tw_access *a = tw_unit_device(u)->access;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (a->guard.sessions[i].used && a->guard.sessions[i].account == 2)
			return true;
	return false;
}

static int take_role(tw_unit *u)
{
	return tw_unit_request(u, "DELETE", "/api/v1/role-assignments/a2.operator", NULL, NULL);
}

/* Neither the role nor the session that had it. */
static bool is_role_taken(tw_unit *u)
{
	return !has_session(u) && tw_unit_request(u, "GET", "/api/v1/accounts/a2", NULL, NULL) == 200 &&
		!strstr(tw_unit_body(u), "\"operator\"");
}

/* The time of a role is up, and nobody has looked yet. */
static bool make_ending(tw_unit *u)
{
	static const char over[] = "INSERT INTO role_end (account, role, ends_ms) VALUES (2, 'operator', 1)";

	return make_session(u) && !tw_failed(tw_store_run(tw_unit_device(u)->context.store, over, NULL, 0, NULL, NULL));
}

/* Where the clock cannot be asked nobody can tell that it is over, and it waits. */
static int end_role(tw_unit *u)
{
	return tw_failed(tw_access_job_accounts(&tw_unit_device(u)->context)) || has_session(u) ? 500 : 200;
}

static int suspend(tw_unit *u)
{
	return tw_unit_request(u, "PUT", "/api/v1/suspensions/a2", NULL, NULL);
}

static bool is_suspended(tw_unit *u)
{
	return !has_session(u) && tw_unit_request(u, "GET", "/api/v1/accounts/a2", NULL, NULL) == 200 &&
		strstr(tw_unit_body(u), "\"suspended\"");
}

static int end_sessions(tw_unit *u)
{
	return tw_unit_request(u, "DELETE", "/api/v1/account-sessions/a2", NULL, NULL);
}

static bool is_ended(tw_unit *u)
{
	return !has_session(u);
}

/* How things stand in a unit that runs without faults. */
static bool is_owned(tw_unit *u)
{
	return tw_unit_owned(u);
}

static bool ask_recovery(tw_unit *u)
{
	return tw_unit_ask_recovery(u) == 202;
}

static int hold_button(tw_unit *u)
{
	return tw_unit_press(u, TW_HOLD_MS);
}

static bool is_free(tw_unit *u)
{
	return !tw_unit_owned(u);
}

/* Whoever holds it next is told how to get a new secret, whatever failed. Getting it wants a log that works: in the next life, if not in this. */
static bool has_owner_or_way(tw_unit *u)
{
	const bool told = strstr(tw_unit_device(u)->console_notice, "type recover for a new secret");

	return tw_unit_owned(u) != told;
}

static bool is_changed(tw_unit *u)
{
	return tw_unit_request(u, "GET", SETTING, NULL, NULL) == 200 && strstr(tw_unit_body(u), "\"value\":\"off\"");
}

static bool is_suspected(tw_unit *u)
{
	return tw_unit_request(u, "GET", "/api/v1/peers", NULL, NULL) == 200 && strstr(tw_unit_body(u), SUSPECT);
}

static bool is_migrated(tw_unit *u)
{
	return tw_store_format(tw_unit_device(u)->context.store) == TW_STORE_FORMAT;
}

static bool is_adopted(tw_unit *u)
{
	struct tw_keys_state keys;

	return !tw_failed(tw_keys_client_state(tw_unit_device(u)->context.keys, &keys)) && !keys.plain;
}

static const struct scenario scenarios[] = {
	{ "first start", "fresh", true, NULL, 0, NULL, 0 },
	{ "start", "owned", true, NULL, 0, NULL, 1 },
	{ "takeover", "fresh", false, take, 201, is_owned, 0 },
	{ "read", "owned", false, read_identity, 200, NULL, 1 },
	{ "change", "owned", false, change, 200, is_changed, 1 },
	{ "login", "owned", false, log_in, 201, is_logged_in, 4, .before = make_code },
	{ "role taken", "owned", false, take_role, 204, is_role_taken, 5, .before = make_session },
	{ "role ended", "owned", false, end_role, 200, is_role_taken, 4, .before = make_ending },
	{ "suspension", "owned", false, suspend, 204, is_suspended, 5, .before = make_session },
	{ "revocation", "owned", false, end_sessions, 204, is_ended, 5, .before = make_session },
	{ "recovery", "owned", false, hold_button, 204, is_free, 2, .before = ask_recovery, .after = has_owner_or_way, .ends_owner = true },
	{ "suspicion", "owned", false, suspect, 200, is_suspected, 0 },
	{ "upgrade", "owned", false, migrate, 200, is_migrated, 0, .after = goes_on },
	{ "adoption", "owned", false, adopt, 200, is_adopted, 0, .after = goes_on },
	{ "adopted start", "adopted", true, NULL, 0, NULL, 1 },
	{ "shutdown", "owned", false, drain, 200, is_changed, 1, .before = change_and_leave_open, .fault_end = true },
};

/* Those of this file, then the others; NULL: no more. */
static const struct scenario *scenario_at(size_t i)
{
	const struct scenario *const tables[] = { scenarios_of_logins, scenarios_of_credentials };

	if (i < TW_COUNT(scenarios))
		return &scenarios[i];
	i -= TW_COUNT(scenarios);
	for (size_t t = 0; t < TW_COUNT(tables); t++)
		for (const struct scenario *s = tables[t]; s->name; s++)
			if (i-- == 0)
				return s;
	return NULL;
}

/* --- One point, in its own process --- */

struct place {
	char base[128], tree[192], work[192];
	long jobs, step, seed;
	bool loud;
	tw_fake *fake; /* made and used once before the fork, so that what it and the libraries keep is there already */
};

static struct shared {
	long calls; /* of a run without faults */
	char names[65536][16];
	struct {
		char complaint[400];
		bool struck;
	} job[JOBS_MAX];
} * shared;

static int complain(int job, const char *what, const char *detail)
{
	(void)snprintf(shared->job[job].complaint, sizeof shared->job[job].complaint, "%s%s", what, detail);
	return 1;
}

/* A short one is counted among reads and writes alone. */
static long among_moves(long call)
{
	long n = 0;

	for (long i = 0; i < call; i++)
		n += (what_is(shared->names[i]) & MOVES) != 0;
	return n;
}

static void arm(tw_fake *f, long call, const struct kind *k)
{
	if (k && k->number != SHORT)
		tw_fake_fail(f, call, k->number, k->sticky);
	else if (k)
		tw_fake_short(f, among_moves(call));
	else
		tw_fake_fail(f, 0, 0, false);
}

static void note_calls(const tw_fake *f)
{
	shared->calls = tw_fake_calls(f);
	for (long i = 0; i < shared->calls && i < (long)TW_COUNT(shared->names); i++)
		(void)snprintf(shared->names[i], sizeof shared->names[i], "%s", tw_fake_name(f, i + 1));
}

/* Runs the scenario with one fault; the unit is gone afterwards. */
static struct outcome run_faulty(const struct scenario *s, const char *work, tw_fake *f, long call, const struct kind *k)
{
	struct outcome o = { 0 };
	tw_unit *u = NULL;

	if (s->fault_start)
		arm(f, call, k);
	o.started = !tw_failed(tw_unit_start(tw_fake_sys(f), work, &u));
	if (o.started && s->before)
		o.lame = !s->before(u);
	if (o.started && !s->fault_start) {
		arm(f, call, k);
		o.status = s->request(u);
	}
	if (s->fault_end)
		u = tw_unit_stop(u);
	if (!k)
		note_calls(f);
	o.struck = tw_fake_fired(f);
	arm(f, 0, NULL);
	if (u && s->after)
		o.lame = !s->after(u);
	(void)tw_unit_stop(u);
	return o;
}

/* A start without faults, and what it finds. */
static int judge_after(const struct scenario *s, const char *work, const struct outcome *o, int job)
{
	struct tw_unit_log log;
	tw_unit *u = NULL;
	int bad = 0;
	uint64_t done = s->outcomes + (o->status == s->good && s->done != NULL);

	if (tw_failed(tw_unit_start(tw_sys_real(), work, &u)))
		return complain(job, "does not start afterwards: ", tw_err_detail());
	if (*tw_unit_log_fault(u))
		bad = complain(job, "the log was set aside: ", tw_unit_log_fault(u));
	else if (tw_failed(tw_unit_verify_log(u, &log)))
		bad = complain(job, "the log does not verify: ", tw_err_detail());
	else if (log.done < done)
		bad = complain(job, "an acknowledged outcome is not in the log", "");
	else if (log.open_intents)
		bad = complain(job, "an intent stays open", "");
	else if (s->done && o->status == s->good && !s->done(u))
		bad = complain(job, "acknowledged, and not there", "");
	else if (strcmp(s->begins, "fresh") != 0 && !s->ends_owner && !tw_unit_owned(u))
		bad = complain(job, "an owned device looks unowned", "");
	else if (s->done && o->status >= 400 && o->status < 500 && s->done(u))
		bad = complain(job, "refused, and there all the same", "");
	(void)tw_unit_stop(u);
	return bad;
}

static int run_point(const struct scenario *s, const struct place *p, long call, const struct kind *k, int job)
{
	char work[256], much[64];
	tw_fake *f = p->fake;
	struct balance before, after;
	struct outcome o;
	int bad = 0;

	(void)snprintf(work, sizeof work, "%s-%d", p->work, job);
	if (!tree_copy(p->tree, work))
		return complain(job, "copying the tree: ", strerror(errno));
	tw_unit_use(tw_fake_sys(f));
	arm(f, 1, NULL);
	OPENSSL_thread_stop(); /* OpenSSL's own bookkeeping for this thread, its error queue among it */
	before = balance_now();
	o = run_faulty(s, work, f, call, k);
	shared->job[job].struck = o.struck;
	OPENSSL_thread_stop();
	after = balance_now();
	(void)snprintf(much, sizeof much, "%zu bytes", after.bytes - before.bytes);
	tw_unit_use(tw_sys_real());
	if (after.fds != before.fds)
		bad = complain(job, "descriptors are left open", "");
	else if (after.bytes > before.bytes + SLACK)
		bad = complain(job, "memory is not given back: ", much);
	else if (!k && !(o.started && o.status == s->good))
		bad = complain(job, "without a fault: ", tw_err_detail());
	else if (o.lame)
		bad = complain(job, "before or after the fault, without one: ", tw_err_detail());
	if (!bad && (!k || (s->done && o.status == s->good) || !tree_same(p->tree, work))) /* what did not change was judged before */
		bad = judge_after(s, work, &o, job);
	tree_remove(work);
	return bad;
}

static void quiet(void)
{
	if (freopen("/dev/null", "w", stderr))
		(void)setvbuf(stderr, NULL, _IONBF, 0); /* its buffer would look like a leak */
}

/* In a process of its own. Returns whether it was well. */
static bool fork_point(const struct scenario *s, const struct place *p, long call, const struct kind *k, int job)
{
	int status;
	pid_t pid;

	shared->job[job].complaint[0] = '\0';
	shared->job[job].struck = false;
	pid = fork();
	if (pid == 0) {
		(void)alarm(POINT_MAX_S);
		if (!p->loud)
			quiet();
		_exit(run_point(s, p, call, k, job));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return complain(job, "no process for it: ", strerror(errno)) == 0;
	if (WIFSIGNALED(status))
		(void)complain(job, WTERMSIG(status) == SIGALRM ? "hangs: " : "died: ", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) && !shared->job[job].complaint[0])
		(void)complain(job, "ended by itself (a sanitizer's report?)", "");
	return status == 0;
}

/* --- The sweep --- */

struct tally {
	long passed, failed, unstruck;
};

/* A short scenario has all of its allocations failed, whatever the step. */
static bool chosen(const struct place *p, long call, const struct kind *k)
{
	unsigned is = what_is(shared->names[call - 1]);
	long enough = shared->calls / ALLOCATIONS_ENOUGH + 1, step = p->step < enough ? p->step : enough;

	return (k->calls & is) && (is != ALLOCATES || call % step == p->seed % step);
}

static long points_of(const struct place *p)
{
	long n = 0;

	for (long call = 1; call <= shared->calls; call++)
		for (size_t i = 0; i < TW_COUNT(kinds); i++)
			n += chosen(p, call, &kinds[i]);
	return n;
}

static struct tally sweep_share(const struct scenario *s, const struct place *p, int job)
{
	struct tally t = { 0 };
	long n = 0;

	for (long call = 1; call <= shared->calls; call++)
		for (size_t i = 0; i < TW_COUNT(kinds); i++) {
			if (!chosen(p, call, &kinds[i]) || n++ % p->jobs != job)
				continue;
			if (fork_point(s, p, call, &kinds[i], job)) {
				t.passed += shared->job[job].struck;
				t.unstruck += !shared->job[job].struck;
				continue;
			}
			t.failed++;
			printf("FAILED %s, call %ld (%s), %s: %s\n  repeat: build/test/faults/sweep '%s' %ld '%s'\n", s->name, call,
				shared->names[call - 1], kinds[i].name, shared->job[job].complaint, s->name, call, kinds[i].name);
		}
	return t;
}

/* Once in this process, so that what libraries keep for good is not taken for a leak. */
static void warm_up(const struct scenario *s, const struct place *p)
{
	for (int i = 0; i < 2; i++)
		(void)run_point(s, p, 1, NULL, 0);
}

/* Out of the way of the unit's own numbers. */
static int pipe_above(int ends[2])
{
	int low[2];

	if (pipe(low) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, ABOVE);
		(void)close(low[i]);
	}
	return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

/* Adds up what the shares tell. One that ended before it could tell has lost its points. */
static void gather(const struct scenario *s, const struct place *p, int from, struct tally *total)
{
	const long points = points_of(p);
	struct tally t;
	long told = 0, shares = 0;

	for (; read(from, &t, sizeof t) == (ssize_t)sizeof t; shares++) {
		told += t.passed + t.failed + t.unstruck;
		total->passed += t.passed;
		total->failed += t.failed;
		total->unstruck += t.unstruck;
	}
	if (shares != p->jobs || told != points) {
		printf("FAILED %s: %ld of %ld shares ended with a tally, of %ld points %ld are told\n  repeat: build/test/faults/sweep '%s'\n",
			s->name, shares, p->jobs, points, told, s->name);
		total->failed += points > told ? points - told : 1;
	}
	if (total->unstruck * 100 > points * UNSTRUCK_MAX) {
		printf("FAILED %s: %ld of %ld points struck nothing, more than %d in a hundred\n  repeat: build/test/faults/sweep '%s'\n",
			s->name, total->unstruck, points, UNSTRUCK_MAX, s->name);
		total->failed++;
	}
}

static struct tally sweep(const struct scenario *s, const struct place *p)
{
	struct tally total = { 0 };
	int ends[2];

	warm_up(s, p);
	if (!fork_point(s, p, 1, NULL, 0)) {
		printf("FAILED %s without any fault: %s\n  repeat: build/test/faults/sweep '%s'\n", s->name,
			shared->job[0].complaint, s->name);
		return (struct tally){ .failed = 1 };
	}
	total.passed = 1;
	if (pipe_above(ends) != 0)
		return (struct tally){ .failed = 1 };
	(void)fflush(stdout);
	for (int job = 0; job < p->jobs; job++)
		if (fork() == 0) {
			const struct tally t = sweep_share(s, p, job);

			(void)fflush(stdout);
			_exit(write(ends[1], &t, sizeof t) != sizeof t);
		}
	(void)close(ends[1]);
	gather(s, p, ends[0], &total);
	(void)close(ends[0]);
	while (wait(NULL) > 0)
		;
	return total;
}

/* "fresh" is a unit as provisioned; "owned" one that was taken over and stopped; "adopted" one whose keys are in the keystore then. */
static bool make_trees(struct place *p)
{
	char fresh[192], owned[192], adopted[192];
	tw_unit *u = NULL;
	bool good;

	(void)snprintf(p->base, sizeof p->base, "%s/tw-faults-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(p->base))
		return false;
	(void)snprintf(fresh, sizeof fresh, "%.120s/fresh", p->base);
	(void)snprintf(owned, sizeof owned, "%.120s/owned", p->base);
	(void)snprintf(adopted, sizeof adopted, "%.120s/adopted", p->base);
	(void)snprintf(p->work, sizeof p->work, "%.120s/work", p->base);
	if (mkdir(fresh, 0700) != 0 || tw_failed(tw_unit_provision(fresh)) || !tree_copy(fresh, owned))
		return false;
	good = !tw_failed(tw_unit_start(tw_sys_real(), owned, &u)) && take(u) == 201 && read_identity(u) == 200 &&
		is_changed(u) == false && !tw_failed(tw_unit_settle(u));
	(void)tw_unit_stop(u);
	u = NULL;
	good = good && tree_copy(owned, adopted) && !tw_failed(tw_unit_start(tw_sys_real(), adopted, &u)) && adopt(u) == 200 &&
		is_adopted(u) && !tw_failed(tw_unit_settle(u));
	(void)tw_unit_stop(u);
	return good;
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static const struct scenario *find_scenario(const char *name)
{
	const struct scenario *s;

	for (size_t i = 0; (s = scenario_at(i)); i++)
		if (strcmp(name, s->name) == 0)
			return s;
	return NULL;
}

/* Whether the words name a scenario, and a kind of fault where they name one. Says which there are. */
static bool words_known(int words, char **word)
{
	const struct scenario *s;

	if (words >= 1 && !find_scenario(word[0])) {
		printf("FAILED no scenario \"%s\"; there are:", word[0]);
		for (size_t i = 0; (s = scenario_at(i)); i++)
			printf("%s %s", i ? "," : "", s->name);
		puts("");
		return false;
	}
	if (words == 0 || words == 1 || (words == 3 && find_kind(word[2])))
		return true;
	printf("FAILED no point: SCENARIO CALL KIND, of the kinds");
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		printf("%s %s", i ? "," : "", kinds[i].name);
	puts("");
	return false;
}

static long number(const char *text)
{
	long n = 0;

	for (; *text >= '0' && *text <= '9' && n < 1000000; text++)
		n = n * 10 + (*text - '0');
	return n;
}

static void run_all(struct place *p, const char *only, struct tally *total)
{
	const struct scenario *s;

	for (size_t i = 0; (s = scenario_at(i)); i++) {
		struct timespec from, to;
		struct tally t;
		double seconds;

		if (only && strcmp(only, s->name) != 0)
			continue;
		(void)snprintf(p->tree, sizeof p->tree, "%.120s/%s", p->base, s->begins);
		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		t = sweep(s, p);
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		printf("%s: %ld calls, %ld points, %ld struck nothing, %.1f s, %.0f points/s\n", s->name, shared->calls,
			t.passed + t.failed + t.unstruck, t.unstruck, seconds, (double)(t.passed + t.failed + t.unstruck) / seconds);
		total->passed += t.passed;
		total->failed += t.failed;
	}
}

static void run_one(struct place *p, const char *name, long call, const char *kind, struct tally *total)
{
	const struct scenario *s = find_scenario(name);
	bool good;

	(void)snprintf(p->tree, sizeof p->tree, "%.120s/%s", p->base, s->begins);
	warm_up(s, p);
	good = fork_point(s, p, 1, NULL, 0) && fork_point(s, p, call, find_kind(kind), 0);
	if (good && !shared->job[0].struck)
		good = complain(0, "struck nothing: the call was not made, or moves one byte", "") == 0;
	printf("%s\n", good ? "well" : shared->job[0].complaint);
	total->passed += good;
	total->failed += !good;
}

/* -j, -a and -s. Returns where the words begin. */
static int read_options(struct place *p, int argc, char **argv)
{
	int at = 1;

	p->jobs = 2;
	p->step = 1;
	for (; argc > at + 1 && argv[at][0] == '-'; at += 2) {
		long n = number(argv[at + 1]);

		if (argv[at][1] == 'j')
			p->jobs = n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : n;
		else if (argv[at][1] == 'a')
			p->step = n < 1 ? 1 : n;
		else
			p->seed = n;
	}
	p->loud = argc - at == 3;
	return at;
}

int main(int argc, char **argv)
{
	struct place p = { 0 };
	struct tally total = { 0 };
	int at;

	balance_begin(argv);
	at = read_options(&p, argc, argv);
	if (!words_known(argc - at, argv + at)) {
		printf("  repeat: build/test/faults/sweep [-j JOBS] [-a STEP] [-s SEED] [SCENARIO [CALL KIND]]\n0 passed, 1 failed, 0 skipped\n");
		return 1;
	}
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	tw_log_setup("sweep", TW_LEVEL_ERROR);
	p.fake = tw_fake_new();
	tw_unit_use(tw_sys_real());
	if (!make_trees(&p)) {
		printf("FAILED making a unit to break: %s (%s)\n  repeat: build/test/faults/sweep\n0 passed, 1 failed, 0 skipped\n",
			tw_err_detail(), tw_err_place());
		return 1;
	}
	if (p.loud)
		run_one(&p, argv[at], number(argv[at + 1]), argv[at + 2], &total);
	else
		run_all(&p, argc > at ? argv[at] : NULL, &total);
	tree_remove(p.base);
	printf("%ld passed, %ld failed, 0 skipped\n", total.passed, total.failed);
	return total.failed > 0;
}
