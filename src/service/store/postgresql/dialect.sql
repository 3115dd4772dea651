-- SPDX-License-Identifier: Apache-2.0
-- What SQLite has and PostgreSQL calls otherwise, as functions of the schema, made again with each change of the format.

-- name: dialect_postgresql
CREATE OR REPLACE FUNCTION instr(text, text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	'SELECT pg_catalog.strpos($1, $2)::bigint';
-- A path is '$.name' or '$.name.name'; what is found comes as text, a number too.
CREATE OR REPLACE FUNCTION json_extract(text, text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	'SELECT $1::json OPERATOR(pg_catalog.#>>) pg_catalog.string_to_array(pg_catalog.substr($2, 3), ''.'')';
CREATE OR REPLACE FUNCTION group_concat_step(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	'SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE $1 || $3 || $2 END';
CREATE OR REPLACE FUNCTION group_concat_step(text, text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	'SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE $1 || '','' || $2 END';
CREATE OR REPLACE AGGREGATE group_concat(text, text) (SFUNC = group_concat_step, STYPE = text);
CREATE OR REPLACE AGGREGATE group_concat(text) (SFUNC = group_concat_step, STYPE = text);
-- As RAISE(ABORT, words): a constraint that was broken.
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = ''integrity_constraint_violation''; END';
