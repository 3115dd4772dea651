-- SPDX-License-Identifier: Apache-2.0
-- Staff accounts stand in the tables of service/access/access.sql; here is what only this side asks of them.

-- Who never gave a first code has perhaps never seen the secret: the answer that held it may have been lost.
-- name: staff_administrators
SELECT count(*) FROM account a JOIN account_role r ON r.account = a.id AND r.role = 'administrator'
	JOIN credential c ON c.account = a.id AND c.kind = 'password' JOIN credential t ON t.account = a.id AND t.kind = 'totp'
	WHERE a.state = 'active' AND a.id <> ?1;

-- name: staff_comes_in
SELECT count(*) FROM credential c JOIN credential t ON t.account = c.account AND t.kind = 'totp' WHERE c.account = ?1 AND c.kind = 'password';

-- name: staff_roles_drop
DELETE FROM account_role WHERE account = ?1;

-- What a person says for himself: where mail goes to him and what of it, and up to which report he has seen them. And when a passkey opened something last.
-- name: staff_format_1
CREATE TABLE staff_own (
	account INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	address TEXT NOT NULL,
	language TEXT NOT NULL,
	assigned INTEGER NOT NULL CHECK (assigned IN (0, 1)),
	alarms INTEGER NOT NULL CHECK (alarms IN (0, 1)),
	reports_seen INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Below that mark: reports that were kept from him, as those of a case under embargo, when he set it. They are new to him when he is let in.
CREATE TABLE staff_unseen (
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	report INTEGER NOT NULL,
	PRIMARY KEY (account, report)
) STRICT, WITHOUT ROWID;
CREATE TABLE staff_passkey (
	credential INTEGER PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
	used_ms INTEGER NOT NULL
) STRICT;

-- name: staff_passkey_used
INSERT INTO staff_passkey (credential, used_ms) VALUES (?1, ?2) ON CONFLICT (credential) DO UPDATE SET used_ms = ?2;

-- name: staff_passkey_use
SELECT used_ms FROM staff_passkey WHERE credential = ?1;

-- ?1: of this account; 0: of all.
-- name: staff_factors
SELECT account, count(*) FILTER (WHERE kind = 'totp'), count(*) FILTER (WHERE kind = 'passkey') FROM credential
	WHERE ?1 = 0 OR account = ?1 GROUP BY account ORDER BY account;

-- name: staff_mail_get
SELECT account, address, language, assigned, alarms FROM staff_own WHERE account = ?1;

-- name: staff_mail_put
INSERT INTO staff_own (account, address, language, assigned, alarms) VALUES (?1, ?2, ?3, ?4, ?5)
	ON CONFLICT (account) DO UPDATE SET address = ?2, language = ?3, assigned = ?4, alarms = ?5;

-- name: staff_mail_on_call
SELECT m.account, m.address, m.language, m.assigned, m.alarms FROM staff_own m JOIN account a ON a.id = m.account
	WHERE m.alarms = 1 AND m.address <> '' AND a.state = 'active' ORDER BY m.account LIMIT ?1;

-- name: staff_seen_get
SELECT reports_seen FROM staff_own WHERE account = ?1;

-- name: staff_seen_put
INSERT INTO staff_own (account, address, language, assigned, alarms, reports_seen) VALUES (?1, '', '', 0, 0, ?2)
	ON CONFLICT (account) DO UPDATE SET reports_seen = ?2;

-- ?1 account; ?2 the new mark; ?3 now; ?4 his name in cases
-- name: staff_unseen_keep
INSERT INTO staff_unseen (account, report)
SELECT CAST(?1 AS INTEGER), d.report FROM report_desk d JOIN desk_case c ON c.id = d.case_id
WHERE d.report > (SELECT coalesce(max(o.reports_seen), 0) FROM staff_own o WHERE o.account = ?1) AND d.report <= ?2
	AND c.embargo_ms > ?3 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?4) ON CONFLICT DO NOTHING;

-- What he may see by now he was shown. Likewise.
-- name: staff_unseen_drop
DELETE FROM staff_unseen WHERE account = ?1 AND report <= ?2
	AND NOT EXISTS (SELECT 1 FROM report_desk d JOIN desk_case c ON c.id = d.case_id WHERE d.report = staff_unseen.report
		AND c.embargo_ms > ?3 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?4));
