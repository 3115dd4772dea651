// SPDX-License-Identifier: Apache-2.0
// What the stand-in says to name and password, and to what it asks for after them. As in stand-in.js, it proves nothing about the device.

const refused = (status, rule, title, detail, next, retryAfter) => ({ status, retryAfter, body: { type: 'urn:thingward:problem:login', title, status, detail, rule, next } });

// `people` by name: { password, factors, code, given }; `logins` is what was sent. careful: changes want a proof, which whoever logged in just now (fresh) is given.
export function withPeople(state) {
	return Object.assign(state, { logins: [], uri: 'otpauth://totp/Thermostat%20T1:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Thermostat%20T1&algorithm=SHA1&digits=6&period=30', people: { alice: { password: 'nine quiet herons wade', factors: [] } } });
}

const tooMany = (seconds) => refused(429, 'access.throttle', 'Too many failed attempts', `Attempts from 192.0.2.7 have to wait ${seconds} seconds.`, 'Wait, then try again.', seconds);
const wanted = (needed) => ({ body: { needed, login: 'h'.repeat(43), expires_in_s: 300 } });

function goOn(s) {
	const { who, step } = s;
	if (step.factors.length)
		return wanted(step.factors);
	if (who.given)
		return wanted(['new-password']);
	s.step = null;
	s.fresh = true;
	return { status: 201, body: { token: s.token, account: 'a1', name: 'alice', expires_in_s: 1800, idle_s: 900, client: 'c'.repeat(43), previous: '2026-11-20T08:15:00Z', previous_how: 'password', previous_from: '192.0.2.99' } };
}

function began(s, { account, password }) {
	const who = s.people[account];
	if (!who || who.password !== password)
		return refused(403, 'access.login', 'These open nothing', 'There is no such account, it is not active, or this is not its password.', 'Look at the name and the password, then try again.');
	Object.assign(s, { who, step: { factors: [...who.factors] } });
	return goOn(s);
}

const VERDICTS = { 'biometric': true, 'auth-plugin': true }; // s.verdict: what a provider says of whoever logs in

function answered(s, { code, new_password: fresh }) {
	if (!s.step)
		return refused(403, 'access.login-step', 'There is no such login', 'It was finished, or is older than five minutes.', 'Begin again with name and password.');
	if (s.step.factors.some((kind) => VERDICTS[kind] && s.verdict === 'no'))
		return refused(403, `access.${s.step.factors[0]}`, 'You were not recognized', 'What judges it says that you are not the one whose account this is.', 'Try again, or use another second factor if the account has one.');
	if (s.step.factors.length && code === undefined)
		return goOn(s);
	if (s.step.factors.length && code !== s.who.code)
		return refused(403, 'access.totp', 'This is not the code of now', 'It was mistyped, used, or is of another time.', 'Wait for the next code of the authenticator.');
	s.step.factors = [];
	if (fresh !== undefined && fresh.length < 15)
		return refused(400, 'password.rules', 'This can be no password', 'It is too short; several words that do not belong together are long and easy to keep in mind. At least 15 characters.', 'Choose another.');
	if (fresh !== undefined)
		Object.assign(s.who, { password: fresh, given: false });
	return goOn(s);
}

// One's own, which is alice's: account a1 of stand-in-access.js.
const kept = (s, kind) => s.credentials.findIndex((one) => one.account === 'a1' && one.kind === kind);
const drop = (s, kind) => { if (kept(s, kind) >= 0) s.credentials.splice(kept(s, kind), 1); };
const put = (s, kind) => {
	drop(s, kind);
	s.credentials.push({ credential: `c-${kind}`, account: 'a1', kind, label: '', key: '', made: '2026-11-21T12:00:00Z' });
};
const badCode = () => refused(403, 'access.totp', 'This is not the code of now', 'It was mistyped, used, or is of another time.', 'Wait for the next code of the authenticator.');
const shows = (s, json) => kept(s, 'totp') < 0 || json.code === s.people.alice.code;

function ownPassword(s, json) {
	const { alice } = s.people;
	if (kept(s, 'password') >= 0 && json.old !== alice.password)
		return refused(403, 'password.old', 'This is not the old password', '', 'Give the one that is there.');
	if (json.password !== undefined && json.password.length < 15)
		return refused(400, 'password.rules', 'This can be no password', 'It is too short. At least 15 characters.', 'Choose another.');
	alice.password = json.password;
	(json.password === undefined ? drop : put)(s, 'password');
	s.token = `${s.token}.`; // all sessions end
	return { status: 204 };
}

// By the organization's provider, which stands elsewhere; `location` is where the browser is sent.
const beganOutside = (s) => ({ body: { needed: ['outside'], login: 'h'.repeat(43), location: s.location, expires_in_s: 300 } });

function cameBack(s, { answer }) {
	if (answer === 'wrong')
		return refused(403, 'oidc.stranger', 'The provider’s word opens nothing', 'Nobody here is you.', 'Ask whoever gives accounts.');
	Object.assign(s, { who: s.people.alice, step: { factors: [] } });
	return goOn(s);
}

export const CLIENT = '0011223344556677';
export const loginRoutes = {
	'POST /api/v1/step-ups': (s, { json }) => {
		if (!s.fresh)
			return refused(403, 'step-up.login', 'Log in again first', 'This session was opened too long ago.', 'Log in, and ask for it in the new session.');
		s.proven = json.digest;
		s.proof = 'p'.repeat(43);
		return { status: 201, body: { token: s.proof, expires_in_s: 60 } };
	},
	'GET /api/v1/known-clients': (s) => ({ body: { clients: s.clients || [] } }),
	'DELETE /api/v1/known-clients': (s) => {
		s.clients = [];
		return { status: 204 };
	},
	[`DELETE /api/v1/known-clients/${CLIENT}`]: (s) => {
		s.clients = s.clients.filter((one) => one.client !== CLIENT);
		return { status: 204 };
	},
	'GET /api/v1/passkeys': (s) => ({ body: { passkeys: s.passkeys || [] } }),
	'PUT /api/v1/password': (s, { json }) => ownPassword(s, json),
	'POST /api/v1/authenticator': (s, { json }) => {
		if (!shows(s, json))
			return badCode();
		put(s, 'totp-new');
		return { status: 201, body: { name: 'alice', uri: s.uri } };
	},
	'PUT /api/v1/authenticator': (s, { json }) => {
		if (json.code !== s.people.alice.code)
			return badCode();
		drop(s, 'totp-new');
		put(s, 'totp');
		return { status: 204 };
	},
	'POST /api/v1/authenticator/removal': (s, { json }) => {
		if (!shows(s, json))
			return badCode();
		drop(s, 'totp');
		return { status: 204 };
	},
	'POST /api/v1/logins': (s, { json }) => {
		s.logins.push(json);
		if (s.notice && json.notice !== s.notice.digest)
			return refused(409, 'LA.SUN.3', 'The use notice has to be accepted first', '', 'Read it.');
		if (s.waitS)
			return tooMany(s.waitS);
		if (json.outside || json.answer)
			return json.outside ? beganOutside(s) : cameBack(s, json);
		return json.login ? answered(s, json) : began(s, json);
	},
};
