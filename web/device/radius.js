// SPDX-License-Identifier: Apache-2.0
// A RADIUS server of the organization's that judges passwords: where it is, the secret that device and server share, and whose passwords it judges.

import { boundAccounts, boundPages, usedBy, users } from './bound.js';
import { call } from './api.js';
import { field, form, h, lead, say, sure, titled } from './dom.js';
import { secretField } from './secret.js';
import { settingForm, settingOf } from './setting.js';

const PATH = '/api/v1/radius-secret';
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):\d{1,5}$/i;

function answerPart(now) {
	if (!now.radius.value)
		return lead('not provided', 'This device does not tell you who judges passwords.', 'Only an owner may ask it.', now.radius);
	const [server, { secret }] = [settingOf(now, 'radius-server'), now.radius.value];
	const judged = usedBy(now, 'server').length;
	const stuck = judged ? ` Until then ${users(now, 'account cannot', 'accounts cannot', 'server')} come in by password.` : '';
	if (server && secret)
		return lead('provided', `${server} judges the ${judged === 1 ? 'password' : 'passwords'} of ${users(now, 'account', 'accounts', 'server')}.`, 'The device has none of these passwords. A no, silence or an answer of somebody else lets nobody in; a second factor is the device’s own.');
	if (server || secret)
		return lead('needs a part', server ? 'The server is named, but shares no secret with the device.' : 'There is a secret, but no server is named.', `${server ? 'Set the same secret here and there.' : 'Say where it is.'}${stuck}`);
	return lead(judged ? 'not provided' : 'off by policy', 'No server of yours judges passwords.', `A RADIUS server can: say where it is, share a secret with it, then say whose passwords it judges. It needs Message-Authenticator in its answers.${stuck}`);
}

export function radiusPlace(tools) {
	const { change, part, putIfNew } = tools;
	const pages = boundPages('judged', ['server'], tools);
	let [fields, forms, accounts] = [{}, [], null];
	const onSet = async ({ secret }) => {
		if (!await change('radius-secret-send', 'radius-secret-failed', () => call('PUT', PATH, { body: { secret } })))
			return;
		fields.secret.input.value = '';
		say('The device shares this secret with the server now.');
	};
	const onForget = async (button) => {
		if (await change(button, 'radius-secret-failed', () => call('DELETE', PATH)))
			say('The secret is forgotten.');
	};
	const frame = () => {
		fields = { secret: secretField('radius-secret', 'Secret', 'As the server has it: 16 to 128 characters. Passwords go there hidden by it alone, so make it random, 22 or more; it is never shown again.', 'new-password', { maxlength: 128 }) };
		forms = [
			settingForm({ id: 'radius-server', key: 'logical-access.radius-server', tell: (value) => `${value || 'none'}.`, wrong: (text) => (!text || ADDRESS.test(text) ? '' : 'An address and a port as numbers, such as 192.0.2.1:1812 or [2001:db8::1]:1812.'),
				one: field('radius-server-value', 'Address and port', 'As numbers: 192.0.2.1:1812 or [2001:db8::1]:1812. Empty: none.', { maxlength: 53 }) }, tools),
			settingForm({ id: 'radius-timeout', key: 'logical-access.radius-timeout', tell: (value) => `${value} seconds.`, wrong: (text) => (/^([1-9]|[12][0-9]|30)$/.test(text) ? '' : 'A whole number from 1 to 30.'),
				one: field('radius-timeout-value', 'Seconds it has to answer', 'From 1 to 30. Who has not got its yes by then is refused.', { maxlength: 2, inputmode: 'numeric' }) }, tools),
		];
		accounts = boundAccounts({
			id: 'judged', pages, title: 'Whose passwords does it judge?', caption: 'The device has no password of theirs to fall back to.', none: 'Nobody’s.', what: 'As whom there',
			fields: { user: field('judged-user', 'As whom the server knows it', 'Empty: by the name of the account. Keep an owner with a certificate, for the day the server is silent.', { maxlength: 253 }) },
			wrong: () => ({}), body: ({ user }) => (user ? { user } : {}), press: 'Let the server judge', path: '/api/v1/server-passwords', ends: '/api/v1/passwords',
			gone: () => 'It has no password at all then, and its sessions end. Give it one at Accounts.', given: 'The server judges the password of',
		}, tools);
		return [
			h('section', { id: 'part-radius' }),
			titled('radius-where', 'Where is it?', forms.map((one) => one.box)),
			titled('radius-shared', 'What do they share?', h('div', { id: 'part-radius-secret' }),
				form({ id: 'radius-secret', press: 'Set the secret', fields, check: ({ secret }) => ({ secret: new TextEncoder().encode(secret).length < 16 ? 'At least 16 characters.' : '' }), send: onSet })),
			accounts.box,
		];
	};
	return {
		path: '#/ways/server',
		name: 'Password server',
		frame,
		read: async () => ({ settings: await part('/api/v1/settings', 'settings'), radius: await part(PATH), credentials: await pages.read() }),
		show: (now) => {
			document.title = 'Password server';
			putIfNew('radius', now, () => answerPart(now));
			putIfNew('radius-secret', now.radius, () => (!now.radius.value ? [] : now.radius.value.secret
				? h('p', {}, 'There is a secret. ', sure('forget-secret', 'Forget it', 'Nobody comes in by the server’s word then.', 'Forget it: the secret that is shared with the server', onForget)) : h('p', {}, 'There is no secret.')));
			forms.forEach((one) => one.show(now.settings));
			accounts.show(now);
		},
	};
}
