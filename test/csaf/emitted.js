// SPDX-License-Identifier: Apache-2.0
// Whatever the manufacturer's desk emits for programs is of a kind that stands here, with who judges it: a file of no kind, a kind of which nothing was emitted, an
// operation with a file that is not named, and a judge who lets a spoilt file pass are failures. The table of README.md says the same, and has to.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as judges from './judges.js';

const { official, ours } = judges;
const CYCLONEDX = ['cyclonedx/bom-1.6.schema.json', 'cyclonedx/jsf-0.82.schema.json', 'cyclonedx/spdx.schema.json'];
const at = (document, way) => way.slice(0, -1).reduce((of, key) => of[key], document);
const without = (...way) => (text) => {
	const document = JSON.parse(text);
	delete at(document, way)[way.at(-1)];
	return JSON.stringify(document);
};
const more = (...way) => (text) => {
	const document = JSON.parse(text);
	at(document, way)[way.at(-1)] = [];
	return JSON.stringify(document);
};
const instead = (from, by) => (text) => text.replace(from, by);
const HTML = { judges: { 'html-validate': judges.htmlValidate }, spoil: instead('</main>', '<b></main>') };

// spoil: what each judge of the kind has to find. of: what an operation or option is called that emits it.
const KINDS = [
	{ kind: 'CSAF document', path: /^tree\/white\/\d{4}\/[^/]+\.json$/, judges: { 'csaf-validator-lib': judges.csaf }, spoil: without('document', 'tracking', 'id'), of: ['published.file', 'desk.advisory-bytes'] },
	{ kind: 'its SHA-256', path: /^tree\/white\/\d{4}\/[^/]+\.json\.sha256$/, judges: { 'sha256sum -c': judges.sums('sha256sum') }, spoil: instead(/^./, (c) => (c === '0' ? '1' : '0')) },
	{ kind: 'its SHA-512', path: /^tree\/white\/\d{4}\/[^/]+\.json\.sha512$/, judges: { 'sha512sum -c': judges.sums('sha512sum') }, spoil: instead(/^./, (c) => (c === '0' ? '1' : '0')) },
	{ kind: 'its OpenPGP signature', path: /^tree\/white\/\d{4}\/[^/]+\.json\.asc$/, judges: { 'gpg --verify': judges.gpgSignature }, spoil: instead(/\n\n(.{20})./, (_, a) => `\n\n${a}A`), signed: true },
	{ kind: 'page for people', path: /^tree\/white\/.+\.html$/, judges: HTML.judges, spoil: HTML.spoil },
	{ kind: 'stylesheet of the pages', path: /^tree\/advisory\.css$/, judges: { 'css-tree': judges.css }, spoil: instead('max-width', 'max-with') },
	{ kind: 'index.txt, changes.csv', path: /^tree\/white\/(index\.txt|changes\.csv)$/, judges: { 'csv of Python': judges.lines }, spoil: instead(/\n.*\n$/, '\n') },
	{ kind: 'ROLIE feed', path: /^tree\/white\/csaf-feed-tlp-white\.json$/, judges: { 'ajv, CSAF\'s schema': official('csaf-2.0/ROLIE_feed_json_schema.json') }, spoil: without('feed', 'entry', 0, 'content') },
	{ kind: 'ROLIE service document', path: /^tree\/service\.json$/, judges: { 'RFC 8322 in judges.js': judges.service }, spoil: without('service', 'workspace', 0, 'collection') },
	{ kind: 'Atom feed', path: /^(tree\/white\/atom|files\/feed)\.xml$/, judges: { 'jing, RFC 4287\'s schema': judges.jing('atom/atom.rng') }, spoil: instead(/<updated>[^<]*<\/updated>/, ''), of: ['published.feed'] },
	{ kind: 'provider-metadata.json', path: /^tree\/provider-metadata\.json$/,
		judges: { 'ajv, CSAF\'s schema': official('csaf-2.0/provider_json_schema.json', 'csaf-2.0/csaf_json_schema.json', ...['2.0', '3.0', '3.1'].map((v) => `csaf-2.0/cvss-v${v}.json`)) }, spoil: without('publisher', 'namespace') },
	{ kind: 'public OpenPGP key', path: /^tree\/openpgp\/[0-9A-F]+\.asc$/, judges: { 'gpg --import': judges.gpgKey }, spoil: instead(/\n\n(.{20})./, (_, a) => `\n\n${a}A`), signed: true },
	{ kind: 'security.txt', path: /^(tree|files)\/security\.txt$/, judges: { 'RFC 9116 in judges.js': judges.securityTxt }, spoil: instead('Contact:', 'Contact'), of: ['security-txt.read'] },
	{ kind: 'VEX of a release as CSAF', path: /^files\/vex\.csaf\.json$/, judges: { 'csaf-validator-lib': judges.csaf }, spoil: without('document', 'tracking', 'id'), of: ['desk.vex'] },
	{ kind: 'VEX of a release as OpenVEX', path: /^files\/vex\.openvex\.json$/, judges: { 'ajv, OpenVEX\'s schema': official('openvex/openvex_json_schema.json') }, spoil: without('statements', 0, 'status') },
	{ kind: 'draft for Article 14', path: /^files\/article14\..+\.json$/, judges: { 'ajv, doc/spec/article14-draft.schema.json': ours('doc/spec/article14-draft.schema.json') }, spoil: without('rule'), of: ['desk.draft-file'] },
	{ kind: 'evidence as CycloneDX', path: /^(support|device)\/cyclonedx\.json$/, judges: { 'cyclonedx-library': judges.cyclonedx, 'ajv, CycloneDX\'s schema': official(...CYCLONEDX) },
		spoil: more('declarations', 'claim'), of: ['--cyclonedx'] },
	{ kind: 'evidence as OSCAL', path: /^(support|device)\/oscal\.json$/, judges: { 'ajv, OSCAL\'s schema': official('oscal-1.2.1/oscal_assessment-results_schema.json') }, spoil: without('assessment-results', 'results', 0, 'title'), of: ['--oscal'] },
	{ kind: 'evidence as a page', path: /^(support|device)\/report\.html$/, judges: HTML.judges, spoil: HTML.spoil, of: ['--html'] },
];
// A file of somebody's report: as it came.
const NOT_OURS = ['desk.file'];

