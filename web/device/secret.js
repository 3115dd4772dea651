// SPDX-License-Identifier: Apache-2.0
// @nist LA.AS.3: fields for secrets: passwords, codes, the label's. What is typed there is masked until somebody presses for it, is masked again when it
// is sent, and leaves the page with the form. Nothing keeps a password out of a password manager, or from being pasted.

import { field, h } from './dom.js';

// autocomplete: current-password, new-password or one-time-code. raw: blanks at its ends count.
export function secretField(id, label, hint, autocomplete, { raw = true, ...attributes } = {}) {
	const one = field(id, label, hint, { type: 'password', autocomplete, maxlength: 1024, ...attributes });
	const press = h('button', { 'type': 'button', 'class': 'second', 'id': `${id}-show`, 'aria-pressed': 'false', 'aria-label': `Show what is typed: ${label}`, 'onclick': () => shown(one.input.type === 'password') }, 'Show');
	const shown = (is) => {
		one.input.type = is ? 'text' : 'password';
		press.textContent = is ? 'Hide' : 'Show';
		press.setAttribute('aria-pressed', String(is));
	};
	one.box.append(h('div', { class: 'with-button' }, one.input, press));
	return Object.assign(one, { raw, mask: () => shown(false) });
}

export const codeField = (id, label, hint) => secretField(id, label, hint, 'one-time-code', { raw: false, inputmode: 'numeric', maxlength: 16, class: 'code-input' });

// Both times the same; what else may be wrong with it the device says.
export const newPasswordFields = (id) => ({
	fresh: secretField(`${id}-fresh`, 'New password', 'At least 15 characters, or more where the owner wants more. Several words that do not belong together are long and easy to keep in mind. There are no rules of digits and signs.', 'new-password'),
	again: secretField(`${id}-again`, 'The same once more', 'So that a slip does not shut you out.', 'new-password'),
});

export const newPasswordWrong = ({ fresh, again }) => ({
	fresh: fresh ? '' : 'Type the new password.',
	again: fresh && again !== fresh ? 'This is not what stands above.' : '',
});
