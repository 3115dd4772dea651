/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the one world's device with one block of memory missing that a handler or the JSON library asks for. */
#ifndef TW_TEST_UNIT_LACKING_H
#define TW_TEST_UNIT_LACKING_H
#include "one-world.h"

#include "device/platform/device.h"

static struct {
	struct tw_sys sys;
	const struct tw_sys *own;
	long until; /* that block is not to be had; 0: all are */
	bool fired;
} memory;

static inline bool lacks(void)
{
	bool now = memory.until > 0 && --memory.until == 0;

	memory.fired |= now;
	return now;
}

static inline void *lacking_alloc(const struct tw_sys *s, size_t size)
{
	return lacks() ? NULL : memory.own->alloc(memory.own, size);
}

static inline void *lacking_resize(const struct tw_sys *s, void *p, size_t size)
{
	return lacks() ? NULL : memory.own->resize(memory.own, p, size);
}

/* The status of what is asked without the nth block; memory.fired says whether it was asked for. */
static inline int ask_without(int (*ask)(const void *what), const void *what, long nth)
{
	struct tw_context *c = &device()->context;

	memory.own = c->sys;
	memory.sys = *c->sys;
	memory.sys.alloc = lacking_alloc;
	memory.sys.resize = lacking_resize;
	memory.until = nth;
	memory.fired = false;
	c->sys = &memory.sys;
	tw_json_use(&memory.sys);
	int status = ask(what);
	memory.until = 0;
	tw_json_use(tw_sys_real());
	c->sys = memory.own;
	return status;
}
#endif
