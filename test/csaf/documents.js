// SPDX-License-Identifier: Apache-2.0
// Documents to judge: one of our own of each profile; those of others, where they are found; small changes of them; and texts of one form each.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const revision = (number, day) => ({ date: `2026-01-${day}T10:00:00Z`, number, summary: 's' });

const head = (category) => ({
	category, csaf_version: '2.0', title: 'A lamp', lang: 'en',
	publisher: { category: 'vendor', name: 'Lamps', namespace: 'https://lamps.example' },
	notes: [{ category: 'summary', text: 'It shines.' }],
	references: [{ category: 'external', summary: 'More', url: 'https://lamps.example/1' }],
	tracking: {
		id: 'LAMPS-1', status: 'final', version: '2', current_release_date: '2026-01-02T10:00:00Z', initial_release_date: '2026-01-01T10:00:00Z',
		revision_history: [revision('1', '01'), revision('2', '02')], aliases: ['L1'],
	},
});

const helper = () => ({
	cpe: 'cpe:2.3:h:lamps:lamp:1.0:*:*:*:*:*:*:*', purl: 'pkg:deb/debian/lamp@1.0', model_numbers: ['L'], serial_numbers: ['1'], skus: ['S'],
	hashes: [{ filename: 'lamp.bin', file_hashes: [{ algorithm: 'md5', value: 'd41d8cd98f00b204e9800998ecf8427e' }, { algorithm: 'crc', value: 'd41d8cd98f00b204e9800998ecf8427e' }] }],
	x_generic_uris: [{ namespace: 'https://lamps.example/ns', uri: 'urn:lamp:1' }],
});

const tree = () => ({
	branches: [{
		category: 'vendor', name: 'Lamps', branches: [
			{ category: 'product_version', name: '1.0', product: { name: 'Lamp', product_id: 'P1', product_identification_helper: helper() } },
			{ category: 'product_version_range', name: '<1', product: { name: 'Old', product_id: 'P2' } }],
	}],
	full_product_names: [{ name: 'Hub', product_id: 'P3' }, { name: 'Plug', product_id: 'P4' }],
	relationships: [{ category: 'installed_on', product_reference: 'P1', relates_to_product_reference: 'P3', full_product_name: { name: 'Both', product_id: 'P5' } }],
	product_groups: [{ group_id: 'G1', product_ids: ['P1', 'P2'] }, { group_id: 'G2', product_ids: ['P3', 'P4'] }],
});

/* Everything in each, so that the library leaves out no test (see README.md of this folder). */
const vulnerability = (cve, flagged) => ({
	cve, cwe: { id: 'CWE-1004', name: "Sensitive Cookie Without 'HttpOnly' Flag" }, ids: [{ system_name: 'Bugs', text: '17' }],
	notes: [{ category: 'description', text: 'd' }],
	product_status: { known_affected: ['P1', 'P5'], known_not_affected: ['P3', 'P4'], under_investigation: ['P2'] },
	scores: [{
		products: ['P1'],
		cvss_v2: { version: '2.0', vectorString: 'AV:N/AC:L/Au:N/C:C/I:C/A:C', baseScore: 10 },
		cvss_v3: { version: '3.1', vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', baseScore: 9.8, baseSeverity: 'CRITICAL', attackVector: 'NETWORK' },
	}],
	flags: [{ label: 'component_not_present', ...flagged }],
	threats: [{ category: 'impact', details: 'none', product_ids: ['P3'] }],
	involvements: [{ party: 'vendor', status: 'completed', date: '2026-01-01T00:00:00Z' }, { party: 'discoverer', status: 'open', date: '2026-01-01T00:00:00Z' }],
	remediations: [{ category: 'vendor_fix', details: 'Update', group_ids: ['G1'] }, { category: 'workaround', details: 'Unplug', product_ids: ['P5'] }],
});
const vulnerabilities = () => [vulnerability('CVE-2026-0001', { group_ids: ['G2'] }), vulnerability('CVE-2026-0002', { product_ids: ['P4'] })];

export const own = () => [
	{ name: 'base', document: { document: head('csaf_base') } },
	{ name: 'incident', document: { document: head('csaf_security_incident_response') } },
	{ name: 'information', document: { document: head('csaf_informational_advisory') } },
	{ name: 'advisory', document: { document: head('csaf_security_advisory'), product_tree: tree(), vulnerabilities: vulnerabilities() } },
	{ name: 'vex', document: { document: head('csaf_vex'), product_tree: tree(), vulnerabilities: vulnerabilities() } },
];

function filesIn(folder, suffix) {
	return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
		.map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)).sort();
}

