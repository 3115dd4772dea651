// SPDX-License-Identifier: Apache-2.0
// The page as the real daemon serves it, with a real take-over, session, setting and log; the published OpenAPI document and the
// inventory, judged by what others publish; and the evidence report made of that device. test/world.py provisions and starts the device and stands at its console.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { HtmlValidate } from 'html-validate';
import { axe, overhang } from './browser.js';
import { recovers } from './real-recover.js';
import { POLICY } from './stand-in.js';

const WORLD = fileURLToPath(new URL('../world.py', import.meta.url));
const SETTING = 'identification.remote-read';
const KEY = SETTING.replace('.', '-');
const HOSTILE = '<img src=x onerror=console.log("XSS-RAN")>';

// Why there is no real device here, or ''.
function lacking() {
	const asked = spawnSync('/usr/bin/python3', ['-B', '-c', 'import sys; sys.path.insert(0, sys.argv[1]); import world; print(world.missing() or "")', fileURLToPath(new URL('..', import.meta.url))], { encoding: 'utf8' });
	return asked.status === 0 ? asked.stdout.trim() : asked.stderr;
}

export async function withDevice(skip, work, ...options) {
	const why = lacking();
	if (why)
		skip(why);
	const child = spawn('/usr/bin/python3', ['-B', WORLD, 'serve', ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
	let said = '';
	child.stderr.on('data', (text) => { said += text; });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const next = async () => {
		const { value, done } = await lines.next();
		assert.ok(!done, `the device did not start: ${said}`);
		return JSON.parse(value);
	};
	const device = await next();
	device.ask = async (wish) => {
		child.stdin.write(`${JSON.stringify(wish)}\n`);
		const answer = await next();
		assert.ok(!answer.failed, `${answer.failed}\n${answer.log}`);
		return answer;
	};
	device.run = async (...words) => {
		const { status, out, err } = await device.ask({ run: words });
		assert.equal(status, 0, `thingward ${words.join(' ')}: ${out}${err}`);
		return out;
	};
	try {
		await work(device);
	} finally {
		child.stdin.end();
		await new Promise((done) => child.on('close', done));
	}
}

export async function signIn(page, device) {
	await page.waitForSelector('#code');
	await page.fill('#code', (await device.ask({ tool: ['session', 'code'] })).answer.code);
	await page.click('#enter');
	await page.waitForSelector('#part-log h2');
}

async function servesThePage({ open, skip }) {
	await withDevice(skip, async (device) => {
		const page = await open('about:blank');
		const reply = await page.goto(device.url);
		assert.equal(reply.headers()['content-security-policy'], POLICY);
		assert.match(reply.headers()['content-type'], /^text\/html/);
		await page.waitForSelector('#secret');
		assert.match((await page.textContent('main')).replaceAll(' ', ''), new RegExp(device.label.listener_sha256), 'the fingerprint to compare with the label');
		assert.deepEqual(await axe(page), []);
	});
}

// The whole way of a person with a label, a browser and the device's console; the name they give is hostile text.
async function takenOverByBrowser({ open, skip }) {
	await withDevice(skip, async (device) => {
		const page = await open(device.url);
		await page.waitForSelector('#secret');
		await page.fill('#secret', 'f'.repeat(32));
		await page.fill('#owner', HOSTILE);
		await page.click('#take');
		await page.waitForSelector('.trouble');
		assert.equal(await page.inputValue('#owner'), HOSTILE);
		await page.fill('#secret', device.label.secret);
		await page.click('#take');
		await page.waitForSelector('#console-code');
		await device.ask({ console: await page.textContent('#console-code') });
		await page.click('#go-on');
		await page.waitForSelector('#part-log h2');
		assert.match(await page.textContent('h1'), /all right|attention|part/);
		assert.ok((await page.textContent('#part-log')).includes(HOSTILE), 'the name stands in the records, as text');
	});
}

/* The heading speaks of the worst; what one element is stands in its cell. */
async function told(page, id, provided) {
	await page.waitForFunction(([start, want]) => {
		const cell = document.querySelector(`[aria-label^="${start}: "]`);
		return cell && /: provided/i.test(cell.getAttribute('aria-label')) === want;
	}, [id, provided]);
}

async function homeTurns({ open, skip }) {
	const root = process.getuid() === 0; // a button runs as a user of its own
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const page = await open(device.url);
		await page.waitForSelector('#code');
		await page.fill('#code', '00000-00000');
		await page.click('#enter');
		await page.waitForSelector('.trouble');
		await signIn(page, device);
		assert.deepEqual(await axe(page), []);
		await page.check(`#off-${KEY}`);
		await page.click(`#save-${KEY}`);
		await told(page, 'DI.IMS.1', false);
		const { answer } = await device.ask({ tool: ['capabilities', 'read'] });
		const switched = answer.elements.filter((one) => one.setting === SETTING);
		assert.deepEqual(switched.map((one) => one.status), switched.map(() => 'off by policy'));
		assert.ok(switched.some((one) => one.id === 'DI.IMS.1'));
		await page.check(`#on-${KEY}`);
		await page.click(`#save-${KEY}`);
		await told(page, 'DI.IMS.1', true);
		await device.ask({ tool: ['settings', 'change', SETTING, 'off'] });
		await page.check(`#off-${KEY}`);
		await page.click(`#save-${KEY}`);
		await page.waitForSelector(`#outcome-${KEY} .trouble`);
		await page.setViewportSize({ width: 320, height: 640 });
		assert.equal(await overhang(page), 0);
		await page.click('#sign-out');
		await signIn(page, device);
		await recovers(page, device, open, root);
	}, ...(root ? ['--button'] : []));
}

