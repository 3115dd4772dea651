// SPDX-License-Identifier: Apache-2.0
// The place of Wi-Fi, against the stand-in: networks are made known, joined, confirmed, taken back and forgotten; secrets go one way; what is typed stays when it is
// refused, and hostile text stays text.

import assert from 'node:assert/strict';
import { HtmlValidate } from 'html-validate';
import { comeTo, fitsEverywhere, fitsWithLargeText } from './browser.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { comesTrue, LINK, withWifi } from './stand-in-wifi.js';
import { certificate } from './stand-in-ways.js';
import { healthy } from './stand-in.js';

const SECRET = 'four odd kettles hum';
export const aired = () => withWifi(healthy());

export async function enterWifi(page, story) {
	await page.waitForSelector('#code');
	await signIn(page, story);
	await comeTo(page, story.url, 'wifi', '#part-known h2');
}

const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
const press = async (page, id) => {
	await page.focus(`#${id}`);
	await page.keyboard.press('Enter');
};

async function joinsAndKeeps({ open }) {
	await withStory(aired(), async (story) => {
		const page = await open(story.url);
		await enterWifi(page, story);
		assert.equal(await page.textContent('h1'), 'It joins no Wi-Fi network.');
		assert.match(await page.textContent('#part-known'), /deck.*upper deck.*WPA3.*plant.*by a certificate.*as unit-7.*lacks its certificate/s);
		await press(page, 'join-0');
		await has(page, 'part-waiting', 'cannot be confirmed yet');
		assert.match(await page.textContent('#part-waiting'), /To join deck waits to be confirmed.*goes back by itself.*is being joined/s);
		assert.equal(await page.locator('#waiting-keep').count(), 0);
		assert.equal(await page.locator('#join-1, #forget-0').count(), 0, 'while it waits nothing else is changed');
		comesTrue(story.state);
		await look(page);
		await press(page, 'waiting-keep');
		await page.waitForSelector('#waiting', { state: 'detached' });
		assert.equal(story.state.change.waiting, false);
		assert.equal(await page.textContent('h1'), 'It has joined deck, by wlan0.');
		assert.match(await page.textContent('#part-wifi-now'), new RegExp(`${LINK.bssid}.*SAE.*CCMP.*2412 MHz.*-47 dBm`, 's'));

		await press(page, 'leave-wifi');
		assert.match(await page.textContent('#part-known'), /Whoever comes by it cannot come any more/);
		await press(page, 'leave-wifi-yes');
		await has(page, 'part-waiting', 'To leave deck');
		await press(page, 'waiting-back');
		await page.waitForSelector('#waiting', { state: 'detached' });
		assert.deepEqual([story.state.settings[0].value, story.state.change.waiting], ['deck', false]);
	});
}

async function makesKnown({ open }) {
	await withStory(aired(), async (story) => {
		const page = await open(story.url);
		await enterWifi(page, story);
		await page.fill('#wifi-name', 'Office Net');
		await page.fill('#wifi-secret', 'short');
		await press(page, 'add-wifi-send');
		assert.match(await page.textContent('#wifi-name-wrong'), /Small letters/);
		assert.match(await page.textContent('#wifi-ssid-wrong'), /Type it/);
		assert.match(await page.textContent('#wifi-secret-wrong'), /From 8 to 128/);
		assert.equal(await page.isVisible('#wifi-identity'), false);
		await page.fill('#wifi-name', 'deck');
		await press(page, 'add-wifi-send');
		assert.match(await page.textContent('#wifi-name-wrong'), /one of this name/);

		await page.fill('#wifi-name', 'office');
		await page.fill('#wifi-ssid', 'Office');
		await page.fill('#wifi-secret', SECRET);
		story.state.refuseWifi = { status: 400, body: { title: 'This is no network that could be joined', status: 400, detail: 'eight are kept', rule: 'wifi.full', next: 'forget one' } };
		await press(page, 'add-wifi-send');
		await page.waitForSelector('#add-wifi-failed .trouble');
		assert.deepEqual([await page.inputValue('#wifi-secret'), await page.getAttribute('#wifi-secret', 'type')], [SECRET, 'password']);
		story.state.refuseWifi = null;
		await press(page, 'add-wifi-send');
		await has(page, 'part-known', 'Office');
		assert.deepEqual([story.state.told.office, await page.inputValue('#wifi-secret')], [SECRET, '']);
		assert.ok(!(await page.content()).includes(SECRET), 'it is nowhere on the page');

		await page.selectOption('#wifi-kind', 'peap');
		await page.fill('#wifi-name', 'works');
		await page.fill('#wifi-ssid', 'Works');
		await page.fill('#wifi-secret', SECRET);
		await press(page, 'add-wifi-send');
		assert.match(await page.textContent('#wifi-domain-wrong'), /talks to no other/);
		assert.match(await page.textContent('#wifi-authority-wrong'), /Choose the certificate/);
		await page.fill('#wifi-identity', 'lamp');
		await page.fill('#wifi-domain', 'radius.example.net');
		await page.setInputFiles('#wifi-authority', { name: 'works.pem', mimeType: 'text/plain', buffer: Buffer.from(certificate('Works')) });
		await press(page, 'add-wifi-send');
		await has(page, 'part-known', 'as lamp');
		assert.match(story.state.added.authority, /^-----BEGIN CERTIFICATE-----/);
		assert.deepEqual([story.state.added.kind, story.state.added.identity, story.state.added.outer], ['peap', 'lamp', undefined]);

		await press(page, 'forget-2');
		assert.match(await page.textContent('#part-known'), /Its secret is gone with it/);
		await press(page, 'forget-2-yes');
		await page.waitForFunction(() => !document.querySelector('#part-known').textContent.includes('Office'));
	});
}

