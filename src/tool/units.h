/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the list of an owner's devices: which unit it is, and whom it is assigned to. */
#ifndef TW_TOOL_UNITS_H
#define TW_TOOL_UNITS_H
#include "tool/owner.h"

/* identity: the answer of identity.read. The line says device, identifier, model, product_version, address and, where somebody
   is named, assigned_to. The caller owns it. */
tw_err tw_units_line(const struct tw_device *d, const json_t *identity, json_t **ret);
#endif
