// SPDX-License-Identifier: Apache-2.0
// Coming in by name and password, against the stand-in: what is typed stays hidden, what else the device asks for, refusals and waits.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import { fitsEverywhere, fitsWithLargeText, goTo } from './browser.js';
import { withStory } from './pages.js';
import { healthy } from './stand-in.js';
import { inhabited } from './stand-in-access.js';
import { CLIENT, withPeople } from './stand-in-login.js';

export const GOOD = 'nine quiet herons wade';
export const crowd = () => withPeople(healthy());
const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);

export async function typeLogin(page, account = 'alice', password = GOOD) {
	await page.waitForSelector('#account');
	await page.fill('#account', account);
	await page.fill('#password', password);
	await page.focus('#password');
	await page.keyboard.press('Enter');
}

const home = (page) => page.waitForSelector('#part-log h2');

async function passwordOpens({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await open(story.url);
		await typeLogin(page, '', '');
		assert.match(await page.textContent('#account-wrong'), /Type the name/);
		await typeLogin(page, 'alice', ' wrong, with blanks ');
		await page.waitForSelector('#login-failed .trouble');
		assert.match(await page.textContent('#login-failed'), /These open nothing.*Look at the name.*access\.login/s);
		assert.deepEqual(story.state.logins, [{ account: 'alice', password: ' wrong, with blanks ' }]);
		assert.equal(await page.inputValue('#account'), 'alice', 'what was typed stays');
		await typeLogin(page);
		await home(page);
		assert.match(await page.textContent('#session'), /Signed in as alice/);
		assert.match(await page.textContent('#came-before'), /20 Nov 2026.* by password from 192\.0\.2\.99/);
		await page.reload();
		await page.waitForSelector('#came-before');
		await page.click('#put-away');
		await page.waitForFunction(() => !document.querySelector('#came-before'));
		await page.click('#sign-out');
		await typeLogin(page, 'Alice');
		await page.waitForSelector('#login-failed .trouble');
		assert.equal(story.state.logins.at(-1).client, 'c'.repeat(43), 'the account knows this browser, however its name is written');
		assert.equal(await page.evaluate(() => document.cookie), '');
	});
}

// @nist LA.AS.3: masked while it is typed and when it is sent; in no text, address or store of the page; and managers and pasting are not hindered
async function secretsAreMasked({ open }) {
	await withStory(crowd(), async (story) => {
		const secret = 'four odd kettles hum';
		Object.assign(story.state.people.alice, { given: true });
		const page = await open(story.url);
		const seen = [];
		page.on('request', (request) => seen.push(request.url(), ...Object.values(request.headers())));
		page.on('console', (message) => seen.push(message.text()));
		page.on('response', async (reply) => seen.push(await reply.text().catch(() => '')));
		const nowhere = async (typed) => {
			const kept = await page.evaluate(() => [document.body.innerText, document.body.textContent, location.href, document.title, document.cookie, document.documentElement.outerHTML, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })]);
			for (const one of [...seen, ...kept])
				assert.ok(!one.includes(typed), one.slice(0, 200));
		};
		await page.waitForSelector('#password');
		assert.equal(await page.getAttribute('#code', 'type'), 'password');
		await page.focus('#password');
		await page.keyboard.insertText(secret);
		assert.equal(await page.inputValue('#password'), secret, 'pasting is not hindered');
		assert.deepEqual(await page.evaluate(() => ['account', 'password'].map((id) => [document.getElementById(id).type, document.getElementById(id).autocomplete])), [['text', 'username'], ['password', 'current-password']]);
		await nowhere(secret);
		await page.focus('#password-show');
		await page.keyboard.press('Enter');
		assert.equal(await page.getAttribute('#password', 'type'), 'text');
		assert.equal(await page.getAttribute('#password-show', 'aria-pressed'), 'true');
		await page.fill('#account', 'alice');
		await page.click('#login-send');
		await page.waitForSelector('#login-failed .trouble');
		assert.equal(await page.getAttribute('#password', 'type'), 'password', 'masked again once it is sent');
		await nowhere(secret);
		await typeLogin(page);
		await page.waitForSelector('#step-fresh');
		assert.deepEqual(await page.evaluate(() => ['step-account', 'step-fresh', 'step-again'].map((id) => [document.getElementById(id).type, document.getElementById(id).autocomplete])), [['text', 'username'], ['password', 'new-password'], ['password', 'new-password']]);
		await nowhere(GOOD);
		await page.fill('#step-fresh', secret);
		await page.fill('#step-again', secret);
		await page.click('#step-send');
		await home(page);
		assert.equal(story.state.people.alice.password, secret);
		await nowhere(secret);
	});
}

