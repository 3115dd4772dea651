// SPDX-License-Identifier: Apache-2.0
// The page in every state it can be in, against the stand-in: what it says, that nothing typed is lost, that it can be
// used by keyboard, at 320 pixels and with large text, and that hostile text stays text.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HtmlValidate } from 'html-validate';
import { axe, largeText, overhang } from './browser.js';
import { payloads } from './payloads.js';
import { change, healthy, standIn } from './stand-in.js';

const KEY = 'identification-remote-read';
const SECRET = '00112233445566778899aabbccddeeff';
const heading = (page) => page.textContent('h1');

export async function withStory(state, work) {
	const story = await standIn(state);
	try {
		return await work(story);
	} finally {
		story.close();
	}
}

export async function signIn(page, story) {
	await page.fill('#code', story.state.code);
	await page.click('#enter');
	await page.waitForSelector('#part-log h2');
}

async function choose(page, value) {
	await page.check(`#${value}-${KEY}`);
	await page.click(`#save-${KEY}`);
	await page.waitForSelector(`#outcome-${KEY} > div`);
}

async function takeOver(page, secret, name) {
	await page.fill('#secret', secret);
	await page.fill('#owner', name);
	await page.click('#take');
}

const unowned = () => ({ ...healthy(), owned: false });

// ---- one test each ----

async function takeoverProves({ open }) {
	await withStory(unowned(), async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#secret');
		assert.equal(await heading(page), 'This device has no owner yet.');
		await takeOver(page, SECRET.match(/.{4}/g).join(' ').toUpperCase(), 'Alice');
		assert.equal(await page.textContent('#console-code'), 'confirm 482913');
		const sent = story.state.taken;
		const message = Buffer.concat([Buffer.from('thingward-takeover-1\0client\0'), Buffer.from(sent.challenge, 'base64url'), Buffer.from(sent.client_nonce, 'base64url'), Buffer.from('5e'.repeat(32), 'hex'), Buffer.alloc(32)]);
		assert.equal(sent.proof, createHmac('sha256', Buffer.from(SECRET, 'hex')).update(message).digest('base64url'));
		assert.equal(sent.owner_name, 'Alice');
		assert.ok(!JSON.stringify(sent).includes(SECRET), 'the secret itself never leaves the page');
		story.state.confirmed = true;
		await page.click('#go-on');
		await page.waitForSelector('#part-log h2');
		assert.equal(await heading(page), 'This device is all right.');
	});
}

async function takeoverKeepsTyping({ open }) {
	await withStory(unowned(), async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#secret');
		await takeOver(page, '12xz', '');
		assert.match(await page.textContent('#secret-wrong'), /digits 0 to 9/);
		await takeOver(page, SECRET.slice(1), '');
		assert.match(await page.textContent('#secret-wrong'), /there are 31 here/);
		assert.match(await page.textContent('#owner-wrong'), /Type a name/);
		story.state.refuse = { status: 403, body: { type: 'urn:thingward:problem:proof', title: 'The secret does not fit', status: 403, detail: 'the proof is wrong', rule: 'commissioning.proof', next: 'read the label again' } };
		await takeOver(page, SECRET, 'Alice');
		await page.waitForSelector('.trouble');
		assert.match(await page.textContent('.trouble'), /The secret does not fit\..*Read the label again\..*commissioning\.proof/);
		assert.equal(await page.inputValue('#secret'), SECRET);
		assert.equal(await page.getAttribute('#secret', 'type'), 'password');
		assert.equal(await page.inputValue('#owner'), 'Alice');
	});
}

async function takeoverSurvivesSilence({ open }) {
	await withStory(unowned(), async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#secret');
		await takeOver(page, SECRET, 'Alice');
		await page.waitForSelector('#console-code');
		story.down = true;
		await page.waitForSelector('#reload');
		story.down = false;
		story.state.confirmed = true;
		await page.click('#reload');
		await page.click('#go-on');
		await page.waitForSelector('#part-log h2');
	});
}

