-- SPDX-License-Identifier: Apache-2.0
-- Alarms of the clocks of Article 14.
--
-- alarm_next: of each case whose clocks have a point that was not raised yet, when the earliest is. alarm: one row for each case, clock and point that was
-- reached, for good; logged: its event is in the audit log.

-- name: alarms_format_1
CREATE TABLE alarm_next (
	case_id INTEGER PRIMARY KEY,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX alarm_next_at ON alarm_next (at_ms, case_id);
CREATE TABLE alarm (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	case_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	step TEXT NOT NULL,
	point INTEGER NOT NULL CHECK (point BETWEEN 1 AND 4),
	drill INTEGER NOT NULL CHECK (drill IN (0, 1)),
	at_ms INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	raised_ms INTEGER NOT NULL,
	logged INTEGER NOT NULL DEFAULT 0 CHECK (logged IN (0, 1)),
	acknowledged_ms INTEGER,
	acknowledged_by TEXT,
	note TEXT,
	UNIQUE (case_id, kind, step, point)
) STRICT;
CREATE INDEX alarm_unlogged ON alarm (id) WHERE logged = 0;
CREATE INDEX alarm_unacknowledged ON alarm (case_id) WHERE acknowledged_ms IS NULL;
CREATE TRIGGER alarm_stays BEFORE DELETE ON alarm BEGIN SELECT RAISE(ABORT, 'an alarm stays'); END;
CREATE TRIGGER alarm_is_as_it_was BEFORE UPDATE OF id, case_id, kind, step, point, drill, at_ms, due_ms, raised_ms ON alarm
BEGIN SELECT RAISE(ABORT, 'an alarm is as it was raised'); END;
CREATE TRIGGER alarm_acknowledged_once BEFORE UPDATE OF acknowledged_ms, acknowledged_by, note ON alarm WHEN OLD.acknowledged_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an alarm is acknowledged once'); END;

-- name: alarm_next_put
INSERT INTO alarm_next (case_id, at_ms) VALUES (?1, ?2) ON CONFLICT (case_id) DO UPDATE SET at_ms = ?2;

-- name: alarm_next_drop
DELETE FROM alarm_next WHERE case_id = ?1;

-- name: alarm_next_first
SELECT at_ms, case_id FROM alarm_next ORDER BY at_ms, case_id LIMIT 1;

-- name: alarm_of
SELECT kind, step, point FROM alarm WHERE case_id = ?1;

-- name: alarm_put
INSERT INTO alarm (case_id, kind, step, point, drill, at_ms, due_ms, raised_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: alarm_unlogged
SELECT id, case_id, kind, step, point, drill, at_ms, due_ms, raised_ms FROM alarm WHERE logged = 0 ORDER BY id LIMIT ?1;

-- name: alarm_logged
UPDATE alarm SET logged = 1 WHERE id = ?1;

-- name: alarm_list
SELECT a.id, a.case_id, a.kind, a.step, a.point, a.drill, a.at_ms, a.due_ms, a.raised_ms, a.acknowledged_ms, a.acknowledged_by, a.note
FROM alarm a JOIN desk_case c ON c.id = a.case_id
WHERE a.id < ?1 AND (?2 = '' OR (?2 = 'open') = (a.acknowledged_ms IS NULL))
	AND (c.embargo_ms <= ?3 OR ?4 = '' OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?4))
ORDER BY a.id DESC LIMIT ?5;

-- name: alarm_acknowledge
UPDATE alarm SET acknowledged_ms = ?2, acknowledged_by = ?3, note = ?4 WHERE id = ?1 AND acknowledged_ms IS NULL;
