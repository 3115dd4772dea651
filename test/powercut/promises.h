/* SPDX-License-Identifier: Apache-2.0 */
/* What the workload's numbers mean; the judge holds it to them. */
#ifndef TW_TEST_PROMISES_H
#define TW_TEST_PROMISES_H
#define UNIT "unit"   /* the unit's directory, beneath the mounted one */
#define PROVISIONED 1 /* the unit can start */
#define OWNED 2       /* and has its owner */
/* OWNED + n: the setting was changed n times, so its version is n at least; odd is off, even is on. */
#define SETTING "/api/v1/settings/identification.remote-read"
#endif