async function codeRefused({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#code');
		await page.fill('#code', '123');
		await page.click('#enter');
		assert.match(await page.textContent('#code-wrong'), /ten digits/);
		await page.fill('#code', 'ooooo-lilil');
		await page.click('#enter');
		await page.waitForSelector('.trouble');
		assert.equal(await page.inputValue('#code'), 'ooooo-lilil');
		await page.fill('#code', '4f7qk9m2xd');
		await page.click('#enter');
		await page.waitForSelector('#part-log h2');
		assert.equal(await page.evaluate(() => document.cookie), '');
	});
}

// @nist LA.SUN.1 LA.SUN.3: the use notice stands before the code until it is accepted; one that changes meanwhile comes again
async function noticeHeld({ open }) {
	await withStory(healthy(), async (story) => {
		const sha = async (text) => Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('hex');
		story.state.notice = { text: 'Only for staff.\nUse is recorded.', digest: await sha('Only for staff.\nUse is recorded.') };
		const page = await open(story.url, { width: 320 });
		await page.waitForSelector('#notice');
		assert.equal(await page.textContent('#notice'), story.state.notice.text);
		assert.equal(await page.locator('#code').count(), 0);
		assert.equal(await overhang(page), 0);
		assert.deepEqual(await axe(page), []);
		await page.focus('#accept');
		await page.keyboard.press('Enter');
		await page.waitForSelector('#code');
		story.state.notice = { text: 'Other words.', digest: await sha('Other words.') };
		await page.fill('#code', '4f7qk9m2xd');
		await page.click('#enter');
		await page.waitForSelector('#notice');
		assert.equal(await page.textContent('#notice'), 'Other words.');
		await page.click('#accept');
		await page.fill('#code', '4f7qk9m2xd');
		await page.click('#enter');
		await page.waitForSelector('#part-log h2');
	});
}

async function reasonsOpen({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await page.click('#cell-element-DI-IMS-2');
		assert.ok(await page.isVisible('#element-DI-IMS-2 .facts'));
		assert.match(await page.textContent('#element-DI-IMS-2'), /Why.*test statement at start.*Since.*Changed by.*What to do/);
		assert.equal(await page.getAttribute('#element-DI-IMS-2 time', 'title'), '2026-11-21 09:30:00 UTC');
		assert.match(await page.textContent('#element-DI-IMS-2 time'), /10:30/, 'in the zone of the reader');
	});
}

// A device fresh from its box lacks no part: its label is to be shown, its owner's authority to be asked. What is broken is not switched on again.
async function missingIsTold({ open }) {
	const state = healthy();
	const { elements } = state.capabilities;
	state.capabilities.time.trusted = false;
	for (const [id, reason] of [['DI.PI.1', 'nobody has shown it its label'], ['DI.DAS.1', 'it has no local identity'], ['DP.CKM.2', 'what opens the keystore lies beside it']])
		elements.push({ ...elements[0], id, status: 'needs a part', reason, setting: '' });
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		assert.equal(await page.textContent('h1'), 'Something is still to be done or fitted.');
		assert.match(await page.textContent('#part-answer'), /3 abilities wait for something.*clock is behind/s);
		assert.equal(await page.getAttribute('#element-DI-DAS-1 .facts a', 'href'), '#/keys');
		assert.match(await page.textContent('#element-DP-CKM-2'), /What to doWhat is missing stands above\. Who fits/);
		await page.click('#cell-element-DI-PI-1');
		await page.click('#element-DI-PI-1 .facts a');
		await page.waitForSelector('#part-who h1');
		elements[0].status = 'not provided';
		await page.click('#place-home');
		await page.waitForFunction(() => /needs attention/.test(document.querySelector('h1').textContent));
		assert.match(await page.textContent('#element-DI-IMS-1'), /What to doRestart the device/);
	});
}

