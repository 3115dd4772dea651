// SPDX-License-Identifier: Apache-2.0
// What the stand-in says about accounts, sessions, caps, roles and rules, and how a change of them turns it. As in stand-in.js, it
// proves nothing about the device.

import { RIGHTS, rightsState, turnedRight } from './stand-in-rights.js';

const account = (id, name, more = {}) => ({ account: id, name, kind: 'person', state: 'active', roles: [], groups: [], made: '2026-11-01T08:00:00Z', made_by: 'owner:alice', ...more });
const role = (name, from, purpose, assignable, holds) => ({ name, from, purpose, assignable, holds });

export function inhabited(state) {
	return Object.assign(state, {
		reach: [
			{ kind: 'manufacturer', who: 'Example Devices Ltd', how: 'signed the software', may: 'has no account' },
			{ kind: 'label', who: 'whoever holds the label', how: 'takes the device over', may: 'nothing while it has an owner' },
			{ kind: 'local', who: 'root on the device', how: 'the local socket', may: 'reads what the device tells of itself' },
			{ kind: 'device', who: 'urn:dev:ops:32473-T1-00000007', how: 'its key', may: 'what rules admit it to' },
			{ kind: 'account', who: 'alice', how: 'account a1, person, active; sessions open: 1', may: 'by its roles: owner' },
			{ kind: 'account', who: 'bob', how: 'account a2, person, not active; sessions open: 0', may: 'nothing: it has no role' },
		],
		accounts: [account('a1', 'alice', { roles: ['owner'], login: '2026-11-20T08:00:00Z', login_how: 'code', login_from: '192.0.2.7' }), account('a2', 'bob', { state: 'suspended', groups: ['night-shift'] })],
		conditions: { until: '2027-01-01T00:00:00Z', doors: ['https'] },
		credentials: [{ credential: 'c1', account: 'a1', kind: 'certificate', label: 'laptop', key: 'ab'.repeat(32), made: '2026-11-01T08:00:00Z' }],
		sessions: [['s1', true], ['s2', false]].map(([session, own]) => ({ session, account: 'a1', name: 'alice', how: 'code', source: '192.0.2.7', opened: '2026-11-21T11:50:00Z', idle_s: own ? 0 : 300, ends_in_s: 1500, own })),
		caps: [{ cap: 'account.each', most: 4 }],
		roles: [role('anyone', 'device', 'nothing proven', false, ['health.read']), role('owner', 'device', 'whose device it is', true, ['settings.change', 'settings.read']), role('operator', 'device', 'sees how the device is set up', true, ['settings.read']),
			role('night', 'organization', 'who is here at night', true, ['settings.read'])],
		rules: [{ name: 'day-only', effect: 'deny', permission: 'settings.change', role: 'operator', fact: 'logical-access.mode', is: 'equal', value: 'emergency' }],
		why: { operation: 'settings.change', permission: 'settings.change', allowed: false, rule: 'gate.permission', roles: ['account', 'operator'], needs: ['admin', 'owner'] },
		...rightsState(),
		done: [{ at: '2026-11-20T08:00:00Z', account: 'a2', name: 'rob', what: 'renamed to bob', by: 'owner:alice' }],
		changes: [],
	});
}

// As the device does: a page of what there is, or of what a part of a name, a kind or an account finds.
function paged(name, all, url, listMax = 100) {
	const asked = new URL(url, 'http://x').searchParams;
	const [wanted, kinds, whose] = [(asked.get('name') || '').toLowerCase(), asked.get('kind'), asked.get('account')];
	if (Buffer.byteLength(wanted) > 48) // bytes, not letters
		return { status: 400, body: { type: 'urn:thingward:problem:input', title: 'The request is not as it has to be', status: 400, detail: 'name is too long', rule: 'input', next: 'write less' } };
	const fit = all.filter((one) => (!wanted || one.account === wanted || one.name.toLowerCase().includes(wanted)) && (!kinds || kinds.split(' ').includes(one.kind)) && (!whose || one.account === whose));
	const [from, most] = [Number(asked.get('cursor')) || 0, Math.min(Number(asked.get('limit')) || 25, listMax)];
	return { body: { [name]: fit.slice(from, from + most), ...(from + most < fit.length ? { next: String(from + most) } : {}) } };
}

const list = (name) => (s, rq) => s.refuseAccess || (s.refusePages && /[?&]cursor=/.test(rq.url) ? s.refusePages : paged(name, s[name === 'access' ? 'reach' : name], rq.url, s.listMax));
const called = (s, id) => (s.accounts.find((one) => one.account === id) || { name: id }).name;
const operation = (id, permission, summary, more) => ({ get: { 'operationId': id, summary, 'x-thingward-permission': permission, ...more } });
const withRoles = (s, one) => ({ ...one, assignments: one.roles.map((name) => ({ role: name, given: '2026-11-01T08:00:00Z', by: 'owner:alice', conditions: s.given && s.given.conditions && s.given.role === name && s.given.account === one.account ? s.given.conditions : s.conditions })) });

