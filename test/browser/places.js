// SPDX-License-Identifier: Apache-2.0
// The places beside home, against the stand-in: which device this is, and which other devices may talk to it. What is changed is
// changed there, a refusal keeps what was typed, what cannot be had back is asked twice, and hostile text stays text.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { HtmlValidate } from 'html-validate';
import { axe, goTo, largeText, overhang } from './browser.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { healthy, list } from './stand-in.js';

const IDENTIFIER = 'urn:dev:ops:32473-T1-00000007';
const KEY = 'ab'.repeat(32);
const FINDINGS = [{ kind: 'changed', by: 'md5', path: '/usr/bin/lamp' }, { kind: 'missing', by: 'name', path: '/usr/share/lamp/a-picture-with-a-rather-long-name-in-a-folder.png' },
	{ kind: 'unknown-executable', by: 'elf', path: '/usr/local/bin/planted' }];

async function enter(page, story, name) {
	await page.waitForSelector('#code');
	await signIn(page, story);
	await goTo(page, name);
}

export function peopled() {
	const state = healthy();
	state.assignments = [{ kind: 'person', name: 'Ada Lovelace', contact: 'ada@example.com', reference: 'Room 4', since: '2026-11-20T08:00:00Z', by: 'owner:alice' },
		{ kind: 'nobody', name: '', contact: '', reference: '', since: '2026-11-19T08:00:00Z', by: 'owner:alice' }];
	state.peers = { peers: [{ identifier: IDENTIFIER, key: KEY }], anchors: [{ name: 'building', not_after: '2036-11-21T00:00:00Z' }], revoked: [{ anchor: 'building', serial: '0badc0de' }],
		suspected: [{ identifier: IDENTIFIER, why: 'its counter did not rise', source: '192.0.2.9', first: '2026-11-20T09:00:00Z', last: '2026-11-21T09:00:00Z', times: 3 }] };
	state.lists = [list('building', 7), list('An authority whose name is longer than one would like to have it in a table', 12, true), list('', 3)];
	state.keys = [{ name: 'door', public: 'MFkw', fingerprint: 'cd'.repeat(32) }];
	state.local = { enrolled: true, url: 'https://est.example.com', anchors: '', certificate: state.identity.certificate, since: '2026-11-20T08:00:00Z', not_after: '2027-11-20T08:00:00Z' };
	state.policies = [{ name: 'read-only', subject: 'urn:dev:ops:32473-T1', target: '', operation: 'identity.read', allow: true },
		{ name: 'not-seven', subject: IDENTIFIER, target: '', operation: 'identity.read', allow: false }];
	state.packages = [['busybox', '1.36.1-9', 'The BusyBox Maintainers', 'GPL-2.0-only'], ['libc6', '2.36-9+deb12u4', 'GNU Libc Maintainers', ''], ['lamp', '2.1-1', 'Lamps Inc', 'MIT']]
		.map(([name, version, supplier, licence]) => ({ name, version, architecture: 'arm64', purl: `pkg:deb/debian/${name}@${version}?arch=arm64`, ...(supplier ? { supplier } : {}), ...(licence ? { licence } : {}) }));
	state.files = { checked_before: true, ended: '2026-11-21T11:00:00Z', listed: 3, owned: 900, checked: 800, executables: 120, changed: 1, missing: 1, unknown: 1, unread: 4, skipped: 2, broken: 0, findings: FINDINGS };
	return state;
}

