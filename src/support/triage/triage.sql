-- SPDX-License-Identifier: Apache-2.0
-- What the desk has said of reports. report_desk: doc is all of it, canonical JSON, there as soon as somebody of the staff did something; verdict and case_id are
-- taken from it, for lists. A report that belongs to a case under embargo is seen by those alone who see the case.

-- name: triage_format_1
CREATE TABLE report_desk (
	report INTEGER PRIMARY KEY REFERENCES report (id),
	verdict TEXT NOT NULL,
	case_id INTEGER NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE INDEX report_desk_case ON report_desk (case_id, report) WHERE case_id <> 0;

-- name: triage_put
INSERT INTO report_desk (report, verdict, case_id, doc) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (report) DO UPDATE SET verdict = ?2, case_id = ?3, doc = ?4;

-- name: triage_list
SELECT r.id, r.received_ms, r.published_ms, r.kind, r.description, r.product, r.version, r.flaw, coalesce(d.verdict, 'new'), coalesce(d.case_id, 0),
	(SELECT m.ours FROM report_message m WHERE m.report = r.id ORDER BY m.id DESC LIMIT 1), coalesce(r.erased_ms, 0)
FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE r.id < ?1 AND r.received_ms >= ?2 AND (?3 = '' OR coalesce(d.verdict, 'new') = ?3) AND (?4 = 0 OR d.case_id = ?4)
	AND (coalesce(d.case_id, 0) = 0 OR ?6 = '' OR c.embargo_ms <= ?5 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?6))
ORDER BY r.id DESC LIMIT ?7;

-- name: triage_one
SELECT r.id, r.received_ms, r.published_ms, r.language, r.kind, r.description, r.product, r.version, r.flaw, r.traits, r.fix, r.contact, r.credit,
	coalesce(d.verdict, 'new'), coalesce(d.case_id, 0), d.doc, coalesce(c.embargo_ms, 0), coalesce(c.state, ''), coalesce(r.erased_ms, 0),
	coalesce(r.contact_erased_ms, 0)
FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE r.id = ?1
	AND (coalesce(d.case_id, 0) = 0 OR ?3 = '' OR c.embargo_ms <= ?2 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?3));

-- name: triage_messages
SELECT id, report, at_ms, ours, text FROM report_message WHERE id > ?1 AND report = ?2 AND erased = 0 ORDER BY id LIMIT ?3;

-- name: triage_case_messages
SELECT m.id, m.report, m.at_ms, m.ours, m.text FROM report_message m JOIN report_desk d ON d.report = m.report
WHERE m.id > ?1 AND d.case_id = ?2 AND m.erased = 0 ORDER BY m.id LIMIT ?3;

-- name: triage_progress
SELECT r.published_ms, coalesce(d.verdict, 'new'), coalesce(c.state, ''), coalesce(c.embargo_ms, 0), r.erased
FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id WHERE r.id = ?1;
