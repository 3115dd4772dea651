// SPDX-License-Identifier: Apache-2.0
// Conditions, under which a role of somebody counts or a shared account is used: said in words, and asked for in a form. The device reads them and judges
// them, at each use; what this page does not know of them it keeps as it is.

import { field, h, moment, pick, several, words } from './dom.js';

const MODES = ['normal', 'maintenance', 'emergency'];
const DAYS = [['mon', 'Monday'], ['tue', 'Tuesday'], ['wed', 'Wednesday'], ['thu', 'Thursday'], ['fri', 'Friday'], ['sat', 'Saturday'], ['sun', 'Sunday']];
const DOORS = [['https', 'Over the network'], ['local', 'On the device itself'], ['console', 'At its console']];
const METHODS = [['client-certificate', 'A client certificate'], ['password', 'A password'], ['totp', 'An authenticator'], ['passkey', 'A passkey'], ['message', 'A code that is sent'], ['code', 'A one-use code'],
	['outside', 'The organization’s server or provider'], ['biometric', 'A reader at the device'], ['provider', 'A way of the device’s maker']];
const WINDOW = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$/;
const ZONE = /^[+-](0\d|1[0-4]):[0-5]\d$/;

const named = (pairs, value) => (pairs.find(([one]) => one === value) || [value, words(value)])[1];
const each = (pairs) => (list) => list.map((one) => named(pairs, one)).join(', ');
const hour = (list, { zone }) => `at ${list.join(', ')}${zone ? `, by a clock at UTC${zone}` : ', UTC'}`;
const text = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

const SAID = {
	__proto__: null,
	from: (at) => ['from ', moment(at)],
	until: (at) => ['until ', moment(at)],
	days: (list, { hours, zone }) => `on ${each(DAYS)(list)}${!hours && zone ? `, by a clock at UTC${zone}` : ''}`,
	hours: hour,
	zone: () => null,
	networks: (list) => `from ${list.join(', ')}`,
	doors: (list) => `by this door: ${each(DOORS)(list).toLowerCase()}`,
	methods: (list) => `proven by: ${each(METHODS)(list).toLowerCase()}`,
	factors: (number) => `with ${number === 1 ? 'one factor' : `${number} factors`} or more`,
	sessions: (number) => `with ${number === 1 ? 'one session' : `${number} sessions`} at a time at most`,
	modes: (list) => `in the mode ${list.join(' or ')}`,
	places: (list) => `at ${list.join(' or ')}`,
};

// Each in a line of its own; what cannot be read so stands as the device said it.
export function conditionWords(given) {
	const lines = Object.entries(given || {}).map(([name, value]) => {
		try {
			return SAID[name] ? SAID[name](value, given) : `${words(name)}: ${text(value)}`;
		} catch {
			return `${words(name)}: ${text(value)}`;
		}
	}).filter(Boolean);
	return lines.length ? lines.map((line) => h('span', { class: 'rest' }, line)) : 'always';
}

// ---- asked for ----

const split = (typed, by = /\s+/) => typed.split(by).map((one) => one.trim()).filter(Boolean);

// A moment as a person in this zone types it, and as the device reads it.
const toUtc = (typed) => new Date(typed).toISOString().replace('.000Z', 'Z');

