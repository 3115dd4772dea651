// SPDX-License-Identifier: Apache-2.0
// Accounts that several people use: who may, under which conditions, said and taken back; and using one, in a session that ends with one's own. Who may not read
// the accounts uses one by its id.

import { call, keepSession, post, session } from './api.js';
import { conditionWords, conditionsField } from './conditions.js';
import { byId, count, detail, facts, field, form, h, lead, moment, say, shape, show, sure, titled } from './dom.js';
import { accountNames, accountsField, opener, pager, searchField, some } from './lists.js';
import { noticeParts, readNotice } from './notice.js';
import { following, MEANWHILE } from './setting.js';

const MEMBERS_MAX = 32;
const place = encodeURIComponent;
const pathOf = (account) => `/api/v1/shared-accounts/${place(account)}`;
const plain = (id) => id.replace(/[^A-Za-z0-9]/g, '-');

function answerPart({ all, said }) {
	if (!all.first.value)
		return lead('not provided', 'This device does not tell you its shared accounts.', 'An owner, an admin or an auditor may ask it. One that you are a member of you use by its id, below.', all.first);
	const { accounts: shared, next } = all.first.value;
	const used = shared.filter((one) => said[one.account] && said[one.account].value).length;
	const known = !next && shared.every((one) => said[one.account]);
	return shared.length ? lead(known && used === shared.length ? 'provided' : 'off by policy', `${known ? `${used} of ${count(shared.length, 'shared account', 'shared accounts')} may be used` : `There are ${some(shared.length, next, 'shared account', 'shared accounts')}`}.`, 'A shared account has no password of its own: its members come by their own accounts, and the log names both. One of which nothing is said is used by nobody.')
		: lead('provided', 'No account is shared.', 'Where several people need the same rights, give each the role. If one account has to be used by several, make one of the kind “shared” at Accounts, and say here who may use it.');
}

// begun: when what stands in the form was said. told: what the device refused, or wants accepted.
function editOf(id, names) {
	const fields = { members: accountsField(`members-${id}`, 'Its members', names, (one) => one.kind !== 'shared'), conditions: conditionsField(`shared-conditions-${id}`, 'Under which conditions') };
	return { fields, follow: following([fields.members.box, fields.conditions.box], fields), begun: null, told: h('div', { id: `told-${id}` }) };
}

function sharedRow(one, now, { edits, act, open, toggle, use, names }) {
	const id = plain(one.account);
	const { value, error } = now.said[one.account] || {};
	const unsaid = error && error.status === 404;
	const summary = [h('span', { class: 'state' }, shape(value ? 'provided' : 'off by policy'), h('strong', {}, value ? count(value.members.length, 'member', 'members') : unsaid ? 'Used by nobody' : 'Not told')), h('span', { class: 'text' }, h('span', { class: 'breaks' }, one.name), ' ', h('span', { class: 'mark' }, one.account), one.roles.length ? `: ${one.roles.join(', ')}` : ': no role')];
	const opened = (content) => detail(`shared-${id}`, open.has(one.account), summary, content, (event) => toggle(one.account, event.target.open));
	if (!open.has(one.account))
		return opened(null);
	if (!edits.has(one.account))
		edits.set(one.account, editOf(id, names));
	const edit = edits.get(one.account);
	const { fields, follow } = edit;
	const said = value ? value.said : '';
	fields.members.draw();
	if ((value || unsaid) && edit.begun !== said && !follow.touched) {
		follow.fill(value ? { members: value.members, conditions: value.conditions } : { members: [], conditions: {} });
		edit.begun = said;
	}
	const check = ({ members }) => ({ members: fields.members.check(members, MEMBERS_MAX), conditions: fields.conditions.wrong });
	const onSay = ({ members, conditions }) => act(`say-${id}-send`, id, async () => {
		await call('PUT', pathOf(one.account), { body: { members: members.join(' '), ...(Object.keys(conditions).length ? { conditions } : {}) } });
		follow.rest();
	}, `Who may use ${one.name} counts now.`);
	return opened([
		value ? facts(['Members', value.members.map(names.of).join(', ')], ['Under these conditions', conditionWords(value.conditions)], ['Said', [moment(value.said), ` by ${value.by}`]]) : null,
		(value || unsaid) && edit.begun !== said ? h('p', { class: 'note' }, MEANWHILE) : null,
		form({ id: `say-${id}`, press: value ? 'Say it anew' : 'Let them use it', fields: { members: fields.members, conditions: fields.conditions }, check, send: onSay }),
		edit.told,
		h('p', {}, value ? [h('button', { 'type': 'button', 'id': `use-${id}`, 'class': 'second', 'aria-label': `Use it: ${one.name}`, 'onclick': () => use(`use-${id}`, one.account, `told-${id}`) }, 'Use it'), ' ',
			sure(`unsay-${id}`, 'Let nobody use it', 'Its sessions end now. The account and its roles stay.', `Let nobody use it: ${one.name}`, (button) => act(button, id, () => call('DELETE', pathOf(one.account)), `Nobody may use ${one.name} any more.`))] : null),
	]);
}