async function assigns({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'identity');
		assert.equal(await page.textContent('h1'), 'This is Thermostat T1, number 00000042/K.');
		assert.match(await page.textContent('#part-assigned'), /Nobody\./);
		await page.click('#assign-send');
		assert.match(await page.textContent('#name-wrong'), /Type a name/);
		await page.fill('#name', 'Boiler control');
		await page.check('#kind-process');
		story.state.refuseAssign = { status: 503, body: { title: 'The device cannot write', status: 503, detail: 'the disk is full', rule: 'store.full', next: 'make room' } };
		await page.click('#assign-send');
		await page.waitForSelector('#assign-failed .trouble');
		assert.match(await page.textContent('#assign-failed'), /cannot write.*store\.full/s);
		assert.equal(await page.inputValue('#name'), 'Boiler control');
		story.state.refuseAssign = null;
		await page.focus('#assign-send');
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => document.querySelector('#part-assigned').textContent.includes('Boiler control'));
		assert.deepEqual(story.state.assignments.map((one) => [one.kind, one.name]), [['process', 'Boiler control']]);
		assert.equal(await page.locator('#assign-failed .trouble').count(), 0);
		assert.match(await page.textContent('#live'), /Assigned to Boiler control/);
		await page.click('#unassign');
		await page.click('#unassign-no');
		assert.equal(story.state.assignments.length, 1, 'asked twice');
		await page.click('#unassign');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'unassign-yes');
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => /Nobody\./.test(document.querySelector('#part-assigned').textContent));
		await page.click('#place-home');
		await page.waitForSelector('#part-log h2');
		assert.match(await page.textContent('#part-identity'), /Assigned tonobody/);
	});
}

async function showsTheLabel({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'identity');
		await page.fill('#label', 'XX1:1');
		await page.click('#scan-send');
		assert.match(await page.textContent('#label-wrong'), /begins with TW1:/);
		await page.fill('#label', 'TW1:7:00000043');
		await page.click('#scan-send');
		await page.waitForSelector('#scan-failed .trouble');
		assert.match(await page.textContent('#scan-failed'), /another device.*label\.other/s);
		await page.fill('#label', story.state.label);
		await page.click('#scan-send');
		await page.waitForSelector('#scan-failed .done');
		assert.match(await page.textContent('#scan-failed'), /belongs to this device: 00000042\/K/);
	});
}

async function takesTheReport({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'identity');
		await page.fill('#nonce', 'short');
		await page.click('#report-send');
		assert.match(await page.textContent('#nonce-wrong'), /base64url/);
		await page.fill('#nonce', '');
		await page.click('#report-send');
		await page.waitForSelector('#report-file');
		assert.match(story.state.asked.nonce, /^[A-Za-z0-9_-]{43}$/, 'a fresh number of 32 bytes');
		const first = story.state.asked.nonce;
		assert.ok((await page.textContent('#report-failed')).includes(first), 'the number to check it with');
		const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#report-file')]);
		assert.equal(saved.suggestedFilename(), 'report.json');
		assert.deepEqual(JSON.parse(readFileSync(await saved.path(), 'utf8')), { format: 'jwt', report: 'e30.e30.AA' });
		await page.click('#report-send');
		await page.waitForFunction((before) => !document.querySelector('#report-failed').textContent.includes(before), first);
	});
}

async function letsOthersTalk({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'peers');
		assert.equal(await page.textContent('h1'), 'No other device may talk to this one.');
		await page.fill('#device-identifier', 'seven');
		await page.fill('#device-key', 'abc');
		await page.click('#device-send');
		assert.match(await page.textContent('#device-identifier-wrong'), /looks like urn:dev:ops/);
		assert.match(await page.textContent('#device-key-wrong'), /64 digits/);
		await page.fill('#device-identifier', IDENTIFIER);
		await page.fill('#device-key', KEY.toUpperCase().match(/../g).join(':'));
		story.state.refusePeer = { status: 409, body: { title: 'The list is full', status: 409, detail: 'it has 32 devices', rule: 'peer.full', next: 'remove one' } };
		await page.click('#device-send');
		await page.waitForSelector('#device-failed .trouble');
		assert.equal(await page.inputValue('#device-identifier'), IDENTIFIER);
		story.state.refusePeer = null;
		await page.click('#device-send');
		await page.waitForFunction((id) => document.querySelector('#part-devices').textContent.includes(id), IDENTIFIER);
		assert.deepEqual(story.state.peers.peers, [{ identifier: IDENTIFIER, key: KEY }]);
		assert.equal(await page.inputValue('#device-identifier'), '', 'ready for the next');
		assert.match(await page.textContent('#part-peers'), /no rule admits any/);
		await page.fill('#rule-name', 'read-only');
		await page.fill('#rule-subject', IDENTIFIER);
		await page.fill('#rule-operation', 'identity.read');
		await page.click('#rule-send');
		await page.waitForFunction(() => document.querySelector('h1').textContent === 'One rule admits other devices.');
		assert.deepEqual(story.state.policies, [{ name: 'read-only', subject: IDENTIFIER, operation: 'identity.read', target: '', allow: true }]);
		story.state.peersSwitch.value = 'off';
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForFunction(() => /switched off/.test(document.querySelector('#part-peers').textContent));
	});
}

