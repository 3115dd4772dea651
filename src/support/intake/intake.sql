-- SPDX-License-Identifier: Apache-2.0
-- Mail that comes in (intake.h). intake_box: the mailbox's UIDVALIDITY, and the UID up to which all is taken. intake_mail: what became of each message, by a
-- digest of what it says, so that one which comes again under another number is known; sender: a digest of the address. answered: a receipt went there.
-- intake_canary: what the service sent itself by each way; mark: a digest of its code, seen: what whoever sent it saw. intake_alarm (ways.h): of what does not arrive,
-- or of room that is nearly used up; late: what came behind it.

-- name: intake_format_1
CREATE TABLE intake_box (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	validity INTEGER NOT NULL,
	uid INTEGER NOT NULL
) STRICT;
CREATE TABLE intake_mail (
	key BLOB PRIMARY KEY NOT NULL,
	at_ms INTEGER NOT NULL,
	what TEXT NOT NULL,
	report INTEGER NOT NULL,
	sender BLOB NOT NULL,
	answered INTEGER NOT NULL
) STRICT;
CREATE INDEX intake_mail_at ON intake_mail (at_ms);
CREATE INDEX intake_mail_sender ON intake_mail (sender, at_ms);
CREATE TABLE intake_canary (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	mark BLOB NOT NULL UNIQUE CHECK (length(mark) = 32),
	channel TEXT NOT NULL,
	sent_ms INTEGER NOT NULL,
	arrived_ms INTEGER NOT NULL,
	seen TEXT NOT NULL
) STRICT;
CREATE INDEX intake_canary_of ON intake_canary (channel, id);
CREATE INDEX intake_canary_sent ON intake_canary (sent_ms);
CREATE TABLE intake_alarm (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	channel TEXT NOT NULL,
	what TEXT NOT NULL,
	since_ms INTEGER NOT NULL,
	raised_ms INTEGER NOT NULL,
	over_ms INTEGER NOT NULL,
	seen TEXT NOT NULL,
	late TEXT NOT NULL
) STRICT;
CREATE INDEX intake_alarm_open ON intake_alarm (channel, what, over_ms);

-- name: intake_box_read
SELECT validity, uid FROM intake_box;

-- name: intake_box_put
INSERT INTO intake_box (one, validity, uid) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET validity = ?1, uid = ?2;

-- name: intake_has
SELECT count(*) FROM intake_mail WHERE key = ?1;

-- name: intake_counts
SELECT count(*), count(*) FILTER (WHERE answered = 1), count(*) FILTER (WHERE sender = ?2 AND answered = 1) FROM intake_mail
WHERE at_ms > ?1 AND what IN ('report', 'message');

-- name: intake_put
INSERT INTO intake_mail (key, at_ms, what, report, sender, answered) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: intake_forget
DELETE FROM intake_mail WHERE what IN ('dropped', 'canary') AND at_ms < ?1;

-- name: intake_totals
SELECT count(*) FILTER (WHERE what = 'report'), count(*) FILTER (WHERE what = 'message'), count(*) FILTER (WHERE what = 'dropped'), coalesce(max(at_ms), 0) FROM intake_mail;

-- name: intake_receipt_of
SELECT receipt FROM report WHERE id = ?1;

-- name: intake_canary_last
SELECT id, sent_ms, arrived_ms, seen FROM intake_canary WHERE channel = ?1 ORDER BY id DESC LIMIT 1;

-- name: intake_canary_arrived_last
SELECT coalesce(max(arrived_ms), 0) FROM intake_canary WHERE channel = ?1;

-- name: intake_canary_open
SELECT coalesce(min(sent_ms), 0) FROM intake_canary
WHERE channel = ?1 AND arrived_ms = 0 AND id > (SELECT coalesce(max(id), 0) FROM intake_canary WHERE channel = ?1 AND arrived_ms <> 0);

-- name: intake_canary_sent
INSERT INTO intake_canary (mark, channel, sent_ms, arrived_ms, seen) VALUES (?1, ?2, ?3, 0, '') RETURNING id;

-- name: intake_canary_known
SELECT sent_ms FROM intake_canary WHERE mark = ?1 AND channel = ?2 AND arrived_ms = 0;

-- name: intake_canary_arrived
UPDATE intake_canary SET arrived_ms = ?3 WHERE mark = ?1 AND channel = ?2 AND arrived_ms = 0;

-- name: intake_canary_seen
UPDATE intake_canary SET seen = ?2 WHERE id = ?1;

-- name: intake_canary_forget
DELETE FROM intake_canary WHERE sent_ms < ?1;

-- name: intake_alarm_open_of
SELECT id, channel, what, since_ms, raised_ms, over_ms, seen, late FROM intake_alarm WHERE channel = ?1 AND what = ?2 AND over_ms = 0;

-- name: intake_alarm_add
INSERT INTO intake_alarm (channel, what, since_ms, raised_ms, over_ms, seen, late) VALUES (?1, ?2, ?3, ?4, 0, ?5, '') RETURNING id;

-- name: intake_alarm_over
UPDATE intake_alarm SET over_ms = ?2, seen = ?3 WHERE id = ?1;

-- name: intake_alarm_late
UPDATE intake_alarm SET late = ?2 WHERE id = ?1;

-- name: intake_alarm_seen
UPDATE intake_alarm SET seen = ?2 WHERE id = ?1;

-- name: intake_alarms
SELECT id, channel, what, since_ms, raised_ms, over_ms, seen, late FROM intake_alarm WHERE over_ms <> 0 ORDER BY id DESC LIMIT ?1;