async function moreIsAskedFor({ open }) {
	await withStory(crowd(), async (story) => {
		Object.assign(story.state.people.alice, { factors: ['totp', 'message', 'retina-scan'], code: '123456', given: true });
		const page = await open(story.url);
		await typeLogin(page);
		await page.waitForSelector('#choice-totp');
		assert.match(await page.textContent('main'), /code of your authenticator.*code that is sent to you.*Retina scan/s);
		await page.click('#choice-message');
		await page.waitForSelector('#step-code');
		assert.deepEqual(story.state.logins.at(-1), { login: 'h'.repeat(43), factor: 'message' });
		await page.click('#step-other');
		await page.click('#choice-totp');
		await has(page, 'main', 'Open your authenticator app');
		assert.deepEqual(await page.evaluate(() => ['type', 'autocomplete', 'inputmode'].map((name) => document.querySelector('#step-code').getAttribute(name))), ['password', 'one-time-code', 'numeric']);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'step-code');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#step-code-wrong'), /Type the code/);
		await page.fill('#step-code', '654321');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#step-failed .trouble');
		assert.match(await page.textContent('#step-failed'), /not the code of now.*Wait for the next code.*access\.totp/s);
		await page.fill('#step-code', '123 456');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#step-fresh');
		assert.deepEqual(story.state.logins.at(-1), { login: 'h'.repeat(43), factor: 'totp', code: '123456' });
		await page.fill('#step-fresh', 'short');
		await page.fill('#step-again', 'shirt');
		await page.click('#step-send');
		assert.match(await page.textContent('#step-again-wrong'), /not what stands above/);
		await page.fill('#step-again', 'short');
		await page.click('#step-send');
		await page.waitForSelector('#step-failed .trouble');
		assert.match(await page.textContent('#step-failed'), /can be no password.*too short.*password\.rules/s);
		story.state.step = null;
		await page.click('#step-send');
		await has(page, 'main', 'took too long');
		await page.waitForSelector('#password');
	});
}

// @nist LA.SUN.3: the notice goes with each step, and comes again when it changes in between
async function noticeGoesAlong({ open }) {
	await withStory(crowd(), async (story) => {
		const digest = (text) => createHash('sha256').update(text).digest('hex');
		const say = (text) => { story.state.notice = { text, digest: digest(text) }; };
		say('Only for staff.');
		Object.assign(story.state.people.alice, { factors: ['totp'], code: '123456' });
		const page = await open(story.url);
		const accept = async () => { await page.click('#accept'); await typeLogin(page); await page.waitForSelector('#step-code'); await page.fill('#step-code', '123456'); };
		await accept();
		assert.equal(story.state.logins.at(-1).notice, digest('Only for staff.'));
		say('Other words.');
		await page.click('#step-send');
		await has(page, 'notice', 'Other words.');
		await accept();
		await page.click('#step-send');
		await home(page);
		assert.equal(story.state.logins.at(-1).notice, digest('Other words.'));
	});
}

async function waitsAreCounted({ open }) {
	await withStory(crowd(), async (story) => {
		story.state.waitS = 150;
		const page = await open(story.url);
		await page.waitForSelector('#account');
		await page.clock.install();
		await typeLogin(page);
		await has(page, 'wait', 'in 3 minutes');
		await page.click('#login-send', { force: true });
		await page.focus('#password');
		await page.keyboard.press('Enter');
		await page.clock.fastForward(100000);
		await has(page, 'wait', ' seconds.');
		assert.equal(story.state.logins.length, 1, 'nothing is sent while it would be refused');
		story.state.waitS = 0;
		await page.clock.fastForward(50000);
		await has(page, 'live', 'You may try again now.');
		await page.click('#login-send');
		await home(page);
	});
}

export const self = () => Object.assign(inhabited(crowd()), { token: 'mine' });
async function ownPlace(page, story) {
	await page.waitForSelector('#account');
	await page.fill('#code', story.state.code);
	await page.click('#enter');
	await goTo(page, 'account');
	await page.waitForSelector('#own-password-send');
}

