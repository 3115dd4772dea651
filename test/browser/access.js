// SPDX-License-Identifier: Apache-2.0
// The places of access, against the stand-in: who can reach the device and why somebody may not, accounts, sessions, roles and rules.

import assert from 'node:assert/strict';
import { HtmlValidate } from 'html-validate';
import { comeTo, fitsEverywhere, fitsWithLargeText } from './browser.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { healthy } from './stand-in.js';
import { inhabited } from './stand-in-access.js';

export const people = () => inhabited(healthy());
const READY = { 'access': '#part-reach h2', 'access-accounts': '#part-all details', 'access-sessions': '#part-open table', 'access-roles': '#part-roles details', 'access-notice': '#notice-size', 'access-shared': '#use-send', 'access-actions': '#action-send', 'access-policy': '#part-settings form', 'access-recipients': '#recipient-send', 'access-recorded': '#leave-send' };

export async function enterAccess(page, story, name = 'access') {
	await page.waitForSelector('#code, #accept');
	if (await page.isVisible('#accept'))
		await page.click('#accept');
	await signIn(page, story);
	await comeTo(page, story.url, name.replace('-', '/'), READY[name]);
}

export const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
export const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

async function whoCanReach({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		assert.equal(await page.textContent('h1'), '1 account and 1 other device or authority can come in over the network.');
		assert.match(await page.textContent('#part-reach'), /With an account.*alice.*bob.*Standing before it.*label.*Whoever made it.*Example Devices Ltd/s);
		story.state.reach.push({ kind: 'spirit', who: 'a medium', how: 'unheard of', may: 'speak' });
		await look(page);
		await has(page, 'part-reach', 'In another way');
		await page.fill('#why-operation', 'settings');
		await page.focus('#why-send');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#why-operation-wrong'), /two words and a dot/);
		await page.fill('#why-operation', 'settings.change');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#why-told');
		assert.match(await page.textContent('#why-answer'), /You may not do this\..*None of its roles permits it.*admin, owner.*gate\.permission/s);
		story.state.why = { ...story.state.why, rule: 'gate.rule', by: 'day-only' };
		await page.fill('#why-account', 'Bo');
		await page.waitForSelector('#why-account-offered option[value="bob (a2)"]', { state: 'attached' });
		assert.equal(await page.locator('#why-account-offered option').count(), 1);
		await page.click('#why-send');
		await has(page, 'why-account-wrong', 'Choose one of those that are offered'); // a part of a name is nobody
		await page.fill('#why-account', 'bob (a2)');
		await page.click('#why-send');
		await has(page, 'why-answer', 'rule “day-only”');
		assert.match(await page.textContent('#live'), /bob \(a2\) may not do this/);
	});
}

// Who may not know is told so, with the rule; nothing that was read before stays.
async function refusedToKnow({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		story.state.refuseAccess = { status: 403, body: { type: 'urn:thingward:problem:forbidden', title: 'Not permitted', status: 403, detail: 'it needs accounts.read', rule: 'gate.permission', next: 'Ask somebody who holds it.' } };
		await look(page);
		await has(page, 'part-access', 'does not tell you');
		assert.match(await page.textContent('#part-access'), /Ask somebody who holds it.*gate\.permission/s);
		assert.equal(await page.textContent('#part-reach'), '');
		await page.fill('#why-operation', 'settings.change');
		await page.click('#why-send');
		await page.waitForSelector('#why-failed .trouble');
		assert.equal(await page.inputValue('#why-operation'), 'settings.change');
	});
}

