// SPDX-License-Identifier: Apache-2.0
// Accounts: who has one, what it is, what it may by its roles, and what ends it. One is made with its roles and its end; each opens to what can
// be done with it. What somebody may do here the device decides, each time.

import { DAY_S, ENDING, editFields, moreOf, rolesOf } from './account-edit.js';
import { call, post, session } from './api.js';
import { byId, count, detail, facts, field, form, h, lead, minutes, moment, pick, say, sentence, several, shape, show, sure, table, titled, trouble, untold, words } from './dom.js';
import { pager, searchField, some } from './lists.js';
import { secretField } from './secret.js';
import { wayWords } from './self.js';

const KINDS = [['person', 'A person'], ['service', 'A service: a program elsewhere'], ['shared', 'Shared by several people'], ['temporary', 'Temporary: 366 days at most'], ['emergency', 'Emergency: 7 days at most'], ['supporting', 'Supporting party: 31 days at most']];
const STATES = { __proto__: null, active: ['provided', 'Active'], suspended: ['off by policy', 'Suspended'], disabled: ['off by policy', 'Disabled: not used for too long'], expired: ['not provided', 'Its time is up'] };
const USES_MAX = 1000000;
const place = encodeURIComponent;
const plain = (id) => id.replace(/[^A-Za-z0-9]/g, '-');

function answerPart({ all }) {
	if (!all.first.value)
		return untold('its accounts', all.first);
	const { accounts, next } = all.first.value;
	const out = accounts.filter((one) => one.state !== 'active').length;
	return lead(out ? 'off by policy' : 'provided', `${some(accounts.length, next, 'account', 'accounts')}${out ? `, ${next ? 'some' : out} of which cannot come in` : ''}.`, 'Open one to see what it may do, to give it a code to come in by, or to end it. Take away what nobody needs any more.');
}

const waysOf = (one, all) => [...new Set(all.filter((each) => each.account === one.account && each.kind !== 'totp-new').map((each) => wayWords(each.kind)))].join(', ') || 'nothing of its own';

function certificatesOf(one, id, all, act) {
	const own = all.filter((each) => each.account === one.account && each.kind === 'certificate');
	return own.length ? table('Certificates by which it comes in. Its sessions end when one is removed.', ['Certificate', 'Enrolled', ''], own.map((each, i) => [each.label || each.kind, moment(each.made),
		sure(`drop-credential-${id}-${i}`, 'Remove', 'Whoever holds its key is a stranger then.', `Remove the certificate ${each.label} of ${one.name}`,
			(button) => act(button, id, () => call('DELETE', `/api/v1/credentials/${place(each.credential)}`), 'The certificate opens nothing any more.'))])) : null;
}

// A password that is given has to be changed when it is used first; one's own is changed in one's own place.
function passwordOf(one, id, now, fields, act) {
	if (one.account === (session() || {}).account)
		return h('p', {}, h('a', { href: '#/account' }, 'Your own password and authenticator'));
	const path = `/api/v1/passwords/${place(one.account)}`;
	const has = now.credentials.some((each) => each.account === one.account && each.kind === 'password');
	if (!fields.has(one.account))
		fields.set(one.account, secretField(`password-${id}`, 'A password for it', 'At least 15 characters. You know it then, so it has to be changed when it is used first. Its sessions end now.', 'new-password'));
	const password = fields.get(one.account);
	const send = async (typed) => {
		if (await act(`give-password-${id}-send`, id, () => call('PUT', path, { body: { password: typed.password } }), `${one.name} has a password now.`))
			password.input.value = '';
	};
	return [
		form({ id: `give-password-${id}`, press: has ? 'Give it another password' : 'Give it a password', fields: { password }, check: (typed) => ({ password: typed.password ? '' : 'Type the password.' }), send }),
		has ? h('p', {}, sure(`drop-password-${id}`, 'Take its password away', 'It cannot come in by it any more, and its sessions end.', `Take its password away: ${one.name}`, (button) => act(button, id, () => call('DELETE', path), `${one.name} has no password any more.`))) : null,
	];
}

