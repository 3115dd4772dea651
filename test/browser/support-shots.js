// SPDX-License-Identifier: Apache-2.0
// Pictures of the manufacturer's server's pages with an ordinary week in it (test/hostile/ordinary.py), to be looked at by a person:
//   node support-shots.js DIRECTORY [WORD...]     only pages whose address holds one of the words (after: those behind forms); each as FORMS has it
//   TW_FORMS=en,narrow                            only these forms

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openBrowser, openPage } from './browser.js';

const [folder, ...words] = process.argv.slice(2);
if (!folder) {
	console.error('node support-shots.js DIRECTORY [WORD...]');
	process.exit(2);
}
const FORMS = { en: { width: 1280 }, de: { width: 1280, language: 'de' }, dark: { width: 1280, dark: true }, narrow: { width: 320, language: 'de' }, print: { width: 760, print: true } };
const chosen = (process.env.TW_FORMS ?? Object.keys(FORMS).join()).split(',');
mkdirSync(folder, { recursive: true });

const server = spawn('/usr/bin/python3', [fileURLToPath(new URL('../hostile/ordinary.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
const said = JSON.parse(await new Promise((go) => { createInterface(server.stdout).once('line', go); }));
const { browser, close } = await openBrowser();

const inLanguage = (path, form) => `${path}${path.includes('?') ? '&' : '?'}lang=${form.language ?? 'en'}`;

async function photograph(page, name, path, form) {
	await page.goto(`${said.url}${inLanguage(path, form)}`);
	if (form.print)
		await page.emulateMedia({ media: 'print' });
	await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

async function asRole(role, paths, of) {
	const form = FORMS[of], { page, context } = await openPage(browser, form);
	if (said.sessions[role])
		await context.addCookies([{ name: '__Host-session', value: said.sessions[role], url: said.url, secure: true, httpOnly: true, sameSite: 'Strict' }]);
	for (const path of paths)
		await photograph(page, `${role === 'anyone' ? '' : `${role}-`}${path.slice(1).replace(/[^\w]+/g, '-').slice(0, 70) || 'home'}.${of}`, path, form);
	await context.close();
}

// What a form answers to a person who may follow or open something by a secret: it has no address.
async function behindForms(of) {
	const form = FORMS[of], { page, context } = await openPage(browser, form);
	const shows = async (name, path, fields, action = path) => {
		await page.goto(`${said.url}${inLanguage(path, form)}`);
		for (const [key, value] of Object.entries(fields))
			await page.fill(`form[action="${action}"] [name="${key}"]`, value);
		await page.click(`form[action="${action}"] button`);
		await page.waitForLoadState();
		if (form.print)
			await page.emulateMedia({ media: 'print' });
		await page.screenshot({ path: join(folder, `${name}.${of}.png`), fullPage: true });
		await page.emulateMedia({ media: 'screen' });
	};
	await shows('after-report-status', '/report/status', { receipt: said.receipts[0] });
	await shows('after-report-status-refused', '/report/status', { receipt: '0000-0000-0000-0000-0000-0000-0000' });
	await shows('after-report-files', '/report/status', { receipt: said.receipts[6] });
	await shows('after-report', '/report', { description: 'The room is cold.' });
	await shows('after-report-empty', '/report', { description: ' ' });
	await shows('after-question', '/question?kind=configuration', { description: 'Where is the manual?' }, '/question');
	await shows('after-account', '/account', { key: said.customer });
	await shows('after-account-new', '/account', {}, '/account/new');
	await shows('after-subscriptions', '/subscriptions', { recipient: 'bea@stadtwerke.example' });
	await context.close();
}

try {
	const pages = said.pages.filter(([, path]) => !words.length || words.some((word) => path.includes(word)));
	for (const of of chosen) {
		for (const role of new Set(pages.map(([one]) => one)))
			await asRole(role, pages.filter(([one]) => one === role).map(([, path]) => path), of);
		if (!words.length || words.includes('after'))
			await behindForms(of);
	}
	console.log(`${pages.length} pages in ${folder}`);
} finally {
	await close();
	server.stdin.end();
}
