// SPDX-License-Identifier: Apache-2.0
// The places where people decide how one may come in, against the stand-in: every way and how it stands, names, gateway, server, provider, readers and the settings
// of logging in; that secrets go there and never come back, that what is typed stays when it is refused, and that hostile text stays text.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { HtmlValidate } from 'html-validate';
import { comeTo, fitsEverywhere, fitsWithLargeText } from './browser.js';
import { crowd, GOOD, typeLogin } from './login.js';
import { FOREIGN, signIn, withStory } from './pages.js';
import { payloads } from './payloads.js';
import { inhabited } from './stand-in-access.js';
import { certificate, withWays } from './stand-in-ways.js';

const PEM = certificate('Works');
const SECRET = 'four-odd-kettles-hum';
const READY = { 'ways': '#part-all-ways table', 'ways-strength': '#methods-now', 'ways-guesses': '#throttle-now', 'ways-names': '#listener-key', 'ways-messages': '#part-destinations p, #part-destinations table', 'ways-server': '#part-judged p, #part-judged table',
	'ways-provider': '#part-subjects p, #part-subjects table', 'ways-readers': '#part-uses p, #part-uses table' };

export const ways = () => withWays(inhabited(crowd()));

// With every way set up, and somebody who comes by it.
export function settled() {
	const state = ways();
	const by = (kind, label) => ({ credential: `${kind}-1`, account: 'a1', kind, label, key: '', made: '2026-11-21T09:00:00Z' });
	Object.assign(state, {
		names: { names: ['pump.example', 'pump-7.works.example'], until: '2027-11-21T00:00:00Z', listener: state.names.listener },
		gateway: { set: true, url: 'https://codes.example/send', anchors: PEM, secret: true },
		radius: { secret: true },
		oidc: { set: true, issuer: 'https://login.example/realms/works', client: 'pump-7', address: 'https://pump.example', name: 'Example Works', claim: 'sub', anchors: PEM, secret: true },
	});
	Object.assign(state.providers[0], { connected: true, simulated: true });
	state.ways.find((one) => one.key.endsWith('radius-server')).value = '192.0.2.9:1812';
	state.credentials.push(by('message', '+49 30 12345'), by('server', 'anna'), by('oidc', 'u-4711'), by('auth-plugin', 'keyswitch'), by('passkey', 'a key on my ring'));
	return state;
}

export async function enterWays(page, story, name = 'ways') {
	await page.waitForSelector('#code');
	await signIn(page, story);
	await comeTo(page, story.url, name.replace('-', '/'), READY[name]);
}

const has = (page, box, text) => page.waitForFunction(([id, want]) => document.getElementById(id)?.textContent.includes(want), [box, text]);
const look = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
const refusal = (rule, title, next) => ({ status: 400, body: { type: 'urn:thingward:problem:input', title, status: 400, detail: 'so it is', rule, next } });
const press = async (page, id) => {
	await page.focus(`#${id}`);
	await page.keyboard.press('Enter');
};
const pressTwice = async (page, id) => {
	await press(page, id);
	await press(page, `${id}-yes`);
};

