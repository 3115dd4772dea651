-- SPDX-License-Identifier: Apache-2.0
-- What the support service keeps beside settings and the log.

-- name: support_format_1
CREATE TABLE kept (
	name TEXT PRIMARY KEY NOT NULL,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- name: support_starts
INSERT INTO kept (name, value) VALUES ('starts', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value;
