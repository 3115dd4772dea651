// SPDX-License-Identifier: Apache-2.0
// How people may come in: every way over the network, what may be asked for beside it, and how each stands on this device. Each is set up in a place of its own.

import { CREDENTIALS, usedBy } from './bound.js';
import { h, lead, shape, table } from './dom.js';
import { some } from './lists.js';
import { messagesPlace } from './messages.js';
import { ended, namesPlace } from './names.js';
import { providerPlace } from './provider.js';
import { radiusPlace } from './radius.js';
import { readersPlace } from './readers.js';
import { settingOf } from './setting.js';
import { guessesPlace, strengthPlace } from './strength.js';

const untold = (asked) => (asked.error ? ['off by policy', asked.error.status === 403 ? 'Not told to you' : asked.error.message] : null);

// ---- what is strong enough ----

const STRONG = {
	'__proto__': null,
	'any': ['People come in by whatever their account has.', 'A certificate, a code, a password: one that is right opens the device, unless the account or one of its roles asks for a second factor.'],
	'two-factors': ['People come in by a certificate, or by a password with a second factor.', 'Over the network nothing weaker opens the device.'],
	'certificate': ['People come in by a client certificate alone.', 'Over the network nothing else opens the device: no password, no code.'],
};

function answerPart(now) {
	const [title, what] = STRONG[settingOf(now, 'network-methods')] || ['This device does not tell you how people may come in.', 'An owner, an admin or an auditor may ask it.'];
	const open = settingOf(now, 'throttle') === 'off';
	return [
		lead(open ? 'off by policy' : settingOf(now, 'network-methods') ? 'provided' : 'not provided', title, what, now.settings),
		open ? h('p', { class: 'note' }, 'Whoever guesses waits for nothing: ', h('a', { href: '#/ways/guesses' }, 'let them wait again'), '.') : null,
	];
}

// ---- the ways ----

const having = (now, ...kinds) => (now.credentials.first.value ? some(new Set(usedBy(now, ...kinds).map((one) => one.account)).size, kinds.some((kind) => now.credentials.more.includes(kind)), 'account', 'accounts') : '');

// One page of all credentials; where that does not hold them, one page of each kind, and the kinds of which there are more.
async function readCredentials(part) {
	const all = await part(`${CREDENTIALS}?limit=100`);
	if (!all.value || !all.value.next)
		return { first: all, more: [] };
	const kinds = [...WAYS, ...FACTORS].flatMap(([, , one]) => KINDS[one] || [one]).filter((one) => one !== 'code');
	const pages = await Promise.all(kinds.map((kind) => part(`${CREDENTIALS}?limit=100&kind=${kind}`)));
	return { first: { value: { credentials: pages.flatMap(({ value }) => (value ? value.credentials : [])) } }, more: kinds.filter((kind, i) => !pages[i].value || pages[i].value.next) };
}

const strength = (now) => settingOf(now, 'network-methods');
const weak = ['off by policy', 'Not strong enough here'];
const certificateAlone = (now) => (strength(now) === 'certificate' ? weak : null);
const elsewhere = (now) => certificateAlone(now) || (strength(now) === 'two-factors' ? ['provided', 'With a second factor'] : null);

function serverState(now) {
	const named = settingOf(now, 'radius-server');
	if (untold(now.radius))
		return untold(now.radius);
	if (!named && !now.radius.value.secret)
		return ['off by policy', 'No server is named'];
	return named && now.radius.value.secret ? elsewhere(now) || ['provided', `By ${named}`] : ['needs a part', named ? 'It shares no secret yet' : 'No server is named yet'];
}

function outsideState(now) {
	if (untold(now.oidc))
		return untold(now.oidc);
	return now.oidc.value.set ? elsewhere(now) || ['provided', `By ${now.oidc.value.name}`] : ['off by policy', 'No provider is named'];
}