async function takesBack({ open }) {
	await withStory(peopled(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'peers');
		await page.click('#drop-authority-building');
		assert.match(await page.textContent('#part-authorities'), /what you revoked of it goes with it/);
		await page.click('#drop-authority-building-yes');
		await page.waitForFunction(() => !document.querySelector('#part-authorities').textContent.includes('Good until'));
		assert.deepEqual(story.state.peers.anchors, []);
		assert.match(await page.textContent('#part-suspected'), /may have a double.*its counter did not rise, from 192\.0\.2\.9; 3 times since/s);
		await page.click('#clear-0');
		await page.click('#clear-0-yes');
		await page.waitForFunction(() => document.querySelector('#part-suspected').textContent === '');
		assert.deepEqual(story.state.peers.suspected, []);
		await page.click('#drop-rule-not-seven');
		await page.click('#drop-rule-not-seven-yes');
		await page.waitForFunction(() => !document.querySelector('#part-rules').textContent.includes('not-seven'));
		await page.click('#drop-device-0');
		await page.click('#drop-device-0-yes');
		await page.waitForFunction(() => /There is none/.test(document.querySelector('#part-devices').textContent));
		assert.match(await page.textContent('#live'), /is a stranger now/);
		assert.deepEqual(story.state.policies.map((one) => one.name), ['read-only']);
	});
}

async function keepsLists({ open }) {
	const der = Buffer.from([0x30, ...Array.from({ length: 90 }, (_, i) => 255 - i)]);
	const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
	const chosen = (page, id) => page.evaluate((one) => document.getElementById(one).files.length, id);
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		const choose = (id, name, buffer) => page.setInputFiles(`#${id}`, { name, mimeType: 'application/octet-stream', buffer });
		await enter(page, story, 'revoked');
		assert.equal(await page.textContent('h1'), 'No list of revoked certificates is kept.');
		await page.click('#list-send');
		assert.match(await page.textContent('#list-crl-wrong'), /Choose the file/);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'list-crl');
		await choose('list-crl', 'long.crl', Buffer.alloc(34001, 0x30));
		await page.click('#list-send');
		assert.match(await page.textContent('#list-crl-wrong'), /too long/);
		await choose('list-crl', 'letter.crl', Buffer.from('Dear authority'));
		await choose('list-issuer', 'letter.crt', Buffer.from('Dear authority'));
		await page.click('#list-send');
		await page.waitForFunction(() => /no list/.test(document.querySelector('#list-crl-wrong').textContent) && /no certificate/.test(document.querySelector('#list-issuer-wrong').textContent));
		assert.equal(story.state.broughtList, undefined, 'nothing was sent');
		await choose('list-crl', 'lamps.crl', der);
		await choose('list-issuer', 'lamps.crt', Buffer.from(pem));
		story.state.refuseList = { status: 422, body: { title: 'The list is not taken', status: 422, detail: 'it is not of an authority that counts', rule: 'crl.issuer', next: 'fetch the latest list' } };
		await page.click('#list-send');
		await page.waitForSelector('#list-failed .trouble');
		assert.equal(await chosen(page, 'list-crl') + await chosen(page, 'list-issuer'), 2, 'what was chosen stays');
		story.state.refuseList = null;
		await page.focus('#list-send');
		await page.keyboard.press('Enter');
		await bodyHas(page, 'part-lists', 'lamps');
		const lines = story.state.broughtList.crl.split('\n');
		assert.deepEqual([lines.shift(), lines.pop(), lines.pop()], ['-----BEGIN X509 CRL-----', '', '-----END X509 CRL-----']);
		assert.ok(lines.every((line) => line.length <= 64) && Buffer.from(lines.join(''), 'base64').equals(der), 'DER goes as PEM');
		assert.equal(story.state.broughtList.issuer, pem);
		await page.waitForFunction(() => document.querySelector('#live').textContent === 'The list counts now.');
		assert.equal(await chosen(page, 'list-crl') + await chosen(page, 'list-issuer'), 0, 'ready for the next');
		assert.equal(await page.textContent('h1'), 'One list of revoked certificates counts.');
		assert.match(await page.textContent('#part-lists tbody tr'), /lampstakes back 2 certificates5.*one day ago.*until/);
	});
}

