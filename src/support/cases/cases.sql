-- SPDX-License-Identifier: Apache-2.0
-- Cases and their journal.
--
-- desk_case: doc is the whole case, canonical JSON; the columns beside it are taken from it, for lists alone. next_ms: the next deadline
-- of Article 14 that is not met, 9223372036854775807 when none runs. embargo_ms: until then only those in case_access see it; 0: everybody who may
-- read cases. title: in small letters, as lists sort it; whose: to whom it is assigned, '-': nobody. Each index has all that its list asks, so that
-- lists read no documents but those that they show. case_once: keys that somebody has done something by, and with which case. journal_entry: text is the leaf's bytes, about the
-- case or other document that they are of. journal_node: hashes of complete subtrees (formats/merkle.h).

-- name: cases_format_1
CREATE TABLE desk_case (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	next_ms INTEGER NOT NULL,
	embargo_ms INTEGER NOT NULL,
	title TEXT NOT NULL,
	whose TEXT NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE INDEX desk_case_clock ON desk_case (next_ms, id, state, embargo_ms, whose);
CREATE INDEX desk_case_states ON desk_case (state, next_ms, id, embargo_ms, whose);
CREATE INDEX desk_case_title ON desk_case (title, next_ms, id, state, embargo_ms, whose);
CREATE INDEX desk_case_whose ON desk_case (whose, next_ms, id, state, embargo_ms);
CREATE INDEX desk_case_embargo ON desk_case (embargo_ms, id) WHERE embargo_ms > 0;
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
CREATE TRIGGER journal_entry_stays BEFORE DELETE ON journal_entry BEGIN SELECT RAISE(ABORT, 'an entry of the journal stays'); END;
CREATE TRIGGER journal_entry_is_as_written BEFORE UPDATE ON journal_entry BEGIN SELECT RAISE(ABORT, 'an entry of the journal stays'); END;
CREATE TABLE journal_node (
	level INTEGER NOT NULL,
	place INTEGER NOT NULL,
	hash BLOB NOT NULL,
	PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER journal_node_stays BEFORE DELETE ON journal_node BEGIN SELECT RAISE(ABORT, 'a hash of the journal stays'); END;
CREATE TRIGGER journal_node_is_as_written BEFORE UPDATE ON journal_node BEGIN SELECT RAISE(ABORT, 'a hash of the journal stays'); END;

-- name: case_number
SELECT coalesce(max(id), 0) + 1 FROM desk_case;

-- name: case_put
INSERT INTO desk_case (id, state, next_ms, embargo_ms, doc, title, whose) VALUES (?1, ?2, ?3, ?4, ?5, lower(?6), ?7)
ON CONFLICT (id) DO UPDATE SET state = ?2, next_ms = ?3, embargo_ms = ?4, doc = ?5, title = lower(?6), whose = ?7;

-- Stores that were made before title and whose: asked at each start, and made then, all in one transaction.
-- name: case_columns
SELECT title, whose FROM desk_case LIMIT 0;
-- name: case_column_title
ALTER TABLE desk_case ADD COLUMN title TEXT NOT NULL DEFAULT '';
-- name: case_column_whose
ALTER TABLE desk_case ADD COLUMN whose TEXT NOT NULL DEFAULT '-';
-- name: case_columns_fill
UPDATE desk_case SET title = lower(json_extract(doc, '$.title')), whose = coalesce(json_extract(doc, '$.assigned'), '-');
-- name: case_index_next
DROP INDEX IF EXISTS desk_case_next;
-- name: case_index_state
DROP INDEX IF EXISTS desk_case_state;
-- name: case_index_clock
CREATE INDEX desk_case_clock ON desk_case (next_ms, id, state, embargo_ms, whose);
-- name: case_index_states
CREATE INDEX desk_case_states ON desk_case (state, next_ms, id, embargo_ms, whose);
-- name: case_index_title
CREATE INDEX desk_case_title ON desk_case (title, next_ms, id, state, embargo_ms, whose);
-- name: case_index_whose
CREATE INDEX desk_case_whose ON desk_case (whose, next_ms, id, state, embargo_ms);
-- name: case_index_embargo
CREATE INDEX desk_case_embargo ON desk_case (embargo_ms, id) WHERE embargo_ms > 0;

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
