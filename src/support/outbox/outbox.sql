-- SPDX-License-Identifier: Apache-2.0
-- What goes out (outbox.h). state: 'waiting' (due at next_ms), 'sending' (a role may have it; durable before it gets it), 'sent', 'failed' (given up), 'dropped'.
-- What is sent or dropped keeps its key alone, so that nothing is ever sent again by the same cause; text, subject and secret are gone.
-- number: the order, and the name an administrator uses. since_ms: when the first try began, 0: none yet. tries: begun. reason: what the last try came to, in words.

-- name: outbox_format_1
CREATE TABLE outbox (
	number INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	state TEXT NOT NULL,
	recipient TEXT NOT NULL,
	subject TEXT NOT NULL,
	text TEXT NOT NULL,
	unsubscribe TEXT NOT NULL,
	secret BLOB NOT NULL,
	added_ms INTEGER NOT NULL,
	next_ms INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	reason TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_ms, number);

-- name: outbox_has
SELECT count(*) FROM outbox WHERE key = ?1;

-- name: outbox_waiting
SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending', 'failed');

-- name: outbox_add
INSERT INTO outbox (key, kind, state, recipient, subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason)
VALUES (?1, ?2, 'waiting', ?3, ?4, ?5, ?6, ?7, ?8, ?8, 0, 0, '');