async function everyWay({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story);
		assert.equal(await page.textContent('h1'), 'People come in by whatever their account has.');
		assert.match(await page.textContent('#part-all-ways'), /client certificate.*Always.*1 account.*one-use code.*Open.*server of yours judges.*No server is named.*OpenID Connect.*No provider is named.*passkey.*The device has no name.*by message.*No gateway is named.*1 of 2 there/s);
		story.state.credentials.push({ credential: 'm', account: 'a2', kind: 'message', label: '', key: '', made: '' });
		await look(page);
		await has(page, 'part-all-ways', 'Nobody sends them');
		Object.assign(story.state, settled());
		await look(page);
		await has(page, 'part-all-ways', 'By 192.0.2.9:1812');
		assert.match(await page.textContent('#part-all-ways'), /By Example Works.*1 account.*Under pump\.example, pump-7\.works\.example.*A gateway sends them/s);
		story.state.ways[0].value = 'two-factors';
		story.state.ways[3].value = 'off';
		await look(page);
		await has(page, 'part-ways', 'Whoever guesses waits for nothing');
		assert.equal(await page.textContent('h1'), 'People come in by a certificate, or by a password with a second factor.');
		assert.match(await page.textContent('#part-all-ways'), /one-use code.*Not strong enough here.*Name and password.*With a second factor/s);
		story.state.ways[0].value = 'certificate';
		await look(page);
		await has(page, 'part-ways', 'by a client certificate alone');
		assert.equal((await page.textContent('#part-all-ways')).match(/Not strong enough here/g).length, 4, 'whatever is no certificate');
		Object.assign(story.state, { hideWays: true, refuseWays: { ...refusal('gate.permission', 'Not permitted', 'Ask somebody who holds it.'), status: 403 } });
		await look(page);
		await has(page, 'part-all-ways', 'Not told to you');
		for (const [name, text] of [['names', 'does not tell you its names'], ['messages', 'does not tell you who sends'], ['server', 'does not tell you who judges'], ['provider', 'does not tell you its provider'], ['readers', 'does not tell you what judges']]) {
			await page.click(`#place-ways-${name}`);
			await has(page, 'main', text);
			await has(page, 'main', 'Ask somebody who holds it.');
		}
	});
}

async function namesCome({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story, 'ways-names');
		assert.equal(await page.textContent('h1'), 'This device has no name for browsers.');
		assert.match(await page.textContent('#part-passkeys'), /No\. A browser has passkeys only under a name/);
		const [download] = await Promise.all([page.waitForEvent('download'), page.click('#listener-key')]);
		const wanted = execFileSync('openssl', ['x509', '-noout', '-pubkey'], { input: story.state.names.listener, encoding: 'utf8' });
		assert.deepEqual([download.suggestedFilename(), readFileSync(await download.path(), 'utf8')], ['listener.pub', wanted], 'what an authority is given');
		await press(page, 'names-send');
		assert.match(await page.textContent('#names-certificate-wrong'), /Choose the file/);
		const choose = (buffer) => page.setInputFiles('#names-certificate', { name: 'pump.pem', mimeType: 'application/x-pem-file', buffer });
		await choose(Buffer.from('hello'));
		await press(page, 'names-send');
		await has(page, 'names-certificate-wrong', 'This is no certificate.');
		await choose(Buffer.from('x'.repeat(9000)));
		await press(page, 'names-send');
		await has(page, 'names-certificate-wrong', 'too long');
		await choose(execFileSync('openssl', ['x509', '-outform', 'DER'], { input: PEM }));
		story.state.refuseWays = refusal('names.key', 'This certificate cannot stand for the device’s names', 'Have it made over the public key of the listener.');
		await press(page, 'names-send');
		await page.waitForSelector('#names-failed .trouble');
		assert.match(await page.textContent('#names-failed'), /cannot stand.*Have it made over.*names\.key/s);
		assert.equal(await page.evaluate(() => document.querySelector('#names-certificate').files.length), 1, 'the file stays chosen');
		story.state.refuseWays = null;
		await press(page, 'names-send');
		await has(page, 'part-names', 'Browsers reach this device as pump.example and pump-7.works.example.');
		assert.deepEqual(story.state.changed, [['PUT names', { certificate: PEM }]], 'what was DER came as PEM');
		assert.match(await page.textContent('#part-passkeys'), /Yes, under pump\.example, pump-7\.works\.example.*Not on this page, as it was opened: this page was opened by an address/s);
		assert.equal(await page.getAttribute('#part-passkeys a', 'href'), `https://pump.example:${new URL(story.url).port}/`);
		for (const [days, text] of [[-1, 'has run out.'], [10, 'for 10 more days.']]) {
			story.state.names.until = new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();
			await look(page);
			await has(page, 'part-names', text);
			assert.equal(/No\. Their certificate has run out/.test(await page.textContent('#part-passkeys')), days < 0);
		}
		await pressTwice(page, 'drop-names');
		await has(page, 'part-names', 'has no name');
		assert.equal(story.state.changed.at(-1)[0], 'DELETE names');
	});
}

