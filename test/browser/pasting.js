// SPDX-License-Identifier: Apache-2.0
// Every field for a secret, wherever one stands: what was copied elsewhere can be pasted into it, and it says to password managers what belongs there.

import assert from 'node:assert/strict';
import { goTo } from './browser.js';
import { crowd, GOOD, self, typeLogin } from './login.js';
import { withStory } from './pages.js';
import { healthy } from './stand-in.js';
import { enterWays, ways } from './ways.js';

const COPIED = 'four odd kettles hum';

// By the keyboard, as a person does it: the page hears of it as of any other paste.
async function copy(page, box) {
	await page.fill(box, COPIED);
	await page.focus(box);
	await page.keyboard.press('Control+A');
	await page.keyboard.press('Control+C');
	await page.fill(box, '');
}

const secrets = (page, inside) => page.$$eval(`${inside} input[type=password]`, (all) => all.filter((one) => one.offsetParent).map((one) => [one.id, one.autocomplete]));

// These and no others are there, and take what is pasted, as much of it as they take when it is typed.
async function takes(page, wanted, inside = 'body') {
	assert.deepEqual(Object.fromEntries(await secrets(page, inside)), wanted);
	for (const id of Object.keys(wanted)) {
		await page.fill(`#${id}`, '');
		await page.focus(`#${id}`);
		await page.keyboard.press('Control+V');
		const most = await page.$eval(`#${id}`, (one) => one.maxLength);
		assert.equal(await page.inputValue(`#${id}`), COPIED.slice(0, most), `${id} is pasted into`);
		assert.equal(await page.getAttribute(`#${id}`, 'type'), 'password', `${id} shows nothing of it`);
		await page.fill(`#${id}`, '');
	}
}

// Whose secret it is, a manager finds beside it.
const named = async (page, id) => assert.equal(await page.getAttribute(`#${id}`, 'autocomplete'), 'username');

async function takingOver({ open }) {
	await withStory({ ...healthy(), owned: false }, async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#secret');
		await copy(page, '#owner');
		await takes(page, { secret: 'one-time-code' });
	});
}

// @nist LA.AS.3: nothing keeps a password out of a manager, or from being pasted
async function comingIn({ open }) {
	await withStory(crowd(), async (story) => {
		Object.assign(story.state.people.alice, { factors: ['totp'], code: '123456', given: true });
		const page = await open(story.url);
		await page.waitForSelector('#account');
		await copy(page, '#account');
		await named(page, 'account');
		await takes(page, { password: 'current-password', code: 'one-time-code' });
		await typeLogin(page);
		await page.waitForSelector('#step-code');
		await takes(page, { 'step-code': 'one-time-code' });
		await page.fill('#step-code', '123456');
		await page.click('#step-send');
		await page.waitForSelector('#step-fresh');
		await named(page, 'step-account');
		await takes(page, { 'step-fresh': 'new-password', 'step-again': 'new-password' });
		await page.fill('#step-fresh', COPIED);
		await page.fill('#step-again', COPIED);
		await page.click('#step-send');
		await page.waitForSelector('#save-identification-remote-read');
		Object.assign(story.state, { careful: true, fresh: false });
		await page.check('#off-identification-remote-read');
		await page.click('#save-identification-remote-read');
		await page.waitForSelector('#prove[open] #password');
		await named(page, 'account');
		await takes(page, { password: 'current-password' }, '#prove');
	});
}

async function givingAndChanging({ open }) {
	await withStory(self(), async (story) => {
		Object.assign(story.state.people.alice, { password: GOOD, code: '123456' });
		story.state.credentials.push(...['password', 'totp'].map((kind) => ({ credential: `c-${kind}`, account: 'a1', kind, label: '', key: '', made: '2026-11-21T12:00:00Z' })));
		const page = await open(`${story.url}#/access/accounts`);
		await page.waitForSelector('#account');
		await copy(page, '#account');
		await page.fill('#code', story.state.code);
		await page.click('#enter');
		await page.click('#summary-account-a1');
		await page.waitForSelector('#password-a1');
		await takes(page, { 'password-a1': 'new-password' });
		await goTo(page, 'account');
		await page.waitForSelector('#enrol-code');
		await named(page, 'own-account');
		const own = { 'own-old': 'current-password', 'own-fresh': 'new-password', 'own-again': 'new-password', 'enrol-code': 'one-time-code' };
		await takes(page, own);
		await page.fill('#enrol-code', '123456');
		await page.click('#enrol-send');
		await page.waitForSelector('#confirm-code');
		await takes(page, { ...own, 'confirm-code': 'one-time-code' });
		await goTo(page, 'keys');
		await page.waitForSelector('#local-secret');
		await takes(page, { 'local-secret': 'new-password' });
	});
}

// What the organization's gateway, server and provider share with the device.
async function sharedWithOthers({ open }) {
	const fields = { 'ways-messages': 'gateway-secret', 'ways-server': 'radius-secret', 'ways-provider': 'oidc-secret' };
	await withStory(ways(), async (story) => {
		for (const [place, id] of Object.entries(fields)) {
			const page = await open(story.url);
			await page.waitForSelector('#account');
			await copy(page, '#account');
			await enterWays(page, story, place);
			await page.waitForSelector(`#${id}`);
			await takes(page, { [id]: 'new-password' });
		}
	});
}

export const pasting = [
	['pasting: into the field for the secret of the label', takingOver],
	['pasting: into each field for a secret by which somebody comes in, and managers are told which it is', comingIn],
	['pasting: likewise where passwords and authenticators are given and changed', givingAndChanging],
	['pasting: likewise the secrets shared with those who judge or send for the organization', sharedWithOthers],
];