const ROUTES = {
	'GET /api/v1/account-changes': (s) => s.refuseAccess || { body: { changes: s.done } },
	'GET /api/v1/openapi.json': () => ({ body: { paths: { '/a': operation('settings.change', 'settings.change', 'Changes one setting.', { 'x-thingward-step-up': true }), '/b': operation('settings.list', 'settings.read', 'Every setting.', { 'x-thingward-audit': 'read' }),
		'/c': operation('health.read', 'health.read', 'Whether it works.'), '/d': operation('log.read', 'log.read', 'The latest records.', { 'x-thingward-audit': 'read' }), '/e': operation('names.read', 'access.read', 'By what names it is reached', { 'x-thingward-audit': 'read', 'x-thingward-step-up': true }) } } }),
	'GET /api/v1/access-list': list('access'),
	'GET /api/v1/accounts': list('accounts'),
	'GET /api/v1/credentials': (s, rq) => {
		const said = s.refuseAccess || paged('credentials', s.credentials, rq.url, s.listMax);
		return said.status ? said : { body: { ...said.body, credentials: said.body.credentials.map((one) => ({ ...one, name: called(s, one.account) })) } };
	},
	'GET /api/v1/sessions': list('sessions'),
	'GET /api/v1/session-caps': list('caps'),
	'GET /api/v1/roles': list('roles'),
	'GET /api/v1/rules': list('rules'),
	'GET /api/v1/access': (s) => s.refuseAccess || { body: s.why },
	'POST /api/v1/accounts': (s, rq) => {
		s.made = rq.json;
		const made = account(`a${s.accounts.length + 1}`, rq.json.name, { kind: rq.json.kind });
		s.accounts.push(made);
		return { status: 201, body: withRoles(s, made) };
	},
	'POST /api/v1/role-assignments': (s, rq) => {
		if (s.refuseRole)
			return s.refuseRole;
		const one = s.accounts.find(({ account: id }) => id === rq.json.account);
		s.given = rq.json;
		one.roles = [...one.roles.filter((name) => name !== rq.json.role), rq.json.role];
		return { status: 201, body: withRoles(s, one) };
	},
	'POST /api/v1/group-members': (s, rq) => {
		s.accounts.find(({ account: id }) => id === rq.json.account).groups.push(rq.json.group);
		return { status: 201, body: {} };
	},
	'POST /api/v1/credentials': (s, rq) => {
		s.enrolled = rq.json;
		s.credentials.push({ credential: 'c9', account: rq.json.account, kind: 'certificate', label: rq.json.label, key: 'cd'.repeat(32), made: '2026-11-21T12:00:00Z' });
		return { status: 201, body: {} };
	},
	'POST /api/v1/session-codes': (s, rq) => ({ status: 201, body: { name: s.accounts.find(({ account: id }) => id === rq.json.account).name, code: 'ABCDE-12345', expires_in_s: 300 } }),
};

// What one account, session, cap, role or rule becomes by a change; what is gone is gone from its list.
function turned(s, method, path, json) {
	const [, what, name] = /^\/api\/v1\/([a-z-]+)\/(.+)$/.exec(path) || [];
	const drop = (all, key, value = name) => { const at = all.findIndex((one) => one[key] === value); if (at >= 0) all.splice(at, 1); };
	const set = (all, key, one) => { drop(all, key); all.push({ [key]: name, ...one }); return { body: one }; };
	const done = (work) => { work(); return { status: 204 }; };
	const known = (id) => s.accounts.find((one) => one.account === id);
	const to = {
		'GET accounts': () => s.refuseAccess || (known(name) ? { body: withRoles(s, known(name)) } : { status: 404, body: { title: 'There is no such account', status: 404, detail: '', rule: 'account.unknown', next: '' } }),
		'PUT accounts': () => done(() => { known(name).name = json.name || known(name).name; }),
		'DELETE group-members': () => done(() => { const one = known(name.split('.')[0]); one.groups = one.groups.filter((group) => group !== name.slice(name.indexOf('.') + 1)); }),
		'DELETE accounts': () => done(() => drop(s.accounts, 'account')),
		'PUT suspensions': () => done(() => { known(name).state = 'suspended'; }),
		'DELETE suspensions': () => done(() => { known(name).state = 'active'; }),
		'DELETE role-assignments': () => done(() => { const one = known(name.split('.')[0]); one.roles = one.roles.filter((role) => role !== name.slice(name.indexOf('.') + 1)); }),
		'PUT passwords': () => done(() => s.credentials.push({ credential: `p-${name}`, account: name, kind: 'password', label: '', key: '', made: '2026-11-21T12:00:00Z' })),
		'DELETE passwords': () => done(() => drop(s.credentials, 'credential', `p-${name}`)),
		'DELETE credentials': () => done(() => drop(s.credentials, 'credential')),
		'DELETE sessions': () => done(() => drop(s.sessions, 'session')),
		'DELETE account-sessions': () => done(() => { s.sessions = s.sessions.filter((one) => one.account !== name); }),
		'PUT session-caps': () => set(s.caps, 'cap', json),
		'DELETE session-caps': () => done(() => drop(s.caps, 'cap')),
		'PUT roles': () => set(s.roles, 'name', { ...role(name, 'organization', json.purpose, true, []), ...json, holds: json.permissions.split(' ') }),
		'DELETE roles': () => done(() => drop(s.roles, 'name')),
		'PUT rules': () => set(s.rules, 'name', json),
		'DELETE rules': () => done(() => drop(s.rules, 'name')),
	}[`${method} ${what}`];
	return to && name !== 'current' ? to : null;
}

// The answer for whoever is signed in, or null for what is not of this folder.
export function accessRoute(method, path) {
	if (ROUTES[`${method} ${path}`])
		return ROUTES[`${method} ${path}`];
	if (RIGHTS[`${method} ${path}`])
		return RIGHTS[`${method} ${path}`];
	return (s, rq) => {
		const work = s.accounts && (turned(s, method, path, rq.json) || turnedRight(s, method, path, rq.json));
		if (work && method !== 'GET' && s.refuseAccess)
			return s.refuseAccess;
		if (work && method !== 'GET')
			Object.assign(s, { changes: [...s.changes, `${method} ${path}`], put: rq.json });
		return work ? work() : null;
	};
}
