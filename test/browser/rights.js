// SPDX-License-Identifier: Apache-2.0
// Against the stand-in, the places where an organization says how its device is used: the use notice, shared accounts, actions, how strict coming in is, recipients
// and what is recorded.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { enterAccess, everyLook, has, look, people } from './access.js';
import { goTo } from './browser.js';
import { GOOD, crowd, typeLogin } from './login.js';
import { FOREIGN, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { inhabited } from './stand-in-access.js';
import { digestOf, noticed, sharing } from './stand-in-rights.js';

const OLD = 'For staff of the works alone.';
const FRESH = 'Only for staff.\nWhat is done here is recorded.';
const refusal = (rule, title, next) => ({ status: 403, body: { type: 'urn:thingward:problem:forbidden', title, status: 403, detail: '', rule, next } });

export const together = () => sharing(people());
export const told = () => noticed(people(), OLD);

// @nist LA.SUN.2: written, shown as it will look, held to its size, and taken back
async function noticeWritten({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-notice');
		assert.equal(await page.textContent('h1'), 'There is no use notice: nothing has to be accepted.');
		await page.click('#write-send');
		assert.match(await page.textContent('#notice-text-wrong'), /Type what is to be accepted/);
		await page.fill('#notice-text', `${'é'.repeat(80)}x\n\n${'語'.repeat(41)}\n`);
		assert.equal(await page.textContent('#notice-size'), `${160 + 1 + 2 + 123 + 1} of 1760 bytes, 5 of 22 lines of 80 columns.`, 'as the device counts them');
		await page.click('#summary-notice-console');
		assert.equal(await page.textContent('#notice-as-console'), `${'é'.repeat(80)}\nx\n\n${'語'.repeat(40)}\n語`);
		await page.fill('#notice-text', 'x\n'.repeat(23));
		await page.click('#write-send');
		assert.match(await page.textContent('#notice-text-wrong'), /1760 bytes in 22 lines of 80 columns\. Write less/);
		assert.deepEqual(story.state.changes, [], 'what cannot be shown is not sent');
		await page.fill('#notice-text', FRESH);
		assert.equal(await page.textContent('#notice-as-page'), FRESH);
		story.state.refuseAccess = refusal('gate.permission', 'Not permitted', 'ask an owner');
		await page.focus('#write-send');
		await page.keyboard.press('Enter');
		await has(page, 'write-failed', 'gate.permission');
		assert.match(await page.textContent('#write-failed'), /Ask an owner/);
		assert.equal(await page.inputValue('#notice-text'), FRESH, 'what was typed stays');
		story.state.refuseAccess = null;
		await page.keyboard.press('Enter');
		await has(page, 'part-notice', 'Everybody accepts a use notice');
		assert.equal(story.state.notice.text, FRESH);
		assert.match(await page.textContent('#part-notice-now'), /Only for staff\.\nWhat is done here is recorded\..*by owner:alice/s);
		await page.click('#notice-withdraw');
		await page.click('#notice-withdraw-yes');
		await has(page, 'part-notice', 'There is no use notice');
		await page.click('#summary-notice-1');
		assert.match(await page.textContent('#part-notice-before'), /taken back by.*written by.*What is done here/s);
		assert.deepEqual(story.state.changes, ['PUT /api/v1/notice', 'DELETE /api/v1/notice']);
	});
}

// @nist LA.SUN.3: who has accepted what, as the log says, further back at each press
async function noticeAccepted({ open }) {
	await withStory(told(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-notice');
		assert.equal(await page.inputValue('#notice-text'), OLD);
		assert.equal(await page.textContent('#accepted'), '');
		await page.click('#accepted-send');
		await has(page, 'accepted', 'records of the log looked at');
		assert.match(await page.textContent('#accepted'), /bob.*by password.*the present text.*alice.*for a client certificate.*an earlier text.*somebody at the device.*at the console.*the present text.*there are no older ones/s);
		assert.equal(await page.locator('#accepted-send').count(), 0);
		await page.fill('#notice-text', FRESH);
		story.state.notice = { text: 'Of somebody else.', digest: digestOf('Of somebody else.') };
		await look(page);
		await page.waitForSelector('#notice-meanwhile .note');
		assert.equal(await page.inputValue('#notice-text'), FRESH);
		assert.match(await page.textContent('#part-notice-now'), /Of somebody else/);
	});
}

