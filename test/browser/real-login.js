// SPDX-License-Identifier: Apache-2.0
// A password that the real daemon keeps: chosen in one's own place, wrong and right at the door, and afterwards looked for in all that the page shows
// and keeps, in all that the device answers, and in every file that it writes.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { typeLogin } from './login.js';

const CHOSEN = 'seven mild otters paddle';
const WRONG = 'seven mild badgers paddle';
const forms = (secret) => [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64').slice(0, -2), encodeURIComponent(secret)];

function assertNowhere(texts) {
	for (const [where, text] of texts)
		for (const secret of [CHOSEN, WRONG].flatMap(forms))
			assert.ok(!text.includes(secret), `${where} holds what was typed`);
}

// Of a device that runs: a file may go while it is being looked at.
function filesOf(folder) {
	return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile()).map((one) => join(one.path, one.name)).flatMap((name) => {
		try {
			return [[name, readFileSync(name, 'latin1')]];
		} catch {
			return [];
		}
	});
}

// @nist LA.AS.3: from the field to the log
export async function secretsStayHidden(page, device) {
	const seen = [];
	page.on('request', (request) => seen.push(['an address', request.url()]));
	page.on('console', (message) => seen.push(['the console', message.text()]));
	page.on('response', async (reply) => seen.push([`an answer to ${reply.url()}`, await reply.text().catch(() => '')]));
	const shown = async () => (await page.evaluate(() => [document.documentElement.outerHTML, document.body.innerText, JSON.stringify({ ...localStorage, ...sessionStorage })])).map((text) => ['the page', text]);

	await page.goto(`${device.url}#/account`);
	await page.waitForSelector('#own-fresh');
	const name = await page.inputValue('#own-account');
	await page.fill('#own-fresh', CHOSEN);
	await page.fill('#own-again', CHOSEN);
	assertNowhere(await shown());
	await page.click('#own-password-send');
	await typeLogin(page, name, WRONG);
	await page.waitForSelector('#login-failed .trouble');
	assert.match(await page.textContent('#login-failed'), /access\.login/);
	assertNowhere(await shown());
	await typeLogin(page, name, CHOSEN);
	await page.waitForSelector('#came-before');
	assert.match(await page.textContent('#came-before'), /by code from 127\.0\.0\.1/);
	assertNowhere(await shown());
	const records = await device.ask({ tool: ['log', 'read', '--all'] });
	const files = filesOf(device.folder);
	assert.ok(files.some(([file]) => /\/log\//.test(file)), 'the log is among them');
	assert.ok(JSON.stringify(records).includes('login.open'), 'the tries are in the log');
	assertNowhere([...seen, ...files, ['the log', JSON.stringify(records)]]);
}