async function removesLists({ open }) {
	await withStory(peopled(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'revoked');
		assert.equal(await page.textContent('h1'), 'One list is over.');
		assert.match(await page.textContent('#part-lists tbody tr:nth-child(2)'), /over since/);
		assert.equal(await page.locator('#part-lists .shape.bad').count(), 1);
		await page.focus('#drop-list-1');
		await page.keyboard.press('Enter');
		assert.match(await page.textContent('#part-lists'), /no longer refused because of it/);
		await page.click('#drop-list-1-no');
		assert.equal(story.state.lists.length, 3, 'asked twice');
		await page.keyboard.press('Enter');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'drop-list-1-yes');
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => document.querySelector('h1').textContent === '2 lists of revoked certificates count.');
		assert.deepEqual(story.state.lists.map((one) => one.number), [7, 3]);
		assert.match(await page.textContent('#live'), /List 12 is gone/);
		story.state.refuseRemoval = { status: 404, body: { title: 'There is no such list', status: 404, detail: 'none has this fingerprint', rule: 'crl.unknown', next: 'list them; it may have been replaced' } };
		await page.click('#drop-list-0');
		await page.click('#drop-list-0-yes');
		await page.waitForSelector('#list-failed .trouble');
		assert.match(await page.textContent('#list-failed'), /crl\.unknown/);
	});
}

const bodyHas = (page, id, text) => page.waitForFunction(([part, want]) => document.getElementById(part)?.textContent.includes(want), [id, text]);

async function checksTheFiles({ open }) {
	await withStory({ ...peopled(), files: healthy().files }, async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'software');
		assert.equal(await page.textContent('h1'), '3 packages are installed; the files were not checked yet.');
		story.state.refuseTasks = { status: 409, body: { title: 'It is being done already', status: 409, detail: 'one at a time', rule: 'task.running', next: 'wait for it' } };
		await page.focus('#check-files');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#part-check .trouble');
		story.state.refuseTasks = null;
		await page.keyboard.press('Enter');
		await page.waitForSelector('#check-progress');
		story.state.files = peopled().files;
		await bodyHas(page, 'part-findings', '/usr/local/bin/planted');
		assert.equal(await page.textContent('h1'), 'The files differ from what is installed.');
		assert.match(await page.textContent('#part-picture'), /Changed1Missing1Executables of no package1Not read4Folders not looked into2/);
		assert.match(await page.textContent('#part-findings'), /by its MD5.*They do not stop somebody/s);
		assert.match(await page.textContent('#live'), /Checking the files: done/);
		story.state.files = { ...story.state.files, changed: 0, missing: 0, unknown: 0, listed: 0, broken: 3, findings: [] };
		await page.click('#check-files');
		await page.waitForFunction(() => document.querySelector('h1').textContent === 'Not all files could be read.');
		assert.match(await page.textContent('main'), /3 files and folders cannot be read though nobody has closed them.*Not given by the disk3/s);
	});
}