async function accountsLive({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		assert.equal(await page.textContent('h1'), '2 accounts, 1 of which cannot come in.');
		await page.click('#summary-changes');
		assert.match(await page.textContent('#changes'), /20 Nov 2026, 09:00.*rob a2.*Renamed to bob\..*owner:alice/s);
		await page.fill('#account-name', 'Carol');
		await page.selectOption('#account-kind', 'temporary');
		await page.fill('#account-days', '400');
		await page.click('#make-send');
		assert.match(await page.textContent('#account-days-wrong'), /1 to 366/);
		await page.fill('#account-days', '30');
		await page.check('#account-roles-1');
		await page.focus('#make-send');
		await page.keyboard.press('Enter');
		await has(page, 'part-all', 'Carol');
		assert.deepEqual(story.state.made, { name: 'Carol', kind: 'temporary', lifetime: 30 * 24 * 3600 });
		assert.deepEqual(story.state.accounts[2].roles, ['operator']);
		assert.equal(await page.inputValue('#account-name'), '', 'ready for the next');
		await page.waitForSelector('#untake-a3-0');
		assert.match(await page.textContent('#account-a3'), /operator.*until 1 Jan 2027.*by this door: over the network/s);
		await page.click('#code-a3');
		await has(page, 'account-a3', 'ABCDE-12345');
		await page.click('#untake-a3-0');
		await page.click('#untake-a3-0-yes');
		await has(page, 'account-a3', 'It has no role, so it may do nothing.');
		await page.selectOption('#role-a3', 'night');
		await page.click('#give-a3-send');
		await has(page, 'account-a3', ': night');
		await page.click('#suspend-a3');
		await page.click('#suspend-a3-yes');
		await page.waitForSelector('#resume-a3');
		await page.click('#resume-a3');
		await page.waitForSelector('#suspend-a3');
		await page.focus('#summary-account-a1');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#delete-a1');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'summary-account-a1', 'the focus stays where it was');
		await page.click('#delete-a1');
		assert.match(await page.textContent('#account-a1'), /Gone for good: the account, its roles, 1 certificate and 2 open sessions/);
		story.state.refuseAccess = { status: 409, body: { title: 'The last owner stays', status: 409, detail: 'nobody else could come in', rule: 'account.last-owner', next: 'make another owner first' } };
		await page.click('#delete-a1-yes');
		await page.waitForSelector('#act-a1 .trouble');
		assert.match(await page.textContent('#act-a1'), /last owner stays.*Make another owner first.*account\.last-owner/s);
		story.state.refuseAccess = null;
		await page.click('#drop-credential-a1-0');
		await page.click('#drop-credential-a1-0-yes');
		await page.waitForFunction(() => !document.querySelector('#drop-credential-a1-0'));
		await page.click('#delete-a3');
		await page.click('#delete-a3-yes');
		await page.waitForFunction(() => !document.querySelector('#account-a3'));
		assert.deepEqual(story.state.changes, ['DELETE /api/v1/role-assignments/a3.operator', 'PUT /api/v1/suspensions/a3', 'DELETE /api/v1/suspensions/a3', 'DELETE /api/v1/credentials/c1', 'DELETE /api/v1/accounts/a3']);
	});
}

const CONDITIONS = { until: '2026-12-31T23:00:00Z', days: ['mon', 'fri'], hours: ['08:00-17:30', '22:00-06:00'], zone: '+01:00', networks: ['192.0.2.0/24', '2001:db8::/32'], doors: ['https'], methods: ['client-certificate', 'passkey'], factors: 2, sessions: 3, modes: ['normal'], places: ['hall 3', 'yard'] };

