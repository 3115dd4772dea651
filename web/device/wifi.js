// SPDX-License-Identifier: Apache-2.0
// Wi-Fi: which network is joined and how, those that the device knows, another one made known, and which is to be joined. Joining waits to be confirmed, since
// whoever does it may come by the network that is left: what waits stands first, with its time, and is confirmed or taken back here.

import { call, readPem } from './api.js';
import { facts, field, fileField, form, h, lead, pick, say, sure, table, titled } from './dom.js';
import { secretField } from './secret.js';

const PATH = '/api/v1/wifi';
const SETTING = 'wifi.network';
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const KINDS = [['wpa3-sae', 'WPA3, by a passphrase'], ['wpa2-psk', 'WPA2, by a passphrase'], ['peap', 'An organization’s, by a name and a password (PEAP)']];
const WORDS = { '__proto__': null, ...Object.fromEntries(KINDS), 'eap-tls': 'An organization’s, by a certificate (EAP-TLS)' };
const bytesOf = (text) => new TextEncoder().encode(text).length;
const settingOf = ({ settings }) => (settings.value ? settings.value.settings.find((one) => one.key === SETTING) : null) || null;
const ours = ({ change }) => (change.value && change.value.waiting && /^wifi\./.test(change.value.setting) ? change.value : null);

// ---- what the device says ----

function answerPart(now) {
	const wifi = now.wifi.value;
	if (!wifi)
		return lead('not provided', 'This device does not tell you of its Wi-Fi.', 'What it answered stands below.', now.wifi);
	if (wifi.joined)
		return lead('provided', `It has joined ${wifi.network}, by ${wifi.link}.`, wifi.management_frames === 'protected' ? 'Nobody near it can make it leave by a forged frame.' : 'Its management frames are not protected: somebody near can make it leave. WPA3 mends that.', now.change);
	if (wifi.network)
		return lead('not provided', `It has not joined ${wifi.network}.`, wifi.why || 'It is being joined.', now.change);
	return lead('off by policy', 'It joins no Wi-Fi network.', wifi.why || 'Make one known below, then join it.', now.change);
}

function waitingPart(now, keep, back) {
	const one = ours(now);
	if (!one)
		return [];
	const what = one.setting === SETTING ? (one.value ? `To join ${one.value} ${one.before ? `instead of ${one.before} ` : ''}` : `To leave ${one.before} `) : `${one.setting} as ${one.value} `;
	return titled('waiting', 'It waits for your word',
		h('p', {}, `${what}waits to be confirmed. If nobody does so in time, the device goes back by itself: so nobody is cut off by it.`),
		one.holds ? h('p', {}, 'It has come to that. That you read this shows that the device can still be reached.') : h('p', { class: 'note' }, `It cannot be confirmed yet. ${one.why || ''}`),
		h('div', { id: 'waiting-failed' }),
		h('p', {}, one.holds ? h('button', { type: 'button', id: 'waiting-keep', onclick: keep }, 'Keep it so') : null, ' ', h('button', { type: 'button', class: 'second', id: 'waiting-back', onclick: back }, 'Go back now')));
}

function nowPart({ value }) {
	return value && value.joined ? [
		h('h2', { id: 'wifi-now' }, 'The network now'),
		facts(['Access point', h('code', {}, value.bssid)], ['Authenticated by', value.authentication], ['Encrypted by', value.cipher], ['Frequency', `${value.frequency} MHz`], value.signal === undefined ? null : ['Signal', `${value.signal} dBm`]),
	] : [];
}

function networkRow(one, i, { joins, waits }, join, remove) {
	const named = one.ssid === undefined ? `${one.ssid_hex} (hex)` : one.ssid;
	const used = joins === one.name;
	return [
		h('span', { class: 'breaks' }, one.name),
		h('span', { class: 'breaks' }, named),
		[h('span', {}, WORDS[one.kind] || one.kind), one.identity ? h('span', { class: 'rest breaks' }, `as ${one.identity}`) : null],
		used ? h('span', {}, 'It is to be joined') : waits ? h('span', { class: 'quiet' }, 'Another change waits') : [
			one.whole ? h('button', { 'type': 'button', 'class': 'second', 'id': `join-${i}`, 'aria-label': `Join ${one.name}`, 'onclick': () => join(`join-${i}`, one.name) }, 'Join') : h('span', { class: 'quiet' }, 'It lacks its certificate'), ' ',
			sure(`forget-${i}`, 'Forget', 'Its secret is gone with it.', `Forget the network ${one.name}`, (button) => remove(button, one.name))],
	];
}

function networksPart(now, join, remove, leave) {
	const list = now.wifi.value ? now.wifi.value.networks : [];
	const setting = settingOf(now);
	const state = { joins: now.wifi.value ? now.wifi.value.network : '', waits: Boolean(now.change.value && now.change.value.waiting) };
	return [
		h('h2', { id: 'known' }, 'Networks it knows'),
		list.length ? table('Eight at most. A network is not changed: make it known anew under another name, join that, and forget this one.', ['Name', 'In the air', 'How', ''], list.map((one, i) => networkRow(one, i, state, join, remove)))
			: h('p', {}, 'None.'),
		h('div', { id: 'known-failed' }),
		state.joins && !state.waits && setting ? h('p', {}, sure('leave-wifi', 'Join none', 'The device leaves the network. Whoever comes by it cannot come any more, and it goes back unless somebody confirms it.', `Join none: leave ${state.joins}`, leave)) : null,
	];
}

// ---- another one ----

