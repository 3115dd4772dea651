// SPDX-License-Identifier: Apache-2.0
// Which device this is: its number and its label, whom it is assigned to, the check of its signed statement, and a report to take
// along. What the device said comes in; the buttons ask it.

import { call, checkIdentity, fromBase64, post, random, toBase64url } from './api.js';
import { byId, choice, day, facts, field, form, h, moment, say, shape, show, sure, titled, trouble, words } from './dom.js';

const KINDS = { person: 'a person', process: 'a process', nobody: 'nobody' };
const NONCE = /^[A-Za-z0-9_-]{22,86}$/;

// ---- what the device says ----

function whoPart({ value, error }) {
	if (!value)
		return [h('h1', {}, 'This device does not say which one it is.'), trouble(error)];
	return [
		h('h1', {}, `This is ${value.model}, number ${value.physical_id}.`),
		h('p', { class: 'lead' }, 'The number stands on its label too; the last character is a check against misreading.'),
		facts(
			['Identifier', h('code', { class: 'breaks' }, value.identifier)],
			['Product version', value.product_version],
			['Certificate valid until', /^9999/.test(value.certificate_not_after) ? 'no end: it lives as long as the device' : day(value.certificate_not_after)]),
	];
}

function certificatePart({ value }) {
	return value ? [h('details', { class: 'reason', id: 'certificate' },
		h('summary', { id: 'summary-certificate' }, h('span', { class: 'text' }, 'Its certificate')),
		h('pre', { class: 'scroll', tabindex: '0' }, value.certificate))] : [];
}

function historyRow(one) {
	const rest = [one.contact, one.reference].filter(Boolean).join('; ');
	return h('tr', {},
		h('td', { 'data-label': 'Since' }, moment(one.since)),
		h('td', { 'data-label': 'To' }, h('span', {}, one.name ? `${one.name}, ${KINDS[one.kind] || one.kind}` : 'nobody'), rest ? h('span', { class: 'rest' }, rest) : null),
		h('td', { 'data-label': 'Said by' }, h('span', {}, one.by)));
}

function historyTable(history) {
	return h('details', { class: 'reason', id: 'assignments' },
		h('summary', { id: 'summary-assignments' }, h('span', { class: 'text' }, 'Whom it was assigned to')),
		h('div', {}, h('table', { class: 'log stacks' },
			h('caption', {}, 'Latest first; the 16 latest are kept, until ownership ends.'),
			h('thead', {}, h('tr', {}, ['Since', 'To', 'Said by'].map((name) => h('th', { scope: 'col' }, name)))),
			h('tbody', {}, history.map(historyRow)))));
}

function assignedPart({ value, error }, onClear) {
	if (!value)
		return [h('h2', { id: 'assigned' }, 'Whom it is assigned to'), trouble(error)];
	const to = value.assigned_to;
	return [
		h('h2', { id: 'assigned' }, 'Whom it is assigned to'),
		to ? facts([to.kind === 'process' ? 'Process' : 'Person', to.name], to.contact ? ['Reached by', to.contact] : null, to.reference ? ['Your sign', to.reference] : null,
			['Since', [moment(to.since), ', said by ', to.by]]) : h('p', {}, 'Nobody.'),
		to ? h('p', {}, sure('unassign', 'Assign it to nobody', 'It stays in the history.', 'Assign it to nobody', onClear)) : null,
		value.history.length ? historyTable(value.history) : null,
	];
}

// ---- the check ----

const CLAIMS = {
	eat_nonce: 'Your random number',
	eat_profile: 'Kind of statement',
	hwmodel: 'Model',
	iat: 'Signed at',
	sub: 'Identifier',
	swname: 'Software',
	swversion: 'Its version',
	thingward_exporter: 'This connection',
	thingward_product_version: 'Product version',
	thingward_time_trusted: 'Clock trusted',
};

