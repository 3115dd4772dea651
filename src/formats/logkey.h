/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two files of the audit log: auditlog.c (bytes) and logverify.c (rules). */
#ifndef TW_FORMATS_LOGKEY_H
#define TW_FORMATS_LOGKEY_H
#include "formats/auditlog.h"

tw_err tw_log_key_next(uint8_t key[32]); /* the key of the next record, in place */
#endif
