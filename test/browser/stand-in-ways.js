// SPDX-License-Identifier: Apache-2.0
// What the stand-in says about the ways in: names, the gateway, the server and the provider of the organization, readers, and the settings of logging in. As in
// stand-in.js, it proves nothing about the device. Secrets that it is given it keeps in `told`, and never says them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const refused = (status, rule, title, detail, next) => ({ status, body: { type: 'urn:thingward:problem:ways', title, status, detail, rule, next } });
const setting = (key, value, more = {}) => ({ key: `logical-access.${key}`, type: 'text', value, default: value, baseline: value, version: 0, changed: null, changed_by: '', help: 'what it does', ...more });

// A certificate that is none of the device's: what pages do with one is the same.
export function certificate(name) {
	const folder = mkdtempSync(join(tmpdir(), 'tw-certificate-'));
	try {
		return execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key'), '-subj', `/CN=${name}`, '-days', '9'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
	} finally {
		rmSync(folder, { recursive: true });
	}
}

const LISTENER = certificate('listener');

// For a state that has accounts: stand-in-access.js.
export function withWays(state) {
	state.credentials.push({ credential: 'c2', account: 'a1', kind: 'password', label: '', key: '', made: '2026-11-01T08:00:00Z' });
	return Object.assign(state, {
		told: {},
		names: { names: [], listener: LISTENER },
		gateway: { set: false },
		radius: { secret: false },
		oidc: { set: false },
		providers: [{ provider: 'reader', kind: 'biometric', help: 'reads fingers', connected: false, simulated: false }, { provider: 'keyswitch', kind: 'auth-plugin', help: 'the key switch beside the door', connected: true, simulated: false }],
		ways: [setting('network-methods', 'any', { type: 'choice', choices: 'any|two-factors|certificate' }), setting('second-factor', ''), setting('password-min', '15'), setting('throttle', 'on', { type: 'bool' }), setting('attempts', '5'), setting('attempts-wait', '60'),
			setting('attempts-wait-most', '900'), setting('radius-server', ''), setting('radius-timeout', '10'), setting('provider-timeout', '20')],
	});
}

const drop = (s, account, kinds) => { s.credentials = s.credentials.filter((one) => one.account !== account || !kinds.includes(one.kind)); };
const bind = (s, account, kind, label, kinds = [kind]) => {
	drop(s, account, kinds);
	s.credentials.push({ credential: `${kind}-${account}`, account, kind, label, key: '', made: '2026-11-21T12:00:00Z' });
};
const kindOf = (s, name) => s.providers.find((one) => one.provider === name).kind;
const sealed = (s, what, { secret, ...rest }) => {
	s.told[what] = secret;
	s[what] = { set: true, ...rest, secret: Boolean(secret) };
};

function setSetting(s, key, rq) {
	const one = s.ways.find((each) => each.key === key);
	if (rq.headers['if-match'] !== `"${one.version}"`)
		return refused(412, 'setting.version', 'Somebody else changed it first', `It is at version ${one.version} now.`, 'Read it again, and decide again.');
	Object.assign(one, { value: rq.json.value, version: one.version + 1, changed: '2026-11-21T12:00:00Z', changed_by: 'owner:alice' });
	return { body: one };
}

const GET = { 'names': (s) => s.names, 'message-gateway': (s) => s.gateway, 'radius-secret': (s) => s.radius, 'oidc': (s) => s.oidc, 'login-providers': (s) => ({ providers: s.providers }) };
const PUT = {
	'names': (s) => { s.names = { ...s.names, names: ['pump.example', 'pump-7.works.example'], until: '2027-11-21T00:00:00Z' }; },
	'message-gateway': (s, json) => sealed(s, 'gateway', json),
	'radius-secret': (s, json) => { s.told.radius = json.secret; s.radius = { secret: true }; },
	'oidc': (s, json) => sealed(s, 'oidc', json),
	'destinations': (s, { to }, account) => bind(s, account, 'message', to),
	'server-passwords': (s, { user }, account) => bind(s, account, 'server', user || s.accounts.find((one) => one.account === account).name, ['server', 'password']),
	'oidc-subjects': (s, { subject }, account) => bind(s, account, 'oidc', subject),
	'login-providers': (s, { provider }, account) => bind(s, account, kindOf(s, provider), provider),
};
const DELETE = {
	'names': (s) => { s.names = { names: [], listener: s.names.listener }; },
	'message-gateway': (s) => { s.gateway = { set: false }; },
	'radius-secret': (s) => { s.radius = { secret: false }; },
	'oidc': (s) => { s.oidc = { set: false }; },
	'destinations': (s, json, account) => drop(s, account, ['message']),
	'passwords': (s, json, account) => drop(s, account, ['password', 'server']),
	'oidc-subjects': (s, json, account) => drop(s, account, ['oidc']),
	'login-providers': (s, json, account) => drop(s, account, ['biometric', 'auth-plugin']),
};

// The answer for whoever is signed in, or null for what is not of this folder, or of a state without ways.
export function waysRoute(method, path) {
	const [, what, account] = /^\/api\/v1\/([a-z-]+)(?:\/(.+))?$/.exec(path) || [];
	const table = { GET, PUT, DELETE }[method] || {};
	const ofSettings = method === 'PUT' && what === 'settings' && account.startsWith('logical-access.');
	if (!table[what] && !ofSettings)
		return null;
	return (s, rq) => {
		if (!s.ways)
			return null;
		if (s.refuseWays && (method !== 'GET' || s.hideWays))
			return s.refuseWays;
		if (method === 'GET')
			return { body: GET[what](s) };
		s.changed = [...(s.changed || []), [`${method} ${path.slice('/api/v1/'.length)}`, rq.json]];
		return ofSettings ? setSetting(s, account, rq) : (table[what](s, rq.json, account), { status: 204 });
	};
}
