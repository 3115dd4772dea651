/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS at another port of the same addresses, while the device runs.
 *
 * The listeners that the command line names keep their ports meanwhile, and answer nobody: there is always a way back.
 */
#ifndef TW_DEVICE_HANDS_MOVE_H
#define TW_DEVICE_HANDS_MOVE_H
#include "device/hands/places.h"
#include "service/parent/loop.h"

struct tw_move {
	struct tw_mover base;
	const struct tw_sys *sys;
	const struct tw_places *at;
	struct tw_crew_plan *front;
	int moved[TW_LISTEN_MAX]; /* open while base.port is not 0 */
	size_t count;
};
tw_err tw_move_to(struct tw_mover *base, uint16_t port); /* the mover's to */
void tw_move_done(struct tw_move *m);
#endif
