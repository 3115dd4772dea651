// SPDX-License-Identifier: Apache-2.0
// By what DNS names browsers reach the device: the certificate of an authority that they trust, how to get one over the key of the device's listener, and whether there are passkeys.

import { call, certificateKey, pem, readPem } from './api.js';
import { count, day, facts, fileField, form, h, lead, say, sure, titled, untold } from './dom.js';
import { noPasskeys } from './passkey.js';

const PATH = '/api/v1/names';
const FILE_MAX = 8192;
const SOON_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

export const ended = (until) => new Date(until) < Date.now();
const listed = (names) => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);

function answerPart({ known }) {
	if (!known.value)
		return untold('its names', known);
	const { names, until } = known.value;
	const left = (new Date(until) - Date.now()) / DAY_MS;
	if (!names.length)
		return lead('needs a part', 'This device has no name for browsers.', 'They reach it by its address, and warn of its certificate because nobody vouches for it. With a name and a certificate of an authority that they trust they stop warning, and people may use passkeys.');
	if (left < 0)
		return lead('not provided', `The certificate for ${listed(names)} has run out.`, 'Browsers warn of it, and no passkey works under it. Have a new one made over the same key, and give it to the device below.');
	if (left < SOON_DAYS)
		return lead('needs a part', `Browsers reach this device as ${listed(names)}, for ${count(Math.ceil(left), 'more day', 'more days')}.`, 'Then its certificate runs out. Have a new one made over the same key, and give it to the device below.');
	return lead('provided', `Browsers reach this device as ${listed(names)}.`, 'Whoever asks for one of these names is shown the certificate of your authority. By its address the device answers as before.');
}

// At this page's port: the name leads to the same door.
const urlOf = (name) => `https://${name}${location.port ? `:${location.port}` : ''}/`;

function passkeysPart({ known }) {
	const { names, until } = known.value || { names: [] };
	const here = noPasskeys();
	return [
		h('h2', { id: 'passkeys-offered' }, 'Are passkeys offered?'),
		!names.length ? h('p', {}, 'No. A browser has passkeys only under a name whose certificate it trusts. They are offered as soon as the device has one.')
			: ended(until) ? h('p', {}, 'No. Their certificate has run out, so browsers have no passkeys under them. Those that are enrolled work again as soon as it is renewed.')
			: [
				h('p', {}, 'Yes, under ', names.map((name, i) => [i ? ', ' : '', h('a', { href: urlOf(name) }, name)]), ', in browsers that trust the certificate. One that is enrolled under a name works under that name alone.'),
				h('p', {}, here ? `Not on this page, as it was opened: ${here.charAt(0).toLowerCase()}${here.slice(1)}` : ['This page was opened under a name: ', h('a', { href: '#/account' }, 'enrol one at your account'), '. A browser that does not trust the certificate says so then.']),
			],
	];
}

function keptPart({ known }, onRemove) {
	const { names, until } = known.value || { names: [] };
	return names.length ? [
		facts(['Names', h('span', { class: 'breaks' }, listed(names))], ['Certificate good until', day(until)]),
		h('p', {}, sure('drop-names', 'Take the names back', 'The device answers to its addresses alone then; what was opened by a name, this page too, finds nothing more. Passkeys of these names open nothing until they are given again.', `Take the names back from this device: ${listed(names)}`, onRemove)),
	] : [];
}

// The device has no operation that makes a request: its listener's key signs handshakes and nothing else.
function stepsPart({ known }) {
	if (!known.value)
		return [];
	const key = URL.createObjectURL(new Blob([pem(certificateKey(known.value.listener), 'PUBLIC KEY')], { type: 'application/x-pem-file' }));
	return h('ol', {},
		h('li', {}, 'Have the names lead to this device in your DNS: one to eight, whole ones, for example ', h('code', {}, 'pump.example'), '.'),
		h('li', {}, 'Save the public key of the device: ', h('a', { href: key, download: 'listener.pub', id: 'listener-key' }, 'listener.pub'), '. The private one never leaves it, and it signs no certificate request (CSR): your authority takes the public key as it is.'),
		h('li', {}, 'Have an authority that your browsers trust make a certificate for a TLS server over this key, with these names. With OpenSSL, where ', h('code', {}, 'names.cnf'), ' says ', h('code', { class: 'breaks' }, 'subjectAltName=DNS:pump.example'), ':',
			h('p', {}, h('code', { class: 'breaks' }, 'openssl x509 -new -subj /CN=pump.example -force_pubkey listener.pub -CA ca.pem -CAkey ca.key -days 365 -extfile names.cnf -out pump.pem'))),
		h('li', {}, 'Give the certificate to the device. A renewed one goes the same way; when the device changes hands its key is a new one, and the names end.'));
}

export function namesPlace({ change, part, putIfNew }) {
	let file = null;
	const give = async (chosen) => {
		const certificate = await readPem(chosen, 'CERTIFICATE');
		const wrong = certificate.length > FILE_MAX ? 'The file is too long for one certificate.' : certificate.includes('-----BEGIN CERTIFICATE-----') ? '' : 'This is no certificate.';
		file.setWrong(wrong);
		return wrong ? false : call('PUT', PATH, { body: { certificate } });
	};
	const onSet = async ({ file: chosen }) => {
		if (!await change('names-send', 'names-failed', () => give(chosen)))
			return;
		file.input.value = '';
		say('The device answers to these names now.');
	};
	const onRemove = async (button) => {
		if (await change(button, 'names-failed', () => call('DELETE', PATH)))
			say('The device answers to its addresses alone.');
	};
	return {
		path: '#/ways/names',
		name: 'Names',
		frame: () => {
			file = fileField('names-certificate', 'Its certificate', 'PEM or DER, one certificate; what was there before is replaced.', { accept: '.crt,.cer,.pem,.der' });
			return [
				h('section', { id: 'part-names' }),
				h('section', { 'id': 'part-names-kept', 'aria-label': 'The names' }),
				h('section', { 'id': 'part-passkeys', 'aria-labelledby': 'passkeys-offered' }),
				titled('names-get', 'Give it a name, or renew the certificate',
					h('div', { id: 'part-steps' }),
					form({ id: 'names', press: 'Give it to the device', fields: { file }, check: (typed) => ({ file: typed.file ? '' : 'Choose the file with the certificate.' }), send: onSet })),
			];
		},
		read: async () => ({ known: await part(PATH) }),
		show: (now) => {
			document.title = 'Names for browsers';
			putIfNew('names', now, () => answerPart(now));
			putIfNew('names-kept', now, () => keptPart(now, onRemove));
			putIfNew('passkeys', [now, noPasskeys()], () => passkeysPart(now));
			putIfNew('steps', now.known.value && now.known.value.listener, () => stepsPart(now));
		},
	};
}
