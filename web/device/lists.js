// SPDX-License-Identifier: Apache-2.0
// Lists that may be long, of ten thousand accounts say: read and shown a page at a time, and searched by the device, so that nothing is built that is not shown.

import { get } from './api.js';
import { byId, count, field, h, say, show } from './dom.js';

const PAGE = 100;
const OFFERED = 20;
const TYPING_MS = 250;
const ACCOUNTS = '/api/v1/accounts';
const ID = /^a[1-9][0-9]*$/;

const address = (path, asked) => `${path}?${Object.entries(asked).filter(([, value]) => value).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`;

// "7 accounts"; of a list that goes on "7 accounts or more".
export const some = (number, more, one, many) => (more ? `${number} ${many} or more` : count(number, one, many));

// Done once nobody has typed for a moment.
function settled(work) {
	let timer = 0;
	return () => {
		clearTimeout(timer);
		timer = setTimeout(work, TYPING_MS);
	};
}

// What opens a row, whose contents are built for those alone that are open.
export const opener = (open, again) => (account, is) => {
	if (is === open.has(account))
		return;
	open[is ? 'add' : 'delete'](account);
	again(0);
};

// The page of a list that is looked at. ask: what is asked for beside its place; a search begins at the first page again. What `read` answers has, as `first`, the
// first page of all there is, for what is said of the whole. id: its part's.
export function pager({ id, path, ask = {}, limit = PAGE }, { again, part }) {
	let [behind, at, search, moved] = [[], '', '', false];
	const go = (places, place) => {
		[behind, at, moved] = [places, place, true];
		again(0);
	};
	const button = (name, press, work) => h('button', { 'type': 'button', 'class': 'second', 'id': `${id}-${name}`, 'aria-disabled': work ? null : 'true', 'onclick': work }, press);
	return {
		search: (text) => {
			if (text === search)
				return;
			[search, behind, at] = [text, [], ''];
			again(0);
		},
		read: async () => {
			if (!byId(`part-${id}`)) // come anew
				[behind, at, search, moved] = [[], '', '', false];
			const here = await part(address(path, { limit, ...ask, name: search, cursor: at }));
			return { ...here, search, page: behind.length + 1, first: at || search ? await part(address(path, { limit, ...ask })) : here };
		},
		// Above a list that has several pages, and below it; once somebody has gone on, above is where he is.
		told: ({ value, page }) => (value && (value.next || page > 1) ? h('p', { class: 'quiet', id: `${id}-page`, tabindex: '-1' }, `Page ${page}${value.next ? '' : ', the last'}.`) : null),
		foot: ({ value, page }) => (value && (value.next || page > 1) ? h('p', {}, button('back', 'The page before', page > 1 ? () => go(behind.slice(0, -1), behind.at(-1)) : null), ' ', button('on', 'The next page', value.next ? () => go([...behind, at], value.next) : null)) : null),
		arrived: () => {
			if (moved && byId(`${id}-page`))
				byId(`${id}-page`).focus();
			moved = false;
		},
	};
}

// A field above a list, which the device searches while somebody types.
export function searchField(id, pages) {
	const one = field(id, 'Find by name', 'A part of the name, or the id, as a17. Empty: all.', { maxlength: 48 });
	one.input.addEventListener('input', settled(() => pages.search(one.input.value.trim())));
	return one;
}

// One account: the device offers those that fit what is typed. Who may not read the accounts types an id. Its value is the id, '' for nothing, null for what is no account.
export function accountField(id, label, hint, fits = () => true) {
	const found = h('datalist', { id: `${id}-offered` });
	const one = field(id, label, `${hint} Type a part of its name and choose, or its id, as a17.`, { maxlength: 80, list: found.id, class: 'wide' });
	const known = new Map();
	const typed = () => one.input.value.trim();
	const look = settled(async () => {
		const text = typed();
		if (!text || known.has(text))
			return;
		const { accounts, next } = await get(address(ACCOUNTS, { limit: OFFERED, name: text })).catch(() => ({ accounts: [] }));
		if (text !== typed())
			return;
		known.clear();
		const offered = accounts.filter(fits).map((account) => [`${account.name} (${account.account})`, account.account]);
		offered.forEach(([words, account]) => known.set(words, account));
		show(found, offered.map(([words]) => h('option', { value: words })));
		say(offered.length ? `${some(offered.length, next, 'account fits', 'accounts fit')}.` : 'No account fits.');
	});
	one.input.addEventListener('input', look);
	one.box.append(found);
	return {
		box: one.box,
		setWrong: one.setWrong,
		field: one.input,
		get value() { return !typed() ? '' : known.get(typed()) || (ID.test(typed()) ? typed() : null); },
		get words() { return typed(); },
		clear: () => { one.input.value = ''; },
	};
}

export const accountWrong = (value) => (value ? '' : value === '' ? 'Choose the account.' : 'Choose one of those that are offered, or type its id.');

// Several accounts, one after the other. names: of ids that are known by name.
export function accountsField(id, legend, names, fits) {
	let ids = [];
	const find = accountField(id, 'Who', 'One after the other.', fits);
	const list = h('ul', { id: `${id}-list`, class: 'chosen' });
	const draw = () => show(list, ids.map((one) => h('li', {}, h('span', { class: 'breaks' }, names.of(one)), ' ', h('button', { 'type': 'button', 'class': 'second', 'id': `${id}-out-${one}`, 'aria-label': `Take out: ${names.of(one)}`, 'onclick': () => turn(ids.filter((each) => each !== one)) }, 'Take out'))));
	const turn = (now) => {
		ids = now;
		draw();
		list.dispatchEvent(new Event('input', { bubbles: true })); // somebody has changed it
		find.field.focus();
	};
	const put = () => {
		const { value, words } = find;
		find.setWrong(accountWrong(value));
		if (!value)
			return;
		if (words !== value)
			names.learnt(value, words.slice(0, -` (${value})`.length));
		find.clear();
		turn([...new Set([...ids, value])]);
	};
	find.field.addEventListener('keydown', (event) => {
		if (event.key === 'Enter' && find.words) {
			event.preventDefault();
			put();
		}
	});
	return {
		// What is typed and not yet put in counts too; what is no account is told by `check`.
		get value() { return [...new Set([...ids, find.value].filter(Boolean))]; },
		set value(now) {
			ids = [...now];
			find.clear();
			draw();
		},
		draw,
		check: (given, most) => (find.value === null ? accountWrong(null) : !given.length ? 'Choose who may use it.' : given.length > most ? `${most} at most.` : ''),
		setWrong: find.setWrong,
		box: h('fieldset', { class: 'choices' }, h('legend', {}, legend), list, find.box, h('p', {}, h('button', { type: 'button', class: 'second', id: `${id}-put`, onclick: put }, 'Put in'))),
	};
}

// What accounts are called, each asked for once; who may not ask sees their ids.
export function accountNames(part) {
	const names = new Map();
	return {
		of: (id) => names.get(id) || id,
		learnt: (id, name) => { names.set(id, name); },
		learn: async (ids) => {
			for (const id of ids.filter((one) => one && !names.has(one))) {
				const { value } = await part(`${ACCOUNTS}/${encodeURIComponent(id)}`);
				names.set(id, value ? value.name : id);
			}
		},
		forget: () => names.clear(),
	};
}
