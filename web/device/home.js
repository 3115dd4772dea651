// SPDX-License-Identifier: Apache-2.0
// The device's own page for its owner. Its first line answers one question: is this device all right, and if not, what
// should I do? Everything below opens the reason behind that answer. Each part is a function from what the device said
// to elements; nothing here asks the device.

import { byId, count, facts, h, moment, say, sentence, shape, show, statusWord, trouble, words } from './dom.js';

// The catalog's seven capabilities, in its order; an element's id begins with its capability's code.
const CAPABILITIES = [
	['DI', 'Device identification'],
	['DC', 'Device configuration'],
	['DP', 'Data protection'],
	['LA', 'Logical access to interfaces'],
	['SU', 'Software update'],
	['SA', 'Cybersecurity state awareness'],
	['DS', 'Device security'],
];
const RANK = { 'not provided': 0, 'needs a part': 1, 'off by policy': 2, 'provided': 3 };

const plain = (name) => name.replace(/[^A-Za-z0-9]/g, '-');
const anchor = (id) => `element-${plain(id)}`;
// The id of a part of a setting's form: "save", "outcome", or the form itself, "setting".
export const settingId = (what, key) => `${what}-${plain(key)}`;

// ---- the answer ----

export function answer(state) {
	const of = (status) => state.elements.filter((element) => element.status === status).length;
	const known = state.elements.filter((element) => element.status in RANK).length;
	const failed = of('not provided') + state.elements.length - known;
	if (failed)
		return { status: 'not provided', title: 'This device needs attention.', what: `${count(failed, 'ability is', 'abilities are')} not working. Open the reason below: it says why and what to do.` };
	if (of('needs a part'))
		return { status: 'needs a part', title: 'Something is still to be done or fitted.', what: `${count(of('needs a part'), 'ability waits', 'abilities wait')} for something that this device does not have yet. Open the reason below to see what.` };
	if (of('off by policy'))
		return { status: 'off by policy', title: 'This device is all right; something is switched off.', what: `${count(of('off by policy'), 'ability is', 'abilities are')} switched off by choice. If that was not you, open the reason below to see who did it, and switch it on again.` };
	return { status: 'provided', title: 'This device is all right.', what: 'There is nothing you need to do.' };
}

export function answerPart(state) {
	const told = answer(state);
	document.title = `${told.title.replace(/\.$/, '')} – ${state.product.model}`;
	say(`${told.title} ${told.what}`);
	return [
		h('h1', { class: 'answer' }, shape(told.status), h('span', {}, told.title)),
		h('p', { class: 'lead' }, told.what),
		state.time.trusted ? null : h('p', { class: 'note' }, 'This device’s clock is behind a time that is known to have passed, so the times below may be wrong. Have it set.'),
	];
}

// ---- what it can do: the map, and each reason ----

function openReason(id) {
	const reason = byId(anchor(id));
	reason.open = true;
	reason.querySelector('summary').focus();
}

function mapRow([code, name], elements) {
	const good = elements.filter((element) => element.status === 'provided').length;
	return h('tr', {},
		h('th', { scope: 'row' }, name),
		h('td', {}, elements.map((element) => h('button', {
			type: 'button', class: 'cell', id: `cell-${anchor(element.id)}`, onclick: () => openReason(element.id),
			'aria-label': `${element.id}: ${statusWord(element.status)}. Open the reason`,
		}, shape(element.status), h('span', { class: 'mark' }, element.id)))),
		h('td', { class: 'number' }, `${good} of ${elements.length}`));
}

// What a person supplies on this page; anything else is a part in the sense of the word.
const SUPPLIED = { 'DI.PI.1': ['#/identity', 'show the device its label'], 'DI.DAS.1': ['#/keys', 'get it a local identity'] };

function missing(element) {
	const [to, what] = SUPPLIED[element.id] || [];
	return to ? ['What is missing stands above. On this page: ', h('a', { href: to }, what), '.'] : 'What is missing stands above. Who fits or starts the device supplies it; the manufacturer knows which models have it.';
}

function reasonRow(element, wasOpen, settings) {
	const setting = settings.find((one) => one.key === element.setting);
	const told = element.status === 'off by policy' && setting ? [`Switch “${words(setting.key)}” on again, if you want it: `, h('a', { href: `#${settingId('setting', setting.key)}` }, 'to the switch'), '.']
		: element.status === 'needs a part' ? missing(element)
			: element.status === 'provided' ? 'Nothing.' : 'Restart the device. If it stays so, keep the records below and ask the manufacturer.';
	return h('details', { class: 'reason', id: anchor(element.id), open: wasOpen },
		h('summary', { id: `summary-${anchor(element.id)}` },
			h('span', { class: 'state' }, shape(element.status), h('strong', {}, statusWord(element.status))),
			h('span', { class: 'text' }, sentence(element.text), ' ', h('span', { class: 'mark' }, element.id))),
		facts(
			['Why', sentence(element.reason)],
			['Since', moment(element.since)],
			['Changed by', element.changed_by || 'nobody; the device finds this itself'],
			['What to do', told]));
}