const files = (folder) => fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => path.relative(folder, path.join(one.parentPath ?? one.path, one.name)));

// What the one file, with something wrong in it, is said to be by each judge; the tree around it is as it was.
async function lenient(kind, place, file) {
	const copy = fs.mkdtempSync(path.join(os.tmpdir(), 's-')), passed = [];
	try {
		fs.cpSync(place, copy, { recursive: true });
		const text = fs.readFileSync(path.join(place, file), 'utf8'), spoilt = kind.spoil(text);
		if (spoilt === text)
			return ['nothing was spoilt'];
		fs.writeFileSync(path.join(copy, file), spoilt);
		for (const [name, judge] of Object.entries(kind.judges)) {
			const wrong = await judge(path.join(copy, file), copy);
			if (wrong && !wrong.length)
				passed.push(`${name} lets a spoilt ${file} pass`);
		}
		return passed;
	} finally {
		fs.rmSync(copy, { recursive: true });
	}
}

async function judged(kind, place, of) {
	const wrong = [], missing = [];
	for (const [name, judge] of Object.entries(kind.judges))
		for (const file of of) {
			const found = await judge(path.join(place, file), place);
			if (found === null) {
				missing.push(judge.missing);
				break;
			}
			wrong.push(...found.map((one) => `${name}: ${file}: ${one}`));
		}
	if (!wrong.length && missing.length < Object.keys(kind.judges).length)
		wrong.push(...await lenient(kind, place, of[0]));
	return [wrong, missing];
}

// Operations of the server with a media type of their own, but pages, and options of `thingward report` that write a file.
function unnamed(build) {
	const rows = JSON.parse(fs.readFileSync(path.join(build, 'src/support/support.json'), 'utf8')).capabilities.flatMap((one) => one.operations);
	const emits = rows.filter((one) => one.media && one.media !== 'text/html').map((one) => one.name), named = KINDS.flatMap((one) => one.of ?? []);
	return [...emits, ...judges.report(path.join(build, 'src/tool/thingward')).map((name) => `--${name}`)].filter((name) => !named.includes(name) && !NOT_OURS.includes(name));
}

function table() {
	const text = fs.readFileSync(path.join(import.meta.dirname, 'README.md'), 'utf8');
	const rows = KINDS.map((one) => `| ${one.kind} | ${Object.keys(one.judges).join('; ')} |`);
	return rows.filter((row) => !text.includes(`\n${row}\n`));
}

// place: the folder that desk.py wrote; tell: takes a title and what is wrong; skip: a title and why.
export async function emitted(place, build, tell, skip) {
	const all = files(place).filter((file) => file.includes(path.sep)), signed = all.some((file) => file.endsWith('.asc'));
	tell('every file that was emitted is of a kind', all.filter((file) => KINDS.filter((one) => one.path.test(file)).length !== 1));
	tell('every operation and option with a file is named', unnamed(build));
	tell('the table of README.md has each kind and its judges', table());
	for (const kind of KINDS) {
		const of = all.filter((file) => kind.path.test(file));
		if (kind.signed && !signed) {
			skip(`${kind.kind}`, 'the role that signs needs root, and gpg');
			continue;
		}
		const [wrong, missing] = of.length ? await judged(kind, place, of) : [['nothing of the kind was emitted'], []];
		for (const why of missing)
			skip(kind.kind, why);
		if (wrong.length || missing.length < Object.keys(kind.judges).length)
			tell(`${kind.kind}, of ${of.length}`, wrong);
	}
}
