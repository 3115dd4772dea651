// SPDX-License-Identifier: Apache-2.0
// What is too dangerous for an old session, against the stand-in: a login in a dialog, by keyboard alone, and then it is done; or it is left.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HtmlValidate } from 'html-validate';
import { fitsEverywhere, fitsWithLargeText } from './browser.js';
import { crowd, GOOD, typeLogin } from './login.js';
import { withStory } from './pages.js';

const KEY = 'identification-remote-read';
const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });
const active = (page) => page.evaluate(() => document.activeElement.id);
const outcome = (page, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [`outcome-${KEY}`, text]);
const gone = (page) => page.waitForFunction(() => !document.querySelector('#prove'));

// Signed in for long, before a change that wants a proof.
async function old(open, story, look) {
	const page = await open(story.url, look);
	await typeLogin(page);
	await page.waitForSelector(`#save-${KEY}`);
	Object.assign(story.state, { careful: true, fresh: false });
	return page;
}

async function save(page, value) {
	await page.check(`#${value}-${KEY}`);
	await page.focus(`#save-${KEY}`);
	await page.keyboard.press('Enter');
}

// @nist LA.RSM.5.4: asked who one is before the change, which is made then and not before
async function askedAndDone({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await old(open, story);
		Object.assign(story.state.people.alice, { factors: ['totp'], code: '123456' });
		await save(page, 'off');
		await page.waitForSelector('#prove[open] #password');
		assert.equal(await active(page), 'password');
		assert.equal(await page.inputValue('#account'), 'alice');
		assert.equal(await page.getAttribute('#account', 'readonly'), '');
		assert.equal(story.state.setting.value, 'on');
		await page.keyboard.type('wrong');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#prove #login-failed .trouble');
		await page.fill('#password', GOOD);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#prove #step-code');
		assert.equal(story.state.setting.value, 'on');
		await page.keyboard.type('123456');
		await page.keyboard.press('Enter');
		await gone(page);
		await outcome(page, 'Saved: off.');
		assert.equal(story.state.setting.value, 'off');
		assert.equal(story.state.proven, createHash('sha256').update('PUT /api/v1/settings/identification.remote-read\n{"value":"off"}').digest('hex'));
		story.state.proof = '';
		await save(page, 'on');
		await outcome(page, 'Saved: on.');
		assert.equal(await page.locator('#came-before p:not(:last-child)').count(), 2, 'what both logins told of those before them');
		assert.equal(story.state.logins.length, 4, 'a proof of a moment ago does for the next change too');
		await page.click('#sign-out');
		await page.waitForSelector('#password');
		assert.equal(story.state.ended, 2, 'the session before ends with it');
	});
}

async function leftAlone({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await old(open, story);
		for (const leave of [() => page.keyboard.press('Escape'), () => page.click('#prove-leave')]) {
			await save(page, 'off');
			await page.waitForSelector('#prove[open] #password');
			await leave();
			await gone(page);
			await outcome(page, 'Log in again first.');
			assert.equal(await active(page), `save-${KEY}`);
			assert.equal(story.state.setting.value, 'on');
		}
		assert.equal(story.state.logins.length, 1);
	});
}

// A login under way when the page has signed out is ended at the device, and the tab keeps nothing of it.
async function signedOutMeanwhile({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await old(open, story);
		Object.assign(story.state.people.alice, { factors: ['totp'], code: '123456' });
		await save(page, 'off');
		await page.fill('#prove #password', GOOD);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#prove #step-code');
		await page.evaluate(() => sessionStorage.removeItem('thingward.token'));
		await page.keyboard.type('123456');
		await page.keyboard.press('Enter');
		await gone(page);
		assert.equal(story.state.ended, 1);
		assert.equal(await page.evaluate(() => sessionStorage.getItem('thingward.token')), null);
		assert.equal(story.state.setting.value, 'on');
	});
}

async function noticeFirst({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await old(open, story);
		const text = 'Only for staff.';
		story.state.notice = { text, digest: createHash('sha256').update(text).digest('hex') };
		await save(page, 'off');
		await page.waitForSelector('#prove #notice');
		await page.click('#accept');
		await page.fill('#password', GOOD);
		await page.keyboard.press('Enter');
		await gone(page);
		await outcome(page, 'Saved: off.');
		assert.equal(story.state.logins.at(-1).notice, story.state.notice.digest);
	});
}

async function everyLook({ open }) {
	await withStory(crowd(), async (story) => {
		const page = await old(open, story, { width: 320 });
		await save(page, 'off');
		await page.waitForSelector('#prove[open] #password');
		const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
		await fitsEverywhere(page, async (width) => {
			const box = await page.locator('#prove').boundingBox();
			assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= 900);
		});
		await fitsWithLargeText(page);
	});
}

export const prove = [
	['prove: a dangerous change asks for a login in a dialog, and is made then; the next one asks for none', askedAndDone],
	['prove: whoever leaves the dialog has changed nothing, and stands where he stood', leftAlone],
	['prove: a login under way when somebody has signed out is ended, and nothing of it kept', signedOutMeanwhile],
	['prove: the use notice is shown and accepted first', noticeFirst],
	['prove: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing', everyLook],
];
