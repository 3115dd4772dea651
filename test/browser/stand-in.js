// SPDX-License-Identifier: Apache-2.0
// A stand-in for the device, for the states that a healthy device does not show on request: a missing part, a setting
// changed by somebody else in between, refusals, hostile text in every field. It serves the real page under the real
// policy and speaks the published API; it proves nothing about the device itself, which real.js does.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessRoute } from './stand-in-access.js';
import { loginRoutes } from './stand-in-login.js';
import { waysRoute } from './stand-in-ways.js';
import { wifiRoute } from './stand-in-wifi.js';

const PAGES = join(fileURLToPath(new URL('.', import.meta.url)), '../../web/device');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const element = (id, text, status, reason, more = {}) => ({ id, text, status, reason, since: '2026-11-21T09:30:00Z', changed_by: '', setting: 'identification.remote-read', ...more });

export function healthy() {
	return {
		owned: true,
		token: 'good-token',
		code: '4F7QK-9M2XD',
		confirmed: false,
		capabilities: {
			software: '0.1.0',
			product: { model: 'Thermostat T1', version: '1.4.2' },
			time: { now: '2026-11-21T12:00:00Z', trusted: true },
			sandbox: ['core', 'front', 'keys'].map((role) => ({ role, landlock_abi: 2, ids_dropped: true, seccomp: true })),
			elements: [
				element('DI.IMS.1', 'the device carries an identifier unlike any other’s, which the authorized may read', 'provided', 'the identifier, the device key and its certificate agree'),
				element('DI.IMS.2', 'the device states its identifier in a signed form', 'provided', 'the keys role signed a test statement at start'),
			],
		},
		tasks: [],
		identity: { identifier: 'urn:dev:ops:32473-T1-00000042', physical_id: '00000042/K', model: 'Thermostat T1', product_version: '1.4.2', certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', certificate_not_after: '2046-11-21T00:00:00Z' },
		assignments: [],
		label: 'TW1:7:00000042',
		keystore: { kind: 'file', hardware: false, outside: true, taken_over: true, generation: 1, oldest: 1, detail: 'two copies, each sealed' },
		keys: [],
		selfTest: { passed: true, fast_enough: true, algorithms: [['sha-256', 'core', 210000, 'KiB/s', 2000], ['aes-256-gcm', 'keys', 98000, 'KiB/s', 0], ['ecdsa-p256-verify', 'core', 1200, '1/s', 20]]
			.map(([name, role, rate, unit, floor]) => ({ name, standard: 'FIPS 180-4', role, passed: true, rate, unit, floor })) },
		local: { enrolled: false },
		peers: { peers: [], anchors: [], revoked: [], suspected: [] },
		lists: [],
		policies: [],
		packages: [],
		files: { checked_before: false, listed: 0, owned: 0, checked: 0, executables: 0, changed: 0, missing: 0, unknown: 0, unread: 0, skipped: 0, broken: 0, findings: [] },
		peersSwitch: { key: 'identification.peers', type: 'bool', value: 'on', default: 'on', baseline: 'on', version: 0, changed: null, changed_by: '', help: 'Whether other devices that the owner knows may talk to this one.' },
		setting: { key: 'identification.remote-read', type: 'bool', value: 'on', default: 'on', baseline: 'on', version: 0, changed: null, changed_by: '', help: 'Whether authorized clients may read the identifier and a signed statement over the network.' },
		records: [
			{ seq: 14, type: 'read', time: '2026-11-21T11:59:58Z', door: 'https', operation: 'capabilities.read', subject: 'owner:alice', how: 'session', source: '192.0.2.7', status: 200 },
			{ seq: 13, type: 'outcome', time: '2026-11-21T09:31:00Z', intent: 12, result: 'done', status: 200, subject: 'owner:alice' },
			{ seq: 12, type: 'intent', time: '2026-11-21T09:31:00Z', door: 'https', operation: 'settings.change', parameter: 'identification.remote-read', subject: 'owner:alice', how: 'session', source: '192.0.2.7' },
			{ seq: 11, type: 'event', time: '2026-11-21T09:30:02Z', event: 'ownership.taken', owner: 'alice', how: 'secret' },
		],
	};
}

const problem = (status, kind, title, detail, rule, next) => ({ status, body: { type: `urn:thingward:problem:${kind}`, title, status, detail, rule, next } });

const ROUTES = {
	'GET /api/v1/commissioning': (s) => ({ body: s.owned ? { owned: true, methods: [], ...(s.provider ? { provider: s.provider } : {}) } : { owned: false, challenge: 'A'.repeat(43), expires_in_s: 120, listener: '5e'.repeat(32), methods: ['secret', 'secret+console', ...(s.button ? ['secret+button'] : [])] } }),
	'POST /api/v1/commissioning/browser': (s, rq) => {
		s.taken = rq.json;
		return s.refuse || { status: 202, body: { request: 'r1', code: '482913', expires_in_s: 300 } };
	},
	'POST /api/v1/commissioning/claim': (s) => {
		s.owned = s.owned || s.confirmed;
		return s.confirmed ? { status: 201, body: { token: s.token, expires_in_s: 1800 } } : { status: 202, body: { state: 'waiting' } };
	},
	'POST /api/v1/recovery': (s) => {
		s.asked = (s.asked || 0) + 1;
		return s.refuse || { status: 202, body: { request: 'q1', code: '730154', expires_in_s: 300, console: s.console !== false, button: Boolean(s.button) } };
	},
	'POST /api/v1/recovery/state': (s, rq) => {
		if (s.refuseState)
			return s.refuseState;
		s.owned = s.owned && !s.recovered;
		return rq.json.request === 'q1' ? { body: { state: s.recovered ? 'recovered' : 'waiting' } } : problem(404, 'not-found', 'Nothing waits under this request', '', 'recovery.request', 'begin again');
	},
	'GET /api/v1/notice': (s) => ({ body: { text: s.notice ? s.notice.text : '', notice: s.notice ? s.notice.digest : '', most_bytes: 1760, most_lines: 22, columns: 80 } }),
	'POST /api/v1/sessions': (s, rq) => (s.notice && rq.json.notice !== s.notice.digest ? problem(409, 'notice', 'The use notice has to be accepted first', '', 'LA.SUN.3', 'read it')
		: rq.json.code === s.code ? { status: 201, body: { token: s.token, expires_in_s: 1800 } }
		: problem(403, 'code', 'This code does not open the device', 'it is mistyped, older than five minutes, or was used before', 'session.code', 'ask the owner for a new one')),
	'DELETE /api/v1/sessions/current': (s) => { s.ended = (s.ended || 0) + 1; return { status: 204 }; },
	...loginRoutes,
	'GET /api/v1/capabilities': (s) => ({ body: s.capabilities }),
	'GET /api/v1/identity': (s) => (s.setting.value === 'off' ? problem(403, 'off', 'The identifier is not given out', 'remote reading is switched off', 'DI.IMS.1', 'switch identification.remote-read on') : { body: { ...s.identity, ...(assignment(s).assigned ? { assigned_to: assignment(s).assigned_to } : {}) } }),
	'GET /api/v1/identity/assignment': (s) => ({ body: assignment(s) }),
	'PUT /api/v1/identity/assignment': (s, rq) => s.refuseAssign || assign(s, rq.json),
	'DELETE /api/v1/identity/assignment': (s) => assign(s, { kind: 'nobody', name: '' }),
	'POST /api/v1/identity/label': (s, rq) => (rq.json.code === s.label ? { body: { identifier: s.identity.identifier, physical_id: s.identity.physical_id, checked: '2026-11-21T12:00:00Z' } }
		: problem(409, 'label', 'This label names another device', 'it is of 00000043/M', 'label.other', 'look for the device that this label belongs to')),
	'POST /api/v1/identity/report': (s, rq) => { s.asked = rq.json; return { body: { format: 'jwt', report: 'e30.e30.AA' } }; },
	'GET /api/v1/keystore': (s) => ({ body: s.keystore }),
	'POST /api/v1/keystore/rotation': (s) => ({ body: { generation: ++s.keystore.generation } }),
	'GET /api/v1/keys': (s) => ({ body: { keys: s.keys } }),
	'POST /api/v1/keys': (s, rq) => s.refuseKey || added(s.keys, { name: rq.json.name, public: 'MFkw', fingerprint: 'cd'.repeat(32) }),
	'POST /api/v1/keys/door': (s) => ({ body: Object.assign(s.keys[0], { fingerprint: 'ef'.repeat(32) }) }),
	'POST /api/v1/crypto/self-test': (s) => s.refuseSelfTest || { body: s.selfTest },
	'GET /api/v1/local-identity': (s) => ({ body: s.local }),
	'POST /api/v1/local-identity': (s, rq) => enrolling(s, 'local-identity.enrol', rq.json),
	'POST /api/v1/local-identity/renewal': (s) => enrolling(s, 'local-identity.renew', { url: s.local.url }),
	'DELETE /api/v1/local-identity': (s) => { s.local = { enrolled: false }; return { status: 204 }; },
	[`GET /api/v1/tasks/${'ef'.repeat(16)}`]: (s) => ({ body: enrolled(s) }),
	'GET /api/v1/peers': (s) => ({ body: s.peers }),
	'POST /api/v1/peers': (s, rq) => s.refusePeer || added(s.peers.peers, rq.json),
	'POST /api/v1/peer-anchors': (s, rq) => added(s.peers.anchors, { name: rq.json.name, not_after: '2036-11-21T00:00:00Z' }),
	'POST /api/v1/peer-revocations': (s, rq) => added(s.peers.revoked, rq.json),
	'GET /api/v1/inventory': (s) => ({ body: { identifier: s.identity.identifier, product: 'Thermostat', product_version: '1.4.2', database: 'debian', count: s.packages.length, packages: [...s.packages] } }),
	'GET /api/v1/inventory/findings': (s) => ({ body: { ...s.files, findings: [...s.files.findings] } }),
	'POST /api/v1/inventory/check': (s) => begun(s, 'inventory.check'),
	'GET /api/v1/certificates/crls': (s) => ({ body: { lists: s.lists } }),
	'POST /api/v1/certificates/crls': (s, rq) => {
		s.broughtList = rq.json;
		return s.refuseList || added(s.lists, list('lamps', 5));
	},
	'GET /api/v1/policies': (s) => ({ body: { policies: s.policies } }),
	'POST /api/v1/policies': (s, rq) => added(s.policies, { name: rq.json.name, subject: rq.json.subject, operation: rq.json.operation, target: '', allow: rq.json.effect === 'allow' }),
	'GET /api/v1/settings': (s) => ({ body: { settings: [s.setting, s.peersSwitch, ...(s.ways || []), ...(s.settings || [])] } }),
	'GET /api/v1/log/stream': (s) => s.refuseStream || {},
	'GET /api/v1/log': (s, rq) => {
		const asked = new URL(rq.url, 'http://x').searchParams;
		const from = asked.get('cursor') ? s.records.findIndex((one) => one.seq < Number(asked.get('cursor'))) : 0;
		const records = s.records.slice(from, from + Number(asked.get('limit') || 50));
		const rest = s.records.length - from - records.length;
		return { body: { records, ...(rest > 0 ? { next: String(records[records.length - 1].seq) } : {}) } };
	},
	// Each look at them brings what goes on a quarter further.
	'GET /api/v1/tasks': (s) => {
		for (const task of s.tasks)
			if (task.state === 'running' || task.state === 'waiting')
				advance(s, task);
		return { body: { tasks: s.tasks } };
	},
	[`GET /api/v1/tasks/${'ab'.repeat(16)}`]: (s) => {
		if (['running', 'waiting'].includes(s.tasks[0].state))
			advance(s, s.tasks[0]);
		return { body: s.tasks[0] };
	},
	'POST /api/v1/log/verify': (s) => begun(s, 'log.verify'),
	[`DELETE /api/v1/tasks/${'ab'.repeat(16)}`]: (s) => {
		Object.assign(s.tasks[0], { state: 'cancelled', ended: '2026-11-21T12:00:02Z', words: 'Cancelled by owner:alice.' });
		return { body: s.tasks[0] };
	},
	'PUT /api/v1/settings/identification.remote-read': (s, rq) => {
		if (rq.headers['if-match'] !== `"${s.setting.version}"`)
			return problem(412, 'version', 'The setting was changed meanwhile', `it is at version ${s.setting.version} now`, 'settings.version', 'look at it and decide again');
		return change(s, rq.json.value, 'owner:alice');
	},
};

function begun(s, operation) {
	if (s.refuseTasks)
		return s.refuseTasks;
	const task = { task: 'ab'.repeat(16), operation, state: 'waiting', started_by: 'owner:alice', started: '2026-11-21T12:00:00Z', done: 0, total: 0, words: '' };
	s.tasks = [task, ...s.tasks];
	return { status: 202, body: { task: task.task, state: 'waiting' } };
}

// A task that has the certificate at the second look, or is refused by the server.
function enrolling(s, operation, given) {
	s.enrolment = { looks: 0, given, task: { task: 'ef'.repeat(16), operation, state: 'running', started_by: 'owner:alice', started: '2026-11-21T12:00:00Z', done: 0, total: 0, words: 'asking the server' } };
	return { status: 202, body: { task: s.enrolment.task.task, state: 'waiting' } };
}

function enrolled(s) {
	const { task, given } = s.enrolment;
	if (task.state !== 'running' || s.enrolment.looks++ < 1)
		return task;
	const verdict = s.refuseEnrolment || 'enrolled';
	if (verdict === 'enrolled')
		s.local = { enrolled: true, url: given.url, anchors: '', certificate: s.identity.certificate, since: '2026-11-21T12:00:01Z', not_after: '2027-11-21T00:00:00Z' };
	return Object.assign(task, { state: 'done', ended: '2026-11-21T12:00:01Z', words: verdict === 'enrolled' ? 'This unit has a local identity.' : 'The server does not take this name and password.', result: { verdict } });
}

const added = (list, one) => {
	list.push(one);
	return { status: 201, body: one };
};

function assignment(s) {
	const to = s.assignments[0];
	const assigned = Boolean(to) && to.kind !== 'nobody';
	return { identifier: s.identity.identifier, assigned, ...(assigned ? { assigned_to: to } : {}), history: s.assignments };
}

function assign(s, given) {
	s.assignments = [{ contact: '', reference: '', ...given, since: '2026-11-21T12:00:00Z', by: 'owner:alice' }, ...s.assignments];
	return { body: assignment(s) };
}

// A list of revoked certificates that was made a day and a bit ago.
export function list(issuer, number, over = false) {
	const days = (n) => new Date(Date.now() + n * 24 * 3600 * 1000).toISOString();
	return { issuer, number, entries: 2, this_update: days(-1.1), next_update: days(over ? -0.1 : 6), over, fingerprint: String(number % 10).repeat(64) };
}

// What is removed by its name: a rule, a device, an authority with what it revoked; a list by its fingerprint.
const LISTS = { 'policies': (s) => [s.policies, 'name'], 'keys': (s) => [s.keys, 'name'], 'peers': (s) => [s.peers.peers, 'identifier'], 'peer-anchors': (s) => [s.peers.anchors, 'name'], 'certificates/crls': (s) => [s.lists, 'fingerprint'], 'peer-suspicions': (s) => [s.peers.suspected, 'identifier'] };

function removal(method, path) {
	const [, list, name] = /^\/api\/v1\/([a-z-]+|certificates\/crls)\/([^/]+)$/.exec(path) || [];
	if (method !== 'DELETE' || !LISTS[list])
		return null;
	return (s) => {
		if (s.refuseRemoval)
			return s.refuseRemoval;
		const [all, key] = LISTS[list](s);
		const at = all.findIndex((one) => one[key] === name);
		if (at >= 0)
			all.splice(at, 1);
		return at >= 0 ? { status: 204 } : problem(404, 'unknown', 'There is no such thing here', '', 'path', '');
	};
}

function advance(s, task) {
	if (s.stuck && task.state === 'running')
		return;
	Object.assign(task, { state: 'running', total: 400, done: task.total ? task.done + 100 : 100 });
	task.words = `record ${task.done} of segment 1`;
	if (task.done < task.total)
		return;
	const fault = s.logFault || '';
	Object.assign(task, { state: 'done', ended: '2026-11-21T12:00:04Z', words: fault ? `The log is broken: ${fault}` : 'The log is whole: records 1 to 400.' });
	task.result = { verdict: fault ? 'broken' : 'whole', segments: 1, records: 400, checkpoints: 7, first: 1, last: 400, proven_to: 399, sealed_to: 0, open_intents: 1, fault };
}

// As the device does: the setting, the element it switches, and a record move together.
export function change(s, value, by) {
	const now = new Date().toISOString();
	s.setting = { ...s.setting, value, version: s.setting.version + 1, changed: now, changed_by: by };
	for (const one of s.capabilities.elements)
		Object.assign(one, { status: value === 'on' ? 'provided' : 'off by policy', reason: value === 'on' ? 'switched on' : 'switched off by a person', since: now, changed_by: by });
	s.records = [{ seq: s.records[0].seq + 1, type: 'outcome', time: now, intent: 0, operation: 'settings.change', subject: by, result: 'done', status: 200 }, ...s.records];
	return { body: s.setting };
}

const OPEN = /^\/api\/v1\/(commissioning|recovery|logins$|notice$|sessions$)/;

function answer(s, rq, path) {
	const nothing = problem(404, 'path', 'There is no such thing here', '', 'path', '');
	const route = ROUTES[`${rq.method} ${path}`] || removal(rq.method, path) || ((...both) => wifiRoute(rq.method, path)(...both) || (waysRoute(rq.method, path) || (() => null))(...both) || accessRoute(rq.method, path)(...both) || nothing);
	if (!(OPEN.test(path) && ROUTES[`${rq.method} ${path}`]) && ![s.token, s.sharedToken].some((one) => one && rq.headers.authorization === `Bearer ${one}`))
		return problem(401, 'anonymous', 'Sign in first', '', 'gate.anonymous', 'enter a one-use code');
	if (s.careful && rq.method === 'PUT' && (!s.proof || rq.headers['thingward-step-up'] !== s.proof))
		return problem(403, 'step-up', 'Prove once more who you are', 'this is too dangerous for a session that somebody may have left open', 'step-up', 'log in again');
	return route(s, rq);
}

// Records as the device writes them, oldest first, each a piece of its own that may come in two halves.
function stream(story, rq, rp) {
	let after = Number(new URL(rq.url, 'http://x').searchParams.get('after'));
	rp.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': so far\n\n');
	story.streams++;
	const send = () => {
		if (story.state.endStreams) {
			clearInterval(timer);
			rp.end();
			return;
		}
		for (const record of story.state.records.filter((one) => one.seq > after).reverse()) {
			const text = `id: ${record.seq}\nevent: ${record.type.replace(/\W/g, '')}\ndata: ${JSON.stringify(record)}\n\n`;
			rp.write(text.slice(0, text.length / 2));
			rp.write(text.slice(text.length / 2));
			after = record.seq;
		}
	};
	const timer = setInterval(send, 30);
	rp.on('close', () => { clearInterval(timer); story.streams--; });
}

