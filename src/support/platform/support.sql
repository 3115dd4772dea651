-- SPDX-License-Identifier: Apache-2.0
-- What the support service keeps beside settings and the log.
--
-- boot: the machine's boot, and how many there were. The log wants boots counted, not starts: the same boot id again is the same boot.

-- name: support_format_1
CREATE TABLE boot (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	id TEXT NOT NULL,
	count INTEGER NOT NULL
) STRICT;

-- name: support_boots
INSERT INTO boot (one, id, count) VALUES (1, ?1, 1) ON CONFLICT (one) DO UPDATE SET count = boot.count + CASE WHEN boot.id = ?1 THEN 0 ELSE 1 END, id = ?1 RETURNING count;