// @nist LA.SUN.2.1: what each display of the product's says that it shows; none, and nothing is said of displays
async function noticeDisplayed({ open }) {
	await withStory(told(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-notice');
		assert.equal(await page.textContent('#part-notice-displays'), '');
		const panel = { display: 'panel', help: 'The display on its front.', shows: 'current', columns: 20, lines: 4, pages: 2, simulated: false };
		story.state.displays = [panel, { ...panel, display: 'door', shows: 'absent', columns: 0, lines: 0, pages: 0 }];
		await look(page);
		await has(page, 'part-notice-displays', 'panel, The display on its front: it shows what counts now, in 2 pages of 4 lines of 20 columns.');
		await has(page, 'part-notice-displays', 'door, The display on its front: it is not there.');
		story.state.displays = [{ ...panel, shows: 'former', simulated: true }, { ...panel, shows: 'silent', pages: 1 }];
		await look(page);
		await has(page, 'part-notice-displays', 'it does not show what counts now, in 2 pages of 4 lines of 20 columns; it only pretends.');
		await has(page, 'part-notice-displays', 'it has not said what it shows, in 1 page of');
	});
}

// Hostile text in every field of the notice stays text.
async function noticeHostile({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-notice');
		for (const text of payloads) {
			story.state.notice = { text, digest: digestOf(text) };
			story.state.displays = [{ display: text, help: text, shows: text, columns: 20, lines: text, pages: 1, simulated: false }];
			story.state.notices = [{ version: 1, text, notice: text, changed: text, by: text }];
			story.state.records = [{ seq: 9, type: 'event', time: text, event: 'notice.accepted', account: text, how: text, notice: text }];
			await look(page);
			await has(page, 'part-notice-before', text);
			assert.equal(await page.locator(FOREIGN).count(), 0, text);
		}
		await page.click('#accepted-send');
		await has(page, 'accepted', payloads.at(-1));
		assert.equal(await page.locator(FOREIGN).count(), 0);
	});
}

// @nist LA.RSM.6.4 LA.RSM.6.5: members and conditions said, changed and taken back
async function sharedSaid({ open }) {
	await withStory(together(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-shared');
		assert.equal(await page.textContent('h1'), '1 of 2 shared accounts may be used.');
		await page.click('#summary-shared-a7');
		await has(page, 'shared-a7', 'by owner:alice');
		assert.match(await page.textContent('#shared-a7'), /alice, bob.*at 06:00-22:00, by a clock at UTC\+01:00.*with 2 sessions at a time at most.*by owner:alice/s);
		await page.click('#summary-shared-a8');
		await page.focus('#say-a8-send');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#members-a8-wrong'), /Choose who may use it/);
		await page.fill('#members-a8', 'o');
		await page.waitForSelector('#members-a8-offered option', { state: 'attached' });
		assert.deepEqual(await page.locator('#members-a8-offered option').evaluateAll((all) => all.map((one) => one.value)), ['bob (a2)'], 'none that is shared itself');
		await page.fill('#members-a8', 'bob (a2)');
		await page.keyboard.press('Enter');
		assert.equal(await page.textContent('#members-a8-list'), 'bob Take out');
		assert.deepEqual([await page.inputValue('#members-a8'), story.state.changes], ['', []], 'it is put in, and nothing is sent');
		await page.click('#summary-shared-conditions-a8');
		await page.fill('#shared-conditions-a8-hours', '22:00-06:00');
		story.state.refuseAccess = refusal('account.cover', 'Not permitted', 'ask an owner');
		await page.click('#say-a8-send');
		await has(page, 'told-a8', 'account.cover');
		story.state.refuseAccess = null;
		Object.assign(story.state.shared.a7, { members: ['a1', 'a2', 'a99'], said: '2026-11-21T08:00:00Z' });
		await look(page);
		await has(page, 'shared-a7', 'a99');
		assert.match(await page.textContent('#told-a8'), /account\.cover/, 'a refusal stays when the place is drawn anew');
		assert.equal(await page.textContent('#members-a8-list'), 'bob Take out', 'what was chosen stays');
		assert.match(await page.textContent('#members-a7-list'), /alice.*bob.*a99/, 'a member that there is no more');
		await page.click('#say-a8-send');
		await has(page, 'shared-a8', 'at 22:00-06:00');
		assert.deepEqual(story.state.put, { members: 'a2', conditions: { hours: ['22:00-06:00'], zone: '+01:00' } });
		await page.click('#members-a7-out-a2');
		await page.click('#say-a7-send');
		await page.waitForFunction(() => /2 members/.test(document.querySelector('#summary-shared-a7').textContent));
		assert.deepEqual(story.state.put, { members: 'a1 a99', conditions: { hours: ['06:00-22:00'], zone: '+01:00', sessions: 2 } }, 'what counts now is where it begins');
		await page.click('#unsay-a7');
		await page.click('#unsay-a7-yes');
		await page.waitForFunction(() => /Used by nobody/.test(document.querySelector('#summary-shared-a7').textContent));
		assert.deepEqual(story.state.changes, ['PUT /api/v1/shared-accounts/a8', 'PUT /api/v1/shared-accounts/a7', 'DELETE /api/v1/shared-accounts/a7']);
	});
}

