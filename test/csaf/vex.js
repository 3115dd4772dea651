// SPDX-License-Identifier: Apache-2.0
// What `thingward triage vex` writes of a made-up product (test/triage_set.py) and of decisions of each kind: CSAF by the library's mandatory tests and strict
// schema, OpenVEX by its official schema, where TW_SCHEMAS names a folder that has it.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import * as mandatory from '@secvisogram/csaf-validator-lib/mandatoryTests.js';
import { csaf_2_0_strict } from '@secvisogram/csaf-validator-lib/schemaTests.js';

const test = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const DECISIONS = [['not_affected', '--justification', 'vulnerable_code_not_in_execute_path'], ['not_affected', '--impact', 'It is not called.'], ['affected', '--action', 'Update to 1.1.'], ['fixed'], ['under_investigation']];

function written(program) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vex-')), product = path.join(folder, 'product');
	const triage = (...words) => execFileSync(program, ['triage', ...words], { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] });
	try {
		const set = path.join(folder, 'set');
		execFileSync('/usr/bin/python3', ['-c', `import sys; sys.path.insert(0, ${JSON.stringify(test)}); import triage_set; triage_set.make(${JSON.stringify(set)}, 0, 400)`]);
		execFileSync(program, ['product', 'init', '--example', product]);
		const inputs = ['--release', `${set}/sbom.json`, '--feeds', `${set}/feeds`, '--kernel-config', `${set}/config`, '--kernel-source', `${set}/linux`, '--installed', `${set}/installed`];
		triage('import', product, ...inputs);
		const open = JSON.parse(triage('import', product, ...inputs, '--all', '--json')).items;
		DECISIONS.forEach(([status, ...more], i) => triage('decide', product, open[i].vulnerability, open[i].component, '--status', status, ...more, '--by', 'Jane', '--reason', 'Because.'));
		for (const format of ['csaf', 'openvex', 'csaf'])
			triage('vex', product, '--format', format, '--out', `${folder}/${format}.json`);
		return ['csaf', 'openvex'].map((format) => JSON.parse(fs.readFileSync(`${folder}/${format}.json`, 'utf8')));
	} finally {
		fs.rmSync(folder, { recursive: true });
	}
}

// tests: the mandatory ones too, which take what has the schema's structure alone.
export async function wrongByLibrary(document, tests = true) {
	const wrong = csaf_2_0_strict(document).isValid ? [] : ['the strict schema'];
	for (const [name, one] of tests ? Object.entries(mandatory) : [])
		if ((await one(document)).isValid === false)
			wrong.push(name);
	return wrong;
}

async function wrongInCsaf(document) {
	const wrong = await wrongByLibrary(document);
	const statuses = new Set(document.vulnerabilities.flatMap((one) => Object.keys(one.product_status)));
	for (const status of ['known_affected', 'known_not_affected', 'fixed', 'under_investigation'])
		if (!statuses.has(status))
			wrong.push(`nothing is ${status}: the test does not reach it`);
	if (document.document.tracking.version !== '2')
		wrong.push('the second document does not carry the first on');
	return wrong;
}

// Where TW_SCHEMAS names a folder that has it; else null.
export function openvexSchema() {
	const file = path.join(process.env.TW_SCHEMAS ?? '', 'openvex/openvex_json_schema.json');
	return process.env.TW_SCHEMAS && fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null;
}

export function wrongInOpenvex(document, schema) {
	const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
	const wrong = validate(document) ? [] : validate.errors.slice(0, 5).map((one) => `${one.instancePath} ${one.message}`);
	if (new Set(document.statements.map((one) => one.status)).size !== 4)
		wrong.push('not every status is there: the test does not reach it');
	const broken = structuredClone(document);
	delete broken.statements[0].status;
	if (validate(broken))
		wrong.push('the schema lets a statement without a status pass');
	return wrong;
}

// told: counts; returns lines to print.
export async function vex(program, told) {
	const [csaf, openvex] = written(program), schema = openvexSchema(), lines = [];
	const tell = (title, wrong, count) => {
		told[wrong.length ? 'failed' : 'passed']++;
		lines.push(wrong.length ? `FAILED ${title}\n  repeat: test/csaf/run\n  ${wrong.join('\n  ')}` : `ok ${title}: ${count} statements`);
	};
	tell('VEX as CSAF', await wrongInCsaf(csaf), csaf.vulnerabilities.length);
	if (schema) {
		tell('VEX as OpenVEX', wrongInOpenvex(openvex, schema), openvex.statements.length);
	} else {
		told.skipped++;
		lines.push('SKIPPED VEX as OpenVEX: TW_SCHEMAS names no folder with openvex/openvex_json_schema.json');
	}
	return lines;
}
