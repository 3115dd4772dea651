-- SPDX-License-Identifier: Apache-2.0
-- Files that belong to reports. attachment_key: the one key of a report's files, sealed by the keys role; without its row nothing of them can be read
-- by anybody. attachment: about is name, kind and SHA-256, sealed by that key; nonce is bound into all that is sealed of it. attachment_part: the bytes, in
-- pieces, each sealed. In the clear are how many files a report has, how long they are, when they came and by
-- which way (0: the form, 1: mail).

-- name: attachments_format_1
CREATE TABLE attachment_key (
	report INTEGER PRIMARY KEY REFERENCES report (id),
	sealed BLOB NOT NULL
) STRICT;
CREATE TABLE attachment (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	report INTEGER NOT NULL REFERENCES attachment_key (report),
	at_ms INTEGER NOT NULL,
	size INTEGER NOT NULL,
	nonce BLOB NOT NULL,
	about BLOB NOT NULL,
	way INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_of ON attachment (report, id);
CREATE TABLE attachment_part (
	attachment INTEGER NOT NULL REFERENCES attachment (id),
	part INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (attachment, part)
) STRICT;

-- name: attachment_key_get
SELECT sealed FROM attachment_key WHERE report = ?1;

-- name: attachment_key_put
INSERT INTO attachment_key (report, sealed) VALUES (?1, ?2);

-- name: attachment_key_destroy
DELETE FROM attachment_key WHERE report = ?1;

-- name: attachments_sum
SELECT CAST(coalesce(sum(size), 0) AS INTEGER) FROM attachment WHERE way = ?1;

-- name: attachments_of
SELECT id, report, at_ms, size, nonce, about FROM attachment WHERE report = ?1 ORDER BY id;

-- name: attachments_count
SELECT count(*) FROM attachment WHERE report = ?1;

-- name: attachment_one
SELECT id, report, at_ms, size, nonce, about FROM attachment WHERE id = ?1;

-- name: attachment_add
INSERT INTO attachment (report, at_ms, size, nonce, about, way) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id;

-- name: attachments_destroy
DELETE FROM attachment WHERE report = ?1;

-- name: attachment_part_add
INSERT INTO attachment_part (attachment, part, bytes) VALUES (?1, ?2, ?3);

-- name: attachment_part_get
SELECT bytes FROM attachment_part WHERE attachment = ?1 AND part = ?2;

-- name: attachment_parts_destroy
DELETE FROM attachment_part WHERE attachment IN (SELECT id FROM attachment WHERE report = ?1);

-- name: attachment_reports_of_case
SELECT d.report FROM report_desk d JOIN attachment_key k ON k.report = d.report WHERE d.case_id = ?1 ORDER BY d.report LIMIT ?2;
