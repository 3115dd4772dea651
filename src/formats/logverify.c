/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the audit log between records, segments and epochs: see auditlog.h for the list.
 *
 * Everything is read from the data; there is no index an attacker could point elsewhere (CVE-2023-31437). An epoch's key comes
 * from the caller and must fit the header it is used on, so that a log sealed again with a key of today is found
 * (CVE-2023-31439), and a log that was cut and then went on breaks the chain (CVE-2023-31438). The first fault ends the run:
 * behind it nothing can be said.
 */
#include "formats/auditlog.h"
#include "formats/logkey.h"

#include "base/json.h"
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#define SECTOR 512               /* disks write such pieces whole, or not at all */
#define KEYS_AT_ONCE 64          /* of a stretch: some 30 us */
#define KEY_STEPS_MAX 100000000u /* records of one epoch before the first segment at hand: 30 s of hashing */

struct tw_log_verifier {
	const struct tw_sys *sys;
	struct tw_log_verify how;
	struct tw_log_state state;
	struct tw_log_header header; /* of the present segment */
	struct tw_log_report report;
	uint8_t before[32]; /* chain before the present record */
	bool epoch_opened;  /* the present epoch has its first record */
	uint64_t *open;     /* intents without outcome, rising */
	size_t open_count, open_capacity, next_anchor;
	char name[48];
	uint8_t device[32];
	bool has_device, stopped;
	size_t at;              /* within the present segment: behind the last record read */
	uint64_t keys_left;     /* how often the key has to move on before the present segment's first record; 0 without a key */
	bool inside, header_ok; /* a segment is begun and not ended; its key was found to belong to it */
	bool rekey;             /* the run was taken up again, and the epoch's key is not at hand any more */
};

tw_err tw_log_verifier_new(const struct tw_sys *sys, const struct tw_log_verify *how, tw_log_verifier **ret)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = TW_NEW(sys, tw_log_verifier);
	if (!v)
		return TW_RAISE(NOMEM, "a log verifier");
	v->sys = sys;
	v->how = *how;
	v->report.keys_used = how->epoch_key != NULL;
	if (how->device) {
		TW_TRY(tw_key_fingerprint(how->device, v->device));
		v->has_device = true;
	}
	*ret = TW_STEAL(v);
	return TW_OK;
}

tw_log_verifier *tw_log_verifier_free(tw_log_verifier *v)
{
	if (v) {
		tw_wipe(&v->state, sizeof v->state);
		free(v->open);
	}
	free(v);
	return NULL;
}

void tw_log_verifier_report(const tw_log_verifier *v, struct tw_log_report *ret)
{
	*ret = v->report;
	ret->open_intents = v->open_count;
	ret->keys_used = v->report.keys_used && v->report.segments > 0;
	memcpy(ret->chain, v->state.chain, sizeof ret->chain);
}

bool tw_log_verifier_open_intent(const tw_log_verifier *v, size_t i, uint64_t *ret_seq)
{
	if (i >= v->open_count)
		return false;
	*ret_seq = v->open[i];
	return true;
}

/* What can be the log's fault. A key that could not be fetched, or memory, is not, and passes through. */
static bool is_finding(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNSUPPORTED);
}

/* Stops the run and says where. */
static tw_err fault(tw_log_verifier *v, tw_err e, const char *where)
{
	char detail[TW_DETAIL_MAX];
	if (!is_finding(e))
		return e;
	(void)snprintf(detail, sizeof detail, "%.160s", tw_err_detail());
	(void)snprintf(v->report.fault, sizeof v->report.fault, "segment %.40s, %s: %.160s", v->name, where, detail);
	v->stopped = true;
	return TW_RAISE(UNTRUSTED, "%s", v->report.fault);
}

/* --- Headers --- */

static tw_err follows_segment(const tw_log_verifier *v, const struct tw_log_header *h)
{
	const struct tw_log_header *before = &v->header;
	if (v->report.leftover)
		return TW_RAISE(UNTRUSTED, "the segment before is unfinished at record %llu, byte %zu, and yet it went on",
			(unsigned long long)v->state.next_seq, v->report.tail);
	if (h->first_seq != v->state.next_seq)
		return TW_RAISE(UNTRUSTED, "begins with record %llu where %llu belongs", (unsigned long long)h->first_seq,
			(unsigned long long)v->state.next_seq);
	if (memcmp(h->previous, v->state.chain, sizeof h->previous) != 0)
		return TW_RAISE(UNTRUSTED, "does not follow the segment before: the chain breaks here");
	if (h->epoch < before->epoch || h->boot_count < before->boot_count)
		return TW_RAISE(UNTRUSTED, "the epoch or the count of boots goes back");
	bool same_boot = memcmp(h->boot_id, before->boot_id, sizeof h->boot_id) == 0;
	if (same_boot != (h->boot_count == before->boot_count) || (h->epoch == before->epoch && !same_boot))
		return TW_RAISE(UNTRUSTED, "boot, count of boots and epoch do not agree with the segment before");
	return TW_OK;
}