async function cancelsTheCheck({ open }) {
	await withStory({ ...peopled(), stuck: true }, async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'software');
		await page.click('#check-files');
		await page.click('#check-cancel');
		await page.waitForFunction(() => !document.querySelector('#check-progress'));
		assert.equal(story.state.tasks[0].state, 'cancelled');
	});
}

async function filtersPackages({ open }) {
	const state = peopled();
	for (let i = 0; i < 240; i++)
		state.packages.push({ name: `more-${i}`, version: '1', architecture: 'all', purl: '' });
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'software');
		assert.equal(await page.locator('#part-packages tbody tr').count(), 100);
		await page.click('#packages-more');
		assert.equal(await page.locator('#part-packages tbody tr').count(), 200);
		await page.focus('#package-filter');
		await page.keyboard.type('GPL busy');
		await bodyHas(page, 'part-packages', '1 of 243 fit');
		assert.equal(await page.locator('#part-packages tbody tr').count(), 1);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'package-filter', 'one goes on typing');
		assert.match(await page.textContent('#live'), /1 of 243 fit/);
		await page.keyboard.type('zzz');
		await bodyHas(page, 'part-packages', 'None fits.');
	});
}

async function keepsKeys({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'keys');
		assert.match(await page.textContent('#part-keys'), /Its own keys are kept in a sealed file\./);
		await page.fill('#key-name', 'Door 1');
		await page.click('#key-send');
		assert.match(await page.textContent('#key-name-wrong'), /a letter first/);
		await page.fill('#key-name', 'door');
		story.state.refuseKey = { status: 503, body: { title: 'The keystore does not open', status: 503, detail: 'the token is out', rule: 'keys.keystore', next: 'put it in' } };
		await page.click('#key-send');
		await page.waitForSelector('#key-failed .trouble');
		assert.equal(await page.inputValue('#key-name'), 'door');
		story.state.refuseKey = null;
		await page.click('#key-send');
		await page.waitForFunction(() => /cdcd cdcd/.test(document.querySelector('#part-own').textContent));
		assert.match(await page.textContent('h1'), /One key of yours is kept/);
		await page.click('#rotate-door');
		await page.click('#rotate-door-yes');
		await page.waitForFunction(() => /efef efef/.test(document.querySelector('#part-own').textContent));
		await page.click('#remove-door');
		await page.click('#remove-door-yes');
		await page.waitForFunction(() => /There is none/.test(document.querySelector('#part-own').textContent));
		assert.deepEqual(story.state.keys, []);
		await page.click('#rotate-store');
		await page.click('#rotate-store-yes');
		await page.waitForFunction(() => /Generation2/.test(document.querySelector('#part-store').textContent));
		story.state.keystore.outside = false;
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForFunction(() => /copies the whole disk/.test(document.querySelector('#part-keys').textContent));
	});
}

const lookAgain = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

// Whatever would open the keystore: before a boot is confirmed the keys are not in it.
async function plainKeysAreTold({ open }) {
	const state = healthy();
	Object.assign(state.keystore, { outside: true, taken_over: false });
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'keys');
		assert.equal(await page.textContent('h1'), 'Its own keys still lie in plain files.');
		assert.equal(await page.locator('h1 .shape.bad').count(), 1);
		assert.match(await page.textContent('#part-keys'), /once a start of this release is confirmed/);
		Object.assign(story.state.keystore, { kind: 'pkcs11', outside: false, taken_over: true });
		await lookAgain(page);
		await bodyHas(page, 'part-keys', 'The token is a program');
		assert.equal(await page.locator('h1 .shape.part').count(), 1);
		Object.assign(story.state.keystore, { hardware: true, outside: true });
		await lookAgain(page);
		await bodyHas(page, 'part-keys', 'inside the hardware'); // where it is kept was said before, too
		assert.equal(await page.locator('h1 .shape.good').count(), 1);
	});
}