// @nist LA.RSM.6.1: a role under conditions, which begin from what counts now, are refused as typed, and said in words
async function conditionsSaid({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		await page.click('#summary-account-a1');
		await page.selectOption('#role-a1', 'operator');
		await page.click('#summary-conditions-a1');
		assert.equal(await page.inputValue('#conditions-a1-zone'), '+01:00', 'the browser’s own');
		await page.fill('#conditions-a1-hours', '8-17');
		await page.click('#summary-conditions-a1');
		await page.focus('#give-a1-send');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#conditions-a1-hours-wrong'), /written as 08:00-17:30/);
		assert.ok(await page.isVisible('#conditions-a1-hours'), 'what is wrong is opened');
		await page.focus('#conditions-a1-from');
		await page.keyboard.type('12');
		await page.fill('#conditions-a1-hours', '');
		await page.click('#give-a1-send');
		assert.match(await page.textContent('#conditions-a1-from-wrong'), /Finish the date and the time/);
		await page.fill('#conditions-a1-from', '2027-01-01T00:00');
		await page.fill('#conditions-a1-from', '');
		await page.fill('#conditions-a1-until', '2027-01-01T00:00');
		await page.check('#conditions-a1-days input[value="mon"]');
		await page.check('#conditions-a1-days input[value="fri"]');
		await page.fill('#conditions-a1-hours', '08:00-17:30 22:00-06:00');
		await page.fill('#conditions-a1-networks', '192.0.2.0/24  2001:db8::/32');
		await page.check('#conditions-a1-doors input[value="https"]');
		await page.check('#conditions-a1-methods input[value="client-certificate"]');
		await page.check('#conditions-a1-methods input[value="passkey"]');
		await page.selectOption('#conditions-a1-factors', '2');
		await page.fill('#conditions-a1-sessions', '3');
		await page.check('#conditions-a1-modes input[value="normal"]');
		await page.fill('#conditions-a1-places', 'hall 3, yard');
		story.state.refuseRole = { status: 400, body: { title: 'This cannot be said of it', status: 400, detail: '', rule: 'account.conditions', next: 'say it otherwise' } };
		await page.click('#give-a1-send');
		await has(page, 'act-a1', 'account.conditions');
		story.state.accounts[1].state = 'active';
		await look(page);
		await page.waitForFunction(() => /2 accounts\./.test(document.querySelector('h1').textContent));
		assert.equal(await page.inputValue('#conditions-a1-places'), 'hall 3, yard', 'what was typed stays, also when the place is drawn anew');
		story.state.refuseRole = null;
		await page.click('#give-a1-send');
		await has(page, 'account-a1', 'with 2 factors or more');
		assert.deepEqual(story.state.given, { account: 'a1', role: 'operator', conditions: CONDITIONS });
		assert.match(await page.textContent('#account-a1'), /until 1 Jan 2027.*on Monday, Friday.*at 08:00-17:30, 22:00-06:00, by a clock at UTC\+01:00.*by this door: over the network.*proven by: a client certificate, a passkey.*with 3 sessions at a time at most.*in the mode normal.*at hall 3 or yard/s);
		story.state.given.conditions = { ...CONDITIONS, moon: 'full' };
		await page.selectOption('#role-a1', 'owner');
		assert.equal(await page.inputValue('#conditions-a1-places'), '', 'each role begins with its own');
		await look(page);
		await has(page, 'account-a1', 'Moon: full');
		await page.selectOption('#role-a1', 'operator');
		await page.fill('#conditions-a1-sessions', '');
		await page.click('#give-a1-send');
		await page.waitForFunction(() => !/3 sessions/.test(document.querySelector('#account-a1').textContent));
		const { sessions, ...rest } = CONDITIONS;
		assert.deepEqual(story.state.given.conditions, { ...rest, moon: 'full' }, 'the others stay, also what the page does not know');
		story.state.given.conditions = { hours: ['01:00-02:00'] };
		await look(page);
		await has(page, 'account-a1', 'at 01:00-02:00, UTC');
		assert.deepEqual([await page.inputValue('#conditions-a1-hours'), await page.inputValue('#conditions-a1-zone')], ['01:00-02:00', ''], 'where nothing was typed it begins from what counts; without a zone that is UTC');
		await page.fill('#conditions-a1-sessions', '5');
		story.state.given.conditions = { hours: ['03:00-04:00'] };
		await look(page);
		await has(page, 'meanwhile-a1', 'Somebody has changed these conditions meanwhile');
		assert.equal(await page.inputValue('#conditions-a1-sessions'), '5');
	});
}

