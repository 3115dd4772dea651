// SPDX-License-Identifier: Apache-2.0
// Which other devices may talk to this one: the rules, the devices known by their key, the authorities that name devices, and what
// of theirs counts no more. What the device said comes in; the buttons ask it.

import { call, post } from './api.js';
import { choice, day, field, form, h, moment, say, shape, sure, table, trouble, words } from './dom.js';

const SWITCH = 'identification.peers';
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const IDENTIFIER = /^urn:dev:ops:[0-9]+-[^\s]+$/;
const fourByFour = (hex) => hex.replace(/(.{4})(?=.)/g, '$1 ');
const bare = (text) => text.toLowerCase().replace(/[\s:]/g, '');
const place = (text) => encodeURIComponent(text);
const count = (number, one, many) => (number === 1 ? `One ${one}` : `${number} ${many}`);

// ---- what the device says ----

function answer({ known, rules, setting }) {
	if (!known.value || !rules.value)
		return ['not provided', 'This device does not say whom it listens to.', 'What it refused stands below.'];
	if (setting && setting.value === 'off')
		return ['off by policy', 'No other device may talk to this one.', 'It is switched off: every device that names itself is refused, whatever stands below.'];
	const { peers, anchors } = known.value;
	const admitting = rules.value.policies.filter((one) => one.allow).length;
	if (!peers.length && !anchors.length)
		return ['provided', 'No other device may talk to this one.', 'It knows none. Add a device by its key, or an authority whose certificates name devices; then say by a rule what it may ask for.'];
	if (!admitting)
		return ['provided', 'No other device may talk to this one.', 'It would recognize some, and no rule admits any of them. What no rule admits is refused.'];
	return ['provided', `${count(admitting, 'rule admits', 'rules admit')} other devices.`, 'A device needs both: to be recognized, by its key or by an authority, and a rule that admits what it asks for. A rule that forbids wins.'];
}

function answerPart(now) {
	const [status, title, what] = answer(now);
	return [h('h1', { class: 'answer' }, shape(status), h('span', {}, title)), h('p', { class: 'lead' }, what)];
}

function rulesPart({ value, error }, remove) {
	const list = value ? value.policies : [];
	return [
		h('h2', { id: 'rules' }, 'What they may ask for'),
		error ? trouble(error) : null,
		list.length ? table('What no rule admits is refused, and leaves a record with the rule.', ['Rule', 'Who', 'May', 'On', ''], list.map((one) => [
			one.name,
			h('code', { class: 'breaks' }, one.subject),
			[one.allow ? '' : 'never: ', words(one.operation)],
			one.target ? h('code', { class: 'breaks' }, one.target) : 'this device',
			sure(`drop-rule-${one.name}`, 'Remove', '', `Remove the rule ${one.name}`, (button) => remove(button, `/api/v1/policies/${place(one.name)}`, `The rule ${one.name} is gone.`)),
		])) : value ? h('p', {}, 'There is no rule.') : null,
	];
}

function devicesPart({ value, error }, remove) {
	const list = value ? value.peers : [];
	return [
		h('h2', { id: 'devices' }, 'Devices known by their key'),
		error ? trouble(error) : null,
		list.length ? table('From its next request on, a device that is removed is a stranger.', ['Device', 'Key (SHA-256)', ''], list.map((one, i) => [
			h('code', { class: 'breaks' }, one.identifier),
			h('code', {}, fourByFour(one.key)),
			sure(`drop-device-${i}`, 'Remove', '', `Remove the device ${one.identifier}`, (button) => remove(button, `/api/v1/peers/${place(one.identifier)}`, `The device ${one.identifier} is a stranger now.`)),
		])) : value ? h('p', {}, 'There is none.') : null,
	];
}

