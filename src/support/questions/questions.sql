-- SPDX-License-Identifier: Apache-2.0
-- Questions of customers and others, and answers that are kept for the next one. doc is all of it, canonical JSON; the columns beside it are taken from it, for lists.
-- question.customer: what is known of the customer beside the name he gave; in no document and no journal, and given out by question.disclose alone.

-- name: questions_format_1
CREATE TABLE question (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	kind TEXT NOT NULL,
	product TEXT NOT NULL,
	doc TEXT NOT NULL,
	customer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE kept_answer (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	kind TEXT NOT NULL,
	product TEXT NOT NULL,
	doc TEXT NOT NULL
) STRICT;

-- name: question_number
SELECT coalesce(max(id), 0) + 1 FROM question;

-- name: question_put
INSERT INTO question (id, state, kind, product, doc) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET state = ?2, kind = ?3, product = ?4, doc = ?5;

-- name: question_one
SELECT doc FROM question WHERE id = ?1;

-- name: question_list
SELECT id, doc FROM question WHERE id < ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR kind = ?3) AND (?4 = '' OR product = ?4)
	AND (?5 = '' OR instr(lower(json_extract(doc, '$.text')), lower(?5)) > 0) ORDER BY id DESC LIMIT ?6;

-- name: question_customer
SELECT customer FROM question WHERE id = ?1;

-- name: question_customer_put
UPDATE question SET customer = ?2 WHERE id = ?1;

-- name: answer_number
SELECT coalesce(max(id), 0) + 1 FROM kept_answer;

-- name: answer_put
INSERT INTO kept_answer (id, state, kind, product, doc) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET state = ?2, kind = ?3, product = ?4, doc = ?5;

-- name: answer_one
SELECT doc FROM kept_answer WHERE id = ?1;

-- name: answer_list
SELECT id, doc FROM kept_answer WHERE id < ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR kind = ?3) AND (?4 = '' OR product = ?4 OR product = '')
	AND (?5 = '' OR instr(lower(json_extract(doc, '$.title') || ' ' || json_extract(doc, '$.text')), lower(?5)) > 0) ORDER BY id DESC LIMIT ?6;