const sortedByNeed = (elements) => [...elements].sort((a, b) => (RANK[a.status] ?? 0) - (RANK[b.status] ?? 0) || a.id.localeCompare(b.id, 'en', { numeric: true }));

export function abilitiesPart(state, settings, box) {
	const open = new Set([...box.querySelectorAll('details[open]')].map((one) => one.id));
	const groups = CAPABILITIES.map((row) => [row, state.elements.filter((element) => element.id.startsWith(`${row[0]}.`))]).filter(([, elements]) => elements.length);
	const silent = CAPABILITIES.filter(([code]) => !state.elements.some((element) => element.id.startsWith(`${code}.`))).map(([, name]) => name.toLowerCase());
	return [
		h('h2', { id: 'abilities' }, 'What it can do'),
		h('table', { class: 'map stacks' },
			h('caption', {}, 'One row for each capability, one mark for each ability. Choose a mark to read the reason.'),
			h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Capability'), h('th', { scope: 'col' }, 'Abilities'), h('th', { scope: 'col', class: 'number' }, 'Provided'))),
			h('tbody', {}, groups.map(([row, elements]) => mapRow(row, elements)))),
		silent.length ? h('p', { class: 'quiet' }, `This software makes no statement about: ${silent.join(', ')}.`) : null,
		h('div', { class: 'reasons' }, sortedByNeed(state.elements).map((element) => reasonRow(element, open.has(anchor(element.id)), settings))),
		sandboxPart(state, open),
	];
}

// How the daemon's own processes are shut in: for whoever asks, closed for everybody else.
function sandboxPart(state, open) {
	const roles = state.sandbox || [];
	const yesNo = (value) => (value === true ? 'yes' : value === false ? 'no' : String(value));
	const names = [...new Set(roles.flatMap((role) => Object.keys(role)))].filter((name) => name !== 'role');
	if (!roles.length)
		return null;
	return h('details', { class: 'reason', id: 'sandbox', open: open.has('sandbox') },
		h('summary', { id: 'summary-sandbox' }, h('span', { class: 'text' }, 'How its own programs are shut in')),
		h('section', { class: 'scroll', tabindex: '0', 'aria-label': 'Sandbox of each process' }, h('table', {},
			h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Process'), names.map((name) => h('th', { scope: 'col' }, words(name))))),
			h('tbody', {}, roles.map((role) => h('tr', {}, h('th', { scope: 'row' }, role.role), names.map((name) => h('td', {}, yesNo(role[name])))))))));
}

// ---- which device this is ----

export function identityPart(identity, error) {
	const to = identity && identity.assigned_to;
	return [
		h('h2', { id: 'identity' }, 'Which device this is'),
		error ? trouble(error) : null,
		identity ? facts(
			['Identifier', h('code', { class: 'breaks' }, identity.identifier)],
			['On its label', identity.physical_id],
			['Assigned to', to ? [to.name, to.reference ? `, ${to.reference}` : null] : 'nobody']) : null,
		h('p', {}, h('a', { href: '#/identity' }, 'Check it, assign it, have a report made')),
	];
}

// ---- what you may switch ----

function choiceField(setting, draft) {
	const choices = setting.choices ? String(setting.choices).split('|') : ['on', 'off'];
	return h('fieldset', { class: 'choices' },
		h('legend', {}, words(setting.key)),
		choices.map((choice) => h('label', {},
			h('input', { type: 'radio', name: 'value', id: settingId(plain(choice), setting.key), value: choice, checked: draft === choice }), words(choice))));
}

function textField(setting, draft) {
	const number = setting.type === 'int';
	const range = number ? `A whole number from ${setting.min} to ${setting.max}${setting.unit ? `, in ${setting.unit}` : ''}.` : '';
	return h('div', { class: 'field' },
		h('label', { for: settingId('value', setting.key) }, words(setting.key)),
		range ? h('p', { class: 'hint', id: settingId('range', setting.key) }, range) : null,
		h('input', { type: 'text', name: 'value', id: settingId('value', setting.key), value: draft, autocomplete: 'off', spellcheck: 'false', inputmode: number ? 'numeric' : null, 'aria-describedby': range ? settingId('range', setting.key) : null }));
}

const switchable = (setting) => setting.type === 'bool' || Boolean(setting.choices);

// `drafts` maps a key to what the person chose and has not saved; `notes` to what became of the last try.
export function settingsPart(settings, drafts, notes, onSave, title = 'What you may switch') {
	const form = (setting) => {
		const draft = drafts.get(setting.key) ?? setting.value;
		const submit = (event) => {
			event.preventDefault();
			onSave(setting, new FormData(event.target).get('value'));
		};
		return h('form', { class: 'setting', id: settingId('setting', setting.key), onsubmit: submit, oninput: (event) => drafts.set(setting.key, event.target.value), novalidate: true },
			switchable(setting) ? choiceField(setting, draft) : textField(setting, draft),
			h('p', { class: 'hint' }, sentence(setting.help)),
			h('p', { class: 'quiet' }, `Now ${setting.value}; as delivered ${setting.default}; safest ${setting.baseline}. `,
				Number(setting.version) > 0 ? ['Changed by ', setting.changed_by || 'somebody', ', ', moment(setting.changed), '.'] : 'Never changed.'),
			h('div', { class: 'outcome', id: settingId('outcome', setting.key) }, notes.get(setting.key)),
			h('p', {}, h('button', { type: 'submit', id: settingId('save', setting.key) }, 'Save')));
	};
	return [h('h2', { id: 'settings' }, title), settings.length ? settings.map(form) : h('p', {}, 'Nothing can be switched on this device.')];
}

