// SPDX-License-Identifier: Apache-2.0
// Logging in by the organization's OpenID Connect provider: the device says where to, the browser goes there and comes back to this page with what it was given.
//
// What the device handed out when it began stands in this tab's sessionStorage and in no address: without it nothing that comes back opens anything, so that nobody
// can have this browser finish a login that he began himself. What comes back is taken out of the address before anything else is done.

import { h, titled } from './dom.js';

const BEGUN = 'thingward.outside';

function begun() {
	try {
		return JSON.parse(sessionStorage.getItem(BEGUN)) || {};
	} catch {
		return {};
	}
}

// Off to the provider.
export function goThere({ login, location: there }, accepted) {
	const place = new URL(there);
	if (place.protocol !== 'https:')
		throw new Error('The device sends this browser to a place that is not https.');
	sessionStorage.setItem(BEGUN, JSON.stringify({ login, accepted, state: place.searchParams.get('state') }));
	location.assign(place.href);
}

// Null: nobody comes back from there. Else either what goes on, or why nothing does.
export function takeReturn() {
	const said = new URLSearchParams(location.search);
	const state = said.get('state');
	if (!state || !(said.has('code') || said.has('error')))
		return null;
	history.replaceState(null, '', location.pathname + location.hash);
	const kept = begun();
	if (kept.state !== state)
		return { why: 'This login was not begun in this tab, or not at this address. Begin again here.' };
	sessionStorage.removeItem(BEGUN);
	if (!said.get('code'))
		return { accepted: kept.accepted, why: `The provider did not log you in (${said.get('error').replace(/[^a-z_]/g, '').slice(0, 40)}).` };
	const issuer = said.get('iss');
	return { accepted: kept.accepted, body: { login: kept.login, state, answer: said.get('code'), ...(issuer ? { issuer } : {}) } };
}

export function outsideSection(provider, press) {
	return titled('by-provider', `By ${provider}`,
		h('p', {}, 'You log in there, and come back here.'),
		h('div', { id: 'outside-failed' }),
		h('p', {}, h('button', { type: 'button', id: 'outside', onclick: press }, `Log in with ${provider}`)));
}
