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
SELECT a.id, a.case_id, a.state, a.revision, a.released, a.approved_by, a.approved_hash, a.comment, a.published, a.pending, r.hash, r.doc, a.changed_ms
FROM advisory a JOIN advisory_revision r ON r.advisory = a.id AND r.number = a.revision WHERE a.name = ?1;

-- What lists are made of (find.h): made at the start where a store does not have it yet, so that one of an older build gets it too. advisory_look: a row for each
-- advisory, of its last revision and of what is out. advisory_order: each by what lists are sorted by, so that a page goes along its index.
-- name: advisory_look_there
SELECT advisory FROM advisory_look LIMIT 0;

-- name: advisory_look_make
CREATE TABLE advisory_look (
	advisory INTEGER PRIMARY KEY REFERENCES advisory (id),
	case_id INTEGER NOT NULL,
	state TEXT NOT NULL,
	first_out TEXT NOT NULL,
	last_out TEXT NOT NULL,
	exact TEXT NOT NULL,
	title TEXT NOT NULL,
	publisher TEXT NOT NULL,
	summary TEXT NOT NULL,
	marks TEXT NOT NULL,
	products TEXT NOT NULL,
	words TEXT NOT NULL
) STRICT;

-- name: advisory_look_states_make
CREATE INDEX advisory_look_states ON advisory_look (state, case_id);

-- name: advisory_order_make
CREATE TABLE advisory_order (
	advisory INTEGER NOT NULL REFERENCES advisory (id),
	sort TEXT NOT NULL,
	word TEXT NOT NULL,
	PRIMARY KEY (advisory, sort)
) STRICT, WITHOUT ROWID;

-- name: advisory_order_by_make
CREATE INDEX advisory_order_by ON advisory_order (sort, word, advisory);

-- name: advisory_names
SELECT name FROM advisory ORDER BY id LIMIT 100000;

-- Publishing at a set time (plan.h): at_ms is when; who has set it; hash of what was approved then; next_ms is when it is looked at; why it was not published
-- at its time, '' as long as nothing keeps it back.
-- name: advisory_plan_there
SELECT advisory FROM advisory_plan LIMIT 0;

-- name: advisory_plan_make
CREATE TABLE advisory_plan (
	advisory INTEGER PRIMARY KEY REFERENCES advisory (id),
	at_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	hash TEXT NOT NULL,
	next_ms INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	why TEXT NOT NULL
) STRICT;

-- name: advisory_plan_next_make
CREATE INDEX advisory_plan_next ON advisory_plan (next_ms, advisory);

-- name: advisory_plan_put
INSERT INTO advisory_plan (advisory, at_ms, who, hash, next_ms, failures, why) VALUES (?1, ?2, ?3, ?4, ?2, 0, '')
ON CONFLICT (advisory) DO UPDATE SET at_ms = ?2, who = ?3, hash = ?4, next_ms = ?2, failures = 0, why = '';

-- name: advisory_plan_drop
DELETE FROM advisory_plan WHERE advisory = ?1;

-- name: advisory_plan_one
SELECT advisory, at_ms, failures, who, hash, why FROM advisory_plan WHERE advisory = ?1;

-- name: advisory_plan_late
UPDATE advisory_plan SET next_ms = ?2, failures = ?3, why = ?4 WHERE advisory = ?1;

-- name: advisory_plan_again
UPDATE advisory_plan SET next_ms = at_ms WHERE advisory = ?1;

-- name: advisory_plan_near
UPDATE advisory_plan SET next_ms = at_ms WHERE next_ms > ?1 AND failures > 0;

-- name: advisory_plan_next
SELECT next_ms FROM advisory_plan ORDER BY next_ms, advisory LIMIT 1;

-- name: advisory_plan_due
SELECT p.advisory, p.at_ms, p.failures, p.who, p.hash, p.why, a.name FROM advisory_plan p JOIN advisory a ON a.id = p.advisory
WHERE p.next_ms <= ?1 ORDER BY p.next_ms, p.advisory LIMIT ?2;

