// SPDX-License-Identifier: Apache-2.0
// Passkeys on the pages of the manufacturer's server. A browser asks for one by a script alone: this one asks, puts what came of it into the page's form, and
// sends that. It knows no words, sends nothing by itself, and puts nothing into the page but values of hidden fields.
'use strict';
(() => {
	const PATIENCE = 120000;
	const ES256 = -7;
	const EDDSA = -8;
	const part = (id) => document.getElementById(id);
	const form = document.querySelector('#passkey form');
	const field = (name) => form.elements.namedItem(name);
	const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
	const coded = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	const known = () => (part('passkey-known')?.value ?? '').split(' ').filter(Boolean).map((id) => ({ type: 'public-key', id: bytes(id) }));

	const make = async (common) => {
		const name = part('passkey-name').value;
		const { response } = await navigator.credentials.create({ publicKey: {
			...common, rp: { id: part('passkey-site').value, name: part('passkey-site').value }, attestation: 'none',
			user: { id: new TextEncoder().encode(part('passkey-user').value), name, displayName: name },
			pubKeyCredParams: [ES256, EDDSA].map((alg) => ({ type: 'public-key', alg })), excludeCredentials: known(),
			authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' } } });
		return { client_data: response.clientDataJSON, authenticator_data: response.getAuthenticatorData() };
	};
	// Beside a password, or behind it, whoever holds it need not be seen by the authenticator.
	const show = async (common) => {
		const userVerification = field('second') || field('password')?.value ? 'discouraged' : 'required';
		const { rawId, response } = await navigator.credentials.get({ publicKey: { ...common, rpId: part('passkey-site').value, allowCredentials: known(), userVerification } });
		return { credential: rawId, client_data: response.clientDataJSON, authenticator_data: response.authenticatorData, signature: response.signature };
	};

	const ask = async () => {
		part('passkey-failed').hidden = true;
		const said = await (field('label') ? make : show)({ challenge: bytes(field('challenge').value), timeout: PATIENCE });
		for (const [name, value] of Object.entries(said))
			field(name).value = coded(value);
		form.submit();
	};

	if (!form || !window.PublicKeyCredential)
		return;
	part('passkey-without').hidden = true;
	part('passkey').hidden = false;
	form.addEventListener('submit', (event) => {
		event.preventDefault();
		ask().catch(() => { part('passkey-failed').hidden = false; });
	});
})();
