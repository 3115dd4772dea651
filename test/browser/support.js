// SPDX-License-Identifier: Apache-2.0
// The pages of the manufacturer's server, of the real program: sent and followed with JavaScript switched off, by keyboard, at 320 px and in print.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { axe, fitsEverywhere, fitsWithLargeText, overhang } from './browser.js';
import { invalid } from './clean.js';
import { payloads } from './payloads.js';

const BUILD = process.env.TW_BUILD || fileURLToPath(new URL('../../build', import.meta.url));
export const PROGRAM = join(BUILD, 'src/support/thingward-support');
const HOSTILE_TEXTS = payloads.filter((text) => !/[\p{Cc}]/u.test(text)); // what no page can show comes back as U+FFFD: test/run/test_support.py
const PAGES = ['/', '/report', '/report/status', '/question', '/account', '/question?kind=documentation&document=/policy', '/policy', '/thanks', '/products', '/products/lamp', '/products/kettle', '/subscriptions?product=lamp', '/subscriptions/confirm/0000-0000-0000-0000-0000-0000-0000', '/subscriptions/leave/1-00'];
const PRODUCTS = { format: 1, products: [
	{ name: 'lamp', title: 'Lamp <b>&', summary: 'Shines.', contacts: { 'security-email': 'psirt@example.com' }, support: { start: '2020-01-01', end: '2099-12-31', 'security-updates-until': '2099-06-30', terms: 'Free.' },
		versions: [{ version: '1.2.0-a-version-with-a-long-name', released: '2026-01-01' }, { version: '1.0.0', released: '2020-01-01', 'supported-until': '2022-01-01' }] },
	{ name: 'kettle', title: 'Kettle', support: { start: '2010-01-01', end: '2020-01-01', 'security-updates-until': '2019-01-01' } },
	{ name: 'pump', title: 'Pump P1', support: { start: '2020-01-01', end: '2099-12-31', 'security-updates-until': '2099-06-30' }, identifiers: { cpe: 'cpe:2.3:o:example:pump_p1_firmware:*:*:*:*:*:*:*:*', purl: 'pkg:generic/example/pump' },
		models: [{ model: 'P1-<b>&', skus: ['4711'] }], versions: [{ version: '1.1', released: '2026-01-01', 'supported-until': '2027-12-31', identifiers: { hashes: [{ filename: 'pump-1.1.img', file_hashes: [{ algorithm: 'sha512', value: '0123456789abcdef'.repeat(8) }] }] } }] },
] };
const DESK = { name: 'Example Works', site: 'https://security.example.com', contacts: ['mailto:psirt@example.com'], expires: '2099-01-01T00:00:00Z' };

async function until(what, ms = 15000) {
	for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => { setTimeout(go, 50); }))
		if (what())
			return;
	throw new Error('the service does not answer');
}

// more: what desk.json says besides, where it listens, and what is done to its folder before it starts.
export async function withSupport(test, skip, more = {}) {
	if (!existsSync(PROGRAM))
		skip('the support service is not built');
	const folder = mkdtempSync(join(tmpdir(), 'tw-support-'));
	const dir = join(folder, 'desk');
	mkdirSync(dir, { mode: 0o700 });
	mkdirSync(join(dir, 'app'), { mode: 0o700 });
	writeFileSync(join(dir, 'app/desk.json'), JSON.stringify({ ...DESK, ...more.desk }));
	writeFileSync(join(dir, 'app/products.json'), JSON.stringify(PRODUCTS));
	if (process.getuid() === 0) {
		writeFileSync(join(dir, 'roles.tab'), 'app 64501 64501\nfront 64502 64502\nkeys 64503 64503\nhash 64504 64504\n');
		chownSync(join(dir, 'app'), 64501, 64501);
		chownSync(join(dir, 'app/desk.json'), 64501, 64501);
	}
	for (const program of ['src/support/thingward-support-role', 'src/device/thingward-hash']) // side by side, as they are installed
		symlinkSync(join(BUILD, program), join(folder, program.split('/').pop()));
	more.prepare?.(dir);
	const child = spawn(PROGRAM, ['serve', '--dir', dir, '--listen', more.listen ?? '127.0.0.1:0', '--role-program', join(folder, 'thingward-support-role')], { stdio: ['ignore', 'ignore', 'pipe'] });
	const said = [];
	child.stderr.on('data', (data) => said.push(data));
	const ended = new Promise((go) => { child.on('exit', go); });
	try {
		await until(() => existsSync(join(dir, 'listening')));
		await test(`https://${readFileSync(join(dir, 'listening'), 'utf8').trim()}`, dir);
	} finally {
		child.kill('SIGTERM');
		await ended;
		rmSync(folder, { recursive: true, force: true });
	}
}

