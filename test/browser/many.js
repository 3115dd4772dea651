// SPDX-License-Identifier: Apache-2.0
// The places that show accounts, on a device that has as many as it may have: each reads and builds a page of them, and finds the others by asking the device.

import assert from 'node:assert/strict';
import { enterAccess, has, people } from './access.js';
import { withStory } from './pages.js';
import { sharing } from './stand-in-rights.js';
import { enterWays, ways } from './ways.js';

const ALL = 10000;
const FEW = 250;
const BUILT_MAX = 600;
const TOLD_MAX = 300;
const SECOND_MS = 1000;
const QUIET_MS = 300;
const PLACES = ['access', 'access-accounts', 'access-shared', 'access-sessions', 'access-notice', 'ways', 'ways-messages', 'ways-server', 'ways-provider', 'ways-readers', 'account'];
const READY = { 'access-accounts': '#part-all details', 'access-shared': '#part-shared-all details', 'access-sessions': '#cap-send', 'access-notice': '#notice-size', 'ways': '#part-all-ways table', 'ways-messages': '#part-destinations tr', 'ways-server': '#part-judged tr',
	'ways-provider': '#part-subjects tr', 'ways-readers': '#part-uses tr', 'account': '#own-password-form' };
const CREDENTIALS = ['server', 'message', 'oidc', 'auth-plugin', 'password'];

// Every second account is shared by two; each of the others has some way in.
function crowded(all = ALL) {
	const state = sharing(ways());
	const made = { groups: [], made: '2026-11-01T08:00:00Z', made_by: 'owner:alice' };
	for (let i = state.accounts.length; i < all; i++) {
		const [account, name, kind] = [`a${i + 10}`, `worker ${String(i).padStart(5, '0')}`, i % 2 ? 'shared' : 'person'];
		state.accounts.push({ account, name, kind, state: 'active', roles: ['operator'], ...made, groups: [`group-${i}`] });
		state.reach.push({ kind: 'account', who: name, how: `account ${account}, ${kind}, active; sessions open: 0`, may: 'by its roles: operator' });
		if (kind === 'shared')
			state.shared[account] = { account, name, members: ['a1', 'a2'], conditions: {}, said: made.made, by: made.made_by };
		else
			state.credentials.push(...CREDENTIALS.map((one) => ({ credential: `${one}-${i}`, account, kind: one, label: one === 'auth-plugin' ? 'keyswitch' : name, key: '', made: made.made })));
	}
	return state;
}

const inside = (name) => READY[name] || '#part-reach h2';

// How long a place takes from the press to what it shows, at best: what else the machine does is not meant.
async function timed(page, name) {
	const times = [];
	for (let i = 0; i < 3; i++) {
		await page.evaluate(() => { location.hash = '#/keys'; });
		await page.waitForSelector('#part-own');
		times.push(await page.evaluate(([hash, ready]) => new Promise((done) => {
			const from = performance.now();
			const seen = () => document.querySelector(ready) && done(performance.now() - from);
			new MutationObserver(seen).observe(document.body, { childList: true, subtree: true });
			location.hash = hash;
		}), [`#/${name.replace('-', '/')}`, inside(name)]));
	}
	return Math.min(...times);
}

const built = (page) => page.evaluate(() => document.querySelectorAll('tr, option, details, li, input').length);

// On a machine that is slower than a second: what the place takes there with so many that its page is full.
const withFew = (open, name) => withStory(crowded(FEW), async (story) => {
	const page = await open(story.url);
	await enterWays(page, story);
	return timed(page, name);
});

async function everyPlace({ open }) {
	await withStory(crowded(), async (story) => {
		const page = await open(story.url);
		let answers = [];
		page.on('response', (reply) => answers.push(/\/api\/v1\/(accounts|credentials|access-list)\?/.test(reply.url()) ? reply.json().catch(() => ({})) : {}));
		const entries = async () => (await Promise.all(answers)).flatMap((one) => Object.values(one)).filter(Array.isArray).reduce((sum, one) => sum + one.length, 0);
		// Until it has asked, and asks no more.
		const quiet = async () => {
			for (let had = 0; !had || answers.length > had;) {
				had = answers.length;
				await page.waitForTimeout(QUIET_MS);
			}
		};
		await enterWays(page, story);
		for (const name of PLACES) {
			const took = await timed(page, name);
			const few = took < SECOND_MS ? took : await withFew(open, name);
			assert.ok(took < 3 * few, `${name} took ${took} ms; with ${FEW} accounts ${few}`);
			await quiet();
			answers = [];
			await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
			await quiet();
			const told = await entries();
			assert.ok(await built(page) < BUILT_MAX, `${name} builds ${await built(page)} rows`);
			assert.ok(told > 0 || name === 'access-sessions' || name === 'access-notice', name);
			assert.ok(told <= (name === 'ways' ? (CREDENTIALS.length + 2) * 100 : TOLD_MAX), `${name} is told ${told} entries`);
		}
		assert.equal(await page.locator('#own-password-send').count(), 1);
	});
}

async function paged({ open }) {
	await withStory(crowded(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		assert.match(await page.textContent('h1'), /^100 accounts or more, some of which cannot come in\.$/);
		assert.equal(await page.locator('#part-all details').count(), 100);
		await page.focus('#all-on');
		await page.keyboard.press('Enter');
		await has(page, 'all-page', 'Page 2.');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'all-page', 'one stands above the next ones');
		assert.match(await page.textContent('#part-all details'), /worker 00100/);
		assert.match(await page.textContent('h1'), /^100 accounts or more/, 'the answer is of all');
		await page.click('#all-back');
		await has(page, 'part-all', 'alice');
		assert.equal(await page.getAttribute('#all-back', 'aria-disabled'), 'true');
		await page.fill('#account-search', 'Worker 09998');
		await page.waitForFunction(() => document.querySelectorAll('#part-all details').length === 1);
		await page.click('#part-all summary');
		await has(page, 'part-all', 'Comes in by');
		assert.match(await page.textContent('#part-all'), /a password/, 'what it has is read for it alone');
		await page.fill('#account-search', 'nobody at all');
		await has(page, 'part-all', 'None is called so.');
		await page.evaluate(() => { location.hash = '#/access/shared'; });
		await page.waitForSelector('#part-shared-all details');
		assert.equal(await page.textContent('h1'), 'There are 25 shared accounts or more.');
		await page.fill('#shared-search', '09999');
		await page.waitForFunction(() => document.querySelectorAll('#part-shared-all details').length === 1);
		await page.click('#part-shared-all summary');
		await has(page, 'part-shared-all', 'alice, bob');
	});
}

export const many = [
	['many: with 10,000 accounts each place answers within a second and builds a page of them', everyPlace],
	['many: accounts come by the page, and are found by a part of their name', paged],
];