async function accountChanged({ open }) {
	await withStory(people(), async (story) => {
		Object.assign(story.state.accounts[1], { kind: 'temporary', ends: '2027-01-01T00:00:00Z', uses_left: 3 });
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		await page.click('#summary-account-a2');
		await page.waitForSelector('#summary-more-a2');
		assert.match(await page.textContent('#account-a2'), /1 Jan 2027.*after 3 more logins/s);
		await page.focus('#summary-more-a2');
		await page.keyboard.press('Enter');
		await page.fill('#days-a2', '367');
		await page.click('#rename-a2-send');
		assert.match(await page.textContent('#days-a2-wrong'), /1 to 366/);
		await page.fill('#days-a2', '2');
		await page.fill('#name-a2', 'Robert');
		await page.click('#rename-a2-send');
		await has(page, 'account-a2', 'Robert');
		assert.deepEqual(story.state.put, { name: 'Robert', lifetime: 2 * 24 * 3600 });
		await page.fill('#group-a2', 'Day');
		await page.click('#join-a2-send');
		assert.match(await page.textContent('#group-a2-wrong'), /small letters/);
		await page.fill('#group-a2', 'day-shift');
		await page.click('#join-a2-send');
		await has(page, 'account-a2', 'In the group day-shift');
		await page.click('#leave-a2-0');
		await page.click('#leave-a2-0-yes');
		await page.waitForFunction(() => !/night-shift/.test(document.querySelector('#account-a2').textContent));
		await page.fill('#label-a2', 'tablet');
		await page.click('#enrol-a2-send');
		assert.match(await page.textContent('#certificate-a2-wrong'), /Choose the file/);
		await page.setInputFiles('#certificate-a2', { name: 'a.crt', mimeType: 'text/plain', buffer: Buffer.from('-----BEGIN CERTIFICATE-----') });
		await page.click('#enrol-a2-send');
		await page.waitForSelector('#drop-credential-a2-0');
		assert.deepEqual(story.state.enrolled, { account: 'a2', label: 'tablet', certificate: '-----BEGIN CERTIFICATE-----' });
		assert.deepEqual(story.state.changes, ['PUT /api/v1/accounts/a2', 'DELETE /api/v1/group-members/a2.night-shift']);
	});
}

// The account is there, and what of its roles was refused is told by the rule.
async function roleRefused({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-accounts');
		story.state.refuseRole = { status: 403, body: { title: 'You may do less than this role', status: 403, detail: 'it holds more', rule: 'account.cover', next: 'ask an owner' } };
		await page.fill('#account-name', 'Dave');
		await page.check('#account-roles-0');
		await page.click('#make-send');
		await page.waitForSelector('#make-failed .trouble');
		assert.match(await page.textContent('#make-failed'), /Dave is made, and was not given the role owner:.*account\.cover/s);
		await has(page, 'part-all', 'Dave');
	});
}

