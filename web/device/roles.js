// SPDX-License-Identifier: Apache-2.0
// Roles and rules in words: what each role permits, told by the operations that need it, and what the organization's own rules take away. A role
// or a rule of the organization is made here, and removed.

import { call } from './api.js';
import { operations } from './access.js';
import { choice, count, detail, facts, field, form, h, lead, pick, say, several, sure, table, untold, words } from './dom.js';

const place = encodeURIComponent;
const FROM = { __proto__: null, device: 'built in', product: 'of the product', organization: 'of your organization' };
const IS = [['equal', 'is'], ['not-equal', 'is not'], ['less', 'is less than'], ['greater', 'is greater than']];
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

function answerPart({ roles, rules }) {
	if (!roles.value || !rules.value)
		return untold('its roles and rules', roles, rules);
	const own = roles.value.roles.filter((one) => one.from === 'organization').length;
	return lead('provided', `${count(own, 'role', 'roles')} and ${count(rules.value.rules.length, 'rule', 'rules')} of your own stand beside what is built in.`, 'A role permits; a rule only takes away. What no role of somebody permits is refused.');
}

function roleRow(one, i, now, remove) {
	return detail(`role-${i}`, now.open.has(`role-${i}`), h('span', { class: 'text' }, h('strong', { class: 'breaks' }, one.name), ` ${FROM[one.from] || one.from}: ${one.purpose || 'nothing is said of it'}`), [
		one.holds.length ? facts(...one.holds.map((name) => [words(name), now.all.filter((each) => each['x-thingward-permission'] === name).map((each) => h('span', { class: 'rest' }, each.summary))])) : h('p', {}, 'It permits nothing.'),
		one.from === 'organization' ? h('p', {}, sure(`drop-role-${i}`, 'Remove', 'It can be removed only when no account has it, no other role inherits it and no rule names it.', `Remove the role ${one.name}`, (button) => remove(button, 'role', `/api/v1/roles/${place(one.name)}`, `The role ${one.name} is gone.`))) : null,
	]);
}

function rolesPart(now, remove) {
	const all = now.roles.value ? now.roles.value.roles : [];
	const rows = (assigned) => all.map((one, i) => [one, i]).filter(([one]) => one.assignable === assigned).map(([one, i]) => roleRow(one, i, now, remove));
	return all.length ? [h('h2', { id: 'roles' }, 'Roles that accounts are given'), rows(true), h('h2', {}, 'What a door makes of somebody'), rows(false)] : [];
}

function ruleWords(one) {
	const [, is] = IS.find(([value]) => value === one.is) || [one.is, one.is];
	return [words(one.permission), one.role ? ` by the role ${one.role}` : ' by anybody', one.effect === 'deny' ? ' is refused while ' : ' is refused unless ', h('code', {}, one.fact), ` ${is} ${one.value || 'nothing'}`];
}

function rulesPart({ rules }, remove) {
	const list = rules.value ? rules.value.rules : [];
	return [
		h('h2', { id: 'rules' }, 'Rules of your organization'),
		list.length ? table('A rule is asked each time, and refuses when what it looks at is not known.', ['Rule', 'What it says', ''], list.map((one, i) => [h('span', { class: 'breaks' }, one.name), ruleWords(one),
			sure(`drop-rule-${i}`, 'Remove', 'What it refused is no longer refused because of it.', `Remove the rule ${one.name}`, (button) => remove(button, 'rule', `/api/v1/rules/${place(one.name)}`, `The rule ${one.name} is gone.`))])) : rules.value ? h('p', {}, 'There is none.') : null,
	];
}

