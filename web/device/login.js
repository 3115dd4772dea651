// SPDX-License-Identifier: Apache-2.0
// Logging in by name and password, and by whatever the device asks for after them. Each thing it may ask for is a row of STEPS; what is not in there yet is asked
// for as a code, by the device's own word for it.
//
// A browser that has logged in is known to the account: what it was given then is kept in localStorage, for it has to outlast the tab. It opens nothing; with it,
// strangers who guess at the account make this browser wait no longer.

import { call } from './api.js';
import { byId, field, form, h, minutes, moment, say, sentence, show, titled, trouble, words } from './dom.js';
import { goThere, outsideSection } from './outside.js';
import { noPasskeys, usePasskey } from './passkey.js';
import { codeField, newPasswordFields, newPasswordWrong, secretField } from './secret.js';

const CLIENTS = 'thingward.clients';
const CLIENTS_MAX = 8;
const PATIENCE = 45000; // somebody else may have to judge first: the organization's server, a reader at the device

// ---- as which client this browser is known, by account ----

function clients() {
	try {
		return new Map(JSON.parse(localStorage.getItem(CLIENTS)));
	} catch {
		return new Map();
	}
}

const fold = (account) => account.toLowerCase();

function keepClient(account, client) {
	const all = clients();
	all.delete(fold(account));
	try {
		localStorage.setItem(CLIENTS, JSON.stringify([...all, [fold(account), client]].slice(-CLIENTS_MAX)));
	} catch {
		say('This browser keeps nothing, so the device will not know it again.');
	}
}

// ---- what the device may ask for beside name and password ----

const code = (digits) => ({
	fields: () => ({ code: codeField('step-code', 'Code', `${digits} digits. Blanks do not matter.`) }),
	wrong: (typed) => ({ code: typed.code.replace(/\s/g, '') ? '' : 'Type the code.' }),
	body: (typed) => ({ code: typed.code.replace(/\s/g, '') }),
});

// Nothing to type: the device asks a part of its own, and answers when that has.
const nothing = { fields: () => ({}), wrong: () => ({}), body: () => ({}) };

const STEPS = {
	'__proto__': null,
	'totp': { name: 'The code of your authenticator', lead: 'Open your authenticator app and type the code that it shows for this device now.', ...code('Six') },
	'message': { name: 'A code that is sent to you', lead: 'The device sends a code to the place that is known for you. Type it when it has come.', ...code('Eight') },
	'biometric': { name: 'The reader', lead: 'Press the button, then show the reader at the device who you are. The device waits for it.', ...nothing },
	'auth-plugin': { name: 'The way of the device’s maker', lead: 'Press the button, then do at the device what its maker’s own method wants. The device waits for it.', ...nothing },
	'passkey': { name: 'Your passkey', lead: 'Your browser asks for it: touch the key, or let this computer or telephone sign.', press: 'Use it', ...nothing },
	'new-password': {
		name: 'A new password',
		lead: 'Somebody else gave you the present one and knows it, or it is shorter than it may be now. Choose one that only you know.',
		fields: (account) => ({ account: field('step-account', 'Account', 'Whose password it is.', { autocomplete: 'username', readonly: true, value: account }), ...newPasswordFields('step') }),
		wrong: newPasswordWrong,
		body: (typed) => ({ new_password: typed.fresh }),
	},
};
const stepOf = (kind) => STEPS[kind] || { name: words(kind), lead: 'The device wants this too.', ...code('The') };

// ---- waits ----

function holdBack(button, box, seconds) {
	const until = Date.now() + seconds * 1000;
	const left = h('p', { id: 'wait' });
	const tick = () => {
		const rest = Math.ceil((until - Date.now()) / 1000);
		if (rest > 0 && left.isConnected) {
			left.textContent = `You may try again in ${rest < 90 ? (rest === 1 ? '1 second' : `${rest} seconds`) : minutes(rest * 1000)}.`;
			setTimeout(tick, 250);
			return;
		}
		button.removeAttribute('aria-disabled');
		left.textContent = 'You may try again now.';
		if (left.isConnected)
			say(left.textContent);
	};
	box.append(left);
	button.setAttribute('aria-disabled', 'true');
	tick();
}

// Runs `work` with the button off. What the device refuses is shown, and while it lets nobody try the button stays off.
export async function attempt(busy, pressed, told, work) {
	const [button, box] = [byId(pressed), byId(told)];
	let failed = null;
	await busy(button, async () => {
		show(box);
		try {
			await work();
		} catch (error) {
			failed = error;
		}
	});
	if (!failed || !box.isConnected)
		return;
	const wait = failed.retryAfter;
	failed.retryAfter = 0;
	show(box, trouble(failed));
	if (wait)
		holdBack(button, box, wait);
}