// Each place with a secret: its fields, where they go, what is sent, and how the page tells that there is one.
const SECRETS = [
	{ name: 'messages', id: 'gateway', path: 'message-gateway', secret: 'gateway-secret', fields: { 'gateway-url': ['codes.example', 'https://codes.example/send'], 'gateway-anchors': ['hello', PEM] },
		sent: { url: 'https://codes.example/send', anchors: PEM, secret: SECRET }, set: 'It is shown one', unset: 'It is shown none' },
	{ name: 'provider', id: 'oidc', path: 'oidc', secret: 'oidc-secret', fields: { 'oidc-issuer': ['http://x', 'https://login.example/a'], 'oidc-client': ['', 'pump-7'], 'oidc-address': ['https://pump.example/', 'https://pump.example'], 'oidc-name': ['', 'Example Works'], 'oidc-anchors': ['', PEM] },
		sent: { issuer: 'https://login.example/a', client: 'pump-7', address: 'https://pump.example', name: 'Example Works', claim: 'sub', anchors: PEM, secret: SECRET }, set: 'There is one, which nobody can read', unset: 'It has none' },
	{ name: 'server', id: 'radius-secret', path: 'radius-secret', secret: 'radius-secret', fields: {}, sent: { secret: SECRET }, set: 'There is a secret.', unset: 'There is no secret.' },
];

// @nist LA.AS.3: masked while it is typed and refused; and gone from the page once the device has it
async function oneSecret(page, story, { name, id, path, secret, fields, sent, set, unset }) {
	await comeTo(page, story.url, `ways/${name}`, READY[`ways-${name}`]);
	for (const [field, [wrong]] of Object.entries(fields))
		await page.fill(`#${field}`, wrong);
	await press(page, `${id}-send`);
	for (const field of [...Object.keys(fields), ...(Object.keys(fields).length ? [] : [secret])])
		assert.notEqual(await page.textContent(`#${field}-wrong`), '', field);
	for (const [field, [, right]] of Object.entries(fields))
		await page.fill(`#${field}`, right);
	await page.fill(`#${secret}`, SECRET);
	assert.equal(await page.getAttribute(`#${secret}`, 'type'), 'password');
	story.state.refuseWays = refusal(`${path}.form`, 'This cannot be', 'Type another.');
	await press(page, `${id}-send`);
	await page.waitForSelector(`#${id}-failed .trouble`);
	assert.match(await page.textContent(`#${id}-failed`), new RegExp(`This cannot be.*Type another.*${path}\\.form`, 's'));
	story.state.credentials.push({ credential: 'c8', account: 'a2', kind: { messages: 'message', server: 'server', provider: 'oidc' }[name], label: `bob of ${name}`, key: '', made: '' });
	await look(page);
	await has(page, 'main', `bob of ${name}`);
	story.state.credentials.pop();
	for (const [field, [, right]] of Object.entries(fields))
		assert.equal((await page.inputValue(`#${field}`)).trim(), right.trim(), 'what was typed stays');
	assert.equal(await page.inputValue(`#${secret}`), SECRET);
	story.state.refuseWays = null;
	await press(page, `${id}-send`);
	await has(page, 'main', set);
	assert.deepEqual(story.state.changed.at(-1), [`PUT ${path}`, sent]);
	assert.equal(await page.inputValue(`#${secret}`), '');
	const kept = await page.evaluate(() => [document.documentElement.outerHTML, document.body.innerText, location.href, JSON.stringify({ ...localStorage, ...sessionStorage })]);
	assert.ok(kept.every((text) => !text.includes(SECRET)), 'it is nowhere on the page');
	const { secret: _, ...open } = sent;
	if (!Object.keys(fields).length)
		return pressTwice(page, 'forget-secret').then(() => has(page, 'main', unset));
	if (name === 'messages') {
		await page.fill('#gateway-url', sent.url.replace('send', 'other'));
		story.state.gateway = { ...story.state.gateway, url: 'https://codes.example/new' };
		await press(page, 'gateway-send');
		await has(page, 'gateway-failed', 'Somebody has changed it meanwhile');
		assert.equal(story.state.gateway.url, 'https://codes.example/new', 'nothing that nobody saw is replaced');
		await page.fill('#gateway-url', sent.url);
	}
	await press(page, `${id}-send`);
	await has(page, 'main', unset);
	assert.deepEqual(story.state.changed.at(-1), [`PUT ${path}`, open], 'what stands there goes again, and no secret');
	await pressTwice(page, `drop-${id}`);
	await page.waitForFunction((button) => !document.getElementById(button), `drop-${id}`);
	return assert.equal(story.state.changed.at(-1)[0], `DELETE ${path}`);
}

