// SPDX-License-Identifier: Apache-2.0
// To whom data of this device may be given, what, and by whom; and giving it, sealed for the recipient.

import { call, getAll, post, readPem } from './api.js';
import { byId, choice, count, detail, facts, field, fileField, form, h, lead, say, several, show, sure, titled, trouble, words } from './dom.js';
import { origin } from './setting.js';

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const CERTIFICATE_MAX = 4096;
const DATA = [['telemetry', 'What the product’s own program says of itself'], ['log', 'The newest records of the log'], ['identity', 'Which unit this is']];
const KINDS = ['person', 'service', 'shared', 'temporary', 'emergency', 'supporting'].map((one) => [one, words(one)]);
const pathOf = (name) => `/api/v1/recipients/${encodeURIComponent(name)}`;
const listOf = (text) => text.split(' ').filter(Boolean);

function answerPart({ all }) {
	if (!all.value)
		return lead('not provided', 'This device does not tell you its recipients.', 'An owner, an admin or an auditor may ask it. What your roles may give somebody you give by his name, below.', all);
	const number = all.value.recipients.length;
	return lead('provided', number ? `Data of this device may be given to ${count(number, 'recipient', 'recipients')}.` : 'Data of this device may be given to nobody.', 'What is given is signed by the device and sealed for the recipient’s key. Nobody gives what he may not read himself.');
}

function recipientRow(one, i, { take, remove }) {
	const was = byId(`recipient-${i}`);
	const given = DATA.filter(([data]) => one[data]).map(([data]) => data);
	return detail(`recipient-${i}`, Boolean(was && was.open), h('span', { class: 'text' }, h('strong', { class: 'breaks' }, one.name), ` ${given.length ? `is given ${given.join(', ')}` : 'is given nothing'}`), [
		facts(['For', one.purpose || 'nothing is said of it'], ...DATA.map(([data, what]) => [what, one[data] ? `by whoever has the role ${listOf(one[data]).join(' or ')}` : 'by nobody']), ['Kinds of accounts', listOf(one.kinds).join(', ') || 'all'],
			['Changed by', one.owners ? 'owners alone: an owner put it here' : 'whoever changes access']),
		detail(`key-${i}`, false, h('span', { class: 'text' }, 'His certificate'), h('pre', { class: 'scroll', tabindex: '0' }, one.certificate)),
		h('p', {}, h('button', { 'type': 'button', 'class': 'second', 'id': `take-recipient-${i}`, 'aria-label': `Change: ${one.name}`, 'onclick': () => take(one) }, 'Change'), ' ',
			sure(`drop-recipient-${i}`, 'Remove', 'He is given nothing more. What was given stays given.', `Remove: the recipient ${one.name}`, (button) => remove(button, one))),
	]);
}

// The sealed answer, as a file for the recipient, who opens it with his own key.
function sealedPart({ recipient, key, data, sealed }) {
	const href = URL.createObjectURL(new Blob([sealed], { type: 'application/jose' }));
	const name = `${recipient}-${data}.jwe`;
	return [
		h('p', { class: 'done' }, 'Sealed for him alone. ', h('a', { href, download: name, id: 'sealed-file' }, `Save ${name}`)),
		h('p', {}, 'He opens it with his key: ', h('code', { class: 'breaks' }, `thingward export open ${name} --key recipient.key --anchor manufacturer.crt`)),
		h('p', { class: 'quiet' }, 'For the key with the SHA-256 ', h('code', { class: 'breaks' }, key)),
	];
}

