-- SPDX-License-Identifier: Apache-2.0
-- What the staff's pages show of cases, their journal and reports. All of it reads alone; who may see a case is asked as in cases.sql.

-- The board: which cases one page of it has. ?1 state, or ''; ?2 whose, by id; '' all, '-' nobody's; ?3 now; ?4 who asks, '' sees all. Each order goes along an
-- index of cases.sql that has all that is asked here, so no document is read but those that are shown, one by one (case_one). By number, next_ms and
-- the plus before id say what is so anyway: they have SQLite go along an index there too, and not along the table with its documents.
-- name: desk_board_clock
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_clock_down
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY next_ms DESC, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_title
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY title, next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_title_down
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY title DESC, next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_whose
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY whose, next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_whose_down
SELECT id FROM desk_case
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY whose DESC, next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_case
SELECT id FROM desk_case
WHERE next_ms > 0 AND (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY +id LIMIT ?5 OFFSET ?6;

-- name: desk_board_case_down
SELECT id FROM desk_case
WHERE next_ms > 0 AND (?1 = '' OR state = ?1) AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY +id DESC LIMIT ?5 OFFSET ?6;

-- By state, each state by itself; and how many it has, so that those before a page are not read. ?1 is never ''.
-- name: desk_board_of_state
SELECT id FROM desk_case
WHERE state = ?1 AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4))
ORDER BY next_ms, id LIMIT ?5 OFFSET ?6;

-- name: desk_board_count
SELECT count(*) FROM desk_case
WHERE state = ?1 AND (?2 = '' OR whose = ?2)
	AND (embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?4));

-- name: desk_states
SELECT state, count(*) FROM desk_case
WHERE embargo_ms <= ?1 OR ?2 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?2)
GROUP BY state;

-- name: desk_late
SELECT count(*) FROM desk_case
WHERE next_ms < ?1 AND (embargo_ms <= ?1 OR ?2 = '' OR EXISTS (SELECT 1 FROM case_access WHERE case_id = id AND who = ?2));

-- A row of the list of advisories, which says which they are (advisories/search.h). ?1 its number.
-- name: desk_advisory_row
SELECT a.name, a.title, a.state, a.changed_ms, a.released > 0, coalesce(p.signed, '') <> '', coalesce(o.word, '0'), coalesce(l.last_out, '') FROM advisory a
LEFT JOIN advisory_public p ON p.advisory = a.id
LEFT JOIN advisory_order o ON o.advisory = a.id AND o.sort = 'severity'
LEFT JOIN advisory_look l ON l.advisory = a.id
WHERE a.id = ?1;

-- Those that are to be published by themselves, up to ?3. ?1 now; ?2 who asks, '' sees all. What kept one back moves when it is tried again, and not when it is due.
-- name: desk_plans
SELECT a.name, p.at_ms, p.who, p.why FROM advisory_plan p JOIN advisory a ON a.id = p.advisory
WHERE p.at_ms <= ?3 AND (a.case_id = 0 OR ?2 = '' OR EXISTS (SELECT 1 FROM desk_case c WHERE c.id = a.case_id
	AND (c.embargo_ms <= ?1 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2))))
ORDER BY p.next_ms, p.advisory LIMIT ?4;

-- The last steps of an advisory. ?1 its name.
-- name: desk_advisory_steps
SELECT s.revision, s.at_ms, s.who, s.what, s.text FROM advisory_step s JOIN advisory a ON a.id = s.advisory WHERE a.name = ?1
ORDER BY s.id DESC LIMIT ?2;

-- name: desk_journal
SELECT number, text FROM journal_entry WHERE about = ?1 ORDER BY number DESC LIMIT ?2;

-- Which reports a page has; each is then read by itself. ?1 kind, or ''; ?2 verdict, 'all', or '' for those behind ?7 and those that ?8 was let into since; ?3 now; ?4 who asks, '' sees all. A report of a case under
-- embargo is seen as its case is. By number they come along the table, by product along report_product, as far as the page is; by messages all are looked at.
-- name: desk_reports_down
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY r.id DESC LIMIT ?5 OFFSET ?6;

-- name: desk_reports_up
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY r.id LIMIT ?5 OFFSET ?6;

-- name: desk_reports_product
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY lower(product), r.id DESC LIMIT ?5 OFFSET ?6;

