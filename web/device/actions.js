// SPDX-License-Identifier: Apache-2.0
// Actions that the organization names: each for its roles and for nobody else, one setting with one value or nothing but the record. Made, changed, removed, and done.

import { call, getAll } from './api.js';
import { byId, count, field, form, h, lead, pick, say, several, show, sure, table, titled, trouble, words } from './dom.js';
import { origin } from './setting.js';

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const pathOf = (name) => `/api/v1/actions/${encodeURIComponent(name)}`;

function answerPart({ all }) {
	if (!all.value)
		return lead('not provided', 'This device does not tell you its actions.', 'An owner, an admin or an auditor may ask it. One that your roles may do you do by its name, below.', all);
	const number = all.value.actions.length;
	return lead('provided', number ? `Your organization names ${count(number, 'action', 'actions')}.` : 'Your organization names no action.', 'An action sets one setting to one value, for the roles it says and for nobody else. So somebody may do just that, without the right to change settings.');
}

const does = (one) => (one.setting ? [words(one.setting), ' becomes ', h('code', { class: 'breaks' }, one.value || 'empty')] : 'Nothing is set; that it was done stands in the log.');

function actionsPart({ all }, { remove, take, perform }) {
	const list = all.value ? all.value.actions : [];
	const button = (id, press, one, work) => h('button', { 'type': 'button', 'class': 'second', id, 'aria-label': `${press}: ${one.name}`, 'onclick': work }, press);
	return list.length ? [
		h('h2', { id: 'actions' }, 'All of them'),
		table('A rule of your organization stands before one by its name, as action.NAME.', ['Action', 'What it does', 'For', ''], list.map((one, i) => [
			[h('span', { class: 'breaks' }, one.name), one.purpose ? h('span', { class: 'rest' }, one.purpose) : null], does(one), one.roles.split(' ').join(', '),
			[button(`do-${i}`, 'Do it', one, () => perform(`do-${i}`, one.name)), ' ', button(`take-${i}`, 'Change', one, () => take(one)), ' ',
				sure(`drop-action-${i}`, 'Remove', 'Nobody can do it any more. What it has set stays.', `Remove: the action ${one.name}`, (yes) => remove(yes, one))]])),
	] : [];
}

export function actionsPlace({ again, busy, change, part, putIfNew, leave }) {
	const fields = {
		name: field('action-name', 'Name', 'Small letters, digits and hyphens. An action that has it is replaced.', { maxlength: 32 }),
		purpose: field('action-purpose', 'What it is for', 'In a few words.', { maxlength: 160, class: 'wide' }),
		roles: several('action-roles', 'Who may do it'),
		setting: pick('action-setting', 'What it sets', 'You have to be allowed to change it yourself.', [['', 'Nothing: it is only recorded']]),
		value: field('action-value', 'To what', 'As the setting takes it, as on, off, a number or a word.', { maxlength: 511, class: 'wide' }),
	};
	let known = [];
	const find = (all, name) => all.find((one) => one.name === name);
	const stood = origin(async (name) => find((await getAll('/api/v1/actions', 'actions')).actions, name), again);
	const own = { name: field('do-name', 'Its name', 'Whoever names the actions can tell you.', { maxlength: 32 }) };
	const nameWrong = (name) => (NAME.test(name) ? '' : 'A small letter, then small letters, digits and hyphens; 32 at most.');
	const fill = (one) => {
		for (const key of ['name', 'purpose', 'setting', 'value'])
			fields[key].input.value = one[key];
		fields.roles.value = one.roles.split(' ').filter(Boolean);
	};

	const onPut = async ({ name, purpose, roles, setting, value }) => {
		const body = { purpose, roles: roles.join(' '), ...(setting ? { setting, value } : {}) };
		if (!await change('action-send', 'action-failed', async () => {
			await stood.hold(name, find(known, name));
			await call('PUT', pathOf(name), { body });
		}))
			return;
		stood.rest();
		fill({ name: '', purpose: '', roles: '', setting: '', value: '' });
		say(`The action ${name} counts now.`);
	};
	const remove = async (button, one) => {
		if (await change(button, 'actions-failed', () => call('DELETE', pathOf(one.name))))
			say(`The action ${one.name} is gone.`);
	};
	const take = (one) => {
		fill(one);
		stood.begin(one.name, one);
		fields.name.input.focus();
		say(`${one.name} stands in the form below.`);
	};
	// What was done is told where it was asked for.
	const perform = (button, name, box = 'actions-failed') => busy(byId(button), async () => {
		try {
			const { setting, value } = (await call('POST', pathOf(name))).body;
			const done = setting ? `Done: ${words(setting)} is ${value || 'empty'} now.` : 'Done. It stands in the log.';
			show(byId(box), h('p', { class: 'done' }, done));
			say(done);
		} catch (error) {
			if (error.status === 401)
				leave('Your session has ended.');
			else
				show(byId(box), trouble(error));
		}
	});

	return {
		path: '#/access/actions',
		name: 'Actions',
		frame: () => [
			h('section', { id: 'part-actions' }),
			h('div', { id: 'part-actions-all' }),
			h('div', { id: 'actions-failed' }),
			titled('action', 'Name one, or change it',
				form({ id: 'action', press: 'Keep the action', fields, check: ({ name, roles, setting, value }) => ({ name: nameWrong(name), value: !setting && value ? 'Choose the setting that this is for.' : '', roles: roles.length ? '' : 'Choose who may do it.' }), send: onPut })),
			titled('do', 'Do one by its name',
				form({ id: 'do', press: 'Do it', fields: own, check: ({ name }) => ({ name: nameWrong(name) }), send: ({ name }) => perform('do-send', name, 'do-failed') })),
		],
		read: async () => ({ all: await part('/api/v1/actions', 'actions'), roles: await part('/api/v1/roles', 'roles'), settings: await part('/api/v1/settings', 'settings') }),
		show: (now) => {
			document.title = 'Actions';
			known = now.all.value ? now.all.value.actions : known;
			putIfNew('actions', now.all, () => answerPart(now));
			putIfNew('actions-all', now.all, () => actionsPart(now, { remove, take, perform }));
			if (now.roles.value) // else what is chosen stays
				fields.roles.fill(now.roles.value.roles.filter((one) => one.assignable).map((one) => [one.name, one.name]));
			if (now.settings.value)
				fields.setting.fill([['', 'Nothing: it is only recorded'], ...now.settings.value.settings.map((one) => [one.key, words(one.key)])]);
		},
	};
}