export function rolesPlace({ change, part, putIfNew }) {
	const fields = {
		role: {
			name: field('role-name', 'Name', 'Small letters, digits and hyphens. A role of yours that has it is replaced.', { maxlength: 32 }),
			purpose: field('role-purpose', 'Who that is', 'In a few words.', { maxlength: 160, class: 'wide' }),
			inherits: several('role-inherits', 'It may all that these may'),
			permissions: several('role-permissions', 'It may besides'),
		},
		rule: {
			name: field('rule-name', 'Name', 'Small letters, digits and hyphens. A rule that has it is replaced.', { maxlength: 32 }),
			permission: pick('rule-permission', 'What is refused', 'One permission.'),
			role: pick('rule-role', 'To whom', 'Whoever was given this role.'),
			effect: choice('rule-effect', 'When', [['deny', 'While this is so'], ['require', 'Unless this is so']], 'deny'),
			fact: field('rule-fact', 'A fact of the device', 'Such as logical-access.mode or time.trusted.', { maxlength: 64 }),
			is: pick('rule-is', 'How it is compared', 'Numbers can be less or greater.', IS),
			value: field('rule-value', 'With what', 'On or off, a number, or a text, as the fact is.', { maxlength: 64 }),
		},
	};
	const nameWrong = (name) => (NAME.test(name) ? '' : 'A small letter, then small letters, digits and hyphens; 32 at most.');
	const remove = async (button, id, path, said) => {
		if (await change(button, `${id}-failed`, () => call('DELETE', path)))
			say(said);
	};
	// What was typed is thrown away only when the device has taken it.
	const put = (id, body) => async (typed) => {
		if (!await change(`${id}-send`, `${id}-failed`, () => call('PUT', `/api/v1/${id}s/${place(typed.name)}`, { body: body(typed) })))
			return;
		for (const one of Object.values(fields[id]))
			if (one.fill && !one.input)
				one.value = [];
			else if (one.input && one.input.type === 'text')
				one.input.value = '';
		say(`The ${id} ${typed.name} counts now.`);
	};
	const putRole = put('role', ({ purpose, inherits, permissions }) => ({ purpose, inherits: inherits.join(' '), permissions: permissions.join(' ') }));
	const putRule = put('rule', ({ name, ...rest }) => rest);
	return {
		path: '#/access/roles',
		name: 'Roles and rules',
		frame: () => [
			h('section', { id: 'part-rights' }),
			h('section', { 'aria-label': 'Roles' },
				h('div', { id: 'part-roles' }),
				h('h3', {}, 'Make a role of your own, or change it'),
				form({ id: 'role', press: 'Keep the role', fields: fields.role, check: ({ name }) => ({ name: nameWrong(name) }), send: putRole })),
			h('section', { 'aria-labelledby': 'rules' },
				h('div', { id: 'part-rules' }),
				h('h3', {}, 'Make a rule, or change it'),
				form({ id: 'rule', press: 'Keep the rule', fields: fields.rule, check: ({ name, fact }) => ({ name: nameWrong(name), fact: fact ? '' : 'Type the name of a fact.' }), send: putRule })),
		],
		read: async () => ({ roles: await part('/api/v1/roles', 'roles'), rules: await part('/api/v1/rules', 'rules'), all: await operations() }),
		show: (now) => {
			const list = now.roles.value ? now.roles.value.roles : [];
			const permissions = [...new Set(list.flatMap((one) => one.holds))].sort().map((one) => [one, words(one)]);
			const assigned = list.filter((one) => one.assignable).map((one) => [one.name, one.name]);
			document.title = 'Roles and rules';
			putIfNew('rights', [now.roles, now.rules], () => answerPart(now));
			now.open = new Set([...document.querySelectorAll('#part-roles details[open]')].map((one) => one.id));
			putIfNew('roles', now.roles, () => rolesPart(now, remove));
			putIfNew('rules', now.rules, () => rulesPart(now, remove));
			fields.role.inherits.fill(assigned.filter(([name]) => name !== 'owner'));
			fields.role.permissions.fill(permissions);
			fields.rule.permission.fill(permissions);
			fields.rule.role.fill([['', 'Everybody'], ...assigned]);
		},
	};
}