// ---- what happened lately ----

const KINDS = { refusals: 'Refusals, counted', checkpoint: 'Log signed by the device', open: 'Log opened' };
// What has a column of its own, or is for machines.
const SHOWN = new Set(['seq', 'type', 'time', 'operation', 'event', 'subject', 'result', 'rule', 'intent', 'status', 'door', 'fields', 'severity', 'boot']);
const BOOKKEEPING = new Set(['open', 'checkpoint']);
const subjectOf = (record) => (record.subject && typeof record.subject === 'object' ? record.subject.name : record.subject) || '';

// A change leaves two records, what was begun and what became of it: one row for both.
function rowsOf(records) {
	const begun = new Map(records.filter((record) => record.type === 'intent').map((record) => [record.seq, record]));
	const ended = new Set(records.filter((record) => record.type === 'outcome').map((record) => record.intent));
	return records.filter((record) => !(record.type === 'intent' && ended.has(record.seq)))
		.map((record) => (record.type === 'outcome' ? { ...begun.get(record.intent), ...record } : record));
}

function recordOutcome(record) {
	if (record.type === 'intent')
		return 'not known';
	if (record.type === 'read')
		return record.status >= 400 ? 'refused' : 'read';
	return record.result || (record.rule ? 'refused' : '');
}

function recordRest(record) {
	if (BOOKKEEPING.has(record.type))
		return record.why ? `Why: ${record.why}` : '';
	const rest = Object.entries({ ...record, ...record.fields }).filter(([name, value]) => !SHOWN.has(name) && value !== '' && value !== null);
	const told = rest.map(([name, value]) => `${words(name)}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
	return (record.rule ? [`Rule: ${record.rule}`, ...told] : told).join('; ');
}

function recordRow(record) {
	const name = record.operation || record.event;
	const rest = recordRest(record);
	return h('tr', {},
		h('td', { 'data-label': 'When' }, moment(record.time)),
		h('td', { 'data-label': 'What' }, h('span', {}, name ? words(name) : KINDS[record.type] || words(record.type)), rest ? h('span', { class: 'rest' }, rest) : null),
		h('td', { 'data-label': 'Who' }, subjectOf(record)),
		h('td', { 'data-label': 'Outcome' }, recordOutcome(record)));
}

// Looking leaves records too, and would soon be all there is to see: reads are shown when asked for.
export const logRows = (records, withReads) => rowsOf(records).filter((record) => withReads || record.type !== 'read');

const LOG_STATES = {
	live: ['Pause', 'New records appear at the top as the device writes them.'],
	read: ['Pause', 'The device does not send new records now; the log is read again every 20 seconds.'],
	paused: ['Go on', 'Paused. What is new waits on the device.'],
};

// view: whether reads are shown, how many rows, whether the device has more records than are here, and how new ones come.
export function logPart(records, error, view, { onReads, onMore, onPause }) {
	if (error)
		return [h('h2', { id: 'log' }, 'What happened lately'), trouble(error)];
	const all = logRows(records, view.withReads);
	const rows = all.slice(0, view.rows);
	const [press, how] = LOG_STATES[view.state];
	return [
		h('h2', { id: 'log' }, 'What happened lately'),
		h('p', { class: 'follow' }, h('button', { type: 'button', class: 'second', id: 'log-pause', 'aria-label': `${press}: following the log`, onclick: onPause }, press), h('span', { class: 'quiet', id: 'log-how' }, how)),
		h('p', { class: 'choices' }, h('label', {}, h('input', { type: 'checkbox', id: 'with-reads', checked: view.withReads, onchange: (event) => onReads(event.target.checked) }), 'Show what was only read, too')),
		h('table', { class: 'log stacks' },
			h('caption', {}, 'Newest first.'),
			h('thead', {}, h('tr', {}, ['When', 'What', 'Who', 'Outcome'].map((name) => h('th', { scope: 'col' }, name)))),
			h('tbody', {}, rows.map(recordRow))),
		all.length > rows.length || view.more ? h('p', {}, h('button', { type: 'button', class: 'second', id: 'log-more', onclick: onMore }, 'Show older')) : null,
		h('p', { class: 'hint' }, 'The whole log, verified: ', h('code', {}, 'thingward log verify'), '.'),
	];
}

// The frame in which the parts are shown; each has its own box, so that reading the device again touches only what changed.
export function frame() {
	const part = (id) => h('section', { id: `part-${id}`, 'aria-labelledby': id });
	return [h('div', { id: 'part-answer' }), part('abilities'), part('identity'), part('settings'), part('log'), part('tasks')];
}

export const put = (id, parts) => show(byId(`part-${id}`), parts);
