// SPDX-License-Identifier: Apache-2.0
// The places of access as the real daemon answers them, all on one device; and what pages of others, a frame of theirs or a name that leads to the
// device can do to them, which is nothing.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { axe, comeTo, openPage, overhang } from './browser.js';
import { secretsStayHidden } from './real-login.js';
import { rulesHold } from './real-rights.js';
import { signIn, withDevice } from './real.js';

const HOSTILE = '<b onclick=console.log("XSS-RAN")>b';
const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);

async function goTo(page, device, place, box) {
	await comeTo(page, device.url, place, `#${box}`);
}

async function reachHolds(page, device) {
	await goTo(page, device, 'access', 'who-made-it');
	const { answer } = await device.ask({ tool: ['access', 'list'] });
	const text = await page.textContent('#part-reach');
	for (const one of answer.access)
		assert.ok(text.includes(one.who), `${one.kind}: ${one.who}`);
	assert.ok(answer.access.some((one) => one.kind === 'manufacturer'));
	await page.fill('#why-operation', 'ownership.recover');
	await page.click('#why-send');
	await has(page, 'why-answer', 'You may not do this.');
	await page.fill('#why-operation', 'settings.change');
	await page.click('#why-send');
	await has(page, 'why-answer', 'You may do this.');
}

// An account is made with a role and a hostile name, comes in by its code in another browser, and is cut off there when it is suspended.
async function accountsHold(page, device, open) {
	await goTo(page, device, 'access/accounts', 'all-accounts');
	await page.waitForSelector('#account-roles-0');
	await page.fill('#account-name', HOSTILE);
	await page.check('#account-roles input[value="auditor"]');
	await page.click('#make-send');
	await page.waitForSelector('[id^="code-"]');
	const made = (await device.ask({ tool: ['accounts', 'list'] })).answer.accounts.find((one) => one.name === HOSTILE);
	assert.deepEqual(made.roles, ['auditor']);
	await page.click(`#code-${made.account}`);
	await page.waitForSelector(`#account-${made.account} .code`);
	const other = await open(device.url);
	await other.waitForSelector('#code');
	await other.fill('#code', await page.textContent(`#account-${made.account} .code`));
	await other.click('#enter');
	await other.waitForSelector('#part-log h2');
	await goTo(other, device, 'access/accounts', 'all-accounts');
	await other.fill('#account-name', 'mallory');
	await other.click('#make-send');
	await other.waitForSelector('#make-failed .trouble');
	assert.match(await other.textContent('#make-failed'), /gate\.permission/);
	await page.goto(`${device.url}#/access/sessions`);
	await has(page, 'part-open', HOSTILE);
	assert.equal(await page.locator('#part-open tbody tr').count(), 2);
	await page.goto(`${device.url}#/access/accounts`);
	await page.click(`#suspend-${made.account}`);
	await page.click(`#suspend-${made.account}-yes`);
	await page.waitForSelector(`#resume-${made.account}`);
	await other.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
	await other.waitForSelector('#code');
	await page.click(`#delete-${made.account}`);
	await page.click(`#delete-${made.account}-yes`);
	await page.waitForFunction((id) => !document.getElementById(id), `account-${made.account}`);
}

// A role and a rule of the organization are kept, decide, and go.
async function rightsHold(page, device) {
	await goTo(page, device, 'access/roles', 'roles');
	await page.waitForSelector('#role-permissions-0');
	await page.fill('#role-name', 'night-shift');
	await page.fill('#role-purpose', HOSTILE);
	await page.check('#role-inherits input[value="guest"]');
	await page.check('#role-permissions input[value="settings.read"]');
	await page.click('#role-send');
	await has(page, 'part-roles', HOSTILE);
	const made = (await device.ask({ tool: ['roles', 'list'] })).answer.roles.find((one) => one.name === 'night-shift');
	assert.ok(made.holds.includes('settings.read') && made.holds.includes('status.read'));
	await page.fill('#rule-name', 'no-emergency');
	await page.selectOption('#rule-permission', 'settings.read');
	await page.selectOption('#rule-role', 'night-shift');
	await page.fill('#rule-fact', 'logical-access.mode');
	await page.fill('#rule-value', 'emergency');
	await page.click('#rule-send');
	await has(page, 'part-rules', 'Settings read by the role night-shift is refused while logical-access.mode is emergency');
	await page.click('#drop-rule-0');
	await page.click('#drop-rule-0-yes');
	await has(page, 'part-rules', 'There is none.');
}

// From a page of somebody else's: shown in a frame, asked with whatever the browser would send along, and by a name that is not the device's.
async function othersDoNothing(browser, device) {
	const server = createServer((rq, rp) => rp.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!DOCTYPE html><title>x</title><iframe src="${device.url}#/access"></iframe>
		<form method="post" enctype="text/plain" action="${device.url}api/v1/accounts"><input name='{"name":"planted","kind":"person","x":"' value='"}'><button id="go">x</button></form>`));
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const { page, context } = await openPage(browser);
	try {
		await page.goto(`http://127.0.0.1:${server.address().port}/`);
		await page.waitForFunction(() => document.readyState === 'complete');
		assert.equal(page.frames()[1].url(), 'chrome-error://chromewebdata/', 'the page is shown in no frame');
		const sent = { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body: '{"name":"planted","kind":"person"}' };
		await page.evaluate(([url, options]) => fetch(`${url}api/v1/accounts`, options).catch(() => null), [device.url, sent]);
		assert.ok(await page.evaluate((url) => fetch(`${url}api/v1/access-list`).then(() => false, () => true), device.url), 'no page of others reads it');
		const [posted] = await Promise.all([page.waitForResponse((one) => one.request().method() === 'POST'), page.click('#go')]);
		assert.ok(posted.status() >= 400);
		const rebound = device.url.replace('127.0.0.1', 'rebound.example');
		for (const path of ['', 'access.js', 'api/v1/access-list'])
			assert.equal((await page.goto(rebound + path)).status(), 421, path);
	} finally {
		await context.close();
		server.close();
	}
	const { answer } = await device.ask({ tool: ['accounts', 'list'] });
	assert.deepEqual(answer.accounts.filter((one) => one.name === 'planted'), []);
}

async function rightsWork({ open, skip }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const page = await open(device.url);
		await signIn(page, device);
		await rulesHold(page, device, open);
	});
}

async function accessWorks({ open, skip, browser }) {
	await withDevice(skip, async (device) => {
		await device.ask({ take_over: true });
		const page = await open(device.url);
		await signIn(page, device);
		await reachHolds(page, device);
		await accountsHold(page, device, open);
		await rightsHold(page, device);
		await goTo(page, device, 'access/accounts', 'summary-account-a1');
		await page.setViewportSize({ width: 320, height: 640 });
		assert.equal(await overhang(page), 0);
		assert.deepEqual(await axe(page), []);
		await othersDoNothing(browser, device);
		await secretsStayHidden(page, device);
	});
}

export const realAccess = [['device: who can reach it and why; an account comes, is cut off and goes; a role and a rule; frames, pages and names of others get nowhere; a password is chosen and opens, and is seen nowhere', accessWorks],
	['device: a role under a condition, a shared account, an action, a recipient, what is recorded, a cap and a use notice, each made on the page, read back, and seen to count', rightsWork]];
