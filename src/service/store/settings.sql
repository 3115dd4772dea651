-- SPDX-License-Identifier: Apache-2.0
-- Settings: the present value of each changed one, and every value it ever had. What has no row here has its default.

-- name: settings_format_1
CREATE TABLE setting (
	key TEXT PRIMARY KEY NOT NULL,
	value TEXT NOT NULL,
	version INTEGER NOT NULL CHECK (version > 0),
	changed_ms INTEGER NOT NULL,
	changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE setting_history (
	key TEXT NOT NULL,
	version INTEGER NOT NULL,
	value TEXT NOT NULL,
	changed_ms INTEGER NOT NULL,
	changed_by TEXT NOT NULL,
	PRIMARY KEY (key, version)
) STRICT, WITHOUT ROWID;

-- name: settings_all
SELECT key, value, version, changed_ms, changed_by FROM setting;

-- name: settings_put
INSERT INTO setting (key, value, version, changed_ms, changed_by) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (key) DO UPDATE SET value = ?2, version = ?3, changed_ms = ?4, changed_by = ?5;

-- name: settings_remember
INSERT INTO setting_history (key, version, value, changed_ms, changed_by) VALUES (?1, ?3, ?2, ?4, ?5);

-- name: settings_held
SELECT value FROM setting WHERE key = ?1;

-- name: settings_held_drop
DELETE FROM setting WHERE key = ?1;

-- name: settings_purge
DELETE FROM setting;

-- name: settings_purge_history
DELETE FROM setting_history;
