/* SPDX-License-Identifier: Apache-2.0 */
#include "service/door/stream.h"

#include "base/log.h"
#include "base/text.h"
#include "service/path/operations.h"

#include <event2/event.h>
#include <sys/queue.h>

struct tw_stream {
	TAILQ_ENTRY(tw_stream) link;
	uint32_t id;
	const struct tw_operation_row *operation;
	struct tw_subject subject; /* as the path knew it */
	struct tw_buf head;        /* the request's, with its credentials: wiped at the end */
	bool has_client_key;
	uint8_t client_key[32];
	size_t window, credit;
	int64_t said_ms;
	struct tw_audit_follow at;
};
TAILQ_HEAD(stream_list, tw_stream);
struct tw_streams {
	struct tw_context *c;
	struct tw_stream_sink sink;
	struct stream_list list;
	unsigned count;
	struct event *turn, *beat;
};

static void drop(tw_streams *s, struct tw_stream *one)
{
	TAILQ_REMOVE(&s->list, one, link);
	s->count--;
	if (one->head.data)
		tw_wipe(one->head.data, one->head.size);
	tw_buf_done(&one->head);
	free(one);
	if (s->count == 0)
		(void)event_del(s->beat);
}

static void end(tw_streams *s, struct tw_stream *one)
{
	uint32_t id = one->id;

	drop(s, one);
	s->sink.end(s->sink.user, id);
}

static struct tw_stream *find(tw_streams *s, uint32_t id)
{
	struct tw_stream *one;

	TAILQ_FOREACH(one, &s->list, link)
	if (one->id == id)
		return one;
	return NULL;
}

/* Asked as the request was: by its own credentials, through the same gate. What cannot be asked is refused. Its roles are those of now: by them
   fields are withheld. */
static bool allowed(tw_streams *s, struct tw_stream *one)
{
	struct tw_request rq = { .subject = one->subject, .operation = one->operation, .has_client_key = one->has_client_key };
	struct tw_http_head head;
	struct tw_http_fault fault;

	if (tw_failed(tw_http_parse(tw_buf_slice(&one->head), &head, &fault)))
		return false;
	if (one->subject.door == TW_DOOR_HTTPS) {
		rq.subject.kind = TW_SUBJECT_ANYONE;
		(void)snprintf(rq.subject.name, sizeof rq.subject.name, "anyone");
		rq.subject.account[0] = '\0';
	}
	rq.head = &head;
	memcpy(rq.client_key, one->client_key, sizeof rq.client_key);
	if (!tw_path_allows(s->c, &rq) || !tw_subject_same(&rq.subject, &one->subject))
		return false;
	one->subject = rq.subject;
	return true;
}

struct piece {
	struct tw_context *c;
	const struct tw_stream *to;
	struct tw_buf text;
	tw_err result;
};

/* A record goes out as log.read would show it to the same subject. */
static tw_err write_event(struct piece *p, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *body = NULL;
	struct tw_buf *b = &p->text;

	TW_TRY(tw_op_log_record(r, &body));
	if (p->c->narrow)
		TW_TRY(p->c->narrow(p->c, &p->to->subject, p->to->operation, &body));
	TW_TRY(tw_buf_format(b, "id: %llu\nevent: %s\ndata: ", (unsigned long long)r->seq, tw_json_text(body, "type")));
	TW_TRY(tw_json_write(body, b)); /* compact: one line, whatever is in it */
	return tw_buf_text(b, "\n\n");
}

/* What does not fit any more is read again when there is room. */
static bool take_record(void *user, const struct tw_log_record *r)
{
	struct piece *p = user;
	size_t before = p->text.size;

	p->result = write_event(p, r);
	if (!tw_failed(p->result))
		return true;
	p->text.size = before;
	if (tw_is(p->result, TW_CODE_LIMIT) && before > 0)
		p->result = TW_OK;
	return false;
}

static tw_err put(tw_streams *s, struct tw_stream *one, struct tw_slice text)
{
	TW_TRY(s->sink.put(s->sink.user, one->id, text));
	one->credit -= text.size;
	one->said_ms = tw_time_boot_ms(s->c->time);
	return TW_OK;
}

