// SPDX-License-Identifier: Apache-2.0
// The places that show accounts, on a device that has as many as it may have: each reads and builds a page of them, and finds the others by asking the device.

import assert from 'node:assert/strict';
import { enterAccess, has, people } from './access.js';
import { withStory } from './pages.js';
import { sharing } from './stand-in-rights.js';
import { enterWays, ways } from './ways.js';

const ALL = 10000;
const FEW = 250;
const BUILT_MAX = 200;
const BUILT_MORE = 20; // than with few, of which a page is full as well
const TOLD_MAX = 300;
const ANSWER_MS = 1500;
const JITTER_MS = 300;
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

// What each place takes and builds with so many that its page is full.
const withFew = (open) => withStory(crowded(FEW), async (story) => {
	const page = await open(story.url);
	const few = {};
	await enterWays(page, story);
	for (const name of PLACES)
		few[name] = [await timed(page, name), await built(page)];
	return few;
});

async function everyPlace({ open }) {
	const few = await withFew(open);
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
			const [soon, less] = few[name];
			assert.ok(took < ANSWER_MS && took < 3 * soon + JITTER_MS, `${name} took ${took} ms; with ${FEW} accounts ${soon}`);
			await quiet();
			answers = [];
			await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
			await quiet();
			const told = await entries();
			assert.ok(await built(page) < BUILT_MAX && await built(page) <= less + BUILT_MORE, `${name} builds ${await built(page)} rows; with ${FEW} accounts ${less}`);
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

const refusal = (status, rule, next) => ({ status, body: { type: 'urn:thingward:problem:input', title: 'The device refuses this', status, detail: '', rule, next } });
const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

// A device may answer with as little as one entry a page: one's own are read whole.
async function ownOnSmallPages({ open }) {
	const state = ways();
	state.credentials = ['certificate', 'password', 'totp'].map((kind, i) => ({ credential: `o${i}`, account: 'a1', kind, label: kind, key: '', made: '2026-11-01T08:00:00Z' }));
	state.listMax = 1;
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await enterWays(page, story);
		await page.evaluate(() => { location.hash = '#/account'; });
		await has(page, 'part-self', 'a certificate, a password, an authenticator');
		assert.equal(await page.textContent('#own-password-send'), 'Change it');
		assert.equal(await page.locator('#authenticator-remove').count(), 1);
	});
}

// Each time somebody comes in, people stand there by name.
async function namesOnEntry({ open }) {
	const state = people();
	state.caps.push({ cap: 'account.a2', most: 1 });
	state.sessions[1].member = 'a2';
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-sessions');
		for (let i = 0; i < 2; i++) {
			await page.waitForSelector('#part-caps table');
			assert.match(await page.textContent('#part-caps'), /The account bob/);
			assert.match(await page.textContent('#part-open'), /used by bob/);
			await page.evaluate(() => { location.hash = '#/keys'; });
			await page.waitForSelector('#part-own');
			await page.evaluate(() => { location.hash = '#/access/sessions'; });
		}
	});
}

// What is refused is told where it was asked for; the list, its place and what is typed stay.
async function refusedSearch({ open }) {
	await withStory(crowded(FEW), async (story) => {
		const page = await open(story.url);
		const long = 'щ'.repeat(25);
		await enterAccess(page, story, 'access-accounts');
		await page.click('#all-on');
		await has(page, 'all-page', 'Page 2.');
		await page.fill('#account-search', long);
		await page.waitForSelector('#all-refused .trouble');
		assert.match(await page.textContent('#all-refused'), /Write less.*Rule input/);
		await has(page, 'all-page', 'Page 2.');
		assert.match(await page.textContent('h1'), /^100 accounts or more/);
		assert.equal(await page.inputValue('#account-search'), long);
		await page.fill('#account-search', 'worker 00012');
		await page.waitForFunction(() => document.querySelectorAll('#part-all details').length === 1);
		assert.equal(await page.locator('#all-refused .trouble').count(), 0);
		await page.fill('#account-search', '');
		await page.waitForSelector('#all-on');
		await page.click('#all-on');
		await has(page, 'all-page', 'Page 2.');
		story.state.refusePages = refusal(400, 'list.cursor', 'begin again');
		await look(page);
		await has(page, 'part-all', 'list.cursor');
		assert.match(await page.textContent('h1'), /^100 accounts or more/);
		await page.click('#all-back');
		await has(page, 'all-page', 'Page 1.');
	});
}

// Whoever names an account is told what happened, and may name one that stands behind the others.
async function namingOne({ open }) {
	await withStory(crowded(FEW), async (story) => {
		story.state.accounts.push({ ...story.state.accounts.at(-2), account: 'a9999', name: 'Work' });
		const page = await open(story.url);
		await enterAccess(page, story, 'access');
		await page.fill('#why-operation', 'settings.change');
		await page.fill('#why-account', 'work');
		await has(page, 'why-account-told', 'More than 20 accounts fit: type more.');
		await page.click('#why-send');
		await has(page, 'why-answer', 'Work (a9999) may not do this');
		await page.fill('#why-account', 'щ'.repeat(25));
		await has(page, 'why-account-told', 'Rule input');
		story.state.refuseAccess = refusal(403, 'gate.permission', 'ask');
		await page.fill('#why-account', 'alice');
		await has(page, 'why-account-told', 'Type the id');
		story.state.refuseAccess = null;
		story.down = true;
		await page.fill('#why-account', 'bob');
		await has(page, 'why-account-told', 'that the device has power');
		story.down = false;
		await page.fill('#why-account', 'nobody at all');
		await has(page, 'why-account-told', 'No account fits.');
		await page.click('#sign-out');
		await page.waitForSelector('#code');
		await page.evaluate(() => { location.hash = '#/'; });
		await enterAccess(page, story, 'access');
		assert.equal(await page.inputValue('#why-account'), '', 'what was typed is of who has gone');
		assert.equal(await page.locator('#why-account-offered option').count(), 0);
		assert.equal(await page.textContent('#why-account-told'), '');
		story.state.token = 'another';
		await page.fill('#why-account', 'bob');
		await page.waitForSelector('#code');
	});
}

// An older question that is answered last says nothing more.
async function newestCounts({ open }) {
	await withStory(crowded(FEW), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		let late = null;
		const held = new Promise((done) => { late = done; });
		await page.route(/accounts\?.*name=worker%2000012/, async (route) => {
			const reply = await route.fetch();
			await held;
			await route.fulfill({ response: reply });
		});
		await page.fill('#account-search', 'worker 00012');
		await page.waitForRequest(/name=worker%2000012/);
		const newer = page.waitForResponse(/name=worker%2000014/); // the list from before has him too
		await page.fill('#account-search', 'worker 00014');
		await newer;
		await has(page, 'part-all', 'worker 00014');
		const over = page.waitForResponse(/name=worker%2000012/);
		late();
		await over;
		await page.waitForTimeout(QUIET_MS);
		assert.match(await page.textContent('#part-all'), /worker 00014/);
	});
}

export const many = [
	['many: with 10,000 accounts each place answers soon, as with few, and builds a page of them', everyPlace],
	['many: accounts come by the page, and are found by a part of their name', paged],
	['many: one’s own are all told where the device answers one a page', ownOnSmallPages],
	['many: caps and sessions name people at each coming in', namesOnEntry],
	['many: a search or a page that is refused leaves the list, and says why', refusedSearch],
	['many: who names an account is told what happened, and may name one behind the others', namingOne],
	['many: an older question that is answered last says nothing more', newestCounts],
];