function suspectedPart({ value }, clear) {
	const list = value ? value.suspected : [];
	return list.length ? [
		h('h2', { id: 'suspected', class: 'state' }, shape('needs a part'), h('span', {}, list.length === 1 ? 'A device may have a double' : `${list.length} devices may have a double`)),
		h('p', {}, 'Two seem to go by one identifier: a copy, or one that was restored from a backup. Find out which before you clear it; a key that was copied has to be revoked.'),
		table('What was seen stays here, also over a restart, until you clear it.', ['Device', 'What was seen', 'Last', ''], list.map((one, i) => [
			h('code', { class: 'breaks' }, one.identifier),
			[`${one.why}, from ${one.source}`, one.times > 1 ? `; ${one.times} times since ` : '', one.times > 1 ? moment(one.first) : ''],
			moment(one.last),
			sure(`clear-${i}`, 'Clear', 'What comes after is looked at anew.', `Clear the suspicion of ${one.identifier}`, (button) => clear(button, `/api/v1/peer-suspicions/${place(one.identifier)}`, `The suspicion of ${one.identifier} is cleared.`)),
		])),
		h('div', { id: 'suspected-failed' }),
	] : [];
}

function authoritiesPart({ value }, remove) {
	const list = value ? value.anchors : [];
	const gone = value ? value.revoked : [];
	return [
		h('h2', { id: 'authorities' }, 'Authorities that name devices'),
		list.length ? table('A certificate of one of these says which device somebody is.', ['Authority', 'Good until', ''], list.map((one) => [
			one.name,
			day(one.not_after),
			sure(`drop-authority-${one.name}`, 'Remove', 'The devices it named become strangers, and what you revoked of it goes with it. A list of its own stays until you remove it under Revoked.', `Remove the authority ${one.name}`,
				(button) => remove(button, `/api/v1/peer-anchors/${place(one.name)}`, `The authority ${one.name} is gone.`)),
		])) : value ? h('p', {}, 'There is none.') : null,
		gone.length ? table('Certificates of theirs that count no more.', ['Authority', 'Number of the certificate'], gone.map((one) => [one.anchor, h('code', { class: 'breaks' }, one.serial)])) : null,
	];
}

// ---- forms ----

const nameWrong = (text) => (NAME.test(text) ? '' : 'Small letters, digits and hyphens, 32 at most.');
const identifierWrong = (text) => (IDENTIFIER.test(text) ? '' : 'An identifier looks like urn:dev:ops:32473-T1-0001.');

const ruleFields = () => ({
	name: field('rule-name', 'Name of the rule', 'Small letters, digits, hyphens.', { maxlength: 32 }),
	subject: field('rule-subject', 'Who', 'A device’s identifier, or urn:dev:ops:NUMBER-CLASS for a whole class of devices.', { maxlength: 58, class: 'wide' }),
	operation: field('rule-operation', 'What', 'One operation, for example identity.read.', { maxlength: 63 }),
	effect: choice('rule-effect', 'The rule', [['allow', 'Admits it'], ['deny', 'Forbids it, whatever admits it']], 'allow'),
});
const deviceFields = () => ({
	identifier: field('device-identifier', 'Its identifier', 'Such as urn:dev:ops:32473-T1-0001.', { maxlength: 58, class: 'wide' }),
	key: field('device-key', 'Its key', 'SHA-256 of its public key in hex, 64 digits; blanks and colons do not matter.', { maxlength: 128, class: 'wide' }),
});
const authorityFields = () => ({
	name: field('authority-name', 'What you call it', 'Small letters, digits, hyphens.', { maxlength: 32 }),
	certificate: field('authority-certificate', 'Its certificate', 'PEM, with the lines BEGIN and END.', { maxlength: 4096, rows: 6, class: 'wide' }),
});
const revokeFields = () => ({
	anchor: field('revoke-anchor', 'Authority', 'As it is called above.', { maxlength: 32 }),
	serial: field('revoke-serial', 'Number of the certificate', 'In hex; blanks and colons do not matter. It stays refused as long as the authority is on the list.', { maxlength: 64, class: 'wide' }),
});

