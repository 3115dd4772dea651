// SPDX-License-Identifier: Apache-2.0
// What the card of the log knows: the newest records as they were read, older ones asked for with "Show older", and those that came
// since by following. While it follows, the log is not read again; where the device does not let it follow, it is.

import { Refused, get } from './api.js';
import { byId, say } from './dom.js';
import { follow } from './follow.js';
import { logPart, logRows } from './home.js';

const RECORDS = 100;
const PAGES = 10; // read for one press: each leaves a record itself
const ROWS = 20; // shown at first, and with each press for more
const FRESH_MAX = 200; // kept of what came; beyond it the log is read anew
const SAY_MS = 4000; // between two counts said aloud

// page: how the page shows a part again (putIfNew), runs a button's work (busy), ends the session (leave), reads all again soon (again).
export function logCard(page) {
	let last = null; // { records, next } as read
	let error = null;
	let fresh = []; // came since, newest first
	let behind = false; // so much came that some of it was let go
	let older = [];
	let olderNext = '';
	let rows = ROWS;
	let withReads = false;
	let stream = null;
	let paused = false;
	let told = 0;
	let since = '';
	let sayTimer = 0;

	const newest = () => (fresh[0] || (last && last.records[0]) || { seq: 0 }).seq;

	// The newest page is read again and again, what was asked for beyond it once: both are put together by number. When so much
	// came that a gap is between them, the older ones are let go.
	function joinOlder({ records, next }) {
		const lowest = records.length ? records[records.length - 1].seq : 0;
		if (!older.length || lowest > older[0].seq + 1) {
			older = [];
			olderNext = next || '';
		}
		return [...records, ...older.filter((record) => record.seq < lowest)];
	}

	const records = () => (last ? [...fresh, ...(behind ? [] : joinOlder(last))] : []);
	const state = () => (paused ? 'paused' : stream ? 'live' : 'read');

	function showCard() {
		const all = records();
		const view = { withReads, rows, more: Boolean(olderNext) || behind, state: state() };
		page.putIfNew('log', [logRows(all, withReads).slice(0, rows + 1), view, error], () => logPart(all, error, view, { onReads, onMore, onPause }));
	}

	function onReads(choice) {
		withReads = choice;
		showCard();
	}

	const onMore = () => page.busy(byId('log-more'), readOlder);

	function onPause() {
		paused = !paused;
		if (paused)
			rest();
		else
			begin();
		say(paused ? 'The log is paused.' : 'The log goes on.');
		showCard();
		if (!paused && !stream)
			page.again(0);
	}

	async function readNewest() {
		last = await get(`/api/v1/log?limit=${RECORDS}`);
		const top = last.records.length ? last.records[0].seq : 0;
		fresh = fresh.filter((record) => record.seq > top);
		behind = false;
		error = null;
	}

	async function readOlder() {
		rows += ROWS;
		try {
			if (behind)
				await readNewest();
			joinOlder(last);
			for (let count = 0; count < PAGES && olderNext && logRows(records(), withReads).length < rows; count++) {
				const read = await get(`/api/v1/log?limit=${RECORDS}&cursor=${encodeURIComponent(olderNext)}`);
				older = [...joinOlder(last), ...read.records];
				olderNext = read.next || '';
			}
			say(olderNext ? 'Older records are shown.' : 'That is the beginning of the log.');
		} catch (failed) {
			if (failed.status === 401) {
				page.leave('Your session has ended.');
				return;
			}
			error = failed;
		}
		showCard();
	}

	// How many, not which: who listens to the page can go and read them.
	function tell(count) {
		since = since || new Date().toLocaleTimeString();
		told += count;
		sayTimer = sayTimer || setTimeout(() => {
			sayTimer = 0;
			say(`${told} new ${told === 1 ? 'record' : 'records'} in the log since ${since}.`);
		}, SAY_MS);
	}

	function onRecords(came) {
		const really = came.filter((record) => record.seq > newest());
		fresh = [...really, ...fresh];
		if (fresh.length > FRESH_MAX) {
			fresh = fresh.slice(0, FRESH_MAX);
			behind = true;
			older = [];
		}
		const count = logRows(really, withReads).filter((record) => record.type !== 'intent').length;
		if (count)
			tell(count);
		showCard();
	}

	// Where the device does not stream, all is read again as ever; a stream that was cut is taken up soon.
	function onEnd(failed) {
		stream = null;
		if (failed && failed.status === 401) {
			page.leave('Your session has ended.');
			return;
		}
		showCard();
		if (!failed)
			page.again(2000);
	}

	function begin() {
		if (!stream && !paused && !document.hidden && last && !error)
			stream = follow(newest(), onRecords, onEnd);
	}

	function rest() {
		if (stream)
			stream.stop();
		stream = null;
	}

	return {
		// anew: even if it is followed. Throws as get does, but for what the device refuses of the log alone.
		async read(anew) {
			if (last && !error && (paused || (!anew && stream && !behind)))
				return;
			if (anew)
				rest();
			try {
				await readNewest();
				if (anew)
					fresh = [];
			} catch (failed) {
				if (failed.status === 401 || !(failed instanceof Refused))
					throw failed;
				error = failed;
			}
		},
		show() {
			begin();
			showCard();
		},
		rest,
		forget() {
			rest();
			clearTimeout(sayTimer);
			sayTimer = 0;
			last = error = null;
			fresh = [];
			older = [];
			olderNext = since = '';
			rows = ROWS;
			told = 0;
			withReads = paused = behind = false;
		},
	};
}
