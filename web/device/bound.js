// SPDX-License-Identifier: Apache-2.0
// Which accounts use a way in: a table of them, each with a button that ends it, and a form for one more. The device decides what somebody may do here.

import { call } from './api.js';
import { count, form, h, moment, say, sure, table, titled, trouble } from './dom.js';
import { accountField, accountWrong, pager, some } from './lists.js';

export const place = encodeURIComponent;

export const CREDENTIALS = '/api/v1/credentials';

// The pages of those that have something of these kinds, for `boundAccounts` of the same id.
export const boundPages = (id, kinds, tools) => pager({ id, path: CREDENTIALS, ask: { kind: kinds.join(' ') } }, tools);

// Of the first page of them, or of all; and how many there are, or more.
export const usedBy = ({ credentials }, ...kinds) => (credentials.first.value ? credentials.first.value.credentials.filter((one) => kinds.includes(one.kind)) : []);
export const users = (now, one, many, ...kinds) => some(new Set(usedBy(now, ...kinds).map(({ account }) => account)).size, now.credentials.first.value && now.credentials.first.value.next, one, many);

// id: of its parts. pages: of those who use it. title, caption, none: words. what: names the column of the label; label: what it says. fields: of the form, beside the account;
// wrong, body: of what was typed. path: of an account's; ends: of taking it back, when that is another; gone: what is gone then.
export function boundAccounts({ id, title, caption, none, what, label = (one) => one.label, fields, wrong, body, press, path, ends = path, gone, given, pages }, { change, putIfNew }) {
	const all = { account: accountField(`${id}-account`, 'Account', 'Who shares an account comes in by his own.', (one) => one.kind !== 'shared'), ...fields };
	const end = (one, name) => async (button) => {
		if (await change(button, `${id}-failed`, () => call('DELETE', `${ends}/${place(one.account)}`)))
			say(`It counts no more for ${name}.`);
	};
	const send = async (typed) => {
		const name = all.account.words;
		if (!await change(`${id}-send`, `${id}-failed`, () => call('PUT', `${path}/${place(typed.account)}`, { body: body(typed) })))
			return;
		for (const one of Object.values(fields))
			if (one.input && !one.fill)
				one.input.value = '';
		all.account.clear();
		say(`${given} ${name}.`);
	};
	const row = (one, i) => [[h('span', { class: 'breaks' }, one.name), ' ', h('span', { class: 'mark' }, one.account)], h('span', { class: 'breaks' }, label(one)), moment(one.made), sure(`${id}-end-${i}`, 'Take it back', gone(one), `Take it back: ${one.name}`, end(one, one.name))];
	return {
		box: titled(`${id}-title`, title,
			h('div', { id: `part-${id}` }),
			form({ id, press, fields: all, check: (typed) => ({ account: accountWrong(typed.account), ...wrong(typed) }), send })),
		show: ({ credentials }) => {
			const list = credentials.value ? credentials.value.credentials : [];
			putIfNew(id, credentials, () => [
				credentials.first.error ? trouble(credentials.first.error) : null,
				pages.told(credentials),
				list.length ? table(caption, ['Account', what, 'Since', ''], list.map(row)) : credentials.value ? h('p', {}, none) : null,
				pages.foot(credentials),
			]);
			pages.arrived();
		},
	};
}

// ---- what several forms ask for ----

const PEM = /-----BEGIN CERTIFICATE-----/;

export const pemWrong = (text) => (PEM.test(text) ? '' : 'This is no certificate in PEM.');
export const httpsWrong = (text) => (/^https:\/\/[^\s@]+$/.test(text) ? '' : 'An address that begins with https://, without a name or a password in it.');
export const hostOf = (url) => (URL.canParse(url) ? new URL(url).host : url);
export const knownBy = (text) => `${count(text.split('-----BEGIN CERTIFICATE-----').length - 1, 'certificate', 'certificates')}, below`;