/* Half the window: else each record would cost a message of its own and one back. */
static bool ready(const tw_streams *s, const struct tw_stream *one)
{
	return one->credit >= one->window / 2 && tw_audit_follow_behind(s->c->audit, &one->at);
}

/* What was read and could not be put is read again. */
static tw_err advance(tw_streams *s, struct tw_stream *one)
{
	const struct tw_audit_follow before = one->at;
	struct piece p = { .c = s->c, .to = one, .result = TW_OK };

	tw_buf_init(&p.text, s->c->sys, one->credit);
	tw_err e = tw_audit_follow_step(s->c->audit, &one->at, take_record, &p);
	if (!tw_failed(e))
		e = p.result;
	if (!tw_failed(e) && p.text.size > 0)
		e = put(s, one, tw_buf_slice(&p.text));
	if (tw_failed(e))
		one->at = before;
	tw_buf_done(&p.text);
	return e;
}

/* Each that can go on goes one step; then all others of the loop have their turn. */
static void on_turn(int fd, short what, void *user)
{
	tw_streams *s = user;
	struct tw_stream *one, *next;

	for (one = TAILQ_FIRST(&s->list); one; one = next) {
		next = TAILQ_NEXT(one, link);
		if (!ready(s, one))
			continue;
		tw_err e = allowed(s, one) ? advance(s, one) : TW_RAISE(DENIED, "not permitted any more");
		if (tw_is(e, TW_CODE_NOMEM))
			continue; /* the beat tries again */
		if (tw_failed(e) && !tw_is(e, TW_CODE_DENIED))
			tw_log_err(e, "a stream of the log ends");
		if (tw_failed(e))
			end(s, one);
	}
	tw_streams_wake(s);
}

void tw_streams_wake(tw_streams *s)
{
	static const struct timeval now;
	const struct tw_stream *one;

	if (!s || event_pending(s->turn, EV_TIMEOUT, NULL))
		return;
	TAILQ_FOREACH(one, &s->list, link)
	{
		if (ready(s, one)) {
			(void)event_add(s->turn, &now);
			return;
		}
	}
}

static void on_beat(int fd, short what, void *user)
{
	static const char comment[] = ": so far\n\n";
	tw_streams *s = user;
	struct tw_stream *one, *next;
	int64_t now = tw_time_boot_ms(s->c->time);

	for (one = TAILQ_FIRST(&s->list); one; one = next) {
		next = TAILQ_NEXT(one, link);
		bool due = now - one->said_ms >= TW_STREAM_BEAT_MS && one->credit >= sizeof comment;
		if (!allowed(s, one) || (due && tw_failed(put(s, one, TW_SLICE(comment)))))
			end(s, one);
	}
	tw_streams_wake(s);
}

tw_err tw_streams_new(struct tw_context *c, struct event_base *loop, const struct tw_stream_sink *sink, tw_streams **ret)
{
	tw_streams *s = TW_NEW(c->sys, tw_streams);

	if (!s)
		return TW_RAISE(NOMEM, "streams");
	s->c = c;
	s->sink = *sink;
	TAILQ_INIT(&s->list);
	s->turn = event_new(loop, -1, 0, on_turn, s);
	s->beat = event_new(loop, -1, EV_PERSIST, on_beat, s);
	if (!s->turn || !s->beat) {
		(void)tw_streams_free(s);
		return TW_RAISE(NOMEM, "streams");
	}
	*ret = s;
	return TW_OK;
}

tw_streams *tw_streams_free(tw_streams *s)
{
	struct tw_stream *one, *next;

	if (!s)
		return NULL;
	for (one = TAILQ_FIRST(&s->list); one; one = next) {
		next = TAILQ_NEXT(one, link);
		drop(s, one);
	}
	if (s->turn)
		event_free(s->turn);
	if (s->beat)
		event_free(s->beat);
	free(s);
	return NULL;
}

