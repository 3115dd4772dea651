// SPDX-License-Identifier: Apache-2.0
// Once more, who one is: what is too dangerous for an old session asks for a login of a moment ago, in a dialog over the place, and is done then. What stands on
// the page stays. The login is the same as any other, so whatever the device asks for is asked here too.

import { call, get, keepSession, session } from './api.js';
import { byId, h, say, show } from './dom.js';
import { loginSection } from './login.js';
import { noticeParts, readNotice } from './notice.js';

const TITLE = 'Once more, who you are.';

export function stopProving() {
	if (byId('prove'))
		byId('prove').close();
}

// The page's own heading is there already: in here what would be one comes second.
const lower = (one) => (one.tagName === 'H1' ? h('h2', {}, one.textContent) : one);

// The fresh session takes the place of the one before, which is not ended: what hangs on it, as a shared account's session, goes on.
// What both tell of who came in before them stays until a person has put it away: somebody else may have come in between.
function replace(kept, reply) {
	const { previous, previous_how, previous_from, before = [], earlier = [] } = kept;
	const told = previous ? [...earlier, { previous, previous_how, previous_from }] : earlier;
	keepSession({ ...reply, before: [...before, kept.token], earlier: told });
}

// Who has signed out meanwhile, or left it, comes in by nothing that was under way: its session ends.
const unwanted = (reply) => call('DELETE', '/api/v1/sessions/current', { token: reply.token }).catch(() => null);

// busy: of the frame. Answers with a function that asks, and says whether there was a login: one at a time, and not where nobody knows whose session it is.
export const proving = (busy) => () => new Promise((resolve) => {
	const kept = session();
	if (!kept || !kept.name || kept.own || byId('prove')) { // own: a shared account’s, which has no login of its own
		resolve(false);
		return;
	}
	let [proven, provider] = [false, '']; // provider: what the organization calls the one by which people may log in, too
	const box = h('div', { id: 'prove-box' });
	const dialog = h('dialog', { id: 'prove', 'aria-labelledby': 'prove-title', onclose: () => {
		dialog.remove();
		resolve(proven);
	} },
	h('h2', { id: 'prove-title' }, TITLE),
	box,
	h('p', {}, h('button', { type: 'button', class: 'second', id: 'prove-leave', onclick: () => dialog.close() }, 'Leave it')));
	const page = (title, ...children) => {
		say(title);
		show(box, children.flat(Infinity).filter(Boolean).map(lower));
		const first = box.querySelector('input:not([readonly]), button');
		if (first)
			first.focus();
	};
	const arrive = async (reply) => {
		if (!dialog.open || (session() || {}).token !== kept.token) {
			await unwanted(reply);
			dialog.close();
			return;
		}
		replace(kept, reply);
		proven = true;
		say('The device knows you; what you asked for is done now.');
		dialog.close();
	};
	const begin = (why, accepted) => page(TITLE,
		why ? h('p', { class: 'note' }, why) : null,
		h('p', { class: 'lead' }, 'What you are about to do is too dangerous for a session that somebody may have left open. Log in again, and it is done.'),
		provider ? h('p', { id: 'prove-provider' }, `If you come in by ${provider}: leave it, sign out, log in by ${provider} again, and do it once more.`) : null,
		loginSection({ page, busy, accepted, arrive, begin: (told) => begin(told, accepted), renotice, who: kept.name }));
	const renotice = async () => {
		const notice = await readNotice().catch(() => null);
		provider = (await get('/api/v1/commissioning').catch(() => ({}))).provider || '';
		if (notice)
			page('Before you sign in', noticeParts(notice, () => begin('', notice.digest)));
		else
			begin('');
	};
	document.body.append(dialog);
	dialog.showModal();
	renotice();
});