// DI.IMS.1, DI.IMS.2, DI.IMS.3: the identifier, its check and its assignment; DI.ABI.1, DI.DAS.2: who else may talk to it.
async function placesWork({ open, skip }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const page = await open(device.url);
		await signIn(page, device);
		await page.click('#place-identity');
		await page.click('#check-identity');
		await page.waitForSelector('#identity-check .checks, #identity-check .trouble');
		assert.match(await page.textContent('#identity-check'), /The statement holds\./);
		await page.fill('#name', HOSTILE);
		await page.click('#assign-send');
		await page.waitForFunction((name) => document.querySelector('#part-assigned').textContent.includes(name), HOSTILE);
		assert.equal((await device.ask({ tool: ['assignment', 'read'] })).answer.assigned_to.name, HOSTILE);
		await page.click('#report-send');
		await page.waitForSelector('#report-file');
		await page.click('#place-peers');
		await page.fill('#device-identifier', 'urn:dev:ops:32473-T1-00000007');
		await page.fill('#device-key', 'ab'.repeat(32));
		await page.click('#device-send');
		await page.waitForSelector('#drop-device-0');
		await page.fill('#rule-name', 'read-only');
		await page.fill('#rule-subject', 'urn:dev:ops:32473-T1-00000007');
		await page.fill('#rule-operation', 'identity.read');
		await page.click('#rule-send');
		await page.waitForSelector('#drop-rule-read-only');
		const { answer } = await device.ask({ tool: ['policies', 'list'] });
		assert.deepEqual(answer.policies.map((one) => [one.name, one.allow]), [['read-only', true]]);
		await page.click('#drop-device-0');
		await page.click('#drop-device-0-yes');
		await page.waitForFunction(() => /There is none/.test(document.querySelector('#part-devices').textContent));
		assert.deepEqual((await device.ask({ tool: ['peers', 'list'] })).answer.peers, []);
		assert.deepEqual(await axe(page), []);
		await page.click('#place-keys');
		await page.click('#try-algorithms');
		await page.waitForSelector('#algorithms-told');
		assert.match(await page.textContent('#part-algorithms'), /All of them do what their standards say.*aes-256-gcm.*Passed/s);
	});
}

