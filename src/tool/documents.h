/* SPDX-License-Identifier: Apache-2.0 */
/* The customer documents of the capabilities (FOLDER/document.md of src/device and src/support), built in. */
#ifndef TW_TOOL_DOCUMENTS_H
#define TW_TOOL_DOCUMENTS_H
struct tw_capability_document {
	const char *folder; /* NULL ends */
	const char *text;
	const char *support; /* of the manufacturer's server: its name; only a product that claims supporting details has this page */
};
extern const struct tw_capability_document tw_capability_documents[];
extern const char tw_document_data_protection[];
extern const char tw_document_logical_access[];
extern const char tw_document_interfaces[];
extern const char tw_document_query_reception[];
extern const char tw_document_questions[];
extern const char tw_document_subscriptions[];
extern const char tw_document_identification[]; /* one line for each file that src/tool/meson.build names */
#endif