function wrongOf({ name, ssid, secret, kind, identity, domain, authority }, list) {
	const eap = kind === 'peap';
	const [least, most] = kind === 'wpa2-psk' ? [8, 63] : kind === 'wpa3-sae' ? [8, 128] : [1, 128];
	return {
		name: !NAME.test(name) ? 'Small letters, digits and hyphens, 32 at most.' : list.some((one) => one.name === name) ? 'There is one of this name.' : '',
		ssid: !ssid ? 'Type it as the network says it.' : bytesOf(ssid) > 32 ? 'A network’s name has 32 bytes at most.' : '',
		secret: secret.length < least || bytesOf(secret) > most ? `From ${least} to ${most} characters.` : '',
		identity: eap && !identity ? 'Type as whom the device comes.' : '',
		domain: eap && !domain ? 'Type the server’s name: the device talks to no other.' : '',
		authority: eap && !authority ? 'Choose the certificate of the server’s authority.' : '',
	};
}

export function wifiPlace({ change, part, putIfNew }) {
	let [fields, list, version, more] = [{}, [], null, null];
	const onAdd = async (typed) => {
		const body = { name: typed.name, kind: typed.kind, ssid: typed.ssid, secret: typed.secret };
		const done = await change('add-wifi-send', 'add-wifi-failed', async () => {
			if (typed.kind === 'peap')
				Object.assign(body, { identity: typed.identity, domain: typed.domain, authority: await readPem(typed.authority, 'CERTIFICATE'), ...(typed.outer ? { outer: typed.outer } : {}) });
			await call('POST', `${PATH}/networks`, { body });
		});
		if (!done)
			return;
		Object.values(fields).forEach((one) => { if (one.input.tagName === 'INPUT') one.input.value = ''; });
		say(`The device knows ${typed.name} now.`);
	};
	const set = async (button, name) => {
		if (await change(button, 'known-failed', () => call('PUT', `/api/v1/settings/${SETTING}`, { body: { value: name }, ifMatch: `"${version}"` })))
			say('It waits to be confirmed: see the top of the page.');
	};
	const onRemove = async (button, name) => {
		if (await change(button, 'known-failed', () => call('DELETE', `${PATH}/networks/${encodeURIComponent(name)}`)))
			say(`${name} is forgotten.`);
	};
	const onKeep = async () => {
		const word = async () => {
			const now = (await call('GET', '/api/v1/change')).body;
			if (!now.waiting || !now.word)
				throw Object.assign(new Error('Nothing can be confirmed now'), { status: 409, next: 'See what the device says of it.' });
			await call('POST', '/api/v1/change/confirm', { body: { word: now.word } });
		};
		if (await change('waiting-keep', 'waiting-failed', word))
			say('It stays so.');
	};
	const onBack = async () => {
		if (await change('waiting-back', 'waiting-failed', () => call('DELETE', '/api/v1/change')))
			say('It goes back.');
	};
	const frame = () => {
		fields = {
			name: field('wifi-name', 'What you call it', 'Small letters, digits and hyphens.', { maxlength: 32 }),
			ssid: field('wifi-ssid', 'Its name in the air', 'To the letter, as the network says it.', { maxlength: 32 }),
			kind: pick('wifi-kind', 'How one comes in', 'Open networks, WEP and the first WPA are not joined.', KINDS),
			secret: secretField('wifi-secret', 'Passphrase or password', 'Kept sealed on the device, and never shown again.', 'new-password', { maxlength: 128 }),
			identity: field('wifi-identity', 'As whom', 'The user’s name there.', { maxlength: 128 }),
			outer: field('wifi-outer', 'As whom in clear', 'Said before the server is known, as anonymous@example.net. Empty: the user’s name.', { maxlength: 128 }),
			domain: field('wifi-domain', 'The server’s name', 'As its certificate has it: radius.example.net.', { maxlength: 253 }),
			authority: fileField('wifi-authority', 'The server’s authority', 'Its certificate, a PEM file.', { accept: '.pem,.crt,.cer' }),
		};
		more = ['identity', 'outer', 'domain', 'authority'].map((key) => fields[key].box);
		const fit = () => more.forEach((box) => { box.hidden = fields.kind.input.value !== 'peap'; });
		fields.kind.input.addEventListener('change', fit);
		fit();
		return [
			h('section', { id: 'part-wifi' }),
			h('div', { id: 'part-waiting' }),
			h('div', { id: 'part-wifi-now' }),
			h('div', { id: 'part-known' }),
			titled('add-wifi', 'Make another one known', h('p', {}, 'It is not joined by that. A network that wants a certificate of the device’s own (EAP-TLS) is made known at the command line: ', h('code', {}, 'thingward device wifi enrol'), '.'),
				form({ id: 'add-wifi', press: 'Make it known', fields, check: (typed) => wrongOf(typed, list), send: onAdd })),
		];
	};
	return {
		path: '#/wifi',
		name: 'Wi-Fi',
		frame,
		read: async () => ({ wifi: await part(PATH), settings: await part('/api/v1/settings', 'settings'), change: await part('/api/v1/change') }),
		show: (now) => {
			document.title = 'Wi-Fi';
			list = now.wifi.value ? now.wifi.value.networks : [];
			version = settingOf(now) ? settingOf(now).version : null;
			const one = ours(now);
			putIfNew('wifi', [now.wifi, now.change.error], () => answerPart(now));
			putIfNew('waiting', one && { ...one, word: '', seconds_left: 0 }, () => waitingPart(now, onKeep, onBack));
			putIfNew('wifi-now', now.wifi, () => nowPart(now.wifi));
			putIfNew('known', [now.wifi, now.settings, now.change.value && now.change.value.waiting], () => networksPart(now, set, onRemove, (button) => set(button, '')));
		},
	};
}
