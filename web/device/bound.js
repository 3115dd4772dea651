// SPDX-License-Identifier: Apache-2.0
// Which accounts use a way in: a table of them, each with a button that ends it, and a form for one more. The device decides what somebody may do here.

import { call } from './api.js';
import { count, form, h, moment, pick, say, sure, table, trouble } from './dom.js';

export const place = encodeURIComponent;

// What several places read: the accounts and what opens the device to them.
export const readAccounts = async (part) => ({ accounts: await part('/api/v1/accounts', 'accounts'), credentials: await part('/api/v1/credentials', 'credentials') });

export const usedBy = ({ credentials }, ...kinds) => (credentials.value ? credentials.value.credentials.filter((one) => kinds.includes(one.kind)) : []);

const namesOf = ({ accounts }) => new Map((accounts.value ? accounts.value.accounts : []).map((one) => [one.account, one.name]));

// id: of its parts. kinds: of credentials. title, caption, none: words. what: names the column of the label; label: what it says. fields: of the form, beside the account;
// wrong, body: of what was typed. path: of an account's; ends: of taking it back, when that is another; gone: what is gone then.
export function boundAccounts({ id, kinds, title, caption, none, what, label = (one) => one.label, fields, wrong, body, press, path, ends = path, gone, given }, { change, putIfNew }) {
	const all = { account: pick(`${id}-account`, 'Account', 'Who shares an account comes in by his own.'), ...fields };
	const end = (one, name) => async (button) => {
		if (await change(button, `${id}-failed`, () => call('DELETE', `${ends}/${place(one.account)}`)))
			say(`It counts no more for ${name}.`);
	};
	const send = async (typed) => {
		const name = all.account.input.selectedOptions[0].textContent;
		if (!await change(`${id}-send`, `${id}-failed`, () => call('PUT', `${path}/${place(typed.account)}`, { body: body(typed) })))
			return;
		for (const one of Object.values(fields))
			if (one.input && !one.fill)
				one.input.value = '';
		say(`${given} ${name}.`);
	};
	const rowOf = (names) => (one, i) => {
		const name = names.get(one.account) || one.account;
		return [[h('span', { class: 'breaks' }, name), ' ', h('span', { class: 'mark' }, one.account)], h('span', { class: 'breaks' }, label(one)), moment(one.made), sure(`${id}-end-${i}`, 'Take it back', gone(one), `Take it back: ${name}`, end(one, name))];
	};
	return {
		box: h('section', { 'aria-labelledby': `${id}-title` },
			h('h2', { id: `${id}-title` }, title),
			h('div', { id: `part-${id}` }),
			form({ id, press, fields: all, check: (typed) => ({ account: typed.account ? '' : 'Choose the account.', ...wrong(typed) }), send })),
		show: (now) => {
			if (now.accounts.value)
				all.account.fill([['', 'Choose the account'], ...now.accounts.value.accounts.filter((one) => one.kind !== 'shared').map((one) => [one.account, `${one.name} (${one.account})`])]);
			putIfNew(id, [now.credentials, now.accounts], () => [
				now.credentials.error ? trouble(now.credentials.error) : null,
				usedBy(now, ...kinds).length ? table(caption, ['Account', what, 'Since', ''], usedBy(now, ...kinds).map(rowOf(namesOf(now)))) : now.credentials.value ? h('p', {}, none) : null,
			]);
		},
	};
}

// ---- what several forms ask for ----

const PEM = /-----BEGIN CERTIFICATE-----/;

export const pemWrong = (text) => (PEM.test(text) ? '' : 'This is no certificate in PEM.');
export const httpsWrong = (text) => (/^https:\/\/[^\s@]+$/.test(text) ? '' : 'An address that begins with https://, without a name or a password in it.');
export const hostOf = (url) => (URL.canParse(url) ? new URL(url).host : url);
export const knownBy = (text) => `${count(text.split('-----BEGIN CERTIFICATE-----').length - 1, 'certificate', 'certificates')}, below`;
