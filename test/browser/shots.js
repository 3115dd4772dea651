// SPDX-License-Identifier: Apache-2.0
// Pictures of every state of the page, narrow and wide, light and dark, to be looked at by a person:
//   node shots.js DIRECTORY [STATE...]

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { enterAccess, people } from './access.js';
import { goTo, largeText, openBrowser, openPage } from './browser.js';
import { crowd, self, typeLogin } from './login.js';
import { peopled } from './places.js';
import { together, told } from './rights.js';
import { change, healthy, standIn } from './stand-in.js';
import { enterWays, settled, ways } from './ways.js';
import { aired, enterWifi } from './wifi.js';
import { comesTrue } from './stand-in-wifi.js';

const signIn = async (page, story) => {
	await page.fill('#code', story.state.code);
	await page.click('#enter');
	await page.waitForSelector('#part-log h2');
};

function troubled() {
	const state = healthy();
	state.capabilities.time.trusted = false;
	Object.assign(state.capabilities.elements[0], { status: 'not provided', reason: 'the certificate names another identifier than the stored one', changed_by: '', setting: '' });
	Object.assign(state.capabilities.elements[1], { status: 'needs a part', reason: 'no secure element answered', setting: '' });
	return state;
}

function asked(factors) {
	const state = crowd();
	Object.assign(state.people.alice, { factors, given: true });
	return state;
}

const outsiders = () => Object.assign(crowd(), { provider: 'Example Works' });
const unowned = () => ({ ...healthy(), owned: false });
const pressed = () => ({ ...healthy(), button: true });
const recovering = async (page) => {
	await page.click('#recover');
	await page.waitForSelector('#ask-recovery');
};
const waiting = async (page) => {
	await recovering(page);
	await page.click('#ask-recovery');
	await page.waitForSelector('#recovery-code');
};
const off = () => {
	const state = healthy();
	change(state, 'off', 'owner:alice');
	return state;
};