// One's own session, as long as a shared account's takes its place in this tab.
function backPart(own, name, back) {
	return own ? [
		h('p', { class: 'note' }, `You use the shared account ${name || ''} as ${own.name || 'yourself'}: the log names both. Nobody gives roles, lets others in or changes accounts in such a session. It ends with your own.`),
		h('p', {}, h('button', { type: 'button', id: 'shared-back', onclick: back }, 'Go back to your own account')),
	] : [];
}

export function sharedPlace({ again, change, part, putIfNew }) {
	const edits = new Map();
	const open = new Set();
	const names = accountNames(part);
	const pages = pager({ id: 'shared-all', path: '/api/v1/accounts', ask: { kind: 'shared' }, limit: 25 }, { again, part }); // each is asked for who may use it
	let asked = ''; // the box in which a notice waits to be accepted
	const own = { account: field('shared-id', 'The account’s id', 'As a17. Whoever says who may use it can tell you.', { maxlength: 21 }) };

	const act = async (button, id, work, said) => {
		if (await change(button, `told-${id}`, work))
			say(said);
	};
	const toggle = opener(open, again);
	// The notice that counts is accepted with each session that is opened.
	const use = async (button, account, box, accepted) => {
		const notice = accepted ? null : await readNotice().catch(() => null);
		if (notice) {
			if (byId(asked) && asked !== box)
				show(byId(asked));
			asked = box;
			show(byId(box), noticeParts(notice, () => use('accept', account, box, notice.digest)).map((one) => (one.tagName === 'H1' ? h('h3', {}, one.textContent) : one)));
			byId(box).querySelector('button').focus();
			return;
		}
		const kept = session();
		if (await change(button, box, async () => {
			const reply = await post('/api/v1/shared-sessions', accepted ? { account, notice: accepted } : { account });
			keepSession({ ...reply, own: kept, before: [...(kept.before || []), kept.token] });
		})) {
			own.account.input.value = '';
			say(`You use the shared account ${session() ? session().name : account} now.`);
		}
	};
	const back = async () => {
		const kept = session();
		await call('DELETE', '/api/v1/sessions/current').catch(() => null);
		keepSession({ ...kept.own, expires_in_s: (kept.own.ends - Date.now()) / 1000 });
		say('You are back in your own account.');
		again(0);
	};
	return {
		path: '#/access/shared',
		name: 'Shared accounts',
		frame: () => {
			edits.clear();
			open.clear();
			names.forget();
			return [
				h('section', { id: 'part-shared' }),
				h('div', { id: 'part-shared-back' }),
				titled('shared-list', 'All of them', searchField('shared-search', pages).box, h('div', { id: 'part-shared-all' })),
				titled('use', 'Use one that you are a member of',
					h('p', {}, 'You use it in this tab, in a session that ends with your own.'),
					form({ id: 'use', press: 'Use it', fields: own, check: ({ account }) => ({ account: /^a[1-9][0-9]*$/.test(account) ? '' : 'An id is the letter a and a number, as a17.' }), send: ({ account }) => use('use-send', account, 'use-failed') })),
			];
		},
		read: async () => {
			const all = await pages.read();
			const said = {};
			await Promise.all((all.value ? all.value.accounts : []).map(async ({ account }) => { said[account] = await part(pathOf(account)); }));
			await names.learn([...open].flatMap((account) => (said[account] && said[account].value ? said[account].value.members : [])));
			return { all, said };
		},
		show: (now) => {
			const kept = session() || {};
			document.title = 'Shared accounts';
			putIfNew('shared', now, () => answerPart(now));
			putIfNew('shared-back', [kept.own, kept.name], () => backPart(kept.own, kept.name, back));
			putIfNew('shared-all', [now, [...open]], () => {
				const shared = now.all.value ? now.all.value.accounts : [];
				return [pages.told(now.all), shared.map((one) => sharedRow(one, now, { edits, act, open, toggle, use, names })), shared.length || now.all.error ? null : h('p', {}, now.all.search ? 'None is called so.' : 'There is none.'), pages.foot(now.all)];
			});
			pages.arrived();
		},
	};
}
