/* SPDX-License-Identifier: Apache-2.0 */
/* What of a kernel's source is compiled: see kbuild.h. Here the texts: configuration, list of files, Makefiles. */
#include "formats/kbuild.h"

#include "base/mem.h"
#include "base/text.h"

#define LINE_MAX_BYTES 16384 /* of a Makefile, its continuations joined; the longest have 3,000 */

static struct tw_slice next_line(struct tw_slice *s)
{
	const char *end = memchr(s->at, '\n', s->size);
	struct tw_slice line = { s->at, end ? (size_t)(end - s->at) : s->size };

	*s = (struct tw_slice){ s->at + line.size + !!end, s->size - line.size - !!end };
	line.size -= line.size && line.at[line.size - 1] == '\r';
	return line;
}

static bool begins(struct tw_slice s, const char *text)
{
	size_t size = strlen(text);

	return s.size >= size && !memcmp(s.at, text, size);
}

static tw_err set_value(json_t *map, struct tw_slice key, json_t *value)
{
	char name[1024];

	if (!value)
		return TW_RAISE(NOMEM, "a value");
	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(key));
	return tw_json_set(map, name, value);
}

/* --- The configuration --- */

static bool option_name(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (!((s.at[i] >= 'A' && s.at[i] <= 'Z') || (s.at[i] >= 'a' && s.at[i] <= 'z') ||
			    (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '_'))
			return false;
	return s.size > 0 && s.size < 128;
}

/* "# Linux/arm64 6.6.1 Kernel Configuration" */
static void take_arch(struct tw_slice line, struct tw_built *b)
{
	size_t size = 0;

	if (!begins(line, "# Linux/"))
		return;
	while (8 + size < line.size && line.at[8 + size] != ' ')
		size++;
	if (size < sizeof b->arch && option_name((struct tw_slice){ line.at + 8, size }))
		(void)snprintf(b->arch, sizeof b->arch, "%.*s", (int)size, line.at + 8);
}

static tw_err take_option(struct tw_slice line, size_t number, struct tw_built *b)
{
	const char *equals = memchr(line.at, '=', line.size);
	size_t size = equals ? (size_t)(equals - line.at) - 7 : 0;
	char value[64];

	if (!equals || !begins(line, "CONFIG_") || !option_name((struct tw_slice){ line.at + 7, size }))
		return TW_RAISE(SYNTAX, "line %zu: want CONFIG_NAME=value or a remark", number);
	(void)snprintf(value, sizeof value, "%.*s", (int)(line.size - size - 8), equals + 1);
	tw_utf8_mend(value);
	return set_value(b->config, (struct tw_slice){ line.at + 7, size }, json_string(value));
}

tw_err tw_built_config(struct tw_slice text, struct tw_built *b)
{
	struct tw_slice rest = text;

	if (text.size > TW_KCONFIG_MAX)
		return TW_RAISE(LIMIT, "a configuration of %zu bytes, at most %d are read", text.size, TW_KCONFIG_MAX);
	if (!b->config && !(b->config = json_object()))
		return TW_RAISE(NOMEM, "a configuration");
	for (size_t number = 1; rest.size; number++) {
		struct tw_slice line = next_line(&rest);

		take_arch(line, b);
		if (line.size && *line.at != '#')
			TW_TRY(take_option(line, number, b));
	}
	if (!json_object_size(b->config))
		return TW_RAISE(SYNTAX, "no option is set in it: that is no kernel's configuration");
	return TW_OK;
}

/* --- The list of files --- */

tw_err tw_built_files(struct tw_slice text, struct tw_built *b)
{
	struct tw_slice rest = text;
	char path[1024];

	if (text.size > TW_BUILT_MAX)
		return TW_RAISE(LIMIT, "a list of %zu bytes, at most %d are read", text.size, TW_BUILT_MAX);
	if (!b->files && !(b->files = json_object()))
		return TW_RAISE(NOMEM, "a list of files");
	for (size_t number = 1; rest.size; number++) {
		struct tw_slice line = next_line(&rest);

		while (begins(line, "./"))
			line = (struct tw_slice){ line.at + 2, line.size - 2 };
		if (!line.size || *line.at == '#')
			continue;
		if (number > TW_BUILT_LINES_MAX)
			return TW_RAISE(LIMIT, "a list of more than %d files", TW_BUILT_LINES_MAX);
		if (*line.at == '/' || begins(line, "../") || line.size > 1000 || !tw_text_printable(line))
			return TW_RAISE(SYNTAX, "line %zu: want a path from the root of the source tree", number);
		b->headers = b->headers || (line.size > 2 && !memcmp(line.at + line.size - 2, ".h", 2));
		(void)snprintf(path, sizeof path, TW_SLICE_FMT, TW_SLICE_ARG(line));
		b->sources = b->sources || tw_built_source(path);
		TW_TRY(tw_json_set(b->files, path, json_true()));
	}
	if (!b->sources)
		return TW_RAISE(SYNTAX, "no source file (.c, .S, .rs) is in this list of what was built");
	return TW_OK;
}

void tw_built_done(struct tw_built *b)
{
	json_decref(b->config);
	json_decref(b->files);
	json_decref(b->dirs);
	*b = (struct tw_built){ 0 };
}

/* --- Makefiles --- */

/* Lists of what is built or descended into; any other name before '-' is that of an object made of parts. */
static bool is_root(struct tw_slice name)
{
	static const char *const roots[] = { "obj", "lib", "extra", "always", "core", "drivers", "libs", "net", "virt", "init",
		"head", "subdir", "targets", "hostprogs", "userprogs", "pi", "vdso" };

	for (size_t i = 0; i < TW_COUNT(roots); i++)
		if (tw_slice_is(name, roots[i]))
			return true;
	return false;
}

/* Of the left side: "obj-$(CONFIG_A)", "foo-y", "foo-objs". False: no list of objects. */
static bool split_left(struct tw_slice left, struct tw_slice *ret_name, char option[128])
{
	const char *dollar = memchr(left.at, '$', left.size);
	size_t dash = dollar ? (size_t)(dollar - left.at) : left.size;

	(void)snprintf(option, 128, "?");
	if (dollar && (!dash || left.at[dash - 1] != '-')) {
		*ret_name = TW_SLICE("obj"); /* whose parts they are is not known */
		return true;
	}
	while (dash && left.at[dash - 1] != '-')
		dash--;
	if (dash < 2)
		return false;
	*ret_name = (struct tw_slice){ left.at, dash - 1 };
	struct tw_slice word = { left.at + dash, left.size - dash };
	if (tw_slice_is(word, "y") || tw_slice_is(word, "m") || tw_slice_is(word, "objs"))
		(void)snprintf(option, 128, "y");
	else if (begins(word, "$(CONFIG_") && word.at[word.size - 1] == ')' &&
		option_name((struct tw_slice){ word.at + 9, word.size - 10 }))
		(void)snprintf(option, 128, "%.*s", (int)(word.size - 10), word.at + 9);
	return true;
}

static tw_err add_word(json_t *map, struct tw_slice word, struct tw_slice name, const char *option)
{
	char key[512], owner[512] = "";

	(void)snprintf(key, sizeof key, TW_SLICE_FMT, TW_SLICE_ARG(word));
	if (!is_root(name))
		(void)snprintf(owner, sizeof owner, TW_SLICE_FMT ".o", TW_SLICE_ARG(name));
	json_t *list = json_object_get(map, key);
	if (!list) {
		list = json_array();
		TW_TRY(tw_json_set(map, key, list));
	}
	return tw_json_append(list, json_pack("[s, s]", owner, option));
}

/* What such a Makefile builds besides cannot be told. */
static tw_err set_open(json_t *map)
{
	return tw_json_set(map, TW_KBUILD_OPEN, json_true());
}

static struct tw_slice next_word(struct tw_slice *s)
{
	size_t from = 0, size = 0;

	while (from < s->size && (s->at[from] == ' ' || s->at[from] == '\t'))
		from++;
	while (from + size < s->size && s->at[from + size] != ' ' && s->at[from + size] != '\t')
		size++;
	struct tw_slice word = { s->at + from, size };
	*s = (struct tw_slice){ s->at + from + size, s->size - from - size };
	return word;
}

static tw_err read_words(struct tw_slice right, struct tw_slice name, const char *option, json_t *map)
{
	while (right.size) {
		struct tw_slice word = next_word(&right);

		if (!word.size || *word.at == '#')
			break;
		if (memchr(word.at, '$', word.size) || word.size > 400)
			TW_TRY(set_open(map));
		else if (tw_text_printable(word))
			TW_TRY(add_word(map, word, name, option));
	}
	return TW_OK;
}

/* "obj-$(CONFIG_A) += a.o b/". */
static tw_err read_line(struct tw_slice line, json_t *map)
{
	const char *equals = memchr(line.at, '=', line.size);
	struct tw_slice rest = line, first = next_word(&rest), left = { line.at, equals ? (size_t)(equals - line.at) : 0 }, name;
	char option[128];

	if (tw_slice_is(first, "include") || tw_slice_is(first, "-include") || begins(first, "$(eval"))
		return set_open(map);
	while (left.size && strchr(" \t+:?", left.at[left.size - 1]))
		left.size--;
	while (left.size && (*left.at == ' ' || *left.at == '\t'))
		left = (struct tw_slice){ left.at + 1, left.size - 1 };
	if (!left.size || *left.at == '#' || left.size > 400 || !tw_text_printable(left) || !split_left(left, &name, option))
		return TW_OK;
	return read_words((struct tw_slice){ equals + 1, line.size - (size_t)(equals - line.at) - 1 }, name, option, map);
}

/* A line with those that go on behind it, in one. */
struct joined {
	char text[LINE_MAX_BYTES];
	size_t size;
};

static tw_err join(struct joined *j, struct tw_slice line, json_t *map)
{
	if (line.size >= sizeof j->text - j->size)
		return set_open(map);
	if (line.size)
		memcpy(j->text + j->size, line.at, line.size);
	j->size += line.size;
	j->text[j->size] = ' ';
	j->size += j->size < sizeof j->text - 1;
	return TW_OK;
}

tw_err tw_kbuild_read(struct tw_slice text, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *map = json_object();
	struct tw_slice rest = text;
	struct joined j;

	if (!map)
		return TW_RAISE(NOMEM, "a Makefile");
	if (text.size > TW_KBUILD_MAX)
		return TW_RAISE(LIMIT, "a Makefile of %zu bytes, at most %d are read", text.size, TW_KBUILD_MAX);
	for (j.size = 0; rest.size;) {
		struct tw_slice one = next_line(&rest);
		bool more = one.size && one.at[one.size - 1] == '\\';

		one.size -= more;
		TW_TRY(join(&j, one, map));
		if (more && rest.size)
			continue;
		TW_TRY(read_line((struct tw_slice){ j.text, j.size }, map));
		j.size = 0;
	}
	*ret = TW_STEAL(map);
	return TW_OK;
}