async function ownPassword({ open }) {
	await withStory(self(), async (story) => {
		const page = await open(story.url);
		await ownPlace(page, story);
		assert.equal(await page.textContent('h1'), 'You are alice.');
		assert.match(await page.textContent('main'), /You come in by a certificate\./);
		const choose = async (fresh, again = fresh) => {
			await page.fill('#own-fresh', fresh);
			await page.fill('#own-again', again);
			await page.focus('#own-again');
			await page.keyboard.press('Enter');
		};
		await choose(GOOD, `${GOOD}.`);
		assert.match(await page.textContent('#own-again-wrong'), /not what stands above/);
		await choose('short');
		await page.waitForSelector('#own-password-failed .trouble');
		assert.match(await page.textContent('#own-password-failed'), /too short.*password\.rules/s);
		await choose(GOOD);
		await has(page, 'main', 'Your password is set. All your sessions have ended');
		await typeLogin(page);
		await page.waitForSelector('#own-old');
		assert.match(await page.textContent('#part-self'), /a certificate, a password/);
		await choose('four odd kettles hum');
		assert.match(await page.textContent('#own-old-wrong'), /Type the present one/);
		await page.fill('#own-old', 'not this one');
		await page.click('#own-password-remove');
		await page.click('#own-password-remove-yes');
		await page.waitForSelector('#own-password-failed .trouble');
		await page.fill('#own-old', GOOD);
		await page.click('#own-password-remove-yes');
		await has(page, 'main', 'Your password is removed.');
		assert.equal(story.state.people.alice.password, undefined);
	});
}

async function ownClients({ open }) {
	await withStory(self(), async (story) => {
		const one = (client, source) => ({ client, source, used: '2026-11-21T12:00:00Z', known: '2026-11-01T12:00:00Z' });
		story.state.clients = [one(CLIENT, '192.0.2.7'), one('8899aabbccddeeff', '2001:db8::7')];
		const page = await open(story.url, { width: 320 });
		await ownPlace(page, story);
		await has(page, 'clients', 'From 192.0.2.7');
		await fitsEverywhere(page);
		await page.click(`#client-forget-${CLIENT}`);
		assert.equal(story.state.clients.length, 2, 'it asks once more');
		await page.click(`#client-forget-${CLIENT}-yes`);
		await page.waitForFunction(() => !document.getElementById('clients-forget')); // all is for several
		assert.deepEqual(story.state.clients.map((left) => left.client), ['8899aabbccddeeff']);
		assert.equal(await page.$(`#client-forget-${CLIENT}`), null);
		story.state.clients.push(one(CLIENT, '192.0.2.7'));
		await page.reload();
		await page.click('#clients-forget');
		await page.click('#clients-forget-yes');
		await has(page, 'part-own-clients', 'It knows none.');
		assert.deepEqual(story.state.clients, []);
	});
}

// What the camera sees is read by a decoder of others.
function decoded(picture) {
	const folder = mkdtempSync(join(tmpdir(), 'tw-qr-'));
	try {
		writeFileSync(join(folder, 'code.png'), picture);
		return execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', join(folder, 'code.png')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
	} finally {
		rmSync(folder, { recursive: true });
	}
}

async function ownAuthenticator({ open }) {
	await withStory(self(), async (story) => {
		story.state.people.alice.code = '123456';
		const page = await open(story.url, { dark: true });
		await ownPlace(page, story);
		await page.click('#enrol-send');
		await page.waitForSelector('#authenticator-secret');
		assert.equal(await page.getAttribute('#authenticator-link', 'href'), story.state.uri);
		assert.match(await page.textContent('#authenticator-secret'), /JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP/);
		assert.equal(decoded(await page.locator('svg.qr').screenshot()), story.state.uri);
		story.state.uri = `otpauth://totp/${'%C3%A4'.repeat(75)}?secret=JBSWY3DPEHPK3PXP`;
		await page.click('#enrol-send');
		await page.waitForFunction((uri) => document.querySelector('#authenticator-link').getAttribute('href') === uri, story.state.uri);
		assert.equal(decoded(await page.locator('svg.qr').screenshot()), story.state.uri, 'a long one too');
		await page.fill('#confirm-code', '000 000');
		await page.click('#confirm-send');
		await page.waitForSelector('#confirm-failed .trouble');
		await page.fill('#confirm-code', '123 456');
		await page.click('#confirm-send');
		await has(page, 'part-own-authenticator', 'You have one');
		await has(page, 'live', 'is confirmed');
		assert.equal(await page.locator('#authenticator-secret').count(), 0, 'nothing shows the secret any more');
		await page.click('#enrol-send');
		assert.match(await page.textContent('#enrol-code-wrong'), /Type what it shows/);
		await page.fill('#enrol-code', '123456');
		await page.click('#enrol-send');
		await page.waitForSelector('#authenticator-secret');
		await page.click('#place-home');
		await page.waitForSelector('#part-log h2');
		await goTo(page, 'account');
		await page.waitForSelector('#authenticator-remove');
		assert.equal(await page.locator('#authenticator-secret').count(), 0, 'it is not shown again');
		await page.fill('#enrol-code', '123456');
		await page.click('#authenticator-remove');
		await page.click('#authenticator-remove-yes');
		await has(page, 'part-own-authenticator', 'You have none.');
	});
}