// page, busy: of the frame. provider: what the organization calls its provider; returned: what came back from there. accepted: the use notice's digest, or nothing. arrive: gets the session. begin: begins anew, and says why. renotice: the notice has changed.
// who: the only account that may log in here; nothing: any.
export function loginSection({ page, busy, provider, returned, accepted, arrive, begin, renotice, who }) {
	const fields = {
		account: field('account', 'Name', 'Your account on this device.', { autocomplete: 'username', maxlength: 48, ...(who ? { value: who, readonly: true } : {}) }),
		password: secretField('password', 'Password', 'Blanks count, also at its ends.', 'current-password'),
	};
	let account = '';

	const send = async (body) => {
		try {
			return (await call('POST', '/api/v1/logins', { body: accepted ? { ...body, notice: accepted } : body, token: null, patience: PATIENCE })).body;
		} catch (error) {
			if (error.rule === 'LA.SUN.3')
				await renotice();
			else if (error.rule === 'access.login-step')
				await begin('This login took too long, or was finished. Begin again.');
			else
				throw error;
			return null;
		}
	};
	const took = async (reply) => {
		if (!reply)
			return;
		if (!reply.token) {
			reply.needed.length > 1 ? choicePage(reply) : stepPage(reply, reply.needed[0]);
			return;
		}
		if (reply.client)
			keepClient(account || reply.name, reply.client);
		await arrive(reply);
	};

	const choicePage = (asked) => {
		const { needed, login } = asked;
		const choose = (kind) => (kind === 'passkey' ? stepPage(asked, kind) : attempt(busy, `choice-${kind}`, 'choice-failed', async () => {
			const reply = await send({ login, factor: kind });
			if (reply && !reply.token)
				stepPage(reply, kind);
			else
				await took(reply);
		}));
		page('One of these, too.',
			h('h1', {}, 'One of these, too.'),
			h('p', { class: 'lead' }, 'The first factor is right. Choose how you go on.'),
			needed.map((kind) => h('p', {}, h('button', { type: 'button', id: `choice-${kind}`, onclick: () => choose(kind) }, stepOf(kind).name))),
			h('div', { id: 'choice-failed' }));
	};
	// What a passkey is asked belongs to this login, and is good for one answer.
	const byPasskey = async (login) => {
		const asks = await send({ login, factor: 'passkey' });
		if (asks)
			await took(await send({ login, factor: 'passkey', passkey: await usePasskey(asks.passkey) }));
	};
	const stepPage = (reply, kind) => {
		const step = stepOf(kind);
		const others = kind === 'new-password' ? [] : reply.needed.filter((one) => one !== kind);
		const factor = kind === 'new-password' ? {} : { factor: kind };
		const none = kind === 'passkey' ? noPasskeys() : '';
		const answer = (typed) => (kind === 'passkey' ? byPasskey(reply.login) : send({ login: reply.login, ...factor, ...step.body(typed) }).then(took));
		page(`${step.name}.`,
			h('h1', {}, `${step.name}.`),
			none ? null : h('p', { class: 'lead' }, step.lead),
			none ? h('p', { class: 'note', id: 'no-passkeys' }, none) : form({ id: 'step', press: step.press || 'Go on', fields: step.fields(account), check: step.wrong, send: (typed) => attempt(busy, 'step-send', 'step-failed', () => answer(typed)) }),
			h('p', {}, others.length ? [h('button', { type: 'button', class: 'second', id: 'step-other', onclick: () => choicePage(reply) }, 'Another way'), ' '] : null,
				h('button', { type: 'button', class: 'second', id: 'step-back', onclick: () => begin() }, 'Begin again')),
			h('p', { class: 'quiet' }, `${account ? `You log in as ${account}. ` : ''}The device waits ${minutes(reply.expires_in_s * 1000)} for this.`));
		(document.querySelector('#step-form input:not([readonly])') || byId('step-send') || byId('step-other') || byId('step-back')).focus();
	};

	const goOutside = () => attempt(busy, 'outside', 'outside-failed', async () => {
		const reply = await send({ outside: true });
		if (reply)
			goThere(reply, accepted);
	});
	const comeBack = async () => {
		try {
			await took(await send(returned));
		} catch (error) {
			await begin([error.message, error.detail, error.next].filter((text) => text).map(sentence).join(' '));
		}
	};
	if (returned)
		comeBack();

	return [provider ? outsideSection(provider, goOutside) : null, titled('by-password', 'By name and password',
		form({ id: 'login', press: 'Sign in', fields,
			check: (typed) => ({ account: typed.account ? '' : 'Type the name of your account.', password: typed.password ? '' : 'Type your password.' }),
			send: (typed) => attempt(busy, 'login-send', 'login-failed', async () => {
				account = typed.account;
				const client = clients().get(fold(account));
				await took(await send({ account, password: typed.password, ...(client ? { client } : {}) }));
			}) }))];
}

// ---- who came in before ----

// What a login tells about the one before, to be compared with what one knows; it stays until it is put away.
export function cameBefore(told, putAway) {
	const all = [...(told.earlier || []), told].filter((one) => one.previous);
	if (!all.length)
		return [];
	return h('div', { class: 'note', id: 'came-before' },
		all.map(({ previous, previous_how: how, previous_from: from }) => h('p', {}, 'Somebody came in by this account before you, on ', moment(previous), how ? ` by ${how}` : '', from ? ` from ${from}` : '', '. If that was not you, change your password and end the sessions that you do not know.')),
		h('p', {}, h('button', { type: 'button', class: 'second', id: 'put-away', onclick: putAway }, 'That was me')));
}
