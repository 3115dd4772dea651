// SPDX-License-Identifier: Apache-2.0
// When nobody can come in any more: what would be gone, asking the device for it, and waiting until somebody there confirms it. This page ends nothing
// itself, and never sees the new secret.

import { Refused, forgetRecovery, keepRecovery, post } from './api.js';
import { byId, h, minutes, say, show, trouble } from './dom.js';

const ASK_MS = 2000;

export const recoverNote = (begin) => h('section', { class: 'note', 'aria-labelledby': 'nobody' },
	h('h2', { id: 'nobody' }, 'Nobody can come in any more?'),
	h('p', {}, 'There is no password from the factory, and no code that works for every device. Whoever stands at the device can end its ownership, and it can be taken over anew.'),
	h('p', {}, h('button', { type: 'button', class: 'second', id: 'recover', onclick: begin }, 'Recover this device')));

const doneParts = () => [
	h('h1', {}, 'Ownership has ended.'),
	h('p', { class: 'lead' }, 'The secret on the label works no more. The device’s console shows a new one, once: write it down. If the button ended ownership, type recover there to be told one.'),
	h('p', {}, 'The device has made itself a new key, too, so your browser may ask about its certificate.'),
	h('p', {}, h('button', { type: 'button', id: 'go-on', onclick: () => location.reload() }, 'Take it over'))];

function places(pending) {
	const byConsole = h('li', {}, 'At its console, type ', h('code', {}, 'recover'), '. It shows this code too: compare, then type it.');
	const byButton = h('li', {}, 'Or hold its button for five seconds, within a minute of asking. It shows no code, so press only if nobody else may have asked. It shows no secret either: you get that at the console.');
	if (!pending.console)
		return h('p', {}, 'This device has no console connected. Connect a terminal to it: without one nobody gets the new secret.');
	return h('ul', {}, byConsole, pending.button ? byButton : null);
}

// page(title, ...parts) shows a page, back() the ways to sign in, repeat(work, ms) does something later while the page stands.
export function waitPage(pending, { page, back, repeat }) {
	const left = h('span', {});
	const state = h('div', { id: 'recovery-state' });
	const leave = () => {
		forgetRecovery();
		back();
	};
	const lost = () => h('div', { class: 'note' },
		h('p', {}, 'The device has stopped answering this page. If you have confirmed it, it has made itself a new key that your browser wants to ask you about.'),
		h('p', {}, h('button', { type: 'button', id: 'reload', onclick: () => location.reload() }, 'Ask again')));
	page('Now confirm it at the device.',
		h('h1', {}, 'Now confirm it at the device.'),
		h('p', { class: 'lead' }, 'Nothing has changed yet. Go to the device:'),
		places(pending),
		h('p', { class: 'code' }, h('code', { id: 'recovery-code' }, pending.code)),
		h('p', {}, 'This page goes on by itself. ', left),
		state,
		h('p', {}, h('button', { type: 'button', class: 'second', id: 'leave-it', onclick: leave }, 'Leave it')));
	const ask = async () => {
		left.textContent = pending.ends > Date.now() ? `It holds for ${minutes(pending.ends - Date.now())} more.` : 'It is too old now.';
		try {
			if ((await post('/api/v1/recovery/state', { request: pending.request })).state === 'recovered') {
				forgetRecovery();
				page('Ownership has ended.', ...doneParts());
				return;
			}
			show(state);
		} catch (error) {
			if (error instanceof Refused) {
				show(state, trouble(error));
				if (error.status === 404) {
					forgetRecovery();
					return;
				}
			} else if (!byId('reload'))
				show(state, lost());
		}
		repeat(ask, ASK_MS);
	};
	repeat(ask, ASK_MS);
}

export function recoverPage(ways) {
	const failed = h('div', { id: 'recovery-failed' });
	const button = h('button', { type: 'button', id: 'ask-recovery' }, 'Ask the device');
	button.addEventListener('click', () => ways.busy(button, async () => {
		try {
			const reply = await post('/api/v1/recovery');
			const pending = { ...reply, ends: Date.now() + reply.expires_in_s * 1000 };
			keepRecovery(pending);
			waitPage(pending, ways);
		} catch (error) {
			show(failed, trouble(error));
			say(error.message);
		}
	}));
	ways.page('Recover this device.',
		h('h1', {}, 'Recover this device.'),
		h('p', { class: 'lead' }, 'Only when every password, key and code is lost. You have to stand at the device to confirm it.'),
		h('p', {}, 'Gone will be:'),
		h('ul', {},
			h('li', {}, 'every owner and account, with passwords, keys and sessions'),
			h('li', {}, 'every changed setting, role and rule, and what the product keeps for its owner'),
			h('li', {}, 'the secret on the label, which stops working; the device shows a new one')),
		h('p', {}, 'Kept: the record of what happened, this recovery in it, and the device’s identity. It cannot be undone.'),
		failed,
		h('p', { class: 'with-button' }, button, h('button', { type: 'button', class: 'second', id: 'leave-it', onclick: ways.back }, 'Leave it as it is')));
}