async function secretsGoOneWay({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		const seen = [];
		page.on('response', async (reply) => seen.push(reply.url(), await reply.text().catch(() => '')));
		page.on('console', (message) => seen.push(message.text()));
		await enterWays(page, story);
		for (const one of SECRETS)
			await oneSecret(page, story, one);
		assert.ok(seen.every((text) => !text.includes(SECRET)), 'no answer and no address has it');
	});
}

// Who uses what: given by the form, refused with its rule, taken back.
const BOUND = [
	['messages', 'destinations', async (page) => page.fill('#destinations-to', '+49 30 12345'), { to: '+49 30 12345' }, 'destinations', '+49 30 12345'],
	['server', 'judged', async (page) => page.fill('#judged-user', 'anna'), { user: 'anna' }, 'server-passwords', 'anna', 'passwords'],
	['provider', 'subjects', async (page) => page.fill('#subjects-who', 'u-4711'), { subject: 'u-4711' }, 'oidc-subjects', 'u-4711'],
	['readers', 'uses', async (page) => page.selectOption('#uses-provider', 'keyswitch'), { provider: 'keyswitch' }, 'login-providers', 'keyswitch'],
];

async function accountsUseThem({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story);
		for (const [name, id, fill, sent, path, label, ends = path] of BOUND) {
			await comeTo(page, story.url, `ways/${name}`, READY[`ways-${name}`]);
			await page.fill(`#${id}-account`, 'a2');
			await fill(page);
			story.state.refuseWays = { ...refusal('account.cover', 'Not permitted', 'Ask an owner.'), status: 403 };
			await press(page, `${id}-send`);
			await page.waitForSelector(`#${id}-failed .trouble`);
			assert.match(await page.textContent(`#${id}-failed`), /Not permitted.*Ask an owner.*account\.cover/s);
			story.state.refuseWays = null;
			await press(page, `${id}-send`);
			await has(page, `part-${id}`, label);
			assert.deepEqual(story.state.changed.at(-1), [`PUT ${path}/a2`, sent]);
			assert.match(await page.textContent(`#part-${id}`), /bob a2/);
			await pressTwice(page, `${id}-end-0`);
			await page.waitForSelector(`#part-${id} p`);
			assert.equal(story.state.changed.at(-1)[0], `DELETE ${ends}/a2`);
		}
		await page.goto(`${story.url}#/ways/server`);
		await page.waitForSelector(READY['ways-server']);
		await press(page, 'judged-send');
		assert.match(await page.textContent('#judged-account-wrong'), /Choose the account/, 'nobody is chosen before somebody does');
		await page.fill('#judged-account', 'a1');
		await press(page, 'judged-send');
		await has(page, 'part-judged', 'alice');
		assert.deepEqual(story.state.changed.at(-1), ['PUT server-passwords/a1', {}], 'by the name of the account');
		assert.match(await page.textContent('#part-radius'), /No server of yours judges passwords\..*Until then 1 account cannot come in by password/s);
	});
}

