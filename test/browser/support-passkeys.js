// SPDX-License-Identifier: Apache-2.0
// Passkeys of the staff, of the real server in a real browser, whose authenticator is Chromium's own: under a name whose certificate comes from an authority
// that this browser was told about one is made, opens alone, proves, and goes; with one that sees nobody the password is needed; without script the pages say what else there is.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, fitsEverywhere, openBrowser, openPage, violations } from './browser.js';
import { trust } from './real-passkey.js';
import { comeIn, look, PROGRAM, valid, withSupport } from './support.js';

const NAME = 'desk.example';
const PASSWORD = 'tall fences, quiet geese';

async function freePort() {
	const server = createServer();
	await new Promise((go) => { server.listen(0, '127.0.0.1', go); });
	const { port } = server.address();
	await new Promise((go) => { server.close(go); });
	return port;
}

// An authority, and a certificate of this name by it.
function vouch(place) {
	const openssl = (...words) => execFileSync('openssl', words, { cwd: place, stdio: 'pipe' });
	const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Works', '-days', '9');
	openssl('req', ...ec, '-keyout', 'site.key', '-out', 'site.csr', '-subj', `/CN=${NAME}`);
	writeFileSync(join(place, 'site.cnf'), `subjectAltName=DNS:${NAME}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n`);
	openssl('x509', '-req', '-in', 'site.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'site.pem', '-days', '5', '-extfile', 'site.cnf');
	writeFileSync(join(place, 'chain.pem'), ['site.pem', 'ca.pem'].map((file) => readFileSync(join(place, file))).join(''));
}

async function withToken(page, sees) {
	keepSource(page);
	const line = await page.context().newCDPSession(page);
	await line.send('WebAuthn.enable');
	await line.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: sees, hasUserVerification: sees, isUserVerified: sees, automaticPresenceSimulation: true } });
}

// As it came: what fetches for the test itself knows no name.
const sources = new WeakMap();
function keepSource(page) {
	page.on('response', (answer) => {
		if (answer.request().isNavigationRequest() && answer.status() !== 303)
			sources.set(page, answer.text().catch(() => undefined)); // another page came at once
	});
}

async function shown(page, name) {
	await valid(page, await sources.get(page));
	assert.deepEqual([name, await axe(page)], [name, []]);
	await look(page, name);
	await fitsEverywhere(page);
}

async function register(page, url, label) {
	await page.goto(`${url}/desk/passkeys`);
	await page.waitForSelector('#passkey:not([hidden])');
	await shown(page, 'passkeys-new');
	await page.focus('#field-label');
	await page.keyboard.type(label);
	await page.keyboard.press('Enter');
	await page.waitForSelector('[role="status"]');
	assert.match(await page.textContent('main'), new RegExp(label));
	await shown(page, 'passkeys-mine');
}

async function comesByIt(page, url) {
	await page.click('nav button');
	await page.waitForURL(/out=1/);
	await page.goto(`${url}/desk/people`);
	await page.click('text=Log in with a passkey');
	await page.waitForSelector('#passkey:not([hidden])');
	assert.ok(!await page.isVisible('#passkey-without') && !await page.isVisible('#passkey-failed'));
	await shown(page, 'passkeys-login');
	await page.focus('#passkey form > button');
	await page.keyboard.press('Enter');
	await page.waitForURL(/\d\/desk\/people/);
	assert.match(await page.textContent('main'), /code, passkeys: 1/);
	await shown(page, 'passkeys-people');
	await page.goto(`${url}/desk/prove/passkey?to=/desk/password`);
	await shown(page, 'passkeys-prove');
	await page.click('#passkey form > button');
	await page.waitForURL(/\d\/desk\/password/);
}

async function removesIt(page, url) {
	await page.goto(`${url}/desk/me`);
	await page.click('a[href^="/desk/passkey-remove/"]');
	await shown(page, 'passkeys-remove');
	await page.click('main form button');
	await page.waitForSelector('[role="status"]');
	assert.match(await page.textContent('main'), /You have none\./);
	await page.click('nav button');
	await page.goto(`${url}/login/passkey?lang=de`);
	await page.click('#passkey form > button');
	await page.waitForSelector('[role="alert"]:visible');
	assert.match(await page.textContent('[role="alert"]:visible'), /Dieser Passkey öffnet hier nichts/);
	await shown(page, 'passkeys-refused');
}

// Its authenticator asks for neither PIN nor finger: alone it is not shown at all, beside the password it takes the place of the code.
async function seesNobody(page, url) {
	await page.goto(`${url}/login/passkey`);
	await page.waitForSelector('#passkey:not([hidden])');
	await page.click('#passkey form > button');
	await page.waitForSelector('#passkey-failed:not([hidden])');
	await look(page, 'passkeys-failed');
	await page.click('text=Log in with password and code');
	await page.fill('#field-account', 'administrator');
	await page.fill('#field-password', PASSWORD);
	await shown(page, 'passkeys-beside');
	await page.click('main form button');
	await page.waitForSelector('#passkey:not([hidden])');
	await shown(page, 'passkeys-second');
	await page.click('#passkey form > button');
	await page.waitForURL(/\d\/desk/);
}

async function withoutScript(browser, url) {
	const context = await browser.newContext({ javaScriptEnabled: false, locale: 'de-DE' });
	try {
		const page = await context.newPage();
		await page.goto(`${url}/login/passkey`);
		assert.match(await page.textContent('#passkey-without'), /brauchen JavaScript/);
		assert.ok(!await page.isVisible('#passkey'));
		await page.click('text=Mit Kennwort und Code anmelden');
		assert.ok(await page.isVisible('#field-code'));
	} finally {
		await context.close();
	}
}

async function staffPasskeys({ skip }) {
	const place = mkdtempSync(join(tmpdir(), 'tw-authority-'));
	const port = await freePort();
	vouch(place);
	const own = await openBrowser((home) => trust(home, place));
	const prepare = (dir) => execFileSync(PROGRAM, ['certificate', 'import', '--dir', dir, '--chain', join(place, 'chain.pem'), '--key', join(place, 'site.key')], { stdio: 'pipe' });
	try {
		await withSupport(async (address, dir) => {
			const url = address.replace('127.0.0.1', NAME);
			const first = await openPage(own.browser, { strict: true });
			await withToken(first.page, true);
			await comeIn(first.page, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
			await register(first.page, url, 'a key on my ring');
			await comesByIt(first.page, url);
			await removesIt(first.page, url);
			await withoutScript(own.browser, url);
			assert.deepEqual([...first.faults, ...await violations(first.page)], []);
			return url;
		}, skip, { desk: { site: `https://${NAME}:${port}` }, listen: `127.0.0.1:${port}`, prepare });
		await withSupport(async (address, dir) => {
			const url = address.replace('127.0.0.1', NAME);
			const { page, faults } = await openPage(own.browser, { strict: true });
			await withToken(page, false);
			await comeIn(page, url, readFileSync(join(dir, 'app/setup-code'), 'utf8'), 'administrator');
			await register(page, url, 'an old key');
			await page.click('nav button');
			await seesNobody(page, url);
			assert.deepEqual([...faults, ...await violations(page)], []);
		}, skip, { desk: { site: `https://${NAME}:${port}` }, listen: `127.0.0.1:${port}`, prepare });
	} finally {
		await own.close();
		rmSync(place, { recursive: true, force: true });
	}
}

export const supportPasskeys = [['support: a passkey of the staff is made, opens alone, proves and goes; one that sees nobody opens beside the password; without script the page says what else there is', staffPasskeys]];
