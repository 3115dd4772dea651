// SPDX-License-Identifier: Apache-2.0
// Sessions: which are open, whose and from where, one or all of somebody ended; and how many there may be at a time.

import { call } from './api.js';
import { byId, count, field, form, h, lead, minutes, moment, pick, say, sure, table, titled, untold } from './dom.js';
import { accountField, accountNames, accountWrong } from './lists.js';

const place = encodeURIComponent;
const plain = (id) => id.replace(/[^A-Za-z0-9_-]/g, '-');

function answerPart({ all }) {
	if (!all.value)
		return untold('its sessions', all);
	const { sessions } = all.value;
	return lead('provided', `${count(sessions.length, 'session is', 'sessions are')} open.`, 'End one that you do not know, and look at the log for what was done in it.');
}

// Both buttons of a row: its session, and all of its account when there are more.
function ends(one, i, sessions, end) {
	const others = sessions.filter((each) => each.account === one.account).length;
	return [
		one.own ? 'This one is yours: sign out above.' : sure(`end-session-${plain(one.session)}`, 'End', 'What goes on in it is cut off.', `End the session of ${one.name} from ${one.source}`, (button) => end(button, `/api/v1/sessions/${place(one.session)}`, 'The session has ended.')), ' ',
		others > 1 && sessions.findIndex((each) => each.account === one.account) === i ? sure(`end-all-${plain(one.account)}`, `End all ${others}`, `All sessions of ${one.name} end, and no code that waits for it is good any more.`, `End all ${others} sessions of ${one.name}`,
			(button) => end(button, `/api/v1/account-sessions/${place(one.account)}`, `All sessions of ${one.name} have ended.`)) : null,
	];
}

function sessionsPart({ all }, names, end) {
	const list = all.value ? all.value.sessions : [];
	return list.length ? table('Each belongs to one account and ends by itself.', ['Whose', 'From', 'Opened', 'Not used for', 'Ends in', ''], list.map((one, i) => [
		[h('span', { class: 'breaks' }, one.name), ' ', h('span', { class: 'mark' }, one.account), one.member ? h('span', { class: 'rest' }, `used by ${names.of(one.member)}`) : null], `${one.source}, by ${one.how}`, moment(one.opened), minutes(one.idle_s * 1000), minutes(one.ends_in_s * 1000), ends(one, i, list, end)])) : [];
}

// What a cap may hang on beside people: the word it begins with, what is chosen, what is typed, and how that is written.
const WHEN = [
	['group', 'All of a group, together', 'The group', 'As it is called at Accounts.', /^[a-z][a-z0-9-]*$/, (name) => `All of the group ${name}, together`],
	['date', 'On a day', 'The day', 'As 2026-12-24, or with the place’s offset, 2026-12-24+01:00.', /^\d{4}-\d\d-\d\d([+-]\d\d:\d\d)?$/, (name) => `On ${name}, all together`],
	['hours', 'At hours of each day', 'The hours', 'As 22:00-06:00, in UTC; or with an offset, 22:00-06:00+01:00.', /^\d\d:\d\d-\d\d:\d\d([+-]\d\d:\d\d)?$/, (name) => `At ${name}, all together`],
	['place', 'While the device is at a place', 'The place', 'As the setting of its place says.', /./, (name) => `While the device is at ${name}, all together`],
	['parameter', 'While a setting of the product has a value', 'The setting and its value', 'As application.mode=eco, or of a number application.battery<20.', /^[^=<>]+[=<>]./, (name) => `While ${name}, all together`],
];

// "role.operator" as a person would say it.
function capWords(cap, names) {
	const [kind, name] = [cap.slice(0, cap.indexOf('.')), cap.slice(cap.indexOf('.') + 1)];
	if (cap === 'account.each')
		return 'Each account that has none of its own';
	if (kind === 'account')
		return `The account ${names.of(name)}`;
	const when = WHEN.find(([word]) => word === kind);
	return when && name ? when[5](name) : kind === 'role' ? `All who have the role ${name}, together` : cap;
}

function capsPart({ caps }, names, clear) {
	const list = caps.value ? caps.value.caps : [];
	return list.length ? table('Who would be one too many is refused.', ['Who', 'At a time', ''], list.map((one, i) => [h('span', { class: 'breaks' }, capWords(one.cap, names)), h('span', { class: 'number' }, String(one.most)),
		sure(`clear-cap-${i}`, 'Remove', 'Only what the device itself can hold limits them then.', `Remove the cap: ${capWords(one.cap, names)}`, (button) => clear(button, one))])) : caps.value ? h('p', {}, 'Nothing but what the device can hold: 128 in all.') : [];
}

