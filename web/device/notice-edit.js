// SPDX-License-Identifier: Apache-2.0
// The organization's use notice as whoever looks after it sees it: what counts now, what the product's own displays show of it, another text with what it
// will look like and whether the display holds it, who has accepted it, what it said before, and taking it back.

import { call, get } from './api.js';
import { byId, count, detail, field, form, h, lead, moment, say, shape, show, sure, table, titled } from './dom.js';
import { accountNames } from './lists.js';

const PATH = '/api/v1/notice';
const LOG = '/api/v1/log?limit=200';
const WIDE_FROM = 3; // bytes of a character in UTF-8: from there on the device counts two columns
const bytesOf = (text) => new TextEncoder().encode(text).length;

// The lines as the display shows them: one that is longer than it is wide goes on in the next. As the device counts them.
export function linesOf(text, columns) {
	const lines = text.replace(/\n$/, '').split('\n').map((line) => {
		const parts = [''];
		let wide = 0;
		for (const one of line) {
			const takes = bytesOf(one) >= WIDE_FROM ? 2 : 1;
			if (wide + takes > columns) {
				parts.push('');
				wide = 0;
			}
			parts[parts.length - 1] += one;
			wide += takes;
		}
		return parts;
	});
	return text ? lines.flat() : [];
}

function answerPart({ notice, history: before, displays }) {
	const history = before.error ? before : displays;
	if (!notice.value)
		return lead('not provided', 'This device does not say its use notice.', 'What it answered stands below.', notice);
	return notice.value.text
		? lead('provided', 'Everybody accepts a use notice before he is let in.', 'Another text has to be accepted anew, by everybody.', history)
		: lead('off by policy', 'There is no use notice: nothing has to be accepted.', 'Write one, and nobody is let in who has not accepted it.', history);
}

function nowPart({ notice, history }, withdraw) {
	const last = history.value && history.value.notices[0];
	return notice.value && notice.value.text ? [
		h('h2', { id: 'notice-now' }, 'What counts now'),
		h('section', { class: 'notice', tabindex: '0', 'aria-label': 'The notice that counts now' }, notice.value.text),
		last ? h('p', { class: 'quiet' }, 'Since ', moment(last.changed), `, by ${last.by}.`) : null,
		h('p', {}, sure('notice-withdraw', 'Take it back', 'Nothing has to be accepted any more. Its text stays in the list below.', `Take it back: the use notice${last ? `, version ${last.version}` : ''}`, withdraw)),
	] : [];
}

const SHOWS = { '__proto__': null, 'current': 'shows what counts now', 'former': 'does not show what counts now', 'silent': 'has not said what it shows', 'absent': 'is not there' };

// Each display of the product's own: what it says that it shows.
function displaysPart({ value }) {
	const list = value ? value.displays : [];
	return list.length ? [
		h('h2', { id: 'notice-displays' }, 'On the product’s own display'),
		h('ul', {}, list.map((one) => h('li', { class: 'breaks' }, shape(one.shows === 'current' && !one.simulated ? 'provided' : 'needs a part'),
			` ${one.display}, ${one.help.replace(/\.$/, '')}: it ${SHOWS[one.shows] || one.shows}${one.columns ? `, in ${count(one.pages, 'page', 'pages')} of ${one.lines} lines of ${one.columns} columns` : ''}${one.simulated ? '; it only pretends' : ''}.`))),
	] : [];
}

function beforePart({ value }) {
	const open = new Set([...document.querySelectorAll('#part-notice-before details[open]')].map((one) => one.id));
	const list = value ? value.notices : [];
	return list.length ? [
		h('h2', { id: 'notice-before' }, 'What it said before'),
		h('p', { class: 'quiet' }, 'The newest first; the last fifty changes are kept.'),
		list.map((one) => detail(`notice-${one.version}`, open.has(`notice-${one.version}`), h('span', { class: 'text' }, moment(one.changed), ` ${one.text ? 'written' : 'taken back'} by ${one.by}`),
			one.text ? h('div', { class: 'notice' }, one.text) : h('p', {}, 'From then on nothing had to be accepted.'))),
	] : [];
}

// ---- who has accepted it: the log says ----

const HOW = { '__proto__': null, 'client-certificate': 'for a client certificate', 'console': 'at the console', 'display': 'at a display of the product’s', 'simulated': 'at a simulated display' };

function acceptedPart({ found, records, oldest, next, digest }, names) {
	const name = (id) => (id ? names.of(id) : 'somebody at the device');
	return [
		found.length ? table('The newest first.', ['When', 'Who', 'How', 'What'], found.map((one) => [moment(one.time), h('span', { class: 'breaks' }, name(one.account)), HOW[one.how] || `by ${one.how}`, one.notice === digest ? 'the present text' : 'an earlier text']))
			: h('p', {}, 'Nobody has, in these records.'),
		h('p', { class: 'quiet', id: 'accepted-seen' }, `${count(records, 'record', 'records')} of the log looked at`, oldest ? [', back to ', moment(oldest)] : null, next ? '.' : '; there are no older ones.'),
	];
}