async function triesItsAlgorithms({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'keys');
		story.state.refuseSelfTest = { status: 503, body: { title: 'The device cannot try them', status: 503, detail: 'the keys role does not answer', rule: 'keys.keystore', next: 'try again' } };
		await page.click('#try-algorithms');
		await page.waitForSelector('#algorithms-failed .trouble');
		story.state.refuseSelfTest = null;
		await page.click('#try-algorithms');
		await bodyHas(page, 'part-algorithms', 'as fast as declared');
		assert.equal(await page.locator('#part-algorithms .shape.good').count(), 3);
		assert.match(await page.textContent('#part-algorithms'), /aes-256-gcm.*98,000 KiB\/s/s);
		await page.waitForFunction(() => /what their standards say/.test(document.getElementById('live').textContent));
		story.state.selfTest.fast_enough = false;
		story.state.selfTest.algorithms[2].rate = 19;
		await page.click('#try-algorithms');
		await bodyHas(page, 'part-algorithms', 'Too slow');
		assert.match(await page.textContent('#algorithms-told'), /not as fast as declared/);
		story.state.selfTest.passed = false;
		story.state.selfTest.algorithms[0].passed = false;
		await page.click('#try-algorithms');
		await bodyHas(page, 'part-algorithms', 'Fails');
		assert.match(await page.textContent('#algorithms-told'), /Not all of them/);
		assert.equal(await page.locator('#part-algorithms .shape.bad').count(), 2);
	});
}

async function enrols({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'keys');
		assert.match(await page.textContent('#part-local'), /It has none\./);
		await page.fill('#local-url', 'http://est.example.com');
		await page.fill('#local-anchors', 'no certificate');
		await page.fill('#local-secret', 'unit-seven');
		await page.click('#enrol-send');
		assert.match(await page.textContent('#enrol-form'), /begins with https.*no certificate in PEM.*a colon, a password/s);
		await page.fill('#local-url', 'https://est.example.com');
		await page.fill('#local-anchors', story.state.identity.certificate);
		await page.fill('#local-secret', 'unit-seven:wrong');
		story.state.refuseEnrolment = 'est.credentials';
		await page.click('#enrol-send');
		await page.waitForSelector('#local-progress');
		await page.waitForSelector('#local-end');
		assert.match(await page.textContent('#local-end'), /does not take this name.*est\.credentials/s);
		assert.equal(await page.inputValue('#local-url'), 'https://est.example.com');
		assert.equal(await page.inputValue('#local-secret'), '', 'a password does not stay on the page');
		story.state.refuseEnrolment = null;
		await page.fill('#local-secret', 'unit-seven:right');
		await page.click('#enrol-send');
		await page.waitForFunction(() => /Good until/.test(document.querySelector('#part-local').textContent));
		assert.equal(story.state.enrolment.given.secret, 'unit-seven:right');
		await page.click('#renew-local');
		await page.waitForFunction(() => !document.querySelector('#local-progress') && document.querySelector('#local-end'));
		assert.equal(story.state.enrolment.task.operation, 'local-identity.renew');
		await page.click('#remove-local');
		await page.click('#remove-local-yes');
		await page.waitForFunction(() => /It has none/.test(document.querySelector('#part-local').textContent));
		await page.click('#local-by-unit');
		await page.fill('#local-secret', 'unit-seven:right');
		await page.click('#enrol-send');
		assert.match(await page.textContent('#enrol-form'), /Leave it empty/);
		await page.fill('#local-secret', '');
		await page.click('#enrol-send');
		await page.waitForFunction(() => /Good until/.test(document.querySelector('#part-local').textContent));
		assert.equal(story.state.enrolment.given.unit, true);
		assert.equal('secret' in story.state.enrolment.given, false);
	});
}

