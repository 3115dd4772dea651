// SPDX-License-Identifier: Apache-2.0
// What the stand-in says about the use notice, shared accounts, actions, recipients and what is recorded, and how a change of them turns it. As in stand-in.js, it proves nothing about the device.

import { createHash } from 'node:crypto';

export const digestOf = (text) => (text ? createHash('sha256').update(text).digest('hex') : '');

function noticeNow(s) {
	return { text: s.notice ? s.notice.text : '', notice: s.notice ? s.notice.digest : '', most_bytes: 1760, most_lines: 22, columns: 80 };
}

function noticeBecomes(s, text, by = 'owner:alice') {
	s.notices.unshift({ version: s.notices.length + 1, text, notice: digestOf(text), changed: '2026-11-21T12:00:00Z', by });
	s.notice = text ? { text, digest: digestOf(text) } : null;
}

// The notice as somebody wrote it, with who has accepted it.
export function noticed(state, text) {
	const event = (seq, account, how, notice) => ({ seq, type: 'event', time: '2026-11-21T10:00:00Z', event: 'notice.accepted', account, how, notice });
	noticeBecomes(state, text);
	state.records = [event(21, 'a2', 'password', digestOf(text)), event(20, 'a1', 'client-certificate', digestOf('older')), event(19, '', 'console', digestOf(text)), ...state.records];
	return state;
}

const setting = (key, type, value, more) => ({ key: `logical-access.${key}`, type, value, default: value, baseline: value, version: 0, changed: null, changed_by: '', help: `what ${key} does`, ...more });

export const rightsState = () => ({
	notices: [],
	displays: [],
	actions: [{ name: 'night', permission: 'action.night', purpose: 'lets the heating sleep', roles: 'operator night', setting: 'application.mode', value: 'eco' }, { name: 'seen', permission: 'action.seen', purpose: '', roles: 'owner', setting: '', value: '' }],
	recipients: [{ name: 'utility', purpose: 'billing', certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', telemetry: 'operator owner', log: '', identity: 'owner', kinds: 'person service', owners: true }],
	unrecorded: 'health.read',
	shared: {},
	settings: [setting('without-login', 'text', 'health.read'), setting('step-up', 'bool', 'on'), setting('mode', 'choice', 'normal', { choices: 'normal|maintenance|emergency' }), setting('unrecorded-reads', 'text', ''), setting('attempts', 'int', '5', { min: 3, max: 100, unit: '' })],
});

// A shared account, and who may use it.
export function sharing(state) {
	state.accounts.push({ account: 'a7', name: 'control room', kind: 'shared', state: 'active', roles: ['operator'], groups: [], made: '2026-11-01T08:00:00Z', made_by: 'owner:alice' }, { account: 'a8', name: 'gate', kind: 'shared', state: 'active', roles: [], groups: [], made: '2026-11-01T08:00:00Z', made_by: 'owner:alice' });
	state.shared.a7 = { account: 'a7', name: 'control room', members: ['a1', 'a2'], conditions: { hours: ['06:00-22:00'], zone: '+01:00', sessions: 2 }, said: '2026-11-20T08:00:00Z', by: 'owner:alice' };
	return state;
}

const none = { status: 404, body: { title: 'Nothing has been said of this', status: 404, detail: '', rule: 'shared.none', next: 'say who its members are' } };
const list = (name) => (s) => s.refuseAccess || { body: { [name]: s[name] } };

// What is there by one name alone.
export const RIGHTS = {
	'GET /api/v1/notice-history': list('notices'),
	'GET /api/v1/notice-displays': list('displays'),
	'GET /api/v1/actions': list('actions'),
	'GET /api/v1/recipients': list('recipients'),
	'GET /api/v1/audit-rules': (s) => s.refuseAccess || { body: { unrecorded: s.unrecorded } },
	'POST /api/v1/shared-sessions': (s, rq) => {
		s.opened = rq.json;
		if (s.refuseAccess)
			return s.refuseAccess;
		s.sharedToken = 'shared-token';
		return { status: 201, body: { token: s.sharedToken, account: rq.json.account, name: 'control room', expires_in_s: 1000, idle_s: 600 } };
	},
};

// What is changed, and answered then.
export function turnedRight(s, method, path, json) {
	const [, what, name] = /^\/api\/v1\/([a-z-]+)\/(.+)$/.exec(path) || [];
	const drop = (all, key) => { const at = all.findIndex((one) => one[key] === name); if (at >= 0) all.splice(at, 1); return { status: 204 }; };
	const put = (all, one) => { drop(all, 'name'); all.push(one); return { body: one }; };
	const named = {
		'GET shared-accounts': () => (s.shared[name] ? { body: s.shared[name] } : none),
		'PUT shared-accounts': () => { s.shared[name] = { account: name, name, members: json.members.split(' '), conditions: json.conditions || {}, said: new Date().toISOString(), by: 'owner:alice' }; return { body: s.shared[name] }; },
		'DELETE shared-accounts': () => { delete s.shared[name]; return { status: 204 }; },
		'PUT actions': () => put(s.actions, { setting: '', value: '', ...json, name, permission: `action.${name}` }),
		'DELETE actions': () => drop(s.actions, 'name'),
		'POST actions': () => ({ body: { action: name, ...(({ setting: key, value }) => ({ setting: key, value }))(s.actions.find((one) => one.name === name)) } }),
		'PUT recipients': () => put(s.recipients, { ...json, name, owners: true }),
		'DELETE recipients': () => drop(s.recipients, 'name'),
		'POST recipients': () => ({ body: { recipient: name, key: 'ab'.repeat(32), data: json.data, sealed: 'e30.AA.BB.CC.DD' } }),
		'PUT settings': () => { const one = s.settings.find(({ key }) => key === name); Object.assign(one, { value: json.value, version: one.version + 1 }); return { body: one }; },
	}[`${method} ${what}`];
	return named || {
		'PUT /api/v1/audit-rules': () => {
			s.unrecorded = json.unrecorded;
			return { body: { unrecorded: s.unrecorded } };
		},
		'PUT /api/v1/notice': () => {
			noticeBecomes(s, json.text);
			return { body: noticeNow(s) };
		},
		'DELETE /api/v1/notice': () => {
			noticeBecomes(s, '');
			return { status: 204 };
		},
	}[`${method} ${path}`];
}
