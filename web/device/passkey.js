// SPDX-License-Identifier: Apache-2.0
// Passkeys (WebAuthn), by the browser: made for this page's name, and asked to sign for it. A browser has them under a DNS name alone, and only where it
// trusts the page's certificate; where it has none the page says why instead of offering them.

import { Refused, fromBase64, toBase64url } from './api.js';

const coded = (buffer) => toBase64url(new Uint8Array(buffer));
const known = (credentials) => credentials.map((id) => ({ type: 'public-key', id: fromBase64(id) }));
const ES256 = -7;
const EDDSA = -8;
const PATIENCE = 120000;

const UNTRUSTED = 'This browser has no passkeys here. It wants a certificate that it trusts, of an authority that your organization has told it about.';
let untrusted = false; // a browser says so only when it is asked for one

// Why there are no passkeys here; '' when there are.
export function noPasskeys() {
	const host = location.hostname;
	if (/^[\d.]+$|^\[|^localhost$/.test(host))
		return 'This page was opened by an address. A browser has passkeys only for a name: open the page under the DNS name that the owner has given the device.';
	return untrusted || !window.isSecureContext || !window.PublicKeyCredential ? UNTRUSTED : '';
}

// What came of it. When the person, the authenticator or its own rules say no, a browser does not tell which.
function refusal({ name, message }) {
	untrusted = /certificate/i.test(message);
	if (untrusted)
		return { title: 'This browser does not trust the certificate of this page', detail: UNTRUSTED, next: 'Ask whoever looks after this device and its name.' };
	if (name === 'InvalidStateError')
		return { title: 'This authenticator has a passkey of yours already', next: 'Use another one.' };
	return { title: 'There was no passkey', detail: 'Nobody touched one in time, or it was refused.', next: 'Try again. When nothing is asked at all, look at how the browser judges this page’s certificate.' };
}

async function asked(work) {
	try {
		return await work();
	} catch (error) {
		throw new Refused(0, refusal(error));
	}
}

export const makePasskey = ({ challenge, site, name, user, credentials }) => asked(async () => {
	const { response } = await navigator.credentials.create({ publicKey: {
		challenge: fromBase64(challenge), rp: { id: site, name: site }, user: { id: new TextEncoder().encode(user), name, displayName: name },
		pubKeyCredParams: [ES256, EDDSA].map((alg) => ({ type: 'public-key', alg })), excludeCredentials: known(credentials),
		authenticatorSelection: { residentKey: 'discouraged', userVerification: 'discouraged' }, attestation: 'none', timeout: PATIENCE } });
	return { client_data: coded(response.clientDataJSON), authenticator_data: coded(response.getAuthenticatorData()) };
});

export const usePasskey = ({ challenge, site, credentials }) => asked(async () => {
	const { rawId, response } = await navigator.credentials.get({ publicKey: { challenge: fromBase64(challenge), rpId: site, allowCredentials: known(credentials), userVerification: 'discouraged', timeout: PATIENCE } });
	return { credential: coded(rawId), client_data: coded(response.clientDataJSON), authenticator_data: coded(response.authenticatorData), signature: coded(response.signature) };
});
