// SPDX-License-Identifier: Apache-2.0
// One story on the real daemon: the owner gives somebody a role under a condition, lets him use a shared account, names an action and a recipient, leaves reading
// out of the log and writes a use notice, all on the page; each is read back by the tool, and what it does is seen in the other's browser.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { comeTo } from './browser.js';

const HOSTILE = '<i onmouseover=console.log("XSS-RAN")>i';
const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
const told = async (device, ...words) => (await device.ask({ tool: words })).answer;

async function goTo(page, device, place, box) {
	await comeTo(page, device.url, `access/${place}`, `#${box}`);
}

async function makeAccount(page, device, name, kind, role) {
	await goTo(page, device, 'accounts', 'account-roles-0');
	await page.fill('#account-name', name);
	await page.selectOption('#account-kind', kind);
	if (role)
		await page.check(`#account-roles input[value="${role}"]`);
	await page.click('#make-send');
	await has(page, 'part-all', name);
	return (await told(device, 'accounts', 'list')).accounts.find((one) => one.name === name).account;
}

async function codeFor(page, account) {
	await page.click(`#code-${account}`);
	await page.waitForSelector(`#account-${account} .code`);
	return page.textContent(`#account-${account} .code`);
}

// A role that counts at one place only is given, and begins to count when the device is there. @nist LA.RSM.6.1
async function conditionsCount(page, device, open) {
	const dana = await makeAccount(page, device, 'dana', 'person', '');
	await page.waitForSelector(`#give-${dana}-send`);
	await page.selectOption(`#role-${dana}`, 'operator');
	await page.click(`#summary-conditions-${dana}`);
	await page.fill(`#conditions-${dana}-places`, 'hall 3');
	await page.fill(`#conditions-${dana}-until`, '2001-01-01T00:00');
	await page.fill(`#conditions-${dana}-from`, '2002-01-01T00:00');
	await page.click(`#give-${dana}-send`);
	await has(page, `act-${dana}`, 'is not after');
	await page.fill(`#conditions-${dana}-until`, '');
	await page.fill(`#conditions-${dana}-from`, '');
	await page.fill(`#conditions-${dana}-networks`, '127.0.0.0/8 2001:db8::/32');
	await page.check(`#conditions-${dana}-doors input[value="https"]`);
	await page.fill(`#conditions-${dana}-sessions`, '3');
	await page.click(`#give-${dana}-send`);
	await has(page, `account-${dana}`, 'with 3 sessions at a time at most');
	const [{ role, conditions }] = (await told(device, 'accounts', 'read', dana)).assignments;
	assert.deepEqual({ role, conditions }, { role: 'operator', conditions: { networks: ['127.0.0.0/8', '2001:db8::/32'], doors: ['https'], sessions: 3, places: ['hall 3'] } });
	const other = await open(device.url);
	await other.waitForSelector('#code');
	await other.fill('#code', await codeFor(page, dana));
	await other.click('#enter');
	await has(other, 'part-trouble', 'gate.permission');
	await goTo(page, device, 'policy', 'value-logical-access-place');
	await page.fill('#value-logical-access-place', 'hall 3');
	await page.click('#save-logical-access-place');
	await has(page, 'outcome-logical-access-place', 'Saved: hall 3.');
	await look(other);
	await other.waitForSelector('#part-settings form');
	return [dana, other];
}

// @nist LA.RSM.6.4 LA.RSM.6.6: the member uses it under his own name beside it, and goes back
async function sharedCounts(page, device, dana, other) {
	const room = await makeAccount(page, device, 'control room', 'shared', 'operator');
	await goTo(page, device, 'shared', `summary-shared-${room}`);
	await page.click(`#summary-shared-${room}`);
	await page.fill(`#members-${room}`, dana);
	await page.click(`#summary-shared-conditions-${room}`);
	await page.fill(`#shared-conditions-${room}-sessions`, '1');
	await page.click(`#say-${room}-send`);
	await has(page, 'part-shared-all', '1 member');
	const said = await told(device, 'shared', 'read', room);
	assert.deepEqual([said.members, said.conditions], [[dana], { sessions: 1 }]);
	await goTo(other, device, 'shared', 'shared-id');
	await other.fill('#shared-id', room);
	await other.click('#use-send');
	await has(other, 'session', 'Signed in as control room');
	const open = (await told(device, 'sessions', 'list')).sessions.find((one) => one.account === room);
	assert.equal(open.member, dana);
	await other.click('#shared-back');
	await has(other, 'session', 'Signed in as dana');
	assert.equal((await told(device, 'sessions', 'list')).sessions.filter((one) => one.account === room).length, 0);
}

