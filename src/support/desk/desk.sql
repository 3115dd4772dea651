-- SPDX-License-Identifier: Apache-2.0
-- What the staff's pages show of cases, their journal and reports. All of it reads alone; who may see a case is asked as in cases.sql.

-- The board by its clocks, as it comes: along the index, so that its first page costs the same with many cases. ?1 state, or ''; ?2 whose, by id; '' all,
-- '-' nobody's; ?3 now; ?4 who asks, '' sees all.
-- name: desk_board
SELECT id, next_ms, doc FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR coalesce(json_extract(doc, '$.assigned'), '-') = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY next_ms, id
LIMIT ?5 OFFSET ?6;

-- Likewise by something else, which all cases are looked at for: ?5 by what, with - before it for downwards. Documents are read of those alone that are shown.
-- name: desk_board_by
SELECT i, n, doc FROM (SELECT id AS i, next_ms AS n,
		CASE ?5 WHEN 'case' THEN id WHEN '-case' THEN -id WHEN '-clock' THEN -next_ms
			WHEN 'state' THEN instr(?6, ' ' || state || ' ') WHEN '-state' THEN -instr(?6, ' ' || state || ' ') END AS place,
		CASE ?5 WHEN 'title' THEN lower(json_extract(doc, '$.title')) WHEN 'whose' THEN json_extract(doc, '$.assigned') END AS up,
		CASE ?5 WHEN '-title' THEN lower(json_extract(doc, '$.title')) WHEN '-whose' THEN json_extract(doc, '$.assigned') END AS down
	FROM desk_case
	WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR coalesce(json_extract(doc, '$.assigned'), '-') = ?2)
		AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
	ORDER BY place, up NULLS FIRST, down DESC NULLS LAST, n, i LIMIT ?7 OFFSET ?8) AS found JOIN desk_case ON id = i
ORDER BY place, up NULLS FIRST, down DESC NULLS LAST, n, i;

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

-- The reports, the last one first, as they come. ?1 kind, or ''; ?2 verdict, 'all', or '' for those behind ?7 and those that ?8 was let into since; ?3 now; ?4 who asks, '' sees all. A report of a case under embargo is seen as
-- its case is.
-- name: desk_reports
SELECT r.id, received_ms, published_ms, coalesce(d.verdict, 'new'), product, version, substr(description, 1, 160),
	(SELECT count(*) FROM report_message m WHERE m.report = r.id), (SELECT m.ours FROM report_message m WHERE m.report = r.id ORDER BY m.id DESC LIMIT 1), d.doc
FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY r.id DESC
LIMIT ?5 OFFSET ?6;

-- Likewise by something else, which all reports are looked at for: ?5 by what; those behind ?8; who he is: ?9.
-- name: desk_reports_by
SELECT i, received_ms, published_ms, v, product, version, substr(description, 1, 160),
	(SELECT count(*) FROM report_message m WHERE m.report = i), (SELECT m.ours FROM report_message m WHERE m.report = i ORDER BY m.id DESC LIMIT 1), said
FROM (SELECT r.id AS i, coalesce(d.verdict, 'new') AS v, d.doc AS said,
		CASE ?5 WHEN 'report' THEN r.id WHEN 'messages' THEN (SELECT count(*) FROM report_message m WHERE m.report = r.id)
			WHEN '-messages' THEN -(SELECT count(*) FROM report_message m WHERE m.report = r.id) END AS place,
		CASE ?5 WHEN 'product' THEN lower(product) END AS up, CASE ?5 WHEN '-product' THEN lower(product) END AS down
	FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
	WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?8 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?9 AND u.report = r.id))))
		AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
	ORDER BY place, up NULLS FIRST, down DESC NULLS LAST, i DESC LIMIT ?6 OFFSET ?7) AS found JOIN report ON id = i
ORDER BY place, up NULLS FIRST, down DESC NULLS LAST, i DESC;

-- ?1 'all', 'acknowledged', or '' for those that wait; ?2 by what; ?3 now; ?4 who asks, '' sees all.
-- name: desk_alarms
SELECT a.id, a.case_id, a.kind, a.step, a.point, a.drill, a.at_ms, a.due_ms, a.raised_ms, a.acknowledged_ms, a.acknowledged_by, a.note
FROM alarm a JOIN desk_case c ON c.id = a.case_id
WHERE (?1 = 'all' OR (?1 = '') = (a.acknowledged_ms IS NULL))
	AND (c.embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?4))
ORDER BY CASE ?2 WHEN 'alarm' THEN a.id WHEN 'case' THEN a.case_id WHEN '-case' THEN -a.case_id WHEN 'due' THEN a.due_ms WHEN '-due' THEN -a.due_ms END,
	a.id DESC
LIMIT ?5 OFFSET ?6;

-- name: desk_alarms_open
SELECT count(*) FROM alarm a JOIN desk_case c ON c.id = a.case_id
WHERE a.acknowledged_ms IS NULL
	AND (c.embargo_ms <= ?1 OR ?2 = '' OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2));

-- Those below the mark that he was let into since.
-- name: desk_reports_let_in
SELECT count(*) FROM staff_unseen u JOIN report r ON r.id = u.report LEFT JOIN report_desk d ON d.report = u.report LEFT JOIN desk_case c ON c.id = d.case_id
WHERE u.account = ?4 AND u.report <= ?1 AND (coalesce(d.case_id, 0) = 0 OR ?3 = '' OR c.embargo_ms <= ?2
	OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?3));

-- name: desk_reports_since
SELECT count(*) FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE r.id > ?1 AND (coalesce(d.case_id, 0) = 0 OR ?3 = '' OR c.embargo_ms <= ?2
	OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?3));