export function noticePlace({ change, part, putIfNew }) {
	const most = { bytes: 0, lines: 0, columns: 80 };
	const text = { ...field('notice-text', 'The text', 'Plain text. Lines end where you end them.', { rows: 8, spellcheck: 'true', autocapitalize: 'sentences' }), raw: true };
	const names = accountNames(part);
	let [loaded, drawn, looked, digest] = ['', '', null, ''];
	const size = h('p', { class: 'hint', id: 'notice-size' });
	const preview = h('div', { id: 'notice-preview' });
	text.box.append(size, preview);

	const wrongOf = (typed) => {
		const lines = linesOf(typed, most.columns).length;
		return !typed.trim() ? 'Type what is to be accepted.' : bytesOf(typed) > most.bytes || lines > most.lines ? `The display holds ${most.bytes} bytes in ${most.lines} lines of ${most.columns} columns. Write less.` : '';
	};
	const draw = () => {
		const typed = text.input.value;
		const about = JSON.stringify([typed, most]);
		if (about === drawn)
			return;
		drawn = about;
		const lines = linesOf(typed, most.columns);
		size.textContent = `${bytesOf(typed)} of ${most.bytes} bytes, ${lines.length} of ${most.lines} lines of ${most.columns} columns.`;
		show(preview, typed.trim() ? [
			h('h3', {}, 'What it will look like'),
			h('section', { class: 'notice', tabindex: '0', id: 'notice-as-page', 'aria-label': 'The notice as the page will show it' }, typed),
			detail('notice-console', Boolean(byId('notice-console') && byId('notice-console').open), h('span', { class: 'text' }, `On a display of ${most.columns} columns, as the console is`), h('pre', { class: 'scroll', tabindex: '0', id: 'notice-as-console' }, lines.join('\n'))),
		] : []);
	};
	text.input.addEventListener('input', draw);

	const onWrite = async ({ text: typed }) => {
		if (await change('write-send', 'write-failed', async () => { loaded = (await call('PUT', PATH, { body: { text: typed } })).body.text; }))
			say('The notice counts now, and has to be accepted anew.');
	};
	const onWithdraw = async (button) => {
		if (await change(button, 'write-failed', () => call('DELETE', PATH)))
			say('The notice is taken back.');
	};
	const drawAccepted = () => {
		show(byId('accepted'), looked ? acceptedPart({ ...looked, digest }, names) : []);
		show(byId('accepted-more'), looked && !looked.next ? [] : h('button', { type: 'button', class: 'second', id: 'accepted-send', onclick: onLook }, looked ? 'Look further back' : 'Look in the log'));
	};
	const onLook = async () => {
		await change('accepted-send', 'accepted-failed', async () => {
			const before = looked || { found: [], records: 0, next: '' };
			const page = await get(before.next ? `${LOG}&cursor=${encodeURIComponent(before.next)}` : LOG);
			const flat = page.records.map((one) => ({ ...one, ...one.fields }));
			await names.learn(flat.filter((one) => one.event === 'notice.accepted').map((one) => one.account));
			looked = { found: [...before.found, ...flat.filter((one) => one.event === 'notice.accepted')], records: before.records + flat.length, oldest: flat.length ? flat[flat.length - 1].time : before.oldest, next: page.next };
		});
		drawAccepted();
	};

	return {
		path: '#/access/notice',
		name: 'Use notice',
		frame: () => {
			looked = null;
			names.forget();
			return [
				h('section', { id: 'part-notice' }),
				h('div', { id: 'part-notice-now' }),
				h('div', { id: 'part-notice-displays' }),
				titled('write', 'Write it, or another text of it',
					h('div', { id: 'notice-meanwhile' }),
					form({ id: 'write', press: 'Let it count', fields: { text }, check: ({ text: typed }) => ({ text: wrongOf(typed) }), send: onWrite })),
				titled('who-accepted', 'Who has accepted it',
					h('p', {}, 'Each acceptance stands in the log, with the text that was accepted. Reading the log leaves a record of its own.'),
					h('div', { id: 'accepted' }),
					h('div', { id: 'accepted-failed' }),
					h('p', { id: 'accepted-more' }, h('button', { type: 'button', class: 'second', id: 'accepted-send', onclick: onLook }, 'Look in the log'))),
				h('div', { id: 'part-notice-before' }),
			];
		},
		read: async () => ({ notice: await part(PATH), history: await part('/api/v1/notice-history', 'notices'), displays: await part('/api/v1/notice-displays') }),
		show: (now) => {
			document.title = 'Use notice';
			if (now.notice.value) {
				const { text: counts, most_bytes: bytes, most_lines: lines, columns } = now.notice.value;
				Object.assign(most, { bytes, lines, columns });
				const old = digest;
				digest = now.notice.value.notice;
				if (looked && digest !== old)
					drawAccepted();
				if (text.input.value === loaded)
					text.input.value = counts;
				show(byId('notice-meanwhile'), counts === loaded || text.input.value === counts ? [] : h('p', { class: 'note' }, 'Somebody has changed the notice meanwhile; what counts now stands above. What you typed is kept.'));
				if (text.input.value === counts)
					loaded = counts;
				draw();
			}
			putIfNew('notice', [now.notice, now.history.error, now.displays.error], () => answerPart(now));
			putIfNew('notice-displays', now.displays, () => displaysPart(now.displays));
			putIfNew('notice-now', [now.notice, now.history], () => nowPart(now, onWithdraw));
			putIfNew('notice-before', now.history, () => beforePart(now.history));
		},
	};
}