// @nist LA.RSM.6: what the action sets is set by who may not change settings
async function actionsCount(page, device, other) {
	await goTo(page, device, 'actions', 'action-roles-0');
	await page.fill('#action-name', 'night');
	await page.fill('#action-purpose', HOSTILE);
	await page.check('#action-roles input[value="operator"]');
	await page.selectOption('#action-setting', 'logical-access.mode');
	await page.fill('#action-value', 'asleep');
	await page.click('#action-send');
	await has(page, 'action-failed', 'rights.action');
	await page.fill('#action-value', 'maintenance');
	await page.click('#action-send');
	await has(page, 'part-actions-all', HOSTILE);
	await goTo(other, device, 'actions', 'do-name');
	await other.fill('#do-name', 'night');
	await other.click('#do-send');
	await has(other, 'do-failed', 'Logical access mode is maintenance now.');
	assert.equal((await told(device, 'settings', 'read', 'logical-access.mode')).value, 'maintenance');
	await page.click('#drop-action-0');
	await page.click('#drop-action-0-yes');
	await has(page, 'part-actions', 'names no action');
	await other.click('#do-send');
	await has(other, 'do-failed', 'rights.unknown');
}

// @nist LA.RSM.8: what the page hands out, its recipient opens and nobody else
async function recipientsCount(page, device) {
	const [key, certificate, file] = ['recipient.key', 'recipient.crt', 'shared.jwe'].map((name) => join(device.folder, name));
	const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=utility', '-days', '2', '-keyout', key, '-out', certificate], { encoding: 'utf8' });
	assert.equal(made.status, 0, made.stderr);
	await goTo(page, device, 'recipients', 'by-identity-0');
	await page.fill('#recipient-name', 'utility');
	await page.setInputFiles('#recipient-certificate', certificate);
	await page.check('#by-identity input[value="owner"]');
	await page.click('#recipient-send');
	await has(page, 'part-recipients-all', 'utility is given identity');
	await page.fill('#share-name', 'utility');
	await page.check('#share-data-log');
	await page.click('#share-send');
	await has(page, 'share-failed', 'sharing.role');
	await page.check('#share-data-identity');
	await page.click('#share-send');
	const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#sealed-file')]);
	await saved.saveAs(file);
	assert.match(await device.run('export', 'open', file, '--key', key, '--anchor', join(device.ca, 'ca.crt')), /utility.*identity/s);
}

// @nist LA.RSM.6.3.1
async function recordingCounts(page, device) {
	await goTo(page, device, 'recorded', 'leave-operation');
	await page.selectOption('#leave-operation', 'roles.list');
	await page.click('#leave-send');
	await has(page, 'part-left-out', 'roles.list');
	assert.equal((await told(device, 'audit-rules', 'read')).unrecorded, 'roles.list');
	await page.click('#record-0');
	await page.click('#record-0-yes');
	await has(page, 'part-recorded', 'Everything that is done here leaves a record');
}

// @nist LA.SUN.2 LA.SUN.3: counted as the device counts, accepted in another browser, seen in the log, and taken back
async function noticeCounts(page, device, dana, open) {
	await goTo(page, device, 'accounts', `code-${dana}`);
	const code = await codeFor(page, dana);
	await goTo(page, device, 'notice', 'notice-size');
	const full = `${HOSTILE}\n${'語'.repeat(40)}\n${'x\n'.repeat(19)}y`;
	await page.fill('#notice-text', full);
	assert.match(await page.textContent('#notice-size'), /, 22 of 22 lines/);
	await page.click('#write-send');
	await has(page, 'part-notice', 'Everybody accepts a use notice');
	assert.equal((await told(device, 'notice', 'read')).text, full, 'what the page counts as held, the device takes');
	const another = await open(device.url);
	await another.waitForSelector('#notice');
	assert.equal(await another.textContent('#notice'), full);
	await another.click('#accept');
	await another.fill('#code', code);
	await another.click('#enter');
	await another.waitForSelector('#part-log h2');
	await page.click('#accepted-send');
	await has(page, 'accepted', 'the present text');
	assert.match(await page.textContent('#accepted'), /dana.*by code.*the present text/s);
	await page.click('#notice-withdraw');
	await page.click('#notice-withdraw-yes');
	await has(page, 'part-notice', 'There is no use notice');
	assert.equal((await told(device, 'notice', 'read')).text, '');
}

// A cap of hours, whose name holds what an address has other uses for.
async function capsCount(page, device) {
	await goTo(page, device, 'sessions', 'cap-name');
	await page.selectOption('#cap-who', 'hours.');
	await page.fill('#cap-name', '22:00-06:00+01:00');
	await page.fill('#cap-most', '100');
	await page.click('#cap-send');
	await has(page, 'part-caps', 'At 22:00-06:00+01:00, all together');
	assert.ok((await told(device, 'session-caps', 'list')).caps.some((one) => one.cap === 'hours.22:00-06:00+01:00' && one.most === 100));
	await page.click('#clear-cap-0');
	await page.click('#clear-cap-0-yes');
	await has(page, 'part-caps', 'Nothing but what the device can hold');
}

export async function rulesHold(page, device, open) {
	const [dana, other] = await conditionsCount(page, device, open);
	await sharedCounts(page, device, dana, other);
	await actionsCount(page, device, other);
	await recipientsCount(page, device);
	await recordingCounts(page, device);
	await capsCount(page, device);
	await noticeCounts(page, device, dana, open);
}
