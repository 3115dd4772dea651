-- SPDX-License-Identifier: Apache-2.0
-- Staff accounts stand in the tables of service/access/access.sql; here is what only this side asks of them.

-- Who never gave a first code has perhaps never seen the secret: the answer that held it may have been lost.
-- name: staff_administrators
SELECT count(*) FROM account a JOIN account_role r ON r.account = a.id AND r.role = 'administrator'
	JOIN credential c ON c.account = a.id AND c.kind = 'password' JOIN credential t ON t.account = a.id AND t.kind = 'totp'
	WHERE a.state = 'active' AND a.id <> ?1;

-- name: staff_roles_drop
DELETE FROM account_role WHERE account = ?1;