-- name: advisory_look_put
INSERT INTO advisory_look (advisory, case_id, state, first_out, last_out, exact, title, publisher, summary, marks, products, words)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (advisory) DO UPDATE SET state = ?3, first_out = ?4, last_out = ?5, exact = ?6, title = ?7, publisher = ?8, summary = ?9, marks = ?10,
	products = ?11, words = ?12;

-- name: advisory_order_put
INSERT INTO advisory_order (advisory, sort, word) VALUES (?1, ?2, ?3) ON CONFLICT (advisory, sort) DO UPDATE SET word = ?3;

-- name: advisory_writers
SELECT DISTINCT who FROM advisory_revision WHERE advisory = ?1 ORDER BY who;

-- Found: ?1 now; ?2 who asks, '' sees all; ?3 to ?22 what is looked for, '' nothing (search.c). By number, and along an order, up and down.
-- name: advisory_look_list
SELECT b.id, b.name, b.title, b.state, b.case_id, b.revision, b.released, b.changed_ms, a.last_out, coalesce(p.at_ms, 0) FROM advisory_look a JOIN advisory b ON b.id = a.advisory
LEFT JOIN advisory_plan p ON p.advisory = a.advisory
WHERE a.advisory > ?23 AND (a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
		AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2))))
	AND (?9 = '' OR a.state = ?9)
	AND (?8 = '' OR instr(a.exact, ?8) > 0) AND (?10 = '' OR instr(a.exact, ?10) > 0) AND (?11 = '' OR instr(a.exact, ?11) > 0)
	AND (?12 = '' OR instr(a.exact, ?12) > 0) AND (?13 = '' OR instr(a.exact, ?13) > 0) AND (?16 = '' OR instr(a.exact, ?16) > 0)
	AND (?17 = '' OR instr(a.exact, ?17) > 0) AND (?18 = '' OR instr(a.exact, ?18) > 0)
	AND (?14 = '' OR instr(a.marks, ?14) > 0 OR substr(a.marks, 1, 1) = char(1)) AND (?15 = '' OR instr(a.marks, ?15) > 0 OR substr(a.marks, 1, 1) = char(1))
	AND (?19 = '' OR a.first_out >= ?19) AND (?20 = '' OR (a.first_out <> '' AND a.first_out <= ?20))
	AND (?21 = '' OR a.last_out >= ?21) AND (?22 = '' OR (a.last_out <> '' AND a.last_out <= ?22))
	AND (?3 = '' OR instr(a.title, ?3) > 0 OR substr(a.title, 1, 1) = char(1)) AND (?4 = '' OR instr(a.publisher, ?4) > 0 OR substr(a.publisher, 1, 1) = char(1))
	AND (?5 = '' OR instr(a.summary, ?5) > 0 OR substr(a.summary, 1, 1) = char(1)) AND (?6 = '' OR instr(a.products, ?6) > 0 OR substr(a.products, 1, 1) = char(1))
	AND (?7 = '' OR instr(a.words, ?7) > 0 OR substr(a.words, 1, 1) = char(1))
ORDER BY a.advisory LIMIT ?24;

