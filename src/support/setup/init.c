/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward-support init`: asks whose service it is, or takes the answers from a file, writes app/desk.json, and says what comes next. Each
 * answer is judged by what reads desk.json at the start, as part of a whole that is otherwise right.
 */
#include "support/line/files.h"
#include "support/setup/setup.h"

#include "base/json.h"
#include "base/text.h"
#include "formats/keydir.h"
#include "service/parent/os.h"
#include "service/store/postgresql/where.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX 4096
#define LINE_MAX_BYTES 512
#define TRIES 5
#define YEAR_MS (365 * 24 * 60 * 60 * 1000LL)

/* A line without its end; LIMIT, CLOSED. */
static tw_err read_line(const struct tw_setup *s, char ret[LINE_MAX_BYTES])
{
	size_t size = 0;
	char c = 0;
	ssize_t n;

	(void)fflush(stdout);
	while ((n = s->sys->read(s->sys, s->in, &c, 1)) == 1 && c != '\n') {
		if (size + 1 >= LINE_MAX_BYTES)
			return TW_RAISE(LIMIT, "an answer of more than %d bytes", LINE_MAX_BYTES - 1);
		ret[size++] = c;
	}
	if (n < 0)
		return TW_RAISE_ERRNO("reading an answer");
	if (n == 0)
		return TW_RAISE(CLOSED, "no answer, so nothing was written");
	while (size && (ret[size - 1] == '\r' || ret[size - 1] == ' '))
		size--;
	ret[size] = '\0';
	return TW_OK;
}

static tw_err judge(const struct tw_sys *sys, const json_t *j, struct tw_buf *ret, struct tw_desk *ret_desk)
{
	tw_buf_clear(ret);
	TW_TRY(tw_json_pretty(j, ret));
	return tw_desk_parse(tw_buf_slice(ret), ret_desk);
}

struct form {
	const struct tw_setup *s;
	json_t *j; /* whole and right at any time: what is not answered yet stands in for itself */
	struct tw_buf text;
	struct tw_desk desk;
};

static tw_err put(struct form *f, const char *key, const char *answer, size_t count)
{
	json_t *list = tw_json_get(f->j, "contacts");

	if (key)
		return tw_json_set(f->j, key, json_string(answer));
	if (json_array_size(list) > count && json_array_remove(list, count))
		return TW_RAISE(NOMEM, "the answers");
	return tw_json_append(list, json_string(answer));
}

/* key NULL: the contact of that number; an empty answer ends them when there is one. usual: what an empty answer means; NULL: nothing. */
static tw_err question(struct form *f, const char *text, const char *key, size_t count, const char *usual, bool *ret_none)
{
	char line[LINE_MAX_BYTES];

	for (int i = 0; i < TRIES; i++) {
		(void)printf("%s%s%s%s: ", text, usual ? " [" : "", usual ? usual : "", usual ? "]" : "");
		TW_TRY(read_line(f->s, line));
		*ret_none = !*line && !usual && !key && count > 0;
		if (*ret_none)
			return TW_OK;
		TW_TRY(put(f, key, *line || !usual ? line : usual, count));
		tw_err e = judge(f->s->sys, f->j, &f->text, &f->desk);
		if (!tw_failed(e) || tw_is(e, TW_CODE_NOMEM))
			return e;
		(void)printf("  %s\n", tw_err_detail());
	}
	return TW_RAISE(SYNTAX, "no answer that can be taken after %d tries, so nothing was written", TRIES);
}

static tw_err ask_all(struct form *f)
{
	char usual[TW_TIME_TEXT_MAX];
	bool none = false;

	tw_time_text((f->s->now_ms / 86400000 + 1) * 86400000 + YEAR_MS, usual);
	(void)memcpy(usual + 19, "Z", 2);
	f->j = json_pack("{s:s, s:s, s:[], s:s}", "name", "-", "site", "https://-", "contacts", "expires", usual);
	if (!f->j || json_array_append_new(tw_json_get(f->j, "contacts"), json_string("mailto:-")))
		return TW_RAISE(NOMEM, "the answers");
	TW_TRY(question(f, "The manufacturer's name, as customers know it", "name", 0, NULL, &none));
	TW_TRY(question(f, "The site's address, https:// and a name (https://security.example.com)", "site", 0, NULL, &none));
	for (size_t i = 0; i < TW_DESK_CONTACTS && !none; i++)
		TW_TRY(question(f, i ? "Another one, or an empty line" : "How else you are reached (mailto:psirt@example.com, or https://)",
			NULL, i, NULL, &none));
	return question(f, "Until when security.txt counts", "expires", 0, usual, &none);
}

static tw_err from_file(struct form *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, f->s->sys, FILE_MAX + 1);
	TW_TRY(tw_setup_read(f->s->sys, f->s->from, FILE_MAX, &b));
	TW_TRY(tw_json_parse(tw_buf_slice(&b), FILE_MAX, &f->j));
	return judge(f->s->sys, f->j, &f->text, &f->desk);
}

static void say_next(const struct tw_setup *s, const struct tw_desk *d)
{
	const char *dir = s->options.dir;

	(void)printf("\nNext\n"
		     "  check    thingward-support check --dir %s\n"
		     "  start    systemctl enable --now thingward-support   (without systemd: thingward-support serve --dir %s)\n"
		     "  join     the first start writes %s/app/setup-code: the invitation for the first administrator, good for a day,\n"
		     "           for POST %s/api/v1/staff-joins with a password of yours\n"
		     "  open     %s/\n"
		     "  name     a certificate that browsers know: thingward-support certificate import --dir %s --chain FILE --key FILE\n"
		     "  port     it listens at 8443; for 443: LISTEN=[::]:443 in /etc/default/thingward-support\n",
		dir, dir, dir, d->site, d->site, dir);
}

/* What a start, which knows of no PostgreSQL, has made already would never be looked at again. */
static tw_err judge_store(const struct tw_setup *s)
{
	struct tw_pg_where where;

	if (!s->store)
		return TW_OK;
	TW_TRY(tw_pg_where_parse(tw_slice_of(s->store), &where));
	TW_CLEANUP(tw_closep) int fd = s->sys->open_beneath(s->sys, s->places.app, "support.db", O_RDONLY | O_CLOEXEC, 0);

	if (fd >= 0 || errno != ENOENT)
		return TW_RAISE(EXISTS, "there is app/support.db already; what is in it is not moved to PostgreSQL");
	return TW_OK;
}

static tw_err write_store(const struct tw_setup *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf line = { 0 };
	struct tw_pg_where where;

	if (!s->store)
		return TW_OK;
	TW_TRY(tw_pg_where_parse(tw_slice_of(s->store), &where));
	tw_buf_init(&line, s->sys, TW_PG_WHERE_MAX + 2);
	TW_TRY(tw_buf_format(&line, "%s\n", s->store));
	TW_TRY(tw_setup_write(s, s->places.dir, TW_PG_WHERE_FILE, &line));
	(void)printf("Written: %s/" TW_PG_WHERE_FILE ": the store is in PostgreSQL\n", s->options.dir);
	if (where.network)
		(void)printf("Put its password into %s/" TW_LINE_PASSWORD_FILE
			     " (mode 600), the authority of its certificate into %s/" TW_LINE_TRUST_FILE
			     "\nand, if it wants one, a certificate of ours with its key into %s/" TW_LINE_CLIENT_FILE " (mode 600)\n",
			s->options.dir, s->options.dir, s->options.dir);
	return TW_OK;
}

static tw_err write_all(const struct tw_setup *s, const struct form *f)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };
	char host[TW_SETUP_HOST_MAX];
	tw_err e = tw_setup_listener(s, &key, &chain);

	tw_setup_host(f->desk.site, host);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(tw_setup_make_listener(s, host));
		e = tw_setup_listener(s, &key, &chain);
	}
	TW_TRY(e);
	TW_TRY(write_store(s));
	TW_TRY(tw_setup_write(s, s->places.app, TW_DESK_FILE, &f->text)); /* last: it is what lets the unit start */
	(void)printf("Written: %s/app/%s. Until another is imported, the certificate is\n", s->options.dir, TW_DESK_FILE);
	return tw_setup_tell(s, chain.leaf);
}

static void form_done(struct form *f)
{
	tw_jsonp(&f->j);
	tw_buf_done(&f->text);
}

tw_err tw_setup_init(struct tw_setup *s)
{
	TW_CLEANUP(form_done) struct form f = { .s = s };
	struct tw_desk before;

	tw_buf_init(&f.text, s->sys, 2 * FILE_MAX);
	if (tw_os_mkdir(s->options.dir, 0700) != 0 && errno != EEXIST)
		return TW_RAISE_ERRNO("making %s", s->options.dir);
	TW_TRY(tw_support_places_dirs(s->sys, &s->options, &s->places));
	TW_TRY(tw_desk_read(s->sys, s->places.app, &before));
	if (before.contact_count)
		return TW_RAISE(EXISTS, "it belongs to %s already; change app/%s by hand, then: thingward-support check --dir %s",
			before.name, TW_DESK_FILE, s->options.dir);
	TW_TRY(judge_store(s));
	if (!s->from && !isatty(s->in))
		return TW_RAISE(STATE, "there is nobody to ask; start it on a terminal, or give the answers: --from FILE");
	TW_TRY(s->from ? from_file(&f) : ask_all(&f));
	if (f.desk.expires_ms <= s->now_ms)
		return TW_RAISE(SYNTAX, "\"expires\" is over already; nothing was written");
	TW_TRY(write_all(s, &f));
	say_next(s, &f.desk);
	return TW_OK;
}
