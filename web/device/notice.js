// SPDX-License-Identifier: Apache-2.0
// The organization's use notice: read before anybody signs in, and held on the page until it is accepted.

import { get } from './api.js';
import { h } from './dom.js';

// What a browser accepts is the digest of the text it showed, counted here, so that nobody accepts what he did not see.
async function digestOf(text) {
	const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// The text and its digest; null when there is nothing to accept.
export async function readNotice() {
	const { text } = await get('/api/v1/notice');
	return text ? { text, digest: await digestOf(text) } : null;
}

export function noticeParts(notice, accept) {
	return [
		h('h1', {}, 'Before you sign in'),
		h('p', { class: 'lead' }, 'Whoever looks after this device asks you to read this and to accept it.'),
		h('section', { class: 'notice', id: 'notice', tabindex: '0', 'aria-label': 'Use notice' }, notice.text),
		h('p', {}, h('button', { type: 'button', id: 'accept', onclick: accept }, 'I accept')),
		h('p', { class: 'quiet' }, 'If you do not accept it, close this page. That you accepted it is recorded when you sign in.')];
}
