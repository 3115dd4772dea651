-- SPDX-License-Identifier: Apache-2.0
-- Advisories, each revision of what they say, and who did what with them.
--
-- advisory: name is the document's tracking id. revision: the last of advisory_revision; released: the one that is published, 0 none. pending: the
-- bytes that are on their way into the tree; published: those that stand in it. advisory_revision: doc is the content without
-- /document/tracking, which is made when it is published. advisory_number: the last number that was given, which is never given again.
-- advisory_public: what the pages' lists say of what is published; place grows with each publishing; products
-- begins with byte 1 when not all names fit, and then fits every filter; signed: the SHA-256 of what is published, when there is a signature over
-- that, else ''. advisory_signature: signatures over bytes that wait or are published, by their SHA-256; every one was checked. advisory_key: the
-- public keys of these signatures, all that there ever were.

-- name: advisories_format_1
CREATE TABLE advisory (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	case_id INTEGER NOT NULL,
	state TEXT NOT NULL,
	revision INTEGER NOT NULL,
	released INTEGER NOT NULL,
	title TEXT NOT NULL,
	changed_ms INTEGER NOT NULL,
	approved_by TEXT NOT NULL,
	approved_hash TEXT NOT NULL,
	comment TEXT NOT NULL,
	published TEXT NOT NULL,
	pending TEXT NOT NULL
) STRICT;
CREATE INDEX advisory_pending ON advisory (id) WHERE pending <> '';
CREATE TABLE advisory_revision (
	advisory INTEGER NOT NULL REFERENCES advisory (id),
	number INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	hash TEXT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (advisory, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE advisory_step (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	advisory INTEGER NOT NULL REFERENCES advisory (id),
	revision INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	what TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
CREATE INDEX advisory_step_of ON advisory_step (advisory, id);
CREATE TABLE advisory_number (
	prefix TEXT NOT NULL,
	year INTEGER NOT NULL,
	last INTEGER NOT NULL,
	PRIMARY KEY (prefix, year)
) STRICT, WITHOUT ROWID;
CREATE TABLE advisory_public (
	advisory INTEGER PRIMARY KEY REFERENCES advisory (id),
	place INTEGER NOT NULL UNIQUE,
	name TEXT NOT NULL,
	title TEXT NOT NULL,
	severity TEXT NOT NULL,
	products TEXT NOT NULL,
	version TEXT NOT NULL,
	updated TEXT NOT NULL,
	file TEXT NOT NULL,
	signed TEXT NOT NULL
) STRICT;
CREATE INDEX advisory_public_name ON advisory_public (name);
CREATE INDEX advisory_public_unsigned ON advisory_public (place) WHERE signed = '';
CREATE TABLE advisory_signature (
	digest TEXT PRIMARY KEY,
	advisory INTEGER NOT NULL REFERENCES advisory (id),
	fingerprint TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX advisory_signature_of ON advisory_signature (advisory);
CREATE TABLE advisory_key (
	fingerprint TEXT PRIMARY KEY,
	at_ms INTEGER NOT NULL,
	text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER advisory_key_stays BEFORE DELETE ON advisory_key BEGIN SELECT RAISE(ABORT, 'a key stays, for what it signed'); END;
CREATE TRIGGER advisory_stays BEFORE DELETE ON advisory BEGIN SELECT RAISE(ABORT, 'an advisory stays'); END;
CREATE TRIGGER advisory_is_named_once BEFORE UPDATE OF id, name, case_id ON advisory BEGIN SELECT RAISE(ABORT, 'an advisory keeps its name'); END;
CREATE TRIGGER advisory_revision_stays BEFORE DELETE ON advisory_revision BEGIN SELECT RAISE(ABORT, 'a revision stays'); END;
CREATE TRIGGER advisory_revision_is_as_written BEFORE UPDATE ON advisory_revision BEGIN SELECT RAISE(ABORT, 'a revision stays'); END;
CREATE TRIGGER advisory_step_stays BEFORE DELETE ON advisory_step BEGIN SELECT RAISE(ABORT, 'a step stays'); END;
CREATE TRIGGER advisory_step_is_as_taken BEFORE UPDATE ON advisory_step BEGIN SELECT RAISE(ABORT, 'a step stays'); END;
CREATE TRIGGER advisory_number_grows BEFORE UPDATE ON advisory_number WHEN NEW.last <= OLD.last BEGIN SELECT RAISE(ABORT, 'a number is given once'); END;

-- name: advisory_next
INSERT INTO advisory_number (prefix, year, last) VALUES (?1, ?2, 1)
ON CONFLICT (prefix, year) DO UPDATE SET last = advisory_number.last + 1 RETURNING last;

-- name: advisory_add
INSERT INTO advisory (name, case_id, state, revision, released, title, changed_ms, approved_by, approved_hash, comment, published, pending)
VALUES (?1, ?2, ?3, 1, 0, ?4, ?5, '', '', '', '', '') RETURNING id;

-- name: advisory_count
SELECT count(*) FROM advisory;

-- name: advisory_one
SELECT a.id, a.case_id, a.state, a.revision, a.released, a.approved_by, a.approved_hash, a.comment, a.published, a.pending, r.hash, r.doc
FROM advisory a JOIN advisory_revision r ON r.advisory = a.id AND r.number = a.revision WHERE a.name = ?1;

-- name: advisory_list
SELECT id, name, title, state, case_id, revision, released, changed_ms FROM advisory
WHERE id > ?1 AND (?2 = '' OR state = ?2)
	AND (case_id = 0 OR ?4 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = case_id
		AND (c.embargo_ms <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?4))))
ORDER BY id LIMIT ?5;

-- name: advisory_put
UPDATE advisory SET state = ?2, revision = ?3, title = ?4, changed_ms = ?5, approved_by = ?6, approved_hash = ?7, comment = ?8 WHERE id = ?1;

-- name: advisory_pend
UPDATE advisory SET pending = ?2 WHERE id = ?1;

-- name: advisory_out
UPDATE advisory SET published = pending, pending = '', released = revision WHERE id = ?1;

-- name: advisory_revision_add
INSERT INTO advisory_revision (advisory, number, at_ms, who, hash, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: advisory_revision_one
SELECT doc FROM advisory_revision WHERE advisory = ?1 AND number = ?2;

-- name: advisory_revisions
SELECT number, at_ms, who, hash FROM advisory_revision WHERE advisory = ?1 AND number > ?2 ORDER BY number LIMIT ?3;

-- name: advisory_authors
SELECT DISTINCT who FROM advisory_revision WHERE advisory = ?1 AND number > ?2 ORDER BY who;

-- name: advisory_step_add
INSERT INTO advisory_step (advisory, revision, at_ms, who, what, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: advisory_steps
SELECT id, revision, at_ms, who, what, text FROM advisory_step WHERE advisory = ?1 AND id > ?2 ORDER BY id LIMIT ?3;

-- name: advisory_embargo
SELECT embargo_ms FROM desk_case WHERE id = ?1;

-- name: advisory_waiting
SELECT id, name, pending FROM advisory WHERE pending <> '' AND (?1 = 0 OR id = ?1) ORDER BY id;

-- name: advisory_bytes
SELECT id, published, pending FROM advisory WHERE (published <> '' OR pending <> '') AND (?1 = 0 OR id = ?1) ORDER BY id;

-- name: advisory_signature_put
INSERT INTO advisory_signature (digest, advisory, fingerprint, text) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (digest) DO UPDATE SET fingerprint = ?3, text = ?4;

-- name: advisory_signature_one
SELECT text FROM advisory_signature WHERE digest = ?1;

-- name: advisory_signature_forget
DELETE FROM advisory_signature WHERE advisory = ?1 AND digest <> ?2;

-- name: advisory_signed
UPDATE advisory_public SET signed = ?2 WHERE advisory = ?1;

-- name: advisory_unsigned
SELECT a.name FROM advisory_public p JOIN advisory a ON a.id = p.advisory WHERE p.signed = '' ORDER BY p.place LIMIT 1;

-- name: advisory_unsigned_count
SELECT count(*) FROM advisory_public WHERE signed = '';

-- name: advisory_key_put
INSERT INTO advisory_key (fingerprint, at_ms, text) VALUES (?1, ?2, ?3) ON CONFLICT (fingerprint) DO UPDATE SET text = ?3;

-- name: advisory_key_renew
UPDATE advisory_key SET text = ?2 WHERE fingerprint = ?1 AND text <> ?2;

-- name: advisory_keys
SELECT fingerprint, text FROM advisory_key ORDER BY at_ms, fingerprint;

-- name: advisory_public_put
INSERT INTO advisory_public (advisory, place, name, title, severity, products, version, updated, file, signed)
VALUES (?1, (SELECT coalesce(max(place), 0) + 1 FROM advisory_public), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (advisory) DO UPDATE SET place = excluded.place, title = ?3, severity = ?4, products = ?5, version = ?6, updated = ?7, file = ?8, signed = ?9;

-- name: advisory_public_list
SELECT place, name, title, severity, version, updated FROM advisory_public
WHERE place < ?1 AND (?2 = '' OR instr(products, ?2) > 0 OR substr(products, 1, 1) = char(1)) AND (?3 = '' OR severity = ?3) ORDER BY place DESC LIMIT ?4;

-- name: advisory_public_file
SELECT file FROM advisory_public WHERE name = ?1;
