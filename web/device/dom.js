// SPDX-License-Identifier: Apache-2.0
// Building the page out of elements and text, never out of markup, so that nothing a device or a person wrote is ever
// read as code; and the few forms every part of the page shares: times, shapes, refusals, fields.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value);
		else if (value === true)
			element.setAttribute(name, '');
		else if (value !== false && value !== null && value !== undefined)
			element.setAttribute(name, value);
	}
	element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// Replaces what is in `box` and puts the focus back where the person had it.
export function show(box, ...children) {
	const had = box.contains(document.activeElement) ? document.activeElement.id : '';
	box.replaceChildren(...children.flat(Infinity).filter(Boolean));
	if (had && byId(had))
		byId(had).focus({ preventScroll: true });
}

export function say(text) {
	const live = byId('live');
	if (live.textContent !== text)
		live.textContent = text;
}

// ---- words ----

const CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

// A moment in the reader's zone, with UTC on hover; an unknown one says so.
export function moment(text, form = CLOCK) {
	const at = new Date(text || NaN);
	if (Number.isNaN(at.getTime()) || at.getTime() <= 0)
		return h('span', { class: 'quiet' }, 'not known');
	const utc = at.toISOString();
	return h('time', { datetime: utc, title: `${utc.replace('T', ' ').replace(/\.\d+Z|Z/, '')} UTC` }, form.format(at));
}

export const day = (text) => moment(text, DAY);

export function minutes(ms) {
	const whole = Math.max(0, Math.ceil(ms / 60000));
	return whole === 1 ? '1 minute' : `${whole} minutes`;
}

// "settings.change" and "identification.remote-read" as a person would say them.
export function words(name) {
	const plain = String(name).replace(/[._-]+/g, ' ').trim();
	return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export const count = (number, one, many) => (number === 1 ? `1 ${one}` : `${number} ${many}`);

export const sentence = (text) => (text ? text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.') : '');

// ---- shapes: a state is a word and a shape before it is a colour ----

const SHAPES = {
	'provided': { word: 'Provided', key: 'good', draw: () => [s('circle', { cx: 8, cy: 8, r: 7, class: 'body' }), s('path', { d: 'M4.5 8.2l2.4 2.5 4.6-5', class: 'line' })] },
	'off by policy': { word: 'Off by policy', key: 'off', draw: () => [s('circle', { cx: 8, cy: 8, r: 6, class: 'ring' }), s('path', { d: 'M4 12L12 4', class: 'stroke' })] },
	'needs a part': { word: 'Needs a part', key: 'part', draw: () => [s('path', { d: 'M8 1l7 7-7 7-7-7z', class: 'ring' }), s('path', { d: 'M8 1l7 7-7 7z', class: 'body' })] },
	'not provided': { word: 'Not provided', key: 'bad', draw: () => [s('rect', { x: 1, y: 1, width: 14, height: 14, class: 'body' }), s('path', { d: 'M5 5l6 6M11 5l-6 6', class: 'line' })] },
};

export const statusWord = (status) => (SHAPES[status] ? SHAPES[status].word : sentence(status));

export function shape(status) {
	const known = SHAPES[status] || SHAPES['not provided'];
	return s('svg', { viewBox: '0 0 16 16', class: `shape ${known.key}`, 'aria-hidden': 'true', focusable: 'false' }, known.draw());
}

// Numbers as bars, each beside its words; of many the longest decides how long one is, and what is there at all can be seen.
export function bars(rows) {
	const most = Math.max(1, ...rows.map(([, number]) => number));
	const width = (number) => (number ? Math.max(1.5, (100 * number) / most) : 0);
	return h('dl', { class: 'bars' }, rows.map(([name, number, key]) => h('div', {},
		h('dt', {}, name),
		h('dd', {}, h('span', { class: 'number' }, number.toLocaleString()),
			s('svg', { viewBox: '0 0 100 4', preserveAspectRatio: 'none', class: `shape ${key}`, 'aria-hidden': 'true', focusable: 'false' }, s('rect', { x: 0, y: 0, width: width(number), height: 4, class: 'body' }))))));
}

// ---- shared blocks ----

// The first line of a place, which answers its question, what it means, and what kept the device from saying more.
export const lead = (status, title, what, ...said) => [h('h1', { class: 'answer' }, shape(status), h('span', {}, title)), h('p', { class: 'lead' }, what), said.filter((one) => one && one.error).map((one) => trouble(one.error))];

// The same of what is not told to whoever asks.
export const untold = (what, ...said) => lead('not provided', `This device does not tell you ${what}.`, 'An owner, an admin or an auditor may ask it.', ...said);

// A part of a place, named by its title.
export const titled = (id, title, ...children) => h('section', { 'aria-labelledby': id }, h('h2', { id }, title), children);

// What opens at a press; it stays open when it is shown again with `open`.
export const detail = (id, open, summary, content, ontoggle) => h('details', { class: 'reason', id, open, ontoggle }, h('summary', { id: `summary-${id}` }, summary), content);

// Pairs of a name and a value, as a description list.
export const facts = (...pairs) => h('dl', { class: 'facts' }, pairs.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

// names: of the columns; '' for one of buttons. rows: arrays of what stands in each.
export function table(caption, names, rows) {
	return h('table', { class: 'log stacks files' },
		h('caption', {}, caption),
		h('thead', {}, h('tr', {}, names.map((name) => (name ? h('th', { scope: 'col' }, name) : h('td', {}))))),
		h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((content, i) => h('td', { 'data-label': names[i] }, h('span', {}, content)))))));
}