const WAYS = [
	['A client certificate', () => ['provided', 'Always'], 'certificate', '#/access/accounts', 'Accounts'],
	['A one-use code', (now) => (strength(now) === 'any' ? ['provided', 'Open'] : weak), 'code', '#/access/accounts', 'Accounts'],
	['Name and password', (now) => elsewhere(now) || ['provided', 'Open'], 'password', '#/ways/strength', 'Strong enough'],
	['A password that a server of yours judges', serverState, 'server', '#/ways/server', 'Password server'],
	['Your OpenID Connect provider', outsideState, 'oidc', '#/ways/provider', 'OpenID Connect'],
];

// ---- the second factors ----

function passkeyState({ names }) {
	if (untold(names))
		return untold(names);
	return !names.value.names.length ? ['needs a part', 'The device has no name'] : ended(names.value.until) ? ['not provided', 'The certificate of its names has run out'] : ['provided', `Under ${names.value.names.join(', ')}`];
}

function messageState(now) {
	const waiting = usedBy(now, 'message').length;
	if (untold(now.gateway))
		return untold(now.gateway);
	return now.gateway.value.set ? ['provided', 'A gateway sends them'] : waiting ? ['not provided', 'Nobody sends them'] : ['off by policy', 'No gateway is named'];
}

function readerState({ providers }) {
	if (untold(providers))
		return untold(providers);
	const list = providers.value.providers;
	const there = list.filter((one) => one.connected && !one.simulated).length;
	return list.length ? [there ? 'provided' : 'needs a part', `${there} of ${list.length} there`] : ['off by policy', 'This product has none'];
}

const FACTORS = [
	['An authenticator', () => ['provided', 'Each enrols his own'], 'totp', '#/account', 'Your account'],
	['A passkey', passkeyState, 'passkey', '#/ways/names', 'Names'],
	['A code by message', messageState, 'message', '#/ways/messages', 'Messages'],
	['A reader, or the maker’s own method', readerState, 'readers', '#/ways/readers', 'Readers'],
];

const KINDS = { readers: ['biometric', 'auth-plugin'] };

const rowsOf = (now, list) => list.map(([name, state, kind, to, where]) => {
	const [status, word] = state(now);
	return [name, h('span', { class: 'state' }, shape(status), h('span', { class: 'breaks' }, word)), kind === 'code' ? 'made when needed' : having(now, ...(KINDS[kind] || [kind])), h('a', { href: to }, where)];
});

const NAMES = ['How it stands', 'Who has it', 'Set up at'];

function allPart(now) {
	return now.settings.value ? [
		h('h2', {}, 'Ways over the network'),
		table('Each opens nothing until an account has it.', ['Way', ...NAMES], rowsOf(now, WAYS)),
		h('h2', {}, 'What may be asked for beside a password'),
		table('An account that has one comes in by password only with it.', ['Second factor', ...NAMES], rowsOf(now, FACTORS)),
	] : [];
}

function waysPlace({ part, putIfNew }) {
	return {
		path: '#/ways',
		name: 'All ways',
		frame: () => [h('section', { id: 'part-ways' }), h('section', { 'id': 'part-all-ways', 'aria-label': 'All ways' })],
		read: async () => {
			const [settings, names, gateway, radius, oidc, providers, credentials] = await Promise.all([part('/api/v1/settings', 'settings'), ...['names', 'message-gateway', 'radius-secret', 'oidc', 'login-providers'].map((name) => part(`/api/v1/${name}`)), readCredentials(part)]);
			return { settings, names, gateway, radius, oidc, providers, credentials };
		},
		show: (now) => {
			document.title = 'Ways in';
			putIfNew('ways', now.settings, () => answerPart(now));
			putIfNew('all-ways', now, () => allPart(now));
		},
	};
}

export const waysPlaces = (tools) => [waysPlace, strengthPlace, guessesPlace, namesPlace, messagesPlace, radiusPlace, providerPlace, readersPlace].map((one) => one(tools));
