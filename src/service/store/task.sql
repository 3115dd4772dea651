-- SPDX-License-Identifier: Apache-2.0
-- Tasks: operations that take longer than a caller waits. From format 2 of the store on.
--
-- operation: the row's name. state: what the task's own rows say (running, done, failed, cancelled). started_by: the subject, as the
-- log names it. input, result: JSON; problem: the JSON of an RFC 9457 problem when it failed. progress and total: of the same
-- unit, total 0 while it is not known. *_ms: wall clock; started_boot_ms counts within boot_id.

-- name: task_format_2
CREATE TABLE task (
	id TEXT PRIMARY KEY NOT NULL,
	operation TEXT NOT NULL,
	state TEXT NOT NULL,
	started_by TEXT NOT NULL,
	started_ms INTEGER NOT NULL,
	started_boot_ms INTEGER NOT NULL,
	boot_id BLOB NOT NULL,
	updated_ms INTEGER NOT NULL,
	progress INTEGER NOT NULL DEFAULT 0,
	total INTEGER NOT NULL DEFAULT 0,
	input TEXT NOT NULL,
	result TEXT,
	problem TEXT
) STRICT, WITHOUT ROWID;
