// SPDX-License-Identifier: Apache-2.0
// Lists that may be long, of ten thousand accounts say: read and shown a page at a time, and searched by the device, so that nothing is built that is not shown.

import { get } from './api.js';
import { byId, count, field, h, say, show, trouble } from './dom.js';

const PAGE = 100;
const OFFERED = 20;
const PAGES_MAX = 100;
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
	let good = [[], '', '']; // what was answered last
	let question = 0;
	const refused = h('div', { id: `${id}-refused` });
	const go = (places, place) => {
		[behind, at, moved] = [places, place, true];
		again(0);
	};
	const button = (name, press, work) => h('button', { 'type': 'button', 'class': 'second', 'id': `${id}-${name}`, 'aria-disabled': work ? null : 'true', 'onclick': work }, press);
	const addressOf = (cursor) => address(path, { limit, ...ask, name: search, cursor });
	return {
		refused,
		search: (text) => {
			show(refused);
			if (text === search)
				return;
			[search, behind, at] = [text, [], ''];
			again(0);
		},
		read: async () => {
			if (!byId(`part-${id}`)) // come anew
				[behind, at, search, moved, good] = [[], '', '', false, [[], '', '']];
			const mine = ++question;
			const sought = search !== good[2];
			let here = await part(addressOf(at));
			if (here.error && sought && mine === question) { // the list that stood there stays, and what is typed
				show(refused, trouble(here.error));
				[behind, at, search] = good;
				here = await part(addressOf(at));
			}
			if (!here.error && mine === question)
				good = [behind, at, search];
			return { ...here, search, page: behind.length + 1, first: at || search ? await part(address(path, { limit, ...ask })) : here };
		},
		// Above a list that has several pages, and below it; once somebody has gone on, above is where he is.
		told: ({ value, error, page, first }) => (error && first.value ? trouble(error) : value && (value.next || page > 1) ? h('p', { class: 'quiet', id: `${id}-page`, tabindex: '-1' }, `Page ${page}${value.next ? '' : ', the last'}.`) : null),
		foot: ({ value, page }) => (page > 1 || (value && value.next) ? h('p', {}, button('back', 'The page before', page > 1 ? () => go(behind.slice(0, -1), behind.at(-1)) : null), ' ', button('on', 'The next page', value && value.next ? () => go([...behind, at], value.next) : null)) : null),
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
	one.box.append(pages.refused);
	return one;
}

let ended = () => {};
// What is done when the session turns out to be over while somebody types.
export const onEnd = (work) => { ended = work; };

function findAccount(id, label, hint, fits = () => true) {
	const found = h('datalist', { id: `${id}-offered` });
	const told = h('div', { id: `${id}-told` });
	const one = field(id, label, `${hint} Type a part of its name and choose, or its id, as a17.`, { maxlength: 80, list: found.id, class: 'wide' });
	const known = new Map();
	const typed = () => one.input.value.trim();
	const taken = () => known.get(typed()) || (ID.test(typed()) ? typed() : null);
	const words = ({ name, account }) => `${name} (${account})`;
	const tell = (text) => {
		show(told, h('p', { class: 'hint' }, text));
		say(text);
	};
	const failed = (error) => {
		if (error.status === 401)
			ended();
		else if (error.status === 403)
			tell('The accounts are not told to you. Type the id, as a17.');
		else
			show(told, trouble(error));
	};
	const ask = (text, limit, cursor) => get(address(ACCOUNTS, { limit, name: text, cursor }));
	const look = settled(async () => {
		const text = typed();
		if (!text)
			show(told);
		if (!text || known.has(text))
			return;
		try {
			const { accounts, next } = await ask(text, OFFERED);
			if (text !== typed())
				return;
			known.clear();
			const offered = accounts.filter(fits);
			offered.forEach((account) => known.set(words(account), account.account));
			show(found, offered.map((account) => h('option', { value: words(account) })));
			tell(next ? `More than ${accounts.length} accounts fit: type more.` : offered.length ? `${count(offered.length, 'account fits', 'accounts fit')}.` : 'No account fits.');
		} catch (error) {
			if (text === typed() || error.status === 401)
				failed(error);
		}
	});
	one.input.addEventListener('input', look);
	one.box.append(found, told);
	return {
		box: one.box,
		setWrong: one.setWrong,
		field: one.input,
		get value() { return typed() ? taken() : ''; },
		get words() { return typed(); },
		// A whole name is taken as well, though it may stand behind others that fit: before the value counts, the device is asked for it.
		ready: async () => {
			const text = typed();
			if (!text || taken())
				return;
			try {
				for (let [page, next] = [0, '']; page < PAGES_MAX && (next || !page); page++) {
					const got = await ask(text, PAGE, next);
					const it = got.accounts.find(({ name }) => name.toLowerCase() === text.toLowerCase());
					if (it && fits(it) && text === typed()) {
						known.set(words(it), it.account);
						one.input.value = words(it);
					}
					next = it || text !== typed() ? '' : got.next;
				}
			} catch (error) {
				failed(error);
			}
		},
		clear: () => {
			one.input.value = '';
			known.clear();
			show(found);
			show(told);
		},
	};
}

const lasting = [];

// One account: the device offers those that fit what is typed. Who may not read the accounts types an id. Its value is the id, '' for
// nothing, null for what is no account. Such a field is made once, and is emptied when somebody has signed out.
export function accountField(...about) {
	const one = findAccount(...about);
	lasting.push(one);
	return one;
}

export const forgetTyped = () => lasting.forEach((one) => one.clear());

export const accountWrong = (value) => (value ? '' : value === '' ? 'Choose the account.' : 'Choose one of those that are offered, or type its id.');

// Several accounts, one after the other. names: of ids that are known by name.
export function accountsField(id, legend, names, fits) {
	let ids = [];
	const find = findAccount(id, 'Who', 'One after the other.', fits);
	const list = h('ul', { id: `${id}-list`, class: 'chosen' });
	const draw = () => show(list, ids.map((one) => h('li', {}, h('span', { class: 'breaks' }, names.of(one)), ' ', h('button', { 'type': 'button', 'class': 'second', 'id': `${id}-out-${one}`, 'aria-label': `Take out: ${names.of(one)}`, 'onclick': () => turn(ids.filter((each) => each !== one)) }, 'Take out'))));
	const turn = (now) => {
		ids = now;
		draw();
		list.dispatchEvent(new Event('input', { bubbles: true })); // somebody has changed it
		find.field.focus();
	};
	const put = async () => {
		await find.ready();
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
		ready: find.ready,
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