// Where there is little room the places stand behind one button; by keyboard they come in the order in which they are read, and where one is, is said.
async function navigated({ open }) {
	await withStory(peopled(), async (story) => {
		const page = await open(story.url, { width: 320 });
		await enter(page, story, 'software');
		const height = () => page.evaluate(() => document.getElementById('places').getBoundingClientRect().height);
		const tabbed = async (times) => {
			for (let i = 0; i < times; i++)
				await page.keyboard.press('Tab');
			return page.evaluate(() => document.activeElement.textContent);
		};
		assert.equal(await page.textContent('#places-turn'), 'Places: Software');
		assert.equal(await page.getAttribute('#places-turn', 'aria-expanded'), 'false', 'whoever has chosen sees the place');
		assert.ok(await height() < 100, 'one line, or two');
		await page.focus('#places-turn');
		await page.keyboard.press('Enter');
		assert.deepEqual([await tabbed(1), await tabbed(1), await tabbed(3), await tabbed(1)], ['This device', 'Ways in', 'Your account', 'Home'], 'the groups, then the places of this one');
		assert.deepEqual(await axe(page), []);
		assert.equal(await overhang(page), 0);
		await page.focus('#place-ways');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#place-ways[aria-current="page"]');
		assert.equal(await page.getAttribute('#place-group', 'aria-current'), 'true');
		assert.equal(await page.textContent('#live'), 'All ways');
		assert.equal(await page.getAttribute('#places-turn', 'aria-expanded'), 'true', 'a group leads on to its places');
		await page.focus('#place-ways-names');
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => document.getElementById('places-turn').textContent === 'Places: Names');
		assert.equal(await page.getAttribute('#places-turn', 'aria-expanded'), 'false');
		await page.click('#places-turn');
		await page.click('#place-account');
		await page.waitForSelector('#place-account[aria-current="page"]', { state: 'attached' });
		assert.equal(await page.getAttribute('#places-turn', 'aria-expanded'), 'false', 'a group of one place leads there');
		await page.goBack();
		await page.waitForFunction(() => document.getElementById('places-turn').textContent === 'Places: Names');
		await page.setViewportSize({ width: 1280, height: 900 });
		assert.deepEqual([await page.isVisible('#places-turn'), await page.isVisible('#place-ways-names'), await page.isVisible('#place-access')], [false, true, true]);
		await largeText(page);
		await page.setViewportSize({ width: 640, height: 900 });
		assert.deepEqual([await page.isVisible('#places-turn'), await page.isVisible('#place-ways-names')], [true, false], 'large text makes the room little too');
	});
}

// The places are addresses: back goes back, a reader's link leads there, and the end of the session shows none of them.
async function placesAreAddresses({ open }) {
	await withStory(peopled(), async (story) => {
		const page = await open(`${story.url}#/peers`);
		await page.waitForSelector('#code');
		assert.equal(await page.locator('#places a').count(), 0);
		await page.fill('#code', story.state.code);
		await page.click('#enter');
		await page.waitForSelector('#part-rules h2');
		await page.click('#place-identity');
		await page.waitForSelector('#part-who h1');
		await page.goBack();
		await page.waitForSelector('#part-rules h2');
		story.state.token = 'another';
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForSelector('#code');
		assert.equal(await page.locator('#places a').count(), 0);
	});
}

function filledWith(text) {
	const state = peopled();
	Object.assign(state.identity, { model: text, physical_id: text, identifier: text, product_version: text, certificate: text });
	state.assignments = [{ kind: text, name: text, contact: text, reference: text, since: text, by: text }];
	state.peers = { peers: [{ identifier: text, key: text }], anchors: [{ name: text, not_after: text }], revoked: [{ anchor: text, serial: text }], suspected: [{ identifier: text, why: text, source: text, first: text, last: text, times: 2 }] };
	state.keystore = { ...state.keystore, kind: text, detail: text };
	state.keys = [{ name: text, public: text, fingerprint: text }];
	state.lists = [{ issuer: text, number: text, entries: text, this_update: text, next_update: text, over: text, fingerprint: text }];
	state.local = { enrolled: true, url: text, anchors: text, certificate: text, since: text, not_after: text };
	state.selfTest.algorithms = [{ name: text, standard: text, role: text, passed: true, rate: 1, unit: text, floor: 2 }];
	state.policies = [{ name: text, subject: text, target: text, operation: text, allow: true }];
	state.packages = [{ name: text, version: text, architecture: text, purl: text, supplier: text, licence: text }];
	state.files.findings = [{ kind: text, by: text, path: text }];
	return state;
}

