/* SPDX-License-Identifier: Apache-2.0 */
/* The customer documents of the capabilities (src/device/FOLDER/document.md), built in. */
#ifndef TW_TOOL_DOCUMENTS_H
#define TW_TOOL_DOCUMENTS_H
struct tw_capability_document {
	const char *folder; /* NULL ends */
	const char *text;
};
extern const struct tw_capability_document tw_capability_documents[];
extern const char tw_document_data_protection[];
extern const char tw_document_logical_access[];
extern const char tw_document_interfaces[];
extern const char tw_document_identification[]; /* one line for each file that src/tool/meson.build names */
#endif
