/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/tar.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512
#define ID_MAX 07777777 /* seven octal digits */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], time[12], sum[8], type, link[100], magic[6], version[2], user[32],
		group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static const char zeros[BLOCK];

static void add_sum(struct header *h)
{
	const unsigned char *at = (const unsigned char *)h;
	unsigned sum = 0;

	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += at[i];
	(void)snprintf(h->sum, sizeof(h->sum), "%06o", sum);
}

tw_err tw_tar_add(struct tw_buf *b, const struct tw_tar_entry *e, struct tw_slice content)
{
	struct header h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	size_t size = strlen(e->path), tail = content.size % BLOCK;

	if (size == 0 || size >= sizeof(h.name) || content.size > ID_MAX)
		return TW_RAISE(LIMIT, "%s does not fit an archive", e->path);
	if (e->uid > ID_MAX || e->gid > ID_MAX)
		return TW_RAISE(LIMIT, "an archive holds ids up to %d, not %u:%u", ID_MAX, e->uid, e->gid);
	memcpy(h.name, e->path, size);
	h.type = e->path[size - 1] == '/' ? '5' : '0';
	(void)snprintf(h.mode, sizeof(h.mode), "%07o", (unsigned)e->mode & 07777);
	(void)snprintf(h.uid, sizeof(h.uid), "%07o", e->uid);
	(void)snprintf(h.gid, sizeof(h.gid), "%07o", e->gid);
	(void)snprintf(h.size, sizeof(h.size), "%011o", (unsigned)content.size);
	(void)snprintf(h.time, sizeof(h.time), "%011llo", (unsigned long long)(e->time_ms > 0 ? e->time_ms / 1000 : 0) & 077777777777);
	add_sum(&h);
	TW_TRY(tw_buf_add(b, &h, sizeof(h)));
	TW_TRY(tw_buf_add(b, content.at, content.size));
	return tail ? tw_buf_add(b, zeros, BLOCK - tail) : TW_OK;
}

tw_err tw_tar_end(struct tw_buf *b)
{
	TW_TRY(tw_buf_add(b, zeros, BLOCK));
	return tw_buf_add(b, zeros, BLOCK);
}