// What went wrong, by which rule, and what to do.
export function trouble(error) {
	const refused = error.status !== undefined;
	const next = refused ? error.next : 'Check that the device has power and that you are on its network, then try again.';
	const wait = error.retryAfter ? `You may try again in ${error.retryAfter < 90 ? `${error.retryAfter} seconds` : minutes(error.retryAfter * 1000)}.` : '';
	return h('div', { class: 'trouble', role: 'alert' },
		h('p', {}, h('strong', {}, sentence(error.message))),
		error.detail ? h('p', {}, sentence(error.detail)) : null,
		next || wait ? h('p', {}, [sentence(next), wait].filter(Boolean).join(' ')) : null,
		error.rule ? h('p', { class: 'quiet' }, 'Rule ', h('code', {}, error.rule)) : null);
}

// What is asked for, with a hint and a place for what is wrong with it.
function labelled(input, label, hint) {
	const { id } = input;
	const wrong = h('p', { class: 'wrong', id: `${id}-wrong` });
	input.setAttribute('aria-describedby', `${id}-hint ${id}-wrong`);
	const setWrong = (text) => {
		wrong.textContent = text;
		input.setAttribute('aria-invalid', text ? 'true' : 'false');
		if (text)
			input.focus();
	};
	return { input, setWrong, box: h('div', { class: 'field' }, h('label', { for: id }, label), h('p', { class: 'hint', id: `${id}-hint` }, hint), wrong, input) };
}

// A text field. rows: of a field for several lines.
export function field(id, label, hint, { rows, ...attributes } = {}) {
	const own = { id, name: id, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...attributes };
	return labelled(rows ? h('textarea', { rows, ...own }) : h('input', { type: 'text', ...own }), label, hint);
}

// What is chosen here is a File, or null.
export const fileField = (id, label, hint, attributes) => labelled(h('input', { type: 'file', id, name: id, ...attributes }), label, hint);

// One of a list: [value, words] each. A device that lets many words be chosen says them, so the list may come later and again. What was chosen and is no longer
// on it leaves nothing chosen, which a form refuses: it is never another one that nobody chose.
export function pick(id, label, hint, options = []) {
	const one = labelled(h('select', { id, name: id }), label, hint);
	let [filled, lost] = ['', null];
	one.fill = (list) => {
		const text = JSON.stringify(list);
		if (text === filled)
			return;
		filled = text;
		const first = !one.input.options.length && lost === null;
		const had = one.input.selectedIndex < 0 ? lost : one.input.value;
		one.input.replaceChildren(...list.map(([value, words]) => h('option', { value }, words)));
		if (first)
			return;
		lost = had;
		one.input.selectedIndex = list.findIndex(([value]) => value === had);
	};
	one.fill(options);
	return one;
}