// As the server sent it.
export async function valid(page, text) {
	assert.deepEqual(await invalid(text ?? await (await page.request.get(page.url())).text()), []);
}

// Whoever comes for the first time, on a slow line: the page with everything that it loads, and as much again would still be little.
async function light(page, url) {
	const parts = [];
	page.on('response', (answer) => parts.push(answer));
	await page.goto(url, { waitUntil: 'networkidle' });
	const sizes = await Promise.all(parts.map(async (one) => [new URL(one.url()).pathname, (await one.body()).length, (await one.request().sizes()).responseHeadersSize]));
	assert.deepEqual(sizes.map(([path]) => path), ['/', '/portal.css']);
	assert.ok(sizes.reduce((sum, [, body, head]) => sum + body + head, 0) < 50_000, JSON.stringify(sizes));
}

async function everyPage({ open, skip }) {
	await withSupport(async (url) => {
		const page = await open('about:blank');
		await light(page, `${url}/`);
		for (const path of PAGES) {
			const at = `${url}${path}${path.includes('?') ? '&' : '?'}lang=`;
			await page.goto(`${at}de`);
			assert.equal(await page.getAttribute('html', 'lang'), 'de');
			await valid(page);
			await fitsWithLargeText(page);
			await page.goto(`${at}en`);
			await valid(page);
			await fitsEverywhere(page);
		}
	}, skip);
}

// By keyboard alone: what is wrong is said, what was typed stays, and the receipt leads back to the report.
async function byKeyboard({ open, skip }) {
	await withSupport(async (url) => {
		const page = await open(`${url}/`);
		await page.keyboard.press('Tab');
		assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main');
		await page.goto(`${url}/report`);
		await page.focus('#field-kind');
		await page.keyboard.press('Tab');
		await page.keyboard.type('   ');
		await page.keyboard.press('Tab');
		await page.keyboard.type(HOSTILE_TEXTS[0]);
		await page.focus('main button');
		await page.keyboard.press('Enter');
		await page.waitForSelector('[role="alert"]');
		assert.equal(await page.inputValue('#field-product'), HOSTILE_TEXTS[0]);
		assert.deepEqual(await axe(page), []);
		await page.fill('#field-description', HOSTILE_TEXTS.join('\n'));
		await page.focus('main button');
		await page.keyboard.press('Enter');
		await page.waitForSelector('.receipt');
		const receipt = await page.textContent('.receipt code');
		assert.match(receipt, /^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/);
		await fitsEverywhere(page);
		await page.emulateMedia({ media: 'print' });
		assert.ok(await page.isVisible('.receipt') && !await page.isVisible('main button'), 'print shows the receipt and nothing to press');
		await page.emulateMedia({ media: 'screen' });
		await page.goto(`${url}/report/status`);
		await page.fill('#field-receipt', receipt.toLowerCase());
		await page.keyboard.press('Enter');
		await page.waitForSelector('dl');
		assert.equal(await page.textContent('dd.text >> nth=2'), HOSTILE_TEXTS.join('\n'));
		await page.fill('#field-text', HOSTILE_TEXTS.join('\n'));
		await page.focus('main button');
		await page.keyboard.press('Enter');
		await page.waitForSelector('[role="status"]');
		assert.equal(await page.textContent('ol .text'), HOSTILE_TEXTS.join('\n'));
		await fitsEverywhere(page);
	}, skip);
}

// Without JavaScript at all.
async function withoutScript({ browser, skip }) {
	await withSupport(async (url) => {
		const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false, locale: 'de-DE' });
		try {
			const page = await context.newPage();
			await page.goto(`${url}/report`);
			assert.match(await page.textContent('h1'), /Einen Fehler melden/);
			await page.fill('#field-description', 'Es geht nicht.');
			await page.setInputFiles('#field-files', [
				{ name: 'Bild \u00e4.png', mimeType: 'image/png', buffer: Buffer.alloc(200000, 7) }, { name: 'leer', mimeType: 'text/plain', buffer: Buffer.alloc(0) }]);
			await page.click('main button');
			await page.waitForSelector('.receipt');
			await page.click('main button');
			assert.match(await page.textContent('main'), /Es geht nicht\./);
			assert.match(await page.textContent('main'), /Bild \u00e4\.png, 200000 Byte, [0-9a-f]{64}leer, 0 Byte/);
			await page.setInputFiles('#field-files', { name: 'noch.txt', mimeType: 'text/plain', buffer: Buffer.from('mehr') });
			await page.click('form[action="/report/files"] button');
			assert.match(await page.textContent('main'), /Ihre Dateien sind gespeichert.*noch\.txt, 4 Byte/s);
			await page.goto(`${url}/products/lamp`);
			await page.click('text=Erfahren, was Ihre Produkte betrifft');
			assert.equal(await page.inputValue('#field-product'), 'lamp');
			await page.fill('#field-recipient', 'ann at example.com');
			await page.uncheck('#field-update');
			await page.click('main button');
			await page.waitForSelector('#error-recipient');
			assert.ok(await page.isChecked('#field-end') && !await page.isChecked('#field-update'), 'what was chosen stays');
			await page.fill('#field-recipient', 'ann@example.com');
			await page.click('main button');
			assert.match(await page.textContent('h1'), /Bitte bestätigen/);
			await page.goto(`${url}/subscriptions/leave/1-00`);
			await page.click('main button');
			assert.match(await page.textContent('h1'), /beendet/);
		} finally {
			await context.close();
		}
	}, skip);
}

