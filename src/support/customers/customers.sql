-- SPDX-License-Identifier: Apache-2.0
-- Customers who made an account at the portal (customers.h). customer.key: SHA-256 of what opens it. customer_case: reports and questions of theirs. customer_device.state:
-- 'said' (by the customer), 'confirmed' or 'refused' (by somebody of the staff, who says how it was found out). incident: what happened to devices, with
-- the facts; incident_device: to which. incident_told: which devices of which customer each notice named, and when it was there for him; for good.

-- name: customers_format_1
CREATE TABLE customer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
	made_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE customer_case (
	report INTEGER PRIMARY KEY REFERENCES report (id),
	customer INTEGER NOT NULL REFERENCES customer (id)
) STRICT;
CREATE INDEX customer_case_of ON customer_case (customer, report);
CREATE TABLE customer_device (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer INTEGER NOT NULL REFERENCES customer (id),
	product TEXT NOT NULL,
	serial TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('said', 'confirmed', 'refused')),
	at_ms INTEGER NOT NULL,
	by_whom TEXT NOT NULL,
	how TEXT NOT NULL,
	UNIQUE (customer, product, serial)
) STRICT;
CREATE INDEX customer_device_named ON customer_device (product, serial, state);
CREATE TABLE incident (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	product TEXT NOT NULL,
	title TEXT NOT NULL,
	happened TEXT NOT NULL,
	concerned TEXT NOT NULL,
	done TEXT NOT NULL,
	todo TEXT NOT NULL,
	made_ms INTEGER NOT NULL,
	by_whom TEXT NOT NULL
) STRICT;
CREATE TABLE incident_device (
	incident INTEGER NOT NULL REFERENCES incident (id),
	serial TEXT NOT NULL,
	PRIMARY KEY (incident, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_device_named ON incident_device (serial, incident);
CREATE TABLE incident_told (
	customer INTEGER NOT NULL REFERENCES customer (id),
	incident INTEGER NOT NULL REFERENCES incident (id),
	serial TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (customer, incident, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_told_of ON incident_told (incident, customer);
CREATE TRIGGER incident_told_stays BEFORE DELETE ON incident_told BEGIN SELECT RAISE(ABORT, 'a notice stays'); END;
CREATE TRIGGER incident_is_as_it_was BEFORE UPDATE ON incident BEGIN SELECT RAISE(ABORT, 'a notice is as it was told'); END;

-- name: customer_count
SELECT coalesce(max(id), 0) FROM customer;

-- name: customer_add
INSERT INTO customer (key, made_ms) VALUES (?1, ?2) RETURNING id;

-- name: customer_by_key
SELECT id FROM customer WHERE key = ?1;

-- name: customer_case_add
INSERT INTO customer_case (report, customer) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: customer_cases
SELECT r.id, r.received_ms, r.kind, substr(r.description, 1, 160), (SELECT count(*) FROM report_message m WHERE m.report = r.id AND m.ours = 1)
FROM customer_case k JOIN report r ON r.id = k.report WHERE k.customer = ?1 ORDER BY k.report DESC LIMIT ?2;

-- The same for the staff: what belongs to a case under embargo is seen as its case is. ?3 now; ?4 who asks, '' sees all
-- name: customer_cases_seen
SELECT r.id, r.received_ms, r.kind, substr(r.description, 1, 160)
FROM customer_case k JOIN report r ON r.id = k.report LEFT JOIN report_desk d ON d.report = r.id LEFT JOIN desk_case c ON c.id = d.case_id
WHERE k.customer = ?1
	AND (coalesce(d.case_id, 0) = 0 OR ?4 = '' OR coalesce(c.embargo_ms, 0) <= ?3 OR EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = d.case_id AND x.who = ?4))
ORDER BY k.report DESC LIMIT ?2;

-- name: customer_case_one
SELECT r.id, r.received_ms, r.kind, r.description, r.product, r.version, r.erased FROM customer_case k JOIN report r ON r.id = k.report WHERE k.report = ?2 AND k.customer = ?1;

-- name: customer_devices
SELECT id, product, serial, state, at_ms FROM customer_device WHERE customer = ?1 ORDER BY id LIMIT ?2;

-- name: customer_devices_count
SELECT count(*) FROM customer_device WHERE customer = ?1;

-- name: customer_device_add
INSERT INTO customer_device (customer, product, serial, state, at_ms, by_whom, how) VALUES (?1, ?2, ?3, 'said', ?4, '', '') ON CONFLICT DO NOTHING;

-- name: customer_device_remove
DELETE FROM customer_device WHERE id = ?1 AND customer = ?2;

-- name: customer_device_list
SELECT id, customer, product, serial, state, at_ms, how FROM customer_device WHERE id < ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR serial = ?3) ORDER BY id DESC LIMIT ?4;

-- name: customer_device_one
SELECT id, customer, product, serial, state FROM customer_device WHERE id = ?1;

-- name: customer_device_of_another
SELECT count(*) FROM customer_device WHERE product = ?1 AND serial = ?2 AND state = 'confirmed' AND id <> ?3;

-- name: customer_device_judge
UPDATE customer_device SET state = ?2, by_whom = ?3, how = ?4, at_ms = ?5 WHERE id = ?1;

-- name: incident_add
INSERT INTO incident (product, title, happened, concerned, done, todo, made_ms, by_whom) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id;

-- One that the same person told in the same words just before: of the newest, and not before ?8. The newest of them first.
-- name: incident_same
SELECT id FROM incident
WHERE id > (SELECT coalesce(max(id), 0) - 20 FROM incident) AND product = ?1 AND title = ?2 AND happened = ?3 AND concerned = ?4 AND done = ?5 AND todo = ?6
	AND by_whom = ?7 AND made_ms >= ?8
ORDER BY id DESC LIMIT 1;

-- name: incident_devices
SELECT serial FROM incident_device WHERE incident = ?1;

-- name: incident_device_count
SELECT count(*) FROM incident_device WHERE incident = ?1 AND serial = ?2;

-- name: incident_device_add
INSERT INTO incident_device (incident, serial) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- ?1 incident; ?2 its product; ?3 now
-- name: incident_tell
INSERT INTO incident_told (customer, incident, serial, at_ms)
SELECT d.customer, i.incident, d.serial, CAST(?3 AS INTEGER) FROM incident_device i JOIN customer_device d ON d.product = ?2 AND d.serial = i.serial AND d.state = 'confirmed'
WHERE i.incident = ?1 ON CONFLICT DO NOTHING;

-- A device that is confirmed later: what was told of it before. ?1 customer; ?2 product; ?3 serial; ?4 now
-- name: incident_tell_later
INSERT INTO incident_told (customer, incident, serial, at_ms)
SELECT CAST(?1 AS INTEGER), i.id, d.serial, CAST(?4 AS INTEGER) FROM incident_device d JOIN incident i ON i.id = d.incident
WHERE d.serial = ?3 AND i.product = ?2 ON CONFLICT DO NOTHING;

-- Of each whom it was told, something waits (subscriptions/account.c). ?1 incident
-- name: incident_waits
UPDATE subscription_account SET waits = 1, times = times + 1 WHERE waits = 0 AND account IN (SELECT customer FROM incident_told WHERE incident = ?1);

-- The same of one device that is confirmed later, if anything was told of it just now. ?1 customer; ?2 serial; ?3 now
-- name: incident_waits_later
UPDATE subscription_account SET waits = 1, times = times + 1
WHERE waits = 0 AND account = ?1 AND EXISTS (SELECT 1 FROM incident_told t WHERE t.customer = ?1 AND t.serial = ?2 AND t.at_ms = ?3);

-- name: incident_counts
SELECT count(DISTINCT t.customer), count(*) FROM incident_told t WHERE t.incident = ?1;

-- Whose customers said that they have them, and nobody confirmed it; and those that nobody has named. ?1 incident; ?2 product
-- name: incident_untold
SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM customer_device d WHERE d.product = ?2 AND d.serial = i.serial AND d.state = 'said')),
	count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM customer_device d WHERE d.product = ?2 AND d.serial = i.serial))
FROM incident_device i WHERE i.incident = ?1;

-- name: incident_list
SELECT id, product, title, made_ms FROM incident WHERE id < ?1 ORDER BY id DESC LIMIT ?2;

-- name: incidents_of
SELECT i.id, i.product, i.title, i.happened, i.concerned, i.done, i.todo, i.made_ms, t.serial
FROM incident_told t JOIN incident i ON i.id = t.incident WHERE t.customer = ?1 ORDER BY t.incident DESC, t.serial LIMIT ?2;

-- name: customer_one
SELECT made_ms FROM customer WHERE id = ?1;

-- name: incident_one
SELECT id, product, title, happened, concerned, done, todo, made_ms, by_whom FROM incident WHERE id = ?1;