async function switchingTurnsPage({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await choose(page, 'off');
		await page.waitForFunction(() => /something is switched off/.test(document.querySelector('h1').textContent));
		assert.match(await page.textContent('#part-abilities'), /Off by policy.*owner:alice/s);
		assert.match(await page.textContent('#part-identity'), /not given out.*Rule DI\.IMS\.1/s);
		assert.match(await page.textContent('#live'), /switched off by choice/);
		await choose(page, 'on');
		await page.waitForFunction(() => document.querySelector('h1').textContent === 'This device is all right.');
	});
}

async function conflictKeepsChoice({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		change(story.state, 'on', 'owner:bob');
		await choose(page, 'off');
		assert.match(await page.textContent(`#outcome-${KEY}`), /changed meanwhile.*your choice is kept/is);
		await page.waitForFunction((id) => /Changed by owner:bob/.test(document.getElementById(id).textContent), `setting-${KEY}`);
		assert.ok(await page.isChecked(`#off-${KEY}`));
		await page.click(`#save-${KEY}`);
		await page.waitForFunction(() => /switched off/.test(document.querySelector('h1').textContent));
		assert.equal(story.state.setting.value, 'off');
	});
}

async function sessionEnds({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		assert.match(await page.textContent('#session'), /Signed in for 30 minutes more/);
		story.state.token = 'another';
		await page.check(`#off-${KEY}`);
		await page.click(`#save-${KEY}`);
		await page.waitForSelector('#code');
		assert.match(await page.textContent('main'), /Your session has ended/);
		assert.equal(await page.evaluate(() => sessionStorage.length), 0);
	});
}

async function recordsRead({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		const rows = () => page.locator('.log tbody tr').allTextContents();
		assert.deepEqual((await rows()).length, 2, 'a change is one row; reads wait until asked for');
		assert.match((await rows())[0], /Settings change.*identification.*owner:alice.*done/);
		assert.match((await rows())[1], /Ownership taken/);
		await page.check('#with-reads');
		assert.equal((await rows()).length, 3);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'with-reads');
	});
}

async function olderRecords({ open }) {
	const state = healthy();
	const newest = state.records[0].seq;
	const old = Array.from({ length: 130 }, (_, i) => ({ seq: newest - state.records.length - i, type: 'outcome', time: '2026-11-20T10:00:00Z', intent: 0, operation: 'settings.change', subject: `owner:n${i}`, result: 'done', status: 200 }));
	state.records = [...state.records, ...old];
	await withStory(state, async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		const rows = () => page.locator('.log tbody tr').count();
		assert.equal(await rows(), 20);
		let pressed = 0;
		for (; await page.locator('#log-more').count(); pressed++) {
			const had = await rows();
			await page.focus('#log-more');
			await page.keyboard.press('Enter');
			await page.waitForFunction((before) => document.querySelectorAll('.log tbody tr').length > before, had);
		}
		assert.equal(await rows(), 132, 'each record once, a read only when asked for');
		assert.equal(pressed, 6);
		assert.match(await page.textContent('#live'), /beginning of the log/);
	});
}

async function verifiesTheLog({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await page.focus('#verify-log');
		await page.keyboard.press('Enter');
		await page.waitForSelector('progress');
		assert.equal(await page.getAttribute('#verify-log', 'aria-disabled'), 'true', 'one at a time');
		assert.equal(await page.getAttribute('progress', 'aria-label'), 'Verifying the log');
		await page.waitForFunction(() => document.querySelector('progress')?.value > 100);
		await page.waitForFunction(() => !document.querySelector('progress'));
		assert.match(await page.textContent('#part-tasks'), /Verifying the log: done.*The log is whole/);
		assert.match(await page.textContent('#live'), /Verifying the log: done/);
		await page.click(`#summary-result-${'ab'.repeat(16)}`);
		assert.match(await page.textContent('#part-tasks .facts'), /Verdict.*whole.*Signed for up to record.*399/);
		assert.equal(await page.getAttribute('#verify-log', 'aria-disabled'), null);
	});
}

