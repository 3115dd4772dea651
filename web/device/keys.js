// SPDX-License-Identifier: Apache-2.0
// Keys and the names they stand for: where the device keeps them, those that its owner has had made, and the local identity, a
// certificate of the owner's own authority; and whether the cryptography beneath all of it does what it should.
// No private half ever comes here. What the device said comes in; the buttons ask it.

import { call, get, post } from './api.js';
import { byId, choice, facts, field, form, h, moment, say, sentence, shape, sure, trouble } from './dom.js';
import { TASK_MS, goesOn, lookAgain, taskEnd } from './tasks.js';

const NAME = /^[a-z][a-z0-9.-]{0,31}$/;
const KINDS = { file: 'in a sealed file', tpm: 'in its TPM', pkcs11: 'in its token' };
const fourByFour = (hex) => hex.replace(/(.{4})(?=.)/g, '$1 ');
const count = (number, one, many) => (number === 1 ? `One ${one}` : `${number} ${many}`);

// ---- what the device says ----

function answer({ store, keys }) {
	if (!store.value || !keys.value)
		return ['not provided', 'This device does not say how it keeps its keys.', 'What it answered stands below.'];
	const { kind, hardware, outside } = store.value;
	if (!store.value.taken_over)
		return ['not provided', 'Its own keys still lie in plain files.', 'They go into the keystore once a start of this release is confirmed. Until then whoever copies the disk has them.'];
	const where = `${keys.value.keys.length ? count(keys.value.keys.length, 'key of yours is', 'keys of yours are') : 'Its own keys are'} kept ${KINDS[kind] || kind}.`;
	if (outside)
		return ['provided', where, hardware ? 'They are made and used inside the hardware; a copy of the disk opens nothing.' : 'A copy of the disk alone opens nothing: what opens the file is not on it.'];
	if (kind !== 'file')
		return ['needs a part', where, 'The token is a program and keeps them in files of its own; whoever copies the whole disk can have those too. A token that is hardware mends that.'];
	return ['needs a part', where, 'Whoever copies the whole disk can open them: what opens the file lies on it too. A secret outside of the disk, a TPM or a token mends that.'];
}

function answerPart(now) {
	const [status, title, what] = answer(now);
	return [h('h1', { class: 'answer' }, shape(status), h('span', {}, title)), h('p', { class: 'lead' }, what),
		[now.store, now.keys].filter((one) => one.error).map((one) => trouble(one.error))];
}

function storePart({ value }, rotate) {
	return [
		h('h2', { id: 'store' }, 'The storage key'),
		value ? facts(['Generation', String(value.generation)], ['Oldest that still opens anything', String(value.oldest)], ['In words', sentence(value.detail)]) : null,
		value ? h('p', {}, sure('rotate-store', 'Make a new one', 'What is sealed is sealed again under it; the old one is destroyed.', 'Make a new one', rotate)) : null,
		h('div', { id: 'store-failed' }),
	];
}

function keyRow(one, rotate, remove) {
	const id = one.name.replace(/[^a-z0-9]/g, '-');
	return h('tr', {},
		h('td', { 'data-label': 'Key' }, h('span', {}, one.name)),
		h('td', { 'data-label': 'Public half (SHA-256)' }, h('code', {}, fourByFour(one.fingerprint))),
		h('td', {}, sure(`rotate-${id}`, 'Replace', 'The old private half is destroyed; whoever knows its public half has to learn the new one.', `Replace the key ${one.name}`, (button) => rotate(button, one.name)),
			' ', sure(`remove-${id}`, 'Remove', 'Its private half is destroyed.', `Remove the key ${one.name}`, (button) => remove(button, one.name))));
}

function keysPart({ value }, rotate, remove) {
	const list = value ? value.keys : [];
	return [
		h('h2', { id: 'own' }, 'Your keys'),
		h('p', {}, 'Made inside the device for your own uses. They are destroyed when ownership ends.'),
		list.length ? h('table', { class: 'log stacks' },
			h('caption', {}, 'The private halves never leave the device.'),
			h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Key'), h('th', { scope: 'col' }, 'Public half (SHA-256)'), h('td', {}))),
			h('tbody', {}, list.map((one) => keyRow(one, rotate, remove)))) : value ? h('p', {}, 'There is none.') : null,
	];
}

