-- SPDX-License-Identifier: Apache-2.0
-- Releases, what is in them, and what triage found of them.
--
-- product_release: components and findings are the imports that count, 0: none yet; doc is the desk's document of it, '' before the first import is whole.
-- release_import: what somebody sends, piece by piece; state is comes, live or gone. live_ms: since when it has counted, 0: never. Nothing of one that comes
-- is shown, and what is gone is removed in steps. component: name_key is the name in small letters. finding: a vulnerability in a component of one
-- version of one release, whose number stays whatever imports say; doc is what the desk said of it. finding_seen: as one import saw it; waits is 1 for people, 2
-- decided, 0 taken by a rule; since: the import by which it began to wait; urgency grows with what can wait longer; score is ten times that of CVSS, -1: none.
-- finding_decision: what was decided; made here it stays for good, and counts in the whole product wherever facts are the same. import_id: by which it came, 0:
-- it was made here; one that came counts in its import alone, and goes with it.
-- finding_mark: up to which import somebody has looked.

-- name: components_format_1
CREATE TABLE product_release (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	product TEXT NOT NULL,
	version TEXT NOT NULL,
	components INTEGER NOT NULL,
	findings INTEGER NOT NULL,
	doc TEXT NOT NULL,
	UNIQUE (product, version)
) STRICT;
CREATE TABLE release_import (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	release_id INTEGER NOT NULL REFERENCES product_release (id),
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	source TEXT NOT NULL,
	wanted INTEGER NOT NULL,
	there INTEGER NOT NULL,
	touched_ms INTEGER NOT NULL,
	live_ms INTEGER NOT NULL,
	who TEXT NOT NULL
) STRICT;
CREATE INDEX release_import_state ON release_import (state, id);
CREATE INDEX release_import_of ON release_import (release_id, kind, live_ms);
CREATE TABLE component (
	id INTEGER PRIMARY KEY,
	import_id INTEGER NOT NULL REFERENCES release_import (id),
	name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	version TEXT NOT NULL,
	purl TEXT NOT NULL,
	cpe TEXT NOT NULL,
	supplier TEXT NOT NULL
) STRICT;
CREATE INDEX component_name ON component (name_key, version, id);
CREATE INDEX component_purl ON component (purl, id) WHERE purl <> '';
CREATE INDEX component_cpe ON component (cpe, id) WHERE cpe <> '';
CREATE INDEX component_of ON component (import_id, name_key, version, id);
CREATE TABLE finding (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	release_id INTEGER NOT NULL REFERENCES product_release (id),
	vulnerability TEXT NOT NULL,
	component TEXT NOT NULL,
	version TEXT NOT NULL,
	first_ms INTEGER NOT NULL,
	case_id INTEGER NOT NULL,
	doc TEXT NOT NULL,
	UNIQUE (vulnerability, component, version, release_id)
) STRICT;
CREATE TABLE finding_seen (
	finding INTEGER NOT NULL REFERENCES finding (id),
	import_id INTEGER NOT NULL REFERENCES release_import (id),
	waits INTEGER NOT NULL,
	since INTEGER NOT NULL,
	urgency INTEGER NOT NULL,
	score INTEGER NOT NULL,
	kev INTEGER NOT NULL,
	rule TEXT NOT NULL,
	facts TEXT NOT NULL,
	decision INTEGER NOT NULL,
	doc TEXT NOT NULL,
	UNIQUE (finding, import_id)
) STRICT;
CREATE INDEX finding_seen_queue ON finding_seen (waits, urgency, finding, since, import_id, score, kev);
CREATE INDEX finding_seen_of ON finding_seen (import_id, waits, urgency, finding, since, score, kev, rule);
CREATE TABLE finding_decision (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	product TEXT NOT NULL,
	vulnerability TEXT NOT NULL,
	component TEXT NOT NULL,
	facts TEXT NOT NULL,
	import_id INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE INDEX finding_decision_of ON finding_decision (vulnerability, component, product, id);
CREATE INDEX finding_decision_product ON finding_decision (product, id);
CREATE INDEX finding_decision_import ON finding_decision (import_id) WHERE import_id <> 0;
CREATE TABLE finding_mark (
	account INTEGER PRIMARY KEY,
	import_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER product_release_stays BEFORE DELETE ON product_release BEGIN SELECT RAISE(ABORT, 'a release stays'); END;
CREATE TRIGGER finding_stays BEFORE DELETE ON finding BEGIN SELECT RAISE(ABORT, 'a finding keeps its number'); END;
CREATE TRIGGER finding_decision_is_as_made BEFORE UPDATE ON finding_decision BEGIN SELECT RAISE(ABORT, 'a decision stays'); END;

-- Imports. A release is there from its first import on.
-- name: release_make
INSERT INTO product_release (product, version, components, findings, doc) VALUES (?1, ?2, 0, 0, '')
ON CONFLICT (product, version) DO NOTHING;

-- name: release_find
SELECT id FROM product_release WHERE product = ?1 AND version = ?2;

-- name: release_count
SELECT count(*) FROM product_release;

-- Who begins an import ends the one of the same release before it that has not come to its end; while somebody goes on with that one, nobody begins another.
-- name: release_import_drop
UPDATE release_import SET state = 'gone' WHERE state = 'comes' AND kind = ?1 AND release_id = ?2;

-- name: release_import_busy
SELECT count(*) FROM release_import WHERE state = 'comes' AND release_id = ?1 AND kind = ?2 AND touched_ms > ?3 AND touched_ms <= ?4;

-- name: release_import_add
INSERT INTO release_import (release_id, kind, state, source, wanted, there, touched_ms, live_ms, who) VALUES (?1, ?2, 'comes', ?3, ?4, 0, ?5, 0, ?6) RETURNING id;

-- name: release_import_one
SELECT i.id, i.release_id, i.kind, i.state, i.source, i.wanted, i.there, r.product, r.version, r.doc
FROM release_import i JOIN product_release r ON r.id = i.release_id WHERE i.id = ?1;

-- name: release_import_moved
UPDATE release_import SET there = ?2, touched_ms = ?3 WHERE id = ?1;

-- name: component_put
INSERT INTO component (import_id, name, name_key, version, purl, cpe, supplier) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: release_import_live
UPDATE release_import SET state = 'live', live_ms = ?2 WHERE id = ?1;

-- name: release_import_gone
UPDATE release_import SET state = 'gone' WHERE release_id = ?1 AND kind = ?2 AND state = 'live' AND id <> ?3;

-- name: release_put
UPDATE product_release SET components = CASE ?2 WHEN 'components' THEN ?3 ELSE components END,
	findings = CASE ?2 WHEN 'findings' THEN ?3 ELSE findings END, doc = ?4 WHERE id = ?1;

-- Findings as they come.
-- name: finding_make
INSERT INTO finding (release_id, vulnerability, component, version, first_ms, case_id, doc) VALUES (?1, ?2, ?3, ?4, ?5, 0, '')
ON CONFLICT (vulnerability, component, version, release_id) DO NOTHING;

-- name: finding_find
SELECT id FROM finding WHERE vulnerability = ?1 AND component = ?2 AND version = ?3 AND release_id = ?4;

-- By which import the same has begun to wait in any release of the product; 0: it waits in none.
-- name: finding_since
SELECT coalesce(min(s.since), 0) FROM finding f CROSS JOIN product_release r CROSS JOIN finding_seen s
WHERE f.vulnerability = ?1 AND f.component = ?2 AND f.version = ?3 AND r.id = f.release_id AND r.product = ?4
	AND s.finding = f.id AND s.import_id = r.findings AND s.waits = 1;

-- name: finding_seen_put
INSERT INTO finding_seen (finding, import_id, waits, since, urgency, score, kev, rule, facts, decision, doc)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- The decision that counts, on these facts before all others: the desk's, or what this very import brought. What another brought is git's word of another
-- time, and this one says by itself what git has decided; so what was taken back there is taken back here.
-- name: finding_decision_one
SELECT d.id, d.facts, d.doc, d.import_id FROM finding_decision d
WHERE d.vulnerability = ?1 AND d.component = ?2 AND d.product = ?3 AND (d.import_id = 0 OR d.import_id = ?5)
ORDER BY CASE d.facts WHEN ?4 THEN 0 ELSE 1 END, d.id DESC LIMIT 1;

-- name: finding_decision_add
INSERT INTO finding_decision (product, vulnerability, component, facts, import_id, at_ms, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id;

-- Wherever it rests on the same facts.
-- name: finding_decided
UPDATE finding_seen SET decision = ?1, waits = ?2 WHERE facts = ?3
	AND finding IN (SELECT f.id FROM finding f JOIN product_release r ON r.id = f.release_id WHERE f.vulnerability = ?4 AND f.component = ?5 AND r.product = ?6);

-- name: finding_put
UPDATE finding SET doc = ?2, case_id = ?3 WHERE id = ?1;

-- name: finding_one
SELECT f.id, r.id, r.product, r.version, f.vulnerability, f.component, f.version, f.first_ms, f.case_id, f.doc,
	s.waits, s.since, s.score, s.kev, s.rule, s.facts, s.decision, s.doc, d.facts, d.doc
FROM finding f JOIN product_release r ON r.id = f.release_id JOIN finding_seen s ON s.finding = f.id AND s.import_id = r.findings
LEFT JOIN finding_decision d ON d.id = s.decision
WHERE f.id = ?1;

-- The same vulnerability in the same component, in other releases of the product. Behind each the newest import's word.
-- name: finding_others
SELECT f.id, r.version, f.version, s.waits FROM finding f JOIN product_release r ON r.id = f.release_id
JOIN finding_seen s ON s.finding = f.id AND s.import_id = r.findings
WHERE f.vulnerability = ?1 AND f.component = ?2 AND r.product = ?3 AND f.id <> ?4 ORDER BY f.id DESC LIMIT 50;

-- The queue: ?1 waits, ?2 ?3 behind which, ?4 since, ?5 product or '', ?6 least score, ?7 most score, ?8 1: exploited alone. Along the index, which has all of it.
-- name: finding_queue
SELECT s.urgency, f.id, r.product, r.version, f.vulnerability, f.component, f.version, s.since, s.score, s.kev, s.rule, s.doc, s.decision, d.facts = s.facts
FROM finding_seen s CROSS JOIN finding f CROSS JOIN product_release r LEFT JOIN finding_decision d ON d.id = s.decision
WHERE s.waits = ?1 AND (s.urgency, s.finding) > (?2, ?3) AND s.since > ?4
	AND (?5 = '' OR s.import_id IN (SELECT p.findings FROM product_release p WHERE p.product = ?5))
	AND s.score >= ?6 AND s.score <= ?7 AND s.kev >= ?8
	AND f.id = s.finding AND r.id = f.release_id AND r.findings = s.import_id
ORDER BY s.urgency, s.finding LIMIT ?9;

-- Of one release: ?1 which, ?2 waits, ?9 the rule or ''.
-- name: finding_queue_of
SELECT s.urgency, f.id, r.product, r.version, f.vulnerability, f.component, f.version, s.since, s.score, s.kev, s.rule, s.doc, s.decision, d.facts = s.facts
FROM product_release r CROSS JOIN finding_seen s CROSS JOIN finding f LEFT JOIN finding_decision d ON d.id = s.decision
WHERE r.id = ?1 AND s.import_id = r.findings AND s.waits = ?2 AND (s.urgency, s.finding) > (?3, ?4) AND s.since > ?5
	AND s.score >= ?6 AND s.score <= ?7 AND s.kev >= ?8 AND (?9 = '' OR s.rule = ?9) AND f.id = s.finding
ORDER BY s.urgency, s.finding LIMIT ?10;

-- name: finding_new
SELECT count(*) FROM finding_seen s CROSS JOIN release_import i WHERE s.waits = 1 AND s.since > ?1 AND i.id = s.import_id AND i.state = 'live';

-- name: finding_newest
SELECT coalesce(max(id), 0) FROM release_import WHERE kind = 'findings' AND state = 'live';

-- The first that has not come to its end: what it brings is new behind those that were begun later and ended sooner.
-- name: finding_coming
SELECT coalesce(min(id), 0) FROM release_import WHERE kind = 'findings' AND state = 'comes';

-- name: finding_mark_get
SELECT import_id FROM finding_mark WHERE account = ?1;

-- name: finding_mark_put
INSERT INTO finding_mark (account, import_id) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET import_id = ?2;

-- Of those that count on the same facts the last: of two the tool would take the first.
-- name: finding_decisions
SELECT d.id, d.doc, d.vulnerability, d.component FROM finding_decision d
WHERE d.product = ?1 AND d.id > ?2 AND (d.import_id = 0 OR EXISTS (SELECT 1 FROM release_import i WHERE i.id = d.import_id AND i.state = 'live'))
	AND NOT EXISTS (SELECT 1 FROM finding_decision n WHERE n.vulnerability = d.vulnerability AND n.component = d.component AND n.product = d.product
		AND n.id > d.id AND n.facts = d.facts
		AND (n.import_id = 0 OR EXISTS (SELECT 1 FROM release_import j WHERE j.id = n.import_id AND j.state = 'live')))
ORDER BY d.id LIMIT ?3;

-- name: release_list
SELECT r.id, r.product, r.version, coalesce(c.there, 0), coalesce(c.live_ms, 0), coalesce(f.there, 0), coalesce(f.live_ms, 0),
	(SELECT count(*) FROM finding_seen s WHERE s.import_id = r.findings AND s.waits = 1)
FROM product_release r LEFT JOIN release_import c ON c.id = r.components LEFT JOIN release_import f ON f.id = r.findings
WHERE r.id > ?1 AND r.doc <> '' ORDER BY r.id LIMIT ?2;

-- name: release_names
SELECT id, product, version FROM product_release WHERE doc <> '' ORDER BY product, version LIMIT 1000;

-- name: release_one
SELECT id, product, version FROM product_release WHERE id = ?1 AND doc <> '';

-- What VEX says of a release; nothing is said of what no record calls affected, unless somebody decided it.
-- name: vex_items
SELECT s.finding, s.waits, s.doc, CASE d.facts WHEN s.facts THEN d.doc END
FROM product_release r CROSS JOIN finding_seen s LEFT JOIN finding_decision d ON d.id = s.decision
WHERE r.id = ?1 AND s.import_id = r.findings AND (s.rule <> 'outside-range' OR s.waits = 2) ORDER BY s.finding LIMIT ?2;

-- How many these are, at most ?2.
-- name: vex_count
SELECT count(*) FROM (SELECT 1 FROM product_release r CROSS JOIN finding_seen s
	WHERE r.id = ?1 AND s.import_id = r.findings AND (s.rule <> 'outside-range' OR s.waits = 2) LIMIT ?2) AS found;

-- When what it says may have changed: an import of findings counted, or something in it was decided.
-- name: vex_revisions
SELECT at_ms FROM (SELECT live_ms AS at_ms FROM release_import WHERE release_id = ?1 AND kind = 'findings' AND live_ms > 0
	UNION ALL SELECT d.at_ms FROM finding_decision d WHERE d.product = ?2 AND d.import_id = 0
		AND EXISTS (SELECT 1 FROM finding f WHERE f.vulnerability = d.vulnerability AND f.component = d.component AND f.release_id = ?1)
		AND d.at_ms > (SELECT min(i.live_ms) FROM release_import i WHERE i.release_id = ?1 AND i.kind = 'findings' AND i.live_ms > 0)) AS moments
ORDER BY at_ms LIMIT ?3;

-- Components: ?1 ?2 ?3 behind which, ?4 ?5 before which: all lie between, so that what is not asked for is never looked at.
-- name: component_by_name
SELECT c.id, c.name_key, c.name, c.version, c.purl, c.cpe, c.supplier, r.id, r.product, r.version
FROM component c CROSS JOIN release_import i CROSS JOIN product_release r
WHERE (c.name_key, c.version, c.id) > (?1, ?2, ?3) AND c.name_key <= ?4 AND (c.name_key, c.version) < (?4, ?5)
	AND i.id = c.import_id AND i.state = 'live' AND r.id = i.release_id
ORDER BY c.name_key, c.version, c.id LIMIT ?6;

-- name: component_in_release
SELECT c.id, c.name_key, c.name, c.version, c.purl, c.cpe, c.supplier, r.id, r.product, r.version
FROM product_release r CROSS JOIN component c
WHERE r.id = ?6 AND c.import_id = r.components AND (c.name_key, c.version, c.id) > (?1, ?2, ?3) AND c.name_key <= ?4 AND (c.name_key, c.version) < (?4, ?5)
ORDER BY c.name_key, c.version, c.id LIMIT ?7;

-- name: component_by_purl
SELECT c.id, c.purl, c.name, c.version, c.purl, c.cpe, c.supplier, r.id, r.product, r.version
FROM component c CROSS JOIN release_import i CROSS JOIN product_release r
WHERE c.purl <> '' AND (c.purl, c.id) > (?1, ?2) AND c.purl < ?3 AND i.id = c.import_id AND i.state = 'live' AND r.id = i.release_id
ORDER BY c.purl, c.id LIMIT ?4;

-- name: component_by_cpe
SELECT c.id, c.cpe, c.name, c.version, c.purl, c.cpe, c.supplier, r.id, r.product, r.version
FROM component c CROSS JOIN release_import i CROSS JOIN product_release r
WHERE c.cpe <> '' AND (c.cpe, c.id) > (?1, ?2) AND c.cpe < ?3 AND i.id = c.import_id AND i.state = 'live' AND r.id = i.release_id
ORDER BY c.cpe, c.id LIMIT ?4;

-- Where a component stands in the order of a search.
-- name: component_place
SELECT CASE ?2 WHEN 'purl' THEN purl WHEN 'cpe' THEN cpe ELSE name_key END, version FROM component WHERE id = ?1;

-- What does not count any more, in steps. ?1: an import that nobody has gone on with since then is given up.
-- name: release_import_old
UPDATE release_import SET state = 'gone' WHERE state = 'comes' AND touched_ms < ?1;

-- name: release_import_first_gone
SELECT id FROM release_import WHERE state = 'gone' ORDER BY id LIMIT 1;

-- name: component_forget
DELETE FROM component WHERE id IN (SELECT id FROM component WHERE import_id = ?1 LIMIT ?2);

-- name: finding_seen_forget
DELETE FROM finding_seen WHERE import_id = ?1 AND finding IN (SELECT finding FROM finding_seen WHERE import_id = ?1 LIMIT ?2);

-- name: finding_decision_forget
DELETE FROM finding_decision WHERE id IN (SELECT id FROM finding_decision WHERE import_id = ?1 AND import_id <> 0 LIMIT ?2);

-- name: release_import_forgotten
UPDATE release_import SET state = 'forgotten' WHERE id = ?1;
