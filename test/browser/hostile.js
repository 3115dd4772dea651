// SPDX-License-Identifier: Apache-2.0
// Every page of the manufacturer's server, the staff's and everybody's, with something hostile in all that is stored (test/hostile): no script runs, nothing
// breaks the policy, nothing is asked of anybody else, and what the browser made of the page is elements and attributes of ours.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILD = process.env.TW_BUILD || fileURLToPath(new URL('../../build', import.meta.url));
const HEADER = readFileSync(fileURLToPath(new URL('../../src/formats/html.h', import.meta.url)), 'utf8');
const listed = (macro) => [...HEADER.match(new RegExp(`#define ${macro}\\(X\\)([^]*?[^\\\\])\\n`))[1].matchAll(/"([^"]+)"/g)].map((one) => one[1]);
const ELEMENTS = listed('TW_HTML_ELEMENTS');
const ATTRIBUTES = [...listed('TW_HTML_ATTRIBUTES'), 'href', 'action'];
const SAYS = ['value', 'aria-label', 'content', 'href', 'action'];

async function withHostile(test, skip) {
	if (!existsSync(join(BUILD, 'src/support/thingward-support')))
		skip('the support service is not built');
	const child = spawn('/usr/bin/python3', [fileURLToPath(new URL('../hostile/serve.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TW_BUILD: BUILD } });
	const ended = new Promise((go) => { child.on('exit', go); });
	try {
		const line = await Promise.race([new Promise((go) => { createInterface(child.stdout).once('line', go); }), ended]);
		assert.equal(typeof line, 'string', 'the server with hostile text did not start');
		await test(JSON.parse(line));
	} finally {
		child.stdin.end();
		await ended;
	}
}

// In the page, as the browser read it.
function strange([elements, attributes, says]) {
	const found = [];
	for (const one of document.querySelectorAll('*')) {
		const name = one.localName;
		if (name === 'script' && one.outerHTML === '<script src="/passkey.js" defer=""></script>')
			continue;
		if (!elements.includes(name) || one.namespaceURI !== 'http://www.w3.org/1999/xhtml')
			found.push(`element ${name}`);
		for (const { name: key, value } of one.attributes)
			if (!attributes.includes(key) || (/twx/i.test(value) && !says.includes(key)))
				found.push(`${key}="${value}" of ${name}`);
		for (const url of [one.href, one.action].filter((u) => typeof u === 'string' && u))
			if (!/^(https|mailto|tel):/.test(url) || (name !== 'a' && new URL(url).origin !== location.origin))
				found.push(`address ${url} of ${name}`);
	}
	return found;
}

async function everyPage({ open, skip }) {
	await withHostile(async ({ url, sessions, pages, receipt, wrong }) => {
		assert.deepEqual(wrong, []);
		assert.ok(pages.length > 50, `${pages.length} pages`);
		const faults = [], asked = [];
		const look = async (page, what) => {
			faults.push(...(await page.evaluate(strange, [ELEMENTS, ATTRIBUTES, SAYS])).map((one) => `${what}: ${one}`));
			faults.push(...(await page.evaluate(() => window.twViolations)).map((one) => `${what}: ${one}`));
		};
		for (const role of new Set(pages.map(([one]) => one))) {
			const page = await open('about:blank');
			await page.exposeFunction('twxran', () => faults.push(`${page.url()}: a script ran`));
			page.on('request', (request) => { if (!request.url().startsWith(`${url}/`)) asked.push(`${page.url()}: ${request.url()}`); });
			if (sessions[role])
				await page.context().addCookies([{ name: '__Host-session', value: sessions[role], url, secure: true, httpOnly: true, sameSite: 'Strict' }]);
			for (const [, path] of pages.filter(([one]) => one === role)) {
				const answer = await page.goto(`${url}${path}`);
				assert.ok(answer.status() < 500, `${path}: ${answer.status()}`);
				await look(page, path);
			}
			if (role === 'anyone') {
				await page.goto(`${url}/report/status`);
				await page.fill('#field-receipt', receipt);
				await page.click('main button');
				await page.waitForSelector('dl');
				await look(page, 'a report followed');
			}
		}
		assert.deepEqual([faults, asked], [[], []]);
	}, skip);
}

export const hostile = [['hostile: no page of the manufacturer\'s server runs, loads or obeys what was stored', everyPage]];
