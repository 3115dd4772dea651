-- SPDX-License-Identifier: Apache-2.0
-- What the staff's pages show of cases, their journal and reports. All of it reads alone; who may see a case is asked as in cases.sql.

-- ?1 state, or ''; ?2 whose, by id; '' all, '-' nobody's; ?3 now; ?4 who asks, '' sees all; ?5 by what, with - before it for downwards.
-- name: desk_board
SELECT id, next_ms, doc FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR coalesce(json_extract(doc, '$.assigned'), '-') = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY
	CASE ?5 WHEN 'case' THEN id WHEN '-case' THEN -id WHEN '-clock' THEN -next_ms
		WHEN 'state' THEN instr(?6, ' ' || state || ' ') WHEN '-state' THEN -instr(?6, ' ' || state || ' ') END,
	CASE ?5 WHEN 'title' THEN lower(json_extract(doc, '$.title')) WHEN 'whose' THEN json_extract(doc, '$.assigned') END,
	CASE ?5 WHEN '-title' THEN lower(json_extract(doc, '$.title')) WHEN '-whose' THEN json_extract(doc, '$.assigned') END DESC,
	next_ms, id
LIMIT ?7 OFFSET ?8;

-- name: desk_states
SELECT state, count(*) FROM desk_case
WHERE embargo_ms <= ?1 OR ?2 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?2)
GROUP BY state;

-- name: desk_late
SELECT count(*) FROM desk_case
WHERE next_ms < ?1 AND (embargo_ms <= ?1 OR ?2 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?2));

-- ?1 now; ?2 who asks, '' sees all. An advisory is seen as its case is.
-- name: desk_advisories
SELECT a.name, a.title, a.state, a.changed_ms, a.released > 0, coalesce(p.signed, '') <> '' FROM advisory a
LEFT JOIN advisory_public p ON p.advisory = a.id
WHERE a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
	AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2)))
ORDER BY a.id DESC LIMIT ?3 OFFSET ?4;

-- name: desk_journal
SELECT number, text FROM journal_entry WHERE about = ?1 ORDER BY number DESC LIMIT ?2;

-- ?1 kind, or ''; ?2 verdict, or ''; ?3 by what; ?6 now; ?7 who asks, '' sees all. A report of a case under embargo is seen as its case is.
-- name: desk_reports
SELECT id, received_ms, published_ms, verdict, product, version, substr(description, 1, 160), m, last FROM (
	SELECT r.*, coalesce(d.verdict, 'new') AS verdict, coalesce(d.case_id, 0) AS of, coalesce(c.embargo_ms, 0) AS until,
		(SELECT count(*) FROM report_message m WHERE m.report = r.id) AS m,
		(SELECT m.ours FROM report_message m WHERE m.report = r.id ORDER BY m.id DESC LIMIT 1) AS last
	FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id)
WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR verdict = ?2)
	AND (of = 0 OR ?7 = '' OR until <= ?6 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = of AND x.who = ?7))
ORDER BY CASE ?3 WHEN 'report' THEN id WHEN 'messages' THEN m WHEN '-messages' THEN -m END,
	CASE ?3 WHEN 'product' THEN lower(product) END, CASE ?3 WHEN '-product' THEN lower(product) END DESC, id DESC
LIMIT ?4 OFFSET ?5;
