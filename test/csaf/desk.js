// SPDX-License-Identifier: Apache-2.0
// What the manufacturer's desk publishes (desk.py): CSAF by the library's strict schema and mandatory tests, the VEX of a release by OpenVEX's official schema too.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openvexSchema, wrongByLibrary, wrongInOpenvex } from './vex.js';

const EXPECTED = ['copied', 'csaf_base', 'csaf_informational_advisory', 'csaf_security_advisory', 'csaf_security_incident_response', 'csaf_vex', 'described', 'vex', 'withdrawn'];

function written() {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-'));
	try {
		execFileSync('/usr/bin/python3', ['-B', path.join(path.dirname(fileURLToPath(import.meta.url)), 'desk.py'), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
		return Object.fromEntries(fs.readdirSync(folder).map((name) => [name.replace('.json', ''), JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))]));
	} finally {
		fs.rmSync(folder, { recursive: true });
	}
}

async function wrongInCsaf(name, document) {
	const wrong = await wrongByLibrary(document), { tracking, category } = document.document;
	if (name.startsWith('csaf_') && category !== name)
		wrong.push(`its profile is ${category}`);
	if (tracking.status === 'draft')
		wrong.push('it is a draft');
	if (name === 'withdrawn' && tracking.version !== '2')
		wrong.push('it takes nothing back');
	const broken = structuredClone(document);
	delete broken.document.tracking.id;
	if (!(await wrongByLibrary(broken, false)).length)
		wrong.push('the library lets it pass without its id');
	return wrong;
}

// told: counts; returns lines to print.
export async function desk(told) {
	const documents = written(), lines = [], schema = openvexSchema();
	const tell = (title, wrong) => {
		told[wrong.length ? 'failed' : 'passed']++;
		lines.push(wrong.length ? `FAILED ${title}\n  repeat: test/csaf/run\n  ${wrong.join('\n  ')}` : `ok ${title}`);
	};
	for (const name of EXPECTED)
		tell(`the desk's ${name}`, documents[`${name}.csaf`] ? await wrongInCsaf(name, documents[`${name}.csaf`]) : ['it was not written']);
	if (schema) {
		tell('the desk\'s VEX as OpenVEX', wrongInOpenvex(documents['vex.openvex'], schema));
	} else {
		told.skipped++;
		lines.push('SKIPPED the desk\'s VEX as OpenVEX: TW_SCHEMAS names no folder with openvex/openvex_json_schema.json');
	}
	return lines;
}
