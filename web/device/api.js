// SPDX-License-Identifier: Apache-2.0
// How the page speaks with its device: JSON over the published API, one session token, and the take-over proof.
//
// The token lives in sessionStorage and travels in the Authorization header only, never as a cookie, so that no
// other page can spend it. A refusal (RFC 9457) and a device that does not answer are two different errors,
// since a person does two different things about them.

const TOKEN = 'thingward.token';
const PENDING = 'thingward.takeover';
const RECOVERY = 'thingward.recovery';

export class Refused extends Error {
	constructor(status, problem, retryAfter) {
		super(problem.title || `The device refused this (${status})`);
		this.status = status;
		this.detail = problem.detail || '';
		this.rule = problem.rule || '';
		this.next = problem.next || '';
		this.kind = String(problem.type || '').replace(/^urn:thingward:problem:/, '');
		this.retryAfter = retryAfter;
	}
}

export class Unreachable extends Error {}

// ---- what is kept in this tab ----

function stored(key) {
	try {
		return JSON.parse(sessionStorage.getItem(key));
	} catch {
		return null;
	}
}

export function session() {
	const kept = stored(TOKEN);
	return kept && kept.token && kept.ends > Date.now() ? kept : null;
}

// before: tokens of this tab's sessions that it has replaced; they end when the person signs out.
// earlier: what they told of the sessions before them, while nobody has put it away.
// own: of a shared account's, the session in whose place it stands.
export function keepSession({ token, expires_in_s: left, account, name, previous, previous_how, previous_from, before, earlier, own }) {
	sessionStorage.setItem(TOKEN, JSON.stringify({ token, ends: Date.now() + left * 1000, account, name, previous, previous_how, previous_from, before, earlier, own }));
}

// What it told of the session before is kept until a person has put it away.
export function putAwayPrevious() {
	const { previous, earlier, ...rest } = stored(TOKEN) || {};
	sessionStorage.setItem(TOKEN, JSON.stringify(rest));
}

export function forgetSession() {
	sessionStorage.removeItem(TOKEN);
}

export const pendingTakeover = () => stored(PENDING);
export const keepTakeover = (what) => sessionStorage.setItem(PENDING, JSON.stringify(what));
export const forgetTakeover = () => sessionStorage.removeItem(PENDING);
export function pendingRecovery() {
	const kept = stored(RECOVERY);
	return kept && kept.ends > Date.now() ? kept : null;
}

export const keepRecovery = (what) => sessionStorage.setItem(RECOVERY, JSON.stringify(what));
export const forgetRecovery = () => sessionStorage.removeItem(RECOVERY);

// ---- requests ----

// token: another than the session's; null: none.
function headersFor(type, token = (session() || {}).token) {
	return token ? { Accept: type, Authorization: `Bearer ${token}` } : { Accept: type };
}

const FETCH = { cache: 'no-store', credentials: 'omit', redirect: 'error' };

async function send(method, path, options) {
	const headers = headersFor('application/json', options.token);
	if (options.body !== undefined)
		headers['Content-Type'] = 'application/json';
	if (options.ifMatch)
		headers['If-Match'] = options.ifMatch;
	if (options.stepUp)
		headers['Thingward-Step-Up'] = options.stepUp;
	const request = { method, headers, ...FETCH, signal: AbortSignal.timeout(options.patience || 15000) };
	if (options.body !== undefined)
		request.body = JSON.stringify(options.body);
	try {
		const reply = await fetch(path, request);
		return { reply, text: await reply.text() };
	} catch {
		throw new Unreachable('The device does not answer');
	}
}

function parsed(text) {
	try {
		return text ? JSON.parse(text) : null;
	} catch {
		return null;
	}
}

const refusal = (reply, body) => new Refused(reply.status, body || {}, Number(reply.headers.get('Retry-After')) || 0);

let proveAnew = null;

// Asked when a proof wants a login of a moment ago: true once there was one.
export const onProof = (ask) => {
	proveAnew = ask;
};

async function proof(digest) {
	const ask = () => call('POST', '/api/v1/step-ups', { body: { digest } });
	try {
		return await ask();
	} catch (error) {
		if (error.rule !== 'step-up.login' || !proveAnew || !await proveAnew())
			throw error;
		return ask();
	}
}