// What an authenticator shows (RFC 6238): of a step that was not used yet.
class Authenticator {
	constructor(secret) {
		const bits = [...secret.replaceAll(' ', '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
		this.key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
		this.step = 0;
	}

	code() {
		this.step = Math.max(this.step + 1, Math.floor((Date.now() / 1000 + 8) / 30) - 1);
		const counter = Buffer.alloc(8);
		counter.writeBigUInt64BE(BigInt(this.step));
		const mac = createHmac('sha1', this.key).update(counter).digest();
		return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
	}
}

const PASSWORD = 'tall fences, quiet geese';

// By an invitation, and then in, all by the keyboard.
export async function comeIn(page, url, code, name) {
	await page.goto(`${url}/join`);
	await page.focus('#field-code');
	for (const text of [code, PASSWORD, PASSWORD]) {
		await page.keyboard.type(text);
		await page.keyboard.press('Tab');
	}
	await page.keyboard.press('Enter');
	await page.waitForSelector('.receipt >> nth=1');
	const one = new Authenticator(await page.textContent('.receipt >> nth=1'));
	await look(page, 'joined');
	await page.goto(`${url}/desk`);
	assert.equal(await page.inputValue('input[name="to"]'), '/desk');
	await page.focus('#field-account');
	for (const text of [name, PASSWORD, one.code()]) {
		await page.keyboard.type(text);
		await page.keyboard.press('Tab');
	}
	await page.keyboard.press('Enter');
	await page.waitForSelector('nav .who');
	return one;
}

// For the eye: TW_SHOTS names a folder, and each page is photographed there, wide and at 320 px.
export async function look(page, name) {
	if (!process.env.TW_SHOTS)
		return;
	for (const width of [1280, 320]) {
		await page.setViewportSize({ width, height: 900 });
		await page.screenshot({ path: join(process.env.TW_SHOTS, `${name}-${width}.png`), fullPage: true });
	}
}

async function send(page, path, values) {
	await page.goto(path);
	for (const [name, value] of Object.entries(values))
		if (await page.locator(`select#field-${name}`).count())
			await page.selectOption(`#field-${name}`, value);
		else
			await page.fill(`#field-${name}`, value);
	await page.click('main form button');
	await page.waitForLoadState();
}

async function eachOf(page, url, paths) {
	for (const path of paths) {
		await page.goto(`${url}${path}`);
		await valid(page);
		await look(page, path.split('/').slice(1).join('-').replace(/[?&=:]/g, '-').slice(0, 60));
		await page.setViewportSize({ width: 320, height: 900 });
		assert.deepEqual([path, await overhang(page), await axe(page)], [path, 0, []]);
	}
}

const VECTOR = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N';

// A score is chosen, put into a case, and an alarm acknowledged, with nothing but keys; each entry of the navigation has a key of its own.
async function byKeys(page, url) {
	await page.goto(`${url}/desk/cvss?case=c2&vector=${VECTOR}`);
	assert.match(await page.textContent('.facts .lead'), /^9\.3/);
	await page.focus('#field-av');
	await page.keyboard.press('l');
	await page.focus('form:has(.metrics) > button');
	await page.keyboard.press('Enter');
	await page.waitForURL(/av=L/);
	await page.focus('main form button');
	await page.keyboard.press('Enter');
	await page.waitForSelector('[role="status"]');
	assert.match(await page.textContent('main'), /CVSS:4\.0\/AV:L/);
	const keys = await page.$$eval('nav [accesskey]', (all) => all.map((one) => one.accessKey));
	assert.ok(keys.length === 10 && new Set(keys).size === 10, keys.join());
	await page.focus('nav [accesskey="2"]'); // the key itself is the browser's own, which a page's events do not reach
	await page.keyboard.press('Enter');
	await page.waitForURL(/alarms/);
	await page.focus('td a[href^="/desk/acknowledge"]');
	await page.keyboard.press('Enter');
	await page.focus('#field-note');
	await page.keyboard.type('Ann looks at it.');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await page.waitForSelector('[role="status"]');
	await page.emulateMedia({ media: 'print' });
	assert.ok(await page.isVisible('table') && !await page.isVisible('nav') && !await page.isVisible('.filters'));
	await page.emulateMedia({ media: 'screen' });
}

// Each page of the staff's, as a manager of product security sees it who works with JavaScript switched off for the pages' own part: they have none.
async function desk({ open, skip }) {
	await withSupport(async (url, dir) => {
		const admin = await open(`${url}/login`);
		await comeIn(admin, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
		assert.ok(admin.url().endsWith('/desk/people'));
		const [{ value: token, ...cookie }] = (await admin.context().cookies()).filter((one) => one.name === '__Host-session');
		assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.expires], [true, true, 'Strict', '/', -1]);
		assert.equal(await admin.evaluate(() => document.cookie), '');
		assert.match(token, /^[\w-]{43}$/);
		await send(admin, `${url}/desk/invite`, { name: 'Ann Bo', role: 'manager' });
		await look(admin, 'invited');
		await fitsEverywhere(admin);
		const page = await open(`${url}/login`);
		await comeIn(page, url, (await admin.textContent('.receipt code')).trim(), 'Ann Bo');
		await eachOf(admin, url, ['/desk/people?sort=-name', '/desk/people/a2', '/desk/remove/a2', '/desk/invite']);
		for (const text of [HOSTILE_TEXTS[0], 'The pump answers whoever asks'])
			await send(page, `${url}/desk/new`, { title: text, product: HOSTILE_TEXTS[1], description: HOSTILE_TEXTS.join('\n').slice(0, 3000) });
		await send(page, `${url}/desk/aware/c2`, { kind: 'exploited-vulnerability', zone: 'Europe/Vienna' });
		assert.equal(await page.textContent('[role="status"]'), 'It is done, and stands in the journal.');
		await send(page, `${url}/desk/aware/c2`, { kind: 'severe-incident', aware: '2026-01-01T10:00' });
		await send(page, `${url}/desk/submitted/c2`, { step: 'early-warning', kind: 'severe-incident', reference: HOSTILE_TEXTS[0] });
		await send(page, `${url}/desk/told/c2`, { party: 'The maker of the library', what: HOSTILE_TEXTS[0] });
		await send(page, `${url}/desk/drill`, {});
		await send(page, `${url}/report`, { description: HOSTILE_TEXTS.join('\n').slice(0, 3000), product: HOSTILE_TEXTS[0] });
		await send(page, `${url}/desk/change/c2?member=cwe`, { text: HOSTILE_TEXTS[0] });
		assert.equal(await page.inputValue('#field-text'), HOSTILE_TEXTS[0]);
		await look(page, 'refused');
		await fitsEverywhere(page);
		await send(page, `${url}/desk/mail`, { address: 'ann@example.com', assigned: 'yes', alarms: 'yes' });
		await send(page, `${url}/desk/reject/r1`, { reason: 'It is as it should be.' });
		await send(page, `${url}/desk/erase/r1`, { part: 'contact', reason: HOSTILE_TEXTS[0] });
		await eachOf(page, url, ['/desk/cases?sort=state&lang=de', '/desk/move/c1', '/desk/reports', '/desk/reports/r1', '/desk/erase/r1?lang=de', '/desk/people', '/login',
			'/desk/alarms', '/desk/acknowledge/1?lang=de', '/desk/drafts/c2?kind=severe-incident&step=notification', '/desk/drafts/c3?lang=de', '/desk/drill-end/c3',
			'/desk/me', '/desk/password', '/desk/authenticator', '/desk/help?lang=de',
			`/desk/cvss?case=c2&vector=${VECTOR}`, '/desk/cvss?version=3.1&av=N&lang=de']);
		await byKeys(page, url);
		for (const path of ['/desk/cases', '/desk/cases/c2']) {
			await page.goto(`${url}${path}`);
			await valid(page);
			await look(page, path.split('/').slice(1).join('-'));
			await fitsEverywhere(page);
		}
		await page.goto(`${url}/desk/cases/c2?lang=de`);
		await valid(page);
		await fitsWithLargeText(page);
		await page.click('nav button');
		await page.waitForSelector('[role="status"]');
		await fitsEverywhere(page);
		await look(page, 'logged-out');
		await page.goto(`${url}/desk/cases/c2?lang=de`);
		assert.match(await page.textContent('h1'), /Anmelden/);
	}, skip);
}

// An advisory from a case to what customers read, by three people and their pages alone; and taken back.
async function workbench({ open, skip }) {
	await withSupport(async (url, dir) => {
		const admin = await open(`${url}/login`);
		await comeIn(admin, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
		const invited = async (name, role) => {
			await send(admin, `${url}/desk/invite`, { name, role });
			const page = await open(`${url}/login`);
			await comeIn(page, url, (await admin.textContent('.receipt code')).trim(), name);
			return page;
		};
		const ann = await invited('Ann Alyst', 'analyst');
		const max = await invited('Max Anager', 'manager');
		const pia = await invited('Pia Publisher', 'publisher');
		await send(ann, `${url}/desk/new`, { title: 'The pump answers whoever asks', product: 'Pump P1', versions: 'all', description: HOSTILE_TEXTS.join(' ').slice(0, 900) });
		await ann.click('a[href^="/desk/advisory-new"]');
		assert.equal(await ann.inputValue('#field-case'), 'c1');
		await ann.click('main form button');
		await ann.waitForSelector('[role="status"]');
		const at = new URL(ann.url()).pathname;
		assert.match(at, /^\/desk\/advisories\/ADV-\d{4}-0001$/);
		const name = at.split('/').pop();
		assert.match(await ann.textContent('main'), /TLP|label/);
		await eachOf(ann, url, [at, `/desk/advisory-describe/${name}`, `/desk/advisory-document/${name}?lang=de`, '/desk/advisory-new?case=c1&lang=de', `${at}?lang=de`]);
		await send(ann, `${url}/desk/advisory-describe/${name}`, { title: '' }); // the browser itself stops it
		assert.ok(ann.url().includes('describe'));
		await send(ann, `${url}/desk/advisory-describe/${name}`, { cwe: 'CWE-0' });
		assert.match(await ann.textContent('[role="alert"]'), /CWE-0/);
		await fitsEverywhere(ann);
		const said = { title: HOSTILE_TEXTS[0], about: 'Anybody near can set the dose.', affected: '1.0, 1.1', fixed: '1.2', cve: 'CVE-2026-12345', cwe: 'CWE-306',
			cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', description: HOSTILE_TEXTS[1], action: 'Install 1.2.', link: 'https://example.com/1.2', label: 'WHITE', summary: 'First.' };
		await send(ann, `${url}/desk/advisory-describe/${name}`, said);
		assert.equal(await ann.textContent('[role="status"]'), 'It is done.');
		assert.match(await ann.textContent('main'), /Nothing: it passes every mandatory test/);
		await ann.goto(`${url}/desk/advisory-describe/${name}`);
		for (const [key, value] of Object.entries(said))
			assert.equal(await ann.inputValue(`#field-${key}`), value);
		await send(ann, `${url}/desk/advisory-review/${name}`, {});
		assert.equal(await ann.locator('a[href*="advisory-approve"]').count(), 0);
		await max.goto(`${url}${at}`);
		await max.click('a[href*="advisory-approve"]');
		assert.match(await max.textContent('.said'), /Install 1\.2\./);
		assert.match(await max.textContent('details[open] pre'), /"contact_details"/);
		assert.ok(await max.locator('details[open] pre').isVisible());
		await eachOf(max, url, [`/desk/advisory-approve/${name}`, `/desk/advisory-differences/${name}?from=1&to=2`, `/desk/advisory-revision/${name}?revision=2&lang=de`]);
		await max.goto(`${url}/desk/advisory-differences/${name}?from=1&to=2`);
		const widths = await max.$$eval('.differences thead th', (cells) => cells.map((cell) => cell.offsetWidth / cell.parentElement.offsetWidth));
		assert.ok(widths.length === 3 && widths.every((part) => part > 0.25), `${widths}`);
		await send(max, `${url}/desk/advisory-return/${name}`, { comment: 'Say since when.' });
		assert.match(await max.textContent('main .facts'), /Say since when\./);
		await max.goto(`${url}/desk/advisory-approve/${name}`);
		await send(ann, `${url}/desk/advisory-describe/${name}`, { about: 'Since 1.0 anybody near can set the dose.' });
		await send(ann, `${url}/desk/advisory-review/${name}`, {});
		await max.click('main form button'); // what was read is no longer what it says
		assert.match(await max.textContent('[role="alert"]'), /advisory\.changed/);
		await send(max, `${url}/desk/advisory-approve/${name}`, {});
		assert.match(await max.textContent('main .facts'), /Approved by\s*Max Anager/);
		await send(pia, `${url}/desk/advisory-plan/${name}`, { at: '2000-01-01T12:00' });
		assert.match(await pia.textContent('[role="alert"]'), /advisory\.time/);
		await send(pia, `${url}/desk/advisory-plan/${name}`, { at: `${new Date().getFullYear() + 1}-03-01T12:00` });
		assert.match(await pia.textContent('main .facts'), /Planned by\s*Pia Publisher/);
		await eachOf(pia, url, [at, '/desk/advisories', `/desk/advisory-plan/${name}?lang=de`, `/desk/advisory-unplan/${name}`, '/desk/advisories?text=dose&sort=-title&title=pump&lang=de']);
		await pia.goto(`${url}/desk/advisories`);
		assert.match(await pia.textContent('main'), /To be published at a set time/);
		await pia.click('summary'); // found by a form and its address alone
		await pia.fill('#field-text', 'nobody says that');
		await pia.click('main form button');
		assert.match(await pia.textContent('main'), /No advisory is like this\./);
		await pia.click('summary');
		assert.equal(await pia.inputValue('#field-text'), 'nobody says that');
		await pia.fill('#field-text', 'set the dose');
		await pia.click('main form button');
		assert.equal(await pia.locator(`tbody a[href^="${at}"]`).count(), 2); // in what is planned, and in the list
		await send(pia, `${url}/desk/advisory-unplan/${name}`, {});
		await send(pia, `${url}/desk/advisory-publish/${name}`, {});
		assert.match(await pia.textContent('main .facts'), /Published/);
		await eachOf(pia, url, [at, '/desk/advisories']);
		const reader = await open(`${url}/advisories/${name}`);
		assert.match(await reader.textContent('body'), /Since 1\.0 anybody near can set the dose\./);
		await pia.goto(`${url}${at}`);
		for (const page of [reader, pia]) { // by what its versions are known, and until when they are supported
			assert.match(await page.textContent('body'), /Package URL: pkg:generic\/example\/pump@1\.1/);
			assert.match(await page.textContent('body'), /Pump P1 is supported from 2020-01-01 until 2099-12-31.* Version 1\.1 is supported until 2027-12-31\./);
		}
		await fitsEverywhere(reader);
		await send(ann, `${url}/desk/advisory-withdraw/${name}`, { reason: 'It was another pump.' });
		assert.match(await ann.textContent('h1'), /Withdrawn/);
		await send(ann, `${url}/desk/advisory-clone/${name}`, {});
		assert.ok(new URL(ann.url()).pathname.endsWith('-0002'));
	}, skip);
}

// What triage left for people, with a stranger's text in all of it, until it is decided, and becomes a case.
async function queue({ open, skip }) {
	await withSupport(async (url, dir) => {
		const tool = (...words) => execFileSync(join(BUILD, 'src/tool/thingward'), ['desk', ...words, '--local', join(dir, 'desk.sock')]);
		const says = HOSTILE_TEXTS[0].slice(0, 200), facts = '0'.repeat(32);
		const items = HOSTILE_TEXTS.slice(0, 30).map((text, i) => ({ component: `pkg:generic/part${i}`, evidence: [text.slice(0, 300)], facts, name: text.slice(0, 60), purl: `pkg:generic/part${i}@1`, ...(i % 3 ? { state: 'open' } : { because: says, rule: 'stated', state: 'ruled' }),
			...(i === 1 && { kev: { added: '2026-01-01', due: '', ransomware: true }, epss: 900000 }), records: [{ by: 'purl', file: 'a.json', id: 'GHSA-1', place: '/affected/0', reason: text.slice(0, 300), verdict: 'affected' }],
			summary: text.slice(0, 200), version: '1', vulnerability: `CVE-2026-${1000 + i}` }));
		writeFileSync(join(dir, 'triage.yaml'), `# Written by \`thingward triage import\`: what was found, and where it went. Keep it in git beside product.yaml.\nformat: 1\nrelease: {"sbom":"${'0'.repeat(64)}","version":"1.4"}\nitems:\n`
			+ items.map((one) => `- ${JSON.stringify(one)}\n`).join(''));
		writeFileSync(join(dir, 'sbom.json'), JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components: HOSTILE_TEXTS.slice(0, 60).map((text) => ({ type: 'library', name: text.slice(0, 60) || 'x', version: text.slice(0, 40), supplier: { name: text.slice(0, 60) } })) }));
		tool('release', 'import', 'lamp', '1.4', '--sbom', join(dir, 'sbom.json'));
		tool('findings', 'import', dir, '--product', 'lamp');
		const admin = await open(`${url}/login`);
		await comeIn(admin, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
		await send(admin, `${url}/desk/invite`, { name: 'Ann Bo', role: 'manager' });
		const page = await open(`${url}/login`);
		await comeIn(page, url, (await admin.textContent('.receipt code')).trim(), 'Ann Bo');
		await page.goto(`${url}/desk/triage`);
		assert.match(await page.textContent('tbody tr'), /CVE-2026-1001/); // exploited, so it stands first
		await eachOf(page, url, ['/desk/triage', '/desk/triage?view=waiting&lang=de', '/desk/triage?release=v1&view=ruled', '/desk/components', '/desk/components?release=v1&lang=de', '/desk/components?text=x&by=purl']);
		await page.goto(`${url}/desk/triage`);
		await page.focus('tbody a'); // and on by keys
		await page.keyboard.press('Enter');
		await page.waitForURL(/triage\/t\d+/);
		const at = new URL(page.url()).pathname, name = at.split('/').pop();
		await eachOf(page, url, [at, `${at}?lang=de`, `/desk/decide/${name}`, `/desk/finding-case/${name}?lang=de`]);
		await send(page, `${url}/desk/decide/${name}`, { status: 'not_affected', reason: HOSTILE_TEXTS[1] });
		assert.match(await page.textContent('[role="alert"]'), /needs a justification/);
		assert.equal(await page.inputValue('#field-reason'), HOSTILE_TEXTS[1]);
		await eachOf(page, url, [`/desk/decide/${name}`]);
		await send(page, `${url}/desk/decide/${name}`, { status: 'not_affected', justification: 'component_not_present', reason: HOSTILE_TEXTS[1] });
		await page.waitForSelector('[role="status"]');
		await send(page, `${url}/desk/finding-case/${name}`, {});
		assert.match(page.url(), /cases\/c1/);
		await eachOf(page, url, [at, '/desk/triage?view=decided&lang=de']);
		await page.goto(`${url}/desk/triage`);
		await page.click('form[action^="/desk/triage-seen"] button');
		assert.match(await page.textContent('.lead'), /Nothing new waits/);
	}, skip);
}

// A device that a customer says is his is checked, an incident told; a notice written by one, told and withdrawn by another. All by pages.
async function service(admin, ann, url, open) {
	await send(admin, `${url}/desk/invite`, { name: 'Max Anager', role: 'manager' });
	const max = await open(`${url}/login`);
	await comeIn(max, url, (await admin.textContent('.receipt code')).trim(), 'Max Anager');
	await send(admin, `${url}/desk/invite`, { name: 'Pia Publisher', role: 'publisher' });
	const pia = await open(`${url}/login`);
	await comeIn(pia, url, (await admin.textContent('.receipt code')).trim(), 'Pia Publisher');
	const customer = await open(`${url}/account`);
	await customer.click('form[action="/account/new"] button');
	await customer.waitForSelector('.receipt');
	const key = await customer.textContent('.receipt code');
	await customer.request.post(`${url}/account/device`, { form: { key, model: 'lamp', serial: 'L-1' } });
	await eachOf(ann, url, ['/desk/customers', '/desk/device-judge/1?lang=de', '/desk/incidents?lang=de']);
	await send(ann, `${url}/desk/device-judge/1`, { how: HOSTILE_TEXTS[0], state: 'confirmed' });
	assert.equal(await ann.textContent('[role="status"]'), 'It is done.');
	await eachOf(max, url, ['/desk/incident-tell', '/desk/customers?state=confirmed&lang=de']);
	await send(max, `${url}/desk/incident-tell`, { product: 'lamp', devices: 'L-1', title: HOSTILE_TEXTS[1].slice(0, 150), ...Object.fromEntries(['happened', 'concerned', 'done', 'todo'].map((one) => [one, HOSTILE_TEXTS[0]])) });
	await eachOf(max, url, ['/desk/incidents/1', '/desk/customers/k1?lang=de']);
	const said = { kind: 'update', product: 'lamp', severity: 'high', title: HOSTILE_TEXTS[1].slice(0, 140), text: HOSTILE_TEXTS.join('\n').slice(0, 1000), data: 'They stay.', install_by: '2099-01-01', needs: 'Nothing.' };
	await eachOf(ann, url, ['/desk/notice-new', '/desk/notices?lang=de']);
	await send(ann, `${url}/desk/notice-new`, said);
	assert.match(await ann.textContent('main'), /cannot be told yet:.*IN\.1\.c\.1\.2/s);
	await send(ann, `${url}/desk/notice-change/n1`, { review: HOSTILE_TEXTS[0] });
	assert.match(await ann.textContent('main'), /It says all/);
	await pia.goto(`${url}/desk/notices`);
	await pia.focus('tbody a'); // and on by keys
	await pia.keyboard.press('Enter');
	await pia.waitForURL(/notices\/n1/);
	await eachOf(pia, url, ['/desk/notices/n1', '/desk/notice-publish/n1?lang=de', '/desk/notice-drop/n1', '/desk/notice-change/n1?lang=de']);
	await send(pia, `${url}/desk/notice-publish/n1`, {});
	await eachOf(pia, url, ['/desk/notices', '/desk/notice-withdraw/1', '/news']);
	await send(pia, `${url}/desk/notice-withdraw/1`, { reason: HOSTILE_TEXTS[0] });
	assert.match(await pia.textContent('main'), /withdrawn/);
	await eachOf(pia, url, ['/notices/1?lang=de', '/desk/notices?lang=de']);
}

// A call is noted, who asks is checked, what is kept of her is shown once, and she is answered with an answer of the library that was changed for her.
async function questions({ open, skip }) {
	await withSupport(async (url, dir) => {
		const admin = await open(`${url}/login`);
		await comeIn(admin, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
		await send(admin, `${url}/desk/invite`, { name: 'Ann Bo', role: 'analyst' });
		const page = await open(`${url}/login`);
		await comeIn(page, url, (await admin.textContent('.receipt code')).trim(), 'Ann Bo');
		const secret = `Contract 4711 ${HOSTILE_TEXTS[1]}`, text = HOSTILE_TEXTS.join('\n').slice(0, 3000);
		await eachOf(page, url, ['/desk/question-note', '/desk/questions', '/desk/answers?lang=de']);
		await send(page, `${url}/desk/question-note`, { via: 'call', kind: 'configuration', caller: HOSTILE_TEXTS[0], product: 'lamp', version: '1.2.0', text, due: '2020-01-01T10:00', customer: secret });
		const at = new URL(page.url()).pathname;
		assert.equal(at, '/desk/questions/q1');
		await page.goto(`${url}/desk/cases`);
		await page.focus('main p a[href^="/desk/questions"]'); // whoever comes in sees that something waits, and is there by one key
		await page.keyboard.press('Enter');
		await page.waitForURL(/questions/);
		assert.match(await page.textContent('main'), /wait for an answer: 1.*a time that is over: 1/s);
		assert.equal(await page.locator('a[href^="/desk/question-disclose"]').count(), 0);
		await send(page, `${url}/desk/question-disclose/q1`, { why: 'She asks.' });
		assert.match(await page.textContent('[role="alert"]'), /question\.identity/);
		await send(page, `${url}/desk/question-identify/q1`, { how: `Called back.\n${HOSTILE_TEXTS[0]}`, result: 'passed' });
		assert.match(await page.textContent('main'), /passed, and good for an hour/);
		await page.click('a[href^="/desk/question-disclose"]');
		await page.fill('#field-why', HOSTILE_TEXTS[0]);
		await page.click('main form button');
		assert.equal(await page.textContent('main p.text'), secret);
		assert.deepEqual([await overhang(page), await axe(page)], [0, []]);
		await look(page, 'question-disclosed');
		await send(page, `${url}/desk/answer-keep`, { title: HOSTILE_TEXTS[1].slice(0, 150), text: 'None but 443.', kind: 'configuration' });
		await page.goto(`${url}/desk/question-answer/q1`);
		await page.click('ul.actions a'); // its title is what somebody wrote
		assert.equal(await page.inputValue('#field-text'), 'None but 443.');
		await eachOf(page, url, ['/desk/question-answer/q1?based_on=l1', '/desk/question-answer/q1?based_on=l1&lang=de', '/desk/question-assign/q1', '/desk/question-identify/q1?lang=de', '/desk/question-disclose/q1',
			'/desk/question-customer/q1', '/desk/question-close/q1', '/desk/answers/l1', '/desk/answers?state=all', '/desk/answer-change/l1?lang=de', '/desk/answer-retire/l1', '/desk/questions?state=all&sort=-question&lang=de']);
		await page.goto(`${url}/desk/question-answer/q1?based_on=l1`);
		await page.focus('#field-text');
		await page.keyboard.press('Control+End');
		await page.keyboard.type(' And 80 for an hour.');
		await page.focus('main form button');
		await page.keyboard.press('Enter');
		await page.waitForSelector('[role="status"]');
		assert.match(await page.textContent('main'), /Written from the library's:\s*l1\s*None but 443\. And 80 for an hour\./);
		assert.ok(!(await page.content()).includes('4711'));
		await eachOf(page, url, [at, `${at}?lang=de`]);
		await send(page, `${url}/desk/question-close/q1`, { outcome: 'She is content.' });
		await page.goto(`${url}/desk/questions`);
		assert.match(await page.textContent('main'), /No question waits for an answer\./);
		await service(admin, page, url, open);
	}, skip);
}

export const support = [
	['support: a question is noted and answered from the library, who asks is checked, a device too, an incident is told and a notice, by pages alone', questions],
	['support: what triage left for people is looked at, decided, made a case and seen, and hostile text in it stays text', queue],
	['support: the staff comes in, works on a case and goes, and every page of it is valid, accessible, and fits 320 px', desk],
	['support: an advisory is written, reviewed, approved, published and withdrawn by three people and their pages alone', workbench],
	['support: every page in both languages is valid, accessible, and fits 320 px and large text', everyPage],
	['support: by keyboard: a report is refused, sent, printed, followed and answered, and hostile text stays text', byKeyboard],
	['support: without JavaScript a report is sent and followed, and news are subscribed to and left', withoutScript],
];