// Some of a list, which the device says: [value, words] each.
export function several(id, legend) {
	const list = h('div', { class: 'choices', id });
	const wrong = h('p', { class: 'wrong', id: `${id}-wrong` });
	const boxes = () => [...list.querySelectorAll('input')];
	const chosen = () => boxes().filter((one) => one.checked).map((one) => one.value);
	let filled = '';
	return {
		get value() { return chosen(); },
		set value(value) { boxes().forEach((one) => { one.checked = value.includes(one.value); }); },
		fill: (options) => {
			const [had, text] = [chosen(), JSON.stringify(options)];
			if (text === filled)
				return;
			filled = text;
			show(list, options.map(([value, words], i) => h('label', {}, h('input', { type: 'checkbox', id: `${id}-${i}`, value, checked: had.includes(value) }), words)));
		},
		setWrong: (text) => {
			wrong.textContent = text;
			if (text && boxes().length)
				boxes()[0].focus();
		},
		box: h('fieldset', { 'class': 'choices', 'aria-describedby': `${id}-wrong` }, h('legend', {}, legend), wrong, list),
	};
}

// One of a few words. first: the one that is chosen at the beginning.
export function choice(name, label, options, first) {
	const inputs = options.map(([value]) => h('input', { type: 'radio', name, id: `${name}-${value}`, value, checked: value === first }));
	return {
		get value() { return inputs.find((one) => one.checked).value; },
		set value(value) { inputs.forEach((one) => { one.checked = one.value === value; }); },
		box: h('fieldset', { class: 'choices' }, h('legend', {}, label), options.map(([, words], i) => h('label', {}, inputs[i], words))),
	};
}

// A form of fields, of which one may have to be `ready` first: `send` gets what was typed or chosen when `check` finds nothing wrong. What it answers with is shown in the box below it.
export function form({ id, press, fields, check, send }) {
	const given = (one) => (!one.input ? one.value : one.input.type === 'file' ? one.input.files[0] || null : one.raw ? one.input.value : one.input.value.trim());
	const submit = async (event) => {
		event.preventDefault();
		const asking = Object.values(fields).filter((one) => one.ready);
		Object.values(fields).forEach((one) => one.mask && one.mask());
		if (asking.length)
			await Promise.all(asking.map((one) => one.ready()));
		const typed = Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, given(one)]));
		const wrong = check(typed);
		for (const [key, one] of Object.entries(fields))
			if (one.input && one.input.selectedIndex === -1)
				wrong[key] = wrong[key] || 'Choose one: what was chosen is no longer there.';
		for (const [key, one] of Object.entries(fields).reverse())
			if (one.setWrong)
				one.setWrong(wrong[key] || '');
		if (!Object.values(wrong).some(Boolean))
			send(typed);
	};
	return h('form', { id: `${id}-form`, onsubmit: submit, novalidate: true },
		Object.values(fields).map((one) => one.box),
		h('div', { id: `${id}-failed` }),
		h('p', {}, h('button', { type: 'submit', id: `${id}-send` }, press)));
}

let asked = null; // the question that stands: what is drawn anew meanwhile keeps it, as long as it is the same one about the same thing

// A button for what cannot be had back as it was: asks once more, in its place, and says what will be gone.
export function sure(id, press, what, aria, work) {
	const box = h('span', { class: 'sure' });
	const question = `${id} ${aria} ${what}`;
	const first = h('button', { type: 'button', class: 'second', id, 'aria-label': aria, onclick: () => ask() }, press);
	const back = () => {
		asked = null;
		box.replaceChildren(first);
		first.focus();
	};
	const done = (button) => {
		asked = null;
		return work(button);
	};
	const show = () => {
		const yes = h('button', { type: 'button', id: `${id}-yes`, 'aria-label': `Yes: ${aria}`, onclick: () => done(yes.id) }, press);
		box.replaceChildren(h('span', {}, `${what} `), yes, h('button', { type: 'button', class: 'second', id: `${id}-no`, onclick: back }, 'Keep it'));
		return yes;
	};
	const ask = () => {
		asked = question;
		show().focus();
	};
	if (asked === question && document.getElementById(`${id}-yes`))
		show();
	else
		box.append(first);
	return box;
}
