// SPDX-License-Identifier: Apache-2.0
// What the manufacturer's desk publishes (desk.py): CSAF by the library's strict schema and mandatory tests, the VEX of a release by OpenVEX's official schema too.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitted } from './emitted.js';
import { openvexSchema, wrongByLibrary, wrongInOpenvex } from './vex.js';

const EXPECTED = ['copied', 'csaf_base', 'csaf_informational_advisory', 'csaf_security_advisory', 'csaf_security_incident_response', 'csaf_vex', 'described', 'registered', 'registered2', 'vex', 'withdrawn'];

const documents = (folder) => Object.fromEntries(fs.readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => [name.replace('.json', ''), JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))]));

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

// The branches that CSAF recommends, each with what the registry knows of it; and the second revision has the first one's ids.
function wrongInRegistered(first, second) {
	const leaves = (document) => document.product_tree.branches[0].branches[0].branches, wrong = [];
	const want = [
		['product_version', '1.0-rc1+b~2', 'pkg:generic/example/lamp@1.0-rc1%2Bb~2?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Flamp', 'cpe:2.3:o:example:lamp:1.0-rc1\\+b\\~2:*:*:*:*:*:*:*'],
		['product_version', '1.1', 'pkg:generic/example/lamp@1.1?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Flamp', 'cpe:2.3:o:example:lamp:1.1:*:*:*:*:*:*:*'],
		['product_version_range', 'vers:generic/<=0.9', 'pkg:generic/example/lamp?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Flamp', 'cpe:2.3:o:example:lamp:*:*:*:*:*:*:*:*'],
	];
	const is = leaves(first).map((b) => [b.category, b.name, b.product.product_identification_helper?.purl, b.product.product_identification_helper?.cpe]);
	if (JSON.stringify(is) !== JSON.stringify(want))
		wrong.push(`its tree is ${JSON.stringify(is)}`);
	const helper = leaves(first)[1].product.product_identification_helper;
	if (Object.keys(helper).sort().join() !== 'cpe,hashes,model_numbers,purl,sbom_urls,serial_numbers,skus,x_generic_uris')
		wrong.push(`1.1 is known by ${Object.keys(helper)}`);
	const ids = (document) => leaves(document).slice(0, 3).map((b) => b.product.product_id).join();
	if (ids(first) !== ids(second) || leaves(second).length !== 4 || second.document.tracking.version !== '2')
		wrong.push(`the ids ${ids(first)} became ${ids(second)}`);
	const support = first.document.notes.find((n) => n.title === 'Support' && n.category === 'general')?.text;
	if (support !== 'Lamp is supported from 2020-01-01 until 2099-01-01, with security updates until 2098-01-01. Version 1.0-rc1+b~2 is supported until 2021-01-01.')
		wrong.push(`of support it says ${support}`);
	return wrong;
}

// told: counts; returns lines to print. A whole run over a device, too, where there is time for it.
export async function desk(told, build, device) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-')), lines = [];
	const tell = (title, wrong) => {
		told[wrong.length ? 'failed' : 'passed']++;
		lines.push(wrong.length ? `FAILED ${title}\n  repeat: test/csaf/run\n  ${wrong.join('\n  ')}` : `ok ${title}`);
	};
	const skip = (title, why) => {
		told.skipped++;
		lines.push(`SKIPPED ${title}: ${why}`);
	};
	try {
		execFileSync('/usr/bin/python3', ['-B', path.join(path.dirname(fileURLToPath(import.meta.url)), 'desk.py'), folder, ...(device ? ['device'] : [])], { stdio: ['ignore', 'ignore', 'inherit'] });
		const found = documents(folder), schema = openvexSchema();
		for (const name of EXPECTED)
			tell(`the desk's ${name}`, found[`${name}.csaf`] ? await wrongInCsaf(name, found[`${name}.csaf`]) : ['it was not written']);
		if (found['registered.csaf'] && found['registered2.csaf'])
			tell('what the registry knows in the desk\'s advisory', wrongInRegistered(found['registered.csaf'], found['registered2.csaf']));
		if (schema)
			tell('the desk\'s VEX as OpenVEX', wrongInOpenvex(found['vex.openvex'], schema));
		else
			skip('the desk\'s VEX as OpenVEX', 'TW_SCHEMAS names no folder with openvex/openvex_json_schema.json');
		if (!device)
			skip('the evidence of a device', 'it takes too long here; part `csaf` of make deep');
		await emitted(folder, build, tell, skip);
	} finally {
		fs.rmSync(folder, { recursive: true });
	}
	return lines;
}
