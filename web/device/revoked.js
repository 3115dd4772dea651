// SPDX-License-Identifier: Apache-2.0
// Lists of revoked certificates: those that the device keeps, how old each is and whether it still counts, a new one from a file, and
// the removal of one. What the device said comes in; the buttons ask it.

import { call, post, readPem } from './api.js';
import { fileField, form, h, moment, say, shape, sure, table, trouble } from './dom.js';

const PATH = '/api/v1/certificates/crls';
const DAY_MS = 24 * 3600 * 1000;
const LIST_MAX = 34000; // as the operation's own: of text
const AUTHORITY_MAX = 4096;
const count = (number, one, many) => (number === 1 ? `One ${one}` : `${number} ${many}`);

// ---- what the device says ----

function answer({ value }) {
	if (!value)
		return ['not provided', 'This device does not say which lists it keeps.', 'What it answered stands below.'];
	const { lists } = value;
	const over = lists.filter((one) => one.over).length;
	if (!lists.length)
		return ['provided', 'No list of revoked certificates is kept.', 'An authority’s own list says which of its certificates it has taken back. Once it is here they are refused, of other devices too.'];
	if (over)
		return ['not provided', `${count(over, 'list is', 'lists are')} over.`, 'Whatever its authority vouches for is refused until its next list is here, or this one is removed.'];
	return ['provided', `${count(lists.length, 'list', 'lists')} of revoked certificates ${lists.length === 1 ? 'counts' : 'count'}.`, 'What stands on it is refused, of other devices too. A list that comes to its end makes everything of its authority refused, so bring the next one in time.'];
}

function answerPart(now) {
	const [status, title, what] = answer(now);
	return [h('h1', { class: 'answer' }, shape(status), h('span', {}, title)), h('p', { class: 'lead' }, what), now.error ? trouble(now.error) : null];
}

// In whole days by this browser's clock; '' when that makes no sense.
function age(text) {
	const days = Math.floor((Date.now() - new Date(text || NaN).getTime()) / DAY_MS);
	return days < 0 || Number.isNaN(days) ? '' : days === 0 ? ', less than a day ago' : days === 1 ? ', one day ago' : `, ${days} days ago`;
}

function row(one, i, remove) {
	const whose = one.issuer || 'an authority without a name';
	return [
		[h('span', { class: 'breaks' }, whose), h('span', { class: 'rest' }, `takes back ${one.entries === 1 ? '1 certificate' : `${one.entries} certificates`}`)],
		String(one.number),
		[moment(one.this_update), age(one.this_update)],
		h('span', { class: 'state' }, shape(one.over ? 'not provided' : 'provided'), h('span', {}, one.over ? 'over since ' : 'until ', moment(one.next_update))),
		sure(`drop-list-${i}`, 'Remove', 'What it takes back is no longer refused because of it.', `Remove list ${one.number} of ${whose}`, (button) => remove(button, one)),
	];
}

function listsPart({ value }, remove) {
	const lists = value ? value.lists : [];
	return [
		h('h2', { id: 'lists' }, 'The lists'),
		lists.length ? table('Of each authority the list with the highest number that was brought.', ['Authority', 'Number', 'Made', 'Counts', ''], lists.map((one, i) => row(one, i, remove)))
			: value ? h('p', {}, 'There is none.') : null,
	];
}

// ---- a list from a file ----

const fields = () => ({
	crl: fileField('list-crl', 'The list', 'As the authority publishes it, usually a file that ends in .crl; PEM or DER.', { accept: '.crl,.pem,application/pkix-crl' }),
	issuer: fileField('list-issuer', 'The authority’s certificate', 'Only for an authority that is not among those you trust for other devices.', { accept: '.crt,.cer,.pem,.der' }),
});

function wrongFiles({ crl, issuer }) {
	return {
		crl: !crl ? 'Choose the file with the list.' : crl.size > LIST_MAX ? 'The file is too long for a list that the device takes: 24 KiB.' : '',
		issuer: issuer && issuer.size > AUTHORITY_MAX ? 'The file is too long for one certificate.' : '',
	};
}

function wrongTexts({ crl, issuer }) {
	return { // as the device counts: what is DER in the file is a third longer here
		crl: crl.length > LIST_MAX ? 'The file is too long for a list that the device takes: 24 KiB.' : crl.includes('-----BEGIN X509 CRL-----') ? '' : 'This is no list of revoked certificates.',
		issuer: issuer.length > AUTHORITY_MAX ? 'The file is too long for one certificate.' : !issuer || issuer.includes('-----BEGIN CERTIFICATE-----') ? '' : 'This is no certificate.',
	};
}

// ---- the place ----

export function revokedPlace({ change, part, putIfNew }) {
	const files = fields();

	const add = async (chosen) => {
		const texts = { crl: await readPem(chosen.crl, 'X509 CRL'), issuer: await readPem(chosen.issuer, 'CERTIFICATE') };
		const wrong = wrongTexts(texts);
		files.issuer.setWrong(wrong.issuer);
		files.crl.setWrong(wrong.crl);
		return wrong.crl || wrong.issuer ? false : post(PATH, texts.issuer ? texts : { crl: texts.crl });
	};
	const onAdd = async (chosen) => {
		if (!await change('list-send', 'list-failed', () => add(chosen)))
			return;
		files.crl.input.value = '';
		files.issuer.input.value = '';
		say('The list counts now.');
	};
	const onRemove = async (button, one) => {
		if (await change(button, 'list-failed', () => call('DELETE', `${PATH}/${encodeURIComponent(one.fingerprint)}`)))
			say(`List ${one.number} is gone.`);
	};

	return {
		path: '#/revoked',
		name: 'Revoked',
		frame: () => [
			h('section', { id: 'part-revoked' }),
			h('section', { 'aria-labelledby': 'lists' },
				h('div', { id: 'part-lists' }),
				h('h3', {}, 'Add a list'),
				form({ id: 'list', press: 'Add the list', fields: files, check: wrongFiles, send: onAdd })),
		],
		read: () => part(PATH),
		show: (now) => {
			document.title = 'Revoked certificates';
			putIfNew('revoked', now, () => answerPart(now));
			putIfNew('lists', now, () => listsPart(now, onRemove));
		},
	};
}