static tw_err header_rules(tw_log_verifier *v, const struct tw_log_header *h)
{
	static const uint8_t zero[32];
	if (!v->has_device) {
		memcpy(v->device, h->device, sizeof v->device);
		v->has_device = true;
	}
	if (memcmp(h->device, v->device, sizeof v->device) != 0)
		return TW_RAISE(UNTRUSTED, "was written by another device");
	if (v->report.segments > 0)
		return follows_segment(v, h);
	if (h->first_seq == 1 && memcmp(h->previous, zero, sizeof zero) != 0)
		return TW_RAISE(UNTRUSTED, "the first segment names one before it");
	return TW_OK;
}

static tw_err epoch_key(tw_log_verifier *v, const struct tw_log_header *h)
{
	tw_err e = v->how.epoch_key ? v->how.epoch_key(v->how.user, h->epoch, v->state.key) : TW_RAISE(NOTFOUND, "no keys");
	v->state.has_key = !tw_failed(e);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		v->report.keys_used = false;
		return TW_OK;
	}
	TW_TRY(e);
	if (h->key_index > KEY_STEPS_MAX)
		return TW_RAISE(UNTRUSTED, "the header counts %llu earlier records of its epoch", (unsigned long long)h->key_index);
	v->keys_left = h->key_index;
	return TW_OK;
}

static tw_err enter(tw_log_verifier *v, const struct tw_log_header *h)
{
	bool first = v->report.segments == 0, new_epoch = first || h->epoch != v->header.epoch;
	TW_TRY(header_rules(v, h));
	if (new_epoch && !first && h->key_index != 0)
		return TW_RAISE(UNTRUSTED, "a new epoch begins with a count of records");
	if (!new_epoch && h->key_index != v->state.key_index)
		return TW_RAISE(UNTRUSTED, "the count of records in this epoch differs");
	v->keys_left = 0;
	if (new_epoch || v->rekey)
		TW_TRY(epoch_key(v, h));
	v->rekey = false;
	if (new_epoch)
		v->epoch_opened = h->key_index > 0;
	v->state.key_index = h->key_index;
	v->state.next_seq = h->first_seq;
	memcpy(v->state.chain, h->start, sizeof v->state.chain);
	v->header = *h;
	return TW_OK;
}

/* --- Records --- */

static tw_err intent_opened(tw_log_verifier *v, uint64_t seq)
{
	if (v->open_count == TW_LOG_OPEN_INTENTS_MAX)
		return TW_RAISE(UNTRUSTED, "more than %d intents without an outcome", TW_LOG_OPEN_INTENTS_MAX);
	if (v->open_count == v->open_capacity) {
		size_t capacity = v->open_capacity ? 2 * v->open_capacity : 8;
		uint64_t *more = v->sys->resize(v->sys, v->open, capacity * sizeof *more);
		if (!more)
			return TW_RAISE(NOMEM, "open intents");
		v->open = more;
		v->open_capacity = capacity;
	}
	v->open[v->open_count++] = seq;
	return TW_OK;
}

static tw_err intent_closed(tw_log_verifier *v, const json_t *body)
{
	const json_t *named = tw_json_get(body, "intent");
	if (json_integer_value(named) < 1) /* 0 where there is none */
		return TW_RAISE(UNTRUSTED, "an outcome that names no intent");
	uint64_t seq = (uint64_t)json_integer_value(named);
	for (size_t i = 0; i < v->open_count; i++) {
		if (v->open[i] != seq)
			continue;
		v->open_count--;
		memmove(v->open + i, v->open + i + 1, (v->open_count - i) * sizeof *v->open);
		return TW_OK;
	}
	if (seq < v->report.first_seq)
		return TW_OK; /* opened in a segment that is no longer here */
	return TW_RAISE(UNTRUSTED, "an outcome of record %llu, which is no open intent", (unsigned long long)seq);
}

