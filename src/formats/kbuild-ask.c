/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a source file is certainly not compiled: see kbuild.h. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/kbuild.h"

#define PARTS_DEEP 8   /* objects made of objects */
#define FOLDERS_MAX 32 /* in a path */
#define PATH_MAX_BYTES 1000

enum said { SAID_NOTHING, SAID_ON, SAID_OFF };

struct question {
	const struct tw_sys *sys;
	struct tw_built *b;
	char dir[PATH_MAX_BYTES + 1]; /* whose Makefile is looked at */
	char *why;
};

static bool is_off(const struct tw_built *b, const char *option)
{
	const char *value = tw_json_text(b->config, option);

	return strcmp(option, "y") != 0 && strcmp(option, "?") != 0 && (!*value || !strcmp(value, "n"));
}

static tw_err makefile_of(const struct question *q, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	json_t *map = NULL;

	if (!q->b->dirs && !(q->b->dirs = json_object()))
		return TW_RAISE(NOMEM, "Makefiles");
	*ret = json_object_get(q->b->dirs, q->dir);
	if (*ret)
		return TW_OK;
	tw_buf_init(&text, q->sys, TW_KBUILD_MAX);
	tw_err e = q->b->makefile(q->b->user, q->dir, &text);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_TRY(tw_kbuild_read(tw_buf_slice(&text), &map));
	*ret = map;
	return tw_json_set(q->b->dirs, q->dir, map);
}

/* Of what a Makefile says of one object or folder. Recursion ends at PARTS_DEEP. */
static enum said look_up(const struct question *q, const json_t *map, const char *name, int depth)
{
	const json_t *list = json_object_get(map, name), *one;
	enum said answer = SAID_NOTHING;
	size_t i;

	if (depth == PARTS_DEEP || json_object_get(map, TW_KBUILD_OPEN))
		return SAID_ON;
	json_array_foreach(list, i, one) {
		const char *owner = json_string_value(json_array_get(one, 0)), *option = json_string_value(json_array_get(one, 1));

		answer = SAID_OFF;
		if (is_off(q->b, option))
			(void)snprintf(q->why, TW_DETAIL_MAX, "CONFIG_%.100s is off (%.100s%sMakefile)", option, q->dir,
				*q->dir ? "/" : "");
		else if (!*owner || look_up(q, map, owner, depth + 1) != SAID_OFF)
			return SAID_ON;
	}
	return answer;
}

static tw_err ask_makefile(struct question *q, const char *path, size_t dir_size, const char *name, enum said *ret)
{
	json_t *map;

	(void)snprintf(q->dir, sizeof q->dir, "%.*s", (int)dir_size, path);
	TW_TRY(makefile_of(q, &map));
	*ret = look_up(q, map, name, 0);
	return TW_OK;
}

/* The object of a file, or a folder with its '/': what of the path begins behind `from` and ends at `end`. */
static void name_of(const char *path, size_t from, size_t end, char ret[PATH_MAX_BYTES + 8])
{
	const char *dot = strrchr(path + from, '.');

	if (path[end - 1] == '/')
		(void)snprintf(ret, PATH_MAX_BYTES + 8, "%.*s", (int)(end - from), path + from);
	else
		(void)snprintf(ret, PATH_MAX_BYTES + 8, "%.*s.o", (int)(dot - path - (ptrdiff_t)from), path + from);
}

struct steps {
	size_t at[FOLDERS_MAX + 2], count; /* where each part of the path begins, and its end */
};

static bool split(const char *path, struct steps *s)
{
	s->at[0] = 0;
	s->count = 1;
	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/')
			continue;
		if (s->count == FOLDERS_MAX || path[i + 1] == '/' || !path[i + 1])
			return false;
		s->at[s->count++] = i + 1;
	}
	s->at[s->count] = strlen(path);
	return true;
}

/* Each step of the path is off by its own Makefile, unless one further up names something beneath it as on. */
static tw_err ask_makefiles(struct question *q, const char *path, enum tw_compiled *ret)
{
	struct steps s;
	char name[PATH_MAX_BYTES + 8], why[TW_DETAIL_MAX] = "";
	bool off = false;
	enum said said;

	if (!split(path, &s))
		return TW_OK;
	for (size_t i = 0; i < s.count; i++)
		for (size_t k = i + 1; k <= s.count; k++) {
			name_of(path, s.at[i], s.at[k], name);
			TW_TRY(ask_makefile(q, path, s.at[i] ? s.at[i] - 1 : 0, name, &said));
			if (k > i + 1 && said == SAID_ON && !json_object_get(json_object_get(q->b->dirs, q->dir), TW_KBUILD_OPEN))
				return TW_OK;
			if (k == i + 1 && said == SAID_OFF && !off)
				(void)snprintf(why, sizeof why, "%s", q->why);
			off = off || (k == i + 1 && said == SAID_OFF);
		}
	if (off)
		*ret = TW_COMPILED_NOT;
	(void)snprintf(q->why, TW_DETAIL_MAX, "%s", why);
	return TW_OK;
}

static bool ends(const char *path, const char *end)
{
	size_t size = strlen(path), of = strlen(end);

	return size > of && !strcmp(path + size - of, end);
}

bool tw_built_source(const char *path)
{
	return ends(path, ".c") || ends(path, ".S") || ends(path, ".rs");
}

/* Of another architecture than the configuration is for. Two borrow each from another one. */
static bool other_arch(const struct tw_built *b, const char *path)
{
	size_t size = strlen(b->arch);

	if (!size || strncmp(path, "arch/", 5) != 0 || !strchr(path + 5, '/') || !strcmp(b->arch, "um"))
		return false;
	if (!strcmp(b->arch, "arm64") && !strncmp(path, "arch/arm/", 9))
		return false;
	if (!strcmp(b->arch, "i386") || !strcmp(b->arch, "x86_64"))
		return strncmp(path, "arch/x86/", 9) != 0;
	return strncmp(path + 5, b->arch, size) != 0 || path[5 + size] != '/';
}

static void ask_list(const struct tw_built *b, const char *file, enum tw_compiled *ret, char *why)
{
	if (json_object_get(b->files, file) || !(tw_built_source(file) || (b->headers && ends(file, ".h"))))
		return;
	*ret = TW_COMPILED_NOT;
	(void)snprintf(why, TW_DETAIL_MAX, "it is none of the %zu files that were built", json_object_size(b->files));
}

tw_err tw_built_ask(const struct tw_sys *sys, struct tw_built *b, const char *file, enum tw_compiled *ret, char why[TW_DETAIL_MAX])
{
	struct question q = { .sys = sys, .b = b, .why = why };

	*ret = TW_COMPILED_MAYBE;
	*why = '\0';
	while (!strncmp(file, "./", 2))
		file += 2;
	if (*file == '/' || strstr(file, "..") || strlen(file) > PATH_MAX_BYTES)
		return TW_OK;
	if (!strncmp(file, "Documentation/", 14)) {
		*ret = TW_COMPILED_NEVER;
		return TW_OK;
	}
	if (b->files) {
		ask_list(b, file, ret, why);
		return TW_OK;
	}
	if (!b->config || !tw_built_source(file))
		return TW_OK;
	if (other_arch(b, file)) {
		*ret = TW_COMPILED_NOT;
		(void)snprintf(why, TW_DETAIL_MAX, "the configuration is for the architecture %s", b->arch);
		return TW_OK;
	}
	return b->makefile ? ask_makefiles(&q, file, ret) : TW_OK;
}