// One's own session waits while a shared account's takes its place, and ends with it at the latest.
async function sharedUsed({ open }) {
	await withStory(noticed(together(), OLD), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-shared');
		await page.fill('#shared-id', '7');
		await page.click('#use-send');
		assert.match(await page.textContent('#shared-id-wrong'), /letter a and a number/);
		await page.fill('#shared-id', 'a7');
		story.state.refuseAccess = refusal('shared.members', 'This shared account is not yours to use now', 'ask who says it');
		await page.click('#use-send');
		await page.click('#use-failed #accept');
		await has(page, 'use-failed', 'shared.members');
		assert.equal(await page.inputValue('#shared-id'), 'a7');
		story.state.refuseAccess = null;
		await page.click('#use-send');
		await page.click('#use-failed #accept');
		await page.waitForSelector('#shared-back');
		assert.deepEqual(story.state.opened, { account: 'a7', notice: digestOf(OLD) });
		assert.match(await page.textContent('#time-left'), /Signed in as control room/);
		await page.click('#shared-back');
		await page.waitForFunction(() => !document.querySelector('#shared-back'));
		assert.equal(story.state.ended, 1, 'the shared one is closed');
		assert.equal(await page.textContent('h1'), '1 of 2 shared accounts may be used.');
		await page.click('#summary-shared-a7');
		await page.click('#use-a7');
		await page.click('#told-a7 #accept');
		await page.waitForSelector('#shared-back');
		await page.click('#sign-out');
		await page.waitForSelector('#code, #accept');
		assert.equal(story.state.ended, 3, 'signing out ends both');
	});
}

// @nist LA.RSM.6 LA.RSM.6.2
async function actionsNamed({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-actions');
		assert.equal(await page.textContent('h1'), 'Your organization names 2 actions.');
		assert.match(await page.textContent('#part-actions-all'), /night.*lets the heating sleep.*Application mode becomes eco.*operator, night.*Nothing is set; that it was done stands in the log/s);
		await page.click('#do-0');
		await has(page, 'actions-failed', 'Done: Application mode is eco now.');
		await page.fill('#action-name', 'Day');
		await page.fill('#action-value', 'x');
		await page.focus('#action-send');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#action-name-wrong'), /small letters/);
		assert.match(await page.textContent('#action-roles-wrong'), /Choose who may do it/);
		assert.match(await page.textContent('#action-value-wrong'), /Choose the setting/);
		await page.fill('#action-name', 'day');
		await page.check('#action-roles input[value="operator"]');
		await page.selectOption('#action-setting', 'logical-access.mode');
		await page.fill('#action-value', 'normal');
		story.state.refuseAccess = refusal('rights.more', 'Nobody gives what he does not hold', 'ask somebody who holds it');
		await page.click('#action-send');
		await has(page, 'action-failed', 'rights.more');
		assert.equal(await page.inputValue('#action-value'), 'normal');
		story.state.refuseAccess = null;
		await page.click('#action-send');
		await has(page, 'part-actions-all', 'Logical access mode becomes normal');
		assert.deepEqual(story.state.put, { purpose: '', roles: 'operator', setting: 'logical-access.mode', value: 'normal' });
		await page.click('#take-2');
		assert.equal(await page.inputValue('#action-setting'), 'logical-access.mode');
		assert.ok(await page.isChecked('#action-roles input[value="operator"]'));
		await page.fill('#do-name', 'day');
		story.state.refuseAccess = refusal('gate.permission', 'Not permitted', 'ask somebody who holds one of its roles');
		await page.click('#do-send');
		await has(page, 'do-failed', 'gate.permission');
		story.state.refuseAccess = null;
		await page.click('#drop-action-0');
		await page.click('#drop-action-0-yes');
		await page.waitForFunction(() => !/heating/.test(document.querySelector('#part-actions-all').textContent));
		assert.deepEqual(story.state.changes, ['POST /api/v1/actions/night', 'PUT /api/v1/actions/day', 'DELETE /api/v1/actions/night']);
	});
}

