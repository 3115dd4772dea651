-- SPDX-License-Identifier: Apache-2.0
-- Tasks: operations that take longer than a caller waits. From format 2 of the store on.
--
-- operation: the row's name. state: waiting, running, done, failed, cancelled, aborted. who, kind, account: the subject that started it,
-- of what kind, and its id where it is an account. intent: the record of the audit log that its outcome will name. ended_ms: 0 while it goes on. done of total: in one
-- unit of the operation's choice, total 0 while it is not known. saved: where to go on after a restart. result: JSON.

-- name: task_format_2
CREATE TABLE task (
	id TEXT PRIMARY KEY NOT NULL,
	operation TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'aborted')),
	who TEXT NOT NULL,
	kind TEXT NOT NULL,
	intent INTEGER NOT NULL,
	started_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL,
	done INTEGER NOT NULL,
	total INTEGER NOT NULL,
	words TEXT NOT NULL,
	saved BLOB,
	result TEXT,
	account TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- name: task_put
INSERT INTO task (id, operation, state, who, kind, intent, started_ms, ended_ms, done, total, words, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, '', ?8);

-- name: task_save
UPDATE task SET state = ?2, done = ?3, total = ?4, words = ?5, saved = ?6 WHERE id = ?1;

-- name: task_end
UPDATE task SET state = ?2, ended_ms = ?3, done = ?4, total = ?5, words = ?6, result = ?7, saved = NULL WHERE id = ?1;

-- name: task_all
SELECT id, operation, state, who, kind, intent, started_ms, ended_ms, done, total, words, result, saved, account FROM task
WHERE started_ms < ?1 OR (started_ms = ?1 AND id < ?2) ORDER BY started_ms DESC, id DESC;

-- name: task_one
SELECT id, operation, state, who, kind, intent, started_ms, ended_ms, done, total, words, result, saved, account FROM task WHERE id = ?1;

-- name: task_active
SELECT id, operation, state, who, kind, intent, started_ms, ended_ms, done, total, words, result, saved, account FROM task WHERE ended_ms = 0;

-- name: task_of_intent
SELECT id, operation, state, who, kind, intent, started_ms, ended_ms, done, total, words, result, saved, account FROM task WHERE intent = ?1;

-- name: task_forget_intents
UPDATE task SET intent = 0;

-- name: task_prune
DELETE FROM task WHERE ended_ms > 0 AND (ended_ms < ?1 OR id NOT IN
	(SELECT id FROM task WHERE ended_ms > 0 ORDER BY ended_ms DESC, id DESC LIMIT ?2));

-- name: task_drop
DELETE FROM task WHERE id = ?1;

-- name: task_drop_all
DELETE FROM task;