// DP.CCS.2: the manufacturer's own list, from the file that the tool wrote, and away again.
async function keepsAList({ open, skip }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const file = `${device.folder}/revoked.crl`;
		await device.run('ca', 'crl', device.ca, '--out', file);
		const page = await open(device.url);
		await signIn(page, device);
		await page.click('#place-revoked');
		await page.setInputFiles('#list-crl', file);
		await page.click('#list-send');
		await page.waitForSelector('#drop-list-0');
		assert.equal(await page.textContent('h1'), 'One list of revoked certificates counts.');
		const [kept] = (await device.ask({ tool: ['certificates', 'crls'] })).answer.lists;
		assert.deepEqual([kept.entries, kept.over], [0, false]);
		assert.ok((await page.textContent('#part-lists')).includes(kept.issuer));
		assert.deepEqual(await axe(page), []);
		await page.click('#drop-list-0');
		await page.click('#drop-list-0-yes');
		await page.waitForFunction(() => /There is none/.test(document.querySelector('#part-lists').textContent));
		assert.deepEqual((await device.ask({ tool: ['certificates', 'crls'] })).answer.lists, []);
	});
}

// Long before the page would read the log again.
async function followsTheLog({ open, skip }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const page = await open(device.url);
		await signIn(page, device);
		await page.waitForFunction(() => /as the device writes/.test(document.querySelector('#log-how').textContent));
		const rows = () => page.locator('.log tbody tr').count();
		const before = await rows();
		await device.ask({ tool: ['settings', 'change', SETTING, 'off'] });
		await page.waitForFunction((had) => document.querySelectorAll('.log tbody tr').length > had, before, { timeout: 8000 });
		assert.match(await page.textContent('.log tbody tr'), /Settings change/);
		await page.waitForFunction(() => /\d+ new records? in the log/.test(document.querySelector('#live').textContent));
		await page.click('#log-pause');
		const paused = await rows();
		await device.ask({ tool: ['settings', 'change', SETTING, 'on'] });
		await page.waitForTimeout(1000);
		assert.equal(await rows(), paused);
		await page.click('#log-pause');
		await page.waitForFunction((had) => document.querySelectorAll('.log tbody tr').length > had, paused, { timeout: 8000 });
	});
}

async function openApiHolds({ open, skip }) {
	await withDevice(skip, async (device) => {
		const page = await open(device.url);
		const text = await page.evaluate(async () => (await fetch('/api/v1/openapi.json')).text());
		const result = await new Validator().validate(JSON.parse(text));
		assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
	});
}

// The official schemas of CycloneDX 1.6 by the names they refer to each other by: those in its own library, or in TW_SCHEMAS/cyclonedx.
function cycloneDx() {
	const folder = process.env.TW_SCHEMAS ? join(process.env.TW_SCHEMAS, 'cyclonedx')
		: join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res/schema');
	const judge = new Ajv({ strict: false, allErrors: true, formats: { 'iri-reference': true, 'idn-email': true } }); // a device states neither
	addFormats(judge);
	const of = (start) => readdirSync(folder).find((name) => name.startsWith(start) && name.endsWith('.schema.json'));
	const known = ['bom-1.6.', 'jsf-0.82.', 'spdx.'].map(of);
	for (const name of known)
		judge.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')), `http://cyclonedx.org/schema/${name}`);
	return judge.getSchema(`http://cyclonedx.org/schema/${known[0]}`);
}

