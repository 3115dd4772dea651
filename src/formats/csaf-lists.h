/* SPDX-License-Identifier: Apache-2.0 */
/* cwe.tsv and subtags.tsv, as the build takes them in; tools/gen-csaf-lists.py writes them. */
#ifndef TW_FORMATS_CSAF_LISTS_H
#define TW_FORMATS_CSAF_LISTS_H

extern const char tw_csaf_cwe[], tw_csaf_subtags[];

#endif