-- name: desk_reports_product_down
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY lower(product) DESC, r.id DESC LIMIT ?5 OFFSET ?6;

-- name: desk_reports_messages
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY (SELECT count(*) FROM report_message m WHERE m.report = r.id), r.id DESC LIMIT ?5 OFFSET ?6;

-- name: desk_reports_messages_down
SELECT r.id FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE (?1 = '' OR kind = ?1) AND (?2 = 'all' OR coalesce(d.verdict, 'new') = ?2 OR (?2 = '' AND (r.id > ?7 OR EXISTS (SELECT 1 FROM staff_unseen u WHERE u.account = ?8 AND u.report = r.id))))
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY (SELECT count(*) FROM report_message m WHERE m.report = r.id) DESC, r.id DESC LIMIT ?5 OFFSET ?6;

-- name: desk_case_reports
SELECT report FROM report_desk WHERE case_id = ?1 AND case_id <> 0 ORDER BY report LIMIT ?2;

-- name: desk_report_row
SELECT r.id, received_ms, published_ms, coalesce(d.verdict, 'new'), product, version, substr(description, 1, 160),
	(SELECT count(*) FROM report_message m WHERE m.report = r.id), (SELECT m.ours FROM report_message m WHERE m.report = r.id ORDER BY m.id DESC LIMIT 1), d.doc, r.erased,
	CASE WHEN length(description) > 160 THEN 1 ELSE 0 END
FROM report r LEFT JOIN report_desk d ON d.report = r.id WHERE r.id = ?1;

-- Alarms: ?1 'all', 'acknowledged', or '' for those that wait; ?2 now; ?3 who asks, '' sees all. Cases that he may not see are found once: few are under embargo.
-- name: desk_alarms
SELECT a.id, a.case_id, a.kind, a.step, a.point, a.drill, a.at_ms, a.due_ms, a.raised_ms, a.acknowledged_ms, a.acknowledged_by, a.note
FROM alarm a
WHERE (?1 = 'all' OR (?1 = '') = (a.acknowledged_ms IS NULL)) AND (?3 = '' OR a.case_id NOT IN (SELECT c.id FROM desk_case c
	WHERE c.embargo_ms > 0 AND c.embargo_ms > ?2 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?3)))
ORDER BY a.id DESC LIMIT ?4 OFFSET ?5;

-- Likewise by something else, which all are looked at for: ?6 by what.
-- name: desk_alarms_by
SELECT id, case_id, kind, step, point, drill, at_ms, due_ms, raised_ms, acknowledged_ms, acknowledged_by, note
FROM (SELECT a.id AS i, CASE ?6 WHEN 'alarm' THEN a.id WHEN 'case' THEN a.case_id WHEN '-case' THEN -a.case_id WHEN 'due' THEN a.due_ms ELSE -a.due_ms END AS place
	FROM alarm a
	WHERE (?1 = 'all' OR (?1 = '') = (a.acknowledged_ms IS NULL)) AND (?3 = '' OR a.case_id NOT IN (SELECT c.id FROM desk_case c
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?2 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?3)))
	ORDER BY place, i DESC LIMIT ?4 OFFSET ?5) AS found JOIN alarm ON id = i
ORDER BY place, i DESC;

-- name: desk_alarms_open
SELECT count(*) FROM alarm a WHERE a.acknowledged_ms IS NULL AND (?2 = '' OR a.case_id NOT IN (SELECT c.id FROM desk_case c
	WHERE c.embargo_ms > 0 AND c.embargo_ms > ?1 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?2)));

-- Those below the mark that he was let into since.
-- name: desk_reports_let_in
SELECT count(*) FROM staff_unseen u JOIN report r ON r.id = u.report LEFT JOIN report_desk d ON d.report = u.report LEFT JOIN desk_case c ON c.id = d.case_id
WHERE u.account = ?4 AND u.report <= ?1 AND (coalesce(d.case_id, 0) = 0 OR ?3 = '' OR c.embargo_ms <= ?2
	OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?3));

-- name: desk_reports_since
SELECT count(*) FROM report r LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE r.id > ?1 AND (coalesce(d.case_id, 0) = 0 OR ?3 = '' OR c.embargo_ms <= ?2
	OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?3));
