-- SPDX-License-Identifier: Apache-2.0
-- Cases and their journal.
--
-- desk_case: doc is the whole case, canonical JSON; the columns beside it are taken from it, for lists alone. next_ms: the next deadline
-- of Article 14 that is not met, 9223372036854775807 when none runs. embargo_ms: until then only those in case_access see it; 0: everybody who may
-- read cases. case_once: keys that somebody has done something by, and with which case. journal_entry: text is the leaf's bytes, about the
-- case or other document that they are of. journal_node: hashes of complete subtrees (formats/merkle.h).

-- name: cases_format_1
CREATE TABLE desk_case (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	next_ms INTEGER NOT NULL,
	embargo_ms INTEGER NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE INDEX desk_case_next ON desk_case (next_ms, id);
CREATE TABLE case_access (
	case_id INTEGER NOT NULL,
	who TEXT NOT NULL,
	PRIMARY KEY (case_id, who)
) STRICT, WITHOUT ROWID;
CREATE TABLE case_once (
	who TEXT NOT NULL,
	key TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	case_id INTEGER NOT NULL,
	PRIMARY KEY (who, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_once_at ON case_once (at_ms);
CREATE TABLE journal_entry (
	number INTEGER PRIMARY KEY,
	about TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
CREATE INDEX journal_entry_about ON journal_entry (about, number);
CREATE TABLE journal_node (
	level INTEGER NOT NULL,
	place INTEGER NOT NULL,
	hash BLOB NOT NULL,
	PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;

-- name: case_number
SELECT coalesce(max(id), 0) + 1 FROM desk_case;

-- name: case_put
INSERT INTO desk_case (id, state, next_ms, embargo_ms, doc) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET state = ?2, next_ms = ?3, embargo_ms = ?4, doc = ?5;

-- name: case_one
SELECT doc FROM desk_case WHERE id = ?1;

-- name: case_list
SELECT id, next_ms, doc FROM desk_case
WHERE (next_ms, id) > (?1, ?2) AND (?3 = '' OR state = ?3)
	AND (?7 = '' OR json_extract(doc, '$.duplicate_of') = ?7)
	AND (embargo_ms <= ?4 OR ?5 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?5))
ORDER BY next_ms, id LIMIT ?6;

-- name: case_access_clear
DELETE FROM case_access WHERE case_id = ?1;

-- name: case_access_put
INSERT INTO case_access (case_id, who) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: case_once_put
INSERT INTO case_once (who, key, at_ms, case_id) VALUES (?1, ?2, ?3, ?4);

-- name: case_once_get
SELECT case_id FROM case_once WHERE who = ?1 AND key = ?2;

-- name: case_once_forget
DELETE FROM case_once WHERE at_ms < ?1;

-- name: journal_size
SELECT coalesce(max(number) + 1, 0) FROM journal_entry;

-- name: journal_put
INSERT INTO journal_entry (number, about, text) VALUES (?1, ?2, ?3);

-- name: journal_from
SELECT number, text FROM journal_entry WHERE number >= ?1 ORDER BY number LIMIT ?2;

-- name: journal_node_put
INSERT INTO journal_node (level, place, hash) VALUES (?1, ?2, ?3);

-- name: journal_node_get
SELECT hash FROM journal_node WHERE level = ?1 AND place = ?2;