// @nist LA.AIM.1 LA.RSM.5.4: the whole list of what needs no login, what wants a fresh one, and the settings of access
async function strictness({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-policy');
		assert.equal(await page.textContent('h1'), '1 thing can be asked of it without signing in; 1 wants a fresh login.');
		assert.match(await page.textContent('#part-free'), /Whether it works.*health\.read/s);
		await page.focus('#summary-fresh-list');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#fresh-list'), /Changes one setting/);
		assert.ok(await page.isChecked('#free-may input[value="health.read"]'));
		await page.uncheck('#free-may input[value="health.read"]');
		await page.check('#free-may input[value="status.read"]');
		Object.assign(story.state.settings[0], { value: 'health.read status.read', version: 4 });
		await look(page);
		await has(page, 'free-meanwhile', 'Somebody has changed it meanwhile');
		assert.ok(!await page.isChecked('#free-may input[value="health.read"]'), 'another’s change takes no choice away');
		story.state.refuseAccess = refusal('settings.version', 'The setting was changed meanwhile', 'look again');
		await page.click('#free-send');
		await has(page, 'free-failed', 'settings.version');
		assert.ok(await page.isChecked('#free-may input[value="status.read"]'), 'the choice stays');
		story.state.refuseAccess = null;
		await page.click('#free-send');
		await page.waitForFunction(() => /as you said/.test(document.querySelector('#live').textContent));
		assert.equal(story.state.settings[0].value, 'status.read');
		assert.equal(await page.locator('#part-settings form').count(), 2, 'those that have a place of their own stand there alone');
		await page.check('#emergency-logical-access-mode');
		await page.click('#save-logical-access-mode');
		await has(page, 'outcome-logical-access-mode', 'Saved: emergency.');
		await page.check('#off-logical-access-step-up');
		await page.click('#save-logical-access-step-up');
		await page.waitForFunction(() => /nothing wants a fresh login/.test(document.querySelector('h1').textContent));
	});
}

