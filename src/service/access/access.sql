-- SPDX-License-Identifier: Apache-2.0
-- Accounts with their roles, groups and credentials, who has to wait, sessions and one-use codes, on either side. An id is never given twice
-- (AUTOINCREMENT), whatever becomes of its account.

-- name: access_format_1
CREATE TABLE account (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	folded TEXT UNIQUE NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	made_ms INTEGER NOT NULL,
	made_by TEXT NOT NULL,
	ends_ms INTEGER,
	ends_boot_id BLOB,
	ends_boot_ms INTEGER,
	active_ms INTEGER NOT NULL,
	login_ms INTEGER,
	login_how TEXT,
	login_from TEXT,
	uses_left INTEGER
) STRICT;
CREATE TABLE account_change (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_ms INTEGER NOT NULL,
	account INTEGER NOT NULL,
	name TEXT NOT NULL,
	what TEXT NOT NULL,
	who TEXT NOT NULL
) STRICT;
CREATE TABLE account_role (
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	role TEXT NOT NULL,
	conditions TEXT,
	given_ms INTEGER NOT NULL,
	given_by TEXT NOT NULL,
	PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;
CREATE TABLE role_end (
	account INTEGER NOT NULL,
	role TEXT NOT NULL,
	ends_ms INTEGER NOT NULL,
	boot_id BLOB,
	boot_ms INTEGER,
	PRIMARY KEY (account, role),
	FOREIGN KEY (account, role) REFERENCES account_role (account, role) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE account_group (
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE credential (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	kind TEXT NOT NULL,
	label TEXT NOT NULL,
	lookup BLOB UNIQUE,
	data TEXT,
	made_ms INTEGER NOT NULL,
	placed_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX credential_of ON credential (account);
CREATE TABLE throttle (
	kind INTEGER NOT NULL,
	who TEXT NOT NULL,
	failures INTEGER NOT NULL,
	wait_ms INTEGER NOT NULL,
	PRIMARY KEY (kind, who)
) STRICT, WITHOUT ROWID;
CREATE TABLE login_client (
	hash BLOB PRIMARY KEY NOT NULL,
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	used_ms INTEGER NOT NULL,
	made_ms INTEGER NOT NULL,
	source TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
	token_hash BLOB PRIMARY KEY NOT NULL,
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	door TEXT NOT NULL,
	how TEXT NOT NULL,
	source TEXT NOT NULL,
	client_key BLOB,
	opened_ms INTEGER NOT NULL,
	boot_id BLOB NOT NULL,
	expires_boot_ms INTEGER NOT NULL,
	placed_by TEXT NOT NULL,
	placer_ends_boot_ms INTEGER NOT NULL,
	idle_ms INTEGER NOT NULL,
	member INTEGER NOT NULL,
	parent BLOB,
	supports INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session_code (
	code_hash BLOB PRIMARY KEY NOT NULL,
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	boot_id BLOB NOT NULL,
	expires_boot_ms INTEGER NOT NULL,
	placed_by TEXT NOT NULL,
	placer_ends_boot_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- name: account_put
INSERT INTO account (name, folded, kind, state, made_ms, made_by, active_ms, ends_ms, ends_boot_id, ends_boot_ms, uses_left)
	VALUES (?1, ?2, ?3, 'active', ?4, ?5, ?4, ?6, ?7, ?8, ?9) RETURNING id;

-- name: account_get
SELECT id, name, kind, state, made_ms, made_by, ends_ms, ends_boot_id, ends_boot_ms, active_ms, login_ms, login_how, login_from,
	(SELECT group_concat(role, ' ') FROM account_role WHERE account = id),
	(SELECT group_concat(g.name, ' ') FROM account_group g WHERE g.account = account.id), uses_left FROM account WHERE id = ?1;

-- name: account_page
SELECT id, name, kind, state, made_ms, made_by, ends_ms, ends_boot_id, ends_boot_ms, active_ms, login_ms, login_how, login_from,
	(SELECT group_concat(role, ' ') FROM account_role WHERE account = id),
	(SELECT group_concat(g.name, ' ') FROM account_group g WHERE g.account = account.id), uses_left FROM account
	WHERE id > ?1 AND (instr(folded, ?3) > 0 OR 'a' || id = ?3) AND (?4 = '' OR kind = ?4) ORDER BY id LIMIT ?2;

-- name: account_change_put
INSERT INTO account_change (at_ms, account, name, what, who) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: account_change_trim
DELETE FROM account_change WHERE id <= (SELECT max(id) FROM account_change) - ?1;

-- name: account_named
SELECT id FROM account WHERE folded = ?1;

-- name: account_count
SELECT count(*) FROM account;

-- name: account_state
UPDATE account SET state = ?2 WHERE id = ?1;

-- name: account_resume
UPDATE account SET state = 'active', active_ms = ?2 WHERE id = ?1;

-- name: account_login
UPDATE account SET active_ms = ?2, login_ms = ?2, login_how = ?3, login_from = ?4, uses_left = uses_left - 1 WHERE id = ?1;

-- name: account_active
UPDATE account SET active_ms = ?2 WHERE id = ?1;

-- name: account_drop
DELETE FROM account WHERE id = ?1;

-- name: role_put
INSERT INTO account_role (account, role, conditions, given_ms, given_by) VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT (account, role) DO UPDATE SET conditions = ?3, given_ms = ?4, given_by = ?5;

-- name: role_drop
DELETE FROM account_role WHERE account = ?1 AND role = ?2;

-- name: role_of
SELECT r.role, r.conditions, r.given_ms, r.given_by, e.ends_ms, e.boot_id, e.boot_ms FROM account_role r
	LEFT JOIN role_end e ON e.account = r.account AND e.role = r.role WHERE r.account = ?1 ORDER BY r.role;

-- name: credential_put
INSERT INTO credential (account, kind, label, lookup, data, made_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id;

-- name: throttle_all
SELECT kind, who, failures, wait_ms FROM throttle ORDER BY failures DESC LIMIT 192;

-- name: throttle_put
INSERT INTO throttle (kind, who, failures, wait_ms) VALUES (?1, ?2, ?3, ?4);

-- name: throttle_drop_all
DELETE FROM throttle;

-- name: client_of
SELECT account FROM login_client WHERE hash = ?1;

-- name: client_put
INSERT INTO login_client (hash, account, used_ms, made_ms, source) VALUES (?1, ?2, ?3, ?3, ?4)
	ON CONFLICT (hash) DO UPDATE SET used_ms = ?3, source = ?4;

-- name: client_trim
DELETE FROM login_client WHERE account = ?1 AND hash NOT IN
	(SELECT hash FROM login_client WHERE account = ?1 ORDER BY used_ms DESC, hash LIMIT ?2);

-- name: password_of
SELECT data, placed_by FROM credential WHERE account = ?1 AND kind IN ('password', 'server');

-- name: password_put
INSERT INTO credential (account, kind, label, data, made_ms, placed_by) VALUES (?1, 'password', 'password', ?2, ?3, ?4);

-- name: password_drop
DELETE FROM credential WHERE account = ?1 AND kind IN ('password', 'server');

-- name: totp_of
SELECT id, data FROM credential WHERE account = ?1 AND kind = ?2;

-- name: totp_drop
DELETE FROM credential WHERE account = ?1 AND kind IN ('totp', 'totp-new');

-- name: totp_drop_kind
DELETE FROM credential WHERE account = ?1 AND kind = ?2;

-- name: totp_confirm
UPDATE credential SET kind = 'totp', data = ?2 WHERE id = ?1 AND kind = 'totp-new' AND data = ?3;

-- name: credential_data
UPDATE credential SET data = ?2 WHERE id = ?1 AND data = ?3;

-- name: passkey_of
SELECT id, account, label, data, made_ms FROM credential WHERE account = ?1 AND kind = 'passkey' ORDER BY id;

-- name: passkey_get
SELECT id, account, label, data, made_ms FROM credential WHERE id = ?1 AND kind = 'passkey';

-- name: passkey_of_key
SELECT id, account, label, data, made_ms FROM credential WHERE lookup = ?1 AND kind = 'passkey';

-- name: passkey_drop_of
DELETE FROM credential WHERE account = ?1 AND kind = 'passkey';

-- name: credential_drop
DELETE FROM credential WHERE id = ?1;

-- name: session_all
SELECT token_hash, account, door, how, source, client_key, opened_ms, expires_boot_ms, placed_by, placer_ends_boot_ms, idle_ms, member, parent, supports FROM session WHERE boot_id = ?1 AND expires_boot_ms > ?2;

-- name: session_put
INSERT INTO session (token_hash, account, door, how, source, client_key, opened_ms, boot_id, expires_boot_ms, placed_by, placer_ends_boot_ms, idle_ms,
	member, parent, supports) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15);

-- name: session_drop
DELETE FROM session WHERE token_hash = ?1;

-- name: session_drop_of
DELETE FROM session WHERE account = ?1 OR member = ?1;

-- name: session_drop_old
DELETE FROM session WHERE boot_id <> ?1 OR expires_boot_ms <= ?2;

-- name: code_put
INSERT INTO session_code (code_hash, account, boot_id, expires_boot_ms, placed_by, placer_ends_boot_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: code_get
SELECT account, placed_by, placer_ends_boot_ms FROM session_code WHERE code_hash = ?1 AND boot_id = ?2 AND expires_boot_ms > ?3;

-- name: code_drop
DELETE FROM session_code WHERE code_hash = ?1;

-- name: code_drop_of
DELETE FROM session_code WHERE account = ?1;

-- name: code_drop_old
DELETE FROM session_code WHERE boot_id <> ?1 OR expires_boot_ms <= ?2;