function toLocal(utc) {
	const at = new Date(utc);
	return Number.isNaN(at.getTime()) ? '' : new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function zoneHere() {
	const east = -new Date().getTimezoneOffset();
	const two = (number) => String(number).padStart(2, '0');
	return `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
}

// How each is asked for: what of the field is told the device, and what of the device fills the field.
function askedFor(id) {
	const at = (name, label) => {
		const one = field(`${id}-${name}`, label, 'In the time of this browser. Empty: no such bound.', { 'type': 'datetime-local', 'autocapitalize': null, 'spellcheck': null });
		return { ...one, said: (typed) => (typed ? toUtc(typed) : null), filled: toLocal, wrong: () => (one.input.validity.badInput ? 'Finish the date and the time.' : '') };
	};
	const some = (name, legend, pairs) => {
		const one = several(`${id}-${name}`, legend);
		one.fill(pairs);
		return { ...one, several: one, said: (chosen) => (chosen.length ? chosen : null), filled: (list) => list };
	};
	const list = (name, label, hint, by) => ({ ...field(`${id}-${name}`, label, hint, { class: 'wide', maxlength: 400 }),
		said: (typed) => (split(typed, by).length ? split(typed, by) : null), filled: (all) => all.join(by ? ', ' : ' ') });
	return {
		from: at('from', 'From'),
		until: at('until', 'Until'),
		days: some('days', 'On these days; none: on any', DAYS),
		hours: { ...list('hours', 'At these hours', 'As 08:00-17:30, or 22:00-06:00 over midnight; four at most, with blanks between.'),
			wrong: (typed) => (split(typed).every((one) => WINDOW.test(one)) ? '' : 'Hours are written as 08:00-17:30.') },
		zone: { ...field(`${id}-zone`, 'By a clock at', 'How far it is from UTC, for days and hours. Empty: UTC.', { maxlength: 6, value: zoneHere() }),
			said: (typed, { days, hours }) => ((days || hours) && typed ? typed : null), filled: (zone) => zone, empty: ({ days, hours }) => (days || hours ? '' : zoneHere()), wrong: (typed) => (!typed || ZONE.test(typed) ? '' : 'An offset is written as +01:00.') },
		networks: list('networks', 'From these networks', 'As 192.0.2.0/24 or 2001:db8::/32, or one address; eight at most, with blanks between.'),
		doors: some('doors', 'By these doors; none: by any', DOORS),
		methods: some('methods', 'Proven by one of these; none: by any', METHODS),
		factors: { ...pick(`${id}-factors`, 'With so many factors', 'That were proven when he came in.', [['', 'As many as come'], ['1', 'One or more'], ['2', 'Two or more'], ['3', 'Three']]), said: (typed) => Number(typed) || null, filled: String },
		sessions: { ...field(`${id}-sessions`, 'Sessions at a time', 'At most; empty: as many as there may be.', { maxlength: 4, inputmode: 'numeric' }), said: (typed) => Number(typed) || null, filled: String,
			wrong: (typed) => (!typed || (/^[1-9]\d{0,3}$/.test(typed) && Number(typed) <= 1000) ? '' : 'A whole number from 1 to 1000.') },
		modes: some('modes', 'While the device is in one of these modes; none: in any', MODES.map((one) => [one, words(one)])),
		places: list('places', 'While the device is at one of these places', 'As the setting of its place says; four at most, with commas between.', ','),
	};
}

// One field of a form: its value is what the device is told, null for what nothing is said of; it is given such a thing to be filled with.
export function conditionsField(id, legend) {
	const fields = askedFor(id);
	let kept = {}; // what this page does not know
	let touched = false; // by somebody, since it was filled
	const typedIn = (one) => (one.several ? one.several.value : one.input.value.trim());
	const wrongs = () => Object.values(fields).map((one) => [one, one.wrong ? one.wrong(typedIn(one)) : '']);
	const box = h('details', { class: 'reason', id }, h('summary', { id: `summary-${id}` }, h('span', { class: 'text' }, legend)), h('p', { class: 'hint' }, 'All that is said here has to be so, each time. While the device does not trust its clock, nothing holds that needs the time.'), Object.values(fields).map((one) => one.box));
	box.addEventListener('input', () => { touched = true; });
	return {
		box,
		get touched() { return touched; },
		rest: () => { touched = false; },
		get value() {
			const said = {};
			for (const [name, one] of Object.entries(fields)) {
				const value = one.said(typedIn(one), said);
				if (value !== null)
					said[name] = value;
			}
			return { ...kept, ...said };
		},
		set value(given) {
			touched = false;
			kept = Object.fromEntries(Object.entries(given || {}).filter(([name]) => !Object.hasOwn(fields, name)));
			for (const [name, one] of Object.entries(fields)) {
				const value = given && given[name] !== undefined ? one.filled(given[name]) : one.several ? [] : one.empty ? one.empty(given || {}) : '';
				(one.several || one.input).value = value;
			}
		},
		// What is wrong with one of them, or ''.
		get wrong() { return (wrongs().find(([, why]) => why) || ['', ''])[1]; },
		setWrong: (any) => {
			box.open = box.open || Boolean(any);
			for (const [one, why] of wrongs().reverse())
				if (one.setWrong)
					one.setWrong(any ? why : '');
		},
	};
}
