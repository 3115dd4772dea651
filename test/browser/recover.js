// SPDX-License-Identifier: Apache-2.0
// When nobody can come in any more: what the page says before, that it ends nothing itself, and how it goes on.

import assert from 'node:assert/strict';
import { axe, overhang } from './browser.js';
import { withStory } from './pages.js';
import { healthy } from './stand-in.js';

const heading = (page) => page.textContent('h1');

async function openRecovery(open, story, look) {
	const page = await open(story.url, look);
	await page.waitForSelector('#recover');
	await page.click('#recover');
	await page.waitForSelector('#ask-recovery');
	return page;
}

async function goesOn({ open }) {
	await withStory({ ...healthy(), button: true }, async (story) => {
		const page = await openRecovery(open, story, { width: 320 });
		assert.equal(await heading(page), 'Recover this device.');
		assert.match(await page.textContent('main'), /every owner and account.*every changed setting.*the secret on the label.*cannot be undone/s);
		assert.equal(story.state.asked, undefined, 'looking asks for nothing');
		assert.deepEqual([await overhang(page), await axe(page)], [0, []]);
		const [one, other] = await Promise.all(['#ask-recovery', '#leave-it'].map((id) => page.locator(id).boundingBox()));
		assert.ok(other.y >= one.y + one.height + 6, `no room between asking and leaving: ${JSON.stringify([one, other])}`);
		await page.click('#ask-recovery');
		assert.equal(await page.textContent('#recovery-code'), '730154');
		assert.match(await page.textContent('main'), /Nothing has changed yet.*recover.*hold its button for five seconds, within a minute of asking/s);
		assert.deepEqual([await overhang(page), await axe(page)], [0, []]);
		await page.reload();
		assert.equal(await page.textContent('#recovery-code'), '730154', 'it waits on where it was');
		assert.equal(story.state.asked, 1);
		story.state.refuseState = { status: 503, body: { title: 'The device is short of memory', status: 503, detail: 'try again', rule: 'path.memory', next: 'wait' } };
		await page.waitForSelector('.trouble');
		delete story.state.refuseState;
		story.state.recovered = true;
		await page.waitForSelector('#go-on');
		assert.equal(await heading(page), 'Ownership has ended.');
		assert.match(await page.textContent('main'), /console shows a new one, once/);
		assert.deepEqual(await axe(page), []);
		await page.click('#go-on');
		await page.waitForSelector('#secret');
		assert.equal(await heading(page), 'This device has no owner yet.');
	});
}

async function isRefused({ open }) {
	await withStory(healthy(), async (story) => {
		story.state.refuse = { status: 409, body: { type: 'urn:thingward:problem:recovery', title: 'Somebody has asked for this already', status: 409, detail: 'one at a time', rule: 'recovery.pending', next: 'confirm it at the device' } };
		const page = await openRecovery(open, story);
		await page.click('#ask-recovery');
		await page.waitForSelector('.trouble');
		assert.match(await page.textContent('.trouble'), /Somebody has asked for this already\..*Confirm it at the device\..*recovery\.pending/);
		await page.click('#leave-it');
		await page.waitForSelector('#code');
	});
}

async function endsWithoutAnAnswer({ open }) {
	await withStory({ ...healthy(), console: false }, async (story) => {
		const page = await openRecovery(open, story);
		await page.click('#ask-recovery');
		await page.waitForSelector('#recovery-code');
		assert.match(await page.textContent('main'), /no console connected/);
		story.down = true;
		await page.waitForSelector('#reload');
		story.down = false;
		await page.waitForSelector('#reload', { state: 'detached' });
		await page.click('#leave-it');
		await page.waitForSelector('#recover');
		await page.reload();
		await page.waitForSelector('#recover');
	});
}

async function byButton({ open }) {
	for (const [button, count] of [[true, 1], [false, 0]])
		await withStory({ ...healthy(), owned: false, button }, async (story) => {
			const page = await open(story.url);
			await page.waitForSelector('#secret');
			await page.fill('#secret', '00112233445566778899aabbccddeeff');
			await page.fill('#owner', 'Alice');
			await page.click('#take');
			await page.waitForSelector('#console-code');
			assert.equal(await page.locator('#by-button').count(), count);
		});
}

export const recover = [
	['page: recovery says what will be gone, waits for the device, and leads to take-over', goesOn],
	['page: recovery that is refused says why', isRefused],
	['page: recovery is left, and a silent device is told', endsWithoutAnAnswer],
	['page: a take-over names the button where there is one', byButton],
];
