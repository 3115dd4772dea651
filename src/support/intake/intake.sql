-- SPDX-License-Identifier: Apache-2.0
-- Mail that comes in (intake.h). intake_box: the mailbox's UIDVALIDITY, and the UID up to which all is taken. intake_mail: what became of each message, by a
-- digest of what it says, so that one which comes again under another number is known; sender: a digest of the address. answered: a receipt went there.
-- intake_canary: of each channel the report that the service sent itself last. wait: how long it may take; alarmed: it was told that it has not come.

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
	channel TEXT PRIMARY KEY NOT NULL,
	code TEXT NOT NULL,
	sent_ms INTEGER NOT NULL,
	arrived_ms INTEGER NOT NULL,
	alarmed INTEGER NOT NULL
) STRICT;

-- name: intake_box_read
SELECT validity, uid FROM intake_box;

-- name: intake_box_put
INSERT INTO intake_box (one, validity, uid) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET validity = ?1, uid = ?2;

-- name: intake_has
SELECT count(*) FROM intake_mail WHERE key = ?1;

-- name: intake_counts
SELECT count(*), count(*) FILTER (WHERE answered = 1), count(*) FILTER (WHERE sender = ?2 AND answered = 1) FROM intake_mail
WHERE at_ms > ?1 AND what <> 'dropped';

-- name: intake_put
INSERT INTO intake_mail (key, at_ms, what, report, sender, answered) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: intake_forget
DELETE FROM intake_mail WHERE what IN ('dropped', 'canary') AND at_ms < ?1;

-- name: intake_totals
SELECT count(*) FILTER (WHERE what = 'report'), count(*) FILTER (WHERE what = 'message'), count(*) FILTER (WHERE what = 'dropped'), coalesce(max(at_ms), 0) FROM intake_mail;

-- name: intake_receipt_of
SELECT receipt FROM report WHERE id = ?1;

-- name: intake_canary_read
SELECT code, sent_ms, arrived_ms, alarmed FROM intake_canary WHERE channel = ?1;

-- name: intake_canary_sent
INSERT INTO intake_canary (channel, code, sent_ms, arrived_ms, alarmed) VALUES (?1, ?2, ?3, 0, 0)
ON CONFLICT (channel) DO UPDATE SET code = ?2, sent_ms = ?3, arrived_ms = 0, alarmed = 0;

-- name: intake_canary_arrived
UPDATE intake_canary SET arrived_ms = ?3 WHERE channel = ?1 AND code = ?2 AND arrived_ms = 0;

-- name: intake_canary_alarmed
UPDATE intake_canary SET alarmed = 1 WHERE channel = ?1 AND code = ?2;
