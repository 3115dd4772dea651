// SPDX-License-Identifier: Apache-2.0
// The organization's OpenID Connect provider: named and taken back, and who there is which account. Its client's secret goes to the device and never comes back.

import { boundAccounts, boundPages, httpsWrong, knownBy, pemWrong, usedBy, users } from './bound.js';
import { call, get } from './api.js';
import { facts, field, form, h, lead, say, sure, titled } from './dom.js';
import { secretField } from './secret.js';
import { following, origin } from './setting.js';

const PATH = '/api/v1/oidc';
const TEXTS = ['issuer', 'client', 'address', 'name', 'claim', 'anchors'];

function answerPart(now) {
	if (!now.oidc.value)
		return lead('not provided', 'This device does not tell you its provider.', 'Only an owner may ask it.', now.oidc);
	const known = usedBy(now, 'oidc').length;
	const { set, name } = now.oidc.value;
	if (set)
		return lead(known ? 'provided' : 'needs a part', `${known ? users(now, 'account comes', 'accounts come', 'oidc') : 'Nobody comes'} in by ${name}.`,
			known ? 'Nobody else of the provider’s does, and no account is made by itself. While the provider does not answer nobody comes in by it: keep another way.' : 'The provider is named. Say below who there is which account here.');
	return lead('off by policy', 'No OpenID Connect provider is named.', known ? `${users(now, 'account has', 'accounts have', 'oidc')} somebody at one; that counts again when it is named again.` : 'People who log in at one of yours can come in here by it. Register this device there, then name it below.');
}

function keptPart({ oidc }, onRemove) {
	const one = oidc.value || {};
	return one.set ? [
		facts(['On the page', `Log in with ${one.name}`], ['Issuer', h('code', { class: 'breaks' }, one.issuer)], ['This device there', h('code', { class: 'breaks' }, one.client)], ['Its secret', one.secret ? 'There is one, which nobody can read here.' : 'It has none.'],
			['Browsers come back to', h('code', { class: 'breaks' }, `${one.address}/`)], ['Who it is, says', h('code', { class: 'breaks' }, one.claim)], ['Known by', knownBy(one.anchors)]),
		h('p', {}, sure('drop-oidc', 'Name none', 'Nobody logs in by it any more, and the sessions that it opened end. Who is who there is kept for the case that it is named again.', `Name none: nobody comes in by ${one.issuer}`, onRemove)),
	] : [];
}

function providerFields() {
	return {
		issuer: field('oidc-issuer', 'Issuer', 'https://HOST/PATH, as the provider writes it.', { maxlength: 480, class: 'wide', inputmode: 'url' }),
		client: field('oidc-client', 'Client id', 'As what the provider knows this device.', { maxlength: 128, class: 'wide' }),
		secret: secretField('oidc-secret', 'Client secret', 'If the provider gave one. Empty: none, also when there was one.', 'new-password', { maxlength: 128 }),
		address: field('oidc-address', 'Address of this device', 'By which browsers reach it, without a slash at its end. People come back to that one alone.', { maxlength: 200, class: 'wide', inputmode: 'url', value: location.origin }),
		name: field('oidc-name', 'What the page calls it', 'To everybody who wants to log in.', { maxlength: 48, autocapitalize: 'words' }),
		claim: field('oidc-claim', 'What says who somebody is', 'A claim of its tokens. One that people can change themselves lets them be anybody.', { maxlength: 64, value: 'sub' }),
		anchors: field('oidc-anchors', 'What it is known by', 'Its own certificate, or those of its authorities, in PEM with P-256 keys. Nobody else is trusted.', { maxlength: 16384, rows: 6, class: 'wide' }),
	};
}

const wrongOf = (typed) => ({
	issuer: httpsWrong(typed.issuer),
	client: typed.client ? '' : 'Type the id that the provider gave this device.',
	address: /^https:\/\/[^\s/?#@]+$/.test(typed.address) ? '' : 'https://HOST or https://HOST:PORT, and nothing behind it.',
	name: typed.name ? '' : 'Type what people know it by.',
	claim: typed.claim ? '' : 'Usually sub.',
	anchors: pemWrong(typed.anchors),
});

export function providerPlace(tools) {
	const { again, change, part, putIfNew } = tools;
	const pages = boundPages('subjects', ['oidc'], tools);
	const stood = origin(() => get(PATH), again);
	let [fields, follow, accounts] = [{}, null, null];
	const onSet = async ({ secret, anchors, ...rest }) => {
		if (!await change('oidc-send', 'oidc-failed', async () => {
			await stood.hold(PATH);
			await call('PUT', PATH, { body: { ...rest, anchors: `${anchors}\n`, ...(secret ? { secret } : {}) } });
			follow.rest();
		}))
			return;
		fields.secret.input.value = '';
		say(`People may come in by ${rest.name} now.`);
	};
	const onRemove = async (button) => {
		if (await change(button, 'oidc-failed', () => call('DELETE', PATH)))
			say('Nobody logs in by the provider any more.');
	};
	const frame = () => {
		fields = providerFields();
		const box = form({ id: 'oidc', press: 'Name this provider', fields, check: wrongOf, send: onSet });
		follow = following(box, fields);
		accounts = boundAccounts({
			id: 'subjects', pages, title: 'Who there is which account?', caption: 'They log in there and come in here. A second factor that the account has is asked for too.', none: 'Nobody.', what: 'There',
			fields: { subject: field('subjects-who', 'Who it is there', 'The value of the claim, to the letter. Who has tried without an account stands in the log (login.outside). Its sessions end now.', { maxlength: 255, class: 'wide' }) },
			wrong: ({ subject }) => ({ subject: subject ? '' : 'Type who it is there.' }), body: ({ subject }) => ({ subject }), press: 'It is this account', path: '/api/v1/oidc-subjects',
			gone: () => 'Nobody comes in to it by the provider, and its sessions end.', given: 'Somebody at the provider is',
		}, tools);
		return [
			h('section', { id: 'part-provider' }),
			h('section', { 'id': 'part-oidc', 'aria-label': 'The provider' }),
			titled('oidc-title', 'Name it, or another',
				h('p', {}, 'There, register this device as a client of the authorization code flow with PKCE. The place to come back to is the address below with a slash at its end; ID tokens are signed by ES256 or RS256 and say auth_time. Another provider ends the sessions that the one before opened.'),
				box),
			accounts.box,
		];
	};
	return {
		path: '#/ways/provider',
		name: 'OpenID Connect',
		frame,
		read: async () => ({ oidc: await part(PATH), credentials: await pages.read() }),
		show: (now) => {
			document.title = 'OpenID Connect';
			putIfNew('provider', now, () => answerPart(now));
			putIfNew('oidc', now.oidc, () => keptPart(now, onRemove));
			if (now.oidc.value && !follow.touched)
				stood.begin(PATH, now.oidc.value);
			if (now.oidc.value && now.oidc.value.set)
				follow.fill(Object.fromEntries(TEXTS.map((name) => [name, now.oidc.value[name].trim()])));
			accounts.show(now);
		},
	};
}
