-- SPDX-License-Identifier: Apache-2.0
-- What the device remembers beside settings, the log, accounts and sessions (service/access/access.sql): a few facts by name, and what hangs on
-- accounts here alone.

-- name: device_format_1
CREATE TABLE kept (
	name TEXT PRIMARY KEY NOT NULL,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session_cap (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	most INTEGER NOT NULL,
	by_owner INTEGER NOT NULL,
	PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE shared_account (
	account INTEGER PRIMARY KEY NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	members TEXT NOT NULL,
	conditions TEXT NOT NULL,
	said_ms INTEGER NOT NULL,
	said_by TEXT NOT NULL,
	placed_by TEXT NOT NULL
) STRICT;
CREATE TABLE support (
	token_hash BLOB PRIMARY KEY NOT NULL,
	account INTEGER NOT NULL,
	opened_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE notice (
	version INTEGER PRIMARY KEY AUTOINCREMENT,
	text TEXT,
	changed_ms INTEGER NOT NULL,
	changed_by TEXT NOT NULL
) STRICT;
CREATE TABLE notice_accepted (
	account INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	digest BLOB NOT NULL,
	accepted_ms INTEGER NOT NULL
) STRICT;

-- name: kept_put
INSERT INTO kept (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2;

-- name: kept_get
SELECT value FROM kept WHERE name = ?1;

-- name: kept_drop
DELETE FROM kept WHERE name = ?1;

-- name: kept_drop_owner
DELETE FROM kept WHERE name LIKE 'owner.%';

-- name: ownership_since
SELECT CAST(value AS INTEGER) FROM kept WHERE name = 'ownership.since';

-- name: ownership_begin
INSERT INTO kept (name, value) VALUES ('ownership.since',
	max(?1, 1 + coalesce((SELECT CAST(value AS INTEGER) FROM kept WHERE name = 'ownership.ended'), 0)));

-- name: ownership_end
INSERT INTO kept (name, value) SELECT 'ownership.ended', value FROM kept WHERE name = 'ownership.since'
	ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER));

-- name: ownership_forget
DELETE FROM kept WHERE name = 'ownership.since';

-- name: owner_all
SELECT a.id, a.name, (SELECT c.lookup FROM credential c WHERE c.account = a.id AND c.kind = 'certificate' ORDER BY c.id LIMIT 1),
	(SELECT count(*) FROM credential c WHERE c.account = a.id AND c.kind NOT IN ('totp', 'totp-new', 'server', 'message', 'oidc', 'biometric', 'auth-plugin', 'passkey')),
	e.ends_ms, e.boot_id, e.boot_ms FROM account_role r JOIN account a ON a.id = r.account
	LEFT JOIN role_end e ON e.account = r.account AND e.role = r.role WHERE r.role = 'owner' AND a.state = 'active' ORDER BY a.id;

-- name: account_change_page
SELECT id, at_ms, account, name, what, who FROM account_change WHERE id < ?1 ORDER BY id DESC LIMIT ?2;

-- name: account_change_drop_all
DELETE FROM account_change;

-- name: account_change_count
SELECT count(*) FROM account_change;

-- name: account_idle_count
SELECT count(*) FROM account WHERE state <> 'active';

-- name: account_login_count
SELECT count(*) FROM account WHERE login_ms IS NOT NULL;

-- name: account_end_count
SELECT count(*) FROM account WHERE ends_ms IS NOT NULL;

-- name: role_count
SELECT count(*) FROM account_role;

-- name: account_rename
UPDATE account SET name = ?2, folded = ?3 WHERE id = ?1;

-- name: account_extend
UPDATE account SET ends_ms = ?2, ends_boot_id = ?3, ends_boot_ms = ?4 WHERE id = ?1;

-- name: account_next_end
SELECT coalesce(min(at_ms), 0) FROM (SELECT min(ends_boot_ms) AS at_ms FROM account WHERE ends_boot_id = ?1
	UNION ALL SELECT min(boot_ms) FROM role_end WHERE boot_id = ?1 AND (role <> 'owner' OR boot_ms > ?2));

-- name: account_drop_all
DELETE FROM account;

-- name: role_held
SELECT count(*) FROM account_role WHERE role = ?1;

-- name: role_end_put
INSERT INTO role_end (account, role, ends_ms, boot_id, boot_ms) VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT (account, role) DO UPDATE SET ends_ms = ?3, boot_id = ?4, boot_ms = ?5;

-- name: role_end_drop
DELETE FROM role_end WHERE account = ?1 AND role = ?2;

-- name: role_end_all
SELECT account, role, ends_ms, boot_id, boot_ms FROM role_end ORDER BY account, role;

-- name: group_put
INSERT INTO account_group (account, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: group_drop
DELETE FROM account_group WHERE account = ?1 AND name = ?2;

-- name: credential_placed
UPDATE credential SET placed_by = ?2 WHERE id = ?1;

-- name: client_all
SELECT hash, used_ms, made_ms, source FROM login_client WHERE account = ?1 ORDER BY used_ms DESC, hash;

-- name: client_drop
DELETE FROM login_client WHERE account = ?1 AND substr(hash, 1, ?3) = ?2 RETURNING 1;

-- name: client_drop_all
DELETE FROM login_client WHERE account = ?1 RETURNING 1;

-- name: password_delegate
INSERT INTO credential (account, kind, label, data, made_ms, placed_by) VALUES (?1, 'server', ?2, 'server ' || ?2, ?3, ?4);

-- name: password_delegated
SELECT count(*) FROM credential WHERE kind = 'server';

-- name: message_of
SELECT data FROM credential WHERE account = ?1 AND kind = 'message';

-- name: message_drop
DELETE FROM credential WHERE account = ?1 AND kind = 'message';

-- name: message_put
INSERT INTO credential (account, kind, label, data, made_ms, placed_by) VALUES (?1, 'message', 'message', ?2, ?3, ?4);

-- name: message_end_placed
UPDATE credential SET data = '', placed_by = '' WHERE account = ?1 AND placed_by = ?2 AND kind = 'message';

-- name: oidc_put
INSERT INTO credential (account, kind, label, lookup, made_ms, placed_by) VALUES (?1, 'oidc', ?2, ?3, ?4, ?5);

-- name: oidc_drop
DELETE FROM credential WHERE account = ?1 AND kind = 'oidc';

-- name: oidc_of
SELECT label, placed_by FROM credential WHERE account = ?1 AND kind = 'oidc';

-- name: oidc_account
SELECT account FROM credential WHERE lookup = ?1 AND kind = 'oidc';

-- name: provider_of
SELECT label FROM credential WHERE account = ?1 AND kind = ?2;

-- name: provider_drop_kind
DELETE FROM credential WHERE account = ?1 AND kind = ?2;

-- name: provider_drop
DELETE FROM credential WHERE account = ?1 AND kind IN ('biometric', 'auth-plugin');

-- name: provider_put
INSERT INTO credential (account, kind, label, made_ms) VALUES (?1, ?2, ?3, ?4);

-- name: cap_put
INSERT INTO session_cap (kind, name, most, by_owner) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, name) DO UPDATE SET most = ?3, by_owner = ?4;

-- name: cap_drop
DELETE FROM session_cap WHERE kind = ?1 AND name = ?2;

-- name: cap_count
SELECT count(*) FROM session_cap;

-- name: cap_count_others
SELECT count(*) FROM session_cap WHERE kind <> ?1 OR name <> ?2;

-- name: cap_by_owner
SELECT by_owner FROM session_cap WHERE kind = ?1 AND name = ?2;

-- name: cap_page
SELECT kind || '.' || name, most, by_owner FROM session_cap WHERE kind || '.' || name > ?1 ORDER BY 1 LIMIT ?2;

-- name: cap_all
SELECT kind, name, most, by_owner FROM session_cap ORDER BY kind, name;

-- name: cap_drop_all
DELETE FROM session_cap;

-- name: shared_put
INSERT INTO shared_account (account, members, conditions, said_ms, said_by, placed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
	ON CONFLICT (account) DO UPDATE SET members = ?2, conditions = ?3, said_ms = ?4, said_by = ?5, placed_by = ?6;

-- name: shared_get
SELECT members, conditions, said_ms, said_by FROM shared_account WHERE account = ?1;

-- name: shared_drop
DELETE FROM shared_account WHERE account = ?1;

-- name: shared_count
SELECT count(*) FROM shared_account;

-- name: support_put
INSERT INTO support (token_hash, account, opened_ms) VALUES (?1, ?2, ?3);

-- name: support_owed
SELECT 1 FROM support WHERE token_hash = ?1;

-- name: support_left
SELECT u.account, u.token_hash, s.boot_id = ?1 FROM support u LEFT JOIN session s ON s.token_hash = u.token_hash
	WHERE s.token_hash IS NULL OR s.boot_id <> ?1 OR s.expires_boot_ms <= ?2 ORDER BY u.opened_ms;

-- name: support_drop
DELETE FROM support WHERE token_hash = ?1;

-- name: support_drop_left
DELETE FROM support WHERE token_hash NOT IN (SELECT token_hash FROM session WHERE boot_id = ?1 AND expires_boot_ms > ?2);

-- name: credential_page
SELECT id, account, kind, label, lookup, made_ms, (SELECT name FROM account WHERE id = credential.account) FROM credential
	WHERE id > ?1 AND (?3 = '' OR instr(' ' || ?3 || ' ', ' ' || kind || ' ') > 0) ORDER BY id LIMIT ?2;

-- name: credential_page_of
SELECT id, account, kind, label, lookup, made_ms, (SELECT name FROM account WHERE id = credential.account) FROM credential
	WHERE account = ?4 AND id > ?1 AND (?3 = '' OR instr(' ' || ?3 || ' ', ' ' || kind || ' ') > 0) ORDER BY id LIMIT ?2;

-- name: credential_count
SELECT count(*) FROM credential WHERE account = ?1 AND kind NOT IN ('totp', 'totp-new', 'server', 'message', 'oidc', 'biometric', 'auth-plugin', 'passkey');

-- name: credential_beside_password
SELECT count(*) FROM credential WHERE account = ?1 AND kind NOT IN ('totp', 'totp-new', 'password', 'server', 'message', 'oidc', 'biometric', 'auth-plugin', 'passkey');

-- name: credential_account
SELECT account FROM credential WHERE id = ?1;

-- name: credential_drop_of
DELETE FROM credential WHERE account = ?1;

-- name: credential_of_key
SELECT account FROM credential WHERE lookup = ?1 AND kind = 'certificate';

-- name: credential_placed_by
SELECT placed_by FROM credential WHERE lookup = ?1 AND kind = 'certificate';

-- name: placed_all
SELECT account, placed_by FROM credential WHERE placed_by <> '' AND placed_by <> CAST(account AS TEXT) AND (?1 = 0 OR account = ?1)
	UNION SELECT account, placed_by FROM session WHERE placed_by <> '' AND placed_by <> CAST(account AS TEXT) AND (?1 = 0 OR account = ?1)
	UNION SELECT account, placed_by FROM session_code WHERE placed_by <> '' AND placed_by <> CAST(account AS TEXT) AND (?1 = 0 OR account = ?1)
	UNION SELECT account, placed_by FROM shared_account WHERE placed_by <> '' AND (?1 = 0 OR account = ?1);

-- name: credential_drop_placed
DELETE FROM credential WHERE account = ?1 AND placed_by = ?2 AND kind <> 'message';

-- name: shared_drop_placed
DELETE FROM shared_account WHERE account = ?1 AND placed_by = ?2;

-- name: session_drop_placed
DELETE FROM session WHERE account = ?1 AND placed_by = ?2;

-- name: code_drop_placed
DELETE FROM session_code WHERE account = ?1 AND placed_by = ?2;

-- name: code_count
SELECT count(*) FROM session_code;

-- name: notice_put
INSERT INTO notice (text, changed_ms, changed_by) VALUES (?1, ?2, ?3);

-- name: notice_last
SELECT text FROM notice ORDER BY version DESC LIMIT 1;

-- name: notice_page
SELECT text, version, changed_ms, changed_by FROM notice WHERE version < ?1 ORDER BY version DESC LIMIT ?2;

-- name: notice_trim
DELETE FROM notice WHERE version <= (SELECT max(version) FROM notice) - ?1;

-- name: notice_drop_all
DELETE FROM notice;

-- name: notice_accept
INSERT INTO notice_accepted (account, digest, accepted_ms) VALUES (?1, ?2, ?3)
	ON CONFLICT (account) DO UPDATE SET digest = ?2, accepted_ms = ?3;

-- name: notice_accepted_get
SELECT digest FROM notice_accepted WHERE account = ?1;

-- name: notice_accepted_count
SELECT count(*) FROM notice_accepted WHERE digest = ?1;