const readJson = (file) => ({ name: path.basename(file), document: JSON.parse(fs.readFileSync(file, 'utf8')) });

// The library's own examples: JSON, and modules that export one or a list of them.
export async function ofLibrary(folder) {
	const tests = path.join(folder, 'tests'), found = [];
	const old = (file) => !file.includes('csaf_2_1');
	for (const file of filesIn(tests, '.json').filter(old))
		found.push(readJson(file));
	for (const file of filesIn(tests, '.js').filter((name) => old(name) && /\/(shared\/minimal|all\/|failing\/|valid\/)/.test(name))) {
		const content = (await import(pathToFileURL(file).href)).default;
		for (const [i, one] of (Array.isArray(content) ? content : [content]).entries())
			found.push({ name: `${path.basename(file)}#${i}`, document: one.content ?? one });
	}
	return found.filter(({ document }) => document && typeof document === 'object');
}

// OASIS's files for validators, in a copy of github.com/oasis-tcs/csaf.
export function ofOasis(folder) {
	const data = path.join(folder, 'csaf_2.0', 'test', 'validator', 'data');
	return fs.existsSync(data) ? filesIn(data, '.json').filter((file) => /-6-\d-/.test(file)).map(readJson) : null;
}

// The same numbers each time.
export function dice(seed) {
	let state = seed;
	const roll = (sides) => {
		state = (state * 1103515245 + 12345) % 2147483648;
		return Math.floor(state / 2147483648 * sides);
	};
	return { roll, pick: (list) => list[roll(list.length)] };
}

const values = ['', 'x', ' x', '2026-01-01T00:00:00Z', '2020-02-30T00:00:00Z', '2020-02-28 00:00:00+01', '1', '0', '3', '1.0.0', '0.9.0', '2.0.0-rc.1', '1.0.0+b',
	'https://example.com/', 'urn:x', 'x:', 'cpe:/a:b', 'pkg:npm/a', 'pkg:maven/a', 'CVE-2026-0001', 'CVE-20-1', 'CWE-79', 'CWE-1', 'final', 'draft', 'interim', 'csaf_vex',
	'csaf_base', 'csaf_security_advisory', 'csaf_informational_advisory', 'CSAF VEX', 'Security-Advisory', 'de', 'en', 'qq', 'de-1996', 'NONE', 'HIGH', 'LOW', '3.0', '2.0',
	'translator', 'product_version', 'prior 1', 'all', 'P1', 'P2', 'P3', 'P4', 'P5', 'G1', 'G2', 'AV:N/AC:L/Au:N/C:C/I:C/A:C', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
	0, 1, -1, 10, 10.1, 9.8, null, true, {}, [], ['a'], ['a', 'a'], ['P1', 'P4'], { a: 1 }];

const pathsOf = (value, at = []) => (value && typeof value === 'object')
	? Object.keys(value).flatMap((key) => [[...at, key], ...pathsOf(value[key], [...at, key])]) : [];
const part = (value, at) => at.reduce((inner, key) => inner[key], value);

const changes = {
	delete: (parent, key) => Array.isArray(parent) ? parent.splice(Number(key), 1) : delete parent[key],
	double: (parent, key) => Array.isArray(parent) ? parent.splice(Number(key), 0, structuredClone(parent[key])) : (parent[`${key}_`] = parent[key]),
	alter: (parent, key, { pick }) => { parent[key] = pick(values); },
	exchange: (parent, key, { pick }, whole, places) => { parent[key] = structuredClone(part(whole, pick(places))); },
};

// Each member and item taken away, doubled, altered or replaced by another part; one change in `step`.
export function* changed({ name, document }, random, step) {
	const places = pathsOf(document);
	for (const at of places)
		for (const [what, change] of Object.entries(changes)) {
			if (random.roll(step))
				continue;
			const copy = structuredClone(document);
			change(part(copy, at.slice(0, -1)), at.at(-1), random, document, places);
			yield { name: `${name}: ${what} /${at.join('/')}`, document: copy };
		}
}

