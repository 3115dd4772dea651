// SPDX-License-Identifier: Apache-2.0
// What can be changed of an account: its roles, each with the conditions under which it counts; its name and its end; its groups; and certificates by which
// it comes in. What was typed stays while the place is drawn anew.

import { call, post, readPem } from './api.js';
import { conditionWords, conditionsField } from './conditions.js';
import { detail, field, fileField, form, h, moment, pick, show, sure, table, trouble } from './dom.js';

const place = encodeURIComponent;
const GROUP = /^[a-z][a-z0-9-]{0,31}$/;
const CERTIFICATE_MAX = 8192;
export const ENDING = { temporary: 366, emergency: 7, supporting: 31 };
export const DAY_S = 24 * 3600;

export function editFields(id) {
	return {
		chosen: null, // the role whose conditions stand in the form
		begun: '', // and what counted of it then, in JSON
		told: h('div', { id: `act-${id}` }), // what the device refused
		role: pick(`role-${id}`, 'A role', 'Nobody gives a role that may do more than he may. One that it has is given other conditions.'),
		conditions: conditionsField(`conditions-${id}`, 'Only under conditions'),
		name: field(`name-${id}`, 'Another name', 'Its id, roles and sessions stay.', { maxlength: 48 }),
		days: field(`days-${id}`, 'Ends in so many days from now', 'Empty: as it is.', { maxlength: 3, inputmode: 'numeric' }),
		group: field(`group-${id}`, 'One more group', 'Small letters, digits and hyphens. A group is there as long as it has members.', { maxlength: 32 }),
		label: field(`label-${id}`, 'What to call it', 'So that you know it again.', { maxlength: 48 }),
		certificate: fileField(`certificate-${id}`, 'One more certificate', 'PEM or DER, with a P-256 key that its holder keeps.', { accept: '.crt,.pem,.cer,.der' }),
	};
}

// What an account has of each kind is emptied when the device has taken it.
const emptied = (...fields) => fields.forEach((one) => { one.input.value = ''; });

export function rolesOf(one, id, { read, roles, fields, act }) {
	const has = read && read.value ? read.value.assignments : [];
	const options = roles.map((role) => [role.name, one.roles.includes(role.name) ? `${role.name}, which it has: other conditions` : `${role.name}: ${role.purpose}`]);
	fields.role.fill(options.sort(([a], [b]) => one.roles.includes(a) - one.roles.includes(b)));
	// What counts of a role now is where one begins to change it.
	const known = Boolean(read && read.value);
	const counts = () => has.find((each) => each.role === fields.role.input.value);
	const said = () => JSON.stringify(counts() ? counts().conditions || {} : null);
	const begin = () => {
		[fields.chosen, fields.begun] = [fields.role.input.value, said()];
		fields.conditions.value = (counts() || {}).conditions;
		show(meanwhile);
	};
	const meanwhile = h('div', { id: `meanwhile-${id}` });
	fields.role.input.onchange = known ? begin : null;
	if (known && (fields.role.input.value !== fields.chosen || (said() !== fields.begun && !fields.conditions.touched)))
		begin();
	if (known && said() !== fields.begun)
		show(meanwhile, h('p', { class: 'note' }, 'Somebody has changed these conditions meanwhile; what counts now stands above. What you typed is kept.'));
	const onGive = ({ role, conditions }) => act(`give-${id}-send`, id, async () => {
		await post('/api/v1/role-assignments', { account: one.account, role, ...(Object.keys(conditions).length ? { conditions } : {}) });
		fields.conditions.rest();
	}, `${one.name} has the role ${role} now.`);
	return [
		read && read.error ? trouble(read.error) : null,
		has.length ? table('When one is taken away, the sessions of the account end.', ['Role', 'Given', 'Counts', ''], has.map((role, i) => [role.role, [moment(role.given), ` by ${role.by}`], conditionWords(role.conditions),
			sure(`untake-${id}-${i}`, 'Take away', `${one.name} may no longer do what it permits.`, `Take away: the role ${role.role} of ${one.name}`,
				(button) => act(button, id, () => call('DELETE', `/api/v1/role-assignments/${place(`${one.account}.${role.role}`)}`), `${one.name} no longer has the role ${role.role}.`))])) : read ? h('p', {}, 'It has no role, so it may do nothing.') : null,
		roles.length ? [meanwhile, form({ id: `give-${id}`, press: 'Give it', fields: { role: fields.role, conditions: fields.conditions }, check: () => ({ role: known ? '' : 'The device has not said which roles it has, and under which conditions.', conditions: fields.conditions.wrong }), send: onGive })] : null,
	];
}