// @nist DI.ABI.3: the document is one that others read
async function inventoryHolds({ skip }) {
	const folder = mkdtempSync(join(tmpdir(), 'tw-packages-'));
	const stanza = (name, version, more = '') => `Package: ${name}\nStatus: install ok installed\nMaintainer: Some One <some@example.org>\nArchitecture: arm64\nVersion: ${version}\n${more}\n`;
	chmodSync(folder, 0o755);
	writeFileSync(join(folder, 'status'), stanza('curl', '1:8.0-1+b1', 'License: curl\nDepends: libc6, zlib1g\n') + stanza('libc6', '2.36') + stanza('zlib1g', '1'));
	chmodSync(join(folder, 'status'), 0o644);
	try {
		await withDevice(skip, async (device) => {
			await device.ask({ take_over: true });
			const holds = cycloneDx();
			const { sbom } = (await device.ask({ tool: ['inventory', 'sbom'] })).answer;
			assert.equal(sbom.components.length, 3);
			assert.ok(holds(sbom), JSON.stringify(holds.errors, null, 1));
			for (const wrong of [{ components: [{ ...sbom.components[0], type: 'thing' }] }, { serialNumber: 'urn:uuid:1' }, { dependencies: [{ dependsOn: [] }] }, { metadata: { timestamp: 'yesterday' } }])
				assert.ok(!holds({ ...sbom, ...wrong }), JSON.stringify(wrong));
		}, '--packages', `debian:${folder}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function reportReads({ open, skip }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const evidence = `${device.folder}/evidence.json`;
		const html = `${device.folder}/evidence.html`;
		const { err } = await device.ask({ run: ['assess', '--device', 'unit', '--owner', device.owner, '--product', device.product, '--out', evidence] });
		assert.ok(existsSync(evidence), err);
		await device.run('report', evidence, '--html', html, '--transcript', `${evidence}.transcript`);
		// Catalog ids are the anchors of the report, dots and all.
		const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'valid-id': ['error', { relaxed: true }] } });
		const report = await validate.validateString(readFileSync(html, 'utf8'));
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.line}: ${message.ruleId} ${message.message}`)), []);
		for (const look of [{ width: 320 }, { width: 1280 }, { width: 1280, dark: true }]) {
			const page = await open(`file://${html}`, look);
			const light = look.width > 320 && !look.dark; // axe takes long over all that was said: colours are seen in the others
			if (light)
				assert.deepEqual(await axe(page), []);
			assert.equal(await overhang(page), 0);
			assert.equal(await page.locator('script, iframe, object').count(), 0);
			// The picture is on the first screen, before the words.
			const { y } = await page.locator('figure svg').boundingBox();
			assert.ok(y < 400 && y < (await page.locator('.lead').boundingBox()).y, `the map is at ${y}`);
			await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
			if (!light)
				assert.deepEqual(await axe(page), [], 'with all that was said open');
			assert.equal(await overhang(page), 0);
			assert.ok(await page.locator('details li code').count() > 0);
		}
		const paper = await open(`file://${html}`, { width: 794, dark: true });
		await paper.emulateMedia({ media: 'print' });
		const [ink, ground] = await paper.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]);
		assert.match(ground, /255, 255, 255|0, 0, 0, 0/, 'no dark background on paper');
		assert.doesNotMatch(ink, /rgb\(2\d\d/, 'dark ink on paper');
		assert.ok((await paper.pdf({ format: 'A4' })).length > 1000);
	});
}

export const real = [
	['device: serves the page under its policy, with the fingerprint to compare', servesThePage],
	['device: is taken over by label, browser and console; a hostile name stays text', takenOverByBrowser],
	['device: code, identity check, switching off and on, a conflict, signing out; then all is lost, and who stands at console or button recovers it', homeTurns],
	['device: identity is checked, assigned and reported; a device and a rule come and go', placesWork],
	['device: a list of revoked certificates is kept from a file, and removed', keepsAList],
	['device: records appear as they are written, and wait while the page is paused', followsTheLog],
	['device: its OpenAPI document is accepted by a validator of others', openApiHolds],
	['device: its inventory is of the official schema of CycloneDX', inventoryHolds],
	['report: valid, readable by everybody, narrow, wide, dark and on paper', reportReads],
];
