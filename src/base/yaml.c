/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events, put together into a tree by a stack of our own, so that the input's depth costs no stack and everything that
 * is not plain maps, lists and texts is refused where it stands.
 *
 * All nodes hang on one chain from the root; freeing follows the chain and never the tree.
 */
#include "base/yaml.h"
#include "base/text.h"

#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 32 /* people write five or six levels */
#define NODES_MAX 65536
#define MAP_KEYS_MAX 4096 /* the search for duplicates compares each with each */

struct tw_yaml {
	enum tw_yaml_kind kind;
	unsigned line, column;
	char *text;
	size_t count, capacity;
	tw_yaml **keys, **items; /* keys: of a map only */
	tw_yaml *next;           /* the chain of all nodes, from the root */
};

struct builder {
	const struct tw_sys *sys;
	yaml_parser_t parser;
	tw_yaml *root, *last;
	tw_yaml *stack[DEPTH_MAX];
	size_t depth, nodes;
	tw_yaml *key; /* of the innermost map, when its value is awaited */
	tw_yaml *keys[DEPTH_MAX];
	bool done;
};

#define RAISE_AT(name, mark, ...) raise_at(TW_CODE_##name, __LINE__, (mark).line + 1, (mark).column + 1, __VA_ARGS__)

static tw_err raise_at(enum tw_code code, int line, size_t at_line, size_t at_column, const char *what)
{
	return tw_raise(code, "tw_yaml_parse", line, "line %zu column %zu: %s", at_line, at_column, what);
}

tw_yaml *tw_yaml_free(tw_yaml *root)
{
	while (root) {
		tw_yaml *next = root->next;

		free(root->text);
		free(root->keys);
		free(root->items);
		free(root);
		root = next;
	}
	return NULL;
}

static tw_err new_node(struct builder *b, enum tw_yaml_kind kind, yaml_mark_t mark, tw_yaml **ret)
{
	tw_yaml *n;

	if (++b->nodes > NODES_MAX)
		return RAISE_AT(LIMIT, mark, "too many values");
	n = TW_NEW(b->sys, tw_yaml);
	if (!n)
		return TW_RAISE(NOMEM, "YAML value");
	n->kind = kind;
	n->line = (unsigned)mark.line + 1;
	n->column = (unsigned)mark.column + 1;
	if (b->last)
		b->last->next = n;
	else
		b->root = n;
	b->last = n;
	*ret = n;
	return TW_OK;
}

static tw_err grow(struct builder *b, tw_yaml *n)
{
	size_t capacity = n->capacity ? n->capacity * 2 : 8;
	tw_yaml **p;

	if (n->count < n->capacity)
		return TW_OK;
	p = b->sys->resize(b->sys, n->items, capacity * sizeof(tw_yaml *));
	if (!p)
		return TW_RAISE(NOMEM, "YAML list");
	n->items = p;
	if (n->kind == TW_YAML_MAP) {
		p = b->sys->resize(b->sys, n->keys, capacity * sizeof(tw_yaml *));
		if (!p)
			return TW_RAISE(NOMEM, "YAML map");
		n->keys = p;
	}
	n->capacity = capacity;
	return TW_OK;
}

static tw_err take_key(struct builder *b, const tw_yaml *map, tw_yaml *n, yaml_mark_t mark)
{
	if (n->kind != TW_YAML_TEXT)
		return RAISE_AT(SYNTAX, mark, "a key must be a text");
	if (strcmp(n->text, "<<") == 0)
		return RAISE_AT(SYNTAX, mark, "merge keys are not allowed");
	if (map->count >= MAP_KEYS_MAX)
		return RAISE_AT(LIMIT, mark, "too many keys");
	if (tw_yaml_find(map, n->text))
		return tw_raise(TW_CODE_SYNTAX, "tw_yaml_parse", __LINE__, "line %u column %u: the key '%.64s' stands here twice",
			n->line, n->column, n->text);
	b->key = n;
	return TW_OK;
}

/* Hangs a finished text, or a list or map just begun, where it belongs. */
static tw_err attach(struct builder *b, tw_yaml *n, yaml_mark_t mark)
{
	tw_yaml *top = b->depth ? b->stack[b->depth - 1] : NULL;

	if (!top)
		return TW_OK; /* the root */
	if (top->kind == TW_YAML_MAP && !b->key)
		return take_key(b, top, n, mark);
	TW_TRY(grow(b, top));
	if (top->kind == TW_YAML_MAP)
		top->keys[top->count] = b->key;
	top->items[top->count++] = n;
	b->key = NULL;
	return TW_OK;
}

static tw_err refuse_extras(const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return RAISE_AT(SYNTAX, e->start_mark, "anchors are not allowed");
	if (tag)
		return RAISE_AT(SYNTAX, e->start_mark, "tags are not allowed");
	return TW_OK;
}

