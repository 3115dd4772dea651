/* SPDX-License-Identifier: Apache-2.0 */
/* Names that provision.c and unit.c share. */
#ifndef TW_TEST_UNIT_FILES_H
#define TW_TEST_UNIT_FILES_H
#define TW_UNIT_OWNER_KEY "owner.key"
#define TW_UNIT_OWNER_CERT "owner.crt"
#endif
