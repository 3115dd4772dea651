// SPDX-License-Identifier: Apache-2.0
// The log as the device writes it: server-sent events (WHATWG HTML, 9.2). EventSource cannot carry the session's token in a
// header, so the events are read from an answer that does not end.

import { openStream } from './api.js';

const SILENT_MS = 50000; // the device says something every 20 seconds; after two and a half of them it has gone
const EVENT_MAX = 65536; // a record is 4 KiB
const TOGETHER_MS = 250; // records that come in one such span are shown at once

// Takes text in any pieces and calls onRecord for each whole event that carries one.
function reader(onRecord) {
	let rest = '';
	return (text) => {
		rest += text;
		for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
			const data = rest.slice(0, end).split('\n').filter((line) => line.startsWith('data: '));
			rest = rest.slice(end + 2);
			if (data.length)
				onRecord(JSON.parse(data.map((line) => line.slice(6)).join('\n')));
		}
		if (rest.length > EVENT_MAX)
			throw new Error('an event without end');
	};
}

// Calls onRecords with what came, newest first, and onEnd once with why there is no more: null when it had begun and ended.
// After stop() it calls nothing.
export function follow(after, onRecords, onEnd) {
	const control = new AbortController();
	let came = [];
	let together = 0;
	let silence = 0;
	let over = false;
	const tell = () => {
		const records = came;
		clearTimeout(together);
		together = 0;
		came = [];
		if (records.length && !over)
			onRecords(records);
	};
	const end = (error) => {
		if (over)
			return;
		tell();
		over = true;
		clearTimeout(silence);
		control.abort();
		onEnd(error);
	};
	const heard = () => {
		clearTimeout(silence);
		silence = setTimeout(() => control.abort(), SILENT_MS);
	};
	const read = reader((record) => {
		came.unshift(record);
		together = together || setTimeout(tell, TOGETHER_MS);
	});
	const run = async () => {
		let begun = false;
		try {
			heard();
			const stream = await openStream(`/api/v1/log/stream?after=${after}`, control.signal);
			begun = true;
			for (let piece = await stream.read(); !piece.done; piece = await stream.read()) {
				heard();
				read(piece.value);
			}
			end(null);
		} catch (error) {
			end(begun ? null : error);
		}
	};
	run();
	return {
		stop() {
			over = true;
			clearTimeout(together);
			clearTimeout(silence);
			control.abort();
		},
	};
}