export function recipientsPlace({ again, busy, change, leave, part, putIfNew }) {
	const by = (data, what) => several(`by-${data}`, `${what}: given by these roles; none: by nobody`);
	const fields = {
		name: field('recipient-name', 'Name', 'Small letters, digits and hyphens. A recipient that has it is replaced.', { maxlength: 32 }),
		purpose: field('recipient-purpose', 'What he is given it for', 'In a few words.', { maxlength: 160, class: 'wide' }),
		file: fileField('recipient-certificate', 'His certificate', 'PEM or DER, with a P-256 key. To change one that is here, choose none and his present one stays.', { accept: '.crt,.pem,.cer,.der' }),
		...Object.fromEntries(DATA.map(([data, what]) => [data, by(data, what)])),
		kinds: several('recipient-kinds', 'Only by these kinds of accounts; none: by every kind'),
	};
	fields.kinds.fill(KINDS);
	const share = {
		name: field('share-name', 'To whom', 'The recipient’s name.', { maxlength: 32, list: 'recipients' }),
		data: choice('share-data', 'What', DATA, 'telemetry'),
	};
	let known = [];
	const find = (all, name) => all.find((one) => one.name === name);
	const stood = origin(async (name) => find((await getAll('/api/v1/recipients', 'recipients')).recipients, name), again);
	const nameWrong = (name) => (NAME.test(name) ? '' : 'A small letter, then small letters, digits and hyphens; 32 at most.');
	const kept = (name) => (find(known, name) || { certificate: '' }).certificate;
	const fill = (one) => {
		fields.name.input.value = one.name;
		fields.purpose.input.value = one.purpose;
		fields.file.input.value = '';
		for (const key of ['telemetry', 'log', 'identity', 'kinds'])
			fields[key].value = listOf(one[key]);
	};
	const check = ({ name, file }) => ({ name: nameWrong(name), file: !file ? (kept(name) ? '' : 'Choose the file with his certificate.') : file.size > CERTIFICATE_MAX ? 'The file is too long for one certificate.' : '' });

	const onPut = async ({ name, purpose, file, kinds, ...given }) => {
		const body = { purpose, ...Object.fromEntries(DATA.map(([data]) => [data, given[data].join(' ')])), kinds: kinds.join(' ') };
		if (!await change('recipient-send', 'recipient-failed', async () => {
			await stood.hold(name, find(known, name));
			await call('PUT', pathOf(name), { body: { ...body, certificate: file ? await readPem(file, 'CERTIFICATE') : kept(name) } });
		}))
			return;
		stood.rest();
		fill({ name: '', purpose: '', telemetry: '', log: '', identity: '', kinds: '' });
		say(`The recipient ${name} counts now.`);
	};
	const remove = async (button, one) => {
		if (await change(button, 'recipients-failed', () => call('DELETE', pathOf(one.name))))
			say(`The recipient ${one.name} is gone.`);
	};
	const take = (one) => {
		fill(one);
		stood.begin(one.name, one);
		fields.name.input.focus();
		say(`${one.name} stands in the form below.`);
	};
	const onShare = ({ name, data }) => busy(byId('share-send'), async () => {
		try {
			show(byId('share-failed'), sealedPart(await post(pathOf(name), { data })));
			say('What is shared is ready, sealed.');
		} catch (error) {
			if (error.status === 401)
				leave('Your session has ended.');
			else
				show(byId('share-failed'), trouble(error));
		}
	});

	return {
		path: '#/access/recipients',
		name: 'Recipients',
		frame: () => [
			h('section', { id: 'part-recipients' }),
			h('div', { id: 'part-recipients-all' }),
			h('div', { id: 'recipients-failed' }),
			titled('share', 'Give somebody something',
				form({ id: 'share', press: 'Seal it', fields: share, check: ({ name }) => ({ name: nameWrong(name) }), send: onShare }),
				h('datalist', { id: 'recipients' })),
			titled('recipient', 'List one, or change it',
				form({ id: 'recipient', press: 'Keep the recipient', fields, check, send: onPut })),
		],
		read: async () => ({ all: await part('/api/v1/recipients', 'recipients'), roles: await part('/api/v1/roles', 'roles') }),
		show: (now) => {
			known = now.all.value ? now.all.value.recipients : known;
			document.title = 'Recipients';
			putIfNew('recipients', now.all, () => answerPart(now));
			putIfNew('recipients-all', now.all, () => (now.all.value && known.length ? [h('h2', {}, 'All of them'), known.map((one, i) => recipientRow(one, i, { take, remove }))] : []));
			byId('recipients').replaceChildren(...known.map((one) => h('option', { value: one.name })));
			if (now.roles.value) // else what is chosen stays
				for (const [data] of DATA)
					fields[data].fill(now.roles.value.roles.filter((one) => one.assignable).map((one) => [one.name, one.name]));
		},
	};
}