function actionsOf(one, id, now, act, onCode) {
	const path = `/api/v1/accounts/${place(one.account)}`;
	const sessions = now.sessions.filter((each) => each.account === one.account).length;
	const certificates = now.credentials.filter((each) => each.account === one.account && each.kind === 'certificate').length;
	const gone = `Gone for good: the account, its roles, ${count(certificates, 'certificate', 'certificates')} and ${count(sessions, 'open session', 'open sessions')}. Its id is given to nobody again; what the log says of it stays.`;
	return h('p', {},
		one.state === 'active' ? [
			h('button', { 'type': 'button', 'id': `code-${id}`, 'aria-label': `A one-use code for ${one.name}`, 'onclick': () => onCode(one, id) }, 'A one-use code'), ' ',
			sure(`suspend-${id}`, 'Suspend', 'Its sessions end now, and it cannot come in until somebody lets it.', `Suspend ${one.name}`, (button) => act(button, id, () => call('PUT', `/api/v1/suspensions/${place(one.account)}`), `${one.name} is suspended.`)), ' ',
		] : one.state === 'expired' ? null : [h('button', { 'type': 'button', 'id': `resume-${id}`, 'aria-label': `Let it come in again: ${one.name}`, 'onclick': () => act(`resume-${id}`, id, () => call('DELETE', `/api/v1/suspensions/${place(one.account)}`), `${one.name} may come in again.`) }, 'Let it come in again'), ' '],
		sessions ? [sure(`end-${id}`, 'End its sessions', `${count(sessions, 'session ends', 'sessions end')} now, and no code that waits for it is good any more.`, `End its sessions: ${one.name}`, (button) => act(button, id, () => call('DELETE', `/api/v1/account-sessions/${place(one.account)}`), `The sessions of ${one.name} have ended.`)), ' '] : null,
		sure(`delete-${id}`, 'Delete', gone, `Delete the account ${one.name}`, (button) => act(button, id, () => call('DELETE', path), `The account ${one.name} is gone.`)));
}

function codeOf({ code, ends }) {
	return h('div', { class: 'note' },
		h('p', { class: 'code' }, h('code', {}, code)),
		h('p', {}, `Pass it on to nobody else. It opens one session and is good for ${minutes(ends - Date.now())}. It is not shown again once you leave this place.`));
}

function accountRow(one, now, { open, codes, passwords, edits, toggle, act, onCode }) {
	const id = plain(one.account);
	if (open.has(one.account) && !edits.has(one.account))
		edits.set(one.account, editFields(id));
	const edit = { read: now.read[one.account], roles: now.roles, fields: edits.get(one.account), act };
	const [status, word] = STATES[one.state] || ['not provided', words(one.state)];
	const summary = [h('span', { class: 'state' }, shape(status), h('strong', {}, word)), h('span', { class: 'text' }, h('span', { class: 'breaks' }, one.name), ' ', h('span', { class: 'mark' }, one.account), one.roles.length ? `: ${one.roles.join(', ')}` : ': no role')];
	return detail(`account-${id}`, open.has(one.account), summary, open.has(one.account) ? [
		facts(['Kind', words(one.kind)], ['Made', [moment(one.made), ` by ${one.made_by}`]], ['Ends', [one.ends ? moment(one.ends) : 'not by itself', one.uses_left === undefined ? null : `, after ${count(one.uses_left, 'more login', 'more logins')} at the latest`]],
			['Came in last', one.login ? [moment(one.login), ` by ${one.login_how}`, one.login_from ? ` from ${one.login_from}` : ''] : 'never'], ['Comes in by', waysOf(one, now.credentials)], one.groups.length ? ['Groups', one.groups.join(', ')] : null),
		rolesOf(one, id, edit),
		certificatesOf(one, id, now.credentials, act),
		one.kind === 'shared' ? h('p', {}, h('a', { href: '#/access/shared' }, 'Who may use it, and under which conditions')) : one.state === 'active' ? passwordOf(one, id, now, passwords, act) : null,
		moreOf(one, id, edit),
		codes.has(one.account) ? codeOf(codes.get(one.account)) : null,
		edits.get(one.account).told,
		actionsOf(one, id, now, act, onCode),
	] : null, (event) => toggle(one.account, event.target.open));
}

// The newest of what was done with accounts, whoever did it.
const changesPart = ({ value, error }) => (value && value.changes.length ? detail('changes', Boolean(byId('changes') && byId('changes').open), h('span', { class: 'text' }, 'What was done with accounts lately'),
	table('By people, scripts and the device itself; the newest first.', ['When', 'Whose', 'What', 'By'], value.changes.map((one) => [moment(one.at), [h('span', { class: 'breaks' }, one.name), ' ', h('span', { class: 'mark' }, one.account)], sentence(one.what), one.by]))) : error ? trouble(error) : null);

