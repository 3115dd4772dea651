// SPDX-License-Identifier: Apache-2.0
// All is lost, on the real daemon: a browser asks for recovery, somebody at the device confirms it at the console or holds its button, the page goes on to
// take-over with the secret that the console alone tells, and what opened the device before opens it no more.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { axe, fitsEverywhere } from './browser.js';

const HELD_MS = 5000;
const tokenOf = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('thingward.token')).token);

// Beside the page, which would go away at a refusal. As a browser would, it does not look at the device's certificate.
function statusOf(device, way) {
	return new Promise((done, fail) => request(`${device.url}api/v1/settings`, { agent: false, rejectUnauthorized: false, ...way }, (reply) => done(reply.resume().statusCode)).on('error', fail).end());
}

const bySession = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const byCertificate = (device) => ({ cert: readFileSync(join(device.owner, 'owner.crt')), key: readFileSync(join(device.owner, 'owner.key')) });

async function ask(open, device) {
	const page = await open(device.url);
	await page.waitForSelector('#recover');
	await page.click('#recover');
	await page.click('#ask-recovery');
	return [page, await page.textContent('#recovery-code'), Date.now()];
}

// The console is shown the same code as the page, and ends nothing for another.
async function byConsole(device, page, code) {
	const { said } = await device.ask({ console: 'recover' });
	assert.ok(said.includes(`Type ${code}`), said);
	return (await device.ask({ console: code })).said;
}

// A press that is too short first. What is held counts from when it went down, which has to be after the page asked; then the console tells a secret to whoever asks it.
async function byButton(device, page, code, asked) {
	assert.match(await page.textContent('main'), /hold its button for five seconds/);
	assert.match((await device.ask({ press: 10 })).said, /presence\.hold/);
	await fitsEverywhere(page);
	assert.equal(await page.textContent('h1'), 'Now confirm it at the device.', 'a short press ends nothing');
	await page.waitForTimeout(Math.max(0, asked + HELD_MS + 300 - Date.now()));
	assert.match((await device.ask({ press: HELD_MS })).said, /confirmed/);
	const { said } = await device.ask({ console: 'recover' });
	return (await device.ask({ console: said.split('Type ').at(-1).split(' ')[0] })).said;
}

// The page that asked goes on by itself; the secret of before is refused there, and the new one opens.
async function takeOver(device, page, before, secret) {
	await page.waitForSelector('#go-on');
	assert.equal(await page.textContent('h1'), 'Ownership has ended.');
	assert.ok(!(await page.content()).includes(secret), 'the page is never told it');
	await page.click('#go-on');
	await page.waitForSelector('#secret');
	await page.fill('#owner', 'Berta');
	await page.fill('#secret', before);
	await page.click('#take');
	await page.waitForSelector('.trouble');
	await page.fill('#secret', secret);
	await page.click('#take');
	await page.waitForSelector('#console-code');
	await device.ask({ console: await page.textContent('#console-code') });
	await page.click('#go-on');
	await page.waitForSelector('#part-log h2');
	assert.match(await page.textContent('#part-log'), /Berta/);
}

// old: who is in by his session, and beside it by his certificate. button: the device has one.
export async function recovers(old, device, open, button) {
	let secret = device.label.secret;
	let ways = [bySession(await tokenOf(old)), byCertificate(device)];
	for (const confirm of button ? [byConsole, byButton] : [byConsole]) {
		const [page, code, asked] = await ask(open, device);
		assert.deepEqual(await axe(page), []);
		assert.deepEqual(await Promise.all(ways.map((way) => statusOf(device, way))), ways.map(() => 200), 'asking ends nothing');
		const before = secret;
		const said = await confirm(device, page, code, asked);
		secret = said.split('shown only now: ')[1]?.slice(0, 32);
		assert.match(secret || said, /^[0-9a-f]{32}$/);
		await takeOver(device, page, before, secret);
		assert.deepEqual(await Promise.all(ways.map((way) => statusOf(device, way))), ways.map(() => 401), 'what opened before opens no more');
		ways = [bySession(await tokenOf(page))];
		assert.equal(await statusOf(device, ways[0]), 200);
	}
	await old.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	await old.waitForSelector('#code');
}