async function cancelsTasks({ open }) {
	await withStory({ ...healthy(), stuck: true }, async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await page.click('#verify-log');
		const cancel = `#cancel-${'ab'.repeat(16)}`;
		await page.waitForSelector(cancel);
		await page.focus(cancel);
		await page.keyboard.press('Space');
		await page.waitForFunction(() => !document.querySelector('progress'));
		assert.match(await page.textContent('#part-tasks'), /Verifying the log: cancelled/);
		assert.match(await page.textContent('#live'), /cancelled/);
		story.state.refuseTasks = { status: 503, body: { type: 'urn:thingward:problem:unconfirmed', title: 'The device is not confirmed yet', status: 503, detail: 'none begins', rule: 'task.unconfirmed', next: 'Try again in a moment.' } };
		await page.click('#verify-log');
		await page.waitForSelector('#part-tasks .trouble');
		assert.match(await page.textContent('#part-tasks .trouble'), /not confirmed yet.*task\.unconfirmed/s);
	});
}

async function showsABrokenLog({ open }) {
	await withStory({ ...healthy(), logFault: 'segment 00000000000000000001.twlog, record 1 at byte 512: changed <b>' }, async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await page.click('#verify-log');
		await page.waitForFunction(() => document.querySelector('#part-tasks').textContent.includes('The log is broken'));
		assert.equal(await page.locator('#part-tasks .state .shape.bad').count(), 1);
		assert.equal(await page.locator('#part-tasks b').count(), 0);
	});
}

async function signsOut({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		await page.click('#sign-out');
		await page.waitForSelector('#code');
		assert.match(await page.textContent('main'), /You are signed out/);
		assert.equal(await page.textContent('#session'), '');
	});
}

async function saysWhatIsOld({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		story.down = true;
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForSelector('#part-trouble .trouble');
		assert.match(await page.textContent('#part-trouble'), /does not answer.*What stands below is old/s);
		story.down = false;
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForFunction(() => !document.querySelector('.trouble'));
	});
}

// From the first key press to a changed setting, without a mouse, always with a visible focus.
async function keyboardOnly({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await page.waitForSelector('#code');
		const press = async (until) => {
			for (let left = 40; left > 0; left--) {
				await page.keyboard.press('Tab');
				const at = await page.evaluate(() => {
					const here = document.activeElement;
					const style = getComputedStyle(here);
					return { id: here.id, seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
				});
				assert.ok(at.seen, `focus is visible on ${at.id}`);
				if (at.id === until)
					return;
			}
			assert.fail(`${until} is not reached by Tab`);
		};
		await press('code');
		await page.keyboard.type(story.state.code);
		await page.keyboard.press('Enter');
		await page.waitForSelector('#part-log h2');
		await press('cell-element-DI-IMS-1');
		await page.keyboard.press('Enter');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'summary-element-DI-IMS-1');
		await press(`on-${KEY}`);
		await page.keyboard.press('ArrowRight');
		await press(`save-${KEY}`);
		await page.keyboard.press('Enter');
		await page.waitForFunction(() => /switched off/.test(document.querySelector('h1').textContent));
		assert.equal(await page.evaluate(() => document.activeElement.id), `save-${KEY}`, 'the focus stays where it was');
	});
}

const STATES = [['no owner', unowned(), '#secret'], ['nobody here', healthy(), '#code'], ['home', healthy(), '#code', true]];
const LOOKS = [{ width: 320 }, { width: 320, dark: true }, { width: 1280 }, { width: 1280, dark: true }, { width: 640, large: true }];

