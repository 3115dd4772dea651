-- SPDX-License-Identifier: Apache-2.0
-- What the device remembers beside settings and the log: a few facts by name, owners, sessions and one-use codes.

-- name: device_format_1
CREATE TABLE kept (
	name TEXT PRIMARY KEY NOT NULL,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE owner (
	name TEXT PRIMARY KEY NOT NULL,
	client_key BLOB UNIQUE,
	certificate TEXT,
	created_ms INTEGER NOT NULL,
	how TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
	token_hash BLOB PRIMARY KEY NOT NULL,
	owner TEXT NOT NULL REFERENCES owner (name) ON DELETE CASCADE,
	boot_id BLOB NOT NULL,
	expires_boot_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session_code (
	code_hash BLOB PRIMARY KEY NOT NULL,
	owner TEXT NOT NULL REFERENCES owner (name) ON DELETE CASCADE,
	boot_id BLOB NOT NULL,
	expires_boot_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- name: kept_put
INSERT INTO kept (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2;

-- name: kept_get
SELECT value FROM kept WHERE name = ?1;

-- name: kept_drop
DELETE FROM kept WHERE name = ?1;

-- name: kept_drop_owner
DELETE FROM kept WHERE name LIKE 'owner.%';

-- name: owner_since
SELECT min(created_ms) FROM owner;

-- name: owner_ended
INSERT INTO kept (name, value) SELECT 'ownership.ended', max(created_ms) FROM owner HAVING count(*) > 0
	ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER));

-- name: owner_all
SELECT name, client_key FROM owner;

-- name: owner_put
INSERT INTO owner (name, client_key, certificate, created_ms, how) VALUES (?1, ?2, ?3,
	max(?4, 1 + coalesce((SELECT CAST(value AS INTEGER) FROM kept WHERE name = 'ownership.ended'), 0)), ?5);

-- name: owner_drop_all
DELETE FROM owner;

-- name: session_all
SELECT token_hash, owner, expires_boot_ms FROM session WHERE boot_id = ?1 AND expires_boot_ms > ?2;

-- name: session_put
INSERT INTO session (token_hash, owner, boot_id, expires_boot_ms) VALUES (?1, ?2, ?3, ?4);

-- name: session_drop
DELETE FROM session WHERE token_hash = ?1;

-- name: session_drop_all
DELETE FROM session;

-- name: session_drop_old
DELETE FROM session WHERE boot_id <> ?1 OR expires_boot_ms <= ?2;

-- name: code_put
INSERT INTO session_code (code_hash, owner, boot_id, expires_boot_ms) VALUES (?1, ?2, ?3, ?4);

-- name: code_get
SELECT owner FROM session_code WHERE code_hash = ?1 AND boot_id = ?2 AND expires_boot_ms > ?3;

-- name: code_drop
DELETE FROM session_code WHERE code_hash = ?1;

-- name: code_drop_all
DELETE FROM session_code;

-- name: code_drop_old
DELETE FROM session_code WHERE boot_id <> ?1 OR expires_boot_ms <= ?2;

-- name: code_count
SELECT count(*) FROM session_code;
