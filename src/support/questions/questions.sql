-- SPDX-License-Identifier: Apache-2.0
-- Questions of customers and others, and answers that are kept for the next one. doc is all of it, canonical JSON; the columns beside it are taken from it, for lists.
-- question.whose: who is to answer it, '-' nobody; due_ms: until when something of it is still to be done, or the greatest number.
-- question.customer: what is known of the customer beside the name he gave; in no document and no journal, and given out by question.disclose alone.

-- name: questions_format_1
CREATE TABLE question (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL,
	kind TEXT NOT NULL,
	product TEXT NOT NULL,
	whose TEXT NOT NULL,
	due_ms INTEGER NOT NULL,
	doc TEXT NOT NULL,
	customer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX question_state ON question (state, due_ms, id, kind, product, whose);
CREATE INDEX question_due ON question (due_ms, id, state, kind, product, whose);
CREATE INDEX question_product ON question (lower(product), id, state, kind, whose);
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
INSERT INTO question (id, state, kind, product, doc, whose, due_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET state = ?2, kind = ?3, product = ?4, doc = ?5, whose = ?6, due_ms = ?7;

-- name: question_one
SELECT doc FROM question WHERE id = ?1;

-- Whether the report that it came as belongs to a case under embargo that he may not see. ?1 the report; ?2 now; ?3 who asks
-- name: question_hidden
SELECT count(*) FROM report_desk d JOIN desk_case c ON c.id = d.case_id
WHERE d.report = ?1 AND c.embargo_ms > ?2 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?3);

-- ?8 who asks, '' sees all; ?9 now
-- name: question_list
SELECT id, doc FROM question WHERE id < ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR kind = ?3) AND (?4 = '' OR product = ?4)
	AND (?5 = '' OR instr(lower(json_extract(doc, '$.text')), lower(?5)) > 0) AND (?7 = '' OR whose = ?7)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY id DESC LIMIT ?6;

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

-- Which questions a page of the desk has; each is then read by itself. ?1 state, or '' for all; ?2 kind, or ''; ?3 a product's name, or '', and ?4 its title; ?5 whose, or '';
-- ?8 who asks, '' sees all; ?9 now: a question that came as a report of a case under embargo is seen as its case is.
-- name: desk_questions_state_due
SELECT id FROM question
WHERE state = ?1 AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY due_ms, id LIMIT ?6 OFFSET ?7;

-- name: desk_questions_state_due_down
SELECT id FROM question
WHERE state = ?1 AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY due_ms DESC, id DESC LIMIT ?6 OFFSET ?7;

-- name: desk_questions_due
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY due_ms, id LIMIT ?6 OFFSET ?7;

-- name: desk_questions_due_down
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY due_ms DESC, id DESC LIMIT ?6 OFFSET ?7;

-- name: desk_questions_up
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY id LIMIT ?6 OFFSET ?7;

-- name: desk_questions_down
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY id DESC LIMIT ?6 OFFSET ?7;

-- name: desk_questions_product
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY lower(product), id LIMIT ?6 OFFSET ?7;

-- name: desk_questions_product_down
SELECT id FROM question
WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR kind = ?2) AND (?3 = '' OR lower(product) IN (lower(?3), lower(?4))) AND (?5 = '' OR whose = ?5)
	AND (?8 = '' OR coalesce(json_extract(doc, '$.report'), '') NOT IN (SELECT 'r' || d.report FROM desk_case c JOIN report_desk d ON d.case_id = c.id
		WHERE c.embargo_ms > 0 AND c.embargo_ms > ?9 AND d.case_id <> 0 AND NOT EXISTS (SELECT 1 FROM case_access x WHERE x.case_id = c.id AND x.who = ?8)))
ORDER BY lower(product) DESC, id DESC LIMIT ?6 OFFSET ?7;

-- name: desk_questions_open
SELECT count(*) FROM question WHERE state = 'open';

-- name: desk_questions_late
SELECT count(*) FROM question WHERE due_ms < ?1;

-- Answers that are given to such a question. ?1 its kind; ?2 its product
-- name: answers_fitting
SELECT id, doc FROM kept_answer WHERE state = 'current' AND kind IN ('', ?1) AND product IN ('', ?2) ORDER BY id DESC LIMIT ?3;