// Claims of RFC 9711 as a person reads them: a model is text in base64url, a version comes in an array.
function claimText(name, value) {
	if (name === 'hwmodel')
		return new TextDecoder().decode(fromBase64(String(value)));
	if (typeof value === 'boolean')
		return value ? 'yes' : 'no';
	return Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function claimValue(name, value) {
	if (name === 'iat' && typeof value === 'number')
		return moment(new Date(value * 1000).toISOString());
	return h('code', { class: 'breaks' }, claimText(name, value));
}

function checkPart(result) {
	const all = result.checks.every(([, good]) => good);
	return [
		h('p', { class: 'state' }, shape(all ? 'provided' : 'not provided'), h('strong', {}, all ? 'The statement holds.' : 'The statement does not hold. Do not rely on this device until you know why.')),
		h('ul', { class: 'checks' }, result.checks.map(([what, good]) => h('li', {}, shape(good ? 'provided' : 'not provided'), h('span', {}, good ? `${what}.` : `No: ${what.charAt(0).toLowerCase()}${what.slice(1)}.`)))),
		h('h3', {}, 'What was signed'),
		facts(...Object.entries(result.claims).map(([name, value]) => [CLAIMS[name] || words(name), claimValue(name, value)])),
		h('p', { class: 'hint' }, 'This check ran in your browser, by a page that the device itself served, and a browser cannot compare the connection. A check that trusts neither: ', h('code', {}, 'thingward device identity statement'), '.'),
	];
}

// ---- the report ----

function reportReady(answer, nonce) {
	const file = URL.createObjectURL(new Blob([JSON.stringify(answer)], { type: 'application/json' }));
	return [
		h('p', { class: 'done' }, 'The report is ready. ', h('a', { href: file, download: 'report.json', id: 'report-file' }, 'Save report.json')),
		h('p', {}, 'Whoever gets it checks it with the manufacturer’s certificate, not with one from this device:'),
		h('p', {}, h('code', { class: 'breaks' }, `thingward device report verify report.json --anchor ca.crt --nonce ${nonce}`)),
	];
}

// ---- the place ----

export function identityPlace({ busy, change, part, putIfNew }) {
	const assign = {
		kind: choice('kind', 'It is assigned to', [['person', 'A person'], ['process', 'A process']], 'person'),
		name: field('name', 'Name', 'Of the person, or of the process.', { maxlength: 64, autocapitalize: 'words' }),
		contact: field('contact', 'Reached by', 'An address or a number; may stay empty.', { maxlength: 128 }),
		reference: field('reference', 'Your own sign for it', 'A room, an inventory number; may stay empty.', { maxlength: 128 }),
	};
	const nonce = { nonce: field('nonce', 'A number of whoever asks', '16 to 64 random bytes as base64url, at least 22 characters. Empty, this page makes one.', { maxlength: 86, class: 'wide' }) };
	const code = { code: field('label', 'What the scanner reads', 'The text of the code on the outer label. It begins with TW1:', { maxlength: 400, class: 'wide' }) };
	let identity = null;

	const onAssign = async (typed) => {
		if (await change('assign-send', 'assign-failed', () => call('PUT', '/api/v1/identity/assignment', { body: typed })))
			say(`Assigned to ${typed.name}.`);
	};
	const onClear = async (button) => {
		if (await change(button, 'assign-failed', () => call('DELETE', '/api/v1/identity/assignment')))
			say('Assigned to nobody.');
	};
	const onLabel = (typed) => busy(byId('scan-send'), async () => {
		try {
			const answer = await post('/api/v1/identity/label', typed);
			show(byId('scan-failed'), h('p', { class: 'done' }, `This label belongs to this device: ${answer.physical_id}.`));
			say('The label belongs to this device.');
		} catch (error) {
			show(byId('scan-failed'), trouble(error));
		}
	});
	const onCheck = () => busy(byId('check-identity'), async () => {
		const box = byId('identity-check');
		try {
			show(box, checkPart(await checkIdentity(identity)));
			say('The statement is shown below the button.');
		} catch (error) {
			show(box, trouble(error));
		}
	});
	const onReport = (typed) => busy(byId('report-send'), async () => {
		const asked = typed.nonce || toBase64url(random(32));
		try {
			show(byId('report-failed'), reportReady(await post('/api/v1/identity/report', { nonce: asked, format: 'jwt' }), asked));
			say('The report is ready.');
		} catch (error) {
			show(byId('report-failed'), trouble(error));
		}
	});

	return {
		path: '#/identity',
		name: 'Identity',
		frame: () => [
			h('section', { id: 'part-who' }),
			titled('check', 'Is it really this one?',
				h('p', {}, 'The device signs a fresh random number with its own key, and this page shows what was signed.'),
				h('p', {}, h('button', { type: 'button', id: 'check-identity', onclick: onCheck }, 'Check it')),
				h('div', { id: 'identity-check' })),
			h('section', { 'aria-labelledby': 'assigned' },
				h('div', { id: 'part-assigned' }),
				h('h3', {}, 'Assign it'),
				h('p', { class: 'hint' }, 'A note for people and inventories. It changes nothing in what anybody may do here.'),
				form({ id: 'assign', press: 'Save', fields: assign, check: (typed) => ({ name: typed.name ? '' : 'Type a name.' }), send: onAssign })),
			titled('scan-label', 'Is it the device in your hand?',
				h('p', {}, 'Scan the label on its housing. The device says whether the label is its own, and remembers that it has one.'),
				form({ id: 'scan', press: 'Show it to the device', fields: code, check: (typed) => ({ code: /^TW1:/.test(typed.code) ? '' : 'The text of the code begins with TW1:' }), send: onLabel })),
			titled('take-report', 'A report to take along',
				h('p', {}, 'How the device stands, signed by itself over a number that only who asks has chosen: which abilities work, which software runs, where the log ends.'),
				form({ id: 'report', press: 'Make a report', fields: nonce, check: (typed) => ({ nonce: !typed.nonce || NONCE.test(typed.nonce) ? '' : 'This is no base64url of 16 to 64 bytes.' }), send: onReport })),
			h('section', { id: 'part-certificate' }),
		],
		read: async () => ({ identity: await part('/api/v1/identity'), assignment: await part('/api/v1/identity/assignment') }),
		show: (now) => {
			identity = now.identity.value;
			document.title = identity ? `${identity.model} ${identity.physical_id}` : 'Which device this is';
			putIfNew('who', now.identity, () => whoPart(now.identity));
			putIfNew('assigned', now.assignment, () => assignedPart(now.assignment, onClear));
			putIfNew('certificate', now.identity.value && now.identity.value.certificate, () => certificatePart(now.identity));
		},
	};
}
