// SPDX-License-Identifier: Apache-2.0
// The card of the log while the page follows the device, against the stand-in: nothing missed, nothing twice, and a person decides
// when it moves.

import assert from 'node:assert/strict';
import { payloads } from './payloads.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { healthy } from './stand-in.js';

const rows = (page) => page.locator('.log tbody tr').count();
const how = (page) => page.textContent('#log-how');
const top = (page) => page.textContent('.log tbody tr');

function add(story, more = {}) {
	const record = { seq: story.state.records[0].seq + 1, type: 'event', time: new Date().toISOString(), event: 'sensor.hot', ...more };
	story.state.records = [record, ...story.state.records];
}

async function until(what, condition) {
	for (let left = 200; left > 0; left--) {
		if (await condition())
			return;
		await new Promise((done) => setTimeout(done, 25));
	}
	assert.fail(`not in time: ${what}`);
}

async function signedIn(state, open, work) {
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await work(story, page);
	});
}

async function hide(page, hidden) {
	await page.evaluate((now) => {
		Object.defineProperty(document, 'hidden', { configurable: true, get: () => now });
		document.dispatchEvent(new Event('visibilitychange'));
	}, hidden);
}

async function appear({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		assert.match(await how(page), /appear at the top/);
		const had = await rows(page);
		await page.focus('#with-reads');
		add(story);
		add(story, { event: 'sensor.cold' });
		await until('both are shown', async () => await rows(page) === had + 2);
		assert.match(await top(page), /Sensor cold/, 'the newest first');
		assert.equal(story.logReads, 1, 'not by reading again');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'with-reads', 'the focus stays');
		await until('a count is said', async () => /^2 new records in the log since /.test(await page.textContent('#live')));
		add(story, { type: 'read', event: undefined, operation: 'capabilities.read' });
		add(story);
		await until('the next is shown', async () => await rows(page) === had + 3);
		await until('the count goes on, without reads', async () => /^3 new records/.test(await page.textContent('#live')));
		assert.equal(await page.getAttribute('#live', 'aria-live'), 'polite');
	});
}

async function pausedByKeyboard({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		const had = await rows(page);
		await page.focus('#log-pause');
		await page.keyboard.press('Space');
		await until('the stream is closed', () => story.streams === 0);
		assert.match(await how(page), /^Paused/);
		assert.match(await page.textContent('#live'), /paused/);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'log-pause');
		add(story);
		await hide(page, true);
		await hide(page, false);
		await page.waitForTimeout(600);
		assert.equal(await rows(page), had, 'nothing moves');
		assert.equal(story.streams, 0);
		await page.keyboard.press('Enter');
		await until('what waited comes', async () => await rows(page) === had + 1);
		assert.equal(story.logReads, 1);
	});
}

async function restsWhileHidden({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		await hide(page, true);
		await until('the stream is closed', () => story.streams === 0);
		const had = await rows(page);
		add(story);
		await hide(page, false);
		await until('the stream is open again', () => story.streams === 1);
		await until('what came meanwhile is there', async () => await rows(page) === had + 1);
	});
}

async function readsWhereRefused({ open }) {
	const refuseStream = { status: 503, body: { type: 'urn:thingward:problem:streams', title: 'Too many streams are open', status: 503, rule: 'stream.all' } };
	await signedIn({ ...healthy(), refuseStream }, open, async (story, page) => {
		await until('it says so', async () => /read again every 20 seconds/.test(await how(page)));
		assert.equal(await page.locator('#part-log .trouble').count(), 0, 'the log is there all the same');
		const had = await rows(page);
		add(story);
		await hide(page, false);
		await until('it is read again', async () => await rows(page) === had + 1);
		story.state.refuseStream = null;
		await hide(page, false);
		await until('it is followed when it can be', async () => story.streams === 1 && /appear at the top/.test(await how(page)));
	});
}

async function takenUpWhenCut({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		const had = await rows(page);
		story.state.endStreams = true;
		await until('it has ended', () => story.streams === 0);
		story.state.endStreams = false;
		add(story);
		await until('it goes on by itself', async () => story.streams === 1 && await rows(page) === had + 1);
	});
}

async function endsWithTheSession({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		story.state.token = 'another';
		story.state.endStreams = true;
		await page.waitForSelector('#code');
		assert.match(await page.textContent('main'), /Your session has ended/);
		story.state.endStreams = false;
		await page.waitForTimeout(300);
		assert.equal(story.streams, 0);
	});
}

// More than the page keeps: it lets go of the oldest and finds them again when asked.
async function staysBounded({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		const had = await rows(page);
		for (let i = 0; i < 450; i++)
			add(story, { event: `sensor.n${i}` });
		await until('the last is at the top', async () => /Sensor n449/.test(await top(page)));
		assert.equal(await rows(page), 20);
		for (let left = 40; left > 0 && await page.locator('#log-more').count(); left--) {
			const before = await rows(page);
			await page.click('#log-more');
			await until('more are shown', async () => await rows(page) > before);
		}
		assert.equal(await rows(page), had + 450, 'each once');
	});
}

async function hostileRecords({ open }) {
	await signedIn(healthy(), open, async (story, page) => {
		await until('the stream is open', () => story.streams === 1);
		for (const text of payloads) {
			add(story, { type: text, event: text, subject: text, result: text, fields: { [text]: text } });
			await page.waitForFunction((want) => document.querySelector('#part-log tbody tr').textContent.includes(want), text);
			assert.equal(await page.locator(FOREIGN).count(), 0, text);
		}
	});
}

export const following = [
	['follow: records appear as they come, and how many is said', appear],
	['follow: paused and taken up by keyboard', pausedByKeyboard],
	['follow: rests while nobody looks', restsWhileHidden],
	['follow: reads where the device refuses to stream', readsWhereRefused],
	['follow: a stream that was cut is taken up', takenUpWhenCut],
	['follow: ends with the session', endsWithTheSession],
	['follow: keeps no more than it must, and misses nothing', staysBounded],
	['follow: hostile records stay text', hostileRecords],
];
