/* SPDX-License-Identifier: Apache-2.0 */
/* What each role of the device is born with, made of the places that hands has opened. */
#ifndef TW_DEVICE_HANDS_PLAN_H
#define TW_DEVICE_HANDS_PLAN_H
#include "crypto/token-words.h"
#include "device/hands/places.h"
#include "service/parent/crew.h"
#include "service/parent/errands.h"

struct tw_plan {
	struct tw_crew_plan crew[TW_CREW_SIZE];
	struct tw_errand_row errands[TW_ERRANDS];
	char application[32], fetch[32], packages[32], errand_names[80], ports[80], keystore[TW_TOKEN_WORDS_MAX + 16]; /* words */
};
void tw_plan_make(const struct tw_places *at, struct tw_plan *ret); /* at and ret stay while it is used */
#endif
