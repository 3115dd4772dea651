/* SPDX-License-Identifier: Apache-2.0 */
/* Every build but those with sanitizers: the table is what it is. */
#include "sys/sandbox-rows.h"

const bool tw_sandbox_san = false;
const struct tw_call_row tw_call_rows_san[] = { { 0 } };
