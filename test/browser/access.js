// SPDX-License-Identifier: Apache-2.0
// The places of access, against the stand-in: who can reach the device and why somebody may not, accounts, sessions, roles and rules.

import assert from 'node:assert/strict';
import { HtmlValidate } from 'html-validate';
import { axe, largeText, overhang } from './browser.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { healthy } from './stand-in.js';
import { inhabited } from './stand-in-access.js';

export const people = () => inhabited(healthy());
const READY = { 'access': '#part-reach h2' };

export async function enterAccess(page, story, name = 'access') {
	await page.waitForSelector('#code');
	await signIn(page, story);
	await page.goto(`${story.url}#/${name.replace('-', '/')}`);
	await page.waitForSelector(READY[name]);
}

const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

async function whoCanReach({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		assert.equal(await page.textContent('h1'), '1 account and 1 other device or authority can come in over the network.');
		assert.match(await page.textContent('#part-reach'), /With an account.*alice.*bob.*Standing before it.*label.*Whoever made it.*Example Devices Ltd/s);
		story.state.reach.push({ kind: 'spirit', who: 'a medium', how: 'unheard of', may: 'speak' });
		await look(page);
		await has(page, 'part-reach', 'In another way');
		await page.fill('#why-operation', 'settings');
		await page.focus('#why-send');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#why-operation-wrong'), /two words and a dot/);
		await page.fill('#why-operation', 'settings.change');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#why-told');
		assert.match(await page.textContent('#why-answer'), /You may not do this\..*None of its roles permits it.*admin, owner.*gate\.permission/s);
		story.state.why = { ...story.state.why, rule: 'gate.rule', by: 'day-only' };
		await page.selectOption('#why-account', 'a2');
		await page.click('#why-send');
		await has(page, 'why-answer', 'rule “day-only”');
		assert.match(await page.textContent('#live'), /bob \(a2\) may not do this/);
	});
}

// Who may not know is told so, with the rule; nothing that was read before stays.
async function refusedToKnow({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		story.state.refuseAccess = { status: 403, body: { type: 'urn:thingward:problem:forbidden', title: 'Not permitted', status: 403, detail: 'it needs accounts.read', rule: 'gate.permission', next: 'Ask somebody who holds it.' } };
		await look(page);
		await has(page, 'part-access', 'does not tell you');
		assert.match(await page.textContent('#part-access'), /Ask somebody who holds it.*gate\.permission/s);
		assert.equal(await page.textContent('#part-reach'), '');
		await page.fill('#why-operation', 'settings.change');
		await page.click('#why-send');
		await page.waitForSelector('#why-failed .trouble');
		assert.equal(await page.inputValue('#why-operation'), 'settings.change');
	});
}

function filledWith(text) {
	const state = people();
	state.reach.forEach((one) => Object.assign(one, { who: text, how: text, may: text }));
	state.reach.push({ kind: text, who: text, how: text, may: text });
	state.accounts.forEach((one) => Object.assign(one, { name: text, kind: text, state: text, roles: [text], groups: [text], made_by: text, login_how: text, login_from: text }));
	state.why = { operation: text, permission: text, allowed: false, rule: text, by: text, roles: [text], needs: [text] };
	return state;
}

async function hostileText({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		for (const text of payloads) {
			story.state = filledWith(text);
			for (const [place, part] of [['access', 'part-reach']]) {
				await page.click(`#place-${place}`);
				await look(page);
				await has(page, part, text);
				assert.equal(await page.locator(FOREIGN).count(), 0, text);
			}
		}
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });

// One page for all looks of a place: what differs is the window, the colours and the size of the text.
const everyLook = (name, more) => [`access: ${name}: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing`, async ({ open }) => {
	await withStory(people(), async (story) => {
		const page = await open(story.url, { width: 320 });
		await enterAccess(page, story, name);
		await more(page);
		const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
		for (const [width, colorScheme] of [[320, 'light'], [320, 'dark'], [1280, 'light']]) {
			await page.setViewportSize({ width, height: 900 });
			await page.emulateMedia({ colorScheme });
			assert.equal(await overhang(page), 0);
			assert.deepEqual(await axe(page), []);
		}
		await page.setViewportSize({ width: 640, height: 900 });
		await largeText(page);
		assert.equal(await overhang(page), 0);
	});
}];

export const access = [
	['access: who can reach the device, by door, and why somebody may not do something', whoCanReach],
	['access: who may not know is told by which rule', refusedToKnow],
	['access: hostile text stays text in every field', hostileText],
	everyLook('access', async (page) => { await page.fill('#why-operation', 'settings.change'); await page.click('#why-send'); await page.waitForSelector('#why-told'); }),
];