export function accountsPlace({ again, change, part, putIfNew }) {
	const open = new Set();
	const codes = new Map();
	const passwords = new Map();
	const edits = new Map();
	const pages = pager({ id: 'all', path: '/api/v1/accounts' }, { again, part });
	const fields = {
		name: field('account-name', 'Name', 'No other account has it, whatever the case of its letters.', { maxlength: 48 }),
		kind: pick('account-kind', 'What it is for', 'An account that has an end is removed by itself.', KINDS),
		days: field('account-days', 'Ends after so many days', 'Of a temporary, emergency or supporting account; others stay until somebody deletes them.', { maxlength: 3, inputmode: 'numeric' }),
		uses: field('account-uses', 'Ends after so many logins', 'Of such an account as well, if you say so.', { maxlength: 7, inputmode: 'numeric' }),
		roles: several('account-roles', 'Its roles. Without one it may do nothing'),
	};

	const act = async (button, id, work, said) => {
		const made = await change(button, `act-${id}`, work);
		if (made)
			say(said);
		return made;
	};
	const onCode = async (one, id) => {
		await act(`code-${id}`, id, async () => {
			const { code, expires_in_s: left } = await post('/api/v1/session-codes', { account: one.account });
			codes.set(one.account, { code, ends: Date.now() + left * 1000 });
		}, 'The code is shown.');
	};
	const toggle = (account, is) => {
		if (is === open.has(account))
			return;
		if (is)
			open.add(account);
		else {
			open.delete(account);
			show(edits.get(account).told);
		}
		again(0);
	};
	// The account is made first: what of its roles is refused then is told, and it may not do it.
	const onMake = async ({ name, kind, days, uses, roles }) => {
		const refused = [];
		if (!await change('make-send', 'make-failed', async () => {
			const { account } = await post('/api/v1/accounts', { name, kind, ...(days ? { lifetime: Number(days) * DAY_S } : {}), ...(uses ? { uses: Number(uses) } : {}) });
			for (const role of roles)
				await post('/api/v1/role-assignments', { account, role }).catch((error) => refused.push([role, error]));
			open.add(account);
		}))
			return;
		for (const one of [fields.name, fields.days, fields.uses])
			one.input.value = '';
		fields.roles.value = [];
		show(byId('make-failed'), refused.map(([role, error]) => [h('p', {}, `${name} is made, and was not given the role ${role}:`), trouble(error)]));
		say(sentence(`The account ${name} is made`));
	};
	const check = ({ name, kind, days, uses }) => ({
		name: name ? '' : 'Type a name.',
		days: !ENDING[kind] ? (days ? 'Leave it empty: an account of this kind has no end.' : '') : /^[1-9][0-9]*$/.test(days) && Number(days) <= ENDING[kind] ? '' : `A whole number from 1 to ${ENDING[kind]}.`,
		uses: !uses ? '' : !ENDING[kind] ? 'Leave it empty: an account of this kind has no end.' : /^[1-9][0-9]*$/.test(uses) && Number(uses) <= USES_MAX ? '' : `A whole number from 1 to ${USES_MAX}.`,
	});

	return {
		path: '#/access/accounts',
		name: 'Accounts',
		frame: () => {
			codes.clear();
			passwords.clear();
			edits.clear();
			return [
				h('section', { id: 'part-accounts' }),
				titled('all-accounts', 'All of them', searchField('account-search', pages).box, h('div', { id: 'part-all' })),
				h('div', { id: 'part-changes' }),
				titled('make', 'Make one',
					form({ id: 'make', press: 'Make the account', fields, check, send: onMake })),
			];
		},
		read: async () => {
			const list = async (path, name) => { const { value } = await part(path, name); return value ? value[name] : []; };
			const all = await pages.read();
			const read = {};
			const credentials = [];
			for (const id of (all.value ? all.value.accounts : []).map((one) => one.account).filter((one) => open.has(one))) {
				read[id] = await part(`/api/v1/accounts/${place(id)}`);
				credentials.push(...await list(`/api/v1/credentials?limit=100&account=${place(id)}`, 'credentials'));
			}
			const [roles, sessions] = [await list('/api/v1/roles', 'roles'), await list('/api/v1/sessions', 'sessions')];
			return { all, read, changes: all.value ? await part('/api/v1/account-changes') : {}, roles: roles.filter((one) => one.assignable), credentials, sessions: sessions.map(({ account }) => ({ account })) };
		},
		show: (now) => {
			document.title = 'Accounts';
			for (const [account, { ends }] of codes)
				if (ends < Date.now())
					codes.delete(account);
			putIfNew('accounts', now.all, () => answerPart(now));
			putIfNew('changes', now.changes, () => [changesPart(now.changes)]);
			putIfNew('all', [{ ...now, changes: null }, [...open], [...codes]], () => {
				const shown = now.all.value ? now.all.value.accounts : [];
				return [pages.told(now.all), shown.map((one) => accountRow(one, now, { open, codes, passwords, edits, toggle, act, onCode })), shown.length || !now.all.search ? null : h('p', {}, 'None is called so.'), pages.foot(now.all)];
			});
			pages.arrived();
			fields.roles.fill(now.roles.map((one) => [one.name, `${one.name}: ${one.purpose}`]));
		},
	};
}