export function sessionsPlace({ change, part, putIfNew }) {
	const fields = {
		cap: pick('cap-who', 'For whom', 'A cap that is there is replaced.'),
		account: accountField('cap-account', 'Which account', 'Only of one account.'),
		name: field('cap-name', 'Which', 'Only of a group, a day, hours, a place or a setting.', { maxlength: 87, class: 'wide' }),
		most: field('cap-most', 'How many at a time', 'A whole number from 1 to 128.', { maxlength: 3, inputmode: 'numeric' }),
	};
	const names = accountNames(part);
	let times = [];
	const end = async (button, path, said) => {
		if (await change(button, 'sessions-failed', () => call('DELETE', path)))
			say(said);
	};
	const clear = async (button, one) => {
		if (await change(button, 'cap-failed', () => call('DELETE', `/api/v1/session-caps/${place(one.cap)}`)))
			say('The cap is gone.');
	};
	const whenOf = (cap) => WHEN.find(([word]) => cap === `${word}.`);
	const check = ({ cap, account, name, most }) => {
		const when = whenOf(cap);
		const one = cap === 'account.';
		return {
			account: one ? accountWrong(account) : account === '' ? '' : 'Leave it empty: it is only for one account.',
			name: when ? (when[4].test(name) ? '' : `${when[2]}: ${when[3]}`) : name ? 'Leave it empty: it is only for a group, a day, hours, a place or a setting.' : '',
			most: /^[1-9][0-9]?$|^1[01][0-9]$|^12[0-8]$/.test(most) ? '' : 'A whole number from 1 to 128.',
		};
	};
	const onSet = async ({ cap, account, name, most }) => {
		if (!await change('cap-send', 'cap-failed', () => call('PUT', `/api/v1/session-caps/${place(cap + (account || name))}`, { body: { most: Number(most) } })))
			return;
		fields.account.clear();
		fields.name.input.value = '';
		fields.most.input.value = '';
		say('The cap counts now.');
	};
	return {
		path: '#/access/sessions',
		name: 'Sessions',
		frame: () => [
			h('section', { id: 'part-sessions' }),
			h('section', { 'aria-label': 'Sessions' }, h('div', { id: 'part-open' }), h('div', { id: 'sessions-failed' })),
			titled('caps', 'How many there may be',
				h('div', { id: 'part-caps' }),
				form({ id: 'cap', press: 'Set it', fields, check, send: onSet })),
		],
		read: async () => {
			if (!byId('part-sessions')) // come anew
				names.forget();
			const list = async (path, name) => { const { value } = await part(path, name); return value ? value[name] : []; };
			const [all, caps, roles] = [await part('/api/v1/sessions', 'sessions'), await part('/api/v1/session-caps', 'caps'), await list('/api/v1/roles', 'roles')];
			await names.learn([...(all.value ? all.value.sessions.map((one) => one.member) : []), ...(caps.value ? caps.value.caps.filter(({ cap }) => /^account\.a/.test(cap)).map(({ cap }) => cap.slice('account.'.length)) : [])]);
			return { all, caps, roles };
		},
		show: (now) => {
			document.title = 'Sessions';
			putIfNew('sessions', now.all.error ? now.all : now.all.value.sessions.length, () => answerPart(now));
			// Times go on; while somebody is asked whether he is sure, what he is asked about stays where it is.
			const list = now.all.value ? now.all.value.sessions : [];
			if (!byId('part-open').querySelector('[id$="-yes"]'))
				times = list.map((one) => [minutes(one.idle_s * 1000), minutes(one.ends_in_s * 1000)]);
			putIfNew('open', [list.map((one) => [one.session, one.name]), times], () => sessionsPart(now, names, end));
			putIfNew('caps', now.caps, () => capsPart(now, names, clear));
			fields.cap.fill([['account.each', capWords('account.each', names)], ['account.', 'One account'], ...now.roles.filter((one) => one.assignable).map((one) => `role.${one.name}`).map((cap) => [cap, capWords(cap, names)])].concat(WHEN.map(([word, chosen]) => [`${word}.`, chosen])));
		},
	};
}