static tw_err checkpoint_signature(tw_log_verifier *v, uint64_t seq, const char *text)
{
	uint8_t signature[TW_SIGNATURE_SIZE];
	size_t size = 0;
	struct tw_buf message;
	if (tw_failed(tw_parse_base64url(tw_slice_of(text), sizeof signature, signature, &size)) || size != sizeof signature)
		return TW_RAISE(UNTRUSTED, "a checkpoint whose signature is not 64 bytes of base64url");
	tw_buf_init(&message, v->sys, TW_LOG_CHECKPOINT_MESSAGE);
	tw_err e = tw_log_checkpoint_message(v->device, v->header.epoch, seq, v->before, &message);
	if (!tw_failed(e))
		e = tw_key_verify(v->how.device, &(struct tw_slice){ message.data, message.size }, 1, signature);
	tw_buf_done(&message);
	return e;
}

static tw_err checkpoint(tw_log_verifier *v, const struct tw_log_record *r, const json_t *body)
{
	static const struct tw_shape shape[] = { { "chain", TW_JSON_TEXT, true, 64, 64 }, { "epoch", TW_JSON_INT, true, 0, INT64_MAX },
		{ "seq", TW_JSON_INT, true, 0, INT64_MAX }, { "signature", TW_JSON_TEXT, true, 86, 86 }, { 0 } };
	uint8_t chain[32];
	TW_TRY(tw_json_check(body, shape));
	TW_TRY(tw_parse_hex(tw_slice_of(tw_json_text(body, "chain")), chain, sizeof chain));
	uint64_t seq = (uint64_t)tw_json_int(body, "seq");
	if (seq != r->seq - 1 || (uint64_t)tw_json_int(body, "epoch") != v->header.epoch || memcmp(chain, v->before, sizeof chain) != 0)
		return TW_RAISE(UNTRUSTED, "a checkpoint that names another record, epoch or chain");
	v->report.checkpoints++;
	if (!v->how.device)
		return TW_OK;
	TW_TRY(checkpoint_signature(v, seq, tw_json_text(body, "signature")));
	v->report.proven_seq = seq;
	return TW_OK;
}

static tw_err body_rules(tw_log_verifier *v, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	if (r->type == TW_LOG_INTENT)
		return intent_opened(v, r->seq);
	if (r->type != TW_LOG_OUTCOME && r->type != TW_LOG_CHECKPOINT)
		return TW_OK;
	TW_TRY(tw_json_parse(r->body, TW_LOG_BODY_MAX, &body));
	return r->type == TW_LOG_OUTCOME ? intent_closed(v, body) : checkpoint(v, r, body);
}

static tw_err anchor_rules(tw_log_verifier *v, const struct tw_log_record *r)
{
	while (v->next_anchor < v->how.anchor_count && v->how.anchors[v->next_anchor].seq < r->seq)
		v->next_anchor++;
	if (v->next_anchor == v->how.anchor_count || v->how.anchors[v->next_anchor].seq != r->seq)
		return TW_OK;
	if (memcmp(v->how.anchors[v->next_anchor].chain, r->chain, sizeof r->chain) != 0)
		return TW_RAISE(UNTRUSTED, "is not the record that the anchor remembers");
	v->report.proven_seq = r->seq;
	return TW_OK;
}

static tw_err record_rules(tw_log_verifier *v, const struct tw_log_record *r)
{
	if ((r->type == TW_LOG_OPEN) == v->epoch_opened)
		return TW_RAISE(UNTRUSTED,
			v->epoch_opened ? "an epoch is opened inside another" : "the epoch's first record does not open it");
	v->epoch_opened = true;
	TW_TRY(body_rules(v, r));
	return anchor_rules(v, r);
}

static bool all_zero(const char *at, size_t size)
{
	while (size > 0 && *at == 0)
		at++, size--;
	return size == 0;
}

/*
 * May an interrupted write have left these bytes? Then one sector's share of the first record in them never arrived. The share
 * is judged by the size the record states; a size that cannot be is itself a sign, when the sector ends inside that number.
 */
static bool looks_torn(struct tw_slice bytes, size_t tail, size_t leftover)
{
	struct tw_cursor c = tw_cursor_of(bytes.at + tail, bytes.size - tail);
	uint32_t stated = 0;
	if (leftover > TW_LOG_BATCH_MAX)
		return false;
	if (tw_failed(tw_cursor_u32(&c, &stated)) || stated > bytes.size - tail)
		return true; /* the file itself ends early */
	bool possible = stated >= TW_LOG_RECORD_MIN && stated <= TW_LOG_RECORD_MAX;
	size_t end = tail + (possible ? stated : leftover);
	for (size_t at = tail, next; at < end; at = next) {
		next = at / SECTOR * SECTOR + SECTOR < end ? at / SECTOR * SECTOR + SECTOR : end;
		if (all_zero(bytes.at + at, next - at) && (at > tail || !possible))
			return true;
	}
	return false;
}

