// SPDX-License-Identifier: Apache-2.0
// One's own account: the password, the authenticator and the passkeys by which one comes in, made, changed and removed; the clients it knows, forgotten. Who may not read the list of credentials is not
// told here what he has, and finds the same forms.

import { call, post, session } from './api.js';
import { byId, field, form, h, lead, moment, say, show, sure, titled, trouble, words } from './dom.js';
import { attempt } from './login.js';
import { makePasskey, noPasskeys } from './passkey.js';
import { qr } from './qr.js';
import { codeField, newPasswordFields, newPasswordWrong, secretField } from './secret.js';

const WAYS = { '__proto__': null, 'certificate': 'a certificate', 'password': 'a password', 'totp': 'an authenticator', 'message': 'a code that is sent to you', 'passkey': 'a passkey', 'server': 'a password that your server judges', 'oidc': 'your OpenID Connect provider', 'biometric': 'a reader at the device', 'auth-plugin': 'the way of the device’s maker' };
const AUTHENTICATOR = '/api/v1/authenticator';
const PASSKEYS = '/api/v1/passkeys';
const CLIENTS = '/api/v1/known-clients';

export const wayWords = (kind) => WAYS[kind] || words(kind).toLowerCase();

const digits = (text) => text.replace(/\s/g, '');

function answerPart({ name, ways, all }) {
	const title = name ? `You are ${name}.` : 'You are signed in.';
	if (!ways)
		return lead('provided', title, 'Here you choose how you come in. What you have already, the device tells owners, admins and auditors alone.');
	const kinds = [...new Set(ways.map((one) => one.kind).filter((kind) => kind !== 'totp-new'))].map(wayWords);
	return lead(kinds.length ? 'provided' : 'needs a part', title, kinds.length ? `You come in by ${kinds.join(', ')}.` : 'Nothing of yours opens this device once the session is over: give yourself a password.', all);
}

// What the app takes: as a picture for another device's camera, as a link for an app on this one, and as letters to be typed.
function secretOf({ uri, name }) {
	const secret = new URL(uri).searchParams.get('secret') || '';
	return h('div', { class: 'note', id: 'authenticator-secret' },
		h('p', {}, 'Let your authenticator app take this. Whoever sees it can make your codes; it is not shown again once you leave this place.'),
		qr(uri, 'The secret as a QR code; it stands below in letters'),
		h('p', {}, h('a', { href: uri, id: 'authenticator-link' }, 'Open it in an app on this device')),
		h('p', {}, `Or type it: account ${name}, by time, six digits, and this secret:`),
		h('p', {}, h('code', { class: 'breaks' }, secret.replace(/(.{4})(?=.)/g, '$1 '))));
}