// Who may not see the list of credentials has the same forms, with a place for what he may have.
async function ownUntold({ open }) {
	await withStory(self(), async (story) => {
		story.state.refuseAccess = { status: 403, body: { title: 'Not permitted', status: 403, detail: 'it needs accounts.read', rule: 'gate.permission', next: 'Ask somebody who holds it.' } };
		const page = await open(story.url);
		await ownPlace(page, story);
		assert.equal(await page.textContent('h1'), 'You are signed in.');
		await page.waitForSelector('#own-old');
		await page.waitForSelector('#enrol-code');
		await page.fill('#own-fresh', GOOD);
		await page.fill('#own-again', GOOD);
		await page.click('#own-password-send');
		await has(page, 'main', 'Your password is set.');
	});
}

async function givenByOthers({ open }) {
	await withStory(self(), async (story) => {
		const page = await open(`${story.url}#/access/accounts`);
		await page.waitForSelector('#code');
		await page.fill('#code', story.state.code);
		await page.click('#enter');
		await page.click('#summary-account-a1');
		await page.fill('#password-a1', GOOD);
		assert.equal(await page.getAttribute('#password-a1', 'type'), 'password');
		await page.click('#give-password-a1-send');
		await has(page, 'account-a1', 'a certificate, a password');
		assert.deepEqual(story.state.put, { password: GOOD });
		assert.equal(await page.inputValue('#password-a1'), '');
		await page.click('#drop-password-a1');
		await page.click('#drop-password-a1-yes');
		await page.waitForFunction(() => !document.querySelector('#drop-password-a1'));
		assert.deepEqual(story.state.changes, ['PUT /api/v1/passwords/a1', 'DELETE /api/v1/passwords/a1']);
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });

// One page for all looks, in each state that a person can meet.
async function everyLook({ open }) {
	await withStory(self(), async (story) => {
		Object.assign(story.state.people.alice, { factors: ['totp', 'message', 'passkey'], code: '123456', given: true });
		const page = await open(story.url, { width: 320 });
		const looks = async () => {
			const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
			assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
			await fitsEverywhere(page);
			await page.setViewportSize({ width: 320, height: 900 });
		};
		await typeLogin(page, 'alice', 'wrong');
		await page.waitForSelector('#login-failed .trouble');
		await looks();
		await typeLogin(page);
		await page.waitForSelector('#choice-totp');
		await looks();
		await page.click('#choice-passkey');
		await has(page, 'no-passkeys', 'opened by an address');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'step-other');
		await looks();
		await page.click('#step-other');
		await page.click('#choice-totp');
		await page.waitForSelector('#step-code');
		await looks();
		await page.fill('#step-code', '123456');
		await page.click('#step-send');
		await page.waitForSelector('#step-fresh');
		await looks();
		await page.fill('#step-fresh', `${GOOD}s`);
		await page.fill('#step-again', `${GOOD}s`);
		await page.click('#step-send');
		await goTo(page, 'account');
		await page.click('#enrol-send');
		await page.waitForSelector('#authenticator-secret');
		await looks();
		await fitsWithLargeText(page);
	});
}

export const login = [
	['login: name and password open; the session before is told; the browser is known afterwards', passwordOpens],
	['login: what is typed as a password is masked, and in no text, address, answer or store', secretsAreMasked],
	['login: one of several factors, then a new password, with the reasons of the device', moreIsAskedFor],
	['login: the use notice is accepted with each step, and comes again when it has changed', noticeGoesAlong],
	['login: a wait is counted down, and nothing is sent meanwhile', waitsAreCounted],
	['login: one’s own password is set, changed and removed, and the sessions end', ownPassword],
	['login: the clients that one’s account knows are shown, and forgotten one by one or all', ownClients],
	['login: an authenticator is enrolled by picture, link or letters, confirmed, replaced and removed', ownAuthenticator],
	['login: who is not told what he has finds the same forms', ownUntold],
	['login: an account is given a password, and it is taken away', givenByOthers],
	['login: every step: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing', everyLook],
];