export function peersPlace({ change, part, putIfNew }) {
	const fields = { rule: ruleFields(), device: deviceFields(), authority: authorityFields(), revoke: revokeFields() };

	// What was typed is thrown away only when the device has taken it.
	const add = (id, path, body, said) => async (typed) => {
		if (!await change(`${id}-send`, `${id}-failed`, () => post(path, body(typed))))
			return;
		for (const one of Object.values(fields[id]))
			if (one.input)
				one.input.value = '';
		say(said(typed));
	};
	const remove = (id) => async (button, path, said) => {
		if (await change(button, `${id}-failed`, () => call('DELETE', path)))
			say(said);
	};
	const removes = { rule: remove('rule'), device: remove('device'), authority: remove('authority'), suspected: remove('suspected') };

	return {
		path: '#/peers',
		name: 'Other devices',
		frame: () => [
			h('section', { id: 'part-peers' }),
			h('section', { id: 'part-suspected' }),
			h('section', { 'aria-labelledby': 'rules' },
				h('div', { id: 'part-rules' }),
				h('h3', {}, 'Add a rule'),
				form({
					id: 'rule', press: 'Add the rule', fields: fields.rule,
					check: (typed) => ({ name: nameWrong(typed.name), subject: identifierWrong(typed.subject), operation: /^[a-z-]+\.[a-z-]+$/.test(typed.operation) ? '' : 'An operation has two words and a dot.' }),
					send: add('rule', '/api/v1/policies', (typed) => typed, (typed) => `The rule ${typed.name} counts now.`),
				})),
			h('section', { 'aria-labelledby': 'devices' },
				h('div', { id: 'part-devices' }),
				h('h3', {}, 'Add a device'),
				form({
					id: 'device', press: 'Add the device', fields: fields.device,
					check: (typed) => ({ identifier: identifierWrong(typed.identifier), key: /^[0-9a-f]{64}$/.test(bare(typed.key)) ? '' : 'A key has 64 digits in hex.' }),
					send: add('device', '/api/v1/peers', (typed) => ({ ...typed, key: bare(typed.key) }), (typed) => `The device ${typed.identifier} is known now.`),
				})),
			h('section', { 'aria-labelledby': 'authorities' },
				h('div', { id: 'part-authorities' }),
				h('h3', {}, 'Add an authority'),
				form({
					id: 'authority', press: 'Add the authority', fields: fields.authority,
					check: (typed) => ({ name: nameWrong(typed.name), certificate: /-----BEGIN CERTIFICATE-----/.test(typed.certificate) ? '' : 'This is no certificate in PEM.' }),
					send: add('authority', '/api/v1/peer-anchors', (typed) => ({ ...typed, certificate: `${typed.certificate}\n` }), (typed) => `The authority ${typed.name} counts now.`),
				}),
				h('h3', {}, 'Revoke a certificate'),
				form({
					id: 'revoke', press: 'Revoke it', fields: fields.revoke,
					check: (typed) => ({ anchor: nameWrong(typed.anchor), serial: /^([0-9a-f]{2}){1,20}$/.test(bare(typed.serial)) ? '' : 'A number of 1 to 20 bytes in hex.' }),
					send: add('revoke', '/api/v1/peer-revocations', (typed) => ({ ...typed, serial: bare(typed.serial) }), () => 'The certificate counts no more.'),
				})),
		],
		read: async () => {
			const settings = await part('/api/v1/settings', 'settings');
			return { known: await part('/api/v1/peers'), rules: await part('/api/v1/policies'), setting: settings.value && settings.value.settings.find((one) => one.key === SWITCH) };
		},
		show: (now) => {
			document.title = 'Other devices';
			putIfNew('peers', now, () => answerPart(now));
			putIfNew('suspected', now.known, () => suspectedPart(now.known, removes.suspected));
			putIfNew('rules', now.rules, () => rulesPart(now.rules, removes.rule));
			putIfNew('devices', now.known, () => devicesPart(now.known, removes.device));
			putIfNew('authorities', now.known, () => authoritiesPart(now.known, removes.authority));
		},
	};
}
