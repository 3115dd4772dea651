/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/guard.h"

struct tw_ending tw_ending_in(const struct tw_context *c, int64_t lifetime_ms)
{
	if (lifetime_ms == 0)
		return (struct tw_ending){ .ends_ms = 0 };
	return (struct tw_ending){ .ends_ms = tw_time_wall_ms(c->time) + lifetime_ms,
		.boot_ms = tw_time_boot_ms(c->time) + lifetime_ms,
		.this_boot = true };
}

struct tw_ending tw_ending_first(struct tw_ending a, struct tw_ending b)
{
	if (!a.ends_ms || !b.ends_ms)
		return a.ends_ms ? a : b;
	return a.ends_ms <= b.ends_ms ? a : b;
}

struct tw_ending tw_ending_read(const struct tw_context *c, const tw_row *row, int column)
{
	struct tw_slice boot = tw_row_bytes(row, column + 1);

	return (struct tw_ending){ .ends_ms = tw_row_int(row, column),
		.boot_ms = tw_row_int(row, column + 2),
		.this_boot = boot.size == sizeof c->guard->boot_id && memcmp(boot.at, c->guard->boot_id, boot.size) == 0 };
}

void tw_ending_values(const struct tw_context *c, const struct tw_ending *e, struct tw_value ret[3])
{
	const struct tw_value null = { .kind = TW_VALUE_NULL };

	ret[0] = e->ends_ms ? TW_V_INT(e->ends_ms) : null;
	ret[1] = e->ends_ms && e->this_boot ? TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id) : null;
	ret[2] = e->ends_ms && e->this_boot ? TW_V_INT(e->boot_ms) : null;
}

bool tw_ending_over(const struct tw_context *c, const struct tw_ending *e)
{
	if (!e->ends_ms)
		return false;
	if (e->this_boot)
		return tw_time_boot_ms(c->time) >= e->boot_ms;
	return tw_time_trusted(c->time) && tw_time_wall_ms(c->time) >= e->ends_ms;
}

bool tw_ending_counts(const struct tw_context *c, const struct tw_ending *e)
{
	return tw_ending_over(c, e) || (e->ends_ms && !e->this_boot && !tw_time_trusted(c->time));
}
