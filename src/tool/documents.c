/* SPDX-License-Identifier: Apache-2.0 */
/* One explicit list; the texts come from the capabilities' folders at build time. */
#include "tool/documents.h"

#include <stddef.h>

const struct tw_capability_document tw_capability_documents[] = {
	{ "identification", tw_document_identification },
	{ "data-protection", tw_document_data_protection },
	{ "logical-access", tw_document_logical_access },
	{ "interfaces", tw_document_interfaces },
	{ NULL, NULL },
};
