// SPDX-License-Identifier: Apache-2.0
// Those who judge what is emitted: programs and libraries of others, and the official schemas where TW_SCHEMAS names a folder that has them. A judge takes a file
// and answers what is wrong with it; null: it cannot be asked here, and `missing` says what for.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as CDX from '@cyclonedx/cyclonedx-library';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as csstree from 'css-tree';
import { HtmlValidate } from 'html-validate';
import { wrongByLibrary } from './vex.js';

const SCHEMAS = process.env.TW_SCHEMAS;
const read = (file) => fs.readFileSync(file, 'utf8');
const said = (done) => (done.status === 0 ? [] : [`${done.stdout}${done.stderr}`.trim().slice(0, 400) || `it ended with ${done.status}`]);
const there = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

function needs(what, is, judge) {
	return Object.assign((file, place) => (is ? judge(file, place) : null), { missing: what });
}

// others: schemas that it refers to by their ids.
function compiled(main, others) {
	const schema = JSON.parse(read(main)), Judge = schema.$schema.includes('2020-12') ? Ajv2020 : Ajv;
	const ajv = new Judge({ strict: false, allErrors: true, logger: false });
	addFormats(ajv);
	for (const other of others) {
		const { $schema, id, $id, ...one } = JSON.parse(read(other)); // some are of another draft than what refers to them, and FIRST's have a date behind the name
		ajv.addSchema({ ...one, ...($schema.includes('2020-12') === (Judge === Ajv2020) ? { $schema } : {}), $id: (id ?? $id).replace(/\?\d+$/, '') });
	}
	return ajv.compile(schema);
}

function bySchema(folder, main, others) {
	const is = folder && fs.existsSync(path.join(folder, main));
	let judge;
	return needs(`TW_SCHEMAS names no folder with ${main}`, is, (file) => {
		judge ??= compiled(path.join(folder, main), others.map((one) => path.join(folder, one)));
		return judge(JSON.parse(read(file))) ? [] : judge.errors.slice(0, 5).map((one) => `${one.instancePath} ${one.message}`);
	});
}

export const official = (main, ...others) => bySchema(SCHEMAS, main, others);
export const ours = (main) => bySchema(path.join(import.meta.dirname, '../..'), main, []);
export const csaf = (file) => wrongByLibrary(JSON.parse(read(file)));

export async function cyclonedx(file) {
	const wrong = await new CDX.Validation.JsonStrictValidator(CDX.Spec.Version.v1dot6).validate(read(file));
	return (wrong ?? []).slice(0, 5).map((one) => `${one.instancePath} ${one.message}`);
}

const html = new HtmlValidate({ extends: ['html-validate:recommended', 'html-validate:a11y'], rules: { 'attribute-boolean-style': 'off', 'long-title': 'off', 'valid-id': ['error', { relaxed: true }] } });

export async function htmlValidate(file) {
	const { results } = await html.validateString(read(file));
	return results.flatMap((one) => one.messages.map((m) => `${m.line}: ${m.ruleId} ${m.message}`)).slice(0, 5);
}

export const jing = (schema) => needs('jing, and TW_SCHEMAS that names a folder with RFC 4287\'s schema', SCHEMAS && fs.existsSync(path.join(SCHEMAS, schema)) && there('jing'),
	(file) => said(spawnSync('jing', [path.join(SCHEMAS, schema), file], { encoding: 'utf8' })));
export const sums = (program) => (file) => said(spawnSync(program, ['-c', '--strict', '--quiet', path.basename(file)], { cwd: path.dirname(file), encoding: 'utf8' }));

// A home that knows the published keys and nothing else. Its name is short: the socket of gpg's agent has to fit into 107 bytes.
function withKeys(keys, ask) {
	const home = fs.mkdtempSync(path.join(os.tmpdir(), 'g-'));
	const gpg = (...words) => spawnSync('gpg', ['--homedir', home, '--batch', '--no-auto-key-retrieve', '--status-fd', '1', ...words], { encoding: 'utf8' });
	try {
		const imported = gpg('--import', ...keys);
		return imported.status ? said(imported) : ask(gpg);
	} finally {
		spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
		fs.rmSync(home, { recursive: true, force: true });
	}
}

const published = (place) => JSON.parse(read(path.join(place, 'tree/provider-metadata.json'))).public_openpgp_keys;
const keyFiles = (place) => fs.readdirSync(path.join(place, 'tree/openpgp')).map((name) => path.join(place, 'tree/openpgp', name));

