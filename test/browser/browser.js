// SPDX-License-Identifier: Apache-2.0
// One headless Chromium for all tests, and for each test a fresh context that notes what must never happen: a script
// that was not ours, a breach of the content security policy, an uncaught error, a request to anywhere else.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const CHROMIUM = process.env.TW_CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
	'--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP pump.example 127.0.0.1, MAP desk.example 127.0.0.1']; // a name of somebody else's that has come to lead to the device, and one of the owner's, and a server's
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const haveBrowser = () => existsSync(CHROMIUM);

// prepare: gets its home before it starts.
export async function openBrowser(prepare = () => {}) {
	const home = mkdtempSync(join(tmpdir(), 'tw-browser-'));
	prepare(home);
	const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home } });
	return { browser, close: async () => { await browser.close(); rmSync(home, { recursive: true, force: true }); } };
}

// A page with its list of faults. `look` may set width, dark, zoom (200 % text), timezone; strict: certificates that nobody vouches for are refused.
export async function openPage(browser, look = {}) {
	const context = await browser.newContext({
		ignoreHTTPSErrors: !look.strict,
		viewport: { width: look.width || 1280, height: look.height || 900 },
		colorScheme: look.dark ? 'dark' : 'light',
		reducedMotion: 'reduce',
		timezoneId: look.timezone || 'Europe/Berlin',
		locale: 'en-GB',
	});
	await context.addInitScript(() => {
		window.twViolations = [];
		document.addEventListener('securitypolicyviolation', (event) => window.twViolations.push(`${event.violatedDirective} ${event.blockedURI}`));
	});
	const page = await context.newPage();
	const faults = [];
	page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
	page.on('dialog', (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
	page.on('console', (message) => { if (/Content Security Policy|Trusted Type|XSS-RAN/.test(message.text())) faults.push(message.text()); });
	page.setDefaultTimeout(20000); // for a machine that does other things too
	return { page, context, faults };
}

export async function largeText(page) {
	await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
}

export async function axe(page) {
	await page.evaluate(axeSource);
	const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
	return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

export const violations = (page) => page.evaluate(() => window.twViolations);

// How far anything is wider than its place; 0 when nothing scrolls sideways.
export const overhang = (page) => page.evaluate(() => Math.max(document.scrollingElement.scrollWidth - innerWidth,
	...[document.body, document.querySelector('main')].map((box) => box.scrollWidth - box.clientWidth), 0));

// By its address, and there: places share names of parts, so the one before must be gone before any is waited for.
export async function comeTo(page, url, place, box) {
	await page.goto(`${url}#/${place}`);
	await page.waitForSelector(`#place-${place.replace('/', '-')}[aria-current="page"]`, { state: 'attached' });
	await page.waitForSelector(box);
}

// By the navigation, which stands behind a button where there is little room; a place of another group, which it does not show, by its address.
export async function goTo(page, name) {
	const turn = page.locator('#places-turn');
	await turn.waitFor({ state: 'attached' });
	if (!await page.locator(`#place-${name}`).count()) {
		await page.evaluate((hash) => { location.hash = hash; }, `#/${name.replace('-', '/')}`);
		await page.waitForSelector(`#place-${name}[aria-current="page"]`, { state: 'attached' });
		return;
	}
	if (await turn.isVisible() && await turn.getAttribute('aria-expanded') === 'false')
		await turn.click();
	await page.click(`#place-${name}`);
	await page.waitForSelector(`#place-${name}[aria-current="page"]`, { state: 'attached' });
}

// Fits at every width, light and dark, and axe finds nothing.
export async function fitsEverywhere(page, more = () => {}) {
	for (const [width, colorScheme] of [[320, 'light'], [320, 'dark'], [1280, 'light']]) {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme });
		assert.equal(await overhang(page), 0);
		assert.deepEqual(await axe(page), []);
		await more(width);
	}
}

// The last look at a page, as its text stays large.
export async function fitsWithLargeText(page) {
	await page.setViewportSize({ width: 640, height: 900 });
	await largeText(page);
	assert.equal(await overhang(page), 0);
}