static void measure_tail(tw_log_verifier *v, struct tw_slice bytes, size_t tail)
{
	size_t used = bytes.size;
	while (used > tail && bytes.at[used - 1] == 0)
		used--;
	v->report.tail = tail;
	v->report.leftover = used - tail;
	v->report.torn = v->report.leftover && looks_torn(bytes, tail, v->report.leftover);
}

/* No record at c: the end of the written part, a torn one, or a fault. */
static tw_err no_record(tw_log_verifier *v, struct tw_slice bytes, size_t tail, tw_err why, const char *where)
{
	if (!tw_is(why, TW_CODE_NOTFOUND) && !is_finding(why))
		return why;
	measure_tail(v, bytes, tail);
	if (v->report.torn || !v->report.leftover)
		return TW_OK;
	if (tw_is(why, TW_CODE_NOTFOUND))
		why = TW_RAISE(UNTRUSTED, "zeroes, and behind them %zu bytes that no record announces", v->report.leftover);
	return fault(v, why, where);
}

static tw_err one_record(tw_log_verifier *v, struct tw_slice bytes, struct tw_cursor *c, bool *ret_end)
{
	char where[64];
	struct tw_log_record r;
	size_t offset = tw_cursor_offset(c);
	memcpy(v->before, v->state.chain, sizeof v->before);
	(void)snprintf(where, sizeof where, "record %llu at byte %zu", (unsigned long long)v->state.next_seq, offset);
	tw_err e = tw_log_record_read(&v->state, c, &r);
	*ret_end = tw_failed(e);
	if (tw_failed(e))
		return no_record(v, bytes, offset, e, where);
	TW_TRY(fault(v, record_rules(v, &r), where));
	v->report.records++;
	v->report.last_seq = r.seq;
	if (v->how.record)
		v->how.record(v->how.user, &v->header, &r);
	return TW_OK;
}

tw_err tw_log_verifier_begin(tw_log_verifier *v, struct tw_slice bytes, const char *name)
{
	struct tw_log_header h;
	if (v->stopped)
		return TW_RAISE(UNTRUSTED, "%s", v->report.fault);
	(void)snprintf(v->name, sizeof v->name, "%s", name);
	v->at = TW_LOG_HEADER_SIZE;
	v->inside = true;
	v->header_ok = false;
	TW_TRY(fault(v, tw_log_header_read(bytes, &h), "header"));
	TW_TRY(fault(v, enter(v, &h), "header"));
	if (v->report.segments++ == 0)
		v->report.first_seq = h.first_seq;
	v->report.last_epoch = h.epoch;
	v->report.last_boot_count = h.boot_count;
	return TW_OK;
}

/* One stretch of the way to the key of the segment's first record. */
static tw_err approach(tw_log_verifier *v)
{
	for (int i = 0; i < KEYS_AT_ONCE && v->keys_left; i++, v->keys_left--)
		TW_TRY(tw_log_key_next(v->state.key));
	if (v->keys_left)
		return TW_OK;
	v->header_ok = true;
	return v->state.has_key ? fault(v, tw_log_header_check(&v->header, v->state.key), "header") : TW_OK;
}

tw_err tw_log_verifier_some(tw_log_verifier *v, struct tw_slice bytes, unsigned steps, bool *ret_end)
{
	struct tw_cursor c = tw_cursor_of(bytes.at, bytes.size);
	struct tw_slice before;
	bool end = false;
	if (v->stopped || !v->inside)
		return v->stopped ? TW_RAISE(UNTRUSTED, "%s", v->report.fault) : TW_RAISE(STATE, "no segment is begun");
	TW_TRY(tw_cursor_slice(&c, v->at, &before));
	for (; steps > 0 && !end; steps--) {
		if (!v->header_ok) {
			TW_TRY(approach(v));
			continue;
		}
		TW_TRY(one_record(v, bytes, &c, &end));
		v->at = tw_cursor_offset(&c);
	}
	v->inside = !end;
	*ret_end = end;
	return TW_OK;
}

size_t tw_log_verifier_at(const tw_log_verifier *v)
{
	return v->at;
}

tw_err tw_log_verifier_segment(tw_log_verifier *v, struct tw_slice bytes, const char *name)
{
	bool end = false;
	TW_TRY(tw_log_verifier_begin(v, bytes, name));
	while (!end)
		TW_TRY(tw_log_verifier_some(v, bytes, UINT_MAX, &end));
	return TW_OK;
}

/* --- Kept between two segments --- */

#define SAVED_VERSION 1

