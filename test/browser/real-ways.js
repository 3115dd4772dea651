// SPDX-License-Identifier: Apache-2.0
// The places where people decide how one may come in, on the real daemon: what is set there is read back by the tool; names come by a certificate that an authority makes
// over the key that the page gives away; and a provider of the product's, a process of its own, lets somebody in whom it knows and nobody else.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, comeTo, overhang } from './browser.js';
import { typeLogin } from './login.js';
import { signIn, withDevice } from './real.js';

const NAME = 'pump.example';
const CHOSEN = 'seven mild otters paddle';
const SECRET = 'four-odd-kettles-hum-aloud';
const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
const read = async (device, ...words) => (await device.ask({ tool: words })).answer;

async function goTo(page, device, place, box) {
	await comeTo(page, device.url, `ways${place}`, `#${box}`);
}

// The key comes from the page, the certificate goes back to it.
async function namesCome(page, device, folder) {
	const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
	await goTo(page, device, '/names', 'listener-key');
	const [download] = await Promise.all([page.waitForEvent('download'), page.click('#listener-key')]);
	await download.saveAs(join(folder, 'listener.pub'));
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Works', '-days', '9');
	await page.setInputFiles('#names-certificate', join(folder, 'ca.pem'));
	await page.click('#names-send');
	await page.waitForSelector('#names-failed .trouble');
	assert.match(await page.textContent('#names-failed'), /names\.key/);
	writeFileSync(join(folder, 'names.cnf'), `subjectAltName=DNS:${NAME}\n`);
	openssl('x509', '-new', '-subj', `/CN=${NAME}`, '-force_pubkey', 'listener.pub', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '365', '-extfile', 'names.cnf', '-out', 'pump.pem');
	await page.setInputFiles('#names-certificate', join(folder, 'pump.pem'));
	await page.click('#names-send');
	await has(page, 'part-names', `Browsers reach this device as ${NAME}.`);
	assert.deepEqual((await read(device, 'names', 'read')).names, [NAME]);
	assert.match(await page.textContent('#part-passkeys'), /Yes, under pump\.example.*Not on this page/s);
	await page.click('#drop-names');
	await page.click('#drop-names-yes');
	await has(page, 'part-names', 'has no name');
	assert.deepEqual((await read(device, 'names', 'read')).names, []);
}

async function serversAreNamed(page, device, folder) {
	const anchors = readFileSync(join(folder, 'ca.pem'), 'utf8');
	const fill = async (fields) => {
		for (const [id, text] of Object.entries(fields))
			await page.fill(`#${id}`, text);
	};
	await goTo(page, device, '/messages', 'gateway-send');
	await fill({ 'gateway-url': 'https://codes.example/send', 'gateway-anchors': anchors, 'gateway-secret': 'with blanks' });
	await page.click('#gateway-send');
	await page.waitForSelector('#gateway-failed .trouble');
	assert.match(await page.textContent('#gateway-failed'), /gateway\.secret/);
	await fill({ 'gateway-secret': SECRET });
	await page.click('#gateway-send');
	await has(page, 'part-gateway', 'It is shown one');
	const gateway = await read(device, 'message-gateway', 'read');
	assert.deepEqual([gateway.set, gateway.url, gateway.anchors, gateway.secret], [true, 'https://codes.example/send', anchors, true]);
	await goTo(page, device, '/server', 'radius-secret-send');
	await fill({ 'radius-server-value': '192.0.2.9:1812', 'radius-secret': SECRET });
	await page.click('#radius-server-send');
	await has(page, 'radius-server-now', '192.0.2.9:1812');
	await page.click('#radius-secret-send');
	await has(page, 'part-radius', '192.0.2.9:1812 judges the passwords of 0 accounts.');
	assert.deepEqual([(await read(device, 'radius', 'read')).secret, (await read(device, 'settings', 'read', 'logical-access.radius-server')).value], [true, '192.0.2.9:1812']);
	await goTo(page, device, '/provider', 'oidc-send');
	assert.equal(await page.inputValue('#oidc-address'), device.url.slice(0, -1));
	await fill({ 'oidc-issuer': 'https://login.example/works', 'oidc-client': 'pump-7', 'oidc-name': 'Example Works', 'oidc-anchors': anchors, 'oidc-secret': SECRET });
	await page.click('#oidc-send');
	await has(page, 'part-oidc', 'There is one, which nobody can read here.');
	await page.fill('#subjects-account', 'a1'); // the owner
	await page.fill('#subjects-who', 'u-4711');
	await page.click('#subjects-send');
	await page.waitForFunction(() => document.getElementById('part-subjects')?.textContent.includes('u-4711') || document.getElementById('code'));
	const { secret, ...oidc } = await read(device, 'oidc', 'read');
	assert.deepEqual([secret, oidc], [true, { set: true, issuer: 'https://login.example/works', client: 'pump-7', address: device.url.slice(0, -1), name: 'Example Works', claim: 'sub', anchors }]);
	assert.ok((await read(device, 'credentials', 'list')).credentials.some((one) => one.kind === 'oidc' && one.label === 'u-4711'));
}