function localPart({ value, error }, renew, remove) {
	return [
		h('h2', { id: 'local' }, 'Its local identity'),
		h('p', {}, 'A certificate of your own authority, with which this device shows others that it is one of yours.'),
		error ? trouble(error) : null,
		value && value.enrolled ? [
			facts(['From', h('code', { class: 'breaks' }, value.url)], ['Since', moment(value.since)], ['Good until', moment(value.not_after)]),
			h('p', {}, h('button', { type: 'button', class: 'second', id: 'renew-local', onclick: renew }, 'Renew it now'), ' ',
				sure('remove-local', 'Remove', 'Its key is destroyed; others no longer know this device as one of yours.', 'Remove the local identity', remove)),
			h('details', { class: 'reason', id: 'local-certificate' }, h('summary', { id: 'summary-local-certificate' }, h('span', { class: 'text' }, 'Its certificate')), h('pre', { class: 'scroll', tabindex: '0' }, value.certificate)),
		] : value ? h('p', {}, 'It has none.') : null,
	];
}

// One row per algorithm as the device tried it: with the example that its standard publishes, and how fast.
function algorithmRow(one) {
	const slow = one.passed && one.rate < one.floor;
	const word = !one.passed ? 'Fails' : slow ? 'Too slow' : 'Passed';
	return h('tr', {},
		h('td', { 'data-label': 'Algorithm' }, h('span', {}, one.name), h('span', { class: 'rest' }, one.standard)),
		h('td', { 'data-label': 'Outcome' }, h('span', { class: 'state' }, shape(word === 'Passed' ? 'provided' : 'not provided'), h('span', {}, word))),
		h('td', { 'data-label': 'Speed' }, one.passed ? h('span', {}, `${one.rate.toLocaleString()} ${one.unit}`) : '', one.floor ? h('span', { class: 'rest' }, `${one.floor.toLocaleString()} ${one.unit} declared`) : null));
}

function algorithmsPart(tried, trying) {
	const title = tried && (tried.passed && tried.fast_enough ? 'All of them do what their standards say, as fast as declared.' : tried.passed ? 'All of them do what their standards say, but not as fast as declared.' : 'Not all of them do what their standards say. Ask the manufacturer.');
	return [
		h('h2', { id: 'algorithms' }, 'Its cryptography'),
		h('p', {}, 'The device tries its algorithms by itself every six hours and records one that fails. Here it tries and measures them at once.'),
		h('p', {}, h('button', { type: 'button', class: 'second', id: 'try-algorithms', onclick: trying }, tried ? 'Try them again' : 'Try them now')),
		h('div', { id: 'algorithms-failed' }),
		tried ? h('table', { class: 'log stacks' },
			h('caption', { id: 'algorithms-told' }, title),
			h('thead', {}, h('tr', {}, ['Algorithm', 'Outcome', 'Speed'].map((name) => h('th', { scope: 'col' }, name)))),
			h('tbody', {}, tried.algorithms.map(algorithmRow))) : null,
		tried ? h('p', { class: 'hint' }, 'Tried: ', moment(tried.at)) : null,
	];
}

function taskPart(task) {
	if (!task)
		return [];
	const going = goesOn(task);
	return [
		going ? h('p', {}, h('progress', { 'id': 'local-progress', 'aria-label': 'Getting the certificate' }), ' ', task.words ? sentence(task.words) : 'Getting the certificate.')
			: h('p', { class: task.result && task.result.verdict === 'enrolled' ? 'done' : 'note', id: 'local-end' }, taskEnd(task), task.result && task.result.verdict !== 'enrolled' ? [' Rule ', h('code', {}, task.result.verdict), '.'] : null),
	];
}

// ---- the place ----