async function readersStand({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story, 'ways-readers');
		assert.equal(await page.textContent('h1'), '1 of 2 readers and methods can judge.');
		assert.match(await page.textContent('#part-providers'), /reader.*Reads fingers\..*Not there.*keyswitch.*key switch beside the door.*There/s);
		Object.assign(story.state.providers[0], { connected: true, simulated: true });
		await look(page);
		await has(page, 'part-providers', 'only pretends to judge');
		await page.fill('#uses-account', 'a2');
		await page.selectOption('#uses-provider', 'keyswitch');
		await press(page, 'uses-send');
		await has(page, 'part-uses', 'bob');
		story.state.providers[1].connected = false;
		await look(page);
		await has(page, 'part-readers', 'keyswitch: not there, and accounts need it.');
		story.state.providers = [];
		await look(page);
		await has(page, 'part-readers', 'has no reader and no method');
		assert.ok(!await page.isVisible('#uses-send'), 'what cannot be is not offered');
	});
}

async function settingsAreDecided({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story, 'ways-strength');
		const value = (key) => story.state.ways.find((one) => one.key === `logical-access.${key}`);
		assert.equal(await page.textContent('h1'), 'A password of 15 characters is strong enough.');
		await page.check('#second-roles input[value="owner"]');
		await page.check('#second-roles input[value="night"]');
		await press(page, 'second-send');
		await has(page, 'part-strength', 'who has the role owner or night');
		assert.equal(value('second-factor').value, 'owner night');
		await page.fill('#least-value', '14');
		await press(page, 'least-send');
		assert.match(await page.textContent('#least-value-wrong'), /15 to 64/);
		await page.fill('#least-value', '20');
		Object.assign(value('password-min'), { value: '25', version: 3, changed: '2026-11-21T11:00:00Z', changed_by: 'owner:bob' });
		await press(page, 'least-send');
		await page.waitForSelector('#least-failed .trouble');
		assert.match(await page.textContent('#least-failed'), /Somebody else changed it first.*Your choice is kept.*setting\.version/s);
		await page.waitForFunction(() => document.getElementById('least-now').textContent.includes('Now: 25 characters. Changed by owner:bob'), null, { timeout: 8000 }); // at once, not when the page reads again anyway
		assert.equal(await page.inputValue('#least-value'), '20', 'what was chosen stays');
		await press(page, 'least-send');
		await has(page, 'least-now', 'Now: 20 characters. Changed by owner:alice');
		value('password-min').value = '30';
		await look(page);
		await has(page, 'least-now', '30');
		assert.equal(await page.inputValue('#least-value'), '30', 'what nobody touches follows the device');
		story.state.refuseWays = { ...refusal('setting.apply', 'The device cannot take this value now', 'See the detail.'), status: 409 };
		await page.check('#methods-certificate');
		await press(page, 'methods-send');
		await page.waitForSelector('#methods-failed .trouble');
		assert.match(await page.textContent('#methods-failed'), /cannot take this value now.*setting\.apply/s);
		assert.ok(await page.isChecked('#methods-certificate'));
		await comeTo(page, story.url, 'ways/guesses', '#throttle-now');
		assert.equal(await page.textContent('h1'), 'After 5 failures one waits 60 seconds.');
		story.state.refuseWays = null;
		await page.check('#throttle-off');
		await press(page, 'throttle-send');
		await has(page, 'part-guesses', 'Whoever guesses waits for nothing.');
		await page.fill('#most-value', '86401');
		await press(page, 'most-send');
		assert.match(await page.textContent('#most-value-wrong'), /1 to 86400/);
		await page.goto(`${story.url}#/ways/server`);
		await page.fill('#radius-server-value', 'radius.example:1812');
		await press(page, 'radius-server-send');
		assert.match(await page.textContent('#radius-server-value-wrong'), /as numbers/);
		await page.fill('#radius-server-value', '[2001:db8::1]:1812');
		await press(page, 'radius-server-send');
		await has(page, 'part-radius', 'The server is named, but shares no secret');
	});
}