static tw_err on_scalar(struct builder *b, const yaml_event_t *e)
{
	const char *value = (const char *)e->data.scalar.value;
	size_t length = e->data.scalar.length;
	tw_yaml *n;

	TW_TRY(refuse_extras(e, e->data.scalar.anchor, e->data.scalar.tag));
	if (memchr(value, 0, length))
		return RAISE_AT(SYNTAX, e->start_mark, "a text with a NUL");
	TW_TRY(new_node(b, TW_YAML_TEXT, e->start_mark, &n));
	n->text = tw_strndup(b->sys, value, length);
	if (!n->text)
		return TW_RAISE(NOMEM, "YAML text");
	return attach(b, n, e->start_mark);
}

static tw_err on_begin(struct builder *b, const yaml_event_t *e, enum tw_yaml_kind kind)
{
	tw_yaml *n;

	if (b->depth == DEPTH_MAX)
		return RAISE_AT(LIMIT, e->start_mark, "nested too deeply");
	TW_TRY(new_node(b, kind, e->start_mark, &n));
	TW_TRY(attach(b, n, e->start_mark));
	b->keys[b->depth] = b->key;
	b->stack[b->depth++] = n;
	b->key = NULL;
	return TW_OK;
}

static tw_err on_document(const struct builder *b, const yaml_event_t *e)
{
	if (b->root)
		return RAISE_AT(SYNTAX, e->start_mark, "a second document");
	if (e->data.document_start.version_directive ||
		e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
		return RAISE_AT(SYNTAX, e->start_mark, "directives are not allowed");
	return TW_OK;
}

static tw_err on_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(b, e);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		TW_TRY(refuse_extras(e, e->data.sequence_start.anchor, e->data.sequence_start.tag));
		return on_begin(b, e, TW_YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		TW_TRY(refuse_extras(e, e->data.mapping_start.anchor, e->data.mapping_start.tag));
		return on_begin(b, e, TW_YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		b->key = b->keys[b->depth];
		return TW_OK;
	case YAML_ALIAS_EVENT:
		return RAISE_AT(SYNTAX, e->start_mark, "aliases are not allowed");
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return TW_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return TW_OK;
	}
	return TW_RAISE(INTERNAL, "a YAML event of no kind");
}

static tw_err parser_failed(const yaml_parser_t *p)
{
	yaml_mark_t mark = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		return TW_RAISE(NOMEM, "YAML parser");
	if (p->error == YAML_READER_ERROR)
		return TW_RAISE(SYNTAX, "byte %zu: %s", p->problem_offset, p->problem ? p->problem : "not text");
	return raise_at(TW_CODE_SYNTAX, __LINE__, mark.line + 1, mark.column + 1, p->problem ? p->problem : "not YAML");
}

static tw_err build(struct builder *b)
{
	while (!b->done) {
		yaml_event_t e;
		tw_err err;

		if (!yaml_parser_parse(&b->parser, &e))
			return parser_failed(&b->parser);
		err = on_event(b, &e);
		yaml_event_delete(&e);
		TW_TRY(err);
	}
	if (!b->root)
		return TW_RAISE(SYNTAX, "line 1 column 1: the file is empty");
	return TW_OK;
}

tw_err tw_yaml_parse(const struct tw_sys *sys, struct tw_slice text, size_t max, tw_yaml **ret)
{
	struct builder b = { .sys = sys };
	tw_err e;

	if (text.size > max)
		return TW_RAISE(LIMIT, "YAML of %zu bytes, limit %zu", text.size, max);
	if (!tw_utf8_valid(text))
		return TW_RAISE(SYNTAX, "not valid UTF-8");
	if (!yaml_parser_initialize(&b.parser))
		return TW_RAISE(NOMEM, "YAML parser");
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.size ? text.at : ""), text.size);
	e = build(&b);
	yaml_parser_delete(&b.parser);
	if (tw_failed(e)) {
		(void)tw_yaml_free(b.root);
		return e;
	}
	*ret = b.root;
	return TW_OK;
}

enum tw_yaml_kind tw_yaml_kind(const tw_yaml *n)
{
	return n->kind;
}

unsigned tw_yaml_line(const tw_yaml *n)
{
	return n->line;
}

unsigned tw_yaml_column(const tw_yaml *n)
{
	return n->column;
}

const char *tw_yaml_text(const tw_yaml *n)
{
	return n->kind == TW_YAML_TEXT ? n->text : NULL;
}

size_t tw_yaml_count(const tw_yaml *n)
{
	return n->count;
}

const tw_yaml *tw_yaml_item(const tw_yaml *n, size_t i)
{
	return i < n->count ? n->items[i] : NULL;
}

const tw_yaml *tw_yaml_key_node(const tw_yaml *map, size_t i)
{
	return map->kind == TW_YAML_MAP && i < map->count ? map->keys[i] : NULL;
}

const char *tw_yaml_key(const tw_yaml *map, size_t i)
{
	const tw_yaml *key = tw_yaml_key_node(map, i);

	return key ? key->text : NULL;
}

const tw_yaml *tw_yaml_find(const tw_yaml *map, const char *key)
{
	if (map->kind != TW_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}
