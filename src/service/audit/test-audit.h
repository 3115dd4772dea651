/* SPDX-License-Identifier: Apache-2.0 */
/* A log in a directory of its own, with keys as the keys role gives them, and the verifier's word on what is there. */
#ifndef TW_SERVICE_TEST_AUDIT_H
#define TW_SERVICE_TEST_AUDIT_H
#include "service/audit/audit-internal.h"

#include "service/test-dir.h"
#include "sys/durable.h"
#include "sys/fake.h"

#define SEGMENT (256 * 1024)

static struct test_dir dir;
static tw_key *device_key;

struct keys {
	uint64_t handed_out; /* the highest epoch */
};

/* As the keys role: every epoch once, rising; a first key is a function of the epoch. */
static inline tw_err epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	struct keys *k = user;
	if (epoch <= k->handed_out)
		return TW_RAISE(STATE, "epoch %llu is past", (unsigned long long)epoch);
	k->handed_out = epoch;
	memset(ret, (int)(epoch & 0xff) + 1, 32);
	return TW_OK;
}

static inline tw_err old_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	struct keys *k = user;
	if (k && (epoch == 0 || epoch >= k->handed_out))
		return TW_RAISE(DENIED, "epoch %llu is not closed", (unsigned long long)epoch);
	memset(ret, (int)(epoch & 0xff) + 1, 32);
	return TW_OK;
}

static inline tw_err sign(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_key_sign(device_key, &message, 1, ret);
}

struct bench {
	struct keys keys;
	struct tw_audit_keys calls;
	struct tw_time time;
	struct tw_audit_options options;
};

static inline void bench_init(struct bench *b, const struct tw_sys *sys, int fd)
{
	*b = (struct bench){ 0 };
	b->calls = (struct tw_audit_keys){ epoch_key, sign, &b->keys, old_key };
	tw_time_init(&b->time, sys, 0);
	b->options = (struct tw_audit_options){
		.dir = fd, .segment_size = SEGMENT, .boot_count = 1, .device_key = device_key, .keys = &b->calls, .time = &b->time
	};
	CHECK_OK(tw_key_fingerprint(device_key, b->options.device));
}

static inline tw_audit *open_log(struct bench *b, const struct tw_sys *sys)
{
	tw_audit *a = NULL;
	CHECK_OK(tw_audit_open(sys, &b->options, &a));
	return a;
}

/* A new log on the real seam. */
static inline tw_audit *begin_log(struct bench *b)
{
	bench_init(b, tw_sys_real(), dir.fd);
	return open_log(b, tw_sys_real());
}

/* The first epoch ends, and which one comes after which can be told. */
static inline void end_first_epoch(tw_audit *a)
{
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_INT(tw_audit_epoch_after(a, 0), 1);
	CHECK_INT(tw_audit_epoch_after(a, 1), 2);
	CHECK_INT(tw_audit_epoch_after(a, 2), 0);
}

static inline void add(tw_audit *a, enum tw_log_type type, const char *text)
{
	CHECK_OK(tw_audit_append_text(a, type, tw_slice_of(text), NULL));
}

static inline void add_many(tw_audit *a, size_t count, size_t size)
{
	char body[2048];
	CHECK(size < sizeof body);
	snprintf(body, sizeof body, "{\"a\":\"%0*d\"}", (int)size - 8, 0);
	for (size_t i = 0; i < count; i++)
		add(a, TW_LOG_READ, body);
}

/* The whole directory through the verifier, with keys. */
static inline void verify(const struct test_dir *d, const char *wanted_fault, struct tw_log_report *ret)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_log_verify how = { .device = device_key, .epoch_key = old_key };
	tw_log_verifier *v = NULL;
	char names[64][40];
	size_t count = 0;
	DIR *list = opendir(d->path);
	for (struct dirent *e = readdir(list); e; e = readdir(list)) {
		size_t n = strlen(e->d_name);
		if (n == 26 && strcmp(e->d_name + 20, ".twlog") == 0 && count < 64)
			memcpy(names[count++], e->d_name, n + 1);
	}
	closedir(list);
	qsort(names, count, sizeof names[0], (int (*)(const void *, const void *))strcmp);
	CHECK_OK(tw_log_verifier_new(sys, &how, &v));
	tw_err e = TW_OK;
	for (size_t i = 0; i < count && !tw_failed(e); i++) {
		struct tw_buf b;
		tw_buf_init(&b, sys, 1 << 24);
		CHECK_OK(tw_durable_read(sys, d->fd, names[i], 1 << 24, &b));
		e = tw_log_verifier_segment(v, tw_buf_slice(&b), names[i]);
		tw_buf_done(&b);
	}
	tw_log_verifier_report(v, ret);
	tw_log_verifier_free(v);
	if (!wanted_fault)
		return;
	if (!strstr(ret->fault, wanted_fault) || (!wanted_fault[0] && ret->fault[0]))
		fail_msg("fault: got \"%s\", want \"%s\"", ret->fault, wanted_fault);
}

static inline int set_up(void **state)
{
	dir = test_dir_new();
	return tw_failed(tw_key_generate(tw_sys_real(), &device_key)) ? -1 : 0;
}

static inline int tear_down(void **state)
{
	test_dir_done(&dir);
	device_key = tw_key_free(device_key);
	return 0;
}

static inline void write_at(const char *name, off_t offset, const char *bytes, size_t size)
{
	int fd = openat(dir.fd, name, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(pwrite(fd, bytes, size, offset), size);
	close(fd);
}
#endif
