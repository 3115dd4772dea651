/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that people write: a strict part of YAML by libyaml.
 *
 * No tags, anchors, aliases, merge keys, duplicate keys or several documents. Every scalar stays text (so `no` is "no"); the
 * schema of the file decides what it means. Every node remembers its line and column, and every error names them, from 1.
 */
#ifndef TW_BASE_YAML_H
#define TW_BASE_YAML_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum tw_yaml_kind { TW_YAML_TEXT, TW_YAML_MAP, TW_YAML_LIST };
typedef struct tw_yaml tw_yaml; /* a node; the root owns all */

tw_err tw_yaml_parse(const struct tw_sys *sys, struct tw_slice text, size_t max, tw_yaml **ret);
tw_yaml *tw_yaml_free(tw_yaml *root);
TW_DEFINE_FREEP(tw_yaml, tw_yaml_free)

enum tw_yaml_kind tw_yaml_kind(const tw_yaml *n);
unsigned tw_yaml_line(const tw_yaml *n);
unsigned tw_yaml_column(const tw_yaml *n);
const char *tw_yaml_text(const tw_yaml *n);              /* NULL unless a text */
size_t tw_yaml_count(const tw_yaml *n);                  /* entries of a map or list, 0 for a text */
const tw_yaml *tw_yaml_item(const tw_yaml *n, size_t i); /* i-th value of a list or map */
const char *tw_yaml_key(const tw_yaml *map, size_t i);
const tw_yaml *tw_yaml_key_node(const tw_yaml *map, size_t i); /* for the place of an unknown key */
const tw_yaml *tw_yaml_find(const tw_yaml *map, const char *key);

#endif
