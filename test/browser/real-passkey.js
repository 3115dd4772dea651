// SPDX-License-Identifier: Apache-2.0
// Passkeys of the real daemon in a real browser, whose authenticator is Chromium's own: under a name whose certificate comes from an authority that this
// browser was told about they are made and open; under the same name with nobody to vouch for it, and under an address, the page says why there are none.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, openBrowser, openPage, overhang, violations } from './browser.js';
import { typeLogin } from './login.js';
import { signIn, withDevice } from './real.js';

const NAME = 'pump.example';
const CHOSEN = 'seven mild otters paddle';
const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);

// An authority, and the device's certificate by it, as the document for owners says.
async function name(device, place) {
	const openssl = (...words) => execFileSync('openssl', words, { cwd: place, stdio: 'pipe' });
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Works', '-days', '9');
	writeFileSync(join(place, 'listener.pem'), (await device.ask({ tool: ['names', 'read'] })).answer.listener);
	writeFileSync(join(place, 'names.cnf'), `subjectAltName=DNS:${NAME}\n`);
	writeFileSync(join(place, 'listener.pub'), openssl('x509', '-in', 'listener.pem', '-noout', '-pubkey'));
	const pem = openssl('x509', '-new', '-subj', `/CN=${NAME}`, '-force_pubkey', 'listener.pub', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '5', '-extfile', 'names.cnf').toString();
	await device.ask({ tool: ['names', 'set', '--certificate', pem] });
}

// In the store of the browser's user, where an organization puts its authorities.
export function trust(home, place) {
	const store = join(home, '.pki', 'nssdb');
	mkdirSync(store, { recursive: true });
	execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
	execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'works', '-i', join(place, 'ca.pem')]);
}

async function withToken(page) {
	const line = await page.context().newCDPSession(page);
	await line.send('WebAuthn.enable');
	await line.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false, automaticPresenceSimulation: true } });
}

async function makesOneAndComesByIt(page, url) {
	await page.goto(`${url}#/account`);
	await page.waitForSelector('#own-fresh');
	const account = await page.inputValue('#own-account');
	await page.fill('#own-fresh', CHOSEN);
	await page.fill('#own-again', CHOSEN);
	await page.click('#own-password-send');
	await typeLogin(page, account, CHOSEN);
	await page.waitForSelector('#passkey-label');
	await page.focus('#passkey-label');
	await page.keyboard.type('a key on my ring');
	await page.keyboard.press('Enter');
	await has(page, 'passkeys', 'a key on my ring, for pump.example');
	await page.setViewportSize({ width: 320, height: 640 });
	assert.equal(await overhang(page), 0);
	assert.deepEqual(await axe(page), []);
	await page.click('#sign-out');
	await typeLogin(page, account, CHOSEN);
	await page.waitForSelector('#step-send');
	assert.deepEqual(await axe(page), []);
	assert.equal(await page.evaluate(() => document.activeElement.id), 'step-send');
	await page.keyboard.press('Enter');
	await has(page, 'part-self', 'a passkey');
	assert.match(await page.textContent('#session'), /Signed in/);
	return account;
}

async function saysWhyThereAreNone(open, device, account) {
	const arrive = async (page) => {
		await typeLogin(page, account, CHOSEN);
		await page.waitForSelector('#step-back');
	};
	const byAddress = await open(device.url);
	await arrive(byAddress);
	await has(byAddress, 'no-passkeys', 'only for a name');
	assert.equal(await byAddress.locator('#step-send').count(), 0, 'what cannot be is not offered');
	assert.deepEqual(await axe(byAddress), []);
	const untrusted = await open(device.url.replace('127.0.0.1', NAME));
	await arrive(untrusted);
	await untrusted.click('#step-send');
	await has(untrusted, 'step-failed', 'does not trust the certificate');
	assert.deepEqual(await axe(untrusted), []);
	await untrusted.click('#step-back');
	await arrive(untrusted);
	await has(untrusted, 'no-passkeys', 'wants a certificate that it trusts');
	assert.equal(await untrusted.locator('#step-send').count(), 0, 'nor offered again once it is known');
}

async function removesIt(page) {
	await page.focus('[id^="passkey-remove-"]');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	await has(page, 'part-own-passkeys', 'You have none.');
}

async function passkeysWork({ open, skip }) {
	const place = mkdtempSync(join(tmpdir(), 'tw-authority-'));
	try {
		await withDevice(skip, async (device) => {
			await device.ask({ take_over: true });
			await name(device, place);
			const own = await openBrowser((home) => trust(home, place));
			try {
				const { page, faults } = await openPage(own.browser, { strict: true });
				const url = device.url.replace('127.0.0.1', NAME);
				await withToken(page);
				await page.goto(url);
				await signIn(page, device);
				const account = await makesOneAndComesByIt(page, url);
				await saysWhyThereAreNone(open, device, account);
				await removesIt(page);
				assert.deepEqual([...faults, ...await violations(page)], []);
			} finally {
				await own.close();
			}
		});
	} finally {
		rmSync(place, { recursive: true, force: true });
	}
}

export const realPasskey = [['device: a passkey is made, opens and goes under a name that the browser trusts; by an address, and under a name that nobody vouches for, the page says why not', passkeysWork]];
