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

-- name: desk_journal
SELECT number, text FROM journal_entry WHERE json_extract(text, '$.case') = ?1 ORDER BY number DESC LIMIT ?2;

-- ?1 kind, or ''; ?2 'new' without an answer of ours, 'answered', 'published', or ''; ?3 by what.
-- name: desk_reports
SELECT id, received_ms, published_ms, kind, product, version, substr(description, 1, 160), m, ours FROM (
	SELECT r.*, (SELECT count(*) FROM report_message WHERE report = r.id) AS m,
		(SELECT count(*) FROM report_message WHERE report = r.id AND ours = 1) AS ours FROM report r)
WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR ?2 = CASE WHEN published_ms IS NOT NULL THEN 'published' WHEN ours > 0 THEN 'answered' ELSE 'new' END)
ORDER BY CASE ?3 WHEN 'report' THEN id WHEN 'messages' THEN m WHEN '-messages' THEN -m END,
	CASE ?3 WHEN 'product' THEN lower(product) END, CASE ?3 WHEN '-product' THEN lower(product) END DESC, id DESC
LIMIT ?4 OFFSET ?5;

-- name: desk_report
SELECT id, received_ms, published_ms, language, kind, description, product, version, flaw, traits, fix, contact, credit FROM report WHERE id = ?1;
