// SPDX-License-Identifier: Apache-2.0
// Who can reach this device, by the door they come in at, and why somebody may do something or may not. The device says both; nothing
// is decided here.

import { get } from './api.js';
import { byId, count, facts, field, form, h, lead, say, sentence, shape, show, table, titled, untold } from './dom.js';
import { accountField, accountWrong, pager, some } from './lists.js';

// What an operation is for, by its name and by the permission it needs, in the words of the device's own document; read once.
let known = null;

export async function operations() {
	known ??= Object.values((await get('/api/v1/openapi.json')).paths).flatMap((methods) => Object.values(methods)).filter((one) => one.operationId);
	return known;
}

const DOORS = [
	['over-network', 'With an account', 'An account that is not active cannot come in.', ['account']],
	['as-device', 'As another device, over the network', 'An owner has named it or who certifies it.', ['device', 'authority']],
	['at-it', 'Standing before it', 'Whoever has hands on it.', ['console', 'button', 'label']],
	['on-it', 'On the device itself', 'Programs that run there.', ['local', 'application']],
	['who-made-it', 'Whoever made it', 'What the device is built to trust, whoever owns it.', ['manufacturer']],
];
const KNOWN = DOORS.flatMap(([, , , kinds]) => kinds);

function answerPart({ reach, accounts }) {
	if (!reach.first.value)
		return untold('who can reach it', reach.first);
	const { access, next } = reach.first.value;
	const of = (kind) => access.filter((one) => one.kind === kind).length;
	const active = accounts.value ? accounts.value.accounts.filter((one) => one.state === 'active').length : of('account');
	const devices = of('device') + of('authority');
	return lead('provided', `${some(active, accounts.value ? accounts.value.next : next, 'account', 'accounts')}${devices ? ` and ${count(devices, 'other device or authority', 'other devices and authorities')}` : ''} can come in over the network.`,
		'Whoever has access to this device or control over it stands below, by the door they come in at, its manufacturer too.');
}

function reachPart({ value, page }) {
	const rows = (list) => list.map((one) => [h('span', { class: 'breaks' }, one.who), sentence(one.how), sentence(one.may)]);
	const whole = value && !value.next && page === 1;
	const door = (id, name, what, list) => (list.length || whole ? [h('h2', { id }, name), list.length ? table(what, ['Who', 'How they come in', 'What they may do'], rows(list)) : h('p', {}, 'Nobody.')] : null);
	const others = value ? value.access.filter((one) => !KNOWN.includes(one.kind)) : [];
	return value ? [
		DOORS.map(([id, name, what, kinds]) => door(id, name, what, value.access.filter((one) => kinds.includes(one.kind)))),
		others.length ? door('in-another-way', 'In another way', 'This page knows no more of it.', others) : null,
	] : [];
}

// ---- why ----

const SIGN_IN = 'Sign in first.';
const RULES = {
	__proto__: null,
	'gate.granted': [(one) => `The role ${one.by} permits it.`, 'Nothing.'],
	'gate.permission': [() => 'None of its roles permits it.', 'Somebody who gives roles, an owner or an admin, can give one that does. Nobody gives more than he has.'],
	'gate.rule': [(one) => `The organization’s rule “${one.by}” forbids it as things stand now.`, 'Wait until what the rule looks at has changed, or ask somebody who changes rules.'],
	'gate.anonymous': [() => 'Nobody is signed in.', SIGN_IN],
	'gate.door': [() => 'It is not open at this door.', 'Some things are done at the device’s own console only.'],
	'gate.owned': [() => 'It is there only while the device has no owner.', 'Nothing can be done while it has one.'],
	'gate.not-owned': [() => 'It is there only once the device has an owner.', 'Take the device over.'],
	'account.unknown': [() => 'There is no such account any more.', 'Choose another one.'],
	'account.state': [() => 'The account cannot come in at all: it is suspended, was not used for too long, or is over.', 'Somebody who changes accounts can let it in again.'],
};

function whyPart(one, whose) {
	const [why, next] = RULES[one.rule] || [() => one.rule, 'Look the rule up in the device’s documents.'];
	return [
		h('h3', { class: 'state', id: 'why-told' }, shape(one.allowed ? 'provided' : 'not provided'), h('span', {}, `${whose} ${one.allowed ? 'may do this' : 'may not do this'}.`)),
		facts(['Why', why(one)], ['What to do', next], ['It needs the permission', h('code', {}, one.permission)], ['Roles that have it', one.needs.join(', ') || 'none'], ['Roles here', one.roles.join(', ') || 'none'], ['Rule', h('code', {}, one.rule)]),
	];
}

export function accessPlace({ again, change, part, putIfNew }) {
	const pages = pager({ id: 'reach', path: '/api/v1/access-list' }, { again, part });
	const fields = {
		account: accountField('why-account', 'Who', 'Empty: you, as you are signed in here. Of another account as if all conditions of its roles held.'),
		operation: field('why-operation', 'What was to be done', 'The name of one operation, as it stands in the log and in a refusal; a few letters find it.', { maxlength: 64, list: 'operations', class: 'wide' }),
	};
	const onAsk = async ({ operation, account }) => {
		const who = fields.account.words;
		let one = null;
		if (!await change('why-send', 'why-failed', async () => { one = await get(`/api/v1/access?operation=${encodeURIComponent(operation)}${account ? `&account=${encodeURIComponent(account)}` : ''}`); }))
			return;
		show(byId('why-answer'), whyPart(one, account ? who : 'You'));
		say(byId('why-told').textContent);
	};
	return {
		path: '#/access',
		name: 'Access',
		frame: () => [
			h('section', { id: 'part-access' }),
			h('div', { id: 'part-reach' }),
			titled('why', 'Why may somebody do something, or not?',
				form({ id: 'why', press: 'Ask the device', fields, check: ({ account, operation }) => ({ account: account === null ? accountWrong(null) : '', operation: /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(operation) ? '' : 'An operation has two words and a dot, as settings.change.' }), send: onAsk }),
				h('datalist', { id: 'operations' }),
				h('div', { id: 'why-answer' })),
		],
		read: async () => ({ reach: await pages.read(), accounts: await part('/api/v1/accounts?limit=100'), all: await operations() }),
		show: (now) => {
			document.title = 'Who can reach this device';
			putIfNew('access', now, () => answerPart(now));
			putIfNew('reach', now.reach, () => [pages.told(now.reach), reachPart(now.reach), pages.foot(now.reach)]);
			pages.arrived();
			byId('operations').replaceChildren(...now.all.map((one) => h('option', { value: one.operationId }, one.summary)));
		},
	};
}