const STATES = {
	'takeover': [unowned, async () => {}],
	'takeover-wrong': [unowned, async (page) => { await page.fill('#secret', '12'); await page.click('#take'); }],
	'confirm': [unowned, async (page) => {
		await page.fill('#secret', '0123456789abcdef0123456789abcdef');
		await page.fill('#owner', 'Alice');
		await page.click('#take');
		await page.waitForSelector('#console-code');
	}],
	'confirm-button': [() => ({ ...unowned(), button: true }), (page, story) => STATES.confirm[1](page, story)],
	'recover': [pressed, recovering],
	'recover-refused': [() => ({ ...pressed(), refuse: { status: 409, body: { title: 'Somebody has asked for this already', status: 409, detail: 'A request waits for five minutes, one at a time.', rule: 'recovery.pending', next: 'Confirm it at the device, where it is the same whoever asked; or wait.' } } }), async (page) => { await recovering(page); await page.click('#ask-recovery'); await page.waitForSelector('.trouble'); }],
	'recover-waiting': [pressed, waiting],
	'recover-console': [() => ({ ...pressed(), console: false }), waiting],
	'recover-silent': [pressed, async (page, story) => { await waiting(page); story.down = true; await page.waitForSelector('#reload'); }],
	'recover-done': [pressed, async (page, story) => { await waiting(page); story.state.recovered = true; await page.waitForSelector('#go-on'); }],
	'code': [healthy, async () => {}],
	'code-wrong': [healthy, async (page) => { await page.fill('#code', '00000-00000'); await page.click('#enter'); await page.waitForSelector('.trouble'); }],
	'login-wait': [() => ({ ...crowd(), waitS: 42 }), async (page) => { await typeLogin(page); await page.waitForSelector('#wait'); }],
	'login-choice': [() => asked(['totp', 'message']), async (page) => { await typeLogin(page); await page.waitForSelector('#choice-totp'); }],
	'login-code': [() => asked(['totp']), async (page) => { await typeLogin(page); await page.waitForSelector('#step-code'); await page.fill('#step-code', '1'); await page.click('#step-send'); await page.waitForSelector('.trouble'); }],
	'login-passkey': [() => asked(['passkey', 'totp']), async (page) => { await typeLogin(page); await page.click('#choice-passkey'); await page.waitForSelector('#no-passkeys'); }],
	'login-outside': [outsiders, async () => {}],
	'login-outside-refused': [outsiders, async (page, story) => { await page.evaluate(() => sessionStorage.setItem('thingward.outside', JSON.stringify({ login: 'h'.repeat(43), state: 's' }))); await page.goto(`${story.url}?code=wrong&state=s`); await page.waitForSelector('.note'); }],
	'login-reader': [() => ({ ...asked(['biometric']), verdict: 'no' }), async (page) => { await typeLogin(page); await page.waitForSelector('#step-send'); await page.click('#step-send'); await page.waitForSelector('.trouble'); }],
	'login-new': [() => asked([]), async (page) => { await typeLogin(page); await page.waitForSelector('#step-fresh'); await page.fill('#step-fresh', 'short'); await page.click('#step-fresh-show'); await page.click('#step-send'); }],
	'prove': [crowd, async (page, story) => { await typeLogin(page); await page.waitForSelector('#save-identification-remote-read'); Object.assign(story.state, { careful: true, fresh: false }); await page.check('#off-identification-remote-read'); await page.click('#save-identification-remote-read'); await page.waitForSelector('#prove #password'); }],
	'login-came': [crowd, async (page) => { await typeLogin(page); await page.waitForSelector('#part-log h2'); }],
	'account-none': [self, async (page, story) => { await signIn(page, story); await goTo(page, 'account'); await page.click('#enrol-send'); await page.waitForSelector('#authenticator-secret'); }],
	'account': [self, async (page, story) => { await signIn(page, story); story.state.credentials.push(...['password', 'totp'].map((kind) => ({ account: 'a1', kind, label: '', made: '' }))); await goTo(page, 'account'); await page.click('#own-password-remove'); await page.click('#own-password-send'); }],
	'accounts-password': [self, async (page, story) => { await signIn(page, story); await goTo(page, 'access'); await goTo(page, 'access-accounts'); await page.click('#summary-account-a1'); await page.waitForSelector('#give-password-a1-send'); }],
	'home': [healthy, signIn],
	'identity': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'identity'); await page.waitForSelector('#part-assigned h2'); await page.click('#summary-assignments'); }],
	'software': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'software'); await page.waitForSelector('#part-findings h2'); }],
	'software-never': [healthy, async (page, story) => { await signIn(page, story); await goTo(page, 'software'); await page.waitForSelector('#part-packages p'); }],
	'keys': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'keys'); await page.waitForSelector('#part-own h2'); await page.click('#try-algorithms'); await page.waitForSelector('#algorithms-told'); }],
	'revoked': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'revoked'); await page.waitForSelector('#part-lists h2'); }],
	'revoked-asked': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'revoked'); await page.waitForSelector('#part-lists h2'); await page.click('#drop-list-1'); await page.click('#list-send'); }],
	'revoked-none': [healthy, async (page, story) => { await signIn(page, story); await goTo(page, 'revoked'); await page.waitForSelector('#part-lists h2'); }],
	'peers': [peopled, async (page, story) => { await signIn(page, story); await goTo(page, 'peers'); await page.waitForSelector('#part-rules h2'); }],
	'peers-none': [healthy, async (page, story) => { await signIn(page, story); await goTo(page, 'peers'); await page.waitForSelector('#part-rules h2'); }],
	'access': [people, async (page, story) => { await enterAccess(page, story); await page.fill('#why-operation', 'settings.change'); await page.click('#why-send'); await page.waitForSelector('#why-told'); }],
	'accounts': [people, async (page, story) => { await enterAccess(page, story, 'access-accounts'); await page.click('#summary-account-a1'); await page.click('#code-a1'); await page.waitForSelector('#account-a1 .code'); await page.click('#delete-a1'); }],
	'conditions': [people, async (page, story) => { await enterAccess(page, story, 'access-accounts'); await page.click('#summary-account-a1'); await page.click('#summary-conditions-a1'); await page.click('#summary-more-a1'); await page.fill('#conditions-a1-hours', '8'); await page.click('#give-a1-send'); await page.waitForSelector('#conditions-a1-hours-wrong:not(:empty)'); }],
	'sessions': [people, async (page, story) => { await enterAccess(page, story, 'access-sessions'); await page.click('#end-session-s2'); }],
	'roles': [people, async (page, story) => { await enterAccess(page, story, 'access-roles'); await page.click('#summary-role-1'); }],
	'wifi': [aired, async (page, story) => { await enterWifi(page, story); await page.click('#forget-0'); }],
	'wifi-waits': [aired, async (page, story) => { await enterWifi(page, story); await page.click('#join-0'); await page.waitForSelector('#waiting'); comesTrue(story.state); await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); await page.waitForSelector('#waiting-keep'); await page.selectOption('#wifi-kind', 'peap'); }],
	'ways': [ways, enterWays],
	'ways-set': [settled, enterWays],
	...Object.fromEntries(['strength', 'guesses', 'names', 'messages', 'server', 'provider', 'readers'].flatMap((name) => [[`ways-${name}-none`, [ways, (page, story) => enterWays(page, story, `ways-${name}`)]], [`ways-${name}`, [settled, (page, story) => enterWays(page, story, `ways-${name}`)]]])),
	'shared': [together, async (page, story) => { await enterAccess(page, story, 'access-shared'); await page.click('#summary-shared-a7'); await page.click('#unsay-a7'); await page.click('#summary-shared-a8'); await page.click('#say-a8-send'); }],
	'actions': [people, async (page, story) => { await enterAccess(page, story, 'access-actions'); await page.click('#do-0'); await page.waitForSelector('#actions-failed .done'); await page.click('#drop-action-1'); await page.click('#action-send'); }],
	'policy': [people, async (page, story) => { await enterAccess(page, story, 'access-policy'); await page.click('#summary-fresh-list'); }],
	'recipients': [people, async (page, story) => { await enterAccess(page, story, 'access-recipients'); await page.click('#summary-recipient-0'); await page.fill('#share-name', 'utility'); await page.click('#share-send'); await page.waitForSelector('#sealed-file'); await page.click('#recipient-send'); }],
	'recorded': [people, async (page, story) => { await enterAccess(page, story, 'access-recorded'); await page.click('#record-0'); }],
	'notice': [told, async (page, story) => { await enterAccess(page, story, 'access-notice'); await page.click('#accepted-send'); await page.waitForSelector('#accepted-seen'); await page.fill('#notice-text', `${'An example of a line that is longer than the display is wide, and goes on in the next. '.repeat(2)}\n\nSecond.`); await page.click('#summary-notice-console'); await page.click('#notice-withdraw'); }],
	'home-task': [() => ({ ...healthy(), stuck: true }), async (page, story) => { await signIn(page, story); await page.click('#verify-log'); await page.waitForFunction(() => document.querySelector('progress')?.value > 0); }],
	'home-task-broken': [() => ({ ...healthy(), logFault: 'segment 00000000000000000001.twlog, record 1 at byte 512: the chain differs' }), async (page, story) => { await signIn(page, story); await page.click('#verify-log'); await page.waitForSelector(`#result-${'ab'.repeat(16)}`); await page.click(`#summary-result-${'ab'.repeat(16)}`); }],
	'home-off': [off, async (page, story) => { await signIn(page, story); await page.click('.cell'); }],
	'home-troubled': [troubled, async (page, story) => { await signIn(page, story); await page.click('.cell'); }],
	'conflict': [healthy, async (page, story) => {
		await signIn(page, story);
		change(story.state, 'off', 'owner:bob');
		await page.click('label:has-text("Off")');
		await page.click('#save-identification-remote-read');
		await page.waitForSelector('.trouble');
	}],
	'gone': [healthy, async (page, story) => {
		await signIn(page, story);
		story.down = true;
		await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
		await page.waitForSelector('.trouble');
	}],
};

const LOOKS = [{ width: 320, height: 640 }, { width: 1280 }, { width: 320, height: 640, dark: true }, { width: 1280, dark: true }, { width: 640, height: 900, large: true }];

const [, , out, ...wanted] = process.argv;
mkdirSync(out, { recursive: true });
const { browser, close } = await openBrowser();
for (const [name, [state, act]] of Object.entries(STATES).filter(([name]) => !wanted.length || wanted.includes(name)))
	for (const look of LOOKS) {
		const story = await standIn(state());
		const { page, context } = await openPage(browser, look);
		await page.goto(story.url);
		await page.waitForSelector('h1');
		await act(page, story);
		if (look.large)
			await largeText(page);
		await page.screenshot({ path: join(out, `${name}-${look.width}${look.dark ? '-dark' : ''}${look.large ? '-large' : ''}.png`), fullPage: true });
		await context.close();
		story.close();
	}
await close();