// @nist LA.RSM.8: listed, given something, changed, removed
async function recipientsListed({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-recipients');
		assert.equal(await page.textContent('h1'), 'Data of this device may be given to 1 recipient.');
		await page.click('#summary-recipient-0');
		assert.match(await page.textContent('#recipient-0'), /billing.*operator or owner.*by nobody.*person, service.*owners alone/s);
		await page.fill('#share-name', 'utility');
		await page.check('#share-data-identity');
		await page.focus('#share-send');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#sealed-file');
		assert.deepEqual(story.state.put, { data: 'identity' });
		const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#sealed-file')]);
		assert.equal(saved.suggestedFilename(), 'utility-identity.jwe');
		assert.equal(readFileSync(await saved.path(), 'utf8'), 'e30.AA.BB.CC.DD');
		await page.click('#take-recipient-0');
		assert.equal(await page.inputValue('#recipient-purpose'), 'billing');
		await page.check('#by-log input[value="owner"]');
		story.state.recipients[0] = { ...story.state.recipients[0], purpose: 'by somebody else' };
		await page.click('#recipient-send');
		await has(page, 'recipient-failed', 'Somebody has changed it meanwhile');
		assert.equal(story.state.recipients[0].purpose, 'by somebody else', 'nothing that nobody saw is replaced');
		story.state.refuseAccess = refusal('rights.owners', 'An owner put this here', 'ask an owner');
		await page.click('#recipient-send');
		await has(page, 'recipient-failed', 'rights.owners');
		await look(page);
		await has(page, 'part-recipients', 'not tell you its recipients');
		assert.ok(await page.isChecked('#by-log input[value="owner"]'), 'what is chosen stays, though the roles are not told now');
		story.state.refuseAccess = null;
		await page.click('#recipient-send');
		await has(page, 'part-recipients-all', 'telemetry, log, identity');
		assert.deepEqual(story.state.put, { purpose: 'billing', certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', telemetry: 'owner operator', log: 'owner', identity: 'owner', kinds: 'person service' });
		await page.fill('#recipient-name', 'insurer');
		await page.click('#recipient-send');
		assert.match(await page.textContent('#recipient-certificate-wrong'), /Choose the file/);
		await page.setInputFiles('#recipient-certificate', { name: 'i.crt', mimeType: 'text/plain', buffer: Buffer.from('PEM') });
		await page.click('#recipient-send');
		await has(page, 'part-recipients-all', 'insurer is given nothing');
		await page.click('#summary-recipient-0');
		await page.click('#drop-recipient-0');
		await page.click('#drop-recipient-0-yes');
		await page.waitForFunction(() => !/utility/.test(document.querySelector('#part-recipients-all').textContent));
	});
}

// @nist LA.RSM.6.3.1
async function readingLeftOut({ open }) {
	await withStory(people(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-recorded');
		assert.equal(await page.textContent('h1'), '1 way of reading leaves no record.');
		assert.deepEqual(await page.locator('#leave-operation option').allTextContents(), ['Choose what is read', 'settings.list: Every setting.', 'names.read: By what names it is reached'], 'neither changes nor reading the log');
		story.state.unrecorded = 'health.read names.read'; // by somebody else, meanwhile
		await page.selectOption('#leave-operation', 'settings.list');
		story.state.refuseAccess = refusal('gate.permission', 'Not permitted', 'ask an auditor');
		await page.focus('#leave-send');
		await page.keyboard.press('Enter');
		await has(page, 'leave-failed', 'Ask an auditor');
		assert.equal(await page.inputValue('#leave-operation'), 'settings.list');
		story.state.refuseAccess = null;
		story.state.unrecorded = 'health.read names.read settings.list';
		await look(page);
		await page.waitForFunction(() => /^3 ways/.test(document.querySelector('h1').textContent));
		await page.click('#leave-send');
		assert.match(await page.textContent('#leave-operation-wrong'), /Choose what is to leave no record/, 'never another one that nobody chose');
		story.state.unrecorded = 'health.read names.read';
		await look(page);
		await page.waitForFunction(() => /^2 ways/.test(document.querySelector('h1').textContent));
		assert.equal(await page.inputValue('#leave-operation'), 'settings.list');
		await page.focus('#leave-send');
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => /^3 ways/.test(document.querySelector('h1').textContent));
		assert.equal(story.state.unrecorded, 'health.read names.read settings.list', 'what somebody else has said stays');
		await page.click('#record-0');
		await page.click('#record-0-yes');
		await page.waitForFunction(() => /^2 ways/.test(document.querySelector('h1').textContent));
		assert.equal(story.state.unrecorded, 'names.read settings.list');
	});
}

// @nist LA.RSM.5.4: what gives somebody a way in is done after a login in a dialog, with what was chosen; in a shared account's session, which has no login, it is refused
async function dangerous({ open }) {
	await withStory(sharing(inhabited(crowd())), async (story) => {
		const page = await open(story.url);
		await typeLogin(page);
		await page.waitForSelector('#part-log h2');
		Object.assign(story.state, { careful: true, fresh: false });
		await page.goto(`${story.url}#/access/shared`);
		await page.click('#summary-shared-a8');
		await page.fill('#members-a8', 'a2'); // typed, and not put in
		await page.click('#say-a8-send');
		await page.waitForSelector('#prove[open] #password');
		assert.deepEqual(story.state.changes, [], 'nothing is done before');
		await page.fill('#password', GOOD);
		await page.keyboard.press('Enter');
		await has(page, 'shared-a8', '1 member');
		assert.deepEqual([story.state.put, story.state.changes], [{ members: 'a2' }, ['PUT /api/v1/shared-accounts/a8']]);
		await page.fill('#shared-id', 'a7');
		await page.click('#use-send');
		await page.waitForSelector('#shared-back');
		Object.assign(story.state, { fresh: false, proof: '' });
		await page.click('#say-a8-send');
		await has(page, 'told-a8', 'Log in again first.');
		assert.equal(await page.locator('#prove').count(), 0);
	});
}