function asset(path) {
	const name = path === '/' ? 'index.html' : path.slice(1);
	if (!/^[a-z-]+\.(html|js|css|svg)$/.test(name))
		return null;
	try {
		return { bytes: readFileSync(join(PAGES, name)), type: TYPES[extname(name)] };
	} catch {
		return null;
	}
}

async function serve(story, rq, rp) {
	const s = story.state;
	const path = decodeURIComponent(new URL(rq.url, 'http://x').pathname);
	const chunks = [];
	for await (const chunk of rq)
		chunks.push(chunk);
	rq.json = chunks.length ? JSON.parse(Buffer.concat(chunks)) : null;
	const file = asset(path);
	if (file) {
		rp.writeHead(200, { 'Content-Type': file.type, 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' }).end(file.bytes);
		return;
	}
	if (path === '/api/v1/log')
		story.logReads++;
	const { status = 200, body, retryAfter } = answer(s, rq, path);
	if (path === '/api/v1/log/stream' && status === 200) {
		stream(story, rq, rp);
		return;
	}
	rp.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...(retryAfter ? { 'Retry-After': retryAfter } : {}) }).end(body === undefined ? '' : JSON.stringify(body));
}

// `story.state` may be changed at any time; `story.down` makes it hang up; `streams` are those that are open, `logReads` how often the log was read.
export function standIn(state = healthy()) {
	const story = { state, down: false, streams: 0, logReads: 0 };
	const server = createServer((rq, rp) => {
		if (story.down)
			rq.socket.destroy();
		else
			serve(story, rq, rp).catch((error) => rp.writeHead(500).end(String(error)));
	});
	return new Promise((done) => server.listen(0, '127.0.0.1', () => {
		story.url = `http://127.0.0.1:${server.address().port}/`;
		story.close = () => { server.closeAllConnections(); server.close(); };
		done(story);
	}));
}