const forms = {
	time: ['2026-01-01T00:00:00Z', '2024-02-29T23:59:60Z', '2020-12-31t12:00:00.123456789+05:30', '2020-01-31 10:00:00-0800', '1999-12-31T18:59:60-05:00'],
	uri: ['https://user:pw@example.com:80/a/b?x=1&y=2#f', 'http://[2001:db8::1]:8080/a', 'http://[::ffff:1.2.3.4]', 'urn:uuid:a-b', 'x:/', 'http://[v1.ab:c]/', 'http://1.2.3.4/'],
	cpe: ['cpe:2.3:a:vendor:prod:1.0:*:*:en-us:*:*:*:*', 'cpe:/a:vendor:prod:1.0::~~~', 'cpe:2.3:h:a\\:b:c?:*1:-:??x??:*:*:*:*:*', 'cpe:2.3:o:a:b:c:d:e:de-276:f:g:h:i'],
	purl: ['pkg:npm/%40scope/name@1.0.0?a=b&c=d#sub/path', 'pkg:maven/org.x/y@1', 'pkg:golang/github.com/a/b@v1.2.3', 'pkg:conan/a/b?channel=x', 'pkg:swift/a/b@1', 'pkg:cran/a@1',
		'pkg:pub/Ab-c_d', 'pkg:oci/x@sha256%3Aab', 'pkg:mlflow/a', 'pkg:generic/a%20b', 'pkg:npm/@a/b', 'pkg:x/y?a=%25&b=%2525', 'pkg:x/%20'],
	language: ['de-DE', 'zh-cmn-Hans-CN', 'sl-rozaj-biske-1994', 'de-1901-1996', 'en-u-co-phonebk-t-de', 'x-foo-bar', 'i-default', 'no-bok', 'zh-min-nan', 'ca-valencia', 'de-fonipa',
		'hy-arevela', 'zh-Latn-pinyin', 'yue', 'aa-001', 'abcd'],
	version: ['1', '0', '10', '01', '1.2.3', '1.0.0-rc.1+build.5', '0.0.0-0.a.01', '1.0.0+01', '1.2', 'v1.0.0', '1.0.0-a..b', '1.0.0-0a.00a'],
	id: ['abc', 'a b', 'a\nb', ' a', 'a\u00a0', 'a_b', '\u2028', 'é'],
	category: ['csaf_vex', 'CSAF_vex', 'Security Advisory', 'security-incident_response', 'v-e-x', 'vexx', '_a', 'a-', 'a\u2028b'],
	name: ['1.0', '<1', 'all versions', 'prior\u00a0to 1', 'Before', 'versionsx', 'ALL', '>=2'],
	vector2: ['AV:N/AC:L/Au:N/C:P/I:P/A:C', 'AV:N/AC:L/Au:N/C:P/I:P/A:C/E:POC/RL:OF/RC:C/CDP:LM/TD:H/CR:H/IR:ND/AR:L'],
	vector3: ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:U/RL:O/RC:R/MAV:X'],
};
const letters = [...'aZ09-._~:/?#[]@!$&\'()*+,;=%\\ <>"xXtTuU\u00a0é\n'];

function garbled(text, { roll, pick }) {
	const all = [...text];
	for (let left = roll(3); left > 0; left--) {
		const at = roll(all.length + 1);
		all.splice(at, roll(2), ...(roll(2) ? [pick(letters)] : []));
	}
	return all.join('');
}

const places = {
	time: (d, text) => { d.document.tracking.initial_release_date = text; },
	uri: (d, text) => { d.document.publisher.namespace = text; },
	cpe: (d, text, inside) => { inside.cpe = text; },
	purl: (d, text, inside) => { inside.purl = text; },
	language: (d, text) => { d.document.lang = text; },
	version: (d, text) => { d.document.tracking.version = text; d.document.tracking.revision_history = [revision(text, '01')]; },
	id: (d, text) => { d.document.tracking.id = text; },
	category: (d, text) => { d.document.category = text; },
	name: (d, text) => { d.product_tree.branches = [{ category: 'product_version', name: text, product: { name: 'b', product_id: 'B' } }]; },
	vector2: (d, text) => { d.vulnerabilities = [{ scores: [{ products: ['A'], cvss_v2: { version: '2.0', vectorString: text, baseScore: 8.5 } }] }]; },
	vector3: (d, text) => { d.vulnerabilities = [{ scores: [{ products: ['A'], cvss_v3: { version: text.slice(5, 8), vectorString: text, baseScore: 9.8, baseSeverity: 'CRITICAL' } }] }]; },
};

// Texts of one form each, whole and garbled, in the smallest document that has a place for them.
export function* worded(random, count) {
	for (const [form, texts] of Object.entries(forms))
		for (let i = 0; i < count; i++) {
			const text = i < texts.length ? texts[i] : garbled(random.pick(texts), random), inside = { skus: ['s'] };
			const document = { document: head('csaf_base'), product_tree: { full_product_names: [{ name: 'a', product_id: 'A', product_identification_helper: inside }] } };
			places[form](document, text, inside);
			yield { name: `${form} ${JSON.stringify(text)}`, document };
		}
}