// Of the document beside it, by one of the keys that the provider's metadata names.
export const gpgSignature = needs('gpg', there('gpg'), (file, place) => withKeys(keyFiles(place), (gpg) => {
	const done = gpg('--verify', file, file.replace(/\.asc$/, ''));
	const by = /^\[GNUPG:\] VALIDSIG ([0-9A-F]+)/m.exec(done.stdout)?.[1];
	return done.status || !published(place).some((key) => key.fingerprint === by) ? [`${by ?? 'nobody'}: ${done.stderr.slice(0, 300)}`] : [];
}));

// It is the key of the fingerprint in its name, which the provider's metadata names, and no secret one.
export const gpgKey = needs('gpg', there('gpg'), (file, place) => withKeys([file], (gpg) => {
	const name = path.basename(file, '.asc'), listed = gpg('--with-colons', '--fingerprint', name), secret = gpg('--list-secret-keys', name);
	const key = published(place).find((one) => one.fingerprint === name && one.url.endsWith(`/openpgp/${name}.asc`));
	return listed.status || !listed.stdout.includes(`:${name}:`) || secret.status === 0 || !key ? [`${listed.stdout}${listed.stderr}`.slice(0, 300)] : [];
}));

// As a spreadsheet's reader has it: two fields, a published file and a moment, the newest first; every document is there once.
const LINES = `
import csv, datetime, pathlib, sys
path = pathlib.Path(sys.argv[1])
files = [str(p.relative_to(path.parent)) for p in path.parent.rglob("*.json") if p.parent != path.parent]
if path.suffix == ".csv":
    rows = list(csv.reader(path.open(newline=""), strict=True))
    times = [datetime.datetime.fromisoformat(when.replace("Z", "+00:00")) for _, when in rows]
    assert times == sorted(times, reverse=True), times
    named = [name for name, _ in rows]
else:
    named = path.read_text().splitlines()
assert files and sorted(named) == sorted(files), (named, files)
`;
export const lines = (file) => said(spawnSync('/usr/bin/python3', ['-c', LINES, file], { encoding: 'utf8' }));

// RFC 9116, section 4, as far as it can be said of one line and of the names that have to be there once or at least once.
const FIELD = /^(Acknowledgments|Canonical|Contact|CSAF|Encryption|Hiring|Policy|Preferred-Languages|Expires): (\S.*)$/;

export function securityTxt(file) {
	const text = read(file), all = text.replace(/\r?\n$/, '').split(/\r?\n/).filter((line) => line && !line.startsWith('#')), wrong = [], seen = {};
	for (const line of all) {
		const [, name, value] = FIELD.exec(line) ?? [];
		seen[name] = (seen[name] ?? 0) + 1;
		if (!name || (name === 'Expires' ? !(Date.parse(value) > Date.now()) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
			: name === 'Preferred-Languages' ? !/^[A-Za-z-]+(, ?[A-Za-z-]+)*$/.test(value) : !/^(https:\/\/|mailto:|tel:|openpgp4fpr:|dns:)\S+$/.test(value)))
			wrong.push(line);
	}
	if (!seen.Contact || seen.Expires !== 1 || (seen['Preferred-Languages'] ?? 0) > 1 || !/\n$/.test(text))
		wrong.push(`Contact, Expires and ends of lines: ${JSON.stringify(seen)}`);
	return wrong;
}

// RFC 8322, section 5 and 6, in JSON as CSAF 2.0, section 7.1.16, shows it; nobody publishes a schema of it.
export function service(file, place) {
	const { workspace } = JSON.parse(read(file)).service ?? {}, feeds = workspace?.flatMap((one) => one.collection ?? []) ?? [];
	const provider = JSON.parse(read(path.join(place, 'tree/provider-metadata.json')));
	const named = provider.distributions.flatMap((one) => one.rolie?.feeds ?? []).map((one) => one.url);
	const good = feeds.length && workspace.every((one) => one.title) && feeds.every((one) => one.title && named.includes(one.href) &&
		one.categories.category.some((c) => c.scheme === 'urn:ietf:params:rolie:category:information-type' && c.term === 'csaf'));
	return good ? [] : ['no workspace with the collections that the provider\'s metadata names'];
}

// Every rule can be read, and every value is one that its property has.
export function css(file) {
	const wrong = [], tree = csstree.parse(read(file), { onParseError: (e) => wrong.push(e.message) });
	csstree.walk(tree, { visit: 'Declaration', enter: (one) => wrong.push(...[csstree.lexer.matchDeclaration(one).error?.message].filter(Boolean)) });
	return wrong;
}

export function report(program) {
	return [...execFileSync(program, ['report', '--help'], { encoding: 'utf8' }).matchAll(/^ {2}--([a-z]+) FILE\b/gm)].map((m) => m[1]).filter((name) => name !== 'transcript');
}
