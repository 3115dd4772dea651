-- SPDX-License-Identifier: Apache-2.0
-- Reports as they came, and what was said about them. Nothing that was said is changed; only the state moves on. thanked: whoever gave a name for the public
-- thanks is named there, as long as nobody took it back.
--
-- Erased, a report stays without any text: either the reporter's contact and name alone (contact_erased_ms), or all that was sent and said (erased, erased_ms). The
-- triggers let nothing else through, and neither comes back. A message goes with its report and not without it: it refers to the report as erased as itself.

-- name: reception_format_1
CREATE TABLE report (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	receipt BLOB NOT NULL UNIQUE CHECK (length(receipt) = 32),
	received_ms INTEGER NOT NULL,
	published_ms INTEGER,
	language TEXT NOT NULL,
	kind TEXT NOT NULL,
	description TEXT NOT NULL,
	product TEXT NOT NULL,
	version TEXT NOT NULL,
	flaw TEXT NOT NULL,
	traits TEXT NOT NULL,
	fix TEXT NOT NULL,
	contact TEXT NOT NULL,
	credit TEXT NOT NULL,
	thanked INTEGER NOT NULL DEFAULT 0 CHECK (thanked IN (0, 1)),
	contact_erased_ms INTEGER,
	erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
	erased_ms INTEGER,
	UNIQUE (erased, id),
	CHECK (contact_erased_ms IS NULL OR (contact = '' AND credit = '' AND thanked = 0)),
	CHECK ((erased = 1) = (erased_ms IS NOT NULL)),
	CHECK (erased = 0 OR (contact_erased_ms IS NOT NULL AND description = '' AND product = '' AND version = '' AND flaw = '' AND traits = '' AND fix = ''))
) STRICT;
CREATE TABLE report_message (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	report INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	ours INTEGER NOT NULL CHECK (ours IN (0, 1)),
	text TEXT NOT NULL,
	erased INTEGER NOT NULL DEFAULT 0,
	FOREIGN KEY (erased, report) REFERENCES report (erased, id) DEFERRABLE INITIALLY DEFERRED,
	CHECK (erased = 0 OR text = '')
) STRICT;
CREATE INDEX report_message_of ON report_message (report, id);
CREATE INDEX report_product ON report (lower(product), id DESC, kind);
CREATE INDEX report_published ON report (published_ms) WHERE published_ms IS NOT NULL;
CREATE TRIGGER report_stays BEFORE DELETE ON report BEGIN SELECT RAISE(ABORT, 'a report stays'); END;
CREATE TRIGGER report_is_as_it_came BEFORE UPDATE OF id, receipt, received_ms, language, kind ON report BEGIN SELECT RAISE(ABORT, 'a report is as it came'); END;
CREATE TRIGGER report_is_as_it_came_or_erased
BEFORE UPDATE OF description, product, version, flaw, traits, fix, contact, credit, contact_erased_ms, erased, erased_ms ON report
WHEN NOT (NEW.contact_erased_ms IS NOT NULL AND (OLD.contact_erased_ms IS NULL OR NEW.contact_erased_ms = OLD.contact_erased_ms) AND (NEW.erased = 1
	OR (OLD.contact_erased_ms IS NULL AND NEW.description = OLD.description AND NEW.product = OLD.product AND NEW.version = OLD.version
		AND NEW.flaw = OLD.flaw AND NEW.traits = OLD.traits AND NEW.fix = OLD.fix)))
BEGIN SELECT RAISE(ABORT, 'a report is as it came'); END;
CREATE TRIGGER report_stays_erased BEFORE UPDATE ON report WHEN OLD.erased = 1 BEGIN SELECT RAISE(ABORT, 'an erased report stays erased'); END;
CREATE TRIGGER report_message_stays BEFORE DELETE ON report_message BEGIN SELECT RAISE(ABORT, 'what was said stays'); END;
CREATE TRIGGER report_message_is_as_it_came BEFORE UPDATE ON report_message
WHEN NOT (OLD.erased = 0 AND NEW.erased = 1 AND NEW.id = OLD.id AND NEW.report = OLD.report AND NEW.at_ms = OLD.at_ms AND NEW.ours = OLD.ours)
BEGIN SELECT RAISE(ABORT, 'what was said stays'); END;

-- name: report_count
SELECT count(*) FROM report WHERE erased = 0;

-- name: report_by_receipt
SELECT id, received_ms, published_ms, kind, description, product, version, flaw, traits, fix, contact, credit, coalesce(erased_ms, 0), coalesce(contact_erased_ms, 0)
FROM report WHERE receipt = ?1;

-- name: report_erased
SELECT erased FROM report WHERE id = ?1;

-- name: report_erase
UPDATE report SET description = '', product = '', version = '', flaw = '', traits = '', fix = '', contact = '', credit = '', thanked = 0,
	contact_erased_ms = coalesce(contact_erased_ms, ?2), erased = 1, erased_ms = ?2 WHERE id = ?1;

-- name: report_messages_erase
UPDATE report_message SET text = '', erased = 1 WHERE report = ?1;

-- name: report_contact_erase
UPDATE report SET contact = '', credit = '', thanked = 0, contact_erased_ms = ?2 WHERE id = ?1;

-- name: report_add
INSERT INTO report (receipt, received_ms, language, kind, description, product, version, flaw, traits, fix, contact, credit)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id;

-- name: report_messages
SELECT at_ms, ours, text FROM report_message WHERE report = ?1 ORDER BY id LIMIT ?2;

-- name: report_messages_count
SELECT count(*) FROM report_message WHERE report = ?1;

-- name: report_message_last
SELECT ours, text FROM report_message WHERE report = ?1 ORDER BY id DESC LIMIT 1;

-- name: report_message_add
INSERT INTO report_message (report, at_ms, ours, text) VALUES (?1, ?2, ?3, ?4);

-- name: report_publish
UPDATE report SET published_ms = coalesce(published_ms, ?2), thanked = ?3 WHERE id = ?1;

-- name: report_thanks
SELECT credit, published_ms FROM report WHERE published_ms IS NOT NULL AND thanked = 1 AND credit <> '' ORDER BY published_ms DESC, id DESC LIMIT ?1;