export function keysPlace({ again, change, leave, part, putIfNew }) {
	const create = { name: field('key-name', 'Name of the key', 'Small letters, digits, dots, hyphens; a letter first.', { maxlength: 32 }) };
	const enrol = {
		url: field('local-url', 'Your EST server', 'https://HOST, with /.well-known/est/LABEL if it has one.', { maxlength: 512, class: 'wide', inputmode: 'url' }),
		anchors: field('local-anchors', 'Your authority', 'Its certificate in PEM: it vouches for the server and for the certificate.', { rows: 6, maxlength: 16384 }),
		by: choice('local-by', 'The server knows this unit by', [['secret', 'A name and a password'], ['unit', 'The certificate from its manufacturer. The server learns which unit this is, and who made it']], 'secret'),
		secret: field('local-secret', 'Name and password', 'NAME:PASSWORD by which the server knows this unit; stays empty for a certificate. The device keeps it sealed until it has its own.', { maxlength: 128, type: 'password', autocomplete: 'new-password', class: 'wide' }),
	};
	let task = null;
	let timer = 0;
	let tried = null;

	const onTry = async () => {
		if (await change('try-algorithms', 'algorithms-failed', async () => { tried = { ...await post('/api/v1/crypto/self-test', {}), at: new Date().toISOString() }; }))
			say(byId('algorithms-told').textContent);
	};
	const showTask = () => {
		putIfNew('local-task', task, () => taskPart(task));
		clearTimeout(timer);
		if (task && goesOn(task))
			timer = setTimeout(follow, TASK_MS);
	};

	async function follow() {
		if (!byId('part-local-task') || document.hidden || !task)
			return;
		const now = await lookAgain(task, leave);
		if (!now)
			return;
		({ task } = now);
		if (!goesOn(task)) {
			say(taskEnd(task));
			again(0);
		}
		showTask();
	}

	const begin = async (path, body) => {
		task = await get(`/api/v1/tasks/${(await post(path, body)).task}`);
		say('The device has begun.');
	};
	const onEnrol = async ({ url, anchors, by, secret }) => {
		const shown = by === 'unit' ? { unit: true } : { secret };
		if (await change('enrol-send', 'enrol-failed', () => begin('/api/v1/local-identity', { url, anchors: `${anchors}\n`, ...shown })))
			enrol.secret.input.value = '';
		showTask();
	};
	const onRenew = async () => {
		await change('renew-local', 'enrol-failed', () => begin('/api/v1/local-identity/renewal'));
		showTask();
	};
	const onForget = async (button) => {
		if (await change(button, 'enrol-failed', () => call('DELETE', '/api/v1/local-identity')))
			say('The local identity is gone.');
	};
	const onCreate = async (typed) => {
		if (!await change('key-send', 'key-failed', () => post('/api/v1/keys', typed)))
			return;
		create.name.input.value = '';
		say(`The key ${typed.name} is made.`);
	};
	const onReplace = async (button, name) => {
		if (await change(button, 'key-failed', () => post(`/api/v1/keys/${encodeURIComponent(name)}`)))
			say(`The key ${name} is another one now.`);
	};
	const onRemove = async (button, name) => {
		if (await change(button, 'key-failed', () => call('DELETE', `/api/v1/keys/${encodeURIComponent(name)}`)))
			say(`The key ${name} is gone.`);
	};
	const onRotate = async (button) => {
		if (await change(button, 'store-failed', () => post('/api/v1/keystore/rotation')))
			say('The storage key is a new one.');
	};

	return {
		path: '#/keys',
		name: 'Keys',
		frame: () => [
			h('section', { id: 'part-keys' }),
			h('section', { 'aria-labelledby': 'own' },
				h('div', { id: 'part-own' }),
				form({ id: 'key', press: 'Make a key', fields: create, check: (typed) => ({ name: NAME.test(typed.name) ? '' : 'Small letters, digits, dots and hyphens, a letter first, 32 at most.' }), send: onCreate })),
			h('section', { 'aria-labelledby': 'local' },
				h('div', { id: 'part-local' }),
				h('div', { id: 'part-local-task' }),
				h('h3', {}, 'Get one'),
				form({
					id: 'enrol', press: 'Ask the server', fields: enrol,
					check: (typed) => ({
						url: /^https:\/\/\S+$/.test(typed.url) ? '' : 'An address that begins with https://',
						anchors: /-----BEGIN CERTIFICATE-----/.test(typed.anchors) ? '' : 'This is no certificate in PEM.',
						secret: typed.by === 'unit' ? (typed.secret ? 'Leave it empty: the certificate stands in its place.' : '') : /^[^:]+:.+$/.test(typed.secret) ? '' : 'A name, a colon, a password.',
					}),
					send: onEnrol,
				})),
			h('section', { id: 'part-store', 'aria-labelledby': 'store' }),
			h('section', { id: 'part-algorithms', 'aria-labelledby': 'algorithms' }),
		],
		read: async () => ({ store: await part('/api/v1/keystore'), keys: await part('/api/v1/keys'), local: await part('/api/v1/local-identity') }),
		show: (now) => {
			document.title = 'Keys';
			putIfNew('keys', [now.store, now.keys], () => answerPart(now));
			putIfNew('own', now.keys, () => keysPart(now.keys, onReplace, onRemove));
			putIfNew('local', now.local, () => localPart(now.local, onRenew, onForget));
			putIfNew('store', now.store, () => storePart(now.store, onRotate));
			putIfNew('algorithms', tried, () => algorithmsPart(tried, onTry));
			showTask();
		},
	};
}