-- name: advisory_look_up
SELECT o.advisory FROM advisory_order o JOIN advisory_look a ON a.advisory = o.advisory
WHERE o.sort = ?23 AND (a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
		AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2))))
	AND (?9 = '' OR a.state = ?9)
	AND (?8 = '' OR instr(a.exact, ?8) > 0) AND (?10 = '' OR instr(a.exact, ?10) > 0) AND (?11 = '' OR instr(a.exact, ?11) > 0)
	AND (?12 = '' OR instr(a.exact, ?12) > 0) AND (?13 = '' OR instr(a.exact, ?13) > 0) AND (?16 = '' OR instr(a.exact, ?16) > 0)
	AND (?17 = '' OR instr(a.exact, ?17) > 0) AND (?18 = '' OR instr(a.exact, ?18) > 0)
	AND (?14 = '' OR instr(a.marks, ?14) > 0 OR substr(a.marks, 1, 1) = char(1)) AND (?15 = '' OR instr(a.marks, ?15) > 0 OR substr(a.marks, 1, 1) = char(1))
	AND (?19 = '' OR a.first_out >= ?19) AND (?20 = '' OR (a.first_out <> '' AND a.first_out <= ?20))
	AND (?21 = '' OR a.last_out >= ?21) AND (?22 = '' OR (a.last_out <> '' AND a.last_out <= ?22))
	AND (?3 = '' OR instr(a.title, ?3) > 0 OR substr(a.title, 1, 1) = char(1)) AND (?4 = '' OR instr(a.publisher, ?4) > 0 OR substr(a.publisher, 1, 1) = char(1))
	AND (?5 = '' OR instr(a.summary, ?5) > 0 OR substr(a.summary, 1, 1) = char(1)) AND (?6 = '' OR instr(a.products, ?6) > 0 OR substr(a.products, 1, 1) = char(1))
	AND (?7 = '' OR instr(a.words, ?7) > 0 OR substr(a.words, 1, 1) = char(1))
ORDER BY o.word, o.advisory LIMIT ?24 OFFSET ?25;

-- name: advisory_look_down
SELECT o.advisory FROM advisory_order o JOIN advisory_look a ON a.advisory = o.advisory
WHERE o.sort = ?23 AND (a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
		AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2))))
	AND (?9 = '' OR a.state = ?9)
	AND (?8 = '' OR instr(a.exact, ?8) > 0) AND (?10 = '' OR instr(a.exact, ?10) > 0) AND (?11 = '' OR instr(a.exact, ?11) > 0)
	AND (?12 = '' OR instr(a.exact, ?12) > 0) AND (?13 = '' OR instr(a.exact, ?13) > 0) AND (?16 = '' OR instr(a.exact, ?16) > 0)
	AND (?17 = '' OR instr(a.exact, ?17) > 0) AND (?18 = '' OR instr(a.exact, ?18) > 0)
	AND (?14 = '' OR instr(a.marks, ?14) > 0 OR substr(a.marks, 1, 1) = char(1)) AND (?15 = '' OR instr(a.marks, ?15) > 0 OR substr(a.marks, 1, 1) = char(1))
	AND (?19 = '' OR a.first_out >= ?19) AND (?20 = '' OR (a.first_out <> '' AND a.first_out <= ?20))
	AND (?21 = '' OR a.last_out >= ?21) AND (?22 = '' OR (a.last_out <> '' AND a.last_out <= ?22))
	AND (?3 = '' OR instr(a.title, ?3) > 0 OR substr(a.title, 1, 1) = char(1)) AND (?4 = '' OR instr(a.publisher, ?4) > 0 OR substr(a.publisher, 1, 1) = char(1))
	AND (?5 = '' OR instr(a.summary, ?5) > 0 OR substr(a.summary, 1, 1) = char(1)) AND (?6 = '' OR instr(a.products, ?6) > 0 OR substr(a.products, 1, 1) = char(1))
	AND (?7 = '' OR instr(a.words, ?7) > 0 OR substr(a.words, 1, 1) = char(1))
ORDER BY o.word DESC, o.advisory DESC LIMIT ?24 OFFSET ?25;

-- name: advisory_look_states
SELECT a.state, count(*) FROM advisory_look a
WHERE a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
	AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2)))
GROUP BY a.state;

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

-- The newest ones; first_out is of the document that is out.
-- name: advisory_public_feed
SELECT p.name, p.title, p.severity, p.updated, p.file, p.version, p.products, coalesce(l.first_out, '') FROM advisory_public p
LEFT JOIN advisory_look l ON l.advisory = p.advisory ORDER BY p.place DESC LIMIT ?1;

-- name: advisory_public_file
SELECT file FROM advisory_public WHERE name = ?1;
