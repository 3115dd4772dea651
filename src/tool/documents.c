/* SPDX-License-Identifier: Apache-2.0 */
/* One explicit list; the texts come from the capabilities' folders at build time. */
#include "tool/documents.h"

#include <stddef.h>

const struct tw_capability_document tw_capability_documents[] = {
	{ "identification", tw_document_identification, NULL },
	{ "data-protection", tw_document_data_protection, NULL },
	{ "logical-access", tw_document_logical_access, NULL },
	{ "interfaces", tw_document_interfaces, NULL },
	{ "query-reception", tw_document_query_reception, "Questions and reports" },
	{ "questions", tw_document_questions, "Answers to your questions" },
	{ "subscriptions", tw_document_subscriptions, "What you are told, and when" },
	{ NULL, NULL, NULL },
};