async function settingsAreDecided(page, device) {
	await goTo(page, device, '/strength', 'least-send');
	await page.fill('#least-value', '20');
	await page.click('#least-send');
	await has(page, 'part-strength', 'A password of 20 characters');
	await goTo(page, device, '/guesses', 'attempts-send');
	await page.fill('#attempts-value', '9');
	await page.click('#attempts-send');
	await has(page, 'part-guesses', 'After 9 failures');
	const value = async (key) => (await read(device, 'settings', 'read', `logical-access.${key}`)).value;
	assert.deepEqual([await value('password-min'), await value('attempts')], ['20', '9']);
}

// @nist LA.AS.2.1.6: in the browser: while it judges nobody is in; its yes opens, its no does not
async function providerJudges(page, device) {
	await page.goto(`${device.url}#/account`);
	await page.waitForSelector('#own-fresh');
	const account = await page.inputValue('#own-account');
	await page.fill('#own-fresh', CHOSEN);
	await page.fill('#own-again', CHOSEN);
	await page.click('#own-password-send');
	await typeLogin(page, account, CHOSEN);
	await device.ask({ turn: 'wait' });
	await goTo(page, device, '/readers', 'uses-send');
	await page.waitForFunction(() => { document.dispatchEvent(new Event('visibilitychange')); return /1 reader or method is there/.test(document.querySelector('h1').textContent); }, null, { polling: 500 });
	await page.fill('#uses-account', account.slice(1).toUpperCase());
	await page.waitForSelector('#uses-account-offered option', { state: 'attached' });
	await page.fill('#uses-account', await page.getAttribute('#uses-account-offered option', 'value')); // found by the device
	await page.selectOption('#uses-provider', 'keyswitch');
	await page.click('#uses-send');
	await has(page, 'part-uses', 'keyswitch');
	assert.deepEqual(await axe(page), []);
	const arrive = async () => {
		await page.click('#sign-out');
		await typeLogin(page, account, CHOSEN);
		await has(page, 'main', 'The way of the device’s maker');
		await page.keyboard.press('Enter');
	};
	await arrive();
	await page.waitForSelector('#step-send[aria-disabled="true"]');
	assert.equal(await page.locator('#sign-out').count(), 0, 'nobody is in while it judges');
	assert.deepEqual(await axe(page), []);
	await device.ask({ turn: 'on' });
	await page.waitForSelector('#sign-out');
	await device.ask({ turn: 'off' });
	await arrive();
	await page.waitForSelector('#step-failed .trouble');
	assert.match(await page.textContent('#step-failed'), /You were not recognized\..*access\.auth-plugin/s);
	assert.equal(await page.locator('#sign-out').count(), 0);
	await page.setViewportSize({ width: 320, height: 640 });
	assert.equal(await overhang(page), 0);
	assert.deepEqual(await axe(page), []);
	await device.ask({ turn: 'on' });
	await page.click('#step-send');
	await page.waitForSelector('#sign-out');
}

const filesWith = (folder, text) => readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile()).map((one) => join(one.path, one.name)).filter((name) => readFileSync(name, 'latin1').includes(text));

async function waysAreDecided({ open, skip }) {
	const folder = mkdtempSync(join(tmpdir(), 'tw-authority-'));
	const root = process.getuid() === 0; // a provider runs as a user of its own
	try {
		await withDevice(skip, async (device) => {
			await device.ask({ take_over: true });
			const page = await open(device.url);
			await signIn(page, device);
			await goTo(page, device, '', 'part-all-ways');
			assert.equal(await page.textContent('h1'), 'People come in by whatever their account has.');
			await namesCome(page, device, folder);
			await settingsAreDecided(page, device);
			await serversAreNamed(page, device, folder);
			assert.deepEqual(filesWith(device.folder, SECRET), [], 'no file of the device has a secret as it was typed');
			if (root) {
				await page.goto(device.url);
				await page.waitForSelector('#sign-out, #code');
				if (await page.locator('#sign-out').count() === 0)
					await signIn(page, device);
				await providerJudges(page, device);
			}
		}, ...(root ? ['--keyswitch'] : []));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

export const realWays = [['device: names, gateway, server, provider and settings of logging in are set on the page and read back; a provider lets in by its yes, and nobody by its no', waysAreDecided]];