function groupsOf(one, id, { fields, act }) {
	const onJoin = async ({ group }) => {
		if (await act(`join-${id}-send`, id, () => post('/api/v1/group-members', { account: one.account, group }), `${one.name} is in the group ${group} now.`))
			emptied(fields.group);
	};
	return [
		one.groups.length ? h('ul', {}, one.groups.map((group, i) => h('li', {}, `In the group ${group} `, sure(`leave-${id}-${i}`, 'Take out', 'What counts for the group no longer counts for it.', `Take out: ${one.name} of the group ${group}`,
			(button) => act(button, id, () => call('DELETE', `/api/v1/group-members/${place(`${one.account}.${group}`)}`), `${one.name} is no longer in the group ${group}.`))))) : null,
		form({ id: `join-${id}`, press: 'Put it in', fields: { group: fields.group }, check: ({ group }) => ({ group: GROUP.test(group) ? '' : 'A small letter, then small letters, digits and hyphens; 32 at most.' }), send: onJoin }),
	];
}

function nameOf(one, id, { fields, act }) {
	const most = ENDING[one.kind];
	const asked = most ? { name: fields.name, days: fields.days } : { name: fields.name };
	const check = ({ name, days }) => ({
		name: name || days ? '' : most ? 'Type a name, or a number of days.' : 'Type a name.',
		days: !days || (/^[1-9][0-9]*$/.test(days) && Number(days) <= most) ? '' : `A whole number from 1 to ${most}.`,
	});
	const onChange = async ({ name, days }) => {
		const body = { ...(name ? { name } : {}), ...(days ? { lifetime: Number(days) * DAY_S } : {}) };
		if (await act(`rename-${id}-send`, id, () => call('PUT', `/api/v1/accounts/${place(one.account)}`, { body }), `${one.name} is changed.`))
			emptied(fields.name, fields.days);
	};
	return form({ id: `rename-${id}`, press: 'Change it', fields: asked, check, send: onChange });
}

function certificateOf(one, id, { fields, act }) {
	const check = ({ label, certificate }) => ({ label: label ? '' : 'Give it a name.', certificate: !certificate ? 'Choose the file with the certificate.' : certificate.size > CERTIFICATE_MAX ? 'The file is too long for one certificate.' : '' });
	const onAdd = async ({ label, certificate }) => {
		if (await act(`enrol-${id}-send`, id, async () => post('/api/v1/credentials', { account: one.account, label, certificate: await readPem(certificate, 'CERTIFICATE') }), `${one.name} comes in by the certificate ${label} now.`))
			emptied(fields.label, fields.certificate);
	};
	return form({ id: `enrol-${id}`, press: 'Enrol it', fields: { label: fields.label, certificate: fields.certificate }, check, send: onAdd });
}

// What is seldom done with an account stands behind a press.
export function moreOf(one, id, now) {
	const was = document.getElementById(`more-${id}`);
	return detail(`more-${id}`, Boolean(was && was.open), h('span', { class: 'text' }, 'Its name, its groups, its certificates'), [nameOf(one, id, now), groupsOf(one, id, now), one.kind === 'shared' ? null : certificateOf(one, id, now)]);
}