export function selfPlace({ busy, change, leave, part, putIfNew }) {
	let enrolled = null;
	const ended = 'All your sessions have ended, this one too.';

	// In an answer of 401 the session is over, whatever was asked.
	const tried = (pressed, told, work) => attempt(busy, pressed, told, async () => {
		try {
			await work();
		} catch (error) {
			if (error.status !== 401)
				throw error;
			leave('Your session has ended.');
		}
	});
	const setPassword = ({ old, fresh }) => tried('own-password-send', 'own-password-failed', async () => {
		await call('PUT', '/api/v1/password', { body: { ...(old ? { old } : {}), password: fresh } });
		leave(`Your password is set. ${ended} Come in by it.`);
	});
	const removePassword = () => tried('own-password-remove-yes', 'own-password-failed', async () => {
		const old = byId('own-old').value;
		await call('PUT', '/api/v1/password', { body: old ? { old } : {} });
		leave(`Your password is removed. ${ended}`);
	});
	const enrol = ({ present }) => tried('enrol-send', 'enrol-failed', async () => {
		enrolled = await post(AUTHENTICATOR, digits(present) ? { code: digits(present) } : {});
		showEnrolled();
		byId('confirm-code').focus();
	});
	const confirm = async ({ first }) => {
		if (!await change('confirm-send', 'confirm-failed', () => call('PUT', AUTHENTICATOR, { body: { code: digits(first) } })))
			return;
		enrolled = null;
		showEnrolled();
		say('Your authenticator is confirmed. From now on your logins by password need its code.');
	};
	const removeAuthenticator = async (button) => {
		const present = digits(byId('enrol-code').value);
		if (await change(button, 'enrol-failed', () => post(`${AUTHENTICATOR}/removal`, present ? { code: present } : {})))
			say('Your authenticator is asked for no more.');
	};

	const enrolPasskey = async ({ label }) => {
		if (await change('passkey-send', 'passkey-failed', async () => {
			const offer = (await call('POST', '/api/v1/passkey-challenges')).body;
			await call('POST', PASSKEYS, { body: { label, ...await makePasskey(offer) } });
		}))
			say('The passkey is yours. From now on your logins by password need it, or another second factor of yours.');
	};
	const removePasskey = (one) => async (button) => {
		if (await change(button, 'passkeys-failed', () => call('DELETE', `${PASSKEYS}/${one.credential}`)))
			say('The passkey opens nothing any more.');
	};

	const forget = (one) => async (button) => {
		if (await change(button, 'clients-failed', () => call('DELETE', one ? `${CLIENTS}/${one.client}` : CLIENTS)))
			say(one ? 'Your account knows it no more.' : 'Your account knows no browser and no program any more.');
	};

	const showEnrolled = () => {
		const box = byId('enrolled');
		show(box, enrolled ? [secretOf(enrolled),
			form({ id: 'confirm', press: 'Confirm it', fields: { first: codeField('confirm-code', 'Its first code', 'What the app shows now. Until then it is not asked for, and one that was there before goes on to count.') },
				check: ({ first }) => ({ first: digits(first) ? '' : 'Type the code.' }), send: confirm })] : []);
	};
	const passwordPart = (has, name) => {
		const account = field('own-account', 'Account', 'Whose password it is.', { autocomplete: 'username', readonly: true, value: name || '' });
		const old = has === false ? {} : { old: secretField('own-old', 'Present password', has ? 'To change it or to remove it.' : 'To change it or to remove it. Empty, if you have none.', 'current-password') };
		return [
			h('p', {}, has ? 'You have one. Whoever changes it ends all your sessions.' : has === false ? 'You have none. With one you come in by name and password. When it is set your sessions end, and you come in by it.' : 'Whoever sets or changes it ends all your sessions.'),
			form({ id: 'own-password', press: has ? 'Change it' : 'Set it', fields: { account, ...old, ...newPasswordFields('own') },
				check: (typed) => ({ ...newPasswordWrong(typed), old: has && !typed.old ? 'Type the present one.' : '' }), send: setPassword }),
			has === false ? null : h('p', {}, sure('own-password-remove', 'Remove', 'You cannot come in by it any more, and all your sessions end.', 'Remove your password', removePassword)),
		];
	};
	const authenticatorPart = (has) => [
		h('p', {}, has ? 'You have one: your logins by password need its code.' : has === false ? 'You have none. With one, your password alone opens nothing any more.' : 'With one, your password alone opens nothing any more.'),
		has === false ? form({ id: 'enrol', press: 'Enrol one', fields: {}, check: () => ({}), send: () => enrol({ present: '' }) })
			: form({ id: 'enrol', press: has ? 'Enrol another' : 'Enrol one', fields: { present: codeField('enrol-code', 'Code of the one you have', has ? 'To replace it or to remove it.' : 'To replace it or to remove it. Empty, if you have none.') },
				check: ({ present }) => ({ present: has && !digits(present) ? 'Type what it shows.' : '' }), send: enrol }),
		has === false ? null : h('p', {}, sure('authenticator-remove', 'Remove', 'Your logins by password need no code then.', 'Remove your authenticator', removeAuthenticator)),
		h('div', { id: 'enrolled' }),
	];

	const passkeysPart = ({ value, error }) => {
		if (error)
			return trouble(error);
		const mine = value.passkeys;
		const none = noPasskeys();
		return [
			h('p', {}, 'A passkey is a key in a token, a telephone or a computer that signs for this page and for no other. With one, your password alone opens nothing any more.'),
			mine.length ? h('ul', { id: 'passkeys' }, mine.map((one) => h('li', {}, `${one.label}, for ${one.site}, since `, moment(one.made), ' ',
				sure(`passkey-remove-${one.credential}`, 'Remove', 'It opens nothing any more.', `Remove the passkey ${one.label}`, removePasskey(one))))) : h('p', {}, 'You have none.'),
			h('div', { id: 'passkeys-failed' }),
			none ? h('p', { class: 'note', id: 'no-passkeys' }, none)
				: form({ id: 'passkey', press: 'Enrol a passkey', fields: { label: field('passkey-label', 'What to call it', 'So that you know it again, when you have several.', { maxlength: 48 }) },
					check: ({ label }) => ({ label: label ? '' : 'Give it a name.' }), send: enrolPasskey }),
		];
	};

	const clientsPart = ({ value, error }) => {
		if (error)
			return trouble(error);
		const known = value.clients;
		return [
			h('p', {}, 'Each has logged in to your account. When strangers fail at it, none of these has to wait. To be known opens nothing: sessions and password stay as they are.'),
			known.length ? h('ul', { id: 'clients' }, known.map((one) => h('li', {}, `From ${one.source}, last `, moment(one.used), ', known since ', moment(one.known), ' ',
				sure(`client-forget-${one.client}`, 'Forget', 'It is a stranger then, until it logs in again.', `Forget the one from ${one.source}`, forget(one))))) : h('p', {}, 'It knows none.'),
			known.length > 1 ? h('p', {}, sure('clients-forget', 'Forget all', 'All are strangers then, this browser too.', 'Forget all of them', forget(null))) : null,
			h('div', { id: 'clients-failed' }),
		];
	};

	return {
		path: '#/account',
		name: 'Your account',
		frame: () => {
			enrolled = null;
			return [
				h('section', { id: 'part-self' }),
				titled('own-password-title', 'Your password', h('div', { id: 'part-own-password' })),
				titled('own-authenticator-title', 'Your authenticator', h('div', { id: 'part-own-authenticator' })),
				titled('own-passkeys-title', 'Your passkeys', h('div', { id: 'part-own-passkeys' })),
				titled('own-clients-title', 'Browsers and programs it knows', h('div', { id: 'part-own-clients' })),
			];
		},
		read: async () => {
			const passkeys = await part(PASSKEYS, 'passkeys');
			const clients = await part(CLIENTS, 'clients');
			const kept = session() || {};
			let [account, name] = [kept.account, kept.name];
			if (!account) {
				const own = ((await part('/api/v1/sessions', 'sessions')).value || { sessions: [] }).sessions.find((one) => one.own);
				[account, name] = own ? [own.account, own.name] : [];
			}
			const own = account ? await part(`/api/v1/credentials?limit=100&account=${account}`, 'credentials') : {};
			return { name, passkeys, clients, ways: own.value ? own.value.credentials : null };
		},
		show: (now) => {
			document.title = 'Your account';
			const has = (kind) => (now.ways ? now.ways.some((one) => one.kind === kind) : null);
			putIfNew('self', now, () => answerPart(now));
			putIfNew('own-password', [has('password'), now.name], () => passwordPart(has('password'), now.name));
			putIfNew('own-passkeys', now.passkeys, () => passkeysPart(now.passkeys));
			putIfNew('own-clients', now.clients, () => clientsPart(now.clients));
			putIfNew('own-authenticator', has('totp'), () => authenticatorPart(has('totp')));
			if (enrolled && !byId('authenticator-secret'))
				showEnrolled();
		},
	};
}