async function othersAreQuicker({ open }) {
	await withStory(aired(), async (story) => {
		const page = await open(story.url);
		await enterWifi(page, story);
		story.state.settings[0].version = 5;
		await press(page, 'join-0');
		await page.waitForSelector('#known-failed .trouble');
		assert.match(await page.textContent('#known-failed'), /Somebody else changed it first/);
		assert.equal(story.state.change.waiting, false);
		Object.assign(story.state, { change: { waiting: true, setting: 'firewall.mode', value: 'enforce', before: 'off', holds: true, word: 'x'.repeat(32) } });
		await look(page);
		await has(page, 'part-known', 'Another change waits');
		assert.equal(await page.locator('#waiting-keep').count(), 0, 'of another place it is not confirmed here');
		story.state.hideWifi = { status: 403, body: { title: 'You may not', status: 403, detail: '', rule: 'gate.permission', next: '' } };
		await look(page);
		await page.waitForFunction(() => document.querySelector('h1').textContent === 'This device does not tell you of its Wi-Fi.');
	});
}

async function hostileText({ open }) {
	await withStory(aired(), async (story) => {
		const page = await open(story.url);
		await enterWifi(page, story);
		for (const text of payloads) {
			const [one] = story.state.wifi.networks;
			Object.assign(one, { name: text, ssid: text, kind: text, identity: text });
			Object.assign(story.state.wifi, { network: 'deck', joined: false, why: text });
			story.state.change = { waiting: true, setting: 'wifi.network', value: text, before: text, holds: false, why: text };
			await look(page);
			await has(page, 'part-known', text);
			await has(page, 'part-waiting', text);
			Object.assign(story.state.wifi, { ...LINK, joined: true, network: text, link: text, authentication: text, cipher: text, bssid: text });
			await look(page);
			await has(page, 'part-wifi-now', text);
			assert.equal(await page.locator(FOREIGN).count(), 0, text);
		}
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });

async function everyLook({ open }) {
	await withStory(aired(), async (story) => {
		const page = await open(story.url, { width: 320 });
		await enterWifi(page, story);
		await page.selectOption('#wifi-kind', 'peap');
		story.state.change = { waiting: true, setting: 'wifi.network', value: 'deck', before: '', holds: true, word: 'w'.repeat(32) };
		Object.assign(story.state.wifi, { ...LINK, network: 'deck', joined: true });
		await look(page);
		await page.waitForSelector('#waiting-keep');
		const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
		await fitsEverywhere(page);
		await fitsWithLargeText(page);
	});
}

export const wifi = [
	['wifi: a network is joined, waits, is confirmed or taken back', joinsAndKeeps],
	['wifi: networks are made known and forgotten; secrets go one way and stay when refused', makesKnown],
	['wifi: somebody else was quicker, changes something else, or nothing is told', othersAreQuicker],
	['wifi: hostile text stays text', hostileText],
	['wifi: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing', everyLook],
];