async function hostileText({ open }) {
	await withStory(peopled(), async (story) => {
		const page = await open(story.url);
		await enter(page, story, 'identity');
		for (const text of payloads) {
			story.state = filledWith(text);
			for (const [name, part] of [['peers', 'rules'], ['revoked', 'lists'], ['keys', 'own'], ['software', 'findings'], ['software', 'packages'], ['identity', 'assigned']]) {
				await page.click(`#place-${name}`);
				await page.waitForSelector(`#place-${name}[aria-current="page"]`);
				await page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [`part-${part}`, text]);
				if (name === 'keys') {
					await page.click('#try-algorithms');
					await bodyHas(page, 'part-algorithms', text);
				}
				assert.equal(await page.locator(FOREIGN).count(), 0, text);
			}
		}
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });
const LOOKS = [{ width: 320 }, { width: 320, dark: true }, { width: 1280 }, { width: 640, large: true }];

const everyLook = (name, more) => LOOKS.map((look) => [`place: ${name}, ${look.width} px${look.dark ? ', dark' : ''}${look.large ? ', text at 200 %' : ''}: fits, valid, axe finds nothing`, async ({ open }) => {
	await withStory(peopled(), async (story) => {
		const page = await open(story.url, look);
		await enter(page, story, name);
		await page.waitForSelector('main h2');
		await more(page);
		const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${message.ruleId} ${message.message} ${message.selector}`)), []);
		if (look.large)
			await largeText(page);
		assert.equal(await overhang(page), 0);
		assert.deepEqual(await axe(page), []);
	});
}]);

export const places = [
	['place: the navigation behind a button where there is little room, by keyboard, and in two lines where there is more', navigated],
	['place: identity: assigned, refused without losing what was typed, taken back after asking twice', assigns],
	['place: identity: a label is shown to the device', showsTheLabel],
	['place: identity: a report over a fresh number is saved', takesTheReport],
	['place: peers: a device becomes known, and a rule admits it', letsOthersTalk],
	['place: peers: what was given is taken back', takesBack],
	['place: software: the files are checked, and what differs is told', checksTheFiles],
	['place: software: a check is cancelled', cancelsTheCheck],
	['place: software: packages are filtered as one types', filtersPackages],
	['place: keys: one is made, replaced and removed; the storage key is a new one', keepsKeys],
	['place: keys: plain files are told, whatever would open the keystore, and so is a token that is a program', plainKeysAreTold],
	['place: keys: the algorithms are tried, and one that fails or is slow is told', triesItsAlgorithms],
	['place: keys: a local identity is asked for, refused, given, renewed and removed', enrols],
	['place: revoked: a list is added from a file, refused without losing what was chosen', keepsLists],
	['place: revoked: one that is over is told, and removed after asking twice', removesLists],
	['place: each is an address, and none is shown without a session', placesAreAddresses],
	['place: hostile text stays text in every field', hostileText],
	...everyLook('identity', async (page) => { await page.click('#summary-assignments'); await page.click('#unassign'); }),
	...everyLook('software', async (page) => { await page.fill('#package-filter', 'l'); }),
	...everyLook('keys', async (page) => { await page.click('#remove-door'); await page.click('#summary-local-certificate'); await page.click('#try-algorithms'); await page.waitForSelector('#algorithms-told'); }),
	...everyLook('revoked', async (page) => { await page.click('#drop-list-1'); }),
	...everyLook('peers', async (page) => { await page.click('#drop-authority-building'); }),
];