/* Every number of it, in order. */
#define SAVED_NUMBERS(v)                                                                                                          \
	{                                                                                                                         \
		&(v)->state.next_seq, &(v)->state.key_index, &(v)->header.epoch, &(v)->header.boot_count, &(v)->report.first_seq, \
			&(v)->report.last_seq, &(v)->report.records, &(v)->report.segments, &(v)->report.checkpoints,             \
			&(v)->report.proven_seq, &(v)->report.last_epoch, &(v)->report.last_boot_count,                           \
	}

tw_err tw_log_verifier_save(const tw_log_verifier *v, struct tw_buf *ret)
{
	const uint64_t *const numbers[] = SAVED_NUMBERS(v);
	if (v->inside || v->stopped || v->report.leftover)
		return TW_RAISE(STATE, "a run can be kept between two segments only");
	TW_TRY(tw_buf_u8(ret, SAVED_VERSION));
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_buf_u64(ret, *numbers[i]));
	TW_TRY(tw_buf_add(ret, v->state.chain, sizeof v->state.chain));
	TW_TRY(tw_buf_add(ret, v->header.boot_id, sizeof v->header.boot_id));
	TW_TRY(tw_buf_add(ret, v->device, sizeof v->device));
	TW_TRY(tw_buf_u8(ret, (uint8_t)(v->epoch_opened | v->has_device << 1 | v->report.keys_used << 2)));
	TW_TRY(tw_buf_u32(ret, (uint32_t)v->open_count));
	for (size_t i = 0; i < v->open_count; i++)
		TW_TRY(tw_buf_u64(ret, v->open[i]));
	return TW_OK;
}

static tw_err restore_intents(tw_log_verifier *v, struct tw_cursor *c)
{
	uint32_t count = 0;
	uint64_t seq = 0;
	TW_TRY(tw_cursor_u32(c, &count));
	if (count > TW_LOG_OPEN_INTENTS_MAX)
		return TW_RAISE(LIMIT, "%u open intents", count);
	for (uint32_t i = 0; i < count; i++) {
		TW_TRY(tw_cursor_u64(c, &seq));
		TW_TRY(intent_opened(v, seq));
	}
	return tw_cursor_end(c);
}

tw_err tw_log_verifier_restore(tw_log_verifier *v, struct tw_slice saved)
{
	uint64_t *const numbers[] = SAVED_NUMBERS(v);
	struct tw_cursor c = tw_cursor_of(saved.at, saved.size);
	uint8_t version = 0, flags = 0, device[32];
	if (v->report.segments > 0 || v->inside)
		return TW_RAISE(STATE, "this run has begun already");
	TW_TRY(tw_cursor_u8(&c, &version));
	if (version != SAVED_VERSION)
		return TW_RAISE(SYNTAX, "a kept run of version %u", version);
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		TW_TRY(tw_cursor_u64(&c, numbers[i]));
	TW_TRY(tw_cursor_bytes(&c, v->state.chain, sizeof v->state.chain));
	TW_TRY(tw_cursor_bytes(&c, v->header.boot_id, sizeof v->header.boot_id));
	TW_TRY(tw_cursor_bytes(&c, device, sizeof device));
	TW_TRY(tw_cursor_u8(&c, &flags));
	if (flags > 7)
		return TW_RAISE(SYNTAX, "a kept run with unknown marks");
	if (v->how.device && memcmp(device, v->device, sizeof device) != 0)
		return TW_RAISE(SYNTAX, "a kept run over another device's log");
	memcpy(v->device, device, sizeof device);
	v->epoch_opened = flags & 1;
	v->has_device = v->has_device || flags & 2;
	v->report.keys_used = v->report.keys_used && flags & 4;
	v->rekey = true;
	return restore_intents(v, &c);
}

tw_err tw_log_verifier_end(tw_log_verifier *v)
{
	char *fault_text = v->report.fault;
	size_t size = sizeof v->report.fault;
	const struct tw_log_anchor *last = v->how.anchor_count ? &v->how.anchors[v->how.anchor_count - 1] : NULL;
	if (!v->stopped && last && last->seq > v->report.last_seq) {
		v->stopped = true;
		(void)snprintf(fault_text, size, "the log ends before record %llu, which an anchor remembers",
			(unsigned long long)last->seq);
	} else if (!v->stopped && v->report.torn) {
		v->stopped = true;
		(void)snprintf(fault_text, size,
			"segment %.40s ends in an unfinished write: record %llu at byte %zu, %zu bytes. A power cut "
			"leaves such, and the device's next start records it",
			v->name, (unsigned long long)v->state.next_seq, v->report.tail, v->report.leftover);
	}
	return v->stopped ? TW_RAISE(UNTRUSTED, "%s", fault_text) : TW_OK;
}