function everyLook([name, state, ready, enter]) {
	return LOOKS.map((look) => [`page: ${name}, ${look.width} px${look.dark ? ', dark' : ''}${look.large ? ', text at 200 %' : ''}: fits, axe finds nothing`, async ({ open }) => {
		await withStory(structuredClone(state), async (story) => {
			const page = await open(story.url, look);
			await page.waitForSelector(ready);
			if (look.large)
				await largeText(page);
			if (enter) {
				await signIn(page, story);
				await page.click('#cell-element-DI-IMS-1');
				await page.click('#summary-sandbox');
			}
			assert.equal(await overhang(page), 0);
			assert.deepEqual(await axe(page), []);
		});
	}]);
}

function filledWith(text) {
	const state = healthy();
	state.capabilities.product = { model: text, version: text };
	state.capabilities.sandbox = [{ role: text, [text]: text }];
	for (const element of state.capabilities.elements)
		Object.assign(element, { text, reason: text, changed_by: text, since: text });
	state.identity = { identifier: text, physical_id: text, model: text, product_version: text, certificate: text, certificate_not_after: text };
	Object.assign(state.setting, { help: text, changed_by: text, version: 1, changed: text, default: text, baseline: text });
	state.records = [{ seq: 1, type: text, time: text, operation: text, subject: text, result: text, [text]: text }];
	return state;
}

export const FOREIGN = 'main :is(script, iframe, img, object, embed, base, meta, link, style, video, template, math, a[href^="javascript"])';

// Each payload stands in every field at once that a device, an owner or a manufacturer fills.
async function hostileText({ open }) {
	await withStory(healthy(), async (story) => {
		const page = await open(story.url);
		await signIn(page, story);
		for (const text of payloads) {
			story.state = filledWith(text);
			await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
			await page.waitForFunction((want) => document.querySelector('#part-log tbody').textContent.includes(want), text);
			await page.click('#cell-element-DI-IMS-1');
			assert.equal(await page.locator(FOREIGN).count(), 0, text);
		}
	});
}

// The markup as the browser holds it, in each state; how it writes a switch without a value is the browser's own.
async function markupHolds({ open }) {
	const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });
	const hold = async (what, text) => {
		const report = await validate.validateString(text);
		assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${what}: ${message.ruleId} ${message.message} ${message.selector}`)), []);
	};
	await hold('file', readFileSync(fileURLToPath(new URL('../../web/device/index.html', import.meta.url)), 'utf8'));
	for (const [name, state, ready, enter] of STATES)
		await withStory(structuredClone(state), async (story) => {
			const page = await open(story.url);
			await page.waitForSelector(ready);
			if (enter)
				await signIn(page, story);
			await hold(name, `<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
		});
}

export const pages = [
	['page: take-over sends the proof, never the secret, and goes on when confirmed', takeoverProves],
	['page: take-over says what is mistyped and keeps what was typed', takeoverKeepsTyping],
	['page: take-over goes on after the device was silent', takeoverSurvivesSilence],
	['page: the use notice is held until it is accepted', noticeHeld],
	['page: a wrong code is refused and kept, a right one opens', codeRefused],
	['page: every status opens its reason', reasonsOpen],
	['page: what is missing is told with where it is supplied', missingIsTold],
	['page: switching the feature off turns answer, map, identity and records', switchingTurnsPage],
	['page: a change by somebody else in between is told and the choice kept', conflictKeepsChoice],
	['page: the end of the session is told', sessionEnds],
	['page: records: one row for a change, reads when asked for', recordsRead],
	['page: tasks: the log is verified, with progress, by keyboard', verifiesTheLog],
	['page: tasks: one is cancelled, and a refusal is shown', cancelsTasks],
	['page: tasks: a broken log is said so', showsABrokenLog],
	['page: records: older ones a press at a time, each once, to the beginning', olderRecords],
	['page: signing out forgets', signsOut],
	['page: a device that stops answering leaves what is known, marked as old', saysWhatIsOld],
	['page: by keyboard alone, focus always visible', keyboardOnly],
	['page: hostile text stays text in every field', hostileText],
	['page: the markup is valid', markupHolds],
	...STATES.flatMap(everyLook),
];