// @nist LA.RSM.5.4: a login of a moment ago first; what was typed is sent then, and is typed once
async function provenFirst({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await typeLogin(page);
		await page.waitForSelector('#part-log h2');
		await page.goto(`${story.url}#/ways/server`);
		await page.waitForSelector(READY['ways-server']);
		Object.assign(story.state, { careful: true, fresh: false });
		await page.fill('#radius-secret', SECRET);
		await press(page, 'radius-secret-send');
		await page.waitForSelector('#prove #password');
		assert.equal(story.state.told.radius, undefined);
		await page.fill('#password', GOOD);
		await page.keyboard.press('Enter');
		await has(page, 'part-radius-secret', 'There is a secret.');
		assert.equal(story.state.told.radius, SECRET);
	});
}

function filledWith(text) {
	const state = settled();
	state.accounts.forEach((one) => Object.assign(one, { name: text }));
	state.credentials.forEach((one) => Object.assign(one, { label: text, made: text }));
	Object.assign(state.names, { names: [text, text], until: text });
	Object.assign(state.gateway, { url: text, anchors: text });
	Object.assign(state.oidc, { issuer: text, client: text, address: text, name: text, claim: text, anchors: text });
	state.providers.forEach((one) => Object.assign(one, { provider: text, help: text }));
	state.ways.forEach((one) => Object.assign(one, { value: text, changed_by: text, version: 1 }));
	return state;
}

async function hostileText({ open }) {
	await withStory(ways(), async (story) => {
		const page = await open(story.url);
		await enterWays(page, story, 'ways-guesses'); // none of those below: going to where one is reads nothing anew
		for (const text of payloads) {
			story.state = filledWith(text);
			for (const [name, part] of [['ways', 'part-all-ways'], ['ways-strength', 'least-now'], ['ways-names', 'part-names'], ['ways-messages', 'part-gateway'], ['ways-server', 'radius-server-now'], ['ways-provider', 'part-oidc'], ['ways-readers', 'part-providers']]) {
				await page.click(`#place-${name}`);
				await has(page, part, text);
				assert.equal(await page.locator(FOREIGN).count(), 0, text);
			}
		}
	});
}

const validate = new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'attribute-boolean-style': 'off' } });

async function everyLook({ open }) {
	await withStory(settled(), async (story) => {
		const page = await open(story.url, { width: 320 });
		await enterWays(page, story);
		for (const name of Object.keys(READY)) {
			await comeTo(page, story.url, name.replace('-', '/'), READY[name]);
			const report = await validate.validateString(`<!DOCTYPE html>${await page.evaluate(() => document.documentElement.outerHTML)}`);
			assert.deepEqual(report.results.flatMap((one) => one.messages.map((message) => `${name}: ${message.ruleId} ${message.message} ${message.selector}`)), []);
			await fitsEverywhere(page, async () => assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('.choices input')].filter((one) => one.getBoundingClientRect().width < 20).map((one) => one.id)), [], 'what is to be hit keeps its size'));
		}
		for (const name of Object.keys(READY)) {
			await comeTo(page, story.url, name.replace('-', '/'), READY[name]);
			await fitsWithLargeText(page);
		}
	});
}

export const waysIn = [
	['ways: every way and how it stands, what is not strong enough, and what is not told', everyWay],
	['ways: names come by a certificate over the key that the page gives away, run out and go; passkeys are explained', namesCome],
	['ways: secrets of gateway, server and provider go to the device masked, stay when refused, and never come back', secretsGoOneWay],
	['ways: accounts are given a destination, a server, somebody at the provider, a reader, and these are taken back', accountsUseThem],
	['ways: readers are there, pretend, or are missed by accounts', readersStand],
	['ways: the settings of logging in are decided in words; somebody else was quicker; a refusal keeps the choice', settingsAreDecided],
	['ways: what is dangerous asks for a login first', provenFirst],
	['ways: hostile text stays text in every field', hostileText],
	['ways: 320 px, wide, dark, text at 200 %: fits, valid, axe finds nothing', everyLook],
];