// What is too dangerous for an old session is done once more with a proof for this very request, which a login of a moment ago is given.
async function steppedUp(method, path, options) {
	const said = options.body === undefined ? '' : JSON.stringify(options.body);
	const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${method} ${path}\n${said}`));
	const digest = [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
	return call(method, path, { ...options, stepUp: (await proof(digest)).body.token });
}

export async function call(method, path, options = {}) {
	const { reply, text } = await send(method, path, options);
	const body = parsed(text);
	if (reply.status === 403 && body && body.rule === 'step-up' && !options.stepUp)
		return steppedUp(method, path, options);
	if (!reply.ok)
		throw refusal(reply, body);
	return { status: reply.status, etag: reply.headers.get('ETag'), body };
}

// An answer that does not end, to be read as text while it comes.
export async function openStream(path, signal) {
	let reply;
	try {
		reply = await fetch(path, { headers: headersFor('text/event-stream'), ...FETCH, signal });
	} catch {
		throw new Unreachable('The device does not answer');
	}
	if (!reply.ok)
		throw refusal(reply, parsed(await reply.text()));
	return reply.body.pipeThrough(new TextDecoderStream()).getReader();
}

export const get = async (path) => (await call('GET', path)).body;
// A list in pages, to its end, of those that a device keeps short. One that is longer than this many pages never ends.
const PAGES_MAX = 100;

export async function getAll(path, list) {
	const whole = await get(path);
	for (let page = 1; whole.next && page < PAGES_MAX; page++) {
		const more = await get(`${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(whole.next)}`);
		whole[list].push(...more[list]);
		whole.next = more.next;
	}
	return whole;
}

export const post = async (path, body) => (await call('POST', path, { body })).body;

// ---- bytes ----

const utf8 = new TextEncoder();

export function toBase64url(bytes) {
	return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function fromBase64(text) {
	return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
}

export function fromHex(text) {
	return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
}

// PEM of what is DER.
export const pem = (bytes, what) => `-----BEGIN ${what}-----\n${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replace(/.{1,64}/g, '$&\n')}-----END ${what}-----\n`;

const DER = 0x30; // how every certificate and list of them begins; PEM begins with a dash

// A file's text: PEM as it is, and what is DER as PEM; '' for no file.
export async function readPem(file, what) {
	const unread = () => { throw Object.assign(new Error('This file cannot be read'), { status: 0, next: 'Choose it again.' }); }; // as one that was moved since
	const bytes = file ? new Uint8Array(await file.arrayBuffer().catch(unread)) : [];
	return bytes[0] === DER ? pem(bytes, what) : new TextDecoder().decode(Uint8Array.from(bytes));
}

function joined(...parts) {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));

// ---- taking over ----

// The proof binds the label's secret to this attempt and to the listener key that the device names. A browser has no
// key of its own to enrol and cannot see the TLS key, so the certificate's place is filled with zeros and the device
// asks for a confirmation by somebody who stands there on top.
async function takeoverProof(secretHex, challenge, nonce, listenerHex) {
	const key = await crypto.subtle.importKey('raw', fromHex(secretHex), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
	const message = joined(utf8.encode('thingward-takeover-1\0client\0'), fromBase64(challenge), nonce, fromHex(listenerHex), new Uint8Array(32));
	return new Uint8Array(await crypto.subtle.sign('HMAC', key, message));
}

export async function askTakeover(secretHex, ownerName) {
	const state = await get('/api/v1/commissioning');
	const nonce = random(32);
	const proof = await takeoverProof(secretHex, state.challenge, nonce, state.listener);
	const sent = { challenge: state.challenge, client_nonce: toBase64url(nonce), proof: toBase64url(proof), owner_name: ownerName };
	const reply = await post('/api/v1/commissioning/browser', sent);
	const pending = { request: reply.request, client_nonce: sent.client_nonce, code: reply.code, ends: Date.now() + reply.expires_in_s * 1000 };
	keepTakeover(pending);
	return pending;
}

// True once somebody at the device has confirmed it and the session is kept.
export async function claimTakeover(pending) {
	const { status, body } = await call('POST', '/api/v1/commissioning/claim', { body: { request: pending.request, client_nonce: pending.client_nonce } });
	if (status !== 201)
		return false;
	keepSession(body);
	forgetTakeover();
	return true;
}

// ---- the signed statement ----

// One DER element at `at`: where its content starts and where it ends.
function derAt(bytes, at) {
	let size = bytes[at + 1];
	let start = at + 2;
	if (size & 0x80) {
		let count = size & 0x7f;
		for (size = 0; count > 0; count--)
			size = size * 256 + bytes[start++];
	}
	return { tag: bytes[at], start, end: start + size };
}

// The public key inside a certificate: the seventh field of its body, after an optional version.
function publicKeyOf(certificate) {
	const body = derAt(certificate, derAt(certificate, 0).start);
	let at = body.start;
	if (derAt(certificate, at).tag === 0xa0)
		at = derAt(certificate, at).end;
	for (let field = 0; field < 5; field++)
		at = derAt(certificate, at).end;
	return certificate.slice(at, derAt(certificate, at).end);
}

// Of a certificate in PEM, in DER.
export const certificateKey = (text) => publicKeyOf(fromBase64(text.replace(/-----[^-]+-----|\s/g, '')));

async function signedBy(jws, certificate) {
	const key = await crypto.subtle.importKey('spki', publicKeyOf(certificate), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
	return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, fromBase64(jws.signature), utf8.encode(`${jws.protected}.${jws.payload}`));
}

// Asks for a statement over a fresh nonce and checks what a browser can: signature, certificate, nonce, identifier.
export async function checkIdentity(identity) {
	const nonce = toBase64url(random(32));
	const { statement } = await post('/api/v1/identity/statement', { nonce });
	const reader = new TextDecoder();
	const header = JSON.parse(reader.decode(fromBase64(statement.protected)));
	const claims = JSON.parse(reader.decode(fromBase64(statement.payload)));
	const shown = fromBase64(identity.certificate.replace(/-----[^-]+-----|\s/g, ''));
	const used = fromBase64(header.x5c[0]);
	const texts = Object.values(claims).filter((value) => typeof value === 'string');
	return {
		claims,
		nonce,
		checks: [
			['The signature is good', await signedBy(statement, used)],
			['It is made with the certificate shown above', toBase64url(shown) === toBase64url(used)],
			['It answers the random number made for this check', texts.includes(nonce)],
			['It names the identifier shown above', texts.includes(identity.identifier)],
		],
	};
}
