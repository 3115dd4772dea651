/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planting faults after the fact: a sync that is left out changes nothing a program sees, so a journal without its effect is the
 * journal of a program that forgot it.
 */
#include "sys/fake.h"
#include "sys/fake-journal.h"

#include <string.h>

static struct tw_journal *journal_of(tw_fake *f)
{
	return (struct tw_journal *)(uintptr_t)tw_fake_journal(f);
}

static const char *kind_of(const struct tw_op *op)
{
	return op->kind_name ? op->kind_name : "";
}

const char *tw_fake_kind(const tw_fake *f, size_t point)
{
	return point == 0 ? "" : kind_of(&tw_fake_journal(f)->ops[point - 1]);
}

/* The last sync of what this rename renames, when nothing has changed it since; SIZE_MAX: none. */
static size_t sync_before(const struct tw_journal *j, size_t rename)
{
	for (size_t i = rename; i-- > 0;) {
		const struct tw_op *op = &j->ops[i];

		if (op->object == j->ops[rename].object && op->kind == TW_OP_SYNC)
			return i;
		if (op->object == j->ops[rename].object && op->kind != TW_OP_MARK)
			break;
	}
	return SIZE_MAX;
}

/* Takes an operation out and puts it in again, at `to` as it is counted afterwards. */
static void move(struct tw_journal *j, size_t from, size_t to)
{
	struct tw_op kept = j->ops[from];

	for (; from < to; from++)
		j->ops[from] = j->ops[from + 1];
	for (; from > to; from--)
		j->ops[from] = j->ops[from - 1];
	j->ops[to] = kept;
}

static void cover_again(struct tw_journal *j)
{
	for (size_t i = 0; i < j->op_count; i++)
		j->ops[i].covered = j->ops[i].covered_too = SIZE_MAX;
	for (size_t i = 0; i < j->op_count; i++)
		if (j->ops[i].kind == TW_OP_SYNC && !j->ops[i].spoilt)
			tw_journal_cover(j, i);
}

/* Syncs that were put behind a rename go back to where they were; the last one first. */
static void mend(struct tw_journal *j)
{
	for (size_t i = j->op_count; i-- > 0;) {
		if (j->ops[i].kind == TW_OP_MOVE && j->ops[i].spoilt)
			move(j, i + 1, i + 1 - j->ops[i].spoilt);
	}
	for (size_t i = 0; i < j->op_count; i++)
		j->ops[i].spoilt = 0;
}

static bool spoil(struct tw_journal *j, size_t at)
{
	size_t sync;

	if (j->ops[at].kind == TW_OP_SYNC) {
		j->ops[at].spoilt = 1;
		return true;
	}
	sync = sync_before(j, at);
	if (sync == SIZE_MAX)
		return false;
	j->ops[at].spoilt = at - sync;
	move(j, sync, at);
	return true;
}

size_t tw_fake_spoil(tw_fake *f, const char *kind)
{
	struct tw_journal *j = journal_of(f);
	size_t count = 0;

	mend(j);
	for (size_t i = 0; *kind && i < j->op_count; i++)
		if (!j->ops[i].spoilt && strcmp(kind_of(&j->ops[i]), kind) == 0)
			count += spoil(j, i);
	cover_again(j);
	return count;
}
