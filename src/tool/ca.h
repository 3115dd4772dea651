/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manufacturer's offline certificate authority: a directory.
 *
 *   ca.key ca.crt              issues device certificates and the manifest signer's; the trust anchor is ca.crt
 *   manifest.key manifest.crt  signs product manifests
 *   units.jsonl                one line for each step of each unit: what serial numbers are used, nothing secret
 *
 * Both keys are under one passphrase (ca-keys.h).
 */
#ifndef TW_TOOL_CA_H
#define TW_TOOL_CA_H
#include "product/compile.h"
#include "tool/ca-keys.h"

#define TW_CA_KEY "ca.key"
#define TW_CA_CERT "ca.crt"
#define TW_CA_MANIFEST_KEY "manifest.key"
#define TW_CA_MANIFEST_CERT "manifest.crt"

tw_err tw_ca_open(struct tw_tool *t, const char *path, int *ret_dir);
/* The signed manifest of one model. */
tw_err tw_ca_manifest(
	struct tw_tool *t, tw_ca_keys *keys, const json_t *product, const struct tw_product_choice *choice, struct tw_buf *ret);

/* units.jsonl. A unit is "begun" before its first file is written and "complete" after its last one. */
typedef struct tw_registry tw_registry;
tw_err tw_registry_open(const struct tw_sys *sys, int ca, tw_registry **ret); /* locks it; STATE when another holds it */
tw_err tw_registry_read(const struct tw_sys *sys, int ca, tw_registry **ret); /* to look only: no lock, nothing is made or mended */
tw_registry *tw_registry_free(tw_registry *r);
TW_DEFINE_FREEP(tw_registry, tw_registry_free)
const json_t *tw_registry_find(const tw_registry *r, const char *identifier); /* the unit's last line, or NULL */
const json_t *tw_registry_lines(const tw_registry *r);
tw_err tw_registry_append(tw_registry *r, const json_t *line);
/* The same for many lines: each is known at once, and durable after the next sync. After a failure the registry is not to be used on. */
tw_err tw_registry_add(tw_registry *r, const json_t *line);
tw_err tw_registry_sync(tw_registry *r);
#endif