tw_err tw_streams_room(const tw_streams *s, const char *subject, struct tw_reply *rp)
{
	const struct tw_stream *one;
	unsigned same = 0;

	if (!s || s->count >= TW_STREAMS_MAX) {
		TW_TRY(tw_reply_problem(rp, 503, "streams", "stream.all", "Too many streams are open", "Try again in a moment.",
			"This device keeps %d streams open at a time.", TW_STREAMS_MAX));
		rp->retry_after_s = 5;
		return TW_OK;
	}
	TAILQ_FOREACH(one, &s->list, link)
	same += strcmp(tw_subject_key(&one->subject), subject) == 0;
	if (same < TW_STREAMS_PER_SUBJECT)
		return TW_OK;
	TW_TRY(tw_reply_problem(rp, 429, "streams", "stream.subject", "You have too many streams open", "Close one of them.",
		"One user may have %d streams open at a time.", TW_STREAMS_PER_SUBJECT));
	rp->retry_after_s = 5;
	return TW_OK;
}

static tw_err make(const tw_streams *s, uint32_t id, const struct tw_request *rq, struct tw_stream *one)
{
	one->id = id;
	one->operation = rq->operation;
	one->subject = rq->subject;
	one->has_client_key = rq->has_client_key;
	memcpy(one->client_key, rq->client_key, sizeof one->client_key);
	one->said_ms = tw_time_boot_ms(s->c->time);
	tw_buf_init(&one->head, s->c->sys, rq->head->size);
	TW_TRY(tw_buf_reserve(&one->head, rq->head->size));
	return tw_buf_add(&one->head, rq->head->method.at, rq->head->size); /* a head begins with its method */
}

tw_err tw_streams_open(tw_streams *s, uint32_t id, const struct tw_request *rq, uint64_t after, size_t window)
{
	static const struct timeval every = { .tv_sec = TW_STREAM_BEAT_MS / 1000 };
	TW_CLEANUP(tw_freep) struct tw_stream *one = TW_NEW(s->c->sys, struct tw_stream);

	if (!one)
		return TW_RAISE(NOMEM, "a stream");
	TW_TRY(tw_audit_follow(s->c->audit, after, &one->at));
	one->window = one->credit = window;
	tw_err e = make(s, id, rq, one);
	if (!tw_failed(e) && s->count == 0 && event_add(s->beat, &every) != 0)
		e = TW_RAISE(NOMEM, "a stream");
	if (tw_failed(e)) {
		tw_buf_done(&one->head);
		return e;
	}
	TAILQ_INSERT_TAIL(&s->list, one, link);
	s->count++;
	(void)TW_STEAL(one);
	tw_streams_wake(s);
	return TW_OK;
}

bool tw_streams_drained(tw_streams *s, uint32_t id, size_t size)
{
	struct tw_stream *one = find(s, id);

	if (!one)
		return true; /* it has ended meanwhile */
	if (size > one->window - one->credit)
		return false;
	one->credit += size;
	tw_streams_wake(s);
	return true;
}

void tw_streams_close(tw_streams *s, uint32_t id)
{
	struct tw_stream *one = find(s, id);

	if (one)
		drop(s, one);
}

/* A browser that comes again says in a header where it was (WHATWG HTML 9.2.5); it outranks what the address said at first. */
static bool read_place(const struct tw_context *c, const struct tw_request *rq, uint64_t *ret)
{
	const struct tw_http_field *last = rq->head ? tw_http_find(rq->head, "Last-Event-ID") : NULL;

	*ret = tw_audit_last(c->audit);
	if (last)
		return !tw_failed(tw_parse_u64(last->value, INT64_MAX, ret));
	if (rq->input && json_object_get(rq->input, "after"))
		*ret = (uint64_t)tw_json_int(rq->input, "after");
	return true;
}

tw_err tw_op_log_stream(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_audit_follow unused;

	if (!read_place(c, rq, &rp->stream_after))
		return tw_reply_problem(rp, 400, "input", "stream.place", "This is no place in the log",
			"Send the id of the last event you have, or none.", "Last-Event-ID is the number of a record.");
	tw_err e = tw_audit_follow(c->audit, rp->stream_after, &unused);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_reply_problem(rp, 410, "place-gone", "stream.place", "The log does not go on from there",
			"Read the log from its beginning: after=0, or from what log.read shows.", "%s", tw_err_detail());
	TW_TRY(e);
	TW_TRY(tw_streams_room(c->streams, tw_subject_key(&rq->subject), rp));
	rp->stream = rp->problem[0] == '\0';
	return TW_OK;
}