async function sessionsEnd({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-sessions');
		assert.equal(await page.textContent('h1'), '2 sessions are open.');
		assert.match(await page.textContent('#part-open'), /This one is yours/);
		await page.click('#end-session-s2');
		story.state.sessions.unshift({ ...story.state.sessions[1], session: 's0' });
		await look(page);
		await has(page, 'part-sessions', '3 sessions');
		assert.equal(await page.locator('#part-open [id^="end-session-"][id$="-yes"]').count(), 1);
		await page.click('#end-session-s2-yes');
		await page.waitForFunction(() => !document.querySelector('#end-session-s2'));
		assert.deepEqual(story.state.sessions.map((one) => one.session), ['s0', 's1'], 'the one that was asked about, wherever it stands by now');
		await page.selectOption('#cap-who', 'role.operator');
		await page.fill('#cap-most', '129');
		await page.click('#cap-send');
		assert.match(await page.textContent('#cap-most-wrong'), /1 to 128/);
		await page.fill('#cap-most', '3');
		await page.click('#cap-send');
		await has(page, 'part-caps', 'All who have the role operator, together');
		assert.deepEqual(story.state.caps[1], { cap: 'role.operator', most: 3 });
		await page.selectOption('#cap-who', 'hours.');
		await page.fill('#cap-name', '22-6');
		await page.fill('#cap-most', '1');
		await page.click('#cap-send');
		assert.match(await page.textContent('#cap-name-wrong'), /The hours: As 22:00-06:00/);
		await page.fill('#cap-name', '22:00-06:00+01:00');
		await page.click('#cap-send');
		await has(page, 'part-caps', 'At 22:00-06:00+01:00, all together');
		await page.selectOption('#cap-who', 'parameter.');
		await page.fill('#cap-name', 'application.battery<20');
		await page.fill('#cap-most', '2');
		await page.click('#cap-send');
		await has(page, 'part-caps', 'While application.battery<20, all together');
		assert.deepEqual(story.state.caps.slice(2), [{ cap: 'hours.22:00-06:00+01:00', most: 1 }, { cap: 'parameter.application.battery<20', most: 2 }]);
		await page.selectOption('#cap-who', 'role.operator');
		await page.fill('#cap-name', 'x');
		await page.click('#cap-send');
		assert.match(await page.textContent('#cap-name-wrong'), /Leave it empty/);
		await page.click('#clear-cap-0');
		await page.click('#clear-cap-0-yes');
		await page.waitForFunction(() => !/none of its own/.test(document.querySelector('#part-caps').textContent));
		story.state.sessions.push({ ...story.state.sessions[1], session: 's3', own: false, member: 'a2' });
		await look(page);
		await has(page, 'part-open', 'used by bob');
		await page.click('#end-all-a1');
		await page.click('#end-all-a1-yes');
		await page.waitForFunction(() => /^0 sessions/.test(document.querySelector('h1').textContent));
	});
}

async function rightsChange({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-roles');
		assert.equal(await page.textContent('h1'), '1 role and 1 rule of your own stand beside what is built in.');
		await page.focus('#summary-role-1');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#role-1'), /Settings change.*Changes one setting\..*Settings read.*Every setting\./s, 'in the words of the operations that need it');
		assert.match(await page.textContent('#part-rules'), /Settings change by the role operator is refused while logical-access\.mode is emergency/);
		await page.fill('#role-name', 'Day Shift');
		await page.click('#role-send');
		assert.match(await page.textContent('#role-name-wrong'), /small letters/);
		await page.fill('#role-name', 'day-shift');
		await page.fill('#role-purpose', 'who is here by day');
		await page.check('#role-inherits input[value="operator"]');
		await page.check('#role-permissions input[value="settings.change"]');
		story.state.refuseAccess = { status: 403, body: { title: 'You do not hold this', status: 403, detail: 'settings.change', rule: 'role.cover', next: 'ask an owner' } };
		await page.click('#role-send');
		await page.waitForSelector('#role-failed .trouble');
		assert.ok(await page.isChecked('#role-permissions input[value="settings.change"]'), 'what was chosen stays');
		story.state.refuseAccess = null;
		await page.click('#role-send');
		await has(page, 'part-roles', 'day-shift');
		assert.deepEqual(story.state.put, { purpose: 'who is here by day', inherits: 'operator', permissions: 'settings.change' });
		assert.equal(await page.locator('#role-form :checked').count(), 0);
		await page.fill('#rule-name', 'clock');
		await page.selectOption('#rule-permission', 'settings.change');
		await page.check('#rule-effect-require');
		await page.fill('#rule-fact', 'time.trusted');
		await page.fill('#rule-value', 'on');
		await page.click('#rule-send');
		await has(page, 'part-rules', 'Settings change by anybody is refused unless time.trusted is on');
		assert.deepEqual(story.state.put, { permission: 'settings.change', role: '', effect: 'require', fact: 'time.trusted', is: 'equal', value: 'on' });
		await page.click('#drop-rule-0');
		await page.click('#drop-rule-0-yes');
		await page.waitForFunction(() => !/day-only/.test(document.querySelector('#part-rules').textContent));
		await page.click('#summary-role-3');
		await page.click('#drop-role-3');
		await page.click('#drop-role-3-yes');
		await page.waitForFunction(() => !/night/.test(document.querySelector('#part-roles').textContent));
	});
}

