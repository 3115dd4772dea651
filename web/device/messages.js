// SPDX-License-Identifier: Apache-2.0
// Codes by message: the organization's gateway that sends them, what it is shown, and whose codes go where. Its secret goes to the device and never comes back.

import { boundAccounts, boundPages, hostOf, httpsWrong, knownBy, pemWrong, usedBy, users } from './bound.js';
import { call, get } from './api.js';
import { facts, field, form, h, lead, say, sure, titled, untold } from './dom.js';
import { secretField } from './secret.js';
import { following, origin } from './setting.js';

const PATH = '/api/v1/message-gateway';

function answerPart(now) {
	if (!now.gateway.value)
		return untold('who sends its codes', now.gateway);
	const waiting = usedBy(now, 'message').length;
	const { set, url } = now.gateway.value;
	if (set)
		return lead('provided', `Codes are sent by ${hostOf(url)}.`, 'For each the device makes one HTTPS request with a code that is good once, for five minutes and three tries. Whoever runs that service reads all codes.');
	return waiting ? lead('not provided', `${users(now, 'account needs', 'accounts need', 'message')} a code that nobody sends.`, 'No gateway is named. Name one, or take the destinations back; who has no other second factor cannot log in by password meanwhile.')
		: lead('off by policy', 'No codes are sent: no gateway is named.', 'A service of yours can send people the codes of their logins, to a telephone or by mail. Name it here, then say whose codes go where.');
}

function gatewayPart({ gateway }, onRemove) {
	const { set, url, anchors, secret } = gateway.value || {};
	return set ? [
		facts(['Address', h('code', { class: 'breaks' }, url)], ['Known by', knownBy(anchors)], ['Secret', secret ? 'It is shown one, which nobody can read here.' : 'It is shown none.']),
		h('p', {}, sure('drop-gateway', 'Name none', 'No codes are sent any more. Who has no other second factor cannot log in by password.', `Name none: no codes are sent by ${url}`, onRemove)),
	] : [];
}

export function messagesPlace({ again, change, part, putIfNew }) {
	const pages = boundPages('destinations', ['message'], { again, part });
	const stood = origin(() => get(PATH), again);
	let [fields, follow, accounts] = [{}, null, null];
	const onSet = async ({ url, anchors, secret }) => {
		if (!await change('gateway-send', 'gateway-failed', async () => {
			await stood.hold(PATH);
			await call('PUT', PATH, { body: { url, anchors: `${anchors}\n`, ...(secret ? { secret } : {}) } });
			follow.rest();
		}))
			return;
		fields.secret.input.value = '';
		say('Codes go out by this gateway now.');
	};
	const onRemove = async (button) => {
		if (await change(button, 'gateway-failed', () => call('DELETE', PATH)))
			say('No codes are sent any more.');
	};
	const frame = () => {
		fields = {
			url: field('gateway-url', 'Its address', 'https://HOST/PATH. Each code is one POST of to, code, text, device and product.', { maxlength: 512, class: 'wide', inputmode: 'url' }),
			anchors: field('gateway-anchors', 'What it is known by', 'Its own certificate, or those of its authorities, in PEM with P-256 keys. Nobody else is trusted.', { maxlength: 16384, rows: 6, class: 'wide' }),
			secret: secretField('gateway-secret', 'Secret', 'Shown to it with each code (Authorization: Bearer). Empty: none, also when there was one.', 'new-password', { raw: false, maxlength: 256 }),
		};
		const box = form({ id: 'gateway', press: 'Name this gateway', fields, check: (typed) => ({ url: httpsWrong(typed.url), anchors: pemWrong(typed.anchors) }), send: onSet });
		follow = following(box, fields);
		accounts = boundAccounts({
			id: 'destinations', pages, title: 'Whose codes go where?', caption: 'By password they come in only with a code, or another second factor of theirs.', none: 'Nobody is sent a code.', what: 'Where to',
			label: (one) => one.label || 'Nowhere: whoever said it may do less now than the account. Say it anew.',
			fields: { to: field('destinations-to', 'Where to', 'A number or an address, in the gateway’s words. What was there before is replaced.', { maxlength: 128 }) },
			wrong: ({ to }) => ({ to: to ? '' : 'Type a number or an address.' }), body: ({ to }) => ({ to }), press: 'Send codes there', path: '/api/v1/destinations',
			gone: () => 'No code is sent, and none is asked for: the password alone may open it.', given: 'Codes are sent to',
		}, { change, putIfNew });
		return [
			h('section', { id: 'part-messages' }),
			titled('gateway-title', 'Who sends them?', h('div', { id: 'part-gateway' }), box),
			accounts.box,
		];
	};
	return {
		path: '#/ways/messages',
		name: 'Messages',
		frame,
		read: async () => ({ gateway: await part(PATH), credentials: await pages.read() }),
		show: (now) => {
			document.title = 'Codes by message';
			putIfNew('messages', now, () => answerPart(now));
			putIfNew('gateway', now.gateway, () => gatewayPart(now, onRemove));
			if (now.gateway.value && !follow.touched) {
				follow.fill({ url: now.gateway.value.url || '', anchors: (now.gateway.value.anchors || '').trim() });
				stood.begin(PATH, now.gateway.value);
			}
			accounts.show(now);
		},
	};
}
