-- SPDX-License-Identifier: Apache-2.0
-- Who wants to be told, and what there is to tell. state: 'asked' (until expires_ms) or 'active'. kinds: bits of 1 << enum tw_notice_kind.
-- token, way_out: SHA-256 of what confirms and of what ends it. secret: of a webhook's signature. Whoever leaves is deleted; nothing of him stays but keys in the outbox, and notices that wait there already.
-- A notice is told up to the subscription `until`, from `after` on; after NULL: everybody has been told.
-- notice.withdrawn_ms: since when it no longer holds, and why; it stays where it is. notice_draft: what is being written, and what became of it; its notice has the id
-- "desk:" and the draft's name.
-- subscription_account: a customer's account at the portal (customers/) whose subscription that is, which then has no kinds. waits: 0 nothing, 1 something that he is to
-- be told of, 2 something that he was told of and has not looked at. times: so often something began to wait.
-- subscription_ask: when somebody was asked to confirm, by a hash of whom that could annoy, and of who annoys.

-- name: subscriptions_format_1
CREATE TABLE subscription (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	state TEXT NOT NULL CHECK (state IN ('asked', 'active')),
	token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
	way_out BLOB UNIQUE,
	channel INTEGER NOT NULL,
	recipient TEXT NOT NULL,
	secret BLOB NOT NULL,
	language TEXT NOT NULL,
	product TEXT NOT NULL,
	versions TEXT NOT NULL,
	lowest INTEGER NOT NULL,
	kinds INTEGER NOT NULL,
	asked_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX subscription_of ON subscription (recipient, state);
CREATE INDEX subscription_ends ON subscription (expires_ms) WHERE state = 'asked';
CREATE TABLE subscription_account (
	subscription INTEGER PRIMARY KEY REFERENCES subscription (id) ON DELETE CASCADE,
	account INTEGER NOT NULL,
	waits INTEGER NOT NULL,
	times INTEGER NOT NULL
) STRICT;
CREATE INDEX subscription_account_of ON subscription_account (account);
CREATE INDEX subscription_account_due ON subscription_account (subscription) WHERE waits = 1;
CREATE TABLE subscription_ask (
	who BLOB NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX subscription_ask_of ON subscription_ask (who, at_ms);
CREATE INDEX subscription_ask_at ON subscription_ask (at_ms);
CREATE TABLE subscription_key (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
CREATE TABLE notice (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	title TEXT NOT NULL,
	text TEXT NOT NULL,
	link TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	after INTEGER,
	until INTEGER NOT NULL,
	withdrawn_ms INTEGER,
	withdrawn_why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX notice_untold ON notice (number) WHERE after IS NOT NULL;
CREATE TABLE notice_product (
	notice INTEGER NOT NULL REFERENCES notice (number),
	name TEXT NOT NULL,
	versions TEXT NOT NULL,
	PRIMARY KEY (notice, name, versions)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_product_of ON notice_product (name, notice);
CREATE TABLE notice_draft (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	kind TEXT NOT NULL,
	product TEXT NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE INDEX notice_draft_state ON notice_draft (state, id);

-- name: notice_add
INSERT INTO notice (id, kind, severity, title, text, link, at_ms, after, until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, (SELECT coalesce(max(id), 0) FROM subscription)) ON CONFLICT (id) DO NOTHING RETURNING number;

-- name: notice_product_add
INSERT INTO notice_product (notice, name, versions) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;

-- name: notice_due
SELECT 1 FROM notice WHERE after IS NOT NULL LIMIT 1;

-- name: notice_untold
SELECT number, id, kind, severity, title, text, link, at_ms, after, until FROM notice WHERE after IS NOT NULL ORDER BY number LIMIT 1;

-- name: notice_products
SELECT name, versions FROM notice_product WHERE notice = ?1;

-- name: notice_told
UPDATE notice SET after = ?2 WHERE number = ?1;

-- name: notice_list
SELECT number, id, kind, severity, title, text, link, at_ms, after IS NULL, coalesce(withdrawn_ms, 0), withdrawn_why FROM notice WHERE number < ?1 ORDER BY number DESC LIMIT ?2;

-- name: notice_by_id
SELECT number, id, kind, severity, title, text, link, at_ms, after IS NULL, coalesce(withdrawn_ms, 0), withdrawn_why FROM notice WHERE id = ?1;

-- name: notice_of_product
SELECT number, id, kind, severity, title, text, link, at_ms, after IS NULL, coalesce(withdrawn_ms, 0), withdrawn_why FROM notice
WHERE number IN (SELECT notice FROM notice_product WHERE name IN ('', ?1)) ORDER BY number DESC LIMIT ?2;

-- name: subscription_next
SELECT id, channel, recipient, secret, language, product, versions, lowest, kinds, expires_ms FROM subscription
WHERE id > ?1 AND id <= ?2 AND state = 'active' ORDER BY id LIMIT 1;

-- name: subscription_count
SELECT count(*) FROM subscription;

-- name: subscription_expired
DELETE FROM subscription WHERE id IN (SELECT id FROM subscription WHERE state = 'asked' AND expires_ms <= ?1 LIMIT 1000);

-- name: subscription_asks_forget
DELETE FROM subscription_ask WHERE rowid IN (SELECT rowid FROM subscription_ask WHERE at_ms <= ?1 LIMIT 1000);

-- name: subscription_gone
DELETE FROM subscription WHERE id IN (SELECT s.id FROM outbox AS o JOIN subscription AS s ON s.recipient = o.recipient AND s.channel = o.kind
	WHERE o.state = 'failed' AND o.kind = 1 AND o.class = 0 AND o.reason = 'HTTP status 410' AND o.next_ms > s.asked_ms);

-- name: subscription_delete
DELETE FROM subscription WHERE id = ?1;

-- name: subscription_asks
SELECT count(*) FROM subscription_ask WHERE who = ?1;

-- name: subscription_ask_add
INSERT INTO subscription_ask (who, at_ms) VALUES (?1, ?2);

-- Without the addresses that go when ?1 is confirmed (subscription_account_one).
-- name: subscription_active
SELECT count(*) FROM subscription WHERE recipient = ?2 AND state = 'active' AND id <> ?1
	AND id NOT IN (SELECT subscription FROM subscription_account WHERE account = (SELECT account FROM subscription_account WHERE subscription = ?1));

-- name: subscription_add
INSERT INTO subscription (state, token, channel, recipient, secret, language, product, versions, lowest, kinds, asked_ms, expires_ms)
VALUES ('asked', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id;

-- name: subscription_by_token
SELECT id, state, recipient, expires_ms FROM subscription WHERE token = ?1;

-- name: subscription_confirm
UPDATE subscription SET state = 'active', way_out = ?2 WHERE id = ?1;

-- name: subscription_same
DELETE FROM subscription WHERE id <> ?1 AND state = 'active' AND recipient = ?2 AND kinds <> 0
	AND (channel, product, versions, lowest, kinds) = (SELECT channel, product, versions, lowest, kinds FROM subscription WHERE id = ?1);

-- One address of an account: the one that was confirmed last.
-- name: subscription_account_one
DELETE FROM subscription WHERE id <> ?1 AND state = 'active'
	AND id IN (SELECT subscription FROM subscription_account WHERE account = (SELECT account FROM subscription_account WHERE subscription = ?1));

-- What waits for an account waits whichever of its addresses is confirmed. ?1 the one that is.
-- name: subscription_account_carry
UPDATE subscription_account SET waits = (SELECT max(o.waits) FROM subscription_account o WHERE o.account = subscription_account.account)
WHERE subscription = ?1;

-- name: subscription_account_add
INSERT INTO subscription_account (subscription, account, waits, times) VALUES (?1, ?2, 0, 0);

-- name: subscription_account_list
SELECT s.id, s.state, s.recipient FROM subscription_account a JOIN subscription s ON s.id = a.subscription WHERE a.account = ?1 ORDER BY s.id LIMIT ?2;

-- name: subscription_account_seen
UPDATE subscription_account SET waits = 0 WHERE account = ?1 AND waits <> 0;

-- name: subscription_account_due
SELECT s.id, s.recipient, s.language, a.times FROM subscription_account a JOIN subscription s ON s.id = a.subscription
WHERE a.waits = 1 AND s.state = 'active' ORDER BY a.subscription LIMIT 1;

-- name: subscription_account_told
UPDATE subscription_account SET waits = 2 WHERE subscription = ?1;

-- name: subscription_leave
DELETE FROM subscription WHERE way_out = ?1 RETURNING id;

-- name: subscription_of_way_out
SELECT product, versions, kinds FROM subscription WHERE way_out = ?1 AND state = 'active';

-- name: subscription_known
SELECT count(*) FROM subscription WHERE way_out = ?1 OR (token = ?1 AND state = 'asked');

-- name: subscription_key_read
SELECT key FROM subscription_key WHERE one = 1;

-- name: subscription_key_add
INSERT INTO subscription_key (one, key) VALUES (1, ?1);

-- What was made by hand is withdrawn by hand, once; nobody is told of it any more. ?1 number; ?2 now; ?3 why
-- name: notice_withdraw
UPDATE notice SET withdrawn_ms = ?2, withdrawn_why = ?3, after = NULL
WHERE number = ?1 AND withdrawn_ms IS NULL AND (id LIKE 'staff:%' OR id LIKE 'desk:%') RETURNING number;

-- name: notice_draft_number
SELECT coalesce(max(id), 0) + 1 FROM notice_draft;

-- name: notice_draft_put
INSERT INTO notice_draft (id, state, kind, product, doc) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET state = ?2, kind = ?3, product = ?4, doc = ?5;

-- name: notice_draft_one
SELECT doc FROM notice_draft WHERE id = ?1;

-- name: notice_draft_list
SELECT id, doc FROM notice_draft WHERE id < ?1 AND state = ?2 AND (?3 = '' OR kind = ?3) AND (?4 = '' OR product = ?4)
	AND (?5 = '' OR instr(lower(json_extract(doc, '$.title')), lower(?5)) > 0) ORDER BY id DESC LIMIT ?6;

-- name: notice_drafts_open
SELECT id, doc FROM notice_draft WHERE state = 'draft' ORDER BY id DESC LIMIT ?1;