function filledWith(text) {
	const state = people();
	state.reach.forEach((one) => Object.assign(one, { who: text, how: text, may: text }));
	state.reach.push({ kind: text, who: text, how: text, may: text });
	state.accounts.forEach((one) => Object.assign(one, { name: text, kind: text, state: text, roles: [text], groups: [text], made_by: text, login_how: text, login_from: text }));
	state.conditions = { [text]: text };
	state.credentials.forEach((one) => Object.assign(one, { kind: text, label: text, key: text, made: text }));
	state.sessions.forEach((one) => Object.assign(one, { name: text, how: text, source: text, opened: text }));
	state.caps = [{ cap: text, most: text }, { cap: `role.${text}`, most: 1 }];
	state.roles.forEach((one) => Object.assign(one, { name: text, from: text, purpose: text, holds: [text] }));
	state.rules.forEach((one) => Object.assign(one, { name: text, effect: text, permission: text, role: text, fact: text, is: text, value: text }));
	state.done.forEach((one) => Object.assign(one, { at: text, account: text, name: text, what: text, by: text }));
	state.why = { operation: text, permission: text, allowed: false, rule: text, by: text, roles: [text], needs: [text] };
	return state;
}

async function hostileText({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story);
		await page.click('#place-access-accounts');
		await page.click('#summary-account-a1');
		await page.waitForSelector('#delete-a1');
		for (const text of payloads) {
			story.state = filledWith(text);
			for (const [place, part] of [['access', 'part-reach'], ['access-accounts', 'part-all'], ['access-sessions', 'part-open'], ['access-roles', 'part-roles']]) {
				await page.click(`#place-${place}`);
				await page.waitForSelector(`#place-${place}[aria-current="page"]`);
				await look(page);
				await has(page, part, text);
				assert.equal(await page.locator(FOREIGN).count(), 0, text);
			}
		}
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });

// One page for all looks of a place: what differs is the window, the colours and the size of the text.
export const everyLook = (name, more, state = people) => [`access: ${name}: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing`, async ({ open }) => {
	await withStory(state(), async (story) => {
		const page = await open(story.url, { width: 320 });
		await enterAccess(page, story, name);
		await more(page);
		const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
		await fitsEverywhere(page);
		await fitsWithLargeText(page);
	});
}];

export const access = [
	['access: who can reach the device, by door, and why somebody may not do something', whoCanReach],
	['access: who may not know is told by which rule', refusedToKnow],
	['access: an account is made, given and denied roles and a code, suspended and deleted', accountsLive],
	['access: a role under conditions, each of them said, refused, kept and changed', conditionsSaid],
	['access: an account gets another name, more time, groups and a certificate', accountChanged],
	['access: a role that is refused leaves the account without it, and is told', roleRefused],
	['access: sessions are ended, one and all of an account; caps come and go', sessionsEnd],
	['access: roles in words; a role and a rule of the organization come and go', rightsChange],
	['access: hostile text stays text in every field', hostileText],
	everyLook('access', async (page) => { await page.fill('#why-operation', 'settings.change'); await page.click('#why-send'); await page.waitForSelector('#why-told'); }),
	everyLook('access-accounts', async (page) => { await page.click('#summary-account-a1'); await page.click('#summary-conditions-a1'); await page.click('#summary-more-a1'); await page.click('#code-a1'); await page.waitForSelector('#account-a1 .code'); await page.click('#delete-a1'); }),
	everyLook('access-sessions', async (page) => { await page.click('#end-session-s2'); }),
	everyLook('access-roles', async (page) => { await page.click('#summary-role-3'); await page.click('#drop-role-3'); }),
];