const PLACES = [['access-shared', 'part-shared-all'], ['access-actions', 'part-actions-all'], ['access-recipients', 'part-recipients-all'], ['access-recorded', 'part-left-out'], ['access-policy', 'part-settings']];

// Who may not know is told by which rule, in each place.
async function refusedEverywhere({ open }) {
	await withStory(together(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-shared');
		story.state.refuseAccess = refusal('gate.permission', 'Not permitted', 'ask somebody who holds it');
		for (const [place, part] of [...PLACES.slice(0, 4), ['access-policy', 'part-free']]) {
			await goTo(page, place);
			await has(page, 'main', 'Ask somebody who holds it.');
			assert.match(await page.textContent('h1'), /does not tell you/);
			assert.equal(await page.textContent(`#${part}`), '');
		}
	});
}

function filledWith(text) {
	const state = together();
	state.accounts.forEach((one) => Object.assign(one, { name: text, roles: [text], groups: [text] }));
	Object.assign(state.shared.a7, { members: [text], conditions: { [text]: text, networks: [text] }, by: text });
	state.actions.forEach((one) => Object.assign(one, { name: text, purpose: text, roles: text, setting: text, value: text }));
	state.recipients.forEach((one) => Object.assign(one, { name: text, purpose: text, certificate: text, telemetry: text, kinds: text }));
	state.unrecorded = text.replaceAll(' ', '\u00a0');
	state.settings.forEach((one) => Object.assign(one, { help: text, changed_by: text, version: 1 }));
	state.roles.forEach((one) => Object.assign(one, { name: text, purpose: text }));
	return state;
}

async function hostile({ open }) {
	await withStory(together(), async (story) => {
		const page = await open(story.url);
		await enterAccess(page, story, 'access-shared');
		for (const text of payloads) {
			story.state = filledWith(text);
			for (const [place, part] of PLACES) {
				await goTo(page, place);
				await has(page, part, place === 'access-recorded' ? text.replaceAll(' ', '\u00a0') : text);
				assert.equal(await page.locator(FOREIGN).count(), 0, text);
			}
		}
	});
}

export const rights = [
	['rights: the use notice is written, previewed, held to its size, refused and taken back', noticeWritten],
	['rights: who has accepted the use notice; one that is changed meanwhile keeps what was typed', noticeAccepted],
	['rights: what the product’s own displays show of the notice', noticeDisplayed],
	['rights: hostile text in the use notice stays text', noticeHostile],
	['rights: who may use a shared account, under which conditions, is said, refused, changed and taken back', sharedSaid],
	['rights: a shared account is used in the place of one’s own, by its notice, and left', sharedUsed],
	['rights: what is dangerous asks for a login in a dialog, but not in the session of a shared account', dangerous],
	['rights: actions are named, done, refused, changed and removed', actionsNamed],
	['rights: what needs no login, what wants a fresh one, and the settings of access', strictness],
	['rights: recipients are listed, given something sealed, changed and removed', recipientsListed],
	['rights: reading is left out of the log and recorded again', readingLeftOut],
	['rights: who may not know is told by which rule', refusedEverywhere],
	['rights: hostile text stays text in every place', hostile],
	everyLook('access-shared', async (page) => { await page.click('#summary-shared-a7'); await page.click('#summary-shared-conditions-a7'); await page.click('#unsay-a7'); await page.click('#use-send'); }, together),
	everyLook('access-actions', async (page) => { await page.click('#drop-action-0'); await page.click('#action-send'); }),
	everyLook('access-policy', async (page) => { await page.click('#summary-fresh-list'); }),
	everyLook('access-recipients', async (page) => { await page.click('#summary-recipient-0'); await page.fill('#share-name', 'utility'); await page.click('#share-send'); await page.waitForSelector('#sealed-file'); await page.click('#summary-key-0'); }),
	everyLook('access-recorded', async (page) => { await page.click('#record-0'); }),
	everyLook('access-notice', async (page) => { await page.fill('#notice-text', FRESH); await page.click('#accepted-send'); await has(page, 'accepted', 'records'); await page.click('#summary-notice-console'); }, told),
];
