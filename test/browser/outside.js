// SPDX-License-Identifier: Apache-2.0
// Coming in by the organization's OpenID Connect provider, against the stand-in: there and back in one tab, what is refused, and what another began.

import assert from 'node:assert/strict';
import { axe, overhang } from './browser.js';
import { crowd } from './login.js';
import { withStory } from './pages.js';

const STATE = 's'.repeat(43);
const has = (page, text) => page.waitForFunction((want) => document.getElementById('main')?.textContent.includes(want), text);
const withProvider = () => Object.assign(crowd(), { provider: 'Example Works', location: `https://provider.example/login?state=${STATE}&nonce=n` });

// The provider: sends whoever comes back at once, with that in the address.
async function provider(page, story, query) {
	const asked = [];
	await page.route('https://provider.example/**', (route) => {
		asked.push(route.request());
		return route.fulfill({ contentType: 'text/html', body: `<!DOCTYPE html><title>x</title><meta http-equiv="refresh" content="0; url=${story.url}?${query}">` });
	});
	return asked;
}

async function thereAndBack({ open }) {
	await withStory(withProvider(), async (story) => {
		const page = await open(story.url);
		const asked = await provider(page, story, `code=c%2B1&amp;state=${STATE}&amp;iss=https%3A%2F%2Fprovider.example`);
		await page.waitForSelector('#outside');
		assert.match(await page.textContent('main'), /By Example Works.*Log in with Example Works/s);
		assert.deepEqual(await axe(page), []);
		assert.equal(await overhang(page), 0);
		await page.click('#outside');
		await page.waitForSelector('#part-log h2');
		assert.deepEqual(story.state.logins, [{ outside: true }, { login: 'h'.repeat(43), state: STATE, answer: 'c+1', issuer: 'https://provider.example' }]);
		assert.equal(asked.length, 1);
		assert.ok(!asked[0].url().includes('h'.repeat(43)), 'the handle stands in no address');
		assert.equal(asked[0].headers().referer, undefined);
		assert.ok(!page.url().includes('code='), 'what came back does not stay in the address');
		assert.deepEqual(await page.evaluate(() => [document.cookie, sessionStorage.getItem('thingward.outside')]), ['', null]);
	});
}

async function refusedThere({ open }) {
	await withStory(withProvider(), async (story) => {
		const page = await open(story.url);
		await provider(page, story, `error=access_denied&amp;state=${STATE}`);
		await page.click('#outside');
		await has(page, 'The provider did not log you in (access_denied).');
		assert.equal(story.state.logins.length, 1);
		await page.unroute('https://provider.example/**');
		await provider(page, story, `code=wrong&amp;state=${STATE}`);
		await page.click('#outside');
		await has(page, 'The provider’s word opens nothing. Nobody here is you. Ask whoever gives accounts.');
		await page.waitForSelector('#outside');
	});
}

// Somebody else sends this browser back to the device with what he was given himself: nothing is sent to the device, and what was begun here goes on.
async function nothingOfOthers({ open }) {
	await withStory(withProvider(), async (story) => {
		const page = await open(`${story.url}?code=his&state=${'t'.repeat(43)}`);
		await has(page, 'This login was not begun in this tab');
		assert.deepEqual(story.state.logins, []);
		assert.ok(!page.url().includes('code='));
		await page.evaluate((begun) => sessionStorage.setItem('thingward.outside', begun), JSON.stringify({ login: 'h'.repeat(43), state: STATE }));
		await page.goto(`${story.url}?code=his&state=${'t'.repeat(43)}`);
		await has(page, 'This login was not begun in this tab');
		assert.deepEqual(story.state.logins, []);
		await page.goto(`${story.url}?code=c&state=${STATE}`);
		await page.waitForSelector('#part-log h2');
	});
}

export const outside = [
	['login by the provider: there and back in one tab; the handle stands in no address, and nothing stays', thereAndBack],
	['login by the provider: what it or the device refuses is told, and can be tried again', refusedThere],
	['login by the provider: what somebody else began is not finished here', nothingOfOthers],
];
