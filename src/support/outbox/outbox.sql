-- SPDX-License-Identifier: Apache-2.0
-- What goes out (outbox.h). state: 'waiting' (due at next_ms), 'sending' (a role may have it; durable before it gets it), 'sent', 'failed' (given up), 'dropped'.
-- What is sent or dropped keeps its key alone, so that nothing is sent again by the same cause; text, subject and secret are gone. next_ms is then when
-- that was, and TW_OUTBOX_KEPT_MS later the row goes; one that failed goes sooner, and one that asks (class 1) after two days whatever became of it.
-- number: the order, and the name an administrator uses. since_ms: when the first try began, 0: none yet. tries: begun. reason: what the last try came to, in words.

-- name: outbox_format_1
CREATE TABLE outbox (
	number INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	state TEXT NOT NULL,
	recipient TEXT NOT NULL,
	subject TEXT NOT NULL,
	text TEXT NOT NULL,
	unsubscribe TEXT NOT NULL,
	secret BLOB NOT NULL,
	added_ms INTEGER NOT NULL,
	next_ms INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	reason TEXT NOT NULL,
	class INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (state, kind, class, next_ms, number);

-- name: outbox_has
SELECT count(*) FROM outbox WHERE key = ?1;

-- name: outbox_waiting
SELECT count(*), count(*) FILTER (WHERE class = 1) FROM outbox WHERE state IN ('waiting', 'sending');

-- name: outbox_add
INSERT INTO outbox (key, kind, state, recipient, subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class)
VALUES (?1, ?2, 'waiting', ?3, ?4, ?5, ?6, ?7, ?8, ?8, 0, 0, '', ?9);

-- name: outbox_recover
UPDATE outbox SET state = 'waiting', next_ms = ?1, reason = ?2 WHERE state = 'sending';

-- name: outbox_next
SELECT number, next_ms FROM outbox WHERE state = 'waiting' AND kind = ?1 AND class = ?2 ORDER BY next_ms, number LIMIT 1;

-- name: outbox_take
UPDATE outbox SET state = 'sending', tries = tries + 1, since_ms = CASE WHEN since_ms = 0 THEN ?2 ELSE since_ms END
WHERE number = ?1 AND state = 'waiting';

-- name: outbox_one
SELECT kind, key, recipient, subject, text, unsubscribe, secret, added_ms, tries, since_ms, class FROM outbox WHERE number = ?1 AND state = 'sending';

-- name: outbox_untried
UPDATE outbox SET state = 'waiting', tries = tries - 1, since_ms = CASE WHEN tries = 1 THEN 0 ELSE since_ms END
WHERE number = ?1 AND state = 'sending';

-- name: outbox_later
UPDATE outbox SET state = 'waiting', next_ms = ?2, reason = ?3 WHERE number = ?1;

-- name: outbox_failed
UPDATE outbox SET state = 'failed', next_ms = ?2, reason = ?3 WHERE number = ?1;

-- name: outbox_over
UPDATE outbox SET state = ?2, next_ms = ?3, recipient = '', subject = '', text = '', unsubscribe = '', secret = x'', reason = ''
WHERE number = ?1;

-- name: outbox_withdraw
DELETE FROM outbox WHERE key = ?1 AND class = 1 AND state <> 'sending';

-- name: outbox_forget_asks
DELETE FROM outbox WHERE number IN (SELECT number FROM outbox
	WHERE state IN ('waiting', 'failed', 'sent', 'dropped') AND kind IN (0, 1) AND class = 1 AND added_ms <= ?1 LIMIT ?2);

-- name: outbox_forget_failed
DELETE FROM outbox WHERE number IN (SELECT number FROM outbox
	WHERE state = 'failed' AND kind IN (0, 1) AND class IN (0, 1, 2) AND next_ms < ?1 LIMIT ?2);

-- name: outbox_forget_over
DELETE FROM outbox WHERE number IN (SELECT number FROM outbox
	WHERE state IN ('sent', 'dropped') AND kind IN (0, 1) AND class IN (0, 1, 2) AND next_ms < ?1 LIMIT ?2);

-- name: outbox_bound_failed
DELETE FROM outbox WHERE number IN (SELECT number FROM outbox
	WHERE state = 'failed' AND kind IN (0, 1) AND class = ?1 ORDER BY next_ms DESC, number DESC LIMIT 9223372036854775807 OFFSET ?2);

-- name: outbox_counts
SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'sending'), count(*) FILTER (WHERE state = 'failed'),
	count(*) FILTER (WHERE state = 'sent') FROM outbox;

-- name: outbox_list
SELECT number, kind, key, state, recipient, subject, added_ms, next_ms, tries, reason FROM outbox
WHERE number > ?1 AND state IN ('waiting', 'sending', 'failed') AND (?2 = '' OR state = ?2) ORDER BY number LIMIT ?3;

-- name: outbox_state
SELECT state FROM outbox WHERE number = ?1;

-- name: outbox_again
UPDATE outbox SET state = 'waiting', next_ms = ?2, since_ms = 0, tries = 0 WHERE number = ?1;
